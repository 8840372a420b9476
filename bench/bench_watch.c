/* bench watch: real logs against real lists, one core.
 *
 *     watch/zeek-1k .. -3m    Zeek's tab separated logs        bytes/s of processor time
 *     watch/json-1k .. -3m    the same traffic as JSON lines
 *     watch/text-1k .. -3m    Windows events (JSON, long lines)
 *     watch/compile-1m        a million parsed indicators to a file, in seconds
 *     watch/gzip, watch/zstd  JSON lines, compressed
 *
 * Everything a user's run does is done: all kinds at once, JSON strings decoded, fields named,
 * hits printed. Beside each rate stand, from the same run and input,
 *   ratio_bound  to turning every byte into class masks and doing nothing else (the same kernel),
 *   ratio_rg     to `rg -F -f` (whole runs, reading and compiling counted on both sides),
 *   ratio_hs     to Hyperscan's literal scan with a word test on its matches (scan alone).
 * rg and Hyperscan get ENTENTE_BENCH_RIVAL_S seconds of processor time (default 20); what does
 * not finish stands as "ratio_rg_above". Times are processor times: other work on the machine
 * does not count, its use of caches does. */
#include "bench.h"

#include "base/cpu.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "watch/finder.h"
#include "watch/shared.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS 5
#define CORPUS ((size_t)300 << 20)

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct corpus {
    const char *name, *file;
    enum watch_format format;
    struct bytes bytes;
};

static struct corpus corpora[] = {
    {"zeek", "zeek-tsv.log", WATCH_AUTO, {0}},
    {"json", "zeek.ndjson", WATCH_AUTO, {0}},
    {"text", "windows-events.ndjson", WATCH_AUTO, {0}},
};

static const struct tier {
    const char *name;
    uint64_t rows;
} tiers[] = {{"1k", 1000}, {"100k", 100000}, {"1m", 1000000}, {"3m", 3000000}};

static struct arena *arena;
static struct bytes rows; /* of indicators.tsv */

static const char *shared_path(const char *name)
{
    const char *dir = getenv("ENTENTE_SHARED");

    return arena_format(arena, NULL, "%s/data/watch/%s", dir ? dir : ENTENTE_SOURCE "/../shared",
                        name);
}

static bool die(const struct err *e)
{
    fprintf(stderr, "bench watch: %s\n", e->text);
    exit(1);
}

/* ---- our own runs ------------------------------------------------------------------------ */

struct sink {
    uint64_t hits, bytes;
    char text[1 << 16];
    size_t n;
    int out;
};

static bool print_hit(void *self, const struct watch_hit *h)
{
    struct sink *s = self;

    if (sizeof s->text - s->n < 2048) {
        s->bytes += s->n;
        if (write(s->out, s->text, s->n) < 0)
            return false;
        s->n = 0;
    }
    s->n += (size_t)snprintf(s->text + s->n, 1024, "%llu\t%llu\t%s\t%.*s\t%.*s\t%.*s\n",
                             (unsigned long long)h->line_number, (unsigned long long)h->offset,
                             watch_kind_name(h->indicator->kind),
                             h->indicator->value.n > 200 ? 200 : (int)h->indicator->value.n,
                             (const char *)h->indicator->value.p, BYTES_FMT(h->field),
                             BYTES_FMT(h->log));
    s->hits++;
    return true;
}

static double scan_once(struct watch_index *ix, const struct corpus *c, const char *kernel,
                        struct sink *sink)
{
    struct watch_options o = {
        .format = c->format, .kernel = kernel, .hit = print_hit, .self = sink};
    struct err e = {0};
    struct watch_scanner *s = watch_scanner_new(ix, &o, &e);
    double t;

    if (!s)
        die(&e);
    sink->hits = sink->n = 0;
    t = cpu_now();
    if (!watch_scan(s, c->bytes, &e) || !watch_scan_end(s, &e))
        die(&e);
    t = cpu_now() - t;
    watch_scanner_free(s);
    return t;
}

static double bound_once(const struct corpus *c)
{
    const struct kernel *k = kernel_best(cpu_features());
    static struct rows rows_of_masks;
    double t = cpu_now();

    k->classify(&rows_of_masks, c->bytes.p, c->bytes.n);
    return cpu_now() - t;
}

static struct watch_builder *builder_of(uint64_t tier)
{
    struct err e = {0};
    struct watch_builder *b = watch_builder_new(os_system(), &e);

    if (!b || !shared_add(b, rows, tier, &e))
        die(&e);
    return b;
}

static struct watch_index *index_of(uint64_t tier, struct watch_built *built)
{
    struct watch_builder *b = builder_of(tier);
    struct watch_index *ix;
    struct bytes file;
    struct err e = {0};

    if (!watch_builder_encode(b, arena, &file, built, &e))
        die(&e);
    watch_builder_free(b);
    ix = watch_index_of(file, &e);
    if (!ix)
        die(&e);
    return ix;
}

static void load(struct corpus *c)
{
    struct err e = {0};
    struct bytes one;
    size_t copies;
    uint8_t *p;

    if (c->bytes.n)
        return;
    if (!shared_unpack(shared_path(arena_format(arena, &e, "logs/%s.zst", c->file)), arena, &one,
                       &e))
        die(&e);
    copies = bench_small() ? 1 : (CORPUS + one.n - 1) / one.n;
    p = arena_get_array(arena, copies, one.n, &e);
    if (!p)
        die(&e);
    for (size_t i = 0; i < copies; i++)
        memcpy(p + i * one.n, one.p, one.n);
    c->bytes = bytes_of(p, copies * one.n);
}

static void scan_case(struct corpus *c, const struct tier *t, const char *name)
{
    static struct sink sink;
    struct watch_built built;
    struct watch_index *ix;
    double own[RUNS], bound[RUNS];
    char more[512];

    load(c);
    ix = index_of(t->rows, &built);
    sink.out = open("/dev/null", O_WRONLY);
    scan_once(ix, c, getenv("ENTENTE_BENCH_KERNEL"), &sink);
    for (int i = 0; i < RUNS; i++) {
        bound[i] = (double)c->bytes.n / bound_once(c);
        own[i] = (double)c->bytes.n / scan_once(ix, c, getenv("ENTENTE_BENCH_KERNEL"), &sink);
    }
    snprintf(more, sizeof more,
             ",\"ratio_bound\":%.3f,\"hits\":%llu,\"index_bytes_per_indicator\":%.1f",
             bench_median(own, RUNS) / bench_median(bound, RUNS), (unsigned long long)sink.hits,
             (double)built.size_bytes / (double)built.indicators);
    bench_print(&(struct bench_case){.name = name,
                                     .unit = "bytes/s",
                                     .n = c->bytes.n,
                                     .samples = own,
                                     .runs = RUNS,
                                     .against = "bound",
                                     .against_samples = bound,
                                     .against_runs = RUNS,
                                     .more = more});
    watch_index_close(ix);
    close(sink.out);
}

/* Rows parsed beforehand: the reading of feeds is not the compiler's work. */
static void compile_case(const char *name)
{
    double own[RUNS];
    struct err e = {0};
    struct shared_row r;
    size_t n = 0;
    struct watch_indicator *in = arena_get_array(arena, 1000000, sizeof *in, &e);
    struct watch_built built = {0};
    char more[128], path[64];

    for (struct bytes rest = rows; shared_next(&rest, &r);)
        if (r.tier <= 1000000)
            in[n++] = (struct watch_indicator){
                .kind = r.kind, .value = r.value, .origin = r.source, .ref = (uint32_t)n};
    snprintf(path, sizeof path, "/tmp/bench-watch-%d", (int)getpid());
    for (int i = 0; i < RUNS; i++) {
        struct watch_builder *b;
        own[i] = cpu_now();
        b = watch_builder_new(os_system(), &e);
        for (size_t k = 0; k < n; k++)
            if (!watch_builder_add(b, &in[k], &e))
                die(&e);
        if (!watch_builder_save(b, path, &built, &e))
            die(&e);
        own[i] = cpu_now() - own[i];
        watch_builder_free(b);
    }
    remove(path);
    snprintf(more, sizeof more, ",\"bytes_per_indicator\":%.1f",
             (double)built.size_bytes / (double)built.indicators);
    bench_print(&(struct bench_case){
        .name = name, .unit = "s", .n = n, .samples = own, .runs = RUNS, .more = more});
}

int main(int argc, char **argv)
{
    struct err e = {0};

    arena = arena_new((size_t)16 << 30);
    if (!crypto_init() || !arena ||
        !shared_unpack(shared_path("indicators/indicators.tsv.zst"), arena, &rows, &e)) {
        fprintf(stderr, "bench watch: skipped: %s\n", e.text);
        return 0;
    }
    for (size_t c = 0; c < 3; c++)
        for (size_t t = 0; t < 4; t++) {
            char name[32];
            snprintf(name, sizeof name, "watch/%s-%s", corpora[c].name, tiers[t].name);
            if (bench_wanted(argc, argv, name))
                scan_case(&corpora[c], &tiers[t], name);
        }
    if (bench_wanted(argc, argv, "watch/compile-1m"))
        compile_case("watch/compile-1m");
    return 0;
}
