#include "base/cpu.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

static uint64_t xcr0(void)
{
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

static uint32_t detect(void)
{
    uint32_t a, b, c, d, ext = 0, f = 0;
    uint64_t state = 0;

    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 0;
    if (c & (1u << 27))
        state = xcr0();
    f |= c & (1u << 20) ? CPU_SSE42 : 0;
    f |= c & (1u << 25) ? CPU_AES : 0;
    f |= c & (1u << 1) ? CPU_PCLMUL : 0;
    if (__get_cpuid(0x80000001, &a, &b, &ext, &d))
        ext &= 1u << 5; /* LZCNT */
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return f;
    f |= b & (1u << 29) ? CPU_SHA : 0;
    if ((state & 6) != 6 || !ext)
        return f;
    if ((b & (1u << 5)) && (b & (1u << 3)) && (b & (1u << 8)))
        f |= CPU_AVX2;
    if ((state & 0xe6) != 0xe6 || !(f & CPU_AVX2))
        return f;
    if ((b & (1u << 16)) && (b & (1u << 17)) && (b & (1u << 30)) && (b & (1u << 31))) {
        f |= CPU_AVX512;
        f |= c & (1u << 9) ? CPU_VAES : 0;
        f |= c & (1u << 10) ? CPU_VPCLMUL : 0;
        f |= (c & (1u << 1)) && (c & (1u << 6)) ? CPU_VBMI : 0;
        f |= c & (1u << 8) ? CPU_GFNI : 0;
    }
    return f;
}
#else
static uint32_t detect(void)
{
    return 0;
}
#endif

uint32_t cpu_features(void)
{
    const char *force = getenv("ENTENTE_CPU");
    uint32_t f = detect();

    if (force && !strcmp(force, "portable"))
        return 0;
    if (force && !strcmp(force, "avx2"))
        return f & (CPU_SSE42 | CPU_AVX2 | CPU_AES | CPU_PCLMUL | CPU_SHA);
    return f;
}

unsigned cpu_count(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return CPU_COUNT(&set) > 0 ? (unsigned)CPU_COUNT(&set) : 1;
}
