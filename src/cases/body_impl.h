/* Reading bodies: what body.c and its siblings share. */
#ifndef ENTENTE_CASES_BODY_IMPL_H
#define ENTENTE_CASES_BODY_IMPL_H

#include "cases/cases_impl.h"

struct body {
    const struct json *o;
    const struct cases_terms *terms;
    struct op op;
    struct op_item items[LIMIT_CASE_ITEMS];
    struct err *e;
};

/* Members; each fails with the member's name. */
bool body_word(struct body *b, const struct json *o, const char *key, const char *const *words,
               int n, uint8_t *out);
bool body_flag(struct body *b, const char *key, uint8_t bit);
bool body_instant(struct body *b, const char *key, int64_t *out);
bool body_term(struct body *b, const char *key);
bool body_addressee(struct body *b);
uint64_t body_said(const struct json *o, const char *const *words, int n);
bool body_link(struct body *b, const char *key);
bool body_markings(struct body *b);
bool body_evidence(struct body *b);
/* Marks from 1 to 5 by the words of MISP's cti-evaluation. */
bool body_ratings(struct body *b, const char *member);
bool body_item(struct body *b, const struct json *v, struct op_item *out);
bool body_items(struct body *b, const char *key,
                bool (*read)(struct body *, const struct json *, struct op_item *));

/* body_request.c, body_claim.c: one per kind of act. */
bool parse_request(struct body *b);
bool parse_clarify(struct body *b);
bool parse_clarified(struct body *b);
bool parse_extend(struct body *b);
bool parse_expected(struct body *b);
bool parse_refuse(struct body *b);
bool parse_answer(struct body *b);
bool parse_rating(struct body *b);
bool parse_contest(struct body *b);
bool parse_escalate(struct body *b);
bool parse_until(struct body *b);
bool parse_ruling(struct body *b);
bool parse_claim(struct body *b);
bool parse_reply(struct body *b);
bool parse_rebut(struct body *b);
bool parse_evidence(struct body *b);
bool parse_revise(struct body *b);
bool parse_finding(struct body *b);
bool parse_settle(struct body *b);
bool parse_claim_withdraw(struct body *b);

#endif
