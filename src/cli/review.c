/* entente review, review comment */
#include "desk/review.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/matter.h"

/* ---- review ---- */

static const struct option_row options[] = {
    {"under", 0, "AGREEMENT", "of that agreement; may be left out where there is only one"},
    {"explain", 0, "CELL",
     "the acts behind one number, named as in timeliness/north/south/all/all/"
     "received"},
    {"html", 0, "FILE", "also a page by itself, with bars, its numbers linked to their acts"},
    {"json", 0, NULL, "the numbers, for machines; its hash is that of the report"},
    {NULL},
};

/* Nodes that hold the same acts and see other cases cannot both be right: no report of either is
 * worth reading before that is cleared up. */
static bool check_peers(struct cli *c, const char *agreement, struct err *e)
{
    struct node_status *s = arena_get(c->arena, sizeof *s, e);

    if (!s || !node_status(c->node, c->arena, s, e))
        return false;
    for (size_t i = 0; i < s->agreements_n; i++) {
        const struct node_agreement_status *g = &s->agreements[i];
        for (size_t k = 0; !strcmp(g->id, agreement) && k < g->logs_n; k++) {
            if (g->logs[k].compared != NODE_DIFFERS)
                continue;
            err_fail(e, ERR_PROOF,
                     "the node of %.*s sees other cases in the same acts; the first act on which "
                     "they differ is %s",
                     BYTES_FMT(g->logs[k].slug),
                     g->logs[k].differs[0] ? g->logs[k].differs : tr(c, "not known yet"));
            return err_hint(e, "entente acts show says what it is; one of the programs is wrong");
        }
    }
    return true;
}

static bool say_reasons(struct cli *c, const struct cases_review *r, struct bytes cell,
                        struct err *e)
{
    struct cases_reason *why;
    struct table t;
    size_t n;

    if (!cases_review_explain(r, cell, c->arena, &why, &n, e))
        return false;
    table_start(&t, c, "ACT|>COUNTS FOR");
    for (size_t i = 0; i < n; i++) {
        struct json_maker m = json_maker(c->arena);
        struct json *o;
        if (!c->json) {
            table_add(&t, shown_hash(c, &why[i].id, 64), shown_count(c, (uint64_t)why[i].value));
            continue;
        }
        o = json_new_object(&m);
        json_set_text(&m, o, "act", shown_hash(c, &why[i].id, 64));
        json_set_integer(&m, o, "counts_for", why[i].value);
        if (!print_json(c, &m, o, e))
            return false;
    }
    if (!c->json && n)
        table_print(&t, "");
    else if (!c->json)
        say(c, "No act is behind this number: it is zero.\n");
    return true;
}

static bool report(struct cli *c, const struct cases_review *r, struct err *e)
{
    const char *cell = option(c, "explain"), *page = option(c, "html");
    struct bytes out;

    if (cell)
        return say_reasons(c, r, bytes_text(cell), e);
    if (page &&
        (!cases_review_html(r, c->words, c->arena, &out, e) || !output_write(c, page, out, e)))
        return false;
    if (!(c->json ? cases_review_json(r, c->arena, &out, e)
                  : cases_review_text(r, c->words, c->arena, &out, e)) ||
        !output_write(c, NULL, out, e))
        return false;
    if (c->json)
        fputc('\n', c->out);
    if (page)
        remark(c, "The page is in %s.\n", shown(c, bytes_text(page)));
    return true;
}

static bool run_review(struct cli *c, struct err *e)
{
    char id[ACT_AGREEMENT + 1];
    struct review_period period;
    struct cases_review *r;
    struct cases *cases;
    struct desk *d;
    bool ok;

    if (!review_period_parse(bytes_text(c->operands[0]), &period, e)) {
        c->status = CLI_MISUSE;
        return false;
    }
    if (!agreement_named(c, option(c, "under"), id, e) || !check_peers(c, id, e) ||
        !(d = node_desk(c->node, id, e)) || !(cases = desk_begin(d, e)))
        return false;
    ok = desk_review(d, cases, &period, c->arena, &r, e) && report(c, r, e);
    desk_end(d);
    return ok;
}

const struct command cmd_review = {
    .name = "review",
    .synopsis = "PERIOD [--under AGREEMENT] [--explain CELL | --html FILE | --json]",
    .sentence = "Report how a period went: times, answers, refusals, given and got.",
    .more =
        "PERIOD is 2026, 2026-H1, 2026-Q3, 2026-07, or 2026-01-15..2026-02-15 (the last day not in "
        "it),\nin UTC. Every party's node makes the same report; its hash is at its end. There is "
        "no score.\nExercises stand apart. What was opened in the period is counted as it stood at "
        "its end.\n\nEvery number can be explained: --explain names the acts behind it, --html "
        "links to them. A\nnumber is named by its table, the parties, what else heads the table, "
        "and its name in --json:\n  timeliness/north/south/info/urgent/final_late\n  "
        "gave-and-got/north/indicators_shared\n  drill/quality/north/south/items_answered\n",
    .options = options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_review,
};

/* ---- review comment ---- */

static const struct option_row comment_options[] = {
    {"under", 0, "AGREEMENT", "of that agreement; may be left out where there is only one"},
    {"text", 0, "TEXT", "the comment"},
    {"tlp", 0, "LABEL", "marking; amber if not given"},
    {"body", 0, "FILE", "JSON with any member of the act (doc/formats/case-acts.md)"},
    {"dry-run", 'n', NULL, "say whether it would be sent, and send nothing"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static bool say_comment(struct cli *c, const char *agreement, const struct record_placed *p,
                        struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);

    if (!c->json && option_given(c, "dry-run")) {
        remark(c, "It would be sent.\n");
        return true;
    }
    if (!c->json) {
        say(c, "Said it in act %s; the report shows it once another party has cosigned it.\n",
            shown_hash(c, &p->text_hash, 8));
        return true;
    }
    json_set_text(&m, o, "agreement", agreement);
    json_set_bool(&m, o, "sent", !option_given(c, "dry-run"));
    if (!option_given(c, "dry-run"))
        json_set_text(&m, o, "act", shown_hash(c, &p->text_hash, 64));
    return print_json(c, &m, o, e);
}

static bool run_comment(struct cli *c, struct err *e)
{
    struct saying *x = arena_get(c->arena, sizeof *x, e);
    char *id = arena_get(c->arena, ACT_AGREEMENT + 1, e);
    struct record_placed placed = {0};
    struct review_period period;

    if (!x || !id)
        return false;
    if (!review_period_parse(bytes_text(c->operands[0]), &period, e)) {
        c->status = CLI_MISUSE;
        return false;
    }
    if (!option(c, "text"))
        return misuse(c, e, "a comment needs words: --text");
    if (!agreement_named(c, option(c, "under"), id, e) ||
        !saying_start(x, c, id, NULL, CASES_COMMENT, e))
        return false;
    json_set_text(&x->m, x->body, "period", c->operands[0]);
    saying_text(x, "text", "text");
    return saying_send(x, &placed, e) && say_comment(c, id, &placed, e);
}

const struct command cmd_review_comment = {
    .name = "review comment",
    .synopsis = "PERIOD --text TEXT [--under AGREEMENT] [--dry-run]",
    .sentence = "Say something about a period; every report of it shows that.",
    .more = "The comment is an act in our log, signed, and for all parties. PERIOD is written as "
            "the report\nis asked for: a comment on 2026-H1 does not stand under 2026.\n",
    .options = comment_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_comment,
};
