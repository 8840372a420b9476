/* Proofs of misbehaviour: kept as files, checked before they are kept. Heads that contradict each
 * other are tlog's (tlog/evidence.h); two acts with one sequence number are ours. */
#include "record/evidence.h"
#include "record/record_impl.h"

#include <stdio.h>

bool evidence_keep(struct record *r, struct log *l, struct bytes file, char name[256],
                   struct err *e)
{
    struct hash h;
    char digest[17] = {0}, *path;

    sha256(file, &h);
    hex_encode(digest, h.b, 8);
    snprintf(name, 256, "%.*s-%s.misbehaviour", BYTES_FMT(l->slug), digest);
    path = record_path(r, r->arena, e, "evidence/%s", name);
    if (!path || !os_make_dirs(r->o.os, r->evidence_dir, e) ||
        !os_write_file(r->o.os, path, file, 0, e))
        return false;
    diag(r->o.diag, DIAG_ERROR,
         "a party has signed two histories: proof kept, nothing more is "
         "taken from it",
         "party=%.*s file=%s", BYTES_FMT(l->slug), path);
    if (l->stopped)
        return true;
    l->stopped = true;
    return log_commit(r, l, e);
}

/* ---- two acts with one sequence number ---- */

#define ACTS_LINE "entente/act-evidence/v1"

bool act_evidence_make(const struct note_key *accused, struct bytes note_a, struct bytes note_b,
                       struct arena *a, struct bytes *out, struct err *e)
{
    char vkey[NOTE_VKEY_MAX];
    struct buf b = buf_in(a);
    struct act_evidence check;

    note_key_print(accused, vkey);
    buf_format(&b, ACTS_LINE "\ndouble-sequence\naccused %s\n", vkey);
    buf_format(&b, "act %zu\n", note_a.n);
    buf_put(&b, note_a);
    buf_format(&b, "act %zu\n", note_b.n);
    buf_put(&b, note_b);
    return buf_end(&b, out, e) && act_evidence_verify(*out, accused, a, &check, e);
}

static struct bytes read_act_item(struct reader *r)
{
    struct bytes line = reader_line(r);
    uint64_t n = 0;

    if (!bytes_start_with(line, "act ") || !decimal_parse(bytes_part(line, 4, SIZE_MAX), &n) ||
        n > LIMIT_ACT_BYTES)
        reader_fail(r, "\"act\" and a length");
    return reader_bytes(r, reader_failed(r) ? 0 : (size_t)n);
}

bool act_evidence_verify(struct bytes file, const struct note_key *accused, struct arena *a,
                         struct act_evidence *out, struct err *e)
{
    struct reader r = reader_of(file);
    struct bytes line, notes[2];
    struct act_evidence v = {0};
    struct note note;

    reader_expect_line(&r, ACTS_LINE);
    reader_expect_line(&r, "double-sequence");
    line = reader_line(&r);
    notes[0] = read_act_item(&r);
    notes[1] = read_act_item(&r);
    if (!reader_end(&r, e))
        return err_within(e, "evidence");
    if (!bytes_start_with(line, "accused ") ||
        !note_key_parse(bytes_part(line, 8, SIZE_MAX), &v.accused, e))
        return err_fail(e, ERR_INPUT, "evidence: line 3: expected \"accused\" and a key");
    if (accused && (!note_key_same(accused, &v.accused) || strcmp(accused->name, v.accused.name)))
        return err_fail(e, ERR_PROOF, "the evidence accuses another key");
    if (!act_parse(notes[0], a, &v.a, e) || !act_parse(notes[1], a, &v.b, e))
        return err_within(e, "evidence");
    if (!note_parse(notes[0], a, &note, e) || !note_verify(&note, &v.accused, 1, NULL, e) ||
        !note_parse(notes[1], a, &note, e) || !note_verify(&note, &v.accused, 1, NULL, e))
        return err_within(e, "evidence");
    if (!bytes_equal(v.a.agreement, v.b.agreement) || !bytes_equal(v.a.from, v.b.from) ||
        v.a.seq != v.b.seq || hash_equal(&v.a.text_hash, &v.b.text_hash))
        return err_fail(e, ERR_PROOF, "the two acts do not contradict each other");
    *out = v;
    return true;
}

/* ---- from outside ---- */

static bool against_ours(struct record *r, struct log *l, const struct seen_head *h,
                         struct arena *a, char evidence[256], struct err *e)
{
    struct bytes ours = bytes_of(l->note, l->note_n), file;
    struct tlog_source source;
    struct note_key accused;
    struct hash root;
    bool made;

    if (h->c.size > l->tree.size)
        return true; /* nothing to compare with yet */
    if (!log_source(r, l, l->tree.size, a, &source, e) ||
        !tlog_source_root(&source, h->c.size, &root, e))
        return false;
    if (hash_equal(&root, &h->c.root))
        return true;
    if (!log_keys_for(l, KEY_CHECKPOINTS, h->c.size, &accused, e))
        return false;
    made = h->c.size == l->head.size
               ? evidence_make_same_size(&accused, h->note, ours, a, &file, e)
               : l->head.size <= l->tree.size &&
                     evidence_make_fork(&accused, h->note, ours, &source, a, &file, e);
    if (made)
        evidence_keep(r, l, file, evidence, e);
    return err_fail(e, ERR_PROOF, "%s shows two histories of its log", l->origin);
}

bool record_compare(struct record *r, struct bytes slug, struct bytes note, char evidence[256],
                    struct err *e)
{
    struct log *l = log_of(r, slug);
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 16);
    struct seen_head h = {.note = note};
    struct note_key key;
    struct note parsed;
    bool ok;

    evidence[0] = '\0';
    if (!l || !a) {
        arena_free(a);
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    }
    record_lock(r);
    ok = note_parse(note, a, &parsed, e) && checkpoint_parse(parsed.text, &h.c, e) &&
         log_keys_for(l, KEY_CHECKPOINTS, h.c.size, &key, e) &&
         checkpoint_verify_note(&parsed, &key, 1, &h.c, e) &&
         against_ours(r, l, &h, a, evidence, e);
    record_unlock(r);
    arena_free(a);
    return ok;
}

/* A ready file must convict a key that this party's log has had. */
static bool convicts(struct log *l, struct bytes file, struct arena *a, struct err *e)
{
    struct act_evidence acts;
    struct evidence heads;

    if (bytes_start_with(file, ACTS_LINE)) {
        if (!act_evidence_verify(file, NULL, a, &acts, e))
            return false;
        for (size_t i = 0; i < l->keys.n[KEY_ACTS]; i++)
            if (bytes_equal(acts.a.from, l->slug) &&
                !memcmp(l->keys.span[KEY_ACTS][i].key.b, acts.accused.public.b, 32))
                return true;
    } else {
        if (!evidence_verify(file, NULL, a, &heads, e))
            return false;
        for (size_t i = 0; i < l->keys.n[KEY_CHECKPOINTS]; i++)
            if (!strcmp(heads.a.origin, l->origin) &&
                !memcmp(l->keys.span[KEY_CHECKPOINTS][i].key.b, heads.accused.public.b, 32))
                return true;
    }
    return err_fail(e, ERR_PROOF, "the evidence convicts somebody else");
}

bool record_convict(struct record *r, struct bytes slug, struct bytes file, char evidence[256],
                    struct err *e)
{
    struct log *l = log_of(r, slug);
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 16);
    bool ok;

    evidence[0] = '\0';
    if (!l || !a) {
        arena_free(a);
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    }
    record_lock(r);
    ok = convicts(l, file, a, e) && evidence_keep(r, l, file, evidence, e);
    record_unlock(r);
    arena_free(a);
    return ok;
}

/* ---- acts of another history ---- */

static bool compare_acts(struct record *r, struct log *l, const struct piece *p, struct arena *a,
                         struct bytes *file, struct err *e)
{
    struct reader rd = reader_of(p->frames);
    uint64_t index = p->from;
    struct frame f;

    while (frame_next(&rd, &f)) {
        struct act theirs, ours;
        struct note_key accused;
        char name[128];
        if (f.kind != FRAME_ACT) {
            index += f.kind == FRAME_ENTRY;
            continue;
        }
        if (index >= l->tree.size || !act_parse(f.bytes, a, &theirs, e) ||
            !read_act(r, l, index, a, &ours, e))
            return false;
        if (!hash_equal(&theirs.text_hash, &ours.text_hash)) {
            snprintf(name, sizeof name, "%.*s/acts", BYTES_FMT(l->slug));
            return note_key_make(bytes_text(name), NOTE_ED25519, keys_at(&l->keys, KEY_ACTS, index),
                                 &accused, e) &&
                   act_evidence_make(&accused, ours.note, theirs.note, a, file, e);
        }
        index++;
    }
    return err_fail(e, ERR_MISSING, "the acts in the piece are those we hold");
}

bool record_convict_piece(struct record *r, struct bytes slug, struct bytes piece,
                          char evidence[256], struct err *e)
{
    struct log *l = log_of(r, slug);
    struct arena *a = arena_new(RECORD_PIECE_MOST * 8);
    struct piece p;
    struct bytes file;
    bool ok;

    evidence[0] = '\0';
    if (!l || !a) {
        arena_free(a);
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    }
    record_lock(r);
    ok = piece_parse(piece, &p, e) && compare_acts(r, l, &p, a, &file, e) &&
         convicts(l, file, a, e) && evidence_keep(r, l, file, evidence, e);
    record_unlock(r);
    arena_free(a);
    return ok;
}
