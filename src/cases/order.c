/* The order in which a matter's acts count, and folding in that order (decision 0101). */
#include "cases/fold_impl.h"
#include "crypto/labels.h"

#include <stdlib.h>

bool rec_before(const struct rec *a, const struct rec *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    if (a->generation != b->generation)
        return a->generation < b->generation;
    if (a->author != b->author)
        return a->author < b->author;
    return a->index < b->index;
}

static bool settled(const struct rec *r)
{
    return r->at != CASES_NEVER;
}

/* What must come before r: the opening act, the author's act before, what it answers. */
static unsigned causes(const struct cases *c, const struct rec *r, struct rec *out[3])
{
    const struct matter *m = matter_of(c, r->matter);
    unsigned n = 0;

    if (m->opener != NONE && m->opener != r->number)
        out[n++] = rec_at(c, m->opener);
    if (r->own != NONE)
        out[n++] = rec_at(c, r->own);
    if (r->target != NONE)
        out[n++] = rec_at(c, r->target);
    return n;
}

/* Give r its place if all its causes have theirs. */
static bool give_place(const struct cases *c, struct rec *r)
{
    struct rec *cause[3];
    unsigned n = causes(c, r, cause);
    int64_t at = r->seen;
    uint32_t generation = 0;

    if (r->seen == CASES_NEVER || r->wants || matter_of(c, r->matter)->opener == NONE)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (!settled(cause[i]))
            return false;
        at = cause[i]->at > at ? cause[i]->at : at;
    }
    for (unsigned i = 0; i < n; i++)
        if (cause[i]->at == at && cause[i]->generation >= generation)
            generation = cause[i]->generation + 1;
    r->at = at;
    r->generation = generation;
    return true;
}

/* ---- one step -------------------------------------------------------------------------------- */

static void open_matter(struct step *x)
{
    struct state *s = x->s;
    const struct rec *r = x->r;
    uint8_t *items = s->kind == MATTER_REQUEST ? s->request.items : NULL;
    static const uint8_t kinds[CASES_KINDS] = {[CASES_REQUEST] = MATTER_REQUEST,
                                               [CASES_CLAIM] = MATTER_CLAIM,
                                               [CASES_PING] = MATTER_PING,
                                               [CASES_REMEDY_NOTICE] = MATTER_REMEDY};

    *s = (struct state){.from = r->author,
                        .to = x->op ? x->op->party : NOBODY,
                        .terms = terms_at(x->cases, x->at),
                        .now = x->at,
                        .exercise = x->op && x->op->flags & OP_EXERCISE,
                        .kind = x->op ? kinds[r->kind] : MATTER_LOOSE};
    if (s->kind == MATTER_REQUEST)
        s->request.items = items;
    x->out->verdict = r->fault;
    s->void_ = r->fault != 0;
    if (r->fault)
        return;
    if (!s->terms) {
        x->out->verdict = CASES_V_NO_AGREEMENT;
        s->void_ = true;
        s->kind = MATTER_LOOSE;
    } else if (s->kind == MATTER_REQUEST) {
        request_open(x);
    } else if (s->kind == MATTER_CLAIM) {
        claim_open(x);
    } else if (s->kind == MATTER_PING) {
        ping_open(x);
    } else if (s->kind == MATTER_REMEDY) {
        remedy_open(x);
    }
}

void matter_step(const struct cases *c, const struct matter *m, struct state *s,
                 const struct rec *r, int64_t at, struct notes *notes, struct outcome *out)
{
    struct step x = {
        .cases = c, .matter = m, .s = s, .r = r, .op = r->op, .at = at, .notes = notes, .out = out};

    *out = (struct outcome){0};
    if (r->number == m->opener) {
        open_matter(&x);
        s->opening = out->verdict;
        return;
    }
    if (r->fault)
        out->verdict = r->fault;
    else if (s->kind == MATTER_REQUEST)
        request_step(&x);
    else if (s->kind == MATTER_CLAIM)
        claim_step(&x);
    else if (s->kind == MATTER_PING)
        ping_step(&x);
    else if (s->kind == MATTER_REMEDY)
        remedy_step(&x);
    else
        out->verdict = r->kind == CASES_COMMENT ? CASES_TAKEN : CASES_V_VOID;
    s->now = at;
}

static bool make_state(struct cases *c, struct matter *m, struct err *e)
{
    const struct rec *o = rec_at(c, m->opener);

    if (m->state)
        return true;
    m->state = arena_get(c->keep, sizeof *m->state, e);
    if (m->state && o->kind == CASES_REQUEST && o->op) {
        m->state->kind = MATTER_REQUEST;
        m->state->request.items = arena_get(c->keep, o->op->items_n, e);
        if (!m->state->request.items)
            m->state = NULL;
    }
    return m->state != NULL;
}

static void step_settled(struct cases *c, struct matter *m, struct rec *r)
{
    matter_step(c, m, m->state, r, r->at, NULL, &r->out);
    state_digest(m->state, r, &r->out);
    m->latest = r->number;
    m->settled++;
    if (m->state->kind == MATTER_REMEDY || r->kind == CASES_OUTAGE)
        c->globals_dirty = true;
}

void matter_mark(struct cases *c, struct matter *m)
{
    if (m->dirty)
        return;
    /* Without memory for the list the matter stays marked, and the next update walks them all. */
    m->dirty = true;
    if (array_room(c->keep, (void **)&c->dirty, &c->dirty_cap, c->dirty_n, sizeof *c->dirty, NULL))
        c->dirty[c->dirty_n++] = m->number;
    else
        c->dirty_lost = true;
    bucket_mark(c, m);
}

void matter_settle(struct cases *c, struct rec *r)
{
    struct matter *m = matter_of(c, r->matter);

    if (m->dirty)
        return;
    if (!give_place(c, r)) {
        m->blocked++;
        return;
    }
    if (r->kind == CASES_REQUEST && r->op && r->number == m->opener) {
        quota_advance(c, &c->logs[r->author]);
        if (m->dirty)
            return;
    }
    if (m->blocked || c->globals_dirty || !make_state(c, m, NULL) ||
        (m->latest != NONE && !rec_before(rec_at(c, m->latest), r))) {
        matter_mark(c, m);
        return;
    }
    step_settled(c, m, r);
    bucket_mark(c, m);
}

/* ---- from scratch ---------------------------------------------------------------------------- */

/* Places for all acts of the matter that can have one, causes first. `stack` has room for all; an
 * act on it is not asked for again, so that even references in a circle end. */
static void place_all(struct cases *c, struct matter *m, struct rec **stack)
{
    for (uint32_t i = m->first; i != NONE; i = rec_at(c, i)->next) {
        size_t n = 0;
        if (rec_at(c, i)->visited)
            continue;
        stack[n++] = rec_at(c, i);
        stack[0]->visited = 1;
        while (n) {
            struct rec *r = stack[n - 1], *cause[3], *next = NULL;
            unsigned k = causes(c, r, cause);
            while (k-- > 0)
                if (!cause[k]->visited)
                    next = cause[k];
            if (next) {
                next->visited = 1;
                stack[n++] = next;
            } else {
                give_place(c, r);
                n--;
            }
        }
    }
}

static int by_place(const void *a, const void *b)
{
    const struct rec *x = *(const struct rec *const *)a, *y = *(const struct rec *const *)b;
    return rec_before(x, y) ? -1 : rec_before(y, x);
}

static void forget_places(struct cases *c, struct matter *m)
{
    m->waiting = 0;
    for (uint32_t i = m->first; i != NONE; i = rec_at(c, i)->next) {
        struct rec *r = rec_at(c, i);
        r->at = CASES_NEVER;
        r->generation = 0;
        r->visited = 0;
        r->out = (struct outcome){0};
        if (r->wants && (r->target = rec_find(c, r->wants)) != NONE) {
            if (rec_at(c, r->target)->matter == r->matter)
                r->wants = NULL;
            else
                r->target = NONE;
        }
        m->waiting += r->wants != NULL;
    }
}

bool matter_place(struct cases *c, struct matter *m, struct err *e)
{
    struct arena_mark mark = arena_mark(c->scratch);
    struct rec **stack = arena_get_array(c->scratch, m->acts, sizeof *stack, e);

    if (!stack)
        return false;
    forget_places(c, m);
    place_all(c, m, stack);
    arena_reset(c->scratch, mark);
    return true;
}

bool matter_refold(struct cases *c, struct matter *m, struct err *e)
{
    struct arena_mark mark = arena_mark(c->scratch);
    struct rec **list = arena_get_array(c->scratch, m->acts, sizeof *list, e);
    uint32_t n = 0;

    if (!list)
        return false;
    m->blocked = m->settled = 0;
    m->latest = NONE;
    for (uint32_t i = m->first; i != NONE; i = rec_at(c, i)->next) {
        struct rec *r = rec_at(c, i);
        if (settled(r))
            list[n++] = r;
        else
            m->blocked += r->seen != CASES_NEVER;
    }
    qsort(list, n, sizeof *list, by_place);
    if (n && !make_state(c, m, e))
        return false;
    for (uint32_t i = 0; i < n; i++)
        step_settled(c, m, list[i]);
    m->dirty = false;
    arena_reset(c->scratch, mark);
    return true;
}

/* ---- as of an instant --------------------------------------------------------------------------
 */

static bool copy_state(const struct matter *m, struct arena *a, struct state **out, struct err *e)
{
    struct state *s = arena_get(a, sizeof *s, e);

    if (!s)
        return false;
    *s = *m->state;
    if (s->kind == MATTER_REQUEST) {
        s->request.items = arena_get(a, s->request.items_n, e);
        if (!s->request.items)
            return false;
        memcpy(s->request.items, m->state->request.items, s->request.items_n);
    }
    *out = s;
    return true;
}

/* Acts in order, those without a place behind the others: the opening act, then as claimed. It is
 * the best guess before anybody has dated them, and the same guess everywhere. */
static int by_place_or_claim(const void *a, const void *b)
{
    const struct rec *x = *(const struct rec *const *)a, *y = *(const struct rec *const *)b;

    if (settled(x) || settled(y))
        return settled(x) && settled(y) ? by_place(a, b) : settled(x) ? -1 : 1;
    if (opens(x->kind) != opens(y->kind))
        return opens(x->kind) ? -1 : 1;
    if (x->claimed != y->claimed)
        return x->claimed < y->claimed ? -1 : 1;
    if (x->author != y->author)
        return x->author < y->author ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

bool matter_acts(const struct cases *c, const struct matter *m, struct arena *a, struct rec ***out,
                 uint32_t *n, struct err *e)
{
    struct rec **list = arena_get_array(a, m->acts, sizeof *list, e);

    if (!list)
        return false;
    *n = 0;
    for (uint32_t i = m->first; i != NONE; i = rec_at(c, i)->next)
        list[(*n)++] = rec_at(c, i);
    qsort(list, *n, sizeof *list, by_place_or_claim);
    *out = list;
    return true;
}

static void advance(const struct cases *c, struct state *s, int64_t now, struct notes *notes)
{
    if (s->kind == MATTER_REQUEST && !s->void_)
        request_advance(c, s, now, notes);
    s->now = now;
}

bool matter_as_of(const struct cases *c, const struct matter *m, int64_t now, bool pending,
                  struct notes *notes, struct arena *a, struct state **out, struct err *e)
{
    struct rec **list;
    struct state *s;
    uint32_t n;

    *out = NULL;
    if ((!pending || m->settled == m->acts) && !notes && m->state && m->latest != NONE &&
        rec_at(c, m->latest)->at <= now) {
        if (!copy_state(m, a, out, e))
            return false;
        advance(c, *out, now, NULL);
        return true;
    }
    if (m->opener == NONE)
        return true;
    if (!matter_acts(c, m, a, &list, &n, e) || !(s = arena_get(a, sizeof *s, e)))
        return false;
    s->kind = MATTER_REQUEST;
    s->request.items = arena_get(a, LIMIT_CASE_ITEMS, e);
    if (!s->request.items)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct outcome ignored;
        struct rec r = *list[i];
        if (r.at == CASES_NEVER && pending && !r.wants) {
            r.at = now; /* nobody has dated it yet */
            r.seen = r.number == m->opener ? CASES_NEVER : now;
        }
        if (r.at > now)
            continue;
        if (!*out && r.number != m->opener)
            break;
        *out = s;
        matter_step(c, m, s, &r, r.at, notes, &ignored);
    }
    if (*out)
        advance(c, s, now, notes);
    return true;
}
