#include "stix/indicator.h"
#include "stix/pattern.h"
#include "stix/shared.h"

#define D INDICATOR_DEFANGED
#define P INDICATOR_PORT_DROPPED
#define G INDICATOR_NOT_GLOBAL
#define B INDICATOR_BITS_DROPPED

static const struct taken {
    const char *name, *raw;
    enum indicator_type type;
    const char *value;
    unsigned odd;
} taken[] = {
    {"a name", "evil.example", INDICATOR_DOMAIN, "evil.example", 0},
    {"a name in capitals with a final dot", " Evil.EXAMPLE. ", INDICATOR_DOMAIN, "evil.example", 0},
    {"a name with digits and hyphens", "0--0-.1-2.example", INDICATOR_DOMAIN, "0--0-.1-2.example",
     0},
    {"a name with an underscore", "_dmarc.evil.example", INDICATOR_DOMAIN, "_dmarc.evil.example",
     0},
    {"an A-label", "XN--fiqs8s.xn--fiqs8s", INDICATOR_DOMAIN, "xn--fiqs8s.xn--fiqs8s", 0},
    {"[.]", "evil[.]example", INDICATOR_DOMAIN, "evil.example", D},
    {"(.)", "evil(.)example", INDICATOR_DOMAIN, "evil.example", D},
    {"{.}", "evil{.}example", INDICATOR_DOMAIN, "evil.example", D},
    {"[dot]", "evil[dot]co[DOT]example", INDICATOR_DOMAIN, "evil.co.example", D},
    {"a backslash before the dot", "evil\\.example", INDICATOR_DOMAIN, "evil.example", D},
    {"defanged twice", "evil[[.]]example", INDICATOR_DOMAIN, "evil.example", D},
    {"a name with a port", "evil.example:8080", INDICATOR_DOMAIN, "evil.example", P},
    {"an address", "8.8.4.4", INDICATOR_IPV4, "8.8.4.4", 0},
    {"a defanged address", "8[.]8.4[.]4", INDICATOR_IPV4, "8.8.4.4", D},
    {"an address with a port", "8.8.4.4:443", INDICATOR_IPV4, "8.8.4.4", P},
    {"a private address", "192.168.1.1", INDICATOR_IPV4, "192.168.1.1", G},
    {"a documentation address", "198.51.100.7", INDICATOR_IPV4, "198.51.100.7", G},
    {"a prefix", "8.8.0.0/16", INDICATOR_IPV4_PREFIX, "8.8.0.0/16", 0},
    {"a prefix with bits behind it", "8.8.4.4/16", INDICATOR_IPV4_PREFIX, "8.8.0.0/16", B},
    {"a prefix of one address", "8.8.4.4/32", INDICATOR_IPV4, "8.8.4.4", 0},
    {"IPv6", "2A00:1450:4001:0:0:0:0:1", INDICATOR_IPV6, "2a00:1450:4001::1", 0},
    {"IPv6 for documentation", "2001:db8::0001", INDICATOR_IPV6, "2001:db8::1", G},
    {"IPv6, the longest run of zeros", "2a00:0:0:1:0:0:0:1", INDICATOR_IPV6, "2a00:0:0:1::1", 0},
    {"IPv6, one zero is not shortened", "2a00:1:2:3:4:0:6:7", INDICATOR_IPV6, "2a00:1:2:3:4:0:6:7",
     0},
    {"IPv6 in brackets with a port", "[2a00::1]:443", INDICATOR_IPV6, "2a00::1", P},
    {"IPv6 defanged", "2a00[:]1[:]2[:]3[:]4[:]5[:]6[:]7", INDICATOR_IPV6, "2a00:1:2:3:4:5:6:7", D},
    {"an IPv6 prefix", "2a00:1450::/32", INDICATOR_IPV6_PREFIX, "2a00:1450::/32", 0},
    {"an IPv6 prefix with bits behind it", "2a00:1450:ffff::1/32", INDICATOR_IPV6_PREFIX,
     "2a00:1450::/32", B},
    {"an IPv6 prefix of one address", "2a00::1/128", INDICATOR_IPV6, "2a00::1", 0},
    {"a URL", "http://evil.example/a?b#c", INDICATOR_URL, "http://evil.example/a?b#c", 0},
    {"a URL: scheme and host go to lower case, the rest stays",
     "HTTP://User@Evil.Example:80/Path?Q=%41", INDICATOR_URL,
     "http://User@evil.example:80/Path?Q=%41", 0},
    {"hxxp", "hxxp://evil[.]example/a", INDICATOR_URL, "http://evil.example/a", D},
    {"hXXps", "hXXps://evil.example", INDICATOR_URL, "https://evil.example", D},
    {"fxp", "fxp://evil.example/x", INDICATOR_URL, "ftp://evil.example/x", D},
    {"h**p", "h**ps://evil.example/x", INDICATOR_URL, "https://evil.example/x", D},
    {"[:]//", "hxxp[:]//evil.example/x", INDICATOR_URL, "http://evil.example/x", D},
    {"[://]", "http[://]evil.example/x", INDICATOR_URL, "http://evil.example/x", D},
    {"a URL of an address", "http://8.8.4.4:8080/x", INDICATOR_URL, "http://8.8.4.4:8080/x", 0},
    {"a URL of IPv6", "https://[2A00::1]:8443/X", INDICATOR_URL, "https://[2a00::1]:8443/X", 0},
    {"a URL inside an organisation", "http://intranet/x", INDICATOR_URL, "http://intranet/x", 0},
    {"a URL whose path is beyond ASCII", "http://evil.example/\xe4\xb8\xad", INDICATOR_URL,
     "http://evil.example/\xe4\xb8\xad", 0},
    {"a URL with a quote", "http://evil.example/'x'", INDICATOR_URL, "http://evil.example/'x'", 0},
    {"an e-mail address", "Bad.Guy+tag@Evil.Example", INDICATOR_EMAIL, "bad.guy+tag@evil.example",
     0},
    {"[at]", "bad[at]evil[.]example", INDICATOR_EMAIL, "bad@evil.example", D},
    {"[@]", "bad[@]evil.example", INDICATOR_EMAIL, "bad@evil.example", D},
    {"MD5", "D41D8CD98F00B204E9800998ECF8427E", INDICATOR_MD5, "d41d8cd98f00b204e9800998ecf8427e",
     0},
    {"SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", INDICATOR_SHA1,
     "da39a3ee5e6b4b0d3255bfef95601890afd80709", 0},
    {"SHA-256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     INDICATOR_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0},
    {"SHA-512",
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877ee"
     "c2f"
     "63b931bd47417a81a538327af927da3e",
     INDICATOR_SHA512,
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877ee"
     "c2f"
     "63b931bd47417a81a538327af927da3e",
     0},
};

static void is_taken(void **state)
{
    const struct taken *t = *state;
    struct arena *a = test_arena();
    struct indicator_room room, again;
    struct indicator i, j, *all = NULL;
    uint8_t text[INDICATOR_PATTERN_MAX];
    unsigned odd;
    size_t n = 0;
    struct err e = {0};
    const char *why = indicator_read(bytes_text(t->raw), INDICATOR_ANY, &room, &i, &odd);
    const struct pattern *p;

    if (why || i.type != t->type || !bytes_are(i.value, t->value) || odd != t->odd)
        fail_msg("%s: %s %.*s, odd %u", why ? why : "taken", indicator_type_name(i.type),
                 why ? 0 : (int)i.value.n, (const char *)i.value.p, odd);
    /* One spelling: reading it again changes nothing. */
    assert_null(indicator_read(i.value, i.type, &again, &j, &odd));
    assert_true(j.type == i.type && bytes_equal(j.value, i.value));
    assert_int_equal(odd & ~(unsigned)G, 0);
    /* Its pattern parses, and says the same. */
    p = pattern_parse(bytes_of(text, indicator_pattern(&i, text)), a, &e);
    must(p && pattern_indicators(p, a, &all, &n, &e), &e);
    assert_int_equal(n, 1);
    assert_true(all[0].type == i.type && bytes_equal(all[0].value, i.value));
    arena_free(a);
}

static const struct refused {
    const char *name, *raw;
    enum indicator_type want;
    const char *why;
} refused[] = {
    {"nothing", "  ", INDICATOR_ANY, "nothing"},
    {"a sentence", "not an indicator", INDICATOR_ANY, "blanks"},
    {"a name without a dot", "localhost", INDICATOR_ANY, "without a dot"},
    {"an octal address", "010.0.0.1", INDICATOR_ANY, "without leading zeros"},
    {"an address of three parts", "10.0.1", INDICATOR_ANY, "four numbers"},
    {"an address of five parts", "1.2.3.4.5", INDICATOR_ANY, "four numbers"},
    {"a number over 255", "1.2.3.256", INDICATOR_ANY, "four numbers"},
    {"a prefix too long", "8.8.8.0/33", INDICATOR_ANY, "prefix length"},
    {"a prefix with a leading zero", "8.8.8.0/08", INDICATOR_ANY, "prefix length"},
    {"everything", "0.0.0.0/0", INDICATOR_ANY, "every address"},
    {"everything in IPv6", "::/0", INDICATOR_ANY, "every address"},
    {"a port that is none", "8.8.8.8:99999", INDICATOR_ANY, "domain name"},
    {"an empty label", "evil..example", INDICATOR_ANY, "not a domain name"},
    {"a leading dot", ".evil.example", INDICATOR_ANY, "not a domain name"},
    {"a wildcard", "*.evil.example", INDICATOR_ANY, "a wildcard"},
    {"a name beyond ASCII", "b\xc3\xb6se.example", INDICATOR_ANY, "xn--"},
    {"an empty A-label", "xn--.example", INDICATOR_ANY, "not a domain name"},
    {"a last label of digits", "evil.123", INDICATOR_ANY, "last label"},
    {"a last label of one letter", "evil.x", INDICATOR_ANY, "last label"},
    {"a label of 64", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
     INDICATOR_ANY, "not a domain name"},
    {"a path without a scheme", "evil.example/a", INDICATOR_ANY, "without a scheme"},
    {"a URL without a host", "http:///a", INDICATOR_ANY, "host"},
    {"a URL with a bad port", "http://evil.example:x/a", INDICATOR_ANY, "port"},
    {"a URL with a bad host", "http://ev!l.example/a", INDICATOR_ANY, "domain name"},
    {"a URL with a bad address", "http://1.2.3/a", INDICATOR_ANY, "host"},
    {"mail without a name", "@evil.example", INDICATOR_ANY, "before @"},
    {"mail at a bare name", "a@evil", INDICATOR_ANY, "last label|without a dot"},
    {"a digest of 31", "d41d8cd98f00b204e9800998ecf8427", INDICATOR_ANY,
     "without a dot|last label"},
    {"a digest where a name should stand", "d41d8cd98f00b204e9800998ecf8427e", INDICATOR_DOMAIN,
     "not a domain name"},
    {"a name where a digest should stand", "evil.example", INDICATOR_SHA256, "not a SHA-256"},
    {"SHA-1 where MD5 should stand", "da39a3ee5e6b4b0d3255bfef95601890afd80709", INDICATOR_MD5,
     "not an MD5"},
    {"a name where an address should stand", "evil.example", INDICATOR_ADDRESS, "not an IP"},
    {"a zone", "fe80::1%eth0", INDICATOR_ANY, "domain name"},
    {"defanged over and over", "evil\\\\\\\\\\.example", INDICATOR_ANY, "over and over"},
    {"an escape code", "evil\x1b[2J.example", INDICATOR_ANY, "control"},
    {"not UTF-8", "http://evil.example/\xff", INDICATOR_ANY, "UTF-8"},
};

static bool says(const char *why, const char *words)
{
    const char *bar = strchr(words, '|');
    char first[64] = "";

    if (!bar)
        return strstr(why, words) != NULL;
    memcpy(first, words, (size_t)(bar - words));
    return strstr(why, first) || strstr(why, bar + 1);
}

static void is_refused(void **state)
{
    const struct refused *r = *state;
    struct indicator_room room;
    struct indicator i;
    unsigned odd;
    const char *why = indicator_read(bytes_text(r->raw), r->want, &room, &i, &odd);

    if (!why || !says(why, r->why))
        fail_msg("%s", why ? why : "taken");
}

static void lengths_at_the_edge(void **state)
{
    static uint8_t raw[INDICATOR_VALUE_MAX + 100];
    struct indicator_room room;
    struct indicator i;
    unsigned odd;

    (void)state;
    for (size_t n = INDICATOR_VALUE_MAX - 200; n < sizeof raw; n++) {
        const char *why;
        memset(raw, '\'', n);
        memcpy(raw, "hxxp://e.example/", 17);
        why = indicator_read(bytes_of(raw, n), INDICATOR_ANY, &room, &i, &odd);
        assert_true(n <= INDICATOR_VALUE_MAX - 64 ? !why : why && strstr(why, "too long"));
        if (!why) {
            static uint8_t text[INDICATOR_PATTERN_MAX];
            assert_in_range(indicator_pattern(&i, text), n, INDICATOR_PATTERN_MAX);
        }
    }
}

/* Random bytes and pieces: no crash, and what is taken is in its one spelling. */
static void any_bytes(void **state)
{
    static const char *const pieces[] = {
        "1",   ".",   ":",     "::",      "[",   "]", "a",   "xn--", "@", "/", "http", "hxxp",
        "://", "[.]", "(dot)", "example", "255", "f", "\\.", "-",    "_", "%", "8"};
    struct rng r = rng_from_env("indicator");
    size_t ok = 0;

    (void)state;
    for (int k = 0; k < 300000; k++) {
        char raw[128] = "";
        size_t n = 0;
        struct indicator_room room, again;
        struct indicator i, j;
        unsigned odd;
        for (uint64_t m = 1 + rng_below(&r, 9); m > 0; m--)
            n += (size_t)snprintf(raw + n, sizeof raw - n, "%s",
                                  pieces[rng_below(&r, COUNT(pieces))]);
        if (indicator_read(bytes_of(raw, n), INDICATOR_ANY, &room, &i, &odd))
            continue;
        ok++;
        if (indicator_read(i.value, i.type, &again, &j, &odd) || j.type != i.type ||
            !bytes_equal(i.value, j.value))
            fail_msg("%s -> %.*s", raw, BYTES_FMT(i.value));
    }
    assert_true(ok > 2000);
}

int main(void)
{
    static struct CMUnitTest tests[COUNT(taken) + COUNT(refused) + 2] = {
        cmocka_unit_test(lengths_at_the_edge), cmocka_unit_test(any_bytes)};
    size_t n = 2;

    ADD_ROWS(tests, n, is_taken, taken);
    ADD_ROWS(tests, n, is_refused, refused);
    return _cmocka_run_group_tests("indicator", tests, n, NULL, NULL);
}
