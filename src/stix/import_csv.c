/* CSV (RFC 4180, and what feeds make of it): columns by their names, or by what they hold. */
#include "base/limits.h"
#include "base/text.h"
#include "stix/import_impl.h"

/* ---- rows -------------------------------------------------------------------------------------
 */

/* How long the row at the front is, with its end of line; quotes may hold line feeds. SIZE_MAX:
 * it goes on beyond what is there. */
static size_t row_length(struct bytes v, char separator)
{
    bool quoted = false, start = true;

    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        if (quoted) {
            quoted = c != '"'; /* a doubled one closes and opens again */
        } else if (c == '\n') {
            return i + 1;
        } else if (c == '"' && (start || (i > 0 && v.p[i - 1] == '"'))) {
            quoted = true;
        }
        start = !quoted && (c == (uint8_t)separator || (start && (c == ' ')));
    }
    return SIZE_MAX;
}

/* The next row, whole. False: the end (*end), or *e. */
static bool next_row(struct stix_import *im, struct bytes *row, size_t *line, bool *end,
                     struct err *e)
{
    struct stream *s = &im->in;
    size_t n;

    *line = s->line;
    for (;;) {
        struct bytes v = stream_view(s);
        n = row_length(v, im->csv.separator);
        if (n != SIZE_MAX || s->ended)
            break;
        if (v.n >= LIMIT_IMPORT_ROW)
            return err_fail(e, ERR_LIMIT,
                            "line %zu: a row of more than %zu bytes: is a quote never closed?",
                            s->line, LIMIT_IMPORT_ROW);
        if (!stream_need(s, v.n + 1, e))
            return false;
    }
    *end = s->from == s->to;
    n = n == SIZE_MAX ? s->to - s->from : n;
    *row = bytes_part(stream_view(s), 0, n);
    stream_take(s, n);
    while (row->n && (row->p[row->n - 1] == '\n' || row->p[row->n - 1] == '\r'))
        row->n--;
    return true;
}

/* A quoted cell at *at, which moves behind it: doubled quotes become one. */
static bool quoted_cell(struct bytes row, size_t *at, char separator, struct arena *a,
                        struct bytes *out, struct err *e)
{
    uint8_t *to = arena_get(a, row.n - *at, e);
    size_t n = 0;

    if (!to)
        return false;
    for (++*at; *at < row.n; ++*at) {
        if (row.p[*at] == '"' && (*at + 1 == row.n || row.p[*at + 1] != '"'))
            break;
        *at += row.p[*at] == '"';
        to[n++] = row.p[*at];
    }
    while (*at < row.n && row.p[*at] != (uint8_t)separator)
        ++*at;
    *out = bytes_of(to, n);
    return true;
}

bool csv_split(struct bytes row, char separator, struct arena *a, struct bytes *cells, size_t room,
               size_t *n, struct err *e)
{
    size_t at = 0;

    for (*n = 0; *n < room; at++) {
        size_t from;
        while (at < row.n && row.p[at] == ' ')
            at++;
        from = at;
        if (at < row.n && row.p[at] == '"') {
            if (!quoted_cell(row, &at, separator, a, &cells[*n], e))
                return false;
        } else {
            at += bytes_find_byte(bytes_part(row, at, SIZE_MAX), (uint8_t)separator);
            cells[*n] = bytes_trim(bytes_part(row, from, at - from));
        }
        ++*n;
        if (at >= row.n)
            break;
    }
    return true;
}

/* ---- columns
 * ------------------------------------------------------------------------------------- */

static bool is_named(struct bytes cell, const char *const *names)
{
    char text[40];

    if (cell.n >= sizeof text)
        return false;
    for (size_t i = 0; i < cell.n; i++)
        text[i] = (char)(cell.p[i] >= 'A' && cell.p[i] <= 'Z' ? cell.p[i] | 0x20 : cell.p[i]);
    text[cell.n] = '\0';
    for (; *names; names++)
        if (!strcmp(text, *names))
            return true;
    return false;
}

static size_t column_named(const struct bytes *cells, size_t n, const char *const *names)
{
    for (size_t i = 0; i < n; i++)
        if (is_named(cells[i], names))
            return i;
    return SIZE_MAX;
}

static bool reads_as(struct bytes cell, enum indicator_type want)
{
    struct indicator_room room;
    struct indicator i;
    unsigned odd;

    return !indicator_read(cell, want, &room, &i, &odd);
}

/* Names of columns are no values themselves: "domain" may be either, beside "evil.example" it is
 * a row's. */
static bool holds_values(const struct bytes *cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (wild_time(cells[i]) != STIX_NO_TIME || reads_as(cells[i], INDICATOR_ANY))
            return true;
    return false;
}

static void typed_columns(struct csv_columns *c, const struct bytes *cells, size_t n)
{
    for (size_t i = 0; i < n && c->typed_count < sizeof c->typed / sizeof *c->typed; i++) {
        const struct wild_type *t = wild_type_find(cells[i]);
        if (!t || t->first == NOT_CARRIED)
            continue;
        c->typed[c->typed_count].column = i;
        c->typed[c->typed_count++].want = t->first;
    }
}

bool csv_header(struct csv_columns *c, const struct bytes *cells, size_t n)
{
    static const char *const values[] = {
        "value",      "indicator",        "ioc", "ioc_value", "indicator_value",
        "observable", "observable_value", NULL};
    static const char *const types[] = {
        "type",     "indicator_type", "ioc_type",        "indicator type",
        "ioc type", "data_type",      "observable_type", NULL};
    static const char *const ids[] = {"to_ids", "ids", NULL};
    static const char *const comments[] = {"comment",   "comments", "description", "desc",
                                           "meta.desc", "note",     "notes",       NULL};
    static const char *const dates[] = {"date",       "timestamp",  "created",
                                        "first_seen", "firstseen",  "first_seen_utc",
                                        "dateadded",  "date_added", NULL};

    c->value = column_named(cells, n, values);
    c->type = column_named(cells, n, types);
    c->ids = column_named(cells, n, ids);
    c->comment = column_named(cells, n, comments);
    c->date = column_named(cells, n, dates);
    c->count = n;
    c->typed_count = 0;
    if (c->value == SIZE_MAX && !holds_values(cells, n))
        typed_columns(c, cells, n);
    return c->value != SIZE_MAX || c->typed_count > 0;
}

/* Without a header: the first cell that names a type and the first that is one of it; else the
 * first that is any indicator. */
bool csv_first_row(struct csv_columns *c, const struct bytes *cells, size_t n)
{
    const struct wild_type *t = NULL;

    c->value = c->type = c->ids = c->comment = c->date = SIZE_MAX;
    c->count = n;
    c->typed_count = 0;
    for (size_t i = 0; i < n; i++) {
        if (c->type == SIZE_MAX && (t = wild_type_find(cells[i])) && t->first != NOT_CARRIED)
            c->type = i;
        else if (c->date == SIZE_MAX && wild_time(cells[i]) != STIX_NO_TIME)
            c->date = i;
    }
    for (size_t i = 0; i < n && c->value == SIZE_MAX; i++)
        if (i != c->type && i != c->date &&
            reads_as(cells[i],
                     c->type == SIZE_MAX ? INDICATOR_ANY : wild_type_find(cells[c->type])->first))
            c->value = i;
    return c->value != SIZE_MAX && (c->type != SIZE_MAX || c->value == 0);
}

/* ---- a row's indicators
 * ---------------------------------------------------------------------------- */

static struct bytes cell_of(const struct stix_import *im, size_t column, size_t n)
{
    return column < n ? im->cells[column] : bytes_of(NULL, 0);
}

static bool is_no(struct bytes cell)
{
    static const char *const words[] = {"0", "false", "no", "f", NULL};
    return is_named(cell, words);
}

static bool take_typed(struct stix_import *im, struct found *f, size_t n, struct err *e)
{
    for (size_t i = 0; i < im->csv.typed_count; i++) {
        f->value = cell_of(im, im->csv.typed[i].column, n);
        f->want = im->csv.typed[i].want;
        if (f->value.n && !import_pend(im, im->arena, NULL, f, e))
            return false;
    }
    return true;
}

static bool take_cells(struct stix_import *im, size_t n, size_t line, struct err *e)
{
    const struct csv_columns *c = &im->csv;
    struct bytes type = cell_of(im, c->type, n);
    const struct wild_type *t = NULL;
    struct found f = {.description = cell_of(im, c->comment, n),
                      .at_us = wild_time(cell_of(im, c->date, n)),
                      .line = line};

    if (n < c->count)
        stix_warn(&im->warnings, STIX_W_COLUMNS, "line %zu: %zu of %zu", line, n, c->count);
    if (c->type != SIZE_MAX && !(t = wild_type_find(type)))
        return import_not_carried(im, type, line), true;
    if (c->ids != SIZE_MAX && is_no(cell_of(im, c->ids, n)) && !im->how.all_attributes) {
        im->counts.refused++;
        stix_warn(&im->warnings, STIX_W_NOT_FOR_IDS, "line %zu", line);
        return true;
    }
    if (c->value == SIZE_MAX)
        return take_typed(im, &f, n, e);
    f.value = cell_of(im, c->value, n);
    f.want = INDICATOR_ANY;
    return import_pend(im, im->arena, t, &f, e);
}

static bool take_row(struct stix_import *im, struct bytes row, size_t line, struct err *e)
{
    size_t n;

    if (bytes_trim(row).n == 0 || row.p[0] == '#')
        return true;
    if (!utf8_valid(row)) {
        im->counts.refused++;
        stix_warn(&im->warnings, STIX_W_BAD_TEXT, "line %zu", line);
        return true;
    }
    if (!csv_split(row, im->csv.separator, im->arena, im->cells, IMPORT_COLUMNS_MOST, &n, e))
        return false;
    return take_cells(im, n, line, e);
}

bool import_csv_next(struct stix_import *im, struct stix_item *out, bool *end, struct err *e)
{
    bool made = false;

    while (!made) {
        struct bytes row;
        size_t line;
        struct found *f = im->pending;
        if (f) {
            im->pending = f->next;
            if (!import_make(im, f, out, &made, e))
                return false;
            continue;
        }
        arena_reset(im->arena, im->empty);
        im->pending_last = &im->pending;
        if (!next_row(im, &row, &line, end, e))
            return false;
        if (*end)
            return true;
        if (im->csv.header_done && !take_row(im, row, line, e))
            return false;
        im->csv.header_done |= bytes_trim(row).n > 0 && row.p[0] != '#';
    }
    return true;
}
