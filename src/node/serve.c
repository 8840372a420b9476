/* A node that runs: the listener's threads, a few visitors, the control socket, and this thread,
 * which waits for signals and for bad news. */
#include "node/node_impl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define VISITORS 4                        /* a peer that is slow or gone holds up one of them */
#define CLOSE_MS 5000                     /* for requests that are under way */
#define WAIT_MOST_US 60000000LL           /* between two looks at the list of visits */
#define REQUEST_ARENA ((size_t)256 << 20) /* a cap: a piece with one object of the largest size */

struct serving {
    struct node *n;
    struct http_server *server, *metrics;
    struct control *control;
    pthread_t visitors[VISITORS];
    size_t visitors_n;
    struct arena *arena;
    struct clerks *clerks;
};

/* ---- visitors
 * --------------------------------------------------------------------------------------- */

static void wait_until(struct node *n, int64_t next)
{
    int64_t now = os_ticks_us(n->os);
    int64_t us = next > now ? next - now : 1000;
    struct timespec until;

    if (us > WAIT_MOST_US)
        us = WAIT_MOST_US;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += us % US_PER_S * 1000;
    until.tv_sec += us / US_PER_S + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&n->lock);
    if (!atomic_load(&n->stopping))
        pthread_cond_timedwait(&n->due, &n->lock, &until);
    pthread_mutex_unlock(&n->lock);
}

static void *visitor(void *self)
{
    struct node *n = self;
    struct carrier c;
    struct err e = {0};
    int64_t next;

    if (!carrier_open(n, &c, &e)) {
        diag_err(n->diag, DIAG_ERROR, "a visitor could not start", &e);
        return NULL;
    }
    while (!atomic_load(&n->stopping))
        if (!schedule_step(n, &c, false, &next))
            wait_until(n, next);
    carrier_close(&c);
    return NULL;
}

/* ---- signals
 * ------------------------------------------------------------------------------------------ */

int node_signals(struct err *e)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 ||
        (fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0) {
        err_system(e, errno, "signals");
        return -1;
    }
    return fd;
}

static void on_signal(struct node *n, int fd)
{
    struct signalfd_siginfo info;
    struct err e = {0};

    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGHUP) {
            diag(n->diag, DIAG_INFO, "asked to stop", "signal=%u", info.ssi_signo);
            atomic_store(&n->stopping, true);
        } else if (!node_reload(n, &e)) {
            diag_err(n->diag, DIAG_ERROR, "the configuration was not taken over", &e);
            err_clear(&e);
        }
    }
}

static void wait_for_the_end(struct node *n, int signals)
{
    struct pollfd fds[2] = {{.fd = n->wake_fd, .events = POLLIN},
                            {.fd = signals, .events = POLLIN}};
    uint64_t ignored;

    while (!atomic_load(&n->stopping) && !atomic_load(&n->broken)) {
        if (poll(fds, signals < 0 ? 1 : 2, -1) < 0 && errno != EINTR)
            return;
        if (fds[0].revents && read(n->wake_fd, &ignored, sizeof ignored) < 0 && errno != EAGAIN)
            return;
        if (signals >= 0 && fds[1].revents)
            on_signal(n, signals);
    }
}

void node_poke(struct node *n)
{
    uint64_t one = 1;
    int fd;

    pthread_mutex_lock(&n->lock);
    fd = n->wake_fd;
    if (fd >= 0 && write(fd, &one, sizeof one) < 0)
        diag(n->diag, DIAG_WARN, "the server could not be woken", "errno=%d", errno);
    pthread_mutex_unlock(&n->lock);
}

void node_stop(struct node *n)
{
    atomic_store(&n->stopping, true);
    node_poke(n);
}

/* ---- start and stop
 * ------------------------------------------------------------------------------------- */

static bool open_listeners(struct serving *s, struct err *e)
{
    struct node *n = s->n;
    const struct node_config *c = node_config(n);
    struct http_server_config main = {.os = n->os,
                                      .diag = n->diag,
                                      .host = c->listen.host,
                                      .port = c->listen.port,
                                      .identity = n->identity,
                                      .peers = HTTP_PEERS_ANY,
                                      .connections = c->connections,
                                      .arena_bytes = REQUEST_ARENA};
    struct http_server_config metrics = {.os = n->os,
                                         .diag = n->diag,
                                         .host = "127.0.0.1",
                                         .port = c->metrics_port,
                                         .connections = 4};

    s->server = http_server_open(&main, &n->handler, e);
    if (!s->server)
        return err_within(e, "listening");
    if (c->metrics_port && !(s->metrics = http_server_open(&metrics, &n->metrics, e)))
        return err_within(e, "metrics");
    pthread_mutex_lock(&n->lock);
    n->server = s->server;
    pthread_mutex_unlock(&n->lock);
    return true;
}

static bool start_visitors(struct serving *s, struct err *e)
{
    for (; s->visitors_n < VISITORS; s->visitors_n++)
        if (pthread_create(&s->visitors[s->visitors_n], NULL, visitor, s->n) != 0)
            return err_fail(e, ERR_NOMEM, "out of threads");
    return true;
}

static bool begin(struct serving *s, struct err *e)
{
    struct node *n = s->n;
    bool again;

    pthread_mutex_lock(&n->lock);
    again = n->serving;
    if (!again) {
        n->serving = true;
        n->since = os_now(n->os);
        n->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    pthread_mutex_unlock(&n->lock);
    if (again)
        return err_fail(e, ERR_DENIED, "it is serving already");
    return n->wake_fd >= 0 || err_system(e, errno, "eventfd");
}

/* In the order in which they use each other; who is still at work is waited for. */
static void end(struct serving *s)
{
    struct node *n = s->n;

    atomic_store(&n->stopping, true);
    pthread_mutex_lock(&n->lock);
    pthread_cond_broadcast(&n->due);
    n->server = NULL;
    pthread_mutex_unlock(&n->lock);
    control_close(s->control);
    http_server_close(s->metrics, 0);
    http_server_close(s->server, CLOSE_MS);
    for (size_t i = 0; i < s->visitors_n; i++)
        pthread_join(s->visitors[i], NULL);
    clerks_end(n, s->clerks);
    arena_free(s->arena);
    pthread_mutex_lock(&n->lock);
    if (n->wake_fd >= 0)
        close(n->wake_fd);
    n->wake_fd = -1;
    n->serving = false;
    pthread_mutex_unlock(&n->lock);
    atomic_store(&n->stopping, false);
}

bool node_serve(struct node *n, const struct node_serve *with, struct err *e)
{
    struct serving s = {.n = n};
    bool ok;

    if (!begin(&s, e))
        return false;
    ok = open_listeners(&s, e) &&
         (!with->run || (s.control = control_open(n, with->run, with->self, e))) &&
         start_visitors(&s, e) &&
         ((s.arena = arena_new(1 << 16)) || err_fail(e, ERR_NOMEM, "out of memory")) &&
         clerks_start(n, s.arena, &s.clerks, e);
    if (ok) {
        diag(n->diag, DIAG_INFO, "serving", "party=%.*s port=%u metrics=%u",
             BYTES_FMT(node_slug(n)), http_server_port(s.server),
             s.metrics ? http_server_port(s.metrics) : 0);
        if (with->ready)
            with->ready(with->self, http_server_port(s.server),
                        s.metrics ? http_server_port(s.metrics) : 0);
        wait_for_the_end(n, with->signals);
    }
    end(&s);
    diag(n->diag, DIAG_INFO, "stopped", "party=%.*s", BYTES_FMT(node_slug(n)));
    if (ok && atomic_load(&n->broken))
        return err_fail(e, ERR_IO, "a disk failed: what was being written is unknown") ||
               err_hint(e, "start again: it recovers from disk");
    return ok;
}
