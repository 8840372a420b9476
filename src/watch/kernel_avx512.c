/* kernel_avx512: 64 bytes at a time; one permutation looks a byte's classes up among 128. */
#include "watch/finder.h"
#include "watch/kernel_x86.h"
#include "watch/masks.h"

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

static inline __m512i block(const uint8_t *p)
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
    return is(block(p), (char)c);
}

static inline void masks_of(const uint8_t *p, struct masks *m)
{
    __m512i v = block(p), classes = classes_of(v);

    m->word = has(classes, WORD);
    m->digit = has(classes, DIGIT);
    m->hex = has(classes, HEX);
    m->dot = is(v, '.');
    m->colon = is(v, ':');
    m->slash = is(v, '/');
    m->at = is(v, '@');
    m->newline = is(v, '\n');
    m->backslash = is(v, '\\');
    m->hash = is(v, '#');
}

static inline void word_window(const uint8_t *end, uint64_t *word, uint64_t *dot)
{
    __m512i v = block(end - 64);

    *word = has(classes_of(v), WORD);
    *dot = is(v, '.');
}

#undef D
#undef H
#define KERNEL(what) avx512_##what
#include "watch/kernel_impl.h"

extern const struct kernel kernel_avx512;
const struct kernel kernel_avx512 = {"avx512",          CPU_AVX512 | CPU_VBMI, avx512_text,
                                     avx512_json,       avx512_zeek,           avx512_classify,
                                     avx512_count_lines};
