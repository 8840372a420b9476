/* The conversation of two `entente psi`: who are we comparing what with, then each run, and at the
 * end whether both saw the same. */
#include "base/reader.h"
#include "base/text.h"
#include "cli/psi.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANDSHAKE_MS 10000
#define TALK_MS 600000 /* the other side may still be reading its list */
#define TRIES 3        /* of one leg, when connections break */
#define MESSAGE_MOST 1024

bool psi_learns(const struct standalone *s)
{
    return s->ours.who == MATCH_BOTH ||
           (s->side == MATCH_ASKER) == (s->ours.who == MATCH_ONLY_ASKER);
}

/* ---- messages: a length and so many bytes ---- */

static bool send_message(struct standalone *s, struct bytes what, struct err *e)
{
    uint8_t head[4] = {0, 0, (uint8_t)(what.n >> 8), (uint8_t)what.n};

    return channel_send(s->control, bytes_of(head, 4), HANDSHAKE_MS, s->stop, e) &&
           channel_send(s->control, what, HANDSHAKE_MS, s->stop, e);
}

static bool receive_message(struct standalone *s, uint8_t room[MESSAGE_MOST], struct bytes *out,
                            struct err *e)
{
    uint8_t head[4];
    size_t n;

    if (!channel_receive(s->control, head, 4, TALK_MS, s->stop, e))
        return false;
    n = (size_t)head[2] << 8 | head[3];
    if (head[0] || head[1] || n > MESSAGE_MOST)
        return err_fail(e, ERR_PEER, "the other side says something that is no message");
    *out = bytes_of(room, n);
    return channel_receive(s->control, room, n, HANDSHAKE_MS, s->stop, e);
}

/* ---- meeting ---- */

static bool meet(struct standalone *s, struct err *e)
{
    struct cli *c = s->c;
    char where[HTTP_ADDRESS_TEXT_MAX];
    int fd;

    if (s->side == MATCH_ASKED) {
        s->listener = channel_listen(&s->at, &s->at.port, e);
        if (s->listener < 0)
            return false;
        http_address_print(&s->at, where);
        remark(c, "Listening on %s\n", where);
        fflush(c->err);
    }
    for (;;) { /* strangers who knock are turned away */
        struct err why = {0};
        fd = s->side == MATCH_ASKED ? channel_accept(s->listener, s->wait_ms, s->stop, e)
                                    : channel_connect(&s->at, s->wait_ms, s->stop, e);
        if (fd < 0)
            return false;
        s->control = channel_open(fd, &s->how, HANDSHAKE_MS, &why);
        if (s->control)
            return true;
        if (s->side == MATCH_ASKER) {
            *e = why;
            return false;
        }
        remark(c, "Somebody was turned away: %s\n", why.text);
    }
}

/* ---- hello ---- */

/* Both send, then both read: neither chooses after having seen the other's coin. */
static bool hello(struct standalone *s, struct err *e)
{
    const struct match_hello *ours = &s->ours;
    uint8_t coin[32], theirs[32], room[MESSAGE_MOST];
    struct bytes text, opened;
    struct hash h;

    os_random(s->c->os, coin, sizeof coin);
    sha256(bytes_of(coin, 32), &s->ours.coin);
    if (!match_hello_print(ours, s->c->arena, &text, e) || !send_message(s, text, e) ||
        !receive_message(s, room, &text, e) || !match_hello_parse(text, &s->theirs, e) ||
        !match_hello_agree(ours, &s->theirs, e) || !send_message(s, bytes_of(coin, 32), e) ||
        !receive_message(s, room, &opened, e))
        return false;
    sha256(opened, &h);
    if (opened.n != 32 || !hash_equal(&h, &s->theirs.coin))
        return err_fail(e, ERR_PEER, "the other side opens another coin than it committed to");
    memcpy(theirs, opened.p, 32);
    if (s->side == MATCH_ASKER)
        match_hello_context(ours, &s->theirs, coin, theirs, &s->session);
    else
        match_hello_context(&s->theirs, ours, theirs, coin, &s->session);
    return true;
}

/* ---- running ---- */

struct children {
    struct standalone *s;
    unsigned leg, n;
    pid_t pid[PSI_LANES_MOST];
    int end[PSI_LANES_MOST];   /* closed when the child is no more */
    bool told[PSI_LANES_MOST]; /* to stop */
    struct progress progress;
};

static bool start(struct children *k, unsigned shard, struct err *e)
{
    struct psi_lane *lane = &k->s->shared->lane[k->leg][shard];
    int ends[2];

    if (atomic_load(&lane->done))
        return true;
    atomic_store(&lane->taken, false);
    lane->reason = PSI_REASON_NONE;
    lane->retry = false;
    fflush(k->s->c->out);
    fflush(k->s->c->err);
    if (pipe(ends) != 0)
        return err_system(e, errno, "starting a run");
    k->pid[shard] = fork();
    if (k->pid[shard] == 0) {
        close(ends[0]);
        psi_lane_child(k->s, k->leg, shard);
    }
    close(ends[1]);
    k->end[shard] = ends[0];
    return k->pid[shard] > 0 || err_system(e, errno, "starting a run");
}

static void say_progress(struct children *k)
{
    static const char *const stages[] = {N_("greeting"),  N_("setting up"), N_("hashing"),
                                         N_("comparing"), N_("replying"),   N_("ending")};
    struct cli *c = k->s->c;
    uint64_t done = 0, of = 0, bytes = 0;
    unsigned stage = PSI_STAGE_OVER;

    if (!progress_due(&k->progress))
        return;
    for (unsigned i = 0; i < k->n; i++) {
        struct psi_lane *l = &k->s->shared->lane[k->leg][i];
        unsigned at = atomic_load(&l->stage);
        stage = at < stage ? at : stage;
        done += atomic_load(&l->at);
        of += atomic_load(&l->of);
        bytes += atomic_load(&l->bytes_in) + atomic_load(&l->bytes_out);
    }
    progress_say(&k->progress, tr(c, "%s: %s of %s, %s moved"), tr(c, stages[stage]),
                 shown_count(c, done), shown_count(c, of), shown_bytes(c, bytes));
}

/* The control connection says nothing during a run: if it ends, they have gone. */
static bool look(struct children *k, bool *running, struct err *e)
{
    struct pollfd w[PSI_LANES_MOST + 1];
    struct standalone *s = k->s;
    unsigned left = 0;

    w[0] = (struct pollfd){.fd = k->told[0] ? -1 : s->stop, .events = POLLIN};
    for (unsigned i = 0; i < k->n; i++) {
        w[i + 1] = (struct pollfd){.fd = k->end[i], .events = POLLIN};
        left += k->end[i] >= 0;
    }
    *running = left > 0;
    if (left && poll(w, k->n + 1, 200) < 0 && errno != EINTR)
        return err_system(e, errno, "waiting for the runs");
    for (unsigned i = 0; i < k->n; i++)
        if (k->end[i] >= 0 && w[i + 1].revents) {
            waitpid(k->pid[i], NULL, 0);
            close(k->end[i]);
            k->end[i] = -1;
        }
    if (w[0].revents) /* each has its own: they end in order, and tell the other side */
        for (unsigned i = 0; i < k->n; i++)
            if (k->end[i] >= 0 && !k->told[i])
                k->told[i] = kill(k->pid[i], SIGINT) == 0;
    say_progress(k);
    return true;
}

static bool wait_all(struct children *k, struct err *e)
{
    bool running = true, ok = true;

    while (ok && running)
        ok = look(k, &running, e);
    for (unsigned i = 0; i < k->n; i++)
        if (k->end[i] >= 0) {
            kill(k->pid[i], SIGKILL);
            waitpid(k->pid[i], NULL, 0);
            close(k->end[i]);
            k->end[i] = -1;
        }
    return ok;
}

/* All runs of a leg. False with *again: a connection broke, and what is done stays done. */
static bool leg_once(struct standalone *s, unsigned leg, bool *again, struct err *e)
{
    struct children k = {.s = s, .leg = leg, .n = s->ours.shards};
    bool ok = true;

    for (unsigned i = 0; i < PSI_LANES_MOST; i++)
        k.end[i] = -1;
    progress_start(&k.progress, s->c);
    for (unsigned i = 0; ok && i < k.n; i++)
        ok = start(&k, i, e);
    ok = wait_all(&k, e) && ok;
    progress_end(&k.progress);
    *again = ok;
    for (unsigned i = 0; ok && i < k.n; i++) {
        struct psi_lane *l = &s->shared->lane[leg][i];
        if (atomic_load(&l->done))
            continue;
        ok = false;
        *again = l->retry;
        if (l->e.code != ERR_NONE)
            *e = l->e;
        else
            err_fail(e, ERR_IO, "the process of a run ended without a word");
        if (l->reason != PSI_REASON_NONE)
            err_hint(e, "both sides see the reason \"%s\"", psi_reason_name(l->reason));
    }
    return ok;
}

static bool run_leg(struct standalone *s, unsigned leg, struct err *e)
{
    struct pollfd stop = {.fd = s->stop, .events = POLLIN};
    bool again = false;

    for (unsigned i = 0; i < TRIES; i++) {
        err_clear(e);
        if (leg_once(s, leg, &again, e))
            return true;
        if (!again || poll(&stop, 1, 0) > 0)
            return false;
        s->wait_ms = s->wait_ms < HANDSHAKE_MS ? s->wait_ms : HANDSHAKE_MS;
        if (i + 1 < TRIES)
            remark(s->c, "%s: what is not done begins again, with fresh secrets\n", e->text);
    }
    return false;
}

/* ---- the end ---- */

static void add_up(struct standalone *s)
{
    struct transcript t;

    transcript_init(&t, LABEL_MATCH_RUN);
    transcript_add(&t, hash_bytes(&s->session));
    for (unsigned leg = 0; leg < 2; leg++)
        for (unsigned i = 0; match_leg_runs(s->ours.who, leg) && i < s->ours.shards; i++) {
            const struct psi_lane *l = &s->shared->lane[leg][i];
            transcript_add(&t, hash_bytes(&l->summary.transcript));
            s->wire.in += l->wire.in;
            s->wire.out += l->wire.out;
            s->bytes_in += atomic_load(&l->bytes_in);
            s->bytes_out += atomic_load(&l->bytes_out);
            s->total.capacity += l->summary.capacity;
            if (match_role(s->side, leg) == PSI_RECEIVER)
                s->total.duplicates += l->summary.duplicates;
        }
    transcript_hash(&t, &s->transcript);
    for (uint64_t i = 0; i < s->ours.size / 64 + 1; i++)
        s->common += (uint64_t)__builtin_popcountll(atomic_load(&s->shared->bits[i]));
}

/* Both say how it went and what they saw; a result that only one side has is none. */
static bool goodbye(struct standalone *s, bool went, struct err *e)
{
    uint8_t room[MESSAGE_MOST], ours[33] = {(uint8_t)went};
    struct bytes text;
    struct err why = {0};

    memcpy(ours + 1, s->transcript.b, 32);
    if (!send_message(s, bytes_of(ours, sizeof ours), &why) ||
        (went && !receive_message(s, room, &text, &why))) {
        if (went)
            *e = why;
        return false;
    }
    if (went && (text.n != sizeof ours || text.p[0] != 1))
        return err_fail(e, ERR_PEER, "the other side says that it failed there");
    if (went && memcmp(text.p, ours, sizeof ours) != 0)
        return err_fail(e, ERR_PEER, "the two sides saw different runs");
    return went;
}

static bool share_memory(struct standalone *s, struct err *e)
{
    void *p;

    s->shared_bytes = sizeof *s->shared + (s->ours.size / 64 + 1) * sizeof s->shared->bits[0];
    p = mmap(NULL, s->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return err_fail(e, ERR_NOMEM, "out of memory");
    s->shared = p;
    return true;
}

bool psi_talk(struct standalone *s, struct err *e)
{
    struct cli *c = s->c;
    bool ok;

    if (!meet(s, e) || !hello(s, e) || !share_memory(s, e))
        return false;
    s->connected = os_ticks_us(c->os);
    remark(c, "The other side's list has %s items of the same type.\n",
           shown_count(c, s->theirs.size));
    ok = true;
    for (unsigned leg = 0; ok && leg < 2; leg++)
        ok = !match_leg_runs(s->ours.who, leg) || run_leg(s, leg, e);
    if (ok)
        add_up(s);
    ok = goodbye(s, ok, e) && ok;
    s->ended = os_ticks_us(c->os);
    return ok;
}
