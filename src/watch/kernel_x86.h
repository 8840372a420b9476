/* kernel_x86: reading an IPv4 address in sixteen bytes at once, for the kernels that have SSSE3
 * and SSE4.1. */
#ifndef ENTENTE_WATCH_KERNEL_X86_H
#define ENTENTE_WATCH_KERNEL_X86_H

#include <immintrin.h>

#include "watch/ipv4_table.h"

#define FIRST_BIT(m) _tzcnt_u64(m)

/* Reverse the bytes before `end`, find the three dots and the byte before the address, let a
 * table say where each label's digits are, and turn all of them into numbers together. */
static inline unsigned read_ipv4(const uint8_t *end, uint32_t *ip)
{
    const __m128i reverse = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m128i weight =
        _mm_setr_epi8(1, 10, 100, 0, 1, 10, 100, 0, 1, 10, 100, 0, 1, 10, 100, 0);
    __m128i v =
        _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(end - 16)), reverse);
    __m128i digit = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
    unsigned other = ~(unsigned)_mm_movemask_epi8(is_digit) & 0xffff;
    unsigned before = other & (other - 1), dots, size, row;
    __m128i labels, least;

    before &= before - 1;
    before &= before - 1; /* without the three dots */
    dots = (other ^ before) >> 1;
    size = (unsigned)__builtin_ctz(before | 0x10000);
    dots = dots < 2048 ? dots : 0;
    row = ipv4_row[dots] + (size - (unsigned)(32 - __builtin_clz(dots | 1)) - 2);
    /* ipv4_row is 0 for what is no address; a first label of more than three digits goes past
     * its group of three rows */
    if (__builtin_expect(!ipv4_row[dots] || size - (unsigned)(32 - __builtin_clz(dots)) - 2 > 2, 0))
        return 0;
    row -= 1;
    labels =
        _mm_shuffle_epi8(digit, _mm_load_si128((const __m128i *)(const void *)ipv4_shuffle[row]));
    labels = _mm_madd_epi16(_mm_maddubs_epi16(labels, weight), _mm_set1_epi16(1));
    least = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(*(const int *)(const void *)ipv4_least[row]));
    if (_mm_movemask_epi8(_mm_or_si128(_mm_cmpgt_epi32(labels, _mm_set1_epi32(255)),
                                       _mm_cmpgt_epi32(least, labels))))
        return 0;
    labels = _mm_packus_epi16(_mm_packus_epi32(labels, labels), labels);
    *ip = (uint32_t)_mm_cvtsi128_si32(labels);
    return size;
}

#endif
