/* entente dossier export: a case as a file that convinces a stranger. */
#include "dossier/dossier.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/matter.h"

#include <stdlib.h>

#define DOSSIER_ARENA ((size_t)6 << 30) /* a cap: files, the archive, and what checks it */

static const struct option_row export_options[] = {
    {"output", 'o', "FILE", "the file to make; - for stdout"},
    {"under", 0, "AGREEMENT", "look there; else in all"},
    {"all", 'a', NULL, "all cases of the agreement, and all acts on them"},
    {"redact", 0, "TLP", "leave out payloads marked stricter than this; their hashes stay"},
    {"withhold", 0, "ACT", "leave out the payload of PARTY/INDEX; may be given again"},
    {"summary", 0, "LANGUAGE", "of summary.html: en, zh, or both (if not given)"},
    {"why", 0, "TEXT", "what it is made for: for the record of custody"},
    {"at", 0, "TIME", "as of when: 2026-01-31T12:00:00Z; now if not given"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

struct exporting {
    struct cli *c;
    struct dossier_export x;
    char agreement[ACT_AGREEMENT + 1];
    struct hash *cases;
    size_t cases_n;
    struct bytes *withhold, *cards, *misbehaviour;
};

/* ---- which cases ---- */

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

static void sort_cases(struct exporting *g)
{
    size_t n = 0;

    if (g->cases_n)
        qsort(g->cases, g->cases_n, sizeof *g->cases, by_hash);
    for (size_t i = 0; i < g->cases_n; i++)
        if (!n || !hash_equal(&g->cases[n - 1], &g->cases[i]))
            g->cases[n++] = g->cases[i];
    g->cases_n = n;
}

static bool named_cases(struct exporting *g, struct err *e)
{
    struct cli *c = g->c;
    struct matter m;

    if (!(g->cases = arena_get_array(c->arena, c->operands_n, sizeof *g->cases, e)))
        return false;
    for (size_t i = 0; i < c->operands_n; i++) {
        if (!matter_named(c, c->operands[i], DESK_ANY, &m, e))
            return false;
        if (i && strcmp(g->agreement, m.agreement))
            return misuse(c, e, "a dossier has cases of one agreement");
        memcpy(g->agreement, m.agreement, sizeof g->agreement);
        g->x.desk = m.desk;
        g->cases[g->cases_n++] = m.id;
    }
    return true;
}

static bool all_cases(struct exporting *g, struct err *e)
{
    struct cli *c = g->c;
    struct cases *k;
    struct cases_opening o;

    if (!agreement_named(c, option(c, "under"), g->agreement, e) ||
        !(g->x.desk = node_desk(c->node, g->agreement, e)) || !(k = desk_begin(g->x.desk, e)))
        return false;
    g->cases = arena_get_array(c->arena, cases_count(k), sizeof *g->cases, e);
    for (size_t i = 0; g->cases && i < cases_count(k); i++)
        if (cases_opening(k, i, &o))
            g->cases[g->cases_n++] = o.id;
    desk_end(g->x.desk);
    return g->cases != NULL;
}

/* ---- what else goes in ---- */

static bool gather_cards(struct exporting *g, struct err *e)
{
    struct cli *c = g->c;
    const struct agreement *a = record_agreement(desk_record(g->x.desk));

    if (!(g->cards = arena_get_array(c->arena, a->parties_n, sizeof *g->cards, e)))
        return false;
    for (size_t i = 0; i < a->parties_n; i++) {
        struct bytes slug = a->parties[i].slug;
        const struct node_peer *peer = node_peer(c->node, slug);
        const struct card *card = bytes_equal(slug, node_slug(c->node)) ? node_card(c->node)
                                  : peer                                ? &peer->card
                                                                        : NULL;
        if (card)
            g->cards[g->x.cards_n++] = card->note;
    }
    g->x.cards = g->cards;
    return true;
}

static bool gather_misbehaviour(struct exporting *g, struct err *e)
{
    struct cli *c = g->c;
    const char *dir =
        arena_format(c->arena, e, "%s/agreements/%s/evidence", node_dir(c->node), g->agreement);
    struct err absent = {0};
    struct bytes *names;
    size_t n;

    if (!dir || !os_list(c->os, dir, c->arena, &names, &n, &absent))
        return dir != NULL;
    if (!(g->misbehaviour = arena_get_array(c->arena, n, sizeof *g->misbehaviour, e)))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *path = arena_format(c->arena, e, "%s/%.*s", dir, BYTES_FMT(names[i]));
        if (!bytes_end_with(names[i], ".misbehaviour"))
            continue;
        if (!path || !os_read_file(c->os, path, LIMIT_EVIDENCE_BYTES, c->arena,
                                   &g->misbehaviour[g->x.misbehaviour_n++], e))
            return false;
    }
    g->x.misbehaviour = g->misbehaviour;
    return true;
}

static bool read_options(struct exporting *g, struct err *e)
{
    struct cli *c = g->c;
    const char *tlp = option(c, "redact"), *at = option(c, "at"), *lang = option(c, "summary");
    const char *const *withhold = option_all(c, "withhold", &g->x.withhold_n);

    g->x.redact = tlp ? tlp_rank(bytes_text(tlp)) : -1;
    if (tlp && (g->x.redact < 0 || g->x.redact > 3))
        return misuse(c, e, "--redact takes clear, green, amber or amber+strict");
    g->x.lang = bytes_text(lang ? lang : "both");
    if (!bytes_are(g->x.lang, "en") && !bytes_are(g->x.lang, "zh") && !bytes_are(g->x.lang, "both"))
        return misuse(c, e, "--summary takes en, zh or both");
    g->x.at = os_now(c->os);
    if (at && !time_parse(bytes_text(at), &g->x.at))
        return misuse(c, e, "--at takes a time like 2026-01-31T12:00:00Z");
    g->x.why = bytes_text(option(c, "why") ? option(c, "why") : "");
    if (!(g->withhold = arena_get_array(c->arena, g->x.withhold_n, sizeof *g->withhold, e)))
        return false;
    for (size_t i = 0; i < g->x.withhold_n; i++)
        g->withhold[i] = bytes_text(withhold[i]);
    g->x.withhold = g->withhold;
    return true;
}

/* ---- and what came of it ---- */

static bool report(struct exporting *g, const struct dossier_made *made, size_t bytes,
                   struct err *e)
{
    struct cli *c = g->c;
    const char *path = option(c, "output");
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);

    if (c->json) {
        json_set_text(&m, o, "file", path);
        json_set_integer(&m, o, "acts", (int64_t)made->acts);
        json_set_integer(&m, o, "bytes", (int64_t)bytes);
        json_set_integer(&m, o, "withheld", (int64_t)made->withheld);
        json_set_integer(&m, o, "hidden", (int64_t)made->hidden);
        json_set_text(&m, o, "tlp", tlp_word(made->tlp));
        return print_json(c, &m, o, e);
    }
    remark(c, "%s: %s acts on %s cases, %s. It is marked TLP:%s.\n", shown(c, bytes_text(path)),
           shown_count(c, made->acts), shown_count(c, g->cases_n), shown_bytes(c, bytes),
           tlp_word(made->tlp));
    if (made->withheld)
        remark(c, "Payloads left out, and proved by hash: %s.\n", shown_count(c, made->withheld));
    if (made->redacted)
        remark(c, "A payload of the cases themselves is left out: the states in the "
                  "dossier are those of what is shown.\n");
    if (made->hidden)
        remark(c, "Entries of the logs that are of other matters, and not shown: %s.\n",
               shown_count(c, made->hidden));
    if (made->widened)
        remark(c, "Other requests are in it too, for they bear on the quota.\n");
    remark(c, "Anybody can check it: entente verify %s\n", shown(c, bytes_text(path)));
    return true;
}

/* Whole or not at all: a file is replaced in one step, after it has been checked. */
static bool write_file(struct cli *c, struct bytes file, struct err *e)
{
    const char *path = option(c, "output");

    if (!strcmp(path, "-"))
        return output_write(c, path, file, e);
    if (os_exists(c->os, path))
        return err_fail(e, ERR_DENIED, "%s is there already: nothing is overwritten", path);
    return os_write_file(c->os, path, file, 0, e);
}

static bool run_export(struct cli *c, struct err *e)
{
    struct exporting g = {.c = c};
    struct arena *a;
    struct dossier_made made;
    struct bytes file;
    bool ok;

    if (!option(c, "output"))
        return misuse(c, e, "say where to: -o FILE");
    if (option_given(c, "all") == (c->operands_n > 0))
        return misuse(c, e, "name the cases, or say --all");
    if (!(option_given(c, "all") ? all_cases(&g, e) : named_cases(&g, e)) || !read_options(&g, e) ||
        !gather_cards(&g, e) || !gather_misbehaviour(&g, e))
        return false;
    sort_cases(&g);
    g.x.os = c->os;
    g.x.workers = NULL;
    g.x.keys = node_keys(c->node);
    g.x.cases = g.cases;
    g.x.cases_n = g.cases_n;
    g.x.all = option_given(c, "all");
    g.x.program = BYTES("entente " ENTENTE_VERSION);
    if (!(a = arena_new(DOSSIER_ARENA)))
        return err_fail(e, ERR_NOMEM, "out of memory");
    ok = dossier_export(&g.x, a, &file, &made, e);
    if (!ok && e->code == ERR_DENIED)
        c->status = CLI_MISUSE; /* a marking: nothing was written */
    ok = ok && write_file(c, file, e) && report(&g, &made, file.n, e);
    arena_free(a);
    return ok;
}

const struct command cmd_dossier_export = {
    .name = "dossier export",
    .synopsis = "CASE... | --all -o FILE [--redact TLP] [--withhold ACT]... [--summary LANGUAGE]",
    .sentence = "Write cases as one file that anybody can check, offline and without a node.",
    .more =
        "CASE is the beginning of a case's id, or last. The file is a ZIP archive with the "
        "agreement, the\nparties' cards, the acts and the proofs that they are in the logs, who "
        "cosigned what and when,\nthe states as computed, a summary for people (summary.html), and "
        "README.txt, which says how to\ncheck all of it with openssl, jq and sha256sum, or with "
        "verify.py. What is TLP:RED or unmarked\nnever leaves; --redact and --withhold leave out "
        "more, and the hashes stay. Entries of the logs\nthat are of other matters are not shown; "
        "that they exist is.\n",
    .options = export_options,
    .most = ANY_NUMBER,
    .needs = NEEDS_NODE,
    .run = run_export,
};
