/* Runs of plain text, and the order of names: eight bytes at a time where that is exact. */
#include "stix/json_impl.h"

#define SORT_SMALL 24 /* up to here insertion beats merging */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LITTLE true
#else
#define LITTLE false
#endif

/* ---- plain text --------------------------------------------------------------------------- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The high bit of each byte that is not plain. A borrow may set more bits above the lowest one
 * that is right, never below it. */
static uint64_t special(uint64_t w)
{
    uint64_t quote = w ^ EACH('"'), slash = w ^ EACH('\\');

    return (w | ((w - EACH(0x20)) & ~w) | ((quote - EACH(1)) & ~quote) |
            ((slash - EACH(1)) & ~slash)) &
           EACH(0x80);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

size_t json_plain_run(const uint8_t *p, size_t n)
{
    size_t at = 0;
    uint64_t w, hit;

    for (; n - at >= 8; at += 8) {
        memcpy(&w, p + at, 8);
        hit = special(w);
        if (hit && LITTLE)
            return at + (size_t)__builtin_ctzll(hit) / 8;
        if (hit)
            break;
    }
    while (at < n && is_plain(p[at]))
        at++;
    return at;
}

/* ---- order of names ----------------------------------------------------------------------- */

/* Where the first n bytes of the two begin to differ, or n. */
static size_t difference(const uint8_t *a, const uint8_t *b, size_t n)
{
    size_t at = 0;
    uint64_t x, y;

    for (; n - at >= 8; at += 8) {
        memcpy(&x, a + at, 8);
        memcpy(&y, b + at, 8);
        if (x != y && LITTLE)
            return at + (size_t)__builtin_ctzll(x ^ y) / 8;
        if (x != y)
            break;
    }
    while (at < n && a[at] == b[at])
        at++;
    return at;
}

int json_key_order(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n, at = difference(a.p, b.p, n);
    uint8_t x, y;

    if (at == n)
        return a.n < b.n ? -1 : a.n > b.n;
    x = a.p[at];
    y = b.p[at];
    /* Bytes order as UTF-16 does, but for U+E000..U+FFFF (lead bytes EE, EF) against what lies
     * beyond them (F0..F4), which UTF-16 writes with surrogates, D800..DFFF. */
    if (x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0))
        return x >= 0xf0 ? -1 : 1;
    return x < y ? -1 : 1;
}

static int member_order(const struct json_member *a, const struct json_member *b)
{
    return json_key_order(bytes_of(a->key, a->n), bytes_of(b->key, b->n));
}

static void sort_small(struct json_member *m, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct json_member x = m[i];
        size_t j = i;
        for (; j > 0 && member_order(&x, &m[j - 1]) < 0; j--)
            m[j] = m[j - 1];
        m[j] = x;
    }
}

/* A stable merge, so that of equal names the first stays first. */
static void sort(struct json_member *m, size_t n, struct json_member *spare)
{
    size_t half = n / 2, i = 0, j = half, k = 0;

    if (n <= SORT_SMALL) {
        sort_small(m, n);
        return;
    }
    sort(m, half, spare);
    sort(m + half, n - half, spare);
    if (member_order(&m[half - 1], &m[half]) <= 0)
        return;
    memcpy(spare, m, half * sizeof *m);
    while (i < half && j < n)
        m[k++] = member_order(&spare[i], &m[j]) <= 0 ? spare[i++] : m[j++];
    memcpy(m + k, spare + i, (half - i) * sizeof *m);
}

bool json_sort_members(struct json_member *m, size_t n, struct arena *a, struct err *e)
{
    struct arena_mark before;
    struct json_member *spare;

    if (n <= SORT_SMALL) {
        sort_small(m, n);
        return true;
    }
    before = arena_mark(a);
    spare = arena_get_array(a, n / 2, sizeof *spare, e);
    if (!spare)
        return false;
    sort(m, n, spare);
    arena_reset(a, before);
    return true;
}
