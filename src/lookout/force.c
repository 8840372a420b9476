/* force: what of all that was gathered is in force. */
#include "base/catalogue.h"
#include "lookout/lookout_impl.h"

#include <stdlib.h>

const char *lookout_reason_name(enum lookout_reason reason)
{
    static const char *const names[LOOKOUT_REASONS] = {
        "revoked", "expired", "agreement", "detection", "blocking", "tlp",     "benign",
        "score",   "allowed", "composite", "opaque",    "value",    "filtered"};

    return names[reason];
}

const char *lookout_reason_text(enum lookout_reason reason)
{
    static const char *const texts[LOOKOUT_REASONS] = {
        [LOOKOUT_REVOKED] = N_("withdrawn by their sharer"),
        [LOOKOUT_EXPIRED] = N_("expired (valid_until)"),
        [LOOKOUT_AGREEMENT] = N_("shared under an agreement that is not in force"),
        [LOOKOUT_DETECTION] =
            N_("not to be used for detection (clauses.share.indicator.detection)"),
        [LOOKOUT_BLOCKING] = N_("not to be used for blocking (clauses.share.indicator.pap)"),
        [LOOKOUT_TLP] = N_("marked higher than is taken (watch_max_tlp)"),
        [LOOKOUT_BENIGN] = N_("benign, as they say of themselves"),
        [LOOKOUT_SCORE] = N_("below the score that is asked for (watch_min_score)"),
        [LOOKOUT_ALLOWED] = N_("on an allow list"),
        [LOOKOUT_COMPOSITE] = N_("patterns of several parts, which only --patterns evaluates"),
        [LOOKOUT_OPAQUE] = N_("patterns of another language, or broken"),
        [LOOKOUT_VALUE] = N_("values that no log could hold"),
        [LOOKOUT_FILTERED] = N_("not asked for"),
    };

    return texts[reason];
}

/* ---- the score (MISP's polynomial model) -------------------------------------------------------
 */

unsigned lookout_lifetime_days(enum watch_kind kind)
{
    switch (kind) {
    case WATCH_IPV4:
    case WATCH_CIDR4:
    case WATCH_IPV6:
    case WATCH_CIDR6:
        return 90; /* addresses change hands */
    case WATCH_URL:
        return 120;
    case WATCH_DOMAIN:
    case WATCH_EMAIL:
        return 365;
    case WATCH_MD5:
    case WATCH_SHA1:
    case WATCH_SHA256:
    case WATCH_SHA512:
        break;
    }
    return 0;
}

unsigned lookout_score(enum watch_kind kind, int confidence, int64_t age_seconds)
{
    unsigned base = confidence < 0 ? LOOKOUT_CONFIDENCE : (unsigned)confidence;
    int64_t life = (int64_t)lookout_lifetime_days(kind) * 86400;
    double x;

    if (life == 0 || age_seconds <= 0)
        return base;
    if (age_seconds >= life)
        return 0;
    x = (double)age_seconds / (double)life;
    return (unsigned)(base * (1 - x * x * x));
}

/* ---- the newest of each id ----------------------------------------------------------------------
 */

struct newest {
    uint64_t at;      /* of its row, plus 1; 0: free */
    uint32_t revoked; /* by the act before this number; 0: not */
};

struct fold {
    const struct lookout *l;
    struct newest *slots;
    size_t cap; /* a power of two */
};

static uint64_t hash_of(const struct row *r)
{
    uint64_t h;

    memcpy(&h, r->uuid, 8); /* a UUID of version 4 or 5: bits that nobody has chosen for us */
    return (h ^ get_le(r->uuid + 8, 8) ^ r->log) * UINT64_C(0x9e3779b97f4a7c15) >> 20;
}

static struct newest *slot_of(const struct fold *f, const struct row *r)
{
    struct bytes rows = bytes_of(f->l->rows.p, f->l->rows.n);
    size_t i = hash_of(r) & (f->cap - 1), at;
    struct row other;

    for (; f->slots[i].at; i = (i + 1) & (f->cap - 1)) {
        at = f->slots[i].at - 1;
        if (row_next(rows, &at, &other) && other.log == r->log && !memcmp(other.uuid, r->uuid, 16))
            break;
    }
    return &f->slots[i];
}

static void fold_row(struct fold *f, const struct row *r, size_t at)
{
    struct bytes rows = bytes_of(f->l->rows.p, f->l->rows.n);
    struct newest *s = slot_of(f, r);
    size_t old_at = s->at - 1;
    struct row old;

    if (r->kind == ROW_REVOKED) {
        if (s->at)
            s->revoked = r->act + 1;
        return;
    }
    if (s->at && row_next(rows, &old_at, &old) && old.version_us > r->version_us)
        return;
    s->at = at + 1;
    s->revoked = 0; /* shared again */
}

static bool fold_rows(struct fold *f, struct err *e)
{
    struct bytes rows = bytes_of(f->l->rows.p, f->l->rows.n);
    size_t n = 0, at = 0, from;
    struct row r;

    while (row_next(rows, &at, &r))
        n += r.kind != ROW_REVOKED;
    for (f->cap = 64; f->cap < 2 * n; f->cap *= 2)
        ;
    f->slots = calloc(f->cap, sizeof *f->slots);
    if (!f->slots)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (at = from = 0; row_next(rows, &at, &r); from = at)
        fold_row(f, &r, from);
    return true;
}

/* ---- the judgement
 * -------------------------------------------------------------------------------- */

struct judging {
    const struct lookout_policy *p;
    struct lookout_report *report;
    bool composite;
    struct lookout_value values[256];
};

static bool out(struct judging *j, enum lookout_reason reason)
{
    j->report->left_out[reason]++;
    return false;
}

static bool asked_for(const struct lookout_policy *p, const struct source *s)
{
    return (!p->under || !strcmp(p->under, s->agreement)) &&
           (!p->from || !strcmp(p->from, s->name)) && (!p->foreign_only || !s->own);
}

/* All that does not depend on the values. */
static bool in_force(struct judging *j, const struct source *s, const struct row *r, bool revoked)
{
    const struct lookout_policy *p = j->p;

    if (!asked_for(p, s))
        return out(j, LOOKOUT_FILTERED);
    if (!s->rights || !s->in_force)
        return out(j, LOOKOUT_AGREEMENT);
    if (!s->detection)
        return out(j, LOOKOUT_DETECTION);
    if (p->blocking && !s->blocking)
        return out(j, LOOKOUT_BLOCKING);
    if (revoked || r->flags & ROW_IS_REVOKED)
        return out(j, LOOKOUT_REVOKED);
    if (r->until && (int64_t)r->until <= p->now)
        return out(j, LOOKOUT_EXPIRED);
    if (r->tlp > p->max_tlp || (r->tlp < 0 && s->agreement[0]))
        return out(j, LOOKOUT_TLP);
    if (r->flags & ROW_IS_BENIGN)
        return out(j, LOOKOUT_BENIGN);
    if (r->flags & ROW_IS_OPAQUE)
        return out(j, LOOKOUT_OPAQUE);
    if (r->flags & ROW_IS_COMPOSITE && !j->composite)
        return out(j, LOOKOUT_COMPOSITE);
    return true;
}

static int64_t age_of(const struct lookout_policy *p, const struct row *r)
{
    int64_t since = r->version_us / 1000000;

    return p->now - (since > (int64_t)r->from ? since : (int64_t)r->from);
}

/* The values that may be looked for; the reason why there are none. */
static size_t judge_values(struct judging *j, const struct row *r, enum lookout_reason *why)
{
    const struct lookout_policy *p = j->p;
    struct bytes rest = r->values, value, name;
    enum watch_kind kind;
    size_t n = 0;

    *why = LOOKOUT_VALUE;
    while (n < sizeof j->values / sizeof *j->values && row_value(&rest, &kind, &value)) {
        struct lookout_value *v = &j->values[n];
        if (p->kinds && !(p->kinds >> kind & 1)) {
            *why = LOOKOUT_FILTERED;
        } else if (p->min_score &&
                   lookout_score(kind, r->confidence, age_of(p, r)) < p->min_score) {
            *why = LOOKOUT_SCORE;
        } else if (p->allowed && watch_lists_check(p->allowed, kind, value, &name)) {
            *why = LOOKOUT_ALLOWED;
        } else {
            *v = (struct lookout_value){.kind = kind, .value = value};
            if (p->warned && watch_lists_check(p->warned, kind, value, &name))
                v->warned = name;
            j->report->warned += v->warned.n > 0;
            n++;
        }
    }
    return n;
}

static bool judge(struct judging *j, const struct source *s, const struct row *r, bool revoked,
                  struct lookout_indicator *in)
{
    enum lookout_reason why;

    j->report->objects++;
    if (!in_force(j, s, r, revoked))
        return false;
    *in = (struct lookout_indicator){.agreement = bytes_text(s->agreement),
                                     .slug = bytes_text(s->name),
                                     .act = r->act,
                                     .uuid = r->uuid,
                                     .tlp = r->tlp,
                                     .confidence = r->confidence,
                                     .modified_us = r->version_us,
                                     .from = r->from,
                                     .until = r->until,
                                     .pattern = r->pattern,
                                     .value = j->values};
    in->values = judge_values(j, r, &why);
    if (in->values == 0 && !r->pattern.n)
        return out(j, why);
    j->report->taken++;
    if (r->tlp > j->report->tlp)
        j->report->tlp = r->tlp;
    j->report->values += in->values;
    if (r->until && (!j->report->next || (int64_t)r->until < j->report->next))
        j->report->next = r->until;
    return true;
}

bool lookout_each(struct lookout *l, const struct lookout_policy *p, bool composite,
                  bool (*each)(void *self, const struct lookout_indicator *in, struct err *e),
                  void *self, struct lookout_report *report, struct err *e)
{
    struct bytes rows = bytes_of(l->rows.p, l->rows.n);
    struct fold f = {.l = l};
    struct judging *j = calloc(1, sizeof *j);
    struct lookout_indicator in;
    struct row r;
    size_t at = 0, from = 0;
    bool ok = j || err_fail(e, ERR_NOMEM, "out of memory");

    *report = (struct lookout_report){.tlp = -1};
    ok = ok && fold_rows(&f, e);
    if (j)
        *j = (struct judging){.p = p, .report = report, .composite = composite};
    for (; ok && row_next(rows, &at, &r); from = at) {
        const struct newest *s = r.kind == ROW_INDICATOR ? slot_of(&f, &r) : NULL;
        if (!s || s->at != from + 1 || r.log >= l->n)
            continue; /* a newer version counts */
        if (judge(j, &l->sources[r.log], &r, s->revoked > r.act, &in))
            ok = each(self, &in, e);
    }
    free(f.slots);
    free(j);
    return ok;
}

/* ---- sightings ----------------------------------------------------------------------------------
 */

bool lookout_sightings(struct lookout *l,
                       bool (*each)(void *self, const struct lookout_sighting *s), void *self,
                       struct err *e)
{
    struct bytes rows = bytes_of(l->rows.p, l->rows.n);
    struct fold f = {.l = l};
    struct row r;
    size_t at = 0, from = 0;
    bool ok = fold_rows(&f, e);

    for (; ok && row_next(rows, &at, &r); from = at) {
        const struct newest *s = r.kind == ROW_SIGHTING ? slot_of(&f, &r) : NULL;
        struct lookout_sighting seen = {.act = r.act, .uuid = r.uuid, .first = r.from};
        if (!s || s->at != from + 1 || r.log >= l->n || s->revoked > r.act ||
            r.flags & ROW_IS_REVOKED)
            continue;
        seen.agreement = bytes_text(l->sources[r.log].agreement);
        seen.slug = bytes_text(l->sources[r.log].name);
        seen.own = l->sources[r.log].own;
        seen.count = get_le(r.pattern.p, 8);
        seen.of = r.pattern.p + 8;
        seen.last = r.until;
        ok = each(self, &seen) || err_fail(e, ERR_NOMEM, "out of memory");
    }
    free(f.slots);
    return ok;
}
