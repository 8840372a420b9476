/* entente officer key, enrol, remove, list, sign, send: four eyes. */
#include "desk/officer.h"
#include "base/text.h"
#include "cli/claim.h"
#include "cli/commands.h"

/* ---- key files ---- */

struct officer_key {
    struct bytes name;
    struct sign_key *key;
};

static bool seed_into(struct cli *c, struct json_maker *m, struct json *o, const uint8_t seed[32],
                      struct err *e)
{
    struct bytes pass, sealed;
    char *text;

    if (option_given(c, "no-passphrase")) {
        if (!(text = arena_get(c->arena, 65, e)))
            return false;
        hex_encode(text, seed, 32);
        json_set_text(m, o, "seed", text);
        return true;
    }
    if (!passphrase_get(c, tr(c, "Passphrase of the officer's key"), true, &pass, e) ||
        !passphrase_seal(c->os, pass, LABEL_OFFICER_KEY, bytes_of(seed, 32), c->arena, &sealed,
                         e) ||
        !(text = arena_get(c->arena, BASE64_LEN(sealed.n) + 1, e)))
        return false;
    base64_encode(text, sealed.p, sealed.n);
    json_set_text(m, o, "sealed", text);
    return true;
}

static bool key_text(struct cli *c, const char *name, const struct sign_key *key,
                     struct bytes *secret, struct bytes *public, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);
    uint8_t seed[32];
    bool ok;

    sign_key_seed(key, seed);
    json_set_text(&m, o, "type", "entente-officer-key");
    json_set_text(&m, o, "officer", name);
    ok = seed_into(c, &m, o, seed, e) && json_made(&m, o, NULL, e) &&
         json_print_pretty(o, c->arena, secret, e) &&
         officer_body_add(bytes_text(name), key, c->arena, public, e);
    wipe(seed, sizeof seed);
    return ok;
}

/* A fresh file that only its owner reads; os_write_file would replace one that is there. */
static bool write_secret(struct cli *c, const char *path, struct bytes text, struct err *e)
{
    struct os_file *f = NULL;
    bool ok;

    if (os_exists(c->os, path))
        return err_fail(e, ERR_DENIED, "%s is there already: nothing is overwritten", path);
    ok = os_open(c->os, path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE | OS_PRIVATE, &f, e) &&
         os_write(c->os, f, 0, text, e) && os_sync(c->os, f, e);
    os_close(c->os, f);
    return ok;
}

static const struct option_row key_options[] = {
    {"output", 'o', "FILE", "the secret key; FILE.pub is what the node gets"},
    {"no-passphrase", 0, NULL, "keep the key unencrypted, in a file that only its owner reads"},
    {NULL},
};

static bool run_key(struct cli *c, struct err *e)
{
    const char *name = c->operands[0], *path = option(c, "output"), *pub;
    struct sign_key *key;
    struct bytes secret, public;
    bool ok;

    if (!slug_valid(bytes_text(name)))
        return misuse(c, e, "an officer's name is a letter, then a-z, 0-9, - or _");
    if (!path)
        return misuse(c, e, "say where to: -o FILE");
    if (!(pub = arena_format(c->arena, e, "%s.pub", path)) || !(key = sign_key_new(c->os, e)))
        return false;
    ok = key_text(c, name, key, &secret, &public, e) && write_secret(c, path, secret, e) &&
         output_write(c, pub, public, e);
    sign_key_free(key);
    if (!ok)
        return false;
    say(c, "%s is the key of %s and stays with them.\n", shown(c, bytes_text(path)), name);
    say(c, "%s goes to the node: entente officer enrol %s\n", shown(c, bytes_text(pub)),
        shown(c, bytes_text(pub)));
    return true;
}

const struct command cmd_officer_key = {
    .name = "officer key",
    .synopsis = "NAME -o FILE [--no-passphrase]",
    .sentence = "Make an officer's key: it belongs to a person, not to the node.",
    .more = "NAME is a role or a code, not necessarily a person's name: all parties see it.\n",
    .options = key_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NOTHING,
    .run = run_key,
};

static bool seed_of(struct cli *c, const struct json *o, uint8_t seed[32], struct err *e)
{
    struct bytes text, pass, sealed, plain;
    uint8_t *raw;

    if (json_as_string(json_find(o, "seed"), &text))
        return hex_decode(seed, 32, text) || err_fail(e, ERR_INPUT, "\"seed\" is no key");
    if (!json_get_string(o, "sealed", &text, e) || !(raw = arena_get(c->arena, text.n, e)))
        return false;
    sealed = bytes_of(raw, text.n);
    if (!base64_decode(raw, &sealed.n, text))
        return err_fail(e, ERR_INPUT, "\"sealed\" is no base64");
    if (!passphrase_get(c, tr(c, "Passphrase of the officer's key"), false, &pass, e) ||
        !passphrase_open(pass, LABEL_OFFICER_KEY, sealed, c->arena, &plain, e))
        return false;
    if (plain.n != 32)
        return err_fail(e, ERR_INPUT, "the key has %zu bytes, not 32", plain.n);
    memcpy(seed, plain.p, 32);
    return true;
}

static bool key_read(struct cli *c, const char *path, struct officer_key *out, struct err *e)
{
    const struct json *o;
    struct bytes text;
    uint8_t seed[32];
    bool ok;

    if (!input_read(c, path, LIMIT_SEALED_BYTES, &text, e))
        return false;
    o = json_parse(text, c->arena, e);
    ok = o &&
         (json_is(json_find(o, "type"), "entente-officer-key") ||
          err_fail(e, ERR_INPUT, "it is no officer's key")) &&
         json_get_string(o, "officer", &out->name, e) && seed_of(c, o, seed, e) &&
         (out->key = sign_key_of_seed(seed, e));
    wipe(seed, sizeof seed);
    return ok || err_within(e, "%s", input_name(c, path));
}

/* ---- enrol, remove ---- */

static const struct option_row change_options[] = {
    {"under", 0, "AGREEMENT", "in whose log; may be left out where there is only one"},
    {"draft", 0, "FILE", "write a draft for two officers to sign, and change nothing"},
    {"recovery", 0, NULL, "sign with the recovery key, where two officers cannot"},
    {NULL},
};

static const char *own_origin(struct cli *c, const char *id, struct err *e)
{
    return arena_format(c->arena, e, "entente/%s/%.*s", id, BYTES_FMT(node_slug(c->node)));
}

static bool sign_by_recovery(struct cli *c, const char *id, struct bytes kind, struct bytes *body,
                             struct err *e)
{
    const char *dir = arena_format(c->arena, e, "%s/keys", node_dir(c->node));
    const char *origin = own_origin(c, id, e);
    struct keyring *keys;
    struct bytes pass;
    bool ok;

    if (!dir || !origin || !passphrase_of_node(c, &pass, e) ||
        !(keys = keyring_open(c->os, dir, 1u << KEY_RECOVERY, pass, e)))
        return false;
    ok = officer_recover(origin, kind, *body, keyring_key(keys, KEY_RECOVERY), c->arena, body, e);
    keyring_free(keys);
    return ok;
}

/* The same judgement as every reader's, before it is said. */
static bool append_change(struct cli *c, const char *id, struct bytes kind, struct bytes body,
                          struct err *e)
{
    struct record_draft d = {.kind = kind, .media_type = BYTES(MEDIA_JSON), .payload = body};
    struct record *r = node_hold(c->node, id, e);
    struct officers *o;
    bool ok;

    if (!r)
        return false;
    o = officers_of(r, node_slug(c->node), c->arena, e);
    ok = o && officers_take(o, kind, body, e) && record_append(r, &d, 1, NULL, e);
    node_release(c->node, r);
    return ok || refused(c, e);
}

static bool change(struct cli *c, struct bytes kind, struct bytes body, struct err *e)
{
    char id[ACT_AGREEMENT + 1];
    struct draft *d = arena_get(c->arena, sizeof *d, e);

    if (!d || !agreement_named(c, option(c, "under"), id, e))
        return false;
    if (option_given(c, "recovery") && !sign_by_recovery(c, id, kind, &body, e))
        return false;
    if (!option(c, "draft"))
        return append_change(c, id, kind, body, e);
    *d = (struct draft){.from = node_slug(c->node), .kind = kind, .body = body};
    memcpy(d->agreement, id, ACT_AGREEMENT);
    return draft_write(c, option(c, "draft"), d, e);
}

static bool run_enrol(struct cli *c, struct err *e)
{
    struct bytes text, body;

    if (!input_read(c, c->operands[0], LIMIT_SEALED_BYTES, &text, e) ||
        !json_canonical(text, c->arena, &body, e))
        return err_within(e, "%s", input_name(c, c->operands[0]));
    if (!change(c, BYTES("officer.add"), body, e))
        return false;
    if (option(c, "draft"))
        remark(c, "A draft: nothing was changed.\n");
    else
        say(c, "Enrolled: the officer counts from here on.\n");
    return true;
}

const struct command cmd_officer_enrol = {
    .name = "officer enrol",
    .synopsis = "FILE.pub [--under AGREEMENT] [--draft FILE] [--recovery]",
    .sentence = "Name an officer in our log; from then on their signature counts.",
    .more = "While we have fewer than two officers, the node alone can do this. From then on it "
            "takes the\nsignatures of two officers (--draft, entente officer sign, entente officer "
            "send) or of the\nrecovery key. All parties see it.\n",
    .options = change_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_enrol,
};

static bool run_remove(struct cli *c, struct err *e)
{
    struct bytes body;

    if (!officer_body_remove(bytes_text(c->operands[0]), c->arena, &body, e) ||
        !change(c, BYTES("officer.remove"), body, e))
        return false;
    if (option(c, "draft"))
        remark(c, "A draft: nothing was changed.\n");
    else
        say(c, "Removed: what this officer signs from here on does not count.\n");
    return true;
}

const struct command cmd_officer_remove = {
    .name = "officer remove",
    .synopsis = "NAME [--under AGREEMENT] [--draft FILE] [--recovery]",
    .sentence = "An officer's signature counts no longer; what was signed before stays.",
    .options = change_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_remove,
};

/* ---- list ---- */

static const struct option_row list_options[] = {
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

static bool list_party(struct cli *c, struct table *t, struct record *r, struct bytes slug,
                       struct err *e)
{
    struct officers *o = officers_of(r, slug, c->arena, e);
    const struct officer *x;

    if (!o)
        return false;
    for (size_t i = 0; (x = officers_at(o, i)); i++) {
        struct json_maker m = json_maker(c->arena);
        struct json *v = json_new_object(&m);
        struct hash key;
        memcpy(key.b, x->key.b, sizeof key.b);
        table_add(t, arena_format(c->arena, NULL, "%.8s", record_id(r)), shown(c, slug), x->name,
                  shown_hash(c, &key, 64));
        json_set_text(&m, v, "agreement", record_id(r));
        json_set_string(&m, v, "party", slug);
        json_set_text(&m, v, "officer", x->name);
        json_set_text(&m, v, "key", shown_hash(c, &key, 64));
        if (c->json && !print_json(c, &m, v, e))
            return false;
    }
    return true;
}

static bool run_list(struct cli *c, struct err *e)
{
    const char **ids;
    struct table t;
    size_t n;

    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    table_start(&t, c, tr(c, "AGREEMENT|PARTY|OFFICER|KEY"));
    for (size_t i = 0; i < n; i++) {
        struct view v;
        if (!view_open(c, ids[i], &v, e))
            return false;
        for (size_t k = 0; k < v.g->parties_n; k++)
            if (!list_party(c, &t, v.record, v.g->parties[k].slug, e))
                return false;
    }
    if (!c->json)
        table_print(&t, "");
    return true;
}

const struct command cmd_officer_list = {
    .name = "officer list",
    .synopsis = "[--under AGREEMENT] [--json]",
    .sentence = "The officers in force of every party.",
    .options = list_options,
    .needs = NEEDS_NODE,
    .run = run_list,
};

/* ---- sign, send ---- */

static const struct option_row sign_options[] = {
    {"key", 0, "FILE", "the officer's secret key"},
    {"show", 0, NULL, "show what would be signed, and sign nothing"},
    {NULL},
};

static bool show_draft(struct cli *c, const struct draft *d, struct err *e)
{
    struct bytes text, line;
    const struct json *body = json_parse(d->body, c->arena, e);

    if (!body || !json_print_pretty(body, c->arena, &text, e))
        return false;
    say(c, "agreement  %s\nfrom       %s\nkind       %s\n", d->agreement, shown(c, d->from),
        shown(c, d->kind));
    for (size_t i = 0; i < d->refs_n; i++)
        say(c, "about      %s\n", shown_hash(c, &d->refs[i], 64));
    while (bytes_next_line(&text, &line))
        fprintf(c->out, "%s\n", shown(c, line));
    return true;
}

static bool run_sign(struct cli *c, struct err *e)
{
    struct draft *d = arena_get(c->arena, sizeof *d, e);
    struct officer_key k = {.key = NULL};
    bool ok;

    if (!d || !draft_read(c, c->operands[0], d, e) || !show_draft(c, d, e))
        return false;
    if (option_given(c, "show"))
        return true;
    if (!option(c, "key"))
        return misuse(c, e, "say with which key: --key FILE");
    ok = key_read(c, option(c, "key"), &k, e) &&
         officer_sign(d->origin, d->kind, d->refs, d->refs_n, d->body, k.name, k.key, c->arena,
                      &d->body, e) &&
         draft_rewrite(c, c->operands[0], d, e);
    sign_key_free(k.key);
    if (!ok)
        return false;
    remark(c, "Signed by %s.\n", shown(c, k.name));
    return true;
}

const struct command cmd_officer_sign = {
    .name = "officer sign",
    .synopsis = "DRAFT --key FILE | DRAFT --show",
    .sentence = "Read a draft, and sign it as an officer; it needs no node.",
    .more =
        "The signature covers the log's name, the kind of act, what it answers and every member "
        "of its\nbody. One officer signing twice does not count twice.\n",
    .options = sign_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NOTHING,
    .run = run_sign,
};

static bool send_on_case(struct cli *c, const struct draft *d, enum cases_kind kind,
                         struct record_placed *placed, struct err *e)
{
    struct desk *desk = node_desk(c->node, d->agreement, e);
    struct desk_saying s = {.kind = kind, .body = d->body, .to_n = d->to_n, .as_given = true};
    struct record *r;
    bool ok;

    if (d->tlp.n && !stix_tlp_parse(d->tlp, &s.tlp))
        return misuse(c, e, "\"tlp\" of the draft is no label");
    memcpy(s.to, d->to, d->to_n * sizeof d->to[0]);
    s.matter = d->refs_n > 0 ? &d->refs[0] : NULL;
    s.answers = d->refs_n > 1 ? &d->refs[1] : NULL;
    if (!desk || !(r = node_hold(c->node, d->agreement, e)))
        return false;
    ok = desk_say(desk, &s, placed, e);
    node_release(c->node, r);
    return ok || refused(c, e);
}

static bool say_change(struct cli *c, struct bytes kind)
{
    say(c, "Sent %s: it counts from here on.\n", shown(c, kind));
    return true;
}

static bool run_send(struct cli *c, struct err *e)
{
    struct draft *d = arena_get(c->arena, sizeof *d, e);
    struct record_placed placed = {0};
    int kind;

    if (!d || !draft_read(c, c->operands[0], d, e))
        return false;
    if (!bytes_equal(d->from, node_slug(c->node)))
        return err_fail(e, ERR_DENIED, "it is a draft of %s, not ours", shown(c, d->from));
    if (bytes_start_with(d->kind, "officer."))
        return append_change(c, d->agreement, d->kind, d->body, e) && say_change(c, d->kind);
    kind = cases_word(cases_kind_words, CASES_KINDS, d->kind);
    if (kind <= 0)
        return misuse(c, e, "there is no act of kind %s", shown_short(c, d->kind, 64));
    if (!send_on_case(c, d, (enum cases_kind)kind, &placed, e))
        return false;
    say(c, "Sent %s, case %s.\n", shown(c, d->kind),
        shown_hash(c, d->refs_n ? &d->refs[0] : &placed.text_hash, 12));
    return true;
}

static const struct option_row no_options[] = {{NULL}};

const struct command cmd_officer_send = {
    .name = "officer send",
    .synopsis = "DRAFT",
    .sentence = "Send a draft that the officers have signed.",
    .more = "The receiver, the fold of the cases and entente verify check the signatures again.\n",
    .options = no_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_send,
};
