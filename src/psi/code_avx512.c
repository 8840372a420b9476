/* The code's convolutions with the ring of 24 lanes in six registers, and its gathers. */
#include "psi/kernels_impl.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

/* Four equal elements times x. */
INLINE __m512i times_x(__m512i v)
{
    const __m512i carry = _mm512_setr_epi64(0x87, 1, 0x87, 1, 0x87, 1, 0x87, 1);
    __m512i top = _mm512_shuffle_epi32(_mm512_srai_epi64(v, 63), (_MM_PERM_ENUM)0x4e);

    return _mm512_ternarylogic_epi64(_mm512_add_epi64(v, v), top, carry, 0x78); /* a ^ (b & c) */
}

/* Four equal elements times theta: v.lo * theta + v.hi * (theta * x^64), one step of reduction. */
INLINE __m512i times_theta(__m512i v)
{
    const __m512i t =
        _mm512_broadcast_i64x2(_mm_set_epi64x((long long)gf64_theta.hi, (long long)gf64_theta.lo));
    const __m512i u = _mm512_broadcast_i64x2(
        _mm_set_epi64x((long long)gf64_theta_up.hi, (long long)gf64_theta_up.lo));
    __m512i lo = _mm512_xor_si512(_mm512_clmulepi64_epi128(v, t, 0x00),
                                  _mm512_clmulepi64_epi128(v, u, 0x01));
    __m512i mid = _mm512_xor_si512(_mm512_clmulepi64_epi128(v, t, 0x10),
                                   _mm512_clmulepi64_epi128(v, u, 0x11));

    return _mm512_ternarylogic_epi64(lo, _mm512_bslli_epi128(mid, 8),
                                     _mm512_clmulepi64_epi128(mid, _mm512_set1_epi64(0x87), 0x01),
                                     0x96);
}

INLINE __m512i times(bool narrow, __m512i v)
{
    return narrow ? times_theta(v) : times_x(v);
}

struct ring {
    __m512i r[6];
};

INLINE __m128i get(const struct gf128 *p)
{
    return _mm_load_si128((const __m128i *)(const void *)p);
}

/* The element of lane L leaves: multiply, put, take the next one in. */
#define LEAVE(ring, L, p, next)                                                                    \
    times(narrow, _mm512_shuffle_i64x2((ring)->r[(L) / 4], (ring)->r[(L) / 4], ((L) % 4) * 0x55)); \
    (ring)->r[(L) / 4] =                                                                           \
        _mm512_mask_broadcast_i64x2((ring)->r[(L) / 4], 3 << 2 * ((L) % 4), get(next))
#define ADD(ring, i, k, x) (ring)->r[i] = _mm512_mask_xor_epi64((ring)->r[i], k, (ring)->r[i], x)
#define EACH6(op) op(0) op(1) op(2) op(3) op(4) op(5)
#define EACH24(op)                                                                                 \
    op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) op(14) \
        op(15) op(16) op(17) op(18) op(19) op(20) op(21) op(22) op(23)

INLINE void lane_bits(__m512i bit[6])
{
    for (unsigned i = 0; i < 6; i++)
        bit[i] = _mm512_setr_epi64(1 << 4 * i, 1 << 4 * i, 2 << 4 * i, 2 << 4 * i, 4 << 4 * i,
                                   4 << 4 * i, 8 << 4 * i, 8 << 4 * i);
}

/* One word; the n-th element at d[n * step]. */
INLINE void convolve_by(const struct code *c, unsigned pass, struct gf128 *start, bool narrow)
{
    size_t k = (size_t)1 << c->log_k, n = 0;
    const uint32_t *mask = c->mask[pass];
    ptrdiff_t step = pass == 0 ? 1 : -1;
    struct gf128 *d = pass == 0 ? start : start + k - 1, out[CODE_RING];
    struct ring ring;
    __m512i bit[6];

    lane_bits(bit);
    for (unsigned i = 0; i < CODE_RING; i++)
        out[i] = d[(ptrdiff_t)i * step];
    for (unsigned i = 0; i < 6; i++)
        ring.r[i] = _mm512_loadu_si512(out + 4 * i);
    for (; n + 2 * CODE_RING <= k; n += CODE_RING) {
#define MASK(i) __mmask8 k##i = _mm512_test_epi64_mask(m, bit[i]);
#define ADD_TO(i) ADD(&ring, i, k##i, x);
#define STEP(L)                                                                                    \
    {                                                                                              \
        struct gf128 *at = d + (ptrdiff_t)(n + (L)) * step;                                        \
        __m512i m = _mm512_set1_epi32((int)mask[n + (L)]);                                         \
        EACH6(MASK)                                                                                \
        __m512i x = LEAVE(&ring, L, at, at + CODE_RING * step);                                    \
        _mm_store_si128((__m128i *)(void *)at, _mm512_castsi512_si128(x));                         \
        EACH6(ADD_TO)                                                                              \
    }
        EACH24(STEP)
#undef STEP
#undef ADD_TO
    }
    for (unsigned i = 0; i < 6; i++)
        _mm512_storeu_si512(out + 4 * i, ring.r[i]);
    code_convolve_rest(c, pass, start, 1, out, n);
}

/* Two words side by side, a at d[0], b at d[1] of each pair. */
INLINE void convolve_pair_by(const struct code *c, unsigned pass, struct gf128 *start, bool narrow)
{
    size_t k = (size_t)1 << c->log_k, n = 0;
    const uint32_t *mask = c->mask[pass];
    ptrdiff_t step = pass == 0 ? 2 : -2;
    struct gf128 *d = pass == 0 ? start : start + 2 * (k - 1), out_a[CODE_RING], out_b[CODE_RING];
    struct ring a, b;
    __m512i bit[6];

    lane_bits(bit);
    for (unsigned i = 0; i < CODE_RING; i++) {
        out_a[i] = d[(ptrdiff_t)i * step];
        out_b[i] = d[(ptrdiff_t)i * step + 1];
    }
    for (unsigned i = 0; i < 6; i++) {
        a.r[i] = _mm512_loadu_si512(out_a + 4 * i);
        b.r[i] = _mm512_loadu_si512(out_b + 4 * i);
    }
    for (; n + 2 * CODE_RING <= k; n += CODE_RING) {
#define ADD_TO(i)                                                                                  \
    ADD(&a, i, k##i, x);                                                                           \
    ADD(&b, i, k##i, y);
#define STEP(L)                                                                                    \
    {                                                                                              \
        struct gf128 *at = d + (ptrdiff_t)(n + (L)) * step;                                        \
        __m512i m = _mm512_set1_epi32((int)mask[n + (L)]);                                         \
        EACH6(MASK)                                                                                \
        __m512i x = LEAVE(&a, L, at, at + CODE_RING * step);                                       \
        __m512i y = LEAVE(&b, L, at + 1, at + CODE_RING * step + 1);                               \
        _mm_store_si128((__m128i *)(void *)at, _mm512_castsi512_si128(x));                         \
        _mm_store_si128((__m128i *)(void *)(at + 1), _mm512_castsi512_si128(y));                   \
        EACH6(ADD_TO)                                                                              \
    }
        EACH24(STEP)
#undef STEP
#undef ADD_TO
#undef MASK
    }
    for (unsigned i = 0; i < 6; i++) {
        _mm512_storeu_si512(out_a + 4 * i, a.r[i]);
        _mm512_storeu_si512(out_b + 4 * i, b.r[i]);
    }
    code_convolve_rest(c, pass, start, 2, out_a, n);
    code_convolve_rest(c, pass, start + 1, 2, out_b, n);
}

static void convolve(const struct code *c, unsigned pass, struct gf128 *start)
{
    if (c->narrow)
        convolve_by(c, pass, start, true);
    else
        convolve_by(c, pass, start, false);
}

static void convolve_pair(const struct code *c, unsigned pass, struct gf128 *start)
{
    if (c->narrow)
        convolve_pair_by(c, pass, start, true);
    else
        convolve_pair_by(c, pass, start, false);
}

INLINE __m128i xor3(__m128i a, __m128i b, __m128i c)
{
    return _mm_ternarylogic_epi64(a, b, c, 0x96);
}

INLINE __m256i xor3_wide(__m256i a, __m256i b, __m256i c)
{
    return _mm256_ternarylogic_epi64(a, b, c, 0x96);
}

void code_encode_avx512(const struct code *c, struct gf128 *x)
{
    size_t k = (size_t)1 << c->log_k, groups = c->groups;
    const struct gf128 *d = x + k;

    convolve(c, 0, x + k);
    convolve(c, 1, x + k);
    for (size_t i = 0; i < k; i++) {
        __m128i s = get(x + i);
        for (size_t g = 0; g < groups; g++) {
            const uint16_t *p = c->position[i * groups + g];
            s = xor3(s, get(d + p[0]), get(d + p[1]));
            s = xor3(s, xor3(get(d + p[2]), get(d + p[3]), get(d + p[4])),
                     _mm_xor_si128(get(d + p[5]), get(d + p[6])));
        }
        _mm_store_si128((__m128i *)(void *)(x + i), s);
    }
}

INLINE __m256i get2(const struct gf128 *d, size_t at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)(d + 2 * at));
}

void code_encode_pair_avx512(const struct code *c, struct gf128 *a, struct gf128 *b,
                             struct gf128 *d)
{
    size_t k = (size_t)1 << c->log_k, groups = c->groups;

    convolve_pair(c, 0, d);
    convolve_pair(c, 1, d);
    for (size_t i = 0; i < k; i++) {
        __m256i s = _mm256_set_m128i(get(b + i), get(a + i));
        for (size_t g = 0; g < groups; g++) {
            const uint16_t *p = c->position[i * groups + g];
            s = xor3_wide(s, get2(d, p[0]), get2(d, p[1]));
            s = xor3_wide(s, xor3_wide(get2(d, p[2]), get2(d, p[3]), get2(d, p[4])),
                          _mm256_xor_si256(get2(d, p[5]), get2(d, p[6])));
        }
        _mm_store_si128((__m128i *)(void *)(a + i), _mm256_castsi256_si128(s));
        _mm_store_si128((__m128i *)(void *)(b + i), _mm256_extracti128_si256(s, 1));
    }
}
