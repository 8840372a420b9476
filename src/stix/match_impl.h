/* match_impl: what the parts of match share. */
#ifndef ENTENTE_MATCH_IMPL_H
#define ENTENTE_MATCH_IMPL_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/limits.h"
#include "stix/match.h"

#include <pcre2.h>

/* ---- match.c: a pattern's tree with what is computed once ------------------------------------ */

/* A constant as it is compared. */
struct match_constant {
    const struct pattern_constant *c;
    struct bytes nfc;   /* of a string */
    struct bytes latin; /* of a string: its characters as bytes, if none is beyond U+00FF; */
    bool has_latin;     /* of binaries: their bytes */
    bool is_net;        /* an address or a network: */
    uint8_t net[16];
    uint8_t net_bits;    /* how many count */
    uint8_t net_size;    /* 4 or 16 bytes */
    pcre2_code *text_re; /* of MATCHES: for strings, */
    pcre2_code *byte_re; /* and for binaries, if it can be */
};

struct match_compare {
    const struct pattern *tree;
    const struct match_constant *constants;
    bool binary, hex; /* the path's last key ends in _bin or _hex: the text is an encoding */
};

/* A comparison expression. Of a leaf, the observations joined by OR are comparisons joined so. */
struct match_test {
    enum pattern_kind kind; /* PATTERN_OR, PATTERN_AND, PATTERN_COMPARE */
    struct match_test *child, *next;
    struct match_compare compare;
};

enum bind_kind {
    BIND_LEAF,
    BIND_ANY,
    BIND_ALL,
    BIND_FOLLOWED,
    BIND_WITHIN,
    BIND_REPEATS,
    BIND_SPAN,
};

/* An observation expression. */
struct bind_node {
    enum bind_kind kind;
    struct bind_node *child, *next;
    unsigned leaf;
    uint64_t times;            /* REPEATS */
    int64_t within_us;         /* WITHIN */
    int64_t start_us, stop_us; /* SPAN */
    size_t least;              /* observations, at most LIMIT_MATCH_EVENTS + 1 */
};

/* To be freed. */
struct match_code {
    struct match_code *next;
    pcre2_code *code;
};

struct match {
    const struct match_test *tests[LIMIT_MATCH_LEAVES];
    const struct pattern *trees[LIMIT_MATCH_LEAVES];
    size_t leaves;
    const struct bind_node *root;
    struct match_code *codes;
};

struct undo;
struct match_room {
    struct match_odd odd;
    pcre2_match_data *data;
    pcre2_match_context *limits;
    struct undo *undo; /* match_bind.c */
    size_t undo_room;
};

/* ---- match_value.c: one value and one comparison ----------------------------------------------
 */

/* NFC in memory of the heap if *made, else the text itself. */
struct bytes match_nfc(struct bytes text, uint8_t **made);
/* Characters as bytes, at most text.n; false: one is beyond U+00FF. */
bool match_latin(struct bytes text, uint8_t *out, size_t *n);
/* Fill net, net_bits, net_size. */
bool match_net(struct bytes text, struct match_constant *out);
bool match_holds(const struct match_compare *t, const struct match_value *v,
                 struct match_room *room);

/* ---- match_regex.c ------------------------------------------------------------------------------
 */
/* `utf`: over text; else over bytes. */
pcre2_code *match_regex(struct bytes text, bool utf, struct err *e);
bool match_regex_finds(const pcre2_code *code, struct bytes text, struct match_room *room);

#endif
