/* Requests: every row of the table of states, by example. */
#include "world.h"

#define START "2026-03-02T10:00:00Z" /* a Monday */
#define HOUR 3600000LL
#define DAY 86400000LL

static void ask_and_be_answered(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q =
        say(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "normal", 2, NULL));
    struct cases_view v = look(w, &q, t);

    (void)state;
    assert_true(v.pending);
    assert_true(v.delivered_at == CASES_NEVER && v.final_due == CASES_NEVER);
    cosign(w, NORTH, SOUTH, t + 60000);
    v = look(w, &q, t + 60000);
    assert_false(v.pending);
    assert_string_equal(state_word(w, &q, t + 60000), "delivered");
    assert_string_equal(instant(w->arena, v.ack_due), "2026-03-04T15:59:59.999"); /* Shanghai */
    assert_string_equal(instant(w->arena, v.final_due), "2026-03-12T15:59:59.999");
    tell(w, SOUTH, "request.ack", &q, NULL, t + HOUR, NULL);
    assert_string_equal(state_word(w, &q, t + HOUR), "open");
    tell(w, SOUTH, "request.status", &q, NULL, t + 2 * HOUR, NULL);
    tell(w, SOUTH, "request.answer", &q, NULL, t + DAY,
         "\"items\":[{\"item\":1,\"status\":\"answered\"}]");
    assert_string_equal(state_word(w, &q, t + DAY), "partly");
    tell(w, SOUTH, "request.answer", &q, NULL, t + 2 * DAY,
         "\"final\":true,\"items\":[{\"item\":2,\"status\":\"not-held\"}]");
    v = look(w, &q, t + 2 * DAY);
    assert_string_equal(state_word(w, &q, t + 2 * DAY), "answered");
    assert_int_equal(v.ack_timing, CASES_IN_TIME);
    assert_int_equal(v.status_timing, CASES_IN_TIME);
    assert_int_equal(v.final_timing, CASES_IN_TIME);
    assert_false(look(w, &q, t + 100 * DAY).overdue);
    tell(w, NORTH, "request.accept", &q, NULL, t + 3 * DAY, "\"rating\":{\"usefulness\":4}");
    assert_string_equal(state_word(w, &q, t + 3 * DAY), "closed");
    world_free(w);
}

static void silence_accepts(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q =
        tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "normal", 1, NULL));

    (void)state;
    tell(w, SOUTH, "request.answer", &q, NULL, t + DAY,
         "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"}]");
    assert_string_equal(state_word(w, &q, T("2026-03-13T22:59:59.999Z")), "answered");
    assert_string_equal(state_word(w, &q, T("2026-03-16T23:00:00Z")), "closed");
    world_free(w);
}

/* Story 3: south's node is off; a witness is not. */
static void the_other_side_goes_silent(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START), due;
    struct hash q = say(w, NORTH, "request", NULL, NULL, t,
                        request_body(w, "info", "urgent", 1, NULL)),
                a;
    struct cases_view v;

    (void)state;
    cosign(w, NORTH, WITNESS, t);
    v = look(w, &q, t + HOUR - 1);
    assert_string_equal(state_word(w, &q, t + HOUR - 1), "sent");
    v = look(w, &q, t + HOUR);
    assert_true(v.deemed);
    assert_true(v.delivered_at == t + HOUR);
    due = t + HOUR + 72 * HOUR;
    assert_true(v.final_due == due);
    assert_false(look(w, &q, due).overdue);
    v = look(w, &q, due + 1);
    assert_true(v.overdue);
    assert_int_equal(v.rung, 1);
    assert_true(v.rung_since == due);
    /* South comes back after two days: its own receipt is later, and moves nothing. */
    cosign(w, NORTH, SOUTH, due + 50 * HOUR);
    v = look(w, &q, due + 51 * HOUR);
    assert_true(v.final_due == due && v.overdue && v.deemed);
    a = tell(w, SOUTH, "request.answer", &q, NULL, due + 51 * HOUR,
             "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"}]");
    v = look(w, &q, due + 52 * HOUR);
    assert_int_equal(v.final_timing, CASES_LATE);
    assert_int_equal(v.request.items_late, 1);
    assert_int_equal(outcome(w, &q, &a).timing, CASES_LATE);
    assert_int_equal(outcome(w, &q, &a).verdict, CASES_TAKEN);
    assert_string_equal(state_word(w, &q, due + 52 * HOUR), "answered");
    world_free(w);
}

static void an_unanswered_request_lapses(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 1, NULL)),
                a;

    (void)state;
    assert_string_equal(state_word(w, &q, t + 216 * HOUR), "delivered");
    assert_string_equal(state_word(w, &q, t + 216 * HOUR + 1), "lapsed");
    a = tell(w, SOUTH, "request.answer", &q, NULL, t + 300 * HOUR,
             "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"}]");
    assert_int_equal(outcome(w, &q, &a).verdict, CASES_V_LAPSED);
    assert_string_equal(state_word(w, &q, t + 300 * HOUR), "lapsed");
    world_free(w);
}

/* Story 7: a claimed time before the due instant does not help. */
static void backdating_is_named(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START), due = t + 72 * HOUR;
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 1, NULL)),
                a;
    struct cases_act_view v;

    (void)state;
    cosign(w, SOUTH, NORTH, due + 24 * HOUR); /* south's log is empty up to here */
    a = say(w, SOUTH, "request.refuse", &q, NULL, due - 2 * HOUR,
            "\"ground\":\"sovereignty-security\",\"scope\":\"all\"");
    cosign(w, SOUTH, NORTH, due + 48 * HOUR);
    v = outcome(w, &q, &a);
    assert_true(v.contradicted);
    assert_true(v.after == due + 24 * HOUR);
    assert_int_equal(v.verdict, CASES_TAKEN);
    assert_int_equal(v.timing, CASES_LATE);
    world_free(w);
}

static void without_a_witness_some_things_are_undecidable(void **state)
{
    static const char *const edits[] = {"\"watcher\"", "", NULL};
    struct world *w = world_with(edits);
    int64_t t = T(START), due = t + 72 * HOUR;
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 1, NULL)),
                a;

    (void)state;
    a = say(w, SOUTH, "request.answer", &q, NULL, due - HOUR,
            "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"}]");
    cosign(w, SOUTH, NORTH, due + HOUR);
    assert_int_equal(outcome(w, &q, &a).timing, CASES_UNDECIDABLE);
    assert_false(outcome(w, &q, &a).contradicted);
    world_free(w);
}

static void clarify_stops_the_clock_only_for_a_reason(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START), due = t + 72 * HOUR;
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 2, NULL)),
                c;

    (void)state;
    c = tell(w, SOUTH, "request.clarify", &q, NULL, t + HOUR,
             "\"asks\":[{\"field\":\"purpose\",\"text\":\"why?\"}]");
    assert_int_equal(outcome(w, &q, &c).verdict, CASES_NO_STOP);
    assert_string_equal(state_word(w, &q, t + HOUR), "open");
    assert_true(look(w, &q, t + 2 * HOUR).final_due == due);
    c = tell(w, SOUTH, "request.clarify", &q, NULL, t + 2 * HOUR,
             "\"asks\":[{\"item\":2,\"text\":\"which?\"}]");
    assert_int_equal(outcome(w, &q, &c).verdict, CASES_TAKEN);
    assert_string_equal(state_word(w, &q, t + 2 * HOUR), "waiting");
    assert_true(look(w, &q, t + 50 * HOUR).stopped_since == t + 2 * HOUR);
    tell(w, NORTH, "request.clarified", &q, &c, t + 12 * HOUR, "\"answers\":[\"the second\"]");
    assert_string_equal(state_word(w, &q, t + 12 * HOUR), "open");
    assert_true(look(w, &q, t + 12 * HOUR).final_due == due + 10 * HOUR);
    /* The same item again stops nothing. */
    c = tell(w, SOUTH, "request.clarify", &q, NULL, t + 13 * HOUR,
             "\"asks\":[{\"item\":2,\"text\":\"really?\"}]");
    assert_int_equal(outcome(w, &q, &c).verdict, CASES_NO_STOP);
    world_free(w);
}

static void an_unanswered_clarification_lapses_the_request(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q =
        tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "urgent", 1, NULL));

    (void)state;
    tell(w, SOUTH, "request.clarify", &q, NULL, t + HOUR, "\"asks\":[{\"item\":1,\"text\":\"?\"}]");
    assert_string_equal(state_word(w, &q, T("2026-03-09T22:59:59.999Z")),
                        "waiting"); /* Saturday moves to Monday */
    assert_string_equal(state_word(w, &q, T("2026-03-09T23:00:00Z")), "lapsed");
    assert_false(look(w, &q, t + 90 * DAY).overdue);
    world_free(w);
}

static void extensions(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 1, NULL)),
                x;
    struct hash em = tell(w, NORTH, "request", NULL, NULL, t,
                          request_body(w, "info", "emergency", 1, NULL)),
                p;

    (void)state;
    x = tell(w, SOUTH, "request.extend", &q, NULL, t + HOUR, "\"extend_by\":\"73 hours\"");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_EXTEND_LENGTH);
    x = tell(w, SOUTH, "request.extend", &q, NULL, t + HOUR, "\"extend_by\":\"3 days\"");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_EXTEND);
    x = tell(w, SOUTH, "request.extend", &q, NULL, t + 2 * HOUR, "\"extend_by\":\"72 hours\"");
    assert_true(look(w, &q, t + 2 * HOUR).final_due == t + 144 * HOUR);
    x = tell(w, SOUTH, "request.extend", &q, NULL, t + 3 * HOUR, "\"extend_by\":\"1 hour\"");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_EXTEND_TIMES);
    assert_string_equal(outcome(w, &q, &x).clause, "clock.urgency.urgent");
    /* By consent: nothing until the other side agrees; one's own yes is none. */
    p = tell(w, SOUTH, "request.extend", &em, NULL, t + HOUR * 4, "\"extend_by\":\"4 hours\"");
    assert_true(look(w, &em, t + 5 * HOUR).final_due == t + 8 * HOUR);
    x = tell(w, SOUTH, "agree", &em, &p, t + 5 * HOUR, NULL);
    assert_int_equal(outcome(w, &em, &x).verdict, CASES_V_PROPOSAL);
    tell(w, NORTH, "agree", &em, &p, t + 6 * HOUR, NULL);
    assert_true(look(w, &em, t + 6 * HOUR).final_due == t + 12 * HOUR);
    x = tell(w, SOUTH, "request.extend", &em, NULL, t + 13 * HOUR, "\"extend_by\":\"1 hour\"");
    assert_int_equal(outcome(w, &em, &x).verdict, CASES_V_EXTEND_TIMES);
    world_free(w);
}

static void an_extension_after_the_due_instant_is_none(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 1, NULL)),
                x;

    (void)state;
    x = tell(w, SOUTH, "request.extend", &q, NULL, t + 72 * HOUR + 1, "\"extend_by\":\"72 hours\"");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_EXTEND_DUE);
    assert_true(look(w, &q, t + 73 * HOUR).overdue);
    world_free(w);
}

static void refusals_need_ground_and_scope(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 3, NULL)),
                x;

    (void)state;
    x = tell(w, SOUTH, "request.refuse", &q, NULL, t + HOUR, "\"ground\":\"sovereignty-security\"");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_MALFORMED);
    x = tell(w, SOUTH, "request.refuse", &q, NULL, t + HOUR,
             "\"ground\":\"quota\",\"scope\":\"all\"");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_GROUND);
    assert_string_equal(outcome(w, &q, &x).clause, "ground.quota");
    x = tell(w, SOUTH, "request.refuse", &q, NULL, t + HOUR,
             "\"ground\":\"malformed\",\"scope\":\"all\"");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_GROUND);
    x = tell(w, SOUTH, "request.refuse", &q, NULL, t + HOUR,
             "\"ground\":\"ongoing-case\",\"scope\":\"all\"");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_GROUND_NEEDS);
    x = tell(w, SOUTH, "request.refuse", &q, NULL, t + HOUR,
             "\"ground\":\"ongoing-case\",\"date\":\"2026-06-01\",\"scope\":\"all\"");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_CONSULT_FIRST);
    x = tell(w, SOUTH, "request.refuse", &q, NULL, t + HOUR,
             "\"ground\":\"not-held\",\"search\":\"all logs\",\"scope\":[2,2]");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_ITEM);
    x = tell(w, SOUTH, "request.refuse", &q, NULL, t + HOUR,
             "\"ground\":\"not-held\",\"search\":\"all logs\",\"scope\":[2]");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_TAKEN);
    assert_string_equal(state_word(w, &q, t + HOUR), "part-refused");
    x = tell(w, SOUTH, "request.refuse", &q, NULL, t + 2 * HOUR,
             "\"ground\":\"ongoing-case\",\"date\":\"2026-06-01\",\"consult_offer\":true,\"scope\":"
             "\"all\"");
    assert_string_equal(state_word(w, &q, t + 2 * HOUR), "refused");
    /* The consultation window, then the ladder. */
    x = tell(w, NORTH, "request.escalate", &q, NULL, t + 3 * HOUR, "\"rung\":1");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_CONSULT_WINDOW);
    x = tell(w, NORTH, "request.escalate", &q, NULL, t + 51 * HOUR, "\"rung\":2");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_RUNG);
    x = tell(w, NORTH, "request.escalate", &q, NULL, t + 51 * HOUR, "\"rung\":1");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_TAKEN);
    assert_string_equal(state_word(w, &q, t + 51 * HOUR), "escalated");
    world_free(w);
}

static void up_the_ladder_to_a_ruling(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 1, NULL)),
                x;

    (void)state;
    tell(w, SOUTH, "request.refuse", &q, NULL, t + HOUR,
         "\"ground\":\"not-held\",\"search\":\"none\",\"scope\":\"all\"");
    for (int rung = 1; rung <= 4; rung++) {
        char body[32];
        snprintf(body, sizeof body, "\"rung\":%d", rung);
        x = tell(w, NORTH, "request.escalate", &q, NULL, t + (2 + 20 * rung) * DAY, body);
        assert_int_equal(outcome(w, &q, &x).verdict, CASES_TAKEN);
    }
    x = tell(w, EAST, "request.ruling", &q, NULL, t + 100 * DAY,
             "\"question\":\"ground\",\"upheld\":false");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_NOT_YOURS);
    x = tell(w, JUDGE, "request.ruling", &q, NULL, t + 101 * DAY,
             "\"question\":\"ground\",\"upheld\":false");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_TAKEN);
    assert_string_equal(state_word(w, &q, t + 101 * DAY), "open");
    assert_true(look(w, &q, t + 101 * DAY).final_due == t + 104 * DAY);
    tell(w, SOUTH, "request.answer", &q, NULL, t + 102 * DAY,
         "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"}]");
    assert_string_equal(state_word(w, &q, t + 102 * DAY), "answered");
    world_free(w);
}

static void the_arbiter_does_not_review_sovereignty(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 1, NULL)),
                x;

    (void)state;
    tell(w, SOUTH, "request.refuse", &q, NULL, t + HOUR,
         "\"ground\":\"sovereignty-security\",\"scope\":\"all\"");
    for (int rung = 1; rung <= 4; rung++) {
        char body[32];
        snprintf(body, sizeof body, "\"rung\":%d", rung);
        tell(w, NORTH, "request.escalate", &q, NULL, t + 20 * rung * DAY, body);
    }
    x = tell(w, JUDGE, "request.ruling", &q, NULL, t + 101 * DAY,
             "\"question\":\"ground\",\"upheld\":false");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_REVIEW);
    assert_string_equal(state_word(w, &q, t + 101 * DAY), "escalated");
    world_free(w);
}

static void contest_and_answer_again(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "normal", 2, NULL)),
                x;

    (void)state;
    tell(w, SOUTH, "request.answer", &q, NULL, t + DAY,
         "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"},{\"item\":2,\"status\":"
         "\"answered\"}]");
    x = tell(w, SOUTH, "request.answer", &q, NULL, t + DAY,
             "\"items\":[{\"item\":1,\"status\":\"not-held\"}]");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_STATE);
    tell(w, NORTH, "request.contest", &q, NULL, t + 2 * DAY,
         "\"reason\":\"beside the point\",\"items\":[2]");
    assert_string_equal(state_word(w, &q, t + 60 * DAY), "contested");
    x = tell(w, SOUTH, "request.answer", &q, NULL, t + 3 * DAY,
             "\"items\":[{\"item\":1,\"status\":\"not-held\"}]");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_ITEM_FINAL);
    tell(w, SOUTH, "request.answer", &q, NULL, t + 3 * DAY,
         "\"items\":[{\"item\":2,\"status\":\"not-held\"}]");
    assert_string_equal(state_word(w, &q, t + 3 * DAY), "answered");
    assert_int_equal(look(w, &q, t + 3 * DAY).request.item[1], CASES_ITEM_NOT_HELD);
    world_free(w);
}

static void suspend_and_resume_need_both(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 1, NULL)),
                p;

    (void)state;
    p = tell(w, SOUTH, "request.suspend", &q, NULL, t + HOUR, NULL);
    assert_true(look(w, &q, t + 2 * HOUR).stopped_since == CASES_NEVER);
    tell(w, NORTH, "agree", &q, &p, t + 2 * HOUR, NULL);
    assert_true(look(w, &q, t + 100 * HOUR).stopped_since == t + 2 * HOUR);
    assert_false(look(w, &q, t + 100 * HOUR).overdue);
    p = tell(w, NORTH, "request.resume", &q, NULL, t + 101 * HOUR, NULL);
    tell(w, SOUTH, "agree", &q, &p, t + 102 * HOUR, NULL);
    assert_true(look(w, &q, t + 102 * HOUR).final_due == t + 172 * HOUR);
    assert_true(look(w, &q, t + 102 * HOUR).ack_due == t + 108 * HOUR);
    world_free(w);
}

static void the_sum_of_stops_is_capped(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 1, NULL)),
                p;

    (void)state;
    p = tell(w, SOUTH, "request.suspend", &q, NULL, t + HOUR, NULL);
    tell(w, NORTH, "agree", &q, &p, t + 2 * HOUR, NULL);
    assert_true(look(w, &q, t + 2 * HOUR + 30 * DAY).final_due == t + 72 * HOUR + 30 * DAY);
    assert_true(look(w, &q, t + 72 * HOUR + 30 * DAY + 1).overdue);
    world_free(w);
}

static void an_outage_is_declared_first_and_capped(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q =
        tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "urgent", 1, NULL));

    (void)state;
    tell(w, SOUTH, "outage", NULL, NULL, t + HOUR,
         "\"from\":\"2026-03-02T20:00:00Z\",\"until\":\"2026-03-03T06:00:00Z\"");
    assert_true(look(w, &q, t + HOUR).final_due == t + 82 * HOUR);
    /* Half over when declared: only the rest counts. */
    tell(w, SOUTH, "outage", NULL, NULL, T("2026-03-03T12:00:00Z"),
         "\"from\":\"2026-03-03T10:00:00Z\",\"until\":\"2026-03-03T14:00:00Z\"");
    assert_true(look(w, &q, t + 30 * HOUR).final_due == t + 84 * HOUR);
    /* The quarter's cap is 24 hours: 12 are left. */
    tell(w, SOUTH, "outage", NULL, NULL, T("2026-03-03T15:00:00Z"),
         "\"from\":\"2026-03-03T15:00:00Z\",\"until\":\"2026-03-05T15:00:00Z\"");
    assert_true(look(w, &q, t + 60 * HOUR).final_due == t + 96 * HOUR);
    world_free(w);
}

static void moves_to_complex(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "normal", 1, NULL)),
                x;
    struct hash em =
        tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "emergency", 1, NULL));

    (void)state;
    x = tell(w, SOUTH, "request.complex", &em, NULL, t + HOUR,
             "\"expected_date\":\"2026-04-10T00:00:00Z\"");
    assert_int_equal(outcome(w, &em, &x).verdict, CASES_TAKEN); /* a proposal */
    tell(w, SOUTH, "request.complex", &q, NULL, t + DAY,
         "\"expected_date\":\"2026-04-10T00:00:00Z\"");
    assert_string_equal(instant(w->arena, look(w, &q, t + DAY).final_due),
                        "2026-04-16T15:59:59.999");
    assert_true(look(w, &em, t + 9 * HOUR).overdue);
    world_free(w);
}

static void quotas_queue_and_say_so(void **state)
{
    static const char *const edits[] = {"\"per_day\": 50", "\"per_day\": 2", NULL};
    struct world *w = world_with(edits);
    int64_t t = T(START);
    struct hash q[5];
    struct cases_view v;

    (void)state;
    for (int i = 0; i < 5; i++)
        q[i] = tell(w, NORTH, "request", NULL, NULL, t + i,
                    request_body(w, "info", "urgent", 1, NULL));
    assert_true(look(w, &q[1], t + HOUR).request.queued_until == 0);
    v = look(w, &q[2], t + HOUR);
    assert_string_equal(instant(w->arena, v.request.queued_until), "2026-03-03T00:00:00.000");
    assert_string_equal(cases_state_words[v.request.state], "sent");
    assert_true(v.final_due == T("2026-03-06T00:00:00Z"));
    v = look(w, &q[4], t + HOUR);
    assert_string_equal(instant(w->arena, v.request.queued_until), "2026-03-04T00:00:00.000");
    world_free(w);
}

/* What the responder says shows that it has the request; only what counts takes it up before its
 * turn, and either way the clock waits for that. */
static void a_queued_request_waits_unless_it_is_taken_up(void **state)
{
    static const char *const edits[] = {"\"per_day\": 50", "\"per_day\": 1", NULL};
    struct world *w = world_with(edits);
    int64_t t = T(START), turn = T("2026-03-03T00:00:00Z");
    struct hash q, x;
    struct cases_view v;

    (void)state;
    tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "urgent", 1, NULL));
    q = tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "urgent", 1, NULL));
    x = tell(w, SOUTH, "request.withdraw", &q, NULL, t + HOUR, NULL);
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_NOT_YOURS);
    x = tell(w, SOUTH, "comment", &q, NULL, t + HOUR, NULL);
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_TAKEN);
    v = look(w, &q, t + HOUR);
    assert_string_equal(cases_state_words[v.request.state], "sent");
    assert_true(v.delivered_at == CASES_NEVER && v.final_due == turn + 72 * HOUR);
    v = look(w, &q, turn);
    assert_string_equal(cases_state_words[v.request.state], "delivered");
    assert_true(v.delivered_at == turn);
    x = tell(w, SOUTH, "request.ack", &q, NULL, t + 2 * HOUR, NULL);
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_TAKEN);
    v = look(w, &q, t + 2 * HOUR);
    assert_string_equal(cases_state_words[v.request.state], "open");
    assert_true(v.acked_at == t + 2 * HOUR && v.final_due == turn + 72 * HOUR);
    world_free(w);
}

/* Queued until shortly after it was sent, and not received: the responder's own act is receipt. */
static void an_act_is_receipt_of_a_queued_request_too(void **state)
{
    static const char *const edits[] = {"\"per_day\": 50", "\"per_day\": 1", NULL};
    struct world *w = world_with(edits);
    int64_t turn = T("2026-03-03T00:00:00Z"), t = turn - HOUR / 4;
    struct hash q;

    (void)state;
    say(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "urgent", 1, NULL));
    q = say(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "urgent", 1, NULL));
    cosign(w, NORTH, WITNESS, t);
    assert_true(look(w, &q, t).final_due == t + HOUR + 72 * HOUR);
    tell(w, SOUTH, "request.ack", &q, NULL, turn + HOUR / 4, NULL);
    assert_true(look(w, &q, turn + HOUR).delivered_at == turn + HOUR / 4);
    assert_true(look(w, &q, turn + HOUR).final_due == turn + HOUR / 4 + 72 * HOUR);
    world_free(w);
}

static void false_emergencies_run_out(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = {0};

    (void)state;
    for (int i = 0; i < 6; i++)
        q = tell(w, NORTH, "request", NULL, NULL, t + i,
                 request_body(w, "info", "emergency", 1, NULL));
    assert_int_equal(look(w, &q, t + HOUR).request.urgency, CASES_URGENT);
    assert_int_equal(look(w, &q, t + HOUR).request.asked_urgency, CASES_EMERGENCY);
    q = tell(w, NORTH, "request", NULL, NULL, T("2026-04-01T00:00:00Z"),
             request_body(w, "info", "emergency", 1, NULL));
    assert_int_equal(look(w, &q, T("2026-04-01T00:00:01Z")).request.urgency, CASES_EMERGENCY);
    world_free(w);
}

static void preserved_data_is_held(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "preserve", "preserve", 1, NULL)),
                x;
    struct cases_view v;

    (void)state;
    assert_true(look(w, &q, t).final_due == t + 24 * HOUR);
    tell(w, SOUTH, "request.answer", &q, NULL, t + HOUR,
         "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"}]");
    v = look(w, &q, t + HOUR);
    assert_string_equal(instant(w->arena, v.request.hold_until), "2026-05-01T15:59:59.999");
    x = tell(w, NORTH, "request.extend", &q, NULL, t + 40 * DAY, "\"extend_by\":\"30 days\"");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_TAKEN);
    v = look(w, &q, t + 41 * DAY);
    assert_string_equal(instant(w->arena, v.request.hold_until), "2026-06-01T15:59:59.999");
    world_free(w);
}

static void drills_do_not_touch_real_cases(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "normal", 1, NULL)),
                x;

    (void)state;
    x = tell(w, SOUTH, "request.refuse", &q, NULL, t + HOUR,
             "\"ground\":\"sovereignty-security\",\"scope\":\"all\",\"exercise\":true");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_EXERCISE);
    assert_string_equal(state_word(w, &q, t + HOUR), "delivered");
    world_free(w);
}

static void what_the_agreement_lacks_is_void(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "match", "normal", 1, NULL)),
                x;

    (void)state;
    assert_string_equal(state_word(w, &q, t + DAY), "void");
    assert_string_equal(outcome(w, &q, &q).clause, "request.match");
    x = tell(w, SOUTH, "request.ack", &q, NULL, t + HOUR, NULL);
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_VOID);
    assert_false(look(w, &q, t + 90 * DAY).overdue);
    q = tell(w, NORTH, "request", NULL, NULL, T("2025-12-01T00:00:00Z") > t ? 0 : t + HOUR,
             request_body(w, "info", "normal", 1,
                          "\"object_marking_refs\":[\"marking-definition--e828b379-4e03-4974-9ac4-"
                          "e53a884c97c1\"]"));
    assert_int_equal(outcome(w, &q, &q).verdict, CASES_V_MARKING);
    world_free(w);
}

static void unknown_kinds_are_kept_and_named(void **state)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q =
        tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "normal", 1, NULL));
    struct hash x = tell(w, SOUTH, "request.dance", &q, NULL, t + HOUR, NULL);

    (void)state;
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_V_UNKNOWN);
    assert_true(cases_wants(BYTES("request.dance")) && cases_wants(BYTES("agree")));
    assert_false(cases_wants(BYTES("share")) || cases_wants(BYTES("requests")) ||
                 cases_wants(BYTES("")));
    assert_string_equal(state_word(w, &q, t + HOUR), "delivered");
    world_free(w);
}

/* cases_check: the sender's own gate, by the same rows. */
static const struct gate {
    const char *name;
    unsigned author;
    const char *kind, *type, *urgency, *more; /* type: a request's; NULL: more is the whole body */
    const char *says;                         /* NULL: allowed */
} gates[] = {
    {"a plain request may be sent", NORTH, "request", "info", "normal", NULL, NULL},
    {"a type that was not agreed", NORTH, "request", "match", "normal", NULL,
     "not agreed, by clause request.match"},
    {"an urgency that was not agreed", NORTH, "request", "sample", "emergency", NULL,
     "request.sample"},
    {"red under an amber clause", NORTH, "request", "info", "normal",
     "\"object_marking_refs\":[\"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1\"]",
     "marking"},
    {"unmarked", NORTH, "request", "info", "normal", "\"object_marking_refs\":[]", "marking"},
    {"an arbiter asks nothing", JUDGE, "request", "info", "normal", NULL, "not this party's to do"},
    {"an unknown kind", NORTH, "request.dance", NULL, NULL, "", "no such kind"},
    {"no items", NORTH, "request", "info", "normal", "\"items\":[]", "twice"},
    {"an act on nothing", SOUTH, "request.ack", NULL, NULL, "", "not here"},
};

static void the_gate(void **state)
{
    const struct gate *g = *state;
    struct world *w = world_new();
    struct err e = {0};
    bool ok = may(w, g->author, g->kind, NULL, T(START),
                  g->type ? request_body(w, g->type, g->urgency, 1, g->more) : g->more, &e);

    if (ok != !g->says || (g->says && !strstr(e.text, g->says)))
        fail_msg("%s", ok ? "allowed" : e.text);
    world_free(w);
}

static void the_gate_names_the_missing_member(void **state)
{
    struct world *w = world_new();
    struct err e = {0};
    int64_t t = T(START);
    struct hash q;

    (void)state;
    assert_false(may(
        w, NORTH, "request", NULL, t,
        "\"request_type\":\"info\",\"urgency\":\"normal\",\"addressee\":\"south\",\"items\":[{"
        "\"ask\":\"x\"}],"
        "\"keep_confidential\":false,\"exercise\":false,\"purpose\":\"p\",\"object_marking_refs\":"
        "[\"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487\"]",
        &e));
    assert_non_null(strstr(e.text, "\"intended_use\" is missing, by clause request.info.fields"));
    /* On a request that is there, pending acts count as well. */
    q = tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "normal", 1, NULL));
    assert_true(may(w, SOUTH, "request.ack", &q, t + 1, NULL, &e));
    assert_false(may(w, NORTH, "request.ack", &q, t + 1, NULL, &e));
    say(w, SOUTH, "request.ack", &q, NULL, t + 1, NULL);
    assert_false(may(w, SOUTH, "request.ack", &q, t + 2, NULL, &e));
    assert_non_null(strstr(e.text, "done already"));
    world_free(w);
}

int main(void)
{
    struct CMUnitTest tests[64] = {
        cmocka_unit_test(ask_and_be_answered),
        cmocka_unit_test(silence_accepts),
        cmocka_unit_test(the_other_side_goes_silent),
        cmocka_unit_test(an_unanswered_request_lapses),
        cmocka_unit_test(backdating_is_named),
        cmocka_unit_test(without_a_witness_some_things_are_undecidable),
        cmocka_unit_test(clarify_stops_the_clock_only_for_a_reason),
        cmocka_unit_test(an_unanswered_clarification_lapses_the_request),
        cmocka_unit_test(extensions),
        cmocka_unit_test(an_extension_after_the_due_instant_is_none),
        cmocka_unit_test(refusals_need_ground_and_scope),
        cmocka_unit_test(up_the_ladder_to_a_ruling),
        cmocka_unit_test(the_arbiter_does_not_review_sovereignty),
        cmocka_unit_test(contest_and_answer_again),
        cmocka_unit_test(suspend_and_resume_need_both),
        cmocka_unit_test(the_sum_of_stops_is_capped),
        cmocka_unit_test(an_outage_is_declared_first_and_capped),
        cmocka_unit_test(moves_to_complex),
        cmocka_unit_test(quotas_queue_and_say_so),
        cmocka_unit_test(a_queued_request_waits_unless_it_is_taken_up),
        cmocka_unit_test(an_act_is_receipt_of_a_queued_request_too),
        cmocka_unit_test(false_emergencies_run_out),
        cmocka_unit_test(preserved_data_is_held),
        cmocka_unit_test(drills_do_not_touch_real_cases),
        cmocka_unit_test(what_the_agreement_lacks_is_void),
        cmocka_unit_test(unknown_kinds_are_kept_and_named),
        cmocka_unit_test(the_gate_names_the_missing_member),
    };
    size_t n = 27;

    for (size_t i = 0; i < sizeof gates / sizeof *gates; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(the_gate, gates[i]);
    return _cmocka_run_group_tests("requests", tests, n, NULL, NULL);
}
