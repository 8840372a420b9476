#include "support/support.h"

#include "http/http.h"

static const struct row {
    const char *name, *text;
    const char *host; /* NULL: refused */
    uint16_t port;
    const char *says;
} addresses[] = {
    {"a name", "host.example:8443", "host.example", 8443, NULL},
    {"a name of one label", "localhost:1", "localhost", 1, NULL},
    {"digits and hyphens", "a-1.2b:65535", "a-1.2b", 65535, NULL},
    {"IPv4", "192.0.2.1:443", "192.0.2.1", 443, NULL},
    {"IPv6", "[2001:db8::1]:443", "2001:db8::1", 443, NULL},
    {"IPv6 loopback", "[::1]:80", "::1", 80, NULL},
    {"nothing", "", NULL, 0, "host name"},
    {"no port", "host.example", NULL, 0, "a port"},
    {"an empty port", "host.example:", NULL, 0, "a port"},
    {"port 0", "host.example:0", NULL, 0, "a port"},
    {"port 65536", "host.example:65536", NULL, 0, "a port"},
    {"a port with a leading zero", "host.example:080", NULL, 0, "a port"},
    {"a port with a sign", "host.example:+80", NULL, 0, "a port"},
    {"blank behind", "host.example:80 ", NULL, 0, "a port"},
    {"capitals", "Host.example:80", NULL, 0, "lower case"},
    {"an underscore", "a_b.example:80", NULL, 0, "lower case"},
    {"a final dot", "host.example.:80", NULL, 0, "lower case"},
    {"an empty label", "host..example:80", NULL, 0, "lower case"},
    {"a hyphen first", "-host.example:80", NULL, 0, "lower case"},
    {"a hyphen last", "host-.example:80", NULL, 0, "lower case"},
    {"a control character", "host\x1b[2J.example:80", NULL, 0, "\\x1b"},
    {"IPv4 with a leading zero", "192.0.2.01:443", NULL, 0, "numeric"},
    {"IPv4 with three numbers", "192.0.2:443", NULL, 0, "numeric"},
    {"IPv4 as one number", "3221225985:443", NULL, 0, "numeric"},
    {"IPv4 in hex", "0xc0000201:443", "0xc0000201", 443, NULL}, /* a name of DNS, to us */
    {"IPv6 without brackets", "2001:db8::1:443", NULL, 0, "numeric"},
    {"IPv6 in capitals", "[2001:DB8::1]:443", NULL, 0, "numeric"},
    {"IPv6 with zeros written out", "[2001:db8:0:0:0:0:0:1]:443", NULL, 0, "numeric"},
    {"IPv6 with a zone", "[fe80::1%eth0]:443", NULL, 0, "numeric"},
    {"IPv4 in brackets", "[192.0.2.1]:443", NULL, 0, "numeric"},
    {"an open bracket", "[2001:db8::1:443", NULL, 0, "\"]\""},
    {"nothing in brackets", "[]:443", NULL, 0, "numeric"},
    {"a user", "me@host.example:80", NULL, 0, "lower case"},
};

static void parses_addresses(void **state)
{
    const struct row *w = *state;
    struct http_address at = {0};
    struct err e = {0};
    char text[HTTP_ADDRESS_TEXT_MAX];
    bool ok = http_address_parse(bytes_text(w->text), &at, &e);

    if (!w->host) {
        must_fail(ok, &e, ERR_INPUT, w->says);
        return;
    }
    must(ok, &e);
    assert_string_equal(at.host, w->host);
    assert_int_equal(at.port, w->port);
    http_address_print(&at, text);
    assert_string_equal(text, w->text);
}

static const struct row urls[] = {
    {"the shortest", "https://host.example", "host.example", 443, ""},
    {"a port", "https://host.example:8443", "host.example", 8443, ""},
    {"a prefix", "https://host.example/a/b-c~d", "host.example", 443, "/a/b-c~d"},
    {"both, of IPv6", "https://[::1]:1/a", "::1", 1, "/a"},
    {"plain http", "http://host.example", NULL, 0, "https://"},
    {"a scheme in capitals", "HTTPS://host.example", NULL, 0, "https://"},
    {"the port that is meant anyway", "https://host.example:443", NULL, 0, "leave it out"},
    {"a final slash", "https://host.example/", NULL, 0, "final slash"},
    {"a final slash behind a prefix", "https://host.example/a/", NULL, 0, "final slash"},
    {"an empty segment", "https://host.example/a//b", NULL, 0, "plain segments"},
    {"a dot segment", "https://host.example/a/../b", NULL, 0, "plain segments"},
    {"an escape", "https://host.example/%61", NULL, 0, "plain segments"},
    {"a query", "https://host.example/a?b", NULL, 0, "plain segments"},
    {"a query without path", "https://host.example?b", NULL, 0, "lower case"},
    {"a fragment", "https://host.example/a#b", NULL, 0, "plain segments"},
    {"a user", "https://me:pw@host.example", NULL, 0, "port"},
    {"a backslash", "https://host.example\\@evil.example", NULL, 0, "lower case"},
    {"no host", "https://", NULL, 0, "host name"},
    {"no host but a path", "https:///a", NULL, 0, "host name"},
};

static void parses_urls(void **state)
{
    const struct row *w = *state;
    struct http_url url = {0};
    struct err e = {0};
    char text[HTTP_URL_TEXT_MAX];
    bool ok = http_url_parse(bytes_text(w->text), &url, &e);

    if (!w->host) {
        must_fail(ok, &e, ERR_INPUT, w->says);
        return;
    }
    must(ok, &e);
    assert_string_equal(url.at.host, w->host);
    assert_int_equal(url.at.port, w->port);
    assert_string_equal(url.path, w->says);
    http_url_print(&url, text);
    assert_string_equal(text, w->text);
}

/* The longest parts that fit, and one more of each. */
static void lengths(void **state)
{
    char text[600];
    struct http_url url;
    struct err e = {0};

    (void)state;
    for (int more = 0; more < 2; more++) {
        memset(text, 'a', sizeof text);
        memcpy(text, "https://", 8);
        for (int dot = 63; dot < 253; dot += 64)
            text[8 + dot] = '.';
        text[8 + 253 + more] = '\0';
        assert_int_equal(http_url_parse(bytes_text(text), &url, &e), !more);
        memset(text, 'a', sizeof text);
        memcpy(text, "https://a/", 10);
        text[9 + 255 + more] = '\0';
        assert_int_equal(http_url_parse(bytes_text(text), &url, &e), !more);
        memset(text, 'a', sizeof text);
        memcpy(text, "https://", 8);
        text[8 + 63 + more] = '\0';
        assert_int_equal(http_url_parse(bytes_text(text), &url, &e), !more);
    }
    assert_false(http_address_parse(bytes_of("host\0:80", 8), &url.at, &e));
    assert_false(http_address_parse(bytes_of("host:80\0", 8), &url.at, &e));
}

int main(void)
{
    enum {
        ADDRESSES = sizeof addresses / sizeof *addresses,
        URLS = sizeof urls / sizeof *urls,
    };
    struct CMUnitTest tests[ADDRESSES + URLS + 1] = {cmocka_unit_test(lengths)};

    for (size_t i = 0; i < ADDRESSES; i++)
        tests[1 + i] = (struct CMUnitTest)ROW_TEST(parses_addresses, addresses[i]);
    for (size_t i = 0; i < URLS; i++)
        tests[1 + ADDRESSES + i] = (struct CMUnitTest)ROW_TEST(parses_urls, urls[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
