/* What both roles do alike: hello, coins, memory, tags. */
#include "base/limits.h"
#include "psi/session_impl.h"

#define MAGIC "entente-psi/1\0\0" /* with its final zero, 16 bytes */
#define TAG_PERSON "ente/tag"

void psi_key_of(const uint8_t secret[32], const char *label, const char *what, uint64_t n,
                uint8_t *out, size_t size)
{
    uint8_t context[32] = {0};
    size_t len = strlen(what);

    assert(len <= 24);
    memcpy(context, what, len);
    for (unsigned i = 0; i < 8; i++)
        context[24 + i] = (uint8_t)(n >> (56 - 8 * i));
    derive(secret, label, bytes_of(context, sizeof context), out, size);
}

static void commit(enum psi_role role, unsigned which, const uint8_t value[32], struct hash *out)
{
    struct transcript t;

    transcript_init(&t, LABEL_PSI_COMMIT);
    transcript_add_u64(&t, role);
    transcript_add_u64(&t, which);
    transcript_add(&t, bytes_of(value, 32));
    transcript_hash(&t, out);
    wipe(&t, sizeof t); /* the value stands in its block */
}

size_t psi_hello_size(const struct psi *p)
{
    (void)p;
    return HELLO_BYTES;
}

void psi_put_hello(struct psi *p)
{
    uint8_t b[HELLO_BYTES] = {0};

    memcpy(b, MAGIC, 16);
    b[16] = (uint8_t)p->o.role;
    b[17] = (uint8_t)p->o.mode;
    b[18] = (uint8_t)p->o.code;
    for (unsigned i = 0; i < 8; i++)
        b[20 + i] = (uint8_t)(p->o.declared >> (56 - 8 * i));
    memcpy(b + 28, p->o.context.b, 32);
    for (unsigned i = 0; i < COMMITS; i++) {
        struct hash h;
        commit(p->o.role, i, p->secret[i], &h);
        memcpy(b + 60 + 32 * i, h.b, 32);
    }
    psi_say(p, FRAME_HELLO, bytes_of(b, sizeof b));
}

static bool mismatch(struct psi *p, enum psi_reason reason, struct err *e, const char *what)
{
    p->reason = reason;
    return err_fail(e, ERR_PEER, "the peer's %s", what);
}

static bool check_hello(struct psi *p, const uint8_t *b, struct err *e)
{
    unsigned other = p->o.role == PSI_RECEIVER ? PSI_SENDER : PSI_RECEIVER;

    if (memcmp(b, MAGIC, 16) != 0 || b[19] != 0)
        return mismatch(p, PSI_REASON_MISMATCH, e, "protocol is not entente-psi/1");
    if (b[16] != other)
        return mismatch(p, PSI_REASON_MISMATCH, e, "role is the same as ours");
    if (b[17] != p->o.mode || b[18] != p->o.code)
        return mismatch(p, PSI_REASON_MISMATCH, e, "mode or code is not ours");
    if (memcmp(b + 28, p->o.context.b, 32) != 0)
        return mismatch(p, PSI_REASON_MISMATCH, e,
                        "context (agreement, purpose, recipe) is not ours");
    for (unsigned i = 0; i < 8; i++)
        p->peer_declared = p->peer_declared << 8 | b[20 + i];
    if (p->peer_declared < p->o.peer_least || p->peer_declared > p->o.peer_most ||
        p->peer_declared > LIMIT_PSI_ITEMS)
        return mismatch(p, PSI_REASON_SIZE, e, "declared size is outside our limits");
    memcpy(p->peer_commit, b + 60, sizeof p->peer_commit);
    return true;
}

bool psi_open_commit(struct psi *p, unsigned which, const uint8_t value[32], struct err *e)
{
    enum psi_role other = p->o.role == PSI_RECEIVER ? PSI_SENDER : PSI_RECEIVER;
    struct hash h;

    commit(other, which, value, &h);
    if (memcmp(h.b, p->peer_commit[which], 32) != 0)
        return err_fail(e, ERR_PEER, "the peer opened something else than it had committed to");
    memcpy(p->peer_secret[which], value, 32);
    return true;
}

/* The receiver's share first, then the sender's. */
static void joint(struct psi *p, unsigned which, const char *label, uint8_t out[32])
{
    bool receiver = p->o.role == PSI_RECEIVER;
    struct transcript t;
    struct hash h;

    transcript_init(&t, label);
    transcript_add(&t, bytes_of(p->sid, 32));
    transcript_add(&t, bytes_of(receiver ? p->secret[which] : p->peer_secret[which], 32));
    transcript_add(&t, bytes_of(receiver ? p->peer_secret[which] : p->secret[which], 32));
    transcript_hash(&t, &h);
    memcpy(out, h.b, 32);
    wipe(&t, sizeof t);
    wipe(&h, sizeof h);
}

void psi_make_salt(struct psi *p)
{
    joint(p, COMMIT_COIN, LABEL_PSI_COIN, p->salt);
}

void psi_make_mask(struct psi *p)
{
    joint(p, COMMIT_SHARE, LABEL_PSI_TAG, p->mask);
}

/* ---- memory ------------------------------------------------------------------------------- */

static size_t keys_bytes(const struct psi *p)
{
    size_t k = (size_t)1 << p->plan.log_k, own = p->o.role == PSI_RECEIVER ? p->plan.x : p->plan.y;
    size_t in_bin = own / p->plan.bins * 2 + 4096;

    in_bin = in_bin < own + 32 ? in_bin : own + 32;
    return sizeof(struct cot) + sizeof(struct ot_chooser) + p->plan.transfer_blocks * 129 * 16 +
           k * (2 * 16 + 2 * 4 + 16 * (size_t)p->plan.groups + 3 * 16 + CHUNKS_AHEAD * 16) +
           in_bin * (5 * 16 + 3 * 8) + ((size_t)4 << 20);
}

static size_t lists_bytes(const struct psi *p)
{
    size_t own = p->o.role == PSI_RECEIVER ? p->plan.x : p->plan.y;

    return p->plan.bins * (psi_items_slot(p) * (16 + 4) + 8) + own * 4 + ((size_t)1 << 16);
}

static size_t reply_bytes(const struct psi *p)
{
    size_t own = p->o.role == PSI_RECEIVER ? p->plan.x : p->plan.y;

    size_t pad = p->o.role == PSI_SENDER ? own * 32 : 0; /* if the list is shorter than said */

    return pad + own * 5 + p->plan.high_bytes + ((size_t)4 << 20);
}

static size_t largest_frame(const struct psi *p)
{
    size_t n = 16 * okvs_columns(&p->plan.shape) + 16, m = vole_message_bytes(p->plan.log_k);

    n = n > m ? n : m;
    m = (size_t)BLOCKS_PER_FRAME * COT_BLOCK_BYTES;
    n = n > m ? n : m;
    return n > HIGH_PER_FRAME ? n : HIGH_PER_FRAME;
}

void psi_note_memory(struct psi *p)
{
    size_t now = arena_used(p->wire) + (p->keys ? arena_used(p->keys) : 0) + arena_used(p->lists) +
                 arena_used(p->reply) + (p->set ? 32 * psi_set_size(p->set) : p->room_size);

    p->peak = now > p->peak ? now : p->peak;
}

static bool open_arenas(struct psi *p, struct err *e)
{
    size_t keys = keys_bytes(p), lists = lists_bytes(p), reply = reply_bytes(p);

    if (p->o.memory_most && keys + lists + reply + OUT_BYTES > p->o.memory_most)
        return mismatch(p, PSI_REASON_SIZE, e, "declared size needs more memory than we allow");
    p->keys = arena_new_secret(keys);
    p->lists = arena_new_secret(lists);
    p->reply = arena_new_secret(reply);
    if (!p->keys || !p->lists || !p->reply)
        return err_fail(e, ERR_NOMEM, "no memory for a run");
    if (!arena_reserve(p->keys, keys - ((size_t)1 << 20), e))
        return false;
    p->body_room = largest_frame(p);
    p->body = arena_get(p->wire, p->body_room + 32, e);
    return p->body;
}

bool psi_take_hello(struct psi *p, struct bytes body, struct err *e)
{
    bool receiver = p->o.role == PSI_RECEIVER;
    struct hash sid;

    if (!check_hello(p, body.p, e) ||
        !psi_plan_make(&p->plan, receiver ? p->o.declared : p->peer_declared,
                       receiver ? p->peer_declared : p->o.declared, p->o.mode, p->o.code, e))
        return false;
    psi_messages(p, &sid);
    memcpy(p->sid, sid.b, 32);
    return open_arenas(p, e);
}

bool psi_prepare(struct psi *p, struct err *e)
{
    size_t blocks = p->plan.transfer_blocks;

    if (p->cot)
        return true;
    p->cot = arena_get(p->keys, sizeof *p->cot, e);
    p->transfers = arena_get_array(p->keys, blocks * 128, sizeof *p->transfers, e);
    p->bits = arena_get_array(p->keys, blocks, sizeof *p->bits, e);
    if (!p->cot || !p->transfers || !p->bits)
        return false;
    p->cot->k = p->k;
    cot_keys_init(&p->cot->keys, p->sid);
    return psi_items_room(p, e) && vole_init(&p->vole, &p->k, p->sid, p->plan.log_k, p->plan.groups,
                                             p->plan.narrow, p->keys, e);
}

/* ---- tags --------------------------------------------------------------------------------- */

void psi_cut_tag(const struct psi_plan *plan, struct gf128 *tag)
{
    if (plan->tag_bits <= 64) {
        tag->hi &= ~(uint64_t)0 << (64 - plan->tag_bits);
        tag->lo = 0;
    } else if (plan->tag_bits < 128) {
        tag->lo &= ~(uint64_t)0 << (128 - plan->tag_bits);
    }
}

/* BLAKE2s over mask, session, value and hash: the first block is the same for all. */
static void tag_lanes(uint32_t h[8][16], const uint8_t mask[32], const uint8_t sid[32])
{
    uint32_t one[8];
    uint8_t block[64];

    memcpy(block, mask, 32);
    memcpy(block + 32, sid, 32);
    blake2s_start(one, TAG_PERSON);
    blake2s_compress(one, block, 64, false);
    blake2s_spread(h, one);
}

void psi_make_tags(struct psi *p, uint64_t from, uint64_t to)
{
    uint32_t start[8][16], h[8][16], t[16];
    uint8_t blocks[16][64] = {{0}};
    const uint8_t *block[16];

    tag_lanes(start, p->mask, p->sid);
    for (unsigned i = 0; i < 16; i++) {
        t[i] = 96;
        block[i] = blocks[i];
    }
    for (; from < to; from += 16) {
        unsigned n = to - from < 16 ? (unsigned)(to - from) : 16;
        for (unsigned i = 0; i < n; i++) {
            memcpy(blocks[i], &p->values[from + i], 16);
            memcpy(blocks[i] + 16, &p->items.hash[from + i], 16);
        }
        memcpy(h, start, sizeof h);
        p->k.blake2s->compress16(h, block, t, true);
        for (unsigned i = 0; i < n; i++) {
            struct gf128 *v = &p->values[from + i];
            v->hi = (uint64_t)h[1][i] << 32 | h[0][i];
            v->lo = (uint64_t)h[3][i] << 32 | h[2][i];
            psi_cut_tag(&p->plan, v);
        }
    }
}
