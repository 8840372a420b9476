#include "psi/gf128.h"

#include "psi/kernels_impl.h"

__extension__ typedef unsigned __int128 u128;

/* Carry-less product of 64-bit words by five integer products whose operands hold every fifth
 * bit: at most 13 ones meet in one column, which five bits hold, so no carry reaches the next
 * column of the same residue. Multiplication of integers takes the same time for all operands
 * on the processors we run on. */
static u128 clmul64(uint64_t a, uint64_t b)
{
    static const uint64_t m[5] = {0x1084210842108421, 0x2108421084210842, 0x4210842108421084,
                                  0x8421084210842108, 0x0842108421084210};
    u128 out = 0;

    for (unsigned r = 0; r < 5; r++) {
        u128 sum = 0, keep = (u128)m[(r + 1) % 5] << 64 | m[r];
        for (unsigned i = 0; i < 5; i++)
            sum ^= (u128)(a & m[i]) * (b & m[(r + 5 - i) % 5]);
        out |= sum & keep;
    }
    return out;
}

static struct gf128 reduce(u128 lo, u128 hi)
{
    u128 t = clmul64((uint64_t)(hi >> 64), 0x87);

    lo ^= t << 64;
    t = clmul64((uint64_t)hi ^ (uint64_t)(t >> 64), 0x87);
    lo ^= t;
    return (struct gf128){(uint64_t)lo, (uint64_t)(lo >> 64)};
}

struct gf128 gf128_mul(struct gf128 a, struct gf128 b)
{
    u128 low = clmul64(a.lo, b.lo), high = clmul64(a.hi, b.hi);
    u128 mid = clmul64(a.lo ^ a.hi, b.lo ^ b.hi) ^ low ^ high;

    return reduce(low ^ mid << 64, high ^ mid >> 64);
}

struct gf128 gf128_load(const uint8_t b[16])
{
    struct gf128 a = {0, 0};

    for (unsigned i = 8; i-- > 0;) {
        a.lo = a.lo << 8 | b[i];
        a.hi = a.hi << 8 | b[8 + i];
    }
    return a;
}

void gf128_store(uint8_t b[16], struct gf128 a)
{
    for (unsigned i = 0; i < 8; i++) {
        b[i] = (uint8_t)(a.lo >> 8 * i);
        b[8 + i] = (uint8_t)(a.hi >> 8 * i);
    }
}

static void mul_portable(struct gf128 *out, const struct gf128 *a, const struct gf128 *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = gf128_mul(a[i], b[i]);
}

static void scale_acc_portable(struct gf128 *acc, const struct gf128 *x, const struct gf128 *s,
                               size_t n)
{
    struct gf128 k = *s;

    for (size_t i = 0; i < n; i++)
        acc[i] = gf128_xor(acc[i], gf128_mul(x[i], k));
}

static struct gf128 power_sum_portable(const struct gf128 *chi, const struct gf128 *x, size_t n)
{
    struct gf128 sum = {0, 0};

    while (n-- > 0)
        sum = gf128_mul(gf128_xor(sum, x[n]), *chi);
    return sum;
}

static void poly_acc_portable(struct gf128 *out, const struct gf128 *key, const struct gf128 *d,
                              unsigned dense, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct gf128 sum = {0, 0};
        for (unsigned k = dense; k-- > 0;)
            sum = gf128_mul(gf128_xor(sum, d[k]), key[i]);
        out[i] = gf128_xor(out[i], sum);
    }
}

const struct gf128_ops gf128_variants[] = {
#if defined(__x86_64__)
    {"avx512", PSI_NEEDS_AVX512, gf128_mul_avx512, gf128_scale_acc_avx512, gf128_power_sum_avx512,
     gf128_poly_acc_avx512},
    {"avx2", PSI_NEEDS_AVX2, gf128_mul_avx2, gf128_scale_acc_avx2, gf128_power_sum_avx2,
     gf128_poly_acc_avx2},
#endif
    {"portable", 0, mul_portable, scale_acc_portable, power_sum_portable, poly_acc_portable},
};

const struct gf128_ops *gf128_best(uint32_t cpu)
{
    const struct gf128_ops *v = gf128_variants;

    while (v->needs & ~cpu)
        v++; /* portable needs nothing, so this ends */
    return v;
}
