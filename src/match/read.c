/* Lists as people keep them: one item a line; or CSV, MISP and STIX through stix's importer. */
#include "match/match.h"

#include "base/limits.h"
#include "stix/import.h"
#include "stix/pattern.h"

#include <stdlib.h>

#define BLOCK ((size_t)1 << 20)
#define DETECT ((size_t)64 << 10) /* what is looked at to tell formats apart */
#define SCRATCH ((size_t)256 << 20)
#define NOBODY "identity--00000000-0000-4000-8000-000000000000"

struct reading {
    const struct match_type *type;
    const struct normalise_recipe *recipe;
    bool guessable;
    const struct match_source *source;
    match_each *each;
    void *self;
    struct match_counts *counts;
    uint8_t *block;
    size_t n;
    bool ended;
    struct bytes first; /* of the block: what the importer has not read yet */
};

/* ---- one item ------------------------------------------------------------------------------- */

static bool is_type(const struct match_type *t, struct bytes item)
{
    static const struct {
        const char *name;
        size_t n;
    } digests[] = {{"md5", 16}, {"sha1", 20}, {"sha256", 32}, {"sha512", 64}};

    if (!strcmp(t->recipe, "address/1"))
        return item.n == (t->bits ? 5u : 17u);
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
        if (!strcmp(t->name, digests[i].name))
            return item.n == digests[i].n;
    return true;
}

static bool take(struct reading *r, struct bytes original, struct err *e)
{
    uint8_t item[NORMALISE_MOST];
    size_t n;
    enum normalise_drop why = normalise_line(r->recipe, original, item, &n);

    r->counts->lines++;
    if (why != NORMALISE_KEPT) {
        r->counts->dropped[why]++;
        return true;
    }
    if (!is_type(r->type, bytes_of(item, n))) {
        r->counts->other_type++;
        return true;
    }
    if (!r->guessable && !strcmp(r->type->name, "identifier") && !memchr(item, ';', n)) {
        r->counts->single++;
        return true;
    }
    r->counts->kept++;
    return r->each(r->self, bytes_of(item, n), bytes_trim(original), e);
}

/* ---- plain lists ----------------------------------------------------------------------------- */

static bool fill(struct reading *r, struct err *e)
{
    size_t got = 1;

    while (!r->ended && r->n < BLOCK && got) {
        if (!r->source->read(r->source->self, r->block + r->n, BLOCK - r->n, &got, e))
            return false;
        r->n += got;
        r->ended = got == 0;
    }
    return true;
}

/* The lines of the block; what begins a line that does not end in it goes to the front. */
static bool take_lines(struct reading *r, bool *skipping, struct err *e)
{
    size_t at = 0;

    while (at < r->n) {
        const uint8_t *end = memchr(r->block + at, '\n', r->n - at);
        size_t stop = end ? (size_t)(end - r->block) : r->n;
        if (!end && !r->ended && at > 0)
            break; /* the rest comes with the next block */
        if (*skipping) {
            *skipping = !end;
        } else if (!end && !r->ended) { /* longer than a block: no item */
            r->counts->lines++;
            r->counts->dropped[NORMALISE_LONG]++;
            *skipping = true;
        } else if (!take(r, bytes_of(r->block + at, stop - at), e)) {
            return err_within(e, "line %llu", (unsigned long long)r->counts->lines);
        }
        at = end ? stop + 1 : r->n;
    }
    memmove(r->block, r->block + at, r->n - at);
    r->n -= at;
    return true;
}

static bool read_lines(struct reading *r, struct err *e)
{
    bool skipping = false;

    r->counts->format = "a plain list";
    if (r->n >= 3 && memcmp(r->block, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        r->n -= 3;
        memmove(r->block, r->block + 3, r->n);
    }
    while (r->n || !r->ended)
        if (!fill(r, e) || !take_lines(r, &skipping, e))
            return false;
    return true;
}

/* ---- CSV, MISP, STIX ------------------------------------------------------------------------- */

static bool pull(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct reading *r = self;

    if (!r->first.n)
        return r->source->read(r->source->self, out, n, got, e);
    *got = r->first.n < n ? r->first.n : n;
    memcpy(out, r->first.p, *got);
    r->first = bytes_part(r->first, *got, SIZE_MAX);
    return true;
}

/* The values that a STIX indicator looks for; a pattern that is no list of values has none. */
static bool take_pattern(struct reading *r, const struct stix_item *item, struct arena *a,
                         struct err *e)
{
    const struct pattern *p = NULL;
    struct indicator *list;
    size_t n = 0;

    if (bytes_are(item->object.type, "indicator") && item->object.pattern.n)
        p = pattern_parse(item->object.pattern, a, NULL);
    if (!p || !pattern_indicators(p, a, &list, &n, NULL))
        return true;
    for (size_t i = 0; i < n; i++)
        if (!take(r, list[i].value, e))
            return false;
    return true;
}

static bool read_import(struct reading *r, enum stix_format format, struct err *e)
{
    struct stix_import_options how = {
        .party_id = BYTES(NOBODY), .format = format, .all_attributes = true};
    struct arena *a = arena_new(SCRATCH);
    struct stix_import *im;
    struct stix_item item;
    struct err why = {0};
    bool ok = true;

    r->first = bytes_of(r->block, r->n);
    im = a ? stix_import_open(&how, pull, r, e) : NULL;
    r->counts->format = stix_format_name(format);
    while (im && ok && stix_import_next(im, &item, &why)) {
        struct arena_mark mark = arena_mark(a);
        ok = item.made ? take(r, item.indicator.value, e) : take_pattern(r, &item, a, e);
        arena_reset(a, mark);
    }
    if (im && ok && !stix_import_done(im)) {
        *e = why;
        ok = false;
    }
    if (!a)
        err_fail(e, ERR_NOMEM, "out of memory");
    ok = ok && im;
    stix_import_close(im);
    arena_free(a);
    return ok;
}

/* Only what begins like JSON, or whose first line is a header of CSV: a line of a plain list may
 * hold commas too. */
static enum stix_format format_of(const struct reading *r)
{
    struct bytes head = bytes_part(bytes_of(r->block, r->n), 0, DETECT), line = {0};
    struct bytes rest = bytes_trim(head), second;
    static const char *const names[] = {"value", "indicator", "ioc", "type"};

    if (rest.n && (rest.p[0] == '{' || rest.p[0] == '[')) {
        second = bytes_trim(bytes_part(rest, 1, SIZE_MAX));
        if (second.n && (second.p[0] == '"' || second.p[0] == '{' || second.p[0] == '}'))
            return bytes_find(head, BYTES("\"Event\"")) != SIZE_MAX ||
                           bytes_find(head, BYTES("\"Attribute\"")) != SIZE_MAX
                       ? STIX_FORMAT_MISP
                       : STIX_FORMAT_STIX;
    }
    bytes_next_line(&rest, &line);
    if (bytes_find_byte(line, ',') == line.n || bytes_find(line, BYTES("://")) != SIZE_MAX)
        return STIX_FORMAT_LIST;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bytes_find(line, bytes_text(names[i])) != SIZE_MAX)
            return STIX_FORMAT_CSV;
    return STIX_FORMAT_LIST;
}

bool match_read(const struct match_type *t, bool guessable, const struct match_source *source,
                match_each *each, void *self, struct match_counts *counts, struct err *e)
{
    struct reading r = {.type = t,
                        .recipe = normalise_find(bytes_text(t->recipe)),
                        .guessable = guessable,
                        .source = source,
                        .each = each,
                        .self = self,
                        .counts = counts,
                        .block = malloc(BLOCK)};
    enum stix_format format;
    bool ok;

    *counts = (struct match_counts){0};
    if (!r.block)
        return err_fail(e, ERR_NOMEM, "out of memory");
    ok = fill(&r, e);
    format = format_of(&r);
    ok = ok && (format == STIX_FORMAT_LIST ? read_lines(&r, e) : read_import(&r, format, e));
    wipe(r.block, BLOCK);
    free(r.block);
    return ok;
}
