/* Zones: the machine's C library reads the same POSIX rules, so it is the judge of ours. */
#include "cases/cases.h"
#include "support/support.h"

#include <stdlib.h>
#include <time.h>

static const char *const rules[] = {
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "CST-8",
    "<+0330>-3:30",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
    "EET-2EEST,M3.5.0/0,M10.5.0/0",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "AAA5BBB,J60/0,J300/23",
    "AAA5BBB,59/2,299/1:30:15",
    "IST-2IDT,M3.4.4/26,M10.5.0",
};

static long libc_offset(int64_t s)
{
    time_t t = (time_t)s;
    struct tm tm;

    localtime_r(&t, &tm);
    return tm.tm_gmtoff;
}

static void agrees_with_the_c_library(void **state)
{
    struct rng r = rng_from_env("zone");

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct cases_zone z;
        struct err e = {0};
        must(cases_zone_parse(bytes_text(rules[i]), &z, &e), &e);
        setenv("TZ", rules[i], 1);
        tzset();
        for (int k = 0; k < 20000; k++) {
            int64_t s = (int64_t)rng_below(&r, INT64_C(4102444800));
            if (cases_zone_offset(&z, s) != libc_offset(s))
                fail_msg("%s at %lld: %d, not %ld", rules[i], (long long)s,
                         cases_zone_offset(&z, s), libc_offset(s));
        }
    }
    unsetenv("TZ");
    tzset();
}

/* The last instant of a day belongs to it or an earlier one, and no later instant does. */
static void a_day_ends_once(void **state)
{
    struct rng r = rng_from_env("zone ends");

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct cases_zone z;
        struct err e = {0};
        must(cases_zone_parse(bytes_text(rules[i]), &z, &e), &e);
        for (int k = 0; k < 3000; k++) {
            int64_t day = 10 + (int64_t)rng_below(&r, 40000), end = cases_zone_day_end(&z, day);
            assert_true(cases_zone_day(&z, end) <= day);
            assert_true(cases_zone_day(&z, end + 1) > day);
            for (int64_t later = end + 1; later < end + 26 * 3600000; later += 900000)
                assert_true(cases_zone_day(&z, later) > day);
            assert_true(cases_zone_day_end(&z, day - 1) < end);
        }
    }
}

static const struct end_row {
    const char *name, *rule;
    int64_t day; /* since 1970 */
    const char *ends;
} ends[] = {
    {"a plain day", "UTC0", 20454, "2026-01-01T23:59:59.999+00:00"},
    {"the day summer time begins has 23 hours", "CET-1CEST,M3.5.0,M10.5.0/3", 20541,
     "2026-03-29T23:59:59.999+02:00"},
    {"a clock that jumps over midnight", "EET-2EEST,M3.5.0/0,M10.5.0/0", 20540,
     "2026-03-28T23:59:59.999+02:00"},
    {"a clock that strikes midnight twice ends the day the second time",
     "EET-2EEST,M3.5.0/0,M10.5.0/0", 20750, "2026-10-24T23:59:59.999+02:00"},
};

static void ends_of_days(void **state)
{
    const struct end_row *row = *state;
    struct cases_zone z;
    struct err e = {0};
    char out[40];

    must(cases_zone_parse(bytes_text(row->rule), &z, &e), &e);
    cases_zone_print(out, &z, cases_zone_day_end(&z, row->day));
    assert_string_equal(out, row->ends);
}

static void changes_come_before_the_rule(void **state)
{
    struct cases_zone z;
    struct err e = {0};

    (void)state;
    must(cases_zone_parse(BYTES("<+01>-1"), &z, &e), &e);
    z.changes_n = 2;
    z.changes[0] = (struct cases_zone_change){1771120800, 0, false};
    z.changes[1] = (struct cases_zone_change){1774144800, 0, true};
    assert_int_equal(cases_zone_offset(&z, 1771120799), 3600);
    assert_int_equal(cases_zone_offset(&z, 1771120800), 0);
    assert_int_equal(cases_zone_offset(&z, 1774144799), 0);
    assert_int_equal(cases_zone_offset(&z, 1774144800), 3600);
}

static const struct bad_row {
    const char *name, *rule;
} bad[] = {
    {"nothing", ""},
    {"two letters", "AB1"},
    {"an open bracket", "<+03-3"},
    {"an empty name", "<>3"},
    {"no offset", "CET"},
    {"summer time without rules", "CET-1CEST"},
    {"one rule", "CET-1CEST,M3.5.0"},
    {"month 13", "CET-1CEST,M13.5.0,M10.5.0"},
    {"month 0", "CET-1CEST,M0.5.0,M10.5.0"},
    {"week 6", "CET-1CEST,M3.6.0,M10.5.0"},
    {"day 7", "CET-1CEST,M3.5.7,M10.5.0"},
    {"Julian day 0", "CET-1CEST,J0,J300"},
    {"168 hours", "CET-1CEST,M3.5.0/168,M10.5.0"},
    {"25 hours east", "CET-25"},
    {"minute 60", "CET-1:60"},
    {"something behind it", "UTC0 "},
    {"a colon alone", ":Europe/Berlin"},
};

static void refuses(void **state)
{
    const struct bad_row *row = *state;
    struct cases_zone z;
    struct err e = {0};

    must_fail(cases_zone_parse(bytes_text(row->rule), &z, &e), &e, ERR_INPUT, "zone rule");
}

int main(void)
{
    struct CMUnitTest tests[3 + sizeof ends / sizeof *ends + sizeof bad / sizeof *bad] = {
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(a_day_ends_once),
        cmocka_unit_test(changes_come_before_the_rule),
    };
    size_t n = 3;

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(ends_of_days, ends[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(refuses, bad[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
