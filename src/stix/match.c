/* match: from a pattern's tree to what is asked of observations, and the asking of one. */
#include "base/text.h"
#include "stix/match_impl.h"

#include <stdlib.h>

struct maker {
    struct match *m;
    struct arena *arena;
    struct err *e;
};

/* ---- constants ---------------------------------------------------------------------------------
 */

static bool keep_code(struct maker *k, pcre2_code *code)
{
    struct match_code *node = code ? arena_get(k->arena, sizeof *node, k->e) : NULL;

    if (!node) {
        pcre2_code_free(code);
        return false;
    }
    *node = (struct match_code){k->m->codes, code};
    k->m->codes = node;
    return true;
}

/* A byte expression may well fail to compile where the text one does not: then it is NULL. */
static bool regexes(struct maker *k, struct match_constant *out)
{
    out->text_re = match_regex(out->nfc, true, k->e);
    if (!keep_code(k, out->text_re))
        return false;
    if (out->has_latin)
        out->byte_re = match_regex(out->latin, false, NULL);
    return !out->byte_re || keep_code(k, out->byte_re);
}

static bool text_constant(struct maker *k, struct match_constant *out, enum pattern_operator op)
{
    uint8_t *made, *latin;
    struct bytes nfc = match_nfc(out->c->text, &made);
    bool ok = arena_copy(k->arena, nfc, &out->nfc, k->e);

    free(made);
    latin = ok ? arena_get(k->arena, out->c->text.n, k->e) : NULL;
    if (!latin)
        return false;
    out->has_latin = match_latin(out->c->text, latin, &out->latin.n);
    out->latin.p = latin;
    out->is_net = match_net(out->c->text, out);
    return op != PATTERN_MATCHES || regexes(k, out);
}

static bool constants(struct maker *k, const struct pattern *p, struct match_compare *out)
{
    struct match_constant *all = arena_get_array(k->arena, p->constant_count, sizeof *all, k->e);

    out->constants = all;
    for (size_t i = 0; all && i < p->constant_count; i++) {
        all[i].c = &p->constants[i];
        all[i].latin = all[i].c->text;
        all[i].has_latin = true; /* of binaries */
        if (all[i].c->kind == PATTERN_STRING && !text_constant(k, &all[i], p->op))
            return false;
    }
    return all != NULL;
}

/* ---- comparison expressions ---------------------------------------------------------------------
 */

static struct bytes last_key(const struct pattern *p)
{
    for (size_t i = p->steps; i-- > 0;)
        if (p->path[i].kind == PATTERN_KEY)
            return p->path[i].key;
    return (struct bytes){0};
}

static struct match_test *test_of(struct maker *k, const struct pattern *p)
{
    struct match_test *t = arena_get(k->arena, sizeof *t, k->e), **last;

    if (!t)
        return NULL;
    if (p->kind == PATTERN_COMPARE) {
        t->kind = PATTERN_COMPARE;
        t->compare.tree = p;
        t->compare.hex = bytes_end_with(last_key(p), "_hex");
        t->compare.binary = t->compare.hex || bytes_end_with(last_key(p), "_bin");
        return constants(k, p, &t->compare) ? t : NULL;
    }
    t->kind = p->kind == PATTERN_AND ? PATTERN_AND : PATTERN_OR;
    last = &t->child;
    for (const struct pattern *c = p->child; c; c = c->next, last = &(*last)->next)
        if (!(*last = test_of(k, c)))
            return NULL;
    return t;
}

/* ---- observation expressions --------------------------------------------------------------------
 */

static struct bind_node *fail_leaves(struct maker *k)
{
    err_fail(k->e, ERR_LIMIT, "more than %d observations to be told apart", LIMIT_MATCH_LEAVES);
    return NULL;
}

static struct bind_node *leaf_of(struct maker *k, struct bind_node *n, const struct pattern *p)
{
    struct match *m = k->m;

    if (m->leaves == LIMIT_MATCH_LEAVES)
        return fail_leaves(k);
    n->kind = BIND_LEAF;
    n->leaf = (unsigned)m->leaves;
    n->least = 1;
    m->trees[m->leaves] = p;
    m->tests[m->leaves] = test_of(k, p);
    return m->tests[m->leaves++] ? n : NULL;
}

/* One observation decides it: [ ], or several of those joined by OR. */
static bool is_leaf(const struct pattern *p)
{
    if (p->kind == PATTERN_OBSERVED)
        return true;
    for (const struct pattern *c = p->child; c; c = c->next)
        if (p->kind != PATTERN_ANY_OF || !is_leaf(c))
            return false;
    return p->kind == PATTERN_ANY_OF;
}

static size_t bounded(uint64_t n)
{
    return n > LIMIT_MATCH_EVENTS ? LIMIT_MATCH_EVENTS + 1 : (size_t)n;
}

static void qualify(struct bind_node *n, const struct pattern *p)
{
    double us = p->constants[0].number * (double)US_PER_S;

    n->times = 1;
    switch (p->qualifier) {
    case PATTERN_WITHIN:
        n->kind = BIND_WITHIN;
        n->within_us = us < 9e18 ? (int64_t)us : INT64_MAX;
        break;
    case PATTERN_REPEATS:
        n->kind = BIND_REPEATS;
        n->times = (uint64_t)p->constants[0].integer;
        break;
    case PATTERN_START_STOP:
        n->kind = BIND_SPAN;
        n->start_us = p->constants[0].integer;
        n->stop_us = p->constants[1].integer;
        break;
    }
}

static void count_least(struct bind_node *n)
{
    for (const struct bind_node *c = n->child; c; c = c->next)
        if (n->kind == BIND_ANY)
            n->least = n->least && n->least < c->least ? n->least : c->least;
        else
            n->least = bounded(n->least + c->least);
    if (n->kind == BIND_REPEATS)
        n->least = bounded(n->times > LIMIT_MATCH_EVENTS ? n->times : n->times * n->least);
}

static struct bind_node *bind_of(struct maker *k, const struct pattern *p)
{
    struct bind_node *n = arena_get(k->arena, sizeof *n, k->e), **last;

    if (!n)
        return NULL;
    if (is_leaf(p))
        return leaf_of(k, n, p);
    n->kind = p->kind == PATTERN_ANY_OF   ? BIND_ANY
              : p->kind == PATTERN_ALL_OF ? BIND_ALL
                                          : BIND_FOLLOWED;
    if (p->kind == PATTERN_QUALIFIED)
        qualify(n, p);
    last = &n->child;
    for (const struct pattern *c = p->child; c; c = c->next, last = &(*last)->next)
        if (!(*last = bind_of(k, c)))
            return NULL;
    count_least(n);
    return n;
}

struct match *match_new(const struct pattern *p, struct arena *a, struct err *e)
{
    struct maker k = {arena_get(a, sizeof *k.m, e), a, e};

    if (!k.m)
        return NULL;
    k.m->root = bind_of(&k, p);
    if (k.m->root && k.m->root->least <= LIMIT_MATCH_EVENTS)
        return k.m;
    if (k.m->root)
        err_fail(e, ERR_LIMIT, "more than %d observations in one match", LIMIT_MATCH_EVENTS);
    match_free(k.m);
    return NULL;
}

void match_free(struct match *m)
{
    for (struct match_code *c = m ? m->codes : NULL; c; c = c->next)
        pcre2_code_free(c->code);
}

size_t match_leaves(const struct match *m)
{
    return m->leaves;
}

const struct pattern *match_leaf_tree(const struct match *m, size_t leaf)
{
    return m->trees[leaf];
}

size_t match_least(const struct match *m)
{
    return m->root->least;
}

int64_t match_span_us(const struct match *m)
{
    const struct bind_node *n = m->root;

    while (n->kind == BIND_SPAN)
        n = n->child;
    return n->kind == BIND_WITHIN ? n->within_us : n->kind == BIND_LEAF ? 0 : INT64_MAX;
}

/* ---- one observation --------------------------------------------------------------------------
 */

struct asking {
    const struct match_observation *o;
    const struct match_compare *t;
    struct match_room *room;
};

static bool walk(const struct asking *q, const struct match_value *v, size_t step);

static bool walk_members(const struct asking *q, const struct match_value *all, size_t n,
                         size_t step)
{
    struct bytes key = q->t->tree->path[step].key;

    if (q->t->tree->path[step].kind != PATTERN_KEY)
        return false;
    for (size_t i = 0; i < n; i++)
        if (bytes_equal(all[i].key, key) && walk(q, &all[i], step + 1))
            return true; /* an event may have a property twice */
    return false;
}

static bool walk_list(const struct asking *q, const struct match_value *v, size_t step)
{
    const struct pattern_step *s = &q->t->tree->path[step];

    if (s->kind == PATTERN_INDEX)
        return s->index >= 0 && (uint64_t)s->index < v->n && walk(q, &v->items[s->index], step + 1);
    for (size_t i = 0; s->kind == PATTERN_ANY_INDEX && i < v->n; i++)
        if (walk(q, &v->items[i], step + 1))
            return true;
    return false;
}

/* Does some value that the rest of the path names satisfy the comparison? */
static bool walk(const struct asking *q, const struct match_value *v, size_t step)
{
    if (step == q->t->tree->steps)
        return match_holds(q->t, v, q->room);
    if (v->kind == MATCH_MEMBERS)
        return walk_members(q, v->items, v->n, step);
    if (v->kind == MATCH_LIST)
        return walk_list(q, v, step);
    if (v->kind == MATCH_REF && v->integer >= 0 && (uint64_t)v->integer < q->o->n)
        return walk_members(q, q->o->objects[v->integer].members, q->o->objects[v->integer].n,
                            step);
    return false;
}

static bool compare_holds(const struct match_compare *t, const struct match_observation *o,
                          const struct match_object *object, struct match_room *room)
{
    struct asking q = {o, t, room};
    bool found;

    if (!bytes_equal(t->tree->object_type, object->type))
        return false;
    found = walk_members(&q, object->members, object->n, 0);
    return t->tree->op == PATTERN_EXISTS ? found != t->tree->negated : found;
}

static bool test_holds(const struct match_test *t, const struct match_observation *o,
                       const struct match_object *object, struct match_room *room)
{
    if (t->kind == PATTERN_COMPARE)
        return compare_holds(&t->compare, o, object, room);
    for (const struct match_test *c = t->child; c; c = c->next)
        if (test_holds(c, o, object, room) == (t->kind == PATTERN_OR))
            return t->kind == PATTERN_OR;
    return t->kind == PATTERN_AND;
}

bool match_leaf(const struct match *m, size_t leaf, const struct match_observation *o,
                struct match_room *room)
{
    for (size_t i = 0; i < o->roots; i++)
        if (test_holds(m->tests[leaf], o, &o->objects[i], room))
            return true;
    return false;
}

enum match_verdict match_all(const struct match *m, const struct match_observation *o, size_t n,
                             struct match_room *room)
{
    struct match_seen *seen = calloc(n + 1, sizeof *seen);
    enum match_verdict v;

    if (!seen)
        return MATCH_UNKNOWN;
    for (size_t i = 0; i < n; i++) {
        seen[i] = (struct match_seen){0, o[i].first_us, o[i].last_us, o[i].number};
        for (size_t leaf = 0; leaf < m->leaves; leaf++)
            seen[i].leaves |= (uint64_t)match_leaf(m, leaf, &o[i], room) << leaf;
    }
    v = match_bind(m, seen, n, NULL, NULL, room);
    free(seen);
    return v;
}
