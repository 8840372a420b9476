/* The gate's look at an object against the parser's: the same objects, ids, types, markings. */
#include "record/record_impl.h"
#include "record/record_support.h"
#include "stix/stix.h"

#define CLEAR "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
#define GREEN "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
#define RED "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
#define ID "indicator--00000000-0000-4000-8000-000000000001"
#define TIMES(more)                                                                                \
    "\"created\":\"2026-01-31T12:00:00Z\"," more "\"id\":\"" ID                                    \
    "\",\"modified\":\"2026-01-31T12:00:00Z\""

static bool parsed(struct bytes o, struct stix_object *out, struct arena *a, struct err *e)
{
    const struct json *v = json_parse_canonical(o, a, e);

    return v && stix_read(v, out, e);
}

/* Both take it and say the same, or neither takes it. */
static bool alike(struct bytes o, struct arena *a)
{
    struct arena_mark m = arena_mark(a);
    struct bytes id, type;
    struct stix_object s;
    struct err e = {0};
    bool peek, parse;
    int tlp;

    peek = object_peek(o, &id, &type, &tlp, &e);
    assert_true(peek || e.text[0]);
    parse = parsed(o, &s, a, NULL);
    if (peek != parse)
        fail_msg("the look says %d (%s), the parser %d: %.*s", peek, e.text, parse, BYTES_FMT(o));
    if (peek && (!bytes_equal(id, s.id) || !bytes_equal(type, s.type) || tlp != (int)s.tlp - 1))
        fail_msg("id, type or marking differ: %.*s", BYTES_FMT(o));
    arena_reset(a, m);
    return peek;
}

static const struct row {
    const char *name, *text;
    int tlp; /* -2: refused */
} rows[] = {
    {"plain", "{" TIMES("") ",\"object_marking_refs\":[\"" GREEN "\"],\"type\":\"indicator\"}", 1},
    {"unmarked", "{" TIMES("") ",\"type\":\"indicator\"}", -1},
    {"no refs", "{" TIMES("") ",\"object_marking_refs\":[],\"type\":\"indicator\"}", -1},
    {"the strictest of several counts",
     "{" TIMES("") ",\"object_marking_refs\":[\"" RED "\",\"" CLEAR "\"],\"type\":\"indicator\"}",
     4},
    {"a marking inside is none of the object's",
     "{" TIMES("") ",\"object_marking_refs\":[\"" GREEN
                   "\"],\"type\":\"indicator\",\"x\":{\"object_marking_refs\":[\"" RED "\"]}}",
     1},
    {"an id in a string is none",
     "{" TIMES("\"description\":\"\\\",\\\"id\\\":\\\"malware--\",") ",\"type\":\"indicator\"}",
     -1},
    {"a marking of one property counts",
     "{" TIMES("\"granular_markings\":[{\"marking_ref\":\"" RED
               "\",\"selectors\":[\"name\"]}],") ",\"object_marking_refs\":[\"" GREEN
                                                 "\"],\"type\":\"indicator\"}",
     4},
    {"a label that is a TLP counts",
     "{\"created\":\"2026-01-31T12:00:00Z\",\"id\":\"" ID
     "\",\"labels\":[\"TLP:RED\"],\"modified\":\"2026-01-31T12:00:00Z\",\"object_marking_refs\":["
     "\"" GREEN "\"],\"type\":\"indicator\"}",
     4},
    {"an escape in a marking",
     "{" TIMES("") ",\"object_marking_refs\":[\"" GREEN
                   "\",\"marking\\u002ddefinition--e828b379-4e03-4974-9ac4-e53a884c97c1\"],"
                   "\"type\":\"indicator\"}",
     -2},
    {"an escape in a key",
     "{" TIMES("") ",\"object_marking_refs\":[\"" GREEN "\"],\"object\\u005fmarking_refs\":[\"" RED
                   "\"],\"type\":\"indicator\"}",
     -2},
    {"a key twice",
     "{" TIMES("") ",\"object_marking_refs\":[\"" RED "\"],\"object_marking_refs\":[\"" GREEN
                   "\"],\"type\":\"indicator\"}",
     -2},
    {"a key twice inside",
     "{" TIMES("") ",\"object_marking_refs\":[\"" GREEN
                   "\"],\"type\":\"indicator\",\"x\":{\"a\":1,\"a\":2}}",
     -2},
    {"keys out of order",
     "{\"type\":\"indicator\"," TIMES("") ",\"object_marking_refs\":[\"" GREEN "\"]}", -2},
    {"refs that are no list",
     "{" TIMES("") ",\"object_marking_refs\":\"" GREEN "\",\"type\":\"indicator\"}", -2},
    {"a ref that is no string",
     "{" TIMES("") ",\"object_marking_refs\":[\"" GREEN "\",7],\"type\":\"indicator\"}", -2},
    {"a blank", "{" TIMES("") ", \"type\":\"indicator\"}", -2},
    {"a line feed behind it", "{" TIMES("") ",\"type\":\"indicator\"}\n", -2},
    {"another type than the id's", "{" TIMES("") ",\"type\":\"malware\"}", -2},
    {"a number that is not canonical", "{" TIMES("") ",\"type\":\"indicator\",\"x\":1.0}", -2},
    {"a fraction", "{" TIMES("") ",\"type\":\"indicator\",\"x\":0.5}", -1},
    {"minus zero", "{" TIMES("") ",\"type\":\"indicator\",\"x\":-0}", -2},
    {"cut short", "{" TIMES("") ",\"type\":\"indicator\"", -2},
    {"a wrong bracket", "{" TIMES("") ",\"type\":\"indicator\",\"x\":[1}}", -2},
    {"text in another script", "{" TIMES("") ",\"name\":\"\xc3\xa9\",\"type\":\"indicator\"}", -1},
    {"not UTF-8", "{" TIMES("") ",\"name\":\"\xe9\",\"type\":\"indicator\"}", -2},
    {"a bundle",
     "{"
     "\"id\":\"bundle--00000000-0000-4000-8000-000000000001\",\"type\":\"bundle\"}",
     -2},
};

static void looks(void **state)
{
    const struct row *r = *state;
    struct arena *a = test_arena();
    struct bytes o = bytes_text(r->text), id, type;
    struct err e = {0};
    int tlp = -2;

    alike(o, a);
    assert_int_equal(object_peek(o, &id, &type, &tlp, &e), r->tlp != -2);
    assert_int_equal(tlp, r->tlp);
    assert_true(r->tlp == -2 || (bytes_are(id, ID) && bytes_are(type, "indicator")));
    arena_free(a);
}

/* ---- random objects ---- */

static const char *const keys[] = {"created",
                                   "modified",
                                   "granular_markings",
                                   "id",
                                   "labels",
                                   "name",
                                   "object_marking_refs",
                                   "revoked",
                                   "spec_version",
                                   "type",
                                   "valid_from",
                                   "x",
                                   "x\\\"",
                                   "i\\u0064",
                                   "\xc3\xa9",
                                   "",
                                   "object_marking_ref",
                                   "typf",
                                   "\xf0\x9f\x98\x80",
                                   "\xef\xbf\xbd"};
static const char *const texts[] = {ID,
                                    "indicator",
                                    "malware",
                                    CLEAR,
                                    GREEN,
                                    RED,
                                    "2026-01-31T12:00:00Z",
                                    "tlp:red",
                                    "TLP:AMBER",
                                    "2.1",
                                    "\\\"},{\\\"id\\\":\\\"",
                                    "\\\\",
                                    "\\n",
                                    "\\u001f",
                                    "\\u0041",
                                    "\\/",
                                    "\xc3\xa9",
                                    "",
                                    "ipv4-addr--00000000-0000-4000-8000-000000000001",
                                    "]",
                                    "}",
                                    ",",
                                    "tlp:"};
static const char *const words[] = {"true",
                                    "false",
                                    "null",
                                    "0",
                                    "-1",
                                    "1.5",
                                    "1e3",
                                    "1E400",
                                    "007",
                                    "123456789012345",
                                    "9007199254740993",
                                    "-",
                                    "tru"};
#define PICK(r, list) (list)[rng_below(r, sizeof(list) / sizeof *(list))]

static void put_random(struct buf *b, struct rng *r, unsigned depth);

static void put_text(struct buf *b, const char *text)
{
    buf_puts(b, "\"");
    buf_puts(b, text);
    buf_puts(b, "\"");
}

static void put_random_object(struct buf *b, struct rng *r, unsigned depth)
{
    buf_puts(b, "{");
    for (uint64_t i = rng_below(r, 4); i--;) {
        put_text(b, PICK(r, keys));
        buf_puts(b, ":");
        put_random(b, r, depth + 1);
        buf_puts(b, i ? "," : "");
    }
    buf_puts(b, "}");
}

static void put_random(struct buf *b, struct rng *r, unsigned depth)
{
    uint64_t kind = rng_below(r, depth > 5 ? 2 : 5);

    if (kind == 0) {
        buf_puts(b, PICK(r, words));
    } else if (kind <= 2) {
        put_text(b, PICK(r, texts));
    } else if (kind == 3) {
        buf_puts(b, "[");
        for (uint64_t i = rng_below(r, 4); i--;) {
            put_random(b, r, depth + 1);
            buf_puts(b, i ? "," : "");
        }
        buf_puts(b, "]");
    } else {
        put_random_object(b, r, depth);
    }
}

/* An object that is likely to be one: what matters is there, in order, and something is odd. */
static void put_likely(struct buf *b, struct rng *r)
{
    static const struct {
        const char *key, *value;
    } members[] = {{"created", "\"2026-01-31T12:00:00Z\""},
                   {"granular_markings", NULL},
                   {"id", "\"" ID "\""},
                   {"labels", "[\"tlp:green\"]"},
                   {"modified", "\"2026-01-31T12:00:00Z\""},
                   {"name", NULL},
                   {"object_marking_refs", "[\"" GREEN "\"]"},
                   {"revoked", "true"},
                   {"type", "\"indicator\""},
                   {"valid_from", "\"2026-01-31T12:00:00Z\""},
                   {"x", NULL}};
    bool first = true;

    buf_puts(b, "{");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (rng_below(r, members[i].value && i % 2 == 0 ? 30 : 3) == 0)
            continue;
        buf_puts(b, first ? "" : ",");
        first = false;
        put_text(b, members[i].key);
        buf_puts(b, ":");
        if (members[i].value && rng_below(r, 12))
            buf_puts(b, members[i].value);
        else
            put_random(b, r, 1);
    }
    buf_puts(b, "}");
}

static void random_objects_look_alike(void **state)
{
    struct rng r = rng_from_env("random_objects_look_alike");
    struct arena *a = test_arena();
    size_t taken = 0;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        struct arena_mark m = arena_mark(a);
        struct buf b = buf_in(a);
        struct bytes o;
        struct err e = {0};
        if (i % 3)
            put_likely(&b, &r);
        else
            put_random_object(&b, &r, 0);
        must(buf_end(&b, &o, &e), &e);
        if (rng_below(&r, 2))
            json_canonical(o, a, &o, NULL);
        if (o.n && rng_below(&r, 8) == 0) {
            static const uint8_t odd[] = "\"\\{}[],: 0\x01\x80";
            ((uint8_t *)(uintptr_t)o.p)[rng_below(&r, o.n)] = odd[rng_below(&r, sizeof odd - 1)];
        }
        taken += alike(o, a);
        arena_reset(a, m);
    }
    assert_true(taken > 2000);
    arena_free(a);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows + 1];
    size_t n = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(looks, rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(random_objects_look_alike);
    if (!crypto_init())
        return 1;
    return _cmocka_run_group_tests("peek", tests, n, NULL, NULL);
}
