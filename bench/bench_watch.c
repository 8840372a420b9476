/* bench watch: real logs against real lists, one core.
 *
 *     watch/zeek-1k .. -3m    Zeek's tab separated logs        bytes/s of processor time
 *     watch/json-1k .. -3m    the same traffic as JSON lines
 *     watch/text-1k .. -3m    Windows events (JSON, long lines)
 *     watch/compile-1m        a million parsed indicators to a file, in seconds
 *     watch/zeek-2cores       two threads, each with half of the input, one index
 *     watch/gzip, watch/zstd  JSON lines, compressed; one thread unpacks, one searches
 *     watch/worst-*           every line a hit; only dots, hex, "://"; a gigabyte in one line
 *     watch/resident          bytes of the mapped file in memory after a scan, per indicator
 *     watch/patterns-*        STIX patterns over events (hunt/hunt.h), with an index and without
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
#include "hunt/hunt.h"
#include "watch/finder.h"
#include "watch/input_impl.h"
#include "watch/output.h"
#include "watch/shared.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#ifdef HAVE_HYPERSCAN
#include <hs.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS 5
#define CORPUS ((size_t)300 << 20)

static double clock_now(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu_now(void)
{
    return clock_now(CLOCK_PROCESS_CPUTIME_ID);
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
    uint64_t hits;
    int out;
    struct watch_writer *writer;
};

static bool write_out(void *self, struct bytes text, struct err *e)
{
    struct sink *s = self;

    return write(s->out, text.p, text.n) == (ssize_t)text.n ||
           err_fail(e, ERR_IO, "cannot write the hits");
}

static bool print_hit(void *self, const struct watch_hit *h)
{
    struct sink *s = self;

    s->hits++;
    return watch_writer_hit(s->writer, h);
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
    sink->hits = 0;
    sink->writer = watch_writer_new(WATCH_AS_JSON, write_out, sink, &e);
    t = cpu_now();
    if (!sink->writer || !watch_scan(s, c->bytes, &e) || !watch_scan_end(s, &e) ||
        !watch_writer_end(sink->writer, &e))
        die(&e);
    t = cpu_now() - t;
    watch_writer_free(sink->writer);
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

/* ---- rivals -------------------------------------------------------------------------------- */

static const char *scratch(const char *what)
{
    const char *dir = getenv("TMPDIR");

    return arena_format(arena, NULL, "%s/bench-watch-%d-%s", dir ? dir : "/tmp", (int)getpid(),
                        what);
}

static unsigned rival_seconds(void)
{
    const char *s = getenv("ENTENTE_BENCH_RIVAL_S");

    return s ? (unsigned)strtoul(s, NULL, 10) : 20;
}

static void write_file(const char *path, struct bytes b)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(b.p, 1, b.n, f) != b.n || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

static void write_list(const char *path, uint64_t tier)
{
    FILE *f = fopen(path, "wb");
    struct shared_row r;

    for (struct bytes rest = rows; f && shared_next(&rest, &r);)
        if (r.tier <= tier)
            fprintf(f, "%.*s\n", BYTES_FMT(r.value));
    if (!f || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

/* Processor time of `rg -F -f list file`; *finished false: that is where it was stopped; 0: there
 * is no rg here. */
static double rg_once(const char *list, const char *file, bool *finished)
{
    struct rusage before, after;
    int status;
    pid_t child;

    getrusage(RUSAGE_CHILDREN, &before);
    child = fork();
    if (child == 0) {
        struct rlimit most = {rival_seconds(), rival_seconds()};
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        setrlimit(RLIMIT_CPU, &most);
        execlp("rg", "rg", "-F", "-j1", "--no-config", "-a", "-N", "-f", list, file, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return 0;
    getrusage(RUSAGE_CHILDREN, &after);
    *finished = WIFEXITED(status);
    return (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
                    before.ru_stime.tv_sec) +
           1e-6 * (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec +
                           after.ru_stime.tv_usec - before.ru_stime.tv_usec);
}

#ifdef HAVE_HYPERSCAN
struct words {
    const char *p;
    const size_t *length;
    uint64_t n;
};

/* What `rg -w` asks: no word byte on either side. */
static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *self)
{
    struct words *w = self;
    size_t start = (size_t)to - w->length[id];

    (void)from, (void)flags;
    w->n += !(byte_class[(uint8_t)w->p[to]] & IS_WORD) &&
            (start == 0 || !(byte_class[(uint8_t)w->p[start - 1]] & IS_WORD));
    return 0;
}

/* Scan time; *compile is the compiler's. 0: it did not compile in time. */
static double hs_once(const struct corpus *c, uint64_t tier, double *compile)
{
    size_t n = 0, most = tier < 3000000 ? tier : 2807370;
    const char **text = arena_get_array(arena, most, sizeof *text, NULL);
    size_t *length = arena_get_array(arena, most, sizeof *length, NULL);
    unsigned *flags = arena_get_array(arena, most, sizeof *flags, NULL);
    unsigned *ids = arena_get_array(arena, most, sizeof *ids, NULL);
    struct words w = {(const char *)c->bytes.p, length, 0};
    hs_database_t *db = NULL;
    hs_compile_error_t *error = NULL;
    hs_scratch_t *room = NULL;
    struct shared_row r;
    double t = cpu_now();

    for (struct bytes rest = rows; shared_next(&rest, &r);)
        if (r.tier <= tier && n < most) {
            text[n] = (const char *)r.value.p;
            length[n] = r.value.n;
            ids[n] = (unsigned)n;
            n++;
        }
    if (hs_compile_lit_multi(text, flags, ids, length, (unsigned)n, HS_MODE_BLOCK, NULL, &db,
                             &error) != HS_SUCCESS)
        return 0;
    *compile = cpu_now() - t;
    hs_alloc_scratch(db, &room);
    t = cpu_now();
    hs_scan(db, w.p, (unsigned)c->bytes.n - 1, 0, room, on_match, &w);
    t = cpu_now() - t;
    hs_free_scratch(room);
    hs_free_database(db);
    return t;
}
#endif

/* The rows of one list alone: rg does not read those of larger ones either. */
static struct bytes rows_of(uint64_t tier)
{
    struct bytes rest = rows, line;
    uint8_t *p = arena_get(arena, rows.n + 1, NULL);
    size_t n = 0;

    while (p && bytes_next_line(&rest, &line)) {
        struct bytes one = bytes_of(line.p, line.n + 1);
        struct shared_row r;
        if (!shared_next(&one, &r) || r.tier > tier)
            continue;
        memcpy(p + n, line.p, line.n + 1);
        n += line.n + 1;
    }
    return bytes_of(p, n);
}

/* Our whole run, to stand beside rg's: list read and compiled, file read and searched. */
static double whole_once(const struct tier *t, const char *file, struct sink *sink)
{
    struct err e = {0};
    struct watch_built built;
    struct arena_mark mark = arena_mark(arena);
    struct bytes all = rows, mine = rows_of(t->rows);
    double start = cpu_now();
    struct watch_index *ix = (rows = mine, index_of(t->rows, &built));
    struct watch_options o = {.hit = print_hit, .self = sink};
    struct watch_scanner *s = watch_scanner_new(ix, &o, &e);
    struct watch_input *in = watch_input_new(os_system(), s, &e);

    sink->writer = watch_writer_new(WATCH_AS_JSON, write_out, sink, &e);
    if (!in || !sink->writer || !watch_input_file(in, file, &e) ||
        !watch_writer_end(sink->writer, &e))
        die(&e);
    watch_writer_free(sink->writer);
    watch_input_free(in);
    watch_scanner_free(s);
    watch_index_close(ix);
    start = cpu_now() - start;
    rows = all;
    arena_reset(arena, mark);
    return start;
}

static size_t rivals(const struct corpus *c, const struct tier *t, struct sink *sink, double own_s,
                     char *out, size_t cap)
{
    const char *list = scratch("list"), *file = scratch("log");
    bool finished = true;
    double rg, ours;
    size_t n = 0;

    if (rival_seconds() == 0)
        return 0;
    write_list(list, t->rows);
    write_file(file, c->bytes);
    rg = rg_once(list, file, &finished);
    ours = whole_once(t, file, sink);
    if (rg > 0)
        n += (size_t)snprintf(out + n, cap - n, ",\"%s\":%.4g,\"rg_s\":%.3g,\"whole_s\":%.3g",
                              finished ? "ratio_rg" : "ratio_rg_above", rg / ours, rg, ours);
#ifdef HAVE_HYPERSCAN
    if (t->rows <= 100000 || rival_seconds() > 100) {
        double compile = 0, hs = hs_once(c, t->rows, &compile);
        if (hs > 0)
            n += (size_t)snprintf(out + n, cap - n,
                                  ",\"ratio_hs\":%.3g,\"hs_s\":%.3g,\"hs_compile_s\":%.3g",
                                  hs / own_s, hs, compile);
    }
#endif
    remove(list);
    remove(file);
    (void)own_s;
    return n;
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
    char more[1024];
    size_t n;

    load(c);
    ix = index_of(t->rows, &built);
    sink.out = open("/dev/null", O_WRONLY);
    scan_once(ix, c, getenv("ENTENTE_BENCH_KERNEL"), &sink);
    for (int i = 0; i < RUNS; i++) {
        bound[i] = (double)c->bytes.n / bound_once(c);
        own[i] = (double)c->bytes.n / scan_once(ix, c, getenv("ENTENTE_BENCH_KERNEL"), &sink);
    }
    n = (size_t)snprintf(
        more, sizeof more, ",\"ratio_bound\":%.3f,\"hits\":%llu,\"index_bytes_per_indicator\":%.1f",
        bench_median(own, RUNS) / bench_median(bound, RUNS), (unsigned long long)sink.hits,
        (double)built.size_bytes / (double)built.indicators);
    rivals(c, t, &sink, (double)c->bytes.n / bench_median(own, RUNS), more + n, sizeof more - n);
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

/* ---- compressed input ----------------------------------------------------------------------- */

static bool swallow(void *self, struct bytes part, struct err *e)
{
    (void)e;
    *(uint64_t *)self += part.n;
    return true;
}

/* One run over a packed file; *slower: processor time of the busier thread. */
static double packed_once(struct watch_index *ix, const char *file, bool two, struct sink *sink,
                          double *slower)
{
    struct err e = {0};
    struct watch_options o = {.hit = print_hit, .self = sink};
    struct watch_scanner *s = watch_scanner_new(ix, &o, &e);
    struct watch_input *in = watch_input_new(os_system(), s, &e);
    double all, mine;

    sink->writer = watch_writer_new(WATCH_AS_JSON, write_out, sink, &e);
    if (!in || !sink->writer)
        die(&e);
    watch_input_threads(in, two);
    all = cpu_now();
    mine = clock_now(CLOCK_THREAD_CPUTIME_ID);
    if (!watch_input_file(in, file, &e) || !watch_writer_end(sink->writer, &e))
        die(&e);
    all = cpu_now() - all;
    mine = clock_now(CLOCK_THREAD_CPUTIME_ID) - mine;
    *slower = mine > all - mine ? mine : all - mine;
    watch_writer_free(sink->writer);
    watch_input_free(in);
    watch_scanner_free(s);
    return all;
}

static double unpack_once(struct bytes packed, bool gzip)
{
    struct err e = {0};
    uint64_t bytes = 0;
    struct flow to = {swallow, &bytes};
    struct unpack *u = gzip ? unpack_gzip(&e) : unpack_zstd(&e);
    double t = cpu_now();

    if (!u || !unpack_part(u, packed, &to, &e))
        die(&e);
    t = cpu_now() - t;
    unpack_free(u);
    return t;
}

/* The rate is of unpacked bytes by the busier of two threads, which is what sets the pace on two
 * cores; against the unpacker alone. */
static void packed_case(const char *name, bool gzip)
{
    static struct sink sink;
    struct corpus *c = &corpora[1];
    const char *file = scratch(gzip ? "log.gz" : "log.zst"), *plain = scratch("log");
    struct watch_built built;
    struct watch_index *ix;
    struct bytes packed;
    double own[RUNS], alone[RUNS], one[RUNS], slower;
    struct err e = {0};
    char more[128];

    load(c);
    ix = index_of(1000000, &built);
    write_file(plain, c->bytes);
    if (system(arena_format(arena, &e, gzip ? "gzip -c6 %s > %s" : "zstd -q -3 -f %s -o %s", plain,
                            file)) != 0 ||
        !os_read_file(os_system(), file, (size_t)1 << 30, arena, &packed, &e))
        die(&e);
    sink.out = open("/dev/null", O_WRONLY);
    for (int i = 0; i < RUNS; i++) {
        alone[i] = (double)c->bytes.n / unpack_once(packed, gzip);
        one[i] = (double)c->bytes.n / packed_once(ix, file, false, &sink, &slower);
        packed_once(ix, file, true, &sink, &slower);
        own[i] = (double)c->bytes.n / slower;
    }
    snprintf(more, sizeof more, ",\"one_core\":%.4g,\"one_core_ratio\":%.2f",
             bench_median(one, RUNS), bench_median(one, RUNS) / bench_median(alone, RUNS));
    bench_print(&(struct bench_case){.name = name,
                                     .unit = "bytes/s",
                                     .n = packed.n,
                                     .samples = own,
                                     .runs = RUNS,
                                     .against = "unpacking alone",
                                     .against_samples = alone,
                                     .against_runs = RUNS,
                                     .more = more});
    watch_index_close(ix);
    remove(file);
    remove(plain);
    close(sink.out);
}

/* ---- two cores ------------------------------------------------------------------------------ */

struct half {
    struct watch_index *ix;
    struct bytes bytes;
    double seconds;
};

static void *scan_half(void *self)
{
    struct half *h = self;
    struct corpus c = {.bytes = h->bytes, .format = WATCH_ZEEK};
    struct sink sink = {.out = open("/dev/null", O_WRONLY)};
    double t = clock_now(CLOCK_THREAD_CPUTIME_ID);

    scan_once(h->ix, &c, NULL, &sink);
    h->seconds = clock_now(CLOCK_THREAD_CPUTIME_ID) - t;
    close(sink.out);
    return NULL;
}

/* By the slower thread's processor time, which is the wall's if each has a core to itself; the
 * wall's stands beside it. */
static void two_cores_case(const char *name)
{
    struct corpus *c = &corpora[0];
    struct watch_built built;
    struct watch_index *ix;
    double own[RUNS], one[RUNS], wall[RUNS];
    char more[64];
    size_t cut;

    load(c);
    cut = (size_t)((const uint8_t *)memchr(c->bytes.p + c->bytes.n / 2, '\n', c->bytes.n / 2) -
                   c->bytes.p) +
          1;
    ix = index_of(1000000, &built);
    for (int i = 0; i < RUNS; i++) {
        struct half both = {ix, c->bytes, 0},
                    halves[2] = {{ix, bytes_part(c->bytes, 0, cut), 0},
                                 {ix, bytes_part(c->bytes, cut, SIZE_MAX), 0}};
        pthread_t t;
        scan_half(&both);
        one[i] = (double)c->bytes.n / both.seconds;
        wall[i] = bench_now();
        if (pthread_create(&t, NULL, scan_half, &halves[0]) != 0)
            return;
        scan_half(&halves[1]);
        pthread_join(t, NULL);
        wall[i] = (double)c->bytes.n / (bench_now() - wall[i]);
        own[i] = (double)c->bytes.n /
                 (halves[0].seconds > halves[1].seconds ? halves[0].seconds : halves[1].seconds);
    }
    snprintf(more, sizeof more, ",\"wall\":%.4g", bench_median(wall, RUNS));
    bench_print(&(struct bench_case){.name = name,
                                     .unit = "bytes/s",
                                     .n = c->bytes.n,
                                     .samples = own,
                                     .runs = RUNS,
                                     .against = "one core",
                                     .against_samples = one,
                                     .against_runs = RUNS,
                                     .more = more});
    watch_index_close(ix);
}

/* ---- the worst ------------------------------------------------------------------------------ */

static const struct worst {
    const char *name, *unit; /* repeated */
    bool newlines;
    size_t bytes;
} worsts[] = {
    {"watch/worst-hits", NULL, true, (size_t)32 << 20},
    {"watch/worst-dots", "...............................................................\n", true,
     (size_t)256 << 20},
    {"watch/worst-hex", "0123456789abcdef0123456789ABCDEF ", true, (size_t)256 << 20},
    {"watch/worst-schemes", "://http://", true, (size_t)256 << 20},
    {"watch/worst-line", "a.example.com 10.0.0.1 x@y.zz 2001:db8::1 ", false, (size_t)1 << 30},
    {"watch/worst-token", "a.", false, (size_t)1 << 30},
};

/* Heap in use beyond the index and the input, while a scan is under way. */
static size_t heap_now(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

/* A line of five values that are on the list, of as many kinds. */
static const char *all_hits(void)
{
    const enum watch_kind kinds[] = {WATCH_IPV4, WATCH_DOMAIN, WATCH_URL, WATCH_SHA256,
                                     WATCH_EMAIL};
    const char *line = "";
    struct shared_row r;

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (struct bytes rest = rows; shared_next(&rest, &r);)
            if (r.kind == kinds[k] && r.tier <= 1000) {
                line = arena_format(arena, NULL, "%s%.*s ", line, BYTES_FMT(r.value));
                break;
            }
    return arena_format(arena, NULL, "%s\n", line);
}

static struct bytes worst_input(const struct worst *w)
{
    const char *text = w->unit ? w->unit : all_hits();
    size_t unit = strlen(text), n = bench_small() ? (size_t)1 << 24 : w->bytes;
    uint8_t *p = malloc(n);

    if (!p)
        exit(1);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)text[i % unit];
    for (size_t i = 4095; w->unit && w->newlines && i < n; i += 4096)
        p[i] = '\n';
    return bytes_of(p, n);
}

/* Seconds; *heap: bytes in use beyond the index and the input, at the end of the stream. */
static double worst_once(struct watch_index *ix, struct bytes in, struct sink *sink, size_t *heap)
{
    struct watch_options o = {.format = WATCH_TEXT, .hit = print_hit, .self = sink};
    struct err e = {0};
    size_t before = heap_now();
    struct watch_scanner *s = watch_scanner_new(ix, &o, &e);
    double t;

    sink->hits = 0;
    sink->writer = watch_writer_new(WATCH_AS_JSON, write_out, sink, &e);
    if (!s || !sink->writer)
        die(&e);
    t = cpu_now();
    for (size_t at = 0; at < in.n; at += (size_t)256 << 10)
        if (!watch_scan(s, bytes_part(in, at, (size_t)256 << 10), &e))
            die(&e);
    *heap = heap_now() - before;
    if (!watch_scan_end(s, &e) || !watch_writer_end(sink->writer, &e))
        die(&e);
    t = cpu_now() - t;
    watch_writer_free(sink->writer);
    watch_scanner_free(s);
    return t;
}

static void worst_case(const struct worst *w)
{
    static struct sink sink;
    struct watch_built built;
    struct watch_index *ix = index_of(1000000, &built);
    struct bytes in = worst_input(w);
    double own[RUNS];
    size_t heap = 0, runs = w->newlines ? 3 : 1;
    char more[128];

    sink.out = open("/dev/null", O_WRONLY);
    for (size_t i = 0; i < runs; i++)
        own[i] = (double)in.n / worst_once(ix, in, &sink, &heap);
    snprintf(more, sizeof more, ",\"hits\":%llu,\"scanner_bytes\":%zu",
             (unsigned long long)sink.hits, heap);
    bench_print(&(struct bench_case){
        .name = w->name, .unit = "bytes/s", .n = in.n, .samples = own, .runs = runs, .more = more});
    free((void *)(uintptr_t)in.p);
    close(sink.out);
    watch_index_close(ix);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* The resident bytes of a mapping, from /proc/self/smaps: pages that a scan touched, if the file is
 * in no cache before it. */
static double resident_of(const char *path)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[1024];
    unsigned long kb;
    double sum = 0;
    bool mine = false;

    while (f && fgets(line, sizeof line, f)) {
        if (strchr(line, '-') && strchr(line, '-') < strchr(line, ' '))
            mine = strstr(line, path) != NULL;
        else if (mine && sscanf(line, "Rss: %lu", &kb) == 1)
            sum += (double)kb * 1024;
    }
    if (f)
        fclose(f);
    return sum;
}

static void resident_case(const char *name)
{
    static struct sink sink;
    struct watch_builder *b = builder_of(1000000);
    struct watch_built built;
    const char *path = scratch("resident.watch");
    struct err e = {0};
    double own[3];
    struct watch_index *ix;
    int fd;

    if (!watch_builder_save(b, path, &built, &e))
        die(&e);
    watch_builder_free(b);
    sink.out = open("/dev/null", O_WRONLY);
    for (size_t c = 0; c < 3; c++) {
        load(&corpora[c]);
        ix = watch_index_open(os_system(), path, &e);
        if (!ix)
            die(&e);
        fd = open(path, O_RDONLY);
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* as if memory were scarce */
        close(fd);
        scan_once(ix, &corpora[c], NULL, &sink);
        own[c] = resident_of(path) / (double)built.indicators;
        watch_index_close(ix);
    }
    bench_print(&(struct bench_case){
        .name = name, .unit = "bytes/indicator", .n = built.indicators, .samples = own, .runs = 3});
    remove(path);
    close(sink.out);
}

/* ---- patterns ------------------------------------------------------------------------------- */

static bool count_found(void *self, const struct hunt_found *f)
{
    (void)f;
    ++*(uint64_t *)self;
    return true;
}

/* Twenty thousand patterns of one value each and one of several, which an index can serve; or one
 * more that needs every line looked at. */
static void patterns_case(const char *name, bool every_line)
{
    static const char several[] =
        "([domain-name:value = 'example.com'] FOLLOWEDBY [network-traffic:dst_port = 443 AND "
        "network-traffic:dst_ref.value = '10.47.3.10']) WITHIN 60 SECONDS";
    struct corpus *c = &corpora[1];
    double own[RUNS];
    uint64_t found = 0;
    char more[160], text[1024];
    struct hunt_counts counts = {0};

    load(c);
    for (int i = 0; i < RUNS; i++) {
        struct err e = {0};
        struct hunt_options o = {.found = count_found, .self = &found};
        struct hunt *h = hunt_new(os_system(), &o, &e);
        struct watch_scanner *s;
        struct shared_row r;
        size_t n = 0;
        if (!h)
            die(&e);
        for (struct bytes rest = rows; n < 20000 && shared_next(&rest, &r);)
            if (r.kind == WATCH_DOMAIN && r.value.n < 200 && r.tier <= 100000) {
                n++;
                snprintf(text, sizeof text, "[domain-name:value = '%.*s']", BYTES_FMT(r.value));
                hunt_add(h, &(struct hunt_pattern){.text = bytes_text(text)}, NULL);
            }
        if (!hunt_add(h, &(struct hunt_pattern){.text = bytes_text(several)}, &e) ||
            (every_line &&
             !hunt_add(h, &(struct hunt_pattern){.text = BYTES("[file:name LIKE '%.scr']")}, &e)) ||
            !(s = hunt_scanner(h, &e)))
            die(&e);
        found = 0;
        own[i] = cpu_now();
        if (!watch_scan(s, c->bytes, &e) || !watch_scan_end(s, &e))
            die(&e);
        own[i] = (double)c->bytes.n / (cpu_now() - own[i]);
        hunt_counts(h, &counts);
        hunt_free(h);
    }
    snprintf(more, sizeof more, ",\"patterns\":%llu,\"events\":%llu,\"found\":%llu",
             (unsigned long long)counts.patterns, (unsigned long long)counts.events,
             (unsigned long long)found);
    bench_print(&(struct bench_case){.name = name,
                                     .unit = "bytes/s",
                                     .n = c->bytes.n,
                                     .samples = own,
                                     .runs = RUNS,
                                     .more = more});
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
    if (bench_wanted(argc, argv, "watch/gzip"))
        packed_case("watch/gzip", true);
    if (bench_wanted(argc, argv, "watch/zstd"))
        packed_case("watch/zstd", false);
    if (bench_wanted(argc, argv, "watch/zeek-2cores"))
        two_cores_case("watch/zeek-2cores");
    if (bench_wanted(argc, argv, "watch/resident"))
        resident_case("watch/resident");
    for (size_t i = 0; i < sizeof worsts / sizeof *worsts; i++)
        if (bench_wanted(argc, argv, worsts[i].name))
            worst_case(&worsts[i]);
    if (bench_wanted(argc, argv, "watch/patterns-indexed"))
        patterns_case("watch/patterns-indexed", false);
    if (bench_wanted(argc, argv, "watch/patterns-every-line"))
        patterns_case("watch/patterns-every-line", true);
    return 0;
}
