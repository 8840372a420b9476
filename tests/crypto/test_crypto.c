#include "crypto/crypto.h"
#include "support/support.h"

static void known_hashes(void **state)
{
    struct hash h;
    uint8_t want[64], got[64];

    (void)state;
    hex_decode(want, 32, BYTES("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    sha256(BYTES("abc"), &h);
    assert_memory_equal(h.b, want, 32);
    hex_decode(want, 20, BYTES("a9993e364706816aba3e25717850c26c9cd0d89d"));
    sha1(BYTES("abc"), got);
    assert_memory_equal(got, want, 20);
    sha1_two(BYTES("a"), BYTES("bc"), got);
    assert_memory_equal(got, want, 20);
}

static void transcripts_do_not_run_together(void **state)
{
    struct transcript a, b;
    struct hash x, y;

    (void)state;
    transcript_init(&a, "l");
    transcript_add(&a, BYTES("ab"));
    transcript_add(&a, BYTES("c"));
    transcript_init(&b, "l");
    transcript_add(&b, BYTES("a"));
    transcript_add(&b, BYTES("bc"));
    transcript_hash(&a, &x);
    transcript_hash(&b, &y);
    assert_false(hash_equal(&x, &y));
    transcript_hash(&a, &y);
    assert_true(hash_equal(&x, &y));
}

static void keys_sign_and_answer_challenges(void **state)
{
    struct err e = {0};
    struct sign_key *k = sign_key_new(os_system(), &e);
    struct sign_public p = sign_key_public(k), small = {{1}};
    struct signature s;
    uint8_t nonce[32] = {7};

    (void)state;
    sign_message(k, BYTES("text"), &s);
    assert_true(sign_verify(&p, BYTES("text"), &s));
    assert_false(sign_verify(&p, BYTES("texu"), &s));
    assert_true(sign_public_valid(&p));
    assert_false(sign_public_valid(&small));
    sign_challenge(k, nonce, &s);
    assert_true(sign_challenge_verify(&p, nonce, &s));
    nonce[0]++;
    assert_false(sign_challenge_verify(&p, nonce, &s));
    sign_key_free(k);
}

static void a_passphrase_opens_what_it_sealed(void **state)
{
    struct arena *a = test_arena();
    struct bytes sealed, plain;
    struct err e = {0};

    (void)state;
    must(passphrase_seal(os_system(), BYTES("correct horse"), "l", BYTES("seed"), a, &sealed, &e),
         &e);
    must(passphrase_open(BYTES("correct horse"), "l", sealed, a, &plain, &e), &e);
    assert_true(bytes_are(plain, "seed"));
    must_fail(passphrase_open(BYTES("wrong"), "l", sealed, a, &plain, &e), &e, ERR_PROOF, "wrong");
    must_fail(passphrase_open(BYTES("correct horse"), "m", sealed, a, &plain, &e), &e, ERR_PROOF,
              NULL);
    sealed.n = 20;
    must_fail(passphrase_open(BYTES("correct horse"), "l", sealed, a, &plain, &e), &e, ERR_INPUT,
              NULL);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_hashes),
        cmocka_unit_test(transcripts_do_not_run_together),
        cmocka_unit_test(keys_sign_and_answer_challenges),
        cmocka_unit_test(a_passphrase_opens_what_it_sealed),
    };
    if (!crypto_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
