#include "tlog_support.h"

#define MOST 70

static struct arena *arena;
static struct test_log log_;
static struct hash roots[MOST + 1];

/* ---- the recursive definitions of RFC 6962, as an opponent to ours -------------------------- */

static uint64_t split_point(uint64_t n)
{
    uint64_t k = 1;

    while (k * 2 < n)
        k *= 2;
    return k;
}

static struct hash naive_root(const struct hash *leaf, uint64_t n)
{
    struct hash l, r, out;

    if (n == 0) {
        tlog_empty_root(&out);
        return out;
    }
    if (n == 1)
        return leaf[0];
    l = naive_root(leaf, split_point(n));
    r = naive_root(leaf + split_point(n), n - split_point(n));
    tlog_node_hash(&l, &r, &out);
    return out;
}

static void naive_path(uint64_t m, const struct hash *leaf, uint64_t n, struct tlog_proof *out)
{
    uint64_t k = split_point(n);

    if (n == 1)
        return;
    if (m < k) {
        naive_path(m, leaf, k, out);
        out->hash[out->n++] = naive_root(leaf + k, n - k);
    } else {
        naive_path(m - k, leaf + k, n - k, out);
        out->hash[out->n++] = naive_root(leaf, k);
    }
}

static void naive_subproof(uint64_t m, const struct hash *leaf, uint64_t n, bool whole,
                           struct tlog_proof *out)
{
    uint64_t k = split_point(n);

    if (m == n) {
        if (!whole)
            out->hash[out->n++] = naive_root(leaf, n);
    } else if (m <= k) {
        naive_subproof(m, leaf, k, whole, out);
        out->hash[out->n++] = naive_root(leaf + k, n - k);
    } else {
        naive_subproof(m - k, leaf + k, n - k, false, out);
        out->hash[out->n++] = naive_root(leaf, k);
    }
}

static void same_proof(const struct tlog_proof *a, const struct tlog_proof *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->hash, b->hash, a->n * sizeof *a->hash);
}

/* ---- appending ------------------------------------------------------------------------------ */

static void roots_follow_the_definition(void **state)
{
    struct tlog_tree t = {0}, loaded;
    struct err e = {0};

    (void)state;
    for (uint64_t n = 0; n <= MOST; n++) {
        struct hash want = naive_root(log_.leaf, n), got;
        tlog_tree_root(&t, &got);
        assert_true(hash_equal(&got, &want));
        must(tlog_source_root(&log_.source, n, &got, &e), &e);
        assert_true(hash_equal(&got, &want));
        must(tlog_source_tree(&log_.source, n, &loaded, &e), &e);
        assert_int_equal(loaded.size, n);
        if (n < MOST) {
            struct hash a, b;
            must(tlog_tree_append_leaves(&t, &log_.leaf[n], 1, &e), &e);
            must(tlog_tree_append_leaves(&loaded, &log_.leaf[n], 1, &e), &e);
            tlog_tree_root(&t, &a);
            tlog_tree_root(&loaded, &b);
            assert_true(hash_equal(&a, &b));
        }
    }
}

static void a_batch_is_the_same_as_one_by_one(void **state)
{
    struct rng r = rng_from_env("batches");
    struct err e = {0};

    (void)state;
    for (unsigned run = 0; run < 50; run++) {
        struct tlog_tree t = {0};
        while (t.size < MOST) {
            struct hash got;
            must(tlog_tree_append_leaves(&t, &log_.leaf[t.size], rng_below(&r, MOST - t.size + 1),
                                         &e),
                 &e);
            tlog_tree_root(&t, &got);
            assert_true(hash_equal(&got, &roots[t.size]));
        }
    }
}

static void a_frontier_is_stored_and_read_back(void **state)
{
    uint8_t raw[TLOG_TREE_BYTES_MAX + 1], again[TLOG_TREE_BYTES_MAX];
    struct tlog_tree t, back;
    struct err e = {0};

    (void)state;
    for (uint64_t n = 0; n <= MOST; n++) {
        size_t len;
        must(tlog_source_tree(&log_.source, n, &t, &e), &e);
        len = tlog_tree_encode(&t, raw);
        assert_int_equal(len, 8 + 32 * (size_t)__builtin_popcountll(n));
        must(tlog_tree_decode(bytes_of(raw, len), &back, &e), &e);
        assert_int_equal(tlog_tree_encode(&back, again), len);
        assert_memory_equal(raw, again, len);
        for (size_t cut = 0; cut < len; cut++)
            must_fail(tlog_tree_decode(bytes_of(raw, cut), &back, &e), &e, ERR_INPUT, "frontier");
        raw[len] = 0;
        must_fail(tlog_tree_decode(bytes_of(raw, len + 1), &back, &e), &e, ERR_INPUT, "the end");
    }
    memset(raw, 0, sizeof raw);
    raw[0] = 0x80; /* 2^63, and no other bit that would need a hash */
    must_fail(tlog_tree_decode(bytes_of(raw, 8), &back, &e), &e, ERR_INPUT, "2^63");
}

static void a_full_tree_says_so(void **state)
{
    uint8_t raw[TLOG_TREE_BYTES_MAX];
    struct tlog_tree t;
    struct err e = {0};

    (void)state;
    memset(raw, 0xff, sizeof raw);
    raw[0] = 0x7f; /* size 2^63 - 1: the largest */
    must(tlog_tree_decode(bytes_of(raw, sizeof raw), &t, &e), &e);
    must_fail(tlog_tree_append(&t, BYTES("one more"), &e), &e, ERR_LIMIT, "no room");
    assert_int_equal(t.size, TLOG_SIZE_MAX);
    t.size--;
    must_fail(tlog_tree_append_leaves(&t, log_.leaf, 2, &e), &e, ERR_LIMIT, "no room");
    must(tlog_tree_append(&t, BYTES("the last"), &e), &e);
}

/* ---- proofs --------------------------------------------------------------------------------- */

static bool included(const struct hash *leaf, uint64_t i, uint64_t n, const struct tlog_proof *p)
{
    return tlog_verify_inclusion(leaf, i, n, p, &roots[n], NULL);
}

/* Every change of one thing: a bit of each hash, one hash less or more, two hashes swapped. */
static void no_altered_inclusion(uint64_t i, uint64_t n, const struct tlog_proof *p)
{
    struct tlog_proof q;

    for (size_t k = 0; k < p->n; k++) {
        q = *p;
        q.hash[k].b[(i + k) % 32] ^= (uint8_t)(1u << (n % 8));
        assert_false(included(&log_.leaf[i], i, n, &q));
        q = *p;
        memmove(&q.hash[k], &q.hash[k + 1], (q.n - k - 1) * sizeof *q.hash);
        q.n--;
        assert_false(included(&log_.leaf[i], i, n, &q));
        if (k) {
            q = *p;
            q.hash[k] = p->hash[k - 1];
            q.hash[k - 1] = p->hash[k];
            assert_false(included(&log_.leaf[i], i, n, &q));
        }
    }
    q = *p;
    q.hash[q.n++] = roots[n];
    assert_false(included(&log_.leaf[i], i, n, &q));
    for (uint64_t other = 0; other <= MOST; other++) {
        if (other != i)
            assert_false(included(&log_.leaf[i], other, n, p));
        if (other != i && other < MOST)
            assert_false(included(&log_.leaf[other], i, n, p));
        if (other != n)
            assert_false(included(&log_.leaf[i], i, other, p));
    }
}

static void every_entry_is_proved_and_no_altered_proof_passes(void **state)
{
    struct err e = {0};

    (void)state;
    for (uint64_t n = 1; n <= MOST; n++)
        for (uint64_t i = 0; i < n; i++) {
            struct tlog_proof p, naive = {0};
            must(tlog_prove_inclusion(&log_.source, i, n, &p, &e), &e);
            naive_path(i, log_.leaf, n, &naive);
            same_proof(&p, &naive);
            must(tlog_verify_inclusion(&log_.leaf[i], i, n, &p, &roots[n], &e), &e);
            no_altered_inclusion(i, n, &p);
        }
}

static bool consistent(uint64_t m, uint64_t n, const struct tlog_proof *p)
{
    return tlog_verify_consistency(m, &roots[m], n, &roots[n], p, NULL);
}

static void no_altered_consistency(uint64_t m, uint64_t n, const struct tlog_proof *p)
{
    struct tlog_proof q;

    for (size_t k = 0; k < p->n; k++) {
        q = *p;
        q.hash[k].b[(m + k) % 32] ^= (uint8_t)(1u << (n % 8));
        assert_false(consistent(m, n, &q));
        q = *p;
        memmove(&q.hash[k], &q.hash[k + 1], (q.n - k - 1) * sizeof *q.hash);
        q.n--;
        assert_false(consistent(m, n, &q));
    }
    q = *p;
    q.hash[q.n++] = roots[m];
    assert_false(consistent(m, n, &q));
    if (m == n)
        return;
    assert_false(tlog_verify_consistency(m, &roots[n], n, &roots[n], p, NULL));
    for (uint64_t other = 0; other <= MOST; other++) {
        /* All trees begin with the empty one, and each with itself, without any hash. */
        if (other != m && !(p->n == 0 && (other == 0 || other == n)))
            assert_false(consistent(other, n, p));
        if (other != n && !(p->n == 0 && (m == 0 || other == m)))
            assert_false(consistent(m, other, p));
    }
}

static void every_tree_begins_with_every_smaller_one(void **state)
{
    struct err e = {0};

    (void)state;
    for (uint64_t n = 0; n <= MOST; n++)
        for (uint64_t m = 0; m <= n; m++) {
            struct tlog_proof p, naive = {0};
            must(tlog_prove_consistency(&log_.source, m, n, &p, &e), &e);
            if (m)
                naive_subproof(m, log_.leaf, n, true, &naive);
            same_proof(&p, &naive);
            must(tlog_verify_consistency(m, &roots[m], n, &roots[n], &p, &e), &e);
            no_altered_consistency(m, n, &p);
        }
}

/* The length is checked before any hash: a long proof costs nothing. */
static void a_proof_has_exactly_its_length(void **state)
{
    struct tlog_proof p;
    struct err e = {0};

    (void)state;
    must(tlog_prove_inclusion(&log_.source, 5, 13, &p, &e), &e);
    assert_int_equal(p.n, 4);
    for (p.n = 0; p.n <= TLOG_PROOF_MAX; p.n++)
        if (p.n != 4)
            must_fail(tlog_verify_inclusion(&log_.leaf[5], 5, 13, &p, &roots[13], &e), &e,
                      ERR_PROOF, "where there must be 4");
    for (p.n = 0; p.n <= TLOG_PROOF_MAX; p.n++)
        if (p.n != 4)
            must_fail(tlog_verify_consistency(6, &roots[6], 13, &roots[13], &p, &e), &e, ERR_PROOF,
                      "where there must be");
}

static void prefix_paths_lead_to_both_roots(void **state)
{
    struct err e = {0};

    (void)state;
    for (uint64_t n = 2; n <= MOST; n++)
        for (uint64_t m = 1; m < n; m++) {
            struct tlog_proof p, naive = {0};
            struct hash small, large;
            must(tlog_prove_prefix(&log_.source, m, n, &p, &e), &e);
            naive_subproof(m, log_.leaf, n, false, &naive);
            same_proof(&p, &naive);
            must(tlog_prefix_roots(m, n, &p, &small, &large, &e), &e);
            assert_true(hash_equal(&small, &roots[m]) && hash_equal(&large, &roots[n]));
            p.n--;
            must_fail(tlog_prefix_roots(m, n, &p, &small, &large, &e), &e, ERR_PROOF, NULL);
            p.n += 2;
            must_fail(tlog_prefix_roots(m, n, &p, &small, &large, &e), &e, ERR_PROOF, NULL);
        }
}

static void what_is_out_of_range_is_refused(void **state)
{
    struct tlog_proof p = {0};
    struct hash h, empty;
    struct err e = {0};

    (void)state;
    tlog_empty_root(&empty);
    must_fail(tlog_prove_inclusion(&log_.source, 5, 5, &p, &e), &e, ERR_INPUT, "no leaf 5");
    must_fail(tlog_prove_inclusion(&log_.source, 0, 0, &p, &e), &e, ERR_INPUT, "no leaf 0");
    must_fail(tlog_prove_inclusion(&log_.source, 0, MOST + 1, &p, &e), &e, ERR_INPUT, "no subtree");
    must_fail(tlog_prove_inclusion(&log_.source, 0, TLOG_SIZE_MAX + 1, &p, &e), &e, ERR_INPUT,
              NULL);
    must_fail(tlog_prove_consistency(&log_.source, 6, 5, &p, &e), &e, ERR_INPUT, "begin with");
    must_fail(tlog_prove_consistency(&log_.source, 0, UINT64_MAX, &p, &e), &e, ERR_INPUT, NULL);
    must_fail(tlog_prove_prefix(&log_.source, 0, 5, &p, &e), &e, ERR_INPUT, NULL);
    must_fail(tlog_prove_prefix(&log_.source, 5, 5, &p, &e), &e, ERR_INPUT, NULL);
    must_fail(tlog_verify_inclusion(&empty, 0, 0, &p, &empty, &e), &e, ERR_PROOF, "no leaf");
    must_fail(tlog_verify_inclusion(&empty, 0, UINT64_MAX, &p, &empty, &e), &e, ERR_PROOF, NULL);
    must_fail(tlog_verify_consistency(6, &roots[6], 5, &roots[5], &p, &e), &e, ERR_PROOF, NULL);
    must_fail(tlog_verify_consistency(0, &roots[1], 5, &roots[5], &p, &e), &e, ERR_PROOF, "empty");
    must_fail(tlog_verify_consistency(0, &roots[1], 0, &roots[1], &p, &e), &e, ERR_PROOF, "empty");
    must_fail(tlog_verify_consistency(5, &roots[4], 5, &roots[5], &p, &e), &e, ERR_PROOF,
              "two roots");
    must_fail(tlog_source_root(&log_.source, UINT64_MAX, &h, &e), &e, ERR_INPUT, NULL);
}

/* ---- trees of all sizes: every leaf is the same, so that no leaf need exist ----------------- */

struct uniform {
    struct hash level[63];
    uint64_t asked_from, asked_to; /* the leaves of the last hash asked for */
};

static bool uniform_hash(void *self, unsigned level, uint64_t index, struct hash *out,
                         struct err *e)
{
    struct uniform *u = self;

    (void)e;
    u->asked_from = index << level;
    u->asked_to = (index + 1) << level;
    assert_true(level < 63 && u->asked_to >> level == index + 1);
    *out = u->level[level];
    return true;
}

static void uniform_make(struct uniform *u)
{
    tlog_leaf_hash(BYTES("the same"), &u->level[0]);
    for (unsigned i = 1; i < 63; i++)
        tlog_node_hash(&u->level[i - 1], &u->level[i - 1], &u->level[i]);
}

static void check_huge(struct tlog_source *s, uint64_t m, uint64_t n, uint64_t i)
{
    struct uniform *u = s->self;
    struct hash small, large, seen;
    struct tlog_proof p;
    struct err e = {0};

    must(tlog_source_root(s, n, &large, &e), &e);
    must(tlog_source_root(s, m, &small, &e), &e);
    must(tlog_prove_inclusion(s, i, n, &p, &e), &e);
    must(tlog_verify_inclusion(&u->level[0], i, n, &p, &large, &e), &e);
    assert_true(p.n <= LIMIT_PROOF_HASHES);
    if (p.n) {
        p.hash[p.n - 1].b[0] ^= 1;
        must_fail(tlog_verify_inclusion(&u->level[0], i, n, &p, &large, &e), &e, ERR_PROOF, NULL);
    }
    must(tlog_prove_consistency(s, m, n, &p, &e), &e);
    must(tlog_verify_consistency(m, &small, n, &large, &p, &e), &e);
    if (m == n)
        return;
    must(tlog_prove_prefix(s, m, n, &p, &e), &e);
    must(tlog_prefix_roots(m, n, &p, &seen, &large, &e), &e);
    assert_true(hash_equal(&seen, &small));
}

static void proofs_hold_up_to_the_largest_tree(void **state)
{
    static const uint64_t edges[] = {1,
                                     2,
                                     3,
                                     (UINT64_C(1) << 32) - 1,
                                     UINT64_C(1) << 32,
                                     (UINT64_C(1) << 62) - 1,
                                     UINT64_C(1) << 62,
                                     (UINT64_C(1) << 62) + 1,
                                     TLOG_SIZE_MAX - 1,
                                     TLOG_SIZE_MAX};
    struct rng r = rng_from_env("huge trees");
    struct uniform u;
    struct tlog_source s = {uniform_hash, &u};

    (void)state;
    uniform_make(&u);
    for (size_t n = 0; n < sizeof edges / sizeof *edges; n++)
        for (size_t m = 0; m <= n; m++) {
            check_huge(&s, edges[m], edges[n], 0);
            check_huge(&s, edges[m], edges[n], edges[n] - 1);
        }
    for (unsigned run = 0; run < 2000; run++) {
        uint64_t n = (rng_u64(&r) >> 1 >> rng_below(&r, 63)) | 1;
        check_huge(&s, 1 + rng_below(&r, n), n, rng_below(&r, n));
    }
}

static void the_longest_proof_has_64_hashes(void **state)
{
    struct uniform u;
    struct tlog_source s = {uniform_hash, &u};
    struct arena *a = test_arena();
    struct tlog_proof p;
    struct bytes out;
    struct err e = {0};

    (void)state;
    uniform_make(&u);
    must(tlog_prove_consistency(&s, 3, TLOG_SIZE_MAX, &p, &e), &e);
    assert_int_equal(p.n, 64);
    must_fail(witness_request_print(3, &p, BYTES(""), a, &out, &e), &e, ERR_LIMIT, "63");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_follow_the_definition),
        cmocka_unit_test(a_batch_is_the_same_as_one_by_one),
        cmocka_unit_test(a_frontier_is_stored_and_read_back),
        cmocka_unit_test(a_full_tree_says_so),
        cmocka_unit_test(every_entry_is_proved_and_no_altered_proof_passes),
        cmocka_unit_test(every_tree_begins_with_every_smaller_one),
        cmocka_unit_test(a_proof_has_exactly_its_length),
        cmocka_unit_test(prefix_paths_lead_to_both_roots),
        cmocka_unit_test(what_is_out_of_range_is_refused),
        cmocka_unit_test(proofs_hold_up_to_the_largest_tree),
        cmocka_unit_test(the_longest_proof_has_64_hashes),
    };
    int failed;

    if (!crypto_init())
        return 1;
    arena = test_arena();
    test_log_make(&log_, arena, "alpha.example/log", 0, MOST + 1, "");
    for (uint64_t n = 0; n <= MOST; n++)
        roots[n] = naive_root(log_.leaf, n);
    log_.leaves.n = MOST;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    test_keys_free();
    return failed;
}
