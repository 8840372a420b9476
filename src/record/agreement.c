#include "record/agreement.h"
#include "base/buf.h"
#include "base/text.h"
#include "record/rules.h"

#include <stdio.h>

/* ---- parties and witnesses ---- */

static bool parse_party(const struct json *v, struct agreement_party *out, struct err *e)
{
    const struct json *keys = json_find(v, "keys");
    struct bytes hex, role;

    if (!json_get_string(v, "slug", &out->slug, e) || !json_get_string(v, "name", &out->name, e) ||
        !json_get_string(v, "id", &hex, e) || !json_get_string(v, "role", &role, e))
        return false;
    out->arbiter = bytes_are(role, "arbiter");
    hex_decode(out->id.b, 32, hex);
    for (int i = 0; i < KEY_ROLES; i++) {
        const char *name = key_role_name((enum key_role)i);
        if (!json_get_string(keys, name, &hex, e) || !hex_decode(out->keys[i].b, 32, hex))
            return false;
        if (!sign_public_valid(&out->keys[i]))
            return err_fail(e, ERR_PROOF, "the key \"%s\" of %.*s is not a point of prime order",
                            name, BYTES_FMT(out->slug));
    }
    sha256(bytes_of(out->keys[KEY_RECOVERY].b, 32), &out->id_of_key);
    return hash_equal(&out->id_of_key, &out->id) ||
           err_fail(e, ERR_INPUT, "the id of %.*s is not the SHA-256 of its recovery key",
                    BYTES_FMT(out->slug));
}

static bool keys_distinct(const struct agreement *g, struct err *e)
{
    for (size_t i = 0; i < g->parties_n * KEY_ROLES; i++)
        for (size_t j = 0; j < i; j++)
            if (!memcmp(g->parties[i / KEY_ROLES].keys[i % KEY_ROLES].b,
                        g->parties[j / KEY_ROLES].keys[j % KEY_ROLES].b, 32))
                return err_fail(e, ERR_INPUT, "a key of %.*s stands twice: one key, one purpose",
                                BYTES_FMT(g->parties[i / KEY_ROLES].slug));
    return true;
}

static bool parse_parties(struct agreement *g, struct err *e)
{
    const struct json *list = json_find(g->root, "parties");
    size_t n = json_count(list);

    if (n < 2 || n > LIMIT_PARTIES)
        return err_fail(e, ERR_INPUT, "parties: an agreement needs 2 to %d parties", LIMIT_PARTIES);
    for (size_t i = 0; i < n; i++) {
        if (!parse_party(json_at(list, i), &g->parties[i], e))
            return err_within(e, "parties.%zu", i);
        if (i && bytes_compare(g->parties[i - 1].slug, g->parties[i].slug) >= 0)
            return err_fail(e, ERR_INPUT, "parties.%zu: parties must be sorted by slug, each once",
                            i);
    }
    g->parties_n = n;
    return keys_distinct(g, e);
}

static bool parse_witnesses(struct agreement *g, struct err *e)
{
    const struct json *list = json_find(g->root, "witnesses");
    size_t n = json_count(list);

    if (n > AGREEMENT_WITNESSES)
        return err_fail(e, ERR_LIMIT, "witnesses: more than %d", AGREEMENT_WITNESSES);
    for (size_t i = 0; i < n; i++) {
        struct agreement_witness *w = &g->witnesses[i];
        const struct json *v = json_at(list, i);
        struct bytes hex;
        if (!json_get_string(v, "name", &w->name, e) || !json_get_string(v, "vkey", &w->vkey, e))
            return err_within(e, "witnesses.%zu", i);
        json_as_string(json_find(v, "url"), &w->url);
        w->has_tls = json_as_string(json_find(v, "tls"), &hex) && hex_decode(w->tls.b, 32, hex);
        if (!note_key_parse(w->vkey, &w->key, e) || w->key.type != NOTE_COSIGNATURE)
            return err_fail(e, ERR_INPUT,
                            "witnesses.%zu: \"vkey\" is not a cosigner's key (type 04)", i);
    }
    g->witnesses_n = n;
    return true;
}

/* ---- annexes that clauses name ---- */

static bool named_annexes(const struct agreement *g, struct err *e)
{
    const struct json *list = json_find(g->root, "parties");
    const struct json *zones = json_find(g->root, "zones"),
                      *calendars = json_find(g->root, "calendars");

    for (size_t i = 0; i < json_count(list); i++) {
        struct bytes zone, calendar;
        if (!json_get_string(json_at(list, i), "zone", &zone, e) ||
            !json_get_string(json_at(list, i), "calendar", &calendar, e))
            return false;
        if (!json_find_bytes(zones, zone))
            return err_fail(e, ERR_INPUT, "parties.%zu.zone: there is no zone \"%.*s\" in zones", i,
                            BYTES_FMT(bytes_part(zone, 0, 64)));
        if (!json_find_bytes(calendars, calendar))
            return err_fail(e, ERR_INPUT,
                            "parties.%zu.calendar: there is no calendar \"%.*s\" in calendars", i,
                            BYTES_FMT(bytes_part(calendar, 0, 64)));
    }
    return true;
}

static int tlp_rank_of(const struct json *v)
{
    struct bytes label;

    return json_as_string(v, &label) ? tlp_rank(label) : -1;
}

static bool ceilings_above_floors(const struct agreement *g, struct err *e)
{
    const struct json *share = json_point(g->root, "/clauses/share");

    for (size_t i = 0; i < json_count(share); i++) {
        struct bytes type;
        const struct json *c = json_member(share, i, &type);
        if (json_find(c, "min_tlp") &&
            tlp_rank_of(json_find(c, "min_tlp")) > tlp_rank_of(json_find(c, "max_tlp")))
            return err_fail(e, ERR_INPUT, "clauses.share.%.*s: min_tlp is above max_tlp",
                            BYTES_FMT(bytes_part(type, 0, 64)));
    }
    return true;
}

static bool match_limits(const struct agreement *g, struct err *e)
{
    const struct json *match = json_point(g->root, "/clauses/match");

    for (size_t i = 0; i < json_count(match); i++) {
        struct bytes purpose;
        const struct json *c = json_member(match, i, &purpose);
        int64_t least = 0, most = 0;
        json_as_integer(json_find(c, "min"), &least);
        json_as_integer(json_find(c, "max"), &most);
        if (least > most)
            return err_fail(e, ERR_INPUT, "clauses.match.%.*s: min is above max",
                            BYTES_FMT(bytes_part(purpose, 0, 64)));
    }
    return true;
}

/* ---- versions ---- */

static bool parse_amends(struct agreement *g, struct err *e)
{
    const struct json *amends = json_find(g->root, "amends");
    struct bytes id, previous;
    int64_t version = 1;

    if (amends) {
        if (!json_get_string(amends, "agreement", &id, e) ||
            !json_get_string(amends, "previous", &previous, e) ||
            !json_get_integer(amends, "version", &version, e))
            return false;
        if (id.n != ACT_AGREEMENT || !hex_decode(g->previous.b, 32, previous))
            return err_fail(e, ERR_INPUT, "amends.agreement must be %d hex digits", ACT_AGREEMENT);
        memcpy(g->id, id.p, ACT_AGREEMENT);
        g->id[ACT_AGREEMENT] = '\0';
    } else {
        hex_encode(g->id, g->digest.b, ACT_AGREEMENT / 2);
        g->id[ACT_AGREEMENT] = '\0';
    }
    g->version = (uint64_t)version;
    return true;
}

static bool read_checked(const struct json *root, struct bytes source, struct arena *a,
                         struct agreement *out, struct err *e)
{
    struct agreement g = {.root = root};

    if (!rules_check(root, source, a, e) || !json_print(root, a, &g.bytes, e))
        return false;
    if (g.bytes.n > LIMIT_AGREEMENT_BYTES)
        return err_fail(e, ERR_LIMIT, "it has %zu bytes, more than %zu", g.bytes.n,
                        LIMIT_AGREEMENT_BYTES);
    sha256(g.bytes, &g.digest);
    if (!json_get_string(root, "title", &g.title, e) || !parse_amends(&g, e) ||
        !parse_parties(&g, e) || !parse_witnesses(&g, e) || !named_annexes(&g, e) ||
        !ceilings_above_floors(&g, e) || !match_limits(&g, e))
        return false;
    *out = g;
    return true;
}

bool agreement_parse(struct bytes json, struct arena *a, struct agreement *out, struct err *e)
{
    const struct json *root = json_parse(json, a, e);

    return (root && read_checked(root, json, a, out, e)) || err_within(e, "agreement");
}

bool agreement_read(struct bytes canonical, const char *id, struct arena *a, struct agreement *out,
                    struct err *e)
{
    const struct json *root = json_parse_canonical(canonical, a, e);

    if (!root || !read_checked(root, bytes_of(NULL, 0), a, out, e))
        return err_within(e, "agreement");
    if (id && strcmp(id, out->id))
        return err_fail(e, ERR_PROOF, "agreement: these bytes belong to %s, not to %s", out->id,
                        id);
    return true;
}

const struct agreement_party *agreement_party(const struct agreement *g, struct bytes slug)
{
    for (size_t i = 0; i < g->parties_n; i++)
        if (bytes_equal(g->parties[i].slug, slug))
            return &g->parties[i];
    return NULL;
}

void agreement_origin(const struct agreement *g, struct bytes slug, char out[ORIGIN_MAX])
{
    snprintf(out, ORIGIN_MAX, "entente/%s/%.*s", g->id, BYTES_FMT(slug));
}
