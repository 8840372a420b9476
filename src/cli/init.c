/* entente init */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

static const struct option_row options[] = {
    {"name", 0, "NAME", "the party's name as others will read it, for example \"CERT North\""},
    {"slug", 0, "SLUG", "its short name in every log: letters a-z, digits, - and _"},
    {"address", 0, "URL", "where others find this node, https://host:port; may be given again"},
    {"listen", 0, "HOST:PORT", "where the server listens; 0.0.0.0:8443 if not given"},
    {"contact", 0, "ROLE:NAME:EMAIL",
     "a person or desk; ROLE is technical, legal or diplomatic; may be given again"},
    {"passphrase", 0, NULL, "encrypt the keys under a passphrase (Argon2id)"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

/* "technical:Duty desk:duty@north.example" */
static bool parse_contact(struct cli *c, const char *text, struct contact *out, struct err *e)
{
    struct bytes all = bytes_text(text), role = bytes_part(all, 0, bytes_find_byte(all, ':'));
    struct bytes rest = bytes_part(all, role.n + 1, SIZE_MAX);

    *out = (struct contact){.role = CONTACT_ROLES};
    for (int i = 0; i < CONTACT_ROLES; i++)
        if (bytes_are(role, contact_role_name((enum contact_role)i)))
            out->role = (enum contact_role)i;
    out->name = bytes_part(rest, 0, bytes_find_byte(rest, ':'));
    out->email = bytes_part(rest, out->name.n + 1, SIZE_MAX);
    if (out->role == CONTACT_ROLES || out->name.n == 0)
        return misuse(c, e, "a contact is technical, legal or diplomatic, then :NAME:EMAIL, not %s",
                      shown_short(c, all, 80));
    return true;
}

/* They go into a file of lines, and before the eyes of others. */
static bool plain_values(struct cli *c, const char *name, struct err *e)
{
    size_t n;
    const char *const *values = option_all(c, name, &n);

    for (size_t i = 0; i < n; i++) {
        struct bytes text = bytes_text(values[i]);
        if (!utf8_valid(text))
            return err_fail(e, ERR_INPUT, "--%s is not UTF-8: \"%s\"", name, values[i]);
        for (size_t k = 0; k < text.n; k++)
            if (text.p[k] < 0x20 || text.p[k] == 0x7f)
                return err_fail(e, ERR_INPUT, "--%s holds a control character: \"%s\"", name,
                                values[i]);
    }
    return true;
}

static bool gather(struct cli *c, struct node_fresh *f, struct err *e)
{
    const char *const *values;
    size_t n;

    if (!option(c, "name") || !option(c, "slug"))
        return misuse(c, e, "init needs --name and --slug");
    if (!plain_values(c, "name", e) || !plain_values(c, "address", e) ||
        !plain_values(c, "contact", e))
        return false;
    f->name = bytes_text(option(c, "name"));
    f->slug = bytes_text(option(c, "slug"));
    if (option(c, "listen"))
        f->listen = bytes_text(option(c, "listen"));
    values = option_all(c, "address", &n);
    if (n > CARD_ADDRESSES)
        return misuse(c, e, "at most %d addresses", CARD_ADDRESSES);
    for (f->addresses_n = 0; f->addresses_n < n; f->addresses_n++)
        f->addresses[f->addresses_n] = bytes_text(values[f->addresses_n]);
    values = option_all(c, "contact", &n);
    if (n > CARD_CONTACTS)
        return misuse(c, e, "at most %d contacts", CARD_CONTACTS);
    for (f->contacts_n = 0; f->contacts_n < n; f->contacts_n++)
        if (!parse_contact(c, values[f->contacts_n], &f->contacts[f->contacts_n], e))
            return false;
    return true;
}

static bool read_card(struct cli *c, struct card *card, struct err *e)
{
    const char *path = arena_format(c->arena, e, "%s/card.note", c->dir);
    struct bytes note;

    return path && os_read_file(c->os, path, LIMIT_CARD_BYTES, c->arena, &note, e) &&
           card_parse(note, c->arena, card, e);
}

static bool say_json(struct cli *c, const struct card *card, const char *fingerprint, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);

    json_set_text(&m, o, "dir", c->dir);
    json_set_string(&m, o, "slug", card->slug);
    json_set_string(&m, o, "name", card->name);
    json_set_text(&m, o, "fingerprint", fingerprint);
    json_set_text(&m, o, "id", shown_hash(c, &card->id, 64));
    return print_json(c, &m, o, e);
}

static bool run(struct cli *c, struct err *e)
{
    char fingerprint[CARD_FINGERPRINT_MAX];
    struct node_fresh f = {0};
    struct card card;

    if (!gather(c, &f, e) || (option_given(c, "passphrase") &&
                              !passphrase_get(c, "New passphrase", true, &f.passphrase, e)))
        return false;
    if (!node_init(c->os, c->dir, &f, e) || !read_card(c, &card, e))
        return false;
    card_fingerprint(&card.id, fingerprint);
    if (c->json)
        return say_json(c, &card, fingerprint, e);
    say(c, "A node for %s (%.*s) is in %s\n\n", shown(c, card.name), BYTES_FMT(card.slug),
        shown(c, bytes_text(c->dir)));
    say(c, "  fingerprint  %s\n", fingerprint);
    say(c, "  keys         keys/: six, %s\n",
        f.passphrase.n ? tr(c, "encrypted under your passphrase") : tr(c, "readable by you alone"));
    say(c, "  settings     entente.conf\n");
    remark(c,
           "\nKeep a copy of keys/recovery.key elsewhere: it replaces stolen keys.\n"
           "Next, give your card to the other party: entente card show > %.*s.card\n",
           BYTES_FMT(card.slug));
    return true;
}

const struct command cmd_init = {
    .name = "init",
    .synopsis = "--name NAME --slug SLUG [--address URL]... [--listen HOST:PORT] "
                "[--contact ROLE:NAME:EMAIL]... [--passphrase] [--json]",
    .sentence = "Make a node's folder: keys, settings, and the card that others know you by.",
    .more =
        "The folder is the one of -C DIR, and is made if it is not there. Nothing that is there "
        "already\nis overwritten. Six keys with separate purposes are made; the recovery key "
        "is the party's\nidentity and may be taken away from this machine once the card is "
        "signed.\n",
    .options = options,
    .run = run,
};
