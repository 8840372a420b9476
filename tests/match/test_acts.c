/* Sessions as the logs tell them, and what the clause says, also to a side that skips its checks.
 */
#include "record/record_support.h"

#include "match/acts.h"

#define DAY 86400

static struct match_session session_of(const char *id, struct bytes from, struct bytes to)
{
    struct match_session s = {.purpose = BYTES("c2-domains"),
                              .type = match_type_find(BYTES("domain")),
                              .size = {100, 200},
                              .shards = 1,
                              .party = {from, to}};

    memcpy(s.id, id, MATCH_ID);
    return s;
}

/* Say it whatever the clause says of it: what a cheating peer's program does. */
static struct hash append(struct node *n, const struct match_session *s, const char *kind,
                          struct bytes object)
{
    struct record_draft d;
    struct record_placed at;
    struct err e = {0};

    match_draft(s, kind, record_self(n->r), object, &d);
    must(record_append(n->r, &d, 1, &at, &e), &e);
    return at.text_hash;
}

static void offer(struct world *w, struct node *n, struct match_session *s)
{
    struct bytes object;
    struct err e = {0};

    must(match_say_offer(s, 1000000, w->a, &object, &e), &e);
    s->offer = append(n, s, "match.offer", object);
}

static void accept(struct world *w, struct node *n, struct match_session *s)
{
    struct bytes object;
    struct err e = {0};

    must(match_say_accept(s, os_system(), w->a, &object, &e), &e);
    s->accept = append(n, s, "match.accept", object);
}

#define ID(k) "00000000-0000-4000-8000-00000000000" #k

static const struct match_session *found(struct world *w, struct node *n, const char *id,
                                         struct match_sessions *all)
{
    struct err e = {0};
    struct match_session *s;

    must(match_fold(n->r, w->a, all, &e), &e);
    s = match_session_find(all, bytes_text(id), &e);
    must(s != NULL, &e);
    return s;
}

static struct world *ready(void)
{
    struct world *w = new_world(2);

    sign_all(w);
    return w;
}

static struct bytes self(struct world *w, int i)
{
    return record_self(w->node[i].r);
}

static void too_many(struct match_session *s)
{
    s->size[0] = 10000001;
}
static void too_few(struct match_session *s)
{
    s->size[0] = 1;
}
static void other_type(struct match_session *s)
{
    s->type = match_type_find(BYTES("sha256"));
}
static void addresses(struct match_session *s)
{
    s->type = match_type_find(BYTES("ipv4"));
}
static void other_purpose(struct match_session *s)
{
    s->purpose = BYTES("salaries");
}
static void only_me(struct match_session *s)
{
    s->who = MATCH_ONLY_ASKER;
}
static void nothing(struct match_session *s)
{
    (void)s;
}

static const struct cheat {
    const char *name;
    void (*change)(struct match_session *s);
    const char *says;
} cheats[] = {
    {"as agreed", nothing, NULL},
    {"above the cap", too_many, "clauses.match.c2-domains.max"},
    {"a probe of one item", too_few, "clauses.match.c2-domains.min"},
    {"another type", other_type, "clauses.match.c2-domains.items"},
    {"addresses, which can all be tried", addresses, "clauses.match.c2-domains.items"},
    {"a purpose that is not agreed", other_purpose, "clauses.match: comparisons for"},
    {"only the asker learns", only_me, "agreed is that the intersection goes to both"},
};

static void the_other_side_sees_what_a_cheat_offers(void **state)
{
    const struct cheat *c = *state;
    struct world *w = ready();
    struct match_session s = session_of(ID(1), self(w, 0), self(w, 1));
    struct match_sessions all;
    struct match_limits l;
    struct match_wish wish;
    struct err e = {0};

    c->change(&s);
    offer(w, &w->node[0], &s);
    exchange(w);
    match_wish_of(found(w, &w->node[1], ID(1), &all), &wish);
    if (c->says)
        must_fail(match_permits(record_agreement(w->node[1].r), &all, &wish, 1000, &l, &e), &e,
                  ERR_DENIED, c->says);
    else
        must(match_permits(record_agreement(w->node[1].r), &all, &wish, 1000, &l, &e), &e);
    end_world(w);
}

static void sessions_and_budgets_are_counted_by_both_alike(void **state)
{
    struct world *w = ready();
    struct match_sessions all[2];
    struct match_limits l;
    struct match_wish wish = {.purpose = BYTES("c2-domains"),
                              .type = match_type_find(BYTES("domain")),
                              .size = {100, 0},
                              .shards = 1};
    struct err e = {0};
    static const char *const ids[] = {ID(1), ID(2), ID(3), ID(4)};
    int64_t now;

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct match_session s = session_of(ids[i], self(w, i % 2), self(w, 1 - i % 2));
        s.size[0] = i == 0 ? 9000000 : 100;
        offer(w, &w->node[i % 2], &s);
        exchange(w);
        accept(w, &w->node[1 - i % 2], &s);
        exchange(w);
    }
    for (int n = 0; n < 2; n++) {
        const struct match_session *s = found(w, &w->node[n], ID(1), &all[n]);
        now = s->accepted_at;
        wish.party[0] = self(w, n);
        wish.party[1] = self(w, 1 - n);
        must_fail(match_permits(record_agreement(w->node[n].r), &all[n], &wish, now, &l, &e), &e,
                  ERR_DENIED, "per_day: 4 sessions");
        err_clear(&e);
        must(match_permits(record_agreement(w->node[n].r), &all[n], &wish, now + DAY, &l, &e), &e);
        wish.size[0] = 9000000; /* north has spent 13.5 million of 50, three more are too many */
        must(match_permits(record_agreement(w->node[n].r), &all[n], &wish, now + DAY, &l, &e), &e);
        wish.size[0] = 100;
        assert_int_equal(s->accepted_at,
                         found(w, &w->node[1 - n], ID(1), &all[1 - n])->accepted_at);
    }
    end_world(w);
}

static void what_does_not_fit_changes_nothing(void **state)
{
    struct world *w = ready();
    struct match_session s = session_of(ID(1), self(w, 0), self(w, 1)), again = s;
    struct match_outcome o = {.count = 7, .capacity = 9};
    struct match_sessions all;
    struct bytes object;
    struct err e = {0};

    (void)state;
    offer(w, &w->node[0], &s);
    exchange(w);
    accept(w, &w->node[0], &s); /* the asker itself */
    must(match_say_result(&s, &o, os_system(), w->a, &object, &e), &e);
    append(&w->node[1], &s, "match.result", object); /* before any acceptance */
    again.size[0] = 5000;
    offer(w, &w->node[1], &again); /* with an id that is taken */
    exchange(w);
    assert_int_equal(found(w, &w->node[0], ID(1), &all)->state, MATCH_OFFERED);
    assert_int_equal(all.n, 1);
    assert_int_equal(all.ignored, 3);
    end_world(w);
}

static void results_and_aborts(void **state)
{
    struct world *w = ready();
    struct match_session s = session_of(ID(1), self(w, 0), self(w, 1));
    struct match_outcome o = {.count = 7, .capacity = 9};
    const struct match_session *seen;
    struct match_sessions all;
    struct bytes object;
    struct err e = {0};

    (void)state;
    offer(w, &w->node[0], &s);
    exchange(w);
    accept(w, &w->node[1], &s);
    must(match_say_abort(&s, "closed", os_system(), w->a, &object, &e), &e);
    append(&w->node[0], &s, "match.abort", object);
    exchange(w);
    seen = found(w, &w->node[1], ID(1), &all);
    assert_int_equal(seen->state, MATCH_ACCEPTED); /* may be tried again */
    assert_int_equal(seen->aborts, 1);
    must(match_say_result(&s, &o, os_system(), w->a, &object, &e), &e);
    append(&w->node[0], &s, "match.result", object);
    o.transcript.b[0] = 1;
    o.count = -1;
    must(match_say_result(&s, &o, os_system(), w->a, &object, &e), &e);
    append(&w->node[1], &s, "match.result", object);
    exchange(w);
    seen = found(w, &w->node[0], ID(1), &all);
    assert_int_equal(seen->state, MATCH_COMPARED);
    assert_int_equal(seen->outcome[0].count, 7);
    assert_int_equal(seen->outcome[1].count, -1);
    assert_true(seen->differ);
    end_world(w);
}

static void a_check_that_failed_ends_it(void **state)
{
    struct world *w = ready();
    struct match_session s = session_of(ID(1), self(w, 0), self(w, 1));
    struct match_sessions all;
    struct bytes object;
    struct err e = {0};

    (void)state;
    offer(w, &w->node[0], &s);
    exchange(w);
    accept(w, &w->node[1], &s);
    must(match_say_abort(&s, psi_reason_name(PSI_REASON_ENDED), os_system(), w->a, &object, &e),
         &e);
    append(&w->node[1], &s, "match.abort", object);
    exchange(w);
    assert_int_equal(found(w, &w->node[0], ID(1), &all)->state, MATCH_ENDED);
    end_world(w);
}

int main(void)
{
    struct CMUnitTest tests[16] = {
        cmocka_unit_test(sessions_and_budgets_are_counted_by_both_alike),
        cmocka_unit_test(what_does_not_fit_changes_nothing),
        cmocka_unit_test(results_and_aborts),
        cmocka_unit_test(a_check_that_failed_ends_it),
    };
    size_t n = 4;

    assert_true(crypto_init());
    for (size_t i = 0; i < sizeof cheats / sizeof *cheats; i++)
        tests[n++] =
            (struct CMUnitTest)ROW_TEST(the_other_side_sees_what_a_cheat_offers, cheats[i]);
    return _cmocka_run_group_tests("match acts", tests, n, NULL, NULL);
}
