/* window: what a pattern remembers of the events that some part of it holds for. */
#include "hunt/hunt_impl.h"

#include <stdlib.h>

/* ---- lines
 * ---------------------------------------------------------------------------------------- */

static struct memory *memory_new(const struct hunt *h, const struct watch_event *ev)
{
    size_t line_n = ev->line.n < LIMIT_HUNT_LINE ? ev->line.n : LIMIT_HUNT_LINE;
    size_t log_n = ev->log.n < 128 ? ev->log.n : 128;
    struct memory *m = malloc(sizeof *m + h->source_n + line_n + log_n);

    if (!m)
        return NULL;
    *m = (struct memory){1,
                         ev->line_number,
                         ev->line_offset,
                         ev->event_us,
                         (uint32_t)h->source_n,
                         (uint32_t)line_n,
                         (uint32_t)log_n};
    memcpy(m->text, h->source, h->source_n);
    memcpy(m->text + h->source_n, ev->line.p, line_n);
    if (log_n)
        memcpy(m->text + h->source_n + line_n, ev->log.p, log_n);
    return m;
}

void memory_drop(struct memory *m)
{
    if (m && --m->holders == 0)
        free(m);
}

static struct hunt_line line_of(const struct memory *m)
{
    return (struct hunt_line){.source = bytes_of(m->text, m->source_n),
                              .line = bytes_of(m->text + m->source_n, m->line_n),
                              .log = bytes_of(m->text + m->source_n + m->line_n, m->log_n),
                              .line_number = m->line_number,
                              .line_offset = m->line_offset,
                              .event_us = m->event_us};
}

/* ---- the window
 * ------------------------------------------------------------------------------------ */

void window_wipe(struct window *w)
{
    for (size_t i = 0; i < w->n; i++)
        memory_drop(w->memory[i]);
    free(w->seen);
    free(w->memory);
    *w = (struct window){0};
}

/* Take those out that `out` says; the others keep their order. */
static void window_remove(struct window *w, const bool *out)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++) {
        if (out[i]) {
            memory_drop(w->memory[i]);
            continue;
        }
        w->seen[n] = w->seen[i];
        w->memory[n++] = w->memory[i];
    }
    w->n = n;
}

static bool apart(int64_t from, int64_t to, int64_t most)
{
    int64_t d;

    return from < to && (__builtin_sub_overflow(to, from, &d) || d > most);
}

/* Events that can be in no match with the new one, nor with later ones. */
static size_t remove_expired(struct window *w, int64_t now_us, int64_t span_us)
{
    bool out[LIMIT_HUNT_WINDOW] = {false};
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += out[i] = apart(w->seen[i].last_us, now_us, span_us);
    window_remove(w, out);
    return n;
}

/* The oldest of those that there are most of: what is frequent does not drive out what is rare. */
static void remove_one(struct window *w)
{
    bool out[LIMIT_HUNT_WINDOW] = {false};
    size_t counts[LIMIT_MATCH_LEAVES] = {0}, best = 0;

    for (size_t i = 0; i < w->n; i++)
        counts[__builtin_ctzll(w->seen[i].leaves)]++;
    for (size_t i = 1; i < LIMIT_MATCH_LEAVES; i++)
        if (counts[i] > counts[best])
            best = i;
    for (size_t i = 0; i < w->n; i++)
        if ((size_t)__builtin_ctzll(w->seen[i].leaves) == best) {
            out[i] = true;
            break;
        }
    window_remove(w, out);
}

static bool window_room(struct hunt *h, struct pattern_in_hunt *p, int64_t now_us)
{
    struct window *w = &p->window;
    size_t least = match_least(p->match), most = least > h->window_most ? least : h->window_most;
    size_t cap = w->cap ? 2 * w->cap : 4;

    if (w->n < w->cap)
        return true;
    if (w->cap < most) {
        struct match_seen *seen = realloc(w->seen, cap * sizeof *seen);
        struct memory **memory = seen ? realloc(w->memory, cap * sizeof(struct memory *)) : NULL;
        w->seen = seen ? seen : w->seen;
        w->memory = memory ? memory : w->memory;
        w->cap = memory ? (cap < most ? cap : most) : w->cap;
        return memory != NULL;
    }
    if (remove_expired(w, now_us, match_span_us(p->match)) == 0) {
        remove_one(w);
        h->counts.forgotten++;
    }
    return true;
}

/* ---- a match
 * --------------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    const struct hunt_line *x = a, *y = b;

    return (x->event_us > y->event_us) - (x->event_us < y->event_us);
}

static bool give(struct hunt *h, struct pattern_in_hunt *p, const bool *bound, size_t events)
{
    struct hunt_line lines[HUNT_LINES_MOST];
    struct hunt_found found = {
        .ref = p->p.ref, .pattern = p->p.text, .lines = lines, .events = events};

    for (size_t i = 0; i < p->window.n && found.n < HUNT_LINES_MOST; i++)
        if (bound[i])
            lines[found.n++] = line_of(p->window.memory[i]);
    qsort(lines, found.n, sizeof *lines, by_time);
    h->counts.found++;
    return !h->options.found || h->options.found(h->options.self, &found);
}

/* The part of the window that can be in one match with the newest event. */
static size_t near_newest(struct hunt *h, const struct pattern_in_hunt *p)
{
    const struct window *w = &p->window;
    const struct match_seen *newest = &w->seen[w->n - 1];
    int64_t span = match_span_us(p->match);
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        if (!apart(w->seen[i].last_us, newest->first_us, span) &&
            !apart(newest->last_us, w->seen[i].first_us, span)) {
            h->some[n] = w->seen[i];
            h->some_at[n++] = (uint32_t)i;
        }
    return n;
}

static bool try_match(struct hunt *h, struct pattern_in_hunt *p)
{
    bool out[LIMIT_HUNT_WINDOW] = {false};
    uint32_t bound[LIMIT_HUNT_WINDOW];
    size_t n = near_newest(h, p), bound_n = LIMIT_HUNT_WINDOW;
    bool ok;

    if (match_bind(p->match, h->some, n, bound, &bound_n, h->room) != MATCH_YES)
        return true;
    for (size_t i = 0; i < bound_n; i++)
        out[h->some_at[bound[i]]] = true;
    ok = give(h, p, out, bound_n);
    window_remove(&p->window, out);
    return ok;
}

bool window_event(struct hunt *h, struct pattern_in_hunt *p, const struct watch_event *ev,
                  struct memory **memory)
{
    struct window *w = &p->window;

    if (!*memory)
        *memory = memory_new(h, ev);
    if (!*memory || !window_room(h, p, ev->event_us)) {
        h->counts.forgotten++;
        return true;
    }
    w->seen[w->n] = (struct match_seen){p->leaves, ev->event_us, ev->end_us, 1};
    w->memory[w->n++] = *memory;
    (*memory)->holders++;
    return try_match(h, p);
}
