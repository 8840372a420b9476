#include "tlog/tlog_impl.h"

#define PROOF_MAGIC "c2sp.org/tlog-proof@v1"

/* The optional line `extra <base64>`: taken if it is there. */
static bool read_extra(struct reader *r, struct arena *a, struct proof_file *f, struct err *e)
{
    struct reader ahead = *r;
    struct bytes line = reader_line(&ahead), text = bytes_part(line, 6, SIZE_MAX);
    size_t n = text.n / 4 * 3;
    uint8_t *raw;

    if (reader_failed(&ahead) || !bytes_start_with(line, "extra "))
        return true;
    raw = arena_get(a, n, e);
    if (!raw)
        return false;
    *r = ahead;
    if (!base64_decode(raw, &n, text))
        reader_fail(r, "\"extra\" and base64");
    f->has_extra = true;
    f->extra = bytes_of(raw, n);
    return true;
}

bool proof_file_parse(struct bytes in, struct arena *a, struct proof_file *out, struct err *e)
{
    struct reader r = reader_of(in);
    struct proof_file f = {0};
    struct note note;

    if (in.n > LIMIT_PROOF_FILE_BYTES)
        return err_fail(e, ERR_LIMIT, "a proof of more than %zu bytes", LIMIT_PROOF_FILE_BYTES);
    reader_expect_line(&r, PROOF_MAGIC);
    if (!read_extra(&r, a, &f, e))
        return false;
    f.index = reader_word_decimal(&r, "index", "\"index\" and a number");
    proof_read_lines(&r, &f.proof);
    if (!reader_ok(&r, e))
        return err_within(e, "proof");
    f.note = bytes_part(in, r.at, SIZE_MAX);
    if (!note_parse(f.note, a, &note, e))
        return err_within(e, "proof, the note from line %zu on", r.line + 1);
    *out = f;
    return true;
}

bool proof_file_print(const struct proof_file *f, struct arena *a, struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);

    if (f->proof.n > LIMIT_PROOF_HASHES)
        return err_fail(e, ERR_LIMIT, "a proof of more than %d hashes", LIMIT_PROOF_HASHES);
    buf_puts(&b, PROOF_MAGIC "\n");
    if (f->has_extra) {
        buf_puts(&b, "extra ");
        buf_base64(&b, f->extra.p, f->extra.n);
        buf_puts(&b, "\n");
    }
    buf_puts(&b, "index ");
    buf_decimal(&b, f->index);
    buf_puts(&b, "\n");
    proof_print(&f->proof, &b);
    buf_put(&b, f->note);
    return buf_end(&b, out, e);
}

bool proof_file_verify(const struct proof_file *f, struct bytes entry, const struct policy *p,
                       struct arena *a, struct policy_verdict *out, struct err *e)
{
    struct policy_verdict v;
    struct hash leaf;

    if (!policy_verify(p, f->note, a, &v, e))
        return false;
    tlog_leaf_hash(entry, &leaf);
    if (!tlog_verify_inclusion(&leaf, f->index, v.checkpoint.size, &f->proof, &v.checkpoint.root,
                               e))
        return err_within(e, "entry %llu of %s", (unsigned long long)f->index, v.checkpoint.origin);
    *out = v;
    return true;
}
