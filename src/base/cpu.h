/* cpu: what this processor and its system can do. Read from CPUID and XCR0 ourselves, because
 * compilers disagree on names. */
#ifndef ENTENTE_CPU_H
#define ENTENTE_CPU_H

#include <stdint.h>

enum cpu {
    CPU_SSE42 = 1u << 0,
    CPU_AVX2 = 1u << 1, /* with BMI1, BMI2, POPCNT, LZCNT and the system's consent */
    CPU_AES = 1u << 2,
    CPU_PCLMUL = 1u << 3,
    CPU_AVX512 = 1u << 4, /* F, BW, DQ, VL */
    CPU_VAES = 1u << 5,   /* with CPU_AVX512: 512-bit AES */
    CPU_VPCLMUL = 1u << 6,
    CPU_VBMI = 1u << 7, /* AVX512_VBMI and VBMI2 */
    CPU_GFNI = 1u << 8,
    CPU_SHA = 1u << 9,
};

/* The bits of this machine. ENTENTE_CPU=portable|avx2 in the environment takes bits away. */
uint32_t cpu_features(void);
/* How many processors this process may run on, at least 1. */
unsigned cpu_count(void);

#endif
