#include "tlog_support.h"

#define MAGIC "c2sp.org/tlog-proof@v1\n"
#define HASH "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
#define NOTE "a.example\n8\n" HASH "\n\xe2\x80\x94 k AAAAAAE=\n"

static struct arena *arena;

static const struct row {
    const char *name, *text;
    const char *says; /* NULL: it is accepted */
} rows[] = {
    {"the least", MAGIC "index 0\n\n" NOTE, NULL},
    {"with hashes", MAGIC "index 3\n" HASH HASH "\n" NOTE, NULL},
    {"with extra", MAGIC "extra aGVsbG8=\nindex 3\n" HASH "\n" NOTE, NULL},
    {"with empty extra", MAGIC "extra \nindex 3\n\n" NOTE, NULL},
    {"nothing", "", "line 1"},
    {"another version", "c2sp.org/tlog-proof@v2\nindex 0\n\n" NOTE, "line 1: expected c2sp.org"},
    {"no index", MAGIC "\n" NOTE, "line 2: expected \"index\""},
    {"index before extra", MAGIC "index 3\nextra aGVsbG8=\n\n" NOTE, "line 3: expected the base64"},
    {"extra twice", MAGIC "extra aGVsbG8=\nextra aGVsbG8=\nindex 3\n\n" NOTE,
     "line 3: expected \"index\""},
    {"extra that is not base64", MAGIC "extra hello\nindex 3\n\n" NOTE,
     "line 2: expected \"extra\""},
    {"extra without its space", MAGIC "extraaGVsbG8=\nindex 3\n\n" NOTE,
     "line 2: expected \"index\""},
    {"an index with a zero before it", MAGIC "index 03\n\n" NOTE, "line 2: expected \"index\""},
    {"an index with a sign", MAGIC "index -3\n\n" NOTE, "line 2: expected \"index\""},
    {"no empty line", MAGIC "index 3\n" HASH NOTE, "line 4: expected the base64"},
    {"a note without signatures", MAGIC "index 3\n\na.example\n8\n" HASH,
     "the note from line 4 on"},
    {"no note", MAGIC "index 3\n\n", "the note from line 4 on"},
};

static void proofs_are_read(void **state)
{
    const struct row *r = *state;
    struct proof_file f;
    struct bytes again;
    struct err e = {0};
    bool ok = proof_file_parse(bytes_text(r->text), arena, &f, &e);

    if (r->says) {
        must_fail(ok, &e, ERR_INPUT, r->says);
        return;
    }
    must(ok, &e);
    must(proof_file_print(&f, arena, &again, &e), &e);
    assert_true(bytes_are(again, r->text));
}

static void a_proof_is_not_too_long(void **state)
{
    struct proof_file f = {.proof = {.n = 64}};
    size_t n = 3 * LIMIT_NOTE_BYTES;
    uint8_t *big = arena_get(arena, n, NULL);
    struct bytes out;
    struct err e = {0};

    (void)state;
    must_fail(proof_file_print(&f, arena, &out, &e), &e, ERR_LIMIT, "63");
    must_fail(proof_file_parse(bytes_of(big, n), arena, &f, &e), &e, ERR_LIMIT, "2097152");
}

static struct policy *policy_for(const struct test_log *l, const struct cosign_key *w)
{
    char log[NOTE_VKEY_MAX], witness[NOTE_VKEY_MAX], text[2 * NOTE_VKEY_MAX + 64];
    struct policy *p;
    struct err e = {0};

    note_key_print(&l->key.public, log);
    note_key_print(&w->public, witness);
    snprintf(text, sizeof text, "log %s\nwitness w %s\nquorum w\n", log, witness);
    must(policy_parse(bytes_text(text), arena, &p, &e), &e);
    return p;
}

static void a_file_proves_its_entry_and_nothing_else(void **state)
{
    struct cosign_key w = test_cosign_key("w.example", 0x20);
    struct policy_verdict v;
    struct test_log l;
    struct policy *p;
    struct err e = {0};

    (void)state;
    test_log_make(&l, arena, "a.example", 0, 20, "");
    p = policy_for(&l, &w);
    for (uint64_t size = 1; size <= 20; size++)
        for (uint64_t i = 0; i < size; i++) {
            struct proof_file f = {.index = i};
            struct bytes file, entry;
            struct buf b = buf_in(arena);
            buf_decimal(&b, i);
            entry = buf_view(&b);
            f.note = test_cosign(arena, &w, test_log_note(&l, size), 9);
            must(tlog_prove_inclusion(&l.source, i, size, &f.proof, &e), &e);
            must(proof_file_print(&f, arena, &file, &e), &e);
            must(proof_file_parse(file, arena, &f, &e), &e);
            must(proof_file_verify(&f, entry, p, arena, &v, &e), &e);
            assert_int_equal(v.cosignatures[0].time, 9);
            must_fail(proof_file_verify(&f, BYTES("x"), p, arena, &v, &e), &e, ERR_PROOF,
                      "of a.example: the inclusion proof");
            f.index++;
            must_fail(proof_file_verify(&f, entry, p, arena, &v, &e), &e, ERR_PROOF, NULL);
            f.index--;
            f.note = test_log_note(&l, size);
            must_fail(proof_file_verify(&f, entry, p, arena, &v, &e), &e, ERR_PROOF, "no quorum");
        }
}

int main(void)
{
    enum { N = sizeof rows / sizeof *rows };
    struct CMUnitTest tests[N];
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(a_proof_is_not_too_long),
        cmocka_unit_test(a_file_proves_its_entry_and_nothing_else),
    };
    int failed;

    if (!crypto_init())
        return 1;
    arena = test_arena();
    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(proofs_are_read, rows[i]);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += cmocka_run_group_tests(rest, NULL, NULL);
    arena_free(arena);
    test_keys_free();
    return failed;
}
