/* Names of periods. */
#include "base/text.h"
#include "desk/review.h"

#include <stdio.h>

static bool refuse(struct bytes text, struct err *e)
{
    err_fail(e, ERR_INPUT, "\"%.*s\" is not a period", (int)(text.n < 60 ? text.n : 60),
             (const char *)text.p);
    return err_hint(e, "write it as 2026, 2026-H1, 2026-Q3, 2026-07 or 2026-01-15..2026-02-15");
}

static bool day_ms(struct bytes date, int64_t *out)
{
    char text[TIME_TEXT_MAX];
    int64_t s;

    if (date.n != 10)
        return false;
    snprintf(text, sizeof text, "%.10sT00:00:00Z", (const char *)date.p);
    if (!time_parse(bytes_text(text), &s))
        return false;
    *out = s * 1000;
    return true;
}

/* The first instant of a month, which may be one of the next year. */
static bool month_ms(uint64_t year, unsigned month, int64_t *out)
{
    char text[TIME_TEXT_MAX];

    if (month > 12) {
        year++;
        month -= 12;
    }
    snprintf(text, sizeof text, "%04llu-%02u-01", (unsigned long long)(year % 10000), month);
    return day_ms(bytes_text(text), out);
}

/* The first month of "", "-H1", "-Q3", "-07", and how many they are. */
static bool months_of(struct bytes rest, unsigned *first, unsigned *n)
{
    uint64_t v;

    *first = 1;
    *n = 12;
    if (rest.n == 0)
        return true;
    if (rest.n != 3 || rest.p[0] != '-')
        return false;
    if (rest.p[1] == 'H' && (rest.p[2] == '1' || rest.p[2] == '2')) {
        *n = 6;
        *first = 1 + 6 * (rest.p[2] - '1');
        return true;
    }
    if (rest.p[1] == 'Q' && rest.p[2] >= '1' && rest.p[2] <= '4') {
        *n = 3;
        *first = 1 + 3 * (rest.p[2] - '1');
        return true;
    }
    *n = 1;
    if (!decimal_parse(bytes_part(rest, rest.p[1] == '0' ? 2 : 1, 2), &v) || v < 1 || v > 12)
        return false;
    *first = (unsigned)v;
    return true;
}

bool review_period_parse(struct bytes text, struct review_period *out, struct err *e)
{
    size_t dots = bytes_find(text, BYTES(".."));
    struct review_period p = {{0}};
    unsigned first, n;
    uint64_t year;
    bool ok;

    if (text.n < 4 || text.n >= sizeof p.name)
        return refuse(text, e);
    if (dots < text.n)
        ok = day_ms(bytes_part(text, 0, dots), &p.from_ms) &&
             day_ms(bytes_part(text, dots + 2, SIZE_MAX), &p.until_ms);
    else
        ok = decimal_parse(bytes_part(text, 0, 4), &year) && year >= 1970 && year < 9999 &&
             months_of(bytes_part(text, 4, SIZE_MAX), &first, &n) &&
             month_ms(year, first, &p.from_ms) && month_ms(year, first + n, &p.until_ms);
    if (!ok || p.from_ms >= p.until_ms)
        return refuse(text, e);
    memcpy(p.name, text.p, text.n);
    *out = p;
    return true;
}
