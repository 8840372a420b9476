/* Clocks of a matter: when they start, what stops them, when they end. All of it is a function of
 * the agreement, the acts and their cosignatures. */
#include "cases/fold_impl.h"

void note_add(struct notes *n, uint8_t what, uint8_t a, uint32_t rec, int64_t at, int64_t ms)
{
    if (!n || (n->n == n->cap)) {
        size_t cap = n ? n->cap * 2 + 16 : 0;
        struct note *more = n ? arena_get_array(n->arena, cap, sizeof *more, NULL) : NULL;
        if (!more)
            return;
        if (n->n)
            memcpy(more, n->list, n->n * sizeof *more);
        n->list = more;
        n->cap = cap;
    }
    n->list[n->n++] = (struct note){what, a, rec, at, ms};
}

uint8_t cite(struct step *x, uint8_t verdict, enum clause clause, int n)
{
    x->out->clause = (uint8_t)clause;
    x->out->clause_n = (uint8_t)n;
    return verdict;
}

/* Deemed delivery (design, idea 5): the addressee's own receipt, or the first signature of anybody
 * else and the grace, whichever comes first. Silence does not stop a clock. */
int64_t delivered_at(const struct cases_terms *t, const struct rec *r, bool *deemed)
{
    bool by_grace = r->seen != CASES_NEVER && r->seen + t->grace_ms < r->receipt;

    if (deemed)
        *deemed = by_grace;
    return by_grace ? r->seen + t->grace_ms : r->receipt;
}

int64_t term_end(const struct state *s, uint16_t party, int64_t from, struct cases_term t,
                 int64_t stopped)
{
    const struct terms_party *p = &s->terms->parties[party];
    return cases_count_term(p->zone, p->calendar, from, t, stopped, NULL);
}

const struct terms_clock *state_terms(const struct state *s)
{
    if (s->kind == MATTER_CLAIM)
        return &s->terms->claim_clock;
    if (s->kind == MATTER_PING)
        return &s->terms->urgency[CASES_PING_URGENCY];
    return &s->terms->urgency[s->request.urgency];
}

static unsigned clause_bit(const struct state *s)
{
    return s->kind == MATTER_REQUEST ? s->request.type : (unsigned)CLAUSE_CLAIM;
}

/* Interruptions from outside the matter between two instants. */
static int64_t interrupted(const struct cases *c, const struct state *s, int64_t from, int64_t to)
{
    return outage_overlap(c, s->to, from, to) + suspension_overlap(c, clause_bit(s), from, to);
}

static int64_t capped(const struct state *s, int64_t ms)
{
    return s->terms->cap_ms && ms > s->terms->cap_ms ? s->terms->cap_ms : ms;
}

/* The stop from `from` to `to`, without what an interruption already counts. */
int64_t stop_length(const struct cases *c, const struct state *s, int64_t from, int64_t to)
{
    int64_t ms = to - from - interrupted(c, s, from, to);
    return ms > 0 ? ms : 0;
}

/* What stops add to a term that ends at `due`; the final clock also stops for clarifications. */
int64_t clock_stopped(const struct cases *c, const struct state *s, bool final, int64_t due)
{
    const struct clock *k = &s->clock;
    int64_t ms = k->suspended_ms + interrupted(c, s, k->started, due);

    return capped(s, final ? ms + k->clarified_ms : ms);
}

#define ROUNDS                                                                                     \
    16 /* an interruption can push the end into the next one; each round sees one more             \
        */

/* The end of a term, with the interruptions that fall before that end. */
static int64_t due_of(const struct cases *c, const struct state *s, struct cases_term t, bool final)
{
    const struct clock *k = &s->clock;
    int64_t extra = final ? k->extra_ms : 0, due, stopped = clock_stopped(c, s, final, k->started);

    if (final && t.unit > CASES_HOURS)
        t.n += k->extra_days;
    due = term_end(s, s->to, k->started, t, stopped + extra);
    for (int i = 0; i < ROUNDS && due != CASES_NEVER; i++) {
        int64_t more = clock_stopped(c, s, final, due), next;
        if (more <= stopped)
            break;
        stopped = more;
        next = term_end(s, s->to, k->started, t, stopped + extra);
        if (next == due)
            break;
        due = next;
    }
    return due;
}

void clock_refresh(const struct cases *c, struct state *s, uint8_t type)
{
    const struct terms_clock *t = state_terms(s);
    struct clock *k = &s->clock;
    struct cases_term lapse = t->final;

    (void)type;
    if (k->started == CASES_NEVER)
        return;
    k->ack_due = due_of(c, s, t->ack, false);
    k->status_due = due_of(c, s, t->status, false);
    k->final_due = due_of(c, s, t->final, true);
    if (k->wished != CASES_NEVER && k->final_due != CASES_NEVER && k->wished > k->final_due)
        k->final_due = k->wished; /* the requester may lengthen, never shorten */
    lapse.n *= s->terms->lapse_after_terms;
    k->lapse_at = lapse.n ? due_of(c, s, lapse, true) : CASES_NEVER;
    if (k->lapse_at < k->final_due)
        k->lapse_at = k->final_due;
}

void clock_start(const struct step *x, int64_t delivered, bool deemed)
{
    x->s->clock = (struct clock){.started = delivered,
                                 .deemed = deemed,
                                 .ack_due = CASES_NEVER,
                                 .status_due = CASES_NEVER,
                                 .final_due = CASES_NEVER,
                                 .lapse_at = CASES_NEVER,
                                 .clarify_from = CASES_NEVER,
                                 .clarify_until = CASES_NEVER,
                                 .suspend_from = CASES_NEVER,
                                 .suspend_until = CASES_NEVER,
                                 .wished = CASES_NEVER};
    clock_refresh(x->cases, x->s, 0);
}

/* Decision 0101. */
uint8_t timing_of(const struct state *s, const struct rec *r, int64_t due)
{
    if (due == CASES_NEVER)
        return TIMING_NONE;
    if (r->seen <= due)
        return TIMING_KEPT;
    return r->after > due || s->terms->witnesses_n ? TIMING_LATE : TIMING_OPEN;
}

/* The final due instant if the clock runs; while it is stopped, the last one that the cap of all
 * stops allows: beyond that no stop stops (invariant 10). */
static int64_t binding_due(const struct state *s)
{
    const struct clock *k = &s->clock;
    struct cases_term t = state_terms(s)->final;

    if (k->clarify_from == CASES_NEVER && k->suspend_from == CASES_NEVER)
        return k->final_due;
    if (!s->terms->cap_ms)
        return CASES_NEVER;
    t.n += t.unit > CASES_HOURS ? k->extra_days : 0;
    return term_end(s, s->to, k->started, t, s->terms->cap_ms + k->extra_ms);
}

bool is_overdue(const struct state *s, int64_t now)
{
    if (s->void_ || s->clock.final_due == CASES_NEVER || now <= binding_due(s))
        return false;
    if (s->kind == MATTER_REQUEST)
        return request_live(&s->request);
    if (s->kind == MATTER_CLAIM)
        return s->claim.state <= CASES_ACKNOWLEDGED;
    return s->kind == MATTER_PING && !s->ping.answered;
}
