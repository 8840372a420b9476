/* entente agreement sign, amend, suspend, resume, withdraw: acts in our log. */
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

static const struct option_row json_option[] = {
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

enum said { SIGNED, AMENDED, SUSPENDED, RESUMED, WITHDRAWN };

static void print_said(struct cli *c, enum said what, const char *id, const char *title,
                       const char *with)
{
    say(c,
        what == SIGNED      ? N_("Signed agreement %.8s, \"%s\", with %s.\n")
        : what == AMENDED   ? N_("Signed an amendment of agreement %.8s, \"%s\", with %s.\n")
        : what == SUSPENDED ? N_("Suspended clauses of agreement %.8s, \"%s\", with %s.\n")
        : what == RESUMED   ? N_("Resumed clauses of agreement %.8s, \"%s\", with %s.\n")
                          : N_("Announced our withdrawal from agreement %.8s, \"%s\", with %s.\n"),
        id, title, with);
}

/* What was said, and what follows from it. */
static bool say_state(struct cli *c, const char *id, enum said what, struct view *v, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);

    if (!view_open(c, id, v, e))
        return false;
    if (c->json) {
        json_set_text(&m, o, "agreement", id);
        json_set_text(&m, o, "stage", stage_word(v->state.stage));
        json_set_integer(&m, o, "version", (int64_t)v->g->version);
        return print_json(c, &m, o, e);
    }
    print_said(c, what, id, shown(c, v->g->title), other_parties(c, v));
    return true;
}

/* ---- sign ---- */

/* A party's node is often a folder of the party's name, and stands where its people work. */
static bool is_file(struct cli *c, const char *name)
{
    struct bytes *names;
    size_t n;

    return !strcmp(name, "-") ||
           (os_exists(c->os, name) && !os_list(c->os, name, c->arena, &names, &n, NULL));
}

static bool id_of(struct cli *c, const char *name, char id[ACT_AGREEMENT + 1], struct err *e)
{
    struct bytes text;

    if (!is_file(c, name))
        return agreement_named(c, name, id, e);
    return (input_read(c, name, LIMIT_AGREEMENT_BYTES * 4, &text, e) &&
            node_propose(c->node, text, id, e)) ||
           err_within(e, "%s", input_name(c, name));
}

static bool run_sign(struct cli *c, struct err *e)
{
    char id[ACT_AGREEMENT + 1];
    struct view v;

    if (!id_of(c, c->operands[0], id, e) || !node_sign(c->node, id, e) ||
        !say_state(c, id, SIGNED, &v, e))
        return false;
    if (v.state.stage == STAGE_IN_FORCE)
        remark(c, "Every party has signed: it is in force.\n");
    else
        remark(c,
               "It is in force when every other party's log begins with the same bytes.\n"
               "They read and sign it with: entente agreement show %.8s, entente agreement sign "
               "%.8s\n",
               id, id);
    return true;
}

const struct command cmd_agreement_sign = {
    .name = "agreement sign",
    .synopsis = "FILE | AGREEMENT [--json]",
    .sentence = "Sign a document as edited, or an agreement that another party proposed.",
    .more = "The signature is the first entry of our log under it. Peers get the document at the "
            "next\nvisit; it is in force when every party has signed the same bytes.\n",
    .options = json_option,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_sign,
};

/* ---- amend ---- */

static const struct option_row amend_options[] = {
    {"accept", 0, NULL, "sign the amendment that another party has proposed"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

/* The document with its `amends` set to follow the version in force. */
static bool as_amendment(struct cli *c, struct record *r, const char *path, struct bytes *canonical,
                         struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct agreement *g = arena_get(c->arena, sizeof *g, e);
    const struct json *doc;
    struct json *copy, *amends;
    struct record_state s;
    struct bytes text;

    record_state(r, os_now(c->os), &s);
    if (!g || !input_read(c, path, LIMIT_AGREEMENT_BYTES * 4, &text, e) ||
        !(doc = json_parse(text, c->arena, e)))
        return false;
    copy = json_clone(&m, doc);
    amends = json_set_object(&m, copy, "amends");
    json_set_text(&m, amends, "agreement", record_id(r));
    json_set_text(&m, amends, "previous", shown_hash(c, &s.agreement->digest, 64));
    json_set_integer(&m, amends, "version", (int64_t)s.agreement->version + 1);
    if (!json_made(&m, copy, NULL, e) || !json_print_pretty(copy, c->arena, &text, e) ||
        !agreement_parse(text, c->arena, g, e))
        return false;
    *canonical = g->bytes;
    return true;
}

static bool proposed(struct record *r, struct cli *c, struct bytes *canonical, struct err *e)
{
    struct record_state s;

    record_state(r, os_now(c->os), &s);
    if (!s.amendment)
        return err_fail(e, ERR_MISSING, "nobody has proposed an amendment to %.8s", record_id(r));
    return arena_copy(c->arena, s.amendment->bytes, canonical, e);
}

static bool amend(struct cli *c, struct record *r, struct err *e)
{
    struct bytes canonical;

    if (option_given(c, "accept") ? !proposed(r, c, &canonical, e)
                                  : !as_amendment(c, r, c->operands[1], &canonical, e))
        return c->operands_n > 1 ? err_within(e, "%s", input_name(c, c->operands[1])) : false;
    return record_amend(r, canonical, e);
}

static bool run_amend(struct cli *c, struct err *e)
{
    char id[ACT_AGREEMENT + 1];
    struct record *r;
    struct view v;
    bool ok;

    if (option_given(c, "accept") != (c->operands_n == 1))
        return misuse(c, e, "give the edited document, or --accept");
    if (!agreement_named(c, c->operands[0], id, e) || !(r = node_hold(c->node, id, e)))
        return false;
    ok = amend(c, r, e);
    node_release(c->node, r);
    if (!ok || !say_state(c, id, AMENDED, &v, e))
        return false;
    remark(c, "It counts when every party has signed it: entente agreement show %.8s\n", id);
    return true;
}

const struct command cmd_agreement_amend = {
    .name = "agreement amend",
    .synopsis = "AGREEMENT FILE | AGREEMENT --accept [--json]",
    .sentence = "Propose a new version of an agreement, or accept the one that was proposed.",
    .more =
        "FILE is the document of `entente agreement show --document`, edited. What it amends is "
        "filled\nin. The version before stays in force until every party has signed.\n",
    .options = amend_options,
    .least = 1,
    .most = 2,
    .needs = NEEDS_NODE,
    .run = run_amend,
};

/* ---- suspend, resume, withdraw ---- */

static const struct option_row reason_options[] = {
    {"reason", 0, "TEXT", "why, for the other parties to read"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static bool body_of(struct cli *c, struct bytes *out, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list = NULL;

    if (c->operands_n > 1)
        list = json_set_array(&m, o, "clauses");
    for (size_t i = 1; i < c->operands_n; i++)
        json_add_string(&m, list, bytes_text(c->operands[i]));
    if (option(c, "reason"))
        json_set_text(&m, o, "reason", option(c, "reason"));
    return json_made(&m, o, out, e);
}

/* Suspending what is not there would be an act without effect. */
static bool clauses_exist(struct cli *c, struct record *r, struct err *e)
{
    const struct json *clauses = json_find(record_agreement(r)->root, "clauses");

    for (size_t i = 1; i < c->operands_n; i++)
        if (strcmp(c->operands[i], "all") && !json_find(clauses, c->operands[i]))
            return err_fail(e, ERR_INPUT, "there is no clause \"%s\" in this agreement",
                            c->operands[i]) ||
                   err_hint(e, "entente agreement show %.8s names them", record_id(r));
    return true;
}

static bool say_act(struct cli *c, const char *kind, enum said what, struct err *e)
{
    struct record_draft d = {.kind = bytes_text(kind), .media_type = BYTES(MEDIA_JSON)};
    char id[ACT_AGREEMENT + 1];
    struct record *r;
    struct view v;
    bool ok;

    if (!body_of(c, &d.payload, e) || !agreement_named(c, c->operands[0], id, e) ||
        !(r = node_hold(c->node, id, e)))
        return false;
    ok = clauses_exist(c, r, e) && record_append(r, &d, 1, NULL, e);
    node_release(c->node, r);
    return ok && say_state(c, id, what, &v, e);
}

static bool run_suspend(struct cli *c, struct err *e)
{
    return say_act(c, "agreement.suspend", SUSPENDED, e);
}

const struct command cmd_agreement_suspend = {
    .name = "agreement suspend",
    .synopsis = "AGREEMENT CLAUSE... [--reason TEXT] [--json]",
    .sentence =
        "Suspend clauses (\"share\", \"match\", ...): acts under them stop, all else goes on.",
    .options = reason_options,
    .least = 2,
    .most = 33,
    .needs = NEEDS_NODE,
    .run = run_suspend,
};

static bool run_resume(struct cli *c, struct err *e)
{
    return say_act(c, "agreement.resume", RESUMED, e);
}

const struct command cmd_agreement_resume = {
    .name = "agreement resume",
    .synopsis = "AGREEMENT CLAUSE... [--reason TEXT] [--json]",
    .sentence = "End a suspension of clauses.",
    .options = reason_options,
    .least = 2,
    .most = 33,
    .needs = NEEDS_NODE,
    .run = run_resume,
};

static bool run_withdraw(struct cli *c, struct err *e)
{
    if (!say_act(c, "agreement.withdraw", WITHDRAWN, e))
        return false;
    remark(c, "The notice of clauses.change runs from when another party cosigns this act.\n");
    return true;
}

const struct command cmd_agreement_withdraw = {
    .name = "agreement withdraw",
    .synopsis = "AGREEMENT [--reason TEXT] [--json]",
    .sentence = "Announce that we leave an agreement, after the notice it names.",
    .options = reason_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_withdraw,
};
