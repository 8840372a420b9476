#include "base/os.h"
#include "base/text.h"

int64_t os_now_us(const struct os *os)
{
    return os->ops->now_us(os->self);
}

int64_t os_now(const struct os *os)
{
    return os_now_us(os) / US_PER_S;
}

int64_t os_ticks_us(const struct os *os)
{
    return os->ops->ticks_us(os->self);
}

void os_random(const struct os *os, void *out, size_t n)
{
    os->ops->random(os->self, out, n);
}

bool os_open(const struct os *os, const char *path, unsigned how, struct os_file **out,
             struct err *e)
{
    return os->ops->open(os->self, path, how, out, e);
}

void os_close(const struct os *os, struct os_file *f)
{
    if (f)
        os->ops->close(os->self, f);
}

bool os_read_exact(const struct os *os, struct os_file *f, uint64_t at, void *out, size_t n,
                   struct err *e)
{
    size_t got;

    if (!os->ops->read(os->self, f, at, out, n, &got, e))
        return false;
    return got == n || err_fail(e, ERR_INPUT, "the file ends at byte %llu, before byte %llu",
                                (unsigned long long)(at + got), (unsigned long long)(at + n));
}

bool os_write(const struct os *os, struct os_file *f, uint64_t at, struct bytes what, struct err *e)
{
    return os->ops->write(os->self, f, at, &what, 1, e);
}

bool os_sync(const struct os *os, struct os_file *f, struct err *e)
{
    return os->ops->sync(os->self, f, e);
}

bool os_size(const struct os *os, struct os_file *f, uint64_t *out, struct err *e)
{
    return os->ops->size(os->self, f, out, e);
}

bool os_file_id(const struct os *os, struct os_file *f, uint64_t out[2], struct err *e)
{
    return os->ops->file_id(os->self, f, out, e);
}

bool os_map(const struct os *os, struct os_file *f, struct bytes *out, struct err *e)
{
    return os->ops->map(os->self, f, out, e);
}

void os_unmap(const struct os *os, struct bytes mapped)
{
    if (mapped.n)
        os->ops->unmap(os->self, mapped);
}

bool os_exists(const struct os *os, const char *path)
{
    return os->ops->exists(os->self, path);
}

bool os_rename(const struct os *os, const char *from, const char *to, struct err *e)
{
    return os->ops->rename(os->self, from, to, e);
}

bool os_remove(const struct os *os, const char *path, struct err *e)
{
    return os->ops->remove(os->self, path, e);
}

bool os_make_dir(const struct os *os, const char *path, struct err *e)
{
    return os->ops->make_dir(os->self, path, e);
}

bool os_make_dirs(const struct os *os, const char *path, struct err *e)
{
    char part[4096];
    size_t n = strlen(path);

    if (n >= sizeof part)
        return err_fail(e, ERR_LIMIT, "path too long: %s", path);
    for (size_t i = 1; i <= n; i++) {
        if (i < n && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (!os_exists(os, part) && !os_make_dir(os, part, e))
            return false;
    }
    return true;
}

bool os_identity(const struct os *os, const char *path, uint8_t out[OS_IDENTITY_BYTES],
                 struct err *e)
{
    return os->ops->identity(os->self, path, out, e);
}

bool os_list(const struct os *os, const char *path, struct arena *a, struct bytes **names,
             size_t *n, struct err *e)
{
    return os->ops->list(os->self, path, a, names, n, e);
}

bool os_read_file(const struct os *os, const char *path, size_t max, struct arena *a,
                  struct bytes *out, struct err *e)
{
    struct os_file *f = NULL;
    uint64_t size;
    uint8_t *p;
    bool ok = false;

    if (!os_open(os, path, OS_READ, &f, e))
        return false;
    if (!os_size(os, f, &size, e))
        goto done;
    if (size > max) {
        err_fail(e, ERR_LIMIT, "%s: %llu bytes, more than the %zu allowed", path,
                 (unsigned long long)size, max);
        goto done;
    }
    p = arena_get(a, (size_t)size + 1, e);
    if (!p || !os_read_exact(os, f, 0, p, (size_t)size, e))
        goto done;
    *out = bytes_of(p, (size_t)size);
    ok = true;
done:
    os_close(os, f);
    return ok;
}

static bool replace(const struct os *os, const char *path, struct bytes what, unsigned how,
                    bool durable, struct err *e)
{
    char temp[4096];
    size_t n = strlen(path);
    struct os_file *f = NULL;
    bool ok;

    if (n + 5 > sizeof temp)
        return err_fail(e, ERR_LIMIT, "path too long: %s", path);
    memcpy(temp, path, n);
    memcpy(temp + n, ".new", 5);
    if (!os_open(os, temp, OS_WRITE | OS_CREATE | (how & OS_PRIVATE), &f, e))
        return false;
    ok = os->ops->truncate(os->self, f, 0, e) && os_write(os, f, 0, what, e) &&
         (!durable || os_sync(os, f, e));
    os_close(os, f);
    if (!ok || !os_rename(os, temp, path, e))
        return false;
    if (!durable)
        return true;
    while (n && temp[n - 1] != '/')
        n--;
    temp[n > 1 ? n - 1 : n] = '\0';
    return os->ops->sync_dir(os->self, n ? temp : ".", e);
}

bool os_write_file(const struct os *os, const char *path, struct bytes what, unsigned how,
                   struct err *e)
{
    return replace(os, path, what, how, true, e);
}

bool os_write_file_lazy(const struct os *os, const char *path, struct bytes what, struct err *e)
{
    return replace(os, path, what, 0, false, e);
}
