/* catalogue: what the refs of an index mean, as a file of fixed records beside it.
 *
 *     0   16  "entente refs 1  "
 *     16  32  digest of the index
 *     48   8  sources   56  8  facts
 *     64      sources: agreement (32), flags (1: ours), length of the name (1), the name
 *             facts: id (16), act (4), source (2), tlp + 1 (1), 0 (1)
 *             the first eight bytes of the SHA-256 of all before
 */
#include "lookout/lookout_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define MAGIC "entente refs 1  "
#define HEAD 64
#define FACT 24
#define TAIL 8

struct named {
    struct bytes agreement, name;
    bool own;
};

struct watch_catalogue {
    const struct os *os; /* NULL: the bytes are the caller's */
    struct bytes file;
    struct named *sources;
    size_t sources_n;
    const uint8_t *facts;
    uint64_t facts_n;
};

/* ---- making ------------------------------------------------------------------------------------
 */

bool catalogue_add(struct catalogue_maker *m, const struct row *row, struct err *e)
{
    uint8_t fact[FACT] = {0};

    memcpy(fact, row->uuid, 16);
    put_le(fact + 16, row->act, 4);
    put_le(fact + 20, row->log, 2);
    fact[22] = (uint8_t)(row->tlp + 1);
    m->n++;
    return heap_put(&m->facts, bytes_of(fact, sizeof fact), e);
}

static bool put_source(struct heap *out, const struct source *s, struct err *e)
{
    uint8_t head[ACT_AGREEMENT + 2] = {0};
    size_t n = strlen(s->name) < 255 ? strlen(s->name) : 255;

    memcpy(head, s->agreement, ACT_AGREEMENT);
    head[ACT_AGREEMENT] = s->own;
    head[ACT_AGREEMENT + 1] = (uint8_t)n;
    return heap_put(out, bytes_of(head, sizeof head), e) && heap_put(out, bytes_of(s->name, n), e);
}

bool catalogue_encode(const struct catalogue_maker *m, const uint8_t digest[32], struct heap *out,
                      struct err *e)
{
    uint8_t head[HEAD] = MAGIC;
    struct hash h;

    memcpy(head + 16, digest, 32);
    put_le(head + 48, m->l->n, 8);
    put_le(head + 56, m->n, 8);
    out->n = 0;
    if (!heap_put(out, bytes_of(head, sizeof head), e))
        return false;
    for (size_t i = 0; i < m->l->n; i++)
        if (!put_source(out, &m->l->sources[i], e))
            return false;
    if (!heap_put(out, bytes_of(m->facts.p, m->facts.n), e))
        return false;
    sha256(bytes_of(out->p, out->n), &h);
    return heap_put(out, bytes_of(h.b, TAIL), e);
}

bool catalogue_path(const char *index_path, const uint8_t digest[32], struct arena *a, char **out,
                    struct err *e)
{
    *out =
        arena_format(a, e, "%s.%02x%02x%02x%02x%02x%02x%02x%02x.refs", index_path, digest[0],
                     digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]);
    return *out != NULL;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static bool damaged(struct err *e)
{
    return err_fail(e, ERR_INPUT, "the catalogue of the index is damaged") ||
           err_hint(e, "entente watch compile makes both anew");
}

static bool read_sources(struct watch_catalogue *c, struct bytes *rest)
{
    for (size_t i = 0; i < c->sources_n; i++) {
        const uint8_t *p = rest->p;
        size_t n;
        if (rest->n < ACT_AGREEMENT + 2)
            return false;
        n = p[ACT_AGREEMENT + 1];
        if (rest->n - (ACT_AGREEMENT + 2) < n)
            return false;
        c->sources[i] = (struct named){.agreement = bytes_of(p, p[0] ? ACT_AGREEMENT : 0),
                                       .name = bytes_of(p + ACT_AGREEMENT + 2, n),
                                       .own = p[ACT_AGREEMENT]};
        *rest = bytes_part(*rest, ACT_AGREEMENT + 2 + n, SIZE_MAX);
    }
    return true;
}

static bool read_all(struct watch_catalogue *c, const struct watch_index *ix, struct err *e)
{
    struct bytes rest = bytes_part(c->file, HEAD, SIZE_MAX);
    struct watch_built built;
    struct hash h;

    if (c->file.n < HEAD + TAIL || !bytes_start_with(c->file, MAGIC))
        return err_fail(e, ERR_INPUT, "this is no catalogue of an index");
    watch_index_built(ix, &built);
    if (memcmp(c->file.p + 16, built.digest, 32))
        return err_fail(e, ERR_INPUT, "the catalogue belongs to another index");
    sha256(bytes_part(c->file, 0, c->file.n - TAIL), &h);
    if (memcmp(h.b, c->file.p + c->file.n - TAIL, TAIL))
        return damaged(e);
    rest.n -= TAIL;
    c->sources_n = (size_t)get_le(c->file.p + 48, 8);
    c->facts_n = get_le(c->file.p + 56, 8);
    if (c->sources_n > rest.n / (ACT_AGREEMENT + 2))
        return damaged(e);
    c->sources = calloc(c->sources_n + 1, sizeof *c->sources);
    if (!c->sources)
        return err_fail(e, ERR_NOMEM, "out of memory");
    if (!read_sources(c, &rest) || rest.n % FACT || rest.n / FACT != c->facts_n)
        return damaged(e);
    c->facts = rest.p;
    return true;
}

struct watch_catalogue *catalogue_of(struct bytes file, const struct watch_index *ix, struct err *e)
{
    struct watch_catalogue *c = calloc(1, sizeof *c);

    if (!c) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    c->file = file;
    if (read_all(c, ix, e))
        return c;
    catalogue_close(c);
    return NULL;
}

struct watch_catalogue *catalogue_open(const struct os *os, const char *index_path,
                                       const struct watch_index *ix, struct err *e)
{
    struct arena *a = arena_new(1 << 16);
    struct watch_catalogue *c = NULL;
    struct os_file *f = NULL;
    struct watch_built built;
    struct bytes file = {0};
    char *path;

    watch_index_built(ix, &built);
    if (!a)
        err_fail(e, ERR_NOMEM, "out of memory");
    else if (catalogue_path(index_path, built.digest, a, &path, e) &&
             os_open(os, path, OS_READ, &f, e) && os_map(os, f, &file, e))
        c = catalogue_of(file, ix, e);
    os_close(os, f);
    if (c)
        c->os = os;
    else if (file.p)
        os_unmap(os, file);
    arena_free(a);
    return c;
}

void catalogue_close(struct watch_catalogue *c)
{
    if (!c)
        return;
    if (c->os)
        os_unmap(c->os, c->file);
    free(c->sources);
    free(c);
}

bool catalogue_find(const struct watch_catalogue *c, uint32_t ref, struct catalogue_fact *out)
{
    const uint8_t *p;
    size_t source;

    if (!c || ref >= c->facts_n)
        return false;
    p = c->facts + (size_t)ref * FACT;
    source = (size_t)get_le(p + 20, 2);
    if (source >= c->sources_n)
        return false;
    *out = (struct catalogue_fact){.agreement = c->sources[source].agreement,
                                   .slug = c->sources[source].name,
                                   .act = get_le(p + 16, 4),
                                   .tlp = p[22] - 1,
                                   .own = c->sources[source].own};
    memcpy(out->uuid, p, 16);
    return true;
}

bool lookout_hit_expired(const struct watch_hit *h, int64_t now)
{
    int64_t at = h->event_us > 0 ? h->event_us / 1000000 : now;

    return h->indicator->until && h->indicator->until <= at;
}

size_t catalogue_origin(const struct watch_catalogue *c, uint32_t ref,
                        char text[CATALOGUE_ORIGIN_MAX])
{
    struct catalogue_fact f;
    int n;

    text[0] = '\0';
    if (!catalogue_find(c, ref, &f))
        return 0;
    if (f.agreement.n)
        n = snprintf(text, CATALOGUE_ORIGIN_MAX, "%.*s/%llu under %.8s",
                     BYTES_FMT(bytes_part(f.slug, 0, 63)), (unsigned long long)f.act,
                     (const char *)f.agreement.p);
    else
        n = snprintf(text, CATALOGUE_ORIGIN_MAX, "%.*s", BYTES_FMT(bytes_part(f.slug, 0, 150)));
    return n < 0 ? 0 : (size_t)n;
}
