#include "psi/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define INPUT_BYTES ((size_t)256 << 10)
#define WAIT_MS 1000 /* then psi_step looks at its clocks */

struct runner {
    struct psi *p;
    const struct psi_stream *s;
    uint8_t *in;
    size_t at, n; /* bytes read and not yet taken */
    bool end;
};

static bool feed(struct runner *r, bool *moved, struct err *e)
{
    size_t taken;

    if (r->at == r->n)
        return true;
    if (!psi_feed(r->p, bytes_of(r->in + r->at, r->n - r->at), &taken, e))
        return false;
    r->at += taken;
    *moved |= taken > 0;
    return true;
}

static bool read_some(struct runner *r, bool *moved, struct err *e)
{
    size_t got = 0;

    if (r->at == r->n && !r->end) {
        if (!r->s->read(r->s->self, r->in, INPUT_BYTES, &got, &r->end, e))
            return false;
        r->at = 0;
        r->n = got;
        *moved |= got > 0;
    }
    return feed(r, moved, e);
}

static bool write_some(struct runner *r, bool *moved, struct err *e)
{
    struct bytes out = psi_output(r->p);
    size_t put = 0;

    if (!out.n)
        return true;
    if (!r->s->write(r->s->self, out.p, out.n, &put, e))
        return false;
    psi_sent(r->p, put);
    *moved |= put > 0;
    return true;
}

/* The last bytes (a verdict, a reason) still have to go. */
static void flush(struct runner *r)
{
    struct err ignored = {0};
    bool moved = true;

    for (unsigned tries = 0; psi_output(r->p).n && tries < 10; tries += !moved) {
        moved = false;
        if (!write_some(r, &moved, &ignored) ||
            (!moved && !r->s->wait(r->s->self, false, true, WAIT_MS, &ignored)))
            return;
    }
}

static bool told_to_stop(struct runner *r)
{
    struct psi_progress g = psi_progress(r->p);
    return r->s->progress && !r->s->progress(r->s->self, &g);
}

static bool turn(struct runner *r, bool *done, struct err *e)
{
    enum psi_next next = psi_step(r->p, e);
    bool moved = next == PSI_WORK;

    *done = next == PSI_DONE;
    if (*done || next == PSI_FAILED)
        return *done;
    if (told_to_stop(r))
        psi_cancel(r->p);
    if (!write_some(r, &moved, e) || !read_some(r, &moved, e))
        return false;
    if (r->end && r->at == r->n && !moved)
        return psi_feed_end(r->p, e);
    if (!moved)
        return r->s->wait(r->s->self, r->at == r->n && !r->end, psi_output(r->p).n > 0, WAIT_MS, e);
    return true;
}

bool psi_run(struct psi *p, const struct psi_stream *s, struct err *e)
{
    struct runner r = {.p = p, .s = s, .in = malloc(INPUT_BYTES)};
    bool done = false, ok = true;

    if (!r.in)
        return err_fail(e, ERR_NOMEM, "no memory for a run");
    while (ok && !done)
        ok = turn(&r, &done, e);
    flush(&r);
    wipe(r.in, INPUT_BYTES);
    free(r.in);
    return ok;
}

/* ---- file descriptors --------------------------------------------------------------------- */

static bool fd_read(void *self, void *out, size_t n, size_t *got, bool *end, struct err *e)
{
    struct psi_fds *f = self;
    ssize_t k = read(f->in, out, n);

    if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return true;
    if (k < 0 && errno == ECONNRESET)
        k = 0;
    if (k < 0)
        return err_system(e, errno, "reading from the peer");
    *got = (size_t)k;
    *end = k == 0;
    return true;
}

static bool fd_write(void *self, const void *p, size_t n, size_t *put, struct err *e)
{
    struct psi_fds *f = self;
    ssize_t k = write(f->out, p, n);

    if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return true;
    if (k < 0)
        return err_system(e, errno, "writing to the peer");
    *put = (size_t)k;
    return true;
}

static bool fd_wait(void *self, bool reading, bool writing, unsigned timeout_ms, struct err *e)
{
    struct psi_fds *f = self;
    struct pollfd w[2] = {{.fd = reading ? f->in : -1, .events = POLLIN},
                          {.fd = writing ? f->out : -1, .events = POLLOUT}};

    if (poll(w, 2, (int)timeout_ms) < 0 && errno != EINTR)
        return err_system(e, errno, "waiting for the peer");
    return true;
}

bool psi_stream_of_fds(struct psi_fds *fds, struct psi_stream *out, struct err *e)
{
    int in = fcntl(fds->in, F_GETFL), o = fcntl(fds->out, F_GETFL);

    if (in < 0 || o < 0 || fcntl(fds->in, F_SETFL, in | O_NONBLOCK) < 0 ||
        fcntl(fds->out, F_SETFL, o | O_NONBLOCK) < 0)
        return err_system(e, errno, "the peer's connection");
    *out = (struct psi_stream){fd_read, fd_write, fd_wait, NULL, fds};
    return true;
}
