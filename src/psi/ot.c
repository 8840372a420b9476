#include "psi/ot.h"

#include <sodium.h>

/* RFC 9380, section 5.3.1, with SHA-512 and one block of output; then the ristretto255 map. */
static void hash_to_group(uint8_t out[32], const uint8_t sid[32], unsigned i, unsigned side,
                          const uint8_t point[32])
{
    static const char dst[] = LABEL_PSI_OT;
    uint8_t in[128 + 32 + 2 + 32 + 3 + sizeof dst], b0[64], again[64 + 1 + sizeof dst], wide[64];
    uint8_t *p = in + 128;

    memset(in, 0, 128);
    memcpy(p, sid, 32);
    p[32] = (uint8_t)i;
    p[33] = (uint8_t)side;
    memcpy(p + 34, point, 32);
    p[66] = 0;
    p[67] = 64;
    p[68] = 0;
    memcpy(p + 69, dst, sizeof dst - 1);
    p[69 + sizeof dst - 1] = (uint8_t)(sizeof dst - 1);
    sha512(bytes_of(in, sizeof in), b0);
    memcpy(again, b0, 64);
    again[64] = 1;
    memcpy(again + 65, p + 69, sizeof dst);
    sha512(bytes_of(again, sizeof again), wide);
    crypto_core_ristretto255_from_hash(out, wide);
}

static void key_of(uint8_t key[32], const uint8_t point[32], const uint8_t sid[32], unsigned i,
                   unsigned side, const struct hash *messages)
{
    uint8_t context[32 + 2 + 32];

    memcpy(context, sid, 32);
    context[32] = (uint8_t)i;
    context[33] = (uint8_t)side;
    memcpy(context + 34, messages->b, 32);
    derive(point, LABEL_PSI_OT, bytes_of(context, sizeof context), key, 32);
}

static void hash_messages(const uint8_t offer[OT_OFFER_BYTES], const uint8_t reply[OT_POINT_BYTES],
                          struct hash *out)
{
    struct transcript t;

    transcript_init(&t, LABEL_PSI_OT);
    transcript_add(&t, bytes_of(offer, OT_OFFER_BYTES));
    transcript_add(&t, bytes_of(reply, OT_POINT_BYTES));
    transcript_hash(&t, out);
}

static void random_scalar(const struct os *os, uint8_t out[32])
{
    uint8_t wide[64];

    os_random(os, wide, sizeof wide);
    crypto_core_ristretto255_scalar_reduce(out, wide);
    wipe(wide, sizeof wide);
}

/* a and b change places if bit is 1; bit is secret. */
static void swap_if(uint8_t a[32], uint8_t b[32], unsigned bit)
{
    uint8_t mask = (uint8_t)(0 - bit);

    for (unsigned i = 0; i < 32; i++) {
        uint8_t t = (uint8_t)((a[i] ^ b[i]) & mask);
        a[i] ^= t;
        b[i] ^= t;
    }
}

static void choose_one(struct ot_chooser *c, const struct os *os, unsigned i, uint8_t out[64])
{
    unsigned bit = c->bits[i / 8] >> (i % 8) & 1; /* secret */
    uint8_t wide[64], mine[32], other[32], hash[32];

    os_random(os, wide, sizeof wide);
    crypto_core_ristretto255_from_hash(other, wide);
    random_scalar(os, c->scalar[i]);
    crypto_scalarmult_ristretto255_base(mine, c->scalar[i]);
    hash_to_group(hash, c->sid, i, bit, other);
    crypto_core_ristretto255_sub(mine, mine, hash);
    swap_if(mine, other, bit);
    memcpy(out, mine, 32);
    memcpy(out + 32, other, 32);
    wipe(wide, sizeof wide);
    wipe(hash, sizeof hash);
}

void ot_choose(struct ot_chooser *c, const struct os *os, const uint8_t sid[32],
               const uint8_t bits[OT_COUNT / 8], uint8_t out[OT_OFFER_BYTES])
{
    memcpy(c->sid, sid, 32);
    memcpy(c->bits, bits, sizeof c->bits);
    for (unsigned i = 0; i < OT_COUNT; i++)
        choose_one(c, os, i, c->points + 64 * i);
    memcpy(out, c->points, OT_OFFER_BYTES);
}

static bool good_point(const uint8_t p[32])
{
    return crypto_core_ristretto255_is_valid_point(p) && !sodium_is_zero(p, 32);
}

static bool offer_one(const uint8_t scalar[32], const uint8_t sid[32], unsigned i,
                      const uint8_t in[64], const struct hash *messages, uint8_t keys[2][32])
{
    bool ok = !sodium_is_zero(in, 32) && !sodium_is_zero(in + 32, 32); /* adding checks the rest */

    for (unsigned side = 0; ok && side < 2; side++) {
        uint8_t hash[32], p[32], shared[32];
        hash_to_group(hash, sid, i, side, in + 32 * (1 - side));
        ok = crypto_core_ristretto255_add(p, in + 32 * side, hash) == 0 &&
             crypto_scalarmult_ristretto255(shared, scalar, p) == 0;
        key_of(keys[side], shared, sid, i, side, messages);
        wipe(shared, sizeof shared);
    }
    return ok;
}

void ot_begin(struct ot_offerer *o, const struct os *os, const uint8_t sid[32])
{
    memcpy(o->sid, sid, 32);
    random_scalar(os, o->scalar);
    crypto_scalarmult_ristretto255_base(o->point, o->scalar);
}

bool ot_offer(const struct ot_offerer *o, const uint8_t in[OT_OFFER_BYTES],
              uint8_t keys[OT_COUNT][2][32], struct err *e)
{
    struct hash messages;
    bool ok = true;

    hash_messages(in, o->point, &messages);
    for (unsigned i = 0; ok && i < OT_COUNT; i++)
        ok = offer_one(o->scalar, o->sid, i, in + 64 * i, &messages, keys[i]);
    return ok || err_fail(e, ERR_PEER, "oblivious transfer: not a point of the group");
}

bool ot_chosen(const struct ot_chooser *c, const uint8_t in[OT_POINT_BYTES],
               uint8_t keys[OT_COUNT][32], struct err *e)
{
    struct hash messages;
    bool ok = good_point(in);

    hash_messages(c->points, in, &messages);
    for (unsigned i = 0; ok && i < OT_COUNT; i++) {
        uint8_t shared[32];
        ok = crypto_scalarmult_ristretto255(shared, c->scalar[i], in) == 0;
        key_of(keys[i], shared, c->sid, i, c->bits[i / 8] >> (i % 8) & 1, &messages);
        wipe(shared, sizeof shared);
    }
    return ok || err_fail(e, ERR_PEER, "oblivious transfer: not a point of the group");
}

void ot_finish(uint8_t key[32], const uint8_t nonces[64])
{
    uint8_t out[32];

    derive(key, LABEL_PSI_OT, bytes_of(nonces, 64), out, 32);
    memcpy(key, out, 32);
    wipe(out, sizeof out);
}
