/* Time zones as data: the TZ rule of POSIX (XBD 8.3), with the hours from -167 to 167 that RFC
 * 8536 section 3.3.1 adds. The rule stands in the agreement's signed bytes, so that every reader,
 * in any year and on any machine, has the same offsets (decision 0101). */
#include "cases/cases_impl.h"

#include <stdio.h>

#define LEAST_OFFSET (-24 * 3600)
#define MOST_OFFSET (24 * 3600)

struct cursor {
    struct bytes in;
    size_t at;
    bool bad;
};

static uint8_t peek(const struct cursor *c)
{
    return c->at < c->in.n ? c->in.p[c->at] : 0;
}

static bool take(struct cursor *c, char what)
{
    if (c->bad || peek(c) != (uint8_t)what)
        return false;
    c->at++;
    return true;
}

static bool is_digit(uint8_t b)
{
    return b >= '0' && b <= '9';
}

static int number(struct cursor *c, int most)
{
    int v = 0;

    if (!is_digit(peek(c)))
        c->bad = true;
    while (!c->bad && is_digit(peek(c)) && v <= most)
        v = v * 10 + (c->in.p[c->at++] - '0');
    if (v > most)
        c->bad = true;
    return c->bad ? 0 : v;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int32_t clock_time(struct cursor *c, int most_hours)
{
    int sign = take(c, '-') ? -1 : (take(c, '+'), 1);
    int s = number(c, most_hours) * 3600;

    if (take(c, ':')) {
        s += number(c, 59) * 60;
        if (take(c, ':'))
            s += number(c, 59);
    }
    return sign * s;
}

static void zone_word(struct cursor *c)
{
    size_t from = c->at;

    if (take(c, '<')) {
        while (c->at < c->in.n && peek(c) != '>')
            c->at++;
        c->bad |= c->at - from < 4 || !take(c, '>');
        return;
    }
    while ((peek(c) >= 'A' && peek(c) <= 'Z') || (peek(c) >= 'a' && peek(c) <= 'z'))
        c->at++;
    c->bad |= c->at - from < 3;
}

static struct cases_zone_rule change_rule(struct cursor *c)
{
    struct cases_zone_rule r = {.time = 7200};

    if (take(c, 'M')) {
        r.form = 'M';
        r.month = (uint8_t)number(c, 12);
        c->bad |= !take(c, '.');
        r.week = (uint8_t)number(c, 5);
        c->bad |= !take(c, '.');
        r.day = (uint16_t)number(c, 6);
        c->bad |= r.month < 1 || r.week < 1;
    } else {
        r.form = take(c, 'J') ? 'J' : 'n';
        r.day = (uint16_t)number(c, 365);
        c->bad |= r.form == 'J' && r.day < 1;
    }
    if (take(c, '/'))
        r.time = clock_time(c, 167);
    return r;
}

bool cases_zone_parse(struct bytes rule, struct cases_zone *out, struct err *e)
{
    struct cursor c = {.in = rule};
    struct cases_zone z = {.start = {.form = 'J', .day = 1}, .end = {.form = 'J', .day = 1}};

    zone_word(&c);
    z.standard = z.daylight = -clock_time(&c, 24);
    if (!c.bad && c.at < rule.n) {
        z.has_daylight = true;
        zone_word(&c);
        z.daylight = peek(&c) == ',' ? z.standard + 3600 : -clock_time(&c, 24);
        c.bad |= !take(&c, ',');
        z.start = change_rule(&c);
        c.bad |= !take(&c, ',');
        z.end = change_rule(&c);
    }
    if (c.bad || c.at != rule.n || z.standard < LEAST_OFFSET || z.standard > MOST_OFFSET ||
        z.daylight < LEAST_OFFSET || z.daylight > MOST_OFFSET) {
        err_fail(e, ERR_INPUT, "not a time zone rule, at character %zu", c.at + 1);
        return err_hint(e, "write it as POSIX does: \"CET-1CEST,M3.5.0,M10.5.0/3\" or \"UTC0\"");
    }
    *out = z;
    return true;
}

static bool leap(int64_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* The local second, counted as if it were UTC, at which the rule changes in that year. */
static int64_t change_in(const struct cases_zone_rule *r, int64_t year)
{
    int64_t first = civil_to_days(year, 1, 1), day;

    if (r->form == 'J') {
        day = first + r->day - 1 + (leap(year) && r->day >= 60);
    } else if (r->form == 'n') {
        day = first + r->day;
    } else {
        int64_t month = civil_to_days(year, r->month, 1);
        int64_t next =
            r->month == 12 ? civil_to_days(year + 1, 1, 1) : civil_to_days(year, r->month + 1, 1);
        int sunday_first = (civil_weekday(month) + 1) % 7;
        day = month + (r->day - sunday_first + 7) % 7 + 7 * (r->week - 1);
        while (day >= next)
            day -= 7;
    }
    return day * S_PER_DAY + r->time;
}

struct turn {
    int64_t at; /* seconds UTC; from here on this offset */
    int32_t offset;
};

#define RULE_TURNS 6 /* three years, two each */

/* The changes of the rule in the years about `utc_s`, ascending. */
static size_t rule_turns(const struct cases_zone *z, int64_t utc_s, struct turn out[RULE_TURNS])
{
    int64_t year = civil_of_days(floor_div(utc_s, S_PER_DAY)).year;
    size_t n = 0;

    for (int64_t y = year - 1; z->has_daylight && y <= year + 1; y++) {
        struct turn a = {change_in(&z->start, y) - z->standard, z->daylight};
        struct turn b = {change_in(&z->end, y) - z->daylight, z->standard};
        out[n++] = a.at <= b.at ? a : b;
        out[n++] = a.at <= b.at ? b : a;
    }
    return n;
}

static int32_t rule_offset(const struct cases_zone *z, int64_t utc_s)
{
    struct turn t[RULE_TURNS];
    size_t n = rule_turns(z, utc_s, t);
    int32_t offset = z->standard;

    for (size_t i = 0; i < n && t[i].at <= utc_s; i++)
        offset = t[i].offset;
    return offset;
}

int32_t cases_zone_offset(const struct cases_zone *z, int64_t utc_s)
{
    const struct cases_zone_change *last = NULL;

    for (uint32_t i = 0; i < z->changes_n && z->changes[i].from <= utc_s; i++)
        last = &z->changes[i];
    return last && !last->rule ? last->offset : rule_offset(z, utc_s);
}

int64_t cases_zone_day(const struct cases_zone *z, int64_t utc_ms)
{
    int64_t s = floor_div(utc_ms, MS_PER_S);
    return floor_div(s + cases_zone_offset(z, s), S_PER_DAY);
}

/* The latest second up to `end` (excluded) of a stretch with one offset on which the local day is
 * at most `day`, or INT64_MIN. */
static int64_t last_in(int64_t from, int64_t end, int32_t offset, int64_t day)
{
    int64_t last = (day + 1) * S_PER_DAY - offset - 1;

    last = last < end ? last : end - 1;
    return last >= from ? last : INT64_MIN;
}

int64_t cases_zone_day_end(const struct cases_zone *z, int64_t day)
{
    int64_t middle = day * S_PER_DAY, from = middle - 2 * S_PER_DAY, end = middle + 3 * S_PER_DAY;
    int64_t at = from, best = from;
    struct turn t[RULE_TURNS];
    size_t n = rule_turns(z, middle, t);

    /* Walk the stretches between changes: the local clock can jump over midnight, or strike it
     * twice; the last instant that still belongs to the day is the one that is meant. */
    while (at < end) {
        int64_t next = end, last;
        for (size_t i = 0; i < n; i++)
            if (t[i].at > at && t[i].at < next)
                next = t[i].at;
        for (uint32_t i = 0; i < z->changes_n; i++)
            if (z->changes[i].from > at && z->changes[i].from < next)
                next = z->changes[i].from;
        last = last_in(at, next, cases_zone_offset(z, at), day);
        best = last > best ? last : best;
        at = next;
    }
    return best * MS_PER_S + 999;
}

void cases_zone_print(char out[40], const struct cases_zone *z, int64_t utc_ms)
{
    char text[TIME_TEXT_MAX];
    int32_t off;

    if (utc_ms < 0 || utc_ms > LAST_MS - 2 * MS_PER_DAY) {
        snprintf(out, 40, "never");
        return;
    }
    off = cases_zone_offset(z, floor_div(utc_ms, MS_PER_S));
    instant_print(text, utc_ms + off * MS_PER_S);
    snprintf(out, 40, "%.23s%c%02d:%02d", text, off < 0 ? '-' : '+',
             (off < 0 ? -off : off) / 3600 % 100, (off < 0 ? -off : off) / 60 % 60);
}
