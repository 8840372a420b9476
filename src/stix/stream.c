/* A window over the input: as much of it as the longest line or JSON value needs. */
#include "base/limits.h"
#include "stix/import_impl.h"

#include <stdlib.h>

#define WINDOW_FIRST ((size_t)256 << 10)
#define WINDOW_MOST (LIMIT_PAYLOAD_BYTES + ((size_t)1 << 20))

bool stream_open(struct stream *s, stix_import_read *read, void *self, struct err *e)
{
    *s = (struct stream){.read = read, .self = self, .line = 1, .column = 1};
    s->own = malloc(WINDOW_FIRST);
    if (!s->own)
        return err_fail(e, ERR_NOMEM, "out of memory");
    s->p = s->own;
    s->room = WINDOW_FIRST;
    return true;
}

void stream_of(struct stream *s, struct bytes all)
{
    *s = (struct stream){.p = all.p, .to = all.n, .ended = true, .line = 1, .column = 1};
    s->bytes = all.n;
}

void stream_close(struct stream *s)
{
    free(s->own);
}

/* Move what must stay to the front, and see that there is room behind it. */
static bool make_room(struct stream *s, struct err *e)
{
    size_t first = s->holding ? s->keep : s->from;
    uint8_t *more;

    if (first > 0) {
        memmove(s->own, s->own + first, s->to - first);
        s->from -= first;
        s->to -= first;
        s->keep = 0;
    }
    if (s->to < s->room)
        return true;
    if (s->room >= WINDOW_MOST)
        return err_fail(e, ERR_LIMIT, "line %zu: one piece of more than %zu bytes", s->line,
                        LIMIT_PAYLOAD_BYTES);
    more = realloc(s->own, s->room * 2 < WINDOW_MOST ? s->room * 2 : WINDOW_MOST);
    if (!more)
        return err_fail(e, ERR_NOMEM, "out of memory");
    s->room = s->room * 2 < WINDOW_MOST ? s->room * 2 : WINDOW_MOST;
    s->p = s->own = more;
    return true;
}

bool stream_need(struct stream *s, size_t n, struct err *e)
{
    size_t got;

    while (s->to - s->from < n && !s->ended) {
        if (!make_room(s, e) || !s->read(s->self, s->own + s->to, s->room - s->to, &got, e))
            return false;
        if (got > s->room - s->to)
            return err_fail(e, ERR_IO, "more was read than asked for");
        s->to += got;
        s->bytes += got;
        s->ended = got == 0;
    }
    return true;
}

struct bytes stream_view(const struct stream *s)
{
    return bytes_of(s->p + s->from, s->to - s->from);
}

/* The bytes that begin a character: all but 10xxxxxx. */
static size_t characters(const uint8_t *p, size_t n)
{
    size_t count = n;
    uint64_t w;

    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&w, p, 8);
        w = (w >> 7) & ~(w >> 6) & UINT64_C(0x0101010101010101);
        count -= (size_t)(w * UINT64_C(0x0101010101010101) >> 56); /* the sum of its bytes */
    }
    for (; n > 0; n--, p++)
        count -= (*p & 0xc0) == 0x80;
    return count;
}

void stream_take(struct stream *s, size_t n)
{
    const uint8_t *p = s->p + s->from, *end = p + n, *nl;

    while ((nl = memchr(p, '\n', (size_t)(end - p)))) {
        s->line++;
        s->column = 1;
        p = nl + 1;
    }
    s->column += characters(p, (size_t)(end - p));
    s->from += n;
}

void stream_hold(struct stream *s)
{
    s->holding = true;
    s->keep = s->from;
}

void stream_rewind(struct stream *s, size_t line, size_t column)
{
    s->from = s->keep;
    s->holding = false;
    s->line = line;
    s->column = column;
}

void stream_release(struct stream *s)
{
    s->holding = false;
}

bool stream_line(struct stream *s, struct bytes *line, bool *cut, struct err *e)
{
    size_t want = 1, n, end;

    *cut = false;
    for (;;) {
        if (!stream_need(s, want, e))
            return false;
        n = s->to - s->from;
        end = bytes_find_byte(stream_view(s), '\n');
        if (end < n || s->ended || n >= LIMIT_IMPORT_LINE)
            break;
        want = n + 1;
    }
    if (n == 0)
        return false;
    *cut = end >= LIMIT_IMPORT_LINE;
    end = *cut ? LIMIT_IMPORT_LINE : end;
    *line = bytes_part(stream_view(s), 0, end);
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    s->from += end;
    if (!*cut && s->from < s->to) {
        s->from++;
        s->line++;
    }
    return true;
}

/* ---- JSON, value by value ----------------------------------------------------------------------
 */

bool walk_fail(const struct stream *s, const char *what, struct err *e)
{
    return err_fail(e, ERR_INPUT, "line %zu, column %zu: %s", s->line, s->column, what);
}

bool walk_peek(struct stream *s, uint8_t *c, struct err *e)
{
    for (;;) {
        struct bytes v;
        size_t n = 0;
        if (!stream_need(s, 1, e))
            return false;
        v = stream_view(s);
        while (n < v.n && (v.p[n] == ' ' || v.p[n] == '\n' || v.p[n] == '\r' || v.p[n] == '\t'))
            n++;
        if (n)
            stream_take(s, n);
        if (n < v.n || s->ended) {
            *c = n < v.n ? v.p[n] : 0;
            return true;
        }
    }
}

bool walk_expect(struct stream *s, char want, struct err *e)
{
    char what[40] = "expected ? here";
    uint8_t c;

    if (!walk_peek(s, &c, e))
        return false;
    what[9] = want;
    if (c != (uint8_t)want)
        return walk_fail(s, s->from == s->to ? "the file ends in the middle" : what, e);
    stream_take(s, 1);
    return true;
}

bool walk_next(struct stream *s, char close, bool *more, struct err *e)
{
    uint8_t c;

    if (!walk_peek(s, &c, e))
        return false;
    *more = c == ',';
    if (!*more)
        return walk_expect(s, close, e);
    stream_take(s, 1);
    if (!walk_peek(s, &c, e))
        return false;
    return c != (uint8_t)close || walk_fail(s, "a comma before the end of a list", e);
}

/* How far a value of which `at` bytes have been seen goes; `state` is carried on. */
struct scan {
    size_t at;
    long depth;
    bool string, escape;
};

static bool scan_string(struct bytes v, struct scan *c)
{
    for (;;) {
        if (c->escape && c->at < v.n) {
            c->at++;
            c->escape = false;
        }
        c->at += json_plain_run(v.p + c->at, v.n - c->at);
        if (c->at == v.n)
            return false;
        if (v.p[c->at] == '"') {
            c->at++;
            c->string = false;
            return true;
        }
        c->escape = v.p[c->at] == '\\';
        c->at++;
    }
}

/* True at the end of the value. Whether it is one is for the parser to say. */
static bool scan(struct bytes v, struct scan *c)
{
    while (c->at < v.n) {
        if (c->string) {
            if (!scan_string(v, c))
                return false;
            if (c->depth == 0)
                return true;
            continue;
        }
        switch (v.p[c->at]) {
        case '"':
            c->string = true;
            break;
        case '{':
        case '[':
            c->depth++;
            break;
        case '}':
        case ']':
            if (c->depth == 0)
                return true; /* a scalar ends before it */
            if (--c->depth == 0)
                return c->at++, true;
            break;
        case ',':
        case ' ':
        case '\n':
        case '\r':
        case '\t':
            if (c->depth == 0)
                return true;
            break;
        default:
            break;
        }
        c->at++;
    }
    return false;
}

bool walk_value(struct stream *s, struct bytes *raw, struct json_origin *at, struct err *e)
{
    struct scan c = {0};
    uint8_t first;

    if (!walk_peek(s, &first, e))
        return false;
    if (first == 0)
        return walk_fail(s, "the file ends where a value should stand", e);
    at->line = s->line;
    at->column = s->column;
    while (!scan(stream_view(s), &c) && !s->ended)
        if (!stream_need(s, s->to - s->from + 1, e))
            return false;
    *raw = bytes_part(stream_view(s), 0, c.at);
    stream_take(s, c.at);
    return true;
}

bool walk_key(struct stream *s, struct arena *a, struct bytes *key, struct err *e)
{
    struct json_origin at = {.where = ""};
    const struct json *v;
    struct bytes raw;
    uint8_t c;

    if (!walk_peek(s, &c, e))
        return false;
    if (c != '"')
        return walk_fail(s, "expected a key in quotes", e);
    if (!walk_value(s, &raw, &at, e))
        return false;
    v = json_parse_part(raw, &at, a, e);
    if (!v || !json_as_string(v, key))
        return false;
    /* The window may move under it. */
    return arena_copy(a, *key, key, e) && walk_expect(s, ':', e);
}

bool walk_skip(struct stream *s, struct arena *a, struct err *e)
{
    struct arena_mark before = arena_mark(a);
    struct json_origin at = {.where = ""};
    struct bytes raw;
    bool ok = walk_value(s, &raw, &at, e) && json_parse_part(raw, &at, a, e) != NULL;

    arena_reset(a, before);
    return ok;
}
