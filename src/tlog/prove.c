/* Proofs are made by walking down from the root and noting what is left aside on either hand
 * (RFC 6962 sections 2.1.1 and 2.1.2 without their recursion); verifying walks up. */
#include "tlog/tree.h"

#include <assert.h>

/* Leaves [lo, hi): lo is a multiple of the largest power of two in hi - lo, or more. */
struct span {
    uint64_t lo, hi;
};

static unsigned bit_length(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

/* The largest power of two strictly below n; n > 1. */
static uint64_t split_of(uint64_t n)
{
    return UINT64_C(1) << (bit_length(n - 1) - 1);
}

/* Fold the complete subtrees of the span, the smallest (rightmost) first. */
static bool span_hash(const struct tlog_source *s, struct span span, struct hash *out,
                      struct err *e)
{
    uint64_t n = span.hi - span.lo, at = span.hi;
    struct hash right, left;
    bool any = false;

    for (unsigned level = 0; n >> level; level++) {
        if (!(n >> level & 1))
            continue;
        at -= UINT64_C(1) << level;
        if (!s->hash(s->self, level, at >> level, &left, e))
            return false;
        if (any)
            tlog_node_hash(&left, &right, &right);
        else
            right = left;
        any = true;
    }
    assert(any);
    *out = right;
    return true;
}

/* The spans as a proof: the last one noted comes first. */
static bool hash_spans(const struct tlog_source *s, const struct span *spans, size_t n,
                       struct tlog_proof *out, struct err *e)
{
    struct tlog_proof p = {.n = n};

    assert(n <= TLOG_PROOF_MAX);
    for (size_t i = 0; i < n; i++)
        if (!span_hash(s, spans[n - 1 - i], &p.hash[i], e))
            return false;
    *out = p;
    return true;
}

bool tlog_prove_inclusion(const struct tlog_source *s, uint64_t index, uint64_t size,
                          struct tlog_proof *out, struct err *e)
{
    struct span spans[TLOG_PROOF_MAX], at = {0, size};
    size_t n = 0;

    if (size > TLOG_SIZE_MAX || index >= size)
        return err_fail(e, ERR_INPUT, "no leaf %llu in a tree of %llu", (unsigned long long)index,
                        (unsigned long long)size);
    while (at.hi - at.lo > 1) {
        uint64_t middle = at.lo + split_of(at.hi - at.lo);
        if (index < middle) {
            spans[n++] = (struct span){middle, at.hi};
            at.hi = middle;
        } else {
            spans[n++] = (struct span){at.lo, middle};
            at.lo = middle;
        }
    }
    return hash_spans(s, spans, n, out, e);
}

/* Walk down to the complete subtree that ends at old_size; 0 < old_size <= size. The seed is that
 * subtree; a verifier who has the old root knows it if it is the whole old tree. */
static bool prove_prefix(const struct tlog_source *s, uint64_t old_size, uint64_t size,
                         bool seed_always, struct tlog_proof *out, struct err *e)
{
    struct span spans[TLOG_PROOF_MAX], at = {0, size};
    size_t n = 0;

    while (at.hi != old_size) {
        uint64_t middle = at.lo + split_of(at.hi - at.lo);
        if (old_size <= middle) {
            spans[n++] = (struct span){middle, at.hi};
            at.hi = middle;
        } else {
            spans[n++] = (struct span){at.lo, middle};
            at.lo = middle;
        }
    }
    if (seed_always || at.lo != 0)
        spans[n++] = at;
    return hash_spans(s, spans, n, out, e);
}

static bool sizes_fail(uint64_t old_size, uint64_t size, struct err *e)
{
    return err_fail(e, ERR_INPUT, "a tree of %llu cannot begin with one of %llu",
                    (unsigned long long)size, (unsigned long long)old_size);
}

bool tlog_prove_consistency(const struct tlog_source *s, uint64_t old_size, uint64_t size,
                            struct tlog_proof *out, struct err *e)
{
    if (size > TLOG_SIZE_MAX || old_size > size)
        return sizes_fail(old_size, size, e);
    if (old_size == 0 || old_size == size) {
        out->n = 0;
        return true;
    }
    return prove_prefix(s, old_size, size, false, out, e);
}

bool tlog_prove_prefix(const struct tlog_source *s, uint64_t old_size, uint64_t size,
                       struct tlog_proof *out, struct err *e)
{
    if (size > TLOG_SIZE_MAX || old_size == 0 || old_size >= size)
        return sizes_fail(old_size, size, e);
    return prove_prefix(s, old_size, size, true, out, e);
}

/* ---- verifying ------------------------------------------------------------------------------ */

/* On the way from leaf `index` to the root of `size` leaves: first `inner` levels where the path
 * turns as the index's bits say, then one left sibling for each 1 that remains in the index. */
static unsigned inner_length(uint64_t index, uint64_t size)
{
    return bit_length(index ^ (size - 1));
}

static unsigned border_length(uint64_t index, unsigned inner)
{
    return (unsigned)__builtin_popcountll(inner < 64 ? index >> inner : 0);
}

static bool length_fail(size_t has, size_t needs, struct err *e)
{
    return err_fail(e, ERR_PROOF, "a proof of %zu hashes where there must be %zu", has, needs);
}

bool tlog_verify_inclusion(const struct hash *leaf, uint64_t index, uint64_t size,
                           const struct tlog_proof *proof, const struct hash *root, struct err *e)
{
    struct hash h = *leaf;
    unsigned inner;

    if (size > TLOG_SIZE_MAX || index >= size)
        return err_fail(e, ERR_PROOF, "no leaf %llu in a tree of %llu", (unsigned long long)index,
                        (unsigned long long)size);
    inner = inner_length(index, size);
    if (proof->n != inner + border_length(index, inner))
        return length_fail(proof->n, inner + border_length(index, inner), e);
    for (size_t i = 0; i < proof->n; i++) {
        if (i >= inner || index >> i & 1)
            tlog_node_hash(&proof->hash[i], &h, &h);
        else
            tlog_node_hash(&h, &proof->hash[i], &h);
    }
    if (!hash_equal(&h, root))
        return err_fail(e, ERR_PROOF, "the inclusion proof leads to another root");
    return true;
}

/* Both roots from the complete subtree that ends at old_size; 0 < old_size < size. */
static bool climb(uint64_t old_size, uint64_t size, const struct hash *seed,
                  const struct hash *path, size_t n, struct hash *old_root, struct hash *root,
                  struct err *e)
{
    unsigned level = (unsigned)__builtin_ctzll(old_size); /* of the seed */
    unsigned inner = inner_length(old_size - 1, size);
    unsigned border = border_length(old_size - 1, inner);
    uint64_t turns = (old_size - 1) >> level;

    inner -= level;
    if (n != inner + border)
        return length_fail(n, inner + border, e);
    *old_root = *root = *seed;
    for (size_t i = 0; i < n; i++) {
        if (i >= inner || turns >> i & 1) {
            tlog_node_hash(&path[i], old_root, old_root);
            tlog_node_hash(&path[i], root, root);
        } else {
            tlog_node_hash(root, &path[i], root);
        }
    }
    return true;
}

bool tlog_prefix_roots(uint64_t old_size, uint64_t size, const struct tlog_proof *path,
                       struct hash *old_root, struct hash *root, struct err *e)
{
    if (size > TLOG_SIZE_MAX || old_size == 0 || old_size >= size)
        return sizes_fail(old_size, size, e);
    if (path->n == 0)
        return err_fail(e, ERR_PROOF, "a prefix path without its seed");
    return climb(old_size, size, &path->hash[0], path->hash + 1, path->n - 1, old_root, root, e);
}

/* Sizes 0 and equal sizes, whose proofs are empty. */
static bool verify_trivial(uint64_t old_size, const struct hash *old_root, uint64_t size,
                           const struct hash *root, struct err *e)
{
    struct hash empty;

    tlog_empty_root(&empty);
    if (old_size == 0 && !hash_equal(old_root, &empty))
        return err_fail(e, ERR_PROOF, "an empty tree with another root than it has");
    if (old_size == size && !hash_equal(old_root, root))
        return err_fail(e, ERR_PROOF, "two roots for one size, %llu", (unsigned long long)size);
    return true;
}

bool tlog_verify_consistency(uint64_t old_size, const struct hash *old_root, uint64_t size,
                             const struct hash *root, const struct tlog_proof *proof, struct err *e)
{
    bool seeded = old_size & (old_size - 1); /* not a power of two */
    struct hash from_old, from_new;

    if (size > TLOG_SIZE_MAX || old_size > size)
        return err_fail(e, ERR_PROOF, "a tree of %llu cannot begin with one of %llu",
                        (unsigned long long)size, (unsigned long long)old_size);
    if (old_size == 0 || old_size == size)
        return proof->n ? length_fail(proof->n, 0, e)
                        : verify_trivial(old_size, old_root, size, root, e);
    if (seeded && proof->n == 0)
        return length_fail(0, 1, e);
    if (!climb(old_size, size, seeded ? &proof->hash[0] : old_root, proof->hash + seeded,
               proof->n - seeded, &from_old, &from_new, e))
        return false;
    if (!hash_equal(&from_old, old_root) || !hash_equal(&from_new, root))
        return err_fail(e, ERR_PROOF, "the tree of %llu does not begin with that of %llu",
                        (unsigned long long)size, (unsigned long long)old_size);
    return true;
}
