/* The witness: C2SP tlog-witness for logs of strangers (witness/policy names them) and for every
 * log of our agreements. What we last cosigned of each origin is a file that is replaced before we
 * answer, under one lock with the check of the old size. */
#include "node/node_impl.h"

#define SUSPECT_ROOM 64

static const int answers[] = {200, 400, 403, 404, 409, 422};

/* ---- whom we witness
 * ------------------------------------------------------------------------------- */

bool witness_reload(struct node *n, struct err *e)
{
    struct arena *a = arena_new(LIMIT_POLICY_BYTES * 4), *old = a;
    struct policy *p = NULL;
    struct bytes text;
    char path[PATH_ROOM];
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && path_print(path, e, "%s/witness/policy", n->dir);
    if (ok && os_exists(n->os, path) &&
        !(os_read_file(n->os, path, LIMIT_POLICY_BYTES, a, &text, e) &&
          policy_parse(text, a, &p, e)))
        ok = err_within(e, "%s", path);
    if (ok) {
        pthread_mutex_lock(&n->witnessing);
        old = n->strangers_arena;
        n->strangers = p;
        n->strangers_arena = a;
        pthread_mutex_unlock(&n->witnessing);
    }
    arena_free(old);
    return ok;
}

/* An origin's keys, and the agreement it belongs to, if to one of ours. */
struct witnessed {
    struct slot *slot; /* NULL: a stranger's */
    struct bytes slug;
    struct note_key keys[LIMIT_POLICY_ITEMS];
    size_t n;
};

static void find_stranger(struct node *n, struct bytes origin, struct witnessed *w)
{
    pthread_mutex_lock(&n->witnessing);
    for (size_t i = 0; n->strangers && i < n->strangers->n_logs; i++)
        if (bytes_are(origin, n->strangers->log_keys[i].name))
            w->keys[w->n++] = n->strangers->log_keys[i];
    pthread_mutex_unlock(&n->witnessing);
}

/* "entente/<id>/<slug>": of an agreement of ours, and another party's. */
static bool split_origin(struct node *n, struct bytes origin, struct slot **slot,
                         struct bytes *slug)
{
    struct bytes rest = bytes_part(origin, 8, SIZE_MAX);
    struct visit *v;

    if (!bytes_start_with(origin, "entente/") || rest.n <= ACT_AGREEMENT + 1)
        return false;
    *slot = slot_find(n, bytes_part(rest, 0, ACT_AGREEMENT));
    v = *slot ? slot_visit(*slot, bytes_part(rest, ACT_AGREEMENT + 1, SIZE_MAX)) : NULL;
    if (!v)
        return false;
    *slug = v->slug;
    return true;
}

/* ---- what we cosigned last
 * -------------------------------------------------------------------------- */

static bool state_path(const struct node *n, const char *hex, const char *name, char out[PATH_ROOM],
                       struct err *e)
{
    return path_print(out, e, "%s/witness/%s/%s", n->dir, hex, name);
}

static bool stored_by_hex(struct node *n, const char *hex, struct arena *a,
                          struct cosigned_state *out, struct err *e)
{
    char path[PATH_ROOM];
    struct bytes note;

    *out = (struct cosigned_state){0};
    if (!state_path(n, hex, "checkpoint", path, e))
        return false;
    if (!os_exists(n->os, path))
        return true;
    return (os_read_file(n->os, path, LIMIT_NOTE_BYTES, a, &note, e) &&
            cosigned_read(note, node_slug(n), a, out, e)) ||
           err_within(e, "%s", path);
}

bool witness_stored(struct node *n, struct bytes origin, struct arena *a,
                    struct cosigned_state *out, struct err *e)
{
    char hex[65];

    checkpoint_origin_hex(origin, hex);
    return stored_by_hex(n, hex, a, out, e);
}

/* The larger of what the witness folder and the record say; of both times the later. */
static bool last_cosigned(struct node *n, const struct witnessed *w, const char *hex,
                          struct arena *a, struct cosigned_state *out, struct err *e)
{
    struct cosigned_state mirrored = {0};
    struct bytes note;
    int64_t time;

    if (!stored_by_hex(n, hex, a, out, e))
        return false;
    if (w->slot && (!record_cosigned(w->slot->record, w->slug, a, &note, e) ||
                    !cosigned_read(note, node_slug(n), a, &mirrored, e)))
        return false;
    time = mirrored.time > out->time ? mirrored.time : out->time;
    if (mirrored.size > out->size)
        *out = mirrored;
    out->time = time;
    return true;
}

/* ---- evidence
 * ------------------------------------------------------------------------------------- */

/* A suspicious note is kept under its number; after LIMIT_WITNESS_KEPT of one origin, none. */
static void keep_suspect(struct node *n, const char *hex, struct bytes note)
{
    char path[PATH_ROOM], name[SUSPECT_ROOM];
    struct err e = {0};

    for (int i = 0; i < LIMIT_WITNESS_KEPT; i++) {
        if (!path_print(path, &e, "%s/witness/%s", n->dir, hex) || !os_make_dirs(n->os, path, &e))
            return;
        snprintf(name, sizeof name, "suspect-%02d.note", i);
        if (!state_path(n, hex, name, path, &e))
            return;
        if (os_exists(n->os, path))
            continue;
        if (!os_write_file(n->os, path, note, 0, &e))
            diag_err(n->diag, DIAG_ERROR, "a suspicious checkpoint could not be kept", &e);
        return;
    }
}

/* Two roots for one size: a file that convicts. */
static void keep_proof(struct node *n, const struct witnessed *w, const char *hex,
                       const struct cosigned_state *last, struct bytes note, struct arena *a)
{
    char path[PATH_ROOM], evidence[256];
    struct bytes file;
    struct err e = {0};

    for (size_t i = 0; i < w->n; i++) {
        if (!evidence_make_same_size(&w->keys[i], last->note, note, a, &file, &e))
            continue;
        if (state_path(n, hex, "proof.misbehaviour", path, &e) &&
            os_write_file(n->os, path, file, 0, &e))
            diag(n->diag, DIAG_ERROR, "a log has signed two histories: proof kept",
                 "origin=\"%s\" file=%s", w->keys[i].name, path);
        if (w->slot)
            record_convict(w->slot->record, w->slug, file, evidence, &e);
        return;
    }
}

/* ---- add-checkpoint
 * ------------------------------------------------------------------------------- */

static void count_answer(struct node *n, int status)
{
    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        n->witness_answers[i] += answers[i] == status;
    pthread_mutex_unlock(&n->lock);
}

/* The text with the log's own lines, and ours. */
static bool cosigned_note(const struct witness_request *q, const struct witnessed *w,
                          struct bytes line, struct arena *a, struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);

    buf_put(&b, q->note.text);
    buf_byte(&b, '\n');
    for (size_t i = 0; i < q->note.n; i++) {
        bool known = false;
        for (size_t k = 0; k < w->n; k++)
            known |= bytes_are(q->note.lines[i].name, w->keys[k].name) &&
                     q->note.lines[i].id == w->keys[k].id;
        if (known)
            buf_put(&b, q->note.lines[i].whole);
    }
    buf_put(&b, line);
    return buf_end(&b, out, e);
}

static bool sign_line(struct node *n, const struct checkpoint *c, int64_t now, struct arena *a,
                      struct bytes *line, struct err *e)
{
    struct cosign_key key;
    char name[LIMIT_NOTE_NAME + 1];

    snprintf(name, sizeof name, "%.*s/%s", BYTES_FMT(node_slug(n)), key_role_name(KEY_WITNESS));
    return cosign_key_init(&key, bytes_text(name), keyring_key(n->keys, KEY_WITNESS), e) &&
           cosignature_sign(&key, c, (uint64_t)now, a, line, e);
}

/* Store, and only then answer. */
static bool accept(struct node *n, const struct witnessed *w, const struct witness_request *q,
                   const char *hex, const struct cosigned_state *last, struct http_response *r,
                   struct err *e)
{
    int64_t now = os_now(n->os);
    struct bytes line, note;
    char path[PATH_ROOM];

    if (now < last->time) {
        diag(n->diag, DIAG_WARN, "our clock has gone back: nothing is cosigned", "origin=\"%s\"",
             q->checkpoint.origin);
        http_respond_text(r, 503, "our clock is wrong");
        return true;
    }
    if (!sign_line(n, &q->checkpoint, now, r->arena, &line, e) ||
        !cosigned_note(q, w, line, r->arena, &note, e) ||
        !path_print(path, e, "%s/witness/%s", n->dir, hex) || !os_make_dirs(n->os, path, e) ||
        !state_path(n, hex, "checkpoint", path, e) || !os_write_file(n->os, path, note, 0, e))
        return false;
    http_respond(r, 200, "text/plain; charset=utf-8", line);
    return true;
}

static bool decide(struct node *n, const struct witnessed *w, const struct witness_request *q,
                   struct http_response *r, struct err *e)
{
    struct witness_log log = {.keys = w->keys, .n = w->n};
    struct witness_decision d;
    struct cosigned_state last;
    char hex[65];

    checkpoint_origin_hex(bytes_text(q->checkpoint.origin), hex);
    if (!last_cosigned(n, w, hex, r->arena, &last, e))
        return false;
    log.size = last.size;
    log.root = last.root;
    witness_decide(w->n ? &log : NULL, q, &d);
    if (d.keep == WITNESS_KEEP_PROOF)
        keep_proof(n, w, hex, &last, q->note.whole, r->arena);
    if (d.keep != WITNESS_KEEP_NOTHING)
        keep_suspect(n, hex, q->note.whole);
    if (d.status == 200)
        return accept(n, w, q, hex, &last, r, e);
    http_respond(r, (unsigned)d.status, d.content_type, bytes_of(NULL, 0));
    return arena_copy(r->arena, bytes_text(d.body), &r->body, e);
}

/* A log of ours and its mirror first say what they hold, so that the proof that is asked for goes
 * on from there and not from some earlier head. */
static bool prepare(struct node *n, const struct witnessed *w, struct http_response *r,
                    struct err *e)
{
    struct record_head head;
    struct bytes note;
    bool fresh;

    if (!record_head(w->slot->record, w->slug, r->arena, &head, e))
        return false;
    if (head.stopped) {
        http_respond_text(r, 403, "this log is convicted");
        return false;
    }
    if (head.size != head.seen) {
        http_response_header(r, "Retry-After", BYTES("10"));
        http_respond_text(r, 503, "this log is being mirrored");
        return false;
    }
    return cosign_due(n, w->slot, w->slug, r->arena, &note, &fresh, e);
}

static void answer(struct node *n, struct witnessed *w, const struct witness_request *q,
                   struct http_request *request, struct http_response *r)
{
    struct err e = {0};
    bool ok = !w->slot || slot_hold(n, w->slot, &e);

    if (!ok) {
        http_respond_text(r, 503, "busy");
        return;
    }
    if (w->slot) {
        const struct sign_public *key =
            record_key(w->slot->record, w->slug, KEY_CHECKPOINTS, q->checkpoint.size);
        ok = note_key_make(bytes_text(q->checkpoint.origin), NOTE_ED25519, key, &w->keys[0], &e);
        w->n = ok;
        ok = ok && prepare(n, w, r, &e);
    }
    if (ok) {
        pthread_mutex_lock(&n->witnessing);
        ok = decide(n, w, q, r, &e);
        pthread_mutex_unlock(&n->witnessing);
    }
    if (w->slot)
        slot_release(n, w->slot);
    if (!ok && r->status == 0)
        route_refuse(n, request, r, &e);
}

void witness_add_checkpoint(struct node *n, struct http_request *q, struct http_response *r)
{
    struct witness_request *request;
    struct witnessed *w;
    struct err e = {0};

    request = arena_get(q->arena, sizeof *request, &e);
    w = arena_get(q->arena, sizeof *w, &e);
    if (!request || !w) {
        route_refuse(n, q, r, &e);
        return;
    }
    if (!witness_request_parse(q->body, q->arena, request, &e)) {
        http_respond_text(r, 400, "%s", e.text);
    } else {
        struct bytes origin = bytes_text(request->checkpoint.origin);
        if (!split_origin(n, origin, &w->slot, &w->slug)) {
            w->slot = NULL;
            find_stranger(n, origin, w);
        }
        answer(n, w, request, q, r);
    }
    count_answer(n, (int)r->status);
    diag(n->diag, DIAG_DEBUG, "add-checkpoint", "status=%u from=%s", r->status, q->from);
}

/* ---- what monitors read
 * ----------------------------------------------------------------------------- */

/* The newest that record and folder have, for an origin that is known by its hash. */
void witness_serve_latest(struct node *n, struct bytes hex, struct http_request *q,
                          struct http_response *r)
{
    struct witnessed *w = arena_get(q->arena, sizeof *w, NULL);
    char name[65] = {0}, found[65], origin[PATH_ROOM];
    struct cosigned_state last = {0};
    struct err e = {0};
    struct slot *s;
    uint8_t raw[32];

    if (!w || hex.n != 64 || !hex_decode(raw, sizeof raw, hex)) {
        http_respond_text(r, 404, "no such log");
        return;
    }
    memcpy(name, hex.p, 64);
    for (size_t i = 0; (s = slot_at(n, i)); i++)
        for (size_t k = 0; k < s->visits_n; k++) {
            path_print(origin, NULL, "entente/%s/%.*s", s->id, BYTES_FMT(s->visits[k].slug));
            checkpoint_origin_hex(bytes_text(origin), found);
            if (strcmp(found, name) == 0) {
                w->slot = s;
                w->slug = s->visits[k].slug;
            }
        }
    if (!last_cosigned(n, w, name, q->arena, &last, &e))
        route_refuse(n, q, r, &e);
    else if (last.note.n == 0)
        http_respond_text(r, 404, "nothing was cosigned of this log");
    else
        http_respond(r, 200, "text/plain; charset=utf-8", last.note);
}

bool node_witness_vkey(struct node *n, char out[NOTE_VKEY_MAX], struct err *e)
{
    struct sign_public public = sign_key_public(keyring_key(n->keys, KEY_WITNESS));
    struct note_key key;
    char name[LIMIT_NOTE_NAME + 1];

    snprintf(name, sizeof name, "%.*s/%s", BYTES_FMT(node_slug(n)), key_role_name(KEY_WITNESS));
    if (!note_key_make(bytes_text(name), NOTE_COSIGNATURE, &public, &key, e))
        return false;
    note_key_print(&key, out);
    return true;
}
