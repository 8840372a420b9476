/* Acts, and what an act alone, with its proof and its payload, lets a stranger conclude. */
#include "verify/verify_impl.h"

#include <stdio.h>

static bool hex_member(const struct json *o, const char *key, uint8_t *out, size_t n)
{
    struct bytes hex;

    return json_as_string(json_find(o, key), &hex) && hex_decode(out, n, hex);
}

static bool read_body(const struct json *act, struct said *out)
{
    const struct json *body = json_find(act, "body");
    int64_t size;

    if (!body)
        return true;
    out->has_body = true;
    out->salted = json_find(body, "salt") != NULL;
    if (!json_as_string(json_find(body, "media_type"), &out->media_type) ||
        !hex_member(body, "sha256", out->body.b, 32) ||
        !json_as_integer(json_find(body, "size"), &size) || size < 0 ||
        (out->salted && !hex_member(body, "salt", out->salt, sizeof out->salt)))
        return false;
    out->body_size = (uint64_t)size;
    return true;
}

bool read_said(struct bytes note, struct arena *a, struct said *out, struct err *e)
{
    const struct json *act;
    struct reader r;
    struct bytes line;
    int64_t seq;

    memset(out, 0, sizeof *out);
    if (!split_note(note, &out->note))
        return err_fail(e, ERR_INPUT, "not a signed note");
    r = reader_of(out->note.text);
    reader_expect_line(&r, "entente/act/v1");
    line = reader_line(&r);
    if (!reader_end(&r, e) || !(act = json_parse_canonical(line, a, e)))
        return false;
    if (!json_as_string(json_find(act, "agreement"), &out->agreement) ||
        !json_as_string(json_find(act, "from"), &out->from) || !slug_valid(out->from) ||
        !json_as_string(json_find(act, "kind"), &out->kind) ||
        !json_as_string(json_find(act, "time"), &out->time) ||
        !json_as_integer(json_find(act, "seq"), &seq) || seq < 0 ||
        !hex_member(act, "prev", out->prev.b, 32) || !read_body(act, out))
        return err_fail(e, ERR_INPUT, "not an act: a member is missing or malformed");
    json_as_string(json_find(act, "tlp"), &out->tlp);
    json_as_string(json_find(act, "clause"), &out->clause);
    out->to = json_find(act, "to");
    out->refs = json_find(act, "refs");
    out->line = act;
    out->seq = (uint64_t)seq;
    sha256(out->note.text, &out->text_hash);
    return true;
}

bool said_signed(const struct said *s, const struct sign_public *acts,
                 const struct sign_public *recovery)
{
    bool revoke = bytes_are(s->kind, "key.revoke");
    char name[128];

    snprintf(name, sizeof name, "%.*s/%s", BYTES_FMT(s->from), revoke ? "recovery" : "acts");
    return signed_by(&s->note, name, 1, revoke ? recovery : acts, NULL);
}

bool body_is(const struct said *s, struct bytes payload)
{
    struct sha256 h;
    struct hash got;

    if (!s->has_body || payload.n != s->body_size)
        return false;
    sha256_start(&h);
    if (s->salted)
        sha256_add(&h, bytes_of(s->salt, sizeof s->salt));
    sha256_add(&h, payload);
    sha256_end(&h, &got);
    return hash_equal(&got, &s->body);
}

/* ---- payloads ---- */

/* Files that a list names by digest; lists may name lists. */
static void claim_list(struct verifying *v, struct bytes about, struct bytes list, bool of_lists,
                       size_t *objects)
{
    struct bytes line;

    while (bytes_next_line(&list, &line)) {
        struct hash digest;
        if (!hex_decode(digest.b, 32, bytes_part(line, 0, 64)))
            continue;
        for (size_t i = 0; i < v->items_n; i++) {
            struct item *p = &v->items[i];
            if (p->kind != ITEM_PAYLOAD || !hash_equal(&p->sha256, &digest))
                continue;
            p->used = true;
            if (of_lists) {
                claim_list(v, about, p->bytes, false, objects);
                continue;
            }
            ++*objects;
            verify_say(v, VERIFY_PROVED, p->name, "is an object named in the list of that act");
        }
    }
}

static void verify_payload(struct verifying *v, struct item *act, const struct said *s)
{
    size_t objects = 0;

    if (!s->has_body)
        return;
    for (size_t i = 0; i < v->items_n; i++) {
        struct item *p = &v->items[i];
        if (p->kind != ITEM_PAYLOAD || !body_is(s, p->bytes))
            continue;
        p->used = true;
        verify_say(v, VERIFY_PROVED, p->name,
                   "is the payload of that act: its SHA-256 is the one signed");
        if (bytes_are(s->media_type, "application/vnd.entente.list"))
            claim_list(v, act->name, p->bytes, false, &objects);
        if (bytes_are(s->media_type, "application/vnd.entente.lists"))
            claim_list(v, act->name, p->bytes, true, &objects);
        return;
    }
    verify_say(v, VERIFY_UNKNOWN, act->name, "what the payload says: it is not among the files");
}

/* ---- proofs ---- */

bool read_path_of(struct bytes in, struct offered *out)
{
    struct bytes line, rest = in;

    out->n = 0;
    if (!bytes_next_line(&rest, &line) || !bytes_are(line, "c2sp.org/tlog-proof@v1") ||
        !bytes_next_line(&rest, &line))
        return false;
    if (bytes_start_with(line, "extra ") && !bytes_next_line(&rest, &line))
        return false;
    if (!bytes_start_with(line, "index ") ||
        !decimal_parse(bytes_part(line, 6, SIZE_MAX), &out->index))
        return false;
    while (bytes_next_line(&rest, &line) && line.n) {
        size_t n = 32;
        if (out->n == 63 || !base64_decode(out->hash[out->n].b, &n, line) || n != 32)
            return false;
        out->n++;
    }
    out->whole = rest;
    return true;
}

bool read_proof(struct bytes in, struct offered *out)
{
    memset(out, 0, sizeof *out);
    return read_path_of(in, out) && split_note(out->whole, &out->note) &&
           read_head(out->note.text, &out->head);
}

/* One cosigner's line in one of its two roles. */
static bool say_cosigner(struct verifying *v, struct bytes about, const struct signed_text *note,
                         const struct holder *h, bool mirror)
{
    char name[128], when[TIME_TEXT_MAX];
    enum line_state state;
    uint64_t t;

    snprintf(name, sizeof name, "%.*s/%s", BYTES_FMT(h->slug), mirror ? "mirror" : "witness");
    state = line_by(note, name, 4, mirror ? &h->mirror : &h->witness, &t);
    if (state == LINE_WRONG)
        verify_say(v, VERIFY_FAILED, about, "a cosignature that names %s is not by its key", name);
    if (state != LINE_GOOD)
        return false;
    time_print(when, t > INT64_MAX ? -1 : (int64_t)t);
    if (mirror)
        verify_say(v, VERIFY_PROVED, about,
                   "%.*s signed, giving the time %s, that it held every act addressed to it up to "
                   "there: so this was said by then",
                   BYTES_FMT(h->slug), when);
    else
        verify_say(v, VERIFY_PROVED, about,
                   "%.*s signed, giving the time %s, that the log only grew up to there",
                   BYTES_FMT(h->slug), when);
    return true;
}

bool say_cosigners(struct verifying *v, struct bytes about, const struct signed_text *note,
                   const struct holder *holders, size_t n, struct bytes author)
{
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        if (bytes_equal(holders[i].slug, author))
            continue;
        any |= say_cosigner(v, about, note, &holders[i], true);
        say_cosigner(v, about, note, &holders[i], false);
    }
    if (!any)
        verify_say(v, VERIFY_UNKNOWN, about,
                   "when it was said: nobody whose card is here has cosigned that head as its "
                   "mirror");
    return any;
}

static bool verify_inclusion(struct verifying *v, struct item *act, const struct said *s,
                             const struct holder *h, struct item *proof)
{
    struct hash entry, leaf;
    struct offered p;
    char origin[160];

    sha256(act->bytes, &entry);
    leaf_of(hash_bytes(&entry), &leaf);
    if (!read_proof(proof->bytes, &p) || p.index != s->seq ||
        !included(&leaf, p.index, p.head.size, p.hash, p.n, &p.head.root))
        return false;
    proof->used = true;
    snprintf(origin, sizeof origin, "entente/%.*s/%.*s", BYTES_FMT(s->agreement),
             BYTES_FMT(s->from));
    if (!bytes_are(p.head.origin, origin) ||
        !signed_by(&p.note, origin, 1, &h->checkpoints, NULL)) {
        verify_say(v, VERIFY_FAILED, proof->name, "the head is not signed by the log's owner");
        return true;
    }
    verify_say(v, VERIFY_PROVED, act->name,
               "is entry %llu of the log %s, of whose %llu entries %.*s "
               "signed the head",
               (unsigned long long)s->seq, origin, (unsigned long long)p.head.size,
               BYTES_FMT(s->from));
    say_cosigners(v, act->name, &p.note, v->holders, v->holders_n, s->from);
    return true;
}

static void verify_place(struct verifying *v, struct item *act, const struct said *s,
                         const struct holder *h)
{
    for (size_t i = 0; i < v->items_n; i++)
        if (v->items[i].kind == ITEM_PROOF && verify_inclusion(v, act, s, h, &v->items[i]))
            return;
    verify_say(v, VERIFY_UNKNOWN, act->name,
               "that it is in a log, and when it was said: no proof for it is among the files");
}

void verify_act(struct verifying *v, struct item *act)
{
    const struct holder *h;
    struct said s;
    struct err e = {0};

    act->used = true;
    if (!read_said(act->bytes, v->a, &s, &e)) {
        verify_say(v, VERIFY_FAILED, act->name, "%s", e.text);
        return;
    }
    if (!(h = holder_of(v, s.from))) {
        verify_say(v, VERIFY_UNKNOWN, act->name, "who signed it: there is no card of %.*s here",
                   BYTES_FMT(s.from));
        return;
    }
    if (!said_signed(&s, &h->acts, &h->recovery)) {
        verify_say(v, VERIFY_FAILED, act->name, "the signature is not by the key on %.*s's card",
                   BYTES_FMT(s.from));
        return;
    }
    verify_say(v, VERIFY_PROVED, act->name,
               "%.*s (%.*s) signed it: \"%.*s\", number %llu under agreement %.*s",
               BYTES_FMT(h->slug), BYTES_FMT(h->name), BYTES_FMT(s.kind), (unsigned long long)s.seq,
               BYTES_FMT(bytes_part(s.agreement, 0, 12)));
    verify_place(v, act, &s, h);
    verify_payload(v, act, &s);
    verify_say(v, VERIFY_UNKNOWN, act->name,
               "whether what it says is true, and whether it was really said at %.*s, as it claims",
               BYTES_FMT(s.time));
}
