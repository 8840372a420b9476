/* shared: the real lists and logs of ../shared/data/watch, for tests and benchmarks. */
#ifndef ENTENTE_TEST_WATCH_SHARED_H
#define ENTENTE_TEST_WATCH_SHARED_H

#include "base/arena.h"
#include "watch/watch.h"

/* A .zst file unpacked, with a zero behind it. */
bool shared_unpack(const char *path, struct arena *a, struct bytes *out, struct err *e);
/* The next row "type value tier source". */
struct shared_row {
    enum watch_kind kind;
    struct bytes value, source;
    uint64_t tier;
};
bool shared_next(struct bytes *rest, struct shared_row *out);
/* An index of all rows up to `tier`; `ref` is the row's number from 0. */
bool shared_add(struct watch_builder *b, struct bytes rows, uint64_t tier, struct err *e);

#endif
