/* TLP: by id, by extension, by definition, by label; the strictest wins. (FIRST, TLP 2.0; the
 * OASIS TLP 2.0 extension; STIX 2.1 section 7.2.1.4 for TLP 1.) */
#include "stix/stix_impl.h"

#define EXTENSION "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

#define OBJECT(uuid, label, word)                                                                  \
    "{\"created\":\"2022-10-01T00:00:00.000Z\",\"extensions\":{\"" EXTENSION                       \
    "\":{\"extension_type\":\"property-extension\",\"tlp_2_0\":\"" word                            \
    "\"}},\"id\":\"marking-definition--" uuid "\",\"name\":\"TLP:" label                           \
    "\",\"spec_version\":\"2.1\",\"type\":\"marking-definition\"}"
#define TLP(uuid, label, word)                                                                     \
    {                                                                                              \
        "TLP:" label, "marking-definition--" uuid, OBJECT(uuid, label, word)                       \
    }

static const struct tlp {
    const char *name, *id, *object;
} tlps[] = {
    [STIX_TLP_NONE] = {"unmarked", NULL, ""},
    [STIX_TLP_CLEAR] = TLP("94868c89-83c2-464b-929b-a1a8aa3c8487", "CLEAR", "clear"),
    [STIX_TLP_GREEN] = TLP("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "GREEN", "green"),
    [STIX_TLP_AMBER] = TLP("55d920b0-5e8b-4f79-9ee9-91f868d9b421", "AMBER", "amber"),
    [STIX_TLP_AMBER_STRICT] =
        TLP("939a9414-2ddd-4d32-a0cd-375ea402b003", "AMBER+STRICT", "amber+strict"),
    [STIX_TLP_RED] = TLP("e828b379-4e03-4974-9ac4-e53a884c97c1", "RED", "red"),
};

static const struct {
    const char *id;
    enum stix_tlp tlp;
} old_ids[] = {{"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", STIX_TLP_CLEAR},
               {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", STIX_TLP_GREEN},
               {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", STIX_TLP_AMBER},
               {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", STIX_TLP_RED}};

static const struct tlp *row(enum stix_tlp tlp)
{
    return &tlps[(unsigned)tlp < sizeof tlps / sizeof *tlps ? tlp : STIX_TLP_NONE];
}

const char *stix_tlp_name(enum stix_tlp tlp)
{
    return row(tlp)->name;
}

const char *stix_tlp_id(enum stix_tlp tlp)
{
    return row(tlp)->id;
}

struct bytes stix_tlp_object(enum stix_tlp tlp)
{
    return bytes_text(row(tlp)->object);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool same_word(struct bytes a, const char *word)
{
    if (a.n != strlen(word))
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != (uint8_t)word[i])
            return false;
    return true;
}

bool stix_tlp_parse(struct bytes word, enum stix_tlp *out)
{
    static const struct {
        const char *word;
        enum stix_tlp tlp;
    } words[] = {{"clear", STIX_TLP_CLEAR},
                 {"white", STIX_TLP_CLEAR},
                 {"green", STIX_TLP_GREEN},
                 {"amber", STIX_TLP_AMBER},
                 {"amber+strict", STIX_TLP_AMBER_STRICT},
                 {"amber-strict", STIX_TLP_AMBER_STRICT},
                 {"amber strict", STIX_TLP_AMBER_STRICT},
                 {"amber_strict", STIX_TLP_AMBER_STRICT},
                 {"red", STIX_TLP_RED}};

    if (same_word(bytes_part(word, 0, 4), "tlp:"))
        word = bytes_trim(bytes_part(word, 4, SIZE_MAX));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (same_word(word, words[i].word)) {
            *out = words[i].tlp;
            return true;
        }
    return false;
}

bool stix_is_tlp_label(struct bytes label, enum stix_tlp *tlp, bool *known)
{
    if (!same_word(bytes_part(label, 0, 4), "tlp:"))
        return false;
    *known = stix_tlp_parse(label, tlp);
    return true;
}

enum stix_tlp stix_tlp_of_id(struct bytes id)
{
    if (id.n != strlen(old_ids[0].id)) /* they are all of one length */
        return STIX_TLP_NONE;
    for (int t = STIX_TLP_CLEAR; t <= STIX_TLP_RED; t++)
        if (bytes_are(id, tlps[t].id))
            return (enum stix_tlp)t;
    for (size_t i = 0; i < sizeof old_ids / sizeof *old_ids; i++)
        if (bytes_are(id, old_ids[i].id))
            return old_ids[i].tlp;
    return STIX_TLP_NONE;
}

static void stricter(enum stix_tlp *have, enum stix_tlp other)
{
    if (other > *have)
        *have = other;
}

static void by_word(const struct json *v, bool label, enum stix_tlp *have)
{
    enum stix_tlp found;
    struct bytes text;
    bool known;

    if (!json_as_string(v, &text))
        return;
    if (label ? stix_is_tlp_label(text, &found, &known) && known : stix_tlp_parse(text, &found))
        stricter(have, found);
}

enum stix_tlp stix_tlp_of_marking(const struct json *marking)
{
    const struct json *definition = json_find(marking, "definition");
    enum stix_tlp have = STIX_TLP_NONE;
    struct bytes id;

    if (json_as_string(json_find(marking, "id"), &id))
        stricter(&have, stix_tlp_of_id(id));
    by_word(json_find(json_find(json_find(marking, "extensions"), EXTENSION), "tlp_2_0"), false,
            &have);
    if (json_is(json_find(marking, "definition_type"), "tlp"))
        by_word(json_find(definition, "tlp"), false, &have);
    by_word(json_find(marking, "name"), true, &have);
    by_word(json_find(definition, "statement"), true, &have);
    return have;
}
