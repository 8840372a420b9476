/* What became of a file: shared by type, blocked by clause, odd by kind; each once, with its count
 * and first example. */
#include "cli/share.h"
#include "stix/json.h"

bool tally_add(struct tally *t, struct cli *c, struct bytes text, struct bytes first, struct err *e)
{
    size_t i = 0;

    t->total++;
    while (i < t->n && !bytes_are(text, t->row[i].text))
        i++;
    if (i == TALLY_ROWS)
        i--;
    else if (i == t->n) {
        t->row[i].text =
            i + 1 == TALLY_ROWS ? tr(c, "other reasons") : arena_string(c->arena, text, e);
        t->row[i].first = first.n ? shown_short(c, first, 120) : NULL;
        if (!t->row[i].text)
            return false;
        t->n++;
    }
    t->row[i].count++;
    return true;
}

/* ---- for people ---- */

/* Head and text are looked up. */
static void share_line(struct sharing *s, const char *head, uint64_t count, const char *text,
                       const char *first)
{
    struct buf b = buf_in(s->c->arena);
    const char *label;

    buf_label(&b, s->c->words, head, 10);
    label = buf_string(&b, NULL);
    fprintf(s->c->out, "  %s%9s  %s\n", label ? label : "", shown_count(s->c, count),
            tr(s->c, text));
    if (first && *first) {
        fprintf(s->c->out, "%23s", "");
        say(s->c, "first: %s\n", first);
    }
}

static void say_left_out(struct sharing *s)
{
    const struct stix_import_type *rows;
    size_t n = stix_import_not_carried(s->import, &rows);
    struct buf b = buf_in(s->c->arena);
    uint64_t total = 0;
    const char *text;

    for (size_t i = 0; i < n; i++) {
        total += rows[i].count;
        if (i < 8)
            buf_format(&b, "%s%s %s", i ? ", " : "", shown(s->c, bytes_text(rows[i].name)),
                       shown_count(s->c, rows[i].count));
    }
    if (n > 8)
        buf_format(&b, tr(s->c, ", and %zu other types"), n - 8);
    if (n && (text = buf_string(&b, NULL)))
        share_line(s, "left out", total, "of types that have no plain indicator", text);
}

static void say_warnings(struct sharing *s)
{
    const struct stix_warnings *w = stix_import_warnings(s->import);

    for (int k = 0; k < STIX_WARNINGS; k++)
        if (w->of[k].count && k != STIX_W_NOT_CARRIED)
            share_line(s, "note", w->of[k].count, stix_warning_text((enum stix_warning)k),
                       w->of[k].first);
}

void share_report(struct sharing *s)
{
    struct cli *c = s->c;

    fprintf(c->out, "%s: %s\n", input_name(c, s->path),
            stix_format_name(stix_import_format(s->import)));
    for (size_t i = 0; i < s->types.n; i++)
        share_line(s, s->said ? N_("shared") : N_("to share"), s->types.row[i].count,
                   s->types.row[i].text, NULL);
    for (size_t i = 0; i < s->blocked.n; i++)
        share_line(s, "blocked", s->blocked.row[i].count, s->blocked.row[i].text,
                   s->blocked.row[i].first);
    say_left_out(s);
    say_warnings(s);
    if (s->said)
        say(c, "  act       %.*s/%llu  %s under %.8s\n", BYTES_FMT(node_slug(c->node)),
            (unsigned long long)s->placed.index, shown_hash(c, &s->placed.text_hash, 8),
            record_id(s->record));
    else if (s->types.total)
        remark(c, "  Nothing was shared: this was a dry run.\n");
    else
        remark(c, "  Nothing was shared.\n");
    if (s->unmarked)
        remark(c, "  What carries no marking is shared only with --tlp LABEL.\n");
}

/* ---- for machines ---- */

static struct json *rows_of(struct json_maker *m, const struct tally *t)
{
    struct json *list = json_new_array(m);

    for (size_t i = 0; i < t->n; i++) {
        struct json *o = json_new_object(m);
        json_set_text(m, o, "what", t->row[i].text);
        json_set_integer(m, o, "count", (int64_t)t->row[i].count);
        if (t->row[i].first)
            json_set_text(m, o, "first", t->row[i].first);
        json_add(m, list, o);
    }
    return list;
}

static struct json *warnings_of(struct json_maker *m, const struct stix_warnings *w)
{
    struct json *list = json_new_array(m);

    for (int k = 0; k < STIX_WARNINGS; k++)
        if (w->of[k].count) {
            struct json *o = json_new_object(m);
            json_set_text(m, o, "what", stix_warning_text((enum stix_warning)k));
            json_set_integer(m, o, "count", (int64_t)w->of[k].count);
            json_set_text(m, o, "first", w->of[k].first);
            json_add(m, list, o);
        }
    return list;
}

bool share_report_json(struct sharing *s, struct err *e)
{
    struct json_maker m = json_maker(s->c->arena);
    struct json *o = json_new_object(&m), *act;

    json_set_text(&m, o, "file", input_name(s->c, s->path));
    json_set_text(&m, o, "format", stix_format_name(stix_import_format(s->import)));
    json_set_text(&m, o, "agreement", record_id(s->record));
    json_set_integer(&m, o, "objects", (int64_t)s->types.total);
    json_set_integer(&m, o, "blocked", (int64_t)s->blocked.total);
    json_set(&m, o, "types", rows_of(&m, &s->types));
    json_set(&m, o, "blocks", rows_of(&m, &s->blocked));
    json_set(&m, o, "warnings", warnings_of(&m, stix_import_warnings(s->import)));
    if (s->said) {
        act = json_set_object(&m, o, "act");
        json_set_integer(&m, act, "index", (int64_t)s->placed.index);
        json_set_text(&m, act, "hash", shown_hash(s->c, &s->placed.text_hash, 64));
    }
    return print_json(s->c, &m, o, e);
}
