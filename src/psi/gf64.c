#include "psi/gf64.h"

#include "psi/kernels_impl.h"

/* The basis of the subfield that is dual to the 64 bits: from the powers of theta by elimination.
 */
const uint64_t gf64_high[64] = {
    0x0000000000000000, 0xc7c8120b7724c63b, 0xd7d7cf515e6d7ba2, 0x96ddb97171a3fc51,
    0xdfc44ed22be7fbc2, 0xd63c0f8fc7f0b94f, 0xbecdb9565c4a5856, 0x0df9e59b63cf49d7,
    0x2100ef6295db25e7, 0xa74498866d23e934, 0xbbbf056ae5906f67, 0x8e9968d01670b724,
    0xe63473921fef8b83, 0xaf1919370d98c4f5, 0x2db07749a5321a32, 0xeff7a2f3d56e9910,
    0x09014e5d54a72f3e, 0x78eac4f2b921db1b, 0xfaae98129cc18433, 0x5d745af739d32cc5,
    0xaf8ee7597be05b12, 0x93dc255a343a3a70, 0xfb814bb62e9fe905, 0x65ca313916fc236b,
    0xf23d1dbe6a3d2278, 0x6454b607a6837e76, 0x78c93d237c730269, 0xaaf32921c949ac00,
    0x641b2f5a5bb54c0c, 0x0981cdcc59fb3f4b, 0x194c196227f9324f, 0x14174a231425dafa,
    0xca6eb6a95b551c29, 0xd79ac5484cd7773b, 0x8bbd0a414e603114, 0x0dd8e5ab383e7891,
    0x352eda5b588646af, 0xeab3aaea7356794d, 0x41e775a4cc44542d, 0xea3e0a94798b404b,
    0x964f11cf1eed9bcc, 0xe3317f155375256e, 0x00a5ef44d16522ac, 0x6c105445324b40bb,
    0x258833dd1fbea36c, 0x15d306393e479a5d, 0x1076fb8e3bbddc03, 0xbfcde4f9e011b137,
    0xe2027a2e67c63f3a, 0x684b3cfc4abcfe78, 0xa2a222aa346c469e, 0x605b1aba35ba10b1,
    0xfee5d61d37dabec2, 0x19b9431af9296125, 0x3476d4fca10d9260, 0x9ae9c3a535638fa3,
    0x486ed704ab38fcdc, 0x2494ce5b85569741, 0xce4721d10d7eba4e, 0xd6c6f4a18cd741d3,
    0x299fbe0de47d0abc, 0xd66f6b9d1049de59, 0xc29b75eb67628d8d, 0x7d1fa30676835056,
};

static void widen_portable(struct gf128 *out, const uint64_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t v = in[i], hi = 0;
        for (unsigned b = 0; b < 64; b++)
            hi ^= gf64_high[b] & (0 - (v >> b & 1));
        out[i] = (struct gf128){v ^ (hi << 1 | hi >> 63), hi};
    }
}

void gf64_project(const struct gf64_ops *ops, struct gf128 *x, size_t n)
{
    uint64_t low[256];

    for (size_t i = 0; i < n; i += 256) {
        size_t m = n - i < 256 ? n - i : 256;
        for (size_t j = 0; j < m; j++)
            low[j] = x[i + j].lo;
        ops->widen(x + i, low, m);
    }
}

const struct gf64_ops gf64_variants[] = {
#if defined(__x86_64__)
    {"avx512", PSI_NEEDS_AVX512, gf64_widen_avx512},
    {"avx2", PSI_NEEDS_AVX2, gf64_widen_avx2},
#endif
    {"portable", 0, widen_portable},
};

const struct gf64_ops *gf64_best(uint32_t cpu)
{
    const struct gf64_ops *v = gf64_variants;

    while (v->needs & ~cpu)
        v++;
    return v;
}
