#include "base/limits.h"
#include "stix/json.h"
#include "stix/pattern.h"
#include "stix/shared.h"

/* ---- what is taken, and its one spelling ---------------------------------------------------- */

static const struct taken {
    const char *name, *text, *print; /* NULL: as text */
} taken[] = {
    {"one comparison", "[ipv4-addr:value = '198.51.100.1']", NULL},
    {"blanks, == and comments", " [ a:b\t==\n1 /* one */ OR // two\n a:b = 2 ] ",
     "[a:b = 1 OR a:b = 2]"},
    {"wide blanks",
     "[a:b\xc2\xa0=\xe3\x80\x80"
     "1]",
     "[a:b = 1]"},
    {"both spellings of unequal", "[a:b != 1 AND a:b <> 2]", "[a:b != 1 AND a:b != 2]"},
    {"order", "[a:b < 1 AND a:b <= 2 AND a:b > 3 AND a:b >= 4]", NULL},
    {"NOT before operators", "[a:b NOT = 1 AND a:b NOT IN (1, 2) AND a:b NOT LIKE 'x%']", NULL},
    {"EXISTS", "[EXISTS windows-registry-key:values]", NULL},
    {"NOT EXISTS", "[NOT EXISTS a:b]", NULL},
    {"a set of one kind of number", "[a:b IN (1, 2.5, -3)]", NULL},
    {"an empty set", "[a:b IN ()]", NULL},
    {"all word operators",
     "[a:b LIKE '_' AND a:b MATCHES '^x$' AND a:b ISSUBSET '10.0.0.0/8' AND "
     "a:b ISSUPERSET '10.0.0.0/30']",
     NULL},
    {"all constants",
     "[a:b IN ('x') AND a:b = true AND a:b = false AND a:b = t'2026-01-31T12:00:00.5Z'"
     " AND a:b = h'00ff' AND a:b = b'AAE=' AND a:b = -1 AND a:b = 0.5]",
     NULL},
    {"hexadecimal in capitals", "[a:b = h'00FF']", "[a:b = h'00ff']"},
    {"signs and bare points", "[a:b = +5 OR a:b = .5 OR a:b = -.5 OR a:b = +0.5 OR a:b = 00.5]",
     "[a:b = 5 OR a:b = .5 OR a:b = -.5 OR a:b = 0.5 OR a:b = 00.5]"},
    {"escapes", "[file:name = 'it\\'s \\\\ here']", NULL},
    {"a string beyond ASCII", "[file:name = '\xe4\xb8\xad']", NULL},
    {"a path with quoted keys and indices",
     "[file:extensions.'windows-pebinary-ext'.sections[*].hashes.'SHA-256' = 'x' AND file:a[0][-1] "
     "= 1]",
     NULL},
    {"a quoted key that needs none", "[a:'b'.'c' = 1]", "[a:b.c = 1]"},
    {"a quoted key that is a word of the grammar", "[a:b.'AND' = 1]", NULL},
    {"an empty quoted key", "[a:b.'' = 1]", NULL},
    {"parentheses that change nothing go", "([(a:b = 1)])", "[a:b = 1]"},
    {"AND binds before OR", "[a:b = 1 OR a:b = 2 AND a:c = 3]", NULL},
    {"parentheses that change something stay", "[(a:b = 1 OR a:b = 2) AND a:c = 3]", NULL},
    {"a nested chain stays as it is", "[a:b = 1 OR (a:b = 2 OR a:b = 3)]", NULL},
    {"two types joined by OR", "[a:b = 1 OR c:d = 2]", NULL},
    {"an AND that fits the type they share", "[(a:b = 1 OR c:d = 2) AND c:e = 3]", NULL},
    {"observations", "[a:b = 1] AND [c:d = 2] OR [e:f = 3] FOLLOWEDBY [g:h = 4]", NULL},
    {"observations in parentheses", "([a:b = 1] FOLLOWEDBY [c:d = 2]) AND ([e:f = 3] OR [g:h = 4])",
     NULL},
    {"qualifiers", "[a:b = 1] REPEATS 5 TIMES WITHIN 1800.5 SECONDS", NULL},
    {"a qualifier over a group", "([a:b = 1] AND [c:d = 2]) WITHIN 300 SECONDS", NULL},
    {"a qualifier binds to its observation", "[a:b = 1] AND [c:d = 2] WITHIN 300 SECONDS", NULL},
    {"START and STOP", "[a:b = 1] START t'2016-06-01T00:00:00Z' STOP t'2017-03-12T08:30:00Z'",
     NULL},
    {"START and STOP of STIX 2.0",
     "[a:b = 1] START '2016-06-01T00:00:00Z' STOP '2017-03-12T08:30:00Z'",
     "[a:b = 1] START t'2016-06-01T00:00:00Z' STOP t'2017-03-12T08:30:00Z'"},
    {"a time before 1970", "[x509-certificate:validity_not_before > t'1950-02-28T00:00:00Z']",
     NULL},
    {"a leap second", "[a:b = t'2016-12-31T23:59:60Z']", NULL},
    {"words of the grammar in small letters are names", "[and:or = 1 AND and:in = 2]", NULL},
};

static void is_taken(void **state)
{
    const struct taken *t = *state;
    struct arena *a = test_arena();
    struct err e = {0};
    const struct pattern *p = pattern_parse(bytes_text(t->text), a, &e);
    struct bytes once, twice = {0};

    must(p != NULL, &e);
    must(pattern_print(p, a, &once, &e), &e);
    if (!bytes_are(once, t->print ? t->print : t->text))
        fail_msg("%.*s", BYTES_FMT(once));
    p = pattern_parse(once, a, &e);
    must(p && pattern_print(p, a, &twice, &e), &e);
    assert_true(bytes_equal(once, twice));
    arena_free(a);
}

/* ---- what is refused ----------------------------------------------------------------------------
 */

static const struct refused {
    const char *name, *text;
    enum err_code code;
    const char *says;
} refused[] = {
    {"nothing", "", ERR_INPUT, "column 1: expected [ or ("},
    {"an empty observation", "[]", ERR_INPUT, "column 2: expected an object path"},
    {"no brackets", "a:b = 1", ERR_INPUT, "expected [ or ("},
    {"no closing bracket", "[a:b = 1", ERR_INPUT, "column 9: expected AND, OR or ]"},
    {"something behind the end", "[a:b = 1] x", ERR_INPUT,
     "column 11: expected AND, OR, FOLLOWEDBY"},
    {"no property", "[a = 1]", ERR_INPUT, "expected : behind an object type"},
    {"no operator", "[a:b 1]", ERR_INPUT, "expected = !="},
    {"no constant", "[a:b = ]", ERR_INPUT, "column 8: expected a constant"},
    {"a bare word as constant", "[a:b = x]", ERR_INPUT, "expected a constant"},
    {"double quotes", "[a:b = \"x\"]", ERR_INPUT, "no pattern has here"},
    {"a string without end", "[a:b = 'x]", ERR_INPUT,
     "column 8: a string without its closing quote"},
    {"a lone backslash", "[file:name = 'C:\\Windows']", ERR_INPUT, "column 17: a backslash that"},
    {"a backslash at the very end", "[a:b = 'x\\", ERR_INPUT, "backslash"},
    {"a comment without end", "[a:b = 1] /* x", ERR_INPUT, "a comment without its end"},
    {"a hyphen in a bare key", "[file:hashes.SHA-256 = 'x']", ERR_INPUT, "must stand in quotes"},
    {"a word of the grammar as a key", "[a:AND = 1]", ERR_INPUT, "expected a property's name"},
    {"a word of the grammar as a type", "[IN:a = 1]", ERR_INPUT, "expected an object path"},
    {"an index first", "[a:[0] = 1]", ERR_INPUT, "expected a property's name"},
    {"an index behind a dot", "[a:b.[0] = 1]", ERR_INPUT, "expected a property's name"},
    {"a bad index", "[a:b['x'] = 1]", ERR_INPUT, "expected an index or *"},
    {"leading zeros", "[a:b = 007]", ERR_INPUT, "leading zeros"},
    {"an integer beyond 64 bits", "[a:b = 9223372036854775808]", ERR_INPUT, "beyond 64 bits"},
    {"a sign alone", "[a:b = -]", ERR_INPUT, "a sign without a number"},
    {"an exponent", "[a:b = 1e5]", ERR_INPUT, "a letter right behind a number"},
    {"a set of unlike kinds", "[a:b IN (1, 'x')]", ERR_INPUT,
     "column 13: a list of constants of unlike"},
    {"a set with a comma too many", "[a:b IN (1,)]", ERR_INPUT, "expected a constant"},
    {"LIKE a number", "[a:b LIKE 5]", ERR_INPUT, "expected 'text'"},
    {"an order of truth", "[a:b < true]", ERR_INPUT, "no order"},
    {"NOT before a path", "[NOT a:b = 1]", ERR_INPUT, "NOT stands before"},
    {"half a hexadecimal digit", "[a:b = h'abc']", ERR_INPUT, "not pairs of hexadecimal"},
    {"bad base64", "[a:b = b'A']", ERR_INPUT, "not base64"},
    {"a time that is none", "[a:b = t'2026-02-29T00:00:00Z']", ERR_INPUT, "not a timestamp"},
    {"an AND across types", "[ipv4-addr:value = 'x' AND domain-name:value = 'y']", ERR_INPUT,
     "column 28: the parts of an AND"},
    {"WITHIN zero", "[a:b = 1] WITHIN 0 SECONDS", ERR_INPUT, "greater than zero"},
    {"REPEATS a fraction", "[a:b = 1] REPEATS 1.5 TIMES", ERR_INPUT, "expected a whole number"},
    {"REPEATS a negative", "[a:b = 1] REPEATS -1 TIMES", ERR_INPUT, "greater than zero"},
    {"no SECONDS", "[a:b = 1] WITHIN 5", ERR_INPUT, "expected SECONDS"},
    {"START after STOP", "[a:b = 1] START t'2017-01-01T00:00:00Z' STOP t'2016-01-01T00:00:00Z'",
     ERR_INPUT, "START is not before STOP"},
    {"START without STOP", "[a:b = 1] START t'2017-01-01T00:00:00Z'", ERR_INPUT, "expected STOP"},
    {"small letters for AND", "[a:b = 1 and a:b = 2]", ERR_INPUT, "expected AND, OR or ]"},
    {"a zero byte's place is told in characters", "[a:b = '\xe4\xb8\xad' ?]", ERR_INPUT,
     "column 12"},
    {"not UTF-8", "[a:b = '\xff']", ERR_INPUT, "not UTF-8"},
};

static void is_refused(void **state)
{
    const struct refused *r = *state;
    struct arena *a = test_arena();
    struct err e = {0};

    must_fail(pattern_parse(bytes_text(r->text), a, &e), &e, r->code, r->says);
    arena_free(a);
}

/* ---- limits -------------------------------------------------------------------------------------
 */

static const struct pattern *nested(struct arena *a, int depth, const char *open, const char *inner,
                                    const char *close, struct err *e)
{
    struct buf b = buf_in(a);
    struct bytes text;

    for (int i = 0; i < depth; i++)
        buf_puts(&b, open);
    buf_puts(&b, inner);
    for (int i = 0; i < depth; i++)
        buf_puts(&b, close);
    must(buf_end(&b, &text, e), e);
    return pattern_parse(text, a, e);
}

static void depth_is_bounded(void **state)
{
    struct arena *a = test_arena();
    struct err e = {0};

    (void)state;
    must(nested(a, LIMIT_PATTERN_DEPTH, "(", "[a:b = 1]", ")", &e), &e);
    must_fail(nested(a, LIMIT_PATTERN_DEPTH + 1, "(", "[a:b = 1]", ")", &e), &e, ERR_LIMIT,
              "nested too deeply");
    must_fail(nested(a, 100, "", "[a:b = 1]", " REPEATS 2 TIMES", &e), &e, ERR_LIMIT, "nested");
    must_fail(nested(a, 100000, "[", "(", "", &e), &e, ERR_INPUT, NULL);
    must_fail(nested(a, 1, "[",
                     nested(a, 0, "", "[a:b = 1]", "", &e) ? "((((((((((((((((((((((((((((("
                                                             "(((((((((((((((((((((((((((("
                                                             "(((((((((((a:b = 1"
                                                           : "",
                     "]", &e),
              &e, ERR_LIMIT, "nested too deeply");
    arena_free(a);
}

static void a_long_chain_is_flat(void **state)
{
    struct arena *a = test_arena();
    struct buf b = buf_in(a);
    struct bytes text;
    struct indicator *all = NULL;
    size_t n = 0;
    struct err e = {0};
    const struct pattern *p;

    (void)state;
    for (int i = 0; i < 20000; i++)
        buf_format(&b, "%s ipv4-addr:value = '10.0.%d.%d'", i ? " OR" : "[", i / 256, i % 256);
    buf_puts(&b, "]");
    must(buf_end(&b, &text, &e), &e);
    p = pattern_parse(text, a, &e);
    must(p && pattern_indicators(p, a, &all, &n, &e), &e);
    assert_int_equal(n, 20000);
    assert_true(bytes_are(all[19999].value, "10.0.78.31"));
    arena_free(a);
}

static void too_long_is_a_limit(void **state)
{
    struct arena *a = test_arena();
    struct err e = {0};
    uint8_t *blanks = arena_get(a, LIMIT_PATTERN_BYTES + 1, &e);

    (void)state;
    memset(blanks, ' ', LIMIT_PATTERN_BYTES + 1);
    must_fail(pattern_parse(bytes_of(blanks, LIMIT_PATTERN_BYTES + 1), a, &e), &e, ERR_LIMIT,
              "more than");
    arena_free(a);
}

/* ---- plain patterns
 * --------------------------------------------------------------------------------- */

static const struct plain {
    const char *name, *text;
    size_t n;
    enum indicator_type type; /* of the last */
    const char *value;
} plain[] = {
    {"an address", "[ipv4-addr:value = '198.51.100.1']", 1, INDICATOR_IPV4, "198.51.100.1"},
    {"a prefix by ISSUBSET", "[ipv4-addr:value ISSUBSET '198.51.100.0/24']", 1,
     INDICATOR_IPV4_PREFIX, "198.51.100.0/24"},
    {"a prefix by =", "[ipv4-addr:value = '198.51.100.0/24']", 1, INDICATOR_IPV4_PREFIX,
     "198.51.100.0/24"},
    {"IPv6 comes in one spelling", "[ipv6-addr:value = '2001:DB8:0:0::1']", 1, INDICATOR_IPV6,
     "2001:db8::1"},
    {"a name in capitals", "[domain-name:value = 'Evil.Example.']", 1, INDICATOR_DOMAIN,
     "evil.example"},
    {"a set", "[domain-name:value IN ('a.example', 'b.example')]", 2, INDICATOR_DOMAIN,
     "b.example"},
    {"OR inside and outside",
     "[url:value = 'http://a.example/'] OR [email-addr:value = 'a@b.example' "
     "OR (ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'c.example')]",
     4, INDICATOR_DOMAIN, "c.example"},
    {"MD5", "[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E']", 1, INDICATOR_MD5,
     "d41d8cd98f00b204e9800998ecf8427e"},
    {"SHA-256 quoted",
     "[file:hashes.'SHA-256' = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']",
     1, INDICATOR_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"SHA256 and sha1 spelled anyhow",
     "[file:hashes.SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' OR "
     "file:hashes.'sha-1' = 'da39a3ee5e6b4b0d3255bfef95601890afd80709']",
     2, INDICATOR_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {"NOT is not plain", "[ipv4-addr:value NOT = '198.51.100.1']", 0, 0, NULL},
    {"!= is not plain", "[ipv4-addr:value != '198.51.100.1']", 0, 0, NULL},
    {"LIKE is not plain", "[domain-name:value LIKE '%.example']", 0, 0, NULL},
    {"AND is not plain", "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e' AND file:size = 1]",
     0, 0, NULL},
    {"an OR with one part that is not", "[ipv4-addr:value = '192.0.2.1' OR file:name = 'x']", 0, 0,
     NULL},
    {"a qualifier is not plain", "[ipv4-addr:value = '192.0.2.1'] REPEATS 2 TIMES", 0, 0, NULL},
    {"a value that is not of its type", "[ipv4-addr:value = 'nonsense']", 0, 0, NULL},
    {"a digest of the wrong length", "[file:hashes.MD5 = 'abc']", 0, 0, NULL},
    {"a hash name that goes on behind its end",
     "[file:hashes.'SHA-256x' = 'd41d8cd98f00b204e9800998ecf8427e']", 0, 0, NULL},
    {"a number", "[ipv4-addr:value = 5]", 0, 0, NULL},
    {"an empty set matches nothing", "[ipv4-addr:value IN ()]", 0, 0, NULL},
};

static void is_plain(void **state)
{
    const struct plain *r = *state;
    struct arena *a = test_arena();
    struct indicator *all = NULL;
    size_t n = 0;
    struct err e = {0};
    const struct pattern *p = pattern_parse(bytes_text(r->text), a, &e);

    must(p && pattern_indicators(p, a, &all, &n, &e), &e);
    assert_int_equal(n, r->n);
    if (n) {
        assert_int_equal(all[n - 1].type, r->type);
        assert_true(bytes_are(all[n - 1].value, r->value));
    }
    arena_free(a);
}

/* ---- properties and real patterns
 * ------------------------------------------------------------------------ */

/* Random strings of tokens: no crash, and what is taken prints to a fixed point. */
static void any_tokens(void **state)
{
    static const char *const words[] = {"[",
                                        "]",
                                        "(",
                                        ")",
                                        "a:b",
                                        "=",
                                        "1",
                                        "'x'",
                                        " AND ",
                                        " OR ",
                                        " NOT ",
                                        " IN ",
                                        "(1,2)",
                                        " FOLLOWEDBY ",
                                        "[a:b = 1]",
                                        " WITHIN 5 SECONDS",
                                        "[0]",
                                        ".c",
                                        " LIKE ",
                                        "[EXISTS a:b]",
                                        " REPEATS 2 TIMES",
                                        "[*]",
                                        "-"};
    struct arena *a = test_arena();
    struct rng r = rng_from_env("pattern");
    size_t ok = 0;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        struct arena_mark m = arena_mark(a);
        struct buf b = buf_in(a);
        struct bytes text, once, twice = {0};
        struct err e = {0};
        const struct pattern *p;
        for (uint64_t k = 1 + rng_below(&r, 9); k > 0; k--)
            buf_puts(&b, words[rng_below(&r, COUNT(words))]);
        must(buf_end(&b, &text, &e), &e);
        p = pattern_parse(text, a, &e);
        if (p) {
            must(pattern_print(p, a, &once, &e), &e);
            p = pattern_parse(once, a, &e);
            must(p && pattern_print(p, a, &twice, &e), &e);
            assert_true(bytes_equal(once, twice));
            ok++;
        }
        arena_reset(a, m);
    }
    assert_true(ok > 300);
    arena_free(a);
}

static const struct corpus {
    const char *name;
    size_t taken, refused, plain;
} corpora[] = {
    /* 179 of the refused hold terms that the elevator left unconverted, 11 an AND across types */
    {"data/watch/stix/patterns-oasis.jsonl.zst", 1614, 190, 463},
    {"data/watch/stix/patterns-tweetfeed.jsonl.zst", 11784, 0, 11772},
    /* the twelve join a file and a directory, or such, by AND */
    {"data/watch/stix/patterns-unit42.jsonl.zst", 8694, 12, 7618},
    {"data/watch/stix/pattern-cases.jsonl", 183, 12, 0},
};

/* A case that must fail fails here too, but for those whose observed data is what is wrong. */
static void as_expected(const struct json *row, bool parsed, struct bytes text)
{
    bool error = json_is(json_find(row, "expect"), "error");

    if (json_find(row, "expect") && error == parsed &&
        !bytes_start_with(text, "[event:bad_ts[3] = t"))
        fail_msg("%s: %.*s", parsed ? "taken" : "refused", BYTES_FMT(text));
}

static void real_patterns(void **state)
{
    const struct corpus *c = *state;
    struct arena *a = arena_new((size_t)256 << 20);
    size_t taken_count = 0, refused_count = 0, plain_count = 0;
    struct bytes rest, line, text, once, twice = {0};
    struct err e = {0};

    if (!shared_text(a, c->name, &rest)) {
        arena_free(a);
        skip();
    }
    while (bytes_next_line(&rest, &line)) {
        struct arena_mark m = arena_mark(a);
        const struct json *row = json_parse(line, a, &e);
        const struct pattern *p;
        struct indicator *all = NULL;
        size_t n = 0;
        must(json_get_string(row, "pattern", &text, &e), &e);
        p = pattern_parse(text, a, &e);
        as_expected(row, p != NULL, text);
        taken_count += p != NULL;
        refused_count += p == NULL;
        if (p) {
            must(pattern_indicators(p, a, &all, &n, &e), &e);
            must(pattern_print(p, a, &once, &e), &e);
            p = pattern_parse(once, a, &e);
            must(p && pattern_print(p, a, &twice, &e), &e);
            assert_true(bytes_equal(once, twice));
        }
        plain_count += n > 0;
        arena_reset(a, m);
    }
    assert_int_equal(taken_count, c->taken);
    assert_int_equal(refused_count, c->refused);
    assert_int_equal(plain_count, c->plain);
    arena_free(a);
}

int main(void)
{
    static struct CMUnitTest
        tests[COUNT(taken) + COUNT(refused) + COUNT(plain) + COUNT(corpora) + 8] = {
            cmocka_unit_test(depth_is_bounded),
            cmocka_unit_test(a_long_chain_is_flat),
            cmocka_unit_test(too_long_is_a_limit),
            cmocka_unit_test(any_tokens),
        };
    size_t n = 4;

    ADD_ROWS(tests, n, is_taken, taken);
    ADD_ROWS(tests, n, is_refused, refused);
    ADD_ROWS(tests, n, is_plain, plain);
    ADD_ROWS(tests, n, real_patterns, corpora);
    return _cmocka_run_group_tests("pattern", tests, n, NULL, NULL);
}
