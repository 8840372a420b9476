#include "stix/import.h"

#include "base/limits.h"
#include "stix/import_impl.h"

#include <stdlib.h>

#define FIRST_CHUNK ((size_t)256 << 10)

const char *stix_format_name(enum stix_format f)
{
    static const char *const names[] = {"unknown", "STIX", "MISP", "CSV", "a plain list"};
    return (unsigned)f < sizeof names / sizeof *names ? names[f] : names[0];
}

/* The arena's first chunk stays for good, so that items do not go to malloc and back. */
static bool open_arenas(struct stix_import *im, struct err *e)
{
    im->arena = arena_new(LIMIT_IMPORT_ITEM_BYTES);
    im->event = arena_new(LIMIT_IMPORT_EVENT_BYTES);
    if (!im->arena || !im->event)
        return err_fail(e, ERR_NOMEM, "out of memory");
    if (!arena_get(im->arena, FIRST_CHUNK, e))
        return false;
    im->empty = arena_mark(im->arena);
    im->empty.used = im->empty.total = 0;
    im->cells = calloc(IMPORT_COLUMNS_MOST, sizeof *im->cells);
    return im->cells || err_fail(e, ERR_NOMEM, "out of memory");
}

static bool set_options(struct stix_import *im, const struct stix_import_options *how,
                        struct err *e)
{
    struct uuid party;
    struct bytes type;

    im->how = *how;
    if (!stix_id_parse(how->party_id, &type, &party) || !bytes_are(type, "identity"))
        return err_fail(e, ERR_INPUT, "the party's id is not that of an identity");
    memcpy(im->party, how->party_id.p, how->party_id.n);
    import_space(&party, &im->space);
    im->how.party_id = bytes_of(im->party, how->party_id.n);
    if (!im->how.indicator_type)
        im->how.indicator_type = "malicious-activity";
    im->time_us = STIX_NO_TIME;
    im->file = how->file ? strdup(how->file) : NULL;
    im->how.file = im->file;
    return !how->file || im->file || err_fail(e, ERR_NOMEM, "out of memory");
}

static struct stix_import *new_import(const struct stix_import_options *how, struct err *e)
{
    struct stix_import *im = calloc(1, sizeof *im);

    if (!im) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    if (set_options(im, how, e) && open_arenas(im, e))
        return im;
    stix_import_close(im);
    return NULL;
}

struct stix_import *stix_import_open(const struct stix_import_options *how, stix_import_read *read,
                                     void *self, struct err *e)
{
    struct stix_import *im = new_import(how, e);

    if (im && stream_open(&im->in, read, self, e))
        return im;
    stix_import_close(im);
    return NULL;
}

struct stix_import *stix_import_open_bytes(const struct stix_import_options *how, struct bytes all,
                                           struct err *e)
{
    struct stix_import *im = new_import(how, e);

    if (im)
        stream_of(&im->in, all);
    return im;
}

void stix_import_close(struct stix_import *im)
{
    if (!im)
        return;
    stream_close(&im->in);
    id_set_free(&im->seen);
    arena_free(im->arena);
    arena_free(im->event);
    free(im->cells);
    free(im->file);
    free(im);
}

static bool stop(struct stix_import *im, struct err *e)
{
    im->failed = im->ended = true;
    return im->file ? err_within(e, "%s", im->file) : false;
}

bool stix_import_next(struct stix_import *im, struct stix_item *out, struct err *e)
{
    struct stix_item item = {.unknown_markings = 0};
    bool end = false;

    if (im->ended)
        return false;
    if (!im->next && !import_detect(im, e))
        return stop(im, e);
    if (!im->next(im, &item, &end, e))
        return stop(im, e);
    im->ended = end;
    if (end)
        return false;
    im->counts.objects++;
    *out = item;
    return true;
}

bool stix_import_done(const struct stix_import *im)
{
    return im->ended && !im->failed;
}

enum stix_format stix_import_format(const struct stix_import *im)
{
    return im->format;
}

const struct stix_warnings *stix_import_warnings(const struct stix_import *im)
{
    return &im->warnings;
}

struct stix_import_counts stix_import_counts(const struct stix_import *im)
{
    struct stix_import_counts c = im->counts;

    c.bytes = im->in.bytes - (im->in.to - im->in.from);
    c.lines = im->in.line - 1;
    return c;
}

static int by_count(const void *a, const void *b)
{
    const struct stix_import_type *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->name, y->name);
}

size_t stix_import_not_carried(struct stix_import *im, const struct stix_import_type **rows)
{
    for (size_t i = 0; i < im->type_count; i++)
        im->rows[i] = (struct stix_import_type){im->types[i].name, im->types[i].count};
    qsort(im->rows, im->type_count, sizeof *im->rows, by_count);
    *rows = im->rows;
    return im->type_count;
}
