/* pool: many files, several threads, one order.
 *
 *     struct pool_options o = {.os = os, .index = ix, .threads = 2, .hit = show, .self = me};
 *     pool_scan(&o, paths, n, &counts, e);
 *
 * Files are shared out; large ones that are plain lines (text, JSON, Zeek) are cut into parts at
 * ends of lines. Hits arrive in the order of the paths and of their lines, with the line numbers of
 * the whole file, whichever thread found them, one at a time. A thread whose turn has not come
 * keeps what it found; when that grows it waits, so memory is bounded whatever the files hold. */
#ifndef ENTENTE_LOOKOUT_POOL_H
#define ENTENTE_LOOKOUT_POOL_H

#include "watch/input.h"

#include <stdatomic.h>

#define POOL_THREADS 64

struct pool_options {
    const struct os *os;
    struct watch_index *index; /* the caller's, for as long as the scan */
    enum watch_format format;
    const char *kernel;  /* as for a scanner */
    unsigned threads;    /* 0: one per processor; at most POOL_THREADS */
    uint64_t part_bytes; /* of a large file; 0: the default */
    bool defanged;       /* reports: undo the usual defanging first; files of at most 64 MiB */
    /* False ends the scan. The views live during the call. */
    bool (*hit)(void *self, const char *path, const struct watch_hit *hit);
    /* A file that could not be read to its end; the scan goes on. */
    void (*trouble)(void *self, const char *path, const struct err *why);
    /* What came so far can be shown: standard input has paused. May be NULL. */
    void (*pause)(void *self);
    void *self;
    const atomic_bool *cancelled; /* may be NULL */
    _Atomic uint64_t *progress;   /* bytes searched so far; may be NULL */
};

struct pool_counts {
    struct watch_counts scan;
    struct watch_input_counts input;
    uint64_t failed; /* files that could not be read to their end */
};

/* "-" is standard input. False: a call returned false or cancelled (ERR_DENIED), ERR_NOMEM. */
bool pool_scan(const struct pool_options *o, const char *const *paths, size_t n,
               struct pool_counts *counts, struct err *e);

#endif
