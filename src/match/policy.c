/* What the agreement says of comparisons. Both sides ask before anything cryptographic is said. */
#include "match/acts_impl.h"

#include <stdio.h>

#define DAY 86400

/* An encoding has columns for half as many items again at most, and for 1,536 at least
 * (doc/formats/psi.md, section 2). */
uint64_t match_charge(uint64_t n)
{
    return (n < 1024 ? 1024 : n) / 2 * 3 + 3;
}

static uint64_t number(const struct json *c, const char *key)
{
    int64_t n;

    return json_as_integer(json_find(c, key), &n) && n > 0 ? (uint64_t)n : 0;
}

bool match_limits_of(const struct agreement *g, struct bytes purpose, struct match_limits *out,
                     struct err *e)
{
    const struct json *all = json_point(g->root, "/clauses/match");
    const struct json *c = json_find_bytes(all, purpose);
    struct match_limits l = {0};
    struct bytes to = {0};
    bool flag;

    if (!c)
        return err_fail(e, ERR_DENIED, "clauses.match: comparisons for \"%.*s\" are not agreed",
                        BYTES_FMT(bytes_part(purpose, 0, 60)));
    snprintf(l.clause, sizeof l.clause, "match.%.*s", BYTES_FMT(bytes_part(purpose, 0, 60)));
    l.items = json_find(c, "items");
    l.least = number(c, "min");
    l.most = number(c, "max");
    l.per_day = number(c, "per_day");
    l.per_quarter = number(c, "items_per_quarter");
    l.cardinality = json_is(json_find(c, "result"), "cardinality");
    l.reveal_from = number(c, "reveal_from");
    l.guessable = json_as_bool(json_find(c, "guessable"), &flag) && flag;
    if (!json_as_string(json_find(c, "to"), &to) || !match_who_parse(to, &l.who))
        return err_fail(e, ERR_DENIED, "clauses.%s.to: it is not agreed who learns", l.clause);
    l.count_told =
        json_find(c, "count") ? json_is(json_find(c, "count"), "both") : l.who == MATCH_BOTH;
    *out = l;
    return true;
}

/* ---- counting ---- */

/* Quarters since 1970: days to a date as in Howard Hinnant's note on chrono-compatible calendars.
 */
static int64_t quarter_of(int64_t t)
{
    int64_t days = t / DAY + 719468, era = days / 146097, doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 2 : mp - 10, year = yoe + era * 400 + (month <= 1);

    return year * 4 + month / 3;
}

static bool same_pair(const struct match_session *s, const struct match_wish *w)
{
    return (bytes_equal(s->party[0], w->party[0]) && bytes_equal(s->party[1], w->party[1])) ||
           (bytes_equal(s->party[0], w->party[1]) && bytes_equal(s->party[1], w->party[0]));
}

/* Sessions count from their acceptance on, however they ended: the acceptance is in the log before
 * anything cryptographic is said, so no crash or lost answer takes it away. */
static uint64_t sessions_today(const struct match_sessions *all, const struct match_wish *w,
                               int64_t now)
{
    uint64_t n = 0;

    for (size_t i = 0; i < all->n; i++) {
        const struct match_session *s = &all->of[i];
        n += s != w->itself && s->accepted_at && s->state != MATCH_REFUSED && same_pair(s, w) &&
             bytes_equal(s->purpose, w->purpose) && s->accepted_at / DAY == now / DAY;
    }
    return n;
}

/* What a party has tested of the other's lists in this quarter, for any purpose of the pair. */
static uint64_t spent(const struct match_sessions *all, const struct match_wish *w,
                      struct bytes slug, int64_t now)
{
    uint64_t items = 0;

    for (size_t i = 0; i < all->n; i++) {
        const struct match_session *s = &all->of[i];
        enum match_side side;
        if (s != w->itself && s->accepted_at && s->state != MATCH_REFUSED && same_pair(s, w) &&
            bytes_equal(s->purpose, w->purpose) && match_session_side(s, slug, &side) &&
            match_session_learns(s, side) && quarter_of(s->accepted_at) == quarter_of(now))
            items += match_charge(s->size[side]);
    }
    return items;
}

/* ---- the checks ---- */

static bool type_agreed(const struct match_limits *l, const struct match_type *t, struct err *e)
{
    bool listed = false;

    for (size_t i = 0; i < json_count(l->items); i++)
        listed |= json_is(json_at(l->items, i), t->name);
    if (!listed)
        return err_fail(e, ERR_DENIED, "clauses.%s.items: items of type %s are not agreed",
                        l->clause, t->name);
    if (t->bits == 32 && !l->guessable)
        return err_fail(e, ERR_DENIED,
                        "clauses.%s: all values of type %s can be tried, so lists of it alone are "
                        "refused unless the clause says \"guessable\": true",
                        l->clause, t->name);
    return true;
}

static bool size_agreed(const struct match_limits *l, uint64_t n, const char *whose, struct err *e)
{
    if (n < l->least)
        return err_fail(e, ERR_DENIED, "clauses.%s.min: %s list has %llu items, fewer than %llu",
                        l->clause, whose, (unsigned long long)n, (unsigned long long)l->least);
    if (n > l->most)
        return err_fail(e, ERR_DENIED, "clauses.%s.max: %s list has %llu items, more than %llu",
                        l->clause, whose, (unsigned long long)n, (unsigned long long)l->most);
    return true;
}

static bool budget_left(const struct match_limits *l, const struct match_sessions *all,
                        const struct match_wish *w, enum match_side side, int64_t now,
                        struct err *e)
{
    uint64_t used = spent(all, w, w->party[side], now), wants = match_charge(w->size[side]);

    if (!match_leg_runs(l->who, side == MATCH_ASKER ? 0 : 1) || used + wants <= l->per_quarter)
        return true;
    return err_fail(
        e, ERR_DENIED,
        "clauses.%s.items_per_quarter: %.*s has tested up to %llu items of %llu in this "
        "quarter, and this may test %llu",
        l->clause, BYTES_FMT(w->party[side]), (unsigned long long)used,
        (unsigned long long)l->per_quarter, (unsigned long long)wants);
}

bool match_permits(const struct agreement *g, const struct match_sessions *all,
                   const struct match_wish *w, int64_t now, struct match_limits *out, struct err *e)
{
    struct match_limits l;
    uint64_t today;

    if (!match_limits_of(g, w->purpose, &l, e) || !type_agreed(&l, w->type, e))
        return false;
    if (w->who != l.who || w->cardinality != l.cardinality)
        return err_fail(e, ERR_DENIED, "clauses.%s: agreed is that the %s goes to %s", l.clause,
                        l.cardinality ? "number" : "intersection", match_who_name(l.who));
    for (int i = 0; i < 2; i++)
        if (w->size[i] &&
            (!size_agreed(&l, w->size[i], i ? "the asked party's" : "the asker's", e) ||
             !budget_left(&l, all, w, (enum match_side)i, now, e)))
            return false;
    today = sessions_today(all, w, now);
    if (today >= l.per_day)
        return err_fail(e, ERR_DENIED,
                        "clauses.%s.per_day: %llu sessions have been accepted today, and %llu are "
                        "agreed",
                        l.clause, (unsigned long long)today, (unsigned long long)l.per_day);
    *out = l;
    return true;
}

void match_wish_of(const struct match_session *s, struct match_wish *out)
{
    *out = (struct match_wish){.purpose = s->purpose,
                               .type = s->type,
                               .size = {s->size[0], s->size[1]},
                               .party = {s->party[0], s->party[1]},
                               .who = s->who,
                               .cardinality = s->cardinality,
                               .shards = s->shards,
                               .itself = s};
}

void match_session_context(const struct match_session *s, const char *agreement,
                           const uint8_t asker_coin[32], const uint8_t asked_coin[32],
                           struct hash *out)
{
    struct transcript t;

    transcript_init(&t, LABEL_MATCH_SESSION);
    transcript_add(&t, bytes_text(agreement));
    transcript_add(&t, hash_bytes(&s->offer)); /* purpose, recipe, roots and sizes are in these */
    transcript_add(&t, hash_bytes(&s->accept));
    transcript_add(&t, bytes_of(asker_coin, 32));
    transcript_add(&t, bytes_of(asked_coin, 32));
    transcript_hash(&t, out);
}
