/* A set under a session's salt: hashed, and sorted into bins. */
#include "psi/session_impl.h"

#define BATCH 512

static uint64_t bin_of(const struct items *it, struct gf128 hash)
{
    return (hash.hi >> 32) * it->bins >> 32;
}

static unsigned canaries(const struct psi *p)
{
    return PSI_CANARIES + (p->o.role == PSI_RECEIVER ? PSI_CANARIES_OWN : 0);
}

static bool add_canaries(struct psi *p, struct err *e)
{
    for (unsigned i = 0; i < canaries(p); i++) {
        struct psi_digest d;
        const uint8_t *from = i < PSI_CANARIES ? p->salt : p->secret[COMMIT_NONCE];
        psi_key_of(from, LABEL_PSI_CANARY, "item", i, d.b, sizeof d.b);
        if (!psi_set_add_digest(p->set, &d, e))
            return false;
    }
    return true;
}

uint64_t psi_items_slot(const struct psi *p)
{
    uint64_t own = p->o.role == PSI_RECEIVER ? p->plan.x : p->plan.y;

    return psi_bin_capacity(own, p->plan.bins, PSI_LAMBDA + psi_log2_up(p->plan.bins));
}

bool psi_items_room(struct psi *p, struct err *e)
{
    struct items *it = &p->items;

    it->n = it->set_n = psi_set_size(p->set) + canaries(p);
    it->bins = p->plan.bins;
    it->slot = psi_items_slot(p);
    it->start = arena_get_array(p->lists, it->bins + 1, sizeof *it->start, e);
    it->hash = arena_get_raw(p->lists, it->bins * it->slot * sizeof *it->hash, e);
    it->number = arena_get_raw(p->lists, it->bins * it->slot * sizeof *it->number, e);
    return it->start && it->hash && it->number;
}

bool psi_items_init(struct psi *p, struct err *e)
{
    struct items *it = &p->items;
    uint8_t key[64];

    assert(psi_set_size(p->set) == it->n - canaries(p));
    psi_key_of(p->salt, LABEL_PSI_ROW, "keys", 0, key, sizeof key);
    aes_key_init(&it->first, key);
    aes_key_init(&it->second, key + 16);
    aes_key_init(&it->dense, key + 32);
    aes_key_init(&it->value, key + 48);
    psi_set_digests(p->set);
    psi_set_widen(p->set);
    return add_canaries(p, e);
}

static uint32_t number_at(const struct items *it, uint64_t i)
{
    return it->kept ? it->kept[i] : (uint32_t)i;
}

/* Salted hashes of items from i on, at most BATCH. */
static size_t hash_some(struct psi *p, uint64_t i, struct gf128 *out)
{
    struct items *it = &p->items;
    const struct psi_digest *d = psi_set_digests(p->set);
    size_t n = it->n - i < BATCH ? (size_t)(it->n - i) : BATCH;
    struct gf128 in[2 * BATCH];

    for (size_t j = 0; it->kept && j < n; j++)
        memcpy(in + 2 * j, &d[it->kept[i + j]], 32);
    p->k.aes->digest(&it->first, &it->second, out,
                     it->kept ? in : (const struct gf128 *)(const void *)(d + i), n);
    return n;
}

/* False: a bin has no room left. */
static bool place_some(struct psi *p, uint64_t to)
{
    struct items *it = &p->items;
    struct gf128 hash[BATCH];

    while (it->done < to) {
        size_t n = hash_some(p, it->done, hash);
        for (size_t j = 0; j < n; j++) {
            uint64_t bin = bin_of(it, hash[j]), at = it->start[bin]++;
            if (at == it->slot)
                return false;
            at += bin * it->slot;
            it->hash[at] = hash[j];
            it->number[at] = number_at(it, it->done + j);
        }
        it->done += n;
    }
    return true;
}

static int by_digest(const void *a, const void *b, void *set)
{
    const struct psi_digest *d = set;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    int c = memcmp(&d[i], &d[j], sizeof *d);

    return c ? c : i < j ? -1 : i > j;
}

static int by_number(const void *a, const void *b)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    return i < j ? -1 : i > j;
}

/* Keep the first of equal digests. Only when a bin overflows: usually the tables and the tags
 * find what few doubles there are. */
static bool drop_doubles(struct psi *p, struct err *e)
{
    struct items *it = &p->items;
    const struct psi_digest *d = psi_set_digests(p->set);
    uint32_t *k = arena_get_array(p->lists, it->n, sizeof *k, e);
    uint64_t n = 0;

    if (!k)
        return false;
    for (uint64_t i = 0; i < it->n; i++)
        k[i] = (uint32_t)i;
    qsort_r(k, it->n, sizeof *k, by_digest, (void *)(uintptr_t)d);
    for (uint64_t i = 0; i < it->n; i++)
        if (i == 0 || memcmp(&d[k[i]], &d[k[n - 1]], sizeof *d) != 0)
            k[n++] = k[i];
    qsort(k, n, sizeof *k, by_number);
    p->duplicates += it->n - n;
    it->kept = k;
    it->n = n;
    it->dropped = true;
    return true;
}

/* Too many in one bin: doubles, or chance (2^-40). */
static bool start_again(struct psi *p, struct err *e)
{
    struct items *it = &p->items;

    memset(it->start, 0, (it->bins + 1) * sizeof *it->start);
    it->done = 0;
    if (!it->dropped)
        return drop_doubles(p, e);
    p->reason = PSI_REASON_TROUBLE;
    return err_fail(e, ERR_LIMIT, "a bin overflows: start again");
}

/* Counts to starts; where bins lie is the slots' affair until psi_items_bin moves them up. */
static void end_placing(struct psi *p)
{
    struct items *it = &p->items;
    uint64_t at = 0;

    for (uint64_t b = 0; b <= it->bins; b++) {
        uint64_t n = b < it->bins ? it->start[b] : 0;
        it->start[b] = at;
        at += n;
    }
    psi_note_memory(p);
    p->room = psi_set_take(p->set, &p->room_size); /* the digests have served */
    p->set = NULL;
}

bool psi_items_work(struct psi *p, bool *busy, struct err *e)
{
    struct items *it = &p->items;
    uint64_t to = it->n - it->done < ITEMS_PER_STEP ? it->n : it->done + ITEMS_PER_STEP;

    *busy = true;
    if (!place_some(p, to))
        return start_again(p, e);
    if (it->done == it->n) {
        end_placing(p);
        *busy = false;
    }
    return true;
}

bool psi_items_scratch(struct psi *p, struct err *e)
{
    struct items *it = &p->items;
    uint64_t most = 0;

    for (uint64_t b = 0; b < it->bins; b++)
        most = it->start[b + 1] - it->start[b] > most ? it->start[b + 1] - it->start[b] : most;
    for (unsigned i = 0; i < 3; i++)
        if (!(p->scratch[i] = arena_get_array(p->keys, most + 1, sizeof *p->scratch[i], e)))
            return false;
    p->rows = arena_get_array(p->keys, most + 1, sizeof *p->rows, e);
    p->values = p->room; /* 16 of the 32 bytes that each digest had */
    return p->rows;
}

/* Bins come in order, each once: then there is room for it behind the one before. */
static void move_up(struct items *it, uint64_t bin, size_t n)
{
    uint64_t from = bin * it->slot, to = it->start[bin];

    if (from == to)
        return;
    memmove(it->hash + to, it->hash + from, n * sizeof *it->hash);
    memmove(it->number + to, it->number + from, n * sizeof *it->number);
}

size_t psi_items_bin(struct psi *p, uint64_t bin, uint64_t *first)
{
    struct items *it = &p->items;
    size_t n = (size_t)(it->start[bin + 1] - it->start[bin]);
    const struct gf128 *hash = it->hash + it->start[bin];

    move_up(it, bin, n);
    *first = it->start[bin];
    okvs_rows(&p->plan.shape, hash, p->rows, n);
    p->k.aes->mmo(&it->dense, p->scratch[0], hash, n);
    p->k.aes->mmo(&it->value, p->scratch[1], hash, n);
    for (unsigned i = 0; p->plan.narrow && i < 2; i++)
        gf64_project(p->k.gf64, p->scratch[i], n);
    return n;
}
