/* Sockets for channels: listening, accepting, connecting, each with a deadline. */
#include "base/catalogue.h"
#include "http/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 64
#define AGAIN_MS 200 /* between two tries to connect */

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct addrinfo *resolve(const struct http_address *at, bool passive, struct err *e)
{
    struct addrinfo want = {.ai_socktype = SOCK_STREAM,
                            .ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)};
    struct addrinfo *list = NULL;
    char port[8];
    int code;

    snprintf(port, sizeof port, "%u", at->port);
    code = getaddrinfo(at->host, port, &want, &list);
    if (code == 0)
        return list;
    err_fail(e, ERR_IO, "%s: %s", at->host, gai_strerror(code));
    return NULL;
}

static bool listen_at(int fd, const struct addrinfo *a, uint16_t *port)
{
    static const int on = 1;
    struct sockaddr_storage got;
    socklen_t n = sizeof got;
    char text[8];

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&got, &n) != 0 ||
        getnameinfo((struct sockaddr *)&got, n, NULL, 0, text, sizeof text, NI_NUMERICSERV) != 0)
        return false;
    *port = 0;
    for (const char *p = text; *p; p++)
        *port = (uint16_t)(*port * 10 + (*p - '0'));
    return true;
}

int channel_listen(const struct http_address *at, uint16_t *port, struct err *e)
{
    struct addrinfo *list = resolve(at, true, e);
    int fd = -1;

    if (!list)
        return -1;
    fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || !listen_at(fd, list, port)) {
        err_system(e, errno, "listening on %s port %u", at->host, at->port);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    return fd;
}

static void tune(int fd)
{
    static const int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* 1: fd is ready; 0: time is up; -1: told to stop. */
static int wait_for(int fd, short events, int64_t until, int stop)
{
    for (;;) {
        struct pollfd w[2] = {{.fd = fd, .events = events}, {.fd = stop, .events = POLLIN}};
        int64_t left = until - now_ms();
        int n = poll(w, 2, left > 0 ? (int)(left < INT32_MAX ? left : INT32_MAX) : 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (w[1].revents)
            return -1;
        if (w[0].revents)
            return 1;
        if (left <= 0)
            return 0;
    }
}

int channel_accept(int listener, uint32_t wait_ms, int stop, struct err *e)
{
    int64_t until = now_ms() + wait_ms;

    for (;;) {
        int ready = wait_for(listener, POLLIN, until, stop), fd;
        if (ready <= 0) {
            err_fail(e, ERR_IO,
                     ready ? N_("stopped while waiting for the other side")
                           : N_("the other side did not come"));
            return -1;
        }
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            tune(fd);
            return fd;
        }
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            err_system(e, errno, "accepting a connection");
            return -1;
        }
    }
}

/* -1: errno says why, or 0 if told to stop. */
static int connect_to(const struct addrinfo *a, int64_t until, int stop)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), why = 0, ready;
    socklen_t n = sizeof why;

    if (fd < 0)
        return -1;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return fd;
    why = errno;
    if (why == EINPROGRESS) {
        ready = wait_for(fd, POLLOUT, until, stop);
        if (ready > 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) != 0)
            why = errno;
        if (ready <= 0)
            why = ready ? 0 : ETIMEDOUT;
        if (ready > 0 && why == 0)
            return fd;
    }
    close(fd);
    errno = why;
    return -1;
}

int channel_connect(const struct http_address *at, uint32_t wait_ms, int stop, struct err *e)
{
    int64_t until = now_ms() + wait_ms;
    struct addrinfo *list = resolve(at, false, e);
    int fd = -1, why = ECONNREFUSED;

    if (!list)
        return -1;
    while (fd < 0) {
        for (const struct addrinfo *a = list; a && fd < 0 && why; a = a->ai_next) {
            fd = connect_to(a, until, stop);
            why = fd < 0 ? errno : 0;
        }
        /* Nobody listens yet, or not any more: wait a moment, unless told to stop. */
        if (fd < 0 && (why == 0 || now_ms() + AGAIN_MS >= until ||
                       wait_for(-1, 0, now_ms() + AGAIN_MS, stop) < 0))
            break;
    }
    freeaddrinfo(list);
    if (fd >= 0)
        tune(fd);
    else
        err_fail(e, ERR_IO, "%s port %u: %s", at->host, at->port,
                 why ? strerror(why) : "stopped while connecting");
    return fd;
}
