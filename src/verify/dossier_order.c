/* Checks 14 to 17: nothing left out unsaid, what answers what, who holds it, and when it was. */
#include "verify/dossier_impl.h"

#include <stdio.h>

/* ---- 14: sequence ---- */

static void say_gap(struct dz *z, const struct dz_party *p, uint64_t from, uint64_t through,
                    bool hidden)
{
    char range[64];

    if (from == through)
        snprintf(range, sizeof range, "%llu", (unsigned long long)from);
    else
        snprintf(range, sizeof range, "%llu to %llu", (unsigned long long)from,
                 (unsigned long long)through);
    if (hidden)
        dz_say(z, 14, VERIFY_UNKNOWN, p->holder.slug,
               "what %.*s seq %s says: it is not shown; the exporter says that it is of other "
               "matters, or not for it",
               BYTES_FMT(p->holder.slug), range);
    else
        dz_say(z, 14, VERIFY_FAILED, p->holder.slug, "gap at %.*s seq %s",
               BYTES_FMT(p->holder.slug), range);
}

/* Entries between two acts that are shown: each is either said to be hidden, or a gap. *at: the
 * range of the exporter's list at which we are; both go forward. */
static void gap(struct dz *z, const struct dz_party *p, uint64_t from, uint64_t end, size_t *at)
{
    const struct json *list = json_find_bytes(json_find(z->about, "hidden"), p->holder.slug);
    int64_t low, high;

    for (; *at < json_count(list) && from < end; ++*at) {
        if (!json_as_integer(json_at(json_at(list, *at), 0), &low) ||
            !json_as_integer(json_at(json_at(list, *at), 1), &high) || low < 0 || high < low) {
            dz_say(z, 14, VERIFY_FAILED, BYTES("dossier.json"), "a hidden range that is none");
            continue;
        }
        if ((uint64_t)low >= end)
            break;
        if ((uint64_t)high < from)
            continue;
        if ((uint64_t)low > from)
            say_gap(z, p, from, (uint64_t)low - 1, false);
        if ((uint64_t)low > from)
            from = (uint64_t)low;
        say_gap(z, p, from, (uint64_t)high < end ? (uint64_t)high : end - 1, true);
        from = (uint64_t)high + 1;
        if (from >= end)
            return; /* the same range may go on behind the next act */
    }
    if (from < end)
        say_gap(z, p, from, end - 1, false);
}

static void follow(struct dz *z, const struct dz_act *before, const struct dz_act *act)
{
    if (before->seq == act->seq)
        dz_say(z, 14, VERIFY_FAILED, z->files[act->file].name, "two acts of one number");
    else if (before->seq + 1 == act->seq && !before->fault && !act->fault &&
             !hash_equal(&act->said.prev, &before->said.text_hash))
        dz_say(z, 14, VERIFY_FAILED, z->files[act->file].name,
               "it does not follow the act before it: another stood there when it was signed");
}

static void check_sequence(struct dz *z, const struct dz_party *p)
{
    uint64_t next = 0;
    size_t at = 0;

    for (size_t i = 0; i < p->acts_n; i++) {
        const struct dz_act *act = &z->acts[p->acts + i];
        if (act->seq > next)
            gap(z, p, next, act->seq, &at);
        if (i)
            follow(z, act - 1, act);
        if (p->size && act->seq >= p->size)
            dz_say(z, 14, VERIFY_FAILED, z->files[act->file].name,
                   "it lies beyond the newest head of its log");
        next = act->seq + 1;
    }
    if (next < p->size)
        gap(z, p, next, p->size, &at);
    if (p->size)
        dz_looked(z, 14);
}

/* ---- 15: references ---- */

static void check_refs(struct dz *z, const struct dz_act *act)
{
    char hex[64];

    if (act->refs_wrong)
        dz_say(z, 15, VERIFY_FAILED, z->files[act->file].name, "a reference that is no hash");
    for (size_t i = 0; !act->fault && !act->refs_wrong && i < act->refs_n; i++) {
        dz_looked(z, 15);
        if (dz_act_of(z, &act->refs[i]))
            continue;
        hex_encode(hex, act->refs[i].b, 32);
        dz_say(z, 15, VERIFY_UNKNOWN, dz_place(z, act),
               "what it answers: act %.64s is not in the dossier", hex);
    }
}

void dz_sequence(struct dz *z)
{
    for (size_t i = 0; i < z->parties; i++)
        check_sequence(z, &z->party[i]);
    for (size_t i = 0; i < z->acts_n; i++)
        check_refs(z, &z->acts[i]);
}

/* ---- 16, 17: receipts, intervals ---- */

/* The first cosignature of the group over more than `size` entries. */
static size_t first_over(const struct dz *z, const struct dz_group *g, uint64_t size)
{
    size_t low = 0, high = g->n;

    while (low < high) {
        size_t half = low + (high - low) / 2;
        if (z->sigs[g->first + half].size > size)
            high = half;
        else
            low = half + 1;
    }
    return low;
}

static bool addressed(const struct dz_act *act, struct bytes slug)
{
    for (size_t i = 0; i < act->to_n; i++)
        if (bytes_equal(act->to[i], slug))
            return true;
    return act->to_all;
}

static void bracket(struct dz *z, struct dz_act *act, uint64_t *holders)
{
    const struct dz_party *p = &z->party[act->party];

    *holders = 0;
    for (size_t i = 0; i < p->groups_n; i++) {
        const struct dz_group *g = &z->groups[p->groups + i];
        size_t k = first_over(z, g, act->seq);
        if (k > 0 && z->sigs[g->first + k - 1].time * 1000 > act->after_ms)
            act->after_ms = z->sigs[g->first + k - 1].time * 1000;
        if (k < g->n && z->sigs[g->first + k].time * 1000 < act->before_ms)
            act->before_ms = z->sigs[g->first + k].time * 1000;
        if (k < g->n && g->mirror && g->signer < 64)
            *holders |= UINT64_C(1) << g->signer;
    }
    if (act->after_ms > act->before_ms)
        act->after_ms = act->before_ms;
}

static void say_receipts(struct dz *z, const struct dz_act *act, uint64_t holders)
{
    for (size_t i = 0; i < z->parties; i++) {
        const struct dz_party *p = &z->party[i];
        if (i == act->party || p->arbiter || !addressed(act, p->holder.slug))
            continue;
        dz_looked(z, 16);
        if (!(holders >> i & 1))
            dz_say(z, 16, VERIFY_UNKNOWN, dz_place(z, act),
                   "whether %.*s has it: its mirror has cosigned no head that has this act",
                   BYTES_FMT(p->holder.slug));
    }
}

static int64_t tolerance(const struct dz *z)
{
    struct bytes text;
    struct cases_term t;

    if (!json_as_string(json_point(z->document, "/clauses/log/clock_tolerance"), &text) ||
        !cases_term_parse(text, &t, NULL))
        return 0;
    return (int64_t)t.n * (t.unit == CASES_HOURS ? 3600000 : 60000);
}

/* What is proved stands beside each act in the report; only the rest is said. */
static void say_interval(struct dz *z, struct dz_act *act, int64_t slack)
{
    char claimed[TIME_TEXT_MAX], bound[TIME_TEXT_MAX];
    bool early = act->claimed_ms < act->after_ms;

    dz_looked(z, 17);
    act->contradicted = act->claimed_ms < act->after_ms - slack ||
                        (act->before_ms != CASES_NEVER && act->claimed_ms > act->before_ms + slack);
    if (act->before_ms == CASES_NEVER)
        dz_say(z, 17, VERIFY_UNKNOWN, dz_place(z, act),
               "when it was said at the latest: nobody else has cosigned it");
    if (act->before_ms == CASES_NEVER || !act->contradicted)
        return;
    dz_time(claimed, act->claimed_ms);
    dz_time(bound, early ? act->after_ms : act->before_ms);
    if (early)
        dz_say(
            z, 17, VERIFY_UNKNOWN, dz_place(z, act),
            "time contradicted: it claims %s, and cannot be earlier than %s; the interval counts",
            claimed, bound);
    else
        dz_say(z, 17, VERIFY_UNKNOWN, dz_place(z, act),
               "time contradicted: it claims %s, and was held by others at %s; the interval counts",
               claimed, bound);
}

void dz_intervals(struct dz *z)
{
    int64_t slack = tolerance(z);

    for (size_t i = 0; i < z->acts_n; i++) {
        uint64_t holders;
        if (z->acts[i].fault)
            continue;
        bracket(z, &z->acts[i], &holders);
        say_receipts(z, &z->acts[i], holders);
        say_interval(z, &z->acts[i], slack);
    }
}
