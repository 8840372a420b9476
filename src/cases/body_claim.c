/* Bodies of claims, replies, rebuttals and findings. */
#include "cases/body_impl.h"

static const char *const cell_words[] = {"consistent", "inconsistent", "not-applicable"};

static bool likelihood(struct body *b)
{
    const struct json *o;
    int64_t low, high;

    if (!json_get_object(b->o, "likelihood", &o, b->e) || !json_get_integer(o, "low", &low, b->e) ||
        !json_get_integer(o, "high", &high, b->e) ||
        !body_word(b, b->o, "confidence", cases_confidence_words, CASES_CONFIDENCES,
                   &b->op.confidence))
        return false;
    for (uint8_t i = 0; i < CASES_LIKELIHOODS; i++)
        if (cases_likelihoods[i].low == low && cases_likelihoods[i].high == high) {
            b->op.likelihood = i;
            return true;
        }
    return err_fail(b->e, ERR_INPUT, "likelihood is none of the seven ranges of ICD 203");
}

static bool matrix(struct body *b)
{
    const struct json *rows = json_find(b->o, "matrix");

    if (!rows)
        return true;
    if (json_count(rows) != b->op.hypotheses)
        return err_fail(b->e, ERR_INPUT, "matrix must have a row per hypothesis");
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_at(rows, i);
        if (json_count(row) != b->op.evidence)
            return err_fail(b->e, ERR_INPUT, "matrix/%zu must have a cell per piece of evidence",
                            i);
        for (size_t k = 0; k < json_count(row); k++) {
            struct bytes w = {0};
            if (!json_as_string(json_at(row, k), &w) || cases_word(cell_words, 3, w) < 0)
                return err_fail(b->e, ERR_INPUT, "matrix/%zu/%zu is none of the three words", i, k);
        }
    }
    return true;
}

static bool hypotheses(struct body *b)
{
    const struct json *list;

    if (!json_get_array(b->o, "hypotheses", &list, b->e))
        return false;
    if (json_count(list) > LIMIT_CASE_HYPOTHESES)
        return err_fail(b->e, ERR_LIMIT, "hypotheses: more than %d", LIMIT_CASE_HYPOTHESES);
    for (size_t i = 0; i < json_count(list); i++) {
        struct bytes text;
        bool named;
        if (!json_get_string(json_at(list, i), "text", &text, b->e) ||
            !json_get_bool(json_at(list, i), "named_party", &named, b->e))
            return err_within(b->e, "hypotheses/%zu", i);
        b->op.hypotheses++;
        b->op.others = (uint16_t)(b->op.others + !named);
    }
    return true;
}

bool parse_claim(struct body *b)
{
    struct bytes text;
    bool set;

    if (!body_addressee(b) || !json_get_string(b->o, "subject", &text, b->e) ||
        !body_word(b, b->o, "predicate", cases_predicate_words, CASES_PREDICATES, &b->op.choice) ||
        !json_get_string(b->o, "object", &text, b->e) ||
        !body_word(b, b->o, "disclosure", level_words, LEVELS, &b->op.level) ||
        !json_get_bool(b->o, "exercise", &set, b->e) || !body_markings(b))
        return false;
    return likelihood(b) && hypotheses(b) && body_evidence(b) && matrix(b) &&
           body_flag(b, "reply_asked", OP_REPLY_ASKED) && body_link(b, "counter_to");
}

bool parse_reply(struct body *b)
{
    return body_word(b, b->o, "reply", cases_reply_words, CASES_REPLIES, &b->op.choice) &&
           body_evidence(b);
}

bool parse_rebut(struct body *b)
{
    struct bytes text;

    return body_word(b, b->o, "attacks", attack_words, ATTACKS, &b->op.choice) &&
           json_get_string(b->o, "target", &text, b->e) && body_evidence(b);
}

bool parse_evidence(struct body *b)
{
    return body_evidence(b) && (b->op.evidence || err_fail(b->e, ERR_INPUT, "evidence is missing"));
}

bool parse_revise(struct body *b)
{
    struct bytes text;

    return likelihood(b) && json_get_string(b->o, "reason", &text, b->e);
}

bool parse_finding(struct body *b)
{
    static const char *const parts[] = {"agreed", "disputed", "unresolved"};

    if (!body_said(b->o, parts, 3))
        return err_fail(b->e, ERR_INPUT, "a finding says what is agreed, disputed or unresolved");
    return true;
}

bool parse_settle(struct body *b)
{
    const struct json *list;

    if (!json_get_array(b->o, "obligations", &list, b->e))
        return false;
    if (json_count(list) > LIMIT_CASE_ITEMS)
        return err_fail(b->e, ERR_LIMIT, "obligations: more than %d", LIMIT_CASE_ITEMS);
    b->op.evidence = (uint16_t)json_count(list);
    return true;
}

bool parse_claim_withdraw(struct body *b)
{
    static const char *const reasons[] = {"mistaken", "superseded", "not-pursued"};
    return body_word(b, b->o, "reason", reasons, 3, &b->op.choice);
}
