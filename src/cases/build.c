/* Making bodies: STIX 2.1 objects of our extension (new-sdo), and their plain twins. */
#include "cases/cases_impl.h"
#include "crypto/labels.h"

/* UUIDs of twins are of version 5 in this namespace: the extension's own UUID. */
static const char twin_space[] = "8d3a5e1c-6f0b-4a52-9c3e-27d1b64f0a95";

static void set_time(struct json_maker *m, struct json *o, const char *key, int64_t ms)
{
    char *text = arena_get(m->arena, TIME_TEXT_MAX, &m->e);

    if (!text)
        return;
    instant_print(text, ms);
    json_set_text(m, o, key, text);
}

static void set_id(struct json_maker *m, struct json *o, const char *type, const struct uuid *u)
{
    char *text = arena_get(m->arena, STIX_ID_MAX, &m->e);

    if (!text)
        return;
    stix_id_print(text, type, u);
    json_set_text(m, o, "id", text);
}

struct json *cases_body(struct json_maker *m, enum cases_kind kind, const struct cases_making *how)
{
    struct json *o = json_new_object(m), *x;

    json_set_text(m, o, "type", body_type(kind));
    set_id(m, o, body_type(kind), &how->uuid);
    json_set_text(m, o, "spec_version", "2.1");
    set_time(m, o, "created", how->created_ms);
    set_time(m, o, "modified", how->created_ms);
    if (how->created_by_ref.n)
        json_set_string(m, o, "created_by_ref", how->created_by_ref);
    if (how->tlp != STIX_TLP_NONE) {
        x = json_set_array(m, o, "object_marking_refs");
        json_add_string(m, x, bytes_text(stix_tlp_id(how->tlp)));
    }
    x = json_set_object(m, o, "extensions");
    x = json_set_object(m, x, CASES_EXTENSION);
    json_set_text(m, x, "extension_type", "new-sdo");
    json_set_text(m, o, "action", cases_kind_words[kind]);
    return o;
}

bool cases_body_check(struct bytes kind, struct bytes body, const struct cases_terms *t,
                      struct err *e)
{
    enum cases_kind k = kind_of_word(kind);
    struct arena *a;
    bool ok;

    if (k == CASES_KIND_UNKNOWN)
        return err_fail(e, ERR_INPUT, "there is no such kind of act");
    if (!(a = arena_new((size_t)256 << 20)))
        return err_fail(e, ERR_NOMEM, "out of memory");
    ok = body_parse(k, body, t, a, a, e) != NULL;
    arena_free(a);
    return ok;
}

/* ---- twins ----------------------------------------------------------------------------------- */

/* Members of STIX itself, which the note has as its own. */
static bool housekeeping(struct bytes key)
{
    static const char *const keys[] = {"type",
                                       "id",
                                       "spec_version",
                                       "created",
                                       "modified",
                                       "created_by_ref",
                                       "object_marking_refs",
                                       "extensions",
                                       "action",
                                       "lang",
                                       NULL};

    for (size_t i = 0; keys[i]; i++)
        if (bytes_are(key, keys[i]))
            return true;
    return false;
}

static void put_value(struct buf *b, const struct json *v, unsigned depth);

static void put_indent(struct buf *b, unsigned depth)
{
    buf_puts(b, "\n");
    for (unsigned i = 0; i < depth; i++)
        buf_puts(b, "  ");
}

static void put_members(struct buf *b, const struct json *v, unsigned depth)
{
    for (size_t i = 0; i < json_count(v); i++) {
        struct bytes key;
        const struct json *x = json_member(v, i, &key);
        if (depth == 0 && housekeeping(key))
            continue;
        put_indent(b, depth);
        buf_put(b, key);
        buf_puts(b, ":");
        put_value(b, x, depth + 1);
    }
}

static void put_value(struct buf *b, const struct json *v, unsigned depth)
{
    struct bytes text;
    int64_t n;
    bool yes;

    if (json_as_string(v, &text)) {
        buf_puts(b, " ");
        buf_put(b, text);
    } else if (json_as_bool(v, &yes)) {
        buf_puts(b, yes ? " yes" : " no");
    } else if (json_as_integer(v, &n)) {
        buf_format(b, " %lld", (long long)n);
    } else if (json_type(v) == JSON_OBJECT) {
        put_members(b, v, depth);
    }
    for (size_t i = 0; json_type(v) == JSON_ARRAY && i < json_count(v); i++) {
        put_indent(b, depth);
        buf_format(b, "%zu.", i + 1);
        put_value(b, json_at(v, i), depth + 1);
    }
}

/* What a reply says of the claim, in the five words of STIX's opinion; NULL: a note fits better. */
static const char *opinion_of(const struct json *o)
{
    static const char *const words[CASES_REPLIES] = {
        [CASES_ADMIT] = "strongly-agree",   [CASES_ADMIT_IN_PART] = "agree",
        [CASES_DENY] = "strongly-disagree", [CASES_NO_KNOWLEDGE] = "neutral",
        [CASES_NEED_EVIDENCE] = "neutral",  [CASES_THIRD_PARTY] = "disagree"};
    struct bytes reply;
    int k;

    if (json_is(json_find(o, "action"), cases_kind_words[CASES_CLAIM_REBUT]))
        return "disagree";
    if (!json_is(json_find(o, "action"), cases_kind_words[CASES_CLAIM_REPLY]) ||
        !json_as_string(json_find(o, "reply"), &reply))
        return NULL;
    k = cases_word(cases_reply_words, CASES_REPLIES, reply);
    return k < 0 ? NULL : words[k];
}

/* The twin's id: of the object's id and version, so that every node makes the same one. */
static bool twin_id(struct json_maker *m, struct json *twin, const char *type, struct bytes id,
                    struct bytes modified)
{
    struct uuid space, u;
    struct buf name = buf_in(m->arena);

    buf_puts(&name, LABEL_CASE_TWIN);
    buf_puts(&name, "\n");
    buf_put(&name, id);
    buf_puts(&name, "\n");
    buf_put(&name, modified);
    if (name.e.code || !uuid_parse(bytes_text(twin_space), &space))
        return false;
    uuid_v5(&space, buf_view(&name), &u);
    set_id(m, twin, type, &u);
    return true;
}

static void copy_member(struct json_maker *m, struct json *to, const struct json *from,
                        const char *key)
{
    const struct json *v = json_find(from, key);

    if (v)
        json_set(m, to, key, v);
}

bool cases_twin(struct bytes body, struct arena *a, struct bytes *out, struct err *e)
{
    static const char *const same[] = {"created", "modified", "created_by_ref",
                                       "object_marking_refs", "lang"};
    const struct json *o = json_parse(body, a, e);
    struct json_maker m = json_maker(a);
    struct json *twin = json_new_object(&m), *refs;
    struct buf text = buf_in(a);
    struct bytes action, id, modified, about;
    const char *opinion = opinion_of(o);

    if (!o || !json_get_string(o, "action", &action, e) || !json_get_string(o, "id", &id, e) ||
        !json_get_string(o, "modified", &modified, e) || !stix_id_parse(id, NULL, NULL))
        return o && e && e->code ? false
                                 : err_fail(e, ERR_INPUT, "a body needs its id to have a twin");
    json_set_text(&m, twin, "type", opinion ? "opinion" : "note");
    json_set_text(&m, twin, "spec_version", "2.1");
    if (!twin_id(&m, twin, opinion ? "opinion" : "note", id, modified))
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        copy_member(&m, twin, o, same[i]);
    buf_put(&text, action);
    put_members(&text, o, 0);
    json_set_string(&m, twin, opinion ? "explanation" : "content", buf_view(&text));
    if (opinion)
        json_set_text(&m, twin, "opinion", opinion);
    else
        json_set_string(&m, twin, "abstract", action);
    if (!json_as_string(json_find(o, "claim_ref"), &about) || !stix_id_parse(about, NULL, NULL))
        about = id;
    refs = json_set_array(&m, twin, "object_refs");
    json_add_string(&m, refs, about);
    return json_made(&m, twin, out, e);
}
