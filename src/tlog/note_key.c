#include "tlog/tlog_impl.h"

#include <assert.h>
#include <stdio.h>

#define MLDSA44_BYTES 1312
#define VKEY_BYTES_MAX (LIMIT_NOTE_NAME + 10 + BASE64_LEN(LIMIT_KEY_MATERIAL_BYTES))

bool note_name_valid(struct bytes name)
{
    if (name.n == 0 || name.n > LIMIT_NOTE_NAME)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == '+')
            return false;
    return true;
}

/* C2SP signed-note, "Signatures": SHA-256(name || LF || type || key), its first four bytes. */
static uint32_t key_id(struct bytes name, struct bytes material)
{
    struct sha256 s;
    struct hash h;

    sha256_start(&s);
    sha256_add(&s, name);
    sha256_add(&s, BYTES("\n"));
    sha256_add(&s, material);
    sha256_end(&s, &h);
    return (uint32_t)h.b[0] << 24 | (uint32_t)h.b[1] << 16 | (uint32_t)h.b[2] << 8 | h.b[3];
}

static bool is_ed25519(uint8_t type)
{
    return type == NOTE_ED25519 || type == NOTE_COSIGNATURE;
}

static bool name_fail(struct bytes name, struct err *e)
{
    return err_fail(e, ERR_INPUT,
                    "a key's name is 1 to %d printable ASCII characters without space and '+', "
                    "not \"%.*s\"",
                    LIMIT_NOTE_NAME, BYTES_FMT(bytes_part(name, 0, 80)));
}

/* The key of type || key bytes; the id is computed. */
static bool key_of_material(struct bytes name, struct bytes material, struct note_key *out,
                            struct err *e)
{
    struct note_key k = {.id = key_id(name, material), .type = material.p[0]};
    struct bytes key = bytes_part(material, 1, SIZE_MAX);
    struct hash h;

    memcpy(k.name, name.p, name.n);
    sha256(key, &h);
    memcpy(k.public.b, h.b, sizeof h.b);
    if (k.type == NOTE_MLDSA44 && key.n != MLDSA44_BYTES)
        return err_fail(e, ERR_INPUT, "a key of type 06 with %zu bytes", key.n);
    if (is_ed25519(k.type)) {
        if (key.n != sizeof k.public.b)
            return err_fail(e, ERR_INPUT, "a key of type %02x with %zu bytes", k.type, key.n);
        memcpy(k.public.b, key.p, sizeof k.public.b);
    }
    *out = k;
    return true;
}

static bool on_curve(const struct note_key *k, struct err *e)
{
    return !is_ed25519(k->type) || sign_public_valid(&k->public) ||
           err_fail(e, ERR_INPUT, "the key is not a point of prime order");
}

bool note_key_of_checked(struct bytes name, enum note_type type, const struct sign_public *public,
                         struct note_key *out, struct err *e)
{
    uint8_t material[1 + sizeof public->b];

    if (!note_name_valid(name))
        return name_fail(name, e);
    if (!is_ed25519((uint8_t)type))
        return err_fail(e, ERR_INPUT, "a key of type %02x cannot be made here", (unsigned)type);
    material[0] = (uint8_t)type;
    memcpy(material + 1, public->b, sizeof public->b);
    return key_of_material(name, bytes_of(material, sizeof material), out, e);
}

bool note_key_make(struct bytes name, enum note_type type, const struct sign_public *public,
                   struct note_key *out, struct err *e)
{
    struct note_key k;

    if (!note_key_of_checked(name, type, public, &k, e) || !on_curve(&k, e))
        return false;
    *out = k;
    return true;
}

bool note_key_parse(struct bytes vkey, struct note_key *out, struct err *e)
{
    struct bytes name = bytes_part(vkey, 0, bytes_find_byte(vkey, '+'));
    struct bytes hex = bytes_part(vkey, name.n + 1, 8);
    struct bytes plus = bytes_part(vkey, name.n + 9, 1);
    uint8_t material[LIMIT_KEY_MATERIAL_BYTES], id[4];
    size_t n = sizeof material;
    struct note_key k;
    uint32_t said;

    if (vkey.n > VKEY_BYTES_MAX)
        return err_fail(e, ERR_LIMIT, "a key of more than %d bytes", LIMIT_KEY_MATERIAL_BYTES);
    if (!note_name_valid(name))
        return name_fail(name, e);
    if (!hex_decode(id, sizeof id, hex) || !bytes_are(plus, "+") ||
        !base64_decode(material, &n, bytes_part(vkey, name.n + 10, SIZE_MAX)) || n < 2)
        return err_fail(e, ERR_INPUT, "a key is written name+id+key: 8 hex digits, then base64");
    if (!key_of_material(name, bytes_of(material, n), &k, e) || !on_curve(&k, e))
        return err_within(e, "%.*s", BYTES_FMT(name));
    said = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
    if ((is_ed25519(k.type) || k.type == NOTE_MLDSA44) && said != k.id)
        return err_fail(e, ERR_INPUT, "%.*s: the key's id is %08x, not %08x", BYTES_FMT(name), k.id,
                        said);
    k.id = said;
    *out = k;
    return true;
}

void note_key_print(const struct note_key *k, char out[NOTE_VKEY_MAX])
{
    uint8_t material[1 + sizeof k->public.b];
    int n;

    assert(is_ed25519(k->type));
    material[0] = k->type;
    memcpy(material + 1, k->public.b, sizeof k->public.b);
    n = snprintf(out, NOTE_VKEY_MAX, "%s+%08x+", k->name, k->id);
    base64_encode(out + n, material, sizeof material);
    out[(size_t)n + BASE64_LEN(sizeof material)] = '\0';
}

bool note_key_same(const struct note_key *a, const struct note_key *b)
{
    return memcmp(a->public.b, b->public.b, sizeof a->public.b) == 0;
}
