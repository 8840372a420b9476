#include "tlog/tlog_impl.h"

#include <assert.h>

#define LEVELS 8 /* 256^8 is 2^64: no tree below 2^63 has a ninth */
#define HASH_BYTES 32u

/* The root over n hashes side by side; n is a power of two, at most 256. */
static void fold(const uint8_t *hashes, unsigned n, struct hash *out)
{
    struct hash h[TLOG_TILE_WIDTH];

    assert(n && n <= TLOG_TILE_WIDTH && (n & (n - 1)) == 0);
    memcpy(h, hashes, n * HASH_BYTES);
    for (; n > 1; n /= 2)
        for (unsigned i = 0; i < n / 2; i++)
            tlog_node_hash(&h[2 * i], &h[2 * i + 1], &h[i]);
    *out = h[0];
}

/* The tile, or its full one if the partial one has gone; cut to the width asked for. */
static bool fetch_tile(const struct tlog_tile_fetch *fetch, struct tlog_tile t, struct bytes *out,
                       struct err *e)
{
    struct err why = {0};
    unsigned wanted = t.width;
    char path[TLOG_TILE_PATH_MAX];
    struct bytes b;

    if (!fetch->fetch(fetch->self, &t, &b, &why)) {
        if (why.code == ERR_MISSING && t.width < TLOG_TILE_WIDTH) {
            t.width = TLOG_TILE_WIDTH;
            err_clear(&why);
        }
        if (why.code || !fetch->fetch(fetch->self, &t, &b, &why))
            return err_pass(e, &why);
    }
    tlog_tile_print(&t, path);
    if (b.n != t.width * HASH_BYTES)
        return err_fail(e, ERR_INPUT, "%s: %zu bytes where a tile has %u", path, b.n,
                        t.width * HASH_BYTES);
    *out = bytes_part(b, 0, wanted * HASH_BYTES);
    return true;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct kept {
    bool there;
    uint64_t number;
    uint8_t hashes[TLOG_TILE_BYTES];
};

struct tlog_tiles {
    uint64_t size;
    struct tlog_tile_fetch fetch;
    struct kept *kept; /* by level, as many as the tree has */
};

static unsigned levels_of(uint64_t size)
{
    unsigned n = 0;

    while (n < LEVELS && size >> (8 * n))
        n++;
    return n;
}

struct tlog_tiles *tlog_tiles_new(struct arena *a, uint64_t size,
                                  const struct tlog_tile_fetch *fetch, struct err *e)
{
    struct tlog_tiles *t;

    if (size > TLOG_SIZE_MAX) {
        err_fail(e, ERR_INPUT, "a tree of %llu leaves", (unsigned long long)size);
        return NULL;
    }
    t = arena_get(a, sizeof *t, e);
    if (!t)
        return NULL;
    *t = (struct tlog_tiles){.size = size, .fetch = *fetch};
    t->kept = arena_get_array(a, levels_of(size), sizeof *t->kept, e);
    return t->kept ? t : NULL;
}

static bool get_tile(struct tlog_tiles *t, unsigned level, uint64_t number, const uint8_t **out,
                     struct err *e)
{
    struct kept *k = &t->kept[level];
    struct tlog_tile tile = {level, number, tlog_tile_width(t->size, level, number)};
    struct bytes b;

    if (!k->there || k->number != number) {
        if (!fetch_tile(&t->fetch, tile, &b, e))
            return false;
        memcpy(k->hashes, b.p, b.n);
        k->number = number;
        k->there = true;
    }
    *out = k->hashes;
    return true;
}

static bool hash_of_tiles(void *self, unsigned level, uint64_t index, struct hash *out,
                          struct err *e)
{
    struct tlog_tiles *t = self;
    unsigned inside = level % 8; /* levels above the tile's own hashes */
    const uint8_t *hashes;
    uint64_t slot;

    if (level >= 63 || index >= t->size >> level)
        return err_fail(e, ERR_INPUT, "no subtree %llu at level %u in a tree of %llu",
                        (unsigned long long)index, level, (unsigned long long)t->size);
    slot = index << inside;
    if (!get_tile(t, level / 8, slot / TLOG_TILE_WIDTH, &hashes, e))
        return false;
    fold(hashes + slot % TLOG_TILE_WIDTH * HASH_BYTES, 1u << inside, out);
    return true;
}

struct tlog_source tlog_tiles_source(struct tlog_tiles *t)
{
    return (struct tlog_source){hash_of_tiles, t};
}

/* ---- writing -------------------------------------------------------------------------------- */

struct level {
    uint64_t number; /* of the tile being filled */
    unsigned width;  /* so far, below 256 */
    bool grown;      /* since it was last stored */
    uint8_t hashes[TLOG_TILE_BYTES];
};

struct tlog_builder {
    uint64_t size;
    bool broken;
    struct level level[LEVELS];
};

struct tlog_builder *tlog_builder_new(struct arena *a, struct err *e)
{
    return arena_get(a, sizeof(struct tlog_builder), e);
}

static bool load_level(struct tlog_builder *b, unsigned level, const struct tlog_tile_fetch *fetch,
                       struct err *e)
{
    struct level *l = &b->level[level];
    struct bytes hashes;

    l->number = b->size >> (8 * level) >> 8;
    l->width = tlog_tile_width(b->size, level, l->number);
    if (l->width == 0)
        return true;
    if (!fetch_tile(fetch, (struct tlog_tile){level, l->number, l->width}, &hashes, e))
        return false;
    memcpy(l->hashes, hashes.p, hashes.n);
    return true;
}

struct tlog_builder *tlog_builder_load(struct arena *a, uint64_t size,
                                       const struct tlog_tile_fetch *fetch, struct err *e)
{
    struct tlog_builder *b;

    if (size > TLOG_SIZE_MAX) {
        err_fail(e, ERR_INPUT, "a tree of %llu leaves", (unsigned long long)size);
        return NULL;
    }
    b = tlog_builder_new(a, e);
    if (!b)
        return NULL;
    b->size = size;
    for (unsigned level = 0; level < LEVELS; level++)
        if (!load_level(b, level, fetch, e))
            return NULL;
    return b;
}

/* One hash onto a level; a tile that it fills is stored and hashed into the level above. */
static bool push(struct tlog_builder *b, struct hash h, const struct tlog_tile_store *store,
                 struct err *e)
{
    for (unsigned i = 0; i < LEVELS; i++) {
        struct level *l = &b->level[i];
        struct tlog_tile full = {i, l->number, TLOG_TILE_WIDTH};
        memcpy(l->hashes + l->width++ * HASH_BYTES, h.b, HASH_BYTES);
        l->grown = true;
        if (l->width < TLOG_TILE_WIDTH)
            return true;
        if (!store->store(store->self, &full, bytes_of(l->hashes, TLOG_TILE_BYTES), e))
            return false;
        fold(l->hashes, TLOG_TILE_WIDTH, &h);
        l->number++;
        l->width = 0;
        l->grown = false;
    }
    assert(b->size > TLOG_SIZE_MAX); /* the top level of a tree below 2^63 never fills */
    return false;
}

static bool usable(const struct tlog_builder *b, struct err *e)
{
    return !b->broken || err_fail(e, ERR_IO, "a tile could not be stored before; load them anew");
}

bool tlog_builder_append(struct tlog_builder *b, const struct hash *leaves, size_t n,
                         const struct tlog_tile_store *store, struct err *e)
{
    if (!usable(b, e))
        return false;
    if (n > TLOG_SIZE_MAX - b->size)
        return err_fail(e, ERR_LIMIT, "the tree has no room for %zu leaves", n);
    b->broken = true;
    for (size_t i = 0; i < n; i++)
        if (!push(b, leaves[i], store, e))
            return false;
    b->broken = false;
    b->size += n;
    return true;
}

bool tlog_builder_flush(struct tlog_builder *b, const struct tlog_tile_store *store, struct err *e)
{
    if (!usable(b, e))
        return false;
    for (unsigned i = 0; i < LEVELS; i++) {
        struct level *l = &b->level[i];
        struct tlog_tile part = {i, l->number, l->width};
        if (!l->grown)
            continue;
        if (!store->store(store->self, &part, bytes_of(l->hashes, l->width * HASH_BYTES), e)) {
            b->broken = true;
            return false;
        }
        l->grown = false;
    }
    return true;
}

uint64_t tlog_builder_size(const struct tlog_builder *b)
{
    return b->size;
}

void tlog_builder_root(const struct tlog_builder *b, struct hash *out)
{
    struct hash piece;
    bool any = false;

    /* From the right: in each level the pieces that the width's bits stand for. */
    for (unsigned bit = 0; bit < 8 * LEVELS; bit++) {
        const struct level *l = &b->level[bit / 8];
        unsigned n = 1u << bit % 8, first = (l->width & ~(2 * n - 1)) * HASH_BYTES;
        if (!(l->width & n))
            continue;
        fold(l->hashes + first, n, &piece);
        if (any)
            tlog_node_hash(&piece, out, out);
        else
            *out = piece;
        any = true;
    }
    if (!any)
        tlog_empty_root(out);
}

/* ---- entry bundles -------------------------------------------------------------------------- */

bool tlog_bundle_add(struct buf *bundle, struct bytes entry, struct err *e)
{
    if (entry.n > TLOG_ENTRY_MAX)
        return err_fail(e, ERR_LIMIT, "an entry of %zu bytes; a bundle takes %u", entry.n,
                        TLOG_ENTRY_MAX);
    buf_u16(bundle, (uint16_t)entry.n);
    buf_put(bundle, entry);
    return true;
}

bool tlog_bundle_decode(struct bytes bundle, unsigned width, struct bytes entries[TLOG_TILE_WIDTH],
                        struct err *e)
{
    struct reader r = reader_of(bundle);

    if (width < 1 || width > TLOG_TILE_WIDTH)
        return err_fail(e, ERR_INPUT, "a bundle of %u entries", width);
    for (unsigned i = 0; i < width; i++) {
        size_t n = reader_u16(&r);
        entries[i] = reader_bytes(&r, n);
    }
    return reader_end(&r, e) || err_within(e, "bundle of %u entries", width);
}
