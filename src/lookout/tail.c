/* tail: follow, write, save, in that order. */
#include "lookout/tail.h"
#include "base/text.h"
#include "lookout/lookout_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define IDLE_SAVE_US                                                                               \
    (5 * US_PER_S) /* a place without hits may lag: those lines give none again                    \
                    */

/* ---- indexes in use
 * ------------------------------------------------------------------------------ */

struct in_use {
    struct watch_index *index;
    struct watch_catalogue *catalogue;
    bool ours;
    atomic_uint holders;
};

struct in_use *in_use_of(struct watch_index *ix, struct watch_catalogue *c, struct err *e)
{
    struct in_use *u = calloc(1, sizeof *u);

    if (!u) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    u->index = ix;
    u->catalogue = c;
    atomic_init(&u->holders, 1);
    return u;
}

struct in_use *in_use_open(const struct os *os, const char *path, struct err *e)
{
    struct watch_index *ix = watch_index_open(os, path, e);
    struct watch_catalogue *c = ix ? catalogue_open(os, path, ix, e) : NULL;
    struct in_use *u;

    if (ix && !c && e->code == ERR_MISSING)
        err_clear(e);
    else if (!c) {
        watch_index_close(ix);
        return NULL;
    }
    u = in_use_of(ix, c, e);
    if (u)
        u->ours = true;
    return u;
}

struct in_use *in_use_hold(struct in_use *u)
{
    atomic_fetch_add(&u->holders, 1);
    return u;
}

void in_use_drop(struct in_use *u)
{
    if (!u || atomic_fetch_sub(&u->holders, 1) != 1)
        return;
    if (u->ours) {
        catalogue_close(u->catalogue);
        watch_index_close(u->index);
    }
    free(u);
}

struct watch_index *in_use_index(const struct in_use *u)
{
    return u->index;
}

/* ---- a tail
 * ----------------------------------------------------------------------------------------- */

struct tail {
    struct tail_options o;
    char *path, *state, *hits, *spool;
    struct in_use *use;
    struct watch_scanner *scanner;
    struct watch_follow *follow;
    struct watch_writer *writer;
    struct watch_tally *tally;
    struct os_file *file;
    char stem[20];
    uint64_t output, saved; /* size of the hits now, and as the place knows it */
    uint64_t seen;          /* hits that count for sightings since the place was saved */
    uint64_t hits_n;
    int64_t saved_at;
    struct err e;
};

static bool write_hits(void *self, struct bytes text, struct err *e)
{
    struct tail *t = self;

    if (t->file ? !os_write(t->o.os, t->file, t->output, text, e) : !t->o.out(t->o.self, text, e))
        return false;
    t->output += text.n;
    return true;
}

static bool on_hit(void *self, const struct watch_hit *hit)
{
    struct tail *t = self;
    struct watch_indicator in = *hit->indicator;
    struct watch_hit h = *hit;
    char origin[CATALOGUE_ORIGIN_MAX];
    size_t n = catalogue_origin(t->use->catalogue, in.ref, origin);

    if (lookout_hit_expired(hit, os_now(t->o.os)))
        return true;
    if (n)
        in.origin = bytes_of(origin, n);
    h.indicator = &in;
    t->hits_n++;
    if (t->tally && !in.warned.n) {
        t->seen++;
        if (!watch_tally_hit(t->tally, &h))
            return false;
    }
    return watch_writer_hit(t->writer, &h);
}

static char *copy_of(const char *text)
{
    return text ? strdup(text) : NULL;
}

/* Names of tallies: by the log's path, so that two logs never share one. */
static void name_stem(struct tail *t)
{
    struct hash h;

    sha256(bytes_text(t->path), &h);
    hex_encode(t->stem, h.b, 8);
    t->stem[16] = '\0';
}

static void tally_name(const struct tail *t, uint64_t output, char out[SPOOL_NAME_MAX])
{
    snprintf(out, SPOOL_NAME_MAX, "%s-%llu", t->stem, (unsigned long long)output);
}

/* What the last process left: hits behind the saved place go, and so do tallies. */
static bool recover(struct tail *t, struct err *e)
{
    char name[SPOOL_NAME_MAX];
    uint64_t size;

    t->saved = t->output;
    if (t->hits) {
        if (!os_open(t->o.os, t->hits, OS_READ | OS_WRITE | OS_CREATE | OS_PRIVATE, &t->file, e) ||
            !os_size(t->o.os, t->file, &size, e))
            return false;
        if (!t->state)
            t->output = t->saved = size;
        else if (size < t->output)
            t->output = t->saved = size; /* somebody has cut it: what is gone is gone */
        else if (!t->o.os->ops->truncate(t->o.os->self, t->file, t->output, e))
            return false;
    }
    tally_name(t, t->output, name);
    return !t->spool || (spool_ready(t->o.os, t->spool, name, e) &&
                         spool_sweep(t->o.os, t->spool, t->stem, NULL, e));
}

static bool start(struct tail *t, struct err *e)
{
    struct watch_options o = {.format = t->o.format, .hit = on_hit, .self = t};

    return (t->scanner = watch_scanner_new(t->use->index, &o, e)) &&
           (t->writer = watch_writer_new(t->o.as, write_hits, t, e)) &&
           (!t->spool || (t->tally = watch_tally_new(e))) &&
           (t->follow = watch_follow_open(t->o.os, t->path, t->state ? t->state : "", t->scanner,
                                          &t->output, e)) &&
           recover(t, e);
}

struct tail *tail_open(const struct tail_options *o, struct in_use *u, struct err *e)
{
    struct tail *t = calloc(1, sizeof *t);

    if (!t) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    t->o = *o;
    t->use = in_use_hold(u);
    t->path = copy_of(o->path);
    t->state = copy_of(o->state);
    t->hits = copy_of(o->hits);
    t->spool = copy_of(o->spool);
    t->saved_at = os_ticks_us(o->os);
    if (!t->path || (o->state && !t->state) || (o->hits && !t->hits) || (o->spool && !t->spool)) {
        err_fail(e, ERR_NOMEM, "out of memory");
    } else {
        name_stem(t);
        if (start(t, e)) {
            watch_writer_source(t->writer, bytes_text(t->path));
            return t;
        }
    }
    tail_close(t);
    return NULL;
}

void tail_close(struct tail *t)
{
    if (!t)
        return;
    watch_follow_close(t->follow);
    watch_scanner_free(t->scanner);
    watch_writer_free(t->writer);
    watch_tally_free(t->tally);
    os_close(t->o.os, t->file);
    in_use_drop(t->use);
    free(t->path);
    free(t->state);
    free(t->hits);
    free(t->spool);
    free(t);
}

static bool fresh_tally(struct tail *t, struct err *e)
{
    struct watch_tally *next = watch_tally_new(e);

    if (!next)
        return false;
    watch_tally_free(t->tally);
    t->tally = next;
    t->seen = 0;
    return true;
}

/* Hits on disk; the tally, not ready yet; the place; the tally ready. */
static bool save(struct tail *t, struct err *e)
{
    char name[SPOOL_NAME_MAX];
    bool any = false;

    if (!watch_writer_end(t->writer, e) || (t->file && !os_sync(t->o.os, t->file, e)))
        return false;
    tally_name(t, t->output, name);
    if (t->seen &&
        !spool_write(t->o.os, t->spool, name, t->tally, t->use->catalogue, !t->state, &any, e))
        return false;
    if (t->state && !watch_follow_save(t->follow, t->output, e))
        return false;
    if (any && !spool_ready(t->o.os, t->spool, name, e))
        return false;
    t->saved = t->output;
    t->saved_at = os_ticks_us(t->o.os);
    return !t->seen || fresh_tally(t, e);
}

bool tail_step(struct tail *t, bool *moved, struct err *e)
{
    if (!watch_follow_step(t->follow, moved, e) || !watch_writer_end(t->writer, e))
        return false;
    if (t->output != t->saved || t->seen)
        return save(t, e);
    if (*moved && os_ticks_us(t->o.os) - t->saved_at > IDLE_SAVE_US)
        return save(t, e);
    return true;
}

bool tail_switch(struct tail *t, struct in_use *u, struct err *e)
{
    if (t->use == u)
        return true;
    if ((t->seen && !save(t, e)) || !watch_scanner_switch(t->scanner, u->index, e))
        return false;
    in_use_drop(t->use);
    t->use = in_use_hold(u);
    return true;
}

void tail_counts(struct tail *t, struct tail_counts *out)
{
    struct watch_counts n;
    struct os_file *f;

    watch_scanner_counts(t->scanner, &n);
    *out = (struct tail_counts){
        .bytes = n.bytes, .lines = n.lines, .hits = t->hits_n, .done = watch_scan_done(t->scanner)};
    watch_follow_counts(t->follow, &out->renamed, &out->cut, &out->lost);
    if (os_open(t->o.os, t->path, OS_READ, &f, NULL)) {
        os_size(t->o.os, f, &out->size, NULL);
        os_close(t->o.os, f);
    }
}
