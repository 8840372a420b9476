/* Counting days: Regulation (EEC, Euratom) No 1182/71 of 3 June 1971, article 3. */
#include "cases/cases_impl.h"

static bool holds(const int32_t *days, uint32_t n, int64_t day)
{
    uint32_t low = 0, high = n;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (days[mid] < day)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && days[low] == day;
}

/* Article 2(2): working days are all days but public holidays, Sundays and Saturdays; which days
 * make the weekend, and which of them are worked, the agreement's calendar says. */
bool cases_calendar_works(const struct cases_calendar *c, int64_t day)
{
    if (holds(c->working, c->working_n, day))
        return true;
    return !(c->weekend >> civil_weekday(day) & 1) && !holds(c->holidays, c->holidays_n, day);
}

struct walk {
    const struct cases_calendar *calendar;
    bool beyond;
};

static bool works(struct walk *w, int64_t day)
{
    if (day < w->calendar->from || day > w->calendar->through)
        w->beyond = true;
    return cases_calendar_works(w->calendar, day);
}

/* A week without any working day, for ever, is no calendar: the walk ends all the same. */
#define LONGEST_REST 400

static int64_t next_working(struct walk *w, int64_t day)
{
    int64_t last = day + LONGEST_REST;

    while (day < last && !works(w, day))
        day++;
    return day;
}

/* The n-th working day after `day`. */
static int64_t working_after(struct walk *w, int64_t day, uint32_t n)
{
    while (n-- > 0)
        day = next_working(w, day + 1);
    return day;
}

/* Article 3(5): a period of two days or more holds at least two working days. */
static int64_t fill(struct walk *w, int64_t event_day, int64_t last)
{
    int64_t second = working_after(w, event_day, 2);
    return second > last ? second : last;
}

static int64_t hours(int64_t start_ms, struct cases_term t, int64_t stopped_ms)
{
    int64_t unit = t.unit == CASES_MINUTES ? 60 * MS_PER_S : 3600 * MS_PER_S;
    return start_ms + (int64_t)t.n * unit + stopped_ms;
}

int64_t cases_count_term(const struct cases_zone *z, const struct cases_calendar *c,
                         int64_t start_ms, struct cases_term t, int64_t stopped_ms,
                         struct cases_count *how)
{
    struct walk w = {.calendar = c};
    struct cases_count k = {0};

    if (how)
        *how = k;
    if (t.unit == CASES_NOT_AGREED || start_ms < 0 || start_ms > LAST_MS || stopped_ms < 0 ||
        stopped_ms > LAST_MS)
        return CASES_NEVER;
    if (t.unit <= CASES_HOURS)
        return hours(start_ms, t, stopped_ms);
    if (!z || !c)
        return CASES_NEVER;
    /* 3(1): the day of the event is not counted. Stops add whole days, a begun one counts. */
    k.event_day = cases_zone_day(z, start_ms);
    k.stopped_days = (uint32_t)((stopped_ms + MS_PER_DAY - 1) / MS_PER_DAY);
    if (t.unit == CASES_WORKING_DAYS)
        k.last_day = working_after(&w, k.event_day, t.n) + k.stopped_days;
    else
        k.last_day = k.event_day + t.n + k.stopped_days;
    k.due_day = k.last_day;
    if (t.n >= 2 && t.unit == CASES_DAYS)
        k.due_day = fill(&w, k.event_day, k.last_day);
    k.filled = (uint32_t)(k.due_day - k.last_day);
    /* 3(4): a last day without work moves to the next working day. 3(2)(b): its last hour. */
    k.due_day = next_working(&w, k.due_day);
    k.moved = (uint32_t)(k.due_day - k.last_day) - k.filled;
    k.beyond = w.beyond;
    if (how)
        *how = k;
    return cases_zone_day_end(z, k.due_day);
}
