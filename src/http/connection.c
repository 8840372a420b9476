/* One connection: from libmicrohttpd's callbacks to the exchange, with its deadlines. All but
 * connection_event run in the connection's own thread. */
#include "base/limits.h"
#include "http/server_impl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BLOCK ((size_t)64 << 10)      /* four TLS records at a time */
#define DISCARD ((uint64_t)256 << 10) /* of a refused body is read, so that the answer arrives */
#define HANDSHAKE_MOST ((size_t)16 << 10) /* one message: a certificate of ours has 300 bytes */

static struct conn *conn_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return i ? i->socket_context : NULL;
}

static gnutls_session_t session_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return i ? (gnutls_session_t)i->tls_session : NULL;
}

/* ---- time ----------------------------------------------------------------------------------- */

static int64_t ticks(const struct conn *k)
{
    return os_ticks_us(k->server->c.os);
}

static void patience(struct conn *k, uint32_t ms)
{
    atomic_store(&k->deadline, ticks(k) + (int64_t)ms * 1000);
}

/* From here to ours_ends it is our own time: no deadline. */
static int64_t ours_begins(struct conn *k)
{
    atomic_store(&k->deadline, INT64_MAX);
    return ticks(k);
}

static void ours_ends(struct conn *k, int64_t from)
{
    pace_was_busy(&k->pace, from, ticks(k));
    atomic_store(&k->deadline, pace_deadline(&k->pace));
}

/* ---- the connection ------------------------------------------------------------------------- */

static void print_from(struct conn *k, const struct sockaddr *a)
{
    char host[INET6_ADDRSTRLEN] = "?";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)a;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)a;

    if (a && a->sa_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host))
        snprintf(k->from, sizeof k->from, "%s:%u", host, ntohs(v4->sin_port));
    else if (a && a->sa_family == AF_INET6 &&
             inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host))
        snprintf(k->from, sizeof k->from, "[%s]:%u", host, ntohs(v6->sin6_port));
    else
        snprintf(k->from, sizeof k->from, "?");
}

/* In the handshake: a certificate, if there is one, holds a key that we can name. */
static int check_client(gnutls_session_t session)
{
    struct sign_public key;
    unsigned n = 0;

    if (!gnutls_certificate_get_peers(session, &n) || n == 0)
        return 0;
    return peer_key(session, &key) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static void prepare_tls(const struct http_server *s, gnutls_session_t session)
{
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, s->c.identity->credentials);
    gnutls_certificate_server_set_request(
        session, s->c.peers == HTTP_PEERS_REQUIRED ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
    gnutls_certificate_send_x509_rdn_sequence(session, 1); /* no list of authorities */
    gnutls_session_set_verify_function(session, check_client);
    gnutls_handshake_set_max_packet_length(session, HANDSHAKE_MOST);
}

static void conn_link(struct conn *k)
{
    struct http_server *s = k->server;

    pthread_mutex_lock(&s->lock);
    s->stats.accepted++;
    s->stats.open++;
    k->next = s->conns;
    k->link = &s->conns;
    if (k->next)
        k->next->link = &k->next;
    s->conns = k;
    pthread_mutex_unlock(&s->lock);
}

static void conn_unlink(struct conn *k)
{
    struct http_server *s = k->server;

    pthread_mutex_lock(&s->lock);
    s->stats.open--;
    *k->link = k->next;
    if (k->next)
        k->next->link = k->link;
    pthread_mutex_unlock(&s->lock);
}

static void conn_open(struct http_server *s, struct MHD_Connection *c, void **context)
{
    int fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct conn *k = calloc(1, sizeof *k);

    *context = k;
    if (!k) {
        shutdown(fd, SHUT_RDWR);
        return;
    }
    k->server = s;
    k->fd = fd;
    print_from(k, MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    if (s->c.identity)
        prepare_tls(s, session_of(c));
    patience(k, s->c.header_ms);
    conn_link(k);
}

static void request_end(struct conn *k)
{
    struct http_server *s = k->server;

    if (k->x.q.arena)
        exchange_close(&k->x);
    pthread_mutex_lock(&s->lock);
    if (k->running && --s->stats.running == 0)
        pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    k->running = false;
    k->phase = PHASE_IDLE;
    patience(k, s->c.idle_ms);
}

void connection_event(void *cls, struct MHD_Connection *c, void **context,
                      enum MHD_ConnectionNotificationCode what)
{
    struct conn *k = *context;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        conn_open(cls, c, context);
        return;
    }
    if (!k)
        return;
    conn_unlink(k); /* the socket is closed after this: the reaper must not know it any more */
    request_end(k);
    free(k);
    *context = NULL;
}

/* ---- a request's headers ----------------------------------------------------------------------
 */

void *connection_target(void *cls, const char *uri, struct MHD_Connection *c)
{
    struct conn *k = conn_of(c);
    struct http_server *s = cls;
    struct bytes copy;
    unsigned status;

    if (!k || k->x.q.arena)
        return NULL;
    if (!exchange_open(&k->x, s->handler, &s->bodies, s->c.arena_bytes))
        return NULL;
    k->x.q.from = k->from;
    k->x.q.cancelled = &s->cancelled;
    k->phase = PHASE_HEADERS;
    k->discarded = 0;
    patience(k, s->c.header_ms);
    status = arena_copy(k->x.q.arena, bytes_text(uri), &copy, NULL)
                 ? target_split(copy, &k->x.q.path, &k->x.q.query)
                 : 503;
    if (status)
        exchange_refuse(&k->x, status, "not a path that is served");
    return k;
}

static enum MHD_Result collect_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                      size_t name_n, const char *value, size_t value_n)
{
    struct conn *k = cls;

    (void)kind;
    if (k->header_count == LIMIT_HTTP_HEADERS) {
        exchange_refuse(&k->x, 431, "too many headers");
        return MHD_NO;
    }
    k->headers[k->header_count++] =
        (struct http_header){bytes_of(name, name_n), bytes_trim(bytes_of(value, value_n))};
    return MHD_YES;
}

static void ask_peer(struct conn *k, struct MHD_Connection *c)
{
    if (!k->asked && k->server->c.identity)
        k->has_peer = peer_key(session_of(c), &k->peer);
    k->asked = true;
}

static void headers_take(struct conn *k, struct MHD_Connection *c, const char *method)
{
    struct exchange *x = &k->x;

    k->header_count = 0;
    MHD_get_connection_values_n(c, MHD_HEADER_KIND, collect_header, k);
    ask_peer(k, c);
    x->q.headers = k->headers;
    x->q.header_count = k->header_count;
    x->q.peer = k->has_peer ? &k->peer : NULL;
    if (!method_parse(bytes_text(method), &x->q.method))
        exchange_refuse(x, 501, "this method is not served");
    if (atomic_load(&k->server->stopping))
        exchange_refuse(x, 503, "the server is stopping");
}

/* ---- the response ------------------------------------------------------------------------------
 */

static ssize_t produce(void *cls, uint64_t at, char *out, size_t room)
{
    struct conn *k = cls;
    struct http_source *source = &k->x.r.source;
    struct err e = {0};
    int64_t from = ours_begins(k);
    size_t got = 0;
    bool ok = source->pull(source->self, (uint8_t *)out, room, &got, &e) && got <= room;

    pace_moved(&k->pace, from, got);
    ours_ends(k, from);
    if (!ok || (got == 0 && source->size != HTTP_SIZE_UNKNOWN && at < source->size)) {
        diag(k->server->c.diag, DIAG_WARN, "a response was cut off", "to=%s why=%s", k->from,
             ok ? "its source ended early" : e.text);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    return got ? (ssize_t)got : MHD_CONTENT_READER_END_OF_STREAM;
}

static struct MHD_Response *response_make(struct conn *k)
{
    const struct http_response *r = &k->x.r;

    if (r->source.pull && r->source.size)
        return MHD_create_response_from_callback(
            r->source.size == HTTP_SIZE_UNKNOWN ? MHD_SIZE_UNKNOWN : r->source.size, BLOCK, produce,
            k, NULL);
    return MHD_create_response_from_buffer(r->source.pull ? 0 : r->body.n,
                                           (void *)(uintptr_t)r->body.p, MHD_RESPMEM_PERSISTENT);
}

static bool headers_put(const struct conn *k, struct MHD_Response *m)
{
    const struct http_response *r = &k->x.r;

    for (size_t i = 0; i < r->header_count; i++)
        if (MHD_add_response_header(m, (const char *)r->headers[i].name.p,
                                    (const char *)r->headers[i].value.p) != MHD_YES)
            return false;
    return !atomic_load(&k->server->stopping) ||
           MHD_add_response_header(m, "Connection", "close") == MHD_YES;
}

static enum MHD_Result respond(struct conn *k, struct MHD_Connection *c)
{
    const struct http_server *s = k->server;
    struct MHD_Response *m = response_make(k);
    enum MHD_Result ok = MHD_NO;

    if (!m)
        return MHD_NO;
    if (headers_put(k, m)) {
        pace_start(&k->pace, ticks(k), s->c.stall_ms, s->c.least_rate);
        atomic_store(&k->deadline, k->x.r.source.pull ? pace_deadline(&k->pace)
                                                      : pace_whole(&k->pace, k->x.r.body.n));
        k->phase = PHASE_RESPONSE;
        ok = MHD_queue_response(c, k->x.r.status, m);
    }
    MHD_destroy_response(m);
    return ok;
}

/* ---- the request --------------------------------------------------------------------------------
 */

/* Refused, and more would come than we care to read: the answer goes out now, and with it the
 * connection. */
static bool answer_at_once(const struct conn *k)
{
    const struct exchange *x = &k->x;

    return x->refused && x->length &&
           (x->length > DISCARD ||
            http_header_find(x->q.headers, x->q.header_count, "Expect", NULL).n > 0);
}

static enum MHD_Result serve(struct conn *k, struct MHD_Connection *c)
{
    bool refused = k->x.refused;
    int64_t from = ours_begins(k);

    exchange_serve(&k->x);
    ours_ends(k, from);
    if (refused)
        server_count(k->server, &k->server->stats.refused);
    return respond(k, c);
}

static enum MHD_Result admit(struct conn *k, struct MHD_Connection *c, const char *method)
{
    struct http_server *s = k->server;
    int64_t from = ours_begins(k);

    pthread_mutex_lock(&s->lock);
    s->stats.running++;
    s->stats.requests++;
    pthread_mutex_unlock(&s->lock);
    k->running = true;
    pace_start(&k->pace, from, s->c.stall_ms, s->c.least_rate);
    headers_take(k, c, method);
    exchange_admit(&k->x);
    ours_ends(k, from);
    k->phase = PHASE_BODY;
    return answer_at_once(k) ? serve(k, c) : MHD_YES;
}

static enum MHD_Result take(struct conn *k, struct bytes part)
{
    int64_t from = ours_begins(k);

    pace_moved(&k->pace, from, part.n);
    if (k->x.refused)
        k->discarded += part.n;
    else
        exchange_take(&k->x, part);
    ours_ends(k, from);
    return k->discarded > DISCARD ? MHD_NO : MHD_YES;
}

enum MHD_Result connection_request(void *cls, struct MHD_Connection *c, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *size, void **context)
{
    struct conn *k = conn_of(c);

    (void)cls, (void)url, (void)version, (void)context;
    if (!k || !k->x.q.arena || k->phase == PHASE_RESPONSE)
        return MHD_NO;
    if (k->phase == PHASE_HEADERS)
        return admit(k, c, method);
    if (*size) {
        size_t n = *size;
        *size = 0;
        return take(k, bytes_of(data, n));
    }
    return serve(k, c);
}

void connection_completed(void *cls, struct MHD_Connection *c, void **context,
                          enum MHD_RequestTerminationCode how)
{
    struct conn *k = conn_of(c);

    (void)cls, (void)context, (void)how;
    if (k)
        request_end(k);
}
