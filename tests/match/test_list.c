/* Lists, their order, commitments, shards, hellos. */
#include "support/support.h"

#include "match/match.h"

#include <stdlib.h>

/* ---- reading ---- */

struct gathered {
    struct bytes in;
    size_t at, piece;
    char text[2000]; /* original spellings, one a line */
};

static bool some(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct gathered *g = self;
    struct bytes part = bytes_part(g->in, g->at, n < g->piece ? n : g->piece);

    (void)e;
    memcpy(out, part.p, part.n);
    g->at += *got = part.n;
    return true;
}

static bool each(void *self, struct bytes canonical, struct bytes original, struct err *e)
{
    struct gathered *g = self;

    (void)canonical, (void)e;
    strncat(g->text, (const char *)original.p, original.n);
    strncat(g->text, "\n", 2);
    return true;
}

static const struct list_row {
    const char *name, *type, *text, *gives;
    bool guessable;
    uint64_t other, single;
} lists[] = {
    {"a plain list", "domain", "a.example\r\n# no\n\nB[.]example\n", "a.example\nB[.]example\n"},
    {"its last line has no line feed", "domain", "a.example\nb.example", "a.example\nb.example\n"},
    {"a byte order mark", "domain",
     "\xef\xbb\xbf"
     "a.example\n",
     "a.example\n"},
    {"CSV with a header", "domain", "type,value\ndomain,a.example\nip-dst,192.0.2.1\n",
     "a.example\n"},
    {"STIX", "domain",
     "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--1b6b3a5e-0c0f-4c52-"
     "9d6c-6a2f0a3f7d12\",\"created\":\"2026-01-15T09:00:00Z\",\"modified\":\"2026-01-15T09:00:00Z"
     "\",\"valid_from\":\"2026-01-15T09:00:00Z\",\"pattern_type\":\"stix\",\"pattern\":\"["
     "domain-name:value IN ('a.example','b.example')]\"}",
     "a.example\nb.example\n"},
    {"IPv4 alone", "ipv4", "192.0.2.1\n2001:db8::1\n", "192.0.2.1\n", true, 1, 0},
    {"IPv6 alone", "ipv6", "192.0.2.1\n2001:db8::1\n", "2001:db8::1\n", false, 1, 0},
    {"digests of one length", "md5",
     "d41d8cd98f00b204e9800998ecf8427e\nda39a3ee5e6b4b0d3255bfef95601890afd80709\n",
     "d41d8cd98f00b204e9800998ecf8427e\n", false, 1, 0},
    {"identifiers joined of several", "identifier", "ana;1990-01-31\n555-1234\n",
     "ana;1990-01-31\n", false, 0, 1},
    {"any identifier, where that is agreed", "identifier", "ana;1990-01-31\n555-1234\n",
     "ana;1990-01-31\n555-1234\n", true},
    {"a URL with a comma is no CSV", "url", "http://a.example/?value=1,2\n",
     "http://a.example/?value=1,2\n"},
};

static void reads(void **state)
{
    const struct list_row *r = *state;

    for (size_t piece = 1; piece < 4096; piece += 1365) {
        struct gathered g = {.in = bytes_text(r->text), .piece = piece};
        struct match_source source = {some, &g};
        struct match_counts n;
        struct err e = {0};
        must(match_read(match_type_find(bytes_text(r->type)), r->guessable, &source, each, &g, &n,
                        &e),
             &e);
        assert_string_equal(g.text, r->gives);
        assert_int_equal(n.other_type, r->other);
        assert_int_equal(n.single, r->single);
    }
}

static void a_line_longer_than_any_item_is_left_out(void **state)
{
    struct gathered g = {.piece = 100000};
    struct match_source source = {some, &g};
    struct match_counts n;
    struct err e = {0};
    size_t size = (size_t)3 << 20;
    uint8_t *text = malloc(size);

    (void)state;
    assert_non_null(text);
    memset(text, 'a', size);
    memcpy(text, "a.example\n", 10);
    memcpy(text + size - 11, "\nb.example\n", 11);
    g.in = bytes_of(text, size);
    must(match_read(match_type_find(BYTES("domain")), false, &source, each, &g, &n, &e), &e);
    assert_string_equal(g.text, "a.example\nb.example\n");
    assert_int_equal(n.dropped[NORMALISE_LONG], 1);
    assert_int_equal(n.lines, 3);
    free(text);
}

/* ---- order and commitments ---- */

static struct psi_digest *digests(struct rng *r, size_t n, size_t distinct)
{
    struct psi_digest *d = calloc(n + 1, sizeof *d), *all = calloc(distinct + 1, sizeof *d);

    assert_true(d && all);
    for (size_t i = 0; i < distinct; i++)
        rng_bytes(r, all[i].b, sizeof all[i].b);
    for (size_t i = 0; i < n; i++)
        d[i] = all[i < distinct ? i : rng_below(r, distinct)];
    free(all);
    return d;
}

static void order_is_ascending_and_each_item_stands_once(void **state)
{
    static const size_t sizes[][2] = {{0, 0},     {1, 1},       {2, 1},       {300, 300},
                                      {700, 500}, {5000, 5000}, {9000, 1000}, {200000, 150000}};
    struct rng r = rng_from_env("order");

    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct psi_digest *d = digests(&r, sizes[k][0], sizes[k][1]);
        struct match_order o;
        struct err e = {0};
        must(match_order_make(d, sizes[k][0], &o, &e), &e);
        assert_int_equal(o.n, sizes[k][1]);
        assert_int_equal(o.duplicates, sizes[k][0] - sizes[k][1]);
        for (uint64_t i = 0; i < o.n; i++) {
            assert_true(i == 0 || memcmp(&d[o.number[i - 1]], &d[o.number[i]], 32) < 0);
            assert_true(o.number[i] < sizes[k][1]); /* the first of equals */
        }
        match_order_free(&o);
        free(d);
    }
}

static void every_leaf_opens_and_no_other_does(void **state)
{
    struct rng r = rng_from_env("leaves");

    (void)state;
    for (size_t n = 1; n <= 70; n++) {
        struct psi_digest *d = digests(&r, n, n);
        struct match_leaves l = {.digest = d, .n = n};
        struct match_order o;
        struct match_opened open[70];
        uint64_t all[70];
        struct hash root, empty;
        struct err e = {0};
        must(match_order_make(d, n, &o, &e), &e);
        l.order = o.number;
        rng_bytes(&r, l.seed, sizeof l.seed);
        must(match_root(&l, &root, &e), &e);
        tlog_empty_root(&empty);
        for (size_t i = 0; i < n; i++)
            all[i] = i;
        must(match_open(&l, all, n, open, &e), &e);
        for (size_t i = 0; i < n; i++) {
            bool found;
            must(match_opened_verify(&open[i], n, &root, &e), &e);
            assert_int_equal(match_find(&l, &open[i].digest, &found), i);
            assert_true(found);
            open[i].digest.b[rng_below(&r, 32)] ^= 1;
            must_fail(match_opened_verify(&open[i], n, &root, &e), &e, ERR_PROOF, NULL);
            err_clear(&e);
            assert_true(match_find(&l, &open[i].digest, &found) <= n && !found);
        }
        /* A few of them, in one pass, are the same as one by one. */
        for (size_t i = 0; i + 2 < n; i += 3) {
            uint64_t two[2] = {i, i + 2};
            struct match_opened some_of[2];
            must(match_open(&l, two, 2, some_of, &e), &e);
            must(match_opened_verify(&some_of[0], n, &root, &e), &e);
            must(match_opened_verify(&some_of[1], n, &root, &e), &e);
            some_of[1].salt[0] ^= 1;
            must_fail(match_opened_verify(&some_of[1], n, &root, &e), &e, ERR_PROOF, NULL);
            err_clear(&e);
        }
        match_order_free(&o);
        free(d);
    }
}

static void another_seed_is_another_root(void **state)
{
    struct rng r = rng_of(1);
    struct psi_digest *d = digests(&r, 20, 20);
    struct match_leaves l = {.digest = d, .n = 20};
    struct hash a, b;
    struct err e = {0};

    (void)state;
    must(match_root(&l, &a, &e), &e);
    l.seed[31] = 1;
    must(match_root(&l, &b, &e), &e);
    assert_false(hash_equal(&a, &b));
    free(d);
}

/* ---- shards ---- */

static void shards_fit_into_what_they_declare(void **state)
{
    static const unsigned shards[] = {1, 2, 3, 8, 64};
    struct rng r = rng_from_env("shards");
    struct err e = {0};

    (void)state;
    for (size_t n = 0; n < 20000; n = n * 3 + 7) {
        struct psi_digest *d = digests(&r, n, n);
        for (size_t k = 0; k < sizeof shards / sizeof *shards; k++) {
            uint64_t count[64] = {0};
            uint8_t salt[32];
            rng_bytes(&r, salt, 32);
            for (size_t i = 0; i < n; i++)
                count[psi_shard_of(salt, &d[i], shards[k])]++;
            for (unsigned s = 0; s < shards[k]; s++)
                assert_true(count[s] <= match_shard_size(n, shards[k]));
            assert_true(match_shard_size(n, shards[k]) <= n);
        }
        free(d);
    }
    (void)e;
}

/* ---- hellos ---- */

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define HELLO(type, mode, who, shards)                                                             \
    "entente-match-hello/1\ntype " type "\nmode " mode "\ncode 7x24\nwho " who "\nshards " shards  \
    "\nsize 9\nroot " ZEROS "\ncoin " ZEROS "\nend\n"

static const struct hello_row {
    const char *name, *text, *says;
} hellos[] = {
    {"a hello", HELLO("domain\nrecipe domain/1", "malicious", "both", "1"), NULL},
    {"another mode", HELLO("domain\nrecipe domain/1", "semi-honest", "both", "1"), "the mode"},
    {"another type", HELLO("md5\nrecipe hash/1", "malicious", "both", "1"), "the type of items"},
    {"another side learns", HELLO("domain\nrecipe domain/1", "malicious", "asker", "1"), "learns"},
    {"other shards", HELLO("domain\nrecipe domain/1", "malicious", "both", "2"), "of shards"},
    {"another version of the recipe", HELLO("domain\nrecipe domain/2", "malicious", "both", "1"),
     "version of its recipe"},
    {"an unknown type", HELLO("cats\nrecipe cats/1", "malicious", "both", "1"), "type of items"},
    {"no shards", HELLO("domain\nrecipe domain/1", "malicious", "both", "0"), "there is not"},
    {"too many shards", HELLO("domain\nrecipe domain/1", "malicious", "both", "9999"), "limit"},
    {"a mode that is none", HELLO("domain\nrecipe domain/1", "honest", "both", "1"), "not"},
    {"nothing", "", "expected"},
    {"more behind it", HELLO("domain\nrecipe domain/1", "malicious", "both", "1") "x\n", "hello"},
};

static void agrees(void **state)
{
    const struct hello_row *r = *state;
    struct match_hello ours, theirs;
    struct err e = {0};
    bool ok;

    must(match_hello_parse(bytes_text(hellos[0].text), &ours, &e), &e);
    ok = match_hello_parse(bytes_text(r->text), &theirs, &e) &&
         match_hello_agree(&ours, &theirs, &e);
    assert_int_equal(ok, !r->says);
    assert_true(!r->says || strstr(e.text, r->says));
}

static void both_sides_have_one_context_and_each_run_its_own(void **state)
{
    struct match_hello h;
    struct hash a, b, runs[4];
    uint8_t one[32] = {1}, two[32] = {2};
    struct err e = {0};

    (void)state;
    must(match_hello_parse(bytes_text(hellos[0].text), &h, &e), &e);
    match_hello_context(&h, &h, one, two, &a);
    match_hello_context(&h, &h, two, one, &b);
    assert_false(hash_equal(&a, &b));
    for (unsigned i = 0; i < 4; i++) {
        match_run_context(&a, i / 2, i % 2, &runs[i]);
        for (unsigned k = 0; k < i; k++)
            assert_false(hash_equal(&runs[i], &runs[k]));
    }
    assert_int_equal(match_role(MATCH_ASKER, 0), PSI_RECEIVER);
    assert_int_equal(match_role(MATCH_ASKED, 0), PSI_SENDER);
    assert_int_equal(match_role(MATCH_ASKER, 1), PSI_SENDER);
    assert_true(match_leg_runs(MATCH_BOTH, 1) && !match_leg_runs(MATCH_ONLY_ASKER, 1));
}

int main(void)
{
    struct CMUnitTest tests[64] = {
        cmocka_unit_test(a_line_longer_than_any_item_is_left_out),
        cmocka_unit_test(order_is_ascending_and_each_item_stands_once),
        cmocka_unit_test(every_leaf_opens_and_no_other_does),
        cmocka_unit_test(another_seed_is_another_root),
        cmocka_unit_test(shards_fit_into_what_they_declare),
        cmocka_unit_test(both_sides_have_one_context_and_each_run_its_own),
    };
    size_t n = 6;

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(reads, lists[i]);
    for (size_t i = 0; i < sizeof hellos / sizeof *hellos; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(agrees, hellos[i]);
    return _cmocka_run_group_tests("match list", tests, n, NULL, NULL);
}
