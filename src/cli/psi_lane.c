/* One run of `entente psi`, in a process of its own: what goes wrong in it ends it alone. */
#include "cli/psi.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define HANDSHAKE_MS 10000
#define LEAVE_MS 5000

struct lane {
    struct standalone *s;
    struct psi_lane *shared;
    unsigned leg, shard;
    struct channel *channel;
    struct arena *arena;
    const uint32_t *numbers; /* of the shard's items in the set; NULL: the same */
};

/* ---- the stream ---- */

static bool l_read(void *self, void *out, size_t n, size_t *got, bool *end, struct err *e)
{
    return channel_read(((struct lane *)self)->channel, out, n, got, end, e);
}

static bool l_write(void *self, const void *p, size_t n, size_t *put, struct err *e)
{
    return channel_write(((struct lane *)self)->channel, p, n, put, e);
}

static bool l_wait(void *self, bool reading, bool writing, unsigned ms, struct err *e)
{
    struct lane *l = self;
    return channel_wait(l->channel, reading, writing, ms, l->s->stop, e);
}

static bool l_progress(void *self, const struct psi_progress *p)
{
    struct lane *l = self;
    struct pollfd w = {.fd = l->s->stop, .events = POLLIN};

    atomic_store(&l->shared->stage, (unsigned)p->stage);
    atomic_store(&l->shared->at, p->done);
    atomic_store(&l->shared->of, p->of);
    atomic_store(&l->shared->bytes_in, p->bytes_in);
    atomic_store(&l->shared->bytes_out, p->bytes_out);
    return poll(&w, 1, 0) <= 0;
}

/* ---- finding each other ---- */

/* Which run it is: the one who connects says so. */
static bool connect_lane(struct lane *l, struct err *e)
{
    uint8_t head[34];
    int fd = channel_connect(&l->s->at, l->s->wait_ms, l->s->stop, e);

    if (fd < 0 || !(l->channel = channel_open(fd, &l->s->how, HANDSHAKE_MS, e)))
        return false;
    memcpy(head, l->s->session.b, 32);
    head[32] = (uint8_t)l->leg;
    head[33] = (uint8_t)l->shard;
    return channel_send(l->channel, bytes_of(head, sizeof head), HANDSHAKE_MS, l->s->stop, e);
}

static bool is_lane(struct lane *l, const uint8_t head[34])
{
    if (memcmp(head, l->s->session.b, 32) != 0 || head[32] != l->leg ||
        head[33] >= l->s->ours.shards ||
        atomic_exchange(&l->s->shared->lane[l->leg][head[33]].taken, true))
        return false;
    l->shard = head[33];
    l->shared = &l->s->shared->lane[l->leg][head[33]];
    return true;
}

/* Strangers who knock are turned away; whoever knows the secret says which run it is. */
static bool accept_lane(struct lane *l, struct err *e)
{
    int64_t until = os_ticks_us(l->s->c->os) + (int64_t)l->s->wait_ms * 1000;

    for (;;) {
        int64_t left = until - os_ticks_us(l->s->c->os);
        int fd =
            channel_accept(l->s->listener, left > 0 ? (uint32_t)(left / 1000) : 0, l->s->stop, e);
        uint8_t head[34];
        struct err why = {0};
        if (fd < 0)
            return false;
        l->channel = channel_open(fd, &l->s->how, HANDSHAKE_MS, &why);
        if (l->channel &&
            channel_receive(l->channel, head, sizeof head, HANDSHAKE_MS, l->s->stop, &why) &&
            is_lane(l, head))
            return true;
        channel_close(l->channel, 0);
        l->channel = NULL;
    }
}

/* ---- the run ---- */

static struct psi *open_run(struct lane *l, struct err *e)
{
    struct standalone *s = l->s;
    unsigned k = s->ours.shards;
    struct psi_options o = {.role = match_role(s->side, l->leg),
                            .mode = s->ours.mode,
                            .code = s->ours.code,
                            .declared = match_shard_size(s->ours.size, k),
                            .peer_least = match_shard_size(s->theirs.size, k),
                            .peer_most = match_shard_size(s->theirs.size, k)};
    struct psi_set *set = s->set;
    uint8_t salt[32];

    match_run_context(&s->session, l->leg, l->shard, &o.context);
    if (k > 1) {
        match_shard_salt(&s->session, salt);
        set = psi_set_shard(s->set, salt, l->shard, k, l->arena, &l->numbers, e);
        psi_set_free(s->set);
    }
    s->set = NULL;
    return set ? psi_open(&o, set, e) : NULL;
}

static void mark(struct lane *l, const struct psi *p)
{
    uint64_t n;
    const uint32_t *m = psi_matches(p, &n);

    for (uint64_t i = 0; i < n; i++) {
        uint32_t item = l->numbers ? l->numbers[m[i]] : m[i];
        atomic_fetch_or(&l->s->shared->bits[item / 64], UINT64_C(1) << (item % 64));
    }
}

static bool run(struct lane *l, struct err *e)
{
    struct psi_stream stream = {l_read, l_write, l_wait, l_progress, l};
    struct psi *p = open_run(l, e);
    struct psi_progress last;
    bool ok;

    if (!p)
        return false;
    ok = psi_run(p, &stream, e);
    last = psi_progress(p);
    l_progress(l, &last);
    l->shared->reason = psi_reason(p);
    if (ok) {
        mark(l, p);
        l->shared->summary = psi_summary(p);
    }
    psi_close(p);
    return ok;
}

/* A connection that broke may be tried again; a check that failed, or a person who stopped it,
 * may not. */
static bool worth_another(const struct lane *l, const struct err *e)
{
    return e->code == ERR_IO || l->shared->reason == PSI_REASON_CLOSED;
}

_Noreturn void psi_lane_child(struct standalone *s, unsigned leg, unsigned shard)
{
    struct lane l = {.s = s, .shared = &s->shared->lane[leg][shard], .leg = leg, .shard = shard};
    struct err e = {0};
    bool ok;

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would hear the result */
    l.arena = arena_new((size_t)1 << 30);
    ok = l.arena && (s->side == MATCH_ASKER ? connect_lane(&l, &e) : accept_lane(&l, &e)) &&
         run(&l, &e);
    if (l.channel)
        l.shared->wire = channel_traffic(l.channel);
    channel_close(l.channel, LEAVE_MS);
    l.shared->e = e;
    l.shared->retry = !ok && worth_another(&l, &e);
    atomic_store(&l.shared->done, ok);
    _exit(ok ? 0 : 1);
}
