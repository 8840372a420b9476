/* json: a line as JSON (RFC 8259), without building anything: strings are pointed out where they
 * stand, with the keys that lead to them. */
#include "base/text.h"
#include "watch/scan_impl.h"

#include <stdlib.h>

/* ---- the grammar --------------------------------------------------------------------------- */

static void skip_blanks(const struct bytes *t, size_t *at)
{
    while (*at < t->n &&
           (t->p[*at] == ' ' || t->p[*at] == '\t' || t->p[*at] == '\r' || t->p[*at] == '\n'))
        (*at)++;
}

#define ONES UINT64_C(0x0101010101010101)
#define HIGH UINT64_C(0x8080808080808080)

/* The first quote, backslash or control byte. */
static size_t string_stop(const struct bytes *t, size_t at)
{
    for (; t->n - at >= 8; at += 8) {
        uint64_t v = load64(t->p + at), quote = v ^ ONES * '"', slash = v ^ ONES * '\\';
        uint64_t stop =
            ((quote - ONES) & ~quote) | ((slash - ONES) & ~slash) | ((v - ONES * 0x20) & ~v);
        stop &= HIGH;
        if (stop)
            return at + (size_t)__builtin_ctzll(stop) / 8; /* the lowest one is exact */
    }
    while (at < t->n && t->p[at] != '"' && t->p[at] != '\\' && t->p[at] >= 0x20)
        at++;
    return at;
}

static bool four_hex(const struct bytes *t, size_t at)
{
    if (t->n - at < 4)
        return false;
    for (size_t i = 0; i < 4; i++)
        if (!(byte_class[t->p[at + i]] & IS_HEX))
            return false;
    return true;
}

/* *at is behind the opening quote, then behind the closing one. */
static bool skip_string(const struct bytes *t, size_t *at)
{
    for (;;) {
        *at = string_stop(t, *at);
        if (*at >= t->n || t->p[*at] < 0x20)
            return false;
        if (t->p[(*at)++] == '"')
            return true;
        if (*at >= t->n)
            return false;
        switch (t->p[(*at)++]) {
        case 'u':
            if (!four_hex(t, *at))
                return false;
            *at += 4;
            break;
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            break;
        default:
            return false;
        }
    }
}

static bool skip_digits(const struct bytes *t, size_t *at)
{
    size_t from = *at;

    while (*at < t->n && byte_class[t->p[*at]] & IS_DIGIT)
        (*at)++;
    return *at > from;
}

static bool skip_number(const struct bytes *t, size_t *at)
{
    *at += t->p[*at] == '-';
    if (*at < t->n && t->p[*at] == '0')
        (*at)++;
    else if (!skip_digits(t, at))
        return false;
    if (*at < t->n && t->p[*at] == '.') {
        (*at)++;
        if (!skip_digits(t, at))
            return false;
    }
    if (*at < t->n && (t->p[*at] | 0x20) == 'e') {
        (*at)++;
        *at += *at < t->n && (t->p[*at] == '+' || t->p[*at] == '-');
        return skip_digits(t, at);
    }
    return true;
}

static bool skip_literal(const struct bytes *t, size_t *at)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < 3; i++)
        if (bytes_start_with(bytes_part(*t, *at, SIZE_MAX), words[i])) {
            *at += strlen(words[i]);
            return true;
        }
    return false;
}

/* A member of the top object that says which log this is, or when it happened. */
static void note_fact(struct json_walk *w, struct bytes value)
{
    struct bytes key = bytes_part(w->line, w->level[1].key, w->level[1].key_n);

    if (w->depth != 1 || !w->level[1].object)
        return;
    switch (key.n) {
    case 2:
        if (bytes_are(key, "ts"))
            w->facts.event_us = event_time(value);
        break;
    case 5:
        if (bytes_are(key, "_path"))
            w->facts.log = value;
        break;
    case 7:
        if (bytes_are(key, "Channel") && !w->facts.log.n)
            w->facts.log = value;
        break;
    case 9:
        if (bytes_are(key, "timestamp"))
            w->facts.event_us = event_time(value);
        break;
    case 10:
        if (bytes_are(key, "event_type"))
            w->facts.log = value;
        else if (bytes_are(key, "@timestamp") && !w->facts.event_us)
            w->facts.event_us = event_time(value);
        break;
    default:
        break;
    }
}

static bool scalar(struct json_walk *w, size_t *at)
{
    const struct bytes *t = &w->line;
    size_t from = *at;

    if (t->p[*at] == '"') {
        (*at)++;
        if (!skip_string(t, at))
            return false;
        note_fact(w, bytes_part(*t, from + 1, *at - from - 2));
        return *at <= w->wanted || w->string(w, from + 1, *at - 1);
    }
    if (t->p[*at] == '-' || byte_class[t->p[*at]] & IS_DIGIT) {
        if (!skip_number(t, at))
            return false;
        note_fact(w, bytes_part(*t, from, *at - from));
        return !w->other || w->other(w, from, *at);
    }
    return skip_literal(t, at) && (!w->other || w->other(w, from, *at));
}

/* *at is behind '{' or a comma: the key and its colon. */
static bool member_key(struct json_walk *w, size_t *at)
{
    const struct bytes *t = &w->line;
    size_t from;

    skip_blanks(t, at);
    if (*at >= t->n || t->p[*at] != '"')
        return false;
    from = ++*at;
    if (!skip_string(t, at))
        return false;
    w->level[w->depth].key = (uint32_t)from;
    w->level[w->depth].key_n = (uint32_t)(*at - 1 - from);
    skip_blanks(t, at);
    if (*at >= t->n || t->p[*at] != ':')
        return false;
    (*at)++;
    return true;
}

/* *at is at '{' or '['. *empty: it closes at once, and we are behind it. */
static bool enter(struct json_walk *w, size_t *at, bool *empty)
{
    const struct bytes *t = &w->line;
    bool object = t->p[(*at)++] == '{';

    if (w->depth == LIMIT_JSON_DEPTH)
        return false;
    skip_blanks(t, at);
    *empty = *at < t->n && t->p[*at] == (object ? '}' : ']');
    if (*empty) {
        (*at)++;
        return true;
    }
    w->depth++;
    w->level[w->depth].object = object;
    w->level[w->depth].key_n = 0;
    return !object || member_key(w, at);
}

/* Behind a value: close what ends here. *more: another value follows. */
static bool leave(struct json_walk *w, size_t *at, bool *more)
{
    const struct bytes *t = &w->line;

    for (*more = false; w->depth; w->depth--) {
        skip_blanks(t, at);
        if (*at >= t->n)
            return false;
        if (t->p[*at] == ',') {
            (*at)++;
            *more = true;
            return !w->level[w->depth].object || member_key(w, at);
        }
        if (t->p[(*at)++] != (w->level[w->depth].object ? '}' : ']'))
            return false;
    }
    return true;
}

bool json_walk(struct json_walk *w)
{
    const struct bytes *t = &w->line;
    size_t at = bytes_start_with(*t, "\xef\xbb\xbf") ? 3 : 0;
    bool more = true, empty;

    w->depth = 0;
    while (more) {
        skip_blanks(t, &at);
        if (at >= t->n)
            return false;
        if (t->p[at] == '{' || t->p[at] == '[') {
            if (!enter(w, &at, &empty))
                return false;
            if (!empty)
                continue;
        } else if (!scalar(w, &at)) {
            return false;
        }
        if (!leave(w, &at, &more))
            return false;
    }
    skip_blanks(t, &at);
    return at == t->n;
}

size_t json_path(const struct json_walk *w, char *out, size_t cap)
{
    size_t n = 0;

    for (unsigned i = 1; i <= w->depth; i++) {
        struct bytes key = bytes_part(w->line, w->level[i].key, w->level[i].key_n);
        if (!w->level[i].object || key.n + (n > 0) > cap - n)
            continue;
        if (n)
            out[n++] = '.';
        memcpy(out + n, key.p, key.n);
        n += key.n;
    }
    return n;
}

/* ---- decoding ---------------------------------------------------------------------------------
 */

static uint32_t hex4(const uint8_t *p)
{
    uint32_t v = 0;

    for (size_t i = 0; i < 4; i++)
        v = v << 4 | hex_value(p[i]);
    return v;
}

/* The code behind "\u", with its second half if it has one; a lone surrogate is U+FFFD. */
static uint32_t escaped_code(struct bytes raw, size_t *at)
{
    uint32_t code = hex4(raw.p + *at), low;

    *at += 4;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || raw.n - *at < 6 || raw.p[*at] != '\\' || raw.p[*at + 1] != 'u')
        return 0xfffd;
    low = hex4(raw.p + *at + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *at += 6;
    return 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
}

static uint8_t control_of(uint8_t letter)
{
    return letter == 'n'   ? '\n'
           : letter == 't' ? '\t'
           : letter == 'r' ? '\r'
           : letter == 'b' ? '\b'
                           : '\f';
}

size_t json_decode(struct bytes raw, uint8_t *out, bool exact)
{
    size_t n = 0, at = 0;

    while (at < raw.n) {
        const uint8_t *slash = memchr(raw.p + at, '\\', raw.n - at);
        size_t k = slash ? (size_t)(slash - raw.p) - at : raw.n - at;
        memcpy(out + n, raw.p + at, k);
        n += k;
        at += k + 2;
        if (!slash)
            break;
        switch (raw.p[at - 1]) {
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            out[n++] = exact ? control_of(raw.p[at - 1]) : ' ';
            break;
        case 'u':
            n += utf8_put(out + n, escaped_code(raw, &at));
            break;
        default:
            out[n++] = raw.p[at - 1];
        }
    }
    return n;
}

/* ---- lines
 * ---------------------------------------------------------------------------------------- */

/* The raw line as text: it is not JSON. */
static bool as_text(struct watch_scanner *s, struct line *line)
{
    struct finder *f = &s->inner;
    const struct list *lists[3] = {&f->ipv4, &f->name, &f->rare};

    s->counts.not_json++;
    finder_begin(f, line->text.p, line->text.n);
    while (finder_next(f, s->kernel))
        for (size_t l = 0; l < 3; l++)
            for (size_t i = 0; i < lists[l]->n; i++) {
                const struct token *t = &lists[l]->at[i];
                struct bytes seen = bytes_of(line->text.p + t->start, t->end - t->start);
                if (!give_hits(s, line, (enum token_kind)t->kind, seen, false,
                               line->offset + t->start))
                    return false;
            }
    return true;
}

struct spotting {
    struct watch_scanner *s;
    struct line *line;
    const struct token *t; /* starts are within the piece */
    size_t n, at, base;    /* base: where the line begins in the piece */
    size_t spots, paths;
    bool full;
};

/* A string that ends behind the next token: if that token is in it, remember its path. */
static bool spot(struct json_walk *w, size_t from, size_t to)
{
    struct spotting *g = w->self;
    size_t first;

    while (g->at < g->n && g->t[g->at].start < g->base + from)
        g->at++; /* in a key, or a number */
    first = g->at;
    while (g->at < g->n && g->t[g->at].end <= g->base + to)
        g->at++;
    w->wanted = g->at < g->n ? g->t[g->at].start - g->base : SIZE_MAX;
    if (first == g->at)
        return true;
    if (g->spots == JSON_SPOTS || JSON_PATHS - g->paths < LIMIT_WATCH_FIELD) {
        g->full = true;
        return true;
    }
    g->s->spots[g->spots++] =
        (struct json_spot){(uint32_t)first, (uint32_t)g->at, (uint16_t)g->paths,
                           (uint16_t)json_path(w, g->s->paths + g->paths, LIMIT_WATCH_FIELD)};
    g->paths += g->s->spots[g->spots - 1].path_n;
    return true;
}

static bool give_spot(struct spotting *g, const struct json_spot *spot)
{
    g->line->field = bytes_of(g->s->paths + spot->path, spot->path_n);
    for (size_t i = spot->from; i < spot->to; i++) {
        struct bytes seen = bytes_of(g->s->p + g->t[i].start, g->t[i].end - g->t[i].start);
        if (!give_hits(g->s, g->line, (enum token_kind)g->t[i].kind, seen, false,
                       g->s->piece_offset + g->t[i].start))
            return false;
    }
    return true;
}

bool json_line(struct watch_scanner *s, struct line *line, const struct token *t, size_t n)
{
    size_t base = (size_t)(line->text.p - s->p);
    struct spotting g = {.s = s, .line = line, .t = t, .n = n, .base = base};
    struct json_walk w = {
        .line = line->text, .wanted = t->start - base, .string = spot, .self = &g};

    if (!json_walk(&w))
        return as_text(s, line);
    if (g.full)
        return json_take_apart(s, line);
    line->log = w.facts.log;
    line->event_us = w.facts.event_us;
    for (size_t i = 0; i < g.spots; i++)
        if (!give_spot(&g, &s->spots[i]))
            return false;
    return true;
}

static bool no_string(struct json_walk *w, size_t from, size_t to)
{
    (void)w, (void)from, (void)to;
    return true;
}

static bool names_a_host(const struct json_walk *w)
{
    struct bytes key = bytes_part(w->line, w->level[w->depth].key, w->level[w->depth].key_n);

    return bytes_are(key, "host") || bytes_are(key, "hostname");
}

/* One string: decode it behind a newline, search it, give what is there. */
static bool apart(struct json_walk *w, size_t from, size_t to)
{
    struct spotting *g = w->self;
    struct watch_scanner *s = g->s;
    struct finder *f = &s->inner;
    const struct list *lists[3] = {&f->ipv4, &f->name, &f->rare};
    uint8_t *text = s->decoded + SLACK;
    size_t n = json_decode(bytes_part(w->line, from, to - from), text, false);

    if (n < 2)
        return true;
    memset(text + n, '\n', SLACK);
    finder_begin(f, text, n);
    f->hosts = s->finder.hosts && names_a_host(w);
    while (finder_next(f, s->kernel))
        for (size_t l = 0; l < 3; l++)
            for (size_t i = 0; i < lists[l]->n; i++) {
                const struct token *t = &lists[l]->at[i];
                g->line->field = bytes_of(s->paths, json_path(w, s->paths, LIMIT_WATCH_FIELD));
                if (!give_hits(s, g->line, (enum token_kind)t->kind,
                               bytes_of(text + t->start, t->end - t->start), false,
                               g->line->offset + from))
                    return false;
            }
    return true;
}

bool json_take_apart(struct watch_scanner *s, struct line *line)
{
    struct spotting g = {.s = s, .line = line};
    struct json_walk w = {.line = line->text, .wanted = SIZE_MAX, .string = no_string, .self = &g};

    if (!json_walk(&w))
        return as_text(s, line);
    line->log = w.facts.log;
    line->event_us = w.facts.event_us;
    if (s->decoded_cap < line->text.n) {
        uint8_t *more = realloc(s->decoded, line->text.n + 2 * SLACK);
        if (!more)
            return true; /* no memory for one line: it stays unsearched, as if it were cut */
        memset(more, '\n', SLACK);
        s->decoded = more;
        s->decoded_cap = line->text.n;
    }
    w.wanted = 0;
    w.string = apart;
    return json_walk(&w) || !s->stopped;
}
