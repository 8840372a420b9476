/* compile: what is in force, as an index and the catalogue of its refs. */
#include "lookout/lookout_impl.h"

#include <stdio.h>
#include <stdlib.h>

struct compiling {
    struct lookout *l;
    struct lookout_report *report;
    struct watch_builder *builder;
    struct catalogue_maker catalogue;
    struct heap patterns; /* of several parts: JSON lines */
};

/* Which source a name and agreement are; they are ours, so they are there. */
static uint16_t source_number(const struct lookout *l, const struct lookout_indicator *in)
{
    size_t i = 0;

    while (i + 1 < l->n && (const char *)in->slug.p != l->sources[i].name)
        i++;
    return (uint16_t)i;
}

/* A value that watch does not take is told apart from what fails. */
static bool add_value(struct compiling *c, const struct lookout_indicator *in,
                      const struct lookout_value *v, struct bytes origin, bool *added,
                      struct err *e)
{
    struct err why = {0};
    struct watch_indicator w = {.kind = v->kind,
                                .value = v->value,
                                .origin = origin,
                                .ref = c->catalogue.n,
                                .until = in->until,
                                .warned = bytes_part(v->warned, 0, LIMIT_WATCH_ORIGIN_BYTES)};

    if (watch_builder_add(c->builder, &w, &why)) {
        *added = true;
        return true;
    }
    if (why.code != ERR_INPUT) {
        *e = why;
        return false;
    }
    c->report->values--;
    return true;
}

/* A pattern of several parts is not compiled; it is written down beside the index, for those who
 * evaluate such. */
static bool put_pattern(struct compiling *c, const struct lookout_indicator *in, struct err *e)
{
    struct arena *a = arena_new(in->pattern.n * 16 + 65536);
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m);
    char id[STIX_ID_MAX];
    struct uuid u;
    struct bytes text;
    bool ok;

    memcpy(u.b, in->uuid, sizeof u.b);
    stix_id_print(id, "indicator", &u);
    json_set_text(&m, o, "id", id);
    json_set_integer(&m, o, "until", in->until);
    json_set_string(&m, o, "pattern", in->pattern);
    ok = json_made(&m, o, &text, e) && heap_put(&c->patterns, text, e) &&
         heap_put(&c->patterns, BYTES("\n"), e);
    arena_free(a);
    c->report->taken--;
    c->report->left_out[LOOKOUT_COMPOSITE]++;
    return ok;
}

static bool add(void *self, const struct lookout_indicator *in, struct err *e)
{
    struct compiling *c = self;
    struct row fact = {.uuid = in->uuid, .act = (uint32_t)in->act, .tlp = in->tlp};
    char origin[ACT_AGREEMENT + 80];
    bool added = false;
    int n;

    if (in->pattern.n)
        return put_pattern(c, in, e);
    n = in->agreement.n
            ? snprintf(origin, sizeof origin, "%.*s under %.8s",
                       BYTES_FMT(bytes_part(in->slug, 0, 63)), (const char *)in->agreement.p)
            : snprintf(origin, sizeof origin, "%.*s", BYTES_FMT(bytes_part(in->slug, 0, 100)));
    for (size_t i = 0; i < in->values; i++)
        if (!add_value(c, in, &in->value[i], bytes_of(origin, (size_t)n), &added, e))
            return false;
    if (!added) {
        c->report->taken--;
        c->report->left_out[LOOKOUT_VALUE]++;
        return true;
    }
    fact.log = source_number(c->l, in);
    return catalogue_add(&c->catalogue, &fact, e);
}

static bool gather_all(struct compiling *c, const struct lookout_policy *p, struct err *e)
{
    c->catalogue.l = c->l;
    return (c->builder = watch_builder_new(c->l->os, e)) &&
           lookout_each(c->l, p, true, add, c, c->report, e);
}

static void end(struct compiling *c)
{
    watch_builder_free(c->builder);
    free(c->catalogue.facts.p);
    free(c->patterns.p);
}

bool lookout_compile_here(struct lookout *l, const struct lookout_policy *p, struct arena *a,
                          struct bytes *index, struct bytes *catalogue,
                          struct lookout_report *report, struct err *e)
{
    struct compiling c = {.l = l, .report = report};
    struct heap file = {0};
    bool ok;

    ok = gather_all(&c, p, e) && watch_builder_encode(c.builder, a, index, &report->built, e) &&
         catalogue_encode(&c.catalogue, report->built.digest, &file, e) &&
         arena_copy(a, bytes_of(file.p, file.n), catalogue, e);
    free(file.p);
    end(&c);
    return ok;
}

/* Catalogues of earlier indexes; the one before this stays for a scanner that is just opening. */
static void sweep(const struct os *os, const char *index_path, const char *keep, const char *before,
                  struct arena *a)
{
    const char *slash = strrchr(index_path, '/'), *stem = slash ? slash + 1 : index_path;
    /* With its slash, so that paths are spelt as theirs are. */
    char *dir = arena_format(a, NULL, "%.*s", (int)(stem - index_path), index_path);
    struct bytes *names;
    size_t n;

    if (!dir || !os_list(os, *dir ? dir : ".", a, &names, &n, NULL))
        return;
    for (size_t i = 0; i < n; i++) {
        char *path = arena_format(a, NULL, "%s%.*s", dir, BYTES_FMT(names[i]));
        if (path && bytes_start_with(names[i], stem) && bytes_end_with(names[i], ".refs") &&
            names[i].n == strlen(stem) + 22 && strcmp(path, keep) && strcmp(path, before))
            os_remove(os, path, NULL);
    }
}

/* The catalogue of the index that is there now, or "". */
static const char *present(const struct os *os, const char *index_path, struct arena *a)
{
    struct watch_index *ix = watch_index_open(os, index_path, NULL);
    struct watch_built built;
    char *path = NULL;

    if (ix) {
        watch_index_built(ix, &built);
        watch_index_close(ix);
        if (!catalogue_path(index_path, built.digest, a, &path, NULL))
            path = NULL;
    }
    return path ? path : "";
}

/* First the index under another name, for its digest; then its catalogue; then it gets its name. */
static bool save(struct compiling *c, const char *path, struct arena *a, struct err *e)
{
    const struct os *os = c->l->os;
    char *next = arena_format(a, e, "%s.next", path), *refs;
    char *patterns = arena_format(a, e, "%s.patterns", path);
    const char *before = present(os, path, a);
    struct heap file = {0};
    bool ok;

    ok = next && patterns &&
         os_write_file(os, patterns, bytes_of(c->patterns.p, c->patterns.n), 0, e) &&
         watch_builder_save(c->builder, next, &c->report->built, e) &&
         catalogue_encode(&c->catalogue, c->report->built.digest, &file, e) &&
         catalogue_path(path, c->report->built.digest, a, &refs, e) &&
         os_write_file(os, refs, bytes_of(file.p, file.n), 0, e) && os_rename(os, next, path, e);
    free(file.p);
    if (ok)
        sweep(os, path, refs, before, a);
    return ok;
}

bool lookout_compile(struct lookout *l, const struct lookout_policy *p, const char *index_path,
                     struct lookout_report *report, struct err *e)
{
    struct compiling c = {.l = l, .report = report};
    struct arena *a = arena_new((size_t)16 << 20);
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && gather_all(&c, p, e) && save(&c, index_path, a, e);
    end(&c);
    arena_free(a);
    return ok;
}
