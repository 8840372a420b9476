/* watch_impl: what the files of watch share: canonical values, hashes, the index as it lies in
 * memory, tokens. Numbers in the file are little endian and read with memcpy. */
#ifndef ENTENTE_WATCH_IMPL_H
#define ENTENTE_WATCH_IMPL_H

#include "base/limits.h"
#include "watch/watch.h"

/* ---- canonical values ----------------------------------------------------------------------
 * IPv4: 4 bytes; CIDR: address and one byte of length; digests: binary; names and e-mail
 * addresses: lower case; URLs: as they are. */
#define CANON_MAX WATCH_VALUE_MAX

/* The canonical form of `value`; writes at most CANON_MAX bytes. False: `why` says why not. */
bool canon_value(enum watch_kind kind, struct bytes value, uint8_t out[CANON_MAX], size_t *n,
                 const char **why);
/* Back to text; returns its length, at most WATCH_VALUE_MAX. */
size_t canon_print(enum watch_kind kind, struct bytes canon, uint8_t out[WATCH_VALUE_MAX]);
bool parse_ipv4(struct bytes text, uint8_t out[4]);
bool parse_ipv6(struct bytes text, uint8_t out[16]);
/* Labels in UTF-8 become their ASCII form (RFC 3492). False: not possible. */
bool idna_to_ascii(struct bytes name, uint8_t *out, size_t cap, size_t *n);
size_t digest_size(enum watch_kind kind); /* 16, 20, 32, 64; 0 for the other kinds */

/* ---- hashes ----------------------------------------------------------------------------------
 * Multiply and fold under a secret key that is drawn per file: those who write feeds or logs do
 * not know it. Hits are always confirmed by comparing the values themselves. */
struct hash_key {
    uint64_t k[4];
};

__extension__ typedef unsigned __int128 watch_u128;

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    watch_u128 m = (watch_u128)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t scale(uint64_t h, uint64_t n)
{
    return (uint64_t)((watch_u128)h * n >> 64);
}

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline void store64(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, sizeof v);
}

static inline uint32_t load32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    return v;
}

static inline uint16_t load16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint64_t hash_ipv4(const struct hash_key *k, uint32_t ip)
{
    return fold(ip ^ k->k[0], k->k[1]);
}

#define FOLD_CASE UINT64_C(0x2020202020202020)

/* A name is hashed from its right end, so that all suffixes share the work: `state` has taken
 * in whole groups of eight bytes, the last one first. */
static inline uint64_t hash_name_step(const struct hash_key *k, uint64_t state, uint64_t group)
{
    return fold(state ^ group, k->k[1]);
}

static inline uint64_t hash_name_end(const struct hash_key *k, uint64_t state, uint64_t rest,
                                     size_t n)
{
    return fold(state ^ rest ^ (uint64_t)n << 56, k->k[2]);
}

/* Of a canonical value of any kind. */
uint64_t hash_value(const struct hash_key *k, enum watch_kind kind, struct bytes canon);

/* The last label of a name, case folded, at most its last eight bytes. */
static inline uint32_t hash_last_label(uint64_t label)
{
    return (uint32_t)(label * UINT64_C(0x9e3779b97f4a7c15) >> 48);
}

/* Four bits in one word of a filter. */
static inline uint64_t filter_bits(uint64_t h)
{
    return UINT64_C(1) << (h & 63) | UINT64_C(1) << (h >> 6 & 63) | UINT64_C(1) << (h >> 12 & 63) |
           UINT64_C(1) << (h >> 18 & 63);
}

/* ---- the file (doc/formats/watch-index.md) --------------------------------------------------- */

#define INDEX_MAGIC "entente watch 2\n"
#define INDEX_HEADER 512
#define LABEL_BITS 65536 /* in the bitmap of last labels */

enum section {
    SECTION_NAMES,   /* origins and warning lists */
    SECTION_LABELS,  /* bitmap of last labels, 8 KiB */
    SECTION_FILTER4, /* of IPv4 addresses: 64-bit words */
    SECTION_NETS4,   /* bitmap of the /16 that a prefix touches, ranks, bitmaps of their /24 */
    SECTION_FILTER,  /* of everything else */
    SECTION_BUCKETS, /* 32-bit offsets into entries, one more than there are buckets */
    SECTION_ENTRIES,
};
#define SECTIONS 7
#define NETS4_RANKS 8192 /* where the ranks begin: after 65,536 bits */
#define NETS4_LEAVES (8192 + 4096)

/* An entry: kind and flags, length, origin, ref, what the flags announce, the canonical value. */
#define ENTRY_KIND 0x0f
#define ENTRY_TIMED 0x10  /* u32 from, u32 until */
#define ENTRY_WARNED 0x20 /* u16 the warning list's name */
#define ENTRY_LONG 0x40   /* the length has two bytes */
#define ENTRY_HOST 0x80   /* no indicator, but the host of some URL that is one (compose.c) */
#define ENTRY_FIXED_MAX (1 + 2 + 2 + 4 + 2 + 8)

struct entry {
    enum watch_kind kind;
    uint8_t flags;
    uint16_t origin, warned;
    uint32_t ref, from, until;
    struct bytes value;
};

#define FLAG_DIGIT_LABEL 1 /* some domain's last label begins with a digit */

struct watch_index {
    struct bytes file;
    const struct os *os; /* NULL: the bytes are the caller's */
    uint64_t file_id[2];
    unsigned holders; /* atomic */
    struct hash_key key;
    int64_t time;
    uint32_t flags;
    uint64_t counts[WATCH_KINDS], total, warned;
    uint64_t lengths4;    /* bit n: some /n is there, 0 to 32 */
    uint64_t lengths6[3]; /* bit n: some /n is there, 0 to 128 */
    uint32_t url_longest;
    uint8_t digest[32];
    struct bytes section[SECTIONS];
    uint64_t filter_words, filter4_words, buckets;
    uint32_t names;
    uint32_t *name_at; /* in SECTION_NAMES */
};

void index_hold(struct watch_index *ix);
/* Decode the entry at `at`; *next behind it. False: not one. */
bool entry_decode(struct bytes entries, uint64_t at, struct entry *out, uint64_t *next);
struct bytes index_name(const struct watch_index *ix, uint16_t n);
/* Entries of one value: begin with index_seek, then index_same until it is false. */
struct cursor {
    const struct watch_index *ix;
    enum watch_kind kind;
    struct bytes value;
    uint64_t at, end;
};
struct cursor index_seek(const struct watch_index *ix, enum watch_kind kind, struct bytes canon,
                         uint64_t h);
bool index_same(struct cursor *c, struct entry *out, uint64_t *id);
bool index_has(const struct watch_index *ix, enum watch_kind kind, struct bytes canon, uint64_t h);
void entry_indicator(const struct watch_index *ix, const struct entry *en, struct bytes text,
                     struct watch_indicator *out);

static inline bool filter_has(const struct watch_index *ix, uint64_t h)
{
    uint64_t bits = filter_bits(h);
    const uint8_t *words = ix->section[SECTION_FILTER].p;
    return (load64(words + 8 * scale(h, ix->filter_words)) & bits) == bits;
}

static inline bool filter4_has(const struct watch_index *ix, uint64_t h)
{
    uint64_t bits = filter_bits(h);
    const uint8_t *words = ix->section[SECTION_FILTER4].p;
    return (load64(words + 8 * scale(h, ix->filter4_words)) & bits) == bits;
}

static inline bool nets4_near(const struct watch_index *ix, uint32_t ip)
{
    const uint8_t *map = ix->section[SECTION_NETS4].p;
    return map[ip >> 19] >> (ip >> 16 & 7) & 1;
}

/* Some prefix touches the address's /24. */
bool nets4_touch(const struct watch_index *ix, uint32_t ip);

/* ---- tokens ------------------------------------------------------------------------------------
 */

enum token_kind {
    TOKEN_IPV4,
    TOKEN_NAME,
    TOKEN_DIGEST,
    TOKEN_IPV6,
    TOKEN_URL,
    TOKEN_EMAIL,
    TOKEN_LOOK,   /* no hit by itself: this line has to be taken apart (JSON) */
    TOKEN_HEADER, /* a line that begins with '#' (Zeek) */
};

struct token {
    uint32_t start, end; /* within the piece */
    uint32_t kind;
    uint16_t cut;     /* it goes on to the left of the piece */
    uint16_t as_host; /* it is only the host of a URL that is searched for */
};

/* Called for each indicator that a token hits. */
typedef bool token_hit(void *self, const struct entry *en, uint64_t id, enum watch_how how);
/* All hits of a token's bytes; true if there was none or all calls returned true. */
bool token_hits(const struct watch_index *ix, enum token_kind kind, struct bytes text, bool cut,
                token_hit *hit, void *self);

/* Is there any? */
bool token_is_there(const struct watch_index *ix, enum token_kind kind, struct bytes text,
                    bool cut);

/* The same through what is remembered of tokens (memo.c). */
struct memo;
struct memo *memo_new(struct err *e);
void memo_free(struct memo *m);
void memo_forget(struct memo *m); /* another index */
enum there {
    NOT_THERE,
    THERE_AS_HOST, /* of a URL, and nothing else */
    THERE,
};
enum there memo_there(struct memo *m, const struct watch_index *ix, enum token_kind kind,
                      struct bytes text, bool cut);
bool memo_hits(struct memo *m, const struct watch_index *ix, enum token_kind kind,
               struct bytes text, bool cut, token_hit *hit, void *self);

/* Byte classes, one bit each. */
enum {
    IS_WORD = 1, /* A-Z a-z 0-9 . _ - */
    IS_DIGIT = 2,
    IS_HEX = 4,
    IS_LOCAL = 8, /* left of an e-mail address's @: word characters, % and + */
    IS_URL = 16,
    IS_V6 = 32,   /* hex digits, ':' and '.' */
    IS_RUN6 = 64, /* word characters and ':' */
};
extern const uint8_t byte_class[256];

/* Of a hex digit in either case. */
static inline uint32_t hex_value(uint8_t c)
{
    return (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

#endif
