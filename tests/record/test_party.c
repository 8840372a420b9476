#include "record/record_support.h"

static void a_card_comes_back(void **state)
{
    struct arena *a = test_arena();
    struct test_party p = test_party(a, "north");
    struct card again;
    struct err e = {0};

    (void)state;
    must(card_parse(p.card.note, a, &again, &e), &e);
    assert_true(bytes_are(again.slug, "north"));
    assert_true(hash_equal(&again.id, &p.card.id));
    assert_int_equal(again.contacts_n, 1);
    assert_true(bytes_are(again.contacts[0].name, "Duty desk"));
    keyring_free(p.keys);
    arena_free(a);
}

static void every_altered_byte_is_refused(void **state)
{
    struct arena *a = test_arena();
    struct test_party p = test_party(a, "north");
    struct arena_mark m = arena_mark(a);

    (void)state;
    for (size_t i = 0; i < p.card.note.n; i++) {
        struct err e = {0};
        struct bytes copy;
        struct card c;
        must(arena_copy(a, p.card.note, &copy, &e), &e);
        ((uint8_t *)(uintptr_t)copy.p)[i] ^= 1;
        if (card_parse(copy, a, &c, &e))
            fail_msg("byte %zu may be changed", i);
        arena_reset(a, m);
    }
    keyring_free(p.keys);
    arena_free(a);
}

static void a_key_that_is_not_ones_own_is_refused(void **state)
{
    struct arena *a = test_arena();
    struct test_party north = test_party(a, "north"), south = test_party(a, "south");
    char mine[65] = {0}, theirs[65] = {0};
    struct bytes note;
    struct card c;
    struct err e = {0};

    (void)state;
    hex_encode(mine, north.card.keys[KEY_MIRROR].b, 32);
    hex_encode(theirs, south.card.keys[KEY_MIRROR].b, 32);
    note = test_edit(a, north.card.note, mine, theirs);
    must_fail(card_parse(note, a, &c, &e), &e, ERR_PROOF, NULL);
    keyring_free(north.keys);
    keyring_free(south.keys);
    arena_free(a);
}

static void a_challenge_is_answered_by_every_operating_key(void **state)
{
    struct arena *a = test_arena();
    struct test_party p = test_party(a, "north"), q = test_party(a, "south");
    uint8_t nonce[32] = {1, 2, 3}, other[32] = {0};
    struct bytes answer;
    struct err e = {0};

    (void)state;
    must(challenge_answer(p.keys, nonce, a, &answer, &e), &e);
    must(challenge_verify(&p.card, nonce, answer, &e), &e);
    must_fail(challenge_verify(&p.card, other, answer, &e), &e, ERR_PROOF, "did not answer");
    must_fail(challenge_verify(&q.card, nonce, answer, &e), &e, ERR_PROOF, "\"acts\"");
    answer.n -= 5;
    must_fail(challenge_verify(&p.card, nonce, answer, &e), &e, ERR_INPUT, "line 5");
    keyring_free(p.keys);
    keyring_free(q.keys);
    arena_free(a);
}

static void keys_come_back_from_disk(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct bytes passphrase = *state ? BYTES("a long one") : (struct bytes){0};
    struct err e = {0};
    struct keyring *k = keyring_new(os_system(), &e), *again;

    must(keyring_save(k, os_system(), dir, passphrase, &e), &e);
    assert_int_equal(keyring_locked(os_system(), dir), *state != NULL);
    again = keyring_open(os_system(), dir, 0x3f, passphrase, &e);
    must(again != NULL, &e);
    for (int i = 0; i < KEY_ROLES; i++) {
        struct sign_public x = sign_key_public(keyring_key(k, (enum key_role)i)),
                           y = sign_key_public(keyring_key(again, (enum key_role)i));
        assert_memory_equal(x.b, y.b, 32);
    }
    keyring_free(again);
    if (*state) {
        assert_null(keyring_open(os_system(), dir, 1, (struct bytes){0}, &e));
        assert_int_equal(e.code, ERR_DENIED);
        assert_null(keyring_open(os_system(), dir, 1, BYTES("wrong"), &e));
        assert_int_equal(e.code, ERR_PROOF);
    }
    must(os_remove(os_system(), arena_format(a, &e, "%s/tls.key", dir), &e), &e);
    assert_null(keyring_open(os_system(), dir, 1 << KEY_TLS, passphrase, &e));
    assert_int_equal(e.code, ERR_MISSING);
    keyring_free(k);
    test_dir_remove(dir);
    arena_free(a);
}

static void an_older_card_does_not_replace_a_newer(void **state)
{
    struct arena *a = test_arena();
    struct test_party p = test_party(a, "north"), q = test_party(a, "north");
    struct card second = p.card;
    struct err e = {0};

    (void)state;
    second.serial = 2;
    must(card_sign(&second, p.keys, a, &e), &e);
    must(card_succeeds(&p.card, &second, &e), &e);
    must(card_succeeds(&p.card, &p.card, &e), &e);
    must_fail(card_succeeds(&second, &p.card, &e), &e, ERR_DENIED, "old card");
    must_fail(card_succeeds(&p.card, &q.card, &e), &e, ERR_DENIED, "another party");
    keyring_free(p.keys);
    keyring_free(q.keys);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_comes_back),
        cmocka_unit_test(every_altered_byte_is_refused),
        cmocka_unit_test(a_key_that_is_not_ones_own_is_refused),
        cmocka_unit_test(a_challenge_is_answered_by_every_operating_key),
        {"keys come back from disk in the clear", keys_come_back_from_disk, NULL, NULL, NULL},
        {"keys come back from disk under a passphrase", keys_come_back_from_disk, NULL, NULL,
         (void *)1},
        cmocka_unit_test(an_older_card_does_not_replace_a_newer),
    };
    if (!crypto_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
