/* Act bodies: STIX 2.1 objects of our extension (doc/formats/case-acts.md). Only what the fold
 * needs is taken out; texts stay in the body, for whoever shows it. */
#include "cases/cases_impl.h"

const char *const question_words[QUESTIONS] = {"ground", "deadline", "completeness"};
const char *const level_words[LEVELS] = {"bilateral", "arbiter", "public"};
const char *const attack_words[ATTACKS] = {"authenticity", "custody", "relevance", "inference",
                                           "alternative"};
const char *const rating_words[RATINGS] = {"relevance",   "accuracy",   "timeliness", "clarity",
                                           "specificity", "usefulness", "format",     "evidence"};
static const char *const role_words[] = {"technical", "legal", "diplomatic"};
static const char *const availability_words[] = {"attached", "escrow", "on-request", "withheld"};
static const char *const cell_words[] = {"consistent", "inconsistent", "not-applicable"};

struct body {
    const struct json *o;
    const struct cases_terms *terms;
    struct op op;
    struct op_item items[LIMIT_CASE_ITEMS];
    struct err *e;
};

/* ---- members --------------------------------------------------------------------------------- */

static bool word(struct body *b, const struct json *o, const char *key, const char *const *words,
                 int n, uint8_t *out)
{
    struct bytes text;
    int k;

    if (!json_get_string(o, key, &text, b->e))
        return false;
    k = cases_word(words, n, text);
    if (k < 0)
        return err_fail(b->e, ERR_INPUT, "%s: \"%.*s\" is none of the known words", key,
                        (int)(text.n < 40 ? text.n : 40), (const char *)text.p);
    *out = (uint8_t)k;
    return true;
}

static bool flag(struct body *b, const char *key, uint8_t bit)
{
    bool v = false;

    if (json_find(b->o, key) && !json_get_bool(b->o, key, &v, b->e))
        return false;
    if (v)
        b->op.flags |= bit;
    return true;
}

static bool instant(struct body *b, const char *key, int64_t *out)
{
    struct bytes text;

    if (!json_find(b->o, key))
        return true;
    if (!json_get_string(b->o, key, &text, b->e))
        return false;
    return instant_parse(text, out) ||
           err_fail(b->e, ERR_INPUT, "%s must be an instant, 2026-01-31T12:00:00Z", key);
}

static bool term(struct body *b, const char *key)
{
    struct bytes text;

    return json_get_string(b->o, key, &text, b->e) &&
           (cases_term_parse(text, &b->op.term, b->e) || err_within(b->e, "%s", key));
}

static bool addressee(struct body *b)
{
    struct bytes slug;
    int p;

    if (!json_get_string(b->o, "addressee", &slug, b->e))
        return false;
    p = cases_party(b->terms, slug);
    if (p < 0)
        return err_fail(b->e, ERR_INPUT, "addressee is no party of the agreement");
    b->op.party = (uint16_t)p;
    return true;
}

static bool is_said(const struct json *v)
{
    struct bytes text;

    switch (json_type(v)) {
    case JSON_STRING:
        return json_as_string(v, &text) && bytes_trim(text).n > 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return json_count(v) > 0;
    case JSON_BOOL:
    case JSON_NUMBER:
        return true;
    case JSON_NONE:
    case JSON_NULL:
        break;
    }
    return false;
}

static uint64_t said(const struct json *o, const char *const *words, int n)
{
    uint64_t bits = 0;

    for (int i = 0; i < n; i++)
        if (words[i][0] && is_said(json_find(o, words[i])))
            bits |= UINT64_C(1) << i;
    return bits;
}

static bool link_member(struct body *b, const char *key)
{
    struct bytes hex;

    if (!json_find(b->o, key))
        return true;
    if (!json_get_string(b->o, key, &hex, b->e))
        return false;
    if (!hex_decode(b->op.link.b, sizeof b->op.link.b, hex))
        return err_fail(b->e, ERR_INPUT, "%s must be the id of an act", key);
    b->op.linked = true;
    return true;
}

/* The strictest TLP of the markings; none stays STIX_TLP_NONE: unmarked. A marking that is no TLP
 * is not ours to read: the record's gate looks at it. */
static bool markings(struct body *b)
{
    const struct json *list = json_find(b->o, "object_marking_refs");
    struct bytes id;

    for (size_t i = 0; i < json_count(list); i++)
        if (json_as_string(json_at(list, i), &id) && stix_tlp_of_id(id) > b->op.tlp)
            b->op.tlp = (uint8_t)stix_tlp_of_id(id);
    return true;
}

static bool evidence(struct body *b)
{
    const struct json *list = json_find(b->o, "evidence");

    if (list && !json_get_array(b->o, "evidence", &list, b->e))
        return false;
    if (json_count(list) > LIMIT_CASE_EVIDENCE)
        return err_fail(b->e, ERR_LIMIT, "evidence: more than %d items", LIMIT_CASE_EVIDENCE);
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *v = json_at(list, i);
        struct bytes hex;
        uint8_t where;
        struct hash h;
        if (!word(b, v, "availability", availability_words, 4, &where) ||
            !json_get_string(v, "sha256", &hex, b->e))
            return err_within(b->e, "evidence/%zu", i);
        if (!hex_decode(h.b, sizeof h.b, hex))
            return err_fail(b->e, ERR_INPUT, "evidence/%zu/sha256 must be 64 hex digits", i);
        b->op.evidence++;
        b->op.evidence_held = (uint16_t)(b->op.evidence_held + (where <= 1));
        b->op.evidence_withheld = (uint16_t)(b->op.evidence_withheld + (where == 3));
        b->op.custody = (uint16_t)(b->op.custody + (json_count(json_find(v, "custody")) > 0));
    }
    return true;
}

static bool ratings(struct body *b)
{
    const struct json *o = json_find(b->o, "rating");

    for (int i = 0; o && i < RATINGS; i++) {
        int64_t v = 0;
        if (!json_find(o, rating_words[i]))
            continue;
        if (!json_get_integer(o, rating_words[i], &v, b->e) || v < 1 || v > 5)
            return err_fail(b->e, ERR_INPUT, "rating/%s must be 1 to 5", rating_words[i]);
        b->op.rating[i] = (uint8_t)v;
    }
    return true;
}

static bool item_number(struct body *b, const struct json *v, struct op_item *out)
{
    int64_t n;

    if (!json_as_integer(v, &n) || n < 1 || n > LIMIT_CASE_ITEMS)
        return err_fail(b->e, ERR_INPUT, "an item's number must be 1 to %d", LIMIT_CASE_ITEMS);
    *out = (struct op_item){.number = (uint16_t)n};
    return true;
}

/* An array of item numbers, or of objects that read_more looks at. */
static bool item_list(struct body *b, const char *key,
                      bool (*read)(struct body *, const struct json *, struct op_item *))
{
    const struct json *list = json_find(b->o, key);

    if (!list)
        return true;
    if (!json_get_array(b->o, key, &list, b->e))
        return false;
    if (json_count(list) > LIMIT_CASE_ITEMS)
        return err_fail(b->e, ERR_LIMIT, "%s: more than %d items", key, LIMIT_CASE_ITEMS);
    for (size_t i = 0; i < json_count(list); i++)
        if (!read(b, json_at(list, i), &b->items[b->op.items_n++]))
            return err_within(b->e, "%s/%zu", key, i);
    return true;
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool asked_item(struct body *b, const struct json *v, struct op_item *out)
{
    struct bytes text;

    *out = (struct op_item){.number = b->op.items_n};
    return json_get_string(v, "ask", &text, b->e) &&
           (bytes_trim(text).n || err_fail(b->e, ERR_INPUT, "ask is empty"));
}

static bool parse_request(struct body *b)
{
    bool set;

    if (!word(b, b->o, "request_type", cases_type_words, CASES_TYPES, &b->op.choice) ||
        !word(b, b->o, "urgency", cases_urgency_words, CASES_PING_URGENCY, &b->op.urgency) ||
        !addressee(b) || !item_list(b, "items", asked_item) || !markings(b))
        return false;
    if (!b->op.items_n)
        return err_fail(b->e, ERR_INPUT, "items is missing: say what is asked, numbered");
    if (!json_get_bool(b->o, "keep_confidential", &set, b->e) ||
        !json_get_bool(b->o, "exercise", &set, b->e) ||
        !flag(b, "keep_confidential", OP_CONFIDENTIAL))
        return false;
    b->op.fields = said(b->o, field_words, FIELDS);
    return instant(b, "wished_deadline", &b->op.when) && instant(b, "expected_date", &b->op.from) &&
           link_member(b, "obligation_of");
}

static bool clarify_ask(struct body *b, const struct json *v, struct op_item *out)
{
    struct bytes name;
    int f;

    if (json_find(v, "item"))
        return item_number(b, json_find(v, "item"), out);
    b->op.items_n--; /* a field, no item */
    if (!json_get_string(v, "field", &name, b->e))
        return false;
    f = cases_word(field_words, FIELDS, name);
    if (f < 0)
        return err_fail(b->e, ERR_INPUT, "field is no member of a request");
    b->op.fields |= UINT64_C(1) << f;
    return true;
}

static bool parse_clarify(struct body *b)
{
    return item_list(b, "asks", clarify_ask);
}

static bool parse_clarified(struct body *b)
{
    b->op.fields = said(b->o, field_words, FIELDS);
    return true;
}

static bool parse_extend(struct body *b)
{
    return term(b, "extend_by");
}

static bool parse_expected(struct body *b)
{
    struct bytes text;

    return json_get_string(b->o, "expected_date", &text, b->e) &&
           instant(b, "expected_date", &b->op.when);
}

static bool parse_refuse(struct body *b)
{
    const struct json *scope = json_find(b->o, "scope");

    if (!word(b, b->o, "ground", cases_ground_words, CASES_GROUNDS, &b->op.choice) ||
        !flag(b, "consult_offer", OP_CONSULT_OFFER))
        return false;
    if (json_is(scope, "all"))
        b->op.flags |= OP_ALL;
    else if (json_type(scope) != JSON_ARRAY || !json_count(scope))
        return err_fail(b->e, ERR_INPUT,
                        "scope must be \"all\" or the numbers of the items refused");
    else if (!item_list(b, "scope", item_number))
        return false;
    b->op.fields = said(b->o, need_words, NEEDS);
    return true;
}

static bool answered_item(struct body *b, const struct json *v, struct op_item *out)
{
    uint8_t status = 0, ground = 0;

    if (!item_number(b, json_find(v, "item"), out) ||
        !word(b, v, "status", cases_item_words, CASES_ITEMS, &status))
        return false;
    if (status == CASES_ITEM_REFUSED &&
        !word(b, v, "ground", cases_ground_words, CASES_GROUNDS, &ground))
        return false;
    if (status == CASES_ITEM_PENDING)
        return err_fail(b->e, ERR_INPUT, "an answer leaves no item pending: leave it out");
    out->status = status;
    out->ground = ground;
    return true;
}

static bool parse_answer(struct body *b)
{
    return flag(b, "final", OP_FINAL) && item_list(b, "items", answered_item) && evidence(b) &&
           ratings(b);
}

static bool parse_rating(struct body *b)
{
    return ratings(b);
}

static bool parse_contest(struct body *b)
{
    struct bytes reason;

    return json_get_string(b->o, "reason", &reason, b->e) && item_list(b, "items", item_number);
}

static bool parse_escalate(struct body *b)
{
    int64_t n;

    if (!json_get_integer(b->o, "rung", &n, b->e) || n < 1 || n > LIMIT_CASE_RUNGS)
        return err_fail(b->e, ERR_INPUT, "rung must be 1 to %d", LIMIT_CASE_RUNGS);
    b->op.rung = (uint8_t)n;
    return true;
}

static bool parse_until(struct body *b)
{
    return instant(b, "until", &b->op.when);
}

static bool parse_ruling(struct body *b)
{
    bool upheld;

    return word(b, b->o, "question", question_words, QUESTIONS, &b->op.choice) &&
           json_get_bool(b->o, "upheld", &upheld, b->e) && flag(b, "upheld", OP_UPHELD);
}

/* ---- claims ---------------------------------------------------------------------------------- */

static bool likelihood(struct body *b)
{
    const struct json *o;
    int64_t low, high;

    if (!json_get_object(b->o, "likelihood", &o, b->e) || !json_get_integer(o, "low", &low, b->e) ||
        !json_get_integer(o, "high", &high, b->e) ||
        !word(b, b->o, "confidence", cases_confidence_words, CASES_CONFIDENCES, &b->op.confidence))
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

static bool parse_claim(struct body *b)
{
    struct bytes text;
    bool set;

    if (!addressee(b) || !json_get_string(b->o, "subject", &text, b->e) ||
        !word(b, b->o, "predicate", cases_predicate_words, CASES_PREDICATES, &b->op.choice) ||
        !json_get_string(b->o, "object", &text, b->e) ||
        !word(b, b->o, "disclosure", level_words, LEVELS, &b->op.level) ||
        !json_get_bool(b->o, "exercise", &set, b->e) || !markings(b))
        return false;
    return likelihood(b) && hypotheses(b) && evidence(b) && matrix(b) &&
           flag(b, "reply_asked", OP_REPLY_ASKED) && link_member(b, "counter_to");
}

static bool parse_reply(struct body *b)
{
    return word(b, b->o, "reply", cases_reply_words, CASES_REPLIES, &b->op.choice) && evidence(b);
}

static bool parse_rebut(struct body *b)
{
    struct bytes text;

    return word(b, b->o, "attacks", attack_words, ATTACKS, &b->op.choice) &&
           json_get_string(b->o, "target", &text, b->e) && evidence(b);
}

static bool parse_evidence(struct body *b)
{
    return evidence(b) && (b->op.evidence || err_fail(b->e, ERR_INPUT, "evidence is missing"));
}

static bool parse_revise(struct body *b)
{
    struct bytes text;

    return likelihood(b) && json_get_string(b->o, "reason", &text, b->e);
}

static bool parse_finding(struct body *b)
{
    static const char *const parts[] = {"agreed", "disputed", "unresolved"};

    if (!said(b->o, parts, 3))
        return err_fail(b->e, ERR_INPUT, "a finding says what is agreed, disputed or unresolved");
    return true;
}

static bool parse_settle(struct body *b)
{
    const struct json *list;

    if (!json_get_array(b->o, "obligations", &list, b->e))
        return false;
    if (json_count(list) > LIMIT_CASE_ITEMS)
        return err_fail(b->e, ERR_LIMIT, "obligations: more than %d", LIMIT_CASE_ITEMS);
    b->op.evidence = (uint16_t)json_count(list);
    return true;
}

static bool parse_claim_withdraw(struct body *b)
{
    static const char *const reasons[] = {"mistaken", "superseded", "not-pursued"};
    return word(b, b->o, "reason", reasons, 3, &b->op.choice);
}

/* ---- pings, outages, remedies -------------------------------------------------------------------
 */

static bool parse_ping(struct body *b)
{
    bool set;

    return addressee(b) && word(b, b->o, "role", role_words, 3, &b->op.choice) &&
           json_get_bool(b->o, "exercise", &set, b->e);
}

static bool parse_outage(struct body *b)
{
    if (!instant(b, "from", &b->op.from) || !instant(b, "until", &b->op.when))
        return false;
    if (b->op.from == CASES_NEVER || b->op.when == CASES_NEVER || b->op.from >= b->op.when)
        return err_fail(b->e, ERR_INPUT, "an outage has a from and a later until");
    return true;
}

static bool clauses(struct body *b)
{
    const struct json *list;

    if (!json_get_array(b->o, "clauses", &list, b->e))
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        struct bytes w = {0};
        int k = json_as_string(json_at(list, i), &w) ? clause_of_word(w) : -1;
        if (k < 0)
            return err_fail(b->e, ERR_INPUT, "clauses/%zu is no clause that can be suspended", i);
        b->op.clauses |= 1u << k;
    }
    return b->op.clauses || err_fail(b->e, ERR_INPUT, "clauses is empty");
}

static bool parse_notice(struct body *b)
{
    return addressee(b) && clauses(b);
}

static bool parse_plain(struct body *b)
{
    (void)b;
    return true;
}

static const struct {
    const char *type;
    bool (*parse)(struct body *b);
} forms[CASES_KINDS] = {
    [CASES_REQUEST] = {"entente-request", parse_request},
    [CASES_REQUEST_ACK] = {"entente-response", parse_plain},
    [CASES_REQUEST_CLARIFY] = {"entente-response", parse_clarify},
    [CASES_REQUEST_CLARIFIED] = {"entente-response", parse_clarified},
    [CASES_REQUEST_STATUS] = {"entente-response", parse_plain},
    [CASES_REQUEST_EXTEND] = {"entente-extension", parse_extend},
    [CASES_REQUEST_COMPLEX] = {"entente-extension", parse_expected},
    [CASES_REQUEST_REFUSE] = {"entente-refusal", parse_refuse},
    [CASES_REQUEST_ANSWER] = {"entente-response", parse_answer},
    [CASES_REQUEST_ACCEPT] = {"entente-response", parse_rating},
    [CASES_REQUEST_CONTEST] = {"entente-response", parse_contest},
    [CASES_REQUEST_ESCALATE] = {"entente-response", parse_escalate},
    [CASES_REQUEST_WITHDRAW] = {"entente-response", parse_plain},
    [CASES_REQUEST_SUSPEND] = {"entente-response", parse_until},
    [CASES_REQUEST_RESUME] = {"entente-response", parse_plain},
    [CASES_REQUEST_RULING] = {"entente-finding", parse_ruling},
    [CASES_AGREE] = {"entente-response", parse_plain},
    [CASES_CLAIM] = {"entente-claim", parse_claim},
    [CASES_CLAIM_ACK] = {"entente-response", parse_plain},
    [CASES_CLAIM_REPLY] = {"entente-response", parse_reply},
    [CASES_CLAIM_EXTEND] = {"entente-extension", parse_extend},
    [CASES_CLAIM_REBUT] = {"entente-rebuttal", parse_rebut},
    [CASES_CLAIM_EVIDENCE] = {"entente-rebuttal", parse_evidence},
    [CASES_CLAIM_GRADE] = {"entente-rebuttal", parse_plain},
    [CASES_CLAIM_REVISE] = {"entente-claim", parse_revise},
    [CASES_CLAIM_FINDING] = {"entente-finding", parse_finding},
    [CASES_CLAIM_REFER] = {"entente-response", parse_plain},
    [CASES_CLAIM_RULING] = {"entente-finding", parse_finding},
    [CASES_CLAIM_SETTLE] = {"entente-settlement", parse_settle},
    [CASES_CLAIM_WITHDRAW] = {"entente-response", parse_claim_withdraw},
    [CASES_CLAIM_DISAGREE] = {"entente-response", parse_plain},
    [CASES_CLAIM_ESCALATE] = {"entente-response", parse_escalate},
    [CASES_PING] = {"entente-notice", parse_ping},
    [CASES_PONG] = {"entente-notice", parse_plain},
    [CASES_OUTAGE] = {"entente-notice", parse_outage},
    [CASES_REMEDY_NOTICE] = {"entente-notice", parse_notice},
    [CASES_REMEDY_CURE] = {"entente-notice", parse_plain},
    [CASES_REMEDY_SUSPEND] = {"entente-notice", clauses},
    [CASES_REMEDY_LIFT] = {"entente-notice", parse_plain},
    [CASES_REMEDY_TERMINATE] = {"entente-notice", parse_plain},
    [CASES_COMMENT] = {"entente-notice", parse_plain},
};

const char *body_type(enum cases_kind kind)
{
    return kind > CASES_KIND_UNKNOWN && kind < CASES_KINDS ? forms[kind].type : "";
}

enum cases_kind kind_of_word(struct bytes w)
{
    int k = w.n ? cases_word(cases_kind_words, CASES_KINDS, w) : -1;
    return k > 0 ? (enum cases_kind)k : CASES_KIND_UNKNOWN;
}

static bool parse_common(struct body *b, enum cases_kind kind)
{
    if (json_type(b->o) != JSON_OBJECT)
        return err_fail(b->e, ERR_INPUT, "a body must be an object");
    if (!json_is(json_find(b->o, "type"), forms[kind].type))
        return err_fail(b->e, ERR_INPUT, "type must be \"%s\"", forms[kind].type);
    if (!json_is(json_find(b->o, "action"), cases_kind_words[kind]))
        return err_fail(b->e, ERR_INPUT, "action must be \"%s\", as the act says",
                        cases_kind_words[kind]);
    if (json_find(b->o, "exercise"))
        b->op.flags |= OP_EXERCISE_SAID;
    return flag(b, "exercise", OP_EXERCISE);
}

static const struct op *keep_op(const struct body *b, struct arena *a, struct err *e)
{
    size_t items = b->op.items_n * sizeof b->items[0];
    struct op *op = arena_get(a, sizeof *op + items, e);

    if (!op) {
        err_fail(e, ERR_NOMEM, "over the memory cap of %zu bytes", arena_cap(a));
        return NULL; /* not the body's fault: see read_body */
    }
    *op = b->op;
    if (items)
        op->items = memcpy(op + 1, b->items, items);
    return op;
}

const struct op *body_parse(enum cases_kind kind, struct bytes text, const struct cases_terms *t,
                            struct arena *keep, struct arena *scratch, struct err *e)
{
    struct arena_mark mark = arena_mark(scratch);
    const struct op *op = NULL;
    struct body b;

    b.o = json_parse(text, scratch, e);
    b.terms = t;
    b.e = e;
    b.op = (struct op){.party = NOBODY, .when = CASES_NEVER, .from = CASES_NEVER};
    if (b.o && parse_common(&b, kind) && forms[kind].parse(&b))
        op = keep_op(&b, keep, e);
    else
        err_within(e, "body of %s", cases_kind_words[kind]);
    arena_reset(scratch, mark);
    return op;
}
