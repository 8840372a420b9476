/* entente ping, ping list, ping answer; entente notices */
#include "cli/claim.h"
#include "cli/commands.h"

static const char *const roles[] = {"technical", "legal", "diplomatic"};

static const struct option_row ping_options[] = {
    SAY_ROWS,
    {"role", 0, "ROLE", "technical, legal or diplomatic; else technical"},
    {"exercise", 0, NULL, "a drill: kept apart from real cases everywhere"},
    {NULL},
};

static bool run_ping(struct cli *c, struct err *e)
{
    struct saying *x = arena_get(c->arena, sizeof *x, e);
    const char *role = option(c, "role") ? option(c, "role") : roles[0];
    char id[ACT_AGREEMENT + 1];

    if (!x || !agreement_named(c, option(c, "under") ? option(c, "under") : c->operands[0], id, e))
        return false;
    if (cases_word(roles, 3, bytes_text(role)) < 0)
        return misuse(c, e, "--role is technical, legal or diplomatic");
    if (!saying_start(x, c, id, NULL, CASES_PING, e))
        return false;
    json_set_text(&x->m, x->body, "addressee", c->operands[0]);
    json_set_text(&x->m, x->body, "role", role);
    json_set_bool(&x->m, x->body, "exercise", option_given(c, "exercise"));
    return claim_send(x, NULL, e);
}

const struct command cmd_ping = {
    .name = "ping",
    .synopsis = "PARTY [--role ROLE] [--exercise] [OPTION]...",
    .sentence = "Test a contact point of another party: does it answer in time?",
    .more = "The agreement says by role who answers: the node by itself, or people (entente ping "
            "answer).\nWhat came of it: entente ping list.\n",
    .options = ping_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_ping,
};

/* ---- answer -----------------------------------------------------------------------------------
 */

static const struct option_row answer_options[] = {
    SAY_ROWS,
    {"text", 0, "TEXT", "a word to go with it"},
    {NULL},
};

static bool run_answer(struct cli *c, struct err *e)
{
    struct matter *m = arena_get(c->arena, sizeof *m, e);
    struct saying *x = arena_get(c->arena, sizeof *x, e);

    if (!m || !x || !matter_named(c, c->operands[0], DESK_PINGS, m, e) ||
        !saying_start(x, c, m->agreement, m, CASES_PONG, e))
        return false;
    saying_text(x, "text", "text");
    return claim_send(x, &m->id, e);
}

const struct command cmd_ping_answer = {
    .name = "ping answer",
    .synopsis = "PING [--text TEXT] [OPTION]...",
    .sentence = "Answer a ping, where the agreement wants a person to.",
    .options = answer_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_answer,
};

/* ---- list -------------------------------------------------------------------------------------
 */

static const struct option_row list_options[] = {
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"exercise", 0, NULL, "drills, and no real pings"},
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

static const char *result_of(struct cli *c, const struct cases_view *v)
{
    if (v->ping.answered)
        return v->final_timing == CASES_LATE ? tr(c, "answered late") : tr(c, "answered");
    return v->overdue ? tr(c, "no answer in time") : tr(c, "waiting");
}

static const char *party_of(struct cli *c, struct desk *d, uint16_t party)
{
    const char *s =
        arena_format(c->arena, NULL, "%.*s", BYTES_FMT(cases_party_slug(desk_terms(d), party)));

    return s ? s : "?";
}

static bool list_one(struct cli *c, struct table *t, struct desk *d, const char *agreement,
                     const struct cases_view *v, struct err *e)
{
    const char *role = roles[v->ping.role < 3 ? v->ping.role : 0];
    struct json_maker m = json_maker(c->arena);
    struct json *o;

    if (!c->json) {
        table_add(t, shown_hash(c, &v->id, 12), party_of(c, d, v->from), party_of(c, d, v->to),
                  role, result_of(c, v), shown_instant(c, v->sent_at),
                  shown_instant(c, v->ping.answered ? v->ping.answered_at : v->final_due));
        return true;
    }
    o = json_new_object(&m);
    json_set_text(&m, o, "agreement", agreement);
    json_set_text(&m, o, "id", shown_hash(c, &v->id, 64));
    json_set_text(&m, o, "from", party_of(c, d, v->from));
    json_set_text(&m, o, "to", party_of(c, d, v->to));
    json_set_text(&m, o, "role", role);
    json_set_bool(&m, o, "answered", v->ping.answered);
    json_set_bool(&m, o, "overdue", v->overdue);
    json_set_bool(&m, o, "exercise", v->exercise);
    return print_json(c, &m, o, e);
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
        if (!cases_opening(cases, i, &o) || o.kind != CASES_IS_PING ||
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
    table_start(&t, c, tr(c, "PING|FROM|TO|ROLE|RESULT|SENT|ANSWERED OR DUE"));
    for (size_t i = 0; i < n; i++)
        if (!list_agreement(c, &t, ids[i], &found, e))
            return false;
    if (found && !c->json)
        table_print(&t, "");
    if (!found && !c->json)
        remark(c, "There are no pings.\n");
    return true;
}

const struct command cmd_ping_list = {
    .name = "ping list",
    .synopsis = "[--under AGREEMENT] [--exercise] [--json]",
    .sentence = "Tests of contact points, ours and theirs, and what came of them.",
    .options = list_options,
    .needs = NEEDS_NODE,
    .run = run_list,
};

/* ---- notices ----------------------------------------------------------------------------------
 */

static const struct option_row notices_options[] = {
    {"json", 0, NULL, "one JSON line each, as it is told"},
    {NULL},
};

static const char *told_of(struct cli *c, const struct node_notice *x)
{
    struct buf b = buf_in(c->arena);
    const char *s;

    for (size_t i = 0; i < x->told_n; i++) {
        const struct node_telling *t = &x->told[i];
        buf_format(&b, "%s%s: %s", i ? ", " : "", t->channel, tr(c, t->state));
        if (strcmp(t->state, "sent") && t->tries)
            buf_format(&b, " (%u)", t->tries);
    }
    s = buf_string(&b, NULL);
    return x->told_n && s ? s : tr(c, "no channel");
}

static bool json_of(struct cli *c, const struct node_notice *x, struct err *e)
{
    const struct json *v = json_parse(x->json, c->arena, e);
    struct json_maker m = json_maker(c->arena);
    struct json *o, *told;

    if (!v)
        return false;
    o = json_clone(&m, v);
    told = json_set_object(&m, o, "told");
    for (size_t i = 0; i < x->told_n; i++) {
        struct json *t = json_set_object(&m, told, x->told[i].channel);
        json_set_text(&m, t, "state", x->told[i].state);
        json_set_integer(&m, t, "tries", x->told[i].tries);
        if (x->told[i].why[0])
            json_set_text(&m, t, "why", x->told[i].why);
    }
    return print_json(c, &m, o, e);
}

static bool run_notices(struct cli *c, struct err *e)
{
    struct node_notice *list;
    struct table t;
    size_t n;

    if (!node_notices(c->node, c->arena, &list, &n, e))
        return false;
    table_start(&t, c, tr(c, "NOTICE|KIND|CASE|FROM|TO|DUE|MADE|TOLD"));
    for (size_t i = 0; i < n; i++) {
        const struct node_notice *x = &list[i];
        if (c->json) {
            if (!json_of(c, x, e))
                return false;
            continue;
        }
        table_add(&t, arena_format(c->arena, NULL, "%.12s", x->id),
                  x->exercise ? arena_format(c->arena, NULL, "%s, %s", tr(c, shown(c, x->kind)),
                                             tr(c, "exercise"))
                              : tr(c, shown(c, x->kind)),
                  shown(c, bytes_part(x->matter, 0, 12)), shown(c, x->from), shown(c, x->to),
                  shown(c, x->due), shown(c, x->created), told_of(c, x));
    }
    if (n && !c->json)
        table_print(&t, "");
    if (!n && !c->json)
        remark(c, "There are no notices.\n");
    return true;
}

const struct command cmd_notices = {
    .name = "notices",
    .synopsis = "[--json]",
    .sentence = "What people were told outside of the program, and whether it was.",
    .more =
        "A notice is made when a case is overdue, a rung of the ladder is entered (hotline), an "
        "emergency\ncomes in, or a party is convicted of misbehaviour. It goes to a program "
        "(notify_hook), by mail\n(notify_mail) and to a web address (notify_webhook), as "
        "entente.conf(5) says: once on each, with\nids, kinds and due instants, and nothing that "
        "was shared. What fails is tried again.\n",
    .options = notices_options,
    .needs = NEEDS_NODE,
    .run = run_notices,
};
