/* Indicators of ours: the object's bytes, written in canonical order without a tree between. */
#include "base/limits.h"
#include "base/text.h"
#include "crypto/labels.h"
#include "stix/import_impl.h"

#include <stdlib.h>

/* ---- ids seen -------------------------------------------------------------------------------- */

void id_set_free(struct id_set *set)
{
    free(set->slots);
}

static struct uuid *slot(const struct id_set *set, const struct uuid *id)
{
    static const struct uuid zero;
    uint64_t h;
    size_t i;

    memcpy(&h, id->b, sizeof h);
    for (i = (size_t)h & (set->room - 1); memcmp(&set->slots[i], &zero, sizeof zero);
         i = (i + 1) & (set->room - 1))
        if (!memcmp(&set->slots[i], id, sizeof *id))
            break;
    return &set->slots[i];
}

static bool grow(struct id_set *set, struct err *e)
{
    static const struct uuid zero;
    struct id_set more = {.n = set->n, .room = set->room ? set->room * 2 : 1024};

    more.slots = calloc(more.room, sizeof *more.slots);
    if (!more.slots)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < set->room; i++)
        if (memcmp(&set->slots[i], &zero, sizeof zero))
            *slot(&more, &set->slots[i]) = set->slots[i];
    free(set->slots);
    *set = more;
    return true;
}

bool id_set_add(struct id_set *set, const struct uuid *id, bool *fresh, struct err *e)
{
    struct uuid *s;

    if (set->n >= LIMIT_IMPORT_MADE)
        return err_fail(e, ERR_LIMIT, "more than %d indicators: split the file", LIMIT_IMPORT_MADE);
    if (set->n >= set->room / 4 * 3 && !grow(set, e))
        return false;
    s = slot(set, id);
    *fresh = memcmp(s, id, sizeof *id) != 0;
    set->n += *fresh;
    *s = *id;
    return true;
}

/* ---- ids ----------------------------------------------------------------------------------------
 */

/* A space of the party's own, so that two parties' indicators of one pattern are two objects,
 * each to be versioned and revoked by its maker (decision 0042). */
void import_space(const struct uuid *party, struct uuid *space)
{
    uuid_v5(party, bytes_text(LABEL_INDICATOR_ID), space);
}

bool stix_indicator_id(struct bytes party_id, struct bytes pattern, char out[STIX_ID_MAX])
{
    struct uuid party, space, id;
    struct bytes type;

    if (!stix_id_parse(party_id, &type, &party) || !bytes_are(type, "identity"))
        return false;
    import_space(&party, &space);
    uuid_v5(&space, pattern, &id);
    stix_id_print(out, "indicator", &id);
    return true;
}

/* ---- bytes
 * ----------------------------------------------------------------------------------------- */

struct pen {
    uint8_t *p;
    size_t n;
};

static void put(struct pen *to, const char *text, size_t n)
{
    memcpy(to->p + to->n, text, n);
    to->n += n;
}

#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

/* A JSON string's inside: at most six bytes for each of the text's. */
static void put_text(struct pen *to, struct bytes t)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "btn\0fr";

    for (size_t i = 0; i < t.n;) {
        size_t n = json_plain_run(t.p + i, t.n - i);
        uint8_t c;
        put(to, (const char *)t.p + i, n);
        i += n;
        if (i == t.n)
            break;
        c = t.p[i++];
        if (c >= 0x80) {
            to->p[to->n++] = c;
        } else if (c == '"' || c == '\\') {
            put(to, (const char[]){'\\', (char)c}, 2);
        } else if (c >= 8 && c <= 13 && named[c - 8]) {
            put(to, (const char[]){'\\', named[c - 8]}, 2);
        } else {
            put(to, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        }
    }
}

struct draft {
    struct bytes pattern, value, description;
    char id[36];
    const char *marking;
};

static struct bytes write_indicator(const struct stix_import *im, const struct draft *d,
                                    uint8_t *room)
{
    struct pen to = {room, 0};

    PUT(&to, "{\"created\":\"");
    put(&to, im->time, STIX_TIME_MAX);
    PUT(&to, "\",\"created_by_ref\":\"");
    put(&to, im->party, strlen(im->party));
    if (d->description.n) {
        PUT(&to, "\",\"description\":\"");
        put_text(&to, d->description);
    }
    PUT(&to, "\",\"id\":\"indicator--");
    put(&to, d->id, sizeof d->id);
    PUT(&to, "\",\"indicator_types\":[\"");
    put_text(&to, bytes_text(im->how.indicator_type));
    PUT(&to, "\"],\"modified\":\"");
    put(&to, im->time, STIX_TIME_MAX);
    PUT(&to, "\",\"name\":\"");
    put_text(&to, d->value);
    if (d->marking) {
        PUT(&to, "\",\"object_marking_refs\":[\"");
        put(&to, d->marking, strlen(d->marking));
        PUT(&to, "\"],\"pattern\":\"");
    } else {
        PUT(&to, "\",\"pattern\":\"");
    }
    put_text(&to, d->pattern);
    PUT(&to, "\",\"pattern_type\":\"stix\",\"spec_version\":\"2.1\",\"type\":\"indicator\","
             "\"valid_from\":\"");
    put(&to, im->time, STIX_TIME_MAX);
    PUT(&to, "\"}");
    return bytes_of(to.p, to.n);
}

static struct bytes copy_into(uint8_t **at, const void *p, size_t n)
{
    struct bytes out = bytes_of(*at, n);

    memcpy(*at, p, n);
    *at += n;
    return out;
}

static void summarise(const struct stix_import *im, const struct draft *d, uint8_t *at,
                      struct stix_item *out)
{
    struct stix_object *o = &out->object;

    *o = (struct stix_object){.class = STIX_SDO,
                              .type = BYTES("indicator"),
                              .spec_version = BYTES("2.1"),
                              .pattern_type = BYTES("stix"),
                              .confidence = -1,
                              .valid_until_us = STIX_NO_TIME};
    o->id = copy_into(&at, "indicator--", 11);
    o->id.n += copy_into(&at, d->id, sizeof d->id).n;
    o->created = o->modified = o->valid_from = o->version = copy_into(&at, im->time, STIX_TIME_MAX);
    o->created_us = o->modified_us = o->valid_from_us = im->time_us;
    o->created_by_ref = bytes_text(im->party);
    o->name = out->indicator.value = copy_into(&at, d->value.p, d->value.n);
    o->pattern = copy_into(&at, d->pattern.p, d->pattern.n);
    o->tlp = out->tlp;
    o->markings = out->tlp != STIX_TLP_NONE;
}

#define SUMMARY_BYTES (11 + 36 + STIX_TIME_MAX)
#define FRAME_BYTES 1024 /* all of the object that does not vary, the party, the marking */

static bool write_item(struct stix_import *im, const struct draft *d, struct stix_item *out,
                       struct err *e)
{
    size_t texts = d->pattern.n + d->value.n;
    uint8_t *room = arena_get(im->arena,
                              FRAME_BYTES + SUMMARY_BYTES + texts * 3 +
                                  6 * (d->description.n + strlen(im->how.indicator_type)),
                              e);
    if (!room)
        return false;
    summarise(im, d, room, out);
    out->bytes = write_indicator(im, d, room + SUMMARY_BYTES + texts);
    return true;
}

/* ---- one value
 * --------------------------------------------------------------------------------------- */

static void set_time(struct stix_import *im, int64_t us)
{
    us = us == STIX_NO_TIME ? im->how.now_us : us;
    if (us - us % 1000 == im->time_us)
        return;
    im->time_us = us - us % 1000; /* what is printed */
    stix_time_print(im->time, us);
}

static void warn_odd(struct stix_import *im, const struct found *f, unsigned odd)
{
    static const struct {
        unsigned bit;
        enum stix_warning kind;
    } kinds[] = {{INDICATOR_DEFANGED, STIX_W_DEFANGED},
                 {INDICATOR_PORT_DROPPED, STIX_W_PORT},
                 {INDICATOR_NOT_GLOBAL, STIX_W_PRIVATE},
                 {INDICATOR_BITS_DROPPED, STIX_W_BITS}};

    for (size_t i = 0; odd && i < sizeof kinds / sizeof *kinds; i++)
        if (odd & kinds[i].bit)
            stix_warn(&im->warnings, kinds[i].kind, "line %zu: %.*s", f->line,
                      f->value.n < 100 ? (int)f->value.n : 100, (const char *)f->value.p);
}

static void not_recognised(struct stix_import *im, const struct found *f, const char *why)
{
    im->counts.refused++;
    stix_warn(&im->warnings, STIX_W_NOT_AN_INDICATOR, "line %zu: %.*s: %s", f->line,
              f->value.n < 80 ? (int)f->value.n : 80, (const char *)f->value.p, why);
}

bool import_make(struct stix_import *im, const struct found *f, struct stix_item *out, bool *made,
                 struct err *e)
{
    struct draft d = {.description = f->description};
    struct uuid id;
    unsigned odd;
    const char *why = indicator_read(f->value, f->want, &im->room, &out->indicator, &odd);

    *made = false;
    if (why)
        return not_recognised(im, f, why), true;
    d.value = out->indicator.value;
    d.pattern = bytes_of(im->pattern, indicator_pattern(&out->indicator, im->pattern));
    uuid_v5(&im->space, d.pattern, &id);
    if (!id_set_add(&im->seen, &id, made, e))
        return false;
    if (!*made) {
        im->counts.duplicates++;
        stix_warn(&im->warnings, STIX_W_DUPLICATE, "line %zu: %.*s", f->line, BYTES_FMT(d.value));
        return true;
    }
    warn_odd(im, f, odd);
    uuid_print(d.id, &id);
    set_time(im, f->at_us);
    out->tlp = f->tlp > im->how.tlp ? f->tlp : im->how.tlp;
    d.marking = stix_tlp_id(out->tlp);
    out->made = true;
    out->line = f->line;
    return write_item(im, &d, out, e);
}

bool import_pend(struct stix_import *im, struct arena *a, const struct wild_type *type,
                 const struct found *f, struct err *e)
{
    size_t bar = type ? bytes_find_byte(f->value, '|') : f->value.n;
    enum indicator_type wants[2] = {type ? type->first : f->want,
                                    type ? type->second : NOT_CARRIED};

    for (int part = 0; part < 2; part++) {
        struct found *more;
        if (wants[part] == NOT_CARRIED)
            continue;
        more = arena_get(a, sizeof *more, e);
        if (!more)
            return false;
        *more = *f;
        more->want = wants[part];
        more->value =
            part == 0 ? bytes_part(f->value, 0, bar) : bytes_part(f->value, bar + 1, SIZE_MAX);
        more->next = NULL;
        *im->pending_last = more;
        im->pending_last = &more->next;
    }
    return true;
}

void import_not_carried(struct stix_import *im, struct bytes type, size_t line)
{
    char name[sizeof im->types[0].name];
    size_t i = 0;

    im->counts.refused++;
    text_escape(name, sizeof name, type.n ? type : BYTES("(none)"));
    stix_warn(&im->warnings, STIX_W_NOT_CARRIED, "line %zu: %s", line, name);
    while (i < im->type_count && strcmp(im->types[i].name, name) != 0)
        i++;
    if (i >= IMPORT_TYPES_MOST - 1) /* the last row gathers what has no place of its own */
        snprintf(name, sizeof name, "(others)"), i = IMPORT_TYPES_MOST - 1;
    if (i >= im->type_count) {
        im->type_count = i + 1;
        memcpy(im->types[i].name, name, sizeof name);
    }
    im->types[i].count++;
}
