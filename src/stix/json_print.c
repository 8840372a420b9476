/* Printing: RFC 8785. Two walks over the value: one counts the bytes, one writes them. */
#include "base/limits.h"
#include "stix/json_impl.h"

struct sink {
    uint8_t *p; /* NULL in the walk that counts */
    size_t n;
    int indent; /* -1: canonical */
    bool deep;  /* over the limit: made by hand, since no parser lets it in */
};

static void put(struct sink *s, const void *what, size_t n)
{
    if (s->p && n)
        memcpy(s->p + s->n, what, n);
    s->n += n;
}

static void put_byte(struct sink *s, char c)
{
    if (s->p)
        s->p[s->n] = (uint8_t)c;
    s->n++;
}

static void put_escape(struct sink *s, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "btn\0fr"; /* 8 to 13 */
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    if (c == '"' || c == '\\') {
        text[1] = (char)c;
        put(s, text, 2);
    } else if (c >= 8 && c <= 13 && named[c - 8]) {
        text[1] = named[c - 8];
        put(s, text, 2);
    } else {
        put(s, text, 6);
    }
}

static bool needs_escape(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static void put_string(struct sink *s, const uint8_t *p, size_t n, bool plain)
{
    size_t from = 0;

    put_byte(s, '"');
    for (size_t i = 0; !plain && i < n; i++) {
        if (!needs_escape(p[i]))
            continue;
        put(s, p + from, i - from);
        put_escape(s, p[i]);
        from = i + 1;
    }
    put(s, p + from, n - from);
    put_byte(s, '"');
}

static void put_line(struct sink *s, int depth)
{
    if (s->indent < 0)
        return;
    put_byte(s, '\n');
    for (int i = 0; i < depth * s->indent; i++)
        put_byte(s, ' ');
}

static void put_value(struct sink *s, const struct json *v, int depth);

static void put_array(struct sink *s, const struct json *v, int depth)
{
    put_byte(s, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            put_byte(s, ',');
        put_line(s, depth + 1);
        put_value(s, v->items[i], depth + 1);
    }
    if (v->n)
        put_line(s, depth);
    put_byte(s, ']');
}

static bool key_is_plain(const struct json_member *m)
{
    return json_plain_run(m->key, m->n) == m->n;
}

static void put_object(struct sink *s, const struct json *v, int depth)
{
    put_byte(s, '{');
    for (uint32_t i = 0; i < v->n; i++) {
        const struct json_member *m = &v->members[i];
        if (i)
            put_byte(s, ',');
        put_line(s, depth + 1);
        put_string(s, m->key, m->n, key_is_plain(m));
        put(s, ": ", s->indent < 0 ? 0 : 2);
        if (s->indent < 0)
            put_byte(s, ':');
        put_value(s, m->value, depth + 1);
    }
    if (v->n)
        put_line(s, depth);
    put_byte(s, '}');
}

static void put_number(struct sink *s, double v)
{
    char text[JSON_NUMBER_MAX];
    put(s, text, json_number_print(text, v));
}

static void put_value(struct sink *s, const struct json *v, int depth)
{
    if (depth > LIMIT_JSON_DEPTH) {
        s->deep = true;
        return;
    }
    switch ((enum json_type)v->type) {
    case JSON_STRING:
        put_string(s, v->text, v->n, v->flag);
        break;
    case JSON_NUMBER:
        put_number(s, v->number);
        break;
    case JSON_ARRAY:
        put_array(s, v, depth);
        break;
    case JSON_OBJECT:
        put_object(s, v, depth);
        break;
    case JSON_BOOL:
        put(s, v->flag ? "true" : "false", v->flag ? 4 : 5);
        break;
    case JSON_NONE:
    case JSON_NULL:
        put(s, "null", 4);
        break;
    }
}

static bool print(const struct json *v, int indent, struct arena *a, struct bytes *out,
                  struct err *e)
{
    struct sink s = {.indent = indent};
    size_t end = indent >= 0;

    put_value(&s, v, 0);
    if (s.deep)
        return err_fail(e, ERR_LIMIT, "JSON deeper than %d levels", LIMIT_JSON_DEPTH);
    s.p = arena_get(a, s.n + end, e);
    if (!s.p)
        return false;
    s.n = 0;
    put_value(&s, v, 0);
    if (end)
        put_byte(&s, '\n');
    *out = bytes_of(s.p, s.n);
    return true;
}

bool json_print(const struct json *v, struct arena *a, struct bytes *out, struct err *e)
{
    return print(v, -1, a, out, e);
}

bool json_print_pretty(const struct json *v, struct arena *a, struct bytes *out, struct err *e)
{
    return print(v, 2, a, out, e);
}

bool json_canonical(struct bytes text, struct arena *a, struct bytes *out, struct err *e)
{
    const struct json *v = json_parse(text, a, e);
    return v && json_print(v, a, out, e);
}

const struct json *json_parse_canonical(struct bytes text, struct arena *a, struct err *e)
{
    const struct json *v = json_parse(text, a, e);
    struct bytes canon;
    size_t at = 0;

    if (!v || !json_print(v, a, &canon, e))
        return NULL;
    if (bytes_equal(canon, text))
        return v;
    while (at < canon.n && at < text.n && canon.p[at] == text.p[at])
        at++;
    err_fail(e, ERR_INPUT, "not canonical JSON (RFC 8785) from byte %zu on", at);
    return NULL;
}
