/* Claims: the table of cases.md 3.4, pings, and story 5. */
#include "world.h"

#define START "2026-03-02T10:00:00Z"
#define HOUR 3600000LL
#define DAY 86400000LL

static struct hash lodge(struct world *w, int64_t t, const char *more)
{
    return tell2(w, NORTH, "claim", NULL, NULL, t, claim_body(w, more));
}

/* Story 5: two hypotheses, likelihood and confidence apart, a denial, custody attacked, revised. */
static void a_claim_is_made_and_denied(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash c = lodge(w, t, NULL), x;
    struct cases_view v = look(w, &c, t + HOUR);

    (void)state;
    assert_int_equal(v.verdict, CASES_TAKEN);
    assert_int_equal(v.claim.evidence, 3);
    assert_int_equal(v.claim.held, 2);
    assert_int_equal(v.claim.withheld, 1);
    assert_string_equal(cases_likelihoods[v.claim.likelihood].word, "likely");
    assert_string_equal(cases_confidence_words[v.claim.confidence], "moderate");
    x = tell(w, SOUTH, "claim.rebut", &c, NULL, t + HOUR,
             "\"attacks\":\"custody\",\"target\":\"evidence/2\"");
    assert_int_equal(outcome(w, &c, &x).verdict, CASES_V_STATE); /* reply first */
    tell(w, SOUTH, "claim.ack", &c, NULL, t + HOUR, NULL);
    tell(w, SOUTH, "claim.reply", &c, NULL, t + DAY, "\"reply\":\"deny\"");
    v = look(w, &c, t + DAY);
    assert_string_equal(state_word(w, &c, t + DAY), "replied");
    assert_int_equal(v.claim.reply, CASES_DENY);
    assert_int_equal(v.final_timing, CASES_IN_TIME);
    tell(w, SOUTH, "claim.rebut", &c, NULL, t + 2 * DAY,
         "\"attacks\":\"custody\",\"target\":\"evidence/2\"");
    x = tell(
        w, NORTH, "claim.revise", &c, NULL, t + 3 * DAY,
        "\"likelihood\":{\"low\":45,\"high\":55},\"confidence\":\"low\",\"reason\":\"custody\"");
    assert_int_equal(outcome(w, &c, &x).verdict, CASES_V_TWO_OFFICERS);
    tell2(w, NORTH, "claim.revise", &c, NULL, t + 3 * DAY,
          "\"likelihood\":{\"low\":45,\"high\":55},\"confidence\":\"low\",\"reason\":\"custody\"");
    v = look(w, &c, t + 3 * DAY);
    assert_string_equal(cases_likelihoods[v.claim.likelihood].word, "roughly even chance");
    assert_int_equal(v.claim.revisions, 1);
    assert_int_equal(v.claim.rebuts, 1);
    world_free(w);
}

static const struct gate {
    const char *name, *more, *says;
} gates[] = {
    {"one hypothesis", "\"hypotheses\":[{\"text\":\"a\",\"named_party\":true}]", "two hypotheses"},
    {"two that both name the party",
     "\"hypotheses\":[{\"text\":\"a\",\"named_party\":true},{\"text\":\"b\",\"named_party\":true}]",
     "two hypotheses"},
    {"a likelihood of one's own", "\"likelihood\":{\"low\":50,\"high\":90}", "seven ranges"},
    {"a matrix with too few rows", "\"matrix\":[[\"consistent\",\"consistent\",\"consistent\"]]",
     "row per hypothesis"},
    {"a matrix with too few cells", "\"matrix\":[[\"consistent\"],[\"consistent\"]]",
     "cell per piece"},
    {"a cell that says something else",
     "\"matrix\":[[\"consistent\",\"x\",\"consistent\"],[\"consistent\",\"consistent\","
     "\"consistent\"]]",
     "three words"},
    {"one officer alone",
     "\"matrix\":[[\"consistent\",\"inconsistent\",\"consistent\"],[\"not-applicable\","
     "\"consistent\",\"consistent\"]]",
     "two officers"},
};

static void the_gate(void **state)
{
    const struct gate *g = *state;
    struct world *w = world_new();
    struct err e = {0};

    assert_false(may(w, NORTH, "claim", NULL, T(START), claim_body(w, g->more), &e));
    if (!strstr(e.text, g->says))
        fail_msg("%s", e.text);
    world_free(w);
}

static void the_matrix_is_shown_and_not_decided(void **state)
{
    struct world *w = world_new();
    struct bytes out;
    struct err e = {0};
    const char *body =
        arena_format(w->arena, NULL, "{%s}",
                     claim_body(w, "\"matrix\":[[\"consistent\",\"inconsistent\",\"inconsistent\"],"
                                   "[\"consistent\",\"consistent\",\"inconsistent\"]]"));

    (void)state;
    must(cases_matrix(bytes_text(body), NULL, w->arena, &out, &e), &e);
    assert_true(
        bytes_equal(out, BYTES("      E1  E2  E3\n"
                               "H1     +   -   ?   against: 1   they did it\n"
                               "H2     +   +   ?   against: 0   somebody used their machines "
                               "(not the named party)\n"
                               "E1   unnamed (says the same of every hypothesis)\n"
                               "E2   unnamed\n"
                               "E3   unnamed (withheld: counted as nothing)\n"
                               "the claimant's matrix, counted and not judged\n")));
    must_fail(cases_matrix(BYTES("{\"hypotheses\":[]}"), NULL, w->arena, &out, &e), &e, ERR_INPUT,
              "matrix");
    world_free(w);
}

static void no_reply_is_no_admission(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash c = lodge(w, t, NULL);
    struct cases_view v = look(w, &c, t + 60 * DAY);
    struct bytes text;

    (void)state;
    assert_string_equal(state_word(w, &c, t + 60 * DAY), "lodged");
    assert_true(v.claim.unanswered && v.overdue);
    must(cases_show(w->cases, &c, t + 60 * DAY, NULL, w->arena, &text, NULL), NULL);
    assert_true(bytes_find(text, BYTES("no reply by 2026-04-01T15:59:59.999Z")) != SIZE_MAX);
    assert_true(bytes_find(text, BYTES("admit")) == SIZE_MAX);
    world_free(w);
}

static void a_joint_finding_needs_both(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash c = lodge(w, t, NULL), f, x, s, child;
    struct cases_view v;

    (void)state;
    tell(w, SOUTH, "claim.reply", &c, NULL, t + DAY, "\"reply\":\"third-party\"");
    f = tell2(w, NORTH, "claim.finding", &c, NULL, t + 2 * DAY,
              "\"agreed\":[\"the host was in the south\"]");
    assert_string_equal(state_word(w, &c, t + 3 * DAY), "replied");
    x = tell(w, NORTH, "agree", &c, &f, t + 3 * DAY, NULL);
    assert_int_equal(outcome(w, &c, &x).verdict, CASES_V_PROPOSAL);
    x = tell(w, SOUTH, "agree", &c, &c, t + 3 * DAY, NULL);
    assert_int_equal(outcome(w, &c, &x).verdict, CASES_V_PROPOSAL);
    tell(w, SOUTH, "agree", &c, &f, t + 4 * DAY, NULL);
    assert_string_equal(state_word(w, &c, t + 4 * DAY), "found");
    /* A settlement; its obligation is a request that names the claim. */
    s = tell2(w, SOUTH, "claim.settle", &c, NULL, t + 5 * DAY,
              "\"obligations\":[\"clean the host\"]");
    tell(w, NORTH, "agree", &c, &s, t + 6 * DAY, NULL);
    assert_string_equal(state_word(w, &c, t + 6 * DAY), "settled");
    {
        char hex[65] = "", link[100];
        hex_encode(hex, c.b, 32);
        snprintf(link, sizeof link, "\"obligation_of\":\"%s\"", hex);
        child = tell(w, NORTH, "request", NULL, NULL, t + 7 * DAY,
                     request_body(w, "info", "urgent", 1, link));
    }
    v = look(w, &c, t + 8 * DAY);
    assert_int_equal(v.claim.obligations_open, 1);
    assert_int_equal(v.claim.obligations_broken, 0);
    v = look(w, &c, t + 12 * DAY);
    assert_int_equal(v.claim.obligations_broken, 1);
    assert_true(v.claim.reopened); /* the breach opens the claim again */
    assert_int_equal(v.claim.state, CASES_FOUND);
    assert_int_equal(v.ended_at, CASES_NEVER);
    (void)child;
    world_free(w);
}

static void a_counter_claim_is_a_claim_of_its_own(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash c = lodge(w, t, NULL), counter;
    char hex[65] = "", link[100], body[4096], *to;
    struct cases_view v;

    (void)state;
    hex_encode(hex, c.b, 32);
    snprintf(link, sizeof link, "\"counter_to\":\"%s\"", hex);
    snprintf(body, sizeof body, "%s", claim_body(w, link));
    to = strstr(body, "\"south\"");
    memcpy(to, "\"north\"", 7);
    counter = tell2(w, SOUTH, "claim", NULL, NULL, t + DAY, body);
    v = look(w, &counter, t + DAY);
    assert_int_equal(v.verdict, CASES_TAKEN);
    assert_true(v.claim.counter && hash_equal(&v.claim.counter_to, &c));
    tell(w, SOUTH, "claim.reply", &c, NULL, t + 2 * DAY, "\"reply\":\"deny\"");
    assert_string_equal(state_word(w, &counter, t + 2 * DAY), "lodged");
    assert_string_equal(state_word(w, &c, t + 2 * DAY), "replied");
    world_free(w);
}

static void withdrawn_is_not_erased(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash c = lodge(w, t, NULL), x;

    (void)state;
    tell2(w, NORTH, "claim.withdraw", &c, NULL, t + DAY, "\"reason\":\"mistaken\"");
    assert_string_equal(state_word(w, &c, t + DAY), "withdrawn");
    x = tell(w, SOUTH, "claim.reply", &c, NULL, t + 2 * DAY, "\"reply\":\"deny\"");
    assert_int_equal(outcome(w, &c, &x).verdict, CASES_V_STATE);
    assert_int_equal(look(w, &c, t + 2 * DAY).acts, 3);
    world_free(w);
}

static void pings_test_contact_points(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash p = tell(w, NORTH, "ping", NULL, NULL, t,
                         "\"addressee\":\"south\",\"role\":\"technical\",\"exercise\":false"),
                x;

    (void)state;
    assert_false(look(w, &p, t + 24 * HOUR).overdue);
    assert_true(look(w, &p, t + 24 * HOUR + 1).overdue);
    x = tell(w, NORTH, "pong", &p, NULL, t + HOUR, NULL);
    assert_int_equal(outcome(w, &p, &x).verdict, CASES_V_NOT_YOURS);
    x = tell(w, SOUTH, "pong", &p, NULL, t + 25 * HOUR, NULL);
    assert_int_equal(outcome(w, &p, &x).timing, CASES_LATE);
    assert_true(look(w, &p, t + 26 * HOUR).ping.answered);
    assert_false(look(w, &p, t + 26 * HOUR).overdue);
    world_free(w);
}

int main(void)
{
    struct CMUnitTest tests[7 + sizeof gates / sizeof *gates] = {
        cmocka_unit_test(a_claim_is_made_and_denied),
        cmocka_unit_test(no_reply_is_no_admission),
        cmocka_unit_test(a_joint_finding_needs_both),
        cmocka_unit_test(withdrawn_is_not_erased),
        cmocka_unit_test(pings_test_contact_points),
        cmocka_unit_test(the_matrix_is_shown_and_not_decided),
        cmocka_unit_test(a_counter_claim_is_a_claim_of_its_own),
    };

    for (size_t i = 0; i < sizeof gates / sizeof *gates; i++)
        tests[7 + i] = (struct CMUnitTest)ROW_TEST(the_gate, gates[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
