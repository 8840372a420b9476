/* The domain's enumerations and their spellings; order is format: digests hold the numbers. */
#ifndef ENTENTE_CASES_WORDS_H
#define ENTENTE_CASES_WORDS_H

#include "base/bytes.h"

struct catalogue; /* base/catalogue.h */

/* The kind of an act, as its note says it. */
enum cases_kind {
    CASES_KIND_UNKNOWN,
    CASES_REQUEST,
    CASES_REQUEST_ACK,
    CASES_REQUEST_CLARIFY,
    CASES_REQUEST_CLARIFIED,
    CASES_REQUEST_STATUS,
    CASES_REQUEST_EXTEND,
    CASES_REQUEST_COMPLEX, /* a court step: the request moves to `complex` */
    CASES_REQUEST_REFUSE,
    CASES_REQUEST_ANSWER,
    CASES_REQUEST_ACCEPT,
    CASES_REQUEST_CONTEST,
    CASES_REQUEST_ESCALATE,
    CASES_REQUEST_WITHDRAW,
    CASES_REQUEST_SUSPEND,
    CASES_REQUEST_RESUME,
    CASES_REQUEST_RULING,
    CASES_AGREE, /* the other side's yes to a proposal: the second ref */
    CASES_CLAIM,
    CASES_CLAIM_ACK,
    CASES_CLAIM_REPLY,
    CASES_CLAIM_EXTEND,
    CASES_CLAIM_REBUT,
    CASES_CLAIM_EVIDENCE,
    CASES_CLAIM_GRADE, /* the receiver's grades of evidence */
    CASES_CLAIM_REVISE,
    CASES_CLAIM_FINDING,
    CASES_CLAIM_REFER,
    CASES_CLAIM_RULING,
    CASES_CLAIM_SETTLE,
    CASES_CLAIM_WITHDRAW,
    CASES_CLAIM_DISAGREE,
    CASES_CLAIM_ESCALATE,
    CASES_PING,
    CASES_PONG,
    CASES_OUTAGE,
    CASES_REMEDY_NOTICE,
    CASES_REMEDY_CURE,
    CASES_REMEDY_SUSPEND,
    CASES_REMEDY_LIFT,
    CASES_REMEDY_TERMINATE,
    CASES_COMMENT,
    CASES_KINDS
};

enum cases_type { /* of a request */
                  CASES_INFO,
                  CASES_VERIFY,
                  CASES_PRESERVE,
                  CASES_DISCLOSE_PRESERVED,
                  CASES_SAMPLE,
                  CASES_ANALYSE,
                  CASES_TRACE,
                  CASES_MITIGATE,
                  CASES_NOTIFY_VICTIM,
                  CASES_MATCH,
                  CASES_CONSULT,
                  CASES_RECALL,
                  CASES_AUDIT,
                  CASES_TYPES
};

enum cases_urgency {
    CASES_EMERGENCY,
    CASES_URGENT,
    CASES_NORMAL,
    CASES_COMPLEX,
    CASES_PRESERVATION,
    CASES_PING_URGENCY,
    CASES_URGENCIES
};

enum cases_ground {
    CASES_SOVEREIGNTY_SECURITY,
    CASES_PUBLIC_ORDER,
    CASES_ONGOING_CASE,
    CASES_NOT_HELD_GROUND,
    CASES_NO_LEGAL_POWER,
    CASES_AUTHORISATION_DENIED,
    CASES_PRIVILEGE_IMMUNITY,
    CASES_FUNDAMENTAL_RIGHTS,
    CASES_THIRD_PARTY_ORIGIN,
    CASES_DISPROPORTIONATE,
    CASES_OUT_OF_SCOPE,
    CASES_MALFORMED,
    CASES_QUOTA,
    CASES_CONFLICT_OF_LAW,
    CASES_DUPLICATE,
    CASES_GROUNDS
};

enum cases_state { /* of a request */
                   CASES_SENT,
                   CASES_DELIVERED,
                   CASES_OPEN,
                   CASES_WAITING,
                   CASES_PARTLY,
                   CASES_PART_REFUSED,
                   CASES_ANSWERED,
                   CASES_REFUSED,
                   CASES_CONTESTED,
                   CASES_ESCALATED,
                   CASES_CLOSED,
                   CASES_WITHDRAWN,
                   CASES_LAPSED,
                   CASES_VOID, /* not a request under the agreement */
                   CASES_STATES
};

enum cases_item { /* the status of a numbered item */
                  CASES_ITEM_PENDING,
                  CASES_ITEM_LATER,
                  CASES_ITEM_ANSWERED,
                  CASES_ITEM_NOT_HELD,
                  CASES_ITEM_REFUSED,
                  CASES_ITEMS
};

enum cases_claim_state {
    CASES_LODGED,
    CASES_ACKNOWLEDGED,
    CASES_REPLIED,
    CASES_FOUND,
    CASES_WITH_ARBITER,
    CASES_RULED,
    CASES_SETTLED,
    CASES_CLAIM_WITHDRAWN,
    CASES_CLOSED_DISAGREED,
    CASES_CLAIM_VOID,
    CASES_CLAIM_STATES
};

enum cases_reply {
    CASES_ADMIT,
    CASES_ADMIT_IN_PART,
    CASES_DENY,
    CASES_NO_KNOWLEDGE,
    CASES_NEED_EVIDENCE,
    CASES_THIRD_PARTY,
    CASES_REPLIES
};

enum cases_predicate {
    CASES_CONDUCTED_BY,
    CASES_ORIGINATED_FROM,
    CASES_INFRASTRUCTURE_CONTROLLED_BY,
    CASES_DIRECTED_BY,
    CASES_BENEFIT_TO,
    CASES_HOLDS_DATA_OF,
    CASES_BREACHED_CLAUSE,
    CASES_NORM_CONCERN,
    CASES_PREDICATES
};

/* What became of an act. Everything but CASES_TAKEN and CASES_NO_STOP leaves the state alone. */
enum cases_verdict {
    CASES_TAKEN,
    CASES_NO_STOP, /* a clarification that stops no clock */
    CASES_V_UNKNOWN,
    CASES_V_MALFORMED,
    CASES_V_NO_BODY,
    CASES_V_NO_AGREEMENT,
    CASES_V_NOT_AGREED,
    CASES_V_URGENCY,
    CASES_V_FACTS,
    CASES_V_MARKING,
    CASES_V_SUSPENDED,
    CASES_V_NOT_YOURS,
    CASES_V_STATE,
    CASES_V_LAPSED,
    CASES_V_VOID,
    CASES_V_TWICE,
    CASES_V_ITEM,
    CASES_V_ITEM_FINAL,
    CASES_V_ITEMS_OPEN,
    CASES_V_GROUND,
    CASES_V_GROUND_NEEDS,
    CASES_V_CONSULT_FIRST,
    CASES_V_CONSULT_WINDOW,
    CASES_V_TWO_OFFICERS,
    CASES_V_EXERCISE,
    CASES_V_EXTEND,
    CASES_V_EXTEND_TIMES,
    CASES_V_EXTEND_LENGTH,
    CASES_V_EXTEND_DUE,
    CASES_V_PROPOSAL,
    CASES_V_RUNG,
    CASES_V_REVIEW,
    CASES_V_HYPOTHESES,
    CASES_V_LIKELIHOOD,
    CASES_V_EVIDENCE,
    CASES_V_CURE,
    CASES_V_CAP,
    CASES_V_QUOTA, /* only of cases_check: the fold queues instead */
    CASES_VERDICTS
};

extern const char *const cases_kind_words[CASES_KINDS];
extern const char *const cases_type_words[CASES_TYPES];
extern const char *const cases_urgency_words[CASES_URGENCIES];
extern const char *const cases_ground_words[CASES_GROUNDS];
extern const char *const cases_state_words[CASES_STATES];
extern const char *const cases_item_words[CASES_ITEMS];
extern const char *const cases_claim_state_words[CASES_CLAIM_STATES];
extern const char *const cases_reply_words[CASES_REPLIES];
extern const char *const cases_predicate_words[CASES_PREDICATES];
/* Sentences: why an act had no effect. */
extern const char *const cases_verdict_words[CASES_VERDICTS];

/* ICD 203: seven words of likelihood with their ranges in percent, three of confidence. */
#define CASES_LIKELIHOODS 7
#define CASES_CONFIDENCES 3
extern const struct cases_likelihood {
    const char *word;
    uint8_t low, high;
} cases_likelihoods[CASES_LIKELIHOODS];
extern const char *const cases_confidence_words[CASES_CONFIDENCES];

/* A word of these tables for people. Its context in the catalogue is its table's name: "state" for
 * cases_state_words (tools/po reads them so). NULL is English: the spelling itself. */
const char *cases_said(const struct catalogue *k, const char *table, const char *word);
/* The word's place in a table of n, or -1. */
int cases_word(const char *const *words, int n, struct bytes word);

#endif
