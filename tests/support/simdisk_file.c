#include "support/simdisk_impl.h"

#include <stdlib.h>

#define SECTOR ((size_t)512)

void *sim_get(void *p)
{
    if (!p)
        abort();
    return p;
}

/* SplitMix64, as the tests' own. */
uint64_t sim_draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

size_t sim_below(uint64_t *state, size_t n)
{
    return (size_t)(sim_draw(state) % n); /* uneven by 2^-40 at most here */
}

/* ---- a file's bytes -------------------------------------------------------------------------- */

static void changes_clear(struct inode *i)
{
    for (size_t k = 0; k < i->n; k++)
        free(i->changes[k].data);
    i->n = 0;
}

void inode_free(struct inode *i)
{
    changes_clear(i);
    free(i->changes);
    free(i->seen);
    free(i->safe);
    free(i);
}

static void resize_seen(struct inode *i, size_t n)
{
    if (n > i->seen_cap) {
        i->seen_cap = n > 2 * i->seen_cap ? n : 2 * i->seen_cap;
        i->seen = sim_get(realloc(i->seen, i->seen_cap));
    }
    if (n > i->seen_n)
        memset(i->seen + i->seen_n, 0, n - i->seen_n);
    i->seen_n = n;
}

static void change_add(struct inode *i, size_t at, size_t n, const uint8_t *data)
{
    struct change *c;

    if (i->n == i->cap) {
        i->cap = i->cap ? i->cap * 2 : 8;
        i->changes = sim_get(realloc(i->changes, i->cap * sizeof *i->changes));
    }
    c = &i->changes[i->n++];
    *c = (struct change){.at = at, .n = n, .size = i->seen_n};
    if (data && n) {
        c->data = sim_get(malloc(n));
        memcpy(c->data, data, n);
    }
}

void inode_write(struct inode *i, size_t at, struct bytes b)
{
    if (b.n == 0)
        return;
    if (at + b.n > i->seen_n)
        resize_seen(i, at + b.n);
    memcpy(i->seen + at, b.p, b.n);
    change_add(i, at, b.n, b.p);
}

void inode_truncate(struct inode *i, size_t size)
{
    size_t was = i->seen_n;

    resize_seen(i, size);
    change_add(i, size, was > size ? was - size : 0, NULL);
}

static void apply(uint8_t *to, const struct change *c, size_t from, size_t n)
{
    if (c->data)
        memcpy(to + from, c->data + (from - c->at), n);
    else
        memset(to + from, 0, n);
}

/* The largest size that the file had since its last sync. */
static size_t extent(const struct inode *i)
{
    size_t most = i->safe_n;

    for (size_t k = 0; k < i->n; k++) {
        size_t end = i->changes[k].at + i->changes[k].n;
        most = end > most ? end : most;
        most = i->changes[k].size > most ? i->changes[k].size : most;
    }
    return most;
}

enum mood sim_mood(uint64_t *rng)
{
    static const enum mood moods[] = {KEEP_ALL, LOSE_ALL, IN_ORDER, IN_ORDER,
                                      EACH,     EACH,     EACH,     EACH};
    return moods[sim_below(rng, 8)];
}

struct sector {
    uint32_t seen, keep; /* changes that touched it so far; how many of them are kept */
    bool torn;           /* and a part of the next */
};

static void for_sectors(const struct inode *i, uint8_t *to, struct sector *sectors, bool count,
                        uint64_t *rng)
{
    for (size_t k = 0; k < i->n; k++) {
        const struct change *c = &i->changes[k];
        size_t at = c->at, end = c->at + c->n;
        while (at < end) {
            struct sector *s = &sectors[at / SECTOR];
            size_t stop = (at / SECTOR + 1) * SECTOR, n = (stop < end ? stop : end) - at;
            s->seen++;
            if (!count && s->seen <= s->keep) {
                apply(to, c, at, n);
            } else if (!count && s->torn && s->seen == s->keep + 1) {
                size_t part = sim_below(rng, n + 1);
                if (sim_draw(rng) & 1)
                    apply(to, c, at, part);
                else
                    apply(to, c, at + (n - part), part);
            }
            at += n;
        }
    }
}

/* Every sector by itself. */
static void crash_each(const struct inode *i, uint8_t *to, size_t most, uint64_t *rng)
{
    size_t n = most / SECTOR + 1;
    struct sector *sectors = sim_get(calloc(n, sizeof *sectors));

    for_sectors(i, to, sectors, true, rng);
    for (size_t k = 0; k < n; k++) {
        if (sectors[k].seen == 0)
            continue;
        sectors[k].keep = sim_draw(rng) & 1 ? sectors[k].seen
                                            : (uint32_t)sim_below(rng, (size_t)sectors[k].seen + 1);
        sectors[k].torn = sim_below(rng, 3) == 0;
        sectors[k].seen = 0;
    }
    for_sectors(i, to, sectors, false, rng);
    free(sectors);
}

/* What the medium may hold of a file. *size: its length; the caller frees. */
uint8_t *sim_crash_bytes(const struct inode *i, enum mood mood, uint64_t *rng, size_t *size)
{
    size_t most = extent(i), whole, part;
    uint8_t *to = sim_get(calloc(1, most + 1));

    if (i->safe_n)
        memcpy(to, i->safe, i->safe_n);
    *size = i->safe_n;
    if (i->n == 0 || mood == LOSE_ALL)
        return to;
    if (mood == EACH) {
        size_t k = sim_below(rng, i->n + 2);
        crash_each(i, to, most, rng);
        *size = k == 0 ? i->safe_n : k > i->n ? i->seen_n : i->changes[k - 1].size;
        return to;
    }
    whole = mood == KEEP_ALL ? i->n : sim_below(rng, i->n + 1);
    for (size_t k = 0; k < whole; k++) {
        apply(to, &i->changes[k], i->changes[k].at, i->changes[k].n);
        *size = i->changes[k].size;
    }
    if (whole < i->n) {
        part = sim_below(rng, i->changes[whole].n + 1);
        apply(to, &i->changes[whole], i->changes[whole].at, part);
        if (i->changes[whole].data && i->changes[whole].at + part > *size)
            *size = i->changes[whole].at + part;
    }
    return to;
}

void inode_sync_badly(struct inode *i, uint64_t *rng)
{
    size_t size;
    uint8_t *bytes;

    if (i->n == 0)
        return;
    bytes = sim_crash_bytes(i, EACH, rng, &size);
    free(i->safe);
    i->safe = bytes;
    i->safe_n = size;
    changes_clear(i);
}

/* A sync that succeeds, without copying the whole file. */
void inode_sync(struct inode *i)
{
    size_t most = extent(i);

    if (i->n == 0)
        return;
    i->safe = sim_get(realloc(i->safe, most + 1));
    if (most > i->safe_n)
        memset(i->safe + i->safe_n, 0, most - i->safe_n);
    for (size_t k = 0; k < i->n; k++) {
        apply(i->safe, &i->changes[k], i->changes[k].at, i->changes[k].n);
        i->safe_n = i->changes[k].size;
    }
    changes_clear(i);
}

/* From the medium, as the writes on their way would leave it. */
size_t inode_read_direct(const struct inode *i, size_t at, uint8_t *out, size_t n)
{
    size_t most = extent(i), size = i->n ? i->changes[i->n - 1].size : i->safe_n;
    uint8_t *all = sim_get(calloc(1, most + 1));

    if (i->safe_n)
        memcpy(all, i->safe, i->safe_n);
    for (size_t k = 0; k < i->n; k++)
        apply(all, &i->changes[k], i->changes[k].at, i->changes[k].n);
    n = at >= size ? 0 : size - at < n ? size - at : n;
    memcpy(out, all + at, n);
    free(all);
    return n;
}
