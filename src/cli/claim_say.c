/* entente claim ack, reply, rebut, evidence, grade, revise, finding, refer, settle, agree, extend,
 * escalate, withdraw, disagree, comment: acts on a claim. Each is a row: its kind, and who fills in
 * its body. */
#include "base/text.h"
#include "cli/claim.h"
#include "cli/commands.h"

static bool say_on(struct cli *c, enum cases_kind kind,
                   bool (*fill)(struct saying *x, struct matter *m, struct err *e), struct err *e)
{
    struct matter *m = arena_get(c->arena, sizeof *m, e);
    struct saying *x = arena_get(c->arena, sizeof *x, e);

    if (!m || !x || !matter_named(c, c->operands[0], DESK_CLAIMS, m, e) ||
        !saying_start(x, c, m->agreement, m, kind, e))
        return false;
    saying_text(x, "text", "text");
    return (!fill || fill(x, m, e)) && claim_send(x, &m->id, e);
}

#define TEXT_ROW                                                                                   \
    {                                                                                              \
        "text", 0, "TEXT", "what one says, in one's own words"                                     \
    }

static const struct option_row plain_options[] = {SAY_ROWS, TEXT_ROW, {NULL}};
static const struct option_row evidence_options[] = {SAY_ROWS, TEXT_ROW, EVIDENCE_ROWS, {NULL}};

static bool fill_evidence(struct saying *x, struct matter *m, struct err *e)
{
    (void)m;
    return claim_evidence(x, e);
}

/* ---- reply, rebut, grade --------------------------------------------------------------------- */

static bool fill_reply(struct saying *x, struct matter *m, struct err *e)
{
    const char *word = x->c->operands[1];

    (void)m;
    if (cases_word(cases_reply_words, CASES_REPLIES, bytes_text(word)) < 0)
        return misuse(x->c, e,
                      "a reply is admit, admit-in-part (or in-part), deny, no-knowledge, "
                      "need-evidence or third-party");
    json_set_text(&x->m, x->body, "reply", word);
    return claim_evidence(x, e);
}

static bool run_reply(struct cli *c, struct err *e)
{
    static char in_part[] = "admit-in-part";

    if (!strcmp(c->operands[1], "in-part"))
        c->operands[1] = in_part;
    return say_on(c, CASES_CLAIM_REPLY, fill_reply, e);
}

static const struct option_row rebut_options[] = {
    SAY_ROWS,
    TEXT_ROW,
    EVIDENCE_ROWS,
    {"attacks", 0, "WORD", "authenticity, custody, relevance, inference or alternative"},
    {"target", 0, "TARGET",
     "what is attacked: evidence/2, the beginning of a digest, or matrix/1/2"},
    {NULL},
};

static bool fill_rebut(struct saying *x, struct matter *m, struct err *e)
{
    (void)m;
    if ((!option(x->c, "attacks") || !option(x->c, "target")) && !option(x->c, "body"))
        return misuse(x->c, e,
                      "say what is attacked, and how: --target evidence/2 --attacks "
                      "custody");
    saying_text(x, "attacks", "attacks");
    saying_text(x, "target", "target");
    return claim_evidence(x, e);
}

static const struct option_row grade_options[] = {
    SAY_ROWS,
    TEXT_ROW,
    {"grade", 0, "EXHIBIT=B2",
     "the digest (or its beginning) of a piece of evidence, and its grade; may be given again"},
    {NULL},
};

static bool grade_one(struct saying *x, struct json *list, const char *text, struct err *e)
{
    struct exhibit_held *h = arena_get(x->c->arena, sizeof *h, e);
    struct record *r = node_record(x->c->node, x->agreement, e);
    const char *equal = strchr(text, '=');
    struct json *o = json_new_object(&x->m);
    char *two = arena_get(x->c->arena, 4, e);

    if (!h || !r || !two)
        return false;
    if (!equal)
        return misuse(x->c, e, "--grade is EXHIBIT=B2");
    if (!exhibit_grade_parse(bytes_text(equal + 1), &two[0], &two[2], e) ||
        !exhibit_find(r, bytes_of(text, (size_t)(equal - text)), x->c->arena, h, e))
        return refused(x->c, e);
    json_set_text(&x->m, o, "sha256", shown_hash(x->c, &h->x.sha256, 64));
    json_set_text(&x->m, o, "source", two);
    json_set_text(&x->m, o, "information", two + 2);
    json_add(&x->m, list, o);
    return true;
}

static bool fill_grade(struct saying *x, struct matter *m, struct err *e)
{
    size_t n;
    const char *const *all = option_all(x->c, "grade", &n);
    struct json *list = n ? json_set_array(&x->m, x->body, "grades") : NULL;

    (void)m;
    if (n == 0 && !option(x->c, "body"))
        return misuse(x->c, e, "say which: --grade EXHIBIT=B2");
    for (size_t i = 0; i < n; i++)
        if (!grade_one(x, list, all[i], e))
            return false;
    return true;
}

/* ---- revise ---------------------------------------------------------------------------------- */

static const struct option_row revise_options[] = {
    SAY_ROWS,
    TEXT_ROW,
    {"likelihood", 0, "WORD", "the new one; else it stays"},
    {"confidence", 0, "WORD", "the new one; else it stays"},
    {"reason", 0, "TEXT", "why"},
    {NULL},
};

static bool fill_revise(struct saying *x, struct matter *m, struct err *e)
{
    const struct cases_likelihood *l = &cases_likelihoods[m->v.claim.likelihood];
    struct json *o;

    if (!option(x->c, "body")) {
        if (!option(x->c, "likelihood") && !option(x->c, "confidence"))
            return misuse(x->c, e, "say what changes: --likelihood WORD or --confidence WORD");
        o = json_set_object(&x->m, x->body, "likelihood");
        json_set_integer(&x->m, o, "low", l->low);
        json_set_integer(&x->m, o, "high", l->high);
        json_set_text(&x->m, x->body, "confidence", cases_confidence_words[m->v.claim.confidence]);
    }
    saying_text(x, "reason", "reason");
    return claim_levels(x, e);
}

/* ---- finding, settle, agree ------------------------------------------------------------------ */

static const struct option_row finding_options[] = {
    SAY_ROWS,
    TEXT_ROW,
    {"agreed", 0, "TEXT", "a fact that both hold; may be given again"},
    {"disputed", 0, "TEXT", "a fact that one disputes; may be given again"},
    {"unresolved", 0, "TEXT", "a question that stays open; may be given again"},
    {NULL},
};

static bool fill_finding(struct saying *x, struct matter *m, struct err *e)
{
    (void)m, (void)e;
    claim_list_option(x, "agreed", "agreed");
    claim_list_option(x, "disputed", "disputed");
    claim_list_option(x, "unresolved", "unresolved");
    return true;
}

static const struct option_row settle_options[] = {
    SAY_ROWS,
    TEXT_ROW,
    {"obligation", 0, "TEXT", "what is to be done, by whom; may be given again"},
    {NULL},
};

static bool fill_settle(struct saying *x, struct matter *m, struct err *e)
{
    size_t n;
    const char *const *all = option_all(x->c, "obligation", &n);
    struct json *list = n ? json_set_array(&x->m, x->body, "obligations") : NULL;

    (void)m, (void)e;
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_new_object(&x->m);
        json_set_text(&x->m, o, "text", all[i]);
        json_add(&x->m, list, o);
    }
    return true;
}

/* The other side's newest proposal. */
static bool find_proposal(struct cli *c, struct matter *m, struct hash *out, struct err *e)
{
    struct cases *cases = desk_begin(m->desk, e);
    struct cases_act_view *acts;
    size_t n = 0, found = 0;

    if (!cases)
        return false;
    if (!cases_acts(cases, &m->id, c->arena, &acts, &n, e)) {
        desk_end(m->desk);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (acts[i].author != m->self && acts[i].verdict == CASES_TAKEN &&
            (acts[i].kind == CASES_CLAIM_FINDING || acts[i].kind == CASES_CLAIM_REFER ||
             acts[i].kind == CASES_CLAIM_SETTLE || acts[i].kind == CASES_CLAIM_EXTEND)) {
            *out = acts[i].id;
            found++;
        }
    desk_end(m->desk);
    return found || err_fail(e, ERR_DENIED, "the other side has proposed nothing");
}

static bool fill_agree(struct saying *x, struct matter *m, struct err *e)
{
    struct hash *act = arena_get(x->c->arena, sizeof *act, e);

    if (!act)
        return false;
    if (!find_proposal(x->c, m, act, e))
        return refused(x->c, e);
    x->s.answers = act;
    return true;
}

/* ---- withdraw, extend, escalate ---------------------------------------------------------------
 */

static const struct option_row withdraw_options[] = {
    SAY_ROWS,
    TEXT_ROW,
    {"reason", 0, "WORD", "mistaken, superseded or not-pursued"},
    {NULL},
};

static bool fill_withdraw(struct saying *x, struct matter *m, struct err *e)
{
    const char *why = option(x->c, "reason");

    (void)m;
    if (!option(x->c, "body") && (!why || (strcmp(why, "mistaken") && strcmp(why, "superseded") &&
                                           strcmp(why, "not-pursued"))))
        return misuse(x->c, e, "say why: --reason mistaken, superseded or not-pursued");
    saying_text(x, "reason", "reason");
    return true;
}

static const struct option_row extend_options[] = {
    SAY_ROWS,
    TEXT_ROW,
    {"by", 0, "TERM", "how long, such as \"10 days\""},
    {"reason", 0, "TEXT", "why"},
    {NULL},
};

static bool fill_extend(struct saying *x, struct matter *m, struct err *e)
{
    (void)m;
    if (!option(x->c, "by") && !option(x->c, "body"))
        return misuse(x->c, e, "say how long: --by \"10 days\"");
    saying_text(x, "by", "extend_by");
    saying_text(x, "reason", "reason");
    return true;
}

static const struct option_row escalate_options[] = {
    SAY_ROWS,
    TEXT_ROW,
    {"rung", 0, "NUMBER", "of the agreement's ladder; else the next one"},
    {NULL},
};

static bool fill_escalate(struct saying *x, struct matter *m, struct err *e)
{
    uint64_t rung = m->v.rung + 1u;

    if (option(x->c, "rung") && !decimal_parse(bytes_text(option(x->c, "rung")), &rung))
        return misuse(x->c, e, "--rung is a number");
    json_set_integer(&x->m, x->body, "rung", (int64_t)(rung < 1000 ? rung : 1000));
    return true;
}

/* ---- the commands -----------------------------------------------------------------------------
 */

#define SAYS(id, kind, fill, opts, name_, synopsis_, sentence_, more_)                             \
    static bool run_##id(struct cli *c, struct err *e)                                             \
    {                                                                                              \
        return say_on(c, kind, fill, e);                                                           \
    }                                                                                              \
    const struct command cmd_claim_##id = {.name = "claim " name_,                                 \
                                           .synopsis = "CLAIM " synopsis_ "[OPTION]...",           \
                                           .sentence = sentence_,                                  \
                                           .more = more_,                                          \
                                           .options = opts,                                        \
                                           .least = 1,                                             \
                                           .most = 1,                                              \
                                           .needs = NEEDS_NODE,                                    \
                                           .run = run_##id};

SAYS(ack, CASES_CLAIM_ACK, NULL, plain_options, "ack", "",
     "Acknowledge a claim: a person has read it.", NULL)
SAYS(rebut, CASES_CLAIM_REBUT, fill_rebut, rebut_options, "rebut",
     "--target TARGET --attacks WORD ",
     "Attack a piece of evidence or an inference, and say what is wrong with it.", NULL)
SAYS(evidence, CASES_CLAIM_EVIDENCE, fill_evidence, evidence_options, "evidence",
     "--attach SPEC | --exhibit EXHIBIT ", "Bring more evidence, or evidence to the contrary.",
     NULL)
SAYS(grade, CASES_CLAIM_GRADE, fill_grade, grade_options, "grade", "--grade EXHIBIT=B2... ",
     "Grade the other side's evidence: the source A to G, the information 1 to 6.",
     "Both grades are shown beside each other; none is an average of the two.\n")
SAYS(revise, CASES_CLAIM_REVISE, fill_revise, revise_options, "revise", "--reason TEXT ",
     "Change the likelihood or the confidence of our claim; the old ones stay to be seen.", NULL)
SAYS(finding, CASES_CLAIM_FINDING, fill_finding, finding_options, "finding", "",
     "Propose a joint finding: what both hold, what is disputed, what stays open.",
     "It is joint when the other side has said entente claim agree.\n")
SAYS(refer, CASES_CLAIM_REFER, NULL, plain_options, "refer", "",
     "Propose that the arbiter rules; it is referred when the other side agrees.", NULL)
SAYS(settle, CASES_CLAIM_SETTLE, fill_settle, settle_options, "settle", "--obligation TEXT... ",
     "Propose a settlement: what is to be done, each a request of its own.",
     "Once it is agreed, ask for each obligation with entente request new under the claim. If one "
     "is not\nkept, the claim is open again.\n")
SAYS(agree, CASES_AGREE, fill_agree, plain_options, "agree", "",
     "Say yes to what the other side has proposed last: our signature under it.", NULL)
SAYS(extend, CASES_CLAIM_EXTEND, fill_extend, extend_options, "extend", "--by TERM ",
     "Take or ask for more time to reply, as the agreement allows.", NULL)
SAYS(escalate, CASES_CLAIM_ESCALATE, fill_escalate, escalate_options, "escalate", "",
     "Go to the next rung of the agreement's ladder.", NULL)
SAYS(withdraw, CASES_CLAIM_WITHDRAW, fill_withdraw, withdraw_options, "withdraw", "--reason WORD ",
     "Withdraw our claim; it stays to be seen, with the withdrawal beside it.", NULL)
SAYS(disagree, CASES_CLAIM_DISAGREE, NULL, plain_options, "disagree", "",
     "End a claim without agreement: both statements stay, beside each other.", NULL)
SAYS(comment, CASES_COMMENT, NULL, plain_options, "comment", "",
     "Remark on a claim; it changes nothing.", NULL)

const struct command cmd_claim_reply = {
    .name = "claim reply",
    .synopsis = "CLAIM admit|in-part|deny|no-knowledge|need-evidence|third-party [OPTION]...",
    .sentence = "Reply to a claim: admit, deny, or say that one does not know.",
    .more =
        "A denial needs no evidence; it is recorded as such. No reply by the due instant is shown "
        "as\nthat, and never as admitted.\n",
    .options = evidence_options,
    .least = 2,
    .most = 2,
    .needs = NEEDS_NODE,
    .run = run_reply,
};
