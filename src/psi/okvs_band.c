/* A band of random bits (RB-OKVS, ePrint 2023/903): a row is a start and up to 256 columns from
 * there on. Solved from the left: each row is cleared of the columns that earlier rows have taken
 * and takes the first that is left to it. */
#include "psi/okvs_impl.h"

#include <stdlib.h>

#define WORDS (OKVS_BAND_MOST / 64)

struct line { /* a row: bit i is the column at + i; bit 0 is set once it has taken it */
    uint64_t bit[WORDS];
    struct gf128 value;
};

struct band {
    struct okvs_encoder base;
    struct line *line;  /* by the column taken */
    uint8_t *taken;     /* per column */
    uint32_t *starting; /* rows before each start, then rows by start */
    uint16_t *order;
};

/* Bernoulli bits of a row, from its salted hash under a public key; the first is always set. */
static void band_bits(const struct aes_ops *aes, const struct okvs_shape *s,
                      const struct gf128 *hash, uint64_t bit[WORDS])
{
    static const uint8_t key[16] = "entente okvs/bd";
    struct gf128 in[WORDS / 2], out[WORDS / 2];
    struct aes_key k;

    aes_key_init(&k, key);
    for (unsigned i = 0; i < WORDS / 2; i++)
        in[i] = (struct gf128){hash->lo ^ i, hash->hi};
    aes->mmo(&k, out, in, WORDS / 2);
    memcpy(bit, out, WORDS * sizeof *bit);
    for (unsigned i = 0; i < WORDS; i++) {
        unsigned left = s->band > 64 * i ? s->band - 64 * i : 0;
        bit[i] &= left >= 64 ? UINT64_MAX : ((uint64_t)1 << left) - 1;
    }
    bit[0] |= 1;
}

static void band_rows(const struct okvs_shape *s, const struct gf128 *hash, okvs_row *rows,
                      size_t n)
{
    uint64_t starts = s->sparse - s->band + 1;

    for (size_t i = 0; i < n; i++) {
        uint64_t at = (hash[i].lo & 0xffffffff) * starts >> 32;
        memset(rows[i], 0, sizeof rows[i]);
        rows[i][0] = (uint16_t)at;
    }
}

static struct okvs_encoder *band_encoder(const struct psi_kernels *k, size_t rows_most, bool narrow,
                                         struct arena *a, struct err *e)
{
    struct band *o = arena_get(a, sizeof *o, e);

    if (!o)
        return NULL;
    o->base = (struct okvs_encoder){&okvs_band, *k, rows_most, narrow};
    o->line = arena_get_array(a, (size_t)1 << 16, sizeof *o->line, e);
    o->taken = arena_get_array(a, (size_t)1 << 16, 1, e);
    o->starting = arena_get_array(a, ((size_t)1 << 16) + 1, sizeof *o->starting, e);
    o->order = arena_get_array(a, rows_most, sizeof *o->order, e);
    return o->line && o->taken && o->starting && o->order ? &o->base : NULL;
}

static void sort_by_start(struct band *o, const struct okvs_shape *s, const okvs_row *rows,
                          size_t n)
{
    memset(o->starting, 0, ((size_t)s->sparse + 1) * sizeof *o->starting);
    for (size_t i = 0; i < n; i++)
        o->starting[rows[i][0] + 1]++;
    for (size_t c = 1; c <= s->sparse; c++)
        o->starting[c] += o->starting[c - 1];
    for (size_t i = 0; i < n; i++)
        o->order[o->starting[rows[i][0]]++] = (uint16_t)i;
}

static bool is_zero(const struct line *l)
{
    uint64_t any = 0;

    for (unsigned i = 0; i < WORDS; i++)
        any |= l->bit[i];
    return any == 0;
}

/* Turn the line so that its first set bit is bit 0; by how much. It has one. */
static size_t skip_zeros(struct line *l)
{
    size_t moved = 0;
    unsigned by;

    while (!l->bit[0]) {
        memmove(l->bit, l->bit + 1, (WORDS - 1) * sizeof *l->bit);
        l->bit[WORDS - 1] = 0;
        moved += 64;
    }
    by = (unsigned)__builtin_ctzll(l->bit[0]);
    for (unsigned i = 0; by && i < WORDS; i++)
        l->bit[i] = l->bit[i] >> by | (i + 1 < WORDS ? l->bit[i + 1] << (64 - by) : 0);
    return moved + by;
}

/* Rows come in order of their starts, so a taken line never reaches further than the row. */
static bool place(struct band *o, size_t at, struct line l)
{
    while (!is_zero(&l)) {
        at += skip_zeros(&l);
        if (!o->taken[at]) {
            o->taken[at] = 1;
            o->line[at] = l;
            return true;
        }
        for (unsigned i = 0; i < WORDS; i++)
            l.bit[i] ^= o->line[at].bit[i];
        l.value = gf128_xor(l.value, o->line[at].value);
    }
    return (l.value.lo | l.value.hi) == 0; /* the same item twice, or a contradiction */
}

static struct gf128 band_sum(const struct gf128 *table, const uint64_t bit[WORDS])
{
    struct gf128 sum = {0, 0};

    for (unsigned i = 0; i < WORDS; i++)
        for (uint64_t left = bit[i]; left; left &= left - 1)
            sum = gf128_xor(sum, table[64 * i + (unsigned)__builtin_ctzll(left)]);
    return sum;
}

/* From the right, so that all a line sums is there. */
static void substitute(const struct band *o, const struct okvs_shape *s, struct gf128 *table)
{
    for (size_t c = s->sparse; c-- > 0;) {
        struct gf128 have;
        if (!o->taken[c])
            continue;
        have = band_sum(table + c, o->line[c].bit);
        table[c] = gf128_xor(table[c], gf128_xor(have, o->line[c].value));
    }
}

static bool band_encode(struct okvs_encoder *base, const struct okvs_shape *s,
                        const struct gf128 *hash, const okvs_row *rows, const struct gf128 *keys,
                        const struct gf128 *values, size_t n, const struct aes_key *random,
                        uint64_t counter, struct gf128 *table, struct err *e)
{
    struct band *o = (struct band *)(void *)base;

    (void)keys; /* there are no dense columns */
    memset(o->taken, 0, s->sparse);
    sort_by_start(o, s, rows, n);
    for (size_t i = 0; i < n; i++) {
        size_t row = o->order[i];
        struct line l = {.value = values[row]};
        band_bits(base->k.aes, s, &hash[row], l.bit);
        if (!place(o, rows[row][0], l))
            return err_fail(e, ERR_LIMIT, "a bin's table cannot be solved");
    }
    okvs_fill(base, random, counter, table, okvs_columns(s));
    substitute(o, s, table);
    return true;
}

static void band_decode(const struct psi_kernels *k, const struct okvs_shape *s,
                        const struct gf128 *table, const struct gf128 *hash, const okvs_row *rows,
                        const struct gf128 *keys, struct gf128 *out, size_t n)
{
    (void)keys;
    for (size_t i = 0; i < n; i++) {
        uint64_t bit[WORDS];
        band_bits(k->aes, s, &hash[i], bit);
        out[i] = band_sum(table + rows[i][0], bit);
    }
}

/* Overhead of a tenth; the width from our own trials (doc/okvs-trials.md): lambda = 0.275 w + 2 -
 * log2(n) at that overhead. */
struct okvs_shape okvs_band_shape_for(uint64_t capacity, unsigned lambda)
{
    uint64_t n = capacity < 1024 ? 1024 : capacity;
    unsigned log = 64 - (unsigned)__builtin_clzll(n);
    uint64_t band = 1000 * ((uint64_t)lambda + log - 2) / 275 + 1;

    return (struct okvs_shape){.sparse = (uint32_t)(n + n / 10 + band), .band = (uint32_t)band};
}

const struct okvs_scheme okvs_band = {"band", band_rows, band_encoder, band_encode, band_decode};
