#include "tlog_support.h"

#define ORIGIN "entente/1/ana"
#define ROOT "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"

static struct arena *arena;
static struct test_log log_;

static const struct row {
    const char *name, *text;
    const char *says; /* NULL: it is accepted */
} rows[] = {
    {"an ordinary one", ORIGIN "\n8\n" ROOT, NULL},
    {"the empty tree", ORIGIN "\n0\n" ROOT, NULL},
    {"the largest size", ORIGIN "\n9223372036854775807\n" ROOT, NULL},
    {"one more than that", ORIGIN "\n9223372036854775808\n" ROOT, "line 2: expected a tree size"},
    {"past 64 bits", ORIGIN "\n18446744073709551616\n" ROOT, "line 2: expected a decimal"},
    {"nothing", "", "line 1"},
    {"no origin", "\n8\n" ROOT, "line 1: expected an origin"},
    {"a space in the origin", "a b\n8\n" ROOT, "line 1: expected an origin"},
    {"a plus in the origin", "a+b\n8\n" ROOT, "line 1: expected an origin"},
    {"an origin beyond ASCII", "\xc3\xa9\n8\n" ROOT, "line 1: expected an origin"},
    {"a size with a zero before it", ORIGIN "\n08\n" ROOT, "line 2: expected a decimal"},
    {"a size with a sign", ORIGIN "\n+8\n" ROOT, "line 2: expected a decimal"},
    {"no size", ORIGIN "\n\n" ROOT, "line 2: expected a decimal"},
    {"no root", ORIGIN "\n8\n", "line 3"},
    {"a root too short", ORIGIN "\n8\nXcna\n", "line 3: expected base64"},
    {"a root with bits behind its end",
     ORIGIN "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n", "line 3: expected base64"},
    {"a root without padding", ORIGIN "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n",
     "line 3: expected base64"},
    {"no line feed at the end",
     ORIGIN "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=", "line 3: expected a line"},
    {"an extension line", ORIGIN "\n8\n" ROOT "more\n", "line 4: expected the end"},
    {"an empty line", ORIGIN "\n8\n" ROOT "\n", "line 4: expected the end"},
};

static void checkpoints_are_read(void **state)
{
    const struct row *r = *state;
    char again[CHECKPOINT_TEXT_MAX];
    struct checkpoint c;
    struct err e = {0};
    bool ok = checkpoint_parse(bytes_text(r->text), &c, &e);

    if (r->says) {
        must_fail(ok, &e, ERR_INPUT, r->says);
        return;
    }
    must(ok, &e);
    assert_true(bytes_are(bytes_of(again, checkpoint_print(&c, again)), r->text));
}

static void an_origin_has_at_most_255_bytes(void **state)
{
    char origin[LIMIT_NOTE_NAME + 2] = {0}, text[CHECKPOINT_TEXT_MAX];
    struct checkpoint c, back;
    struct tlog_tree t = {0};
    struct err e = {0};

    (void)state;
    memset(origin, 'o', LIMIT_NOTE_NAME + 1);
    must_fail(checkpoint_of_tree(&t, bytes_text(origin), &c, &e), &e, ERR_INPUT, "origin");
    must(checkpoint_of_tree(&t, bytes_of(origin, LIMIT_NOTE_NAME), &c, &e), &e);
    c.size = TLOG_SIZE_MAX;
    assert_int_equal(checkpoint_print(&c, text), CHECKPOINT_TEXT_MAX);
    must(checkpoint_parse(bytes_of(text, CHECKPOINT_TEXT_MAX), &back, &e), &e);
    assert_true(checkpoint_equal(&c, &back));
}

/* ---- the log's signature -------------------------------------------------------------------- */

static bool checks(struct bytes note, const struct note_key *keys, size_t n, struct err *e)
{
    struct checkpoint c;

    return checkpoint_verify(note, keys, n, arena, &c, e);
}

static void a_log_signs_only_its_own_checkpoints(void **state)
{
    struct checkpoint c = test_log_head(&log_, 5);
    struct checkpoint_key other = test_log_key("entente/1/ben", 0);
    struct bytes note;
    struct err e = {0};

    (void)state;
    must(checks(test_log_note(&log_, 5), &log_.key.public, 1, &e), &e);
    must_fail(checkpoint_sign(&other, &c, arena, &note, &e), &e, ERR_INPUT,
              "entente/1/ben signs no checkpoint of entente/1/ana");
    c.size = UINT64_MAX;
    must_fail(checkpoint_sign(&log_.key, &c, arena, &note, &e), &e, ERR_INPUT, "2^63");
}

/* A signature by a key that is trusted, but for another log, does not count. */
static void another_logs_key_does_not_count(void **state)
{
    struct checkpoint_key ben = test_log_key("entente/1/ben", 7);
    struct checkpoint c = test_log_head(&log_, 5);
    struct note_key keys[] = {ben.public, log_.key.public};
    char text[CHECKPOINT_TEXT_MAX];
    struct bytes note;
    struct err e = {0};

    (void)state;
    memcpy(ben.public.name, ORIGIN, sizeof ORIGIN); /* sign as if it were ours */
    must(checkpoint_sign(&ben, &c, arena, &note, &e), &e);
    must_fail(checks(note, keys, 2, &e), &e, ERR_PROOF, "no known key");
    must_fail(checks(test_log_note(&log_, 5), keys, 1, &e), &e, ERR_PROOF, "no known key");
    must(checks(test_log_note(&log_, 5), keys, 2, &e), &e);
    /* Nor under its own name. */
    note = test_sign_raw(arena, &keys[0], test_key(7), bytes_of(text, checkpoint_print(&c, text)),
                         "", BYTES(""));
    must_fail(checks(note, keys, 2, &e), &e, ERR_PROOF, "no known key");
}

static void either_key_of_a_rotation_will_do(void **state)
{
    struct checkpoint_key newer = test_log_key(ORIGIN, 8);
    struct checkpoint c = test_log_head(&log_, 5);
    struct note_key keys[] = {newer.public, log_.key.public};
    struct bytes note;
    struct err e = {0};

    (void)state;
    must(checks(test_log_note(&log_, 5), keys, 2, &e), &e);
    must(checkpoint_sign(&newer, &c, arena, &note, &e), &e);
    must(checks(note, keys, 2, &e), &e);
    must_fail(checks(note, &keys[1], 1, &e), &e, ERR_PROOF, "no known key");
}

static void keys_of_one_kind_do_not_verify_the_other(void **state)
{
    struct cosign_key w = test_cosign_key(ORIGIN, 0); /* the log's own key, misused */
    struct bytes note = test_log_note(&log_, 5);
    struct cosignature *found;
    struct note parsed;
    struct err e = {0};
    size_t n;

    (void)state;
    must_fail(checks(note, &w.public, 1, &e), &e, ERR_PROOF, "no known key");
    must(note_parse(note, arena, &parsed, &e), &e);
    must(cosignature_find_all(&parsed, &log_.key.public, 1, arena, &found, &n, &e), &e);
    assert_int_equal(n, 0);
}

/* ---- cosignatures --------------------------------------------------------------------------- */

static void cosignatures_are_found_by_key_and_in_order(void **state)
{
    struct cosign_key w[3] = {test_cosign_key("w1.example", 0x20),
                              test_cosign_key("w2.example", 0x30),
                              test_cosign_key("w3.example", 0x40)};
    struct note_key keys[] = {w[0].public, log_.key.public, w[2].public};
    struct bytes note = test_log_note(&log_, 9);
    struct cosignature *found;
    struct note parsed;
    struct err e = {0};
    size_t n;

    (void)state;
    note = test_cosign(arena, &w[2], note, 300);
    note = test_cosign(arena, &w[1], note, 200);
    note = test_cosign(arena, &w[0], note, (uint64_t)INT64_MAX);
    note = test_cosign(arena, &w[2], note, 301);
    must(note_parse(note, arena, &parsed, &e), &e);
    must(cosignature_find_all(&parsed, keys, 3, arena, &found, &n, &e), &e);
    assert_int_equal(n, 3);
    assert_int_equal(found[0].key, 2);
    assert_int_equal(found[0].time, 300);
    assert_int_equal(found[1].key, 0);
    assert_int_equal(found[1].time, INT64_MAX);
    assert_int_equal(found[2].key, 2);
    assert_int_equal(found[2].time, 301);
    assert_true(bytes_equal(found[1].line, parsed.lines[3].whole));
    must(checks(note, keys, 3, &e), &e);
}

static void a_time_is_from_1_to_below_2_to_the_63(void **state)
{
    struct cosign_key w = test_cosign_key("w1.example", 0x20);
    struct checkpoint c = test_log_head(&log_, 9);
    struct bytes line;
    struct err e = {0};

    (void)state;
    must_fail(cosignature_sign(&w, &c, (uint64_t)INT64_MAX + 1, arena, &line, &e), &e, ERR_INPUT,
              "cannot be cosigned");
    must_fail(cosignature_sign(&w, &c, 0, arena, &line, &e), &e, ERR_INPUT, "cannot be cosigned");
    memset(c.origin, ' ', 3);
    must_fail(cosignature_sign(&w, &c, 1, arena, &line, &e), &e, ERR_INPUT, "cannot be cosigned");
}

/* The time stands in the signature line and under the signature: it cannot be changed. Neither can
 * the line be moved to another checkpoint. */
static void a_cosignature_holds_for_its_time_and_tree_only(void **state)
{
    struct cosign_key w = test_cosign_key("w1.example", 0x20);
    struct bytes note = test_cosign(arena, &w, test_log_note(&log_, 9), 300), moved;
    struct note parsed;
    struct cosignature *found;
    struct err e = {0};
    size_t n;

    (void)state;
    must(note_parse(note, arena, &parsed, &e), &e);
    for (size_t i = 0; i < parsed.lines[1].signature.n; i++) {
        uint8_t *byte = (uint8_t *)(uintptr_t)parsed.lines[1].signature.p + i;
        *byte ^= 1;
        must_fail(cosignature_find_all(&parsed, &w.public, 1, arena, &found, &n, &e), &e, ERR_PROOF,
                  "signature by w1.example");
        *byte ^= 1;
    }
    must(cosignature_find_all(&parsed, &w.public, 1, arena, &found, &n, &e), &e);
    parsed.lines[1].signature.n--;
    must_fail(cosignature_find_all(&parsed, &w.public, 1, arena, &found, &n, &e), &e, ERR_PROOF,
              NULL);
    must(note_append(test_log_note(&log_, 8), parsed.lines[1].whole, arena, &moved, &e), &e);
    must(note_parse(moved, arena, &parsed, &e), &e);
    must_fail(cosignature_find_all(&parsed, &w.public, 1, arena, &found, &n, &e), &e, ERR_PROOF,
              NULL);
    must_fail(note_verify(&parsed, &w.public, 1, NULL, &e), &e, ERR_PROOF, NULL);
}

static void only_checkpoints_are_cosigned(void **state)
{
    struct act_key a = test_act_key("a.example/k", 1);
    struct cosign_key w = test_cosign_key("w1.example", 0x20);
    struct bytes note;
    struct note parsed;
    struct cosignature *found;
    struct err e = {0};
    size_t n;

    (void)state;
    must(note_sign(&a, BYTES("text\n"), arena, &note, &e), &e);
    must(note_parse(note, arena, &parsed, &e), &e);
    must_fail(cosignature_find_all(&parsed, &w.public, 1, arena, &found, &n, &e), &e, ERR_INPUT,
              "checkpoint");
}

/* What our functions refuse to sign, a stranger's may have signed: it does not verify. */
static void strange_cosignatures_do_not_verify(void **state)
{
    static const struct {
        const char *text, *prefix;
        uint64_t time;
        bool good;
    } cases[] = {
        {ORIGIN "\n8\n" ROOT, "cosignature/v1\ntime 9223372036854775807\n", INT64_MAX, true},
        {ORIGIN "\n8\n" ROOT, "cosignature/v1\ntime 9223372036854775808\n", (uint64_t)INT64_MAX + 1,
         false},
        {ORIGIN "\n8\n" ROOT, "cosignature/v1\ntime 05\n", 5, false},
        {ORIGIN "\n8\n" ROOT, "cosignature/v2\ntime 5\n", 5, false},
        {ORIGIN "\n8\n" ROOT "more\n", "cosignature/v1\ntime 5\n", 5, false},
        {"some text\n", "cosignature/v1\ntime 5\n", 5, false},
    };
    struct cosign_key w = test_cosign_key("w1.example", 0x20);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf time = buf_in(arena);
        struct note parsed;
        struct err e = {0};
        buf_u64(&time, cases[i].time);
        must(note_parse(test_sign_raw(arena, &w.public, test_key(0x20), bytes_text(cases[i].text),
                                      cases[i].prefix, buf_view(&time)),
                        arena, &parsed, &e),
             &e);
        assert_int_equal(note_verify(&parsed, &w.public, 1, NULL, &e), cases[i].good);
    }
}

int main(void)
{
    enum { N = sizeof rows / sizeof *rows };
    struct CMUnitTest tests[N];
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(an_origin_has_at_most_255_bytes),
        cmocka_unit_test(a_log_signs_only_its_own_checkpoints),
        cmocka_unit_test(another_logs_key_does_not_count),
        cmocka_unit_test(either_key_of_a_rotation_will_do),
        cmocka_unit_test(keys_of_one_kind_do_not_verify_the_other),
        cmocka_unit_test(cosignatures_are_found_by_key_and_in_order),
        cmocka_unit_test(a_time_is_from_1_to_below_2_to_the_63),
        cmocka_unit_test(a_cosignature_holds_for_its_time_and_tree_only),
        cmocka_unit_test(only_checkpoints_are_cosigned),
        cmocka_unit_test(strange_cosignatures_do_not_verify),
    };
    int failed;

    if (!crypto_init())
        return 1;
    arena = test_arena();
    test_log_make(&log_, arena, ORIGIN, 0, 16, "");
    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(checkpoints_are_read, rows[i]);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += cmocka_run_group_tests(rest, NULL, NULL);
    arena_free(arena);
    test_keys_free();
    return failed;
}
