#include "match/worker.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/reader.h"
#include "psi/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_MS 60000 /* for a job and its digests: then whoever started us has gone */

/* ---- frames ---- */

void worker_head(uint8_t out[WORKER_HEAD], uint8_t type, size_t n)
{
    out[0] = type;
    out[1] = (uint8_t)(n >> 16);
    out[2] = (uint8_t)(n >> 8);
    out[3] = (uint8_t)n;
}

bool worker_head_read(const uint8_t in[WORKER_HEAD], uint8_t *type, size_t *n)
{
    *type = in[0];
    *n = (size_t)in[1] << 16 | (size_t)in[2] << 8 | in[3];
    return *n <= WORKER_BODY;
}

static void put64(uint8_t *out, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (56 - 8 * i));
}

void worker_job_encode(const struct worker_job *j, uint8_t out[WORKER_JOB_BYTES])
{
    out[0] = (uint8_t)j->role;
    out[1] = (uint8_t)j->mode;
    out[2] = (uint8_t)j->code;
    put64(out + 3, j->items);
    put64(out + 11, j->declared);
    put64(out + 19, j->peer);
    memcpy(out + 27, j->context.b, 32);
}

bool worker_job_decode(struct bytes in, struct worker_job *out, struct err *e)
{
    struct reader r = reader_of(in);
    struct worker_job j = {0};

    j.role = (enum psi_role)reader_u8(&r);
    j.mode = (enum psi_mode)reader_u8(&r);
    j.code = (enum psi_code)reader_u8(&r);
    j.items = reader_u64(&r);
    j.declared = reader_u64(&r);
    j.peer = reader_u64(&r);
    reader_copy(&r, j.context.b, sizeof j.context.b);
    if (!reader_end(&r, e))
        return err_within(e, "a worker's job");
    if ((j.role != PSI_RECEIVER && j.role != PSI_SENDER) || j.mode > PSI_SEMI_HONEST ||
        j.code > PSI_CODE_21X24 || j.items > LIMIT_PSI_ITEMS || j.declared > LIMIT_PSI_ITEMS ||
        j.peer > LIMIT_PSI_ITEMS || j.items > j.declared)
        return err_fail(e, ERR_INPUT, "a worker's job that cannot be");
    *out = j;
    return true;
}

void worker_report_encode(const struct worker_report *r, uint8_t out[WORKER_REPORT_BYTES])
{
    const uint64_t v[5] = {r->duplicates, r->capacity, r->bytes_in, r->bytes_out, r->memory};

    for (int i = 0; i < 5; i++)
        put64(out + 8 * i, v[i]);
    memcpy(out + 40, r->transcript.b, 32);
}

bool worker_report_decode(struct bytes in, struct worker_report *out, struct err *e)
{
    struct reader r = reader_of(in);
    struct worker_report t = {0};

    t.duplicates = reader_u64(&r);
    t.capacity = reader_u64(&r);
    t.bytes_in = reader_u64(&r);
    t.bytes_out = reader_u64(&r);
    t.memory = reader_u64(&r);
    reader_copy(&r, t.transcript.b, sizeof t.transcript.b);
    *out = t;
    return reader_end(&r, e) || err_within(e, "a worker's report");
}

/* ---- the worker ---- */

struct worker {
    int in, out;
    bool stop, end;
    /* the frame that is coming in */
    uint8_t head[WORKER_HEAD], type;
    size_t head_n, left;
    /* what goes out: whole frames, one behind the other */
    uint8_t *queue;
    size_t from, to;
    struct psi_progress said;
};
#define QUEUE (4 * (WORKER_BODY + WORKER_HEAD))

/* At most n bytes of the present frame's body; *got 0: nothing now. */
static bool read_fd(struct worker *w, void *out, size_t n, size_t *got, struct err *e)
{
    ssize_t k = read(w->in, out, n);

    *got = k > 0 ? (size_t)k : 0;
    if (k == 0)
        return err_fail(e, ERR_IO, "whoever started this worker has gone");
    return k > 0 || errno == EAGAIN || errno == EINTR || err_system(e, errno, "a worker's input");
}

/* The head of the next frame, if it is there. */
static bool next_frame(struct worker *w, bool *there, struct err *e)
{
    size_t got = 1;

    while (w->left == 0 && w->head_n < WORKER_HEAD && got) {
        if (!read_fd(w, w->head + w->head_n, WORKER_HEAD - w->head_n, &got, e))
            return false;
        w->head_n += got;
        if (w->head_n < WORKER_HEAD)
            continue;
        if (!worker_head_read(w->head, &w->type, &w->left))
            return err_fail(e, ERR_INPUT, "a worker was given something that is no frame");
        w->stop |= w->type == 'X';
        w->end |= w->type == 'E';
        if (w->left == 0)
            w->head_n = 0;
        if (w->type == 'X' || w->type == 'E' || w->type == 'G')
            break;
    }
    *there = w->left > 0;
    return true;
}

static bool took(struct worker *w, size_t n)
{
    w->left -= n;
    if (w->left == 0)
        w->head_n = 0;
    return true;
}

static bool flush(struct worker *w, struct err *e)
{
    while (w->from < w->to) {
        ssize_t k = write(w->out, w->queue + w->from, w->to - w->from);
        if (k < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (k < 0)
            return err_system(e, errno, "a worker's output");
        w->from += (size_t)k;
    }
    w->from = w->to = 0;
    return true;
}

static bool has_room(const struct worker *w, size_t n)
{
    return QUEUE - w->to >= n + WORKER_HEAD;
}

static void put_frame(struct worker *w, uint8_t type, const void *body, size_t n)
{
    worker_head(w->queue + w->to, type, n);
    if (n)
        memcpy(w->queue + w->to + WORKER_HEAD, body, n);
    w->to += WORKER_HEAD + n;
}

static bool wait_fd(struct worker *w, bool reading, unsigned ms, struct err *e)
{
    struct pollfd f[2] = {{.fd = reading ? w->in : -1, .events = POLLIN},
                          {.fd = w->from < w->to ? w->out : -1, .events = POLLOUT}};

    if (poll(f, 2, (int)ms) < 0 && errno != EINTR)
        return err_system(e, errno, "a worker");
    return flush(w, e);
}

/* All of what waits, and this: for the last words. */
static bool put_last(struct worker *w, uint8_t type, const void *body, size_t n, struct err *e)
{
    for (unsigned tries = 0; !has_room(w, n) || w->from < w->to; tries++)
        if (tries > 60 || !wait_fd(w, false, 1000, e))
            return false;
    put_frame(w, type, body, n);
    for (unsigned tries = 0; w->from < w->to; tries++)
        if (tries > 60 || !wait_fd(w, false, 1000, e))
            return false;
    return true;
}

/* ---- psi's stream ---- */

static bool w_read(void *self, void *out, size_t n, size_t *got, bool *end, struct err *e)
{
    struct worker *w = self;
    bool there;

    if (!next_frame(w, &there, e))
        return false;
    if (there && w->type != 'P')
        return err_fail(e, ERR_INPUT, "a worker was given a frame out of place");
    *end = w->end && !there;
    if (!there)
        return true;
    return read_fd(w, out, n < w->left ? n : w->left, got, e) && took(w, *got);
}

static bool w_write(void *self, const void *p, size_t n, size_t *put, struct err *e)
{
    struct worker *w = self;
    size_t some = n < WORKER_BODY ? n : WORKER_BODY;

    if (!flush(w, e))
        return false;
    *put = has_room(w, some) ? some : 0;
    if (*put)
        put_frame(w, 'P', p, some);
    return flush(w, e);
}

static bool w_wait(void *self, bool reading, bool writing, unsigned ms, struct err *e)
{
    (void)writing;
    return wait_fd(self, reading, ms, e);
}

static bool w_progress(void *self, const struct psi_progress *p)
{
    struct worker *w = self;
    uint8_t body[WORKER_PROGRESS_BYTES];
    struct err ignored = {0};

    if ((p->stage != w->said.stage || p->done > w->said.done + p->of / 100) &&
        has_room(w, sizeof body)) {
        body[0] = (uint8_t)p->stage;
        put64(body + 1, p->done);
        put64(body + 9, p->of);
        put_frame(w, 'S', body, sizeof body);
        w->said = *p;
    }
    return flush(w, &ignored) && !w->stop;
}

/* ---- the job ---- */

/* A whole body of the frame at hand. */
static bool whole(struct worker *w, uint8_t *out, struct bytes *body, struct err *e)
{
    size_t n = w->left, at = 0, got;

    while (at < n) {
        if (!read_fd(w, out + at, n - at, &got, e) || (!got && !wait_fd(w, true, WAIT_MS, e)))
            return false;
        at += got;
    }
    took(w, n);
    *body = bytes_of(out, n);
    return true;
}

static bool await_frame(struct worker *w, struct err *e)
{
    bool there = false;

    while (!there && w->type != 'G' && !w->stop) {
        if (!next_frame(w, &there, e))
            return false;
        if (!there && w->head_n == 0 && w->type == 'G')
            return true;
        if (!there && !w->stop && !wait_fd(w, true, WAIT_MS, e))
            return false;
    }
    return !w->stop || err_fail(e, ERR_IO, "stopped");
}

static bool take_digests(struct worker *w, struct psi_set *set, uint8_t *room, struct err *e)
{
    struct bytes body;

    for (;;) {
        if (!await_frame(w, e))
            return false;
        if (w->left == 0 && w->type == 'G')
            return true;
        if (w->type != 'D' || w->left % sizeof(struct psi_digest) || !whole(w, room, &body, e))
            return err_fail(e, ERR_INPUT, "a worker was given no digests");
        for (size_t i = 0; i < body.n; i += sizeof(struct psi_digest)) {
            struct psi_digest d;
            memcpy(&d, body.p + i, sizeof d);
            if (!psi_set_add_digest(set, &d, e))
                return false;
        }
    }
}

static struct psi *take_job(struct worker *w, struct worker_job *j, uint8_t *room, struct err *e)
{
    struct psi_options o = {0};
    struct psi_set *set = NULL;
    struct bytes body;

    if (!await_frame(w, e))
        return NULL;
    if (w->type != 'J' || !whole(w, room, &body, e) || !worker_job_decode(body, j, e)) {
        err_fail(e, ERR_INPUT, "a worker was given no job");
        return NULL;
    }
    set = psi_set_new(j->items, e);
    if (!set || !take_digests(w, set, room, e)) {
        psi_set_free(set);
        return NULL;
    }
    o.role = j->role;
    o.mode = j->mode;
    o.code = j->code;
    o.declared = j->declared;
    o.peer_least = o.peer_most = j->peer;
    o.context = j->context;
    return psi_open(&o, set, e);
}

static bool tell_matches(struct worker *w, const struct psi *p, uint8_t *room, struct err *e)
{
    uint64_t n;
    const uint32_t *m = psi_matches(p, &n);

    for (uint64_t i = 0; i < n;) {
        size_t k = 0;
        for (; i < n && k + 4 <= WORKER_BODY; i++, k += 4) {
            room[k] = (uint8_t)(m[i] >> 24);
            room[k + 1] = (uint8_t)(m[i] >> 16);
            room[k + 2] = (uint8_t)(m[i] >> 8);
            room[k + 3] = (uint8_t)m[i];
        }
        if (!put_last(w, 'M', room, k, e))
            return false;
    }
    return true;
}

static bool tell_report(struct worker *w, const struct psi *p, struct err *e)
{
    struct psi_summary s = psi_summary(p);
    struct psi_progress g = psi_progress(p);
    struct worker_report r = {s.duplicates, s.capacity,    g.bytes_in,
                              g.bytes_out,  s.memory_peak, s.transcript};
    uint8_t body[WORKER_REPORT_BYTES];

    worker_report_encode(&r, body);
    return put_last(w, 'R', body, sizeof body, e);
}

static bool tell_failure(struct worker *w, enum psi_reason reason, const struct err *e)
{
    uint8_t body[1 + ERR_TEXT_MAX];
    size_t n = strlen(e->text);
    struct err ignored = {0};

    body[0] = (uint8_t)reason;
    memcpy(body + 1, e->text, n);
    put_last(w, 'F', body, 1 + n, &ignored);
    return false;
}

static bool run(struct worker *w, uint8_t *room, struct err *e)
{
    struct psi_stream stream = {w_read, w_write, w_wait, w_progress, w};
    struct worker_job job;
    struct psi *p = take_job(w, &job, room, e);
    bool ok;

    if (!p)
        return tell_failure(w, w->stop ? PSI_REASON_CANCELLED : PSI_REASON_TROUBLE, e);
    ok = psi_run(p, &stream, e);
    if (ok)
        ok = tell_matches(w, p, room, e) && tell_report(w, p, e);
    else
        tell_failure(w, psi_reason(p), e);
    psi_close(p);
    return ok;
}

bool worker_serve(int in, int out, struct err *e)
{
    struct worker w = {.in = in, .out = out, .queue = malloc(QUEUE)};
    uint8_t *room = malloc(WORKER_BODY);
    bool ok = (w.queue && room) || err_fail(e, ERR_NOMEM, "out of memory");

    if (ok && (fcntl(in, F_SETFL, O_NONBLOCK) < 0 || fcntl(out, F_SETFL, O_NONBLOCK) < 0))
        ok = err_system(e, errno, "a worker's pipes");
    ok = ok && run(&w, room, e);
    if (room)
        wipe(room, WORKER_BODY);
    free(room);
    free(w.queue);
    return ok;
}
