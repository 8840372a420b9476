#include "psi/aes.h"

#include "psi/kernels_impl.h"

/* A plane holds one bit of each byte of eight blocks: byte j of the plane is byte j of the
 * state, bit k of it belongs to block k. */
typedef uint64_t plane __attribute__((vector_size(16)));
typedef uint32_t lanes __attribute__((vector_size(16)));

static plane fill8(uint64_t byte)
{
    uint64_t v = byte * 0x0101010101010101;
    return (plane){v, v};
}

static void swap_bits(plane *a, plane *b, unsigned shift, uint64_t mask)
{
    plane m = fill8(mask), s = {shift, shift}, t = ((*a >> s) ^ *b) & m;

    *b ^= t;
    *a ^= t << s;
}

/* Eight blocks to eight planes, and back: it is its own inverse. */
static void transpose(plane x[8])
{
    for (unsigned i = 0; i < 8; i += 2)
        swap_bits(&x[i], &x[i + 1], 1, 0x55);
    for (unsigned i = 0; i < 8; i += 4) {
        swap_bits(&x[i], &x[i + 2], 2, 0x33);
        swap_bits(&x[i + 1], &x[i + 3], 2, 0x33);
    }
    for (unsigned i = 0; i < 4; i++)
        swap_bits(&x[i], &x[i + 4], 4, 0x0f);
}

/* SubBytes: names are those of the paper; x0 is the highest bit. */
static void sub_bytes(plane p[8])
{
    plane x0 = p[7], x1 = p[6], x2 = p[5], x3 = p[4], x4 = p[3], x5 = p[2], x6 = p[1], x7 = p[0];
    plane y14 = x3 ^ x5, y13 = x0 ^ x6, y9 = x0 ^ x3, y8 = x0 ^ x5, t0 = x1 ^ x2, y1 = t0 ^ x7;
    plane y4 = y1 ^ x3, y12 = y13 ^ y14, y2 = y1 ^ x0, y5 = y1 ^ x6, y3 = y5 ^ y8, t1 = x4 ^ y12;
    plane y15 = t1 ^ x5, y20 = t1 ^ x1, y6 = y15 ^ x7, y10 = y15 ^ t0, y11 = y20 ^ y9;
    plane y7 = x7 ^ y11, y17 = y10 ^ y11, y19 = y10 ^ y8, y16 = t0 ^ y11, y21 = y13 ^ y16;
    plane y18 = x0 ^ y16;
    plane t2 = y12 & y15, t3 = y3 & y6, t4 = t3 ^ t2, t5 = y4 & x7, t6 = t5 ^ t2;
    plane t7 = y13 & y16, t8 = y5 & y1, t9 = t8 ^ t7, t10 = y2 & y7, t11 = t10 ^ t7;
    plane t12 = y9 & y11, t13 = y14 & y17, t14 = t13 ^ t12, t15 = y8 & y10, t16 = t15 ^ t12;
    plane t17 = t4 ^ t14, t18 = t6 ^ t16, t19 = t9 ^ t14, t20 = t11 ^ t16, t21 = t17 ^ y20;
    plane t22 = t18 ^ y19, t23 = t19 ^ y21, t24 = t20 ^ y18;
    plane t25 = t21 ^ t22, t26 = t21 & t23, t27 = t24 ^ t26, t28 = t25 & t27, t29 = t28 ^ t22;
    plane t30 = t23 ^ t24, t31 = t22 ^ t26, t32 = t31 & t30, t33 = t32 ^ t24, t34 = t23 ^ t33;
    plane t35 = t27 ^ t33, t36 = t24 & t35, t37 = t36 ^ t34, t38 = t27 ^ t36, t39 = t29 & t38;
    plane t40 = t25 ^ t39, t41 = t40 ^ t37, t42 = t29 ^ t33, t43 = t29 ^ t40, t44 = t33 ^ t37;
    plane t45 = t42 ^ t41;
    plane z0 = t44 & y15, z1 = t37 & y6, z2 = t33 & x7, z3 = t43 & y16, z4 = t40 & y1;
    plane z5 = t29 & y7, z6 = t42 & y11, z7 = t45 & y17, z8 = t41 & y10, z9 = t44 & y12;
    plane z10 = t37 & y3, z11 = t33 & y4, z12 = t43 & y13, z13 = t40 & y5, z14 = t29 & y2;
    plane z15 = t42 & y9, z16 = t45 & y14, z17 = t41 & y8;
    plane t46 = z15 ^ z16, t47 = z10 ^ z11, t48 = z5 ^ z13, t49 = z9 ^ z10, t50 = z2 ^ z12;
    plane t51 = z2 ^ z5, t52 = z7 ^ z8, t53 = z0 ^ z3, t54 = z6 ^ z7, t55 = z16 ^ z17;
    plane t56 = z12 ^ t48, t57 = t50 ^ t53, t58 = z4 ^ t46, t59 = z3 ^ t54, t60 = t46 ^ t57;
    plane t61 = z14 ^ t57, t62 = t52 ^ t58, t63 = t49 ^ t58, t64 = z4 ^ t59, t65 = t61 ^ t62;
    plane t66 = z1 ^ t63, t67 = t64 ^ t65, s3 = t53 ^ t66;

    p[7] = t59 ^ t63;
    p[1] = t56 ^ ~t62;
    p[0] = t48 ^ ~t60;
    p[4] = s3;
    p[3] = t51 ^ t66;
    p[2] = t47 ^ t65;
    p[6] = t64 ^ ~s3;
    p[5] = t55 ^ ~t67;
}

/* Row r of each column (byte r of each 32-bit lane) moves r columns to the left. */
static plane shift_rows(plane x)
{
    static const lanes row = {0xff, 0xff, 0xff, 0xff};
    lanes v = (lanes)x, one = __builtin_shufflevector(v, v, 1, 2, 3, 0);
    lanes two = __builtin_shufflevector(v, v, 2, 3, 0, 1);
    lanes three = __builtin_shufflevector(v, v, 3, 0, 1, 2);

    return (plane)((v & row) | (one & (row << 8)) | (two & (row << 16)) | (three & (row << 24)));
}

static plane turn(plane x, unsigned rows) /* row r becomes row r - rows */
{
    lanes v = (lanes)x;
    return (plane)(v >> (8 * rows) | v << (32 - 8 * rows));
}

static void mix_columns(plane p[8])
{
    plane a[8], top;

    for (unsigned i = 0; i < 8; i++)
        a[i] = p[i] ^ turn(p[i], 1); /* s_r + s_(r+1) */
    top = a[7];
    for (unsigned i = 8; i-- > 0;) {
        plane twice = i ? a[i - 1] : top;
        if (i == 1 || i == 3 || i == 4)
            twice ^= top;
        /* 2(s_r + s_(r+1)) + s_(r+1) + s_(r+2) + s_(r+3) */
        p[i] = twice ^ turn(p[i], 1) ^ turn(a[i], 2);
    }
}

/* A round key's planes: every block has the same. */
static void key_planes(plane out[8], const uint8_t key[16])
{
    plane one;

    memcpy(&one, key, 16);
    for (unsigned i = 0; i < 8; i++)
        out[i] = one;
    transpose(out);
}

static void rounds(plane x[8], plane key[11][8])
{
    for (unsigned i = 0; i < 8; i++)
        x[i] ^= key[0][i];
    for (unsigned r = 1; r <= 10; r++) {
        sub_bytes(x);
        for (unsigned i = 0; i < 8; i++)
            x[i] = shift_rows(x[i]);
        if (r < 10)
            mix_columns(x);
        for (unsigned i = 0; i < 8; i++)
            x[i] ^= key[r][i];
    }
}

static void sliced_key(plane key[11][8], const struct aes_key *k)
{
    for (unsigned r = 0; r < 11; r++)
        key_planes(key[r], k->round[r]);
}

static void eight(plane key[11][8], struct gf128 *out, const struct gf128 *in, size_t n)
{
    plane x[8] = {{0}};

    memcpy(x, in, n * 16);
    transpose(x);
    rounds(x, key);
    transpose(x);
    memcpy(out, x, n * 16);
}

static void encrypt_portable(const struct aes_key *k, struct gf128 *out, const struct gf128 *in,
                             size_t n)
{
    plane key[11][8];

    sliced_key(key, k);
    for (size_t i = 0; i < n; i += 8)
        eight(key, out + i, in + i, n - i < 8 ? n - i : 8);
}

static void mmo_portable(const struct aes_key *k, struct gf128 *out, const struct gf128 *in,
                         size_t n)
{
    plane key[11][8];

    sliced_key(key, k);
    for (size_t i = 0; i < n; i += 8) {
        size_t m = n - i < 8 ? n - i : 8;
        struct gf128 x[8];
        eight(key, x, in + i, m);
        for (size_t j = 0; j < m; j++)
            out[i + j] = gf128_xor(x[j], in[i + j]);
    }
}

static void ctr_portable(const struct aes_key *k, struct gf128 *out, uint64_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (struct gf128){first + i, 0};
    encrypt_portable(k, out, out, n);
}

static void digest_portable(const struct aes_key *a, const struct aes_key *b, struct gf128 *out,
                            const struct gf128 *d, size_t n)
{
    for (size_t i = 0; i < n; i += 64) {
        size_t m = n - i < 64 ? n - i : 64;
        struct gf128 s[64];
        for (size_t j = 0; j < m; j++)
            s[j] = d[2 * (i + j)];
        mmo_portable(a, s, s, m);
        for (size_t j = 0; j < m; j++)
            s[j] = gf128_xor(s[j], d[2 * (i + j) + 1]);
        mmo_portable(b, out + i, s, m);
    }
}

/* FIPS 197, section 5.2; a round's four bytes go through the sliced S-box together. */
void aes_key_init(struct aes_key *k, const uint8_t key[16])
{
    uint8_t constant = 1;

    memcpy(k->round[0], key, 16);
    for (unsigned r = 1; r <= 10; r++) {
        const uint8_t *old = k->round[r - 1];
        uint8_t *new = k->round[r], word[16] = {old[13], old[14], old[15], old[12]};
        plane x[8];
        key_planes(x, word);
        sub_bytes(x);
        transpose(x);
        memcpy(word, &x[0], 16);
        word[0] ^= constant;
        constant = (uint8_t)(constant << 1 ^ (0x1b & (0 - (constant >> 7))));
        for (unsigned i = 0; i < 16; i++)
            new[i] = old[i] ^ (i < 4 ? word[i] : new[i - 4]);
    }
}

const struct aes_ops aes_variants[] = {
#if defined(__x86_64__)
    {"avx512", PSI_NEEDS_AVX512, aes_encrypt_avx512, aes_mmo_avx512, aes_ctr_avx512,
     aes_digest_avx512},
    {"avx2", PSI_NEEDS_AVX2, aes_encrypt_avx2, aes_mmo_avx2, aes_ctr_avx2, aes_digest_avx2},
#endif
    {"portable", 0, encrypt_portable, mmo_portable, ctr_portable, digest_portable},
};

const struct aes_ops *aes_best(uint32_t cpu)
{
    const struct aes_ops *v = aes_variants;

    while (v->needs & ~cpu)
        v++;
    return v;
}
