/* Act bodies: STIX 2.1 objects of our extension (doc/formats/case-acts.md). Only what the fold
 * needs is taken out; texts stay in the body, for whoever shows it. */
#include "cases/body_impl.h"

const char *const question_words[QUESTIONS] = {"ground", "deadline", "completeness"};
const char *const level_words[LEVELS] = {"bilateral", "arbiter", "public"};
const char *const attack_words[ATTACKS] = {"authenticity", "custody", "relevance", "inference",
                                           "alternative"};
const char *const rating_words[RATINGS] = {"relevance",   "accuracy",   "timeliness", "clarity",
                                           "specificity", "usefulness", "format",     "evidence"};
static const char *const availability_words[] = {"attached", "escrow", "on-request", "withheld"};

/* ---- members --------------------------------------------------------------------------------- */

bool body_word(struct body *b, const struct json *o, const char *key, const char *const *words,
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

bool body_flag(struct body *b, const char *key, uint8_t bit)
{
    bool v = false;

    if (json_find(b->o, key) && !json_get_bool(b->o, key, &v, b->e))
        return false;
    if (v)
        b->op.flags |= bit;
    return true;
}

bool body_instant(struct body *b, const char *key, int64_t *out)
{
    struct bytes text;

    if (!json_find(b->o, key))
        return true;
    if (!json_get_string(b->o, key, &text, b->e))
        return false;
    return instant_parse(text, out) ||
           err_fail(b->e, ERR_INPUT, "%s must be an instant, 2026-01-31T12:00:00Z", key);
}

bool body_term(struct body *b, const char *key)
{
    struct bytes text;

    return json_get_string(b->o, key, &text, b->e) &&
           (cases_term_parse(text, &b->op.term, b->e) || err_within(b->e, "%s", key));
}

bool body_addressee(struct body *b)
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

uint64_t body_said(const struct json *o, const char *const *words, int n)
{
    uint64_t bits = 0;

    for (int i = 0; i < n; i++)
        if (words[i][0] && is_said(json_find(o, words[i])))
            bits |= UINT64_C(1) << i;
    return bits;
}

bool body_link(struct body *b, const char *key)
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
bool body_markings(struct body *b)
{
    const struct json *list = json_find(b->o, "object_marking_refs");
    struct bytes id;

    for (size_t i = 0; i < json_count(list); i++)
        if (json_as_string(json_at(list, i), &id) && stix_tlp_of_id(id) > b->op.tlp)
            b->op.tlp = (uint8_t)stix_tlp_of_id(id);
    return true;
}

bool body_evidence(struct body *b)
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
        if (!body_word(b, v, "availability", availability_words, 4, &where) ||
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

bool body_ratings(struct body *b, const char *member)
{
    const struct json *o = json_find(b->o, member);

    for (int i = 0; o && i < RATINGS; i++) {
        int64_t v = 0;
        if (!json_find(o, rating_words[i]))
            continue;
        if (!json_get_integer(o, rating_words[i], &v, b->e) || v < 1 || v > 5)
            return err_fail(b->e, ERR_INPUT, "%s/%s must be 1 to 5", member, rating_words[i]);
        b->op.rating[i] = (uint8_t)v;
    }
    return true;
}

bool body_item(struct body *b, const struct json *v, struct op_item *out)
{
    int64_t n;

    if (!json_as_integer(v, &n) || n < 1 || n > LIMIT_CASE_ITEMS)
        return err_fail(b->e, ERR_INPUT, "an item's number must be 1 to %d", LIMIT_CASE_ITEMS);
    *out = (struct op_item){.number = (uint16_t)n};
    return true;
}

/* An array of item numbers, or of objects that read_more looks at. */
bool body_items(struct body *b, const char *key,
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

/* ---- pings, outages, remedies -----------------------------------------------------------------
 */

static const char *const role_words[] = {"technical", "legal", "diplomatic"};

static bool parse_ping(struct body *b)
{
    bool set;

    return body_addressee(b) && body_word(b, b->o, "role", role_words, 3, &b->op.choice) &&
           json_get_bool(b->o, "exercise", &set, b->e);
}

static bool parse_outage(struct body *b)
{
    if (!body_instant(b, "from", &b->op.from) || !body_instant(b, "until", &b->op.when))
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
    return body_addressee(b) && clauses(b);
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

bool cases_wants(struct bytes kind)
{
    return kind_of_word(kind) != CASES_KIND_UNKNOWN || bytes_start_with(kind, "request.") ||
           bytes_start_with(kind, "claim.") || bytes_start_with(kind, "remedy.");
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
    return body_flag(b, "exercise", OP_EXERCISE);
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
