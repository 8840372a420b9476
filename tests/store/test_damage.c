/* One bit turned at every byte of a small store: found and named, or without effect. */
#include "workload.h"

#include <stdlib.h>

#define BATCHES 7

static struct simdisk *make(struct work *w)
{
    struct simdisk *d = simdisk_new(3);
    struct err e = {0};
    struct segments *s = work_open(w, d, 0, &e);

    must(s != NULL, &e);
    for (size_t i = 0; i < BATCHES; i++)
        must(work_commit(w, s, i % 4, &e), &e);
    w->batches[2].erased[1] = SURELY_ERASED;
    must(segments_erase(s, w->batches[2].records[1], &e), &e);
    segments_close(s);
    return d;
}

/* The file's base from its name, or UINT64_MAX. */
static uint64_t base_of(struct bytes name)
{
    if (name.n != 20 || !bytes_end_with(name, ".seg"))
        return UINT64_MAX;
    return strtoull((const char *)name.p, NULL, 16);
}

struct flip {
    const struct work *w;
    struct arena *a;
    struct bytes file;
    uint64_t base, byte, last_base;
    size_t batch; /* the batch it hits, or SIZE_MAX */
    unsigned bit;
};

#define WRONG(f, ...)                                                                              \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        fail_msg("%.*s byte %llu bit %u", BYTES_FMT((f)->file), (unsigned long long)(f)->byte,     \
                 (f)->bit);                                                                        \
    } while (0)

/* The error names the file, and a byte within the batch that was hit. */
static void must_name(const struct flip *f, const struct err *e)
{
    const char *file = strstr(e->text, arena_string(f->a, f->file, NULL));
    const char *at = strstr(e->text, "byte ");
    uint64_t byte, from, to;

    if (e->code != ERR_PROOF || !file || !at)
        WRONG(f, "%s: %s\n", err_name(e->code), e->text);
    if (f->batch == SIZE_MAX)
        return;
    byte = strtoull(at + 5, NULL, 10);
    from = f->w->batches[f->batch].position - f->base + 512;
    to = f->w->batches[f->batch].next - f->base + 512;
    if (byte < from || byte >= to || byte > f->byte)
        WRONG(f, "the wrong byte: %s\n", e->text);
}

static bool is_last_batch(const struct flip *f)
{
    return f->batch == BATCHES - 1;
}

/* With the index's position as hint nothing may be lost unnoticed. Without it, damage in the very
 * last batch cannot be told from a torn write, and drops that batch, saying so. */
static void look(const struct flip *f, struct simdisk *d, uint64_t hint)
{
    struct work w = *f->w;
    struct segments_report report = {0};
    struct err e = {0};
    struct segments *s = work_open(&w, d, hint, &e);
    const char *says;

    if (!s) {
        if (!hint || !strstr(e.text, "position")) /* the hint's own error names no byte */
            must_name(f, &e);
        return;
    }
    if (!segments_check(s, &report, &e)) {
        must_name(f, &e);
        segments_close(s);
        return;
    }
    if (f->batch != SIZE_MAX && !report.unfinished) {
        if (hint || !is_last_batch(f) || !segments_dropped(s))
            WRONG(f, "not noticed\n");
        w.done = w.tried = BATCHES - 1;
    } else if (f->batch == SIZE_MAX && f->byte < 512 && f->base != f->last_base) {
        WRONG(f, "a bad header was not noticed\n");
    }
    says = work_check(&w, s, &e);
    if (says)
        WRONG(f, "%s\n", says);
    segments_close(s);
}

static size_t batch_at(const struct work *w, uint64_t position)
{
    for (size_t i = 0; i < w->done; i++)
        if (position >= w->batches[i].position && position < w->batches[i].next)
            return i;
    return SIZE_MAX;
}

static void flip_all(struct simdisk *d, struct flip *f, uint64_t next)
{
    char *path = arena_format(f->a, NULL, WORK_DIR "/%.*s", BYTES_FMT(f->file));
    uint64_t enough = f->w->batches[BATCHES - 1].next + 600; /* and of the zeros behind, a few */
    struct simdisk *copy;

    for (f->byte = 0; f->base + f->byte < enough + 512; f->byte++) {
        uint64_t position = f->base + f->byte - 512;
        struct arena_mark m = arena_mark(f->a);
        bool ours = f->byte >= 512 && position < next;
        f->batch = ours ? batch_at(f->w, position) : SIZE_MAX;
        f->bit = (unsigned)(f->byte * 5 % 8);
        for (int hinted = 0; hinted < 2; hinted++) {
            copy = simdisk_copy(d, 1);
            if (!simdisk_flip(copy, path, f->byte, f->bit)) {
                simdisk_free(copy);
                return;
            }
            look(f, copy, hinted ? f->w->batches[BATCHES - 1].next : 0);
            simdisk_free(copy);
        }
        arena_reset(f->a, m);
    }
}

static void flips_in(uint64_t segment_bytes, size_t least_files)
{
    struct arena *a = test_arena();
    struct work w = {.seed = 11, .segment_bytes = segment_bytes, .record_most = 400};
    struct simdisk *d = make(&w);
    struct bytes *names;
    size_t n, files = 0;
    struct err e = {0};
    uint64_t last = 0;

    must(os_list(simdisk_os(d), WORK_DIR, a, &names, &n, &e), &e);
    for (size_t i = 0; i < n; i++)
        if (base_of(names[i]) != UINT64_MAX) {
            last = base_of(names[i]);
            files++;
        }
    assert_true(files >= least_files);
    for (size_t i = 0; i < n; i++) {
        struct flip f = {.w = &w, .a = a, .file = names[i], .base = base_of(names[i])};
        f.last_base = last;
        if (f.base != UINT64_MAX)
            flip_all(d, &f,
                     i + 1 < n && base_of(names[i + 1]) != UINT64_MAX ? base_of(names[i + 1])
                                                                      : UINT64_MAX);
    }
    simdisk_free(d);
    arena_free(a);
}

static void every_flipped_bit_is_found(void **state)
{
    (void)state;
    flips_in(2048, 2);
    flips_in(32768, 1); /* all batches in one file: what recovery looks at */
}

static void a_missing_or_short_file_is_named(void **state)
{
    struct work w = {.seed = 11, .segment_bytes = 4096, .record_most = 900};
    struct arena *a = test_arena();
    struct simdisk *d = make(&w), *copy;
    const struct os *os;
    struct bytes *names;
    size_t n;
    struct err e = {0};

    (void)state;
    must(os_list(simdisk_os(d), WORK_DIR, a, &names, &n, &e), &e);
    for (size_t i = 0; i < n; i++) {
        char *path = arena_format(a, &e, WORK_DIR "/%.*s", BYTES_FMT(names[i]));
        if (base_of(names[i]) == UINT64_MAX)
            continue;
        for (int cut = 0; cut < 2; cut++) {
            struct segments_report report;
            struct segments *s;
            struct os_file *f;
            bool ok;
            copy = simdisk_copy(d, 1);
            os = simdisk_os(copy);
            if (cut) {
                must(os_open(os, path, OS_READ | OS_WRITE, &f, &e), &e);
                must(os->ops->truncate(os->self, f, 700, &e), &e);
                os_close(os, f);
            } else {
                must(os_remove(os, path, &e), &e);
            }
            s = work_open(&w, copy, w.batches[BATCHES - 1].next, &e);
            ok = s && segments_check(s, &report, &e);
            must_fail(ok, &e, ERR_PROOF, NULL);
            segments_close(s);
            simdisk_free(copy);
        }
    }
    simdisk_free(d);
    arena_free(a);
}

static void another_stores_file_is_refused(void **state)
{
    struct work w = {.seed = 11, .segment_bytes = 4096, .record_most = 900}, v = w;
    struct arena *a = test_arena();
    struct simdisk *d = make(&w), *other = simdisk_new(4);
    struct segments_report report;
    struct segments *s;
    struct err e = {0};
    struct bytes b;

    (void)state;
    s = work_open(&v, other, 0, &e); /* the same history under another id */
    for (size_t i = 0; i < BATCHES; i++)
        must(work_commit(&v, s, i % 4, &e), &e);
    segments_close(s);
    for (size_t i = 1; i < BATCHES; i++) {
        char *path =
            arena_format(a, &e, WORK_DIR "/%016llx.seg", (unsigned long long)w.batches[i].position);
        struct simdisk *copy;
        if (!os_exists(simdisk_os(other), path))
            continue;
        copy = simdisk_copy(d, 1);
        must(os_read_file(simdisk_os(other), path, 1 << 20, a, &b, &e), &e);
        must(os_write_file(simdisk_os(copy), path, b, 0, &e), &e);
        s = work_open(&w, copy, w.batches[BATCHES - 1].next, &e);
        must_fail(s && segments_check(s, &report, &e), &e, ERR_PROOF, NULL);
        segments_close(s);
        simdisk_free(copy);
    }
    simdisk_free(d);
    simdisk_free(other);
    arena_free(a);
}

/* ---- bytes that are sound by themselves, and not where they belong
 * ------------------------------- */

#define FIRST_FILE WORK_DIR "/0000000000000000.seg"

static void splice(struct simdisk *to, struct simdisk *from, uint64_t position, size_t n)
{
    uint8_t buf[4096];
    struct os_file *f;
    struct err e = {0};

    assert_true(n <= sizeof buf);
    must(os_open(simdisk_os(from), FIRST_FILE, OS_READ, &f, &e), &e);
    must(os_read_exact(simdisk_os(from), f, position + 512, buf, n, &e), &e);
    os_close(simdisk_os(from), f);
    must(os_open(simdisk_os(to), FIRST_FILE, OS_READ | OS_WRITE, &f, &e), &e);
    must(os_write(simdisk_os(to), f, position + 512, bytes_of(buf, n), &e), &e);
    must(os_sync(simdisk_os(to), f, &e), &e);
    os_close(simdisk_os(to), f);
}

/* A batch of two records; *at: the position of the first. */
static uint64_t commit_two(struct segments *s, const char *one, const char *two, uint64_t *at)
{
    struct bytes b = bytes_text(one), c = bytes_text(two);
    struct err e = {0};
    uint64_t p, end = 0;

    must(segments_append(s, 1, &b, 1, at, &e) && segments_append(s, 1, &c, 1, &p, &e) &&
             segments_commit(s, BYTES("note"), &end, &e),
         &e);
    return end;
}

/* Two stores that share their beginning, as a restored backup that went on by itself. */
static void parts_of_another_history_are_refused(void **state)
{
    struct work w = {.segment_bytes = 65536};
    struct simdisk *d = simdisk_new(1), *x;
    struct err e = {0};
    struct segments *s = work_open(&w, d, 0, &e);
    uint64_t at, end;

    (void)state;
    commit_two(s, "shared", "beginning", &at);
    segments_close(s);
    for (int whole = 0; whole < 2; whole++) {
        struct simdisk *mine = simdisk_copy(d, 2);
        struct segments_report report;
        uint64_t start;
        x = simdisk_copy(d, 3);
        s = work_open(&w, x, 0, &e);
        start = segments_end(s);
        commit_two(s, "their word", "their deed", &at);
        segments_close(s);
        s = work_open(&w, mine, 0, &e);
        end = commit_two(s, "our  word", "our deeds!", &at);
        commit_two(s, "later", "on", &at);
        segments_close(s);
        /* one record and its header (24 + 16 bytes), or a whole batch */
        splice(mine, x, whole ? start : start + 40, whole ? (size_t)(end - start) : 40);
        s = work_open(&w, mine, 0, &e);
        must_fail(s != NULL, &e, ERR_PROOF, whole ? "does not follow" : "does not match");
        s = work_open(&w, mine, end + 512, &e);
        must(s != NULL, &e);
        must_fail(segments_check(s, &report, &e), &e, ERR_PROOF, NULL);
        segments_close(s);
        simdisk_free(mine);
        simdisk_free(x);
    }
    simdisk_free(d);
}

/* ---- damage in the last acknowledged batch while the one behind it is torn
 * ------------------------- */

static bool any_behind(struct simdisk *d, struct arena *a, uint64_t end)
{
    struct bytes file;
    struct err e = {0};

    must(os_read_file(simdisk_os(d), FIRST_FILE, 1 << 20, a, &file, &e), &e);
    for (size_t i = (size_t)end + 512; i < file.n; i++)
        if (file.p[i])
            return true;
    return false;
}

static void what_follows_shows_what_was_acknowledged(void **state)
{
    struct arena *a = test_arena();
    size_t refused = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        /* In every other round the torn batch has begun a file of its own. */
        uint64_t segment_bytes = seed % 2 ? 1 << 16 : 1536;
        struct work w = {.seed = seed, .segment_bytes = segment_bytes, .record_most = 300};
        struct simdisk *d = simdisk_new(seed), *after;
        struct err e = {0};
        struct segments *s = work_open(&w, d, 0, &e);
        uint64_t at, end = commit_two(s, "some words", "and deeds", &at);
        bool shown;
        simdisk_fail(d, seed % 2 ? 2 : 3, SIMDISK_POWER); /* the sync behind the write */
        assert_false(work_commit(&w, s, 6, &e));
        segments_close(s);
        after = simdisk_crash(d, seed);
        shown = seed % 2 ? any_behind(after, a, end)
                         : os_exists(simdisk_os(after), arena_format(a, &e, WORK_DIR "/%016llx.seg",
                                                                     (unsigned long long)end));
        assert_true(simdisk_flip(after, FIRST_FILE, at + 512 + 24 + 3, 2));
        s = work_open(&w, after, 0, &e);
        /* A later batch that came through whole has recovery begin behind the damage. */
        if (shown && s && !segments_check(s, &(struct segments_report){0}, &e))
            refused++;
        else if (shown)
            must_fail(s != NULL, &e, ERR_PROOF, "payload");
        else if (!s || !segments_dropped(s))
            fail_msg("%llu: %s", (unsigned long long)seed, e.text);
        refused += shown && !s;
        segments_close(s);
        simdisk_free(after);
        simdisk_free(d);
    }
    assert_true(refused > 100);
    arena_free(a);
}

static void a_torn_batch_leaves_nothing_behind(void **state)
{
    size_t dropped = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct work w = {.seed = seed, .segment_bytes = 65536, .record_most = 3000};
        struct simdisk *d = simdisk_new(seed), *after;
        struct err e = {0};
        struct segments *s = work_open(&w, d, 0, &e);
        uint64_t at;
        commit_two(s, "some words", "and deeds", &at);
        simdisk_fail(d, 2, SIMDISK_POWER);
        assert_false(work_commit(&w, s, WORK_RECORDS, &e));
        segments_close(s);
        after = simdisk_crash(d, seed);
        s = work_open(&w, after, 0, &e);
        must(s != NULL, &e);
        dropped += segments_dropped(s) > 0;
        commit_two(s, "short", "", &at);
        segments_close(s);
        s = work_open(&w, after, 0, &e);
        must(s != NULL, &e);
        assert_int_equal(segments_dropped(s), 0);
        segments_close(s);
        simdisk_free(after);
        simdisk_free(d);
    }
    assert_true(dropped > 30);
}

/* The header of a file goes out with its first batch: one may come through without the other. */
static void a_lost_file_header_is_written_again(void **state)
{
    struct work w = {.seed = 3, .segment_bytes = 2048, .record_most = 400};
    struct simdisk *d = simdisk_new(1);
    struct arena *a = test_arena();
    struct err e = {0};
    struct segments *s = work_open(&w, d, 0, &e);
    uint8_t zeros[512] = {0}, header[512];
    uint64_t last = 0;
    struct os_file *f;

    (void)state;
    while (segments_counts(s).dir_syncs < 2) {
        last = segments_end(s);
        must(work_commit(&w, s, 4, &e), &e);
    }
    segments_close(s);
    must(os_open(simdisk_os(d),
                 arena_format(a, &e, WORK_DIR "/%016llx.seg", (unsigned long long)last),
                 OS_READ | OS_WRITE, &f, &e),
         &e);
    must(os_read_exact(simdisk_os(d), f, 0, header, 512, &e), &e);
    must(os_write(simdisk_os(d), f, 0, bytes_of(zeros, 512), &e), &e);
    must(os_sync(simdisk_os(d), f, &e), &e);
    s = work_open(&w, d, 0, &e);
    must(s != NULL, &e);
    assert_null(work_check(&w, s, &e));
    must(os_read_exact(simdisk_os(d), f, 0, zeros, 512, &e), &e);
    assert_memory_equal(zeros, header, 512);
    os_close(simdisk_os(d), f);
    segments_close(s);
    simdisk_free(d);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(a_missing_or_short_file_is_named),
        cmocka_unit_test(another_stores_file_is_refused),
        cmocka_unit_test(parts_of_another_history_are_refused),
        cmocka_unit_test(what_follows_shows_what_was_acknowledged),
        cmocka_unit_test(a_torn_batch_leaves_nothing_behind),
        cmocka_unit_test(a_lost_file_header_is_written_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
