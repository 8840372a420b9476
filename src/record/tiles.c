/* The tree as static files under <slug>/log (C2SP tlog-tiles): derived, written without sync after
 * the commit they belong to, made again from the segments when they are not as they should be. */
#include "record/record_impl.h"

#define TILES_ARENA ((size_t)4 << 20)
#define STAGE_ARENA ((size_t)256 << 20) /* a batch of a million acts; commonly kilobytes */

static char *tile_path(const struct log *l, const struct tlog_tile *t, struct arena *a,
                       struct err *e)
{
    char name[TLOG_TILE_PATH_MAX];

    tlog_tile_print(t, name);
    return arena_format(a, e, "%s/log/%s", l->dir, name);
}

struct files {
    const struct os *os;
    const struct log *log;
    struct arena *arena;
    struct arena_mark mark; /* the last tile fetched goes when the next is */
};

static bool fetch_file(void *self, const struct tlog_tile *t, struct bytes *out, struct err *e)
{
    struct files *f = self;
    char *path;

    arena_reset(f->arena, f->mark);
    path = tile_path(f->log, t, f->arena, e);
    return path && os_read_file(f->os, path, TLOG_TILE_BYTES * 8, f->arena, out, e);
}

static bool write_lazily(const struct os *os, char *path, struct bytes what, struct err *e)
{
    char *slash = strrchr(path, '/');
    bool ok;

    *slash = '\0';
    ok = os_exists(os, path) || os_make_dirs(os, path, e);
    *slash = '/';
    return ok && os_write_file_lazy(os, path, what, e);
}

/* Partial tiles are of no use once the full one is there. */
static void drop_partials(const struct os *os, const char *full, struct arena *a)
{
    char *dir = arena_format(a, NULL, "%s.p", full);
    struct bytes *names;
    size_t n;

    if (!dir || !os_exists(os, dir) || !os_list(os, dir, a, &names, &n, NULL))
        return;
    for (size_t i = 0; i < n; i++) {
        char *path = arena_format(a, NULL, "%s/%.*s", dir, BYTES_FMT(names[i]));
        if (path)
            os_remove(os, path, NULL);
    }
    os_remove(os, dir, NULL);
}

static bool store_file(void *self, const struct tlog_tile *t, struct bytes bytes, struct err *e)
{
    struct files *f = self;
    char *path;
    bool ok;

    arena_reset(f->arena, f->mark);
    path = tile_path(f->log, t, f->arena, e);
    ok = path && write_lazily(f->os, path, bytes, e);
    if (ok && t->width == TLOG_TILE_WIDTH)
        drop_partials(f->os, path, f->arena);
    return ok;
}

/* A tile that waits for the commit of the entries in it. */
struct staged {
    struct staged *next;
    struct tlog_tile tile;
    struct bytes bytes;
};

static bool stage_tile(void *self, const struct tlog_tile *t, struct bytes bytes, struct err *e)
{
    struct log *l = self;
    struct staged *s = arena_get(l->stage_arena, sizeof *s, e);

    if (!s || !arena_copy(l->stage_arena, bytes, &s->bytes, e))
        return false;
    s->tile = *t;
    s->next = l->staged;
    l->staged = s;
    return true;
}

/* The unfinished bundle gets one entry more; a full one is written. */
static bool grow_bundle(const struct tlog_tile_store *store, struct log *l, uint64_t index,
                        const struct hash *entry, struct err *e)
{
    size_t at = (size_t)(index % TLOG_TILE_WIDTH);
    struct tlog_tile t = {TLOG_LEVEL_ENTRIES, index / TLOG_TILE_WIDTH, TLOG_TILE_WIDTH};

    l->bundle[34 * at] = 0;
    l->bundle[34 * at + 1] = 32;
    memcpy(l->bundle + 34 * at + 2, entry->b, 32);
    return at != TLOG_TILE_WIDTH - 1 ||
           store->store(store->self, &t, bytes_of(l->bundle, sizeof l->bundle), e);
}

static bool flush(struct log *l, const struct tlog_tile_store *store, struct err *e)
{
    uint64_t size = tlog_builder_size(l->builder);
    unsigned width = (unsigned)(size % TLOG_TILE_WIDTH);
    struct tlog_tile t = {TLOG_LEVEL_ENTRIES, size / TLOG_TILE_WIDTH, width};

    return tlog_builder_flush(l->builder, store, e) &&
           (width == 0 ||
            store->store(store->self, &t, bytes_of(l->bundle, 34 * (size_t)width), e));
}

static bool write_head(struct record *r, struct log *l, struct arena *a, struct err *e)
{
    char *path = arena_format(a, e, "%s/log/checkpoint", l->dir);

    if (l->head.size != l->tree.size) /* a head beyond what we hold is not ours to serve */
        return true;
    return path && (l->note_n == 0 || write_lazily(r->o.os, path, bytes_of(l->note, l->note_n), e));
}

static bool start(struct record *r, struct log *l, struct files *f, struct err *e)
{
    arena_free(l->tiles_arena);
    l->builder = NULL;
    l->tiles_arena = arena_new(TILES_ARENA);
    f->arena = arena_new(TILES_ARENA);
    f->os = r->o.os;
    f->log = l;
    if (!l->stage_arena)
        l->stage_arena = arena_new(STAGE_ARENA);
    if (!l->tiles_arena || !f->arena || !l->stage_arena) {
        arena_free(f->arena);
        return err_fail(e, ERR_NOMEM, "out of memory");
    }
    f->mark = arena_mark(f->arena);
    return true;
}

static bool load_bundle(struct log *l, struct files *f, struct err *e)
{
    unsigned width = (unsigned)(l->tree.size % TLOG_TILE_WIDTH);
    struct tlog_tile t = {TLOG_LEVEL_ENTRIES, l->tree.size / TLOG_TILE_WIDTH, width};
    struct bytes b;

    if (width == 0)
        return true;
    if (!fetch_file(f, &t, &b, e))
        return false;
    if (b.n != 34 * (size_t)width)
        return err_fail(e, ERR_INPUT, "a bundle of the wrong length");
    memcpy(l->bundle, b.p, b.n);
    return true;
}

bool tiles_open(struct record *r, struct log *l, struct err *e)
{
    struct files f = {0};
    struct tlog_tile_fetch fetch = {fetch_file, &f};
    struct hash root, want;
    bool ok;

    if (!start(r, l, &f, e))
        return false;
    if (l->tree.size == 0)
        ok = (l->builder = tlog_builder_new(l->tiles_arena, e)) != NULL;
    else
        ok = (l->builder = tlog_builder_load(l->tiles_arena, l->tree.size, &fetch, NULL)) != NULL &&
             load_bundle(l, &f, NULL);
    arena_free(f.arena);
    if (ok) {
        tlog_builder_root(l->builder, &root);
        tlog_tree_root(&l->tree, &want);
        ok = hash_equal(&root, &want);
    }
    if (ok)
        return true;
    diag(r->o.diag, DIAG_INFO, "making a log's tiles again", "log=%s", l->origin);
    return tiles_rebuild(r, l, e);
}

/* Entries of the whole log, from the segments, batch by batch. */
static bool feed_batch(struct log *l, struct files *f, const struct segments_batch *b,
                       struct err *e)
{
    struct tlog_tile_store store = {store_file, f};

    for (size_t i = 0; i < b->n; i++) {
        struct hash entry, leaf;
        if (b->records[i].kind == SEG_ACT)
            sha256(b->records[i].payload, &entry);
        else if (b->records[i].kind == SEG_ENTRY && b->records[i].payload.n == 32)
            memcpy(entry.b, b->records[i].payload.p, 32);
        else
            continue;
        tlog_leaf_hash(hash_bytes(&entry), &leaf);
        if (!grow_bundle(&store, l, tlog_builder_size(l->builder), &entry, e) ||
            !tlog_builder_append(l->builder, &leaf, 1, &store, e))
            return false;
    }
    return true;
}

bool tiles_rebuild(struct record *r, struct log *l, struct err *e)
{
    struct files f = {0};
    struct segments_iter *it = segments_iter_open(l->seg, 0, e);
    struct tlog_tile_store store = {store_file, &f};
    const struct segments_batch *b = NULL;
    struct hash root, want;
    bool ok = it && start(r, l, &f, e);

    ok = ok && (l->builder = tlog_builder_new(l->tiles_arena, e)) != NULL;
    while (ok && (ok = segments_next(it, &b, e)) && b)
        ok = feed_batch(l, &f, b, e);
    if (ok) {
        tlog_builder_root(l->builder, &root);
        tlog_tree_root(&l->tree, &want);
        ok = (tlog_builder_size(l->builder) == l->tree.size && hash_equal(&root, &want)) ||
             err_fail(e, ERR_PROOF, "log %s: the acts on disk do not give the tree of its head",
                      l->origin);
    }
    ok = ok && flush(l, &store, e) && write_head(r, l, f.arena, e);
    segments_iter_close(it);
    arena_free(f.arena);
    return ok;
}

bool tiles_stage(struct log *l, const struct hash *entries, size_t n, struct err *e)
{
    struct tlog_tile_store store = {stage_tile, l};

    for (size_t i = 0; i < n; i++) {
        struct hash leaf;
        tlog_leaf_hash(hash_bytes(&entries[i]), &leaf);
        if (!grow_bundle(&store, l, tlog_builder_size(l->builder), &entries[i], e) ||
            !tlog_builder_append(l->builder, &leaf, 1, &store, e))
            return false;
    }
    l->unpublished |= n != 0;
    return true;
}

#define PUBLISH_US (US_PER_S / 4) /* readers of static files may wait so long under load */
#define PUBLISH_BYTES ((size_t)4 << 20)

void tiles_publish(struct record *r, struct log *l)
{
    bool rests = os_ticks_us(r->o.os) - l->published_at < PUBLISH_US;

    l->unpublished = true; /* the head at least */
    if (!rests || arena_used(l->stage_arena) > PUBLISH_BYTES)
        tiles_settle(r, l);
}

void tiles_settle(struct record *r, struct log *l)
{
    struct files f = {.os = r->o.os, .log = l, .arena = arena_new(TILES_ARENA)};
    struct tlog_tile_store store = {store_file, &f};
    struct staged *in_order = NULL;
    struct err e = {0};
    bool ok = f.arena || err_fail(&e, ERR_NOMEM, "out of memory");

    if (!l->unpublished || !l->builder) {
        arena_free(f.arena);
        return;
    }

    f.mark = f.arena ? arena_mark(f.arena) : (struct arena_mark){0};
    while (l->staged) { /* they were pushed: turn them round */
        struct staged *s = l->staged;
        l->staged = s->next;
        s->next = in_order;
        in_order = s;
    }
    for (; ok && in_order; in_order = in_order->next)
        ok = store_file(&f, &in_order->tile, in_order->bytes, &e);
    ok = ok && flush(l, &store, &e) && write_head(r, l, f.arena, &e);
    arena_free(f.arena);
    arena_reset(l->stage_arena, (struct arena_mark){0});
    l->unpublished = false;
    l->published_at = os_ticks_us(r->o.os);
    if (!ok)
        diag_err(r->o.diag, DIAG_WARN, "a log's tiles could not be written", &e);
}

/* ---- reading ---- */

bool log_source(struct record *r, struct log *l, uint64_t size, struct arena *a,
                struct tlog_source *out, struct err *e)
{
    struct files *f = arena_get(a, sizeof *f, e);
    struct tlog_tile_fetch fetch = {fetch_file, f};
    struct tlog_tiles *tiles;

    if (!f)
        return false;
    tiles_settle(r, l);
    if (!l->read_arena && !(l->read_arena = arena_new(TILES_ARENA)))
        return err_fail(e, ERR_NOMEM, "out of memory");
    *f = (struct files){.os = r->o.os, .log = l, .arena = l->read_arena};
    tiles = tlog_tiles_new(a, size, &fetch, e);
    if (!tiles)
        return false;
    *out = tlog_tiles_source(tiles);
    return true;
}
