/* entente agreement show, list */
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

/* "north, south" of those flagged, or of the others. */
static const char *slugs_where(struct cli *c, const struct agreement *g, const bool *flags,
                               bool wanted)
{
    struct buf b = buf_in(c->arena);
    const char *s;
    size_t n = 0;

    for (size_t i = 0; i < g->parties_n; i++)
        if (flags[i] == wanted) {
            buf_puts(&b, n++ ? ", " : "");
            buf_put(&b, g->parties[i].slug);
        }
    s = buf_string(&b, NULL);
    return s && n ? s : tr(c, "nobody");
}

/* ---- JSON ---- */

static void put_slugs(struct json_maker *m, struct json *o, const char *key,
                      const struct agreement *g, const bool *flags)
{
    struct json *list = json_set_array(m, o, key);

    for (size_t i = 0; i < g->parties_n; i++)
        if (!flags || flags[i])
            json_add_string(m, list, g->parties[i].slug);
}

static bool one_json(struct cli *c, const struct view *v, bool document, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list;
    struct record_state s = v->state;

    json_set_text(&m, o, "id", record_id(v->record));
    json_set_string(&m, o, "title", s.agreement->title);
    json_set_text(&m, o, "stage", stage_word(s.stage));
    json_set_integer(&m, o, "version", (int64_t)s.agreement->version);
    json_set_text(&m, o, "digest", shown_hash(c, &s.agreement->digest, 64));
    put_slugs(&m, o, "parties", s.agreement, NULL);
    put_slugs(&m, o, "signed_by", s.agreement, s.signed_by);
    list = json_set_array(&m, o, "suspended");
    for (size_t i = 0; i < s.suspended_n; i++)
        json_add_string(&m, list, s.suspended[i]);
    if (s.withdrawing.n)
        json_set_string(&m, o, "withdrawing", s.withdrawing);
    if (s.withdrawn_from)
        json_set_integer(&m, o, "withdrawn_from", s.withdrawn_from);
    if (s.amendment) {
        json_set_text(&m, o, "amendment", shown_hash(c, &s.amendment->digest, 64));
        put_slugs(&m, o, "amended_by", s.agreement, s.amended_by);
    }
    if (document)
        json_set(&m, o, "document", s.agreement->root);
    return print_json(c, &m, o, e);
}

/* ---- show ---- */

static const struct option_row show_options[] = {
    {"document", 0, NULL, "the document itself, to edit (for an amendment) or to keep"},
    {"json", 0, NULL, "the state and the document, for machines"},
    {NULL},
};

static void say_withdrawal(struct cli *c, const struct record_state *s)
{
    if (s->withdrawn_from)
        say(c, "  %s has announced its withdrawal, from %s.\n", shown(c, s->withdrawing),
            shown_time(c, s->withdrawn_from));
    else
        say(c, "  %s has announced its withdrawal; no counterparty has cosigned that yet.\n",
            shown(c, s->withdrawing));
}

static void say_stage(struct cli *c, const struct record_state *s)
{
    const struct agreement *g = s->agreement;

    say(c, "State\n");
    if (s->stage == STAGE_PROPOSED)
        say(c, "  Proposed: signed by %s; not yet by %s.\n", slugs_where(c, g, s->signed_by, true),
            slugs_where(c, g, s->signed_by, false));
    else
        say(c, s->stage == STAGE_IN_FORCE ? N_("  In force.\n") : N_("  Withdrawn.\n"));
    for (size_t i = 0; i < s->suspended_n; i++)
        say(c, "  Suspended: %s.\n", shown(c, s->suspended[i]));
    if (s->withdrawing.n)
        say_withdrawal(c, s);
}

static bool say_amendment(struct cli *c, const struct record_state *s, struct err *e)
{
    struct bytes text;

    if (!s->amendment)
        return true;
    if (!agreement_diff(s->agreement, s->amendment, c->words, c->arena, &text, e))
        return false;
    say(c, "\nAmendment proposed (version %llu), signed by %s; not yet by %s\n",
        (unsigned long long)s->amendment->version,
        slugs_where(c, s->agreement, s->amended_by, true),
        slugs_where(c, s->agreement, s->amended_by, false));
    for (struct bytes line; bytes_next_line(&text, &line);)
        fprintf(c->out, "  %.*s\n", BYTES_FMT(line));
    return true;
}

static bool is_ours_to_sign(const struct record_state *s, struct bytes self)
{
    for (size_t i = 0; i < s->agreement->parties_n; i++)
        if (bytes_equal(s->agreement->parties[i].slug, self))
            return !s->signed_by[i];
    return false;
}

static bool run_show(struct cli *c, struct err *e)
{
    struct bytes text;
    struct view v;

    if (!view_named(c, c->operands_n ? c->operands[0] : NULL, &v, e))
        return false;
    if (c->json)
        return one_json(c, &v, true, e);
    if (option_given(c, "document"))
        return json_print_pretty(v.g->root, c->arena, &text, e) && output_write(c, NULL, text, e);
    if (!agreement_explain(v.g, c->words, c->arena, &text, e) || !output_write(c, NULL, text, e))
        return false;
    fputc('\n', c->out);
    say_stage(c, &v.state);
    if (!say_amendment(c, &v.state, e))
        return false;
    if (is_ours_to_sign(&v.state, record_self(v.record)))
        remark(c, "\nIf you agree: entente agreement sign %.8s\n", record_id(v.record));
    return true;
}

const struct command cmd_agreement_show = {
    .name = "agreement show",
    .synopsis = "[AGREEMENT] [--document | --json]",
    .sentence = "Say what an agreement means, and where it stands.",
    .more = "AGREEMENT is the beginning of its id or title, or the slug of the one party it is "
            "with; it\nmay be left out where there is only one.\n",
    .options = show_options,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_show,
};

/* ---- list ---- */

static const struct option_row list_options[] = {
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

static bool run_list(struct cli *c, struct err *e)
{
    const char **ids;
    struct table t;
    size_t n;

    if (!node_agreements(c->node, c->arena, &ids, &n, e))
        return false;
    if (n == 0 && !c->json)
        remark(c, "No agreements yet. Begin one with: entente agreement new --with PARTY\n");
    table_start(&t, c, "AGREEMENT|WITH|STAGE|VERSION|SIGNED BY|TITLE");
    for (size_t i = 0; i < n; i++) {
        struct view v;
        char *id;
        if (!view_open(c, ids[i], &v, e) || (c->json && !one_json(c, &v, false, e)))
            return false;
        if (!(id = arena_format(c->arena, e, "%.8s", ids[i])))
            return false;
        table_add(&t, id, other_parties(c, &v), tr(c, stage_word(v.state.stage)),
                  shown_count(c, v.g->version), slugs_where(c, v.g, v.state.signed_by, true),
                  shown_short(c, v.g->title, 50));
    }
    if (n && !c->json)
        table_print(&t, "");
    return true;
}

const struct command cmd_agreement_list = {
    .name = "agreement list",
    .synopsis = "[--json]",
    .sentence = "List the agreements of this node.",
    .options = list_options,
    .needs = NEEDS_NODE,
    .run = run_list,
};
