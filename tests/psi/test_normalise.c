/* The recipes by example, and two real lists of the same actor's domains through a whole run. */
#include "psi/normalise.h"

#include "pair.h"

static const struct row {
    const char *name, *recipe, *in;
    const char *out; /* NULL: dropped */
    enum normalise_drop why;
} rows[] = {
    {"case and trailing dot", "domain/1", "Example.COM.", "example.com", 0},
    {"defanged with brackets", "domain/1", "evil[.]example[.]com", "evil.example.com", 0},
    {"defanged with words", "domain/1", "evil (dot) example {DOT} com", "evil.example.com", 0},
    {"blanks at the ends", "domain/1", "\t example.com \r", "example.com", 0},
    {"RFC 3492: an umlaut", "domain/1",
     "B\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example", 0},
    {"already encoded", "domain/1", "XN--bcher-kva.example", "xn--bcher-kva.example", 0},
    {"RFC 3492 7.1: Arabic", "domain/1",
     "\xd9\x84\xd9\x8a\xd9\x87\xd9\x85\xd8\xa7\xd8\xa8\xd8\xaa\xd9\x83\xd9\x84\xd9\x85\xd9\x88"
     "\xd8\xb4\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a\xd8\x9f.example",
     "xn--egbpdaj6bu4bxfgehfvwxn.example", 0},
    {"Cyrillic in capitals", "domain/1",
     "\xd0\x9f\xd0\xa0\xd0\x98\xd0\x9c\xd0\x95\xd0\xa0.\xd0\xa0\xd0\xa4", "xn--e1afmkfd.xn--p1ai",
     0},
    {"underscore", "domain/1", "_dmarc.example.com", "_dmarc.example.com", 0},
    {"one label", "domain/1", "localhost", NULL, NORMALISE_FORM},
    {"an empty label", "domain/1", "a..example", NULL, NORMALISE_FORM},
    {"an address is no domain", "domain/1", "192.0.2.1", NULL, NORMALISE_FORM},
    {"a wildcard", "domain/1", "*.example.com", NULL, NORMALISE_NETWORK},
    {"a hyphen in front", "domain/1", "-a.example", NULL, NORMALISE_FORM},
    {"a blank inside", "domain/1", "exa mple.com", NULL, NORMALISE_FORM},
    {"a comment", "domain/1", "# the list", NULL, NORMALISE_BLANK},
    {"nothing", "domain/1", "   ", NULL, NORMALISE_BLANK},
    {"an override of direction", "domain/1", "exa\xe2\x80\xaempel.com", NULL, NORMALISE_ENCODING},
    {"not UTF-8", "domain/1", "exa\xffmple.com", NULL, NORMALISE_ENCODING},
    {"IPv4", "address/1", "192.0.2.1", "\x04\xc0\x00\x02\x01", 0},
    {"IPv4 defanged", "address/1", "192[.]0[.]2[.]1/32", "\x04\xc0\x00\x02\x01", 0},
    {"IPv4 in IPv6", "address/1", "::ffff:192.0.2.1", "\x04\xc0\x00\x02\x01", 0},
    {"a network", "address/1", "192.0.2.0/24", NULL, NORMALISE_NETWORK},
    {"leading zeros", "address/1", "192.0.02.1", NULL, NORMALISE_FORM},
    {"three parts", "address/1", "192.0.2", NULL, NORMALISE_FORM},
    {"URL: scheme, host, port", "url/1", "HXXP://Example[.]COM:80", "http://example.com/", 0},
    {"URL: dot segments", "url/1", "https://a.example/b/./c/../d", "https://a.example/b/d", 0},
    {"URL: above the root", "url/1", "https://a.example/../../x/..", "https://a.example/", 0},
    {"URL: escapes", "url/1", "http://a.example/%7euser%2f%c3%BC?q=%41#frag",
     "http://a.example/~user%2F%C3%BC?q=A", 0},
    {"URL: another port", "url/1", "https://a.example:8443/?", "https://a.example:8443/?", 0},
    {"URL: IPv6", "url/1", "http://[2001:DB8::0001]/", "http://[2001:db8::1]/", 0},
    {"URL: query without a path", "url/1", "http://a.example?x", "http://a.example/?x", 0},
    {"URL: no scheme", "url/1", "a.example/x", NULL, NORMALISE_FORM},
    {"URL: a broken escape", "url/1", "http://a.example/%4", NULL, NORMALISE_FORM},
    {"URL: port out of range", "url/1", "http://a.example:65536/", NULL, NORMALISE_FORM},
    {"MD5 in capitals", "hash/1", "D41D8CD98F00B204E9800998ECF8427E",
     "\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e", 0},
    {"with its name", "hash/1", "MD5: d41d8cd98f00b204e9800998ecf8427e",
     "\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e", 0},
    {"an odd length", "hash/1", "d41d8cd98f00b204e9800998ecf8427", NULL, NORMALISE_FORM},
    {"not hex", "hash/1", "z41d8cd98f00b204e9800998ecf8427e", NULL, NORMALISE_FORM},
    {"e-mail with its scheme in capitals", "email/1", "Mailto:Ana@Example.com", "ana@example.com",
     0},
    {"a mark that combines", "domain/1",
     "bu\xcc\x88"
     "cher.example",
     NULL, NORMALISE_ENCODING},
    {"the same in a name", "free/1",
     "Bu\xcc\x88"
     "cher;1990-01-31",
     NULL, NORMALISE_ENCODING},
    {"not UTF-8 behind a tab", "free/1", "a\tb\xff", NULL, NORMALISE_ENCODING},
    {"a control character behind a tab", "free/1", "a\tb\x01", NULL, NORMALISE_ENCODING},
    {"a soft hyphen", "free/1",
     "a\xc2\xad"
     "b",
     NULL, NORMALISE_ENCODING},
    {"URL: signs it may not have", "url/1", "http://a.example/{x}?<y>",
     "http://a.example/%7Bx%7D?%3Cy%3E", 0},
    {"free: a tab and a wide blank", "free/1",
     "A\t\xe3\x80\x80"
     "B",
     "a b", 0},
    {"e-mail with its scheme", "email/1", "mailto:Ana@Example.COM", "ana@example.com", 0},
    {"e-mail defanged", "email/1", "Ana [at] example [dot] com", "ana@example.com", 0},
    {"e-mail without a domain", "email/1", "ana@", NULL, NORMALISE_FORM},
    {"e-mail with a blank", "email/1", "ana b@example.com", NULL, NORMALISE_FORM},
    {"free: blanks and case", "free/1",
     "  Ana  \xc5\xbb"
     "AK ; 1990-01-31 ",
     "ana \xc5\xbc"
     "ak;1990-01-31",
     0},
    {"free: no-break blanks", "free/1", "ANA\xc2\xa0\xc2\xa0 B", "ana b", 0},
};

static void spells(void **state)
{
    const struct row *r = *state;
    const struct normalise_recipe *recipe = normalise_find(bytes_text(r->recipe));
    uint8_t out[NORMALISE_MOST], again[NORMALISE_MOST];
    size_t n, m, want = r->out ? strlen(r->out) : 0;

    assert_non_null(recipe);
    if (r->out && !strcmp(r->recipe, "address/1"))
        want = 5;
    if (r->out && !strcmp(r->recipe, "hash/1"))
        want = 16;
    assert_int_equal(normalise_line(recipe, bytes_text(r->in), out, &n), r->why);
    if (!r->out)
        return;
    assert_int_equal(n, want);
    assert_memory_equal(out, r->out, n);
    if (!strcmp(r->recipe, "address/1") || !strcmp(r->recipe, "hash/1"))
        return;
    assert_int_equal(normalise_line(recipe, bytes_of(out, n), again, &m), NORMALISE_KEPT);
    assert_int_equal(n, m);
    assert_memory_equal(out, again, n);
}

static void what_is_dropped_is_counted(void **state)
{
    static const char text[] = "# c2\nexample.com\n\nEXAMPLE.COM.\nnot a domain\n*.x.org\n\xff\n"
                               "b.example";
    uint32_t numbers[8];
    struct normalise_counts c;
    struct err e = {0};
    struct psi_set *s = psi_set_new(8, &e);

    (void)state;
    must(normalise_list(normalise_find(BYTES("domain/1")), bytes_text(text), s, numbers, &c, &e),
         &e);
    assert_int_equal(c.lines[NORMALISE_KEPT], 3);
    assert_int_equal(c.lines[NORMALISE_BLANK], 2);
    assert_int_equal(c.lines[NORMALISE_FORM], 1);
    assert_int_equal(c.lines[NORMALISE_NETWORK], 1);
    assert_int_equal(c.lines[NORMALISE_ENCODING], 1);
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[2], 7);
    assert_memory_equal(&psi_set_digests(s)[0], &psi_set_digests(s)[1], 32);
    psi_set_free(s);
}

static void a_full_set_says_where(void **state)
{
    struct normalise_counts c;
    struct err e = {0};
    struct psi_set *s = psi_set_new(1, &e);

    (void)state;
    must_fail(
        normalise_list(normalise_find(BYTES("domain/1")), BYTES("a.b\nc.d\n"), s, NULL, &c, &e), &e,
        ERR_LIMIT, "line 2");
    psi_set_free(s);
}

/* The column of a MISP export: values of type domain. */
static struct psi_set *domains_of_csv(struct bytes csv, uint64_t *n)
{
    const struct normalise_recipe *r = normalise_find(BYTES("domain/1"));
    struct err e = {0};
    struct psi_set *s = psi_set_new(100000, &e);
    struct bytes line;

    for (*n = 0; bytes_next_line(&csv, &line);) {
        size_t at = bytes_find(line, BYTES(",domain,\""));
        uint8_t out[NORMALISE_MOST];
        size_t got;
        if (at == SIZE_MAX)
            continue;
        line = bytes_part(line, at + 9, SIZE_MAX);
        line = bytes_part(line, 0, bytes_find_byte(line, '"'));
        if (normalise_line(r, line, out, &got) == NORMALISE_KEPT) {
            must(psi_set_add(s, bytes_of(out, got), &e), &e);
            ++*n;
        }
    }
    return s;
}

static uint64_t common(struct bytes list, struct bytes csv, uint64_t *csv_n)
{
    struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                               options_of(PSI_SENDER, PSI_MALICIOUS)};
    struct normalise_counts c;
    struct err e = {0};
    struct psi_set *r = psi_set_new(100000, &e);
    struct pair p;
    uint64_t n;

    must(normalise_list(normalise_find(BYTES("domain/1")), list, r, NULL, &c, &e), &e);
    p = open_pair(o, r, domains_of_csv(csv, csv_n));
    run_pair(&p);
    assert_int_equal(p.end[0], PSI_DONE);
    psi_matches(p.side[0], &n);
    close_pair(&p);
    return n;
}

static void two_teams_on_one_actor(void **state)
{
    struct arena *a = test_arena();
    struct bytes list = {0}, csv = {0}, control = {0};
    uint64_t n;

    (void)state;
    if (!test_shared(a, "data/lists/amnesty-nso-domains.txt", &list) ||
        !test_shared(a, "data/lists/citizenlab-nso-2016.csv", &csv) ||
        !test_shared(a, "data/lists/citizenlab-badtraffic.csv", &control)) {
        arena_free(a);
        skip();
    }
    assert_int_equal(common(list, csv, &n), 44);
    assert_int_equal(n, 46);
    assert_int_equal(common(list, control, &n), 0);
    assert_int_equal(n, 25);
    arena_free(a);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows + 3];
    size_t n = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(spells, rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_is_dropped_is_counted);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_full_set_says_where);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(two_teams_on_one_actor);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
