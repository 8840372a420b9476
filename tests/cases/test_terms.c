/* Agreements read: an error names the clause; what nobody reads must not look agreed. */
#include "world.h"

static struct bytes edited(struct arena *a, const char *from, const char *to)
{
    struct bytes text = test_vector(a, "cases/agreement.json");
    size_t at = bytes_find(text, bytes_text(from));
    struct buf b = buf_in(a);

    if (at == SIZE_MAX)
        fail_msg("the agreement does not hold: %s", from);
    buf_put(&b, bytes_part(text, 0, at));
    buf_puts(&b, to);
    buf_put(&b, bytes_part(text, at + strlen(from), text.n));
    return buf_view(&b);
}

static const struct row {
    const char *name, *from, *to, *says; /* says NULL: it is taken */
} rows[] = {
    {"the agreement as it is", "\"watcher\"", "\"watcher\"", NULL},
    {"an unread member of the clock",
     "\"grace\":", "\"mercy\": \"1 hour\", \"grace\":", "clauses.clock"},
    {"a term that is none", "\"grace\": \"1 hour\"", "\"grace\": \"soon\"", "clauses.clock: grace"},
    {"a grace in working days", "\"grace\": \"1 hour\"", "\"grace\": \"2 working days\"",
     "grace can't be in working days"},
    {"an urgency nobody knows", "\"emergency\": {", "\"panic\": {", "panic is no urgency"},
    {"an emergency in days", "\"ack\": \"1 hour\"", "\"ack\": \"1 day\"", "runs in hours"},
    {"an extension counted otherwise than the term", "\"up_to\": \"72 hours\"",
     "\"up_to\": \"3 days\"", "clauses.clock: urgency: urgent: extend.up_to"},
    {"a request type nobody knows", "\"audit\": {", "\"sing\": {", "sing is no type of request"},
    {"a field nobody knows", "\"fields\": [\n     \"purpose\"", "\"fields\": [\n     \"colour\"",
     "fields/0 is none of the known words"},
    {"a quota of no request a day", "\"per_day\": 50", "\"per_day\": 0", "leave the type out"},
    {"a negative quota", "\"per_day\": 50", "\"per_day\": -1", "per_day must be from 0"},
    {"a ground nobody knows", "\"not-held\": {", "\"not-now\": {", "not-now is no ground"},
    {"a need nobody knows", "\"needs\": \"search\"", "\"needs\": \"luck\"",
     "clauses.ground: not-held: needs"},
    {"a rung that follows nothing known", "\"after\": \"rung\"", "\"after\": \"lunch\"",
     "clauses.ladder: 1: after"},
    {"an act kind nobody knows", "\"claim.revise\"", "\"claim.dance\"",
     "clauses.signing: two_officers/1"},
    {"a clause that can't be suspended", "\"request.sample\",", "\"log\",",
     "clauses.remedy: suspend/0"},
    {"a zone that is not there", "\"zone\": \"Europe/Berlin\"", "\"zone\": \"Europe/Bonn\"",
     "zones.Europe/Bonn: there is no such zone"},
    {"a zone rule that is none", "\"rule\": \"CST-8\"", "\"rule\": \"EST\"",
     "zones.Asia/Shanghai: not a time zone rule"},
    {"a calendar that is not there", "\"calendar\": \"south-2026\"", "\"calendar\": \"south\"",
     "there is no such calendar"},
    {"a holiday on no day", "\"2026-02-16\"", "\"2026-02-30\"", "holidays/1 is not a date"},
    {"a party without a calendar, when days are counted", ",\n   \"calendar\": \"south-2026\"", "",
     "parties.1: some term counts days"},
    {"the same party twice", "\"slug\": \"south\"", "\"slug\": \"north\"", "another party has it"},
    {"a role nobody knows", "\"role\": \"arbiter\"", "\"role\": \"king\"", "role must be"},
};

static void reads(void **state)
{
    const struct row *r = *state;
    struct arena *a = test_arena();
    struct err e = {0};
    bool ok = cases_terms_parse(edited(a, r->from, r->to), a, &e) != NULL;

    if (ok != !r->says || (r->says && !strstr(e.text, r->says)))
        fail_msg("%s", ok ? "taken" : e.text);
    arena_free(a);
}

/* Nothing written, nothing agreed: no request, no claim, no clock. */
static void silence_agrees_to_nothing(void **state)
{
    struct arena *a = test_arena();
    struct err e = {0};
    struct cases_terms *t = cases_terms_parse(
        BYTES("{\"parties\":[{\"slug\":\"north\"},{\"slug\":\"south\"}],\"clauses\":{}}"), a, &e);
    struct cases *c = cases_new((size_t)1 << 26, 1, &e);
    struct world w = {.arena = a};
    struct cases_act draft = {.kind = BYTES("request"), .signatures = 1};

    (void)state;
    must(t && c && cases_agree(c, t, 0, &e), &e);
    draft.body =
        bytes_text(arena_format(a, &e, "{\"type\":\"entente-request\",\"action\":\"request\",%s}",
                                request_body(&w, "info", "normal", 1, NULL)));
    must_fail(cases_check(c, &draft, 1000, &e), &e, ERR_DENIED,
              "not agreed, by clause request.info");
    cases_free(c);
    arena_free(a);
}

int main(void)
{
    struct CMUnitTest tests[1 + sizeof rows / sizeof *rows] = {
        cmocka_unit_test(silence_agrees_to_nothing)};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[1 + i] = (struct CMUnitTest)ROW_TEST(reads, rows[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
