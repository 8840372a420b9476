/* kernels: the variants one run keeps to, chosen once. */
#ifndef ENTENTE_PSI_KERNELS_H
#define ENTENTE_PSI_KERNELS_H

#include "psi/aes.h"
#include "psi/blake2s.h"
#include "psi/code.h"
#include "psi/gf128.h"
#include "psi/gf64.h"
#include "psi/ggm.h"

struct psi_kernels {
    const struct gf128_ops *gf;
    const struct gf64_ops *gf64;
    const struct aes_ops *aes;
    const struct blake2s_ops *blake2s;
    const struct ggm_ops *ggm;
    const struct code_ops *code;
};

static inline struct psi_kernels psi_kernels_best(uint32_t cpu)
{
    return (struct psi_kernels){gf128_best(cpu),   gf64_best(cpu), aes_best(cpu),
                                blake2s_best(cpu), ggm_best(cpu),  code_best(cpu)};
}

#endif
