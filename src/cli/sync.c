/* entente sync, status */
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

static const struct option_row sync_options[] = {
    {"peer", 0, "PARTY", "visit only this one"},
    {"under", 0, "AGREEMENT", "only about this agreement"},
    {"json", 0, NULL, "one JSON line for each visit"},
    {NULL},
};

#define VISITS_MOST 4096 /* of one peer: each passes up to a gigabyte */

struct syncing {
    struct cli *c;
    struct table table;
    unsigned failed, visits;
    struct err first;
};

static void add_up(struct node_report *all, const struct node_report *one)
{
    uint64_t acts = all->pulled_acts + one->pulled_acts,
             objects = all->pulled_objects + one->pulled_objects,
             in = all->pulled_bytes + one->pulled_bytes,
             out = all->pushed_bytes + one->pushed_bytes;
    unsigned cosigned = all->cosigned + one->cosigned,
             cosignatures = all->cosignatures + one->cosignatures;

    *all = *one;
    all->pulled_acts = acts;
    all->pulled_objects = objects;
    all->pulled_bytes = in;
    all->pushed_bytes = out;
    all->cosigned = cosigned;
    all->cosignatures = cosignatures;
}

/* Until both have all; a visit that passes nothing and is not complete ends it too. */
static bool visit(struct syncing *s, const char *id, struct bytes slug, struct node_report *all,
                  struct err *e)
{
    struct progress p;

    progress_start(&p, s->c);
    for (int i = 0; i < VISITS_MOST && !is_cancelled(s->c); i++) {
        struct node_report one = {0};
        bool ok = node_sync_peer(s->c->node, id, slug, &one, e);
        add_up(all, &one);
        if (!ok || one.complete || (!one.pulled_bytes && !one.pushed_bytes)) {
            progress_end(&p);
            return ok;
        }
        if (progress_due(&p))
            progress_say(&p, "%.*s: %s acts, %s objects", BYTES_FMT(slug),
                         shown_count(s->c, all->pulled_acts),
                         shown_count(s->c, all->pulled_objects));
    }
    progress_end(&p);
    return true;
}

static bool say_visit_json(struct syncing *s, const char *id, struct bytes slug,
                           const struct node_report *rep, const struct err *why, struct err *e)
{
    struct json_maker m = json_maker(s->c->arena);
    struct json *o = json_new_object(&m);

    json_set_text(&m, o, "agreement", id);
    json_set_string(&m, o, "peer", slug);
    json_set_bool(&m, o, "complete", rep->complete);
    json_set_bool(&m, o, "fenced", rep->fenced);
    json_set_integer(&m, o, "acts", (int64_t)rep->pulled_acts);
    json_set_integer(&m, o, "objects", (int64_t)rep->pulled_objects);
    json_set_integer(&m, o, "pulled_bytes", (int64_t)rep->pulled_bytes);
    json_set_integer(&m, o, "pushed_bytes", (int64_t)rep->pushed_bytes);
    json_set_integer(&m, o, "cosigned", rep->cosigned);
    json_set_integer(&m, o, "cosignatures", rep->cosignatures);
    json_set_integer(&m, o, "skew_seconds", rep->skew_seconds);
    if (why->code)
        json_set_text(&m, o, "trouble", why->text);
    if (rep->evidence[0])
        json_set_text(&m, o, "evidence", rep->evidence);
    return print_json(s->c, &m, o, e);
}

static const char *outcome(const struct node_report *rep, const struct err *why)
{
    if (rep->evidence[0])
        return N_("MISBEHAVIOUR PROVED");
    if (why->code == ERR_DENIED)
        return N_("refused");
    if (why->code)
        return why->code == ERR_IO ? N_("away") : N_("trouble");
    if (rep->fenced)
        return N_("fenced");
    return rep->complete ? N_("in step") : N_("not complete");
}

static bool sync_one(struct syncing *s, const char *id, struct bytes slug, struct err *e)
{
    struct cli *c = s->c;
    struct node_report rep = {0};
    struct err why = {0};
    const char *got, *short_id = arena_format(c->arena, e, "%.8s", id);

    s->visits++;
    if (!visit(s, id, slug, &rep, &why)) {
        if (!s->failed++)
            s->first = why;
    }
    if (c->json)
        return say_visit_json(s, id, slug, &rep, &why, e);
    got = arena_format(c->arena, e, tr(c, "%s acts, %s objects"), shown_count(c, rep.pulled_acts),
                       shown_count(c, rep.pulled_objects));
    if (!got || !short_id)
        return false;
    table_add(
        &s->table, shown(c, slug), short_id, tr(c, outcome(&rep, &why)), got,
        shown_bytes(c, rep.pushed_bytes),
        arena_format(c->arena, NULL, tr(c, "%u given, %u got"), rep.cosigned, rep.cosignatures));
    if (why.code && s->first.code != ERR_NONE && s->failed > 1)
        print_error(words(c), &why);
    if (rep.evidence[0]) {
        remark(c,
               "%s has contradicted itself; the proof is kept as %s\n  entente evidence "
               "list\n",
               shown(c, slug), rep.evidence);
        c->status = CLI_NO;
    }
    return true;
}

static bool sync_agreement(struct syncing *s, const char *id, const char *peer, struct err *e)
{
    struct node_report outside = {0};
    struct err why = {0};
    struct view v;

    if (!view_open(s->c, id, &v, e))
        return false;
    for (size_t i = 0; i < v.g->parties_n && !is_cancelled(s->c); i++) {
        struct bytes slug = v.g->parties[i].slug;
        if (bytes_equal(slug, record_self(v.record)) || (peer && !bytes_are(slug, peer)))
            continue;
        if (!sync_one(s, id, slug, e))
            return false;
    }
    if (v.g->witnesses_n && !peer && !node_sync_witnesses(s->c->node, id, &outside, &why))
        fprintf(s->c->err, tr(s->c, "entente: witnesses: %s\n"), why.text);
    return true;
}

static bool run_sync(struct cli *c, struct err *e)
{
    struct syncing s = {.c = c};
    const char **ids;
    size_t n;

    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    table_start(&s.table, c, "PEER|AGREEMENT|STATE|RECEIVED|>SENT|COSIGNATURES");
    for (size_t i = 0; i < n; i++)
        if (!sync_agreement(&s, ids[i], option(c, "peer"), e))
            return false;
    if (s.visits == 0) {
        remark(c, "There is nobody to visit: no agreement with %s yet.\n",
               option(c, "peer") ? shown(c, bytes_text(option(c, "peer"))) : tr(c, "anybody"));
        return true;
    }
    if (!c->json)
        table_print(&s.table, "");
    if (s.failed)
        return err_pass(e, &s.first);
    return true;
}

const struct command cmd_sync = {
    .name = "sync",
    .synopsis = "[--peer PARTY] [--under AGREEMENT] [--json]",
    .sentence = "Visit peers now: get what they said, give what we said, cosign, compare.",
    .more = "While `entente serve` runs, this happens by itself; this asks it to do so now.\n",
    .options = sync_options,
    .needs = NEEDS_NODE,
    .run = run_sync,
};

/* ---- status ---- */

static const struct option_row status_options[] = {
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static struct json *log_json(struct json_maker *m, const struct node_log_status *l)
{
    static const char *const compared[] = {"not comparable yet", "the same", "differ"};
    struct json *o = json_new_object(m);

    json_set_string(m, o, "party", l->slug);
    json_set_bool(m, o, "own", l->own);
    json_set_bool(m, o, "opened", l->opened);
    json_set_bool(m, o, "stopped", l->stopped);
    json_set_integer(m, o, "size", (int64_t)l->size);
    json_set_integer(m, o, "seen", (int64_t)l->seen);
    json_set_integer(m, o, "cosigned", (int64_t)l->cosigned);
    json_set_integer(m, o, "cosigned_at", l->cosigned_at);
    if (l->own) {
        json_set_integer(m, o, "unacknowledged", (int64_t)l->unacknowledged);
        return o;
    }
    json_set_integer(m, o, "they_hold", (int64_t)l->they_hold);
    json_set_integer(m, o, "last_contact", l->last_contact);
    json_set_integer(m, o, "skew_seconds", l->skew_seconds);
    json_set_integer(m, o, "failures", l->failures);
    json_set_text(m, o, "cases", compared[l->compared]);
    if (l->compared == NODE_DIFFERS)
        json_set_text(m, o, "first_act_that_differs", l->differs);
    if (l->trouble[0])
        json_set_text(m, o, "trouble", l->trouble);
    return o;
}

static bool status_json(struct cli *c, const struct node_status *s, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list = json_set_array(&m, o, "agreements");

    json_set_string(&m, o, "party", node_slug(c->node));
    json_set_bool(&m, o, "serving", s->serving);
    if (s->serving)
        json_set_integer(&m, o, "since", s->since);
    for (size_t i = 0; i < s->agreements_n; i++) {
        const struct node_agreement_status *g = &s->agreements[i];
        struct json *one = json_new_object(&m), *logs = json_set_array(&m, one, "logs");
        json_set_text(&m, one, "id", g->id);
        json_set_string(&m, one, "title", g->title);
        json_set_text(&m, one, "stage", tr(c, stage_word(g->stage)));
        json_set_text(&m, one, "fence", node_fence_word(g->fence));
        for (size_t j = 0; j < g->logs_n; j++)
            json_add(&m, logs, log_json(&m, &g->logs[j]));
        json_add(&m, list, one);
    }
    return print_json(c, &m, o, e);
}

static const char *held(struct cli *c, const struct node_log_status *l)
{
    const char *s = l->seen > l->size
                        ? arena_format(c->arena, NULL, "%s of %s", shown_count(c, l->size),
                                       shown_count(c, l->seen))
                        : shown_count(c, l->size);

    return s ? s : "?";
}

static const char *log_state(struct cli *c, const struct node_log_status *l)
{
    const char *s = NULL;

    if (l->stopped)
        return tr(c, "STOPPED: it signed two histories");
    if (!l->opened)
        return tr(c, "has not signed");
    if (l->own)
        s = l->unacknowledged ? arena_format(c->arena, NULL, tr(c, "%s not acknowledged"),
                                             shown_count(c, l->unacknowledged))
                              : tr(c, "acknowledged");
    else if (l->trouble[0])
        s = shown_short(c, bytes_text(l->trouble), 70);
    else if (l->last_contact == 0)
        s = tr(c, "not visited yet");
    else
        s = l->seen > l->size ? tr(c, "behind") : tr(c, "in step");
    return s ? s : "?";
}

static const char *skew(struct cli *c, const struct node_log_status *l)
{
    const char *s;

    if (l->own || !l->last_contact)
        return "";
    s = arena_format(c->arena, NULL, "%+lld s", (long long)l->skew_seconds);
    return s ? s : "?";
}

static void say_agreement(struct cli *c, const struct node_agreement_status *g)
{
    struct table t;

    say(c, "\nAgreement %.8s, \"%s\": %s\n", g->id, shown(c, g->title),
        tr(c, stage_word(g->stage)));
    if (g->fence != FENCE_OK)
        say(c, "  WE MAY NOT SIGN: %s\n",
            g->fence == FENCE_BEHIND
                ? tr(c, "a counterparty holds more of our log than we do (entente log recover)")
                : tr(c, "this folder is a copy or a restored backup (entente log fence)"));
    table_start(&t, c, "LOG OF|>ACTS|>COSIGNED|COSIGNED AT|LAST CONTACT|>CLOCK|STATE");
    for (size_t i = 0; i < g->logs_n; i++) {
        const struct node_log_status *l = &g->logs[i];
        const char *who = arena_format(c->arena, NULL, "%.*s%s", BYTES_FMT(l->slug),
                                       l->own ? tr(c, " (we)") : "");
        table_add(&t, who, held(c, l), l->own || l->cosigned ? shown_count(c, l->cosigned) : "",
                  l->cosigned ? shown_time(c, l->cosigned_at) : "",
                  l->own ? "" : shown_ago(c, l->last_contact), skew(c, l), log_state(c, l));
    }
    table_print(&t, "  ");
    for (size_t i = 0; i < g->logs_n; i++)
        if (g->logs[i].compared == NODE_DIFFERS)
            say(c,
                "  CASES DIFFER: from the same acts they come out otherwise at %s; the first act "
                "that differs is %.12s\n",
                shown(c, g->logs[i].slug), g->logs[i].differs);
}

static bool run_status(struct cli *c, struct err *e)
{
    struct node_status *s = arena_get(c->arena, sizeof *s, e);

    if (!s || !node_status(c->node, c->arena, s, e))
        return false;
    if (c->json)
        return status_json(c, s, e);
    if (s->serving)
        say(c, "%s (%.*s) in %s: serving since %s\n", shown(c, node_card(c->node)->name),
            BYTES_FMT(node_slug(c->node)), shown(c, bytes_text(node_dir(c->node))),
            shown_time(c, s->since));
    else
        say(c, "%s (%.*s) in %s: not serving\n", shown(c, node_card(c->node)->name),
            BYTES_FMT(node_slug(c->node)), shown(c, bytes_text(node_dir(c->node))));
    for (size_t i = 0; i < s->agreements_n; i++)
        say_agreement(c, &s->agreements[i]);
    if (s->agreements_n == 0)
        remark(c, "No agreements yet. Begin one with: entente agreement new --with PARTY\n");
    return true;
}

const struct command cmd_status = {
    .name = "status",
    .synopsis = "[--json]",
    .sentence = "Show agreements, logs, lag, acts not acknowledged, peers and their clocks.",
    .options = status_options,
    .needs = NEEDS_NODE,
    .run = run_status,
};
