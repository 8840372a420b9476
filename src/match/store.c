#include "match/store.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

#define BUFFER ((size_t)1 << 20)
#define MOST_LINES (LIMIT_PSI_ITEMS)

/* ---- writing ---- */

struct out {
    const struct os *os;
    struct os_file *f;
    uint64_t at;
    size_t n;
    uint8_t *b;
};

static bool path_of(const char *dir, const char *name, char out[4096 + 16], struct err *e)
{
    return snprintf(out, 4096 + 16, "%s/%s", dir, name) < 4096 + 16 ||
           err_fail(e, ERR_LIMIT, "the path is too long");
}

static bool out_open(struct out *o, const struct os *os, const char *dir, const char *name,
                     struct err *e)
{
    char path[4096 + 16];

    *o = (struct out){.os = os, .b = malloc(BUFFER)};
    return (o->b || err_fail(e, ERR_NOMEM, "out of memory")) && path_of(dir, name, path, e) &&
           os_open(os, path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE | OS_PRIVATE, &o->f, e);
}

static bool out_flush(struct out *o, struct err *e)
{
    if (!os_write(o->os, o->f, o->at, bytes_of(o->b, o->n), e))
        return false;
    o->at += o->n;
    o->n = 0;
    return true;
}

static bool out_put(struct out *o, struct bytes what, struct err *e)
{
    while (what.n) {
        size_t n = what.n < BUFFER - o->n ? what.n : BUFFER - o->n;
        memcpy(o->b + o->n, what.p, n);
        o->n += n;
        what = bytes_part(what, n, SIZE_MAX);
        if (o->n == BUFFER && !out_flush(o, e))
            return false;
    }
    return true;
}

static bool out_close(struct out *o, bool ok, struct err *e)
{
    ok = ok && out_flush(o, e) && os_sync(o->os, o->f, e);
    os_close(o->os, o->f);
    if (o->b)
        wipe(o->b, BUFFER);
    free(o->b);
    *o = (struct out){0};
    return ok;
}

struct making {
    struct psi_set *set;
    struct out lines;
};

static bool each(void *self, struct bytes canonical, struct bytes original, struct err *e)
{
    struct making *m = self;

    return psi_set_add(m->set, canonical, e) && out_put(&m->lines, original, e) &&
           out_put(&m->lines, BYTES("\n"), e);
}

static bool write_order(const struct os *os, const char *dir, const struct match_leaves *l,
                        struct err *e)
{
    struct out digests = {0}, numbers = {0};
    bool ok =
        out_open(&digests, os, dir, "digests", e) && out_open(&numbers, os, dir, "numbers", e);

    for (uint64_t i = 0; ok && i < l->n; i++)
        ok = out_put(&digests, bytes_of(&l->digest[l->order[i]], sizeof *l->digest), e) &&
             out_put(&numbers, bytes_of(&l->order[i], sizeof *l->order), e);
    ok = out_close(&digests, ok, e) && ok;
    return out_close(&numbers, ok, e) && ok;
}

/* The seed is written last: a folder without one was never finished. */
static bool finish(const struct os *os, const char *dir, struct match_leaves *l, struct hash *root,
                   struct err *e)
{
    char path[4096 + 16];

    os_random(os, l->seed, sizeof l->seed);
    return write_order(os, dir, l, e) && match_root(l, root, e) && path_of(dir, "seed", path, e) &&
           os_write_file(os, path, bytes_of(l->seed, sizeof l->seed), OS_PRIVATE, e);
}

bool match_store_make(const struct os *os, const char *dir, const struct match_type *t,
                      bool guessable, const struct match_source *source,
                      struct match_counts *counts, uint64_t *size, uint64_t *duplicates,
                      struct hash *root, struct err *e)
{
    struct making m = {.set = psi_set_new(MOST_LINES, e)};
    struct match_leaves l = {0};
    struct match_order order = {0};
    bool ok = m.set && os_make_dirs(os, dir, e) && out_open(&m.lines, os, dir, "list", e);

    ok = ok && match_read(t, guessable, source, each, &m, counts, e);
    if (m.lines.f || m.lines.b)
        ok = out_close(&m.lines, ok, e) && ok;
    ok = ok && match_order_make(psi_set_digests(m.set), psi_set_size(m.set), &order, e);
    if (ok) {
        l.digest = psi_set_digests(m.set);
        l.order = order.number;
        l.n = order.n;
        ok = finish(os, dir, &l, root, e);
        *size = order.n;
        *duplicates = order.duplicates;
    }
    wipe(l.seed, sizeof l.seed);
    match_order_free(&order);
    psi_set_free(m.set);
    return ok;
}

/* ---- reading ---- */

static bool map(const struct os *os, const char *dir, const char *name, struct bytes *out,
                struct err *e)
{
    char path[4096 + 16];
    struct os_file *f = NULL;
    uint64_t size = 0;
    bool ok;

    if (!path_of(dir, name, path, e) || !os_open(os, path, OS_READ, &f, e))
        return false;
    ok = os_size(os, f, &size, e);
    *out = (struct bytes){0};
    if (ok && size)
        ok = os_map(os, f, out, e);
    os_close(os, f);
    return ok;
}

static bool read_seed(struct match_store *s, struct err *e)
{
    struct arena *a = arena_new_secret(4096);
    char path[4096 + 16];
    struct bytes seed;
    bool ok = a && path_of(s->dir, "seed", path, e) &&
              os_read_file(s->os, path, sizeof s->leaves.seed, a, &seed, e);

    if (ok && seed.n != sizeof s->leaves.seed)
        ok = err_fail(e, ERR_INPUT, "%s is damaged", path);
    if (ok)
        memcpy(s->leaves.seed, seed.p, seed.n);
    arena_free(a);
    return ok;
}

bool match_store_open(const struct os *os, const char *dir, struct match_store *out, struct err *e)
{
    struct match_store *s = out;

    *s = (struct match_store){.os = os};
    if ((size_t)snprintf(s->dir, sizeof s->dir, "%s", dir) >= sizeof s->dir)
        return err_fail(e, ERR_LIMIT, "the path is too long");
    if (!read_seed(s, e) || !map(os, dir, "digests", &s->digests, e) ||
        !map(os, dir, "numbers", &s->numbers, e)) {
        match_store_close(s);
        return e && e->code == ERR_MISSING
                   ? err_fail(e, ERR_MISSING, "the list of this comparison is not kept here")
                   : false;
    }
    s->leaves.digest = (const struct psi_digest *)(const void *)s->digests.p;
    s->leaves.n = s->digests.n / sizeof *s->leaves.digest;
    if (s->digests.n % sizeof *s->leaves.digest == 0 && s->numbers.n == s->leaves.n * 4)
        return true;
    match_store_close(s);
    return err_fail(e, ERR_INPUT, "%s is damaged", dir);
}

void match_store_close(struct match_store *s)
{
    if (s->digests.p)
        os_unmap(s->os, s->digests);
    if (s->numbers.p)
        os_unmap(s->os, s->numbers);
    wipe(s->leaves.seed, sizeof s->leaves.seed);
    *s = (struct match_store){0};
}

/* ---- lines ---- */

struct picking {
    struct arena *a;
    const uint64_t *want; /* bits by line of the list */
    struct bytes *line;
    uint64_t at, n, room;
};

static bool pick(struct picking *p, struct bytes line, struct err *e)
{
    uint64_t i = p->at++;

    if (!(p->want[i / 64] >> (i % 64) & 1) || p->n == p->room)
        return true;
    return arena_copy(p->a, line, &p->line[p->n++], e);
}

static int by_bytes(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static bool scan(const struct match_store *s, uint64_t lines, struct picking *p, struct err *e)
{
    struct bytes whole, line;
    bool ok = map(s->os, s->dir, "list", &whole, e);
    struct bytes rest = whole;

    while (ok && p->at < lines && rest.n) {
        size_t end = bytes_find_byte(rest, '\n');
        line = bytes_part(rest, 0, end);
        rest = bytes_part(rest, end + 1, SIZE_MAX);
        ok = pick(p, line, e);
    }
    if (whole.p)
        os_unmap(s->os, whole);
    return ok;
}

bool match_store_lines(const struct match_store *s, const uint64_t *bits, struct arena *a,
                       struct bytes **lines, uint64_t *n, struct err *e)
{
    struct picking p = {.a = a};
    uint64_t most = 0, *want;
    uint32_t number;
    bool ok;

    for (uint64_t i = 0; i < s->leaves.n; i++) {
        memcpy(&number, s->numbers.p + i * 4, 4);
        most = number + UINT64_C(1) > most ? number + UINT64_C(1) : most;
        p.room += bits[i / 64] >> (i % 64) & 1;
    }
    want = calloc(most / 64 + 1, sizeof *want);
    p.line = arena_get_array(a, p.room + 1, sizeof *p.line, e);
    if (!want || !p.line) {
        free(want);
        return err_fail(e, ERR_NOMEM, "out of memory");
    }
    for (uint64_t i = 0; i < s->leaves.n; i++)
        if (bits[i / 64] >> (i % 64) & 1) {
            memcpy(&number, s->numbers.p + i * 4, 4);
            want[number / 64] |= UINT64_C(1) << (number % 64);
        }
    p.want = want;
    ok = scan(s, most, &p, e);
    free(want);
    if (ok && p.n)
        qsort(p.line, p.n, sizeof *p.line, by_bytes);
    *lines = p.line;
    *n = p.n;
    return ok;
}

bool match_store_line(const struct match_store *s, uint64_t index, struct arena *a,
                      struct bytes *line, struct err *e)
{
    uint64_t *bits = calloc(s->leaves.n / 64 + 1, sizeof *bits), n = 0;
    struct bytes *lines;
    bool ok;

    if (!bits)
        return err_fail(e, ERR_NOMEM, "out of memory");
    bits[index / 64] |= UINT64_C(1) << (index % 64);
    ok = match_store_lines(s, bits, a, &lines, &n, e);
    free(bits);
    if (!ok)
        return false;
    *line = n ? lines[0] : (struct bytes){0};
    return n == 1 || err_fail(e, ERR_INPUT, "%s is damaged", s->dir);
}
