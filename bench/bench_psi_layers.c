/* psi, layer by layer: what one unit of each kernel costs in each spelling this machine has.
 *
 *     {"bench":"psi-layers/gf128-mul","unit":"ns","per":"product","portable":[27.1,99],
 *      "avx2":[2.0,7.4],"avx512":[1.1,4.0],"ratio":24.6}
 *
 * Pairs are nanoseconds and cycles of processor time, the least of several rounds; ratio is that of
 * the portable spelling to the fastest. psi-layers/run is a whole comparison of 2^16 items, both
 * parties on one core: the ratio to which the portable build as a whole is held is 12.
 */
#include "bench.h"

#include "base/cpu.h"
#include "psi/session_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 5
#define LEVELS 3

struct data {
    struct psi_kernels k;
    struct arena *arena;
    struct gf128 *x, *y, *z, *d; /* 2^17 elements each */
    uint64_t *words;
    struct aes_key key, other;
    struct ggm_keys trees;
    struct code code;
    struct okvs_shape shape[2]; /* three hashes, a band */
    struct okvs_encoder *encoder[2];
    okvs_row *rows;
    struct cot *cot;
};

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#define ITEMS 50000
#define K ((size_t)1 << 16)

/* Each returns how many units it did. */
static size_t do_mul(struct data *d)
{
    d->k.gf->mul(d->z, d->x, d->y, 4096);
    return 4096;
}

static size_t do_scale(struct data *d)
{
    d->k.gf->scale_acc(d->z, d->x, d->y, 4096);
    return 4096;
}

static size_t do_power_sum(struct data *d)
{
    d->z[0] = d->k.gf->power_sum(d->y, d->x, 4096);
    return 4096;
}

static size_t do_poly(struct data *d)
{
    d->k.gf->poly_acc(d->z, d->x, d->y, 3, 4096);
    return 4096;
}

static size_t do_widen(struct data *d)
{
    d->k.gf64->widen(d->z, d->words, 4096);
    return 4096;
}

static size_t do_mmo(struct data *d)
{
    d->k.aes->mmo(&d->key, d->z, d->x, 4096);
    return 4096;
}

static size_t do_ctr(struct data *d)
{
    d->k.aes->ctr(&d->key, d->z, 7, 4096);
    return 4096;
}

static size_t do_digest(struct data *d)
{
    d->k.aes->digest(&d->key, &d->other, d->z, d->x, 4096);
    return 4096;
}

static size_t do_blake2s(struct data *d)
{
    static const uint32_t t[16] = {64};
    const uint8_t *block[16];
    uint32_t h[8][16] = {{0}};

    for (unsigned j = 0; j < 16; j++)
        block[j] = (const uint8_t *)(d->x + 4 * j);
    for (unsigned i = 0; i < 64; i++)
        d->k.blake2s->compress16(h, block, t, true);
    d->z[0].lo ^= h[0][0];
    return 64 * 16;
}

static size_t do_full(struct data *d)
{
    struct gf128 left[GGM_DEPTH_MOST], sum;

    for (unsigned i = 0; i < 16; i++)
        d->k.ggm->full(&d->trees, d->x[i], d->y[0], 9, d->z, left, &sum);
    return 16 * 512;
}

static size_t do_punctured(struct data *d)
{
    struct gf128 sum;

    for (unsigned i = 0; i < 16; i++)
        d->k.ggm->punctured(&d->trees, 9, 77, d->x, d->z, &sum);
    return 16 * 512;
}

static size_t do_encode(struct data *d)
{
    d->code.narrow = false;
    d->k.code->encode(&d->code, d->d);
    return K;
}

static size_t do_encode_pair(struct data *d)
{
    d->code.narrow = false;
    d->k.code->encode_pair(&d->code, d->y, d->z, d->d);
    return K;
}

static size_t do_encode_narrow(struct data *d)
{
    d->code.narrow = true;
    d->k.code->encode_pair(&d->code, d->y, d->z, d->d);
    return K;
}

static size_t encode(struct data *d, unsigned scheme)
{
    struct err e = {0};

    okvs_rows(&d->shape[scheme], d->x, d->rows, ITEMS);
    if (!okvs_encode(d->encoder[scheme], &d->shape[scheme], d->x, (const okvs_row *)d->rows,
                     d->x + 1, d->x + 2, ITEMS, &d->key, 0, d->d, &e))
        fprintf(stderr, "bench_psi_layers: %s\n", e.text);
    return ITEMS;
}

static size_t decode(struct data *d, unsigned scheme)
{
    okvs_rows(&d->shape[scheme], d->x, d->rows, ITEMS);
    okvs_decode(&d->k, &d->shape[scheme], d->d, d->x, (const okvs_row *)d->rows, d->x + 1, d->z,
                ITEMS);
    return ITEMS;
}

static size_t do_okvs(struct data *d)
{
    return encode(d, 0);
}

static size_t do_okvs_decode(struct data *d)
{
    return decode(d, 0);
}

static size_t do_band(struct data *d)
{
    return encode(d, 1);
}

static size_t do_band_decode(struct data *d)
{
    return decode(d, 1);
}

static size_t do_transfers(struct data *d)
{
    cot_receiver_blocks(d->cot, 0, 16, (uint8_t *)d->y, d->d, d->z);
    return 16 * 128;
}

static size_t do_sort(struct data *d)
{
    struct arena *a = arena_new((size_t)8 << 20);
    struct err e = {0};
    struct tags t = {0};

    if (tags_init(&t, d->x, ITEMS, NULL, d->z, a, &e))
        tags_sort(&t, 0, tags_buckets(&t));
    arena_free(a);
    return ITEMS;
}

/* A whole comparison, for the ratio of the builds. */
static size_t do_run(struct data *d)
{
    struct psi_options o[2] = {{.role = PSI_RECEIVER}, {.role = PSI_SENDER}};
    struct err e = {0};
    struct psi *p[2];
    bool done[2] = {false, false};

    for (unsigned i = 0; i < 2; i++) {
        struct psi_set *s = psi_set_new(K, &e);
        for (uint64_t j = 0; s && j < K; j++)
            psi_set_add(s, bytes_of(&j, sizeof j), &e);
        o[i].cpu = d->k.aes->needs;
        o[i].cpu_given = true;
        if (!s || !(p[i] = psi_open(&o[i], s, &e)))
            exit(1);
    }
    while (!done[0] || !done[1])
        for (unsigned i = 0; i < 2; i++) {
            enum psi_next next = psi_step(p[i], &e);
            struct bytes out = psi_output(p[i]);
            size_t taken = 0;
            if (next == PSI_FAILED || (out.n && !psi_feed(p[1 - i], out, &taken, &e)))
                exit(1);
            psi_sent(p[i], taken);
            done[i] = next == PSI_DONE;
        }
    psi_close(p[0]);
    psi_close(p[1]);
    return K;
}

static const struct layer {
    const char *name, *per;
    size_t (*run)(struct data *d);
} layers[] = {
    {"gf128-mul", "product", do_mul},
    {"gf128-scale", "product", do_scale},
    {"gf128-power-sum", "product", do_power_sum},
    {"gf128-poly-3", "row of 3 products", do_poly},
    {"gf64-widen", "word", do_widen},
    {"aes-mmo", "block", do_mmo},
    {"aes-ctr", "block", do_ctr},
    {"aes-digest", "item of 2 blocks", do_digest},
    {"blake2s", "block", do_blake2s},
    {"ggm-full", "leaf", do_full},
    {"ggm-punctured", "leaf", do_punctured},
    {"code", "output", do_encode},
    {"code-pair", "output of two words", do_encode_pair},
    {"code-pair-narrow", "output of two words", do_encode_narrow},
    {"okvs-encode", "item", do_okvs},
    {"okvs-decode", "item", do_okvs_decode},
    {"band-encode", "item", do_band},
    {"band-decode", "item", do_band_decode},
    {"transfers", "transfer", do_transfers},
    {"tags-sort", "tag", do_sort},
    {"run", "item, both sides", do_run},
};

static struct data make_data(void)
{
    struct data d = {.arena = arena_new((size_t)512 << 20)};
    struct err e = {0};
    uint8_t key[16] = {1};
    size_t n = 2 * K;

    aes_key_init(&d.key, key);
    key[0] = 2;
    aes_key_init(&d.other, key);
    d.trees = (struct ggm_keys){d.key, d.other};
    d.x = vole_array(d.arena, n, &e);
    d.y = vole_array(d.arena, n, &e);
    d.z = vole_array(d.arena, n, &e);
    d.d = vole_array(d.arena, n, &e);
    d.words = (uint64_t *)(void *)d.x;
    d.rows = arena_get_array(d.arena, ITEMS, sizeof *d.rows, &e);
    d.cot = arena_get(d.arena, sizeof *d.cot, &e);
    if (!d.x || !d.y || !d.z || !d.d || !d.rows || !d.cot ||
        !code_init(&d.code, 16, 1, aes_best(0), key, d.arena, &e))
        exit(1);
    aes_best(cpu_features())->ctr(&d.key, d.x, 0, n);
    aes_best(cpu_features())->ctr(&d.key, d.y, n, n);
    d.shape[0] = okvs_shape_for(ITEMS, 45);
    d.shape[1] = okvs_band_shape_for(ITEMS, 45);
    return d;
}

static void use(struct data *d, uint32_t cpu)
{
    struct err e = {0};
    uint8_t sid[32] = {1};

    d->k = psi_kernels_best(cpu);
    d->cot->k = d->k;
    cot_keys_init(&d->cot->keys, sid);
    for (unsigned i = 0; i < 2; i++)
        d->encoder[i] = okvs_encoder_new(&d->k, &d->shape[i], ITEMS, false, d->arena, &e);
    if (!d->encoder[0] || !d->encoder[1])
        exit(1);
}

static double least(struct data *d, const struct layer *l)
{
    double best = 1e9;

    for (unsigned r = 0; r < ROUNDS; r++) {
        double begun = cpu_now(), took;
        size_t units = 0;
        do
            units += l->run(d);
        while ((took = cpu_now() - begun) < (bench_small() ? 0.0005 : 0.005));
        best = took * 1e9 / (double)units < best ? took * 1e9 / (double)units : best;
    }
    return best;
}

/* Each product waits for the one before: three cycles, and one for the sum. */
static double ghz(void)
{
    double begun = cpu_now();
    volatile uint64_t sink;
    uint64_t chain = 3;

    for (unsigned i = 0; i < 20000000; i++)
        chain = chain * chain + i;
    sink = chain;
    (void)sink;
    return 4 * 0.02 / (cpu_now() - begun);
}

int main(int argc, char **argv)
{
    static const char *const names[LEVELS] = {"portable", "avx2", "avx512"};
    const uint32_t levels[LEVELS] = {0, CPU_AVX2 | CPU_AES | CPU_PCLMUL, UINT32_MAX};
    struct data d = make_data();
    double clock = ghz();

    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        char name[64];
        double first = 0, last = 0;
        snprintf(name, sizeof name, "psi-layers/%s", layers[i].name);
        if (!bench_wanted(argc, argv, name))
            continue;
        printf("{\"bench\":\"%s\",\"unit\":\"ns\",\"per\":\"%s\"", name, layers[i].per);
        for (unsigned j = 0; j < LEVELS; j++) {
            use(&d, cpu_features() & levels[j]);
            if (j && d.k.aes->needs == 0)
                continue;
            last = least(&d, &layers[i]);
            first = j ? first : last;
            printf(",\"%s\":[%.2f,%.1f]", names[j], last, last * clock);
        }
        printf(",\"ratio\":%.1f}\n", first / last);
        fflush(stdout);
    }
    arena_free(d.arena);
    return 0;
}
