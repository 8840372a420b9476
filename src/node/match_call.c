/* A comparison that we begin: calls to the other party's node, two streams for each lane. */
#include "node/match_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CALL_ARENA ((size_t)8 << 20)
#define AGAIN_MS 300

/* Calls of one thread to the peer of a job. */
struct caller {
    struct job *j;
    struct carrier carrier;
    struct visiting v;
    int64_t failing; /* ticks since when; 0: the last call went through */
};

static bool caller_open(struct caller *k, struct job *j, struct err *e)
{
    struct bytes slug = j->session.party[!j->side];

    *k = (struct caller){.j = j};
    k->v = (struct visiting){.n = j->n, .slot = j->slot, .visit = slot_visit(j->slot, slug)};
    k->v.peer = node_peer(j->n, slug);
    if (!k->v.visit || !k->v.peer || k->v.peer->state != NODE_ENROLLED)
        return err_fail(e, ERR_MISSING, "no enrolled card of %.*s", BYTES_FMT(slug));
    k->v.pin = k->v.peer->card.keys[KEY_TLS];
    k->v.carrier = &k->carrier;
    k->v.arena = arena_new(CALL_ARENA);
    return (k->v.arena || err_fail(e, ERR_NOMEM, "out of memory")) &&
           carrier_open(j->n, &k->carrier, e);
}

static void caller_close(struct caller *k)
{
    carrier_close(&k->carrier);
    arena_free(k->v.call_arena);
    arena_free(k->v.arena);
}

static bool call(struct caller *k, enum http_method method, struct bytes body,
                 struct http_reply *reply, struct err *e, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
static bool call(struct caller *k, enum http_method method, struct bytes body,
                 struct http_reply *reply, struct err *e, const char *format, ...)
{
    char what[80], target[256];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(target, sizeof target, ROUTE "match/%s/%s/%s", k->j->slot->id, k->j->session.id, what);
    return peer_call(&k->v, method, target, body, MATCH_PIECE, reply, e);
}

static void rest(unsigned ms)
{
    struct timespec t = {.tv_nsec = (long)ms * 1000000};

    nanosleep(&t, NULL);
}

/* ---- the lanes ---- */

/* A call failed: again after a moment, unless it has been failing for too long, or they know
 * nothing of the run any more. */
static bool again(struct caller *k, const struct http_reply *reply, const struct err *e)
{
    int64_t now = os_ticks_us(k->j->n->os);
    bool refused = e->code == ERR_NONE && reply->status < 500;

    diag(k->j->n->diag, refused ? DIAG_WARN : DIAG_DEBUG, "a call of a comparison failed",
         "session=%s status=%u why=\"%s\"", k->j->session.id, refused ? reply->status : 0, e->text);
    if (refused)
        return false;
    if (!k->failing)
        k->failing = now;
    if (now - k->failing > MATCH_PATIENCE_S * US_PER_S || atomic_load(&k->j->n->stopping))
        return false;
    if (!attempt_sync(k->j))
        rest(AGAIN_MS);
    return true;
}

static void peer_gone(struct lane *l)
{
    struct job *j = l->job;

    pthread_mutex_lock(&j->lock);
    l->in.end = true;
    lane_poke(l);
    pthread_mutex_unlock(&j->lock);
}

/* What their run has for ours. False: there is no more. */
static bool pull_once(struct caller *k, struct lane *l)
{
    struct job *j = k->j;
    struct http_reply reply;
    struct err e = {0};
    struct bytes in;

    if (!call(k, HTTP_GET, (struct bytes){0}, &reply, &e, "%u/%u?at=%llu", l->leg, l->shard,
              (unsigned long long)l->in.total) ||
        (reply.status != 200 && reply.status != 410)) {
        if (again(k, &reply, &e))
            return true;
        peer_gone(l);
        return false;
    }
    k->failing = 0;
    in = reply.body;
    if (reply.status == 410) {
        peer_gone(l);
        return false;
    }
    pthread_mutex_lock(&j->lock);
    while (in.n && !l->over) {
        size_t put = ring_put(&l->in, in);
        in = bytes_part(in, put, SIZE_MAX);
        lane_poke(l);
        if (in.n && !put && attempt_sync(j))
            break; /* what did not fit comes again: `at` is what we have had */
        if (in.n && !put)
            attempt_wait(j, 200);
    }
    l->seen = 0; /* our own calls fail if they go silent */
    pthread_mutex_unlock(&j->lock);
    return true;
}

/* What our run has for theirs. False: all is there, and there will be no more. */
static bool push_once(struct caller *k, struct lane *l, bool wait)
{
    struct job *j = k->j;
    struct http_reply reply;
    struct err e = {0};
    struct bytes out;
    uint64_t at, had = 0;
    bool end;

    pthread_mutex_lock(&j->lock);
    if (wait && !l->out.n && !l->out.end)
        attempt_wait(j, 200);
    out = bytes_part(ring_view(&l->out), 0, MATCH_PIECE);
    at = l->out.total - l->out.n;
    end = l->out.end && out.n == l->out.n;
    if (!arena_copy(k->v.arena, out, &out, NULL))
        out.n = 0;
    pthread_mutex_unlock(&j->lock);
    if (!out.n && !end)
        return true;
    if (!call(k, HTTP_POST, out, &reply, &e, "%u/%u?at=%llu%s", l->leg, l->shard,
              (unsigned long long)at, end ? "&end=1" : "") ||
        reply.status != 200 || !decimal_parse(bytes_trim(reply.body), &had) || had < at ||
        had > at + out.n) {
        if (again(k, &reply, &e))
            return true;
        peer_gone(l);
        return false;
    }
    k->failing = 0;
    pthread_mutex_lock(&j->lock);
    ring_drop(&l->out, (size_t)(had - at));
    lane_poke(l);
    pthread_mutex_unlock(&j->lock);
    return !(end && had == at + out.n);
}

struct stream {
    struct lane *lane;
    bool up;
    pthread_t thread;
};

static void *stream_thread(void *self)
{
    struct stream *s = self;
    struct caller k;
    struct err e = {0};

    if (!caller_open(&k, s->lane->job, &e)) {
        peer_gone(s->lane);
    } else {
        struct arena_mark mark = arena_mark(k.v.arena);
        bool more = true;
        while (more) {
            more = s->up ? push_once(&k, s->lane, true) : pull_once(&k, s->lane);
            arena_reset(k.v.arena, mark);
            if (!s->up) { /* our run may be over before theirs says so */
                pthread_mutex_lock(&s->lane->job->lock);
                more = more && !s->lane->over;
                pthread_mutex_unlock(&s->lane->job->lock);
            }
        }
    }
    caller_close(&k);
    return NULL;
}

/* ---- the whole ---- */

static bool told(const struct http_reply *r, const char *what, struct err *e)
{
    char says[ERR_TEXT_MAX];

    if (r->status == 200)
        return true;
    text_escape(says, sizeof says, bytes_part(r->body, 0, 300));
    if (r->status == 403)
        return err_fail(e, ERR_DENIED, "the other party refuses: %s", says);
    if (r->status == 503)
        return err_fail(e, ERR_IO, "the other party's node is busy: %s", says);
    return err_fail(e, ERR_PEER, "%s: the other party's node answers %u: %s", what, r->status,
                    says);
}

static bool greet(struct caller *k, struct err *e)
{
    struct job *j = k->j;
    struct http_reply reply;
    struct hash commitment;
    bool ok;

    os_random(j->n->os, j->coin, sizeof j->coin);
    sha256(bytes_of(j->coin, sizeof j->coin), &commitment);
    if (!call(k, HTTP_POST, hash_bytes(&commitment), &reply, e, "begin") ||
        !told(&reply, "beginning", e))
        return false;
    if (reply.body.n != sizeof j->theirs)
        return err_fail(e, ERR_PEER, "the other party's node sends no coin");
    memcpy(j->theirs, reply.body.p, sizeof j->theirs);
    if (!call(k, HTTP_POST, bytes_of(j->coin, sizeof j->coin), &reply, e, "open") ||
        !told(&reply, "opening", e))
        return false;
    pthread_mutex_lock(&j->lock);
    ok = attempt_open(j, e);
    pthread_mutex_unlock(&j->lock);
    return ok;
}

static bool watched(struct job *j, const struct node_match_watch *w)
{
    struct node_match_progress p = attempt_progress(j);
    bool go_on;

    pthread_mutex_unlock(&j->lock);
    go_on = !w || !w->progress || w->progress(w->self, &p);
    pthread_mutex_lock(&j->lock);
    return go_on && !atomic_load(&j->n->stopping);
}

/* Threads for each lane as it starts; and then its end. */
static void drive(struct job *j, const struct node_match_watch *w)
{
    struct stream *s = calloc(4 * MATCH_SHARDS_MOST, sizeof *s);
    bool begun[2][MATCH_SHARDS_MOST] = {{false}};
    size_t n = 0;

    pthread_mutex_lock(&j->lock);
    while (!j->ended) {
        for (unsigned leg = 0; s && leg < 2; leg++)
            for (unsigned i = 0; i < j->session.shards; i++) {
                struct lane *l = &j->lane[leg][i];
                if (!l->started || begun[leg][i])
                    continue;
                begun[leg][i] = true;
                l->seen = 0;
                for (int up = 0; up < 2; up++) {
                    s[n] = (struct stream){.lane = l, .up = up == 1};
                    if (pthread_create(&s[n].thread, NULL, stream_thread, &s[n]) == 0)
                        n++;
                    else
                        l->stop = true;
                }
            }
        attempt_wait(j, 200);
        if (!s || !watched(j, w))
            attempt_stop(j);
    }
    pthread_mutex_unlock(&j->lock);
    for (size_t i = 0; i < n; i++)
        pthread_join(s[i].thread, NULL);
    free(s);
}

/* One lane's turn: its last words may still have to go when its leg is over. */
static void lane_turn(struct caller *k, struct lane *l)
{
    struct arena_mark mark = arena_mark(k->v.arena);

    pthread_mutex_lock(&l->job->lock);
    lane_poke(l);
    pthread_mutex_unlock(&l->job->lock);
    if ((l->out.n || l->out.end) && !l->all_pushed)
        l->all_pushed = !push_once(k, l, false);
    if (!l->over)
        pull_once(k, l);
    arena_reset(k->v.arena, mark);
}

#define TURNS_MOST 100000 /* far more than any simulation needs */

/* The same in one thread: everybody's turn, again and again. */
static void drive_sync(struct job *j, struct caller *k)
{
    for (unsigned turns = 0; turns < TURNS_MOST && !j->ended; turns++) {
        for (unsigned leg = 0; leg < 2; leg++)
            for (unsigned i = 0; i < j->session.shards; i++)
                if (j->lane[leg][i].started)
                    lane_turn(k, &j->lane[leg][i]);
        attempt_advance(j);
    }
    for (unsigned leg = 0; leg < 2; leg++) /* and what was said last */
        for (unsigned i = 0; i < j->session.shards; i++)
            for (unsigned tries = 0; tries < 4 && j->lane[leg][i].started; tries++)
                lane_turn(k, &j->lane[leg][i]);
}

bool match_call_all(struct job *j, const struct node_match_watch *w, struct err *e)
{
    struct caller k;
    bool ok = caller_open(&k, j, e) && greet(&k, e);

    if (ok && attempt_sync(j))
        drive_sync(j, &k);
    else if (ok)
        drive(j, w);
    caller_close(&k);
    return ok;
}

/* ---- from here ---- */

/* What we have must be there, and what they have here: commitments and their cosignatures. */
static bool meet(struct node *n, struct slot *s, const char *session, struct err *e)
{
    struct node_report report = {0};
    struct match_sessions all;
    struct match_session *x = NULL;
    struct arena *a = arena_new((size_t)64 << 20);
    struct bytes peer = {0};
    enum match_side side;
    bool ok = (a || err_fail(e, ERR_NOMEM, "out of memory")) && slot_hold(n, s, e);

    if (ok) {
        x = match_fold(s->record, a, &all, e) ? match_session_find(&all, bytes_text(session), e)
                                              : NULL;
        slot_release(n, s);
        ok = x && (match_session_side(x, node_slug(n), &side) ||
                   err_fail(e, ERR_DENIED, "we are no side of this comparison"));
    }
    if (ok)
        peer = x->party[!side];
    /* Twice: what the first visit brought there is cosigned by the second. */
    ok = ok && node_sync_peer(n, s->id, peer, &report, e) &&
         node_sync_peer(n, s->id, peer, &report, e);
    arena_free(a);
    return ok;
}

/* What the other side says it saw, if its node tells in a moment: two transcripts that differ are
 * no result. */
static bool compare_results(struct node *n, struct slot *s, const struct job *j, struct err *e)
{
    bool theirs = false, differ = false;

    for (unsigned tries = 0; tries < (attempt_sync(j) ? 2u : 15u) && !theirs; tries++) {
        struct node_report report = {0};
        struct match_sessions all;
        struct match_session *x = NULL;
        struct arena *a = arena_new((size_t)64 << 20);
        struct err ignored = {0};
        if (tries && !attempt_sync(j))
            rest(100);
        node_sync_peer(n, s->id, j->session.party[!j->side], &report, &ignored);
        if (a && slot_hold(n, s, &ignored)) {
            if (match_fold(s->record, a, &all, &ignored))
                x = match_session_find(&all, bytes_text(j->session.id), &ignored);
            slot_release(n, s);
        }
        theirs = x && x->outcome[!j->side].said;
        differ = x && x->differ;
        arena_free(a);
    }
    return !differ || err_fail(e, ERR_PEER,
                               "the two sides say they saw different runs: this is "
                               "no result");
}

bool node_match_run(struct node *n, const char *agreement, const char *session,
                    const struct node_match_watch *w, struct node_match_result *out, struct err *e)
{
    struct slot *s = slot_find(n, bytes_text(agreement));
    struct job *j;
    bool ok;

    if (!s)
        return err_fail(e, ERR_MISSING, "there is no agreement %s", agreement);
    if (!meet(n, s, session, e) || !(j = attempt_new(n, s, session, e)))
        return false;
    ok = match_call_all(j, w, e);
    if (ok) {
        ok = j->ended && j->ok;
        *out = j->result;
        if (!ok) {
            *e = j->e;
            if (e->code == ERR_NONE)
                err_fail(e, ERR_IO, j->ended ? "the run broke off" : "the run did not end");
            if (j->reason == PSI_REASON_CLOSED || j->reason == PSI_REASON_TIME ||
                j->reason == PSI_REASON_TROUBLE)
                e->code = ERR_IO;
            err_hint(e, "both logs say why: \"%s\"", psi_reason_name(j->reason));
        }
    }
    ok = ok && compare_results(n, s, j, e);
    attempt_free(j);
    return ok;
}
