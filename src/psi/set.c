#include "psi/psi.h"

#include "base/limits.h"
#include "psi/session_impl.h"

#define ITEM_PERSON "ente/itm"
#define LANES 16
#define WIDER (PSI_CANARIES + PSI_CANARIES_OWN)

struct psi_set {
    struct psi_digest *digest;
    uint64_t n, most;
    const struct blake2s_ops *blake2s;
    /* Items of one block wait until there are sixteen. */
    unsigned waiting;
    uint64_t number[LANES];
    uint32_t length[LANES];
    uint8_t block[LANES][64];
};

struct psi_set *psi_set_new(uint64_t most, struct err *e)
{
    struct psi_set *s;

    if (most > LIMIT_PSI_ITEMS) {
        err_fail(e, ERR_LIMIT, "more than %llu items: split them into shards",
                 (unsigned long long)LIMIT_PSI_ITEMS);
        return NULL;
    }
    s = calloc(1, sizeof *s);
    if (s) {
        s->most = most;
        s->blake2s = blake2s_best(cpu_features());
        s->digest = malloc((most + WIDER) * sizeof *s->digest); /* touched as it fills */
    }
    if (s && s->digest)
        memory_in_large_pages(s->digest, (most + WIDER) * sizeof *s->digest);
    if (!s || !s->digest) {
        free(s);
        err_fail(e, ERR_NOMEM, "no memory for a set of %llu items", (unsigned long long)most);
        return NULL;
    }
    return s;
}

void psi_set_free(struct psi_set *s)
{
    if (!s)
        return;
    if (s->digest)
        wipe(s->digest, s->n * sizeof *s->digest);
    free(s->digest);
    wipe(s, sizeof *s);
    free(s);
}

static void hash_waiting(struct psi_set *s)
{
    uint32_t h[8][LANES], start[8];
    const uint8_t *block[LANES];

    if (!s->waiting)
        return;
    blake2s_start(start, ITEM_PERSON);
    blake2s_spread(h, start);
    for (unsigned lane = 0; lane < LANES; lane++)
        block[lane] = s->block[lane];
    s->blake2s->compress16(h, block, s->length, true);
    if (s->number[s->waiting - 1] - s->number[0] == s->waiting - 1) {
        blake2s_lanes((const uint32_t(*)[16])h, s->waiting, s->digest[s->number[0]].b);
    } else { /* longer items came between */
        uint8_t out[LANES][32];
        blake2s_lanes((const uint32_t(*)[16])h, s->waiting, out[0]);
        for (unsigned lane = 0; lane < s->waiting; lane++)
            memcpy(s->digest[s->number[lane]].b, out[lane], 32);
    }
    s->waiting = 0;
}

/* At most 64 bytes into a zeroed block, in two moves of a fixed size that may overlap. */
static void put_block(uint8_t block[64], struct bytes item)
{
    size_t n = item.n;

    memset(block, 0, 64);
    if (n >= 32) {
        memcpy(block, item.p, 32);
        memcpy(block + n - 32, item.p + n - 32, 32);
    } else if (n >= 16) {
        memcpy(block, item.p, 16);
        memcpy(block + n - 16, item.p + n - 16, 16);
    } else if (n >= 8) {
        memcpy(block, item.p, 8);
        memcpy(block + n - 8, item.p + n - 8, 8);
    } else if (n) {
        memcpy(block, item.p, n);
    }
}

bool psi_set_add(struct psi_set *s, struct bytes item, struct err *e)
{
    if (s->n == s->most)
        return err_fail(e, ERR_LIMIT, "more than %llu items", (unsigned long long)s->most);
    if (item.n > LIMIT_PSI_ITEM_BYTES)
        return err_fail(e, ERR_LIMIT, "an item of %zu bytes, more than %zu", item.n,
                        LIMIT_PSI_ITEM_BYTES);
    if (item.n > 64) {
        blake2s(ITEM_PERSON, item, s->digest[s->n++].b);
        return true;
    }
    put_block(s->block[s->waiting], item);
    s->length[s->waiting] = (uint32_t)item.n;
    s->number[s->waiting++] = s->n++;
    if (s->waiting == LANES)
        hash_waiting(s);
    return true;
}

bool psi_set_add_digest(struct psi_set *s, const struct psi_digest *d, struct err *e)
{
    if (s->n == s->most)
        return err_fail(e, ERR_LIMIT, "more than %llu items", (unsigned long long)s->most);
    s->digest[s->n++] = *d;
    return true;
}

void *psi_set_take(struct psi_set *s, size_t *size)
{
    void *p = s->digest;

    *size = (s->most > s->n ? s->most : s->n) * sizeof *s->digest;
    s->digest = NULL;
    s->n = 0;
    psi_set_free(s);
    return p;
}

void psi_set_widen(struct psi_set *s)
{
    s->most = s->n + WIDER;
}

uint64_t psi_set_size(const struct psi_set *s)
{
    return s->n;
}

const struct psi_digest *psi_set_digests(struct psi_set *s)
{
    hash_waiting(s);
    return s->digest;
}

unsigned psi_shard_of(const uint8_t salt[32], const struct psi_digest *d, unsigned shards)
{
    uint8_t out[8];
    uint64_t v = 0;

    derive(salt, LABEL_PSI_SHARD, bytes_of(d->b, sizeof d->b), out, sizeof out);
    for (unsigned i = 0; i < 4; i++)
        v = v << 8 | out[i];
    return (unsigned)(v * shards >> 32);
}

struct psi_set *psi_set_shard(struct psi_set *s, const uint8_t salt[32], unsigned shard,
                              unsigned shards, struct arena *a, const uint32_t **numbers,
                              struct err *e)
{
    const struct psi_digest *d = psi_set_digests(s);
    uint64_t n = 0;
    struct psi_set *out;
    uint32_t *number;

    if (shards == 0 || shards > LIMIT_PSI_SHARDS || shard >= shards) {
        err_fail(e, ERR_LIMIT, "shard %u of %u", shard, shards);
        return NULL;
    }
    for (uint64_t i = 0; i < s->n; i++)
        n += psi_shard_of(salt, d + i, shards) == shard;
    out = psi_set_new(n, e);
    number = out ? arena_get_array(a, n, sizeof *number, e) : NULL;
    if (!number) {
        psi_set_free(out);
        return NULL;
    }
    for (uint64_t i = 0; i < s->n; i++)
        if (psi_shard_of(salt, d + i, shards) == shard) {
            number[out->n] = (uint32_t)i;
            out->digest[out->n++] = d[i];
        }
    *numbers = number;
    return out;
}
