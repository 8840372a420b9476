/* Words for people: escaped, aligned, short. */
#include "base/text.h"
#include "cli/cli.h"

#include <stdarg.h>
#include <unistd.h>

void say(struct cli *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(c->out, tr(c, format), args);
    va_end(args);
}

void remark(struct cli *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(words(c), tr(c, format), args);
    va_end(args);
}

const char *shown(struct cli *c, struct bytes text)
{
    struct buf b = buf_in(c->arena);
    const char *s;

    buf_escaped(&b, text);
    s = buf_string(&b, NULL);
    return s ? s : "...";
}

static size_t width(const char *s)
{
    return text_width(bytes_text(s));
}

const char *shown_short(struct cli *c, struct bytes text, size_t most)
{
    const char *whole = shown(c, bytes_part(text, 0, most * 4));
    char *cut;

    if (width(whole) <= most && text.n <= most * 4)
        return whole;
    cut = arena_format(c->arena, NULL, "%.*s...",
                       (int)text_fit(bytes_text(whole), most > 3 ? most - 3 : 0), whole);
    return cut ? cut : "...";
}

const char *shown_time(struct cli *c, int64_t seconds)
{
    char text[TIME_TEXT_MAX];
    const char *out;

    if (seconds == INT64_MAX || seconds == INT64_MIN)
        return "";
    if (seconds == 0)
        return tr(c, "never");
    time_print(text, seconds);
    text[10] = ' ';
    out = arena_format(c->arena, NULL, "%s", text);
    return out ? out : "";
}

static const char *span(struct cli *c, int64_t s)
{
    long long n = s;
    const char *out;

    if (s >= 2 * 86400)
        out = arena_format(c->arena, NULL, trn(c, "%lld day", "%lld days", n / 86400), n / 86400);
    else if (s >= 2 * 3600)
        out = arena_format(c->arena, NULL, trn(c, "%lld hour", "%lld hours", n / 3600), n / 3600);
    else if (s >= 120)
        out = arena_format(c->arena, NULL, trn(c, "%lld minute", "%lld minutes", n / 60), n / 60);
    else
        out = arena_format(c->arena, NULL, tr(c, "%lld s"), n);
    return out ? out : "";
}

const char *shown_ago(struct cli *c, int64_t seconds)
{
    int64_t ago = os_now(c->os) - seconds;
    const char *out;

    if (seconds == 0)
        return tr(c, "never");
    if (ago < 0)
        out = arena_format(c->arena, NULL, tr(c, "in %s"), span(c, -ago));
    else
        out = arena_format(c->arena, NULL, tr(c, "%s ago"), span(c, ago));
    return out ? out : "";
}

const char *shown_bracket(struct cli *c, int64_t after, int64_t before)
{
    const char *from = after ? shown_time(c, after) : "", *out;

    if (before == INT64_MAX)
        out = after ? arena_format(c->arena, NULL, tr(c, "after %s, not cosigned by anybody yet"),
                                   from)
                    : tr(c, "not cosigned by anybody yet");
    else
        out = after ? arena_format(c->arena, NULL,
                                   tr(c, "after %s, before %s, by others' cosignatures"), from,
                                   shown_time(c, before))
                    : arena_format(c->arena, NULL, tr(c, "before %s, by others' cosignatures"),
                                   shown_time(c, before));
    return out ? out : "?";
}

const char *shown_count(struct cli *c, uint64_t n)
{
    char digits[21], out[28];
    size_t len = decimal_print(digits, n), k = 0;
    const char *s;

    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            out[k++] = ',';
        out[k++] = digits[i];
    }
    s = arena_format(c->arena, NULL, "%.*s", (int)k, out);
    return s ? s : "?";
}

const char *shown_bytes(struct cli *c, uint64_t n)
{
    static const char *const units[] = {"", "kB", "MB", "GB", "TB"};
    double v = (double)n;
    size_t i = 0;
    const char *s;

    for (; v >= 1000 && i < 4; i++)
        v /= 1000;
    s = i ? arena_format(c->arena, NULL, "%.1f %s", v, units[i])
          : arena_format(c->arena, NULL, trn(c, "%.0f byte", "%.0f bytes", n), v);
    return s ? s : "?";
}

const char *shown_hash(struct cli *c, const struct hash *h, size_t digits)
{
    char hex[64];
    const char *s;

    hex_encode(hex, h->b, 32);
    s = arena_format(c->arena, NULL, "%.*s", (int)(digits < 64 ? digits : 64), hex);
    return s ? s : "?";
}

/* ---- tables ---- */

static struct table_row *new_row(struct table *t)
{
    struct table_row *row = arena_get(t->c->arena, sizeof *row, NULL);

    if (row) {
        *t->last = row;
        t->last = &row->next;
    }
    return row;
}

void table_start(struct table *t, struct cli *c, const char *headings)
{
    struct bytes rest = bytes_text(tr(c, headings));
    struct table_row *row;

    *t = (struct table){.c = c};
    t->last = &t->first;
    row = new_row(t);
    while (row && rest.n && t->columns < TABLE_COLUMNS) {
        struct bytes cell = bytes_part(rest, 0, bytes_find_byte(rest, '|'));
        rest = bytes_part(rest, cell.n + 1, SIZE_MAX);
        t->right[t->columns] = bytes_start_with(cell, ">");
        if (t->right[t->columns])
            cell = bytes_part(cell, 1, SIZE_MAX);
        row->cell[t->columns] = arena_string(c->arena, cell, NULL);
        t->columns++;
    }
}

void table_add(struct table *t, ...)
{
    struct table_row *row = new_row(t);
    va_list args;

    va_start(args, t);
    for (size_t i = 0; row && i < t->columns; i++)
        row->cell[i] = va_arg(args, const char *);
    va_end(args);
}

static void print_row(const struct table *t, const struct table_row *row, const size_t *widths,
                      const char *indent)
{
    FILE *to = t->c->out;

    fputs(indent, to);
    for (size_t i = 0; i < t->columns; i++) {
        const char *cell = row->cell[i] ? row->cell[i] : "";
        int pad = (int)(widths[i] - width(cell));
        bool last = i + 1 == t->columns;
        if (t->right[i])
            fprintf(to, "%*s%s%s", pad, "", cell, last ? "" : "  ");
        else
            fprintf(to, "%s%*s", cell, last ? 0 : pad + 2, "");
    }
    fputc('\n', to);
}

void table_print(struct table *t, const char *indent)
{
    size_t widths[TABLE_COLUMNS] = {0};

    for (const struct table_row *row = t->first; row; row = row->next)
        for (size_t i = 0; i < t->columns; i++)
            if (row->cell[i] && width(row->cell[i]) > widths[i])
                widths[i] = width(row->cell[i]);
    for (const struct table_row *row = t->first; row; row = row->next)
        print_row(t, row, widths, indent);
}

/* ---- machines, errors ---- */

bool print_json(struct cli *c, struct json_maker *m, const struct json *v, struct err *e)
{
    struct bytes text;

    if (!json_made(m, v, &text, e))
        return false;
    fwrite(text.p, 1, text.n, c->out);
    fputc('\n', c->out);
    return true;
}

void print_error(FILE *to, const struct err *e)
{
    fprintf(to, "entente: %s\n", e->text[0] ? e->text : err_name(e->code));
    if (e->hint[0])
        fprintf(to, "  %s\n", e->hint);
}

int status_of(const struct err *e)
{
    return e->code == ERR_IO || e->code == ERR_NOMEM ? CLI_TROUBLE : CLI_NO;
}

/* ---- progress ---- */

void progress_start(struct progress *p, struct cli *c)
{
    *p = (struct progress){.c = c, .began = os_ticks_us(c->os)};
    p->last = p->began;
}

bool progress_due(struct progress *p)
{
    int64_t now = os_ticks_us(p->c->os), step = p->c->terminal ? 200000 : 5 * US_PER_S;

    if (now - p->last < step || now - p->began < 500000)
        return false;
    p->last = now;
    return true;
}

void progress_say(struct progress *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs(p->c->terminal ? "\r\033[K" : "", p->c->err);
    vfprintf(p->c->err, tr(p->c, format), args);
    fputs(p->c->terminal ? "" : "\n", p->c->err);
    fflush(p->c->err);
    va_end(args);
    p->shown = true;
}

void progress_end(struct progress *p)
{
    if (p->shown && p->c->terminal)
        fputs("\r\033[K", p->c->err);
    p->shown = false;
}
