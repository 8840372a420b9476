/* arena: memory that goes at once, with a cap that is the bound we promise.
 *
 *     struct arena *a = arena_new(8 << 20);
 *     uint8_t *p = arena_get(a, n, e);      // NULL: ERR_LIMIT (cap) or ERR_NOMEM
 *     ...
 *     arena_free(a);
 *
 * A request, a command, a protocol run has one. Not for sharing between threads.
 */
#ifndef ENTENTE_ARENA_H
#define ENTENTE_ARENA_H

#include "base/bytes.h"
#include "base/err.h"

struct arena;

/* An arena that hands out at most cap bytes. NULL: out of memory. It takes memory in steps,
 * so a large cap costs nothing by itself. */
struct arena *arena_new(size_t cap_bytes);
/* The same, but its memory is wiped before it goes back (keys, shares, bulk secrets). */
struct arena *arena_new_secret(size_t cap_bytes);
void arena_free(struct arena *a); /* NULL is fine */

/* Let the next n bytes lie together: one large piece costs less than many. False: ERR_LIMIT,
 * ERR_NOMEM. */
bool arena_reserve(struct arena *a, size_t n, struct err *e);

/* n bytes, zeroed, aligned to 16. NULL: ERR_LIMIT, ERR_NOMEM. n may be 0. */
void *arena_get(struct arena *a, size_t n, struct err *e);
/* The same, not zeroed: for bytes that are written at once. */
void *arena_get_raw(struct arena *a, size_t n, struct err *e);
/* count * size with the product checked. */
void *arena_get_array(struct arena *a, size_t count, size_t size, struct err *e);
/* A copy with a zero behind it (not counted in the view). False: as arena_get. */
bool arena_copy(struct arena *a, struct bytes b, struct bytes *out, struct err *e);
/* A C string of b. NULL: as arena_get, or ERR_INPUT if b holds a zero. */
char *arena_string(struct arena *a, struct bytes b, struct err *e);
char *arena_format(struct arena *a, struct err *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Where we are, and back to there: all that was handed out since is gone. */
struct arena_mark {
    void *chunk;
    size_t used, total;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_reset(struct arena *a, struct arena_mark to);

/* For a main(): let the process keep up to 128 MiB of what its arenas gave back. The first touch of
 * a page costs more than filling it, so a node that gives all back after each request pays for
 * its memory again and again. */
void arena_keep_memory(void);
/* Advice for n fresh bytes that will all be used; arenas give it for theirs. Large pages cost a
 * fifth to touch first, and random reads of them miss the TLB less. */
void memory_in_large_pages(void *p, size_t n);

size_t arena_used(const struct arena *a);
size_t arena_cap(const struct arena *a);

#endif
