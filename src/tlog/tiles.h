/* tiles: the tree and its entries as files that never change (C2SP tlog-tiles).
 *
 *     tile/0/x001/x234/067        a full tile: 256 hashes, 8,192 bytes
 *     tile/0/x001/x234/067.p/8    the same tile while it had only 8
 *     tile/entries/000            a bundle of 256 entries, each led by its length
 *
 * Hash i of tile n at level L is the root of the leaves [(256n+i) 256^L, (256n+i+1) 256^L). Only
 * full tiles are hashed upward. Partial tiles may vanish once their full tile is there, so a
 * reader who misses one asks for the full one.
 *
 * Reading: what comes from elsewhere is not to be trusted, but needs no trust. Roots and proofs
 * computed from wrong tiles do not verify.
 *
 *     struct tlog_tile_fetch fetch = {get_tile, peer};
 *     struct tlog_tiles *tiles = tlog_tiles_new(arena, head.size, &fetch, &e);
 *     struct tlog_source s = tlog_tiles_source(tiles);
 *     tlog_prove_inclusion(&s, index, head.size, &proof, &e);
 *
 * Writing: a builder holds the unfinished tile of each level (64 KiB in all).
 *
 *     struct tlog_builder *b = tlog_builder_new(arena, &e);
 *     tlog_builder_append(b, leaves, n, &store, &e);   // hands out each full tile
 *     tlog_builder_flush(b, &store, &e);               // and the partial ones that grew
 */
#ifndef ENTENTE_TLOG_TILES_H
#define ENTENTE_TLOG_TILES_H

#include "base/buf.h"
#include "tlog/tree.h"

#define TLOG_TILE_WIDTH 256u
#define TLOG_TILE_BYTES (TLOG_TILE_WIDTH * 32u)
#define TLOG_ENTRY_MAX 65535u  /* bytes: the length before an entry has 16 bits */
#define TLOG_LEVEL_ENTRIES 64u /* as a tile's level: the bundle of entries beside level 0 */

/* ---- names ---------------------------------------------------------------------------------- */

struct tlog_tile {
    unsigned level;  /* 0 to 63, or TLOG_LEVEL_ENTRIES */
    uint64_t number; /* below 2^63 */
    unsigned width;  /* 1 to 256; 256 is a full tile */
};

#define TLOG_TILE_PATH_MAX 64 /* with the final zero */
/* "tile/0/x001/234.p/7". */
void tlog_tile_print(const struct tlog_tile *t, char out[TLOG_TILE_PATH_MAX]);
/* Exactly what tlog_tile_print writes, nothing else. */
bool tlog_tile_parse(struct bytes path, struct tlog_tile *out, struct err *e);
/* How wide this tile is in a tree of `size` leaves: 0 (not there) to 256. */
unsigned tlog_tile_width(uint64_t size, unsigned level, uint64_t number);

/* ---- reading -------------------------------------------------------------------------------- */

struct tlog_tile_fetch {
    /* The tile's bytes, which stay valid until the next call. ERR_MISSING for a partial tile
     * makes us ask for the full one; every other failure is final. */
    bool (*fetch)(void *self, const struct tlog_tile *t, struct bytes *out, struct err *e);
    void *self;
};

struct tlog_tiles; /* tiles of a tree of one size; the last tile of each level is kept */

struct tlog_tiles *tlog_tiles_new(struct arena *a, uint64_t size,
                                  const struct tlog_tile_fetch *fetch, struct err *e);
/* Borrows the tiles. ERR_INPUT for a hash outside the tree; else what fetch says. */
struct tlog_source tlog_tiles_source(struct tlog_tiles *t);

/* ---- writing -------------------------------------------------------------------------------- */

struct tlog_tile_store {
    bool (*store)(void *self, const struct tlog_tile *t, struct bytes bytes, struct err *e);
    void *self;
};

struct tlog_builder;

/* Of the empty tree; or as it was at `size`, with its partial tiles fetched again. */
struct tlog_builder *tlog_builder_new(struct arena *a, struct err *e);
struct tlog_builder *tlog_builder_load(struct arena *a, uint64_t size,
                                       const struct tlog_tile_fetch *fetch, struct err *e);
/* Add leaves; each tile they fill is stored. After a failure the builder refuses all (it no
 * longer knows what was stored): load it anew. */
bool tlog_builder_append(struct tlog_builder *b, const struct hash *leaves, size_t n,
                         const struct tlog_tile_store *store, struct err *e);
/* Store the partial tile of each level that grew since the last flush or load. */
bool tlog_builder_flush(struct tlog_builder *b, const struct tlog_tile_store *store, struct err *e);
uint64_t tlog_builder_size(const struct tlog_builder *b);
/* The root, computed from the tiles: a second opinion on tlog_tree_root before signing. */
void tlog_builder_root(const struct tlog_builder *b, struct hash *out);

/* ---- entry bundles -------------------------------------------------------------------------- */

/* Add an entry to a bundle being written. ERR_LIMIT: longer than TLOG_ENTRY_MAX. */
bool tlog_bundle_add(struct buf *bundle, struct bytes entry, struct err *e);
/* Cut a bundle into exactly `width` entries (views into it). */
bool tlog_bundle_decode(struct bytes bundle, unsigned width, struct bytes entries[TLOG_TILE_WIDTH],
                        struct err *e);

#endif
