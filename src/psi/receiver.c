/* The receiver: its phases in order. */
#include "psi/session_impl.h"

#define MERGE_PART 512 /* tags looked up together */

/* ---- setup -------------------------------------------------------------------------------- */

static bool take_hello(struct psi *p, struct bytes body, struct err *e)
{
    if (!psi_take_hello(p, body, e))
        return false;
    ot_begin(&p->offerer, p->os, p->sid);
    psi_say(p, FRAME_POINT, bytes_of(p->offerer.point, OT_POINT_BYTES));
    psi_next_phase(p);
    return true;
}

/* While the sender computes its offer. */
static bool prepare(struct psi *p, bool *busy, struct err *e)
{
    size_t k = (size_t)1 << p->plan.log_k;

    *busy = p->pairs == NULL;
    if (!*busy)
        return true;
    p->a = vole_array(p->keys, k, e);
    p->c = vole_array(p->keys, k, e);
    p->table = vole_array(p->keys, k, e);
    p->pairs = arena_get_array(p->keys, OT_COUNT, sizeof *p->pairs, e);
    return p->a && p->c && p->table && p->pairs && psi_prepare(p, e);
}

static size_t offer_size(const struct psi *p)
{
    (void)p;
    return OT_OFFER_BYTES;
}

static bool take_offer(struct psi *p, struct bytes body, struct err *e)
{
    bool busy, ok;

    ok = prepare(p, &busy, e) && ot_offer(&p->offerer, body.p, p->pairs, e);
    wipe(p->offerer.scalar, sizeof p->offerer.scalar);
    psi_next_phase(p);
    return ok;
}

static size_t opening_size(const struct psi *p)
{
    (void)p;
    return 32;
}

static bool take_nonce(struct psi *p, struct bytes body, struct err *e)
{
    uint8_t nonces[64], *out;

    if (!psi_open_commit(p, COMMIT_NONCE, body.p, e))
        return false;
    memcpy(nonces, p->secret[COMMIT_NONCE], 32);
    memcpy(nonces + 32, body.p, 32);
    for (unsigned i = 0; i < OT_COUNT; i++)
        for (unsigned side = 0; side < 2; side++)
            ot_finish(p->pairs[i][side], nonces);
    out = psi_frame(p, FRAME_TREES, 32 + COT_TREE_BYTES);
    assert(out); /* the output is empty but for small frames */
    memcpy(out, p->secret[COMMIT_NONCE], 32);
    cot_receiver_trees(p->cot, p->pairs, out + 32);
    wipe(p->pairs, OT_COUNT * sizeof *p->pairs);
    psi_frame_end(p, FRAME_TREES, 32 + COT_TREE_BYTES);
    psi_next_phase(p);
    return true;
}

static void end_transfers(struct psi *p)
{
    uint8_t body[COT_CHECK_BYTES + 32];
    struct hash messages;

    psi_messages(p, &messages);
    cot_receiver_check(p->cot, &messages, p->blocks, p->bits, p->transfers, body);
    memcpy(body + COT_CHECK_BYTES, p->secret[COMMIT_COIN], 32);
    psi_say(p, FRAME_CHECK, bytes_of(body, sizeof body));
    cot_wipe(p->cot);
    vole_receiver_base(&p->vole, p->transfers + 128, p->bits + 1);
    psi_next_phase(p);
}

static bool make_transfers(struct psi *p, bool *busy, struct err *e)
{
    size_t left = p->plan.transfer_blocks - p->blocks, n;
    uint8_t *out;

    (void)e;
    n = left < BLOCKS_PER_FRAME ? left : BLOCKS_PER_FRAME;
    *busy = psi_frame_room(p, n * COT_BLOCK_BYTES + COT_CHECK_BYTES + 64);
    if (!*busy)
        return true;
    if (n == 0) {
        end_transfers(p);
        return true;
    }
    out = psi_frame(p, FRAME_CORRECTIONS, n * COT_BLOCK_BYTES);
    cot_receiver_blocks(p->cot, p->blocks, n, out, p->bits + p->blocks,
                        p->transfers + 128 * p->blocks);
    psi_frame_end(p, FRAME_CORRECTIONS, n * COT_BLOCK_BYTES);
    p->blocks += n;
    return true;
}

static bool take_coin(struct psi *p, struct bytes body, struct err *e)
{
    uint8_t seed[16];

    if (!psi_open_commit(p, COMMIT_COIN, body.p, e))
        return false;
    psi_make_salt(p);
    os_random(p->os, seed, sizeof seed);
    aes_key_init(&p->noise, seed);
    wipe(seed, sizeof seed);
    psi_next_phase(p);
    return psi_items_init(p, e);
}

/* ---- bins --------------------------------------------------------------------------------- */

static bool hash_items(struct psi *p, bool *busy, struct err *e)
{
    if (!psi_items_work(p, busy, e))
        return false;
    if (*busy)
        return true;
    if (!psi_items_scratch(p, e))
        return false;
    p->encoder =
        okvs_encoder_new(&p->k, &p->plan.shape, p->plan.capacity + 1, p->plan.narrow, p->keys, e);
    psi_next_phase(p);
    *busy = true;
    return p->encoder;
}

static size_t chunk_size(const struct psi *p)
{
    return vole_message_bytes(p->plan.log_k);
}

static size_t columns_size(const struct psi *p)
{
    return 16 + p->plan.column_bytes * okvs_columns(&p->plan.shape);
}

static size_t columns_room(const struct psi *p)
{
    return columns_size(p) + FRAME_HEADER + 32;
}

/* Masked columns: the table plus A. */
static void put_columns(const struct psi *p, struct gf128 answer, uint8_t *out)
{
    size_t n = okvs_columns(&p->plan.shape);
    const struct gf128 *a = p->a + p->plan.kept;

    memcpy(out, &answer, 16);
    out += 16;
    for (size_t i = 0; i < n; i++, out += p->plan.column_bytes) {
        struct gf128 x = gf128_xor(a[i], p->table[i]);
        uint64_t half = gf64_narrow(x);
        if (p->plan.narrow)
            memcpy(out, &half, 8);
        else
            memcpy(out, &x, 16);
    }
}

static bool take_chunk(struct psi *p, struct bytes body, struct err *e)
{
    size_t per_chunk = vole_transfers(p->plan.log_k) / 128, n;
    size_t at = p->plan.first_block + p->bin * per_chunk;
    struct gf128 answer, check;
    uint64_t first;
    uint8_t *out;

    vole_receive(&p->vole, p->bin, p->transfers + 128 * at, p->bits + at, body.p, p->a, p->c,
                 &answer, &check);
    transcript_add(&p->proofs, bytes_of(&check, sizeof check));
    n = psi_items_bin(p, p->bin, &first);
    if (!okvs_encode(p->encoder, &p->plan.shape, p->items.hash + first, (const okvs_row *)p->rows,
                     p->scratch[0], p->scratch[1], n, &p->noise, p->bin << 32, p->table, e))
        return false;
    out = psi_frame(p, FRAME_COLUMNS, columns_size(p));
    put_columns(p, answer, out);
    psi_frame_end(p, FRAME_COLUMNS, columns_size(p));
    okvs_decode(&p->k, &p->plan.shape, p->c + p->plan.kept, p->items.hash + first,
                (const okvs_row *)p->rows, p->scratch[0], p->values + first, n);
    if (++p->bin == p->plan.bins) {
        psi_say(p, FRAME_SHARE, bytes_of(p->secret[COMMIT_SHARE], 32));
        psi_next_phase(p);
    }
    return true;
}

/* ---- reply -------------------------------------------------------------------------------- */

static size_t proof_size(const struct psi *p)
{
    (void)p;
    return 64;
}

static bool take_proof(struct psi *p, struct bytes body, struct err *e)
{
    struct hash h;

    transcript_hash(&p->proofs, &h);
    if (!ct_equal(h.b, body.p + 32, 32))
        return err_fail(e, ERR_PEER, "the check of the sender's correlations fails");
    if (!psi_open_commit(p, COMMIT_SHARE, body.p, e))
        return false;
    psi_make_mask(p);
    psi_note_memory(p);
    arena_free(p->keys);
    p->keys = NULL;
    psi_next_phase(p);
    return true;
}

/* The lower word of the tag that stands at i in the sorted list. */
static uint64_t value_of(const struct psi *p, uint64_t i)
{
    return p->values[(uint32_t)p->tags.e[i].lo].lo;
}

/* Doubles in a sorted list have equal tags. */
static void count_doubles(struct psi *p, uint64_t from, uint64_t to)
{
    const struct tags *t = &p->tags;

    for (uint64_t i = t->start[from] + 1; i < t->start[to]; i++)
        if (t->e[i].hi == t->e[i - 1].hi && value_of(p, i) == value_of(p, i - 1))
            p->duplicates++;
}

static bool prepare_merge(struct psi *p, struct err *e)
{
    uint64_t n = p->items.n;

    if (!tags_init(&p->tags, p->values, n, p->items.number, p->values + n, p->reply, e))
        return false;
    p->high = arena_get(p->reply, p->plan.high_bytes + 16, e);
    p->part = arena_get_array(p->reply, PSI_REPLY_PART, sizeof *p->part, e);
    p->found = arena_get_array(p->reply, p->items.set_n / 64 + 1, sizeof *p->found, e);
    psi_note_memory(p);
    return p->high && p->part && p->found;
}

static bool make_tags(struct psi *p, bool *busy, struct err *e)
{
    uint64_t n = p->items.n, at = p->merge_at, to;

    *busy = true;
    if (at < n) {
        to = n - at < ITEMS_PER_STEP ? n : at + ITEMS_PER_STEP;
        psi_make_tags(p, at, to);
        p->merge_at = to;
        return to < n || prepare_merge(p, e);
    }
    to = tags_buckets(&p->tags) - p->sorted < 16 ? tags_buckets(&p->tags) : p->sorted + 16;
    tags_sort(&p->tags, p->sorted, to);
    count_doubles(p, p->sorted, to);
    p->sorted = to;
    if (to == tags_buckets(&p->tags)) {
        p->merge_at = 0;
        psi_next_phase(p);
    }
    return true;
}

static size_t high_size(const struct psi *p)
{
    size_t left = p->plan.high_bytes - p->high_at;
    return left < HIGH_PER_FRAME ? left : HIGH_PER_FRAME;
}

static bool take_high(struct psi *p, struct bytes body, struct err *e)
{
    memcpy(p->high + p->high_at, body.p, body.n);
    p->high_at += body.n;
    if (p->high_at < p->plan.high_bytes)
        return true;
    psi_next_phase(p);
    return tags_reader_init(&p->reader, &p->plan, p->high, e);
}

static size_t part_tags(const struct psi *p)
{
    uint64_t left = p->plan.y - p->replied;
    return left < PSI_REPLY_PART ? (size_t)left : PSI_REPLY_PART;
}

static size_t part_size(const struct psi *p)
{
    return tags_low_bytes(&p->plan, part_tags(p));
}

static void note_match(struct psi *p, uint32_t number)
{
    uint64_t own = p->items.set_n - PSI_CANARIES - PSI_CANARIES_OWN;

    if (number >= own + PSI_CANARIES)
        p->foreign++;
    else if (number >= own)
        p->canaries++;
    else
        p->matches_n++;
    p->found[number / 64] |= (uint64_t)1 << number % 64;
}

/* Both lists ascend: where ours begin with the same word as one of theirs. (theirs, ours) */
static size_t candidates(struct psi *p, size_t from, size_t m, uint32_t (*pair)[2])
{
    const struct tags *t = &p->tags;
    uint64_t at = p->merge_at;
    size_t n = 0;

    for (size_t i = from; i < from + m; i++) {
        uint64_t hi = p->part[i].hi;
        while (at < t->n && t->e[at].hi < hi)
            at++;
        pair[n][0] = (uint32_t)i;
        pair[n][1] = (uint32_t)at;
        if (at < t->n && t->e[at].hi == hi) {
            __builtin_prefetch(&p->values[(uint32_t)t->e[at].lo]);
            n++;
        }
    }
    p->merge_at = at;
    return n;
}

/* Of equal tags of ours the first has the lowest number; the rest are its doubles. Looking apart
 * from the search lets the memory's answers overlap. */
static void merge(struct psi *p, size_t from, size_t m)
{
    const struct tags *t = &p->tags;
    uint32_t pair[MERGE_PART][2];
    size_t n = candidates(p, from, m, pair);

    for (size_t i = 0; i < n; i++) {
        struct gf128 tag = p->part[pair[i][0]];
        uint64_t j = pair[i][1];
        while (j < t->n && t->e[j].hi == tag.hi && value_of(p, j) != tag.lo)
            j++;
        if (j < t->n && t->e[j].hi == tag.hi)
            note_match(p, (uint32_t)(t->e[j].lo >> 32));
    }
}

static bool list_matches(struct psi *p, struct err *e)
{
    uint64_t own = p->items.set_n - PSI_CANARIES - PSI_CANARIES_OWN, n = 0;

    p->matches = arena_get_array(p->reply, p->matches_n + 1, sizeof *p->matches, e);
    if (!p->matches)
        return false;
    for (uint64_t i = 0; i < own; i++)
        if (p->found[i / 64] >> i % 64 & 1)
            p->matches[n++] = (uint32_t)i;
    assert(n == p->matches_n);
    return true;
}

static bool end_run(struct psi *p, struct err *e)
{
    uint8_t fine = PSI_REASON_NONE;

    if (p->canaries != PSI_CANARIES || p->foreign) {
        p->reason = PSI_REASON_CANARY;
        return err_fail(e, ERR_PEER, "the run found %llu of %d canaries and %llu that nobody has",
                        (unsigned long long)p->canaries, PSI_CANARIES,
                        (unsigned long long)p->foreign);
    }
    if (!list_matches(p, e))
        return false;
    psi_note_memory(p);
    psi_say(p, FRAME_VERDICT, bytes_of(&fine, 1));
    psi_next_phase(p);
    return true;
}

static bool take_tags(struct psi *p, struct bytes body, struct err *e)
{
    size_t m = part_tags(p);

    if (!tags_read(&p->reader, body.p, m, p->part, e))
        return false;
    for (size_t i = 0; i < m; i += MERGE_PART)
        merge(p, i, m - i < MERGE_PART ? m - i : MERGE_PART);
    p->replied += m;
    return p->replied < p->plan.y || end_run(p, e);
}

const struct phase psi_receiver_phases[] = {
    {PSI_STAGE_HELLO, FRAME_HELLO, psi_hello_size, take_hello, NULL, NULL},
    {PSI_STAGE_SETUP, FRAME_OFFER, offer_size, take_offer, NULL, prepare},
    {PSI_STAGE_SETUP, FRAME_NONCE, opening_size, take_nonce, NULL, NULL},
    {PSI_STAGE_SETUP, 0, NULL, NULL, NULL, make_transfers},
    {PSI_STAGE_SETUP, FRAME_COIN, opening_size, take_coin, NULL, NULL},
    {PSI_STAGE_HASH, 0, NULL, NULL, NULL, hash_items},
    {PSI_STAGE_BINS, FRAME_CHUNK, chunk_size, take_chunk, columns_room, NULL},
    {PSI_STAGE_BINS, FRAME_PROOF, proof_size, take_proof, NULL, NULL},
    {PSI_STAGE_REPLY, 0, NULL, NULL, NULL, make_tags},
    {PSI_STAGE_REPLY, FRAME_HIGH, high_size, take_high, NULL, NULL},
    {PSI_STAGE_REPLY, FRAME_TAGS, part_size, take_tags, NULL, NULL},
    {PSI_STAGE_OVER, 0, NULL, NULL, NULL, NULL},
};
