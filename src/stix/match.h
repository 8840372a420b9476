/* match: does a pattern hold for what was observed (STIX 2.1 section 9)?
 *
 *     struct match *m = match_new(pattern_parse(text, a, e), a, e);
 *     struct match_room *room = match_room_new(e);          // one per thread
 *     enum match_verdict v = match_all(m, observations, n, room);
 *
 * or, for observations that come one by one, the two halves by themselves: match_leaf says which
 * of the pattern's observation expressions hold for one observation, match_bind whether they can
 * be bound to observations so that operators and qualifiers hold.
 *
 * How it is read:
 *   - A comparison holds for an object if any value that its path names satisfies it. NOT turns
 *     the test of each value; a path without a value never holds. AND and OR inside [ ] are asked
 *     of one object; references are followed from it.
 *   - Values of unlike types are unequal and have no order. A string and a binary compare as bytes
 *     if the string has no character beyond U+00FF. Strings are compared by code point, after NFC
 *     by LIKE and MATCHES and as they stand otherwise; instants with all their digits. LIKE is
 *     anchored on both sides, MATCHES is not.
 *   - AND binds different observations, OR either side, FOLLOWEDBY different ones of which the
 *     later may not have ended before the earlier began. An observation seen k times may be bound
 *     k times. WITHIN, START and STOP ask whether instants inside the observations can be chosen
 *     that fit; START belongs to its span, STOP does not.
 *
 * Regular expressions are PCRE2's, with bounds on what they may cost (patterns are a stranger's):
 * beyond them a comparison does not hold, and match_room_odd counts it. So is binding. */
#ifndef ENTENTE_MATCH_H
#define ENTENTE_MATCH_H

#include "stix/json.h"
#include "stix/pattern.h"

/* ---- what was observed -------------------------------------------------------------------- */

enum match_kind {
    MATCH_STRING,
    MATCH_NAME,    /* a string of which case has no meaning, in lower case: a domain, a digest */
    MATCH_ADDRESS, /* IPv4, IPv6: compared as such if the constant is one */
    MATCH_INTEGER,
    MATCH_FLOAT,
    MATCH_BOOLEAN,
    MATCH_TIME,    /* microseconds in `integer` */
    MATCH_LIST,    /* n items */
    MATCH_MEMBERS, /* n items with keys */
    MATCH_REF,     /* object number `integer`; its text is the id, if there is one */
};

struct match_value {
    enum match_kind kind;
    struct bytes key; /* as a member of an object or dictionary */
    struct bytes text;
    int64_t integer; /* also 0 and 1 of a boolean */
    double number;   /* of MATCH_FLOAT */
    const struct match_value *items;
    size_t n;
};

struct match_object {
    struct bytes type;
    const struct match_value *members;
    size_t n;
};

struct match_observation {
    const struct match_object *objects;
    size_t n, roots; /* the first `roots` are looked at, the others only by reference */
    int64_t first_us, last_us;
    uint64_t number; /* number_observed */
};

/* The observed-data in a JSON value: one of STIX 2.0 with its objects, or a 2.1 bundle (each
 * observed-data with the objects it refers to). */
bool match_observed(const struct json *v, struct arena *a, struct match_observation **out,
                    size_t *n, struct err *e);

/* ---- patterns ------------------------------------------------------------------------------- */

struct match;
struct match_room;

enum match_verdict { MATCH_NO, MATCH_YES, MATCH_UNKNOWN };

/* The tree lives as long as the match. NULL: ERR_INPUT (a regular expression that is none),
 * ERR_LIMIT (a too large one; more than LIMIT_MATCH_LEAVES observation expressions, or more than
 * LIMIT_MATCH_EVENTS observations to bind), ERR_NOMEM. */
struct match *match_new(const struct pattern *p, struct arena *a, struct err *e);
void match_free(struct match *m); /* NULL is fine */
/* Buffers and counts of one thread. */
struct match_room *match_room_new(struct err *e);
void match_room_free(struct match_room *room);

struct match_odd {
    uint64_t costly;    /* regular expressions and LIKEs stopped at their bound */
    uint64_t not_times; /* strings compared with an instant that are none */
    uint64_t undecided; /* bindings not searched to the end */
};
const struct match_odd *match_room_odd(const struct match_room *room);

/* How many observation expressions there are: those joined by OR alone count as one. */
size_t match_leaves(const struct match *m);
/* The one comparison expression of each: OBSERVED, or ANY_OF with such children. */
const struct pattern *match_leaf_tree(const struct match *m, size_t leaf);
bool match_leaf(const struct match *m, size_t leaf, const struct match_observation *o,
                struct match_room *room);

/* The fewest observations that can make it true. */
size_t match_least(const struct match *m);
/* If all observations of a match lie within some time of each other, that; else INT64_MAX. */
int64_t match_span_us(const struct match *m);

/* An observation for which some leaves hold. */
struct match_seen {
    uint64_t leaves; /* bits */
    int64_t first_us, last_us;
    uint64_t number;
};
/* Can they be bound? `bound` (may be NULL) gets which were, in the order of `seen`; *bound_n: in,
 * how many fit; out, how many observations there are (each counted once). */
enum match_verdict match_bind(const struct match *m, const struct match_seen *seen, size_t n,
                              uint32_t *bound, size_t *bound_n, struct match_room *room);

/* All at once. */
enum match_verdict match_all(const struct match *m, const struct match_observation *o, size_t n,
                             struct match_room *room);

#endif
