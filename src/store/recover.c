/* Finding the end of the log again, and telling a torn tail from damage.
 *
 * A commit begins to write only after the one before it is durable. So a batch that does not
 * verify was never acknowledged, unless something behind it shows that a later commit had begun.
 * What shows it: this store's header of a later batch; or, if the bad batch's own header is sound,
 * any byte behind its end that is not zero, because recovery clears what a torn batch leaves. */
#include "store/store_impl.h"

#include <stdio.h>
#include <stdlib.h>

struct tail {
    struct scan scan;
    struct os_file *direct; /* round the page cache, which may hold what the disk refused */
    uint64_t base, limit;   /* of the last file: its first position, and that behind its bytes */
    uint64_t end;           /* of the last whole batch */
    uint32_t prev;
    struct err why;  /* what is wrong with the batch behind it */
    bool has_header; /* that batch's header is sound */
    uint64_t has_end;
    bool unchained; /* it is whole, and follows another than the one before it */
    bool dropping;  /* there was a later file without a whole batch, from this position on: */
    uint64_t drop;
};

static bool open_last(struct segments *s, struct tail *t, struct err *e)
{
    char *path = file_path(s, t->base, e);
    uint64_t size;
    bool ok;

    if (!path)
        return false;
    ok = os_open(s->os, path, OS_READ | OS_DIRECT, &t->direct, e) &&
         (s->read_only || os_open(s->os, path, OS_READ | OS_WRITE, &s->file, e)) &&
         os_size(s->os, t->direct, &size, e);
    free(path);
    if (!ok)
        return false;
    s->base = t->base;
    s->written = size;
    size = size < FILE_HEADER ? 0 : size - FILE_HEADER;
    t->limit = t->base + (size & ~(SECTOR - 1));
    t->scan.file = t->direct;
    return true;
}

static void close_last(struct segments *s, struct tail *t)
{
    os_close(s->os, t->direct);
    os_close(s->os, s->file);
    t->direct = s->file = NULL;
    t->scan.have = 0;
}

/* The end of the file before must be where this one begins, and gives the chain. */
static bool join(struct segments *s, struct tail *t, uint64_t hint, struct err *e)
{
    uint64_t base, next, at = hint > t->base && hint <= t->limit ? hint : t->base;
    struct batch_footer f;
    bool found = false;
    struct scan before;

    t->end = t->base;
    t->prev = 0;
    if (at == 0)
        return true;
    if (at > t->base) {
        if (!scan_footer(&t->scan, t->base, at, &f, &found, e))
            return false;
        t->scan.have = 0;
    }
    if (!found && t->base > 0) { /* a bad hint is found out later: walk from the start */
        files_find(s, t->base - 1, &base, &next);
        scan_init(&before, s);
        if (!scan_footer(&before, base, t->base, &f, &found, e)) {
            scan_wipe(&before);
            return false;
        }
        scan_wipe(&before);
        if (!found)
            return store_damaged(s, t->base - BATCH_FOOTER,
                                 "the last batch's footer does not match its checksum", e);
        at = t->base;
    }
    if (found) {
        t->end = at;
        t->prev = f.crc;
    }
    return true;
}

/* Over all whole batches. False only for trouble with the disk or memory. */
static bool walk(struct segments *s, struct tail *t, struct err *e)
{
    struct segments_batch b;

    t->has_header = false;
    for (;;) {
        if (t->end == t->limit)
            return true;
        err_clear(&t->why);
        if (!scan_batch(&t->scan, t->base, t->end, t->limit, &b, &t->why))
            break;
        if (t->scan.header.prev != t->prev) {
            t->unchained = true;
            store_damaged(s, t->end, "this batch does not follow the one before it", &t->why);
            break;
        }
        t->prev = t->scan.found.footer_crc;
        t->end = b.next;
    }
    if (t->why.code != ERR_PROOF)
        return err_pass(e, &t->why);
    if (t->scan.header.size && t->scan.header.position == t->end) {
        t->has_header = true;
        t->has_end = t->end + t->scan.header.size;
    }
    return true;
}

/* Look behind the end: is there anything, and does it show a later commit? */
static bool look_behind(struct segments *s, struct tail *t, bool *any, bool *later, struct err *e)
{
    struct batch_header h;
    const uint8_t *p;

    *any = false;
    *later = t->unchained;
    for (uint64_t at = t->end; at < t->limit; at += SECTOR) {
        if (!scan_need(&t->scan, t->base, at, t->limit, SECTOR, &p, e))
            return false;
        if (all_zero(p, SECTOR))
            continue;
        *any = true;
        s->dropped += SECTOR;
        if ((at > t->end && batch_header_decode(&s->key, p, at, &h)) ||
            (t->has_header && at >= t->has_end)) {
            *later = true;
            return true;
        }
    }
    return true;
}

static bool refuse(struct tail *t, struct err *e)
{
    err_pass(e, &t->why);
    err_within(e, "%s", "committed data");
    return false;
}

/* The first batch of a file and its header went out in one write; if a crash kept the batch and
 * lost the header, the header is known. */
static bool mend_header(struct segments *s, struct tail *t, struct err *e)
{
    uint8_t header[FILE_HEADER], id[16];
    uint64_t base;

    if (!os_read_exact(s->os, t->direct, 0, header, sizeof header, e))
        return false;
    if (file_header_decode(header, id, &base) && base == t->base && !memcmp(id, s->key.id, 16))
        return true;
    if (s->read_only)
        return err_fail(e, ERR_PROOF, "%s/%016llx.seg: damaged at byte 0: no file header", s->dir,
                        (unsigned long long)t->base);
    file_header_encode(&s->key, t->base, header);
    return os_write(s->os, s->file, 0, bytes_of(header, sizeof header), e);
}

static bool remove_dropped(struct segments *s, struct tail *t, struct err *e)
{
    char *path = file_path(s, t->drop, e);
    bool ok = path && os_remove(s->os, path, e);

    free(path);
    return ok;
}

/* Clear the tail and make all that was found durable: it may have been in the cache alone. */
static bool settle(struct segments *s, struct tail *t, bool torn, struct err *e)
{
    uint64_t size = t->end - t->base + FILE_HEADER;

    if (!mend_header(s, t, e))
        return false;
    if (s->read_only)
        return true;
    if (torn || s->written % SECTOR) {
        if (!s->os->ops->truncate(s->os->self, s->file, size, e))
            return false;
        s->written = size;
    }
    return os_sync(s->os, s->file, e) && (!t->dropping || remove_dropped(s, t, e)) &&
           s->os->ops->sync_dir(s->os->self, s->dir, e);
}

/* `hint` must be a boundary of the log as found. */
static bool check_hint(struct segments *s, struct tail *t, uint64_t hint, struct err *e)
{
    uint64_t base, next;
    struct batch_footer f;
    struct scan c;
    bool found = true, ok = true;

    if (hint > t->end) {
        err_fail(e, ERR_PROOF,
                 "%s: the log ends at position %llu, before position %llu which it had", s->dir,
                 (unsigned long long)t->end, (unsigned long long)hint);
        return err_hint(e, "if this is a restored backup, drop the index and compare with a peer "
                           "before signing anything");
    }
    if (hint) {
        files_find(s, hint - 1, &base, &next);
        scan_init(&c, s);
        ok = scan_footer(&c, base, hint, &f, &found, e);
        scan_wipe(&c);
    }
    if (ok && !found)
        ok = err_fail(e, ERR_PROOF, "%s: no batch ends at position %llu, where one had", s->dir,
                      (unsigned long long)hint);
    return ok;
}

static bool last_file(struct segments *s, struct tail *t, uint64_t hint, bool *again, struct err *e)
{
    bool any, later;

    *again = false;
    t->base = s->files.base[s->files.n - 1];
    if (!open_last(s, t, e) || !join(s, t, hint, e) || !walk(s, t, e) ||
        !look_behind(s, t, &any, &later, e))
        return false;
    if (later || (t->dropping && t->end != t->drop))
        return refuse(t, e);
    if (t->end == t->base && s->files.n > 1) { /* a file without a whole batch was never ours */
        *again = t->dropping = true;
        t->drop = t->base;
        close_last(s, t);
        files_drop_last(s);
        return true;
    }
    return settle(s, t, any, e);
}

bool store_recover(struct segments *s, uint64_t hint, struct err *e)
{
    struct tail t = {0};
    bool ok, again = true;

    scan_init(&t.scan, s);
    do
        ok = last_file(s, &t, hint, &again, e);
    while (ok && again);
    ok = ok && check_hint(s, &t, hint, e);
    if (ok) {
        s->prev = t.prev;
        atomic_store_explicit(&s->end, t.end, memory_order_release);
    }
    os_close(s->os, t.direct);
    scan_wipe(&t.scan);
    return ok;
}

/* What lies in a directory is only as safe as the directory's own name, and we may have made all
 * of them: from the store's up, each name is synced into the directory above. One that we may not
 * read, such as another's, is none that we have made. */
static bool sync_above(struct segments *s, struct err *e)
{
    char *path = strdup(s->dir);
    bool ok = path || err_fail(e, ERR_NOMEM, "out of memory");
    struct err why = {0};

    for (size_t i = path ? strlen(path) : 0; ok && i-- > 0;) {
        if (path[i] != '/')
            continue;
        path[i] = '\0';
        ok = i == 0 || s->os->ops->sync_dir(s->os->self, path, &why);
    }
    if (ok && *s->dir != '/')
        ok = s->os->ops->sync_dir(s->os->self, ".", &why);
    free(path);
    if (!ok && why.code != ERR_DENIED && why.code)
        err_pass(e, &why);
    return ok || why.code == ERR_DENIED;
}

/* The first file gets its name only when its header, and with it the store's id, is durable. */
bool store_create(struct segments *s, struct err *e)
{
    char *temp = file_path_named(s, "new.seg", e), *path = file_path(s, 0, e);
    uint8_t id[16], header[FILE_HEADER];
    struct os_file *f = NULL;
    bool ok = temp && path && sync_above(s, e);

    os_random(s->os, id, sizeof id);
    store_key_init(&s->key, id);
    file_header_encode(&s->key, 0, header);
    ok = ok && os_open(s->os, temp, OS_WRITE | OS_CREATE | OS_PRIVATE, &f, e) &&
         s->os->ops->truncate(s->os->self, f, 0, e) &&
         os_write(s->os, f, 0, bytes_of(header, sizeof header), e) && os_sync(s->os, f, e);
    os_close(s->os, f);
    ok = ok && os_rename(s->os, temp, path, e) && s->os->ops->sync_dir(s->os->self, s->dir, e) &&
         files_add(s, 0, e);
    free(temp);
    free(path);
    return ok;
}
