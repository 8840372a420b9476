/* Every variant of every kernel against the portable one, bit for bit; and the portable ones
 * against standards and definitions. */
#include "crypto/crypto.h"
#include "psi/kernels_impl.h"
#include "support/support.h"

#define N 100

static uint32_t machine(void)
{
    return cpu_features();
}

static struct gf128 *random_elements(struct rng *r, struct arena *a, size_t n)
{
    struct err e = {0};
    struct gf128 *p = arena_get_array(a, n, sizeof *p, &e);

    assert_non_null(p);
    rng_bytes(r, p, n * sizeof *p);
    return p;
}

/* x^i * x^j by shifting, bit by bit. */
static struct gf128 slow_mul(struct gf128 a, struct gf128 b)
{
    struct gf128 out = {0, 0};

    for (int i = 127; i >= 0; i--) {
        out = gf128_double(out);
        if ((i < 64 ? b.lo >> i : b.hi >> (i - 64)) & 1)
            out = gf128_xor(out, a);
    }
    return out;
}

static void the_field_is_the_field(void **state)
{
    struct rng r = rng_from_env("field");
    struct gf128 one = {1, 0}, ones = {UINT64_MAX, UINT64_MAX}, x = {2, 0};

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct gf128 a, b, p, q;
        rng_bytes(&r, &a, 16);
        rng_bytes(&r, &b, 16);
        if (i < 4) {
            a = i & 1 ? ones : one;
            b = i & 2 ? ones : a;
        }
        p = gf128_mul(a, b);
        q = slow_mul(a, b);
        assert_memory_equal(&p, &q, 16);
        p = gf128_mul(a, x);
        q = gf128_double(a);
        assert_memory_equal(&p, &q, 16);
    }
    /* x^128 = x^7 + x^2 + x + 1 */
    x = one;
    for (int i = 0; i < 128; i++)
        x = gf128_double(x);
    assert_int_equal(x.lo, 0x87);
    assert_int_equal(x.hi, 0);
}

/* The order of x is 2^128 - 1: x^(order / p) is not 1 for any prime p that divides it. */
static void x_generates_the_group(void **state)
{
    static const uint64_t primes[] = {3, 5, 17, 257, 641, 65537, 274177, 6700417, 67280421310721};
    struct gf128 one = {1, 0};

    (void)state;
    for (size_t i = 0; i < sizeof primes / sizeof *primes; i++) {
        __extension__ unsigned __int128 order = ~(unsigned __int128)0, left = order / primes[i];
        struct gf128 power = one, base = {2, 0};
        assert_true(left * primes[i] == order);
        for (; left; left >>= 1) {
            if (left & 1)
                power = gf128_mul(power, base);
            base = gf128_mul(base, base);
        }
        assert_memory_not_equal(&power, &one, 16);
        if (i == 0) /* base is now x^(2^127...) ; and x^(2^128) must be x again */
            for (power = (struct gf128){2, 0}, left = 0; left < 128; left++)
                power = gf128_mul(power, power);
        if (i == 0)
            assert_int_equal(power.lo, 2);
    }
}

/* The subfield: closed, its words one to one and linear, theta a generator of its group. */
static void the_subfield_is_one(void **state)
{
    static const uint64_t primes[] = {3, 5, 17, 257, 641, 65537, 6700417};
    struct rng r = rng_from_env("subfield");
    const struct gf64_ops *ops = gf64_best(0);
    struct gf128 up = gf64_theta, one = {1, 0};

    (void)state;
    for (int i = 0; i < 64; i++)
        up = gf128_double(up);
    assert_memory_equal(&up, &gf64_theta_up, 16);
    for (int i = 0; i < 500; i++) {
        uint64_t v[2] = {rng_u64(&r), rng_u64(&r)}, w;
        struct gf128 x[3], p;
        if (i == 0)
            v[0] = 1;
        ops->widen(x, v, 2);
        if (i == 0)
            assert_memory_equal(x, &one, 16);
        assert_int_equal(gf64_narrow(x[0]), v[0]);
        p = x[0];
        for (int j = 0; j < 64; j++)
            p = gf128_mul(p, p);
        assert_memory_equal(&p, &x[0], 16); /* x^(2^64) = x: so says the subfield */
        p = gf128_mul(x[0], x[1]);
        w = gf64_narrow(p);
        ops->widen(&x[2], &w, 1);
        assert_memory_equal(&p, &x[2], 16);
    }
    for (size_t i = 0; i < sizeof primes / sizeof *primes; i++) {
        uint64_t left = UINT64_MAX / primes[i];
        struct gf128 power = one, base = gf64_theta;
        assert_int_equal(left * primes[i], UINT64_MAX);
        for (; left; left >>= 1, base = gf128_mul(base, base))
            if (left & 1)
                power = gf128_mul(power, base);
        assert_memory_not_equal(&power, &one, 16);
    }
}

static void subfields_agree(void **state)
{
    struct rng r = rng_from_env("gf64");
    uint64_t in[N + 4];
    struct gf128 want[N], got[N + 1];

    (void)state;
    rng_bytes(&r, in, sizeof in);
    for (const struct gf64_ops *v = gf64_variants; v->needs; v++) {
        if (v->needs & ~machine())
            continue;
        for (size_t n = 0; n <= N; n++)
            for (size_t off = 0; off < 4; off++) {
                struct gf128 guard = {7, 7};
                got[n] = guard;
                gf64_best(0)->widen(want, in + off, n);
                v->widen(got, in + off, n);
                assert_memory_equal(want, got, n * 16);
                assert_memory_equal(&got[n], &guard, 16);
            }
    }
}

static void fields_agree(void **state)
{
    struct rng r = rng_from_env("gf128");
    struct arena *a = test_arena();
    struct gf128 *x = random_elements(&r, a, N + 8), *y = random_elements(&r, a, N + 8);
    struct gf128 *want = random_elements(&r, a, N + 8), *got = random_elements(&r, a, N + 8);
    const struct gf128_ops *p = gf128_best(0);

    (void)state;
    for (const struct gf128_ops *v = gf128_variants; v->needs; v++) {
        if (v->needs & ~machine())
            continue;
        for (size_t n = 0; n <= N; n++)
            for (size_t off = 0; off < 4; off++) {
                struct gf128 s, t;
                p->mul(want, x + off, y, n);
                v->mul(got, x + off, y, n);
                assert_memory_equal(want, got, n * 16);
                memcpy(want, y, (n + 8) * 16);
                memcpy(got, y, (n + 8) * 16);
                p->scale_acc(want + off, x, y + 3, n);
                v->scale_acc(got + off, x, y + 3, n);
                assert_memory_equal(want, got, (n + 8) * 16);
                p->poly_acc(want, x, y, (unsigned)(n % 6), n);
                v->poly_acc(got, x, y, (unsigned)(n % 6), n);
                assert_memory_equal(want, got, (n + 8) * 16);
                s = p->power_sum(y + 5, x + off, n);
                t = v->power_sum(y + 5, x + off, n);
                assert_memory_equal(&s, &t, 16);
            }
    }
    arena_free(a);
}

/* FIPS 197, appendix B and C.1, on every variant. */
static void aes_is_fips_197(void **state)
{
    static const struct {
        const char *key, *in, *out;
    } rows[] = {
        {"2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734",
         "3925841d02dc09fbdc118597196a0b32"},
        {"000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
         "69c4e0d86a7b0430d8cdb78070b4c55a"},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (const struct aes_ops *v = aes_variants;; v++) {
            uint8_t key[16], in[16], want[16];
            struct gf128 x[9], y[9];
            struct aes_key k;
            hex_decode(key, 16, bytes_text(rows[i].key));
            hex_decode(in, 16, bytes_text(rows[i].in));
            hex_decode(want, 16, bytes_text(rows[i].out));
            aes_key_init(&k, key);
            for (int j = 0; j < 9; j++)
                memcpy(&x[j], in, 16);
            if (!(v->needs & ~machine())) {
                v->encrypt(&k, y, x, 9);
                for (int j = 0; j < 9; j++)
                    assert_memory_equal(&y[j], want, 16);
            }
            if (!v->needs)
                break;
        }
}

static void aes_agrees(void **state)
{
    struct rng r = rng_from_env("aes");
    struct arena *a = test_arena();
    struct gf128 *x = random_elements(&r, a, 2 * N + 8), *want = random_elements(&r, a, N + 8);
    struct gf128 *got = random_elements(&r, a, N + 8);
    const struct aes_ops *p = aes_best(0);
    struct aes_key k, l;

    (void)state;
    aes_key_init(&k, (const uint8_t *)x);
    aes_key_init(&l, (const uint8_t *)(x + 1));
    for (const struct aes_ops *v = aes_variants; v->needs; v++) {
        if (v->needs & ~machine())
            continue;
        for (size_t n = 0; n <= N; n++) {
            size_t off = n % 4;
            memcpy(got, want, (N + 8) * 16);
            p->encrypt(&k, want, x + off, n);
            v->encrypt(&k, got, x + off, n);
            assert_memory_equal(want, got, (N + 8) * 16);
            p->mmo(&k, want + off, x, n);
            v->mmo(&k, got + off, x, n);
            assert_memory_equal(want, got, (N + 8) * 16);
            p->ctr(&k, want + off, UINT64_MAX - 3, n);
            v->ctr(&k, got + off, UINT64_MAX - 3, n);
            assert_memory_equal(want, got, (N + 8) * 16);
            p->digest(&k, &l, want + off, x + off, n);
            v->digest(&k, &l, got + off, x + off, n);
            assert_memory_equal(want, got, (N + 8) * 16);
        }
    }
    arena_free(a);
}

/* RFC 7693 has one vector for BLAKE2s; the personalisation is checked by hand against it. */
static void blake2s_is_rfc_7693(void **state)
{
    static const uint8_t abc[64] = "abc";
    uint8_t want[32], got[32], in[300];
    uint32_t h[8];

    (void)state;
    hex_decode(want, 32, BYTES("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"));
    blake2s_start(h, "\0\0\0\0\0\0\0");
    blake2s_compress(h, abc, 3, true);
    memcpy(got, h, 32);
    assert_memory_equal(got, want, 32);
    blake2s("\0\0\0\0\0\0\0", BYTES("abc"), got);
    assert_memory_equal(got, want, 32);
    /* Python's hashlib: blake2s(bytes(i % 251 for i in range(300)), person=b"entente1") */
    for (int i = 0; i < 300; i++)
        in[i] = (uint8_t)(i % 251);
    hex_decode(want, 32, BYTES("68f764be76f55f953590ba7c485558d0fbd829f6893d1269d2336310e19b62df"));
    blake2s("entente1", bytes_of(in, 300), got);
    assert_memory_equal(got, want, 32);
}

static void blake2s_agrees(void **state)
{
    struct rng r = rng_from_env("blake2s");

    (void)state;
    for (const struct blake2s_ops *v = blake2s_variants; v->needs; v++)
        for (int i = 0; i < 100 && !(v->needs & ~machine()); i++) {
            uint32_t want[8][16], got[8][16], t[16];
            uint8_t block[16][64];
            const uint8_t *at[16];
            for (int j = 0; j < 16; j++)
                at[j] = block[j];
            rng_bytes(&r, want, sizeof want);
            memcpy(got, want, sizeof got);
            rng_bytes(&r, block, sizeof block);
            rng_bytes(&r, t, sizeof t);
            blake2s_best(0)->compress16(want, at, t, i & 1);
            v->compress16(got, at, t, i & 1);
            assert_memory_equal(want, got, sizeof got);
        }
}

/* Any change of any part of a frame changes its tree hash, and so does its length. */
static void the_tree_hash_covers_all(void **state)
{
    struct rng r = rng_from_env("tree");
    uint8_t in[40000];
    struct hash base, other;

    (void)state;
    rng_bytes(&r, in, sizeof in);
    blake2s_tree(blake2s_best(0), bytes_of(in, sizeof in), &base);
    blake2s_tree(blake2s_best(machine()), bytes_of(in, sizeof in), &other);
    assert_memory_equal(&base, &other, 32);
    for (int i = 0; i < 50; i++) {
        size_t at = rng_below(&r, sizeof in);
        in[at] ^= 1;
        blake2s_tree(blake2s_best(machine()), bytes_of(in, sizeof in), &other);
        in[at] ^= 1;
        assert_memory_not_equal(&base, &other, 32);
        blake2s_tree(blake2s_best(machine()), bytes_of(in, at), &other);
        assert_memory_not_equal(&base, &other, 32);
    }
}

static struct ggm_keys some_keys(struct rng *r)
{
    struct ggm_keys k;
    uint8_t key[32];

    rng_bytes(r, key, sizeof key);
    aes_key_init(&k.node, key);
    aes_key_init(&k.leaf, key + 16);
    return k;
}

/* The sums a receiver gets: of the side its path does not take. */
static void sides_of(struct gf128 *side, const struct gf128 *left, struct gf128 delta,
                     unsigned depth, uint32_t hole)
{
    for (unsigned i = 0; i < depth; i++)
        side[i] = hole >> i & 1 ? left[i] : gf128_xor(left[i], delta);
}

static void a_punctured_tree_is_the_tree_but_for_the_hole(void **state)
{
    struct rng r = rng_from_env("ggm");
    struct ggm_keys k = some_keys(&r);
    struct gf128 full[512], part[513], left[9], side[9], sum, sum2, root, delta;

    (void)state;
    for (unsigned depth = 1; depth <= 9; depth++)
        for (uint32_t try = 0; try < 20; try++) {
            uint32_t leaves = 1u << depth, hole = (uint32_t)rng_below(&r, leaves);
            rng_bytes(&r, &root, 16);
            rng_bytes(&r, &delta, 16);
            ggm_best(0)->full(&k, root, delta, depth, full, left, &sum);
            sides_of(side, left, delta, depth, hole);
            ggm_best(0)->punctured(&k, depth, hole, side, part, &sum2);
            sum2 = gf128_xor(sum2, full[hole]);
            assert_memory_equal(&sum, &sum2, 16);
            full[hole] = (struct gf128){0, 0};
            assert_memory_equal(full, part, leaves * 16);
        }
}

static void trees_agree(void **state)
{
    struct rng r = rng_from_env("ggm");
    struct ggm_keys k = some_keys(&r);
    struct gf128 want[514], got[514], left[9], left2[9], sum, sum2, root, delta;

    (void)state;
    for (const struct ggm_ops *v = ggm_variants; v->needs; v++)
        for (unsigned depth = 1; depth <= 9 && !(v->needs & ~machine()); depth++)
            for (uint32_t try = 0; try < 40; try++) {
                uint32_t hole =
                    try < 2 ? try * ((1u << depth) - 1) : (uint32_t)rng_below(&r, 1u << depth);
                rng_bytes(&r, &root, 16);
                rng_bytes(&r, &delta, 16);
                rng_bytes(&r, want, sizeof want);
                memcpy(got, want, sizeof got);
                ggm_best(0)->full(&k, root, delta, depth, want + 1, left, &sum);
                v->full(&k, root, delta, depth, got + 1, left2, &sum2);
                assert_memory_equal(want, got, sizeof got);
                assert_memory_equal(left, left2, depth * 16);
                assert_memory_equal(&sum, &sum2, 16);
                sides_of(left, left2, delta, depth, hole);
                ggm_best(0)->punctured(&k, depth, hole, left, want + 1, &sum);
                v->punctured(&k, depth, hole, left, got + 1, &sum2);
                assert_memory_equal(want, got, sizeof got);
                assert_memory_equal(&sum, &sum2, 16);
            }
}

static void codes_agree(void **state)
{
    struct rng r = rng_from_env("code");
    struct arena *a = test_arena();
    struct err e = {0};

    (void)state;
    for (unsigned round = 0; round < 6; round++) /* the last two in the subfield */
        for (unsigned groups = 1; groups <= 3; groups += 2) {
            unsigned log_k = 10 + round % 4;
            bool narrow = round >= 4;
            size_t k = (size_t)1 << log_k;
            struct gf128 *in = random_elements(&r, a, 4 * k), *x = random_elements(&r, a, 2 * k);
            struct gf128 *y = random_elements(&r, a, 2 * k), *d = random_elements(&r, a, 2 * k);
            uint8_t key[16];
            struct code c;
            rng_bytes(&r, key, 16);
            must(code_init(&c, log_k, groups, aes_best(0), key, a, &e), &e);
            c.narrow = narrow;
            memcpy(x, in, 2 * k * 16);
            code_best(0)->encode(&c, x);
            for (const struct code_ops *v = code_variants; v->needs; v++) {
                if (v->needs & ~machine())
                    continue;
                memcpy(y, in, 2 * k * 16);
                v->encode(&c, y);
                assert_memory_equal(x, y, k * 16);
            }
            /* a pair is two words */
            for (const struct code_ops *v = code_variants;; v++) {
                if (!(v->needs & ~machine())) {
                    memcpy(y, in, k * 16);
                    memcpy(y + k, in + 2 * k, k * 16);
                    for (size_t i = 0; i < k; i++) {
                        d[2 * i] = in[k + i];
                        d[2 * i + 1] = in[3 * k + i];
                    }
                    v->encode_pair(&c, y, y + k, d);
                    assert_memory_equal(y, x, k * 16);
                    memcpy(d, in + 2 * k, 2 * k * 16);
                    code_best(0)->encode(&c, d);
                    assert_memory_equal(y + k, d, k * 16);
                }
                if (!v->needs)
                    break;
            }
        }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_field_is_the_field),
        cmocka_unit_test(x_generates_the_group),
        cmocka_unit_test(the_subfield_is_one),
        cmocka_unit_test(subfields_agree),
        cmocka_unit_test(fields_agree),
        cmocka_unit_test(aes_is_fips_197),
        cmocka_unit_test(aes_agrees),
        cmocka_unit_test(blake2s_is_rfc_7693),
        cmocka_unit_test(blake2s_agrees),
        cmocka_unit_test(the_tree_hash_covers_all),
        cmocka_unit_test(a_punctured_tree_is_the_tree_but_for_the_hole),
        cmocka_unit_test(trees_agree),
        cmocka_unit_test(codes_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
