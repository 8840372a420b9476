/* http: carries requests and responses between parties who know each other by key, and decides
 * nothing: who may ask what is the handler's business.
 *
 * TLS 1.3 only, no certificate authority: a party is its Ed25519 TLS key. A client names the key
 * it expects (the pin of the other's card) and sends nothing to any other; a server tells its
 * handler which key the client has proved. Certificates are mere envelopes of keys.
 *
 * A server:
 *
 *     struct http_identity *id = http_identity_open(tls_key, NULL, 0, e);
 *     struct http_server_config c = {.os = os, .host = "0.0.0.0", .port = 8443, .identity = id};
 *     struct http_server *s = http_server_open(&c, &handler, e);
 *     ...
 *     http_server_close(s, 5000);
 *
 * A client, through the interface that a simulation can replace:
 *
 *     struct http_client *k = http_client_open(os, id, NULL, e);
 *     struct transport t = http_client_transport(k);
 *     struct http_call call = {.method = HTTP_GET, .at = &address, .pin = &their_key,
 *                              .target = "/entente/v1/card", .arena = a, .body_most = 65536};
 *     struct http_reply reply;
 *     if (!transport_call(&t, &call, &reply, e)) ...      // nothing usable came
 *     if (reply.status != 200) ...                        // they said no
 *
 * The same handler serves real connections and http_call_direct, which needs no socket: two nodes
 * in one thread talk through it.
 *
 * Threads: a handler is called from many threads at once, one per connection, and may block; it
 * holds up nobody else. A client belongs to one thread at a time. An identity is const.
 */
#ifndef ENTENTE_HTTP_H
#define ENTENTE_HTTP_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/os.h"
#include "crypto/crypto.h"

#include <stdatomic.h>

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE };
const char *http_method_name(enum http_method m);

/* ---- where a party is ----------------------------------------------------------------- */

#define HTTP_HOST_MAX 253 /* a DNS name (RFC 1035) without its final dot */
#define HTTP_PATH_MAX 255 /* of an address in a card: read by people */

struct http_address {
    char host[HTTP_HOST_MAX + 1]; /* name in lower case, dotted IPv4, or IPv6 without brackets */
    uint16_t port;                /* never 0 */
    bool is_v6;
};
/* "host:port" or "[v6]:port", each address in its one canonical spelling. ERR_INPUT. */
bool http_address_parse(struct bytes text, struct http_address *out, struct err *e);
/* The text that parses to it. */
#define HTTP_ADDRESS_TEXT_MAX (HTTP_HOST_MAX + 9)
void http_address_print(const struct http_address *at, char out[HTTP_ADDRESS_TEXT_MAX]);

/* An address of a card: "https://host", "https://host:8443/prefix". Port 443 if none is given (and
 * it must not be given then); no user, query, fragment, dot segments, or final slash. */
struct http_url {
    struct http_address at;
    char path[HTTP_PATH_MAX + 1]; /* "" or "/prefix": put before each target */
};
bool http_url_parse(struct bytes text, struct http_url *out, struct err *e);
#define HTTP_URL_TEXT_MAX (HTTP_ADDRESS_TEXT_MAX + HTTP_PATH_MAX + 9)
void http_url_print(const struct http_url *url, char out[HTTP_URL_TEXT_MAX]);

/* ---- parts of a message ---------------------------------------------------------------- */

struct http_header {
    struct bytes name, value; /* the value without blanks at its ends */
};
/* The only header of this name (in any case), or the first if *n is given: then *n says how many
 * there are. Without n, a second one counts as absence: nobody may choose between them. */
struct bytes http_header_find(const struct http_header *headers, size_t count, const char *name,
                              size_t *n);

/* A body that is made piece by piece. */
struct http_source {
    /* At most `room` bytes to `out`; *got == 0 is the end. May block. False: the message is cut
     * off so that the other side notices. NULL: there is no source. */
    bool (*pull)(void *self, uint8_t *out, size_t room, size_t *got, struct err *e);
    /* Called exactly once, however it ended, by whoever took the source. May be NULL. */
    void (*close)(void *self);
    void *self;
    uint64_t size; /* exactly so many bytes will come; HTTP_SIZE_UNKNOWN: sent in chunks */
};
#define HTTP_SIZE_UNKNOWN UINT64_MAX

/* A body that is taken piece by piece. May block, and so slows the sender. False: we want no
 * more. NULL: there is no sink. */
struct http_sink {
    bool (*push)(void *self, struct bytes part, struct err *e);
    void *self;
};

/* %HH decoded, all else taken literally ('+' too). ERR_INPUT: a broken escape, a byte that may not
 * stand in a URL, or a result that is not UTF-8 or holds control characters. */
bool http_percent_decode(struct bytes text, struct arena *a, struct bytes *out, struct err *e);
/* Letters, digits and -._~ stay, all else becomes %HH. */
bool http_percent_encode(struct bytes text, struct arena *a, struct bytes *out, struct err *e);

struct http_param {
    struct bytes name, value; /* decoded */
};
/* "a=1&b=2", decoded, in order; an empty query has none. ERR_INPUT, ERR_LIMIT. */
bool http_query_parse(struct bytes query, struct arena *a, struct http_param **out, size_t *n,
                      struct err *e);
/* *found tells whether it is there; ERR_INPUT if it is there twice. */
bool http_query_find(const struct http_param *params, size_t n, const char *name, bool *found,
                     struct bytes *value, struct err *e);
/* Cut "/segment" off *path. False at its end, or if it does not begin with a slash. */
bool http_path_next(struct bytes *path, struct bytes *segment);

/* ---- who we are ------------------------------------------------------------------------ */

/* The key and its certificate: self-signed X.509, made in memory, the same each time (fixed serial
 * and dates; Ed25519 signs deterministically). Nobody relies on it for more than the key. */
struct http_identity;

/* `names`: host names or IP addresses for clients that insist on them (subjectAltName); may be
 * none. The key is copied: it may go. NULL: ERR_NOMEM, ERR_IO, ERR_INPUT. */
struct http_identity *http_identity_open(const struct sign_key *key, const char *const *names,
                                         size_t n, struct err *e);
void http_identity_close(
    struct http_identity *id); /* after its servers and clients; NULL is fine */
struct sign_public http_identity_public(const struct http_identity *id);
/* The certificate in DER, for `entente card show` and for clients that want a file. */
struct bytes http_identity_certificate(const struct http_identity *id);

/* ---- serving --------------------------------------------------------------------------- */

struct http_request {
    enum http_method method;
    struct bytes path;  /* as sent, percent escapes and all; begins with '/'. Never a file path */
    struct bytes query; /* as sent, without '?' */
    const struct http_header *headers;
    size_t header_count;
    struct bytes body;              /* empty if it went to a sink */
    const struct sign_public *peer; /* proved by TLS, on the prime-order curve; NULL: none given */
    const char *from;               /* their address, for diagnostics */
    struct arena *arena;            /* the request's: lives until the response has been sent */
    const atomic_bool *cancelled;   /* the server stops: long work should end */
    void *state;                    /* the handler's, from admit to serve */
};

#define HTTP_RESPONSE_HEADERS 16

/* Filled through the functions below; what it points to lives as long as the request's arena. */
struct http_response {
    struct arena *arena;
    unsigned status; /* 0: not answered, which the client sees as 500 */
    struct http_header headers[HTTP_RESPONSE_HEADERS];
    size_t header_count;
    struct bytes body;
    struct http_source source; /* instead of body, if it has a pull */
    bool failed;               /* a header was refused: sent as 500 */
};
/* Status, Content-Type and body (a view that outlives the request: its arena, or const). */
void http_respond(struct http_response *r, unsigned status, const char *type, struct bytes body);
/* text/plain, for refusals; cut at ERR_TEXT_MAX, escaped. */
void http_respond_text(struct http_response *r, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void http_respond_source(struct http_response *r, unsigned status, const char *type,
                         struct http_source source);
/* n bytes of an open file from `at`; the file is closed at the end, also if this fails. */
void http_respond_file(struct http_response *r, const char *type, const struct os *os,
                       struct os_file *file, uint64_t at, uint64_t n);
/* One more header; an empty value is none. A control character in the value or a seventeenth header
 * makes the response a 500: no peer writes into our headers. Content-Length, Date and Connection
 * are not yours. */
void http_response_header(struct http_response *r, const char *name, struct bytes value);

/* What is to be done with a request's body. */
struct http_intake {
    uint64_t body_most;    /* bytes; more is answered with 413. 0, as preset: no body is taken */
    struct http_sink sink; /* without a push it is collected in request->body */
};

struct http_handler {
    void *self;
    /* The headers are here, nothing of the body has been read. True: go on, and take as much
     * as *in says. False: answer with *r now and read no more. NULL: no bodies. */
    bool (*admit)(void *self, struct http_request *q, struct http_intake *in,
                  struct http_response *r);
    /* The request is here. Called once for each admitted request whose body came whole. */
    void (*serve)(void *self, struct http_request *q, struct http_response *r);
    /* The response has been sent, or given up: the last call for q, for each q that reached
     * admit (serve, if admit is NULL). May be NULL. */
    void (*done)(void *self, struct http_request *q);
};

enum http_peers {
    HTTP_PEERS_ANY,      /* a client may have a certificate */
    HTTP_PEERS_REQUIRED, /* without one the TLS handshake fails */
};

/* Zeros mean the defaults of base/limits.h. */
struct http_server_config {
    const struct os *os;                  /* for deadlines */
    const struct diag *diag;              /* may be NULL */
    const char *host;                     /* a numeric address; "::" takes IPv4 as well */
    uint16_t port;                        /* 0: the system chooses */
    const struct http_identity *identity; /* NULL: plain HTTP, on loopback addresses only */
    enum http_peers peers;
    unsigned connections;             /* in all: each has a thread while it lives */
    unsigned connections_per_address; /* from one address */
    uint32_t header_ms;               /* handshake and headers must be through by then */
    uint32_t idle_ms;                 /* between requests */
    uint32_t stall_ms;                /* a body may rest so long over its least rate */
    uint32_t least_rate;              /* bytes/s of a body, on average, either way */
    size_t arena_bytes;               /* cap of each request's arena */
    size_t bodies_bytes;              /* collected bodies of all requests together; then 503 */
};

struct http_server;

/* Listens when it returns. The config is copied; handler, identity, os and diag are kept.
 * NULL: ERR_INPUT (address), ERR_IO (port taken), ERR_NOMEM. */
struct http_server *http_server_open(const struct http_server_config *config,
                                     const struct http_handler *handler, struct err *e);
/* Stop listening, let running requests end for at most wait_ms, then cut them off (cancelled is
 * set; a handler is waited for). NULL is fine. */
void http_server_close(struct http_server *s, uint32_t wait_ms);
uint16_t http_server_port(const struct http_server *s);

struct http_stats {
    uint64_t accepted;     /* connections, also those that ended in the handshake */
    uint64_t requests;     /* that reached admit */
    uint64_t refused;      /* answered by http itself: malformed, 413, 503 */
    uint64_t late;         /* connections cut at a deadline */
    uint32_t open;         /* connections now */
    uint32_t running;      /* requests now */
    uint64_t bodies_bytes; /* collected now */
};
void http_server_stats(struct http_server *s, struct http_stats *out);

/* ---- asking ---------------------------------------------------------------------------- */

enum http_trust {
    HTTP_TRUST_PIN,    /* TLS 1.3 to the holder of call->pin, showing our certificate */
    HTTP_TRUST_SYSTEM, /* a stranger under the system's authorities (a public witness, a TAXII
                          server): TLS 1.2 or 1.3, host name checked, we show no certificate */
    HTTP_TRUST_LOCAL,  /* plain HTTP to 127.0.0.1 or ::1 */
};

/* Zeros mean the defaults of base/limits.h. */
struct http_call {
    enum http_method method;
    const struct http_address *at;
    enum http_trust trust;
    const struct sign_public *pin;
    const char *prefix; /* of the URL in their card; NULL: none */
    const char *target; /* path and query, encoded; begins with '/' */
    const struct http_header *headers;
    size_t header_count;
    struct bytes body;
    struct http_source *source; /* instead of body; taken, and closed, in every case */
    struct arena *arena;        /* for the reply */
    size_t body_most;           /* of reply->body; more is ERR_LIMIT */
    /* Takes the body of a 2xx reply, of any length; others still go to reply->body. May be NULL.
     * What it took of a reply that then fails must be thrown away or be checkable by itself. */
    struct http_sink *sink;
    uint32_t connect_ms;       /* name, connection and handshake */
    uint32_t total_ms;         /* the whole call; HTTP_NO_DEADLINE: the stall limit alone ends it */
    uint32_t stall_ms;         /* no bytes for so long (time in source and sink does not count) */
    uint32_t least_rate;       /* bytes/s, on average, beyond stall_ms */
    const atomic_bool *cancel; /* set from any thread: ends within 0.2 s. May be NULL */
};
#define HTTP_NO_DEADLINE UINT32_MAX

struct http_reply {
    unsigned status;
    const struct http_header *headers; /* in the arena */
    size_t header_count;
    struct bytes body; /* in the arena */
};

/* Anything that carries calls: a client with sockets, or a simulation. True: a whole reply came,
 * whatever its status. ERR_PROOF: another key answered, and has learnt nothing; ERR_IO: no
 * connection, cut off, late, or cancelled; ERR_PEER: no HTTP; ERR_LIMIT: reply too large;
 * ERR_INPUT: a call that cannot be sent; what source or sink said, if they failed.
 *
 * A call on a kept connection that the server closed at that moment goes out once more on a new
 * one: a POST may arrive twice, so the protocols above make it harmless to repeat. */
struct transport {
    bool (*call)(void *self, const struct http_call *call, struct http_reply *reply, struct err *e);
    void *self;
};
bool transport_call(const struct transport *t, const struct http_call *call,
                    struct http_reply *reply, struct err *e);

/* A client keeps connections open for further calls. `identity` may be NULL (we show no
 * certificate). `authorities`: a PEM file instead of the system's for HTTP_TRUST_SYSTEM, or NULL.
 * No proxies, no redirects, no cookies, no compression. NULL: ERR_NOMEM. */
struct http_client;
struct http_client *http_client_open(const struct os *os, const struct http_identity *identity,
                                     const char *authorities, struct err *e);
void http_client_close(struct http_client *k); /* NULL is fine */
bool http_client_call(struct http_client *k, const struct http_call *call, struct http_reply *reply,
                      struct err *e);
struct transport http_client_transport(struct http_client *k);

/* The same call without sockets: straight into a handler, in this thread, with the outcome that a
 * server of the default config and a client would have. `server` is the key the handler's node
 * shows, `client` ours (NULL: none). */
struct http_direct {
    const struct http_handler *handler;
    const struct sign_public *server, *client;
    const char *from;   /* as request->from; NULL: "direct" */
    size_t arena_bytes; /* 0: the default */
};
bool http_call_direct(const struct http_direct *d, const struct http_call *call,
                      struct http_reply *reply, struct err *e);

#endif
