/* The field and AES on 512-bit registers: four elements or blocks side by side. */
#include "psi/kernels_impl.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __m512i load(const void *p)
{
    return _mm512_loadu_si512(p);
}

INLINE void store(void *p, __m512i x)
{
    _mm512_storeu_si512(p, x);
}

/* The first n < 4 elements. */
INLINE __mmask8 first(size_t n)
{
    return (__mmask8)((1u << 2 * n) - 1);
}

INLINE __m512i xor3(__m512i a, __m512i b, __m512i c)
{
    return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

INLINE __m512i spread(const struct gf128 *s)
{
    return _mm512_broadcast_i64x2(_mm_load_si128((const __m128i *)(const void *)s));
}

/* An unreduced product: low, middle (at 64 bits) and high. */
struct wide {
    __m512i lo, mid, hi;
};

INLINE struct wide multiply(__m512i a, __m512i b)
{
    struct wide w;

    w.lo = _mm512_clmulepi64_epi128(a, b, 0x00);
    w.hi = _mm512_clmulepi64_epi128(a, b, 0x11);
    w.mid = _mm512_xor_si512(_mm512_clmulepi64_epi128(a, b, 0x01),
                             _mm512_clmulepi64_epi128(a, b, 0x10));
    return w;
}

INLINE __m512i reduce(struct wide w)
{
    const __m512i poly = _mm512_set1_epi64(0x87);
    __m512i lo = _mm512_xor_si512(w.lo, _mm512_bslli_epi128(w.mid, 8));
    __m512i hi = _mm512_xor_si512(w.hi, _mm512_bsrli_epi128(w.mid, 8));
    __m512i t = _mm512_clmulepi64_epi128(hi, poly, 0x01);

    lo = _mm512_xor_si512(lo, _mm512_bslli_epi128(t, 8));
    hi = _mm512_xor_si512(hi, _mm512_bsrli_epi128(t, 8));
    return _mm512_xor_si512(lo, _mm512_clmulepi64_epi128(hi, poly, 0x00));
}

INLINE __m512i product(__m512i a, __m512i b)
{
    return reduce(multiply(a, b));
}

void gf128_mul_avx512(struct gf128 *out, const struct gf128 *a, const struct gf128 *b, size_t n)
{
    for (; n >= 4; n -= 4, out += 4, a += 4, b += 4)
        store(out, product(load(a), load(b)));
    if (n) {
        __mmask8 m = first(n);
        _mm512_mask_storeu_epi64(
            out, m, product(_mm512_maskz_loadu_epi64(m, a), _mm512_maskz_loadu_epi64(m, b)));
    }
}

void gf128_scale_acc_avx512(struct gf128 *acc, const struct gf128 *x, const struct gf128 *s,
                            size_t n)
{
    __m512i k = spread(s);

    for (; n >= 8; n -= 8, acc += 8, x += 8) {
        __m512i p = product(load(x), k), q = product(load(x + 4), k);
        store(acc, _mm512_xor_si512(load(acc), p));
        store(acc + 4, _mm512_xor_si512(load(acc + 4), q));
    }
    while (n) {
        size_t part = n < 4 ? n : 4;
        __mmask8 m = part < 4 ? first(part) : 0xff;
        __m512i p = product(_mm512_maskz_loadu_epi64(m, x), k);
        _mm512_mask_storeu_epi64(acc, m, _mm512_xor_si512(_mm512_maskz_loadu_epi64(m, acc), p));
        n -= part;
        acc += part;
        x += part;
    }
}

#define SUM_BLOCK 32

/* Sum of power[k] * x[k] over a block, unreduced, in one lane. */
INLINE __m128i fold(__m512i x)
{
    __m256i h = _mm256_xor_si256(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
    return _mm_xor_si128(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
}

INLINE __m512i block_sum(const struct gf128 *power, const struct gf128 *x)
{
    struct wide s = multiply(load(power), load(x));

    for (unsigned k = 4; k < SUM_BLOCK; k += 4) {
        struct wide w = multiply(load(power + k), load(x + k));
        s.lo = _mm512_xor_si512(s.lo, w.lo);
        s.mid = _mm512_xor_si512(s.mid, w.mid);
        s.hi = _mm512_xor_si512(s.hi, w.hi);
    }
    s.lo = _mm512_zextsi128_si512(fold(s.lo));
    s.mid = _mm512_zextsi128_si512(fold(s.mid));
    s.hi = _mm512_zextsi128_si512(fold(s.hi));
    return reduce(s);
}

struct gf128 gf128_power_sum_avx512(const struct gf128 *chi, const struct gf128 *x, size_t n)
{
    struct gf128 power[SUM_BLOCK + 1], part[SUM_BLOCK], out;
    size_t odd = n % SUM_BLOCK;
    __m512i acc = _mm512_setzero_si512(), big;

    power[0] = (struct gf128){1, 0};
    for (unsigned i = 1; i <= SUM_BLOCK; i++)
        gf128_mul_avx512(&power[i], &power[i - 1], chi, 1);
    big = spread(&power[SUM_BLOCK]);
    if (odd) {
        memset(part, 0, sizeof part);
        memcpy(part, x + n - odd, odd * sizeof *part);
        acc = block_sum(power, part);
    }
    for (n -= odd; n > 0; n -= SUM_BLOCK)
        acc = _mm512_xor_si512(product(acc, big), block_sum(power, x + n - SUM_BLOCK));
    acc = product(acc, spread(&power[1]));
    _mm_store_si128((__m128i *)(void *)&out, _mm512_castsi512_si128(acc));
    return out;
}

void gf128_poly_acc_avx512(struct gf128 *out, const struct gf128 *key, const struct gf128 *d,
                           unsigned dense, size_t n)
{
    while (n) {
        size_t part = n < 4 ? n : 4;
        __mmask8 m = part < 4 ? first(part) : 0xff;
        __m512i k = _mm512_maskz_loadu_epi64(m, key), sum = _mm512_setzero_si512();
        for (unsigned i = dense; i-- > 0;)
            sum = product(_mm512_xor_si512(sum, spread(d + i)), k);
        _mm512_mask_storeu_epi64(out, m, _mm512_xor_si512(_mm512_maskz_loadu_epi64(m, out), sum));
        n -= part;
        out += part;
        key += part;
    }
}

/* ---- the subfield -------------------------------------------------------------------------- */

/* Eight words to pairs (low, high) of their elements. */
INLINE void put_wide(struct gf128 *out, __m512i v, __m512i hi)
{
    __m512i lo = _mm512_xor_si512(v, _mm512_rol_epi64(hi, 1));

    store(out, _mm512_permutex2var_epi64(lo, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), hi));
    store(out + 4,
          _mm512_permutex2var_epi64(lo, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), hi));
}

INLINE __m512i add_if(__m512i acc, __m512i v, __m512i bit, __m512i high)
{
    return _mm512_mask_xor_epi64(acc, _mm512_test_epi64_mask(v, bit), acc, high);
}

void gf64_widen_avx512(struct gf128 *out, const uint64_t *in, size_t n)
{
    struct gf128 last[8];

    for (; n >= 32; n -= 32, in += 32, out += 32) {
        __m512i v[4], h[4], bit = _mm512_set1_epi64(1);
        for (unsigned j = 0; j < 4; j++) {
            v[j] = load(in + 8 * j);
            h[j] = _mm512_setzero_si512();
        }
        for (unsigned b = 0; b < 64; b++, bit = _mm512_add_epi64(bit, bit)) {
            __m512i high = _mm512_set1_epi64((long long)gf64_high[b]);
            for (unsigned j = 0; j < 4; j++)
                h[j] = add_if(h[j], v[j], bit, high);
        }
        for (unsigned j = 0; j < 4; j++)
            put_wide(out + 8 * j, v[j], h[j]);
    }
    while (n) {
        size_t m = n < 8 ? n : 8;
        __m512i v = _mm512_maskz_loadu_epi64((__mmask8)((1u << m) - 1), in);
        __m512i h = _mm512_setzero_si512(), bit = _mm512_set1_epi64(1);
        for (unsigned b = 0; b < 64; b++, bit = _mm512_add_epi64(bit, bit))
            h = add_if(h, v, bit, _mm512_set1_epi64((long long)gf64_high[b]));
        put_wide(last, v, h);
        memcpy(out, last, m * sizeof *last);
        n -= m;
        in += m;
        out += m;
    }
}

/* ---- AES ---------------------------------------------------------------------------------- */

struct schedule {
    __m512i k[11];
};

INLINE struct schedule spread_key(const struct aes_key *k)
{
    struct schedule s;

    for (unsigned i = 0; i < 11; i++)
        s.k[i] = _mm512_broadcast_i64x2(_mm_load_si128((const __m128i *)(const void *)k->round[i]));
    return s;
}

INLINE __m512i aes1(const struct schedule *s, __m512i x)
{
    x = _mm512_xor_si512(x, s->k[0]);
    for (unsigned r = 1; r < 10; r++)
        x = _mm512_aesenc_epi128(x, s->k[r]);
    return _mm512_aesenclast_epi128(x, s->k[10]);
}

#define EACH8(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)

/* Thirty-two blocks in flight. */
INLINE void aes8(const struct schedule *s, __m512i x[8])
{
#define FIRST(i) __m512i y##i = _mm512_xor_si512(x[i], s->k[0]);
#define ROUND(i) y##i = _mm512_aesenc_epi128(y##i, k);
#define LAST(i) x[i] = _mm512_aesenclast_epi128(y##i, s->k[10]);
    EACH8(FIRST)
    for (unsigned r = 1; r < 10; r++) {
        __m512i k = s->k[r];
        EACH8(ROUND)
    }
    EACH8(LAST)
#undef FIRST
#undef ROUND
#undef LAST
}

void aes_encrypt_avx512(const struct aes_key *key, struct gf128 *out, const struct gf128 *in,
                        size_t n)
{
    struct schedule s = spread_key(key);

    for (; n >= 32; n -= 32, in += 32, out += 32) {
        __m512i x[8];
        for (unsigned i = 0; i < 8; i++)
            x[i] = load(in + 4 * i);
        aes8(&s, x);
        for (unsigned i = 0; i < 8; i++)
            store(out + 4 * i, x[i]);
    }
    for (; n >= 4; n -= 4, in += 4, out += 4)
        store(out, aes1(&s, load(in)));
    if (n)
        _mm512_mask_storeu_epi64(out, first(n), aes1(&s, _mm512_maskz_loadu_epi64(first(n), in)));
}

void aes_mmo_avx512(const struct aes_key *key, struct gf128 *out, const struct gf128 *in, size_t n)
{
    struct schedule s = spread_key(key);

    for (; n >= 32; n -= 32, in += 32, out += 32) {
        __m512i x[8], y[8];
        for (unsigned i = 0; i < 8; i++)
            x[i] = y[i] = load(in + 4 * i);
        aes8(&s, x);
        for (unsigned i = 0; i < 8; i++)
            store(out + 4 * i, _mm512_xor_si512(x[i], y[i]));
    }
    while (n) {
        size_t part = n < 4 ? n : 4;
        __mmask8 m = part < 4 ? first(part) : 0xff;
        __m512i x = _mm512_maskz_loadu_epi64(m, in);
        _mm512_mask_storeu_epi64(out, m, _mm512_xor_si512(aes1(&s, x), x));
        n -= part;
        in += part;
        out += part;
    }
}

void aes_ctr_avx512(const struct aes_key *key, struct gf128 *out, uint64_t at, size_t n)
{
    struct schedule s = spread_key(key);
    const __m512i four = _mm512_set_epi64(0, 4, 0, 4, 0, 4, 0, 4);
    __m512i c = _mm512_set_epi64(0, (long long)at + 3, 0, (long long)at + 2, 0, (long long)at + 1,
                                 0, (long long)at);

    for (; n >= 32; n -= 32, out += 32) {
        __m512i x[8];
        for (unsigned i = 0; i < 8; i++) {
            x[i] = c;
            c = _mm512_add_epi64(c, four);
        }
        aes8(&s, x);
        for (unsigned i = 0; i < 8; i++)
            store(out + 4 * i, x[i]);
    }
    for (; n; c = _mm512_add_epi64(c, four)) {
        size_t part = n < 4 ? n : 4;
        _mm512_mask_storeu_epi64(out, part < 4 ? first(part) : 0xff, aes1(&s, c));
        n -= part;
        out += part;
    }
}

/* Four digests of 32 bytes: their low halves and their high halves. */
INLINE void halves(const struct gf128 *d, __m512i *lo, __m512i *hi)
{
    __m512i a = load(d), b = load(d + 4);

    *lo = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 1, 4, 5, 8, 9, 12, 13), b);
    *hi = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(2, 3, 6, 7, 10, 11, 14, 15), b);
}

void aes_digest_avx512(const struct aes_key *ka, const struct aes_key *kb, struct gf128 *out,
                       const struct gf128 *d, size_t n)
{
    struct schedule a = spread_key(ka), b = spread_key(kb);
    struct gf128 part[8], tail[4];

    for (; n >= 32; n -= 32, d += 64, out += 32) {
        __m512i x[8], y[8], hi[8];
        for (unsigned i = 0; i < 8; i++) {
            halves(d + 8 * i, &x[i], &hi[i]);
            y[i] = x[i];
        }
        aes8(&a, x);
        for (unsigned i = 0; i < 8; i++)
            x[i] = y[i] = xor3(x[i], y[i], hi[i]);
        aes8(&b, x);
        for (unsigned i = 0; i < 8; i++)
            store(out + 4 * i, _mm512_xor_si512(x[i], y[i]));
    }
    while (n) {
        size_t m = n < 4 ? n : 4;
        __m512i lo, hi, x;
        memset(part, 0, sizeof part);
        memcpy(part, d, m * 32);
        halves(part, &lo, &hi);
        x = xor3(aes1(&a, lo), lo, hi);
        store(tail, _mm512_xor_si512(aes1(&b, x), x));
        memcpy(out, tail, m * 16);
        n -= m;
        d += 2 * m;
        out += m;
    }
}

/* ---- half-trees --------------------------------------------------------------------------- */

INLINE __m512i sigma(__m512i x)
{
    __m512i turned = _mm512_shuffle_epi32(x, (_MM_PERM_ENUM)0x4e);
    return _mm512_mask_xor_epi64(turned, 0xaa, turned, x);
}

/* For m <= 8 vectors: H(x). */
INLINE void hash_nodes(const struct schedule *s, __m512i *h, const __m512i *x, size_t m)
{
    if (m == 8) {
        __m512i y[8];
        for (unsigned i = 0; i < 8; i++)
            h[i] = y[i] = sigma(x[i]);
        aes8(s, h);
        for (unsigned i = 0; i < 8; i++)
            h[i] = _mm512_xor_si512(h[i], y[i]);
        return;
    }
    for (size_t i = 0; i < m; i++) {
        __m512i y = sigma(x[i]);
        h[i] = _mm512_xor_si512(aes1(s, y), y);
    }
}

INLINE struct gf128 lane_sum(__m512i x)
{
    struct gf128 out;
    _mm_store_si128((__m128i *)(void *)&out, fold(x));
    return out;
}

/* Levels of fewer than four nodes: in one half of a register. */
INLINE __m512i expand_two(const struct schedule *s, struct gf128 *x)
{
    __m512i v = _mm512_maskz_loadu_epi64(0x0f, x), h, y = sigma(v);

    h = _mm512_maskz_mov_epi64(0x0f, _mm512_xor_si512(aes1(s, y), y));
    _mm512_mask_storeu_epi64(x, 0x0f, h);
    _mm512_mask_storeu_epi64(x + 2, 0x0f, _mm512_xor_si512(v, h));
    return h;
}

void ggm_full_avx512(const struct ggm_keys *k, struct gf128 root, struct gf128 delta,
                     unsigned depth, struct gf128 *v, struct gf128 *left, struct gf128 *sum)
{
    struct schedule node = spread_key(&k->node), leaf = spread_key(&k->leaf);
    size_t leaves = (size_t)1 << depth;
    __m512i total = _mm512_setzero_si512();

    v[0] = root;
    v[1] = gf128_xor(root, delta);
    left[0] = root;
    if (depth > 1)
        left[1] = lane_sum(expand_two(&node, v));
    for (unsigned level = 2; level < depth; level++) {
        size_t n = (size_t)1 << level;
        __m512i s = _mm512_setzero_si512(), x[8], h[8];
        for (size_t i = 0; i < n; i += 32) {
            size_t m = n < 32 ? n / 4 : 8;
            for (size_t j = 0; j < m; j++)
                x[j] = load(v + i + 4 * j);
            hash_nodes(&node, h, x, m);
            for (size_t j = 0; j < m; j++) {
                s = _mm512_xor_si512(s, h[j]);
                store(v + i + 4 * j, h[j]);
                store(v + n + i + 4 * j, _mm512_xor_si512(x[j], h[j]));
            }
        }
        left[level] = lane_sum(s);
    }
    for (size_t i = 0; i < leaves; i += 32) {
        size_t m = leaves < 32 ? (leaves + 3) / 4 : 8;
        __m512i x[8], h[8];
        for (size_t j = 0; j < m; j++)
            x[j] = leaves < 4 ? _mm512_maskz_loadu_epi64(0x0f, v) : load(v + i + 4 * j);
        hash_nodes(&leaf, h, x, m);
        for (size_t j = 0; j < m; j++) {
            if (leaves < 4) {
                h[j] = _mm512_maskz_mov_epi64(0x0f, h[j]);
                _mm512_mask_storeu_epi64(v, 0x0f, h[j]);
            } else {
                store(v + i + 4 * j, h[j]);
            }
            total = _mm512_xor_si512(total, h[j]);
        }
    }
    *sum = lane_sum(total);
}

/* Which of the four numbers from i on is `at`. */
INLINE __mmask8 equal_to(__m512i at, size_t i)
{
    const __m512i steps = _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3);
    return _mm512_cmpeq_epi64_mask(at, _mm512_add_epi64(steps, _mm512_set1_epi64((long long)i)));
}

void ggm_punctured_avx512(const struct ggm_keys *k, unsigned depth, uint32_t hole,
                          const struct gf128 *side, struct gf128 *v, struct gf128 *sum)
{
    struct schedule node = spread_key(&k->node), leaf = spread_key(&k->leaf);
    size_t leaves = (size_t)1 << depth;
    uint64_t right = hole & 1;
    __m512i total = _mm512_setzero_si512(), at;

    v[0] = gf128_if(side[0], right);
    v[1] = gf128_if(side[0], right ^ 1);
    for (unsigned level = 1; level < depth; level++) {
        size_t n = (size_t)1 << level;
        __m512i l = _mm512_setzero_si512(), r = l, x[8], h[8];
        struct gf128 missing_l, missing_r;
        at = _mm512_set1_epi64(hole & (n - 1));
        for (size_t i = 0; i < n; i += 32) {
            size_t m = n < 32 ? (n + 3) / 4 : 8;
            __mmask8 all = n < 4 ? 0x0f : 0xff;
            for (size_t j = 0; j < m; j++)
                x[j] = _mm512_maskz_loadu_epi64(all, v + i + 4 * j);
            hash_nodes(&node, h, x, m);
            for (size_t j = 0; j < m; j++) {
                __mmask8 known = (__mmask8)(all & ~equal_to(at, i + 4 * j));
                __m512i a = _mm512_maskz_mov_epi64(known, h[j]);
                __m512i b = _mm512_maskz_xor_epi64(known, x[j], h[j]);
                l = _mm512_xor_si512(l, a);
                r = _mm512_xor_si512(r, b);
                _mm512_mask_storeu_epi64(v + i + 4 * j, all, a);
                _mm512_mask_storeu_epi64(v + n + i + 4 * j, all, b);
            }
        }
        right = hole >> level & 1;
        missing_l = gf128_if(gf128_xor(lane_sum(l), side[level]), right);
        missing_r = gf128_if(gf128_xor(lane_sum(r), side[level]), right ^ 1);
        for (size_t i = 0; i < n; i += 4) {
            __mmask8 here = (__mmask8)(equal_to(at, i) & (n < 4 ? 0x0f : 0xff));
            _mm512_mask_storeu_epi64(v + i, here, spread(&missing_l));
            _mm512_mask_storeu_epi64(v + n + i, here, spread(&missing_r));
        }
    }
    at = _mm512_set1_epi64(hole);
    for (size_t i = 0; i < leaves; i += 32) {
        size_t m = leaves < 32 ? (leaves + 3) / 4 : 8;
        __mmask8 all = leaves < 4 ? 0x0f : 0xff;
        __m512i x[8], h[8];
        for (size_t j = 0; j < m; j++)
            x[j] = _mm512_maskz_loadu_epi64(all, v + i + 4 * j);
        hash_nodes(&leaf, h, x, m);
        for (size_t j = 0; j < m; j++) {
            __m512i a = _mm512_maskz_mov_epi64((__mmask8)(all & ~equal_to(at, i + 4 * j)), h[j]);
            total = _mm512_xor_si512(total, a);
            _mm512_mask_storeu_epi64(v + i + 4 * j, all, a);
        }
    }
    *sum = lane_sum(total);
}

/* Two of stride 2 side by side: a0 b0 a1 b1. */
INLINE void place_pairs(struct gf128 *out, __m512i a, __m512i b)
{
    const __m512i low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i high = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);

    store(out, _mm512_permutex2var_epi64(a, low, b));
    store(out + 4, _mm512_permutex2var_epi64(a, high, b));
}

void ggm_place_avx512(const struct gf128 *values, size_t n, uint32_t hole, struct gf128 noise,
                      struct gf128 fill, struct gf128 *a, struct gf128 *b, size_t stride)
{
    __m512i at = _mm512_set1_epi64(hole), e = spread(&noise), f = spread(&fill);

    if (n % 4 != 0) { /* trees of two leaves: tests only */
        ggm_place_avx2(values, n, hole, noise, fill, a, b, stride);
        return;
    }
    for (size_t i = 0; i < n; i += 4) {
        __mmask8 here = equal_to(at, i);
        __m512i x = _mm512_maskz_mov_epi64(here, e), y = load(values + i);
        y = _mm512_mask_xor_epi64(y, here, y, f);
        if (stride == 2) {
            place_pairs(a + 2 * i, x, y);
        } else {
            store(a + i, x);
            store(b + i, y);
        }
    }
}
