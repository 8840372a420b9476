/* Digests in order: split by their first bits, then each small part by itself in cache. */
#include "match/match.h"

#include <stdlib.h>

#define PART_BITS_MOST 16
#define PART_ITEMS_LOG 8 /* about so many items in a part: their digests fit the first cache */

static unsigned part_bits(uint64_t n)
{
    unsigned bits = 0;

    while (bits < PART_BITS_MOST && (n >> (bits + PART_ITEMS_LOG)) > 1)
        bits++;
    return bits;
}

static size_t part_of(const struct psi_digest *d, unsigned bits)
{
    size_t first = (size_t)d->b[0] << 8 | d->b[1];

    return first >> (16 - bits);
}

static int by_digest(const void *a, const void *b, void *digests)
{
    const struct psi_digest *d = digests;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    int c = memcmp(&d[i], &d[j], sizeof *d);

    return c ? c : (i > j) - (i < j);
}

/* start[p + 1] moves from where part p begins to where it ends. */
static void split(const struct psi_digest *d, uint64_t n, unsigned bits, uint64_t *start,
                  uint32_t *number)
{
    for (uint64_t i = 0; i < n; i++)
        start[part_of(&d[i], bits) + 2]++;
    for (size_t p = 2; p < ((size_t)1 << bits) + 2; p++)
        start[p] += start[p - 1];
    for (uint64_t i = 0; i < n; i++)
        number[start[part_of(&d[i], bits) + 1]++] = (uint32_t)i;
}

bool match_order_make(const struct psi_digest *d, uint64_t n, struct match_order *out,
                      struct err *e)
{
    unsigned bits = part_bits(n);
    size_t parts = (size_t)1 << bits;
    uint64_t *start = calloc(parts + 2, sizeof *start), kept = 0;
    uint32_t *number = malloc((n ? n : 1) * sizeof *number);

    if (!start || !number) {
        free(start);
        free(number);
        return err_fail(e, ERR_NOMEM, "no memory to sort %llu items", (unsigned long long)n);
    }
    split(d, n, bits, start, number);
    for (size_t p = 0; p < parts; p++)
        if (start[p + 1] - start[p] > 1)
            qsort_r(number + start[p], start[p + 1] - start[p], sizeof *number, by_digest,
                    (void *)(uintptr_t)d);
    for (uint64_t i = 0; i < n; i++)
        if (kept == 0 || memcmp(&d[number[i]], &d[number[kept - 1]], sizeof *d) != 0)
            number[kept++] = number[i];
    free(start);
    *out = (struct match_order){number, kept, n - kept};
    return true;
}

void match_order_free(struct match_order *o)
{
    free(o->number);
    *o = (struct match_order){0};
}
