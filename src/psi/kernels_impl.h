/* The faster spellings of the kernels, one file per family and level; and what they need. */
#ifndef ENTENTE_PSI_KERNELS_IMPL_H
#define ENTENTE_PSI_KERNELS_IMPL_H

#include "psi/aes.h"
#include "psi/blake2s.h"
#include "psi/code.h"
#include "psi/gf128.h"
#include "psi/gf64.h"
#include "psi/ggm.h"

#define PSI_NEEDS_AVX2 (CPU_AVX2 | CPU_AES | CPU_PCLMUL)
#define PSI_NEEDS_AVX512 (PSI_NEEDS_AVX2 | CPU_AVX512 | CPU_VAES | CPU_VPCLMUL)

#define PSI_KERNELS(level)                                                                         \
    void gf128_mul_##level(struct gf128 *, const struct gf128 *, const struct gf128 *, size_t);    \
    void gf128_scale_acc_##level(struct gf128 *, const struct gf128 *, const struct gf128 *,       \
                                 size_t);                                                          \
    struct gf128 gf128_power_sum_##level(const struct gf128 *, const struct gf128 *, size_t);      \
    void gf128_poly_acc_##level(struct gf128 *, const struct gf128 *, const struct gf128 *,        \
                                unsigned, size_t);                                                 \
    void gf64_widen_##level(struct gf128 *, const uint64_t *, size_t);                             \
    void aes_encrypt_##level(const struct aes_key *, struct gf128 *, const struct gf128 *,         \
                             size_t);                                                              \
    void aes_mmo_##level(const struct aes_key *, struct gf128 *, const struct gf128 *, size_t);    \
    void aes_ctr_##level(const struct aes_key *, struct gf128 *, uint64_t, size_t);                \
    void aes_digest_##level(const struct aes_key *, const struct aes_key *, struct gf128 *,        \
                            const struct gf128 *, size_t);                                         \
    void blake2s_16_##level(uint32_t[8][16], const uint8_t *const[16], const uint32_t[16], bool);  \
    void ggm_full_##level(const struct ggm_keys *, struct gf128, struct gf128, unsigned,           \
                          struct gf128 *, struct gf128 *, struct gf128 *);                         \
    void ggm_punctured_##level(const struct ggm_keys *, unsigned, uint32_t, const struct gf128 *,  \
                               struct gf128 *, struct gf128 *);                                    \
    void ggm_place_##level(const struct gf128 *, size_t, uint32_t, struct gf128, struct gf128,     \
                           struct gf128 *, struct gf128 *, size_t);                                \
    void code_encode_##level(const struct code *, struct gf128 *);                                 \
    void code_encode_pair_##level(const struct code *, struct gf128 *, struct gf128 *,             \
                                  struct gf128 *);

/* The portable convolution from the from-th element on, for the odd rest of a faster one. */
void code_convolve_rest(const struct code *c, unsigned pass, struct gf128 *d, size_t stride,
                        struct gf128 ring[CODE_RING], size_t from);

PSI_KERNELS(avx2)
PSI_KERNELS(avx512)

#endif
