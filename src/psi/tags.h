/* tags: the sender's masked values, sorted and coded; and how the receiver finds its own in them.
 *
 * Tags are numbers of `tag_bits` bits. Sorted by value, they say nothing of the order of the
 * list. Coded after Elias and Fano: the high bits as gaps in unary, one string for all; the low
 * bits as they are, 8,192 tags to a frame. The length depends on their number alone.
 */
#ifndef ENTENTE_PSI_TAGS_H
#define ENTENTE_PSI_TAGS_H

#include "psi/plan.h"

/* A tag as a number: hi is the more significant word; bits below tag_bits are zero. For sorting
 * the receiver's own, lo is the item's number and, in the lower half, its place instead. */
struct tags {
    struct gf128 *e; /* sorted by (hi, lo) once tags_sort has done its buckets */
    uint64_t n;
    unsigned bits; /* buckets are 2^bits, by the highest bits */
    uint64_t *start;
    struct gf128 *scratch; /* of the largest bucket */
};

/* From n values (hi, lo), if `number` with lo replaced by (number, place). `room` is for n. Not yet
 * sorted within buckets. */
bool tags_init(struct tags *t, const struct gf128 *values, uint64_t n, const uint32_t *number,
               struct gf128 *room, struct arena *a, struct err *e);
static inline uint64_t tags_buckets(const struct tags *t)
{
    return (uint64_t)1 << t->bits;
}
void tags_sort(struct tags *t, uint64_t from, uint64_t to); /* buckets */

/* The unary part of sorted tags, into zeroed memory; and a part of the low bits: m tags from
 * number `at`. */
void tags_put_high(const struct psi_plan *p, const struct tags *t, uint8_t *out);
void tags_put_low(const struct psi_plan *p, const struct tags *t, uint64_t at, size_t m,
                  uint8_t *out);
static inline size_t tags_low_bytes(const struct psi_plan *p, size_t m)
{
    return (m * (p->tag_bits - p->high_bits) + 7) / 8;
}

/* Reading a reply: all of the unary part first, then the parts in order. */
struct tags_reader {
    const struct psi_plan *plan;
    const uint8_t *high;
    uint64_t word, word_at, seen; /* bits of the unary part being read; tags read so far */
    struct gf128 last;
};
/* ERR_PEER: not a code of exactly y tags. `high` has eight readable bytes behind it. */
bool tags_reader_init(struct tags_reader *r, const struct psi_plan *p, const uint8_t *high,
                      struct err *e);
/* m tags from a part that has sixteen readable bytes behind it. ERR_PEER: not ascending. */
bool tags_read(struct tags_reader *r, const uint8_t *low, size_t m, struct gf128 *out,
               struct err *e);

#endif
