/* A sender of correlations that cheats, and what it gains: decisions 0064 and 0069. The sender of
 * the program is bent by hand here, so this file holds its source. */
#include "pair.h"

#include "psi/vole.c"

#define LOG_K 12
#define DEPTH 5 /* vole_depth(LOG_K) */
#define LEAVES 32
#define K ((size_t)1 << LOG_K)

struct game {
    struct vole s, r;
    struct gf128 delta, *q, *t, *bits, *a, *c, *b;
    struct gf128 root[VOLE_TREES];
    uint8_t *message;
    struct ggm_keys keys;
    struct arena *arena;
};

/* Transfers as an honest third party would deal them, and both sides' base. */
static struct game deal(struct rng *rng)
{
    size_t blocks = vole_base_blocks(false) + vole_transfers(LOG_K) / 128;
    struct game g = {.arena = test_arena()};
    struct psi_kernels k = psi_kernels_best(cpu_features());
    struct err e = {0};
    uint8_t sid[32] = {3};

    g.q = arena_get_array(g.arena, blocks * 128, 16, &e);
    g.t = arena_get_array(g.arena, blocks * 128, 16, &e);
    g.bits = arena_get_array(g.arena, blocks, 16, &e);
    g.a = vole_array(g.arena, 2 * K, &e);
    g.b = vole_array(g.arena, 2 * K, &e);
    g.c = vole_array(g.arena, K, &e);
    g.message = arena_get(g.arena, vole_message_bytes(LOG_K), &e);
    rng_bytes(rng, &g.delta, 16);
    rng_bytes(rng, g.bits, blocks * 16);
    rng_bytes(rng, g.t, blocks * 128 * 16);
    rng_bytes(rng, g.root, sizeof g.root);
    for (size_t i = 0; i < blocks * 128; i++)
        g.q[i] = gf128_xor(g.t[i], gf128_if(g.delta, bits_at(g.bits, i, 1)));
    must(vole_init(&g.s, &k, sid, LOG_K, 1, false, g.arena, &e), &e);
    must(vole_init(&g.r, &k, sid, LOG_K, 1, false, g.arena, &e), &e);
    vole_sender_base(&g.s, g.delta, g.q);
    vole_receiver_base(&g.r, g.t, g.bits);
    chunk_keys(&g.s, 0, &g.keys);
    g.q += 128 * vole_base_blocks(false);
    g.t += 128 * vole_base_blocks(false);
    g.bits += vole_base_blocks(false);
    return g;
}

/* The honest leaves in g->b and the honest message. */
static void grow_all(struct game *g)
{
    for (size_t i = 0; i < VOLE_TREES; i++) {
        uint8_t *out = g->message + 16 * (DEPTH + 1) * i;
        struct gf128 left[GGM_DEPTH_MOST], sum;
        g->s.k.ggm->full(&g->keys, g->root[i], g->delta, DEPTH, g->b + LEAVES * i, left, &sum);
        for (unsigned level = 0; level < DEPTH; level++)
            gf128_store(out + 16 * level, gf128_xor(g->q[DEPTH * i + level], left[level]));
        gf128_store(out + 16 * DEPTH, gf128_xor(sum, g->s.kept[i]));
    }
}

/* What the receiver gets for a tree if its hole is there, but for its noise times delta: all that a
 * sender can say of it. */
static void as_the_receiver(const struct game *g, size_t tree, uint32_t hole, struct gf128 *w)
{
    const uint8_t *in = g->message + 16 * (DEPTH + 1) * tree;
    struct gf128 side[GGM_DEPTH_MOST], sum;

    for (unsigned level = 0; level < DEPTH; level++) {
        struct gf128 t = g->q[DEPTH * tree + level];
        t = gf128_xor(t, gf128_if(g->delta, ~hole >> level & 1));
        side[level] = gf128_xor(gf128_load(in + 16 * level), t);
    }
    g->s.k.ggm->punctured(&g->keys, DEPTH, hole, side, w, &sum);
    w[hole] = gf128_xor(sum, gf128_xor(gf128_load(in + 16 * DEPTH), g->s.kept[tree]));
}

static struct gf128 claim(const struct game *g, struct gf128 answer)
{
    struct gf128 chi = challenge(&g->s, 0, g->message);
    struct gf128 half =
        gf128_xor(g->s.k.gf->power_sum(&chi, g->b, 2 * K), mask_of(&g->s, g->s.kept));

    return vole_check(&g->s, half, answer);
}

static bool equal(struct gf128 a, struct gf128 b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

/* C = B + delta*A for the B that the sender believes in. */
static bool correlated(struct game *g)
{
    bool ok = true;

    g->s.k.code->encode(&g->s.code, g->b);
    for (size_t i = 0; i < K; i++)
        ok &= equal(g->c[i], gf128_xor(g->b[i], gf128_mul(g->a[i], g->delta)));
    return ok;
}

/* One block of a tree's message is changed. Of the 32 places where the receiver's noise can be, the
 * sender must name the right one to give the receiver's check value; and if it does, it knows the
 * receiver's correlation, so that nothing but that guess was gained. */
static void a_changed_block_is_a_guess_of_the_position(void **state)
{
    struct rng rng = rng_from_env("guess");

    (void)state;
    for (unsigned block = 0; block <= DEPTH; block++) {
        struct game g = deal(&rng);
        size_t tree = rng_below(&rng, VOLE_TREES);
        uint32_t hole = ~bits_at(g.bits, DEPTH * tree, DEPTH) & (LEAVES - 1);
        struct gf128 answer, check;
        unsigned passed = 0;
        grow_all(&g);
        g.message[16 * ((DEPTH + 1) * tree + block) + rng_below(&rng, 16)] ^= 0x40;
        {
            struct vole r = g.r;
            vole_receive(&r, 0, g.t, g.bits, g.message, g.a, g.c, &answer, &check);
        }
        assert_false(equal(claim(&g, answer), check)); /* as if nothing had happened */
        for (uint32_t guess = 0; guess < LEAVES; guess++) {
            as_the_receiver(&g, tree, guess, g.b + LEAVES * tree);
            if (equal(claim(&g, answer), check)) {
                passed++;
                assert_int_equal(guess, hole);
            }
        }
        assert_int_equal(passed, 1);
        as_the_receiver(&g, tree, hole, g.b + LEAVES * tree);
        assert_true(correlated(&g));
        arena_free(g.arena);
    }
}

/* Another delta in one tree than in the transfers: the same. */
static void another_delta_is_a_guess_too(void **state)
{
    struct rng rng = rng_from_env("delta");
    struct game g = deal(&rng);
    struct gf128 answer, check, delta = g.delta, left[GGM_DEPTH_MOST], sum;
    uint8_t *out = g.message;
    unsigned passed = 0;

    (void)state;
    grow_all(&g);
    delta.lo ^= 1;
    g.s.k.ggm->full(&g.keys, g.root[0], delta, DEPTH, g.b, left, &sum);
    for (unsigned level = 0; level < DEPTH; level++)
        gf128_store(out + 16 * level, gf128_xor(g.q[level], left[level]));
    gf128_store(out + 16 * DEPTH, gf128_xor(sum, g.s.kept[0]));
    vole_receive(&g.r, 0, g.t, g.bits, g.message, g.a, g.c, &answer, &check);
    for (uint32_t guess = 0; guess < LEAVES; guess++) {
        as_the_receiver(&g, 0, guess, g.b);
        passed += equal(claim(&g, answer), check);
    }
    assert_int_equal(passed, 1);
    arena_free(g.arena);
}

/* A receiver that answers wrongly: its own check fails, by delta times what it added, which a hash
 * of 128 unknown bits does not give away. */
static void a_wrong_answer_shows_delta_only_under_the_hash(void **state)
{
    struct rng rng = rng_from_env("answer");
    struct game g = deal(&rng);
    struct gf128 answer, check, got, off = {5, 0};

    (void)state;
    grow_all(&g);
    vole_receive(&g.r, 0, g.t, g.bits, g.message, g.a, g.c, &answer, &check);
    assert_true(equal(claim(&g, answer), check));
    got = claim(&g, gf128_xor(answer, off));
    assert_true(equal(gf128_xor(got, check), gf128_mul(off, g.delta)));
    assert_true(correlated(&g));
    arena_free(g.arena);
}

/* ---- why the check may come last ----------------------------------------------------------- */

struct said {
    uint8_t *columns;
    size_t n;
};

static void note_columns(void *self, unsigned from, const uint8_t *frame, size_t n)
{
    struct said *s = self;

    if (from != 0 || frame[0] != FRAME_COLUMNS)
        return;
    s->columns = realloc(s->columns, s->n + n);
    assert_non_null(s->columns);
    memcpy(s->columns + s->n, frame, n);
    s->n += n;
}

static void fixed_random(void *self, void *out, size_t n)
{
    rng_bytes(self, out, n);
}

static void flip(struct lie *l, uint8_t *f, size_t *n)
{
    f[FRAME_HEADER + l->at % (*n - FRAME_HEADER)] ^= l->by;
}

/* The columns of a run with fixed randomness, with a chunk changed or not. */
static struct said columns_of_run(struct lie *l, enum psi_mode mode)
{
    struct rng r[2] = {rng_of(1), rng_of(2)};
    struct os_ops ops = *os_system()->ops;
    struct os os[2] = {{&ops, &r[0]}, {&ops, &r[1]}};
    struct psi_options o[2] = {options_of(PSI_RECEIVER, mode), options_of(PSI_SENDER, mode)};
    struct said s = {NULL, 0};
    uint64_t *x = calloc(60000, sizeof *x);
    struct pair p;

    assert_non_null(x);
    for (size_t i = 0; i < 60000; i++)
        x[i] = i;
    ops.random = fixed_random;
    o[0].os = &os[0];
    o[1].os = &os[1];
    p = open_pair(o, set_of(x, 60000), set_of(x, 100));
    p.lie = l;
    p.watch = note_columns;
    p.watch_self = &s;
    run_pair(&p);
    assert_true(p.side[0]->plan.bins > 1);
    assert_int_equal(p.end[0] == PSI_DONE, l == NULL);
    close_pair(&p);
    free(x);
    return s;
}

/* Whatever the sender says in its chunks, the masked columns that leave the receiver before the
 * check are the same, bit for bit; but for the answers, which follow the challenge and are masked.
 */
static void columns_do_not_depend_on_what_the_sender_said(void **state)
{
    struct rng rng = rng_from_env("columns");

    (void)state;
    for (int mode = 0; mode < 2; mode++) {
        struct said honest = columns_of_run(NULL, (enum psi_mode)mode);
        for (unsigned i = 0; i < 3; i++) {
            struct lie l = {.speaker = PSI_SENDER, .type = FRAME_CHUNK, .change = flip, .by = 1};
            struct said other;
            size_t frame;
            l.skip = i % 2;
            l.at = rng_below(&rng, 1 << 16);
            other = columns_of_run(&l, (enum psi_mode)mode);
            assert_int_equal(other.n, honest.n);
            frame = honest.n / 2;
            for (size_t at = 0; at < honest.n; at += frame) {
                size_t body = at + FRAME_HEADER + 16;
                bool mine = (at > 0) == (i % 2 > 0);
                assert_int_equal(memcmp(honest.columns + at, other.columns + at, FRAME_HEADER), 0);
                assert_int_equal(
                    memcmp(honest.columns + body - 16, other.columns + body - 16, 16) != 0, mine);
                assert_memory_equal(honest.columns + body, other.columns + body,
                                    frame - FRAME_HEADER - 16);
            }
            free(other.columns);
        }
        free(honest.columns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_block_is_a_guess_of_the_position),
        cmocka_unit_test(another_delta_is_a_guess_too),
        cmocka_unit_test(a_wrong_answer_shows_delta_only_under_the_hash),
        cmocka_unit_test(columns_do_not_depend_on_what_the_sender_said),
    };
    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
