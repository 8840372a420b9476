/* What reaches from one matter into others: quotas, declared outages, suspended clauses. */
#include "cases/fold_impl.h"

#include <stdlib.h>

/* ---- quotas: overflow queues, and says so (invariant 25)
 * ----------------------------------------- */

static struct quota *quota_of(struct cases *c, struct log *log, const struct op *op)
{
    size_t n = (size_t)LIMIT_PARTIES * CASES_TYPES * 2;

    if (!log->quotas)
        log->quotas = arena_get_array(c->keep, n, sizeof *log->quotas, NULL);
    if (!log->quotas)
        return NULL;
    return &log->quotas[((size_t)op->party * CASES_TYPES + op->choice) * 2 +
                        !!(op->flags & OP_EXERCISE)];
}

static int64_t month_of(int64_t ms)
{
    struct civil d = civil_of_days(floor_div(ms, MS_PER_DAY));
    return d.year * 12 + d.month;
}

/* The day a request's turn comes: its own, or the first one after it with room. */
static int64_t take_day(struct quota *q, int64_t at, uint32_t per_day)
{
    int64_t day = floor_div(at, MS_PER_DAY);

    if (day > q->day) {
        q->day = day;
        q->used = 0;
    }
    if (q->used >= per_day) {
        q->day++;
        q->used = 0;
    }
    q->used++;
    return q->day > day ? q->day * MS_PER_DAY : 0;
}

/* An emergency over the month's quota is handled as the next urgency that the type allows. */
static uint8_t take_emergency(struct quota *q, int64_t at, const struct terms_request *t)
{
    int64_t month = month_of(at);

    if (q->month != month) {
        q->month = month;
        q->emergencies = 0;
    }
    if (q->emergencies++ < t->emergencies)
        return CASES_EMERGENCY;
    for (uint8_t u = CASES_URGENT; u <= CASES_NORMAL; u++)
        if (t->urgencies >> u & 1)
            return u;
    return CASES_EMERGENCY;
}

static void take(struct cases *c, struct log *log, struct rec *r)
{
    struct matter *m = matter_of(c, r->matter);
    const struct cases_terms *t = terms_at(c, r->at);
    struct outcome out;
    struct quota *q;
    int64_t queue = 0;
    uint8_t urgency = r->op->urgency;

    if (t && request_opening(t, r, r->op, &out) == CASES_TAKEN && (q = quota_of(c, log, r->op))) {
        queue = take_day(q, r->at, t->request[r->op->choice].per_day);
        if (urgency == CASES_EMERGENCY)
            urgency = take_emergency(q, r->at, &t->request[r->op->choice]);
    }
    if (m->state && (queue != m->queue_until || urgency != m->urgency))
        matter_mark(c, m);
    m->queue_until = queue;
    m->urgency = urgency;
}

/* One author's acts are dated in the log's order, so that quotas go forward only. */
void quota_advance(struct cases *c, struct log *log)
{
    if (log->quota_dirty)
        return;
    for (; log->quoted < log->openers_n; log->quoted++) {
        struct rec *r = rec_at(c, log->openers[log->quoted]);
        if (r->at == CASES_NEVER)
            return;
        take(c, log, r);
    }
}

static void quota_again(struct cases *c, struct log *log)
{
    if (log->quota_dirty && log->quotas)
        memset(log->quotas, 0, (size_t)LIMIT_PARTIES * CASES_TYPES * 2 * sizeof *log->quotas);
    if (log->quota_dirty)
        log->quoted = 0;
    log->quota_dirty = false;
    quota_advance(c, log);
}

/* ---- intervals ------------------------------------------------------------------------------- */

static int64_t overlap(const struct intervals *v, uint32_t clauses, int64_t from, int64_t to)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < v->n; i++) {
        const struct interval *x = &v->list[i];
        int64_t a = x->from > from ? x->from : from, b = x->until < to ? x->until : to;
        if (b > a && (!clauses || x->clauses & clauses))
            sum += b - a;
    }
    return sum;
}

int64_t outage_overlap(const struct cases *c, uint16_t party, int64_t from, int64_t to)
{
    return party < LIMIT_PARTIES ? overlap(&c->outages[party], 0, from, to) : 0;
}

int64_t suspension_overlap(const struct cases *c, unsigned clause, int64_t from, int64_t to)
{
    return overlap(&c->suspensions, 1u << clause, from, to);
}

bool suspended_at(const struct cases *c, unsigned clause, int64_t at)
{
    for (uint32_t i = 0; i < c->suspensions.n; i++) {
        const struct interval *x = &c->suspensions.list[i];
        if (x->clauses >> clause & 1 && x->from <= at && at < x->until)
            return true;
    }
    return false;
}

static bool interval_add(struct cases *c, struct intervals *v, struct interval x, struct err *e)
{
    if (!array_room(c->keep, (void **)&v->list, &v->cap, v->n, sizeof *v->list, e))
        return false;
    v->list[v->n++] = x;
    return true;
}

static int64_t quarter_of(int64_t ms)
{
    struct civil d = civil_of_days(floor_div(ms, MS_PER_DAY));
    return d.year * 4 + (d.month - 1) / 3;
}

/* An outage counts from when it was declared, and no more of them in a quarter than agreed. */
static bool outage_add(struct cases *c, const struct rec *r, struct err *e)
{
    struct intervals *v = &c->outages[r->author];
    const struct cases_terms *t = terms_at(c, r->at);
    struct interval x = {
        .from = r->op->from > r->at ? r->op->from : r->at, .until = r->op->when, .rec = r->number};
    int64_t left = t ? t->outage_ms : 0;

    for (uint32_t i = 0; i < v->n; i++) {
        struct interval *y = &v->list[i];
        if (quarter_of(y->from) == quarter_of(x.from))
            left -= y->until - y->from;
        /* What an earlier one covers is covered. */
        if (x.from < y->until && y->from < x.until) {
            if (x.from >= y->from)
                x.from = y->until;
            else
                x.until = y->from;
        }
    }
    if (x.until - x.from > left)
        x.until = x.from + left;
    if (x.until <= x.from || v->n == LIMIT_CASE_OUTAGES)
        return true;
    return interval_add(c, v, x, e);
}

static bool suspension_add(struct cases *c, const struct state *s, struct err *e)
{
    const struct remedy *m = &s->remedy;

    if (!m->suspended)
        return true;
    return interval_add(
        c, &c->suspensions,
        (struct interval){.from = m->suspended_from, .until = m->lifted, .clauses = m->suspended},
        e);
}

static uint64_t mix(uint64_t h, const struct intervals *v)
{
    for (uint32_t i = 0; i < v->n; i++) {
        h = (h ^ (uint64_t)v->list[i].from) * UINT64_C(0x9e3779b97f4a7c15);
        h = (h ^ (uint64_t)v->list[i].until) * UINT64_C(0x9e3779b97f4a7c15) + v->list[i].clauses;
        h ^= h >> 29;
    }
    return h;
}

/* All intervals as one number, to see whether a rebuild changed them. */
static uint64_t intervals_mark(const struct cases *c)
{
    uint64_t h = mix(c->seed, &c->suspensions);

    for (uint32_t p = 0; p < LIMIT_PARTIES; p++)
        h = mix(h + p, &c->outages[p]);
    return h;
}

static bool rebuild(struct cases *c, struct err *e)
{
    c->suspensions.n = 0;
    for (uint32_t p = 0; p < LIMIT_PARTIES; p++)
        c->outages[p].n = 0;
    for (uint32_t i = 0; i < c->reaching_n; i++) {
        const struct matter *m = matter_of(c, c->reaching[i]);
        const struct rec *r = rec_at(c, m->opener);
        if (r->at == CASES_NEVER || !m->state || m->state->void_)
            continue;
        if (!(r->kind == CASES_OUTAGE ? outage_add(c, r, e) : suspension_add(c, m->state, e)))
            return false;
    }
    return true;
}

static bool update_globals(struct cases *c, struct err *e)
{
    uint64_t before = intervals_mark(c);

    for (uint32_t i = 0; i < c->reaching_n; i++) {
        struct matter *m = matter_of(c, c->reaching[i]);
        if (m->dirty && !matter_refold(c, m, e))
            return false;
    }
    if (!rebuild(c, e))
        return false;
    c->globals_dirty = false;
    for (uint32_t i = 0; before != intervals_mark(c) && i < c->matters_n; i++) {
        struct matter *m = matter_of(c, i);
        if (m->state && (m->state->kind == MATTER_REQUEST || m->state->kind == MATTER_CLAIM))
            matter_mark(c, m);
    }
    return true;
}

/* Places first, since quotas need them; then quotas, what reaches, and the rest. */
bool cases_update(struct cases *c, struct err *e)
{
    for (uint32_t i = 0; c->dirty_lost && i < c->matters_n; i++)
        if (matter_of(c, i)->dirty)
            return err_fail(e, ERR_LIMIT, "over the memory cap of %zu bytes", arena_cap(c->keep));
    for (uint32_t i = 0; i < c->dirty_n; i++)
        if (matter_of(c, c->dirty[i])->dirty && !matter_place(c, matter_of(c, c->dirty[i]), e))
            return false;
    for (uint32_t p = 0; p < LIMIT_PARTIES; p++)
        quota_again(c, &c->logs[p]);
    for (uint32_t i = 0; i < c->dirty_n && !c->globals_dirty; i++) {
        const struct matter *m = matter_of(c, c->dirty[i]);
        const struct rec *o = m->opener == NONE ? NULL : rec_at(c, m->opener);
        c->globals_dirty |= o && (o->kind == CASES_OUTAGE || o->kind == CASES_REMEDY_NOTICE);
    }
    if (c->globals_dirty && !update_globals(c, e))
        return false;
    for (uint32_t i = 0; i < c->dirty_n; i++) {
        struct matter *m = matter_of(c, c->dirty[i]);
        if (m->dirty && !matter_refold(c, m, e))
            return false;
    }
    c->globals_dirty = false;
    c->dirty_n = 0;
    return true;
}
