/* kernel_avx512: 64 bytes at a time; one permutation looks a byte's classes up among 128. */
#include "watch/finder.h"
#include "watch/kernel_x86.h"

enum { WORD = 1, DIGIT = 2, HEX = 4 };
#define D (WORD | DIGIT | HEX)
#define H (WORD | HEX)

static const uint8_t class_table[128] __attribute__((aligned(64))) = {
    ['-'] = WORD, ['.'] = WORD, ['_'] = WORD, ['0'] = D,    ['1'] = D,    ['2'] = D,
    ['3'] = D,    ['4'] = D,    ['5'] = D,    ['6'] = D,    ['7'] = D,    ['8'] = D,
    ['9'] = D,    ['A'] = H,    ['B'] = H,    ['C'] = H,    ['D'] = H,    ['E'] = H,
    ['F'] = H,    ['a'] = H,    ['b'] = H,    ['c'] = H,    ['d'] = H,    ['e'] = H,
    ['f'] = H,    ['G'] = WORD, ['H'] = WORD, ['I'] = WORD, ['J'] = WORD, ['K'] = WORD,
    ['L'] = WORD, ['M'] = WORD, ['N'] = WORD, ['O'] = WORD, ['P'] = WORD, ['Q'] = WORD,
    ['R'] = WORD, ['S'] = WORD, ['T'] = WORD, ['U'] = WORD, ['V'] = WORD, ['W'] = WORD,
    ['X'] = WORD, ['Y'] = WORD, ['Z'] = WORD, ['g'] = WORD, ['h'] = WORD, ['i'] = WORD,
    ['j'] = WORD, ['k'] = WORD, ['l'] = WORD, ['m'] = WORD, ['n'] = WORD, ['o'] = WORD,
    ['p'] = WORD, ['q'] = WORD, ['r'] = WORD, ['s'] = WORD, ['t'] = WORD, ['u'] = WORD,
    ['v'] = WORD, ['w'] = WORD, ['x'] = WORD, ['y'] = WORD, ['z'] = WORD,
};

static const uint8_t count_table[64] __attribute__((aligned(64))) = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

static inline __m512i bytes_at(const uint8_t *p)
{
    return _mm512_loadu_si512((const void *)p);
}

/* Classes by the low seven bits, nothing for bytes from 0x80 on. */
static inline __m512i classes_of(__m512i v)
{
    __m512i low = _mm512_load_si512((const void *)class_table);
    __m512i high = _mm512_load_si512((const void *)(class_table + 64));
    return _mm512_maskz_permutex2var_epi8(~_mm512_movepi8_mask(v), low, v, high);
}

static inline uint64_t has(__m512i classes, char which)
{
    return _mm512_test_epi8_mask(classes, _mm512_set1_epi8(which));
}

static inline uint64_t is(__m512i v, char c)
{
    return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c));
}

static inline uint64_t equal(const uint8_t *p, uint8_t c)
{
    return is(bytes_at(p), (char)c);
}

static INLINE void masks_of(const uint8_t *p, enum mode mode, struct rows *r, size_t block)
{
    __m512i v = bytes_at(p), classes = classes_of(v);

    r->word[block] = has(classes, WORD);
    r->digit[block] = has(classes, DIGIT);
    r->hex[block] = has(classes, HEX);
    r->dot[block] = is(v, '.');
    r->colon[block] = is(v, ':');
    r->slash[block] = is(v, '/');
    r->at[block] = is(v, '@');
    r->newline[block] = is(v, '\n');
    if (mode == MODE_JSON) {
        r->backslash[block] = is(v, '\\');
        r->letter_u[block] = is(v, 'u');
    }
    if (mode == MODE_ZEEK)
        r->hash[block] = is(v, '#');
}

static inline void word_window(const uint8_t *end, uint64_t *word, uint64_t *dot)
{
    __m512i v = bytes_at(end - 64);

    *word = has(classes_of(v), WORD);
    *dot = is(v, '.');
}

/* Sixteen at a time, squeezed out of the numbers from 0 to 63. */
static inline uint32_t *put_positions(uint32_t *to, uint64_t m, size_t at)
{
    const __m512i count = _mm512_load_si512((const void *)count_table);
    uint32_t *end = to + __builtin_popcountll(m);
    __m512i bits = _mm512_maskz_compress_epi8(m, count), base = _mm512_set1_epi32((int)at);

    _mm512_storeu_si512(to,
                        _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(bits)), base));
    if (__builtin_expect(end - to > 16, 0)) {
        _mm512_storeu_si512(
            to + 16,
            _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(bits, 1)), base));
        _mm512_storeu_si512(
            to + 32,
            _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(bits, 2)), base));
        _mm512_storeu_si512(
            to + 48,
            _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(bits, 3)), base));
    }
    return end;
}

/* Masks of eight blocks in one register. */
#define LANES 8
typedef uint64_t lanes __attribute__((vector_size(64)));

static INLINE lanes lanes_of(uint64_t carry)
{
    return (lanes)_mm512_set1_epi64((long long)carry);
}

static INLINE uint64_t lanes_last(lanes m)
{
    return m[7];
}

/* The top bits go one lane up; the last one's is the next call's carry. */
static INLINE lanes later(lanes m, lanes *carry)
{
    lanes top = m >> 63;
    lanes r = m << 1 | (lanes)_mm512_alignr_epi64((__m512i)top, (__m512i)*carry, 7);

    *carry = top;
    return r;
}

/* Add all lanes alone, then let the carries run: a lane that overflowed gives one to the next, a
 * lane of ones passes it on, which is what an add of the two eight bit masks does. */
static INLINE lanes add_carry(lanes start, lanes run, uint64_t *carry)
{
    __m512i sum = (__m512i)(start + run);
    unsigned over = _mm512_cmplt_epu64_mask(sum, (__m512i)run);
    unsigned ones = _mm512_cmpeq_epi64_mask(sum, _mm512_set1_epi64(-1));
    unsigned moved = 2 * over + (unsigned)*carry + ones;

    *carry = moved >> 8;
    return (lanes)_mm512_mask_sub_epi64(sum, (__mmask8)(moved ^ ones), sum, _mm512_set1_epi64(-1));
}

#undef D
#undef H
#define KERNEL(what) avx512_##what
#include "watch/kernel_impl.h"

extern const struct kernel kernel_avx512;
const struct kernel kernel_avx512 = {"avx512",    CPU_AVX512 | CPU_VBMI, avx512_text, avx512_json,
                                     avx512_zeek, avx512_classify,       avx512_count};
