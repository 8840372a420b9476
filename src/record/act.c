#include "record/act.h"
#include "base/buf.h"
#include "base/reader.h"
#include "base/text.h"
#include "stix/json.h"
#include "tlog/note.h"

#include <stdio.h>

#define ACT_LINE "entente/act/v1"

/* ---- printing: canonical by construction (keys in order, ASCII strings of known form) ---- */

static void put_member(struct buf *b, const char *key, struct bytes value)
{
    buf_puts(b, "\"");
    buf_puts(b, key);
    buf_puts(b, "\":\"");
    buf_put(b, value);
    buf_puts(b, "\"");
}

static void put_hex(struct buf *b, const char *key, const uint8_t *p, size_t n)
{
    buf_puts(b, "\"");
    buf_puts(b, key);
    buf_puts(b, "\":\"");
    buf_hex(b, p, n);
    buf_puts(b, "\"");
}

static void put_body(struct buf *b, const struct act_body *body)
{
    buf_puts(b, "\"body\":{");
    put_member(b, "media_type", body->media_type);
    buf_puts(b, ",");
    if (body->salted) {
        put_hex(b, "salt", body->salt, sizeof body->salt);
        buf_puts(b, ",");
    }
    put_hex(b, "sha256", body->sha256.b, sizeof body->sha256.b);
    buf_puts(b, ",\"size\":");
    buf_decimal(b, body->size);
    buf_puts(b, "},");
}

static void put_refs(struct buf *b, const struct act *act)
{
    buf_puts(b, "\"refs\":[");
    for (size_t i = 0; i < act->refs_n; i++) {
        buf_puts(b, i ? ",\"" : "\"");
        buf_hex(b, act->refs[i].b, sizeof act->refs[i].b);
        buf_puts(b, "\"");
    }
    buf_puts(b, "],");
}

static void put_to(struct buf *b, const struct act *act)
{
    buf_puts(b, ",\"to\":[");
    for (size_t i = 0; i < act->to_n; i++) {
        buf_puts(b, i ? ",\"" : "\"");
        buf_put(b, act->to[i]);
        buf_puts(b, "\"");
    }
    buf_puts(b, "]");
}

/* Words that need no escaping in JSON: kinds, clauses, media types, TLP labels. */
static bool is_plain(struct bytes text, size_t least, size_t most)
{
    if (text.n < least || text.n > most)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= 0x20 || text.p[i] >= 0x7f || text.p[i] == '"' || text.p[i] == '\\')
            return false;
    return true;
}

static bool is_hex(struct bytes text, size_t n)
{
    uint8_t out[64];

    return n <= sizeof out && hex_decode(out, n, text);
}

/* What both a printer and a parser ask of the fields. */
static bool fields_fit(const struct act *act, struct err *e)
{
    int64_t when;

    if (!is_hex(act->agreement, ACT_AGREEMENT / 2))
        return err_fail(e, ERR_INPUT, "\"agreement\" is not %d hex digits", ACT_AGREEMENT);
    if (!slug_valid(act->from))
        return err_fail(e, ERR_INPUT, "\"from\" is not a slug");
    if (!is_plain(act->kind, 1, ACT_KIND_MAX))
        return err_fail(e, ERR_INPUT, "\"kind\" is not a plain word");
    if (!is_plain(act->clause, 0, 128) || !is_plain(act->tlp, 0, 16))
        return err_fail(e, ERR_INPUT, "\"clause\" or \"tlp\" is not a plain word");
    if (!time_parse(act->time, &when))
        return err_fail(e, ERR_INPUT, "\"time\" is not a time like 2026-01-31T12:00:00Z");
    if (act->body.media_type.n && !is_plain(act->body.media_type, 1, 128))
        return err_fail(e, ERR_INPUT, "\"media_type\" is not a plain word");
    if (act->seq > INT64_C(1) << 53 || act->body.size > (uint64_t)1 << 53)
        return err_fail(e, ERR_INPUT, "\"seq\" or \"size\" is over 2^53");
    for (size_t i = 0; i < act->to_n; i++)
        if (!slug_valid(act->to[i]) || (i && bytes_compare(act->to[i - 1], act->to[i]) >= 0))
            return err_fail(e, ERR_INPUT, "\"to\" must be slugs, sorted, each once");
    return true;
}

bool act_print(struct act *act, struct arena *a, struct err *e)
{
    struct buf b = buf_in(a);

    if (!fields_fit(act, e))
        return false;
    buf_puts(&b, ACT_LINE "\n{");
    put_member(&b, "agreement", act->agreement);
    buf_puts(&b, ",");
    if (act->body.media_type.n)
        put_body(&b, &act->body);
    if (act->clause.n) {
        put_member(&b, "clause", act->clause);
        buf_puts(&b, ",");
    }
    put_member(&b, "from", act->from);
    buf_puts(&b, ",");
    put_member(&b, "kind", act->kind);
    buf_puts(&b, ",");
    put_hex(&b, "nonce", act->nonce, sizeof act->nonce);
    buf_puts(&b, ",");
    put_hex(&b, "prev", act->prev.b, sizeof act->prev.b);
    buf_puts(&b, ",");
    if (act->refs_n)
        put_refs(&b, act);
    buf_puts(&b, "\"seq\":");
    buf_decimal(&b, act->seq);
    buf_puts(&b, ",");
    put_member(&b, "time", act->time);
    if (act->tlp.n) {
        buf_puts(&b, ",");
        put_member(&b, "tlp", act->tlp);
    }
    if (act->to_n)
        put_to(&b, act);
    buf_puts(&b, "}\n");
    if (!buf_end(&b, &act->text, e))
        return false;
    sha256(act->text, &act->text_hash);
    return true;
}

static struct bytes signer_name(struct bytes from, enum key_role role, char out[128])
{
    int n = snprintf(out, 128, "%.*s/%s", BYTES_FMT(from), key_role_name(role));

    return bytes_of(out, n > 0 && n < 128 ? (size_t)n : 0);
}

bool act_signer(struct bytes from, enum key_role role, const struct sign_key *secret,
                struct act_key *out, struct err *e)
{
    char name[128];

    return act_key_init(out, signer_name(from, role, name), secret, e);
}

bool act_verifier(struct bytes from, enum key_role role, const struct sign_public *public,
                  struct note_key *out, struct err *e)
{
    char name[128];

    return note_key_make(signer_name(from, role, name), NOTE_ED25519, public, out, e);
}

bool act_sign(struct act *act, const struct act_key *key, struct arena *a, struct err *e)
{
    if (!note_sign(key, act->text, a, &act->note, e))
        return false;
    if (act->note.n > LIMIT_ACT_BYTES)
        return err_fail(e, ERR_LIMIT, "the act has %zu bytes, more than %zu", act->note.n,
                        LIMIT_ACT_BYTES);
    sha256(act->note, &act->entry);
    return true;
}

/* ---- parsing ---- */

static bool get_hex(const struct json *o, const char *key, uint8_t *out, size_t n, struct err *e)
{
    struct bytes hex;

    if (!json_get_string(o, key, &hex, e))
        return false;
    return hex_decode(out, n, hex) ||
           err_fail(e, ERR_INPUT, "\"%s\" is not %zu lower-case hex digits", key, 2 * n);
}

static bool get_optional(const struct json *o, const char *key, struct bytes *out, struct err *e)
{
    *out = bytes_of(NULL, 0);
    if (!json_find(o, key))
        return true;
    if (!json_get_string(o, key, out, e))
        return false;
    return out->n || err_fail(e, ERR_INPUT, "\"%s\" is empty: leave it out", key);
}

static bool parse_body(const struct json *act, struct act_body *out, struct err *e)
{
    static const char *const known[] = {"media_type", "salt", "sha256", "size", NULL};
    const struct json *o = json_find(act, "body");
    int64_t size;

    if (!o)
        return true;
    if (!json_get_object(act, "body", &o, e) || !json_only(o, known, e) ||
        !json_get_string(o, "media_type", &out->media_type, e) ||
        !get_hex(o, "sha256", out->sha256.b, 32, e) || !json_get_integer(o, "size", &size, e))
        return err_within(e, "body");
    if (size < 0 || out->media_type.n == 0)
        return err_fail(e, ERR_INPUT, "body: \"size\" is negative or \"media_type\" empty");
    out->size = (uint64_t)size;
    out->salted = json_find(o, "salt") != NULL;
    return !out->salted || get_hex(o, "salt", out->salt, sizeof out->salt, e);
}

static bool parse_lists(const struct json *o, struct act *out, struct err *e)
{
    const struct json *list;

    if (json_find(o, "refs")) {
        if (!json_get_array(o, "refs", &list, e))
            return false;
        if (json_count(list) == 0 || json_count(list) > ACT_REFS)
            return err_fail(e, ERR_LIMIT, "\"refs\" must name 1 to %d acts", ACT_REFS);
        for (; out->refs_n < json_count(list); out->refs_n++) {
            struct bytes hex;
            if (!json_as_string(json_at(list, out->refs_n), &hex) ||
                !hex_decode(out->refs[out->refs_n].b, 32, hex))
                return err_fail(e, ERR_INPUT, "\"refs\" holds something that is not a hash");
        }
    }
    if (json_find(o, "to")) {
        if (!json_get_array(o, "to", &list, e))
            return false;
        if (json_count(list) == 0 || json_count(list) > LIMIT_PARTIES)
            return err_fail(e, ERR_LIMIT, "\"to\" must name 1 to %d parties", LIMIT_PARTIES);
        for (; out->to_n < json_count(list); out->to_n++)
            if (!json_as_string(json_at(list, out->to_n), &out->to[out->to_n]))
                return err_fail(e, ERR_INPUT, "\"to\" holds something that is not a slug");
    }
    return true;
}

static bool parse_header(const struct json *o, struct act *out, struct err *e)
{
    static const char *const known[] = {"agreement", "body", "clause", "from", "kind",
                                        "nonce",     "prev", "refs",   "seq",  "time",
                                        "tlp",       "to",   NULL};
    int64_t seq;

    if (!json_only(o, known, e) || !json_get_string(o, "agreement", &out->agreement, e) ||
        !json_get_string(o, "from", &out->from, e) || !json_get_string(o, "kind", &out->kind, e) ||
        !json_get_string(o, "time", &out->time, e) || !get_optional(o, "clause", &out->clause, e) ||
        !get_optional(o, "tlp", &out->tlp, e) ||
        !get_hex(o, "nonce", out->nonce, sizeof out->nonce, e) ||
        !get_hex(o, "prev", out->prev.b, sizeof out->prev.b, e) ||
        !json_get_integer(o, "seq", &seq, e) || !parse_body(o, &out->body, e) ||
        !parse_lists(o, out, e))
        return false;
    if (seq < 0)
        return err_fail(e, ERR_INPUT, "\"seq\" is negative");
    out->seq = (uint64_t)seq;
    return fields_fit(out, e);
}

bool act_parse(struct bytes bytes, struct arena *a, struct act *out, struct err *e)
{
    struct act act = {0};
    const struct json *header;
    struct reader r;
    struct bytes line;
    struct note note;

    if (bytes.n > LIMIT_ACT_BYTES)
        return err_fail(e, ERR_LIMIT, "act: more than %zu bytes", LIMIT_ACT_BYTES);
    if (!note_parse(bytes, a, &note, e))
        return err_within(e, "act");
    if (note.n != 1)
        return err_fail(e, ERR_INPUT, "act: %zu signature lines, expected exactly one", note.n);
    r = reader_of(note.text);
    reader_expect_line(&r, ACT_LINE);
    line = reader_line(&r);
    if (!reader_end(&r, e))
        return err_within(e, "act");
    header = json_parse_canonical(line, a, e);
    if (!header || !parse_header(header, &act, e))
        return err_within(e, "act, line 2");
    act.note = bytes;
    act.text = note.text;
    sha256(act.text, &act.text_hash);
    sha256(act.note, &act.entry);
    *out = act;
    return true;
}

bool act_verify_by(const struct act *act, const struct note_key *key, struct err *e)
{
    struct note_line line;
    struct note note = {.whole = act->note, .text = act->text, .lines = &line, .n = 1};
    struct bytes block = bytes_part(act->note, act->text.n + 1, SIZE_MAX);
    uint8_t raw[4 + 64];
    size_t n = sizeof raw, at;

    /* act_parse has seen the grammar: "— name base64\n", one line. */
    line.whole = block;
    block = bytes_part(block, 4, block.n - 5);
    at = bytes_find_byte(block, ' ');
    if (!base64_decode(raw, &n, bytes_part(block, at + 1, SIZE_MAX)) || n != sizeof raw)
        return err_fail(e, ERR_PROOF, "the signature is not an Ed25519 one");
    line.name = bytes_part(block, 0, at);
    line.id = (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3];
    line.signature = bytes_of(raw + 4, 64);
    return note_verify(&note, key, 1, NULL, e) ||
           err_within(e, "act %llu of %.*s", (unsigned long long)act->seq, BYTES_FMT(act->from));
}

bool act_verify(const struct act *act, const struct sign_public *key, enum key_role role,
                struct err *e)
{
    struct note_key k;

    return act_verifier(act->from, role, key, &k, e) && act_verify_by(act, &k, e);
}

bool act_body_matches(const struct act_body *body, struct bytes payload, struct err *e)
{
    struct sha256 h;
    struct hash got;

    if (payload.n != body->size)
        return err_fail(e, ERR_PROOF, "the payload has %zu bytes, the act says %llu", payload.n,
                        (unsigned long long)body->size);
    sha256_start(&h);
    if (body->salted)
        sha256_add(&h, bytes_of(body->salt, sizeof body->salt));
    sha256_add(&h, payload);
    sha256_end(&h, &got);
    return hash_equal(&got, &body->sha256) ||
           err_fail(e, ERR_PROOF, "the payload's digest is not the one in the act");
}

bool act_is_for(const struct act *act, struct bytes slug)
{
    if (act->to_n == 0 || bytes_equal(act->from, slug))
        return true;
    for (size_t i = 0; i < act->to_n; i++)
        if (bytes_equal(act->to[i], slug))
            return true;
    return false;
}
