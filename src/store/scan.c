/* Batches out of a file: one path for recovery, iteration and checking. */
#include "store/store_impl.h"

#include <stdlib.h>

void scan_init(struct scan *c, struct segments *s)
{
    *c = (struct scan){.s = s};
}

void scan_wipe(struct scan *c)
{
    free(c->buf);
    free(c->records);
    c->buf = NULL;
    c->records = NULL;
}

/* Room for n bytes, or a large step if there are as many; a buffer that an unusual batch has blown
 * up shrinks again. */
static bool make_room(struct scan *c, size_t n, uint64_t there, struct err *e)
{
    size_t step = there < SCAN_STEP ? (size_t)there : SCAN_STEP;
    uint8_t *p;

    n = n > step ? n : step;
    if (c->cap >= n && (c->cap <= SCAN_STEP || n > SCAN_STEP))
        return true;
    p = malloc(n);
    if (!p)
        return err_fail(e, ERR_NOMEM, "out of memory");
    c->have = c->have < n ? c->have : n;
    if (c->have)
        memcpy(p, c->buf, c->have);
    free(c->buf);
    c->buf = p;
    c->cap = n;
    return true;
}

static bool fill(struct scan *c, uint64_t position, uint8_t *out, size_t n, struct err *e)
{
    if (!c->file)
        return files_read(c->s, c->base, position, out, n, e);
    return os_read_exact(c->s->os, c->file, position - c->base + FILE_HEADER, out, n, e);
}

bool scan_need(struct scan *c, uint64_t base, uint64_t position, uint64_t limit, size_t n,
               const uint8_t **p, struct err *e)
{
    size_t skip, want;

    if (c->base == base && position >= c->at && position - c->at <= c->have &&
        c->have - (position - c->at) >= n) {
        *p = c->buf + (position - c->at);
        return true;
    }
    if (c->base != base || position < c->at || position - c->at > c->have)
        c->have = 0;
    skip = c->have ? (size_t)(position - c->at) : 0;
    c->have -= skip;
    if (c->have)
        memmove(c->buf, c->buf + skip, c->have);
    c->base = base;
    c->at = position;
    if (!make_room(c, n, limit - position, e))
        return false;
    want = limit - position < c->cap ? (size_t)(limit - position) : c->cap;
    if (!fill(c, position + c->have, c->buf + c->have, want - c->have, e)) {
        c->bad = position + c->have;
        c->have = 0;
        return false;
    }
    c->have = want;
    *p = c->buf;
    return true;
}

static bool records_room(struct scan *c, size_t n, struct err *e)
{
    struct segments_record *more;

    if (n <= c->records_cap)
        return true;
    n = n < 64 ? 64 : n;
    more = realloc(c->records, n * sizeof *more);
    if (!more)
        return err_fail(e, ERR_NOMEM, "out of memory");
    c->records = more;
    c->records_cap = n;
    return true;
}

static bool damaged(struct scan *c, uint64_t position, const char *what, struct err *e)
{
    c->bad = position;
    return store_damaged(c->s, position, what, e);
}

bool scan_batch(struct scan *c, uint64_t base, uint64_t position, uint64_t limit,
                struct segments_batch *out, struct err *e)
{
    struct damage bad = {0};
    const uint8_t *p;

    c->header = (struct batch_header){0};
    if (position % SECTOR || limit - position < SECTOR)
        return damaged(c, position, "no batch begins here", e);
    if (!scan_need(c, base, position, limit, SECTOR, &p, e))
        return false;
    if (!batch_header_decode(&c->s->key, p, position, &c->header))
        return damaged(c, position, "a batch's header does not match its checksum", e);
    if (c->header.size > limit - position)
        return damaged(c, position, "a batch reaches beyond its file", e);
    if (!records_room(c, c->header.count, e) ||
        !scan_need(c, base, position, limit, (size_t)c->header.size, &p, e))
        return false;
    if (!batch_verify(&c->s->key, bytes_of(p, (size_t)c->header.size), &c->header, c->records,
                      &c->found, &bad))
        return damaged(c, position + bad.at, bad.what, e);
    *out = (struct segments_batch){position, position + c->header.size, c->found.note, c->records,
                                   c->header.count};
    return true;
}

bool scan_footer(struct scan *c, uint64_t base, uint64_t end, struct batch_footer *f, bool *found,
                 struct err *e)
{
    const uint8_t *p;

    *found = false;
    if (end % SECTOR || end < base + SECTOR)
        return true;
    c->have = 0; /* not worth keeping what is far away */
    if (!scan_need(c, base, end - BATCH_FOOTER, end, BATCH_FOOTER, &p, e))
        return false;
    *found = batch_footer_decode(&c->s->key, p, end, f);
    return true;
}
