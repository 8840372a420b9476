/* Each layer by itself: what the two sides hold must be what its header says. */
#include "base/limits.h"
#include "psi/cot.h"
#include "psi/okvs.h"
#include "psi/plan.h"
#include "psi/vole.h"
#include "support/support.h"

struct both { /* base OTs and what grows on them */
    uint8_t sid[32], delta[16];
    uint8_t pairs[OT_COUNT][2][32], chosen[OT_COUNT][32];
};

static void run_ot(struct rng *r, struct both *b)
{
    static struct ot_chooser c;
    struct ot_offerer o;
    uint8_t offer[OT_OFFER_BYTES];
    struct err e = {0};

    crypto_init();
    rng_bytes(r, b->sid, 32);
    rng_bytes(r, b->delta, 16);
    ot_choose(&c, os_system(), b->sid, b->delta, offer);
    ot_begin(&o, os_system(), b->sid);
    must(ot_offer(&o, offer, b->pairs, &e), &e);
    must(ot_chosen(&c, o.point, b->chosen, &e), &e);
}

static void a_chooser_has_one_key_of_each_pair(void **state)
{
    struct rng r = rng_from_env("ot");
    static struct both b;

    (void)state;
    run_ot(&r, &b);
    for (unsigned i = 0; i < OT_COUNT; i++) {
        unsigned bit = b.delta[i / 8] >> (i % 8) & 1;
        assert_memory_equal(b.chosen[i], b.pairs[i][bit], 32);
        assert_memory_not_equal(b.chosen[i], b.pairs[i][1 - bit], 32);
    }
}

static void points_that_are_none_are_refused(void **state)
{
    static struct ot_chooser c;
    static uint8_t pairs[OT_COUNT][2][32], chosen[OT_COUNT][32];
    uint8_t offer[OT_OFFER_BYTES], bad[32], sid[32] = {1}, bits[16] = {5};
    struct ot_offerer o;
    struct err e = {0};

    (void)state;
    crypto_init();
    ot_choose(&c, os_system(), sid, bits, offer);
    ot_begin(&o, os_system(), sid);
    for (int kind = 0; kind < 4; kind++) {
        uint8_t old[32];
        size_t at = (size_t)kind * 1000 / 32 * 32;
        memset(bad, 0, 32); /* the identity */
        if (kind == 1)
            memset(bad, 0xff, 32); /* not canonical */
        if (kind == 2)
            bad[0] = 1;  /* negative */
        if (kind == 3) { /* p + 2: not reduced */
            memset(bad, 0xff, 32);
            bad[0] = 0xef;
            bad[31] = 0x7f;
        }
        memcpy(old, offer + at, 32);
        memcpy(offer + at, bad, 32);
        must_fail(ot_offer(&o, offer, pairs, &e), &e, ERR_PEER, "point");
        must_fail(ot_chosen(&c, bad, chosen, &e), &e, ERR_PEER, "point");
        memcpy(offer + at, old, 32);
    }
}

struct transfers {
    struct cot r, s;
    struct gf128 *u, *t, *q;
    struct hash h;
    uint8_t trees[COT_TREE_BYTES], check[COT_CHECK_BYTES], *corrections;
    size_t blocks;
};

static struct transfers *run_cot(struct rng *r, struct arena *a, const struct both *b,
                                 size_t blocks, uint32_t cpu)
{
    struct err e = {0};
    struct transfers *x = arena_get(a, sizeof *x, &e);
    static uint8_t pairs[OT_COUNT][2][32], chosen[OT_COUNT][32];

    memcpy(pairs, b->pairs, sizeof pairs);
    memcpy(chosen, b->chosen, sizeof chosen);
    x->blocks = blocks;
    x->u = arena_get_array(a, blocks, 16, &e);
    x->t = arena_get_array(a, blocks * 128, 16, &e);
    x->q = arena_get_array(a, blocks * 128, 16, &e);
    x->corrections = arena_get_array(a, blocks, COT_BLOCK_BYTES, &e);
    x->r.k = x->s.k = psi_kernels_best(cpu);
    cot_keys_init(&x->r.keys, b->sid);
    x->s.keys = x->r.keys;
    cot_receiver_trees(&x->r, pairs, x->trees);
    must(cot_sender_trees(&x->s, b->delta, chosen, x->trees, &e), &e);
    cot_receiver_blocks(&x->r, 0, blocks, x->corrections, x->u, x->t);
    cot_sender_blocks(&x->s, 0, blocks, x->corrections, x->q);
    rng_bytes(r, &x->h, sizeof x->h);
    cot_receiver_check(&x->r, &x->h, blocks, x->u, x->t, x->check);
    cot_sender_sums(&x->s, &x->h, blocks, x->q);
    must(cot_sender_check(&x->s, x->check, &e), &e);
    return x;
}

static void transfers_are_correlated_by_delta(void **state)
{
    struct rng r = rng_from_env("cot");
    struct arena *a = test_arena();
    struct gf128 delta;
    static struct both b;

    (void)state;
    run_ot(&r, &b);
    delta = gf128_load(b.delta);
    for (int cpu = 0; cpu < 2; cpu++) {
        struct transfers *x = run_cot(&r, a, &b, 9, cpu ? cpu_features() : 0);
        unsigned ones = 0;
        for (size_t j = 0; j < x->blocks * 128; j++) {
            struct gf128 u = x->u[j / 128], want;
            uint64_t bit = (j % 128 < 64 ? u.lo >> j % 64 : u.hi >> j % 64) & 1;
            ones += (unsigned)bit;
            want = gf128_xor(x->t[j], gf128_if(delta, bit));
            assert_memory_equal(&want, &x->q[j], 16);
        }
        assert_in_range(ones, 9 * 64 - 200, 9 * 64 + 200);
    }
    arena_free(a);
}

/* Every bit of the receiver's messages counts: trees, corrections, check. */
static void a_cheating_receiver_of_transfers_is_caught(void **state)
{
    struct rng r = rng_from_env("cot");
    struct arena *a = test_arena();
    struct err e = {0};
    static struct both b;
    struct transfers *x;
    int caught = 0, harmless = 0;

    (void)state;
    run_ot(&r, &b);
    x = run_cot(&r, a, &b, 3, cpu_features());
    for (int i = 0; i < 200; i++) {
        static uint8_t chosen[OT_COUNT][32];
        size_t at = rng_below(&r, COT_TREE_BYTES);
        struct cot s = {.k = x->s.k, .keys = x->s.keys};
        memcpy(chosen, b.chosen, sizeof chosen);
        x->trees[at] ^= 1;
        if (!cot_sender_trees(&s, b.delta, chosen, x->trees, &e))
            caught++;
        else
            harmless += !memcmp(s.leaf, x->s.leaf, sizeof s.leaf); /* the sum it does not read */
        x->trees[at] ^= 1;
    }
    assert_int_equal(caught + harmless, 200);
    assert_in_range(caught, 50, 170);
    for (int i = 0; i < 200; i++) {
        size_t at = rng_below(&r, x->blocks * COT_BLOCK_BYTES + COT_CHECK_BYTES);
        uint8_t *p = at < COT_CHECK_BYTES ? x->check + at : x->corrections + at - COT_CHECK_BYTES;
        *p ^= (uint8_t)(1 + rng_below(&r, 255));
        uint8_t was = *p;
        cot_sender_blocks(&x->s, 0, x->blocks, x->corrections, x->q);
        /* a change is caught unless it only touches fields whose part of delta is zero */
        cot_sender_sums(&x->s, &x->h, x->blocks, x->q);
        if (cot_sender_check(&x->s, x->check, &e))
            assert_true(at >= COT_CHECK_BYTES &&
                        b.delta[(at - COT_CHECK_BYTES) % COT_BLOCK_BYTES / 16 + 1] == 0);
        *p = was;
        cot_receiver_blocks(&x->r, 0, x->blocks, x->corrections, x->u, x->t);
        cot_receiver_check(&x->r, &x->h, x->blocks, x->u, x->t, x->check);
    }
    arena_free(a);
}

static void a_transpose_exchanges_rows_and_columns(void **state)
{
    struct rng r = rng_from_env("transpose");
    struct gf128 x[128], y[128];

    (void)state;
    rng_bytes(&r, x, sizeof x);
    memcpy(y, x, sizeof y);
    cot_transpose(y);
    for (unsigned i = 0; i < 128; i++)
        for (unsigned j = 0; j < 128; j++)
            assert_int_equal((j < 64 ? x[i].lo >> j : x[i].hi >> (j - 64)) & 1,
                             (i < 64 ? y[j].lo >> i : y[j].hi >> (i - 64)) & 1);
}

static bool in_subfield(struct gf128 x)
{
    uint64_t word = gf64_narrow(x);
    struct gf128 back;

    gf64_best(0)->widen(&back, &word, 1);
    return back.lo == x.lo && back.hi == x.hi;
}

/* C = B + delta*A over three chunks, each fed by the one before; narrow ones keep A in the
 * subfield, and answers out of it, as their mask is a whole element. */
static void vole_holds_on_every_chunk(void **state)
{
    struct rng r = rng_from_env("vole");
    static struct both b;

    (void)state;
    run_ot(&r, &b);
    for (unsigned log_k = 12; log_k <= 14; log_k += 2)
        for (unsigned kind = 0; kind < 4; kind++) {
            unsigned groups = kind & 1 ? 3 : 1;
            bool narrow = kind >= 2;
            size_t base = 1 + vole_base_blocks(narrow);
            struct arena *a = test_arena();
            struct err e = {0};
            unsigned outside = 0;
            size_t k = (size_t)1 << log_k, blocks = vole_transfers(log_k) / 128;
            struct psi_kernels kernels = psi_kernels_best(kind == 3 ? 0 : cpu_features());
            struct transfers *x = run_cot(&r, a, &b, base + 3 * blocks, cpu_features());
            struct gf128 *va = arena_get_array(a, k, 16, &e), *vc = arena_get_array(a, k, 16, &e);
            struct gf128 delta = gf128_load(b.delta), half, check, answer, proof, *p;
            uint8_t *m = arena_get(a, vole_message_bytes(log_k), &e), seed[16];
            static struct vole s, v;
            must(vole_init(&s, &kernels, b.sid, log_k, groups, narrow, a, &e), &e);
            must(vole_init(&v, &kernels, b.sid, log_k, groups, narrow, a, &e), &e);
            vole_sender_base(&s, delta, x->q + 128);
            vole_receiver_base(&v, x->t + 128, x->u + 1);
            p = arena_get_array(a, k, 16, &e);
            for (size_t chunk = 0; chunk < 3; chunk++) {
                size_t at = base + chunk * blocks;
                rng_bytes(&r, seed, 16);
                vole_send(&s, chunk, seed, x->q + 128 * at, m, &half);
                vole_receive(&v, chunk, x->t + 128 * at, x->u + at, m, va, vc, &answer, &check);
                proof = vole_check(&s, half, answer);
                assert_memory_equal(&proof, &check, 16);
                memcpy(p, s.x, k * 16);
                kernels.gf->scale_acc(p, va, &delta, k);
                assert_memory_equal(p, vc, k * 16);
                for (size_t i = 0; narrow && i < k; i++)
                    assert_true(in_subfield(va[i]));
                outside += !in_subfield(answer); /* and what answers show is not */
            }
            assert_int_equal(outside, 3);
            /* a changed message is noticed */
            for (int i = 0; i < 10; i++) {
                size_t at = rng_below(&r, vole_message_bytes(log_k));
                struct vole copy = v;
                m[at] ^= 1;
                vole_receive(&copy, 3, x->t + 128, x->u + 1, m, va, vc, &answer, &check);
                m[at] ^= 1;
                proof = vole_check(&s, half, answer);
                assert_memory_not_equal(&proof, &check, 16);
            }
            arena_free(a);
        }
}

struct table {
    struct okvs_shape shape;
    struct gf128 *hash, *keys, *values, *columns, *out;
    okvs_row *rows;
    struct okvs_encoder *encoder;
    struct aes_key random;
};

static struct table make_rows(struct rng *r, struct arena *a, size_t n, unsigned lambda, bool band)
{
    struct err e = {0};
    struct table t = {.shape = band ? okvs_band_shape_for(n, lambda) : okvs_shape_for(n, lambda)};
    struct psi_kernels k = psi_kernels_best(cpu_features());
    uint8_t key[16] = {1};

    t.hash = arena_get_array(a, n + 1, 16, &e);
    t.keys = arena_get_array(a, n + 1, 16, &e);
    t.values = arena_get_array(a, n + 1, 16, &e);
    t.out = arena_get_array(a, n + 1, 16, &e);
    t.columns = arena_get_array(a, okvs_columns(&t.shape), 16, &e);
    t.rows = arena_get_array(a, n + 1, sizeof *t.rows, &e);
    t.encoder = okvs_encoder_new(&k, &t.shape, n + 1, false, a, &e);
    rng_bytes(r, t.hash, n * 16);
    rng_bytes(r, t.keys, n * 16);
    rng_bytes(r, t.values, n * 16);
    okvs_rows(&t.shape, t.hash, t.rows, n);
    aes_key_init(&t.random, key);
    return t;
}

static void must_decode(struct table *t, size_t n)
{
    struct psi_kernels k = psi_kernels_best(0);
    struct err e = {0};

    must(okvs_encode(t->encoder, &t->shape, t->hash, (const okvs_row *)t->rows, t->keys, t->values,
                     n, &t->random, 0, t->columns, &e),
         &e);
    okvs_decode(&k, &t->shape, t->columns, t->hash, (const okvs_row *)t->rows, t->keys, t->out, n);
    assert_memory_equal(t->out, t->values, n * 16);
}

static const bool schemes[] = {false, true}; /* three hashes, a band */

static void a_table_decodes_to_its_values(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 3, 100, 1023, 1024, 5000, 50000};
    bool band = *(const bool *)*state;
    struct rng r = rng_from_env("okvs");

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct arena *a = test_arena();
        struct table t = make_rows(&r, a, sizes[i], 48, band);
        assert_string_equal(okvs_name(&t.shape), band ? "band" : "three hashes");
        must_decode(&t, sizes[i]);
        for (size_t j = 0; j < sizes[i]; j++) {
            const uint16_t *row = t.rows[j];
            assert_true(band || (row[0] != row[1] && row[1] != row[2] && row[0] != row[2]));
            assert_true(row[0] + t.shape.band <= t.shape.sparse && row[1] < t.shape.sparse &&
                        row[2] < t.shape.sparse);
        }
        arena_free(a);
    }
}

/* Tables of words stay in the subfield, so that they can travel as words. */
static void a_narrow_table_stays_narrow(void **state)
{
    bool band = *(const bool *)*state;
    struct rng r = rng_from_env("okvs");
    struct arena *a = test_arena();
    struct table t = make_rows(&r, a, 3000, 40, band);
    struct psi_kernels k = psi_kernels_best(cpu_features());
    struct err e = {0};

    t.encoder = okvs_encoder_new(&k, &t.shape, 3001, true, a, &e);
    gf64_project(k.gf64, t.keys, 3000);
    gf64_project(k.gf64, t.values, 3000);
    for (unsigned i = 1; i < 4 && !band; i++) /* and with a gap to fill */
        memcpy(t.rows[i], t.rows[0], sizeof t.rows[0]);
    must_decode(&t, 3000);
    for (size_t i = 0; i < okvs_columns(&t.shape); i++)
        assert_true(in_subfield(t.columns[i]));
    arena_free(a);
}

/* Two rows that are equal but ask for different values: no table has both. */
static void a_contradiction_is_no_table(void **state)
{
    bool band = *(const bool *)*state;
    struct rng r = rng_from_env("okvs");
    struct arena *a = test_arena();
    struct table t = make_rows(&r, a, 2000, 40, band);
    struct err e = {0};

    memcpy(t.rows[9], t.rows[4], sizeof t.rows[4]);
    t.keys[9] = t.keys[4];
    t.hash[9] = t.hash[4];
    t.hash[9].hi ^= band ? 0 : 1; /* three hashes take equal hashes for one item */
    must_fail(okvs_encode(t.encoder, &t.shape, t.hash, (const okvs_row *)t.rows, t.keys, t.values,
                          2000, &t.random, 0, t.columns, &e),
              &e, ERR_LIMIT, "cannot be solved");
    arena_free(a);
}

/* Rows on the same three columns: all but one have to go to the dense columns; as many as there
 * are dense columns can, and one more cannot. */
static void a_gap_is_filled_up_to_the_dense_columns(void **state)
{
    struct rng r = rng_from_env("okvs");

    (void)state;
    for (size_t gap = 1; gap <= 5; gap++) {
        struct arena *a = test_arena();
        struct table t = make_rows(&r, a, 1500, 40, false);
        struct err e = {0};
        bool ok;
        for (size_t i = 0; i <= gap; i++)
            memcpy(t.rows[700 + i], t.rows[700], sizeof t.rows[3]);
        t.shape.dense = (uint32_t)gap;
        t.columns = arena_get_array(a, okvs_columns(&t.shape), 16, &e);
        must_decode(&t, 1500);
        assert_int_equal(okvs_gap(t.encoder), gap);
        t.shape.dense = (uint32_t)gap - 1;
        ok = okvs_encode(t.encoder, &t.shape, t.hash, (const okvs_row *)t.rows, t.keys, t.values,
                         1500, &t.random, 0, t.columns, &e);
        must_fail(ok, &e, ERR_LIMIT, "cannot be solved");
        arena_free(a);
    }
}

static void equal_items_are_one_row(void **state)
{
    struct rng r = rng_from_env("okvs");
    struct arena *a = test_arena();
    bool band = *(const bool *)*state;
    struct table t = make_rows(&r, a, 2000, 40, band);

    for (size_t i = 0; i < 2000; i++) {
        size_t from = i < 500 ? 7 : i > 1900 ? i - 1500 : i;
        memcpy(t.rows[i], t.rows[from], sizeof t.rows[i]);
        t.hash[i] = t.hash[from];
        t.keys[i] = t.keys[from];
        t.values[i] = t.values[from];
    }
    must_decode(&t, 2000);
    assert_true(band || okvs_gap(t.encoder) == 0);
    arena_free(a);
}

/* Where nothing was encoded, a table gives no two equal values, and none of the encoded ones. */
static void elsewhere_a_table_looks_random(void **state)
{
    struct rng r = rng_from_env("okvs");
    struct arena *a = test_arena();
    bool band = *(const bool *)*state;
    struct table t = make_rows(&r, a, 4000, 40, band), other = make_rows(&r, a, 4000, 40, band);
    struct psi_kernels k = psi_kernels_best(0);
    unsigned ones = 0;

    must_decode(&t, 4000);
    okvs_decode(&k, &t.shape, t.columns, other.hash, (const okvs_row *)other.rows, other.keys,
                other.out, 4000);
    for (size_t i = 0; i < 4000; i++)
        ones += (unsigned)__builtin_popcountll(other.out[i].lo ^ other.out[i].hi);
    assert_in_range(ones, 4000 * 32 - 1500, 4000 * 32 + 1500);
    arena_free(a);
}

/* A shuffled copy of the same rows gives another order of peeling but the same meaning; another
 * random key gives another table: free columns are filled, unused ones too. */
static void every_column_is_filled(void **state)
{
    struct rng r = rng_from_env("okvs");
    struct arena *a = test_arena();
    struct table t = make_rows(&r, a, 3, 40, *(const bool *)*state);

    must_decode(&t, 3);
    for (size_t i = 0; i < okvs_columns(&t.shape); i++)
        assert_true(t.columns[i].lo | t.columns[i].hi);
    arena_free(a);
}

static void plans_fit_their_chunks(void **state)
{
    static const uint64_t sizes[] = {0,     1,     100,     1000,    3000,    10000,    50000,
                                     52000, 60000, 1 << 18, 1 << 20, 1 << 24, 21500000, 100000000};
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int mode = 0; mode < 2; mode++) {
            struct psi_plan p;
            uint64_t n = sizes[i];
            must(psi_plan_make(&p, n, n, (enum psi_mode)mode, PSI_CODE_7X24, &e), &e);
            assert_true(okvs_columns(&p.shape) + p.kept <= (size_t)1 << p.log_k);
            assert_int_equal(p.narrow, mode && n <= 1 << 24);
            assert_true(p.bins * p.capacity >= p.x);
            print_message(
                "%9llu %s: 2^%u, %llu bins of %llu, %u + %u columns, m/n %.4f, %.1f bits\n",
                (unsigned long long)n, mode ? "sh" : "mal", p.log_k, (unsigned long long)p.bins,
                (unsigned long long)p.capacity, p.shape.sparse, p.shape.dense,
                (double)(p.bins * okvs_columns(&p.shape)) / (double)(n + 1),
                8.0 * (double)(p.bytes_r + p.bytes_s) / (double)(n + 1));
            if (n >= 1 << 20)
                assert_true(8 * (p.bytes_r + p.bytes_s) <= (p.narrow ? 160 : mode ? 245 : 285) * n);
        }
}

#define BOTH(f)                                                                                    \
    {#f ": three hashes", f, NULL, NULL, (void *)(uintptr_t)&schemes[0]},                          \
    {                                                                                              \
#f ": a band", f, NULL, NULL, (void *)(uintptr_t)&schemes[1]                               \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chooser_has_one_key_of_each_pair),
        cmocka_unit_test(points_that_are_none_are_refused),
        cmocka_unit_test(a_transpose_exchanges_rows_and_columns),
        cmocka_unit_test(transfers_are_correlated_by_delta),
        cmocka_unit_test(a_cheating_receiver_of_transfers_is_caught),
        cmocka_unit_test(vole_holds_on_every_chunk),
        BOTH(a_table_decodes_to_its_values),
        BOTH(a_narrow_table_stays_narrow),
        BOTH(a_contradiction_is_no_table),
        cmocka_unit_test(a_gap_is_filled_up_to_the_dense_columns),
        BOTH(equal_items_are_one_row),
        BOTH(elsewhere_a_table_looks_random),
        BOTH(every_column_is_filled),
        cmocka_unit_test(plans_fit_their_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
