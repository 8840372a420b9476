/* Peers that mean harm, or are merely broken; and what must still work afterwards. */
#include "http/rig.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_MS 400
#define STALL_MS 300
#define IDLE_MS 500

static struct rig rig;            /* over TLS, with short patience */
static struct http_server *plain; /* the same handler without TLS, for raw requests */
static struct http_address plain_at;
static struct rig plain_rig; /* only its address is used */

static struct http_server_config impatient(void)
{
    return (struct http_server_config){.os = os_system(),
                                       .host = "127.0.0.1",
                                       .header_ms = HEADER_MS,
                                       .idle_ms = IDLE_MS,
                                       .stall_ms = STALL_MS,
                                       .least_rate = 100000,
                                       .bodies_bytes = 3 << 20};
}

static int open_rig(void **state)
{
    struct http_server_config c = impatient();
    struct err e = {0};

    (void)state;
    rig_open(&rig, &c);
    plain = http_server_open(&c, &rig.handler, &e);
    must(plain != NULL, &e);
    plain_at = (struct http_address){.host = "127.0.0.1", .port = http_server_port(plain)};
    plain_rig.at = plain_at;
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    http_server_close(plain, 1000);
    rig_close(&rig);
    return 0;
}

/* ---- raw requests ------------------------------------------------------------------------------
 */

#define GET_ECHO "GET /echo HTTP/1.1\r\nHost: x\r\n"
#define POST_ECHO "POST /echo HTTP/1.1\r\nHost: x\r\n"

static const struct row {
    const char *name;
    const char *text;
    const char *fill; /* repeated behind it, */
    int times;        /* so often, */
    const char *end;  /* and then this */
    const char *says; /* in the answer; NULL: closed without any; "": either is fine */
} rows[] = {
    {"a request in order", GET_ECHO "\r\n", "", 0, "", "HTTP/1.1 200 "},
    {"two at once", GET_ECHO "\r\n" GET_ECHO "Connection: close\r\n\r\n", "", 0, "",
     "HTTP/1.1 200 "},
    {"an unknown method", "BREW /echo HTTP/1.1\r\nHost: x\r\n\r\n", "", 0, "", " 501 "},
    {"a method in lower case", "get /echo HTTP/1.1\r\nHost: x\r\n\r\n", "", 0, "", " 501 "},
    {"no host", "GET /echo HTTP/1.1\r\n\r\n", "", 0, "", " 400 "},
    {"two hosts", GET_ECHO "Host: y\r\n\r\n", "", 0, "", " 400 "},
    {"a target in absolute form", "GET http://x/echo HTTP/1.1\r\nHost: x\r\n\r\n", "", 0, "",
     " 400 "},
    {"a target that is a star", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", "", 0, "", " 400 "},
    {"a target with control bytes", "GET /e\x1b[2Jcho HTTP/1.1\r\nHost: x\r\n\r\n", "", 0, "",
     " 400 "},
    {"a target with a fragment", "GET /echo#x HTTP/1.1\r\nHost: x\r\n\r\n", "", 0, "", " 400 "},
    {"a long target", "GET /", "a", 9000, " HTTP/1.1\r\nHost: x\r\n\r\n", " 414 "},
    {"too many headers", GET_ECHO, "A: b\r\n", 80, "\r\n", " 431 "},
    {"headers without end", GET_ECHO "A: ", "b", 100000, "\r\n\r\n", ""},
    {"a request line without end", "GET /", "a", 200000, "\r\n\r\n", ""},
    {"length and chunks",
     POST_ECHO "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", 0, "",
     " 400 "},
    {"two lengths", POST_ECHO "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", "", 0, "",
     " 400 "},
    {"a length with a sign", POST_ECHO "Content-Length: +4\r\n\r\nabcd", "", 0, "", " 400 "},
    {"a length that is none", POST_ECHO "Content-Length: four\r\n\r\nabcd", "", 0, "", " 400 "},
    {"a length past 64 bits", POST_ECHO "Content-Length: 99999999999999999999\r\n\r\nabcd", "", 0,
     "", " 4"},
    {"a coding that is not chunked", POST_ECHO "Transfer-Encoding: gzip\r\n\r\nabcd", "", 0, "",
     " 400 "},
    {"chunks that are none", POST_ECHO "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", "", 0, "",
     ""},
    {"a chunk past 64 bits", POST_ECHO "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
     "", 0, "", ""},
    {"a body that is too long", POST_ECHO "Content-Length: 4000000000\r\n\r\n", "", 0, "", " 413 "},
    {"a body after a refusal", "POST /never HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
     "a", 100000, "", " 403 "},
    {"nothing but noise", "\x16\x03\x01\x02", "\xff\x80", 500, "\r\n\r\n", ""},
};

static void send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0)
            return; /* they have heard enough */
        p += k;
        n -= (size_t)k;
    }
}

static size_t read_answer(int fd, char *out, size_t cap)
{
    size_t n = 0;

    for (;;) {
        struct pollfd p = {fd, POLLIN, 0};
        ssize_t k;
        if (poll(&p, 1, n ? 50 : 1500) <= 0)
            break;
        k = recv(fd, out + n, cap - 1 - n, 0);
        if (k <= 0)
            break;
        n += (size_t)k;
    }
    out[n] = '\0';
    return n;
}

static void works(void)
{
    struct http_call call = rig_call(&rig, HTTP_GET, "/echo");
    struct http_reply reply;
    struct err e = {0};

    must(http_client_call(rig.client, &call, &reply, &e), &e);
    assert_int_equal(reply.status, 200);
}

static void raw_requests(void **state)
{
    const struct row *w = *state;
    int fd = rig_socket(&plain_rig);
    char answer[8192];

    send_all(fd, w->text, strlen(w->text));
    for (int i = 0; i < w->times; i++)
        send_all(fd, w->fill, strlen(w->fill));
    send_all(fd, w->end, strlen(w->end));
    read_answer(fd, answer, sizeof answer);
    if (w->says && !strstr(answer, w->says))
        fail_msg("expected \"%s\" in \"%.60s\"", w->says, answer);
    if (!*w->says && answer[0] && !strstr(answer, "HTTP/1.1 4"))
        fail_msg("\"%.60s\"", answer);
    close(fd);
    works();
}

/* ---- time
 * ------------------------------------------------------------------------------------------ */

/* Send a byte each 20 ms until they close; how long that took. */
static int64_t drip(int fd, const char *text)
{
    int64_t start = rig_ms();

    for (size_t i = 0; rig_ms() - start < 3000; i++) {
        if (send(fd, text[i] ? &text[i] : "a", 1, MSG_NOSIGNAL) <= 0)
            return rig_ms() - start;
        if (!text[i])
            i--;
        rig_sleep(20);
    }
    return INT64_MAX;
}

static uint64_t late(struct http_server *s)
{
    struct http_stats stats;
    http_server_stats(s, &stats);
    return stats.late;
}

static void half_open_connections_are_cut(void **state)
{
    int fd = rig_socket(&rig), other = rig_socket(&plain_rig), ms;
    uint64_t before = late(rig.server);

    (void)state;
    ms = rig_closed_within(fd, 3000);
    assert_in_range(ms, HEADER_MS - 50, HEADER_MS + 1500);
    assert_int_equal(late(rig.server), before + 1);
    assert_in_range(rig_closed_within(other, 3000), 0, 3000);
    close(fd);
    close(other);
}

static void a_slow_handshake_is_cut(void **state)
{
    int fd = rig_socket(&rig);

    (void)state;
    assert_in_range(drip(fd, "\x16\x03\x01\x7f\xff\x01\x7f"), 0, HEADER_MS + 1500);
    close(fd);
}

static void slow_headers_are_cut(void **state)
{
    int fd = rig_socket(&plain_rig);

    (void)state;
    assert_in_range(drip(fd, GET_ECHO "A-Header: "), HEADER_MS - 50, HEADER_MS + 1500);
    close(fd);
}

static void a_slow_body_is_cut(void **state)
{
    static const char head[] = POST_ECHO "Content-Length: 10000\r\n\r\n";
    int fd = rig_socket(&plain_rig);

    (void)state;
    send_all(fd, head, sizeof head - 1);
    assert_in_range(drip(fd, ""), STALL_MS - 50, STALL_MS + 1500);
    close(fd);
}

static void a_reader_who_does_not_read_is_cut(void **state)
{
    static const char ask[] = "GET /stream?n=100000000 HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = rig_socket(&plain_rig), closed = atomic_load(&rig.closed);
    int64_t start = rig_ms();

    (void)state;
    send_all(fd, ask, sizeof ask - 1);
    while (atomic_load(&rig.closed) == closed && rig_ms() - start < 10000)
        rig_sleep(20);
    /* 100 KB/s are asked for; the sockets' buffers took some megabytes of credit at once, but
     * silence is cut all the same. */
    assert_in_range(rig_ms() - start, STALL_MS - 50, STALL_MS + 1500);
    assert_int_equal(atomic_load(&rig.closed), closed + 1);
    close(fd);
}

static void idle_connections_are_cut(void **state)
{
    int fd = rig_socket(&plain_rig), ms;
    char answer[4096];

    (void)state;
    send_all(fd, GET_ECHO "\r\n", strlen(GET_ECHO "\r\n"));
    assert_true(read_answer(fd, answer, sizeof answer) > 0);
    ms = rig_closed_within(fd, 3000);
    assert_in_range(ms, IDLE_MS - 200, IDLE_MS + 1500);
    close(fd);
}

static void our_own_time_is_not_theirs(void **state)
{
    struct http_call call = rig_call(&rig, HTTP_GET, "/slow?ms=900");
    struct http_reply reply;
    struct err e = {0};

    (void)state;
    must(http_client_call(rig.client, &call, &reply, &e), &e);
    assert_int_equal(reply.status, 200);
}

/* ---- many
 * -------------------------------------------------------------------------------------------- */

static void garbage_to_the_tls_port(void **state)
{
    struct rng r = rng_from_env("hostile");
    uint8_t noise[2000];

    (void)state;
    for (int i = 0; i < 100; i++) {
        int fd = rig_socket(&rig);
        rng_bytes(&r, noise, sizeof noise);
        if (i % 2)
            memcpy(noise, "\x16\x03\x01\x07\xcb\x01\x00\x07\xc7\x03\x03", 11);
        send_all(fd, (const char *)noise, sizeof noise);
        close(fd);
    }
    works();
}

static void a_flood_from_one_address(void **state)
{
    enum { N = 40, MOST = 8 };
    struct http_server_config c = impatient();
    struct http_call call = rig_call(&rig, HTTP_GET, "/echo");
    struct http_address at = {.host = "127.0.0.1"};
    struct http_stats stats;
    struct http_reply reply;
    struct err e = {0};
    struct http_server *s;
    struct rig here = {0};
    int fd[N], open = 0;

    (void)state;
    c.identity = rig.server_id;
    c.connections_per_address = MOST;
    c.header_ms = 2000;
    s = http_server_open(&c, &rig.handler, &e);
    must(s != NULL, &e);
    here.at.port = at.port = http_server_port(s);
    for (int i = 0; i < N; i++)
        fd[i] = rig_socket(&here);
    rig_sleep(200);
    for (int i = 0; i < N; i++)
        open += rig_closed_within(fd[i], 0) < 0;
    http_server_stats(s, &stats);
    assert_int_equal(open, MOST);
    assert_int_equal(stats.open, MOST);
    call.at = &at;
    assert_false(http_client_call(rig.client, &call, &reply, &e));
    for (int i = 0; i < N; i++)
        close(fd[i]);
    rig_sleep(200);
    must(http_client_call(rig.client, &call, &reply, &e), &e);
    http_server_close(s, 100);
}

static void no_more_connections_than_allowed(void **state)
{
    enum { N = 12, MOST = 4 };
    struct http_server_config c = impatient();
    struct http_call call = rig_call(&rig, HTTP_GET, "/echo");
    struct http_address at = {.host = "127.0.0.1"};
    struct http_stats stats;
    struct http_reply reply;
    struct err e = {0};
    struct http_server *s;
    struct rig here = {0};
    bool served = false;
    int fd[N];

    (void)state;
    c.identity = rig.server_id;
    c.connections = MOST;
    s = http_server_open(&c, &rig.handler, &e);
    must(s != NULL, &e);
    here.at.port = at.port = http_server_port(s);
    for (int i = 0; i < N; i++)
        fd[i] = rig_socket(&here);
    rig_sleep(100);
    http_server_stats(s, &stats);
    assert_int_equal(stats.open, MOST);
    call.at = &at; /* those before it are cut at their deadline; then there is room */
    for (int64_t start = rig_ms(); !served && rig_ms() - start < 5000; rig_sleep(20))
        served = http_client_call(rig.client, &call, &reply, &e);
    must(served, &e);
    for (int i = 0; i < N; i++)
        close(fd[i]);
    http_server_close(s, 100);
}

static void announced_bodies_cost_nothing(void **state)
{
    static const char head[] = POST_ECHO "Content-Length: 1000000\r\n\r\n";
    enum { N = 20 };
    struct http_stats stats;
    int fd[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        fd[i] = rig_socket(&plain_rig);
        send_all(fd[i], head, sizeof head - 1);
        send_all(fd[i], "a", 1);
    }
    rig_sleep(100);
    http_server_stats(plain, &stats);
    assert_in_range(stats.running, 1, N);
    assert_in_range(stats.bodies_bytes, 1, N * 16384);
    for (int i = 0; i < N; i++)
        close(fd[i]);
    for (int i = 0; i < 100 && stats.bodies_bytes; i++) {
        rig_sleep(10);
        http_server_stats(plain, &stats);
    }
    assert_int_equal(stats.bodies_bytes, 0);
}

/* Three bodies of a megabyte are held back before their end and fill the budget: a fourth is
 * turned away, and they are not. */
static void bodies_share_a_budget(void **state)
{
    static const char head[] = POST_ECHO "Content-Length: 1000000\r\n\r\n";
    static const char small[] = POST_ECHO "Content-Length: 5\r\n\r\nabcde";
    enum { N = 3, SIZE = 1000000, HELD = 1000 };
    struct http_server_config c = {
        .os = os_system(), .host = "127.0.0.1", .bodies_bytes = N * SIZE};
    char *body = calloc(1, SIZE), answer[4096];
    struct http_stats stats = {0};
    struct rig here = {0};
    struct err e = {0};
    struct http_server *s = http_server_open(&c, &rig.handler, &e);
    int fd[N], one_more;

    (void)state;
    must(s != NULL, &e);
    here.at.port = http_server_port(s);
    for (int i = 0; i < N; i++) {
        fd[i] = rig_socket(&here);
        send_all(fd[i], head, sizeof head - 1);
        send_all(fd[i], body, SIZE - HELD);
    }
    for (int i = 0; i < 1000 && stats.bodies_bytes < N * SIZE; i++) {
        rig_sleep(5);
        http_server_stats(s, &stats);
    }
    assert_int_equal(stats.bodies_bytes, N * SIZE);
    one_more = rig_socket(&here);
    send_all(one_more, small, sizeof small - 1);
    read_answer(one_more, answer, sizeof answer);
    assert_non_null(strstr(answer, " 503 "));
    close(one_more);
    for (int i = 0; i < N; i++) {
        send_all(fd[i], body, HELD);
        read_answer(fd[i], answer, sizeof answer);
        assert_non_null(strstr(answer, " 200 "));
        close(fd[i]);
    }
    free(body);
    http_server_close(s, 1000);
}

/* ---- load and the end
 * ---------------------------------------------------------------------------------- */

struct caller {
    pthread_t thread;
    struct http_address at;
    struct sign_public pin;
    int n, fine, failed; /* calls to make (-1: until stop), and how they went */
    const char *target;
    atomic_bool *stop;
};

static void *call_much(void *self)
{
    struct caller *c = self;
    struct sign_key *key = rig_key("many");
    struct http_identity *id = http_identity_open(key, NULL, 0, NULL);
    struct http_client *k = http_client_open(os_system(), id, NULL, NULL);
    struct arena *a = arena_new(1 << 20);
    struct arena_mark mark = arena_mark(a);

    for (int i = 0; c->n < 0 ? !atomic_load(c->stop) : i < c->n; i++) {
        uint8_t body[3000];
        struct http_call call = {.method = HTTP_POST,
                                 .at = &c->at,
                                 .pin = &c->pin,
                                 .target = c->target,
                                 .body = bytes_of(body, sizeof body),
                                 .arena = a,
                                 .body_most = 1 << 16};
        struct http_reply reply;
        memset(body, i, sizeof body);
        arena_reset(a, mark);
        if (!http_client_call(k, &call, &reply, NULL))
            c->failed++;
        else if (reply.status == 200 && bytes_equal(reply.body, call.body))
            c->fine++;
    }
    arena_free(a);
    http_client_close(k);
    http_identity_close(id);
    sign_key_free(key);
    return NULL;
}

static void many_clients_at_once(void **state)
{
    enum { N = 64, EACH = 10 };
    struct http_server_config c = {.connections_per_address = 100};
    struct caller callers[N];
    struct rig here;

    (void)state;
    rig_open(&here, &c);
    for (int i = 0; i < N; i++) {
        callers[i] =
            (struct caller){.at = here.at, .pin = here.server_public, .n = EACH, .target = "/echo"};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_much, &callers[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].fine, EACH);
    }
    assert_int_equal(atomic_load(&here.served), N * EACH);
    rig_close(&here);
}

static void stops_under_load(void **state)
{
    enum { N = 8 };
    struct caller callers[N];
    atomic_bool stop = false;
    struct rig here;
    int64_t start;
    int fine = 0;

    (void)state;
    rig_open(&here, NULL);
    for (int i = 0; i < N; i++) {
        callers[i] = (struct caller){
            .at = here.at, .pin = here.server_public, .n = -1, .target = "/echo", .stop = &stop};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_much, &callers[i]), 0);
    }
    rig_sleep(300);
    start = rig_ms();
    http_server_close(here.server, 2000);
    here.server = NULL;
    assert_in_range(rig_ms() - start, 0, 1500);
    atomic_store(&stop, true);
    for (int i = 0; i < N; i++) {
        pthread_join(callers[i].thread, NULL);
        fine += callers[i].fine;
    }
    assert_true(fine > N);
    assert_int_equal(atomic_load(&here.done), atomic_load(&here.admitted));
    rig_close(&here);
}

static void *call_once(void *self)
{
    struct caller *c = self;
    c->n = 1;
    return call_much(c);
}

/* A running request may end; one that takes too long is told, and its answer is lost. */
static void stopping_waits_for_what_runs(void **state)
{
    static const struct {
        const char *target;
        uint32_t wait_ms;
        int64_t least, most;
        bool fine;
    } runs[] = {{"/slow?ms=400", 3000, 150, 2000, true}, {"/slow?ms=20000", 200, 150, 2000, false}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct caller c;
        struct rig here;
        int64_t start;
        rig_open(&here, NULL);
        c = (struct caller){.at = here.at, .pin = here.server_public, .target = runs[i].target};
        assert_int_equal(pthread_create(&c.thread, NULL, call_once, &c), 0);
        rig_sleep(200);
        start = rig_ms();
        http_server_close(here.server, runs[i].wait_ms);
        here.server = NULL;
        assert_in_range(rig_ms() - start, runs[i].least, runs[i].most);
        pthread_join(c.thread, NULL);
        assert_int_equal(c.failed, !runs[i].fine);
        assert_int_equal(atomic_load(&here.done), 1);
        rig_close(&here);
    }
}

/* ---- hostile servers
 * --------------------------------------------------------------------------------------- */

static const struct reply_row {
    const char *name;
    const char *text, *fill;
    int times;
    unsigned pause_ms; /* between the fills */
    unsigned status;
    enum err_code code;
    const char *says;
} replies[] = {
    {"a redirect is not followed",
     "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "", 0, 0,
     302, 0, NULL},
    {"no HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n", "", 0, 0, 0, ERR_PEER, NULL},
    {"HTTP 0.9", "<html>hello</html>", "", 0, 0, 0, ERR_PEER, NULL},
    {"headers without end", "HTTP/1.1 200 OK\r\n",
     "Abcdefgh: 0123456789012345678901234567890123456789\r\n", 2000, 0, 0, ERR_LIMIT, "headers"},
    {"one header without end", "HTTP/1.1 200 OK\r\nA: ", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 20000,
     0, 0, 0, NULL},
    {"interim replies without end", "", "HTTP/1.1 100 Continue\r\n\r\n", 20000, 0, 0, 0, NULL},
    {"a body longer than is taken", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nabc", "", 0,
     0, 0, ERR_LIMIT, "more than"},
    {"a body that ends early", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "", 0, 0, 0,
     ERR_IO, NULL},
    {"chunks that end early", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
     "", 0, 0, 0, ERR_IO, NULL},
    {"chunks that are none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
     "", 0, 0, 0, 0, NULL},
    {"nothing", "", "", 0, 0, 0, ERR_IO, NULL},
    {"a body that drips", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", "a", 100, 20, 0,
     ERR_IO, "stalled"},
    {"headers that drip", "HTTP/1.1 200 OK\r\n", "A: b\r\n", 100, 40, 0, ERR_IO, NULL},
    {"silence", "", "", 1, 5000, 0, ERR_IO, "stalled"},
};

struct scripted {
    const struct reply_row *w;
    int listener;
    atomic_bool stop;
};

static void *reply_as_scripted(void *self)
{
    struct scripted *s = self;
    char drop[4096];
    int fd = accept(s->listener, NULL, NULL);

    if (fd < 0)
        return NULL;
    recv(fd, drop, sizeof drop, 0);
    send_all(fd, s->w->text, strlen(s->w->text));
    for (int i = 0; i < s->w->times && !atomic_load(&s->stop); i++) {
        for (unsigned ms = 0; ms < s->w->pause_ms && !atomic_load(&s->stop); ms += 5)
            rig_sleep(5);
        send_all(fd, s->w->fill, strlen(s->w->fill));
    }
    close(fd);
    return NULL;
}

static int listener(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static void hostile_servers(void **state)
{
    const struct reply_row *w = *state;
    struct scripted s = {.w = w};
    struct http_address at = {.host = "127.0.0.1"};
    struct http_call call = rig_call(&rig, HTTP_GET, "/");
    struct http_reply reply;
    struct err e = {0};
    pthread_t thread;
    int64_t start = rig_ms();
    bool ok;

    s.listener = listener(&at.port);
    assert_int_equal(pthread_create(&thread, NULL, reply_as_scripted, &s), 0);
    call.at = &at;
    call.trust = HTTP_TRUST_LOCAL;
    call.body_most = 10000;
    call.stall_ms = 300;
    call.least_rate = 100000;
    call.total_ms = 800;
    ok = http_client_call(rig.client, &call, &reply, &e);
    if (w->status) {
        must(ok, &e);
        assert_int_equal(reply.status, w->status);
    } else if (w->code) {
        must_fail(ok, &e, w->code, w->says);
    } else {
        assert_false(ok);
    }
    assert_in_range(rig_ms() - start, 0, 2500);
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    close(s.listener);
}

static void nobody_answers(void **state)
{
    struct http_address at = {.host = "127.0.0.1"};
    struct http_call call = rig_call(&rig, HTTP_GET, "/");
    struct http_reply reply;
    struct err e = {0};
    int fd = listener(&at.port); /* takes connections, says nothing */
    int64_t start = rig_ms();

    (void)state;
    call.at = &at;
    call.connect_ms = 300;
    must_fail(http_client_call(rig.client, &call, &reply, &e), &e, ERR_IO, NULL);
    assert_in_range(rig_ms() - start, 200, 1500);
    close(fd);
    must_fail(http_client_call(rig.client, &call, &reply, &e), &e, ERR_IO, NULL);
}

static void *set_soon(void *flag)
{
    rig_sleep(200);
    atomic_store((atomic_bool *)flag, true);
    return NULL;
}

static void a_call_is_cancelled(void **state)
{
    struct http_call call = rig_call(&rig, HTTP_GET, "/slow?ms=5000");
    atomic_bool cancel = false;
    struct http_reply reply;
    struct err e = {0};
    pthread_t thread;
    int64_t start = rig_ms();

    (void)state;
    call.cancel = &cancel;
    assert_int_equal(pthread_create(&thread, NULL, set_soon, &cancel), 0);
    must_fail(http_client_call(rig.client, &call, &reply, &e), &e, ERR_IO, "cancelled");
    assert_in_range(rig_ms() - start, 150, 1000);
    pthread_join(thread, NULL);
    works();
}

int main(void)
{
    enum {
        ROWS = sizeof rows / sizeof *rows,
        REPLIES = sizeof replies / sizeof *replies,
    };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(half_open_connections_are_cut),
        cmocka_unit_test(a_slow_handshake_is_cut),
        cmocka_unit_test(slow_headers_are_cut),
        cmocka_unit_test(a_slow_body_is_cut),
        cmocka_unit_test(a_reader_who_does_not_read_is_cut),
        cmocka_unit_test(idle_connections_are_cut),
        cmocka_unit_test(our_own_time_is_not_theirs),
        cmocka_unit_test(garbage_to_the_tls_port),
        cmocka_unit_test(a_flood_from_one_address),
        cmocka_unit_test(no_more_connections_than_allowed),
        cmocka_unit_test(announced_bodies_cost_nothing),
        cmocka_unit_test(bodies_share_a_budget),
        cmocka_unit_test(many_clients_at_once),
        cmocka_unit_test(stops_under_load),
        cmocka_unit_test(stopping_waits_for_what_runs),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(a_call_is_cancelled),
    };
    struct CMUnitTest tests[ROWS + REPLIES + sizeof others / sizeof *others];

    for (size_t i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(raw_requests, rows[i]);
    for (size_t i = 0; i < REPLIES; i++)
        tests[ROWS + i] = (struct CMUnitTest)ROW_TEST(hostile_servers, replies[i]);
    memcpy(tests + ROWS + REPLIES, others, sizeof others);
    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
