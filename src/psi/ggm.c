#include "psi/ggm.h"

#include "psi/kernels_impl.h"

#define LEAVES_MOST ((size_t)1 << GGM_DEPTH_MOST)

static struct gf128 sigma(struct gf128 x)
{
    return (struct gf128){x.hi, x.hi ^ x.lo};
}

/* All ones if a == b, by arithmetic; both below 2^31. */
static uint64_t same(uint32_t a, uint32_t b)
{
    return 0 - (uint64_t)(((a ^ b) - 1) >> 31);
}

static struct gf128 pick(struct gf128 x, uint64_t mask)
{
    return (struct gf128){x.lo & mask, x.hi & mask};
}

/* One level in place: x[0..n) becomes its children x[0..2n). */
static void expand(const struct aes_key *node, struct gf128 *x, size_t n)
{
    struct gf128 h[LEAVES_MOST / 2];

    for (size_t i = 0; i < n; i++)
        h[i] = sigma(x[i]);
    aes_best(0)->mmo(node, h, h, n);
    for (size_t i = 0; i < n; i++) {
        x[n + i] = gf128_xor(x[i], h[i]);
        x[i] = h[i];
    }
}

static struct gf128 values_of(const struct aes_key *leaf, struct gf128 *x, size_t n)
{
    struct gf128 sum = {0, 0};

    for (size_t i = 0; i < n; i++)
        x[i] = sigma(x[i]);
    aes_best(0)->mmo(leaf, x, x, n);
    for (size_t i = 0; i < n; i++)
        sum = gf128_xor(sum, x[i]);
    return sum;
}

static void full_portable(const struct ggm_keys *k, struct gf128 root, struct gf128 delta,
                          unsigned depth, struct gf128 *values, struct gf128 *left,
                          struct gf128 *sum)
{
    values[0] = root;
    values[1] = gf128_xor(root, delta);
    left[0] = root;
    for (unsigned level = 1; level < depth; level++) {
        size_t n = (size_t)1 << level;
        struct gf128 s = {0, 0};
        expand(&k->node, values, n);
        for (size_t i = 0; i < n; i++)
            s = gf128_xor(s, values[i]);
        left[level] = s;
    }
    *sum = values_of(&k->leaf, values, (size_t)1 << depth);
}

static void punctured_portable(const struct ggm_keys *k, unsigned depth, uint32_t hole,
                               const struct gf128 *side, struct gf128 *values, struct gf128 *sum)
{
    uint64_t right = 0 - (uint64_t)(hole & 1); /* the path turns right: we know the left */
    struct gf128 none = {0, 0};

    values[0] = pick(side[0], right);
    values[1] = pick(side[0], ~right);
    for (unsigned level = 1; level < depth; level++) {
        uint32_t n = 1u << level, path = hole & (n - 1);
        struct gf128 l = none, r = none;
        expand(&k->node, values, n);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t known = ~same(i, path);
            values[i] = pick(values[i], known);
            values[n + i] = pick(values[n + i], known);
            l = gf128_xor(l, values[i]);
            r = gf128_xor(r, values[n + i]);
        }
        right = 0 - (uint64_t)(hole >> level & 1);
        l = pick(gf128_xor(l, side[level]), right);  /* the missing left node, if we know it */
        r = pick(gf128_xor(r, side[level]), ~right); /* or the missing right one */
        for (uint32_t i = 0; i < n; i++) {
            uint64_t here = same(i, path);
            values[i] = gf128_xor(values[i], pick(l, here));
            values[n + i] = gf128_xor(values[n + i], pick(r, here));
        }
    }
    values_of(&k->leaf, values, (size_t)1 << depth);
    *sum = none;
    for (uint32_t i = 0; i < 1u << depth; i++) {
        values[i] = pick(values[i], ~same(i, hole));
        *sum = gf128_xor(*sum, values[i]);
    }
}

static void place_portable(const struct gf128 *values, size_t n, uint32_t hole, struct gf128 noise,
                           struct gf128 fill, struct gf128 *a, struct gf128 *b, size_t stride)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t here = same((uint32_t)i, hole);
        a[i * stride] = pick(noise, here);
        b[i * stride] = gf128_xor(values[i], pick(fill, here));
    }
}

const struct ggm_ops ggm_variants[] = {
#if defined(__x86_64__)
    {"avx512", PSI_NEEDS_AVX512, ggm_full_avx512, ggm_punctured_avx512, ggm_place_avx512},
    {"avx2", PSI_NEEDS_AVX2, ggm_full_avx2, ggm_punctured_avx2, ggm_place_avx2},
#endif
    {"portable", 0, full_portable, punctured_portable, place_portable},
};

const struct ggm_ops *ggm_best(uint32_t cpu)
{
    const struct ggm_ops *v = ggm_variants;

    while (v->needs & ~cpu)
        v++;
    return v;
}
