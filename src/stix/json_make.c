/* Making values. */
#include "base/limits.h"
#include "base/text.h"
#include "stix/json_impl.h"

#include <assert.h>
#include <math.h>

struct json_maker json_maker(struct arena *a)
{
    return (struct json_maker){.arena = a};
}

static struct json *make(struct json_maker *m, enum json_type type)
{
    struct json *v = m->e.code ? NULL : arena_get(m->arena, sizeof *v, &m->e);

    if (v)
        v->type = (uint8_t)type;
    return v;
}

struct json *json_new_object(struct json_maker *m)
{
    return make(m, JSON_OBJECT);
}

struct json *json_new_array(struct json_maker *m)
{
    return make(m, JSON_ARRAY);
}

struct json *json_new_null(struct json_maker *m)
{
    return make(m, JSON_NULL);
}

struct json *json_new_bool(struct json_maker *m, bool value)
{
    struct json *v = make(m, JSON_BOOL);

    if (v)
        v->flag = value;
    return v;
}

static bool text_fits(struct json_maker *m, struct bytes text)
{
    if (text.n > LIMIT_PAYLOAD_BYTES)
        return err_fail(&m->e, ERR_LIMIT, "a string of %zu bytes, more than %zu", text.n,
                        LIMIT_PAYLOAD_BYTES);
    return utf8_valid(text) || err_fail(&m->e, ERR_INPUT, "text that is not valid UTF-8");
}

struct json *json_new_string(struct json_maker *m, struct bytes text)
{
    struct json *v = make(m, JSON_STRING);

    if (!v || !text_fits(m, text))
        return NULL;
    v->text = text.p;
    v->n = (uint32_t)text.n;
    return v;
}

struct json *json_new_number(struct json_maker *m, double value)
{
    struct json *v = make(m, JSON_NUMBER);

    if (!v)
        return NULL;
    if (!isfinite(value)) {
        err_fail(&m->e, ERR_INPUT, "JSON has no number that is not finite");
        return NULL;
    }
    v->number = value;
    return v;
}

struct json *json_new_integer(struct json_maker *m, int64_t value)
{
    if (!m->e.code && (value > (INT64_C(1) << 53) || value < -(INT64_C(1) << 53))) {
        err_fail(&m->e, ERR_INPUT, "%lld is beyond 2^53, which JSON cannot hold exactly",
                 (long long)value);
        return NULL;
    }
    return json_new_number(m, (double)value);
}

/* Room for one more child of `size` bytes each. */
static bool grow(struct json_maker *m, struct json *v, void **children, size_t size)
{
    uint32_t room = v->room ? v->room * 2 : 8;
    void *more;

    if (v->n < v->room)
        return true;
    if (v->n > UINT32_MAX / 4)
        return err_fail(&m->e, ERR_LIMIT, "too many members for one JSON value");
    more = arena_get_array(m->arena, room, size, &m->e);
    if (!more)
        return false;
    if (v->n)
        memcpy(more, *children, v->n * size);
    *children = more;
    v->room = room;
    return true;
}

static bool grow_members(struct json_maker *m, struct json *v)
{
    void *p = v->members;
    bool ok = grow(m, v, &p, sizeof *v->members);

    v->members = p;
    return ok;
}

static bool grow_items(struct json_maker *m, struct json *v)
{
    void *p = v->items;
    bool ok = grow(m, v, &p, sizeof *v->items);

    v->items = p;
    return ok;
}

struct json *json_clone(struct json_maker *m, const struct json *v)
{
    struct json *copy = v ? make(m, (enum json_type)v->type) : NULL;
    size_t size = v && v->type == JSON_OBJECT ? sizeof *v->members : sizeof(void *);
    void *children;

    if (!copy)
        return NULL;
    *copy = *v;
    if (v->type != JSON_OBJECT && v->type != JSON_ARRAY)
        return copy;
    children = arena_get_array(m->arena, v->n, size, &m->e);
    if (!children)
        return NULL;
    if (v->n)
        memcpy(children, v->type == JSON_OBJECT ? (void *)v->members : (void *)v->items,
               v->n * size);
    copy->room = v->n;
    if (v->type == JSON_OBJECT)
        copy->members = children;
    else
        copy->items = children;
    return copy;
}

void json_set_bytes(struct json_maker *m, struct json *object, struct bytes key,
                    const struct json *value)
{
    uint32_t at;

    if (m->e.code || !object || !value)
        return;
    assert(object->type == JSON_OBJECT);
    if (json_member_index(object, key, &at)) {
        object->members[at].value = value;
        return;
    }
    if (!text_fits(m, key) || !grow_members(m, object))
        return;
    memmove(&object->members[at + 1], &object->members[at],
            (object->n - at) * sizeof *object->members);
    object->members[at] = (struct json_member){key.p, (uint32_t)key.n, 0, value};
    object->n++;
}

void json_set(struct json_maker *m, struct json *object, const char *key, const struct json *value)
{
    json_set_bytes(m, object, bytes_text(key), value);
}

void json_set_string(struct json_maker *m, struct json *object, const char *key, struct bytes text)
{
    json_set(m, object, key, json_new_string(m, text));
}

void json_set_text(struct json_maker *m, struct json *object, const char *key, const char *text)
{
    json_set_string(m, object, key, bytes_text(text));
}

void json_set_integer(struct json_maker *m, struct json *object, const char *key, int64_t value)
{
    json_set(m, object, key, json_new_integer(m, value));
}

void json_set_bool(struct json_maker *m, struct json *object, const char *key, bool value)
{
    json_set(m, object, key, json_new_bool(m, value));
}

struct json *json_set_object(struct json_maker *m, struct json *object, const char *key)
{
    struct json *v = json_new_object(m);

    json_set(m, object, key, v);
    return m->e.code ? NULL : v;
}

struct json *json_set_array(struct json_maker *m, struct json *object, const char *key)
{
    struct json *v = json_new_array(m);

    json_set(m, object, key, v);
    return m->e.code ? NULL : v;
}

void json_unset(struct json_maker *m, struct json *object, const char *key)
{
    uint32_t at;

    if (m->e.code || !object || !json_member_index(object, bytes_text(key), &at))
        return;
    object->n--;
    memmove(&object->members[at], &object->members[at + 1],
            (object->n - at) * sizeof *object->members);
}

void json_add(struct json_maker *m, struct json *array, const struct json *value)
{
    if (m->e.code || !array || !value)
        return;
    assert(array->type == JSON_ARRAY);
    if (grow_items(m, array))
        array->items[array->n++] = value;
}

void json_add_string(struct json_maker *m, struct json *array, struct bytes text)
{
    json_add(m, array, json_new_string(m, text));
}

bool json_made(struct json_maker *m, const struct json *v, struct bytes *out, struct err *e)
{
    if (!m->e.code && !v)
        err_fail(&m->e, ERR_INPUT, "there is no value");
    if (!m->e.code && out)
        json_print(v, m->arena, out, &m->e);
    if (m->e.code)
        err_pass(e, &m->e);
    return m->e.code == ERR_NONE;
}
