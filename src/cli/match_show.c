/* entente match list, show: sessions, and what follows from a result. */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/match.h"
#include "stix/import.h"
#include "stix/stix.h"

#define ITEMS_MOST ((size_t)1 << 30)

/* ---- list ---- */

static const struct option_row list_options[] = {
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

static const char *other(struct cli *c, const struct matched *m, const struct match_session *s)
{
    enum match_side side = MATCH_ASKER;

    match_session_side(s, node_slug(m->c->node), &side);
    return shown(c, s->party[!side]);
}

static const char *count_or(struct cli *c, uint64_t n)
{
    return n ? shown_count(c, n) : "";
}

/* What the logs say; -1: nothing, or withheld. */
static int64_t count_of(const struct match_session *s)
{
    return s->outcome[0].said && s->outcome[0].count >= 0   ? s->outcome[0].count
           : s->outcome[1].said && s->outcome[1].count >= 0 ? s->outcome[1].count
                                                            : -1;
}

static bool session_json(struct cli *c, const struct matched *m, const struct match_session *s,
                         struct err *e)
{
    struct json_maker k = json_maker(c->arena);
    struct json *o = json_new_object(&k), *sizes = json_set_array(&k, o, "sizes"), *list;

    json_set_text(&k, o, "id", s->id);
    json_set_text(&k, o, "agreement", m->agreement);
    json_set_string(&k, o, "asker", s->party[MATCH_ASKER]);
    json_set_string(&k, o, "asked", s->party[MATCH_ASKED]);
    json_set_string(&k, o, "purpose", s->purpose);
    json_set_text(&k, o, "type", s->type->name);
    json_set_text(&k, o, "recipe", s->type->recipe);
    json_set_text(&k, o, "state", match_state_name(s->state));
    json_set_text(&k, o, "learns", match_who_name(s->who));
    for (int i = 0; i < 2; i++)
        json_add(&k, sizes, json_new_integer(&k, (int64_t)s->size[i]));
    json_set_integer(&k, o, "shards", s->shards);
    json_set_integer(&k, o, "aborts", s->aborts);
    json_set_integer(&k, o, "audits", s->audits);
    if (s->abort_reason.n)
        json_set_string(&k, o, "abort_reason", s->abort_reason);
    if (s->ground.n)
        json_set_string(&k, o, "refused_because", s->ground);
    if (count_of(s) >= 0)
        json_set_integer(&k, o, "count", count_of(s));
    list = json_set_array(&k, o, "transcripts");
    for (int i = 0; i < 2; i++)
        if (s->outcome[i].said)
            json_add_string(&k, list, bytes_text(shown_hash(c, &s->outcome[i].transcript, 64)));
    json_set_bool(&k, o, "differ", s->differ);
    return print_json(c, &k, o, e);
}

static void add_row(struct cli *c, struct table *t, const struct matched *m,
                    const struct match_session *s)
{
    enum match_side side = MATCH_ASKER;
    int64_t count = count_of(s);

    match_session_side(s, node_slug(c->node), &side);
    table_add(t, arena_format(c->arena, NULL, "%.8s", s->id), other(c, m, s), shown(c, s->purpose),
              s->type->name, count_or(c, s->size[side]), count_or(c, s->size[!side]),
              matched_state(c, s),
              s->differ               ? tr(c, "THE SIDES DIFFER")
              : count >= 0            ? shown_count(c, (uint64_t)count)
              : s->outcome[side].said ? tr(c, "withheld")
                                      : "");
}

static bool run_list(struct cli *c, struct err *e)
{
    struct matched *m = arena_get(c->arena, sizeof *m, e);
    enum match_side side;
    const char **ids;
    struct table t;
    size_t n;

    if (!m || !agreements_named(c, c->operands_n ? c->operands[0] : NULL, &ids, &n, e))
        return false;
    table_start(&t, c, tr(c, "ID|WITH|PURPOSE|TYPE|>OURS|>THEIRS|STATE|>IN COMMON"));
    for (size_t i = 0; i < n; i++) {
        if (!matched_fold(c, ids[i], m, e))
            return false;
        for (size_t k = 0; k < m->all.n; k++) {
            if (!match_session_side(&m->all.of[k], node_slug(c->node), &side))
                continue;
            if (c->json && !session_json(c, m, &m->all.of[k], e))
                return false;
            if (!c->json)
                add_row(c, &t, m, &m->all.of[k]);
        }
    }
    if (!c->json)
        table_print(&t, "");
    return true;
}

const struct command cmd_match_list = {
    .name = "match list",
    .synopsis = "[AGREEMENT] [--json]",
    .sentence = "List comparisons: offered, accepted, compared.",
    .options = list_options,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_list,
};

/* ---- what follows from the items ---- */

bool matched_items(const struct matched *m, struct bytes *text, struct err *e)
{
    struct cli *c = m->c;
    char dir[4096];
    const char *path;
    struct err why = {0};

    if (m->session->state != MATCH_COMPARED || !m->session->outcome[m->side].said)
        return err_fail(e, ERR_MISSING, "comparison %.8s has no result here", m->session->id);
    if (!match_session_learns(m->session, m->side))
        return err_fail(e, ERR_DENIED, "it was agreed that %s learns what is in common, not we",
                        matched_who(c, m->session));
    if (!node_match_dir(c->node, m->session->id, dir, e) ||
        !(path = arena_format(c->arena, e, "%s/items", dir)))
        return false;
    if (os_read_file(c->os, path, ITEMS_MOST, c->arena, text, &why))
        return true;
    if (why.code == ERR_MISSING)
        return err_fail(e, ERR_DENIED,
                        "clauses.match.%s: the items are not shown, or not for so "
                        "few",
                        shown(c, m->session->purpose));
    return err_pass(e, &why);
}

struct bundle {
    struct json_maker k;
    struct json *objects, *refs;
    size_t n;
};

static bool add_indicators(const struct matched *m, struct bundle *b, struct bytes items,
                           enum stix_tlp tlp, struct err *e)
{
    struct cli *c = m->c;
    struct uuid nil = {{0}}, party;
    char id[STIX_ID_MAX];
    struct stix_import_options how = {
        .now_us = os_now_us(c->os) / 1000 * 1000, .format = STIX_FORMAT_LIST, .tlp = tlp};
    const char *name = arena_format(c->arena, e, "entente/v1/party/%s",
                                    shown_hash(c, &node_card(c->node)->id, 64));
    struct stix_import *im;
    struct stix_item item;
    struct err why = {0};
    bool ok = true;

    if (!name)
        return false;
    uuid_v5(&nil, bytes_text(name), &party); /* decision 0142 */
    stix_id_print(id, "identity", &party);
    how.party_id = bytes_text(id);
    im = stix_import_open_bytes(&how, items, e);
    while (im && ok && stix_import_next(im, &item, &why)) {
        struct bytes kept;
        const struct json *v;
        ok = item.made && arena_copy(c->arena, item.bytes, &kept, e) &&
             (v = json_parse(kept, c->arena, e)) && (json_add(&b->k, b->objects, v), true);
        if (ok) {
            struct bytes ref;
            json_as_string(json_find(v, "id"), &ref);
            json_add_string(&b->k, b->refs, ref);
            b->n++;
        }
    }
    ok = ok && im && (stix_import_done(im) || err_pass(e, &why));
    stix_import_close(im);
    return ok;
}

static const char *now_text(struct cli *c)
{
    char *when = arena_get(c->arena, STIX_TIME_MAX + 1, NULL);

    if (when)
        stix_time_print(when, os_now_us(c->os) / 1000 * 1000);
    return when ? when : "";
}

static const char *fresh_id(struct cli *c, const char *type)
{
    char *id = arena_get(c->arena, STIX_ID_MAX, NULL);
    struct uuid u;

    if (!id)
        return "";
    uuid_v4(c->os, &u);
    stix_id_print(id, type, &u);
    return id;
}

static bool make_bundle(const struct matched *m, struct bytes items, enum stix_tlp tlp,
                        struct bundle *b, struct bytes *out, struct err *e)
{
    struct cli *c = m->c;
    struct json *bundle, *group, *marks;
    const char *now = now_text(c);

    b->k = json_maker(c->arena);
    bundle = json_new_object(&b->k);
    json_set_text(&b->k, bundle, "type", "bundle");
    json_set_text(&b->k, bundle, "id", fresh_id(c, "bundle"));
    b->objects = json_set_array(&b->k, bundle, "objects");
    group = json_new_object(&b->k);
    json_add(&b->k, b->objects, group);
    json_set_text(&b->k, group, "type", "grouping");
    json_set_text(&b->k, group, "spec_version", "2.1");
    json_set_text(&b->k, group, "id", fresh_id(c, "grouping"));
    json_set_text(&b->k, group, "created", now);
    json_set_text(&b->k, group, "modified", now);
    json_set_text(&b->k, group, "context", "suspicious-activity");
    json_set_text(&b->k, group, "name",
                  arena_format(c->arena, &b->k.e, "In common of %s and %s (comparison %.8s)",
                               shown(c, m->session->party[0]), shown(c, m->session->party[1]),
                               m->session->id));
    marks = json_set_array(&b->k, group, "object_marking_refs");
    json_add_string(&b->k, marks, bytes_text(stix_tlp_id(tlp)));
    b->refs = json_set_array(&b->k, group, "object_refs");
    return add_indicators(m, b, items, tlp, e) &&
           (b->n || err_fail(e, ERR_MISSING, "nothing in common that an indicator could say")) &&
           json_made(&b->k, bundle, NULL, e) && json_print_pretty(bundle, c->arena, out, e);
}

static bool make_request(const struct matched *m, struct bytes items, struct bytes *out,
                         struct err *e)
{
    struct cli *c = m->c;
    struct json_maker k = json_maker(c->arena);
    struct json *o = json_new_object(&k), *list = json_set_array(&k, o, "items"), *ask;
    struct bytes line;
    size_t n = 0;

    json_set_text(&k, o, "request_type", "info");
    json_set_string(&k, o, "addressee", m->session->party[!m->side]);
    json_set_text(&k, o, "match_session",
                  arena_format(c->arena, &k.e, "entente-match--%s", m->session->id));
    json_set_text(
        &k, o, "steps_taken",
        arena_format(c->arena, &k.e, "Both of us hold these: comparison %.8s.", m->session->id));
    json_set_text(&k, o, "intended_use", "To connect what both of us see.");
    while (n < LIMIT_CASE_ITEMS && bytes_next_line(&items, &line)) {
        ask = json_new_object(&k);
        json_set_text(&k, ask, "ask",
                      arena_format(c->arena, &k.e, "What do you know of %.*s?",
                                   BYTES_FMT(bytes_part(line, 0, 1000))));
        json_add(&k, list, ask);
        n++;
    }
    return (n || err_fail(e, ERR_MISSING, "nothing in common to ask about")) &&
           json_made(&k, o, NULL, e) && json_print_pretty(o, c->arena, out, e);
}

bool matched_files(const struct matched *m, struct err *e)
{
    struct cli *c = m->c;
    enum stix_tlp tlp = STIX_TLP_AMBER;
    struct bundle b = {0};
    struct bytes items, text;

    if (!option(c, "items") && !option(c, "stix") && !option(c, "request"))
        return true;
    if (option(c, "tlp") && !stix_tlp_parse(bytes_text(option(c, "tlp")), &tlp))
        return misuse(c, e, "--tlp is clear, green, amber, amber+strict or red");
    if (!matched_items(m, &items, e))
        return false;
    return (!option(c, "items") || output_write(c, option(c, "items"), items, e)) &&
           (!option(c, "stix") || (make_bundle(m, items, tlp, &b, &text, e) &&
                                   output_write(c, option(c, "stix"), text, e))) &&
           (!option(c, "request") ||
            (make_request(m, items, &text, e) && output_write(c, option(c, "request"), text, e)));
}

/* ---- show ---- */

static const struct option_row show_options[] = {
    {"items", 'o', "FILE", "write the items in common there; - is stdout"},
    {"stix", 0, "FILE", "write them as STIX indicators with a grouping"},
    {"request", 0, "FILE", "write the body of a request that asks about them"},
    {"tlp", 0, "LABEL", "marking of the indicators; amber if not given"},
    {"under", 0, "AGREEMENT", "look there; else in all"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static void describe_outcome(struct cli *c, const struct match_session *s, int side)
{
    const struct match_outcome *o = &s->outcome[side];

    if (!o->said)
        return;
    remark(c, "  seen by    %s: transcript %s, canaries verified, %s\n", shown(c, s->party[side]),
           shown_hash(c, &o->transcript, 16),
           o->count >= 0 ? arena_format(c->arena, NULL, tr(c, "%s in common"),
                                        shown_count(c, (uint64_t)o->count))
                         : tr(c, "the number withheld"));
}

static void describe_permission(struct cli *c, const struct matched *m)
{
    struct match_limits l;
    struct match_wish w;
    struct err why = {0};

    match_wish_of(m->session, &w);
    if (match_permits(m->v.g, &m->all, &w, os_now(c->os), &l, &why))
        remark(c, "  permitted  by clauses.%s\n", l.clause);
    else
        remark(c, "  NOT PERMITTED: %s\n", why.text);
}

static void describe(struct cli *c, const struct matched *m)
{
    const struct match_session *s = m->session;

    remark(c, "Comparison %s under agreement %.8s\n", s->id, m->agreement);
    remark(c, "  purpose    %s, items of type %s by the recipe %s\n", shown(c, s->purpose),
           s->type->name, s->type->recipe);
    remark(c, "  offered by %s at %s: %s items, commitment %s\n", shown(c, s->party[0]),
           shown_time(c, s->offered_at), shown_count(c, s->size[0]),
           shown_hash(c, &s->root[0], 16));
    if (s->accepted_at)
        remark(c, "  accepted   by %s at %s: %s items, commitment %s\n", shown(c, s->party[1]),
               shown_time(c, s->accepted_at), shown_count(c, s->size[1]),
               shown_hash(c, &s->root[1], 16));
    remark(c, "  learns     %s (%s)\n", matched_who(c, s),
           s->cardinality ? tr(c, "the number alone") : tr(c, "the items in common"));
    remark(c, "  state      %s\n", matched_state(c, s));
    if (s->ground.n)
        remark(c, "  refused    because: %s\n", shown(c, s->ground));
    if (s->aborts)
        remark(c, "  broken off %u times, last because: %s\n", s->aborts,
               shown(c, s->abort_reason));
    if (s->state == MATCH_OFFERED || s->state == MATCH_ACCEPTED)
        describe_permission(c, m);
    describe_outcome(c, s, 0);
    describe_outcome(c, s, 1);
    if (s->differ)
        remark(c, "  THE TWO SIDES SAY THEY SAW DIFFERENT RUNS: do not rely on this result\n");
}

static bool run_show(struct cli *c, struct err *e)
{
    struct matched *m = arena_get(c->arena, sizeof *m, e);

    if (!m || !matched_named(c, option(c, "under"), c->operands[0], m, e))
        return false;
    if (c->json) {
        if (!session_json(c, m, m->session, e))
            return false;
    } else {
        describe(c, m);
    }
    return matched_files(m, e);
}

const struct command cmd_match_show = {
    .name = "match show",
    .synopsis = "ID [--items FILE] [--stix FILE [--tlp LABEL]] [--request FILE]\n"
                "       [--under AGREEMENT] [--json]",
    .sentence = "Show a comparison, and write down what is in common.",
    .more = "--items, --stix and --request write what is in common: as it is spelt here; as a STIX "
            "bundle of\nindicators with a grouping, ready for entente share; as the body of a "
            "request that asks about\nthem, ready for entente request new --body.\n",
    .options = show_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_show,
};
