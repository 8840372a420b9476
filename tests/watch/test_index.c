/* Indicators' canonical forms, the compiled index and what it refuses, lists, exports. */
#include "crypto/crypto.h"
#include "support/support.h"
#include "watch/export.h"
#include "watch/lists.h"
#include "watch/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

/* ---- values
 * ---------------------------------------------------------------------------------------- */

static const struct value {
    const char *name;
    enum watch_kind kind;
    const char *text, *canonical; /* NULL: refused */
} values[] = {
    {"an address", WATCH_IPV4, "192.0.2.1", "192.0.2.1"},
    {"a leading zero", WATCH_IPV4, "192.0.2.01", NULL},
    {"an octet above 255", WATCH_IPV4, "192.0.2.256", NULL},
    {"three numbers", WATCH_IPV4, "192.0.2", NULL},
    {"host bits below a prefix are cleared", WATCH_CIDR4, "198.51.100.77/27", "198.51.100.64/27"},
    {"the prefix of all", WATCH_CIDR4, "1.2.3.4/0", "0.0.0.0/0"},
    {"a prefix of 33 bits", WATCH_CIDR4, "1.2.3.4/33", NULL},
    {"IPv6 in another spelling", WATCH_IPV6, "2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
    {"the zero address", WATCH_IPV6, "::", "::"},
    {"an IPv4 tail", WATCH_IPV6, "::ffff:192.0.2.1", "::ffff:c000:201"},
    {"two gaps", WATCH_IPV6, "1::2::3", NULL},
    {"a gap for no group", WATCH_IPV6, "1:2:3:4::5:6:7:8", NULL},
    {"a gap for one group", WATCH_IPV6, "1:2:3::5:6:7:8", "1:2:3:0:5:6:7:8"},
    {"five digits", WATCH_IPV6, "12345::", NULL},
    {"one colon first", WATCH_IPV6, ":1:2:3:4:5:6:7:8", NULL},
    {"one colon last", WATCH_IPV6, "1:2:3:4:5:6:7:", NULL},
    {"a zone", WATCH_IPV6, "fe80::1%eth0", NULL},
    {"an IPv6 prefix", WATCH_CIDR6, "2001:db8:ffff::1/33", "2001:db8:8000::/33"},
    {"a domain", WATCH_DOMAIN, "WWW.Example.ORG.", "www.example.org"},
    {"a domain of one label", WATCH_DOMAIN, "localhost", NULL},
    {"an empty label", WATCH_DOMAIN, "a..b", NULL},
    {"a blank in a domain", WATCH_DOMAIN, "a b.c", NULL},
    {"an address as a domain", WATCH_DOMAIN, "1.2.3.4", NULL},
    {"an umlaut", WATCH_DOMAIN,
     "B\xc3\x9c"
     "cher.example",
     "xn--bcher-kva.example"},
    {"Cyrillic", WATCH_DOMAIN,
     "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80."
     "\xd0\xb8\xd1\x81\xd0\xbf\xd1\x8b\xd1\x82\xd0\xb0\xd0\xbd\xd0\xb8\xd0\xb5",
     "xn--e1afmkfd.xn--80akhbyknj4f"},
    {"malformed UTF-8", WATCH_DOMAIN, "\xff.example", NULL},
    {"a URL as it is", WATCH_URL, "HTTP://Example.org/A?b=%20", "HTTP://Example.org/A?b=%20"},
    {"a URL without a scheme", WATCH_URL, "example.org/a", "example.org/a"},
    {"a URL with a blank", WATCH_URL, "http://a.b/c d", NULL},
    {"e-mail", WATCH_EMAIL, "Bad.Guy@Example.org", "bad.guy@example.org"},
    {"e-mail to a bare host", WATCH_EMAIL, "root@localhost", "root@localhost"},
    {"two at signs", WATCH_EMAIL, "a@b@c.d", NULL},
    {"MD5 in upper case", WATCH_MD5, "44D88612FEA8ABF36DE82E1278ABB02F",
     "44d88612fea8abf36de82e1278abb02f"},
    {"a digest of another length", WATCH_SHA1, "44d88612fea8abf36de82e1278abb02f", NULL},
    {"a letter that is no digit", WATCH_MD5, "g4d88612fea8abf36de82e1278abb02f", NULL},
};

static void reads_value(void **state)
{
    const struct value *v = *state;
    struct arena *a = test_arena();
    struct err e = {0};
    struct watch_builder *b = watch_builder_new(os_system(), &e);
    struct watch_indicator in = {.kind = v->kind, .value = bytes_text(v->text)}, out;
    uint8_t text[WATCH_VALUE_MAX];
    struct watch_index *ix;
    struct bytes file;
    uint64_t at = 0;

    if (!v->canonical) {
        must_fail(watch_builder_add(b, &in, &e), &e, ERR_INPUT, "is not");
    } else {
        must(watch_builder_add(b, &in, &e), &e);
        must(watch_builder_encode(b, a, &file, NULL, &e), &e);
        ix = watch_index_of(file, &e);
        must(ix != NULL, &e);
        assert_true(watch_index_next(ix, &at, &out, text));
        assert_int_equal(out.kind, v->kind);
        if (!bytes_are(out.value, v->canonical))
            fail_msg("got %.*s", BYTES_FMT(out.value));
        assert_false(watch_index_next(ix, &at, &out, text));
        watch_index_close(ix);
    }
    watch_builder_free(b);
    arena_free(a);
}

/* ---- the file
 * --------------------------------------------------------------------------------------- */

static struct watch_builder *some(uint32_t n)
{
    struct err e = {0};
    struct watch_builder *b = watch_builder_new(os_system(), &e);

    for (uint32_t i = 0; i < n; i++) {
        char text[64];
        struct watch_indicator in = {.ref = i, .origin = i % 3 ? BYTES("feed a") : BYTES("feed b")};
        if (i % 2)
            snprintf(text, sizeof text, "%u.example.org", i);
        else
            snprintf(text, sizeof text, "10.%u.%u.1", i >> 8 & 0xff, i & 0xff);
        in.kind = i % 2 ? WATCH_DOMAIN : WATCH_IPV4;
        in.value = bytes_text(text);
        in.from = i % 5 ? 0 : 1000;
        in.until = i % 7 ? 0 : 2000;
        in.warned = i % 11 ? (struct bytes){0} : BYTES("a warning list");
        must(watch_builder_add(b, &in, &e), &e);
    }
    return b;
}

static void all_that_goes_in_is_there_with_all_it_says(void **state)
{
    struct arena *a = test_arena();
    struct watch_builder *b = some(5000);
    struct watch_indicator out, again = {.kind = WATCH_DOMAIN,
                                         .value = BYTES("1.EXAMPLE.org"),
                                         .ref = 1,
                                         .origin = BYTES("feed a")};
    uint8_t text[WATCH_VALUE_MAX];
    struct watch_built built;
    struct bytes file;
    struct watch_index *ix;
    struct err e = {0};
    uint64_t at = 0, n = 0, refs = 0;

    (void)state;
    must(watch_builder_add(b, &again, &e), &e); /* the same again */
    again.ref = 999999;
    must(watch_builder_add(b, &again, &e), &e); /* shared twice: both are told */
    must(watch_builder_encode(b, a, &file, &built, &e), &e);
    assert_int_equal(built.indicators, 5001);
    assert_int_equal(built.duplicates, 1);
    ix = watch_index_of(file, &e);
    must(ix != NULL, &e);
    for (; watch_index_next(ix, &at, &out, text); n++) {
        uint32_t i = out.ref;
        refs += i;
        if (i == 999999)
            continue;
        assert_true(bytes_are(out.origin, i % 3 ? "feed a" : "feed b"));
        assert_int_equal(out.from, i % 5 ? 0 : 1000);
        assert_int_equal(out.until, i % 7 ? 0 : 2000);
        assert_int_equal(out.warned.n > 0, i % 11 == 0);
    }
    assert_int_equal(n, 5001);
    assert_int_equal(refs, 5000u * 4999 / 2 + 999999);
    watch_index_close(ix);
    watch_builder_free(b);
    arena_free(a);
}

static void a_foreign_or_damaged_file_is_refused(void **state)
{
    struct arena *a = test_arena();
    struct rng r = rng_from_env("damage");
    struct watch_builder *b = some(300);
    struct bytes file;
    struct err e = {0};
    uint8_t *bad;

    (void)state;
    must(watch_builder_encode(b, a, &file, NULL, &e), &e);
    bad = arena_get(a, file.n + 64, &e);
    must_fail(watch_index_of(BYTES("MZ"), &e) != NULL, &e, ERR_INPUT, "not a compiled index");
    memcpy(bad, file.p, file.n);
    bad[14] = '9';
    must_fail(watch_index_of(bytes_of(bad, file.n), &e) != NULL, &e, ERR_INPUT, "another version");
    must_fail(watch_index_of(bytes_of(file.p, file.n - 64), &e) != NULL, &e, ERR_INPUT, "cut");
    for (int i = 0; i < 300; i++) {
        size_t at = rng_below(&r, file.n);
        memcpy(bad, file.p, file.n);
        bad[at] ^= (uint8_t)(1u << rng_below(&r, 8));
        must_fail(watch_index_of(bytes_of(bad, file.n), &e) != NULL, &e, ERR_INPUT, NULL);
    }
    watch_builder_free(b);
    arena_free(a);
}

/* One who can compute the digest still cannot make us read outside. */
static void a_file_with_a_good_digest_is_not_believed(void **state)
{
    struct arena *a = test_arena();
    struct rng r = rng_from_env("forged");
    struct watch_builder *b = some(200);
    struct watch_options o = {0};
    struct bytes file;
    struct err e = {0};
    unsigned opened = 0;

    (void)state;
    must(watch_builder_encode(b, a, &file, NULL, &e), &e);
    for (int i = 0; i < 4000; i++) {
        uint8_t *bad = malloc(file.n);
        struct watch_index *ix;
        struct hash h;
        memcpy(bad, file.p, file.n);
        for (uint64_t n = 1 + rng_below(&r, 3); n > 0; n--) {
            size_t at = rng_below(&r, rng_below(&r, 2) ? 512 : file.n);
            bad[at] = (uint8_t)rng_u64(&r);
        }
        memset(bad + 480, 0, 32);
        sha256(bytes_of(bad, file.n), &h);
        memcpy(bad + 480, h.b, 32);
        ix = watch_index_of(bytes_of(bad, file.n), NULL);
        if (ix) {
            struct watch_scanner *s = watch_scanner_new(ix, &o, &e);
            must(s != NULL, &e);
            watch_scan(s, BYTES("10.0.2.1 1.example.org 10.0.4.1 ::1 a@b.c http://a.b/\n"), NULL);
            watch_scan_end(s, NULL);
            watch_scanner_free(s);
            opened++;
        }
        watch_index_close(ix);
        free(bad);
    }
    assert_true(opened > 0);
    watch_builder_free(b);
    arena_free(a);
}

static bool count_hit(void *self, const struct watch_hit *h)
{
    (void)h;
    ++*(unsigned *)self;
    return true;
}

static void a_scanner_goes_over_to_a_new_file_between_lines(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *path;
    struct watch_builder *b[2] = {some(10), some(0)};
    unsigned hits = 0;
    struct watch_options o = {.hit = count_hit, .self = &hits};
    struct watch_index *old, *new;
    struct watch_scanner *s;
    struct err e = {0};

    (void)state;
    path = arena_format(a, &e, "%s/x.watch", dir);
    must(watch_builder_save(b[0], path, NULL, &e), &e);
    old = watch_index_open(os_system(), path, &e);
    must(old != NULL, &e);
    s = watch_scanner_new(old, &o, &e);
    assert_false(watch_index_stale(old, path));
    must(watch_scan(s,
                    BYTES("1.example.org\nnothing at all so that the format is known by now, "
                          "it takes 64 bytes\n1.exam"),
                    &e),
         &e);
    assert_int_equal(hits, 1);
    must(watch_builder_add(
             b[1], &(struct watch_indicator){.kind = WATCH_DOMAIN, .value = BYTES("new.example")},
             &e),
         &e);
    must(watch_builder_save(b[1], path, NULL, &e), &e);
    assert_true(watch_index_stale(old, path));
    new = watch_index_open(os_system(), path, &e);
    must(new != NULL, &e);
    must(watch_scanner_switch(s, new, &e), &e);
    watch_index_close(old);
    watch_index_close(new);
    must(watch_scan(s, BYTES("ple.org\nnew.example\n"), &e) && watch_scan_end(s, &e), &e);
    assert_int_equal(hits, 2);
    watch_scanner_free(s);
    watch_builder_free(b[0]);
    watch_builder_free(b[1]);
    test_dir_remove(dir);
    arena_free(a);
}

/* ---- lists
 * ------------------------------------------------------------------------------------------- */

static const struct check {
    const char *name;
    enum watch_kind kind;
    const char *value, *list; /* NULL: nothing speaks against it */
} checks[] = {
    {"a name below one on a hostname list", WATCH_DOMAIN, "www.Google.com", "hosts"},
    {"a name that only ends alike", WATCH_DOMAIN, "notgoogle.com", NULL},
    {"an address in a listed network", WATCH_IPV4, "10.1.2.3", "nets"},
    {"a network inside a listed one", WATCH_CIDR4, "10.9.0.0/16", "nets"},
    {"a network around a listed one", WATCH_CIDR4, "8.0.0.0/6", NULL},
    {"an IPv6 address in a listed network", WATCH_IPV6, "2001:db8::7", "nets"},
    {"a URL on a listed host", WATCH_URL, "http://u:p@www.google.com:8080/x", "hosts"},
    {"a URL on a listed address", WATCH_URL, "http://10.0.0.1/x", NULL},
    {"a digest as a string", WATCH_MD5, "D41D8CD98F00B204E9800998ECF8427E", "empty file"},
    {"a list that does not speak of the kind", WATCH_EMAIL, "a@google.com", NULL},
    {"our own list", WATCH_DOMAIN, "intra.our.example", "our own"},
    {"our own address", WATCH_IPV4, "192.0.2.77", "our own"},
    {"a substring", WATCH_URL, "http://x.y/webdav-sync/a", "parts"},
};

static struct watch_lists *small_lists(void)
{
    static const char *const json[] = {
        "{\"name\":\"hosts\",\"type\":\"hostname\",\"version\":1,\n\"matching_attributes\":["
        "\"domain\",\"url\"],"
        "\"list\":[\".google.com\",\"example.com\"]}",
        "{\"list\":[\"10.0.0.0/8\",\"2001:db8::/"
        "32\",\"nonsense\"],\"type\":\"cidr\",\"name\":\"nets\","
        "\"matching_attributes\":[\"ip-src\",\"ip-dst|port\"]}",
        "{\"type\":\"string\",\"name\":\"empty "
        "file\",\"list\":[\"d41d8cd98f00b204e9800998ecf8427e\"]}",
        "{\"type\":\"substring\",\"name\":\"parts\",\"list\":[\"webdav-sync\"],\"matching_"
        "attributes\":[\"url\"]}",
        "{\"type\":\"regex\",\"name\":\"programs\",\"list\":[\"/(a+)+$/\"]}",
    };
    struct err e = {0};
    struct watch_lists *l = watch_lists_new(&e);

    must(l != NULL, &e);
    for (size_t i = 0; i < 5; i++)
        must(watch_lists_add_misp(l, bytes_text(json[i]), &e), &e);
    must(watch_lists_add_plain(l, "our own", BYTES("# ours\nour.example\n192.0.2.0/24 # office\n"),
                               &e),
         &e);
    return l;
}

static void checks_value(void **state)
{
    const struct check *c = *state;
    struct watch_lists *l = small_lists();
    struct bytes name = {0};
    bool found = watch_lists_check(l, c->kind, bytes_text(c->value), &name);

    assert_int_equal(found, c->list != NULL);
    if (c->list)
        assert_true(bytes_are(name, c->list));
    watch_lists_free(l);
}

static void lists_that_are_none_are_refused(void **state)
{
    struct err e = {0};
    struct watch_lists *l = small_lists();
    struct watch_lists_counts c;

    (void)state;
    watch_lists_counts(l, &c);
    assert_int_equal(c.lists, 5);
    assert_int_equal(c.left_out, 1);
    must_fail(watch_lists_add_misp(l, BYTES("[1"), &e), &e, ERR_INPUT, "not JSON");
    must_fail(watch_lists_add_misp(l, BYTES("{\"list\":[\"a\"]}"), &e), &e, ERR_INPUT, "without");
    watch_lists_free(l);
}

/* ---- exports
 * ------------------------------------------------------------------------------------------ */

struct text {
    char p[1 << 16];
    size_t n;
};

static bool to_text(void *self, struct bytes part, struct err *e)
{
    struct text *t = self;

    (void)e;
    assert_true(part.n < sizeof t->p - t->n);
    memcpy(t->p + t->n, part.p, part.n);
    t->n += part.n;
    t->p[t->n] = '\0';
    return true;
}

static const struct {
    enum watch_kind kind;
    const char *value;
    bool warned;
} exported[] = {
    {WATCH_DOMAIN, "b.example", false},      {WATCH_DOMAIN, "a.b.example", false},
    {WATCH_DOMAIN, "a.example", false},      {WATCH_DOMAIN, "google.com", true},
    {WATCH_IPV4, "192.0.2.9", false},        {WATCH_CIDR4, "192.0.2.0/24", false},
    {WATCH_IPV4, "198.51.100.1", false},     {WATCH_IPV6, "2001:db8::1", false},
    {WATCH_CIDR6, "2001:db8:1::/48", false}, {WATCH_URL, "http://a.example/x?y=1", false},
    {WATCH_EMAIL, "x@a.example", false},     {WATCH_MD5, "44d88612fea8abf36de82e1278abb02f", false},
};

static struct watch_index *exported_index(struct arena *a, bool backwards)
{
    struct err e = {0};
    struct watch_builder *b = watch_builder_new(os_system(), &e);
    size_t n = sizeof exported / sizeof exported[0];
    struct watch_index *ix;
    struct bytes file;

    for (size_t i = 0; i < n; i++) {
        size_t k = backwards ? n - 1 - i : i;
        struct watch_indicator in = {.kind = exported[k].kind,
                                     .value = bytes_text(exported[k].value),
                                     .origin = BYTES("feed\t1"),
                                     .warned = exported[k].warned ? BYTES("top sites")
                                                                  : (struct bytes){0}};
        must(watch_builder_add(b, &in, &e), &e);
    }
    must(watch_builder_encode(b, a, &file, NULL, &e), &e);
    watch_builder_free(b);
    ix = watch_index_of(file, &e);
    must(ix != NULL, &e);
    return ix;
}

static const struct form {
    const char *name;
    const char *text, *check; /* a program that must accept FILE */
} exports[] = {
    {"hosts", "# TLP:GREEN\n0.0.0.0 a.b.example\n0.0.0.0 a.example\n0.0.0.0 b.example\n", NULL},
    {"rpz",
     "; TLP:GREEN\n$TTL 300\n@ IN SOA localhost. hostmaster.localhost. 7 3600 600 86400 300\n"
     "@ IN NS localhost.\na.example CNAME .\n*.a.example CNAME .\nb.example CNAME .\n"
     "*.b.example CNAME .\n",
     "named-checkzone -q block.zone FILE"},
    {"unbound",
     "# TLP:GREEN\nserver:\n    local-zone: \"a.example.\" always_nxdomain\n"
     "    local-zone: \"b.example.\" always_nxdomain\n",
     "/usr/sbin/unbound-checkconf FILE"},
    {"dnsmasq", "# TLP:GREEN\nlocal=/a.example/\nlocal=/b.example/\n",
     "/usr/sbin/dnsmasq --test -C FILE"},
    {"nftables",
     "# TLP:GREEN\nadd table inet block.zone\ndelete table inet block.zone\ntable inet block.zone "
     "{\n"
     " set ipv4 { type ipv4_addr; flags interval; auto-merge; }\n"
     " set ipv6 { type ipv6_addr; flags interval; auto-merge; }\n}\n"
     "add element inet block.zone ipv4 { 198.51.100.1,\n 192.0.2.0/24 }\n"
     "add element inet block.zone ipv6 { 2001:db8::1,\n 2001:db8:1::/48 }\n",
     "/usr/sbin/nft -c -f FILE"},
    {"zeek",
     "#fields\tindicator\tindicator_type\tmeta.source\n192.0.2.9\tIntel::ADDR\tfeed_1\n"
     "198.51.100.1\tIntel::ADDR\tfeed_1\n192.0.2.0/24\tIntel::SUBNET\tfeed_1\n"
     "2001:db8::1\tIntel::ADDR\tfeed_1\n2001:db8:1::/48\tIntel::SUBNET\tfeed_1\n"
     "a.b.example\tIntel::DOMAIN\tfeed_1\na.example\tIntel::DOMAIN\tfeed_1\n"
     "b.example\tIntel::DOMAIN\tfeed_1\na.example/x?y=1\tIntel::URL\tfeed_1\n"
     "x@a.example\tIntel::EMAIL\tfeed_1\n44d88612fea8abf36de82e1278abb02f\tIntel::FILE_HASH\tfeed_"
     "1\n",
     NULL},
    {"suricata", "YS5iLmV4YW1wbGU=\nYS5leGFtcGxl\nYi5leGFtcGxl\n", NULL},
    {"suricata-md5", "44d88612fea8abf36de82e1278abb02f\n", NULL},
    {"suricata-ip", "192.0.2.9\n198.51.100.1\n2001:db8::1\n", NULL},
};

/* Run a checker over the text; where it is not installed, say so. */
static void accepted(struct arena *a, const struct form *form, struct bytes text)
{
    struct err e = {0};
    char *dir = test_dir(a), *path = arena_format(a, &e, "%s/export", dir);
    const char *at = strstr(form->check, "FILE");
    size_t program = strcspn(form->check, " ");
    char *have = arena_format(a, &e, "command -v %.*s >/dev/null", (int)program, form->check);
    char *run =
        arena_format(a, &e, "%.*s%s >%s/out 2>&1", (int)(at - form->check), form->check, path, dir);
    struct bytes said;

    must(os_write_file(os_system(), path, text, 0, &e), &e);
    if (system(have) != 0) {
        print_message("not checked: %.*s is not here\n", (int)program, form->check);
    } else if (system(run) != 0) {
        must(os_read_file(os_system(), arena_format(a, &e, "%s/out", dir), 65536, a, &said, &e),
             &e);
        if (bytes_find(said, BYTES("Operation not permitted")) != SIZE_MAX)
            print_message("not checked: %.*s needs rights that are not given here\n", (int)program,
                          form->check);
        else
            fail_msg("%s: %.*s", form->check, BYTES_FMT(said));
    }
    test_dir_remove(dir);
}

static void exports_form(void **state)
{
    const struct form *form = *state;
    struct arena *a = test_arena();
    static struct text t;
    struct err e = {0};

    for (int backwards = 0; backwards < 2; backwards++) {
        struct watch_index *ix = exported_index(a, backwards);
        struct watch_export_options o = {.name = "block.zone",
                                         .note = BYTES("TLP:GREEN"),
                                         .serial = 7,
                                         .out = to_text,
                                         .self = &t};
        struct watch_export_counts c;
        t.n = 0;
        assert_true(watch_export_parse(bytes_text(form->name), &o.as));
        must(watch_export(ix, &o, &c, &e), &e);
        assert_string_equal(t.p, form->text);
        assert_int_equal(c.written + c.covered + c.no_form + c.left_out,
                         sizeof exported / sizeof exported[0]);
        watch_index_close(ix);
    }
    if (form->check)
        accepted(a, form, bytes_of(t.p, t.n));
    arena_free(a);
}

static void defanged_text_is_restored(void **state)
{
    static const char *const rows[][2] = {
        {"hxxps://evil[.]example[.]org/a", "https://evil.example.org/a"},
        {"HXXP[:]//1[.]2.3[.]4", "http://1.2.3.4"},
        {"bad[at]evil(dot)example", "bad@evil.example"},
        {"hxxp[://]a{.}b[/]c", "http://a.b/c"},
        {"an [array] (of) h things [.", "an [array] (of) h things [."},
    };
    struct arena *a = test_arena();
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct bytes out;
        must(watch_refang(bytes_text(rows[i][0]), a, &out, &e), &e);
        if (!bytes_are(out, rows[i][1]))
            fail_msg("%s became %.*s", rows[i][0], BYTES_FMT(out));
    }
    arena_free(a);
}

int main(void)
{
    struct CMUnitTest tests[96] = {
        cmocka_unit_test(all_that_goes_in_is_there_with_all_it_says),
        cmocka_unit_test(a_foreign_or_damaged_file_is_refused),
        cmocka_unit_test(a_file_with_a_good_digest_is_not_believed),
        cmocka_unit_test(a_scanner_goes_over_to_a_new_file_between_lines),
        cmocka_unit_test(lists_that_are_none_are_refused),
        cmocka_unit_test(defanged_text_is_restored),
    };
    size_t n = 6;

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(reads_value, values[i]);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(checks_value, checks[i]);
    for (size_t i = 0; i < sizeof exports / sizeof exports[0]; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(exports_form, exports[i]);
    assert_true(n <= sizeof tests / sizeof tests[0]);
    return crypto_init() ? _cmocka_run_group_tests("index", tests, n, NULL, NULL) : 1;
}
