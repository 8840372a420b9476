/* entente claim list, show, matrix */
#include "cli/claim.h"
#include "cli/commands.h"

static const struct option_row list_options[] = {
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"exercise", 0, NULL, "drills, and no real claims"},
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

static const char *slug_of(struct cli *c, struct desk *d, uint16_t party)
{
    const char *s = party == UINT16_MAX
                        ? NULL
                        : arena_format(c->arena, NULL, "%.*s",
                                       BYTES_FMT(cases_party_slug(desk_terms(d), party)));
    return s ? s : "-";
}

static const char *reply_of(struct cli *c, const struct cases_view *v)
{
    if (v->claim.replied_at != CASES_NEVER)
        return cases_said(c->words, "reply", cases_reply_words[v->claim.reply]);
    return v->claim.unanswered ? tr(c, "no reply") : "-";
}

static bool list_json(struct cli *c, struct desk *d, const char *agreement,
                      const struct cases_view *v, struct err *e)
{
    const struct cases_likelihood *l = &cases_likelihoods[v->claim.likelihood];
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);

    json_set_text(&m, o, "agreement", agreement);
    json_set_text(&m, o, "id", shown_hash(c, &v->id, 64));
    json_set_text(&m, o, "from", slug_of(c, d, v->from));
    json_set_text(&m, o, "to", slug_of(c, d, v->to));
    json_set_text(&m, o, "predicate", cases_predicate_words[v->claim.predicate]);
    json_set_text(&m, o, "state", cases_claim_state_words[v->claim.state]);
    json_set_text(&m, o, "likelihood", l->word);
    json_set_text(&m, o, "confidence", cases_confidence_words[v->claim.confidence]);
    json_set_integer(&m, o, "evidence", v->claim.evidence);
    json_set_integer(&m, o, "evidence_held", v->claim.held);
    json_set_integer(&m, o, "evidence_withheld", v->claim.withheld);
    json_set_bool(&m, o, "unanswered", v->claim.unanswered);
    json_set_bool(&m, o, "exercise", v->exercise);
    json_set_integer(&m, o, "rung", v->rung);
    if (v->claim.replied_at != CASES_NEVER)
        json_set_text(&m, o, "reply", cases_reply_words[v->claim.reply]);
    return print_json(c, &m, o, e);
}

static void list_row(struct cli *c, struct table *t, struct desk *d, const struct cases_view *v)
{
    table_add(t, shown_hash(c, &v->id, 12), slug_of(c, d, v->from), slug_of(c, d, v->to),
              cases_predicate_words[v->claim.predicate],
              cases_said(c->words, "claim_state", cases_claim_state_words[v->claim.state]),
              cases_said(c->words, "likelihood", cases_likelihoods[v->claim.likelihood].word),
              cases_said(c->words, "confidence", cases_confidence_words[v->claim.confidence]),
              arena_format(c->arena, NULL, "%u/%u", v->claim.held, v->claim.evidence),
              reply_of(c, v), shown_instant(c, v->final_due));
}

struct listing {
    struct table table;
    size_t n, drills;
};

static bool list_desk(struct cli *c, struct listing *l, const char *agreement, struct err *e)
{
    struct desk *d = node_desk(c->node, agreement, e);
    struct cases *cases = d ? desk_begin(d, e) : NULL;
    bool drills = option_given(c, "exercise"), ok = cases != NULL;

    for (size_t i = 0; ok && i < cases_count(cases); i++) {
        struct hash id = cases_id(cases, i);
        struct err none = {0};
        struct cases_view v;
        if (!cases_view(cases, &id, desk_now(d), c->arena, &v, &none) || v.kind != CASES_IS_CLAIM ||
            v.verdict != CASES_TAKEN)
            continue;
        l->drills += v.exercise;
        if (v.exercise != drills)
            continue;
        l->n++;
        if (c->json)
            ok = list_json(c, d, agreement, &v, e);
        else
            list_row(c, &l->table, d, &v);
    }
    if (cases)
        desk_end(d);
    return ok;
}

static bool run_list(struct cli *c, struct err *e)
{
    struct listing l = {.n = 0};
    const char **ids;
    size_t n;

    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    table_start(&l.table, c,
                tr(c, "CLAIM|FROM|TO|PREDICATE|STATE|LIKELIHOOD|CONFIDENCE|>EVIDENCE|REPLY|REPLY "
                      "DUE"));
    for (size_t i = 0; i < n; i++)
        if (!list_desk(c, &l, ids[i], e))
            return false;
    if (l.n && !c->json)
        table_print(&l.table, "");
    if (!l.n && !c->json)
        remark(c, "There are no claims.\n");
    if (l.drills && !option_given(c, "exercise") && !c->json)
        remark(c, "Drills are not shown here: entente claim list --exercise\n");
    return true;
}

const struct command cmd_claim_list = {
    .name = "claim list",
    .synopsis = "[--under AGREEMENT] [--exercise] [--json]",
    .sentence = "All claims: who says what of whom, how likely, and what was replied.",
    .more = "EVIDENCE is how many pieces are attached or in escrow, of how many; what is withheld "
            "counts as\nnothing.\n",
    .options = list_options,
    .needs = NEEDS_NODE,
    .run = run_list,
};

/* ---- show -------------------------------------------------------------------------------------
 */

static const struct option_row show_options[] = {
    {"under", 0, "AGREEMENT", "of this agreement"},
    {"at", 0, "INSTANT", "as it stood then; else now"},
    {"acts", 0, NULL, "every act with what it says, too"},
    {"json", 0, NULL, "as JSON"},
    {NULL},
};

static bool at_option(struct cli *c, struct desk *d, int64_t *now, struct err *e)
{
    const char *text = option(c, "at");
    int64_t us;

    *now = desk_now(d);
    if (!text)
        return true;
    if (!stix_time_parse(bytes_text(text), &us))
        return misuse(c, e, "--at is an instant such as 2026-01-31T12:00:00Z");
    *now = us / 1000;
    return true;
}

static bool show(struct cli *c, struct matter *m, int64_t now, struct bytes *out, struct err *e)
{
    struct bytes head = {0}, story;
    struct buf b = buf_in(c->arena);

    if (c->json)
        return desk_show_json(m->desk, &m->id, now, c->arena, out, e);
    if (!(option_given(c, "acts")
              ? desk_show(m->desk, &m->id, now, c->words, c->arena, &head, e)
              : cases_show(desk_cases(m->desk), &m->id, now, c->words, c->arena, &head, e)) ||
        !desk_claim_text(m->desk, &m->id, now, c->words, c->arena, &story, e))
        return false;
    buf_put(&b, head);
    buf_put(&b, story);
    return buf_end(&b, out, e);
}

static bool run_show(struct cli *c, struct err *e)
{
    struct matter *m = arena_get(c->arena, sizeof *m, e);
    struct bytes text;
    int64_t now;
    bool ok;

    if (!m || !matter_named(c, c->operands[0], DESK_CLAIMS, m, e) ||
        !at_option(c, m->desk, &now, e) || !desk_begin(m->desk, e))
        return false;
    ok = show(c, m, now, &text, e);
    desk_end(m->desk);
    if (!ok)
        return false;
    fwrite(text.p, 1, text.n, c->out);
    if (c->json)
        fputc('\n', c->out);
    return true;
}

const struct command cmd_claim_show = {
    .name = "claim show",
    .synopsis = "CLAIM [--at INSTANT] [--acts] [--under AGREEMENT] [--json]",
    .sentence = "A claim and all that was said on it: both statements beside each other.",
    .more =
        "CLAIM is the beginning of its id (4 digits at least), or last. Both sides' nodes print "
        "the same.\nThe words are the parties'; the program decides nothing.\n",
    .options = show_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_show,
};

/* ---- matrix -----------------------------------------------------------------------------------
 */

static const struct option_row matrix_options[] = {
    {"under", 0, "AGREEMENT", "of this agreement"},
    {NULL},
};

static bool opening_body(struct cli *c, struct matter *m, struct bytes *out, struct err *e)
{
    struct act *act = arena_get(c->arena, sizeof *act, e);
    struct record *r = node_record(c->node, m->agreement, e);
    const char *hex = shown_hash(c, &m->id, 64);

    return act && r && record_find(r, bytes_text(hex), c->arena, act, e) &&
           record_payload(r, act, c->arena, out, e);
}

static bool run_matrix(struct cli *c, struct err *e)
{
    struct matter *m = arena_get(c->arena, sizeof *m, e);
    struct bytes body, text;

    if (!m || !matter_named(c, c->operands[0], DESK_CLAIMS, m, e) ||
        !opening_body(c, m, &body, e) || !cases_matrix(body, c->words, c->arena, &text, e))
        return false;
    for (struct bytes line; bytes_next_line(&text, &line);)
        fprintf(c->out, "%s\n", shown(c, line));
    return true;
}

const struct command cmd_claim_matrix = {
    .name = "claim matrix",
    .synopsis = "CLAIM [--under AGREEMENT]",
    .sentence = "A claim's analysis of competing hypotheses, as its claimant made it.",
    .more = "A row per hypothesis, a column per piece of evidence: + is consistent, - is "
            "inconsistent, ? is\nwithheld and counts as nothing. What speaks against each is "
            "counted and not judged.\n",
    .options = matrix_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_matrix,
};
