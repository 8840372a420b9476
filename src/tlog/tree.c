#include "tlog/tree.h"

/* ---- hashes --------------------------------------------------------------------------------- */

void tlog_leaf_hash(struct bytes entry, struct hash *out)
{
    struct sha256 h;

    sha256_start(&h);
    sha256_add(&h, BYTES("\x00"));
    sha256_add(&h, entry);
    sha256_end(&h, out);
}

void tlog_node_hash(const struct hash *l, const struct hash *r, struct hash *out)
{
    uint8_t in[1 + 2 * sizeof l->b];

    in[0] = 1;
    memcpy(in + 1, l->b, sizeof l->b);
    memcpy(in + 1 + sizeof l->b, r->b, sizeof r->b);
    sha256(bytes_of(in, sizeof in), out);
}

void tlog_empty_root(struct hash *out)
{
    sha256(bytes_of(NULL, 0), out);
}

/* ---- a growing tree ------------------------------------------------------------------------- */

/* Merge the new leaf with every complete subtree that it completes in turn. */
static void append_leaf(struct tlog_tree *t, const struct hash *leaf)
{
    struct hash h = *leaf;
    unsigned level = 0;

    for (; t->size >> level & 1; level++)
        tlog_node_hash(&t->frontier[level], &h, &h);
    t->frontier[level] = h;
    t->size++;
}

bool tlog_tree_append_leaves(struct tlog_tree *t, const struct hash *leaves, size_t n,
                             struct err *e)
{
    if (t->size > TLOG_SIZE_MAX || n > TLOG_SIZE_MAX - t->size)
        return err_fail(e, ERR_LIMIT, "the tree has no room for %zu leaves", n);
    for (size_t i = 0; i < n; i++)
        append_leaf(t, &leaves[i]);
    return true;
}

bool tlog_tree_append(struct tlog_tree *t, struct bytes entry, struct err *e)
{
    struct hash leaf;

    tlog_leaf_hash(entry, &leaf);
    return tlog_tree_append_leaves(t, &leaf, 1, e);
}

void tlog_tree_root(const struct tlog_tree *t, struct hash *out)
{
    bool any = false;

    for (unsigned level = 0; level < LIMIT_PROOF_HASHES; level++) {
        if (!(t->size >> level & 1))
            continue;
        if (any)
            tlog_node_hash(&t->frontier[level], out, out);
        else
            *out = t->frontier[level];
        any = true;
    }
    if (!any)
        tlog_empty_root(out);
}

size_t tlog_tree_encode(const struct tlog_tree *t, uint8_t out[TLOG_TREE_BYTES_MAX])
{
    size_t n = 8;

    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(t->size >> (56 - 8 * i));
    for (unsigned level = LIMIT_PROOF_HASHES; level-- > 0;) {
        if (!(t->size >> level & 1))
            continue;
        memcpy(out + n, t->frontier[level].b, sizeof t->frontier[level].b);
        n += sizeof t->frontier[level].b;
    }
    return n;
}

bool tlog_tree_decode(struct bytes in, struct tlog_tree *out, struct err *e)
{
    struct reader r = reader_of(in);
    struct tlog_tree t = {.size = reader_u64(&r)};

    if (t.size > TLOG_SIZE_MAX)
        reader_fail(&r, "a tree size below 2^63");
    for (unsigned level = LIMIT_PROOF_HASHES; level-- > 0 && !reader_failed(&r);)
        if (t.size >> level & 1)
            reader_copy(&r, t.frontier[level].b, sizeof t.frontier[level].b);
    if (!reader_end(&r, e))
        return err_within(e, "tree frontier");
    *out = t;
    return true;
}

/* ---- sources -------------------------------------------------------------------------------- */

static bool hash_of_leaves(void *self, unsigned level, uint64_t index, struct hash *out,
                           struct err *e)
{
    const struct tlog_leaves *leaves = self;
    struct tlog_tree t = {0};

    if (level >= 63 || index >= leaves->n >> level)
        return err_fail(e, ERR_INPUT, "no subtree %llu at level %u in %llu leaves",
                        (unsigned long long)index, level, (unsigned long long)leaves->n);
    for (uint64_t i = 0; i < UINT64_C(1) << level; i++)
        append_leaf(&t, &leaves->leaf[(index << level) + i]);
    *out = t.frontier[level];
    return true;
}

struct tlog_source tlog_leaves_source(const struct tlog_leaves *leaves)
{
    return (struct tlog_source){hash_of_leaves, (void *)(uintptr_t)leaves};
}

bool tlog_source_tree(const struct tlog_source *s, uint64_t size, struct tlog_tree *out,
                      struct err *e)
{
    struct tlog_tree t = {.size = size};

    if (size > TLOG_SIZE_MAX)
        return err_fail(e, ERR_INPUT, "a tree of %llu leaves", (unsigned long long)size);
    for (unsigned level = 0; level < LIMIT_PROOF_HASHES; level++) {
        uint64_t first = size >> level & ~UINT64_C(1); /* what higher bits cover, in 2^level */
        if (size >> level & 1 && !s->hash(s->self, level, first, &t.frontier[level], e))
            return false;
    }
    *out = t;
    return true;
}

bool tlog_source_root(const struct tlog_source *s, uint64_t size, struct hash *out, struct err *e)
{
    struct tlog_tree t;

    if (!tlog_source_tree(s, size, &t, e))
        return false;
    tlog_tree_root(&t, out);
    return true;
}
