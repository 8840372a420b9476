/* Known answers, layer by layer and for whole runs with fixed randomness, on every variant that
 * the machine has: tests/vectors/psi.txt. Each line is a name and a value in hex; what they mean
 * stands in doc/formats/psi.md, appendix B. ENTENTE_PSI_PRINT=1 prints them. */
#include "pair.h"

#include <stdlib.h>

static struct bytes file;
static bool print;

static void check(const char *name, const void *p, size_t n)
{
    struct bytes rest = file, line;
    char want[600];
    size_t at = strlen(name);

    assert_true(at + 2 + 2 * n < sizeof want);
    memcpy(want, name, at);
    want[at] = ' ';
    hex_encode(want + at + 1, p, n);
    want[at + 1 + 2 * n] = '\0';
    if (print)
        printf("%s\n", want);
    while (!print && bytes_next_line(&rest, &line))
        if (bytes_start_with(line, name) && line.n > at && line.p[at] == ' ') {
            if (!bytes_are(line, want))
                fail_msg("%s\nexpected %.*s", want, BYTES_FMT(line));
            return;
        }
    assert_true(print);
}

static void check_hash(const char *name, const void *p, size_t n)
{
    struct hash h;

    sha256(bytes_of(p, n), &h);
    check(name, h.b, 32);
}

static void count_up(void *p, size_t n, uint8_t from)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)p)[i] = (uint8_t)(from + i);
}

static void items(const struct psi_kernels *k)
{
    struct err e = {0};
    struct psi_set *s = psi_set_new(2, &e);
    struct psi_digest d[2];
    struct okvs_shape shape = {64654, 3};
    struct aes_key key[4];
    struct gf128 hash, dense, value;
    uint8_t salt[32], raw[64], row_bytes[6];
    okvs_row row;

    must(psi_set_add(s, BYTES("example.com"), &e), &e);
    memcpy(d, psi_set_digests(s), 32);
    psi_set_free(s);
    check("item", d, 32);
    count_up(salt, 32, 0);
    psi_key_of(salt, LABEL_PSI_ROW, "keys", 0, raw, sizeof raw);
    check("row-keys", raw, sizeof raw);
    for (unsigned i = 0; i < 4; i++)
        aes_key_init(&key[i], raw + 16 * i);
    k->aes->digest(&key[0], &key[1], &hash, (const struct gf128 *)(const void *)d, 1);
    k->aes->mmo(&key[2], &dense, &hash, 1);
    k->aes->mmo(&key[3], &value, &hash, 1);
    check("row-hash", &hash, 16);
    check("row-dense", &dense, 16);
    check("row-value", &value, 16);
    okvs_rows(&shape, &hash, &row, 1);
    for (unsigned i = 0; i < 3; i++) {
        row_bytes[2 * i] = (uint8_t)(row[i] >> 8);
        row_bytes[2 * i + 1] = (uint8_t)row[i];
    }
    check("row-columns", row_bytes, 6);
}

static void trees(const struct psi_kernels *k)
{
    struct ggm_keys keys;
    struct gf128 v[512], left[9], sum, root, delta, chi;
    uint8_t raw[32];

    count_up(raw, 32, 0);
    aes_key_init(&keys.node, raw);
    aes_key_init(&keys.leaf, raw + 16);
    count_up(&root, 16, 0x20);
    count_up(&delta, 16, 0x30);
    count_up(&chi, 16, 0x40);
    k->ggm->full(&keys, root, delta, 9, v, left, &sum);
    check("tree-left", left, sizeof left);
    check("tree-sum", &sum, 16);
    check_hash("tree-values", v, sizeof v);
    sum = k->gf->power_sum(&chi, v, 512);
    check("tree-power-sum", &sum, 16);
}

static void codes(const struct psi_kernels *k)
{
    struct arena *a = test_arena();
    struct err e = {0};
    struct gf128 *x = arena_get_array(a, 8192, 16, &e);
    struct aes_key key;
    uint8_t raw[16];

    count_up(raw, 16, 0);
    aes_key_init(&key, raw);
    for (unsigned groups = 1; groups <= 3; groups += 2) {
        struct code c;
        must(code_init(&c, 12, groups, k->aes, raw, a, &e), &e);
        k->aes->ctr(&key, x, 0, 8192);
        k->code->encode(&c, x);
        check(groups == 1 ? "code-7x24-first" : "code-21x24-first", x, 16);
        check_hash(groups == 1 ? "code-7x24" : "code-21x24", x, 4096 * 16);
        c.narrow = true;
        k->aes->ctr(&key, x, 0, 8192);
        gf64_project(k->gf64, x, 8192);
        k->code->encode(&c, x);
        check(groups == 1 ? "code-narrow-7x24-first" : "code-narrow-21x24-first", x, 16);
        check_hash(groups == 1 ? "code-narrow-7x24" : "code-narrow-21x24", x, 4096 * 16);
    }
    arena_free(a);
}

static void subfield(const struct psi_kernels *k)
{
    static const uint64_t in[4] = {1, 2, 0x0123456789abcdef, UINT64_MAX};
    struct gf128 out[4];

    k->gf64->widen(out, in, 4);
    check("subfield-wide", out, sizeof out);
    check("subfield-theta", &gf64_theta, 16);
}

static void transfers(const struct psi_kernels *k)
{
    enum { BLOCKS = 1 + VOLE_TREES + 1 + 10 };
    struct arena *a = test_arena();
    struct err e = {0};
    struct cot *r = arena_get(a, sizeof *r, &e);
    struct vole *v = arena_get(a, sizeof *v, &e);
    uint8_t(*pairs)[2][32] = arena_get(a, sizeof(uint8_t[OT_COUNT][2][32]), &e);
    uint8_t *out = arena_get(a, BLOCKS * COT_BLOCK_BYTES, &e), sid[32], seed[16], last[48];
    struct gf128 *u = arena_get_array(a, BLOCKS, 16, &e), delta, half;
    struct gf128 *t = arena_get_array(a, BLOCKS * 128, 16, &e);
    struct hash h;

    count_up(sid, 32, 0);
    count_up(seed, 16, 7);
    count_up(pairs, sizeof(uint8_t[OT_COUNT][2][32]), 1);
    count_up(h.b, 32, 9);
    count_up(&delta, 16, 0x30);
    r->k = *k;
    cot_keys_init(&r->keys, sid);
    cot_receiver_trees(r, pairs, out);
    check_hash("transfer-trees", out, COT_TREE_BYTES);
    cot_receiver_blocks(r, 0, BLOCKS, out, u, t);
    check("transfer-bits", u, 16);
    check("transfer-t", t, 16);
    check_hash("transfer-corrections", out, BLOCKS * COT_BLOCK_BYTES);
    cot_receiver_check(r, &h, BLOCKS, u, t, last);
    check("transfer-check", last, sizeof last);
    must(vole_init(v, k, sid, 12, 1, false, a, &e), &e);
    for (size_t i = 0; i < BLOCKS * 128; i++) { /* q, as the sender with this delta has it */
        uint64_t bit = (i % 128 < 64 ? u[i / 128].lo : u[i / 128].hi) >> i % 64 & 1;
        t[i] = gf128_xor(t[i], gf128_if(delta, bit));
    }
    vole_sender_base(v, delta, t + 128);
    vole_send(v, 0, seed, t + 128 * (1 + vole_base_blocks(false)), out, &half);
    check_hash("chunk-message", out, vole_message_bytes(12));
    check("chunk-check-half", &half, 16);
    check_hash("chunk-b", v->x, 4096 * 16);
    arena_free(a);
}

static void reply(const struct psi_kernels *k)
{
    struct arena *a = test_arena();
    struct psi_plan plan;
    struct tags t = {0};
    struct gf128 v[40], room[40];
    struct err e = {0};
    struct aes_key key;
    uint8_t high[64] = {0}, low[1000] = {0}, raw[16];

    count_up(raw, 16, 0);
    aes_key_init(&key, raw);
    must(psi_plan_make(&plan, 5, 24, PSI_MALICIOUS, PSI_CODE_7X24, &e), &e);
    k->aes->ctr(&key, v, 0, 40);
    must(tags_init(&t, v, plan.y, NULL, room, a, &e), &e);
    tags_sort(&t, 0, tags_buckets(&t));
    tags_put_high(&plan, &t, high);
    tags_put_low(&plan, &t, 0, (size_t)plan.y, low);
    check("reply-high", high, plan.high_bytes);
    check_hash("reply-low", low, tags_low_bytes(&plan, (size_t)plan.y));
    arena_free(a);
}

static void fixed_random(void *self, void *out, size_t n)
{
    rng_bytes(self, out, n);
}

static void whole(uint32_t cpu)
{
    static const char *const names[] = {"run-malicious", "run-semi-honest"};
    uint64_t x[700], y[700];

    for (size_t i = 0; i < 700; i++) {
        x[i] = i;
        y[i] = i + 350;
    }
    for (int mode = 0; mode < 2; mode++) {
        struct psi_options o[2] = {options_of(PSI_RECEIVER, (enum psi_mode)mode),
                                   options_of(PSI_SENDER, (enum psi_mode)mode)};
        struct rng r[2] = {rng_of(1), rng_of(2)};
        struct os_ops ops[2] = {*os_system()->ops, *os_system()->ops};
        struct os os[2] = {{&ops[0], &r[0]}, {&ops[1], &r[1]}};
        struct psi_summary s;
        struct pair p;
        uint64_t n;
        for (unsigned i = 0; i < 2; i++) {
            ops[i].random = fixed_random;
            o[i].os = &os[i];
            o[i].cpu = cpu;
            o[i].cpu_given = true;
        }
        p = open_pair(o, set_of(x, 700), set_of(y, 700));
        run_pair(&p);
        assert_int_equal(p.end[0], PSI_DONE);
        psi_matches(p.side[0], &n);
        assert_int_equal(n, 350);
        s = psi_summary(p.side[0]);
        check(names[mode], s.transcript.b, 32);
        close_pair(&p);
    }
}

static void every_variant_gives_the_known_answers(void **state)
{
    struct arena *a = test_arena();
    static const uint32_t levels[] = {0, CPU_AVX2 | CPU_AES | CPU_PCLMUL, UINT32_MAX};

    (void)state;
    print = getenv("ENTENTE_PSI_PRINT") != NULL;
    crypto_init();
    if (!print)
        file = test_vector(a, "psi.txt");
    for (size_t i = 0; i < 3; i++) {
        uint32_t cpu = cpu_features() & levels[i];
        struct psi_kernels k = psi_kernels_best(cpu);
        items(&k);
        trees(&k);
        codes(&k);
        subfield(&k);
        transfers(&k);
        reply(&k);
        whole(cpu);
        if (print)
            break;
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_variant_gives_the_known_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
