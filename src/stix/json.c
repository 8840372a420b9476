/* Reading values. */
#include "stix/json_impl.h"

#include "base/text.h"

#include <math.h>

#define WHOLE_MOST                                                                                 \
    9007199254740992.0 /* 2^53: to here every whole double is an integer of its own */

enum json_type json_type(const struct json *v)
{
    return v ? (enum json_type)v->type : JSON_NONE;
}

const char *json_type_name(enum json_type t)
{
    static const char *const names[] = {"nothing",  "null",     "true or false", "a number",
                                        "a string", "an array", "an object"};
    return (unsigned)t < sizeof names / sizeof *names ? names[t] : "nothing";
}

bool json_member_index(const struct json *v, struct bytes key, uint32_t *at)
{
    uint32_t lo = 0, hi = v->n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        const struct json_member *m = &v->members[mid];
        int c = json_key_order(bytes_of(m->key, m->n), key);
        if (c == 0) {
            *at = mid;
            return true;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *at = lo;
    return false;
}

const struct json *json_find_bytes(const struct json *v, struct bytes key)
{
    uint32_t at;

    if (json_type(v) != JSON_OBJECT || !json_member_index(v, key, &at))
        return NULL;
    return v->members[at].value;
}

const struct json *json_find(const struct json *v, const char *key)
{
    return json_find_bytes(v, bytes_text(key));
}

size_t json_count(const struct json *v)
{
    enum json_type t = json_type(v);
    return t == JSON_OBJECT || t == JSON_ARRAY ? v->n : 0;
}

const struct json *json_at(const struct json *v, size_t i)
{
    return json_type(v) == JSON_ARRAY && i < v->n ? v->items[i] : NULL;
}

const struct json *json_member(const struct json *v, size_t i, struct bytes *key)
{
    if (json_type(v) != JSON_OBJECT || i >= v->n)
        return NULL;
    if (key)
        *key = bytes_of(v->members[i].key, v->members[i].n);
    return v->members[i].value;
}

bool json_as_string(const struct json *v, struct bytes *out)
{
    if (json_type(v) != JSON_STRING)
        return false;
    *out = bytes_of(v->text, v->n);
    return true;
}

bool json_as_number(const struct json *v, double *out)
{
    if (json_type(v) != JSON_NUMBER)
        return false;
    *out = v->number;
    return true;
}

bool json_as_bool(const struct json *v, bool *out)
{
    if (json_type(v) != JSON_BOOL)
        return false;
    *out = v->flag;
    return true;
}

bool json_as_integer(const struct json *v, int64_t *out)
{
    if (json_type(v) != JSON_NUMBER || !(fabs(v->number) <= WHOLE_MOST) ||
        floor(v->number) != v->number)
        return false;
    *out = (int64_t)v->number;
    return true;
}

bool json_is(const struct json *v, const char *text)
{
    struct bytes have;
    return json_as_string(v, &have) && bytes_are(have, text);
}

/* ---- members that must be there ------------------------------------------------------- */

static bool wrong(const struct json *v, const char *key, const char *what, struct err *e)
{
    const struct json *m = json_find(v, key);

    if (v && json_type(v) != JSON_OBJECT)
        return err_fail(e, ERR_INPUT, "expected an object, not %s", json_type_name(json_type(v)));
    if (!m)
        return err_fail(e, ERR_INPUT, "\"%s\" is missing", key);
    return err_fail(e, ERR_INPUT, "\"%s\" must be %s, not %s", key, what,
                    json_type_name(json_type(m)));
}

bool json_get_string(const struct json *v, const char *key, struct bytes *out, struct err *e)
{
    return json_as_string(json_find(v, key), out) || wrong(v, key, "a string", e);
}

bool json_get_number(const struct json *v, const char *key, double *out, struct err *e)
{
    return json_as_number(json_find(v, key), out) || wrong(v, key, "a number", e);
}

bool json_get_integer(const struct json *v, const char *key, int64_t *out, struct err *e)
{
    const struct json *m = json_find(v, key);

    if (json_as_integer(m, out))
        return true;
    if (json_type(m) == JSON_NUMBER)
        return err_fail(e, ERR_INPUT, "\"%s\" must be a whole number", key);
    return wrong(v, key, "a whole number", e);
}

bool json_get_bool(const struct json *v, const char *key, bool *out, struct err *e)
{
    return json_as_bool(json_find(v, key), out) || wrong(v, key, "true or false", e);
}

static bool get_type(const struct json *v, const char *key, enum json_type t,
                     const struct json **out, struct err *e)
{
    const struct json *m = json_find(v, key);

    if (json_type(m) != t)
        return wrong(v, key, json_type_name(t), e);
    *out = m;
    return true;
}

bool json_get_array(const struct json *v, const char *key, const struct json **out, struct err *e)
{
    return get_type(v, key, JSON_ARRAY, out, e);
}

bool json_get_object(const struct json *v, const char *key, const struct json **out, struct err *e)
{
    return get_type(v, key, JSON_OBJECT, out, e);
}

static bool is_listed(struct bytes key, const char *const *keys)
{
    for (; *keys; keys++)
        if (bytes_are(key, *keys))
            return true;
    return false;
}

bool json_only(const struct json *v, const char *const *keys, struct err *e)
{
    struct bytes key;

    for (size_t i = 0; i < json_count(v) && json_member(v, i, &key); i++)
        if (!is_listed(key, keys))
            return err_fail(e, ERR_INPUT, "\"%.*s\" is not known here",
                            key.n < 80 ? (int)key.n : 80, (const char *)key.p);
    return true;
}

/* ---- pointers ------------------------------------------------------------------------- */

#define TOKEN_MAX 256 /* bytes of one step of a pointer: they are ours, and short */

/* Cut the next step off *pointer ("/a~1b/c" gives "a/b"); false at the end or if malformed. */
static bool next_token(const char **pointer, char token[TOKEN_MAX], struct bytes *out)
{
    const char *p = *pointer;
    size_t n = 0;

    if (*p++ != '/')
        return false;
    for (; *p && *p != '/' && n < TOKEN_MAX; p++) {
        char c = *p;
        if (c == '~') {
            p++;
            if (*p != '0' && *p != '1')
                return false;
            c = *p == '1' ? '/' : '~';
        }
        token[n++] = c;
    }
    *pointer = p;
    *out = bytes_of(token, n);
    return n < TOKEN_MAX;
}

/* One step down; *at becomes the offset of the value, or of its key. */
static const struct json *step(const struct json *v, struct bytes token, size_t *at)
{
    const struct json *next;
    uint64_t index;
    uint32_t i;

    if (json_type(v) == JSON_OBJECT && json_member_index(v, token, &i)) {
        *at = v->members[i].at;
        return v->members[i].value;
    }
    if (json_type(v) != JSON_ARRAY || !decimal_parse(token, &index))
        return NULL;
    next = json_at(v, index < SIZE_MAX ? (size_t)index : SIZE_MAX);
    if (next)
        *at = next->at;
    return next;
}

/* Follow the pointer as far as it leads. */
static const struct json *follow(const struct json *v, const char *pointer, size_t *at)
{
    char token[TOKEN_MAX];
    struct bytes t;

    while (v && *pointer) {
        if (!next_token(&pointer, token, &t))
            return NULL;
        v = step(v, t, at);
    }
    return v;
}

const struct json *json_point(const struct json *v, const char *pointer)
{
    size_t at = 0;
    return follow(v, pointer, &at);
}

size_t json_line_of(struct bytes text, const char *pointer)
{
    /* A value takes at most 48 bytes, and at least one byte of text. */
    struct arena *a = arena_new(text.n > SIZE_MAX / 64 ? SIZE_MAX : text.n * 64 + 4096);
    const struct json *v = a ? json_parse(text, a, NULL) : NULL;
    size_t line = v ? 1 : 0, at = 0;

    if (v) {
        at = v->at;
        follow(v, pointer, &at);
    }
    for (size_t i = 0; i < at; i++)
        line += text.p[i] == '\n';
    arena_free(a);
    return line;
}
