/* Comparisons that peers begin. Below /entente/v1/match/<agreement>/<session>/:
 *
 *     POST begin              the SHA-256 of the caller's coin -> our coin
 *     POST open               the coin -> "open"
 *     POST <leg>/<shard>?at=N[&end=1]   bytes for our run from N on -> how many we have had
 *     GET  <leg>/<shard>?at=N           bytes of our run from N on; 410: there are no more
 *     POST stop               end it
 *
 * Everything may be repeated: places say what is new, so a connection that breaks costs nothing.
 */
#include "node/match_impl.h"

#include <stdlib.h>

#define BINARY "application/octet-stream"
#define PLAIN "text/plain; charset=utf-8"
#define KEEP_US (120 * US_PER_S) /* an ended job, for what the peer still wants of it */

struct matching *matching_open(void)
{
    struct matching *m = calloc(1, sizeof *m);

    if (m)
        pthread_mutex_init(&m->lock, NULL);
    return m;
}

void matching_close(struct node *n, struct matching *m)
{
    (void)n;
    if (!m)
        return;
    for (size_t i = 0; i < MATCH_JOBS; i++)
        if (m->job[i]) {
            pthread_mutex_lock(&m->job[i]->lock);
            attempt_stop(m->job[i]);
            pthread_mutex_unlock(&m->job[i]->lock);
            attempt_free(m->job[i]);
        }
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* ---- finding it ---- */

static bool is_of(const struct job *j, const struct route_call *c, struct bytes session)
{
    return j && j->slot == c->slot && bytes_are(session, j->session.id) &&
           bytes_equal(j->session.party[!j->side], c->reader);
}

/* Its users keep it from going. NULL: there is none. */
static struct job *job_use(struct route_call *c, struct bytes session)
{
    struct matching *m = c->n->matching;
    struct job *found = NULL;

    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < MATCH_JOBS; i++)
        if (is_of(m->job[i], c, session))
            found = m->job[i];
    if (found)
        found->users++;
    pthread_mutex_unlock(&m->lock);
    return found;
}

static void job_unuse(struct route_call *c, struct job *j)
{
    pthread_mutex_lock(&c->n->matching->lock);
    j->users--;
    pthread_mutex_unlock(&c->n->matching->lock);
}

static bool may_go(struct job *j, bool again)
{
    bool ended, open;
    int64_t at, now = os_ticks_us(j->n->os);

    pthread_mutex_lock(&j->lock);
    ended = j->ended;
    at = j->ended_at;
    open = j->open;
    pthread_mutex_unlock(&j->lock);
    if (!open) /* begun, and never opened */
        return again || now - j->began > KEEP_US;
    return ended && (again || now - at > KEEP_US);
}

/* A free place: of the same session's last attempt, if that has ended, or of one that ended long
 * ago. NULL: none. *gone: to be freed without the lock. */
static struct job **place_for(struct matching *m, struct route_call *c, struct bytes session,
                              struct job **gone)
{
    struct job **found = NULL;

    *gone = NULL;
    for (size_t i = 0; i < MATCH_JOBS; i++)
        if (is_of(m->job[i], c, session)) {
            if (m->job[i]->users || !may_go(m->job[i], true))
                return NULL;
            *gone = m->job[i];
            m->job[i] = NULL;
            return &m->job[i];
        }
    for (size_t i = 0; i < MATCH_JOBS && !found; i++)
        if (!m->job[i])
            found = &m->job[i];
    for (size_t i = 0; i < MATCH_JOBS && !found; i++)
        if (!m->job[i]->users && may_go(m->job[i], false)) {
            *gone = m->job[i];
            found = &m->job[i];
            *found = NULL;
        }
    return found;
}

static bool keep_job(struct route_call *c, struct job *j, struct bytes session)
{
    struct matching *m = c->n->matching;
    struct job *gone = NULL, **place;

    pthread_mutex_lock(&m->lock);
    place = place_for(m, c, session, &gone);
    if (place)
        *place = j;
    pthread_mutex_unlock(&m->lock);
    if (gone)
        attempt_free(gone);
    return place != NULL;
}

/* ---- beginning ---- */

/* The clause may be told: both parties have signed it, and the reason class is for both. */
static void deny(struct route_call *c, const struct err *e)
{
    char path[256];

    text_escape(path, sizeof path, c->q->path);
    diag(c->n->diag, DIAG_WARN, "a comparison was refused", "peer=%.*s path=\"%s\" why=\"%s\"",
         BYTES_FMT(c->reader), path, e->text);
    http_respond_text(c->r, route_status(e->code), "%s", e->text);
}

static void begin(struct route_call *c, struct bytes session)
{
    char id[MATCH_ID + 1] = {0};
    struct err e = {0};
    struct job *j;

    if (session.n != MATCH_ID || c->q->body.n != 32) {
        http_respond_text(c->r, 400, "that begins nothing");
        return;
    }
    memcpy(id, session.p, MATCH_ID);
    j = attempt_new(c->n, c->slot, id, &e);
    if (!j || !bytes_equal(j->session.party[!j->side], c->reader)) {
        if (j)
            err_fail(&e, ERR_MISSING, "no such comparison");
        deny(c, &e);
        if (j)
            attempt_free(j);
        return;
    }
    os_random(c->n->os, j->coin, sizeof j->coin);
    memcpy(j->commitment.b, c->q->body.p, 32);
    if (!arena_copy(c->q->arena, bytes_of(j->coin, 32), &c->r->body, &e) ||
        !keep_job(c, j, session)) {
        attempt_free(j);
        http_response_header(c->r, "Retry-After", BYTES("2"));
        http_respond_text(c->r, 503, "another comparison runs");
        return;
    }
    http_respond(c->r, 200, BINARY, c->r->body);
}

static void open_job(struct route_call *c, struct job *j)
{
    struct err e = {0};
    struct hash h;
    bool ok;

    sha256(c->q->body, &h);
    if (c->q->body.n != 32 || !hash_equal(&h, &j->commitment)) {
        http_respond_text(c->r, 422, "not the coin that was committed to");
        return;
    }
    pthread_mutex_lock(&j->lock);
    ok = j->open;
    if (!ok) {
        memcpy(j->theirs, c->q->body.p, 32);
        ok = attempt_open(j, &e);
        if (!ok) {
            j->reason = PSI_REASON_TROUBLE;
            j->e = e;
            attempt_stop(j);
        }
    }
    pthread_mutex_unlock(&j->lock);
    if (ok)
        http_respond_text(c->r, 200, "open");
    else
        deny(c, &e);
}

/* ---- bytes ---- */

struct want {
    struct lane *lane;
    uint64_t at;
    bool end;
};

static bool parse_lane(struct route_call *c, struct job *j, struct bytes rest, struct want *out)
{
    struct http_param *p;
    struct bytes leg, shard, value;
    size_t n;
    uint64_t l, s;
    bool found;

    if (!http_path_next(&rest, &leg) || !http_path_next(&rest, &shard) || rest.n ||
        !decimal_parse(leg, &l) || !decimal_parse(shard, &s) || l > 1 ||
        !match_leg_runs(j->session.who, (unsigned)l) || s >= j->session.shards ||
        !http_query_parse(c->q->query, c->q->arena, &p, &n, NULL) ||
        !http_query_find(p, n, "at", &found, &value, NULL) || !found ||
        !decimal_parse(value, &out->at) || !http_query_find(p, n, "end", &out->end, &value, NULL))
        return false;
    out->lane = &j->lane[l][s];
    return true;
}

static bool patient(struct route_call *c, int64_t until)
{
    return os_ticks_us(c->n->os) < until && !atomic_load(c->q->cancelled) &&
           !atomic_load(&c->n->stopping);
}

/* Lock held: until the lane has been started, for a while. */
static bool await_lane(struct route_call *c, struct job *j, struct lane *l, int64_t until)
{
    while (!l->started && !j->ended && !attempt_sync(j) && patient(c, until))
        attempt_wait(j, 200);
    l->seen = os_ticks_us(c->n->os);
    return l->started && l->in.b;
}

static void take_bytes(struct route_call *c, struct job *j, const struct want *w)
{
    int64_t until = os_ticks_us(c->n->os) + MATCH_PATIENCE_S * US_PER_S;
    struct lane *l = w->lane;
    struct bytes in = c->q->body;
    uint64_t total = 0;
    bool fits = true;

    pthread_mutex_lock(&j->lock);
    if (await_lane(c, j, l, until)) {
        fits = w->at <= l->in.total;
        in = bytes_part(in, fits ? (size_t)(l->in.total - w->at) : in.n, SIZE_MAX);
        while (fits && in.n && !l->over) {
            size_t put = ring_put(&l->in, in);
            in = bytes_part(in, put, SIZE_MAX);
            lane_poke(l);
            if (in.n && !put && (attempt_sync(j) || !patient(c, until)))
                break;
            if (in.n && !put)
                attempt_wait(j, 200);
        }
        if (w->end && fits && in.n == 0 && !l->in.end) {
            l->in.end = true;
            lane_poke(l);
        }
        total = l->over ? w->at + c->q->body.n : l->in.total;
    }
    pthread_mutex_unlock(&j->lock);
    if (fits)
        http_respond_text(c->r, 200, "%llu", (unsigned long long)total);
    else
        http_respond_text(c->r, 409, "not from there");
}

/* All before `at` has arrived there and goes. Lock held. */
static bool acknowledge(struct lane *l, uint64_t at)
{
    uint64_t base = l->out.total - l->out.n;

    if (at < base || at > l->out.total)
        return false;
    if (at > base) {
        ring_drop(&l->out, (size_t)(at - base));
        lane_poke(l);
    }
    return true;
}

static void give_bytes(struct route_call *c, struct job *j, const struct want *w)
{
    int64_t until = os_ticks_us(c->n->os) + MATCH_PATIENCE_S * US_PER_S / 2;
    struct lane *l = w->lane;
    struct bytes out = {0};
    bool fits = true, over = false, ok = true;

    pthread_mutex_lock(&j->lock);
    if (await_lane(c, j, l, until)) {
        fits = acknowledge(l, w->at);
        while (fits && !l->out.n && !l->out.end && !attempt_sync(j) && patient(c, until))
            attempt_wait(j, 200);
        if (fits) {
            out = bytes_part(ring_view(&l->out), 0, MATCH_PIECE);
            over = !out.n && l->out.end;
            ok = arena_copy(c->q->arena, out, &out, NULL);
        }
    } else {
        over = j->ended;
    }
    pthread_mutex_unlock(&j->lock);
    if (!fits)
        http_respond_text(c->r, 409, "not from there");
    else if (!ok)
        http_respond_text(c->r, 503, "out of memory");
    else if (over)
        http_respond_text(c->r, 410, "over");
    else
        http_respond(c->r, 200, BINARY, out);
}

/* ---- routes ---- */

static void bytes_of_lane(struct route_call *c, struct job *j, struct bytes rest)
{
    struct want w = {0};

    if (!parse_lane(c, j, rest, &w))
        http_respond_text(c->r, 404, "nothing here");
    else if (c->q->method == HTTP_POST)
        take_bytes(c, j, &w);
    else
        give_bytes(c, j, &w);
    if (attempt_sync(j))
        attempt_advance(j);
}

static void stop_job(struct route_call *c, struct job *j)
{
    pthread_mutex_lock(&j->lock);
    attempt_stop(j);
    pthread_mutex_unlock(&j->lock);
    if (attempt_sync(j))
        attempt_advance(j);
    http_respond_text(c->r, 200, "stopped");
}

static void route(struct route_call *c)
{
    struct bytes rest = c->rest, session, first, last;
    struct job *j;

    /* c->rest has lost its slash */
    session = bytes_part(rest, 0, bytes_find_byte(rest, '/'));
    rest = bytes_part(rest, session.n, SIZE_MAX);
    last = rest;
    if (!http_path_next(&last, &first)) {
        http_respond_text(c->r, 404, "nothing here");
        return;
    }
    if (c->q->method == HTTP_POST && bytes_are(first, "begin") && last.n == 0) {
        begin(c, session);
        return;
    }
    j = job_use(c, session);
    if (!j) {
        http_respond_text(c->r, 404, "no such comparison");
        return;
    }
    if (c->q->method == HTTP_POST && bytes_are(first, "open") && last.n == 0)
        open_job(c, j);
    else if (c->q->method == HTTP_POST && bytes_are(first, "stop") && last.n == 0)
        stop_job(c, j);
    else
        bytes_of_lane(c, j, rest);
    job_unuse(c, j);
}

void route_match_post(struct route_call *c)
{
    route(c);
}

void route_match_get(struct route_call *c)
{
    route(c);
}
