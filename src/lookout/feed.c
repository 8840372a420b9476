/* feed: events of MISP's core format, one for each party and agreement. */
#include "lookout/feed.h"
#include "base/buf.h"
#include "base/text.h"
#include "lookout/lookout_impl.h"

#include <stdlib.h>

#define ATTRIBUTES_MOST 4000000

struct event {
    struct event *next;
    struct bytes agreement, slug;
    char uuid[37];
    struct buf attributes;
    uint64_t n;
    int64_t newest; /* seconds */
    int tlp;
};

struct feed {
    const struct feed_options *o;
    struct arena *arena;
    struct event *first, **last;
    struct err e;
};

static void make_uuid(const struct uuid *space, char out[37], struct bytes a, struct bytes b)
{
    uint8_t name[512];
    struct uuid id;
    size_t n = 0;

    a = bytes_part(a, 0, sizeof name / 2);
    b = bytes_part(b, 0, sizeof name / 2);
    if (a.n)
        memcpy(name, a.p, a.n);
    n = a.n;
    if (b.n)
        memcpy(name + n, b.p, b.n);
    uuid_v5(space, bytes_of(name, n + b.n), &id);
    uuid_print(out, &id);
    out[36] = '\0';
}

static struct event *event_of(struct feed *f, const struct lookout_indicator *in)
{
    struct event *v = f->first;

    while (v && (!bytes_equal(v->agreement, in->agreement) || !bytes_equal(v->slug, in->slug)))
        v = v->next;
    if (v)
        return v;
    v = arena_get(f->arena, sizeof *v, &f->e);
    if (!v)
        return NULL;
    v->agreement = in->agreement;
    v->slug = in->slug;
    v->attributes = buf_in(f->arena);
    v->tlp = -1;
    make_uuid(&f->o->id, v->uuid, in->agreement, in->slug);
    *f->last = v;
    f->last = &v->next;
    return v;
}

/* ---- attributes
 * ----------------------------------------------------------------------------------- */

static const char *type_of(enum watch_kind kind)
{
    switch (kind) {
    case WATCH_IPV4:
    case WATCH_CIDR4:
    case WATCH_IPV6:
    case WATCH_CIDR6:
        return "ip-dst";
    case WATCH_DOMAIN:
        return "domain";
    case WATCH_URL:
        return "url";
    case WATCH_EMAIL:
        return "email-src";
    case WATCH_MD5:
        return "md5";
    case WATCH_SHA1:
        return "sha1";
    case WATCH_SHA256:
        return "sha256";
    case WATCH_SHA512:
        return "sha512";
    }
    return "text";
}

static void put_json(struct buf *b, struct bytes text)
{
    buf_byte(b, '"');
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '"' || c == '\\')
            buf_byte(b, '\\');
        if (c < 0x20 || c == 0x7f)
            buf_format(b, "\\u%04x", c);
        else
            buf_byte(b, c);
    }
    buf_byte(b, '"');
}

static void put_attribute(struct event *v, const struct lookout_indicator *in, size_t i,
                          int64_t seconds)
{
    struct buf *b = &v->attributes;
    enum watch_kind kind = in->value[i].kind;
    bool network = kind <= WATCH_URL;
    struct uuid own;
    char uuid[37];

    memcpy(own.b, in->uuid, sizeof own.b);
    uuid_print(uuid, &own);
    uuid[36] = '\0';
    if (i)
        make_uuid(&own, uuid, in->value[i].value, BYTES(""));
    buf_format(b,
               "%s{\"uuid\":\"%s\",\"type\":\"%s\",\"category\":\"%s\",\"to_ids\":true,"
               "\"distribution\":\"5\",\"timestamp\":\"%lld\",\"comment\":\"\",\"value\":",
               v->n ? "," : "", uuid, type_of(kind),
               network ? "Network activity" : "Payload delivery", (long long)seconds);
    put_json(b, in->value[i].value);
    buf_byte(b, '}');
    v->n++;
}

static bool add(void *self, const struct lookout_indicator *in, struct err *e)
{
    struct feed *f = self;
    struct event *v = event_of(f, in);
    int64_t seconds = in->modified_us > 0 ? in->modified_us / 1000000 : 0;

    if (!v) {
        *e = f->e;
        return false;
    }
    for (size_t i = 0; i < in->values; i++)
        put_attribute(v, in, i, seconds);
    if (seconds > v->newest)
        v->newest = seconds;
    if (in->tlp > v->tlp)
        v->tlp = in->tlp;
    return v->n < ATTRIBUTES_MOST ||
           err_fail(e, ERR_LIMIT, "an event of more than %d attributes", ATTRIBUTES_MOST);
}

/* ---- files
 * ---------------------------------------------------------------------------------------------- */

static void put_about(struct buf *b, const struct feed *f, const struct event *v)
{
    char orgc[37], date[TIME_TEXT_MAX];

    uuid_print(orgc, &f->o->id);
    orgc[36] = '\0';
    time_print(date, v->newest);
    buf_puts(b, "\"Orgc\":{\"name\":");
    put_json(b, f->o->party);
    buf_format(b,
               ",\"uuid\":\"%s\"},\"Tag\":[{\"name\":\"tlp:%s\",\"colour\":\"#ffffff\"}],"
               "\"analysis\":\"2\",\"threat_level_id\":\"4\",\"date\":\"%.10s\","
               "\"timestamp\":\"%lld\",\"info\":",
               orgc, v->tlp < 0 ? "red" : tlp_word(v->tlp), date, (long long)v->newest);
    buf_format(b, "\"indicators shared by %.*s under agreement %.*s\"", BYTES_FMT(v->slug),
               BYTES_FMT(bytes_part(v->agreement, 0, 8)));
}

static bool add_file(struct feed *f, struct feed_file ***end, const char *name, struct buf *b,
                     struct err *e)
{
    struct feed_file *file = arena_get(f->arena, sizeof *file, e);

    if (!file || !buf_end(b, &file->text, e))
        return false;
    file->name = name;
    **end = file;
    *end = &file->next;
    return true;
}

static bool write_events(struct feed *f, struct feed_file ***end, struct err *e)
{
    for (struct event *v = f->first; v; v = v->next) {
        struct buf b = buf_in(f->arena);
        struct bytes attributes;
        const char *name = arena_format(f->arena, e, "%s.json", v->uuid);
        if (!name || !buf_end(&v->attributes, &attributes, e))
            return false;
        buf_format(&b, "{\"Event\":{\"uuid\":\"%s\",\"published\":true,", v->uuid);
        put_about(&b, f, v);
        buf_puts(&b, ",\"Attribute\":[");
        buf_put(&b, attributes);
        buf_puts(&b, "]}}\n");
        if (!add_file(f, end, name, &b, e))
            return false;
    }
    return true;
}

static bool write_manifest(struct feed *f, struct feed_file ***end, struct err *e)
{
    struct buf b = buf_in(f->arena);

    buf_puts(&b, "{");
    for (struct event *v = f->first; v; v = v->next) {
        buf_format(&b, "%s\n\"%s\":{", v == f->first ? "" : ",", v->uuid);
        put_about(&b, f, v);
        buf_puts(&b, "}");
    }
    buf_puts(&b, "\n}\n");
    return add_file(f, end, "manifest.json", &b, e);
}

bool feed_misp(struct lookout *l, const struct lookout_policy *p, const struct feed_options *o,
               struct arena *a, struct feed_file **files, struct lookout_report *report,
               struct err *e)
{
    struct feed f = {.o = o, .arena = a};

    f.last = &f.first;
    *files = NULL;
    return lookout_each(l, p, false, add, &f, report, e) && write_events(&f, &files, e) &&
           write_manifest(&f, &files, e);
}
