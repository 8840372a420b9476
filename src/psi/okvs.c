/* The schemes behind one interface; the shape says which. */
#include "psi/okvs_impl.h"

#include <assert.h>

static const struct okvs_scheme *scheme_of(const struct okvs_shape *s)
{
    return s->band ? &okvs_band : &okvs_three;
}

const char *okvs_name(const struct okvs_shape *s)
{
    return scheme_of(s)->name;
}

void okvs_rows(const struct okvs_shape *s, const struct gf128 *hash, okvs_row *rows, size_t n)
{
    scheme_of(s)->rows(s, hash, rows, n);
}

struct okvs_encoder *okvs_encoder_new(const struct psi_kernels *k, const struct okvs_shape *s,
                                      size_t rows_most, bool narrow, struct arena *a, struct err *e)
{
    return scheme_of(s)->encoder(k, rows_most, narrow, a, e);
}

bool okvs_encode(struct okvs_encoder *o, const struct okvs_shape *s, const struct gf128 *hash,
                 const okvs_row *rows, const struct gf128 *keys, const struct gf128 *values,
                 size_t n, const struct aes_key *random, uint64_t counter, struct gf128 *table,
                 struct err *e)
{
    assert(o->scheme == scheme_of(s) && n <= o->rows_most && okvs_columns(s) <= 65536);
    return o->scheme->encode(o, s, hash, rows, keys, values, n, random, counter, table, e);
}

void okvs_decode(const struct psi_kernels *k, const struct okvs_shape *s, const struct gf128 *table,
                 const struct gf128 *hash, const okvs_row *rows, const struct gf128 *keys,
                 struct gf128 *out, size_t n)
{
    scheme_of(s)->decode(k, s, table, hash, rows, keys, out, n);
}

void okvs_fill(const struct okvs_encoder *o, const struct aes_key *random, uint64_t counter,
               struct gf128 *table, size_t n)
{
    o->k.aes->ctr(random, table, counter, n);
    if (o->narrow)
        gf64_project(o->k.gf64, table, n);
}
