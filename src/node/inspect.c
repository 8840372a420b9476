/* What a peer shows against what we hold: may we sign, has anybody lied, and can it be proved. */
#include "node/node_impl.h"

#define PIECES_LOOKED_AT 8 /* for two acts with one number; a fork is proved by tiles */

static bool head_of_note(struct bytes note, struct arena *a, struct checkpoint *out)
{
    struct note parsed;

    return note.n && note_parse(note, a, &parsed, NULL) && checkpoint_parse(parsed.text, out, NULL);
}

/* ---- the fence
 * --------------------------------------------------------------------------------------- */

/* A restored log is taken up again only when every counterparty has told what it holds: one who
 * holds little must not speak for one who holds more. */
static bool all_confirmed(struct visiting *v)
{
    bool all = true;

    pthread_mutex_lock(&v->n->lock);
    for (size_t i = 0; i < v->slot->visits_n; i++)
        all &= v->slot->visits[i].confirmed || v->slot->visits[i].stopped;
    pthread_mutex_unlock(&v->n->lock);
    return all;
}

static void set_confirmed(struct visiting *v, bool confirmed)
{
    pthread_mutex_lock(&v->n->lock);
    v->visit->confirmed = confirmed;
    pthread_mutex_unlock(&v->n->lock);
}

static bool confirm(struct visiting *v, struct bytes note, struct err *e)
{
    bool ok;

    if (!slot_hold(v->n, v->slot, e))
        return false;
    ok = record_fence_confirm(v->slot->record, note, e);
    slot_release(v->n, v->slot);
    if (!ok)
        diag_err(v->n->diag, DIAG_ERROR, "what a peer holds of our log is not what we hold", e);
    return ok;
}

/* They hold more than we do: we are behind, and take it back from them. */
static bool recover(struct visiting *v, struct bytes note, uint64_t size)
{
    struct record_head own;
    struct err e = {0};

    set_confirmed(v, false);
    diag(v->n->diag, DIAG_ERROR, "a peer holds more of our log than we do: nothing is signed",
         "agreement=%s peer=%.*s their_size=%llu", v->slot->id, BYTES_FMT(v->visit->slug),
         (unsigned long long)size);
    if (!confirm(v, note, &e) || !pull_log(v, node_slug(v->n), &e) ||
        !record_head(v->slot->record, node_slug(v->n), v->arena, &own, &e)) {
        diag_err(v->n->diag, DIAG_ERROR, "our log was not recovered", &e);
        return false;
    }
    return own.size >= size;
}

void inspect_fence(struct visiting *v)
{
    const struct head_line *line = heads_of(&v->heads, node_slug(v->n));
    struct bytes note = line ? line->note : (struct bytes){0};
    struct checkpoint theirs = {0};
    struct record_head own;
    struct err e = {0};

    if (!record_head(v->slot->record, node_slug(v->n), v->arena, &own, &e))
        return;
    if (head_of_note(note, v->arena, &theirs) && theirs.size > own.size &&
        !recover(v, note, theirs.size))
        return;
    if (record_fence(v->slot->record) == FENCE_OK)
        return;
    if (!exchange_times(v, &e)) {
        diag_err(v->n->diag, DIAG_WARN, "they did not tell when we last cosigned: not confirmed",
                 &e);
        return;
    }
    set_confirmed(v, true);
    if (!all_confirmed(v))
        return;
    if (!confirm(v, note, &e))
        set_confirmed(v, false);
    else if (record_fence(v->slot->record) == FENCE_OK)
        diag(v->n->diag, DIAG_WARN, "every counterparty has confirmed our log: we sign again",
             "agreement=%s", v->slot->id);
}

/* ---- gossip
 * ------------------------------------------------------------------------------------------ */

static void compare(struct visiting *v, struct bytes slug, struct bytes note)
{
    struct err e = {0};
    char evidence[256];

    if (note.n == 0 || !slot_hold(v->n, v->slot, &e))
        return;
    if (!record_compare(v->slot->record, slug, note, evidence, &e) && evidence[0])
        memcpy(v->report.evidence, evidence, sizeof evidence);
    slot_release(v->n, v->slot);
}

void inspect_gossip(struct visiting *v)
{
    for (size_t i = 0; i < v->heads.n; i++) {
        const struct head_line *l = &v->heads.line[i];
        if (!slot_visit(v->slot, l->slug))
            continue; /* ours is inspect_fence's */
        compare(v, l->slug, l->note);
        compare(v, l->slug, l->cosigned);
    }
}

/* ---- a fork
 * ------------------------------------------------------------------------------------------- */

struct their_tiles {
    struct visiting *v;
    struct bytes slug;
};

static bool fetch_tile(void *self, const struct tlog_tile *t, struct bytes *out, struct err *e)
{
    struct their_tiles *f = self;
    char name[TLOG_TILE_PATH_MAX], target[512];
    struct http_reply reply;

    tlog_tile_print(t, name);
    snprintf(target, sizeof target, ROUTE "log/%s/%.*s/%s", f->v->slot->id, BYTES_FMT(f->slug),
             name);
    if (!peer_call(f->v, HTTP_GET, target, (struct bytes){0}, TLOG_TILE_BYTES, &reply, e))
        return false;
    if (reply.status != 200)
        return peer_refused(&reply, "a tile", e);
    *out = reply.body;
    return true;
}

static bool convict(struct visiting *v, struct bytes slug, struct bytes file)
{
    struct err e = {0};
    char evidence[256] = "";
    bool ok;

    if (!slot_hold(v->n, v->slot, &e))
        return false;
    ok = record_convict(v->slot->record, slug, file, evidence, &e);
    if (!ok)
        node_note_failure(v->n, v->slot, &e);
    slot_release(v->n, v->slot);
    if (ok)
        memcpy(v->report.evidence, evidence, sizeof evidence);
    return ok;
}

/* Their head is of a tree larger than ours: that tree, as they serve it, has to begin with each
 * head that its owner signed before. */
static bool fork_by_tiles(struct visiting *v, struct bytes slug, struct bytes small,
                          struct bytes large, const struct checkpoint *c)
{
    struct their_tiles tiles = {v, slug};
    struct tlog_tile_fetch fetch = {fetch_tile, &tiles};
    struct tlog_tiles *t = tlog_tiles_new(v->arena, c->size, &fetch, NULL);
    const struct sign_public *key;
    struct tlog_source source;
    struct note_key accused;
    struct bytes file;
    struct err e = {0};

    if (!t || !slot_hold(v->n, v->slot, &e))
        return false;
    key = record_key(v->slot->record, slug, KEY_CHECKPOINTS, c->size);
    if (key && !note_key_make(bytes_text(c->origin), NOTE_ED25519, key, &accused, &e))
        key = NULL;
    slot_release(v->n, v->slot);
    source = tlog_tiles_source(t);
    return key && evidence_make_fork(&accused, small, large, &source, v->arena, &file, &e) &&
           convict(v, slug, file);
}

static bool fork_by_heads(struct visiting *v, struct bytes slug)
{
    const struct head_line *line = heads_of(&v->heads, slug);
    struct bytes ours[2] = {0};
    struct record_head head;
    struct checkpoint large, small;

    if (!line || !head_of_note(line->note, v->arena, &large) ||
        !record_head(v->slot->record, slug, v->arena, &head, NULL) ||
        !record_cosigned(v->slot->record, slug, v->arena, &ours[1], NULL))
        return false;
    ours[0] = head.note;
    for (int i = 0; i < 2; i++)
        if (head_of_note(ours[i], v->arena, &small) && small.size && small.size < large.size &&
            fork_by_tiles(v, slug, ours[i], line->note, &large))
            return true;
    return false;
}

/* Acts that we hold against the same numbers as they show them. */
static bool double_by_pieces(struct visiting *v, struct bytes slug)
{
    struct record_head head;
    uint64_t from = 0;

    if (!record_head(v->slot->record, slug, v->arena, &head, NULL))
        return false;
    for (int i = 0; i < PIECES_LOOKED_AT && from < head.size; i++) {
        struct http_reply reply;
        struct reader r;
        struct err e = {0};
        char target[512], evidence[256];
        bool ok;
        snprintf(target, sizeof target, ROUTE "sync/%s/%.*s?from=%llu", v->slot->id,
                 BYTES_FMT(slug), (unsigned long long)from);
        if (!peer_call(v, HTTP_GET, target, (struct bytes){0}, RECORD_PIECE_MOST, &reply, &e) ||
            reply.status != 200 || !slot_hold(v->n, v->slot, &e))
            return false;
        ok = record_convict_piece(v->slot->record, slug, reply.body, evidence, &e);
        slot_release(v->n, v->slot);
        if (ok) {
            memcpy(v->report.evidence, evidence, sizeof evidence);
            return true;
        }
        /* doc/formats/piece.md: 16 bytes, from, lists, acts. */
        r = reader_of(bytes_part(reply.body, 16 + 8 + 4, 8));
        ok = e.code == ERR_MISSING && reader_left(&r) == 8;
        if (!ok)
            return false;
        from += reader_u64(&r);
    }
    return false;
}

void inspect_fork(struct visiting *v, struct bytes slug)
{
    struct record_head head;

    if (!record_head(v->slot->record, slug, v->arena, &head, NULL) || head.stopped)
        return;
    if (!fork_by_heads(v, slug) && !double_by_pieces(v, slug))
        diag(v->n->diag, DIAG_WARN, "a log does not fit what we hold of it; nothing is proved",
             "agreement=%s log=%.*s shown_by=%.*s", v->slot->id, BYTES_FMT(slug),
             BYTES_FMT(v->visit->slug));
}
