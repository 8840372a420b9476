/* lookout: scores, files on several threads, tallies and the queue of sightings. */
#include "support/support.h"

#include "lookout/daemon.h"
#include "lookout/pool.h"
#include "lookout/sightings.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- scores ---- */

static const struct score_row {
    const char *name;
    enum watch_kind kind;
    int confidence;
    int64_t days;
    unsigned score;
} scores[] = {
    {"what says no confidence has fifty", WATCH_DOMAIN, -1, 0, 50},
    {"a fresh one has its confidence", WATCH_IPV4, 80, 0, 80},
    {"half its lifetime takes an eighth", WATCH_IPV4, 80, 45, 70},
    {"at the end of its lifetime nothing is left", WATCH_IPV4, 100, 90, 0},
    {"long after it still nothing", WATCH_URL, 100, 5000, 0},
    {"a digest does not age", WATCH_SHA256, 90, 5000, 90},
    {"one from tomorrow is fresh", WATCH_DOMAIN, 40, -1, 40},
};

static void scores_as(void **state)
{
    const struct score_row *r = *state;

    assert_int_equal(lookout_score(r->kind, r->confidence, r->days * 86400), r->score);
}

/* ---- many threads ---- */

struct lines {
    struct arena *arena;
    struct buf text;
};

static bool put_hit(void *self, const char *path, const struct watch_hit *h)
{
    struct lines *l = self;

    buf_format(&l->text, "%s:%llu:%llu:%.*s:%.*s:%.*s:%lld:%.*s\n", strrchr(path, '/') + 1,
               (unsigned long long)h->line_number, (unsigned long long)h->offset, BYTES_FMT(h->log),
               BYTES_FMT(h->field), BYTES_FMT(h->seen), (long long)h->event_us,
               BYTES_FMT(h->indicator->value));
    return true;
}

static void no_trouble(void *self, const char *path, const struct err *why)
{
    (void)self;
    fail_msg("%s: %s", path, why->text);
}

static struct bytes hits_of(struct arena *a, struct watch_index *ix, const char *const *paths,
                            size_t n, unsigned threads, uint64_t part)
{
    struct lines l = {a, buf_in(a)};
    struct pool_options o = {.os = os_system(),
                             .index = ix,
                             .threads = threads,
                             .part_bytes = part,
                             .hit = put_hit,
                             .trouble = no_trouble,
                             .self = &l};
    struct pool_counts counts;
    struct bytes out;
    struct err e = {0};

    must(pool_scan(&o, paths, n, &counts, &e), &e);
    must(buf_end(&l.text, &out, &e), &e);
    return out;
}

static struct watch_index *small_index(struct arena *a)
{
    struct err e = {0};
    struct watch_builder *b = watch_builder_new(os_system(), &e);
    struct watch_index *ix;
    struct bytes file;

    must(b != NULL, &e);
    for (int i = 0; i < 7; i++) {
        char *v = arena_format(a, &e, "x%d.example.org", i);
        struct watch_indicator in = {.kind = WATCH_DOMAIN, .value = bytes_text(v)};
        must(watch_builder_add(b, &in, &e), &e);
    }
    must(watch_builder_encode(b, a, &file, NULL, &e), &e);
    watch_builder_free(b);
    ix = watch_index_of(file, &e);
    must(ix != NULL, &e);
    return ix;
}

/* A Zeek log whose columns change, or lines of JSON, or text. */
static char *random_log(struct arena *a, struct rng *r, const char *dir, int form)
{
    char *path = arena_format(a, NULL, "%s/log%d", dir, form);
    struct buf b = buf_in(a);
    struct bytes text;
    struct err e = {0};
    uint64_t columns = 2;

    for (int i = 0; i < 4000; i++) {
        uint64_t what = rng_below(r, 100);
        if (form == 0 && (i == 0 || what == 0)) {
            columns = 2 + rng_below(r, 3);
            buf_format(&b, "#separator \\x09\n#path\tlog%llu\n#fields\tts",
                       (unsigned long long)columns);
            for (uint64_t c = 1; c < columns; c++)
                buf_format(&b, "\tf%llu_%d", (unsigned long long)c, i);
            buf_puts(&b, "\n");
        }
        buf_format(&b, form == 0 ? "%d.5" : form == 1 ? "{\"ts\":%d.5,\"q\":\"" : "%d ", 1000 + i);
        for (uint64_t c = 1; c < columns; c++)
            buf_format(&b, "%sx%llu.example.org",
                       form == 0 ? "\t"
                       : c > 1   ? " "
                                 : "",
                       (unsigned long long)rng_below(r, 60));
        buf_puts(&b, form == 1 ? "\"}\n" : "\n");
    }
    if (rng_below(r, 2))
        buf_puts(&b, form == 0 ? "9.5\tx1.example.org" : "x1.example.org");
    must(buf_end(&b, &text, &e) && os_write_file_lazy(os_system(), path, text, &e), &e);
    return path;
}

static void threads_give_what_one_gives(void **state)
{
    struct rng r = rng_from_env("pool");
    struct arena *a = test_arena();
    struct watch_index *ix = small_index(a);
    char *dir = test_dir(a);

    (void)state;
    for (int round = 0; round < 3; round++) {
        const char *paths[3];
        struct bytes one, many;
        for (int form = 0; form < 3; form++)
            paths[form] = random_log(a, &r, dir, form);
        one = hits_of(a, ix, paths, 3, 1, 0);
        assert_true(one.n > 1000);
        for (unsigned threads = 2; threads < 5; threads++) {
            many = hits_of(a, ix, paths, 3, threads, 512 + rng_below(&r, 20000));
            assert_int_equal(many.n, one.n);
            assert_memory_equal(many.p, one.p, one.n);
        }
    }
    watch_index_close(ix);
    test_dir_remove(dir);
    arena_free(a);
}

/* ---- tallies ---- */

#define ROW "0123456789abcdef0123456789abcdef north 7 00112233445566778899aabbccddeeff "
static const struct tally_row {
    const char *name, *text, *says;
} tallies[] = {
    {"one row", "entente tally 1\n" ROW "3 5 9\nend 1\n", NULL},
    {"no row", "entente tally 1\nend 0\n", NULL},
    {"another format", "entente tally 2\nend 0\n", "no tally"},
    {"cut", "entente tally 1\n" ROW "3 5 9\n", "no end"},
    {"a row is missing", "entente tally 1\n" ROW "3 5 9\nend 2\n", "does not end"},
    {"something behind", "entente tally 1\nend 0\nmore\n", "does not end"},
    {"nothing counted", "entente tally 1\n" ROW "0 5 9\nend 1\n", "line 2"},
    {"last before first", "entente tally 1\n" ROW "3 9 5\nend 1\n", "line 2"},
    {"a sign", "entente tally 1\n" ROW "3 -5 9\nend 1\n", "line 2"},
    {"a slug that climbs",
     "entente tally 1\n0123456789abcdef0123456789abcdef ../x 7 00112233445566778899aabbccddeeff 3 "
     "5 "
     "9\nend 1\n",
     "line 2"},
};

static bool count_row(void *self, const struct sighting *s)
{
    *(uint64_t *)self += s->count;
    return true;
}

static void tally_reads(void **state)
{
    const struct tally_row *r = *state;
    struct err e = {0};
    uint64_t n = 0;
    bool ok = spool_parse(bytes_text(r->text), count_row, &n, &e);

    if (r->says)
        must_fail(ok, &e, ERR_INPUT, r->says);
    else
        must(ok, &e);
}

/* ---- the queue ---- */

static void put_tally(struct arena *a, const char *dir, const char *name, const char *rows)
{
    struct err e = {0};
    char *spool = arena_format(a, &e, "%s/spool", dir);
    char *path = arena_format(a, &e, "%s/%s.tally", spool, name);
    char *text = arena_format(a, &e, "entente tally 1\n%send 1\n", rows);

    must(os_make_dirs(os_system(), spool, &e) &&
             os_write_file(os_system(), path, bytes_text(text), 0, &e),
         &e);
}

static uint64_t waiting(const char *dir, size_t *rows)
{
    struct err e = {0};
    struct sightings *s = sightings_open(os_system(), dir, &e);
    uint64_t sum = 0;

    must(s != NULL, &e);
    *rows = sightings_count(s);
    for (size_t i = 0; i < sightings_count(s); i++)
        sum += sightings_at(s, i)->count;
    sightings_close(s);
    return sum;
}

static void a_tally_is_taken_up_once(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *queue = arena_format(a, NULL, "%s/sightings", dir);
    struct bytes before, line;
    struct buf b = buf_in(a);
    struct err e = {0};
    size_t rows;

    (void)state;
    put_tally(a, dir, "one", ROW "3 5 9\n");
    assert_int_equal(waiting(dir, &rows), 3);
    assert_int_equal(waiting(dir, &rows), 3);
    put_tally(a, dir, "two", ROW "4 2 7\n");
    assert_int_equal(waiting(dir, &rows), 7);
    assert_int_equal(rows, 1);
    /* A crash behind the write and before the removal: the file is there still, and named. */
    put_tally(a, dir, "two", ROW "4 2 7\n");
    must(os_read_file(os_system(), queue, 65536, a, &before, &e), &e);
    bytes_next_line(&before, &line);
    buf_format(&b, "%.*s\ntaken two.tally\n%.*s", BYTES_FMT(line), BYTES_FMT(before));
    must(buf_end(&b, &before, &e) && os_write_file(os_system(), queue, before, 0, &e), &e);
    assert_int_equal(waiting(dir, &rows), 7);
    assert_int_equal(waiting(dir, &rows), 7);
    test_dir_remove(dir);
    arena_free(a);
}

static void a_damaged_queue_is_refused(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *queue = arena_format(a, NULL, "%s/sightings", dir);
    struct err e = {0};

    (void)state;
    must(os_write_file(os_system(), queue, BYTES("entente sightings 1\nwait x\nend\n"), 0, &e), &e);
    must_fail(sightings_open(os_system(), dir, &e) != NULL, &e, ERR_INPUT, "damaged");
    err_clear(&e);
    must(os_write_file(os_system(), queue, BYTES("entente sightings 1\n"), 0, &e), &e);
    must_fail(sightings_open(os_system(), dir, &e) != NULL, &e, ERR_INPUT, "no end");
    test_dir_remove(dir);
    arena_free(a);
}

/* ---- what was gathered ---- */

struct text {
    struct bytes rest;
};

static bool read_text(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct text *t = self;

    (void)e;
    *got = t->rest.n < n ? t->rest.n : n;
    memcpy(out, t->rest.p, *got);
    t->rest = bytes_part(t->rest, *got, SIZE_MAX);
    return true;
}

static void what_a_file_says_is_compiled_with_its_catalogue(void **state)
{
    struct arena *a = test_arena();
    struct text t = {BYTES("evil.example.org\n192.0.2.1\nhxxp://bad.example.net/x\n")};
    struct lookout_policy p = {.now = 1700000000, .max_tlp = 4};
    struct lookout_report r;
    struct watch_catalogue *c = NULL;
    struct catalogue_fact f;
    struct watch_index *ix;
    struct bytes index, refs;
    struct err e = {0};
    struct lookout *l = lookout_new(os_system(), &e);
    uint8_t *broken;

    (void)state;
    must(l && lookout_add_file(l, "dir/list.txt", read_text, &t, NULL, &e), &e);
    must(lookout_compile_here(l, &p, a, &index, &refs, &r, &e), &e);
    assert_int_equal(r.taken, 3);
    assert_int_equal(r.built.by_kind[WATCH_URL], 1);
    ix = watch_index_of(index, &e);
    must(ix && (c = catalogue_of(refs, ix, &e)), &e);
    assert_true(catalogue_find(c, 2, &f) && bytes_are(f.slug, "list.txt"));
    assert_false(catalogue_find(c, 3, &f));
    catalogue_close(c);
    broken = arena_get(a, refs.n, &e);
    for (size_t i = 0; i < refs.n; i++) { /* whatever byte is wrong, it is seen */
        memcpy(broken, refs.p, refs.n);
        broken[i] ^= 1;
        err_clear(&e);
        must_fail(catalogue_of(bytes_of(broken, refs.n), ix, &e) != NULL, &e, ERR_INPUT, NULL);
    }
    for (size_t n = 0; n < refs.n; n++)
        assert_null(catalogue_of(bytes_part(refs, 0, n), ix, NULL));
    watch_index_close(ix);
    lookout_free(l);
    arena_free(a);
}

static void kept_rows_survive_a_torn_file(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *path = arena_format(a, NULL, "%s/gathered", dir);
    struct text t = {BYTES("evil.example.org\n192.0.2.1\n")};
    struct err e = {0};
    struct lookout *l = lookout_new(os_system(), &e);
    struct bytes file;

    (void)state;
    must(l && lookout_add_file(l, "list.txt", read_text, &t, NULL, &e) && lookout_save(l, path, &e),
         &e);
    lookout_free(l);
    must(os_read_file(os_system(), path, 65536, a, &file, &e), &e);
    for (size_t n = 0; n <= file.n; n++) { /* torn anywhere: begun anew, never a wrong row */
        struct lookout_policy p = {.now = 1700000000, .max_tlp = 4};
        struct lookout_report r;
        struct bytes index, refs;
        must(os_write_file_lazy(os_system(), path, bytes_part(file, 0, n), &e), &e);
        l = lookout_new(os_system(), &e);
        must(l && lookout_load(l, path, &e) &&
                 lookout_compile_here(l, &p, a, &index, &refs, &r, &e),
             &e);
        assert_int_equal(r.objects, n == file.n ? 2 : 0);
        lookout_free(l);
    }
    test_dir_remove(dir);
    arena_free(a);
}

#define ROWS(table) (sizeof(table) / sizeof *(table))

int main(void)
{
    struct CMUnitTest tests[ROWS(scores) + ROWS(tallies) + 5];
    size_t n = 0;

    for (size_t i = 0; i < ROWS(scores); i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(scores_as, scores[i]);
    for (size_t i = 0; i < ROWS(tallies); i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(tally_reads, tallies[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(threads_give_what_one_gives);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_tally_is_taken_up_once);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_damaged_queue_is_refused);
    tests[n++] =
        (struct CMUnitTest)cmocka_unit_test(what_a_file_says_is_compiled_with_its_catalogue);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(kept_rows_survive_a_torn_file);
    assert_int_equal(n, ROWS(tests));
    return cmocka_run_group_tests_name("lookout", tests, NULL, NULL) ? 1 : 0;
}
