/* BLAKE2s in twice eight lanes of 256-bit registers. */
#include "psi/kernels_impl.h"

#include <immintrin.h>

typedef __m256i V;
#define ADD(a, b) _mm256_add_epi32(a, b)
#define XOR(a, b) _mm256_xor_si256(a, b)
#define ROT(a, n) _mm256_or_si256(_mm256_srli_epi32(a, n), _mm256_slli_epi32(a, 32 - (n)))
#include "psi/blake2s_impl.h"

static inline __m256i load(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

/* Eight rows of eight words to eight columns. */
static inline void transpose(__m256i r[8])
{
    __m256i t[8];

    for (unsigned i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (unsigned i = 0; i < 8; i += 4)
        for (unsigned j = 0; j < 2; j++) {
            r[i + 2 * j] = _mm256_unpacklo_epi64(t[i + j], t[i + j + 2]);
            r[i + 2 * j + 1] = _mm256_unpackhi_epi64(t[i + j], t[i + j + 2]);
        }
    for (unsigned i = 0; i < 4; i++) {
        t[i] = _mm256_permute2x128_si256(r[i], r[4 + i], 0x20);
        t[4 + i] = _mm256_permute2x128_si256(r[i], r[4 + i], 0x31);
    }
    for (unsigned i = 0; i < 8; i++)
        r[i] = t[i];
}

static void eight(uint32_t h[8][16], const uint8_t *const block[16], const uint32_t t[16],
                  bool last, unsigned lane)
{
    __m256i v[16], m[16];

    for (unsigned half = 0; half < 2; half++) {
        for (unsigned i = 0; i < 8; i++)
            m[8 * half + i] = load(block[lane + i] + 32 * half);
        transpose(m + 8 * half);
    }
    for (unsigned i = 0; i < 8; i++) {
        v[i] = load(&h[i][lane]);
        v[8 + i] = _mm256_set1_epi32((int)blake2s_iv[i]);
    }
    v[12] = XOR(v[12], load(t + lane));
    if (last)
        v[14] = XOR(v[14], _mm256_set1_epi32(-1));
    blake2s_rounds(v, m);
    for (unsigned i = 0; i < 8; i++)
        _mm256_storeu_si256((__m256i *)(void *)&h[i][lane],
                            XOR(load(&h[i][lane]), XOR(v[i], v[8 + i])));
}

void blake2s_16_avx2(uint32_t h[8][16], const uint8_t *const block[16], const uint32_t t[16],
                     bool last)
{
    eight(h, block, t, last, 0);
    eight(h, block, t, last, 8);
}
