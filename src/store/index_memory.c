/* Derived tables in memory, for simulations: sorted arrays, shared between versions until one of
 * them is written to. Meant for thousands of keys, not millions. */
#include "store/index_impl.h"

#include <pthread.h>
#include <stdlib.h>

struct entry {
    unsigned refs;
    struct bytes key, value;
    uint8_t data[];
};

struct table {
    unsigned refs;
    size_t n, cap;
    struct entry **v;
};

struct version {
    unsigned refs;
    struct table *table[LIMIT_INDEX_TABLES + 1];
};

struct memory_index {
    struct index base;
    pthread_mutex_t lock; /* guards `now` and every count of references */
    struct version *now;
};

struct memory_view {
    struct index_snapshot base;
    struct version *version;
};

struct memory_txn {
    struct index_txn base;
    struct version *version; /* at the place of memory_view's */
    bool own[LIMIT_INDEX_TABLES + 1];
};

struct memory_cursor {
    struct index_cursor base;
    size_t at; /* of the key it stands on; n: behind the last; SIZE_MAX: before the first */
};

_Static_assert(offsetof(struct memory_view, version) == offsetof(struct memory_txn, version),
               "a transaction can be read like a snapshot");

static struct memory_index *of(struct index *ix)
{
    return (struct memory_index *)ix;
}

/* ---- references: under the lock -----------------------------------------------------------------
 */

static void entry_drop(struct entry *is)
{
    if (--is->refs == 0)
        free(is);
}

static void table_drop(struct table *t)
{
    if (!t || --t->refs)
        return;
    for (size_t i = 0; i < t->n; i++)
        entry_drop(t->v[i]);
    free(t->v);
    free(t);
}

static void version_drop(struct version *v)
{
    if (--v->refs)
        return;
    for (size_t i = 0; i <= LIMIT_INDEX_TABLES; i++)
        table_drop(v->table[i]);
    free(v);
}

static struct version *version_copy(const struct version *from)
{
    struct version *v = malloc(sizeof *v);

    if (!v)
        return NULL;
    *v = *from;
    v->refs = 1;
    for (size_t i = 0; i <= LIMIT_INDEX_TABLES; i++)
        if (v->table[i])
            v->table[i]->refs++;
    return v;
}

static struct table *table_copy(const struct table *from)
{
    struct table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->refs = 1;
    if (!from || from->n == 0)
        return t;
    t->v = malloc(from->n * sizeof *t->v);
    if (!t->v) {
        free(t);
        return NULL;
    }
    t->n = t->cap = from->n;
    memcpy(t->v, from->v, from->n * sizeof *t->v);
    for (size_t i = 0; i < t->n; i++)
        t->v[i]->refs++;
    return t;
}

/* ---- open and close
 * --------------------------------------------------------------------------------- */

static const struct index_ops memory_ops;

struct index *index_open_memory(const char *const *tables, size_t n, struct err *e)
{
    struct memory_index *ix = calloc(1, sizeof *ix);
    struct version *v = calloc(1, sizeof *v);

    (void)tables; /* their names matter on disk alone */
    if (!ix || !v || n > LIMIT_INDEX_TABLES) {
        err_fail(e, n > LIMIT_INDEX_TABLES ? ERR_LIMIT : ERR_NOMEM, "no index of %zu tables", n);
        free(ix);
        free(v);
        return NULL;
    }
    ix->base.ops = &memory_ops;
    ix->base.tables = n;
    pthread_mutex_init(&ix->lock, NULL);
    v->refs = 1;
    ix->now = v;
    return &ix->base;
}

static bool memory_close(struct index *base, struct err *e)
{
    struct memory_index *ix = of(base);

    (void)e;
    version_drop(ix->now);
    pthread_mutex_destroy(&ix->lock);
    free(ix);
    return true;
}

static bool memory_sync(struct index *base, struct err *e)
{
    (void)base, (void)e;
    return true;
}

/* ---- writing
 * ------------------------------------------------------------------------------------------ */

static struct index_txn *memory_begin(struct index *base, struct err *e)
{
    struct memory_index *ix = of(base);
    struct memory_txn *t = calloc(1, sizeof *t);

    if (t) {
        t->base.view.ix = base;
        pthread_mutex_lock(&ix->lock);
        t->version = version_copy(ix->now);
        pthread_mutex_unlock(&ix->lock);
        if (t->version)
            return &t->base;
    }
    free(t);
    err_fail(e, ERR_NOMEM, "out of memory");
    return NULL;
}

/* The table as this transaction's own. */
static struct table *own(struct memory_txn *t, size_t table, struct err *e)
{
    struct memory_index *ix = of(t->base.view.ix);
    struct table *copy;

    if (t->own[table])
        return t->version->table[table];
    pthread_mutex_lock(&ix->lock);
    copy = table_copy(t->version->table[table]);
    if (copy) {
        table_drop(t->version->table[table]);
        t->version->table[table] = copy;
        t->own[table] = true;
    }
    pthread_mutex_unlock(&ix->lock);
    if (!copy)
        err_fail(e, ERR_NOMEM, "out of memory");
    return copy;
}

/* The first place whose key is not less. */
static size_t place_of(const struct table *t, struct bytes key, bool *there)
{
    size_t lo = 0, hi = t ? t->n : 0;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (bytes_compare(t->v[mid]->key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *there = t && lo < t->n && bytes_equal(t->v[lo]->key, key);
    return lo;
}

static struct entry *entry_new(struct bytes key, struct bytes value)
{
    struct entry *is = malloc(sizeof *is + key.n + value.n);

    if (!is)
        return NULL;
    is->refs = 1;
    is->key = bytes_of(is->data, key.n);
    is->value = bytes_of(is->data + key.n, value.n);
    memcpy(is->data, key.p, key.n);
    if (value.n)
        memcpy(is->data + key.n, value.p, value.n);
    return is;
}

static bool room(struct table *t)
{
    size_t cap = t->cap ? t->cap * 2 : 16;
    struct entry **more;

    if (t->n < t->cap)
        return true;
    more = realloc(t->v, cap * sizeof *more);
    if (more) {
        t->v = more;
        t->cap = cap;
    }
    return more;
}

static void replace(struct memory_txn *t, struct entry **at, struct entry *by)
{
    pthread_mutex_lock(&of(t->base.view.ix)->lock);
    entry_drop(*at);
    pthread_mutex_unlock(&of(t->base.view.ix)->lock);
    *at = by;
}

static bool memory_put(struct index_txn *base, size_t table, struct bytes key, struct bytes value,
                       struct err *e)
{
    struct memory_txn *t = (struct memory_txn *)base;
    struct table *to = own(t, table, e);
    struct entry *is;
    bool there;
    size_t at;

    if (!to)
        return false;
    is = entry_new(key, value);
    if (!is || !room(to)) {
        free(is);
        return err_fail(e, ERR_NOMEM, "out of memory");
    }
    at = place_of(to, key, &there);
    if (there) {
        replace(t, &to->v[at], is);
        return true;
    }
    memmove(to->v + at + 1, to->v + at, (to->n - at) * sizeof *to->v);
    to->v[at] = is;
    to->n++;
    return true;
}

static bool memory_remove(struct index_txn *base, size_t table, struct bytes key, struct err *e)
{
    struct memory_txn *t = (struct memory_txn *)base;
    struct table *to = own(t, table, e);
    bool there;
    size_t at;

    if (!to)
        return false;
    at = place_of(to, key, &there);
    if (!there)
        return true;
    replace(t, &to->v[at], NULL);
    memmove(to->v + at, to->v + at + 1, (to->n - at - 1) * sizeof *to->v);
    to->n--;
    return true;
}

static bool memory_clear(struct index_txn *base, size_t table, struct err *e)
{
    struct memory_txn *t = (struct memory_txn *)base;
    struct table *to = own(t, table, e);

    if (!to)
        return false;
    for (size_t i = 0; i < to->n; i++)
        replace(t, &to->v[i], NULL);
    to->n = 0;
    return true;
}

static bool memory_commit(struct index_txn *base, struct err *e)
{
    struct memory_txn *t = (struct memory_txn *)base;
    struct memory_index *ix = of(base->view.ix);

    (void)e;
    pthread_mutex_lock(&ix->lock);
    version_drop(ix->now);
    ix->now = t->version;
    pthread_mutex_unlock(&ix->lock);
    free(t);
    return true;
}

static void version_release(struct index *ix, struct version *v)
{
    pthread_mutex_lock(&of(ix)->lock);
    version_drop(v);
    pthread_mutex_unlock(&of(ix)->lock);
}

static void memory_abort(struct index_txn *base)
{
    struct memory_txn *t = (struct memory_txn *)base;

    version_release(base->view.ix, t->version);
    free(t);
}

static bool memory_full(const struct index_txn *t)
{
    (void)t;
    return false;
}

/* ---- reading
 * ------------------------------------------------------------------------------------------ */

static struct index_snapshot *memory_snapshot_open(struct index *base, struct err *e)
{
    struct memory_view *v = calloc(1, sizeof *v);

    if (!v) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    v->base.ix = base;
    pthread_mutex_lock(&of(base)->lock);
    v->version = of(base)->now;
    v->version->refs++;
    pthread_mutex_unlock(&of(base)->lock);
    return &v->base;
}

static void memory_snapshot_close(struct index_snapshot *base)
{
    version_release(base->ix, ((struct memory_view *)base)->version);
    free(base);
}

static const struct table *table_of(const struct index_snapshot *v, size_t table)
{
    return ((const struct memory_view *)v)->version->table[table];
}

static bool memory_find(struct index_snapshot *v, size_t table, struct bytes key,
                        struct bytes *value, struct err *e)
{
    const struct table *t = table_of(v, table);
    bool there;
    size_t at = place_of(t, key, &there);

    (void)e;
    *value = there ? t->v[at]->value : (struct bytes){NULL, 0};
    return true;
}

static struct index_cursor *memory_cursor_new(struct index_snapshot *v, size_t table, struct err *e)
{
    struct memory_cursor *c = calloc(1, sizeof *c);

    (void)v, (void)table;
    if (!c)
        err_fail(e, ERR_NOMEM, "out of memory");
    return c ? &c->base : NULL;
}

static void memory_cursor_free(struct index_cursor *c)
{
    free(c);
}

static bool memory_move(struct index_cursor *base, enum move how, struct bytes *key,
                        struct bytes *value, struct err *e)
{
    struct memory_cursor *c = (struct memory_cursor *)base;
    const struct table *t = table_of(base->view, base->table);
    size_t n = t ? t->n : 0;
    bool there;

    (void)e;
    if (how == MOVE_SEEK)
        c->at = place_of(t, *key, &there);
    else if (how == MOVE_LAST)
        c->at = (key->n ? place_of(t, *key, &there) : n) - 1;
    else if (how == MOVE_NEXT)
        c->at = c->at == SIZE_MAX || c->at < n ? c->at + 1 : n;
    else
        c->at = c->at == SIZE_MAX ? SIZE_MAX : c->at - 1;
    *key = c->at < n ? t->v[c->at]->key : (struct bytes){NULL, 0};
    *value = c->at < n ? t->v[c->at]->value : (struct bytes){NULL, 0};
    return true;
}

static const struct index_ops memory_ops = {
    .close = memory_close,
    .sync = memory_sync,
    .begin = memory_begin,
    .put = memory_put,
    .remove = memory_remove,
    .clear = memory_clear,
    .commit = memory_commit,
    .abort = memory_abort,
    .full = memory_full,
    .snapshot_open = memory_snapshot_open,
    .snapshot_close = memory_snapshot_close,
    .find = memory_find,
    .cursor_new = memory_cursor_new,
    .cursor_free = memory_cursor_free,
    .move = memory_move,
};
