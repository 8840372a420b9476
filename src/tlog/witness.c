#include "tlog/tlog_impl.h"

#include <stdio.h>

/* ---- lines shared by requests and proofs ---------------------------------------------------- */

uint64_t reader_word_decimal(struct reader *r, const char *word, const char *expected)
{
    struct bytes line = reader_line(r);
    size_t n = strlen(word);
    uint64_t v = 0;

    if (!reader_failed(r) &&
        (!bytes_start_with(line, word) || !bytes_are(bytes_part(line, n, 1), " ") ||
         !decimal_parse(bytes_part(line, n + 1, SIZE_MAX), &v)))
        reader_fail(r, expected);
    return v;
}

void proof_read_lines(struct reader *r, struct tlog_proof *p)
{
    p->n = 0;
    for (;;) {
        struct bytes line = reader_line(r);
        size_t n = sizeof p->hash->b;
        if (reader_failed(r) || line.n == 0)
            return;
        if (p->n == LIMIT_PROOF_HASHES)
            reader_fail(r, "at most 63 hashes");
        else if (!base64_decode(p->hash[p->n].b, &n, line) || n != sizeof p->hash->b)
            reader_fail(r, "the base64 of a hash, or an empty line");
        else
            p->n++;
    }
}

void proof_print(const struct tlog_proof *p, struct buf *out)
{
    for (size_t i = 0; i < p->n; i++) {
        buf_base64(out, p->hash[i].b, sizeof p->hash[i].b);
        buf_puts(out, "\n");
    }
    buf_puts(out, "\n");
}

/* ---- the request ---------------------------------------------------------------------------- */

bool witness_request_parse(struct bytes body, struct arena *a, struct witness_request *out,
                           struct err *e)
{
    struct reader r = reader_of(body);
    struct witness_request q;

    q.old_size = reader_word_decimal(&r, "old", "\"old\" and a tree size");
    proof_read_lines(&r, &q.proof);
    if (!reader_ok(&r, e))
        return err_within(e, "add-checkpoint");
    if (!note_parse(bytes_part(body, r.at, SIZE_MAX), a, &q.note, e) ||
        !checkpoint_parse(q.note.text, &q.checkpoint, e))
        return err_within(e, "add-checkpoint, the note from line %zu on", r.line + 1);
    *out = q;
    return true;
}

bool witness_request_print(uint64_t old_size, const struct tlog_proof *proof, struct bytes note,
                           struct arena *a, struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);

    if (proof->n > LIMIT_PROOF_HASHES)
        return err_fail(e, ERR_LIMIT, "a proof of more than %d hashes", LIMIT_PROOF_HASHES);
    buf_puts(&b, "old ");
    buf_decimal(&b, old_size);
    buf_puts(&b, "\n");
    proof_print(proof, &b);
    buf_put(&b, note);
    return buf_end(&b, out, e);
}

/* ---- the decision --------------------------------------------------------------------------- */

static void answer(struct witness_decision *d, int status, const char *why)
{
    d->status = status;
    d->why = why;
}

/* Behind the signature check: the checks on sizes and roots, in the standard's order. */
static void decide_growth(const struct witness_log *log, const struct witness_request *q,
                          struct witness_decision *d)
{
    const struct checkpoint *c = &q->checkpoint;
    struct hash old_root = log->root;

    if (log->size == 0)
        tlog_empty_root(&old_root);
    if (log->size && log->size == c->size && !hash_equal(&old_root, &c->root))
        d->keep = WITNESS_KEEP_PROOF; /* whatever else is wrong with the request */
    if (q->old_size > c->size) {
        answer(d, 400, "the old size is larger than the checkpoint's");
    } else if (q->old_size != log->size) {
        answer(d, 409, "the old size is not the last cosigned");
        d->content_type = WITNESS_CONFLICT_TYPE;
        snprintf(d->body, sizeof d->body, "%llu\n", (unsigned long long)log->size);
    } else if (!tlog_verify_consistency(log->size, &old_root, c->size, &c->root, &q->proof, NULL)) {
        answer(d, 422, "the checkpoint is not shown to continue the last cosigned");
        if (d->keep == WITNESS_KEEP_NOTHING)
            d->keep = WITNESS_KEEP_SUSPECT;
    } else {
        answer(d, 200, "consistent");
    }
}

void witness_decide(const struct witness_log *log, const struct witness_request *request,
                    struct witness_decision *out)
{
    struct witness_decision d = {.content_type = "text/plain; charset=utf-8"};
    struct checkpoint c;

    if (!log)
        answer(&d, 404, "the origin is unknown");
    else if (!checkpoint_verify_note(&request->note, log->keys, log->n, &c, NULL))
        answer(&d, 403, "no trusted key of the origin has signed, or one has signed wrongly");
    else
        decide_growth(log, request, &d);
    *out = d;
}

/* ---- the answer ----------------------------------------------------------------------------- */

bool witness_conflict_parse(struct bytes body, uint64_t *size, struct err *e)
{
    struct reader r = reader_of(body);
    uint64_t v = reader_decimal_line(&r);

    if (v > TLOG_SIZE_MAX)
        reader_fail(&r, "a tree size below 2^63");
    if (!reader_end(&r, e))
        return err_within(e, "the witness's size");
    *size = v;
    return true;
}

bool witness_response_parse(struct bytes body, const struct note *note, const struct note_key *keys,
                            size_t n, struct arena *a, struct cosignature **out, size_t *count,
                            struct err *e)
{
    struct note answered = {.text = note->text};
    struct cosignature *found;
    size_t found_n;

    if (!note_lines_parse(body, a, &answered.lines, &answered.n, e) ||
        !cosignature_find_all(&answered, keys, n, a, &found, &found_n, e))
        return err_within(e, "the witness's answer");
    if (found_n == 0)
        return err_fail(e, ERR_PROOF, "the witness's answer has no cosignature by a known key");
    *out = found;
    *count = found_n;
    return true;
}
