/* entente remedy notice, list, cure, suspend, lift, terminate: what the agreement provides if it is
 * not kept. Nothing of it happens by itself. */
#include "cli/claim.h"
#include "cli/commands.h"

static const struct option_row notice_options[] = {
    SAY_ROWS,
    {"text", 0, "TEXT", "what was not kept"},
    {"clause", 0, "CLAUSE",
     "what may be suspended if it is not cured, as clauses.remedy lists it; may be given again; "
     "else all of these"},
    {"exercise", 0, NULL, "a drill: kept apart from real cases everywhere"},
    {NULL},
};

static bool all_clauses(struct saying *x, struct err *e)
{
    const struct json *list;
    struct json *out;
    struct view v;

    if (!view_open(x->c, x->agreement, &v, e))
        return false;
    list = json_point(v.g->root, "/clauses/remedy/suspend");
    out = json_set_array(&x->m, x->body, "clauses");
    for (size_t i = 0; i < json_count(list); i++)
        json_add(&x->m, out, json_at(list, i));
    return json_count(list) || misuse(x->c, e, "clauses.remedy names nothing to be suspended");
}

static bool run_notice(struct cli *c, struct err *e)
{
    struct saying *x = arena_get(c->arena, sizeof *x, e);
    char id[ACT_AGREEMENT + 1];

    if (!x ||
        !agreement_named(c, option(c, "under") ? option(c, "under") : c->operands[0], id, e) ||
        !saying_start(x, c, id, NULL, CASES_REMEDY_NOTICE, e))
        return false;
    json_set_text(&x->m, x->body, "addressee", c->operands[0]);
    json_set_bool(&x->m, x->body, "exercise", option_given(c, "exercise"));
    saying_text(x, "text", "text");
    claim_list_option(x, "clause", "clauses");
    if (!json_find(x->body, "clauses") && !all_clauses(x, e))
        return false;
    return claim_send(x, NULL, e);
}

const struct command cmd_remedy_notice = {
    .name = "remedy notice",
    .synopsis = "PARTY [--clause CLAUSE]... [--text TEXT] [OPTION]...",
    .sentence = "Give a party notice that the agreement is not kept; its time to cure begins.",
    .more = "After that time entente remedy suspend may suspend the named clauses, and no others. "
            "Nothing of\nthis happens by itself, and what was said before stays readable.\n",
    .options = notice_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_notice,
};

/* ---- later acts -------------------------------------------------------------------------------
 */

static const struct option_row later_options[] = {
    SAY_ROWS,
    {"text", 0, "TEXT", "what one says, in one's own words"},
    {NULL},
};

/* The clauses of the notice itself. */
static bool noticed_clauses(struct saying *x, struct matter *m, struct err *e)
{
    struct act *act = arena_get(x->c->arena, sizeof *act, e);
    struct record *r = node_record(x->c->node, m->agreement, e);
    const struct json *o;
    struct bytes body;

    if (!act || !r ||
        !record_find(r, bytes_text(shown_hash(x->c, &m->id, 64)), x->c->arena, act, e) ||
        !record_payload(r, act, x->c->arena, &body, e) || !(o = json_parse(body, x->c->arena, e)))
        return false;
    if (json_find(o, "clauses"))
        json_set(&x->m, x->body, "clauses", json_find(o, "clauses"));
    return true;
}

static bool say_on(struct cli *c, enum cases_kind kind, struct err *e)
{
    struct matter *m = arena_get(c->arena, sizeof *m, e);
    struct saying *x = arena_get(c->arena, sizeof *x, e);

    if (!m || !x || !matter_named(c, c->operands[0], DESK_REMEDIES, m, e) ||
        !saying_start(x, c, m->agreement, m, kind, e))
        return false;
    saying_text(x, "text", "text");
    if (kind == CASES_REMEDY_SUSPEND && !json_find(x->body, "clauses") && !noticed_clauses(x, m, e))
        return false;
    return claim_send(x, &m->id, e);
}

#define SAYS(id, kind, name_, sentence_)                                                           \
    static bool run_##id(struct cli *c, struct err *e)                                             \
    {                                                                                              \
        return say_on(c, kind, e);                                                                 \
    }                                                                                              \
    const struct command cmd_remedy_##id = {.name = "remedy " name_,                               \
                                            .synopsis = "REMEDY [--text TEXT] [OPTION]...",        \
                                            .sentence = sentence_,                                 \
                                            .options = later_options,                              \
                                            .least = 1,                                            \
                                            .most = 1,                                             \
                                            .needs = NEEDS_NODE,                                   \
                                            .run = run_##id};

SAYS(cure, CASES_REMEDY_CURE, "cure", "Say that what the notice names was put right.")
SAYS(suspend, CASES_REMEDY_SUSPEND, "suspend",
     "Suspend the clauses that the notice names, after the time to cure.")
SAYS(lift, CASES_REMEDY_LIFT, "lift", "End a suspension.")
SAYS(terminate, CASES_REMEDY_TERMINATE, "terminate",
     "End the cooperation, where the agreement allows it after a suspension.")

/* ---- list -------------------------------------------------------------------------------------
 */

static const struct option_row list_options[] = {
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"exercise", 0, NULL, "drills, and no real ones"},
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

static const char *state_of(struct cli *c, const struct cases_view *v, int64_t now)
{
    if (v->remedy.terminated)
        return tr(c, "terminated");
    if (v->remedy.suspended)
        return tr(c, "suspended");
    if (v->remedy.lifted_at != CASES_NEVER)
        return tr(c, "lifted");
    return now < v->remedy.cure_until ? tr(c, "time to cure") : tr(c, "may be suspended");
}

static const char *slug_of(struct cli *c, struct desk *d, uint16_t party)
{
    const char *s =
        arena_format(c->arena, NULL, "%.*s", BYTES_FMT(cases_party_slug(desk_terms(d), party)));

    return s ? s : "?";
}

static bool list_one(struct cli *c, struct table *t, struct desk *d, const char *agreement,
                     const struct cases_view *v, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);

    json_set_text(&m, o, "agreement", agreement);
    json_set_text(&m, o, "id", shown_hash(c, &v->id, 64));
    json_set_text(&m, o, "from", slug_of(c, d, v->from));
    json_set_text(&m, o, "to", slug_of(c, d, v->to));
    json_set_bool(&m, o, "suspended", v->remedy.suspended != 0);
    json_set_bool(&m, o, "terminated", v->remedy.terminated);
    json_set_bool(&m, o, "exercise", v->exercise);
    if (c->json)
        return print_json(c, &m, o, e);
    table_add(t, shown_hash(c, &v->id, 12), slug_of(c, d, v->from), slug_of(c, d, v->to),
              state_of(c, v, desk_now(d)), shown_instant(c, v->remedy.cure_until));
    return true;
}

static bool list_agreement(struct cli *c, struct table *t, const char *id, size_t *n, struct err *e)
{
    struct desk *d = node_desk(c->node, id, e);
    struct cases *cases = d ? desk_begin(d, e) : NULL;
    bool ok = cases != NULL;

    for (size_t i = 0; ok && i < cases_count(cases); i++) {
        struct cases_opening o;
        struct cases_view v;
        struct err none = {0};
        if (!cases_opening(cases, i, &o) || o.kind != CASES_IS_REMEDY ||
            !cases_view(cases, &o.id, desk_now(d), c->arena, &v, &none) ||
            v.verdict != CASES_TAKEN || v.exercise != option_given(c, "exercise"))
            continue;
        (*n)++;
        ok = list_one(c, t, d, id, &v, e);
    }
    if (cases)
        desk_end(d);
    return ok;
}

static bool run_list(struct cli *c, struct err *e)
{
    const char **ids;
    struct table t;
    size_t n, found = 0;

    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    table_start(&t, c, tr(c, "REMEDY|FROM|TO|STATE|CURE UNTIL"));
    for (size_t i = 0; i < n; i++)
        if (!list_agreement(c, &t, ids[i], &found, e))
            return false;
    if (found && !c->json)
        table_print(&t, "");
    if (!found && !c->json)
        remark(c, "No party has given notice.\n");
    return true;
}

const struct command cmd_remedy_list = {
    .name = "remedy list",
    .synopsis = "[--under AGREEMENT] [--exercise] [--json]",
    .sentence = "Notices that the agreement is not kept, and how far each has come.",
    .options = list_options,
    .needs = NEEDS_NODE,
    .run = run_list,
};
