/* match_observed: observed-data as JSON to observations. */
#include "base/text.h"
#include "stix/match.h"
#include "stix/stix.h"

struct maker {
    struct arena *arena;
    struct err *e;
    const struct json *bundle;  /* 2.1: where objects are looked for; else NULL */
    const struct json *objects; /* 2.0: the dictionary they are in */
    struct bytes *ids;          /* of this observation's objects */
    size_t n;
};

static bool value_of(struct maker *k, const struct json *v, struct bytes key, bool ref,
                     struct match_value *out);

static bool items_of(struct maker *k, const struct json *v, struct match_value *out, bool ref)
{
    struct match_value *all = arena_get_array(k->arena, json_count(v), sizeof *all, k->e);
    bool object = json_type(v) == JSON_OBJECT;

    out->kind = object ? MATCH_MEMBERS : MATCH_LIST;
    out->items = all;
    for (size_t i = 0; all && i < json_count(v); i++) {
        struct bytes key = {0};
        const struct json *one = object ? json_member(v, i, &key) : json_at(v, i);
        if (json_type(one) == JSON_NULL)
            continue;
        if (!value_of(k, one, key,
                      ref || bytes_end_with(key, "_ref") || bytes_end_with(key, "_refs"),
                      &all[out->n]))
            return false;
        out->n++;
    }
    return all != NULL;
}

static void reference(const struct maker *k, struct match_value *out)
{
    for (size_t i = 0; i < k->n; i++)
        if (bytes_equal(k->ids[i], out->text)) {
            out->kind = MATCH_REF;
            out->integer = (int64_t)i;
            return;
        }
}

static bool value_of(struct maker *k, const struct json *v, struct bytes key, bool ref,
                     struct match_value *out)
{
    bool yes = false;

    *out = (struct match_value){.key = key};
    switch (json_type(v)) {
    case JSON_STRING:
        out->kind = MATCH_STRING;
        json_as_string(v, &out->text);
        if (ref)
            reference(k, out);
        return true;
    case JSON_NUMBER:
        out->kind = json_as_integer(v, &out->integer) ? MATCH_INTEGER : MATCH_FLOAT;
        return json_as_number(v, &out->number);
    case JSON_BOOL:
        out->kind = MATCH_BOOLEAN;
        json_as_bool(v, &yes);
        out->integer = yes;
        return true;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return items_of(k, v, out, ref);
    case JSON_NULL:
    case JSON_NONE:
        break;
    }
    return true;
}

static const struct json *by_id(const struct json *objects, struct bytes id)
{
    for (size_t i = 0; i < json_count(objects); i++) {
        struct bytes other;
        if (json_as_string(json_find(json_at(objects, i), "id"), &other) && bytes_equal(other, id))
            return json_at(objects, i);
    }
    return NULL;
}

/* Which objects: those named by object_refs first, then (2.1) all others of the bundle. */
static const struct json **choose(struct maker *k, const struct json *od, size_t *roots)
{
    const struct json *refs = json_find(od, "object_refs"), *objects = json_find(od, "objects");
    size_t most = json_count(refs) + json_count(k->bundle) + json_count(objects);
    const struct json **all = arena_get_array(k->arena, most, sizeof *all, k->e);

    k->n = *roots = 0;
    k->ids = arena_get_array(k->arena, most, sizeof *k->ids, k->e);
    if (!all || !k->ids)
        return NULL;
    for (size_t i = 0; !k->bundle && i < json_count(objects); i++, k->n++)
        all[k->n] = json_member(objects, i, &k->ids[k->n]);
    for (size_t i = 0; k->bundle && i < json_count(refs); i++)
        if (json_as_string(json_at(refs, i), &k->ids[k->n]) &&
            (all[k->n] = by_id(k->bundle, k->ids[k->n])))
            k->n++;
    *roots = k->n;
    for (size_t i = 0; k->bundle && i < json_count(k->bundle); i++)
        if (json_as_string(json_find(json_at(k->bundle, i), "id"), &k->ids[k->n]))
            all[k->n++] = json_at(k->bundle, i);
    return all;
}

static bool objects_of(struct maker *k, const struct json *od, struct match_observation *out)
{
    const struct json **all = choose(k, od, &out->roots);
    struct match_object *objects = arena_get_array(k->arena, k->n, sizeof *objects, k->e);

    if (!all || !objects)
        return false;
    for (size_t i = 0; i < k->n; i++) {
        struct match_value v = {0};
        json_as_string(json_find(all[i], "type"), &objects[i].type);
        if (json_type(all[i]) != JSON_OBJECT || !items_of(k, all[i], &v, false))
            return json_type(all[i]) != JSON_OBJECT
                       ? err_fail(k->e, ERR_INPUT, "an observed object that is not one")
                       : false;
        objects[i].members = v.items;
        objects[i].n = v.n;
    }
    out->objects = objects;
    out->n = k->n;
    return true;
}

static bool when(const struct json *od, const char *key, int64_t *us, struct err *e)
{
    struct bytes text;

    return json_get_string(od, key, &text, e) &&
           (stix_time_parse(text, us) || err_fail(e, ERR_INPUT, "\"%s\" is not a timestamp", key));
}

static bool one_observed(struct maker *k, const struct json *od, struct match_observation *out)
{
    int64_t number;

    *out = (struct match_observation){0};
    if (!json_get_integer(od, "number_observed", &number, k->e) ||
        !when(od, "first_observed", &out->first_us, k->e) ||
        !when(od, "last_observed", &out->last_us, k->e) || !objects_of(k, od, out))
        return false;
    if (number < 1 || out->first_us > out->last_us)
        return err_fail(k->e, ERR_INPUT, "observed-data with times or a number that cannot be");
    out->number = (uint64_t)number;
    return true;
}

bool match_observed(const struct json *v, struct arena *a, struct match_observation **out,
                    size_t *n, struct err *e)
{
    struct maker k = {.arena = a, .e = e};
    const struct json *all =
        json_is(json_find(v, "type"), "bundle") ? json_find(v, "objects") : NULL;

    k.bundle = all;
    *n = 0;
    *out = arena_get_array(a, json_count(all) + 1, sizeof **out, e);
    if (!*out)
        return false;
    if (!all)
        return one_observed(&k, v, &(*out)[(*n)++]);
    for (size_t i = 0; i < json_count(all); i++)
        if (json_is(json_find(json_at(all, i), "type"), "observed-data") &&
            !one_observed(&k, json_at(all, i), &(*out)[(*n)++]))
            return false;
    return true;
}
