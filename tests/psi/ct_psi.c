/* Constant time: kernels run under valgrind with their secrets marked as undefined. A branch or an
 * address that depends on one is an error there. `make ct` runs this portable and with AVX2
 * (valgrind hides AVX-512 from the program). Not covered, by design: the encoder of the OKVS and
 * the sorting of tags, whose access pattern depends on the list (doc/formats/psi.md, section 8).
 */
#include "psi/cot.h"
#include "psi/vole.h"

#include <stdio.h>
#include <stdlib.h>
#include <valgrind/memcheck.h>

static unsigned failures;

/* Errors since the last time: `allowed` are comparisons whose outcome ends the run in the open. */
static void no_errors(const char *what, unsigned allowed)
{
    static unsigned before;
    unsigned now = (unsigned)VALGRIND_COUNT_ERRORS;

    printf("%s %s (%u)\n", now - before > allowed ? "not ok" : "ok", what, now - before);
    failures += now - before > allowed;
    before = now;
}

static void secret(void *p, size_t n)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

static void public(void *p, size_t n)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(p, n);
}

static void field(const struct psi_kernels *k)
{
    struct gf128 x[37], y[37], z[37];

    os_random(os_system(), x, sizeof x);
    os_random(os_system(), y, sizeof y);
    secret(x, sizeof x);
    secret(y, sizeof y);
    k->gf->mul(z, x, y, 37);
    k->gf->scale_acc(z, x, y, 37);
    z[0] = k->gf->power_sum(y, x, 37);
    k->gf->poly_acc(z, x, y, 3, 37);
    no_errors("field", 0);
}

static void subfield(const struct psi_kernels *k)
{
    uint64_t words[37];
    struct gf128 x[37];

    os_random(os_system(), words, sizeof words);
    secret(words, sizeof words);
    k->gf64->widen(x, words, 37);
    gf64_project(k->gf64, x, 37);
    no_errors("subfield", 0);
}

static void blocks(const struct psi_kernels *k)
{
    struct gf128 x[70], y[70];
    struct aes_key a, b;
    uint8_t key[32] = {1};

    secret(key, sizeof key);
    aes_key_init(&a, key);
    aes_key_init(&b, key + 16);
    memset(x, 3, sizeof x);
    secret(x, sizeof x);
    k->aes->encrypt(&a, y, x, 37);
    k->aes->mmo(&a, y, x, 37);
    k->aes->ctr(&a, y, 5, 37);
    k->aes->digest(&a, &b, y, x, 35);
    no_errors("AES", 0);
}

static void trees(const struct psi_kernels *k)
{
    static struct gf128 v[512], a[1024], b[1024];
    struct gf128 left[9], sum, root = {1, 2}, delta = {3, 4};
    struct ggm_keys keys;
    uint8_t key[16] = {1};
    uint32_t hole = 300;

    aes_key_init(&keys.node, key);
    keys.leaf = keys.node;
    secret(&root, sizeof root);
    secret(&delta, sizeof delta);
    secret(&hole, sizeof hole);
    k->ggm->full(&keys, root, delta, 9, v, left, &sum);
    k->ggm->punctured(&keys, 9, hole, left, v, &sum);
    k->ggm->place(v, 512, hole, root, delta, a, b, 1);
    k->ggm->place(v, 512, hole, root, delta, a, a + 1, 2);
    no_errors("half-trees", 0);
}

static void code(const struct psi_kernels *k)
{
    struct arena *a = arena_new((size_t)1 << 26);
    struct err e = {0};
    uint8_t key[16] = {1};
    struct code c;
    struct gf128 *x = arena_get_array(a, 4096, sizeof *x, &e);

    if (!code_init(&c, 10, 1, k->aes, key, a, &e))
        abort();
    secret(x, 4096 * sizeof *x);
    k->code->encode(&c, x);
    c.narrow = true;
    k->code->encode(&c, x);
    k->code->encode_pair(&c, x, x + 1024, x + 2048);
    no_errors("code", 0);
    arena_free(a);
}

/* The whole of both sides of transfers and VOLE, keys and delta secret. */
static void transfers(const struct psi_kernels *k)
{
    enum { BLOCKS = 1 + VOLE_TREES + 1 + 10 };
    struct arena *a = arena_new((size_t)1 << 28);
    struct err e = {0};
    struct cot *r = arena_get(a, sizeof *r, &e), *s = arena_get(a, sizeof *s, &e);
    uint8_t(*pairs)[2][32] = arena_get(a, sizeof(uint8_t[OT_COUNT][2][32]), &e);
    uint8_t(*chosen)[32] = arena_get(a, sizeof(uint8_t[OT_COUNT][32]), &e);
    uint8_t *tree = arena_get(a, COT_TREE_BYTES, &e), delta[16], sid[32] = {9};
    uint8_t *corrections = arena_get(a, BLOCKS * COT_BLOCK_BYTES, &e), check[COT_CHECK_BYTES];
    struct gf128 *u = arena_get_array(a, BLOCKS, 16, &e);
    struct gf128 *t = arena_get_array(a, BLOCKS * 128, 16, &e);
    struct gf128 *q = arena_get_array(a, BLOCKS * 128, 16, &e);
    struct hash h = {{1}};

    os_random(os_system(), delta, sizeof delta);
    for (unsigned i = 0; i < OT_COUNT; i++) {
        os_random(os_system(), pairs[i], 64);
        memcpy(chosen[i], pairs[i][delta[i / 8] >> i % 8 & 1], 32);
    }
    secret(pairs, sizeof(uint8_t[OT_COUNT][2][32]));
    secret(chosen, sizeof(uint8_t[OT_COUNT][32]));
    secret(delta, sizeof delta);
    r->k = s->k = *k;
    cot_keys_init(&r->keys, sid);
    s->keys = r->keys;
    cot_receiver_trees(r, pairs, tree);
    public(tree, COT_TREE_BYTES); /* sent */
    no_errors("the receiver's seed trees", 0);
    if (!cot_sender_trees(s, delta, chosen, tree, &e))
        abort();
    no_errors("the sender's seed trees, but for the verdict", 2);
    cot_receiver_blocks(r, 0, BLOCKS, corrections, u, t);
    public(corrections, BLOCKS * COT_BLOCK_BYTES);
    cot_sender_blocks(s, 0, BLOCKS, corrections, q);
    cot_receiver_check(r, &h, BLOCKS, u, t, check);
    public(check, sizeof check);
    no_errors("transfers", 0);
    cot_sender_sums(s, &h, BLOCKS, q);
    if (!cot_sender_check(s, check, &e))
        abort();
    no_errors("the check of transfers, but for the verdict", 2);
    {
        struct vole *vs = arena_get(a, sizeof *vs, &e), *vr = arena_get(a, sizeof *vr, &e);
        struct gf128 *va = arena_get_array(a, 4096, 16, &e), *vc = arena_get_array(a, 4096, 16, &e);
        struct gf128 half, answer, proof;
        uint8_t *m = arena_get(a, vole_message_bytes(12), &e), seed[16] = {5};
        if (!vole_init(vs, k, sid, 12, 1, false, a, &e) ||
            !vole_init(vr, k, sid, 12, 1, false, a, &e))
            abort();
        secret(seed, sizeof seed);
        vole_sender_base(vs, s->delta, q + 128);
        vole_receiver_base(vr, t + 128, u + 1);
        vole_send(vs, 0, seed, q + 128 * (1 + vole_base_blocks(false)), m, &half);
        public(m, vole_message_bytes(12));
        no_errors("the sender's chunk", 0);
        vole_receive(vr, 0, t + 128 * (1 + vole_base_blocks(false)),
                     u + 1 + vole_base_blocks(false), m, va, vc, &answer, &proof);
        no_errors("the receiver's chunk", 0);
        public(&answer, sizeof answer);
        half = vole_check(vs, half, answer);
        if (!ct_equal(&half, &proof, sizeof half))
            abort();
        no_errors("the check of the chunk, but for the verdict", 1);
    }
    arena_free(a);
}

static void choosing(void)
{
    static struct ot_chooser c;
    static uint8_t offer[OT_OFFER_BYTES], sid[32] = {1}, bits[16] = {0x35};

    secret(bits, sizeof bits);
    ot_choose(&c, os_system(), sid, bits, offer);
    /* libsodium asks of both operands whether they are points, which these always are. */
    no_errors("choosing", 2 * OT_COUNT);
}

int main(void)
{
    struct psi_kernels k = psi_kernels_best(cpu_features());

    if (!RUNNING_ON_VALGRIND || !crypto_init()) {
        fprintf(stderr, "run it under valgrind: make ct\n");
        return 2;
    }
    printf("kernels: %s\n", k.aes->name);
    field(&k);
    subfield(&k);
    blocks(&k);
    trees(&k);
    code(&k);
    choosing();
    transfers(&k);
    return failures != 0;
}
