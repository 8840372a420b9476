/* Which acts go in: those of the cases, those by which they are judged (the agreement and its
 * changes, keys, outages, remedies), the exhibits that they cite, and what hangs on them. */
#include "dossier/dossier_impl.h"

#include <stdlib.h>

int part_of(const struct making *k, struct bytes slug)
{
    for (size_t i = 0; i < k->parts; i++)
        if (bytes_equal(k->part[i].slug, slug))
            return (int)i;
    return -1;
}

bool pick(struct making *k, size_t part, uint64_t index, bool of_case, struct err *e)
{
    struct part *p = &k->part[part];

    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 256;
        struct pick *more = arena_get_array(k->a, cap, sizeof *more, e);
        if (!more)
            return false;
        if (p->n)
            memcpy(more, p->picks, p->n * sizeof *more);
        p->picks = more;
        p->cap = cap;
    }
    p->picks[p->n++] = (struct pick){index, of_case};
    return true;
}

/* ---- exhibits ---- */

struct exhibited {
    size_t part;
    uint64_t index;
    struct bytes id;  /* of the exhibit */
    struct bytes own; /* its parts' digests, 32 bytes each */
};

struct selecting {
    struct making *k;
    size_t part;
    struct exhibited *exhibits;
    size_t exhibits_n, exhibits_cap;
    struct bytes *cited;
    size_t cited_n, cited_cap;
    struct hash *support; /* other matters that bear on the cases */
    size_t support_n, support_cap;
    bool failed;
};

static bool room(struct arena *a, void **list, size_t *cap, size_t n, size_t size, struct err *e)
{
    size_t more = *cap ? *cap * 2 : 64;
    void *fresh;

    if (n < *cap)
        return true;
    if (!(fresh = arena_get_array(a, more, size, e)))
        return false;
    if (n)
        memcpy(fresh, *list, n * size);
    *list = fresh;
    *cap = more;
    return true;
}

static bool keep_parts(struct arena *a, const struct json *list, struct bytes *out, struct err *e)
{
    size_t n = json_count(list);
    uint8_t *all = arena_get_array(a, n, 32, e);
    struct bytes hex;

    if (!all)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!json_as_string(json_find(json_at(list, i), "sha256"), &hex) ||
            !hex_decode(all + 32 * i, 32, hex))
            n = i;
    *out = bytes_of(all, 32 * n);
    return true;
}

static bool note_exhibit(struct selecting *s, const struct act *act, struct bytes payload,
                         struct err *e)
{
    struct arena *a = s->k->a;
    struct exhibited *x;
    const struct json *body;
    struct bytes id = {0};

    if (!room(a, (void **)&s->exhibits, &s->exhibits_cap, s->exhibits_n, sizeof *x, e))
        return false;
    x = &s->exhibits[s->exhibits_n++];
    *x = (struct exhibited){.part = s->part, .index = act->seq};
    body = json_parse(payload, a, NULL);
    json_as_string(json_find(body, bytes_are(act->kind, "exhibit") ? "id" : "exhibit_ref"), &id);
    return arena_copy(a, id, &x->id, e) && keep_parts(a, json_find(body, "parts"), &x->own, e);
}

static bool note_cited(struct selecting *s, const struct json *body, struct err *e)
{
    const struct json *list = json_find(body, "evidence");
    struct bytes id;

    for (size_t i = 0; i < json_count(list); i++) {
        if (!json_as_string(json_find(json_at(list, i), "exhibit_ref"), &id))
            continue;
        if (!room(s->k->a, (void **)&s->cited, &s->cited_cap, s->cited_n, sizeof id, e) ||
            !arena_copy(s->k->a, id, &s->cited[s->cited_n], e))
            return false;
        s->cited_n++;
    }
    return true;
}

static bool is_cited(const struct selecting *s, struct bytes id)
{
    for (size_t i = 0; i < s->cited_n; i++)
        if (id.n && bytes_equal(s->cited[i], id))
            return true;
    return s->k->x->all && id.n;
}

/* The pieces of a file stand right before the act that names their digests, in one commit. */
static bool pick_parts(struct selecting *s, const struct exhibited *x, struct err *e)
{
    struct making *k = s->k;
    uint64_t n = x->own.n / 32;

    for (uint64_t i = 0; i < n && n <= x->index; i++) {
        struct arena_mark m = arena_mark(k->a);
        struct act *act = arena_get(k->a, sizeof *act, e);
        struct err missing = {0};
        uint64_t index = x->index - n + i;
        bool here = act && record_act(k->r, k->part[x->part].slug, index, k->a, act, &missing) &&
                    bytes_are(act->kind, "exhibit.part") &&
                    !memcmp(act->body.sha256.b, x->own.p + 32 * i, 32);
        arena_reset(k->a, m);
        if (!act || (missing.code && missing.code != ERR_MISSING))
            return act ? err_pass(e, &missing) : false;
        if (here && !pick(k, x->part, index, false, e))
            return false;
    }
    return true;
}

static bool pick_exhibits(struct selecting *s, struct err *e)
{
    for (size_t i = 0; i < s->exhibits_n; i++) {
        const struct exhibited *x = &s->exhibits[i];
        if (is_cited(s, x->id) &&
            (!pick(s->k, x->part, x->index, false, e) || !pick_parts(s, x, e)))
            return false;
    }
    return true;
}

/* ---- all that was said ---- */

static bool wanted(const struct making *k, const struct hash *id)
{
    size_t low = 0, high = k->x->cases_n;

    while (low < high) {
        size_t half = low + (high - low) / 2;
        int order = memcmp(k->x->cases[half].b, id->b, 32);
        if (order == 0)
            return true;
        if (order < 0)
            low = half + 1;
        else
            high = half;
    }
    return false;
}

/* Does an opening act hang on one of the cases: an obligation of a claim, a counter-claim? */
static bool hangs(const struct making *k, const struct json *body)
{
    static const char *const links[] = {"obligation_of", "counter_to"};
    struct bytes hex;
    struct hash id;

    for (size_t i = 0; i < 2; i++)
        if (json_as_string(json_find(body, links[i]), &hex) && hex_decode(id.b, 32, hex) &&
            wanted(k, &id))
            return true;
    return false;
}

static bool reaches_all(struct bytes kind)
{
    return bytes_are(kind, "outage") || bytes_start_with(kind, "remedy.");
}

static bool look_at(struct selecting *s, const struct act *act, struct bytes payload, struct err *e)
{
    struct making *k = s->k;
    bool request = bytes_are(act->kind, "request"),
         opens = request || bytes_are(act->kind, "claim");
    const struct json *body = NULL;

    if (bytes_start_with(act->kind, "exhibit"))
        return note_exhibit(s, act, payload, e);
    if (bytes_start_with(act->kind, "officer."))
        return pick(k, s->part, act->seq, true, e); /* whose signatures count for two */
    if (!cases_wants(act->kind))
        return !k->x->all || pick(k, s->part, act->seq, false, e);
    if (opens || bytes_find(payload, BYTES("\"exhibit_ref\"")) != SIZE_MAX)
        body = json_parse(payload, k->a, NULL);
    if (opens && hangs(k, body)) {
        if (!room(k->a, (void **)&s->support, &s->support_cap, s->support_n, sizeof *s->support, e))
            return false;
        s->support[s->support_n++] = act->text_hash;
    }
    if ((k->x->all || reaches_all(act->kind) || k->widen > 1 || (k->widen && request)) &&
        !pick(k, s->part, act->seq, true, e))
        return false;
    /* Only what acts of the cases cite comes along. */
    if (body && !k->x->all &&
        !(act->refs_n ? wanted(k, &act->refs[0]) : wanted(k, &act->text_hash)))
        return true;
    return note_cited(s, body, e);
}

static bool each_said(void *self, const struct act *act, struct bytes payload)
{
    struct selecting *s = self;

    s->failed = !look_at(s, act, payload, &s->k->e);
    return !s->failed;
}

/* ---- the cases ---- */

static bool pick_matter(struct making *k, struct cases *c, const struct hash *id, struct err *e)
{
    struct cases_act_view *acts;
    size_t n;

    if (!cases_acts(c, id, k->a, &acts, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!pick(k, desk_locator_party(acts[i].locator), desk_locator_index(acts[i].locator), true,
                  e))
            return false;
    return true;
}

static bool pick_changes(struct making *k, size_t part, struct err *e)
{
    uint64_t *index;
    size_t n;

    if (!record_changes(k->r, k->part[part].slug, k->a, &index, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!pick(k, part, index[i], true, e))
            return false;
    return true;
}

static int by_index(const void *a, const void *b)
{
    const struct pick *x = a, *y = b;

    return x->index < y->index ? -1 : x->index > y->index;
}

static void unique(struct part *p)
{
    size_t n = 0;

    if (p->n)
        qsort(p->picks, p->n, sizeof *p->picks, by_index);
    for (size_t i = 0; i < p->n; i++) {
        if (n && p->picks[n - 1].index == p->picks[i].index)
            p->picks[n - 1].of_case |= p->picks[i].of_case;
        else
            p->picks[n++] = p->picks[i];
    }
    p->n = n;
}

/* Acts that the record does not give us (they are for others) are no picks that can be shown. */
static bool drop_absent(struct making *k, struct part *p, struct err *e)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++) {
        struct arena_mark m = arena_mark(k->a);
        struct act *act = arena_get(k->a, sizeof *act, e);
        struct err missing = {0};
        bool here = act && record_act(k->r, p->slug, p->picks[i].index, k->a, act, &missing);
        arena_reset(k->a, m);
        if (!here && missing.code != ERR_MISSING)
            return missing.code ? err_pass(e, &missing) : false;
        if (here)
            p->picks[n++] = p->picks[i];
    }
    p->n = n;
    return true;
}

bool select_acts(struct making *k, struct err *e)
{
    struct selecting s = {.k = k};
    struct cases *c;
    bool ok = true;

    for (size_t i = 0; ok && i < k->parts; i++) {
        s.part = i;
        ok = pick_changes(k, i, e) && record_said(k->r, k->part[i].slug, 0, each_said, &s, e) &&
             (!s.failed || err_pass(e, &k->e)) && !s.failed;
    }
    if (!ok || !(c = desk_begin(k->x->desk, e)))
        return false;
    for (size_t i = 0; ok && i < k->x->cases_n; i++)
        ok = pick_matter(k, c, &k->x->cases[i], e);
    for (size_t i = 0; ok && i < s.support_n; i++)
        ok = pick_matter(k, c, &s.support[i], e);
    desk_end(k->x->desk);
    ok = ok && pick_exhibits(&s, e);
    for (size_t i = 0; ok && i < k->parts; i++) {
        unique(&k->part[i]);
        ok = drop_absent(k, &k->part[i], e);
    }
    return ok;
}
