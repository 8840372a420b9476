/* ot: 128 random oblivious transfers in one round: endemic OT of Masny and Rindal (ePrint
 * 2019/706, figure 1, with ElGamal keys) over ristretto255, against cheaters. The two messages
 * do not depend on each other and may cross on the way (decision 0067).
 *
 * The chooser has a bit per transfer and ends with one key of each pair; the offerer ends with
 * both and does not learn the bits. Keys are not yet uniform for a cheater: ot_finish mixes in
 * nonces that both committed to beforehand.
 */
#ifndef ENTENTE_PSI_OT_H
#define ENTENTE_PSI_OT_H

#include "crypto/crypto.h"

#define OT_COUNT 128
#define OT_OFFER_BYTES (OT_COUNT * 64) /* the chooser's message: two points per transfer */
#define OT_POINT_BYTES 32              /* the offerer's: one point */

struct ot_offerer {
    uint8_t scalar[32]; /* secret */
    uint8_t point[OT_POINT_BYTES], sid[32];
};

struct ot_chooser {
    uint8_t scalar[OT_COUNT][32]; /* secret */
    uint8_t points[OT_OFFER_BYTES];
    uint8_t bits[OT_COUNT / 8]; /* secret */
    uint8_t sid[32];
};

/* The chooser's side: secret bits, lowest first. Writes its message. */
void ot_choose(struct ot_chooser *c, const struct os *os, const uint8_t sid[32],
               const uint8_t bits[OT_COUNT / 8], uint8_t out[OT_OFFER_BYTES]);
/* The offerer's side: its message, o->point. */
void ot_begin(struct ot_offerer *o, const struct os *os, const uint8_t sid[32]);
/* Both keys of each pair, from the chooser's message. ERR_PEER: a point that is none. */
bool ot_offer(const struct ot_offerer *o, const uint8_t in[OT_OFFER_BYTES],
              uint8_t keys[OT_COUNT][2][32], struct err *e);
/* The chooser's keys, from the offerer's. ERR_PEER as above. */
bool ot_chosen(const struct ot_chooser *c, const uint8_t in[OT_POINT_BYTES],
               uint8_t keys[OT_COUNT][32], struct err *e);
/* Make keys uniform with both sides' nonces, opened after the round. */
void ot_finish(uint8_t key[32], const uint8_t nonces[64]);

#endif
