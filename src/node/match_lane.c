/* One run: a worker process and the two rings through which it speaks with the peer; or, in a
 * simulation, the state machine itself. */
#include "node/match_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PUMP_MS 500
#define LEAVE_US (5 * US_PER_S) /* after being told to stop */

/* ---- rings ---- */

bool ring_open(struct ring *r)
{
    r->b = malloc(MATCH_RING);
    return r->b != NULL;
}

void ring_close(struct ring *r)
{
    if (r->b)
        wipe(r->b, MATCH_RING);
    free(r->b);
    r->b = NULL;
}

size_t ring_put(struct ring *r, struct bytes in)
{
    size_t put = 0;

    while (put < in.n && r->n < MATCH_RING) {
        size_t to = (r->at + r->n) % MATCH_RING, n = MATCH_RING - (to < r->at ? to : r->n + r->at);
        if (to < r->at)
            n = r->at - to;
        if (n > in.n - put)
            n = in.n - put;
        memcpy(r->b + to, in.p + put, n);
        r->n += n;
        put += n;
    }
    r->total += put;
    return put;
}

struct bytes ring_view(const struct ring *r)
{
    return bytes_of(r->b + r->at, r->n < MATCH_RING - r->at ? r->n : MATCH_RING - r->at);
}

void ring_drop(struct ring *r, size_t n)
{
    r->at = (r->at + n) % MATCH_RING;
    r->n -= n;
}

void attempt_wait(struct job *j, unsigned ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&j->changed, &j->lock, &t);
}

/* ---- which digests are the shard's ---- */

static bool is_mine(const struct lane *l, uint64_t i)
{
    const struct job *j = l->job;

    return j->session.shards == 1 ||
           psi_shard_of(j->split, &j->store.leaves.digest[i], j->session.shards) == l->shard;
}

static uint64_t shard_items(const struct lane *l)
{
    uint64_t n = 0;

    if (l->job->session.shards == 1)
        return l->job->store.leaves.n;
    for (uint64_t i = 0; i < l->job->store.leaves.n; i++)
        n += is_mine(l, i);
    return n;
}

static struct worker_job job_of(const struct lane *l)
{
    const struct match_session *s = &l->job->session;
    enum match_side side = l->job->side;
    struct worker_job w = {.role = match_role(side, l->leg), .mode = s->mode, .code = s->code};

    w.items = shard_items(l);
    w.declared = match_shard_size(s->size[side], s->shards);
    w.peer = match_shard_size(s->size[!side], s->shards);
    match_run_context(&l->job->context, l->leg, l->shard, &w.context);
    return w;
}

static bool keep_match(struct lane *l, uint32_t number)
{
    if (l->matches == l->room) {
        size_t room = l->room ? l->room * 2 : 1024;
        uint32_t *grown = realloc(l->match, room * sizeof *grown);
        if (!grown)
            return err_fail(&l->e, ERR_NOMEM, "out of memory");
        l->match = grown;
        l->room = room;
    }
    l->match[l->matches++] = number;
    return true;
}

/* Numbers within the shard, ascending, as bits of the whole list. Lock held. */
static void mark(struct lane *l)
{
    struct job *j = l->job;
    uint64_t within = 0;
    size_t k = 0;

    for (uint64_t i = 0; i < j->store.leaves.n && k < l->matches; i++) {
        if (!is_mine(l, i))
            continue;
        if (l->match[k] == within) {
            j->bits[i / 64] |= UINT64_C(1) << (i % 64);
            k++;
        }
        within++;
    }
}

static void end(struct lane *l, bool ok, enum psi_reason reason)
{
    l->over = true;
    l->ok = ok;
    l->reason = reason;
    l->out.end = true;
    if (ok)
        mark(l);
    pthread_cond_broadcast(&l->job->changed);
}

/* ---- a process ---- */

struct pump {
    struct lane *l;
    int to, from;
    uint64_t next; /* digest to be sent */
    bool asked, all, told_end, told_stop;
    int64_t stop_by;
    uint8_t *out, *in; /* frames: one that goes, one that comes */
    size_t out_at, out_n, in_n;
};

static bool spawn(struct lane *l, int *to, int *from, struct err *e)
{
    const char *command = l->job->worker;
    char *shell[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)command,
                     NULL};
    char *self[] = {(char *)(uintptr_t) "entente", (char *)(uintptr_t) "match",
                    (char *)(uintptr_t) "worker", NULL};
    char *none[] = {(char *)(uintptr_t) "PATH=/usr/local/bin:/usr/bin:/bin", NULL};
    int in[2] = {-1, -1}, out[2] = {-1, -1}, code;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t all;

    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
        if (in[0] >= 0)
            close(in[0]), close(in[1]);
        return err_system(e, errno, "a worker's pipes");
    }
    sigemptyset(&all);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigmask(&how, &all); /* ours are blocked: serve reads them */
    posix_spawnattr_setpgroup(&how, 0);     /* a Ctrl-C is for us, and we tell it */
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    if (command)
        code = posix_spawn(&l->pid, "/bin/sh", &files, &how, shell, environ);
    else
        code = posix_spawn(&l->pid, "/proc/self/exe", &files, &how, self, none);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    close(in[0]);
    close(out[1]);
    *to = in[1];
    *from = out[0];
    if (code == 0)
        return true;
    close(*to);
    close(*from);
    l->pid = 0;
    return err_system(e, code, "starting a worker");
}

static void frame(struct pump *p, uint8_t type, const void *body, size_t n)
{
    worker_head(p->out, type, n);
    if (n)
        memcpy(p->out + WORKER_HEAD, body, n);
    p->out_at = 0;
    p->out_n = WORKER_HEAD + n;
}

static void next_digests(struct pump *p)
{
    const struct match_leaves *m = &p->l->job->store.leaves;
    size_t n = 0;

    for (; p->next < m->n && n + sizeof *m->digest <= WORKER_BODY; p->next++)
        if (is_mine(p->l, p->next)) {
            memcpy(p->out + WORKER_HEAD + n, &m->digest[p->next], sizeof *m->digest);
            n += sizeof *m->digest;
        }
    p->all = n == 0;
    worker_head(p->out, p->all ? 'G' : 'D', n);
    p->out_at = 0;
    p->out_n = WORKER_HEAD + n;
}

/* The next frame for the worker, if there is any. Lock held. */
static void next_frame(struct pump *p)
{
    struct lane *l = p->l;
    struct bytes part;
    uint8_t job[WORKER_JOB_BYTES];

    if (p->out_at < p->out_n)
        return;
    part = ring_view(&l->in);
    if (l->stop && !p->told_stop) {
        p->told_stop = true;
        p->stop_by = os_ticks_us(l->job->n->os) + LEAVE_US;
        frame(p, 'X', NULL, 0);
    } else if (!p->asked) {
        struct worker_job w = job_of(l);
        worker_job_encode(&w, job);
        frame(p, 'J', job, sizeof job);
        p->asked = true;
    } else if (!p->all) {
        next_digests(p);
    } else if (part.n) {
        part = bytes_part(part, 0, WORKER_BODY);
        frame(p, 'P', part.p, part.n);
        ring_drop(&l->in, part.n);
        pthread_cond_broadcast(&l->job->changed);
    } else if (l->in.end && !p->told_end) {
        p->told_end = true;
        frame(p, 'E', NULL, 0);
    }
}

static bool write_frame(struct pump *p)
{
    ssize_t k;

    if (p->out_at == p->out_n)
        return true;
    k = write(p->to, p->out + p->out_at, p->out_n - p->out_at);
    if (k > 0)
        p->out_at += (size_t)k;
    return k > 0 || errno == EAGAIN || errno == EINTR;
}

static uint64_t be(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static void failed(struct lane *l, struct bytes body)
{
    struct err e = {0};
    char text[ERR_TEXT_MAX];
    unsigned reason = body.n ? body.p[0] : PSI_REASON_TROUBLE;

    text_escape(text, sizeof text, bytes_part(body, 1, SIZE_MAX));
    err_fail(&e, ERR_PEER, "%s", text);
    l->e = e;
    end(l, false,
        reason && reason <= PSI_REASON_CLOSED ? (enum psi_reason)reason : PSI_REASON_TROUBLE);
}

/* A whole frame of the worker's. Lock held. False: it is no such thing, or the last one. */
static bool take_frame(struct pump *p, uint8_t type, struct bytes body)
{
    struct lane *l = p->l;

    switch (type) {
    case 'P':
        ring_put(&l->out, body); /* there is room: see wants_output */
        pthread_cond_broadcast(&l->job->changed);
        return true;
    case 'S':
        if (body.n != WORKER_PROGRESS_BYTES)
            return false;
        l->stage = body.p[0];
        l->done = be(body.p + 1, 8);
        l->of = be(body.p + 9, 8);
        return true;
    case 'M':
        for (size_t i = 0; i + 4 <= body.n; i += 4)
            if (!keep_match(l, (uint32_t)be(body.p + i, 4)))
                return false;
        return true;
    case 'R':
        if (worker_report_decode(body, &l->report, &l->e))
            end(l, true, PSI_REASON_NONE);
        return false;
    case 'F':
        failed(l, body);
        return false;
    default:
        return false;
    }
}

/* Lock held. */
static bool take_frames(struct pump *p)
{
    while (p->in_n >= WORKER_HEAD) {
        uint8_t type;
        size_t n;
        if (!worker_head_read(p->in, &type, &n))
            return false;
        if (p->in_n < WORKER_HEAD + n)
            return true;
        if (type == 'P' && MATCH_RING - p->l->out.n < n)
            return true; /* the peer has to take some first */
        if (!take_frame(p, type, bytes_of(p->in + WORKER_HEAD, n)))
            return false;
        p->in_n -= WORKER_HEAD + n;
        memmove(p->in, p->in + WORKER_HEAD + n, p->in_n);
    }
    return true;
}

#define IN_ROOM (WORKER_HEAD + WORKER_BODY)

static bool read_frames(struct pump *p)
{
    ssize_t k = 1;

    while (p->in_n < IN_ROOM && (k = read(p->from, p->in + p->in_n, IN_ROOM - p->in_n)) > 0)
        p->in_n += (size_t)k;
    return k > 0 || (k < 0 && (errno == EAGAIN || errno == EINTR));
}

static void look_after(struct pump *p)
{
    struct lane *l = p->l;
    int64_t now = os_ticks_us(l->job->n->os);

    if (atomic_load(&l->job->n->stopping))
        l->stop = true;
    if (l->seen && now - l->seen > MATCH_SILENCE_S * US_PER_S)
        l->in.end = true; /* nobody asks any more */
    if (p->told_stop && now > p->stop_by && l->pid > 0)
        kill(l->pid, SIGKILL);
}

/* `more`: another frame may be ready for the worker. */
static void pump_wait(struct pump *p, bool more)
{
    struct pollfd w[3] = {
        {.fd = p->in_n < IN_ROOM ? p->from : -1, .events = POLLIN},
        {.fd = p->out_at < p->out_n ? p->to : -1, .events = POLLOUT},
        {.fd = p->l->wake, .events = POLLIN},
    };
    uint64_t ignored;

    if (poll(w, 3, more ? 0 : PUMP_MS) > 0 && w[2].revents)
        while (read(p->l->wake, &ignored, sizeof ignored) > 0)
            ;
}

static void pump_run(struct pump *p)
{
    struct job *j = p->l->job;
    bool alive = true, readable = true, more;

    while (alive) {
        pthread_mutex_lock(&j->lock);
        alive = take_frames(p) && (readable || p->in_n >= WORKER_HEAD);
        if (alive)
            next_frame(p);
        look_after(p);
        more = p->out_at < p->out_n;
        pthread_mutex_unlock(&j->lock);
        if (!alive)
            break;
        if (!write_frame(p)) /* it has gone: what it said last is still to be read */
            p->out_at = p->out_n;
        more = more && p->out_at == p->out_n;
        if (readable)
            pump_wait(p, more);
        readable = readable && read_frames(p);
        if (!readable && p->in_n < WORKER_HEAD)
            break;
    }
}

static void *pump_thread(void *self)
{
    struct lane *l = self;
    struct job *j = l->job;
    struct pump p = {.l = l, .out = malloc(IN_ROOM), .in = malloc(IN_ROOM)};
    struct err e = {0};
    bool ok = (p.out && p.in) || err_fail(&e, ERR_NOMEM, "out of memory");

    ok = ok && spawn(l, &p.to, &p.from, &e);
    if (ok) {
        fcntl(p.to, F_SETFL, O_NONBLOCK);
        fcntl(p.from, F_SETFL, O_NONBLOCK);
        pump_run(&p);
        close(p.to);
        close(p.from);
        if (!l->over)
            kill(l->pid, SIGKILL);
        waitpid(l->pid, NULL, 0);
    }
    pthread_mutex_lock(&j->lock);
    if (!l->over) {
        if (e.code == ERR_NONE)
            err_fail(&e, ERR_IO, "the worker ended without a word");
        l->e = e;
        end(l, false, l->stop ? PSI_REASON_CANCELLED : PSI_REASON_TROUBLE);
    }
    pthread_mutex_unlock(&j->lock);
    if (p.in)
        wipe(p.in, IN_ROOM);
    if (p.out)
        wipe(p.out, IN_ROOM);
    free(p.in);
    free(p.out);
    attempt_advance(j);
    return NULL;
}

/* ---- a simulation ---- */

static bool direct_open(struct lane *l, struct err *e)
{
    struct worker_job w = job_of(l);
    struct psi_options o = {.role = w.role,
                            .mode = w.mode,
                            .code = w.code,
                            .declared = w.declared,
                            .peer_least = w.peer,
                            .peer_most = w.peer,
                            .context = w.context,
                            .os = l->job->n->os};
    struct psi_set *set = psi_set_new(w.items, e);

    for (uint64_t i = 0; set && i < l->job->store.leaves.n; i++)
        if (is_mine(l, i) && !psi_set_add_digest(set, &l->job->store.leaves.digest[i], e)) {
            psi_set_free(set);
            return false;
        }
    l->direct = set ? psi_open(&o, set, e) : NULL;
    return l->direct != NULL;
}

static void direct_done(struct lane *l)
{
    struct psi_summary s = psi_summary(l->direct);
    uint64_t n;
    const uint32_t *m = psi_matches(l->direct, &n);

    l->report = (struct worker_report){.capacity = s.capacity, .transcript = s.transcript};
    for (uint64_t i = 0; i < n; i++)
        if (!keep_match(l, m[i]))
            return;
    end(l, true, PSI_REASON_NONE);
}

static bool direct_turn(struct lane *l)
{
    enum psi_next next;
    struct bytes out, in;
    size_t put, taken = 0;

    if (l->stop)
        psi_cancel(l->direct);
    next = psi_step(l->direct, &l->e);
    out = psi_output(l->direct);
    put = ring_put(&l->out, out);
    psi_sent(l->direct, put);
    if (next == PSI_DONE)
        direct_done(l);
    if (next == PSI_FAILED)
        end(l, false, psi_reason(l->direct));
    if (l->over)
        return false;
    in = ring_view(&l->in);
    if (in.n && psi_feed(l->direct, in, &taken, &l->e))
        ring_drop(&l->in, taken);
    if (l->in.end && !l->in.n && !l->peer_told) {
        l->peer_told = true;
        psi_feed_end(l->direct, &l->e);
        return true;
    }
    return next == PSI_WORK || put || taken;
}

/* ---- both ---- */

bool lane_start(struct lane *l, struct err *e)
{
    if (!ring_open(&l->in) || !ring_open(&l->out))
        return err_fail(e, ERR_NOMEM, "out of memory");
    l->seen = os_ticks_us(l->job->n->os);
    l->started = true;
    pthread_cond_broadcast(&l->job->changed);
    if (attempt_sync(l->job))
        return direct_open(l, e);
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake < 0)
        return err_system(e, errno, "eventfd");
    if (pthread_create(&l->pump, NULL, pump_thread, l) == 0)
        return true;
    close(l->wake);
    l->wake = -1;
    return err_fail(e, ERR_NOMEM, "out of threads");
}

void lane_poke(struct lane *l)
{
    uint64_t one = 1;

    if (l->direct && !l->over)
        while (direct_turn(l))
            ;
    if (l->wake >= 0 && write(l->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        l->stop = true; /* cannot be */
}

void lane_join(struct lane *l)
{
    if (l->wake >= 0 && !l->joined) {
        pthread_join(l->pump, NULL);
        close(l->wake);
        l->wake = -1;
    }
    l->joined = true;
    psi_close(l->direct);
    l->direct = NULL;
    ring_close(&l->in);
    ring_close(&l->out);
    free(l->match);
    l->match = NULL;
}
