/* Checks 4, 5: the agreement, whose keys these are, and by which policy heads are to be believed.
 */
#include "verify/dossier_impl.h"

#include <stdio.h>
#include <stdlib.h>

const struct sign_public *dz_key(const struct dz_party *p, enum dz_role role, uint64_t at)
{
    size_t i = p->spans[role];

    while (i > 1 && p->span[role][i - 1].from > at)
        i--;
    return &p->span[role][i - 1].key;
}

/* ---- the agreement's versions ---- */

static bool read_version(struct dz *z, size_t file, uint64_t number, struct err *e)
{
    size_t n = z->versions;
    const struct json *g, *amends;
    struct bytes hex;
    int64_t version;

    if (n == LIMIT_CASE_VERSIONS || number != n + 1)
        return err_fail(e, ERR_INPUT, "agreement/%llu.json: a version before it is missing",
                        (unsigned long long)number);
    z->version[n].bytes = z->files[file].bytes;
    z->version[n].digest = z->sha[file];
    z->version[n].number = number;
    z->version[n].from_ms = n ? CASES_NEVER : 0;
    if (!(g = json_parse_canonical(z->files[file].bytes, z->a, e)))
        return err_within(e, "agreement/%llu.json", (unsigned long long)number);
    if (n == 0)
        z->document = g;
    amends = json_find(g, "amends");
    if ((n == 0) != (amends == NULL))
        return err_fail(e, ERR_INPUT, "agreement/%llu.json: it amends what it should not",
                        (unsigned long long)number);
    if (n &&
        (!json_as_string(json_find(amends, "agreement"), &hex) || !bytes_equal(hex, z->agreement) ||
         !json_as_string(json_find(amends, "previous"), &hex) ||
         !hex_decode(z->version[n].previous.b, 32, hex) ||
         !hash_equal(&z->version[n].previous, &z->version[n - 1].digest) ||
         !json_as_integer(json_find(amends, "version"), &version) || (uint64_t)version != number))
        return err_fail(e, ERR_INPUT, "agreement/%llu.json: it does not go on from the one before",
                        (unsigned long long)number);
    z->versions++;
    return true;
}

static bool read_versions(struct dz *z, struct err *e)
{
    char id[32];

    for (uint64_t number = 1; number <= LIMIT_CASE_VERSIONS; number++) {
        size_t file = dz_file(z, "agreement/%llu.json", (unsigned long long)number);
        if (file == NOWHERE)
            break;
        if (!read_version(z, file, number, e))
            return false;
    }
    if (z->versions == 0)
        return err_fail(e, ERR_INPUT, "agreement/1.json is missing");
    hex_encode(id, z->version[0].digest.b, 16);
    if (!bytes_equal(bytes_of(id, 32), z->agreement))
        return err_fail(e, ERR_PROOF,
                        "agreement/1.json is another agreement than dossier.json says");
    return true;
}

/* ---- parties ---- */

static void start_keys(struct dz_party *p)
{
    const struct sign_public *from[DZ_ROLES] = {&p->holder.acts, &p->holder.checkpoints,
                                                &p->holder.witness, &p->holder.mirror};

    for (int i = 0; i < DZ_ROLES; i++) {
        p->span[i][0] = (struct dz_span){0, *from[i]};
        p->spans[i] = 1;
    }
}

static bool read_party(struct dz *z, const struct json *o, struct dz_party *p, struct err *e)
{
    struct bytes hex;
    struct hash id;

    if (!read_keys(o, &p->holder))
        return err_fail(e, ERR_PROOF, "agreement/1.json: party %zu has no valid keys",
                        z->parties + 1);
    sha256(bytes_of(p->holder.recovery.b, 32), &p->id);
    if (!json_as_string(json_find(o, "id"), &hex) || !hex_decode(id.b, 32, hex) ||
        !hash_equal(&id, &p->id))
        return err_fail(e, ERR_PROOF, "agreement/1.json: the id of %.*s is not that of its key",
                        BYTES_FMT(p->holder.slug));
    p->arbiter = json_is(json_find(o, "role"), "arbiter");
    start_keys(p);
    snprintf(p->origin, sizeof p->origin, "entente/%.*s/%.*s",
             BYTES_FMT(bytes_part(z->agreement, 0, 32)), BYTES_FMT(p->holder.slug));
    snprintf(p->acts_key, sizeof p->acts_key, "%.*s/acts", BYTES_FMT(p->holder.slug));
    snprintf(p->recovery_key, sizeof p->recovery_key, "%.*s/recovery", BYTES_FMT(p->holder.slug));
    return true;
}

/* One key, one purpose: no two alike in the whole agreement. */
static bool all_differ(const struct dz *z)
{
    const struct sign_public *all[LIMIT_PARTIES * 5];
    size_t n = 0;

    for (size_t i = 0; i < z->parties; i++) {
        const struct holder *h = &z->party[i].holder;
        const struct sign_public *of[5] = {&h->acts, &h->checkpoints, &h->witness, &h->mirror,
                                           &h->recovery};
        for (size_t k = 0; k < 5; k++) {
            for (size_t j = 0; j < n; j++)
                if (!memcmp(all[j]->b, of[k]->b, 32))
                    return false;
            all[n++] = of[k];
        }
    }
    return true;
}

static bool read_parties(struct dz *z, struct err *e)
{
    const struct json *list = json_find(z->document, "parties");
    size_t n = json_count(list);

    if (n < 2 || n > LIMIT_PARTIES)
        return err_fail(e, ERR_INPUT, "agreement/1.json does not name its parties");
    for (size_t i = 0; i < n; i++, z->parties++) {
        if (!read_party(z, json_at(list, i), &z->party[i], e))
            return false;
        if (i && bytes_compare(z->party[i - 1].holder.slug, z->party[i].holder.slug) >= 0)
            return err_fail(e, ERR_INPUT, "agreement/1.json: parties out of order");
    }
    if (!all_differ(z))
        return err_fail(e, ERR_PROOF, "agreement/1.json: one key has two purposes");
    return true;
}

/* Outside witnesses, in the order in which the versions name them: each key once. */
static void read_witnesses(struct dz *z)
{
    for (size_t v = 0; v < z->versions; v++) {
        const struct json *g = json_parse_canonical(z->version[v].bytes, z->a, NULL),
                          *list = json_find(g, "witnesses");
        for (size_t i = 0; i < json_count(list) && z->witnesses < DZ_WITNESSES; i++) {
            struct dz_witness *w = &z->witness[z->witnesses];
            struct bytes vkey;
            uint8_t type;
            bool known = false;
            if (!json_as_string(json_find(json_at(list, i), "vkey"), &vkey) ||
                !read_vkey(vkey, w->name, &type, &w->key) || type != 4 ||
                !sign_public_valid(&w->key))
                continue;
            for (size_t j = 0; j < z->witnesses; j++)
                known |= !strcmp(z->witness[j].name, w->name) &&
                         !memcmp(z->witness[j].key.b, w->key.b, 32);
            z->witnesses += !known;
        }
    }
}

/* ---- 5: cards, and keys that the reader knows by other ways ---- */

static void check_card(struct dz *z, size_t file, struct bytes slug)
{
    struct bytes name = z->files[file].name;
    int who = dz_party_of(z, slug);
    struct holder h;

    z->used[file] = true;
    if (who < 0) {
        dz_say(z, 5, VERIFY_FAILED, name, "a card of nobody in the agreement");
        return;
    }
    z->signatures += 6;
    if (!read_card(z->files[file].bytes, z->a, &h) || !bytes_equal(h.slug, slug)) {
        dz_say(z, 5, VERIFY_FAILED, name, "it is not a card that every key it names has signed");
        return;
    }
    if (memcmp(h.recovery.b, z->party[who].holder.recovery.b, 32)) {
        dz_say(z, 5, VERIFY_FAILED, name, "it is the card of another than the agreement's %.*s",
               BYTES_FMT(slug));
        return;
    }
    z->party[who].has_card = true;
    z->party[who].card_name = h.name;
}

static void check_cards(struct dz *z)
{
    struct bytes slug;

    for (size_t i = 0; i < z->n; i++)
        if (dz_below(z->files[i].name, "cards/", &slug) && bytes_end_with(slug, ".card"))
            check_card(z, i, bytes_part(slug, 0, slug.n - 5));
}

/* "SHA256:" and hex digits, with or without '-' between them. */
static bool print_fits(const struct hash *id, struct bytes print)
{
    char hex[64];
    size_t n = 0;

    if (bytes_start_with(print, "SHA256:"))
        print = bytes_part(print, 7, SIZE_MAX);
    hex_encode(hex, id->b, 32);
    for (size_t i = 0; i < print.n; i++) {
        if (print.p[i] == '-')
            continue;
        if (n == sizeof hex || hex[n++] != (char)print.p[i])
            return false;
    }
    return n >= 16;
}

static void check_pin(struct dz *z, const struct verify_pin *pin)
{
    struct bytes slug = pin->slug;
    struct holder h = {0};
    struct hash id = {{0}};
    int who;

    if (pin->card.n && read_card(pin->card, z->a, &h)) {
        slug = h.slug;
        sha256(bytes_of(h.recovery.b, 32), &id);
    } else if (pin->card.n) {
        dz_say(z, 5, VERIFY_FAILED, BYTES("--card"), "it is not a card that its keys have signed");
        return;
    }
    who = dz_party_of(z, slug);
    if (who < 0) {
        dz_say(z, 5, VERIFY_FAILED, slug, "no party of the agreement has this name");
        return;
    }
    if (pin->card.n ? !hash_equal(&id, &z->party[who].id)
                    : !print_fits(&z->party[who].id, pin->print))
        dz_say(z, 5, VERIFY_FAILED, slug,
               "the dossier speaks of another party of this name than the one whose key you gave");
    else
        z->party[who].pinned = true;
}

static void say_identities(struct dz *z)
{
    dz_looked(z, 5);
    for (size_t i = 0; i < z->o->pins_n; i++)
        check_pin(z, &z->o->pins[i]);
    for (size_t i = 0; i < z->parties; i++)
        if (!z->party[i].pinned)
            dz_say(z, 5, VERIFY_UNKNOWN, z->party[i].holder.slug,
                   "whose key this is: anybody can make a dossier of invented parties; compare the "
                   "fingerprint with the party itself, or give its card or --key");
}

bool dz_agreement(struct dz *z, struct err *e)
{
    if (!read_versions(z, e) || !read_parties(z, e))
        return false;
    read_witnesses(z);
    check_cards(z);
    if (!z->making)
        say_identities(z);
    return true;
}

/* ---- 4: policy ---- */

static bool has_line(struct bytes policy, struct bytes wanted)
{
    struct bytes line;

    while (bytes_next_line(&policy, &line))
        if (bytes_equal(bytes_trim(line), wanted))
            return true;
    return false;
}

/* Whose word counts for a log follows from the agreement; a policy file only repeats it, and the
 * arbiter's own, if there is one, has to say the same. */
void dz_policy(struct dz *z)
{
    size_t files = 0;

    for (size_t i = 0; i < z->parties; i++)
        files += dz_file(z, "policies/%.*s.txt", BYTES_FMT(z->party[i].holder.slug)) != NOWHERE;
    if (files)
        dz_looked(z, 4);
    if (z->making)
        return;
    if (!z->o->policy.n) {
        dz_say(z, 4, VERIFY_UNKNOWN, BYTES("policies"),
               "whether you would ask the same cosigners: those of the agreement are used; give "
               "your own with --policy");
        return;
    }
    dz_looked(z, 4);
    for (size_t i = 0; i < z->parties; i++) {
        size_t file = dz_file(z, "policies/%.*s.txt", BYTES_FMT(z->party[i].holder.slug));
        struct bytes rest = file == NOWHERE ? bytes_of(NULL, 0) : z->files[file].bytes, line;
        while (bytes_next_line(&rest, &line))
            if (bytes_start_with(line, "log ") && !has_line(z->o->policy, line))
                dz_say(z, 4, VERIFY_FAILED, z->files[file].name,
                       "your policy does not have this log with this key");
    }
}
