/* Tests of contact points, and what happens if the agreement is not kept: notice, cure, suspension
 * of the named clauses, termination. */
#include "cases/fold_impl.h"

void ping_open(struct step *x)
{
    struct ping *p = &x->s->ping;
    bool deemed;

    *p = (struct ping){.role = x->op->choice, .at = CASES_NEVER, .due = CASES_NEVER};
    x->out->clause = CITE_URGENCY;
    x->out->clause_n = CASES_PING_URGENCY;
    if (!x->s->terms->urgency[CASES_PING_URGENCY].agreed)
        x->out->verdict = CASES_V_NOT_AGREED;
    else if (x->op->party == x->r->author)
        x->out->verdict = CASES_V_NOT_YOURS;
    x->s->void_ = x->out->verdict != CASES_TAKEN;
    clock_start(x, x->s->void_ ? CASES_NEVER : delivered_at(x->s->terms, x->r, &deemed), false);
    p->due = x->s->clock.final_due;
}

void ping_step(struct step *x)
{
    struct ping *p = &x->s->ping;

    if (x->s->void_)
        x->out->verdict = CASES_V_VOID;
    else if (x->r->kind != CASES_PONG)
        x->out->verdict = x->r->kind == CASES_COMMENT ? CASES_TAKEN : CASES_V_STATE;
    else if (x->r->author != x->s->to)
        x->out->verdict = CASES_V_NOT_YOURS;
    else if (p->answered)
        x->out->verdict = CASES_V_TWICE;
    else {
        p->answered = true;
        p->at = x->at;
        p->timing = x->out->timing = timing_of(x->s, x->r, p->due);
    }
}

void remedy_open(struct step *x)
{
    struct remedy *m = &x->s->remedy;
    const struct cases_terms *t = x->s->terms;

    *m = (struct remedy){.clauses = x->op->clauses,
                         .cure_until = CASES_NEVER,
                         .suspended_from = CASES_NEVER,
                         .lifted = CASES_NEVER,
                         .ended = CASES_NEVER};
    x->out->clause = CITE_REMEDY;
    if (!t->remedy || m->clauses & ~t->suspendable)
        x->out->verdict = CASES_V_NOT_AGREED;
    else if (x->op->party == x->r->author || t->parties[x->r->author].arbiter)
        x->out->verdict = CASES_V_NOT_YOURS;
    x->s->void_ = x->out->verdict != CASES_TAKEN;
    clock_start(x, CASES_NEVER, false);
    if (!x->s->void_)
        m->cure_until = term_end(x->s, x->s->to, delivered_at(t, x->r, NULL), t->cure, 0);
}

static uint8_t do_suspend(struct step *x)
{
    struct remedy *m = &x->s->remedy;

    if (x->r->author != x->s->from)
        return CASES_V_NOT_YOURS;
    if (m->cured || m->terminated || m->suspended)
        return CASES_V_STATE;
    if (x->op->clauses & ~m->clauses)
        return CASES_V_NOT_AGREED;
    /* Without a cure term, at once; with one, not before it has ended. */
    if (x->s->terms->cure.unit != CASES_NOT_AGREED && x->at <= m->cure_until)
        return CASES_V_CURE;
    m->suspended = x->op->clauses;
    m->suspended_from = x->at;
    return CASES_TAKEN;
}

static uint8_t do_lift(struct step *x)
{
    struct remedy *m = &x->s->remedy;

    if (x->r->author != x->s->from)
        return CASES_V_NOT_YOURS;
    if (m->lifted != CASES_NEVER || m->terminated)
        return CASES_V_STATE;
    m->lifted = x->at;
    m->cured = true;
    return CASES_TAKEN;
}

static uint8_t do_terminate(struct step *x)
{
    struct remedy *m = &x->s->remedy;
    const struct cases_terms *t = x->s->terms;

    if (x->r->author != x->s->from)
        return CASES_V_NOT_YOURS;
    if (!m->suspended || m->cured || m->terminated)
        return CASES_V_STATE;
    if (t->terminate_after.unit == CASES_NOT_AGREED)
        return CASES_V_NOT_AGREED;
    if (x->at <= term_end(x->s, x->s->to, m->suspended_from, t->terminate_after, 0))
        return CASES_V_CURE;
    m->terminated = true;
    m->ended = x->at;
    return CASES_TAKEN;
}

void remedy_step(struct step *x)
{
    x->out->clause = CITE_REMEDY;
    if (x->s->void_)
        x->out->verdict = CASES_V_VOID;
    else if (x->s->terms->two_officers >> x->r->kind & 1 && x->r->signatures < 2)
        x->out->verdict = CASES_V_TWO_OFFICERS;
    else if (x->r->kind == CASES_REMEDY_SUSPEND)
        x->out->verdict = do_suspend(x);
    else if (x->r->kind == CASES_REMEDY_LIFT)
        x->out->verdict = do_lift(x);
    else if (x->r->kind == CASES_REMEDY_TERMINATE)
        x->out->verdict = do_terminate(x);
    else if (x->r->kind == CASES_REMEDY_CURE)
        x->out->verdict = x->r->author == x->s->to ? CASES_TAKEN : CASES_V_NOT_YOURS;
    else
        x->out->verdict = x->r->kind == CASES_COMMENT ? CASES_TAKEN : CASES_V_STATE;
}
