#include "base/buf.h"
#include "base/reader.h"
#include "base/text.h"
#include "record/party.h"
#include "stix/json.h"
#include "tlog/note.h"

#include <stdio.h>

#define CARD_LINE "entente/card/v1"
#define CARD_NAME_MAX 200
#define CARD_FIELD_MAX 200

static const char *const contact_names[CONTACT_ROLES] = {"technical", "legal", "diplomatic"};

const char *contact_role_name(enum contact_role role)
{
    return (unsigned)role < CONTACT_ROLES ? contact_names[role] : "unknown";
}

/* "<slug>/<role>": the name of a key in signature lines. */
static struct bytes key_name(struct bytes slug, enum key_role role, char out[128])
{
    int n = snprintf(out, 128, "%.*s/%s", BYTES_FMT(slug), key_role_name(role));

    return bytes_of(out, n > 0 && n < 128 ? (size_t)n : 0);
}

static bool text_fits(const char *what, struct bytes text, size_t least, size_t most, struct err *e)
{
    if (text.n < least || text.n > most)
        return err_fail(e, ERR_INPUT, "\"%s\" must have %zu to %zu bytes", what, least, most);
    if (!utf8_valid(text))
        return err_fail(e, ERR_INPUT, "\"%s\" is not UTF-8", what);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < 0x20 || text.p[i] == 0x7f)
            return err_fail(e, ERR_INPUT, "\"%s\" holds a control character", what);
    return true;
}

/* ---- printing ---- */

static void put_contact(struct json_maker *m, struct json *array, const struct contact *c)
{
    struct json *o = json_new_object(m);

    json_set_text(m, o, "role", contact_role_name(c->role));
    json_set_string(m, o, "name", c->name);
    if (c->email.n)
        json_set_string(m, o, "email", c->email);
    if (c->phone.n)
        json_set_string(m, o, "phone", c->phone);
    if (c->hours.n)
        json_set_string(m, o, "hours", c->hours);
    if (c->languages.n)
        json_set_string(m, o, "languages", c->languages);
    json_add(m, array, o);
}

static void put_keys(struct json_maker *m, struct json *card, const struct card *c)
{
    struct json *keys = json_set_object(m, card, "keys");

    for (int i = 0; i < KEY_ROLES; i++) {
        char *hex = arena_get(m->arena, 65, &m->e);
        if (!hex)
            return;
        hex_encode(hex, c->keys[i].b, 32);
        json_set_text(m, keys, key_role_name((enum key_role)i), hex);
    }
}

static bool card_text(const struct card *c, struct arena *a, struct bytes *out, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *card = json_new_object(&m), *list;
    struct bytes json;
    struct buf b = buf_in(a);

    json_set_string(&m, card, "slug", c->slug);
    json_set_string(&m, card, "name", c->name);
    json_set_string(&m, card, "issued", c->issued);
    json_set_integer(&m, card, "serial", (int64_t)c->serial);
    put_keys(&m, card, c);
    list = json_set_array(&m, card, "addresses");
    for (size_t i = 0; i < c->addresses_n; i++)
        json_add_string(&m, list, c->addresses[i]);
    list = json_set_array(&m, card, "contacts");
    for (size_t i = 0; i < c->contacts_n; i++)
        put_contact(&m, list, &c->contacts[i]);
    if (!json_made(&m, card, &json, e))
        return false;
    buf_puts(&b, CARD_LINE "\n");
    buf_put(&b, json);
    buf_puts(&b, "\n");
    return buf_end(&b, out, e);
}

static void card_id(struct card *c)
{
    sha256(bytes_of(c->keys[KEY_RECOVERY].b, 32), &c->id);
}

/* ---- parsing ---- */

static bool optional(const struct json *o, const char *key, struct bytes *out, struct err *e)
{
    const struct json *v = json_find(o, key);

    *out = bytes_of(NULL, 0);
    return !v || (json_get_string(o, key, out, e) && text_fits(key, *out, 1, CARD_FIELD_MAX, e));
}

static bool parse_contact(const struct json *v, struct contact *out, struct err *e)
{
    static const char *const known[] = {"role",  "name",      "email", "phone",
                                        "hours", "languages", NULL};
    struct bytes role;

    if (!json_only(v, known, e) || !json_get_string(v, "role", &role, e) ||
        !json_get_string(v, "name", &out->name, e) ||
        !text_fits("name", out->name, 1, CARD_FIELD_MAX, e) ||
        !optional(v, "email", &out->email, e) || !optional(v, "phone", &out->phone, e) ||
        !optional(v, "hours", &out->hours, e) || !optional(v, "languages", &out->languages, e))
        return false;
    for (int i = 0; i < CONTACT_ROLES; i++)
        if (bytes_are(role, contact_names[i])) {
            out->role = (enum contact_role)i;
            return true;
        }
    return err_fail(e, ERR_INPUT, "\"role\" must be technical, legal or diplomatic, not \"%.*s\"",
                    BYTES_FMT(bytes_part(role, 0, 32)));
}

static bool parse_keys(const struct json *card, struct card *out, struct err *e)
{
    const struct json *keys;

    if (!json_get_object(card, "keys", &keys, e))
        return false;
    if (json_count(keys) != KEY_ROLES)
        return err_fail(e, ERR_INPUT, "\"keys\" must name exactly %d keys", KEY_ROLES);
    for (int i = 0; i < KEY_ROLES; i++) {
        const char *role = key_role_name((enum key_role)i);
        struct bytes hex;
        if (!json_get_string(keys, role, &hex, e))
            return err_within(e, "keys");
        if (!hex_decode(out->keys[i].b, 32, hex))
            return err_fail(e, ERR_INPUT, "the key \"%s\" is not 64 lower-case hex digits", role);
        if (!sign_public_valid(&out->keys[i]))
            return err_fail(e, ERR_PROOF,
                            "the key \"%s\" is not a point of prime order: it is not enrolled",
                            role);
        for (int j = 0; j < i; j++)
            if (!memcmp(out->keys[i].b, out->keys[j].b, 32))
                return err_fail(e, ERR_INPUT, "the keys \"%s\" and \"%s\" are the same", role,
                                key_role_name((enum key_role)j));
    }
    return true;
}

static bool parse_lists(const struct json *card, struct card *out, struct err *e)
{
    const struct json *list;

    if (!json_get_array(card, "addresses", &list, e))
        return false;
    if (json_count(list) > CARD_ADDRESSES)
        return err_fail(e, ERR_LIMIT, "more than %d addresses", CARD_ADDRESSES);
    for (; out->addresses_n < json_count(list); out->addresses_n++) {
        struct bytes *at = &out->addresses[out->addresses_n];
        if (!json_as_string(json_at(list, out->addresses_n), at) ||
            !text_fits("addresses", *at, 1, CARD_FIELD_MAX, NULL) ||
            !bytes_start_with(*at, "https://"))
            return err_fail(e, ERR_INPUT, "address %zu is not an https URL", out->addresses_n + 1);
    }
    if (!json_get_array(card, "contacts", &list, e))
        return false;
    if (json_count(list) > CARD_CONTACTS)
        return err_fail(e, ERR_LIMIT, "more than %d contacts", CARD_CONTACTS);
    for (; out->contacts_n < json_count(list); out->contacts_n++)
        if (!parse_contact(json_at(list, out->contacts_n), &out->contacts[out->contacts_n], e))
            return err_within(e, "contact %zu", out->contacts_n + 1);
    return true;
}

static bool parse_text(struct bytes text, struct arena *a, struct card *out, struct err *e)
{
    static const char *const known[] = {"slug", "name",      "issued",   "serial",
                                        "keys", "addresses", "contacts", NULL};
    struct reader r = reader_of(text);
    const struct json *card;
    struct bytes line;
    int64_t serial, issued;

    reader_expect_line(&r, CARD_LINE);
    line = reader_line(&r);
    if (!reader_end(&r, e))
        return false;
    card = json_parse_canonical(line, a, e);
    if (!card || !json_only(card, known, e) || !json_get_string(card, "slug", &out->slug, e) ||
        !json_get_string(card, "name", &out->name, e) ||
        !json_get_string(card, "issued", &out->issued, e) ||
        !json_get_integer(card, "serial", &serial, e))
        return err_within(e, "line 2");
    if (!slug_valid(out->slug))
        return err_fail(e, ERR_INPUT, "line 2: \"slug\" must be a letter, then a-z, 0-9, - or _");
    if (!time_parse(out->issued, &issued) || serial < 1)
        return err_fail(e, ERR_INPUT, "line 2: \"issued\" must be a time and \"serial\" 1 or more");
    out->serial = (uint64_t)serial;
    return (text_fits("name", out->name, 1, CARD_NAME_MAX, e) && parse_keys(card, out, e) &&
            parse_lists(card, out, e)) ||
           err_within(e, "line 2");
}

/* Every key that the card names signed it. */
static bool verify_all(const struct note *note, const struct card *c, struct err *e)
{
    struct note_key keys[KEY_ROLES];
    bool by[KEY_ROLES];
    char name[128];

    for (int i = 0; i < KEY_ROLES; i++)
        if (!note_key_of_checked(key_name(c->slug, (enum key_role)i, name), NOTE_ED25519,
                                 &c->keys[i], &keys[i], e))
            return false;
    if (!note_verify(note, keys, KEY_ROLES, by, e))
        return false;
    for (int i = 0; i < KEY_ROLES; i++)
        if (!by[i])
            return err_fail(e, ERR_PROOF, "the card is not signed by its key \"%s\"",
                            key_role_name((enum key_role)i));
    return true;
}

bool card_parse(struct bytes bytes, struct arena *a, struct card *out, struct err *e)
{
    struct card c = {0};
    struct note note;

    if (bytes.n > LIMIT_CARD_BYTES)
        return err_fail(e, ERR_LIMIT, "card: more than %zu bytes", LIMIT_CARD_BYTES);
    if (!note_parse(bytes, a, &note, e) || !parse_text(note.text, a, &c, e) ||
        !verify_all(&note, &c, e))
        return err_within(e, "card");
    card_id(&c);
    c.note = bytes;
    *out = c;
    return true;
}

/* ---- making ---- */

static bool sign_as(const struct card *c, const struct keyring *k, enum key_role role,
                    struct bytes text, struct arena *a, struct bytes *note, struct err *e)
{
    struct act_key key;
    struct bytes single;
    struct note parsed;
    char name[128];

    if (!keyring_key(k, role))
        return err_fail(e, ERR_DENIED, "the key \"%s\" is not here to sign the card",
                        key_role_name(role));
    if (!act_key_init(&key, key_name(c->slug, role, name), keyring_key(k, role), e) ||
        !note_sign(&key, text, a, &single, e))
        return false;
    if (note->n == 0) {
        *note = single;
        return true;
    }
    return note_parse(single, a, &parsed, e) &&
           note_append(*note, parsed.lines[0].whole, a, note, e);
}

bool card_sign(struct card *c, const struct keyring *k, struct arena *a, struct err *e)
{
    struct bytes text, note = {0};
    struct card check;

    for (int i = 0; i < KEY_ROLES; i++)
        if (keyring_key(k, (enum key_role)i))
            c->keys[i] = sign_key_public(keyring_key(k, (enum key_role)i));
    if (!card_text(c, a, &text, e))
        return false;
    for (int i = 0; i < KEY_ROLES; i++)
        if (!sign_as(c, k, (enum key_role)i, text, a, &note, e))
            return false;
    if (!card_parse(note, a, &check, e))
        return false;
    *c = check;
    return true;
}

bool card_succeeds(const struct card *older, const struct card *newer, struct err *e)
{
    if (!hash_equal(&older->id, &newer->id))
        return err_fail(e, ERR_DENIED, "it is another party: the recovery keys differ");
    if (!bytes_equal(older->slug, newer->slug))
        return err_fail(e, ERR_DENIED, "a party keeps its slug");
    if (newer->serial <= older->serial && !bytes_equal(older->note, newer->note))
        return err_fail(e, ERR_DENIED, "serial %llu is not above %llu: an old card",
                        (unsigned long long)newer->serial, (unsigned long long)older->serial);
    return true;
}

void card_fingerprint(const struct hash *id, char out[CARD_FINGERPRINT_MAX])
{
    char *p = out;

    memcpy(p, "SHA256:", 7);
    p += 7;
    for (int i = 0; i < 8; i++) {
        if (i)
            *p++ = '-';
        hex_encode(p, id->b + 2 * i, 2);
        p += 4;
    }
    *p = '\0';
}

/* ---- enrolment ---- */

bool challenge_answer(const struct keyring *k, const uint8_t nonce[32], struct arena *a,
                      struct bytes *answer, struct err *e)
{
    struct buf b = buf_in(a);

    for (int i = 0; i < KEY_OPERATING; i++) {
        const struct sign_key *key = keyring_key(k, (enum key_role)i);
        struct signature s;
        if (!key)
            return err_fail(e, ERR_DENIED, "the key \"%s\" is not here",
                            key_role_name((enum key_role)i));
        sign_challenge(key, nonce, &s);
        buf_puts(&b, key_role_name((enum key_role)i));
        buf_puts(&b, " ");
        buf_base64(&b, s.b, sizeof s.b);
        buf_puts(&b, "\n");
    }
    return buf_end(&b, answer, e);
}

bool challenge_verify(const struct card *c, const uint8_t nonce[32], struct bytes answer,
                      struct err *e)
{
    struct reader r = reader_of(answer);

    for (int i = 0; i < KEY_OPERATING; i++) {
        const char *role = key_role_name((enum key_role)i);
        struct bytes line = reader_line(&r);
        struct signature s;
        size_t n = sizeof s.b;
        if (!reader_ok(&r, e))
            return false;
        if (!bytes_start_with(line, role) || line.n < strlen(role) + 1 ||
            line.p[strlen(role)] != ' ' ||
            !base64_decode(s.b, &n, bytes_part(line, strlen(role) + 1, SIZE_MAX)) ||
            n != sizeof s.b)
            return err_fail(e, ERR_INPUT, "line %d: expected \"%s\" and a signature", i + 1, role);
        if (!sign_challenge_verify(&c->keys[i], nonce, &s))
            return err_fail(e, ERR_PROOF, "the owner of the key \"%s\" did not answer", role);
    }
    return reader_end(&r, e);
}
