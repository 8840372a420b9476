#include "psi/cot.h"

void cot_keys_init(struct cot_keys *k, const uint8_t sid[32])
{
    uint8_t key[64];

    derive(sid, LABEL_PSI_COT, BYTES("keys"), key, sizeof key);
    aes_key_init(&k->left, key);
    aes_key_init(&k->right, key + 16);
    aes_key_init(&k->stream, key + 32);
    aes_key_init(&k->check, key + 48);
}

static struct gf128 pick(struct gf128 x, uint64_t mask)
{
    return (struct gf128){x.lo & mask, x.hi & mask};
}

/* ---- trees of 256 seeds ------------------------------------------------------------------- */

/* The children of n nodes: left at j, right at j + n. */
static void grow(const struct cot *c, struct gf128 *x, size_t n)
{
    c->k.aes->mmo(&c->keys.right, x + n, x, n);
    c->k.aes->mmo(&c->keys.left, x, x, n);
}

static struct gf128 sum_of(const struct gf128 *x, size_t n)
{
    struct gf128 s = {0, 0};

    for (size_t i = 0; i < n; i++)
        s = gf128_xor(s, x[i]);
    return s;
}

/* Two blocks of check per leaf (figure 14's second half of the leaf's expansion). */
static void leaf_checks(const struct cot *c, const struct gf128 *leaf,
                        struct gf128 check[2 * COT_LEAVES])
{
    for (size_t i = 0; i < COT_LEAVES; i++) {
        check[2 * i] = leaf[i];
        check[2 * i + 1] = gf128_xor(leaf[i], (struct gf128){1, 0});
    }
    c->k.aes->mmo(&c->keys.check, check, check, 2 * COT_LEAVES);
}

static void check_hash(const struct gf128 check[2 * COT_LEAVES], unsigned field, struct hash *out)
{
    struct transcript t;

    transcript_init(&t, LABEL_PSI_COT);
    transcript_add_u64(&t, field);
    transcript_add(&t, bytes_of(check, 2 * COT_LEAVES * sizeof *check));
    transcript_hash(&t, out);
}

static void check_sums(const struct gf128 check[2 * COT_LEAVES], struct gf128 sum[2])
{
    sum[0] = sum[1] = (struct gf128){0, 0};
    for (size_t i = 0; i < 2 * COT_LEAVES; i++)
        sum[i & 1] = gf128_xor(sum[i & 1], check[i]);
}

/* A level's two sums, each under the key of the other side: who holds key s learns side 1 - s. */
static void put_sums(uint8_t out[32], struct gf128 left, struct gf128 right, uint8_t keys[2][32])
{
    gf128_store(out, gf128_xor(left, gf128_load(keys[1])));
    gf128_store(out + 16, gf128_xor(right, gf128_load(keys[0])));
}

static void field_trees(struct cot *c, unsigned f, uint8_t keys[COT_DEPTH][2][32], uint8_t *out)
{
    struct gf128 *x = c->leaf[f], check[2 * COT_LEAVES], sum[2];
    struct hash h;

    /* The root is of the receiver's own making: a part of a base key's other half. */
    x[0] = gf128_load(keys[0][0] + 16);
    x[0] = gf128_xor(x[0], gf128_load(keys[0][1] + 16));
    for (unsigned level = 0; level < COT_DEPTH; level++) {
        size_t n = (size_t)1 << level;
        grow(c, x, n);
        put_sums(out + 32 * level, sum_of(x, n), sum_of(x + n, n), keys[level]);
    }
    leaf_checks(c, x, check);
    check_sums(check, sum);
    check_hash(check, f, &h);
    gf128_store(out + 32 * COT_DEPTH, sum[0]);
    gf128_store(out + 32 * COT_DEPTH + 16, sum[1]);
    memcpy(out + 32 * COT_DEPTH + 32, h.b, 32);
    wipe(check, sizeof check);
}

void cot_receiver_trees(struct cot *c, uint8_t keys[OT_COUNT][2][32], uint8_t out[COT_TREE_BYTES])
{
    for (unsigned f = 0; f < COT_FIELDS; f++)
        field_trees(c, f, keys + COT_DEPTH * f, out + f * (COT_DEPTH * 32 + 64));
}

static uint64_t same(uint32_t a, uint32_t b)
{
    return 0 - (uint64_t)(((a ^ b) - 1) >> 31);
}

/* The sender's level: `path` (secret) is the node it lacks; `known` the sum of the side of the
 * next level that the path does not take, `right` all ones if that path goes right. */
static void grow_around(const struct cot *c, struct gf128 *x, uint32_t n, uint32_t path,
                        struct gf128 known, uint64_t right)
{
    struct gf128 l, r;

    grow(c, x, n);
    for (uint32_t i = 0; i < n; i++) {
        x[i] = pick(x[i], ~same(i, path));
        x[n + i] = pick(x[n + i], ~same(i, path));
    }
    l = pick(gf128_xor(sum_of(x, n), known), right);
    r = pick(gf128_xor(sum_of(x + n, n), known), ~right);
    for (uint32_t i = 0; i < n; i++) {
        x[i] = gf128_xor(x[i], pick(l, same(i, path)));
        x[n + i] = gf128_xor(x[n + i], pick(r, same(i, path)));
    }
}

/* Leaf y becomes leaf y ^ at: conditional exchanges, `at` is secret. */
static void turn_leaves(struct gf128 *x, uint32_t at)
{
    for (uint32_t bit = 1; bit < COT_LEAVES; bit <<= 1) {
        uint64_t on = 0 - (uint64_t)((at & bit) != 0);
        for (uint32_t i = 0; i < COT_LEAVES; i++) {
            struct gf128 t;
            if (i & bit)
                continue;
            t = pick(gf128_xor(x[i], x[i | bit]), on);
            x[i] = gf128_xor(x[i], t);
            x[i | bit] = gf128_xor(x[i | bit], t);
        }
    }
}

/* Recover the missing leaf's check from the sums and compare the hash of all. */
static bool check_leaves(const struct cot *c, unsigned f, uint32_t at, const struct gf128 *x,
                         const uint8_t in[64])
{
    struct gf128 check[2 * COT_LEAVES], sum[2];
    struct hash h;

    leaf_checks(c, x, check);
    for (uint32_t i = 0; i < COT_LEAVES; i++)
        for (unsigned j = 0; j < 2; j++)
            check[2 * i + j] = pick(check[2 * i + j], ~same(i, at));
    check_sums(check, sum);
    for (uint32_t i = 0; i < COT_LEAVES; i++)
        for (unsigned j = 0; j < 2; j++)
            check[2 * i + j] = gf128_xor(
                check[2 * i + j], pick(gf128_xor(sum[j], gf128_load(in + 16 * j)), same(i, at)));
    check_hash(check, f, &h);
    wipe(check, sizeof check);
    return ct_equal(h.b, in + 32, 32);
}

bool cot_sender_trees(struct cot *c, const uint8_t delta[16], uint8_t keys[OT_COUNT][32],
                      const uint8_t in[COT_TREE_BYTES], struct err *e)
{
    bool ok = true;

    c->delta = gf128_load(delta);
    for (unsigned f = 0; f < COT_FIELDS; f++, in += COT_DEPTH * 32 + 64) {
        struct gf128 *x = c->leaf[f];
        uint32_t at = delta[f]; /* secret */
        x[0] = (struct gf128){0, 0};
        for (unsigned level = 0; level < COT_DEPTH; level++) {
            uint64_t right = 0 - (uint64_t)(at >> level & 1);
            struct gf128 key = gf128_load(keys[COT_DEPTH * f + level]);
            struct gf128 l = gf128_load(in + 32 * level), r = gf128_load(in + 32 * level + 16);
            struct gf128 known = gf128_xor(key, gf128_xor(pick(l, right), pick(r, ~right)));
            grow_around(c, x, 1u << level, at & ((1u << level) - 1), known, right);
        }
        ok &= check_leaves(c, f, at, x, in + COT_DEPTH * 32);
        turn_leaves(x, at);
    }
    return ok || err_fail(e, ERR_PEER, "correlated transfers: the trees are inconsistent");
}

/* ---- rows --------------------------------------------------------------------------------- */

typedef uint64_t pair __attribute__((vector_size(16), may_alias));

/* From 256 streams: row i is the sum of those whose number has bit i; the return value the sum
 * of all. Halving: the upper half's sum is the highest row, then it is added to the lower. */
static struct gf128 fold_rows(struct gf128 *streams, struct gf128 row[COT_DEPTH])
{
    pair *r = (pair *)(void *)streams;

    for (unsigned i = COT_DEPTH; i-- > 0;) {
        size_t n = (size_t)1 << i;
        pair even = {0, 0}, odd = {0, 0};
        for (size_t j = 0; j < n; j++) {
            pair x = r[n + j];
            if (j & 1)
                odd ^= x;
            else
                even ^= x;
            r[j] ^= x;
        }
        even ^= odd;
        row[i] = (struct gf128){even[0], even[1]};
    }
    return streams[0];
}

/* One field's rows of one block. */
static struct gf128 field_rows(const struct cot *c, unsigned f, size_t block,
                               struct gf128 row[COT_DEPTH])
{
    struct gf128 r[COT_LEAVES];

    for (size_t y = 0; y < COT_LEAVES; y++)
        r[y] = gf128_xor(c->leaf[f][y], (struct gf128){block, 0});
    c->k.aes->mmo(&c->keys.stream, r, r, COT_LEAVES);
    return fold_rows(r, row);
}

void cot_receiver_blocks(struct cot *c, size_t first, size_t n, uint8_t *out, struct gf128 *u,
                         struct gf128 *t)
{
    for (size_t b = 0; b < n; b++, t += 128) {
        for (unsigned f = 0; f < COT_FIELDS; f++) {
            struct gf128 own = field_rows(c, f, first + b, t + COT_DEPTH * f);
            if (f == 0) {
                u[b] = own;
                continue;
            }
            gf128_store(out, gf128_xor(own, u[b]));
            out += 16;
        }
        cot_transpose(t);
    }
}

void cot_sender_blocks(struct cot *c, size_t first, size_t n, const uint8_t *in, struct gf128 *q)
{
    for (size_t b = 0; b < n; b++, q += 128) {
        for (unsigned f = 0; f < COT_FIELDS; f++) {
            struct gf128 correct = {0, 0}, *row = q + COT_DEPTH * f;
            uint64_t half = f < 8 ? c->delta.lo >> 8 * f : c->delta.hi >> 8 * (f - 8);
            field_rows(c, f, first + b, row);
            if (f > 0) {
                correct = gf128_load(in);
                in += 16;
            }
            for (unsigned i = 0; i < COT_DEPTH; i++)
                row[i] = gf128_xor(row[i], gf128_if(correct, half >> i & 1));
        }
        cot_transpose(q);
    }
}

/* Recursively: exchange the off-diagonal quarters of each square. */
void cot_transpose(struct gf128 x[128])
{
    static const uint64_t mask[6] = {0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f,
                                     0x00ff00ff00ff00ff, 0x0000ffff0000ffff, 0x00000000ffffffff};

    for (unsigned i = 0; i < 64; i++) {
        uint64_t t = x[i].hi;
        x[i].hi = x[64 + i].lo;
        x[64 + i].lo = t;
    }
    for (unsigned level = 0; level < 6; level++) {
        unsigned w = 1u << level;
        for (unsigned i = 0; i < 128; i++) {
            uint64_t a, b;
            if (i & w)
                continue;
            a = (x[i].lo >> w ^ x[i + w].lo) & mask[level];
            b = (x[i].hi >> w ^ x[i + w].hi) & mask[level];
            x[i].lo ^= a << w;
            x[i].hi ^= b << w;
            x[i + w].lo ^= a;
            x[i + w].hi ^= b;
        }
    }
}

/* ---- the check ---------------------------------------------------------------------------- */

static struct gf128 challenge(const struct hash *messages)
{
    uint8_t b[16];

    derive(messages->b, LABEL_PSI_COT, BYTES("challenge"), b, sizeof b);
    return gf128_load(b);
}

/* sum[k] = sum over blocks of chi^block * row k; block 0, the mask, has coefficient 1. */
static void hash_rows(struct cot *c, struct gf128 chi, size_t n, const struct gf128 *t)
{
    struct gf128 power = {1, 0}, row[128];

    memset(c->sum, 0, sizeof c->sum);
    for (size_t b = 0; b < n; b++, t += 128) {
        memcpy(row, t, sizeof row);
        cot_transpose(row);
        c->k.gf->scale_acc(c->sum, row, &power, 128);
        c->k.gf->mul(&power, &power, &chi, 1);
    }
    wipe(row, sizeof row);
}

static void sums_hash(const struct gf128 sum[128], struct hash *out)
{
    struct transcript t;

    transcript_init(&t, LABEL_PSI_COT);
    transcript_add(&t, bytes_of(sum, 128 * sizeof *sum));
    transcript_hash(&t, out);
}

void cot_receiver_check(struct cot *c, const struct hash *messages, size_t n, const struct gf128 *u,
                        const struct gf128 *t, uint8_t out[COT_CHECK_BYTES])
{
    struct gf128 chi = challenge(messages), power = {1, 0}, sum = {0, 0};
    struct hash h;

    for (size_t b = 0; b < n; b++) {
        c->k.gf->scale_acc(&sum, &u[b], &power, 1);
        c->k.gf->mul(&power, &power, &chi, 1);
    }
    hash_rows(c, chi, n, t);
    sums_hash(c->sum, &h);
    gf128_store(out, sum);
    memcpy(out + 16, h.b, 32);
}

void cot_sender_sums(struct cot *c, const struct hash *messages, size_t n, const struct gf128 *q)
{
    hash_rows(c, challenge(messages), n, q);
}

bool cot_sender_check(struct cot *c, const uint8_t in[COT_CHECK_BYTES], struct err *e)
{
    struct gf128 u = gf128_load(in);
    struct hash h;

    for (unsigned k = 0; k < 128; k++) {
        uint64_t bit = (k < 64 ? c->delta.lo >> k : c->delta.hi >> (k - 64)) & 1; /* secret */
        c->sum[k] = gf128_xor(c->sum[k], gf128_if(u, bit));
    }
    sums_hash(c->sum, &h);
    return ct_equal(h.b, in + 16, 32) ||
           err_fail(e, ERR_PEER, "correlated transfers: the check fails");
}

void cot_wipe(struct cot *c)
{
    wipe(c, sizeof *c);
}
