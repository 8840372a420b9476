/* tally: an open table by indicator. */
#include "watch/tally.h"

#include "base/limits.h"

#include <stdlib.h>

struct slot {
    struct watch_seen seen;
    uint64_t last_line; /* the line counted last, by its offset: a repeat is no new line */
    bool used;
};

struct watch_tally {
    struct slot *slots;
    size_t n, cap; /* cap: a power of two */
    struct watch_seen *sorted;
    struct arena *texts;
    uint64_t left_out;
};

#define TEXTS_MOST ((size_t)1 << 30)

struct watch_tally *watch_tally_new(struct err *e)
{
    struct watch_tally *t = calloc(1, sizeof *t);

    if (t)
        t->texts = arena_new(TEXTS_MOST);
    if (t && t->texts)
        return t;
    free(t);
    err_fail(e, ERR_NOMEM, "out of memory");
    return NULL;
}

void watch_tally_free(struct watch_tally *t)
{
    if (!t)
        return;
    arena_free(t->texts);
    free(t->slots);
    free(t->sorted);
    free(t);
}

/* The same indicator may have another id in the next index: go by what it is. */
static uint64_t hash_of(const struct watch_indicator *in)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ in->ref;

    for (size_t i = 0; i < in->value.n; i++)
        h = (h ^ in->value.p[i]) * UINT64_C(0x100000001b3);
    h = (h ^ (uint64_t)in->kind) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

static bool same(const struct watch_indicator *a, const struct watch_indicator *b)
{
    return a->kind == b->kind && a->ref == b->ref && bytes_equal(a->value, b->value) &&
           bytes_equal(a->origin, b->origin);
}

static struct slot *slot_of(struct slot *slots, size_t cap, const struct watch_indicator *in)
{
    size_t i = hash_of(in) & (cap - 1);

    while (slots[i].used && !same(&slots[i].seen.indicator, in))
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static bool grow(struct watch_tally *t)
{
    size_t cap = t->cap ? 2 * t->cap : 1024;
    struct slot *slots = calloc(cap, sizeof *slots);

    if (!slots)
        return false;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].used)
            *slot_of(slots, cap, &t->slots[i].seen.indicator) = t->slots[i];
    free(t->slots);
    t->slots = slots;
    t->cap = cap;
    return true;
}

/* The slot of this indicator, a new one if need be. NULL: no place, or no memory (*failed). */
static struct slot *slot_for(struct watch_tally *t, const struct watch_indicator *in, bool *failed)
{
    struct slot *s;
    struct watch_indicator *own;

    *failed = false;
    if (2 * (t->n + 1) > t->cap && !grow(t)) {
        *failed = true;
        return NULL;
    }
    s = slot_of(t->slots, t->cap, in);
    if (s->used)
        return s;
    if (t->n == LIMIT_WATCH_TALLY)
        return NULL;
    own = &s->seen.indicator;
    *own = *in;
    if (!arena_copy(t->texts, in->value, &own->value, NULL) ||
        !arena_copy(t->texts, in->origin, &own->origin, NULL) ||
        !arena_copy(t->texts, in->warned, &own->warned, NULL)) {
        memset(s, 0, sizeof *s);
        return NULL;
    }
    s->used = true;
    s->last_line = UINT64_MAX;
    s->seen.warned = in->warned.n > 0;
    t->n++;
    return s;
}

static void note_time(struct watch_seen *seen, int64_t first, int64_t last)
{
    if (first <= 0)
        return;
    if (!seen->first_us || first < seen->first_us)
        seen->first_us = first;
    if (last > seen->last_us)
        seen->last_us = last;
}

bool watch_tally_hit(void *self, const struct watch_hit *h)
{
    struct watch_tally *t = self;
    bool failed;
    struct slot *s = slot_for(t, h->indicator, &failed);

    if (!s) {
        t->left_out++;
        return !failed;
    }
    s->seen.id = h->id;
    s->seen.hits++;
    s->seen.exact += h->how == WATCH_EXACT;
    s->seen.parent += h->how == WATCH_PARENT;
    s->seen.prefix += h->how == WATCH_PREFIX;
    if (s->last_line != h->line_offset) {
        s->seen.lines++;
        s->last_line = h->line_offset;
        note_time(&s->seen, h->event_us, h->event_us);
    }
    return true;
}

bool watch_tally_merge(struct watch_tally *into, const struct watch_tally *from, struct err *e)
{
    for (size_t i = 0; i < from->cap; i++) {
        const struct watch_seen *seen = &from->slots[i].seen;
        struct slot *s;
        bool failed;
        if (!from->slots[i].used)
            continue;
        s = slot_for(into, &seen->indicator, &failed);
        if (failed)
            return err_fail(e, ERR_NOMEM, "out of memory");
        if (!s) {
            into->left_out += seen->hits;
            continue;
        }
        s->seen.lines += seen->lines;
        s->seen.hits += seen->hits;
        s->seen.exact += seen->exact;
        s->seen.parent += seen->parent;
        s->seen.prefix += seen->prefix;
        note_time(&s->seen, seen->first_us, seen->last_us);
    }
    into->left_out += from->left_out;
    return true;
}

static int by_lines(const void *a, const void *b)
{
    const struct watch_seen *x = a, *y = b;
    int order;

    if (x->lines != y->lines)
        return x->lines < y->lines ? 1 : -1;
    if (x->indicator.kind != y->indicator.kind)
        return x->indicator.kind < y->indicator.kind ? -1 : 1;
    order = bytes_compare(x->indicator.value, y->indicator.value);
    if (order)
        return order;
    return x->indicator.ref < y->indicator.ref ? -1 : x->indicator.ref > y->indicator.ref;
}

const struct watch_seen *watch_tally_sorted(struct watch_tally *t, size_t *n)
{
    struct watch_seen *all = realloc(t->sorted, (t->n + 1) * sizeof *all);

    *n = 0;
    if (!all)
        return NULL;
    t->sorted = all;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].used)
            all[(*n)++] = t->slots[i].seen;
    qsort(all, *n, sizeof *all, by_lines);
    return all;
}

uint64_t watch_tally_left_out(const struct watch_tally *t)
{
    return t->left_out;
}
