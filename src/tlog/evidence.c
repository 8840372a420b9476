#include "tlog/tlog_impl.h"

#define EVIDENCE_MAGIC "entente/tlog-evidence/v1"

static const char *const kinds[] = {[EVIDENCE_SAME_SIZE] = "same-size",
                                    [EVIDENCE_FORK] = "fork",
                                    [EVIDENCE_BACKWARDS] = "backwards"};
#define KINDS (sizeof kinds / sizeof *kinds)

/* ---- what convicts -------------------------------------------------------------------------- */

/* What the accused said of a checkpoint, by its own signature. */
struct claim {
    struct checkpoint checkpoint;
    uint64_t first, last; /* the earliest and the latest of a cosigner's times */
};

static bool claim_of(const struct note_key *accused, struct bytes bytes, struct arena *a,
                     struct claim *out, struct err *e)
{
    struct note_match found[LIMIT_NOTE_SIGNATURES];
    struct note note;
    struct claim c;
    size_t n;

    if (accused->type != NOTE_ED25519 && accused->type != NOTE_COSIGNATURE)
        return err_fail(e, ERR_INPUT, "signatures of %s cannot be checked here", accused->name);
    if (!note_parse(bytes, a, &note, e) || !checkpoint_parse(note.text, &c.checkpoint, e) ||
        !note_match_all(&note, accused, 1, 0, NULL, found, &n, e))
        return false;
    if (n == 0 ||
        (accused->type == NOTE_ED25519 && strcmp(accused->name, c.checkpoint.origin) != 0))
        return err_fail(e, ERR_PROOF, "%s has not signed the checkpoint of %s", accused->name,
                        c.checkpoint.origin);
    c.first = c.last = found[0].time;
    for (size_t i = 1; i < n; i++) {
        c.first = found[i].time < c.first ? found[i].time : c.first;
        c.last = found[i].time > c.last ? found[i].time : c.last;
    }
    *out = c;
    return true;
}

/* Both claims, about one origin. */
static bool claims_of(const struct note_key *accused, struct bytes note_a, struct bytes note_b,
                      struct arena *a, struct claim *x, struct claim *y, struct err *e)
{
    if (!claim_of(accused, note_a, a, x, e))
        return err_within(e, "first note");
    if (!claim_of(accused, note_b, a, y, e))
        return err_within(e, "second note");
    if (strcmp(x->checkpoint.origin, y->checkpoint.origin) != 0)
        return err_fail(e, ERR_PROOF, "the two notes are of different logs");
    return true;
}

static struct evidence facts_of(enum evidence_kind kind, const struct note_key *accused,
                                const struct claim *x, const struct claim *y)
{
    return (struct evidence){.kind = kind,
                             .accused = *accused,
                             .a = x->checkpoint,
                             .b = y->checkpoint,
                             .time_a = x->first,
                             .time_b = y->first};
}

bool evidence_check_same_size(const struct note_key *accused, struct bytes note_a,
                              struct bytes note_b, struct arena *a, struct evidence *out,
                              struct err *e)
{
    struct claim x, y;

    if (!claims_of(accused, note_a, note_b, a, &x, &y, e))
        return false;
    if (x.checkpoint.size != y.checkpoint.size)
        return err_fail(e, ERR_PROOF, "the sizes differ: two roots prove nothing by themselves");
    if (hash_equal(&x.checkpoint.root, &y.checkpoint.root))
        return err_fail(e, ERR_PROOF, "the roots are the same: nothing is wrong");
    *out = facts_of(EVIDENCE_SAME_SIZE, accused, &x, &y);
    return true;
}

/* The path leads to the large root, so its prefix root is the only one that the smaller tree can
 * have had; and another one was signed. */
bool evidence_check_fork(const struct note_key *accused, struct bytes note_small,
                         struct bytes note_large, const struct tlog_proof *path, struct arena *a,
                         struct evidence *out, struct err *e)
{
    struct hash prefix, root;
    struct claim x, y;

    if (!claims_of(accused, note_small, note_large, a, &x, &y, e) ||
        !tlog_prefix_roots(x.checkpoint.size, y.checkpoint.size, path, &prefix, &root, e))
        return false;
    if (!hash_equal(&root, &y.checkpoint.root))
        return err_fail(e, ERR_PROOF, "the path does not lead to the larger tree's root");
    if (hash_equal(&prefix, &x.checkpoint.root))
        return err_fail(e, ERR_PROOF, "the larger tree begins with the smaller: nothing is wrong");
    *out = facts_of(EVIDENCE_FORK, accused, &x, &y);
    out->prefix = prefix;
    return true;
}

bool evidence_check_backwards(const struct note_key *accused, struct bytes note_small,
                              struct bytes note_large, struct arena *a, struct evidence *out,
                              struct err *e)
{
    struct claim x, y;

    if (accused->type != NOTE_COSIGNATURE)
        return err_fail(e, ERR_PROOF, "%s is no cosigner: its signatures have no times",
                        accused->name);
    if (!claims_of(accused, note_small, note_large, a, &x, &y, e))
        return false;
    if (x.checkpoint.size >= y.checkpoint.size || x.last <= y.first)
        return err_fail(e, ERR_PROOF, "the larger tree was not cosigned before the smaller");
    *out = facts_of(EVIDENCE_BACKWARDS, accused, &x, &y);
    out->time_a = x.last;
    return true;
}

/* ---- the file ------------------------------------------------------------------------------- */

static bool evidence_print(enum evidence_kind kind, const struct note_key *accused,
                           struct bytes note_a, struct bytes note_b, const struct tlog_proof *path,
                           struct arena *a, struct bytes *out, struct err *e)
{
    const struct bytes notes[] = {note_a, note_b};
    struct buf b = buf_in(a);
    char vkey[NOTE_VKEY_MAX];

    note_key_print(accused, vkey);
    buf_format(&b, EVIDENCE_MAGIC "\n%s\naccused %s\n", kinds[kind], vkey);
    for (size_t i = 0; i < 2; i++) {
        buf_format(&b, "note %zu\n", notes[i].n);
        buf_put(&b, notes[i]);
    }
    if (path)
        buf_format(&b, "path %zu\n", path->n);
    for (size_t i = 0; path && i < path->n; i++) {
        buf_base64(&b, path->hash[i].b, sizeof path->hash[i].b);
        buf_puts(&b, "\n");
    }
    return buf_end(&b, out, e);
}

bool evidence_make_same_size(const struct note_key *accused, struct bytes note_a,
                             struct bytes note_b, struct arena *a, struct bytes *out, struct err *e)
{
    struct evidence found;

    return evidence_check_same_size(accused, note_a, note_b, a, &found, e) &&
           evidence_print(EVIDENCE_SAME_SIZE, accused, note_a, note_b, NULL, a, out, e);
}

bool evidence_make_fork(const struct note_key *accused, struct bytes note_small,
                        struct bytes note_large, const struct tlog_source *source, struct arena *a,
                        struct bytes *out, struct err *e)
{
    struct tlog_proof path;
    struct evidence found;
    struct claim x, y;

    return claims_of(accused, note_small, note_large, a, &x, &y, e) &&
           tlog_prove_prefix(source, x.checkpoint.size, y.checkpoint.size, &path, e) &&
           evidence_check_fork(accused, note_small, note_large, &path, a, &found, e) &&
           evidence_print(EVIDENCE_FORK, accused, note_small, note_large, &path, a, out, e);
}

bool evidence_make_backwards(const struct note_key *accused, struct bytes note_small,
                             struct bytes note_large, struct arena *a, struct bytes *out,
                             struct err *e)
{
    struct evidence found;

    return evidence_check_backwards(accused, note_small, note_large, a, &found, e) &&
           evidence_print(EVIDENCE_BACKWARDS, accused, note_small, note_large, NULL, a, out, e);
}

struct file {
    enum evidence_kind kind;
    struct bytes vkey, notes[2];
    struct tlog_proof path;
};

static void read_kind(struct reader *r, struct file *f)
{
    struct bytes line = reader_line(r);

    f->kind = 0;
    for (size_t i = 1; i < KINDS; i++)
        if (bytes_are(line, kinds[i]))
            f->kind = (enum evidence_kind)i;
    if (!reader_failed(r) && f->kind == 0)
        reader_fail(r, "same-size, fork or backwards");
}

static void read_vkey(struct reader *r, struct file *f)
{
    struct bytes line = reader_line(r);

    if (!reader_failed(r) && !bytes_start_with(line, "accused "))
        reader_fail(r, "\"accused\" and a key");
    f->vkey = bytes_part(line, 8, SIZE_MAX);
}

/* Verbatim bytes, whose lines are counted so that later errors name the right one. */
static void read_note(struct reader *r, struct bytes *out)
{
    uint64_t n = reader_word_decimal(r, "note", "\"note\" and a number of bytes");

    if (n > LIMIT_NOTE_BYTES)
        reader_fail(r, "a note of at most a mebibyte");
    *out = reader_bytes(r, (size_t)n);
    for (size_t i = 0; i < out->n; i++)
        r->line += out->p[i] == '\n';
}

static void read_path(struct reader *r, struct tlog_proof *p)
{
    uint64_t n = reader_word_decimal(r, "path", "\"path\" and a number of hashes");

    if (n > TLOG_PROOF_MAX)
        reader_fail(r, "at most 64 hashes");
    for (p->n = 0; p->n < n && !reader_failed(r); p->n++)
        reader_base64_line(r, p->hash[p->n].b, sizeof p->hash[p->n].b);
}

static bool evidence_parse(struct bytes in, struct file *f, struct err *e)
{
    struct reader r = reader_of(in);

    if (in.n > LIMIT_EVIDENCE_BYTES)
        return err_fail(e, ERR_LIMIT, "evidence of more than %zu bytes", LIMIT_EVIDENCE_BYTES);
    reader_expect_line(&r, EVIDENCE_MAGIC);
    read_kind(&r, f);
    read_vkey(&r, f);
    read_note(&r, &f->notes[0]);
    read_note(&r, &f->notes[1]);
    if (f->kind == EVIDENCE_FORK)
        read_path(&r, &f->path);
    return reader_end(&r, e);
}

static bool evidence_check(const struct file *f, const struct note_key *accused, struct arena *a,
                           struct evidence *out, struct err *e)
{
    switch (f->kind) {
    case EVIDENCE_SAME_SIZE:
        return evidence_check_same_size(accused, f->notes[0], f->notes[1], a, out, e);
    case EVIDENCE_FORK:
        return evidence_check_fork(accused, f->notes[0], f->notes[1], &f->path, a, out, e);
    case EVIDENCE_BACKWARDS:
        return evidence_check_backwards(accused, f->notes[0], f->notes[1], a, out, e);
    }
    return err_fail(e, ERR_INPUT, "evidence of an unknown kind");
}

bool evidence_verify(struct bytes file, const struct note_key *accused, struct arena *a,
                     struct evidence *out, struct err *e)
{
    struct note_key named;
    struct file f;

    if (!evidence_parse(file, &f, e) || !note_key_parse(f.vkey, &named, e))
        return err_within(e, "evidence");
    if (accused && (accused->type != named.type || accused->id != named.id ||
                    strcmp(accused->name, named.name) != 0 || !note_key_same(accused, &named)))
        return err_fail(e, ERR_PROOF, "the evidence is about %s, not about %s", named.name,
                        accused->name);
    return evidence_check(&f, &named, a, out, e) || err_within(e, "evidence");
}
