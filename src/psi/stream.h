/* stream: drive a psi run over a byte stream, with progress and a way to stop. */
#ifndef ENTENTE_PSI_STREAM_H
#define ENTENTE_PSI_STREAM_H

#include "psi/psi.h"

struct psi_stream {
    /* What is there to read, at most n bytes, without waiting. *got 0: nothing yet, or the end of
     * the stream if *end. */
    bool (*read)(void *self, void *out, size_t n, size_t *got, bool *end, struct err *e);
    /* Write what goes without waiting. */
    bool (*write)(void *self, const void *p, size_t n, size_t *put, struct err *e);
    /* Wait until one can read, or write if `writing`, or `timeout_ms` have passed. */
    bool (*wait)(void *self, bool reading, bool writing, unsigned timeout_ms, struct err *e);
    /* Called about once per slice of work; false stops the run. May be NULL. */
    bool (*progress)(void *self, const struct psi_progress *p);
    void *self;
};

/* Run to the end. True: psi_matches and psi_summary hold. False: e says why. */
bool psi_run(struct psi *p, const struct psi_stream *s, struct err *e);

/* A stream over two file descriptors (the same one twice for a socket), which it makes
 * non-blocking. They stay the caller's. */
struct psi_fds {
    int in, out;
};
bool psi_stream_of_fds(struct psi_fds *fds, struct psi_stream *out, struct err *e);

#endif
