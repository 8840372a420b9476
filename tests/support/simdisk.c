#include "base/text.h"
#include "support/simdisk_impl.h"

#include <stdlib.h>

#define START_US (INT64_C(1767225600) * US_PER_S) /* 2026-01-01T00:00:00Z */

enum act { ACT_CREATE, ACT_RENAME, ACT_REMOVE };

struct dir_change {
    enum act act;
    char *path, *to;
    struct inode *inode;
};

struct simdisk {
    struct os os;
    uint64_t random;
    int64_t now, ticks;
    struct inode *inodes;
    struct names seen, safe;
    struct dir_change *dir;
    size_t dir_n, dir_cap;
    uint64_t fail_in;
    enum simdisk_fault how;
    bool failed, off;
    uint64_t machine, inodes_made;
    struct simdisk_counts counts;
};

struct os_file {
    struct inode *inode;
    unsigned how;
};

static struct inode *inode_new(struct simdisk *d)
{
    struct inode *i = sim_get(calloc(1, sizeof *i));

    i->number = ++d->inodes_made;
    i->next = d->inodes;
    d->inodes = i;
    return i;
}

/* ---- faults ---------------------------------------------------------------------------------- */

/* Count a change; true if it is to fail. */
static bool trips(struct simdisk *d, const char *what, struct err *e)
{
    d->counts.changes++;
    if (!d->off && (d->fail_in == 0 || --d->fail_in > 0))
        return false;
    d->failed = true;
    d->off = d->off || d->how == SIMDISK_POWER;
    err_fail(e, ERR_IO, "%s: %s", what,
             d->how == SIMDISK_ENOSPC ? "No space left on device" : "Input/output error");
    return true;
}

static bool dark(struct simdisk *d, struct err *e)
{
    return d->off && !err_fail(e, ERR_IO, "the power is off");
}

/* ---- the table ----------------------------------------------------------------------------------
 */

static int64_t sim_now(void *self)
{
    return ((struct simdisk *)self)->now;
}

static int64_t sim_ticks(void *self)
{
    return ((struct simdisk *)self)->ticks;
}

static void sim_random(void *self, void *out, size_t n)
{
    struct simdisk *d = self;
    uint8_t *p = out;

    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)sim_draw(&d->random);
}

static void dir_change(struct simdisk *d, enum act act, const char *path, const char *to,
                       struct inode *inode)
{
    if (d->dir_n == d->dir_cap) {
        d->dir_cap = d->dir_cap ? d->dir_cap * 2 : 8;
        d->dir = sim_get(realloc(d->dir, d->dir_cap * sizeof *d->dir));
    }
    d->dir[d->dir_n++] =
        (struct dir_change){act, sim_copy_text(path), to ? sim_copy_text(to) : NULL, inode};
}

static bool parent_exists(struct simdisk *d, const char *path)
{
    size_t n = path_parent(path);
    char parent[4096];
    struct name *is;

    if (n == 0 || n >= sizeof parent)
        return n == 0;
    memcpy(parent, path, n);
    parent[n] = '\0';
    is = name_find(&d->seen, parent);
    return is && !is->inode;
}

static bool sim_open(void *self, const char *path, unsigned how, struct os_file **out,
                     struct err *e)
{
    struct simdisk *d = self;
    struct name *is = name_find(&d->seen, path);
    struct inode *inode = is ? is->inode : NULL;

    if (dark(d, e))
        return false;
    if (is && !inode)
        return err_fail(e, ERR_IO, "%s: Is a directory", path);
    if (is && how & OS_EXCLUSIVE)
        return err_fail(e, ERR_IO, "%s: File exists", path);
    if (!is && (!(how & OS_CREATE) || !parent_exists(d, path)))
        return err_fail(e, ERR_MISSING, "%s: no such file", path);
    if (inode && how & OS_LOCK && inode->locked)
        return err_fail(e, ERR_DENIED, "%s: another process has it open", path);
    if (!inode) {
        if (trips(d, path, e))
            return false;
        inode = inode_new(d);
        name_put(&d->seen, path, inode);
        dir_change(d, ACT_CREATE, path, NULL, inode);
    }
    inode->locked = inode->locked || how & OS_LOCK;
    inode->opens++;
    *out = sim_get(malloc(sizeof **out));
    **out = (struct os_file){inode, how};
    return true;
}

static void sim_close(void *self, struct os_file *f)
{
    (void)self;
    f->inode->opens--;
    if (f->how & OS_LOCK)
        f->inode->locked = false;
    free(f);
}

static bool sim_read(void *self, struct os_file *f, uint64_t at, void *out, size_t n, size_t *got,
                     struct err *e)
{
    const struct inode *i = f->inode;

    if (dark(self, e))
        return false;
    if (f->how & OS_DIRECT && i->n) {
        *got = inode_read_direct(i, (size_t)at, out, n);
        return true;
    }
    if (f->how & OS_DIRECT) {
        n = at >= i->safe_n ? 0 : i->safe_n - at < n ? (size_t)(i->safe_n - at) : n;
        if (n)
            memcpy(out, i->safe + at, n);
    } else {
        n = at >= i->seen_n ? 0 : i->seen_n - at < n ? (size_t)(i->seen_n - at) : n;
        if (n)
            memcpy(out, i->seen + at, n);
    }
    *got = n;
    return true;
}

static bool write_part(struct simdisk *d, struct os_file *f, size_t at, const struct bytes *parts,
                       size_t n)
{
    size_t total = 0, left;

    for (size_t i = 0; i < n; i++)
        total += parts[i].n;
    left = sim_below(&d->random, total + 1);
    for (size_t i = 0; i < n && left; i++) {
        size_t k = parts[i].n < left ? parts[i].n : left;
        inode_write(f->inode, at, bytes_of(parts[i].p, k));
        at += k;
        left -= k;
    }
    return false;
}

static bool sim_write(void *self, struct os_file *f, uint64_t at, const struct bytes *parts,
                      size_t n, struct err *e)
{
    struct simdisk *d = self;
    bool was_off = d->off;

    if (!(f->how & OS_WRITE))
        return err_fail(e, ERR_IO, "Bad file descriptor");
    d->counts.writes++;
    if (trips(d, "writing", e))
        return !was_off && d->how >= SIMDISK_SHORT ? write_part(d, f, (size_t)at, parts, n) : false;
    for (size_t i = 0; i < n; i++) {
        inode_write(f->inode, (size_t)at, parts[i]);
        at += parts[i].n;
    }
    return true;
}

static bool sim_sync(void *self, struct os_file *f, struct err *e)
{
    struct simdisk *d = self;
    bool was_off = d->off;

    d->counts.syncs++;
    if (trips(d, "syncing", e)) {
        if (!was_off && d->how != SIMDISK_POWER)
            inode_sync_badly(f->inode, &d->random);
        return false;
    }
    inode_sync(f->inode);
    return true;
}

static bool sim_truncate(void *self, struct os_file *f, uint64_t size, struct err *e)
{
    if (trips(self, "resizing", e))
        return false;
    inode_truncate(f->inode, (size_t)size);
    return true;
}

static bool sim_size(void *self, struct os_file *f, uint64_t *out, struct err *e)
{
    if (dark(self, e))
        return false;
    *out = f->how & OS_DIRECT && f->inode->n == 0 ? f->inode->safe_n : f->inode->seen_n;
    return true;
}

static bool sim_rename(void *self, const char *from, const char *to, struct err *e)
{
    struct simdisk *d = self;
    struct name *is = name_find(&d->seen, from);

    if (trips(d, from, e))
        return false;
    if (!is || !is->inode)
        return err_fail(e, ERR_IO, "%s: renaming to %s: No such file", from, to);
    dir_change(d, ACT_RENAME, from, to, is->inode);
    name_rename(&d->seen, from, to);
    return true;
}

static bool sim_remove(void *self, const char *path, struct err *e)
{
    struct simdisk *d = self;
    struct name *is = name_find(&d->seen, path);

    if (trips(d, path, e))
        return false;
    if (!is)
        return err_fail(e, ERR_MISSING, "%s: no such file", path);
    for (size_t i = 0; !is->inode && i < d->seen.n; i++)
        if (path_lies_in(d->seen.v[i].path, path))
            return err_fail(e, ERR_IO, "%s: Directory not empty", path);
    dir_change(d, ACT_REMOVE, path, NULL, is->inode);
    name_remove(&d->seen, path);
    return true;
}

static bool sim_make_dir(void *self, const char *path, struct err *e)
{
    struct simdisk *d = self;

    if (dark(d, e))
        return false;
    if (!parent_exists(d, path))
        return err_fail(e, ERR_MISSING, "%s: no such file", path);
    if (!name_find(&d->seen, path)) {
        name_put(&d->seen, path, NULL);
        name_put(&d->safe, path, NULL);
    }
    return true;
}

/* One unsynced change of names, on the medium's list. */
static void settle(struct names *l, const struct dir_change *c)
{
    if (c->act == ACT_CREATE)
        name_put(l, c->path, c->inode);
    else if (c->act == ACT_REMOVE)
        name_remove(l, c->path);
    else if (name_find(l, c->path) && name_find(l, c->path)->inode == c->inode)
        name_rename(l, c->path, c->to);
}

static void dir_change_free(struct dir_change *c)
{
    free(c->path);
    free(c->to);
}

/* Free what no name, no handle and no unsynced change can reach. */
static void collect(struct simdisk *d)
{
    struct inode **at = &d->inodes;

    for (struct inode *i = d->inodes; i; i = i->next)
        i->reached = i->opens > 0;
    for (size_t i = 0; i < d->seen.n; i++)
        if (d->seen.v[i].inode)
            d->seen.v[i].inode->reached = true;
    for (size_t i = 0; i < d->safe.n; i++)
        if (d->safe.v[i].inode)
            d->safe.v[i].inode->reached = true;
    for (size_t i = 0; i < d->dir_n; i++)
        if (d->dir[i].inode)
            d->dir[i].inode->reached = true;
    while (*at) {
        struct inode *i = *at;
        if (i->reached) {
            at = &i->next;
        } else {
            *at = i->next;
            inode_free(i);
        }
    }
}

static bool sim_sync_dir(void *self, const char *path, struct err *e)
{
    struct simdisk *d = self;
    size_t kept = 0;

    d->counts.dir_syncs++;
    if (trips(d, path, e))
        return false;
    for (size_t i = 0; i < d->dir_n; i++) {
        struct dir_change *c = &d->dir[i];
        if (!path_lies_in(c->to ? c->to : c->path, path)) {
            d->dir[kept++] = *c;
            continue;
        }
        settle(&d->safe, c);
        dir_change_free(c);
    }
    d->dir_n = kept;
    collect(d);
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static bool sim_list(void *self, const char *path, struct arena *a, struct bytes **names, size_t *n,
                     struct err *e)
{
    struct simdisk *d = self;
    struct name *is = name_find(&d->seen, path);
    struct bytes *all = arena_get_array(a, d->seen.n + 1, sizeof *all, e);
    size_t k = 0;

    if (!all || dark(d, e))
        return false;
    if ((!is && strcmp(path, ".") != 0) || (is && is->inode))
        return err_fail(e, ERR_MISSING, "%s: no such file", path);
    for (size_t i = 0; i < d->seen.n; i++) {
        const char *p = d->seen.v[i].path;
        if (path_lies_in(p, path) &&
            !arena_copy(a, bytes_text(strrchr(p, '/') ? strrchr(p, '/') + 1 : p), &all[k++], e))
            return false;
    }
    qsort(all, k, sizeof *all, by_bytes);
    *names = all;
    *n = k;
    return true;
}

static bool sim_exists(void *self, const char *path)
{
    return name_find(&((struct simdisk *)self)->seen, path) != NULL;
}

/* A file that outlives a crash is the same file; in a backup it is another. */
static bool sim_identity(void *self, const char *path, uint8_t out[OS_IDENTITY_BYTES],
                         struct err *e)
{
    struct simdisk *d = self;
    const struct name *n = name_find(&d->seen, path);

    if (!n)
        return err_fail(e, ERR_MISSING, "%s is not there", path);
    memset(out, 0, OS_IDENTITY_BYTES);
    memcpy(out, &d->machine, sizeof d->machine);
    if (n->inode)
        memcpy(out + 8, &n->inode->number, sizeof n->inode->number);
    return true;
}

static const struct os_ops sim_ops = {
    .now_us = sim_now,
    .ticks_us = sim_ticks,
    .random = sim_random,
    .open = sim_open,
    .close = sim_close,
    .read = sim_read,
    .write = sim_write,
    .sync = sim_sync,
    .truncate = sim_truncate,
    .size = sim_size,
    .rename = sim_rename,
    .remove = sim_remove,
    .make_dir = sim_make_dir,
    .sync_dir = sim_sync_dir,
    .list = sim_list,
    .exists = sim_exists,
    .identity = sim_identity,
};

/* ---- the machine
 * ---------------------------------------------------------------------------------- */

struct simdisk *simdisk_new(uint64_t seed)
{
    struct simdisk *d = sim_get(calloc(1, sizeof *d));

    d->os = (struct os){&sim_ops, d};
    d->random = seed;
    d->machine = seed;
    d->now = START_US;
    return d;
}

void simdisk_free(struct simdisk *d)
{
    if (!d)
        return;
    while (d->inodes) {
        struct inode *i = d->inodes;
        d->inodes = i->next;
        inode_free(i);
    }
    for (size_t i = 0; i < d->dir_n; i++)
        dir_change_free(&d->dir[i]);
    free(d->dir);
    names_wipe(&d->seen);
    names_wipe(&d->safe);
    free(d);
}

const struct os *simdisk_os(struct simdisk *d)
{
    return &d->os;
}

void simdisk_set_now(struct simdisk *d, int64_t us)
{
    d->now = us;
}

void simdisk_advance(struct simdisk *d, int64_t us)
{
    d->now += us;
    d->ticks += us;
}

void simdisk_fail(struct simdisk *d, uint64_t n, enum simdisk_fault how)
{
    d->fail_in = n;
    d->how = how;
    d->failed = false;
    d->off = false;
}

bool simdisk_failed(const struct simdisk *d)
{
    return d->failed;
}

bool simdisk_flip(struct simdisk *d, const char *path, uint64_t byte, unsigned bit)
{
    struct name *is = name_find(&d->seen, path);

    if (!is || !is->inode || byte >= is->inode->seen_n)
        return false;
    is->inode->seen[byte] ^= (uint8_t)(1u << bit);
    if (byte < is->inode->safe_n)
        is->inode->safe[byte] ^= (uint8_t)(1u << bit);
    return true;
}

struct simdisk_counts simdisk_counts(const struct simdisk *d)
{
    return d->counts;
}

/* A file of a new machine, all safe. */
static struct inode *settled(struct simdisk *to, uint8_t *bytes, size_t n)
{
    struct inode *i = inode_new(to);

    i->seen = bytes;
    i->seen_n = n;
    i->seen_cap = n;
    i->safe = sim_get(malloc(n + 1));
    i->safe_n = n;
    if (n)
        memcpy(i->safe, bytes, n);
    return i;
}

static struct simdisk *heir(const struct simdisk *d, uint64_t seed)
{
    struct simdisk *to = simdisk_new(seed);

    to->now = d->now;
    to->ticks = d->ticks;
    return to;
}

static void crash_names(const struct simdisk *d, struct names *left, uint64_t *rng)
{
    enum mood mood = sim_mood(rng);
    size_t whole = mood == KEEP_ALL   ? d->dir_n
                   : mood == LOSE_ALL ? 0
                                      : sim_below(rng, d->dir_n + 1);

    for (size_t i = 0; i < d->safe.n; i++)
        name_put(left, d->safe.v[i].path, d->safe.v[i].inode);
    for (size_t i = 0; i < d->dir_n; i++)
        if (mood == EACH ? (bool)(sim_draw(rng) & 1) : i < whole)
            settle(left, &d->dir[i]);
}

struct simdisk *simdisk_crash(const struct simdisk *d, uint64_t seed)
{
    struct simdisk *to = heir(d, seed);
    struct names left = {0};
    uint64_t rng = seed ^ 0x5ca1ab1e0ddba11u;

    to->machine = d->machine;
    crash_names(d, &left, &rng);
    for (size_t i = 0; i < left.n; i++) {
        struct inode *inode = NULL;
        if (left.v[i].inode) {
            size_t n;
            uint8_t *bytes = sim_crash_bytes(left.v[i].inode, sim_mood(&rng), &rng, &n);
            inode = settled(to, bytes, n);
            inode->number = left.v[i].inode->number;
        }
        name_put(&to->seen, left.v[i].path, inode);
        name_put(&to->safe, left.v[i].path, inode);
    }
    to->inodes_made = d->inodes_made;
    names_wipe(&left);
    return to;
}

struct simdisk *simdisk_copy(const struct simdisk *d, uint64_t seed)
{
    struct simdisk *to = heir(d, seed);

    to->machine = d->machine * 31 + seed + 1;
    for (size_t i = 0; i < d->seen.n; i++) {
        const struct inode *from = d->seen.v[i].inode;
        struct inode *inode = NULL;
        if (from) {
            uint8_t *bytes = sim_get(malloc(from->seen_n + 1));
            if (from->seen_n)
                memcpy(bytes, from->seen, from->seen_n);
            inode = settled(to, bytes, from->seen_n);
        }
        name_put(&to->seen, d->seen.v[i].path, inode);
        name_put(&to->safe, d->seen.v[i].path, inode);
    }
    return to;
}
