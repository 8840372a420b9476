/* What the files of cases share. */
#ifndef ENTENTE_CASES_IMPL_H
#define ENTENTE_CASES_IMPL_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "cases/cases.h"

#define MS_PER_S INT64_C(1000)
#define MS_PER_DAY INT64_C(86400000)
#define S_PER_DAY INT64_C(86400)
/* The last instant we can write: the end of the year 9999. */
#define LAST_MS INT64_C(253402300799999)

/* ---- civil.c: days and dates of the proleptic Gregorian calendar -------------------------- */

struct civil {
    int64_t year;
    int month, day; /* 1-12, 1-31 */
};
int64_t civil_to_days(int64_t year, int month, int day);
struct civil civil_of_days(int64_t days);
int civil_weekday(int64_t days); /* 0 Monday ... 6 Sunday */
/* "2026-12-24" */
bool civil_parse(struct bytes text, int64_t *days);
void civil_print(char out[16], int64_t days);
/* "2026-03-29T10:00:00.000Z"; "never" for CASES_NEVER. */
void instant_print(char out[TIME_TEXT_MAX], int64_t ms);
bool instant_parse(struct bytes text, int64_t *ms);
int64_t floor_div(int64_t a, int64_t b);

#endif
