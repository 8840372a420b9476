/* MISP events (misp-standard.org, core format): attributes for detection become indicators.
 *
 * The tags of an event stand behind its attributes, so these are kept, small, until it ends. */
#include "base/limits.h"
#include "stix/import_impl.h"

struct event {
    enum stix_tlp tlp;
};

/* ---- tags ---------------------------------------------------------------------------------------
 */

/* The strictest TLP of a list of tags. One that we do not know was meant to restrict. */
static enum stix_tlp tags_tlp(struct stix_import *im, const struct json *tags, size_t line)
{
    enum stix_tlp strictest = STIX_TLP_NONE, tlp;
    struct bytes name;
    bool known;

    for (size_t i = 0; i < json_count(tags); i++) {
        if (!json_as_string(json_find(json_at(tags, i), "name"), &name) ||
            !stix_is_tlp_label(name, &tlp, &known))
            continue;
        if (!known) {
            stix_warn(&im->warnings, STIX_W_TLP_TAG, "line %zu: %.*s", line, BYTES_FMT(name));
            tlp = STIX_TLP_RED;
        }
        if (tlp > strictest)
            strictest = tlp;
    }
    return strictest;
}

/* ---- attributes
 * ------------------------------------------------------------------------------------ */

static bool flag(const struct json *v, const char *key)
{
    const struct json *m = json_find(v, key);
    bool b;

    return json_as_bool(m, &b) ? b : json_is(m, "1") || json_is(m, "true");
}

static int64_t attribute_time(const struct json *v)
{
    const struct json *m = json_find(v, "timestamp");
    struct bytes text;
    int64_t seconds;

    if (json_as_string(m, &text))
        return wild_time(text);
    if (json_as_integer(m, &seconds) && seconds > 0 && seconds < INT64_C(253402300800))
        return seconds * 1000000;
    return STIX_NO_TIME;
}

static bool left_out(struct stix_import *im, enum stix_warning kind, size_t line)
{
    im->counts.refused++;
    stix_warn(&im->warnings, kind, "line %zu", line);
    return true;
}

/* What the attribute says goes behind those pending, copied out of the window. */
static bool take_attribute(struct stix_import *im, const struct json *v, size_t line, struct err *e)
{
    struct found f = {.at_us = attribute_time(v), .line = line};
    struct bytes type = {0}, value;
    const struct wild_type *t;

    json_as_string(json_find(v, "type"), &type);
    if (!json_as_string(json_find(v, "value"), &value))
        return left_out(im, STIX_W_NOT_AN_INDICATOR, line);
    if (flag(v, "deleted"))
        return left_out(im, STIX_W_DELETED, line);
    t = wild_type_find(type);
    if (!t)
        return import_not_carried(im, type, line), true;
    if (!flag(v, "to_ids") && !im->how.all_attributes)
        return left_out(im, STIX_W_NOT_FOR_IDS, line);
    json_as_string(json_find(v, "comment"), &f.description);
    f.tlp = tags_tlp(im, json_find(v, "Tag"), line);
    if (!arena_copy(im->event, value, &f.value, e) ||
        !arena_copy(im->event, f.description, &f.description, e))
        return false;
    return import_pend(im, im->event, t, &f, e);
}

static bool take_attributes(struct stix_import *im, const struct json *list, size_t line,
                            struct err *e)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (!take_attribute(im, json_at(list, i), line, e))
            return false;
    return true;
}

/* One element of "Attribute", or one of "Object", which holds attributes of its own. */
static bool take_element(struct stix_import *im, bool object, struct err *e)
{
    struct json_origin at = {.where = ""};
    struct bytes raw;
    const struct json *v;

    arena_reset(im->arena, im->empty);
    if (!walk_value(&im->in, &raw, &at, e) || !(v = json_parse_part(raw, &at, im->arena, e)))
        return false;
    if (!object)
        return take_attribute(im, v, at.line, e);
    return flag(v, "deleted") || take_attributes(im, json_find(v, "Attribute"), at.line, e);
}

static bool take_list(struct stix_import *im, bool object, struct err *e)
{
    bool more;
    uint8_t c;

    if (!walk_expect(&im->in, '[', e) || !walk_peek(&im->in, &c, e))
        return false;
    if (c == ']')
        return stream_take(&im->in, 1), true;
    do {
        if (!take_element(im, object, e) || !walk_next(&im->in, ']', &more, e))
            return false;
    } while (more);
    return true;
}

/* ---- events
 * -------------------------------------------------------------------------------------------- */

static bool take_tags(struct stix_import *im, struct event *event, struct err *e)
{
    struct json_origin at = {.where = ""};
    struct bytes raw;
    const struct json *v;
    enum stix_tlp tlp;

    if (!walk_value(&im->in, &raw, &at, e) || !(v = json_parse_part(raw, &at, im->arena, e)))
        return false;
    tlp = tags_tlp(im, v, at.line);
    event->tlp = tlp > event->tlp ? tlp : event->tlp;
    return true;
}

static bool take_event(struct stix_import *im, bool inner, struct err *e);

static bool take_member(struct stix_import *im, struct event *event, bool inner, struct err *e)
{
    struct bytes key;
    bool attributes, objects;
    uint8_t c;

    arena_reset(im->arena, im->empty);
    if (!walk_key(&im->in, im->arena, &key, e) || !walk_peek(&im->in, &c, e))
        return false;
    attributes = bytes_are(key, "Attribute");
    objects = bytes_are(key, "Object");
    if (c == '[' && (attributes || objects))
        return take_list(im, objects, e);
    if (c == '{' && !inner && bytes_are(key, "Event"))
        return take_event(im, true, e);
    return bytes_are(key, "Tag") ? take_tags(im, event, e) : walk_skip(&im->in, im->arena, e);
}

/* { ... }: an event, or an object whose member "Event" is one. Its attributes go behind those
 * pending. */
static bool take_event(struct stix_import *im, bool inner, struct err *e)
{
    struct event event = {STIX_TLP_NONE};
    bool more;
    uint8_t c;

    if (!walk_expect(&im->in, '{', e) || !walk_peek(&im->in, &c, e))
        return false;
    more = c != '}';
    if (!more)
        stream_take(&im->in, 1);
    while (more)
        if (!take_member(im, &event, inner, e) || !walk_next(&im->in, '}', &more, e))
            return false;
    for (struct found *f = im->pending; f; f = f->next)
        f->tlp = f->tlp > event.tlp ? f->tlp : event.tlp;
    return true;
}

static bool next_event(struct stix_import *im, struct err *e)
{
    struct arena_mark none = {0};

    arena_reset(im->event, none);
    im->pending_last = &im->pending;
    return take_event(im, false, e);
}

/* Behind the last event: the rest of the object they are in, and then nothing. */
static bool finish(struct stix_import *im, struct err *e)
{
    bool more = im->wrapped;
    struct bytes key;
    uint8_t c;

    if (more && !walk_next(&im->in, '}', &more, e))
        return false;
    while (more) {
        arena_reset(im->arena, im->empty);
        if (!walk_key(&im->in, im->arena, &key, e) || !walk_skip(&im->in, im->arena, e) ||
            !walk_next(&im->in, '}', &more, e))
            return false;
    }
    if (!walk_peek(&im->in, &c, e))
        return false;
    return im->in.from == im->in.to || walk_fail(&im->in, "something stands behind the end", e);
}

/* Is there another event? */
static bool another(struct stix_import *im, bool *more, struct err *e)
{
    uint8_t c;

    if (!im->listed) {
        *more = im->index++ == 0;
        return true;
    }
    if (im->index++)
        return walk_next(&im->in, ']', more, e);
    if (!walk_peek(&im->in, &c, e))
        return false;
    *more = c != ']';
    if (!*more)
        stream_take(&im->in, 1);
    return true;
}

bool import_misp_next(struct stix_import *im, struct stix_item *out, bool *end, struct err *e)
{
    bool made = false, more;

    while (!made) {
        struct found *f = im->pending;
        if (f) {
            im->pending = f->next;
            arena_reset(im->arena, im->empty);
            if (!import_make(im, f, out, &made, e))
                return false;
            continue;
        }
        if (!another(im, &more, e))
            return false;
        if (!more)
            return *end = true, finish(im, e);
        if (!next_event(im, e))
            return false;
    }
    return true;
}
