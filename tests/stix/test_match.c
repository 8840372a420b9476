/* Patterns against observations: the verdicts of the shared cases, rows of our own, and a slow
 * evaluator written from the specification's text. */
#include "base/text.h"
#include "stix/match.h"
#include "stix/shared.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- one pattern, some observations ------------------------------------------------------------
 */

static enum match_verdict verdict_of(struct bytes pattern, const struct match_observation *o,
                                     size_t n, struct arena *a, struct match_odd *odd)
{
    struct err e = {0};
    const struct pattern *p = pattern_parse(pattern, a, &e);
    struct match *m = p ? match_new(p, a, &e) : NULL;
    struct match_room *room = match_room_new(&e);
    enum match_verdict v;

    must(m && room, &e);
    v = match_all(m, o, n, room);
    *odd = *match_room_odd(room);
    match_room_free(room);
    match_free(m);
    return v;
}

/* Objects as in observed-data of STIX 2.0, one observation for each, a second apart. */
static size_t observations_of(const char *objects, struct arena *a, struct match_observation *out)
{
    struct bytes rest = bytes_text(objects), line;
    struct match_observation *one;
    struct err e = {0};
    size_t n = 0, k;

    while (bytes_next_line(&rest, &line)) {
        char *text = arena_format(a, &e,
                                  "{\"type\":\"observed-data\",\"number_observed\":1,"
                                  "\"first_observed\":\"2026-01-01T00:00:0%zuZ\","
                                  "\"last_observed\":\"2026-01-01T00:00:0%zuZ\",\"objects\":%.*s}",
                                  n, n, BYTES_FMT(line));
        const struct json *v = text ? json_parse(bytes_text(text), a, &e) : NULL;
        must(v && match_observed(v, a, &one, &k, &e), &e);
        assert_int_equal(k, 1);
        out[n++] = *one;
    }
    return n;
}

#define FLOW                                                                                       \
    "{\"0\":{\"type\":\"network-traffic\",\"src_ref\":\"1\",\"dst_port\":443,"                     \
    "\"protocols\":[\"ipv4\",\"tcp\"],\"extensions\":{\"http-request-ext\":"                       \
    "{\"request_header\":{\"User-Agent\":[\"x/1\"]}}}},"                                           \
    "\"1\":{\"type\":\"ipv4-addr\",\"value\":\"198.51.100.7\"}}"
#define NAME(n) "{\"0\":{\"type\":\"domain-name\",\"value\":\"" n "\"}}"

static const struct row {
    const char *name, *objects, *pattern;
    enum match_verdict verdict;
} rows[] = {
    {"a reference is followed", FLOW, "[network-traffic:src_ref.value = '198.51.100.7']",
     MATCH_YES},
    {"any item of a list", FLOW, "[network-traffic:protocols[*] = 'tcp']", MATCH_YES},
    {"a numbered item", FLOW, "[network-traffic:protocols[0] = 'tcp']", MATCH_NO},
    {"an item that is not there", FLOW, "[network-traffic:protocols[7] != 'tcp']", MATCH_NO},
    {"a negative number of an item", FLOW, "[network-traffic:protocols[-1] = 'tcp']", MATCH_NO},
    {"a list without a number is no value", FLOW, "[network-traffic:protocols != 'tcp']", MATCH_NO},
    {"a dictionary in an extension", FLOW,
     "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[0] LIKE 'x/_']",
     MATCH_YES},
    {"AND is asked of one object", FLOW,
     "[network-traffic:dst_port = 443 AND network-traffic:src_ref.value ISSUBSET "
     "'198.51.100.0/24']",
     MATCH_YES},
    {"two objects do not make one AND",
     "{\"0\":{\"type\":\"file\",\"name\":\"a\",\"size\":1},"
     "\"1\":{\"type\":\"file\",\"name\":\"b\",\"size\":2}}",
     "[file:name = 'a' AND file:size = 2]", MATCH_NO},
    {"OR may look at two types", FLOW, "[x:y = 1 OR ipv4-addr:value = '198.51.100.7']", MATCH_YES},
    {"a missing property is no match", FLOW, "[ipv4-addr:x = 1]", MATCH_NO},
    {"nor turned round", FLOW, "[ipv4-addr:x NOT = 1]", MATCH_NO},
    {"EXISTS", FLOW, "[EXISTS network-traffic:dst_port]", MATCH_YES},
    {"NOT EXISTS needs the object", FLOW, "[NOT EXISTS network-traffic:src_port]", MATCH_YES},
    {"and does not hold without it", FLOW, "[NOT EXISTS file:name]", MATCH_NO},
    {"EXISTS of a list", FLOW, "[EXISTS network-traffic:protocols]", MATCH_YES},
    {"an IPv6 network", "{\"0\":{\"type\":\"ipv6-addr\",\"value\":\"2001:db8::7\"}}",
     "[ipv6-addr:value ISSUBSET '2001:DB8::/32']", MATCH_YES},
    {"an IPv4 address is in no IPv6 network", FLOW, "[ipv4-addr:value ISSUBSET '::/0']", MATCH_NO},
    {"an address is inside itself", FLOW, "[ipv4-addr:value ISSUBSET '198.51.100.7']", MATCH_YES},
    {"a network around an address",
     "{\"0\":{\"type\":\"ipv4-addr\",\"value\":\"198.51.100.0/24\"}}",
     "[ipv4-addr:value ISSUPERSET '198.51.100.7']", MATCH_YES},
    {"a prefix of odd length", FLOW, "[ipv4-addr:value ISSUBSET '198.51.100.4/30']", MATCH_YES},
    {"and the one beside it", FLOW, "[ipv4-addr:value ISSUBSET '198.51.100.8/30']", MATCH_NO},
    {"LIKE goes back", NAME("aab.example"), "[domain-name:value LIKE '%ab%e']", MATCH_YES},
    {"LIKE is anchored", NAME("aab.example"), "[domain-name:value LIKE 'ab%']", MATCH_NO},
    {"_ is one character, not one byte", NAME("\xe4\xb8\xad.example"),
     "[domain-name:value LIKE '_.example']", MATCH_YES},
    {"MATCHES is not anchored", NAME("aab.example"), "[domain-name:value MATCHES 'b\\\\.e']",
     MATCH_YES},
    {"an explosive expression ends",
     NAME("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaX"),
     "[domain-name:value MATCHES '^(a+)+$']", MATCH_NO},
    {"the later may not come first", NAME("a") "\n" NAME("b"),
     "[domain-name:value = 'b'] FOLLOWEDBY [domain-name:value = 'a']", MATCH_NO},
    {"in order", NAME("a") "\n" NAME("b"),
     "[domain-name:value = 'a'] FOLLOWEDBY [domain-name:value = 'b']", MATCH_YES},
    {"one observation is not two", NAME("a"),
     "[domain-name:value = 'a'] AND [domain-name:value LIKE 'a']", MATCH_NO},
    {"WITHIN a second and a bit", NAME("a") "\n" NAME("b"),
     "([domain-name:value = 'a'] AND [domain-name:value = 'b']) WITHIN 1 SECONDS", MATCH_YES},
    {"WITHIN less", NAME("a") "\n" NAME("b"),
     "([domain-name:value = 'a'] AND [domain-name:value = 'b']) WITHIN 0.9 SECONDS", MATCH_NO},
    {"WITHIN chooses another one", NAME("a") "\n" NAME("x") "\n" NAME("a") "\n" NAME("b"),
     "([domain-name:value = 'a'] AND [domain-name:value = 'b']) WITHIN 1 SECONDS", MATCH_YES},
    {"STOP is outside", NAME("a") "\n" NAME("b"),
     "[domain-name:value = 'b'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-01T00:00:01Z'",
     MATCH_NO},
    {"START is inside", NAME("a") "\n" NAME("b"),
     "[domain-name:value = 'b'] START t'2026-01-01T00:00:01Z' STOP t'2026-01-01T00:00:02Z'",
     MATCH_YES},
    {"repeated and then followed", NAME("a") "\n" NAME("a") "\n" NAME("b"),
     "[domain-name:value = 'a'] REPEATS 2 TIMES FOLLOWEDBY [domain-name:value = 'b']", MATCH_YES},
    {"repeated once too often", NAME("a") "\n" NAME("a") "\n" NAME("b"),
     "[domain-name:value = 'a'] REPEATS 3 TIMES FOLLOWEDBY [domain-name:value = 'b']", MATCH_NO},
};

static void one_row(void **state)
{
    const struct row *r = *state;
    struct arena *a = arena_new((size_t)8 << 20);
    struct match_observation o[8];
    struct match_odd odd;
    size_t n = observations_of(r->objects, a, o);

    assert_int_equal(verdict_of(bytes_text(r->pattern), o, n, a, &odd), r->verdict);
    assert_int_equal(odd.costly, strstr(r->name, "explosive") != NULL);
    arena_free(a);
}

/* ---- the shared cases ---------------------------------------------------------------------------
 */

static const char *expected_of(const struct json *row, struct arena *a)
{
    struct bytes pattern, expect;
    struct match_observation all[64], *some;
    const struct json *observed = json_find(row, "observations");
    struct match_odd odd;
    struct err e = {0};
    size_t n = 0, k;

    must(json_get_string(row, "pattern", &pattern, &e) &&
             json_get_string(row, "expect", &expect, &e),
         &e);
    if (!pattern_parse(pattern, a, &e))
        return bytes_are(expect, "error") ? NULL : "refused";
    for (size_t i = 0; i < json_count(observed); i++) {
        must(match_observed(json_at(observed, i), a, &some, &k, &e), &e);
        for (size_t j = 0; j < k; j++)
            all[n++] = some[j];
        assert_true(n < COUNT(all));
    }
    k = verdict_of(pattern, all, n, a, &odd);
    if (odd.not_times)
        return bytes_are(expect, "error") ? NULL : "compares with what is no time";
    return bytes_are(expect, k == MATCH_YES ? "match" : "no-match") ? NULL : "another verdict";
}

static void shared_cases(void **state)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct bytes rest, line;
    struct err e = {0};
    size_t n = 0;

    (void)state;
    if (!shared_text(a, "data/watch/stix/pattern-cases.jsonl", &rest)) {
        arena_free(a);
        skip();
    }
    for (; bytes_next_line(&rest, &line); n++) {
        struct arena_mark mark = arena_mark(a);
        const struct json *row = json_parse(line, a, &e);
        const char *wrong;
        must(row != NULL, &e);
        wrong = expected_of(row, a);
        if (wrong)
            fail_msg("case %zu: %s: %.*s", n + 1, wrong, BYTES_FMT(line));
        arena_reset(a, mark);
    }
    assert_int_equal(n, 195);
    arena_free(a);
}

/* ---- a slow evaluator
 * ------------------------------------------------------------------------------
 *
 * From the text: an observation expression stands for the set of its bindings, each a set of
 * observations; what was observed k times is k observations. Nothing is searched, all sets are
 * written down. */

#define THINGS 7 /* after unfolding number_observed */
struct sets {
    bool has[1 << THINGS];
};

struct thing {
    int64_t first, last;
    unsigned letters;
};

struct slow {
    struct thing things[THINGS];
    unsigned n;
};

static struct sets slow(const struct slow *w, const struct pattern *p);

static struct sets joined(const struct sets *a, const struct sets *b,
                          bool (*may)(const struct slow *w, unsigned x, unsigned y),
                          const struct slow *w)
{
    struct sets out = {0};

    for (unsigned x = 0; x < 1U << w->n; x++)
        for (unsigned y = 0; a->has[x] && y < 1U << w->n; y++)
            if (b->has[y] && !(x & y) && (!may || may(w, x, y)))
                out.has[x | y] = true;
    return out;
}

/* Instants in x and y can be chosen so that none of y is before one of x. */
static bool in_order(const struct slow *w, unsigned x, unsigned y)
{
    for (unsigned i = 0; i < w->n; i++)
        for (unsigned j = 0; j < w->n; j++)
            if ((x >> i & 1) && (y >> j & 1) && w->things[i].first > w->things[j].last)
                return false;
    return true;
}

/* Some window of that length touches all. */
static bool in_window(const struct slow *w, unsigned x, int64_t length)
{
    for (int64_t from = -40 * US_PER_S; from <= 40 * US_PER_S; from += US_PER_S / 2) {
        bool all = true;
        for (unsigned i = 0; i < w->n; i++)
            all = all && (!(x >> i & 1) ||
                          (w->things[i].first <= from + length && w->things[i].last >= from));
        if (all)
            return true;
    }
    return false;
}

static bool in_span(const struct slow *w, unsigned x, int64_t start, int64_t stop)
{
    for (unsigned i = 0; i < w->n; i++)
        if ((x >> i & 1) && (w->things[i].first >= stop || w->things[i].last < start))
            return false;
    return true;
}

static struct sets slow_qualified(const struct slow *w, const struct pattern *p)
{
    struct sets child = slow(w, p->child), out = child;
    const struct pattern_constant *c = p->constants;

    for (int64_t i = 1; p->qualifier == PATTERN_REPEATS && i < c->integer; i++)
        out = joined(&out, &child, NULL, w);
    for (unsigned x = 0; x < 1U << w->n; x++) {
        if (p->qualifier == PATTERN_WITHIN)
            out.has[x] = out.has[x] && in_window(w, x, (int64_t)(c->number * 1e6));
        if (p->qualifier == PATTERN_START_STOP)
            out.has[x] = out.has[x] && in_span(w, x, c[0].integer, c[1].integer);
    }
    return out;
}

/* [x:a = 1] holds for what has the letter a. */
static struct sets slow_observed(const struct slow *w, const struct pattern *p)
{
    struct sets out = {0};

    for (unsigned i = 0; i < w->n; i++)
        out.has[1U << i] = w->things[i].letters >> (p->child->path[0].key.p[0] - 'a') & 1;
    return out;
}

static struct sets slow(const struct slow *w, const struct pattern *p)
{
    struct sets out;

    if (p->kind == PATTERN_OBSERVED)
        return slow_observed(w, p);
    if (p->kind == PATTERN_QUALIFIED)
        return slow_qualified(w, p);
    out = slow(w, p->child);
    for (const struct pattern *c = p->child->next; c; c = c->next) {
        struct sets more = slow(w, c);
        if (p->kind == PATTERN_ANY_OF)
            for (unsigned x = 0; x < 1U << w->n; x++)
                out.has[x] |= more.has[x];
        else
            out = joined(&out, &more, p->kind == PATTERN_FOLLOWEDBY ? in_order : NULL, w);
    }
    return out;
}

/* A random pattern of at most `most` levels into text. */
static size_t write_pattern(struct rng *r, char *to, size_t cap, unsigned most)
{
    static const char *const words[] = {" AND ", " OR ", " FOLLOWEDBY "};
    unsigned what = most ? (unsigned)rng_below(r, 6) : 0;
    size_t n;

    if (what < 2)
        return (size_t)snprintf(to, cap, "[x:%c = 1]", (char)('a' + rng_below(r, 3)));
    n = (size_t)snprintf(to, cap, "(");
    n += write_pattern(r, to + n, cap - n, most - 1);
    if (what < 5) {
        const char *word = words[what - 2];
        for (uint64_t more = 1 + rng_below(r, 2); more; more--) {
            n += (size_t)snprintf(to + n, cap - n, "%s", word);
            n += write_pattern(r, to + n, cap - n, most - 1);
        }
        return n + (size_t)snprintf(to + n, cap - n, ")");
    }
    n += (size_t)snprintf(to + n, cap - n, ")");
    switch (rng_below(r, 3)) {
    case 0:
        return n + (size_t)snprintf(to + n, cap - n, " WITHIN %g SECONDS",
                                    0.5 * (double)(1 + rng_below(r, 12)));
    case 1:
        return n + (size_t)snprintf(to + n, cap - n, " REPEATS %u TIMES",
                                    1 + (unsigned)rng_below(r, 3));
    default:
        return n + (size_t)snprintf(to + n, cap - n,
                                    " START t'1970-01-01T00:00:0%uZ' STOP t'1970-01-01T00:00:1%uZ'",
                                    (unsigned)rng_below(r, 10), (unsigned)rng_below(r, 10));
    }
}

static void write_observation(struct rng *r, struct match_observation *o,
                              struct match_object *object, struct match_value v[3], struct slow *w)
{
    unsigned letters = (unsigned)rng_below(r, 8), number = rng_below(r, 4) ? 1 : 2;
    int64_t first = (int64_t)rng_below(r, 20) * US_PER_S / 2,
            last = first + (rng_below(r, 3) ? 0 : (int64_t)rng_below(r, 5) * US_PER_S / 2);

    for (unsigned i = 0; i < 3; i++)
        v[i] = (struct match_value){
            .kind = MATCH_INTEGER, .key = bytes_of(&"abc"[i], 1), .integer = letters >> i & 1};
    if (w->n + number > THINGS)
        number = THINGS - w->n;
    *object = (struct match_object){BYTES("x"), v, 3};
    *o = (struct match_observation){object, 1, 1, first, last, number};
    for (unsigned i = 0; i < number; i++)
        w->things[w->n++] = (struct thing){first, last, letters};
}

static unsigned rounds_from_env(void)
{
    const char *text = getenv("ENTENTE_MATCH_ROUNDS");
    return text ? (unsigned)strtoul(text, NULL, 10) : 3000;
}

static void as_the_slow_one(void **state)
{
    struct rng r = rng_from_env("as_the_slow_one");
    struct arena *a = arena_new((size_t)8 << 20);
    struct arena_mark start = arena_mark(a);
    unsigned yes = 0, rounds = rounds_from_env();

    (void)state;
    for (unsigned round = 0; round < rounds; round++) {
        struct match_observation o[THINGS];
        struct match_object objects[THINGS];
        struct match_value values[THINGS][3];
        struct slow w = {0};
        struct match_odd odd;
        struct err e = {0};
        struct sets all;
        char text[8192];
        size_t n = 0, text_n = write_pattern(&r, text, sizeof text, 3);
        const struct pattern *p = pattern_parse(bytes_of(text, text_n), a, &e);
        bool slow_says = false;

        must(p != NULL, &e);
        for (; n < 6 && w.n < THINGS; n++)
            write_observation(&r, &o[n], &objects[n], values[n], &w);
        all = slow(&w, p);
        for (unsigned x = 1; x < 1U << w.n; x++)
            slow_says |= all.has[x];
        if (verdict_of(bytes_of(text, text_n), o, n, a, &odd) != (slow_says ? MATCH_YES : MATCH_NO))
            fail_msg("round %u: the slow one says %s: %s", round, slow_says ? "yes" : "no", text);
        yes += slow_says;
        arena_reset(a, start);
    }
    assert_in_range(yes, rounds / 10, rounds - rounds / 10);
    arena_free(a);
}

/* ---- bounds
 * -------------------------------------------------------------------------------------- */

static void too_much_is_refused(void **state)
{
    static const char *const texts[] = {
        "[a:b = 1] REPEATS 1025 TIMES",
        "[a:b = 1] REPEATS 33 TIMES REPEATS 32 TIMES",
        "[a:b = 1] AND [a:b = 1] REPEATS 1024 TIMES",
    };
    struct arena *a = arena_new((size_t)8 << 20);
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        must_fail(match_new(pattern_parse(bytes_text(texts[i]), a, &e), a, &e) != NULL, &e,
                  ERR_LIMIT, "more than 1024 observations");
    must_fail(match_new(pattern_parse(BYTES("[a:b MATCHES '(']"), a, &e), a, &e) != NULL, &e,
              ERR_INPUT, "regular expression");
    arena_free(a);
}

static void a_costly_binding_is_left_open(void **state)
{
    struct arena *a = arena_new((size_t)8 << 20);
    struct err e = {0};
    struct match *m = match_new(
        pattern_parse(BYTES("(([a:b = 1] AND [a:b = 2] AND [a:b = 3]) WITHIN 1 SECONDS) REPEATS 20 "
                            "TIMES AND [a:b = 4] START t'1980-01-01T00:00:00Z' STOP "
                            "t'1981-01-01T00:00:00Z'"),
                      a, &e),
        a, &e);
    struct match_room *room = match_room_new(&e);
    struct match_seen seen[200];

    (void)state;
    must(m && room, &e);
    for (size_t i = 0; i < COUNT(seen); i++)
        seen[i] = (struct match_seen){UINT64_C(15), (int64_t)i * 100000, (int64_t)i * 100000, 1};
    assert_int_equal(match_bind(m, seen, COUNT(seen), NULL, NULL, room), MATCH_UNKNOWN);
    assert_int_equal(match_room_odd(room)->undecided, 1);
    match_room_free(room);
    match_free(m);
    arena_free(a);
}

int main(void)
{
    static struct CMUnitTest tests[COUNT(rows) + 8] = {
        cmocka_unit_test(shared_cases),
        cmocka_unit_test(as_the_slow_one),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(a_costly_binding_is_left_open),
    };
    size_t n = 4;

    ADD_ROWS(tests, n, one_row, rows);
    return _cmocka_run_group_tests("match", tests, n, NULL, NULL);
}
