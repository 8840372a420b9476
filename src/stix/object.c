/* The summary of an object. What it refuses cannot be told apart, versioned or guarded. */
#include "stix/stix_impl.h"

static bool broken(const struct stix_object *o, const char *what, struct err *e)
{
    err_fail(e, ERR_INPUT, "%s", what);
    if (o->id.n)
        err_within(e, "%.*s", o->id.n < 100 ? (int)o->id.n : 100, (const char *)o->id.p);
    return false;
}

static bool type_is_fit(struct bytes t)
{
    if (t.n < 1 || t.n > 250)
        return false;
    for (size_t i = 0; i < t.n; i++)
        if (!((t.p[i] >= 'a' && t.p[i] <= 'z') || (t.p[i] >= 'A' && t.p[i] <= 'Z') ||
              (t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '-' || t.p[i] == '_'))
            return false;
    return true;
}

static bool read_identity(const struct json *v, struct stix_object *o, struct err *e)
{
    const struct stix_type *t;
    struct bytes id, prefix;

    if (!json_get_string(v, "type", &o->type, e))
        return false;
    if (!type_is_fit(o->type))
        return broken(o, "\"type\" is not the name of a type", e);
    if (bytes_are(o->type, "bundle"))
        return broken(o, "a bundle is no object", e);
    if (!json_get_string(v, "id", &id, e))
        return err_within(e, "%.*s", BYTES_FMT(o->type));
    if (!stix_id_parse(id, &prefix, NULL))
        return broken(o, "\"id\" is not a type, two hyphens and a UUID", e);
    o->id = id;
    if (!bytes_equal(prefix, o->type))
        return broken(o, "\"id\" begins with another type than \"type\"", e);
    t = stix_type_find(o->type);
    o->class = t ? t->class : STIX_CUSTOM;
    return true;
}

/* A time that may be absent but must be one if it is there. */
static bool read_time(const struct json *v, const char *key, struct bytes *text, int64_t *us,
                      const struct stix_object *o, struct err *e)
{
    const struct json *m = json_find(v, key);

    if (!m)
        return true;
    if (json_as_string(m, text) && stix_time_parse(*text, us))
        return true;
    broken(o, "not a timestamp", e);
    err_within(e, "\"%s\"", key);
    return err_hint(e, "write it as 2026-01-31T12:00:00.000Z");
}

static bool is_versioned(const struct stix_object *o)
{
    return o->class == STIX_SDO || o->class == STIX_SRO ||
           (o->class == STIX_META && !bytes_are(o->type, "marking-definition"));
}

static bool read_version(const struct json *v, struct stix_object *o, struct err *e)
{
    struct bytes spec;

    if (json_as_string(json_find(v, "spec_version"), &spec))
        o->spec_version = spec;
    o->v20 = !json_find(v, "spec_version") && o->class != STIX_SCO && o->class != STIX_CUSTOM;
    if (!read_time(v, "created", &o->created, &o->created_us, o, e) ||
        !read_time(v, "modified", &o->modified, &o->modified_us, o, e))
        return false;
    if (is_versioned(o) && (!o->created.n || !o->modified.n))
        return broken(o, "without \"created\" and \"modified\" its versions cannot be told apart",
                      e);
    o->version = o->modified.n ? o->modified : o->created;
    return true;
}

/* ---- markings ------------------------------------------------------------------------------ */

static void take_marking(struct stix_object *o, struct bytes ref)
{
    enum stix_tlp tlp = stix_tlp_of_id(ref);

    o->markings++;
    o->other_markings += tlp == STIX_TLP_NONE;
    if (tlp > o->tlp)
        o->tlp = tlp;
}

static bool read_object_markings(const struct json *v, struct stix_object *o, struct err *e)
{
    const struct json *refs = json_find(v, "object_marking_refs");
    struct bytes ref;

    if (refs && json_type(refs) != JSON_ARRAY)
        return broken(o, "\"object_marking_refs\" is not a list: nobody can tell who may see it",
                      e);
    for (size_t i = 0; i < json_count(refs); i++) {
        if (!json_as_string(json_at(refs, i), &ref))
            return broken(o, "\"object_marking_refs\" holds something that is no reference", e);
        take_marking(o, ref);
    }
    return true;
}

static bool read_granular_markings(const struct json *v, struct stix_object *o, struct err *e)
{
    const struct json *all = json_find(v, "granular_markings");
    struct bytes ref;

    if (all && json_type(all) != JSON_ARRAY)
        return broken(o, "\"granular_markings\" is not a list: nobody can tell who may see it", e);
    for (size_t i = 0; i < json_count(all); i++) {
        const struct json *m = json_find(json_at(all, i), "marking_ref");
        if (json_type(json_at(all, i)) != JSON_OBJECT || (m && !json_as_string(m, &ref)))
            return broken(o, "\"granular_markings\" holds something that is no marking", e);
        if (m)
            take_marking(o, ref);
    }
    return true;
}

/* MISP and others write TLP as a plain label. */
static void read_labels(const struct json *v, struct stix_object *o)
{
    const struct json *labels = json_find(v, "labels");
    enum stix_tlp tlp;
    struct bytes label;
    bool known;

    for (size_t i = 0; i < json_count(labels); i++) {
        if (!json_as_string(json_at(labels, i), &label) || !stix_is_tlp_label(label, &tlp, &known))
            continue;
        if (!known)
            o->unknown_labels++;
        else if (tlp > o->tlp)
            o->tlp = tlp;
    }
}

struct bytes stix_object_marking(const struct stix_object *o, unsigned i)
{
    const struct json *refs = json_find(o->json, "object_marking_refs");
    const struct json *all = json_find(o->json, "granular_markings"), *m;
    struct bytes ref = {0};
    unsigned n = (unsigned)json_count(refs);

    if (!o->json && i < o->markings) /* an import's own, which has one marking */
        return bytes_text(stix_tlp_id(o->tlp));
    if (i < n) {
        json_as_string(json_at(refs, i), &ref);
        return ref;
    }
    for (size_t k = 0; k < json_count(all); k++) {
        m = json_find(json_at(all, k), "marking_ref");
        if (m && n++ == i) {
            json_as_string(m, &ref);
            return ref;
        }
    }
    return ref;
}

/* ---- the rest ----------------------------------------------------------------------------------
 */

static bool read_flags(const struct json *v, struct stix_object *o, struct err *e)
{
    const struct json *revoked = json_find(v, "revoked");
    int64_t confidence;

    if (revoked && !json_as_bool(revoked, &o->revoked))
        return broken(o, "\"revoked\" is neither true nor false", e);
    if (json_as_integer(json_find(v, "confidence"), &confidence) && confidence >= 0 &&
        confidence <= 100)
        o->confidence = (int)confidence;
    json_as_string(json_find(v, "name"), &o->name);
    json_as_string(json_find(v, "created_by_ref"), &o->created_by_ref);
    return true;
}

static bool read_indicator(const struct json *v, struct stix_object *o, struct err *e)
{
    if (!bytes_are(o->type, "indicator"))
        return true;
    json_as_string(json_find(v, "pattern"), &o->pattern);
    json_as_string(json_find(v, "pattern_type"), &o->pattern_type);
    return read_time(v, "valid_from", &o->valid_from, &o->valid_from_us, o, e) &&
           read_time(v, "valid_until", &o->valid_until, &o->valid_until_us, o, e);
}

bool stix_read(const struct json *v, struct stix_object *out, struct err *e)
{
    struct stix_object o = {.json = v,
                            .confidence = -1,
                            .created_us = STIX_NO_TIME,
                            .modified_us = STIX_NO_TIME,
                            .valid_from_us = STIX_NO_TIME,
                            .valid_until_us = STIX_NO_TIME};

    if (json_type(v) != JSON_OBJECT)
        return err_fail(e, ERR_INPUT, "a STIX object must be an object, not %s",
                        json_type_name(json_type(v)));
    if (!read_identity(v, &o, e) || !read_version(v, &o, e) || !read_flags(v, &o, e) ||
        !read_object_markings(v, &o, e) || !read_granular_markings(v, &o, e) ||
        !read_indicator(v, &o, e))
        return false;
    read_labels(v, &o);
    *out = o;
    return true;
}
