/* Constants of patterns: from a token to a value. */
#include "base/limits.h"
#include "base/text.h"
#include "stix/json_impl.h"
#include "stix/pattern_impl.h"
#include "stix/stix.h"

bool pattern_unescape(struct pattern_parser *p, const struct token *t, struct bytes *out)
{
    uint8_t *to;
    size_t n = 0;

    if (!t->escapes) {
        *out = t->text;
        return true;
    }
    to = arena_get(p->arena, t->text.n, p->e);
    if (!to)
        return false;
    for (size_t i = 0; i < t->text.n; i++) {
        i += t->text.p[i] == '\\';
        to[n++] = t->text.p[i];
    }
    *out = bytes_of(to, n);
    return true;
}

bool pattern_integer(struct bytes text, int64_t *out)
{
    bool negative = text.p[0] == '-';
    uint64_t v;

    if (!decimal_parse(bytes_part(text, negative || text.p[0] == '+', SIZE_MAX), &v) ||
        v > (uint64_t)INT64_MAX)
        return false;
    *out = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

static bool integer_constant(struct pattern_parser *p, struct pattern_constant *c)
{
    c->kind = PATTERN_INTEGER;
    c->text = bytes_part(p->now.text, p->now.text.p[0] == '+', SIZE_MAX);
    if (!pattern_integer(c->text, &c->integer))
        return pattern_fail(p, "an integer beyond 64 bits") != NULL;
    c->number = (double)c->integer;
    return true;
}

/* The grammar's ".5" becomes a literal that JSON knows, which has a double. */
static bool float_constant(struct pattern_parser *p, struct pattern_constant *c)
{
    struct bytes t = bytes_part(p->now.text, p->now.text.p[0] == '+', SIZE_MAX);
    bool negative = t.p[0] == '-';
    char text[LIMIT_JSON_NUMBER + 4] = "0";

    c->kind = PATTERN_FLOAT;
    c->text = t;
    t = bytes_part(t, negative, SIZE_MAX);
    while (t.n > 1 && t.p[0] == '0' && t.p[1] != '.')
        t = bytes_part(t, 1, SIZE_MAX);
    if (t.n > LIMIT_JSON_NUMBER)
        return pattern_fail(p, "a number of too many characters") != NULL;
    memcpy(text + (t.p[0] == '.'), t.p, t.n);
    if (json_number_of(bytes_of(text, t.n + (t.p[0] == '.')), &c->number) != NUMBER_FINE)
        return pattern_fail(p, "a number that no double can hold") != NULL;
    c->number = negative ? -c->number : c->number;
    return true;
}

static bool time_constant(struct pattern_parser *p, struct pattern_constant *c)
{
    c->kind = PATTERN_TIME;
    c->text = p->now.text;
    if (!stix_time_parse(c->text, &c->integer))
        return pattern_fail(p, "not a timestamp: write it as t'2026-01-31T12:00:00Z'") != NULL;
    return true;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_constant(struct pattern_parser *p, struct pattern_constant *c)
{
    struct bytes t = p->now.text;
    uint8_t *to = arena_get(p->arena, t.n / 2, p->e);

    c->kind = PATTERN_HEX;
    if (!to)
        return false;
    for (size_t i = 0; i + 1 < t.n + t.n % 2; i += 2) {
        int hi = hex_value(t.p[i]), lo = i + 1 < t.n ? hex_value(t.p[i + 1]) : -1;
        if (hi < 0 || lo < 0)
            return pattern_fail(p, "not pairs of hexadecimal digits") != NULL;
        to[i / 2] = (uint8_t)(hi << 4 | lo);
    }
    c->text = bytes_of(to, t.n / 2);
    return true;
}

static bool binary_constant(struct pattern_parser *p, struct pattern_constant *c)
{
    size_t n = p->now.text.n / 4 * 3;
    uint8_t *to = arena_get(p->arena, n, p->e);

    c->kind = PATTERN_BINARY;
    if (!to)
        return false;
    if (!base64_decode(to, &n, p->now.text))
        return pattern_fail(p, "not base64") != NULL;
    c->text = bytes_of(to, n);
    return true;
}

static bool string_constant(struct pattern_parser *p, struct pattern_constant *c)
{
    c->kind = PATTERN_STRING;
    return pattern_unescape(p, &p->now, &c->text);
}

static bool boolean_constant(struct pattern_parser *p, struct pattern_constant *c)
{
    c->kind = PATTERN_BOOLEAN;
    c->integer = pattern_at_word(p, "true");
    return c->integer || pattern_at_word(p, "false") ||
           pattern_fail(
               p, "expected a constant: 'text', a number, true, false, t'...', h'...' or b'...'");
}

static bool read_constant(struct pattern_parser *p, struct pattern_constant *c)
{
    static const struct {
        enum token_kind token;
        bool (*read)(struct pattern_parser *p, struct pattern_constant *c);
    } kinds[] = {{TOKEN_STRING, string_constant}, {TOKEN_INTEGER, integer_constant},
                 {TOKEN_FLOAT, float_constant},   {TOKEN_TIME, time_constant},
                 {TOKEN_HEX, hex_constant},       {TOKEN_BINARY, binary_constant}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (p->now.kind == kinds[i].token)
            return kinds[i].read(p, c);
    return boolean_constant(p, c);
}

bool pattern_constant_next(struct pattern_parser *p, struct pattern_constant *c)
{
    memset(c, 0, sizeof *c);
    if (!read_constant(p, c))
        return false;
    pattern_advance(p);
    return true;
}
