/* BLAKE2s's rounds over vectors of lanes: V, ADD, XOR, and ROT (to the right) are the level's. */
#define MIX(a, b, c, d, x, y)                                                                      \
    v[a] = ADD(ADD(v[a], v[b]), m[x]);                                                             \
    v[d] = ROT(XOR(v[d], v[a]), 16);                                                               \
    v[c] = ADD(v[c], v[d]);                                                                        \
    v[b] = ROT(XOR(v[b], v[c]), 12);                                                               \
    v[a] = ADD(ADD(v[a], v[b]), m[y]);                                                             \
    v[d] = ROT(XOR(v[d], v[a]), 8);                                                                \
    v[c] = ADD(v[c], v[d]);                                                                        \
    v[b] = ROT(XOR(v[b], v[c]), 7);
#define ROUND(a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q)                                      \
    MIX(0, 4, 8, 12, a, b)                                                                         \
    MIX(1, 5, 9, 13, c, d)                                                                         \
    MIX(2, 6, 10, 14, e, f)                                                                        \
    MIX(3, 7, 11, 15, g, h)                                                                        \
    MIX(0, 5, 10, 15, i, j)                                                                        \
    MIX(1, 6, 11, 12, k, l)                                                                        \
    MIX(2, 7, 8, 13, n, o)                                                                         \
    MIX(3, 4, 9, 14, p, q)

static inline __attribute__((always_inline)) void blake2s_rounds(V v[16], const V m[16])
{
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)
    ROUND(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4)
    ROUND(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8)
    ROUND(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13)
    ROUND(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9)
    ROUND(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11)
    ROUND(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10)
    ROUND(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5)
    ROUND(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0)
}

static const uint32_t blake2s_iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
