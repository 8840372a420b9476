/* gf128: the field GF(2^128) = F_2[x] / (x^128 + x^7 + x^2 + x + 1), bit i of the little-endian
 * 16 bytes being the coefficient of x^i. All variants are constant-time. */
#ifndef ENTENTE_PSI_GF128_H
#define ENTENTE_PSI_GF128_H

#include "base/bytes.h"
#include "base/cpu.h"

struct gf128 {
    _Alignas(16) uint64_t lo;
    uint64_t hi;
};

struct gf128_ops {
    const char *name;
    uint32_t needs; /* CPU_* bits, all of them */
    /* out[i] = a[i] * b[i]; out may be a or b. */
    void (*mul)(struct gf128 *out, const struct gf128 *a, const struct gf128 *b, size_t n);
    /* acc[i] ^= s * x[i] */
    void (*scale_acc)(struct gf128 *acc, const struct gf128 *x, const struct gf128 *s, size_t n);
    /* Sum over j < n of chi^(j+1) * x[j]. */
    struct gf128 (*power_sum)(const struct gf128 *chi, const struct gf128 *x, size_t n);
    /* out[i] ^= k*d[0] + k^2*d[1] + ... + k^dense*d[dense-1] with k = key[i]: the dense columns
     * of an OKVS row. */
    void (*poly_acc)(struct gf128 *out, const struct gf128 *key, const struct gf128 *d,
                     unsigned dense, size_t n);
};
/* Fastest first; portable last, and always there. */
extern const struct gf128_ops gf128_variants[];
const struct gf128_ops *gf128_best(uint32_t cpu);

/* One product, the portable way: for the few that stand alone. */
struct gf128 gf128_mul(struct gf128 a, struct gf128 b);

static inline struct gf128 gf128_xor(struct gf128 a, struct gf128 b)
{
    return (struct gf128){a.lo ^ b.lo, a.hi ^ b.hi};
}

/* x * a: the constant of the code's accumulator. x generates the field's whole group, so its
 * minimal polynomial has degree 128. */
static inline struct gf128 gf128_double(struct gf128 a)
{
    return (struct gf128){a.lo << 1 ^ (0x87 & (0 - (a.hi >> 63))), a.hi << 1 | a.lo >> 63};
}

/* a if bit is 1, zero if it is 0; bit may be secret. */
static inline struct gf128 gf128_if(struct gf128 a, uint64_t bit)
{
    return (struct gf128){a.lo & (0 - bit), a.hi & (0 - bit)};
}

struct gf128 gf128_load(const uint8_t b[16]);
void gf128_store(uint8_t b[16], struct gf128 a);

#endif
