/* The list of `entente psi`: read once for the set, and again for how it spells what is common. */
#include "base/text.h"
#include "cli/psi.h"

#include <stdlib.h>

#define STDIN_MOST ((size_t)256 << 20)
#define LEAST_LINE 4 /* bytes: the shortest item with its line feed */

static bool read_some(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct standalone *s = self;
    struct bytes part;

    if (s->file) {
        if (!s->c->os->ops->read(s->c->os->self, s->file, s->file_at, out, n, got, e))
            return false;
        s->file_at += *got;
    } else {
        part = bytes_part(s->from_stdin, s->stdin_at, n);
        memcpy(out, part.p, part.n);
        s->stdin_at += *got = part.n;
    }
    sha256_add(&s->reading, bytes_of(out, *got));
    return true;
}

static bool each_item(void *self, struct bytes canonical, struct bytes original, struct err *e)
{
    struct standalone *s = self;

    (void)original;
    return psi_set_add(s->set, canonical, e);
}

static bool open_list(struct standalone *s, uint64_t *size, struct err *e)
{
    if (!strcmp(s->path, "-")) {
        if (!input_read(s->c, "-", STDIN_MOST, &s->from_stdin, e))
            return false;
        *size = s->from_stdin.n;
        return true;
    }
    return os_open(s->c->os, s->path, OS_READ, &s->file, e) && os_size(s->c->os, s->file, size, e);
}

static void report(struct standalone *s)
{
    struct cli *c = s->c;
    const struct match_counts *n = &s->counts;

    remark(c, "%s: %s, %s items\n", input_name(c, s->path), tr(c, n->format),
           shown_count(c, n->lines));
    remark(c, "  kept      %10s  by the recipe %s\n", shown_count(c, n->kept),
           s->ours.type->recipe);
    for (int i = 1; i < NORMALISE_DROPS; i++)
        if (n->dropped[i])
            remark(c, "  left out  %10s  %s\n", shown_count(c, n->dropped[i]),
                   tr(c, normalise_drop_name((enum normalise_drop)i)));
    if (n->other_type)
        remark(c, "  left out  %10s  of another type\n", shown_count(c, n->other_type));
    if (s->order.number)
        remark(c, "  twice     %10s  duplicates, which count once\n",
               shown_count(c, s->order.duplicates));
}

static bool commit(struct standalone *s, struct err *e)
{
    struct match_leaves l = {.digest = psi_set_digests(s->set), .n = psi_set_size(s->set)};
    bool ok;

    if (!match_order_make(l.digest, l.n, &s->order, e))
        return false;
    l.order = s->order.number;
    l.n = s->order.n;
    os_random(s->c->os, l.seed, sizeof l.seed);
    ok = match_root(&l, &s->ours.root, e);
    wipe(l.seed, sizeof l.seed);
    return ok;
}

bool psi_list_read(struct standalone *s, struct err *e)
{
    struct match_source source = {read_some, s};
    uint64_t size = 0, most;

    sha256_start(&s->reading);
    if (!open_list(s, &size, e))
        return false;
    most = size / LEAST_LINE + 1;
    s->set = psi_set_new(most < LIMIT_PSI_ITEMS ? most : LIMIT_PSI_ITEMS, e);
    if (!s->set || !match_read(s->ours.type, true, &source, each_item, s, &s->counts, e))
        return err_within(e, "%s", input_name(s->c, s->path));
    sha256_end(&s->reading, &s->content);
    s->ours.size = psi_set_size(s->set);
    if (s->ours.who == MATCH_BOTH && !commit(s, e))
        return false;
    report(s);
    return true;
}

/* ---- what is in common ---- */

struct writing {
    struct standalone *s;
    struct arena *a;
    struct bytes *line;
    uint64_t item, n;
};

static bool each_again(void *self, struct bytes canonical, struct bytes original, struct err *e)
{
    struct writing *w = self;
    uint64_t i = w->item++;

    (void)canonical;
    if (i >= w->s->ours.size || !(atomic_load(&w->s->shared->bits[i / 64]) >> (i % 64) & 1))
        return true;
    return w->n < w->s->common && arena_copy(w->a, original, &w->line[w->n++], e);
}

static int by_bytes(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static bool gather(struct writing *w, struct err *e)
{
    struct standalone *s = w->s;
    struct match_source source = {read_some, s};
    struct match_counts again;
    struct hash content;

    s->file_at = s->stdin_at = 0;
    sha256_start(&s->reading);
    w->line = arena_get_array(w->a, s->common, sizeof *w->line, e);
    if (!w->line || !match_read(s->ours.type, true, &source, each_again, w, &again, e))
        return false;
    sha256_end(&s->reading, &content);
    if (!hash_equal(&content, &s->content) || w->n != s->common)
        return err_fail(e, ERR_INPUT, "%s changed while it was compared",
                        input_name(s->c, s->path));
    if (w->n)
        qsort(w->line, w->n, sizeof *w->line, by_bytes);
    return true;
}

static bool write_lines(struct writing *w, struct err *e)
{
    struct cli *c = w->s->c;
    const char *path = option(c, "out");
    struct os_file *f = NULL;
    static const struct bytes end = {(const uint8_t *)"\n", 1};
    uint64_t at = 0;
    bool ok = true;

    if (!path || !strcmp(path, "-")) {
        for (uint64_t i = 0; i < w->n && !(c->json && !path); i++) {
            fwrite(w->line[i].p, 1, w->line[i].n, c->out);
            fputc('\n', c->out);
        }
        return true;
    }
    if (!os_open(c->os, path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE | OS_PRIVATE, &f, e))
        return err_hint(e, "the result goes to a file that is not there yet");
    for (uint64_t i = 0; ok && i < w->n; i++) {
        struct bytes part[2] = {w->line[i], end};
        ok = c->os->ops->write(c->os->self, f, at, part, 2, e);
        at += part[0].n + 1;
    }
    os_close(c->os, f);
    return ok;
}

bool psi_list_write(struct standalone *s, struct err *e)
{
    struct writing w = {.s = s, .a = arena_new((size_t)8 << 30)};
    bool ok =
        (w.a || err_fail(e, ERR_NOMEM, "out of memory")) && gather(&w, e) && write_lines(&w, e);

    arena_free(w.a);
    return ok;
}

void psi_list_close(struct standalone *s)
{
    os_close(s->c->os, s->file);
    psi_set_free(s->set);
    match_order_free(&s->order);
}
