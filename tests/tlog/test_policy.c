#include "tlog_support.h"

#define LOG "alpha.example/log+6595380e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define BRAVO "bravo.example/witness+622d0f77+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
#define CHARLIE "charlie.example/witness+25ec3d73+BCVDuS/xCVURR2rcg2nbbdyTNmWhGXjdoUBO4QZsqVWd"
#define TWO "witness b " BRAVO "\nwitness c " CHARLIE "\n"

static struct arena *arena;

static const struct row {
    const char *name, *text;
    const char *says; /* NULL: it is accepted */
} rows[] = {
    {"no witness needed", "quorum none\n", NULL},
    {"one witness", "log " LOG "\n" TWO "quorum b\n", NULL},
    {"both", TWO "group g all b c\nquorum g\n", NULL},
    {"a group of groups", TWO "group g any b\ngroup h 2 g c\nquorum h\n", NULL},
    {"a group of one", TWO "group g 1 b\nquorum g\n", NULL},
    {"blanks, tabs, comments and empty lines",
     "# x\n\n \t\n\tlog\t" LOG " https://a.example/ \n  # y \xff\nquorum\tnone\n", NULL},
    {"URLs", "witness b " BRAVO " https://b.example/\nquorum b\n", NULL},
    {"a name of strange octets", "witness \xe2\x84\xaa\xff " BRAVO "\nquorum \xe2\x84\xaa\xff\n",
     NULL},
    {"a group called all", TWO "group all all b c\nquorum all\n", NULL},
    {"a witness that no group has", TWO "group g any b\nquorum g\n", NULL},
    {"nothing", "", "no quorum"},
    {"no quorum", TWO, "line 2: the end, and no quorum"},
    {"two quorums", "quorum none\nquorum none\n", "line 2: a second quorum"},
    {"a quorum of nobody", TWO "quorum x\n", "line 3: no witness or group \"x\""},
    {"a quorum that comes later", "quorum b\n" TWO, "line 1: no witness or group \"b\""},
    {"a quorum without a name", "quorum\n", "line 1: expected: quorum"},
    {"a quorum of two names", TWO "quorum b c\n", "line 3: expected: quorum"},
    {"an unknown word", "logs " LOG "\nquorum none\n", "line 1: expected log, witness"},
    {"a capital", "Quorum none\n", "line 1: expected log, witness"},
    {"no line feed at the end", TWO "quorum b", "line 3: expected a line"},
    {"a carriage return", "quorum none\r\n", "line 1: a control character"},
    {"a zero byte's neighbour", "quorum\x01none\n", "line 1: a control character"},
    {"DEL in a comment", "# \x7f\nquorum none\n", "line 1: a control character"},
    {"a log without a key", "log\nquorum none\n", "line 1: expected: log"},
    {"a log with too much", "log " LOG " u v\nquorum none\n", "line 1: expected: log"},
    {"a log with a broken key", "log x+00+AA==\nquorum none\n", "line 1: a key is written"},
    {"a log twice", "log " LOG "\nlog " LOG " u\nquorum none\n",
     "line 2: the key of alpha.example"},
    {"a witness's key for a log", "log " BRAVO "\nquorum none\n",
     "line 1: bravo.example/witness is"},
    {"a log's key for a witness", "witness a " LOG "\nquorum none\n",
     "line 1: alpha.example/log is"},
    {"a witness without a name", "witness " BRAVO "\nquorum none\n", "line 1: expected: witness"},
    {"a witness with too much", "witness b " BRAVO " u v\nquorum none\n",
     "line 1: expected: witness"},
    {"a witness twice", TWO "witness d " BRAVO "\nquorum b\n", "line 3: the key of bravo.example"},
    {"a name twice", "witness b " BRAVO "\nwitness b " CHARLIE "\nquorum b\n",
     "line 2: the name \"b\" is taken"},
    {"a witness called none", "witness none " BRAVO "\nquorum none\n",
     "line 1: \"none\" cannot be a name"},
    {"a group called none", TWO "group none all b c\nquorum none\n",
     "line 3: \"none\" cannot be a name"},
    {"a group with a witness's name", TWO "group b all b c\nquorum b\n", "line 3: the name \"b\""},
    {"a group without members", TWO "group g all\nquorum g\n", "line 3: expected: group"},
    {"a group of itself", TWO "group g all b g\nquorum g\n", "line 3: no witness or group \"g\""},
    {"a group of none", TWO "group g all b none\nquorum g\n",
     "line 3: no witness or group \"none\""},
    {"a member that comes later", "group g all b\n" TWO "quorum g\n",
     "line 1: no witness or group \"b\""},
    {"a member twice in a group", TWO "group g all b b\nquorum g\n", "line 3: \"b\" is a member"},
    {"a member of two groups", TWO "group g all b\ngroup h all b c\nquorum h\n",
     "line 4: \"b\" is a member twice"},
    {"a group in two groups", TWO "group g all b\ngroup h all g\ngroup i all g c\nquorum i\n",
     "line 5: \"g\" is a member"},
    {"none of them", TWO "group g 0 b c\nquorum g\n", "line 3: expected all, any or a number"},
    {"more than there are", TWO "group g 3 b c\nquorum g\n",
     "line 3: expected all, any or a number from 1 to 2"},
    {"a number with a zero before it", TWO "group g 02 b c\nquorum g\n", "line 3: expected all"},
    {"another word for how many", TWO "group g most b c\nquorum g\n", "line 3: expected all"},
};

static void policies_are_read(void **state)
{
    const struct row *r = *state;
    struct policy *p;
    struct err e = {0};
    bool ok = policy_parse(bytes_text(r->text), arena, &p, &e);

    if (r->says)
        must_fail(ok, &e, ERR_INPUT, r->says);
    else
        must(ok, &e);
}

static struct policy *policy_of(const char *text)
{
    struct policy *p;
    struct err e = {0};

    must(policy_parse(bytes_text(text), arena, &p, &e), &e);
    return p;
}

static void what_a_policy_says(void **state)
{
    struct policy *p =
        policy_of("log " LOG " https://a.example/\n" TWO "group g 1 b c\nquorum g\n");

    (void)state;
    assert_int_equal(p->n_logs, 1);
    assert_true(bytes_are(p->log_urls[0], "https://a.example/"));
    assert_string_equal(p->log_keys[0].name, "alpha.example/log");
    assert_int_equal(p->n_witnesses, 2);
    assert_true(bytes_are(p->witness_names[1], "c"));
    assert_string_equal(p->witness_keys[1].name, "charlie.example/witness");
    assert_int_equal(p->witness_urls[0].n, 0);
    assert_true(p->has_quorum && p->quorum.group && p->groups[p->quorum.index].least == 1);
}

/* ---- many ----------------------------------------------------------------------------------- */

/* n logs, n witnesses and n groups of a witness each and the group before. */
static struct bytes many(size_t n)
{
    static struct sign_public p[LIMIT_POLICY_ITEMS + 1];
    struct buf b = buf_in(arena);
    struct err e = {0};

    for (size_t i = 0; i < n; i++) {
        char name[16], vkey[NOTE_VKEY_MAX];
        struct note_key k;
        uint8_t seed[32] = {(uint8_t)i, (uint8_t)(i >> 8), 1};
        if (!p[i].b[31]) {
            struct sign_key *secret = sign_key_of_seed(seed, &e);
            p[i] = sign_key_public(secret);
            sign_key_free(secret);
        }
        snprintf(name, sizeof name, "k%zu", i);
        must(note_key_make(bytes_text(name), NOTE_ED25519, &p[i], &k, &e), &e);
        note_key_print(&k, vkey);
        buf_format(&b, "log %s\n", vkey);
        must(note_key_make(bytes_text(name), NOTE_COSIGNATURE, &p[i], &k, &e), &e);
        note_key_print(&k, vkey);
        buf_format(&b, "witness w%zu %s\n", i, vkey);
        if (i)
            buf_format(&b, "group g%zu all w%zu g%zu\n", i, i, i - 1);
        else
            buf_puts(&b, "group g0 all w0\n");
    }
    buf_format(&b, "quorum g%zu\n", n - 1);
    return buf_view(&b);
}

static void at_least_32_of_each_and_a_limit(void **state)
{
    bool all[LIMIT_POLICY_ITEMS];
    struct policy *p;
    struct err e = {0};

    (void)state;
    for (size_t n = 32; n <= LIMIT_POLICY_ITEMS; n *= 8) {
        must(policy_parse(many(n), arena, &p, &e), &e);
        memset(all, 1, sizeof all);
        assert_true(policy_quorum(p, all));
        for (size_t i = 0; i < n; i++) {
            all[i] = false;
            assert_false(policy_quorum(p, all));
            all[i] = true;
        }
    }
    must_fail(policy_parse(many(LIMIT_POLICY_ITEMS + 1), arena, &p, &e), &e, ERR_LIMIT,
              "line 769: more than 256 keys");
}

/* ---- quorums -------------------------------------------------------------------------------- */

/* Random trees of groups over n witnesses, against a plain recursive count. */
struct tree {
    size_t least, n, member[16]; /* members: witnesses, then from 100 on groups */
};

static bool counts(const struct tree *g, size_t of, const bool *cosigned)
{
    size_t n = 0;

    for (size_t i = 0; i < g[of].n; i++) {
        size_t m = g[of].member[i];
        n += m >= 100 ? counts(g, m - 100, cosigned) : cosigned[m];
    }
    return n >= g[of].least;
}

static size_t random_tree(struct rng *r, size_t witnesses, struct tree *g, struct buf *b)
{
    size_t loose[32], n = witnesses, groups = 0;

    for (size_t i = 0; i < n; i++)
        loose[i] = i;
    while (n > 1 || groups == 0) {
        struct tree *t = &g[groups];
        *t = (struct tree){.n = 1 + rng_below(r, n < 5 ? n : 5)};
        t->least = 1 + rng_below(r, t->n);
        buf_format(b, "group g%zu %zu", groups, t->least);
        for (size_t i = 0; i < t->n; i++) {
            size_t at = rng_below(r, n);
            t->member[i] = loose[at];
            loose[at] = loose[--n];
            if (t->member[i] >= 100)
                buf_format(b, " g%zu", t->member[i] - 100);
            else
                buf_format(b, " w%zu", t->member[i]);
        }
        buf_puts(b, "\n");
        loose[n++] = 100 + groups++;
    }
    buf_format(b, "quorum g%zu\n", groups - 1);
    return groups - 1;
}

static void quorums_are_counted(void **state)
{
    struct rng r = rng_from_env("quorums");
    struct tree g[64];

    (void)state;
    for (unsigned run = 0; run < 100; run++) {
        size_t witnesses = 1 + rng_below(&r, 8), top;
        struct arena_mark mark = arena_mark(arena);
        struct buf b = buf_in(arena);
        struct policy *p;
        for (size_t i = 0; i < witnesses; i++) {
            struct cosign_key k = test_cosign_key("w", (uint8_t)(50 + i));
            char vkey[NOTE_VKEY_MAX];
            note_key_print(&k.public, vkey);
            buf_format(&b, "witness w%zu %s\n", i, vkey);
        }
        top = random_tree(&r, witnesses, g, &b);
        if (top >= 60)
            continue;
        p = policy_of(buf_string(&b, NULL));
        for (unsigned set = 0; set < 1u << witnesses; set++) {
            bool cosigned[8];
            for (size_t i = 0; i < 8; i++)
                cosigned[i] = set >> i & 1;
            assert_int_equal(policy_quorum(p, cosigned), counts(g, top, cosigned));
        }
        arena_reset(arena, mark);
    }
}

/* ---- checkpoints under a policy ------------------------------------------------------------- */

static void a_checkpoint_needs_a_log_and_the_quorum(void **state)
{
    struct cosign_key b = test_cosign_key("bravo.example/witness", 0x20);
    struct cosign_key c = test_cosign_key("charlie.example/witness", 0x40);
    struct policy *both = policy_of("log " LOG "\n" TWO "group g all b c\nquorum g\n");
    struct policy *none = policy_of("log " LOG "\nquorum none\n");
    struct policy *no_log = policy_of(TWO "quorum b\n");
    struct bytes bare, one, two;
    struct policy_verdict v;
    struct test_log l, other;
    struct err e = {0};

    (void)state;
    test_log_make(&l, arena, "alpha.example/log", 0, 8, "");
    test_log_make(&other, arena, "alpha.example/lag", 0, 8, "");
    bare = test_log_note(&l, 8);
    one = test_cosign(arena, &c, bare, 5);
    two = test_cosign(arena, &b, one, 6);
    must(policy_verify(both, two, arena, &v, &e), &e);
    assert_int_equal(v.n, 2);
    assert_int_equal(v.cosignatures[0].key, 1);
    assert_int_equal(v.cosignatures[0].time, 5);
    assert_int_equal(v.log, 0);
    assert_int_equal(v.checkpoint.size, 8);
    must_fail(policy_verify(both, one, arena, &v, &e), &e, ERR_PROOF,
              "checkpoint 8 of alpha.example/log: the 1 known cosignatures are no quorum");
    must_fail(policy_verify(both, test_cosign(arena, &c, one, 7), arena, &v, &e), &e, ERR_PROOF,
              "no quorum"); /* twice the same witness */
    must(policy_verify(none, bare, arena, &v, &e), &e);
    must_fail(policy_verify(no_log, two, arena, &v, &e), &e, ERR_PROOF, "no known key");
    must_fail(policy_verify(none, test_log_note(&other, 8), arena, &v, &e), &e, ERR_PROOF,
              "no known key");
    must_fail(policy_verify(none, BYTES("x"), arena, &v, &e), &e, ERR_INPUT, NULL);
}

int main(void)
{
    enum { N = sizeof rows / sizeof *rows };
    struct CMUnitTest tests[N];
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(what_a_policy_says),
        cmocka_unit_test(at_least_32_of_each_and_a_limit),
        cmocka_unit_test(quorums_are_counted),
        cmocka_unit_test(a_checkpoint_needs_a_log_and_the_quorum),
    };
    int failed;

    if (!crypto_init())
        return 1;
    arena = test_arena();
    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(policies_are_read, rows[i]);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += cmocka_run_group_tests(rest, NULL, NULL);
    arena_free(arena);
    test_keys_free();
    return failed;
}
