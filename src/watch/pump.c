/* pump: two threads and a ring of buffers between them. One reads the file and unpacks, the other
 * (the caller's) takes what was unpacked, in order. A buffer belongs to one of them at a time; the
 * mutex guards whose, and is held for no longer than that. Neither waits for anything but the
 * other: when one ends, for whatever reason, it says so. */
#include "watch/input_impl.h"

#include <pthread.h>
#include <stdlib.h>

#define BUFFERS 8 /* 2 MiB: what one thread may be ahead of the other */

struct ring {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint8_t *room[BUFFERS];
    size_t size[BUFFERS];
    uint64_t filled, emptied; /* buffers so far */
    bool done;                /* nothing more will be filled */
    bool stopped;             /* nothing more will be taken */
    const struct pump_job *job;
    uint64_t read;
    bool ok;
    struct err e;
};

/* ---- the unpacking side -------------------------------------------------------------------------
 */

/* The unpacker has filled the buffer it has: hand it over, and get an empty one. */
static bool hand_over(void *self, struct bytes part, struct err *e)
{
    struct ring *r = self;
    bool stopped;

    pthread_mutex_lock(&r->lock);
    r->size[r->filled % BUFFERS] = part.n;
    r->filled++;
    pthread_cond_signal(&r->moved);
    while (r->filled - r->emptied == BUFFERS && !r->stopped)
        pthread_cond_wait(&r->moved, &r->lock);
    stopped = r->stopped;
    pthread_mutex_unlock(&r->lock);
    r->job->unpack->room = r->room[r->filled % BUFFERS];
    return !stopped || err_fail(e, ERR_DENIED, "the scan was stopped");
}

static bool unpack_all(struct ring *r, uint8_t *packed)
{
    const struct pump_job *j = r->job;
    struct flow to = {hand_over, r};
    size_t got = j->first.n;

    if (!unpack_part(j->unpack, j->first, &to, &r->e))
        return false;
    do {
        if (!j->os->ops->read(j->os->self, j->file, j->at + r->read, packed, UNPACK_ROOM, &got,
                              &r->e) ||
            !unpack_part(j->unpack, bytes_of(packed, got), &to, &r->e))
            return false;
        r->read += got;
    } while (got);
    return true;
}

static void *unpacking(void *self)
{
    struct ring *r = self;
    uint8_t *packed = malloc(UNPACK_ROOM);
    bool ok = packed ? unpack_all(r, packed) : err_fail(&r->e, ERR_NOMEM, "out of memory");

    free(packed);
    pthread_mutex_lock(&r->lock);
    r->ok = ok;
    r->done = true;
    pthread_cond_signal(&r->moved);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* ---- the taking side ----------------------------------------------------------------------------
 */

/* The next full buffer's size; SIZE_MAX: there will be none. */
static size_t wait_full(struct ring *r)
{
    size_t n;

    pthread_mutex_lock(&r->lock);
    while (r->filled == r->emptied && !r->done)
        pthread_cond_wait(&r->moved, &r->lock);
    n = r->filled == r->emptied ? SIZE_MAX : r->size[r->emptied % BUFFERS];
    pthread_mutex_unlock(&r->lock);
    return n;
}

static void give_back(struct ring *r, bool stop)
{
    pthread_mutex_lock(&r->lock);
    r->emptied++;
    r->stopped = stop;
    pthread_cond_signal(&r->moved);
    pthread_mutex_unlock(&r->lock);
}

static bool take_all(struct ring *r, const struct flow *to, struct err *e)
{
    size_t n;

    while ((n = wait_full(r)) != SIZE_MAX) {
        bool ok = to->part(to->self, bytes_of(r->room[r->emptied % BUFFERS], n), e);
        give_back(r, !ok);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- both
 * ----------------------------------------------------------------------------------------- */

static bool run(struct ring *r, const struct flow *to, struct err *e)
{
    uint8_t *own = r->job->unpack->room;
    pthread_t thread;
    bool ok;

    r->job->unpack->room = r->room[0];
    if (pthread_create(&thread, NULL, unpacking, r) != 0) {
        r->job->unpack->room = own;
        return err_fail(e, ERR_NOMEM, "cannot start a thread");
    }
    ok = take_all(r, to, e);
    pthread_join(thread, NULL);
    r->job->unpack->room = own;
    return ok && (r->ok || err_pass(e, &r->e));
}

bool pump(const struct pump_job *job, const struct flow *to, uint64_t *read, struct err *e)
{
    struct ring r = {.job = job, .e = err_like(e)};
    uint8_t *rooms = malloc(BUFFERS * UNPACK_ROOM);
    bool ok;

    *read = 0;
    if (!rooms)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < BUFFERS; i++)
        r.room[i] = rooms + i * UNPACK_ROOM;
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.moved, NULL);
    ok = run(&r, to, e);
    *read = r.read;
    pthread_cond_destroy(&r.moved);
    pthread_mutex_destroy(&r.lock);
    free(rooms);
    return ok;
}
