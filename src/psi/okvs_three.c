/* Three hashed columns and a few dense ones (RR22, section 4). */
#include "psi/okvs_impl.h"

#include <assert.h>

struct three {
    struct okvs_encoder base;
    size_t gap;
    struct {
        uint16_t count, rows; /* degree, and the XOR of the rows' numbers */
    } * column;
    uint16_t *stack;                   /* columns of degree one: a queue */
    uint16_t (*order)[2];              /* (row, column) in the order of peeling */
    uint8_t *done;                     /* per row: peeled, doubled, or in the gap */
    struct gf128 *side, *extra;        /* right-hand sides */
    uint16_t gap_row[OKVS_DENSE_MOST]; /* rows that the dense columns must satisfy */
};

/* 2^16 times 2^(0.555 log2 n + 2.336), the slope of RR22's fit for three hashes, rounded down;
 * row j is for 2^(j + 10), column f for another (8 + f) / 8. */
static const uint32_t slope[6][8] = {
    {15503346, 16550652, 17547308, 18500499, 19415836, 20297805, 21150058, 21975621},
    {22777031, 24315699, 25779955, 27180354, 28525138, 29820898, 31073003, 32285894},
    {33463299, 35723862, 37875102, 39932523, 41908238, 43811929, 45651481, 47433423},
    {49163230, 52484378, 55644912, 58667611, 61570269, 64367112, 67069724, 69687697},
    {72229075, 77108402, 81751760, 86192614, 90457109, 94566142, 98536736, 102382978},
    {106116692, 113285246, 120107122, 126631485, 132896747, 138933610, 144767081, 150417861},
};

/* e = 1.223 + (lambda + 9.2 + 8) / slope, dense = lambda / log2(e * n), at least 3 (RR22, section
 * 4.1; lambda includes the union bound; the 8 bits are ours, from more trials at more sizes:
 * decision 0071). Below 1,024 rows the fit is not trusted, and
 * 1,024 it is. */
struct okvs_shape okvs_shape_for(uint64_t capacity, unsigned lambda)
{
    uint64_t n = capacity < 1024 ? 1024 : capacity, over;
    unsigned log = 63 - (unsigned)__builtin_clzll(n), f = (unsigned)(n >> (log - 3) & 7);
    struct okvs_shape s = {0};

    if (log > 15)
        log = 15;
    over = (((uint64_t)lambda * 10 + 172) << 32) / 10 / slope[log - 10][f]; /* times 2^16 */
    s.sparse = (uint32_t)((n * (80151 + over) >> 16) + 1);                  /* 1.223 * 2^16 */
    s.dense = lambda / log < 3 ? 3 : lambda / log;
    return s;
}

static void three_rows(const struct okvs_shape *s, const struct gf128 *hash, okvs_row *rows,
                       size_t n)
{
    uint64_t m = s->sparse;

    for (size_t i = 0; i < n; i++) {
        uint32_t a = (uint32_t)((hash[i].lo & 0xffffffff) * m >> 32);
        uint32_t b = (uint32_t)((hash[i].lo >> 32) * (m - 1) >> 32);
        uint32_t c = (uint32_t)((hash[i].hi & 0xffffffff) * (m - 2) >> 32), low, high;
        b += b >= a;
        low = a < b ? a : b;
        high = a < b ? b : a;
        c += c >= low;
        c += c >= high;
        rows[i][0] = (uint16_t)a;
        rows[i][1] = (uint16_t)b;
        rows[i][2] = (uint16_t)c;
        rows[i][3] = 0;
    }
}

static struct okvs_encoder *three_encoder(const struct psi_kernels *k, size_t rows_most,
                                          bool narrow, struct arena *a, struct err *e)
{
    struct three *o = arena_get(a, sizeof *o, e);

    if (!o)
        return NULL;
    o->base = (struct okvs_encoder){&okvs_three, *k, rows_most, narrow};
    o->column = arena_get_array(a, (size_t)1 << 16, sizeof *o->column, e);
    o->stack = arena_get_array(a, ((size_t)1 << 16) + 16, sizeof *o->stack, e);
    o->order = arena_get_array(a, rows_most, sizeof *o->order, e);
    o->done = arena_get_array(a, rows_most, 1, e);
    o->side = arena_get_array(a, rows_most, sizeof *o->side, e);
    o->extra = arena_get_array(a, (size_t)1 << 16, sizeof *o->extra, e);
    if (!o->column || !o->stack || !o->order || !o->done || !o->side || !o->extra)
        return NULL;
    return &o->base;
}

size_t okvs_gap(const struct okvs_encoder *o)
{
    return ((const struct three *)(const void *)o)->gap;
}

struct peeling {
    struct three *o;
    const struct okvs_shape *s;
    const okvs_row *rows;
    size_t n, peeled, head, top;
};

/* Take a row out of its columns; those left with one row go on the stack. */
static void take_out(struct peeling *p, uint16_t row)
{
    for (unsigned j = 0; j < 3; j++) {
        uint16_t c = p->rows[row][j];
        p->o->column[c].rows ^= row;
        p->o->stack[p->top] = c;
        p->top += --p->o->column[c].count == 1;
    }
}

static void count_columns(struct peeling *p)
{
    struct three *o = p->o;

    memset(o->column, 0, p->s->sparse * sizeof *o->column);
    memset(o->done, 0, p->n);
    for (size_t i = 0; i < p->n; i++)
        for (unsigned j = 0; j < 3; j++) {
            o->column[p->rows[i][j]].count++;
            o->column[p->rows[i][j]].rows ^= (uint16_t)i;
        }
    for (size_t c = 0; c < p->s->sparse; c++) {
        o->stack[p->top] = (uint16_t)c;
        p->top += o->column[c].count == 1;
    }
}

/* First in, first out: neighbours in the queue have nothing to do with each other, so that the
 * memory's answers overlap. Each column enters once, as degrees only fall. */
static void peel(struct peeling *p)
{
    struct three *o = p->o;

    while (p->head < p->top) {
        uint16_t c = o->stack[p->head++], row = o->column[c].rows;
        uint16_t later = o->column[o->stack[p->head + 12]].rows;
        __builtin_prefetch(p->rows[later]);
        if (o->column[c].count != 1)
            continue;
        o->order[p->peeled][0] = row;
        o->order[p->peeled++][1] = c;
        o->done[row] = 1;
        take_out(p, row);
    }
}

struct by_hash {
    const struct gf128 *hash;
};

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct gf128 *hash = ((const struct by_hash *)context)->hash;
    uint16_t i = *(const uint16_t *)a, j = *(const uint16_t *)b;

    if (hash[i].hi != hash[j].hi)
        return hash[i].hi < hash[j].hi ? -1 : 1;
    if (hash[i].lo != hash[j].lo)
        return hash[i].lo < hash[j].lo ? -1 : 1;
    return i < j ? -1 : i > j;
}

/* The rows that peeling left over, into the free end of `order`; how many. */
static size_t list_left(const struct peeling *p, uint16_t *left)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        if (!p->o->done[i])
            left[n++] = (uint16_t)i;
    return n;
}

/* Equal items have equal rows, so none of them is ever peeled: what is left holds them all. Keep
 * the first of each. */
static void drop_doubles(struct peeling *p, const struct gf128 *hash)
{
    uint16_t *left = &p->o->order[p->peeled][0];
    size_t n = list_left(p, left);
    struct by_hash by = {hash};

    qsort_r(left, n, sizeof *left, compare_rows, &by);
    for (size_t i = 1; i < n; i++)
        if (hash[left[i]].lo == hash[left[i - 1]].lo && hash[left[i]].hi == hash[left[i - 1]].hi)
            p->o->done[left[i]] = 1;
    for (size_t i = 0; i < n; i++)
        if (p->o->done[left[i]])
            take_out(p, left[i]);
}

/* A row to give up: one whose leaving lets another be peeled, if there is any. */
static bool find_stuck(const struct peeling *p, size_t *row)
{
    bool found = false;

    for (size_t i = 0; i < p->n; i++) {
        if (p->o->done[i])
            continue;
        if (!found)
            *row = i;
        found = true;
        for (unsigned j = 0; j < 3; j++)
            if (p->o->column[p->rows[i][j]].count == 2) {
                *row = i;
                return true;
            }
    }
    return found;
}

static bool triangulate(struct peeling *p, const struct gf128 *hash)
{
    struct three *o = p->o;
    size_t row;

    o->gap = 0;
    count_columns(p);
    peel(p);
    if (p->peeled == p->n)
        return true;
    drop_doubles(p, hash);
    peel(p);
    while (find_stuck(p, &row)) {
        if (o->gap == p->s->dense)
            return false;
        o->gap_row[o->gap++] = (uint16_t)row;
        o->done[row] = 1;
        take_out(p, (uint16_t)row);
        peel(p);
    }
    return true;
}

static struct gf128 sparse_sum(const struct gf128 *table, const okvs_row row)
{
    return gf128_xor(table[row[0]], gf128_xor(table[row[1]], table[row[2]]));
}

/* In reverse order each row has one column that nothing before it has fixed. */
static void substitute(const struct peeling *p, const struct gf128 *side, struct gf128 *table)
{
    for (size_t i = p->peeled; i-- > 0;) {
        uint16_t row = p->o->order[i][0], c = p->o->order[i][1];
        struct gf128 have = sparse_sum(table, p->rows[row]);
        table[c] = gf128_xor(table[c], gf128_xor(side[row], have));
    }
}

static struct gf128 inverse(struct gf128 a) /* a^(2^128 - 2); not on the usual path */
{
    struct gf128 out = {1, 0};

    for (unsigned i = 1; i < 128; i++) {
        a = gf128_mul(a, a);
        out = gf128_mul(out, a);
    }
    return out;
}

/* gap equations in `dense` unknowns, the last column the right-hand side. Unknowns that stay
 * free keep what is in d. False: the equations contradict each other. */
static bool eliminate(struct gf128 m[OKVS_DENSE_MOST][OKVS_DENSE_MOST + 1], size_t gap,
                      size_t dense, struct gf128 *d)
{
    size_t pivot[OKVS_DENSE_MOST];

    for (size_t g = 0; g < gap; g++) {
        size_t c = 0;
        struct gf128 scale;
        while (c < dense && !(m[g][c].lo | m[g][c].hi))
            c++;
        if (c == dense)
            return false;
        pivot[g] = c;
        scale = inverse(m[g][c]);
        for (size_t j = 0; j <= dense; j++)
            m[g][j] = gf128_mul(m[g][j], scale);
        for (size_t h = 0; h < gap; h++) {
            struct gf128 f = m[h][c];
            for (size_t j = 0; h != g && j <= dense; j++)
                m[h][j] = gf128_xor(m[h][j], gf128_mul(f, m[g][j]));
        }
    }
    for (size_t g = 0; g < gap; g++)
        d[pivot[g]] = m[g][dense];
    for (size_t g = 0; g < gap; g++) {
        struct gf128 v = m[g][dense];
        for (size_t j = 0; j < dense; j++) {
            bool is_pivot = false;
            for (size_t h = 0; h < gap; h++)
                is_pivot |= pivot[h] == j;
            if (!is_pivot)
                v = gf128_xor(v, gf128_mul(m[g][j], d[j]));
        }
        d[pivot[g]] = v;
    }
    return true;
}

/* Fix the dense columns so that the rows in the gap hold: the table is linear in them. */
static bool fix_dense(struct peeling *p, const struct gf128 *keys, const struct gf128 *values,
                      struct gf128 *table)
{
    struct three *o = p->o;
    struct gf128 m[OKVS_DENSE_MOST][OKVS_DENSE_MOST + 1], *d = table + p->s->sparse;

    substitute(p, values, table);
    for (size_t g = 0; g < o->gap; g++)
        m[g][p->s->dense] =
            gf128_xor(values[o->gap_row[g]], sparse_sum(table, p->rows[o->gap_row[g]]));
    memcpy(o->side, keys, p->n * sizeof *keys);
    for (unsigned k = 0; k < p->s->dense; k++) {
        memset(o->extra, 0, p->s->sparse * sizeof *o->extra);
        substitute(p, o->side, o->extra);
        for (size_t g = 0; g < o->gap; g++)
            m[g][k] =
                gf128_xor(o->side[o->gap_row[g]], sparse_sum(o->extra, p->rows[o->gap_row[g]]));
        o->base.k.gf->mul(o->side, o->side, keys, p->n);
    }
    return eliminate(m, o->gap, p->s->dense, d);
}

static bool three_encode(struct okvs_encoder *base, const struct okvs_shape *s,
                         const struct gf128 *hash, const okvs_row *rows, const struct gf128 *keys,
                         const struct gf128 *values, size_t n, const struct aes_key *random,
                         uint64_t counter, struct gf128 *table, struct err *e)
{
    struct three *o = (struct three *)(void *)base;
    struct peeling p = {.o = o, .s = s, .rows = rows, .n = n};
    struct gf128 dense[OKVS_DENSE_MOST];

    assert(s->dense <= OKVS_DENSE_MOST);
    okvs_fill(base, random, counter, table, okvs_columns(s));
    if (!triangulate(&p, hash))
        return err_fail(e, ERR_LIMIT, "a bin's table cannot be solved");
    if (o->gap) {
        if (!fix_dense(&p, keys, values, table))
            return err_fail(e, ERR_LIMIT, "a bin's table cannot be solved");
        memcpy(dense, table + s->sparse, s->dense * sizeof *dense);
        okvs_fill(base, random, counter, table, s->sparse);
        memcpy(table + s->sparse, dense, s->dense * sizeof *dense);
    }
    memcpy(o->side, values, n * sizeof *values);
    base->k.gf->poly_acc(o->side, keys, table + s->sparse, s->dense, n);
    substitute(&p, o->side, table);
    return true;
}

static void three_decode(const struct psi_kernels *k, const struct okvs_shape *s,
                         const struct gf128 *table, const struct gf128 *hash, const okvs_row *rows,
                         const struct gf128 *keys, struct gf128 *out, size_t n)
{
    (void)hash;                           /* rows and keys say all */
    for (size_t i = 0; i < n; i += 256) { /* small enough that sums and keys stay near */
        size_t m = n - i < 256 ? n - i : 256;
        for (size_t j = 0; j < m; j++)
            out[i + j] = sparse_sum(table, rows[i + j]);
        k->gf->poly_acc(out + i, keys + i, table + s->sparse, s->dense, m);
    }
}

const struct okvs_scheme okvs_three = {"three hashes", three_rows, three_encoder, three_encode,
                                       three_decode};
