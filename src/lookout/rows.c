/* rows: indicators as they were shared, packed one behind the other. */
#include "lookout/lookout_impl.h"

#include <stdlib.h>

bool heap_room(struct heap *h, size_t more, struct err *e)
{
    size_t cap = h->cap ? h->cap : 65536;
    uint8_t *p;

    if (h->cap - h->n >= more)
        return true;
    while (cap - h->n < more)
        cap *= 2;
    p = realloc(h->p, cap);
    if (!p)
        return err_fail(e, ERR_NOMEM, "out of memory");
    h->p = p;
    h->cap = cap;
    return true;
}

bool heap_put(struct heap *h, struct bytes what, struct err *e)
{
    if (!heap_room(h, what.n, e))
        return false;
    if (what.n)
        memcpy(h->p + h->n, what.p, what.n);
    h->n += what.n;
    return true;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

bool row_value(struct bytes *rest, enum watch_kind *kind, struct bytes *value)
{
    size_t n;

    if (rest->n < 3 || rest->p[0] >= WATCH_KINDS)
        return false;
    n = (size_t)get_le(rest->p + 1, 2);
    if (n > rest->n - 3)
        return false;
    *kind = (enum watch_kind)rest->p[0];
    *value = bytes_of(rest->p + 3, n);
    *rest = bytes_part(*rest, 3 + n, SIZE_MAX);
    return true;
}

/* The bytes of so many values; SIZE_MAX: they are none. */
static size_t values_size(struct bytes in, uint16_t n)
{
    struct bytes rest = in, value;
    enum watch_kind kind;

    for (uint16_t i = 0; i < n; i++)
        if (!row_value(&rest, &kind, &value))
            return SIZE_MAX;
    return in.n - rest.n;
}

bool row_next(struct bytes rows, size_t *at, struct row *out)
{
    struct bytes in = bytes_part(rows, *at, SIZE_MAX);
    const uint8_t *p = in.p;
    size_t pattern, values;

    if (in.n < ROW_FIXED || (p[0] < ROW_INDICATOR || p[0] > ROW_SIGHTING))
        return false;
    *out = (struct row){.kind = (enum row_kind)p[0],
                        .flags = p[1],
                        .tlp = p[2] - 1,
                        .confidence = p[3] - 1,
                        .log = (uint16_t)get_le(p + 4, 2),
                        .act = (uint32_t)get_le(p + 6, 4),
                        .uuid = p + 10,
                        .version_us = (int64_t)get_le(p + 26, 8),
                        .from = (uint32_t)get_le(p + 34, 4),
                        .until = (uint32_t)get_le(p + 38, 4),
                        .values_n = (uint16_t)get_le(p + 44, 2)};
    pattern = (size_t)get_le(p + 42, 2);
    out->pattern = bytes_part(in, ROW_FIXED, pattern);
    if (out->pattern.n != pattern || (out->kind == ROW_SIGHTING && pattern != ROW_SIGHTED))
        return false;
    in = bytes_part(in, ROW_FIXED + pattern, SIZE_MAX);
    values = values_size(in, out->values_n);
    if (values == SIZE_MAX)
        return false;
    out->values = bytes_part(in, 0, values);
    *at += ROW_FIXED + pattern + values;
    return true;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static bool put_row(struct heap *h, const struct row *r, struct err *e)
{
    uint8_t *p;

    if (!heap_room(h, ROW_FIXED + r->pattern.n, e))
        return false;
    p = h->p + h->n;
    p[0] = (uint8_t)r->kind;
    p[1] = r->flags;
    p[2] = (uint8_t)(r->tlp + 1);
    p[3] = (uint8_t)(r->confidence + 1);
    put_le(p + 4, r->log, 2);
    put_le(p + 6, r->act, 4);
    memcpy(p + 10, r->uuid, 16);
    put_le(p + 26, (uint64_t)r->version_us, 8);
    put_le(p + 34, r->from, 4);
    put_le(p + 38, r->until, 4);
    put_le(p + 42, r->pattern.n, 2);
    put_le(p + 44, r->values_n, 2);
    if (r->pattern.n)
        memcpy(p + ROW_FIXED, r->pattern.p, r->pattern.n);
    h->n += ROW_FIXED + r->pattern.n;
    return true;
}

static bool put_value(struct heap *h, enum watch_kind kind, struct bytes value, struct err *e)
{
    uint8_t head[3] = {(uint8_t)kind};

    put_le(head + 1, value.n, 2);
    return heap_put(h, bytes_of(head, sizeof head), e) && heap_put(h, value, e);
}

static bool kind_of(enum indicator_type type, enum watch_kind *out)
{
    static const struct {
        enum indicator_type type;
        enum watch_kind kind;
    } kinds[] = {
        {INDICATOR_IPV4, WATCH_IPV4},     {INDICATOR_IPV4_PREFIX, WATCH_CIDR4},
        {INDICATOR_IPV6, WATCH_IPV6},     {INDICATOR_IPV6_PREFIX, WATCH_CIDR6},
        {INDICATOR_DOMAIN, WATCH_DOMAIN}, {INDICATOR_URL, WATCH_URL},
        {INDICATOR_EMAIL, WATCH_EMAIL},   {INDICATOR_MD5, WATCH_MD5},
        {INDICATOR_SHA1, WATCH_SHA1},     {INDICATOR_SHA256, WATCH_SHA256},
        {INDICATOR_SHA512, WATCH_SHA512},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == type) {
            *out = kinds[i].kind;
            return true;
        }
    return false;
}

static uint32_t seconds_of(int64_t us)
{
    int64_t s = us / 1000000;

    return us == STIX_NO_TIME || s < 0 ? 0 : s > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)s;
}

/* Only "benign": what is said to be malicious as well is looked for. */
static bool says_benign(const struct json *v)
{
    const struct json *types = json_find(v, "indicator_types");

    return json_count(types) == 1 && json_is(json_at(types, 0), "benign");
}

static struct row row_begin(const struct stix_object *o, struct uuid *id, uint16_t log,
                            uint64_t act, int tlp)
{
    struct row r = {.kind = ROW_INDICATOR,
                    .tlp = tlp,
                    .confidence = o->confidence > 100 ? 100 : o->confidence,
                    .log = log,
                    .act = (uint32_t)act,
                    .uuid = id->b,
                    .version_us = o->modified_us != STIX_NO_TIME ? o->modified_us : o->created_us,
                    .from = seconds_of(o->valid_from_us),
                    .until = seconds_of(o->valid_until_us)};

    if (o->valid_until_us != STIX_NO_TIME && r.until == 0)
        r.until = 1; /* long ago */
    return r;
}

static bool put_values(struct lookout *l, struct row *r, const struct indicator *in, size_t n,
                       struct err *e)
{
    size_t at = l->rows.n;
    uint16_t kept = 0;

    if (!put_row(&l->rows, r, e))
        return false;
    for (size_t i = 0; i < n && kept < UINT16_MAX; i++) {
        enum watch_kind kind;
        if (!kind_of(in[i].type, &kind) || in[i].value.n > INDICATOR_VALUE_MAX)
            continue;
        if (!put_value(&l->rows, kind, in[i].value, e))
            return false;
        kept++;
    }
    put_le(l->rows.p + at + 44, kept, 2);
    return true;
}

/* What the pattern looks for. One that does not parse, or is another language's, is kept as a row
 * without values, so that it is counted. */
static bool put_pattern(struct lookout *l, struct row *r, const struct stix_object *o,
                        struct err *e)
{
    const struct pattern *p = NULL;
    struct indicator *in = NULL;
    size_t n = 0;

    if (o->pattern_type.n == 0 || bytes_are(o->pattern_type, "stix"))
        p = pattern_parse(o->pattern, l->arena, NULL);
    if (!p) {
        r->flags |= ROW_IS_OPAQUE;
    } else if (!pattern_indicators(p, l->arena, &in, &n, e)) {
        return false;
    } else if (n == 0 && o->pattern.n <= UINT16_MAX) {
        r->flags |= ROW_IS_COMPOSITE;
        r->pattern = o->pattern;
    }
    return put_values(l, r, in, n, e);
}

static int64_t time_of(const struct json *v, const char *key)
{
    struct bytes text;
    int64_t us;

    return json_as_string(json_find(v, key), &text) && stix_time_parse(text, &us) ? us
                                                                                  : STIX_NO_TIME;
}

/* A sighting of an indicator: how often, first and last. */
static bool put_sighting(struct lookout *l, struct row *r, const struct stix_object *o,
                         struct err *e)
{
    uint8_t about[ROW_SIGHTED];
    struct bytes of = {0}, type;
    struct uuid indicator;
    int64_t count = 1;

    if (!json_as_string(json_find(o->json, "sighting_of_ref"), &of) ||
        !stix_id_parse(of, &type, &indicator) || !bytes_are(type, "indicator"))
        return true;
    json_as_integer(json_find(o->json, "count"), &count);
    put_le(about, count > 0 ? (uint64_t)count : 0, 8);
    memcpy(about + 8, indicator.b, 16);
    r->kind = ROW_SIGHTING;
    r->pattern = bytes_of(about, sizeof about);
    r->from = seconds_of(time_of(o->json, "first_seen"));
    r->until = seconds_of(time_of(o->json, "last_seen"));
    r->flags |= o->revoked ? ROW_IS_REVOKED : 0;
    return put_row(&l->rows, r, e);
}

bool row_of_object(struct lookout *l, uint16_t log, uint64_t act, int tlp, struct bytes object,
                   struct err *e)
{
    struct arena_mark m = arena_mark(l->arena);
    const struct json *v;
    struct stix_object o;
    struct uuid id;
    struct row r;
    bool ok = true;

    v = json_parse_canonical(object, l->arena, NULL);
    if (v && stix_read(v, &o, NULL) && stix_id_parse(o.id, NULL, &id)) {
        r = row_begin(&o, &id, log, act, tlp);
        if (bytes_are(o.type, "sighting"))
            ok = put_sighting(l, &r, &o, e);
        r.flags |= (o.revoked ? ROW_IS_REVOKED : 0) | (says_benign(v) ? ROW_IS_BENIGN : 0);
        if (bytes_are(o.type, "indicator"))
            ok = put_pattern(l, &r, &o, e);
    }
    arena_reset(l->arena, m);
    return ok;
}

bool row_of_item(struct lookout *l, uint16_t log, uint64_t line, const struct stix_item *item,
                 struct err *e)
{
    struct arena_mark m = arena_mark(l->arena);
    const struct stix_object *o = &item->object;
    struct uuid id;
    struct row r;
    bool ok;

    if (!bytes_are(o->type, "indicator") || !stix_id_parse(o->id, NULL, &id))
        return true;
    r = row_begin(o, &id, log, line, (int)item->tlp - 1);
    if (item->made) {
        r.from = 0;
        ok = put_values(l, &r, &item->indicator, 1, e);
    } else {
        r.flags |= (o->revoked ? ROW_IS_REVOKED : 0) | (says_benign(o->json) ? ROW_IS_BENIGN : 0);
        ok = put_pattern(l, &r, o, e);
    }
    arena_reset(l->arena, m);
    return ok;
}

bool row_of_revocation(struct lookout *l, uint16_t log, uint64_t act, struct bytes id,
                       struct err *e)
{
    struct bytes type;
    struct uuid uuid;
    struct row r = {.kind = ROW_REVOKED, .tlp = -1, .confidence = -1, .log = log};

    if (!stix_id_parse(id, &type, &uuid) ||
        (!bytes_are(type, "indicator") && !bytes_are(type, "sighting")))
        return true;
    r.act = (uint32_t)act;
    r.uuid = uuid.b;
    return put_row(&l->rows, &r, e);
}
