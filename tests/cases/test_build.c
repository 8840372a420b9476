/* Bodies made, checked, and their twins; the published schemas say the same words as the code. */
#include "world.h"

#include <stdlib.h>

static const struct cases_making how = {
    .uuid = {{0x0f, 0x8f, 0xad, 0x5b, 0xd9, 0xcb, 0x46, 0x9f, 0xa1, 0x65, 0x70, 0x86, 0x77, 0x28,
              0x95, 0x0e}},
    .created_ms = INT64_C(1772438400123),
    .tlp = STIX_TLP_AMBER,
};

static struct bytes a_request(struct world *w)
{
    struct json_maker m = json_maker(w->arena);
    struct json *o = cases_body(&m, CASES_REQUEST, &how), *items, *item = json_new_object(&m);
    struct bytes out;
    struct err e = {0};

    json_set_text(&m, o, "request_type", "info");
    json_set_text(&m, o, "urgency", "normal");
    json_set_text(&m, o, "addressee", "south");
    json_set_bool(&m, o, "keep_confidential", false);
    json_set_bool(&m, o, "exercise", false);
    items = json_set_array(&m, o, "items");
    json_set_text(&m, item, "ask", "owner of 203.0.113.7 on 2026-03-01");
    json_add(&m, items, item);
    must(json_made(&m, o, &out, &e), &e);
    return out;
}

static void a_body_is_a_stix_object(void **state)
{
    struct world *w = world_new();
    struct bytes body = a_request(w);
    struct stix_object o;
    struct stix_warnings warn = {0};
    struct err e = {0};

    (void)state;
    must(cases_body_check(BYTES("request"), body, w->terms, &e), &e);
    must(stix_check(json_parse(body, w->arena, &e), w->arena, &warn, &o, &e), &e);
    assert_int_equal(o.tlp, STIX_TLP_AMBER);
    must_fail(cases_body_check(BYTES("request.ack"), body, w->terms, &e), &e, ERR_INPUT,
              "entente-response");
    world_free(w);
}

static void a_twin_is_a_plain_note(void **state)
{
    struct world *w = world_new();
    struct bytes body = a_request(w), one = {0}, two = {0}, content;
    const struct json *v;
    struct stix_object o;
    struct stix_warnings warn = {0};
    struct err e = {0};

    (void)state;
    must(cases_twin(body, w->arena, &one, &e) && cases_twin(body, w->arena, &two, &e), &e);
    assert_true(bytes_equal(one, two));
    v = json_parse(one, w->arena, &e);
    must(stix_check(v, w->arena, &warn, &o, &e), &e);
    assert_true(bytes_are(o.type, "note"));
    assert_int_equal(stix_warnings_total(&warn), 0);
    assert_int_equal(o.tlp, STIX_TLP_AMBER); /* a twin lowers no marking */
    must(json_get_string(v, "content", &content, &e), &e);
    assert_true(bytes_find(content, BYTES("owner of 203.0.113.7 on 2026-03-01")) != SIZE_MAX);
    assert_true(bytes_find(one, BYTES("entente-request--0f8fad5b-d9cb-469f-a165-70867728950e")) !=
                SIZE_MAX);
    must_fail(cases_twin(BYTES("{\"action\":\"x\"}"), w->arena, &one, &e), &e, ERR_INPUT,
              "\"id\" is missing");
    world_free(w);
}

static void a_denial_is_an_opinion(void **state)
{
    struct world *w = world_new();
    struct json_maker m = json_maker(w->arena);
    struct json *o = cases_body(&m, CASES_CLAIM_REPLY, &how);
    struct stix_object twin;
    struct stix_warnings warn = {0};
    struct bytes body, out = {0}, word;
    const struct json *v;
    struct err e = {0};

    (void)state;
    json_set_text(&m, o, "reply", "deny");
    json_set_text(&m, o, "claim_ref", "entente-claim--0f8fad5b-d9cb-469f-a165-70867728950e");
    must(json_made(&m, o, &body, &e) && cases_twin(body, w->arena, &out, &e), &e);
    v = json_parse(out, w->arena, &e);
    must(stix_check(v, w->arena, &warn, &twin, &e), &e);
    assert_true(bytes_are(twin.type, "opinion"));
    must(json_get_string(v, "opinion", &word, &e), &e);
    assert_true(bytes_are(word, "strongly-disagree"));
    world_free(w);
}

/* ---- the schemas --------------------------------------------------------------------------------
 */

static const struct json *schema(struct world *w, const char *type)
{
    char *path =
        arena_format(w->arena, NULL, "%s/schema/%s.schema.json", getenv("ENTENTE_SOURCE"), type);
    struct bytes text;
    struct err e = {0};
    const struct json *v;

    must(os_read_file(os_system(), path, 1 << 20, w->arena, &text, &e), &e);
    v = json_parse(text, w->arena, &e);
    must(v != NULL, &e);
    return v;
}

static void same_words(const struct json *list, const char *const *words, size_t n)
{
    assert_int_equal(json_count(list), n);
    for (size_t i = 0; i < n; i++)
        if (!json_is(json_at(list, i), words[i]))
            fail_msg("the schema lacks %s", words[i]);
}

static void schemas_say_our_words(void **state)
{
    struct world *w = world_new();
    const struct json *request = schema(w, "entente-request"), *claim = schema(w, "entente-claim");

    (void)state;
    same_words(json_point(request, "/properties/request_type/enum"), cases_type_words, CASES_TYPES);
    same_words(json_point(request, "/properties/urgency/enum"), cases_urgency_words,
               CASES_PING_URGENCY);
    same_words(json_point(schema(w, "entente-refusal"), "/properties/ground/enum"),
               cases_ground_words, CASES_GROUNDS);
    same_words(json_point(schema(w, "entente-response"), "/properties/reply/enum"),
               cases_reply_words, CASES_REPLIES);
    same_words(json_point(claim, "/properties/predicate/enum"), cases_predicate_words,
               CASES_PREDICATES);
    same_words(json_point(claim, "/properties/confidence/enum"), cases_confidence_words,
               CASES_CONFIDENCES);
    for (size_t i = 0; i < CASES_LIKELIHOODS; i++) {
        const struct json *l = json_at(json_point(claim, "/properties/likelihood/enum"), i);
        int64_t low = 0, high = 0;
        assert_true(json_get_integer(l, "low", &low, NULL) &&
                    json_get_integer(l, "high", &high, NULL));
        assert_true(low == cases_likelihoods[i].low && high == cases_likelihoods[i].high);
    }
    world_free(w);
}

/* Each kind of act has its place in the schema of its object, and an object made for it says so. */
static void every_kind_has_a_schema(void **state)
{
    struct world *w = world_new();

    (void)state;
    for (int k = CASES_REQUEST; k < CASES_KINDS; k++) {
        struct json_maker m = json_maker(w->arena);
        struct json *o = cases_body(&m, (enum cases_kind)k, &how);
        const struct json *list;
        struct bytes type;
        bool there = false;
        must(json_get_string(o, "type", &type, NULL), NULL);
        list = json_point(schema(w, arena_string(w->arena, type, NULL)), "/properties/action/enum");
        for (size_t i = 0; i < json_count(list); i++)
            there |= json_is(json_at(list, i), cases_kind_words[k]);
        if (!there)
            fail_msg("no schema for %s", cases_kind_words[k]);
    }
    world_free(w);
}

static void the_extension_is_published(void **state)
{
    struct world *w = world_new();
    char *path = arena_format(w->arena, NULL, "%s/schema/extension-definition.json",
                              getenv("ENTENTE_SOURCE"));
    struct bytes text, id = {0};
    struct stix_object o;
    struct stix_warnings warn = {0};
    struct err e = {0};
    const struct json *v;

    (void)state;
    must(os_read_file(os_system(), path, 1 << 16, w->arena, &text, &e), &e);
    v = json_parse(text, w->arena, &e);
    must(v && stix_check(v, w->arena, &warn, &o, &e) && json_get_string(v, "id", &id, &e), &e);
    assert_int_equal(stix_warnings_total(&warn), 0);
    assert_true(bytes_are(id, CASES_EXTENSION));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_a_stix_object), cmocka_unit_test(a_twin_is_a_plain_note),
        cmocka_unit_test(a_denial_is_an_opinion),  cmocka_unit_test(schemas_say_our_words),
        cmocka_unit_test(every_kind_has_a_schema), cmocka_unit_test(the_extension_is_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
