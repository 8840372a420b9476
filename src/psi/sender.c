/* The sender: its phases in order. */
#include "psi/session_impl.h"

#define DEADLINE_S 60
#define DEADLINE_RATE 10000000 /* and a second for each ten megabytes due */

/* ---- setup -------------------------------------------------------------------------------- */

static bool take_hello(struct psi *p, struct bytes body, struct err *e)
{
    uint8_t *out;

    if (!psi_take_hello(p, body, e) || !(p->chooser = arena_get(p->keys, sizeof *p->chooser, e)))
        return false;
    out = psi_frame(p, FRAME_OFFER, OT_OFFER_BYTES);
    assert(out); /* only the hello is before it */
    ot_choose(p->chooser, p->os, p->sid, p->delta, out);
    psi_frame_end(p, FRAME_OFFER, OT_OFFER_BYTES);
    psi_next_phase(p);
    return true;
}

/* While the receiver computes its keys. */
static bool prepare(struct psi *p, struct err *e)
{
    size_t slots = p->plan.bins < CHUNKS_AHEAD ? (size_t)p->plan.bins : CHUNKS_AHEAD;

    for (size_t i = 0; i < slots; i++)
        if (!(p->ahead[i] = vole_array(p->keys, (size_t)1 << p->plan.log_k, e)))
            return false;
    return psi_prepare(p, e);
}

static size_t point_size(const struct psi *p)
{
    (void)p;
    return OT_POINT_BYTES;
}

static bool take_point(struct psi *p, struct bytes body, struct err *e)
{
    uint8_t(*keys)[32] = arena_get_array(p->keys, OT_COUNT, sizeof *keys, e);

    if (!keys || !prepare(p, e) || !ot_chosen(p->chooser, body.p, keys, e))
        return false;
    wipe(p->chooser, sizeof *p->chooser);
    p->chooser = NULL;
    p->pairs = (uint8_t(*)[2][32])keys; /* half of them used: one key of each */
    psi_say(p, FRAME_NONCE, bytes_of(p->secret[COMMIT_NONCE], 32));
    psi_next_phase(p);
    return true;
}

static size_t trees_size(const struct psi *p)
{
    (void)p;
    return 32 + COT_TREE_BYTES;
}

static bool take_trees(struct psi *p, struct bytes body, struct err *e)
{
    uint8_t nonces[64], (*keys)[32] = (uint8_t(*)[32])p->pairs;
    bool ok;

    if (!psi_open_commit(p, COMMIT_NONCE, body.p, e))
        return false;
    memcpy(nonces, body.p, 32);
    memcpy(nonces + 32, p->secret[COMMIT_NONCE], 32);
    for (unsigned i = 0; i < OT_COUNT; i++)
        ot_finish(keys[i], nonces);
    ok = cot_sender_trees(p->cot, p->delta, keys, body.p + 32, e);
    wipe(keys, OT_COUNT * sizeof *keys);
    psi_next_phase(p);
    return ok;
}

static size_t blocks_due(const struct psi *p)
{
    size_t left = p->plan.transfer_blocks - p->blocks;
    return left < BLOCKS_PER_FRAME ? left : BLOCKS_PER_FRAME;
}

static size_t corrections_size(const struct psi *p)
{
    return blocks_due(p) * COT_BLOCK_BYTES;
}

static bool take_corrections(struct psi *p, struct bytes body, struct err *e)
{
    size_t n = blocks_due(p);

    (void)e;
    cot_sender_blocks(p->cot, p->blocks, n, body.p, p->transfers + 128 * p->blocks);
    p->blocks += n;
    if (p->blocks == p->plan.transfer_blocks) {
        struct hash messages;
        psi_messages(p, &messages); /* the check's own frame is no part of it */
        cot_sender_sums(p->cot, &messages, p->blocks, p->transfers);
        psi_next_phase(p);
    }
    return true;
}

static size_t check_size(const struct psi *p)
{
    (void)p;
    return COT_CHECK_BYTES + 32;
}

static bool take_check(struct psi *p, struct bytes body, struct err *e)
{
    if (!cot_sender_check(p->cot, body.p, e) ||
        !psi_open_commit(p, COMMIT_COIN, body.p + COT_CHECK_BYTES, e))
        return false;
    vole_sender_base(&p->vole, p->cot->delta, p->transfers + 128);
    cot_wipe(p->cot);
    wipe(p->delta, sizeof p->delta);
    os_random(p->os, p->seed, sizeof p->seed);
    psi_make_salt(p);
    psi_say(p, FRAME_COIN, bytes_of(p->secret[COMMIT_COIN], 32));
    p->coin_us = os_ticks_us(p->os);
    psi_next_phase(p);
    return psi_items_init(p, e);
}

/* ---- bins --------------------------------------------------------------------------------- */

/* A seed of its own for each chunk's roots. */
static void chunk_seed(const struct psi *p, uint64_t chunk, uint8_t out[16])
{
    uint8_t key[32] = {0};

    memcpy(key, p->seed, 16);
    psi_key_of(key, LABEL_PSI_VOLE, "roots", chunk, out, 16);
    wipe(key, sizeof key);
}

/* The next chunk, if the receiver is not too far behind and there is room. */
static bool send_chunk(struct psi *p)
{
    size_t size = vole_message_bytes(p->plan.log_k), slot = p->bins_sent % CHUNKS_AHEAD;
    size_t at = p->plan.first_block + p->bins_sent * (vole_transfers(p->plan.log_k) / 128);
    uint8_t seed[16], *out;

    if (p->bins_sent == p->plan.bins || p->bins_sent >= p->bin + CHUNKS_AHEAD ||
        !(out = psi_frame(p, FRAME_CHUNK, size)))
        return false;
    chunk_seed(p, p->bins_sent, seed);
    vole_send(&p->vole, p->bins_sent, seed, p->transfers + 128 * at, out, &p->half[slot]);
    psi_frame_end(p, FRAME_CHUNK, size);
    memcpy(p->ahead[slot], p->vole.x + p->plan.kept, 16 * okvs_columns(&p->plan.shape));
    p->bins_sent++;
    return true;
}

static bool hash_items(struct psi *p, bool *busy, struct err *e)
{
    *busy = true;
    if (p->items.done == 0 && send_chunk(p))
        return true; /* so that the receiver has something to do */
    if (!psi_items_work(p, busy, e))
        return false;
    if (*busy)
        return true;
    *busy = true;
    psi_next_phase(p);
    return psi_items_scratch(p, e);
}

static size_t columns_size(const struct psi *p)
{
    return 16 + p->plan.column_bytes * okvs_columns(&p->plan.shape);
}

static bool before_deadline(struct psi *p, struct err *e)
{
    int64_t now = os_ticks_us(p->os), most = p->o.deadline_s;

    if (!most)
        most = DEADLINE_S + (int64_t)(p->plan.bytes_r / DEADLINE_RATE);
    if (now - p->coin_us <= most * INT64_C(1000000))
        return true;
    p->reason = PSI_REASON_TIME;
    return err_fail(e, ERR_PEER, "the receiver has not finished its encoding in %lld s",
                    (long long)most);
}

static bool make_chunks(struct psi *p, bool *busy, struct err *e)
{
    *busy = send_chunk(p);
    return before_deadline(p, e);
}

/* The masked columns as elements. Narrow ones are widened where the chunk's B was, which has gone
 * to its slot. */
static const struct gf128 *columns_of(struct psi *p, const uint8_t *in)
{
    if (!p->plan.narrow)
        return (const struct gf128 *)(const void *)in;
    p->k.gf64->widen(p->vole.x, (const uint64_t *)(const void *)in, okvs_columns(&p->plan.shape));
    return p->vole.x;
}

static bool take_columns(struct psi *p, struct bytes body, struct err *e)
{
    size_t slot = p->bin % CHUNKS_AHEAD, n;
    struct gf128 *b = p->ahead[slot], answer, check;
    uint64_t first;

    if (!before_deadline(p, e))
        return false;
    if (p->bin == p->bins_sent)
        return err_fail(e, ERR_PEER, "masked columns for a bin that has not begun");
    memcpy(&answer, body.p, 16);
    check = vole_check(&p->vole, p->half[slot], answer);
    transcript_add(&p->proofs, bytes_of(&check, sizeof check));
    p->k.gf->scale_acc(b, columns_of(p, body.p + 16), &p->vole.delta, okvs_columns(&p->plan.shape));
    n = psi_items_bin(p, p->bin, &first);
    okvs_decode(&p->k, &p->plan.shape, b, p->items.hash + first, (const okvs_row *)p->rows,
                p->scratch[0], p->values + first, n);
    p->k.gf->scale_acc(p->values + first, p->scratch[1], &p->vole.delta, n);
    if (++p->bin == p->plan.bins)
        psi_next_phase(p);
    return true;
}

/* ---- reply -------------------------------------------------------------------------------- */

static size_t share_size(const struct psi *p)
{
    (void)p;
    return 32;
}

static bool take_share(struct psi *p, struct bytes body, struct err *e)
{
    uint8_t out[64];
    struct hash h;

    if (!psi_open_commit(p, COMMIT_SHARE, body.p, e))
        return false;
    transcript_hash(&p->proofs, &h);
    memcpy(out, p->secret[COMMIT_SHARE], 32);
    memcpy(out + 32, h.b, 32);
    psi_say(p, FRAME_PROOF, bytes_of(out, sizeof out));
    wipe(out, sizeof out);
    psi_make_mask(p);
    psi_note_memory(p);
    arena_free(p->keys);
    p->keys = NULL;
    wipe(&p->vole, sizeof p->vole);
    psi_next_phase(p);
    return true;
}

/* The n tags there are, and as many random ones as the declared size asks for. */
static bool fill_tags(struct psi *p, const struct gf128 *tags, uint64_t n, struct err *e)
{
    struct gf128 *all = arena_get_array(p->reply, p->plan.y, sizeof *all, e), *room;

    if (!all)
        return false;
    memcpy(all, tags, n * sizeof *all);
    os_random(p->os, all + n, (p->plan.y - n) * sizeof *all);
    for (uint64_t i = n; i < p->plan.y; i++)
        psi_cut_tag(&p->plan, &all[i]);
    p->sorted = 0;
    room = arena_get_array(p->reply, p->plan.y, sizeof *room, e);
    return room && tags_init(&p->tags, all, p->plan.y, NULL, room, p->reply, e);
}

static bool sort_tags(struct psi *p, struct err *e)
{
    if (p->items.n < p->plan.y)
        return fill_tags(p, p->values, p->items.n, e);
    return tags_init(&p->tags, p->values, p->items.n, NULL, p->values + p->items.n, p->reply, e);
}

/* Equal neighbours are an item given twice. It must not show: keep one of them, and draw random
 * ones for the rest, into a list sorted anew. */
static bool drop_doubles(struct psi *p, struct err *e)
{
    struct arena *old = p->reply;
    struct gf128 *t = p->tags.e;
    uint64_t n = 1;
    bool ok;

    for (uint64_t i = 1; i < p->tags.n; i++)
        if (t[i].hi != t[n - 1].hi || t[i].lo != t[n - 1].lo)
            t[n++] = t[i];
    p->duplicates += p->tags.n - n;
    p->reply = arena_new_secret(p->plan.y * 33 + p->plan.high_bytes + ((size_t)4 << 20));
    ok = p->reply ? fill_tags(p, t, n, e) : err_fail(e, ERR_NOMEM, "no memory for a run");
    arena_free(old);
    return ok;
}

static bool end_sorting(struct psi *p, struct err *e)
{
    const struct gf128 *t = p->tags.e;

    for (uint64_t i = 1; i < p->tags.n; i++)
        if (t[i].hi == t[i - 1].hi && t[i].lo == t[i - 1].lo)
            return drop_doubles(p, e);
    p->high = arena_get(p->reply, p->plan.high_bytes + 16, e);
    if (!p->high)
        return false;
    tags_put_high(&p->plan, &p->tags, p->high);
    psi_note_memory(p);
    psi_next_phase(p);
    return true;
}

static bool make_tags(struct psi *p, bool *busy, struct err *e)
{
    uint64_t n = p->items.n, at = p->merge_at, to;

    *busy = true;
    if (at < n) {
        to = n - at < ITEMS_PER_STEP ? n : at + ITEMS_PER_STEP;
        psi_make_tags(p, at, to);
        p->merge_at = to;
        return to < n || sort_tags(p, e);
    }
    to = tags_buckets(&p->tags) - p->sorted < 16 ? tags_buckets(&p->tags) : p->sorted + 16;
    tags_sort(&p->tags, p->sorted, to);
    p->sorted = to;
    return to < tags_buckets(&p->tags) || end_sorting(p, e);
}

static void say_high(struct psi *p, size_t n)
{
    uint8_t *out = psi_frame(p, FRAME_HIGH, n);

    memcpy(out, p->high + p->high_at, n);
    psi_frame_end(p, FRAME_HIGH, n);
    p->high_at += n;
}

static void say_tags(struct psi *p, size_t m)
{
    size_t size = tags_low_bytes(&p->plan, m);
    uint8_t *out = psi_frame(p, FRAME_TAGS, size); /* the packer writes a little further, */

    assert(out && psi_frame_room(p, size + 8)); /* and send_reply has made sure of room */
    tags_put_low(&p->plan, &p->tags, p->replied, m, out);
    psi_frame_end(p, FRAME_TAGS, size);
    p->replied += m;
}

static bool send_reply(struct psi *p, bool *busy, struct err *e)
{
    uint64_t high = p->plan.high_bytes - p->high_at, tags = p->plan.y - p->replied;

    (void)e;
    *busy = psi_frame_room(p, HIGH_PER_FRAME + 64);
    if (!*busy)
        return true;
    if (high)
        say_high(p, high < HIGH_PER_FRAME ? high : HIGH_PER_FRAME);
    else if (tags)
        say_tags(p, tags < PSI_REPLY_PART ? tags : PSI_REPLY_PART);
    else
        psi_next_phase(p);
    return true;
}

static size_t verdict_size(const struct psi *p)
{
    (void)p;
    return 1;
}

static bool take_verdict(struct psi *p, struct bytes body, struct err *e)
{
    if (body.p[0] != PSI_REASON_NONE)
        return err_fail(e, ERR_PEER, "the receiver's verdict is none");
    psi_next_phase(p);
    return true;
}

const struct phase psi_sender_phases[] = {
    {PSI_STAGE_HELLO, FRAME_HELLO, psi_hello_size, take_hello, NULL, NULL},
    {PSI_STAGE_SETUP, FRAME_POINT, point_size, take_point, NULL, NULL},
    {PSI_STAGE_SETUP, FRAME_TREES, trees_size, take_trees, NULL, NULL},
    {PSI_STAGE_SETUP, FRAME_CORRECTIONS, corrections_size, take_corrections, NULL, NULL},
    {PSI_STAGE_SETUP, FRAME_CHECK, check_size, take_check, NULL, NULL},
    {PSI_STAGE_HASH, 0, NULL, NULL, NULL, hash_items},
    {PSI_STAGE_BINS, FRAME_COLUMNS, columns_size, take_columns, NULL, make_chunks},
    {PSI_STAGE_BINS, FRAME_SHARE, share_size, take_share, NULL, NULL},
    {PSI_STAGE_REPLY, 0, NULL, NULL, NULL, make_tags},
    {PSI_STAGE_REPLY, 0, NULL, NULL, NULL, send_reply},
    {PSI_STAGE_REPLY, FRAME_VERDICT, verdict_size, take_verdict, NULL, NULL},
    {PSI_STAGE_OVER, 0, NULL, NULL, NULL, NULL},
};
