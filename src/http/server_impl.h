/* What server.c and connection.c share. */
#ifndef ENTENTE_HTTP_SERVER_IMPL_H
#define ENTENTE_HTTP_SERVER_IMPL_H

#include "http/http_impl.h"

#include <microhttpd.h>
#include <pthread.h>

#define FROM_MAX 64 /* "[v6]:port" */

enum phase { PHASE_IDLE, PHASE_HEADERS, PHASE_BODY, PHASE_RESPONSE };

/* One connection, used by its own thread; the reaper reads fd and deadline. */
struct conn {
    struct conn *next, **link; /* of server->conns; guarded by server->lock */
    struct http_server *server;
    int fd;
    bool late; /* the reaper has cut it; guarded by server->lock */
    _Atomic int64_t deadline;
    char from[FROM_MAX];
    bool asked, has_peer; /* the TLS session has been asked for the key */
    struct sign_public peer;
    enum phase phase;
    bool running; /* counted in stats.running */
    struct pace pace;
    struct exchange x;
    struct http_header headers[LIMIT_HTTP_HEADERS];
    size_t header_count;
    uint64_t discarded;
};

struct http_server {
    struct http_server_config c; /* with the defaults filled in */
    const struct http_handler *handler;
    struct MHD_Daemon *daemon;
    struct budget bodies;
    uint16_t port;
    atomic_bool stopping;  /* no new requests */
    atomic_bool cancelled; /* running ones should end */
    pthread_t reaper;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool reaped; /* the reaper may go */
    struct conn *conns;
    struct http_stats stats;
};

void server_count(struct http_server *s, uint64_t *what);

/* libmicrohttpd's callbacks; cls is the server. */
void connection_event(void *cls, struct MHD_Connection *c, void **context,
                      enum MHD_ConnectionNotificationCode what);
void *connection_target(void *cls, const char *uri, struct MHD_Connection *c);
enum MHD_Result connection_request(void *cls, struct MHD_Connection *c, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *size, void **context);
void connection_completed(void *cls, struct MHD_Connection *c, void **context,
                          enum MHD_RequestTerminationCode how);

#endif
