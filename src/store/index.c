/* Derived tables: what is the same in LMDB and in memory. */
#include "store/index_impl.h"

#include <assert.h>

static bool key_fits(struct bytes key, struct err *e)
{
    return (key.n > 0 && key.n <= LIMIT_INDEX_KEY_BYTES) ||
           err_fail(e, ERR_LIMIT, "an index key of %zu bytes; 1 to %d are possible", key.n,
                    LIMIT_INDEX_KEY_BYTES);
}

bool index_close(struct index *ix, struct err *e)
{
    return !ix || ix->ops->close(ix, e);
}

bool index_sync(struct index *ix, struct err *e)
{
    return ix->ops->sync(ix, e);
}

struct index_txn *index_begin(struct index *ix, struct err *e)
{
    return ix->ops->begin(ix, e);
}

bool index_put(struct index_txn *t, size_t table, struct bytes key, struct bytes value,
               struct err *e)
{
    assert(table < t->view.ix->tables);
    if (value.n > LIMIT_INDEX_VALUE_BYTES)
        return err_fail(e, ERR_LIMIT, "an index value of %zu bytes; %zu are possible", value.n,
                        LIMIT_INDEX_VALUE_BYTES);
    return key_fits(key, e) && t->view.ix->ops->put(t, table, key, value, e);
}

bool index_delete(struct index_txn *t, size_t table, struct bytes key, struct err *e)
{
    assert(table < t->view.ix->tables);
    return key_fits(key, e) && t->view.ix->ops->remove(t, table, key, e);
}

bool index_clear(struct index_txn *t, size_t table, struct err *e)
{
    assert(table < t->view.ix->tables);
    return t->view.ix->ops->clear(t, table, e);
}

bool index_set_applied(struct index_txn *t, const char *log, uint64_t position, struct err *e)
{
    struct bytes key = bytes_text(log);
    uint8_t value[8];

    for (int i = 0; i < 8; i++)
        value[i] = (uint8_t)(position >> (56 - 8 * i));
    return key_fits(key, e) &&
           t->view.ix->ops->put(t, t->view.ix->tables, key, bytes_of(value, sizeof value), e);
}

bool index_applied(struct index *ix, const char *log, uint64_t *position, struct err *e)
{
    struct bytes key = bytes_text(log), value = {0};
    struct index_snapshot *v;
    uint64_t is = 0;
    bool ok;

    if (!key_fits(key, e) || !(v = index_snapshot_open(ix, e)))
        return false;
    ok = ix->ops->find(v, ix->tables, key, &value, e);
    for (size_t i = 0; ok && i < value.n; i++)
        is = is << 8 | value.p[i];
    index_snapshot_close(v);
    if (ok && value.p && value.n != 8)
        ok = err_fail(e, ERR_IO, "the index's position of %s is malformed", log);
    if (ok)
        *position = is;
    return ok;
}

bool index_commit(struct index_txn *t, struct err *e)
{
    return t->view.ix->ops->commit(t, e);
}

void index_abort(struct index_txn *t)
{
    if (t)
        t->view.ix->ops->abort(t);
}

bool index_full(const struct index_txn *t)
{
    return t->view.ix->ops->full(t);
}

bool index_step(struct index_txn **t, struct err *e)
{
    struct index *ix = (*t)->view.ix;
    struct index_txn *was = *t;

    if (!index_full(was))
        return true;
    *t = NULL;
    if (!index_commit(was, e))
        return false;
    *t = index_begin(ix, e);
    return *t != NULL;
}

struct index_snapshot *index_view(struct index_txn *t)
{
    return &t->view;
}

struct index_snapshot *index_snapshot_open(struct index *ix, struct err *e)
{
    return ix->ops->snapshot_open(ix, e);
}

void index_snapshot_close(struct index_snapshot *v)
{
    if (v)
        v->ix->ops->snapshot_close(v);
}

bool index_find(struct index_snapshot *v, size_t table, struct bytes key, struct bytes *value,
                struct err *e)
{
    assert(table < v->ix->tables);
    return key_fits(key, e) && v->ix->ops->find(v, table, key, value, e);
}

/* ---- cursors ----------------------------------------------------------------------------------
 */

struct index_cursor *index_cursor_open(struct index_snapshot *v, size_t table, struct bytes prefix,
                                       struct err *e)
{
    struct index_cursor *c;

    assert(table < v->ix->tables);
    if (prefix.n && !key_fits(prefix, e))
        return NULL;
    c = v->ix->ops->cursor_new(v, table, e);
    if (!c)
        return NULL;
    c->view = v;
    c->table = table;
    c->placed = false;
    c->prefix_n = prefix.n;
    if (prefix.n)
        memcpy(c->prefix, prefix.p, prefix.n);
    return c;
}

void index_cursor_close(struct index_cursor *c)
{
    if (c)
        c->view->ix->ops->cursor_free(c);
}

static bool move(struct index_cursor *c, enum move how, struct bytes from, struct bytes *key,
                 struct bytes *value, struct err *e)
{
    struct bytes k = from, v = {0};

    if (!c->view->ix->ops->move(c, how, &k, &v, e))
        return false;
    c->placed = true;
    if (!k.p || k.n < c->prefix_n || memcmp(k.p, c->prefix, c->prefix_n) != 0)
        k = v = (struct bytes){NULL, 0};
    *key = k;
    *value = v;
    return true;
}

bool index_cursor_seek(struct index_cursor *c, struct bytes from, struct bytes *key,
                       struct bytes *value, struct err *e)
{
    struct bytes prefix = bytes_of(c->prefix, c->prefix_n);

    if (from.n && !key_fits(from, e))
        return false;
    return move(c, MOVE_SEEK, bytes_compare(from, prefix) < 0 ? prefix : from, key, value, e);
}

bool index_cursor_next(struct index_cursor *c, struct bytes *key, struct bytes *value,
                       struct err *e)
{
    struct bytes prefix = bytes_of(c->prefix, c->prefix_n);

    return move(c, c->placed ? MOVE_NEXT : MOVE_SEEK, prefix, key, value, e);
}

/* The least key behind all that begin with the prefix: empty if there is none. */
static struct bytes behind(const struct index_cursor *c, uint8_t *out)
{
    size_t n = c->prefix_n;

    memcpy(out, c->prefix, n);
    while (n && out[n - 1] == 0xff)
        n--;
    if (n)
        out[n - 1]++;
    return bytes_of(out, n);
}

bool index_cursor_last(struct index_cursor *c, struct bytes *key, struct bytes *value,
                       struct err *e)
{
    uint8_t limit[LIMIT_INDEX_KEY_BYTES];

    return move(c, MOVE_LAST, behind(c, limit), key, value, e);
}

bool index_cursor_prev(struct index_cursor *c, struct bytes *key, struct bytes *value,
                       struct err *e)
{
    if (!c->placed)
        return index_cursor_last(c, key, value, e);
    return move(c, MOVE_PREV, (struct bytes){NULL, 0}, key, value, e);
}
