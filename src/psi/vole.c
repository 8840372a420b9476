#include "psi/vole.h"

struct gf128 *vole_array(struct arena *a, size_t n, struct err *e)
{
    uint8_t *p = arena_get_array(a, n + 4, sizeof(struct gf128), e);

    return p ? (struct gf128 *)(void *)(p + (64 - (uintptr_t)p % 64) % 64) : NULL;
}

bool vole_init(struct vole *v, const struct psi_kernels *k, const uint8_t sid[32], unsigned log_k,
               unsigned groups, bool narrow, struct arena *a, struct err *e)
{
    uint8_t key[16];

    memset(v, 0, sizeof *v);
    v->k = *k;
    memcpy(v->sid, sid, 32);
    derive(sid, LABEL_PSI_CODE, BYTES("code"), key, sizeof key);
    v->x = vole_array(a, (size_t)2 << log_k, e);
    if (!v->x || !code_init(&v->code, log_k, groups, k->aes, key, a, e))
        return false;
    v->code.narrow = narrow;
    return true;
}

/* Sum of x^i * t[i]. */
static struct gf128 pack(const struct gf128 t[128])
{
    struct gf128 s = {0, 0};

    for (unsigned i = 128; i-- > 0;)
        s = gf128_xor(gf128_double(s), t[i]);
    return s;
}

/* The same in the subfield's basis, from 64. */
static struct gf128 pack_narrow(const struct vole *v, const struct gf128 t[64])
{
    struct gf128 basis[64], s = {0, 0};
    uint64_t unit[64];

    for (unsigned i = 0; i < 64; i++)
        unit[i] = (uint64_t)1 << i;
    v->k.gf64->widen(basis, unit, 64);
    v->k.gf->mul(basis, basis, t, 64);
    for (unsigned i = 0; i < 64; i++)
        s = gf128_xor(s, basis[i]);
    return s;
}

static void pack_all(const struct vole *v, const struct gf128 *t, struct gf128 *out)
{
    bool narrow = v->code.narrow;

    for (size_t i = 0; i < vole_kept(narrow); i++)
        out[i] = narrow ? pack_narrow(v, t + 64 * i) : pack(t + 128 * i);
}

void vole_sender_base(struct vole *v, struct gf128 delta, const struct gf128 *q)
{
    v->delta = delta;
    pack_all(v, q, v->kept);
}

void vole_receiver_base(struct vole *v, const struct gf128 *t, const struct gf128 *bits)
{
    size_t n = vole_kept(v->code.narrow);

    pack_all(v, t, v->kept2);
    if (v->code.narrow)
        v->k.gf64->widen(v->kept, (const uint64_t *)(const void *)bits, n);
    else
        memcpy(v->kept, bits, n * sizeof *bits);
}

/* What hides an answer, or a check value: the kept outputs that are no noise. */
static struct gf128 mask_of(const struct vole *v, const struct gf128 *kept)
{
    struct gf128 m = kept[VOLE_TREES];

    return v->code.narrow ? gf128_xor(m, gf128_double(kept[VOLE_TREES + 1])) : m;
}

/* A chunk has keys of its own, so that what is hashed under one key stays below 2^18 blocks. */
static void chunk_keys(const struct vole *v, uint64_t chunk, struct ggm_keys *k)
{
    uint8_t context[8], key[32];

    for (unsigned i = 0; i < 8; i++)
        context[i] = (uint8_t)(chunk >> 8 * i);
    derive(v->sid, LABEL_PSI_VOLE, bytes_of(context, 8), key, sizeof key);
    aes_key_init(&k->node, key);
    aes_key_init(&k->leaf, key + 16);
}

static struct gf128 challenge(const struct vole *v, uint64_t chunk, const uint8_t *message)
{
    struct hash h;
    uint8_t b[16];
    struct transcript t;

    blake2s_tree(v->k.blake2s, bytes_of(message, vole_message_bytes(v->code.log_k)), &h);
    transcript_init(&t, LABEL_PSI_VOLE);
    transcript_add(&t, bytes_of(v->sid, 32));
    transcript_add_u64(&t, chunk);
    transcript_add(&t, hash_bytes(&h));
    transcript_hash(&t, &h);
    derive(h.b, LABEL_PSI_VOLE, BYTES("challenge"), b, sizeof b);
    return gf128_load(b);
}

void vole_send(struct vole *v, uint64_t chunk, const uint8_t seed[16], const struct gf128 *q,
               uint8_t *message, struct gf128 *check)
{
    unsigned depth = vole_depth(v->code.log_k);
    size_t leaves = (size_t)1 << depth, n = (size_t)2 << v->code.log_k;
    struct gf128 root[VOLE_TREES], left[GGM_DEPTH_MOST], sum, chi;
    uint8_t *out = message;
    struct ggm_keys keys;
    struct aes_key roots;

    aes_key_init(&roots, seed);
    v->k.aes->ctr(&roots, root, 0, VOLE_TREES);
    chunk_keys(v, chunk, &keys);
    for (size_t i = 0; i < VOLE_TREES; i++) {
        v->k.ggm->full(&keys, root[i], v->delta, depth, v->x + leaves * i, left, &sum);
        for (unsigned level = 0; level < depth; level++, out += 16)
            gf128_store(out, gf128_xor(*q++, left[level]));
        gf128_store(out, gf128_xor(sum, v->kept[i]));
        out += 16;
    }
    chi = challenge(v, chunk, message);
    *check = gf128_xor(v->k.gf->power_sum(&chi, v->x, n), mask_of(v, v->kept));
    v->k.code->encode(&v->code, v->x);
    memcpy(v->kept, v->x, sizeof v->kept);
    wipe(root, sizeof root);
    wipe(&roots, sizeof roots);
}

struct receiving {
    struct ggm_keys keys;
    struct gf128 square[GGM_DEPTH_MOST]; /* chi^(2^i) */
    struct gf128 chi, jump, at;          /* chi^leaves, and to the power of the tree's number */
    struct gf128 x, check;
};

static struct gf128 mul(const struct vole *v, struct gf128 a, struct gf128 b)
{
    struct gf128 out;

    v->k.gf->mul(&out, &a, &b, 1);
    return out;
}

/* chi^(hole + 1), by squares; hole is secret. */
static struct gf128 power_of(const struct vole *v, const struct receiving *r, unsigned depth,
                             uint32_t hole)
{
    struct gf128 p = r->chi, one = {1, 0};

    for (unsigned i = 0; i < depth; i++) {
        uint64_t bit = hole >> i & 1;
        p = mul(v, p, gf128_xor(gf128_if(r->square[i], bit), gf128_if(one, bit ^ 1)));
    }
    return p;
}

/* One tree: its leaves into w with the hole filled, its share of the check. Returns the hole. */
static uint32_t receive_tree(struct vole *v, struct receiving *r, size_t i, uint32_t bits,
                             const struct gf128 *t, const uint8_t *in, struct gf128 *w,
                             struct gf128 *fill)
{
    unsigned depth = vole_depth(v->code.log_k);
    uint32_t hole = ~bits & ((1u << depth) - 1); /* secret */
    struct gf128 side[GGM_DEPTH_MOST], sum, power;

    for (unsigned level = 0; level < depth; level++)
        side[level] = gf128_xor(gf128_load(in + 16 * level), t[level]);
    v->k.ggm->punctured(&r->keys, depth, hole, side, w, &sum);
    *fill = gf128_xor(gf128_xor(gf128_load(in + 16 * depth), v->kept2[i]), sum);
    power = power_of(v, r, depth, hole);
    sum = gf128_xor(v->k.gf->power_sum(&r->chi, w, (size_t)1 << depth), mul(v, power, *fill));
    r->check = gf128_xor(r->check, mul(v, r->at, sum));
    r->x = gf128_xor(r->x, mul(v, r->at, mul(v, power, v->kept[i])));
    r->at = mul(v, r->at, r->jump);
    return hole;
}

/* Tree bits number `from` to from + depth of the chunk, lowest first. */
static uint32_t bits_at(const struct gf128 *bits, size_t from, unsigned depth)
{
    uint32_t out = 0;

    for (unsigned i = 0; i < depth; i++) {
        size_t n = from + i;
        uint64_t half = n % 128 < 64 ? bits[n / 128].lo : bits[n / 128].hi;
        out |= (uint32_t)(half >> n % 64 & 1) << i;
    }
    return out;
}

static void start_receiving(struct vole *v, struct receiving *r, uint64_t chunk,
                            const uint8_t *message)
{
    unsigned depth = vole_depth(v->code.log_k);

    memset(r, 0, sizeof *r);
    chunk_keys(v, chunk, &r->keys);
    r->chi = challenge(v, chunk, message);
    r->square[0] = r->chi;
    for (unsigned i = 1; i < depth; i++)
        r->square[i] = mul(v, r->square[i - 1], r->square[i - 1]);
    r->jump = mul(v, r->square[depth - 1], r->square[depth - 1]);
    r->at = (struct gf128){1, 0};
}

void vole_receive(struct vole *v, uint64_t chunk, const struct gf128 *t, const struct gf128 *bits,
                  const uint8_t *message, struct gf128 *a, struct gf128 *c, struct gf128 *answer,
                  struct gf128 *check)
{
    unsigned depth = vole_depth(v->code.log_k);
    size_t leaves = (size_t)1 << depth, k = (size_t)1 << v->code.log_k;
    struct gf128 w[(size_t)1 << GGM_DEPTH_MOST], fill;
    struct receiving r;

    start_receiving(v, &r, chunk, message);
    for (size_t i = 0; i < VOLE_TREES; i++) {
        size_t at = leaves * i;
        uint32_t hole = receive_tree(v, &r, i, bits_at(bits, depth * i, depth), t + depth * i,
                                     message + 16 * (depth + 1) * i, w, &fill);
        if (at < k)
            v->k.ggm->place(w, leaves, hole, v->kept[i], fill, a + at, c + at, 1);
        else
            v->k.ggm->place(w, leaves, hole, v->kept[i], fill, v->x + 2 * (at - k),
                            v->x + 2 * (at - k) + 1, 2);
    }
    *answer = gf128_xor(r.x, mask_of(v, v->kept));
    *check = gf128_xor(r.check, mask_of(v, v->kept2));
    v->k.code->encode_pair(&v->code, a, c, v->x);
    memcpy(v->kept, a, sizeof v->kept);
    memcpy(v->kept2, c, sizeof v->kept2);
    wipe(w, sizeof w);
    wipe(&r, sizeof r);
}
