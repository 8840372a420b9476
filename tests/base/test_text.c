#include "support/support.h"

static void base64_is_strict(void **state)
{
    static const struct {
        const char *text;
        int n; /* -1: refused */
    } rows[] = {{"", 0},      {"AA==", 1},    {"AAE=", 2},  {"AAEC", 3},     {"AB==", -1},
                {"AAF=", -1}, {"AAE", -1},    {"A===", -1}, {"AAEC=", -1},   {"AA=A", -1},
                {"A A=", -1}, {"AA==\n", -1}, {"-_==", -1}, {"AAECAA==", 4}, {"====", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[8];
        size_t n = sizeof out;
        bool ok = base64_decode(out, &n, bytes_text(rows[i].text));
        if (ok != (rows[i].n >= 0) || (ok && n != (size_t)rows[i].n))
            fail_msg("\"%s\"", rows[i].text);
    }
}

static void hex_and_base64_come_back(void **state)
{
    struct rng r = rng_from_env("text");
    uint8_t in[100], out[100];
    char text[300];

    (void)state;
    for (size_t n = 0; n <= sizeof in; n++) {
        size_t got = sizeof out;
        rng_bytes(&r, in, n);
        base64_encode(text, in, n);
        assert_true(base64_decode(out, &got, bytes_of(text, BASE64_LEN(n))));
        assert_int_equal(got, n);
        assert_memory_equal(in, out, n);
        hex_encode(text, in, n);
        assert_true(hex_decode(out, n, bytes_of(text, 2 * n)));
        assert_memory_equal(in, out, n);
    }
    assert_false(hex_decode(out, 1, BYTES("AB")));
}

static void decimals(void **state)
{
    uint64_t v;

    (void)state;
    assert_true(decimal_parse(BYTES("18446744073709551615"), &v) && v == UINT64_MAX);
    assert_false(decimal_parse(BYTES("18446744073709551616"), &v));
    assert_false(decimal_parse(BYTES("01"), &v));
    assert_false(decimal_parse(BYTES(""), &v));
    assert_false(decimal_parse(BYTES("+1"), &v));
    assert_true(decimal_parse(BYTES("0"), &v) && v == 0);
}

static void times(void **state)
{
    static const struct {
        const char *text;
        int64_t us; /* -1: refused */
    } rows[] = {{"1970-01-01T00:00:00Z", 0},
                {"2023-11-14T22:13:20Z", 1700000000 * US_PER_S},
                {"2023-11-14T22:13:20.5Z", 1700000000 * US_PER_S + 500000},
                {"2023-11-14T22:13:20.123456789Z", 1700000000 * US_PER_S + 123456},
                {"2024-02-29T00:00:00Z", INT64_C(1709164800) * US_PER_S},
                {"2023-02-29T00:00:00Z", -1},
                {"2023-13-01T00:00:00Z", -1},
                {"2023-11-14T24:00:00Z", -1},
                {"2016-12-31T23:59:60Z", -1},
                {"2023-11-14T22:13:20", -1},
                {"2023-11-14T22:13:20.Z", -1},
                {"2023-11-14T22:13:20.1234567890Z", -1},
                {"2023-11-14t22:13:20Z", -1},
                {"2023-11-14T22:13:20+00:00", -1},
                {"1969-12-31T23:59:59Z", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t us = -1;
        bool ok = time_parse_us(bytes_text(rows[i].text), &us);
        if (ok != (rows[i].us >= 0) || (ok && us != rows[i].us))
            fail_msg("%s: %lld", rows[i].text, (long long)us);
    }
}

static void escapes_what_a_terminal_would_obey(void **state)
{
    char out[64];

    (void)state;
    text_escape(out, sizeof out,
                BYTES("a\x1b[2Jb\xc2\x9b"
                      "c\xe2\x80\xae"
                      "d\xff"
                      "e\xe4\xb8\xad"));
    assert_string_equal(out, "a\\x1b[2Jb\\x9bc\\u{202e}d\\xffe\xe4\xb8\xad");
    assert_int_equal(text_escape(out, 6,
                                 BYTES("ab\xe4\xb8\xad"
                                       "cd")),
                     5);
    assert_int_equal(text_escape(out, 5,
                                 BYTES("ab\xe4\xb8\xad"
                                       "cd")),
                     2);
}

static void utf8_by_the_table(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xe2\x80",
                                      "a\xc2"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(utf8_valid(bytes_text(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(bytes_text(bad[i])));
    assert_false(utf8_valid(BYTES("eight ascii bytes and then\xff")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(hex_and_base64_come_back),
        cmocka_unit_test(decimals),
        cmocka_unit_test(times),
        cmocka_unit_test(escapes_what_a_terminal_would_obey),
        cmocka_unit_test(utf8_by_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
