/* cot: correlated oblivious transfers by the hundred thousand from 128 base OTs (SoftSpokenOT,
 * ePrint 2022/192, with k = 8), against cheaters.
 *
 * The sender holds delta; for each transfer it gets q, the receiver a random bit b and
 * t = q ^ b*delta. The base OTs run the other way: the sender chose with delta's bits.
 *
 * delta is 16 bytes, one per field. For each the receiver has a tree of 256 seeds of which the
 * sender misses number delta_f (pprf, checked as in the paper's figure 14). Summed streams of the
 * seeds are 128 rows v and common bits u; 15 corrections per block make u common to all fields.
 * A universal hash of the rows, its challenge taken from all messages before, shows that they
 * were consistent. Transfers come in blocks of 128; block 0 masks the check and is not used.
 */
#ifndef ENTENTE_PSI_COT_H
#define ENTENTE_PSI_COT_H

#include "psi/kernels.h"
#include "psi/ot.h"

#define COT_FIELDS 16
#define COT_LEAVES 256
#define COT_DEPTH 8
#define COT_TREE_BYTES (COT_FIELDS * (COT_DEPTH * 32 + 64))
#define COT_BLOCK_BYTES ((COT_FIELDS - 1) * 16) /* corrections of 128 transfers */
#define COT_CHECK_BYTES 48

struct cot_keys { /* public, of one session */
    struct aes_key left, right, stream, check;
};
void cot_keys_init(struct cot_keys *k, const uint8_t sid[32]);

struct cot {
    struct psi_kernels k;
    struct cot_keys keys;
    struct gf128 delta;                        /* secret; the sender's */
    struct gf128 leaf[COT_FIELDS][COT_LEAVES]; /* secret; the sender's: number y is y ^ delta_f */
    struct gf128 sum[128];                     /* the check so far */
};

/* The receiver: base OT keys in, its tree message out. */
void cot_receiver_trees(struct cot *c, uint8_t keys[OT_COUNT][2][32], uint8_t out[COT_TREE_BYTES]);
/* Blocks from `first` on: corrections out, bits u (16 bytes a block) and t (128 a block). */
void cot_receiver_blocks(struct cot *c, size_t first, size_t n, uint8_t *out, struct gf128 *u,
                         struct gf128 *t);
/* The sender's counterparts. ERR_PEER: inconsistent trees. */
bool cot_sender_trees(struct cot *c, const uint8_t delta[16], uint8_t keys[OT_COUNT][32],
                      const uint8_t in[COT_TREE_BYTES], struct err *e);
void cot_sender_blocks(struct cot *c, size_t first, size_t n, const uint8_t *in, struct gf128 *q);
/* The check of all n blocks, under a challenge from the hash of all messages so far. */
void cot_receiver_check(struct cot *c, const struct hash *messages, size_t n, const struct gf128 *u,
                        const struct gf128 *t, uint8_t out[COT_CHECK_BYTES]);
/* The sender's half of it needs nothing from the receiver, so it need not wait. */
void cot_sender_sums(struct cot *c, const struct hash *messages, size_t n, const struct gf128 *q);
bool cot_sender_check(struct cot *c, const uint8_t in[COT_CHECK_BYTES], struct err *e);
void cot_wipe(struct cot *c);

/* 128 rows of 128 bits to columns; its own inverse. */
void cot_transpose(struct gf128 x[128]);

#endif
