#include "crypto/crypto.h"

#include <nettle/sha1.h>
#include <nettle/sha2.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct sha256), "Nettle's context grew");

static struct sha256_ctx *nettle(struct sha256 *h)
{
    return (struct sha256_ctx *)(void *)h;
}

void sha256_start(struct sha256 *h)
{
    sha256_init(nettle(h));
}

void sha256_add(struct sha256 *h, struct bytes in)
{
    if (in.n)
        sha256_update(nettle(h), in.n, in.p);
}

void sha256_end(struct sha256 *h, struct hash *out)
{
    sha256_digest(nettle(h), sizeof out->b, out->b);
}

void sha256(struct bytes in, struct hash *out)
{
    struct sha256 h;

    sha256_start(&h);
    sha256_add(&h, in);
    sha256_end(&h, out);
}

void sha512(struct bytes in, uint8_t out[64])
{
    struct sha512_ctx h;

    sha512_init(&h);
    if (in.n)
        sha512_update(&h, in.n, in.p);
    sha512_digest(&h, 64, out);
}

void sha1_two(struct bytes first, struct bytes then, uint8_t out[20])
{
    struct sha1_ctx h;

    sha1_init(&h);
    if (first.n)
        sha1_update(&h, first.n, first.p);
    if (then.n)
        sha1_update(&h, then.n, then.p);
    sha1_digest(&h, 20, out);
}

void sha1(struct bytes in, uint8_t out[20])
{
    sha1_two(in, bytes_of(NULL, 0), out);
}

void hmac_sha256(struct bytes key, struct bytes in, struct hash *out)
{
    uint8_t block[64] = {0}, inner[64], outer[64];
    struct sha256 h;
    struct hash k;

    if (key.n > sizeof block) {
        sha256(key, &k);
        key = hash_bytes(&k);
    }
    if (key.n)
        memcpy(block, key.p, key.n);
    for (size_t i = 0; i < sizeof block; i++) {
        inner[i] = block[i] ^ 0x36;
        outer[i] = block[i] ^ 0x5c;
    }
    sha256_start(&h);
    sha256_add(&h, bytes_of(inner, sizeof inner));
    sha256_add(&h, in);
    sha256_end(&h, &k);
    sha256_start(&h);
    sha256_add(&h, bytes_of(outer, sizeof outer));
    sha256_add(&h, hash_bytes(&k));
    sha256_end(&h, out);
    wipe(block, sizeof block);
    wipe(inner, sizeof inner);
    wipe(outer, sizeof outer);
}

void transcript_init(struct transcript *t, const char *label)
{
    sha256_start(&t->h);
    transcript_add(t, bytes_text(label));
}

static void add_length(struct transcript *t, uint64_t v)
{
    uint8_t be[8];

    for (size_t i = 8; i-- > 0; v >>= 8)
        be[i] = (uint8_t)v;
    sha256_add(&t->h, bytes_of(be, sizeof be));
}

void transcript_add(struct transcript *t, struct bytes field)
{
    add_length(t, field.n);
    sha256_add(&t->h, field);
}

void transcript_add_u64(struct transcript *t, uint64_t v)
{
    add_length(t, 8);
    add_length(t, v);
}

void transcript_hash(const struct transcript *t, struct hash *out)
{
    struct sha256 copy = t->h;

    sha256_end(&copy, out);
    wipe(&copy, sizeof copy); /* its block may hold a secret field */
}
