#include "base/text.h"
#include "crypto/crypto.h"
#include "stix/stix_impl.h"

#include <assert.h>

/* Where the hyphens of 8-4-4-4-12 are, by byte. */
static bool hyphen_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_print(char out[36], const struct uuid *u)
{
    size_t n = 0;

    for (size_t i = 0; i < 16; i++) {
        if (hyphen_before(i))
            out[n++] = '-';
        hex_encode(out + n, &u->b[i], 1);
        n += 2;
    }
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uuid_parse(struct bytes text, struct uuid *out)
{
    struct uuid u;
    size_t n = 0;

    if (text.n != 36)
        return false;
    for (size_t i = 0; i < 16; i++) {
        int hi, lo;
        if (hyphen_before(i) && text.p[n++] != '-')
            return false;
        hi = hex_value(text.p[n++]);
        lo = hex_value(text.p[n++]);
        if (hi < 0 || lo < 0)
            return false;
        u.b[i] = (uint8_t)(hi << 4 | lo);
    }
    if (out)
        *out = u;
    return true;
}

static void stamp(struct uuid *u, unsigned version)
{
    u->b[6] = (uint8_t)((u->b[6] & 0x0f) | version << 4);
    u->b[8] = (uint8_t)((u->b[8] & 0x3f) | 0x80);
}

void uuid_v5(const struct uuid *space, struct bytes name, struct uuid *out)
{
    uint8_t digest[20];

    sha1_two(bytes_of(space->b, 16), name, digest);
    memcpy(out->b, digest, 16);
    stamp(out, 5);
}

void uuid_v4(const struct os *os, struct uuid *out)
{
    os_random(os, out->b, sizeof out->b);
    stamp(out, 4);
}

bool stix_id_parse(struct bytes id, struct bytes *type, struct uuid *uuid)
{
    struct bytes name;

    if (id.n < 39 || id.n > 250 + 38 || id.p[id.n - 37] != '-' || id.p[id.n - 38] != '-' ||
        !uuid_parse(bytes_part(id, id.n - 36, 36), uuid))
        return false;
    name = bytes_part(id, 0, id.n - 38);
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              (c >= 'A' && c <= 'Z')))
            return false;
    }
    if (type)
        *type = name;
    return true;
}

void stix_id_print(char out[STIX_ID_MAX], const char *type, const struct uuid *u)
{
    size_t n = strlen(type);

    assert(n <= 250);
    memcpy(out, type, n);
    memcpy(out + n, "--", 2);
    uuid_print(out + n + 2, u);
    out[n + 38] = '\0';
}

/* ---- observables (STIX 2.1 section 2.9) --------------------------------------------------- */

static const struct uuid observable_space = {{0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c,
                                              0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7}};

/* Of several digests one contributes: the first of these that is there, else the first at all. */
static const struct json *one_hash(struct json_maker *m, const struct json *hashes)
{
    static const char *const order[] = {"MD5", "SHA-1", "SHA-256", "SHA-512"};
    struct json *one = json_new_object(m);
    struct bytes key;
    const struct json *v;

    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if ((v = json_find(hashes, order[i]))) {
            json_set(m, one, order[i], v);
            return one;
        }
    v = json_member(hashes, 0, &key);
    if (!v)
        return NULL;
    json_set_bytes(m, one, key, v);
    return one;
}

bool stix_observable_id(const struct json *v, struct arena *scratch, char out[STIX_ID_MAX])
{
    struct bytes type, name;
    const struct stix_type *t =
        json_as_string(json_find(v, "type"), &type) ? stix_type_find(type) : NULL;
    struct arena_mark before = arena_mark(scratch);
    struct json_maker m = json_maker(scratch);
    struct json *from = json_new_object(&m);
    struct uuid u;
    bool ok;

    for (size_t i = 0; t && t->contributing && t->contributing[i]; i++) {
        const char *key = t->contributing[i];
        const struct json *part = json_find(v, key);
        if (json_type(part) == JSON_OBJECT && !strcmp(key, "hashes"))
            part = one_hash(&m, part);
        json_set(&m, from, key, part);
    }
    ok = json_count(from) > 0 && json_made(&m, from, &name, NULL);
    if (ok) {
        uuid_v5(&observable_space, name, &u);
        stix_id_print(out, t->name, &u);
    }
    arena_reset(scratch, before);
    return ok;
}
