/* finder: one piece of a stream to the tokens in it that hit something.
 *
 * A kernel goes through a piece in chunks, and through a chunk in phases. First it turns bytes into
 * bit masks of classes; then it finds with adds and shifts of masks where addresses and names end
 * and where the rarer tokens begin; then it parses all addresses, then it tests all
 * names' last labels, then it hashes the few that are left. What passes a filter is looked up, so
 * each token given is a hit. (decision 0081) */
#ifndef ENTENTE_WATCH_FINDER_H
#define ENTENTE_WATCH_FINDER_H

#include "base/cpu.h"
#include "watch/masks.h"
#include "watch/watch_impl.h"

#define SLACK 64 /* readable bytes before and after a piece; those before are no word bytes */

/* What one block of 64 bytes leaves for the next. */
struct carry {
    uint64_t word, dot, colon, slash, newline, point[3], escape;
    uint64_t lead, number[4], label, run[2];
};

#define PUT_SLACK 64

struct list {
    struct token *at;
    size_t n;
};

/* One suffix of a name. */
struct probe {
    uint64_t hash;
    uint32_t end, size; /* of the whole name */
};

struct finder {
    const struct watch_index *ix;
    struct memo *memo;
    bool json;  /* a backslash and the letter behind it are no part of a token */
    bool zeek;  /* lines that begin with '#' are wanted */
    bool hosts; /* and tokens that are only the host of a URL */
    /* The piece. */
    const uint8_t *p;
    size_t n;
    bool open_left;  /* it begins inside a token */
    bool open_right; /* it ends inside one */
    size_t fresh;    /* tokens that end before here were given already */
    /* Where the search stands. */
    size_t at;
    uint64_t newlines; /* so far in this piece */
    struct carry carry;
    size_t url_done, digest_done, ipv6_done; /* nothing of the kind begins before here */
    bool url_open;                           /* the piece ended inside a URL, */
    size_t url_start;                        /* which began here */
    /* What the last chunk gave, each list in order. */
    struct list ipv4, name, rare;
    /* Room for the kernel: positions, */
    uint32_t *ends, *name_ends;
    uint32_t *ips; /* the addresses before them, */
    uint8_t *ip_sizes;
    struct probe *probes; /* questions to the filter */
    struct rows *rows;
};

struct kernel {
    const char *name;
    uint32_t needs; /* CPU_* bits */
    /* The next chunk. */
    void (*text)(struct finder *f);
    void (*json)(struct finder *f);
    void (*zeek)(struct finder *f);
    /* The classes of n bytes (a multiple of CHUNK) and nothing else: what the machine could do. */
    uint64_t (*classify)(struct rows *r, const uint8_t *p, size_t n);
    size_t (*count)(const uint8_t *p, size_t n, uint8_t c);
};

/* Fastest first; portable last, and always there. */
extern const struct kernel kernels[];
const struct kernel *kernel_best(uint32_t cpu);
/* NULL: none of that name here. */
const struct kernel *kernel_named(const char *name, uint32_t cpu);

bool finder_init(struct finder *f, const struct watch_index *ix, struct memo *memo, struct err *e);
void finder_wipe(struct finder *f);
/* Begin a piece; the other members may be set afterwards. */
void finder_begin(struct finder *f, const uint8_t *p, size_t n);
/* Search the next chunk; false when the piece is done. */
bool finder_next(struct finder *f, const struct kernel *k);

/* For the kernels: find the tokens that masks alone do not show. A mask says where: at the '@',
 * the second '/', a colon, 16 hex digits, an escape, the '#' of a header. */
void rare_block(struct finder *f, size_t at, size_t block);
/* A name that ends in a dot, or is longer than a block. `end` is behind the word. */
void slow_name(struct finder *f, size_t end);
/* Look an address up that passed a filter; found: it goes onto the list. */
void check_ipv4(struct finder *f, size_t start, size_t end, uint32_t ip);
/* A name of which a suffix passed the filter; found: it goes onto the list. */
void check_name(struct finder *f, size_t start, size_t end);
/* In JSON: how many bytes at `start` belong to an escape before it. */
size_t escape_size(const struct finder *f, size_t start, size_t end);

#endif
