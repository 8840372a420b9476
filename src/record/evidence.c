/* Proofs of misbehaviour: kept as files, checked before they are kept. Heads that contradict each
 * other are tlog's (tlog/evidence.h); two acts with one sequence number are ours. */
#include "record/evidence.h"
#include "record/record_impl.h"

#include <stdio.h>

/* One file convicts; a liar does not fill our disk by lying again. */
static bool write_evidence(struct record *r, struct log *l, struct bytes file, char name[256],
                           struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    char *path = a ? record_path(r, a, e, "evidence/%s", name) : NULL;
    struct bytes *names;
    size_t n = 0, theirs = 0;
    bool ok = path && os_make_dirs(r->o.os, r->evidence_dir, e) &&
              os_list(r->o.os, r->evidence_dir, a, &names, &n, e);

    for (size_t i = 0; ok && i < n; i++)
        theirs += bytes_equal(bytes_part(names[i], 0, l->slug.n), l->slug) &&
                  names[i].n > l->slug.n && names[i].p[l->slug.n] == '-';
    if (ok && !os_exists(r->o.os, path)) {
        if (theirs < LIMIT_EVIDENCE_FILES)
            ok = os_write_file(r->o.os, path, file, 0, e);
        else
            name[0] = '\0';
    }
    arena_free(a);
    return ok;
}

bool evidence_keep(struct record *r, struct log *l, struct bytes file, char name[256],
                   struct err *e)
{
    struct hash h;
    char digest[17] = {0};

    sha256(file, &h);
    hex_encode(digest, h.b, 8);
    snprintf(name, 256, "%.*s-%s.misbehaviour", BYTES_FMT(l->slug), digest);
    if (!write_evidence(r, l, file, name, e))
        return false;
    if (l->stopped)
        return true;
    diag(r->o.diag, DIAG_ERROR,
         "a party has signed two histories: proof kept, nothing more is "
         "taken from it",
         "party=%.*s file=%s/%s", BYTES_FMT(l->slug), r->evidence_dir, name);
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

/* A head that we hold and that its owner signed: the newest, or, if we do not hold all of that one,
 * the newest that we have cosigned. */
static bool head_we_hold(struct record *r, struct log *l, struct arena *a, struct checkpoint *c,
                         struct bytes *note, struct err *e)
{
    *c = l->head;
    *note = bytes_of(l->note, l->note_n);
    return (l->head.size <= l->tree.size || newest_whole_head(r, l, a, c, note, e)) && note->n;
}

bool evidence_of_heads(struct record *r, struct log *l, const struct checkpoint *c,
                       struct bytes note, struct arena *a, char name[256], struct err *e)
{
    struct tlog_source source;
    struct note_key accused;
    struct checkpoint held;
    struct bytes ours, file = {0};
    bool made = false;

    if (!log_keys_for(l, KEY_CHECKPOINTS, c->size, &accused, e))
        return false;
    if (c->size == l->head.size)
        made = evidence_make_same_size(&accused, bytes_of(l->note, l->note_n), note, a, &file, e);
    else if (head_we_hold(r, l, a, &held, &ours, e) &&
             log_source(r, l, l->tree.size, a, &source, e))
        made = c->size == held.size
                   ? evidence_make_same_size(&accused, ours, note, a, &file, e)
                   : c->size < held.size &&
                         evidence_make_fork(&accused, note, ours, &source, a, &file, e);
    if (made)
        evidence_keep(r, l, file, name, e);
    return err_fail(e, ERR_PROOF, "%s shows two histories of its log", l->origin);
}

static bool against_ours(struct record *r, struct log *l, const struct seen_head *h,
                         struct arena *a, char evidence[256], struct err *e)
{
    struct tlog_source source;
    struct hash root;

    if (h->c.size == l->head.size && l->head.size && !hash_equal(&h->c.root, &l->head.root))
        return evidence_of_heads(r, l, &h->c, h->note, a, evidence, e);
    if (h->c.size > l->tree.size)
        return true; /* nothing to compare with yet */
    if (!log_source(r, l, l->tree.size, a, &source, e) ||
        !tlog_source_root(&source, h->c.size, &root, e))
        return false;
    return hash_equal(&root, &h->c.root) || evidence_of_heads(r, l, &h->c, h->note, a, evidence, e);
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
static bool convicts(const char *id, struct log *l, struct bytes file, struct arena *a,
                     struct err *e)
{
    struct act_evidence acts;
    struct evidence heads;

    if (bytes_start_with(file, ACTS_LINE)) {
        if (!act_evidence_verify(file, NULL, a, &acts, e))
            return false;
        for (size_t i = 0; i < l->keys.n[KEY_ACTS]; i++)
            if (bytes_equal(acts.a.from, l->slug) &&
                bytes_equal(acts.a.agreement, bytes_text(id)) &&
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
    ok = convicts(r->first.id, l, file, a, e) && evidence_keep(r, l, file, evidence, e);
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
            return note_key_of_checked(bytes_text(name), NOTE_ED25519,
                                       keys_at(&l->keys, KEY_ACTS, index), &accused, e) &&
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
         convicts(r->first.id, l, file, a, e) && evidence_keep(r, l, file, evidence, e);
    record_unlock(r);
    arena_free(a);
    return ok;
}
