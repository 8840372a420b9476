/* observe: an event as an observation, and the patterns that it may concern. */
#include "hunt/hunt_impl.h"

#include "base/text.h"

/* ---- facts to a tree
 * ------------------------------------------------------------------------------ */

/* A fact, and where in its path we are. */
struct at_fact {
    const struct watch_fact *f;
    const char *path;
};

static enum match_kind kind_of(enum watch_fact_kind kind)
{
    static const enum match_kind kinds[] = {
        [WATCH_FACT_TEXT] = MATCH_STRING,     [WATCH_FACT_NAME] = MATCH_NAME,
        [WATCH_FACT_ADDRESS] = MATCH_ADDRESS, [WATCH_FACT_INTEGER] = MATCH_INTEGER,
        [WATCH_FACT_NUMBER] = MATCH_FLOAT,    [WATCH_FACT_TIME] = MATCH_TIME,
        [WATCH_FACT_REF] = MATCH_REF,
    };
    return kinds[kind];
}

static struct match_value leaf_value(const struct watch_fact *f)
{
    return (struct match_value){
        .kind = kind_of(f->kind), .text = f->text, .integer = f->integer, .number = f->number};
}

static struct match_value *members(struct arena *a, struct at_fact *f, size_t n, size_t *out_n);

/* What n facts whose path has the same next key of `key_n` characters are together. */
static bool value_of(struct arena *a, struct at_fact *f, size_t n, size_t key_n,
                     struct match_value *out)
{
    bool list = key_n > 2 && f->path[key_n - 1] == ']', deep = f->path[key_n] == '/';
    struct bytes key = bytes_of(f->path, list ? key_n - 2 : key_n);
    struct match_value *items = deep || list ? arena_get_array(a, n, sizeof *items, NULL) : NULL;

    if (!deep && !list) {
        *out = leaf_value(f->f);
        out->key = key;
        return true;
    }
    for (size_t i = 0; i < n; i++)
        f[i].path += key_n + deep;
    if (!items)
        return false;
    *out = (struct match_value){.kind = MATCH_MEMBERS, .key = key};
    if (deep) {
        out->items = members(a, f, n, &out->n);
        if (!list || !out->items)
            return out->items != NULL;
        *items = *out;
        *out = (struct match_value){.kind = MATCH_LIST, .key = key, .items = items, .n = 1};
        return true;
    }
    for (size_t i = 0; i < n; i++)
        items[i] = leaf_value(f[i].f);
    *out = (struct match_value){.kind = MATCH_LIST, .key = key, .items = items, .n = n};
    return true;
}

/* Bring facts with the same next key as the first one to the front; how many they are. Those that
 * end with this key stay by themselves: a property may be there twice. */
static size_t group(struct at_fact *f, size_t n, size_t key_n)
{
    size_t same = 1;

    if (f->path[key_n] != '/' && f->path[key_n - 1] != ']')
        return 1;
    for (size_t i = 1; i < n; i++)
        if (f[i].path == f->path ||
            (!strncmp(f[i].path, f->path, key_n) && strcspn(f[i].path, "/") == key_n)) {
            struct at_fact swap = f[same];
            f[same++] = f[i];
            f[i] = swap;
        }
    return same;
}

static struct match_value *members(struct arena *a, struct at_fact *f, size_t n, size_t *out_n)
{
    struct match_value *all = arena_get_array(a, n, sizeof *all, NULL);
    size_t m = 0;

    while (all && n) {
        size_t key_n = strcspn(f->path, "/"), same = group(f, n, key_n);
        if (!value_of(a, f, same, key_n, &all[m++]))
            return NULL;
        f += same;
        n -= same;
    }
    *out_n = m;
    return all;
}

/* Facts of one object, from all of the event's. */
static bool object_of(struct hunt *h, const struct watch_event *ev, size_t object,
                      const uint16_t *next, size_t first, struct match_object *out)
{
    struct at_fact *f;
    size_t n = 0;

    for (size_t i = first; i < ev->n; i = next[i])
        n++;
    f = arena_get_array(h->event, n, sizeof *f, NULL);
    if (!f)
        return false;
    n = 0;
    for (size_t i = first; i < ev->n; i = next[i])
        f[n++] = (struct at_fact){&ev->facts[i], ev->facts[i].path};
    out->type = bytes_text(ev->types[object]);
    out->members = members(h->event, f, n, &out->n);
    return out->members != NULL;
}

/* NULL: there is no memory for an event of this size. */
static struct match_observation *observe(struct hunt *h, const struct watch_event *ev)
{
    struct match_observation *o = arena_get(h->event, sizeof *o, NULL);
    struct match_object *objects = arena_get_array(h->event, ev->objects, sizeof *objects, NULL);
    size_t *first = arena_get_array(h->event, ev->objects, sizeof *first, NULL);
    uint16_t next[LIMIT_WATCH_FACTS];

    if (!o || !objects || !first)
        return NULL;
    for (size_t i = 0; i < ev->objects; i++)
        first[i] = LIMIT_WATCH_FACTS;
    for (size_t i = ev->n; i-- > 0;) {
        next[i] = (uint16_t)first[ev->facts[i].object];
        first[ev->facts[i].object] = i;
    }
    for (size_t i = 0; i < ev->objects; i++)
        if (!object_of(h, ev, i, next, first[i], &objects[i]))
            return NULL;
    *o = (struct match_observation){objects, ev->objects, ev->objects, ev->event_us, ev->end_us, 1};
    return o;
}

/* ---- asking
 * --------------------------------------------------------------------------------------- */

struct asked {
    struct hunt *h;
    const struct watch_event *ev;
    struct match_observation *o; /* made when it is needed first */
    bool failed;
};

static void ask(struct asked *a, const struct question *q)
{
    struct hunt *h = a->h;
    struct pattern_in_hunt *p = &h->patterns[q->pattern];

    if (p->asked == h->event_number && p->leaves >> q->leaf & 1)
        return;
    if (!a->o && !a->failed) {
        a->o = observe(h, a->ev);
        a->failed = !a->o;
    }
    if (!a->o || !match_leaf(p->match, q->leaf, a->o, h->room))
        return;
    if (p->asked != h->event_number) {
        p->asked = h->event_number;
        p->leaves = 0;
        h->touched[h->touched_n++] = q->pattern;
    }
    p->leaves |= UINT64_C(1) << q->leaf;
}

static void ask_anchored(struct asked *a, struct bytes value)
{
    struct hunt *h = a->h;
    uint64_t hash = anchor_hash(value);

    for (size_t at = hash & (h->table_size - 1); h->table[at]; at = (at + 1) & (h->table_size - 1))
        if (h->anchored.at[h->table[at] - 1].hash == hash)
            ask(a, &h->anchored.at[h->table[at] - 1]);
}

static bool has_type(const struct watch_event *ev, struct bytes type)
{
    for (size_t i = 0; i < ev->objects; i++)
        if (bytes_are(type, ev->types[i]))
            return true;
    return type.n == 0;
}

static bool in_force(const struct hunt_pattern *p, int64_t us)
{
    return us == 0 || ((p->from == 0 || us / US_PER_S >= p->from) &&
                       (p->until == 0 || us / US_PER_S < p->until));
}

bool hunt_event(void *self, const struct watch_event *given)
{
    struct hunt *h = self;
    struct watch_event ev = *given;
    struct asked a = {.h = h, .ev = &ev};
    struct memory *memory = NULL;
    bool ok = true;

    if (ev.n == 0)
        return true;
    if (ev.event_us == 0) /* a line without a time happened when the one before it did */
        ev.event_us = ev.end_us = h->last_us;
    h->last_us = ev.event_us;
    h->counts.events++;
    h->event_number++;
    h->touched_n = 0;
    for (size_t i = 0; i < ev.n && h->anchored.n; i++)
        if (ev.facts[i].text.n)
            ask_anchored(&a, ev.facts[i].text);
    for (size_t i = 0; i < h->others.n; i++)
        if (has_type(&ev, h->others.at[i].type))
            ask(&a, &h->others.at[i]);
    for (size_t i = 0; ok && i < h->touched_n; i++)
        if (in_force(&h->patterns[h->touched[i]].p, ev.event_us))
            ok = window_event(h, &h->patterns[h->touched[i]], &ev, &memory);
    memory_drop(memory);
    arena_reset(h->event, h->event_start);
    return ok;
}
