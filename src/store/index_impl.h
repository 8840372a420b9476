/* Private to store: what LMDB's index and the one in memory have in common. */
#ifndef ENTENTE_INDEX_IMPL_H
#define ENTENTE_INDEX_IMPL_H

#include "store/store.h"

/* Each implementation puts these first into structs of its own. */
struct index {
    const struct index_ops *ops;
    size_t tables; /* the caller's; behind them, one for the positions applied */
};

struct index_snapshot {
    struct index *ix;
};

struct index_txn {
    struct index_snapshot view;
};

struct index_cursor {
    struct index_snapshot *view;
    size_t table;
    bool placed;
    size_t prefix_n;
    uint8_t prefix[LIMIT_INDEX_KEY_BYTES];
};

enum move { MOVE_SEEK, MOVE_NEXT, MOVE_LAST, MOVE_PREV };

struct index_ops {
    bool (*close)(struct index *ix, struct err *e);
    bool (*sync)(struct index *ix, struct err *e);
    struct index_txn *(*begin)(struct index *ix, struct err *e);
    bool (*put)(struct index_txn *t, size_t table, struct bytes key, struct bytes value,
                struct err *e);
    bool (*remove)(struct index_txn *t, size_t table, struct bytes key, struct err *e);
    bool (*clear)(struct index_txn *t, size_t table, struct err *e);
    bool (*commit)(struct index_txn *t, struct err *e);
    void (*abort)(struct index_txn *t);
    bool (*full)(const struct index_txn *t);
    struct index_snapshot *(*snapshot_open)(struct index *ix, struct err *e);
    void (*snapshot_close)(struct index_snapshot *v);
    bool (*find)(struct index_snapshot *v, size_t table, struct bytes key, struct bytes *value,
                 struct err *e);
    /* Storage for a cursor of its own kind, the common part of which is filled in afterwards. */
    struct index_cursor *(*cursor_new)(struct index_snapshot *v, size_t table, struct err *e);
    void (*cursor_free)(struct index_cursor *c);
    /* Any key, whatever the prefix; key->p is NULL at the end. SEEK: the first at or behind *key
     * (which may be empty); LAST: the last before *key, or of all if that is empty. */
    bool (*move)(struct index_cursor *c, enum move how, struct bytes *key, struct bytes *value,
                 struct err *e);
};

#endif
