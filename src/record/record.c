/* Opening an agreement's record, its heads, and small things. */
#include "record/record_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORD_ARENA ((size_t)64 << 20)

void record_lock(const struct record *r)
{
    pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&r->lock);
}

void record_unlock(const struct record *r)
{
    pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&r->lock);
}

char *record_path(const struct record *r, struct arena *a, struct err *e, const char *format, ...)
{
    char rest[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof rest) {
        err_fail(e, ERR_LIMIT, "path too long");
        return NULL;
    }
    return arena_format(a, e, "%s/%s", r->dir, rest);
}

bool record_create(const struct record_options *o, const char *dir, const struct agreement *g,
                   struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    char *folder = a ? arena_format(a, e, "%s/%s", dir, g->id) : NULL;
    char *file = folder ? arena_format(a, e, "%s/agreement.json", folder) : NULL;
    bool ok = file != NULL;

    if (ok && g->version != 1)
        ok = err_fail(e, ERR_INPUT, "an amendment does not begin an agreement");
    ok = ok && os_make_dirs(o->os, folder, e) &&
         (os_exists(o->os, file) || os_write_file(o->os, file, g->bytes, 0, e));
    arena_free(a);
    return ok;
}

/* ---- open ---- */

static bool read_first(struct record *r, const char *id, struct err *e)
{
    char *path = record_path(r, r->arena, e, "agreement.json");
    struct bytes bytes;

    return path && os_read_file(r->o.os, path, LIMIT_AGREEMENT_BYTES, r->arena, &bytes, e) &&
           agreement_read(bytes, id, r->arena, &r->first, e);
}

static bool open_logs(struct record *r, struct err *e)
{
    r->logs = calloc(r->first.parties_n, sizeof *r->logs);
    if (!r->logs)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < r->first.parties_n; i++) {
        struct log *l = &r->logs[r->logs_n++];
        l->slug = r->first.parties[i].slug;
        keys_start(&l->keys, &r->first.parties[i]);
        if (!log_open(r, l, e) || !tiles_open(r, l, e))
            return false;
        if (bytes_equal(l->slug, r->o.self))
            r->own = l;
    }
    return r->o.self.n == 0 || r->own ||
           err_fail(e, ERR_DENIED, "%.*s is not a party of agreement %s", BYTES_FMT(r->o.self),
                    r->first.id);
}

static bool init_lock(struct record *r)
{
    pthread_mutexattr_t attr;
    bool ok = pthread_mutexattr_init(&attr) == 0 &&
              pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE) == 0 &&
              pthread_mutex_init(&r->lock, &attr) == 0;

    pthread_mutexattr_destroy(&attr);
    return ok;
}

static struct record *record_new(const struct record_options *o, const char *dir, const char *id,
                                 struct err *e)
{
    struct record *r = calloc(1, sizeof *r);

    if (!r || !init_lock(r) || !(r->arena = arena_new(RECORD_ARENA))) {
        free(r);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    r->o = *o;
    if (!(r->dir = arena_format(r->arena, e, "%s/%s", dir, id)) ||
        !arena_copy(r->arena, o->self, &r->o.self, e) ||
        !(r->evidence_dir = record_path(r, r->arena, e, "evidence"))) {
        record_close(r);
        return NULL;
    }
    return r;
}

struct record *record_open(const struct record_options *o, const char *dir, const char *id,
                           struct err *e)
{
    struct record *r = record_new(o, dir, id, e);

    if (!r)
        return NULL;
    if (!read_first(r, id, e) || !index_attach(r, e) || !open_logs(r, e) || !index_start(r, e) ||
        !state_fold(r, e) ||
        /* A withdrawal is dated by witnesses that the first fold has only then found. */
        (r->state.withdrawing.n && !state_fold(r, e)) || !fence_start(r, e)) {
        record_close(r);
        return NULL;
    }
    return r;
}

void record_close(struct record *r)
{
    struct err e = {0};

    if (!r)
        return;
    if (r->index && !r->poisoned)
        index_fresh(r, &e);
    if (r->index)
        index_close(r->index, &e);
    if (r->own && !r->poisoned)
        fence_keep(r, &e);
    for (size_t i = 0; i < r->logs_n; i++) {
        if (!r->poisoned)
            tiles_settle(r, &r->logs[i]);
        log_close(&r->logs[i]);
    }
    free(r->logs);
    arena_free(r->state_arena);
    arena_free(r->arena);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* ---- looking ---- */

const struct agreement *record_agreement(const struct record *r)
{
    return r->now;
}

const char *record_id(const struct record *r)
{
    return r->first.id;
}

struct bytes record_self(const struct record *r)
{
    return r->o.self;
}

struct record_counts record_counts(const struct record *r)
{
    struct record_counts now;

    record_lock(r);
    now = r->counts;
    record_unlock(r);
    return now;
}

const struct sign_public *record_key(const struct record *r, struct bytes slug, enum key_role role,
                                     uint64_t index)
{
    const struct log *l = log_of(r, slug);
    const struct sign_public *key;

    /* A fold that is under way begins with the first keys. What it writes where we point is what
     * stands there already. */
    record_lock(r);
    key = l ? keys_at(&l->keys, role, index) : NULL;
    record_unlock(r);
    return key;
}

bool record_writable(const struct record *r, struct err *e)
{
    if (r->poisoned)
        return err_fail(e, ERR_IO, "an earlier write failed and its outcome is unknown") ||
               err_hint(e, "start again: it recovers from disk");
    return true;
}

bool record_head(const struct record *r, struct bytes slug, struct arena *a,
                 struct record_head *out, struct err *e)
{
    const struct log *l = log_of(r, slug);
    bool ok;

    if (!l)
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    record_lock(r);
    /* After a failed write we may hold a signed head in memory that the disk does not have: it must
     * never be seen, for the next start may sign another of that size. */
    if (!record_writable(r, e)) {
        record_unlock(r);
        return false;
    }
    *out = (struct record_head){
        .size = l->tree.size,
        .seen = l->head.size > l->tree.size ? l->head.size : l->tree.size,
        .cosigned = l->cosigned,
        .cosigned_at = l->cosigned_at,
        .parts = l->parts,
        .stopped = l->stopped,
    };
    tlog_tree_root(&l->tree, &out->root);
    ok = arena_copy(a, bytes_of(l->note, l->note_n), &out->note, e);
    record_unlock(r);
    return ok;
}

bool record_index(struct record *r, struct err *e)
{
    bool ok;

    record_lock(r);
    ok = index_fresh(r, e);
    for (size_t i = 0; i < r->logs_n; i++)
        tiles_settle(r, &r->logs[i]);
    record_unlock(r);
    return ok;
}

bool record_rebuild(struct record *r, struct err *e)
{
    bool ok = true;

    record_lock(r);
    for (size_t i = 0; ok && i < r->logs_n; i++) {
        struct segments_report report;
        ok = segments_check(r->logs[i].seg, &report, e) && tiles_rebuild(r, &r->logs[i], e);
        if (!ok)
            err_within(e, "log %s", r->logs[i].origin);
    }
    ok = ok && index_again(r, e) && state_fold(r, e);
    record_unlock(r);
    return ok;
}
