/* Tokens of the pattern language (the grammar of STIX 2.1 section 9, as published by OASIS). */
#include "base/text.h"
#include "stix/pattern_impl.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_start(uint8_t c)
{
    return (c | 0x20) >= 'a' ? (c | 0x20) <= 'z' : c == '_';
}

static bool is_word(uint8_t c)
{
    return is_word_start(c) || is_digit(c) || c == '-' || c == '_';
}

static uint8_t byte_at(struct bytes in, size_t at)
{
    return at < in.n ? in.p[at] : 0;
}

static bool is_blank(int32_t c)
{
    return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

/* Over blanks and comments; false: a comment has no end. */
static bool skip(struct bytes in, size_t *at)
{
    while (*at < in.n) {
        size_t next = *at, end;
        if (in.p[*at] == '/' && byte_at(in, *at + 1) == '/') {
            while (*at < in.n && in.p[*at] != '\n' && in.p[*at] != '\r')
                ++*at;
        } else if (in.p[*at] == '/' && byte_at(in, *at + 1) == '*') {
            end = bytes_find(bytes_part(in, *at + 2, SIZE_MAX), BYTES("*/"));
            if (end == SIZE_MAX)
                return false;
            *at += end + 4;
        } else if (is_blank(utf8_next(in, &next))) {
            *at = next;
        } else {
            break;
        }
    }
    return true;
}

static struct token bad(struct token t, const char *why)
{
    t.kind = TOKEN_BAD;
    t.why = why;
    return t;
}

/* 'text' with \' and \\ as the only escapes; *at is on the opening quote. */
static struct token quoted(struct token t, struct bytes in, size_t *at, enum token_kind kind)
{
    size_t from = ++*at;

    for (; *at < in.n && in.p[*at] != '\''; ++*at) {
        if (in.p[*at] != '\\')
            continue;
        t.escapes = true;
        ++*at;
        if (byte_at(in, *at) != '\'' && byte_at(in, *at) != '\\')
            return t.at = *at - 1, bad(t, "a backslash that escapes neither ' nor \\: double it");
    }
    if (*at == in.n)
        return bad(t, "a string without its closing quote");
    t.kind = kind;
    t.text = bytes_part(in, from, *at - from);
    ++*at;
    if (kind != TOKEN_STRING && t.escapes)
        return bad(t, "a backslash where none can be");
    return t;
}

static struct token number(struct token t, struct bytes in, size_t *at)
{
    size_t from = *at, digits;

    if (in.p[*at] == '+' || in.p[*at] == '-')
        ++*at;
    digits = *at;
    while (is_digit(byte_at(in, *at)))
        ++*at;
    t.kind = TOKEN_INTEGER;
    if (byte_at(in, *at) == '.' && is_digit(byte_at(in, *at + 1))) {
        t.kind = TOKEN_FLOAT;
        for (++*at; is_digit(byte_at(in, *at)); ++*at)
            ;
    } else if (*at == digits) {
        return bad(t, "a sign without a number");
    } else if (*at - digits > 1 && in.p[digits] == '0') {
        return bad(t, "an integer with leading zeros");
    }
    t.text = bytes_part(in, from, *at - from);
    if (is_word_start(byte_at(in, *at)))
        return bad(t, "a letter right behind a number");
    return t;
}

static struct token comparison(struct token t, struct bytes in, size_t *at)
{
    static const struct {
        const char *text;
        enum pattern_operator op;
    } ops[] = {{"==", PATTERN_EQ}, {"!=", PATTERN_NE}, {"<>", PATTERN_NE}, {"<=", PATTERN_LE},
               {">=", PATTERN_GE}, {"=", PATTERN_EQ},  {"<", PATTERN_LT},  {">", PATTERN_GT}};

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (bytes_start_with(bytes_part(in, *at, 2), ops[i].text)) {
            t.kind = TOKEN_COMPARE;
            t.op = ops[i].op;
            *at += strlen(ops[i].text);
            return t;
        }
    return bad(t, "a character that no pattern has here");
}

static struct token word(struct token t, struct bytes in, size_t *at)
{
    static const struct {
        char letter;
        enum token_kind kind;
    } prefixed[] = {{'t', TOKEN_TIME}, {'h', TOKEN_HEX}, {'b', TOKEN_BINARY}};
    size_t from = *at;

    for (size_t i = 0; i < 3; i++)
        if (in.p[*at] == (uint8_t)prefixed[i].letter && byte_at(in, *at + 1) == '\'')
            return ++*at, quoted(t, in, at, prefixed[i].kind);
    while (is_word(byte_at(in, *at)))
        ++*at;
    t.kind = TOKEN_WORD;
    t.text = bytes_part(in, from, *at - from);
    return t;
}

struct token pattern_token(struct bytes in, size_t *at)
{
    static const char marks[] = "[](),:.*";
    static const enum token_kind kinds[] = {TOKEN_LBRACK, TOKEN_RBRACK, TOKEN_LPAREN, TOKEN_RPAREN,
                                            TOKEN_COMMA,  TOKEN_COLON,  TOKEN_DOT,    TOKEN_STAR};
    struct token t = {.kind = TOKEN_END};
    const char *mark;
    uint8_t c;

    t.at = *at;
    if (!skip(in, at))
        return bad(t, "a comment without its end");
    t.at = *at;
    if (*at == in.n)
        return t;
    c = in.p[*at];
    if (c == '\'')
        return quoted(t, in, at, TOKEN_STRING);
    if (is_digit(c) || c == '+' || c == '-' || (c == '.' && is_digit(byte_at(in, *at + 1))))
        return number(t, in, at);
    if (is_word_start(c))
        return word(t, in, at);
    mark = c ? strchr(marks, c) : NULL;
    if (!mark)
        return comparison(t, in, at);
    t.kind = kinds[mark - marks];
    ++*at;
    return t;
}

bool pattern_is_reserved(struct bytes t)
{
    static const char *const words[] = {"AND",     "OR",   "NOT",      "FOLLOWEDBY", "LIKE",
                                        "MATCHES", "IN",   "ISSUBSET", "ISSUPERSET", "EXISTS",
                                        "START",   "STOP", "WITHIN",   "SECONDS",    "REPEATS",
                                        "TIMES",   "true", "false"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_are(t, words[i]))
            return true;
    return false;
}
