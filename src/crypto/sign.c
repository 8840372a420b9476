#include "crypto/crypto.h"

#include <assert.h>
#include <sodium.h>

struct sign_key {
    uint8_t secret[crypto_sign_SECRETKEYBYTES]; /* seed, then public key */
};

bool crypto_init(void)
{
    return sodium_init() >= 0;
}

struct sign_key *sign_key_of_seed(const uint8_t seed[32], struct err *e)
{
    struct sign_key *k = sodium_malloc(sizeof *k);
    uint8_t public[crypto_sign_PUBLICKEYBYTES];

    if (!k) {
        err_fail(e, ERR_NOMEM, "out of guarded memory for a key");
        return NULL;
    }
    crypto_sign_seed_keypair(public, k->secret, seed);
    sodium_mprotect_readonly(k);
    return k;
}

struct sign_key *sign_key_new(const struct os *os, struct err *e)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    struct sign_key *k;

    os_random(os, seed, sizeof seed);
    k = sign_key_of_seed(seed, e);
    wipe(seed, sizeof seed);
    return k;
}

void sign_key_free(struct sign_key *k)
{
    if (k)
        sodium_free(k); /* wipes */
}

struct sign_public sign_key_public(const struct sign_key *k)
{
    struct sign_public out;

    memcpy(out.b, k->secret + crypto_sign_SEEDBYTES, sizeof out.b);
    return out;
}

void sign_key_seed(const struct sign_key *k, uint8_t seed[32])
{
    memcpy(seed, k->secret, crypto_sign_SEEDBYTES);
}

void sign_message(const struct sign_key *k, struct bytes message, struct signature *out)
{
    int failed = crypto_sign_detached(out->b, NULL, message.p, message.n, k->secret);

    assert(failed == 0);
    (void)failed;
}

bool sign_verify(const struct sign_public *k, struct bytes message, const struct signature *s)
{
    return crypto_sign_verify_detached(s->b, message.p, message.n, k->b) == 0;
}

bool sign_public_valid(const struct sign_public *k)
{
    return crypto_core_ed25519_is_valid_point(k->b) == 1;
}

#define CHALLENGE_BYTES (sizeof LABEL_CHALLENGE + 32)

static void challenge_message(const uint8_t nonce[32], uint8_t out[CHALLENGE_BYTES])
{
    memcpy(out, LABEL_CHALLENGE "\n", sizeof LABEL_CHALLENGE);
    memcpy(out + sizeof LABEL_CHALLENGE, nonce, 32);
}

void sign_challenge(const struct sign_key *k, const uint8_t nonce[32], struct signature *out)
{
    uint8_t m[CHALLENGE_BYTES];

    challenge_message(nonce, m);
    sign_message(k, bytes_of(m, sizeof m), out);
}

bool sign_challenge_verify(const struct sign_public *k, const uint8_t nonce[32],
                           const struct signature *s)
{
    uint8_t m[CHALLENGE_BYTES];

    challenge_message(nonce, m);
    return sign_public_valid(k) && sign_verify(k, bytes_of(m, sizeof m), s);
}
