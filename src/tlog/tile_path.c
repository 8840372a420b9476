/* tile/<level>/<number in groups of three digits>[.p/<width>] */
#include "tlog/tlog_impl.h"

#include <assert.h>
#include <stdio.h>

/* "x001/x234/067": groups from the left, each but the last behind an x. */
static size_t print_number(uint64_t number, char *out)
{
    unsigned groups[7], n = 0;
    size_t at = 0;

    do
        groups[n++] = (unsigned)(number % 1000);
    while (number /= 1000);
    assert(n <= sizeof groups / sizeof *groups);
    while (n-- > 0) {
        if (n)
            out[at++] = 'x';
        out[at++] = (char)('0' + groups[n] / 100);
        out[at++] = (char)('0' + groups[n] / 10 % 10);
        out[at++] = (char)('0' + groups[n] % 10);
        if (n)
            out[at++] = '/';
    }
    return at;
}

void tlog_tile_print(const struct tlog_tile *t, char out[TLOG_TILE_PATH_MAX])
{
    size_t n;

    assert(t->level <= TLOG_LEVEL_ENTRIES && t->number <= TLOG_SIZE_MAX);
    assert(t->width >= 1 && t->width <= TLOG_TILE_WIDTH);
    if (t->level == TLOG_LEVEL_ENTRIES)
        n = (size_t)snprintf(out, TLOG_TILE_PATH_MAX, "tile/entries/");
    else
        n = (size_t)snprintf(out, TLOG_TILE_PATH_MAX, "tile/%u/", t->level);
    n += print_number(t->number, out + n);
    if (t->width == TLOG_TILE_WIDTH)
        out[n] = '\0';
    else
        snprintf(out + n, TLOG_TILE_PATH_MAX - n, ".p/%u", t->width);
}

/* The part before the next '/', which is cut off with it. */
static struct bytes next_part(struct bytes *rest)
{
    struct bytes part = bytes_part(*rest, 0, bytes_find_byte(*rest, '/'));

    *rest = bytes_part(*rest, part.n + 1, SIZE_MAX);
    return part;
}

/* Three digits onto the number. */
static bool add_group(struct bytes digits, uint64_t *number)
{
    uint64_t v = *number;

    if (digits.n != 3 || v > TLOG_SIZE_MAX / 1000)
        return false;
    v *= 1000;
    for (size_t i = 0, unit = 100; i < 3; i++, unit /= 10) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
        v += (uint64_t)(digits.p[i] - '0') * unit;
    }
    *number = v;
    return v <= TLOG_SIZE_MAX;
}

/* Reads more than the canonical form; the caller prints it again and compares. */
static bool parse_loosely(struct bytes path, struct tlog_tile *t)
{
    struct bytes rest = path, head = next_part(&rest), level = next_part(&rest), part;
    uint64_t v = TLOG_LEVEL_ENTRIES;

    if (!bytes_are(head, "tile") ||
        (!bytes_are(level, "entries") && (!decimal_parse(level, &v) || v >= TLOG_LEVEL_ENTRIES)))
        return false;
    *t = (struct tlog_tile){.level = (unsigned)v, .width = TLOG_TILE_WIDTH};
    for (part = next_part(&rest); part.n && part.p[0] == 'x'; part = next_part(&rest))
        if (!add_group(bytes_part(part, 1, SIZE_MAX), &t->number))
            return false;
    if (!add_group(bytes_part(part, 0, 3), &t->number))
        return false;
    if (bytes_are(bytes_part(part, 3, SIZE_MAX), ".p")) {
        if (!decimal_parse(rest, &v) || v < 1 || v >= TLOG_TILE_WIDTH)
            return false;
        t->width = (unsigned)v;
    }
    return true;
}

bool tlog_tile_parse(struct bytes path, struct tlog_tile *out, struct err *e)
{
    char again[TLOG_TILE_PATH_MAX];
    struct tlog_tile t;

    if (path.n < TLOG_TILE_PATH_MAX && parse_loosely(path, &t)) {
        tlog_tile_print(&t, again);
        if (bytes_are(path, again)) {
            *out = t;
            return true;
        }
    }
    return err_fail(e, ERR_INPUT, "\"%.*s\" is not the path of a tile",
                    BYTES_FMT(bytes_part(path, 0, 80)));
}

unsigned tlog_tile_width(uint64_t size, unsigned level, uint64_t number)
{
    uint64_t hashes;

    if (level == TLOG_LEVEL_ENTRIES)
        level = 0;
    hashes = level < 8 ? size >> (8 * level) : 0;
    if (number < hashes / TLOG_TILE_WIDTH)
        return TLOG_TILE_WIDTH;
    return number == hashes / TLOG_TILE_WIDTH ? (unsigned)(hashes % TLOG_TILE_WIDTH) : 0;
}
