/* entente match audit: ask for leaves of a commitment, open them to an arbiter, check them. */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/match.h"
#include "match/audit.h"

#define FILE_MOST ((size_t)16 << 20)

static const struct option_row options[] = {
    {"ask", 0, "N", "ask the other side to open N leaves of its list, chosen by our fresh bytes"},
    {"open", 0, NULL, "answer the other side's last ask: open what it has chosen"},
    {"leaf", 0, "ITEM", "show that this item is, or is not, on our list; may be given again"},
    {"to", 0, "PARTY", "the arbiter of the agreement, for whom the file is"},
    {"out", 'o', "FILE", "where the opened leaves go; else stdout"},
    {"check", 0, "FILE", "check such a file: the arbiter's part, which needs no node"},
    {"under", 0, "AGREEMENT", "look there; else in all"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

/* ---- asking ---- */

static bool run_ask(struct cli *c, struct err *e)
{
    struct matched *m = arena_get(c->arena, sizeof *m, e);
    struct record_draft *d = arena_get(c->arena, sizeof *d, e);
    struct record_placed placed;
    struct record *r;
    struct bytes object;
    uint8_t nonce[32];
    uint64_t n;
    bool ok;

    if (!decimal_parse(bytes_text(option(c, "ask")), &n) || n < 1 || n > MATCH_AUDIT_MOST)
        return misuse(c, e, "--ask needs a number from 1 to %d", MATCH_AUDIT_MOST);
    if (!m || !d || !matched_named(c, option(c, "under"), c->operands[0], m, e))
        return false;
    if (!m->session->accepted_at)
        return err_fail(e, ERR_DENIED, "comparison %.8s has not been accepted", m->session->id);
    os_random(c->os, nonce, sizeof nonce);
    if (!match_say_audit(m->session, nonce, (unsigned)n, c->os, c->arena, &object, e) ||
        !(r = node_hold(c->node, m->agreement, e)))
        return false;
    match_draft(m->session, "match.audit", node_slug(c->node), object, d);
    ok = record_append(r, d, 1, &placed, e);
    node_release(c->node, r);
    if (ok)
        remark(c,
               trn(c, "Asked %s to open %s leaf of its list to the arbiter.\n",
                   "Asked %s to open %s leaves of its list to the arbiter.\n", n),
               shown(c, m->session->party[!m->side]), shown_count(c, n));
    return ok;
}

/* ---- opening ---- */

static bool is_arbiter(struct cli *c, const struct matched *m, struct err *e)
{
    const char *to = option(c, "to");
    const struct agreement_party *p = to ? agreement_party(m->v.g, bytes_text(to)) : NULL;

    if (!to)
        return misuse(c, e, "--to says which arbiter the leaves are opened to");
    if (!p || !p->arbiter) {
        err_fail(e, ERR_DENIED, "%s is not an arbiter of agreement %.8s", to, m->agreement);
        return err_hint(e, "a list is opened to nobody else; \"role\": \"arbiter\" in the "
                           "agreement names one");
    }
    return true;
}

static const struct match_audit_ask *last_ask(const struct matched *m)
{
    for (unsigned i = m->session->audits; i-- > 0;)
        if (!bytes_equal(m->session->audit[i].by, node_slug(m->c->node)))
            return &m->session->audit[i];
    return NULL;
}

static bool open_store(struct cli *c, const struct matched *m, struct match_store *out,
                       struct err *e)
{
    char dir[4096];

    return node_match_dir(c->node, m->session->id, dir, e) && match_store_open(c->os, dir, out, e);
}

static bool run_open(struct cli *c, struct err *e)
{
    struct matched *m = arena_get(c->arena, sizeof *m, e);
    struct match_audit_making how = {0};
    struct match_store store = {0};
    const char *const *items;
    struct bytes *named, file;
    bool ok;

    items = option_all(c, "leaf", &how.items_n);
    if (how.items_n > MATCH_AUDIT_MOST / 4)
        return misuse(c, e, "at most %d items at a time", MATCH_AUDIT_MOST / 4);
    named = arena_get_array(c->arena, how.items_n + 1, sizeof *named, e);
    if (!m || !named || !matched_named(c, option(c, "under"), c->operands[0], m, e) ||
        !is_arbiter(c, m, e))
        return false;
    for (size_t i = 0; i < how.items_n; i++)
        named[i] = bytes_text(items[i]);
    how.record = m->v.record;
    how.session = m->session;
    how.side = m->side;
    how.store = &store;
    how.items = named;
    how.ask = option_given(c, "open") ? last_ask(m) : NULL;
    if (option_given(c, "open") && !how.ask)
        return err_fail(e, ERR_MISSING,
                        "nobody has asked for leaves of our list in comparison "
                        "%.8s",
                        m->session->id);
    ok = open_store(c, m, &store, e) && match_audit_make(&how, c->arena, &file, e) &&
         output_write(c, option(c, "out"), file, e);
    match_store_close(&store);
    if (ok)
        remark(c,
               "Opened for %s: it says what these items of our list are, and nothing of the "
               "others.\n",
               option(c, "to"));
    return ok;
}

/* ---- checking ---- */

static bool check_json(struct cli *c, const struct match_audit_check *k, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list;

    json_set_bool(&m, o, "holds", k->holds);
    json_set_text(&m, o, "agreement", k->agreement);
    json_set_string(&m, o, "session", k->session);
    json_set_string(&m, o, "party", k->party);
    json_set_integer(&m, o, "size", (int64_t)k->size);
    json_set_integer(&m, o, "asked", k->asked);
    if (k->why)
        json_set_text(&m, o, "why", k->why);
    list = json_set_array(&m, o, "leaves");
    for (size_t i = 0; i < k->n; i++) {
        struct json *f = json_new_object(&m);
        json_set_string(&m, f, "item", k->finding[i].item);
        json_set_bool(&m, f, "absent", k->finding[i].absent);
        json_set_bool(&m, f, "asked", k->finding[i].asked);
        json_set_bool(&m, f, "holds", !k->finding[i].wrong);
        json_add(&m, list, f);
    }
    return print_json(c, &m, o, e);
}

static void say_check(struct cli *c, const struct match_audit_check *k)
{
    remark(c, "Comparison %.8s under agreement %.8s: the list of %s, %s items of type %s\n",
           shown(c, k->session), k->agreement, shown(c, k->party), shown_count(c, k->size),
           k->type->name);
    for (size_t i = 0; i < k->n; i++) {
        const struct match_audit_finding *f = &k->finding[i];
        fprintf(c->out, "%-12s %s\n",
                f->wrong    ? tr(c, "WRONG")
                : f->absent ? tr(c, "absent")
                : f->asked  ? tr(c, "drawn")
                            : tr(c, "there"),
                shown(c, f->item));
        if (f->wrong)
            fprintf(c->out, "             %s\n", tr(c, f->wrong));
    }
    if (k->asked)
        remark(c, "%s has drawn %u leaves by bytes that stood in its log after the commitment.\n",
               shown(c, k->asker), k->asked);
    else
        remark(c, "Nobody has drawn leaves: these are what the party itself has chosen to show.\n");
    if (k->holds)
        remark(c, "It holds: all that was opened is as committed.\n");
    else
        remark(c, "IT DOES NOT HOLD: %s.\n", tr(c, k->why));
}

static bool run_check(struct cli *c, struct err *e)
{
    struct match_audit_check *k = arena_get(c->arena, sizeof *k, e);
    struct bytes file;

    if (!k || !input_read(c, option(c, "check"), FILE_MOST, &file, e) ||
        !match_audit_read(file, c->arena, k, e))
        return false;
    c->status = k->holds ? CLI_YES : CLI_NO;
    if (c->json)
        return check_json(c, k, e);
    say_check(c, k);
    return true;
}

static bool run(struct cli *c, struct err *e)
{
    if (option(c, "check"))
        return c->operands_n == 0 ? run_check(c, e)
                                  : misuse(c, e, "--check takes a file and nothing else");
    if (c->operands_n != 1)
        return misuse(c, e, "which comparison? entente match list shows them");
    if (option(c, "ask"))
        return run_ask(c, e);
    if (option_given(c, "open") || option_given(c, "leaf"))
        return run_open(c, e);
    return misuse(c, e, "--ask N, --open, --leaf ITEM or --check FILE says what is to be done");
}

const struct command cmd_match_audit = {
    .name = "match audit",
    .synopsis = "ID --ask N | ID (--open | --leaf ITEM...) --to ARBITER [-o FILE] | --check FILE\n"
                "       [--under AGREEMENT] [--json]",
    .sentence = "Open items of a compared list to the arbiter, and check what was opened.",
    .more = "Mathematics does not keep a party from comparing a list of guesses. Its log holds a "
            "commitment to\nwhat it compared; an audit opens some of it. The other side asks "
            "(--ask) with fresh bytes that\nchoose the items, so whoever is audited cannot; it "
            "answers (--open) with a file for the arbiter,\nwho checks it offline (--check): the "
            "signed acts, the choice, and each item against the\ncommitment. Exit status 1 of "
            "--check: the list is not as committed.\n",
    .options = options,
    .most = 1,
    .needs = NEEDS_NODE,
    .offline = "check",
    .run = run,
};
