#include "base/limits.h"
#include "second_json.h"
#include "stix/json.h"
#include "support/support.h"

#include <math.h>

static struct bytes canon(struct arena *a, struct bytes text)
{
    struct bytes out = {0};
    struct err e = {0};

    must(json_canonical(text, a, &out, &e), &e);
    return out;
}

/* ---- the vectors of RFC 8785 and of our profile ----------------------------------------- */

static void pairs_come_out(struct arena *a, const struct json *rows)
{
    assert_true(json_count(rows) > 0);
    for (size_t i = 0; i < json_count(rows); i++) {
        struct bytes in, out, got;
        struct err e = {0};
        must(json_get_string(json_at(rows, i), "in", &in, &e), &e);
        must(json_get_string(json_at(rows, i), "out", &out, &e), &e);
        got = canon(a, in);
        if (!bytes_equal(got, out))
            fail_msg("%.*s: %.*s", BYTES_FMT(in), BYTES_FMT(got));
    }
}

static void vectors_hold(void **state)
{
    struct arena *a = test_arena();
    struct err e = {0};
    const struct json *v = json_parse(test_vector(a, "jcs.json"), a, &e), *bad;

    (void)state;
    must(v, &e);
    pairs_come_out(a, json_find(v, "numbers"));
    pairs_come_out(a, json_find(v, "documents"));
    bad = json_find(v, "must_reject");
    assert_int_equal(json_count(bad), 6);
    for (size_t i = 0; i < json_count(bad); i++) {
        struct bytes text;
        assert_true(json_as_string(json_at(bad, i), &text));
        must_fail(json_parse(text, a, &e), &e, ERR_INPUT, "line 1, column");
    }
    arena_free(a);
}

/* Each row of numbers.txt is what an ECMAScript engine prints for a double. */
static void numbers_print_as_ecmascript_does(void **state)
{
    struct arena *a = test_arena();
    struct bytes rest = test_vector(a, "numbers.txt"), line;
    size_t n = 0;

    (void)state;
    while (bytes_next_line(&rest, &line)) {
        struct arena_mark m = arena_mark(a);
        struct json_maker maker = json_maker(a);
        struct bytes want, got;
        struct err e = {0};
        uint8_t be[8];
        uint64_t bits = 0;
        double v, back;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        assert_true(hex_decode(be, 8, bytes_part(line, 0, 16)));
        for (int i = 0; i < 8; i++)
            bits = bits << 8 | be[i];
        memcpy(&v, &bits, 8);
        want = bytes_part(line, 17, SIZE_MAX);
        must(json_made(&maker, json_new_number(&maker, v), &got, &e), &e);
        if (!bytes_equal(got, want))
            fail_msg("%.*s printed as %.*s", BYTES_FMT(line), BYTES_FMT(got));
        must(json_as_number(json_parse(got, a, &e), &back), &e);
        assert_true(back == v);
        arena_reset(a, m);
        n++;
    }
    assert_true(n > 4000);
    arena_free(a);
}

/* ---- what is refused, and how it is said ------------------------------------------------- */

#define DEEP16 "[[[[[[[[[[[[[[[["
static const struct refused {
    const char *name, *text;
    enum err_code code;
    const char *says;
} refused[] = {
    {"nothing at all", "", ERR_INPUT, "line 1, column 1: the text ends where a value"},
    {"blanks alone", " \n ", ERR_INPUT, "line 2, column 2: the text ends"},
    {"a key twice", "{\"a\":1,\n \"a\":2}", ERR_INPUT,
     "line 2, column 2, at /a: this key stands twice"},
    {"a key twice, once escaped", "{\"a\":1,\"\\u0061\":2}", ERR_INPUT, "twice"},
    {"a key twice far down", "{\"x\":[0,{\"k\":1,\"k\":1}]}", ERR_INPUT,
     "line 1, column 16, at /x/1/k: this key stands twice"},
    {"a lone high surrogate", "\"\\ud800\"", ERR_INPUT, "column 2: half of a surrogate pair"},
    {"a lone low surrogate", "\"\\udc00\"", ERR_INPUT, "surrogate"},
    {"a high surrogate before a letter", "\"\\ud800x\"", ERR_INPUT, "surrogate"},
    {"two high surrogates", "\"\\ud800\\ud800\"", ERR_INPUT, "surrogate"},
    {"a surrogate in UTF-8", "\"\xed\xa0\x80\"", ERR_INPUT, "invalid UTF-8"},
    {"an overlong slash", "\"\xc0\xaf\"", ERR_INPUT, "invalid UTF-8"},
    {"a cut character", "\"\xe2\x82\"", ERR_INPUT, "invalid UTF-8"},
    {"a noncharacter", "\"\xef\xbf\xbf\"", ERR_INPUT, "noncharacter"},
    {"an escaped noncharacter", "\"\\ufdd0\"", ERR_INPUT, "noncharacter"},
    {"a noncharacter beyond the first plane", "\"\\ud83f\\udffe\"", ERR_INPUT, "noncharacter"},
    {"a byte order mark", "\xef\xbb\xbf{}", ERR_INPUT, "byte order mark"},
    {"bytes behind the end", "{} x", ERR_INPUT, "column 4: something stands behind the end"},
    {"a second value", "1 2", ERR_INPUT, "behind the end"},
    {"a zero byte behind the end", "1\0", ERR_INPUT, NULL},
    {"NaN", "NaN", ERR_INPUT, "expected a JSON value"},
    {"Infinity", "[Infinity]", ERR_INPUT, "at /0: expected a JSON value"},
    {"minus Infinity", "-Infinity", ERR_INPUT, "not a JSON number"},
    {"a number with a plus", "+1", ERR_INPUT, "expected a JSON value"},
    {"a leading zero", "01", ERR_INPUT, "behind the end"},
    {"a bare point", "1.", ERR_INPUT, "not a JSON number"},
    {"a point first", ".5", ERR_INPUT, "expected a JSON value"},
    {"a bare exponent", "1e", ERR_INPUT, "not a JSON number"},
    {"a signed bare exponent", "1e+", ERR_INPUT, "not a JSON number"},
    {"a bare minus", "-", ERR_INPUT, "not a JSON number"},
    {"hexadecimal", "0x10", ERR_INPUT, "behind the end"},
    {"2^53 + 1", "[0,9007199254740993]", ERR_INPUT,
     "line 1, column 4, at /1: an integer that a double cannot hold"},
    {"minus (2^53 + 1)", "-9007199254740993", ERR_INPUT, "cannot hold"},
    {"an inexact long integer", "123456789012345678901234567890", ERR_INPUT, "cannot hold"},
    {"too large", "1e309", ERR_INPUT, "too large"},
    {"too large as an integer",
     "1"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000"
     "0000000000",
     ERR_INPUT, "too large"},
    {"an absurd exponent", "1e99999999999999999999", ERR_INPUT, "too large"},
    {"too small", "1e-400", ERR_INPUT, "too close to zero"},
    {"an absurd negative exponent", "0.1e-99999999999999999999", ERR_INPUT, "too close to zero"},
    {"a control character", "\"a\nb\"", ERR_INPUT, "line 1, column 3: a control character"},
    {"an unknown escape", "\"\\x41\"", ERR_INPUT, "no such escape"},
    {"a short escape", "\"\\u12\"", ERR_INPUT, "four hexadecimal"},
    {"a bad digit in an escape", "\"\\u12g4\"", ERR_INPUT, "four hexadecimal"},
    {"a string without end", "\"abc", ERR_INPUT, "column 5: the text ends inside a string"},
    {"a string that ends in a backslash", "\"abc\\", ERR_INPUT, "ends inside a string"},
    {"a backslash at the end, then nothing", "\"\\n\\", ERR_INPUT, "ends inside a string"},
    {"single quotes", "{'a':1}", ERR_INPUT, "expected a key in quotes"},
    {"no colon", "{\"a\" 1}", ERR_INPUT, "expected : behind a key"},
    {"a trailing comma in an object", "{\"a\":1,}", ERR_INPUT, "expected a key in quotes"},
    {"a trailing comma in an array", "[1,]", ERR_INPUT, "at /1: expected a JSON value"},
    {"no comma", "[1 2]", ERR_INPUT, "expected , or ]"},
    {"an array without end", "[1,\n2", ERR_INPUT, "line 2, column 2, at /1: expected , or ]"},
    {"an object without end", "{\"a\":{\"b\":1", ERR_INPUT, "at /a/b: expected , or }"},
    {"brackets crossed", "[{\"a\":1]}", ERR_INPUT, "expected , or }"},
    {"a comment", "/* */ 1", ERR_INPUT, "expected a JSON value"},
    {"True", "True", ERR_INPUT, "expected a JSON value"},
    {"a half word", "nul", ERR_INPUT, "expected a JSON value"},
    {"a word with a tail", "truex", ERR_INPUT, "behind the end"},
    {"a form feed as blank", "\f1", ERR_INPUT, "expected a JSON value"},
    {"columns count characters", "[\"\xe2\x82\xac\xe2\x82\xac\", x]", ERR_INPUT, "column 8"},
    {"65 levels", DEEP16 DEEP16 DEEP16 DEEP16 "[", ERR_LIMIT, "column 65, at /0/0/0"},
    {"an escape code in a key does not reach the terminal", "{\"\x7f\\u001b[2J\":x}", ERR_INPUT,
     "/\\x7f\\x1b[2J: expected a JSON value"},
};

static void is_refused(void **state)
{
    const struct refused *r = *state;
    struct arena *a = test_arena();
    size_t n = strlen(r->text) + !r->says; /* the row without words has a zero in its text */
    struct err e = {0};

    must_fail(json_parse(bytes_of(r->text, n), a, &e), &e, r->code, r->says);
    arena_free(a);
}

/* ---- what is taken, and how it comes out ---------------------------------------------------- */

static const struct taken {
    const char *name, *text, *out;
} taken[] = {
    {"blanks go", " { \"b\" : [ 1 , 2 ] ,\r\n\t\"a\" : null } ", "{\"a\":null,\"b\":[1,2]}"},
    {"a scalar alone", " true ", "true"},
    {"empty ones", "[{},[],\"\"]", "[{},[],\"\"]"},
    {"all escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f\"",
     "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\""},
    {"a surrogate pair is one character", "\"\\uD83D\\uDE00\"", "\"\xf0\x9f\x98\x80\""},
    {"2^53 - 1", "9007199254740991", "9007199254740991"},
    {"2^53", "9007199254740992", "9007199254740992"},
    {"an exact integer beyond 2^53", "9007199254740994", "9007199254740994"},
    {"2^60 as it is", "1152921504606846976", "1152921504606847000"},
    {"2^60 as ECMAScript spells it", "1152921504606847000", "1152921504606847000"},
    {"-2^63", "-9223372036854775808", "-9223372036854776000"},
    {"an exact 10^22", "10000000000000000000000", "1e+22"},
    {"a fraction is taken to the nearest", "9007199254740993.0", "9007199254740992"},
    {"an exponent is taken to the nearest", "1e23", "1e+23"},
    {"zero in many spellings", "[0,-0,0.0,-0.0,0e9,0E-99]", "[0,0,0,0,0,0]"},
    {"capital E", "[1E2,1E+2,1E-2]", "[100,100,0.01]"},
    {"UTF-16 order: a supplementary character before U+FB33",
     "{\"\xef\xac\xb3\":1,\"\xf0\x9f\x98\x80\":2,\"\xed\x9f\xbf\":3,\"\xee\x80\x80\":4}",
     "{\"\xed\x9f\xbf\":3,\"\xf0\x9f\x98\x80\":2,\"\xee\x80\x80\":4,\"\xef\xac\xb3\":1}"},
    {"a prefix comes first", "{\"created_by_ref\":1,\"created\":2,\"\":3}",
     "{\"\":3,\"created\":2,\"created_by_ref\":1}"},
    {"keys with escapes sort by what they mean", "{\"b\":1,\"\\u0061\":2,\"\\\"\":3}",
     "{\"\\\"\":3,\"a\":2,\"b\":1}"},
    {"64 levels",
     DEEP16 DEEP16 DEEP16 DEEP16 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
                                 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
     DEEP16 DEEP16 DEEP16 DEEP16
     "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"},
};

static void is_taken(void **state)
{
    const struct taken *t = *state;
    struct arena *a = test_arena();
    struct bytes out = canon(a, bytes_text(t->text));
    struct err e = {0};

    if (!bytes_are(out, t->out))
        fail_msg("%.*s", BYTES_FMT(out));
    must(json_parse_canonical(out, a, &e), &e);
    if (!bytes_are(out, t->text))
        must_fail(json_parse_canonical(bytes_text(t->text), a, &e), &e, ERR_INPUT,
                  "not canonical JSON");
    arena_free(a);
}

/* ---- properties ---------------------------------------------------------------------------- */

static void any_text(struct rng *r, struct buf *b)
{
    static const char *const pieces[] = {"a",
                                         "zz",
                                         "\\n",
                                         "\\\"",
                                         "\xc3\xa9",
                                         "\\ud83d\\ude00",
                                         "/",
                                         "\xf0\x9f\x98\x80",
                                         "\xee\x80\x80",
                                         "key",
                                         "\\u0000",
                                         " "};
    buf_byte(b, '"');
    for (uint64_t n = rng_below(r, 5); n > 0; n--)
        buf_puts(b, pieces[rng_below(r, sizeof pieces / sizeof *pieces)]);
    buf_byte(b, '"');
}

static void any_value(struct rng *r, struct buf *b, int depth);

static void any_members(struct rng *r, struct buf *b, int depth, bool object)
{
    uint64_t n = rng_below(r, depth == 0 ? 60 : 6);

    for (uint64_t i = 0; i < n; i++) {
        if (i)
            buf_puts(b, rng_below(r, 2) ? "," : " ,\n");
        if (object) {
            /* The number makes the key unlike all others. */
            buf_format(b, "\"%llu", (unsigned long long)(rng_below(r, 1000) * 1000 + i));
            buf_puts(b, rng_below(r, 2) ? "\xf0\x9f\x98\x80\":" : "\xef\xac\xb3\" : ");
        }
        any_value(r, b, depth + 1);
    }
}

static void any_value(struct rng *r, struct buf *b, int depth)
{
    switch (rng_below(r, depth > 4 ? 4 : depth == 0 ? 2 : 6) + (depth == 0 ? 4 : 0)) {
    case 0:
        buf_puts(b, rng_below(r, 2) ? "true" : "null");
        break;
    case 1:
        buf_format(b, "%d", (int)rng_u64(r));
        break;
    case 2:
        buf_format(b, "%.17g", ldexp((double)rng_u64(r), (int)rng_below(r, 200) - 150));
        break;
    case 3:
        any_text(r, b);
        break;
    case 4:
        buf_byte(b, '{');
        any_members(r, b, depth, true);
        buf_byte(b, '}');
        break;
    default:
        buf_byte(b, '[');
        any_members(r, b, depth, false);
        buf_byte(b, ']');
    }
}

static bool objects_are_sorted(const struct json *v)
{
    struct bytes key, before = {0};

    for (size_t i = 0; i < json_count(v); i++) {
        const struct json *child =
            json_type(v) == JSON_ARRAY ? json_at(v, i) : json_member(v, i, &key);
        if (json_type(v) == JSON_OBJECT) {
            if (json_find_bytes(v, key) != child || (i && bytes_equal(before, key)))
                return false;
            before = key;
        }
        if (!objects_are_sorted(child))
            return false;
    }
    return true;
}

static void canonical_is_a_fixed_point(void **state)
{
    struct arena *a = test_arena();
    struct rng r = rng_from_env("json");

    (void)state;
    for (int i = 0; i < 300; i++) {
        struct arena_mark m = arena_mark(a);
        struct buf b = buf_in(a);
        struct bytes text, pretty;
        struct err e = {0};
        const struct json *v;
        any_value(&r, &b, 0);
        must(buf_end(&b, &text, &e), &e);
        v = json_parse(text, a, &e);
        must(v, &e);
        assert_true(objects_are_sorted(v));
        struct bytes once = canon(a, text);
        assert_true(bytes_equal(once, canon(a, once)));
        must(json_print_pretty(v, a, &pretty, &e), &e);
        assert_true(bytes_equal(once, canon(a, pretty)));
        arena_reset(a, m);
    }
    arena_free(a);
}

/* A second opinion: on texts of JSON's own letters, jansson accepts what we accept and reads the
 * same value. (Numbers are kept short: on long ones the two differ by design.) */
static void jansson_agrees(void **state)
{
    static const char *const pieces[] = {
        "{", "}",  "[",           "]",  ",",   ":",    "\"a\"",   "\"b\"",
        "1", "-",  "0",           ".5", "e1",  "true", "false",   "null",
        " ", "\n", "\"\\u00e9\"", "\"", "\\n", "[]",   "{\"c\":", "\"\\ud83d\\ude00\"",
        "x"};
    struct arena *a = test_arena();
    struct rng r = rng_from_env("json against jansson");
    size_t both = 0;

    (void)state;
    for (int i = 0; i < 50000; i++) {
        char text[64] = "";
        struct arena_mark m = arena_mark(a);
        struct err e = {0};
        size_t n = 0;
        for (uint64_t k = 1 + rng_below(&r, 6); k > 0; k--)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s",
                                  pieces[rng_below(&r, sizeof pieces / sizeof *pieces)]);
        const struct json *v = json_parse(bytes_of(text, n), a, &e);
        char *theirs = second_json(text, n);
        if (!v != !theirs)
            fail_msg("%s: %s", text, v ? "only we take it" : e.text);
        if (v)
            assert_true(bytes_equal(canon(a, bytes_of(text, n)), canon(a, bytes_text(theirs))));
        both += v != NULL;
        free(theirs);
        arena_reset(a, m);
    }
    assert_true(both > 2000);
    arena_free(a);
}

/* ---- reading and making ------------------------------------------------------------------- */

static void members_that_must_be_there(void **state)
{
    struct arena *a = test_arena();
    static const char *const known[] = {"n", "s", "b", "half", "list", NULL};
    struct err e = {0};
    const struct json *v = json_parse(
        BYTES("{\"n\":7,\"s\":\"x\",\"b\":true,\"half\":0.5,\"list\":[1,\"two\"]}"), a, &e);
    const struct json *list;
    struct bytes s;
    int64_t n;
    bool b;

    (void)state;
    must(json_get_integer(v, "n", &n, &e) && json_get_string(v, "s", &s, &e) &&
             json_get_bool(v, "b", &b, &e) && json_get_array(v, "list", &list, &e),
         &e);
    assert_true(n == 7 && b && bytes_are(s, "x") && json_is(json_at(list, 1), "two"));
    must_fail(json_get_string(v, "t", &s, &e), &e, ERR_INPUT, "\"t\" is missing");
    must_fail(json_get_string(v, "n", &s, &e), &e, ERR_INPUT,
              "\"n\" must be a string, not a number");
    must_fail(json_get_integer(v, "half", &n, &e), &e, ERR_INPUT, "must be a whole number");
    must_fail(json_get_object(v, "list", &list, &e), &e, ERR_INPUT,
              "\"list\" must be an object, not an array");
    must_fail(json_get_string(list, "x", &s, &e), &e, ERR_INPUT, "expected an object");
    must(json_only(v, known, &e), &e);
    must_fail(json_only(v, known + 1, &e), &e, ERR_INPUT, "\"n\" is not known here");
    assert_int_equal(json_count(NULL), 0);
    assert_null(json_find(NULL, "x"));
    assert_null(json_at(list, 2));
    arena_free(a);
}

static void lines_of_values(void **state)
{
    struct bytes text = BYTES("{\n"
                              " \"a/b\": 1,\n"
                              " \"list\": [\n"
                              "   10,\n"
                              "   {\"k\": [\n"
                              "      true]}]\n"
                              "}\n");
    static const struct {
        const char *pointer;
        size_t line;
    } rows[] = {{"", 1},          {"/a~1b", 2},       {"/list", 3},        {"/list/0", 4},
                {"/list/1/k", 5}, {"/list/1/k/0", 6}, {"/list/1/none", 5}, {"/list/9", 3},
                {"/none", 1},     {"none", 1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (json_line_of(text, rows[i].pointer) != rows[i].line)
            fail_msg("%s: line %zu", rows[i].pointer, json_line_of(text, rows[i].pointer));
    assert_int_equal(json_line_of(BYTES("{"), ""), 0);
}

static void made_by_hand(void **state)
{
    struct arena *a = test_arena();
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m), *list, *copy;
    struct bytes out;
    struct err e = {0};

    (void)state;
    json_set_text(&m, o, "type", "x");
    json_set_integer(&m, o, "size", 1);
    json_set_integer(&m, o, "size", 7);
    json_set_bool(&m, o, "ok", true);
    list = json_set_array(&m, o, "list");
    for (int i = 0; i < 20; i++)
        json_add(&m, list, json_new_integer(&m, i));
    json_add_string(&m, list, BYTES("quote \" and \n"));
    json_set(&m, json_set_object(&m, o, "inner"), "nothing", json_new_null(&m));
    must(json_made(&m, o, &out, &e), &e);
    assert_true(bytes_are(out, "{\"inner\":{\"nothing\":null},\"list\":[0,1,2,3,4,5,6,7,8,9,10,11,"
                               "12,13,14,15,16,17,18,19,\"quote \\\" and \\n\"],\"ok\":true,"
                               "\"size\":7,\"type\":\"x\"}"));
    copy = json_clone(&m, o);
    json_set_integer(&m, copy, "size", 8);
    json_set_text(&m, copy, "a", "new");
    json_unset(&m, copy, "list");
    json_unset(&m, copy, "never there");
    must(json_made(&m, copy, &out, &e), &e);
    assert_true(bytes_are(out, "{\"a\":\"new\",\"inner\":{\"nothing\":null},\"ok\":true,\"size\":8,"
                               "\"type\":\"x\"}"));
    must(json_made(&m, o, &out, &e), &e);
    assert_non_null(memmem(out.p, out.n, "\"size\":7", 8));
    arena_free(a);
}

static void making_fails_once(void **state)
{
    struct arena *a = test_arena();
    struct err e = {0};
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m);

    (void)state;
    json_set_string(&m, o, "bad", BYTES("\xff"));
    json_set_text(&m, o, "good", "x");
    must_fail(json_made(&m, o, NULL, &e), &e, ERR_INPUT, "not valid UTF-8");
    m = json_maker(a);
    json_new_integer(&m, (INT64_C(1) << 53) + 1);
    must_fail(json_made(&m, o, NULL, &e), &e, ERR_INPUT, "beyond 2^53");
    m = json_maker(a);
    json_new_number(&m, INFINITY);
    must_fail(json_made(&m, o, NULL, &e), &e, ERR_INPUT, "not finite");
    m = json_maker(a);
    o = json_new_object(&m);
    json_set(&m, o, "self", o);
    must_fail(json_made(&m, o, &(struct bytes){0}, &e), &e, ERR_LIMIT, "deeper than");
    arena_free(a);
}

/* Whatever the memory cap, the answer is right or ERR_LIMIT. */
static void any_cap_is_survived(void **state)
{
    struct bytes text =
        BYTES("{\"a\":[1,2,{\"b\\n\":\"c\\u00e9\"}],\"d\":1.5,\"e\":{\"f\":[[[]]]}}");
    size_t cap = 0;

    (void)state;
    for (bool ok = false; !ok; cap += 16) {
        struct arena *a = arena_new(cap);
        struct bytes out;
        struct err e = {0};
        ok = json_canonical(text, a, &out, &e);
        assert_true(ok || e.code == ERR_LIMIT);
        arena_free(a);
    }
    assert_in_range(cap, 400, 2000);
}

/* An object of very many names must not take quadratic time, nor must a comb of brackets. */
static void hostile_sizes(void **state)
{
    struct arena *a = arena_new((size_t)512 << 20);
    struct buf b = buf_in(a);
    struct bytes text, out;
    struct err e = {0};

    (void)state;
    buf_byte(&b, '{');
    for (unsigned i = 0; i < 300000; i++)
        buf_format(&b, "%s\"%06u\":0", i ? "," : "", (i * 7919u) % 300007u);
    buf_byte(&b, '}');
    must(buf_end(&b, &text, &e), &e);
    must(json_canonical(text, a, &out, &e), &e);
    assert_int_equal(out.n, text.n);
    b = buf_in(a);
    for (size_t i = 0; i <= LIMIT_PAYLOAD_BYTES; i++)
        buf_byte(&b, ' ');
    must(buf_end(&b, &text, &e), &e);
    must_fail(json_parse(text, a, &e), &e, ERR_LIMIT, "more than");
    arena_free(a);
}

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

int main(void)
{
    static struct CMUnitTest tests[COUNT(refused) + COUNT(taken) + 20];
    const struct CMUnitTest others[] = {
        cmocka_unit_test(vectors_hold),
        cmocka_unit_test(numbers_print_as_ecmascript_does),
        cmocka_unit_test(canonical_is_a_fixed_point),
        cmocka_unit_test(jansson_agrees),
        cmocka_unit_test(members_that_must_be_there),
        cmocka_unit_test(lines_of_values),
        cmocka_unit_test(made_by_hand),
        cmocka_unit_test(making_fails_once),
        cmocka_unit_test(any_cap_is_survived),
        cmocka_unit_test(hostile_sizes),
    };
    size_t n = 0;

    for (size_t i = 0; i < COUNT(others); i++)
        tests[n++] = others[i];
    for (size_t i = 0; i < COUNT(refused); i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(is_refused, refused[i]);
    for (size_t i = 0; i < COUNT(taken); i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(is_taken, taken[i]);
    return _cmocka_run_group_tests("json", tests, n, NULL, NULL);
}
