#include "tlog_support.h"

#define ORIGIN "entente/1/ana"
#define HASH "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
#define NOTE ORIGIN "\n8\n" HASH "\n\xe2\x80\x94 k AAAAAAE=\n"

static struct arena *arena;
static struct test_log log_, fork_; /* two logs of one name and one key */

/* ---- requests ------------------------------------------------------------------------------- */

static const struct row {
    const char *name, *body;
    const char *says; /* NULL: it is accepted */
} rows[] = {
    {"without a proof", "old 0\n\n" NOTE, NULL},
    {"with one hash", "old 5\n" HASH "\n" NOTE, NULL},
    {"an old size beyond the new one", "old 18446744073709551615\n\n" NOTE, NULL},
    {"nothing", "", "line 1"},
    {"no old size", "\n\n" NOTE, "line 1: expected \"old\""},
    {"another word", "size 5\n\n" NOTE, "line 1: expected \"old\""},
    {"two spaces", "old  5\n\n" NOTE, "line 1: expected \"old\""},
    {"no space", "old5\n\n" NOTE, "line 1: expected \"old\""},
    {"a zero before the size", "old 05\n\n" NOTE, "line 1: expected \"old\""},
    {"a space behind the size", "old 5 \n\n" NOTE, "line 1: expected \"old\""},
    {"a size past 64 bits", "old 18446744073709551616\n\n" NOTE, "line 1: expected \"old\""},
    {"a carriage return", "old 5\r\n\n" NOTE, "line 1: expected \"old\""},
    {"no empty line before the note", "old 5\n" NOTE, "line 2: expected the base64"},
    {"a hash too short", "old 5\nAAAA\n\n" NOTE, "line 2: expected the base64"},
    {"a hash too long", "old 5\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=AAAA\n\n" NOTE,
     "line 2: expected the base64"},
    {"no note", "old 5\n\n", "note from line 3 on: no empty line"},
    {"a note without signatures", "old 5\n\n" ORIGIN "\n8\n" HASH "\n", "expected signature lines"},
    {"a note that is no checkpoint", "old 5\n\ntext\n\n\xe2\x80\x94 k AAAAAAE=\n",
     "checkpoint: line 2"},
    {"an extension line", "old 5\n\n" ORIGIN "\n8\n" HASH "more\n\n\xe2\x80\x94 k AAAAAAE=\n",
     "line 4: expected the end"},
};

static void requests_are_read(void **state)
{
    const struct row *r = *state;
    struct witness_request q;
    struct bytes again;
    struct err e = {0};
    bool ok = witness_request_parse(bytes_text(r->body), arena, &q, &e);

    if (r->says) {
        must_fail(ok, &e, ERR_INPUT, r->says);
        return;
    }
    must(ok, &e);
    assert_string_equal(q.checkpoint.origin, ORIGIN);
    must(witness_request_print(q.old_size, &q.proof, q.note.whole, arena, &again, &e), &e);
    assert_true(bytes_are(again, r->body));
}

static void at_most_63_hashes(void **state)
{
    struct buf b = buf_in(arena);
    struct witness_request q;
    struct bytes most;
    struct err e = {0};

    (void)state;
    buf_puts(&b, "old 5\n");
    for (unsigned i = 0; i < 63; i++)
        buf_puts(&b, HASH);
    must(arena_copy(arena, buf_view(&b), &most, &e), &e);
    buf_puts(&b, "\n" NOTE);
    must(witness_request_parse(buf_view(&b), arena, &q, &e), &e);
    assert_int_equal(q.proof.n, 63);
    b = buf_in(arena);
    buf_put(&b, most);
    buf_puts(&b, HASH "\n" NOTE);
    must_fail(witness_request_parse(buf_view(&b), arena, &q, &e), &e, ERR_INPUT,
              "line 65: expected at most 63");
}

/* ---- decisions ------------------------------------------------------------------------------ */

enum proof { RIGHT, EMPTY, WRONG, LONG };
enum signer { LOG, STRANGER, BROKEN };

/* What the witness has, what it is asked, and the standard's order: each later check is reached
 * only if all before it pass. */
static const struct decide_row {
    const char *name;
    bool unknown;
    uint64_t stored;
    uint64_t old, new;
    enum proof proof;
    enum signer signer;
    bool forked, bad_empty; /* the note's root is the other log's; or wrong for size 0 */
    int status;
    enum witness_keep keep;
} decisions[] = {
    {"the first checkpoint", .stored = 0, .old = 0, .new = 8, .proof = EMPTY, .status = 200},
    {"a larger one", .stored = 5, .old = 5, .new = 8, .status = 200},
    {"from a power of two", .stored = 4, .old = 4, .new = 8, .status = 200},
    {"the same again", .stored = 8, .old = 8, .new = 8, .status = 200},
    {"the empty tree", .stored = 0, .old = 0, .new = 0, .proof = EMPTY, .status = 200},
    {"an unknown origin", .unknown = true, .old = 0, .new = 8, .status = 404},
    {"an unknown origin with all else wrong too", .unknown = true, .old = 9, .new = 8,
     .proof = WRONG, .signer = BROKEN, .status = 404},
    {"signed by a stranger", .stored = 5, .old = 5, .new = 8, .signer = STRANGER, .status = 403},
    {"a broken signature", .stored = 5, .old = 5, .new = 8, .signer = BROKEN, .status = 403},
    {"a broken signature comes before the old size", .stored = 5, .old = 9, .new = 8,
     .signer = BROKEN, .status = 403},
    {"a fork by a stranger is no evidence", .stored = 8, .old = 8, .new = 8, .forked = true,
     .signer = STRANGER, .status = 403},
    {"an old size beyond the new", .stored = 5, .old = 9, .new = 8, .status = 400},
    {"an old size beyond the new comes before the conflict", .stored = 3, .old = 9, .new = 8,
     .status = 400},
    {"behind", .stored = 5, .old = 3, .new = 8, .status = 409},
    {"ahead", .stored = 5, .old = 7, .new = 8, .status = 409},
    {"never seen, but a proof from 5", .stored = 0, .old = 5, .new = 8, .status = 409},
    {"a conflict comes before the proof", .stored = 5, .old = 3, .new = 8, .proof = WRONG,
     .status = 409},
    {"rolled back", .stored = 8, .old = 5, .new = 5, .status = 409},
    {"a proof that is wrong", .stored = 5, .old = 5, .new = 8, .proof = WRONG, .status = 422,
     .keep = WITNESS_KEEP_SUSPECT},
    {"no proof", .stored = 5, .old = 5, .new = 8, .proof = EMPTY, .status = 422,
     .keep = WITNESS_KEEP_SUSPECT},
    {"a proof too long", .stored = 5, .old = 5, .new = 8, .proof = LONG, .status = 422,
     .keep = WITNESS_KEEP_SUSPECT},
    {"a proof from nothing", .stored = 0, .old = 0, .new = 8, .proof = LONG, .status = 422,
     .keep = WITNESS_KEEP_SUSPECT},
    {"a proof for the same size", .stored = 8, .old = 8, .new = 8, .proof = LONG, .status = 422,
     .keep = WITNESS_KEEP_SUSPECT},
    {"a fork", .stored = 5, .old = 5, .new = 8, .forked = true, .status = 422,
     .keep = WITNESS_KEEP_SUSPECT},
    {"the same size with another root", .stored = 8, .old = 8, .new = 8, .forked = true,
     .status = 422, .keep = WITNESS_KEEP_PROOF},
    {"the same size with another root, behind a conflict", .stored = 8, .old = 3, .new = 8,
     .forked = true, .status = 409, .keep = WITNESS_KEEP_PROOF},
    {"the same size with another root, behind a bad request", .stored = 8, .old = 9, .new = 8,
     .forked = true, .status = 400, .keep = WITNESS_KEEP_PROOF},
    {"an empty tree with another root", .stored = 0, .old = 0, .new = 0, .proof = EMPTY,
     .bad_empty = true, .status = 422, .keep = WITNESS_KEEP_SUSPECT},
};

static struct tlog_proof proof_for(const struct decide_row *r, const struct test_log *l)
{
    struct tlog_proof p = {0};

    if (r->proof != EMPTY && r->old <= r->new)
        assert_true(tlog_prove_consistency(&l->source, r->old, r->new, &p, NULL));
    if (r->proof == WRONG && p.n)
        p.hash[0].b[0] ^= 1;
    if (r->proof == LONG)
        p.n++;
    return p;
}

static struct bytes note_for(const struct decide_row *r, const struct test_log *l)
{
    struct checkpoint c = test_log_head(l, r->new);
    struct test_log by = *l;
    struct bytes note, line_of;
    struct note signed_, other;
    struct err e = {0};

    if (r->bad_empty)
        c.root.b[0] ^= 1;
    if (r->signer == STRANGER)
        by.key = test_log_key(ORIGIN, 99);
    note = test_sign_head(&by, &c);
    if (r->signer != BROKEN)
        return note;
    /* The log's own line, but from under another checkpoint. */
    must(note_parse(note, arena, &signed_, &e), &e);
    line_of = test_log_note(l, r->new + 1);
    must(note_parse(line_of, arena, &other, &e), &e);
    {
        struct buf b = buf_in(arena);
        buf_put(&b, signed_.text);
        buf_puts(&b, "\n");
        buf_put(&b, other.lines[0].whole);
        return buf_view(&b);
    }
}

static void decides(void **state)
{
    const struct decide_row *r = *state;
    const struct test_log *l = r->forked ? &fork_ : &log_;
    struct checkpoint stored = test_log_head(&log_, r->stored);
    struct witness_log known = {&log_.key.public, 1, r->stored, stored.root};
    struct tlog_proof p = proof_for(r, l);
    struct witness_request q;
    struct witness_decision d;
    struct bytes body;
    uint64_t size;
    struct err e = {0};

    if (r->stored == 0)
        memset(&known.root, 0xee, sizeof known.root); /* never cosigned: not to be looked at */
    must(witness_request_print(r->old, &p, note_for(r, l), arena, &body, &e), &e);
    must(witness_request_parse(body, arena, &q, &e), &e);
    witness_decide(r->unknown ? NULL : &known, &q, &d);
    assert_int_equal(d.status, r->status);
    assert_int_equal(d.keep, r->keep);
    if (d.status == 409) {
        assert_string_equal(d.content_type, "text/x.tlog.size");
        must(witness_conflict_parse(bytes_text(d.body), &size, &e), &e);
        assert_int_equal(size, r->stored);
    } else {
        assert_string_equal(d.body, "");
    }
}

/* A client that follows the answers gets its cosignature from any state of the witness. */
static void a_client_that_resyncs_succeeds(void **state)
{
    struct cosign_key w = test_cosign_key("w.example", 0x20);
    struct note_key keys[] = {w.public};

    (void)state;
    for (uint64_t stored = 0; stored <= 16; stored++)
        for (uint64_t guess = 0; guess <= 16; guess++) {
            struct checkpoint at = test_log_head(&log_, stored);
            struct witness_log known = {&log_.key.public, 1, stored, at.root};
            struct bytes note = test_log_note(&log_, 16), body, line;
            struct witness_decision d = {0};
            struct witness_request q;
            struct tlog_proof p;
            struct cosignature *found;
            uint64_t old = guess;
            size_t n;
            struct err e = {0};
            for (unsigned tries = 0; d.status != 200; tries++) {
                assert_true(tries < 2);
                must(tlog_prove_consistency(&log_.source, old, 16, &p, &e), &e);
                must(witness_request_print(old, &p, note, arena, &body, &e), &e);
                must(witness_request_parse(body, arena, &q, &e), &e);
                witness_decide(&known, &q, &d);
                if (d.status == 409)
                    must(witness_conflict_parse(bytes_text(d.body), &old, &e), &e);
            }
            must(cosignature_sign(&w, &q.checkpoint, 7, arena, &line, &e), &e);
            must(witness_response_parse(line, &q.note, keys, 1, arena, &found, &n, &e), &e);
            assert_int_equal(n, 1);
        }
}

/* ---- answers -------------------------------------------------------------------------------- */

static void answers_are_checked_against_the_note(void **state)
{
    struct cosign_key w[2] = {test_cosign_key("w1.example", 0x20),
                              test_cosign_key("w2.example", 0x30)};
    struct note_key keys[] = {w[0].public, w[1].public};
    struct checkpoint eight = test_log_head(&log_, 8), seven = test_log_head(&log_, 7);
    struct bytes good, other, wrong;
    struct buf b = buf_in(arena);
    struct cosignature *found;
    struct note note;
    struct err e = {0};
    size_t n;

    (void)state;
    must(note_parse(test_log_note(&log_, 8), arena, &note, &e), &e);
    must(cosignature_sign(&w[0], &eight, 5, arena, &good, &e), &e);
    must(cosignature_sign(&w[1], &eight, 6, arena, &other, &e), &e);
    must(cosignature_sign(&w[0], &seven, 5, arena, &wrong, &e), &e);
    must(witness_response_parse(good, &note, keys, 2, arena, &found, &n, &e), &e);
    assert_true(bytes_equal(found[0].line, good));
    must_fail(witness_response_parse(other, &note, keys, 1, arena, &found, &n, &e), &e, ERR_PROOF,
              "no cosignature by a known key");
    must_fail(witness_response_parse(wrong, &note, keys, 2, arena, &found, &n, &e), &e, ERR_PROOF,
              "does not verify");
    buf_put(&b, other);
    buf_put(&b, good);
    must(witness_response_parse(buf_view(&b), &note, keys, 1, arena, &found, &n, &e), &e);
    assert_int_equal(n, 1);
    buf_put(&b, wrong);
    must_fail(witness_response_parse(buf_view(&b), &note, keys, 1, arena, &found, &n, &e), &e,
              ERR_PROOF, NULL);
    must_fail(witness_response_parse(BYTES(""), &note, keys, 2, arena, &found, &n, &e), &e,
              ERR_INPUT, NULL);
    must_fail(witness_response_parse(BYTES("<html>\n"), &note, keys, 2, arena, &found, &n, &e), &e,
              ERR_INPUT, "em dash");
}

static void the_body_of_a_conflict(void **state)
{
    static const char *const bad[] = {
        "", "3", "03\n", "3\n\n", "3 \n", "-1\n", "9223372036854775808\n"};
    struct err e = {0};
    uint64_t size;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        must_fail(witness_conflict_parse(bytes_text(bad[i]), &size, &e), &e, ERR_INPUT, "size");
    must(witness_conflict_parse(BYTES("9223372036854775807\n"), &size, &e), &e);
    assert_int_equal(size, TLOG_SIZE_MAX);
}

int main(void)
{
    enum { N = sizeof rows / sizeof *rows, M = sizeof decisions / sizeof *decisions };
    struct CMUnitTest reads[N], decide[M];
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(at_most_63_hashes),
        cmocka_unit_test(a_client_that_resyncs_succeeds),
        cmocka_unit_test(answers_are_checked_against_the_note),
        cmocka_unit_test(the_body_of_a_conflict),
    };
    int failed;

    if (!crypto_init())
        return 1;
    arena = test_arena();
    test_log_make(&log_, arena, ORIGIN, 0, 16, "");
    test_log_make(&fork_, arena, ORIGIN, 0, 16, "-fork");
    for (size_t i = 0; i < N; i++)
        reads[i] = (struct CMUnitTest)ROW_TEST(requests_are_read, rows[i]);
    for (size_t i = 0; i < M; i++)
        decide[i] = (struct CMUnitTest)ROW_TEST(decides, decisions[i]);
    failed = cmocka_run_group_tests(reads, NULL, NULL);
    failed += cmocka_run_group_tests(decide, NULL, NULL);
    failed += cmocka_run_group_tests(rest, NULL, NULL);
    arena_free(arena);
    test_keys_free();
    return failed;
}
