/* The derivation of a due instant, word for word: two nodes and a dossier must print these bytes.
 */
#include "world.h"

#include <stdlib.h>

#define HOUR 3600000LL
#define DAY 86400000LL

/* The text is that of the vector; ENTENTE_WRITE=1 writes it anew, to be read before it is kept. */
static void is_vector(struct world *w, struct bytes text, const char *name)
{
    char *path = arena_format(w->arena, NULL, "%s/cases/%s", getenv("ENTENTE_VECTORS"), name);
    struct bytes want;
    struct err e = {0};

    if (getenv("ENTENTE_WRITE"))
        must(os_write_file_lazy(os_system(), path, text, &e), &e);
    want = test_vector(w->arena, arena_format(w->arena, NULL, "cases/%s", name));
    if (!bytes_equal(text, want))
        fail_msg("%s differs:\n%.*s", name, BYTES_FMT(text));
}

static void why_is(struct world *w, const struct hash *q, int64_t now, const char *name)
{
    struct bytes text;
    struct err e = {0};

    must(cases_why(w->cases, q, now, NULL, w->arena, &text, &e), &e);
    is_vector(w, text, name);
}

/* Story 7: a holiday, a clarification that stops and one that does not, an extension. */
static void a_quarrel_over_a_deadline(void **state)
{
    struct world *w = world_new();
    int64_t t = T("2026-02-06T09:30:00Z");
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "normal", 2, NULL)),
                c;
    struct bytes text;
    struct err e = {0};

    (void)state;
    tell(w, SOUTH, "request.ack", &q, NULL, t + HOUR, NULL);
    why_is(w, &q, t + HOUR, "why-holiday.txt");
    tell(w, SOUTH, "request.clarify", &q, NULL, t + DAY,
         "\"asks\":[{\"field\":\"purpose\",\"text\":\"?\"}]");
    c = tell(w, SOUTH, "request.clarify", &q, NULL, t + 2 * DAY,
             "\"asks\":[{\"item\":2,\"text\":\"which?\"}]");
    tell(w, NORTH, "request.clarified", &q, &c, t + 3 * DAY + HOUR, "\"answers\":[\"the second\"]");
    why_is(w, &q, t + 4 * DAY, "why-stopped.txt");
    tell(w, SOUTH, "request.extend", &q, NULL, t + 5 * DAY, "\"extend_by\":\"5 days\"");
    why_is(w, &q, t + 40 * DAY, "why-extended.txt");
    must(cases_show(w->cases, &q, t + 40 * DAY, NULL, w->arena, &text, &e), &e);
    is_vector(w, text, "show-request.txt");
    must(cases_show_json(w->cases, &q, t + 40 * DAY, w->arena, &text, &e), &e);
    is_vector(w, text, "show-request.json");
    world_free(w);
}

static void silence_and_a_witness(void **state)
{
    struct world *w = world_new();
    int64_t t = T("2026-03-06T22:00:00Z");
    struct hash q = say(w, NORTH, "request", NULL, NULL, t - 2 * HOUR,
                        request_body(w, "info", "urgent", 1, NULL));

    (void)state;
    why_is(w, &q, t, "why-nobody.txt");
    cosign(w, NORTH, WITNESS, t);
    why_is(w, &q, t + 100 * HOUR, "why-deemed.txt");
    world_free(w);
}

static void the_machine_clock_is_not_asked(void **state)
{
    struct world *w = world_new();
    int64_t t = T("2026-03-06T22:00:00Z");
    struct hash q =
        tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "normal", 1, NULL));
    struct bytes a, b;

    (void)state;
    setenv("TZ", "America/Anchorage", 1);
    must(cases_why(w->cases, &q, t, NULL, w->arena, &a, NULL), NULL);
    setenv("TZ", "Asia/Tokyo", 1);
    must(cases_why(w->cases, &q, t, NULL, w->arena, &b, NULL), NULL);
    assert_true(bytes_equal(a, b));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarrel_over_a_deadline),
        cmocka_unit_test(silence_and_a_witness),
        cmocka_unit_test(the_machine_clock_is_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
