/* blake2s: BLAKE2s-256 (RFC 7693), one message at a time or sixteen of one length in blocks. */
#ifndef ENTENTE_PSI_BLAKE2S_H
#define ENTENTE_PSI_BLAKE2S_H

#include "base/bytes.h"
#include "base/cpu.h"

struct blake2s_ops {
    const char *name;
    uint32_t needs;
    /* One compression in sixteen lanes: h[word][lane], a block and the count of bytes so far
     * (with this block) per lane. */
    void (*compress16)(uint32_t h[8][16], const uint8_t *const block[16], const uint32_t t[16],
                       bool last);
};
extern const struct blake2s_ops blake2s_variants[];
const struct blake2s_ops *blake2s_best(uint32_t cpu);

/* The state before the first block: 32 bytes out, no key, with a personalisation of 8 bytes. */
void blake2s_start(uint32_t h[8], const char person[8]);
/* One block; t counts the bytes so far, with this block. */
void blake2s_compress(uint32_t h[8], const uint8_t block[64], uint64_t t, bool last);
/* The whole, for messages of any length. */
void blake2s(const char person[8], struct bytes in, uint8_t out[32]);

/* The lanes' digests: 32 bytes each. */
void blake2s_lanes(const uint32_t h[8][16], unsigned lanes, uint8_t *out);
/* Sixteen lanes in the same state. */
void blake2s_spread(uint32_t h[8][16], const uint32_t one[8]);

/* A hash for large frames: pieces of 1,024 bytes hashed each by itself, sixteen at a time, and
 * SHA-256 over the length and the pieces' digests. */
struct hash;
void blake2s_tree(const struct blake2s_ops *ops, struct bytes in, struct hash *out);

#endif
