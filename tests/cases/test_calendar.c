/* Counting terms: Regulation 1182/71, article 3, by example and by property. */
#include "cases/cases.h"
#include "support/support.h"

static int32_t day(const char *date)
{
    char text[32];
    int64_t s = 0;

    snprintf(text, sizeof text, "%sT00:00:00Z", date);
    assert_true(time_parse(bytes_text(text), &s));
    return (int32_t)(s / 86400);
}

static const char *const holiday_dates[] = {"2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01",
                                            "2026-12-25", "2026-12-26", "2027-01-01"};
static int32_t holidays[7], worked[1];

static struct cases_calendar calendar(void)
{
    struct cases_calendar c = {.name = "north-2026", .weekend = 0x60};

    for (size_t i = 0; i < 7; i++)
        holidays[i] = day(holiday_dates[i]);
    worked[0] = day("2026-02-14"); /* a Saturday */
    c.holidays = holidays;
    c.holidays_n = 7;
    c.working = worked;
    c.working_n = 1;
    c.from = day("2026-01-01");
    c.through = day("2026-12-31");
    return c;
}

static const struct row {
    const char *name, *start, *term, *due;
    int64_t stopped_h;
    const char *zone;
} rows[] = {
    {"hours run through the weekend", "2026-03-06T23:30:00Z", "8 hours",
     "2026-03-07T08:30:00.000+01:00", 0, "CET-1"},
    {"minutes, and a stop of two hours", "2026-03-06T10:00:00Z", "90 minutes",
     "2026-03-06T13:30:00.000+00:00", 2, "UTC0"},
    {"the day of the event is not counted (3(1))", "2026-03-02T00:00:00Z", "10 days",
     "2026-03-12T23:59:59.999+00:00", 0, "UTC0"},
    {"the event's last second is the same day", "2026-03-02T23:59:59Z", "10 days",
     "2026-03-12T23:59:59.999+00:00", 0, "UTC0"},
    {"which day it is depends on the responder's zone", "2026-03-02T23:30:00Z", "10 days",
     "2026-03-13T23:59:59.999+01:00", 0, "CET-1"},
    {"a last day on Saturday moves to Monday (3(4))", "2026-03-04T12:00:00Z", "10 days",
     "2026-03-16T23:59:59.999+00:00", 0, "UTC0"},
    {"a Saturday that is worked does not move", "2026-02-04T12:00:00Z", "10 days",
     "2026-02-14T23:59:59.999+00:00", 0, "UTC0"},
    {"Good Friday to Easter Monday: Tuesday", "2026-03-24T12:00:00Z", "10 days",
     "2026-04-07T23:59:59.999+00:00", 0, "UTC0"},
    {"two days over Christmas hold two working days (3(5))", "2026-12-24T12:00:00Z", "2 days",
     "2026-12-29T23:59:59.999+00:00", 0, "UTC0"},
    {"one day need not hold any, but ends on one", "2026-12-24T12:00:00Z", "1 day",
     "2026-12-28T23:59:59.999+00:00", 0, "UTC0"},
    {"two working days from Thursday before Easter", "2026-04-02T12:00:00Z", "2 working days",
     "2026-04-08T23:59:59.999+00:00", 0, "UTC0"},
    {"a stop adds begun days", "2026-03-02T12:00:00Z", "10 days", "2026-03-16T23:59:59.999+00:00",
     25, "UTC0"},
    {"summer time begins in between", "2026-03-20T12:00:00Z", "10 days",
     "2026-03-30T23:59:59.999+02:00", 0, "CET-1CEST,M3.5.0,M10.5.0/3"},
};

static void counts(void **state)
{
    const struct row *row = *state;
    struct cases_calendar c = calendar();
    struct cases_zone z;
    struct cases_term t;
    struct err e = {0};
    int64_t start = 0;
    char out[40];

    must(cases_zone_parse(bytes_text(row->zone), &z, &e), &e);
    must(cases_term_parse(bytes_text(row->term), &t, &e), &e);
    assert_true(time_parse(bytes_text(row->start), &start));
    cases_zone_print(out, &z,
                     cases_count_term(&z, &c, start * 1000, t, row->stopped_h * 3600000, NULL));
    assert_string_equal(out, row->due);
}

/* Any calendar, zone, start, term: the day has work, later starts and longer terms and stops are
 * never due earlier, and two days or more hold two working days. */
static void holds_article_3(void **state)
{
    static const char *const zones[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
                                        "EST5EDT,M3.2.0,M11.1.0", "EET-2EEST,M3.5.0/0,M10.5.0/0"};
    struct rng r = rng_from_env("calendar");

    (void)state;
    for (int k = 0; k < 20000; k++) {
        struct cases_calendar c = calendar();
        struct cases_zone z;
        struct cases_count how;
        struct cases_term t = {1 + (uint32_t)rng_below(&r, 60),
                               rng_below(&r, 2) ? CASES_DAYS : CASES_WORKING_DAYS};
        int64_t start = INT64_C(1767225600000) + (int64_t)rng_below(&r, INT64_C(31536000000));
        int64_t stop = rng_below(&r, 3) ? 0 : (int64_t)rng_below(&r, INT64_C(864000000)), due;
        unsigned working = 0;
        assert_true(cases_zone_parse(bytes_text(zones[rng_below(&r, 4)]), &z, NULL));
        c.weekend = rng_below(&r, 4) ? 0x60 : (uint8_t)(1u << rng_below(&r, 7));
        due = cases_count_term(&z, &c, start, t, stop, &how);
        assert_int_equal(cases_zone_day(&z, due), how.due_day);
        assert_int_equal(cases_zone_day(&z, due + 1), how.due_day + 1);
        assert_true(cases_calendar_works(&c, how.due_day));
        for (int64_t d = how.event_day + 1; d <= how.due_day; d++)
            working += cases_calendar_works(&c, d);
        assert_true(working >=
                    (t.unit == CASES_WORKING_DAYS || t.n >= 2 ? (t.n < 2 ? t.n : 2) : 0));
        assert_true(how.due_day - how.event_day >= t.n);
        assert_true(cases_count_term(&z, &c, start + (int64_t)rng_below(&r, 86400000), t, stop,
                                     NULL) >= due);
        assert_true(cases_count_term(&z, &c, start, t, stop + 1000, NULL) >= due);
        t.n++;
        assert_true(cases_count_term(&z, &c, start, t, stop, NULL) >= due);
    }
}

static void says_when_it_leaves_the_calendar(void **state)
{
    struct cases_calendar c = calendar();
    struct cases_zone z;
    struct cases_count how;
    int64_t start = 0;

    (void)state;
    assert_true(cases_zone_parse(BYTES("UTC0"), &z, NULL));
    assert_true(time_parse(BYTES("2026-12-20T00:00:00Z"), &start));
    cases_count_term(&z, &c, start * 1000, (struct cases_term){5, CASES_DAYS}, 0, &how);
    assert_false(how.beyond);
    cases_count_term(&z, &c, start * 1000, (struct cases_term){20, CASES_DAYS}, 0, &how);
    assert_true(how.beyond);
}

static void a_week_without_work_ends_the_walk(void **state)
{
    struct cases_calendar c = {.weekend = 0x7f};
    struct cases_zone z;

    (void)state;
    assert_true(cases_zone_parse(BYTES("UTC0"), &z, NULL));
    assert_true(
        cases_count_term(&z, &c, 0, (struct cases_term){3660, CASES_WORKING_DAYS}, 0, NULL) > 0);
    assert_true(cases_count_term(&z, &c, 0, (struct cases_term){0}, 0, NULL) == CASES_NEVER);
    assert_true(cases_count_term(NULL, NULL, 0, (struct cases_term){1, CASES_DAYS}, 0, NULL) ==
                CASES_NEVER);
}

static void terms_are_strict(void **state)
{
    static const char *const good[] = {"1 hour",         "8 hours",   "1 working day",
                                       "2 working days", "3660 days", "90 minutes"};
    static const char *const bad[] = {"",
                                      "8",
                                      "8 ",
                                      "8hours",
                                      " 8 hours",
                                      "8  hours",
                                      "0 days",
                                      "3661 days",
                                      "1 hours",
                                      "2 hour",
                                      "08 hours",
                                      "2 weeks",
                                      "-1 days",
                                      "8 hours ",
                                      "2 working",
                                      "2 Days",
                                      "99999999999999999999 days",
                                      "s"};
    struct cases_term t;
    char out[32];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(cases_term_parse(bytes_text(good[i]), &t, NULL));
        cases_term_print(out, t);
        assert_string_equal(out, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (cases_term_parse(bytes_text(bad[i]), &t, NULL))
            fail_msg("taken: \"%s\"", bad[i]);
    cases_term_print(out, (struct cases_term){0});
    assert_string_equal(out, "not agreed");
}

int main(void)
{
    struct CMUnitTest tests[4 + sizeof rows / sizeof *rows] = {
        cmocka_unit_test(holds_article_3),
        cmocka_unit_test(says_when_it_leaves_the_calendar),
        cmocka_unit_test(a_week_without_work_ends_the_walk),
        cmocka_unit_test(terms_are_strict),
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[4 + i] = (struct CMUnitTest)ROW_TEST(counts, rows[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
