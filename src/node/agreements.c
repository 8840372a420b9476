/* The agreements of this node: each with its record, the right to write in it, and what we know of
 * our contact with its other parties. */
#include "node/node_impl.h"

#include <errno.h>
#include <stdlib.h>

#define HOLD_SECONDS 10     /* longer than any commit; a large share takes turns by itself */
#define PROPOSALS_OF_ONE 16 /* unsigned agreements that one peer may leave with us */

/* ---- one slot
 * ------------------------------------------------------------------------------------ */

static struct record_options options_of(const struct node *n)
{
    return (struct record_options){.os = n->os,
                                   .diag = n->diag,
                                   .workers = n->workers,
                                   .keys = n->keys,
                                   .self = n->card->slug,
                                   .memory_index = n->o.memory_index,
                                   .segment_bytes = n->o.segment_bytes};
}

static void slot_free(struct slot *s)
{
    if (!s)
        return;
    desk_close(s->desk);
    record_close(s->record);
    pthread_cond_destroy(&s->freed);
    pthread_mutex_destroy(&s->gate);
    free(s->visits);
    free(s);
}

/* Lock held. */
static bool fill_visits(struct node *n, struct slot *s, struct err *e)
{
    const struct agreement *g = record_agreement(s->record);

    s->visits = calloc(g->parties_n, sizeof *s->visits);
    if (!s->visits)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < g->parties_n; i++) {
        struct visit *v = &s->visits[s->visits_n];
        if (bytes_equal(g->parties[i].slug, n->card->slug))
            continue;
        if (!node_keep(n, g->parties[i].slug, &v->slug, e))
            return false;
        s->visits_n++;
    }
    return true;
}

static void gate_init(struct slot *s)
{
    pthread_condattr_t clock;

    pthread_mutex_init(&s->gate, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&s->freed, &clock);
    pthread_condattr_destroy(&clock);
}

/* A wrong clock is known by what others have signed: no right one is earlier. It changes nothing
 * but what we claim, and what we may sign. */
static void check_clock(struct node *n, const struct slot *s)
{
    int64_t newest = 0, most = node_config(n)->clock_tolerance_seconds, now = os_now(n->os);
    struct err e = {0};

    if (record_newest_time(s->record, &newest, &e) && newest > now + most)
        diag(n->diag, DIAG_WARN, "our clock is behind what others have signed",
             "agreement=%s seconds=%lld", s->id, (long long)(newest - now));
}

static bool slot_open(struct node *n, const char *id, struct slot **out, struct err *e)
{
    struct record_options o = options_of(n);
    struct slot *s = calloc(1, sizeof *s);
    char dir[PATH_ROOM];
    bool ok = s || err_fail(e, ERR_NOMEM, "out of memory");

    if (ok) {
        memcpy(s->id, id, ACT_AGREEMENT);
        gate_init(s);
        ok = path_print(dir, e, "%s/agreements", n->dir) &&
             (s->record = record_open(&o, dir, s->id, e)) &&
             (s->desk = desk_open(s->record, n->os, LIMIT_DESK_BYTES, e));
    }
    if (ok) {
        pthread_mutex_lock(&n->lock);
        ok = fill_visits(n, s, e);
        pthread_mutex_unlock(&n->lock);
    }
    if (!ok) {
        slot_free(s);
        return err_within(e, "agreement %s", id);
    }
    slot_refresh(n, s);
    check_clock(n, s);
    *out = s;
    return true;
}

void slot_refresh(struct node *n, struct slot *s)
{
    const struct agreement *g = record_agreement(s->record);
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 2);

    for (size_t i = 0; i < s->visits_n; i++) {
        struct visit *v = &s->visits[i];
        struct sign_public tls = *record_key(s->record, v->slug, KEY_TLS, UINT64_MAX);
        struct record_head head = {0};
        bool stopped = a && record_head(s->record, v->slug, a, &head, NULL) && head.stopped;
        pthread_mutex_lock(&n->lock);
        v->tls = tls;
        v->stopped = stopped;
        pthread_mutex_unlock(&n->lock);
    }
    pthread_mutex_lock(&n->lock);
    s->outsides_n = g->witnesses_n;
    if (!bytes_equal(s->title, g->title))
        node_keep(n, g->title, &s->title, NULL);
    pthread_mutex_unlock(&n->lock);
    arena_free(a);
}

size_t slot_parties(const struct slot *s, struct bytes out[LIMIT_PARTIES])
{
    size_t k = 0;

    out[k++] = record_self(s->record);
    for (size_t i = 0; i < s->visits_n; i++)
        out[k++] = s->visits[i].slug;
    return k;
}

struct visit *slot_visit(struct slot *s, struct bytes slug)
{
    for (size_t i = 0; i < s->visits_n; i++)
        if (bytes_equal(s->visits[i].slug, slug))
            return &s->visits[i];
    return NULL;
}

/* By the key its log says, or the one of its enrolled card, which may be newer. */
struct bytes slot_party_by_tls(struct node *n, const struct slot *s, const struct sign_public *key)
{
    struct bytes slug = {0};

    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; key && i < s->visits_n; i++) {
        const struct node_peer *p = cards_find(n, s->visits[i].slug);
        if (memcmp(&s->visits[i].tls, key, sizeof *key) == 0 ||
            (p && p->state == NODE_ENROLLED &&
             memcmp(&p->card.keys[KEY_TLS], key, sizeof *key) == 0))
            slug = s->visits[i].slug;
    }
    pthread_mutex_unlock(&n->lock);
    return slug;
}

/* ---- the list
 * ------------------------------------------------------------------------------------ */

static bool put_slot(struct node *n, struct slot *s, struct err *e)
{
    size_t at = 0;
    bool ok = true;

    pthread_mutex_lock(&n->lock);
    while (at < n->slots_n && strcmp(n->slots[at]->id, s->id) < 0)
        at++;
    if (n->slots_n == LIMIT_NODE_AGREEMENTS) {
        ok = err_fail(e, ERR_LIMIT, "more than %d agreements", LIMIT_NODE_AGREEMENTS);
    } else {
        memmove(&n->slots[at + 1], &n->slots[at], (n->slots_n - at) * sizeof n->slots[0]);
        n->slots[at] = s;
        n->slots_n++;
    }
    pthread_mutex_unlock(&n->lock);
    return ok;
}

static bool is_id(struct bytes name)
{
    uint8_t ignored[ACT_AGREEMENT / 2];

    return name.n == ACT_AGREEMENT && hex_decode(ignored, sizeof ignored, name);
}

static bool open_found(struct node *n, struct bytes name, struct err *e)
{
    char id[ACT_AGREEMENT + 1] = {0};
    struct slot *s;

    if (!is_id(name))
        return true; /* not ours */
    memcpy(id, name.p, ACT_AGREEMENT);
    if (!slot_open(n, id, &s, e))
        return false;
    if (put_slot(n, s, e))
        return true;
    slot_free(s);
    return false;
}

/* A crash between making an agreement's folder and its document leaves an empty one. */
static bool is_whole(struct node *n, struct bytes name)
{
    char path[PATH_ROOM];

    return path_print(path, NULL, "%s/agreements/%.*s/agreement.json", n->dir, BYTES_FMT(name)) &&
           os_exists(n->os, path);
}

bool slots_open(struct node *n, struct err *e)
{
    struct arena *a = arena_new((size_t)1 << 20);
    struct bytes *names;
    char dir[PATH_ROOM];
    size_t count = 0;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    if (!n->slots) {
        n->slots = calloc(LIMIT_NODE_AGREEMENTS + 1, sizeof(struct slot *));
        ok = ok && (n->slots || err_fail(e, ERR_NOMEM, "out of memory"));
    }
    ok = ok && path_print(dir, e, "%s/agreements", n->dir) && os_make_dirs(n->os, dir, e) &&
         os_list(n->os, dir, a, &names, &count, e);
    for (size_t i = 0; ok && i < count; i++)
        if (is_id(names[i]) && is_whole(n, names[i]))
            ok = open_found(n, names[i], e);
    arena_free(a);
    return ok;
}

void slots_close(struct node *n)
{
    for (size_t i = 0; i < n->slots_n; i++)
        slot_free(n->slots[i]);
    n->slots_n = 0;
    free(n->slots);
    n->slots = NULL;
}

struct slot *slot_find(struct node *n, struct bytes id)
{
    struct slot *found = NULL;

    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < n->slots_n; i++)
        if (bytes_are(id, n->slots[i]->id))
            found = n->slots[i];
    pthread_mutex_unlock(&n->lock);
    return found;
}

struct slot *slot_at(struct node *n, size_t i)
{
    struct slot *s;

    pthread_mutex_lock(&n->lock);
    s = i < n->slots_n ? n->slots[i] : NULL;
    pthread_mutex_unlock(&n->lock);
    return s;
}

bool node_agreements(struct node *n, struct arena *a, const char ***ids, size_t *count,
                     struct err *e)
{
    const char **list;

    pthread_mutex_lock(&n->lock);
    list = arena_get_array(a, n->slots_n, sizeof *list, e);
    for (size_t i = 0; list && i < n->slots_n; i++)
        list[i] = n->slots[i]->id;
    *count = n->slots_n;
    pthread_mutex_unlock(&n->lock);
    *ids = list;
    return list != NULL;
}

/* ---- the right to write
 * ---------------------------------------------------------------------------- */

bool slot_hold(struct node *n, struct slot *s, struct err *e)
{
    struct timespec until;
    bool mine;

    (void)n;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += HOLD_SECONDS;
    pthread_mutex_lock(&s->gate);
    while (s->held && pthread_cond_timedwait(&s->freed, &s->gate, &until) == 0)
        ;
    mine = !s->held;
    s->held = true;
    pthread_mutex_unlock(&s->gate);
    if (mine)
        return true;
    err_fail(e, ERR_DENIED, "agreement %s is being written by another command", s->id);
    return err_hint(e, "try again when it has ended");
}

void slot_release(struct node *n, struct slot *s)
{
    slot_refresh(n, s);
    pthread_mutex_lock(&s->gate);
    s->held = false;
    pthread_cond_signal(&s->freed);
    pthread_mutex_unlock(&s->gate);
}

struct desk *node_desk(struct node *n, const char *id, struct err *e)
{
    struct slot *s = slot_find(n, bytes_text(id));

    if (s)
        return s->desk;
    err_fail(e, ERR_MISSING, "there is no agreement %s", id);
    return NULL;
}

struct record *node_record(struct node *n, const char *id, struct err *e)
{
    struct slot *s = slot_find(n, bytes_text(id));

    if (s)
        return s->record;
    err_fail(e, ERR_MISSING, "there is no agreement %s here", id);
    return NULL;
}

struct record *node_hold(struct node *n, const char *id, struct err *e)
{
    struct slot *s = slot_find(n, bytes_text(id));

    if (!s) {
        err_fail(e, ERR_MISSING, "there is no agreement %s here", id);
        return NULL;
    }
    return slot_hold(n, s, e) ? s->record : NULL;
}

void node_release(struct node *n, struct record *r)
{
    struct slot *s = r ? slot_find(n, bytes_text(record_id(r))) : NULL;

    if (!s)
        return;
    slot_release(n, s);
    slot_wake(n, s);
}

void node_release_unchanged(struct node *n, struct record *r)
{
    struct slot *s = r ? slot_find(n, bytes_text(record_id(r))) : NULL;

    if (s)
        slot_release(n, s);
}

/* ---- new ones
 * -------------------------------------------------------------------------------------- */

/* Unsigned agreements in which this peer is a party. */
static size_t open_proposals(struct node *n, struct bytes from)
{
    struct slot *s;
    size_t count = 0;

    for (size_t i = 0; (s = slot_at(n, i)); i++) {
        struct record_head own = {0};
        struct arena *a = arena_new(LIMIT_NOTE_BYTES * 2);
        if (a && slot_visit(s, from) && record_head(s->record, node_slug(n), a, &own, NULL))
            count += own.size == 0;
        arena_free(a);
    }
    return count;
}

bool slot_create(struct node *n, const struct agreement *g, struct bytes from, struct err *e)
{
    struct record_options o = options_of(n);
    char dir[PATH_ROOM];
    struct slot *s;

    if (slot_find(n, bytes_of(g->id, ACT_AGREEMENT)))
        return true;
    if (from.n && open_proposals(n, from) >= PROPOSALS_OF_ONE)
        return err_fail(e, ERR_LIMIT, "%d proposals of this party wait for an answer",
                        PROPOSALS_OF_ONE);
    if (!path_print(dir, e, "%s/agreements", n->dir) || !record_create(&o, dir, g, e) ||
        !slot_open(n, g->id, &s, e))
        return false;
    if (!put_slot(n, s, e)) {
        slot_free(s);
        return false;
    }
    diag(n->diag, DIAG_INFO, "an agreement is proposed", "agreement=%s from=%.*s title=\"%.*s\"",
         g->id, BYTES_FMT(from.n ? from : n->card->slug), BYTES_FMT(g->title));
    slot_wake(n, s);
    return true;
}

static bool vouch_all(struct node *n, const struct agreement *g, struct err *e)
{
    bool we = false;

    for (size_t i = 0; i < g->parties_n; i++) {
        we |= bytes_equal(g->parties[i].slug, node_slug(n));
        if (!cards_vouch(n, &g->parties[i], e))
            return false;
    }
    return we || err_fail(e, ERR_DENIED, "we are not a party of this agreement");
}

bool node_propose(struct node *n, struct bytes json, char id[ACT_AGREEMENT + 1], struct err *e)
{
    struct arena *a = arena_new(LIMIT_AGREEMENT_BYTES * 32);
    struct agreement *g = a ? arena_get(a, sizeof *g, e) : NULL;
    bool ok = g || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && agreement_parse(json, a, g, e) && vouch_all(n, g, e) &&
         slot_create(n, g, (struct bytes){0}, e);
    if (ok)
        memcpy(id, g->id, ACT_AGREEMENT + 1);
    arena_free(a);
    return ok;
}

bool node_sign(struct node *n, const char *id, struct err *e)
{
    struct record *r = node_hold(n, id, e);
    bool ok;

    if (!r)
        return false;
    ok = vouch_all(n, record_agreement(r), e) && record_sign(r, e);
    node_release(n, r);
    return ok;
}

/* ---- by name
 * ---------------------------------------------------------------------------------------- */

/* How well a name fits an agreement: 0 not at all, 3 best. */
static int fits(const struct slot *s, struct bytes name)
{
    char text[ACT_AGREEMENT + 1] = {0};

    if (name.n == 0)
        return 0;
    if (name.n <= ACT_AGREEMENT) {
        memcpy(text, name.p, name.n);
        if (memcmp(text, s->id, name.n) == 0)
            return 3;
    }
    for (size_t i = 0; s->visits_n == 1 && i < s->visits_n; i++)
        if (bytes_equal(s->visits[i].slug, name))
            return 2;
    return bytes_equal(bytes_part(s->title, 0, name.n), name) ? 1 : 0;
}

bool node_agreement_find(struct node *n, struct bytes name, char id[ACT_AGREEMENT + 1],
                         struct err *e)
{
    size_t count = 0;
    int best = 1;
    char shown[80];

    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < n->slots_n; i++) {
        int fit = fits(n->slots[i], name);
        if (fit < best)
            continue;
        count = fit > best ? 1 : count + 1;
        best = fit;
        memcpy(id, n->slots[i]->id, ACT_AGREEMENT + 1);
    }
    pthread_mutex_unlock(&n->lock);
    text_escape(shown, sizeof shown, name);
    if (count == 1)
        return true;
    if (count == 0)
        return err_fail(e, ERR_MISSING, "no agreement is called \"%s\"", shown);
    return err_fail(e, ERR_INPUT, "%zu agreements are called \"%s\"", count, shown);
}

/* ---- something is new
 * ------------------------------------------------------------------------------- */

void slot_wake(struct node *n, struct slot *s)
{
    int64_t now = os_ticks_us(n->os);

    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < s->visits_n; i++)
        if (s->visits[i].failures == 0 && s->visits[i].due > now)
            s->visits[i].due = now;
    for (size_t i = 0; i < s->outsides_n; i++)
        if (s->outsides[i].failures == 0 && s->outsides[i].due > now)
            s->outsides[i].due = now;
    pthread_cond_broadcast(&n->due);
    pthread_mutex_unlock(&n->lock);
}
