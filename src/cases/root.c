/* What nodes compare: a digest after each act of a matter, buckets of matters, one root. Two nodes
 * that differ descend from the root to the first act on which they disagree. */
#include "cases/fold_impl.h"
#include "crypto/labels.h"

#include <stdlib.h>

/* ---- a state as bytes: numbers in a fixed order; the order is format --------------------------
 */

struct enc {
    uint8_t b[1024];
    size_t n;
};

static void put8(struct enc *e, unsigned v)
{
    e->b[e->n++] = (uint8_t)v;
}

static void put16(struct enc *e, unsigned v)
{
    put8(e, v >> 8);
    put8(e, v);
}

static void put64(struct enc *e, int64_t v)
{
    for (int i = 56; i >= 0; i -= 8)
        put8(e, (unsigned)((uint64_t)v >> i));
}

static void put_clock(struct enc *e, const struct clock *k)
{
    const int64_t v[] = {k->started,       k->ack_due,      k->status_due,    k->final_due,
                         k->lapse_at,      k->clarified_ms, k->suspended_ms,  k->clarify_from,
                         k->clarify_until, k->suspend_from, k->suspend_until, k->extra_ms,
                         k->wished};

    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        put64(e, v[i]);
    put8(e, k->deemed);
    put16(e, k->extra_days);
    put16(e, k->extensions);
}

static void put_request(struct enc *e, const struct request *q)
{
    const int64_t times[] = {q->queue_until,
                             q->acked,
                             q->first_status,
                             q->last_status,
                             q->answered,
                             q->refused,
                             q->ended,
                             q->contested,
                             q->rung_at,
                             q->accept_at,
                             q->consult_until,
                             q->expected,
                             q->hold_until,
                             (int64_t)q->missing,
                             (int64_t)q->asked_fields};
    const uint8_t small[] = {q->type,          q->urgency,      q->asked_urgency, q->state,
                             q->rung,          q->ground,       q->question,      q->queued,
                             q->ruled,         q->upheld,       q->confidential,  q->incomplete,
                             q->consulted,     q->rated,        q->reopened,      q->ack_timing,
                             q->status_timing, q->final_timing, q->contests,      q->refusals};

    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        put64(e, times[i]);
    for (size_t i = 0; i < sizeof small; i++)
        put8(e, small[i]);
    put16(e, q->late_items);
    put16(e, q->items_n);
    for (unsigned i = 0; i < q->items_n; i++)
        put8(e, q->items[i]);
}

static void put_claim(struct enc *e, const struct claim *l)
{
    const int64_t times[] = {l->acked, l->replied, l->found, l->ended, l->rung_at, l->publish_from};
    const uint8_t small[] = {
        l->predicate, l->state, l->reply,      l->likelihood,   l->confidence,
        l->level,     l->rung,  l->ack_timing, l->reply_timing, l->withdrawn_mistaken};
    const uint16_t counts[] = {l->hypotheses, l->evidence, l->held,     l->withheld,
                               l->revisions,  l->rebuts,   l->supplied, l->obligations};

    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        put64(e, times[i]);
    for (size_t i = 0; i < sizeof small; i++)
        put8(e, small[i]);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        put16(e, counts[i]);
}

static void put_remedy(struct enc *e, const struct remedy *m)
{
    put64(e, m->clauses);
    put64(e, m->suspended);
    put8(e, m->cured);
    put8(e, m->terminated);
    put64(e, m->cure_until);
    put64(e, m->suspended_from);
    put64(e, m->lifted);
    put64(e, m->ended);
}

static void put_ping(struct enc *e, const struct ping *p)
{
    put8(e, p->role);
    put8(e, p->answered);
    put8(e, p->timing);
    put64(e, p->at);
    put64(e, p->due);
}

/* digest := H(label, digest before, act, its place, what became of it, the state). The proposal
 * that is open is an act of this chain already, and the numbers of our tables stay out. */
void state_digest(struct state *s, const struct rec *r, const struct outcome *out)
{
    struct enc e;
    struct sha256 h;

    e.n = 0;
    put64(&e, r->at);
    put64(&e, s->kind == MATTER_LOOSE ? r->kind : s->kind);
    put16(&e, s->from);
    put16(&e, s->to);
    put8(&e, s->exercise);
    put8(&e, s->void_);
    put8(&e, out->verdict);
    put8(&e, out->timing);
    put8(&e, out->clause);
    put8(&e, out->clause_n);
    if (s->kind != MATTER_LOOSE)
        put_clock(&e, &s->clock);
    if (s->kind == MATTER_REQUEST)
        put_request(&e, &s->request);
    else if (s->kind == MATTER_CLAIM)
        put_claim(&e, &s->claim);
    else if (s->kind == MATTER_PING)
        put_ping(&e, &s->ping);
    else if (s->kind == MATTER_REMEDY)
        put_remedy(&e, &s->remedy);
    sha256_start(&h);
    sha256_add(&h, BYTES(LABEL_CASE_STEP));
    sha256_add(&h, hash_bytes(&s->digest));
    sha256_add(&h, hash_bytes(&r->id));
    if (s->terms)
        sha256_add(&h, hash_bytes(&s->terms->id));
    sha256_add(&h, bytes_of(e.b, e.n));
    sha256_end(&h, &s->digest);
}

/* ---- buckets --------------------------------------------------------------------------------- */

static uint32_t bucket_of(const struct hash *id)
{
    return (uint32_t)id->b[0] << 4 | id->b[1] >> 4;
}

void bucket_mark(struct cases *c, const struct matter *m)
{
    uint32_t b = bucket_of(&m->id);

    c->buckets[b].dirty = true;
    c->group_dirty[b / 64] = true;
}

bool bucket_enter(struct cases *c, const struct matter *m, struct err *e)
{
    struct bucket *b = &c->buckets[bucket_of(&m->id)];

    if (!array_room(c->keep, (void **)&b->matters, &b->cap, b->n, sizeof *b->matters, e))
        return false;
    b->matters[b->n++] = m->number;
    bucket_mark(c, m);
    return true;
}

static int by_id(const void *a, const void *b)
{
    const struct matter *x = *(const struct matter *const *)a,
                        *y = *(const struct matter *const *)b;
    return memcmp(x->id.b, y->id.b, sizeof x->id.b);
}

/* The bucket's matters with a state, by id. */
static bool bucket_list(const struct cases *c, const struct bucket *b, struct arena *a,
                        struct matter ***out, uint32_t *n, struct err *e)
{
    struct matter **list = arena_get_array(a, b->n, sizeof *list, e);

    if (!list)
        return false;
    *n = 0;
    for (uint32_t i = 0; i < b->n; i++)
        if (matter_of(c, b->matters[i])->state)
            list[(*n)++] = matter_of(c, b->matters[i]);
    qsort(list, *n, sizeof *list, by_id);
    *out = list;
    return true;
}

static bool bucket_update(struct cases *c, struct bucket *b, struct err *e)
{
    struct arena_mark mark = arena_mark(c->scratch);
    struct matter **list;
    struct sha256 h;
    uint32_t n;

    if (!b->dirty)
        return true;
    if (!bucket_list(c, b, c->scratch, &list, &n, e))
        return false;
    sha256_start(&h);
    sha256_add(&h, BYTES(LABEL_CASE_BUCKET));
    for (uint32_t i = 0; i < n; i++) {
        sha256_add(&h, hash_bytes(&list[i]->id));
        sha256_add(&h, hash_bytes(&list[i]->state->digest));
    }
    sha256_end(&h, &b->hash);
    b->dirty = false;
    arena_reset(c->scratch, mark);
    return true;
}

bool cases_root(struct cases *c, struct hash *out, struct err *e)
{
    struct sha256 root;

    if (!cases_update(c, e))
        return false;
    sha256_start(&root);
    sha256_add(&root, BYTES(LABEL_CASE_ROOT));
    for (uint32_t g = 0; g < BUCKETS / 64; g++) {
        struct sha256 h;
        sha256_start(&h);
        for (uint32_t i = 0; c->group_dirty[g] && i < 64; i++) {
            if (!bucket_update(c, &c->buckets[g * 64 + i], e))
                return false;
            sha256_add(&h, hash_bytes(&c->buckets[g * 64 + i].hash));
        }
        if (c->group_dirty[g])
            sha256_end(&h, &c->groups[g]);
        c->group_dirty[g] = false;
        sha256_add(&root, hash_bytes(&c->groups[g]));
    }
    sha256_end(&root, out);
    return true;
}

bool cases_bucket(struct cases *c, uint32_t i, struct hash *out, struct err *e)
{
    if (i >= CASES_BUCKETS)
        return err_fail(e, ERR_INPUT, "there is no such bucket");
    if (!cases_update(c, e) || !bucket_update(c, &c->buckets[i], e))
        return false;
    *out = c->buckets[i].hash;
    return true;
}

bool cases_bucket_matters(struct cases *c, uint32_t i, struct arena *a, struct cases_digest **out,
                          size_t *n, struct err *e)
{
    struct matter **list;
    struct cases_digest *d;
    uint32_t count;

    if (i >= CASES_BUCKETS)
        return err_fail(e, ERR_INPUT, "there is no such bucket");
    if (!cases_update(c, e) || !bucket_list(c, &c->buckets[i], a, &list, &count, e) ||
        !(d = arena_get_array(a, count, sizeof *d, e)))
        return false;
    for (uint32_t k = 0; k < count; k++)
        d[k] = (struct cases_digest){list[k]->id, list[k]->state->digest};
    *out = d;
    *n = count;
    return true;
}

bool cases_trace(struct cases *c, const struct hash *matter, struct arena *a,
                 struct cases_digest **out, size_t *n, struct err *e)
{
    uint32_t number = matter_find(c, matter), count;
    struct cases_digest *d;
    struct rec **list;
    struct state *s;

    if (number == NONE)
        return err_fail(e, ERR_MISSING, "there is no such matter");
    if (!cases_update(c, e) || !matter_acts(c, matter_of(c, number), a, &list, &count, e) ||
        !(d = arena_get_array(a, count, sizeof *d, e)) || !(s = arena_get(a, sizeof *s, e)))
        return false;
    s->kind = MATTER_REQUEST;
    s->request.items = arena_get(a, LIMIT_CASE_ITEMS, e);
    if (!s->request.items)
        return false;
    *n = 0;
    for (uint32_t i = 0; i < count && list[i]->at != CASES_NEVER; i++) {
        struct outcome o;
        matter_step(c, matter_of(c, number), s, list[i], list[i]->at, NULL, &o);
        state_digest(s, list[i], &o);
        d[(*n)++] = (struct cases_digest){list[i]->id, s->digest};
    }
    *out = d;
    return true;
}

size_t cases_differ(const struct cases_digest *a, size_t an, const struct cases_digest *b,
                    size_t bn)
{
    size_t i = 0;

    while (i < an && i < bn && hash_equal(&a[i].id, &b[i].id) &&
           hash_equal(&a[i].digest, &b[i].digest))
        i++;
    return i;
}

/* ---- what a fold was made of ----------------------------------------------------------------- */

static int by_signer(const void *a, const void *b)
{
    const struct signer *x = *(const struct signer *const *)a,
                        *y = *(const struct signer *const *)b;
    return x->who != y->who ? (x->who < y->who ? -1 : 1) : (int)x->mirror - (int)y->mirror;
}

static void add_number(struct sha256 *h, uint64_t v)
{
    uint8_t b[8];

    for (int i = 8; i-- > 0; v >>= 8)
        b[i] = (uint8_t)v;
    sha256_add(h, bytes_of(b, sizeof b));
}

bool cases_dates(struct cases *c, uint16_t author, struct hash *out, struct err *e)
{
    struct arena_mark mark = arena_mark(c->scratch);
    const struct log *log = &c->logs[author % LIMIT_PARTIES];
    const struct signer **list = arena_get_array(c->scratch, log->signers_n, sizeof *list, e);
    struct sha256 h;

    if (!list)
        return false;
    for (uint32_t i = 0; i < log->signers_n; i++)
        list[i] = &log->signers[i];
    if (log->signers_n)
        qsort(list, log->signers_n, sizeof *list, by_signer);
    sha256_start(&h);
    sha256_add(&h, BYTES(LABEL_CASE_INPUTS));
    for (uint32_t i = 0; i < log->signers_n; i++) {
        add_number(&h, (uint64_t)list[i]->who << 1 | list[i]->mirror);
        add_number(&h, list[i]->n);
        for (uint32_t k = 0; k < list[i]->n; k++) {
            add_number(&h, list[i]->list[k].size);
            add_number(&h, (uint64_t)list[i]->list[k].first);
            add_number(&h, (uint64_t)list[i]->list[k].last);
        }
    }
    sha256_end(&h, out);
    arena_reset(c->scratch, mark);
    return true;
}
