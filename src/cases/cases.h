/* cases: requests, claims, clocks, escalation and review: acts in, state out.
 *
 * A pure library. It has no clock, no disk and no network; the same acts, cosignatures and
 * agreement give the same state, the same derivations and the same report, byte for byte, in
 * whatever order they came in. It says what the parties said, and never whose fault it was.
 *
 *     struct cases_terms *t = cases_terms_parse(agreement, arena, e);
 *     struct cases *c = cases_new(1 << 30, seed, e);
 *     cases_agree(c, t, from_ms, e);                  // a version of the agreement, in force from
 *     cases_add(c, &act, e);                          // each log in order, logs in any order
 *     cases_cosigned(c, &cosignature, e);             // what dates them
 *     cases_view(c, &request_id, now_ms, arena, &view, e);
 *     cases_why(c, &request_id, now_ms, arena, &text, e);
 *     cases_free(c);
 *
 * Words:
 *   matter       what an opening act opens: a request, a claim, a ping, a remedy. Its id is the id
 *                of the opening act; every later act of it names that id first in its refs.
 *   cosignature  somebody else's dated signature over an author's log up to a size. It dates every
 *                act below: an act was made after the last one that does not cover it, and is
 *                seen at the first one that does. An act counts at the instant it is seen;
 *                its claimed time is shown, and decides nothing (cases.md 3.5).
 *   settled      an act that somebody else has cosigned, and all that it answers too. Only settled
 *                acts enter the state that nodes compare; others are shown as pending.
 *
 * All instants are milliseconds since 1970 in UTC. Not for several threads at once.
 */
#ifndef ENTENTE_CASES_H
#define ENTENTE_CASES_H

#include "base/arena.h"
#include "crypto/crypto.h"
#include "stix/json.h"

#define CASES_NEVER INT64_MAX /* an instant that has not come, or is not agreed */

/* ---- terms and days (calendar.c, zone.c) ------------------------------------------------ */

enum cases_unit { CASES_NOT_AGREED, CASES_MINUTES, CASES_HOURS, CASES_DAYS, CASES_WORKING_DAYS };

struct cases_term {
    uint32_t n;
    uint8_t unit; /* enum cases_unit */
};

/* "10 days", "2 working days", "8 hours", "90 minutes": doc/formats/agreement-clauses.md. */
bool cases_term_parse(struct bytes text, struct cases_term *out, struct err *e);
/* The same text again; "not agreed" for no term. Writes at most 32 bytes with the zero. */
void cases_term_print(char out[32], struct cases_term term);

#define CASES_ZONE_CHANGES 64

/* A POSIX TZ rule, and instants from which it does not hold. Plain data, in the agreement. */
struct cases_zone {
    char name[48];
    int32_t standard, daylight; /* seconds east of UTC */
    bool has_daylight;
    struct cases_zone_rule {
        char form; /* 'M', 'J' or 'n' */
        uint8_t month, week;
        uint16_t day;
        int32_t time; /* seconds after local midnight */
    } start, end;
    uint32_t changes_n;
    struct cases_zone_change {
        int64_t from; /* seconds UTC */
        int32_t offset;
        bool rule; /* the rule holds again */
    } changes[CASES_ZONE_CHANGES];
};

/* The rule alone: "CET-1CEST,M3.5.0,M10.5.0/3". ERR_INPUT says which part is wrong. */
bool cases_zone_parse(struct bytes rule, struct cases_zone *out, struct err *e);
/* Seconds east of UTC at that second. */
int32_t cases_zone_offset(const struct cases_zone *z, int64_t utc_s);
/* The last millisecond of that local day (days since 1970-01-01). */
int64_t cases_zone_day_end(const struct cases_zone *z, int64_t day);
/* The local day of an instant. */
int64_t cases_zone_day(const struct cases_zone *z, int64_t utc_ms);
/* "2026-03-29T12:00:00.000+02:00". Writes at most 40 bytes with the zero. */
void cases_zone_print(char out[40], const struct cases_zone *z, int64_t utc_ms);

/* A party's days: weekdays without work, dates without, dates with. */
struct cases_calendar {
    char name[48];
    uint8_t weekend;                   /* bit 0 Monday ... bit 6 Sunday */
    const int32_t *holidays, *working; /* days since 1970, ascending */
    uint32_t holidays_n, working_n;
    int32_t from, through; /* what it covers */
    struct hash hash;      /* of its canonical JSON */
};

bool cases_calendar_works(const struct cases_calendar *c, int64_t day);

/* How a due instant came about; filled when asked for. */
struct cases_count {
    int64_t event_day, last_day; /* local days; last_day before it was moved */
    int64_t due_day;             /* after it was moved */
    uint32_t stopped_days;       /* begun days of clock stop that were added */
    uint32_t moved;              /* days it was moved for weekends and holidays */
    uint32_t filled;             /* days added to hold two working days (art. 3(5)) */
    bool beyond;                 /* some day lies outside what the calendar covers */
};

/* When a term that began with an event at start_ms ends, `stopped_ms` of clock stop included.
 * Minutes and hours run on; days are counted after Regulation 1182/71, art. 3. CASES_NEVER if not
 * agreed. z and c may be NULL for minutes and hours; `how` may be NULL. Never fails. */
int64_t cases_count_term(const struct cases_zone *z, const struct cases_calendar *c,
                         int64_t start_ms, struct cases_term term, int64_t stopped_ms,
                         struct cases_count *how);

#endif
