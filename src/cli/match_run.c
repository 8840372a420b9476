/* entente match run, worker. */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/match.h"
#include "match/worker.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- run ---- */

static const struct option_row run_options[] = {
    {"items", 'o', "FILE", "write the items in common there; - is stdout"},
    {"stix", 0, "FILE", "write them as STIX indicators with a grouping"},
    {"request", 0, "FILE", "write the body of a request that asks about them"},
    {"tlp", 0, "LABEL", "marking of the indicators; amber if not given"},
    {"under", 0, "AGREEMENT", "look there; else in all"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

struct watching {
    struct cli *c;
    struct progress progress;
};

static bool watch(void *self, const struct node_match_progress *p)
{
    static const char *const stages[] = {N_("greeting"),  N_("setting up"), N_("hashing"),
                                         N_("comparing"), N_("replying"),   N_("ending")};
    struct watching *w = self;

    if (progress_due(&w->progress))
        progress_say(&w->progress, tr(w->c, "%s: %s of %s, %s moved"),
                     tr(w->c, stages[p->stage <= PSI_STAGE_OVER ? p->stage : PSI_STAGE_OVER]),
                     shown_count(w->c, p->done), shown_count(w->c, p->of),
                     shown_bytes(w->c, p->bytes));
    return !is_cancelled(w->c);
}

static void report(struct matched *m, const struct node_match_result *r)
{
    struct cli *c = m->c;
    const struct match_session *s = m->session;
    uint64_t n = s->size[0] > s->size[1] ? s->size[0] : s->size[1];

    if (r->learns)
        remark(c, trn(c, "%s item in common.\n", "%s items in common.\n", r->common),
               shown_count(c, r->common));
    else
        remark(c, "The other side has learnt what is in common; as agreed, this side has not.\n");
    remark(c, "  lists     %s and %s items, canaries verified\n", shown_count(c, s->size[m->side]),
           shown_count(c, s->size[!m->side]));
    remark(c, "  time      %.2f s\n", (double)r->took_us / 1e6);
    remark(c, "  traffic   %s in, %s out, %.1f bits for each item\n", shown_bytes(c, r->bytes_in),
           shown_bytes(c, r->bytes_out),
           n ? 8.0 * (double)(r->bytes_in + r->bytes_out) / (double)n : 0.0);
    remark(c, "  transcript %s, in our log\n", shown_hash(c, &r->outcome.transcript, 16));
    if (!r->items || !r->common)
        return;
    remark(c, "  items     %s\n", r->file);
    remark(c, "To share them:     entente match show %.8s --stix FILE, entente share FILE\n",
           s->id);
    remark(c,
           "To ask about them: entente match show %.8s --request FILE, entente request new --to "
           "%s --body FILE\n",
           s->id, shown(c, s->party[!m->side]));
}

static bool report_json(struct matched *m, const struct node_match_result *r, struct err *e)
{
    struct json_maker k = json_maker(m->c->arena);
    struct json *o = json_new_object(&k), *sizes = json_set_array(&k, o, "sizes");
    uint64_t n =
        m->session->size[0] > m->session->size[1] ? m->session->size[0] : m->session->size[1];

    json_set_text(&k, o, "id", m->session->id);
    for (int i = 0; i < 2; i++)
        json_add(&k, sizes, json_new_integer(&k, (int64_t)m->session->size[i]));
    if (r->learns)
        json_set_integer(&k, o, "common", (int64_t)r->common);
    json_set_bool(&k, o, "canaries", true);
    if (r->items)
        json_set_text(&k, o, "items", r->file);
    json_set_text(&k, o, "transcript", shown_hash(m->c, &r->outcome.transcript, 64));
    json_set_integer(&k, o, "capacity", (int64_t)r->outcome.capacity);
    json_set(&k, o, "seconds", json_new_number(&k, (double)r->took_us / 1e6));
    json_set_integer(&k, o, "bytes_in", (int64_t)r->bytes_in);
    json_set_integer(&k, o, "bytes_out", (int64_t)r->bytes_out);
    json_set_integer(&k, o, "memory_bytes", (int64_t)r->memory);
    json_set(&k, o, "bits_per_item",
             json_new_number(&k, n ? 8.0 * (double)(r->bytes_in + r->bytes_out) / (double)n : 0));
    return print_json(m->c, &k, o, e);
}

static bool run_run(struct cli *c, struct err *e)
{
    struct matched *m = arena_get(c->arena, sizeof *m, e);
    struct node_match_result *r = arena_get(c->arena, sizeof *r, e);
    struct watching w = {.c = c};
    struct node_match_watch how = {.progress = watch, .self = &w};
    bool ok;

    if (!m || !r || !matched_named(c, option(c, "under"), c->operands[0], m, e))
        return false;
    progress_start(&w.progress, c);
    ok = node_match_run(c->node, m->agreement, m->session->id, &how, r, e);
    progress_end(&w.progress);
    if (!ok || !matched_named(c, m->agreement, m->session->id, m, e))
        return false;
    if (c->json)
        return report_json(m, r, e) && matched_files(m, e);
    report(m, r);
    return matched_files(m, e);
}

const struct command cmd_match_run = {
    .name = "match run",
    .synopsis = "ID [--items FILE] [--stix FILE [--tlp LABEL]] [--request FILE]\n"
                "       [--under AGREEMENT] [--json]",
    .sentence = "Compare, now that both sides have committed to their lists.",
    .more = "Either side may begin; the other's node must be serving. Both nodes hold the session "
            "against the\nagreement again, and want each commitment cosigned by the other party, "
            "before anything\ncryptographic is said. A connection that breaks is taken up where it "
            "broke; a run that fails\nsays why in both logs. Zero in common is an answer: each run "
            "carries items that must be found\nand items that must not. Exit status 3: broken off, "
            "and may be tried again.\n",
    .options = run_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_run,
};

/* ---- worker ---- */

static bool run_worker(struct cli *c, struct err *e)
{
    struct rlimit none = {0, 0};

    if (isatty(c->in))
        return misuse(c, e, "a worker is spoken to by a node, over its stdin and stdout");
    setrlimit(RLIMIT_CORE, &none); /* its memory holds the list */
    signal(SIGPIPE, SIG_IGN);
    if (worker_serve(c->in, STDOUT_FILENO, e))
        return true;
    c->status = CLI_NO;
    return false;
}

const struct command cmd_match_worker = {
    .name = "match worker",
    .synopsis = "",
    .sentence = "Be one process of a comparison: a node speaks to it over stdin and stdout.",
    .more = "Nodes start it by themselves. --worker of match offer and match accept names another "
            "command, so\nthat the work is done elsewhere: --worker 'ssh other entente match "
            "worker'. It is given digests\nof the list's items, no keys.\n",
    .needs = NEEDS_NOTHING,
    .run = run_worker,
};
