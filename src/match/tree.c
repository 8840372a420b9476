/* Commitments: a Merkle tree over salted digests, and its leaves opened. */
#include "match/match.h"

#define SALTS 4 /* that one derivation gives */

static const struct psi_digest *digest_at(const struct match_leaves *l, uint64_t i)
{
    return &l->digest[l->order ? l->order[i] : i];
}

static void four_salts(const uint8_t seed[32], uint64_t group, uint8_t out[SALTS * MATCH_SALT])
{
    uint8_t number[8];

    for (unsigned i = 0; i < 8; i++)
        number[i] = (uint8_t)(group >> (56 - 8 * i));
    derive(seed, LABEL_MATCH_LEAF, bytes_of(number, 8), out, SALTS * MATCH_SALT);
}

void match_leaf_salt(const uint8_t seed[32], uint64_t index, uint8_t out[MATCH_SALT])
{
    uint8_t salts[SALTS * MATCH_SALT];

    four_salts(seed, index / SALTS, salts);
    memcpy(out, salts + index % SALTS * MATCH_SALT, MATCH_SALT);
    wipe(salts, sizeof salts);
}

static void leaf_hash(const uint8_t salt[MATCH_SALT], const struct psi_digest *d, struct hash *out)
{
    uint8_t entry[MATCH_SALT + sizeof *d];

    memcpy(entry, salt, MATCH_SALT);
    memcpy(entry + MATCH_SALT, d, sizeof *d);
    tlog_leaf_hash(bytes_of(entry, sizeof entry), out);
}

bool match_root(const struct match_leaves *l, struct hash *out, struct err *e)
{
    struct tlog_tree tree = {0};
    uint8_t salts[SALTS * MATCH_SALT];

    for (uint64_t i = 0; i < l->n; i++) {
        struct hash leaf;
        if (i % SALTS == 0)
            four_salts(l->seed, i / SALTS, salts);
        leaf_hash(salts + i % SALTS * MATCH_SALT, digest_at(l, i), &leaf);
        if (!tlog_tree_append_leaves(&tree, &leaf, 1, e))
            return false;
    }
    wipe(salts, sizeof salts);
    tlog_tree_root(&tree, out);
    return true;
}

/* ---- opening ----------------------------------------------------------------------------------
 */

struct opening {
    const struct match_leaves *l;
    struct match_opened *out;
};

static uint64_t split_at(uint64_t n)
{
    uint64_t k = 1;

    while (k * 2 < n)
        k *= 2;
    return k;
}

static void add_sibling(struct match_opened *out, size_t n, const struct hash *h)
{
    for (size_t i = 0; i < n; i++)
        out[i].proof.hash[out[i].proof.n++] = *h;
}

/* The hash of n leaves from `at`; `count` of the opened ones are below it, from out on. The depth
 * is the tree's height. */
static void subtree(const struct opening *o, uint64_t at, uint64_t n, struct match_opened *out,
                    size_t count, struct hash *h)
{
    struct hash left, right;
    uint64_t k = split_at(n);
    size_t mine = 0;

    if (n == 1) {
        uint8_t salt[MATCH_SALT];
        match_leaf_salt(o->l->seed, at, salt);
        leaf_hash(salt, digest_at(o->l, at), h);
        return;
    }
    while (mine < count && out[mine].index < at + k)
        mine++;
    subtree(o, at, k, out, mine, &left);
    subtree(o, at + k, n - k, out + mine, count - mine, &right);
    add_sibling(out, mine, &right);
    add_sibling(out + mine, count - mine, &left);
    tlog_node_hash(&left, &right, h);
}

bool match_open(const struct match_leaves *l, const uint64_t *index, size_t count,
                struct match_opened *out, struct err *e)
{
    struct opening o = {l, out};
    struct hash root;

    for (size_t i = 0; i < count; i++) {
        if (index[i] >= l->n || (i && index[i] <= index[i - 1]))
            return err_fail(e, ERR_INPUT, "there is no leaf %llu to open",
                            (unsigned long long)index[i]);
        out[i].index = index[i];
        out[i].digest = *digest_at(l, index[i]);
        out[i].proof.n = 0;
        match_leaf_salt(l->seed, index[i], out[i].salt);
    }
    if (count)
        subtree(&o, 0, l->n, out, count, &root);
    return true;
}

bool match_opened_verify(const struct match_opened *o, uint64_t size, const struct hash *root,
                         struct err *e)
{
    struct hash leaf;

    leaf_hash(o->salt, &o->digest, &leaf);
    return tlog_verify_inclusion(&leaf, o->index, size, &o->proof, root, e);
}

uint64_t match_find(const struct match_leaves *l, const struct psi_digest *d, bool *found)
{
    uint64_t low = 0, high = l->n;

    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        if (memcmp(digest_at(l, mid), d, sizeof *d) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *found = low < l->n && memcmp(digest_at(l, low), d, sizeof *d) == 0;
    return low;
}
