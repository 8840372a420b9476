/* Claims: the table of cases.md 3.4. The program records who said what, and decides nothing. */
#include "cases/fold_impl.h"

#define IN(state) (1u << (state))
#define LIVE                                                                                       \
    (IN(CASES_LODGED) | IN(CASES_ACKNOWLEDGED) | IN(CASES_REPLIED) | IN(CASES_FOUND) |             \
     IN(CASES_WITH_ARBITER) | IN(CASES_RULED) | IN(CASES_SETTLED))
#define ANSWERED (IN(CASES_REPLIED) | IN(CASES_FOUND) | IN(CASES_WITH_ARBITER) | IN(CASES_RULED))
#define UNANSWERED (IN(CASES_LODGED) | IN(CASES_ACKNOWLEDGED))

/* A settled claim goes on if an obligation is not kept (view.c shows it as found again). Whether
 * one is kept is another matter's business, so the fold lets both sides bring evidence, and propose
 * to each other, in either case: without the other's yes nothing changes. */
#define KEPT_OR_NOT IN(CASES_SETTLED)

enum { BY_CLAIMANT = 1, BY_RESPONDENT = 2, BY_ARBITER = 4, BY_BOTH = 3 };

static uint8_t opening(struct step *x)
{
    const struct cases_terms *t = x->s->terms;
    const struct op *op = x->op;

    cite(x, 0, CITE_CLAIM, 0);
    if (!t->claim || !(t->predicates >> op->choice & 1))
        return CASES_V_NOT_AGREED;
    if (op->party == x->r->author || t->parties[op->party].arbiter ||
        t->parties[x->r->author].arbiter)
        return CASES_V_NOT_YOURS;
    if (op->tlp == STIX_TLP_NONE)
        return CASES_V_MARKING;
    /* One of them must be "not the named party": false flag, or somebody else's hand. */
    if (op->hypotheses < 2 || !op->others)
        return CASES_V_HYPOTHESES;
    if (op->evidence_held < t->minimum[op->level])
        return CASES_V_EVIDENCE;
    if (t->two_officers >> CASES_CLAIM & 1 && x->r->signatures < 2)
        return cite(x, CASES_V_TWO_OFFICERS, CITE_SIGNING, 0);
    if (suspended_at(x->cases, CLAUSE_CLAIM, x->at))
        return CASES_V_SUSPENDED;
    return CASES_TAKEN;
}

static void add_evidence(struct claim *l, const struct op *op)
{
    l->evidence = (uint16_t)(l->evidence + op->evidence);
    l->held = (uint16_t)(l->held + op->evidence_held);
    l->withheld = (uint16_t)(l->withheld + op->evidence_withheld);
}

void claim_open(struct step *x)
{
    struct claim *l = &x->s->claim;
    bool deemed;
    int64_t delivered = delivered_at(x->s->terms, x->r, &deemed);

    *l = (struct claim){.predicate = x->op->choice,
                        .likelihood = x->op->likelihood,
                        .confidence = x->op->confidence,
                        .level = x->op->level,
                        .hypotheses = x->op->hypotheses,
                        .acked = CASES_NEVER,
                        .replied = CASES_NEVER,
                        .found = CASES_NEVER,
                        .ended = CASES_NEVER,
                        .rung_at = CASES_NEVER,
                        .publish_from = CASES_NEVER,
                        .proposal = NONE};
    add_evidence(l, x->op);
    x->out->verdict = opening(x);
    x->s->void_ = x->out->verdict != CASES_TAKEN;
    l->state = x->s->void_ ? CASES_CLAIM_VOID : CASES_LODGED;
    clock_start(x, x->s->void_ ? CASES_NEVER : delivered, deemed);
    if (l->level == LEVEL_PUBLIC && !x->s->void_)
        l->publish_from = term_end(x->s, x->s->to, delivered, x->s->terms->embargo, 0);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static uint8_t do_ack(struct step *x)
{
    x->s->claim.state = CASES_ACKNOWLEDGED;
    return CASES_TAKEN;
}

static uint8_t do_reply(struct step *x)
{
    struct claim *l = &x->s->claim;

    l->reply = x->op->choice;
    l->replied = x->at;
    l->reply_timing = x->out->timing = timing_of(x->s, x->r, x->s->clock.final_due);
    l->state = CASES_REPLIED;
    l->supplied = (uint16_t)(l->supplied + x->op->evidence);
    return CASES_TAKEN;
}

static uint8_t do_extend(struct step *x)
{
    uint8_t v = extend_check(x, CITE_CLAIM_CLOCK, 0, x->s->clock.final_due);

    if (v != CASES_TAKEN)
        return v;
    if (x->s->terms->claim_clock.extend_by == EXTEND_BY_RIGHT)
        extend_apply(x, x->op->term);
    else
        x->s->claim.proposal = x->r->number;
    return CASES_TAKEN;
}

static uint8_t do_rebut(struct step *x)
{
    struct claim *l = &x->s->claim;

    l->rebuts++;
    l->supplied = (uint16_t)(l->supplied + x->op->evidence);
    return CASES_TAKEN;
}

static uint8_t do_evidence(struct step *x)
{
    struct claim *l = &x->s->claim;

    if (x->r->author == x->s->from)
        add_evidence(l, x->op);
    else
        l->supplied = (uint16_t)(l->supplied + x->op->evidence);
    return CASES_TAKEN;
}

static uint8_t do_nothing(struct step *x)
{
    (void)x;
    return CASES_TAKEN;
}

static uint8_t do_revise(struct step *x)
{
    struct claim *l = &x->s->claim;

    l->likelihood = x->op->likelihood;
    l->confidence = x->op->confidence;
    l->revisions++;
    return CASES_TAKEN;
}

/* A finding, a reference to the arbiter and a settlement are one side's proposal until the other
 * agrees (invariant 20). */
static uint8_t do_propose(struct step *x)
{
    struct claim *l = &x->s->claim;

    if (x->r->kind == CASES_CLAIM_SETTLE)
        l->obligations = x->op->evidence;
    l->proposal = x->r->number;
    return CASES_TAKEN;
}

static uint8_t do_agree(struct step *x)
{
    struct claim *l = &x->s->claim;
    const struct rec *p;

    if (!proposal_open(x, l->proposal))
        return CASES_V_PROPOSAL;
    p = rec_at(x->cases, l->proposal);
    if (p->kind == CASES_CLAIM_EXTEND) {
        extend_apply(x, p->op->term);
    } else if (p->kind == CASES_CLAIM_FINDING) {
        l->state = CASES_FOUND;
        l->found = x->at;
    } else if (p->kind == CASES_CLAIM_REFER) {
        l->state = CASES_WITH_ARBITER;
        l->ended = CASES_NEVER;
    } else {
        l->state = CASES_SETTLED;
        l->ended = x->at;
    }
    l->proposal = NONE;
    return CASES_TAKEN;
}

static uint8_t do_ruling(struct step *x)
{
    x->s->claim.state = CASES_RULED;
    x->s->claim.found = x->at;
    return CASES_TAKEN;
}

static uint8_t do_withdraw(struct step *x)
{
    x->s->claim.state = CASES_CLAIM_WITHDRAWN;
    x->s->claim.ended = x->at;
    x->s->claim.withdrawn_mistaken = x->op->choice == 0;
    return CASES_TAKEN;
}

/* "Either, after the ladder": without rungs after a reply; with them, from the last one. */
static uint8_t do_disagree(struct step *x)
{
    struct claim *l = &x->s->claim;

    if (l->rung < x->s->terms->rungs_n)
        return cite(x, CASES_V_RUNG, CITE_LADDER, l->rung);
    l->state = CASES_CLOSED_DISAGREED;
    l->ended = x->at;
    return CASES_TAKEN;
}

static uint8_t do_escalate(struct step *x)
{
    struct claim *l = &x->s->claim;
    return ladder_enter(x, &l->rung, &l->rung_at, l->state == CASES_REPLIED ? AFTER_CONTESTED : 0);
}

static const struct {
    uint8_t by;
    uint16_t in;
    uint8_t (*act)(struct step *x);
} rows[CASES_KINDS] = {
    [CASES_CLAIM_ACK] = {BY_RESPONDENT, IN(CASES_LODGED), do_ack},
    [CASES_CLAIM_REPLY] = {BY_RESPONDENT, UNANSWERED, do_reply},
    [CASES_CLAIM_EXTEND] = {BY_RESPONDENT, UNANSWERED, do_extend},
    [CASES_CLAIM_REBUT] = {BY_BOTH, ANSWERED | KEPT_OR_NOT, do_rebut},
    [CASES_CLAIM_EVIDENCE] = {BY_BOTH, UNANSWERED | ANSWERED | KEPT_OR_NOT, do_evidence},
    [CASES_CLAIM_GRADE] = {BY_BOTH, LIVE, do_nothing},
    [CASES_CLAIM_REVISE] = {BY_CLAIMANT, LIVE, do_revise},
    [CASES_CLAIM_FINDING] = {BY_BOTH, IN(CASES_REPLIED), do_propose},
    [CASES_CLAIM_REFER] = {BY_BOTH, IN(CASES_REPLIED) | KEPT_OR_NOT, do_propose},
    [CASES_CLAIM_RULING] = {BY_ARBITER, IN(CASES_WITH_ARBITER), do_ruling},
    [CASES_CLAIM_SETTLE] = {BY_BOTH, IN(CASES_FOUND) | IN(CASES_RULED) | KEPT_OR_NOT, do_propose},
    [CASES_AGREE] = {BY_BOTH, UNANSWERED | ANSWERED | KEPT_OR_NOT, do_agree},
    [CASES_CLAIM_WITHDRAW] = {BY_CLAIMANT, LIVE, do_withdraw},
    [CASES_CLAIM_DISAGREE] = {BY_BOTH, ANSWERED, do_disagree},
    [CASES_CLAIM_ESCALATE] = {BY_BOTH, UNANSWERED | ANSWERED, do_escalate},
    [CASES_COMMENT] = {BY_BOTH | BY_ARBITER, UINT16_MAX, do_nothing},
};

static uint8_t role_of(const struct state *s, uint16_t author)
{
    if (author == s->from)
        return BY_CLAIMANT;
    if (author == s->to)
        return BY_RESPONDENT;
    return s->terms->parties[author].arbiter ? BY_ARBITER : 0;
}

static uint8_t allowed(struct step *x)
{
    uint8_t kind = x->r->kind;

    cite(x, 0, CITE_CLAIM, 0);
    if (x->op->flags & OP_EXERCISE_SAID &&
        (x->op->flags & OP_EXERCISE) != (x->s->exercise ? OP_EXERCISE : 0))
        return CASES_V_EXERCISE;
    if (!rows[kind].act)
        return CASES_V_STATE;
    if (!(rows[kind].by & role_of(x->s, x->r->author)))
        return CASES_V_NOT_YOURS;
    if (kind == CASES_COMMENT)
        return CASES_TAKEN;
    if (x->s->void_)
        return CASES_V_VOID;
    if (!(rows[kind].in >> x->s->claim.state & 1))
        return CASES_V_STATE;
    if (x->s->terms->two_officers >> kind & 1 && x->r->signatures < 2)
        return cite(x, CASES_V_TWO_OFFICERS, CITE_SIGNING, 0);
    return CASES_TAKEN;
}

void claim_step(struct step *x)
{
    struct claim *l = &x->s->claim;

    x->out->verdict = allowed(x);
    if (x->out->verdict == CASES_TAKEN)
        x->out->verdict = rows[x->r->kind].act(x);
    if (x->out->verdict != CASES_TAKEN || x->r->author != x->s->to || x->r->kind == CASES_COMMENT ||
        l->acked != CASES_NEVER)
        return;
    l->acked = x->at;
    l->ack_timing = timing_of(x->s, x->r, x->s->clock.ack_due);
    if (!x->out->timing)
        x->out->timing = l->ack_timing;
}
