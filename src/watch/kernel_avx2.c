/* kernel_avx2: 32 bytes at a time. A byte's high and its low half each choose a set of groups;
 * what both chose is the byte's group. */
#include "watch/finder.h"
#include "watch/kernel_x86.h"

/* Groups: 1 digits, 2 A-F a-f, 4 G-O g-o, 8 P-Z p-z, 16 underscore, 32 '-' and '.'. */
static inline __m256i groups_of(__m256i v)
{
    const __m256i low = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1 | 8, 1 | 2 | 8, 1 | 2 | 8, 1 | 2 | 8, 1 | 2 | 8, 1 | 2 | 8, 1 | 2 | 8,
                      1 | 4 | 8, 1 | 4 | 8, 1 | 4 | 8, 4 | 8, 4, 4, 4 | 32, 4 | 32, 4 | 16));
    const __m256i high = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 32, 1, 2 | 4, 8 | 16, 2 | 4, 8, 0, 0, 0, 0, 0, 0, 0, 0));
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));

    /* a byte from 0x80 on gives 0 from the low table */
    return _mm256_and_si256(_mm256_shuffle_epi8(low, v), _mm256_shuffle_epi8(high, upper));
}

static inline uint32_t any_of(__m256i groups, char which)
{
    __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(groups, _mm256_set1_epi8(which)),
                                     _mm256_setzero_si256());
    return ~(uint32_t)_mm256_movemask_epi8(none);
}

static inline uint32_t is(__m256i v, char c)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)));
}

static inline __m256i half(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline uint64_t both(uint32_t low, uint32_t high)
{
    return low | (uint64_t)high << 32;
}

static inline uint64_t equal(const uint8_t *p, uint8_t c)
{
    return both(is(half(p), (char)c), is(half(p + 32), (char)c));
}

static INLINE void masks_of(const uint8_t *p, enum mode mode, struct rows *r, size_t block)
{
    __m256i a = half(p), b = half(p + 32), ga = groups_of(a), gb = groups_of(b);

    r->word[block] = both(any_of(ga, 63), any_of(gb, 63));
    r->digit[block] = both(any_of(ga, 1), any_of(gb, 1));
    r->hex[block] = both(any_of(ga, 3), any_of(gb, 3));
    r->dot[block] = both(is(a, '.'), is(b, '.'));
    r->colon[block] = both(is(a, ':'), is(b, ':'));
    r->slash[block] = both(is(a, '/'), is(b, '/'));
    r->at[block] = both(is(a, '@'), is(b, '@'));
    r->newline[block] = both(is(a, '\n'), is(b, '\n'));
    if (mode == MODE_JSON) {
        r->backslash[block] = both(is(a, '\\'), is(b, '\\'));
        r->letter_u[block] = both(is(a, 'u'), is(b, 'u'));
    }
    if (mode == MODE_ZEEK)
        r->hash[block] = both(is(a, '#'), is(b, '#'));
}

static inline void word_window(const uint8_t *end, uint64_t *word, uint64_t *dot)
{
    __m256i a = half(end - 64), b = half(end - 32);

    *word = both(any_of(groups_of(a), 63), any_of(groups_of(b), 63));
    *dot = both(is(a, '.'), is(b, '.'));
}

/* Four at a time: almost always that is all of them. */
static inline uint32_t *put_positions(uint32_t *to, uint64_t m, size_t at)
{
    uint32_t *end = to + __builtin_popcountll(m);

    do {
        for (int i = 0; i < 4; i++) {
            to[i] = (uint32_t)(at + FIRST_BIT(m));
            m &= m - 1;
        }
        to += 4;
    } while (__builtin_expect(m != 0, 0));
    return end;
}

#include "watch/lanes_scalar.h"

#define KERNEL(what) avx2_##what
#include "watch/kernel_impl.h"

extern const struct kernel kernel_avx2;
const struct kernel kernel_avx2 = {"avx2",    CPU_AVX2,      avx2_text, avx2_json,
                                   avx2_zeek, avx2_classify, avx2_count};
