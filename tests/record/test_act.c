#include "record/record_support.h"

static struct act draft(void)
{
    struct act act = {
        .agreement = BYTES("000102030405060708090a0b0c0d0e0f"),
        .from = BYTES("north"),
        .kind = BYTES("share"),
        .clause = BYTES("share.indicator"),
        .tlp = BYTES("amber"),
        .time = BYTES("2026-01-31T12:00:00Z"),
        .seq = 7,
        .to = {BYTES("east"), BYTES("south")},
        .to_n = 2,
        .refs_n = 1,
        .body = {.media_type = BYTES(MEDIA_STIX), .size = 3},
    };
    sha256(BYTES("abc"), &act.body.sha256);
    return act;
}

static struct act signed_act(struct arena *a, const struct test_party *p)
{
    struct act act = draft();
    struct act_key key;
    struct err e = {0};

    must(act_signer(BYTES("north"), KEY_ACTS, keyring_key(p->keys, KEY_ACTS), &key, &e), &e);
    must(act_print(&act, a, &e), &e);
    must(act_sign(&act, &key, a, &e), &e);
    return act;
}

static void an_act_comes_back(void **state)
{
    struct arena *a = test_arena();
    struct test_party p = test_party(a, "north");
    struct act act = signed_act(a, &p), again;
    struct err e = {0};

    (void)state;
    must(act_parse(act.note, a, &again, &e), &e);
    must(act_verify(&again, &p.card.keys[KEY_ACTS], KEY_ACTS, &e), &e);
    assert_true(hash_equal(&act.text_hash, &again.text_hash));
    assert_true(hash_equal(&act.entry, &again.entry));
    assert_int_equal(again.seq, 7);
    assert_int_equal(again.to_n, 2);
    assert_true(bytes_are(again.to[1], "south"));
    must(act_body_matches(&again.body, BYTES("abc"), &e), &e);
    must_fail(act_body_matches(&again.body, BYTES("abd"), &e), &e, ERR_PROOF, "digest");
    must_fail(act_body_matches(&again.body, BYTES("ab"), &e), &e, ERR_PROOF, "2 bytes");
    must_fail(act_verify(&again, &p.card.keys[KEY_MIRROR], KEY_ACTS, &e), &e, ERR_PROOF, "act 7");
    assert_true(act_is_for(&again, BYTES("south")) && act_is_for(&again, BYTES("north")));
    assert_false(act_is_for(&again, BYTES("west")));
    keyring_free(p.keys);
    arena_free(a);
}

static void no_bit_may_change(void **state)
{
    struct arena *a = test_arena();
    struct test_party p = test_party(a, "north");
    struct act act = signed_act(a, &p);
    struct arena_mark m = arena_mark(a);

    (void)state;
    for (size_t i = 0; i < act.note.n * 8; i++) {
        struct err e = {0};
        struct bytes copy;
        struct act x;
        must(arena_copy(a, act.note, &copy, &e), &e);
        ((uint8_t *)(uintptr_t)copy.p)[i / 8] ^= (uint8_t)(1u << i % 8);
        if (act_parse(copy, a, &x, &e) && act_verify(&x, &p.card.keys[KEY_ACTS], KEY_ACTS, &e))
            fail_msg("bit %zu may be changed", i);
        arena_reset(a, m);
    }
    keyring_free(p.keys);
    arena_free(a);
}

static const struct row {
    const char *name, *from, *to, *says;
} rows[] = {
    {"a first line of another kind", "entente/act/v1", "entente/act/v2", "expected entente/act/v1"},
    {"a member nobody knows", "\"seq\":7", "\"seq\":7,\"sex\":1", "sex"},
    {"a member that is missing", "\"kind\":\"share\",", "", "kind"},
    {"a number with a plus", "\"seq\":7", "\"seq\":+7", "line 2"},
    {"a negative sequence number", "\"seq\":7", "\"seq\":-7", "negative"},
    {"blanks, so not canonical", "\"seq\":7", "\"seq\": 7", "canonical"},
    {"keys out of order", "\"from\":\"north\",\"kind\":\"share\"",
     "\"kind\":\"share\",\"from\":\"north\"", "canonical"},
    {"a key twice", "\"seq\":7", "\"seq\":7,\"seq\":7", "seq"},
    {"upper-case hex", "000102030405060708090a", "000102030405060708090A", "agreement"},
    {"a path for a slug", "\"from\":\"north\"", "\"from\":\"../x\"", "slug"},
    {"recipients out of order", "[\"east\",\"south\"]", "[\"south\",\"east\"]", "sorted"},
    {"a recipient twice", "[\"east\",\"south\"]", "[\"east\",\"east\"]", "sorted"},
    {"an escape in a kind", "\"kind\":\"share\"", "\"kind\":\"sh\\u001bre\"", "kind"},
    {"a time with an offset", "12:00:00Z", "12:00:00+00:00", "time"},
    {"no signature", "\xe2\x80\x94 north/acts ", "north/acts ", "act"},
};

static void malformed_acts_are_named(void **state)
{
    const struct row *r = *state;
    struct arena *a = test_arena();
    struct test_party p = test_party(a, "north");
    struct act act = signed_act(a, &p), x;
    struct err e = {0};

    must_fail(act_parse(test_edit(a, act.note, r->from, r->to), a, &x, &e), &e, ERR_INPUT, r->says);
    keyring_free(p.keys);
    arena_free(a);
}

static void a_salted_body_needs_its_salt(void **state)
{
    struct act_body body = {.media_type = BYTES(MEDIA_STIX), .size = 3, .salted = true};
    struct err e = {0};

    (void)state;
    memset(body.salt, 7, sizeof body.salt);
    sha256(BYTES("\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7"
                 "abc"),
           &body.sha256);
    must(act_body_matches(&body, BYTES("abc"), &e), &e);
    body.salt[0] = 8;
    must_fail(act_body_matches(&body, BYTES("abc"), &e), &e, ERR_PROOF, "digest");
}

int main(void)
{
    struct CMUnitTest tests[32] = {
        cmocka_unit_test(an_act_comes_back),
        cmocka_unit_test(no_bit_may_change),
        cmocka_unit_test(a_salted_body_needs_its_salt),
    };
    size_t n = 3;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(malformed_acts_are_named, rows[i]);
    if (!crypto_init())
        return 1;
    return _cmocka_run_group_tests("act", tests, n, NULL, NULL);
}
