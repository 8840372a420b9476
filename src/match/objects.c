/* The objects that acts of comparisons carry: made, and read. */
#include "match/acts_impl.h"

#include "base/limits.h"
#include "base/text.h"
#include "stix/stix.h"

#include <stdio.h>

#define EXTENSION "extension-definition--8d3a5e1c-6f0b-4a52-9c3e-27d1b64f0a95"

/* ---- making ---- */

struct making {
    struct json_maker m;
    struct json *o;
};

static const char *text_of(struct making *k, struct bytes b)
{
    const char *s = arena_string(k->m.arena, b, &k->m.e);
    return s ? s : "";
}

static const char *hex_of(struct making *k, const uint8_t *p, size_t n)
{
    char *hex = arena_get(k->m.arena, 2 * n + 1, &k->m.e);

    if (!hex)
        return "";
    hex_encode(hex, p, n);
    return hex;
}

static struct making begin(const struct match_session *s, const char *action, const char *id,
                           int64_t now_us, struct arena *a)
{
    struct making k = {.m = json_maker(a)};
    char *when = arena_get(a, STIX_TIME_MAX + 1, &k.m.e);
    struct json *x;

    k.o = json_new_object(&k.m);
    if (!when)
        return k;
    stix_time_print(when, now_us);
    json_set_text(&k.m, k.o, "type", "entente-match");
    json_set_text(&k.m, k.o, "spec_version", "2.1");
    json_set_text(&k.m, k.o, "id", arena_format(a, &k.m.e, "entente-match--%s", id));
    json_set_text(&k.m, k.o, "created", when);
    json_set_text(&k.m, k.o, "modified", when);
    json_set_text(&k.m, k.o, "action", action);
    x = json_set_object(&k.m, k.o, "extensions");
    x = json_set_object(&k.m, x, EXTENSION);
    json_set_text(&k.m, x, "extension_type", "new-sdo");
    if (strcmp(action, "match.offer"))
        json_set_text(&k.m, k.o, "session_ref",
                      arena_format(a, &k.m.e, "entente-match--%s", s->id));
    return k;
}

static struct making begin_fresh(const struct match_session *s, const char *action,
                                 const struct os *os, struct arena *a)
{
    struct uuid u;
    char id[37] = {0};

    uuid_v4(os, &u);
    uuid_print(id, &u);
    return begin(s, action, id, os_now_us(os), a);
}

bool match_say_offer(const struct match_session *s, int64_t now_us, struct arena *a,
                     struct bytes *out, struct err *e)
{
    struct making k = begin(s, "match.offer", s->id, now_us, a);

    json_set_text(&k.m, k.o, "purpose", text_of(&k, s->purpose));
    json_set_text(&k.m, k.o, "addressee", text_of(&k, s->party[MATCH_ASKED]));
    json_set_text(&k.m, k.o, "item_type", s->type->name);
    json_set_text(&k.m, k.o, "recipe", s->type->recipe);
    json_set_integer(&k.m, k.o, "size", (int64_t)s->size[MATCH_ASKER]);
    json_set_text(&k.m, k.o, "root", hex_of(&k, s->root[MATCH_ASKER].b, 32));
    json_set_text(&k.m, k.o, "learns", match_who_name(s->who));
    json_set_text(&k.m, k.o, "result", s->cardinality ? "cardinality" : "intersection");
    json_set_integer(&k.m, k.o, "shards", s->shards);
    json_set_text(&k.m, k.o, "mode", s->mode == PSI_SEMI_HONEST ? "semi-honest" : "malicious");
    json_set_text(&k.m, k.o, "code", s->code == PSI_CODE_21X24 ? "21x24" : "7x24");
    return json_made(&k.m, k.o, out, e);
}

bool match_say_accept(const struct match_session *s, const struct os *os, struct arena *a,
                      struct bytes *out, struct err *e)
{
    struct making k = begin_fresh(s, "match.accept", os, a);

    json_set_integer(&k.m, k.o, "size", (int64_t)s->size[MATCH_ASKED]);
    json_set_text(&k.m, k.o, "root", hex_of(&k, s->root[MATCH_ASKED].b, 32));
    return json_made(&k.m, k.o, out, e);
}

bool match_say_refuse(const struct match_session *s, const char *why, const struct os *os,
                      struct arena *a, struct bytes *out, struct err *e)
{
    struct making k = begin_fresh(s, "match.refuse", os, a);

    json_set_text(&k.m, k.o, "reason", why);
    return json_made(&k.m, k.o, out, e);
}

bool match_say_result(const struct match_session *s, const struct match_outcome *o,
                      const struct os *os, struct arena *a, struct bytes *out, struct err *e)
{
    struct making k = begin_fresh(s, "match.result", os, a);
    struct json *sizes = json_set_array(&k.m, k.o, "sizes");

    json_add(&k.m, sizes, json_new_integer(&k.m, (int64_t)s->size[MATCH_ASKER]));
    json_add(&k.m, sizes, json_new_integer(&k.m, (int64_t)s->size[MATCH_ASKED]));
    json_set_text(&k.m, k.o, "transcript", hex_of(&k, o->transcript.b, 32));
    json_set_integer(&k.m, k.o, "capacity", (int64_t)o->capacity);
    json_set_bool(&k.m, k.o, "canaries", true);
    if (o->count >= 0)
        json_set_integer(&k.m, k.o, "count", o->count);
    else
        json_set_text(&k.m, k.o, "count", "withheld");
    return json_made(&k.m, k.o, out, e);
}

bool match_say_abort(const struct match_session *s, const char *reason, const struct os *os,
                     struct arena *a, struct bytes *out, struct err *e)
{
    struct making k = begin_fresh(s, "match.abort", os, a);

    json_set_text(&k.m, k.o, "reason", reason);
    return json_made(&k.m, k.o, out, e);
}

bool match_say_audit(const struct match_session *s, const uint8_t nonce[32], unsigned leaves,
                     const struct os *os, struct arena *a, struct bytes *out, struct err *e)
{
    struct making k = begin_fresh(s, "match.audit", os, a);

    json_set_text(&k.m, k.o, "nonce", hex_of(&k, nonce, 32));
    json_set_integer(&k.m, k.o, "leaves", leaves);
    return json_made(&k.m, k.o, out, e);
}

void match_draft(const struct match_session *s, const char *kind, struct bytes self,
                 struct bytes object, struct record_draft *out)
{
    *out = (struct record_draft){.kind = bytes_text(kind),
                                 .media_type = BYTES(MEDIA_STIX),
                                 .payload = object,
                                 .salted = true,
                                 .to_n = 1};
    out->to[0] = s->party[bytes_equal(s->party[MATCH_ASKER], self) ? MATCH_ASKED : MATCH_ASKER];
    if (strcmp(kind, "match.offer")) {
        out->refs[0] = s->offer;
        out->refs_n = 1;
    }
}

/* ---- reading ---- */

static bool get_hash(const struct json *v, const char *key, struct hash *out, struct err *e)
{
    struct bytes text;

    return json_get_string(v, key, &text, e) &&
           (hex_decode(out->b, 32, text) || err_fail(e, ERR_PEER, "\"%s\" is no digest", key));
}

static bool get_number(const struct json *v, const char *key, uint64_t most, uint64_t *out,
                       struct err *e)
{
    int64_t n;

    if (!json_get_integer(v, key, &n, e))
        return false;
    *out = (uint64_t)n;
    return (n >= 0 && (uint64_t)n <= most) || err_fail(e, ERR_PEER, "\"%s\" is out of range", key);
}

static bool get_word(const struct json *v, const char *key, const char *const words[2],
                     bool *second, struct err *e)
{
    struct bytes text;

    if (!json_get_string(v, key, &text, e))
        return false;
    *second = bytes_are(text, words[1]);
    return *second || bytes_are(text, words[0]) ||
           err_fail(e, ERR_PEER, "\"%s\" says neither %s nor %s", key, words[0], words[1]);
}

static bool get_type(const struct json *v, struct match_session *s, struct err *e)
{
    struct bytes name, recipe;

    if (!json_get_string(v, "item_type", &name, e) || !json_get_string(v, "recipe", &recipe, e))
        return false;
    s->type = match_type_find(name);
    return (s->type && bytes_are(name, s->type->name) && bytes_are(recipe, s->type->recipe)) ||
           err_fail(e, ERR_PEER, "a type of items, or a version of its recipe, that is not known");
}

static bool is_ours(const struct json *v, struct bytes kind, struct err *e)
{
    struct bytes type, action;

    return json_get_string(v, "type", &type, e) && json_get_string(v, "action", &action, e) &&
           ((bytes_are(type, "entente-match") && bytes_equal(action, kind)) ||
            err_fail(e, ERR_PEER, "the object is not that of the act"));
}

static bool get_id(const struct json *v, char out[MATCH_ID + 1], struct err *e)
{
    struct bytes id;
    struct uuid u;

    if (!json_get_string(v, "id", &id, e))
        return false;
    if (!bytes_start_with(id, "entente-match--") || !uuid_parse(bytes_part(id, 15, SIZE_MAX), &u))
        return err_fail(e, ERR_PEER, "no id of a comparison");
    uuid_print(out, &u);
    out[MATCH_ID] = '\0';
    return true;
}

bool match_read_offer(const struct json *v, struct match_session *s, struct err *e)
{
    static const char *const results[] = {"intersection", "cardinality"},
                             *const modes[] = {"malicious", "semi-honest"},
                             *const codes[] = {"7x24", "21x24"};
    struct bytes learns;
    uint64_t shards;
    bool honest, wide;

    if (!is_ours(v, BYTES("match.offer"), e) || !get_id(v, s->id, e) ||
        !json_get_string(v, "purpose", &s->purpose, e) ||
        !json_get_string(v, "addressee", &s->party[MATCH_ASKED], e) || !get_type(v, s, e) ||
        !get_number(v, "size", LIMIT_PSI_ITEMS * MATCH_SHARDS_MOST, &s->size[MATCH_ASKER], e) ||
        !get_hash(v, "root", &s->root[MATCH_ASKER], e) ||
        !json_get_string(v, "learns", &learns, e) ||
        !get_word(v, "result", results, &s->cardinality, e) ||
        !get_number(v, "shards", MATCH_SHARDS_MOST, &shards, e) ||
        !get_word(v, "mode", modes, &honest, e) || !get_word(v, "code", codes, &wide, e))
        return false;
    s->shards = (unsigned)shards;
    s->mode = honest ? PSI_SEMI_HONEST : PSI_MALICIOUS;
    s->code = wide ? PSI_CODE_21X24 : PSI_CODE_7X24;
    return (shards >= 1 && match_who_parse(learns, &s->who)) ||
           err_fail(e, ERR_PEER, "an offer that cannot be");
}

bool match_read_accept(const struct json *v, struct match_session *s, struct err *e)
{
    return is_ours(v, BYTES("match.accept"), e) &&
           get_number(v, "size", LIMIT_PSI_ITEMS * MATCH_SHARDS_MOST, &s->size[MATCH_ASKED], e) &&
           get_hash(v, "root", &s->root[MATCH_ASKED], e);
}

bool match_read_reason(const struct json *v, const char *kind, struct bytes *out, struct err *e)
{
    return is_ours(v, bytes_text(kind), e) && json_get_string(v, "reason", out, e);
}

bool match_read_result(const struct json *v, struct match_outcome *o, struct err *e)
{
    bool canaries;

    if (!is_ours(v, BYTES("match.result"), e) || !get_hash(v, "transcript", &o->transcript, e) ||
        !get_number(v, "capacity", INT64_C(1) << 50, &o->capacity, e) ||
        !json_get_bool(v, "canaries", &canaries, e))
        return false;
    if (!json_as_integer(json_find(v, "count"), &o->count) || o->count < 0)
        o->count = -1;
    o->said = true;
    return canaries || err_fail(e, ERR_PEER, "a result without canaries");
}

bool match_read_audit(const struct json *v, struct match_audit_ask *out, struct err *e)
{
    struct hash nonce;
    uint64_t leaves;

    if (!is_ours(v, BYTES("match.audit"), e) || !get_hash(v, "nonce", &nonce, e) ||
        !get_number(v, "leaves", MATCH_LEAVES_MOST, &leaves, e))
        return false;
    memcpy(out->nonce, nonce.b, 32);
    out->leaves = (unsigned)leaves;
    return leaves > 0 || err_fail(e, ERR_PEER, "an audit of nothing");
}
