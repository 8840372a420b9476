/* How often does a table of three hashed columns leave more rows than the dense columns take?
 *
 *     okvs_trials 24            2^24 peelings per line
 *
 * One JSON line per shape: n rows, e (columns per row), trials, and how many left a gap larger
 * than 0, 1, 2 ... (rows of the 2-core that a dense column must take). doc/formats/psi.md,
 * appendix A, keeps what long runs gave and the fit.
 */
#include "base/os.h"
#include "psi/okvs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MOST 4096
#define GAPS 10

struct trial {
    uint32_t n, m;
    uint16_t row[ROWS_MOST][3], count[2 * ROWS_MOST], rows[2 * ROWS_MOST], stack[2 * ROWS_MOST];
    uint8_t done[ROWS_MOST];
    uint64_t state;
};

static uint64_t next(struct trial *t) /* SplitMix64 */
{
    uint64_t z = t->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void draw(struct trial *t)
{
    memset(t->count, 0, t->m * sizeof *t->count);
    memset(t->rows, 0, t->m * sizeof *t->rows);
    for (uint32_t i = 0; i < t->n; i++) {
        struct gf128 hash = {next(t), next(t)};
        struct okvs_shape s = {t->m, 0};
        okvs_row row;
        okvs_rows(&s, &hash, &row, 1);
        for (unsigned j = 0; j < 3; j++) {
            t->row[i][j] = row[j];
            t->count[row[j]]++;
            t->rows[row[j]] ^= (uint16_t)i;
        }
    }
}

static uint32_t take_out(struct trial *t, uint16_t row, uint32_t top)
{
    for (unsigned j = 0; j < 3; j++) {
        uint16_t c = t->row[row][j];
        t->rows[c] ^= row;
        t->stack[top] = c;
        top += --t->count[c] == 1;
    }
    return top;
}

/* The encoder's own way: peel, give up a row, peel again. */
static unsigned gap_of(struct trial *t)
{
    uint32_t top = 0, left = t->n, gap = 0;

    draw(t);
    memset(t->done, 0, t->n);
    for (uint32_t c = 0; c < t->m; c++)
        if (t->count[c] == 1)
            t->stack[top++] = (uint16_t)c;
    for (;;) {
        while (top) {
            uint16_t c = t->stack[--top], row = t->rows[c];
            if (t->count[c] != 1)
                continue;
            t->done[row] = 1;
            left--;
            top = take_out(t, row, top);
        }
        if (!left)
            return gap;
        for (uint32_t i = 0, any = UINT32_MAX; i <= t->n; i++) {
            bool good = false;
            if (i < t->n && t->done[i])
                continue;
            for (unsigned j = 0; i < t->n && j < 3; j++)
                good |= t->count[t->row[i][j]] == 2;
            if (i < t->n && any == UINT32_MAX)
                any = i;
            if (!good && i < t->n)
                continue;
            i = i < t->n ? i : any;
            t->done[i] = 1;
            left--;
            gap++;
            top = take_out(t, (uint16_t)i, top);
            break;
        }
    }
}

static void trials(struct trial *t, uint32_t n, double e, uint64_t count)
{
    uint64_t more[GAPS] = {0};

    t->n = n;
    t->m = (uint32_t)(n * e);
    for (uint64_t i = 0; i < count; i++) {
        unsigned gap = gap_of(t);
        for (unsigned g = 0; g < GAPS && g < gap; g++)
            more[g]++;
    }
    printf("{\"rows\":%u,\"columns\":%u,\"trials\":%llu,\"gap_over\":[", n, t->m,
           (unsigned long long)count);
    for (unsigned g = 0; g < GAPS; g++)
        printf("%s%llu", g ? "," : "", (unsigned long long)more[g]);
    printf("]}\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const uint32_t rows[] = {128, 256, 512, 1024, 2048, 4096};
    static const double widths[] = {1.24, 1.28, 1.32, 1.36, 1.40, 1.50, 1.60};
    unsigned log = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 16;
    struct trial *t = calloc(1, sizeof *t);
    uint64_t total = 14; /* sizes times widths, about, weighted by rows below */

    if (!t || log > 40)
        return 2;
    os_random(os_system(), &t->state, sizeof t->state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof widths / sizeof *widths; j++)
            trials(t, rows[i], widths[j], ((uint64_t)1 << log) / total * 128 / rows[i] + 1);
    free(t);
    return 0;
}
