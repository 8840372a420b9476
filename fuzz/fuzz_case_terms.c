/* cases: an agreement, a zone rule, a term. What is read must count without end or overflow. */
#include "cases/cases.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void zone(struct bytes in)
{
    struct cases_zone z;
    int64_t before = INT64_MIN;

    if (!cases_zone_parse(in, &z, NULL))
        return;
    for (int64_t day = 20000; day < 20800; day += 7) {
        int64_t end = cases_zone_day_end(&z, day);
        char text[40];
        assert(end > before && cases_zone_day(&z, end) <= day && cases_zone_day(&z, end + 1) > day);
        cases_zone_print(text, &z, end);
        before = end;
    }
}

static void term(struct bytes in)
{
    static const struct cases_zone utc = {.name = "UTC"};
    static const int32_t off[] = {20000, 20003, 20004};
    struct cases_calendar c = {
        .weekend = in.n ? in.p[0] & 0x7f : 0, .holidays = off, .holidays_n = 3, .through = 21000};
    struct cases_term t;
    char back[32];

    if (!cases_term_parse(in, &t, NULL))
        return;
    cases_term_print(back, t);
    assert(bytes_are(in, back));
    for (int64_t at = INT64_C(1728000000000); at < INT64_C(1729000000000); at += 40000007)
        assert(cases_count_term(&utc, &c, at, t, at % 1000, NULL) > at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    struct arena *a = arena_new((size_t)64 << 20);
    struct err e = {0};

    if (!a)
        return 0;
    if (!cases_terms_parse(in, a, &e))
        assert(e.code && e.text[0]);
    zone(in);
    term(in);
    arena_free(a);
    return 0;
}
