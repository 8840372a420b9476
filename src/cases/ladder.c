/* What requests and claims share: proposals that the other side accepts, and the ladder. */
#include "cases/fold_impl.h"

bool proposal_open(const struct step *x, uint32_t proposal)
{
    return proposal != NONE && x->r->target == proposal &&
           rec_at(x->cases, proposal)->author != x->r->author;
}

/* Length and number of an extension against the clause. */
uint8_t extend_check(struct step *x, enum clause clause, int n, int64_t due)
{
    const struct terms_clock *t = state_terms(x->s);
    struct cases_term by = x->op->term, most = t->extend_up_to;
    uint64_t mine = by.n, limit = most.n;

    cite(x, 0, clause, n);
    if (t->extend_by == EXTEND_NEVER || (by.unit > CASES_HOURS) != (most.unit > CASES_HOURS) ||
        by.unit == CASES_WORKING_DAYS)
        return CASES_V_EXTEND;
    if (x->s->clock.extensions >= t->extend_times)
        return CASES_V_EXTEND_TIMES;
    mine *= by.unit == CASES_HOURS ? 60 : 1;
    limit *= most.unit == CASES_HOURS ? 60 : 1;
    if (mine > limit)
        return CASES_V_EXTEND_LENGTH;
    /* Before the due instant; what can't be decided is no extension. */
    if (timing_of(x->s, x->r, due) > TIMING_KEPT)
        return CASES_V_EXTEND_DUE;
    return CASES_TAKEN;
}

void extend_apply(struct step *x, struct cases_term by)
{
    struct clock *k = &x->s->clock;

    if (by.unit > CASES_HOURS)
        k->extra_days += by.n;
    else
        k->extra_ms += (int64_t)by.n * (by.unit == CASES_HOURS ? 3600000 : 60000);
    k->extensions++;
    clock_refresh(x->cases, x->s, 0);
    note_add(x->notes, NOTE_EXTENDED, (uint8_t)by.unit, (uint32_t)x->r->index, x->at, by.n);
}

/* The rung we stand on: overdue is rung 1 by itself, from the due instant. */
static uint8_t rung_now(const struct step *x, uint8_t rung, int64_t *since)
{
    if (rung == 0 && is_overdue(x->s, x->at) && x->s->terms->rungs_n &&
        x->s->terms->rungs[0].after & AFTER_OVERDUE) {
        *since = x->s->clock.final_due;
        return 1;
    }
    return rung;
}

static bool rung_open(const struct step *x, const struct terms_rung *r, uint8_t wanted, uint8_t now,
                      int64_t since, unsigned because)
{
    if (wanted <= now)
        return false;
    if (wanted == now + 1 && r->after & because)
        return true;
    if (wanted != now + 1 || now == 0 || !(r->after & AFTER_RUNG))
        return false;
    return x->at >= term_end(x->s, x->s->to, since, x->s->terms->rungs[now - 1].time, 0);
}

uint8_t ladder_enter(struct step *x, uint8_t *rung, int64_t *rung_at, unsigned because)
{
    const struct cases_terms *t = x->s->terms;
    uint8_t wanted = x->op->rung, now;
    int64_t since = *rung_at;

    cite(x, 0, CITE_LADDER, wanted - 1);
    if (is_overdue(x->s, x->at))
        because |= AFTER_OVERDUE;
    now = rung_now(x, *rung, &since);
    /* To enter by an act the rung one already stands on by the clock is no harm. */
    if (wanted == now && *rung < now) {
        *rung = wanted;
        *rung_at = since;
        return CASES_TAKEN;
    }
    if (wanted > t->rungs_n || !rung_open(x, &t->rungs[wanted - 1], wanted, now, since, because))
        return CASES_V_RUNG;
    *rung = wanted;
    *rung_at = x->at;
    return CASES_TAKEN;
}
