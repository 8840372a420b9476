/* A visit: where do you stand, what have you that I lack, here is what you lack, I have cosigned
 * yours, have you cosigned mine. Every step may be repeated or lost; what is stored decides. */
#include "node/node_impl.h"

#define ANSWER_MAX (LIMIT_NOTE_BYTES + 1024)

/* ---- where they stand
 * ------------------------------------------------------------------------------- */

static void tell_card(struct visiting *v)
{
    const struct card *own = node_card(v->n);
    struct http_reply reply;
    struct err e = {0};
    bool told;

    pthread_mutex_lock(&v->n->lock);
    told = own->serial == 1 || v->visit->told == own->serial;
    pthread_mutex_unlock(&v->n->lock);
    if (told || !peer_call(v, HTTP_POST, ROUTE "card", own->note, ANSWER_MAX, &reply, &e) ||
        reply.status != 200)
        return;
    pthread_mutex_lock(&v->n->lock);
    v->visit->told = own->serial;
    pthread_mutex_unlock(&v->n->lock);
}

static void note_clock(struct visiting *v, int64_t theirs)
{
    int64_t skew = theirs - os_now(v->n->os);
    int64_t most = node_config(v->n)->clock_tolerance_seconds;
    bool warn;

    pthread_mutex_lock(&v->n->lock);
    v->visit->skew = skew;
    warn = (skew > most || skew < -most) && !v->visit->skewed;
    v->visit->skewed = skew > most || skew < -most;
    pthread_mutex_unlock(&v->n->lock);
    v->report.skew_seconds = skew;
    if (warn)
        diag(v->n->diag, DIAG_WARN, "a peer's clock differs from ours", "peer=%.*s seconds=%lld",
             BYTES_FMT(v->visit->slug), (long long)skew);
}

static bool propose(struct visiting *v, struct err *e)
{
    struct arena *a = v->arena;
    struct http_reply reply;
    struct bytes first;
    char path[PATH_ROOM];

    return path_print(path, e, "%s/agreements/%s/agreement.json", v->n->dir, v->slot->id) &&
           os_read_file(v->n->os, path, LIMIT_AGREEMENT_BYTES, a, &first, e) &&
           peer_call(v, HTTP_POST, ROUTE "agreements", first, ANSWER_MAX, &reply, e) &&
           (reply.status == 200 || peer_refused(&reply, "the proposal", e));
}

static bool ask_heads(struct visiting *v, struct http_reply *reply, struct err *e)
{
    char *target = arena_format(v->arena, e, ROUTE "heads/%s", v->slot->id);

    return target && peer_call(v, HTTP_GET, target, (struct bytes){0}, LIMIT_HEADS_BYTES, reply, e);
}

/* Whoever does not know the agreement yet is told of it. */
static bool get_heads(struct visiting *v, struct err *e)
{
    struct http_reply reply;
    struct bytes text;

    if (!ask_heads(v, &reply, e))
        return false;
    if (reply.status == 404 && (!propose(v, e) || !ask_heads(v, &reply, e)))
        return false;
    if (reply.status != 200)
        return peer_refused(&reply, "where they stand", e);
    return arena_copy(v->arena, reply.body, &text, e) && heads_parse(text, v->arena, &v->heads, e);
}

/* ---- what they have
 * --------------------------------------------------------------------------------- */

static bool take_piece(struct visiting *v, struct bytes slug, struct bytes piece,
                       struct record_taken *taken, struct err *e)
{
    bool ok;

    if (!slot_hold(v->n, v->slot, e))
        return false;
    ok = record_piece_take(v->slot->record, slug, piece, taken, e);
    if (!ok)
        node_note_failure(v->n, v->slot, e);
    slot_release(v->n, v->slot);
    if (taken->evidence[0])
        memcpy(v->report.evidence, taken->evidence, sizeof v->report.evidence);
    return ok;
}

static bool get_piece(struct visiting *v, struct bytes slug, uint64_t from, uint32_t parts,
                      struct http_reply *reply, struct err *e)
{
    char *target = arena_format(v->arena, e, ROUTE "sync/%s/%.*s?from=%llu&parts=%u", v->slot->id,
                                BYTES_FMT(slug), (unsigned long long)from, parts);

    if (!target || !peer_call(v, HTTP_GET, target, (struct bytes){0}, RECORD_PIECE_MOST, reply, e))
        return false;
    return reply->status == 200 || peer_refused(reply, "a piece", e);
}

/* Have they anything of this log that we have not? */
static bool they_have_more(const struct head_line *theirs, const struct record_head *ours)
{
    return theirs && (theirs->size > ours->size ||
                      (theirs->size == ours->size && theirs->parts > ours->parts));
}

bool pull_log(struct visiting *v, struct bytes slug, struct err *e)
{
    const struct head_line *theirs = heads_of(&v->heads, slug);

    for (;;) {
        struct arena_mark mark = arena_mark(v->arena);
        struct record_taken taken;
        struct record_head ours;
        struct http_reply reply;
        bool progress;
        if (!record_head(v->slot->record, slug, v->arena, &ours, e))
            return false;
        if (ours.stopped || !they_have_more(theirs, &ours) || v->passed > LIMIT_NODE_VISIT_BYTES ||
            atomic_load(&v->n->stopping))
            return true;
        if (!get_piece(v, slug, ours.size, ours.parts, &reply, e) ||
            !take_piece(v, slug, reply.body, &taken, e))
            return err_within(e, "log of %.*s", BYTES_FMT(slug));
        arena_reset(v->arena, mark);
        v->report.pulled_acts += taken.acts;
        v->report.pulled_objects += taken.objects;
        v->report.pulled_bytes += reply.body.n;
        progress = taken.size > ours.size || taken.parts > ours.parts;
        if (!progress)
            return true;
    }
}

/* What is wrong with one log must not keep us from the others. */
static void go_on(struct visiting *v, const struct err *e)
{
    if (v->trouble.code == ERR_NONE)
        v->trouble = *e;
}

static void pull_all(struct visiting *v)
{
    struct bytes slugs[LIMIT_PARTIES];
    size_t n = slot_parties(v->slot, slugs);

    /* slugs[0] is ours: inspect_fence takes it back when it has to. Theirs first. */
    for (int round = 0; round < 2; round++)
        for (size_t i = 1; i < n; i++) {
            struct err e = {0};
            if (bytes_equal(slugs[i], v->visit->slug) != (round == 0) || pull_log(v, slugs[i], &e))
                continue;
            if (e.code == ERR_PROOF || e.code == ERR_PEER)
                inspect_fork(v, slugs[i]);
            go_on(v, &e);
        }
}

/* ---- what they lack
 * ---------------------------------------------------------------------------------- */

static void took_note(struct visiting *v, struct bytes note)
{
    struct err e = {0};
    struct hash h;
    bool news = false, known;

    if (note.n == 0)
        return;
    sha256(note, &h);
    pthread_mutex_lock(&v->n->lock);
    known = hash_equal(&h, &v->visit->cosigned);
    pthread_mutex_unlock(&v->n->lock);
    if (known)
        return;
    if (!slot_hold(v->n, v->slot, &e)) {
        go_on(v, &e);
        return;
    }
    if (cosigned_take(v->n, v->slot, note, &news, &e)) {
        pthread_mutex_lock(&v->n->lock);
        v->visit->cosigned = h;
        pthread_mutex_unlock(&v->n->lock);
        v->report.cosignatures += news;
    } else {
        go_on(v, &e);
    }
    slot_release(v->n, v->slot);
}

static bool send_piece(struct visiting *v, struct bytes slug, const struct taken_line *at,
                       struct taken_line *now, struct err *e)
{
    struct arena *a = arena_new(RECORD_PIECE_MOST * 2);
    char *target = arena_format(v->arena, e, ROUTE "sync/%s/%.*s", v->slot->id, BYTES_FMT(slug));
    struct http_reply reply;
    struct bytes piece;
    bool ok = a && target;

    ok = ok &&
         record_piece_make(v->slot->record, slug, v->visit->slug, at->size, at->parts,
                           RECORD_PIECE_BYTES, a, &piece, e) &&
         peer_call(v, HTTP_POST, target, piece, ANSWER_MAX, &reply, e);
    if (ok && reply.status != 200 && reply.status != 409)
        ok = peer_refused(&reply, "a piece of ours", e);
    ok = ok && taken_parse(reply.body, now, e);
    if (ok)
        v->report.pushed_bytes += piece.n;
    arena_free(a);
    return ok;
}

static bool push_own(struct visiting *v, struct err *e)
{
    const struct head_line *line = heads_of(&v->heads, node_slug(v->n));
    struct taken_line at = {0}, now;

    if (line) {
        at.size = line->size;
        at.parts = line->parts;
    }
    for (;;) {
        struct arena_mark mark = arena_mark(v->arena);
        struct record_head ours;
        if (!record_head(v->slot->record, node_slug(v->n), v->arena, &ours, e))
            return false;
        pthread_mutex_lock(&v->n->lock);
        v->visit->they_hold = at.size;
        pthread_mutex_unlock(&v->n->lock);
        arena_reset(v->arena, mark);
        if (at.size >= ours.size || v->passed > LIMIT_NODE_VISIT_BYTES ||
            atomic_load(&v->n->stopping))
            return true;
        if (!send_piece(v, node_slug(v->n), &at, &now, e))
            return false;
        took_note(v, now.cosigned);
        if (now.size == at.size && now.parts == at.parts)
            return err_fail(e, ERR_PEER, "they take nothing of our log beyond act %llu",
                            (unsigned long long)at.size);
        at = now;
    }
}

/* ---- cosignatures
 * ----------------------------------------------------------------------------------- */

/* Does their newest cosigned head of their own log have our line, or is it another head? */
static bool they_have(struct visiting *v, struct bytes note)
{
    const struct head_line *line = heads_of(&v->heads, v->visit->slug);
    struct note ours, theirs;
    struct hash h;
    bool have;

    sha256(note, &h);
    pthread_mutex_lock(&v->n->lock);
    have = hash_equal(&h, &v->visit->delivered);
    pthread_mutex_unlock(&v->n->lock);
    if (have || !line || line->cosigned.n == 0)
        return have;
    if (!note_parse(note, v->arena, &ours, NULL) ||
        !note_parse(line->cosigned, v->arena, &theirs, NULL) ||
        !bytes_equal(ours.text, theirs.text))
        return false;
    for (size_t i = 0; i < ours.n; i++) {
        bool there = false;
        for (size_t k = 0; k < theirs.n; k++)
            there |= bytes_equal(ours.lines[i].whole, theirs.lines[k].whole);
        if (!there)
            return false;
    }
    return true;
}

static bool deliver(struct visiting *v, struct bytes note, struct err *e)
{
    char *target = arena_format(v->arena, e, ROUTE "cosigned/%s", v->slot->id);
    struct http_reply reply;
    struct hash h;

    if (!target || !peer_call(v, HTTP_POST, target, note, ANSWER_MAX, &reply, e))
        return false;
    if (reply.status != 200)
        return peer_refused(&reply, "our cosignature", e);
    sha256(note, &h);
    pthread_mutex_lock(&v->n->lock);
    v->visit->delivered = h;
    pthread_mutex_unlock(&v->n->lock);
    return true;
}

static bool cosign_theirs(struct visiting *v, struct err *e)
{
    struct bytes note = {0};
    bool fresh = false, ok;

    if (!slot_hold(v->n, v->slot, e))
        return false;
    ok = cosign_due(v->n, v->slot, v->visit->slug, v->arena, &note, &fresh, e);
    slot_release(v->n, v->slot);
    v->report.cosigned += ok && fresh;
    return ok && (note.n == 0 || they_have(v, note) || deliver(v, note, e));
}

static void take_ours(struct visiting *v)
{
    const struct head_line *line = heads_of(&v->heads, node_slug(v->n));
    struct record_head own;

    if (line && line->cosigned.n && record_fence(v->slot->record) == FENCE_OK &&
        record_head(v->slot->record, node_slug(v->n), v->arena, &own, NULL) &&
        line->size <= own.size)
        took_note(v, line->cosigned);
}

/* ---- the whole
 * --------------------------------------------------------------------------------------- */

static bool is_complete(struct visiting *v)
{
    for (size_t i = 0; i < v->heads.n; i++) {
        struct record_head ours;
        if (!record_head(v->slot->record, v->heads.line[i].slug, v->arena, &ours, NULL))
            continue;
        if (!ours.stopped && they_have_more(&v->heads.line[i], &ours))
            return false;
    }
    return v->passed <= LIMIT_NODE_VISIT_BYTES;
}

static bool convicted(struct visiting *v)
{
    struct record_head head = {0};

    return record_head(v->slot->record, v->visit->slug, v->arena, &head, NULL) && head.stopped;
}

/* When did we last sign what they show? A disk that went back unnoticed does not know. Before the
 * fence opens they are asked for all that they have: inspect_fence. */
static void remember_times(struct visiting *v)
{
    struct err e = {0};
    bool ok = true;

    if (!slot_hold(v->n, v->slot, &e)) {
        go_on(v, &e);
        return;
    }
    for (size_t i = 0; ok && i < v->heads.n; i++)
        if (v->heads.line[i].cosigned.n)
            ok = record_remember_times(v->slot->record, v->heads.line[i].slug,
                                       &v->heads.line[i].cosigned, 1, &e);
    if (!ok) {
        node_note_failure(v->n, v->slot, &e);
        go_on(v, &e);
    }
    slot_release(v->n, v->slot);
}

bool visit_run(struct visiting *v, struct err *e)
{
    struct err trouble = {0};
    bool suspect;

    tell_card(v);
    if (!get_heads(v, e))
        return false;
    note_clock(v, v->heads.time);
    remember_times(v);
    inspect_fence(v);
    inspect_gossip(v);
    pthread_mutex_lock(&v->n->lock);
    suspect = v->visit->suspect;
    v->visit->suspect = false;
    pthread_mutex_unlock(&v->n->lock);
    if (suspect)
        inspect_fork(v, v->visit->slug);
    pull_all(v);
    if (convicted(v))
        return err_fail(e, ERR_DENIED, "%.*s is convicted of two histories",
                        BYTES_FMT(v->visit->slug));
    take_ours(v);
    if (!cosign_theirs(v, &trouble))
        go_on(v, &trouble);
    err_clear(&trouble);
    if (!push_own(v, &trouble))
        go_on(v, &trouble);
    err_clear(&trouble);
    if (v->trouble.code == ERR_NONE && !exchange_run(v, &trouble))
        go_on(v, &trouble);
    v->report.complete = is_complete(v);
    v->report.fenced = record_fence(v->slot->record) != FENCE_OK;
    if (v->trouble.code == ERR_NONE)
        return true;
    return err_pass(e, &v->trouble);
}
