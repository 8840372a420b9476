/* With every arena too small, by every amount: an error, and never half a result. */
#include "tlog_support.h"

static struct arena *arena;
static struct test_log honest, forked;
static struct cosign_key witness;
static struct bytes note, other, policy_text, proof_text, evidence_text, request;

static bool a_policy(struct arena *a, struct err *e)
{
    struct policy *p;
    struct policy_verdict v;

    return policy_parse(policy_text, a, &p, e) && policy_verify(p, note, a, &v, e);
}

static bool a_proof(struct arena *a, struct err *e)
{
    struct bytes again;
    struct proof_file f;

    return proof_file_parse(proof_text, a, &f, e) && proof_file_print(&f, a, &again, e);
}

static bool some_evidence(struct arena *a, struct err *e)
{
    struct evidence found;
    struct bytes again;

    return evidence_verify(evidence_text, NULL, a, &found, e) &&
           evidence_make_same_size(&honest.key.public, note, other, a, &again, e) &&
           evidence_make_backwards(&witness.public, test_cosign(arena, &witness, note, 9),
                                   test_cosign(arena, &witness, test_log_note(&honest, 9), 8), a,
                                   &again, e);
}

static bool an_exchange(struct arena *a, struct err *e)
{
    struct witness_request q;
    struct cosignature *found;
    struct bytes line, again;
    size_t n;

    return witness_request_parse(request, a, &q, e) &&
           witness_request_print(q.old_size, &q.proof, q.note.whole, a, &again, e) &&
           cosignature_sign(&witness, &q.checkpoint, 3, a, &line, e) &&
           witness_response_parse(line, &q.note, &witness.public, 1, a, &found, &n, e) &&
           note_append(q.note.whole, line, a, &again, e);
}

static bool signing(struct arena *a, struct err *e)
{
    struct act_key k = test_act_key("a.example/k", 1);
    struct checkpoint c = test_log_head(&honest, 8);
    struct bytes out;

    return note_sign(&k, BYTES("text\n"), a, &out, e) &&
           checkpoint_sign(&honest.key, &c, a, &out, e);
}

static bool empty_fetch(void *self, const struct tlog_tile *t, struct bytes *out, struct err *e)
{
    static const uint8_t zeros[TLOG_TILE_BYTES];

    (void)self;
    (void)e;
    *out = bytes_of(zeros, t->width * 32);
    return true;
}

static bool tiles(struct arena *a, struct err *e)
{
    struct tlog_tile_fetch fetch = {empty_fetch, NULL};

    return tlog_tiles_new(a, 70000, &fetch, e) && tlog_builder_load(a, 70000, &fetch, e);
}

static const struct row {
    const char *name;
    bool (*work)(struct arena *a, struct err *e);
    size_t step;
} rows[] = {
    {"a policy and a checkpoint under it", a_policy, 16},
    {"a proof read and written", a_proof, 16},
    {"evidence read and made", some_evidence, 64},
    {"a request, an answer, a note with one more line", an_exchange, 16},
    {"signing", signing, 16},
    {"tiles and a builder", tiles, 1024},
};

static void fails_until_it_fits(void **state)
{
    const struct row *r = *state;
    bool done = false;
    size_t cap = 0;

    for (; !done; cap += r->step) {
        struct arena *a = arena_new(cap);
        struct err e = {0};
        assert_non_null(a);
        assert_true(cap < 1 << 20);
        done = r->work(a, &e);
        assert_int_equal(e.code, done ? ERR_NONE : ERR_LIMIT);
        arena_free(a);
    }
    assert_true(cap > 2 * r->step);
}

static void prepare(void)
{
    char log[NOTE_VKEY_MAX], w[NOTE_VKEY_MAX];
    struct proof_file f = {.index = 3};
    struct tlog_proof p;
    struct err e = {0};

    test_log_make(&honest, arena, "a.example", 0, 16, "");
    test_log_make(&forked, arena, "a.example", 0, 16, "-fork");
    witness = test_cosign_key("w.example", 0x20);
    note = test_cosign(arena, &witness, test_log_note(&honest, 8), 1);
    other = test_log_note(&forked, 8);
    note_key_print(&honest.key.public, log);
    note_key_print(&witness.public, w);
    policy_text = bytes_text(
        arena_format(arena, &e, "log %s\nwitness w %s\ngroup g any w\nquorum g\n", log, w));
    must(tlog_prove_inclusion(&honest.source, 3, 8, &f.proof, &e), &e);
    f.note = note;
    must(proof_file_print(&f, arena, &proof_text, &e), &e);
    must(evidence_make_same_size(&honest.key.public, note, other, arena, &evidence_text, &e), &e);
    must(tlog_prove_consistency(&honest.source, 5, 8, &p, &e), &e);
    must(witness_request_print(5, &p, note, arena, &request, &e), &e);
}

int main(void)
{
    enum { N = sizeof rows / sizeof *rows };
    struct CMUnitTest tests[N];
    int failed;

    if (!crypto_init())
        return 1;
    arena = test_arena();
    prepare();
    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(fails_until_it_fits, rows[i]);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    test_keys_free();
    return failed;
}
