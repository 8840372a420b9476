/* The field and AES with PCLMULQDQ and AES-NI: one element or block at a time, several in flight.
 */
#include "psi/kernels_impl.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __m128i load(const struct gf128 *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

INLINE void store(struct gf128 *p, __m128i x)
{
    _mm_storeu_si128((__m128i *)(void *)p, x);
}

struct wide {
    __m128i lo, mid, hi;
};

INLINE struct wide multiply(__m128i a, __m128i b)
{
    struct wide w;

    w.lo = _mm_clmulepi64_si128(a, b, 0x00);
    w.hi = _mm_clmulepi64_si128(a, b, 0x11);
    w.mid = _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01), _mm_clmulepi64_si128(a, b, 0x10));
    return w;
}

INLINE __m128i reduce(struct wide w)
{
    const __m128i poly = _mm_set1_epi64x(0x87);
    __m128i lo = _mm_xor_si128(w.lo, _mm_slli_si128(w.mid, 8));
    __m128i hi = _mm_xor_si128(w.hi, _mm_srli_si128(w.mid, 8));
    __m128i t = _mm_clmulepi64_si128(hi, poly, 0x01);

    lo = _mm_xor_si128(lo, _mm_slli_si128(t, 8));
    hi = _mm_xor_si128(hi, _mm_srli_si128(t, 8));
    return _mm_xor_si128(lo, _mm_clmulepi64_si128(hi, poly, 0x00));
}

INLINE __m128i product(__m128i a, __m128i b)
{
    return reduce(multiply(a, b));
}

void gf128_mul_avx2(struct gf128 *out, const struct gf128 *a, const struct gf128 *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        store(out + i, product(load(a + i), load(b + i)));
}

void gf128_scale_acc_avx2(struct gf128 *acc, const struct gf128 *x, const struct gf128 *s, size_t n)
{
    __m128i k = load(s);

    for (size_t i = 0; i < n; i++)
        store(acc + i, _mm_xor_si128(load(acc + i), product(load(x + i), k)));
}

#define SUM_BLOCK 16

INLINE __m128i block_sum(const struct gf128 *power, const struct gf128 *x)
{
    struct wide s = multiply(load(power), load(x));

    for (unsigned k = 1; k < SUM_BLOCK; k++) {
        struct wide w = multiply(load(power + k), load(x + k));
        s.lo = _mm_xor_si128(s.lo, w.lo);
        s.mid = _mm_xor_si128(s.mid, w.mid);
        s.hi = _mm_xor_si128(s.hi, w.hi);
    }
    return reduce(s);
}

struct gf128 gf128_power_sum_avx2(const struct gf128 *chi, const struct gf128 *x, size_t n)
{
    struct gf128 power[SUM_BLOCK + 1], part[SUM_BLOCK], out;
    size_t odd = n % SUM_BLOCK;
    __m128i acc = _mm_setzero_si128();

    power[0] = (struct gf128){1, 0};
    for (unsigned i = 1; i <= SUM_BLOCK; i++)
        gf128_mul_avx2(&power[i], &power[i - 1], chi, 1);
    if (odd) {
        memset(part, 0, sizeof part);
        memcpy(part, x + n - odd, odd * sizeof *part);
        acc = block_sum(power, part);
    }
    for (n -= odd; n > 0; n -= SUM_BLOCK)
        acc = _mm_xor_si128(product(acc, load(&power[SUM_BLOCK])),
                            block_sum(power, x + n - SUM_BLOCK));
    store(&out, product(acc, load(&power[1])));
    return out;
}

void gf128_poly_acc_avx2(struct gf128 *out, const struct gf128 *key, const struct gf128 *d,
                         unsigned dense, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        __m128i sum = _mm_setzero_si128(), k = load(key + i);
        for (unsigned j = dense; j-- > 0;)
            sum = product(_mm_xor_si128(sum, load(d + j)), k);
        store(out + i, _mm_xor_si128(load(out + i), sum));
    }
}

/* ---- the subfield -------------------------------------------------------------------------- */

/* Four words to their elements. */
static void widen4(struct gf128 out[4], const uint64_t in[4])
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)in), lo, a, b;
    __m256i h = _mm256_setzero_si256(), bit = _mm256_set1_epi64x(1);

    for (unsigned i = 0; i < 64; i++, bit = _mm256_add_epi64(bit, bit)) {
        __m256i on = _mm256_cmpeq_epi64(_mm256_and_si256(v, bit), bit);
        h = _mm256_xor_si256(h, _mm256_and_si256(on, _mm256_set1_epi64x((long long)gf64_high[i])));
    }
    lo = _mm256_xor_si256(v, _mm256_or_si256(_mm256_add_epi64(h, h), _mm256_srli_epi64(h, 63)));
    a = _mm256_unpacklo_epi64(lo, h); /* elements 0 and 2 */
    b = _mm256_unpackhi_epi64(lo, h); /* 1 and 3 */
    _mm256_storeu_si256((__m256i *)(void *)out, _mm256_permute2x128_si256(a, b, 0x20));
    _mm256_storeu_si256((__m256i *)(void *)(out + 2), _mm256_permute2x128_si256(a, b, 0x31));
}

void gf64_widen_avx2(struct gf128 *out, const uint64_t *in, size_t n)
{
    struct gf128 last[4];
    uint64_t part[4] = {0};

    for (; n >= 4; n -= 4, in += 4, out += 4)
        widen4(out, in);
    if (!n)
        return;
    memcpy(part, in, n * sizeof *in);
    widen4(last, part);
    memcpy(out, last, n * sizeof *last);
}

/* ---- AES ---------------------------------------------------------------------------------- */

INLINE __m128i round_key(const struct aes_key *k, unsigned r)
{
    return _mm_load_si128((const __m128i *)(const void *)k->round[r]);
}

INLINE __m128i aes1(const struct aes_key *k, __m128i x)
{
    x = _mm_xor_si128(x, round_key(k, 0));
    for (unsigned r = 1; r < 10; r++)
        x = _mm_aesenc_si128(x, round_key(k, r));
    return _mm_aesenclast_si128(x, round_key(k, 10));
}

#define EACH8(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)

INLINE void aes8(const struct aes_key *key, __m128i x[8])
{
    __m128i k = round_key(key, 0);
#define FIRST(i) __m128i y##i = _mm_xor_si128(x[i], k);
#define ROUND(i) y##i = _mm_aesenc_si128(y##i, k);
#define LAST(i) x[i] = _mm_aesenclast_si128(y##i, k);
    EACH8(FIRST)
    for (unsigned r = 1; r < 10; r++) {
        k = round_key(key, r);
        EACH8(ROUND)
    }
    k = round_key(key, 10);
    EACH8(LAST)
#undef FIRST
#undef ROUND
#undef LAST
}

void aes_encrypt_avx2(const struct aes_key *key, struct gf128 *out, const struct gf128 *in,
                      size_t n)
{
    for (; n >= 8; n -= 8, in += 8, out += 8) {
        __m128i x[8];
        for (unsigned i = 0; i < 8; i++)
            x[i] = load(in + i);
        aes8(key, x);
        for (unsigned i = 0; i < 8; i++)
            store(out + i, x[i]);
    }
    for (; n; n--, in++, out++)
        store(out, aes1(key, load(in)));
}

void aes_mmo_avx2(const struct aes_key *key, struct gf128 *out, const struct gf128 *in, size_t n)
{
    for (; n >= 8; n -= 8, in += 8, out += 8) {
        __m128i x[8];
        for (unsigned i = 0; i < 8; i++)
            x[i] = load(in + i);
        aes8(key, x);
        for (unsigned i = 0; i < 8; i++)
            store(out + i, _mm_xor_si128(x[i], load(in + i)));
    }
    for (; n; n--, in++, out++) {
        __m128i x = load(in);
        store(out, _mm_xor_si128(aes1(key, x), x));
    }
}

void aes_ctr_avx2(const struct aes_key *key, struct gf128 *out, uint64_t at, size_t n)
{
    for (; n >= 8; n -= 8, out += 8, at += 8) {
        __m128i x[8];
        for (unsigned i = 0; i < 8; i++)
            x[i] = _mm_set_epi64x(0, (long long)(at + i));
        aes8(key, x);
        for (unsigned i = 0; i < 8; i++)
            store(out + i, x[i]);
    }
    for (; n; n--, out++)
        store(out, aes1(key, _mm_set_epi64x(0, (long long)at++)));
}

void aes_digest_avx2(const struct aes_key *a, const struct aes_key *b, struct gf128 *out,
                     const struct gf128 *d, size_t n)
{
    for (; n >= 8; n -= 8, d += 16, out += 8) {
        __m128i x[8], y[8];
        for (unsigned i = 0; i < 8; i++)
            x[i] = load(d + 2 * i);
        aes8(a, x);
        for (unsigned i = 0; i < 8; i++)
            x[i] = y[i] = _mm_xor_si128(_mm_xor_si128(x[i], load(d + 2 * i)), load(d + 2 * i + 1));
        aes8(b, x);
        for (unsigned i = 0; i < 8; i++)
            store(out + i, _mm_xor_si128(x[i], y[i]));
    }
    for (; n; n--, d += 2, out++) {
        __m128i lo = load(d), x = _mm_xor_si128(_mm_xor_si128(aes1(a, lo), lo), load(d + 1));
        store(out, _mm_xor_si128(aes1(b, x), x));
    }
}

/* ---- half-trees --------------------------------------------------------------------------- */

INLINE __m128i sigma(__m128i x)
{
    __m128i turned = _mm_shuffle_epi32(x, 0x4e);
    return _mm_xor_si128(turned, _mm_and_si128(x, _mm_set_epi64x(-1, 0)));
}

INLINE void hash_nodes(const struct aes_key *k, __m128i h[8], const __m128i x[8], size_t m)
{
    if (m == 8) {
        __m128i y[8];
        for (unsigned i = 0; i < 8; i++)
            h[i] = y[i] = sigma(x[i]);
        aes8(k, h);
        for (unsigned i = 0; i < 8; i++)
            h[i] = _mm_xor_si128(h[i], y[i]);
        return;
    }
    for (size_t i = 0; i < m; i++) {
        __m128i y = sigma(x[i]);
        h[i] = _mm_xor_si128(aes1(k, y), y);
    }
}

INLINE struct gf128 as_element(__m128i x)
{
    struct gf128 out;
    store(&out, x);
    return out;
}

void ggm_full_avx2(const struct ggm_keys *k, struct gf128 root, struct gf128 delta, unsigned depth,
                   struct gf128 *v, struct gf128 *left, struct gf128 *sum)
{
    __m128i total = _mm_setzero_si128();

    v[0] = root;
    v[1] = gf128_xor(root, delta);
    left[0] = root;
    for (unsigned level = 1; level < depth; level++) {
        size_t n = (size_t)1 << level;
        __m128i s = _mm_setzero_si128(), x[8], h[8];
        for (size_t i = 0; i < n; i += 8) {
            size_t m = n < 8 ? n : 8;
            for (size_t j = 0; j < m; j++)
                x[j] = load(v + i + j);
            hash_nodes(&k->node, h, x, m);
            for (size_t j = 0; j < m; j++) {
                s = _mm_xor_si128(s, h[j]);
                store(v + i + j, h[j]);
                store(v + n + i + j, _mm_xor_si128(x[j], h[j]));
            }
        }
        left[level] = as_element(s);
    }
    for (size_t i = 0, leaves = (size_t)1 << depth; i < leaves; i += 8) {
        size_t m = leaves < 8 ? leaves : 8;
        __m128i x[8], h[8];
        for (size_t j = 0; j < m; j++)
            x[j] = load(v + i + j);
        hash_nodes(&k->leaf, h, x, m);
        for (size_t j = 0; j < m; j++) {
            total = _mm_xor_si128(total, h[j]);
            store(v + i + j, h[j]);
        }
    }
    *sum = as_element(total);
}

/* All ones where number i is not `at`. */
INLINE __m128i other_than(__m128i at, size_t i)
{
    return _mm_xor_si128(_mm_cmpeq_epi64(at, _mm_set1_epi64x((long long)i)), _mm_set1_epi64x(-1));
}

void ggm_punctured_avx2(const struct ggm_keys *k, unsigned depth, uint32_t hole,
                        const struct gf128 *side, struct gf128 *v, struct gf128 *sum)
{
    uint64_t right = hole & 1;
    __m128i total = _mm_setzero_si128(), at;

    v[0] = gf128_if(side[0], right);
    v[1] = gf128_if(side[0], right ^ 1);
    for (unsigned level = 1; level < depth; level++) {
        size_t n = (size_t)1 << level;
        __m128i l = _mm_setzero_si128(), r = l, x[8], h[8], ml, mr;
        at = _mm_set1_epi64x(hole & (n - 1));
        for (size_t i = 0; i < n; i += 8) {
            size_t m = n < 8 ? n : 8;
            for (size_t j = 0; j < m; j++)
                x[j] = load(v + i + j);
            hash_nodes(&k->node, h, x, m);
            for (size_t j = 0; j < m; j++) {
                __m128i known = other_than(at, i + j), a = _mm_and_si128(h[j], known);
                __m128i b = _mm_and_si128(_mm_xor_si128(x[j], h[j]), known);
                l = _mm_xor_si128(l, a);
                r = _mm_xor_si128(r, b);
                store(v + i + j, a);
                store(v + n + i + j, b);
            }
        }
        right = hole >> level & 1;
        ml =
            _mm_and_si128(_mm_xor_si128(l, load(side + level)), _mm_set1_epi64x(-(long long)right));
        mr = _mm_and_si128(_mm_xor_si128(r, load(side + level)),
                           _mm_set1_epi64x((long long)right - 1));
        for (size_t i = 0; i < n; i++) {
            __m128i no = other_than(at, i);
            store(v + i, _mm_xor_si128(load(v + i), _mm_andnot_si128(no, ml)));
            store(v + n + i, _mm_xor_si128(load(v + n + i), _mm_andnot_si128(no, mr)));
        }
    }
    at = _mm_set1_epi64x(hole);
    for (size_t i = 0, leaves = (size_t)1 << depth; i < leaves; i += 8) {
        size_t m = leaves < 8 ? leaves : 8;
        __m128i x[8], h[8];
        for (size_t j = 0; j < m; j++)
            x[j] = load(v + i + j);
        hash_nodes(&k->leaf, h, x, m);
        for (size_t j = 0; j < m; j++) {
            __m128i a = _mm_and_si128(h[j], other_than(at, i + j));
            total = _mm_xor_si128(total, a);
            store(v + i + j, a);
        }
    }
    *sum = as_element(total);
}

void ggm_place_avx2(const struct gf128 *values, size_t n, uint32_t hole, struct gf128 noise,
                    struct gf128 fill, struct gf128 *a, struct gf128 *b, size_t stride)
{
    __m128i at = _mm_set1_epi64x(hole), e = load(&noise), f = load(&fill);

    for (size_t i = 0; i < n; i++) {
        __m128i no = other_than(at, i);
        store(a + i * stride, _mm_andnot_si128(no, e));
        store(b + i * stride, _mm_xor_si128(load(values + i), _mm_andnot_si128(no, f)));
    }
}
