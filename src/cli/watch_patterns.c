/* entente watch --patterns: patterns of several parts, over the lines of logs as events. */
#include "base/text.h"
#include "cli/watch.h"
#include "hunt/hunt.h"
#include "watch/input.h"

#define NOTES_SHOWN 20

struct hunting {
    struct cli *c;
    struct lookout *l;
    struct hunt *hunt;
    const char **id; /* by ref */
    size_t n, cap;
    uint64_t found;
    bool json;
};

static bool keep_id(struct hunting *h, const uint8_t uuid[16], struct err *e)
{
    struct uuid u;
    char *id = arena_get(h->c->arena, STIX_ID_MAX, e);

    if (!id)
        return false;
    if (h->n == h->cap) {
        size_t cap = h->cap ? 2 * h->cap : 64;
        const char **more = arena_get_array(h->c->arena, cap, sizeof *more, e);
        if (!more)
            return false;
        if (h->n)
            memcpy(more, h->id, h->n * sizeof *more);
        h->id = more;
        h->cap = cap;
    }
    memcpy(u.b, uuid, sizeof u.b);
    stix_id_print(id, "indicator", &u);
    h->id[h->n++] = id;
    return true;
}

/* What hunt does not take it counts and names by itself. */
static bool add_pattern(void *self, const struct lookout_indicator *in, struct err *e)
{
    struct hunting *h = self;
    struct hunt_pattern p = {.text = in->pattern, .ref = (uint32_t)h->n, .until = in->until};
    struct err why = {0};

    if (!in->pattern.n)
        return true;
    if (!keep_id(h, in->uuid, e))
        return false;
    if (hunt_add(h->hunt, &p, &why) || why.code != ERR_NOMEM)
        return true;
    *e = why;
    return false;
}

static bool found_json(struct hunting *h, const struct hunt_found *f)
{
    struct arena_mark mark = arena_mark(h->c->arena);
    struct json_maker m = json_maker(h->c->arena);
    struct json *o = json_new_object(&m), *lines = json_set_array(&m, o, "lines");
    struct err e;
    bool ok;

    json_set_text(&m, o, "indicator", h->id[f->ref]);
    json_set_string(&m, o, "pattern", f->pattern);
    json_set_integer(&m, o, "events", (int64_t)f->events);
    for (size_t i = 0; i < f->n; i++) {
        struct json *line = json_new_object(&m);
        json_set_text(&m, line, "source", shown(h->c, f->lines[i].source));
        json_set_integer(&m, line, "line", (int64_t)f->lines[i].line_number);
        json_set_text(&m, line, "text", shown(h->c, f->lines[i].line));
        json_add(&m, lines, line);
    }
    ok = print_json(h->c, &m, o, &e);
    arena_reset(h->c->arena, mark);
    return ok;
}

static bool show_found(void *self, const struct hunt_found *f)
{
    struct hunting *h = self;
    struct cli *c = h->c;
    struct arena_mark mark = arena_mark(c->arena);

    h->found++;
    if (h->json)
        return found_json(h, f);
    fprintf(c->out, "%s  %s\n", h->id[f->ref], shown_short(c, f->pattern, 120));
    for (size_t i = 0; i < f->n; i++)
        fprintf(c->out, "  %s:%llu: %s\n", shown(c, f->lines[i].source),
                (unsigned long long)f->lines[i].line_number, shown_short(c, f->lines[i].line, 160));
    if (f->events > f->n)
        say(c, "  and %s lines more\n", shown_count(c, f->events - f->n));
    arena_reset(c->arena, mark);
    return true;
}

static void show_notes(struct hunting *h)
{
    struct cli *c = h->c;
    struct hunt_counts n;
    struct hunt_note note;
    size_t at = 0, shown_n = 0;

    hunt_counts(h->hunt, &n);
    fprintf(words(c),
            trn(c, "%s match of a pattern; patterns looked for: %s, not supported: %s.\n",
                "%s matches of patterns; patterns looked for: %s, not supported: %s.\n", h->found),
            shown_count(c, h->found), shown_count(c, n.patterns), shown_count(c, n.refused));
    while (hunt_note_next(h->hunt, &at, &note) && shown_n++ < NOTES_SHOWN)
        fprintf(c->err, "  %s: %s: %s\n", h->id[note.ref], shown_short(c, note.pattern, 80),
                note.what);
    if (n.notes > NOTES_SHOWN)
        remark(c, "  and %s notes more\n", shown_count(c, n.notes - NOTES_SHOWN));
    if (n.undecided)
        remark(c, "  Questions that were too costly and stayed open: %s.\n",
               shown_count(c, n.undecided));
    if (n.forgotten)
        remark(c, "  Lines that were forgotten for lack of room: %s.\n",
               shown_count(c, n.forgotten));
}

/* Of lists. */
static bool gather(struct hunting *h, struct err *e)
{
    struct lookout_policy p;
    struct lookout_report r;

    return watch_policy(h->c, &p, e) && (h->l = lookout_new(h->c->os, e)) &&
           watch_add_lists(h->c, h->l, e) && lookout_each(h->l, &p, true, add_pattern, h, &r, e);
}

static bool read_line(struct hunting *h, struct bytes line, struct err *e)
{
    struct arena *a = arena_new(line.n * 32 + 65536);
    const struct json *v = a ? json_parse(line, a, e) : NULL;
    struct lookout_indicator in = {0};
    struct bytes id, type;
    struct uuid u;
    bool ok = v && json_get_string(v, "pattern", &in.pattern, e) &&
              json_get_string(v, "id", &id, e) && json_get_integer(v, "until", &in.until, e) &&
              (stix_id_parse(id, &type, &u) || err_fail(e, ERR_INPUT, "not an id"));

    in.uuid = u.b;
    ok = ok && add_pattern(h, &in, e);
    arena_free(a);
    return ok;
}

/* What was written down beside a compiled index. */
static bool read_beside(struct hunting *h, const char *index, struct err *e)
{
    struct arena *a = arena_new((size_t)1 << 30);
    char *path = a ? arena_format(a, e, "%s.patterns", index) : NULL;
    struct bytes text, line;
    bool ok = path && os_read_file(h->c->os, path, (size_t)512 << 20, a, &text, e);

    while (ok && bytes_next_line(&text, &line))
        ok = read_line(h, line, e) || err_within(e, "%s", path);
    arena_free(a);
    return ok;
}

bool watch_patterns(struct cli *c, const char *index, const char *const *paths, size_t n,
                    enum watch_format format, bool json, uint64_t *found, uint64_t *failed,
                    struct err *e)
{
    struct hunting h = {.c = c, .json = json};
    struct hunt_options o = {.format = format, .found = show_found, .self = &h};
    struct watch_scanner *s = NULL;
    struct watch_input *in = NULL;
    bool ok =
        (h.hunt = hunt_new(c->os, &o, e)) && (index ? read_beside(&h, index, e) : gather(&h, e)) &&
        (h.n == 0 || (s = hunt_scanner(h.hunt, e))) && (!s || (in = watch_input_new(c->os, s, e)));

    for (size_t i = 0; ok && in && i < n; i++) {
        struct err why = {0};
        if (!strcmp(paths[i], "-"))
            continue; /* it has been read already */
        hunt_source(h.hunt, bytes_text(paths[i]));
        if (watch_input_file(in, paths[i], &why))
            continue;
        *failed += 1;
        if (why.code == ERR_NOMEM || why.code == ERR_DENIED) {
            *e = why;
            ok = false;
        }
    }
    if (ok)
        show_notes(&h);
    *found = h.found;
    watch_input_free(in);
    hunt_free(h.hunt);
    lookout_free(h.l);
    return ok;
}
