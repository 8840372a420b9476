/* Parsing: RFC 8259 with the rules of RFC 7493, in one pass, one node per value.
 *
 * Why no library: decision 0040. */
#include "base/limits.h"
#include "base/text.h"
#include "stix/json_impl.h"

#include <stdlib.h>

#define STACK_FIRST 64

/* The way from the root to where we are, for errors. */
struct frame {
    const struct frame *up;
    struct bytes key;
    size_t index;
    bool object;
};

struct parser {
    struct bytes in;
    size_t at;
    struct arena *arena;
    const struct json_origin *from;
    const struct frame *frame;
    struct json_member *stack; /* the children of all open containers */
    size_t n, room;
    unsigned depth;
    struct err *e;
    struct json_member first[STACK_FIRST];
};

/* ---- errors --------------------------------------------------------------------------- */

/* Write the pointer to `f` behind what is in out already; what does not fit is left out. */
static size_t put_path(char *out, size_t cap, size_t n, const struct frame *f)
{
    int more;

    if (!f)
        return n;
    n = put_path(out, cap, n, f->up);
    if (f->object && !f->key.p)
        return n;
    more = f->object ? snprintf(out + n, cap - n, "/%.*s", f->key.n < 40 ? (int)f->key.n : 40,
                                (const char *)f->key.p)
                     : snprintf(out + n, cap - n, "/%zu", f->index);
    return more < 0 || (size_t)more >= cap - n ? n : n + (size_t)more;
}

static void place(const struct parser *p, size_t at, size_t *line, size_t *column)
{
    size_t begin = 0;

    *line = p->from->line;
    for (size_t i = 0; i < at; i++)
        if (p->in.p[i] == '\n')
            ++*line, begin = i + 1;
    *column = begin ? 1 : p->from->column;
    for (size_t i = begin; i < at; i++)
        *column += (p->in.p[i] & 0xc0) != 0x80;
}

static const struct json *fail_at(struct parser *p, size_t at, enum err_code code, const char *what)
{
    char path[200];
    size_t line, column, n;

    if (at > p->in.n)
        at = p->in.n;
    place(p, at, &line, &column);
    n = (size_t)snprintf(path, sizeof path, "%.100s", p->from->where);
    path[put_path(path, sizeof path, n, p->frame)] = '\0';
    err_fail(p->e, code, "%s", what);
    if (path[0])
        err_within(p->e, "line %zu, column %zu, at %s", line, column, path);
    else
        err_within(p->e, "line %zu, column %zu", line, column);
    return NULL;
}

static const struct json *fail(struct parser *p, const char *what)
{
    return fail_at(p, p->at, ERR_INPUT, what);
}

/* ---- strings -------------------------------------------------------------------------- */

static bool is_noncharacter(int32_t c)
{
    return (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

/* Move over one character of two or more bytes. */
static bool skip_wide(struct parser *p)
{
    size_t from = p->at;
    int32_t code = utf8_next(p->in, &p->at);

    if (code < 0)
        return fail(p, "invalid UTF-8") != NULL;
    if (is_noncharacter(code)) {
        p->at = from;
        return fail(p, "a noncharacter of Unicode, which I-JSON forbids") != NULL;
    }
    return true;
}

static int hex4(const uint8_t *p)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        int c = p[i] | 0x20, d = -1;
        if (p[i] >= '0' && p[i] <= '9')
            d = p[i] - '0';
        else if (c >= 'a' && c <= 'f')
            d = c - 'a' + 10;
        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

/* The code point of the \u escape at p->at, which moves behind it (and behind its second half). */
static int32_t unicode_escape(struct parser *p)
{
    int32_t code, low = -1;

    code = p->in.n - p->at >= 6 ? hex4(p->in.p + p->at + 2) : -1;
    if (code < 0)
        return fail(p, "\\u needs four hexadecimal digits"), -1;
    if (code >= 0xd800 && code < 0xdc00 && p->in.n - p->at >= 12 && p->in.p[p->at + 6] == '\\' &&
        p->in.p[p->at + 7] == 'u')
        low = hex4(p->in.p + p->at + 8);
    if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xd800 && code < 0xe000) {
        return fail(p, "half of a surrogate pair"), -1;
    }
    if (is_noncharacter(code))
        return fail(p, "a noncharacter of Unicode, which I-JSON forbids"), -1;
    p->at += code > 0xffff ? 12 : 6;
    return code;
}

/* Decode the escape at p->at into out; 0 after a failure. */
static size_t escape(struct parser *p, uint8_t *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *hit;
    int32_t code;

    if (p->in.n - p->at < 2)
        return fail_at(p, p->in.n, ERR_INPUT, "the text ends inside a string"), 0;
    if (p->in.p[p->at + 1] == 'u') {
        code = unicode_escape(p);
        return code < 0 ? 0 : utf8_put(out, (uint32_t)code);
    }
    hit = p->in.p[p->at + 1] ? strchr(from, p->in.p[p->at + 1]) : NULL;
    if (!hit)
        return fail(p, "no such escape"), 0;
    *out = (uint8_t)to[hit - from];
    p->at += 2;
    return 1;
}

/* Why the string cannot go on at p->at, where no plain byte stands. */
static bool string_stops(struct parser *p)
{
    if (p->at == p->in.n)
        return fail(p, "the text ends inside a string") != NULL;
    return fail(p, "a control character in a string: write it as an escape") != NULL;
}

/* Go over plain and wide characters, to a quote or backslash. */
static bool run(struct parser *p)
{
    for (;;) {
        p->at += json_plain_run(p->in.p + p->at, p->in.n - p->at);
        if (p->at < p->in.n && p->in.p[p->at] >= 0x80) {
            if (!skip_wide(p))
                return false;
        } else if (p->at < p->in.n && (p->in.p[p->at] == '"' || p->in.p[p->at] == '\\')) {
            return true;
        } else {
            return string_stops(p);
        }
    }
}

/* Where the string that has its first backslash at p->at ends, at the latest. */
static size_t string_bound(const struct parser *p)
{
    size_t at = p->at;

    while (at < p->in.n && p->in.p[at] != '"')
        at += p->in.p[at] == '\\' ? 2 : 1;
    return at < p->in.n ? at : p->in.n;
}

static bool string_with_escapes(struct parser *p, size_t from, struct bytes *out)
{
    uint8_t *to = arena_get(p->arena, string_bound(p) - from + 4, p->e);
    size_t n = 0;

    if (!to)
        return false;
    p->at = from;
    for (;;) {
        size_t begin = p->at, more;
        if (!run(p))
            return false;
        memcpy(to + n, p->in.p + begin, p->at - begin);
        n += p->at - begin;
        if (p->in.p[p->at] == '"')
            break;
        more = escape(p, to + n);
        if (!more)
            return false;
        n += more;
    }
    *out = bytes_of(to, n);
    return true;
}

/* The string whose opening quote is at p->at. */
static bool string(struct parser *p, struct bytes *out, bool *plain)
{
    size_t from = ++p->at;

    if (!run(p))
        return false;
    *plain = p->in.p[p->at] == '"';
    if (*plain)
        *out = bytes_of(p->in.p + from, p->at - from);
    else if (!string_with_escapes(p, from, out))
        return false;
    p->at++;
    return true;
}

/* ---- values --------------------------------------------------------------------------- */

static void blanks(struct parser *p)
{
    while (p->at < p->in.n && (p->in.p[p->at] == ' ' || p->in.p[p->at] == '\n' ||
                               p->in.p[p->at] == '\t' || p->in.p[p->at] == '\r'))
        p->at++;
}

/* The byte at p->at, or 0 at the end (where a zero byte is wrong anyhow). */
static uint8_t peek(const struct parser *p)
{
    return p->at < p->in.n ? p->in.p[p->at] : 0;
}

static struct json *node(struct parser *p, enum json_type type, size_t at)
{
    struct json *v = arena_get(p->arena, sizeof *v, p->e);

    if (v) {
        v->type = (uint8_t)type;
        v->at = (uint32_t)at;
    }
    return v;
}

static bool push(struct parser *p, struct json_member m)
{
    if (p->n == p->room) {
        size_t room = p->room * 2;
        struct json_member *more = p->stack == p->first ? NULL : p->stack;
        more = realloc(more, room * sizeof *more);
        if (!more)
            return err_fail(p->e, ERR_NOMEM, "out of memory");
        if (p->stack == p->first)
            memcpy(more, p->first, sizeof p->first);
        p->stack = more;
        p->room = room;
    }
    p->stack[p->n++] = m;
    return true;
}

static const struct json *value(struct parser *p);

static const struct json *close_array(struct parser *p, struct json *v, size_t base)
{
    v->n = v->room = (uint32_t)(p->n - base);
    v->items = arena_get_array(p->arena, v->n, sizeof *v->items, p->e);
    if (!v->items)
        return NULL;
    for (uint32_t i = 0; i < v->n; i++)
        v->items[i] = p->stack[base + i].value;
    p->n = base;
    return v;
}

static const struct json *array(struct parser *p)
{
    struct frame f = {.up = p->frame};
    size_t base = p->n, at = p->at++;
    struct json *v;

    p->frame = &f;
    blanks(p);
    if (peek(p) != ']') {
        for (;; f.index++) {
            struct json_member m = {.value = value(p)};
            if (!m.value || !push(p, m))
                return NULL;
            blanks(p);
            if (peek(p) != ',')
                break;
            p->at++;
        }
    }
    if (peek(p) != ']')
        return fail(p, "expected , or ] in an array");
    p->at++;
    p->frame = f.up;
    v = node(p, JSON_ARRAY, at);
    return v ? close_array(p, v, base) : NULL;
}

static bool same_key(const struct json_member *a, const struct json_member *b)
{
    return bytes_equal(bytes_of(a->key, a->n), bytes_of(b->key, b->n));
}

static const struct json *twice(struct parser *p, const struct json_member *m)
{
    struct frame f = {p->frame, bytes_of(m->key, m->n), 0, true};

    p->frame = &f;
    fail_at(p, m->at, ERR_INPUT, "this key stands twice in one object");
    p->frame = f.up;
    return NULL;
}

static const struct json *close_object(struct parser *p, struct json *v, size_t base)
{
    size_t n = p->n - base;

    if (!json_sort_members(p->stack + base, n, p->arena, p->e))
        return NULL;
    for (size_t i = 1; i < n; i++)
        if (same_key(&p->stack[base + i - 1], &p->stack[base + i]))
            return twice(p, &p->stack[base + i]);
    v->n = v->room = (uint32_t)n;
    v->members = arena_get_array(p->arena, n, sizeof *v->members, p->e);
    if (!v->members)
        return NULL;
    memcpy(v->members, p->stack + base, n * sizeof *v->members);
    p->n = base;
    return v;
}

/* "key" : value */
static bool member(struct parser *p, struct frame *f)
{
    struct json_member m = {.at = 0};
    bool plain;

    blanks(p);
    f->key.p = NULL;
    if (peek(p) != '"')
        return fail(p, "expected a key in quotes") != NULL;
    m.at = (uint32_t)p->at;
    if (!string(p, &f->key, &plain))
        return false;
    m.key = f->key.p;
    m.n = (uint32_t)f->key.n;
    blanks(p);
    if (peek(p) != ':')
        return fail(p, "expected : behind a key") != NULL;
    p->at++;
    m.value = value(p);
    return m.value && push(p, m);
}

static const struct json *object(struct parser *p)
{
    struct frame f = {.up = p->frame, .object = true};
    size_t base = p->n, at = p->at++;
    struct json *v;

    p->frame = &f;
    blanks(p);
    if (peek(p) != '}') {
        for (;;) {
            if (!member(p, &f))
                return NULL;
            blanks(p);
            if (peek(p) != ',')
                break;
            p->at++;
        }
    }
    if (peek(p) != '}')
        return fail(p, "expected , or } in an object");
    p->at++;
    p->frame = f.up;
    v = node(p, JSON_OBJECT, at);
    return v ? close_object(p, v, base) : NULL;
}

static const struct json *container(struct parser *p)
{
    const struct json *v;

    if (p->depth == LIMIT_JSON_DEPTH)
        return fail_at(p, p->at, ERR_LIMIT, "JSON deeper than 64 levels");
    p->depth++;
    v = p->in.p[p->at] == '{' ? object(p) : array(p);
    p->depth--;
    return v;
}

static const struct json *string_value(struct parser *p)
{
    struct bytes text;
    size_t at = p->at;
    bool plain;
    struct json *v;

    if (!string(p, &text, &plain) || !(v = node(p, JSON_STRING, at)))
        return NULL;
    v->text = text.p;
    v->n = (uint32_t)text.n;
    v->flag = plain;
    return v;
}

static const struct json *number(struct parser *p)
{
    static const char *const faults[] = {
        [NUMBER_LONG] = "a number of too many characters",
        [NUMBER_LARGE] = "a number too large for a double",
        [NUMBER_SMALL] = "a number too close to zero for a double",
        [NUMBER_INEXACT] = "an integer that a double cannot hold: write it as a string",
    };
    struct bytes rest = bytes_part(p->in, p->at, SIZE_MAX);
    size_t n = json_number_length(rest);
    enum json_number_fault fault;
    struct json *v;

    if (!n)
        return fail(p, "not a JSON number");
    v = node(p, JSON_NUMBER, p->at);
    if (!v)
        return NULL;
    fault = json_number_of(bytes_part(rest, 0, n), &v->number);
    if (fault != NUMBER_FINE)
        return fail_at(p, p->at, fault == NUMBER_LONG ? ERR_LIMIT : ERR_INPUT, faults[fault]);
    p->at += n;
    return v;
}

static const struct json *word(struct parser *p, const char *text, enum json_type type, bool flag)
{
    struct json *v;

    if (!bytes_start_with(bytes_part(p->in, p->at, SIZE_MAX), text))
        return fail(p, "expected a JSON value");
    v = node(p, type, p->at);
    if (!v)
        return NULL;
    v->flag = flag;
    p->at += strlen(text);
    return v;
}

static const struct json *value(struct parser *p)
{
    blanks(p);
    if (p->at == p->in.n)
        return fail(p, "the text ends where a value should stand");
    switch (p->in.p[p->at]) {
    case '{':
    case '[':
        return container(p);
    case '"':
        return string_value(p);
    case 't':
        return word(p, "true", JSON_BOOL, true);
    case 'f':
        return word(p, "false", JSON_BOOL, false);
    case 'n':
        return word(p, "null", JSON_NULL, false);
    default:
        if (p->in.p[p->at] == '-' || (p->in.p[p->at] >= '0' && p->in.p[p->at] <= '9'))
            return number(p);
        if (bytes_start_with(bytes_part(p->in, p->at, SIZE_MAX), "\xef\xbb\xbf"))
            return fail(p, "a byte order mark: save the file as UTF-8 without it");
        return fail(p, "expected a JSON value");
    }
}

static const struct json *whole(struct parser *p)
{
    const struct json *v = value(p);

    if (!v)
        return NULL;
    p->frame = NULL;
    blanks(p);
    return p->at == p->in.n ? v : fail(p, "something stands behind the end of the JSON value");
}

const struct json *json_parse_part(struct bytes text, const struct json_origin *from,
                                   struct arena *a, struct err *e)
{
    struct parser p;
    const struct json *v;

    if (text.n > LIMIT_PAYLOAD_BYTES) {
        err_fail(e, ERR_LIMIT, "JSON of %zu bytes, more than %zu", text.n, LIMIT_PAYLOAD_BYTES);
        return NULL;
    }
    p.in = text;
    p.at = p.n = 0;
    p.depth = 0;
    p.arena = a;
    p.from = from;
    p.frame = NULL;
    p.stack = p.first;
    p.room = STACK_FIRST;
    p.e = e;
    v = whole(&p);
    if (p.stack != p.first)
        free(p.stack);
    return v;
}

const struct json *json_parse(struct bytes text, struct arena *a, struct err *e)
{
    static const struct json_origin begin = {1, 1, ""};
    return json_parse_part(text, &begin, a, e);
}
