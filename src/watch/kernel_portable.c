/* kernel_portable: the meaning of the search, for any processor: a table of classes, and eight
 * bytes' bits gathered by one multiplication. */
#include "watch/finder.h"

enum { WORD = 1, DOT = 2, DIGIT = 4, HEX = 8, COLON = 16, SLASH = 32, AT = 64, NEWLINE = 128 };

/* Bytes from 0x80 on are of no class. */
#define ROW_1(c)                                                                                   \
    [c] = ((c) == '\n'                                                ? NEWLINE                    \
           : (c) == '.'                                               ? WORD | DOT                 \
           : (c) == '/'                                               ? SLASH                      \
           : (c) == ':'                                               ? COLON                      \
           : (c) == '@'                                               ? AT                         \
           : (c) == '-' || (c) == '_'                                 ? WORD                       \
           : (c) >= '0' && (c) <= '9'                                 ? WORD | DIGIT | HEX         \
           : ((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'f' && (c) >= 'A' ? WORD | HEX                 \
           : ((c) | 0x20) >= 'g' && ((c) | 0x20) <= 'z' && (c) >= 'A' ? WORD                       \
                                                                      : 0)
#define ROW_4(c) ROW_1(c), ROW_1((c) + 1), ROW_1((c) + 2), ROW_1((c) + 3)
#define ROW_16(c) ROW_4(c), ROW_4((c) + 4), ROW_4((c) + 8), ROW_4((c) + 12)
static const uint8_t bits[256] = {ROW_16(0),  ROW_16(16), ROW_16(32), ROW_16(48),
                                  ROW_16(64), ROW_16(80), ROW_16(96), ROW_16(112)};

#define ONES UINT64_C(0x0101010101010101)

/* Bit k of each of the eight bytes. */
static inline uint64_t gather_bits(uint64_t eight, unsigned k)
{
    return (eight >> k & ONES) * UINT64_C(0x0102040810204080) >> 56;
}

static inline uint64_t eight_classes(const uint8_t *p)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)bits[p[i]] << 8 * i;
    return v;
}

static inline uint64_t equal(const uint8_t *p, uint8_t c)
{
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t m = 0;

    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t x = load64(p + i) ^ c * ONES;
        x = ~(((x & low) + low) | x | low) >> 7;
        m |= (x * UINT64_C(0x0102040810204080) >> 56) << i;
    }
    return m;
}

static INLINE void masks_of(const uint8_t *p, enum mode mode, struct rows *r, size_t block)
{
    uint64_t v[8] = {0};

    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t eight = eight_classes(p + i);
        for (unsigned k = 0; k < 8; k++)
            v[k] |= gather_bits(eight, k) << i;
    }
    r->word[block] = v[0];
    r->dot[block] = v[1];
    r->digit[block] = v[2];
    r->hex[block] = v[3];
    r->colon[block] = v[4];
    r->slash[block] = v[5];
    r->at[block] = v[6];
    r->newline[block] = v[7];
    if (mode == MODE_JSON) {
        r->backslash[block] = equal(p, '\\');
        r->letter_u[block] = equal(p, 'u');
    }
    if (mode == MODE_ZEEK)
        r->hash[block] = equal(p, '#');
}

static inline void word_window(const uint8_t *end, uint64_t *word, uint64_t *dot)
{
    *word = *dot = 0;
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t eight = eight_classes(end - 64 + i);
        *word |= gather_bits(eight, 0) << i;
        *dot |= gather_bits(eight, 1) << i;
    }
}

/* From the last digit to the first. */
static inline unsigned read_ipv4(const uint8_t *end, uint32_t *ip)
{
    const uint8_t *p = end;
    uint32_t v = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned n = 0, label = 0, ten = 1;
        for (; n < 4 && p[-1] >= '0' && p[-1] <= '9'; n++, ten *= 10)
            label += (unsigned)(*--p - '0') * ten;
        if (n == 0 || n > 3 || label > 255 || (n > 1 && *p == '0'))
            return 0;
        v |= label << 8 * i;
        if (i < 3 && *--p != '.')
            return 0;
    }
    *ip = v;
    return (unsigned)(end - p);
}

#define FIRST_BIT(m) ((m) ? (unsigned)__builtin_ctzll(m) : 0)

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

#define KERNEL(what) portable_##what
#include "watch/kernel_impl.h"

extern const struct kernel kernel_portable;
const struct kernel kernel_portable = {
    "portable", 0, portable_text, portable_json, portable_zeek, portable_classify, portable_count};
