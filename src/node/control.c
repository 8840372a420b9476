/* The control socket, NODE/run/control: whoever runs as the same user hands over a command line,
 * standard streams and working directory, and gets an exit code. One message, one answer:
 *
 *     u32 length, then: u32 argc, and for each argument u32 length and bytes
 *     with the first byte: descriptors of stdin, stdout, stderr and the working directory
 *     ... the command runs ...
 *     u32 exit code
 *
 * Numbers are big endian. If the other side goes away first, the command is told so. */
#include "node/node_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS 4
#define RECEIVE_SECONDS 10

struct command {
    struct control *control;
    int socket, fds[FDS];
    pthread_t thread;
    bool used, done;
    atomic_bool cancelled;
};

struct control {
    struct node *n;
    node_run_command *run;
    void *self;
    int listener, wake;
    char path[PATH_ROOM];
    pthread_t thread;
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards used and done */
    struct command commands[LIMIT_CONTROL_COMMANDS];
};

/* ---- addresses
 * ----------------------------------------------------------------------------------------- */

/* A socket's name has room for 107 bytes; a longer path is reached through its folder. */
static bool address_of(const char *dir, struct sockaddr_un *at, int *folder, struct err *e)
{
    char path[PATH_ROOM];

    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    *folder = -1;
    if (!path_print(path, e, "%s/run/control", dir))
        return false;
    if (strlen(path) < sizeof at->sun_path) {
        memcpy(at->sun_path, path, strlen(path) + 1);
        return true;
    }
    path[strlen(path) - strlen("/control")] = '\0';
    *folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0)
        return errno == ENOENT ? err_fail(e, ERR_MISSING, "%s is not there", path)
                               : err_system(e, errno, "%s", path);
    snprintf(at->sun_path, sizeof at->sun_path, "/proc/self/fd/%d/control", *folder);
    return true;
}

static void close_all(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

static bool write_all(int fd, struct bytes what)
{
    while (what.n) {
        ssize_t n = send(fd, what.p, what.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        what = bytes_part(what, (size_t)n, SIZE_MAX);
    }
    return true;
}

static bool read_all(int fd, uint8_t *out, size_t n)
{
    while (n) {
        ssize_t got = recv(fd, out, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        out += got;
        n -= (size_t)got;
    }
    return true;
}

/* ---- one command, in its own thread
 * ------------------------------------------------------------------------ */

/* The first four bytes bring the descriptors. */
static bool receive_head(struct command *c, uint32_t *length)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof c->fds)];
    } control = {0};
    uint8_t head[4];
    struct iovec part = {head, sizeof head};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *h;
    struct reader r;

    if (recvmsg(c->socket, &m, MSG_CMSG_CLOEXEC | MSG_WAITALL) != (ssize_t)sizeof head)
        return false;
    h = CMSG_FIRSTHDR(&m);
    if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
        size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(c->fds, CMSG_DATA(h), (n < FDS ? n : FDS) * sizeof(int));
    }
    r = reader_of(bytes_of(head, sizeof head));
    *length = reader_u32(&r);
    return !(m.msg_flags & MSG_CTRUNC) && c->fds[FDS - 1] >= 0 && *length <= LIMIT_CONTROL_BYTES;
}

static char **parse_arguments(struct bytes in, struct arena *a, int *argc)
{
    struct reader r = reader_of(in);
    uint32_t n = reader_u32(&r);
    char **argv;

    if (reader_failed(&r) || n == 0 || n > LIMIT_CONTROL_ARGUMENTS)
        return NULL;
    argv = arena_get_array(a, n + 1, sizeof *argv, NULL);
    for (uint32_t i = 0; argv && i < n; i++)
        if (!(argv[i] = arena_string(a, reader_bytes(&r, reader_u32(&r)), NULL)))
            return NULL;
    *argc = (int)n;
    return reader_end(&r, NULL) ? argv : NULL;
}

static char **receive(struct command *c, struct arena *a, int *argc)
{
    uint32_t length;
    uint8_t *body;

    if (!receive_head(c, &length) || !(body = arena_get(a, length, NULL)) ||
        !read_all(c->socket, body, length))
        return NULL;
    return parse_arguments(bytes_of(body, length), a, argc);
}

/* This thread gets a working directory of its own: theirs. */
static bool stand_where_they_stand(const struct command *c, char cwd[PATH_ROOM])
{
    return unshare(CLONE_FS) == 0 && fchdir(c->fds[3]) == 0 && getcwd(cwd, PATH_ROOM) != NULL;
}

static int run(struct command *c, struct arena *a)
{
    char cwd[PATH_ROOM];
    struct node_command what = {
        .cwd = cwd, .in = -1, .out = -1, .err = -1, .cancelled = &c->cancelled};

    what.argv = receive(c, a, &what.argc);
    if (!what.argv || !stand_where_they_stand(c, cwd))
        return 3;
    what.in = c->fds[0];
    what.out = c->fds[1];
    what.err = c->fds[2];
    diag(c->control->n->diag, DIAG_INFO, "a command", "name=\"%s\"",
         what.argc > 1 ? what.argv[1] : "");
    return c->control->run(c->control->self, c->control->n, &what);
}

static void *command_thread(void *self)
{
    struct command *c = self;
    struct arena *a = arena_new(LIMIT_CONTROL_BYTES * 4);
    int code = a ? run(c, a) : 3;
    struct buf b = buf_in(a);
    uint64_t one = 1;

    if (a) {
        buf_u32(&b, (uint32_t)code);
        close_all(c->fds, FDS); /* whoever reads our output sees its end before the code */
        write_all(c->socket, buf_view(&b));
    }
    arena_free(a);
    pthread_mutex_lock(&c->control->lock);
    c->done = true;
    pthread_mutex_unlock(&c->control->lock);
    if (write(c->control->wake, &one, sizeof one) < 0)
        return NULL; /* the next event will do */
    return NULL;
}

/* ---- the listener's thread
 * ---------------------------------------------------------------------------------- */

static bool may_speak(int fd)
{
    struct ucred who;
    socklen_t n = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == geteuid() || who.uid == 0);
}

static void reap(struct control *k)
{
    for (size_t i = 0; i < LIMIT_CONTROL_COMMANDS; i++) {
        struct command *c = &k->commands[i];
        bool done;
        pthread_mutex_lock(&k->lock);
        done = c->used && c->done;
        pthread_mutex_unlock(&k->lock);
        if (!done)
            continue;
        pthread_join(c->thread, NULL);
        close_all(c->fds, FDS);
        close(c->socket);
        pthread_mutex_lock(&k->lock);
        c->used = false;
        pthread_mutex_unlock(&k->lock);
    }
}

static void accept_one(struct control *k)
{
    int fd = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC);
    struct timeval patience = {.tv_sec = RECEIVE_SECONDS};

    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (size_t i = 0; may_speak(fd) && i < LIMIT_CONTROL_COMMANDS; i++) {
        struct command *c = &k->commands[i];
        if (c->used)
            continue;
        *c = (struct command){.control = k, .socket = fd, .fds = {-1, -1, -1, -1}, .used = true};
        if (pthread_create(&c->thread, NULL, command_thread, c) == 0)
            return;
        c->used = false;
        break;
    }
    close(fd); /* not allowed, or too many at a time */
}

/* Whoever asked has gone: nobody waits for the outcome. */
static void watch(struct control *k, const struct pollfd *fds, const size_t *which, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i].revents & (POLLHUP | POLLERR | POLLRDHUP))
            atomic_store(&k->commands[which[i]].cancelled, true);
}

static void *control_thread(void *self)
{
    struct control *k = self;
    struct pollfd fds[LIMIT_CONTROL_COMMANDS + 2];
    size_t which[LIMIT_CONTROL_COMMANDS];
    uint64_t ignored;

    while (!atomic_load(&k->stopping)) {
        size_t n = 0;
        fds[0] = (struct pollfd){.fd = k->listener, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = k->wake, .events = POLLIN};
        for (size_t i = 0; i < LIMIT_CONTROL_COMMANDS; i++)
            if (k->commands[i].used && !atomic_load(&k->commands[i].cancelled)) {
                fds[n + 2] = (struct pollfd){.fd = k->commands[i].socket, .events = POLLRDHUP};
                which[n++] = i;
            }
        if (poll(fds, n + 2, -1) < 0 && errno != EINTR)
            break;
        watch(k, fds + 2, which, n);
        if (fds[1].revents && read(k->wake, &ignored, sizeof ignored) < 0 && errno != EAGAIN)
            break;
        reap(k);
        if (fds[0].revents)
            accept_one(k);
    }
    return NULL;
}

static bool listen_here(struct control *k, struct err *e)
{
    struct sockaddr_un at;
    int folder;
    bool ok;

    if (!path_print(k->path, e, "%s/run/control", k->n->dir) ||
        !address_of(k->n->dir, &at, &folder, e))
        return false;
    unlink(k->path); /* of a server that is no more: the lock is ours */
    k->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ok = k->listener >= 0 && bind(k->listener, (struct sockaddr *)&at, sizeof at) == 0 &&
         chmod(k->path, 0600) == 0 && listen(k->listener, LIMIT_CONTROL_COMMANDS) == 0;
    if (!ok)
        err_system(e, errno, "%s", k->path);
    if (folder >= 0)
        close(folder);
    return ok;
}

struct control *control_open(struct node *n, node_run_command *run_it, void *self, struct err *e)
{
    struct control *k = calloc(1, sizeof *k);

    if (!k) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    k->n = n;
    k->run = run_it;
    k->self = self;
    k->listener = -1;
    k->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&k->lock, NULL);
    if (k->wake < 0)
        err_system(e, errno, "eventfd");
    else if (listen_here(k, e)) {
        if (pthread_create(&k->thread, NULL, control_thread, k) == 0)
            return k;
        err_fail(e, ERR_NOMEM, "out of threads");
    }
    close_all(&k->listener, 1);
    close_all(&k->wake, 1);
    pthread_mutex_destroy(&k->lock);
    free(k);
    return NULL;
}

void control_close(struct control *k)
{
    uint64_t one = 1;

    if (!k)
        return;
    atomic_store(&k->stopping, true);
    if (write(k->wake, &one, sizeof one) < 0)
        diag(k->n->diag, DIAG_WARN, "the control thread could not be woken", "errno=%d", errno);
    pthread_join(k->thread, NULL);
    unlink(k->path);
    for (size_t i = 0; i < LIMIT_CONTROL_COMMANDS; i++) {
        if (!k->commands[i].used)
            continue;
        atomic_store(&k->commands[i].cancelled, true);
        pthread_join(k->commands[i].thread, NULL);
        close_all(k->commands[i].fds, FDS);
        close(k->commands[i].socket);
    }
    close_all(&k->listener, 1);
    close_all(&k->wake, 1);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

/* ---- asking
 * ----------------------------------------------------------------------------------------------------
 */

static bool connect_to(const char *dir, int *out, struct err *e)
{
    struct sockaddr_un at;
    int folder, fd;
    bool ok;

    if (!address_of(dir, &at, &folder, e))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ok = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
    if (!ok && (errno == ENOENT || errno == ECONNREFUSED))
        err_fail(e, ERR_MISSING, "no server runs in %s", dir);
    else if (!ok && errno == EACCES)
        err_fail(e, ERR_DENIED, "the server in %s is another user's", dir);
    else if (!ok)
        err_system(e, errno, "%s/run/control", dir);
    if (folder >= 0)
        close(folder);
    if (!ok && fd >= 0)
        close(fd);
    *out = fd;
    return ok;
}

static bool print_command(int argc, char *const *argv, struct arena *a, struct bytes *out,
                          struct err *e)
{
    struct buf body = buf_in(a), whole = buf_in(a);

    buf_u32(&body, (uint32_t)argc);
    for (int i = 0; i < argc; i++) {
        buf_u32(&body, (uint32_t)strlen(argv[i]));
        buf_puts(&body, argv[i]);
    }
    if (body.n > LIMIT_CONTROL_BYTES || argc > LIMIT_CONTROL_ARGUMENTS)
        return err_fail(e, ERR_LIMIT, "the command line is too long for the server");
    buf_u32(&whole, (uint32_t)body.n);
    buf_put(&whole, buf_view(&body));
    return buf_end(&whole, out, e);
}

static bool send_command(int fd, struct bytes message, struct err *e)
{
    int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), fds[FDS] = {0, 1, 2, here};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof fds)];
    } control = {0};
    uint8_t head[4];
    struct iovec part = {head, sizeof head};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    bool ok;

    memcpy(head, message.p, sizeof head);
    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(h), fds, sizeof fds);
    ok = here >= 0 && sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)sizeof head &&
         write_all(fd, bytes_part(message, sizeof head, SIZE_MAX));
    if (here >= 0)
        close(here);
    return ok || err_system(e, errno, "the server did not take the command");
}

bool node_control_call(const char *dir, int argc, char *const *argv, int *exit_code, struct err *e)
{
    struct arena *a;
    struct bytes message;
    struct reader r;
    uint8_t answer[4];
    int fd = -1;
    bool ok;

    if (!connect_to(dir, &fd, e))
        return false;
    a = arena_new(LIMIT_CONTROL_BYTES * 8);
    ok = (a || err_fail(e, ERR_NOMEM, "out of memory")) &&
         print_command(argc, argv, a, &message, e) && send_command(fd, message, e);
    if (ok && !read_all(fd, answer, sizeof answer))
        ok = err_fail(e, ERR_IO,
                      "the server went away; whether the command took effect is "
                      "unknown");
    if (ok) {
        r = reader_of(bytes_of(answer, sizeof answer));
        *exit_code = (int)reader_u32(&r);
    }
    close(fd);
    arena_free(a);
    return ok;
}
