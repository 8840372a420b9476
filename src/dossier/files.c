/* The files of a dossier, and the one archive that there is of them. */
#include "base/crc32.h"
#include "dossier/dossier_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool put_file(struct making *k, struct bytes what, struct err *e, const char *format, ...)
{
    char name[LIMIT_DOSSIER_NAME + 1];
    struct bytes copy;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(name, sizeof name, format, args);
    va_end(args);
    if (n <= 0 || (size_t)n >= sizeof name || k->n == LIMIT_DOSSIER_FILES)
        return err_fail(e, ERR_LIMIT, "more than %d files: too much for one dossier",
                        LIMIT_DOSSIER_FILES);
    if (k->n == k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 256;
        struct verify_file *more = arena_get_array(k->a, cap, sizeof *more, e);
        if (!more)
            return false;
        if (k->n)
            memcpy(more, k->files, k->n * sizeof *more);
        k->files = more;
        k->cap = cap;
    }
    if (!arena_copy(k->a, bytes_of(name, (size_t)n), &copy, e))
        return false;
    k->files[k->n++] = (struct verify_file){copy, what};
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct verify_file *x = a, *y = b;

    return bytes_compare(x->name, y->name);
}

/* In the order of the archive; what was put twice (one payload of two acts) stands once. */
bool sort_files(struct making *k, struct err *e)
{
    size_t n = 0;

    if (k->n)
        qsort(k->files, k->n, sizeof *k->files, by_name);
    for (size_t i = 0; i < k->n; i++) {
        if (n && bytes_equal(k->files[n - 1].name, k->files[i].name)) {
            if (!bytes_equal(k->files[n - 1].bytes, k->files[i].bytes))
                return err_fail(e, ERR_PROOF, "%.*s would be there twice",
                                BYTES_FMT(k->files[i].name));
            continue;
        }
        k->files[n++] = k->files[i];
    }
    k->n = n;
    return true;
}

/* ---- the archive: APPNOTE.TXT 6.3.10; doc/formats/dossier.md ---- */

static void le(struct buf *b, unsigned bytes, uint32_t v)
{
    for (unsigned i = 0; i < bytes; i++, v >>= 8)
        buf_byte(b, (uint8_t)v);
}

/* What both headers of a file have alike. */
static void put_common(struct buf *b, const struct verify_file *f, uint32_t crc)
{
    le(b, 2, 10);     /* version needed: 1.0 */
    le(b, 2, 0);      /* flags */
    le(b, 2, 0);      /* stored */
    le(b, 2, 0);      /* 00:00 */
    le(b, 2, 0x0021); /* 1980-01-01 */
    le(b, 4, crc);
    le(b, 4, (uint32_t)f->bytes.n);
    le(b, 4, (uint32_t)f->bytes.n);
    le(b, 2, (uint32_t)f->name.n);
    le(b, 2, 0); /* no extra field */
}

static void put_central(struct buf *b, const struct verify_file *f, uint32_t crc, uint32_t at)
{
    le(b, 4, 0x02014b50);
    le(b, 2, 3 << 8 | 10); /* made on Unix */
    put_common(b, f, crc);
    le(b, 2, 0);                       /* no comment */
    le(b, 2, 0);                       /* disk */
    le(b, 2, 0);                       /* internal attributes */
    le(b, 4, UINT32_C(0100644) << 16); /* a plain file */
    le(b, 4, at);
    buf_put(b, f->name);
}

static void put_end(struct buf *b, size_t n, size_t from, size_t to)
{
    le(b, 4, 0x06054b50);
    le(b, 4, 0);
    le(b, 2, (uint32_t)n);
    le(b, 2, (uint32_t)n);
    le(b, 4, (uint32_t)(to - from));
    le(b, 4, (uint32_t)from);
    le(b, 2, 0); /* no comment */
}

bool zip_write(const struct verify_file *files, size_t n, struct arena *a, struct bytes *out,
               struct err *e)
{
    uint32_t *crc = arena_get_array(a, n, sizeof *crc, e), *at = arena_get_array(a, n, 4, e);
    struct buf b = buf_in(a);
    size_t total = 22, from;

    for (size_t i = 0; i < n; i++)
        total += 76 + 2 * files[i].name.n + files[i].bytes.n;
    if (!crc || !at)
        return false;
    if (total > LIMIT_DOSSIER_BYTES)
        return err_fail(e, ERR_LIMIT, "the dossier would have %zu bytes, more than %zu", total,
                        LIMIT_DOSSIER_BYTES) ||
               err_hint(e, "leave large payloads out: --withhold PARTY/INDEX");
    for (size_t i = 0; i < n; i++) {
        crc[i] = crc32_of(files[i].bytes);
        at[i] = (uint32_t)buf_view(&b).n;
        le(&b, 4, 0x04034b50);
        put_common(&b, &files[i], crc[i]);
        buf_put(&b, files[i].name);
        buf_put(&b, files[i].bytes);
    }
    from = buf_view(&b).n;
    for (size_t i = 0; i < n; i++)
        put_central(&b, &files[i], crc[i], at[i]);
    put_end(&b, n, from, buf_view(&b).n);
    return buf_end(&b, out, e);
}
