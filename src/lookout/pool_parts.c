/* pool_parts: headers, parts, and hits that are kept until their turn. */
#include "lookout/pool_impl.h"

#include <stdlib.h>

/* ---- headers ------------------------------------------------------------------------------------
 */

static const char *const header_names[HEADER_LINES] = {
    "#separator", "#set_separator", "#empty_field", "#unset_field", "#path", "#fields", "#types"};

void header_note(struct header *h, struct bytes line)
{
    for (size_t i = 0; i < HEADER_LINES; i++) {
        size_t n = strlen(header_names[i]);
        if (!bytes_start_with(line, header_names[i]) || line.n == n || line.n > HEADER_MOST ||
            (line.p[n] != '\t' && line.p[n] != ' '))
            continue;
        free(h->line[i]);
        h->line[i] = strndup((const char *)line.p, line.n); /* NULL: columns without names */
        return;
    }
}

bool header_equal(const struct header *a, const struct header *b)
{
    for (size_t i = 0; i < HEADER_LINES; i++)
        if (!a->line[i] != !b->line[i] || (a->line[i] && strcmp(a->line[i], b->line[i])))
            return false;
    return true;
}

void header_free(struct header *h)
{
    for (size_t i = 0; i < HEADER_LINES; i++)
        free(h->line[i]);
    *h = (struct header){{0}};
}

static void header_merge(struct header *to, const struct header *from)
{
    for (size_t i = 0; i < HEADER_LINES; i++)
        if (from->line[i])
            header_note(to, bytes_text(from->line[i]));
}

static bool header_text(const struct header *h, struct heap *out)
{
    out->n = 0;
    for (size_t i = 0; i < HEADER_LINES; i++)
        if (h->line[i] &&
            (!heap_put(out, bytes_text(h->line[i]), NULL) || !heap_put(out, BYTES("\n"), NULL)))
            return false;
    return true;
}

/* ---- files in parts
 * --------------------------------------------------------------------------------- */

bool part_is_plain(struct bytes b)
{
    static const uint8_t captures[][4] = {{0xd4, 0xc3, 0xb2, 0xa1}, {0xa1, 0xb2, 0xc3, 0xd4},
                                          {0x4d, 0x3c, 0xb2, 0xa1}, {0xa1, 0xb2, 0x3c, 0x4d},
                                          {0x0a, 0x0d, 0x0d, 0x0a}, {0x28, 0xb5, 0x2f, 0xfd}};
    uint8_t a = b.n ? b.p[0] : 0;

    if (b.n < 4 || (a == 0x1f && b.p[1] == 0x8b) || (a == 0xff && b.p[1] == 0xfe) ||
        (a == 0xfe && b.p[1] == 0xff) || ((a & 0xf0) == 0x50 && b.p[1] == 0x2a && b.p[3] == 0x18))
        return false;
    for (size_t i = 0; i < sizeof captures / sizeof *captures; i++)
        if (!memcmp(b.p, captures[i], 4))
            return false;
    return true;
}

struct part_file *part_file_new(const char *path, uint64_t size, struct bytes first,
                                enum watch_format format)
{
    struct part_file *f = calloc(1, sizeof *f);
    uint8_t *copy = malloc(first.n + 1);

    (void)path;
    if (!f || !copy) {
        free(f);
        free(copy);
        return NULL;
    }
    memcpy(copy, first.p, first.n);
    f->size = size;
    f->first = bytes_of(copy, first.n);
    f->zeek = format == WATCH_ZEEK ||
              (format == WATCH_AUTO &&
               (bytes_start_with(first, "#separator") || bytes_start_with(first, "#fields")));
    return f;
}

void part_file_free(struct part_file *f)
{
    uint8_t *p;

    if (!f)
        return;
    memcpy(&p, &f->first.p, sizeof p); /* the copy of ours, to be freed */
    free(p);
    header_free(&f->head);
    free(f);
}

void job_reset(struct job *j, uint64_t number, const char *path)
{
    struct heap hits = {.p = j->hits.p, .cap = j->hits.cap};

    header_free(&j->used);
    header_free(&j->header);
    free(j->head);
    *j = (struct job){
        .number = number, .path = path, .to = UINT64_MAX, .first_header = UINT64_MAX, .hits = hits};
}

void job_of_part(struct job *j, struct part_file *f, uint64_t from, uint64_t to)
{
    j->file = f;
    j->from = from;
    j->to = to;
    j->last = to == UINT64_MAX;
    header_merge(&j->used, &f->head);
}

void job_free(struct job *j)
{
    if (j->file && j->last)
        part_file_free(j->file);
    header_free(&j->used);
    header_free(&j->header);
    free(j->head);
    free(j->hits.p);
}

struct bytes part_head(struct job *j)
{
    struct heap text = {0};

    if (!j->file->zeek)
        return j->file->first;
    if (!header_text(&j->used, &text) || text.n == 0) {
        free(text.p);
        return BYTES("#fields\t-\n"); /* its format; the columns are learnt when its turn comes */
    }
    free(j->head);
    j->head = (char *)text.p;
    return bytes_of(text.p, text.n);
}

/* ---- hits that wait
 * ----------------------------------------------------------------------------------- */

#define LINE_KEPT ((size_t)64 << 10)

/* As much of a huge line as is shown. */
static struct bytes line_kept(const struct watch_hit *h, bool *inside)
{
    size_t at;

    *inside = h->seen.p >= h->line.p && h->seen.p + h->seen.n <= h->line.p + h->line.n;
    if (h->line.n <= LINE_KEPT)
        return h->line;
    at = *inside ? (size_t)(h->seen.p - h->line.p) : 0;
    return bytes_part(h->line, at > 1024 ? at - 1024 : 0, LINE_KEPT);
}

struct kept {
    struct watch_hit hit;
    struct watch_indicator in;
    size_t seen_at; /* in the line; SIZE_MAX: it stands behind it */
    size_t size;
};

#define ALIGNED(n) (((n) + 15) & ~(size_t)15)

bool keep_hit(struct heap *h, const struct watch_hit *hit, struct err *e)
{
    struct kept k = {.hit = *hit, .in = *hit->indicator};
    bool inside;

    k.hit.line = line_kept(hit, &inside);
    inside = inside && hit->seen.p >= k.hit.line.p &&
             hit->seen.p + hit->seen.n <= k.hit.line.p + k.hit.line.n;
    k.seen_at = inside ? (size_t)(hit->seen.p - k.hit.line.p) : SIZE_MAX;
    k.size = ALIGNED(sizeof k + k.in.value.n + k.hit.line.n + (inside ? 0 : hit->seen.n) +
                     hit->log.n + hit->field.n);
    if (!heap_room(h, k.size, e))
        return false;
    memset(h->p + h->n + k.size - 16, 0, 16);
    memcpy(h->p + h->n, &k, sizeof k);
    h->n += sizeof k;
    heap_put(h, k.in.value, NULL);
    heap_put(h, k.hit.line, NULL);
    if (!inside)
        heap_put(h, hit->seen, NULL);
    heap_put(h, hit->log, NULL);
    heap_put(h, hit->field, NULL);
    h->n = ALIGNED(h->n);
    return true;
}

static struct bytes behind(const uint8_t **p, size_t n)
{
    struct bytes out = bytes_of(*p, n);

    *p += n;
    return out;
}

/* Origin and warning list are the index's own texts and stay where they are. */
bool kept_next(const struct heap *h, size_t *at, struct watch_hit *hit, struct watch_indicator *in)
{
    const uint8_t *p;
    struct kept k;

    if (*at == h->n)
        return false;
    p = h->p + *at;
    memcpy(&k, p, sizeof k);
    *at += k.size;
    p += sizeof k;
    k.in.value = behind(&p, k.in.value.n);
    k.hit.line = behind(&p, k.hit.line.n);
    if (k.seen_at == SIZE_MAX)
        k.hit.seen = behind(&p, k.hit.seen.n);
    else
        k.hit.seen = bytes_part(k.hit.line, k.seen_at, k.hit.seen.n);
    k.hit.log = behind(&p, k.hit.log.n);
    k.hit.field = behind(&p, k.hit.field.n);
    *in = k.in;
    *hit = k.hit;
    hit->indicator = in;
    return true;
}

/* ---- in turn
 * -------------------------------------------------------------------------------------------- */

static bool refuse(struct giving *g, bool ok)
{
    g->refused = g->refused || !ok;
    return !g->refused;
}

bool part_again(void *self, const struct watch_hit *hit)
{
    struct giving *g = self;

    return refuse(g, g->hit(g->self, g->job->path, hit));
}

/* Search one line under the header that holds there. */
static bool search_again(struct giving *g, struct job *j, const struct watch_hit *hit)
{
    struct bytes head;

    if (g->again_offset == hit->line_offset + 1)
        return true; /* another hit of the same line: given already */
    g->again_offset = hit->line_offset + 1;
    g->job = j;
    if (!header_text(&j->file->head, &g->text))
        return err_fail(&g->e, ERR_NOMEM, "out of memory");
    head = bytes_of(g->text.p, g->text.n);
    watch_scan_at(g->again, hit->line_offset, j->file->lines + hit->line_number - 1,
                  head.n ? head : BYTES("#fields\t-\n"));
    if (watch_scan(g->again, hit->line, &g->e) && watch_scan(g->again, BYTES("\n"), &g->e) &&
        watch_scan_end(g->again, &g->e))
        return true;
    return false;
}

bool part_give(struct giving *g, struct job *j, const struct watch_hit *hit)
{
    struct watch_hit h = *hit;

    if (!j->file)
        return refuse(g, g->hit(g->self, j->path, hit));
    if (j->file->zeek && j->from && hit->line_offset < j->first_header &&
        !header_equal(&j->used, &j->file->head))
        return search_again(g, j, hit) && !g->refused;
    h.line_number += j->file->lines;
    return refuse(g, g->hit(g->self, j->path, &h));
}

void part_done(struct giving *g, struct job *j)
{
    g->again_offset = 0;
    if (!j->file)
        return;
    header_merge(&j->file->head, &j->header);
    j->file->lines += j->lines;
    if (j->last)
        part_file_free(j->file);
    j->file = NULL;
}

void giving_end(struct giving *g)
{
    free(g->text.p);
}
