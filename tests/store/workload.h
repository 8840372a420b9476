/* A seeded history of a store, and what must be left of it. Shared by the store's tests. */
#ifndef ENTENTE_TEST_WORKLOAD_H
#define ENTENTE_TEST_WORKLOAD_H

#include "store/store.h"
#include "support/simdisk.h"
#include "support/support.h"

#define WORK_BATCHES 64
#define WORK_RECORDS 8
#define WORK_DIR "log"

enum work_erased { NOT_ERASED, MAYBE_ERASED, SURELY_ERASED };

struct work_batch {
    uint64_t position, next;
    uint64_t records[WORK_RECORDS];
    enum work_erased erased[WORK_RECORDS];
    size_t n;
};

struct work {
    uint64_t seed, segment_bytes;
    size_t record_most; /* bytes */
    struct work_batch batches[WORK_BATCHES];
    size_t tried, done; /* batches; done: commit has returned true */
};

/* The payload of record i of batch b, and the note of batch b (i == WORK_RECORDS): a function of
 * the seed. Into buf, which has room for work_most. */
static inline struct bytes work_bytes(const struct work *w, size_t b, size_t i, uint8_t *buf)
{
    struct rng r = rng_of(w->seed * 1000003 + b * 131 + i);
    size_t n = (size_t)rng_below(&r, w->record_most + 1);

    if (rng_below(&r, 4) == 0) /* zeros are what a lost sector looks like */
        memset(buf, 0, n);
    else
        rng_bytes(&r, buf, n);
    return bytes_of(buf, n);
}

static inline uint8_t work_kind(size_t b, size_t i)
{
    return (uint8_t)(1 + (b * 7 + i * 3) % 255);
}

/* Gather and commit one batch; keeps the books. False: the disk failed. */
static inline bool work_commit(struct work *w, struct segments *s, size_t records, struct err *e)
{
    struct work_batch *b = &w->batches[w->done];
    uint8_t buf[4096];

    *b = (struct work_batch){.position = segments_end(s), .n = records};
    w->tried = w->done + 1;
    for (size_t i = 0; i < records; i++) {
        struct bytes payload = work_bytes(w, w->done, i, buf);
        struct bytes parts[2] = {bytes_part(payload, 0, payload.n / 3),
                                 bytes_part(payload, payload.n / 3, payload.n)};
        if (!segments_append(s, work_kind(w->done, i), parts, 2, &b->records[i], e))
            return false;
    }
    if (!segments_commit(s, work_bytes(w, w->done, WORK_RECORDS, buf), &b->next, e))
        return false;
    w->done = w->tried;
    return true;
}

static inline struct segments *work_open(const struct work *w, struct simdisk *d, uint64_t hint,
                                         struct err *e)
{
    struct segments_options o = {.segment_bytes = w->segment_bytes, .hint = hint};
    return segments_open(simdisk_os(d), WORK_DIR, &o, e);
}

/* A sentence if batch k is not the one that was committed, else NULL. */
static inline const char *work_differs(const struct work *w, size_t k,
                                       const struct segments_batch *is)
{
    const struct work_batch *b = &w->batches[k];
    uint8_t buf[4096];

    if (is->position != b->position || is->n != b->n)
        return "a batch is not where it was, or has another number of records";
    if (!bytes_equal(is->note, work_bytes(w, k, WORK_RECORDS, buf)))
        return "a note is another";
    for (size_t i = 0; i < b->n; i++) {
        const struct segments_record *r = &is->records[i];
        struct bytes want = work_bytes(w, k, i, buf);
        if (r->position != b->records[i] || r->kind != work_kind(k, i) || r->size != want.n)
            return "a record is not what it was";
        if (r->erased ? b->erased[i] == NOT_ERASED : b->erased[i] == SURELY_ERASED)
            return "a record is erased and should not be, or is not and should be";
        if (!r->erased && !bytes_equal(r->payload, want))
            return "a payload is another";
    }
    return NULL;
}

/* All that was acknowledged is there and in order, at most one batch more, and that one whole. */
static inline const char *work_check(const struct work *w, struct segments *s, struct err *e)
{
    struct segments_iter *it = segments_iter_open(s, 0, e);
    const struct segments_batch *b = NULL;
    const char *says = it ? NULL : "no iterator";
    size_t k = 0;

    while (!says && segments_next(it, &b, e) && b) {
        says = k < w->tried ? work_differs(w, k, b) : "a batch that was never committed";
        k++;
    }
    if (!says && b)
        says = "the iterator fails";
    if (!says && k < w->done)
        says = e->text[0] ? e->text : "an acknowledged batch is gone";
    segments_iter_close(it);
    return says;
}

#endif
