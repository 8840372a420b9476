#include "psi/tags.h"

__extension__ typedef unsigned __int128 u128;

#define BUCKET_LOG 12 /* entries of a bucket, about: 64 KiB */
#define FINE_LOG 11   /* counted within a bucket; the rest is insertion */

static uint64_t bucket_of(const struct tags *t, uint64_t hi)
{
    return t->bits ? hi >> (64 - t->bits) : 0;
}

bool tags_init(struct tags *t, const struct gf128 *values, uint64_t n, const uint32_t *number,
               struct gf128 *room, struct arena *a, struct err *e)
{
    unsigned log = psi_log2_up(n + 1);
    uint64_t most = 0;

    t->n = n;
    t->bits = log > BUCKET_LOG ? log - BUCKET_LOG : 0;
    t->e = room;
    t->start = arena_get_array(a, tags_buckets(t) + 2, sizeof *t->start, e);
    if (!t->start)
        return false;
    for (uint64_t i = 0; i < n; i++)
        t->start[bucket_of(t, values[i].hi) + 2]++;
    for (uint64_t b = 2; b < tags_buckets(t) + 2; b++) {
        most = t->start[b] > most ? t->start[b] : most;
        t->start[b] += t->start[b - 1];
    }
    for (uint64_t i = 0; i < n; i++) /* start[b + 1] moves from the bucket's start to its end */
        t->e[t->start[bucket_of(t, values[i].hi) + 1]++] =
            (struct gf128){number ? (uint64_t)number[i] << 32 | i : values[i].lo, values[i].hi};
    t->scratch = arena_get_array(a, most + 1, sizeof *t->scratch, e);
    return t->scratch;
}

static bool before(const struct gf128 *a, const struct gf128 *b)
{
    return a->hi < b->hi || (a->hi == b->hi && a->lo < b->lo);
}

static void insert_all(struct gf128 *e, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct gf128 x = e[i];
        size_t j = i;
        for (; j > 0 && before(&x, &e[j - 1]); j--)
            e[j] = e[j - 1];
        e[j] = x;
    }
}

static int compare(const void *a, const void *b)
{
    return before(a, b) ? -1 : before(b, a);
}

/* Count by the bits below the bucket's, then insertion: tags are uniform, so few share a count.
 * If too many do (doubled items, or a defect), the library's sort is not quadratic. */
static void sort_bucket(struct tags *t, struct gf128 *e, size_t n)
{
    uint32_t at[(1u << FINE_LOG) + 1] = {0}, most = 0;

    for (size_t i = 0; i < n; i++)
        at[(e[i].hi << t->bits >> (64 - FINE_LOG)) + 1]++;
    for (size_t i = 1; i <= 1u << FINE_LOG; i++) {
        most = at[i] > most ? at[i] : most;
        at[i] += at[i - 1];
    }
    if (most > 64) {
        qsort(e, n, sizeof *e, compare);
        return;
    }
    for (size_t i = 0; i < n; i++)
        t->scratch[at[e[i].hi << t->bits >> (64 - FINE_LOG)]++] = e[i];
    insert_all(t->scratch, n);
    memcpy(e, t->scratch, n * sizeof *e);
}

void tags_sort(struct tags *t, uint64_t from, uint64_t to)
{
    for (uint64_t b = from; b < to; b++)
        sort_bucket(t, t->e + t->start[b], t->start[b + 1] - t->start[b]);
}

void tags_put_high(const struct psi_plan *p, const struct tags *t, uint8_t *out)
{
    for (uint64_t i = 0; i < t->n; i++) {
        uint64_t bit = (t->e[i].hi >> (64 - p->high_bits)) + i;
        out[bit / 8] |= (uint8_t)(1u << bit % 8);
    }
}

static u128 low_of(const struct psi_plan *p, struct gf128 tag)
{
    return ((u128)tag.hi << 64 | tag.lo) << p->high_bits >> (128 - (p->tag_bits - p->high_bits));
}

void tags_put_low(const struct psi_plan *p, const struct tags *t, uint64_t at, size_t m,
                  uint8_t *out)
{
    unsigned bits = p->tag_bits - p->high_bits, have = 0;
    u128 held = 0; /* fewer than eight bits */

    for (size_t i = 0; i < m; i++) {
        u128 v = low_of(p, t->e[at + i]);
        uint64_t first = (uint64_t)v & 0x00ffffffffffffff, word;
        unsigned left = bits, take;
        for (take = bits < 56 ? bits : 56;; take = left < 56 ? left : 56) {
            word = (uint64_t)held | first << have;
            memcpy(out, &word, 8); /* the buffer has room behind it */
            have += take;
            out += have / 8;
            held = have < 64 ? word >> (have / 8 * 8) : 0;
            have %= 8;
            left -= take;
            v >>= 56;
            if (!left)
                break;
            first = (uint64_t)v & 0x00ffffffffffffff;
        }
    }
    if (have)
        *out = (uint8_t)held;
}

static uint64_t ones(const uint8_t *p, size_t n)
{
    uint64_t count = 0, word;

    for (size_t i = 0; i < n; i += 8) {
        word = 0;
        memcpy(&word, p + i, n - i < 8 ? n - i : 8);
        count += (unsigned)__builtin_popcountll(word);
    }
    return count;
}

bool tags_reader_init(struct tags_reader *r, const struct psi_plan *p, const uint8_t *high,
                      struct err *e)
{
    memset(r, 0, sizeof *r);
    r->plan = p;
    r->high = high;
    memcpy(&r->word, high, 8);
    return ones(high, p->high_bytes) == p->y ||
           err_fail(e, ERR_PEER, "the reply does not hold %llu tags", (unsigned long long)p->y);
}

/* The place of the next one; there is one, as they have been counted. */
static uint64_t next_one(struct tags_reader *r)
{
    uint64_t bit;

    while (!r->word) {
        r->word_at += 8;
        memcpy(&r->word, r->high + r->word_at, 8);
    }
    bit = (unsigned)__builtin_ctzll(r->word);
    r->word &= r->word - 1;
    return r->word_at * 8 + bit;
}

static u128 get_bits(const uint8_t *p, uint64_t bit, unsigned n)
{
    unsigned shift = bit % 8;
    u128 v;

    memcpy(&v, p + bit / 8, 16);
    v >>= shift;
    if (shift + n > 128)
        v |= (u128)p[bit / 8 + 16] << (128 - shift);
    return v & (((u128)1 << n) - 1);
}

bool tags_read(struct tags_reader *r, const uint8_t *low, size_t m, struct gf128 *out,
               struct err *e)
{
    unsigned high = r->plan->high_bits, bits = r->plan->tag_bits - high;

    for (size_t i = 0; i < m; i++) {
        uint64_t top = next_one(r) - r->seen;
        u128 v = (u128)top << (128 - high) | get_bits(low, (uint64_t)i * bits, bits)
                                                 << (128 - r->plan->tag_bits);
        out[i] = (struct gf128){(uint64_t)v, (uint64_t)(v >> 64)};
        if (top >> high || (r->seen && !before(&r->last, &out[i])))
            return err_fail(e, ERR_PEER, "the tags of the reply do not ascend");
        r->last = out[i];
        r->seen++;
    }
    return true;
}
