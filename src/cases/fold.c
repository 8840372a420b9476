/* Acts and cosignatures come in: where each goes, and what it dates. */
#include "cases/fold_impl.h"

bool array_room(struct arena *a, void **list, uint32_t *cap, uint32_t n, size_t size, struct err *e)
{
    uint32_t more = *cap ? *cap * 2 : 4;
    void *p;

    if (n < *cap)
        return true;
    if (more <= *cap)
        return err_fail(e, ERR_LIMIT, "too many");
    p = arena_get_array(a, more, size, e);
    if (!p)
        return false;
    if (n)
        memcpy(p, *list, n * size);
    *list = p;
    *cap = more;
    return true;
}

/* ---- tables -------------------------------------------------------------------------------- */

/* The seed is secret: whoever can choose ids by trial can't choose where they fall. The high half
 * is the place, the low half a tag that spares looking at most of the wrong ones. */
static uint64_t mixed(const struct cases *c, const struct hash *id)
{
    uint64_t v;

    memcpy(&v, id->b, sizeof v);
    v = (v ^ c->seed) * UINT64_C(0x9e3779b97f4a7c15);
    v = (v ^ (v >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return v ^ (v >> 32);
}

static uint32_t place(uint64_t m, uint32_t mask)
{
    return (uint32_t)(m >> 32) & mask;
}

static uint64_t slot_of(uint64_t m, uint32_t n)
{
    return m << 32 | (n + 1);
}

static const struct hash *id_of(const struct cases *c, const struct table *t, uint32_t n)
{
    return t->acts ? &rec_at(c, n)->id : &matter_of(c, n)->id;
}

static uint32_t table_find(const struct cases *c, const struct table *t, const struct hash *id)
{
    uint64_t m = mixed(c, id);

    if (!t->slots)
        return NONE;
    for (uint32_t i = place(m, t->mask); t->slots[i]; i = (i + 1) & t->mask)
        if (t->slots[i] >> 32 == (uint32_t)m &&
            hash_equal(id_of(c, t, (uint32_t)t->slots[i] - 1), id))
            return (uint32_t)t->slots[i] - 1;
    return NONE;
}

static void table_put(const struct cases *c, struct table *t, uint32_t n)
{
    uint64_t m = mixed(c, id_of(c, t, n));
    uint32_t i = place(m, t->mask);

    while (t->slots[i])
        i = (i + 1) & t->mask;
    t->slots[i] = slot_of(m, n);
    t->used++;
}

static bool table_room(struct cases *c, struct table *t, struct err *e)
{
    struct table bigger = {.acts = t->acts, .mask = t->slots ? t->mask * 2 + 1 : 1023};

    if (t->slots && t->used < t->mask / 2)
        return true;
    bigger.slots = arena_get_array(c->keep, (size_t)bigger.mask + 1, sizeof *t->slots, e);
    if (!bigger.slots)
        return false;
    for (uint32_t i = 0; t->slots && i <= t->mask; i++)
        if (t->slots[i])
            table_put(c, &bigger, (uint32_t)t->slots[i] - 1);
    *t = bigger;
    return true;
}

struct rec *rec_at(const struct cases *c, uint32_t i)
{
    return &c->recs[i / REC_CHUNK][i % REC_CHUNK];
}

struct matter *matter_of(const struct cases *c, uint32_t i)
{
    return c->matters[i];
}

uint32_t rec_find(const struct cases *c, const struct hash *id)
{
    return table_find(c, &c->by_id, id);
}

uint32_t matter_find(const struct cases *c, const struct hash *id)
{
    return table_find(c, &c->by_matter, id);
}

/* ---- beginning and end ----------------------------------------------------------------------- */

#define SCRATCH_CAP ((size_t)256 << 20) /* bodies of LIMIT_PAYLOAD_BYTES, parsed */
#define SCRATCH_FIRST ((size_t)256 << 10)

struct cases *cases_new(size_t cap_bytes, uint64_t seed, struct err *e)
{
    struct arena *keep = arena_new(cap_bytes), *scratch = arena_new(SCRATCH_CAP);
    struct cases *c = keep ? arena_get(keep, sizeof *c, e) : NULL;

    if (!c || !scratch || !arena_get(scratch, SCRATCH_FIRST, e) ||
        !(c->buckets = arena_get_array(keep, BUCKETS, sizeof *c->buckets, e))) {
        if (!keep || !scratch)
            err_fail(e, ERR_NOMEM, "out of memory");
        arena_free(keep);
        arena_free(scratch);
        return NULL;
    }
    c->keep = keep;
    c->by_id.acts = true;
    c->scratch = scratch;
    c->seed = seed;
    /* Keep the first chunk, so that no body costs a call to the system. */
    c->scratch_empty = arena_mark(scratch);
    c->scratch_empty.used = c->scratch_empty.total = 0;
    arena_reset(scratch, c->scratch_empty);
    memset(c->group_dirty, 1, sizeof c->group_dirty);
    for (uint32_t i = 0; i < BUCKETS; i++)
        c->buckets[i].dirty = true;
    return c;
}

void cases_free(struct cases *c)
{
    if (!c)
        return;
    arena_free(c->scratch);
    arena_free(c->keep);
}

bool cases_agree(struct cases *c, const struct cases_terms *t, int64_t from_ms, struct err *e)
{
    const struct version *last = c->versions_n ? &c->versions[c->versions_n - 1] : NULL;
    const struct cases_terms *first = last ? c->versions[0].terms : NULL;

    if (!last && !t)
        return err_fail(e, ERR_INPUT, "the first version can't be the end");
    if (c->versions_n == LIMIT_CASE_VERSIONS)
        return err_fail(e, ERR_LIMIT, "more than %d versions of an agreement", LIMIT_CASE_VERSIONS);
    if (last && from_ms <= last->from)
        return err_fail(e, ERR_INPUT, "a version must be later than the one before");
    if (last && t && t->parties_n != first->parties_n)
        return err_fail(
            e, ERR_INPUT,
            "a version has the parties of the first: another circle is another agreement");
    for (uint32_t i = 0; last && t && i < first->parties_n; i++)
        if (!bytes_equal(first->parties[i].slug, t->parties[i].slug))
            return err_fail(e, ERR_INPUT, "a version must keep the order of the parties");
    c->versions[c->versions_n++] = (struct version){t, from_ms};
    /* Acts may have been judged under a version that, as we now know, had ended. */
    for (uint32_t i = 0; i < c->matters_n; i++)
        matter_mark(c, c->matters[i]);
    for (uint32_t p = 0; p < LIMIT_PARTIES; p++)
        c->logs[p].quota_dirty = true;
    return true;
}

const struct cases_terms *terms_at(const struct cases *c, int64_t at)
{
    const struct cases_terms *t = NULL;

    for (uint32_t i = 0; i < c->versions_n && c->versions[i].from <= at; i++)
        t = c->versions[i].terms;
    return t;
}

const struct cases_terms *terms_last(const struct cases *c)
{
    const struct cases_terms *t = NULL;

    for (uint32_t i = 0; i < c->versions_n; i++)
        t = c->versions[i].terms ? c->versions[i].terms : t;
    return t;
}

/* ---- dating ---------------------------------------------------------------------------------- */

static uint32_t first_over(const struct signer *s, uint64_t index)
{
    uint32_t low = 0, high = s->n;

    if (s->n && s->list[s->n - 1].size <= index)
        return s->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (s->list[mid].size <= index)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void date(const struct cases *c, struct rec *r, uint16_t addressee)
{
    const struct log *log = &c->logs[r->author];

    r->seen = r->receipt = CASES_NEVER;
    r->after = 0;
    for (uint32_t i = 0; i < log->signers_n; i++) {
        const struct signer *s = &log->signers[i];
        uint32_t k = first_over(s, r->index);
        int64_t over = k < s->n ? s->list[k].first : CASES_NEVER;
        if (k > 0 && s->list[k - 1].last > r->after)
            r->after = s->list[k - 1].last;
        if (over < r->seen)
            r->seen = over;
        if (s->who == addressee && s->mirror && over < r->receipt)
            r->receipt = over;
    }
    if (r->after > r->seen)
        r->after = r->seen;
}

/* Whose receipt matters: the other side of the matter. */
static uint16_t other_side(const struct cases *c, const struct rec *r)
{
    const struct matter *m = matter_of(c, r->matter);
    const struct rec *o = m->opener == NONE ? NULL : rec_at(c, m->opener);

    if (!o || !o->op)
        return NOBODY;
    return r->author == o->author ? o->op->party : o->author;
}

static void redate(struct cases *c, struct rec *r)
{
    struct rec old = *r;
    const struct matter *m = matter_of(c, r->matter);
    const struct cases_terms *t =
        m->state && m->state->terms ? m->state->terms : c->versions[0].terms;

    date(c, r, other_side(c, r));
    if (r->seen == CASES_NEVER)
        return;
    if (old.seen == CASES_NEVER)
        matter_settle(c, r);
    else if (r->seen != old.seen || r->after != old.after ||
             delivered_at(t, r, NULL) != delivered_at(t, &old, NULL)) {
        if (r->kind == CASES_REQUEST && r->seen != old.seen)
            c->logs[r->author].quota_dirty = true;
        if (r->kind == CASES_OUTAGE)
            c->globals_dirty = true;
        matter_mark(c, matter_of(c, r->matter));
    }
}

static uint32_t first_rec(const struct cases *c, const struct log *log, uint64_t index)
{
    uint32_t low = 0, high = log->n;

    if (log->n && rec_at(c, log->recs[log->n - 1])->index < index)
        return log->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (rec_at(c, log->recs[mid])->index < index)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void redate_range(struct cases *c, const struct log *log, uint64_t from, uint64_t until)
{
    for (uint32_t i = first_rec(c, log, from); i < log->n; i++) {
        struct rec *r = rec_at(c, log->recs[i]);
        if (r->index >= until)
            break;
        redate(c, r);
    }
}

static struct signer *signer_of(struct cases *c, struct log *log, uint16_t who, bool mirror,
                                struct err *e)
{
    for (uint32_t i = 0; i < log->signers_n; i++)
        if (log->signers[i].who == who && log->signers[i].mirror == mirror)
            return &log->signers[i];
    if (!array_room(c->keep, (void **)&log->signers, &log->signers_cap, log->signers_n,
                    sizeof *log->signers, e))
        return NULL;
    log->signers[log->signers_n] = (struct signer){.who = who, .mirror = mirror};
    return &log->signers[log->signers_n++];
}

static bool insert_cosigned(struct cases *c, struct signer *s, uint32_t at, uint64_t size,
                            int64_t time, struct err *e)
{
    if (!array_room(c->keep, (void **)&s->list, &s->cap, s->n, sizeof *s->list, e))
        return false;
    memmove(&s->list[at + 1], &s->list[at], (s->n - at) * sizeof *s->list);
    s->list[at] = (struct cosigned){size, time, time};
    s->n++;
    return true;
}

bool cases_cosigned(struct cases *c, const struct cases_cosignature *sig, struct err *e)
{
    struct signer *s;
    struct log *log;
    uint32_t k;
    uint64_t below, above;

    if (!c->versions_n || sig->author >= c->versions[0].terms->parties_n ||
        sig->signer >= LIMIT_CASE_SIGNERS || sig->signer == sig->author || sig->time_ms < 0 ||
        sig->time_ms > LAST_MS)
        return err_fail(e, ERR_INPUT, "not a cosignature of somebody else over a party's log");
    log = &c->logs[sig->author];
    if (!(s = signer_of(c, log, sig->signer, sig->mirror, e)))
        return false;
    k = first_over(s, sig->size);
    /* k: the first of a larger size; k - 1 may have the same size. */
    if ((k < s->n && s->list[k].first < sig->time_ms) ||
        (k > 0 && s->list[k - 1].size < sig->size && s->list[k - 1].last > sig->time_ms) ||
        (k > 1 && s->list[k - 1].size == sig->size && s->list[k - 2].last > sig->time_ms))
        return err_fail(e, ERR_PEER, "a signer's times go back");
    if (k > 0 && s->list[k - 1].size == sig->size) {
        struct cosigned *same = &s->list[k - 1];
        if (sig->time_ms >= same->first && sig->time_ms <= same->last)
            return true;
        same->first = sig->time_ms < same->first ? sig->time_ms : same->first;
        same->last = sig->time_ms > same->last ? sig->time_ms : same->last;
        k--;
    } else if (!insert_cosigned(c, s, k, sig->size, sig->time_ms, e)) {
        return false;
    }
    below = k > 0 ? s->list[k - 1].size : 0;
    above = k + 1 < s->n ? s->list[k + 1].size : UINT64_MAX;
    redate_range(c, log, below, above);
    return true;
}

/* ---- acts ------------------------------------------------------------------------------------ */

bool opens(uint8_t kind)
{
    return kind == CASES_REQUEST || kind == CASES_CLAIM || kind == CASES_PING ||
           kind == CASES_OUTAGE || kind == CASES_REMEDY_NOTICE;
}

static struct matter *new_matter(struct cases *c, const struct hash *id, struct err *e)
{
    struct matter *m;

    if (!table_room(c, &c->by_matter, e) ||
        !array_room(c->keep, (void **)&c->matters, &c->matters_cap, c->matters_n,
                    sizeof *c->matters, e) ||
        !(m = arena_get(c->keep, sizeof *m, e)))
        return NULL;
    *m = (struct matter){.id = *id,
                         .number = c->matters_n,
                         .opener = NONE,
                         .first = NONE,
                         .last = NONE,
                         .latest = NONE};
    c->matters[c->matters_n++] = m;
    table_put(c, &c->by_matter, m->number);
    return m;
}

static struct rec *new_rec(struct cases *c, struct err *e)
{
    uint32_t chunk = c->recs_n / REC_CHUNK;

    if (c->recs_n == NONE - 1) {
        err_fail(e, ERR_LIMIT, "too many acts");
        return NULL;
    }
    if (c->recs_n % REC_CHUNK == 0) {
        if (!array_room(c->keep, (void **)&c->recs, &c->recs_cap, chunk, sizeof *c->recs, e) ||
            !(c->recs[chunk] = arena_get_array(c->keep, REC_CHUNK, sizeof **c->recs, e)))
            return NULL;
    }
    return rec_at(c, c->recs_n);
}

static bool own_chain(struct cases *c, struct matter *m, struct rec *r, struct err *e)
{
    struct tail *t = m->tails;

    while (t && rec_at(c, t->rec)->author != r->author)
        t = t->next;
    r->own = t ? t->rec : NONE;
    if (!t) {
        t = arena_get(c->keep, sizeof *t, e);
        if (!t)
            return false;
        t->next = m->tails;
        m->tails = t;
    }
    t->rec = r->number;
    return true;
}

static bool target_of(struct cases *c, const struct cases_act *act, struct rec *r, struct err *e)
{
    struct bytes copy;

    r->target = NONE;
    if (act->refs_n < 2)
        return true;
    r->target = rec_find(c, &act->refs[1]);
    if (r->target != NONE && rec_at(c, r->target)->matter != r->matter)
        r->target = NONE; /* of another matter: never here */
    if (r->target != NONE)
        return true;
    if (!arena_copy(c->keep, hash_bytes(&act->refs[1]), &copy, e))
        return false;
    r->wants = (const struct hash *)(const void *)copy.p;
    matter_of(c, r->matter)->waiting++;
    return true;
}

static void link_into(struct cases *c, struct matter *m, struct rec *r)
{
    r->matter = m->number;
    r->next = NONE;
    if (m->last == NONE)
        m->first = r->number;
    else
        rec_at(c, m->last)->next = r->number;
    m->last = r->number;
    m->acts++;
}

static bool known_already(const struct cases *c, const struct cases_act *act, bool *same,
                          struct err *e)
{
    const struct log *log = &c->logs[act->author];
    uint32_t i;

    *same = false;
    if (!log->n || rec_at(c, log->recs[log->n - 1])->index < act->index)
        return true;
    i = first_rec(c, log, act->index);
    if (i < log->n && rec_at(c, log->recs[i])->index == act->index) {
        *same = hash_equal(&rec_at(c, log->recs[i])->id, &act->id);
        return *same || err_fail(e, ERR_PROOF, "two acts with the number %llu in one log",
                                 (unsigned long long)act->index);
    }
    return err_fail(e, ERR_INPUT, "act %llu comes after later ones of its log",
                    (unsigned long long)act->index);
}

static void read_body(struct cases *c, const struct cases_act *act, struct rec *r, struct err *e)
{
    r->kind = (uint8_t)kind_of_word(act->kind);
    if (r->kind == CASES_KIND_UNKNOWN) {
        r->fault = CASES_V_UNKNOWN;
    } else if (act->body.n == 0) {
        r->fault = CASES_V_NO_BODY;
    } else {
        r->op = body_parse((enum cases_kind)r->kind, act->body, c->versions[0].terms, c->keep,
                           c->scratch, e);
        r->fault = r->op ? 0 : CASES_V_MALFORMED;
        r->mark = r->op ? r->op->tlp : 0;
    }
}

static bool note_opener(struct cases *c, struct matter *m, struct rec *r, struct err *e)
{
    struct log *log = &c->logs[r->author];

    m->opener = r->number;
    /* What came before it: only now do we know whose receipt counts for those acts. */
    for (uint32_t i = m->first; m->acts > 1 && i != NONE; i = rec_at(c, i)->next)
        date(c, rec_at(c, i), other_side(c, rec_at(c, i)));
    if (m->acts > 1)
        matter_mark(c, m);
    if (!bucket_enter(c, m, e))
        return false;
    if ((r->kind == CASES_OUTAGE || r->kind == CASES_REMEDY_NOTICE) && r->op) {
        if (!array_room(c->keep, (void **)&c->reaching, &c->reaching_cap, c->reaching_n,
                        sizeof *c->reaching, e))
            return false;
        c->reaching[c->reaching_n++] = m->number;
    }
    if (r->kind != CASES_REQUEST || !r->op)
        return true;
    if (r->op->linked) {
        if (!array_room(c->keep, (void **)&c->linked, &c->linked_cap, c->linked_n,
                        sizeof *c->linked, e))
            return false;
        c->linked[c->linked_n++] = m->number;
    }
    m->urgency = r->op->urgency;
    if (!array_room(c->keep, (void **)&log->openers, &log->openers_cap, log->openers_n,
                    sizeof *log->openers, e))
        return false;
    log->openers[log->openers_n++] = r->number;
    return true;
}

bool cases_add(struct cases *c, const struct cases_act *act, struct err *e)
{
    struct log *log = &c->logs[act->author % LIMIT_PARTIES];
    struct err why = {0};
    struct matter *m;
    struct rec *r;
    uint32_t found;
    bool same, opener;
    const struct hash *about;

    if (!c->versions_n || act->author >= c->versions[0].terms->parties_n)
        return err_fail(e, ERR_INPUT, "not an act of a party of the agreement");
    if (!known_already(c, act, &same, e) || same)
        return same;
    if (rec_find(c, &act->id) != NONE)
        return err_fail(e, ERR_PROOF, "the same act at two places");
    if (!table_room(c, &c->by_id, e) || !(r = new_rec(c, e)) ||
        !array_room(c->keep, (void **)&log->recs, &log->cap, log->n, sizeof *log->recs, e))
        return false;
    *r = (struct rec){.id = act->id,
                      .index = act->index,
                      .locator = act->locator,
                      .claimed = act->claimed_ms,
                      .seen = CASES_NEVER,
                      .receipt = CASES_NEVER,
                      .at = CASES_NEVER,
                      .number = c->recs_n,
                      .next = NONE,
                      .target = NONE,
                      .own = NONE,
                      .author = act->author,
                      .signatures = act->signatures};
    read_body(c, act, r, &why);
    if (why.code == ERR_NOMEM) {
        return err_pass(e, &why); /* ours, not the body's: no verdict may depend on it */
    }
    opener = opens(r->kind) || act->refs_n == 0;
    about = opener ? &act->id : &act->refs[0];
    found = matter_find(c, about);
    m = found == NONE ? new_matter(c, about, e) : matter_of(c, found);
    if (!m)
        return false;
    r->matter = m->number;
    if (!own_chain(c, m, r, e) || (!opener && !target_of(c, act, r, e)))
        return false;
    c->recs_n++;
    table_put(c, &c->by_id, r->number);
    log->recs[log->n++] = r->number;
    link_into(c, m, r);
    if (opener && !note_opener(c, m, r, e))
        return false;
    if (m->blocked || m->waiting)
        matter_mark(c, m); /* it may be what others wait for */
    redate(c, r);
    return true;
}
