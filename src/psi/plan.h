/* plan: every number of a run, from the two declared sizes, the mode and the code. Integers only,
 * so that both sides come to the same. */
#ifndef ENTENTE_PSI_PLAN_H
#define ENTENTE_PSI_PLAN_H

#include "psi/okvs.h"
#include "psi/psi.h"

#define PSI_CANARIES 16     /* items both sides add and the receiver must find */
#define PSI_CANARIES_OWN 4  /* items the receiver alone adds and must not find */
#define PSI_LAMBDA 40       /* statistical security: 2^-40 per run for each kind of failure */
#define PSI_REPLY_PART 8192 /* tags per frame of the reply */

struct psi_plan {
    unsigned log_k, groups, depth;
    uint64_t x, y; /* items of receiver and sender: declared, and canaries */
    bool narrow;   /* columns in GF(2^64): semi-honest, and false matches stay below 2^-40 */
    uint64_t bins, capacity;
    struct okvs_shape shape;
    unsigned tag_bits;         /* 128, or what the semi-honest mode needs */
    unsigned high_bits;        /* of a tag: coded in unary, the rest as they are */
    size_t transfer_blocks;    /* blocks of 128 correlated transfers */
    size_t first_block;        /* of these, the first of chunk 0's trees */
    size_t kept;               /* outputs of a chunk before its columns */
    size_t column_bytes;       /* 16 or 8 */
    size_t high_bytes;         /* of the reply's unary part */
    uint64_t bytes_r, bytes_s; /* estimates of what each side sends, for progress */
};

/* ERR_LIMIT: sizes we do not do. */
bool psi_plan_make(struct psi_plan *p, uint64_t receiver, uint64_t sender, enum psi_mode mode,
                   enum psi_code code, struct err *e);
/* The largest number of items in one of `bins` bins, but for 2^-lambda. */
uint64_t psi_bin_capacity(uint64_t items, uint64_t bins, unsigned lambda);
unsigned psi_log2_up(uint64_t n); /* least i with 2^i >= n; n > 0 */

#endif
