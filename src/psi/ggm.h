/* ggm: correlated half-trees (Half-Tree, ePrint 2022/1431, section 4).
 *
 * A node x has the children H(x) and x ^ H(x), H(x) = AES_node(s(x)) ^ s(x), s(h,l) = (h^l, h).
 * The two nodes of level 1 are root and root ^ delta, so the nodes of each level sum to delta.
 * Children of the node at j of a level of n nodes stand at j (left) and j + n (right): bit i of
 * a leaf's number is its side at level i + 1. A leaf's value is AES_leaf(s(leaf)) ^ s(leaf),
 * under another key, which ends the correlation.
 */
#ifndef ENTENTE_PSI_GGM_H
#define ENTENTE_PSI_GGM_H

#include "psi/aes.h"

#define GGM_DEPTH_MOST 9 /* leaves: 512 */

struct ggm_keys {
    struct aes_key node, leaf;
};

struct ggm_ops {
    const char *name;
    uint32_t needs;
    /* The sender's tree: 2^depth leaf values, left[i] the sum of the left nodes of level i + 1,
     * *sum the sum of all leaf values. */
    void (*full)(const struct ggm_keys *k, struct gf128 root, struct gf128 delta, unsigned depth,
                 struct gf128 *values, struct gf128 *left, struct gf128 *sum);
    /* The receiver's: `hole` (secret) is the leaf it does not know; side[i] is the sum of level
     * i + 1 on the side the path does not take. Value `hole` becomes zero; *sum as above,
     * without it. Time and addresses do not depend on hole. */
    void (*punctured)(const struct ggm_keys *k, unsigned depth, uint32_t hole,
                      const struct gf128 *side, struct gf128 *values, struct gf128 *sum);
    /* Put n values (n >= 2) to b[i * stride], with `fill` at the hole; and to a[i * stride] zeros,
     * with `noise` at the hole. stride is 1 or 2. The hole is secret. */
    void (*place)(const struct gf128 *values, size_t n, uint32_t hole, struct gf128 noise,
                  struct gf128 fill, struct gf128 *a, struct gf128 *b, size_t stride);
};
extern const struct ggm_ops ggm_variants[];
const struct ggm_ops *ggm_best(uint32_t cpu);

#endif
