#include "base/buf.h"
#include "base/limits.h"
#include "base/reader.h"
#include "crypto/crypto.h"

#include <sodium.h>

struct secret {
    size_t n;
    uint8_t *data;
};

struct secret *secret_new(size_t n, struct err *e)
{
    struct secret *s = malloc(sizeof *s);

    if (s && !(s->data = sodium_malloc(n ? n : 1))) {
        free(s);
        s = NULL;
    }
    if (!s) {
        err_fail(e, ERR_NOMEM, "out of guarded memory");
        return NULL;
    }
    s->n = n;
    return s;
}

void secret_free(struct secret *s)
{
    if (!s)
        return;
    sodium_free(s->data);
    free(s);
}

uint8_t *secret_data(struct secret *s)
{
    return s->data;
}

size_t secret_size(const struct secret *s)
{
    return s->n;
}

void wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

bool ct_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void derive(const uint8_t key[32], const char *label, struct bytes context, uint8_t *out, size_t n)
{
    crypto_generichash_state st;
    uint64_t lengths[2] = {strlen(label), context.n};
    uint8_t be[16];

    for (size_t i = 0; i < 16; i++)
        be[i] = (uint8_t)(lengths[i / 8] >> (56 - 8 * (i % 8)));
    crypto_generichash_init(&st, key, 32, n);
    crypto_generichash_update(&st, be, 8);
    crypto_generichash_update(&st, (const uint8_t *)label, strlen(label));
    crypto_generichash_update(&st, be + 8, 8);
    crypto_generichash_update(&st, context.p, context.n);
    crypto_generichash_final(&st, out, n);
    wipe(&st, sizeof st);
}

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES

bool key_seal(const struct os *os, const uint8_t key[32], const char *label, struct bytes plain,
              struct arena *a, struct bytes *out, struct err *e)
{
    uint8_t *p;

    if (plain.n > LIMIT_SEALED_BYTES)
        return err_fail(e, ERR_LIMIT, "too large to seal: %zu bytes", plain.n);
    p = arena_get(a, NONCE + plain.n + TAG, e);
    if (!p)
        return false;
    os_random(os, p, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(p + NONCE, NULL, plain.p, plain.n,
                                               (const uint8_t *)label, strlen(label), NULL, p, key);
    *out = bytes_of(p, NONCE + plain.n + TAG);
    return true;
}

bool key_unseal(const uint8_t key[32], const char *label, struct bytes sealed, struct arena *a,
                struct bytes *out, struct err *e)
{
    uint8_t *plain;

    if (sealed.n < NONCE + TAG || sealed.n > NONCE + TAG + LIMIT_SEALED_BYTES)
        return err_fail(e, ERR_INPUT, "not sealed bytes of ours");
    plain = arena_get(a, sealed.n, e);
    if (!plain)
        return false;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed.p + NONCE,
                                                   sealed.n - NONCE, (const uint8_t *)label,
                                                   strlen(label), sealed.p, key) != 0)
        return err_fail(e, ERR_PROOF, "wrong passphrase, or the file is damaged");
    *out = bytes_of(plain, sealed.n - NONCE - TAG);
    return true;
}

/* The envelope: a version, Argon2id's cost, salt, then the sealed bytes. The cost is read back
 * from the file, so it is bounded: a file cannot ask for more than a gigabyte. */
#define ENVELOPE "entente-sealed-1"
#define PASSES_MOST 16
#define MEMORY_MOST ((uint64_t)1 << 30)

static bool stretch(struct bytes passphrase, const uint8_t *salt, uint32_t passes, uint64_t memory,
                    uint8_t key[32], struct err *e)
{
    if (crypto_pwhash(key, 32, (const char *)passphrase.p, passphrase.n, salt, passes,
                      (size_t)memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return err_fail(e, ERR_NOMEM, "not enough memory for Argon2id (%llu MiB)",
                        (unsigned long long)(memory >> 20));
    return true;
}

bool passphrase_seal(const struct os *os, struct bytes passphrase, const char *label,
                     struct bytes plain, struct arena *a, struct bytes *out, struct err *e)
{
    uint8_t salt[crypto_pwhash_SALTBYTES], key[32];
    struct buf b = buf_in(a);
    struct bytes box;
    bool ok;

    os_random(os, salt, sizeof salt);
    if (!stretch(passphrase, salt, crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE,
                 key, e))
        return false;
    ok = key_seal(os, key, label, plain, a, &box, e);
    wipe(key, sizeof key);
    if (!ok)
        return false;
    buf_puts(&b, ENVELOPE);
    buf_u32(&b, crypto_pwhash_OPSLIMIT_MODERATE);
    buf_u64(&b, crypto_pwhash_MEMLIMIT_MODERATE);
    buf_put(&b, bytes_of(salt, sizeof salt));
    buf_put(&b, box);
    return buf_end(&b, out, e);
}

bool passphrase_open(struct bytes passphrase, const char *label, struct bytes sealed,
                     struct arena *a, struct bytes *out, struct err *e)
{
    struct reader r = reader_of(sealed);
    struct bytes magic = reader_bytes(&r, sizeof ENVELOPE - 1), salt, box;
    uint32_t passes = reader_u32(&r);
    uint64_t memory = reader_u64(&r);
    uint8_t key[32];
    bool ok;

    salt = reader_bytes(&r, crypto_pwhash_SALTBYTES);
    box = reader_bytes(&r, reader_left(&r));
    if (!reader_end(&r, e) || !bytes_are(magic, ENVELOPE) || passes == 0 || passes > PASSES_MOST ||
        memory < crypto_pwhash_MEMLIMIT_MIN || memory > MEMORY_MOST)
        return err_fail(e, ERR_INPUT, "not sealed bytes of ours");
    if (!stretch(passphrase, salt.p, passes, memory, key, e))
        return false;
    ok = key_unseal(key, label, box, a, out, e);
    wipe(key, sizeof key);
    return ok;
}
