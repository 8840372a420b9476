/* C2SP tlog-cosignature, type 04: Ed25519 over a header, a time and the whole checkpoint. The
 * newer type 06 signs subtrees with ML-DSA-44, which nothing on this platform can do. */
#include "tlog/tlog_impl.h"

#define TIME_MAX ((uint64_t)INT64_MAX) /* the standard's: at most 2^63 - 1 */

size_t cosignature_message(struct bytes text, uint64_t time, uint8_t out[COSIGNATURE_MESSAGE_MAX])
{
    size_t n = sizeof COSIGNATURE_PREFIX - 1;

    if (text.n > CHECKPOINT_TEXT_MAX)
        return 0;
    memcpy(out, COSIGNATURE_PREFIX, n);
    n += decimal_print((char *)out + n, time);
    out[n++] = '\n';
    memcpy(out + n, text.p, text.n);
    return n + text.n;
}

bool cosignature_verify(const struct note_key *k, struct bytes text, struct bytes signature,
                        uint64_t *time)
{
    uint8_t message[COSIGNATURE_MESSAGE_MAX];
    struct reader r = reader_of(signature);
    uint64_t when = reader_u64(&r);
    struct checkpoint c;
    struct signature s;
    size_t n;

    reader_copy(&r, s.b, sizeof s.b);
    if (!reader_end(&r, NULL) || when > TIME_MAX || !checkpoint_parse(text, &c, NULL))
        return false;
    n = cosignature_message(text, when, message);
    if (n == 0 || !sign_verify(&k->public, bytes_of(message, n), &s))
        return false;
    *time = when;
    return true;
}

bool cosign_key_init(struct cosign_key *k, struct bytes name, const struct sign_key *secret,
                     struct err *e)
{
    struct sign_public public = sign_key_public(secret);

    if (!note_key_of_checked(name, NOTE_COSIGNATURE, &public, &k->public, e))
        return false;
    k->secret = secret;
    return true;
}

bool cosignature_sign(const struct cosign_key *k, const struct checkpoint *c, uint64_t time,
                      struct arena *a, struct bytes *line, struct err *e)
{
    uint8_t message[COSIGNATURE_MESSAGE_MAX], raw[8 + sizeof(struct signature)];
    char text[CHECKPOINT_TEXT_MAX];
    struct buf b = buf_in(a);
    struct signature s;
    size_t n;

    if (time == 0 || time > TIME_MAX || c->size > TLOG_SIZE_MAX ||
        !note_name_valid(bytes_text(c->origin)))
        return err_fail(e, ERR_INPUT, "a checkpoint or a time that cannot be cosigned");
    n = cosignature_message(bytes_of(text, checkpoint_print(c, text)), time, message);
    sign_message(k->secret, bytes_of(message, n), &s);
    for (size_t i = 0; i < 8; i++)
        raw[i] = (uint8_t)(time >> (56 - 8 * i));
    memcpy(raw + 8, s.b, sizeof s.b);
    note_line_print(&k->public, bytes_of(raw, sizeof raw), &b);
    return buf_end(&b, line, e);
}

bool cosignature_find_all(const struct note *note, const struct note_key *keys, size_t n,
                          struct arena *a, struct cosignature **out, size_t *count, struct err *e)
{
    struct note_match found[LIMIT_NOTE_SIGNATURES];
    struct cosignature *all;
    struct checkpoint c;
    size_t found_n;

    if (!checkpoint_parse(note->text, &c, e) ||
        !note_match_all(note, keys, n, NOTE_COSIGNATURE, NULL, found, &found_n, e))
        return false;
    all = arena_get_array(a, found_n, sizeof *all, e);
    if (!all)
        return false;
    for (size_t i = 0; i < found_n; i++)
        all[i] =
            (struct cosignature){found[i].key, found[i].time, note->lines[found[i].line].whole};
    *out = all;
    *count = found_n;
    return true;
}
