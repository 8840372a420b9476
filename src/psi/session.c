/* Frames in and out, and the walk through a role's phases. */
#include "base/limits.h"
#include "psi/session_impl.h"

#define STALL_S 60
#define SMALL_BODY ((size_t)16384) /* before the sizes are known: offer and trees */

/* ---- output ------------------------------------------------------------------------------- */

bool psi_frame_room(const struct psi *p, size_t body)
{
    size_t used = p->out_at == p->out_n ? 0 : p->out_n;
    return FRAME_HEADER + body <= OUT_BYTES - used;
}

uint8_t *psi_frame(struct psi *p, enum frame type, size_t body)
{
    uint8_t *h;

    if (!psi_frame_room(p, body))
        return NULL;
    if (p->out_at == p->out_n)
        p->out_at = p->out_n = 0;
    h = p->out + p->out_n;
    memset(h, 0, FRAME_HEADER);
    h[0] = (uint8_t)type;
    for (unsigned i = 0; i < 4; i++)
        h[4 + i] = (uint8_t)(body >> (24 - 8 * i));
    return h + FRAME_HEADER;
}

static void record(struct psi *p, enum psi_role speaker, uint8_t type, struct bytes body)
{
    struct hash h;

    if (type == FRAME_VERDICT || type == FRAME_ABORT)
        return;
    blake2s_tree(p->k.blake2s, body, &h);
    transcript_add_u64(&p->said[speaker - 1], type);
    transcript_add(&p->said[speaker - 1], hash_bytes(&h));
}

void psi_frame_end(struct psi *p, enum frame type, size_t body)
{
    record(p, p->o.role, (uint8_t)type, bytes_of(p->out + p->out_n + FRAME_HEADER, body));
    p->out_n += FRAME_HEADER + body;
}

void psi_say(struct psi *p, enum frame type, struct bytes body)
{
    uint8_t *out = psi_frame(p, type, body.n);

    if (!out) /* only an abort can find the output full, and then the run is over anyway */
        return;
    memcpy(out, body.p, body.n);
    psi_frame_end(p, type, body.n);
}

struct bytes psi_output(const struct psi *p)
{
    return bytes_of(p->out + p->out_at, p->out_n - p->out_at);
}

void psi_sent(struct psi *p, size_t n)
{
    p->out_at += n;
    p->bytes_out += n;
    if (n)
        p->moved_us = os_ticks_us(p->os);
}

void psi_messages(const struct psi *p, struct hash *out)
{
    struct transcript t;
    struct hash h;

    transcript_init(&t, LABEL_PSI_TRANSCRIPT);
    for (unsigned i = 0; i < 2; i++) {
        transcript_hash(&p->said[i], &h);
        transcript_add(&t, hash_bytes(&h));
    }
    transcript_hash(&t, out);
}

/* ---- the end ------------------------------------------------------------------------------ */

static enum psi_reason reason_of(const struct err *e)
{
    switch (e->code) {
    case ERR_LIMIT:
    case ERR_NOMEM:
        return PSI_REASON_TROUBLE;
    case ERR_NONE:
    case ERR_INPUT:
    case ERR_PROOF:
    case ERR_PEER:
    case ERR_DENIED:
    case ERR_MISSING:
    case ERR_IO:
        break;
    }
    return PSI_REASON_ENDED;
}

bool psi_fail(struct psi *p, enum psi_reason reason, struct err *e)
{
    uint8_t byte;

    if (p->over)
        return false;
    if (e)
        p->failure = *e;
    p->over = true;
    p->reason = p->reason ? p->reason : reason;
    byte = (uint8_t)p->reason;
    if (p->out_at == p->out_n || psi_frame_room(p, 1))
        psi_say(p, FRAME_ABORT, bytes_of(&byte, 1));
    p->matches_n = 0;
    return false;
}

static enum psi_next failed(struct psi *p, struct err *e)
{
    err_pass(e, &p->failure);
    return PSI_FAILED;
}

void psi_cancel(struct psi *p)
{
    struct err e = {0};

    if (p->over || p->done)
        return;
    err_fail(&e, ERR_DENIED, "the run was cancelled");
    psi_fail(p, PSI_REASON_CANCELLED, &e);
}

const char *psi_reason_name(enum psi_reason r)
{
    static const char *const names[] = {"none",      "mismatch", "size",   "ended", "time",
                                        "cancelled", "trouble",  "canary", "closed"};
    return (unsigned)r < sizeof names / sizeof *names ? names[r] : "unknown";
}

enum psi_reason psi_reason(const struct psi *p)
{
    return p->reason;
}

/* ---- input -------------------------------------------------------------------------------- */

static bool take_abort(struct psi *p, uint8_t reason, struct err *e)
{
    p->reason = reason && reason <= PSI_REASON_CLOSED ? (enum psi_reason)reason : PSI_REASON_ENDED;
    err_fail(e, ERR_PEER, "the peer ended the run: %s", psi_reason_name(p->reason));
    p->over = true;
    p->failure = *e;
    p->matches_n = 0;
    return false;
}

/* The header says a type and a length; there is one of each that may come now. */
static bool check_header(struct psi *p, struct err *e)
{
    const uint8_t *h = p->header;
    size_t n = (size_t)h[4] << 24 | (size_t)h[5] << 16 | (size_t)h[6] << 8 | h[7];

    if (h[1] | h[2] | h[3])
        return err_fail(e, ERR_PEER, "a frame's reserved bytes are not zero");
    p->body_n = n;
    p->body_at = 0;
    if (h[0] == FRAME_ABORT)
        return n == 1 || err_fail(e, ERR_PEER, "a frame of %zu bytes instead of 1", n);
    if (h[0] != p->phase->expects)
        return err_fail(e, ERR_PEER, "a frame of type %u where %u is due", h[0], p->phase->expects);
    if (n != p->phase->size(p))
        return err_fail(e, ERR_PEER, "a frame of %zu bytes instead of %zu", n, p->phase->size(p));
    assert(n <= p->body_room);
    return true;
}

/* A header that came while nothing was due waits here until something is. */
static bool header_due(const struct psi *p)
{
    return p->header_n == FRAME_HEADER && p->body_n == SIZE_MAX;
}

static bool feed_some(struct psi *p, struct bytes in, size_t *taken, struct err *e)
{
    size_t n;

    if (p->header_n < FRAME_HEADER) {
        n = in.n < FRAME_HEADER - p->header_n ? in.n : FRAME_HEADER - p->header_n;
        memcpy(p->header + p->header_n, in.p, n);
        p->header_n += n;
        p->body_n = SIZE_MAX;
        *taken += n;
        return true;
    }
    if (header_due(p) && !check_header(p, e))
        return false;
    n = in.n < p->body_n - p->body_at ? in.n : p->body_n - p->body_at;
    if (n)
        memcpy(p->body + p->body_at, in.p, n);
    p->body_at += n;
    *taken += n;
    p->body_ready = p->body_at == p->body_n;
    return true;
}

bool psi_feed(struct psi *p, struct bytes in, size_t *taken, struct err *e)
{
    *taken = 0;
    if (p->over) {
        failed(p, e);
        return false;
    }
    while (*taken < in.n && !p->body_ready && !p->done) {
        size_t before = *taken;
        struct bytes rest = bytes_of(in.p + before, in.n - before);
        bool abort_due = p->header_n == FRAME_HEADER && p->header[0] == FRAME_ABORT;
        if (header_due(p) && !p->phase->expects && !abort_due)
            break; /* not our turn to listen */
        if (!feed_some(p, rest, taken, e))
            return psi_fail(p, PSI_REASON_ENDED, e);
    }
    if (*taken) {
        p->bytes_in += *taken;
        p->moved_us = os_ticks_us(p->os);
    }
    return true;
}

bool psi_feed_end(struct psi *p, struct err *e)
{
    if (p->done)
        return true;
    if (p->over) {
        failed(p, e);
        return false;
    }
    p->reason = PSI_REASON_CLOSED;
    err_fail(e, ERR_PEER, "the peer closed the connection in the middle of the run");
    return psi_fail(p, PSI_REASON_CLOSED, e);
}

static bool take_frame(struct psi *p, struct err *e)
{
    struct bytes body = bytes_of(p->body, p->body_n);
    uint8_t type = p->header[0];

    p->header_n = 0;
    p->body_ready = false;
    if (type == FRAME_ABORT)
        return take_abort(p, body.p[0], e);
    record(p, p->o.role == PSI_RECEIVER ? PSI_SENDER : PSI_RECEIVER, type, body);
    return p->phase->take(p, body, e);
}

/* ---- the walk ----------------------------------------------------------------------------- */

void psi_next_phase(struct psi *p)
{
    p->phase++;
    p->done = p->phase->stage == PSI_STAGE_OVER;
}

static bool in_time(struct psi *p, struct err *e)
{
    int64_t now = os_ticks_us(p->os);
    unsigned stall = p->o.stall_s ? p->o.stall_s : STALL_S;

    if (now - p->moved_us <= (int64_t)stall * INT64_C(1000000))
        return true;
    p->reason = PSI_REASON_TIME;
    return err_fail(e, ERR_PEER, "nothing from the peer for %u s", stall);
}

enum psi_next psi_step(struct psi *p, struct err *e)
{
    struct err why = {0};
    bool busy = false, took = false, ok = true;

    if (p->over)
        return failed(p, e);
    if (p->done)
        return PSI_DONE;
    if (header_due(p) && (p->phase->expects || p->header[0] == FRAME_ABORT) &&
        (ok = check_header(p, &why)))
        p->body_ready = p->body_at == p->body_n;
    if (ok && p->body_ready && p->phase->answers && p->header[0] != FRAME_ABORT &&
        !psi_frame_room(p, p->phase->answers(p)))
        return PSI_SEND;
    if (ok && p->body_ready)
        took = ok = take_frame(p, &why);
    else if (ok && p->phase->work)
        ok = p->phase->work(p, &busy, &why);
    if (ok && !busy && !p->body_ready && !p->done)
        ok = in_time(p, &why);
    if (!ok) {
        if (!p->over)
            psi_fail(p, reason_of(&why), &why);
        return failed(p, e);
    }
    if (p->done)
        return PSI_DONE;
    if (busy)
        p->moved_us = os_ticks_us(p->os); /* our own work is not the peer's silence */
    if (busy || took || p->body_ready)    /* a frame may have given us work: look before waiting */
        return PSI_WORK;
    return p->out_at < p->out_n ? PSI_SEND : PSI_READ;
}

struct psi_progress psi_progress(const struct psi *p)
{
    struct psi_progress out = {
        .stage = p->phase->stage, .bytes_in = p->bytes_in, .bytes_out = p->bytes_out};

    if (out.stage == PSI_STAGE_HASH) {
        out.done = p->items.done;
        out.of = p->items.n;
    } else if (out.stage == PSI_STAGE_BINS) {
        out.done = p->bin;
        out.of = p->plan.bins;
    } else if (out.stage == PSI_STAGE_REPLY) {
        out.done = p->replied;
        out.of = p->plan.y;
    }
    return out;
}

/* ---- opening and closing ------------------------------------------------------------------ */

static bool open_wire(struct psi *p, struct err *e)
{
    p->wire = arena_new_secret(OUT_BYTES + LIMIT_PSI_FRAME_BYTES + ((size_t)1 << 20));
    if (!p->wire)
        return err_fail(e, ERR_NOMEM, "no memory for a run");
    p->out = arena_get(p->wire, OUT_BYTES, e);
    p->body_room = SMALL_BODY;
    p->body = arena_get(p->wire, SMALL_BODY + 32, e);
    return p->out && p->body;
}

static bool check_options(const struct psi_options *o, uint64_t n, struct err *e)
{
    if (o->role != PSI_RECEIVER && o->role != PSI_SENDER)
        return err_fail(e, ERR_INPUT, "no such role: %d", (int)o->role);
    if (o->mode > PSI_SEMI_HONEST || o->code > PSI_CODE_21X24)
        return err_fail(e, ERR_INPUT, "no such mode or code");
    if (o->declared && o->declared < n)
        return err_fail(e, ERR_INPUT, "a set of %llu items declared as %llu", (unsigned long long)n,
                        (unsigned long long)o->declared);
    if (o->declared > LIMIT_PSI_ITEMS)
        return err_fail(e, ERR_LIMIT, "more than %llu items", (unsigned long long)LIMIT_PSI_ITEMS);
    return true;
}

static void start(struct psi *p)
{
    p->moved_us = os_ticks_us(p->os);
    for (unsigned i = 0; i < COMMITS; i++)
        os_random(p->os, p->secret[i], 32);
    os_random(p->os, p->delta, sizeof p->delta);
    transcript_init(&p->said[0], LABEL_PSI_TRANSCRIPT);
    transcript_init(&p->said[1], LABEL_PSI_TRANSCRIPT);
    transcript_init(&p->proofs, LABEL_PSI_VOLE);
    p->phase = p->o.role == PSI_RECEIVER ? psi_receiver_phases : psi_sender_phases;
    psi_put_hello(p);
}

struct psi *psi_open(const struct psi_options *o, struct psi_set *set, struct err *e)
{
    uint64_t n = psi_set_size(set);
    struct psi *p = NULL;

    if (check_options(o, n, e) && crypto_init() && !(p = calloc(1, sizeof *p)))
        err_fail(e, ERR_NOMEM, "no memory for a run");
    if (!p) {
        psi_set_free(set);
        return NULL;
    }
    p->o = *o;
    p->set = set;
    p->os = o->os ? o->os : os_system();
    p->o.declared = o->declared ? o->declared : n;
    p->o.peer_most = o->peer_most ? o->peer_most : LIMIT_PSI_ITEMS;
    p->k = psi_kernels_best(o->cpu_given ? o->cpu : cpu_features());
    if (!open_wire(p, e)) {
        psi_close(p);
        return NULL;
    }
    start(p);
    return p;
}

void psi_close(struct psi *p)
{
    if (!p)
        return;
    psi_set_free(p->set);
    if (p->room)
        wipe(p->room, p->room_size);
    free(p->room);
    arena_free(p->keys);
    arena_free(p->lists);
    arena_free(p->reply);
    arena_free(p->wire);
    wipe(p, sizeof *p);
    free(p);
}

struct psi_summary psi_summary(const struct psi *p)
{
    struct psi_summary s = {.items = p->items.set_n,
                            .duplicates = p->duplicates,
                            .declared = p->o.declared,
                            .peer_declared = p->peer_declared,
                            .capacity = p->plan.bins * okvs_columns(&p->plan.shape),
                            .memory_peak = p->peak};

    s.items -= PSI_CANARIES + (p->o.role == PSI_RECEIVER ? PSI_CANARIES_OWN : 0);
    psi_messages(p, &s.transcript);
    return s;
}

const uint32_t *psi_matches(const struct psi *p, uint64_t *n)
{
    *n = p->done && p->reason == PSI_REASON_NONE ? p->matches_n : 0;
    return p->matches;
}
