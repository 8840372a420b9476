/* A look at an object's top level: its id, its type and its TLP, for the policy gate.
 *
 * What is accepted here is what the stix module would accept, with the same id, type and marking:
 * an object that reads one way to the gate and another way to everybody else would pass it. So the
 * quick walk takes only plain canonical JSON (no escapes, ASCII, whole numbers, keys in order, the
 * members that matter in their plainest form) and leaves everything else to the parser. */
#include "record/record_impl.h"
#include "stix/stix.h"

#define PLAIN_DEPTH 16 /* deeper ones are rare, and the parser's own limit is its own to judge */

struct look {
    struct bytes id, type, created, modified;
    int tlp;
};

/* ---- the quick walk: each gives the place behind what stands at `at`, or 0 if it is not plain */

static size_t plain_value(struct bytes o, size_t at, unsigned depth);

static size_t plain_string(struct bytes o, size_t at)
{
    for (at++; at < o.n; at++) {
        uint8_t c = o.p[at];
        if (c == '"')
            return at + 1;
        if (c < 0x20 || c >= 0x7f || c == '\\')
            return 0;
    }
    return 0;
}

static size_t plain_number(struct bytes o, size_t at)
{
    size_t from = at + (o.p[at] == '-'), end = from;

    while (end < o.n && o.p[end] >= '0' && o.p[end] <= '9')
        end++;
    if (end == from || end - from > 15 || (o.p[from] == '0' && (end - from > 1 || from > at)))
        return 0;
    return end < o.n && (o.p[end] == '.' || o.p[end] == 'e' || o.p[end] == 'E') ? 0 : end;
}

static size_t plain_word(struct bytes o, size_t at, const char *word)
{
    size_t n = strlen(word);

    return bytes_are(bytes_part(o, at, n), word) ? at + n : 0;
}

static size_t plain_array(struct bytes o, size_t at, unsigned depth)
{
    if (++at < o.n && o.p[at] == ']')
        return at + 1;
    for (;;) {
        size_t end = plain_value(o, at, depth);
        if (!end || end >= o.n || (o.p[end] != ',' && o.p[end] != ']'))
            return 0;
        at = end + 1;
        if (o.p[end] == ']')
            return at;
    }
}

/* The key that stands at `at`, and where its value begins; it must come behind `before`. */
static size_t plain_key(struct bytes o, size_t at, struct bytes *before)
{
    size_t colon = at < o.n && o.p[at] == '"' ? plain_string(o, at) : 0;
    struct bytes key;

    if (!colon || colon >= o.n || o.p[colon] != ':')
        return 0;
    key = bytes_part(o, at + 1, colon - at - 2);
    if (before->p && bytes_compare(*before, key) >= 0)
        return 0; /* once, and in the order of code units: for ASCII that of bytes */
    *before = key;
    return colon + 1;
}

static size_t plain_object(struct bytes o, size_t at, unsigned depth)
{
    struct bytes key = {0};

    if (++at < o.n && o.p[at] == '}')
        return at + 1;
    for (;;) {
        size_t value = plain_key(o, at, &key), end = value ? plain_value(o, value, depth) : 0;
        if (!end || end >= o.n || (o.p[end] != ',' && o.p[end] != '}'))
            return 0;
        at = end + 1;
        if (o.p[end] == '}')
            return at;
    }
}

static size_t plain_value(struct bytes o, size_t at, unsigned depth)
{
    if (at >= o.n || depth == PLAIN_DEPTH)
        return 0;
    switch (o.p[at]) {
    case '"':
        return plain_string(o, at);
    case '{':
        return plain_object(o, at, depth + 1);
    case '[':
        return plain_array(o, at, depth + 1);
    case 't':
        return plain_word(o, at, "true");
    case 'f':
        return plain_word(o, at, "false");
    case 'n':
        return plain_word(o, at, "null");
    default:
        return plain_number(o, at);
    }
}

/* ---- the members that matter ---- */

static bool text_of(struct bytes value, struct bytes *out)
{
    *out = bytes_part(value, 1, value.n - 2);
    return value.p[0] == '"';
}

static bool is_time(struct bytes value)
{
    struct bytes text;
    int64_t us;

    return text_of(value, &text) && stix_time_parse(text, &us);
}

/* The next string of a plain array of strings. False at the end, or with *odd if it is none. */
static bool next_string(struct bytes *rest, struct bytes *out, bool *odd)
{
    size_t end;

    if (rest->n < 2) /* its last bracket */
        return false;
    if (rest->p[1] != '"') {
        *odd = true;
        return false;
    }
    end = plain_string(*rest, 1);
    *out = bytes_part(*rest, 2, end - 3);
    *rest = bytes_part(*rest, end, SIZE_MAX);
    return true;
}

static bool look_at_markings(struct look *l, struct bytes value)
{
    bool odd = value.p[0] != '[';
    struct bytes ref;

    if (bytes_are(value, "[]"))
        return true;
    while (!odd && next_string(&value, &ref, &odd)) {
        int rank = (int)stix_tlp_of_id(ref) - (int)STIX_TLP_CLEAR;
        if (rank > l->tlp)
            l->tlp = rank;
    }
    return !odd;
}

/* A label may be a TLP by its words: then the parser looks. */
static bool no_tlp_label(struct bytes value)
{
    bool odd = value.p[0] != '[';
    struct bytes label;

    if (bytes_are(value, "[]"))
        return true;
    while (!odd && next_string(&value, &label, &odd))
        odd = label.n >= 4 && (label.p[0] | 0x20) == 't' && label.p[3] == ':';
    return !odd;
}

/* False: the parser must look at this. */
static bool look_at(struct look *l, struct bytes key, struct bytes value)
{
    if (bytes_are(key, "id"))
        return text_of(value, &l->id);
    if (bytes_are(key, "type"))
        return text_of(value, &l->type);
    if (bytes_are(key, "created"))
        return is_time(value) && text_of(value, &l->created);
    if (bytes_are(key, "modified"))
        return is_time(value) && text_of(value, &l->modified);
    if (bytes_are(key, "valid_from") || bytes_are(key, "valid_until"))
        return is_time(value);
    if (bytes_are(key, "object_marking_refs"))
        return look_at_markings(l, value);
    if (bytes_are(key, "labels"))
        return no_tlp_label(value);
    return !bytes_are(key, "granular_markings") && !bytes_are(key, "revoked");
}

static bool look_quickly(struct bytes o, struct look *l)
{
    struct bytes key = {0};
    size_t at = 1;

    if (o.n < 2 || o.p[0] != '{')
        return false;
    for (;;) {
        size_t value = plain_key(o, at, &key), end = value ? plain_value(o, value, 1) : 0;
        if (!end || end >= o.n || !look_at(l, key, bytes_part(o, value, end - value)))
            return false;
        if (o.p[end] == '}')
            return end + 1 == o.n;
        if (o.p[end] != ',')
            return false;
        at = end + 1;
    }
}

/* Is the id a type, two hyphens and a UUID, and has it the times by which versions are told? */
static bool is_whole(const struct look *l)
{
    struct bytes prefix;

    return l->created.n && l->modified.n && !bytes_are(l->type, "bundle") &&
           stix_id_parse(l->id, &prefix, NULL) && bytes_equal(prefix, l->type);
}

/* ---- the parser's look ---- */

static bool within(struct bytes o, struct bytes part)
{
    return part.p >= o.p && part.n <= o.n && (size_t)(part.p - o.p) <= o.n - part.n;
}

static bool look_wholly(struct bytes o, struct look *l, struct err *e)
{
    struct arena *a = arena_new(o.n * 24 + ((size_t)1 << 20));
    const struct json *v = NULL;
    struct stix_object s;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && (v = json_parse_canonical(o, a, e)) && stix_read(v, &s, e);
    if (ok) { /* neither holds anything that is escaped, so both are views of the object */
        *l = (struct look){.id = s.id, .type = s.type, .tlp = (int)s.tlp - (int)STIX_TLP_CLEAR};
        ok = (within(o, s.id) && within(o, s.type)) ||
             err_fail(e, ERR_INPUT, "its id is not in its plain spelling");
    }
    arena_free(a);
    return ok || err_within(e, "not a canonical STIX object");
}

bool object_peek(struct bytes o, struct bytes *id, struct bytes *type, int *tlp, struct err *e)
{
    struct look l = {.tlp = -1};

    if (o.n > LIMIT_PAYLOAD_BYTES)
        return err_fail(e, ERR_LIMIT, "an object of more than %zu bytes", LIMIT_PAYLOAD_BYTES);
    if ((!look_quickly(o, &l) || !is_whole(&l)) && !look_wholly(o, &l, e))
        return false;
    *id = l.id;
    *type = l.type;
    *tlp = l.tlp;
    return true;
}
