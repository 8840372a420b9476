/* stream: drive a psi run over a byte stream, with progress and a way to stop. */
#ifndef ENTENTE_PSI_STREAM_H
#define ENTENTE_PSI_STREAM_H

#include "psi/psi.h"

struct psi_stream {
    /* At least one byte in or out, or as many as there is room for. `*got` 0 is the end of the
     * stream. May wait at most `timeout_ms`; a time-out is success with *timed_out set. */
    bool (*read)(void *self, void *out, size_t n, unsigned timeout_ms, size_t *got, bool *timed_out,
                 struct err *e);
    /* Write some; *put may be 0 if *readable is set: the peer's bytes wait to be read first, which
     * keeps two writers from waiting for each other. */
    bool (*write)(void *self, const void *p, size_t n, unsigned timeout_ms, size_t *put,
                  bool *readable, struct err *e);
    /* Called now and then; false stops the run. May be NULL. */
    bool (*progress)(void *self, const struct psi_progress *p);
    void *self;
};

/* Run to the end. True: psi_matches and psi_summary hold. False: e says why. */
bool psi_run(struct psi *p, const struct psi_stream *s, struct err *e);

/* A stream over two file descriptors (the same one twice for a socket), non-blocking or not. */
struct psi_fds {
    int in, out;
};
struct psi_stream psi_stream_of_fds(struct psi_fds *fds);

#endif
