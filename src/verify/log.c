/* A whole exported log: every act in its order, every digest, the tree, the heads, who cosigned.
 * Read part by part, so that memory does not grow with the log. */
#include "verify/verify_impl.h"

#include <stdio.h>

#define PART_MOST ((uint64_t)64 << 20)
#define KEYS_MOST 256

struct span {
    uint64_t from;
    struct sign_public key;
};

struct walking {
    struct verifying *v;
    struct item *item;
    struct os_file *f;
    uint64_t at;
    struct holder holders[64]; /* of the agreement */
    size_t holders_n, who;
    struct span acts[KEYS_MOST], heads[KEYS_MOST];
    size_t acts_n, heads_n;
    char agreement[33], origin[160];
    struct hash digest; /* of the agreement's bytes */
    struct frontier tree;
    struct hash prev;
    bool prev_known;
    uint64_t said, hidden, objects, withheld;
    uint64_t proved_size; /* largest head that fitted the tree */
    struct head cosigned; /* to be met on the way; size 0: none */
    bool cosigned_met;
};

static bool next_part(struct walking *w, struct arena *a, struct bytes *out, bool *end,
                      struct err *e)
{
    uint8_t length[4], *p;
    uint64_t size, n;

    if (!os_size(w->v->os, w->f, &size, e))
        return false;
    *end = w->at == size;
    if (*end)
        return true;
    if (!os_read_exact(w->v->os, w->f, w->at, length, 4, e))
        return false;
    n = (uint64_t)length[0] << 24 | (uint64_t)length[1] << 16 | (uint64_t)length[2] << 8 |
        length[3];
    if (n > PART_MOST)
        return err_fail(e, ERR_LIMIT, "a part of %llu bytes", (unsigned long long)n);
    p = arena_get(a, (size_t)n + 1, e);
    if (!p || !os_read_exact(w->v->os, w->f, w->at + 4, p, (size_t)n, e))
        return false;
    w->at += 4 + n;
    *out = bytes_of(p, (size_t)n);
    return true;
}

static const struct sign_public *key_at(const struct span *s, size_t n, uint64_t at)
{
    while (n > 1 && s[n - 1].from > at)
        n--;
    return &s[n - 1].key;
}

/* ---- bodies ---- */

static bool next_frame(struct reader *r, uint8_t *kind, struct bytes *bytes)
{
    if (reader_left(r) == 0)
        return false;
    *kind = reader_u8(r);
    *bytes = reader_bytes(r, reader_u32(r));
    return !reader_failed(r);
}

enum { ACT = 1, ENTRY, PAYLOAD, LIST, OBJECT, WITHHELD };

static bool digest_is(struct bytes what, struct bytes hex)
{
    struct hash want, got;

    if (!hex_decode(want.b, 32, hex))
        return false;
    sha256(what, &got);
    return hash_equal(&want, &got);
}

static bool walk_list(struct walking *w, struct reader *r, struct bytes list)
{
    struct bytes line, object;
    uint8_t kind;

    while (bytes_next_line(&list, &line)) {
        if (!next_frame(r, &kind, &object))
            return false;
        if (kind == WITHHELD) {
            w->withheld++;
            continue;
        }
        if (kind != OBJECT || !digest_is(object, bytes_part(line, 0, 64)))
            return false;
        w->objects++;
    }
    return true;
}

static bool walk_lists(struct walking *w, struct reader *r, struct bytes lists, uint32_t skip,
                       bool finished)
{
    struct bytes line, list;
    uint8_t kind;

    for (uint32_t i = 0; bytes_next_line(&lists, &line); i++) {
        if (i < skip)
            continue;
        if (!finished && reader_left(r) == 0)
            return true;
        if (!next_frame(r, &kind, &list))
            return false;
        if (kind == WITHHELD)
            w->withheld++;
        else if (kind != LIST || !digest_is(list, bytes_part(line, 0, 64)) ||
                 !walk_list(w, r, list))
            return false;
    }
    return true;
}

static bool walk_body(struct walking *w, struct reader *r, const struct said *s, uint32_t skip,
                      bool finished, struct bytes *payload)
{
    uint8_t kind;

    *payload = bytes_of(NULL, 0);
    if (!s->has_body)
        return true;
    if (!next_frame(r, &kind, payload))
        return false;
    if (kind == WITHHELD) {
        w->withheld++;
        return true;
    }
    if (!body_is(s, *payload))
        return false;
    if (bytes_are(s->media_type, "application/vnd.entente.list"))
        return kind == LIST && walk_list(w, r, *payload);
    if (bytes_are(s->media_type, "application/vnd.entente.lists"))
        return kind == PAYLOAD && walk_lists(w, r, *payload, skip, finished);
    w->objects += kind == OBJECT;
    return kind == OBJECT || kind == PAYLOAD;
}

/* ---- keys ---- */

/* A change of a key: signed by the new key and (unless it is a revocation, whose act the recovery
 * key signed) by the old. */
static void walk_key(struct walking *w, const struct said *s, struct bytes payload)
{
    const struct json *body = json_parse_canonical(payload, w->v->a, NULL);
    bool revoke = bytes_are(s->kind, "key.revoke"), acts;
    struct bytes role, old, fresh, text;
    struct sign_public old_key, new_key;
    struct signature sig;
    char message[600];
    size_t n = 64;
    int length;

    if (!json_as_string(json_find(body, "role"), &role) ||
        !json_as_string(json_find(body, "old"), &old) ||
        !json_as_string(json_find(body, "new"), &fresh) || !hex_decode(old_key.b, 32, old) ||
        !hex_decode(new_key.b, 32, fresh) || !sign_public_valid(&new_key))
        return;
    acts = bytes_are(role, "acts");
    if (!acts && !bytes_are(role, "checkpoints"))
        return;
    if (memcmp(old_key.b,
               acts ? key_at(w->acts, w->acts_n, s->seq)->b
                    : key_at(w->heads, w->heads_n, s->seq)->b,
               32))
        return;
    length = snprintf(message, sizeof message, "entente/v1/rotate\n%s\n%.*s\n%.*s\n%.*s\n",
                      w->origin, BYTES_FMT(role), BYTES_FMT(old), BYTES_FMT(fresh));
    if (!json_as_string(json_find(body, "by_new"), &text) || !base64_decode(sig.b, &n, text) ||
        n != 64 || !sign_verify(&new_key, bytes_of(message, (size_t)length), &sig))
        return;
    n = 64;
    if (!revoke &&
        (!json_as_string(json_find(body, "by_old"), &text) || !base64_decode(sig.b, &n, text) ||
         n != 64 || !sign_verify(&old_key, bytes_of(message, (size_t)length), &sig)))
        return;
    if (acts && w->acts_n < KEYS_MOST)
        w->acts[w->acts_n++] = (struct span){s->seq + 1, new_key};
    if (!acts && w->heads_n < KEYS_MOST)
        w->heads[w->heads_n++] = (struct span){s->seq + 1, new_key};
}

/* ---- acts ---- */

/* One entry more; on the way the tree must pass through the cosigned head. */
static void grow(struct walking *w, struct bytes entry)
{
    struct hash leaf, root;

    leaf_of(entry, &leaf);
    frontier_add(&w->tree, &leaf);
    if (w->tree.size != w->cosigned.size)
        return;
    frontier_root(&w->tree, &root);
    w->cosigned_met = hash_equal(&root, &w->cosigned.root);
}

static bool walk_said(struct walking *w, struct bytes note, struct reader *r, uint32_t skip,
                      bool finished, struct err *e)
{
    uint64_t index = w->tree.size;
    struct arena_mark m = arena_mark(w->v->a);
    struct bytes payload;
    struct said s;
    bool ok = read_said(note, w->v->a, &s, e);

    if (ok && (!bytes_are(s.agreement, w->agreement) ||
               !bytes_equal(s.from, w->holders[w->who].slug) || s.seq != index))
        ok = err_fail(e, ERR_PROOF, "an act of another place: number %llu",
                      (unsigned long long)s.seq);
    if (ok && !said_signed(&s, key_at(w->acts, w->acts_n, index), &w->holders[w->who].recovery))
        ok = err_fail(e, ERR_PROOF, "the signature is wrong");
    if (ok && w->prev_known && !hash_equal(&s.prev, &w->prev))
        ok = err_fail(e, ERR_PROOF, "it does not follow the act before it");
    if (ok && index == 0 && !hash_equal(&s.body, &w->digest))
        ok = err_fail(e, ERR_PROOF, "the log does not begin with this agreement");
    if (ok && !walk_body(w, r, &s, skip, finished, &payload))
        ok = err_fail(e, ERR_PROOF, "its payload is not what it signed");
    if (ok && finished && bytes_start_with(s.kind, "key."))
        walk_key(w, &s, payload);
    if (ok && finished) {
        struct hash entry;
        sha256(note, &entry);
        grow(w, hash_bytes(&entry));
        w->prev = s.text_hash;
        w->prev_known = true;
        w->said++;
    }
    arena_reset(w->v->a, m);
    return ok || err_within(e, "act %llu", (unsigned long long)index);
}

static bool walk_acts(struct walking *w, struct reader *r, uint64_t acts, uint32_t parts,
                      struct err *e)
{
    struct bytes bytes;
    uint8_t kind;

    for (uint64_t i = 0; next_frame(r, &kind, &bytes); i++) {
        if (kind == ACT) {
            if (!walk_said(w, bytes, r, i == 0 ? parts : 0, i < acts, e))
                return false;
        } else if (kind == ENTRY && bytes.n == 32 && i < acts) {
            grow(w, bytes);
            w->prev_known = false;
            w->hidden++;
        } else {
            return err_fail(e, ERR_PROOF, "something stands where an act should");
        }
    }
    return reader_end(r, e);
}

/* Does this signed head fit the tree as it is now? A head of another size says nothing here. */
static bool walk_head(struct walking *w, struct bytes note, struct err *e)
{
    struct signed_text s;
    struct head h;
    struct hash root;

    if (!split_note(note, &s) || !read_head(s.text, &h) || !bytes_are(h.origin, w->origin))
        return err_fail(e, ERR_PROOF, "a head of another log");
    if (h.size != w->tree.size)
        return true;
    if (!signed_by(&s, w->origin, 1, key_at(w->heads, w->heads_n, h.size), NULL))
        return err_fail(e, ERR_PROOF, "the head at %llu is not signed by the log's owner",
                        (unsigned long long)h.size);
    frontier_root(&w->tree, &root);
    if (!hash_equal(&root, &h.root))
        return err_fail(e, ERR_PROOF, "the acts do not give the signed head at %llu",
                        (unsigned long long)h.size);
    w->proved_size = h.size;
    return true;
}

static bool walk_piece(struct walking *w, struct bytes piece, struct err *e)
{
    struct reader r = reader_of(piece);
    struct bytes magic = reader_bytes(&r, 16), head;
    uint64_t from = reader_u64(&r), acts;
    uint32_t parts = reader_u32(&r);

    acts = reader_u64(&r);
    head = reader_bytes(&r, reader_u32(&r));
    reader_bytes(&r, (size_t)reader_u8(&r) * 32); /* for readers who cannot see the rest */
    if (!reader_ok(&r, e) || !bytes_are(magic, "entente-piece/1\n") || from != w->tree.size)
        return err_fail(e, ERR_PROOF, "a piece that does not fit at act %llu",
                        (unsigned long long)w->tree.size);
    return walk_acts(w, &r, acts, parts, e) && (head.n == 0 || walk_head(w, head, e));
}

/* ---- the whole ---- */

static bool walk_start(struct walking *w, struct arena *a, struct bytes *cosigned, struct err *e)
{
    struct bytes agreement, slug;
    bool end;

    if (!next_part(w, a, &agreement, &end, e) || end || !next_part(w, a, &slug, &end, e) || end ||
        !next_part(w, a, cosigned, &end, e) || end)
        return err_fail(e, ERR_INPUT, "the file ends before its first act");
    if (cosigned->n) {
        struct signed_text note;
        if (!split_note(*cosigned, &note) || !read_head(note.text, &w->cosigned))
            return err_fail(e, ERR_INPUT, "the cosigned head is none");
    }
    sha256(agreement, &w->digest);
    hex_encode(w->agreement, w->digest.b, 16);
    w->agreement[32] = '\0';
    if (!read_agreement(w->v, agreement, w->holders, &w->holders_n, e))
        return false;
    while (w->who < w->holders_n && !bytes_equal(w->holders[w->who].slug, slug))
        w->who++;
    if (w->who == w->holders_n)
        return err_fail(e, ERR_PROOF, "its owner is not a party of its agreement");
    w->acts[0].key = w->holders[w->who].acts;
    w->heads[0].key = w->holders[w->who].checkpoints;
    w->acts_n = w->heads_n = 1;
    snprintf(w->origin, sizeof w->origin, "entente/%s/%.*s", w->agreement, BYTES_FMT(slug));
    return true;
}

static void say_who(struct walking *w)
{
    for (size_t i = 0; i < w->holders_n; i++) {
        const struct holder *card = holder_of(w->v, w->holders[i].slug);
        if (!card)
            verify_say(w->v, VERIFY_UNKNOWN, w->item->name,
                       "whether the keys of %.*s are its own: there is no card of it here",
                       BYTES_FMT(w->holders[i].slug));
        else if (memcmp(card->recovery.b, w->holders[i].recovery.b, 32))
            verify_say(w->v, VERIFY_FAILED, w->item->name,
                       "the card of %.*s is another party's than the agreement's",
                       BYTES_FMT(w->holders[i].slug));
        else
            verify_say(w->v, VERIFY_PROVED, w->item->name,
                       "%.*s is the party of the card given (%.*s)", BYTES_FMT(card->slug),
                       BYTES_FMT(card->name));
    }
}

static void say_receipts(struct walking *w, struct bytes cosigned)
{
    struct signed_text s;
    struct head h;

    if (cosigned.n == 0) {
        verify_say(w->v, VERIFY_UNKNOWN, w->item->name,
                   "when anything was said: no counterparty has cosigned a head");
        return;
    }
    if (!split_note(cosigned, &s) || !read_head(s.text, &h) || !bytes_are(h.origin, w->origin) ||
        !w->cosigned_met ||
        !signed_by(&s, w->origin, 1, key_at(w->heads, w->heads_n, h.size), NULL)) {
        verify_say(w->v, VERIFY_FAILED, w->item->name,
                   "the cosigned head is not one of this log's");
        return;
    }
    verify_say(w->v, VERIFY_PROVED, w->item->name,
               "the newest cosigned head has the first %llu acts", (unsigned long long)h.size);
    say_cosigners(w->v, w->item->name, &s, w->holders, w->holders_n, w->holders[w->who].slug);
}

static void say_all(struct walking *w, struct bytes cosigned)
{
    verify_say(w->v, VERIFY_PROVED, w->item->name,
               "%.*s signed each of %llu acts, in this order and no other, as the log %s",
               BYTES_FMT(w->holders[w->who].slug), (unsigned long long)w->said, w->origin);
    if (w->objects)
        verify_say(w->v, VERIFY_PROVED, w->item->name,
                   "%llu objects stand beside them with the digests that were signed",
                   (unsigned long long)w->objects);
    if (w->hidden || w->withheld)
        verify_say(w->v, VERIFY_UNKNOWN, w->item->name,
                   "what %llu acts for others and %llu withheld payloads say",
                   (unsigned long long)w->hidden, (unsigned long long)w->withheld);
    say_who(w);
    say_receipts(w, cosigned);
}

void verify_log(struct verifying *v, struct item *item)
{
    struct walking *w = arena_get(v->a, sizeof *w, NULL);
    struct arena *start = arena_new(PART_MOST), *a = NULL;
    struct bytes part, cosigned = {0};
    struct err e = {0};
    bool ok, end = false;

    item->used = true;
    ok = w && start && os_open(v->os, item->path, OS_READ, &w->f, &e);
    if (ok) {
        *w = (struct walking){.v = v, .item = item, .f = w->f, .at = sizeof "entente-log/1\n" - 1};
        ok = walk_start(w, start, &cosigned, &e);
    }
    while (ok && !end) {
        a = arena_new(PART_MOST * 2);
        ok = a && next_part(w, a, &part, &end, &e) && (end || walk_piece(w, part, &e));
        arena_free(a);
    }
    if (ok && (w->tree.size == 0 || w->proved_size != w->tree.size))
        ok = err_fail(&e, ERR_PROOF, "it ends with acts that no signed head has: it was cut off");
    if (ok)
        say_all(w, cosigned);
    else
        verify_say(v, VERIFY_FAILED, item->name, "%s", e.code ? e.text : "out of memory");
    if (w)
        os_close(v->os, w->f);
    arena_free(start);
}
