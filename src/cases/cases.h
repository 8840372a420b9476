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
 *     cases_why(c, &request_id, now_ms, NULL, arena, &text, e);
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
#include "base/catalogue.h"
#include "cases/words.h"
#include "crypto/crypto.h"
#include "stix/stix.h"

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

/* ---- the agreement (terms.c, annexes.c) --------------------------------------------------- */

struct cases_terms;

/* Read what this module needs of an agreement. It lives in `a`; the bytes need not. NULL: ERR_INPUT
 * names the clause, ERR_LIMIT, ERR_NOMEM. */
struct cases_terms *cases_terms_parse(struct bytes agreement, struct arena *a, struct err *e);
/* The party's place in the agreement, or -1; and its slug. */
int cases_party(const struct cases_terms *t, struct bytes slug);
struct bytes cases_party_slug(const struct cases_terms *t, uint32_t party);
/* Its zone; NULL if no term needs one. */
const struct cases_zone *cases_party_zone(const struct cases_terms *t, uint32_t party);
uint32_t cases_parties(const struct cases_terms *t);
bool cases_is_arbiter(const struct cases_terms *t, uint32_t party);

/* ---- acts come in (fold.c) ------------------------------------------------------------------ */

struct cases; /* the fold of one agreement's logs */

/* At most cap_bytes of memory. The seed is secret and random: it keeps tables even against
 * chosen ids, and changes no result. NULL: ERR_NOMEM, ERR_LIMIT. */
struct cases *cases_new(size_t cap_bytes, uint64_t seed, struct err *e);
void cases_free(struct cases *c); /* NULL is fine */

/* A version of the agreement, in force from that instant until the next one; NULL: none is in force
 * from then. Versions come in order and have the same parties in the same order. Matters are judged
 * to their end by the version in force when they were opened. `t` must outlive c. */
bool cases_agree(struct cases *c, const struct cases_terms *t, int64_t from_ms, struct err *e);

/* An act, its signature already verified. Nothing is kept of what the pointers show. */
struct cases_act {
    struct hash id;          /* of the act's text */
    uint16_t author;         /* place of the party */
    uint8_t signatures;      /* officers' signatures that verified */
    uint64_t index;          /* in the author's log */
    struct bytes kind;       /* "request.answer" */
    const struct hash *refs; /* the matter's id, then the act that is answered; more are not read */
    size_t refs_n;
    int64_t claimed_ms;
    struct bytes body; /* canonical JSON; empty: withheld, or not here */
    uint64_t locator;  /* the caller's own, given back with the act */
};

/* Take an act in. Acts of one log come by ascending index; indexes may be missing (acts that are no
 * business of ours). The same act again is fine. An act that breaks the rules is taken in too:
 * it is kept, has no effect, and says why. False: ERR_PROOF, two acts with one number or one act
 * twice: misbehaviour; ERR_INPUT, not the next of its log; ERR_LIMIT, ERR_NOMEM: nothing is
 * changed, but the fold can't go on. */
bool cases_add(struct cases *c, const struct cases_act *act, struct err *e);

/* Is an act of that kind for cases_add? Ours, and those of later versions that look like ours
 * ("request.dance": kept, shown as not understood). A log's other acts are no business of the fold.
 */
bool cases_wants(struct bytes kind);

/* A dated signature of `signer` over `author`'s log up to `size` acts. Signers are the parties by
 * place, then witnesses by any numbers from there to LIMIT_CASE_SIGNERS. A mirror holds what it
 * signs: that is receipt. In any order. ERR_PEER: the signer's times go back. */
struct cases_cosignature {
    uint16_t author, signer;
    bool mirror;
    uint64_t size;
    int64_t time_ms;
};
bool cases_cosigned(struct cases *c, const struct cases_cosignature *s, struct err *e);

/* ---- bodies (build.c; doc/formats/case-acts.md) ------------------------------------------------
 */

/* Our one extension-definition (schema/extension-definition.json). */
#define CASES_EXTENSION "extension-definition--8d3a5e1c-6f0b-4a52-9c3e-27d1b64f0a95"

struct cases_making {
    struct uuid uuid; /* fresh */
    struct bytes created_by_ref;
    int64_t created_ms;
    enum stix_tlp tlp;
};
/* A body with what STIX wants of it; the caller sets the rest, prints with json_made and checks. */
struct json *cases_body(struct json_maker *m, enum cases_kind kind, const struct cases_making *how);
/* Is it a body of that kind? ERR_INPUT names the member. Whether the act is allowed is another
 * question: cases_check. */
bool cases_body_check(struct bytes kind, struct bytes body, const struct cases_terms *t,
                      struct err *e);
/* A claim's analysis of competing hypotheses as text: a row per hypothesis, a column per piece of
 * evidence, and how many speak against each. Shown as the claimant made it; nothing is decided.
 * Withheld evidence is marked and not counted. */
bool cases_matrix(struct bytes claim, const struct catalogue *words, struct arena *a,
                  struct bytes *out, struct err *e);
/* The body's text as a plain `note` (replies and rebuttals of claims: `opinion`), canonical, for
 * tools that do not know the extension. Every node makes the same bytes, so nobody need sign them.
 */
bool cases_twin(struct bytes body, struct arena *a, struct bytes *out, struct err *e);

/* ---- what came of it (view.c) ---------------------------------------------------------------- */

enum cases_matter { CASES_LOOSE, CASES_IS_REQUEST, CASES_IS_CLAIM, CASES_IS_PING, CASES_IS_REMEDY };
enum cases_timing { CASES_NO_TIME, CASES_IN_TIME, CASES_LATE, CASES_UNDECIDABLE };

struct cases_view {
    struct hash id;
    enum cases_matter kind;
    uint16_t from, to; /* to: UINT16_MAX if it addresses nobody */
    bool exercise, pending /* nobody has cosigned the opening act yet */;
    uint8_t verdict; /* of the opening act; but for CASES_TAKEN there is nothing more */
    uint32_t acts, acts_pending;
    int64_t sent_at, delivered_at; /* CASES_NEVER: not yet */
    bool deemed;                   /* delivered without the addressee's receipt */
    /* Due instants; CASES_NEVER: not agreed, or the clock has not begun. */
    int64_t ack_due, status_due, final_due, lapse_at;
    int64_t stopped_since; /* CASES_NEVER: it runs */
    bool overdue;
    uint8_t rung; /* 0: none; from 1 */
    int64_t rung_since;
    int64_t acked_at, ended_at;
    uint8_t ack_timing, status_timing, final_timing; /* enum cases_timing */
    union {
        struct {
            uint8_t type, urgency, asked_urgency, state;
            uint8_t ground; /* of the last refusal; CASES_GROUNDS: none */
            bool incomplete, confidential, contested;
            uint16_t items_n, items[CASES_ITEMS], items_late;
            uint8_t item[256];    /* enum cases_item, by number - 1 */
            bool open[256];       /* an answer or a refusal may still set it */
            int64_t queued_until; /* 0: not queued */
            int64_t first_status_at, answered_at, refused_at, hold_until, accept_at;
        } request;
        struct {
            uint8_t predicate, state, reply, likelihood, confidence;
            bool unanswered; /* "no reply by", never "admitted" */
            bool reopened;   /* settled, and an obligation was not kept: found again */
            bool counter;    /* a counter-claim, to that claim */
            struct hash counter_to;
            uint16_t hypotheses, evidence, held, withheld, revisions, rebuts, obligations;
            uint16_t obligations_open, obligations_broken; /* child requests */
            int64_t replied_at, found_at, publish_from;
        } claim;
        struct {
            uint8_t role;
            bool answered;
            int64_t answered_at;
        } ping;
        struct {
            uint32_t clauses, suspended; /* bits: request types, then claim, match, share, scope */
            int64_t cure_until, suspended_from, lifted_at;
            bool terminated;
        } remedy;
    };
};

/* The matter as of an instant, with pending acts. ERR_MISSING: no act of that id opened one. */
bool cases_view(struct cases *c, const struct hash *matter, int64_t now_ms, struct arena *a,
                struct cases_view *out, struct err *e);

struct cases_act_view {
    struct hash id;
    uint64_t index, locator;
    uint16_t author;
    uint8_t kind, verdict, timing;
    bool settled;
    bool contradicted; /* the claimed time lies outside the bracket by more than the tolerance */
    bool waits;        /* what it answers is not here */
    int64_t claimed, after, seen, at;
    char clause[64]; /* what it was judged by; empty: nothing */
};
/* The matter's acts in the order they count, those not settled last. */
bool cases_acts(struct cases *c, const struct hash *matter, struct arena *a,
                struct cases_act_view **out, size_t *n, struct err *e);

/* All matters, in the order they came; their ids. */
size_t cases_count(const struct cases *c);
struct hash cases_id(const struct cases *c, size_t i);
/* What opened the i-th; false: the act that opens it is not here. */
struct cases_opening {
    struct hash id;
    enum cases_matter kind;
    int64_t at;   /* seen, or as claimed if nobody has signed for it yet */
    bool pending; /* that */
    uint16_t from, to;
};
bool cases_opening(const struct cases *c, size_t i, struct cases_opening *out);
/* When the newest settled act counts; 0: there is none. */
int64_t cases_newest(struct cases *c);
/* The matter that holds an act. ERR_MISSING. */
bool cases_matter_of(const struct cases *c, const struct hash *act, struct hash *matter,
                     struct err *e);
/* Is that clause suspended at the instant? "request.sample", "share": cases.md invariant 29. */
bool cases_suspended(struct cases *c, struct bytes clause, int64_t at_ms);

/* May this act be sent now? It is judged as if it were cosigned at now_ms. False: ERR_DENIED with
 * the clause, ERR_INPUT if the body is malformed. The act's id and index are not looked at. */
bool cases_check(struct cases *c, const struct cases_act *draft, int64_t now_ms, struct err *e);

/* How the due instants came about, as text: the same bytes everywhere (invariant 9). */
bool cases_why(struct cases *c, const struct hash *matter, int64_t now_ms,
               const struct catalogue *words, struct arena *a, struct bytes *out, struct err *e);
/* The matter as text for people, its acts with it; and as canonical JSON. */
bool cases_show(struct cases *c, const struct hash *matter, int64_t now_ms,
                const struct catalogue *words, struct arena *a, struct bytes *out, struct err *e);
bool cases_show_json(struct cases *c, const struct hash *matter, int64_t now_ms, struct arena *a,
                     struct bytes *out, struct err *e);
/* The same with what each act says. The fold does not keep bodies: `read` gives that of a locator,
 * empty if it is not here. */
struct cases_bodies {
    bool (*read)(void *self, uint64_t locator, struct arena *a, struct bytes *body, struct err *e);
    void *self;
};
bool cases_show_bodies(struct cases *c, const struct hash *matter, int64_t now_ms,
                       const struct cases_bodies *bodies, const struct catalogue *words,
                       struct arena *a, struct bytes *out, struct err *e);
bool cases_show_json_bodies(struct cases *c, const struct hash *matter, int64_t now_ms,
                            const struct cases_bodies *bodies, struct arena *a, struct bytes *out,
                            struct err *e);

/* A claim as people read it: both statements beside each other and of the same size, hypotheses,
 * evidence with both sides' grades and what attacks it, every likelihood and confidence it ever
 * had, what was found together, what was promised. The same bytes everywhere in one language
 * (words: NULL is English). ERR_INPUT: it is no claim. */
bool cases_claim_text(struct cases *c, const struct hash *claim, int64_t now_ms,
                      const struct cases_bodies *bodies, const struct catalogue *words,
                      struct arena *a, struct bytes *out, struct err *e);

/* ---- comparing two nodes (root.c) --------------------------------------------------------------
 */

#define CASES_BUCKETS 4096 /* by the first 12 bits of the matter's id */

struct cases_digest {
    struct hash id, digest;
};

/* One hash over all settled state. Equal acts and cosignatures give equal roots, so nodes compare
 * roots for a cut: after they have given each other the cosignatures they hold up to it. */
bool cases_root(struct cases *c, struct hash *out, struct err *e);
/* A digest of all cosignatures of an author's log that the fold has; whatever the order. */
bool cases_dates(struct cases *c, uint16_t author, struct hash *out, struct err *e);
/* Where roots differ: buckets, their matters by id, a matter's digest after each act. */
bool cases_bucket(struct cases *c, uint32_t i, struct hash *out, struct err *e);
bool cases_bucket_matters(struct cases *c, uint32_t i, struct arena *a, struct cases_digest **out,
                          size_t *n, struct err *e);
bool cases_trace(struct cases *c, const struct hash *matter, struct arena *a,
                 struct cases_digest **out, size_t *n, struct err *e);
/* The first place at which two traces (or lists of matters) differ: the smaller count if one
 * begins with the other. */
size_t cases_differ(const struct cases_digest *a, size_t an, const struct cases_digest *b,
                    size_t bn);

/* ---- the periodic review (review.c; cases.md 3.7) ----------------------------------------------
 */

/* Behind a number: an act or a matter, and what it counts for. */
struct cases_reason {
    struct hash id;
    int64_t value;
};

/* What other parts of the program count, by who gave: indicators shared, sightings returned, match
 * runs; with the acts behind the number. By party, then name; the same at every node. */
struct cases_counter {
    uint16_t party;
    const char *name; /* "indicators_shared": cases_counter_names has those with words for people */
    uint64_t n;
    const struct cases_reason *why;
    size_t why_n;
};

/* What a party says about the period, in the order in which it counts. */
struct cases_comment {
    uint16_t party;
    int64_t at_ms;
    struct hash id;
    struct bytes text;
};

struct cases_review; /* lives in its arena, and shows what it was given */

/* The report of what was opened in [from_ms, until_ms), as it stood at until_ms. peer_root may be
 * NULL; a root that differs from ours is refused (ERR_PROOF): find the act with cases_differ first.
 * NULL: ERR_PROOF, ERR_LIMIT, ERR_NOMEM. */
struct cases_review *cases_review(struct cases *c, int64_t from_ms, int64_t until_ms,
                                  const struct hash *peer_root, const struct cases_counter *others,
                                  size_t others_n, struct arena *a, struct err *e);
/* They are printed, and belong to what is hashed. */
void cases_review_comments(struct cases_review *r, const struct cases_comment *list, size_t n);
/* The same bytes on every node in each language. Text and page end with one hash in all languages:
 * that of the JSON, which has all that they show. */
bool cases_review_text(const struct cases_review *r, const struct catalogue *words, struct arena *a,
                       struct bytes *out, struct err *e);
bool cases_review_json(const struct cases_review *r, struct arena *a, struct bytes *out,
                       struct err *e);

/* A page by itself: no script, nothing from elsewhere; each number leads to its acts. */
bool cases_review_html(const struct cases_review *r, const struct catalogue *words, struct arena *a,
                       struct bytes *out, struct err *e);

/* The acts and matters that a number counted, in order. A cell is named by section,
 * parties, what else heads its row, and the metric, as the JSON does:
 * "timeliness/north/south/info/normal/received"; totals have "all" for type and urgency, or for the
 * ground. Counters: "gave-and-got/north/indicators_shared". Drills: "drill/" before it.
 * ERR_MISSING: no such cell. */
bool cases_review_explain(const struct cases_review *r, struct bytes cell, struct arena *a,
                          struct cases_reason **out, size_t *n, struct err *e);

#endif
