/* tlog/tiles: a path has one spelling; the entries of a bundle make the same bundle again; wrong
 * tiles give wrong hashes or errors, and nothing worse. */
#include "tlog/tlog.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool fetch(void *self, const struct tlog_tile *t, struct bytes *out, struct err *e)
{
    const struct bytes *in = self;

    if (t->width * 32 > in->n)
        return err_fail(e, ERR_MISSING, "not there");
    *out = bytes_part(*in, 0, t->width * 32);
    return true;
}

static void check_bundle(struct bytes in, unsigned width, struct arena *a)
{
    struct bytes entries[TLOG_TILE_WIDTH];
    struct buf b = buf_in(a);

    if (!tlog_bundle_decode(in, width, entries, NULL))
        return;
    for (unsigned i = 0; i < width; i++)
        assert(tlog_bundle_add(&b, entries[i], NULL));
    assert(bytes_equal(in, buf_view(&b)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64 << 20);
    struct bytes in = bytes_of(data, n);
    struct tlog_tile_fetch f = {fetch, &in};
    char path[TLOG_TILE_PATH_MAX];
    struct tlog_tiles *tiles;
    struct tlog_source s;
    struct tlog_proof p;
    struct tlog_tile t;
    uint64_t size = 0;

    if (!a || !crypto_init())
        abort();
    if (tlog_tile_parse(in, &t, NULL)) {
        assert(t.width >= 1 && t.width <= TLOG_TILE_WIDTH && t.level <= TLOG_LEVEL_ENTRIES);
        tlog_tile_print(&t, path);
        assert(bytes_are(in, path));
    }
    check_bundle(in, n ? data[0] + 1u : 1, a);
    check_bundle(in, 1, a);
    for (size_t i = 0; i < 8 && i < n; i++)
        size = size << 8 | data[i];
    tiles = tlog_tiles_new(a, size >> 1, &f, NULL);
    assert(tiles);
    s = tlog_tiles_source(tiles);
    tlog_prove_inclusion(&s, size >> 2, size >> 1, &p, NULL);
    tlog_prove_consistency(&s, size >> 3, size >> 1, &p, NULL);
    tlog_builder_load(a, size >> 1, &f, NULL);
    arena_free(a);
    return 0;
}
