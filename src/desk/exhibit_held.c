/* Exhibits that a record holds: found in the logs, read back verified, erased. */
#include "desk/exhibit_impl.h"

#include <stdio.h>

/* ---- finding ---- */

struct gathering {
    struct record *r;
    struct arena *a;
    struct exhibit_held *list;
    size_t n, cap;
};

static bool room(struct gathering *g, struct err *e)
{
    size_t cap = g->cap ? g->cap * 2 : 16;
    struct exhibit_held *more;

    if (g->n < g->cap)
        return true;
    more = arena_get_array(g->a, cap, sizeof *more, e);
    if (!more)
        return false;
    if (g->n)
        memcpy(more, g->list, g->n * sizeof *more);
    g->list = more;
    g->cap = cap;
    return true;
}

/* What is malformed is no exhibit; its act is still there to be looked at. */
static bool take_first(struct gathering *g, const struct act *act, struct bytes body, struct err *e)
{
    struct err why = {0};
    struct exhibit_held *h;

    if (!room(g, e))
        return false;
    h = &g->list[g->n];
    *h = (struct exhibit_held){
        .from = act->from, .index = act->seq, .act = act->text_hash, .time = act->time};
    if (!exhibit_parse(body, g->a, &h->x, &why))
        return why.code != ERR_NOMEM || err_pass(e, &why);
    for (size_t i = 0; i < h->x.steps_n; i++)
        h->x.steps[i].by = act->from;
    g->n++;
    return true;
}

static struct exhibit_held *held_of(struct gathering *g, const struct act *act)
{
    for (size_t i = 0; act->refs_n && i < g->n; i++)
        if (hash_equal(&g->list[i].act, &act->refs[0]))
            return &g->list[i];
    return NULL;
}

/* Does the salt open the digest? Only the whole bytes can tell: exhibit_read does. */
static bool open_it(struct gathering *g, struct exhibit_held *h, const struct act *act,
                    struct bytes body, struct err *e)
{
    struct exhibit *open = arena_get(g->a, sizeof *open, e);
    uint8_t salt[EXHIBIT_SALT];
    struct bytes hex;

    if (!open)
        return false;
    if (!bytes_equal(act->from, h->from) || h->provided || !exhibit_parse(body, g->a, open, NULL) ||
        !json_as_string(json_find(json_parse(body, g->a, NULL), "salt"), &hex) ||
        !hex_decode(salt, sizeof salt, hex))
        return true;
    h->provided = true;
    h->opened = open->sha256;
    memcpy(h->salt, salt, sizeof salt);
    h->x.size = open->size;
    h->x.parts_n = open->parts_n;
    memcpy(h->x.parts, open->parts, sizeof open->parts);
    return true;
}

static bool take_later(struct gathering *g, const struct act *act, struct bytes body, struct err *e)
{
    struct exhibit_held *h = held_of(g, act);

    if (!h)
        return true;
    if (bytes_are(act->kind, "exhibit.provide"))
        return open_it(g, h, act, body, e);
    if (bytes_are(act->kind, "exhibit.custody")) {
        const struct json *o = json_parse(body, g->a, NULL);
        size_t before = h->x.steps_n;
        if (!o || !exhibit_parse_steps(o, act->from, &h->x, NULL))
            h->x.steps_n = before;
    }
    if (bytes_are(act->kind, "exhibit.erase") && h->erased_n < LIMIT_PARTIES)
        h->erased_by[h->erased_n++] = act->from;
    return true;
}

struct walking {
    struct gathering *g;
    bool first;
    struct err *e;
    bool failed;
};

static bool take_said(void *self, const struct act *act, struct bytes payload)
{
    struct walking *w = self;
    struct act copy = *act; /* what passes by is gone with the next */
    bool ok = true;

    if (payload.n && bytes_start_with(act->kind, "exhibit") &&
        bytes_are(act->kind, "exhibit") == w->first)
        ok = arena_copy(w->g->a, payload, &payload, w->e) &&
             arena_copy(w->g->a, act->from, &copy.from, w->e) &&
             arena_copy(w->g->a, act->time, &copy.time, w->e) &&
             (w->first ? take_first(w->g, &copy, payload, w->e)
                       : take_later(w->g, &copy, payload, w->e));
    w->failed = !ok;
    return ok;
}

static bool walk(struct gathering *g, struct bytes slug, bool first, struct err *e)
{
    struct err why = {0};
    struct walking w = {.g = g, .first = first, .e = &why};

    return (record_said(g->r, slug, 0, take_said, &w, &why) && !w.failed) || err_pass(e, &why);
}

bool exhibit_list(struct record *r, struct arena *a, struct exhibit_held **out, size_t *n,
                  struct err *e)
{
    struct gathering g = {.r = r, .a = a};
    struct bytes slugs[LIMIT_PARTIES];
    size_t slugs_n = 0;

    for (const struct agreement *v = record_agreement(r); slugs_n < v->parties_n; slugs_n++)
        if (!arena_copy(a, v->parties[slugs_n].slug, &slugs[slugs_n], e))
            return false;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < slugs_n; i++)
            if (!walk(&g, slugs[i], pass == 0, e))
                return false;
    *out = g.list;
    *n = g.n;
    return true;
}

/* ---- by name ---- */

static bool is_named(const struct exhibit_held *h, struct bytes name)
{
    char hex[64], place[100];
    size_t n;

    if (bytes_equal(h->x.id, name))
        return true;
    n = (size_t)snprintf(place, sizeof place, "%.*s/%llu", BYTES_FMT(h->from),
                         (unsigned long long)h->index);
    if (bytes_equal(bytes_of(place, n), name))
        return true;
    if (name.n < 8 || name.n > 64)
        return false;
    hex_encode(hex, h->x.sha256.b, 32);
    if (!memcmp(hex, name.p, name.n))
        return true;
    hex_encode(hex, h->opened.b, 32);
    if (h->provided && !memcmp(hex, name.p, name.n))
        return true;
    hex_encode(hex, h->act.b, 32);
    return !memcmp(hex, name.p, name.n);
}

bool exhibit_find(struct record *r, struct bytes name, struct arena *a, struct exhibit_held *out,
                  struct err *e)
{
    const struct exhibit_held *found = NULL;
    struct exhibit_held *list;
    size_t n;

    if (!exhibit_list(r, a, &list, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_named(&list[i], name))
            continue;
        if (found && !hash_equal(&found->x.sha256, &list[i].x.sha256))
            return err_fail(e, ERR_INPUT, "several exhibits are named so; give more digits");
        if (!found)
            found = &list[i];
    }
    if (!found)
        return err_fail(e, ERR_MISSING, "there is no exhibit of that name here");
    *out = *found;
    return true;
}

/* ---- bytes ---- */

static struct act part_of(const struct exhibit_held *h, size_t i)
{
    struct act act = {.from = h->from};

    act.body.media_type = BYTES(MEDIA_PART);
    act.body.sha256 = h->x.parts[i].sha256;
    act.body.size = h->x.parts[i].size + PART_SALT;
    return act;
}

static bool read_part(struct record *r, const struct exhibit_held *h, size_t i, struct arena *a,
                      struct bytes *piece, struct err *e)
{
    struct act act = part_of(h, i);
    struct bytes payload;
    struct hash sum;

    if (!record_payload(r, &act, a, &payload, e))
        return err_within(e, "part %zu of %zu", i + 1, h->x.parts_n);
    sha256(payload, &sum);
    if (payload.n != act.body.size || !hash_equal(&sum, &act.body.sha256))
        return err_fail(e, ERR_PROOF, "part %zu of %zu is not what its digest says", i + 1,
                        h->x.parts_n);
    *piece = bytes_part(payload, PART_SALT, SIZE_MAX);
    return true;
}

/* What the digests are taken over, as the parts go by. In escrow with a party only its sender knows
 * the salt: there the parts' own digests, which all have seen, are what binds. */
struct sums {
    struct sha256 plain, salted;
};

static bool sums_are(struct sums *s, const struct exhibit_held *h, struct err *e)
{
    struct hash plain, salted;

    sha256_end(&s->plain, &plain);
    sha256_end(&s->salted, &salted);
    if (!h->x.salted && !hash_equal(&plain, &h->x.sha256))
        return err_fail(e, ERR_PROOF, "the parts together are not what the exhibit's digest says");
    if (h->provided && (!hash_equal(&plain, &h->opened) || !hash_equal(&salted, &h->x.sha256)))
        return err_fail(e, ERR_PROOF, "what was provided is not what the salted digest says");
    return true;
}

bool exhibit_read(struct record *r, const struct exhibit_held *h, struct arena *scratch,
                  bool (*put)(void *self, struct bytes piece, struct err *e), void *self,
                  struct err *e)
{
    struct sums s;

    if (h->x.parts_n == 0)
        return err_fail(e, ERR_MISSING, "it is %s: only its digest was given",
                        exhibit_availability_words[h->x.availability]);
    sha256_start(&s.plain);
    exhibit_salted_start(&s.salted, h->salt);
    for (size_t i = 0; i < h->x.parts_n; i++) {
        struct arena_mark m = arena_mark(scratch);
        struct bytes piece;
        if (!read_part(r, h, i, scratch, &piece, e))
            return false;
        sha256_add(&s.plain, piece);
        if (h->provided)
            sha256_add(&s.salted, piece);
        if (put && !put(self, piece, e))
            return false;
        arena_reset(scratch, m);
    }
    return sums_are(&s, h, e);
}

static bool erase_part(struct record *r, const struct exhibit_held *h, size_t i, struct arena *a,
                       size_t *erased, struct err *e)
{
    struct act act = part_of(h, i);
    struct bytes payload;

    if (!record_payload(r, &act, a, &payload, e))
        return false;
    *erased += 1;
    return record_erase(r, &act.body.sha256, e);
}

bool exhibit_erase(struct record *r, const struct exhibit_held *h, struct err *e)
{
    struct arena *a = arena_new(EXHIBIT_PART_BYTES * 4);
    size_t erased = 0;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    for (size_t i = 0; ok && i < h->x.parts_n; i++) {
        struct arena_mark m = arena_mark(a);
        struct err missing = {0};
        ok = erase_part(r, h, i, a, &erased, &missing) || missing.code == ERR_MISSING ||
             err_pass(e, &missing);
        arena_reset(a, m);
    }
    arena_free(a);
    return ok && (erased || err_fail(e, ERR_MISSING, "none of its bytes are here"));
}

/* ---- what we keep ---- */

static const char *kept_path(const char *dir, const struct exhibit *x, const char *what,
                             struct arena *a, struct err *e)
{
    char hex[65] = {0};

    hex_encode(hex, x->sha256.b, 32);
    return arena_format(a, e, "%s/%s.%s", dir, hex, what);
}

bool exhibit_keep(const struct os *os, const char *dir, const struct exhibit *x,
                  const uint8_t salt[EXHIBIT_SALT], struct bytes content, struct arena *a,
                  struct err *e)
{
    const char *bytes = kept_path(dir, x, "bytes", a, e), *salted = kept_path(dir, x, "salt", a, e);

    return bytes && salted && os_make_dirs(os, dir, e) &&
           os_write_file(os, bytes, content, OS_PRIVATE, e) &&
           os_write_file(os, salted, bytes_of(salt, EXHIBIT_SALT), OS_PRIVATE, e);
}

bool exhibit_kept(const struct os *os, const char *dir, const struct exhibit *x,
                  uint8_t salt[EXHIBIT_SALT], struct arena *a, struct bytes *content, struct err *e)
{
    const char *bytes = kept_path(dir, x, "bytes", a, e), *salted = kept_path(dir, x, "salt", a, e);
    struct bytes s;

    if (!bytes || !salted || !os_read_file(os, salted, EXHIBIT_SALT, a, &s, e) ||
        !os_read_file(os, bytes, EXHIBIT_MOST, a, content, e))
        return err_within(e, "what was kept of the exhibit");
    if (s.n != EXHIBIT_SALT)
        return err_fail(e, ERR_INPUT, "%s has %zu bytes, not %d", salted, s.n, EXHIBIT_SALT);
    memcpy(salt, s.p, EXHIBIT_SALT);
    return true;
}
