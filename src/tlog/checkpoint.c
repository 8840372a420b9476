#include "tlog/tlog_impl.h"

#include <assert.h>

bool checkpoint_of_tree(const struct tlog_tree *t, struct bytes origin, struct checkpoint *out,
                        struct err *e)
{
    struct checkpoint c = {.size = t->size};

    if (!note_name_valid(origin))
        return err_fail(e, ERR_INPUT, "an origin is printable ASCII without space and '+'");
    memcpy(c.origin, origin.p, origin.n);
    tlog_tree_root(t, &c.root);
    *out = c;
    return true;
}

bool checkpoint_parse(struct bytes text, struct checkpoint *out, struct err *e)
{
    struct reader r = reader_of(text);
    struct bytes origin = reader_line(&r);
    struct checkpoint c = {0};

    if (!reader_failed(&r) && !note_name_valid(origin))
        reader_fail(&r, "an origin: printable ASCII without space and '+'");
    if (!reader_failed(&r))
        memcpy(c.origin, origin.p, origin.n);
    c.size = reader_decimal_line(&r);
    if (c.size > TLOG_SIZE_MAX)
        reader_fail(&r, "a tree size below 2^63");
    reader_base64_line(&r, c.root.b, sizeof c.root.b);
    if (!reader_end(&r, e))
        return err_within(e, "checkpoint");
    *out = c;
    return true;
}

size_t checkpoint_print(const struct checkpoint *c, char out[CHECKPOINT_TEXT_MAX])
{
    size_t n = strnlen(c->origin, LIMIT_NOTE_NAME);

    assert(c->size <= TLOG_SIZE_MAX); /* else its digits would not fit */
    memcpy(out, c->origin, n);
    out[n++] = '\n';
    n += decimal_print(out + n, c->size);
    out[n++] = '\n';
    base64_encode(out + n, c->root.b, sizeof c->root.b);
    n += BASE64_LEN(sizeof c->root.b);
    out[n++] = '\n';
    return n;
}

bool checkpoint_equal(const struct checkpoint *a, const struct checkpoint *b)
{
    return a->size == b->size && hash_equal(&a->root, &b->root) &&
           strcmp(a->origin, b->origin) == 0;
}

void checkpoint_origin_hex(struct bytes origin, char out[65])
{
    struct hash h;

    sha256(origin, &h);
    hex_encode(out, h.b, sizeof h.b);
    out[64] = '\0';
}

/* ---- the log's own signature ---------------------------------------------------------------- */

bool checkpoint_key_init(struct checkpoint_key *k, struct bytes origin,
                         const struct sign_key *secret, struct err *e)
{
    struct sign_public public = sign_key_public(secret);

    if (!note_key_of_checked(origin, NOTE_ED25519, &public, &k->public, e))
        return false;
    k->secret = secret;
    return true;
}

bool checkpoint_sign(const struct checkpoint_key *k, const struct checkpoint *c, struct arena *a,
                     struct bytes *note, struct err *e)
{
    char text[CHECKPOINT_TEXT_MAX];
    struct buf b = buf_in(a);
    struct signature s;
    size_t n;

    if (strcmp(c->origin, k->public.name) != 0)
        return err_fail(e, ERR_INPUT, "the key of %s signs no checkpoint of %s", k->public.name,
                        c->origin);
    if (c->size > TLOG_SIZE_MAX)
        return err_fail(e, ERR_INPUT, "a tree size of 2^63 or more");
    n = checkpoint_print(c, text);
    sign_message(k->secret, bytes_of(text, n), &s);
    buf_put(&b, bytes_of(text, n));
    buf_puts(&b, "\n");
    note_line_print(&k->public, bytes_of(s.b, sizeof s.b), &b);
    return buf_end(&b, note, e);
}

bool checkpoint_match(const struct note *note, const struct note_key *keys, size_t n,
                      struct checkpoint *out, size_t *key, struct err *e)
{
    struct note_match found[LIMIT_NOTE_SIGNATURES];
    struct checkpoint c;
    size_t count;

    if (!checkpoint_parse(note->text, &c, e) ||
        !note_match_all(note, keys, n, NOTE_ED25519, c.origin, found, &count, e))
        return false;
    if (count == 0)
        return err_fail(e, ERR_PROOF, "no known key of %s has signed its checkpoint", c.origin);
    *out = c;
    *key = found[0].key;
    return true;
}

bool checkpoint_verify_note(const struct note *note, const struct note_key *keys, size_t n,
                            struct checkpoint *out, struct err *e)
{
    size_t key;

    return checkpoint_match(note, keys, n, out, &key, e);
}

bool checkpoint_verify(struct bytes note, const struct note_key *keys, size_t n, struct arena *a,
                       struct checkpoint *out, struct err *e)
{
    struct note parsed;

    return note_parse(note, a, &parsed, e) && checkpoint_verify_note(&parsed, keys, n, out, e);
}
