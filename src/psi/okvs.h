/* okvs: a table that decodes to the right value at the keys it was made for, and to nothing one
 * could tell from random elsewhere. One table per bin of about 50,000 keys.
 *
 * Two linear schemes stand behind one interface, and a shape says which: three hashed columns and a
 * few dense ones over GF(2^128) (RR22, ePrint 2022/320, section 4), which is what runs use; and a
 * band of random bits (RB-OKVS, ePrint 2023/903), whose tables are 15 % smaller and take ten times
 * as long to make (decision 0070).
 */
#ifndef ENTENTE_PSI_OKVS_H
#define ENTENTE_PSI_OKVS_H

#include "psi/kernels.h"

#define OKVS_DENSE_MOST 8
#define OKVS_ROWS_MOST 65535 /* rows and columns have 16-bit numbers */

#define OKVS_BAND_MOST 256

struct okvs_shape {
    uint32_t sparse, dense;
    uint32_t band; /* width; 0: three hashes */
};
static inline size_t okvs_columns(const struct okvs_shape *s)
{
    return (size_t)s->sparse + s->dense;
}
/* The shape for at most `capacity` rows that fails with probability 2^-lambda at most; lambda is
 * 40 and the union bound. Integers only: both sides must come to the same. */
struct okvs_shape okvs_shape_for(uint64_t capacity, unsigned lambda);
struct okvs_shape okvs_band_shape_for(uint64_t capacity, unsigned lambda); /* lambda <= 50 */
const char *okvs_name(const struct okvs_shape *s);

/* From a salted hash: three distinct columns below sparse (at least 3), or a start. The rest is 0.
 */
typedef uint16_t okvs_row[4];
void okvs_rows(const struct okvs_shape *s, const struct gf128 *hash, okvs_row *rows, size_t n);

struct okvs_encoder; /* scratch, reused from bin to bin */
/* narrow: keys, values and columns lie in the subfield of gf64.h. */
struct okvs_encoder *okvs_encoder_new(const struct psi_kernels *k, const struct okvs_shape *s,
                                      size_t rows_most, bool narrow, struct arena *a,
                                      struct err *e);
/* The table for n rows: dense keys and values per row. Rows with equal hashes are one. `random`
 * fills what the rows leave free. ERR_LIMIT: no such table (probability 2^-lambda). */
bool okvs_encode(struct okvs_encoder *o, const struct okvs_shape *s, const struct gf128 *hash,
                 const okvs_row *rows, const struct gf128 *keys, const struct gf128 *values,
                 size_t n, const struct aes_key *random, uint64_t counter, struct gf128 *table,
                 struct err *e);
/* out[i] = the sum of the table's columns that row i names. */
void okvs_decode(const struct psi_kernels *k, const struct okvs_shape *s, const struct gf128 *table,
                 const struct gf128 *hash, const okvs_row *rows, const struct gf128 *keys,
                 struct gf128 *out, size_t n);
/* Three hashes: how many rows the last encode had to give to the dense columns. */
size_t okvs_gap(const struct okvs_encoder *o);

#endif
