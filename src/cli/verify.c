/* entente verify, export log, evidence list, evidence show */
#include "verify/verify.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/verify_dossier.h"
#include "stix/json.h"

/* ---- verify ---- */

static const struct option_row verify_options[] = {
    {"card", 0, "FILE", "a card that says whose keys they are; may be given again"},
    {"policy", 0, "FILE", "whom to trust (C2SP tlog-policy); may be given again"},
    {"key", 0, "PARTY=PRINT",
     "a party's fingerprint (SHA256:...); of a dossier; may be given again"},
    {"ca", 0, "FILE", "certificates (PEM) trusted for time-stamps of a dossier"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static void print_line(struct cli *c, const struct verify_line *line)
{
    struct buf b = buf_in(c->arena);
    const char *verdict;

    buf_label(&b, c->words, verify_word(line->verdict), 9);
    verdict = buf_string(&b, NULL);
    fprintf(c->out, "%s%.*s%s%.*s\n", verdict ? verdict : "", BYTES_FMT(line->about),
            line->about.n ? ": " : "", BYTES_FMT(line->text));
}

static void say_report(struct cli *c, const struct verify_report *r)
{
    for (size_t i = 0; i < r->n; i++)
        print_line(c, &r->line[i]);
    fprintf(c->out, "%s\n", r->holds ? tr(c, "It holds.") : tr(c, "IT DOES NOT HOLD."));
}

static bool report_json(struct cli *c, const struct verify_report *r, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list = json_set_array(&m, o, "lines");

    json_set_bool(&m, o, "holds", r->holds);
    for (size_t i = 0; i < r->n; i++) {
        struct json *line = json_new_object(&m);
        json_set_text(&m, line, "verdict", verify_word(r->line[i].verdict));
        json_set_string(&m, line, "about", r->line[i].about);
        json_set_string(&m, line, "text", r->line[i].text);
        json_add(&m, list, line);
    }
    return print_json(c, &m, o, e);
}

static bool gather(struct cli *c, const char ***paths, size_t *n, struct err *e)
{
    size_t cards, policies;
    const char *const *card = option_all(c, "card", &cards);
    const char *const *policy = option_all(c, "policy", &policies);

    *paths = arena_get_array(c->arena, c->operands_n + cards + policies, sizeof **paths, e);
    if (!*paths)
        return false;
    *n = 0;
    for (size_t i = 0; i < c->operands_n; i++)
        (*paths)[(*n)++] = c->operands[i];
    for (size_t i = 0; i < cards; i++)
        (*paths)[(*n)++] = card[i];
    for (size_t i = 0; i < policies; i++)
        (*paths)[(*n)++] = policy[i];
    return true;
}

/* Machines read the JSON: its sentences are English whatever the language. */
static bool check_files(struct cli *c, const char **paths, size_t n, struct verify_report *r,
                        struct err *e)
{
    const struct catalogue *words = e->words;
    bool ok;

    if (c->json)
        e->words = NULL;
    ok = verify_files(c->os, paths, n, c->arena, r, e);
    e->words = words;
    return ok;
}

static bool run_verify(struct cli *c, struct err *e)
{
    struct verify_report r = {0};
    const char **paths;
    size_t n;

    if (c->operands_n == 1 && names_dossier(c, c->operands[0]))
        return dossier_checked(c, c->operands[0], e);
    if (!gather(c, &paths, &n, e) || !check_files(c, paths, n, &r, e))
        return false;
    c->status = r.holds ? CLI_YES : CLI_NO;
    if (c->json)
        return report_json(c, &r, e);
    say_report(c, &r);
    return true;
}

const struct command cmd_verify = {
    .name = "verify",
    .synopsis =
        "FILE... [--card FILE]... [--key PARTY=PRINT]... [--policy FILE] [--ca FILE] [--json]",
    .sentence = "Check dossiers, acts, proofs, exported logs and proofs of misbehaviour, offline.",
    .more = "FILE may be a dossier, a folder that `entente proof` made, a .tlog-proof with its "
            "act, a whole "
            "log, or a\nproof of misbehaviour. No node is needed. It says what is proved, what "
            "fails, and what nothing\nhere tells. Exit status 0: it holds; 1: it does not.\n",
    .options = verify_options,
    .least = 1,
    .most = VERIFY_FILES,
    .run = run_verify,
};

/* ---- export log ---- */

static const struct option_row export_options[] = {
    {"output", 'o', "FILE", "the file to make"},
    {"from", 0, "PARTY", "whose log; ours if not given"},
    {NULL},
};

static bool run_export(struct cli *c, struct err *e)
{
    const char *from = option(c, "from");
    struct record_head head;
    struct bytes slug;
    struct record *r;

    if (!option(c, "output"))
        return misuse(c, e, "say where to: -o FILE");
    if (!record_named(c, c->operands_n ? c->operands[0] : NULL, &r, e))
        return false;
    slug = from ? bytes_text(from) : record_self(r);
    if (!record_export(r, slug, option(c, "output"), e) ||
        !record_head(r, slug, c->arena, &head, e))
        return false;
    say(c, "%s has the log of %s under agreement %.8s: %s acts.\n", option(c, "output"),
        shown(c, slug), record_id(r), shown_count(c, head.size));
    remark(c, "Anybody can check it: entente verify %s\n", option(c, "output"));
    return true;
}

const struct command cmd_export_log = {
    .name = "export log",
    .synopsis = "[AGREEMENT] [--from PARTY] -o FILE",
    .sentence = "Write one whole log, with its payloads and cosignatures, as one file.",
    .more = "It has what is addressed to everybody; what is for some parties only is in it as a "
            "digest.\n",
    .options = export_options,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_export,
};

/* ---- evidence ---- */

struct proofs {
    struct cli *c;
    struct table table;
    const char *wanted; /* the beginning of a name; NULL: all */
    const char *path;   /* the last that fits */
    size_t n;
    bool list;
};

static bool one_proof(struct proofs *p, const char *id, struct bytes name, struct err *e)
{
    struct cli *c = p->c;
    struct bytes slug = bytes_part(name, 0, bytes_find_last(name, BYTES("-")));
    const char *path = arena_format(c->arena, e, "%s/agreements/%s/evidence/%.*s",
                                    node_dir(c->node), id, BYTES_FMT(name));
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);
    struct verify_report rep = {0};

    if (!path || !bytes_end_with(name, ".misbehaviour"))
        return path != NULL;
    if (p->wanted && !bytes_start_with(name, p->wanted))
        return true;
    p->n++;
    p->path = path;
    if (!p->list)
        return true;
    if (!verify_files(c->os, &path, 1, c->arena, &rep, e))
        return false;
    if (c->json) {
        json_set_text(&m, o, "agreement", id);
        json_set_string(&m, o, "accused", slug);
        json_set_string(&m, o, "file", name);
        json_set_bool(&m, o, "holds", rep.holds);
        return print_json(c, &m, o, e);
    }
    table_add(&p->table, shown(c, slug), arena_format(c->arena, NULL, "%.8s", id),
              rep.holds ? tr(c, "holds") : tr(c, "DOES NOT HOLD"), shown(c, name));
    return true;
}

static bool walk_proofs(struct proofs *p, struct err *e)
{
    struct cli *c = p->c;
    const char **ids;
    size_t n;

    if (!node_agreements(c->node, c->arena, &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *dir =
            arena_format(c->arena, e, "%s/agreements/%s/evidence", node_dir(c->node), ids[i]);
        struct err absent = {0};
        struct bytes *names;
        size_t k;
        if (!dir)
            return false;
        if (!os_list(c->os, dir, c->arena, &names, &k, &absent))
            continue;
        for (size_t j = 0; j < k; j++)
            if (!one_proof(p, ids[i], names[j], e))
                return false;
    }
    return true;
}

static const struct option_row evidence_list_options[] = {
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

static bool run_evidence_list(struct cli *c, struct err *e)
{
    struct proofs p = {.c = c, .list = true};

    table_start(&p.table, c, "ACCUSED|AGREEMENT|PROOF|FILE");
    if (!walk_proofs(&p, e))
        return false;
    if (p.n && !c->json) {
        table_print(&p.table, "");
        remark(c,
               "What was said before stays readable. What the agreements provide if they are not "
               "kept\n(clauses.remedy): entente remedy notice PARTY\n");
    }
    if (!p.n && !c->json)
        remark(c, "No proofs of misbehaviour. That is how it should be.\n");
    return true;
}

const struct command cmd_evidence_list = {
    .name = "evidence list",
    .synopsis = "[--json]",
    .sentence = "List proofs of misbehaviour: signatures of one party that contradict each other.",
    .options = evidence_list_options,
    .needs = NEEDS_NODE,
    .run = run_evidence_list,
};

static bool run_evidence_show(struct cli *c, struct err *e)
{
    struct proofs p = {.c = c, .wanted = c->operands[0]};
    struct verify_report rep = {0};
    struct bytes file;
    FILE *out = c->out;

    if (!walk_proofs(&p, e))
        return false;
    if (p.n != 1)
        return err_fail(e, p.n ? ERR_INPUT : ERR_MISSING,
                        p.n ? N_("several proofs begin with \"%s\"")
                            : N_("there is no proof \"%s\""),
                        c->operands[0]) ||
               err_hint(e, "entente evidence list names them");
    if (!verify_files(c->os, &p.path, 1, c->arena, &rep, e) ||
        !os_read_file(c->os, p.path, LIMIT_EVIDENCE_BYTES, c->arena, &file, e))
        return false;
    c->out = c->err;
    say_report(c, &rep);
    c->out = out;
    c->status = rep.holds ? CLI_YES : CLI_NO;
    return output_write(c, NULL, file, e);
}

const struct command cmd_evidence_show = {
    .name = "evidence show",
    .synopsis = "FILE",
    .sentence = "Say what a proof of misbehaviour proves; the proof itself goes to stdout.",
    .more = "FILE is a name, or the unique beginning of one, that `entente evidence list` shows. "
            "Whoever\ngets the file can check it with `entente verify`, with the accused party's "
            "card beside it.\n",
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_evidence_show,
};
