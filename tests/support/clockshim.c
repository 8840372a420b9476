/* clockshim: loaded with LD_PRELOAD, it moves the wall clock of a process by as many seconds as the
 * file named in CLOCK_SHIFT says, read anew each time: a test moves days in no time, and gives one
 * node a wrong clock. Clocks that do not tell the time of day are left alone. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static time_t shift(void)
{
    const char *path = getenv("CLOCK_SHIFT");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char text[24] = {0};
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    return n > 0 ? (time_t)strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    int (*real)(clockid_t, struct timespec *) =
        __extension__(int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(id, out);

    if (rc == 0 && id == CLOCK_REALTIME)
        out->tv_sec += shift();
    return rc;
}
