/* The n-th change of the disk fails, for every n and in every way. */
#include "workload.h"

/* Touches everything: opening, files begun and prepared, erasing, opening again. */
static bool run(struct work *w, struct simdisk *d, struct segments **s, struct err *e)
{
    *s = work_open(w, d, 0, e);
    for (size_t i = 0; *s && i < 8; i++) {
        if ((i == 3 && !segments_prepare(*s, e)) || !work_commit(w, *s, 1 + i % 3, e))
            return false;
        if (i == 5) {
            w->batches[1].erased[0] = MAYBE_ERASED;
            if (!segments_erase(*s, w->batches[1].records[0], e))
                return false;
            w->batches[1].erased[0] = SURELY_ERASED;
            segments_close(*s);
            *s = work_open(w, d, w->batches[4].next, e);
        }
    }
    return *s != NULL;
}

/* A writer that has failed stays so, and its readers go on. */
static void stays_failed(struct work *w, struct segments *s)
{
    struct bytes b = BYTES("x");
    struct err e = {0};
    uint64_t p;
    const char *says;

    must_fail(segments_append(s, 1, &b, 1, &p, &e), &e, ERR_IO, "a write failed before");
    must_fail(segments_commit(s, b, NULL, &e), &e, ERR_IO, "a write failed before");
    if (w->done) {
        must_fail(segments_erase(s, w->batches[0].records[0], &e), &e, ERR_IO, "failed before");
        assert_true(segments_end(s) == w->batches[w->done - 1].next);
    }
    err_clear(&e);
    says = work_check(w, s, &e);
    if (says)
        fail_msg("a reader beside a failed writer: %s", says);
}

static void all_is_there(const struct work *w, struct simdisk *d, const char *when)
{
    struct err e = {0};
    struct segments *s = work_open(w, d, 0, &e);
    const char *says;

    if (!s)
        fail_msg("%s: %s", when, e.text);
    says = work_check(w, s, &e);
    if (says)
        fail_msg("%s: %s", when, says);
    segments_close(s);
}

/* False when n lies behind the end. */
static bool fails_at(uint64_t n, enum simdisk_fault how)
{
    struct work w = {.seed = 77, .segment_bytes = 4096, .record_most = 1500};
    struct simdisk *d = simdisk_new(n * 4 + how), *after;
    struct segments *s = NULL;
    struct err e = {0};
    bool ok, reached;

    simdisk_fail(d, n, how);
    ok = run(&w, d, &s, &e);
    reached = simdisk_failed(d);
    simdisk_fail(d, 0, how);
    if (!ok && !reached)
        fail_msg("failed by itself: %s", e.text);
    if (ok && reached)
        fail_msg("change %llu failed and nobody said so", (unsigned long long)n);
    /* Preparing is not part of the log: its failure is told and poisons nothing. */
    if (s && !ok && !strstr(e.text, "open it anew") && w.tried > w.done)
        stays_failed(&w, s);
    segments_close(s);
    after = simdisk_crash(d, n);
    all_is_there(&w, after, "after a crash");
    simdisk_free(after);
    all_is_there(&w, d, "after opening again");
    after = simdisk_crash(d, n + 1);
    all_is_there(&w, after, "after opening again and a crash");
    simdisk_free(after);
    simdisk_free(d);
    return reached;
}

static void every_change_fails_once(void **state)
{
    for (int how = SIMDISK_EIO; how <= SIMDISK_SHORT; how++) {
        uint64_t n = 1;
        while (fails_at(n, (enum simdisk_fault)how))
            n++;
        assert_true(n > 30);
    }
    (void)state;
}

/* A sync fails, the process dies and starts again, with the cache still warm: what was never on
 * the medium must not be taken for written. */
static void a_warm_cache_does_not_deceive(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct work w = {.seed = seed, .segment_bytes = 65536, .record_most = 3000};
        struct simdisk *d = simdisk_new(seed), *after;
        struct err e = {0};
        struct segments *s = work_open(&w, d, 0, &e);
        uint64_t end;
        must(work_commit(&w, s, 2, &e), &e);
        simdisk_fail(d, 2, SIMDISK_EIO); /* the sync of the commit */
        must_fail(work_commit(&w, s, 4, &e), &e, ERR_IO, "error");
        segments_close(s);
        s = work_open(&w, d, 0, &e);
        must(s != NULL, &e);
        end = segments_end(s);
        segments_close(s);
        after = simdisk_crash(d, seed);
        s = work_open(&w, after, end, &e);
        must(s != NULL, &e);
        assert_int_equal(segments_end(s), end);
        segments_close(s);
        all_is_there(&w, after, "after the power went too");
        simdisk_free(after);
        simdisk_free(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_fails_once),
        cmocka_unit_test(a_warm_cache_does_not_deceive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
