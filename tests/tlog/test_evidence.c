#include "tlog_support.h"

#define ORIGIN "entente/1/ana"
#define MOST 20

static struct arena *arena;
static struct test_log honest, forked; /* one name, one key; they part at leaf 0 */
static struct test_log late;           /* parts from honest only at leaf 12 */

/* What must come back from a file is what went in. */
static void same_facts(const struct evidence *x, const struct evidence *y)
{
    assert_int_equal(x->kind, y->kind);
    assert_true(checkpoint_equal(&x->a, &y->a) && checkpoint_equal(&x->b, &y->b));
    assert_int_equal(x->time_a, y->time_a);
    assert_int_equal(x->time_b, y->time_b);
    assert_true(hash_equal(&x->prefix, &y->prefix));
    assert_true(note_key_same(&x->accused, &y->accused));
}

/* ---- a log ---------------------------------------------------------------------------------- */

static void two_roots_for_one_size_convict(void **state)
{
    const struct note_key *k = &honest.key.public;
    struct evidence found;
    struct bytes file;
    struct err e = {0};

    (void)state;
    for (uint64_t n = 1; n <= MOST; n++) {
        must(evidence_make_same_size(k, test_log_note(&honest, n), test_log_note(&forked, n), arena,
                                     &file, &e),
             &e);
        must(evidence_verify(file, k, arena, &found, &e), &e);
        must(evidence_verify(file, NULL, arena, &found, &e), &e);
        assert_int_equal(found.a.size, n);
        assert_string_equal(found.accused.name, ORIGIN);
    }
}

static void a_fork_convicts_for_all_sizes(void **state)
{
    const struct note_key *k = &honest.key.public;
    struct evidence found;
    struct bytes file;
    struct err e = {0};

    (void)state;
    for (uint64_t n = 2; n <= MOST; n++)
        for (uint64_t m = 1; m < n; m++) {
            struct hash prefix = test_log_head(&honest, m).root;
            must(evidence_make_fork(k, test_log_note(&forked, m), test_log_note(&honest, n),
                                    &honest.source, arena, &file, &e),
                 &e);
            must(evidence_verify(file, k, arena, &found, &e), &e);
            assert_int_equal(found.a.size, m);
            assert_int_equal(found.b.size, n);
            assert_true(hash_equal(&found.prefix, &prefix));
        }
}

/* No pair of an honest log's checkpoints can be made into evidence, whatever the path. */
static void an_honest_log_is_never_convicted(void **state)
{
    const struct note_key *k = &honest.key.public;
    struct evidence found;
    struct bytes file;
    struct err e = {0};

    (void)state;
    for (uint64_t n = 1; n <= MOST; n++)
        for (uint64_t m = 1; m <= MOST; m++) {
            struct bytes a = test_log_note(&honest, m), b = test_log_note(&honest, n);
            struct tlog_proof path = {0};
            must_fail(evidence_make_same_size(k, a, b, arena, &file, &e), &e, ERR_PROOF,
                      m == n ? "roots are the same" : "sizes differ");
            if (m >= n)
                continue;
            must_fail(evidence_make_fork(k, a, b, &honest.source, arena, &file, &e), &e, ERR_PROOF,
                      "begins with the smaller");
            /* A path through another tree does not lead to the signed root. */
            must(tlog_prove_prefix(&forked.source, m, n, &path, &e), &e);
            must_fail(evidence_check_fork(k, a, b, &path, arena, &found, &e), &e, ERR_PROOF,
                      "does not lead");
        }
    /* Up to leaf 12 the two trees are the same. */
    must_fail(evidence_make_fork(k, test_log_note(&late, 12), test_log_note(&honest, 20),
                                 &honest.source, arena, &file, &e),
              &e, ERR_PROOF, "begins with");
    must(evidence_make_fork(k, test_log_note(&late, 13), test_log_note(&honest, 20), &honest.source,
                            arena, &file, &e),
         &e);
}

static void only_the_accused_own_signatures_count(void **state)
{
    struct test_log stranger = forked, elsewhere = forked;
    const struct note_key *k = &honest.key.public;
    struct evidence found;
    struct bytes file;
    struct err e = {0};

    (void)state;
    stranger.key = test_log_key(ORIGIN, 77);
    elsewhere.origin = "entente/1/ben";
    elsewhere.key = test_log_key(elsewhere.origin, 0);
    must_fail(evidence_make_same_size(k, test_log_note(&honest, 9), test_log_note(&stranger, 9),
                                      arena, &file, &e),
              &e, ERR_PROOF, "second note: entente/1/ana has not signed");
    must_fail(evidence_make_same_size(k, test_log_note(&honest, 9), test_log_note(&elsewhere, 9),
                                      arena, &file, &e),
              &e, ERR_PROOF, "has not signed");
    must_fail(evidence_make_backwards(k, test_log_note(&honest, 8), test_log_note(&honest, 9),
                                      arena, &file, &e),
              &e, ERR_PROOF, "no cosigner");
    must(evidence_make_same_size(k, test_log_note(&honest, 9), test_log_note(&forked, 9), arena,
                                 &file, &e),
         &e);
    must_fail(evidence_verify(file, &stranger.key.public, arena, &found, &e), &e, ERR_PROOF,
              "the evidence is about");
}

/* A key that signed two roots, but of logs that are not its own, or not the same one. */
static void two_logs_are_not_one(void **state)
{
    const struct note_key *k = &honest.key.public;
    struct cosign_key w = test_cosign_key("w.example", 0x20);
    struct checkpoint a = test_log_head(&honest, 9), b = test_log_head(&forked, 9);
    char x[CHECKPOINT_TEXT_MAX], y[CHECKPOINT_TEXT_MAX];
    struct test_log ben = forked;
    struct bytes file, one, two;
    struct err e = {0};

    (void)state;
    memcpy(a.origin, "entente/1/ben", sizeof "entente/1/ben");
    memcpy(b.origin, "entente/1/ben", sizeof "entente/1/ben");
    one = bytes_of(x, checkpoint_print(&a, x));
    two = bytes_of(y, checkpoint_print(&b, y));
    must_fail(evidence_make_same_size(k, test_sign_raw(arena, k, test_key(0), one, "", BYTES("")),
                                      test_sign_raw(arena, k, test_key(0), two, "", BYTES("")),
                                      arena, &file, &e),
              &e, ERR_PROOF, "entente/1/ana has not signed the checkpoint of entente/1/ben");
    ben.origin = "entente/1/ben";
    ben.key = test_log_key(ben.origin, 5);
    one = test_cosign(arena, &w, test_log_note(&honest, 9), 1);
    two = test_cosign(arena, &w, test_log_note(&ben, 9), 2);
    must_fail(evidence_make_same_size(&w.public, one, two, arena, &file, &e), &e, ERR_PROOF,
              "different logs");
}

/* ---- a cosigner ----------------------------------------------------------------------------- */

static struct bytes by(const struct cosign_key *w, const struct test_log *l, uint64_t size,
                       uint64_t time)
{
    return test_cosign(arena, w, test_log_note(l, size), time);
}

static void a_cosigner_of_both_sides_is_convicted(void **state)
{
    struct cosign_key w = test_cosign_key("w.example", 0x20);
    struct evidence found;
    struct bytes file;
    struct err e = {0};

    (void)state;
    must(evidence_make_same_size(&w.public, by(&w, &honest, 9, 100), by(&w, &forked, 9, 200), arena,
                                 &file, &e),
         &e);
    must(evidence_verify(file, &w.public, arena, &found, &e), &e);
    assert_int_equal(found.accused.type, NOTE_COSIGNATURE);
    assert_int_equal(found.time_a, 100);
    assert_int_equal(found.time_b, 200);
    must(evidence_make_fork(&w.public, by(&w, &forked, 5, 100), by(&w, &honest, 9, 200),
                            &honest.source, arena, &file, &e),
         &e);
    must(evidence_verify(file, NULL, arena, &found, &e), &e);
    assert_int_equal(found.kind, EVIDENCE_FORK);
    must_fail(evidence_make_same_size(&w.public, test_log_note(&honest, 9), by(&w, &forked, 9, 200),
                                      arena, &file, &e),
              &e, ERR_PROOF, "first note: w.example has not signed");
}

static void a_cosigner_may_not_go_back(void **state)
{
    struct cosign_key w = test_cosign_key("w.example", 0x20);
    struct bytes small = by(&w, &honest, 5, 300), large = by(&w, &honest, 9, 200), file;
    struct evidence found;
    struct err e = {0};

    (void)state;
    must(evidence_make_backwards(&w.public, small, large, arena, &file, &e), &e);
    must(evidence_verify(file, &w.public, arena, &found, &e), &e);
    assert_int_equal(found.kind, EVIDENCE_BACKWARDS);
    assert_int_equal(found.time_a, 300);
    assert_int_equal(found.time_b, 200);
    must_fail(evidence_make_backwards(&w.public, large, small, arena, &file, &e), &e, ERR_PROOF,
              "not cosigned before");
    must_fail(evidence_make_backwards(&w.public, by(&w, &honest, 5, 200), large, arena, &file, &e),
              &e, ERR_PROOF, "not cosigned before"); /* in one second both are honest */
    must_fail(evidence_make_backwards(&w.public, by(&w, &honest, 9, 300), large, arena, &file, &e),
              &e, ERR_PROOF, "not cosigned before"); /* cosigning again is allowed */
    /* Of several times the one that convicts is found. */
    small = test_cosign(arena, &w, by(&w, &honest, 5, 100), 250);
    must(evidence_make_backwards(&w.public, small, large, arena, &file, &e), &e);
    must(evidence_verify(file, &w.public, arena, &found, &e), &e);
    assert_int_equal(found.time_a, 250);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* A changed file may still convict (a stranger's signature line is not the accused's), but then of
 * the same thing. */
static void no_changed_file_says_something_else(void **state)
{
    struct cosign_key w = test_cosign_key("w.example", 0x20);
    const struct note_key *k = &honest.key.public;
    struct bytes files[2];
    struct arena *scratch = test_arena();
    struct err e = {0};
    unsigned held = 0;

    (void)state;
    must(evidence_make_fork(k, by(&w, &forked, 5, 1), by(&w, &honest, 9, 2), &honest.source, arena,
                            &files[0], &e),
         &e);
    must(evidence_make_backwards(&w.public, by(&w, &honest, 5, 3), by(&w, &honest, 9, 2), arena,
                                 &files[1], &e),
         &e);
    for (size_t f = 0; f < 2; f++) {
        struct evidence want, got;
        must(evidence_verify(files[f], NULL, arena, &want, &e), &e);
        for (size_t i = 0; i < files[f].n; i++) {
            struct arena_mark m = arena_mark(scratch);
            struct bytes copy;
            must(arena_copy(scratch, files[f], &copy, &e), &e);
            assert_false(evidence_verify(bytes_part(copy, 0, i), NULL, scratch, &got, &e));
            ((uint8_t *)(uintptr_t)copy.p)[i] ^= (uint8_t)(1u << (i % 7));
            if (evidence_verify(copy, NULL, scratch, &got, &e)) {
                same_facts(&want, &got);
                held++;
            }
            arena_reset(scratch, m);
        }
    }
    assert_true(held > 0 && held < files[0].n / 2 + files[1].n / 2);
    arena_free(scratch);
}

#define ACCUSED "accused alpha.example/log+6595380e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n"

static const struct row {
    const char *name, *text, *says;
} rows[] = {
    {"nothing", "", "line 1"},
    {"another version", "entente/tlog-evidence/v2\n", "line 1: expected entente"},
    {"another kind", "entente/tlog-evidence/v1\nslow\n", "line 2: expected same-size"},
    {"no accused", "entente/tlog-evidence/v1\nfork\nnote 0\n", "line 3: expected \"accused\""},
    {"a note cut short", "entente/tlog-evidence/v1\nfork\n" ACCUSED "note 10\nabc\n",
     "expected more bytes"},
    {"a note too long", "entente/tlog-evidence/v1\nfork\n" ACCUSED "note 1048577\n",
     "line 4: expected a note of at most"},
    {"a note without its length", "entente/tlog-evidence/v1\nfork\n" ACCUSED "abc\n",
     "line 4: expected \"note\""},
    {"no path", "entente/tlog-evidence/v1\nfork\n" ACCUSED "note 2\na\nnote 2\nb\n", "line 8"},
    {"a path too long",
     "entente/tlog-evidence/v1\nfork\n" ACCUSED "note 2\na\nnote 2\nb\npath 65\n",
     "line 8: expected at most 64"},
    {"a path without its hashes",
     "entente/tlog-evidence/v1\nfork\n" ACCUSED "note 2\na\nnote 2\nb\npath 1\n", "line 9"},
    {"a path where none belongs",
     "entente/tlog-evidence/v1\nsame-size\n" ACCUSED "note 2\na\nnote 2\nb\npath 0\n",
     "line 8: expected the end"},
    {"notes that are none",
     "entente/tlog-evidence/v1\nsame-size\n" ACCUSED "note 2\na\nnote 2\nb\n",
     "first note: no empty line"},
};

static void files_are_read(void **state)
{
    const struct row *r = *state;
    struct evidence found;
    struct err e = {0};

    must_fail(evidence_verify(bytes_text(r->text), NULL, arena, &found, &e), &e, ERR_INPUT,
              r->says);
}

int main(void)
{
    enum { N = sizeof rows / sizeof *rows };
    struct CMUnitTest tests[N];
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(two_roots_for_one_size_convict),
        cmocka_unit_test(a_fork_convicts_for_all_sizes),
        cmocka_unit_test(an_honest_log_is_never_convicted),
        cmocka_unit_test(only_the_accused_own_signatures_count),
        cmocka_unit_test(two_logs_are_not_one),
        cmocka_unit_test(a_cosigner_of_both_sides_is_convicted),
        cmocka_unit_test(a_cosigner_may_not_go_back),
        cmocka_unit_test(no_changed_file_says_something_else),
    };
    int failed;

    if (!crypto_init())
        return 1;
    arena = test_arena();
    test_log_make(&honest, arena, ORIGIN, 0, MOST, "");
    test_log_make(&forked, arena, ORIGIN, 0, MOST, "-fork");
    test_log_make(&late, arena, ORIGIN, 0, MOST, "");
    for (size_t i = 12; i < MOST; i++)
        late.leaf[i] = forked.leaf[i];
    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(files_are_read, rows[i]);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += cmocka_run_group_tests(rest, NULL, NULL);
    arena_free(arena);
    test_keys_free();
    return failed;
}
