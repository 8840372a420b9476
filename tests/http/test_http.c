/* Round trips: over TLS, and the same straight into the handler. */
#include "http/rig.h"

#include <stdio.h>
#include <stdlib.h>

static struct rig rig;

static int open_rig(void **state)
{
    (void)state;
    rig_open(&rig, NULL);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

/* Every kind of call, which both transports must answer alike. */
static const struct row {
    const char *name;
    enum http_method method;
    const char *target;
    size_t body;     /* bytes of the pattern sent; */
    int by_source;   /* 1: as a source, 2: in chunks */
    bool sink;       /* the reply goes to one */
    size_t most;     /* of the reply; 0: plenty */
    unsigned status; /* 0: the call fails: */
    enum err_code code;
    const char *says; /* in the reply, or the error */
} rows[] = {
    {"GET", HTTP_GET, "/echo?a=1%202", 0, 0, false, 0, 200, 0, ""},
    {"GET of a path with escapes, given as sent", HTTP_GET, "/echo/%41%2F..?", 0, 0, false, 0, 404,
     0, "no "},
    {"POST of nothing", HTTP_POST, "/echo", 0, 0, false, 0, 200, 0, ""},
    {"POST of one byte", HTTP_POST, "/echo", 1, 0, false, 0, 200, 0, NULL},
    {"PUT of what is awaited before it is sent", HTTP_PUT, "/echo", 300000, 0, false, 0, 200, 0,
     NULL},
    {"POST of as much as is taken", HTTP_POST, "/echo", 1 << 20, 0, false, 0, 200, 0, NULL},
    {"POST of a byte more", HTTP_POST, "/echo", (1 << 20) + 1, 0, false, 0, 413, 0, "longer"},
    {"POST of a source", HTTP_POST, "/echo", 100000, 1, false, 0, 200, 0, NULL},
    {"POST of an empty source", HTTP_POST, "/echo", 0, 1, false, 0, 200, 0, ""},
    {"POST in chunks", HTTP_POST, "/echo", 100000, 2, false, 0, 200, 0, NULL},
    {"POST of more than is taken, in chunks", HTTP_POST, "/echo", (1 << 20) + 1, 2, false, 0, 413,
     0, "longer"},
    {"a small body where a small one is taken", HTTP_POST, "/small", 10, 0, false, 0, 200, 0, NULL},
    {"a larger one there", HTTP_POST, "/small", 11, 0, false, 0, 413, 0, "longer"},
    {"a refusal before the body", HTTP_POST, "/never", 100000, 0, false, 0, 403, 0, "never"},
    {"a refusal before a long body", HTTP_POST, "/never", 1 << 20, 1, false, 0, 403, 0, "never"},
    {"a refusal of a request without one", HTTP_GET, "/never", 0, 0, false, 0, 403, 0, "never"},
    {"a body into a sink", HTTP_POST, "/sink", 3000000, 1, false, 0, 200, 0, "3000000"},
    {"a chunked one", HTTP_POST, "/sink", 3000000, 2, false, 0, 200, 0, "3000000"},
    {"a sink that has enough", HTTP_POST, "/picky", 200, 0, false, 0, 413, 0, "not taken"},
    {"DELETE", HTTP_DELETE, "/echo", 0, 0, false, 0, 200, 0, ""},
    {"HEAD", HTTP_HEAD, "/file", 0, 0, false, 0, 200, 0, ""},
    {"a reply without a body", HTTP_GET, "/empty", 0, 0, false, 0, 204, 0, ""},
    {"a part of a file", HTTP_GET, "/file", 0, 0, false, 0, 200, 0, "ile w"},
    {"a stream", HTTP_GET, "/stream?n=1000000", 0, 0, true, 0, 200, 0, NULL},
    {"a stream in chunks", HTTP_GET, "/stream?n=1000000&chunked=1", 0, 0, true, 0, 200, 0, NULL},
    {"a stream into memory", HTTP_GET, "/stream?n=5000", 0, 0, false, 5000, 200, 0, NULL},
    {"one in chunks", HTTP_GET, "/stream?n=5000&chunked=1", 0, 0, false, 5000, 200, 0, NULL},
    {"a stream of nothing", HTTP_GET, "/stream?n=0", 0, 0, true, 0, 200, 0, ""},
    {"a stream of nothing in chunks", HTTP_GET, "/stream?n=0&chunked=1", 0, 0, true, 0, 200, 0, ""},
    {"a reply that is too long", HTTP_GET, "/stream?n=5001", 0, 0, false, 5000, 0, ERR_LIMIT,
     "more than 5000 bytes"},
    {"one in chunks that is too long", HTTP_GET, "/stream?n=5001&chunked=1", 0, 0, false, 5000, 0,
     ERR_LIMIT, "more than 5000 bytes"},
    {"a stream that breaks", HTTP_GET, "/stream?n=1000000&broken=1", 0, 0, true, 0, 0, ERR_IO,
     NULL},
    {"a chunked stream that breaks", HTTP_GET, "/stream?n=1000000&broken=1&chunked=1", 0, 0, true,
     0, 0, ERR_IO, NULL},
    {"a refusal does not go to the sink", HTTP_GET, "/never", 0, 0, true, 0, 403, 0, "never"},
    {"a handler that says nothing", HTTP_GET, "/silent", 0, 0, false, 0, 500, 0, ""},
    {"a line break in a header", HTTP_GET, "/split", 0, 0, false, 0, 500, 0, ""},
    {"a target that is none", HTTP_GET, "echo", 0, 0, false, 0, 0, ERR_INPUT, "target"},
    {"a target with a blank", HTTP_GET, "/a b", 0, 0, false, 0, 0, ERR_INPUT, "target"},
    {"a GET with a body", HTTP_GET, "/echo", 1, 0, false, 0, 0, ERR_INPUT, "no body"},
};

static bool is_pattern(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] != rig_byte(i))
            return false;
    return true;
}

/* What came of one row: text that is the same by either way. */
static char *outcome(const struct row *w, struct transport t, struct http_reply *reply)
{
    struct http_call call = rig_call(&rig, w->method, w->target);
    struct pattern p = {.n = w->body, .closed = &rig.closed};
    struct http_source source = rig_source(&p, w->by_source == 2);
    struct checker c = {0};
    struct http_sink sink = rig_sink(&c);
    uint8_t *body = malloc(w->body + 1);
    int closed = atomic_load(&rig.closed);
    struct err e = {0};
    bool ok;

    for (size_t i = 0; i < w->body; i++)
        body[i] = rig_byte(i);
    if (w->by_source)
        call.source = &source;
    else
        call.body = bytes_of(body, w->body);
    if (w->sink)
        call.sink = &sink;
    if (w->most)
        call.body_most = w->most;
    ok = transport_call(&t, &call, reply, &e);
    free(body);
    if (w->by_source && atomic_load(&rig.closed) == closed)
        fail_msg("the source was not closed");
    if (!ok) {
        assert_int_equal(w->status, 0);
        must_fail(ok, &e, w->code, w->says);
        return arena_format(rig.arena, &e, "%s", err_name(e.code));
    }
    assert_int_equal(reply->status, w->status);
    if (c.wrong ||
        (w->says && *w->says && bytes_find(reply->body, bytes_text(w->says)) == SIZE_MAX))
        fail_msg("wrong body: %.*s", BYTES_FMT(bytes_part(reply->body, 0, 100)));
    if (!w->says && w->body)
        assert_true(reply->body.n == w->body && is_pattern(reply->body));
    if (!w->says && !w->sink)
        assert_true(is_pattern(reply->body) && reply->body.n);
    if (!w->says && w->sink)
        assert_int_equal(c.at, 1000000);
    return arena_format(rig.arena, &e, "%u %zu %llu", reply->status, reply->body.n,
                        (unsigned long long)c.at);
}

static const char *const compared[] = {"Content-Type", "Content-Length", "X-Peer",
                                       "X-Path",       "X-Query",        "X-Evil"};

static void both_ways_alike(void **state)
{
    const struct row *w = *state;
    struct http_reply real = {0}, direct = {0};

    assert_string_equal(outcome(w, rig_real(&rig), &real), outcome(w, rig_direct(&rig), &direct));
    assert_true(bytes_equal(real.body, direct.body));
    for (size_t i = 0; i < sizeof compared / sizeof *compared; i++)
        if (!bytes_equal(http_header_find(real.headers, real.header_count, compared[i], NULL),
                         http_header_find(direct.headers, direct.header_count, compared[i], NULL)))
            fail_msg("they differ in %s", compared[i]);
}

static void every_request_is_done(void **state)
{
    (void)state;
    for (int i = 0; i < 100 && atomic_load(&rig.done) != atomic_load(&rig.admitted); i++)
        rig_sleep(10);
    assert_int_equal(atomic_load(&rig.done), atomic_load(&rig.admitted));
}

static void says_who_asks(void **state)
{
    static const struct http_header given[] = {
        {{(const uint8_t *)"x-given", 7}, {(const uint8_t *)"a value", 7}},
        {{(const uint8_t *)"X-Empty", 7}, {NULL, 0}}};
    struct http_call call = rig_call(&rig, HTTP_GET, "/echo?x");
    struct http_reply reply;
    struct err e = {0};
    char hex[64];

    (void)state;
    call.headers = given;
    call.header_count = 2;
    call.prefix = "/prefix";
    hex_encode(hex, rig.client_public.b, 32);
    must(http_client_call(rig.client, &call, &reply, &e), &e);
    assert_int_equal(reply.status, 404); /* /prefix/echo */
    call.prefix = NULL;
    must(http_client_call(rig.client, &call, &reply, &e), &e);
    assert_true(bytes_equal(http_header_find(reply.headers, reply.header_count, "x-peer", NULL),
                            bytes_of(hex, 64)));
    assert_true(
        bytes_are(http_header_find(reply.headers, reply.header_count, "x-given", NULL), "a value"));
    assert_true(
        bytes_are(http_header_find(reply.headers, reply.header_count, "x-query", NULL), "x"));
}

static void connections_are_kept(void **state)
{
    struct http_call call = rig_call(&rig, HTTP_GET, "/echo");
    struct http_stats before, after;
    struct http_reply reply;
    struct err e = {0};

    (void)state;
    must(http_client_call(rig.client, &call, &reply, &e), &e);
    http_server_stats(rig.server, &before);
    for (int i = 0; i < 50; i++)
        must(http_client_call(rig.client, &call, &reply, &e), &e);
    http_server_stats(rig.server, &after);
    assert_int_equal(after.accepted, before.accepted);
    assert_int_equal(after.requests, before.requests + 50);
    assert_int_equal(after.bodies_bytes, 0);
}

static void a_source_too_short_fails_the_call(void **state)
{
    struct pattern p = {.n = 1000};
    struct http_source source = rig_source(&p, false);
    struct http_call call = rig_call(&rig, HTTP_POST, "/echo");
    struct transport ways[] = {rig_real(&rig), rig_direct(&rig)};
    struct http_reply reply;
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        p.at = 0;
        source.size = 2000;
        call.source = &source;
        must_fail(transport_call(&ways[i], &call, &reply, &e), &e, ERR_INPUT, "announced size");
    }
}

static void what_a_sink_says_comes_back(void **state)
{
    struct checker c = {.refuse_at = 50000};
    struct http_sink sink = rig_sink(&c);
    struct http_call call = rig_call(&rig, HTTP_GET, "/stream?n=100000000");
    struct transport ways[] = {rig_real(&rig), rig_direct(&rig)};
    struct http_reply reply;
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        c.at = 0;
        call.sink = &sink;
        must_fail(transport_call(&ways[i], &call, &reply, &e), &e, ERR_LIMIT, "enough");
        assert_false(c.wrong);
    }
}

static void plain_http_is_local(void **state)
{
    struct http_server_config c = {.os = os_system(), .host = "0.0.0.0"};
    struct http_call call = rig_call(&rig, HTTP_GET, "/echo?local");
    struct http_address at = {.host = "127.0.0.1"};
    struct http_server *s;
    struct http_reply reply;
    struct err e = {0};

    (void)state;
    must_fail(http_server_open(&c, &rig.handler, &e) != NULL, &e, ERR_INPUT, "loopback");
    c.host = "localhost";
    must_fail(http_server_open(&c, &rig.handler, &e) != NULL, &e, ERR_INPUT, "numeric");
    c.host = "127.0.0.1";
    s = http_server_open(&c, &rig.handler, &e);
    must(s != NULL, &e);
    at.port = c.port = http_server_port(s);
    must_fail(http_server_open(&c, &rig.handler, &e) != NULL, &e, ERR_IO, "in use");
    call.at = &at;
    call.trust = HTTP_TRUST_LOCAL;
    must(http_client_call(rig.client, &call, &reply, &e), &e);
    assert_int_equal(reply.status, 200);
    assert_true(
        bytes_are(http_header_find(reply.headers, reply.header_count, "X-Peer", NULL), "none"));
    at = (struct http_address){.host = "192.0.2.1", .port = 80};
    must_fail(http_client_call(rig.client, &call, &reply, &e), &e, ERR_INPUT, "loopback");
    http_server_close(s, 1000);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof *rows };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(every_request_is_done),
        cmocka_unit_test(says_who_asks),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(a_source_too_short_fails_the_call),
        cmocka_unit_test(what_a_sink_says_comes_back),
        cmocka_unit_test(plain_http_is_local),
    };
    struct CMUnitTest tests[ROWS + sizeof others / sizeof *others];

    for (size_t i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(both_ways_alike, rows[i]);
    memcpy(tests + ROWS, others, sizeof others);
    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
