/* masks: a chunk of a stream as bits: bit n of block b is byte 64 b + n. */
#ifndef ENTENTE_WATCH_MASKS_H
#define ENTENTE_WATCH_MASKS_H

#include <stddef.h>
#include <stdint.h>

#define CHUNK ((size_t)8 << 10) /* its masks and bytes stay in the first level cache together */
#define BLOCKS_MOST (CHUNK / 64 + 8)
#define INLINE inline __attribute__((always_inline))

enum mode { MODE_TEXT, MODE_JSON, MODE_ZEEK };

#define ROW(name) uint64_t name[BLOCKS_MOST] __attribute__((aligned(64)))
struct rows {
    /* What the bytes are. */
    ROW(word); /* A-Z a-z 0-9 . _ - */
    ROW(dot);
    ROW(digit);
    ROW(hex);
    ROW(colon);
    ROW(slash);
    ROW(at);
    ROW(newline);
    ROW(backslash); /* only in JSON, with */
    ROW(letter_u);
    ROW(hash); /* only in Zeek's logs */
    /* What is behind or at the byte. */
    ROW(ipv4_ends);
    ROW(name_ends);
    ROW(url);
    ROW(ipv6);
    ROW(digest);
    ROW(look);
    ROW(header);
};

/* Keep the first n bytes of a block. */
static inline void rows_cut(struct rows *r, size_t block, size_t n)
{
    uint64_t keep = n < 64 ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0);

    r->word[block] &= keep;
    r->dot[block] &= keep;
    r->digit[block] &= keep;
    r->hex[block] &= keep;
    r->colon[block] &= keep;
    r->slash[block] &= keep;
    r->at[block] &= keep;
    r->newline[block] &= keep;
    r->backslash[block] &= keep;
    r->letter_u[block] &= keep;
    r->hash[block] &= keep;
}

#endif
