/* entente watch compile: what is in force at the node, into one file. */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/watch.h"
#include "watch/input.h"

static const struct option_row options[] = {
    {"output", 'o', "FILE", "write the index here instead of the node's own place"},
    {"fresh", 0, NULL, "read all acts again, not only those that are new"},
    {"min-score", 0, "N", "leave out what scores lower (0 to 100); else watch_min_score"},
    {"max-tlp", 0, "LABEL", "leave out what is marked higher; else watch_max_tlp"},
    {"allow", 0, "FILE", "leave out the values in it, one a line; may be given again"},
    {"warninglist", 0, "FILE",
     "a MISP warning list, or a folder of them: what it names is shown apart; may be given again"},
    {"json", 0, NULL, "one JSON line"},
    {NULL},
};

/* Some of these options are not every command's. */
static const char *given(const struct cli *c, const char *name)
{
    for (size_t i = 0; i < c->options_n; i++)
        if (!strcmp(c->options[i].row->name, name) && c->options[i].n)
            return c->options[i].values[c->options[i].n - 1];
    return NULL;
}

/* All values of it. */
static const char *const *given_all(const struct cli *c, const char *name, size_t *n)
{
    *n = 0;
    return given(c, name) ? option_all(c, name, n) : NULL;
}

const char *watch_path(struct cli *c, const char *dir, const char *name, struct err *e)
{
    return arena_format(c->arena, e, "%s/watch%s%s", dir, *name ? "/" : "", name);
}

/* ---- lists that speak against an indicator ---- */

struct reading {
    struct cli *c;
    struct watch_lists **lists;
};

static bool open_lists(struct watch_lists **l, struct err *e)
{
    return *l || (*l = watch_lists_new(e));
}

static bool add_misp(void *self, const char *path, struct err *e)
{
    struct reading *r = self;
    struct bytes text;
    struct arena *a;
    bool ok;

    if (!bytes_end_with(bytes_text(path), ".json"))
        return true;
    a = arena_new(2 * WATCH_LIST_MOST);
    ok = (a || err_fail(e, ERR_NOMEM, "out of memory")) && open_lists(r->lists, e) &&
         os_read_file(r->c->os, path, WATCH_LIST_MOST, a, &text, e) &&
         (watch_lists_add_misp(*r->lists, text, e) || err_within(e, "%s", path));
    arena_free(a);
    return ok;
}

static bool add_plain(struct cli *c, const char *path, struct watch_lists **lists, struct err *e)
{
    struct arena_mark m = arena_mark(c->arena);
    struct bytes text;
    bool ok = open_lists(lists, e) && input_read(c, path, WATCH_LIST_MOST, &text, e) &&
              (watch_lists_add_plain(*lists, path, text, e) || err_within(e, "%s", path));

    arena_reset(c->arena, m);
    return ok;
}

static bool config_lists(struct cli *c, const struct config_texts *t, bool misp,
                         struct watch_lists **lists, struct err *e)
{
    struct reading r = {c, lists};
    char *path;

    for (size_t i = 0; i < t->n; i++)
        if (!(path = arena_string(c->arena, t->at[i], e)) ||
            !(misp ? watch_input_walk(c->os, path, add_misp, &r, e) : add_plain(c, path, lists, e)))
            return err_within(e, "entente.conf");
    return true;
}

static bool read_lists(struct cli *c, struct watch_lists **allowed, struct watch_lists **warned,
                       struct err *e)
{
    struct reading r = {c, warned};
    size_t n;
    const char *const *at = given_all(c, "allow", &n);

    for (size_t i = 0; i < n; i++)
        if (!add_plain(c, at[i], allowed, e))
            return false;
    at = given_all(c, "warninglist", &n);
    for (size_t i = 0; i < n; i++)
        if (!watch_input_walk(c->os, at[i], add_misp, &r, e))
            return false;
    return !c->node || (config_lists(c, &node_config(c->node)->watch_allow, false, allowed, e) &&
                        config_lists(c, &node_config(c->node)->watch_warninglist, true, warned, e));
}

bool watch_read_lists(struct cli *c, struct watch_lists **allowed, struct watch_lists **warned,
                      struct err *e)
{
    *allowed = *warned = NULL;
    if (read_lists(c, allowed, warned, e))
        return true;
    watch_lists_free(*allowed);
    watch_lists_free(*warned);
    *allowed = *warned = NULL;
    return false;
}

/* ---- the policy ---- */

bool watch_policy(struct cli *c, struct lookout_policy *p, struct err *e)
{
    const struct node_config *conf = c->node ? node_config(c->node) : NULL;
    uint64_t score = conf ? conf->watch_min_score : 0;

    *p = (struct lookout_policy){.now = os_now(c->os), .max_tlp = 4};
    if (conf)
        p->max_tlp = tlp_rank(conf->watch_max_tlp);
    if (given(c, "max-tlp") && (p->max_tlp = tlp_rank(bytes_text(given(c, "max-tlp")))) < 0)
        return misuse(c, e, "--max-tlp is clear, green, amber, amber+strict or red");
    if (given(c, "min-score") &&
        (!decimal_parse(bytes_text(given(c, "min-score")), &score) || score > 100))
        return misuse(c, e, "--min-score is a number from 0 to 100");
    p->min_score = (unsigned)score;
    return true;
}

/* ---- gathering and compiling ---- */

static bool gather_record(struct cli *c, struct lookout *l, const char *id, struct err *e)
{
    struct record *r = node_hold(c->node, id, e);
    bool ok;

    if (!r)
        return false;
    ok = lookout_rights(l, r, os_now(c->os), e);
    node_release_unchanged(c->node, r);
    return ok && lookout_gather(l, r, c->cancelled, e);
}

bool watch_gather(struct cli *c, struct lookout **out, struct err *e)
{
    const char *folder = watch_path(c, node_dir(c->node), "", e), **ids;
    const char *kept = watch_path(c, node_dir(c->node), "gathered", e);
    struct lookout *l = kept && folder ? lookout_new(c->os, e) : NULL;
    size_t n;
    bool ok = l && os_make_dirs(c->os, folder, e) &&
              (given(c, "fresh") || lookout_load(l, kept, e)) &&
              node_agreements(c->node, c->arena, &ids, &n, e);

    for (size_t i = 0; ok && i < n; i++)
        ok = gather_record(c, l, ids[i], e);
    ok = ok && lookout_save(l, kept, e);
    if (!ok) {
        lookout_free(l);
        l = NULL;
    }
    *out = l;
    return ok;
}

bool watch_compile_node(struct cli *c, const char *path, struct lookout_report *report,
                        struct err *e)
{
    struct watch_lists *allowed = NULL, *warned = NULL;
    struct lookout *l = NULL;
    struct lookout_policy p;
    bool ok = watch_policy(c, &p, e) && watch_read_lists(c, &allowed, &warned, e) &&
              watch_gather(c, &l, e);

    p.allowed = allowed;
    p.warned = warned;
    ok = ok && (path || (path = watch_path(c, node_dir(c->node), "index.watch", e))) &&
         lookout_compile(l, &p, path, report, e);
    lookout_free(l);
    watch_lists_free(allowed);
    watch_lists_free(warned);
    return ok;
}

/* ---- what it says ---- */

void watch_left_out_print(struct cli *c, const struct lookout_report *r, FILE *to)
{
    for (int i = 0; i < LOOKOUT_REASONS; i++)
        if (r->left_out[i])
            fprintf(to, tr(c, "  left out    %9s  %s\n"), shown_count(c, r->left_out[i]),
                    tr(c, lookout_reason_text((enum lookout_reason)i)));
}

void watch_report_print(struct cli *c, const struct lookout_report *r)
{
    say(c, "Indicators shared: %s; in force: %s.\n", shown_count(c, r->objects),
        shown_count(c, r->taken));
    for (int i = 0; i < WATCH_KINDS; i++)
        if (r->built.by_kind[i])
            fprintf(c->out, "  %-10s  %9s\n", watch_kind_name((enum watch_kind)i),
                    shown_count(c, r->built.by_kind[i]));
    watch_left_out_print(c, r, c->out);
    if (r->warned)
        say(c, "  apart       %9s  contradicted by a warning list: hits are shown apart\n",
            shown_count(c, r->warned));
    if (r->next)
        say(c, "  The next one expires at %s.\n", shown_time(c, r->next));
}

static bool report_json(struct cli *c, const char *path, const struct lookout_report *r,
                        struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *out = json_set_object(&m, o, "left_out"),
                *kinds = json_set_object(&m, o, "by_kind");

    json_set_text(&m, o, "index", path);
    json_set_integer(&m, o, "shared", (int64_t)r->objects);
    json_set_integer(&m, o, "in_force", (int64_t)r->taken);
    json_set_integer(&m, o, "values", (int64_t)r->built.indicators);
    json_set_integer(&m, o, "warned", (int64_t)r->warned);
    json_set_integer(&m, o, "bytes", (int64_t)r->built.size_bytes);
    for (int i = 0; i < LOOKOUT_REASONS; i++)
        if (r->left_out[i])
            json_set_integer(&m, out, lookout_reason_name((enum lookout_reason)i),
                             (int64_t)r->left_out[i]);
    for (int i = 0; i < WATCH_KINDS; i++)
        if (r->built.by_kind[i])
            json_set_integer(&m, kinds, watch_kind_name((enum watch_kind)i),
                             (int64_t)r->built.by_kind[i]);
    return print_json(c, &m, o, e);
}

static bool run(struct cli *c, struct err *e)
{
    const char *path = option(c, "output");
    struct lookout_report r;

    if (!path && !(path = watch_path(c, node_dir(c->node), "index.watch", e)))
        return false;
    if (!watch_compile_node(c, path, &r, e))
        return false;
    if (c->json)
        return report_json(c, path, &r, e);
    watch_report_print(c, &r);
    say(c, "  index       %9s  %s\n", shown_bytes(c, r.built.size_bytes),
        shown(c, bytes_text(path)));
    return true;
}

const struct command cmd_watch_compile = {
    .name = "watch compile",
    .synopsis = "[-o FILE] [--min-score N] [--max-tlp LABEL] [--allow FILE]... "
                "[--warninglist FILE]... [--fresh] [--json]",
    .sentence = "Compile the indicators in force into one file that scanners map.",
    .more =
        "In force is what was shared under an agreement in force whose clause permits detection,\n"
        "neither withdrawn nor expired, nor marked higher than is taken. What is left out is\n"
        "counted with its reason. Scanners that run take the new index at the end of a line.\n"
        "While the server runs, it compiles by itself when something was shared, withdrawn, or\n"
        "expires.\n",
    .options = options,
    .needs = NEEDS_NODE,
    .run = run,
};
