#include "psi/blake2s.h"

#include "crypto/crypto.h"
#include "psi/kernels_impl.h"

#define TREE_PIECE ((size_t)1024)
#define TREE_PERSON "ente/bin" /* personalisation of a piece */

static const uint32_t iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint8_t sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t right(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void mix(uint32_t v[16], unsigned a, unsigned b, unsigned c, unsigned d, uint32_t x,
                uint32_t y)
{
    v[a] += v[b] + x;
    v[d] = right(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = right(v[b] ^ v[c], 12);
    v[a] += v[b] + y;
    v[d] = right(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = right(v[b] ^ v[c], 7);
}

static void round_of(uint32_t v[16], const uint32_t m[16], const uint8_t s[16])
{
    mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
}

void blake2s_compress(uint32_t h[8], const uint8_t block[64], uint64_t t, bool last)
{
    uint32_t v[16], m[16];

    for (unsigned i = 0; i < 16; i++)
        m[i] = load32(block + 4 * i);
    for (unsigned i = 0; i < 8; i++) {
        v[i] = h[i];
        v[8 + i] = iv[i];
    }
    v[12] ^= (uint32_t)t;
    v[13] ^= (uint32_t)(t >> 32);
    v[14] ^= last ? 0xffffffff : 0;
    for (unsigned r = 0; r < 10; r++)
        round_of(v, m, sigma[r]);
    for (unsigned i = 0; i < 8; i++)
        h[i] ^= v[i] ^ v[8 + i];
}

void blake2s_start(uint32_t h[8], const char person[8])
{
    memcpy(h, iv, sizeof iv);
    h[0] ^= 32 | 1 << 16 | 1 << 24; /* digest 32 bytes, fan-out 1, depth 1 */
    h[6] ^= load32((const uint8_t *)person);
    h[7] ^= load32((const uint8_t *)person + 4);
}

static void store_state(uint8_t out[32], const uint32_t h[8])
{
    for (unsigned i = 0; i < 32; i++)
        out[i] = (uint8_t)(h[i / 4] >> 8 * (i % 4));
}

void blake2s(const char person[8], struct bytes in, uint8_t out[32])
{
    uint32_t h[8];
    uint64_t t = 0;
    uint8_t block[64];

    blake2s_start(h, person);
    do {
        size_t n = in.n - t < 64 ? in.n - t : 64;
        memset(block, 0, sizeof block);
        if (n)
            memcpy(block, in.p + t, n);
        t += n;
        blake2s_compress(h, block, t, t == in.n);
    } while (t < in.n);
    store_state(out, h);
}

static void compress16_portable(uint32_t h[8][16], const uint8_t *const block[16],
                                const uint32_t t[16], bool last)
{
    for (unsigned lane = 0; lane < 16; lane++) {
        uint32_t one[8];
        for (unsigned i = 0; i < 8; i++)
            one[i] = h[i][lane];
        blake2s_compress(one, block[lane], t[lane], last);
        for (unsigned i = 0; i < 8; i++)
            h[i][lane] = one[i];
    }
}

void blake2s_spread(uint32_t h[8][16], const uint32_t one[8])
{
    for (unsigned i = 0; i < 8; i++)
        for (unsigned lane = 0; lane < 16; lane++)
            h[i][lane] = one[i];
}

void blake2s_lanes(const uint32_t h[8][16], unsigned lanes, uint8_t *out)
{
    for (unsigned lane = 0; lane < lanes; lane++, out += 32) {
        uint32_t one[8];
        for (unsigned i = 0; i < 8; i++)
            one[i] = h[i][lane];
        memcpy(out, one, 32);
    }
}

/* At most sixteen whole pieces side by side; lanes without one repeat the first. */
static void pieces(const struct blake2s_ops *ops, const uint8_t *p, unsigned lanes,
                   uint8_t out[16][32])
{
    uint32_t h[8][16], start[8], t[16];
    const uint8_t *block[16];

    blake2s_start(start, TREE_PERSON);
    blake2s_spread(h, start);
    for (size_t at = 0; at < TREE_PIECE; at += 64) {
        for (unsigned lane = 0; lane < 16; lane++) {
            block[lane] = p + (lane < lanes ? lane : 0) * TREE_PIECE + at;
            t[lane] = (uint32_t)at + 64;
        }
        ops->compress16(h, block, t, at + 64 == TREE_PIECE);
    }
    blake2s_lanes((const uint32_t(*)[16])h, lanes, out[0]);
}

void blake2s_tree(const struct blake2s_ops *ops, struct bytes in, struct hash *out)
{
    uint8_t digest[16][32], length[8];
    struct sha256 s;

    for (unsigned i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)in.n >> (56 - 8 * i));
    sha256_start(&s);
    sha256_add(&s, bytes_of(length, 8));
    while (in.n >= TREE_PIECE) {
        unsigned lanes = in.n / TREE_PIECE < 16 ? (unsigned)(in.n / TREE_PIECE) : 16;
        pieces(ops, in.p, lanes, digest);
        sha256_add(&s, bytes_of(digest, lanes * sizeof *digest));
        in = bytes_of(in.p + lanes * TREE_PIECE, in.n - lanes * TREE_PIECE);
    }
    if (in.n) {
        blake2s(TREE_PERSON, in, digest[0]);
        sha256_add(&s, bytes_of(digest[0], 32));
    }
    sha256_end(&s, out);
}

const struct blake2s_ops blake2s_variants[] = {
#if defined(__x86_64__)
    {"avx512", PSI_NEEDS_AVX512, blake2s_16_avx512},
    {"avx2", PSI_NEEDS_AVX2, blake2s_16_avx2},
#endif
    {"portable", 0, compress16_portable},
};

const struct blake2s_ops *blake2s_best(uint32_t cpu)
{
    const struct blake2s_ops *v = blake2s_variants;

    while (v->needs & ~cpu)
        v++;
    return v;
}
