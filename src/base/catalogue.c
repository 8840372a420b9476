/* The .mo format: GNU gettext manual, "The Format of GNU MO Files". */
#include "base/catalogue.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdio.h>

#define MAGIC 0x950412deu
#define HEADER 28
#define CONTEXT_END '\004' /* between context and text */

/* What the header says; all zero if it is not one. */
struct tables {
    struct bytes file;
    bool swapped; /* big endian */
    uint32_t n, originals, translations;
};

/* 0 beyond the end. */
static uint32_t u32_at(struct bytes file, bool swapped, uint64_t at)
{
    const uint8_t *p;

    if (at > file.n || file.n - at < 4)
        return 0;
    p = file.p + at;
    return swapped ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                   : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static struct tables tables_of(const struct catalogue *k)
{
    struct tables t = {0};

    if (!k || k->file.n < HEADER)
        return t;
    t.swapped = u32_at(k->file, false, 0) != MAGIC;
    if (u32_at(k->file, t.swapped, 0) != MAGIC || u32_at(k->file, t.swapped, 4) >> 16 > 1)
        return (struct tables){0};
    t.file = k->file;
    t.n = u32_at(t.file, t.swapped, 8);
    t.originals = u32_at(t.file, t.swapped, 12);
    t.translations = u32_at(t.file, t.swapped, 16);
    if (t.n > LIMIT_CATALOGUE_TEXTS)
        t.n = 0;
    return t;
}

/* The i-th text of a table, which ends in a zero; empty and NULL if it does not lie in the file. */
static struct bytes text_at(const struct tables *t, uint32_t table, uint32_t i)
{
    uint64_t row = (uint64_t)table + 8 * (uint64_t)i;
    uint32_t n = u32_at(t->file, t->swapped, row), at = u32_at(t->file, t->swapped, row + 4);

    if (row + 8 > t->file.n || at >= t->file.n || n >= t->file.n - at || t->file.p[at + n] != 0)
        return (struct bytes){NULL, 0};
    return bytes_of(t->file.p + at, n);
}

/* As strcmp(context EOT text, original); context may be NULL. */
static int compare(const char *context, const char *text, const char *original)
{
    if (context) {
        size_t n = strlen(context);
        int order = strncmp(context, original, n);
        if (order)
            return order;
        if (original[n] != CONTEXT_END)
            return CONTEXT_END - (unsigned char)original[n];
        original += n + 1;
    }
    return strcmp(text, original);
}

/* The translation, all its plural forms; p NULL: there is none. */
static struct bytes find(const struct tables *t, const char *context, const char *text)
{
    uint32_t low = 0, high = t->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct bytes original = text_at(t, t->originals, middle);
        int order;
        if (!original.p)
            break;
        order = compare(context, text, (const char *)original.p);
        if (order == 0)
            return text_at(t, t->translations, middle);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return (struct bytes){NULL, 0};
}

const char *catalogue_text(const struct catalogue *k, const char *text)
{
    return catalogue_text_in(k, NULL, text);
}

const char *catalogue_text_in(const struct catalogue *k, const char *context, const char *text)
{
    struct tables t = tables_of(k);
    struct bytes found = {NULL, 0};

    if (text[0] || context) /* the empty text is the file's header */
        found = find(&t, context, text);
    return found.n ? (const char *)found.p : text;
}

/* How many forms the header announces; 0: a rule that is not ours. */
static unsigned plural_forms(const struct tables *t)
{
    struct bytes header = find(t, NULL, "");

    if (bytes_find(header, BYTES("nplurals=1; plural=0;")) != SIZE_MAX)
        return 1;
    return bytes_find(header, BYTES("nplurals=2; plural=(n != 1);")) != SIZE_MAX ? 2 : 0;
}

const char *catalogue_plural(const struct catalogue *k, const char *one, const char *many,
                             uint64_t n)
{
    struct tables t = tables_of(k);
    struct bytes found = find(&t, NULL, one);
    unsigned forms = found.n ? plural_forms(&t) : 0;
    size_t end = bytes_find_byte(found, 0);

    if (forms == 1 && end == found.n)
        return (const char *)found.p;
    if (forms == 2 && end < found.n)
        return (const char *)found.p + (n == 1 ? 0 : end + 1);
    return n == 1 ? one : many;
}

/* ---- checking ---- */

static size_t zeros(struct bytes b)
{
    size_t n = 0;

    for (size_t i = 0; i < b.n; i++)
        n += b.p[i] == 0;
    return n;
}

static bool check_text(const struct tables *t, uint32_t i, unsigned forms, struct err *e)
{
    struct bytes original = text_at(t, t->originals, i), text = text_at(t, t->translations, i);

    if (!original.p || !text.p)
        return err_fail(e, ERR_INPUT, "text %u lies outside the catalogue", i);
    if (i && strcmp((const char *)text_at(t, t->originals, i - 1).p, (const char *)original.p) >= 0)
        return err_fail(e, ERR_INPUT, "text %u is out of order", i);
    if (!utf8_valid(original) || !utf8_valid(text))
        return err_fail(e, ERR_INPUT, "text %u is not UTF-8", i);
    if (zeros(original) > 1 || zeros(text) != (zeros(original) ? forms - 1 : 0))
        return err_fail(e, ERR_INPUT, "text %u has not as many forms as the rule", i);
    return true;
}

bool catalogue_check(const struct catalogue *k, struct err *e)
{
    struct tables t = tables_of(k);
    unsigned forms = plural_forms(&t);

    if (t.n == 0)
        return err_fail(e, ERR_INPUT, "this is not a catalogue in the .mo format");
    if (bytes_find(find(&t, NULL, ""), BYTES("charset=UTF-8")) == SIZE_MAX)
        return err_fail(e, ERR_INPUT, "the catalogue is not in UTF-8");
    if (!forms)
        return err_fail(e, ERR_INPUT, "the catalogue's rule for plurals is not known");
    for (uint32_t i = 0; i < t.n; i++)
        if (!check_text(&t, i, forms, e))
            return false;
    return true;
}
