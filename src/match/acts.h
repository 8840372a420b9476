/* acts: a comparison on the record. One party offers, the other accepts, each with a commitment to
 * its list; then they compare; then each says what it saw. Every step is an act in its speaker's
 * log, and what follows from them is a fold: whether a session may run, how many there were today,
 * how much of the quarter's budget is spent. doc/formats/match.md has the objects.
 *
 *     match_fold(record, arena, now, &sessions, e)
 *     match_permits(agreement, &sessions, &wish, now, &limits, e)    // or the clause that forbids
 * it
 */
#ifndef ENTENTE_MATCH_ACTS_H
#define ENTENTE_MATCH_ACTS_H

#include "match/match.h"
#include "record/record.h"

#define MATCH_SHARDS_MOST 8 /* of one session between nodes: each costs two connections */
#define MATCH_ATTEMPTS 3    /* runs of one session that may break */
#define MATCH_ID 36         /* characters of a session's id: a UUID */

/* ---- what a clause allows -------------------------------------------------------------------- */

struct match_limits {
    char clause[GATE_CLAUSE_MAX]; /* "match.c2-domains" */
    const struct json *items;     /* types */
    uint64_t least, most;         /* items of a list */
    uint64_t per_day, per_quarter;
    enum match_who who;
    bool cardinality;     /* only the number is shown */
    bool count_told;      /* the number goes into the log */
    bool guessable;       /* types whose values can all be tried are agreed to */
    uint64_t reveal_from; /* items are shown from so many on; 0: always */
};
/* ERR_DENIED: there is no such purpose. */
bool match_limits_of(const struct agreement *g, struct bytes purpose, struct match_limits *out,
                     struct err *e);
/* What a list of n items costs the budget of whoever learns: the most items that it can test with
 * it, whatever it does (doc/threat-model.md). */
uint64_t match_charge(uint64_t n);

/* ---- sessions ---------------------------------------------------------------------------------
 */

enum match_state {
    MATCH_OFFERED,
    MATCH_REFUSED,
    MATCH_ACCEPTED,
    MATCH_COMPARED, /* at least one side has said what it saw */
    MATCH_ENDED,    /* broken off for good */
};
const char *match_state_name(enum match_state s);

struct match_outcome {
    bool said;
    struct hash transcript;
    int64_t count; /* -1: withheld */
    uint64_t capacity;
    int64_t at;
};

struct match_audit_ask {
    struct bytes by;   /* slug */
    uint8_t nonce[32]; /* chosen by whoever asks */
    unsigned leaves;
    uint64_t index; /* of the act in that log */
};
#define MATCH_AUDITS 4 /* asks of one session that count, of each side */

struct match_session {
    char id[MATCH_ID + 1];
    struct hash offer, accept; /* text hashes */
    struct bytes party[2];     /* slugs: asker, asked */
    struct bytes purpose;
    const struct match_type *type;
    uint64_t size[2];
    struct hash root[2];
    enum match_who who;
    bool cardinality;
    unsigned shards;
    enum psi_mode mode;
    enum psi_code code;
    enum match_state state;
    uint64_t offer_index, accept_index; /* in their logs */
    int64_t offered_at, accepted_at;    /* cosigned if it is, else claimed; 0: not yet */
    struct bytes ground;                /* why it was refused */
    struct match_outcome outcome[2];
    unsigned aborts;
    struct bytes abort_reason;
    struct match_audit_ask audit[2 * MATCH_AUDITS];
    unsigned audits;
    bool fatal;  /* a check failed in one of them */
    bool differ; /* the two sides say they saw different runs */
};
struct match_sessions {
    struct match_session *of; /* in the order in which they were offered */
    size_t n;
    uint64_t ignored; /* acts of comparisons that are malformed or do not fit */
};
/* All sessions of an agreement. Views live in the arena. */
bool match_fold(struct record *r, struct arena *a, struct match_sessions *out, struct err *e);
/* By the beginning of its id (4 digits or more); "last": the newest. ERR_MISSING, ERR_INPUT. */
struct match_session *match_session_find(struct match_sessions *all, struct bytes name,
                                         struct err *e);
/* Which side of it a party is; false: neither. */
bool match_session_side(const struct match_session *s, struct bytes slug, enum match_side *out);
bool match_session_learns(const struct match_session *s, enum match_side side);

/* ---- may it be ---------------------------------------------------------------------------------
 */

struct match_wish {
    struct bytes purpose;
    const struct match_type *type;
    uint64_t size[2]; /* 0: not known yet */
    struct bytes party[2];
    enum match_who who;
    bool cardinality;
    unsigned shards;
    const struct match_session *itself; /* not counted; may be NULL */
};
void match_wish_of(const struct match_session *s, struct match_wish *out);
/* Everything the clause says, in order; an error begins with the clause. */
bool match_permits(const struct agreement *g, const struct match_sessions *all,
                   const struct match_wish *w, int64_t now, struct match_limits *out,
                   struct err *e);

/* ---- saying it
 * ----------------------------------------------------------------------------------- */

/* The objects, canonical; `id` of the offer is the session's. */
bool match_say_offer(const struct match_session *s, int64_t now_us, struct arena *a,
                     struct bytes *out, struct err *e);
bool match_say_accept(const struct match_session *s, const struct os *os, struct arena *a,
                      struct bytes *out, struct err *e);
bool match_say_refuse(const struct match_session *s, const char *why, const struct os *os,
                      struct arena *a, struct bytes *out, struct err *e);
bool match_say_result(const struct match_session *s, const struct match_outcome *o,
                      const struct os *os, struct arena *a, struct bytes *out, struct err *e);
bool match_say_abort(const struct match_session *s, const char *reason, const struct os *os,
                     struct arena *a, struct bytes *out, struct err *e);
bool match_say_audit(const struct match_session *s, const uint8_t nonce[32], unsigned leaves,
                     const struct os *os, struct arena *a, struct bytes *out, struct err *e);
/* The draft of an act that carries one of them, to the other side alone. */
void match_draft(const struct match_session *s, const char *kind, struct bytes self,
                 struct bytes object, struct record_draft *out);

/* What both sides put under each run: the session's acts and both coins. */
void match_session_context(const struct match_session *s, const char *agreement,
                           const uint8_t asker_coin[32], const uint8_t asked_coin[32],
                           struct hash *out);

#endif
