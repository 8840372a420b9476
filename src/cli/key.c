/* entente key list, rotate, revoke */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

static const char *const purposes[KEY_ROLES] = {
    "signs what we say",
    "signs the heads of our logs",
    "cosigns others' heads: order and time",
    "cosigns others' heads: we hold every act addressed to us",
    "the connection; pinned by the card",
    "the party's identity; replaces stolen keys",
};

static const char *key_hex(struct cli *c, const struct sign_public *k)
{
    struct hash h;

    memcpy(h.b, k->b, sizeof h.b);
    return shown_hash(c, &h, 64);
}

static const struct option_row list_options[] = {
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static bool run_list(struct cli *c, struct err *e)
{
    const struct card *card = node_card(c->node);
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);
    struct table t;

    table_start(&t, c, "KEY|PUBLIC KEY (ED25519)|WHAT FOR");
    for (int i = 0; i < KEY_ROLES; i++) {
        const char *role = key_role_name((enum key_role)i), *hex = key_hex(c, &card->keys[i]);
        json_set_text(&m, o, role, hex);
        table_add(&t, role, hex, purposes[i]);
    }
    if (c->json)
        return print_json(c, &m, o, e);
    table_print(&t, "");
    return true;
}

const struct command cmd_key_list = {
    .name = "key list",
    .synopsis = "[--json]",
    .sentence = "List our six keys and what each is for.",
    .options = list_options,
    .needs = NEEDS_NODE,
    .run = run_list,
};

/* ---- rotate, revoke ---- */

static bool operating_role(struct cli *c, enum key_role *role, struct err *e)
{
    if (!key_role_parse(bytes_text(c->operands[0]), role))
        return misuse(c, e, "there is no key \"%s\": acts, checkpoints, witness, mirror or tls",
                      c->operands[0]);
    if (*role >= KEY_OPERATING)
        return err_fail(e, ERR_DENIED, "the recovery key is the party's id: it does not change");
    return true;
}

static bool say_new(struct cli *c, enum key_role role, bool rotated)
{
    say(c,
        rotated ? N_("Rotated the key \"%s\". The new one is %s\n")
                : N_("Revoked the key \"%s\". The new one is %s\n"),
        key_role_name(role), key_hex(c, &node_card(c->node)->keys[role]));
    remark(c, "Peers get the new card at the next visit: entente sync\n");
    return true;
}

static bool run_rotate(struct cli *c, struct err *e)
{
    enum key_role role;

    if (!operating_role(c, &role, e) || !node_rotate(c->node, role, c->passphrase, e))
        return false;
    return say_new(c, role, true);
}

const struct command cmd_key_rotate = {
    .name = "key rotate",
    .synopsis = "ROLE",
    .sentence = "Put a fresh key in place of one of ours, signed by both in every log.",
    .more = "ROLE is acts, checkpoints, witness, mirror or tls. From the next entry of each log on "
            "only the\nnew key counts. keys/recovery.key must be there, for it signs the new card; "
            "no server may be\nrunning on this folder.\n",
    .least = 1,
    .most = 1,
    .needs = NEEDS_ALONE,
    .run = run_rotate,
};

static const struct option_row revoke_options[] = {
    {"since", 0, "TIME",
     "when it may have been stolen, as 2026-01-31T12:00:00Z: acts since then are in doubt; now if "
     "not given"},
    {NULL},
};

static bool run_revoke(struct cli *c, struct err *e)
{
    int64_t since = os_now(c->os);
    enum key_role role;

    if (option(c, "since") && !time_parse(bytes_text(option(c, "since")), &since))
        return misuse(c, e, "--since is a time like 2026-01-31T12:00:00Z");
    if (!operating_role(c, &role, e) || !node_revoke(c->node, role, since, c->passphrase, e))
        return false;
    return say_new(c, role, false);
}

const struct command cmd_key_revoke = {
    .name = "key revoke",
    .synopsis = "ROLE [--since TIME]",
    .sentence =
        "After a theft: revoke one of our keys by the recovery key, and name its successor.",
    .more = "What the stolen key signed before --since stands; what it signed after is in doubt "
            "until the\nrevocation. No server may be running on this folder.\n",
    .options = revoke_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_ALONE,
    .run = run_revoke,
};
