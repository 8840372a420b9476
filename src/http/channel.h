/* channel: a stream of bytes between two command lines, with no HTTP in it: TLS 1.3 between two
 * who share a secret (an external PSK with an ephemeral exchange, RFC 8446 2.2) or who know each
 * other's Ed25519 keys. Whoever listens on the wire learns sizes and times, also if the secret
 * comes out later.
 *
 *     int fd = channel_connect(&address, 10000, NULL, e);
 *     struct channel_how how = {.secret = secret};          // or .identity and .peer
 *     struct channel *c = channel_open(fd, &how, 10000, e); // takes fd; the handshake
 *     channel_write(c, p, n, &put, e); channel_wait(c, true, false, 1000, e); ...
 *     channel_close(c);
 *
 * A channel belongs to one thread. Reading and writing never wait.
 */
#ifndef ENTENTE_CHANNEL_H
#define ENTENTE_CHANNEL_H

#include "http/http.h"

#define CHANNEL_SECRET 32

/* Listen; more than one connection may wait. -1: ERR_INPUT, ERR_IO. */
int channel_listen(const struct http_address *at, uint16_t *port, struct err *e);
/* The next connection, waiting at most so long. -1: ERR_IO (nobody came; or `stop` could be read,
 * if it is not -1). */
int channel_accept(int listener, uint32_t wait_ms, int stop, struct err *e);
/* Connect, trying again while nobody listens there yet, for at most so long. -1: ERR_IO. */
int channel_connect(const struct http_address *at, uint32_t wait_ms, int stop, struct err *e);

struct channel_how {
    bool server;
    const uint8_t *secret;                /* CHANNEL_SECRET bytes, of full entropy; or NULL */
    const struct http_identity *identity; /* ours, */
    const struct sign_public *peer;       /* and the key that the other must prove */
};

struct channel;
/* NULL: ERR_PROOF (another secret or key, on either side), ERR_IO. */
struct channel *channel_open(int fd, const struct channel_how *how, uint32_t wait_ms,
                             struct err *e);
/* What was written and is not sent yet goes first, for at most wait_ms. NULL is fine. */
void channel_close(struct channel *c, uint32_t wait_ms);

/* At most n bytes; *got 0: nothing yet, or the end if *end. An end without TLS's own goodbye is
 * ERR_IO. */
bool channel_read(struct channel *c, void *out, size_t n, size_t *got, bool *end, struct err *e);
/* As many as go now. */
bool channel_write(struct channel *c, const void *p, size_t n, size_t *put, struct err *e);
/* Until one can read (or write), or wait_ms have passed, or `stop` can be read. */
bool channel_wait(struct channel *c, bool reading, bool writing, uint32_t wait_ms, int stop,
                  struct err *e);
/* All of it, or an error; for short messages. */
bool channel_send(struct channel *c, struct bytes what, uint32_t wait_ms, int stop, struct err *e);
bool channel_receive(struct channel *c, void *out, size_t n, uint32_t wait_ms, int stop,
                     struct err *e);

struct channel_traffic {
    uint64_t in, out; /* bytes on the wire, TLS's own included */
};
struct channel_traffic channel_traffic(const struct channel *c);

#endif
