/* The whole check of an object: its properties by the tables, then the rules of its type. */
#include "stix/indicator.h"
#include "stix/json_impl.h"
#include "stix/pattern.h"
#include "stix/stix_impl.h"

struct check {
    const struct stix_object *o;
    struct stix_warnings *w;
    struct arena *scratch;
    struct err *e;
};

#define WARN_PROPERTY(c, kind, key)                                                                \
    stix_warn((c)->w, kind, "%.*s: \"%.*s\"", BYTES_FMT((c)->o->id), BYTES_FMT(key))

static bool refuse(const struct check *c, const char *key, const char *what)
{
    err_fail(c->e, ERR_INPUT, "\"%s\" %s", key, what);
    return err_within(c->e, "%.*s", BYTES_FMT(c->o->id));
}

/* ---- properties by kind --------------------------------------------------------------------- */

static bool is_style(struct bytes name, char beyond)
{
    for (size_t i = 0; i < name.n; i++)
        if (!((name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') ||
              name.p[i] == (uint8_t)beyond))
            return false;
    return name.n <= 250;
}

static void check_ref(const struct check *c, struct bytes key, const struct json *v,
                      const char *targets)
{
    struct bytes ref, type;

    if (!json_as_string(v, &ref))
        WARN_PROPERTY(c, STIX_W_WRONG_TYPE, key);
    else if (!stix_id_parse(ref, &type, NULL)) {
        /* STIX 2.0 observables refer to their neighbours by number. */
        if (!c->o->v20)
            WARN_PROPERTY(c, STIX_W_BAD_REF, key);
    } else if (!stix_target_fits(targets, type))
        WARN_PROPERTY(c, STIX_W_REF_TYPE, key);
}

static void check_list(const struct check *c, struct bytes key, const struct json *v,
                       enum json_type of, const char *targets, bool refs)
{
    if (json_type(v) != JSON_ARRAY) {
        WARN_PROPERTY(c, STIX_W_WRONG_TYPE, key);
        return;
    }
    if (json_count(v) == 0)
        WARN_PROPERTY(c, STIX_W_EMPTY_LIST, key);
    for (size_t i = 0; i < json_count(v); i++)
        if (refs)
            check_ref(c, key, json_at(v, i), targets);
        else if (json_type(json_at(v, i)) != of)
            WARN_PROPERTY(c, STIX_W_WRONG_TYPE, key);
}

static void check_hashes(const struct check *c, struct bytes key, const struct json *v)
{
    static const struct {
        const char *name;
        size_t digits;
    } known[] = {{"MD5", 32},      {"SHA-1", 40},    {"SHA-256", 64},
                 {"SHA-512", 128}, {"SHA3-256", 64}, {"SHA3-512", 128}};
    struct bytes name, text;

    if (json_type(v) != JSON_OBJECT)
        WARN_PROPERTY(c, STIX_W_WRONG_TYPE, key);
    for (size_t i = 0; i < json_count(v) && json_member(v, i, &name); i++) {
        if (!json_as_string(json_member(v, i, &name), &text)) {
            WARN_PROPERTY(c, STIX_W_WRONG_TYPE, key);
            continue;
        }
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
            size_t digits = 0;
            while (digits < text.n && strchr("0123456789abcdefABCDEF", text.p[digits]) &&
                   text.p[digits])
                digits++;
            if (bytes_are(name, known[k].name) && (digits != text.n || digits != known[k].digits))
                WARN_PROPERTY(c, STIX_W_HASH, name);
        }
    }
}

static void check_time(const struct check *c, struct bytes key, const struct json *v)
{
    struct bytes text;
    int64_t us;

    if (!json_as_string(v, &text))
        WARN_PROPERTY(c, STIX_W_WRONG_TYPE, key);
    else if (!stix_time_parse(text, &us))
        WARN_PROPERTY(c, STIX_W_BAD_TIME, key);
}

static bool has_kind(const struct json *v, enum property_kind kind)
{
    static const enum json_type types[] = {
        [P_STRING] = JSON_STRING, [P_BOOL] = JSON_BOOL,     [P_INTEGER] = JSON_NUMBER,
        [P_NUMBER] = JSON_NUMBER, [P_TIME] = JSON_STRING,   [P_REF] = JSON_STRING,
        [P_REFS] = JSON_ARRAY,    [P_STRINGS] = JSON_ARRAY, [P_OBJECT] = JSON_OBJECT,
        [P_OBJECTS] = JSON_ARRAY, [P_HASHES] = JSON_OBJECT};
    int64_t whole;

    return json_type(v) == types[kind] && (kind != P_INTEGER || json_as_integer(v, &whole));
}

static void check_property(const struct check *c, const struct stix_property *p, struct bytes key,
                           const struct json *v)
{
    switch ((enum property_kind)p->kind) {
    case P_STRING:
    case P_BOOL:
    case P_INTEGER:
    case P_NUMBER:
    case P_OBJECT:
        if (!has_kind(v, p->kind))
            WARN_PROPERTY(c, STIX_W_WRONG_TYPE, key);
        break;
    case P_TIME:
        check_time(c, key, v);
        break;
    case P_REF:
        check_ref(c, key, v, p->targets);
        break;
    case P_REFS:
        check_list(c, key, v, JSON_STRING, p->targets, true);
        break;
    case P_STRINGS:
        check_list(c, key, v, JSON_STRING, NULL, false);
        break;
    case P_OBJECTS:
        check_list(c, key, v, JSON_OBJECT, NULL, false);
        break;
    case P_HASHES:
        check_hashes(c, key, v);
        break;
    }
}

/* ---- all properties: members and tables are both sorted, so one pass meets all
 * -------------------- */

struct cursor {
    const struct stix_property *p, *end;
};

static bool check_absent(const struct check *c, const struct stix_property *p)
{
    if (p->need == NEEDED)
        return refuse(c, p->name, "is missing: without it the object means nothing");
    if (p->need == REQUIRED && !c->o->v20)
        WARN_PROPERTY(c, STIX_W_MISSING, bytes_of(p->name, p->n));
    return true;
}

/* Pass the rows before `key`, which are absent; *hit is its own row. */
static bool move_to(const struct check *c, struct cursor *at, struct bytes key,
                    const struct stix_property **hit)
{
    for (; at->p < at->end; at->p++) {
        int order = json_key_order(bytes_of(at->p->name, at->p->n), key);
        if (order > 0)
            return true;
        if (order == 0) {
            *hit = at->p++;
            return true;
        }
        if (!check_absent(c, at->p))
            return false;
    }
    return true;
}

static bool check_needed(const struct check *c, const struct stix_property *p, const struct json *v)
{
    struct bytes text;

    if (p->need != NEEDED)
        return true;
    if (!has_kind(v, p->kind))
        return refuse(c, p->name, "is of the wrong type");
    if (p->kind == P_REF && (!json_as_string(v, &text) || !stix_id_parse(text, NULL, NULL)))
        return refuse(c, p->name, "is no id");
    return true;
}

static bool check_members(const struct check *c, const struct stix_type *t)
{
    struct cursor common = {stix_common, stix_common + stix_common_count};
    struct cursor own = {t ? t->properties : NULL, t ? t->properties + t->count : NULL};
    struct bytes key;

    for (size_t i = 0; i < json_count(c->o->json); i++) {
        const struct json *v = json_member(c->o->json, i, &key);
        const struct stix_property *p = NULL;
        if (!move_to(c, &common, key, &p) || !move_to(c, &own, key, &p))
            return false;
        if (p && !check_needed(c, p, v))
            return false;
        if (p)
            check_property(c, p, key, v);
        else if (!is_style(key, '_') || (key.n < 3 && !bytes_are(key, "id")))
            WARN_PROPERTY(c, STIX_W_NAME_STYLE, key);
    }
    for (; own.p < own.end; own.p++)
        if (!check_absent(c, own.p))
            return false;
    return true;
}

/* ---- rules that all objects share
 * ------------------------------------------------------------------ */

static void check_head(const struct check *c)
{
    const struct stix_object *o = c->o;
    struct uuid u;
    struct bytes type;
    double confidence;
    bool capital = false;

    stix_id_parse(o->id, &type, &u);
    for (size_t i = o->id.n - 36; i < o->id.n; i++)
        capital |= o->id.p[i] >= 'A' && o->id.p[i] <= 'F';
    if (capital || (u.b[8] & 0xc0) != 0x80 || u.b[6] >> 4 < 1 || u.b[6] >> 4 > 8)
        stix_warn(c->w, STIX_W_UUID, "%.*s", BYTES_FMT(o->id));
    if (o->class == STIX_CUSTOM && !bytes_start_with(o->type, "x-"))
        stix_warn(c->w, STIX_W_UNKNOWN_TYPE, "%.*s", BYTES_FMT(o->id));
    if (!is_style(o->type, '-') || o->type.n < 3)
        stix_warn(c->w, STIX_W_NAME_STYLE, "%.*s", BYTES_FMT(o->id));
    if (o->v20)
        stix_warn(c->w, STIX_W_SPEC_20, "%.*s", BYTES_FMT(o->id));
    else if (json_find(o->json, "spec_version") && !bytes_are(o->spec_version, "2.1") &&
             !bytes_are(o->spec_version, "2.0"))
        stix_warn(c->w, STIX_W_SPEC_VERSION, "%.*s", BYTES_FMT(o->id));
    if (o->created.n && o->modified.n && o->modified_us < o->created_us)
        stix_warn(c->w, STIX_W_TIME_ORDER, "%.*s", BYTES_FMT(o->id));
    if (json_as_number(json_find(o->json, "confidence"), &confidence) && o->confidence < 0)
        WARN_PROPERTY(c, STIX_W_RANGE, BYTES("confidence"));
}

static void check_external(const struct check *c)
{
    const struct json *refs = json_find(c->o->json, "external_references");

    for (size_t i = 0; i < json_count(refs); i++) {
        const struct json *r = json_at(refs, i);
        if (json_type(json_find(r, "source_name")) != JSON_STRING ||
            (!json_find(r, "description") && !json_find(r, "url") && !json_find(r, "external_id")))
            WARN_PROPERTY(c, STIX_W_EXTERNAL_REF, BYTES("external_references"));
    }
}

/* An extension's key is the id of its definition, or one of the predefined names, which end in
 * "-ext"; under an id its extension_type must say what it does. */
static void check_extensions(const struct check *c)
{
    const struct json *all = json_find(c->o->json, "extensions");
    struct bytes key, type;

    for (size_t i = 0; i < json_count(all); i++) {
        const struct json *v = json_member(all, i, &key);
        if (!v || bytes_end_with(key, "-ext"))
            continue;
        if (!stix_id_parse(key, &type, NULL) || !bytes_are(type, "extension-definition") ||
            json_type(json_find(v, "extension_type")) != JSON_STRING)
            WARN_PROPERTY(c, STIX_W_EXTENSION, key);
    }
}

/* One step of a selector: "name" of an object, "[3]" of a list (STIX 2.1 section 7.2.3.1). */
static const struct json *select_step(const struct json *v, struct bytes step)
{
    size_t index = 0;

    if (step.n < 3 || step.p[0] != '[' || step.p[step.n - 1] != ']')
        return json_find_bytes(v, step);
    for (size_t i = 1; i + 1 < step.n; i++) {
        if (step.p[i] < '0' || step.p[i] > '9' || step.n > 12)
            return NULL;
        index = index * 10 + (step.p[i] - '0');
    }
    return json_at(v, index);
}

static bool selects(const struct json *v, struct bytes selector)
{
    for (;;) {
        size_t dot = bytes_find_byte(selector, '.');
        v = select_step(v, bytes_part(selector, 0, dot));
        if (!v || dot == selector.n)
            return v != NULL;
        selector = bytes_part(selector, dot + 1, SIZE_MAX);
    }
}

static void check_granular(const struct check *c)
{
    const struct json *all = json_find(c->o->json, "granular_markings");
    struct bytes selector;

    for (size_t i = 0; i < json_count(all); i++) {
        const struct json *m = json_at(all, i), *s = json_find(m, "selectors");
        bool odd = !json_find(m, "marking_ref") == !json_find(m, "lang") || json_count(s) == 0;
        for (size_t k = 0; k < json_count(s); k++)
            odd |= !json_as_string(json_at(s, k), &selector) || !selects(c->o->json, selector);
        if (odd)
            WARN_PROPERTY(c, STIX_W_GRANULAR, BYTES("granular_markings"));
    }
}

/* ---- rules of one type
 * -------------------------------------------------------------------------------- */

static bool check_pattern(const struct check *c)
{
    struct arena_mark before = arena_mark(c->scratch);
    bool ok = pattern_parse(c->o->pattern, c->scratch, c->e) != NULL;

    arena_reset(c->scratch, before);
    if (ok)
        return true;
    err_within(c->e, "\"pattern\"");
    return err_within(c->e, "%.*s", BYTES_FMT(c->o->id));
}

static bool check_indicator(const struct check *c)
{
    const struct stix_object *o = c->o;
    const struct json *version = json_find(o->json, "pattern_version");
    bool stix = !json_find(o->json, "pattern_type") || bytes_are(o->pattern_type, "stix");

    if (!o->valid_from.n || (o->valid_until.n && o->valid_until_us <= o->valid_from_us))
        stix_warn(c->w, STIX_W_VALIDITY, "%.*s", BYTES_FMT(o->id));
    if (!o->pattern_type.n && !o->v20)
        stix_warn(c->w, STIX_W_PATTERN_TYPE, "%.*s", BYTES_FMT(o->id));
    if (!stix) {
        stix_warn(c->w, STIX_W_PATTERN_OPAQUE, "%.*s: %.*s", BYTES_FMT(o->id),
                  BYTES_FMT(o->pattern_type));
        return true;
    }
    if (version && !json_is(version, "2.1") && !json_is(version, "2.0")) {
        stix_warn(c->w, STIX_W_PATTERN_TYPE, "%.*s", BYTES_FMT(o->id));
        return true;
    }
    return check_pattern(c);
}

static void check_order(const struct check *c, const char *first, const char *last)
{
    struct bytes a, b;
    int64_t from, to;

    if (json_as_string(json_find(c->o->json, first), &a) &&
        json_as_string(json_find(c->o->json, last), &b) && stix_time_parse(a, &from) &&
        stix_time_parse(b, &to) && to < from)
        WARN_PROPERTY(c, STIX_W_RANGE, bytes_text(last));
}

static void check_range(const struct check *c, const char *key, double least, double most)
{
    double v;

    if (json_as_number(json_find(c->o->json, key), &v) && !(v >= least && v <= most))
        WARN_PROPERTY(c, STIX_W_RANGE, bytes_text(key));
}

static bool check_observed(const struct check *c)
{
    check_order(c, "first_observed", "last_observed");
    check_range(c, "number_observed", 1, 999999999);
    if (!json_find(c->o->json, "objects") && !json_find(c->o->json, "object_refs"))
        WARN_PROPERTY(c, STIX_W_MISSING, BYTES("object_refs"));
    return true;
}

static bool check_sighting(const struct check *c)
{
    check_range(c, "count", 0, 999999999);
    return true;
}

static bool check_location(const struct check *c)
{
    const struct json *v = c->o->json;

    check_range(c, "latitude", -90, 90);
    check_range(c, "longitude", -180, 180);
    if (!json_find(v, "latitude") != !json_find(v, "longitude") ||
        (!json_find(v, "region") && !json_find(v, "country") && !json_find(v, "latitude")))
        WARN_PROPERTY(c, STIX_W_MISSING, BYTES("region, country, or latitude and longitude"));
    return true;
}

static bool check_analysis(const struct check *c)
{
    if (!json_find(c->o->json, "result") && !json_find(c->o->json, "analysis_sco_refs"))
        WARN_PROPERTY(c, STIX_W_MISSING, BYTES("result or analysis_sco_refs"));
    check_order(c, "analysis_started", "analysis_ended");
    return true;
}

static bool check_marking(const struct check *c)
{
    const struct json *v = c->o->json;

    if (!c->o->created.n)
        WARN_PROPERTY(c, STIX_W_MISSING, BYTES("created"));
    if (!json_find(v, "definition") && !json_count(json_find(v, "extensions")))
        stix_warn(c->w, STIX_W_MARKING_EMPTY, "%.*s", BYTES_FMT(c->o->id));
    for (unsigned i = 0; i < c->o->markings; i++)
        if (bytes_equal(stix_object_marking(c->o, i), c->o->id))
            stix_warn(c->w, STIX_W_SELF_MARKED, "%.*s", BYTES_FMT(c->o->id));
    return true;
}

static bool check_extension_definition(const struct check *c)
{
    if (!c->o->created_by_ref.n)
        WARN_PROPERTY(c, STIX_W_MISSING, BYTES("created_by_ref"));
    return true;
}

static bool check_value(const struct check *c)
{
    static const struct {
        const char *type;
        enum indicator_type as;
    } kinds[] = {{"ipv4-addr", INDICATOR_ADDRESS}, {"ipv6-addr", INDICATOR_ADDRESS}};
    struct indicator_room room;
    struct indicator i;
    struct bytes value = {0};
    unsigned odd;
    bool six = bytes_are(c->o->type, kinds[1].type), got_six;

    json_as_string(json_find(c->o->json, "value"), &value);
    if (indicator_read(value, INDICATOR_ADDRESS, &room, &i, &odd)) {
        WARN_PROPERTY(c, STIX_W_VALUE, BYTES("value"));
        return true;
    }
    got_six = i.type == INDICATOR_IPV6 || i.type == INDICATOR_IPV6_PREFIX;
    if (got_six != six || odd & (INDICATOR_DEFANGED | INDICATOR_PORT_DROPPED))
        WARN_PROPERTY(c, STIX_W_VALUE, BYTES("value"));
    return true;
}

static bool check_traffic(const struct check *c)
{
    check_range(c, "src_port", 0, 65535);
    check_range(c, "dst_port", 0, 65535);
    check_order(c, "start", "end");
    return true;
}

static void check_observable_id(const struct check *c)
{
    char want[STIX_ID_MAX];

    if (c->o->class == STIX_SCO && stix_observable_id(c->o->json, c->scratch, want) &&
        !bytes_are(c->o->id, want))
        stix_warn(c->w, STIX_W_SCO_ID, "%.*s, by its content %s", BYTES_FMT(c->o->id), want);
}

static bool check_type(const struct check *c)
{
    static const struct {
        const char *type;
        bool (*check)(const struct check *c);
    } rules[] = {{"indicator", check_indicator},
                 {"observed-data", check_observed},
                 {"sighting", check_sighting},
                 {"location", check_location},
                 {"malware-analysis", check_analysis},
                 {"marking-definition", check_marking},
                 {"extension-definition", check_extension_definition},
                 {"ipv4-addr", check_value},
                 {"ipv6-addr", check_value},
                 {"network-traffic", check_traffic}};

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (bytes_are(c->o->type, rules[i].type))
            return rules[i].check(c);
    return true;
}

bool stix_check(const struct json *v, struct arena *scratch, struct stix_warnings *w,
                struct stix_object *out, struct err *e)
{
    struct stix_object o;
    struct check c = {&o, w, scratch, e};

    if (!stix_read(v, &o, e) || !check_members(&c, stix_type_find(o.type)) || !check_type(&c))
        return false;
    check_head(&c);
    check_external(&c);
    check_extensions(&c);
    check_granular(&c);
    check_order(&c, "first_seen", "last_seen");
    check_observable_id(&c);
    *out = o;
    return true;
}
