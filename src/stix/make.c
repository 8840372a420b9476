/* Objects of our own. */
#include "stix/stix_impl.h"

/* What every one begins with; NULL after a failure. */
static struct json *begin(struct json_maker *m, const char *type, const struct stix_making *how,
                          char times[2 * STIX_TIME_MAX])
{
    struct json *o = json_new_object(m);
    struct bytes prefix;

    if (!m->e.code && (!stix_id_parse(how->id, &prefix, NULL) || !bytes_are(prefix, type)))
        err_fail(&m->e, ERR_INPUT, "not an id of type %s", type);
    if (!m->e.code && how->created_by_ref.n && !stix_id_parse(how->created_by_ref, NULL, NULL))
        err_fail(&m->e, ERR_INPUT, "\"created_by_ref\" is no id");
    stix_time_print(times, how->created_us);
    stix_time_print(times + STIX_TIME_MAX, how->modified_us);
    json_set_text(m, o, "type", type);
    json_set_text(m, o, "spec_version", "2.1");
    json_set_string(m, o, "id", how->id);
    json_set_string(m, o, "created", bytes_of(times, STIX_TIME_MAX));
    json_set_string(m, o, "modified", bytes_of(times + STIX_TIME_MAX, STIX_TIME_MAX));
    if (how->created_by_ref.n)
        json_set_string(m, o, "created_by_ref", how->created_by_ref);
    if (how->tlp != STIX_TLP_NONE)
        json_add_string(m, json_set_array(m, o, "object_marking_refs"),
                        bytes_text(stix_tlp_id(how->tlp)));
    return o;
}

static void set_unless_empty(struct json_maker *m, struct json *o, const char *key,
                             struct bytes text)
{
    if (text.n)
        json_set_string(m, o, key, text);
}

bool stix_make_identity(const struct stix_making *how, struct bytes name,
                        struct bytes identity_class, struct bytes contact, struct arena *a,
                        struct bytes *out, struct err *e)
{
    struct json_maker m = json_maker(a);
    char times[2 * STIX_TIME_MAX];
    struct json *o = begin(&m, "identity", how, times);

    json_set_string(&m, o, "name", name);
    set_unless_empty(&m, o, "identity_class", identity_class);
    set_unless_empty(&m, o, "contact_information", contact);
    return json_made(&m, o, out, e);
}

bool stix_make_note(const struct stix_making *how, struct bytes abstract, struct bytes content,
                    const struct bytes *object_refs, size_t n, struct arena *a, struct bytes *out,
                    struct err *e)
{
    struct json_maker m = json_maker(a);
    char times[2 * STIX_TIME_MAX];
    struct json *o = begin(&m, "note", how, times), *refs;

    if (n == 0)
        return err_fail(e, ERR_INPUT, "a note must be on one object at least");
    set_unless_empty(&m, o, "abstract", abstract);
    json_set_string(&m, o, "content", content);
    refs = json_set_array(&m, o, "object_refs");
    for (size_t i = 0; i < n; i++) {
        if (!stix_id_parse(object_refs[i], NULL, NULL))
            return err_fail(e, ERR_INPUT, "a note on something that is no id");
        json_add_string(&m, refs, object_refs[i]);
    }
    return json_made(&m, o, out, e);
}

bool stix_make_revoked(const struct stix_object *o, int64_t modified_us, struct arena *a,
                       struct bytes *out, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *v = json_clone(&m, o->json);
    char time[STIX_TIME_MAX];
    int64_t printed;

    if (o->class != STIX_SDO && o->class != STIX_SRO)
        return err_fail(e, ERR_INPUT, "an object of type %.*s has no versions to revoke",
                        BYTES_FMT(o->type));
    stix_time_print(time, modified_us);
    if (!stix_time_parse(bytes_of(time, sizeof time), &printed) || printed <= o->modified_us)
        return err_fail(e, ERR_INPUT,
                        "a version must be later than the one before it, to the millisecond");
    json_set_string(&m, v, "modified", bytes_of(time, sizeof time));
    json_set_bool(&m, v, "revoked", true);
    return json_made(&m, v, out, e);
}
