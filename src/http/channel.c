#include "http/channel.h"
#include "base/catalogue.h"

#include "http/http_impl.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* With an external PSK RFC 8446 fixes the hash beforehand: SHA-256, so AES-256-GCM is out. */
#define PSK_PRIORITY                                                                               \
    "NONE:+VERS-TLS1.3:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD:+GROUP-X25519:+GROUP-SECP256R1:"      \
    "+ECDHE-PSK:+SIGN-EDDSA-ED25519:+CTYPE-X509:%SERVER_PRECEDENCE"
#define PSK_NAME "entente"
#define RECORD 16384 /* the most that one TLS record carries */

struct channel {
    gnutls_session_t session;
    gnutls_psk_client_credentials_t psk_client;
    gnutls_psk_server_credentials_t psk_server;
    uint8_t secret[CHANNEL_SECRET];
    int fd;
    struct channel_traffic traffic;
    size_t out_n; /* taken and not sent yet */
    uint8_t out[RECORD];
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what GnuTLS asks us ------------------------------------------------------------------------
 */

static ssize_t push(gnutls_transport_ptr_t self, const void *p, size_t n)
{
    struct channel *c = self;
    ssize_t k = send(c->fd, p, n, MSG_NOSIGNAL);

    if (k < 0)
        gnutls_transport_set_errno(c->session, errno);
    else
        c->traffic.out += (uint64_t)k;
    return k;
}

static ssize_t pull(gnutls_transport_ptr_t self, void *out, size_t n)
{
    struct channel *c = self;
    ssize_t k = recv(c->fd, out, n, 0);

    if (k < 0)
        gnutls_transport_set_errno(c->session, errno);
    else
        c->traffic.in += (uint64_t)k;
    return k;
}

static int give_secret(gnutls_session_t session, const char *name, gnutls_datum_t *key)
{
    struct channel *c = gnutls_session_get_ptr(session);

    (void)name;
    key->data = gnutls_malloc(CHANNEL_SECRET);
    key->size = CHANNEL_SECRET;
    if (!key->data)
        return -1;
    memcpy(key->data, c->secret, CHANNEL_SECRET);
    return 0;
}

static bool again(ssize_t code)
{
    return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED;
}

/* Send the record at hand. GnuTLS wants to be called again with the same bytes until they are
 * gone, so they are kept here. */
static bool flush(struct channel *c, struct err *e)
{
    ssize_t k = 0;

    while (c->out_n && (k = gnutls_record_send(c->session, c->out, c->out_n)) > 0) {
        memmove(c->out, c->out + k, c->out_n - (size_t)k);
        c->out_n -= (size_t)k;
    }
    if (k < 0 && !again(k))
        return err_fail(e, ERR_IO, "the connection broke: %s", gnutls_strerror((int)k));
    return true;
}

/* ---- opening
 * -------------------------------------------------------------------------------------- */

static int use_secret(struct channel *c, const struct channel_how *how)
{
    gnutls_datum_t key = {c->secret, CHANNEL_SECRET};
    int code;

    memcpy(c->secret, how->secret, CHANNEL_SECRET);
    gnutls_session_set_ptr(c->session, c);
    if (how->server) {
        code = gnutls_psk_allocate_server_credentials(&c->psk_server);
        if (code < 0)
            return code;
        gnutls_psk_set_server_credentials_function(c->psk_server, give_secret);
        return gnutls_credentials_set(c->session, GNUTLS_CRD_PSK, c->psk_server);
    }
    code = gnutls_psk_allocate_client_credentials(&c->psk_client);
    if (code >= 0)
        code = gnutls_psk_set_client_credentials(c->psk_client, PSK_NAME, &key, GNUTLS_PSK_KEY_RAW);
    return code < 0 ? code : gnutls_credentials_set(c->session, GNUTLS_CRD_PSK, c->psk_client);
}

static bool prepare(struct channel *c, const struct channel_how *how, struct err *e)
{
    int code = gnutls_init(&c->session, (how->server ? GNUTLS_SERVER : GNUTLS_CLIENT) |
                                            GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);

    if (code >= 0)
        code =
            gnutls_priority_set_direct(c->session, how->secret ? PSK_PRIORITY : TLS_PRIORITY, NULL);
    if (code >= 0 && how->secret)
        code = use_secret(c, how);
    else if (code >= 0)
        code =
            gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, how->identity->credentials);
    if (code < 0)
        return err_fail(e, ERR_NOMEM, "TLS: %s", gnutls_strerror(code));
    if (how->server && !how->secret)
        gnutls_certificate_server_set_request(c->session, GNUTLS_CERT_REQUIRE);
    gnutls_transport_set_ptr(c->session, c);
    gnutls_transport_set_push_function(c->session, push);
    gnutls_transport_set_pull_function(c->session, pull);
    return true;
}

static bool stranger(const struct channel_how *how, struct err *e)
{
    err_fail(e, ERR_PROOF,
             how->secret ? N_("the other side does not have the same secret")
                         : N_("the other side does not have the key that was expected"));
    return err_hint(e, how->secret
                           ? N_("both need the same file, as entente psi --new-secret made it")
                           : N_("each needs the other's public key"));
}

static bool handshake(struct channel *c, const struct channel_how *how, uint32_t wait_ms,
                      struct err *e)
{
    int64_t until = now_ms() + wait_ms;
    int code;

    while ((code = gnutls_handshake(c->session)) < 0 && !gnutls_error_is_fatal(code)) {
        struct pollfd w = {.fd = c->fd,
                           .events = gnutls_record_get_direction(c->session) ? POLLOUT : POLLIN};
        int64_t left = until - now_ms();
        if (left <= 0)
            return err_fail(e, ERR_IO, "the other side does not finish the TLS handshake");
        if (code == GNUTLS_E_AGAIN && poll(&w, 1, (int)left) < 0 && errno != EINTR)
            return err_system(e, errno, "TLS");
    }
    if (code == 0)
        return true;
    if (code == GNUTLS_E_PREMATURE_TERMINATION || code == GNUTLS_E_PULL_ERROR ||
        code == GNUTLS_E_PUSH_ERROR)
        return err_fail(e, ERR_IO, "the other side broke off the TLS handshake") ||
               err_hint(e, "it may expect another secret or key, or be no entente at all");
    if (code == GNUTLS_E_FATAL_ALERT_RECEIVED || code == GNUTLS_E_DECRYPTION_FAILED ||
        code == GNUTLS_E_RECEIVED_ILLEGAL_PARAMETER || code == GNUTLS_E_INSUFFICIENT_CREDENTIALS ||
        code == GNUTLS_E_NO_CERTIFICATE_FOUND || code == GNUTLS_E_CERTIFICATE_REQUIRED)
        return stranger(how, e);
    return err_fail(e, ERR_PEER, "TLS: %s", gnutls_strerror(code));
}

static bool proves(struct channel *c, const struct channel_how *how, struct err *e)
{
    struct sign_public key;

    if (how->secret) /* the binder has proved it, on both sides: RFC 8446 4.2.11.2 */
        return gnutls_auth_get_type(c->session) == GNUTLS_CRD_PSK || stranger(how, e);
    return (peer_key(c->session, &key) && ct_equal(key.b, how->peer->b, sizeof key.b)) ||
           stranger(how, e);
}

struct channel *channel_open(int fd, const struct channel_how *how, uint32_t wait_ms, struct err *e)
{
    struct channel *c = calloc(1, sizeof *c);

    if (!c) {
        close(fd);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    c->fd = fd;
    if (prepare(c, how, e) && handshake(c, how, wait_ms, e) && proves(c, how, e))
        return c;
    channel_close(c, 0);
    return NULL;
}

void channel_close(struct channel *c, uint32_t wait_ms)
{
    int64_t until = now_ms() + wait_ms;

    if (!c)
        return;
    while (wait_ms && c->out_n && flush(c, NULL) && c->out_n && now_ms() < until) {
        struct pollfd w = {.fd = c->fd, .events = POLLOUT};
        poll(&w, 1, 100);
    }
    while (wait_ms && gnutls_bye(c->session, GNUTLS_SHUT_WR) == GNUTLS_E_AGAIN &&
           now_ms() < until) {
        struct pollfd w = {.fd = c->fd, .events = POLLOUT};
        poll(&w, 1, 100);
    }
    if (c->session)
        gnutls_deinit(c->session);
    wipe(c->out, sizeof c->out);
    if (c->psk_client)
        gnutls_psk_free_client_credentials(c->psk_client);
    if (c->psk_server)
        gnutls_psk_free_server_credentials(c->psk_server);
    shutdown(c->fd, SHUT_WR); /* what is on its way still arrives */
    close(c->fd);
    wipe(c->secret, sizeof c->secret);
    free(c);
}

/* ---- bytes
 * ------------------------------------------------------------------------------------------ */

bool channel_read(struct channel *c, void *out, size_t n, size_t *got, bool *end, struct err *e)
{
    uint8_t *p = out;
    ssize_t k = 0;

    *got = 0;
    while (*got < n && (k = gnutls_record_recv(c->session, p + *got, n - *got)) > 0)
        *got += (size_t)k;
    if (*got || again(k))
        return true;
    *end = k == 0;
    if (*end)
        return true;
    if (k == GNUTLS_E_PREMATURE_TERMINATION || k == GNUTLS_E_PULL_ERROR)
        return err_fail(e, ERR_IO, "the connection broke");
    return err_fail(e, ERR_PEER, "TLS: %s", gnutls_strerror((int)k));
}

bool channel_write(struct channel *c, const void *p, size_t n, size_t *put, struct err *e)
{
    const uint8_t *from = p;

    *put = 0;
    if (!flush(c, e))
        return false;
    while (*put < n && !c->out_n) {
        c->out_n = n - *put < RECORD ? n - *put : RECORD;
        memcpy(c->out, from + *put, c->out_n);
        *put += c->out_n;
        if (!flush(c, e))
            return false;
    }
    return true;
}

bool channel_wait(struct channel *c, bool reading, bool writing, uint32_t wait_ms, int stop,
                  struct err *e)
{
    struct pollfd w[2] = {
        {.fd = c->fd,
         .events = (short)((reading ? POLLIN : 0) | (writing || c->out_n ? POLLOUT : 0))},
        {.fd = stop, .events = POLLIN}};

    if (reading && gnutls_record_check_pending(c->session))
        return true;
    if (poll(w, 2, (int)wait_ms) < 0 && errno != EINTR)
        return err_system(e, errno, "waiting for the other side");
    return flush(c, e);
}

static bool stopped(int stop)
{
    struct pollfd w = {.fd = stop, .events = POLLIN};

    return stop >= 0 && poll(&w, 1, 0) > 0;
}

/* False with an error once it takes too long. */
static bool patience(struct channel *c, bool reading, int64_t until, int stop, struct err *e)
{
    int64_t left = until - now_ms();

    if (stopped(stop))
        return err_fail(e, ERR_IO, "stopped");
    if (left <= 0)
        return err_fail(e, ERR_IO, "the other side is silent");
    return channel_wait(c, reading, !reading, (uint32_t)left, stop, e);
}

bool channel_send(struct channel *c, struct bytes what, uint32_t wait_ms, int stop, struct err *e)
{
    int64_t until = now_ms() + wait_ms;
    size_t put;

    while (what.n || c->out_n) {
        if (!channel_write(c, what.p, what.n, &put, e))
            return false;
        what = bytes_part(what, put, SIZE_MAX);
        if (c->out_n && !patience(c, false, until, stop, e))
            return false;
    }
    return true;
}

bool channel_receive(struct channel *c, void *out, size_t n, uint32_t wait_ms, int stop,
                     struct err *e)
{
    int64_t until = now_ms() + wait_ms;
    uint8_t *p = out;
    size_t got;
    bool end = false;

    while (n) {
        if (!channel_read(c, p, n, &got, &end, e))
            return false;
        if (end)
            return err_fail(e, ERR_IO, "the other side ended the connection");
        p += got;
        n -= got;
        if (!got && !patience(c, true, until, stop, e))
            return false;
    }
    return true;
}

struct channel_traffic channel_traffic(const struct channel *c)
{
    return c->traffic;
}
