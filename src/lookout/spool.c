/* spool: tallies as text.
 *
 *     entente tally 1
 *     <agreement> <slug> <act> <id, 32 hex digits> <lines> <first us> <last us>
 *     end <number of rows>
 */
#include "base/buf.h"
#include "base/text.h"
#include "lookout/sightings_impl.h"

#include <stdio.h>

#define MAGIC "entente tally 1"

/* ---- rows: also those of the queue
 * ---------------------------------------------------------------- */

void sighting_print(struct buf *b, const struct sighting *s)
{
    buf_format(b, "%s %s %llu ", s->agreement, s->slug, (unsigned long long)s->act);
    buf_hex(b, s->uuid, 16);
    buf_format(b, " %llu %lld %lld\n", (unsigned long long)s->count, (long long)s->first_us,
               (long long)s->last_us);
}

static struct bytes word(struct bytes *line)
{
    struct bytes w = bytes_part(*line, 0, bytes_find_byte(*line, ' '));

    *line = bytes_part(*line, w.n + 1, SIZE_MAX);
    return w;
}

static bool is_agreement(struct bytes w)
{
    uint8_t bytes[ACT_AGREEMENT / 2];

    return hex_decode(bytes, sizeof bytes, w);
}

bool sighting_read(struct bytes line, struct sighting *out)
{
    struct bytes agreement = word(&line), slug = word(&line);
    uint64_t first, last;

    memset(out, 0, sizeof *out);
    if (!is_agreement(agreement) || !slug_valid(slug) || !decimal_parse(word(&line), &out->act) ||
        !hex_decode(out->uuid, 16, word(&line)) || !decimal_parse(word(&line), &out->count) ||
        !decimal_parse(word(&line), &first) || !decimal_parse(word(&line), &last) || line.n ||
        first > last || last > (uint64_t)INT64_MAX || out->count == 0 ||
        out->count > UINT64_MAX / 2)
        return false;
    memcpy(out->agreement, agreement.p, agreement.n);
    memcpy(out->slug, slug.p, slug.n);
    out->first_us = (int64_t)first;
    out->last_us = (int64_t)last;
    return true;
}

bool spool_parse(struct bytes text, bool (*each)(void *self, const struct sighting *s), void *self,
                 struct err *e)
{
    struct bytes line;
    struct sighting s;
    uint64_t n = 0, told;

    if (!bytes_next_line(&text, &line) || !bytes_are(line, MAGIC))
        return err_fail(e, ERR_INPUT, "this is no tally");
    while (bytes_next_line(&text, &line)) {
        if (bytes_start_with(line, "end "))
            return (decimal_parse(bytes_part(line, 4, SIZE_MAX), &told) && told == n && !text.n) ||
                   err_fail(e, ERR_INPUT, "the tally does not end as it should");
        if (!sighting_read(line, &s))
            return err_fail(e, ERR_INPUT, "line %llu of the tally is damaged",
                            (unsigned long long)n + 2);
        if (!each(self, &s))
            return err_fail(e, ERR_NOMEM, "out of memory");
        n++;
    }
    return err_fail(e, ERR_INPUT, "the tally has no end");
}

/* ---- writing
 * ------------------------------------------------------------------------------------------ */

static bool others(const struct watch_catalogue *c, const struct watch_seen *seen,
                   struct sighting *out)
{
    struct catalogue_fact f;

    if (!catalogue_find(c, seen->indicator.ref, &f) || f.own || f.agreement.n != ACT_AGREEMENT ||
        !slug_valid(f.slug))
        return false;
    memset(out, 0, sizeof *out);
    memcpy(out->agreement, f.agreement.p, f.agreement.n);
    memcpy(out->slug, f.slug.p, f.slug.n);
    memcpy(out->uuid, f.uuid, sizeof out->uuid);
    out->act = f.act;
    out->count = seen->lines;
    out->first_us = seen->first_us;
    out->last_us = seen->last_us;
    return true;
}

static bool print_tally(struct watch_tally *t, const struct watch_catalogue *c, struct buf *b,
                        uint64_t *rows)
{
    size_t n;
    const struct watch_seen *seen = watch_tally_sorted(t, &n);
    struct sighting s;

    *rows = 0;
    if (n && !seen)
        return false;
    buf_puts(b, MAGIC "\n");
    for (size_t i = 0; i < n; i++)
        if (others(c, &seen[i], &s)) {
            sighting_print(b, &s);
            ++*rows;
        }
    buf_format(b, "end %llu\n", (unsigned long long)*rows);
    return true;
}

bool spool_write(const struct os *os, const char *dir, const char *name, struct watch_tally *t,
                 const struct watch_catalogue *catalogue, bool ready, bool *any, struct err *e)
{
    struct arena *a = arena_new(SPOOL_MOST);
    struct buf b = buf_in(a);
    struct bytes text;
    uint64_t rows;
    char *path;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && os_make_dirs(os, dir, e) &&
         (print_tally(t, catalogue, &b, &rows) || err_fail(e, ERR_NOMEM, "out of memory")) &&
         buf_end(&b, &text, e) &&
         (path = arena_format(a, e, "%s/%s.%s", dir, name, ready ? "tally" : "part"));
    *any = ok && rows > 0;
    if (*any)
        ok = os_write_file(os, path, text, OS_PRIVATE, e);
    arena_free(a);
    return ok;
}

bool spool_ready(const struct os *os, const char *dir, const char *name, struct err *e)
{
    char from[4096], to[4096];

    if (snprintf(from, sizeof from, "%s/%s.part", dir, name) >= (int)sizeof from ||
        snprintf(to, sizeof to, "%s/%s.tally", dir, name) >= (int)sizeof to)
        return err_fail(e, ERR_LIMIT, "the folder's name is too long");
    return !os_exists(os, from) || os_rename(os, from, to, e);
}

bool spool_sweep(const struct os *os, const char *dir, const char *stem, const char *keep,
                 struct err *e)
{
    struct arena *a = arena_new(SPOOL_MOST);
    struct bytes *names;
    size_t n = 0, stem_n = strlen(stem);
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && os_make_dirs(os, dir, e) && os_list(os, dir, a, &names, &n, e);
    for (size_t i = 0; ok && i < n; i++) {
        char *path = arena_format(a, e, "%s/%.*s", dir, BYTES_FMT(names[i]));
        struct bytes name = bytes_part(names[i], 0, names[i].n > 5 ? names[i].n - 5 : 0);
        ok = path != NULL;
        if (ok && bytes_end_with(names[i], ".part") && bytes_start_with(name, stem) &&
            name.n > stem_n && name.p[stem_n] == '-' && !(keep && bytes_are(name, keep)))
            ok = os_remove(os, path, e);
    }
    arena_free(a);
    return ok;
}
