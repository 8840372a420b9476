/* aes: AES-128 (FIPS 197) as a fixed permutation under a public key: for hashing, trees and
 * streams, not for encryption. Portable form: bitsliced, eight blocks at a time, after the
 * circuit of Boyar and Peralta (SEA 2010). All variants are constant-time. */
#ifndef ENTENTE_PSI_AES_H
#define ENTENTE_PSI_AES_H

#include "psi/gf128.h"

struct aes_key {
    _Alignas(16) uint8_t round[11][16]; /* an arena gives no more than 16 */
};
void aes_key_init(struct aes_key *k, const uint8_t key[16]);

struct aes_ops {
    const char *name;
    uint32_t needs;
    /* out[i] = AES(in[i]); out may be in. */
    void (*encrypt)(const struct aes_key *k, struct gf128 *out, const struct gf128 *in, size_t n);
    /* out[i] = AES(in[i]) ^ in[i], Matyas-Meyer-Oseas under a fixed key; out may be in. */
    void (*mmo)(const struct aes_key *k, struct gf128 *out, const struct gf128 *in, size_t n);
    /* out[i] = AES(first + i), the counter in the low 64 bits. */
    void (*ctr)(const struct aes_key *k, struct gf128 *out, uint64_t first, size_t n);
    /* Items' salted digests: s = mmo_a(d_lo), out = mmo_b(s ^ d_hi), d in two blocks each. */
    void (*digest)(const struct aes_key *a, const struct aes_key *b, struct gf128 *out,
                   const struct gf128 *d, size_t n);
};
extern const struct aes_ops aes_variants[];
const struct aes_ops *aes_best(uint32_t cpu);

#endif
