/* indicator: addresses, names and digests as people write them.
 *
 *     struct indicator_room room;
 *     struct indicator i;
 *     if (indicator_read(BYTES("hxxp://evil[.]example/a"), INDICATOR_ANY, &room, &i, &odd))
 *         ...  // INDICATOR_URL, "http://evil.example/a"
 *     indicator_pattern(&i, text, &n);   // [url:value = 'http://evil.example/a']
 *
 * Reading puts back defanged forms (hxxp, fxp, [.] (.) {.} [dot] (dot) [:] [://] [at] [@] and a
 * backslash before a dot), then makes one spelling of what means the same (doc/formats/stix.md):
 * names lower case without the final dot, IPv6 as RFC 5952, digests lower case, prefixes with the
 * bits behind them zero, a URL's scheme and host lower case and all else of it untouched.
 * IPv4 is four decimal numbers without leading zeros: 010.0.0.1 is refused, because programs
 * disagree on what it is. Names beyond ASCII are refused with the advice to write xn-- labels.
 */
#ifndef ENTENTE_INDICATOR_H
#define ENTENTE_INDICATOR_H

#include "base/arena.h"

enum indicator_type {
    INDICATOR_ANY, /* find out */
    INDICATOR_IPV4,
    INDICATOR_IPV4_PREFIX,
    INDICATOR_IPV6,
    INDICATOR_IPV6_PREFIX,
    INDICATOR_DOMAIN,
    INDICATOR_URL,
    INDICATOR_EMAIL,
    INDICATOR_MD5,
    INDICATOR_SHA1,
    INDICATOR_SHA256,
    INDICATOR_SHA512,
    INDICATOR_ADDRESS, /* as a wish only: any of the four address types */
    INDICATOR_HOST,    /* as a wish only: a domain or an address */
    INDICATOR_DIGEST,  /* as a wish only: any of the four digests */
    INDICATOR_TYPES,
};

struct indicator {
    enum indicator_type type;
    struct bytes value; /* in its one spelling */
};

/* What was odd about a value that was taken; bits. */
enum indicator_odd {
    INDICATOR_DEFANGED = 1,
    INDICATOR_PORT_DROPPED = 2, /* it was address:port or name:port */
    INDICATOR_NOT_GLOBAL = 4,   /* a private, loopback, link-local or documentation address */
    INDICATOR_BITS_DROPPED = 8, /* a prefix with bits set behind its length */
};

#define INDICATOR_VALUE_MAX 8192 /* a URL of 8,000 (RFC 9110 section 4.1) with room */
struct indicator_room {
    uint8_t b[INDICATOR_VALUE_MAX];
    size_t n;
};

/* Read one value; `type` is what it is said to be. The view in *out is of *room. NULL: taken;
 * else why not, a sentence. */
const char *indicator_read(struct bytes raw, enum indicator_type type, struct indicator_room *room,
                           struct indicator *out, unsigned *odd);
/* "domain", "ipv4" ... */
const char *indicator_type_name(enum indicator_type type);

/* The plain STIX pattern of it, in the form every consumer reads. At most INDICATOR_PATTERN_MAX
 * bytes; returns how many. `value` must be as indicator_read makes it. */
#define INDICATOR_PATTERN_MAX (2 * INDICATOR_VALUE_MAX + 64)
size_t indicator_pattern(const struct indicator *i, uint8_t out[INDICATOR_PATTERN_MAX]);

#endif
