/* vole: C = B + delta*A over GF(2^128) by chunks of K (silent, dual LPN with the code of code.h),
 * against cheaters. The sender holds delta and gets B, the receiver gets A and C.
 *
 * A chunk has 256 trees; the receiver's noise is one random value at one random leaf of each. The
 * first 257 outputs of chunk c are kept: 256 are the noise values of chunk c + 1, one masks its
 * check (Wolverine, ePrint 2020/925, section 5.2). The 257 of chunk 0 are packed from 128
 * correlated transfers each: their bits are the field element, which saves a protocol
 * (decision 0063).
 *
 * Narrow: A lies in the subfield GF(2^64) (gf64.h). Then 64 transfers make an element of the base,
 * and the mask of a check is two kept outputs, one of them times x: 258 are kept. x is not in the
 * subfield, so the two are a whole random element.
 *
 * The sender's message per chunk: per tree, a block per level and one for the leaves. The
 * receiver's: one element. The challenge is taken from the hash of the sender's message. Both end
 * with a check value; the sender proves at the end of the run that it has the receiver's.
 */
#ifndef ENTENTE_PSI_VOLE_H
#define ENTENTE_PSI_VOLE_H

#include "crypto/crypto.h"
#include "psi/kernels.h"

#define VOLE_TREES 256
#define VOLE_KEPT_MOST (VOLE_TREES + 2)

/* Outputs a chunk keeps for the next, and the blocks of transfers that make chunk 0's. */
static inline size_t vole_kept(bool narrow)
{
    return narrow ? VOLE_TREES + 2 : VOLE_TREES + 1;
}
static inline size_t vole_base_blocks(bool narrow)
{
    return narrow ? vole_kept(true) / 2 : vole_kept(false);
}

/* Leaves per tree: 2K / 256. */
static inline unsigned vole_depth(unsigned log_k)
{
    return log_k + 1 - 8;
}

/* Correlated transfers of a chunk, and bytes of the sender's message. */
static inline size_t vole_transfers(unsigned log_k)
{
    return (size_t)VOLE_TREES * vole_depth(log_k);
}
static inline size_t vole_message_bytes(unsigned log_k)
{
    return (size_t)VOLE_TREES * (vole_depth(log_k) + 1) * 16;
}

struct vole { /* one side's state */
    struct psi_kernels k;
    struct code code;
    uint8_t sid[32];
    struct gf128 delta;                 /* secret; the sender's */
    struct gf128 kept[VOLE_KEPT_MOST];  /* secret; B, or A */
    struct gf128 kept2[VOLE_KEPT_MOST]; /* secret; the receiver's C */
    struct gf128 *x;                    /* the sender's 2K, the receiver's 2K of second halves */
};

/* n elements at a multiple of 64 bytes: a pair of elements then never straddles a line of cache. */
struct gf128 *vole_array(struct arena *a, size_t n, struct err *e);

/* Arrays come from `a`, which should be a secret arena. */
bool vole_init(struct vole *v, const struct psi_kernels *k, const uint8_t sid[32], unsigned log_k,
               unsigned groups, bool narrow, struct arena *a, struct err *e);
/* Chunk 0's base from 128 or 64 transfers per element: q, or t and bits (16 bytes per 128). */
void vole_sender_base(struct vole *v, struct gf128 delta, const struct gf128 *q);
void vole_receiver_base(struct vole *v, const struct gf128 *t, const struct gf128 *bits);

/* The sender's chunk: message out, v->x[0..K) = B, and its half of the check. `seed` is fresh. */
void vole_send(struct vole *v, uint64_t chunk, const uint8_t seed[16], const struct gf128 *q,
               uint8_t *message, struct gf128 *check);
/* The receiver's: a[0..K), c[0..K), the element for the sender, and the check value. */
void vole_receive(struct vole *v, uint64_t chunk, const struct gf128 *t, const struct gf128 *bits,
                  const uint8_t *message, struct gf128 *a, struct gf128 *c, struct gf128 *answer,
                  struct gf128 *check);
/* The sender's check value once the receiver's element is there. */
static inline struct gf128 vole_check(const struct vole *v, struct gf128 half, struct gf128 answer)
{
    return gf128_xor(half, gf128_mul(answer, v->delta));
}

#endif
