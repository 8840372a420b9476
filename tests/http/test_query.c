#include "support/support.h"

#include "base/limits.h"
#include "http/http.h"

static const struct row {
    const char *name, *text;
    const char *decoded; /* params as "name=value|"; NULL: refused */
    const char *says;
} queries[] = {
    {"nothing", "", "", NULL},
    {"one", "a=1", "a=1|", NULL},
    {"two", "a=1&b=2", "a=1|b=2|", NULL},
    {"no value", "a", "a=|", NULL},
    {"an empty value", "a=", "a=|", NULL},
    {"an equals sign in a value", "a=b=c", "a=b=c|", NULL},
    {"TAXII's brackets", "match[type]=indicator", "match[type]=indicator|", NULL},
    {"TAXII's brackets, escaped", "match%5Btype%5d=a,b", "match[type]=a,b|", NULL},
    {"an escaped ampersand", "a=1%262", "a=1&2|", NULL},
    {"a plus is a plus", "a=1+2", "a=1+2|", NULL},
    {"UTF-8", "a=%E4%B8%AD", "a=\xe4\xb8\xad|", NULL},
    {"a time", "added_after=2026-01-31T12:00:00.000001Z",
     "added_after=2026-01-31T12:00:00.000001Z|", NULL},
    {"an escape cut short", "a=%4", NULL, "parameter 1: byte 0"},
    {"an escape that is none", "b=1&a=x%zz", NULL, "parameter 2: byte 1"},
    {"a lone percent sign", "a=%", NULL, "byte 0"},
    {"a zero byte, escaped", "a=%00", NULL, "control"},
    {"a line feed, escaped", "a=%0a", NULL, "control"},
    {"a C1 control, escaped", "a=%C2%9B", NULL, "control"},
    {"overlong UTF-8, escaped", "a=%C0%80", NULL, "UTF-8"},
    {"a surrogate, escaped", "a=%ED%A0%80", NULL, "UTF-8"},
    {"bytes above ASCII", "a=\xc3\xa4", NULL, "URL character"},
    {"a blank", "a=b c", NULL, "URL character"},
    {"a quote", "a=\"b\"", NULL, "URL character"},
    {"no name", "=1", NULL, "a name"},
    {"an empty parameter", "a=1&&b=2", NULL, "a name"},
    {"an ampersand at the end", "a=1&", NULL, "a name"},
};

static void parses(void **state)
{
    const struct row *w = *state;
    struct arena *a = test_arena();
    struct http_param *params;
    struct buf b = buf_in(a);
    struct err e = {0};
    size_t n;
    bool ok = http_query_parse(bytes_text(w->text), a, &params, &n, &e);

    if (!w->decoded) {
        must_fail(ok, &e, ERR_INPUT, w->says);
    } else {
        must(ok, &e);
        for (size_t i = 0; i < n; i++) {
            buf_put(&b, params[i].name);
            buf_byte(&b, '=');
            buf_put(&b, params[i].value);
            buf_byte(&b, '|');
        }
        assert_string_equal(buf_string(&b, &e), w->decoded);
    }
    arena_free(a);
}

static void finds_one_and_only_one(void **state)
{
    struct arena *a = test_arena();
    struct http_param *params;
    struct bytes value;
    struct err e = {0};
    bool found;
    size_t n;

    (void)state;
    must(http_query_parse(BYTES("a=1&b=2&a=3"), a, &params, &n, &e), &e);
    must(http_query_find(params, n, "b", &found, &value, &e), &e);
    assert_true(found && bytes_are(value, "2"));
    must(http_query_find(params, n, "c", &found, &value, &e), &e);
    assert_false(found);
    must_fail(http_query_find(params, n, "a", &found, &value, &e), &e, ERR_INPUT, "twice");
    arena_free(a);
}

static void has_a_limit(void **state)
{
    struct arena *a = test_arena();
    struct http_param *params;
    struct err e = {0};
    struct buf b = buf_in(a);
    size_t n;

    (void)state;
    for (int i = 0; i < LIMIT_HTTP_PARAMS; i++)
        buf_puts(&b, i ? "&a=1" : "a=1");
    must(http_query_parse(buf_view(&b), a, &params, &n, &e), &e);
    assert_int_equal(n, LIMIT_HTTP_PARAMS);
    buf_puts(&b, "&a=1");
    must_fail(http_query_parse(buf_view(&b), a, &params, &n, &e), &e, ERR_LIMIT, "64");
    arena_free(a);
}

/* Any text without controls comes back from its escaped form. */
static void encoding_comes_back(void **state)
{
    struct rng r = rng_from_env("query");
    struct arena *a = test_arena();
    struct arena_mark mark = arena_mark(a);

    (void)state;
    for (int i = 0; i < 2000; i++) {
        uint8_t raw[200];
        struct bytes coded, back;
        struct err e = {0};
        size_t n = 0;
        while (n < rng_below(&r, 190)) {
            uint32_t code = (uint32_t)rng_below(&r, i % 2 ? 0x80 : 0x11000);
            if (code >= 0xa0 ? code < 0xd800 || code > 0xdfff : code >= 0x20 && code < 0x7f)
                n += utf8_put(raw + n, code);
        }
        arena_reset(a, mark);
        must(http_percent_encode(bytes_of(raw, n), a, &coded, &e), &e);
        must(http_percent_decode(coded, a, &back, &e), &e);
        assert_true(bytes_equal(back, bytes_of(raw, n)));
    }
    arena_free(a);
}

static void paths_are_cut_at_slashes(void **state)
{
    static const struct {
        const char *path, *segments;
    } paths[] = {
        {"/a/b", "a|b|"},      {"/", "|"}, {"", ""}, {"a", ""}, {"/a/", "a||"}, {"//", "||"},
        {"/%2F/..", "%2F|..|"}};

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct arena *a = test_arena();
        struct bytes rest = bytes_text(paths[i].path), segment;
        struct buf b = buf_in(a);
        struct err e = {0};
        while (http_path_next(&rest, &segment)) {
            buf_put(&b, segment);
            buf_byte(&b, '|');
        }
        assert_string_equal(buf_string(&b, &e), paths[i].segments);
        arena_free(a);
    }
}

static void headers_are_found(void **state)
{
    static const char *const texts[] = {"Host", "a", "X-One", "b", "x-one", "c"};
    struct http_header h[3];
    size_t n;

    (void)state;
    for (int i = 0; i < 3; i++)
        h[i] = (struct http_header){bytes_text(texts[2 * i]), bytes_text(texts[2 * i + 1])};
    assert_true(bytes_are(http_header_find(h, 3, "hOST", NULL), "a"));
    assert_true(bytes_are(http_header_find(h, 3, "x-one", &n), "b") && n == 2);
    assert_int_equal(http_header_find(h, 3, "x-one", NULL).n, 0);
    assert_int_equal(http_header_find(h, 3, "x-on", &n).n, 0);
    assert_int_equal(n, 0);
}

int main(void)
{
    enum { ROWS = sizeof queries / sizeof *queries };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(finds_one_and_only_one), cmocka_unit_test(has_a_limit),
        cmocka_unit_test(encoding_comes_back),    cmocka_unit_test(paths_are_cut_at_slashes),
        cmocka_unit_test(headers_are_found),
    };
    struct CMUnitTest tests[ROWS + sizeof others / sizeof *others];

    for (size_t i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(parses, queries[i]);
    memcpy(tests + ROWS, others, sizeof others);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
