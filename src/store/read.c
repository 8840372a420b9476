/* The readers' side of the log. */
#include "store/store_impl.h"

#include <stdlib.h>

#define FIRST_READ ((size_t)4096) /* a record of usual size comes whole with its header */

struct place {
    uint64_t position, base, limit; /* limit: behind the committed bytes of this file */
};

static bool place_of(struct segments *s, uint64_t position, struct place *w, struct err *e)
{
    uint64_t end = segments_end(s), next;

    if (position == 0 || position % 8 || position > end || end - position < RECORD_HEADER)
        return err_fail(e, ERR_INPUT, "%s: no record at position %llu; the log ends at %llu",
                        s->dir, (unsigned long long)position, (unsigned long long)end);
    files_find(s, position, &w->base, &next);
    w->position = position;
    w->limit = next < end ? next : end;
    return true;
}

/* Header and as much of the payload as comes with it; then the rest straight to its place. */
static bool read_payload(struct segments *s, const struct place *w, const struct record_header *h,
                         struct bytes first, struct arena *a, uint8_t **out, struct err *e)
{
    size_t have = first.n < h->size ? first.n : h->size;

    *out = arena_get(a, (size_t)h->size + 1, e);
    if (!*out)
        return false;
    memcpy(*out, first.p, have);
    return have == h->size || files_read(s, w->base, w->position + RECORD_HEADER + have,
                                         *out + have, h->size - have, e);
}

static bool read_once(struct segments *s, const struct place *w, struct arena *a,
                      struct segments_record *out, struct err *e)
{
    uint8_t first[FIRST_READ], *payload = NULL;
    uint64_t left = w->limit - w->position;
    size_t n = left < FIRST_READ ? (size_t)left : FIRST_READ;
    struct record_header h;

    if (n < RECORD_HEADER || !files_read(s, w->base, w->position, first, n, e))
        return n >= RECORD_HEADER ? false : store_damaged(s, w->position, "no record", e);
    if (!record_header_decode(&s->key, first, w->position, &h) || h.mark == MARK_BAD ||
        record_span(h.size) > left)
        return store_damaged(s, w->position, "no record begins here, or its header is damaged", e);
    *out = (struct segments_record){
        .position = w->position, .size = h.size, .kind = h.kind, .erased = h.mark == MARK_ERASED};
    if (out->erased)
        return true;
    if (!read_payload(s, w, &h, bytes_of(first + RECORD_HEADER, n - RECORD_HEADER), a, &payload, e))
        return false;
    if (s->key.crc(0, payload, h.size) != h.payload_crc)
        return store_damaged(s, w->position + RECORD_HEADER,
                             "a record's payload does not match its checksum", e);
    out->payload = bytes_of(payload, h.size);
    return true;
}

bool segments_read(struct segments *s, uint64_t position, struct arena *a,
                   struct segments_record *out, struct err *e)
{
    struct arena_mark mark = arena_mark(a);
    struct segments_record r;
    struct err why = {0};
    struct place w;

    if (!place_of(s, position, &w, e))
        return false;
    /* An erasure may have begun after we read the header: its mark is durable before the payload
     * goes, so a second look tells it from damage. */
    for (int i = 0; i < 2; i++) {
        if (read_once(s, &w, a, &r, &why)) {
            *out = r;
            return true;
        }
        arena_reset(a, mark);
        if (why.code != ERR_PROOF)
            break;
    }
    return err_pass(e, &why);
}

#define RUN_WINDOW ((size_t)256 << 10)

/* A stretch of one file in memory. */
struct window {
    uint64_t from;
    uint8_t *p;
    size_t n;
};

/* The record at `position` out of the window; false if it is not wholly there, or is not plain (it
 * is then read by itself, which says what is wrong). */
static bool in_window(struct segments *s, const struct window *w, uint64_t position,
                      struct segments_record *out)
{
    struct record_header h;
    size_t at, left;

    if (position < w->from || position - w->from > w->n)
        return false;
    at = (size_t)(position - w->from);
    left = w->n - at;
    if (left < RECORD_HEADER || !record_header_decode(&s->key, w->p + at, position, &h) ||
        h.mark != MARK_PRESENT || h.size > left - RECORD_HEADER ||
        s->key.crc(0, w->p + at + RECORD_HEADER, h.size) != h.payload_crc)
        return false;
    *out = (struct segments_record){.position = position,
                                    .payload = bytes_of(w->p + at + RECORD_HEADER, h.size),
                                    .size = h.size,
                                    .kind = h.kind};
    return true;
}

static bool load_window(struct segments *s, uint64_t position, struct arena *a, struct window *w,
                        struct err *e)
{
    struct place at;

    if (!place_of(s, position, &at, e))
        return false;
    w->from = position;
    w->n = at.limit - position < RUN_WINDOW ? (size_t)(at.limit - position) : RUN_WINDOW;
    w->p = arena_get(a, w->n, e);
    return w->p && files_read(s, at.base, position, w->p, w->n, e);
}

bool segments_read_run(struct segments *s, const uint64_t *positions, size_t n, struct arena *a,
                       struct segments_record *out, struct err *e)
{
    struct window w = {0};

    for (size_t i = 0; i < n; i++) {
        if (in_window(s, &w, positions[i], &out[i]))
            continue;
        if (!load_window(s, positions[i], a, &w, e))
            return false;
        if (!in_window(s, &w, positions[i], &out[i]) &&
            !segments_read(s, positions[i], a, &out[i], e))
            return false;
    }
    return true;
}

bool segments_last_note(struct segments *s, struct arena *a, struct bytes *note, struct err *e)
{
    uint64_t end = segments_end(s), base, next;
    uint8_t raw[BATCH_FOOTER];
    struct segments_record r;
    struct batch_footer f;

    *note = (struct bytes){NULL, 0};
    if (end == 0)
        return true;
    files_find(s, end - 1, &base, &next);
    if (!files_read(s, base, end - BATCH_FOOTER, raw, sizeof raw, e))
        return false;
    if (!batch_footer_decode(&s->key, raw, end, &f))
        return store_damaged(s, end - BATCH_FOOTER, "a batch's footer does not match its checksum",
                             e);
    if (!segments_read(s, f.note, a, &r, e))
        return false;
    *note = r.payload;
    return true;
}

/* ---- batch by batch -------------------------------------------------------------------------- */

struct segments_iter {
    struct scan scan;
    struct segments_batch batch;
    uint64_t position;
    uint32_t prev;
    bool chained; /* prev is known */
};

struct segments_iter *segments_iter_open(struct segments *s, uint64_t from, struct err *e)
{
    struct segments_iter *it;

    if (from % SECTOR || from > segments_end(s)) {
        err_fail(e, ERR_INPUT, "%s: no batch begins at position %llu", s->dir,
                 (unsigned long long)from);
        return NULL;
    }
    it = calloc(1, sizeof *it);
    if (!it) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    scan_init(&it->scan, s);
    it->position = from;
    it->chained = from == 0;
    return it;
}

void segments_iter_close(struct segments_iter *it)
{
    if (it)
        scan_wipe(&it->scan);
    free(it);
}

uint64_t segments_iter_bad(const struct segments_iter *it)
{
    return it->scan.bad;
}

static bool load(struct segments_iter *it, uint64_t end, struct err *e)
{
    uint64_t base, next;
    struct err why = {0};

    files_find(it->scan.s, it->position, &base, &next);
    for (int i = 0; i < 2; i++) { /* twice, for the reason given in segments_read */
        if (scan_batch(&it->scan, base, it->position, next < end ? next : end, &it->batch, &why))
            return true;
        it->scan.have = 0;
        if (why.code != ERR_PROOF)
            break;
    }
    return err_pass(e, &why);
}

bool segments_next(struct segments_iter *it, const struct segments_batch **out, struct err *e)
{
    uint64_t end = segments_end(it->scan.s);

    *out = NULL;
    if (it->position == end)
        return true;
    it->scan.bad = it->position;
    if (!load(it, end, e))
        return false;
    if (it->chained && it->scan.header.prev != it->prev)
        return store_damaged(it->scan.s, it->position,
                             "this batch does not follow the one before it", e);
    it->chained = true;
    it->prev = it->scan.found.footer_crc;
    it->position = it->batch.next;
    *out = &it->batch;
    return true;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

/* What a closed file holds behind its last batch: zeros, if anything. */
static bool check_rest(struct segments *s, uint64_t base, uint64_t next, struct segments_report *r,
                       struct err *e)
{
    char *path = file_path(s, base, e);
    struct os_file *f = NULL;
    uint64_t size, at = next - base + FILE_HEADER;
    uint8_t buf[4096];
    bool ok = path && os_open(s->os, path, OS_READ, &f, e) && os_size(s->os, f, &size, e);

    while (ok && at < size) {
        size_t n = size - at < sizeof buf ? (size_t)(size - at) : sizeof buf;
        ok = os_read_exact(s->os, f, at, buf, n, e);
        if (ok && !all_zero(buf, n)) {
            r->bad = next;
            ok = err_fail(e, ERR_PROOF, "%s: damaged after byte %llu: the rest is not zero", path,
                          (unsigned long long)at);
        }
        at += n;
    }
    os_close(s->os, f);
    free(path);
    return ok;
}

static bool check_batches(struct segments_iter *it, struct segments_report *r, struct err *e)
{
    const struct segments_batch *b;

    for (;;) {
        if (!segments_next(it, &b, e)) {
            r->bad = it->scan.bad;
            return false;
        }
        if (!b)
            return true;
        r->batches++;
        r->records += b->n;
        r->bytes += b->next - b->position;
        r->erased += it->scan.found.erased;
        r->unfinished += it->scan.found.unfinished;
    }
}

bool segments_check(struct segments *s, struct segments_report *report, struct err *e)
{
    struct segments_iter *it = segments_iter_open(s, 0, e);
    struct segments_report r = {0};
    uint64_t base = 0, next = 0;
    bool ok = it && check_batches(it, &r, e);

    segments_iter_close(it);
    while (ok && next != UINT64_MAX) {
        files_find(s, next, &base, &next);
        r.files++;
        if (next != UINT64_MAX)
            ok = check_rest(s, base, next, &r, e);
    }
    *report = r;
    return ok;
}
