/* The real logs and lists of ../shared/data/watch: each expected hit, no other one, on the same
 * lines and in the same fields. The ordinary run takes small lists and logs; ENTENTE_WATCH_FULL=1
 * (make watch-full) takes all of them, with every kernel. */
#include "crypto/crypto.h"
#include "support/support.h"
#include "watch/shared.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const logs[] = {
    "zeek-small-tsv.log", "zeek-apt29-day1.ndjson", "suricata-eve-alerts.ndjson",
    "access-apache.log",  "auth-syslog.log",        "zeek-tsv.log",
    "zeek.ndjson",        "windows-events.ndjson",
};
#define LOGS (sizeof logs / sizeof logs[0])
#define LOGS_ORDINARY 6

static bool full(void)
{
    return getenv("ENTENTE_WATCH_FULL") != NULL;
}

/* ---- counting hits --------------------------------------------------------------------------- */

struct count {
    uint64_t exact, parent;
};

struct field_count {
    char name[96]; /* "dns\tquery\tdomain-parent" */
    uint64_t n;
};

struct seen {
    struct count *by_ref;
    uint64_t last_line, hit_lines;
    struct sha256 lines;
    struct field_count fields[256];
    size_t n_fields;
    bool want_fields;
};

static void count_field(struct seen *s, const struct watch_hit *h)
{
    char name[96];
    size_t i;

    snprintf(name, sizeof name, "%.*s\t%.*s\t%s%s", BYTES_FMT(h->log), BYTES_FMT(h->field),
             watch_kind_name(h->indicator->kind), h->how == WATCH_PARENT ? "-parent" : "");
    for (i = 0; i < s->n_fields && strcmp(s->fields[i].name, name) != 0; i++)
        ;
    assert_true(i < 256);
    if (i == s->n_fields) {
        memcpy(s->fields[i].name, name, sizeof name);
        s->fields[i].n = 0;
        s->n_fields++;
    }
    s->fields[i].n++;
}

static bool count_hit(void *self, const struct watch_hit *h)
{
    struct seen *s = self;
    char text[24];

    if (h->how == WATCH_PARENT)
        s->by_ref[h->indicator->ref].parent++;
    else
        s->by_ref[h->indicator->ref].exact++;
    if (h->line_number != s->last_line) {
        assert_true(h->line_number > s->last_line);
        s->last_line = h->line_number;
        s->hit_lines++;
        sha256_add(&s->lines, bytes_of(text, (size_t)snprintf(text, sizeof text, "%llu\n",
                                                              (unsigned long long)h->line_number)));
    }
    if (s->want_fields)
        count_field(s, h);
    return true;
}

/* ---- comparing --------------------------------------------------------------------------------
 */

static struct bytes cell(struct bytes *line)
{
    size_t tab = bytes_find_byte(*line, '\t');
    struct bytes c = bytes_part(*line, 0, tab);

    *line = bytes_part(*line, tab + 1, SIZE_MAX);
    return c;
}

/* The expected file has the rows' order (type, then value); walk both. */
static void compare_hits(const struct seen *s, struct bytes rows, struct bytes expected,
                         const char *what)
{
    struct shared_row r;
    struct bytes line;
    uint32_t n = 0;
    uint64_t matched = 0, wanted = 0, ours = 0;

    for (struct bytes rest = expected; bytes_next_line(&rest, &line);)
        wanted += line.n && line.p[0] != '#';
    for (struct bytes rest = rows; shared_next(&rest, &r); n++) {
        char key[2048];
        int k;
        if (!s->by_ref[n].exact && !s->by_ref[n].parent)
            continue;
        ours++;
        k = snprintf(key, sizeof key, "\n%s\t%.*s\t%llu\t%llu\n", watch_kind_name(r.kind),
                     BYTES_FMT(r.value), (unsigned long long)s->by_ref[n].exact,
                     (unsigned long long)s->by_ref[n].parent);
        if (bytes_find(expected, bytes_of(key, (size_t)k)) == SIZE_MAX)
            fail_msg("%s: not expected: %s", what, key);
        matched++;
    }
    if (matched != wanted)
        fail_msg("%s: %llu of %llu expected indicators were hit", what, (unsigned long long)matched,
                 (unsigned long long)wanted);
}

static void compare_summary(struct arena *a, struct seen *s, const struct watch_counts *c,
                            const char *log, const char *mode, uint64_t tier)
{
    struct bytes summary, line;
    struct hash h;
    char hex[65] = "", key[128];

    if (!test_shared(a, "data/watch/expected/summary.tsv", &summary))
        return;
    sha256_end(&s->lines, &h);
    hex_encode(hex, h.b, 32);
    snprintf(key, sizeof key, "%s\t%s\t%llu\t", log, mode, (unsigned long long)tier);
    while (bytes_next_line(&summary, &line))
        if (bytes_start_with(line, key)) {
            char want[256];
            snprintf(want, sizeof want, "%s%llu\t%llu\t%s\t", key, (unsigned long long)c->lines,
                     (unsigned long long)s->hit_lines, hex);
            if (!bytes_start_with(line, want))
                fail_msg("expected %.*s, got %s", BYTES_FMT(line), want);
            return;
        }
    fail_msg("no summary for %s", key);
}

static void compare_fields(struct arena *a, struct seen *s, uint64_t tier)
{
    struct bytes expected, line;
    uint64_t rows = 0;

    if (!test_shared(a,
                     arena_format(a, NULL, "data/watch/expected/zeek-fields-%llu.tsv",
                                  (unsigned long long)tier),
                     &expected))
        return;
    while (bytes_next_line(&expected, &line)) {
        struct bytes rest = line, log = cell(&rest), field = cell(&rest), kind = cell(&rest);
        char key[96];
        uint64_t want = 0, got = 0;
        if (!line.n || line.p[0] == '#' || !decimal_parse(rest, &want))
            continue;
        rows++;
        snprintf(key, sizeof key, "%.*s\t%.*s\t%.*s", BYTES_FMT(log), BYTES_FMT(field),
                 BYTES_FMT(kind));
        for (size_t i = 0; i < s->n_fields; i++)
            if (!strcmp(s->fields[i].name, key))
                got = s->fields[i].n;
        if (got != want)
            fail_msg("%s: %llu hits, not %llu", key, (unsigned long long)got,
                     (unsigned long long)want);
    }
    assert_int_equal(rows, s->n_fields);
}

/* ---- runs -------------------------------------------------------------------------------------
 */

static void scan_parts(struct watch_scanner *s, struct bytes log, struct rng *r)
{
    struct err e = {0};

    while (log.n) {
        size_t k = r ? rng_below(r, 200000) + 1 : log.n;
        k = k < log.n ? k : log.n;
        must(watch_scan(s, bytes_of(log.p, k), &e), &e);
        log = bytes_of(log.p + k, log.n - k);
    }
    must(watch_scan_end(s, &e), &e);
}

static void run(struct arena *a, struct watch_index *ix, struct bytes rows, struct bytes log,
                const char *name, bool json, uint64_t tier, const char *kernel, struct rng *r)
{
    struct arena_mark m = arena_mark(a);
    struct err e = {0};
    struct seen *seen = arena_get(a, sizeof *seen, &e);
    struct watch_options o = {.format = json ? WATCH_JSON : WATCH_TEXT,
                              .kernel = kernel,
                              .hit = count_hit,
                              .self = seen,
                              .tokens_only = true};
    struct watch_scanner *s;
    struct watch_counts counts;
    struct bytes expected;
    char what[160];

    assert_non_null(seen);
    seen->by_ref = arena_get_array(a, 3000000, sizeof *seen->by_ref, &e);
    assert_non_null(seen->by_ref);
    sha256_start(&seen->lines);
    seen->want_fields = !strncmp(name, "zeek-tsv", 8) || !strcmp(name, "zeek.ndjson");
    if (seen->want_fields && !json)
        o.format = WATCH_AUTO; /* Zeek's header says so */
    if (!strcmp(name, "zeek.ndjson") && !json) {
        o.format = WATCH_TEXT;
        seen->want_fields = false;
    }
    s = watch_scanner_new(ix, &o, &e);
    must(s != NULL, &e);
    scan_parts(s, log, r);
    watch_scanner_counts(s, &counts);
    assert_int_equal(counts.hit_lines, seen->hit_lines);
    assert_int_equal(counts.bytes, log.n);
    snprintf(what, sizeof what, "%s %s %llu %s", name, json ? "json" : "text",
             (unsigned long long)tier, watch_scanner_kernel(s));
    must(test_shared(a,
                     arena_format(a, &e, "data/watch/expected/%s-%llu/%s.tsv",
                                  json ? "json" : "text", (unsigned long long)tier, name),
                     &expected),
         &e);
    compare_hits(seen, rows, expected, what);
    compare_summary(a, seen, &counts, name, json ? "json" : "text", tier);
    if (seen->want_fields && (tier == 1000 || tier == 3000000))
        compare_fields(a, seen, tier);
    watch_scanner_free(s);
    arena_reset(a, m);
}

static struct watch_index *index_of(struct arena *a, struct bytes rows, uint64_t tier)
{
    struct err e = {0};
    struct watch_builder *b = watch_builder_new(os_system(), &e);
    struct watch_index *ix;
    struct watch_built built;
    struct bytes file;

    must(b != NULL, &e);
    must(shared_add(b, rows, tier, &e), &e);
    must(watch_builder_encode(b, a, &file, &built, &e), &e);
    assert_int_equal(built.duplicates, 0);
    watch_builder_free(b);
    ix = watch_index_of(file, &e);
    must(ix != NULL, &e);
    print_message("tier %llu: %llu indicators, %.1f bytes each\n", (unsigned long long)tier,
                  (unsigned long long)built.indicators,
                  (double)built.size_bytes / (double)built.indicators);
    return ix;
}

static bool is_json(const char *name)
{
    return strstr(name, "ndjson") != NULL;
}

static void every_expected_hit(void **state)
{
    static const uint64_t tiers[] = {1000, 100000, 1000000, 3000000};
    static const char *const kernels[] = {NULL, "avx2", "portable"};
    struct arena *a = test_arena();
    struct rng r = rng_from_env("parts");
    const char *path = test_shared_path(a, "data/watch/indicators/indicators.tsv.zst");
    struct bytes rows, log;
    struct err e = {0};

    (void)state;
    if (!path)
        skip();
    must(shared_unpack(path, a, &rows, &e), &e);
    for (size_t t = 0; t < (full() ? 4 : 1); t++) {
        struct watch_index *ix = index_of(a, rows, tiers[t]);
        for (size_t i = 0; i < (full() ? LOGS : LOGS_ORDINARY); i++) {
            struct arena_mark m = arena_mark(a);
            path = test_shared_path(a, arena_format(a, &e, "data/watch/logs/%s.zst", logs[i]));
            must(shared_unpack(path, a, &log, &e), &e);
            for (size_t k = 0; k < (full() ? 3 : 1); k++) {
                struct watch_options o = {.kernel = kernels[k]};
                struct watch_scanner *s = watch_scanner_new(ix, &o, NULL);
                if (!s)
                    continue; /* not on this machine */
                watch_scanner_free(s);
                run(a, ix, rows, log, logs[i], false, tiers[t], kernels[k], NULL);
                run(a, ix, rows, log, logs[i], false, tiers[t], kernels[k], &r);
                if (is_json(logs[i]))
                    run(a, ix, rows, log, logs[i], true, tiers[t], kernels[k], &r);
            }
            arena_reset(a, m);
        }
        watch_index_close(ix);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_expected_hit),
    };
    return crypto_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
