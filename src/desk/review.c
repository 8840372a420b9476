/* What the record adds to the review: objects shared, comparisons, comments. */
#include "desk/review.h"
#include "desk/desk_impl.h"
#include "stix/json.h"

#include <stdlib.h>

/* What is counted of each party, in the order of the report. */
enum {
    OBJECTS,
    INDICATORS,
    INDICATORS_NEW,
    SIGHTINGS,
    REPORTS,
    SAMPLES,
    REVOKED,
    MATCHES,
    COUNTERS
};
static const char *const names[COUNTERS] = {
    [OBJECTS] = "objects_shared",
    [INDICATORS] = "indicators_shared",
    [INDICATORS_NEW] = "indicators_new",
    [SIGHTINGS] = "sightings_returned",
    [REPORTS] = "reports_shared",
    [SAMPLES] = "samples_shared",
    [REVOKED] = "revoked",
    [MATCHES] = "matches_run",
};

/* An act of the record that the report counts, by when others had signed for it. */
struct counted {
    int64_t at; /* seconds */
    uint16_t party;
    uint64_t index;
    struct hash id;
    bool share;
    uint8_t counter; /* if it is no share */
};

/* Ids of objects that have been shared so far, and by whom first. */
struct first_sharers {
    struct {
        uint8_t id[16]; /* of its SHA-256 */
        uint16_t party;
        bool used;
    } * slot;
    size_t n, cap;
};

struct gathering {
    struct desk *d;
    struct arena *arena;
    const struct review_period *period;
    const struct cases_terms *terms;
    struct arena *scratch; /* of one act or object */
    struct counted *list;
    uint32_t n, cap;
    struct cases_comment *comments;
    uint32_t comments_n, comments_cap;
    struct cases_counter *counters; /* COUNTERS of each party */
    struct cases_reason *why[LIMIT_PARTIES][COUNTERS];
    uint32_t why_n[LIMIT_PARTIES][COUNTERS], why_cap[LIMIT_PARTIES][COUNTERS];
    struct first_sharers first;
    const struct counted *now; /* the share that is being read */
    uint64_t of_share[COUNTERS];
    struct err e;
};

static bool grow(struct gathering *x, void **list, uint32_t *cap, uint32_t n, size_t size)
{
    void *more;

    if (n < *cap)
        return true;
    more = arena_get_array(x->arena, *cap ? *cap * 2 : 16, size, &x->e);
    if (!more)
        return false;
    if (n)
        memcpy(more, *list, n * size);
    *list = more;
    *cap = *cap ? *cap * 2 : 16;
    return true;
}

/* ---- which acts ---- */

/* May every party read it? Then every party counts it. */
static bool is_for_all(const struct gathering *x, const struct act *act)
{
    return act->to_n == 0 || act->to_n + 1 >= cases_parties(x->terms);
}

static bool signed_before(struct gathering *x, struct bytes slug, uint64_t index, int64_t *at)
{
    int64_t after;

    return record_bracket(desk_record(x->d), slug, index, &after, at, &x->e) && *at != INT64_MAX;
}

static void take_comment(struct gathering *x, const struct act *act, uint16_t party, int64_t at)
{
    struct bytes payload, text, period;
    const struct json *body;
    struct err none = {0};

    if (act->refs_n || !record_payload(desk_record(x->d), act, x->arena, &payload, &none) ||
        !(body = json_parse(payload, x->arena, &none)) ||
        !json_as_string(json_find(body, "period"), &period) ||
        !bytes_are(period, x->period->name) || !json_as_string(json_find(body, "text"), &text))
        return;
    if (grow(x, (void **)&x->comments, &x->comments_cap, x->comments_n, sizeof *x->comments))
        x->comments[x->comments_n++] =
            (struct cases_comment){party, at * 1000, act->text_hash, text};
}

static void take_act(struct gathering *x, const struct act *act, uint16_t party)
{
    bool share = bytes_are(act->kind, "share"), revoke = bytes_are(act->kind, "revoke"),
         match = bytes_are(act->kind, "match.result"), comment = bytes_are(act->kind, "comment");
    int64_t at;

    if ((!share && !revoke && !match && !comment) || !is_for_all(x, act) ||
        !signed_before(x, act->from, act->seq, &at))
        return;
    if (comment) {
        take_comment(x, act, party, at);
        return;
    }
    if (grow(x, (void **)&x->list, &x->cap, x->n, sizeof *x->list))
        x->list[x->n++] = (struct counted){.at = at,
                                           .party = party,
                                           .index = act->seq,
                                           .id = act->text_hash,
                                           .share = share,
                                           .counter = revoke ? REVOKED : MATCHES};
}

static void read_log(struct gathering *x, uint16_t party)
{
    struct bytes slug = cases_party_slug(x->terms, party);
    struct record_head head;

    if (!record_head(desk_record(x->d), slug, x->scratch, &head, &x->e))
        return;
    for (uint64_t i = 0; i < head.size && !x->e.code; i++) {
        struct arena_mark mark = arena_mark(x->scratch);
        struct err why = err_like(&x->e);
        struct act act;
        if (record_act(desk_record(x->d), slug, i, x->scratch, &act, &why))
            take_act(x, &act, party);
        else if (why.code != ERR_MISSING) /* not addressed to us: nobody counts it */
            err_pass(&x->e, &why);
        arena_reset(x->scratch, mark);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct counted *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->party != y->party)
        return x->party < y->party ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int by_comment(const void *a, const void *b)
{
    const struct cases_comment *x = a, *y = b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return memcmp(x->id.b, y->id.b, sizeof x->id.b);
}

/* ---- who shared an id first ---- */

static size_t place_of(const struct first_sharers *f, const uint8_t id[16])
{
    uint64_t h;
    size_t i;

    memcpy(&h, id, sizeof h);
    for (i = h & (f->cap - 1); f->slot[i].used && memcmp(f->slot[i].id, id, 16);)
        i = (i + 1) & (f->cap - 1);
    return i;
}

static bool room_for_one(struct gathering *x)
{
    struct first_sharers *f = &x->first, more = {.n = f->n, .cap = f->cap ? f->cap * 2 : 1024};

    if (f->n * 2 < f->cap)
        return true;
    more.slot = arena_get_array(x->arena, more.cap, sizeof *more.slot, &x->e);
    if (!more.slot)
        return false;
    for (size_t i = 0; i < f->cap; i++)
        if (f->slot[i].used)
            more.slot[place_of(&more, f->slot[i].id)] = f->slot[i];
    *f = more;
    return true;
}

/* UINT16_MAX: nobody yet. */
static uint16_t first_sharer(struct gathering *x, struct bytes id, bool add)
{
    struct hash h;
    size_t i;

    if (!room_for_one(x))
        return UINT16_MAX;
    sha256(id, &h);
    i = place_of(&x->first, h.b);
    if (x->first.slot[i].used)
        return x->first.slot[i].party;
    if (add) {
        memcpy(x->first.slot[i].id, h.b, 16);
        x->first.slot[i].party = x->now->party;
        x->first.slot[i].used = true;
        x->first.n++;
    }
    return UINT16_MAX;
}

/* ---- counting ---- */

static bool sights_anothers(struct gathering *x, struct bytes object)
{
    struct arena_mark mark = arena_mark(x->scratch);
    const struct json *o = json_parse(object, x->scratch, NULL);
    struct bytes of;
    uint16_t whose = UINT16_MAX;

    if (o && json_as_string(json_find(o, "sighting_of_ref"), &of))
        whose = first_sharer(x, of, false);
    arena_reset(x->scratch, mark);
    return whose != UINT16_MAX && whose != x->now->party;
}

static bool count_object(void *self, const struct record_object *o)
{
    struct gathering *x = self;
    uint16_t before = first_sharer(x, o->id, true);

    x->of_share[OBJECTS]++;
    if (bytes_start_with(o->id, "indicator--")) {
        x->of_share[INDICATORS]++;
        x->of_share[INDICATORS_NEW] += before == UINT16_MAX;
    } else if (bytes_start_with(o->id, "sighting--")) {
        x->of_share[SIGHTINGS] += sights_anothers(x, o->bytes);
    } else if (bytes_start_with(o->id, "report--")) {
        x->of_share[REPORTS]++;
    } else if (bytes_start_with(o->id, "malware--") || bytes_start_with(o->id, "artifact--")) {
        x->of_share[SAMPLES]++;
    }
    return !x->e.code;
}

static void add(struct gathering *x, const struct counted *c, unsigned counter, uint64_t n)
{
    struct cases_counter *to = &x->counters[c->party * COUNTERS + counter];
    uint32_t *why_n = &x->why_n[c->party][counter];

    if (!n || c->at * 1000 < x->period->from_ms || c->at * 1000 >= x->period->until_ms)
        return;
    to->n += n;
    if (grow(x, (void **)&x->why[c->party][counter], &x->why_cap[c->party][counter], *why_n,
             sizeof **x->why[0]))
        x->why[c->party][counter][(*why_n)++] = (struct cases_reason){c->id, (int64_t)n};
}

static void count_all(struct gathering *x)
{
    for (uint32_t i = 0; i < x->n && !x->e.code; i++) {
        const struct counted *c = &x->list[i];
        memset(x->of_share, 0, sizeof x->of_share);
        x->now = c;
        if (c->at * 1000 >= x->period->until_ms)
            break;
        if (!c->share)
            x->of_share[c->counter] = 1;
        else if (!record_objects_of(desk_record(x->d), cases_party_slug(x->terms, c->party),
                                    c->index, count_object, x, &x->e))
            return;
        for (unsigned k = 0; k < COUNTERS; k++)
            add(x, c, k, x->of_share[k]);
    }
}

static bool counters(struct gathering *x, size_t *n)
{
    size_t parties = cases_parties(x->terms);

    x->counters = arena_get_array(x->arena, parties * COUNTERS, sizeof *x->counters, &x->e);
    if (!x->counters)
        return false;
    for (size_t i = 0; i < parties * COUNTERS; i++)
        x->counters[i] =
            (struct cases_counter){(uint16_t)(i / COUNTERS), names[i % COUNTERS], 0, NULL, 0};
    if (x->n)
        qsort(x->list, x->n, sizeof *x->list, by_time);
    count_all(x);
    for (size_t i = 0; i < parties * COUNTERS; i++) {
        x->counters[i].why = x->why[i / COUNTERS][i % COUNTERS];
        x->counters[i].why_n = x->why_n[i / COUNTERS][i % COUNTERS];
    }
    *n = parties * COUNTERS;
    return !x->e.code;
}

bool desk_review(struct desk *d, struct cases *c, const struct review_period *p, struct arena *a,
                 struct cases_review **out, struct err *e)
{
    struct gathering *x = arena_get(a, sizeof *x, e);
    int64_t until = p->until_ms;
    size_t n = 0;

    if (!x)
        return false;
    *x = (struct gathering){
        .d = d, .arena = a, .period = p, .terms = desk_terms(d), .e = err_like(e)};
    x->scratch = arena_new(LIMIT_DESK_BYTES);
    if (!x->scratch)
        err_fail(&x->e, ERR_NOMEM, "out of memory");
    for (uint16_t i = 0; i < cases_parties(x->terms) && !x->e.code; i++)
        read_log(x, i);
    if (!x->e.code)
        counters(x, &n);
    arena_free(x->scratch);
    if (x->e.code)
        return err_pass(e, &x->e);
    if (x->comments_n)
        qsort(x->comments, x->comments_n, sizeof *x->comments, by_comment);
    if (until > desk_now(d) && cases_newest(c) + 1 < until)
        until = cases_newest(c) + 1;
    if (until <= p->from_ms)
        until = p->from_ms + 1;
    *out = cases_review(c, p->from_ms, until, NULL, x->counters, n, a, e);
    if (*out)
        cases_review_comments(*out, x->comments, x->comments_n);
    return *out != NULL;
}
