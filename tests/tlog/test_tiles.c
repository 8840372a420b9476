#include "tlog_support.h"

/* ---- paths ---------------------------------------------------------------------------------- */

static const struct path_row {
    const char *name, *path;
} bad_paths[] = {
    {"nothing", ""},
    {"no level", "tile/"},
    {"no number", "tile/0"},
    {"an empty number", "tile/0/"},
    {"a leading slash", "/tile/0/000"},
    {"another word", "tiles/0/000"},
    {"level 64", "tile/64/000"},
    {"a level with a zero before it", "tile/00/000"},
    {"a signed level", "tile/+1/000"},
    {"two digits", "tile/0/00"},
    {"four digits", "tile/0/0000"},
    {"a letter in the number", "tile/0/00a"},
    {"groups without x", "tile/0/001/000"},
    {"a capital x", "tile/0/X001/000"},
    {"an x in the last group", "tile/0/x001/x000"},
    {"a leading group of zeros", "tile/0/x000/001"},
    {"a slash at the end", "tile/0/000/"},
    {"two slashes", "tile/0//000"},
    {"an empty width", "tile/0/000.p/"},
    {"a width of 0", "tile/0/000.p/0"},
    {"a width of 256", "tile/0/000.p/256"},
    {"a width with a zero before it", "tile/0/000.p/01"},
    {"a width without its p", "tile/0/000/1"},
    {"something behind the width", "tile/0/000.p/1/x"},
    {"a zero byte's escape", "tile/0/000%00"},
    {"a way out", "tile/0/../../000"},
    {"a width in the middle", "tile/0/x001.p/1/000"},
    {"a number of 2^63", "tile/0/x009/x223/x372/x036/x854/x775/808"},
    {"a number past 2^64", "tile/0/x999/x999/x999/x999/x999/x999/999"},
    {"a very long number",
     "tile/0/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/001"},
    {"entries with a level", "tile/entries/0/000"},
    {"entries with a capital", "tile/Entries/000"},
};

static void refuses_path(void **state)
{
    const struct path_row *r = *state;
    struct tlog_tile t;
    struct err e = {0};

    must_fail(tlog_tile_parse(bytes_text(r->path), &t, &e), &e, ERR_INPUT,
              "not the path of a tile");
}

static void paths_come_back_as_they_were(void **state)
{
    struct rng r = rng_from_env("tile paths");

    (void)state;
    for (unsigned run = 0; run < 20000; run++) {
        struct tlog_tile t = {(unsigned)rng_below(&r, 65), rng_u64(&r) >> 1 >> rng_below(&r, 63),
                              1 + (unsigned)rng_below(&r, 256)},
                         back;
        char path[TLOG_TILE_PATH_MAX];
        struct err e = {0};
        tlog_tile_print(&t, path);
        must(tlog_tile_parse(bytes_text(path), &back, &e), &e);
        assert_memory_equal(&back.number, &t.number, sizeof t.number);
        assert_int_equal(back.level, t.level);
        assert_int_equal(back.width, t.width);
    }
}

static void widths_of_a_tree_of_70000(void **state)
{
    (void)state; /* C2SP tlog-tiles, "Partial Tiles", gives this example */
    assert_int_equal(tlog_tile_width(70000, 0, 0), 256);
    assert_int_equal(tlog_tile_width(70000, 0, 272), 256);
    assert_int_equal(tlog_tile_width(70000, 0, 273), 112);
    assert_int_equal(tlog_tile_width(70000, 0, 274), 0);
    assert_int_equal(tlog_tile_width(70000, 1, 0), 256);
    assert_int_equal(tlog_tile_width(70000, 1, 1), 17);
    assert_int_equal(tlog_tile_width(70000, 2, 0), 1);
    assert_int_equal(tlog_tile_width(70000, 3, 0), 0);
    assert_int_equal(tlog_tile_width(256, 0, 0), 256);
    assert_int_equal(tlog_tile_width(256, 0, 1), 0);
    assert_int_equal(tlog_tile_width(256, 1, 0), 1);
    assert_int_equal(tlog_tile_width(70000, TLOG_LEVEL_ENTRIES, 273), 112);
    assert_int_equal(tlog_tile_width(TLOG_SIZE_MAX, 7, 0), 127);
    assert_int_equal(tlog_tile_width(TLOG_SIZE_MAX, 8, 0), 0);
    assert_int_equal(tlog_tile_width(TLOG_SIZE_MAX, 63, 0), 0);
}

/* ---- a shelf of tiles ----------------------------------------------------------------------- */

#define SHELF 4096

struct shelf {
    struct arena *a;
    struct {
        struct tlog_tile tile;
        struct bytes bytes;
    } at[SHELF];
    size_t n;
    size_t stores_left;    /* then they fail */
    unsigned fetches, cut; /* how many were asked for; bytes that each lacks */
    enum err_code fails;   /* what each fetch fails with */
};

static bool shelf_find(const struct shelf *s, const struct tlog_tile *t, size_t *at)
{
    for (*at = 0; *at < s->n; ++*at)
        if (s->at[*at].tile.level == t->level && s->at[*at].tile.number == t->number &&
            s->at[*at].tile.width == t->width)
            return true;
    return false;
}

static bool shelf_store(void *self, const struct tlog_tile *t, struct bytes bytes, struct err *e)
{
    struct shelf *s = self;
    size_t at;

    if (s->stores_left == 0)
        return err_fail(e, ERR_IO, "the disk is full");
    s->stores_left--;
    assert_int_equal(bytes.n, t->width * 32);
    assert_false(shelf_find(s, t, &at)); /* files never change: none is written twice */
    assert_true(s->n < SHELF);
    s->at[s->n].tile = *t;
    must(arena_copy(s->a, bytes, &s->at[s->n].bytes, e), e);
    s->n++;
    return true;
}

static bool shelf_fetch(void *self, const struct tlog_tile *t, struct bytes *out, struct err *e)
{
    struct shelf *s = self;
    size_t at;

    s->fetches++;
    if (s->fails)
        return err_fail(e, s->fails, "the peer has gone");
    if (!shelf_find(s, t, &at))
        return err_fail(e, ERR_MISSING, "no such tile");
    *out = bytes_part(s->at[at].bytes, 0, s->at[at].bytes.n - s->cut);
    return true;
}

/* Throw out the partial tiles whose full ones are there. */
static void shelf_prune(struct shelf *s)
{
    size_t kept = 0, at;

    for (size_t i = 0; i < s->n; i++) {
        struct tlog_tile full = s->at[i].tile;
        full.width = TLOG_TILE_WIDTH;
        if (s->at[i].tile.width == TLOG_TILE_WIDTH || !shelf_find(s, &full, &at))
            s->at[kept++] = s->at[i];
    }
    s->n = kept;
}

#define BIG 66500 /* past 256^2, so that there is a third level */

static struct arena *arena;
static struct test_log log_;

/* Grow in steps that often end on a border, flush, and compare roots each time. */
static void grow(struct shelf *s, struct rng *r, uint64_t to, uint64_t *sizes, size_t *n_sizes)
{
    struct tlog_tile_store store = {shelf_store, s};
    struct tlog_tile_fetch fetch = {shelf_fetch, s};
    struct err e = {0};
    struct tlog_builder *b = tlog_builder_new(s->a, &e);
    struct tlog_tree t = {0};

    while (t.size < to) {
        uint64_t step = 1 + rng_below(r, rng_below(r, 4) ? 400 : 20000);
        struct hash x, y;
        if (rng_below(r, 3) == 0)
            step = 256 - t.size % 256;
        step = step < to - t.size ? step : to - t.size;
        must(tlog_builder_append(b, &log_.leaf[t.size], step, &store, &e), &e);
        must(tlog_tree_append_leaves(&t, &log_.leaf[t.size], step, &e), &e);
        must(tlog_builder_flush(b, &store, &e), &e);
        must(tlog_builder_flush(b, &store, &e), &e); /* nothing grew: nothing is stored */
        tlog_tree_root(&t, &x);
        tlog_builder_root(b, &y);
        assert_int_equal(tlog_builder_size(b), t.size);
        assert_true(hash_equal(&x, &y));
        sizes[(*n_sizes)++] = t.size;
        if (rng_below(r, 2)) {
            b = tlog_builder_load(s->a, t.size, &fetch, &e);
            must(b, &e);
        }
    }
}

static void check_reading(struct shelf *s, struct rng *r, uint64_t size)
{
    struct tlog_tile_fetch fetch = {shelf_fetch, s};
    struct err e = {0};
    struct tlog_tiles *t = tlog_tiles_new(s->a, size, &fetch, &e);
    struct tlog_source from = tlog_tiles_source(t);
    struct tlog_proof p, q;
    struct hash x, y;

    must(tlog_source_root(&from, size, &x, &e), &e);
    must(tlog_source_root(&log_.source, size, &y, &e), &e);
    assert_true(hash_equal(&x, &y));
    for (unsigned i = 0; i < 4; i++) {
        uint64_t leaf = rng_below(r, size), old = rng_below(r, size + 1);
        must(tlog_prove_inclusion(&from, leaf, size, &p, &e), &e);
        must(tlog_prove_inclusion(&log_.source, leaf, size, &q, &e), &e);
        assert_int_equal(p.n, q.n);
        assert_memory_equal(p.hash, q.hash, p.n * 32);
        must(tlog_prove_consistency(&from, old, size, &p, &e), &e);
        must(tlog_source_root(&from, old, &y, &e), &e);
        must(tlog_verify_consistency(old, &y, size, &x, &p, &e), &e);
    }
}

static void tiles_written_are_tiles_read(void **state)
{
    struct rng r = rng_from_env("tiles");
    struct shelf *s = arena_get(arena, sizeof *s, NULL);
    uint64_t sizes[1024];
    size_t n = 0;

    (void)state;
    *s = (struct shelf){.a = arena, .stores_left = SIZE_MAX};
    grow(s, &r, BIG, sizes, &n);
    assert_int_equal(sizes[n - 1], BIG);
    for (size_t i = 0; i < n; i += 1 + n / 24)
        check_reading(s, &r, sizes[i]);
    shelf_prune(s); /* from now on partial tiles come out of full ones */
    for (size_t i = 0; i < n; i += 1 + n / 24)
        check_reading(s, &r, sizes[i]);
    check_reading(s, &r, BIG);
}

static void a_proof_fetches_no_tile_twice(void **state)
{
    struct rng r = rng_of(1);
    struct shelf *s = arena_get(arena, sizeof *s, NULL);
    struct tlog_tile_fetch fetch = {shelf_fetch, s};
    uint64_t sizes[1024];
    size_t n = 0;
    struct err e = {0};
    struct tlog_source from;
    struct tlog_proof p;

    (void)state;
    *s = (struct shelf){.a = arena, .stores_left = SIZE_MAX};
    grow(s, &r, BIG, sizes, &n);
    s->fetches = 0;
    from = tlog_tiles_source(tlog_tiles_new(arena, BIG, &fetch, &e));
    must(tlog_prove_inclusion(&from, 1000, BIG, &p, &e), &e);
    /* At levels 0 and 1: the tile above the leaf, and the one at the right edge. */
    assert_int_equal(s->fetches, 4);
}

static void bad_tiles_are_errors(void **state)
{
    struct rng r = rng_of(2);
    struct shelf *s = arena_get(arena, sizeof *s, NULL);
    struct tlog_tile_fetch fetch = {shelf_fetch, s};
    uint64_t sizes[1024];
    size_t n = 0;
    struct tlog_source from;
    struct tlog_proof p;
    struct hash h;
    struct err e = {0};

    (void)state;
    *s = (struct shelf){.a = arena, .stores_left = SIZE_MAX};
    grow(s, &r, 1000, sizes, &n);
    from = tlog_tiles_source(tlog_tiles_new(arena, 1000, &fetch, &e));
    must_fail(from.hash(from.self, 0, 1000, &h, &e), &e, ERR_INPUT, "no subtree");
    must_fail(from.hash(from.self, 63, 0, &h, &e), &e, ERR_INPUT, "no subtree");
    s->cut = 1;
    must_fail(tlog_prove_inclusion(&from, 0, 1000, &p, &e), &e, ERR_INPUT, "bytes where a tile");
    s->cut = 0;
    s->fails = ERR_IO;
    must_fail(tlog_prove_inclusion(&from, 0, 1000, &p, &e), &e, ERR_IO, "has gone");
    s->fetches = 0; /* a partial tile: only where it is missing is the full one asked for */
    must_fail(from.hash(from.self, 0, 999, &h, &e), &e, ERR_IO, "has gone");
    assert_int_equal(s->fetches, 1);
    must_fail(tlog_builder_load(arena, 1000, &fetch, &e) != NULL, &e, ERR_IO, "has gone");
    s->fails = ERR_NONE;
    s->n = 0;
    must_fail(tlog_prove_inclusion(&from, 0, 1000, &p, &e), &e, ERR_MISSING, "no such");
    must_fail(tlog_builder_load(arena, 1000, &fetch, &e) != NULL, &e, ERR_MISSING, "no such");
    must_fail(tlog_builder_load(arena, UINT64_MAX, &fetch, &e) != NULL, &e, ERR_INPUT, NULL);
    must_fail(tlog_tiles_new(arena, UINT64_MAX, &fetch, &e) != NULL, &e, ERR_INPUT, NULL);
}

static void after_a_failed_store_nothing_more_is_built(void **state)
{
    struct shelf *s = arena_get(arena, sizeof *s, NULL);
    struct tlog_tile_store store = {shelf_store, s};
    struct err e = {0};

    (void)state;
    for (size_t left = 0; left < 6; left++) {
        struct tlog_builder *b = tlog_builder_new(arena, &e);
        bool done;
        *s = (struct shelf){.a = arena, .stores_left = left};
        /* 600 leaves: two full tiles, then two partial ones. */
        done =
            tlog_builder_append(b, log_.leaf, 600, &store, &e) && tlog_builder_flush(b, &store, &e);
        assert_int_equal(done, left >= 4);
        s->stores_left = SIZE_MAX;
        if (done)
            continue;
        assert_int_equal(e.code, ERR_IO);
        must_fail(tlog_builder_append(b, log_.leaf, 1, &store, &e), &e, ERR_IO, "load them anew");
        must_fail(tlog_builder_flush(b, &store, &e), &e, ERR_IO, "load them anew");
    }
}

/* ---- at the far end ------------------------------------------------------------------------- */

/* Tiles of a tree whose leaves are all the same. */
static bool uniform_fetch(void *self, const struct tlog_tile *t, struct bytes *out, struct err *e)
{
    static uint8_t tile[TLOG_TILE_BYTES];
    const struct hash *level = self;

    (void)e;
    for (unsigned i = 0; i < t->width; i++)
        memcpy(tile + (size_t)32 * i, level[8 * t->level].b, 32);
    *out = bytes_of(tile, (size_t)32 * t->width);
    return true;
}

static void one_leaf_can_fill_many_levels(void **state)
{
    struct hash level[63], root;
    struct tlog_tile_fetch fetch = {uniform_fetch, level};
    struct shelf *s = arena_get(arena, sizeof *s, NULL);
    struct tlog_tile_store store = {shelf_store, s};
    struct err e = {0};

    (void)state;
    tlog_leaf_hash(BYTES("the same"), &level[0]);
    for (unsigned i = 1; i < 63; i++)
        tlog_node_hash(&level[i - 1], &level[i - 1], &level[i]);
    for (unsigned levels = 1; levels <= 7; levels++) {
        uint64_t size = UINT64_C(1) << (8 * levels);
        struct tlog_builder *b = tlog_builder_load(arena, size - 1, &fetch, &e);
        must(b, &e);
        *s = (struct shelf){.a = arena, .stores_left = SIZE_MAX};
        must(tlog_builder_append(b, &level[0], 1, &store, &e), &e);
        assert_int_equal(s->n, levels);
        must(tlog_builder_flush(b, &store, &e), &e);
        assert_int_equal(s->n, levels + 1);
        assert_int_equal(s->at[levels].tile.level, levels);
        assert_int_equal(s->at[levels].tile.width, 1);
        tlog_builder_root(b, &root);
        assert_true(hash_equal(&root, &level[8 * levels]));
    }
    {
        struct tlog_builder *b = tlog_builder_load(arena, TLOG_SIZE_MAX, &fetch, &e);
        must(b, &e);
        must_fail(tlog_builder_append(b, level, 1, &store, &e), &e, ERR_LIMIT, "no room");
    }
}

/* ---- bundles -------------------------------------------------------------------------------- */

static void bundles_come_back_as_they_were(void **state)
{
    struct rng r = rng_from_env("bundles");
    struct err e = {0};

    (void)state;
    for (unsigned run = 0; run < 40; run++) {
        struct arena *a = test_arena();
        struct bytes in[TLOG_TILE_WIDTH], out[TLOG_TILE_WIDTH], bundle;
        unsigned n = 1 + (unsigned)rng_below(&r, TLOG_TILE_WIDTH);
        struct buf b = buf_in(a);
        for (unsigned i = 0; i < n; i++) {
            size_t len = rng_below(&r, rng_below(&r, 30) ? 100 : TLOG_ENTRY_MAX + 1);
            uint8_t *p = arena_get(a, len, &e);
            rng_bytes(&r, p, len);
            in[i] = bytes_of(p, len);
            must(tlog_bundle_add(&b, in[i], &e), &e);
        }
        must(buf_end(&b, &bundle, &e), &e);
        must(tlog_bundle_decode(bundle, n, out, &e), &e);
        for (unsigned i = 0; i < n; i++)
            assert_true(bytes_equal(in[i], out[i]));
        must_fail(tlog_bundle_decode(bytes_part(bundle, 0, bundle.n - 1), n, out, &e), &e,
                  ERR_INPUT, "more bytes");
        if (n > 1)
            must_fail(tlog_bundle_decode(bundle, n - 1, out, &e), &e, ERR_INPUT, "the end");
        if (n < TLOG_TILE_WIDTH)
            must_fail(tlog_bundle_decode(bundle, n + 1, out, &e), &e, ERR_INPUT, "more bytes");
        arena_free(a);
    }
}

static void an_entry_has_at_most_65535_bytes(void **state)
{
    struct buf b = buf_in(arena);
    struct bytes out[TLOG_TILE_WIDTH];
    uint8_t *p = arena_get(arena, TLOG_ENTRY_MAX + 1, NULL);
    struct err e = {0};

    (void)state;
    must(tlog_bundle_add(&b, bytes_of(p, TLOG_ENTRY_MAX), &e), &e);
    must_fail(tlog_bundle_add(&b, bytes_of(p, TLOG_ENTRY_MAX + 1), &e), &e, ERR_LIMIT, "65536");
    must_fail(tlog_bundle_decode(buf_view(&b), 0, out, &e), &e, ERR_INPUT, "0 entries");
    must_fail(tlog_bundle_decode(buf_view(&b), 257, out, &e), &e, ERR_INPUT, "257 entries");
}

#define N_BAD (sizeof bad_paths / sizeof *bad_paths)

int main(void)
{
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(paths_come_back_as_they_were),
        cmocka_unit_test(widths_of_a_tree_of_70000),
        cmocka_unit_test(tiles_written_are_tiles_read),
        cmocka_unit_test(a_proof_fetches_no_tile_twice),
        cmocka_unit_test(bad_tiles_are_errors),
        cmocka_unit_test(after_a_failed_store_nothing_more_is_built),
        cmocka_unit_test(one_leaf_can_fill_many_levels),
        cmocka_unit_test(bundles_come_back_as_they_were),
        cmocka_unit_test(an_entry_has_at_most_65535_bytes),
    };
    struct CMUnitTest tests[N_BAD];
    int failed;

    if (!crypto_init())
        return 1;
    for (size_t i = 0; i < N_BAD; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(refuses_path, bad_paths[i]);
    arena = test_arena();
    test_log_make(&log_, arena, "alpha.example/log", 0, BIG, "");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += cmocka_run_group_tests(rest, NULL, NULL);
    arena_free(arena);
    test_keys_free();
    return failed;
}
