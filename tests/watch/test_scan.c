/* The scanner against a slow and plain reference (tests/watch/reference.c): random and adversarial
 * text, every kernel, cut anywhere; JSON with random escapes; the edge cases of the shared data. */
#include "crypto/crypto.h"
#include "support/support.h"
#include "watch/reference.h"
#include "watch/watch.h"

#include <stdio.h>
#include <stdlib.h>

static const struct ref_indicator indicators[] = {
    {"ipv4", "1.2.3.4"},
    {"ipv4", "203.0.113.255"},
    {"ipv4", "10.0.0.1"},
    {"cidr4", "198.51.100.64/27"},
    {"cidr4", "198.51.100.0/24"},
    {"cidr4", "198.48.0.0/13"},
    {"cidr4", "1.2.3.4/32"},
    {"ipv6", "2001:db8::1"},
    {"ipv6", "::ffff:1.2.3.4"},
    {"ipv6", "1:2:3:4:5:6:7:8"},
    {"cidr6", "2001:db8::/32"},
    {"cidr6", "fe80::/10"},
    {"domain", "evil.example.org"},
    {"domain", "example.org"},
    {"domain", "a.b"},
    {"domain", "_x.y-z.museum"},
    {"domain", "xn--bcher-kva.example"},
    {"domain", "long.abcdefghijklmnopqrstuvwxyz.technology"},
    {"domain", "4chan.0rg"},
    {"url", "http://example.org/a/b.php?x=1"},
    {"url", "https://1.2.3.4:8080/"},
    {"url", "ftp://a.b/~c"},
    {"url", "HTTP://Example.org/"},
    {"email", "bad.guy@example.org"},
    {"email", "a+b%c@a.b"},
    {"email", "root@localhost"},
    {"md5", "44d88612fea8abf36de82e1278abb02f"},
    {"sha1", "3395856ce81f2b7382dee72602f798b642f14140"},
    {"sha256", "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"},
    {"sha512", "cc805d5fab1fd71a4ab352a9c533e65fb2d5b885518f4e565e68847223b8e6b8"
               "5cb48f3afad842726d99239c9e36505c64b0dc9a061d9e507d833277ada336ab"},
};
#define INDICATORS (sizeof indicators / sizeof indicators[0])

static const char *const kernels[] = {"portable", "avx2", "avx512"};

static struct watch_index *index_of_all(struct arena *a)
{
    struct err e = {0};
    struct watch_builder *b = watch_builder_new(os_system(), &e);
    struct bytes file;
    struct watch_index *ix;

    must(b != NULL, &e);
    for (uint32_t i = 0; i < INDICATORS; i++) {
        struct watch_indicator in = {.value = bytes_text(indicators[i].value), .ref = i};
        assert_true(watch_kind_parse(bytes_text(indicators[i].kind), &in.kind));
        must(watch_builder_add(b, &in, &e), &e);
    }
    must(watch_builder_encode(b, a, &file, NULL, &e), &e);
    watch_builder_free(b);
    ix = watch_index_of(file, &e);
    must(ix != NULL, &e);
    return ix;
}

/* ---- hits as numbers that can be sorted and compared ------------------------------------------
 */

#define HITS_MOST 200000
struct hits {
    uint64_t at[HITS_MOST]; /* place, indicator, how */
    size_t n;
};

static void note(struct hits *h, uint64_t at, uint64_t indicator, const char *how)
{
    assert_true(h->n < HITS_MOST);
    h->at[h->n++] = at << 16 | indicator << 8 | (uint8_t)how[1];
}

static void note_reference(void *self, size_t indicator, const char *how, size_t at)
{
    note(self, at, indicator, how);
}

static bool note_scan(void *self, const struct watch_hit *h)
{
    static const char *const hows[] = {"exact", "parent", "prefix"};

    note(self, h->offset, h->indicator->ref, hows[h->how]);
    return true;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void compare(struct hits *got, struct hits *want, struct bytes text, const char *what)
{
    qsort(got->at, got->n, sizeof got->at[0], by_value);
    qsort(want->at, want->n, sizeof want->at[0], by_value);
    for (size_t i = 0; i < got->n || i < want->n; i++) {
        uint64_t g = i < got->n ? got->at[i] : UINT64_MAX,
                 w = i < want->n ? want->at[i] : UINT64_MAX;
        uint64_t first = g < w ? g : w;
        char near[300];
        if (g == w)
            continue;
        text_escape(near, sizeof near,
                    bytes_part(text, first >> 16 > 40 ? (size_t)(first >> 16) - 40 : 0, 160));
        fail_msg("%s: %s hit of %s at %llu, near \"%s\"", what,
                 g < w ? "too much: a" : "missing: a", indicators[first >> 8 & 0xff].value,
                 (unsigned long long)(first >> 16), near);
    }
}

static void scan(struct watch_index *ix, const char *kernel, enum watch_format format,
                 struct bytes text, struct rng *cuts, struct hits *out)
{
    struct watch_options o = {
        .format = format, .kernel = kernel, .hit = note_scan, .self = out, .tokens_only = true};
    struct err e = {0};
    struct watch_scanner *s = watch_scanner_new(ix, &o, &e);

    must(s != NULL, &e);
    out->n = 0;
    while (text.n) {
        /* a copy of the exact size, so that a sanitizer sees a byte too far */
        size_t most = rng_below(cuts, 4) ? 3000 : 300000, k = rng_below(cuts, most) + 1;
        uint8_t *part;
        k = k < text.n ? k : text.n;
        part = malloc(k);
        memcpy(part, text.p, k);
        must(watch_scan(s, bytes_of(part, k), &e), &e);
        free(part);
        text = bytes_of(text.p + k, text.n - k);
    }
    must(watch_scan_end(s, &e), &e);
    watch_scanner_free(s);
}

static bool kernel_runs(struct watch_index *ix, const char *kernel)
{
    struct watch_options o = {.kernel = kernel};
    struct watch_scanner *s = watch_scanner_new(ix, &o, NULL);

    watch_scanner_free(s);
    return s != NULL;
}

/* ---- text -------------------------------------------------------------------------------------
 */

struct text {
    uint8_t *p;
    size_t n, cap;
};

static void put(struct text *t, const void *p, size_t n)
{
    if (t->cap - t->n < n)
        n = t->cap - t->n;
    memcpy(t->p + t->n, p, n);
    t->n += n;
}

static void put_string(struct text *t, const char *s)
{
    put(t, s, strlen(s));
}

/* A value in another case, cut short, or with a byte changed; mostly as it is. */
static void put_value(struct text *t, struct rng *r)
{
    const char *v = indicators[rng_below(r, INDICATORS)].value;
    size_t from = t->n, n = strlen(v);

    put(t, v, n);
    n = t->n - from;
    switch (rng_below(r, 8)) {
    case 0:
        for (size_t i = from; i < t->n; i++)
            if (rng_below(r, 2) && ((t->p[i] >= 'a' && t->p[i] <= 'z')))
                t->p[i] -= 32;
        break;
    case 1:
        t->n = from + rng_below(r, n + 1);
        break;
    case 2:
        if (n)
            t->p[from + rng_below(r, n)] = (uint8_t)rng_below(r, 128);
        break;
    case 3:
        if (n > 2) {
            memmove(t->p + from, t->p + from + 1, n - 1);
            t->n--;
        }
        break;
    default:
        break;
    }
}

static void put_random(struct text *t, struct rng *r, bool lines)
{
    static const char *const glue[] = {
        ".",       ".",      "-",    "_",  ":",  "@",     "/",  "://",
        "http://", "ftp://", "%",    "+",  " ",  "\t",    "\"", "\\",
        "\\n",     "\\u",    "::",   "1.", ".1", "x",     "0",  "a.b.",
        "..",      "\x80",   "\xff", ",",  "<",  "2001:", "f",  "deadbeefdeadbeef",
        "[",       "]",      "=",    "#",  "'",  "`",     "{",  "~",
        "\x0e",    "\x01",
    };
    uint8_t c;

    switch (rng_below(r, 10)) {
    case 0:
    case 1:
    case 2:
    case 3:
        put_value(t, r);
        break;
    case 4:
    case 5:
    case 6:
        put_string(t, glue[rng_below(r, sizeof glue / sizeof glue[0])]);
        break;
    case 7:
        put_string(t, lines ? "\n" : " ");
        break;
    case 8:
        for (size_t n = rng_below(r, 90); n > 0; n--)
            put(t, &"abcdef0123456789.:-x"[rng_below(r, rng_below(r, 2) ? 16 : 20)], 1);
        break;
    default:
        c = (uint8_t)rng_below(r, 256);
        if (c != '\n' || lines)
            put(t, &c, 1);
    }
}

static unsigned rounds(unsigned ordinary)
{
    const char *n = getenv("ENTENTE_WATCH_ROUNDS");

    return n ? (unsigned)strtoul(n, NULL, 10) : ordinary;
}

/* A token that does not fit into the scanner's room begins for it where its sight does. */
static void forget_places(struct hits *h)
{
    for (size_t i = 0; i < h->n; i++)
        h->at[i] &= 0xffff;
}

static void check_text(struct watch_index *ix, struct bytes text, struct rng *r, const char *what,
                       struct hits *got, struct hits *want)
{
    bool huge = !strcmp(what, "huge");

    want->n = 0;
    reference(text, indicators, INDICATORS, note_reference, want);
    if (huge)
        forget_places(want);
    for (size_t k = 0; k < 3; k++)
        if (kernel_runs(ix, kernels[k])) {
            char name[64];
            snprintf(name, sizeof name, "%s, %s", what, kernels[k]);
            scan(ix, kernels[k], WATCH_TEXT, text, r, got);
            if (huge)
                forget_places(got);
            compare(got, want, text, name);
        }
}

static void all_kernels_agree_with_the_reference(void **state)
{
    static const size_t sizes[] = {1, 10, 64, 100, 1000, 9000, 40000};
    struct arena *a = test_arena();
    struct watch_index *ix = index_of_all(a);
    struct rng r = rng_from_env("text");
    struct text t = {.p = malloc(40001)};
    struct hits *got = malloc(sizeof *got), *want = malloc(sizeof *want);
    uint64_t hits = 0;

    (void)state;
    for (unsigned i = 0; i < rounds(400); i++) {
        t.n = 0;
        t.cap = sizes[rng_below(&r, 7)] / (1 + rng_below(&r, 3)) + 1;
        while (t.n < t.cap)
            put_random(&t, &r, true);
        check_text(ix, bytes_of(t.p, t.n), &r, "lines", got, want);
        hits += want->n;
    }
    assert_true(hits > 1000);
    free(t.p);
    free(got);
    free(want);
    watch_index_close(ix);
    arena_free(a);
}

static void a_value_is_found_at_every_place(void **state)
{
    struct arena *a = test_arena();
    struct watch_index *ix = index_of_all(a);
    struct rng r = rng_from_env("places");
    uint8_t text[512];
    struct hits *got = malloc(sizeof *got), *want = malloc(sizeof *want);

    (void)state;
    for (size_t i = 0; i < INDICATORS; i++)
        for (size_t at = 0; at < 70; at++) { /* each place in a block */
            size_t n = strlen(indicators[i].value);
            memset(text, ' ', sizeof text);
            memcpy(text + at, indicators[i].value, n);
            check_text(ix, bytes_of(text, at + n + (at % 3)), &r, indicators[i].value, got, want);
        }
    free(got);
    free(want);
    watch_index_close(ix);
    arena_free(a);
}

/* More than the scanner's room without a newline, and tokens longer than its overlap. */
static void huge_lines_and_tokens(void **state)
{
    struct arena *a = test_arena();
    struct watch_index *ix = index_of_all(a);
    struct rng r = rng_from_env("huge");
    struct text t = {.cap = 1200000};
    struct hits *got = malloc(sizeof *got), *want = malloc(sizeof *want);
    static const char fill[] = ".a-1f:/";

    (void)state;
    t.p = malloc(t.cap);
    for (unsigned i = 0; i < rounds(6); i++) {
        t.n = 0;
        while (t.n < t.cap - 500000)
            put_random(&t, &r, false);
        put_string(&t, i % 7 ? "" : " "); /* a word's outer dots are cut off up to the overlap */
        for (size_t n = rng_below(&r, 400000); n > 0; n--)
            put(&t, &fill[i % 7], 1);
        put_string(&t, i % 7 ? "" : " ");
        put_string(&t, i % 2 ? ".evil.example.org http://example.org/a/b.php?x=1" : "");
        while (t.n < t.cap)
            put_random(&t, &r, i % 3 == 0);
        check_text(ix, bytes_of(t.p, t.n), &r, "huge", got, want);
    }
    free(t.p);
    free(got);
    free(want);
    watch_index_close(ix);
    arena_free(a);
}

/* ---- JSON ---------------------------------------------------------------------------------------
 */

/* One string value, escaped at random; its plain form is searched by the reference. */
static void put_json_string(struct text *t, struct bytes s, struct rng *r)
{
    unsigned how = (unsigned)rng_below(r, 4); /* how often an escape is used without need */
    char escape[8];

    put_string(t, "\"");
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c == '\n' || c == '\t')
            put_string(t, c == '\n' ? "\\n" : "\\t");
        else if (c == '"' || c == '\\') {
            escape[0] = '\\';
            escape[1] = (char)c;
            put(t, escape, 2);
        } else if (c == '/' && how > 1)
            put_string(t, "\\/");
        else if (c < 0x20 || (how && rng_below(r, how == 3 ? 2 : 40) == 0)) {
            snprintf(escape, sizeof escape, rng_below(r, 2) ? "\\u%04x" : "\\u%04X", c);
            put(t, escape, 6);
        } else
            put(t, &c, 1);
    }
    put_string(t, "\"");
}

struct json_want {
    struct hits *hits;
    uint64_t line;
};

static void note_json(void *self, size_t indicator, const char *how, size_t at)
{
    struct json_want *w = self;

    (void)at;
    note(w->hits, w->line, indicator, how);
}

static bool note_json_scan(void *self, const struct watch_hit *h)
{
    static const char *const hows[] = {"exact", "parent", "prefix"};

    note(self, h->line_number, h->indicator->ref, hows[h->how]);
    return true;
}

/* {"key.example.org":1.2,"v":[...],"o":{"k":"..."}} with random values and lengths. */
static void put_json_line(struct text *t, struct rng *r, struct json_want *w, struct text *s)
{
    size_t values = rng_below(r, 6);

    w->line++;
    put_string(t, "{\"example.org\":{\"1.2.3.4\":1.2e3},\"v\":[null,");
    for (size_t i = 0; i < values; i++) {
        s->n = 0;
        s->cap = rng_below(r, 12) ? 120 : 9000;
        for (size_t n = rng_below(r, s->cap == 9000 ? 300 : 8); n > 0; n--)
            put_random(s, r, true);
        for (size_t k = 0; k < s->n; k++)
            if (s->p[k] >= 0x80)
                s->p[k] = '-'; /* UTF-8 is not the point here */
        reference(bytes_of(s->p, s->n), indicators, INDICATORS, note_json, w);
        put_json_string(t, bytes_of(s->p, s->n), r);
        put_string(t, rng_below(r, 2) ? ", " : ",{\"a.b\":true},");
    }
    put_string(t, "0]}\n");
}

static void json_strings_are_read_as_they_mean(void **state)
{
    struct arena *a = test_arena();
    struct watch_index *ix = index_of_all(a);
    struct rng r = rng_from_env("json");
    struct text t = {.p = malloc(4000000), .cap = 4000000}, s = {.p = malloc(9000)};
    struct hits *got = malloc(sizeof *got), *want = malloc(sizeof *want);

    (void)state;
    for (unsigned i = 0; i < rounds(60); i++) {
        struct json_want w = {want, 0};
        t.n = want->n = 0;
        for (size_t n = rng_below(&r, 60) + 1; n > 0; n--)
            put_json_line(&t, &r, &w, &s);
        for (size_t k = 0; k < 3; k++) {
            struct watch_options o = {.format = WATCH_JSON,
                                      .kernel = kernels[k],
                                      .hit = note_json_scan,
                                      .self = got,
                                      .tokens_only = true};
            struct err e = {0};
            struct watch_scanner *sc = watch_scanner_new(ix, &o, NULL);
            struct watch_counts c;
            if (!sc)
                continue;
            got->n = 0;
            must(watch_scan(sc, bytes_of(t.p, t.n), &e), &e);
            must(watch_scan_end(sc, &e), &e);
            watch_scanner_counts(sc, &c);
            assert_int_equal(c.not_json, 0);
            compare(got, want, bytes_of(t.p, t.n), kernels[k]);
            watch_scanner_free(sc);
        }
    }
    free(t.p);
    free(s.p);
    free(got);
    free(want);
    watch_index_close(ix);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kernels_agree_with_the_reference),
        cmocka_unit_test(a_value_is_found_at_every_place),
        cmocka_unit_test(huge_lines_and_tokens),
        cmocka_unit_test(json_strings_are_read_as_they_mean),
    };
    return crypto_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
