/* Calls over sockets: libcurl, told to trust a key and nothing else. */
#include "base/limits.h"
#include "base/text.h"
#include "http/reply.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#define POLL_MS 100                    /* how late a cancel may be seen */
#define BUFFER_BYTES ((long)256 << 10) /* sixteen TLS records */
#define KEPT_CONNECTIONS 8L
#define KEPT_S ((long)LIMIT_HTTP_IDLE_MS / 1000 * 3 / 4) /* sooner than the server gives up */
#define EXPECT_BYTES ((size_t)64 << 10) /* larger bodies wait for the server's consent */
#define SPKI_BYTES 44                   /* SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) */

struct http_client {
    const struct os *os;
    const struct http_identity *identity;
    const char *authorities;
    CURLM *multi;
    CURL *easy;
};

/* One call under way. */
struct run {
    struct http_client *k;
    const struct http_call *call;
    struct intake in;
    struct err why; /* of our own callbacks: the first failure */
    struct pace pace;
    bool moving; /* connected, so the pace counts */
    uint64_t moved, pulled, header_bytes;
    int64_t until; /* the whole call's deadline; INT64_MAX: none */
    char url[HTTP_URL_TEXT_MAX + LIMIT_HTTP_TARGET_BYTES];
    char pin[8 + BASE64_LEN(32) + 1];
    char says[CURL_ERROR_SIZE];
};

static int64_t ticks(const struct run *r)
{
    return os_ticks_us(r->k->os);
}

static unsigned status_now(const struct run *r)
{
    long status = 0;
    curl_easy_getinfo(r->k->easy, CURLINFO_RESPONSE_CODE, &status);
    return (unsigned)status;
}

/* ---- what libcurl asks us ----------------------------------------------------------------------
 */

/* The connection stands, nothing has been sent: is it theirs? libcurl has compared its own pin
 * before; this looks at the session itself, kept connections included. */
static int on_connected(void *self, char *their_ip, char *our_ip, int their_port, int our_port)
{
    struct run *r = self;
    struct curl_tlssessioninfo *tls = NULL;
    struct sign_public key;

    (void)their_ip, (void)our_ip, (void)their_port, (void)our_port;
    pace_start(&r->pace, ticks(r), r->call->stall_ms ? r->call->stall_ms : LIMIT_HTTP_STALL_MS,
               r->call->least_rate ? r->call->least_rate : LIMIT_HTTP_LEAST_RATE);
    r->moving = true;
    if (r->call->trust != HTTP_TRUST_PIN)
        return CURL_PREREQFUNC_OK;
    if (curl_easy_getinfo(r->k->easy, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK && tls &&
        tls->backend == CURLSSLBACKEND_GNUTLS && tls->internals &&
        gnutls_protocol_get_version(tls->internals) == GNUTLS_TLS1_3 &&
        peer_key(tls->internals, &key) && memcmp(key.b, r->call->pin->b, sizeof key.b) == 0)
        return CURL_PREREQFUNC_OK;
    wrong_key(&r->why, r->call);
    return CURL_PREREQFUNC_ABORT;
}

/* "HTTP/1.1 200 OK", "Name: value" or the empty line. */
static size_t on_header(char *text, size_t one, size_t n, void *self)
{
    struct run *r = self;
    struct bytes line = bytes_trim(bytes_of(text, n));
    size_t colon = bytes_find_byte(line, ':');

    (void)one;
    r->header_bytes += n;
    pace_moved(&r->pace, ticks(r), n);
    if (r->header_bytes > LIMIT_HTTP_HEADER_BYTES) {
        err_fail(&r->why, ERR_LIMIT, "more than %zu bytes of headers in the reply",
                 LIMIT_HTTP_HEADER_BYTES);
        return CURL_WRITEFUNC_ERROR;
    }
    if (bytes_start_with(line, "HTTP/"))
        intake_restart(&r->in);
    else if (line.n && r->in.got == 0 && /* trailers are nothing to us */
             !intake_header(&r->in, bytes_part(line, 0, colon),
                            bytes_trim(bytes_part(line, colon + 1, SIZE_MAX)), &r->why))
        return CURL_WRITEFUNC_ERROR;
    return n;
}

static size_t on_body(char *p, size_t one, size_t n, void *self)
{
    struct run *r = self;
    int64_t from = ticks(r);
    curl_off_t length = -1;
    bool ok;

    (void)one;
    curl_easy_getinfo(r->k->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    ok = intake_body(&r->in, status_now(r), length < 0 ? HTTP_SIZE_UNKNOWN : (uint64_t)length,
                     bytes_of(p, n), &r->why);
    pace_was_busy(&r->pace, from, ticks(r));
    return ok ? n : CURL_WRITEFUNC_ERROR;
}

static bool pull(struct run *r, uint8_t *out, size_t room, size_t *got)
{
    struct http_source *s = r->call->source;

    if (room > s->size - r->pulled)
        room = (size_t)(s->size - r->pulled);
    *got = 0;
    if (room && !s->pull(s->self, out, room, got, &r->why))
        return false;
    r->pulled += *got;
    if (room && *got == 0 && s->size != HTTP_SIZE_UNKNOWN)
        return err_fail(&r->why, ERR_INPUT, "the body ends before its announced size");
    return true;
}

static size_t on_upload(char *out, size_t one, size_t room, void *self)
{
    struct run *r = self;
    int64_t from = ticks(r);
    size_t got;
    bool ok = pull(r, (uint8_t *)out, one * room, &got);

    pace_was_busy(&r->pace, from, ticks(r));
    return ok ? got : CURL_READFUNC_ABORT;
}

/* A source cannot be wound back, unless nothing has been taken from it. */
static int on_seek(void *self, curl_off_t at, int origin)
{
    const struct run *r = self;
    return r->pulled == 0 && at == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static int on_progress(void *self, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct run *r = self;
    uint64_t now = (uint64_t)down + (uint64_t)up;

    (void)down_total, (void)up_total;
    if (r->moving && now > r->moved)
        pace_moved(&r->pace, ticks(r), now - r->moved);
    r->moved = now;
    return 0;
}

/* ---- setting up
 * ---------------------------------------------------------------------------------- */

#define SET(option, value) (ok = ok && curl_easy_setopt(r->k->easy, option, value) == CURLE_OK)

/* RFC 7469 2.4: the hash of the SubjectPublicKeyInfo. */
static void pin_text(const struct sign_public *key, char out[8 + BASE64_LEN(32) + 1])
{
    uint8_t spki[SPKI_BYTES] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    struct hash h;

    memcpy(spki + sizeof spki - sizeof key->b, key->b, sizeof key->b);
    sha256(bytes_of(spki, sizeof spki), &h);
    memcpy(out, "sha256//", 8);
    base64_encode(out + 8, h.b, sizeof h.b);
    out[8 + BASE64_LEN(32)] = '\0';
}

static bool set_trust(struct run *r)
{
    const struct http_identity *id = r->k->identity;
    bool ok = true;

    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
    if (r->call->trust == HTTP_TRUST_SYSTEM) {
        SET(CURLOPT_PROTOCOLS_STR, "https");
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        if (r->k->authorities) {
            SET(CURLOPT_CAPATH, NULL);
            SET(CURLOPT_CAINFO, r->k->authorities);
        }
        return ok;
    }
    if (r->call->trust == HTTP_TRUST_LOCAL) {
        SET(CURLOPT_PROTOCOLS_STR, "http");
        return ok;
    }
    pin_text(r->call->pin, r->pin);
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_SSLVERSION, (long)(CURL_SSLVERSION_TLSv1_3 | CURL_SSLVERSION_MAX_TLSv1_3));
    SET(CURLOPT_PINNEDPUBLICKEY, r->pin);
    SET(CURLOPT_SSL_VERIFYPEER, 0L); /* there is no authority: the pin is all */
    SET(CURLOPT_SSL_VERIFYHOST, 0L);
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, NULL);
    if (id) {
        SET(CURLOPT_SSLCERT, id->pem_path);
        SET(CURLOPT_SSLKEY, id->pem_path);
    }
    return ok;
}

static bool set_wire(struct run *r)
{
    const struct http_call *c = r->call;
    bool ok = true;

    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_MAXAGE_CONN, KEPT_S);
    SET(CURLOPT_BUFFERSIZE, BUFFER_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(c->connect_ms ? c->connect_ms : LIMIT_HTTP_CONNECT_MS));
    SET(CURLOPT_ERRORBUFFER, r->says);
    SET(CURLOPT_PREREQFUNCTION, on_connected);
    SET(CURLOPT_PREREQDATA, r);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, r);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, r);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, r);
    SET(CURLOPT_NOPROGRESS, 0L);
    return ok;
}

static bool set_body(struct run *r)
{
    const struct http_call *c = r->call;
    bool ok = true;

    if (c->source) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE,
            c->source->size == HTTP_SIZE_UNKNOWN ? (curl_off_t)-1 : (curl_off_t)c->source->size);
        SET(CURLOPT_READFUNCTION, on_upload);
        SET(CURLOPT_READDATA, r);
        SET(CURLOPT_SEEKFUNCTION, on_seek);
        SET(CURLOPT_SEEKDATA, r);
    } else if (c->method == HTTP_POST || c->method == HTTP_PUT || c->body.n) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.n);
        SET(CURLOPT_POSTFIELDS, c->body.n ? (const char *)c->body.p : "");
    }
    if (c->method == HTTP_HEAD)
        SET(CURLOPT_NOBODY, 1L);
    else
        SET(CURLOPT_CUSTOMREQUEST, http_method_name(c->method));
    return ok;
}

static bool header_add(struct curl_slist **list, const char *line)
{
    struct curl_slist *more = line ? curl_slist_append(*list, line) : NULL;

    if (more)
        *list = more;
    return more != NULL;
}

/* The caller's headers, and none of libcurl's own invention. */
static bool headers_make(const struct run *r, struct curl_slist **list)
{
    const struct http_call *c = r->call;
    bool large = c->source || c->body.n > EXPECT_BYTES, ok;
    static const char *const names[] = {"Accept", "Content-Type"};
    char line[32];

    ok = header_add(list, large ? "Expect: 100-continue" : "Expect:");
    for (size_t i = 0; i < c->header_count; i++)
        ok = ok && header_add(list, arena_format(c->arena, NULL,
                                                 c->headers[i].value.n ? "%.*s: %.*s" : "%.*s;%.*s",
                                                 BYTES_FMT(c->headers[i].name),
                                                 BYTES_FMT(c->headers[i].value)));
    for (size_t i = 0; i < 2; i++) {
        size_t n;
        http_header_find(c->headers, c->header_count, names[i], &n);
        snprintf(line, sizeof line, "%s:", names[i]);
        ok = ok && (n || header_add(list, line));
    }
    return ok;
}

static bool is_local(const struct http_address *at)
{
    return !strcmp(at->host, at->is_v6 ? "::1" : "127.0.0.1");
}

static bool url_make(struct run *r, struct err *e)
{
    const struct http_call *c = r->call;
    char at[HTTP_ADDRESS_TEXT_MAX];

    if (!c->at || !c->at->port)
        return err_fail(e, ERR_INPUT, "a call without an address");
    if (c->trust == HTTP_TRUST_LOCAL && !is_local(c->at))
        return err_fail(e, ERR_INPUT, "plain HTTP is for loopback addresses, not %s", c->at->host);
    http_address_print(c->at, at);
    if ((size_t)snprintf(r->url, sizeof r->url, "%s://%s%s%s",
                         c->trust == HTTP_TRUST_LOCAL ? "http" : "https", at,
                         c->prefix ? c->prefix : "", c->target) >= sizeof r->url)
        return err_fail(e, ERR_INPUT, "the target is too long");
    return true;
}

/* ---- running
 * ---------------------------------------------------------------------------------------- */

static bool patient(struct run *r)
{
    int64_t now = ticks(r);

    if (r->call->cancel && atomic_load(r->call->cancel))
        return err_fail(&r->why, ERR_IO, "cancelled");
    if (now > r->until)
        return err_fail(&r->why, ERR_IO, "no whole reply within %u ms", r->call->total_ms);
    if (r->moving && now > pace_deadline(&r->pace))
        return err_fail(&r->why, ERR_IO, "the transfer stalled");
    return true;
}

static CURLcode loop(struct run *r)
{
    struct http_client *k = r->k;
    CURLcode result = CURLE_OUT_OF_MEMORY;
    CURLMsg *message;
    int running = 1, left;

    if (curl_multi_add_handle(k->multi, k->easy) != CURLM_OK)
        return result;
    while (patient(r) && curl_multi_perform(k->multi, &running) == CURLM_OK && running)
        curl_multi_poll(k->multi, NULL, 0, POLL_MS, NULL);
    while ((message = curl_multi_info_read(k->multi, &left)))
        if (message->msg == CURLMSG_DONE && message->easy_handle == k->easy)
            result = message->data.result;
    curl_multi_remove_handle(k->multi, k->easy);
    return result;
}

static bool failed(const struct run *r, CURLcode code, struct err *e)
{
    char at[HTTP_ADDRESS_TEXT_MAX];
    enum err_code ours = ERR_IO;

    http_address_print(r->call->at, at);
    if (r->why.code) {
        err_pass(e, &r->why);
        return r->why.code == ERR_PROOF ? false : err_within(e, "%s", at);
    }
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return wrong_key(e, r->call);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        ours = ERR_PROOF;
    else if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL)
        ours = ERR_PEER;
    else if (code == CURLE_OUT_OF_MEMORY)
        ours = ERR_NOMEM;
    return err_fail(e, ours, "%s: %s", at, r->says[0] ? r->says : curl_easy_strerror(code));
}

static bool carry(struct run *r, struct http_reply *reply, struct err *e)
{
    struct curl_slist *headers = NULL;
    bool ok = headers_make(r, &headers);
    CURLcode code;

    curl_easy_reset(r->k->easy);
    SET(CURLOPT_HTTPHEADER, headers);
    if (!ok || !set_wire(r) || !set_trust(r) || !set_body(r)) {
        curl_slist_free_all(headers);
        return err_fail(e, ERR_NOMEM, "the HTTP client could not be set up");
    }
    code = loop(r);
    curl_slist_free_all(headers);
    if (code != CURLE_OK || r->why.code)
        return failed(r, code, e);
    return intake_end(&r->in, status_now(r), reply, e);
}

bool http_client_call(struct http_client *k, const struct http_call *call, struct http_reply *reply,
                      struct err *e)
{
    struct run *r = NULL;
    bool ok = call_check(call, e) && (r = arena_get(call->arena, sizeof *r, e));

    if (ok) {
        uint32_t ms = call->total_ms ? call->total_ms : LIMIT_HTTP_TOTAL_MS;
        *r = (struct run){.k = k, .call = call};
        r->until = ms == HTTP_NO_DEADLINE ? INT64_MAX : ticks(r) + (int64_t)ms * 1000;
        ok = url_make(r, e) && intake_open(&r->in, call, e) && carry(r, reply, e);
    }
    call_done(call);
    return ok;
}

/* ---- open and close
 * ------------------------------------------------------------------------------ */

struct http_client *http_client_open(const struct os *os, const struct http_identity *identity,
                                     const char *authorities, struct err *e)
{
    struct http_client *k = calloc(1, sizeof *k);

    if (!k || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(k);
        err_fail(e, ERR_NOMEM, "the HTTP client did not start");
        return NULL;
    }
    *k = (struct http_client){os, identity, authorities, curl_multi_init(), curl_easy_init()};
    if (!k->multi || !k->easy ||
        curl_multi_setopt(k->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS) != CURLM_OK) {
        http_client_close(k);
        err_fail(e, ERR_NOMEM, "the HTTP client did not start");
        return NULL;
    }
    return k;
}

void http_client_close(struct http_client *k)
{
    if (!k)
        return;
    curl_easy_cleanup(k->easy);
    curl_multi_cleanup(k->multi);
    curl_global_cleanup();
    free(k);
}

static bool client_call(void *self, const struct http_call *call, struct http_reply *reply,
                        struct err *e)
{
    return http_client_call(self, call, reply, e);
}

struct transport http_client_transport(struct http_client *k)
{
    return (struct transport){client_call, k};
}
