/* Routes of one agreement: where we stand, pieces both ways, cosignatures, C2SP files. */
#include "node/node_impl.h"

#define BINARY "application/octet-stream"
#define PLAIN "text/plain; charset=utf-8"

static void refuse(struct route_call *c, const struct err *e)
{
    route_refuse(c->n, c->q, c->r, e);
}

static void busy(struct route_call *c)
{
    http_response_header(c->r, "Retry-After", BYTES("2"));
    http_respond_text(c->r, 503, "too much at a time");
}

/* They called, so they are there: remember it, and visit them if they have been away. */
static void heard(struct route_call *c)
{
    struct visit *v = slot_visit(c->slot, c->reader);

    if (!v)
        return;
    pthread_mutex_lock(&c->n->lock);
    v->contact = os_now(c->n->os);
    if (v->failures) {
        v->failures = 0;
        v->due = os_ticks_us(c->n->os);
        pthread_cond_broadcast(&c->n->due);
    }
    pthread_mutex_unlock(&c->n->lock);
}

void route_heads(struct route_call *c)
{
    struct heads *h = arena_get(c->q->arena, sizeof *h, NULL);
    struct bytes body;
    struct err e = {0};

    if (!h || !heads_make(c->n, c->slot, c->q->arena, h, &e) ||
        !heads_print(h, c->q->arena, &body, &e)) {
        refuse(c, &e);
        return;
    }
    heard(c);
    http_respond(c->r, 200, PLAIN, body);
}

/* The newest head we know of a log, cosigned if we have it so: what its owner asks for after a
 * restore. Empty: we hold nothing. */
void route_held(struct route_call *c)
{
    struct cosigned_state cosigned;
    struct record_head head;
    struct bytes note;
    struct err e = {0};

    if (!record_head(c->slot->record, c->slug, c->q->arena, &head, &e) ||
        !record_cosigned(c->slot->record, c->slug, c->q->arena, &note, &e) ||
        !cosigned_read(note, node_slug(c->n), c->q->arena, &cosigned, &e)) {
        refuse(c, &e);
        return;
    }
    http_respond(c->r, 200, PLAIN, cosigned.size >= head.seen ? note : head.note);
}

/* ---- pieces
 * ---------------------------------------------------------------------------------------- */

static bool number_of(const struct http_param *params, size_t n, const char *name, uint64_t most,
                      uint64_t *out, struct err *e)
{
    struct bytes value;
    bool found;

    *out = 0;
    if (!http_query_find(params, n, name, &found, &value, e))
        return false;
    if (found && (!decimal_parse(value, out) || *out > most))
        return err_fail(e, ERR_INPUT, "%s is not a number that fits", name);
    return true;
}

void route_pull(struct route_call *c)
{
    uint64_t from = 0, parts = 0;
    struct http_param *params;
    struct err e = {0};
    struct bytes piece;
    size_t n;
    bool ok;

    if (!http_query_parse(c->q->query, c->q->arena, &params, &n, &e) ||
        !number_of(params, n, "from", TLOG_SIZE_MAX, &from, &e) ||
        !number_of(params, n, "parts", UINT32_MAX, &parts, &e)) {
        http_respond_text(c->r, 400, "%s", e.text);
        return;
    }
    if (!pieces_take(c)) {
        busy(c);
        return;
    }
    ok = record_piece_make(c->slot->record, c->slug, c->reader, from, (uint32_t)parts,
                           RECORD_PIECE_BYTES, c->q->arena, &piece, &e);
    if (!ok) {
        refuse(c, &e);
        return;
    }
    heard(c);
    pthread_mutex_lock(&c->n->lock);
    c->n->bytes_out += piece.n;
    pthread_mutex_unlock(&c->n->lock);
    http_respond(c->r, 200, BINARY, piece);
}

/* Where we stand now. A piece that does not fit is answered with it, so that they can go on from
 * there: after a lost answer they would otherwise push the same piece for ever. */
static void say_taken(struct route_call *c, unsigned status, const struct record_taken *taken,
                      struct bytes cosigned)
{
    struct taken_line t = {taken->size, taken->seen, taken->parts, cosigned};
    struct bytes body;
    struct err e = {0};

    if (taken_print(&t, c->q->arena, &body, &e))
        http_respond(c->r, status, PLAIN, body);
    else
        refuse(c, &e);
}

static void push(struct route_call *c)
{
    struct record_taken taken;
    struct bytes cosigned = {0};
    struct err e = {0}, why = {0};
    bool fresh, ok = record_piece_take(c->slot->record, c->slug, c->q->body, &taken, &e);
    struct visit *v = slot_visit(c->slot, c->slug);

    if (ok && taken.complete &&
        !cosign_due(c->n, c->slot, c->slug, c->q->arena, &cosigned, &fresh, &why))
        diag_err(c->n->diag, DIAG_WARN, "not cosigned", &why);
    if (!ok) {
        node_note_failure(c->n, c->slot, &e);
        pthread_mutex_lock(&c->n->lock);
        if (v && e.code == ERR_PROOF && bytes_equal(c->slug, c->reader)) {
            v->suspect = true;
            v->due = os_ticks_us(c->n->os);
        }
        pthread_mutex_unlock(&c->n->lock);
    }
    if (ok)
        say_taken(c, 200, &taken, bytes_equal(c->slug, c->reader) ? cosigned : (struct bytes){0});
    else if (e.code == ERR_PEER)
        say_taken(c, 409, &taken, (struct bytes){0});
    else
        refuse(c, &e);
}

void route_push(struct route_call *c)
{
    struct err e = {0};

    if (bytes_equal(c->slug, node_slug(c->n))) {
        http_respond_text(c->r, 403, "our own log is ours");
        return;
    }
    if (!pieces_take(c)) {
        busy(c);
        return;
    }
    if (slot_hold(c->n, c->slot, &e)) {
        push(c);
        slot_release(c->n, c->slot);
        heard(c);
        slot_wake(c->n, c->slot); /* third parties may want it, and acts may want answers */
    } else {
        busy(c);
    }
    pthread_mutex_lock(&c->n->lock);
    c->n->bytes_in += c->q->body.n;
    pthread_mutex_unlock(&c->n->lock);
}

void route_cosigned(struct route_call *c)
{
    struct err e = {0};
    bool news, ok;

    if (!slot_hold(c->n, c->slot, &e)) {
        busy(c);
        return;
    }
    ok = cosigned_take(c->n, c->slot, c->q->body, &news, &e);
    slot_release(c->n, c->slot);
    if (!ok) {
        refuse(c, &e);
        return;
    }
    heard(c);
    if (news)
        diag(c->n->diag, DIAG_INFO, "a counterparty has cosigned our log", "agreement=%s by=%.*s",
             c->slot->id, BYTES_FMT(c->reader));
    http_respond_text(c->r, 200, news ? "new" : "known");
}

/* ---- proposals
 * -------------------------------------------------------------------------------------- */

static bool proposer_is_party(struct node *n, const struct agreement *g,
                              const struct node_peer *from, struct err *e)
{
    const struct agreement_party *us = agreement_party(g, node_slug(n)),
                                 *them = agreement_party(g, from->card.slug);

    if (!us || !them)
        return err_fail(e, ERR_DENIED, "an agreement that is not between us");
    return cards_vouch(n, us, e) && cards_vouch(n, them, e);
}

void route_propose(struct node *n, struct http_request *q, struct http_response *r)
{
    const struct node_peer *from = cards_by_tls(n, q->peer);
    struct arena *a = arena_new(LIMIT_AGREEMENT_BYTES * 16);
    struct agreement *g = a ? arena_get(a, sizeof *g, NULL) : NULL;
    struct err e = {0};

    if (!from)
        http_respond_text(r, 403, "enrol first");
    else if (!g)
        http_respond_text(r, 503, "out of memory");
    else if (!agreement_read(q->body, NULL, a, g, &e) || !proposer_is_party(n, g, from, &e) ||
             !slot_create(n, g, from->card.slug, &e))
        route_refuse(n, q, r, &e);
    else
        http_respond_text(r, 200, "%s", g->id);
    arena_free(a);
}

/* ---- C2SP files
 * -------------------------------------------------------------------------------------- */

bool tile_files_dir(struct node *n, const struct slot *s, struct bytes slug, struct arena *a,
                    const char **dir, struct err *e)
{
    *dir = arena_format(a, e, "%s/agreements/%s/%.*s/log", n->dir, s->id, BYTES_FMT(slug));
    return *dir != NULL;
}

bool tile_files_fetch(void *self, const struct tlog_tile *t, struct bytes *out, struct err *e)
{
    struct tile_files *f = self;
    char name[TLOG_TILE_PATH_MAX], path[PATH_ROOM];

    tlog_tile_print(t, name);
    return path_print(path, e, "%s/%s", f->dir, name) &&
           os_read_file(f->n->os, path, TLOG_TILE_WIDTH * (2 + TLOG_ENTRY_MAX), f->arena, out, e);
}

static void log_checkpoint(struct route_call *c)
{
    struct record_head head;
    struct err e = {0};

    if (!record_head(c->slot->record, c->slug, c->q->arena, &head, &e)) {
        refuse(c, &e);
    } else if (head.note.n == 0) {
        http_respond_text(c->r, 404, "no checkpoint yet");
    } else {
        http_response_header(c->r, "Cache-Control", BYTES("no-cache"));
        http_respond(c->r, 200, PLAIN, head.note);
    }
}

/* The name of a file here is what we print of what we parsed, never what was sent. */
void route_log(struct route_call *c)
{
    struct tile_files f = {.n = c->n, .arena = c->q->arena};
    struct tlog_tile tile;
    struct bytes bytes;
    struct err e = {0};

    if (bytes_are(c->rest, "checkpoint")) {
        log_checkpoint(c);
    } else if (!tlog_tile_parse(c->rest, &tile, &e)) {
        http_respond_text(c->r, 404, "nothing here");
    } else if (!tile_files_dir(c->n, c->slot, c->slug, c->q->arena, &f.dir, &e) ||
               !tile_files_fetch(&f, &tile, &bytes, &e)) {
        refuse(c, &e);
    } else {
        http_response_header(c->r, "Cache-Control", BYTES("max-age=31536000, immutable"));
        http_respond(c->r, 200, BINARY, bytes);
    }
}
