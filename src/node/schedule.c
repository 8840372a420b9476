/* Whom to visit, and when: soon after something is new, at every poll, and ever more rarely while
 * nobody answers. Several visitors may take turns from one list. */
#include "node/node_impl.h"

#include <time.h>

#define MS INT64_C(1000)
#define BACK_OFF_LEAST (1000 * MS)
#define BACK_OFF_MOST (900 * 1000 * MS)
#define VISIT_ARENA ((size_t)64 << 20)

/* ---- how long to wait
 * ------------------------------------------------------------------------------- */

/* A quarter more or less, so that nodes which failed together do not come back together. */
static int64_t jittered(struct node *n, int64_t us)
{
    uint32_t r;

    os_random(n->os, &r, sizeof r);
    return us - us / 4 + (int64_t)((uint64_t)(us / 2) * (r >> 8) >> 24);
}

static int64_t back_off(struct node *n, unsigned failures)
{
    unsigned doublings = failures > 10 ? 10 : failures - 1;
    int64_t us = BACK_OFF_LEAST << doublings;

    return jittered(n, us < BACK_OFF_MOST ? us : BACK_OFF_MOST);
}

static int64_t poll_time(struct node *n)
{
    return jittered(n, (int64_t)node_config(n)->poll_seconds * 1000 * MS);
}

/* ---- one visit
 * ---------------------------------------------------------------------------------------- */

/* A card whose keys changed counts after a challenge; its owner answers it without being asked by
 * people, for the recovery key has signed the new keys. */
static const struct node_peer *enrolled_peer(struct node *n, struct slot *s, struct visit *v,
                                             struct err *e)
{
    const struct node_peer *p = node_peer(n, v->slug);
    /* Not the agreement: it lasts until the next write. The recovery key never changes. */
    const struct sign_public *recovery = record_key(s->record, v->slug, KEY_RECOVERY, UINT64_MAX);
    struct hash id = {{0}};

    if (recovery)
        sha256(bytes_of(recovery->b, sizeof recovery->b), &id);
    if (!p) {
        err_fail(e, ERR_MISSING, "no card of %.*s", BYTES_FMT(v->slug));
        return NULL;
    }
    if (!recovery || !hash_equal(&id, &p->card.id)) {
        err_fail(e, ERR_DENIED, "the card of %.*s is another party's than the agreement's",
                 BYTES_FMT(v->slug));
        return NULL;
    }
    if (p->state == NODE_PENDING && !node_enrol(n, v->slug, e))
        return NULL;
    return node_peer(n, v->slug);
}

static bool visit_with(struct node *n, struct slot *s, struct visit *v, struct carrier *c,
                       struct node_report *report, struct err *e)
{
    struct visiting x = {.n = n, .slot = s, .visit = v, .carrier = c};
    bool ok;

    x.peer = enrolled_peer(n, s, v, e);
    x.arena = x.peer ? arena_new(VISIT_ARENA) : NULL;
    if (!x.peer)
        return false;
    if (!x.arena)
        return err_fail(e, ERR_NOMEM, "out of memory");
    x.pin = x.peer->card.keys[KEY_TLS];
    x.address = v->address;
    ok = visit_run(&x, e);
    *report = x.report;
    pthread_mutex_lock(&n->lock);
    v->address = x.address;
    n->bytes_in += x.report.pulled_bytes;
    n->bytes_out += x.report.pushed_bytes;
    pthread_mutex_unlock(&n->lock);
    arena_free(x.call_arena);
    arena_free(x.arena);
    return ok || err_within(e, "visiting %.*s", BYTES_FMT(v->slug));
}

/* What happened, for the next time and for those who watch. */
static void visited(struct node *n, struct slot *s, struct visit *v, const struct node_report *r,
                    const struct err *e)
{
    int64_t now = os_ticks_us(n->os);
    bool ok = e->code == ERR_NONE, turned;
    unsigned failures;

    pthread_mutex_lock(&n->lock);
    turned = ok ? v->failures > 0 : v->failures == 0;
    v->failures = ok ? 0 : v->failures + 1;
    failures = v->failures;
    v->trouble[0] = '\0';
    if (ok)
        v->contact = os_now(n->os);
    else
        memcpy(v->trouble, e->text, sizeof v->trouble);
    n->visits_done++;
    n->visits_failed += !ok;
    pthread_mutex_unlock(&n->lock);
    now += !ok ? back_off(n, failures) : r->complete ? poll_time(n) : 0;
    pthread_mutex_lock(&n->lock);
    v->due = now;
    v->busy = false;
    pthread_cond_broadcast(&n->due); /* somebody may wait to visit it too */
    pthread_mutex_unlock(&n->lock);
    if (turned && ok)
        diag(n->diag, DIAG_INFO, "a peer is back", "peer=%.*s agreement=%s", BYTES_FMT(v->slug),
             s->id);
    else if (turned)
        diag(n->diag, DIAG_WARN, "a visit failed", "peer=%.*s agreement=%s why=\"%s\"",
             BYTES_FMT(v->slug), s->id, e->text);
    if (r->pulled_acts || r->cosignatures)
        diag(n->diag, DIAG_INFO, "visited",
             "peer=%.*s agreement=%s acts=%llu objects=%llu "
             "bytes=%llu cosignatures=%u",
             BYTES_FMT(v->slug), s->id, (unsigned long long)r->pulled_acts,
             (unsigned long long)r->pulled_objects, (unsigned long long)r->pulled_bytes,
             r->cosignatures);
    if (r->evidence[0])
        diag(n->diag, DIAG_ERROR, "a party is convicted", "agreement=%s file=%s", s->id,
             r->evidence);
}

#define CLAIM_SECONDS 60

/* If it is being visited just now, wait for the end: what we came for may have been written since
 * that visit began. */
static bool claim(struct node *n, struct visit *v)
{
    struct timespec until;
    bool ours;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += CLAIM_SECONDS;
    pthread_mutex_lock(&n->lock);
    while (v->busy && !atomic_load(&n->stopping) &&
           pthread_cond_timedwait(&n->due, &n->lock, &until) == 0)
        ;
    ours = !v->busy;
    v->busy = true;
    pthread_mutex_unlock(&n->lock);
    return ours;
}

/* The server may be there just now; whoever asks for a visit wants one that begins after asking. */
static bool claim_waiting(struct node *n, struct visit *v)
{
    const struct timespec moment = {.tv_nsec = 20000000};

    for (int i = 0; i < 1500 && !atomic_load(&n->stopping); i++) {
        if (claim(n, v))
            return true;
        nanosleep(&moment, NULL);
    }
    return claim(n, v);
}

bool node_sync_peer(struct node *n, const char *id, struct bytes slug, struct node_report *report,
                    struct err *e)
{
    struct slot *s = slot_find(n, bytes_text(id));
    struct visit *v = s ? slot_visit(s, slug) : NULL;
    struct err why = {0};
    struct carrier c;
    bool ok;

    *report = (struct node_report){0};
    if (!v)
        return err_fail(e, ERR_MISSING, "no agreement %s with %.*s", id,
                        BYTES_FMT(bytes_part(slug, 0, 63)));
    if (!claim_waiting(n, v))
        return err_fail(e, ERR_DENIED, "%.*s is being visited already", BYTES_FMT(slug));
    ok = carrier_open(n, &c, &why) && visit_with(n, s, v, &c, report, &why);
    visited(n, s, v, report, &why);
    carrier_close(&c);
    if (!ok)
        err_pass(e, &why);
    return ok;
}

/* ---- whose turn it is
 * ----------------------------------------------------------------------------------- */

struct turn {
    struct slot *slot;
    struct visit *visit; /* one of the two */
    struct outside *outside;
    size_t which;
    int64_t due;
};

static bool reachable(struct node *n, const struct visit *v)
{
    const struct node_peer *p = cards_find(n, v->slug);

    return !v->stopped && !v->busy && p && p->card.addresses_n > 0;
}

/* The longest overdue. Lock held. */
static struct turn earliest(struct node *n)
{
    struct turn t = {.due = INT64_MAX};

    for (size_t i = 0; i < n->slots_n; i++) {
        struct slot *s = n->slots[i];
        for (size_t k = 0; k < s->visits_n; k++)
            if (s->visits[k].due < t.due && reachable(n, &s->visits[k]))
                t = (struct turn){s, &s->visits[k], NULL, 0, s->visits[k].due};
        for (size_t k = 0; k < s->outsides_n; k++)
            if (s->outsides[k].due < t.due && !s->outsides[k].busy)
                t = (struct turn){s, NULL, &s->outsides[k], k, s->outsides[k].due};
    }
    return t;
}

static void submit_turn(struct node *n, const struct turn *t, struct carrier *c)
{
    struct node_report report = {0};
    struct err e = {0};
    bool ok = submit_head(n, t->slot, t->which, c, &report, &e);
    int64_t due = os_ticks_us(n->os);

    pthread_mutex_lock(&n->lock);
    t->outside->failures = ok ? 0 : t->outside->failures + 1;
    pthread_mutex_unlock(&n->lock);
    due += ok ? poll_time(n) : back_off(n, t->outside->failures);
    pthread_mutex_lock(&n->lock);
    t->outside->due = due;
    t->outside->busy = false;
    pthread_mutex_unlock(&n->lock);
    if (!ok && t->outside->failures == 1)
        diag_err(n->diag, DIAG_WARN, "a witness was not reached", &e);
    else if (report.witnessed)
        diag(n->diag, DIAG_INFO, "an outside witness has cosigned our log", "agreement=%s",
             t->slot->id);
}

bool schedule_step(struct node *n, struct carrier *c, bool force, int64_t *next)
{
    int64_t now = os_ticks_us(n->os);
    struct node_report report = {0};
    struct err e = {0};
    struct turn t;

    pthread_mutex_lock(&n->lock);
    t = earliest(n);
    *next = t.due;
    if (t.slot && (force || t.due <= now)) {
        if (t.visit)
            t.visit->busy = true;
        else
            t.outside->busy = true;
    } else {
        t.slot = NULL;
    }
    pthread_mutex_unlock(&n->lock);
    if (!t.slot)
        return false;
    if (t.visit) {
        if (!visit_with(n, t.slot, t.visit, c, &report, &e) && e.code == ERR_NONE)
            err_fail(&e, ERR_PEER, "the visit failed");
        visited(n, t.slot, t.visit, &report, &e);
    } else {
        submit_turn(n, &t, c);
    }
    return true;
}

static void make_all_due(struct node *n)
{
    int64_t now = os_ticks_us(n->os);

    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < n->slots_n; i++) {
        struct slot *s = n->slots[i];
        for (size_t k = 0; k < s->visits_n; k++)
            s->visits[k].due = now;
        for (size_t k = 0; k < s->outsides_n; k++)
            s->outsides[k].due = now;
    }
    pthread_mutex_unlock(&n->lock);
}

void node_sync(struct node *n, bool force, uint32_t *wait_ms)
{
    struct err e = {0};
    struct carrier c;
    int64_t next = 0, left;

    if (force)
        make_all_due(n);
    if (!carrier_open(n, &c, &e)) {
        diag_err(n->diag, DIAG_ERROR, "no visits", &e);
        return;
    }
    while (!atomic_load(&n->stopping) && schedule_step(n, &c, false, &next))
        ;
    carrier_close(&c);
    left = next == INT64_MAX ? INT64_MAX : (next - os_ticks_us(n->os)) / MS;
    if (wait_ms)
        *wait_ms = left < 0 ? 0 : left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}

void node_wake(struct node *n)
{
    struct slot *s;

    for (size_t i = 0; (s = slot_at(n, i)); i++)
        slot_wake(n, s);
}
