/* http: a long stream through server and client, against the same bytes through GnuTLS alone;
 * and small calls on a kept connection. Loopback, both ends on this machine. */
#include "base/text.h"
#include "bench.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define RUNS 5
#define PIECE ((size_t)64 << 10)
#define CALLS 2000
/* The version and cipher that the server prefers. */
#define RAW_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM"

struct parties {
    struct sign_key *key;
    struct sign_public public;
    struct http_identity *identity;
    uint64_t n;
    uint8_t *piece; /* what is sent, again and again */
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_http: %s: %s\n", what, why);
    exit(3);
}

/* ---- ours ---------------------------------------------------------------------------------- */

struct stream {
    const struct parties *p;
    uint64_t left;
};

static bool pull(void *self, uint8_t *out, size_t room, size_t *got, struct err *e)
{
    struct stream *s = self;
    size_t n = room < s->left ? room : (size_t)s->left;

    (void)e;
    for (size_t at = 0; at < n; at += PIECE)
        memcpy(out + at, s->p->piece, n - at < PIECE ? n - at : PIECE);
    s->left -= n;
    *got = n;
    return true;
}

static bool push(void *self, struct bytes part, struct err *e)
{
    (void)e;
    *(uint64_t *)self += part.n;
    return true;
}

static bool admit(void *self, struct http_request *q, struct http_intake *in,
                  struct http_response *r)
{
    (void)self, (void)r;
    if (!bytes_are(q->path, "/up"))
        return true;
    q->state = arena_get(q->arena, sizeof(uint64_t), NULL);
    in->body_most = UINT64_MAX;
    in->sink = (struct http_sink){push, q->state};
    return q->state != NULL;
}

static void serve(void *self, struct http_request *q, struct http_response *r)
{
    const struct parties *p = self;
    struct stream *s = arena_get(q->arena, sizeof *s, NULL);
    bool chunked = bytes_are(q->path, "/chunked");

    if (!s)
        return;
    *s = (struct stream){p, p->n};
    if (bytes_are(q->path, "/up"))
        http_respond_text(r, 200, "%llu", (unsigned long long)*(uint64_t *)q->state);
    else if (bytes_are(q->path, "/small"))
        http_respond(r, 200, "text/plain", BYTES("ok"));
    else
        http_respond_source(
            r, 200, "application/octet-stream",
            (struct http_source){pull, NULL, s, chunked ? HTTP_SIZE_UNKNOWN : p->n});
}

/* Seconds for one call; `came` counts the reply's bytes. */
static double one_call(struct parties *p, struct http_client *k, const struct http_address *at,
                       enum http_method method, const char *target)
{
    struct arena *a = arena_new(1 << 20);
    uint64_t came = 0;
    struct http_sink sink = {push, &came};
    struct stream s = {p, p->n};
    struct http_source source = {pull, NULL, &s, p->n};
    struct http_call call = {.method = method,
                             .at = at,
                             .pin = &p->public,
                             .target = target,
                             .arena = a,
                             .body_most = 100,
                             .sink = method == HTTP_GET ? &sink : NULL,
                             .source = method == HTTP_GET ? NULL : &source,
                             .total_ms = HTTP_NO_DEADLINE};
    struct http_reply reply;
    struct err e = {0};
    double start = bench_now(), end;

    if (!http_client_call(k, &call, &reply, &e) || reply.status != 200)
        die(target, e.text);
    end = bench_now();
    if (method == HTTP_GET && strcmp(target, "/small") != 0 && came != p->n)
        die(target, "bytes are missing");
    arena_free(a);
    return end - start;
}

/* ---- GnuTLS alone ---------------------------------------------------------------------------- */

struct raw {
    const struct parties *p;
    gnutls_session_t session;
    int fd;
};

static void handshake(struct raw *r, unsigned side, gnutls_certificate_credentials_t credentials)
{
    int code;

    if (gnutls_init(&r->session, side) < 0 ||
        gnutls_priority_set_direct(r->session, RAW_PRIORITY, NULL) < 0 ||
        gnutls_credentials_set(r->session, GNUTLS_CRD_CERTIFICATE, credentials) < 0)
        die("gnutls", "no session");
    gnutls_transport_set_int(r->session, r->fd);
    do
        code = gnutls_handshake(r->session);
    while (code < 0 && !gnutls_error_is_fatal(code));
    if (code < 0)
        die("gnutls", gnutls_strerror(code));
}

static gnutls_certificate_credentials_t credentials_of(const struct parties *p)
{
    struct bytes der = http_identity_certificate(p->identity);
    gnutls_datum_t d = {(unsigned char *)(uintptr_t)der.p, (unsigned)der.n};
    gnutls_certificate_credentials_t c;
    struct sign_public public = p->public;
    uint8_t seed[32];
    gnutls_datum_t x = {public.b, 32}, k = {seed, 32};
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;

    sign_key_seed(p->key, seed);
    gnutls_certificate_allocate_credentials(&c);
    gnutls_x509_privkey_init(&key);
    gnutls_x509_crt_init(&crt);
    if (gnutls_x509_privkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &x, NULL, &k) < 0 ||
        gnutls_x509_crt_import(crt, &d, GNUTLS_X509_FMT_DER) < 0 ||
        gnutls_certificate_set_x509_key(c, &crt, 1, key) < 0)
        die("gnutls", "no credentials");
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
    return c;
}

static void *raw_sender(void *self)
{
    struct raw *r = self;
    gnutls_certificate_credentials_t c = credentials_of(r->p);
    uint64_t left = r->p->n;

    handshake(r, GNUTLS_SERVER, c);
    while (left) {
        size_t n = left < PIECE ? (size_t)left : PIECE;
        ssize_t sent = gnutls_record_send(r->session, r->p->piece, n);
        if (sent < 0 && gnutls_error_is_fatal((int)sent))
            die("gnutls send", gnutls_strerror((int)sent));
        left -= sent > 0 ? (uint64_t)sent : 0;
    }
    gnutls_bye(r->session, GNUTLS_SHUT_WR);
    gnutls_deinit(r->session);
    gnutls_certificate_free_credentials(c);
    close(r->fd);
    return NULL;
}

static int loopback_pair(int *other)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&a, n) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&a, &n) != 0 ||
        connect(fd, (struct sockaddr *)&a, n) != 0 || (*other = accept(listener, NULL, NULL)) < 0)
        die("loopback", "no connection");
    close(listener);
    return fd;
}

static double raw_stream(const struct parties *p)
{
    struct raw server = {.p = p}, client = {.p = p};
    gnutls_certificate_credentials_t c;
    uint8_t *in = malloc(PIECE);
    uint64_t came = 0;
    double start;
    pthread_t thread;

    gnutls_certificate_allocate_credentials(&c);
    client.fd = loopback_pair(&server.fd);
    start = bench_now();
    if (!in || pthread_create(&thread, NULL, raw_sender, &server) != 0)
        die("gnutls", "no thread");
    handshake(&client, GNUTLS_CLIENT, c);
    while (came < p->n) {
        ssize_t n = gnutls_record_recv(client.session, in, PIECE);
        if (n == 0 || (n < 0 && gnutls_error_is_fatal((int)n)))
            die("gnutls receive", gnutls_strerror((int)n));
        came += n > 0 ? (uint64_t)n : 0;
    }
    start = bench_now() - start;
    pthread_join(thread, NULL);
    gnutls_deinit(client.session);
    gnutls_certificate_free_credentials(c);
    close(client.fd);
    free(in);
    return start;
}

/* ---- cases --------------------------------------------------------------------------------------
 */

static void bench_streams(struct parties *p, struct http_client *k, const struct http_address *at,
                          int argc, char **argv)
{
    static const struct {
        const char *name, *target;
        enum http_method method;
    } cases[] = {{"http/stream", "/stream", HTTP_GET},
                 {"http/stream-chunked", "/chunked", HTTP_GET},
                 {"http/upload", "/up", HTTP_POST}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double ours[RUNS], raw[RUNS], mb = (double)p->n / 1e6;
        if (!bench_wanted(argc, argv, cases[i].name))
            continue;
        for (int run = 0; run < RUNS; run++) { /* in turns, so that both see the same machine */
            raw[run] = mb / raw_stream(p);
            ours[run] = mb / one_call(p, k, at, cases[i].method, cases[i].target);
        }
        bench_print(&(struct bench_case){cases[i].name, "MB/s", p->n, ours, RUNS,
                                         "gnutls send and receive", raw, RUNS, NULL});
    }
}

static void bench_calls(struct parties *p, struct http_client *k, const struct http_address *at,
                        int argc, char **argv)
{
    double rate[RUNS];

    if (!bench_wanted(argc, argv, "http/calls"))
        return;
    for (int run = 0; run < RUNS; run++) {
        double start = bench_now();
        for (int i = 0; i < CALLS; i++)
            one_call(p, k, at, HTTP_GET, "/small");
        rate[run] = CALLS / (bench_now() - start);
    }
    bench_print(
        &(struct bench_case){"http/calls", "calls/s", CALLS, rate, RUNS, NULL, NULL, 0, NULL});
}

static void bench_handshakes(struct parties *p, const struct http_address *at, int argc,
                             char **argv)
{
    double rate[RUNS];
    int n = CALLS / 20;

    if (!bench_wanted(argc, argv, "http/handshakes"))
        return;
    for (int run = 0; run < RUNS; run++) {
        double start = bench_now();
        for (int i = 0; i < n; i++) {
            struct http_client *k = http_client_open(os_system(), p->identity, NULL, NULL);
            one_call(p, k, at, HTTP_GET, "/small");
            http_client_close(k);
        }
        rate[run] = n / (bench_now() - start);
    }
    bench_print(&(struct bench_case){"http/handshakes", "calls/s", (uint64_t)n, rate, RUNS, NULL,
                                     NULL, 0, NULL});
}

int main(int argc, char **argv)
{
    struct parties p = {.n = bench_small() ? 100000000 : 1000000000};
    struct http_handler handler = {&p, admit, serve, NULL};
    struct http_server_config c = {.os = os_system(), .host = "127.0.0.1"};
    struct http_address at = {.host = "127.0.0.1"};
    struct http_server *s;
    struct http_client *k;
    struct err e = {0};

    if (!crypto_init() || !(p.key = sign_key_new(os_system(), &e)) ||
        !(p.identity = http_identity_open(p.key, NULL, 0, &e)) || !(p.piece = malloc(PIECE)))
        die("start", e.text);
    p.public = sign_key_public(p.key);
    os_random(os_system(), p.piece, PIECE);
    c.identity = p.identity;
    s = http_server_open(&c, &handler, &e);
    k = http_client_open(os_system(), p.identity, NULL, &e);
    if (!s || !k)
        die("start", e.text);
    at.port = http_server_port(s);
    bench_streams(&p, k, &at, argc, argv);
    bench_calls(&p, k, &at, argc, argv);
    bench_handshakes(&p, &at, argc, argv);
    http_client_close(k);
    http_server_close(s, 1000);
    http_identity_close(p.identity);
    sign_key_free(p.key);
    free(p.piece);
    return 0;
}
