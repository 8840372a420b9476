/* From the record into the fold: versions, then acts and cosignatures of every log, only what is
 * new. If what was fed turns out to have been otherwise, all is read again: it is quick, and rare.
 */
#include "crypto/labels.h"
#include "desk/desk_impl.h"

#include <stdio.h>

#include <stdatomic.h>

#define TERMS_ARENA ((size_t)256 << 20)

void desk_forget(struct desk *d)
{
    d->made++;
    cases_free(d->cases);
    arena_free(d->arena);
    d->cases = NULL;
    d->arena = NULL;
    d->versions_n = d->parties_n = 0;
    d->acts = 0;
    d->fresh = false;
    memset(d->feeds, 0, sizeof d->feeds);
}

/* ---- versions ---- */

/* The versions as the record has them now, as instants. The end of a withdrawn agreement is a
 * version without terms. */
struct wanted {
    struct record_version *v;
    size_t n;
    int64_t ends; /* ms; 0: not known */
};

static bool look(struct desk *d, struct arena *a, struct wanted *out, struct err *e)
{
    struct record_state s;
    int64_t last = -1;
    size_t n = 0;

    *out = (struct wanted){0};
    record_state(d->record, os_now(d->os), &s);
    if (!record_versions(d->record, a, &out->v, &out->n, e))
        return false;
    if (s.stage == STAGE_PROPOSED) {
        out->n = out->n ? 1 : 0;
        if (out->n)
            out->v[0].from = INT64_MAX;
        return true;
    }
    /* One that is not dated yet does not count yet, nor what follows it. */
    for (n = 0; n < out->n && out->v[n].from < INT64_MAX / 1000 && n < LIMIT_CASE_VERSIONS - 1;
         n++) {
        if (out->v[n].from <= last)
            out->v[n].from = last + 1;
        last = out->v[n].from;
    }
    out->n = n;
    if (s.withdrawn_from > last)
        out->ends = s.withdrawn_from * 1000;
    return true;
}

/* Is what was fed the beginning of what is wanted? */
static bool follows(const struct desk *d, const struct wanted *w)
{
    size_t all = w->n + (w->ends != 0);

    if (d->versions_n > all)
        return false;
    for (size_t i = 0; i < d->versions_n; i++) {
        const struct version *v = &d->versions[i];
        bool same = i < w->n ? hash_equal(&v->digest, &w->v[i].digest) && v->terms &&
                                   v->from == w->v[i].from * 1000
                             : !v->terms && v->from == w->ends;
        if (!same)
            return false;
    }
    return true;
}

static bool agree(struct desk *d, const struct wanted *w, struct err *e)
{
    while (d->versions_n < w->n + (w->ends != 0)) {
        struct version v = {.from = w->ends};
        if (d->versions_n < w->n) {
            const struct record_version *r = &w->v[d->versions_n];
            v.digest = r->digest;
            v.from = r->from * 1000;
            v.terms = cases_terms_parse(r->bytes, d->arena, e);
            if (!v.terms)
                return err_within(e, "what the agreement says of cases");
        }
        if (!cases_agree(d->cases, v.terms, v.from, e))
            return false;
        d->versions[d->versions_n++] = v;
    }
    return true;
}

static bool start(struct desk *d, const struct wanted *w, struct err *e)
{
    uint64_t seed;

    desk_forget(d);
    os_random(d->os, &seed, sizeof seed);
    d->arena = arena_new(TERMS_ARENA);
    d->cases = cases_new(d->cap, seed, e);
    if (!d->arena && d->cases)
        err_fail(e, ERR_NOMEM, "out of memory");
    if (!d->arena || !d->cases)
        return false;
    /* Proposed: there are terms to look at, and nothing is in force. */
    if (w->n == 1 && w->v[0].from == INT64_MAX) {
        struct version *v = &d->versions[0];
        v->terms = cases_terms_parse(w->v[0].bytes, d->arena, e);
        if (!v->terms)
            return err_within(e, "what the agreement says of cases");
        d->parties_n = cases_parties(v->terms);
        return true;
    }
    if (!agree(d, w, e))
        return false;
    d->parties_n = d->versions_n ? cases_parties(d->versions[0].terms) : 0;
    return true;
}

/* ---- acts ---- */

struct feeding {
    struct desk *d;
    struct feed *feed;
    uint16_t party;
    struct err *e;
    bool failed;
};

static void chain(struct feed *f, const struct hash *id, bool body)
{
    uint8_t here = body;
    struct sha256 h;

    sha256_start(&h);
    sha256_add(&h, BYTES(LABEL_CASE_INPUTS));
    sha256_add(&h, hash_bytes(&f->chain));
    sha256_add(&h, hash_bytes(id));
    sha256_add(&h, bytes_of(&here, 1));
    sha256_end(&h, &f->chain);
}

static bool feed_act(void *self, const struct act *act, struct bytes payload)
{
    struct feeding *f = self;
    int64_t claimed = 0;
    struct cases_act c = {.id = act->text_hash,
                          .author = f->party,
                          .signatures = 1,
                          .index = act->seq,
                          .kind = act->kind,
                          .refs = act->refs,
                          .refs_n = act->refs_n,
                          .body = payload,
                          .locator = (uint64_t)f->party << 48 | act->seq};

    f->feed->index = act->seq + 1;
    if (bytes_start_with(act->kind, "officer.")) {
        chain(f->feed, &act->text_hash, payload.n > 0);
        officers_take(f->feed->officers, act->kind, payload, NULL);
    }
    if (!cases_wants(act->kind))
        return true;
    c.signatures = officers_spend(f->feed->officers, act->kind, act->refs, act->refs_n, payload);
    chain(f->feed, &act->text_hash, payload.n > 0);
    f->d->acts++;
    time_parse(act->time, &claimed);
    c.claimed_ms = claimed * 1000;
    if (cases_add(f->d->cases, &c, f->e))
        return true;
    f->failed = true;
    return false;
}

static bool feed_dates(void *self, const struct record_dated *n)
{
    struct feeding *f = self;

    f->feed->place = n->place;
    for (size_t i = 0; i < n->n; i++) {
        struct cases_cosignature c = {.author = f->party,
                                      .signer = n->line[i].signer,
                                      .mirror = n->line[i].mirror,
                                      .size = n->line[i].size,
                                      .time_ms = n->line[i].time * 1000};
        struct err why = {0};
        if (c.time_ms > atomic_load(&f->d->newest))
            atomic_store(&f->d->newest, c.time_ms);
        if (c.signer >= LIMIT_CASE_SIGNERS || cases_cosigned(f->d->cases, &c, &why) ||
            why.code == ERR_PEER || why.code == ERR_INPUT)
            continue; /* what the record let pass and the fold does not is no date */
        *f->e = why;
        f->failed = true;
        return false;
    }
    return true;
}

/* Once at the beginning of a log. */
static bool know_officers(struct desk *d, struct feed *f, struct bytes slug, struct err *e)
{
    const struct sign_public *recovery = record_key(d->record, slug, KEY_RECOVERY, UINT64_MAX);
    char origin[ORIGIN_MAX];

    if (f->officers)
        return true;
    if (!recovery)
        return err_fail(e, ERR_MISSING, "%.*s has no recovery key", BYTES_FMT(slug));
    snprintf(origin, sizeof origin, "entente/%s/%.*s", record_id(d->record), BYTES_FMT(slug));
    return (f->officers = officers_new(origin, recovery, d->arena, e)) != NULL;
}

static bool feed_log(struct desk *d, uint16_t party, struct err *e)
{
    struct err why = {0};
    struct feeding f = {.d = d, .feed = &d->feeds[party], .party = party, .e = &why};
    struct bytes slug = cases_party_slug(d->versions[0].terms, party);
    bool ok = know_officers(d, f.feed, slug, &why) &&
              record_said(d->record, slug, f.feed->index, feed_act, &f, &why) && !f.failed &&
              record_cosignatures(d->record, slug, f.feed->place, feed_dates, &f, &why) &&
              !f.failed;

    if (!ok)
        err_pass(e, &why);
    return ok || err_within(e, "cases of %.*s", BYTES_FMT(slug));
}

bool desk_refresh(struct desk *d, struct err *e)
{
    uint64_t commits = record_counts(d->record).commits;
    struct arena *a;
    struct wanted w;
    bool ok;

    if (d->fresh && commits == d->commits)
        return true;
    a = arena_new(TERMS_ARENA);
    ok = a ? look(d, a, &w, e) : err_fail(e, ERR_NOMEM, "out of memory");
    if (ok && (!d->cases || !d->versions_n || !follows(d, &w)))
        ok = start(d, &w, e);
    else if (ok)
        ok = agree(d, &w, e);
    for (uint16_t i = 0; ok && d->versions_n && i < d->parties_n; i++)
        ok = feed_log(d, i, e);
    arena_free(a);
    if (!ok) {
        desk_forget(d);
        return false;
    }
    d->fresh = true;
    d->commits = commits;
    return true;
}
