/* entente card show, import; entente peers */
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

static const struct option_row json_option[] = {
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static const char *fingerprint_of(struct cli *c, const struct card *card)
{
    char *text = arena_get(c->arena, CARD_FINGERPRINT_MAX, NULL);

    if (!text)
        return "?";
    card_fingerprint(&card->id, text);
    return text;
}

static const char *state_of(const struct node_peer *p)
{
    if (p->state == NODE_PENDING)
        return N_("pending");
    return p->online ? N_("enrolled") : N_("enrolled by file");
}

/* ---- JSON ---- */

static void put_contacts(struct json_maker *m, struct json *o, const struct card *card)
{
    struct json *list = json_set_array(m, o, "contacts");

    for (size_t i = 0; i < card->contacts_n; i++) {
        const struct contact *k = &card->contacts[i];
        struct json *v = json_new_object(m);
        json_set_text(m, v, "role", contact_role_name(k->role));
        json_set_string(m, v, "name", k->name);
        if (k->email.n)
            json_set_string(m, v, "email", k->email);
        if (k->phone.n)
            json_set_string(m, v, "phone", k->phone);
        json_add(m, list, v);
    }
}

/* `p` is NULL for our own card. */
static bool card_json(struct cli *c, const struct card *card, const struct node_peer *p,
                      struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list;

    json_set_string(&m, o, "slug", card->slug);
    json_set_string(&m, o, "name", card->name);
    json_set_text(&m, o, "id", shown_hash(c, &card->id, 64));
    json_set_text(&m, o, "fingerprint", fingerprint_of(c, card));
    json_set_integer(&m, o, "serial", (int64_t)card->serial);
    json_set_string(&m, o, "issued", card->issued);
    list = json_set_array(&m, o, "addresses");
    for (size_t i = 0; i < card->addresses_n; i++)
        json_add_string(&m, list, card->addresses[i]);
    put_contacts(&m, o, card);
    if (p) {
        json_set_bool(&m, o, "enrolled", p->state == NODE_ENROLLED);
        json_set_bool(&m, o, "online", p->online);
        if (p->enrolled_at)
            json_set_integer(&m, o, "enrolled_at", p->enrolled_at);
    }
    return print_json(c, &m, o, e);
}

/* ---- show ---- */

static void describe(struct cli *c, const struct card *card, FILE *to)
{
    fprintf(to, "%s (%.*s)\n", shown(c, card->name), BYTES_FMT(card->slug));
    fprintf(to, tr(c, "  fingerprint  %s\n"), fingerprint_of(c, card));
    fprintf(to, tr(c, "  serial       %llu, issued %.*s\n"), (unsigned long long)card->serial,
            BYTES_FMT(card->issued));
    for (size_t i = 0; i < card->addresses_n; i++)
        fprintf(to, tr(c, "  address      %s\n"), shown(c, card->addresses[i]));
    for (size_t i = 0; i < card->contacts_n; i++)
        fprintf(to, "  %-12s %s%s%s%s\n", contact_role_name(card->contacts[i].role),
                shown(c, card->contacts[i].name), card->contacts[i].email.n ? " <" : "",
                shown(c, card->contacts[i].email), card->contacts[i].email.n ? ">" : "");
}

static bool find_card(struct cli *c, const struct card **card, const struct node_peer **p,
                      struct err *e)
{
    struct bytes slug = c->operands_n ? bytes_text(c->operands[0]) : node_slug(c->node);

    *p = NULL;
    *card = node_card(c->node);
    if (bytes_equal(slug, node_slug(c->node)))
        return true;
    if (!(*p = node_peer(c->node, slug))) {
        err_fail(e, ERR_MISSING, "there is no card of \"%s\" here", c->operands[0]);
        return err_hint(e, "entente peers lists the cards that are");
    }
    *card = &(*p)->card;
    return true;
}

static bool run_show(struct cli *c, struct err *e)
{
    const struct node_peer *p;
    const struct card *card;

    if (!find_card(c, &card, &p, e))
        return false;
    if (c->json)
        return card_json(c, card, p, e);
    describe(c, card, c->err);
    if (p)
        remark(c, "  state        %s\n", tr(c, state_of(p)));
    return output_write(c, NULL, card->note, e);
}

const struct command cmd_card_show = {
    .name = "card show",
    .synopsis = "[PARTY] [--json]",
    .sentence = "Show a card, one's own or another party's; the card itself goes to stdout.",
    .more = "What it says in plain words goes to stderr, so that `entente card show > north.card` "
            "makes\na file to send.\n",
    .options = json_option,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_show,
};

/* ---- import ---- */

static bool import_one(struct cli *c, const char *path, struct err *e)
{
    const struct node_peer *p;
    struct bytes note;

    if (!input_read(c, path, LIMIT_CARD_BYTES, &note, e) || !node_card_import(c->node, note, &p, e))
        return err_within(e, "%s", input_name(c, path));
    if (c->json)
        return card_json(c, &p->card, p, e);
    describe(c, &p->card, c->out);
    say(c, "  state        %s\n", tr(c, state_of(p)));
    if (p->state == NODE_PENDING)
        remark(c,
               "\nCompare the fingerprint with %s by telephone or in person. Then:\n"
               "  entente card enrol %.*s\n",
               shown(c, p->card.name), BYTES_FMT(p->card.slug));
    return true;
}

static bool run_import(struct cli *c, struct err *e)
{
    for (size_t i = 0; i < c->operands_n; i++)
        if (!import_one(c, c->operands[i], e))
            return false;
    return true;
}

const struct command cmd_card_import = {
    .name = "card import",
    .synopsis = "FILE... [--json]",
    .sentence = "Check another party's card and keep it; it counts once it is enrolled.",
    .options = json_option,
    .least = 1,
    .most = ANY_NUMBER,
    .needs = NEEDS_NODE,
    .run = run_import,
};

/* ---- peers ---- */

static bool run_peers(struct cli *c, struct err *e)
{
    const struct node_peer *const *peers;
    struct table t;
    size_t n;

    if (!node_peers(c->node, c->arena, &peers, &n, e))
        return false;
    for (size_t i = 0; c->json && i < n; i++)
        if (!card_json(c, &peers[i]->card, peers[i], e))
            return false;
    if (c->json)
        return true;
    if (n == 0) {
        remark(c, "No cards of others yet. Get one, then: entente card import FILE\n");
        return true;
    }
    table_start(&t, c, "PARTY|NAME|STATE|FINGERPRINT|ADDRESS");
    for (size_t i = 0; i < n; i++) {
        const struct card *card = &peers[i]->card;
        table_add(&t, shown(c, card->slug), shown_short(c, card->name, 40), state_of(peers[i]),
                  fingerprint_of(c, card),
                  card->addresses_n ? shown(c, card->addresses[0]) : tr(c, "none"));
    }
    table_print(&t, "");
    return true;
}

const struct command cmd_peers = {
    .name = "peers",
    .synopsis = "[--json]",
    .sentence = "List the parties whose cards are here, and which of them are enrolled.",
    .options = json_option,
    .needs = NEEDS_NODE,
    .run = run_peers,
};
