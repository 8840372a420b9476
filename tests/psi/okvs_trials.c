/* How often does a table of three hashed columns leave more rows than the dense columns take?
 *
 *     okvs_trials 30            2^30 peelings in all, and some
 *     okvs_trials 16 check      few, each also the slow way: the suite's test of this program
 *     okvs_trials 30 8192       only tables of so many rows and more
 *     okvs_trials 20 band       2^20 rows per line in bands: how often there is no table
 *
 * One JSON line per shape and pass: n rows, columns, the lambda that RR22's fit gives that width,
 * trials so far, and how many of them left a gap larger than 0, 1, 2 ... (rows of the 2-core that
 * dense columns must take). Counts add up from pass to pass, so the last line of a shape holds
 * them all, whenever the program is stopped. doc/okvs-trials.md keeps what a long run gave and
 * what follows from it.
 *
 * Rows come from okvs_rows, as in a run; the gap is counted as the encoder counts it. Up to 512
 * rows AVX-512 first peels whole rounds with one bit per column, which finds most tables solved.
 */
#include "base/os.h"
#include "psi/okvs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ROWS_MOST 32768
#define COLUMNS_MOST 65536
#define ROUND_COLUMNS 1024 /* two vectors of bits */
#define GAPS 10
#define SIZES 9
#define WIDTHS 6
#define PASSES 64

struct trial {
    uint32_t n, m;
    okvs_row row[ROWS_MOST];
    struct gf128 hash[ROWS_MOST];
    uint16_t count[COLUMNS_MOST], rows[COLUMNS_MOST], stack[COLUMNS_MOST + 4];
    uint8_t done[ROWS_MOST];
    struct aes_key key;
    uint64_t counter;
    const struct aes_ops *aes;
    bool vectors;
#if defined(__x86_64__)
    __m512i bit[2][ROUND_COLUMNS], mask[512][2];
#endif
};

static void draw(struct trial *t)
{
    struct okvs_shape s = {t->m, 0};

    t->aes->ctr(&t->key, t->hash, t->counter, t->n);
    t->counter += t->n;
    okvs_rows(&s, t->hash, t->row, t->n);
}

/* ---- whole rounds, a bit per column ------------------------------------------------------- */

#if defined(__x86_64__)
#define PEEL_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

/* Rows with a column of their own leave, until none does. True: all have left. `parts` vectors
 * hold the columns; a constant wherever this is inlined. */
PEEL_TARGET static inline __attribute__((always_inline)) bool all_peel(struct trial *t,
                                                                       unsigned parts)
{
    const __m512i zero = _mm512_setzero_si512();
    __m512i once[2] = {zero, zero}, twice[2] = {zero, zero}, lone[2];
    uint32_t n = t->n, left = 0;

    for (uint32_t i = 0; i < n; i++)
        for (unsigned p = 0; p < parts; p++) {
            __m512i r = _mm512_ternarylogic_epi64(t->bit[p][t->row[i][0]], t->bit[p][t->row[i][1]],
                                                  t->bit[p][t->row[i][2]], 0xfe);
            t->mask[i][p] = r;
            twice[p] = _mm512_ternarylogic_epi64(twice[p], once[p], r, 0xf8); /* a | (b & c) */
            once[p] = _mm512_or_si512(once[p], r);
        }
    for (; n; n = left) {
        for (unsigned p = 0; p < parts; p++) {
            lone[p] = _mm512_andnot_si512(twice[p], once[p]);
            once[p] = twice[p] = zero;
        }
        left = 0;
        for (uint32_t i = 0; i < n; i++) {
            unsigned leaves = 0, stays;
            for (unsigned p = 0; p < parts; p++)
                leaves |= _mm512_test_epi64_mask(t->mask[i][p], lone[p]);
            stays = leaves == 0;
            for (unsigned p = 0; p < parts; p++) {
                __m512i r = _mm512_maskz_mov_epi64((__mmask8)(0 - stays), t->mask[i][p]);
                t->mask[left][p] = r;
                twice[p] = _mm512_ternarylogic_epi64(twice[p], once[p], r, 0xf8);
                once[p] = _mm512_or_si512(once[p], r);
            }
            left += stays;
        }
        if (left == n)
            return false;
    }
    return true;
}

PEEL_TARGET static bool peels(struct trial *t)
{
    return t->m <= 512 ? all_peel(t, 1) : all_peel(t, 2);
}
#else
static bool peels(struct trial *t)
{
    (void)t;
    return false;
}
#endif

/* ---- the encoder's way -------------------------------------------------------------------- */

static void count_columns(struct trial *t)
{
    memset(t->count, 0, t->m * sizeof *t->count);
    memset(t->rows, 0, t->m * sizeof *t->rows);
    memset(t->done, 0, t->n);
    for (uint32_t i = 0; i < t->n; i++)
        for (unsigned j = 0; j < 3; j++) {
            t->count[t->row[i][j]]++;
            t->rows[t->row[i][j]] ^= (uint16_t)i;
        }
}

static uint32_t take_out(struct trial *t, uint16_t row, uint32_t top)
{
    t->done[row] = 1;
    for (unsigned j = 0; j < 3; j++) {
        uint16_t c = t->row[row][j];
        t->rows[c] ^= row;
        t->stack[top] = c;
        top += --t->count[c] == 1;
    }
    return top;
}

/* A row whose leaving lets another be peeled, or the first there is. */
static uint16_t stuck_row(const struct trial *t)
{
    uint32_t any = ROWS_MOST;

    for (uint32_t i = 0; i < t->n; i++) {
        if (t->done[i])
            continue;
        any = any == ROWS_MOST ? i : any;
        for (unsigned j = 0; j < 3; j++)
            if (t->count[t->row[i][j]] == 2)
                return (uint16_t)i;
    }
    return (uint16_t)any;
}

/* Peel, give up a row, peel again. */
static unsigned gap_of(struct trial *t)
{
    uint32_t top = 0, left = t->n, gap = 0;

    count_columns(t);
    for (uint32_t c = 0; c < t->m; c++) {
        t->stack[top] = (uint16_t)c;
        top += t->count[c] == 1;
    }
    for (;; gap++) {
        while (top) {
            uint16_t c = t->stack[--top];
            if (t->count[c] != 1)
                continue;
            top = take_out(t, t->rows[c], top);
            left--;
        }
        if (!left)
            return gap;
        top = take_out(t, stuck_row(t), top);
        left--;
    }
}

/* ---- all of them -------------------------------------------------------------------------- */

struct shape {
    uint32_t n, m;
    unsigned lambda; /* of RR22's fit at this width */
    uint64_t due, trials, more[GAPS];
};

/* Widths to which the fit gives 0, 4 ... 20 bits; the rarer an event, the more trials for it. */
static void make_shapes(struct shape s[SIZES][WIDTHS], unsigned log)
{
    static const uint64_t share[SIZES] = {11u << 26, 1u << 28, 1u << 26, 1u << 24, 1u << 23,
                                          1u << 22,  1u << 20, 1u << 18, 1u << 17}; /* of 2^30 */
    static const double slope[SIZES] = {74.6,  109.5, 161,    236.6, 347.5,
                                        510.6, 750.2, 1102.1, 1619.2}; /* okvs_three.c */

    for (unsigned i = 0; i < SIZES; i++)
        for (unsigned j = 0; j < WIDTHS; j++) {
            uint32_t n = 128u << i, weight = j ? 1u << (j - 1) : 1;
            double e = 1.223 + (4.0 * j + 9.2) / slope[i];
            uint64_t due = (log > 30 ? share[i] << (log - 30) : share[i] >> (30 - log)) * weight;
            s[i][j] = (struct shape){.n = n, .m = (uint32_t)(n * e), .lambda = 4 * j};
            s[i][j].due = due / 32 + 1;
        }
}

static void one(struct trial *t, struct shape *s, bool check)
{
    bool quick = t->vectors && t->m <= ROUND_COLUMNS && t->n <= 512, solved;
    unsigned gap = 0;

    draw(t);
    solved = quick && peels(t);
    if (!solved || check)
        gap = gap_of(t);
    if (check && quick && solved != (gap == 0)) {
        fprintf(stderr, "okvs_trials: %u rows, %u columns: two ways disagree\n", t->n, t->m);
        exit(1);
    }
    s->trials++;
    for (unsigned g = 0; g < GAPS && g < gap; g++)
        s->more[g]++;
}

static void some(struct trial *t, struct shape *s, uint64_t to, bool check)
{
    t->n = s->n;
    t->m = s->m;
    while (s->trials < to)
        one(t, s, check);
    printf("{\"rows\":%u,\"columns\":%u,\"lambda\":%u,\"trials\":%llu,\"gap_over\":[", s->n, s->m,
           s->lambda, (unsigned long long)s->trials);
    for (unsigned g = 0; g < GAPS; g++)
        printf("%s%llu", g ? "," : "", (unsigned long long)s->more[g]);
    printf("]}\n");
    fflush(stdout);
}

static void prepare(struct trial *t)
{
    uint8_t key[16];

    os_random(os_system(), key, sizeof key);
    aes_key_init(&t->key, key);
    t->aes = aes_best(cpu_features());
    t->vectors = (cpu_features() & CPU_AVX512) != 0;
#if defined(__x86_64__)
    for (unsigned c = 0; c < ROUND_COLUMNS; c++)
        ((uint64_t *)(void *)&t->bit[c / 512][c])[c % 512 / 64] = (uint64_t)1 << c % 64;
#endif
}

/* ---- bands -------------------------------------------------------------------------------- */

static uint64_t band_failures(struct trial *t, struct okvs_encoder *o, struct okvs_shape s,
                              uint64_t count, struct gf128 *table)
{
    static struct gf128 values[ROWS_MOST], hash[ROWS_MOST];
    static okvs_row row[ROWS_MOST];
    uint64_t failures = 0;
    struct err e = {0};

    for (uint64_t i = 0; i < count; i++) {
        t->aes->ctr(&t->key, hash, t->counter, t->n);
        t->aes->ctr(&t->key, values, t->counter + t->n, t->n);
        t->counter += 2 * (uint64_t)t->n;
        okvs_rows(&s, hash, row, t->n);
        failures += !okvs_encode(o, &s, hash, (const okvs_row *)row, values, values, t->n, &t->key,
                                 t->counter, table, &e);
    }
    return failures;
}

static int bands(struct trial *t, unsigned log)
{
    struct psi_kernels k = psi_kernels_best(cpu_features());
    struct okvs_shape any = {.band = 1};
    struct arena *a = arena_new((size_t)64 << 20);
    struct err e = {0};
    struct okvs_encoder *o = okvs_encoder_new(&k, &any, ROWS_MOST, false, a, &e);
    struct gf128 *table = arena_get_array(a, 1 << 16, sizeof *table, &e);

    for (uint32_t n = 1024; o && table && n <= 32768; n *= 2)
        for (uint32_t w = 24; w <= 64; w += 8) {
            struct okvs_shape s = {.sparse = n + n / 10 + w, .band = w};
            uint64_t count = ((uint64_t)1 << log) / n + 1;
            t->n = n;
            printf("{\"rows\":%u,\"columns\":%u,\"band\":%u,\"trials\":%llu,\"failures\":%llu}\n",
                   n, s.sparse, w, (unsigned long long)count,
                   (unsigned long long)band_failures(t, o, s, count, table));
            fflush(stdout);
        }
    arena_free(a);
    return o && table ? 0 : 2;
}

int main(int argc, char **argv)
{
    unsigned log = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 16;
    bool check = argc > 2 && strcmp(argv[2], "check") == 0;
    struct trial *t = aligned_alloc(64, (sizeof *t + 63) / 64 * 64);
    struct shape s[SIZES][WIDTHS];
    unsigned long least = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    uint64_t total = 0;

    if (!t || log > 40)
        return 2;
    memset(t, 0, sizeof *t);
    prepare(t);
    if (argc > 2 && strcmp(argv[2], "band") == 0)
        return bands(t, log);
    make_shapes(s, log);
    for (unsigned pass = log < 24 ? PASSES : 1; pass <= PASSES; pass++) {
        printf("{\"pass\":%u,\"of\":%u}\n", pass, PASSES);
        for (unsigned i = 0; i < SIZES; i++)
            for (unsigned j = 0; j < WIDTHS && s[i][0].n >= least; j++)
                some(t, &s[i][j], s[i][j].due * pass / PASSES, check);
    }
    for (unsigned i = 0; i < SIZES * WIDTHS; i++)
        total += s[i / WIDTHS][i % WIDTHS].trials;
    printf("{\"all_trials\":%llu}\n", (unsigned long long)total);
    free(t);
    return 0;
}
