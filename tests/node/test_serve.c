/* Two nodes that serve: real sockets, TLS, visitors, metrics, control socket, signals. */
#include "node/node.h"
#include "support/support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct party {
    struct arena *arena;
    const char *slug;
    char *dir;
    uint16_t port, metrics;
    struct node *node;
    pthread_t thread;
    atomic_int ready;
    int signals;
    bool ok;
    struct err e;
};

static uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void make(struct party *p, struct arena *a, const char *dir, const char *slug)
{
    struct err e = {0};
    struct node_fresh f = {.name = bytes_text(slug), .slug = bytes_text(slug), .addresses_n = 1};
    struct node_options o = {.os = os_system()};
    struct bytes config;
    char *path;

    p->arena = a;
    p->slug = slug;
    p->port = free_port();
    p->metrics = free_port();
    p->dir = arena_format(a, &e, "%s/%s", dir, slug);
    f.listen = bytes_text(arena_format(a, &e, "127.0.0.1:%u", p->port));
    f.addresses[0] = bytes_text(arena_format(a, &e, "https://127.0.0.1:%u", p->port));
    must(node_init(os_system(), p->dir, &f, &e), &e);
    path = arena_format(a, &e, "%s/entente.conf", p->dir);
    must(os_read_file(os_system(), path, LIMIT_CONFIG_BYTES, a, &config, &e), &e);
    config = bytes_text(arena_format(a, &e, "%.*s", BYTES_FMT(config)));
    {
        size_t at = bytes_find(config, BYTES("metrics_port = 0"));
        char *text = arena_format(a, &e, "%.*smetrics_port = %u\npoll_seconds = 1%s", (int)at,
                                  (const char *)config.p, p->metrics,
                                  (const char *)config.p + at + strlen("metrics_port = 0"));
        char *poll = strstr(text, "poll_seconds = 60");
        memcpy(poll, "#                ", strlen("poll_seconds = 60"));
        must(os_write_file(os_system(), path, bytes_text(text), 0, &e), &e);
    }
    p->node = node_open(&o, p->dir, &e);
    must(p->node, &e);
}

static void ready(void *self, uint16_t port, uint16_t metrics)
{
    struct party *p = self;

    assert_int_equal(port, p->port);
    assert_int_equal(metrics, p->metrics);
    atomic_store(&p->ready, 1);
}

/* What the other process asks for: echo, cat, cwd, wait, exit codes. */
static int command(void *self, struct node *n, const struct node_command *c)
{
    char text[256];
    ssize_t got;

    (void)self;
    if (!strcmp(c->argv[1], "slug"))
        return dprintf(c->out, "%.*s", BYTES_FMT(node_slug(n))) > 0 ? 0 : 3;
    if (!strcmp(c->argv[1], "cat")) {
        while ((got = read(c->in, text, sizeof text)) > 0)
            if (write(c->out, text, (size_t)got) != got)
                return 3;
        return 0;
    }
    if (!strcmp(c->argv[1], "cwd"))
        return dprintf(c->out, "%s %d", c->cwd, access("marker", F_OK)) > 0 ? 0 : 3;
    if (!strcmp(c->argv[1], "wait")) {
        while (!atomic_load(c->cancelled))
            usleep(1000);
        return 1;
    }
    return c->argc == 2 ? 40 + (int)strlen(c->argv[1]) : 2;
}

static void *serve(void *self)
{
    struct party *p = self;
    struct node_serve s = {.signals = p->signals, .run = command, .self = p, .ready = ready};

    p->ok = node_serve(p->node, &s, &p->e);
    return NULL;
}

static void start(struct party *p)
{
    assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
    for (int i = 0; i < 10000 && !atomic_load(&p->ready); i++)
        usleep(1000);
    assert_int_equal(atomic_load(&p->ready), 1);
}

static void stop(struct party *p)
{
    node_stop(p->node);
    pthread_join(p->thread, NULL);
    must(p->ok, &p->e);
    node_close(p->node);
}

static void enrol(struct party *p, struct party *other)
{
    struct err e = {0};

    must(node_card_import(p->node, node_card(other->node)->note, NULL, &e), &e);
    must(node_enrol(p->node, bytes_text(other->slug), &e), &e);
}

/* Wait until this party's log is cosigned up to `size`; everything moves by itself. */
static void wait_cosigned(struct party *p, const char *id, uint64_t size)
{
    struct err e = {0};
    struct record_head head = {0};

    for (int i = 0; i < 3000 && head.cosigned < size; i++) {
        struct arena_mark mark = arena_mark(p->arena);
        usleep(10000);
        must(record_head(node_record(p->node, id, &e), bytes_text(p->slug), p->arena, &head, &e),
             &e);
        arena_reset(p->arena, mark);
    }
    assert_int_equal(head.cosigned, size);
}

static void get_metrics(struct party *p, const char *says)
{
    struct err e = {0};
    struct http_address at = {.host = "127.0.0.1", .port = p->metrics};
    struct http_client *k = http_client_open(os_system(), NULL, NULL, &e);
    struct http_call call = {.at = &at,
                             .trust = HTTP_TRUST_LOCAL,
                             .target = "/metrics",
                             .arena = p->arena,
                             .body_most = 1 << 20};
    struct http_reply reply;

    must(http_client_call(k, &call, &reply, &e), &e);
    assert_int_equal(reply.status, 200);
    if (bytes_find(reply.body, bytes_text(says)) == SIZE_MAX)
        fail_msg("no %s in %.*s", says, BYTES_FMT(reply.body));
    http_client_close(k);
}

static void two_servers(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), id[ACT_AGREEMENT + 1];
    struct party north = {.signals = -1}, south = {.signals = -1};
    const struct card *cards[2];
    struct record_draft d = {.kind = BYTES("share"),
                             .media_type = BYTES(MEDIA_JSON),
                             .payload = BYTES("{\"text\":\"x\"}")};
    struct err e = {0};
    struct record *r;
    struct bytes json;

    (void)state;
    make(&north, a, dir, "north");
    make(&south, a, dir, "south");
    start(&north);
    start(&south);
    enrol(&north, &south);
    enrol(&south, &north);
    cards[0] = node_card(north.node);
    cards[1] = node_card(south.node);
    must(agreement_template("bilateral", cards, 2, os_system(), a, &json, &e), &e);
    must(node_propose(north.node, json, id, &e) && node_sign(north.node, id, &e), &e);
    for (int i = 0; i < 3000 && !node_record(south.node, id, NULL); i++)
        usleep(10000); /* the proposal arrives by itself */
    must(node_sign(south.node, id, &e), &e);
    wait_cosigned(&north, id, 1);
    wait_cosigned(&south, id, 1);
    r = node_hold(north.node, id, &e);
    must(r && record_append(r, &d, 1, NULL, &e), &e);
    node_release(north.node, r);
    wait_cosigned(&north, id, 2);
    get_metrics(&north, arena_format(
                            a, &e, "entente_log_cosigned{agreement=\"%s\",party=\"north\"} 2", id));
    get_metrics(&south, "entente_up 1");
    stop(&south);
    stop(&north);
    test_dir_remove(dir);
    arena_free(a);
}

/* ---- control
 * -------------------------------------------------------------------------------------- */

/* Run a command with these streams in place of ours, as a separate process would. */
static int call_with(struct party *p, const char *word, const char *in, const char *cwd, char *out,
                     size_t room)
{
    char *argv[] = {(char *)(uintptr_t) "entente", (char *)(uintptr_t)word, NULL};
    int to[2], from[2], status, code = -1;
    size_t n = 0;
    ssize_t got;
    pid_t pid;

    assert_int_equal(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        struct err e = {0};
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[1]);
        close(from[0]);
        if (cwd && chdir(cwd) != 0)
            _exit(99);
        _exit(node_control_call(p->dir, 2, argv, &code, &e) ? code : 98);
    }
    close(to[0]);
    close(from[1]);
    assert_int_equal(write(to[1], in, strlen(in)), (ssize_t)strlen(in));
    close(to[1]);
    while (n + 1 < room && (got = read(from[0], out + n, room - 1 - n)) > 0)
        n += (size_t)got;
    out[n] = '\0';
    close(from[0]);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void commands_run_in_the_server(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), out[PATH_MAX + 16], *marker;
    char *argv[] = {(char *)(uintptr_t) "entente", (char *)(uintptr_t) "slug", NULL};
    struct party north = {.signals = -1};
    struct stat st;
    struct err e = {0};
    int code = -1;

    (void)state;
    make(&north, a, dir, "north");
    must_fail(node_control_call(north.dir, 2, argv, &code, &e), &e, ERR_MISSING, "no server");
    start(&north);
    assert_int_equal(stat(arena_format(a, &e, "%s/run/control", north.dir), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(call_with(&north, "slug", "", NULL, out, sizeof out), 0);
    assert_string_equal(out, "north");
    assert_int_equal(call_with(&north, "cat", "through three processes", NULL, out, sizeof out), 0);
    assert_string_equal(out, "through three processes");
    assert_int_equal(call_with(&north, "exits", "", NULL, out, sizeof out), 45);
    /* the command stands where its caller stands, and the server does not move */
    marker = arena_format(a, &e, "%s/marker", dir);
    must(os_write_file(os_system(), marker, BYTES("x"), 0, &e), &e);
    assert_int_equal(call_with(&north, "cwd", "", dir, out, sizeof out), 0);
    assert_non_null(strstr(out, " 0"));
    assert_int_equal(call_with(&north, "cwd", "", "/", out, sizeof out), 0);
    assert_string_equal(out, "/ -1");
    stop(&north);
    must_fail(node_control_call(north.dir, 2, argv, &code, &e), &e, ERR_MISSING, "no server");
    test_dir_remove(dir);
    arena_free(a);
}

static void a_caller_who_goes_cancels(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct party north = {.signals = -1};
    char *argv[] = {(char *)(uintptr_t) "entente", (char *)(uintptr_t) "wait", NULL};
    int status, code;
    pid_t pid;

    (void)state;
    make(&north, a, dir, "north");
    start(&north);
    for (int i = 0; i < 3; i++) {
        pid = fork();
        if (pid == 0)
            _exit(node_control_call(north.dir, 2, argv, &code, NULL) ? code : 98);
        usleep(50000);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
    }
    stop(&north); /* would wait for them if they went on */
    test_dir_remove(dir);
    arena_free(a);
}

static void stopping_cancels_commands(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct party north = {.signals = -1};
    char *argv[] = {(char *)(uintptr_t) "entente", (char *)(uintptr_t) "wait", NULL};
    int status, code;
    pid_t pid;

    (void)state;
    make(&north, a, dir, "north");
    start(&north);
    pid = fork();
    if (pid == 0)
        _exit(node_control_call(north.dir, 2, argv, &code, NULL) ? code : 98);
    usleep(100000);
    stop(&north);
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 1);
    test_dir_remove(dir);
    arena_free(a);
}

/* ---- signals and folders
 * ---------------------------------------------------------------------------- */

static void signals(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *path;
    struct party north = {0};
    struct bytes config;
    struct err e = {0};
    sigset_t set;
    char *text;

    (void)state;
    north.signals = node_signals(&e);
    assert_true(north.signals >= 0);
    make(&north, a, dir, "north");
    start(&north);
    path = arena_format(a, &e, "%s/entente.conf", north.dir);
    must(os_read_file(os_system(), path, LIMIT_CONFIG_BYTES, a, &config, &e), &e);
    text = arena_format(a, &e, "%.*s\n[contact legal]\nname = Counsel\n", BYTES_FMT(config));
    must(os_write_file(os_system(), path, bytes_text(text), 0, &e), &e);
    kill(getpid(), SIGHUP);
    for (int i = 0; i < 3000 && node_card(north.node)->serial < 2; i++)
        usleep(1000);
    assert_int_equal(node_card(north.node)->serial, 2);
    assert_int_equal(node_card(north.node)->contacts_n, 1);
    /* a configuration with an error changes nothing */
    must(os_write_file(os_system(), path, BYTES("nonsense\n"), 0, &e), &e);
    kill(getpid(), SIGHUP);
    usleep(100000);
    assert_int_equal(node_config(north.node)->contacts_n, 1);
    kill(getpid(), SIGTERM);
    pthread_join(north.thread, NULL);
    must(north.ok, &north.e);
    node_close(north.node);
    close(north.signals);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    test_dir_remove(dir);
    arena_free(a);
}

static void one_process_owns_a_folder(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct party north = {0};
    struct node_options o = {.os = os_system()};
    struct node_fresh f = {.name = BYTES("N"), .slug = BYTES("north")};
    struct err e = {0};
    pid_t pid;
    int status;

    (void)state;
    make(&north, a, dir, "north");
    must_fail(node_init(os_system(), north.dir, &f, &e), &e, ERR_DENIED, "nothing is overwritten");
    pid = fork();
    if (pid == 0)
        _exit(node_open(&o, north.dir, &e) == NULL && e.code == ERR_DENIED ? 0 : 1);
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    node_close(north.node);
    assert_null(node_open(&o, dir, &e));
    assert_int_equal(e.code, ERR_MISSING);
    test_dir_remove(dir);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_servers),
        cmocka_unit_test(commands_run_in_the_server),
        cmocka_unit_test(a_caller_who_goes_cancels),
        cmocka_unit_test(stopping_cancels_commands),
        cmocka_unit_test(signals),
        cmocka_unit_test(one_process_owns_a_folder),
    };

    signal(SIGPIPE, SIG_IGN);
    return crypto_init() ? cmocka_run_group_tests_name("serve", tests, NULL, NULL) : 1;
}
