/* pattern: the STIX 2.1 pattern language (STIX 2.1 section 9), as a tree.
 *
 *     const struct pattern *p = pattern_parse(BYTES("[ipv4-addr:value = '198.51.100.3']"), a, e);
 *     struct indicator *i;
 *     size_t n;
 *     if (p && pattern_indicators(p, a, &i, &n, e) && n) ...   // one of these values is a match
 *
 * The whole grammar is read, and the 2.0 form of START/STOP with plain strings. Refused: what the
 * grammar refuses, an AND inside brackets whose parts fit no common object type, WITHIN or REPEATS
 * zero, a START not before its STOP. Regular expressions and network prefixes inside strings are
 * not looked at. Errors name the column, in characters from 1.
 *
 * Parentheses nest at most LIMIT_PATTERN_DEPTH deep; a text is at most LIMIT_PATTERN_BYTES long,
 * and the tree takes memory in proportion to it. Chains of one operator are one node of many
 * children, so the tree is no deeper than the text nests. */
#ifndef ENTENTE_PATTERN_H
#define ENTENTE_PATTERN_H

#include "base/arena.h"
#include "stix/indicator.h"

enum pattern_kind {
    /* of observations */
    PATTERN_FOLLOWEDBY, /* children in order of time */
    PATTERN_ANY_OF,     /* OR: two or more children */
    PATTERN_ALL_OF,     /* AND, each on its own observation */
    PATTERN_QUALIFIED,  /* one child, and a qualifier */
    PATTERN_OBSERVED,   /* [ ... ]: one child, a comparison expression */
    /* of comparisons */
    PATTERN_OR,
    PATTERN_AND,
    PATTERN_COMPARE, /* no child */
};

enum pattern_operator {
    PATTERN_EQ,
    PATTERN_NE,
    PATTERN_LT,
    PATTERN_LE,
    PATTERN_GT,
    PATTERN_GE,
    PATTERN_IN,
    PATTERN_LIKE,
    PATTERN_MATCHES,
    PATTERN_ISSUBSET,
    PATTERN_ISSUPERSET,
    PATTERN_EXISTS, /* the path has a value: no constant */
};

enum pattern_constant_kind {
    PATTERN_STRING, /* text: without quotes and escapes */
    PATTERN_INTEGER,
    PATTERN_FLOAT,
    PATTERN_BOOLEAN,
    PATTERN_TIME,   /* text as written between the quotes */
    PATTERN_HEX,    /* text: the bytes */
    PATTERN_BINARY, /* text: the bytes */
};

struct pattern_constant {
    enum pattern_constant_kind kind;
    struct bytes text; /* of a number: its spelling */
    int64_t integer;   /* also 0 and 1 of a boolean, and microseconds of a time */
    double number;     /* of a number, whole or not */
};

enum pattern_step_kind { PATTERN_KEY, PATTERN_INDEX, PATTERN_ANY_INDEX };
struct pattern_step {
    enum pattern_step_kind kind;
    struct bytes key;
    int64_t index; /* may be negative */
};

enum pattern_qualifier { PATTERN_WITHIN, PATTERN_REPEATS, PATTERN_START_STOP };

struct pattern {
    enum pattern_kind kind;
    const struct pattern *child, *next; /* first child; next child of the same parent */
    uint32_t at;                        /* the byte of the text where it begins */
    /* PATTERN_COMPARE */
    enum pattern_operator op;
    bool negated;
    struct bytes object_type;
    const struct pattern_step *path;
    size_t steps;
    /* One; of IN any number; of EXISTS none. Of a qualifier: seconds; times; start and stop. */
    const struct pattern_constant *constants;
    size_t constant_count;
    /* PATTERN_QUALIFIED */
    enum pattern_qualifier qualifier;
};

/* NULL: ERR_INPUT with the column, ERR_LIMIT, ERR_NOMEM. Views may be into text. */
const struct pattern *pattern_parse(struct bytes text, struct arena *a, struct err *e);
/* In one spelling: parses to the same tree. */
bool pattern_print(const struct pattern *p, struct arena *a, struct bytes *out, struct err *e);
/* The path of a comparison behind its type: "hashes.'SHA-256'", "value". */
bool pattern_print_path(const struct pattern *compare, struct arena *a, struct bytes *out,
                        struct err *e);

/* If the pattern holds as soon as any one of a list of plain values is seen (one comparison with
 * = or IN, ISSUBSET for prefixes, or these joined by OR), that list; else *n is 0. Spellings of
 * hash names (MD5, 'SHA-256', SHA256 ...) are one. Values are put into their one spelling. */
bool pattern_indicators(const struct pattern *p, struct arena *a, struct indicator **out, size_t *n,
                        struct err *e);

#endif
