/* Taking a piece in: everything is verified before anything is stored, against what we hold and
 * what the owner signed. */
#include "record/record_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define ACT_GRAIN 16
#define FRAME_GRAIN 256

struct seen_frame {
    struct frame frame;
    struct hash sha256; /* of objects, lists and payloads without salt */
    struct bytes id, type;
    int tlp;
    bool is_object; /* object_peek took it */
    bool blocked;   /* the gate does not let it in */
};

struct seen_act {
    struct bytes note; /* empty: an entry that is not for us */
    struct hash entry;
    struct act *act; /* NULL: not an act */
    struct err *e;   /* why it was not accepted, or NULL */
    size_t first, n; /* its frames behind the act */
};

struct taking {
    struct record *r;
    struct log *l;
    struct piece p;
    struct arena *a;
    struct arena **arenas; /* one per group of acts */
    struct seen_frame *frames;
    size_t frames_n;
    struct seen_act *acts;
    size_t acts_n;                        /* whole ones, and the unfinished one if there is one */
    struct note_key by_acts, by_recovery; /* as the acts before this piece leave them */
    struct key_history keys;              /* as the acts of this piece leave them */
    struct tlog_tree tree;
    struct checkpoint head;
    struct record_taken *out;
    uint32_t parts; /* of the unfinished act, when this piece is in */
    size_t blocked, special;
    uint64_t max_object;
    struct bytes gate_type; /* what the gate was asked last, and said */
    int gate_tlp;
    bool gate_says;
};

/* ---- cutting up ---- */

static bool count_frames(struct taking *t, struct err *e)
{
    struct reader r = reader_of(t->p.frames);
    struct frame f;
    size_t frames = 0, acts = 0;

    while (frame_next(&r, &f)) {
        frames++;
        acts += f.kind == FRAME_ACT || f.kind == FRAME_ENTRY;
    }
    if (!reader_end(&r, e))
        return err_within(e, "piece");
    if (acts != t->p.acts && acts != t->p.acts + 1)
        return err_fail(e, ERR_PEER, "a piece says %llu acts and has %zu",
                        (unsigned long long)t->p.acts, acts);
    t->frames = arena_get_array(t->a, frames, sizeof *t->frames, e);
    t->acts = arena_get_array(t->a, acts, sizeof *t->acts, e);
    return t->frames && t->acts;
}

static bool cut(struct taking *t, struct err *e)
{
    struct reader r = reader_of(t->p.frames);
    struct frame f;

    if (!count_frames(t, e))
        return false;
    while (frame_next(&r, &f)) {
        struct seen_act *act;
        if (f.kind == FRAME_WITHHELD && f.bytes.n)
            return err_fail(e, ERR_PEER, "something that is said to be withheld came all the same");
        if (f.kind != FRAME_ACT && f.kind != FRAME_ENTRY) {
            if (t->acts_n == 0)
                return err_fail(e, ERR_PEER, "a piece that does not begin with an act");
            t->frames[t->frames_n++].frame = f;
            t->acts[t->acts_n - 1].n++;
            continue;
        }
        act = &t->acts[t->acts_n++];
        act->first = t->frames_n;
        if (f.kind == FRAME_ACT ? f.bytes.n == 0 : f.bytes.n != 32)
            return err_fail(e, ERR_PEER, "an act of no bytes, or an entry that is not 32");
        if (f.kind == FRAME_ACT)
            act->note = f.bytes;
        else
            memcpy(act->entry.b, f.bytes.p, 32);
        if (f.kind == FRAME_ENTRY && (t->l == t->r->own || t->r->logs_n == 2))
            return err_fail(e, ERR_PEER, "an act that is hidden from us, which none here can be");
    }
    return true;
}

/* ---- what can be done on all threads ---- */

static bool verify_act(struct taking *t, size_t i, struct arena *a, struct err *e)
{
    struct seen_act *s = &t->acts[i];
    struct act *act = arena_get(a, sizeof *act, e);

    if (!act || !act_parse(s->note, a, act, e))
        return false;
    s->act = act;
    s->entry = act->entry;
    return act_verify_by(act,
                         keys_signer(act->kind) == KEY_RECOVERY ? &t->by_recovery : &t->by_acts, e);
}

static void verify_acts(void *job, size_t from, size_t to)
{
    static const struct err no_memory = {.code = ERR_NOMEM, .text = "out of memory"};
    struct taking *t = job;

    for (size_t i = from; i < to; i++) {
        struct arena *a = t->arenas[i / ACT_GRAIN];
        struct arena_mark m = arena_mark(a);
        struct err e = {0};
        if (t->acts[i].note.n == 0 || verify_act(t, i, a, &e))
            continue;
        if (!t->acts[i].act)
            arena_reset(a, m); /* what it took to refuse something goes at once */
        if (!(t->acts[i].e = arena_get(a, sizeof e, NULL)))
            t->acts[i].e = (struct err *)(uintptr_t)&no_memory;
        else
            *t->acts[i].e = e;
    }
}

static void hash_frames(void *job, size_t from, size_t to)
{
    struct taking *t = job;

    for (size_t i = from; i < to; i++) {
        struct seen_frame *f = &t->frames[i];
        sha256(f->frame.bytes, &f->sha256);
        if (f->frame.kind == FRAME_OBJECT)
            f->is_object = object_peek(f->frame.bytes, &f->id, &f->type, &f->tlp, NULL);
    }
}

static bool verify_all(struct taking *t, struct err *e)
{
    size_t groups = (t->acts_n + ACT_GRAIN - 1) / ACT_GRAIN;

    if (!act_verifier(t->l->slug, KEY_ACTS, keys_at(&t->l->keys, KEY_ACTS, t->p.from), &t->by_acts,
                      e) ||
        !act_verifier(t->l->slug, KEY_RECOVERY, keys_at(&t->l->keys, KEY_RECOVERY, 0),
                      &t->by_recovery, e))
        return false;
    t->arenas = arena_get_array(t->a, groups, sizeof *t->arenas, e);
    for (size_t i = 0; t->arenas && i < groups; i++)
        if (!(t->arenas[i] = arena_new(LIMIT_ACT_BYTES * 32 * ACT_GRAIN)))
            return err_fail(e, ERR_NOMEM, "out of memory");
    if (!t->arenas)
        return false;
    workers_run(t->r->o.workers, t->acts_n, ACT_GRAIN, verify_acts, t);
    workers_run(t->r->o.workers, t->frames_n, FRAME_GRAIN, hash_frames, t);
    return true;
}

/* ---- bodies ---- */

struct cursor {
    size_t at, end;
};

static struct seen_frame *next_frame(struct taking *t, struct cursor *c)
{
    return c->at < c->end ? &t->frames[c->at++] : NULL;
}

/* The gate's answer; lists are of one kind for long stretches, so the last one is kept. */
static bool let_in(struct taking *t, struct bytes type, int tlp)
{
    char clause[GATE_CLAUSE_MAX];
    struct err why = {0};

    if (t->gate_tlp != tlp || !bytes_equal(t->gate_type, type) || t->gate_type.n == 0) {
        t->gate_type = type;
        t->gate_tlp = tlp;
        t->gate_says = gate_share(t->r->now, type, tlp, NULL, clause, &why);
    }
    return t->gate_says;
}

static bool check_object(struct taking *t, struct seen_frame *f, const struct list_line *line,
                         struct err *e)
{
    if (!f)
        return err_fail(e, ERR_PEER, "a list names more objects than came");
    if (f->frame.kind == FRAME_WITHHELD)
        return true;
    if (f->frame.kind != FRAME_OBJECT || !f->is_object)
        return err_fail(e, ERR_PEER, "something that is no object stands in a list");
    if (!hash_equal(&f->sha256, &line->sha256) || f->frame.bytes.n != line->size)
        return err_fail(e, ERR_PROOF, "an object's digest is not the one in its list");
    if (!bytes_equal(f->id, line->id) || f->tlp > line->tlp)
        return err_fail(e, ERR_PEER,
                        "an object has another id than in its list, or is marked "
                        "more strictly");
    f->blocked = !let_in(t, f->type, line->tlp) || f->frame.bytes.n > t->max_object;
    t->blocked += f->blocked;
    t->out->objects++;
    return true;
}

static bool check_list(struct taking *t, struct cursor *c, const struct hash *sha256, uint64_t size,
                       struct err *e)
{
    struct seen_frame *list = next_frame(t, c);
    struct bytes rest;
    struct list_line line;
    struct err bad = {0};

    if (!list)
        return err_fail(e, ERR_PEER, "a list did not come");
    if (list->frame.kind == FRAME_WITHHELD)
        return true;
    if (list->frame.kind != FRAME_LIST || list->frame.bytes.n != size ||
        !hash_equal(&list->sha256, sha256))
        return err_fail(e, ERR_PROOF, "a list's digest is not the one in its act");
    rest = list->frame.bytes;
    while (list_next(&rest, false, &line, &bad))
        if (!check_object(t, next_frame(t, c), &line, e))
            return false;
    return bad.code == ERR_NONE || err_pass(e, &bad);
}

/* `finished`: all lists must be here. *parts: how many are, with those from before. */
static bool check_lists(struct taking *t, struct cursor *c, struct bytes lists, uint32_t skip,
                        bool finished, uint32_t *parts, struct err *e)
{
    struct list_line line;
    struct err bad = {0};
    uint32_t i = 0;

    for (; list_next(&lists, true, &line, &bad); i++) {
        if (i < skip)
            continue;
        if (c->at == c->end && !finished)
            break;
        if (!check_list(t, c, &line.sha256, line.size, e))
            return false;
    }
    *parts = i;
    return bad.code == ERR_NONE || err_pass(e, &bad);
}

/* The digest of all threads' work is good for bodies without salt. */
static bool body_matches(const struct act_body *body, const struct seen_frame *f, struct err *e)
{
    if (!body->salted && f->frame.bytes.n == body->size && hash_equal(&f->sha256, &body->sha256))
        return true;
    return act_body_matches(body, f->frame.bytes, e);
}

static bool check_single(struct taking *t, struct seen_frame *f, const struct act *act,
                         struct err *e)
{
    bool object = bytes_are(act->body.media_type, MEDIA_STIX);

    if (f->frame.kind == FRAME_WITHHELD)
        return true;
    if (f->frame.kind != (object ? FRAME_OBJECT : FRAME_PAYLOAD) || (object && !f->is_object))
        return err_fail(e, ERR_PEER, "a payload of another kind than its act says");
    if (object) {
        int tlp = tlp_rank(act->tlp) > f->tlp ? tlp_rank(act->tlp) : f->tlp;
        f->blocked = bytes_are(act->kind, "share") && !let_in(t, f->type, tlp);
        t->blocked += f->blocked;
        t->out->objects++;
    }
    return body_matches(&act->body, f, e);
}

static bool check_body(struct taking *t, size_t i, bool finished, struct err *e)
{
    const struct seen_act *s = &t->acts[i];
    const struct act_body *body = &s->act->body;
    struct cursor c = {s->first, s->first + s->n};
    uint32_t skip = i == 0 ? t->p.parts : 0, parts = 0;
    struct seen_frame *f;
    bool ok = true;

    if (body->media_type.n == 0) {
        ok = s->n == 0;
    } else if (bytes_are(body->media_type, MEDIA_LIST)) {
        ok = check_list(t, &c, &body->sha256, body->size, e);
    } else if (!(f = next_frame(t, &c))) {
        return err_fail(e, ERR_PEER, "an act without its payload");
    } else if (bytes_are(body->media_type, MEDIA_LISTS) && f->frame.kind == FRAME_PAYLOAD) {
        ok = body_matches(body, f, e) &&
             check_lists(t, &c, f->frame.bytes, skip, finished, &parts, e);
        if (!finished)
            t->parts = parts;
    } else {
        ok = check_single(t, f, s->act, e);
    }
    if (ok && c.at != c.end)
        ok = err_fail(e, ERR_PEER, "more came with an act than it names");
    return ok;
}

/* ---- acts in their order ---- */

static bool is_next(struct taking *t, const struct act *act, uint64_t index, bool prev_known,
                    const struct hash *prev, struct err *e)
{
    if (!bytes_equal(act->agreement, bytes_of(t->r->first.id, ACT_AGREEMENT)) ||
        !bytes_equal(act->from, t->l->slug))
        return err_fail(e, ERR_PEER, "an act of another log");
    if (act->seq != index)
        return err_fail(e, ERR_PEER, "its sequence number is %llu", (unsigned long long)act->seq);
    if (prev_known && !hash_equal(&act->prev, prev))
        return err_fail(e, ERR_PEER, "it does not follow the act before it");
    if (act->note.n > gate_max_act_bytes(t->r->now))
        return err_fail(e, ERR_LIMIT, "clauses.log.max_act_bytes: it has %zu bytes", act->note.n);
    return true;
}

/* A change of keys takes effect at once. */
static void after_key_change(struct taking *t, size_t i)
{
    const struct seen_act *s = &t->acts[i];
    struct frame *f = s->n ? &t->frames[s->first].frame : NULL;
    struct arena_mark m = arena_mark(t->a);
    struct err ignored = {0};

    if (f && f->kind == FRAME_PAYLOAD)
        keys_apply(&t->keys, t->l->origin, s->act, f->bytes, t->a, &ignored);
    arena_reset(t->a, m);
}

/* The signatures were verified under the keys from before this piece; where it has changed the key
 * only the new one counts. */
static bool signed_rightly(struct taking *t, size_t i, struct err *e)
{
    const struct seen_act *s = &t->acts[i];
    enum key_role role = s->act ? keys_signer(s->act->kind) : KEY_ACTS;
    const struct sign_public *now = keys_at(&t->keys, role, t->p.from + i);

    if (s->act && memcmp(now->b, keys_at(&t->l->keys, role, t->p.from + i)->b, sizeof now->b))
        return act_verify(s->act, now, role, e);
    if (s->e)
        err_pass(e, s->e);
    return !s->e;
}

static bool check_act(struct taking *t, size_t i, bool *prev_known, struct hash *prev,
                      struct err *e)
{
    struct seen_act *s = &t->acts[i];
    bool finished = i < t->p.acts;

    if (s->note.n == 0) {
        *prev_known = false;
        return (finished && s->n == 0) ||
               err_fail(e, ERR_PEER, "an entry that is not for us, with a payload");
    }
    if (!signed_rightly(t, i, e) || !is_next(t, s->act, t->p.from + i, *prev_known, prev, e) ||
        !check_body(t, i, finished, e))
        return false;
    *prev = s->act->text_hash;
    *prev_known = true;
    t->special += finished && state_is_special(s->act->kind);
    if (finished && bytes_start_with(s->act->kind, "key."))
        after_key_change(t, i);
    return t->l->changes + t->special <= LIMIT_RECORD_CHANGES ||
           err_fail(e, ERR_LIMIT, "more than %d acts that change the agreement or its keys",
                    LIMIT_RECORD_CHANGES);
}

/* Where the tree comes to the size of the newest head that its owner signed before, it must be that
 * head's tree; only then may a newer head take its place. */
static bool keeps_the_promise(struct taking *t, struct err *e)
{
    const struct checkpoint *head = &t->l->head;
    struct hash root;

    if (t->tree.size != head->size)
        return true;
    tlog_tree_root(&t->tree, &root);
    return hash_equal(&root, &head->root) ||
           err_fail(e, ERR_PROOF,
                    "it does not lead to the head of size %llu that was signed before",
                    (unsigned long long)head->size);
}

static bool check_acts(struct taking *t, struct err *e)
{
    bool known = t->l->prev_known || t->l->tree.size == 0;
    struct hash prev = t->l->prev;

    t->keys = t->l->keys;
    t->tree = t->l->tree;
    t->max_object = gate_max_object_bytes(t->r->now);
    for (size_t i = 0; i < t->acts_n; i++) {
        if (!check_act(t, i, &known, &prev, e))
            return err_within(e, "act %llu of %.*s", (unsigned long long)(t->p.from + i),
                              BYTES_FMT(t->l->slug));
        if (i < t->p.acts && (!tlog_tree_append(&t->tree, hash_bytes(&t->acts[i].entry), e) ||
                              !keeps_the_promise(t, e)))
            return false;
    }
    if (t->p.parts && (t->acts_n == 0 || !t->acts[0].act ||
                       !hash_equal(&t->acts[0].act->text_hash, &t->l->pending))) {
        t->l->parts = 0; /* begin that act again */
        return err_fail(e, ERR_PEER, "another act than the one whose lists we have");
    }
    return true;
}

/* ---- the head
 * ------------------------------------------------------------------------------------------------
 */

static bool convict_by_heads(struct taking *t, struct err *e)
{
    return evidence_of_heads(t->r, t->l, &t->head, t->p.head, t->a, t->out->evidence, e);
}

/* The head against all that we hold. */
static bool check_head(struct taking *t, struct err *e)
{
    struct log *l = t->l;
    struct tlog_source source;
    struct note_key key;
    struct note note;
    struct hash root;

    if (t->p.head.n == 0)
        return (t->p.acts == 0 && l->head.size == 0) ||
               err_fail(e, ERR_PEER, "acts without a head that has them");
    if (!note_parse(t->p.head, t->a, &note, e) || !checkpoint_parse(note.text, &t->head, e) ||
        !note_key_of_checked(bytes_text(l->origin), NOTE_ED25519,
                             keys_at(&t->keys, KEY_CHECKPOINTS, t->head.size), &key, e) ||
        !checkpoint_verify_note(&note, &key, 1, &t->head, e))
        return err_within(e, "head of %s", l->origin);
    if (t->head.size < t->tree.size && t->p.acts)
        return err_fail(e, ERR_PEER, "%s: acts up to %llu under a head of size %llu", l->origin,
                        (unsigned long long)t->tree.size, (unsigned long long)t->head.size);
    if (t->head.size == l->head.size && l->head.size && !hash_equal(&t->head.root, &l->head.root))
        return convict_by_heads(t, e);
    if (t->head.size <= l->tree.size) {
        if (!log_source(t->r, l, l->tree.size, t->a, &source, e) ||
            !tlog_source_root(&source, t->head.size, &root, e))
            return false;
        return hash_equal(&root, &t->head.root) ? true : convict_by_heads(t, e);
    }
    if (t->tree.size == 0)
        return true;
    tlog_tree_root(&t->tree, &root);
    return tlog_verify_consistency(t->tree.size, &root, t->head.size, &t->head.root, &t->p.proof,
                                   e) ||
           err_within(e, "%s does not go on from what we hold", l->origin);
}

/* ---- storing
 * ---------------------------------------------------------------------------------------------------
 */

static bool put_frame(struct taking *t, const struct seen_frame *f, const struct hash *sha256,
                      struct err *e)
{
    static const uint8_t segment[] = {0, 0, 0, SEG_PAYLOAD, SEG_PART, SEG_OBJECT, SEG_WITHHELD};
    bool absent = f->frame.kind == FRAME_WITHHELD || f->blocked;
    struct bytes what = absent ? hash_bytes(sha256) : f->frame.bytes;
    uint64_t position;

    return segments_append(t->l->seg, absent ? SEG_WITHHELD : segment[f->frame.kind], &what, 1,
                           &position, e);
}

/* Objects, then the list that names them. */
static bool store_list(struct taking *t, struct cursor *c, struct err *e)
{
    struct seen_frame *list = next_frame(t, c);
    struct bytes rest = list->frame.bytes;
    struct list_line line;

    if (list->frame.kind == FRAME_WITHHELD)
        return true;
    while (list_next(&rest, false, &line, NULL))
        if (!put_frame(t, next_frame(t, c), &line.sha256, e))
            return false;
    return put_frame(t, list, &list->sha256, e);
}

static bool store_body(struct taking *t, size_t i, struct err *e)
{
    const struct seen_act *s = &t->acts[i];
    struct cursor c = {s->first, s->first + s->n};
    struct seen_frame *payload = NULL;

    if (s->n == 0)
        return true;
    if (!bytes_are(s->act->body.media_type, MEDIA_LIST))
        payload = next_frame(t, &c);
    while (c.at < c.end)
        if (!store_list(t, &c, e))
            return false;
    if (!payload || payload->frame.kind == FRAME_WITHHELD || payload->blocked || i >= t->p.acts)
        return true;
    return put_frame(t, payload, &payload->sha256, e);
}

static bool store_acts(struct taking *t, struct err *e)
{
    for (size_t i = 0; i < t->acts_n; i++) {
        const struct seen_act *s = &t->acts[i];
        struct bytes what = s->note.n ? s->note : hash_bytes(&s->entry);
        uint64_t position;
        if (!store_body(t, i, e))
            return false;
        if (i < t->p.acts &&
            !segments_append(t->l->seg, s->note.n ? SEG_ACT : SEG_ENTRY, &what, 1, &position, e))
            return false;
    }
    return true;
}

static bool remember(struct taking *t, struct err *e)
{
    struct log *l = t->l;
    const struct seen_act *last = t->p.acts ? &t->acts[t->p.acts - 1] : NULL;

    l->tree = t->tree;
    if (last) {
        l->prev_known = last->note.n != 0;
        l->prev = last->act ? last->act->text_hash : (struct hash){0};
    }
    if (t->p.acts)
        l->parts = 0;
    if (t->acts_n > t->p.acts) {
        l->parts = t->parts;
        l->pending = t->acts[t->p.acts].act->text_hash;
    }
    /* A head that we have not come to yet is not forgotten for a newer one. */
    return t->head.size <= l->head.size || l->tree.size < l->head.size ||
           log_set_head(l, &t->head, t->p.head, e);
}

static bool store(struct taking *t, struct err *e)
{
    struct log *l = t->l;
    struct tlog_tree before = l->tree;
    struct hash *entries;

    if (t->acts_n == 0 && (t->head.size <= l->head.size || l->tree.size < l->head.size))
        return true; /* nothing new */
    entries = arena_get_array(t->a, t->acts_n, sizeof *entries, e);
    if (!entries || !store_acts(t, e)) {
        log_discard(l, &before);
        return false;
    }
    for (size_t i = 0; i < t->p.acts; i++)
        entries[i] = t->acts[i].entry;
    if (!remember(t, e) || !tiles_stage(l, entries, (size_t)t->p.acts, e)) {
        t->r->poisoned = true;
        return false;
    }
    if (!log_commit(t->r, l, e))
        return false;
    tiles_publish(t->r, l);
    if (l->tree.size == l->head.size)
        tiles_settle(t->r, l);
    return !t->special || (index_fresh(t->r, e) && state_fold(t->r, e));
}

/* ---- the whole
 * ----------------------------------------------------------------------------------------------------
 */

static bool within_quota(struct taking *t, size_t n, struct err *e)
{
    uint64_t today = (uint64_t)(os_now(t->r->o.os) / 86400);
    int64_t most = INT64_MAX;

    if (today != t->l->taken_day) {
        t->l->taken_day = today;
        t->l->taken_bytes = 0;
    }
    json_as_integer(json_point(t->r->now->root, "/clauses/log/bytes_per_day"), &most);
    if (t->l->taken_bytes + n > (uint64_t)most)
        return err_fail(e, ERR_LIMIT, "clauses.log.bytes_per_day: %.*s has sent its share of today",
                        BYTES_FMT(t->l->slug));
    t->l->taken_bytes += n;
    return true;
}

static bool take(struct taking *t, struct bytes bytes, struct err *e)
{
    if (!record_writable(t->r, e) || !piece_parse(bytes, &t->p, e))
        return false;
    if (t->l->stopped)
        return err_fail(e, ERR_DENIED, "%s is stopped: its owner was shown to have lied",
                        t->l->origin);
    if (t->p.from != t->l->tree.size || (t->p.parts && t->p.parts != t->l->parts))
        return err_fail(e, ERR_PEER, "a piece from act %llu; the next we need is %llu",
                        (unsigned long long)t->p.from, (unsigned long long)t->l->tree.size);
    return cut(t, e) && verify_all(t, e) && check_acts(t, e) && check_head(t, e) &&
           within_quota(t, bytes.n, e) && store(t, e);
}

bool record_piece_take(struct record *r, struct bytes slug, struct bytes piece,
                       struct record_taken *out, struct err *e)
{
    struct taking t = {.r = r, .l = log_of(r, slug), .out = out};
    bool ok;

    memset(out, 0, sizeof *out);
    if (!t.l)
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    if (piece.n > RECORD_PIECE_MOST)
        return err_fail(e, ERR_LIMIT, "a piece of %zu bytes, more than %zu", piece.n,
                        RECORD_PIECE_MOST);
    t.a = arena_new(RECORD_PIECE_MOST * 8);
    record_lock(r);
    ok = (t.a || err_fail(e, ERR_NOMEM, "out of memory")) && take(&t, piece, e);
    out->size = t.l->tree.size;
    out->parts = t.l->parts;
    out->seen = t.l->head.size > t.l->tree.size ? t.l->head.size : t.l->tree.size;
    out->acts = ok ? t.p.acts : 0;
    out->complete = ok && out->size == out->seen;
    record_unlock(r);
    if (t.blocked)
        diag(r->o.diag, DIAG_WARN, "objects above the agreed ceiling came and were not kept",
             "log=%s count=%zu", t.l->origin, t.blocked);
    for (size_t i = 0; t.arenas && i < (t.acts_n + ACT_GRAIN - 1) / ACT_GRAIN; i++)
        arena_free(t.arenas[i]);
    arena_free(t.a);
    return ok;
}
