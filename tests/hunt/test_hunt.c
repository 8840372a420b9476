/* Patterns over lines: what each log becomes, what is found over several lines, what is bounded. */
#include "base/buf.h"
#include "base/text.h"
#include "hunt/hunt.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct seen {
    size_t n, events;
    uint64_t last_line;
    uint32_t ref;
};

static bool count(void *self, const struct hunt_found *f)
{
    struct seen *s = self;

    s->n++;
    s->events += f->events;
    s->ref = f->ref;
    s->last_line = f->lines[f->n - 1].line_number;
    return true;
}

static struct hunt *hunt_for(const char *pattern, enum watch_format format, bool every,
                             struct seen *s)
{
    struct hunt_options o = {.format = format, .every_line = every, .found = count, .self = s};
    struct err e = {0};
    struct hunt *h = hunt_new(os_system(), &o, &e);

    *s = (struct seen){0};
    must(h && hunt_add(h, &(struct hunt_pattern){.text = bytes_text(pattern), .ref = 7}, &e), &e);
    must(hunt_scanner(h, &e) != NULL, &e);
    return h;
}

static void scan(struct hunt *h, struct bytes text, size_t part)
{
    struct err e = {0};
    struct watch_scanner *s = hunt_scanner(h, &e);

    while (text.n) {
        must(watch_scan(s, bytes_part(text, 0, part), &e), &e);
        text = bytes_part(text, part, SIZE_MAX);
    }
    must(watch_scan_end(s, &e), &e);
}

/* ---- one line of each log
 * ------------------------------------------------------------------------ */

#define ZEEK(path, fields) "#separator \\x09\n#path\t" path "\n#fields\t" fields "\n"
#define CONN                                                                                       \
    ZEEK("conn", "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t" \
                 "orig_bytes")                                                                     \
    "1700000000.500000\tC1\t198.51.100.7\t40000\t2001:DB8::1\t443\ttcp\tssl\t2.5\t1234\n"
#define HTTP                                                                                       \
    ZEEK("http", "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmethod\thost\turi\t"        \
                 "user_agent")                                                                     \
    "1700000000.0\tC1\t198.51.100.7\t40000\t192.0.2.9\t8080\tGET\tWWW.Evil.example\t/a?b=C\t"      \
    "x\\x09y/1\n"
#define DNS                                                                                        \
    "{\"_path\":\"dns\",\"ts\":1700000000.0,\"uid\":\"C1\",\"id.orig_h\":\"198.51.100.7\","        \
    "\"query\":\"Evil.example\",\"answers\":[\"192.0.2.9\",\"other.example\"]}\n"
#define EVE                                                                                        \
    "{\"timestamp\":\"2026-01-01T00:00:00.0+0000\",\"event_type\":\"fileinfo\",\"src_ip\":"        \
    "\"192.0.2.9\",\"src_port\":80,\"dest_ip\":\"198.51.100.7\",\"http\":{\"hostname\":"           \
    "\"evil.example\",\"url\":\"/x\"},\"fileinfo\":{\"filename\":\"/tmp/a b.exe\",\"md5\":"        \
    "\"D41D8CD98F00B204E9800998ECF8427E\",\"size\":12}}\n"
#define SYSMON                                                                                     \
    "{\"EventID\":1,\"Channel\":\"Sysmon\",\"Image\":\"C:\\\\Temp\\\\Bad.exe\",\"CommandLine\":"   \
    "\"bad.exe -x\\ty\",\"ParentImage\":\"C:\\\\Windows\\\\explorer.exe\",\"ProcessId\":\"42\","   \
    "\"Hashes\":\"SHA1=DA39A3EE5E6B4B0D3255BFEF95601890AFD80709,IMPHASH="                          \
    "D41D8CD98F00B204E9800998ECF8427E\"}\n"
#define SYSMON13                                                                                   \
    "{\"EventID\":13,\"TargetObject\":\"HKLM\\\\Software\\\\Run\\\\Evil\",\"Details\":\"c:\\\\x\"" \
    "}\n"
#define ECS                                                                                        \
    "{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"source\":{\"ip\":\"198.51.100.7\"},\"process\":{"  \
    "\"executable\":\"/usr/bin/x\",\"pid\":9},\"file\":{\"hash\":{\"sha256\":"                     \
    "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}}}\n"
#define CSV                                                                                        \
    "time,Source IP,domain,url\n1,198.51.100.7,\"evil.example\",\"http://x.example/a,\"\"b\"\n"
#define SYSLOG                                                                                     \
    "Jan  1 00:00:00 host sshd[1]: from 198.51.100.7 port 22 to EVIL.example. see "                \
    "HTTP://Evil.example/P and [2001:db8::1] mail a.b@Evil.example\n"

static const struct row {
    const char *name;
    enum watch_format format;
    const char *log, *pattern;
    bool found;
} rows[] = {
    {"Zeek conn: an address by its role", WATCH_AUTO, CONN,
     "[network-traffic:src_ref.value = '198.51.100.7']", true},
    {"and not by the other role", WATCH_AUTO, CONN,
     "[network-traffic:dst_ref.value = '198.51.100.7']", false},
    {"an IPv6 address in another spelling", WATCH_AUTO, CONN,
     "[ipv6-addr:value = '2001:0db8:0:0::1']", true},
    {"ports and protocols", WATCH_AUTO, CONN,
     "[network-traffic:dst_port = 443 AND network-traffic:protocols[*] = 'ssl' AND "
     "network-traffic:src_byte_count > 1000]",
     true},
    {"start and end as instants", WATCH_AUTO, CONN,
     "[network-traffic:start = t'2023-11-14T22:13:20.5Z' AND network-traffic:end > "
     "t'2023-11-14T22:13:22.9Z']",
     true},
    {"a prefix", WATCH_AUTO, CONN, "[ipv4-addr:value ISSUBSET '198.51.100.0/24']", true},
    {"Zeek http: host and path as one URL", WATCH_AUTO, HTTP,
     "[url:value = 'http://www.evil.example:8080/a?b=C']", true},
    {"whose path has its case", WATCH_AUTO, HTTP,
     "[url:value = 'http://www.evil.example:8080/a?b=c']", false},
    {"Zeek's escapes", WATCH_AUTO, HTTP,
     "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[0] LIKE 'x\ty%']",
     true},
    {"a domain in any case", WATCH_AUTO, HTTP, "[domain-name:value = 'www.EVIL.example']", true},
    {"but not its parent", WATCH_AUTO, HTTP, "[domain-name:value = 'evil.example']", false},
    {"Zeek dns: what a name resolved to", WATCH_AUTO, DNS,
     "[domain-name:value = 'evil.example' AND domain-name:resolves_to_refs[*].value = "
     "'192.0.2.9']",
     true},
    {"eve: a digest in lower case", WATCH_AUTO, EVE,
     "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e' AND file:size = 12]", true},
    {"eve: a file's name without its directory", WATCH_AUTO, EVE,
     "[file:name = 'a b.exe' AND file:parent_directory_ref.path = '/tmp']", true},
    {"eve: a URL", WATCH_AUTO, EVE, "[url:value MATCHES '^http://evil\\\\.example/x$']", true},
    {"Sysmon: a process and its file", WATCH_AUTO, SYSMON,
     "[process:command_line = 'bad.exe -x\ty' AND process:image_ref.name = 'Bad.exe' AND "
     "process:parent_ref.image_ref.name LIKE 'expl%' AND process:pid = 42]",
     true},
    {"Sysmon: its digest, and no import hash", WATCH_AUTO, SYSMON,
     "[file:hashes.'SHA-1' = 'da39a3ee5e6b4b0d3255bfef95601890afd80709' AND NOT EXISTS "
     "file:hashes.MD5]",
     true},
    {"Sysmon: a registry value", WATCH_AUTO, SYSMON13,
     "[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\Software\\\\RUN' AND "
     "windows-registry-key:values[*].name = 'Evil' AND windows-registry-key:values[0].data = "
     "'c:\\\\x']",
     true},
    {"the common schema", WATCH_AUTO, ECS,
     "[network-traffic:src_ref.value = '198.51.100.7' OR file:name = 'no']", true},
    {"the common schema's digests", WATCH_AUTO, ECS,
     "[file:hashes.'SHA-256' = "
     "'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855']",
     true},
    {"CSV by its header", WATCH_CSV, CSV, "[network-traffic:src_ref.value = '198.51.100.7']", true},
    {"CSV's quotes", WATCH_CSV, CSV, "[url:value = 'http://x.example/a,\"b']", true},
    {"words of a syslog line", WATCH_AUTO, SYSLOG, "[domain-name:value = 'evil.example'] ", true},
    {"a URL in it", WATCH_AUTO, SYSLOG, "[url:value = 'http://evil.example/P']", true},
    {"an IPv6 address in brackets", WATCH_AUTO, SYSLOG, "[ipv6-addr:value = '2001:db8::1']", true},
    {"an e-mail address", WATCH_AUTO, SYSLOG, "[email-addr:value = 'a.b@evil.example']", true},
};

/* With an index that chooses lines and without, in one part and byte by byte. */
static void one_row(void **state)
{
    const struct row *r = *state;
    struct seen s;

    for (int way = 0; way < 4; way++) {
        struct hunt *h = hunt_for(r->pattern, r->format, way & 1, &s);
        scan(h, bytes_text(r->log), way & 2 ? 1 : SIZE_MAX);
        assert_int_equal(s.n, r->found);
        hunt_free(h);
    }
}

/* ---- several lines
 * -------------------------------------------------------------------------------- */

#define LINE(s, name)                                                                              \
    "{\"ts\":17000000" #s ".0,\"uid\":\"C\",\"_path\":\"dns\",\"query\":\"" name "\"}\n"

static const struct several {
    const char *name, *pattern, *log;
    size_t found, events;
} several[] = {
    {"each event of a plain pattern is a match", "[domain-name:value = 'a.example']",
     LINE(10, "a.example") LINE(11, "b.example") LINE(12, "a.example"), 2, 2},
    {"FOLLOWEDBY looks at the time",
     "[domain-name:value = 'a.example'] FOLLOWEDBY "
     "[domain-name:value = 'b.example']",
     LINE(12, "b.example") LINE(11, "a.example"), 1, 2},
    {"and not at the order of lines",
     "[domain-name:value = 'a.example'] FOLLOWEDBY "
     "[domain-name:value = 'b.example']",
     LINE(12, "a.example") LINE(11, "b.example"), 0, 0},
    {"WITHIN",
     "([domain-name:value = 'a.example'] AND [domain-name:value = 'b.example']) WITHIN 5 "
     "SECONDS",
     LINE(10, "a.example") LINE(16, "b.example") LINE(20, "a.example"), 1, 2},
    {"a match begins anew", "[domain-name:value = 'a.example'] REPEATS 2 TIMES",
     LINE(10, "a.example") LINE(11, "a.example") LINE(12, "a.example") LINE(13, "a.example")
         LINE(14, "a.example"),
     2, 4},
    {"START and STOP",
     "[domain-name:value = 'a.example'] START t'2023-11-14T22:13:31Z' STOP "
     "t'2023-11-14T22:13:32Z'",
     LINE(10, "a.example") LINE(11, "a.example") LINE(12, "a.example"), 1, 1},
    {"other logs between", "[domain-name:value = 'a.example'] FOLLOWEDBY [file:name = 'x']",
     LINE(10, "a.example") "{\"_path\":\"files\",\"uid\":\"C\",\"ts\":1700000011,\"filename\":"
                           "\"x\"}\n",
     1, 2},
    {"a line without a time has that of the one before",
     "([domain-name:value = 'a.example'] AND [domain-name:value = 'b.example']) WITHIN 1 SECONDS",
     LINE(10, "a.example") "{\"_path\":\"dns\",\"query\":\"b.example\"}\n", 1, 2},
};

static void over_lines(void **state)
{
    const struct several *r = *state;
    struct seen s;

    for (int way = 0; way < 2; way++) {
        struct hunt *h = hunt_for(r->pattern, WATCH_JSON, way & 1, &s);
        scan(h, bytes_text(r->log), SIZE_MAX);
        assert_int_equal(s.n, r->found);
        assert_int_equal(s.events, r->events);
        hunt_free(h);
    }
}

/* ---- what is refused, noted, bounded
 * --------------------------------------------------------------- */

static void says_what_it_cannot(void **state)
{
    struct hunt_options o = {0};
    struct err e = {0};
    struct hunt *h = hunt_new(os_system(), &o, &e);
    struct hunt_counts counts;
    struct hunt_note note;
    size_t at = 0;
    char text[128];

    (void)state;
    must(h != NULL, &e);
    must_fail(
        hunt_add(h, &(struct hunt_pattern){.text = BYTES("[mutex:name = 'x']"), .ref = 1}, &e), &e,
        ERR_INPUT, "no log gives mutex:name");
    must_fail(hunt_add(h, &(struct hunt_pattern){.text = BYTES("[file:name = "), .ref = 2}, &e), &e,
              ERR_INPUT, "column 14");
    must_fail(hunt_add(h,
                       &(struct hunt_pattern){
                           .text = BYTES("[file:name MATCHES '(' OR file:size = 1]"), .ref = 3},
                       &e),
              &e, ERR_INPUT, "regular expression");
    must_fail(hunt_add(h,
                       &(struct hunt_pattern){.text = BYTES("[file:size = 1] REPEATS 9999 TIMES")},
                       &e),
              &e, ERR_LIMIT, "1024");
    must(hunt_add(h,
                  &(struct hunt_pattern){.text = BYTES("[file:name = 'x' OR file:x_mood = 'bad']"),
                                         .ref = 5},
                  &e),
         &e);
    hunt_counts(h, &counts);
    assert_int_equal(counts.patterns, 1);
    assert_int_equal(counts.refused, 4);
    assert_true(counts.every_line);
    while (hunt_note_next(h, &at, &note))
        snprintf(text, sizeof text, "%u %s", note.ref, note.what);
    assert_string_equal(text, "5 no log gives file:x_mood");
    hunt_free(h);
}

static void the_index_chooses_lines(void **state)
{
    static const struct {
        const char *pattern;
        bool every_line;
    } cases[] = {
        {"[domain-name:value = 'a.example'] AND [ipv4-addr:value = '192.0.2.1']", false},
        {"[url:value = 'http://a.example/x']", false},
        {"[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e' AND file:size > 3]", false},
        {"[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port != 80]", false},
        {"[file:name = 'x']", true},
        {"[domain-name:value LIKE '%.example']", true},
        {"[domain-name:value = 'a.example' OR domain-name:value LIKE 'b%']", true},
        {"[domain-name:value != 'a.example']", true},
        {"[url:value = 'http://localhost/x']", true},
    };
    struct hunt_counts counts;
    struct seen s;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hunt *h = hunt_for(cases[i].pattern, WATCH_AUTO, false, &s);
        hunt_counts(h, &counts);
        assert_int_equal(counts.every_line, cases[i].every_line);
        hunt_free(h);
    }
}

/* A flood of one part neither fills memory nor drives out the other part. */
static void a_flood_is_bounded(void **state)
{
    struct hunt_counts counts;
    struct seen s;
    struct hunt *h =
        hunt_for("[domain-name:value = 'rare.example'] FOLLOWEDBY [domain-name:value = "
                 "'often.example'] FOLLOWEDBY [domain-name:value = 'end.example']",
                 WATCH_JSON, false, &s);
    struct arena *a = arena_new((size_t)8 << 20);
    struct buf b = buf_in(a);
    struct bytes log;
    struct err e = {0};

    (void)state;
    for (unsigned i = 0; i < 5000; i++)
        buf_format(&b, "{\"_path\":\"dns\",\"ts\":%u,\"query\":\"%s.example\"}\n", 1700000000 + i,
                   i == 0      ? "rare"
                   : i == 4999 ? "end"
                               : "often");
    must(buf_end(&b, &log, &e), &e);
    scan(h, log, SIZE_MAX);
    hunt_counts(h, &counts);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.events, 3);
    assert_true(counts.remembered <= 1024);
    assert_true(counts.forgotten >= 3900);
    arena_free(a);
    hunt_free(h);
}

/* Records with newlines inside, cut anywhere. */
static void csv_records(void **state)
{
    static const char log[] =
        "domain,note\na.example,\"x\ny\"\n\"b.example\",z\n\"a.exa\"\"mple\",\n";
    struct seen s;

    (void)state;
    for (size_t part = 1; part < sizeof log; part++) {
        struct hunt *h = hunt_for("[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value "
                                  "= 'b.example']",
                                  WATCH_CSV, true, &s);
        scan(h, bytes_text(log), part);
        assert_int_equal(s.n, 1);
        assert_int_equal(s.last_line, 4);
        hunt_free(h);
    }
}

/* What an index finds and what looking at every line finds are the same. */
static void both_ways_agree(void **state)
{
    static const char *const names[] = {"a.example", "b.example", "x.a.example", "c.test",
                                        "A.EXAMPLE"};
    struct rng r = rng_from_env("both_ways_agree");
    struct seen s[2];

    (void)state;
    for (int round = 0; round < 40; round++) {
        struct arena *a = arena_new((size_t)8 << 20);
        struct buf b = buf_in(a);
        struct bytes log;
        struct err e = {0};
        for (int i = 0; i < 200; i++)
            buf_format(
                &b, "{\"_path\":\"dns\",\"ts\":%u,\"query\":\"%s\",\"answers\":[\"192.0.2.%u\"]}\n",
                1700000000 + (unsigned)rng_below(&r, 100), names[rng_below(&r, COUNT(names))],
                (unsigned)rng_below(&r, 4));
        must(buf_end(&b, &log, &e), &e);
        for (int way = 0; way < 2; way++) {
            struct hunt *h =
                hunt_for("([domain-name:value = 'a.example' AND "
                         "domain-name:resolves_to_refs[0].value = '192.0.2.1'] "
                         "FOLLOWEDBY [ipv4-addr:value = '192.0.2.3']) WITHIN 10 SECONDS",
                         WATCH_JSON, way, &s[way]);
            scan(h, log, 1 + (size_t)rng_below(&r, 3000));
            hunt_free(h);
        }
        assert_int_equal(s[0].n, s[1].n);
        assert_int_equal(s[0].last_line, s[1].last_line);
        arena_free(a);
    }
}

int main(void)
{
    static struct CMUnitTest tests[COUNT(rows) + COUNT(several) + 8] = {
        cmocka_unit_test(says_what_it_cannot), cmocka_unit_test(the_index_chooses_lines),
        cmocka_unit_test(a_flood_is_bounded),  cmocka_unit_test(csv_records),
        cmocka_unit_test(both_ways_agree),
    };
    size_t n = 5;

    for (size_t i = 0; i < COUNT(rows); i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(one_row, rows[i]);
    for (size_t i = 0; i < COUNT(several); i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(over_lines, several[i]);
    return _cmocka_run_group_tests("hunt", tests, n, NULL, NULL);
}
