/* STIX: a bundle, an envelope, a list, or one object; object by object. */
#include "stix/import_impl.h"

/* Behind the list: the rest of the object it is a member of, and then nothing. */
static bool finish(struct stix_import *im, struct err *e)
{
    bool more = im->wrapped;
    struct bytes key;
    uint8_t c;

    if (more && !walk_next(&im->in, '}', &more, e))
        return false;
    while (more) {
        arena_reset(im->arena, im->empty);
        if (!walk_key(&im->in, im->arena, &key, e))
            return false;
        if (bytes_are(key, "objects"))
            return walk_fail(&im->in, "\"objects\" stands twice", e);
        if (!walk_skip(&im->in, im->arena, e) || !walk_next(&im->in, '}', &more, e))
            return false;
    }
    if (!walk_peek(&im->in, &c, e))
        return false;
    return im->in.from == im->in.to || walk_fail(&im->in, "something stands behind the end", e);
}

static bool refuse(struct stix_import *im, const struct json_origin *at, const struct err *why)
{
    im->counts.refused++;
    stix_warn(&im->warnings, STIX_W_REFUSED, "line %zu: %s", at->line, why->text);
    return true;
}

/* One object's bytes: parsed, checked, made canonical. *out stays empty if it is refused. */
static bool take(struct stix_import *im, struct bytes raw, const struct json_origin *at,
                 struct stix_item *out, struct err *e)
{
    struct err why = {0};
    const struct json *v = json_parse_part(raw, at, im->arena, &why);

    if (!v || !stix_check(v, im->arena, &im->warnings, &out->object, &why)) {
        if (why.code == ERR_INPUT || why.code == ERR_LIMIT)
            return refuse(im, at, &why);
        return err_pass(e, &why);
    }
    if (im->how.markings && !stix_markings_learn(im->how.markings, &out->object, e))
        return false;
    out->tlp = stix_markings_tlp(im->how.markings, &out->object, &out->unknown_markings);
    out->line = at->line;
    return json_print(v, im->arena, &out->bytes, e);
}

static bool element(struct stix_import *im, struct stix_item *out, struct err *e)
{
    struct json_origin at;
    struct bytes raw;
    char where[48] = "";

    if (!walk_value(&im->in, &raw, &at, e))
        return false;
    if (im->listed)
        snprintf(where, sizeof where, "%s/%llu", im->wrapped ? "/objects" : "",
                 (unsigned long long)im->index++);
    at.where = where;
    return take(im, raw, &at, out, e);
}

/* Is there another object? */
static bool another(struct stix_import *im, bool *more, struct err *e)
{
    uint8_t c;

    if (!im->listed) {
        *more = im->index++ == 0;
        return true;
    }
    if (im->index)
        return walk_next(&im->in, ']', more, e);
    if (!walk_peek(&im->in, &c, e))
        return false;
    *more = c != ']';
    if (!*more)
        stream_take(&im->in, 1);
    return true;
}

bool import_stix_next(struct stix_import *im, struct stix_item *out, bool *end, struct err *e)
{
    bool more;

    while (!out->bytes.n) {
        if (!another(im, &more, e))
            return false;
        if (!more)
            return *end = true, finish(im, e);
        arena_reset(im->arena, im->empty);
        if (!element(im, out, e))
            return false;
    }
    return true;
}
