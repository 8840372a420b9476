/* Proofs for strangers: a `.tlog-proof`, the policy to check it against, the interval of an act,
 * and a whole log as a file. */
#include "record/record_impl.h"

#include <stdio.h>

/* The smallest cosigned head that has the act, or the newest of all. */
static bool head_over(struct record *r, struct log *l, uint64_t index, struct arena *a,
                      struct checkpoint *c, struct bytes *note, struct err *e)
{
    struct err missing = {0};
    struct note parsed;

    if (!cosigned_from(r, l, index + 1, a, note, &missing)) {
        if (missing.code != ERR_MISSING)
            return err_pass(e, &missing);
        *note = bytes_of(l->note, l->note_n);
    }
    if (!note_parse(*note, a, &parsed, e) || !checkpoint_parse(parsed.text, c, e))
        return false;
    /* Notes of one size gather cosigners as they come: the last has them all. */
    if (missing.code == ERR_NONE && !cosigned_at(r, l, c->size, a, note, e))
        return false;
    return (c->size > index && c->size <= l->tree.size) ||
           err_fail(e, ERR_MISSING, "no head of %s that has act %llu", l->origin,
                    (unsigned long long)index);
}

static bool prove(struct record *r, struct log *l, uint64_t index, struct arena *a,
                  struct bytes *file, struct err *e)
{
    struct proof_file f = {.index = index};
    struct tlog_source source;
    struct checkpoint c;

    return head_over(r, l, index, a, &c, &f.note, e) &&
           log_source(r, l, l->tree.size, a, &source, e) &&
           tlog_prove_inclusion(&source, index, c.size, &f.proof, e) &&
           proof_file_print(&f, a, file, e);
}

bool record_prove(struct record *r, struct bytes slug, uint64_t index, struct arena *a,
                  struct bytes *file, struct err *e)
{
    struct log *l = log_of(r, slug);
    bool ok;

    if (!l)
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    record_lock(r);
    ok = record_writable(r, e) && prove(r, l, index, a, file, e);
    record_unlock(r);
    return ok;
}

static bool prove_growth(struct record *r, struct log *l, uint64_t old_size, uint64_t size,
                         struct arena *a, struct tlog_proof *out, struct err *e)
{
    struct tlog_source source;

    if (size > l->tree.size)
        return err_fail(e, ERR_MISSING, "we do not hold %llu entries of %s",
                        (unsigned long long)size, l->origin);
    return log_source(r, l, l->tree.size, a, &source, e) &&
           tlog_prove_consistency(&source, old_size, size, out, e);
}

bool record_prove_growth(struct record *r, struct bytes slug, uint64_t old_size, uint64_t size,
                         struct arena *a, struct tlog_proof *out, struct err *e)
{
    struct log *l = log_of(r, slug);
    bool ok;

    if (!l)
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    record_lock(r);
    ok = record_writable(r, e) && prove_growth(r, l, old_size, size, a, out, e);
    record_unlock(r);
    return ok;
}

static void put_key(struct buf *b, struct bytes name, enum note_type type,
                    const struct sign_public *key)
{
    char vkey[NOTE_VKEY_MAX];
    struct note_key k;

    if (!note_key_make(name, type, key, &k, &b->e))
        return;
    note_key_print(&k, vkey);
    buf_puts(b, vkey);
}

bool record_policy(const struct record *r, struct bytes slug, struct arena *a, struct bytes *out,
                   struct err *e)
{
    const struct log *l = log_of(r, slug);
    struct buf b = buf_in(a), group = buf_in(a);
    char name[128];

    if (!l)
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    record_lock(r);
    for (size_t j = 0; j < l->keys.n[KEY_CHECKPOINTS]; j++) {
        buf_puts(&b, "log ");
        put_key(&b, bytes_text(l->origin), NOTE_ED25519, &l->keys.span[KEY_CHECKPOINTS][j].key);
        buf_puts(&b, "\n");
    }
    for (size_t i = 0; i < r->logs_n; i++) {
        const struct log *other = &r->logs[i];
        if (other == l || r->first.parties[i].arbiter)
            continue;
        for (size_t j = 0; j < other->keys.n[KEY_MIRROR]; j++) {
            char label[96];
            snprintf(name, sizeof name, "%.*s/mirror", BYTES_FMT(other->slug));
            snprintf(label, sizeof label, "%.*s-%zu", BYTES_FMT(other->slug), j + 1);
            buf_format(&b, "witness %s ", label);
            put_key(&b, bytes_text(name), NOTE_COSIGNATURE, &other->keys.span[KEY_MIRROR][j].key);
            buf_puts(&b, "\n");
            buf_format(&group, " %s", label);
        }
    }
    buf_puts(&b, "group others any");
    buf_put(&b, buf_view(&group));
    buf_puts(&b, "\nquorum others\n");
    record_unlock(r);
    return buf_end(&b, out, e);
}

/* ---- time ---- */

bool record_bracket(struct record *r, struct bytes slug, uint64_t index, int64_t *after,
                    int64_t *before, struct err *e)
{
    struct log *l = log_of(r, slug);
    bool ok;

    *after = 0;
    *before = INT64_MAX;
    if (!l)
        return err_fail(e, ERR_MISSING, "no such log");
    record_lock(r);
    ok = dates_bracket(r, l, index, after, before, e);
    record_unlock(r);
    return ok;
}

/* ---- a whole log as a file ---- */

#define EXPORT_MAGIC "entente-log/1\n"

static bool write_part(struct record *r, struct os_file *f, uint64_t *at, struct bytes what,
                       struct err *e)
{
    uint8_t length[4] = {(uint8_t)(what.n >> 24), (uint8_t)(what.n >> 16), (uint8_t)(what.n >> 8),
                         (uint8_t)what.n};
    struct bytes parts[2] = {bytes_of(length, 4), what};

    if (!r->o.os->ops->write(r->o.os->self, f, *at, parts, 2, e))
        return false;
    *at += 4 + what.n;
    return true;
}

static bool export_pieces(struct record *r, struct log *l, struct os_file *f, uint64_t *at,
                          struct err *e)
{
    uint64_t from = 0;
    uint32_t parts = 0;
    bool ok = true, more = true;

    while (ok && more) {
        struct arena *a = arena_new(RECORD_PIECE_MOST * 4);
        struct bytes piece;
        struct piece p;
        ok = a &&
             record_piece_make(r, l->slug, bytes_of(NULL, 0), from, parts, RECORD_PIECE_BYTES, a,
                               &piece, e) &&
             piece_parse(piece, &p, e) && write_part(r, f, at, piece, e);
        if (ok) {
            more = p.acts > 0 || piece_parts(&p, parts) > parts;
            parts = piece_parts(&p, parts);
            from += p.acts;
            more = more && from < l->head.size;
        }
        arena_free(a);
    }
    return ok;
}

/* Magic, then parts with a u32 length each: agreement (the version the log begins with), slug,
 * newest cosigned note, pieces. */
bool record_export(struct record *r, struct bytes slug, const char *path, struct err *e)
{
    struct log *l = log_of(r, slug);
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 4);
    struct os_file *f = NULL;
    struct bytes note = {0};
    uint64_t at = sizeof EXPORT_MAGIC - 1;
    bool ok;

    if (!l || !a) {
        arena_free(a);
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    }
    record_lock(r);
    ok = record_writable(r, e) && record_cosigned(r, slug, a, &note, e) &&
         os_open(r->o.os, path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &f, e) &&
         os_write(r->o.os, f, 0, BYTES(EXPORT_MAGIC), e) &&
         write_part(r, f, &at, r->first.bytes, e) && write_part(r, f, &at, slug, e) &&
         write_part(r, f, &at, note, e) && export_pieces(r, l, f, &at, e) && os_sync(r->o.os, f, e);
    record_unlock(r);
    os_close(r->o.os, f);
    arena_free(a);
    return ok;
}
