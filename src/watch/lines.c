/* lines: what the finder found, line by line, with the line's number and the token's field. */
#include "watch/event_impl.h"

/* ---- hits to the sink ------------------------------------------------------------------------ */

struct giving {
    struct watch_scanner *s;
    const struct line *line;
    struct bytes seen;
    uint64_t offset;
};

static bool give_one(void *self, const struct entry *en, uint64_t id, enum watch_how how)
{
    struct giving *g = self;
    struct watch_scanner *s = g->s;
    struct watch_indicator in;
    struct watch_hit hit = {.indicator = &in,
                            .id = id,
                            .how = how,
                            .seen = g->seen,
                            .line = g->line->text,
                            .log = g->line->log,
                            .field = g->line->field,
                            .line_number = g->line->number,
                            .offset = g->offset,
                            .line_offset = g->line->offset,
                            .event_us = g->line->event_us};

    if (en->flags & ENTRY_HOST) {
        s->host_seen = true;
        return true;
    }
    s->counts.hits++;
    s->counts.hit_lines += s->hit_line != g->line->number;
    s->hit_line = g->line->number;
    if (!s->options.hit)
        return true;
    entry_indicator(s->ix, en, bytes_of(s->value, canon_print(en->kind, en->value, s->value)), &in);
    s->stopped = !s->options.hit(s->options.self, &hit);
    return !s->stopped;
}

static bool outer_dot(uint8_t c)
{
    return c == '.';
}

bool give_hits(struct watch_scanner *s, const struct line *line, enum token_kind kind,
               struct bytes seen, bool cut, uint64_t offset)
{
    struct giving g = {s, line, seen, offset};

    while (kind != TOKEN_URL && g.seen.n && outer_dot(g.seen.p[g.seen.n - 1]))
        g.seen.n--;
    while (kind != TOKEN_URL && g.seen.n && outer_dot(g.seen.p[0])) {
        g.seen = bytes_of(g.seen.p + 1, g.seen.n - 1);
        g.offset++;
    }
    return memo_hits(s->memo, s->ix, kind, seen, cut, give_one, &g);
}

/* ---- lines --------------------------------------------------------------------------------- */

/* Count newlines up to `at`, which is never before the last place asked for. */
static void advance(struct watch_scanner *s, size_t at)
{
    if (at <= s->cursor)
        return;
    s->cursor_lines += s->kernel->count(s->p + s->cursor, at - s->cursor, '\n');
    s->cursor = at;
}

/* The line around `at`; its number is set by the caller, who knows what has been counted. */
static struct line line_around(const struct watch_scanner *s, size_t at)
{
    const uint8_t *before = at ? memrchr(s->p, '\n', at) : NULL;
    const uint8_t *after = memchr(s->p + at, '\n', s->piece_n - at);
    size_t from = before ? (size_t)(before - s->p) + 1 : 0;
    size_t to = after ? (size_t)(after - s->p) : s->piece_n;
    struct line line = {.text = bytes_of(s->p + from, to - from), .offset = s->piece_offset + from};

    if (!before && s->line_offset < s->piece_offset)
        line.offset = s->line_offset; /* it began in an earlier piece */
    return line;
}

static bool text_line(struct watch_scanner *s, struct line *line, const struct token *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct bytes seen = bytes_of(s->p + t[i].start, t[i].end - t[i].start);
        size_t at = t[i].start - (size_t)(line->text.p - s->p);
        if (t[i].kind == TOKEN_HEADER) {
            zeek_header(&s->columns, line->text);
            if (s->options.header)
                s->options.header(s->options.self, line->text, line->offset);
            continue;
        }
        line->field = line->log = (struct bytes){0};
        if (s->format == WATCH_ZEEK && line->offset >= s->piece_offset)
            zeek_field(&s->columns, line, at, s->kernel);
        if (s->format == WATCH_CSV) {
            csv_advance(s, t[i].start);
            csv_field(s, line);
        }
        if (s->format == WATCH_TEXT)
            line->event_us = text_time(line->text);
        if (!give_hits(s, line, (enum token_kind)t[i].kind, seen, t[i].cut,
                       s->piece_offset + t[i].start))
            return false;
    }
    return true;
}

/* A JSON line is given whole or not at all: if its tokens are not all known yet, or one needs
 * its string decoded, every string is. */
static bool json_group(struct watch_scanner *s, struct line *line, const struct token *t, size_t n,
                       size_t known)
{
    size_t end = (size_t)(line->text.p - s->p) + line->text.n;
    bool all = end <= known;

    for (size_t i = 0; i < n; i++)
        all = all && t[i].kind != TOKEN_LOOK;
    s->taken = end;
    return all ? json_line(s, line, t, n) : json_take_apart(s, line);
}

/* The tokens of one line. */
static bool give_line(struct watch_scanner *s, const struct token *t, size_t n, size_t known)
{
    struct line line = line_around(s, t->start);
    uint64_t hits = s->counts.hits;

    advance(s, t->start);
    line.number = s->piece_lines + s->cursor_lines + 1;
    s->host_seen = false;
    if (!(s->finder.json ? json_group(s, &line, t, n, known) : text_line(s, &line, t, n)))
        return false;
    if (s->host_seen && !s->options.tokens_only && !compose_urls(s, &line))
        return false;
    if (!s->events || s->format == WATCH_CSV || s->counts.hits == hits ||
        s->event_line == line.number)
        return true;
    s->event_line = line.number;
    return events_line(s, &line);
}

/* ---- pieces --------------------------------------------------------------------------------- */

/* The next of the three lists' tokens in order of where they start. */
static bool next_token(const struct finder *f, size_t at[3], struct token *out)
{
    const struct list *lists[3] = {&f->rare, &f->ipv4, &f->name};
    int best = -1;

    for (int i = 0; i < 3; i++)
        if (at[i] < lists[i]->n &&
            (best < 0 || lists[i]->at[at[i]].start < lists[best]->at[at[best]].start))
            best = i;
    if (best < 0)
        return false;
    *out = lists[best]->at[at[best]++];
    return true;
}

#define GROUP 256

/* Give what a chunk found; a line with more than GROUP tokens comes in several groups. */
static bool give_chunk(struct watch_scanner *s)
{
    struct token group[GROUP], t;
    size_t at[3] = {0}, n = 0, line_end = 0;

    while (next_token(&s->finder, at, &t)) {
        const uint8_t *lf;
        if (t.start < s->taken)
            continue;
        if (n && (t.start >= line_end || n == GROUP)) {
            if (!give_line(s, group, n, n == GROUP ? 0 : s->finder.at))
                return false;
            n = 0;
            if (t.start < s->taken)
                continue;
        }
        if (t.as_host && s->format == WATCH_ZEEK && s->columns.uri == SIZE_MAX)
            continue; /* no log of requests */
        if (!n) {
            lf = memchr(s->p + t.start, '\n', s->piece_n - t.start);
            line_end = lf ? (size_t)(lf - s->p) : s->piece_n;
        }
        group[n++] = t;
    }
    return !n || give_line(s, group, n, s->finder.at);
}

bool scan_piece(struct watch_scanner *s, const uint8_t *p, size_t n)
{
    s->p = p;
    s->piece_n = n;
    s->piece_offset = s->offset;
    s->piece_lines = s->lines;
    s->cursor = s->cursor_lines = s->taken = s->csv.cursor = 0;
    if (s->events && s->options.every_line)
        return events_piece(s, p, n);
    while (finder_next(&s->finder, s->kernel))
        if (s->finder.rare.n + s->finder.ipv4.n + s->finder.name.n && !give_chunk(s))
            return false;
    if (s->format == WATCH_CSV)
        csv_advance(s, n);
    return !s->events || s->format != WATCH_CSV || events_piece(s, p, n);
}
