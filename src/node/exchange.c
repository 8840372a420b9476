/* Cosignatures, and the state that follows from them: what we give, and what we ask at the end of a
 * visit. Acts are dated by all cosignatures that anybody has, so nodes give each other theirs; then
 * equal inputs must give equal roots, and if they do not, somebody's program is wrong: the first
 * act that differs is named. */
#include "node/node_impl.h"

#define PLAIN "text/plain; charset=utf-8"
#define PAGES_OF_A_VISIT 64

/* ---- a page of what we have ---- */

struct filling {
    struct dates_page *page;
    struct arena *arena;
    size_t bytes;
    struct err *e;
    bool failed;
};

static bool fill_note(void *self, const struct record_dated *d)
{
    struct filling *f = self;

    if (f->page->n == LIMIT_DATES_NOTES || f->bytes + d->note.n > LIMIT_DATES_BYTES - 65536) {
        f->page->more = true;
        return false;
    }
    if (!arena_copy(f->arena, d->note, &f->page->note[f->page->n], f->e)) {
        f->failed = true;
        return false;
    }
    f->bytes += d->note.n + 16;
    f->page->n++;
    f->page->next = d->place;
    return true;
}

static bool page_of(struct slot *s, struct bytes slug, uint64_t from, struct arena *a,
                    struct dates_page *out, struct err *e)
{
    struct filling f = {.page = out, .arena = a, .e = e};

    *out = (struct dates_page){.next = from,
                               .note = arena_get_array(a, LIMIT_DATES_NOTES, sizeof *out->note, e)};
    return out->note && record_cosignatures(s->record, slug, from, fill_note, &f, e) && !f.failed;
}

/* ---- our state ---- */

/* The state, with the digest of each log's cosignatures. */
static bool state_of_logs(struct desk *d, struct arena *a, struct state_page *out, struct err *e)
{
    struct cases *c = desk_begin(d, e);
    const struct cases_terms *t;
    struct desk_state s;
    bool ok;

    if (!c)
        return false;
    t = desk_terms(d);
    ok = desk_state(d, &s, e);
    *out = (struct state_page){.inputs = s.inputs, .root = s.root};
    ok = ok && (out->pair = arena_get_array(a, cases_parties(t), sizeof *out->pair, e));
    for (uint16_t i = 0; ok && i < cases_parties(t); i++) {
        sha256(cases_party_slug(t, i), &out->pair[i].id);
        ok = cases_dates(c, i, &out->pair[i].digest, e);
        out->n = i + 1u;
    }
    desk_end(d);
    return ok;
}

/* Which part of the state is asked for: all buckets, the matters of one, the acts of a matter. */
static bool part_of(struct cases *c, struct bytes which, struct bytes value, struct arena *a,
                    struct state_page *out, struct err *e)
{
    struct hash id;
    uint64_t n;

    if (bytes_are(which, "bucket") && decimal_parse(value, &n) && n < CASES_BUCKETS)
        return cases_bucket_matters(c, (uint32_t)n, a, &out->pair, &out->n, e);
    if (bytes_are(which, "matter") && hex_decode(id.b, 32, value))
        return cases_trace(c, &id, a, &out->pair, &out->n, e);
    if (!bytes_are(which, "buckets"))
        return err_fail(e, ERR_INPUT, "no such part of the state");
    if (!(out->pair = arena_get_array(a, CASES_BUCKETS, sizeof *out->pair, e)))
        return false;
    for (uint32_t i = 0; i < CASES_BUCKETS; i++) {
        out->pair[i].id = (struct hash){{0}};
        out->pair[i].id.b[30] = (uint8_t)(i >> 8);
        out->pair[i].id.b[31] = (uint8_t)i;
        if (!cases_bucket(c, i, &out->pair[i].digest, e))
            return false;
    }
    out->n = CASES_BUCKETS;
    return true;
}

static bool state_part(struct desk *d, struct bytes which, struct bytes value, struct arena *a,
                       struct state_page *out, struct err *e)
{
    struct cases *c = desk_begin(d, e);
    struct desk_state s;
    bool ok;

    if (!c)
        return false;
    *out = (struct state_page){0};
    ok = desk_state(d, &s, e) && part_of(c, which, value, a, out, e);
    if (ok && out->n > LIMIT_STATE_PAIRS)
        out->n = LIMIT_STATE_PAIRS;
    out->inputs = s.inputs;
    out->root = s.root;
    desk_end(d);
    return ok;
}

/* ---- what others ask ---- */

void route_dates(struct route_call *c)
{
    struct http_param *params;
    struct dates_page page;
    struct bytes value, body;
    struct err e = {0};
    uint64_t from = 0;
    size_t n;
    bool found;

    if (!http_query_parse(c->q->query, c->q->arena, &params, &n, &e) ||
        !http_query_find(params, n, "from", &found, &value, &e) ||
        (found && !decimal_parse(value, &from)))
        http_respond_text(c->r, 400, "from is a place");
    else if (!page_of(c->slot, c->slug, from, c->q->arena, &page, &e) ||
             !dates_print(&page, c->q->arena, &body, &e))
        route_refuse(c->n, c->q, c->r, &e);
    else
        http_respond(c->r, 200, PLAIN, body);
}

void route_new_dates(struct route_call *c)
{
    struct dates_page page;
    struct err e = {0};
    unsigned news = 0;
    size_t done;
    bool ok;

    if (!dates_parse(c->q->body, c->q->arena, &page, &e)) {
        route_refuse(c->n, c->q, c->r, &e);
        return;
    }
    if (!slot_hold(c->n, c->slot, &e)) {
        http_response_header(c->r, "Retry-After", BYTES("2"));
        http_respond_text(c->r, 503, "too much at a time");
        return;
    }
    ok = record_take_dates(c->slot->record, c->slug, page.note, page.n, &done, &news, &e);
    if (!ok)
        node_note_failure(c->n, c->slot, &e);
    slot_release(c->n, c->slot);
    if (ok)
        http_respond_text(c->r, 200, "%s", done == page.n ? "taken" : "later");
    else
        route_refuse(c->n, c->q, c->r, &e);
}

void route_state(struct route_call *c)
{
    struct http_param *params;
    struct state_page page;
    struct bytes body;
    struct err e = {0};
    size_t n;
    bool ok;

    if (!http_query_parse(c->q->query, c->q->arena, &params, &n, &e) || n > 1) {
        http_respond_text(c->r, 400, "one part of the state at most");
        return;
    }
    ok = n ? state_part(c->slot->desk, params[0].name, params[0].value, c->q->arena, &page, &e)
           : state_of_logs(c->slot->desk, c->q->arena, &page, &e);
    if (ok && state_page_print(&page, c->q->arena, &body, &e))
        http_respond(c->r, 200, PLAIN, body);
    else
        route_refuse(c->n, c->q, c->r, &e);
}

/* ---- what we ask ---- */

static bool ask_state(struct visiting *v, const char *query, struct state_page *out, struct err *e)
{
    char *target = arena_format(v->arena, e, ROUTE "state/%s%s", v->slot->id, query);
    struct http_reply reply;

    if (!target || !peer_call(v, HTTP_GET, target, (struct bytes){0}, LIMIT_STATE_BYTES, &reply, e))
        return false;
    if (reply.status != 200)
        return peer_refused(&reply, "the state of its cases", e);
    return state_page_parse(reply.body, v->arena, out, e);
}

static bool ask_page(struct visiting *v, struct bytes slug, uint64_t from, struct dates_page *out,
                     struct err *e)
{
    char *target = arena_format(v->arena, e, ROUTE "cosignatures/%s/%.*s?from=%llu", v->slot->id,
                                BYTES_FMT(slug), (unsigned long long)from);
    struct http_reply reply;

    if (!target || !peer_call(v, HTTP_GET, target, (struct bytes){0}, LIMIT_DATES_BYTES, &reply, e))
        return false;
    if (reply.status != 200)
        return peer_refused(&reply, "cosignatures", e);
    return dates_parse(reply.body, v->arena, out, e);
}

static bool pull_page(struct visiting *v, struct bytes slug, uint64_t *from, bool *more,
                      struct err *e)
{
    struct arena_mark m = arena_mark(v->arena);
    struct dates_page page;
    unsigned news;
    size_t done = 0;
    bool ok;

    if (!ask_page(v, slug, *from, &page, e) || !slot_hold(v->n, v->slot, e))
        return false;
    ok = record_take_dates(v->slot->record, slug, page.note, page.n, &done, &news, e);
    if (!ok)
        node_note_failure(v->n, v->slot, e);
    slot_release(v->n, v->slot);
    /* What is of a head that we do not hold yet is asked for again. */
    *more = ok && page.more && done == page.n && page.next > *from;
    if (ok && done == page.n)
        *from = page.next;
    arena_reset(v->arena, m);
    return ok;
}

/* Of all that they have of this log's cosignatures, the times of ours. */
static bool times_page(struct visiting *v, struct bytes slug, uint64_t *from, bool *more,
                       struct err *e)
{
    struct arena_mark m = arena_mark(v->arena);
    struct dates_page page;
    bool ok;

    if (!ask_page(v, slug, *from, &page, e) || !slot_hold(v->n, v->slot, e))
        return false;
    ok = record_remember_times(v->slot->record, slug, page.note, page.n, e);
    if (!ok)
        node_note_failure(v->n, v->slot, e);
    slot_release(v->n, v->slot);
    *more = ok && page.more && page.next > *from;
    *from = page.next;
    arena_reset(v->arena, m);
    return ok;
}

/* From the start: nothing of it may be missing when the fence opens. */
static bool times_of(struct visiting *v, struct bytes slug, struct err *e)
{
    uint64_t from = 0;

    for (bool more = true; more;) {
        if (v->passed > LIMIT_NODE_VISIT_BYTES || atomic_load(&v->n->stopping))
            return err_fail(e, ERR_LIMIT, "the visit is over before all was told");
        if (!times_page(v, slug, &from, &more, e))
            return false;
    }
    return true;
}

bool exchange_times(struct visiting *v, struct err *e)
{
    for (size_t i = 0; i < v->heads.n; i++) {
        struct bytes slug = v->heads.line[i].slug;
        if (slot_visit(v->slot, slug) && !times_of(v, slug, e))
            return err_within(e, "our times in the log of %.*s", BYTES_FMT(slug));
    }
    return true;
}

static bool push_page(struct visiting *v, struct bytes slug, uint64_t *from, bool *more,
                      struct err *e)
{
    struct arena_mark m = arena_mark(v->arena);
    char *target =
        arena_format(v->arena, e, ROUTE "cosignatures/%s/%.*s", v->slot->id, BYTES_FMT(slug));
    struct http_reply reply;
    struct dates_page page;
    struct bytes body;
    bool taken;

    *more = false;
    if (!target || !page_of(v->slot, slug, *from, v->arena, &page, e))
        return false;
    if (page.n == 0)
        return true;
    if (!dates_print(&page, v->arena, &body, e) ||
        !peer_call(v, HTTP_POST, target, body, 4096, &reply, e))
        return false;
    if (reply.status != 200)
        return peer_refused(&reply, "our cosignatures", e);
    taken = bytes_are(reply.body, "taken") || bytes_are(reply.body, "taken\n");
    *more = taken && page.more;
    if (taken)
        *from = page.next;
    arena_reset(v->arena, m);
    return true;
}

typedef bool page_fn(struct visiting *v, struct bytes slug, uint64_t *from, bool *more,
                     struct err *e);

static bool all_pages(struct visiting *v, size_t i, struct bytes slug, page_fn *step,
                      uint64_t *places, struct err *e)
{
    uint64_t from;
    bool more = true, ok = true;

    pthread_mutex_lock(&v->n->lock);
    from = places[i];
    pthread_mutex_unlock(&v->n->lock);
    for (int k = 0; ok && more && k < PAGES_OF_A_VISIT && !atomic_load(&v->n->stopping); k++)
        ok = step(v, slug, &from, &more, e);
    pthread_mutex_lock(&v->n->lock);
    places[i] = from;
    pthread_mutex_unlock(&v->n->lock);
    return ok;
}

/* Of every log whose cosignatures differ: take theirs, then give ours. */
static bool level_dates(struct visiting *v, const struct state_page *ours,
                        const struct state_page *theirs, bool pull, struct err *e)
{
    struct bytes slugs[LIMIT_PARTIES];
    size_t n = slot_parties(v->slot, slugs);

    for (size_t i = 0; i < n; i++) {
        const struct cases_digest *a, *b;
        struct hash id;
        sha256(slugs[i], &id);
        a = state_page_find(ours, &id);
        b = state_page_find(theirs, &id);
        if (!a || !b || hash_equal(&a->digest, &b->digest))
            continue;
        if (!all_pages(v, i, slugs[i], pull ? pull_page : push_page,
                       pull ? v->visit->dates_from : v->visit->dates_told, e))
            return err_within(e, "cosignatures of %.*s", BYTES_FMT(slugs[i]));
    }
    return true;
}

/* ---- a difference ---- */

/* Theirs and ours of one part; the place where they begin to differ. */
static bool part_differs(struct visiting *v, const char *which, const char *value,
                         struct state_page *ours, struct state_page *theirs, size_t *at,
                         struct err *e)
{
    char *query = arena_format(v->arena, e, "?%s=%s", which, value);

    if (!query || !ask_state(v, query, theirs, e) ||
        !state_part(v->slot->desk, bytes_text(which), bytes_text(value), v->arena, ours, e))
        return false;
    *at = cases_differ(ours->pair, ours->n, theirs->pair, theirs->n);
    return true;
}

static const char *hex_at(struct visiting *v, const struct state_page *a,
                          const struct state_page *b, size_t at)
{
    const struct state_page *s = at < a->n ? a : b;
    char *hex = arena_get(v->arena, 65, NULL);

    if (!hex || at >= s->n)
        return "none";
    hex_encode(hex, s->pair[at].id.b, 32);
    return hex;
}

/* Down to the first act: the bucket, its matter, the act in it. */
static bool find_difference(struct visiting *v, const char **matter, const char **act,
                            struct err *e)
{
    struct state_page ours, theirs;
    char bucket[24];
    size_t at;

    if (!part_differs(v, "buckets", "1", &ours, &theirs, &at, e))
        return false;
    if (at >= CASES_BUCKETS)
        return err_fail(e, ERR_MISSING, "it is gone");
    snprintf(bucket, sizeof bucket, "%zu", at);
    if (!part_differs(v, "bucket", bucket, &ours, &theirs, &at, e))
        return false;
    *matter = hex_at(v, &ours, &theirs, at);
    if (!part_differs(v, "matter", *matter, &ours, &theirs, &at, e))
        return false;
    *act = hex_at(v, &ours, &theirs, at);
    return true;
}

static void keep_difference(struct visiting *v, const struct state_page *ours,
                            const struct state_page *theirs, const char *matter, const char *act)
{
    char path[PATH_ROOM], when[TIME_TEXT_MAX];
    struct buf b = buf_in(v->arena);
    struct err e = {0};
    struct bytes text;

    time_print(when, os_now(v->n->os));
    buf_format(&b,
               "The cases of agreement %s come out otherwise at %.*s than here, from the same "
               "acts,\ncosignatures and versions: one of the two programs is wrong.\n"
               "found %s\nmatter %s\nfirst act that differs %s\n",
               v->slot->id, BYTES_FMT(v->visit->slug), when, matter, act);
    buf_puts(&b, "inputs ");
    buf_hex(&b, ours->inputs.b, 32);
    buf_puts(&b, "\nroot here ");
    buf_hex(&b, ours->root.b, 32);
    buf_puts(&b, "\nroot there ");
    buf_hex(&b, theirs->root.b, 32);
    buf_puts(&b, "\n");
    if (!buf_end(&b, &text, &e) ||
        !path_print(path, &e, "%s/agreements/%s/differs-%.*s.txt", v->n->dir, v->slot->id,
                    BYTES_FMT(v->visit->slug)) ||
        !os_write_file(v->n->os, path, text, 0, &e))
        diag_err(v->n->diag, DIAG_ERROR, "a difference was not kept", &e);
}

static void set_compared(struct visiting *v, enum node_compared to, const char *act)
{
    pthread_mutex_lock(&v->n->lock);
    v->visit->compared = to;
    snprintf(v->visit->differs, sizeof v->visit->differs, "%s", act);
    pthread_mutex_unlock(&v->n->lock);
}

static void raise_difference(struct visiting *v, const struct state_page *ours,
                             const struct state_page *theirs)
{
    const char *matter = "unknown", *act = "unknown";
    struct err e = {0};
    bool known;

    pthread_mutex_lock(&v->n->lock);
    known = v->visit->compared == NODE_DIFFERS;
    pthread_mutex_unlock(&v->n->lock);
    if (known)
        return; /* said and kept already */
    if (!find_difference(v, &matter, &act, &e))
        diag_err(v->n->diag, DIAG_WARN, "where the states differ was not found", &e);
    keep_difference(v, ours, theirs, matter, act);
    set_compared(v, NODE_DIFFERS, act);
    diag(v->n->diag, DIAG_ERROR, "cases come out otherwise at a peer",
         "peer=%.*s agreement=%s matter=%s act=%s", BYTES_FMT(v->visit->slug), v->slot->id, matter,
         act);
}

/* True: settled one way or the other. */
static bool compare(struct visiting *v, const struct state_page *ours,
                    const struct state_page *theirs)
{
    if (!hash_equal(&ours->inputs, &theirs->inputs))
        return false;
    if (hash_equal(&ours->root, &theirs->root))
        set_compared(v, NODE_SAME, "");
    else
        raise_difference(v, ours, theirs);
    return true;
}

#define BEGIN_AGAIN_US (600 * US_PER_S)

/* Places are a giver's own and go back when its disk does. If all was given and the two still
 * differ, begin from the start: not at every visit, for there may be a difference that stays. */
static bool begin_again(struct visiting *v)
{
    struct visit *x = v->visit;
    int64_t now = os_ticks_us(v->n->os);
    bool again;

    pthread_mutex_lock(&v->n->lock);
    again = now >= x->dates_again;
    if (again) {
        memset(x->dates_from, 0, sizeof x->dates_from);
        memset(x->dates_told, 0, sizeof x->dates_told);
        x->dates_again = now + BEGIN_AGAIN_US;
    }
    pthread_mutex_unlock(&v->n->lock);
    return again;
}

static bool same_dates(const struct state_page *a, const struct state_page *b)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct cases_digest *d = state_page_find(b, &a->pair[i].id);
        if (!d || !hash_equal(&d->digest, &a->pair[i].digest))
            return false;
    }
    return true;
}

/* Take, give, and once more from the start if that was not enough. */
bool exchange_run(struct visiting *v, struct err *e)
{
    struct state_page ours, theirs;

    for (int round = 0; round < 5; round++) {
        struct err why = {0};
        if (!state_of_logs(v->slot->desk, v->arena, &ours, &why))
            return true; /* an agreement without clocks has no cases */
        if (!ask_state(v, "", &theirs, e))
            return false;
        if (compare(v, &ours, &theirs))
            return true;
        if (same_dates(&ours, &theirs) || round == 4 || (round == 2 && !begin_again(v)))
            break;
        if (!level_dates(v, &ours, &theirs, round % 2 == 0, e))
            return false;
    }
    set_compared(v, NODE_NOT_COMPARED, "");
    return true;
}
