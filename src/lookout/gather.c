/* gather: rows from records and files, and the file that keeps them between processes.
 *
 * The file is a run of frames: kind, length, the first eight bytes of the payload's SHA-256, the
 * payload. Rows come in frames of rows; a frame of places says how far each log was read. Rows that
 * no frame of places follows are not counted: they will come again. */
#include "base/buf.h"
#include "lookout/lookout_impl.h"

#include <stdlib.h>

#define MAGIC "entente gathered 1\n"
#define FRAME_HEAD 16
#define FRAME_MOST ((size_t)8 << 20)
#define FILE_MOST ((size_t)4 << 30) /* forty million indicators */
enum { FRAME_ROWS = 1, FRAME_PLACES };

struct lookout *lookout_new(const struct os *os, struct err *e)
{
    struct lookout *l = calloc(1, sizeof *l);

    if (l) {
        l->os = os;
        l->arena = arena_new(LIMIT_PAYLOAD_BYTES * 8);
        l->markings = stix_markings_new();
    }
    if (l && l->arena && l->markings)
        return l;
    lookout_free(l);
    err_fail(e, ERR_NOMEM, "out of memory");
    return NULL;
}

static void forget(struct lookout *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->sources[i].name);
    l->n = l->rows.n = l->saved_rows = 0;
    l->file_at = 0;
}

void lookout_free(struct lookout *l)
{
    if (!l)
        return;
    forget(l);
    free(l->sources);
    free(l->rows.p);
    stix_markings_free(l->markings);
    arena_free(l->arena);
    free(l);
}

/* ---- sources ----------------------------------------------------------------------------------
 */

struct source *source_get(struct lookout *l, struct bytes agreement, struct bytes name,
                          struct err *e)
{
    struct source *s;

    for (size_t i = 0; i < l->n; i++)
        if (bytes_are(agreement, l->sources[i].agreement) && bytes_are(name, l->sources[i].name))
            return &l->sources[i];
    if (l->n == LOGS_MOST || agreement.n > ACT_AGREEMENT) {
        err_fail(e, ERR_LIMIT, "indicators of more than %d logs and files", LOGS_MOST);
        return NULL;
    }
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        s = realloc(l->sources, cap * sizeof *s);
        if (!s) {
            err_fail(e, ERR_NOMEM, "out of memory");
            return NULL;
        }
        l->sources = s;
        l->cap = cap;
    }
    s = &l->sources[l->n];
    *s = (struct source){.name = strndup((const char *)name.p, name.n)};
    if (!s->name) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    memcpy(s->agreement, agreement.p, agreement.n);
    l->n++;
    return s;
}

uint64_t lookout_acts(const struct lookout *l)
{
    uint64_t n = 0;

    for (size_t i = 0; i < l->n; i++)
        n += l->sources[i].position;
    return n;
}

/* ---- the file: reading -------------------------------------------------------------------------
 */

static void frame_digest(const uint8_t head[8], struct bytes payload, uint8_t out[8])
{
    struct sha256 s;
    struct hash h;

    sha256_start(&s);
    sha256_add(&s, bytes_of(head, 8));
    sha256_add(&s, payload);
    sha256_end(&s, &h);
    memcpy(out, h.b, 8);
}

static bool frame_next(struct bytes file, size_t *at, uint32_t *kind, struct bytes *payload)
{
    struct bytes in = bytes_part(file, *at, SIZE_MAX);
    uint8_t digest[8];
    size_t n;

    if (in.n < FRAME_HEAD)
        return false;
    *kind = (uint32_t)get_le(in.p, 4);
    n = (size_t)get_le(in.p + 4, 4);
    *payload = bytes_part(in, FRAME_HEAD, n);
    if (n > FRAME_MOST || payload->n != n)
        return false;
    frame_digest(in.p, *payload, digest);
    if (memcmp(digest, in.p + 8, 8))
        return false;
    *at += FRAME_HEAD + n;
    return true;
}

/* Each source: agreement, length of its name, its name, acts read. */
static bool places_read(struct lookout *l, struct bytes in, struct err *e)
{
    size_t i = 0;

    while (in.n) {
        struct bytes name;
        struct source *s;
        if (in.n < ACT_AGREEMENT + 9 || in.n - (ACT_AGREEMENT + 9) < in.p[ACT_AGREEMENT])
            return false;
        name = bytes_of(in.p + ACT_AGREEMENT + 1, in.p[ACT_AGREEMENT]);
        s = source_get(l, bytes_of(in.p, ACT_AGREEMENT), name, e);
        if (!s || s != &l->sources[i++])
            return false; /* their order is that of the numbers in the rows */
        s->position = get_le(name.p + name.n, 8);
        in = bytes_part(in, ACT_AGREEMENT + 9 + name.n, SIZE_MAX);
    }
    return true;
}

static bool rows_are_whole(struct bytes rows)
{
    size_t at = 0;
    struct row row;

    while (row_next(rows, &at, &row))
        ;
    return at == rows.n;
}

static bool load(struct lookout *l, struct bytes file, struct err *e)
{
    size_t at = sizeof MAGIC - 1, counted = 0;
    struct bytes payload;
    uint32_t kind;

    if (!bytes_start_with(file, MAGIC))
        return true;
    while (frame_next(file, &at, &kind, &payload)) {
        if (kind == FRAME_ROWS && !heap_put(&l->rows, payload, e))
            return false;
        if (kind != FRAME_PLACES)
            continue;
        if (!places_read(l, payload, NULL))
            break;
        counted = l->rows.n;
        l->file_at = at;
    }
    l->rows.n = l->saved_rows = counted;
    if (!rows_are_whole(bytes_of(l->rows.p, counted)))
        forget(l);
    return true;
}

bool lookout_load(struct lookout *l, const char *path, struct err *e)
{
    struct arena *a;
    struct bytes file;
    struct err missing = {0};
    bool ok;

    if (!os_exists(l->os, path))
        return true;
    a = arena_new(FILE_MOST);
    if (!a)
        return err_fail(e, ERR_NOMEM, "out of memory");
    ok = os_read_file(l->os, path, FILE_MOST, a, &file, &missing);
    if (ok)
        ok = load(l, file, e);
    else if (missing.code == ERR_MISSING || missing.code == ERR_LIMIT)
        ok = true;
    else if (e)
        *e = missing;
    arena_free(a);
    return ok;
}

/* ---- the file: writing -------------------------------------------------------------------------
 */

static bool write_frame(struct lookout *l, struct os_file *f, uint32_t kind, struct bytes payload,
                        struct err *e)
{
    uint8_t head[FRAME_HEAD];

    put_le(head, kind, 4);
    put_le(head + 4, payload.n, 4);
    frame_digest(head, payload, head + 8);
    if (!os_write(l->os, f, l->file_at, bytes_of(head, sizeof head), e) ||
        !os_write(l->os, f, l->file_at + sizeof head, payload, e))
        return false;
    l->file_at += sizeof head + payload.n;
    return true;
}

static bool write_rows(struct lookout *l, struct os_file *f, struct err *e)
{
    struct bytes rest = bytes_part(bytes_of(l->rows.p, l->rows.n), l->saved_rows, SIZE_MAX);

    while (rest.n) {
        struct bytes part = bytes_part(rest, 0, FRAME_MOST / 2);
        if (!write_frame(l, f, FRAME_ROWS, part, e))
            return false;
        rest = bytes_part(rest, part.n, SIZE_MAX);
    }
    return true;
}

static bool write_places(struct lookout *l, struct os_file *f, struct err *e)
{
    struct arena *a = arena_new(FRAME_MOST);
    struct buf b = buf_in(a);
    struct bytes text;
    bool ok;

    if (!a)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < l->n; i++) {
        const struct source *s = &l->sources[i];
        uint8_t position[8];
        put_le(position, s->position, 8);
        buf_put(&b, bytes_of(s->agreement, ACT_AGREEMENT));
        buf_byte(&b, (uint8_t)strlen(s->name));
        buf_puts(&b, s->name);
        buf_put(&b, bytes_of(position, 8));
    }
    ok = buf_end(&b, &text, e) && write_frame(l, f, FRAME_PLACES, text, e);
    arena_free(a);
    return ok;
}

bool lookout_save(struct lookout *l, const char *path, struct err *e)
{
    struct os_file *f;
    bool ok;

    if (l->file_at && l->rows.n == l->saved_rows)
        return true; /* places alone may lag: those acts hold nothing */
    if (!os_open(l->os, path, OS_READ | OS_WRITE | OS_CREATE | OS_PRIVATE, &f, e))
        return false;
    ok = l->os->ops->truncate(l->os->self, f, l->file_at, e);
    if (ok && l->file_at == 0) {
        ok = os_write(l->os, f, 0, BYTES(MAGIC), e);
        l->file_at = sizeof MAGIC - 1;
    }
    ok = ok && write_rows(l, f, e) && write_places(l, f, e);
    if (ok)
        l->saved_rows = l->rows.n;
    os_close(l->os, f);
    return ok || err_within(e, "%s", path);
}

/* ---- rights -------------------------------------------------------------------------------------
 */

/* The clause for indicators: its own, or `other`. */
static const struct json *indicator_clause(const struct agreement *g)
{
    const struct json *own = json_point(g->root, "/clauses/share/indicator");

    return own ? own : json_point(g->root, "/clauses/share/other");
}

bool lookout_rights(struct lookout *l, const struct record *r, int64_t now, struct err *e)
{
    const struct json *clause;
    struct record_state state;
    bool detection = false;

    record_state(r, now, &state);
    clause = indicator_clause(state.agreement);
    json_as_bool(json_find(clause, "detection"), &detection);
    for (size_t i = 0; i < state.agreement->parties_n; i++) {
        struct bytes slug = state.agreement->parties[i].slug, pap = {0};
        struct source *s = source_get(l, bytes_text(record_id(r)), slug, e);
        if (!s)
            return false;
        json_as_string(json_find(clause, "pap"), &pap);
        s->rights = true;
        s->own = bytes_equal(slug, record_self(r));
        s->in_force = state.stage == STAGE_IN_FORCE;
        s->detection = s->own || detection; /* nobody has to permit us what is ours */
        s->blocking = s->own || !(bytes_are(pap, "amber") || bytes_are(pap, "red"));
    }
    return true;
}

/* ---- records
 * -------------------------------------------------------------------------------------- */

struct gathering {
    struct lookout *l;
    uint16_t log;
    struct err e;
};

static bool take_object(void *self, const struct record_object *o)
{
    struct gathering *g = self;

    if (!o->bytes.n ||
        (!bytes_start_with(o->id, "indicator--") && !bytes_start_with(o->id, "sighting--")))
        return true;
    return row_of_object(g->l, g->log, o->act, o->tlp, o->bytes, &g->e);
}

static bool take_revocations(struct gathering *g, struct record *r, const struct act *act,
                             struct arena *a)
{
    const struct json *body, *ids;
    struct bytes payload, id;

    if (!record_payload(r, act, a, &payload, NULL) || !(body = json_parse(payload, a, NULL)))
        return true; /* withheld, or none: it withdraws nothing */
    ids = json_find(body, "objects");
    for (size_t i = 0; i < json_count(ids); i++)
        if (json_as_string(json_at(ids, i), &id) &&
            !row_of_revocation(g->l, g->log, act->seq, id, &g->e))
            return false;
    return true;
}

static bool take_act(struct gathering *g, struct record *r, struct bytes slug, uint64_t index,
                     struct arena *a, struct err *e)
{
    struct act *act = arena_get(a, sizeof *act, e);
    struct err missing = {0};
    bool ok = true;

    if (!act)
        return false;
    if (!record_act(r, slug, index, a, act, &missing)) {
        if (missing.code == ERR_MISSING)
            return true; /* not addressed to us */
        *e = missing;
        return false;
    }
    if (bytes_are(act->kind, "revoke"))
        ok = take_revocations(g, r, act, a);
    else if (bytes_start_with(act->body.media_type, MEDIA_STIX) ||
             bytes_start_with(act->body.media_type, MEDIA_LIST))
        ok = record_objects_of(r, slug, index, take_object, g, e);
    if (ok && g->e.code) {
        *e = g->e;
        ok = false;
    }
    return ok;
}

static bool gather_log(struct lookout *l, struct record *r, struct bytes slug, struct arena *a,
                       const atomic_bool *cancelled, struct err *e)
{
    struct source *s = source_get(l, bytes_text(record_id(r)), slug, e);
    struct gathering g = {.l = l};
    struct record_head head;

    if (!s || !record_head(r, slug, a, &head, e))
        return false;
    g.log = (uint16_t)(s - l->sources);
    for (uint64_t i = s->position; i < head.size; i++) {
        struct arena_mark m = arena_mark(a);
        size_t rows = l->rows.n;
        if (cancelled && atomic_load(cancelled))
            return err_fail(e, ERR_IO, "cancelled");
        if (!take_act(&g, r, slug, i, a, e)) {
            l->rows.n = rows;
            return false;
        }
        s->position = i + 1;
        arena_reset(a, m);
    }
    return true;
}

bool lookout_gather(struct lookout *l, struct record *r, const atomic_bool *cancelled,
                    struct err *e)
{
    struct arena *a = arena_new(LIMIT_PAYLOAD_BYTES * 8);
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    for (size_t i = 0; ok && i < l->n; i++) {
        struct bytes slug = bytes_text(l->sources[i].name);
        if (!strcmp(l->sources[i].agreement, record_id(r)))
            ok = gather_log(l, r, slug, a, cancelled, e);
    }
    arena_free(a);
    return ok || err_within(e, "agreement %.8s", record_id(r));
}

/* ---- files
 * ------------------------------------------------------------------------------------------ */

/* A party that is nobody: ids of indicators that we make of plain values are the same each time. */
#define NOBODY "identity--00000000-0000-4000-8000-000000000000"

bool lookout_add_file(struct lookout *l, const char *name, stix_import_read *read, void *self,
                      struct stix_warnings *warnings, struct err *e)
{
    const char *slash = strrchr(name, '/');
    struct source *s = source_get(l, BYTES(""), bytes_text(slash ? slash + 1 : name), e);
    struct stix_import_options how = {.party_id = BYTES(NOBODY),
                                      .now_us = os_now_us(l->os),
                                      .markings = l->markings,
                                      .file = name};
    struct stix_import *im = s ? stix_import_open(&how, read, self, e) : NULL;
    struct stix_item item;
    struct err why = {0};
    bool ok = im != NULL;

    if (!ok)
        return false;
    s->rights = s->in_force = s->detection = s->blocking = s->own = true;
    while (ok && stix_import_next(im, &item, &why))
        ok = row_of_item(l, (uint16_t)(s - l->sources), item.line, &item, e);
    if (ok && !stix_import_done(im)) {
        *e = why;
        ok = false;
    }
    if (warnings)
        stix_warnings_add(warnings, stix_import_warnings(im));
    stix_import_close(im);
    return ok;
}
