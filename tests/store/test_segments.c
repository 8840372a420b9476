#include "workload.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct segments *open_real(const char *dir, const struct segments_options *o)
{
    struct err e = {0};
    struct segments *s = segments_open(os_system(), dir, o, &e);

    must(s != NULL, &e);
    return s;
}

static uint64_t append(struct segments *s, uint8_t kind, struct bytes b)
{
    struct err e = {0};
    uint64_t position = 0;

    must(segments_append(s, kind, &b, 1, &position, &e), &e);
    return position;
}

static uint64_t commit(struct segments *s, const char *note)
{
    struct err e = {0};
    uint64_t end = 0;

    must(segments_commit(s, bytes_text(note), &end, &e), &e);
    return end;
}

static void reads_as(struct segments *s, struct arena *a, uint64_t position, struct bytes want)
{
    struct segments_record r;
    struct err e = {0};

    must(segments_read(s, position, a, &r, &e), &e);
    assert_true(!r.erased && bytes_equal(r.payload, want));
}

static void what_is_appended_is_read(void **state)
{
    struct arena *a = test_arena();
    struct simdisk *d = simdisk_new(1);
    struct work w = {.segment_bytes = 4096};
    struct err e = {0};
    struct segments *s = work_open(&w, d, 0, &e);
    struct bytes parts[3] = {BYTES("a"), BYTES(""), BYTES("bc")}, note;
    struct segments_record r;
    uint64_t p, q, end;

    (void)state;
    must(s != NULL, &e);
    must(segments_last_note(s, a, &note, &e), &e);
    assert_true(note.n == 0 && segments_end(s) == 0);
    must(segments_append(s, 7, parts, 3, &p, &e), &e);
    must(segments_append(s, 255, NULL, 0, &q, &e), &e);
    must_fail(segments_append(s, 0, parts, 3, &q, &e), &e, ERR_INPUT, "kind 0");
    must_fail(segments_read(s, p, a, &r, &e), &e, ERR_INPUT, "no record at");
    end = commit(s, "checkpoint");
    must(segments_read(s, p, a, &r, &e), &e);
    assert_true(bytes_are(r.payload, "abc") && r.kind == 7 && r.position == p && r.size == 3);
    must(segments_read(s, q, a, &r, &e), &e);
    assert_true(r.payload.n == 0 && r.kind == 255);
    must(segments_last_note(s, a, &note, &e), &e);
    assert_true(bytes_are(note, "checkpoint"));
    must_fail(segments_read(s, p + 8, a, &r, &e), &e, ERR_PROOF, "no record begins here");
    must_fail(segments_read(s, p + 1, a, &r, &e), &e, ERR_INPUT, "no record at");
    must_fail(segments_read(s, end, a, &r, &e), &e, ERR_INPUT, "no record at");
    must_fail(segments_read(s, UINT64_MAX - 7, a, &r, &e), &e, ERR_INPUT, "no record at");
    must_fail(segments_read(s, 0, a, &r, &e), &e, ERR_INPUT, "no record at");
    segments_close(s);
    simdisk_free(d);
    arena_free(a);
}

static char synced_dirs[1024];

static bool note_sync_dir(void *self, const char *path, struct err *e)
{
    size_t n = strlen(synced_dirs);

    (void)self, (void)e;
    snprintf(synced_dirs + n, sizeof synced_dirs - n, "%s;", path);
    return true;
}

/* simdisk keeps every directory; a real disk keeps those whose names were synced. */
static void directories_made_are_synced_too(void **state)
{
    struct simdisk *d = simdisk_new(1);
    struct os_ops ops = *simdisk_os(d)->ops;
    struct os os = {&ops, d};
    struct err e = {0};
    struct segments *s;

    (void)state;
    ops.sync_dir = note_sync_dir;
    s = segments_open(&os, "data/node/log", NULL, &e);
    must(s != NULL, &e);
    assert_non_null(strstr(synced_dirs, "data/node;data;.;"));
    assert_non_null(strstr(synced_dirs, "data/node/log;"));
    segments_close(s);
    simdisk_free(d);
}

static void a_discarded_batch_leaves_nothing(void **state)
{
    struct arena *a = test_arena();
    struct simdisk *d = simdisk_new(1);
    struct work w = {.segment_bytes = 4096};
    struct err e = {0};
    struct segments *s = work_open(&w, d, 0, &e);
    uint64_t p = append(s, 1, BYTES("first")), q;

    (void)state;
    assert_true(segments_pending(s) > 0);
    segments_discard(s);
    assert_int_equal(segments_pending(s), 0);
    q = append(s, 1, BYTES("second"));
    assert_int_equal(p, q);
    commit(s, "");
    reads_as(s, a, q, BYTES("second"));
    segments_close(s);
    simdisk_free(d);
    arena_free(a);
}

static void one_write_and_one_sync_per_commit(void **state)
{
    struct simdisk *d = simdisk_new(1);
    struct work w = {.segment_bytes = 16384};
    struct err e = {0};
    struct segments *s = work_open(&w, d, 0, &e);
    struct simdisk_counts was, is;
    struct segments_counts c = {0};
    uint8_t payload[1000] = {1};
    size_t files = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        if (i % 10 == 0)
            must(segments_prepare(s, &e), &e);
        for (int k = 0; k < i % 5; k++)
            append(s, 1, bytes_of(payload, sizeof payload));
        was = simdisk_counts(d);
        commit(s, "note");
        is = simdisk_counts(d);
        assert_int_equal(is.writes - was.writes, 1);
        assert_int_equal(is.syncs - was.syncs, 1);
        assert_true(is.dir_syncs - was.dir_syncs <= 1);
        files += is.dir_syncs - was.dir_syncs;
    }
    c = segments_counts(s);
    assert_int_equal(c.commits, 100);
    assert_int_equal(c.writes, 100);
    assert_int_equal(c.syncs, 100);
    assert_int_equal(c.dir_syncs, files);
    assert_true(files > 5 && c.bytes == segments_end(s));
    segments_close(s);
    simdisk_free(d);
}

static void a_prepared_file_does_not_grow(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct segments_options o = {.segment_bytes = 65536};
    struct segments *s = open_real(dir, &o);
    uint8_t payload[3000] = {1};
    struct os_file *f;
    uint64_t size, base;
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 20; i++) {
        append(s, 1, bytes_of(payload, sizeof payload));
        base = segments_end(s);
        must(segments_prepare(s, &e), &e);
        commit(s, "");
        if (segments_counts(s).dir_syncs)
            break;
    }
    assert_int_equal(segments_counts(s).dir_syncs, 1);
    must(os_open(os_system(), arena_format(a, &e, "%s/%016llx.seg", dir, (unsigned long long)base),
                 OS_READ, &f, &e),
         &e);
    must(os_size(os_system(), f, &size, &e), &e);
    assert_int_equal(size, 65536);
    os_close(os_system(), f);
    segments_close(s);
    test_dir_remove(dir);
    arena_free(a);
}

static void huge_records_and_batches(void **state)
{
    static const size_t sizes[] = {LIMIT_STORE_RECORD_BYTES, (1 << 20) + 1, 4095, 5 << 20};
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct segments_options o = {.segment_bytes = 1 << 20};
    struct segments *s = open_real(dir, &o);
    uint8_t *payload = malloc(LIMIT_STORE_RECORD_BYTES + 1);
    struct rng r = rng_from_env("segments");
    struct bytes over = bytes_of(payload, LIMIT_STORE_RECORD_BYTES + 1);
    uint64_t at[4], small, p;
    struct segments_report report;
    struct err e = {0};

    (void)state;
    rng_bytes(&r, payload, LIMIT_STORE_RECORD_BYTES + 1);
    small = append(s, 1, BYTES("before"));
    commit(s, "");
    must_fail(segments_append(s, 1, &over, 1, &p, &e), &e, ERR_LIMIT, "record");
    for (int i = 0; i < 4; i++)
        at[i] = append(s, 1, bytes_of(payload, sizes[i]));
    over.n = LIMIT_STORE_RECORD_BYTES - 1;
    must_fail(segments_append(s, 1, &over, 1, &p, &e), &e, ERR_LIMIT, "batch");
    over.n = LIMIT_STORE_NOTE_BYTES + 1;
    must_fail(segments_commit(s, over, NULL, &e), &e, ERR_LIMIT, "note");
    commit(s, "all of these in one");
    append(s, 1, BYTES("after"));
    commit(s, "last");
    for (int round = 0; round < 2; round++) {
        struct arena_mark m = arena_mark(a);
        for (int i = 0; i < 4; i++)
            reads_as(s, a, at[i], bytes_of(payload, sizes[i]));
        reads_as(s, a, small, BYTES("before"));
        arena_reset(a, m);
        segments_close(s);
        s = open_real(dir, &o);
        assert_int_equal(segments_dropped(s), 0);
    }
    must(segments_check(s, &report, &e), &e);
    assert_true(report.batches == 3 && report.records == 6 && report.files == 3);
    segments_close(s);
    free(payload);
    test_dir_remove(dir);
    arena_free(a);
}

static void many_files_come_and_go(void **state)
{
    struct simdisk *d = simdisk_new(1);
    struct rng r = rng_from_env("segments");
    struct work w = {.seed = r.state, .segment_bytes = 1024, .record_most = 900};
    struct arena *a = test_arena();
    struct err e = {0};
    struct segments *s = work_open(&w, d, 0, &e);
    const char *says;
    uint8_t buf[4096];

    (void)state;
    for (int i = 0; i < WORK_BATCHES; i++)
        must(work_commit(&w, s, (size_t)rng_below(&r, WORK_RECORDS + 1), &e), &e);
    for (int i = 0; i < 2000; i++) {
        size_t b = (size_t)rng_below(&r, w.done);
        for (size_t k = 0; k < w.batches[b].n; k++)
            reads_as(s, a, w.batches[b].records[k], work_bytes(&w, b, k, buf));
    }
    says = work_check(&w, s, &e);
    if (says)
        fail_msg("%s", says);
    segments_close(s);
    simdisk_free(d);
    arena_free(a);
}

static void iterating_from_a_boundary_and_on(void **state)
{
    struct simdisk *d = simdisk_new(1);
    struct work w = {.seed = 5, .segment_bytes = 4096, .record_most = 500};
    const struct segments_batch *b;
    struct segments_iter *it;
    struct err e = {0};
    struct segments *s = work_open(&w, d, 0, &e);

    (void)state;
    for (int i = 0; i < 10; i++)
        must(work_commit(&w, s, 3, &e), &e);
    it = segments_iter_open(s, w.batches[4].next, &e);
    for (size_t k = 5; k < 10; k++) {
        must(segments_next(it, &b, &e), &e);
        assert_true(b && !work_differs(&w, k, b));
    }
    must(segments_next(it, &b, &e), &e);
    assert_null(b);
    must(work_commit(&w, s, 2, &e), &e);
    must(segments_next(it, &b, &e), &e);
    assert_true(b && !work_differs(&w, 10, b));
    segments_iter_close(it);
    assert_null(segments_iter_open(s, w.batches[10].next + 512, &e));
    assert_null(segments_iter_open(s, w.batches[3].next + 8, &e));
    it = segments_iter_open(s, w.batches[3].next + 512, &e); /* within a batch */
    must_fail(segments_next(it, &b, &e), &e, ERR_PROOF, "header");
    assert_int_equal(segments_iter_bad(it), w.batches[3].next + 512);
    segments_iter_close(it);
    segments_close(s);
    simdisk_free(d);
}

static void erased_and_not_corrupt(void **state)
{
    struct arena *a = test_arena();
    struct simdisk *d = simdisk_new(1);
    struct work w = {.segment_bytes = 4096};
    struct err e = {0};
    struct segments *s = work_open(&w, d, 0, &e);
    uint64_t keep = append(s, 1, BYTES("stays")), p = append(s, 2, BYTES("a name and a number"));
    uint64_t end = commit(s, "note");
    struct segments_report report;
    struct segments_record r;
    struct bytes all;

    (void)state;
    must(segments_erase(s, p, &e), &e);
    must(segments_erase(s, p, &e), &e);
    for (int round = 0; round < 2; round++) {
        must(segments_read(s, p, a, &r, &e), &e);
        assert_true(r.erased && r.payload.n == 0 && r.size == 19 && r.kind == 2);
        reads_as(s, a, keep, BYTES("stays"));
        must(segments_check(s, &report, &e), &e);
        assert_true(report.erased == 1 && report.unfinished == 0 && report.records == 2);
        segments_close(s);
        s = work_open(&w, d, 0, &e);
        must(s != NULL, &e);
    }
    must(os_read_file(simdisk_os(d), WORK_DIR "/0000000000000000.seg", 1 << 20, a, &all, &e), &e);
    assert_int_equal(bytes_find(all, BYTES("a name")), SIZE_MAX);
    must_fail(segments_erase(s, end, &e), &e, ERR_INPUT, "no record");
    must_fail(segments_erase(s, p + 8, &e), &e, ERR_PROOF, "no record begins");
    commit(s, "still usable");
    segments_close(s);
    simdisk_free(d);
    arena_free(a);
}

static void an_erasure_cut_short_is_seen_and_done_again(void **state)
{
    struct arena *a = test_arena();
    struct err e = {0};

    (void)state;
    for (uint64_t n = 1; n <= 4; n++) {
        struct simdisk *d = simdisk_new(n), *after;
        struct work w = {.segment_bytes = 4096};
        struct segments *s = work_open(&w, d, 0, &e);
        uint64_t p = append(s, 2, BYTES("a name and a number"));
        struct segments_report report;
        struct segments_record r;
        commit(s, "note");
        simdisk_fail(d, n, SIMDISK_POWER); /* mark, sync, zeros, sync */
        must_fail(segments_erase(s, p, &e), &e, ERR_IO, NULL);
        segments_close(s);
        after = simdisk_crash(d, n * 7);
        simdisk_free(d);
        s = work_open(&w, after, 0, &e);
        must(s != NULL, &e);
        must(segments_read(s, p, a, &r, &e), &e);
        assert_true(r.erased || bytes_are(r.payload, "a name and a number"));
        assert_true(n < 3 || r.erased);
        must(segments_erase(s, p, &e), &e);
        must(segments_check(s, &report, &e), &e);
        assert_true(report.erased == 1 && report.unfinished == 0);
        segments_close(s);
        simdisk_free(after);
    }
    arena_free(a);
}

static void a_lost_tail_is_told_by_the_hint(void **state)
{
    struct simdisk *d = simdisk_new(1), *backup;
    struct work w = {.seed = 5, .segment_bytes = 4096, .record_most = 500};
    struct err e = {0};
    struct segments *s = work_open(&w, d, 0, &e);

    (void)state;
    for (int i = 0; i < 4; i++)
        must(work_commit(&w, s, 3, &e), &e);
    segments_close(s);
    backup = simdisk_copy(d, 2);
    s = work_open(&w, d, w.batches[3].next, &e);
    must(work_commit(&w, s, 3, &e), &e);
    segments_close(s);
    assert_null(work_open(&w, backup, w.batches[4].next, &e));
    assert_int_equal(e.code, ERR_PROOF);
    assert_non_null(strstr(e.text, "the log ends at position"));
    assert_non_null(strstr(e.hint, "backup"));
    assert_null(work_open(&w, d, w.batches[4].position + 512, &e));
    assert_int_equal(e.code, ERR_PROOF);
    s = work_open(&w, d, w.batches[4].next, &e);
    must(s != NULL, &e);
    segments_close(s);
    simdisk_free(d);
    simdisk_free(backup);
}

static void one_writer_and_lookers_on(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *empty = test_dir(a);
    struct segments_options ro = {.read_only = true};
    struct segments *s = open_real(dir, NULL), *v;
    uint64_t p = append(s, 1, BYTES("seen")), q;
    struct segments_report report;
    struct err e = {0};
    struct bytes b = BYTES("x");

    (void)state;
    commit(s, "note");
    assert_null(segments_open(os_system(), dir, NULL, &e));
    assert_int_equal(e.code, ERR_DENIED);
    v = open_real(dir, &ro);
    reads_as(v, a, p, BYTES("seen"));
    must(segments_check(v, &report, &e), &e);
    must_fail(segments_append(v, 1, &b, 1, &q, &e), &e, ERR_DENIED, "reading only");
    must_fail(segments_commit(v, b, NULL, &e), &e, ERR_DENIED, "reading only");
    must_fail(segments_erase(v, p, &e), &e, ERR_DENIED, "reading only");
    must_fail(segments_prepare(v, &e), &e, ERR_DENIED, "reading only");
    segments_close(v);
    assert_null(segments_open(os_system(), empty, &ro, &e));
    assert_int_equal(e.code, ERR_MISSING);
    segments_close(s);
    test_dir_remove(dir);
    test_dir_remove(empty);
    arena_free(a);
}

/* ---- threads
 * ------------------------------------------------------------------------------------- */

enum { ROUNDS = 300 };

struct shared {
    struct segments *s;
    _Atomic uint64_t position[ROUNDS];
    atomic_size_t n;
    atomic_bool failed;
};

static bool plausible(const struct segments_record *r, size_t i)
{
    uint8_t want = (uint8_t)i;

    return r->size == 100 + i &&
           (r->erased || (r->payload.n == r->size && r->payload.p[0] == want &&
                          r->payload.p[r->size - 1] == want));
}

static void *read_some(void *arg)
{
    struct shared *t = arg;
    struct arena *a = arena_new(1 << 20);
    struct rng r = rng_of((uint64_t)(uintptr_t)&a);

    while (atomic_load(&t->n) < ROUNDS && !t->failed) {
        size_t n = atomic_load(&t->n), i = n ? (size_t)rng_below(&r, n) : 0;
        struct arena_mark m = arena_mark(a);
        struct segments_record rec;
        struct err e = {0};
        if (n && (!segments_read(t->s, t->position[i], a, &rec, &e) || !plausible(&rec, i))) {
            print_error("reading: %s\n", e.text);
            t->failed = true;
        }
        arena_reset(a, m);
    }
    arena_free(a);
    return NULL;
}

static void *walk_along(void *arg)
{
    struct shared *t = arg;
    struct err e = {0};
    struct segments_iter *it = segments_iter_open(t->s, 0, &e);
    const struct segments_batch *b;

    for (size_t i = 0; i < ROUNDS && !t->failed;) {
        if (!segments_next(it, &b, &e) || (b && (b->n != 1 || !plausible(&b->records[0], i)))) {
            print_error("walking: %s\n", e.text);
            t->failed = true;
        } else if (b) {
            i++;
        }
    }
    segments_iter_close(it);
    return NULL;
}

static void readers_beside_the_writer(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct segments_options o = {.segment_bytes = 8192};
    static struct shared t; /* lives as long as the threads */
    uint8_t payload[100 + ROUNDS];
    pthread_t threads[3];
    struct err e = {0};

    (void)state;
    t.s = open_real(dir, &o);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, i ? read_some : walk_along, &t);
    for (size_t i = 0; i < ROUNDS; i++) {
        memset(payload, (int)(uint8_t)i, sizeof payload);
        t.position[i] = append(t.s, 1, bytes_of(payload, 100 + i));
        commit(t.s, "");
        if (i % 3 == 0)
            must(segments_erase(t.s, t.position[i / 2], &e), &e);
        atomic_store(&t.n, i + 1);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_false(t.failed);
    segments_close(t.s);
    test_dir_remove(dir);
    arena_free(a);
}

static void a_run_reads_what_each_read_does(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct segments_options o = {.segment_bytes = 1 << 20};
    struct segments *s = open_real(dir, &o);
    struct rng rng = rng_from_env("run");
    struct err e = {0};
    enum { N = 3000 };
    uint64_t *at = arena_get_array(a, N, 8, &e);
    struct segments_record *run = arena_get_array(a, N, sizeof *run, &e), one;
    uint8_t *bytes = arena_get(a, 1 << 20, &e);

    (void)state;
    rng_bytes(&rng, bytes, 1 << 20);
    for (size_t i = 0; i < N; i++) { /* small, empty, and some longer than any window */
        size_t n = rng_below(&rng, 200) == 0 ? 400000 : rng_below(&rng, 3000);
        at[i] = append(s, 9, bytes_of(bytes + i, n));
        if (i % 100 == 99)
            commit(s, "note");
    }
    must(segments_erase(s, at[77], &e), &e);
    must(segments_read_run(s, at, N, a, run, &e), &e);
    for (size_t i = 0; i < N; i++) {
        struct arena_mark m = arena_mark(a);
        must(segments_read(s, at[i], a, &one, &e), &e);
        assert_true(one.position == run[i].position && one.size == run[i].size &&
                    one.kind == run[i].kind && one.erased == run[i].erased &&
                    bytes_equal(one.payload, run[i].payload));
        arena_reset(a, m);
    }
    assert_true(run[77].erased);
    at[5]++;
    must_fail(segments_read_run(s, at, N, a, run, &e), &e, ERR_INPUT, "no record");
    at[5] = at[4] + 8;
    must_fail(segments_read_run(s, at, N, a, run, &e), &e, ERR_PROOF, NULL);
    segments_close(s);
    test_dir_remove(dir);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_read),
        cmocka_unit_test(directories_made_are_synced_too),
        cmocka_unit_test(a_discarded_batch_leaves_nothing),
        cmocka_unit_test(one_write_and_one_sync_per_commit),
        cmocka_unit_test(a_prepared_file_does_not_grow),
        cmocka_unit_test(huge_records_and_batches),
        cmocka_unit_test(many_files_come_and_go),
        cmocka_unit_test(iterating_from_a_boundary_and_on),
        cmocka_unit_test(erased_and_not_corrupt),
        cmocka_unit_test(an_erasure_cut_short_is_seen_and_done_again),
        cmocka_unit_test(a_lost_tail_is_told_by_the_hint),
        cmocka_unit_test(one_writer_and_lookers_on),
        cmocka_unit_test(readers_beside_the_writer),
        cmocka_unit_test(a_run_reads_what_each_read_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
