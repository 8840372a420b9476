/* Saying something: gate, print, sign, commit. The texts are chained one after the other, for each
 * names the one before; the signatures, which cost the time, are made on all threads. */
#include "record/record_impl.h"

#define BATCH_ACTS 1024
#define SIGN_GRAIN 32
#define ACT_ARENA ((size_t)64 << 10)

struct signing {
    struct act *acts;
    struct arena **arenas; /* one for each group of SIGN_GRAIN acts */
    struct act_key key;
    bool failed;
};

static void sign_some(void *job, size_t from, size_t to)
{
    struct signing *s = job;

    for (size_t i = from; i < to; i++)
        if (!act_sign(&s->acts[i], &s->key, s->arenas[i / SIGN_GRAIN], NULL))
            s->failed = true;
}

static bool sign_all(struct record *r, struct act *acts, size_t n, const struct sign_key *key,
                     enum key_role role, struct arena **arenas, struct err *e)
{
    struct signing s = {.acts = acts, .arenas = arenas};

    if (!act_signer(r->own->slug, role, key, &s.key, e))
        return false;
    workers_run(r->o.workers, n, SIGN_GRAIN, sign_some, &s);
    return !s.failed || err_fail(e, ERR_NOMEM, "an act could not be signed");
}

/* ---- from a draft to an act ---- */

static bool same_state_allows(struct record *r, const struct record_draft *d,
                              char clause[GATE_CLAUSE_MAX], struct err *e)
{
    struct record_state s;

    record_state(r, os_now(r->o.os), &s);
    if (bytes_start_with(d->kind, "agreement.") || bytes_start_with(d->kind, "key.") ||
        bytes_start_with(d->kind, "log."))
        return gate_act(r->now, d->kind, NULL, 0, clause, e);
    if (s.stage == STAGE_PROPOSED)
        return err_fail(e, ERR_DENIED, "agreement %s is not in force: not every party has signed",
                        r->first.id);
    if (s.stage == STAGE_WITHDRAWN)
        return err_fail(e, ERR_DENIED, "agreement %s has been withdrawn from", r->first.id);
    return gate_act(r->now, d->kind, s.suspended, s.suspended_n, clause, e);
}

static bool addressees(const struct record *r, const struct record_draft *d, struct act *act,
                       struct err *e)
{
    act->to_n = d->to_n;
    if (d->to_n == 1 && bytes_equal(d->to[0], r->own->slug))
        return err_fail(e, ERR_INPUT, "an act that only its speaker may read says nothing");
    for (size_t i = 0; i < d->to_n; i++) {
        act->to[i] = d->to[i];
        if (!agreement_party(r->now, d->to[i]))
            return err_fail(e, ERR_DENIED, "%.*s is not a party of this agreement",
                            BYTES_FMT(bytes_part(d->to[i], 0, 64)));
    }
    for (size_t i = 1; i < act->to_n; i++)
        for (size_t j = i; j && bytes_compare(act->to[j - 1], act->to[j]) > 0; j--) {
            struct bytes t = act->to[j];
            act->to[j] = act->to[j - 1];
            act->to[j - 1] = t;
        }
    return true;
}

static bool fill_body(struct record *r, const struct record_draft *d, struct act_body *body)
{
    struct sha256 h;

    body->media_type = d->media_type;
    if (d->media_type.n == 0)
        return true;
    body->size = d->payload.n;
    body->salted = d->salted;
    sha256_start(&h);
    if (d->salted) {
        os_random(r->o.os, body->salt, sizeof body->salt);
        sha256_add(&h, bytes_of(body->salt, sizeof body->salt));
    }
    sha256_add(&h, d->payload);
    sha256_end(&h, &body->sha256);
    return true;
}

/* What others would not take for an object is not said to be one. */
static bool is_object(const struct record_draft *d, struct err *e)
{
    struct bytes id, type;
    int tlp;

    return !bytes_are(d->media_type, MEDIA_STIX) || object_peek(d->payload, &id, &type, &tlp, e);
}

/* What the acts of a batch have in common, or share with the one before. */
struct batch {
    char time[TIME_TEXT_MAX];
    uint8_t *nonces;     /* 16 bytes an act, drawn at once */
    struct bytes kind;   /* the gate was asked last about this kind ... */
    struct bytes clause; /* ... and named this clause */
};

static bool ask_gate(struct record *r, const struct record_draft *d, struct arena *a,
                     struct batch *b, struct err *e)
{
    char clause[GATE_CLAUSE_MAX];

    if (b->kind.n && bytes_equal(b->kind, d->kind))
        return true;
    b->kind = d->kind;
    return same_state_allows(r, d, clause, e) && arena_copy(a, bytes_text(clause), &b->clause, e);
}

static bool prepare(struct record *r, const struct record_draft *d, size_t i, uint64_t seq,
                    const struct hash *prev, struct arena *a, struct batch *b, struct act *act,
                    struct err *e)
{
    *act = (struct act){.agreement = bytes_of(r->first.id, ACT_AGREEMENT),
                        .from = r->own->slug,
                        .kind = d->kind,
                        .tlp = d->tlp,
                        .time = bytes_text(b->time),
                        .seq = seq,
                        .prev = *prev,
                        .refs_n = d->refs_n};
    if (d->refs_n > ACT_REFS)
        return err_fail(e, ERR_LIMIT, "an act answers at most %d others", ACT_REFS);
    memcpy(act->refs, d->refs, d->refs_n * sizeof d->refs[0]);
    memcpy(act->nonce, b->nonces + i * sizeof act->nonce, sizeof act->nonce);
    if (!ask_gate(r, d, a, b, e) || !addressees(r, d, act, e) || !is_object(d, e) ||
        !fill_body(r, d, &act->body))
        return false;
    act->clause = b->clause;
    return act_print(act, a, e);
}

/* ---- a batch ---- */

static bool put_act(struct log *l, const struct act *act, struct bytes payload, struct err *e)
{
    uint8_t kind = media_segment(act->body.media_type);
    uint64_t position;

    /* A list stands behind its objects already (share.c). */
    if (act->body.media_type.n && kind != SEG_PART &&
        !segments_append(l->seg, kind, &payload, 1, &position, e))
        return false;
    return segments_append(l->seg, SEG_ACT, &act->note, 1, &position, e) &&
           log_add_entry(l, &act->entry, e);
}

/* Acts that are printed and signed go to disk; the head over them is signed before, and leaves
 * this function only after, the sync. */
bool append_commit(struct record *r, const struct act *acts, const struct bytes *payloads, size_t n,
                   struct arena *a, struct err *e)
{
    struct log *l = r->own;
    struct tlog_tree before = l->tree;
    struct hash *entries = arena_get_array(a, n, sizeof *entries, e);
    bool ok = entries != NULL;

    for (size_t i = 0; ok && i < n; i++) {
        entries[i] = acts[i].entry;
        ok = put_act(l, &acts[i], payloads ? payloads[i] : bytes_of(NULL, 0), e);
    }
    if (!ok) {
        log_discard(l, &before);
        return false;
    }
    l->prev = acts[n - 1].text_hash;
    l->prev_known = true;
    if (!tiles_stage(l, entries, n, e) || !log_sign_head(r, l, a, e)) {
        r->poisoned = true; /* in memory we are ahead of the disk */
        return false;
    }
    if (!log_commit(r, l, e))
        return false;
    tiles_publish(r, l);
    return true;
}

static bool new_arenas(struct arena *a, struct arena ***out, size_t n, struct err *e)
{
    *out = arena_get_array(a, n, sizeof **out, e);
    if (!*out)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((*out)[i] = arena_new(ACT_ARENA * SIGN_GRAIN * 2)))
            return err_fail(e, ERR_NOMEM, "out of memory");
    return true;
}

static bool append_some(struct record *r, const struct record_draft *drafts, size_t n,
                        const struct sign_key *key, enum key_role role,
                        struct record_placed *placed, struct err *e)
{
    struct arena *a = arena_new((size_t)256 << 20), **arenas = NULL;
    struct act *acts = a ? arena_get_array(a, n, sizeof *acts, e) : NULL;
    struct bytes *payloads = acts ? arena_get_array(a, n, sizeof *payloads, e) : NULL;
    struct hash prev = r->own->prev;
    uint64_t seq = r->own->tree.size;
    struct batch b = {.nonces = payloads ? arena_get_raw(a, n * sizeof acts->nonce, e) : NULL};
    size_t groups = (n + SIGN_GRAIN - 1) / SIGN_GRAIN;
    bool ok = b.nonces && new_arenas(a, &arenas, groups, e);

    if (ok)
        os_random(r->o.os, b.nonces, n * sizeof acts->nonce);
    time_print(b.time, os_now(r->o.os));
    for (size_t i = 0; ok && i < n; i++) {
        ok = prepare(r, &drafts[i], i, seq + i, &prev, a, &b, &acts[i], e);
        prev = acts[i].text_hash;
        payloads[i] = drafts[i].payload;
    }
    ok = ok && sign_all(r, acts, n, key, role, arenas, e) &&
         append_commit(r, acts, payloads, n, a, e);
    for (size_t i = 0; ok && placed && i < n; i++)
        placed[i] = (struct record_placed){seq + i, acts[i].text_hash};
    for (size_t i = 0; arenas && i < groups; i++)
        arena_free(arenas[i]);
    arena_free(a);
    return ok;
}

static size_t special(const struct record_draft *drafts, size_t n)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += state_is_special(drafts[i].kind);
    return found;
}

/* Whether our log is one that can be gone on with. */
static bool may_go_on(const struct record *r, size_t changes, struct err *e)
{
    if (r->own->stopped)
        return err_fail(e, ERR_DENIED, "there is proof that our own log has two histories");
    if (r->own->tree.size && !r->own->prev_known)
        return err_fail(e, ERR_DENIED, "our last act is not here, only its hash") ||
               err_hint(e, "get it back from whom it was said to: entente log recover");
    if (changes && r->own->changes + changes > LIMIT_RECORD_CHANGES)
        return err_fail(e, ERR_LIMIT, "more than %d acts that change the agreement or its keys",
                        LIMIT_RECORD_CHANGES);
    return fence_allows(r, e);
}

bool append_as(struct record *r, const struct record_draft *drafts, size_t n,
               const struct sign_key *key, enum key_role role, struct record_placed *placed,
               struct err *e)
{
    if (!record_writable(r, e))
        return false;
    if (!r->own || !r->o.keys || !key || !keyring_key(r->o.keys, KEY_CHECKPOINTS))
        return err_fail(e, ERR_DENIED, "the keys to say something are not here");
    if (!may_go_on(r, special(drafts, n), e))
        return false;
    for (size_t done = 0; done < n; done += BATCH_ACTS) {
        size_t k = n - done < BATCH_ACTS ? n - done : BATCH_ACTS;
        if (!append_some(r, drafts + done, k, key, role, placed ? placed + done : NULL, e))
            return false;
    }
    if (n < BATCH_ACTS) /* not a flood: whoever reads the files sees it at once */
        tiles_settle(r, r->own);
    return special(drafts, n) == 0 || (index_fresh(r, e) && state_fold(r, e));
}

bool record_append(struct record *r, const struct record_draft *drafts, size_t n,
                   struct record_placed *placed, struct err *e)
{
    bool ok;

    record_lock(r);
    ok = append_as(r, drafts, n, keyring_key(r->o.keys, KEY_ACTS), KEY_ACTS, placed, e);
    record_unlock(r);
    return ok;
}

/* ---- the acts an agreement is made of ---- */

bool record_sign(struct record *r, struct err *e)
{
    struct record_draft d = {.kind = BYTES("agreement.sign"),
                             .media_type = BYTES(MEDIA_AGREEMENT),
                             .payload = r->first.bytes};
    bool ok;

    record_lock(r);
    if (r->own && r->own->tree.size)
        ok = err_fail(e, ERR_DENIED, "agreement %s is signed already", r->first.id);
    else
        ok = record_append(r, &d, 1, NULL, e);
    record_unlock(r);
    return ok;
}

static bool amend_fits(struct record *r, struct bytes canonical, struct arena *a, struct err *e)
{
    struct agreement *g = arena_get(a, sizeof *g, e);

    if (!g || !agreement_read(canonical, r->first.id, a, g, e))
        return false;
    if (!hash_equal(&g->previous, &r->now->digest) || g->version != r->now->version + 1)
        return err_fail(e, ERR_INPUT, "the amendment does not follow the version in force (%llu)",
                        (unsigned long long)r->now->version);
    if (g->parties_n != r->first.parties_n)
        return err_fail(e, ERR_INPUT,
                        "an amendment keeps the parties: others need an agreement "
                        "of their own");
    for (size_t i = 0; i < g->parties_n; i++)
        if (!hash_equal(&g->parties[i].id, &r->first.parties[i].id))
            return err_fail(e, ERR_INPUT,
                            "an amendment keeps the parties: others need an "
                            "agreement of their own");
    return true;
}

bool record_amend(struct record *r, struct bytes canonical, struct err *e)
{
    struct record_draft d = {.kind = BYTES("agreement.amend"),
                             .media_type = BYTES(MEDIA_AGREEMENT),
                             .payload = canonical};
    struct arena *a = arena_new(LIMIT_AGREEMENT_BYTES * 16);
    bool ok;

    record_lock(r);
    ok = (a || err_fail(e, ERR_NOMEM, "out of memory")) && amend_fits(r, canonical, a, e) &&
         record_append(r, &d, 1, NULL, e);
    record_unlock(r);
    arena_free(a);
    return ok;
}

static void set_signature(struct json_maker *m, struct json *o, const char *key,
                          const struct sign_key *by, struct bytes statement)
{
    char *text = arena_get(m->arena, BASE64_LEN(64) + 1, &m->e);
    struct signature s;

    if (!text)
        return;
    sign_message(by, statement, &s);
    base64_encode(text, s.b, sizeof s.b);
    json_set_text(m, o, key, text);
}

static void set_hex(struct json_maker *m, struct json *o, const char *key,
                    const struct sign_public *p)
{
    char *text = arena_get(m->arena, 65, &m->e);

    if (!text)
        return;
    hex_encode(text, p->b, 32);
    json_set_text(m, o, key, text);
}

/* `old` is NULL in a revocation. */
static bool change_body(struct record *r, enum key_role role, const struct sign_key *old,
                        const struct sign_key *fresh, int64_t first_bad, struct arena *a,
                        struct bytes *out, struct err *e)
{
    const struct sign_public *was = keys_at(&r->own->keys, role, UINT64_MAX);
    struct sign_public is = sign_key_public(fresh);
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m);
    struct bytes statement;

    if (!keys_statement(r->own->origin, role, was, &is, a, &statement, e))
        return false;
    json_set_text(&m, o, "role", key_role_name(role));
    set_hex(&m, o, "old", was);
    set_hex(&m, o, "new", &is);
    set_signature(&m, o, "by_new", fresh, statement);
    if (old)
        set_signature(&m, o, "by_old", old, statement);
    else
        json_set_integer(&m, o, "first_bad", first_bad);
    return json_made(&m, o, out, e);
}

static bool change_key(struct record *r, const char *kind, enum key_role role,
                       const struct sign_key *old, const struct sign_key *fresh, int64_t first_bad,
                       const struct sign_key *signer, enum key_role signer_role, struct err *e)
{
    struct record_draft d = {.kind = bytes_text(kind), .media_type = BYTES(MEDIA_JSON)};
    struct arena *a = arena_new(1 << 20);
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    /* The head that the old key signed last is kept: whoever is behind it needs it. */
    if (ok && role == KEY_CHECKPOINTS) {
        r->head_key = fresh;
        ok = r->own->note_n == 0 ||
             log_keep_cosigned(r, r->own, bytes_of(r->own->note, r->own->note_n), e);
    }
    ok = ok && change_body(r, role, old, fresh, first_bad, a, &d.payload, e) &&
         append_as(r, &d, 1, signer, signer_role, NULL, e);
    r->head_key = NULL;
    arena_free(a);
    return ok;
}

bool record_rotate(struct record *r, enum key_role role, const struct sign_key *old,
                   const struct sign_key *fresh, struct err *e)
{
    const struct sign_key *signer = role == KEY_ACTS ? old : keyring_key(r->o.keys, KEY_ACTS);
    bool ok;

    record_lock(r);
    if (role == KEY_RECOVERY)
        ok = err_fail(e, ERR_DENIED, "the recovery key is the party's id: it does not change");
    else
        ok = r->own ? change_key(r, "key.rotate", role, old, fresh, 0, signer, KEY_ACTS, e)
                    : err_fail(e, ERR_DENIED, "we are not a party");
    record_unlock(r);
    return ok;
}

bool record_revoke(struct record *r, enum key_role role, uint64_t first_bad,
                   const struct sign_key *recovery, const struct sign_key *fresh, struct err *e)
{
    bool ok;

    record_lock(r);
    if (role == KEY_RECOVERY)
        ok = err_fail(e, ERR_DENIED, "the recovery key is the party's id: it does not change");
    else
        ok = r->own ? change_key(r, "key.revoke", role, NULL, fresh, (int64_t)first_bad, recovery,
                                 KEY_RECOVERY, e)
                    : err_fail(e, ERR_DENIED, "we are not a party");
    record_unlock(r);
    return ok;
}
