/* entente watch: what to look for. */
#include "base/text.h"
#include "cli/watch.h"

#define INDEX_ARENA ((size_t)4 << 30) /* an index of lists, in memory */

void in_force_close(struct in_force *f)
{
    catalogue_close(f->catalogue);
    watch_index_close(f->index);
    arena_free(f->arena);
}

/* ---- a compiled index ---- */

static bool open_index(struct cli *c, const char *path, struct in_force *f, struct err *e)
{
    struct err why = {0};

    f->path = path;
    f->index = watch_index_open(c->os, path, e);
    if (!f->index)
        return err_within(e, "%s", path);
    f->catalogue = catalogue_open(c->os, path, f->index, &why);
    if (f->catalogue || why.code == ERR_MISSING)
        return true;
    *e = why;
    return false;
}

/* ---- lists ---- */

struct list {
    struct cli *c;
    struct os_file *file;
    uint64_t at;
};

static bool read_list(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct list *l = self;

    if (!l->c->os->ops->read(l->c->os->self, l->file, l->at, out, n, got, e))
        return false;
    l->at += *got;
    return true;
}

static void say_warnings(struct cli *c, const char *path, const struct stix_warnings *w)
{
    for (int i = 0; i < STIX_WARNINGS; i++)
        if (w->of[i].count && i != STIX_W_DEFANGED && i != STIX_W_DUPLICATE)
            fprintf(c->err, "%s: %s (%s; %s)\n", shown(c, bytes_text(path)),
                    tr(c, stix_warning_text((enum stix_warning)i)), shown_count(c, w->of[i].count),
                    w->of[i].first);
}

static bool add_list(struct cli *c, struct lookout *l, const char *path, struct err *e)
{
    struct stix_warnings *w = arena_get(c->arena, sizeof *w, e);
    struct list list = {.c = c};
    bool ok = w && os_open(c->os, path, OS_READ, &list.file, e) &&
              lookout_add_file(l, path, read_list, &list, w, e);

    os_close(c->os, list.file);
    if (ok)
        say_warnings(c, path, w);
    return ok;
}

/* In memory: the lists given are what is in force. */
static bool compile_lists(struct cli *c, const struct watch_lists *allowed,
                          const struct watch_lists *warned, struct lookout *l, struct in_force *f,
                          struct err *e)
{
    struct bytes index, catalogue;
    struct lookout_report r;
    struct lookout_policy p;

    if (!watch_policy(c, &p, e))
        return false;
    p.allowed = allowed;
    p.warned = warned;
    f->arena = arena_new(INDEX_ARENA);
    if (!f->arena)
        return err_fail(e, ERR_NOMEM, "out of memory");
    if (!lookout_compile_here(l, &p, f->arena, &index, &catalogue, &r, e) ||
        !(f->index = watch_index_of(index, e)) ||
        !(f->catalogue = catalogue_of(catalogue, f->index, e)))
        return false;
    if (r.taken == r.objects)
        return true;
    remark(c, "Indicators in the lists: %s; looked for: %s.\n", shown_count(c, r.objects),
           shown_count(c, r.taken));
    watch_left_out_print(c, &r, c->err);
    return true;
}

bool watch_add_lists(struct cli *c, struct lookout *l, struct err *e)
{
    size_t n;
    const char *const *paths = option_all(c, "list", &n);

    for (size_t i = 0; i < n; i++)
        if (!add_list(c, l, paths[i], e))
            return false;
    return true;
}

static bool from_lists(struct cli *c, const struct watch_lists *allowed,
                       const struct watch_lists *warned, struct in_force *f, struct err *e)
{
    struct lookout *l = lookout_new(c->os, e);
    bool ok = l && watch_add_lists(c, l, e) && compile_lists(c, allowed, warned, l, f, e);
    lookout_free(l);
    return ok;
}

/* ---- the node ---- */

/* `entente watch compile`, by the server if one runs, and without its words. */
static bool compile_now(struct cli *c, struct err *e)
{
    char watch[] = "watch", compile[] = "compile", *line[] = {watch, compile, NULL};
    struct cli sub = {.os = c->os,
                      .out = fopen("/dev/null", "we"),
                      .err = c->err,
                      .in = c->in,
                      .terminal = c->terminal,
                      .cancelled = c->cancelled,
                      .dir = c->dir,
                      .passphrase_file = c->passphrase_file,
                      .language = c->language,
                      .words = c->words};
    int status = sub.out ? cli_run(&sub, 2, line) : CLI_TROUBLE;

    if (sub.out)
        fclose(sub.out);
    return status == CLI_YES || err_fail(e, ERR_MISSING, "the node's index could not be compiled");
}

/* A server keeps the index fresh by itself; without one that is done now, if it needs nobody to
 * type a passphrase. */
static bool from_node(struct cli *c, struct in_force *f, struct err *e)
{
    const char *path = watch_path(c, c->dir, "index.watch", e);
    const char *control = arena_format(c->arena, e, "%s/run/control", c->dir);
    bool there = path && os_exists(c->os, path);

    if (!path || !control)
        return false;
    if ((!there || (!os_exists(c->os, control) && !node_locked(c->os, c->dir))) &&
        !compile_now(c, e))
        return false;
    return open_index(c, path, f, e);
}

bool watch_in_force(struct cli *c, const struct watch_lists *allowed,
                    const struct watch_lists *warned, struct in_force *out, struct err *e)
{
    *out = (struct in_force){0};
    if (option_given(c, "index") && option_given(c, "list"))
        return misuse(c, e, "either --index or --list");
    if (option_given(c, "index"))
        return open_index(c, option(c, "index"), out, e);
    if (option_given(c, "list"))
        return from_lists(c, allowed, warned, out, e);
    if (node_is(c->os, c->dir))
        return from_node(c, out, e);
    misuse(c, e, "what is to be looked for?");
    e->hint[0] = '\0';
    return err_hint(e,
                    "give --list FILE (any list, STIX or MISP file), --index FILE, or stand in a "
                    "node's folder (-C DIR)");
}
