/* entente objects list, show; entente revoke
 *
 * The record calls back under its lock, and whoever reads our output may take hours: so what is
 * called back writes to a file without a name, or into memory, and we print afterwards. */
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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
    struct arena *scratch;
    FILE *spool;
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
        fprintf(l->c->out, "%-12s  %-12s  %-48s  %s\n", tr(l->c, "TLP"), tr(l->c, "ACT"),
                tr(l->c, "OBJECT"), tr(l->c, "WHAT"));
    l->heading = true;
    fprintf(l->c->out, "%-12s  %-12s  %-48s  %s%s\n", tlp_word(o->tlp),
            arena_format(l->c->arena, NULL, "%.*s/%llu", BYTES_FMT(o->slug),
                         (unsigned long long)o->act),
            shown(l->c, o->id), o->revoked ? tr(l->c, "(withdrawn) ") : "",
            o->bytes.n ? shown_short(l->c, gist(v), 60) : tr(l->c, "(not held here)"));
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

/* Print what was spooled, and empty the spool. */
static bool empty_spool(struct listing *l, struct err *e)
{
    char piece[65536];
    size_t n;

    if (fflush(l->spool) != 0 || fseek(l->spool, 0, SEEK_SET) != 0)
        return err_system(e, errno, "the temporary file");
    while ((n = fread(piece, 1, sizeof piece, l->spool)) > 0)
        if (fwrite(piece, 1, n, l->c->out) != n)
            return err_fail(e, ERR_IO, "nobody reads on");
    if (fseek(l->spool, 0, SEEK_SET) != 0 || ftruncate(fileno(l->spool), 0) != 0)
        return err_system(e, errno, "the temporary file");
    return true;
}

static bool list_act(struct listing *l, const struct act *act, struct err *e)
{
    FILE *out = l->c->out;
    bool ok;

    if (!carries_objects(act))
        return true;
    l->c->out = l->spool;
    ok = record_objects_of(l->record, act->from, act->seq, list_one, l, e);
    l->c->out = out;
    if (!ok || !empty_spool(l, e))
        return false;
    if (l->e.code)
        return err_pass(e, &l->e);
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
            err_pass(e, &missing);
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

/* On the node's own disk, where these objects lie anyway. */
static FILE *open_spool(struct cli *c, struct err *e)
{
    const char *path = arena_format(c->arena, e, "%s/run", node_dir(c->node));
    int fd = path ? open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    FILE *f = fd >= 0 ? fdopen(fd, "w+") : NULL;

    if (!path || f)
        return f;
    err_system(e, errno, "a temporary file in %s", path);
    if (fd >= 0)
        close(fd);
    return NULL;
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
    ok = (l.spool = open_spool(c, e)) && list_all(&l, e);
    if (l.spool)
        fclose(l.spool);
    arena_free(l.scratch);
    if (ok && !c->json)
        fprintf(words(c), trn(c, "%s object.\n", "%s objects.\n", l.n), shown_count(c, l.n));
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

/* A copy of what was called back with. */
struct version {
    struct version *next;
    struct record *record;
    const struct agreement *g;
    struct record_object o;
};

struct showing {
    struct cli *c;
    struct record *record;
    const struct agreement *g;
    struct version *first, **last;
    struct err e;
};

static bool keep_version(void *self, const struct record_object *o)
{
    struct showing *s = self;
    struct arena *a = s->c->arena;
    struct version *v = arena_get(a, sizeof *v, &s->e);

    if (!v)
        return false;
    v->record = s->record;
    v->g = s->g;
    v->o = *o;
    *s->last = v;
    s->last = &v->next;
    return arena_copy(a, o->slug, &v->o.slug, &s->e) && arena_copy(a, o->id, &v->o.id, &s->e) &&
           arena_copy(a, o->bytes, &v->o.bytes, &s->e);
}

static const char *bracket_of(struct cli *c, const struct version *v)
{
    int64_t after, before;
    const char *s = NULL;

    if (!record_bracket(v->record, v->o.slug, v->o.act, &after, &before, NULL))
        return tr(c, "not known");
    s = shown_bracket(c, after, before);
    return s ? s : "?";
}

static bool show_version(struct cli *c, const struct version *v, struct err *e)
{
    const struct record_object *o = &v->o;
    const struct json *json;
    struct bytes text;

    remark(c, "%s\n  shared by    %s, act %.*s/%llu, agreement %.8s\n", shown(c, o->id),
           shown(c, party_name(v->g, o->slug)), BYTES_FMT(o->slug), (unsigned long long)o->act,
           record_id(v->record));
    remark(c, "  appended     %s\n  marking      %s%s%s\n  sha256       %s\n", bracket_of(c, v),
           o->tlp < 0 ? "" : "TLP:", tlp_word(o->tlp),
           o->revoked ? tr(c, "; withdrawn by its sharer") : "", shown_hash(c, &o->sha256, 64));
    if (!o->bytes.n) {
        remark(c, "  The object itself was withheld or erased.\n");
        return true;
    }
    fflush(c->err);
    return (json = json_parse_canonical(o->bytes, c->arena, e)) &&
           json_print_pretty(json, c->arena, &text, e) && output_write(c, NULL, text, e);
}

static bool gather_versions(struct showing *s, const char *id, struct err *e)
{
    const char **ids;
    struct view v;
    size_t n;

    if (!agreements_named(s->c, NULL, &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!view_open(s->c, ids[i], &v, e))
            return false;
        s->record = v.record;
        s->g = v.g;
        if (!record_object(v.record, bytes_text(id), keep_version, s, e))
            return false;
        if (s->e.code)
            return err_pass(e, &s->e);
    }
    return true;
}

static bool run_show(struct cli *c, struct err *e)
{
    struct showing s = {.c = c};

    s.last = &s.first;
    if (!gather_versions(&s, c->operands[0], e))
        return false;
    if (!s.first) {
        err_fail(e, ERR_MISSING, "there is no object %s", c->operands[0]);
        return err_hint(e, "entente objects list shows their ids");
    }
    for (const struct version *v = s.first; v; v = v->next) {
        if (v != s.first && !c->json)
            fputs("\n", words(c));
        if (!(c->json ? print_object_json(c, c->arena, v->record, &v->o, e)
                      : show_version(c, v, e)))
            return false;
    }
    return true;
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
    fprintf(c->out,
            trn(c, "Withdrew %zu object with act %.*s/%llu (%s). What was said stays in the log.\n",
                "Withdrew %zu objects with act %.*s/%llu (%s). What was said stays in the log.\n",
                c->operands_n),
            c->operands_n, BYTES_FMT(node_slug(c->node)), (unsigned long long)placed.index,
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
