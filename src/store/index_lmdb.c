/* Derived tables in LMDB 0.9.24 (what Debian 12 has). Its cautions are kept: no nested
 * transactions, no DUPSORT, few dirty pages per transaction, a large map, stale readers cleared,
 * one writing process, a local disk, and every error is the end of this index. */
#include "store/index_impl.h"

#include <errno.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define MAP_BYTES ((uint64_t)64 << 30)
/* LMDB spills beyond 131,071 dirty pages, by code that later releases have mended twice. Our
 * count is an upper bound but for the free list, which is small. */
#define DIRTY_MOST 60000
#define PAGE_BYTES 4096
#define BOOT_ID_BYTES 36

struct lmdb_index {
    struct index base;
    const struct os *os;
    char *dir;
    MDB_env *env;
    MDB_dbi dbi[LIMIT_INDEX_TABLES + 1];
    bool lazy;
    atomic_bool failed;
};

struct lmdb_view {
    struct index_snapshot base;
    MDB_txn *txn;
};

struct lmdb_txn {
    struct index_txn base;
    MDB_txn *txn; /* at the place of lmdb_view's */
    MDB_cursor *cursor[LIMIT_INDEX_TABLES + 1];
    /* The last key of each table, once it was asked for: what is put behind it can be appended. */
    struct top {
        bool known;
        size_t n;
        uint8_t key[LIMIT_INDEX_KEY_BYTES];
    } top[LIMIT_INDEX_TABLES + 1];
    size_t changes;
    size_t pages; /* when it began */
};

struct lmdb_cursor {
    struct index_cursor base;
    MDB_cursor *cursor;
};

_Static_assert(offsetof(struct lmdb_view, txn) == offsetof(struct lmdb_txn, txn),
               "a transaction can be read like a snapshot");

static struct lmdb_index *of(struct index *ix)
{
    return (struct lmdb_index *)ix;
}

static bool broken(struct lmdb_index *ix, int rc, const char *what, struct err *e)
{
    atomic_store(&ix->failed, true);
    err_fail(e, rc == ENOMEM ? ERR_NOMEM : ERR_IO, "index %s: %s: %s", ix->dir, what,
             mdb_strerror(rc));
    return err_hint(e, "stop, and delete the folder %s: it is rebuilt from the log", ix->dir);
}

static bool fit(struct lmdb_index *ix, struct err *e)
{
    return !atomic_load(&ix->failed) ||
           err_fail(e, ERR_IO, "index %s: it has failed before", ix->dir);
}

static MDB_val val(struct bytes b)
{
    return (MDB_val){b.n, (void *)(uintptr_t)b.p};
}

static struct bytes view(MDB_val v)
{
    return bytes_of(v.mv_size ? v.mv_data : (const void *)"", v.mv_size);
}

/* ---- whether what is on disk can be trusted ----------------------------------------------------
 */

/* A lazy index leaves a mark on disk while it is open: the id of the boot it ran under. If the mark
 * is still there under another boot, the system went down with pages unwritten. */
static char *path_in(const char *dir, const char *name, struct err *e)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *path = malloc(n);

    if (path)
        snprintf(path, n, "%s/%s", dir, name);
    else
        err_fail(e, ERR_NOMEM, "out of memory");
    return path;
}

/* Zeros where there is none: then no mark is ever taken for ours. */
static void boot_id(const struct os *os, uint8_t id[BOOT_ID_BYTES])
{
    struct os_file *f;
    size_t got = 0;
    bool ok;

    memset(id, 0, BOOT_ID_BYTES);
    if (!os_open(os, "/proc/sys/kernel/random/boot_id", OS_READ, &f, NULL))
        return;
    ok = os->ops->read(os->self, f, 0, id, BOOT_ID_BYTES, &got, NULL);
    os_close(os, f);
    if (!ok || got != BOOT_ID_BYTES)
        memset(id, 0, BOOT_ID_BYTES);
}

static bool mark_set(const struct os *os, const char *dir, struct bytes what, struct err *e)
{
    char *path = path_in(dir, "unsynced", e);
    bool ok = path && os_write_file(os, path, what, OS_PRIVATE, e);

    free(path);
    return ok;
}

static bool mark_remove(const struct os *os, const char *dir, struct err *e)
{
    char *path = path_in(dir, "unsynced", e);
    bool ok = path && (!os_exists(os, path) ||
                       (os_remove(os, path, e) && os->ops->sync_dir(os->self, dir, e)));

    free(path);
    return ok;
}

/* *safe: no mark, or one of this boot. */
static bool mark_check(const struct os *os, const char *dir, bool *safe, struct err *e)
{
    struct arena *a = arena_new(4096);
    char *path = path_in(dir, "unsynced", e);
    uint8_t id[BOOT_ID_BYTES];
    struct bytes was;
    bool ok = a && path;

    *safe = true;
    if (ok && os_exists(os, path)) {
        boot_id(os, id);
        ok = os_read_file(os, path, 1024, a, &was, e);
        *safe = ok && id[0] && bytes_equal(was, bytes_of(id, sizeof id));
    }
    if (!a)
        err_fail(e, ERR_NOMEM, "out of memory");
    arena_free(a);
    free(path);
    return ok;
}

bool index_drop(const struct os *os, const char *dir, struct err *e)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    bool ok = true;

    for (size_t i = 0; ok && i < 2; i++) {
        char *path = path_in(dir, names[i], e);
        ok = path && (!os_exists(os, path) || os_remove(os, path, e));
        free(path);
    }
    ok = ok && (!os_exists(os, dir) || os->ops->sync_dir(os->self, dir, e));
    return ok && mark_remove(os, dir, e); /* last: until then the next opening drops it too */
}

/* ---- open and close
 * ------------------------------------------------------------------------------ */

static bool open_tables(struct lmdb_index *ix, const char *const *tables, struct err *e)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(ix->env, NULL, 0, &txn);

    if (rc)
        return broken(ix, rc, "opening", e);
    for (size_t i = 0; i <= ix->base.tables && !rc; i++)
        rc = mdb_dbi_open(txn, i < ix->base.tables ? tables[i] : "#applied", MDB_CREATE,
                          &ix->dbi[i]);
    if (rc) {
        mdb_txn_abort(txn);
        return broken(ix, rc, "opening its tables", e);
    }
    rc = mdb_txn_commit(txn);
    return rc == 0 || broken(ix, rc, "opening its tables", e);
}

static bool open_env(struct lmdb_index *ix, uint64_t map_bytes, struct err *e)
{
    unsigned flags = MDB_NOTLS | (ix->lazy ? MDB_NOSYNC : MDB_NOMETASYNC);
    int stale = 0, rc = mdb_env_create(&ix->env);

    rc = rc ? rc : mdb_env_set_mapsize(ix->env, map_bytes);
    rc = rc ? rc : mdb_env_set_maxdbs(ix->env, LIMIT_INDEX_TABLES + 1);
    rc = rc ? rc : mdb_env_set_maxreaders(ix->env, LIMIT_INDEX_SNAPSHOTS);
    rc = rc ? rc : mdb_env_open(ix->env, ix->dir, flags, 0600);
    rc = rc ? rc : mdb_reader_check(ix->env, &stale);
    return rc == 0 || broken(ix, rc, "opening", e);
}

/* Decide what is there before LMDB sees it; leave the mark before LMDB writes. */
static bool prepare_dir(struct lmdb_index *ix, bool *dropped, struct err *e)
{
    uint8_t id[BOOT_ID_BYTES];
    bool safe;

    if (!os_make_dirs(ix->os, ix->dir, e) || !mark_check(ix->os, ix->dir, &safe, e))
        return false;
    *dropped = !safe;
    if (!safe && !index_drop(ix->os, ix->dir, e))
        return false;
    boot_id(ix->os, id);
    return !ix->lazy || mark_set(ix->os, ix->dir, bytes_of(id, sizeof id), e);
}

static struct lmdb_index *lmdb_new(const struct os *os, const char *dir, size_t n, bool lazy);

struct index *index_open(const struct os *os, const char *dir, const char *const *tables, size_t n,
                         const struct index_options *options, struct err *e)
{
    uint64_t map = options && options->map_bytes ? options->map_bytes : MAP_BYTES;
    struct lmdb_index *ix;
    bool dropped = false;

    if (n > LIMIT_INDEX_TABLES) {
        err_fail(e, ERR_LIMIT, "index %s: %zu tables; %d are possible", dir, n, LIMIT_INDEX_TABLES);
        return NULL;
    }
    ix = lmdb_new(os, dir, n, !options || !options->synced);
    if (!ix) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    if (!prepare_dir(ix, &dropped, e) || !open_env(ix, map, e) || !open_tables(ix, tables, e) ||
        (!ix->lazy && (!index_sync(&ix->base, e) || !mark_remove(os, dir, e)))) {
        index_close(&ix->base, NULL);
        return NULL;
    }
    if (options && options->dropped)
        *options->dropped = dropped;
    return &ix->base;
}

static bool lmdb_sync(struct index *base, struct err *e)
{
    struct lmdb_index *ix = of(base);
    int rc;

    if (!fit(ix, e))
        return false;
    rc = mdb_env_sync(ix->env, 1);
    return rc == 0 || broken(ix, rc, "syncing", e);
}

static bool lmdb_close(struct index *base, struct err *e)
{
    struct lmdb_index *ix = of(base);
    struct err why = {0};
    bool ok = !atomic_load(&ix->failed) && ix->env && lmdb_sync(base, &why);

    if (ix->env)
        mdb_env_close(ix->env);
    if (ok && ix->lazy)
        ok = mark_remove(ix->os, ix->dir, &why);
    else if (!ok && ix->env) /* whatever is there now: the next opening drops it */
        mark_set(ix->os, ix->dir, BYTES("failed"), NULL);
    if (!ok && e && why.code)
        err_pass(e, &why);
    else if (!ok)
        err_fail(e, ERR_IO, "index %s: it has failed before", ix->dir);
    free(ix->dir);
    free(ix);
    return ok;
}

/* ---- writing
 * ---------------------------------------------------------------------------------------- */

static size_t pages_of(struct lmdb_txn *t, size_t *branches)
{
    struct lmdb_index *ix = of(t->base.view.ix);
    size_t pages = 0;
    MDB_stat st;

    *branches = 0;
    for (size_t i = 0; i <= ix->base.tables; i++)
        if (mdb_stat(t->txn, ix->dbi[i], &st) == 0) {
            pages += st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages;
            *branches += st.ms_branch_pages;
        }
    return pages;
}

static struct index_txn *lmdb_begin(struct index *base, struct err *e)
{
    struct lmdb_index *ix = of(base);
    struct lmdb_txn *t;
    size_t branches;
    int rc;

    if (!fit(ix, e))
        return NULL;
    t = calloc(1, sizeof *t);
    if (!t) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    t->base.view.ix = base;
    rc = mdb_txn_begin(ix->env, NULL, 0, &t->txn);
    if (rc) {
        free(t);
        broken(ix, rc, "beginning to write", e);
        return NULL;
    }
    t->pages = pages_of(t, &branches);
    return &t->base;
}

/* The cursor of a table stays where the last key went: ascending keys find their page at once. */
static int cursor_of(struct lmdb_txn *t, size_t table, MDB_cursor **out)
{
    int rc = 0;

    if (!t->cursor[table])
        rc = mdb_cursor_open(t->txn, of(t->base.view.ix)->dbi[table], &t->cursor[table]);
    *out = t->cursor[table];
    return rc;
}

static int learn_top(struct lmdb_txn *t, size_t table, MDB_cursor *c)
{
    struct top *top = &t->top[table];
    MDB_val k, v;
    int rc;

    if (top->known)
        return 0;
    rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    top->known = true;
    top->n = rc ? 0 : k.mv_size;
    if (top->n)
        memcpy(top->key, k.mv_data, top->n);
    return 0;
}

static bool lmdb_put(struct index_txn *base, size_t table, struct bytes key, struct bytes value,
                     struct err *e)
{
    struct lmdb_txn *t = (struct lmdb_txn *)base;
    struct top *top = &t->top[table];
    MDB_val k = val(key), v = val(value);
    MDB_cursor *c;
    bool behind;
    int rc = cursor_of(t, table, &c);

    rc = rc ? rc : learn_top(t, table, c);
    if (rc)
        return broken(of(base->view.ix), rc, "writing", e);
    behind = bytes_compare(key, bytes_of(top->key, top->n)) > 0;
    rc = mdb_cursor_put(c, &k, &v, behind ? MDB_APPEND : 0);
    if (rc)
        return broken(of(base->view.ix), rc, "writing", e);
    if (behind) {
        top->n = key.n;
        memcpy(top->key, key.p, key.n);
    }
    t->changes += 1 + value.n / PAGE_BYTES;
    return true;
}

static bool lmdb_remove(struct index_txn *base, size_t table, struct bytes key, struct err *e)
{
    struct lmdb_txn *t = (struct lmdb_txn *)base;
    MDB_val k = val(key);
    int rc = mdb_del(t->txn, of(base->view.ix)->dbi[table], &k, NULL);

    t->top[table].known = false;
    t->changes += 3; /* a page that becomes too empty is joined with its neighbours */
    return rc == 0 || rc == MDB_NOTFOUND || broken(of(base->view.ix), rc, "deleting", e);
}

static bool lmdb_clear(struct index_txn *base, size_t table, struct err *e)
{
    struct lmdb_txn *t = (struct lmdb_txn *)base;
    int rc = mdb_drop(t->txn, of(base->view.ix)->dbi[table], 0);

    t->top[table].known = false;
    return rc == 0 || broken(of(base->view.ix), rc, "emptying a table", e);
}

static bool lmdb_commit(struct index_txn *base, struct err *e)
{
    struct lmdb_txn *t = (struct lmdb_txn *)base;
    struct lmdb_index *ix = of(base->view.ix);
    int rc = mdb_txn_commit(t->txn); /* closes the cursors with it, whatever comes */

    free(t);
    return rc == 0 || broken(ix, rc, "committing", e);
}

static void lmdb_abort(struct index_txn *base)
{
    struct lmdb_txn *t = (struct lmdb_txn *)base;

    mdb_txn_abort(t->txn);
    free(t);
}

/* Pages dirtied: at most one old leaf per change, what the tables have grown by, and the branches
 * above; and never more than there are. */
static bool lmdb_full(const struct index_txn *base)
{
    const struct lmdb_txn *t = (const struct lmdb_txn *)base;
    struct lmdb_txn copy = *t;
    size_t branches, pages;

    if (t->changes < DIRTY_MOST / 4)
        return false;
    pages = pages_of(&copy, &branches);
    return pages > DIRTY_MOST &&
           t->changes + branches + (pages > t->pages ? pages - t->pages : 0) > DIRTY_MOST;
}

/* ---- reading
 * ------------------------------------------------------------------------------------------ */

static struct index_snapshot *lmdb_snapshot_open(struct index *base, struct err *e)
{
    struct lmdb_index *ix = of(base);
    struct lmdb_view *v;
    int rc;

    if (!fit(ix, e))
        return NULL;
    v = calloc(1, sizeof *v);
    if (!v) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    v->base.ix = base;
    rc = mdb_txn_begin(ix->env, NULL, MDB_RDONLY, &v->txn);
    if (rc == 0)
        return &v->base;
    free(v);
    if (rc == MDB_READERS_FULL)
        err_fail(e, ERR_LIMIT, "index %s: more than %d snapshots", ix->dir, LIMIT_INDEX_SNAPSHOTS);
    else
        broken(ix, rc, "beginning to read", e);
    return NULL;
}

static void lmdb_snapshot_close(struct index_snapshot *base)
{
    struct lmdb_view *v = (struct lmdb_view *)base;

    mdb_txn_abort(v->txn);
    free(v);
}

static bool lmdb_find(struct index_snapshot *base, size_t table, struct bytes key,
                      struct bytes *value, struct err *e)
{
    struct lmdb_view *v = (struct lmdb_view *)base;
    MDB_val k = val(key), is;
    int rc = mdb_get(v->txn, of(base->ix)->dbi[table], &k, &is);

    if (rc && rc != MDB_NOTFOUND)
        return broken(of(base->ix), rc, "reading", e);
    *value = rc ? (struct bytes){NULL, 0} : view(is);
    return true;
}

static struct index_cursor *lmdb_cursor_new(struct index_snapshot *base, size_t table,
                                            struct err *e)
{
    struct lmdb_view *v = (struct lmdb_view *)base;
    struct lmdb_cursor *c = calloc(1, sizeof *c);
    int rc;

    if (!c) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    rc = mdb_cursor_open(v->txn, of(base->ix)->dbi[table], &c->cursor);
    if (rc == 0)
        return &c->base;
    free(c);
    broken(of(base->ix), rc, "reading", e);
    return NULL;
}

static void lmdb_cursor_free(struct index_cursor *base)
{
    struct lmdb_cursor *c = (struct lmdb_cursor *)base;

    mdb_cursor_close(c->cursor);
    free(c);
}

/* The last key before `limit`: step back from the first one that is not. */
static int move_last(MDB_cursor *c, struct bytes limit, MDB_val *k, MDB_val *v)
{
    int rc;

    *k = val(limit);
    if (limit.n == 0)
        return mdb_cursor_get(c, k, v, MDB_LAST);
    rc = mdb_cursor_get(c, k, v, MDB_SET_RANGE);
    if (rc == 0)
        return mdb_cursor_get(c, k, v, MDB_PREV);
    return rc == MDB_NOTFOUND ? mdb_cursor_get(c, k, v, MDB_LAST) : rc;
}

static bool lmdb_move(struct index_cursor *base, enum move how, struct bytes *key,
                      struct bytes *value, struct err *e)
{
    MDB_cursor *c = ((struct lmdb_cursor *)base)->cursor;
    MDB_val k = val(*key), v = {0};
    int rc;

    if (how == MOVE_SEEK)
        rc = mdb_cursor_get(c, &k, &v, key->n ? MDB_SET_RANGE : MDB_FIRST);
    else if (how == MOVE_LAST)
        rc = move_last(c, *key, &k, &v);
    else
        rc = mdb_cursor_get(c, &k, &v, how == MOVE_NEXT ? MDB_NEXT : MDB_PREV);
    if (rc && rc != MDB_NOTFOUND)
        return broken(of(base->view->ix), rc, "reading", e);
    *key = rc ? (struct bytes){NULL, 0} : view(k);
    *value = rc ? (struct bytes){NULL, 0} : view(v);
    return true;
}

static const struct index_ops lmdb_ops = {
    .close = lmdb_close,
    .sync = lmdb_sync,
    .begin = lmdb_begin,
    .put = lmdb_put,
    .remove = lmdb_remove,
    .clear = lmdb_clear,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .full = lmdb_full,
    .snapshot_open = lmdb_snapshot_open,
    .snapshot_close = lmdb_snapshot_close,
    .find = lmdb_find,
    .cursor_new = lmdb_cursor_new,
    .cursor_free = lmdb_cursor_free,
    .move = lmdb_move,
};

static struct lmdb_index *lmdb_new(const struct os *os, const char *dir, size_t n, bool lazy)
{
    struct lmdb_index *ix = calloc(1, sizeof *ix);

    if (!ix)
        return NULL;
    ix->base.ops = &lmdb_ops;
    ix->base.tables = n;
    ix->os = os;
    ix->lazy = lazy;
    ix->dir = strdup(dir);
    if (ix->dir)
        return ix;
    free(ix);
    return NULL;
}
