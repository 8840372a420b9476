/* workers: split a range of independent work over a few threads and join. No locks in the
 * work, no order between its parts; errors go into the caller's own array.
 *
 *     workers_run(w, n, 64, hash_some, &job);   // hash_some(&job, from, to) on several threads
 */
#ifndef ENTENTE_WORKERS_H
#define ENTENTE_WORKERS_H

#include <stddef.h>

struct workers;

/* `threads` in all, the caller's own among them; 1 makes none. NULL: out of memory or threads. */
struct workers *workers_open(unsigned threads);
void workers_close(struct workers *w); /* NULL is fine */
/* Call work(job, from, to) until [0, n) is done, in pieces of at most `grain`. Returns when all
 * is done. w may be NULL: then here and now. One caller at a time. */
void workers_run(struct workers *w, size_t n, size_t grain,
                 void (*work)(void *job, size_t from, size_t to), void *job);

#endif
