/* rig: two parties on loopback, a handler with a bit of everything, and three ways to call it. */
#ifndef ENTENTE_TEST_HTTP_RIG_H
#define ENTENTE_TEST_HTTP_RIG_H

#include "support/support.h"

#include "http/http.h"

/* What the handler serves:
 *   /echo            the body (up to 1 MiB), with x-peer, x-path and x-query
 *   /small           takes 10 bytes
 *   /never           refused before the body
 *   /sink            takes a stream; answers its size and SHA-256
 *   /picky           a sink that refuses after 100 bytes
 *   /stream?n=5&chunked=1    n bytes of a pattern; broken=1: fails half-way
 *   /file            bytes 3 to 8 of a file
 *   /slow?ms=5       answers after that
 *   /silent, /split  a handler that does not answer, or lets a line break into a header */
struct rig {
    struct arena *arena;
    struct sign_key *server_key, *client_key;
    struct sign_public server_public, client_public;
    struct http_identity *server_id, *client_id;
    struct http_handler handler;
    struct http_server *server;
    struct http_address at;
    struct http_client *client;
    struct http_direct direct;
    atomic_int admitted, served, done, closed; /* calls seen */
    char *dir, *file;
};
/* `config` may leave os, host and identity out; NULL: the defaults. */
void rig_open(struct rig *r, const struct http_server_config *config);
void rig_close(struct rig *r);

struct transport rig_real(struct rig *r);
struct transport rig_direct(struct rig *r);

/* A call to this rig with the right pin. */
struct http_call rig_call(struct rig *r, enum http_method method, const char *target);
/* The same key for the same name. */
struct sign_key *rig_key(const char *name);

/* The pattern: byte i of the stream. */
uint8_t rig_byte(uint64_t i);
struct pattern {
    uint64_t at, n, fail_at;
    atomic_int *closed;
};
struct http_source rig_source(struct pattern *p, bool chunked);
struct checker {
    uint64_t at;
    bool wrong;
    uint64_t refuse_at; /* 0: never */
    unsigned sleep_ms;
};
struct http_sink rig_sink(struct checker *c);

/* A plain TCP connection to the rig. */
int rig_socket(const struct rig *r);
/* Milliseconds until the other side has closed, or -1 if it has not within `ms`. */
int rig_closed_within(int fd, int ms);
void rig_sleep(unsigned ms);
int64_t rig_ms(void);

#endif
