/* tree: the Merkle tree of RFC 6962 section 2.1 (the same as RFC 9162 section 2.1), SHA-256.
 *
 *     struct tlog_tree t = {0};                 // the empty tree
 *     tlog_tree_append(&t, entry, &e);
 *     tlog_tree_root(&t, &root);
 *
 * A tree that only grows needs no more than its frontier: one hash for each bit set in its size.
 * Proofs need hashes from inside the tree, which come through a tlog_source: from memory
 * (tlog_leaves), from tiles (tlog/tiles.h) or from wherever the caller keeps them.
 *
 * Indices and sizes are below 2^63. Verifying takes no source, allocates nothing, and accepts
 * only proofs of the exact length.
 */
#ifndef ENTENTE_TLOG_TREE_H
#define ENTENTE_TLOG_TREE_H

#include "base/limits.h"
#include "base/reader.h"
#include "crypto/crypto.h"

#define TLOG_SIZE_MAX ((uint64_t)INT64_MAX) /* the largest tree: sizes are below 2^63 */

/* ---- hashes --------------------------------------------------------------------------------- */

void tlog_leaf_hash(struct bytes entry, struct hash *out); /* H(00 || entry) */
void tlog_node_hash(const struct hash *l, const struct hash *r, struct hash *out); /* H(01||l||r) */
void tlog_empty_root(struct hash *out); /* the root of no leaves: H() */

/* ---- a growing tree ------------------------------------------------------------------------- */

/* Plain data: copy it, store it. All zero is the empty tree. */
struct tlog_tree {
    uint64_t size;
    /* frontier[b]: the root of the complete subtree of 2^b leaves that bit b of size stands
     * for; without meaning where the bit is clear. */
    struct hash frontier[LIMIT_PROOF_HASHES];
};

/* False only for a tree that has no room (ERR_LIMIT); it is then unchanged. */
bool tlog_tree_append(struct tlog_tree *t, struct bytes entry, struct err *e);
/* The same for leaf hashes that are known already, n at a time. */
bool tlog_tree_append_leaves(struct tlog_tree *t, const struct hash *leaves, size_t n,
                             struct err *e);
void tlog_tree_root(const struct tlog_tree *t, struct hash *out);

/* Size as u64 big endian, then the hashes of its set bits, highest first. */
#define TLOG_TREE_BYTES_MAX (8 + 32 * LIMIT_PROOF_HASHES)
size_t tlog_tree_encode(const struct tlog_tree *t, uint8_t out[TLOG_TREE_BYTES_MAX]);
bool tlog_tree_decode(struct bytes in, struct tlog_tree *out, struct err *e);

/* ---- where hashes come from ----------------------------------------------------------------- */

struct tlog_source {
    /* The root of the complete subtree of 2^level leaves whose first leaf is index << level. */
    bool (*hash)(void *self, unsigned level, uint64_t index, struct hash *out, struct err *e);
    void *self;
};

/* Leaf hashes in memory. Each hash asked for is computed anew from its leaves: for small trees
 * and for checking. The source borrows the struct. */
struct tlog_leaves {
    const struct hash *leaf;
    uint64_t n;
};
struct tlog_source tlog_leaves_source(const struct tlog_leaves *leaves);

/* The root and the frontier of the first `size` leaves of the source. */
bool tlog_source_root(const struct tlog_source *s, uint64_t size, struct hash *out, struct err *e);
bool tlog_source_tree(const struct tlog_source *s, uint64_t size, struct tlog_tree *out,
                      struct err *e);

/* ---- proofs --------------------------------------------------------------------------------- */

/* An inclusion proof has at most 63 hashes; a consistency proof begins with one more. */
#define TLOG_PROOF_MAX (LIMIT_PROOF_HASHES + 1)
struct tlog_proof {
    size_t n;
    struct hash hash[TLOG_PROOF_MAX];
};

/* That the leaf at `index` is in the tree of `size` leaves: RFC 6962 section 2.1.1, the leaf's
 * sibling first. ERR_INPUT unless index < size <= TLOG_SIZE_MAX; else what the source says. */
bool tlog_prove_inclusion(const struct tlog_source *s, uint64_t index, uint64_t size,
                          struct tlog_proof *out, struct err *e);
/* ERR_PROOF: it does not hold, or is not exactly as long as it must be. */
bool tlog_verify_inclusion(const struct hash *leaf, uint64_t index, uint64_t size,
                           const struct tlog_proof *proof, const struct hash *root, struct err *e);

/* That the tree of `size` begins with the tree of `old_size`: RFC 6962 section 2.1.2. Empty for
 * old_size 0 and for equal sizes. */
bool tlog_prove_consistency(const struct tlog_source *s, uint64_t old_size, uint64_t size,
                            struct tlog_proof *out, struct err *e);
/* An old or new size of 0 must come with the root of the empty tree. */
bool tlog_verify_consistency(uint64_t old_size, const struct hash *old_root, uint64_t size,
                             const struct hash *root, const struct tlog_proof *proof,
                             struct err *e);

/* ---- the prefix path: what convicts a forked log (tlog/evidence.h) -------------------------- */

/* A consistency proof for 0 < old_size < size that always begins with its seed, also where
 * old_size is a power of two and the standard's proof leaves it out. */
bool tlog_prove_prefix(const struct tlog_source *s, uint64_t old_size, uint64_t size,
                       struct tlog_proof *out, struct err *e);
/* Both roots that such a path leads to. If *root is the root of a tree of `size` leaves, then
 * *old_root is the root of its first old_size leaves, unless SHA-256 is broken. ERR_PROOF: the
 * path has the wrong length for these sizes. */
bool tlog_prefix_roots(uint64_t old_size, uint64_t size, const struct tlog_proof *path,
                       struct hash *old_root, struct hash *root, struct err *e);

#endif
