/* Bodies of requests and of what is said on them. */
#include "cases/body_impl.h"

static bool asked_item(struct body *b, const struct json *v, struct op_item *out)
{
    struct bytes text;

    *out = (struct op_item){.number = b->op.items_n};
    return json_get_string(v, "ask", &text, b->e) &&
           (bytes_trim(text).n || err_fail(b->e, ERR_INPUT, "ask is empty"));
}

bool parse_request(struct body *b)
{
    bool set;

    if (!body_word(b, b->o, "request_type", cases_type_words, CASES_TYPES, &b->op.choice) ||
        !body_word(b, b->o, "urgency", cases_urgency_words, CASES_PING_URGENCY, &b->op.urgency) ||
        !body_addressee(b) || !body_items(b, "items", asked_item) || !body_markings(b))
        return false;
    if (!b->op.items_n)
        return err_fail(b->e, ERR_INPUT, "items is missing: say what is asked, numbered");
    if (!json_get_bool(b->o, "keep_confidential", &set, b->e) ||
        !json_get_bool(b->o, "exercise", &set, b->e) ||
        !body_flag(b, "keep_confidential", OP_CONFIDENTIAL))
        return false;
    b->op.fields = body_said(b->o, field_words, FIELDS);
    return body_instant(b, "wished_deadline", &b->op.when) &&
           body_instant(b, "expected_date", &b->op.from) && body_link(b, "obligation_of");
}

static bool clarify_ask(struct body *b, const struct json *v, struct op_item *out)
{
    struct bytes name;
    int f;

    if (json_find(v, "item"))
        return body_item(b, json_find(v, "item"), out);
    b->op.items_n--; /* a field, no item */
    if (!json_get_string(v, "field", &name, b->e))
        return false;
    f = cases_word(field_words, FIELDS, name);
    if (f < 0)
        return err_fail(b->e, ERR_INPUT, "field is no member of a request");
    b->op.fields |= UINT64_C(1) << f;
    return true;
}

bool parse_clarify(struct body *b)
{
    return body_items(b, "asks", clarify_ask);
}

bool parse_clarified(struct body *b)
{
    b->op.fields = body_said(b->o, field_words, FIELDS);
    return true;
}

bool parse_extend(struct body *b)
{
    return body_term(b, "extend_by");
}

bool parse_expected(struct body *b)
{
    struct bytes text;

    return json_get_string(b->o, "expected_date", &text, b->e) &&
           body_instant(b, "expected_date", &b->op.when);
}

bool parse_refuse(struct body *b)
{
    const struct json *scope = json_find(b->o, "scope");

    if (!body_word(b, b->o, "ground", cases_ground_words, CASES_GROUNDS, &b->op.choice) ||
        !body_flag(b, "consult_offer", OP_CONSULT_OFFER))
        return false;
    if (json_is(scope, "all"))
        b->op.flags |= OP_ALL;
    else if (json_type(scope) != JSON_ARRAY || !json_count(scope))
        return err_fail(b->e, ERR_INPUT,
                        "scope must be \"all\" or the numbers of the items refused");
    else if (!body_items(b, "scope", body_item))
        return false;
    b->op.fields = body_said(b->o, need_words, NEEDS);
    return true;
}

static bool answered_item(struct body *b, const struct json *v, struct op_item *out)
{
    uint8_t status = 0, ground = 0;

    if (!body_item(b, json_find(v, "item"), out) ||
        !body_word(b, v, "status", cases_item_words, CASES_ITEMS, &status))
        return false;
    if (status == CASES_ITEM_REFUSED &&
        !body_word(b, v, "ground", cases_ground_words, CASES_GROUNDS, &ground))
        return false;
    if (status == CASES_ITEM_PENDING)
        return err_fail(b->e, ERR_INPUT, "an answer leaves no item pending: leave it out");
    out->status = status;
    out->ground = ground;
    return true;
}

bool parse_answer(struct body *b)
{
    return body_flag(b, "final", OP_FINAL) && body_items(b, "items", answered_item) &&
           body_evidence(b) && body_ratings(b, "self_rating");
}

bool parse_rating(struct body *b)
{
    return body_ratings(b, "rating");
}

bool parse_contest(struct body *b)
{
    struct bytes reason;

    return json_get_string(b->o, "reason", &reason, b->e) && body_items(b, "items", body_item);
}

bool parse_escalate(struct body *b)
{
    int64_t n;

    if (!json_get_integer(b->o, "rung", &n, b->e) || n < 1 || n > LIMIT_CASE_RUNGS)
        return err_fail(b->e, ERR_INPUT, "rung must be 1 to %d", LIMIT_CASE_RUNGS);
    b->op.rung = (uint8_t)n;
    return true;
}

bool parse_until(struct body *b)
{
    return body_instant(b, "until", &b->op.when);
}

bool parse_ruling(struct body *b)
{
    bool upheld;

    return body_word(b, b->o, "question", question_words, QUESTIONS, &b->op.choice) &&
           json_get_bool(b->o, "upheld", &upheld, b->e) && body_flag(b, "upheld", OP_UPHELD);
}
