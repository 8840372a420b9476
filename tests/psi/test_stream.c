/* psi_run over sockets, two threads in one process; and shards, each a run of its own. */
#include "psi/stream.h"

#include "pair.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct party {
    struct psi *p;
    struct psi_fds fds;
    unsigned stop_after; /* calls of progress; 0: never */
    struct err e;
    bool ok;
};

static bool progress(void *self, const struct psi_progress *g)
{
    unsigned *left = self;
    (void)g;
    return *left == 0 || --*left > 0;
}

struct counted { /* a stream with a counter for its progress */
    struct psi_stream inner;
    struct psi_fds *fds;
    unsigned left;
};

static bool c_read(void *self, void *out, size_t n, size_t *got, bool *end, struct err *e)
{
    struct counted *c = self;
    return c->inner.read(c->fds, out, n, got, end, e);
}

static bool c_write(void *self, const void *b, size_t n, size_t *put, struct err *e)
{
    struct counted *c = self;
    return c->inner.write(c->fds, b, n > 1000 ? n / 3 : n, put, e); /* short writes */
}

static bool c_wait(void *self, bool reading, bool writing, unsigned ms, struct err *e)
{
    struct counted *c = self;
    return c->inner.wait(c->fds, reading, writing, ms, e);
}

static bool c_progress(void *self, const struct psi_progress *g)
{
    struct counted *c = self;
    return progress(&c->left, g);
}

static void *run(void *arg)
{
    struct party *a = arg;
    struct counted c = {.fds = &a->fds, .left = a->stop_after};
    struct psi_stream s = {c_read, c_write, c_wait, c_progress, &c};

    a->ok = psi_stream_of_fds(&a->fds, &c.inner, &a->e) && psi_run(a->p, &s, &a->e);
    shutdown(a->fds.out, SHUT_WR);
    return NULL;
}

static void both(struct party a[2])
{
    int fd[2];
    pthread_t t;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    for (unsigned i = 0; i < 2; i++)
        a[i].fds = (struct psi_fds){fd[i], fd[i]};
    assert_int_equal(pthread_create(&t, NULL, run, &a[1]), 0);
    run(&a[0]);
    pthread_join(t, NULL);
    close(fd[0]);
    close(fd[1]);
}

static void open_both(struct party a[2], struct psi_set *r, struct psi_set *s)
{
    for (unsigned i = 0; i < 2; i++) {
        struct psi_options o = options_of(i ? PSI_SENDER : PSI_RECEIVER, PSI_MALICIOUS);
        a[i].p = psi_open(&o, i ? s : r, &a[i].e);
        must(a[i].p != NULL, &a[i].e);
    }
}

static void a_run_over_a_socket(void **state)
{
    struct party a[2] = {{0}};
    uint64_t x[60000], n;

    (void)state;
    for (uint64_t i = 0; i < 60000; i++)
        x[i] = i * 3;
    open_both(a, set_of(x, 60000), set_of(x + 20000, 40000));
    both(a);
    must(a[0].ok, &a[0].e);
    must(a[1].ok, &a[1].e);
    assert_int_equal(psi_matches(a[0].p, &n)[0], 20000);
    assert_int_equal(n, 40000);
    psi_close(a[0].p);
    psi_close(a[1].p);
}

static void a_stop_from_outside_ends_both(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        struct party a[2] = {{0}};
        uint64_t x[1000] = {0};
        open_both(a, set_of(x, 1000), set_of(x, 1000));
        a[side].stop_after = 4;
        both(a);
        assert_false(a[0].ok);
        assert_false(a[1].ok);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(psi_reason(a[i].p), PSI_REASON_CANCELLED);
            psi_close(a[i].p);
        }
    }
}

static void shards_together_find_the_same(void **state)
{
    enum { SHARDS = 3, N = 5000 };
    uint8_t salt[32] = {7};
    uint64_t x[N], y[N], total = 0, seen = 0;
    struct err e = {0};
    struct arena *a = test_arena();
    struct psi_set *s[2];

    (void)state;
    for (uint64_t i = 0; i < N; i++) {
        x[i] = i;
        y[i] = i + 1234;
    }
    s[0] = set_of(x, N);
    s[1] = set_of(y, N);
    for (unsigned shard = 0; shard < SHARDS; shard++) {
        struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                                   options_of(PSI_SENDER, PSI_MALICIOUS)};
        const uint32_t *numbers[2], *m;
        struct psi_set *part[2];
        struct pair p;
        uint64_t n;
        for (unsigned i = 0; i < 2; i++) {
            o[i].declared = N / SHARDS + 400; /* padded: the shards' sizes say nothing */
            part[i] = psi_set_shard(s[i], salt, shard, SHARDS, a, &numbers[i], &e);
            must(part[i] != NULL, &e);
            seen += psi_set_size(part[i]);
        }
        p = open_pair(o, part[0], part[1]);
        run_pair(&p);
        assert_int_equal(p.end[0], PSI_DONE);
        m = psi_matches(p.side[0], &n);
        for (uint64_t i = 0; i < n; i++)
            assert_true(numbers[0][m[i]] >= 1234);
        total += n;
        close_pair(&p);
    }
    assert_int_equal(seen, 2 * N);
    assert_int_equal(total, N - 1234);
    assert_null(psi_set_shard(s[0], salt, 3, 3, a, &(const uint32_t *){NULL}, &e));
    psi_set_free(s[0]);
    psi_set_free(s[1]);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_over_a_socket),
        cmocka_unit_test(a_stop_from_outside_ends_both),
        cmocka_unit_test(shards_together_find_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
