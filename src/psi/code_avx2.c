/* The code's convolutions with the ring of 24 lanes in twelve 256-bit words of memory. */
#include "psi/kernels_impl.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __m128i get(const struct gf128 *p)
{
    return _mm_load_si128((const __m128i *)(const void *)p);
}

INLINE void put(struct gf128 *p, __m128i x)
{
    _mm_store_si128((__m128i *)(void *)p, x);
}

INLINE __m128i times_x(__m128i v)
{
    __m128i top = _mm_shuffle_epi32(_mm_srai_epi32(v, 31), 0x5f); /* low half: sign of the high */
    __m128i carry = _mm_and_si128(top, _mm_set_epi64x(1, 0x87));
    return _mm_xor_si128(_mm_add_epi64(v, v), carry);
}

/* v * theta = v.lo * theta + v.hi * (theta * x^64): the second constant saves a reduction. */
INLINE __m128i times_theta(__m128i v)
{
    const __m128i t = _mm_set_epi64x((long long)gf64_theta.hi, (long long)gf64_theta.lo);
    const __m128i u = _mm_set_epi64x((long long)gf64_theta_up.hi, (long long)gf64_theta_up.lo);
    __m128i lo = _mm_xor_si128(_mm_clmulepi64_si128(v, t, 0x00), _mm_clmulepi64_si128(v, u, 0x01));
    __m128i mid = _mm_xor_si128(_mm_clmulepi64_si128(v, t, 0x10), _mm_clmulepi64_si128(v, u, 0x11));

    lo = _mm_xor_si128(lo, _mm_bslli_si128(mid, 8));
    return _mm_xor_si128(lo, _mm_clmulepi64_si128(mid, _mm_set1_epi64x(0x87), 0x01));
}

INLINE void add_to(struct gf128 ring[CODE_RING], __m128i x, uint32_t mask)
{
    __m256i both = _mm256_broadcastsi128_si256(x), m = _mm256_set1_epi32((int)mask);

    for (unsigned i = 0; i < CODE_RING; i += 2) {
        __m256i bit = _mm256_set_epi64x(2LL << i, 2LL << i, 1LL << i, 1LL << i);
        __m256i low = _mm256_and_si256(m, _mm256_set1_epi64x(0xffffffff));
        __m256i on = _mm256_cmpeq_epi64(_mm256_and_si256(low, bit), bit);
        __m256i *r = (__m256i *)(void *)(ring + i);
        _mm256_store_si256(r, _mm256_xor_si256(_mm256_load_si256(r), _mm256_and_si256(on, both)));
    }
}

INLINE void convolve_by(const struct code *c, unsigned pass, struct gf128 *start, size_t stride,
                        bool narrow)
{
    size_t k = (size_t)1 << c->log_k, n = 0;
    const uint32_t *mask = c->mask[pass];
    ptrdiff_t step = pass == 0 ? (ptrdiff_t)stride : -(ptrdiff_t)stride;
    struct gf128 *d = pass == 0 ? start : start + stride * (k - 1);
    _Alignas(32) struct gf128 ring[CODE_RING];

    for (unsigned i = 0; i < CODE_RING; i++)
        ring[i] = d[(ptrdiff_t)i * step];
    for (; n + 2 * CODE_RING <= k; n += CODE_RING)
        for (unsigned lane = 0; lane < CODE_RING; lane++) {
            struct gf128 *at = d + (ptrdiff_t)(n + lane) * step;
            __m128i x = narrow ? times_theta(get(ring + lane)) : times_x(get(ring + lane));
            put(at, x);
            put(ring + lane, get(at + CODE_RING * step));
            add_to(ring, x, mask[n + lane]);
        }
    code_convolve_rest(c, pass, start, stride, ring, n);
}

static void convolve(const struct code *c, unsigned pass, struct gf128 *start, size_t stride)
{
    if (c->narrow)
        convolve_by(c, pass, start, stride, true);
    else
        convolve_by(c, pass, start, stride, false);
}

void code_encode_avx2(const struct code *c, struct gf128 *x)
{
    size_t k = (size_t)1 << c->log_k, groups = c->groups;
    const struct gf128 *d = x + k;

    convolve(c, 0, x + k, 1);
    convolve(c, 1, x + k, 1);
    for (size_t i = 0; i < k; i++) {
        __m128i s = get(x + i);
        for (size_t g = 0; g < groups; g++)
            for (unsigned j = 0; j < 7; j++)
                s = _mm_xor_si128(s, get(d + c->position[i * groups + g][j]));
        put(x + i, s);
    }
}

void code_encode_pair_avx2(const struct code *c, struct gf128 *a, struct gf128 *b, struct gf128 *d)
{
    size_t k = (size_t)1 << c->log_k, groups = c->groups;

    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned word = 0; word < 2; word++)
            convolve(c, pass, d + word, 2);
    for (size_t i = 0; i < k; i++) {
        __m256i s = _mm256_set_m128i(get(b + i), get(a + i));
        for (size_t g = 0; g < groups; g++)
            for (unsigned j = 0; j < 7; j++)
                s = _mm256_xor_si256(
                    s, _mm256_loadu_si256(
                           (const __m256i
                                *)(const void *)(d + 2 * (size_t)c->position[i * groups + g][j])));
        put(a + i, _mm256_castsi256_si128(s));
        put(b + i, _mm256_extracti128_si256(s, 1));
    }
}
