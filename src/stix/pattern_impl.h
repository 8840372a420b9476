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
/* Words of the grammar cannot be names of types or properties. */
bool pattern_is_reserved(struct bytes word);

#endif
