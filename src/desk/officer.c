/* Officers of a party, and their signatures in bodies. */
#include "desk/officer.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdio.h>

#define SCRATCH ((size_t)64 << 20) /* a body of the largest size, parsed and printed */

struct officers {
    char origin[ORIGIN_MAX];
    struct sign_public recovery;
    struct officer list[OFFICERS_MOST];
    size_t n;
    struct arena *arena;
    struct hash *spent; /* SHA-256 of the statements whose signatures were counted: a hash table */
    size_t spent_n, spent_cap;
};

struct officers *officers_new(const char *origin, const struct sign_public *recovery,
                              struct arena *a, struct err *e)
{
    struct officers *o = arena_get(a, sizeof *o, e);

    if (!o)
        return NULL;
    snprintf(o->origin, sizeof o->origin, "%s", origin);
    o->recovery = *recovery;
    o->arena = a;
    return o;
}

size_t officers_count(const struct officers *o)
{
    return o->n;
}

const struct officer *officers_at(const struct officers *o, size_t i)
{
    return i < o->n ? &o->list[i] : NULL;
}

static const struct officer *find(const struct officers *o, struct bytes name)
{
    for (size_t i = 0; i < o->n; i++)
        if (bytes_are(name, o->list[i].name))
            return &o->list[i];
    return NULL;
}

/* ---- what is signed ---- */

/* Without the signatures themselves. */
static bool bare(const struct json *body, struct arena *a, struct bytes *out, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *copy = json_clone(&m, body);

    json_unset(&m, copy, "officers");
    json_unset(&m, copy, "recovery");
    return json_made(&m, copy, out, e);
}

static bool statement(const char *origin, struct bytes kind, const struct hash *refs, size_t refs_n,
                      const struct json *body, struct arena *a, struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);
    struct bytes text;
    struct hash h;

    if (!bare(body, a, &text, e))
        return false;
    sha256(text, &h);
    buf_format(&b, LABEL_OFFICERS "\n%s\n%.*s\n", origin, BYTES_FMT(kind));
    for (size_t i = 0; i < refs_n; i++) {
        buf_hex(&b, refs[i].b, 32);
        buf_puts(&b, i + 1 < refs_n ? " " : "");
    }
    buf_puts(&b, "\n");
    buf_hex(&b, h.b, 32);
    buf_puts(&b, "\n");
    return buf_end(&b, out, e);
}

bool officer_statement(const char *origin, struct bytes kind, const struct hash *refs,
                       size_t refs_n, struct bytes body, struct arena *a, struct bytes *out,
                       struct err *e)
{
    const struct json *o = json_parse(body, a, e);

    if (!o)
        return false;
    if (json_type(o) != JSON_OBJECT)
        return err_fail(e, ERR_INPUT, "a body must be an object");
    return statement(origin, kind, refs, refs_n, o, a, out, e);
}

/* ---- signatures, read ---- */

static bool get_signature(const struct json *o, const char *key, struct signature *out)
{
    size_t n = sizeof out->b;
    struct bytes text;

    return json_as_string(json_find(o, key), &text) && base64_decode(out->b, &n, text) &&
           n == sizeof out->b;
}

static bool is_listed(const struct officer **list, size_t n, const struct officer *x)
{
    for (size_t i = 0; i < n; i++)
        if (!memcmp(list[i]->key.b, x->key.b, sizeof x->key.b))
            return true;
    return false;
}

static unsigned count(const struct officers *o, const struct json *body, struct bytes text,
                      const struct officer **names, size_t room)
{
    const struct json *list = json_find(body, "officers");
    const struct officer *seen[OFFICERS_MOST];
    size_t n = 0;

    /* More entries than officers can only repeat some: no work for whoever sends them. */
    for (size_t i = 0; i < json_count(list) && i < OFFICERS_MOST && n < OFFICERS_MOST; i++) {
        const struct officer *x;
        struct signature s;
        struct bytes name;
        if (!json_as_string(json_find(json_at(list, i), "officer"), &name) ||
            !get_signature(json_at(list, i), "signature", &s) || !(x = find(o, name)) ||
            is_listed(seen, n, x) || !sign_verify(&x->key, text, &s))
            continue;
        if (names && n < room)
            names[n] = x;
        seen[n++] = x;
    }
    return (unsigned)n;
}

unsigned officers_signed(const struct officers *o, struct bytes kind, const struct hash *refs,
                         size_t refs_n, struct bytes body, const struct officer **names,
                         size_t room)
{
    struct arena *a;
    const struct json *v;
    struct bytes text;
    unsigned n = 0;

    /* Nothing is parsed twice for bodies that have none. */
    if (o->n == 0 || bytes_find(body, BYTES("\"officers\"")) == SIZE_MAX ||
        !(a = arena_new(SCRATCH)))
        return 0;
    v = json_parse(body, a, NULL);
    if (v && json_count(json_find(v, "officers")) &&
        statement(o->origin, kind, refs, refs_n, v, a, &text, NULL))
        n = count(o, v, text, names, room);
    arena_free(a);
    return n;
}

/* ---- what was signed is said once ---- */

static size_t spent_slot(const struct hash *table, size_t cap, const struct hash *h)
{
    static const struct hash none;
    size_t i;

    memcpy(&i, h->b, sizeof i); /* SHA-256 of what two officers signed: as even as it gets */
    for (i %= cap; !hash_equal(&table[i], &none) && !hash_equal(&table[i], h); i = (i + 1) % cap)
        ;
    return i;
}

static bool is_spent(const struct officers *o, const struct hash *h)
{
    return o->spent_cap && hash_equal(&o->spent[spent_slot(o->spent, o->spent_cap, h)], h);
}

/* Half of the table stays free. If there is no memory for more, the next is not remembered. */
static void spend(struct officers *o, const struct hash *h)
{
    size_t cap = o->spent_cap ? o->spent_cap * 2 : 64;
    struct hash *more;

    if (o->spent_n * 2 >= o->spent_cap) {
        if (!(more = arena_get_array(o->arena, cap, sizeof *more, NULL)))
            return;
        for (size_t i = 0; i < o->spent_cap; i++)
            more[spent_slot(more, cap, &o->spent[i])] = o->spent[i];
        o->spent = more;
        o->spent_cap = cap;
    }
    o->spent[spent_slot(o->spent, o->spent_cap, h)] = *h;
    o->spent_n++;
}

static uint8_t weigh(const struct officers *o, struct bytes kind, const struct hash *refs,
                     size_t refs_n, struct bytes body, struct hash *what)
{
    struct arena *a;
    struct bytes text;
    unsigned n = officers_signed(o, kind, refs, refs_n, body, NULL, 0);
    bool ok;

    if (n < 2)
        return 1;
    if (!(a = arena_new(SCRATCH)))
        return 1;
    ok = officer_statement(o->origin, kind, refs, refs_n, body, a, &text, NULL);
    if (ok)
        sha256(text, what);
    arena_free(a);
    return ok && !is_spent(o, what) ? (uint8_t)n : 1;
}

uint8_t officers_weight(const struct officers *o, struct bytes kind, const struct hash *refs,
                        size_t refs_n, struct bytes body)
{
    struct hash what;

    return weigh(o, kind, refs, refs_n, body, &what);
}

uint8_t officers_spend(struct officers *o, struct bytes kind, const struct hash *refs,
                       size_t refs_n, struct bytes body)
{
    struct hash what;
    uint8_t n = weigh(o, kind, refs, refs_n, body, &what);

    if (n >= 2)
        spend(o, &what);
    return n;
}

/* ---- changes ---- */

static bool allowed(const struct officers *o, struct bytes kind, const struct json *body,
                    struct arena *a, struct err *e)
{
    struct signature s;
    struct bytes text;

    if (!statement(o->origin, kind, NULL, 0, body, a, &text, e))
        return false;
    if (get_signature(body, "recovery", &s) && sign_verify(&o->recovery, text, &s))
        return true;
    if (o->n < 2 && bytes_are(kind, "officer.add"))
        return true;
    if (count(o, body, text, NULL, 0) >= 2)
        return true;
    err_fail(e, ERR_DENIED,
             "a change of officers needs the signatures of two officers, or of the recovery key");
    return err_hint(e, "write it with --draft FILE, and let two officers sign it: entente officer "
                       "sign; or sign with --recovery");
}

static bool own_statement(struct bytes name, const struct sign_public *key, struct arena *a,
                          struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);

    buf_puts(&b, LABEL_OFFICER_KEY "\n");
    buf_put(&b, name);
    buf_puts(&b, "\n");
    buf_hex(&b, key->b, sizeof key->b);
    buf_puts(&b, "\n");
    return buf_end(&b, out, e);
}

static bool add(struct officers *o, const struct json *body, struct bytes name, struct arena *a,
                struct err *e)
{
    struct officer x = {{0}};
    struct bytes hex, text;
    struct signature own;

    if (!json_get_string(body, "key", &hex, e))
        return false;
    if (!hex_decode(x.key.b, sizeof x.key.b, hex) || !sign_public_valid(&x.key))
        return err_fail(e, ERR_INPUT, "\"key\" is not a key");
    if (!own_statement(name, &x.key, a, &text, e))
        return false;
    if (!get_signature(body, "own", &own) || !sign_verify(&x.key, text, &own))
        return err_fail(e, ERR_PROOF, "the key has not signed for this officer");
    if (o->n == OFFICERS_MOST)
        return err_fail(e, ERR_LIMIT, "more than %d officers", OFFICERS_MOST);
    for (size_t i = 0; i < o->n; i++)
        if (bytes_are(name, o->list[i].name) || !memcmp(o->list[i].key.b, x.key.b, 32))
            return err_fail(e, ERR_DENIED, "this name or key is an officer's already");
    memcpy(x.name, name.p, name.n);
    o->list[o->n++] = x;
    return true;
}

static bool take_away(struct officers *o, struct bytes name, struct err *e)
{
    for (size_t i = 0; i < o->n; i++)
        if (bytes_are(name, o->list[i].name)) {
            memmove(&o->list[i], &o->list[i + 1], (o->n - i - 1) * sizeof o->list[0]);
            o->n--;
            return true;
        }
    return err_fail(e, ERR_MISSING, "there is no officer of that name");
}

static bool take(struct officers *o, struct bytes kind, struct bytes text, struct arena *a,
                 struct err *e)
{
    const struct json *body = json_parse(text, a, e);
    struct bytes name;

    if (!body || !json_get_string(body, "officer", &name, e))
        return false;
    if (!slug_valid(name))
        return err_fail(e, ERR_INPUT, "an officer's name is a letter, then a-z, 0-9, - or _");
    if (!allowed(o, kind, body, a, e))
        return false;
    if (bytes_are(kind, "officer.remove"))
        return take_away(o, name, e);
    return bytes_are(kind, "officer.add")
               ? add(o, body, name, a, e)
               : err_fail(e, ERR_INPUT, "there is no such change of officers");
}

bool officers_take(struct officers *o, struct bytes kind, struct bytes body, struct err *e)
{
    struct arena *a = arena_new(SCRATCH);
    bool ok = a ? take(o, kind, body, a, e) : err_fail(e, ERR_NOMEM, "out of memory");

    arena_free(a);
    return ok;
}

static bool take_said(void *self, const struct act *act, struct bytes payload)
{
    if (bytes_start_with(act->kind, "officer."))
        officers_take(self, act->kind, payload, NULL);
    return true;
}

struct officers *officers_of(struct record *r, struct bytes slug, struct arena *a, struct err *e)
{
    const struct sign_public *recovery = record_key(r, slug, KEY_RECOVERY, UINT64_MAX);
    struct officers *o;
    char origin[ORIGIN_MAX];

    if (!recovery) {
        err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
        return NULL;
    }
    snprintf(origin, sizeof origin, "entente/%s/%.*s", record_id(r), BYTES_FMT(slug));
    o = officers_new(origin, recovery, a, e);
    return o && record_said(r, slug, 0, take_said, o, e) ? o : NULL;
}

/* ---- making ---- */

static void set_signature(struct json_maker *m, struct json *o, const char *key,
                          const struct sign_key *by, struct bytes text)
{
    char *b64 = arena_get(m->arena, BASE64_LEN(64) + 1, &m->e);
    struct signature s;

    if (!b64)
        return;
    sign_message(by, text, &s);
    base64_encode(b64, s.b, sizeof s.b);
    json_set_text(m, o, key, b64);
}

static bool has_signed(const struct json *list, struct bytes name)
{
    struct bytes other;

    for (size_t i = 0; i < json_count(list); i++)
        if (json_as_string(json_find(json_at(list, i), "officer"), &other) &&
            bytes_equal(other, name))
            return true;
    return false;
}

bool officer_sign(const char *origin, struct bytes kind, const struct hash *refs, size_t refs_n,
                  struct bytes body, struct bytes name, const struct sign_key *key, struct arena *a,
                  struct bytes *out, struct err *e)
{
    const struct json *v = json_parse(body, a, e), *list;
    struct json_maker m = json_maker(a);
    struct json *copy, *all, *mine;
    struct bytes text;

    if (!v || !statement(origin, kind, refs, refs_n, v, a, &text, e))
        return false;
    list = json_find(v, "officers");
    if (has_signed(list, name))
        return err_fail(e, ERR_DENIED, "%.*s has signed it already: four eyes are two people's",
                        BYTES_FMT(bytes_part(name, 0, 64)));
    copy = json_clone(&m, v);
    all = json_set_array(&m, copy, "officers");
    for (size_t i = 0; i < json_count(list); i++)
        json_add(&m, all, json_at(list, i));
    mine = json_new_object(&m);
    json_set_string(&m, mine, "officer", name);
    set_signature(&m, mine, "signature", key, text);
    json_add(&m, all, mine);
    return json_made(&m, copy, out, e);
}

bool officer_body_add(struct bytes name, const struct sign_key *key, struct arena *a,
                      struct bytes *out, struct err *e)
{
    struct sign_public public = sign_key_public(key);
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m);
    char *hex = arena_get(a, 65, e);
    struct bytes text;

    if (!hex || !own_statement(name, &public, a, &text, e))
        return false;
    hex_encode(hex, public.b, 32);
    json_set_string(&m, o, "officer", name);
    json_set_text(&m, o, "key", hex);
    set_signature(&m, o, "own", key, text);
    return json_made(&m, o, out, e);
}

bool officer_body_remove(struct bytes name, struct arena *a, struct bytes *out, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m);

    json_set_string(&m, o, "officer", name);
    return json_made(&m, o, out, e);
}

bool officer_recover(const char *origin, struct bytes kind, struct bytes body,
                     const struct sign_key *recovery, struct arena *a, struct bytes *out,
                     struct err *e)
{
    const struct json *v = json_parse(body, a, e);
    struct json_maker m = json_maker(a);
    struct json *copy;
    struct bytes text;

    if (!v || !statement(origin, kind, NULL, 0, v, a, &text, e))
        return false;
    copy = json_clone(&m, v);
    set_signature(&m, copy, "recovery", recovery, text);
    return json_made(&m, copy, out, e);
}
