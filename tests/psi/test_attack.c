/* The attacks the design answers, run against our own code: each must fail on it, and must succeed
 * on the weakened form that it answers, or the test proves nothing. */
#include "psi/code.h"
#include "psi/session_impl.h"
#include "support/support.h"

#include <stdlib.h>

#define LOG_K 10
#define K ((size_t)1 << LOG_K)
#define N (2 * K)

/* ---- planes: bits of one number in all elements ------------------------------------------- */

static void encode(const struct code *c, struct gf128 *x)
{
    code_best(0)->encode(c, x); /* the variant that knows `binary` */
}

static uint64_t bit_of(struct gf128 x, unsigned i)
{
    return (i < 64 ? x.lo >> i : x.hi >> (i - 64)) & 1;
}

/* An element by its planes: 128 of them, or in the subfield the 64 that go over the wire. */
static struct gf128 planes_of(const struct code *c, struct gf128 x)
{
    return c->narrow ? (struct gf128){gf64_narrow(x), 0} : x;
}

static struct gf128 of_planes(const struct code *c, struct gf128 bits)
{
    if (c->narrow)
        gf64_best(0)->widen(&bits, &bits.lo, 1);
    return bits;
}

static unsigned planes(const struct code *c)
{
    return c->narrow ? 64 : 128;
}

/* Is each bit plane of the output the code's image of the same plane of the input? */
static bool plane_linear(const struct code *c, const struct gf128 *in)
{
    struct gf128 *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    size_t equal = 0;

    assert_true(x && y);
    memcpy(x, in, N * sizeof *x);
    encode(c, x);
    for (unsigned i = 0; i < 10; i++) {
        unsigned plane = i * planes(c) / 10 + 1;
        for (size_t j = 0; j < N; j++)
            y[j] = of_planes(c, (struct gf128){bit_of(planes_of(c, in[j]), plane), 0});
        encode(c, y);
        for (size_t j = 0; j < K; j++) {
            struct gf128 got = planes_of(c, y[j]);
            equal += got.hi == 0 && got.lo == bit_of(planes_of(c, x[j]), plane);
        }
    }
    free(x);
    free(y);
    return equal == 10 * K;
}

static struct code make_code(struct rng *r, struct arena *a, bool binary, bool narrow)
{
    struct err e = {0};
    struct code c;
    uint8_t key[16];

    rng_bytes(r, key, sizeof key);
    must(code_init(&c, LOG_K, 1, aes_best(0), key, a, &e), &e);
    c.binary = binary;
    c.narrow = narrow;
    return c;
}

static void the_code_is_not_linear_by_planes(void **state)
{
    struct rng r = rng_from_env("planes");
    struct arena *a = test_arena();
    struct gf128 *in = malloc(N * sizeof *in);

    (void)state;
    for (int narrow = 0; narrow < 2; narrow++) {
        struct code ours = make_code(&r, a, false, narrow), weak = make_code(&r, a, true, narrow);
        rng_bytes(&r, in, N * sizeof *in);
        for (size_t i = 0; i < N; i++)
            in[i] = of_planes(&ours, in[i]);
        assert_false(plane_linear(&ours, in));
        assert_true(plane_linear(&weak, in)); /* with the constant one it would be */
    }
    free(in);
    arena_free(a);
}

/* ---- the rank attack (reference: decision 0061) ------------------------------------------- */

struct noise {
    size_t t, at[256];
    struct gf128 value[256];
};

static struct noise make_noise(struct rng *r, size_t t)
{
    struct noise n = {.t = t};

    for (size_t i = 0; i < t; i++) {
        n.at[i] = i * (N / t) + rng_below(r, N / t);
        rng_bytes(r, &n.value[i], sizeof n.value[i]);
    }
    return n;
}

struct matrix { /* K rows of N bits, then what multiplying by the inverse does to the outputs */
    uint64_t bits[K][N / 64];
    struct gf128 out[K];
    size_t pivot[K];
};

/* The code's generator over F_2, if it had the entries that the planes see: column i is the image
 * of a one at position i. */
static void generator(const struct code *c, struct matrix *m)
{
    struct gf128 *x = malloc(N * sizeof *x);

    assert_non_null(x);
    memset(m, 0, sizeof *m);
    for (size_t base = 0; base < N; base += planes(c)) { /* a unit vector in each plane */
        memset(x, 0, N * sizeof *x);
        for (size_t j = 0; j < planes(c); j++)
            x[base + j] = of_planes(c, j < 64 ? (struct gf128){(uint64_t)1 << j, 0}
                                              : (struct gf128){0, (uint64_t)1 << (j - 64)});
        encode(c, x);
        for (size_t i = 0; i < K; i++) {
            struct gf128 got = planes_of(c, x[i]);
            m->bits[i][base / 64] = got.lo;
            if (!c->narrow)
                m->bits[i][base / 64 + 1] = got.hi;
        }
    }
    free(x);
}

static void swap_rows(struct matrix *m, size_t i, size_t j)
{
    for (size_t w = 0; i != j && w < N / 64; w++) {
        uint64_t t = m->bits[i][w];
        m->bits[i][w] = m->bits[j][w];
        m->bits[j][w] = t;
    }
    if (i != j) {
        struct gf128 t = m->out[i];
        m->out[i] = m->out[j];
        m->out[j] = t;
    }
}

/* Row-reduce on columns in random order: as if K columns J had been chosen and inverted. */
static size_t reduce(struct rng *r, struct matrix *m)
{
    size_t *order = malloc(N * sizeof *order), rank = 0;

    assert_non_null(order);
    for (size_t i = 0; i < N; i++)
        order[i] = i;
    for (size_t i = N; i-- > 1;) {
        size_t j = rng_below(r, i + 1), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    for (size_t c = 0; c < N && rank < K; c++) {
        size_t w = order[c] / 64, row = rank;
        uint64_t bit = (uint64_t)1 << order[c] % 64;
        while (row < K && !(m->bits[row][w] & bit))
            row++;
        if (row == K)
            continue;
        swap_rows(m, rank, row);
        for (size_t i = 0; i < K; i++) {
            if (i == rank || !(m->bits[i][w] & bit))
                continue;
            for (size_t k = 0; k < N / 64; k++)
                m->bits[i][k] ^= m->bits[rank][k];
            m->out[i] = gf128_xor(m->out[i], m->out[rank]);
        }
        m->pivot[rank++] = order[c];
    }
    free(order);
    return rank;
}

static struct gf128 reduce_by(const struct gf128 *basis, struct gf128 x)
{
    for (unsigned i = 128; i-- > 0;)
        if (bit_of(x, i))
            x = gf128_xor(x, basis[i]); /* zero where there is none */
    return x;
}

static bool insert_basis(struct gf128 *basis, struct gf128 x)
{
    for (unsigned i = 128; i-- > 0;) {
        if (!bit_of(x, i))
            continue;
        if (!bit_of(basis[i], i)) {
            basis[i] = x;
            return true;
        }
        x = gf128_xor(x, basis[i]);
    }
    return false;
}

static bool is_noise(const struct noise *n, size_t at)
{
    for (size_t i = 0; i < n->t; i++)
        if (n->at[i] == at)
            return true;
    return false;
}

/* From the outputs alone: how many positions the attack names, and how many of them are noise. */
static void rank_attack(struct rng *r, const struct code *c, const struct noise *n, size_t *named,
                        size_t *right)
{
    struct matrix *m = calloc(1, sizeof *m);
    struct gf128 *x = calloc(N, sizeof *x), basis[128] = {{0, 0}};
    size_t rank, miss = 0;

    assert_true(m && x);
    generator(c, m);
    for (size_t i = 0; i < n->t; i++)
        x[n->at[i]] = of_planes(c, n->value[i]);
    encode(c, x);
    for (size_t i = 0; i < K; i++)
        m->out[i] = planes_of(c, x[i]);
    rank = reduce(r, m);
    /* Rows at pivots without noise lie in the span of the noise outside J. Collect that span from
     * rows until several in a row bring nothing new. */
    for (size_t i = 0; i < rank && miss < 24; i++)
        miss = insert_basis(basis, m->out[i]) ? 0 : miss + 1;
    *named = *right = 0;
    for (size_t i = 0; i < rank && miss >= 24; i++) {
        struct gf128 rest = reduce_by(basis, m->out[i]);
        if (rest.lo | rest.hi) {
            ++*named;
            *right += is_noise(n, m->pivot[i]);
        }
    }
    free(m);
    free(x);
}

/* t = 64 instead of 256 makes the attack stronger, so that there is no doubt which of the two
 * answers it: the number of noise positions or the multiplication. */
static void the_rank_attack_finds_nothing(void **state)
{
    struct rng r = rng_from_env("rank");
    struct arena *a = test_arena();
    size_t named, right, most = 0, good = 0;

    (void)state;
    for (int i = 0; i < 6; i++) { /* the second three in the subfield, whose planes are 64 */
        struct code ours = make_code(&r, a, false, i >= 3), weak = make_code(&r, a, true, i >= 3);
        struct noise n = make_noise(&r, i < 3 ? 64 : 32);
        rank_attack(&r, &ours, &n, &named, &right);
        /* chance alone names a K-th of what it names right */
        assert_true(right * 4 <= named + 8);
        rank_attack(&r, &weak, &n, &named, &right);
        most += named;
        good += right;
    }
    print_message("with the constant one: %zu of %zu named positions are noise\n", good, most);
    assert_true(most > 0 && good * 10 >= most * 9);
    arena_free(a);
}

/* ---- distance: combinations of few outputs touch many inputs ------------------------------- */

/* The weight of a combination of outputs as a functional of the inputs, by sampling: feed one
 * random input at a time and see whether the combination notices. */
static double weight_of(struct rng *r, const struct code *c, const size_t *at, size_t w,
                        unsigned samples)
{
    struct gf128 *x = calloc(N, sizeof *x);
    unsigned seen = 0;

    assert_non_null(x);
    for (unsigned i = 0; i < samples; i++) {
        struct gf128 sum = {0, 0};
        memset(x, 0, N * sizeof *x);
        x[K + rng_below(r, K)] = (struct gf128){rng_u64(r) | 1, rng_u64(r)};
        encode(c, x);
        for (size_t j = 0; j < w; j++)
            sum = gf128_xor(sum, x[at[j]]);
        seen += (sum.lo | sum.hi) != 0;
    }
    free(x);
    return (double)seen / samples;
}

static void few_outputs_depend_on_nearly_all_of_d(void **state)
{
    struct rng r = rng_from_env("distance");
    struct arena *a = test_arena();
    double least = 1;

    (void)state;
    for (int i = 0; i < 12; i++) {
        struct code c = make_code(&r, a, false, i >= 6);
        size_t w = 1 + (size_t)i % 4, at[4];
        double got;
        for (size_t j = 0; j < w; j++)
            at[j] = rng_below(&r, K);
        got = weight_of(&r, &c, at, w, 40);
        least = got < least ? got : least;
    }
    print_message("least relative weight on d: %.2f\n", least);
    assert_true(least > 0.9); /* a forward pass alone leaves 0.75 and less */
    arena_free(a);
}

/* ---- A is uniform to the eye --------------------------------------------------------------- */

static void the_image_of_noise_is_not_biased(void **state)
{
    struct rng r = rng_from_env("bias");
    struct arena *a = test_arena();
    struct code c = make_code(&r, a, false, false);
    struct gf128 *x = calloc(N, sizeof *x);
    uint64_t ones[128] = {0};

    (void)state;
    for (int round = 0; round < 16; round++) {
        struct noise n = make_noise(&r, 256);
        memset(x, 0, N * sizeof *x);
        for (size_t i = 0; i < n.t; i++)
            x[n.at[i]] = n.value[i];
        encode(&c, x);
        for (size_t i = 0; i < K; i++)
            for (unsigned b = 0; b < 128; b++)
                ones[b] += bit_of(x[i], b);
    }
    for (unsigned b = 0; b < 128; b++) /* mean 8192, deviation 64 */
        assert_in_range(ones[b], 8192 - 6 * 64, 8192 + 6 * 64);
    free(x);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_code_is_not_linear_by_planes),
        cmocka_unit_test(the_rank_attack_finds_nothing),
        cmocka_unit_test(few_outputs_depend_on_nearly_all_of_d),
        cmocka_unit_test(the_image_of_noise_is_not_biased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
