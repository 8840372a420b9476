/* faultshim: loaded with LD_PRELOAD before the real program, it makes the n-th write or sync of the
 * process go wrong, or ends the process there.
 *
 *     FAULT=sync:3:kill      before the third fdatasync or fsync (files and directories together)
 *     FAULT=sync:3:eio       that sync fails
 *     FAULT=write:5:enospc   the fifth pwritev fails
 *     FAULT=write:5:short    the fifth pwritev writes only half of its first part, and says so
 *     FAULT_COUNT=file       at the end, "syncs writes" of the whole run go there
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int syncs, writes;

/* What happens at call n of `kind`: the word behind the number, or NULL. */
static const char *fault(const char *kind, int n)
{
    const char *f = getenv("FAULT"), *colon;
    size_t k = strlen(kind);

    if (!f || strncmp(f, kind, k) || f[k] != ':' || strtol(f + k + 1, NULL, 10) != n)
        return NULL;
    colon = strchr(f + k + 1, ':');
    return colon ? colon + 1 : NULL;
}

/* 0: go on; else errno is set. */
static int strike(const char *what)
{
    if (!what)
        return 0;
    if (!strcmp(what, "kill"))
        raise(SIGKILL);
    errno = !strcmp(what, "enospc") ? ENOSPC : EIO;
    return strcmp(what, "short") ? -1 : 0;
}

int fdatasync(int fd)
{
    int (*real)(int) = __extension__(int (*)(int)) dlsym(RTLD_NEXT, "fdatasync");

    return strike(fault("sync", ++syncs)) ? -1 : real(fd);
}

int fsync(int fd)
{
    int (*real)(int) = __extension__(int (*)(int)) dlsym(RTLD_NEXT, "fsync");

    return strike(fault("sync", ++syncs)) ? -1 : real(fd);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at)
{
    ssize_t (*real)(int, const struct iovec *, int, off64_t) =
        __extension__(ssize_t(*)(int, const struct iovec *, int, off64_t))
            dlsym(RTLD_NEXT, "pwritev64");
    const char *what = fault("write", ++writes);

    if (strike(what))
        return -1;
    if (what && n > 0 && v->iov_len > 1) {
        struct iovec half = {v->iov_base, v->iov_len / 2};
        return real(fd, &half, 1, at);
    }
    return real(fd, v, n, at);
}

static void report(void) __attribute__((destructor));
static void report(void)
{
    const char *path = getenv("FAULT_COUNT");
    FILE *f = path ? fopen(path, "w") : NULL;

    if (!f)
        return;
    fprintf(f, "%d %d\n", (int)syncs, (int)writes);
    fclose(f);
}
