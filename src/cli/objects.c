/* entente objects list, show; entente revoke */
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

static const struct option_row list_options[] = {
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"from", 0, "PARTY", "only what this party shared"},
    {"type", 0, "TYPE", "only of this STIX type, for example indicator"},
    {"tlp", 0, "LABEL", "only so marked"},
    {"act", 0, "ACT", "only of this act (its hash, or PARTY/INDEX)"},
    {"revoked", 0, NULL, "also what its sharer has withdrawn"},
    {"json", 0, NULL, "one JSON line each, with the object itself"},
    {NULL},
};

struct listing {
    struct cli *c;
    struct record *record;
    const struct agreement *g;
    struct arena *scratch;
    const char *type;
    int tlp; /* rank; -2: any */
    bool revoked, heading;
    uint64_t n;
    struct err e;
};

/* What an object is about, in a few words: its pattern, name or value. */
static struct bytes gist(const struct json *v)
{
    static const char *const keys[] = {"pattern",  "name",        "value",
                                       "abstract", "description", "relationship_type"};
    struct bytes text = {0};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_as_string(json_find(v, keys[i]), &text))
            return text;
    return text;
}

static void print_line(struct listing *l, const struct record_object *o)
{
    struct arena_mark m = arena_mark(l->c->arena), s = arena_mark(l->scratch);
    const struct json *v = o->bytes.n ? json_parse_canonical(o->bytes, l->scratch, NULL) : NULL;

    if (!l->heading)
        fprintf(l->c->out, "%-12s  %-12s  %-48s  %s\n", "TLP", "ACT", "OBJECT", "WHAT");
    l->heading = true;
    fprintf(l->c->out, "%-12s  %-12s  %-48s  %s%s\n", tlp_word(o->tlp),
            arena_format(l->c->arena, NULL, "%.*s/%llu", BYTES_FMT(o->slug),
                         (unsigned long long)o->act),
            shown(l->c, o->id), o->revoked ? "(withdrawn) " : "",
            o->bytes.n ? shown_short(l->c, gist(v), 60) : "(not held here)");
    arena_reset(l->scratch, s);
    arena_reset(l->c->arena, m);
}

static bool print_object_json(struct cli *c, struct arena *scratch, const struct record *r,
                              const struct record_object *o, struct err *e)
{
    struct arena_mark mark = arena_mark(scratch);
    struct json_maker m = json_maker(scratch);
    struct json *out = json_new_object(&m);
    const struct json *v = o->bytes.n ? json_parse_canonical(o->bytes, scratch, e) : NULL;
    bool ok;

    json_set_text(&m, out, "agreement", record_id(r));
    json_set_string(&m, out, "from", o->slug);
    json_set_integer(&m, out, "act", (int64_t)o->act);
    json_set_string(&m, out, "id", o->id);
    json_set_text(&m, out, "tlp", tlp_word(o->tlp));
    json_set_text(&m, out, "sha256", shown_hash(c, &o->sha256, 64));
    json_set_bool(&m, out, "revoked", o->revoked);
    if (v)
        json_set(&m, out, "object", v);
    ok = print_json(c, &m, out, e);
    arena_reset(scratch, mark);
    return ok;
}

static bool list_one(void *self, const struct record_object *o)
{
    struct listing *l = self;
    size_t type = l->type ? strlen(l->type) : 0;
    struct arena_mark m = arena_mark(l->c->arena);

    if (is_cancelled(l->c))
        return false;
    if ((o->revoked && !l->revoked) || (l->tlp != -2 && o->tlp != l->tlp) ||
        (l->type && (!bytes_start_with(o->id, l->type) || o->id.n <= type || o->id.p[type] != '-' ||
                     o->id.p[type + 1] != '-')))
        return true;
    l->n++;
    if (!l->c->json) {
        print_line(l, o);
        return true;
    }
    if (!print_object_json(l->c, l->scratch, l->record, o, &l->e))
        return false;
    arena_reset(l->c->arena, m);
    return true;
}

static bool carries_objects(const struct act *act)
{
    return bytes_start_with(act->body.media_type, "application/stix+json") ||
           bytes_start_with(act->body.media_type, "application/vnd.entente.list");
}

static bool list_act(struct listing *l, const struct act *act, struct err *e)
{
    if (!carries_objects(act))
        return true;
    if (!record_objects_of(l->record, act->from, act->seq, list_one, l, e))
        return false;
    if (l->e.code) {
        *e = l->e;
        return false;
    }
    return true;
}

static bool list_log(struct listing *l, struct bytes slug, struct err *e)
{
    struct record_head head;
    struct act *act = arena_get(l->c->arena, sizeof *act, e);
    bool ok = act && record_head(l->record, slug, l->c->arena, &head, e);

    for (uint64_t i = 0; ok && i < head.size && !is_cancelled(l->c); i++) {
        struct arena_mark m = arena_mark(l->c->arena);
        struct err missing = {0};
        if (record_act(l->record, slug, i, l->c->arena, act, &missing))
            ok = list_act(l, act, e);
        else if (missing.code != ERR_MISSING) {
            *e = missing;
            ok = false;
        }
        arena_reset(l->c->arena, m);
    }
    return ok;
}

static bool list_record(struct listing *l, const char *from, struct err *e)
{
    struct view v;

    if (!view_open(l->c, record_id(l->record), &v, e))
        return false;
    for (size_t i = 0; i < v.g->parties_n; i++)
        if ((!from || bytes_are(v.g->parties[i].slug, from)) &&
            !list_log(l, v.g->parties[i].slug, e))
            return false;
    return true;
}

static bool list_all(struct listing *l, struct err *e)
{
    struct cli *c = l->c;
    const char **ids;
    struct act *act;
    size_t n;

    if (option(c, "act"))
        return (act = arena_get(c->arena, sizeof *act, e)) &&
               act_named(c, option(c, "under"), option(c, "act"), &l->record, act, e) &&
               list_act(l, act, e);
    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!(l->record = node_record(c->node, ids[i], e)) || !list_record(l, option(c, "from"), e))
            return false;
    return true;
}

static bool run_list(struct cli *c, struct err *e)
{
    struct listing l = {.c = c, .type = option(c, "type"), .tlp = -2};
    bool ok;

    l.revoked = option_given(c, "revoked");
    if (option(c, "tlp") && (l.tlp = tlp_rank(bytes_text(option(c, "tlp")))) < 0)
        return misuse(c, e, "--tlp is clear, green, amber, amber+strict or red");
    l.scratch = arena_new(LIMIT_PAYLOAD_BYTES * 8);
    if (!l.scratch)
        return err_fail(e, ERR_NOMEM, "out of memory");
    ok = list_all(&l, e);
    arena_free(l.scratch);
    if (ok && !c->json)
        fprintf(words(c), "%s %s.\n", shown_count(c, l.n), plural(l.n, "object", "objects"));
    return ok;
}

const struct command cmd_objects_list = {
    .name = "objects list",
    .synopsis = "[--under AGREEMENT] [--from PARTY] [--type TYPE] [--tlp LABEL] [--act ACT] "
                "[--revoked] [--json]",
    .sentence = "List what either side has shared.",
    .options = list_options,
    .needs = NEEDS_NODE,
    .run = run_list,
};

/* ---- show ---- */

static const struct option_row show_options[] = {
    {"json", 0, NULL, "one JSON line for each version"},
    {NULL},
};

static bool show_one(void *self, const struct record_object *o)
{
    struct listing *l = self;
    struct cli *c = l->c;
    int64_t after, before;
    struct bytes text;
    const struct json *v;

    l->n++;
    if (c->json)
        return print_object_json(c, l->scratch, l->record, o, &l->e);
    fprintf(words(c), "%s%s\n  shared by    %s, act %.*s/%llu, agreement %.8s\n",
            l->n > 1 ? "\n" : "", shown(c, o->id), shown(c, party_name(l->g, o->slug)),
            BYTES_FMT(o->slug), (unsigned long long)o->act, record_id(l->record));
    if (record_bracket(l->record, o->slug, o->act, &after, &before, NULL))
        fprintf(words(c), "  appended     %s%s%s\n", after ? "after " : "",
                after ? shown_time(c, after) : "",
                before == INT64_MAX
                    ? after ? ", not cosigned by anybody yet" : "not cosigned by anybody yet"
                    : arena_format(c->arena, NULL, "%sbefore %s, by others' cosignatures",
                                   after ? ", " : "", shown_time(c, before)));
    fprintf(words(c), "  marking      TLP:%s%s\n  sha256       %s\n", tlp_word(o->tlp),
            o->revoked ? "; withdrawn by its sharer" : "", shown_hash(c, &o->sha256, 64));
    fflush(c->err);
    if (!o->bytes.n)
        fprintf(words(c), "  The object itself was withheld or erased.\n");
    else if ((v = json_parse_canonical(o->bytes, l->scratch, &l->e)) &&
             json_print_pretty(v, l->scratch, &text, &l->e))
        fwrite(text.p, 1, text.n, c->out);
    fflush(c->out);
    return l->e.code == ERR_NONE;
}

static bool run_show(struct cli *c, struct err *e)
{
    struct listing l = {.c = c, .scratch = arena_new(LIMIT_PAYLOAD_BYTES * 16)};
    const char **ids;
    struct view v;
    size_t n;
    bool ok = l.scratch || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && agreements_named(c, NULL, &ids, &n, e);
    for (size_t i = 0; ok && i < n; i++)
        ok = view_open(c, ids[i], &v, e) && (l.g = v.g) && (l.record = v.record) &&
             record_object(l.record, bytes_text(c->operands[0]), show_one, &l, e) &&
             (l.e.code == ERR_NONE || (*e = l.e, false));
    arena_free(l.scratch);
    if (!ok || l.n)
        return ok;
    err_fail(e, ERR_MISSING, "there is no object %s", c->operands[0]);
    return err_hint(e, "entente objects list shows their ids");
}

const struct command cmd_objects_show = {
    .name = "objects show",
    .synopsis = "ID [--json]",
    .sentence = "Show an object in all versions that anybody shared; the object goes to stdout.",
    .options = show_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_show,
};

/* ---- revoke ---- */

static const struct option_row revoke_options[] = {
    {"under", 0, "AGREEMENT", "where they were shared; may be left out where there is only one"},
    {"reason", 0, "TEXT", "why, for the others to read"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

struct owned {
    struct bytes self;
    bool ours, withdrawn;
};

static bool note_owner(void *self, const struct record_object *o)
{
    struct owned *w = self;

    if (bytes_equal(o->slug, w->self)) {
        w->ours = true;
        w->withdrawn = o->revoked;
    }
    return true;
}

static bool all_ours(struct cli *c, struct record *r, struct err *e)
{
    for (size_t i = 0; i < c->operands_n; i++) {
        struct owned w = {.self = record_self(r)};
        if (!record_object(r, bytes_text(c->operands[i]), note_owner, &w, e))
            return false;
        if (!w.ours)
            return err_fail(e, ERR_MISSING, "we have not shared %s under agreement %.8s",
                            c->operands[i], record_id(r)) ||
                   err_hint(e, "entente objects list --from %.*s shows what we have",
                            BYTES_FMT(record_self(r)));
        if (w.withdrawn)
            return err_fail(e, ERR_DENIED, "%s is withdrawn already", c->operands[i]);
    }
    return true;
}

static bool revocation(struct cli *c, struct record_draft *d, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list = json_set_array(&m, o, "objects");

    for (size_t i = 0; i < c->operands_n; i++)
        json_add_string(&m, list, bytes_text(c->operands[i]));
    if (option(c, "reason"))
        json_set_text(&m, o, "reason", option(c, "reason"));
    d->kind = BYTES("revoke");
    d->media_type = BYTES(MEDIA_JSON);
    return json_made(&m, o, &d->payload, e);
}

static bool run_revoke(struct cli *c, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);
    struct record_draft d = {{0}};
    struct record_placed placed;
    char id[ACT_AGREEMENT + 1];
    struct record *r;
    bool ok;

    if (!agreement_named(c, option(c, "under"), id, e) || !(r = node_hold(c->node, id, e)))
        return false;
    ok = all_ours(c, r, e) && revocation(c, &d, e) && record_append(r, &d, 1, &placed, e);
    node_release(c->node, r);
    if (!ok)
        return false;
    if (c->json) {
        json_set_integer(&m, o, "act", (int64_t)placed.index);
        json_set_text(&m, o, "hash", shown_hash(c, &placed.text_hash, 64));
        return print_json(c, &m, o, e);
    }
    fprintf(c->out, "Withdrew %zu %s with act %.*s/%llu (%s). What was said stays in the log.\n",
            c->operands_n, plural(c->operands_n, "object", "objects"),
            BYTES_FMT(node_slug(c->node)), (unsigned long long)placed.index,
            shown_hash(c, &placed.text_hash, 8));
    return true;
}

const struct command cmd_revoke = {
    .name = "revoke",
    .synopsis = "ID... [--under AGREEMENT] [--reason TEXT] [--json]",
    .sentence = "Withdraw objects that we shared: they no longer count.",
    .options = revoke_options,
    .least = 1,
    .most = 1000,
    .needs = NEEDS_NODE,
    .run = run_revoke,
};
