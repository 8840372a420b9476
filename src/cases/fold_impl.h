/* The fold: acts as kept, states, and the whole. */
#ifndef ENTENTE_CASES_FOLD_IMPL_H
#define ENTENTE_CASES_FOLD_IMPL_H

#include "cases/cases_impl.h"

/* ---- the fold -------------------------------------------------------------------------------- */

#define NONE UINT32_MAX

/* An act as the fold keeps it. */
struct rec {
    struct hash id;
    const struct op *op;      /* NULL: fault says why */
    const struct hash *wants; /* the second ref, while its act is not here */
    uint64_t index, locator;
    int64_t claimed, after, seen, receipt; /* seen, receipt: CASES_NEVER while unknown */
    int64_t at;                            /* counts at; CASES_NEVER: not settled */
    uint32_t number, matter, next, target;
    uint32_t own; /* the author's act before it in the matter */
    uint32_t
        generation; /* how many causes, one of the other, count at the same instant before it */
    uint16_t author;
    uint8_t kind, fault, mark, signatures, visited;
    struct outcome {
        uint8_t verdict, timing, clause, clause_n;
    } out;
};

enum timing { TIMING_NONE, TIMING_KEPT, TIMING_LATE, TIMING_OPEN };

/* Families of clauses that an outcome cites; clause_n is the member. */
enum clause {
    CITE_NOTHING,
    CITE_REQUEST,
    CITE_URGENCY,
    CITE_GROUND,
    CITE_CLAIM,
    CITE_CLAIM_CLOCK,
    CITE_LADDER,
    CITE_REMEDY,
    CITE_SIGNING,
    CITE_STOPS,
    CITE_CLARIFY,
    CITE_LAPSE,
    CITE_LOG,
};

enum matter_kind { MATTER_LOOSE, MATTER_REQUEST, MATTER_CLAIM, MATTER_PING, MATTER_REMEDY };

struct clock {
    int64_t started; /* delivery */
    bool deemed;
    int64_t ack_due, status_due, final_due, lapse_at;
    int64_t clarified_ms, suspended_ms; /* stops that have ended */
    int64_t clarify_from, clarify_until, suspend_from, suspend_until;
    int64_t extra_ms; /* extensions in hours */
    uint32_t extra_days, extensions;
    int64_t wished;
};

struct request {
    uint8_t type, urgency, asked_urgency, state, rung, ground, question;
    bool queued, ruled, upheld, confidential, incomplete, consulted, rated, reopened;
    uint8_t ack_timing, status_timing, final_timing;
    uint8_t contests, refusals;
    int64_t queue_until, acked, first_status, last_status, answered, refused, ended, contested;
    int64_t rung_at, accept_at, consult_until, expected, hold_until;
    uint32_t proposal; /* rec */
    uint64_t missing, asked_fields;
    uint16_t items_n, count[CASES_ITEMS], late_items;
    uint8_t *items; /* status, with the bits below */
};
enum { ITEM_STATUS = 15, ITEM_LATE = 16, ITEM_ASKED = 32, ITEM_CONTESTED = 64 };

struct claim {
    uint8_t predicate, state, reply, likelihood, confidence, level, rung, ack_timing, reply_timing;
    uint16_t hypotheses, evidence, held, withheld, revisions, rebuts, supplied, obligations;
    int64_t acked, replied, found, ended, rung_at, publish_from;
    uint32_t proposal;
    bool withdrawn_mistaken;
};

struct ping {
    uint8_t role;
    bool answered;
    uint8_t timing;
    int64_t at, due;
};

struct remedy {
    uint32_t clauses, suspended; /* bits */
    bool cured, terminated;
    int64_t cure_until, suspended_from, lifted, ended;
};

struct state {
    uint8_t kind;
    bool exercise, void_;
    uint8_t opening;   /* the verdict on the opening act */
    uint16_t from, to; /* who opened it, whom it addresses */
    const struct cases_terms *terms;
    int64_t now; /* as far as it has been folded */
    struct hash digest;
    struct clock clock;
    union {
        struct request request;
        struct claim claim;
        struct ping ping;
        struct remedy remedy;
    };
};

struct tail { /* an author's last act in a matter */
    struct tail *next;
    uint32_t rec;
};

struct matter {
    struct hash id;
    uint32_t number, opener, first, last, acts, settled;
    uint32_t blocked, waiting; /* acts that lack a cause, and those of them whose ref is not here */
    struct tail *tails;
    bool dirty, listed;
    uint8_t urgency;     /* what the quota leaves of a request's urgency */
    int64_t queue_until; /* 0: not queued */
    uint32_t latest;     /* the last act in order */
    struct state *state; /* NULL: the opening act is not settled */
};

/* Walking notes: what `why` prints. A NULL list takes none. */
struct note {
    uint8_t what;
    uint8_t a;
    uint32_t rec;
    int64_t at, ms;
};
struct notes {
    struct note *list;
    size_t n, cap;
    struct arena *arena;
};
enum note_kind {
    NOTE_CLARIFY_STOP,
    NOTE_CLARIFY_RUN,
    NOTE_SUSPEND_STOP,
    NOTE_SUSPEND_RUN,
    NOTE_EXTENDED,
    NOTE_COMPLEX,
    NOTE_REOPENED,
    NOTE_QUEUED,
    NOTE_DOWNGRADED,
    NOTE_NO_STOP,
    NOTE_LAPSED,
    NOTE_SILENCE,
    NOTE_WISHED,
};

/* One step: an act upon a state. */
struct step {
    const struct cases *cases;
    const struct matter *matter;
    struct state *s;
    const struct rec *r;
    const struct op *op;
    int64_t at;
    struct notes *notes;
    struct outcome *out;
};

void note_add(struct notes *n, uint8_t what, uint8_t a, uint32_t rec, int64_t at, int64_t ms);
/* Set what the act cites and return the verdict. */
uint8_t cite(struct step *x, uint8_t verdict, enum clause clause, int n);

/* clock.c, ladder.c */
int64_t stop_length(const struct cases *c, const struct state *s, int64_t from, int64_t to);
uint8_t extend_check(struct step *x, enum clause clause, int n, int64_t due);
void extend_apply(struct step *x, struct cases_term by);
void clock_start(const struct step *x, int64_t delivered, bool deemed);
void clock_refresh(const struct cases *c, struct state *s, uint8_t type);
int64_t clock_stopped(const struct cases *c, const struct state *s, bool final, int64_t due);
uint8_t timing_of(const struct state *s, const struct rec *r, int64_t due);
const struct terms_clock *state_terms(const struct state *s);
int64_t term_end(const struct state *s, uint16_t party, int64_t from, struct cases_term t,
                 int64_t stopped);
int64_t delivered_at(const struct cases_terms *t, const struct rec *r, bool *deemed);
bool is_overdue(const struct state *s, int64_t now);

/* request.c, claim.c, remedy.c */
void request_open(struct step *x);
void request_step(struct step *x);
void request_advance(const struct cases *c, struct state *s, int64_t now, struct notes *notes);
bool request_live(const struct request *q);
uint8_t request_opening(const struct cases_terms *t, const struct rec *r, const struct op *op,
                        struct outcome *out);
void claim_open(struct step *x);
void claim_step(struct step *x);
void ping_open(struct step *x);
void ping_step(struct step *x);
void remedy_open(struct step *x);
void remedy_step(struct step *x);
/* Is the other side's yes to an open proposal here? */
bool proposal_open(const struct step *x, uint32_t proposal);
/* May this rung be entered now? */
uint8_t ladder_enter(struct step *x, uint8_t *rung, int64_t *rung_at, unsigned because);

/* ---- the whole ------------------------------------------------------------------------------- */

struct cosigned { /* what one signer signed at one size of a log, first and last */
    uint64_t size;
    int64_t first, last;
};

struct signer {
    struct cosigned *list; /* by size, times do not go back */
    uint32_t n, cap;
    uint16_t who;
    bool mirror;
};

struct quota { /* of one addressee and type, drills apart */
    int64_t day, month;
    uint32_t used, emergencies;
};

struct log {
    uint32_t *recs; /* by index */
    uint32_t n, cap;
    struct signer *signers; /* who has signed this log, in no order */
    uint32_t signers_n, signers_cap;
    uint32_t *openers;                       /* requests' opening acts, in the log's order */
    uint32_t openers_n, openers_cap, quoted; /* quoted: how many the quotas have seen */
    bool quota_dirty;
    struct quota *quotas;
};

struct interval {
    int64_t from, until;
    uint32_t clauses; /* bits; of outages: not used */
    uint32_t rec;
};

struct intervals {
    struct interval *list;
    uint32_t n, cap;
};

struct table {       /* of numbers, by the hash they stand for */
    uint64_t *slots; /* a tag of the hash, and the number + 1; 0: free */
    uint32_t mask, used;
    bool acts; /* numbers of acts, or else of matters */
};

#define REC_CHUNK 4096
#define BUCKETS CASES_BUCKETS

struct bucket {
    uint32_t *matters;
    uint32_t n, cap;
    bool dirty;
    struct hash hash;
};

struct cases {
    struct arena *keep, *scratch;
    struct arena_mark scratch_empty;
    uint64_t seed;
    struct version {
        const struct cases_terms *terms;
        int64_t from;
    } versions[LIMIT_CASE_VERSIONS];
    uint32_t versions_n;
    struct rec **recs;
    uint32_t recs_n, recs_cap;
    struct matter **matters;
    uint32_t matters_n, matters_cap;
    struct table by_id, by_matter;
    struct log logs[LIMIT_PARTIES];
    struct intervals outages[LIMIT_PARTIES], suspensions;
    uint32_t *reaching; /* matters that reach into others: outages, remedies */
    uint32_t reaching_n, reaching_cap;
    uint32_t *linked; /* requests that are obligations of a claim */
    uint32_t linked_n, linked_cap;
    bool globals_dirty, dirty_lost;
    uint32_t *dirty; /* matters to fold again */
    uint32_t dirty_n, dirty_cap;
    struct bucket *buckets;
    struct hash groups[BUCKETS / 64];
    bool group_dirty[BUCKETS / 64];
};

/* Grow an array in the arena, by doubling. */
bool array_room(struct arena *a, void **list, uint32_t *cap, uint32_t n, size_t size,
                struct err *e);

/* fold.c: places in the tables */
struct rec *rec_at(const struct cases *c, uint32_t i);
struct matter *matter_of(const struct cases *c, uint32_t i);
uint32_t rec_find(const struct cases *c, const struct hash *id);
uint32_t matter_find(const struct cases *c, const struct hash *id);
const struct cases_terms *terms_at(const struct cases *c, int64_t at);
/* The last version that is not the end; NULL before the first. */
const struct cases_terms *terms_last(const struct cases *c);
/* order.c */
/* Give every act of the matter its place, then fold them in that order. */
bool matter_place(struct cases *c, struct matter *m, struct err *e);
bool matter_refold(struct cases *c, struct matter *m, struct err *e);
/* All acts in order, those without a place last. */
bool matter_acts(const struct cases *c, const struct matter *m, struct arena *a, struct rec ***out,
                 uint32_t *n, struct err *e);
/* State of a matter as of `now` with the acts that count by then, pending ones too if asked. A copy
 * in a. NULL without error: nothing by then. */
bool matter_as_of(const struct cases *c, const struct matter *m, int64_t now, bool pending,
                  struct notes *notes, struct arena *a, struct state **out, struct err *e);
void matter_step(const struct cases *c, const struct matter *m, struct state *s,
                 const struct rec *r, int64_t at, struct notes *notes, struct outcome *out);
void state_digest(struct state *s, const struct rec *r, const struct outcome *out);
bool rec_before(const struct rec *a, const struct rec *b);
/* globals.c: what reaches from one matter into others */
int64_t outage_overlap(const struct cases *c, uint16_t party, int64_t from, int64_t to);
int64_t suspension_overlap(const struct cases *c, unsigned clause, int64_t from, int64_t to);
bool suspended_at(const struct cases *c, unsigned clause, int64_t at);
/* Take the settled opening acts of a log into its quotas, in order. */
void quota_advance(struct cases *c, struct log *log);
bool cases_update(struct cases *c, struct err *e); /* bring everything up to date */
void matter_mark(struct cases *c, struct matter *m);
/* Fold one newly settled act on top if it comes last; else mark the matter. */
void matter_settle(struct cases *c, struct rec *r);
/* Does an act of that kind open a matter? */
bool opens(uint8_t kind);
/* view.c */
void cite_print(char out[64], const struct outcome *o);
void state_view(const struct state *s, int64_t now, struct cases_view *v);
/* Is the claimed time outside the bracket by more than the tolerance? */
bool rec_contradicted(const struct cases *c, const struct rec *r);
bool find_matter(struct cases *c, const struct hash *id, struct matter **out, struct err *e);
/* why.c */
void put_instant(struct buf *b, int64_t ms);
/* say.c: pieces of sentences in the reader's language, in the buffer's arena ("?" if it is full;
 * the buffer fails by itself then) */
const char *said_instant(struct buf *b, const struct catalogue *k, int64_t ms);
const char *said_span(struct buf *b, const struct catalogue *k, int64_t ms);
const char *said_party(struct buf *b, const struct catalogue *k, const struct cases_terms *t,
                       uint16_t party);
const char *said_term(struct buf *b, const struct catalogue *k, struct cases_term t);
/* root.c */
void bucket_mark(struct cases *c, const struct matter *m);
bool bucket_enter(struct cases *c, const struct matter *m, struct err *e);

#endif
