/* Private to simdisk: a file's bytes, in the cache and on the medium. */
#ifndef ENTENTE_SIMDISK_IMPL_H
#define ENTENTE_SIMDISK_IMPL_H

#include "support/simdisk.h"

struct change { /* of a file's bytes, not yet synced */
    size_t at, n;
    uint8_t *data; /* NULL: zeros (a truncation) */
    size_t size;   /* of the file afterwards */
};

struct inode {
    uint8_t *seen, *safe; /* the cache's view; the medium as of the last sync */
    size_t seen_n, seen_cap, safe_n;
    struct change *changes;
    size_t n, cap;
    unsigned opens;
    uint64_t number; /* its own on this machine, also after a crash */
    bool locked, reached;
    struct inode *next;
};

struct name {
    char *path;
    struct inode *inode; /* NULL: a directory */
};

struct names {
    struct name *v;
    size_t n, cap;
};

/* How a crash treats what is not synced. */
enum mood { KEEP_ALL, LOSE_ALL, IN_ORDER, EACH };

void *sim_get(void *p); /* p, or the end */
/* SplitMix64, as the tests' own. */
uint64_t sim_draw(uint64_t *state);
size_t sim_below(uint64_t *state, size_t n);
enum mood sim_mood(uint64_t *rng);

void inode_free(struct inode *i);
void inode_write(struct inode *i, size_t at, struct bytes b);
void inode_truncate(struct inode *i, size_t size);
void inode_sync(struct inode *i);
/* A sync that fails: some of it has reached the medium, and the rest never will. */
void inode_sync_badly(struct inode *i, uint64_t *rng);
/* What the medium may hold of a file. *size: its length; the caller frees. */
uint8_t *sim_crash_bytes(const struct inode *i, enum mood mood, uint64_t *rng, size_t *size);
/* From the medium, as the writes on their way would leave it; returns how many. */
size_t inode_read_direct(const struct inode *i, size_t at, uint8_t *out, size_t n);

/* Names: lists small enough to search from end to end. */
char *sim_copy_text(const char *text);
struct name *name_find(const struct names *l, const char *path);
void name_put(struct names *l, const char *path, struct inode *inode);
void name_remove(struct names *l, const char *path);
void names_wipe(struct names *l);
size_t path_parent(const char *path);
bool path_lies_in(const char *path, const char *dir);
void name_rename(struct names *l, const char *from, const char *to);

#endif
