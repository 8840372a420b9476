/* code: the expand-convolute code under the silent VOLE (ExConv, ePrint 2023/882; systematic,
 * rate 1/2), over GF(2^128).
 *
 * Of 2K inputs the second half d passes two convolutions, one from the front to the back and one
 * from the back to the front. Each is a ring of 24 lanes, the n-th element in lane n mod 24: it
 * leaves its lane multiplied by x, element n + 24 takes its place, and the product is added to
 * the lanes that a word of 24 public random bits names (the next element's always). Then each
 * output i is input i plus 7 (or 21) chosen elements of d.
 *
 * The multiplication by x is what keeps the 128 bit planes of the noise from being 128 instances
 * of one binary code with one support, which linear algebra breaks (decision 0061; the attack is
 * tests/psi/test_attack.c). The second convolution runs backwards so that a low-weight
 * combination of outputs reaches all of d (decision 0062).
 */
#ifndef ENTENTE_PSI_CODE_H
#define ENTENTE_PSI_CODE_H

#include "base/arena.h"
#include "psi/aes.h"
#include "psi/gf64.h"

#define CODE_RING 24
#define CODE_LOG_LEAST 10 /* for tests; a session takes 12 to 16 */
#define CODE_LOG_MOST 16  /* positions have 16 bits, and K elements of 16 bytes fill an L2 cache */

struct code {
    unsigned log_k;
    unsigned groups;               /* 7 positions each: 1 or 3 */
    bool binary;                   /* do not multiply: only for the test that breaks it */
    bool narrow;                   /* multiply by gf64_theta, which keeps to the subfield, not x */
    const uint32_t *mask[2];       /* K words of 24 bits per convolution */
    const uint16_t (*position)[8]; /* K * groups rows, 7 used */
};

/* The code of a public key: masks are words of AES-CTR, positions its half-words. */
bool code_init(struct code *c, unsigned log_k, unsigned groups, const struct aes_ops *aes,
               const uint8_t key[16], struct arena *a, struct err *e);

struct code_ops {
    const char *name;
    uint32_t needs;
    /* x[0..2K) in, x[0..K) out; the rest is overwritten. */
    void (*encode)(const struct code *c, struct gf128 *x);
    /* Two words at once: first halves a[0..K) and b[0..K), in and out; second halves in d, d[2i]
     * of a's and d[2i+1] of b's, overwritten. */
    void (*encode_pair)(const struct code *c, struct gf128 *a, struct gf128 *b, struct gf128 *d);
};
extern const struct code_ops code_variants[];
const struct code_ops *code_best(uint32_t cpu);

#endif
