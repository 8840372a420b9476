/* What a linear scheme fills. */
#ifndef ENTENTE_PSI_OKVS_IMPL_H
#define ENTENTE_PSI_OKVS_IMPL_H

#include "psi/okvs.h"

/* Each scheme's encoder begins with this. */
struct okvs_encoder {
    const struct okvs_scheme *scheme;
    struct psi_kernels k;
    size_t rows_most;
    bool narrow;
};

struct okvs_scheme {
    const char *name;
    void (*rows)(const struct okvs_shape *s, const struct gf128 *hash, okvs_row *rows, size_t n);
    struct okvs_encoder *(*encoder)(const struct psi_kernels *k, size_t rows_most, bool narrow,
                                    struct arena *a, struct err *e);
    bool (*encode)(struct okvs_encoder *o, const struct okvs_shape *s, const struct gf128 *hash,
                   const okvs_row *rows, const struct gf128 *keys, const struct gf128 *values,
                   size_t n, const struct aes_key *random, uint64_t counter, struct gf128 *table,
                   struct err *e);
    void (*decode)(const struct psi_kernels *k, const struct okvs_shape *s,
                   const struct gf128 *table, const struct gf128 *hash, const okvs_row *rows,
                   const struct gf128 *keys, struct gf128 *out, size_t n);
};

extern const struct okvs_scheme okvs_three, okvs_band;

/* Random columns, of the subfield if narrow. */
void okvs_fill(const struct okvs_encoder *o, const struct aes_key *random, uint64_t counter,
               struct gf128 *table, size_t n);

#endif
