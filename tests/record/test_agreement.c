#include "record/record_support.h"

static struct bytes pretty(struct arena *a, const struct agreement *g)
{
    struct bytes out;
    struct err e = {0};

    must(json_print_pretty(g->root, a, &out, &e), &e);
    return out;
}

static void the_templates_are_agreements(void **state)
{
    struct arena *a = test_arena();
    struct test_party p[3] = {test_party(a, "south"), test_party(a, "north"),
                              test_party(a, "east")};
    struct agreement two = test_agreement(a, p, 2), three = test_agreement(a, p, 3), again;
    struct bytes text;
    struct err e = {0};

    (void)state;
    assert_int_equal(two.parties_n, 2);
    assert_true(bytes_are(two.parties[0].slug, "north"));
    assert_int_equal(three.parties_n, 3);
    assert_string_not_equal(two.id, three.id);
    must(agreement_read(two.bytes, two.id, a, &again, &e), &e);
    assert_true(hash_equal(&two.digest, &again.digest));
    must_fail(agreement_read(two.bytes, three.id, a, &again, &e), &e, ERR_PROOF, "belong to");
    must_fail(agreement_read(pretty(a, &two), NULL, a, &again, &e), &e, ERR_INPUT, "canonical");
    must(agreement_explain(&two, NULL, a, &text, &e), &e);
    assert_true(bytes_find(text, BYTES("up to TLP:amber")) != SIZE_MAX);
    for (int i = 0; i < 3; i++)
        keyring_free(p[i].keys);
    arena_free(a);
}

static const struct row {
    const char *name, *from, *to, *says;
} rows[] = {
    {"an unknown clause", "\"share\": {", "\"shear\": {}, \"share\": {", "clauses.shear"},
    {"a missing clause", "\"withdraw_notice\": \"30 days\"", "\"amend\": \"all\"", "amend"},
    {"a ceiling that is no label", "\"share\": {",
     "\"share\": {\"tool\": {\"max_tlp\": \"orange\"},", "share.tool.max_tlp must be one of"},
    {"a term without a unit", "\"grace\": \"1 hour\"", "\"grace\": \"1\"", "clauses.clock.grace"},
    {"a grace in days", "\"grace\": \"1 hour\"", "\"grace\": \"1 day\"", "minutes or hours"},
    {"one days", "\"clarify_reply\": \"5 days\"", "\"clarify_reply\": \"1 days\"",
     "clauses.clock.clarify_reply"},
    {"a number as text", "\"max_act_bytes\": 60000", "\"max_act_bytes\": \"60000\"",
     "clauses.log.max_act_bytes must be a number"},
    {"a number too large", "\"max_act_bytes\": 60000", "\"max_act_bytes\": 60001",
     "from 1024 to 60000"},
    {"an unknown request type", "\"analyse\": {", "\"analyze\": {", "unknown member \"analyze\""},
    {"a zone that is not there", "\"zone\": \"UTC\"", "\"zone\": \"Mars\"", "no zone \"Mars\""},
    {"a floor above the ceiling", "\"onward\": false", "\"onward\": false, \"min_tlp\": \"red\"",
     "min_tlp is above max_tlp"},
    {"a smallest set above the largest", "\"min\": 16", "\"min\": 20000000", "min is above max"},
    {"a slug like a path", "\"slug\": \"north\"", "\"slug\": \"../north\"", "must be a slug"},
    {"broken JSON", "\"share\": {", "\"share\": [", "line"},
};

static void errors_name_the_clause_and_the_line(void **state)
{
    const struct row *r = *state;
    struct arena *a = test_arena();
    struct test_party p[2] = {test_party(a, "north"), test_party(a, "south")};
    struct agreement g = test_agreement(a, p, 2), bad;
    struct bytes text = test_edit(a, pretty(a, &g), r->from, r->to);
    struct err e = {0};

    must_fail(agreement_parse(text, a, &bad, &e), &e, ERR_INPUT, r->says);
    keyring_free(p[0].keys);
    keyring_free(p[1].keys);
    arena_free(a);
}

static void the_line_is_the_one_edited(void **state)
{
    struct arena *a = test_arena();
    struct test_party p[2] = {test_party(a, "north"), test_party(a, "south")};
    struct agreement g = test_agreement(a, p, 2), bad;
    struct bytes text = test_edit(a, pretty(a, &g), "\"grace\": \"1 hour\"", "\"grace\": 1");
    size_t at = bytes_find(text, BYTES("\"grace\"")), line = 1;
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < at; i++)
        line += text.p[i] == '\n';
    must_fail(agreement_parse(text, a, &bad, &e), &e, ERR_INPUT,
              arena_format(a, &e, "line %zu: clauses.clock.grace must be a string", line));
    keyring_free(p[0].keys);
    keyring_free(p[1].keys);
    arena_free(a);
}

static void the_gate_names_its_clause(void **state)
{
    struct arena *a = test_arena();
    struct test_party p[2] = {test_party(a, "north"), test_party(a, "south")};
    struct agreement g = test_agreement(a, p, 2);
    struct bytes suspended[] = {BYTES("share")};
    char clause[GATE_CLAUSE_MAX];
    struct err e = {0};

    (void)state;
    must(gate_share(&g, BYTES("indicator"), tlp_rank(BYTES("amber")), NULL, clause, &e), &e);
    assert_string_equal(clause, "share.indicator");
    must(gate_share(&g, BYTES("x-thing"), 0, NULL, clause, &e), &e);
    assert_string_equal(clause, "share.other");
    must_fail(gate_share(&g, BYTES("indicator"), tlp_rank(BYTES("red")), NULL, clause, &e), &e,
              ERR_DENIED, "clauses.share.indicator.max_tlp: TLP:red is above the ceiling amber");
    must_fail(gate_share(&g, BYTES("indicator"), -1, NULL, clause, &e), &e, ERR_DENIED, "unmarked");
    must(gate_act(&g, BYTES("share"), NULL, 0, clause, &e), &e);
    must_fail(gate_act(&g, BYTES("share"), suspended, 1, clause, &e), &e, ERR_DENIED, "suspended");
    must_fail(gate_act(&g, BYTES("conquer"), NULL, 0, clause, &e), &e, ERR_DENIED,
              "clauses.conquer");
    must(gate_act(&g, BYTES("agreement.withdraw"), suspended, 1, clause, &e), &e);
    keyring_free(p[0].keys);
    keyring_free(p[1].keys);
    arena_free(a);
}

static void an_amendment_keeps_the_id(void **state)
{
    struct arena *a = test_arena();
    struct test_party p[2] = {test_party(a, "north"), test_party(a, "south")};
    struct agreement g = test_agreement(a, p, 2), second;
    char digest[65] = {0};
    struct bytes text, diff;
    struct err e = {0};

    (void)state;
    hex_encode(digest, g.digest.b, 32);
    text = test_edit(a, pretty(a, &g), "\"calendars\":",
                     arena_format(a, &e,
                                  "\"amends\": {\"agreement\": \"%s\", \"previous\": \"%s\", "
                                  "\"version\": 2}, \"calendars\":",
                                  g.id, digest));
    text = test_edit(a, text, "\"grace\": \"1 hour\"", "\"grace\": \"2 hours\"");
    must(agreement_parse(text, a, &second, &e), &e);
    assert_string_equal(second.id, g.id);
    assert_int_equal(second.version, 2);
    assert_true(hash_equal(&second.previous, &g.digest));
    must(agreement_diff(&g, &second, NULL, a, &diff, &e), &e);
    assert_true(bytes_find(diff, BYTES("clauses.clock.grace: \"1 hour\" -> \"2 hours\"")) !=
                SIZE_MAX);
    keyring_free(p[0].keys);
    keyring_free(p[1].keys);
    arena_free(a);
}

static void the_published_schema_is_the_table(void **state)
{
    struct arena *a = test_arena();
    const char *source = getenv("ENTENTE_SOURCE");
    struct bytes made, published;
    struct err e = {0};

    (void)state;
    must(agreement_schema(a, &made, &e), &e);
    must(os_read_file(os_system(),
                      arena_format(a, &e, "%s/schema/agreement.schema.json", source ? source : "."),
                      1 << 20, a, &published, &e),
         &e);
    if (!bytes_equal(made, published))
        fail_msg("schema/agreement.schema.json is stale: entente agreement schema > it");
    arena_free(a);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[32] = {
        cmocka_unit_test(the_templates_are_agreements),
        cmocka_unit_test(the_line_is_the_one_edited),
        cmocka_unit_test(the_gate_names_its_clause),
        cmocka_unit_test(an_amendment_keeps_the_id),
        cmocka_unit_test(the_published_schema_is_the_table),
    };
    size_t n = 5;

    if (!crypto_init())
        return 1;
    if (argc > 1 && !strcmp(argv[1], "--schema")) { /* to publish it anew */
        struct arena *a = test_arena();
        struct bytes made;
        struct err e = {0};
        must(agreement_schema(a, &made, &e), &e);
        fwrite(made.p, 1, made.n, stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(errors_name_the_clause_and_the_line, rows[i]);
    return _cmocka_run_group_tests("agreement", tests, n, NULL, NULL);
}
