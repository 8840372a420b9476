/* os: all that the program asks of the machine, behind one table, so that a test can bring its
 * own clock, randomness and disk. (The network comes in through http's transport.)
 *
 * Nothing outside base/os_*.c and http/ calls the system for time, randomness or files.
 * The one implementation for real machines is os_system(); tests/support has a simulated one
 * that tears, loses and fails.
 */
#ifndef ENTENTE_OS_H
#define ENTENTE_OS_H

#include "base/arena.h"

struct os;
struct os_file; /* an open file or directory lock; belongs to its os */

enum os_open {
    OS_READ = 1,
    OS_WRITE = 2,
    OS_CREATE = 4,    /* make it if absent */
    OS_EXCLUSIVE = 8, /* with OS_CREATE: it must be absent */
    OS_PRIVATE = 16,  /* with OS_CREATE: mode 0600 instead of 0644 */
    OS_LOCK = 32,     /* hold an exclusive lock; ERR_DENIED if another process has it */
    OS_DIRECT = 64,   /* read round the page cache where the file system can */
};

#define OS_IDENTITY_BYTES 32

struct os_ops {
    /* Microseconds since 1970 by the wall clock, and by one that never goes back. */
    int64_t (*now_us)(void *self);
    int64_t (*ticks_us)(void *self);
    /* Cryptographic randomness; never fails. */
    void (*random)(void *self, void *out, size_t n);

    /* Files. Paths are ours, never a peer's bytes. A failed write or sync leaves an unknown
     * outcome: the caller stops. Offsets and sizes in bytes. */
    bool (*open)(void *self, const char *path, unsigned how, struct os_file **out, struct err *e);
    void (*close)(void *self, struct os_file *f);
    /* *got < n only at the end of the file. A pipe has no offsets: what is there comes, and
     * *got == 0 is its end. */
    bool (*read)(void *self, struct os_file *f, uint64_t at, void *out, size_t n, size_t *got,
                 struct err *e);
    /* All parts one after the other from `at`: everything, or an error. */
    bool (*write)(void *self, struct os_file *f, uint64_t at, const struct bytes *parts, size_t n,
                  struct err *e);
    /* Data, and the size if it changed, are on stable storage when it returns true. */
    bool (*sync)(void *self, struct os_file *f, struct err *e);
    bool (*truncate)(void *self, struct os_file *f, uint64_t size, struct err *e);
    bool (*size)(void *self, struct os_file *f, uint64_t *out, struct err *e);
    /* Which file this is, whatever its name is by now: device and inode. */
    bool (*file_id)(void *self, struct os_file *f, uint64_t out[2], struct err *e);
    /* The whole file as memory, read-only and shared with all who map it: only for files that are
     * replaced and never rewritten (one that shrinks kills its readers). */
    bool (*map)(void *self, struct os_file *f, struct bytes *out, struct err *e);
    void (*unmap)(void *self, struct bytes mapped);

    bool (*rename)(void *self, const char *from, const char *to, struct err *e);
    bool (*remove)(void *self, const char *path, struct err *e);   /* file or empty directory */
    bool (*make_dir)(void *self, const char *path, struct err *e); /* 0700; fine if it exists */
    bool (*sync_dir)(void *self, const char *path, struct err *e);
    /* Names in a directory, sorted by bytes, without "." and "..". ERR_MISSING if absent. */
    bool (*list)(void *self, const char *path, struct arena *a, struct bytes **names, size_t *n,
                 struct err *e);
    /* False without error if there is nothing of that name. */
    bool (*exists)(void *self, const char *path);
    /* What tells this very file from a copy of it: the same as long as the file lives, another
     * for a file restored from a backup: device, inode, birth time. */
    bool (*identity)(void *self, const char *path, uint8_t out[OS_IDENTITY_BYTES], struct err *e);
};

struct os {
    const struct os_ops *ops;
    void *self;
};

/* The machine we run on. Const, needs no closing. */
const struct os *os_system(void);

/* Shorthands, and what is made of them. */
int64_t os_now(const struct os *os); /* seconds */
int64_t os_now_us(const struct os *os);
int64_t os_ticks_us(const struct os *os);
void os_random(const struct os *os, void *out, size_t n);
bool os_open(const struct os *os, const char *path, unsigned how, struct os_file **out,
             struct err *e);
void os_close(const struct os *os, struct os_file *f); /* NULL is fine */
/* Exactly n bytes; ERR_INPUT if the file is shorter. */
bool os_read_exact(const struct os *os, struct os_file *f, uint64_t at, void *out, size_t n,
                   struct err *e);
bool os_write(const struct os *os, struct os_file *f, uint64_t at, struct bytes what,
              struct err *e);
bool os_sync(const struct os *os, struct os_file *f, struct err *e);
bool os_size(const struct os *os, struct os_file *f, uint64_t *out, struct err *e);
bool os_file_id(const struct os *os, struct os_file *f, uint64_t out[2], struct err *e);
bool os_map(const struct os *os, struct os_file *f, struct bytes *out, struct err *e);
void os_unmap(const struct os *os, struct bytes mapped);
bool os_exists(const struct os *os, const char *path);
bool os_rename(const struct os *os, const char *from, const char *to, struct err *e);
bool os_remove(const struct os *os, const char *path, struct err *e);
bool os_make_dir(const struct os *os, const char *path, struct err *e);
/* Every missing directory on the way. */
bool os_make_dirs(const struct os *os, const char *path, struct err *e);
bool os_identity(const struct os *os, const char *path, uint8_t out[OS_IDENTITY_BYTES],
                 struct err *e);
bool os_list(const struct os *os, const char *path, struct arena *a, struct bytes **names,
             size_t *n, struct err *e);
/* The whole file; ERR_MISSING if absent, ERR_LIMIT if longer than max. */
bool os_read_file(const struct os *os, const char *path, size_t max, struct arena *a,
                  struct bytes *out, struct err *e);
/* Replace a file so that after a crash either the old or the new one is there, whole:
 * temporary beside it, sync, rename, sync of the directory. how: 0 or OS_PRIVATE. */
bool os_write_file(const struct os *os, const char *path, struct bytes what, unsigned how,
                   struct err *e);
/* The same without any sync: for what can be rebuilt. */
bool os_write_file_lazy(const struct os *os, const char *path, struct bytes what, struct err *e);

#endif
