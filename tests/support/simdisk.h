/* simdisk: a machine with a disk that loses, tears and fails, behind the table of base/os.h.
 *
 * Files live in memory. What is written is seen at once by every reader, as in a page cache, and is
 * safe only after a sync; a name (created, renamed, removed) is safe only after sync_dir of its
 * directory. A crash gives a new machine with what its disk might hold:
 *
 *     struct simdisk *d = simdisk_new(seed);
 *     ... run something on simdisk_os(d), perhaps after simdisk_fail(d, n, SIMDISK_POWER) ...
 *     struct simdisk *after = simdisk_crash(d, seed);     // as often as you like, from one d
 *     ... recover on simdisk_os(after), look, crash that one too ...
 *     simdisk_free(after);
 *
 * The rules of a crash. Of each 512-byte sector written since the last sync of its file, any
 * version may be there: the one before, the last, one between, or one torn at any byte. A file's
 * size is any that it had since. Unsynced names are kept up to some moment in their order, or each
 * by itself. Directories made are there at once (the one kindness). Some crashes keep all, some
 * nothing.
 *
 * After a failed sync the disk holds some of the sectors and the cache all: later reads see them
 * and later syncs succeed without them, as Linux does it. Reads with OS_DIRECT see the disk.
 *
 * Every disk is a machine of its own, with clock and randomness from its seed: have as many as you
 * like. One thread at a time. Two runs with equal seeds and equal calls are equal.
 */
#ifndef ENTENTE_SIMDISK_H
#define ENTENTE_SIMDISK_H

#include "base/os.h"

struct simdisk;

/* An empty disk; its clock stands at 2026-01-01T00:00:00Z. Aborts if memory is gone. */
struct simdisk *simdisk_new(uint64_t seed);
/* Open files of this disk are gone with it: close what holds them first. NULL is fine. */
void simdisk_free(struct simdisk *d);
/* Valid until simdisk_free. */
const struct os *simdisk_os(struct simdisk *d);

/* ---- time: moves only by hand ------------------------------------------------------------- */

void simdisk_set_now(struct simdisk *d, int64_t us); /* the wall clock, also backwards */
void simdisk_advance(struct simdisk *d, int64_t us); /* both clocks */

/* ---- faults -------------------------------------------------------------------------------- */

enum simdisk_fault {
    SIMDISK_EIO,    /* it fails and has done nothing (a sync: some of its sectors) */
    SIMDISK_ENOSPC, /* the same in other words */
    SIMDISK_SHORT,  /* a write has done a part of it; others as EIO */
    SIMDISK_POWER,  /* it fails like SHORT, and everything after it fails */
};
/* The n-th change from now on (1: the next) fails: a write, sync, truncate, rename, remove,
 * sync_dir, or open that creates. 0: nothing fails any more. */
void simdisk_fail(struct simdisk *d, uint64_t n, enum simdisk_fault how);
/* Has the fault set last happened? */
bool simdisk_failed(const struct simdisk *d);
/* Turn one bit on the medium and in the cache: rot. False if the file is shorter or absent. */
bool simdisk_flip(struct simdisk *d, const char *path, uint64_t byte, unsigned bit);

struct simdisk_counts {
    uint64_t changes; /* all that simdisk_fail counts */
    uint64_t writes, syncs, dir_syncs;
};
struct simdisk_counts simdisk_counts(const struct simdisk *d);

/* ---- other machines -------------------------------------------------------------------------- */

/* What a power failure now might leave. The disk itself is as before, and may go on. */
struct simdisk *simdisk_crash(const struct simdisk *d, uint64_t seed);
/* A backup of what is seen now: a machine with the same files, all safe. Restoring it is to go on
 * with the copy. */
struct simdisk *simdisk_copy(const struct simdisk *d, uint64_t seed);

#endif
