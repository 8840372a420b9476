/* The listener: one thread per connection, bounded in number, and a reaper that cuts whatever is
 * past its deadline (decision 0050). */
#include "base/limits.h"
#include "http/server_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REAP_MS 100

void server_count(struct http_server *s, uint64_t *what)
{
    pthread_mutex_lock(&s->lock);
    ++*what;
    pthread_mutex_unlock(&s->lock);
}

/* ---- the socket ---------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool address_of(const struct http_server_config *c, union address *out, socklen_t *n,
                       struct err *e)
{
    *out = (union address){0};
    if (c->host && inet_pton(AF_INET, c->host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(c->port);
        *n = sizeof out->v4;
    } else if (c->host && inet_pton(AF_INET6, c->host, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(c->port);
        *n = sizeof out->v6;
    } else {
        err_fail(e, ERR_INPUT, "\"%s\" is not a numeric address to listen on",
                 c->host ? c->host : "");
        return err_hint(e, "0.0.0.0 or :: listens on all");
    }
    return true;
}

static bool is_loopback(const union address *a)
{
    if (a->any.sa_family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static bool listen_at(int fd, const union address *at, socklen_t n, uint16_t *port)
{
    static const int on = 1, off = 0;
    union address got = {0};
    socklen_t got_n = sizeof got;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (at->any.sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
        bind(fd, &at->any, n) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, &got.any, &got_n) != 0)
        return false;
    *port = ntohs(got.any.sa_family == AF_INET ? got.v4.sin_port : got.v6.sin6_port);
    return true;
}

static int listen_on(struct http_server *s, struct err *e)
{
    union address at;
    socklen_t n = 0;
    int fd;

    if (!address_of(&s->c, &at, &n, e))
        return -1;
    if (!s->c.identity && !is_loopback(&at)) {
        err_fail(e, ERR_INPUT, "plain HTTP is for loopback addresses, not %s", s->c.host);
        return -1;
    }
    fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || !listen_at(fd, &at, n, &s->port)) {
        err_system(e, errno, "listening on %s port %u", s->c.host, s->c.port);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* ---- deadlines ------------------------------------------------------------------------------ */

static void reap(struct http_server *s)
{
    int64_t now = os_ticks_us(s->c.os);

    for (struct conn *k = s->conns; k; k = k->next)
        if (!k->late && now > atomic_load(&k->deadline)) {
            k->late = true;
            s->stats.late++;
            shutdown(k->fd, SHUT_RDWR); /* its thread wakes and cleans up */
        }
}

/* Wait for `changed` at most so long; the lock is held. */
static void wait_ms(struct http_server *s, unsigned ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += (long)ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&s->changed, &s->lock, &t);
}

static void *reaper(void *arg)
{
    struct http_server *s = arg;

    pthread_mutex_lock(&s->lock);
    while (!s->reaped) {
        wait_ms(s, REAP_MS);
        reap(s);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- open and close -------------------------------------------------------------------------- */

static void default_to(uint32_t *v, uint32_t preset)
{
    if (*v == 0)
        *v = preset;
}

static void fill_defaults(struct http_server_config *c)
{
    default_to(&c->connections, LIMIT_HTTP_CONNECTIONS);
    default_to(&c->connections_per_address, LIMIT_HTTP_CONNECTIONS_PER_ADDRESS);
    default_to(&c->header_ms, LIMIT_HTTP_HEADER_MS);
    default_to(&c->idle_ms, LIMIT_HTTP_IDLE_MS);
    default_to(&c->stall_ms, LIMIT_HTTP_STALL_MS);
    default_to(&c->least_rate, LIMIT_HTTP_LEAST_RATE);
    if (c->arena_bytes == 0)
        c->arena_bytes = LIMIT_HTTP_ARENA_BYTES;
    if (c->bodies_bytes == 0)
        c->bodies_bytes = LIMIT_HTTP_BODIES_BYTES;
}

__attribute__((format(printf, 2, 0))) static void say(void *cls, const char *format, va_list args)
{
    const struct http_server *s = cls;
    char text[ERR_TEXT_MAX];

    if (vsnprintf(text, sizeof text, format, args) > 0)
        diag(s->c.diag, DIAG_DEBUG, "http", "why=%.*s", (int)strcspn(text, "\n"), text);
}

/* The daemon's own credentials, which nobody gets: connection_event gives each session those of
 * our identity, and should that fail, there is no handshake. */
static int no_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                          gnutls_pcert_st **certs, unsigned *n, gnutls_ocsp_data_st **ocsp,
                          unsigned *ocsp_n, gnutls_privkey_t *key, unsigned *flags)
{
    (void)session, (void)info, (void)certs, (void)n, (void)ocsp, (void)ocsp_n, (void)key;
    (void)flags;
    return -1;
}

static bool start(struct http_server *s, int fd, struct err *e)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG |
                     (s->c.identity ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITY},
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)(uintptr_t)no_certificate},
        {MHD_OPTION_END, 0, NULL},
    };

    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, connection_request, s, MHD_OPTION_EXTERNAL_LOGGER, say, s,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, s->c.connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->c.connections_per_address,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, LIMIT_HTTP_POOL_BYTES, MHD_OPTION_THREAD_STACK_SIZE,
        LIMIT_HTTP_STACK_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION,
        connection_event, s, MHD_OPTION_URI_LOG_CALLBACK, connection_target, s,
        MHD_OPTION_NOTIFY_COMPLETED, connection_completed, s, MHD_OPTION_ARRAY,
        s->c.identity ? tls : tls + 2, MHD_OPTION_END);
    if (!s->daemon) {
        close(fd);
        return err_fail(e, ERR_NOMEM, "the HTTP server did not start: no memory or threads");
    }
    return true;
}

static void server_free(struct http_server *s)
{
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static struct http_server *server_new(const struct http_server_config *config,
                                      const struct http_handler *handler)
{
    struct http_server *s = calloc(1, sizeof *s);
    pthread_condattr_t clock;

    if (!s)
        return NULL;
    s->c = *config;
    s->handler = handler;
    fill_defaults(&s->c);
    s->bodies.most = s->c.bodies_bytes;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &clock);
    pthread_condattr_destroy(&clock);
    return s;
}

struct http_server *http_server_open(const struct http_server_config *config,
                                     const struct http_handler *handler, struct err *e)
{
    struct http_server *s = server_new(config, handler);
    int fd;

    if (!s) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    fd = listen_on(s, e);
    if (fd < 0 || !start(s, fd, e)) {
        server_free(s);
        return NULL;
    }
    if (pthread_create(&s->reaper, NULL, reaper, s) != 0) {
        err_fail(e, ERR_NOMEM, "the HTTP server did not start: no threads");
        MHD_stop_daemon(s->daemon);
        server_free(s);
        return NULL;
    }
    return s;
}

/* Until nothing runs, or the time is over. */
static void wait_for_running(struct http_server *s, uint32_t ms)
{
    int64_t until = os_ticks_us(s->c.os) + (int64_t)ms * 1000;

    pthread_mutex_lock(&s->lock);
    while (s->stats.running && os_ticks_us(s->c.os) < until)
        wait_ms(s, 20);
    pthread_mutex_unlock(&s->lock);
}

static void cut_all(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    for (struct conn *k = s->conns; k; k = k->next)
        shutdown(k->fd, SHUT_RDWR);
    s->reaped = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

void http_server_close(struct http_server *s, uint32_t ms)
{
    int fd;

    if (!s)
        return;
    atomic_store(&s->stopping, true);
    fd = MHD_quiesce_daemon(s->daemon);
    wait_for_running(s, ms);
    atomic_store(&s->cancelled, true);
    cut_all(s);
    pthread_join(s->reaper, NULL);
    MHD_stop_daemon(s->daemon);
    if (fd >= 0)
        close(fd);
    server_free(s);
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

void http_server_stats(struct http_server *s, struct http_stats *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->stats;
    pthread_mutex_unlock(&s->lock);
    out->bodies_bytes = atomic_load(&s->bodies.used);
}
