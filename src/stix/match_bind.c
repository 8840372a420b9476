/* match_bind: is there a binding of observations to a pattern's observation expressions?
 *
 * A search that goes back, written so that what still has to be bound is passed along (`then`):
 * an expression is done when what follows it is done too. Scopes are the expressions we are in;
 * each knows the earliest end and the latest begin of what was bound inside it, which is all that
 * qualifiers ask for. Repetitions of one expression are bound in the order of their first
 * observation, so that their permutations are not searched. The whole is bounded by a number of
 * steps: beyond it the answer is MATCH_UNKNOWN. */
#include "stix/match_impl.h"

#include <stdlib.h>

struct scope {
    struct scope *up;
    int64_t within_us;         /* INT64_MAX: any */
    int64_t start_us, stop_us; /* instants allowed: from, to before */
    int64_t not_ended_before;  /* FOLLOWEDBY: what came before began last here */
    uint32_t least_index;      /* of the first observation bound in it */
    /* What was bound in it. */
    int64_t latest_first, earliest_last;
    uint32_t first_index; /* UINT32_MAX: nothing yet */
};

struct undo {
    struct scope *scope;
    int64_t latest_first, earliest_last;
    uint32_t first_index;
};

struct search {
    const struct match_seen *seen;
    uint32_t n;
    uint32_t *used; /* times each is bound */
    struct match_room *room;
    size_t undo_n;
    size_t steps, bound; /* bound: how deep we are */
    bool given_up;
};

/* What has to be bound next. */
struct then {
    const struct bind_node *node; /* the next child of ALL or FOLLOWED, or REPEATS itself */
    enum bind_kind kind;
    uint64_t left;           /* REPEATS */
    struct scope *scope;     /* where it belongs */
    struct scope *last;      /* REPEATS: the repetition that was bound */
    const struct then *then; /* and then */
};

static bool solve(struct search *s, const struct bind_node *n, struct scope *scope,
                  const struct then *then);

static struct scope scope_in(struct scope *up)
{
    return (struct scope){.up = up,
                          .within_us = INT64_MAX,
                          .start_us = INT64_MIN,
                          .stop_us = INT64_MAX,
                          .not_ended_before = INT64_MIN,
                          .latest_first = INT64_MIN,
                          .earliest_last = INT64_MAX,
                          .first_index = UINT32_MAX};
}

/* ---- one observation into all scopes around it --------------------------------------------------
 */

static bool wider_than(int64_t from, int64_t to, int64_t most)
{
    int64_t apart;

    return from < to && (__builtin_sub_overflow(to, from, &apart) || apart > most);
}

static bool fits(const struct scope *c, const struct match_seen *o, uint32_t i)
{
    int64_t first = o->first_us > c->latest_first ? o->first_us : c->latest_first;
    int64_t last = o->last_us < c->earliest_last ? o->last_us : c->earliest_last;

    return !wider_than(last, first, c->within_us) && o->first_us < c->stop_us &&
           o->last_us >= c->start_us && o->last_us >= c->not_ended_before &&
           (c->first_index != UINT32_MAX || i >= c->least_index);
}

static bool undo_room(struct search *s)
{
    struct undo *more;

    if (s->undo_n < s->room->undo_room)
        return true;
    more = realloc(s->room->undo, (s->room->undo_room + 256) * sizeof *more);
    if (!more)
        return false;
    s->room->undo = more;
    s->room->undo_room += 256;
    return true;
}

static bool enter(struct search *s, struct scope *scope, uint32_t i)
{
    const struct match_seen *o = &s->seen[i];

    for (struct scope *c = scope; c; c = c->up)
        if (!fits(c, o, i))
            return false;
    for (struct scope *c = scope; c; c = c->up) {
        if (!undo_room(s)) {
            s->given_up = true;
            return false;
        }
        s->room->undo[s->undo_n++] =
            (struct undo){c, c->latest_first, c->earliest_last, c->first_index};
        c->latest_first = o->first_us > c->latest_first ? o->first_us : c->latest_first;
        c->earliest_last = o->last_us < c->earliest_last ? o->last_us : c->earliest_last;
        c->first_index = c->first_index == UINT32_MAX ? i : c->first_index;
    }
    return true;
}

static void leave(struct search *s, size_t back_to)
{
    while (s->undo_n > back_to) {
        const struct undo *u = &s->room->undo[--s->undo_n];
        u->scope->latest_first = u->latest_first;
        u->scope->earliest_last = u->earliest_last;
        u->scope->first_index = u->first_index;
    }
}

/* ---- expressions --------------------------------------------------------------------------------
 */

static bool go_on(struct search *s, const struct then *t);

static bool solve_leaf(struct search *s, const struct bind_node *n, struct scope *scope,
                       const struct then *then)
{
    size_t mark = s->undo_n;

    for (uint32_t i = 0; i < s->n && !s->given_up; i++) {
        if (!(s->seen[i].leaves >> n->leaf & 1) || s->used[i] >= s->seen[i].number)
            continue;
        if (++s->steps > LIMIT_MATCH_BIND_STEPS || s->bound == LIMIT_MATCH_EVENTS) {
            s->given_up = true;
            return false;
        }
        if (enter(s, scope, i)) {
            s->used[i]++;
            s->bound++;
            if (go_on(s, then))
                return true;
            s->bound--;
            s->used[i]--;
        }
        leave(s, mark);
    }
    return false;
}

/* The next child of FOLLOWED: in a scope that knows where the ones before it began last. */
static bool solve_follower(struct search *s, const struct bind_node *n, struct scope *scope,
                           const struct then *then)
{
    struct scope in = scope_in(scope);

    in.not_ended_before = scope->latest_first;
    return solve(s, n, &in, then);
}

static bool solve_repetition(struct search *s, const struct bind_node *n, struct scope *scope,
                             uint64_t left, uint32_t least, const struct then *then)
{
    struct scope in = scope_in(scope);
    struct then more = {n, BIND_REPEATS, left - 1, scope, &in, then};

    in.least_index = least;
    return solve(s, n->child, &in, left > 1 ? &more : then);
}

static bool go_on(struct search *s, const struct then *t)
{
    struct then rest;

    if (!t)
        return true;
    if (t->kind == BIND_REPEATS)
        return solve_repetition(s, t->node, t->scope, t->left, t->last->first_index, t->then);
    rest = (struct then){t->node->next, t->kind, 0, t->scope, NULL, t->then};
    return (t->kind == BIND_FOLLOWED ? solve_follower : solve)(s, t->node, t->scope,
                                                               t->node->next ? &rest : t->then);
}

static bool solve_chain(struct search *s, const struct bind_node *n, struct scope *scope,
                        const struct then *then)
{
    struct scope in = scope_in(scope);
    struct then rest = {n->child->next, n->kind, 0, &in, NULL, then};

    return solve(s, n->child, &in, n->child->next ? &rest : then);
}

static bool solve(struct search *s, const struct bind_node *n, struct scope *scope,
                  const struct then *then)
{
    struct scope in = scope_in(scope);

    switch (n->kind) {
    case BIND_LEAF:
        return solve_leaf(s, n, scope, then);
    case BIND_ANY:
        for (const struct bind_node *c = n->child; c; c = c->next)
            if (solve(s, c, scope, then))
                return true;
        return false;
    case BIND_ALL:
    case BIND_FOLLOWED:
        return solve_chain(s, n, scope, then);
    case BIND_WITHIN:
        in.within_us = n->within_us;
        return solve(s, n->child, &in, then);
    case BIND_SPAN:
        in.start_us = n->start_us;
        in.stop_us = n->stop_us;
        return solve(s, n->child, &in, then);
    case BIND_REPEATS:
        return solve_repetition(s, n, scope, n->times, 0, then);
    }
    return false;
}

/* ---- the question -------------------------------------------------------------------------------
 */

/* Could it be, if there were no operators but OR and counts? Most often not, and this is quick. */
static bool enough(const struct bind_node *n, const uint64_t *counts)
{
    bool any = n->kind == BIND_ANY;

    if (n->kind == BIND_LEAF)
        return counts[n->leaf] > 0;
    if (n->kind == BIND_REPEATS && n->child->kind == BIND_LEAF)
        return counts[n->child->leaf] >= n->times;
    for (const struct bind_node *c = n->child; c; c = c->next)
        if (enough(c, counts) == any)
            return any;
    return !any;
}

static bool worth_a_search(const struct match *m, const struct match_seen *seen, size_t n)
{
    uint64_t counts[LIMIT_MATCH_LEAVES] = {0};

    for (size_t i = 0; i < n; i++)
        for (uint64_t left = seen[i].leaves; left; left &= left - 1) {
            unsigned leaf = (unsigned)__builtin_ctzll(left);
            counts[leaf] +=
                seen[i].number < LIMIT_MATCH_EVENTS ? seen[i].number : LIMIT_MATCH_EVENTS;
        }
    return enough(m->root, counts);
}

static void give_bound(const struct search *s, uint32_t *bound, size_t *bound_n)
{
    size_t all = 0;

    for (uint32_t i = 0; i < s->n; i++) {
        if (!s->used[i])
            continue;
        if (all < *bound_n)
            bound[all] = i;
        all++;
    }
    *bound_n = all;
}

enum match_verdict match_bind(const struct match *m, const struct match_seen *seen, size_t n,
                              uint32_t *bound, size_t *bound_n, struct match_room *room)
{
    struct search s = {.seen = seen, .n = (uint32_t)n, .room = room};
    struct scope whole = scope_in(NULL);
    bool found;

    if (n > UINT32_MAX || !worth_a_search(m, seen, n))
        return MATCH_NO;
    s.used = calloc(n + 1, sizeof *s.used);
    if (!s.used)
        return MATCH_UNKNOWN;
    found = solve(&s, m->root, &whole, NULL);
    if (found && bound)
        give_bound(&s, bound, bound_n);
    free(s.used);
    room->odd.undecided += s.given_up && !found;
    return found ? MATCH_YES : s.given_up ? MATCH_UNKNOWN : MATCH_NO;
}
