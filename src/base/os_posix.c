/* The real machine. */
#include "base/os.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct os_file {
    int fd;
    bool direct;
    char path[];
};

static int64_t clock_us(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

static int64_t posix_now(void *self)
{
    (void)self;
    return clock_us(CLOCK_REALTIME);
}

static int64_t posix_ticks(void *self)
{
    (void)self;
    return clock_us(CLOCK_MONOTONIC);
}

static void posix_random(void *self, void *out, size_t n)
{
    uint8_t *p = out;

    (void)self;
    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        } else if (errno != EINTR) {
            abort(); /* a kernel without getrandom: nothing safe can be done */
        }
    }
}

static bool open_error(const char *path, struct err *e)
{
    if (errno == ENOENT)
        return err_fail(e, ERR_MISSING, "%s: no such file", path);
    if (errno == EACCES || errno == EPERM)
        return err_fail(e, ERR_DENIED, "%s: permission denied", path);
    return err_system(e, errno, "%s", path);
}

static bool posix_open(void *self, const char *path, unsigned how, struct os_file **out,
                       struct err *e)
{
    int flags = (how & OS_WRITE ? how & OS_READ ? O_RDWR : O_WRONLY : O_RDONLY) | O_CLOEXEC |
                (how & OS_CREATE ? O_CREAT : 0) | (how & OS_EXCLUSIVE ? O_EXCL : 0);
    struct os_file *f = malloc(sizeof *f + strlen(path) + 1);

    (void)self;
    if (!f)
        return err_fail(e, ERR_NOMEM, "out of memory");
    memcpy(f->path, path, strlen(path) + 1);
    f->direct = how & OS_DIRECT;
    f->fd = open(path, flags | (f->direct ? O_DIRECT : 0), how & OS_PRIVATE ? 0600 : 0644);
    if (f->fd < 0 && f->direct && errno == EINVAL) { /* no such mode here (tmpfs) */
        f->direct = false;
        f->fd = open(path, flags, 0644);
    }
    if (f->fd < 0) {
        open_error(path, e);
        free(f);
        return false;
    }
    if (how & OS_LOCK && flock(f->fd, LOCK_EX | LOCK_NB) != 0) {
        err_fail(e, ERR_DENIED, "%s: another process has it open", path);
        close(f->fd);
        free(f);
        return false;
    }
    *out = f;
    return true;
}

static void posix_close(void *self, struct os_file *f)
{
    (void)self;
    close(f->fd);
    free(f);
}

static bool read_pipe(struct os_file *f, uint8_t *p, size_t n, size_t *got, struct err *e)
{
    ssize_t k;

    do
        k = read(f->fd, p, n);
    while (k < 0 && errno == EINTR);
    if (k < 0)
        return err_system(e, errno, "%s: reading", f->path);
    *got = (size_t)k;
    return true;
}

static bool read_plain(struct os_file *f, uint64_t at, uint8_t *p, size_t n, size_t *got,
                       struct err *e)
{
    size_t done = 0;

    while (done < n) {
        ssize_t k = pread(f->fd, p + done, n - done, (off_t)(at + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0 && errno == ESPIPE)
            return read_pipe(f, p, n, got, e);
        if (k < 0)
            return err_system(e, errno, "%s: reading at byte %llu", f->path,
                              (unsigned long long)(at + done));
        if (k == 0)
            break;
        done += (size_t)k;
    }
    *got = done;
    return true;
}

#define DIRECT_BLOCK ((size_t)4096)
#define DIRECT_STEP ((size_t)1 << 20)

/* O_DIRECT wants aligned memory and offsets: read the blocks around, copy out. */
static bool read_direct(struct os_file *f, uint64_t at, uint8_t *out, size_t n, size_t *got,
                        struct err *e)
{
    uint8_t *block = aligned_alloc(DIRECT_BLOCK, DIRECT_STEP);
    size_t done = 0;
    bool ok = true;

    if (!block)
        return err_fail(e, ERR_NOMEM, "out of memory");
    while (done < n) {
        uint64_t from = (at + done) & ~(uint64_t)(DIRECT_BLOCK - 1);
        size_t skip = (size_t)(at + done - from), have, take;
        ok = read_plain(f, from, block, DIRECT_STEP, &have, e);
        if (!ok || have <= skip)
            break;
        take = have - skip < n - done ? have - skip : n - done;
        memcpy(out + done, block + skip, take);
        done += take;
        if (have < DIRECT_STEP)
            break;
    }
    free(block);
    *got = done;
    return ok;
}

static bool posix_read(void *self, struct os_file *f, uint64_t at, void *out, size_t n, size_t *got,
                       struct err *e)
{
    (void)self;
    return f->direct ? read_direct(f, at, out, n, got, e) : read_plain(f, at, out, n, got, e);
}

#define WRITE_PARTS 64

static bool write_some(struct os_file *f, uint64_t at, struct iovec *v, int n, struct err *e)
{
    while (n > 0) {
        ssize_t k = pwritev(f->fd, v, n, (off_t)at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return err_system(e, errno, "%s: writing at byte %llu", f->path,
                              (unsigned long long)at);
        at += (uint64_t)k;
        for (; n > 0 && (size_t)k >= v->iov_len; v++, n--)
            k -= (ssize_t)v->iov_len;
        if (n > 0) {
            v->iov_base = (uint8_t *)v->iov_base + k;
            v->iov_len -= (size_t)k;
        }
    }
    return true;
}

static bool posix_write(void *self, struct os_file *f, uint64_t at, const struct bytes *parts,
                        size_t n, struct err *e)
{
    (void)self;
    while (n) {
        struct iovec v[WRITE_PARTS];
        int k = 0;
        uint64_t size = 0;
        for (; n && k < WRITE_PARTS; parts++, n--) {
            if (parts->n == 0)
                continue;
            v[k++] = (struct iovec){(void *)(uintptr_t)parts->p, parts->n};
            size += parts->n;
        }
        if (!write_some(f, at, v, k, e))
            return false;
        at += size;
    }
    return true;
}

static bool posix_sync(void *self, struct os_file *f, struct err *e)
{
    (void)self;
    return fdatasync(f->fd) == 0 || err_system(e, errno, "%s: syncing", f->path);
}

static bool posix_truncate(void *self, struct os_file *f, uint64_t size, struct err *e)
{
    (void)self;
    return ftruncate(f->fd, (off_t)size) == 0 || err_system(e, errno, "%s: resizing", f->path);
}

static bool posix_size(void *self, struct os_file *f, uint64_t *out, struct err *e)
{
    struct stat st;

    (void)self;
    if (fstat(f->fd, &st) != 0)
        return err_system(e, errno, "%s", f->path);
    *out = (uint64_t)st.st_size;
    return true;
}

static bool posix_file_id(void *self, struct os_file *f, uint64_t out[2], struct err *e)
{
    struct stat st;

    (void)self;
    if (fstat(f->fd, &st) != 0)
        return err_system(e, errno, "%s", f->path);
    out[0] = (uint64_t)st.st_dev;
    out[1] = (uint64_t)st.st_ino;
    return true;
}

static bool posix_map(void *self, struct os_file *f, struct bytes *out, struct err *e)
{
    uint64_t size;
    void *p;

    if (!posix_size(self, f, &size, e))
        return false;
    if (size == 0) {
        *out = (struct bytes){0};
        return true;
    }
    p = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, f->fd, 0);
    if (p == MAP_FAILED)
        return err_system(e, errno, "%s: mapping", f->path);
    *out = bytes_of(p, (size_t)size);
    return true;
}

static void posix_unmap(void *self, struct bytes mapped)
{
    (void)self;
    munmap((void *)(uintptr_t)mapped.p, mapped.n);
}

static bool posix_rename(void *self, const char *from, const char *to, struct err *e)
{
    (void)self;
    return rename(from, to) == 0 || err_system(e, errno, "%s: renaming to %s", from, to);
}

static bool posix_remove(void *self, const char *path, struct err *e)
{
    (void)self;
    return remove(path) == 0 || open_error(path, e);
}

static bool posix_make_dir(void *self, const char *path, struct err *e)
{
    (void)self;
    return mkdir(path, 0700) == 0 || errno == EEXIST || open_error(path, e);
}

static bool posix_sync_dir(void *self, const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok;

    (void)self;
    if (fd < 0)
        return open_error(path, e);
    ok = fsync(fd) == 0 || err_system(e, errno, "%s: syncing", path);
    close(fd);
    return ok;
}

static int by_bytes(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static bool read_names(DIR *d, struct arena *a, struct bytes **names, size_t *n, struct err *e)
{
    size_t have = 0, cap = 16;
    struct bytes *all = arena_get_array(a, cap, sizeof *all, e);
    struct dirent *entry;

    while (all && (entry = readdir(d))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (have == cap) {
            struct bytes *more = arena_get_array(a, cap * 2, sizeof *all, e);
            if (!more)
                return false;
            memcpy(more, all, have * sizeof *all);
            all = more;
            cap *= 2;
        }
        if (!arena_copy(a, bytes_text(entry->d_name), &all[have++], e))
            return false;
    }
    if (!all)
        return false;
    qsort(all, have, sizeof *all, by_bytes);
    *names = all;
    *n = have;
    return true;
}

static bool posix_list(void *self, const char *path, struct arena *a, struct bytes **names,
                       size_t *n, struct err *e)
{
    DIR *d = opendir(path);
    bool ok;

    (void)self;
    if (!d)
        return open_error(path, e);
    ok = read_names(d, a, names, n, e);
    closedir(d);
    return ok;
}

static bool posix_exists(void *self, const char *path)
{
    (void)self;
    return access(path, F_OK) == 0;
}

static bool posix_identity(void *self, const char *path, uint8_t out[OS_IDENTITY_BYTES],
                           struct err *e)
{
    struct statx st;
    uint64_t parts[4];
    int fd, generation = 0; /* of the inode: tells a reused one from the old, where known */

    (void)self;
    if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st) != 0)
        return open_error(path, e);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && ioctl(fd, FS_IOC_GETVERSION, &generation) != 0)
        generation = 0;
    if (fd >= 0)
        close(fd);
    parts[0] = (uint64_t)st.stx_dev_major << 32 | (st.stx_dev_minor ^ (uint32_t)generation);
    parts[1] = st.stx_ino;
    parts[2] = st.stx_mask & STATX_BTIME ? (uint64_t)st.stx_btime.tv_sec : 0;
    parts[3] = st.stx_mask & STATX_BTIME ? st.stx_btime.tv_nsec : 0;
    memcpy(out, parts, sizeof parts);
    return true;
}

static const struct os_ops posix_ops = {
    .now_us = posix_now,
    .ticks_us = posix_ticks,
    .random = posix_random,
    .open = posix_open,
    .close = posix_close,
    .read = posix_read,
    .write = posix_write,
    .sync = posix_sync,
    .truncate = posix_truncate,
    .size = posix_size,
    .file_id = posix_file_id,
    .map = posix_map,
    .unmap = posix_unmap,
    .rename = posix_rename,
    .remove = posix_remove,
    .make_dir = posix_make_dir,
    .sync_dir = posix_sync_dir,
    .list = posix_list,
    .exists = posix_exists,
    .identity = posix_identity,
};

const struct os *os_system(void)
{
    static const struct os machine = {&posix_ops, NULL};
    return &machine;
}
