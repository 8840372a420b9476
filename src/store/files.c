/* The list of a store's files, and a few of them kept open for reading. */
#include "store/store_impl.h"

#include <stdio.h>
#include <stdlib.h>

void files_init(struct files *f)
{
    memset(f, 0, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
}

void files_wipe(struct segments *s)
{
    struct files *f = &s->files;

    for (size_t i = 0; i < FILES_OPEN; i++)
        os_close(s->os, f->open[i].file);
    free(f->base);
    pthread_mutex_destroy(&f->lock);
}

bool files_add(struct segments *s, uint64_t base, struct err *e)
{
    struct files *f = &s->files;
    bool ok = true;

    pthread_mutex_lock(&f->lock);
    if (f->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 16;
        uint64_t *more = realloc(f->base, cap * sizeof *more);
        ok = more || err_fail(e, ERR_NOMEM, "out of memory");
        if (more) {
            f->base = more;
            f->cap = cap;
        }
    }
    if (ok)
        f->base[f->n++] = base;
    pthread_mutex_unlock(&f->lock);
    return ok;
}

/* Only while recovering: nobody reads yet. */
void files_drop_last(struct segments *s)
{
    struct files *f = &s->files;

    f->n--;
    for (size_t i = 0; i < FILES_OPEN; i++)
        if (f->open[i].file && f->open[i].base == f->base[f->n]) {
            os_close(s->os, f->open[i].file);
            f->open[i] = (struct open_file){0};
        }
}

char *file_path_named(const struct segments *s, const char *name, struct err *e)
{
    size_t n = strlen(s->dir) + strlen(name) + 2;
    char *path = malloc(n);

    if (path)
        snprintf(path, n, "%s/%s", s->dir, name);
    else
        err_fail(e, ERR_NOMEM, "out of memory");
    return path;
}

char *file_path(const struct segments *s, uint64_t base, struct err *e)
{
    char name[FILE_NAME_MAX];

    snprintf(name, sizeof name, "%016llx.seg", (unsigned long long)base);
    return file_path_named(s, name, e);
}

void files_find(struct segments *s, uint64_t position, uint64_t *base, uint64_t *next)
{
    struct files *f = &s->files;
    size_t lo = 0, hi;

    pthread_mutex_lock(&f->lock);
    hi = f->n;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (f->base[mid] <= position)
            lo = mid;
        else
            hi = mid;
    }
    *base = f->base[lo];
    *next = hi < f->n ? f->base[hi] : UINT64_MAX;
    pthread_mutex_unlock(&f->lock);
}

bool store_damaged(struct segments *s, uint64_t position, const char *what, struct err *e)
{
    uint64_t base, next;

    files_find(s, position, &base, &next);
    err_fail(e, ERR_PROOF, "%s/%016llx.seg: damaged at byte %llu (position %llu): %s", s->dir,
             (unsigned long long)base, (unsigned long long)(position - base + FILE_HEADER),
             (unsigned long long)position, what);
    return err_hint(e, "restore this file from a backup or from a peer's mirror");
}

/* Open a file and see that it is the one its name says. */
static bool open_checked(struct segments *s, uint64_t base, struct os_file **out, struct err *e)
{
    char *path = file_path(s, base, e);
    uint8_t header[FILE_HEADER], id[16];
    uint64_t is;
    bool ok;

    if (!path)
        return false;
    ok = os_open(s->os, path, OS_READ, out, e);
    if (!ok && e && e->code == ERR_MISSING)
        store_damaged(s, base, "the file is gone", e);
    free(path);
    if (!ok)
        return false;
    if (os_read_exact(s->os, *out, 0, header, sizeof header, e)) {
        if (file_header_decode(header, id, &is) && is == base && !memcmp(id, s->key.id, 16))
            return true;
        err_fail(e, ERR_PROOF, "%s/%016llx.seg: damaged at byte 0: not this store's file header",
                 s->dir, (unsigned long long)base);
    }
    os_close(s->os, *out);
    *out = NULL;
    return false;
}

/* The open file of `base`, pinned; or a free place for it, or NULL if all are pinned. */
static struct open_file *slot_of(struct files *f, uint64_t base)
{
    struct open_file *oldest = NULL;

    for (size_t i = 0; i < FILES_OPEN; i++) {
        struct open_file *o = &f->open[i];
        if (o->file && o->base == base)
            return o;
        if (o->pins == 0 && (!oldest || !o->file || (oldest->file && o->used < oldest->used)))
            oldest = o;
    }
    return oldest;
}

/* *out is NULL if every place is taken by a read of another file. */
static bool pin(struct segments *s, uint64_t base, struct open_file **out, struct err *e)
{
    struct files *f = &s->files;
    struct os_file *file = NULL;
    struct open_file *o;
    bool ok = true;

    pthread_mutex_lock(&f->lock);
    o = slot_of(f, base);
    if (o && (!o->file || o->base != base)) {
        os_close(s->os, o->file);
        *o = (struct open_file){.base = base, .pins = 1}; /* ours while the lock is away */
        pthread_mutex_unlock(&f->lock);
        ok = open_checked(s, base, &file, e);
        pthread_mutex_lock(&f->lock);
        o->file = file;
        o->pins--;
    }
    if (o && ok) {
        o->pins++;
        o->used = ++f->clock;
    }
    pthread_mutex_unlock(&f->lock);
    *out = o;
    return ok;
}

static bool read_unpinned(struct segments *s, uint64_t base, uint64_t at, void *out, size_t n,
                          size_t *got, struct err *e)
{
    struct os_file *file;
    bool ok;

    if (!open_checked(s, base, &file, e))
        return false;
    ok = s->os->ops->read(s->os->self, file, at, out, n, got, e);
    os_close(s->os, file);
    return ok;
}

bool files_read(struct segments *s, uint64_t base, uint64_t position, void *out, size_t n,
                struct err *e)
{
    uint64_t at = position - base + FILE_HEADER;
    struct open_file *o;
    size_t got = 0;
    bool ok;

    if (!pin(s, base, &o, e))
        return false;
    if (o) {
        ok = s->os->ops->read(s->os->self, o->file, at, out, n, &got, e);
        pthread_mutex_lock(&s->files.lock);
        o->pins--;
        pthread_mutex_unlock(&s->files.lock);
    } else {
        ok = read_unpinned(s, base, at, out, n, &got, e);
    }
    if (!ok || got == n)
        return ok;
    return store_damaged(s, position + got, "the file ends here, within what was committed", e);
}
