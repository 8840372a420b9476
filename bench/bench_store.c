/* The log against the bare disk, and the index.
 *
 * Batches of 1,024 records of 1 KB are committed; in the same run, turn by turn, the same number of
 * bytes is written with one pwrite and one fdatasync per batch, to a growing file and to one
 * written with zeros before. */
#include "base/arena.h"
#include "bench.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define RECORD ((size_t)1024)
#define PER_BATCH 1024
#define RUNS 5

static void die(const struct err *e)
{
    fprintf(stderr, "bench_store: %s\n", e->text);
    exit(1);
}

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static char *fresh_dir(void)
{
    const char *tmp = getenv("TMPDIR");
    char path[512], *dir;

    snprintf(path, sizeof path, "%s/entente-bench-XXXXXX", tmp ? tmp : "/tmp");
    dir = mkdtemp(path);
    if (!dir) {
        perror(path);
        exit(1);
    }
    return strdup(dir);
}

static void remove_dir(char *dir)
{
    struct arena *a = arena_new(1 << 24);
    struct bytes *names;
    char path[1024];
    struct err e = {0};
    size_t n;

    if (!a || !os_list(os_system(), dir, a, &names, &n, &e))
        die(&e);
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%.*s", dir, BYTES_FMT(names[i]));
        os_remove(os_system(), path, NULL);
    }
    os_remove(os_system(), dir, NULL);
    arena_free(a);
    free(dir);
}

static long rss_kb(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

/* ---- append and commit ------------------------------------------------------------------------
 */

static uint8_t payload[RECORD];

static double log_run(struct segments *s, size_t batches, bool prepare, double *cpu)
{
    double spent = 0, used = 0;
    struct bytes b = bytes_of(payload, RECORD);
    struct err e = {0};
    uint64_t position;

    for (size_t i = 0; i < batches; i++) {
        double from, cpu_from;
        if (prepare && !segments_prepare(s, &e)) /* in what would be an idle moment */
            die(&e);
        from = bench_now();
        cpu_from = cpu_now();
        for (size_t k = 0; k < PER_BATCH; k++)
            if (!segments_append(s, 1, &b, 1, &position, &e))
                die(&e);
        if (!segments_commit(s, BYTES("a checkpoint of some two hundred bytes"), NULL, &e))
            die(&e);
        spent += bench_now() - from;
        used += cpu_now() - cpu_from;
    }
    *cpu = used / (double)(batches * PER_BATCH) * 1e6;
    return (double)(batches * PER_BATCH) / spent;
}

/* The same bytes without us: so many per batch as the log writes. */
static double raw_run(const char *dir, size_t batches, size_t bytes, bool zeroed)
{
    const struct os *os = os_system();
    uint8_t *buf = calloc(1, bytes);
    struct os_file *f = NULL;
    double spent = 0;
    struct err e = {0};
    char path[1024];

    snprintf(path, sizeof path, "%s/raw", dir);
    if (!buf || !os_open(os, path, OS_READ | OS_WRITE | OS_CREATE, &f, &e))
        die(&e);
    for (size_t i = 0; zeroed && i < batches; i++)
        if (!os_write(os, f, i * bytes, bytes_of(buf, bytes), &e))
            die(&e);
    if (!os_sync(os, f, &e))
        die(&e);
    memset(buf, 0x5a, bytes);
    for (size_t i = 0; i < batches; i++) {
        double from = bench_now();
        if (!os_write(os, f, i * bytes, bytes_of(buf, bytes), &e) || !os_sync(os, f, &e))
            die(&e);
        spent += bench_now() - from;
    }
    os_close(os, f);
    os_remove(os, path, NULL);
    free(buf);
    return (double)(batches * PER_BATCH) / spent;
}

static void bench_append(bool prepare)
{
    size_t batches = bench_small() ? 16 : 64, runs = bench_small() ? 3 : RUNS;
    double ours[RUNS], raw[RUNS], cpu[RUNS];
    uint64_t syncs = 0, commits = 0, bytes = 0;
    char more[256];

    for (size_t r = 0; r < runs; r++) {
        char *dir = fresh_dir();
        struct segments_options o = {0};
        struct err e = {0};
        struct segments *s = segments_open(os_system(), dir, &o, &e);
        struct segments_counts c;
        if (!s)
            die(&e);
        if (prepare) { /* past the first file, which is never prepared */
            struct bytes big = {calloc(1, (size_t)60 << 20), (size_t)60 << 20};
            uint64_t p;
            if (!big.p || !segments_append(s, 1, &big, 1, &p, &e) ||
                !segments_commit(s, BYTES(""), NULL, &e) || !segments_prepare(s, &e) ||
                !segments_append(s, 1, &(struct bytes){big.p, (size_t)6 << 20}, 1, &p, &e) ||
                !segments_commit(s, BYTES(""), NULL, &e))
                die(&e);
            free((void *)(uintptr_t)big.p);
        }
        c = segments_counts(s);
        ours[r] = log_run(s, batches, prepare, &cpu[r]);
        syncs += segments_counts(s).syncs - c.syncs;
        commits += segments_counts(s).commits - c.commits;
        bytes = (segments_counts(s).bytes - c.bytes) / batches;
        segments_close(s);
        raw[r] = raw_run(dir, batches, (size_t)bytes, prepare);
        remove_dir(dir);
    }
    snprintf(more, sizeof more,
             ",\"cpu_us_per_record\":%.3f,\"syncs_per_commit\":%.3f,\"MBps\":%.1f,"
             "\"bytes_per_record\":%.1f,\"max_rss_kb\":%ld",
             bench_median(cpu, runs), (double)syncs / (double)commits,
             bench_median(ours, runs) * (double)bytes / PER_BATCH / 1e6, (double)bytes / PER_BATCH,
             rss_kb());
    bench_print(&(struct bench_case){
        .name = prepare ? "store/commit-1024x1KB-prepared" : "store/commit-1024x1KB",
        .unit = "records/s",
        .n = batches * PER_BATCH,
        .samples = ours,
        .runs = runs,
        .against = prepare ? "pwrite+fdatasync, written before" : "pwrite+fdatasync, growing",
        .against_samples = raw,
        .against_runs = runs,
        .more = more});
}

/* One record per commit: what a single act waits for. */
static void bench_single(void)
{
    size_t n = bench_small() ? 100 : 400;
    double ours[RUNS], raw[RUNS];

    for (size_t r = 0; r < 3; r++) {
        char *dir = fresh_dir();
        struct err e = {0};
        struct segments *s = segments_open(os_system(), dir, NULL, &e);
        struct bytes b = bytes_of(payload, RECORD);
        double from = bench_now();
        uint64_t p;
        for (size_t i = 0; s && i < n; i++)
            if (!segments_append(s, 1, &b, 1, &p, &e) || !segments_commit(s, b, NULL, &e))
                die(&e);
        if (!s)
            die(&e);
        ours[r] = (double)n / (bench_now() - from);
        segments_close(s);
        raw[r] = raw_run(dir, n, 2560, false) / PER_BATCH;
        remove_dir(dir);
    }
    bench_print(&(struct bench_case){.name = "store/commit-1x1KB",
                                     .unit = "commits/s",
                                     .n = n,
                                     .samples = ours,
                                     .runs = 3,
                                     .against = "pwrite+fdatasync, growing",
                                     .against_samples = raw,
                                     .against_runs = 3});
}

/* ---- reading it all
 * ------------------------------------------------------------------------------ */

static void walk(struct segments *s, double *rate, size_t *records)
{
    struct err e = {0};
    struct segments_iter *it = segments_iter_open(s, 0, &e);
    const struct segments_batch *b;
    double from = bench_now();

    *records = 0;
    do {
        if (!it || !segments_next(it, &b, &e))
            die(&e);
        *records += b ? b->n : 0;
    } while (b);
    *rate = (double)segments_end(s) / (bench_now() - from) / 1e9;
    segments_iter_close(it);
}

static void bench_iterate(void)
{
    size_t batches = bench_small() ? 64 : 512, records = 0;
    char *dir = fresh_dir();
    double rate[RUNS], cpu;
    struct err e = {0};
    struct segments *s = segments_open(os_system(), dir, NULL, &e);

    if (!s)
        die(&e);
    log_run(s, batches, false, &cpu);
    walk(s, rate, &records); /* into the cache */
    for (size_t r = 0; r < RUNS; r++)
        walk(s, &rate[r], &records);
    segments_close(s);
    remove_dir(dir);
    bench_print(&(struct bench_case){
        .name = "store/iterate", .unit = "GB/s", .n = records, .samples = rate, .runs = RUNS});
}

static void bench_open(void)
{
    char *dir = fresh_dir();
    double ms[RUNS], cpu;
    struct err e = {0};
    struct segments *s = segments_open(os_system(), dir, NULL, &e);
    uint64_t end;

    if (!s)
        die(&e);
    log_run(s, 120, false, &cpu);
    for (size_t r = 0; r < RUNS; r++) {
        double from;
        end = segments_end(s);
        segments_close(s);
        from = bench_now();
        s = segments_open(os_system(), dir, NULL, &e);
        if (!s || segments_end(s) != end)
            die(&e);
        ms[r] = (bench_now() - from) * 1e3;
    }
    segments_close(s);
    remove_dir(dir);
    bench_print(&(struct bench_case){.name = "store/open-without-hint",
                                     .unit = "ms",
                                     .n = 120 * PER_BATCH,
                                     .samples = ms,
                                     .runs = RUNS});
}

/* ---- the index
 * --------------------------------------------------------------------------------------- */

static int by_key(const void *x, const void *y)
{
    return memcmp(x, y, 32);
}

static double fill_index(bool ascending, size_t n, size_t batch, bool synced, double *cpu)
{
    static const char *const tables[] = {"keys"};
    uint8_t(*keys)[32] = malloc(n * 32);
    char *dir = fresh_dir();
    struct index_options o = {.synced = synced};
    struct err e = {0};
    struct index *ix = index_open(os_system(), dir, tables, 1, &o, &e);
    double from, cpu_from;

    if (!ix || !keys)
        die(&e);
    os_random(os_system(), keys, n * 32);
    if (ascending)
        qsort(keys, n, 32, by_key);
    from = bench_now();
    cpu_from = cpu_now();
    for (size_t b = 0; b < n; b += batch) {
        size_t m = n - b < batch ? n - b : batch;
        struct index_txn *t = index_begin(ix, &e);
        if (!ascending)
            qsort(keys + b, m, 32, by_key);
        for (size_t i = b; t && i < b + m; i++)
            if (!index_put(t, 0, bytes_of(keys[i], 32), bytes_of(keys[i], 16), &e) ||
                !index_step(&t, &e))
                die(&e);
        if (!t || !index_set_applied(t, "log", b + m, &e) || !index_commit(t, &e))
            die(&e);
    }
    *cpu = cpu_now() - cpu_from;
    from = bench_now() - from;
    if (!index_close(ix, &e))
        die(&e);
    free(keys);
    remove_dir(dir);
    return from;
}

static void bench_index(const char *name, bool ascending, bool synced)
{
    size_t n = bench_small() ? 200000 : 1000000, runs = bench_small() ? 1 : 3;
    double rate[RUNS], cpu[RUNS];
    char more[128];

    for (size_t r = 0; r < runs; r++)
        rate[r] = (double)n / fill_index(ascending, n, 100000, synced, &cpu[r]);
    snprintf(more, sizeof more, ",\"cpu_s\":%.2f,\"max_rss_kb\":%ld", bench_median(cpu, runs),
             rss_kb());
    bench_print(&(struct bench_case){
        .name = name, .unit = "puts/s", .n = n, .samples = rate, .runs = runs, .more = more});
}

int main(int argc, char **argv)
{
    os_random(os_system(), payload, sizeof payload);
    if (bench_wanted(argc, argv, "store/commit-1024x1KB"))
        bench_append(false);
    if (bench_wanted(argc, argv, "store/commit-1024x1KB-prepared"))
        bench_append(true);
    if (bench_wanted(argc, argv, "store/commit-1x1KB"))
        bench_single();
    if (bench_wanted(argc, argv, "store/iterate"))
        bench_iterate();
    if (bench_wanted(argc, argv, "store/open-without-hint"))
        bench_open();
    if (bench_wanted(argc, argv, "store/index-random"))
        bench_index("store/index-random", false, false);
    if (bench_wanted(argc, argv, "store/index-random-synced"))
        bench_index("store/index-random-synced", false, true);
    if (bench_wanted(argc, argv, "store/index-ascending"))
        bench_index("store/index-ascending", true, false);
    return 0;
}
