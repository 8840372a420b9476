/* pattern_impl: what lexer and parser of patterns share. */
#ifndef ENTENTE_PATTERN_IMPL_H
#define ENTENTE_PATTERN_IMPL_H

#include "stix/pattern.h"

enum token_kind {
    TOKEN_END,
    TOKEN_BAD, /* `why` says what is wrong with it */
    TOKEN_LBRACK,
    TOKEN_RBRACK,
    TOKEN_LPAREN,
    TOKEN_RPAREN,
    TOKEN_COMMA,
    TOKEN_COLON,
    TOKEN_DOT,
    TOKEN_STAR,
    TOKEN_COMPARE, /* = == != <> < <= > >= */
    TOKEN_WORD,    /* an identifier or a keyword */
    TOKEN_INTEGER,
    TOKEN_FLOAT,
    TOKEN_STRING, /* text: between the quotes, escapes still in it */
    TOKEN_TIME,
    TOKEN_HEX,
    TOKEN_BINARY,
};

struct token {
    enum token_kind kind;
    enum pattern_operator op; /* of TOKEN_COMPARE */
    struct bytes text;
    size_t at;
    bool escapes; /* of TOKEN_STRING */
    const char *why;
};

/* The token at *at or behind blanks and comments; *at moves behind it. */
struct token pattern_token(struct bytes in, size_t *at);

/* Distinct object types inside one pair of brackets: a bit of a word each. */
#define TYPES_MOST 64

struct pattern_parser {
    struct bytes in;
    size_t at;        /* behind `now` */
    struct token now; /* the next token, not yet taken */
    struct arena *arena;
    unsigned depth;
    struct bytes types[TYPES_MOST]; /* of the observation we are in */
    unsigned type_count;
    struct err *e;
};

/* Fail at a byte of the text, or at the next token (with what is wrong with it, if anything is);
 * NULL, which is false as well. */
struct pattern *pattern_fail_at(struct pattern_parser *p, size_t at, enum err_code code,
                                const char *what);
struct pattern *pattern_fail(struct pattern_parser *p, const char *expected);
void pattern_advance(struct pattern_parser *p);
/* Is the next token this word? */
bool pattern_at_word(const struct pattern_parser *p, const char *word);

/* The next token as a constant; taken. */
bool pattern_constant_next(struct pattern_parser *p, struct pattern_constant *c);
/* A string's text without its escapes. */
bool pattern_unescape(struct pattern_parser *p, const struct token *t, struct bytes *out);
/* An integer with its sign, of 64 bits. */
bool pattern_integer(struct bytes text, int64_t *out);

/* Words of the grammar cannot be names of types or properties. */
bool pattern_is_reserved(struct bytes word);

#endif
