/* crypto: hash, sign, derive, seal secrets, and a transcript that cannot be confused.
 *
 * Signatures and passphrases are libsodium's; SHA-256 is Nettle's, which uses the processor's
 * SHA instructions (decision 0003). Call crypto_init() once before anything else.
 *
 *     uint8_t h[32];
 *     sha256(BYTES("abc"), h);
 *     if (!sign_verify(&public, message, &signature)) ...
 */
#ifndef ENTENTE_CRYPTO_H
#define ENTENTE_CRYPTO_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/os.h"
#include "crypto/labels.h"

/* False: the library could not start (no usable randomness). Safe to call again. */
bool crypto_init(void);

/* ---- hashes ------------------------------------------------------------------------- */

struct hash {
    uint8_t b[32];
};

struct sha256 {
    uint64_t opaque[14]; /* Nettle's context: no pointers, may be copied */
};

void sha256(struct bytes in, struct hash *out);
void sha256_start(struct sha256 *h);
void sha256_add(struct sha256 *h, struct bytes in);
void sha256_end(struct sha256 *h, struct hash *out);
void sha512(struct bytes in, uint8_t out[64]);
/* RFC 2104 with SHA-256. */
void hmac_sha256(struct bytes key, struct bytes in, struct hash *out);
/* Only for UUIDv5 (RFC 4122) and indicators' own digests; protects nothing. */
void sha1(struct bytes in, uint8_t out[20]);
/* Of the two, one behind the other. */
void sha1_two(struct bytes first, struct bytes then, uint8_t out[20]);

static inline bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static inline struct bytes hash_bytes(const struct hash *h)
{
    return bytes_of(h->b, sizeof h->b);
}

/* ---- Ed25519 (RFC 8032; cofactorless, S < L, as libsodium) ---------------------------- */

struct sign_public {
    uint8_t b[32];
};
struct signature {
    uint8_t b[64];
};
struct sign_key; /* a secret key, in guarded memory */

/* A fresh key. NULL: ERR_NOMEM. */
struct sign_key *sign_key_new(const struct os *os, struct err *e);
/* The key of a 32-byte seed; the caller wipes the seed. NULL: ERR_NOMEM. */
struct sign_key *sign_key_of_seed(const uint8_t seed[32], struct err *e);
void sign_key_free(struct sign_key *k); /* wiped; NULL is fine */
struct sign_public sign_key_public(const struct sign_key *k);
/* The seed, for a key file; the caller wipes it. */
void sign_key_seed(const struct sign_key *k, uint8_t seed[32]);
/* `message` begins with a label or a standard's prefix: see tlog/note.h, record/act.h. */
void sign_message(const struct sign_key *k, struct bytes message, struct signature *out);
bool sign_verify(const struct sign_public *k, struct bytes message, const struct signature *s);
/* The point check of enrolment: canonical, on the curve, of prime order, not the identity.
 * Only keys that pass verify alike in every library (tlog.md 4.3). */
bool sign_public_valid(const struct sign_public *k);
/* Enrolment's challenge: proof that the owner of `k` is there, bound to 32 fresh bytes. */
void sign_challenge(const struct sign_key *k, const uint8_t nonce[32], struct signature *out);
bool sign_challenge_verify(const struct sign_public *k, const uint8_t nonce[32],
                           const struct signature *s);

/* ---- secrets -------------------------------------------------------------------------- */

/* n bytes in guarded, locked pages. NULL: ERR_NOMEM. */
struct secret;
struct secret *secret_new(size_t n, struct err *e);
void secret_free(struct secret *s); /* wiped; NULL is fine */
uint8_t *secret_data(struct secret *s);
size_t secret_size(const struct secret *s);
void wipe(void *p, size_t n);
/* In time that does not depend on the contents. */
bool ct_equal(const void *a, const void *b, size_t n);

/* Encrypt under a passphrase: Argon2id (libsodium's "moderate": 256 MiB, 3 passes) and
 * XChaCha20-Poly1305. `label` says what it is and is authenticated. Out: an envelope that
 * carries its own parameters. False: ERR_NOMEM, ERR_LIMIT. */
bool passphrase_seal(const struct os *os, struct bytes passphrase, const char *label,
                     struct bytes plain, struct arena *a, struct bytes *out, struct err *e);
/* ERR_INPUT: not such an envelope; ERR_PROOF: wrong passphrase or damaged. The plain bytes are
 * in `a`: make it a secret arena. */
bool passphrase_open(struct bytes passphrase, const char *label, struct bytes sealed,
                     struct arena *a, struct bytes *out, struct err *e);
/* The same under a 32-byte key that needs no stretching. Out: 24-byte nonce and the sealed bytes.
 */
bool key_seal(const struct os *os, const uint8_t key[32], const char *label, struct bytes plain,
              struct arena *a, struct bytes *out, struct err *e);
bool key_unseal(const uint8_t key[32], const char *label, struct bytes sealed, struct arena *a,
                struct bytes *out, struct err *e);
/* HKDF-like: BLAKE2b keyed with `key`, over label and context, length first. n <= 64. */
void derive(const uint8_t key[32], const char *label, struct bytes context, uint8_t *out, size_t n);

/* ---- transcript ------------------------------------------------------------------------ */

/* SHA-256 over labelled fields, each led by its length as u64 big endian. */
struct transcript {
    struct sha256 h;
};
void transcript_init(struct transcript *t, const char *label);
void transcript_add(struct transcript *t, struct bytes field);
void transcript_add_u64(struct transcript *t, uint64_t v);
/* The hash so far; more may be added afterwards. */
void transcript_hash(const struct transcript *t, struct hash *out);

#endif
