/* BLAKE2s in sixteen lanes of 512-bit registers. */
#include "psi/kernels_impl.h"

#include <immintrin.h>

typedef __m512i V;
#define ADD(a, b) _mm512_add_epi32(a, b)
#define XOR(a, b) _mm512_xor_si512(a, b)
#define ROT(a, n) _mm512_ror_epi32(a, n)
#include "psi/blake2s_impl.h"

/* Sixteen rows of sixteen words to sixteen columns. */
static inline void transpose(__m512i r[16])
{
    __m512i t[16];

    for (unsigned i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (unsigned i = 0; i < 16; i += 4)
        for (unsigned j = 0; j < 2; j++) {
            r[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + j + 2]);
            r[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + j + 2]);
        }
    for (unsigned i = 0; i < 4; i++) { /* r[4g+i]: word i of each 128 bits of rows 4g..4g+3 */
        __m512i a = _mm512_shuffle_i32x4(r[i], r[4 + i], 0x88);
        __m512i b = _mm512_shuffle_i32x4(r[i], r[4 + i], 0xdd);
        __m512i c = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0x88);
        __m512i d = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0xdd);
        t[i] = _mm512_shuffle_i32x4(a, c, 0x88);
        t[8 + i] = _mm512_shuffle_i32x4(a, c, 0xdd);
        t[4 + i] = _mm512_shuffle_i32x4(b, d, 0x88);
        t[12 + i] = _mm512_shuffle_i32x4(b, d, 0xdd);
    }
    for (unsigned i = 0; i < 16; i++)
        r[i] = t[i];
}

void blake2s_16_avx512(uint32_t h[8][16], const uint8_t *const block[16], const uint32_t t[16],
                       bool last)
{
    __m512i v[16], m[16];

    for (unsigned i = 0; i < 16; i++)
        m[i] = _mm512_loadu_si512(block[i]);
    transpose(m);
    for (unsigned i = 0; i < 8; i++) {
        v[i] = _mm512_loadu_si512(h[i]);
        v[8 + i] = _mm512_set1_epi32((int)blake2s_iv[i]);
    }
    v[12] = XOR(v[12], _mm512_loadu_si512(t));
    if (last)
        v[14] = XOR(v[14], _mm512_set1_epi32(-1));
    blake2s_rounds(v, m);
    for (unsigned i = 0; i < 8; i++)
        _mm512_storeu_si512(h[i], XOR(_mm512_loadu_si512(h[i]), XOR(v[i], v[8 + i])));
}
