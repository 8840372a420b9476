/* entente agreement new, check, schema: documents, before anybody signs. */
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

#define WITNESS_FILE_MAX ((size_t)16 << 10)

/* ---- new ---- */

static const struct option_row new_options[] = {
    {"with", 0, "PARTY", "another party, whose card is here; may be given again"},
    {"template", 0, "NAME",
     "bilateral (of two parties, if not given) or community (of more: lower ceilings)"},
    {"title", 0, "TEXT", "what it is about, in a few words"},
    {"witness", 0, "FILE",
     "a third that cosigns the logs: what `entente witness key` printed there; may be given again"},
    {"output", 'o', "FILE", "write the document there; else to stdout"},
    {NULL},
};

static bool gather_cards(struct cli *c, const struct card **cards, size_t *n, struct err *e)
{
    size_t others;
    const char *const *with = option_all(c, "with", &others);

    if (others == 0)
        return misuse(c, e, "say with whom: --with PARTY");
    if (others >= LIMIT_PARTIES)
        return misuse(c, e, "an agreement has at most %d parties", LIMIT_PARTIES);
    cards[0] = node_card(c->node);
    for (*n = 1; *n <= others; ++*n) {
        const struct node_peer *p = node_peer(c->node, bytes_text(with[*n - 1]));
        if (!p) {
            err_fail(e, ERR_MISSING, "there is no card of \"%s\" here", with[*n - 1]);
            return err_hint(e, "entente card import FILE first; entente peers lists the cards");
        }
        if (p->state != NODE_ENROLLED)
            remark(c, "entente: %s is not enrolled yet: nobody can sign before that\n",
                   shown(c, p->card.slug));
        cards[*n] = &p->card;
    }
    return true;
}

static bool add_witnesses(struct cli *c, struct json_maker *m, struct json *doc, struct err *e)
{
    size_t n;
    const char *const *files = option_all(c, "witness", &n);
    struct json *list = n ? json_set_array(m, doc, "witnesses") : NULL;

    for (size_t i = 0; i < n; i++) {
        struct bytes text;
        const struct json *w;
        if (!input_read(c, files[i], WITNESS_FILE_MAX, &text, e) ||
            !(w = json_parse(text, c->arena, e)))
            return err_within(e, "%s", input_name(c, files[i]));
        json_add(m, list, w);
    }
    return true;
}

static bool run_new(struct cli *c, struct err *e)
{
    const char *template = option(c, "template");
    const struct card *cards[LIMIT_PARTIES];
    struct json_maker m = json_maker(c->arena);
    struct agreement *check = arena_get(c->arena, sizeof *check, e);
    const struct json *made;
    struct bytes text;
    struct json *doc;
    size_t n = 0;

    if (!check || !gather_cards(c, cards, &n, e) ||
        !agreement_template(template ? template
                            : n > 2  ? "community"
                                     : "bilateral",
                            cards, n, c->os, c->arena, &text, e) ||
        !(made = json_parse(text, c->arena, e)))
        return false;
    doc = json_clone(&m, made);
    if (option(c, "title"))
        json_set_text(&m, doc, "title", option(c, "title"));
    if (!add_witnesses(c, &m, doc, e) || !json_made(&m, doc, NULL, e) ||
        !json_print_pretty(doc, c->arena, &text, e) || !agreement_parse(text, c->arena, check, e) ||
        !output_write(c, option(c, "output"), text, e))
        return false;
    if (option(c, "output"))
        remark(c,
               "%s is yours to edit. Then:\n  entente agreement check %s\n"
               "  entente agreement sign %s\n",
               option(c, "output"), option(c, "output"), option(c, "output"));
    return true;
}

const struct command cmd_agreement_new = {
    .name = "agreement new",
    .synopsis = "--with PARTY... [--template NAME] [--title TEXT] [--witness FILE]... [-o FILE]",
    .sentence = "Write a draft of an agreement, for people to read and edit.",
    .more = "It is one JSON document with every clause written out: what is not written is not "
            "agreed.\nNothing is said to anybody by this.\n",
    .options = new_options,
    .needs = NEEDS_NODE,
    .run = run_new,
};

/* ---- check ---- */

static const struct option_row check_options[] = {
    {"plain", 0, NULL, "say what it means, in plain sentences"},
    {NULL},
};

/* "CERT North, CERT South". */
static const char *names_of(struct cli *c, const struct agreement *g)
{
    struct buf b = buf_in(c->arena);
    const char *s;

    for (size_t i = 0; i < g->parties_n; i++) {
        buf_puts(&b, i ? ", " : "");
        buf_escaped(&b, g->parties[i].name);
    }
    s = buf_string(&b, NULL);
    return s ? s : "?";
}

static bool run_check(struct cli *c, struct err *e)
{
    struct agreement *g = arena_get(c->arena, sizeof *g, e);
    struct bytes text;

    if (!g || !input_read(c, c->operands[0], LIMIT_AGREEMENT_BYTES * 4, &text, e) ||
        !agreement_parse(text, c->arena, g, e))
        return err_within(e, "%s", input_name(c, c->operands[0]));
    say(c, "%s holds: \"%s\", version %llu, between %s.\n", input_name(c, c->operands[0]),
        shown(c, g->title), (unsigned long long)g->version, names_of(c, g));
    say(c, g->version == 1 ? N_("Signed as it is, its id will be %s\n") : N_("It amends %s\n"),
        g->id);
    if (!option_given(c, "plain"))
        return true;
    fputc('\n', c->out);
    return agreement_explain(g, c->words, c->arena, &text, e) && output_write(c, NULL, text, e);
}

const struct command cmd_agreement_check = {
    .name = "agreement check",
    .synopsis = "FILE [--plain]",
    .sentence = "Check a document as edited; errors name the clause and the line.",
    .options = check_options,
    .least = 1,
    .most = 1,
    .run = run_check,
};

/* ---- schema ---- */

static bool run_schema(struct cli *c, struct err *e)
{
    struct bytes text;

    return agreement_schema(c->arena, &text, e) && output_write(c, NULL, text, e);
}

const struct command cmd_agreement_schema = {
    .name = "agreement schema",
    .synopsis = "",
    .sentence = "Print the JSON schema of agreements, for editors.",
    .run = run_schema,
};
