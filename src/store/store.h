/* store: the log is the database, and an index is what can be rebuilt from it.
 *
 * `segments` is an append-only store of records in one directory. Records are gathered into a
 * batch; a batch is written by one write and made durable by one sync, and is there after a
 * crash whole or not at all. A record has a position, a number that is its address for good and
 * that the caller knows before the commit. Each record carries its checksum; the place of every
 * byte is part of it (doc/formats/store.md).
 *
 *     struct segments *s = segments_open(os, "node/log", NULL, &e);
 *     if (!s || !segments_append(s, KIND_ACT, parts, 2, &position, &e) || ...
 *         !segments_commit(s, note, &end, &e))
 *         ...                                    // ERR_IO: stop, start again, recover
 *     segments_read(s, position, arena, &record, &e);
 *
 * Threads: one thread at a time appends, commits, discards and erases. Any thread may read, iterate
 * and prepare meanwhile, and sees what was committed when its call began. After a failed write or
 * sync the outcome is unknown: every later call of the writer fails with ERR_IO until the store is
 * opened anew.
 */
#ifndef ENTENTE_STORE_H
#define ENTENTE_STORE_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/os.h"

/* ---- segments: the log ---------------------------------------------------------------- */

struct segments; /* an open store of records */

struct segments_options {
    /* A file is closed when the next batch would make it longer; 0: 64 MiB. A longer batch has
     * a file to itself. Need not be the same at each opening. */
    uint64_t segment_bytes;
    /* A position from which on the end of the log is looked for: the end of some batch, such as
     * the applied position of an index. 0: from the start of the last file. The log must reach
     * it: a log that ends before its hint has lost something, which is ERR_PROOF. */
    uint64_t hint;
    /* Look without touching: no lock, nothing is repaired, nothing may be appended. For checking
     * the store of a running node. */
    bool read_only;
};

/* Open the store in directory `dir`, making it if absent, and recover: find the end, drop a batch
 * that a crash left unfinished, make sure that the rest is durable. Reads at most the last file.
 * options NULL: all zero. NULL: ERR_DENIED (another process has it), ERR_IO, ERR_NOMEM, ERR_PROOF:
 * something that was committed is damaged; the text names file and byte. */
struct segments *segments_open(const struct os *os, const char *dir,
                               const struct segments_options *options, struct err *e);
void segments_close(struct segments *s); /* an uncommitted batch is dropped; NULL is fine */

/* One record more for the batch: its payload is all parts in order, copied. `kind` is the
 * caller's, 1 to 255. *position is its address once committed; never 0. A failure leaves the batch
 * as it was: ERR_LIMIT (LIMIT_STORE_RECORD_BYTES, LIMIT_STORE_BATCH_BYTES: commit first),
 * ERR_NOMEM, ERR_IO (poisoned). */
bool segments_append(struct segments *s, uint8_t kind, const struct bytes *parts, size_t n,
                     uint64_t *position, struct err *e);
/* Bytes gathered since the last commit. */
size_t segments_pending(const struct segments *s);
/* Forget the uncommitted records; their positions will be given again. */
void segments_discard(struct segments *s);
/* End the batch with `note` (the caller's, such as a signed checkpoint; may be empty), write it and
 * sync: once it has returned true the batch is there for good. A batch without records is fine.
 * *end (may be NULL): the position behind it, a batch boundary. ERR_LIMIT (the note, with
 * LIMIT_STORE_NOTE_BYTES; nothing was written), ERR_IO, ERR_NOMEM. */
bool segments_commit(struct segments *s, struct bytes note, uint64_t *end, struct err *e);

/* Where the committed part ends: a batch boundary, 0 in an empty store. */
uint64_t segments_end(const struct segments *s);
/* The note of the last batch, in `a`; empty in an empty store. */
bool segments_last_note(struct segments *s, struct arena *a, struct bytes *note, struct err *e);
/* Bytes of an unfinished batch that opening has dropped; 0 after an orderly end. */
uint64_t segments_dropped(const struct segments *s);
/* 16 random bytes made with the store: they tell a copy from another store. */
struct bytes segments_id(const struct segments *s);

struct segments_record {
    uint64_t position;
    struct bytes payload; /* empty if erased */
    uint32_t size;        /* of the payload as it was appended */
    uint8_t kind;
    bool erased;
};

/* The record at `position`, its payload in `a`. ERR_INPUT: no committed record begins there,
 * ERR_PROOF: it is damaged, ERR_LIMIT, ERR_NOMEM, ERR_IO. */
bool segments_read(struct segments *s, uint64_t position, struct arena *a,
                   struct segments_record *out, struct err *e);

/* The same for many records that stand near each other, in ascending order: some large reads
 * instead of many small ones. out has room for n. */
bool segments_read_run(struct segments *s, const uint64_t *positions, size_t n, struct arena *a,
                       struct segments_record *out, struct err *e);

/* A whole verified batch: views into the iterator, until its next call. */
struct segments_batch {
    uint64_t position; /* a boundary */
    uint64_t next;     /* the boundary behind it */
    struct bytes note;
    const struct segments_record *records;
    size_t n;
};

/* Batches from the boundary `from` (0: all). Memory: 1 MiB, or the longest batch if that is more.
 * It may be kept and asked again after later commits. NULL: ERR_NOMEM, ERR_INPUT. */
struct segments_iter;
struct segments_iter *segments_iter_open(struct segments *s, uint64_t from, struct err *e);
void segments_iter_close(struct segments_iter *it); /* NULL is fine */
/* The next batch; *out is NULL when all that is committed has been seen. ERR_PROOF: damage, or
 * `from` was no boundary; the text names file and byte, segments_iter_bad the position. */
bool segments_next(struct segments_iter *it, const struct segments_batch **out, struct err *e);
uint64_t segments_iter_bad(const struct segments_iter *it);

struct segments_report {
    uint64_t files, batches, records, bytes;
    uint64_t erased;     /* records */
    uint64_t unfinished; /* of these, how many still hold bytes: erase them again */
    uint64_t bad;        /* on ERR_PROOF: position of the first damage */
};

/* Verify every byte of the store. False: ERR_PROOF and report->bad, ERR_IO, ERR_NOMEM. */
bool segments_check(struct segments *s, struct segments_report *report, struct err *e);

/* Overwrite the payload of the record at `position` with zeros, durably (two syncs). From then on
 * it reads as erased, and its checksum stays. Doing it again is fine. Part of the writer. Whatever
 * hash the log holds elsewhere is untouched. Copies that the disk itself keeps are not ours. */
bool segments_erase(struct segments *s, uint64_t position, struct err *e);

/* Make the next file ahead of time, filled with zeros and synced, so that a commit that opens it
 * and all commits into it flush data and no metadata. Optional, for idle moments, from any one
 * thread; does nothing if it is there. Without it a file grows by up to 1 MiB of zeros ahead. */
bool segments_prepare(struct segments *s, struct err *e);

/* What it has asked of the disk since it was opened (recovery not counted). */
struct segments_counts {
    uint64_t commits, bytes;
    uint64_t writes, syncs; /* one each per commit */
    uint64_t dir_syncs;     /* one per new file */
};
struct segments_counts segments_counts(const struct segments *s);

/* ---- index: derived tables --------------------------------------------------------------
 *
 * Ordered tables of keys and values that can be rebuilt from the log, with the position up to
 * which each log has been applied in the same transaction. Commits are lazy: what a power failure
 * leaves half written is recognised at the next opening and dropped (decision 0032), and then
 * index_applied is 0 and the caller feeds it again from there. Every error is final for this
 * index: close it, drop it, rebuild.
 *
 *     struct index *ix = index_open(os, "node/index", tables, 2, NULL, &e);
 *     index_applied(ix, "log", &from, &e);
 *     t = index_begin(ix, &e);
 *     for (each record since `from`)
 *         if (!index_put(t, BY_ID, id, place, &e) || !index_step(&t, &e)) ...
 *     index_set_applied(t, "log", end, &e) && index_commit(t, &e);
 *
 * Threads: one write transaction at a time, used by one thread. Snapshots may be opened from any
 * thread, as many as LIMIT_INDEX_SNAPSHOTS at once; each is used by one thread at a time.
 */
struct index;          /* an open set of tables */
struct index_txn;      /* the write transaction */
struct index_snapshot; /* a fixed view for reading */
struct index_cursor;   /* a walk over one table of a view */

struct index_options {
    uint64_t map_bytes; /* address space, hence the largest size; 0: 64 GiB */
    /* Sync at each commit: what was committed survives a power failure but for the last commit,
     * and nothing is ever dropped. Slower by far when keys are random. */
    bool synced;
    /* True in the index just opened if an earlier life was dropped as unsafe. May be NULL. */
    bool *dropped;
};

/* Open or make the index in directory `dir` (a local disk). `tables` are its names, n of them
 * (LIMIT_INDEX_TABLES); table i is then known as i. One process writes. NULL: ERR_IO, ERR_NOMEM,
 * ERR_LIMIT. */
struct index *index_open(const struct os *os, const char *dir, const char *const *tables, size_t n,
                         const struct index_options *options, struct err *e);
/* The same in memory, empty: for simulations. */
struct index *index_open_memory(const char *const *tables, size_t n, struct err *e);
/* Snapshots and transactions must be gone. Syncs; what it says about that is for the log. */
bool index_close(struct index *ix, struct err *e); /* NULL is fine */
/* Remove an index that is not open. */
bool index_drop(const struct os *os, const char *dir, struct err *e);
/* Make all that was committed durable now. */
bool index_sync(struct index *ix, struct err *e);

/* Position applied of `log` as last committed; 0 if never. */
bool index_applied(struct index *ix, const char *log, uint64_t *position, struct err *e);

/* NULL: ERR_IO, ERR_NOMEM. */
struct index_txn *index_begin(struct index *ix, struct err *e);
/* Set a key (1 to LIMIT_INDEX_KEY_BYTES) to a value. Fast when keys come in ascending order,
 * fastest when they are also behind all that is there. After a failure: index_abort. */
bool index_put(struct index_txn *t, size_t table, struct bytes key, struct bytes value,
               struct err *e);
/* Absent is fine. */
bool index_delete(struct index_txn *t, size_t table, struct bytes key, struct err *e);
/* Empty a table. */
bool index_clear(struct index_txn *t, size_t table, struct err *e);
bool index_set_applied(struct index_txn *t, const char *log, uint64_t position, struct err *e);
/* The transaction is gone afterwards, either way. */
bool index_commit(struct index_txn *t, struct err *e);
void index_abort(struct index_txn *t); /* NULL is fine */
/* Has it grown so large that it should be committed? LMDB must not be given more. */
bool index_full(const struct index_txn *t);
/* Commit and begin anew if it is full: for steps of a rebuild, after index_set_applied or where a
 * half-applied batch does no harm. On failure *t is NULL. */
bool index_step(struct index_txn **t, struct err *e);
/* What the transaction sees, its own writes among it; ends with it, never closed. */
struct index_snapshot *index_view(struct index_txn *t);

/* What is committed now. Keep it for moments: it holds old pages. NULL: ERR_IO, ERR_NOMEM. */
struct index_snapshot *index_snapshot_open(struct index *ix, struct err *e);
void index_snapshot_close(struct index_snapshot *v); /* NULL is fine */
/* Views of keys and values last as long as the snapshot (in a transaction: until its next write).
 * value->p is NULL if there is no such key. */
bool index_find(struct index_snapshot *v, size_t table, struct bytes key, struct bytes *value,
                struct err *e);

/* Walk the keys that begin with `prefix` (empty: all); the prefix is copied. NULL: ERR_IO,
 * ERR_NOMEM. Not over a transaction that writes meanwhile. */
struct index_cursor *index_cursor_open(struct index_snapshot *v, size_t table, struct bytes prefix,
                                       struct err *e);
void index_cursor_close(struct index_cursor *c); /* before its snapshot; NULL is fine */
/* The first key at or behind `from`, the next one, the last one, the one before: within the
 * prefix. key->p is NULL when there is none (and then: where it stands is undefined). A cursor
 * just opened stands before the first: index_cursor_next begins there. */
bool index_cursor_seek(struct index_cursor *c, struct bytes from, struct bytes *key,
                       struct bytes *value, struct err *e);
bool index_cursor_next(struct index_cursor *c, struct bytes *key, struct bytes *value,
                       struct err *e);
bool index_cursor_last(struct index_cursor *c, struct bytes *key, struct bytes *value,
                       struct err *e);
bool index_cursor_prev(struct index_cursor *c, struct bytes *key, struct bytes *value,
                       struct err *e);

#endif
