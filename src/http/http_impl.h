/* What the files of this folder share. */
#ifndef ENTENTE_HTTP_IMPL_H
#define ENTENTE_HTTP_IMPL_H

#include "http/http.h"

#include <gnutls/gnutls.h>

/* ---- pace.c: is a body moving fast enough ------------------------------------------------ */

/* Time spent in our own callbacks is not the other side's fault and does not count. Used by one
 * thread. */
struct pace {
    int64_t start, last, busy; /* microseconds; last: when anything moved */
    uint64_t bytes, grace;
    uint32_t rate; /* bytes/s */
};
void pace_start(struct pace *p, int64_t now, uint32_t grace_ms, uint32_t rate);
void pace_moved(struct pace *p, int64_t now, uint64_t bytes);
/* From `from` to `to` it was us. */
void pace_was_busy(struct pace *p, int64_t from, int64_t to);
/* When patience ends: nothing for the grace, or less than the rate beyond it. */
int64_t pace_deadline(const struct pace *p);
/* The same for so many bytes whose going we do not see. */
int64_t pace_whole(const struct pace *p, uint64_t bytes);

/* ---- message.c: parts that both sides check ----------------------------------------------- */

/* False if there is no such method here. */
bool method_parse(struct bytes name, enum http_method *out);
/* "/path?query": printable ASCII without '#', not too long. Returns 0, or 400 or 414. */
unsigned target_split(struct bytes target, struct bytes *path, struct bytes *query);
/* A token (RFC 9110 5.6.2); a value of printable ASCII with single blanks inside allowed. */
bool header_valid(struct bytes name, struct bytes value);
/* A header that this module makes itself. */
bool header_is_ours(struct bytes name);
bool status_has_body(unsigned status);
/* What a caller must have got right, whoever carries the call. */
bool call_check(const struct http_call *call, struct err *e);
/* Close the source of a call, if there is one. */
void call_done(const struct http_call *call);
bool wrong_key(struct err *e, const struct http_call *call);

/* ---- exchange.c: one request in a handler's hands, by whatever way it came ---------------- */

/* Bodies of all requests of a server together. */
struct budget {
    atomic_size_t used;
    size_t most;
};

struct exchange {
    const struct http_handler *handler;
    struct budget *bodies; /* NULL: no common bound */
    struct http_request q;
    struct http_response r;
    struct http_intake in;
    atomic_bool never;
    bool reached;    /* the handler has seen it, so it is owed `done` */
    bool refused;    /* r is set and the handler will not see more */
    uint64_t length; /* of the body, as announced; HTTP_SIZE_UNKNOWN: chunked */
    uint64_t got;
    uint8_t *body; /* on the heap, so that it can grow within the budget */
    size_t body_cap;
};
/* False: out of memory. */
bool exchange_open(struct exchange *x, const struct http_handler *handler, struct budget *bodies,
                   size_t arena_bytes);
/* Method, path, query and headers are in x->q: check the framing, ask the handler. */
void exchange_admit(struct exchange *x);
void exchange_take(struct exchange *x, struct bytes part);
/* All of the body was taken: x->r is the response, always with a status. */
void exchange_serve(struct exchange *x);
/* The response has gone, or never will. */
void exchange_close(struct exchange *x);
void exchange_refuse(struct exchange *x, unsigned status, const char *why);

/* ---- identity.c ---------------------------------------------------------------------------- */

struct http_identity {
    struct sign_public public;
    gnutls_certificate_credentials_t credentials; /* shared by all sessions, only read */
    gnutls_datum_t certificate;                   /* DER */
    int pem;           /* a sealed file in memory with key and certificate, for libcurl */
    char pem_path[32]; /* where libcurl finds it */
};
/* TLS 1.3, Ed25519 certificates, AEAD ciphers: all a party needs. */
#define TLS_PRIORITY                                                                               \
    "NONE:+VERS-TLS1.3:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+GROUP-X25519:"          \
    "+GROUP-SECP256R1:+SIGN-EDDSA-ED25519:+CTYPE-X509:%SERVER_PRECEDENCE"
/* The Ed25519 key of the other side's certificate, proved by the handshake. */
bool peer_key(gnutls_session_t session, struct sign_public *out);

#endif
