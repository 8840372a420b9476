/* gf64: the subfield GF(2^64) of GF(2^128), for columns of half the size where 64 bits are enough
 * (plan.h, decision 0068).
 *
 * Inside a run its elements are elements of GF(2^128), so all other code serves both. On the wire
 * one is 64 bits: lo ^ (hi turned left by one), which is linear and one to one on the subfield.
 */
#ifndef ENTENTE_PSI_GF64_H
#define ENTENTE_PSI_GF64_H

#include "psi/gf128.h"

/* x^(2^64+1): it generates the subfield's whole group, so its minimal polynomial has degree 64. */
static const struct gf128 gf64_theta = {0x89cb314f2b4533ec, 0xc2ca3fd4d6b06572};

/* theta * x^64, for multiplying by theta in one step of reduction. */
static const struct gf128 gf64_theta_up = {0x296955457923835e, 0x89cb314f2b45338f};

struct gf64_ops {
    const char *name;
    uint32_t needs;
    /* n words to the elements they stand for. Constant-time. */
    void (*widen)(struct gf128 *out, const uint64_t *in, size_t n);
};
extern const struct gf64_ops gf64_variants[];
const struct gf64_ops *gf64_best(uint32_t cpu);

static inline uint64_t gf64_narrow(struct gf128 a)
{
    return a.lo ^ (a.hi << 1 | a.hi >> 63);
}

/* Elements to those of the subfield that their low halves stand for, in place. */
void gf64_project(const struct gf64_ops *ops, struct gf128 *x, size_t n);

/* The upper half of the element that bit i stands for. */
extern const uint64_t gf64_high[64];

#endif
