#include "base/text.h"
#include "stix/stix.h"

#include <stdio.h>

void stix_time_print(char out[STIX_TIME_MAX], int64_t us)
{
    char text[TIME_TEXT_MAX];

    time_print_us(text, us);
    memcpy(out, text, 23);
    out[23] = 'Z';
}

static bool two(struct bytes t, size_t at, int lo, int hi, int *out)
{
    int v;

    if (t.p[at] < '0' || t.p[at] > '9' || t.p[at + 1] < '0' || t.p[at + 1] > '9')
        return false;
    v = (t.p[at] - '0') * 10 + (t.p[at + 1] - '0');
    *out = v;
    return v >= lo && v <= hi;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01 in the Gregorian calendar, for years from 0 on. */
static int64_t days_to(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = year, leaps = y / 4 - y / 100 + y / 400 + (y > 0);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    /* `leaps` counts year 0 and every leap year up to this one; take this one out again. */
    leaps -= leap && year > 0;
    return y * 365 + leaps + before[month - 1] + (leap && month > 2) + day - 1 - 719528;
}

static bool fraction(struct bytes t, int64_t *us)
{
    int64_t unit = US_PER_S / 10;

    *us = 0;
    if (t.n == 1)
        return true;
    if (t.n < 3 || t.p[0] != '.')
        return false;
    for (size_t i = 1; i + 1 < t.n; i++, unit /= 10) {
        if (t.p[i] < '0' || t.p[i] > '9')
            return false;
        *us += unit * (t.p[i] - '0');
    }
    return true;
}

bool stix_time_parse(struct bytes t, int64_t *us)
{
    int century, year, month, day, hour, minute, second;
    int64_t part;

    if (t.n < 20 || t.p[4] != '-' || t.p[7] != '-' || t.p[10] != 'T' || t.p[13] != ':' ||
        t.p[16] != ':' || t.p[t.n - 1] != 'Z')
        return false;
    if (!two(t, 0, 0, 99, &century) || !two(t, 2, 0, 99, &year) || !two(t, 5, 1, 12, &month) ||
        !two(t, 8, 1, 31, &day) || !two(t, 11, 0, 23, &hour) || !two(t, 14, 0, 59, &minute) ||
        !two(t, 17, 0, 60, &second))
        return false;
    year += century * 100;
    if (day > days_in(year, month) || !fraction(bytes_part(t, 19, SIZE_MAX), &part))
        return false;
    *us = (((days_to(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * US_PER_S + part;
    return true;
}
