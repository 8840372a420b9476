/* Columns of a terminal. By blocks, not by single characters: names and translations are what we
 * align, and a table of every emoji would be wrong again with the next Unicode. */
#include "base/text.h"

struct range {
    uint32_t first, last;
};

/* UAX 11, East_Asian_Width W and F; emoji. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x2e80, 0x303e},
    {0x3041, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},
    {0xffe0, 0xffe6},   {0x16fe0, 0x18cff}, {0x1b000, 0x1b2ff}, {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};
/* Combining marks of the scripts that people write names in; joiners and variation selectors. */
static const struct range none[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},     {0x64b, 0x65f},
    {0x93a, 0x93c},   {0x941, 0x948},   {0xe34, 0xe3a},   {0xe47, 0xe4e},     {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x2060, 0x2064}, {0x20d0, 0x20ff},   {0x302a, 0x302d},
    {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
};

static bool lies_in(uint32_t code, const struct range *r, size_t n)
{
    size_t low = 0;

    while (n) {
        size_t half = n / 2;
        if (code > r[low + half].last) {
            low += half + 1;
            n -= half + 1;
        } else if (code < r[low + half].first) {
            n = half;
        } else {
            return true;
        }
    }
    return false;
}

static size_t columns_of(int32_t code)
{
    if (code < 0x300)
        return 1;
    if (lies_in((uint32_t)code, none, sizeof none / sizeof *none))
        return 0;
    return lies_in((uint32_t)code, wide, sizeof wide / sizeof *wide) ? 2 : 1;
}

size_t text_width(struct bytes text)
{
    size_t at = 0, n = 0;

    while (at < text.n) {
        int32_t code = utf8_next(text, &at);
        at += code < 0; /* a byte that is no text: one column, and on */
        n += columns_of(code);
    }
    return n;
}

size_t text_fit(struct bytes text, size_t columns)
{
    size_t at = 0, n = 0, end = 0;

    while (at < text.n) {
        int32_t code = utf8_next(text, &at);
        at += code < 0;
        n += columns_of(code);
        if (n > columns)
            break;
        end = at;
    }
    return end;
}
