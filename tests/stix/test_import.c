#include "base/limits.h"
#include "stix/import.h"
#include "stix/pattern.h"
#include "stix/shared.h"

#define PARTY "identity--f690c992-8e7d-4b9a-9303-3312616c0220"
#define NOW INT64_C(1700000000000000)

static struct stix_import_options options(void)
{
    return (struct stix_import_options){.party_id = BYTES(PARTY), .now_us = NOW};
}

/* A reader that gives a few bytes at a time, to put every boundary at every place. */
struct drip {
    struct bytes left;
    size_t most;
    bool fail;
};

static bool drip(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct drip *d = self;

    if (d->fail && d->left.n == 0)
        return err_fail(e, ERR_IO, "the disk is gone");
    n = n < d->most ? n : d->most;
    n = n < d->left.n ? n : d->left.n;
    if (n)
        memcpy(out, d->left.p, n);
    d->left = bytes_part(d->left, n, SIZE_MAX);
    *got = n;
    return true;
}

/* All objects of an input, one a line; "! ..." at the end if it broke. */
struct result {
    struct bytes text;
    enum stix_format format;
    struct stix_import_counts counts;
    struct stix_warnings warnings;
    struct err e;
};

static void run(struct arena *a, struct stix_import *im, struct result *r)
{
    struct buf b = buf_in(a);
    struct stix_item item;

    while (stix_import_next(im, &item, &r->e)) {
        assert_true(item.bytes.n > 0 && item.object.id.n > 0);
        buf_put(&b, item.bytes);
        buf_byte(&b, '\n');
    }
    r->format = stix_import_format(im);
    r->counts = stix_import_counts(im);
    r->warnings = *stix_import_warnings(im);
    assert_int_equal(stix_import_done(im), r->e.code == ERR_NONE);
    assert_false(stix_import_next(im, &item, &r->e));
    must(buf_end(&b, &r->text, NULL), &r->e);
    stix_import_close(im);
}

static struct result import(struct arena *a, struct bytes text,
                            const struct stix_import_options *how)
{
    struct result r = {.format = STIX_FORMAT_AUTO};
    struct err e = {0};
    struct stix_import *im = stix_import_open_bytes(how, text, &e);

    must(im != NULL, &e);
    run(a, im, &r);
    return r;
}

static struct result import_in_drips(struct arena *a, struct bytes text, size_t most,
                                     const struct stix_import_options *how)
{
    struct result r = {.format = STIX_FORMAT_AUTO};
    struct drip d = {text, most, false};
    struct err e = {0};
    struct stix_import *im = stix_import_open(how, drip, &d, &e);

    must(im != NULL, &e);
    run(a, im, &r);
    return r;
}

/* ---- small files of every kind --------------------------------------------------------------- */

#define TOOL                                                                                       \
    "{\"type\":\"tool\",\"spec_version\":\"2.1\",\"name\":\"x\",\"id\":\"tool--8cf9236f-1b96-"     \
    "493d-"                                                                                        \
    "98be-0c1c1e8b62d7\",\"created\":\"2026-01-31T12:00:00Z\",\"modified\":\"2026-01-31T12:00:"    \
    "00Z\"}"
#define ATTRIBUTE(type, value) "{\"type\":\"" type "\",\"to_ids\":true,\"value\":\"" value "\"}"

static const struct small {
    const char *name, *text;
    enum stix_format format;
    uint64_t objects, refused;
    const char *holds; /* in the output, or in the error */
    enum err_code code;
} small[] = {
    {"an empty file", "", STIX_FORMAT_LIST, 0, 0, "", 0},
    {"a bundle", "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[" TOOL "," TOOL "]}",
     STIX_FORMAT_STIX, 2, 0, "{\"created\":\"2026-01-31T12:00:00Z\",\"id\":\"tool--", 0},
    {"a bundle whose objects come first",
     " { \"objects\" : [ " TOOL " ] , \"type\" : \"bundle\" } ", STIX_FORMAT_STIX, 1, 0, "tool--",
     0},
    {"a TAXII envelope", "{\"more\":true,\"next\":\"x\",\"objects\":[" TOOL "]}", STIX_FORMAT_STIX,
     1, 0, "tool--", 0},
    {"an empty bundle", "{\"type\":\"bundle\",\"id\":\"x\",\"objects\":[]}", STIX_FORMAT_STIX, 0, 0,
     "", 0},
    {"one object", TOOL, STIX_FORMAT_STIX, 1, 0, "tool--", 0},
    {"a list of objects", "[" TOOL ",\n" TOOL "]", STIX_FORMAT_STIX, 2, 0, "tool--", 0},
    {"an empty list", "[]", STIX_FORMAT_STIX, 0, 0, "", 0},
    {"an object that holds a dictionary of objects is one object",
     "{\"type\":\"observed-data\",\"id\":\"observed-data--8cf9236f-1b96-493d-98be-0c1c1e8b62d7\","
     "\"created\":\"2026-01-31T12:00:00Z\",\"modified\":\"2026-01-31T12:00:00Z\",\"objects\":{"
     "\"0\":{}}}",
     STIX_FORMAT_STIX, 1, 0, "observed-data--", 0},
    {"a broken object alone is left out",
     "{\"objects\":[{\"type\":\"tool\"}," TOOL ",5,{\"a\":1,\"a\":2}]}", STIX_FORMAT_STIX, 1, 3,
     "tool--", 0},
    {"no comma between objects", "{\"objects\":[" TOOL "\n " TOOL "]}", STIX_FORMAT_STIX, 1, 0,
     "line 2, column 2: expected ] here", ERR_INPUT},
    {"a comma too many", "{\"objects\":[" TOOL ",]}", STIX_FORMAT_STIX, 1, 0,
     "a comma before the end", ERR_INPUT},
    {"a bundle cut in an object", "{\"objects\":[" TOOL ",{\"type\":\"tool\"", STIX_FORMAT_STIX, 1,
     1, "the file ends in the middle", ERR_INPUT},
    {"a bundle cut behind an object", "{\"objects\":[" TOOL, STIX_FORMAT_STIX, 1, 0,
     "ends in the middle", ERR_INPUT},
    {"a bundle without its last brace", "{\"objects\":[" TOOL "]", STIX_FORMAT_STIX, 1, 0,
     "ends in the middle", ERR_INPUT},
    {"something behind a bundle", "{\"objects\":[" TOOL "]} x", STIX_FORMAT_STIX, 1, 0,
     "behind the end", ERR_INPUT},
    {"objects twice", "{\"objects\":[" TOOL "],\"objects\":[]}", STIX_FORMAT_STIX, 1, 0,
     "stands twice", ERR_INPUT},
    {"a MISP event",
     "{\"Event\":{\"info\":\"x\",\"Attribute\":[" ATTRIBUTE("domain", "evil.example") "]}}",
     STIX_FORMAT_MISP, 1, 0, "[domain-name:value = 'evil.example']", 0},
    {"a bare MISP event",
     "{\"info\":\"x\",\"Attribute\":[" ATTRIBUTE("domain", "evil.example") "]}", STIX_FORMAT_MISP,
     1, 0, "evil.example", 0},
    {"a MISP response",
     "{\"response\":[{\"Event\":{\"Attribute\":[" ATTRIBUTE(
         "domain",
         "a.example") "]}},{\"Event\":{\"Attribute\":[" ATTRIBUTE("domain",
                                                                  "b.example") "]}}],\"x\":1}",
     STIX_FORMAT_MISP, 2, 0, "b.example", 0},
    {"a MISP response of one event",
     "{\"response\":{\"Event\":{\"Attribute\":[" ATTRIBUTE("md5", "d41d8cd98f00b204"
                                                                  "e9800998ecf8427e") "]}}}",
     STIX_FORMAT_MISP, 1, 0, "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']", 0},
    {"a list of MISP events",
     "[{\"Event\":{\"Attribute\":[" ATTRIBUTE("domain", "a.example") "]}},{\"Event\":{}}]",
     STIX_FORMAT_MISP, 1, 0, "a.example", 0},
    {"MISP objects hold attributes",
     "{\"Event\":{\"Object\":[{\"name\":\"file\",\"Attribute\":[" ATTRIBUTE(
         "sha1",
         "da39a3ee5e6b4b0d3255bfef9560189"
         "0afd80709") "]},{\"deleted\":true,\"Attribute\":[" ATTRIBUTE("domain",
                                                                       "gone.example") "]}]}}",
     STIX_FORMAT_MISP, 1, 0, "'SHA-1' = 'da39a3ee", 0},
    {"composite types come apart",
     "{\"Event\":{\"Attribute\":[" ATTRIBUTE("domain|ip", "evil.example|8.8.4.4") "," ATTRIBUTE(
         "filename|md5",
         "a b.exe|d41d8cd98f00b204e9800998ecf8427e") "," ATTRIBUTE("ip-dst|port",
                                                                   "8.8.8.8|80") "]}}",
     STIX_FORMAT_MISP, 4, 0, "8.8.4.4", 0},
    {"what is deleted, not for detection, or of no plain kind is left out",
     "{\"Event\":{\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.example\",\"to_ids\":true,"
     "\"deleted\":true},"
     "{\"type\":\"domain\",\"value\":\"b.example\",\"to_ids\":false},"
     "{\"type\":\"domain\",\"value\":\"c.example\"}," ATTRIBUTE("yara", "rule x") "," ATTRIBUTE(
         "domain", "no dots") ",{\"type\":\"domain\",\"to_ids\":true}]}}",
     STIX_FORMAT_MISP, 0, 6, "", 0},
    {"an attribute that is broken JSON", "{\"Event\":{\"Attribute\":[{\"type\":\"domain\",]}}",
     STIX_FORMAT_MISP, 0, 0, "column 41: expected a key", ERR_INPUT},
    {"a plain list",
     "# title\n\n evil.example \r\n8.8.4.4 # why\nhxxp://a[.]example/x ; why\n// "
     "no\n\"b.example\",\nbad@evil.example\n",
     STIX_FORMAT_LIST, 5, 0, "bad@evil.example", 0},
    {"a list without a last line feed", "a.example\nb.example", STIX_FORMAT_LIST, 2, 0, "b.example",
     0},
    {"a list of IPv6 with ports", "[2a00::1]:443\n[2a00::2]:443\n", STIX_FORMAT_LIST, 2, 0,
     "'2a00::2'", 0},
    {"a hosts file", "0.0.0.0 a.example b.example # c\n127.0.0.1\tc.example\n", STIX_FORMAT_LIST, 3,
     0, "c.example", 0},
    {"lines that are nothing", "a.example\nwhat is this\n\xff\xfe\n999.1.1.1\n", STIX_FORMAT_LIST,
     1, 3, "a.example", 0},
    {"the same again", "a.example\nA.EXAMPLE.\na[.]example\n", STIX_FORMAT_LIST, 1, 0, "a.example",
     0},
    {"a byte order mark before a list",
     "\xef\xbb\xbf"
     "a.example\n",
     STIX_FORMAT_LIST, 1, 0, "a.example", 0},
    {"UTF-16",
     "\xff\xfe"
     "a\0",
     STIX_FORMAT_AUTO, 0, 0, "UTF-16", ERR_INPUT},
    {"a compressed file", "\x28\xb5\x2f\xfd....", STIX_FORMAT_AUTO, 0, 0, "compressed", ERR_INPUT},
    {"CSV with a header",
     "type,value,comment,to_ids\ndomain,evil.example,\"one, "
     "\"\"two\"\"\nthree\",1\nip-dst,8.8.4.4,,0\n",
     STIX_FORMAT_CSV, 1, 1, "\"description\":\"one, \\\"two\\\"\\nthree\"", 0},
    {"CSV of one column of values", "indicator,source\nevil.example,x\n8.8.4.4,y\n",
     STIX_FORMAT_CSV, 2, 0, "8.8.4.4", 0},
    {"CSV of columns that are types", "ip,domain,size\n8.8.4.4,evil.example,5\n,b.example,6\n",
     STIX_FORMAT_CSV, 3, 0, "b.example", 0},
    {"CSV with semicolons", "Type;Value\nURL;http://evil.example/,x\n", STIX_FORMAT_CSV, 1, 0,
     "http://evil.example/,x", 0},
    {"CSV without a header",
     "2026-08-16 01:04:58,who,domain,evil.example,#phishing\n"
     "2026-08-16 01:04:58,who,url,http://evil.example/,#phishing\n",
     STIX_FORMAT_CSV, 2, 0, "\"created\":\"2026-08-16T01:04:58.000Z\"", 0},
    {"a header in a comment",
     "# a feed\n# \"first_seen_utc\",\"ioc_value\",\"ioc_type\"\n"
     "\"2026-08-16 01:04:58\", \"evil.example\", \"domain\"\n",
     STIX_FORMAT_CSV, 1, 0, "2026-08-16T01:04:58.000Z", 0},
    {"Zeek's intelligence format",
     "#fields\tindicator\tindicator_type\tmeta.desc\nevil.example\tIntel::DOMAIN\tC2\n",
     STIX_FORMAT_CSV, 1, 0, "\"description\":\"C2\"", 0},
    {"rows that are too short", "type,value\ndomain\ndomain,a.example\n", STIX_FORMAT_CSV, 1, 1,
     "a.example", 0},
    {"a type that has no plain indicator", "type,value\nyara,rule\n", STIX_FORMAT_CSV, 0, 1, "", 0},
};

static void is_imported(void **state)
{
    const struct small *s = *state;
    struct arena *a = test_arena();
    struct stix_import_options how = options();
    struct bytes text = bytes_text(s->text), hay;
    struct result r = import(a, text, &how);

    if (r.e.code != s->code || r.counts.objects != s->objects || r.counts.refused != s->refused ||
        r.format != s->format)
        fail_msg("%llu objects, %llu refused, %s, %s", (unsigned long long)r.counts.objects,
                 (unsigned long long)r.counts.refused, stix_format_name(r.format), r.e.text);
    hay = s->code ? bytes_text(r.e.text) : r.text;
    if (bytes_find(hay, bytes_text(s->holds)) == SIZE_MAX)
        fail_msg("%.*s", BYTES_FMT(hay));
    for (size_t most = 1; most < 9; most++) {
        struct result other = import_in_drips(a, text, most, &how);
        assert_true(bytes_equal(r.text, other.text));
        assert_int_equal(r.e.code, other.e.code);
        assert_string_equal(r.e.text, other.e.text);
        assert_int_equal(r.counts.refused, other.counts.refused);
    }
    arena_free(a);
}

/* ---- what is made -----------------------------------------------------------------------------
 */

/* Every indicator of ours is canonical, passes our own check without a warning, carries the id
 * that anybody can compute, and its summary is that of its bytes. */
static void what_we_make_is_sound(void **state)
{
    struct arena *a = test_arena();
    struct stix_import_options how = options();
    struct bytes text =
        BYTES("evil.example\n8.8.4.4\n8.8.0.0/16\n2a00::1\n2a00::/32\nbad@evil.example\n"
              "http://evil.example/'quoted'\\\xe4\xb8\xad\nd41d8cd98f00b204e9800998ecf8427e\n");
    struct err e = {0};
    struct stix_import *im;
    struct stix_item item;
    size_t n = 0;

    (void)state;
    how.tlp = STIX_TLP_AMBER_STRICT;
    im = stix_import_open_bytes(&how, text, &e);
    for (; stix_import_next(im, &item, &e); n++) {
        struct stix_warnings w = {0};
        struct stix_object o;
        char id[STIX_ID_MAX];
        const struct json *v = json_parse_canonical(item.bytes, a, &e);
        must(v && stix_check(v, a, &w, &o, &e), &e);
        assert_int_equal(stix_warnings_total(&w), 0);
        assert_true(stix_indicator_id(how.party_id, o.pattern, id) && bytes_are(o.id, id));
        assert_true(bytes_equal(o.id, item.object.id) &&
                    bytes_equal(o.pattern, item.object.pattern));
        assert_true(bytes_equal(o.version, item.object.version) &&
                    bytes_equal(o.name, item.object.name));
        assert_true(o.modified_us == item.object.modified_us && o.class == item.object.class);
        assert_true(o.valid_from_us == item.object.valid_from_us &&
                    o.markings == item.object.markings);
        assert_true(bytes_equal(stix_object_marking(&o, 0), stix_object_marking(&item.object, 0)));
        assert_true(bytes_equal(o.created_by_ref, how.party_id));
        assert_true(o.tlp == STIX_TLP_AMBER_STRICT && item.tlp == o.tlp && item.made);
        assert_int_equal(item.line, n + 1);
    }
    must(stix_import_done(im), &e);
    assert_int_equal(n, 8);
    stix_import_close(im);
    arena_free(a);
}

static void ids_belong_to_the_party(void **state)
{
    char one[STIX_ID_MAX], two[STIX_ID_MAX];

    (void)state;
    /* The fixed point of decision 0042: another program must come to the same id. */
    assert_true(
        stix_indicator_id(BYTES(PARTY), BYTES("[domain-name:value = '123tramites.com']"), one));
    assert_string_equal(one, "indicator--29bfb789-edaf-56f4-9cd2-54544a4579f0");
    assert_true(stix_indicator_id(BYTES("identity--8cf9236f-1b96-493d-98be-0c1c1e8b62d7"),
                                  BYTES("[domain-name:value = '123tramites.com']"), two));
    assert_string_not_equal(one, two);
    assert_false(
        stix_indicator_id(BYTES("tool--8cf9236f-1b96-493d-98be-0c1c1e8b62d7"), BYTES("x"), one));
}

static const struct marked {
    const char *name, *tags;
    enum stix_tlp wish, tlp;
} marked[] = {
    {"the wish alone", "[]", STIX_TLP_GREEN, STIX_TLP_GREEN},
    {"no wish, no tag: unmarked", "[]", STIX_TLP_NONE, STIX_TLP_NONE},
    {"the tag alone", "[{\"name\":\"tlp:white\"}]", STIX_TLP_NONE, STIX_TLP_CLEAR},
    {"a stricter tag", "[{\"name\":\"x\"},{\"name\":\"TLP:RED\"}]", STIX_TLP_GREEN, STIX_TLP_RED},
    {"a stricter wish", "[{\"name\":\"tlp:white\"}]", STIX_TLP_AMBER, STIX_TLP_AMBER},
    {"two tags", "[{\"name\":\"tlp:green\"},{\"name\":\"tlp:amber+strict\"}]", STIX_TLP_NONE,
     STIX_TLP_AMBER_STRICT},
    {"a tag that nobody knows", "[{\"name\":\"tlp:purple\"}]", STIX_TLP_NONE, STIX_TLP_RED},
};

static void tags_mark(void **state)
{
    const struct marked *r = *state;
    struct arena *a = test_arena();
    struct stix_import_options how = options();
    struct err e = {0};
    /* The tags stand behind the attributes, as in real events; then on the attribute itself. */
    const char *forms[] = {
        "{\"Event\":{\"Attribute\":[" ATTRIBUTE("domain", "a.example") "],\"Tag\":%s}}",
        "{\"Event\":{\"Attribute\":[{\"type\":\"domain\",\"to_ids\":true,\"value\":"
        "\"a.example\",\"Tag\":%s}]}}"};

    how.tlp = r->wish;
    for (int i = 0; i < 2; i++) {
        struct buf b = buf_in(a);
        struct bytes text;
        struct stix_import *im;
        struct stix_item item;
        size_t at = (size_t)(strstr(forms[i], "%s") - forms[i]);
        buf_put(&b, bytes_of(forms[i], at));
        buf_puts(&b, r->tags);
        buf_puts(&b, forms[i] + at + 2);
        must(buf_end(&b, &text, &e), &e);
        im = stix_import_open_bytes(&how, text, &e);
        must(stix_import_next(im, &item, &e), &e);
        assert_int_equal(item.tlp, r->tlp);
        assert_int_equal(item.object.tlp, r->tlp);
        stix_import_close(im);
    }
    arena_free(a);
}

static void markings_are_learnt_as_they_pass(void **state)
{
    struct stix_markings *m = stix_markings_new();
    struct stix_import_options how = options();
    struct err e = {0};
    struct stix_import *im;
    struct stix_item item;
    static const char text[] =
        "{\"objects\":[{\"type\":\"marking-definition\",\"id\":\"marking-definition--826578e1-40ad-"
        "459f-bc73-"
        "ede076f81f37\",\"created\":\"2026-01-31T12:00:00Z\",\"definition_type\":\"statement\","
        "\"definition\":{"
        "\"statement\":\"TLP:AMBER+STRICT\"}},{\"type\":\"tool\",\"spec_version\":\"2.1\",\"name\":"
        "\"x\","
        "\"id\":\"tool--8cf9236f-1b96-493d-98be-0c1c1e8b62d7\",\"created\":\"2026-01-31T12:00:"
        "00Z\","
        "\"modified\":\"2026-01-31T12:00:00Z\",\"object_marking_refs\":[\"marking-definition--"
        "826578e1-40ad-"
        "459f-bc73-ede076f81f37\",\"marking-definition--8cf9236f-1b96-493d-98be-0c1c1e8b62d7\"]}]}";

    (void)state;
    how.markings = m;
    im = stix_import_open_bytes(&how, bytes_text(text), &e);
    must(stix_import_next(im, &item, &e), &e);
    must(stix_import_next(im, &item, &e), &e);
    assert_int_equal(item.tlp, STIX_TLP_AMBER_STRICT);
    assert_int_equal(item.unknown_markings, 1);
    stix_import_close(im);
    stix_markings_free(m);
}

/* ---- errors and limits -------------------------------------------------------------------------
 */

static void errors_name_the_file(void **state)
{
    struct arena *a = test_arena();
    struct stix_import_options how = options();
    struct drip d = {BYTES("a.example\n"), 100, true};
    struct result r = {.format = STIX_FORMAT_AUTO};
    struct err e = {0};

    (void)state;
    how.file = "feeds/cert.json";
    r = import(a, BYTES("{\"objects\":[\n{} x"), &how);
    must_fail(false, &r.e, ERR_INPUT, "feeds/cert.json: line 2, column 4: expected ] here");
    memset(&r, 0, sizeof r);
    run(a, stix_import_open(&how, drip, &d, &e), &r);
    must_fail(false, &r.e, ERR_IO, "feeds/cert.json: the disk is gone");
    how.party_id = BYTES("north");
    assert_null(stix_import_open_bytes(&how, BYTES(""), &e));
    must_fail(false, &e, ERR_INPUT, "not that of an identity");
    how = options();
    how.format = STIX_FORMAT_STIX;
    r = import(a, BYTES("a.example\n"), &how);
    must_fail(false, &r.e, ERR_INPUT, "expected JSON");
    how.format = STIX_FORMAT_CSV;
    r = import(a, BYTES("x,y\n"), &how);
    must_fail(false, &r.e, ERR_INPUT, "no column of values");
    arena_free(a);
}

static struct bytes filled(struct arena *a, const char *head, char fill, size_t n, const char *tail)
{
    struct buf b = buf_in(a);
    struct bytes out;
    struct err e = {0};

    buf_puts(&b, head);
    for (size_t i = 0; i < n; i++)
        buf_byte(&b, (uint8_t)fill);
    buf_puts(&b, tail);
    must(buf_end(&b, &out, &e), &e);
    return out;
}

static void limits_hold(void **state)
{
    struct arena *a = arena_new((size_t)512 << 20);
    struct stix_import_options how = options();
    struct result r;

    (void)state;
    r = import_in_drips(a, filled(a, "a.example\n", 'x', 3 * LIMIT_IMPORT_LINE, "\nb.example\n"),
                        70000, &how);
    assert_int_equal(r.counts.objects, 2);
    assert_int_equal(r.counts.refused, 1);
    assert_int_equal(r.warnings.of[STIX_W_NOT_AN_INDICATOR].count, 1);
    assert_non_null(strstr(r.warnings.of[STIX_W_NOT_AN_INDICATOR].first, "line 2: far too long"));
    r = import_in_drips(a, filled(a, "type,value\ndomain,\"", 'x', 2 * LIMIT_IMPORT_ROW, ""), 70000,
                        &how);
    must_fail(false, &r.e, ERR_LIMIT, "line 2: a row of more than");
    r = import_in_drips(a,
                        filled(a, "{\"objects\":[\"", 'x', LIMIT_PAYLOAD_BYTES + (2 << 20), "\"]}"),
                        1 << 20, &how);
    must_fail(false, &r.e, ERR_LIMIT, "line 1: one piece of more than");
    r = import(a, filled(a, "{\"objects\":[", '[', 100, ""), &how);
    assert_int_equal(r.counts.refused, 1);
    assert_non_null(strstr(r.warnings.of[STIX_W_REFUSED].first, "deeper than 64"));
    arena_free(a);
}

static void what_was_not_carried_is_listed(void **state)
{
    struct arena *a = test_arena();
    struct stix_import_options how = options();
    const struct stix_import_type *rows;
    struct buf b = buf_in(a);
    struct bytes text;
    struct stix_import *im;
    struct stix_item item;
    struct err e = {0};

    (void)state;
    buf_puts(&b, "type,value\nyara,x\nregkey,x\nyara,x\n\x1b[2J,x\n");
    for (int i = 0; i < 100; i++)
        buf_format(&b, "type-%d,x\n", i);
    must(buf_end(&b, &text, &e), &e);
    im = stix_import_open_bytes(&how, text, &e);
    assert_false(stix_import_next(im, &item, &e));
    assert_int_equal(stix_import_not_carried(im, &rows), 64);
    assert_string_equal(rows[0].name, "(others)");
    assert_int_equal(rows[0].count, 40);
    assert_string_equal(rows[1].name, "yara");
    assert_int_equal(rows[1].count, 2);
    assert_string_equal(rows[2].name, "\\x1b[2J");
    stix_import_close(im);
    arena_free(a);
}

/* ---- real files
 * ---------------------------------------------------------------------------------- */

static const struct real {
    const char *name;
    enum stix_format format;
    uint64_t objects, refused, duplicates;
    uint64_t domains, addresses, digests, others; /* of those made */
    uint64_t warnings;
} real[] = {
    {"data/stix/poisonivy.json", STIX_FORMAT_STIX, 155, 0, 0, 0, 0, 0, 0, 0},
    {"data/stix/email-indicator.json", STIX_FORMAT_STIX, 6, 0, 0, 0, 0, 0, 0, 0},
    /* one UUID in capitals, two observables under ids of the standard's first edition */
    {"data/stix/infrastructure.json", STIX_FORMAT_STIX, 10, 0, 0, 0, 0, 0, 0, 3},
    /* 1,549 indicators, as many relationships, one malware */
    {"data/stix/amnesty-pegasus.stix2.json.zst", STIX_FORMAT_STIX, 3099, 0, 0, 0, 0, 0, 0, 0},
    /* 410 were modified before they were created, 260 hold an empty list */
    {"data/stix/attack-multiversion.stix2.json.zst", STIX_FORMAT_STIX, 16208, 0, 0, 0, 0, 0, 0,
     670},
    {"data/stix/eset-telebots.misp.json", STIX_FORMAT_MISP, 69, 26, 0, 0, 3, 66, 0, 26},
    {"data/stix/citizenlab-keyboy.misp.json", STIX_FORMAT_MISP, 31, 48, 0, 4, 8, 18, 1, 48},
    {"data/stix/citizenlab-keyboy.csv", STIX_FORMAT_CSV, 23, 10, 0, 4, 8, 11, 0, 10},
    {"data/lists/amnesty-nso-domains.txt", STIX_FORMAT_LIST, 1438, 0, 0, 1438, 0, 0, 0, 0},
    /* one URL has no scheme */
    {"data/lists/citizenlab-nso-2016.csv", STIX_FORMAT_CSV, 61, 1, 0, 46, 6, 0, 9, 1},
    {"data/lists/citizenlab-badtraffic.csv", STIX_FORMAT_CSV, 25, 38, 0, 25, 0, 0, 0, 38},
    {"data/watch/native/hosts-format.txt", STIX_FORMAT_LIST, 1987, 0, 0, 1987, 0, 0, 0, 1987},
    {"data/watch/native/ipsum-level4.txt", STIX_FORMAT_LIST, 5354, 0, 0, 0, 5354, 0, 0, 0},
    {"data/watch/native/maltrail-mass-scanner-cidr.txt", STIX_FORMAT_LIST, 1102, 0, 4, 0, 1102, 0,
     0, 4},
    {"data/watch/native/maltrail-njrat-1.txt", STIX_FORMAT_LIST, 11420, 5, 4455, 8506, 2886, 0, 28,
     7346},
    /* two URLs hold control characters */
    {"data/watch/native/tweetfeed-week.csv", STIX_FORMAT_CSV, 1534, 2, 38, 575, 162, 116, 681, 40},
    {"data/watch/native/tweetfeed-week.stix21.json.zst", STIX_FORMAT_STIX, 1538, 0, 0, 0, 0, 0, 0,
     0},
    {"data/watch/native/zeek-intel-domains.intel", STIX_FORMAT_CSV, 61, 0, 0, 61, 0, 0, 0, 0},
};

static void count(struct stix_import *im, struct real *got, struct err *e)
{
    struct stix_item item;

    while (stix_import_next(im, &item, e)) {
        enum indicator_type t = item.indicator.type;
        got->domains += item.made && t == INDICATOR_DOMAIN;
        got->addresses += item.made && t >= INDICATOR_IPV4 && t <= INDICATOR_IPV6_PREFIX;
        got->digests += item.made && t >= INDICATOR_MD5 && t <= INDICATOR_SHA512;
        got->others += item.made && (t == INDICATOR_URL || t == INDICATOR_EMAIL);
    }
}

static void real_files(void **state)
{
    const struct real *r = *state;
    struct arena *a = arena_new((size_t)256 << 20);
    struct stix_import_options how = options();
    struct drip d = {.most = 100000};
    struct real got = {.name = r->name};
    struct stix_import *im;
    struct stix_import_counts c;
    struct err e = {0};

    if (!shared_text(a, r->name, &d.left)) {
        arena_free(a);
        skip();
    }
    im = stix_import_open(&how, drip, &d, &e);
    count(im, &got, &e);
    must(stix_import_done(im), &e);
    c = stix_import_counts(im);
    if (stix_import_format(im) != r->format || c.objects != r->objects || c.refused != r->refused ||
        c.duplicates != r->duplicates || got.domains != r->domains ||
        got.addresses != r->addresses || got.digests != r->digests || got.others != r->others ||
        stix_warnings_total(stix_import_warnings(im)) != r->warnings)
        fail_msg("%s: %llu objects, %llu refused, %llu twice; %llu domains, %llu addresses, %llu "
                 "digests, "
                 "%llu others; %llu warnings",
                 stix_format_name(stix_import_format(im)), (unsigned long long)c.objects,
                 (unsigned long long)c.refused, (unsigned long long)c.duplicates,
                 (unsigned long long)got.domains, (unsigned long long)got.addresses,
                 (unsigned long long)got.digests, (unsigned long long)got.others,
                 (unsigned long long)stix_warnings_total(stix_import_warnings(im)));
    stix_import_close(im);
    arena_free(a);
}

/* ---- two files of one incident
 * ---------------------------------------------------------------------- */

struct made {
    char id[STIX_ID_MAX];
    struct bytes pattern;
};

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct made *)a)->id, ((const struct made *)b)->id);
}

static size_t made_of(struct arena *a, struct bytes text, bool all, struct made *out, size_t room)
{
    struct stix_import_options how = options();
    struct stix_import *im;
    struct stix_item item;
    struct err e = {0};
    size_t n = 0;

    how.all_attributes = all;
    im = stix_import_open_bytes(&how, text, &e);
    for (; stix_import_next(im, &item, &e); n++) {
        assert_true(n < room);
        snprintf(out[n].id, sizeof out[n].id, "%.*s", BYTES_FMT(item.object.id));
        must(arena_copy(a, item.object.pattern, &out[n].pattern, &e), &e);
    }
    must(stix_import_done(im), &e);
    stix_import_close(im);
    qsort(out, n, sizeof *out, by_id);
    return n;
}

static size_t common(const struct made *a, size_t n, const struct made *b, size_t m)
{
    size_t both = 0;

    for (size_t i = 0; i < n; i++) {
        const struct made *hit = bsearch(&a[i], b, m, sizeof *b, by_id);
        both += hit && bytes_equal(hit->pattern, a[i].pattern);
    }
    return both;
}

/* The KeyBoy incident as MISP and as CSV. The two were published by two hands: the CSV flags four
 * digests for detection that the MISP event holds without the flag. Every value that both hold is
 * one indicator, with one id. */
static void one_incident_in_two_files(void **state)
{
    struct arena *a = test_arena();
    struct bytes misp, csv;
    struct made x[128], y[128];
    size_t n, m;

    (void)state;
    if (shared_text(a, "data/stix/citizenlab-keyboy.misp.json", &misp) &&
        shared_text(a, "data/stix/citizenlab-keyboy.csv", &csv)) {
        n = made_of(a, csv, false, x, COUNT(x));
        m = made_of(a, misp, false, y, COUNT(y));
        assert_int_equal(n, 23);
        assert_int_equal(m, 31);
        assert_int_equal(common(x, n, y, m), 19);
        m = made_of(a, misp, true, y, COUNT(y));
        assert_int_equal(common(x, n, y, m), 23);
    }
    arena_free(a);
}

/* The same attributes in both forms give the very same set. */
static void two_forms_one_set(void **state)
{
    static const char *const rows[][2] = {
        {"domain", "Evil.Example"},
        {"hostname", "www.evil.example"},
        {"ip-dst", "8.8.4.4"},
        {"ip-src", "2a00::1"},
        {"url", "hxxp://evil[.]example/a,b"},
        {"email-src", "bad@evil.example"},
        {"md5", "D41D8CD98F00B204E9800998ECF8427E"},
        {"domain|ip", "c.example|8.8.8.8"},
        {"filename|sha1", "x.exe|da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"yara", "rule"}};
    struct arena *a = test_arena();
    struct buf misp = buf_in(a), csv = buf_in(a);
    struct bytes misp_text, csv_text = {0};
    struct made x[32], y[32];
    struct err e = {0};
    size_t n;

    (void)state;
    buf_puts(&misp, "{\"Event\":{\"Attribute\":[");
    buf_puts(&csv, "type,value\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_format(&misp, "%s{\"type\":\"%s\",\"to_ids\":true,\"value\":\"%s\"}", i ? "," : "",
                   rows[i][0], rows[i][1]);
        buf_format(&csv, "%s,\"%s\"\n", rows[i][0], rows[i][1]);
    }
    buf_puts(&misp, "]}}");
    must(buf_end(&misp, &misp_text, &e) && buf_end(&csv, &csv_text, &e), &e);
    n = made_of(a, misp_text, false, x, COUNT(x));
    assert_int_equal(n, 10);
    assert_int_equal(made_of(a, csv_text, false, y, COUNT(y)), n);
    assert_int_equal(common(x, n, y, n), n);
    arena_free(a);
}

/* Two teams on one actor: 44 of the 46 names of one are among the 1,438 of the other, and none of
 * an unrelated report's. */
static void lists_of_two_teams(void **state)
{
    static const struct {
        const char *name;
        size_t common;
    } rows[] = {{"data/lists/citizenlab-nso-2016.csv", 44},
                {"data/lists/citizenlab-badtraffic.csv", 0}};
    struct arena *a = test_arena();
    struct bytes list, csv;
    static struct made x[2000], y[2000];

    (void)state;
    for (int i = 0; i < 2; i++) {
        if (!shared_text(a, "data/lists/amnesty-nso-domains.txt", &list) ||
            !shared_text(a, rows[i].name, &csv))
            break;
        size_t n = made_of(a, csv, false, x, COUNT(x)), m = made_of(a, list, false, y, COUNT(y));
        assert_int_equal(common(x, n, y, m), rows[i].common);
    }
    arena_free(a);
}

int main(void)
{
    static struct CMUnitTest tests[COUNT(small) + COUNT(marked) + COUNT(real) + 10] = {
        cmocka_unit_test(what_we_make_is_sound),
        cmocka_unit_test(ids_belong_to_the_party),
        cmocka_unit_test(markings_are_learnt_as_they_pass),
        cmocka_unit_test(errors_name_the_file),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(what_was_not_carried_is_listed),
        cmocka_unit_test(one_incident_in_two_files),
        cmocka_unit_test(two_forms_one_set),
        cmocka_unit_test(lists_of_two_teams),
    };
    size_t n = 9;

    ADD_ROWS(tests, n, is_imported, small);
    ADD_ROWS(tests, n, tags_mark, marked);
    ADD_ROWS(tests, n, real_files, real);
    return _cmocka_run_group_tests("import", tests, n, NULL, NULL);
}
