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

/* ---- terms.c: an agreement's clauses ------------------------------------------------------- */

/* Members of a request's body that an agreement can make mandatory; order is format. */
enum field {
    FIELD_PURPOSE,
    FIELD_LEGAL_BASIS,
    FIELD_INTENDED_USE,
    FIELD_STEPS_TAKEN,
    FIELD_POINT_OF_CONTACT,
    FIELD_KEEP_CONFIDENTIAL,
    FIELD_SUBJECT_REFS,
    FIELD_RELATED_REQUEST,
    FIELD_URGENCY_FACTS,
    FIELD_CUSTODIAN,
    FIELD_FOLLOW_UP,
    FIELD_WISHED_DEADLINE,
    FIELD_WISHED_REASON,
    FIELD_EXPECTED_DATE,
    FIELD_OFFENCE,
    FIELD_LOCATION,
    FIELD_TIME_RANGE,
    FIELD_AUTHORITY,
    FIELD_NECESSITY,
    FIELD_MATCH_SESSION,
    FIELDS
};
extern const char *const field_words[FIELDS];

/* What a ground's refusal must carry. */
enum need {
    NEED_NOTHING,
    NEED_TEXT,
    NEED_DATE,
    NEED_SEARCH,
    NEED_PROVISION,
    NEED_AUTHORITY,
    NEED_ASKED,
    NEED_COUNTER_OFFER,
    NEED_CLAUSE,
    NEED_POSITION,
    NEED_DUPLICATE_OF,
    NEEDS
};
extern const char *const need_words[NEEDS];

enum extend_by { EXTEND_NEVER, EXTEND_BY_RIGHT, EXTEND_BY_CONSENT };

struct terms_clock { /* of an urgency, or of the reply to a claim */
    bool agreed, facts;
    uint8_t extend_by, extend_times;
    struct cases_term ack, status, status_every, final, hold, extend_up_to;
};

struct terms_request {
    bool agreed;
    uint8_t urgencies;                   /* bits */
    uint8_t max_tlp;                     /* enum stix_tlp */
    uint64_t fields;                     /* bits */
    uint32_t open, per_day, emergencies; /* UINT32_MAX: no limit agreed */
};

struct terms_ground {
    bool agreed, consult, review;
    uint8_t needs;
};

enum after { AFTER_OVERDUE = 1, AFTER_REFUSED = 2, AFTER_CONTESTED = 4, AFTER_RUNG = 8 };

struct terms_rung {
    struct bytes name, who;
    uint8_t after;
    int arbiter; /* the party, or -1 */
    struct cases_term time;
};

/* Clauses that can be suspended, as bits: one per request type, then these. */
enum { CLAUSE_CLAIM = CASES_TYPES, CLAUSE_MATCH, CLAUSE_SHARE, CLAUSE_SCOPE, CLAUSES };

#define TLPS (STIX_TLP_RED + 1)
extern const char *const tlp_words[TLPS];

struct terms_party {
    struct bytes slug;
    bool arbiter;
    const struct cases_zone *zone;
    const struct cases_calendar *calendar;
};

struct cases_terms {
    struct hash id; /* of the document's bytes */
    struct terms_party *parties;
    uint32_t parties_n, witnesses_n;
    int64_t tolerance_ms, grace_ms;
    struct cases_term clarify_reply, consult_window, silence_accepts;
    uint32_t lapse_after_terms; /* 0: not agreed */
    bool stop_clarify, stop_suspend;
    int64_t outage_ms, cap_ms; /* 0: not agreed */
    struct terms_clock urgency[CASES_URGENCIES], claim_clock;
    struct terms_request request[CASES_TYPES];
    struct terms_ground ground[CASES_GROUNDS];
    uint32_t rungs_n;
    struct terms_rung rungs[LIMIT_CASE_RUNGS];
    bool remedy, remedy_notice, claim;
    struct cases_term cure, terminate_after, embargo;
    uint32_t suspendable;  /* bits */
    uint8_t predicates;    /* bits */
    uint16_t minimum[3];   /* evidence for bilateral, arbiter, public */
    uint64_t two_officers; /* bits of kinds */
    uint8_t consult_below_percent;
};

int clause_of_word(struct bytes word);

/* ---- body.c: what the fold needs of an act's body ---------------------------------------------
 */

enum {
    OP_FINAL = 1,
    OP_CONSULT_OFFER = 2,
    OP_CONFIDENTIAL = 4,
    OP_EXERCISE = 8,
    OP_EXERCISE_SAID = 16, /* the member is there */
    OP_ALL = 32,           /* a refusal of everything */
    OP_UPHELD = 64,
    OP_REPLY_ASKED = 128,
};

enum question { ON_GROUND, ON_DEADLINE, ON_COMPLETENESS, QUESTIONS };
enum level { LEVEL_BILATERAL, LEVEL_ARBITER, LEVEL_PUBLIC, LEVELS };
enum attack {
    ATTACK_AUTHENTICITY,
    ATTACK_CUSTODY,
    ATTACK_RELEVANCE,
    ATTACK_INFERENCE,
    ATTACK_ALTERNATIVE,
    ATTACKS
};
#define RATINGS 8
extern const char *const question_words[QUESTIONS];
extern const char *const level_words[LEVELS];
extern const char *const attack_words[ATTACKS];
extern const char *const rating_words[RATINGS]; /* MISP's cti-evaluation */

struct op_item {
    uint16_t number; /* from 1 */
    uint8_t status;  /* enum cases_item */
    uint8_t ground;
};

#define NOBODY UINT16_MAX

struct op {
    uint8_t choice; /* request type, reply, ground, predicate, question, attack, role: by kind */
    uint8_t urgency, tlp, rung, level, likelihood, confidence, flags;
    uint8_t rating[RATINGS];              /* 1-5; 0: not rated */
    uint16_t party;                       /* the addressee, or NOBODY */
    uint16_t items_n, hypotheses, others; /* others: hypotheses that name somebody else */
    uint16_t evidence, evidence_held, evidence_withheld, custody;
    uint32_t clauses; /* bits */
    struct cases_term term;
    uint64_t fields;    /* bits of enum field; of enum need in a refusal */
    int64_t when, from; /* CASES_NEVER: not said */
    struct hash link;   /* obligation_of, counter_to */
    bool linked;
    const struct op_item *items;
};

/* The kind of that name, CASES_KIND_UNKNOWN if there is none. */
enum cases_kind kind_of_word(struct bytes word);
/* NULL: the body is malformed; *e names the member. Scratch is for the parsed JSON. */
const struct op *body_parse(enum cases_kind kind, struct bytes body, const struct cases_terms *t,
                            struct arena *keep, struct arena *scratch, struct err *e);
/* The object's type for that kind: "entente-request". */
const char *body_type(enum cases_kind kind);

#endif
