#include "node/config.h"
#include "support/support.h"

static const struct row {
    const char *name, *text;
    const char *says; /* what the error names; NULL: it is accepted */
} rows[] = {
    {"only a name", "name = CERT North\n", NULL},
    {"blanks, comments, CRLF", "\n  # a comment\r\n\tname\t=\tCERT North  \r\n\n", NULL},
    {"no final line feed", "name = CERT North", NULL},
    {"a name with an equals sign", "name = A = B\n", NULL},
    {"nothing", "", "no line \"name = ...\""},
    {"an empty name", "name =\n", "line 1: name has 1 to 200 bytes"},
    {"an unknown key", "name = N\npol_seconds = 5\n", "line 2: there is no key \"pol_seconds\""},
    {"a key of another section", "name = N\nemail = a\n", "line 2: there is no key \"email\""},
    {"no equals sign", "name = N\nwitness on\n", "line 2: expected \"key = value\""},
    {"twice", "name = N\n\nname = M\n", "line 3: name stands here twice"},
    {"addresses may repeat",
     "name = N\naddress = https://a.example\naddress = https://b.example:1\n", NULL},
    {"an address that is none", "name = N\naddress = http://a.example\n", "line 2: address"},
    {"a ninth address",
     "name = N\naddress = https://a\naddress = https://b\naddress = https://c\naddress = "
     "https://d\n"
     "address = https://e\naddress = https://f\naddress = https://g\naddress = https://h\n"
     "address = https://i\n",
     "line 10: at most 8 addresses"},
    {"an address to listen on", "name = N\nlisten = [::1]:8443\n", NULL},
    {"no port to listen on", "name = N\nlisten = 127.0.0.1\n", "line 2: listen"},
    {"polling at once", "name = N\npoll_seconds = 0\n", "line 2: poll_seconds is a number from 1"},
    {"a number with a sign", "name = N\npoll_seconds = +5\n", "line 2: poll_seconds"},
    {"a number in hex", "name = N\npoll_seconds = 0x5\n", "line 2: poll_seconds"},
    {"a number that wraps", "name = N\npoll_seconds = 4294967297\n", "line 2: poll_seconds"},
    {"a port too far", "name = N\nmetrics_port = 65536\n", "line 2: metrics_port"},
    {"a switch", "name = N\nwitness = off\npublic_tiles = on\n", NULL},
    {"yes is no switch", "name = N\nwitness = yes\n", "line 2: witness is on or off"},
    {"a witness prefix", "name = N\nwitness_prefix = /a/b.c\n", NULL},
    {"a prefix that climbs", "name = N\nwitness_prefix = /a/../b\n", "line 2: witness_prefix"},
    {"a prefix that ends in a slash", "name = N\nwitness_prefix = /a/\n", "line 2: witness_prefix"},
    {"a prefix over our routes", "name = N\nwitness_prefix = /entente/v1\n",
     "line 2: witness_pref"},
    {"a level", "name = N\nlog = debug\n", NULL},
    {"no level", "name = N\nlog = loud\n", "line 2: log is error"},
    {"a contact", "name = N\n[contact legal]\nname = Ann\nemail = a@b.example\n", NULL},
    {"two contacts of one role", "name = N\n[contact legal]\nname = A\n[contact legal]\nname = B\n",
     NULL},
    {"a contact of no role", "name = N\n[contact]\nname = A\n", "line 2: expected [contact"},
    {"a contact of another role", "name = N\n[contact chief]\n", "line 2: a contact is technical"},
    {"an open bracket", "name = N\n[contact legal\n", "line 2: expected [contact"},
    {"a nameless contact", "name = N\n[contact legal]\nphone = 1\n",
     "the contact above has no name"},
    {"a nameless contact before another",
     "name = N\n[contact legal]\n[contact technical]\nname = A\n",
     "line 3: the contact above has no name"},
    {"an escape code", "name = \x1b[2J\n", "line 1: control characters"},
    {"not UTF-8", "name = \xff\n", "line 1: control characters, or not UTF-8"},
};

static void parses(void **state)
{
    const struct row *r = *state;
    struct arena *a = test_arena();
    struct node_config c;
    struct err e = {0};

    if (r->says) {
        assert_false(node_config_parse(bytes_text(r->text), a, &c, &e));
        if (!strstr(e.text, r->says))
            fail_msg("expected \"%s\", got \"%s\"", r->says, e.text);
    } else
        must(node_config_parse(bytes_text(r->text), a, &c, &e), &e);
    arena_free(a);
}

/* What is printed parses to the same, comments and all. */
static void prints_what_it_parses(void **state)
{
    struct arena *a = test_arena();
    struct node_config c = node_config_default(), back;
    struct bytes text, again;
    struct err e = {0};

    (void)state;
    c.name = BYTES("CERT N\xc3\xb6rd");
    c.addresses[c.addresses_n++] = BYTES("https://north.example:8443");
    c.contacts[c.contacts_n++] = (struct contact){
        .role = CONTACT_DIPLOMATIC, .name = BYTES("Hotline"), .phone = BYTES("+1 2 3")};
    c.poll_seconds = 7;
    c.metrics_port = 9464;
    c.public_tiles = true;
    c.log = DIAG_DEBUG;
    must(node_config_print(&c, a, &text, &e), &e);
    must(node_config_parse(text, a, &back, &e), &e);
    must(node_config_print(&back, a, &again, &e), &e);
    assert_true(bytes_equal(text, again));
    assert_true(bytes_equal(back.name, c.name));
    assert_int_equal(back.poll_seconds, 7);
    assert_int_equal(back.metrics_port, 9464);
    assert_true(back.public_tiles && back.witness);
    assert_int_equal(back.log, DIAG_DEBUG);
    assert_int_equal(back.contacts_n, 1);
    assert_true(bytes_are(back.contacts[0].phone, "+1 2 3"));
    arena_free(a);
}

static void too_long(void **state)
{
    struct arena *a = test_arena();
    uint8_t *p = arena_get(a, LIMIT_CONFIG_BYTES + 1, NULL);
    struct node_config c;
    struct err e = {0};

    (void)state;
    memset(p, '\n', LIMIT_CONFIG_BYTES + 1);
    must_fail(node_config_parse(bytes_of(p, LIMIT_CONFIG_BYTES + 1), a, &c, &e), &e, ERR_LIMIT,
              "at most");
    arena_free(a);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof rows[0]];
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(prints_what_it_parses),
        cmocka_unit_test(too_long),
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(parses, rows[i]);
    return cmocka_run_group_tests_name("config lines", tests, NULL, NULL) +
           cmocka_run_group_tests_name("config", rest, NULL, NULL);
}
