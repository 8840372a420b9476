/* Dates as day numbers. Years are counted from March, so that the leap day ends one and the
 * days before each month are (153 m + 2) / 5. */
#include "cases/cases_impl.h"

#include <stdio.h>

#define DAYS_PER_ERA 146097  /* 400 Gregorian years */
#define DAYS_TO_EPOCH 719468 /* from 0000-03-01 to 1970-01-01 */

int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t civil_to_days(int64_t year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = floor_div(y, 400), in_era = y - era * 400;
    int64_t from_march = month > 2 ? month - 3 : month + 9;
    int64_t in_year = (153 * from_march + 2) / 5 + day - 1;

    return era * DAYS_PER_ERA + in_era * 365 + in_era / 4 - in_era / 100 + in_year - DAYS_TO_EPOCH;
}

struct civil civil_of_days(int64_t days)
{
    int64_t d = days + DAYS_TO_EPOCH, era = floor_div(d, DAYS_PER_ERA),
            in_era = d - era * DAYS_PER_ERA;
    int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * in_year + 2) / 153;

    return (struct civil){.year = y + era * 400 + (m >= 10),
                          .month = (int)(m < 10 ? m + 3 : m - 9),
                          .day = (int)(in_year - (153 * m + 2) / 5 + 1)};
}

int civil_weekday(int64_t days)
{
    return (int)(days + 3 - floor_div(days + 3, 7) * 7); /* 1970-01-01 was a Thursday */
}

bool civil_parse(struct bytes t, int64_t *days)
{
    int n[3] = {0};
    static const size_t at[3] = {0, 5, 8}, len[3] = {4, 2, 2};
    struct civil back;

    if (t.n != 10 || t.p[4] != '-' || t.p[7] != '-')
        return false;
    for (size_t f = 0; f < 3; f++)
        for (size_t i = at[f]; i < at[f] + len[f]; i++) {
            if (t.p[i] < '0' || t.p[i] > '9')
                return false;
            n[f] = n[f] * 10 + (t.p[i] - '0');
        }
    if (n[0] < 1970 || n[1] < 1 || n[1] > 12 || n[2] < 1)
        return false;
    *days = civil_to_days(n[0], n[1], n[2]);
    back = civil_of_days(*days);
    return back.month == n[1] && back.day == n[2];
}

void civil_print(char out[16], int64_t days)
{
    struct civil c = civil_of_days(days);

    if (c.year < 0 || c.year > 9999)
        snprintf(out, 16, "(no date)");
    else
        snprintf(out, 16, "%04d-%02d-%02d", (int)c.year, c.month % 13, c.day % 32);
}

void instant_print(char out[TIME_TEXT_MAX], int64_t ms)
{
    int64_t day = floor_div(ms, MS_PER_DAY), rest = ms - day * MS_PER_DAY;
    char date[16];

    if (ms < 0 || ms > LAST_MS) {
        snprintf(out, TIME_TEXT_MAX, "never");
        return;
    }
    civil_print(date, day);
    snprintf(out, TIME_TEXT_MAX, "%.10sT%02d:%02d:%02d.%03dZ", date, (int)(rest / 3600000) % 24,
             (int)(rest / 60000 % 60), (int)(rest / 1000 % 60), (int)(rest % 1000));
}

bool instant_parse(struct bytes text, int64_t *ms)
{
    int64_t us;

    if (!time_parse_us(text, &us))
        return false;
    *ms = us / 1000;
    return true;
}
