#include "http/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FILE_TEXT "a file with some bytes"

void rig_sleep(unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

int64_t rig_ms(void)
{
    return os_ticks_us(os_system()) / 1000;
}

uint8_t rig_byte(uint64_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static bool pattern_pull(void *self, uint8_t *out, size_t room, size_t *got, struct err *e)
{
    struct pattern *p = self;
    size_t n = 0;

    if (p->fail_at && p->at >= p->fail_at)
        return err_fail(e, ERR_IO, "the disk is gone");
    for (; n < room && p->at < p->n && !(p->fail_at && p->at == p->fail_at); n++)
        out[n] = rig_byte(p->at++);
    *got = n;
    return true;
}

static void pattern_close(void *self)
{
    struct pattern *p = self;
    if (p->closed)
        atomic_fetch_add(p->closed, 1);
}

struct http_source rig_source(struct pattern *p, bool chunked)
{
    return (struct http_source){pattern_pull, pattern_close, p, chunked ? HTTP_SIZE_UNKNOWN : p->n};
}

static bool check_push(void *self, struct bytes part, struct err *e)
{
    struct checker *c = self;

    if (c->sleep_ms)
        rig_sleep(c->sleep_ms);
    for (size_t i = 0; i < part.n; i++)
        c->wrong |= part.p[i] != rig_byte(c->at++);
    if (c->refuse_at && c->at >= c->refuse_at)
        return err_fail(e, ERR_LIMIT, "enough");
    return true;
}

struct http_sink rig_sink(struct checker *c)
{
    return (struct http_sink){check_push, c};
}

/* ---- the handler -------------------------------------------------------------------------- */

static uint64_t number(const struct http_request *q, const char *name)
{
    struct http_param *params;
    struct bytes value;
    uint64_t v = 0;
    size_t n;
    bool found;

    if (http_query_parse(q->query, q->arena, &params, &n, NULL) &&
        http_query_find(params, n, name, &found, &value, NULL) && found)
        decimal_parse(value, &v);
    return v;
}

static bool admit(void *self, struct http_request *q, struct http_intake *in,
                  struct http_response *r)
{
    struct rig *rig = self;
    struct checker *c;

    atomic_fetch_add(&rig->admitted, 1);
    if (bytes_are(q->path, "/never")) {
        http_respond_text(r, 403, "never");
        return false;
    }
    in->body_most = bytes_are(q->path, "/small") ? 10 : 1 << 20;
    if (bytes_are(q->path, "/sink") || bytes_are(q->path, "/picky")) {
        c = arena_get(q->arena, sizeof *c, NULL);
        if (!c)
            return false;
        c->refuse_at = bytes_are(q->path, "/picky") ? 100 : 0;
        q->state = c;
        in->body_most = UINT64_MAX;
        in->sink = rig_sink(c);
    }
    return true;
}

static void echo(struct http_request *q, struct http_response *r)
{
    char hex[64];

    http_respond(r, 200, "application/octet-stream", q->body);
    if (q->peer)
        hex_encode(hex, q->peer->b, sizeof q->peer->b);
    http_response_header(r, "X-Peer", q->peer ? bytes_of(hex, sizeof hex) : BYTES("none"));
    http_response_header(r, "X-Path", q->path);
    http_response_header(r, "X-Query", q->query);
    http_response_header(r, "X-Given",
                         http_header_find(q->headers, q->header_count, "x-GIVEN", NULL));
}

static void stream(struct rig *rig, struct http_request *q, struct http_response *r)
{
    struct pattern *p = arena_get(q->arena, sizeof *p, NULL);

    if (!p)
        return;
    p->n = number(q, "n");
    p->fail_at = number(q, "broken") ? p->n / 2 : 0;
    p->closed = &rig->closed;
    http_respond_source(r, 200, "application/octet-stream", rig_source(p, number(q, "chunked")));
}

static void file_part(struct rig *rig, struct http_response *r)
{
    struct os_file *f;
    struct err e = {0};

    must(os_open(os_system(), rig->file, OS_READ, &f, &e), &e);
    http_respond_file(r, "text/plain", os_system(), f, 3, 5);
}

static void serve(void *self, struct http_request *q, struct http_response *r)
{
    struct rig *rig = self;
    const struct checker *c = q->state;

    atomic_fetch_add(&rig->served, 1);
    if (bytes_are(q->path, "/echo") || bytes_are(q->path, "/small"))
        echo(q, r);
    else if (bytes_are(q->path, "/sink") && c)
        http_respond_text(r, c->wrong ? 500 : 200, "%llu", (unsigned long long)c->at);
    else if (bytes_are(q->path, "/stream"))
        stream(rig, q, r);
    else if (bytes_are(q->path, "/file"))
        file_part(rig, r);
    else if (bytes_are(q->path, "/slow")) {
        uint64_t ms = number(q, "ms");
        for (uint64_t i = 0; i < ms && !atomic_load(q->cancelled); i += 5)
            rig_sleep(5);
        http_respond_text(r, 200, "slow");
    } else if (bytes_are(q->path, "/split")) {
        http_respond_text(r, 200, "split");
        http_response_header(r, "X-Evil", BYTES("a\r\nSet-Cookie: b"));
    } else if (bytes_are(q->path, "/empty")) {
        http_respond(r, 204, NULL, bytes_of(NULL, 0));
    } else if (!bytes_are(q->path, "/silent")) {
        http_respond_text(r, 404, "no \x1b[2J here");
    }
}

static void done(void *self, struct http_request *q)
{
    struct rig *rig = self;

    (void)q;
    atomic_fetch_add(&rig->done, 1);
}

/* ---- the parties ---------------------------------------------------------------------------- */

struct sign_key *rig_key(const char *name)
{
    struct sign_key *k;
    struct hash seed;
    struct err e = {0};

    assert_true(crypto_init());
    sha256(bytes_text(name), &seed);
    k = sign_key_of_seed(seed.b, &e);
    must(k != NULL, &e);
    return k;
}

void rig_open(struct rig *r, const struct http_server_config *config)
{
    static const char *const names[] = {"127.0.0.1", "party.example"};
    struct http_server_config c = config ? *config : (struct http_server_config){0};
    struct err e = {0};

    memset(r, 0, sizeof *r);
    r->arena = test_arena();
    r->server_key = rig_key("server");
    r->client_key = rig_key("client");
    r->server_public = sign_key_public(r->server_key);
    r->client_public = sign_key_public(r->client_key);
    r->server_id = http_identity_open(r->server_key, names, 2, &e);
    must(r->server_id != NULL, &e);
    r->client_id = http_identity_open(r->client_key, NULL, 0, &e);
    must(r->client_id != NULL, &e);
    r->dir = test_dir(r->arena);
    r->file = arena_format(r->arena, &e, "%s/file", r->dir);
    must(os_write_file(os_system(), r->file, BYTES(FILE_TEXT), 0, &e), &e);
    r->handler = (struct http_handler){r, admit, serve, done};
    c.os = os_system();
    c.host = "127.0.0.1";
    c.identity = r->server_id;
    r->server = http_server_open(&c, &r->handler, &e);
    must(r->server != NULL, &e);
    r->at = (struct http_address){.host = "127.0.0.1", .port = http_server_port(r->server)};
    r->client = http_client_open(os_system(), r->client_id, NULL, &e);
    must(r->client != NULL, &e);
    r->direct = (struct http_direct){&r->handler, &r->server_public, &r->client_public, NULL, 0};
}

void rig_close(struct rig *r)
{
    http_client_close(r->client);
    http_server_close(r->server, 2000);
    http_identity_close(r->server_id);
    http_identity_close(r->client_id);
    sign_key_free(r->server_key);
    sign_key_free(r->client_key);
    test_dir_remove(r->dir);
    arena_free(r->arena);
}

struct transport rig_real(struct rig *r)
{
    return http_client_transport(r->client);
}

static bool direct_call(void *self, const struct http_call *call, struct http_reply *reply,
                        struct err *e)
{
    return http_call_direct(self, call, reply, e);
}

struct transport rig_direct(struct rig *r)
{
    return (struct transport){direct_call, &r->direct};
}

struct http_call rig_call(struct rig *r, enum http_method method, const char *target)
{
    return (struct http_call){.method = method,
                              .at = &r->at,
                              .pin = &r->server_public,
                              .target = target,
                              .arena = r->arena,
                              .body_most = 2 << 20};
}

/* ---- sockets ----------------------------------------------------------------------------------
 */

int rig_socket(const struct rig *r)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(r->at.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

int rig_closed_within(int fd, int ms)
{
    int64_t start = rig_ms();

    for (;;) {
        struct pollfd p = {fd, POLLIN, 0};
        int left = ms - (int)(rig_ms() - start);
        char drop[4096];
        if (left < 0 || poll(&p, 1, left) <= 0)
            return -1;
        if (recv(fd, drop, sizeof drop, 0) <= 0)
            return (int)(rig_ms() - start);
    }
}
