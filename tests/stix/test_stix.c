#include "stix/shared.h"
#include "stix/stix.h"
#include "stix/stix_impl.h"

#define U "8cf9236f-1b96-493d-98be-0c1c1e8b62d7"
#define TIMES "\"created\":\"2026-01-31T12:00:00.000Z\",\"modified\":\"2026-01-31T12:00:00.000Z\""
#define HEAD(type)                                                                                 \
    "{\"type\":\"" type "\",\"spec_version\":\"2.1\",\"id\":\"" type "--" U "\"," TIMES
#define INDICATOR                                                                                  \
    HEAD("indicator")                                                                              \
    ",\"pattern\":\"[ipv4-addr:value = '192.0.2.1']\",\"pattern_type\":\"stix\","                  \
    "\"valid_from\":\"2026-01-31T12:00:00Z\""
#define SCO(type, uuid)                                                                            \
    "{\"type\":\"" type "\",\"spec_version\":\"2.1\",\"id\":\"" type "--" uuid "\""
#define RED "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
#define GREEN2 "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
#define OTHER "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168"

/* ---- what is refused ----------------------------------------------------------------------------
 */

static const struct refused {
    const char *name, *text, *says;
} refused[] = {
    {"no object", "[1]", "must be an object, not an array"},
    {"no type", "{\"id\":\"x\"}", "\"type\" is missing"},
    {"a type that is no name", "{\"type\":\"../etc\",\"id\":\"../etc--" U "\"}",
     "not the name of a type"},
    {"a bundle", "{\"type\":\"bundle\",\"id\":\"bundle--" U "\"}", "a bundle is no object"},
    {"no id", "{\"type\":\"indicator\"}", "indicator: \"id\" is missing"},
    {"an id without a UUID", "{\"type\":\"tool\",\"id\":\"tool--1\"}", "two hyphens and a UUID"},
    {"an id of another type", "{\"type\":\"tool\",\"id\":\"malware--" U "\"," TIMES "}",
     "malware--" U ": \"id\" begins with another type"},
    {"no modified",
     "{\"type\":\"tool\",\"id\":\"tool--" U "\",\"created\":\"2026-01-31T12:00:00Z\"}",
     "cannot be told apart"},
    {"created is no time", "{\"type\":\"tool\",\"id\":\"tool--" U "\",\"created\":\"yesterday\"}",
     "\"created\": tool--" U ": not a timestamp"},
    {"modified with an offset",
     "{\"type\":\"tool\",\"id\":\"tool--" U
     "\",\"created\":\"2026-01-31T12:00:00Z\",\"modified\":\"2026-01-31T12:00:00+01:00\"}",
     "\"modified\": "},
    {"revoked is a word", HEAD("tool") ",\"revoked\":\"yes\"}",
     "\"revoked\" is neither true nor false"},
    {"markings that are no list", HEAD("tool") ",\"object_marking_refs\":\"" RED "\"}",
     "nobody can tell who may see it"},
    {"a marking that is a number", HEAD("tool") ",\"object_marking_refs\":[1]}", "no reference"},
    {"granular markings that are no list", HEAD("tool") ",\"granular_markings\":{}}",
     "nobody can tell"},
    {"a granular marking that is a word", HEAD("tool") ",\"granular_markings\":[\"x\"]}",
     "no marking"},
    {"no pattern", HEAD("indicator") ",\"pattern_type\":\"stix\"}", "\"pattern\" is missing"},
    {"a pattern that is a number", HEAD("indicator") ",\"pattern\":5}",
     "\"pattern\" is of the wrong type"},
    {"a pattern that does not parse",
     HEAD("indicator") ",\"pattern\":\"[ipv4-addr:value = 192.0.2.1]\",\"pattern_type\":\"stix\"}",
     "indicator--" U ": \"pattern\": column 25:"},
    {"valid_until is no time", INDICATOR ",\"valid_until\":\"soon\"}", "\"valid_until\""},
    {"a relationship to nothing",
     HEAD("relationship") ",\"relationship_type\":\"uses\",\"source_ref\":\"tool--" U "\"}",
     "\"target_ref\" is missing"},
    {"a relationship to something that is no id",
     HEAD("relationship") ",\"relationship_type\":\"uses\",\"source_ref\":\"tool--" U
                          "\",\"target_ref\":\"x\"}",
     "\"target_ref\" is no id"},
    {"a sighting of nothing", HEAD("sighting") "}", "\"sighting_of_ref\" is missing"},
    {"an address without a value", SCO("ipv4-addr", U) "}", "\"value\" is missing"},
    {"language content without contents",
     HEAD("language-content") ",\"object_ref\":\"tool--" U "\"}", "\"contents\" is missing"},
};

static void is_refused(void **state)
{
    const struct refused *r = *state;
    struct arena *a = test_arena();
    struct err e = {0};
    struct stix_object o;
    const struct json *v = json_parse(bytes_text(r->text), a, &e);

    must(v != NULL, &e);
    must_fail(stix_check(v, a, NULL, &o, &e), &e, ERR_INPUT, r->says);
    arena_free(a);
}

/* ---- what is taken with one warning
 * ------------------------------------------------------------------ */

#define CLEAN STIX_WARNINGS
static const struct warned {
    const char *name, *text;
    enum stix_warning kind; /* CLEAN: none at all */
} warned[] = {
    {"an indicator", INDICATOR "}", CLEAN},
    {"an indicator with all that is common",
     INDICATOR ",\"created_by_ref\":\"identity--" U
               "\",\"labels\":[\"x\"],\"confidence\":100,\"lang\":\"en\","
               "\"revoked\":true,\"object_marking_refs\":[\"" RED "\"],\"external_references\":"
               "[{\"source_name\":\"x\",\"url\":\"http://x/\"}]}",
     CLEAN},
    {"an object of STIX 2.0 that misses what 2.1 requires",
     "{\"type\":\"malware\",\"id\":\"malware--" U "\"," TIMES ",\"name\":\"x\"}", STIX_W_SPEC_20},
    {"another spec_version",
     "{\"type\":\"tool\",\"name\":\"x\",\"spec_version\":\"3.0\",\"id\":\"tool--" U "\"," TIMES "}",
     STIX_W_SPEC_VERSION},
    {"a type of one's own", HEAD("x-mitre-tactic") "}", CLEAN},
    {"a type that nobody knows", HEAD("my-type") "}", STIX_W_UNKNOWN_TYPE},
    {"an underscore in a type", HEAD("x-my_type") "}", STIX_W_NAME_STYLE},
    {"a property in capitals", HEAD("tool") ",\"name\":\"x\",\"Owner\":\"y\"}", STIX_W_NAME_STYLE},
    {"a property of one's own", HEAD("tool") ",\"name\":\"x\",\"x_owner\":\"y\"}", CLEAN},
    {"a UUID in capitals",
     "{\"type\":\"tool\",\"name\":\"x\",\"spec_version\":\"2.1\",\"id\":\"tool--8CF9236F-1b96-493d-"
     "98be-"
     "0c1c1e8b62d7\"," TIMES "}",
     STIX_W_UUID},
    {"a UUID of no version",
     "{\"type\":\"tool\",\"name\":\"x\",\"spec_version\":\"2.1\",\"id\":\"tool--00000000-0000-0000-"
     "0000-"
     "000000000000\"," TIMES "}",
     STIX_W_UUID},
    {"a UUID of version 5",
     "{\"type\":\"tool\",\"name\":\"x\",\"spec_version\":\"2.1\",\"id\":\"tool--8cf9236f-1b96-593d-"
     "98be-"
     "0c1c1e8b62d7\"," TIMES "}",
     CLEAN},
    {"modified before created",
     "{\"type\":\"tool\",\"name\":\"x\",\"spec_version\":\"2.1\",\"id\":\"tool--" U
     "\",\"created\":\"2026-01-31T12:00:00.001Z\",\"modified\":\"2026-01-31T12:00:00Z\"}",
     STIX_W_TIME_ORDER},
    {"nanoseconds are fine",
     "{\"type\":\"tool\",\"name\":\"x\",\"spec_version\":\"2.1\",\"id\":\"tool--" U
     "\",\"created\":\"2026-01-31T12:00:00.123456789Z\",\"modified\":\"2026-01-31T12:00:00."
     "123456789Z\"}",
     CLEAN},
    {"valid until before from", INDICATOR ",\"valid_until\":\"2026-01-31T12:00:00Z\"}",
     STIX_W_VALIDITY},
    {"no valid_from", HEAD("indicator") ",\"pattern\":\"[a:b = 1]\",\"pattern_type\":\"stix\"}",
     STIX_W_VALIDITY},
    {"malware without is_family", HEAD("malware") ",\"name\":\"x\"}", STIX_W_MISSING},
    {"a report without references",
     HEAD("report") ",\"name\":\"x\",\"published\":\"2026-01-31T12:00:00Z\"}", STIX_W_MISSING},
    {"a name that is a number", HEAD("tool") ",\"name\":5}", STIX_W_WRONG_TYPE},
    {"labels that are a word", HEAD("tool") ",\"name\":\"x\",\"labels\":\"y\"}", STIX_W_WRONG_TYPE},
    {"a fraction for a count",
     HEAD("sighting") ",\"sighting_of_ref\":\"tool--" U "\",\"count\":1.5}", STIX_W_WRONG_TYPE},
    {"first_seen is no time", HEAD("campaign") ",\"name\":\"x\",\"first_seen\":\"2026\"}",
     STIX_W_BAD_TIME},
    {"first_seen before the epoch",
     HEAD("campaign") ",\"name\":\"x\",\"first_seen\":\"0001-01-01T00:00:00Z\"}", CLEAN},
    {"last seen before first",
     HEAD("campaign") ",\"name\":\"x\",\"first_seen\":\"2026-01-02T00:00:00Z\","
                      "\"last_seen\":\"2026-01-01T00:00:00Z\"}",
     STIX_W_RANGE},
    {"a confidence of 101", HEAD("tool") ",\"name\":\"x\",\"confidence\":101}", STIX_W_RANGE},
    {"a latitude of 91", HEAD("location") ",\"latitude\":91,\"longitude\":0}", STIX_W_RANGE},
    {"a latitude alone", HEAD("location") ",\"latitude\":1,\"country\":\"nl\"}", STIX_W_MISSING},
    {"an empty list", HEAD("tool") ",\"name\":\"x\",\"labels\":[]}", STIX_W_EMPTY_LIST},
    {"made by a tool", HEAD("tool") ",\"name\":\"x\",\"created_by_ref\":\"tool--" U "\"}",
     STIX_W_REF_TYPE},
    {"a sighting of an address", HEAD("sighting") ",\"sighting_of_ref\":\"ipv4-addr--" U "\"}",
     STIX_W_REF_TYPE},
    {"seen at a tool",
     HEAD("sighting") ",\"sighting_of_ref\":\"tool--" U "\",\"where_sighted_refs\":[\"tool--" U
                      "\"]}",
     STIX_W_REF_TYPE},
    {"a relationship of a relationship",
     HEAD("relationship") ",\"relationship_type\":\"uses\",\"source_ref\":\"tool--" U
                          "\",\"target_ref\":\"relationship--" U "\"}",
     STIX_W_REF_TYPE},
    {"a note on something that is no id",
     HEAD("note") ",\"content\":\"x\",\"object_refs\":[\"y\"]}", STIX_W_BAD_REF},
    {"a marking that marks itself",
     "{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"" OTHER
     "\",\"created\":\"2026-01-31T12:00:00Z\",\"definition_type\":\"statement\",\"definition\":{"
     "\"statement\":\"x\"},\"object_marking_refs\":[\"" OTHER "\"]}",
     STIX_W_SELF_MARKED},
    {"a marking that says nothing",
     "{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"" OTHER
     "\",\"created\":\"2026-01-31T12:00:00Z\"}",
     STIX_W_MARKING_EMPTY},
    {"a granular marking",
     INDICATOR ",\"granular_markings\":[{\"marking_ref\":\"" RED
               "\",\"selectors\":[\"pattern\"]}]}",
     CLEAN},
    {"a selector into lists",
     HEAD(
         "tool") ",\"name\":\"x\",\"labels\":[\"a\",\"b\"],\"granular_markings\":[{\"lang\":\"en\","
                 "\"selectors\":[\"labels.[1]\"]}]}",
     CLEAN},
    {"a selector of nothing",
     INDICATOR ",\"granular_markings\":[{\"marking_ref\":\"" RED
               "\",\"selectors\":[\"labels.[9]\"]}]}",
     STIX_W_GRANULAR},
    {"a granular marking of both kinds",
     INDICATOR ",\"granular_markings\":[{\"lang\":\"en\",\"marking_ref\":\"" RED
               "\",\"selectors\":[\"pattern\"]}]}",
     STIX_W_GRANULAR},
    {"an extension under a name", HEAD("tool") ",\"name\":\"x\",\"extensions\":{\"mine\":{}}}",
     STIX_W_EXTENSION},
    {"an extension under an id",
     HEAD("tool") ",\"name\":\"x\",\"extensions\":{\"extension-definition--" U
                  "\":{\"extension_type\":\"toplevel-property-extension\"}}}",
     CLEAN},
    {"an external reference to nothing",
     HEAD("tool") ",\"name\":\"x\",\"external_references\":[{\"source_name\":\"x\"}]}",
     STIX_W_EXTERNAL_REF},
    {"an address under its own id",
     SCO("ipv4-addr", "28bb3599-77cd-5a82-a950-b5bc3caf07c4") ",\"value\":\"198.51.100.3\"}",
     CLEAN},
    {"an address under another id", SCO("ipv4-addr", U) ",\"value\":\"198.51.100.3\"}",
     STIX_W_SCO_ID},
    {"a process has no id of its content", SCO("process", U) ",\"pid\":1}", CLEAN},
    {"IPv6 as ipv4-addr",
     SCO("ipv4-addr", "69fc2573-7e2b-575e-bb0d-7df7a6a9fd9a") ",\"value\":\"2001:db8::1\"}",
     STIX_W_VALUE},
    {"a pattern of another language",
     HEAD("indicator") ",\"pattern\":\"rule x "
                       "{\",\"pattern_type\":\"yara\",\"valid_from\":\"2026-01-31T12:00:"
                       "00Z\"}",
     STIX_W_PATTERN_OPAQUE},
    {"a pattern of a later version", INDICATOR ",\"pattern_version\":\"2.2\"}",
     STIX_W_PATTERN_TYPE},
    {"a port of 65536",
     SCO("network-traffic",
         "8cf9236f-1b96-493d-98be-0c1c1e8b62d7") ",\"protocols\":[\"tcp\"],\"dst_port\":65536}",
     STIX_W_RANGE},
};

static void is_warned(void **state)
{
    const struct warned *r = *state;
    struct arena *a = test_arena();
    struct stix_warnings w = {0};
    struct stix_object o;
    struct err e = {0};
    const struct json *v = json_parse(bytes_text(r->text), a, &e);
    size_t used = arena_used(a);
    bool aside = r->kind == STIX_W_VALUE || r->kind == STIX_W_RANGE; /* ids are not their matter */

    must(v && stix_check(v, a, &w, &o, &e), &e);
    assert_int_equal(arena_used(a), used);
    if (aside)
        w.of[STIX_W_SCO_ID].count = 0;
    for (int k = 0; k < STIX_WARNINGS; k++)
        if (w.of[k].count != (k == (int)r->kind))
            fail_msg("%llu times: %s (%s)", (unsigned long long)w.of[k].count,
                     stix_warning_text((enum stix_warning)k), w.of[k].first);
    if (r->kind != CLEAN)
        assert_non_null(strstr(w.of[r->kind].first, "--"));
    arena_free(a);
}

/* ---- TLP
 * ------------------------------------------------------------------------------------------------
 */

static const struct marked {
    const char *name, *text;
    enum stix_tlp tlp;
    unsigned unknown;
} marked[] = {
    {"unmarked is none", HEAD("tool") "}", STIX_TLP_NONE, 0},
    {"TLP 1 by id", HEAD("tool") ",\"object_marking_refs\":[\"" RED "\"]}", STIX_TLP_RED, 0},
    {"TLP 2 by id", HEAD("tool") ",\"object_marking_refs\":[\"" GREEN2 "\"]}", STIX_TLP_GREEN, 0},
    {"the strictest of a mixture",
     HEAD("tool") ",\"object_marking_refs\":[\"" GREEN2 "\",\"" RED "\"]}", STIX_TLP_RED, 0},
    {"a part's marking counts",
     HEAD("tool") ",\"object_marking_refs\":[\"" GREEN2
                  "\"],\"granular_markings\":[{\"marking_ref\":\"" RED
                  "\",\"selectors\":[\"id\"]}]}",
     STIX_TLP_RED, 0},
    {"a label counts", HEAD("tool") ",\"labels\":[\"x\",\"TLP:Amber+Strict\"]}",
     STIX_TLP_AMBER_STRICT, 0},
    {"a label that is red without TLP does not", HEAD("tool") ",\"labels\":[\"red\"]}",
     STIX_TLP_NONE, 0},
    {"a TLP label that is none is unknown", HEAD("tool") ",\"labels\":[\"tlp:purple\"]}",
     STIX_TLP_NONE, 1},
    {"a statement seen before restricts nothing",
     HEAD("tool") ",\"object_marking_refs\":[\"" OTHER "\",\"" GREEN2 "\"]}", STIX_TLP_GREEN, 0},
    {"a marking not seen is unknown",
     HEAD("tool") ",\"object_marking_refs\":[\"marking-definition--" U "\"]}", STIX_TLP_NONE, 1},
    {"a TLP statement under an id of its own",
     HEAD("tool") ",\"object_marking_refs\":[\"marking-definition--826578e1-40ad-459f-bc73-"
                  "ede076f81f37\"]}",
     STIX_TLP_AMBER_STRICT, 0},
    {"a marking of a kind we cannot read is unknown",
     HEAD("tool") ",\"object_marking_refs\":[\"marking-definition--11111111-40ad-459f-bc73-"
                  "ede076f81f37\"]}",
     STIX_TLP_NONE, 1},
};

static const char *const definitions[] = {
    "{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"" OTHER
    "\",\"created\":\"2026-01-31T12:00:00Z\",\"definition_type\":\"statement\",\"definition\":{"
    "\"statement\":\"Copyright\"}}",
    "{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":"
    "\"marking-definition--826578e1-40ad-459f-bc73-ede076f81f37\",\"created\":\"2026-01-31T12:00:"
    "00Z\","
    "\"definition_type\":\"statement\",\"definition\":{\"statement\":\"TLP:AMBER+STRICT\"}}",
    "{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":"
    "\"marking-definition--11111111-40ad-459f-bc73-ede076f81f37\",\"created\":\"2026-01-31T12:00:"
    "00Z\","
    "\"definition_type\":\"iep\",\"definition\":{\"id\":\"x\"}}",
};

static struct stix_object object(struct arena *a, const char *text)
{
    struct stix_object o = {.json = NULL};
    struct err e = {0};
    const struct json *v = json_parse(bytes_text(text), a, &e);

    must(v && stix_read(v, &o, &e), &e);
    return o;
}

static void is_marked(void **state)
{
    const struct marked *r = *state;
    struct arena *a = test_arena();
    struct stix_markings *m = stix_markings_new();
    struct stix_object o = object(a, r->text);
    unsigned unknown;
    struct err e = {0};

    for (size_t i = 0; i < COUNT(definitions); i++) {
        struct stix_object d = object(a, definitions[i]);
        must(stix_markings_learn(m, &d, &e), &e);
    }
    assert_int_equal(stix_markings_tlp(m, &o, &unknown), r->tlp);
    assert_int_equal(unknown, r->unknown);
    assert_true(stix_markings_tlp(NULL, &o, &unknown) <= r->tlp);
    assert_int_equal(unknown, o.other_markings + o.unknown_labels);
    stix_markings_free(m);
    arena_free(a);
}

static void the_five_objects(void **state)
{
    struct arena *a = test_arena();

    (void)state;
    for (int t = STIX_TLP_CLEAR; t <= STIX_TLP_RED; t++) {
        struct bytes text = stix_tlp_object((enum stix_tlp)t);
        struct stix_warnings w = {0};
        struct stix_object o;
        struct err e = {0};
        enum stix_tlp back;
        const struct json *v = json_parse_canonical(text, a, &e);
        must(v && stix_check(v, a, &w, &o, &e), &e);
        assert_int_equal(stix_warnings_total(&w), 0);
        assert_true(bytes_are(o.id, stix_tlp_id((enum stix_tlp)t)));
        assert_true(bytes_are(o.name, stix_tlp_name((enum stix_tlp)t)));
        assert_int_equal(stix_tlp_of_marking(v), t);
        assert_int_equal(stix_tlp_of_id(o.id), t);
        assert_true(stix_tlp_parse(o.name, &back) && back == (enum stix_tlp)t);
    }
    assert_int_equal(
        stix_tlp_of_id(BYTES("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9")),
        STIX_TLP_CLEAR);
    assert_int_equal(
        stix_tlp_of_id(BYTES("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da")),
        STIX_TLP_GREEN);
    assert_int_equal(
        stix_tlp_of_id(BYTES("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82")),
        STIX_TLP_AMBER);
    assert_null(stix_tlp_id(STIX_TLP_NONE));
    assert_int_equal(stix_tlp_object(STIX_TLP_NONE).n, 0);
    arena_free(a);
}

static void many_markings_are_remembered(void **state)
{
    struct arena *a = test_arena();
    struct stix_markings *m = stix_markings_new();
    struct err e = {0};

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        struct arena_mark before = arena_mark(a);
        struct stix_object o =
            object(a, arena_format(a, &e,
                                   "{\"type\":\"marking-definition\",\"id\":\"marking-definition--"
                                   "%08x-40ad-459f-bc73-ede076f81f37\",\"name\":\"TLP:RED\"}",
                                   i));
        must(stix_markings_learn(m, &o, &e), &e);
        arena_reset(a, before);
    }
    for (unsigned i = 0; i < 3100; i++) {
        struct arena_mark before = arena_mark(a);
        unsigned unknown;
        struct stix_object o =
            object(a, arena_format(a, &e,
                                   HEAD("tool") ",\"object_marking_refs\":[\"marking-definition--"
                                                "%08x-40ad-459f-bc73-ede076f81f37\"]}",
                                   i));
        assert_int_equal(stix_markings_tlp(m, &o, &unknown),
                         i < 3000 ? STIX_TLP_RED : STIX_TLP_NONE);
        assert_int_equal(unknown, i >= 3000);
        arena_reset(a, before);
    }
    stix_markings_free(m);
    arena_free(a);
}

/* ---- ids
 * --------------------------------------------------------------------------------------------------
 */

/* Ids from the standard's own text with Errata 01 (sections 2.9 and 6). */
static const struct observable {
    const char *name, *text, *id;
} observables[] = {
    {"an IPv4 address", "{\"type\":\"ipv4-addr\",\"value\":\"198.51.100.3\"}",
     "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"},
    {"a domain name", "{\"type\":\"domain-name\",\"value\":\"example.com\",\"defanged\":false}",
     "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7"},
    {"what contributes is all that counts",
     "{\"type\":\"domain-name\",\"value\":\"example.com\",\"resolves_to_refs\":[\"x\"]}",
     "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7"},
    {"a process has none", "{\"type\":\"process\",\"pid\":1}", NULL},
    {"a file of which nothing contributes has none", "{\"type\":\"file\",\"size\":1}", NULL},
    {"a domain object has none", HEAD("tool") "}", NULL},
    {"a type of one's own has none", HEAD("x-tool") "}", NULL},
};

static void has_its_id(void **state)
{
    const struct observable *r = *state;
    struct arena *a = test_arena();
    struct err e = {0};
    char id[STIX_ID_MAX];
    const struct json *v = json_parse(bytes_text(r->text), a, &e);
    bool has = stix_observable_id(v, a, id);

    must(v != NULL, &e);
    assert_int_equal(has, r->id != NULL);
    if (has)
        assert_string_equal(id, r->id);
    arena_free(a);
}

/* Of several digests, MD5 is the one that makes the id, then SHA-1 and so on. */
static void one_digest_contributes(void **state)
{
    static const char *const files[] = {
        "{\"type\":\"file\",\"hashes\":{\"MD5\":\"a\",\"SHA-1\":\"b\",\"SHA-256\":\"c\"}}",
        "{\"type\":\"file\",\"hashes\":{\"MD5\":\"a\",\"SHA-512\":\"z\"}}",
        "{\"type\":\"file\",\"hashes\":{\"SHA-1\":\"b\",\"SHA-256\":\"c\"}}",
        "{\"type\":\"file\",\"hashes\":{\"SHA-1\":\"b\"}}",
        "{\"type\":\"file\",\"hashes\":{\"SSDEEP\":\"s\"}}",
    };
    struct arena *a = test_arena();
    char ids[5][STIX_ID_MAX];
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(stix_observable_id(json_parse(bytes_text(files[i]), a, &e), a, ids[i]));
    assert_string_equal(ids[0], ids[1]);
    assert_string_equal(ids[2], ids[3]);
    assert_string_not_equal(ids[0], ids[2]);
    assert_string_not_equal(ids[2], ids[4]);
    arena_free(a);
}

static void uuids(void **state)
{
    /* RFC 4122's DNS namespace; "python.org" is the usual example. */
    struct uuid dns, u, back;
    char text[36];

    (void)state;
    assert_true(uuid_parse(BYTES("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), &dns));
    uuid_v5(&dns, BYTES("python.org"), &u);
    uuid_print(text, &u);
    assert_true(bytes_are(bytes_of(text, 36), "886313e1-3b8a-5372-9b90-0c9aee199e5d"));
    assert_true(uuid_parse(bytes_of(text, 36), &back) && !memcmp(&u, &back, sizeof u));
    uuid_v4(os_system(), &u);
    assert_true(u.b[6] >> 4 == 4 && (u.b[8] & 0xc0) == 0x80);
    assert_false(uuid_parse(BYTES("886313e1-3b8a-5372-9b90-0c9aee199e5"), &u));
    assert_false(uuid_parse(BYTES("886313e1-3b8a-5372-9b90+0c9aee199e5d"), &u));
    assert_false(uuid_parse(BYTES("886313e1-3b8a-5372-9b90-0c9aee199e5g"), &u));
    assert_false(stix_id_parse(BYTES("a/b--886313e1-3b8a-5372-9b90-0c9aee199e5d"), NULL, NULL));
    assert_false(stix_id_parse(BYTES("--886313e1-3b8a-5372-9b90-0c9aee199e5d"), NULL, NULL));
}

/* ---- times
 * ------------------------------------------------------------------------------------------------
 */

static void times(void **state)
{
    static const struct {
        const char *text;
        int64_t us; /* -1: refused */
    } rows[] = {{"1970-01-01T00:00:00Z", 0},
                {"2023-11-14T22:13:20Z", INT64_C(1700000000000000)},
                {"2023-11-14T22:13:20.123456789123Z", INT64_C(1700000000123456)},
                {"2016-12-31T23:59:60Z", INT64_C(1483228800000000)},
                {"2000-02-29T00:00:00Z", INT64_C(951782400000000)},
                {"1969-12-31T23:59:59.5Z", -500000},
                {"0000-01-01T00:00:00Z", INT64_C(-62167219200000000)},
                {"0001-01-01T00:00:00Z", INT64_C(-62135596800000000)},
                {"0000-12-31T00:00:00Z", INT64_C(-62135683200000000)},
                {"1600-03-01T00:00:00Z", INT64_C(-11670912000000000)},
                {"1900-03-01T00:00:00Z", INT64_C(-2203891200000000)},
                {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
                {"1900-02-29T00:00:00Z", -1},
                {"2023-11-14T24:00:00Z", -1},
                {"2023-11-14T22:13:61Z", -1},
                {"2023-11-14T22:13:20", -1},
                {"2023-11-14T22:13:20.Z", -1},
                {"2023-11-14 22:13:20Z", -1},
                {"2023-11-14T22:13:20+00:00", -1}};
    char text[STIX_TIME_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t us = -1;
        if (stix_time_parse(bytes_text(rows[i].text), &us) != (rows[i].us != -1) ||
            us != rows[i].us)
            fail_msg("%s: %lld", rows[i].text, (long long)us);
    }
    stix_time_print(text, INT64_C(1700000000123999));
    assert_true(bytes_are(bytes_of(text, sizeof text), "2023-11-14T22:13:20.123Z"));
}

/* ---- making
 * -------------------------------------------------------------------------------------------------
 */

static void ours_pass_our_own_check(void **state)
{
    struct arena *a = test_arena();
    struct stix_making how = {.id = BYTES("identity--" U),
                              .created_us = INT64_C(1700000000000000),
                              .modified_us = INT64_C(1700000000000000),
                              .tlp = STIX_TLP_AMBER};
    struct bytes refs[] = {BYTES("identity--" U), BYTES("tool--" U)}, out, gone;
    struct stix_warnings w = {0};
    struct stix_object o;
    struct err e = {0};
    const struct json *v;

    (void)state;
    must(stix_make_identity(&how, BYTES("CERT \"North\""), BYTES("organization"), BYTES(""), a,
                            &out, &e),
         &e);
    v = json_parse_canonical(out, a, &e);
    must(v && stix_check(v, a, &w, &o, &e), &e);
    assert_true(o.tlp == STIX_TLP_AMBER && bytes_are(o.name, "CERT \"North\""));
    must(stix_make_revoked(&o, how.modified_us + 1000, a, &gone, &e), &e);
    v = json_parse_canonical(gone, a, &e);
    must(v && stix_check(v, a, &w, &o, &e), &e);
    assert_true(o.revoked && o.modified_us == how.modified_us + 1000);
    must_fail(stix_make_revoked(&o, o.modified_us + 999, a, &gone, &e), &e, ERR_INPUT, "later");
    must_fail(stix_make_note(&how, BYTES(""), BYTES("x"), refs, 2, a, &out, &e), &e, ERR_INPUT,
              "not an id of type note");
    how.id = BYTES("note--" U);
    how.created_by_ref = refs[0];
    must(stix_make_note(&how, BYTES("a"), BYTES("x"), refs, 2, a, &out, &e), &e);
    v = json_parse_canonical(out, a, &e);
    must(v && stix_check(v, a, &w, &o, &e), &e);
    must_fail(stix_make_note(&how, BYTES("a"), BYTES("x"), refs, 0, a, &out, &e), &e, ERR_INPUT,
              "one object");
    must_fail(stix_make_note(&how, BYTES("a"), BYTES("\xff"), refs, 1, a, &out, &e), &e, ERR_INPUT,
              "UTF-8");
    assert_int_equal(stix_warnings_total(&w), 0);
    arena_free(a);
}

/* ---- the tables and the warnings
 * ------------------------------------------------------------------------------ */

static bool is_sorted(const struct stix_property *p, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (strcmp(p[i - 1].name, p[i].name) >= 0)
            return false;
    return true;
}

static void tables_are_in_order(void **state)
{
    size_t of[5] = {0};

    (void)state;
    assert_true(is_sorted(stix_common, stix_common_count));
    for (size_t i = 0; i < stix_type_count; i++) {
        of[stix_types[i].class]++;
        if (i && strcmp(stix_types[i - 1].name, stix_types[i].name) >= 0)
            fail_msg("%s", stix_types[i].name);
        if (!is_sorted(stix_types[i].properties, stix_types[i].count))
            fail_msg("%s", stix_types[i].name);
        assert_ptr_equal(stix_type_find(bytes_text(stix_types[i].name)), &stix_types[i]);
    }
    assert_int_equal(of[STIX_SDO], 19);
    assert_int_equal(of[STIX_SRO], 2);
    assert_int_equal(of[STIX_SCO], 18);
    assert_int_equal(of[STIX_META], 3);
}

static void warnings_are_counted_once_shown(void **state)
{
    struct stix_warnings w = {0}, all = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        stix_warn(&w, STIX_W_UUID, "\x1b[2J %d", i);
    stix_warn(NULL, STIX_W_UUID, "nobody listens");
    stix_warnings_add(&all, &w);
    stix_warnings_add(&all, &w);
    assert_int_equal(all.of[STIX_W_UUID].count, 6);
    assert_string_equal(all.of[STIX_W_UUID].first, "\\x1b[2J 0");
    assert_int_equal(stix_warnings_total(&all), 6);
    for (int k = 0; k < STIX_WARNINGS; k++)
        assert_true(strlen(stix_warning_text((enum stix_warning)k)) > 10);
}

int main(void)
{
    static struct CMUnitTest
        tests[COUNT(refused) + COUNT(warned) + COUNT(marked) + COUNT(observables) + 10] = {
            cmocka_unit_test(the_five_objects),
            cmocka_unit_test(many_markings_are_remembered),
            cmocka_unit_test(one_digest_contributes),
            cmocka_unit_test(uuids),
            cmocka_unit_test(times),
            cmocka_unit_test(ours_pass_our_own_check),
            cmocka_unit_test(tables_are_in_order),
            cmocka_unit_test(warnings_are_counted_once_shown),
        };
    size_t n = 8;

    ADD_ROWS(tests, n, is_refused, refused);
    ADD_ROWS(tests, n, is_warned, warned);
    ADD_ROWS(tests, n, is_marked, marked);
    ADD_ROWS(tests, n, has_its_id, observables);
    return _cmocka_run_group_tests("stix", tests, n, NULL, NULL);
}
