/* Our head to an outside witness (C2SP tlog-witness, the log's side): say what it saw last, prove
 * that we only grew; if it remembers another size, prove from there. */
#include "node/node_impl.h"

#define ANSWER_MAX ((size_t)64 << 10)

struct submitting {
    struct node *n;
    struct slot *slot;
    struct carrier *carrier;
    struct arena *arena;
    struct agreement_witness witness; /* copied: an amendment may replace the agreement */
    struct http_url url;
    struct bytes note;
    struct note parsed;
    struct checkpoint head;
    int64_t cadence;
};

/* Under the writer's right, for the agreement may change hands. */
static bool copy_witness(struct submitting *s, size_t which, struct err *e)
{
    const struct agreement *g;
    struct bytes url = {0};
    bool ok;

    if (!slot_hold(s->n, s->slot, e))
        return false;
    g = record_agreement(s->slot->record);
    s->cadence = slot_cadence(s->slot);
    ok = which < g->witnesses_n || err_fail(e, ERR_MISSING, "no such witness");
    if (ok) {
        s->witness = g->witnesses[which];
        ok = arena_copy(s->arena, s->witness.name, &s->witness.name, e) &&
             arena_copy(s->arena, s->witness.url, &url, e);
        s->witness.url = url;
    }
    slot_release(s->n, s->slot);
    return ok && (url.n == 0 || http_url_parse(url, &s->url, e));
}

static bool own_head(struct submitting *s, struct err *e)
{
    struct record_head head;

    if (!record_head(s->slot->record, node_slug(s->n), s->arena, &head, e))
        return false;
    s->note = head.note;
    return head.note.n == 0 || (note_parse(head.note, s->arena, &s->parsed, e) &&
                                checkpoint_parse(s->parsed.text, &s->head, e));
}

/* From the tiles on disk; their root must be the one we signed. */
static bool prove_growth(struct submitting *s, uint64_t old, struct tlog_proof *proof,
                         struct err *e)
{
    struct tile_files files = {.n = s->n, .arena = s->arena};
    struct tlog_tile_fetch fetch = {tile_files_fetch, &files};
    struct tlog_source source;
    struct tlog_tiles *tiles;
    struct hash root;

    *proof = (struct tlog_proof){0};
    if (old == 0 || old == s->head.size)
        return true;
    if (!tile_files_dir(s->n, s->slot, node_slug(s->n), s->arena, &files.dir, e) ||
        !(tiles = tlog_tiles_new(s->arena, s->head.size, &fetch, e)))
        return false;
    source = tlog_tiles_source(tiles);
    if (!tlog_source_root(&source, s->head.size, &root, e))
        return false;
    if (!hash_equal(&root, &s->head.root))
        return err_fail(e, ERR_PROOF, "our tiles are not of the tree we signed") ||
               err_hint(e, "entente log rebuild");
    return tlog_prove_consistency(&source, old, s->head.size, proof, e);
}

static bool ask(struct submitting *s, uint64_t old, struct http_reply *reply, struct err *e)
{
    struct tlog_proof proof;
    struct bytes body;
    struct http_call call = {.method = HTTP_POST,
                             .at = &s->url.at,
                             .trust = s->witness.has_tls ? HTTP_TRUST_PIN : HTTP_TRUST_SYSTEM,
                             .pin = s->witness.has_tls ? &s->witness.tls : NULL,
                             .prefix = s->url.path,
                             .target = "/add-checkpoint",
                             .arena = s->arena,
                             .body_most = ANSWER_MAX,
                             .cancel = &s->n->stopping};

    if (!prove_growth(s, old, &proof, e) ||
        !witness_request_print(old, &proof, s->note, s->arena, &body, e))
        return false;
    call.body = body;
    return transport_call(&s->carrier->transport, &call, reply, e);
}

static bool keep(struct submitting *s, struct bytes lines, struct node_report *report,
                 struct err *e)
{
    struct cosignature *found;
    struct bytes note = s->note;
    size_t count;
    bool news, ok = true;

    if (!witness_response_parse(lines, &s->parsed, &s->witness.key, 1, s->arena, &found, &count, e))
        return false;
    for (size_t i = 0; ok && i < count; i++)
        ok = note_append(note, found[i].line, s->arena, &note, e);
    if (!ok || !slot_hold(s->n, s->slot, e))
        return false;
    ok = cosigned_take(s->n, s->slot, note, &news, e);
    slot_release(s->n, s->slot);
    report->witnessed += ok;
    return ok;
}

static bool submit(struct submitting *s, uint64_t *old, struct node_report *report, struct err *e)
{
    struct http_reply reply;

    for (int attempt = 0; attempt < 2; attempt++) {
        if (!ask(s, *old, &reply, e))
            return false;
        if (reply.status == 200) {
            *old = s->head.size;
            return keep(s, reply.body, report, e);
        }
        if (reply.status != 409)
            return peer_refused(&reply, "our checkpoint", e);
        if (!witness_conflict_parse(reply.body, old, e))
            return false;
        if (*old > s->head.size)
            return err_fail(e, ERR_PROOF, "it has seen %llu acts of our log, of which we know %llu",
                            (unsigned long long)*old, (unsigned long long)s->head.size);
    }
    return err_fail(e, ERR_PEER, "it cannot decide which size it saw last");
}

bool submit_head(struct node *n, struct slot *slot, size_t which, struct carrier *c,
                 struct node_report *report, struct err *e)
{
    struct arena *a = arena_new((size_t)16 << 20);
    struct submitting *s = a ? arena_get(a, sizeof *s, e) : NULL;
    int64_t now = os_now(n->os), asked;
    uint64_t old;
    bool ok;

    if (!s) {
        arena_free(a);
        return err_fail(e, ERR_NOMEM, "out of memory");
    }
    *s = (struct submitting){.n = n, .slot = slot, .carrier = c, .arena = a};
    pthread_mutex_lock(&n->lock);
    old = slot->outsides[which].size;
    asked = slot->outsides[which].asked;
    pthread_mutex_unlock(&n->lock);
    ok = copy_witness(s, which, e) && own_head(s, e);
    if (ok && s->witness.url.n && record_fence(slot->record) == FENCE_OK &&
        (s->head.size > old || (s->head.size && now - asked >= s->cadence))) {
        ok = submit(s, &old, report, e);
        pthread_mutex_lock(&n->lock);
        slot->outsides[which].size = old;
        slot->outsides[which].asked = ok ? now : asked;
        pthread_mutex_unlock(&n->lock);
        if (!ok)
            err_within(e, "witness %.*s", BYTES_FMT(s->witness.name));
    }
    arena_free(a);
    return ok;
}

bool node_sync_witnesses(struct node *n, const char *id, struct node_report *report, struct err *e)
{
    struct slot *s = slot_find(n, bytes_text(id));
    struct err first = {0};
    struct carrier c;
    size_t count;

    *report = (struct node_report){0};
    if (!s)
        return err_fail(e, ERR_MISSING, "there is no agreement %s here", id);
    if (!carrier_open(n, &c, e))
        return false;
    pthread_mutex_lock(&n->lock);
    count = s->outsides_n;
    pthread_mutex_unlock(&n->lock);
    for (size_t i = 0; i < count; i++) {
        struct err one = {0};
        if (!submit_head(n, s, i, &c, report, &one) && first.code == ERR_NONE)
            first = one;
    }
    carrier_close(&c);
    if (first.code == ERR_NONE)
        return true;
    return err_pass(e, &first);
}
