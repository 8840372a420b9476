/* hunt: taking patterns, and the life of it all. */
#include "hunt/hunt_impl.h"

#include <stdlib.h>

struct hunt *hunt_new(const struct os *os, const struct hunt_options *o, struct err *e)
{
    struct hunt *h = calloc(1, sizeof *h);

    if (!h) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    h->os = os;
    h->options = *o;
    if (!h->options.memory_bytes)
        h->options.memory_bytes = LIMIT_HUNT_MEMORY;
    h->arena = arena_new(LIMIT_HUNT_PATTERNS);
    h->event = arena_new(LIMIT_HUNT_EVENT);
    h->room = h->arena && h->event ? match_room_new(e) : NULL;
    h->keys = h->room ? watch_builder_new(os, e) : NULL;
    if (!h->keys) {
        hunt_free(h);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    h->event_start = arena_mark(h->event);
    return h;
}

void hunt_free(struct hunt *h)
{
    if (!h)
        return;
    watch_scanner_free(h->scanner);
    watch_index_close(h->index);
    watch_builder_free(h->keys);
    for (size_t i = 0; i < h->n; i++) {
        match_free(h->patterns[i].match);
        window_wipe(&h->patterns[i].window);
    }
    match_room_free(h->room);
    free(h->patterns);
    free(h->notes);
    free(h->anchored.at);
    free(h->others.at);
    free(h->table);
    free(h->touched);
    free(h->some);
    free(h->some_at);
    arena_free(h->arena);
    arena_free(h->event);
    free(h);
}

/* ---- notes -------------------------------------------------------------------------------------
 */

bool hunt_note_add(struct hunt *h, const struct hunt_pattern *p, bool refused, const char *what,
                   struct err *e)
{
    if (h->notes_n == h->notes_cap) {
        size_t cap = h->notes_cap ? 2 * h->notes_cap : 64;
        struct hunt_note *more = realloc(h->notes, cap * sizeof *more);
        if (!more)
            return err_fail(e, ERR_NOMEM, "out of memory");
        h->notes = more;
        h->notes_cap = cap;
    }
    h->notes[h->notes_n++] = (struct hunt_note){p->ref, p->text, refused, what};
    h->counts.notes++;
    return true;
}

bool hunt_note_next(const struct hunt *h, size_t *at, struct hunt_note *out)
{
    if (*at >= h->notes_n)
        return false;
    *out = h->notes[(*at)++];
    return true;
}

/* ---- what logs cannot give
 * ----------------------------------------------------------------------- */

/* The path's keys joined with '/'. */
static struct bytes keys_of(const struct pattern *p, char *to, size_t cap)
{
    size_t n = 0;

    for (size_t i = 0; i < p->steps; i++) {
        struct bytes key = p->path[i].key;
        if (p->path[i].kind != PATTERN_KEY || key.n + 1 > cap - n)
            continue;
        if (n)
            to[n++] = '/';
        memcpy(to + n, key.p, key.n);
        n += key.n;
    }
    return bytes_of(to, n);
}

static bool is_given(const struct pattern *p)
{
    char keys[512];

    if (p->op == PATTERN_EXISTS && p->negated)
        return watch_event_gives(p->object_type, (struct bytes){0});
    return watch_event_gives(p->object_type, keys_of(p, keys, sizeof keys));
}

/* Say which comparison it is that never holds. */
static bool note_path(struct hunt *h, const struct hunt_pattern *of, const struct pattern *p,
                      const char **what, struct err *e)
{
    struct bytes path;

    if (!pattern_print_path(p, h->arena, &path, e))
        return false;
    *what = arena_format(h->arena, e, "no log gives %.*s:%.*s", BYTES_FMT(p->object_type),
                         BYTES_FMT(path));
    return *what && hunt_note_add(h, of, false, *what, e);
}

/* Could it hold, with what logs give? Notes each part that could not. */
static bool possible(struct hunt *h, const struct hunt_pattern *of, const struct pattern *p,
                     const char **what, struct err *e)
{
    bool any = p->kind == PATTERN_OR || p->kind == PATTERN_ANY_OF, some = false, all = true;

    if (p->kind == PATTERN_COMPARE)
        return is_given(p) || (note_path(h, of, p, what, e) && false);
    for (const struct pattern *c = p->child; c; c = c->next) {
        bool yes = possible(h, of, c, what, e);
        some |= yes;
        all &= yes;
    }
    return any ? some : all;
}

/* ---- patterns -----------------------------------------------------------------------------------
 */

static bool grow(struct hunt *h, struct err *e)
{
    size_t cap = h->cap ? 2 * h->cap : 64;
    struct pattern_in_hunt *more;

    if (h->n < h->cap)
        return true;
    more = realloc(h->patterns, cap * sizeof *more);
    if (!more)
        return err_fail(e, ERR_NOMEM, "out of memory");
    h->patterns = more;
    h->cap = cap;
    return true;
}

static bool take(struct hunt *h, const struct hunt_pattern *p, struct err *e)
{
    const struct pattern *tree = pattern_parse(p->text, h->arena, e);
    const char *what = "it can never hold";
    struct match *m;

    if (!tree || !grow(h, e))
        return false;
    if (!possible(h, p, tree, &what, e))
        return err_fail(e, ERR_INPUT, "%s", what);
    m = match_new(tree, h->arena, e);
    if (!m)
        return false;
    h->patterns[h->n] = (struct pattern_in_hunt){.p = *p, .match = m};
    h->n++;
    h->counts.patterns++;
    return anchor_pattern(h, (uint32_t)(h->n - 1), e);
}

bool hunt_add(struct hunt *h, const struct hunt_pattern *p, struct err *e)
{
    struct hunt_pattern mine = *p;
    struct err why = err_like(e);
    const char *what;

    if (h->scanner)
        return err_fail(e, ERR_INPUT, "the hunt has begun: no more patterns");
    if (!arena_copy(h->arena, p->text, &mine.text, &why) || !take(h, &mine, &why)) {
        h->counts.refused++;
        what = why.code == ERR_NOMEM ? NULL : arena_format(h->arena, NULL, "%s", why.text);
        hunt_note_add(h, &mine, true, what ? what : "out of memory", NULL);
        return err_pass(e, &why);
    }
    return true;
}

/* ---- scanning -----------------------------------------------------------------------------------
 */

/* About what one remembered event takes, its line cut. */
#define EVENT_BYTES (sizeof(struct memory) + LIMIT_HUNT_LINE + 128 + sizeof(struct match_seen) + 16)

static bool ready(struct hunt *h, struct err *e)
{
    struct bytes file;

    h->window_most = h->options.memory_bytes / EVENT_BYTES / (h->n ? h->n : 1);
    if (h->window_most > LIMIT_HUNT_WINDOW)
        h->window_most = LIMIT_HUNT_WINDOW;
    h->touched = calloc(h->n + 1, sizeof *h->touched);
    h->some = calloc(LIMIT_HUNT_WINDOW + 1, sizeof *h->some);
    h->some_at = calloc(LIMIT_HUNT_WINDOW + 1, sizeof *h->some_at);
    if (!h->touched || !h->some || !h->some_at)
        return err_fail(e, ERR_NOMEM, "out of memory");
    if (!anchor_table(h, e) || !watch_builder_encode(h->keys, h->arena, &file, NULL, e))
        return false;
    h->index = watch_index_of(file, e);
    return h->index != NULL;
}

struct watch_scanner *hunt_scanner(struct hunt *h, struct err *e)
{
    struct watch_options o = {
        .format = h->options.format, .kernel = h->options.kernel, .self = h, .event = hunt_event};

    if (h->scanner)
        return h->scanner;
    if (!h->index && !ready(h, e))
        return NULL;
    h->counts.every_line |= h->options.every_line;
    o.every_line = h->counts.every_line;
    h->scanner = watch_scanner_new(h->index, &o, e);
    return h->scanner;
}

void hunt_source(struct hunt *h, struct bytes name)
{
    h->source_n = name.n < sizeof h->source ? name.n : sizeof h->source;
    memcpy(h->source, name.p, h->source_n);
}

void hunt_counts(const struct hunt *h, struct hunt_counts *out)
{
    const struct match_odd *odd = match_room_odd(h->room);
    struct watch_counts lines = {0};

    *out = h->counts;
    if (h->scanner)
        watch_scanner_counts(h->scanner, &lines);
    out->lines = lines.lines;
    out->undecided = odd->costly + odd->undecided;
    for (size_t i = 0; i < h->n; i++)
        out->remembered += h->patterns[i].window.n;
}

bool hunt_field_next(size_t *at, struct hunt_field *out)
{
    struct watch_event_field f;

    if (!watch_event_map(at, &f))
        return false;
    *out = (struct hunt_field){f.log, f.of, f.field, f.type, f.path};
    return true;
}
