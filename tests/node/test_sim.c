/* Two nodes in one thread on disks that tear and lose, over a wire that drops, repeats, replays and
 * forges, from a seed: tlog.md section 6's invariants after every event.
 *
 *     acknowledged acts are there, at the same index, after any crash
 *     an honest node never shows two roots for one size
 *     a cosigner never cosigns a smaller tree later than a larger one
 *     nobody honest is ever convicted; who shows two faces is
 *     once the faults end, both hold and have cosigned all there is, and fold the same
 */
#include "node/node_rig.h"

#include "node/node_impl.h"
#include "support/simdisk.h"

#include <stdlib.h>

#define EVENTS 24
#define MOST_ACTS 64
#define MOST_SIZE 128

enum mode {
    HONEST,    /* crashes, failing disks, a bad wire */
    RESTORED,  /* and one of them goes back to a backup */
    FORGED,    /* and somebody on the wire changes whatever passes */
    TWO_FACES, /* south speaks from two disks with one set of keys */
    MODES
};

struct acked {
    uint64_t index;
    struct hash text;
    bool lost; /* with a disk that was replaced by a backup */
};

struct side {
    struct simdisk *disk, *backup;
    struct acked acts[MOST_ACTS];
    size_t acts_n;
    bool restored;
};

/* Roots that left their owner: of which size, which. */
struct roots {
    struct hash root[MOST_SIZE];
    bool known[MOST_SIZE];
};

struct sim {
    struct rig *rig;
    struct rng rng;
    uint64_t seed;
    enum mode mode;
    struct side side[2];
    struct roots shown[2];
    struct {
        uint64_t size;
        int64_t time;
    } cosigned[2];
    bool quiet;          /* no faults any more */
    struct bytes replay; /* an earlier body, of either direction */
    size_t calls, forged, crashes, restores;
};

#define BROKEN(s, ...)                                                                             \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        fail_msg("mode %d: replay with ENTENTE_SEED=%llu ENTENTE_SIM_N=1", (int)(s)->mode,         \
                 (unsigned long long)(s)->seed);                                                   \
    } while (0)

static bool chance(struct sim *s, unsigned in)
{
    return rng_below(&s->rng, in) == 0;
}

/* ---- the wire
 * --------------------------------------------------------------------------------------- */

static struct bytes forge(struct sim *s, struct bytes in, struct arena *a)
{
    struct bytes out;
    uint8_t *p;

    if (in.n == 0 || (chance(s, 4) && s->replay.n))
        return s->replay;
    if (!arena_copy(a, in, &out, NULL))
        return in;
    p = (uint8_t *)(uintptr_t)out.p;
    switch (rng_below(&s->rng, 3)) {
    case 0:
        p[rng_below(&s->rng, out.n)] ^= (uint8_t)(1u << rng_below(&s->rng, 8));
        return out;
    case 1:
        return bytes_part(out, 0, (size_t)rng_below(&s->rng, out.n));
    default: /* a run of bytes from elsewhere in the same message */
        for (size_t n = 1 + (size_t)rng_below(&s->rng, 40),
                    from = (size_t)rng_below(&s->rng, out.n),
                    to = (size_t)rng_below(&s->rng, out.n);
             n && from < out.n && to < out.n; n--, from++, to++)
            p[to] = p[from];
        return out;
    }
}

static void keep_for_replay(struct sim *s, struct bytes b)
{
    if (b.n && b.n < 65536 && chance(s, 4))
        arena_copy(s->rig->arena, b, &s->replay, NULL);
}

static void saw_root(struct sim *s, size_t whose, struct bytes note);

/* Whatever leaves a node is seen by somebody who may keep it. */
static void overhear(struct sim *s, struct rig_node *speaker, const struct http_call *call,
                     const struct http_reply *reply)
{
    struct arena *a = arena_new(1 << 22);
    struct heads *h = a ? arena_get(a, sizeof *h, NULL) : NULL;

    if (h && (s->mode == HONEST || s->mode == FORGED) && reply->status == 200 &&
        strstr(call->target, "/heads/") && heads_parse(reply->body, a, h, NULL))
        for (size_t i = 0; i < h->n; i++)
            if (bytes_are(h->line[i].slug, speaker->slug))
                saw_root(s, (size_t)(speaker - s->rig->nodes), h->line[i].note);
    arena_free(a);
}

static bool carry(void *self, struct rig_node *from, struct rig_node *to,
                  const struct http_call *call, struct http_reply *reply, struct err *e)
{
    struct sim *s = self;
    struct http_call changed = *call;

    s->calls++;
    if (s->quiet)
        return rig_pass(from, to, call, reply, e);
    if (chance(s, 12))
        return err_fail(e, ERR_IO, "lost on the way there");
    if (s->mode == FORGED && call->body.n && chance(s, 2)) {
        changed.body = forge(s, call->body, s->rig->arena);
        s->forged++;
    }
    if (chance(s, 12)) { /* twice, and the first answer is lost */
        struct err ignored = {0};
        rig_pass(from, to, &changed, reply, &ignored);
    }
    keep_for_replay(s, call->body);
    if (!rig_pass(from, to, &changed, reply, e))
        return false;
    overhear(s, to, call, reply);
    if (chance(s, 12))
        return err_fail(e, ERR_IO, "lost on the way back");
    keep_for_replay(s, reply->body);
    if (s->mode == FORGED && chance(s, 2)) {
        reply->body = forge(s, reply->body, call->arena);
        if (reply->body.n > call->body_most)
            reply->body.n = call->body_most;
        s->forged++;
        if (chance(s, 8))
            reply->status = chance(s, 2) ? 200 : 409;
    }
    return true;
}

/* ---- what must hold
 * ----------------------------------------------------------------------------------- */

static void saw_root(struct sim *s, size_t whose, struct bytes note)
{
    struct arena *a = arena_new(1 << 20);
    struct note parsed;
    struct checkpoint c;

    if (note.n && note_parse(note, a, &parsed, NULL) && checkpoint_parse(parsed.text, &c, NULL) &&
        c.size < MOST_SIZE) {
        struct roots *r = &s->shown[whose];
        if (r->known[c.size] && !hash_equal(&r->root[c.size], &c.root))
            BROKEN(s, "%s has signed two roots of %llu acts", s->rig->nodes[whose].slug,
                   (unsigned long long)c.size);
        r->known[c.size] = true;
        r->root[c.size] = c.root;
    }
    arena_free(a);
}

static void check_cosigned(struct sim *s, size_t by, struct bytes note)
{
    struct arena *a = arena_new(1 << 20);
    struct checkpoint c;
    struct note parsed;

    if (note.n && note_parse(note, a, &parsed, NULL) && checkpoint_parse(parsed.text, &c, NULL))
        for (size_t i = 0; i < parsed.n; i++) {
            struct reader r = reader_of(parsed.lines[i].signature);
            int64_t time = (int64_t)reader_u64(&r);
            if (parsed.lines[i].signature.n != 72)
                continue;
            if (s->side[by].restored) /* its past is elsewhere */
                continue;
            if ((c.size > s->cosigned[by].size && time < s->cosigned[by].time) ||
                (c.size < s->cosigned[by].size && time > s->cosigned[by].time))
                BROKEN(s, "%s cosigned backwards", s->rig->nodes[by].slug);
            s->cosigned[by].size = c.size;
            s->cosigned[by].time = time;
        }
    arena_free(a);
}

static void check_acts(struct sim *s, size_t i, struct record *r)
{
    for (size_t k = 0; k < s->side[i].acts_n; k++) {
        const struct acked *want = &s->side[i].acts[k];
        struct arena *a = arena_new(1 << 20);
        struct act act;
        struct err e = {0};
        if (!want->lost && (!record_act(r, rig_slug(s->rig, i), want->index, a, &act, &e) ||
                            !hash_equal(&act.text_hash, &want->text)))
            BROKEN(s, "%s lost act %llu, which was acknowledged: %s", s->rig->nodes[i].slug,
                   (unsigned long long)want->index, e.text);
        arena_free(a);
    }
}

static void check_node(struct sim *s, size_t i)
{
    struct record *r = rig_record(s->rig, i);
    struct record_head own, other;
    struct bytes note;
    struct arena *a = arena_new(1 << 22);
    struct err e = {0};
    size_t peer = 1 - i;

    /* A node whose disk has failed may be unable to say anything. */
    if (simdisk_failed(s->side[i].disk) || !record_head(r, rig_slug(s->rig, i), a, &own, &e) ||
        !record_head(r, rig_slug(s->rig, peer), a, &other, &e)) {
        arena_free(a);
        return;
    }
    if (own.stopped || (other.stopped && s->mode != TWO_FACES))
        BROKEN(s, "an honest party is convicted by %s", s->rig->nodes[i].slug);
    if (s->mode != TWO_FACES) {
        saw_root(s, peer, other.note);
        if (!s->side[i].restored && s->mode != RESTORED)
            saw_root(s, i, own.note);
        if (record_cosigned(r, rig_slug(s->rig, peer), a, &note, &e))
            check_cosigned(s, i, note);
    }
    if (s->mode != TWO_FACES || i == 0)
        check_acts(s, i, r);
    arena_free(a);
}

/* ---- processes and disks
 * --------------------------------------------------------------------------------- */

static void start(struct sim *s, size_t i)
{
    struct err e = {0};

    s->rig->nodes[i].os = simdisk_os(s->side[i].disk);
    if (!rig_open(&s->rig->nodes[i], &e))
        BROKEN(s, "%s does not start: %s", s->rig->nodes[i].slug, e.text);
}

static void change_disk(struct sim *s, size_t i, struct simdisk *fresh)
{
    rig_stop(s->rig, i);
    simdisk_free(s->side[i].disk);
    s->side[i].disk = fresh;
    start(s, i);
}

static void crash(struct sim *s, size_t i)
{
    struct simdisk *after = simdisk_crash(s->side[i].disk, rng_u64(&s->rng));

    s->crashes++;
    change_disk(s, i, after);
}

static void restore(struct sim *s, size_t i)
{
    struct side *side = &s->side[i];
    uint64_t held = rig_head(s->rig, 1 - i, i).size;
    struct record_head own;

    if (!side->backup || s->side[1 - i].restored)
        return;
    s->restores++;
    side->restored = true;
    change_disk(s, i, simdisk_copy(side->backup, rng_u64(&s->rng)));
    own = rig_head(s->rig, i, i);
    for (size_t k = 0; k < side->acts_n; k++)
        side->acts[k].lost = side->acts[k].index >= own.size;
    /* What the peer holds has to come back; what nobody has is gone for good. */
    for (size_t k = 0; k < side->acts_n;)
        if (side->acts[k].index >= held && side->acts[k].index >= own.size)
            side->acts[k] = side->acts[--side->acts_n];
        else
            k++;
}

/* ---- events
 * ------------------------------------------------------------------------------------------------
 */

static void say(struct sim *s, size_t i)
{
    struct record_draft d = {.kind = BYTES("share"),
                             .media_type = BYTES(MEDIA_JSON),
                             .payload = BYTES("{\"text\":\"x\"}")};
    struct node *n = s->rig->nodes[i].node;
    struct record_placed placed[3];
    struct record_draft drafts[3] = {d, d, d};
    size_t count = 1 + (size_t)rng_below(&s->rng, 3);
    struct err e = {0};
    struct record *r;

    if (s->side[i].acts_n + count > MOST_ACTS)
        return;
    r = node_hold(n, s->rig->id, &e);
    must(r, &e);
    if (record_append(r, drafts, count, placed, &e))
        for (size_t k = 0; k < count; k++)
            s->side[i].acts[s->side[i].acts_n++] =
                (struct acked){placed[k].index, placed[k].text_hash, false};
    else if (e.code != ERR_DENIED && e.code != ERR_IO)
        BROKEN(s, "%s cannot say: %s", s->rig->nodes[i].slug, e.text);
    node_release(n, r);
}

static void visit(struct sim *s, size_t i)
{
    struct node_report report;
    struct err e = {0};

    rig_visit(s->rig, i, 1 - i, &report, &e);
}

static bool failed(const struct sim *s, size_t i)
{
    return simdisk_failed(s->side[i].disk);
}

/* A disk that failed ends its process; sometimes the peer still gets to see it before. */
static void bury(struct sim *s)
{
    while (failed(s, 0) || failed(s, 1)) {
        size_t k = failed(s, 0) ? 0 : 1;
        if (chance(s, 2))
            visit(s, 1 - k);
        check_node(s, 1 - k);
        crash(s, k);
        check_node(s, k);
    }
}

static void event(struct sim *s)
{
    size_t i = (size_t)rng_below(&s->rng, 2);
    static const enum simdisk_fault faults[] = {SIMDISK_EIO, SIMDISK_ENOSPC, SIMDISK_SHORT,
                                                SIMDISK_POWER};

    simdisk_advance(s->side[0].disk, (int64_t)rng_below(&s->rng, 90) * US_PER_S);
    simdisk_advance(s->side[1].disk, (int64_t)rng_below(&s->rng, 90) * US_PER_S);
    if (s->mode != TWO_FACES && chance(s, 4)) /* something fails during what follows */
        simdisk_fail(s->side[i].disk, 1 + rng_below(&s->rng, 12), faults[rng_below(&s->rng, 4)]);
    switch (rng_below(&s->rng, 8)) {
    case 0:
    case 1:
    case 2:
        say(s, (size_t)rng_below(&s->rng, 2));
        break;
    case 3:
        if (s->mode != TWO_FACES)
            crash(s, i);
        break;
    case 4:
        if (s->mode == RESTORED && !s->side[i].backup)
            s->side[i].backup = simdisk_copy(s->side[i].disk, rng_u64(&s->rng));
        else if (s->mode == RESTORED && chance(s, 2))
            restore(s, i);
        break;
    default:
        visit(s, (size_t)rng_below(&s->rng, 2));
    }
    for (size_t k = 0; k < 2; k++)
        check_node(s, k);
    bury(s);
}

/* South's other face: a copy of its disk on which the owner insists. */
static void other_face(struct sim *s)
{
    struct simdisk *face = simdisk_copy(s->side[1].disk, rng_u64(&s->rng)), *first;
    struct record *r;
    struct err e = {0};

    s->quiet = true;
    say(s, 1);
    visit(s, 0); /* north has seen this one */
    first = s->side[1].disk;
    rig_stop(s->rig, 1);
    s->side[1].disk = face;
    start(s, 1);
    simdisk_free(first);
    simdisk_advance(face, 1000 * US_PER_S);
    r = node_hold(s->rig->nodes[1].node, s->rig->id, &e);
    must(r && record_fence_force(r, &e), &e);
    node_release(s->rig->nodes[1].node, r);
    say(s, 1);
    if (chance(s, 2))
        say(s, 1);
    visit(s, 0);
    visit(s, 0);
    if (!rig_head(s->rig, 0, 1).stopped)
        BROKEN(s, "two faces, and north has not noticed");
}

/* ---- the end: no more faults
 * --------------------------------------------------------------------------------- */

/* What the cases come to, and of which inputs: the same on both sides. */
static void check_desks(struct sim *s)
{
    struct desk_state state[2];
    struct err e = {0};

    for (size_t i = 0; i < 2; i++) {
        struct desk *d = node_desk(s->rig->nodes[i].node, s->rig->id, &e);
        must(d && desk_begin(d, &e), &e);
        must(desk_state(d, &state[i], &e), &e);
        desk_end(d);
    }
    if (!hash_equal(&state[0].inputs, &state[1].inputs))
        BROKEN(s, "the two do not hold the same cosignatures");
    if (!hash_equal(&state[0].root, &state[1].root))
        BROKEN(s, "from the same inputs the two come to different states");
}

static void settle(struct sim *s)
{
    s->quiet = true;
    for (size_t i = 0; i < 2; i++)
        simdisk_fail(s->side[i].disk, 0, SIMDISK_EIO);
    /* Clocks apart by no more than what passes here. */
    for (size_t i = 0; i < 2; i++)
        simdisk_advance(s->side[i].disk, 100000 * US_PER_S);
    rig_settle(s->rig);
    for (size_t i = 0; i < 2; i++) {
        struct record_head own = rig_head(s->rig, i, i), there = rig_head(s->rig, 1 - i, i);
        if (record_fence(rig_record(s->rig, i)) != FENCE_OK)
            BROKEN(s, "%s is still fenced", s->rig->nodes[i].slug);
        if (own.size != there.size || !hash_equal(&own.root, &there.root))
            BROKEN(s, "%s has %llu acts, its peer %llu of them", s->rig->nodes[i].slug,
                   (unsigned long long)own.size, (unsigned long long)there.size);
        if (own.cosigned != own.size)
            BROKEN(s, "%s: %llu of %llu acts are cosigned", s->rig->nodes[i].slug,
                   (unsigned long long)own.cosigned, (unsigned long long)own.size);
        for (size_t k = 0; k < s->side[i].acts_n; k++)
            s->side[i].acts[k].lost = false;
        check_node(s, i);
    }
    check_desks(s);
}

/* ---- runs
 * ------------------------------------------------------------------------------------------------------
 */

struct base {
    struct simdisk *disk[2];
    char id[ACT_AGREEMENT + 1];
};

static const char *const names[] = {"north", "south"};

/* Keys, cards and a signed agreement, once: each run goes on from a copy. */
static void make_base(struct base *b)
{
    struct arena *a = test_arena();
    const struct os *machines[2];
    struct rig *r;

    for (size_t i = 0; i < 2; i++) {
        b->disk[i] = simdisk_new(77 + i);
        machines[i] = simdisk_os(b->disk[i]);
    }
    r = rig_new(a, "nodes", names, machines, 2);
    rig_agree(r);
    memcpy(b->id, r->id, sizeof b->id);
    rig_free(r);
    arena_free(a);
}

struct tally {
    size_t runs, calls, forged, crashes, restores;
};

static void run(const struct base *b, uint64_t seed, struct tally *t)
{
    struct arena *a = arena_new((size_t)256 << 20);
    struct rig *r = arena_get(a, sizeof *r, NULL);
    struct sim *s = arena_get(a, sizeof *s, NULL);

    *s = (struct sim){.rig = r, .rng = rng_of(seed), .seed = seed};
    s->mode = (enum mode)rng_below(&s->rng, MODES);
    r->arena = a;
    r->n = 2;
    r->wire = (struct rig_wire){carry, s};
    memcpy(r->id, b->id, sizeof r->id);
    for (size_t i = 0; i < 2; i++) {
        s->side[i].disk = simdisk_copy(b->disk[i], rng_u64(&s->rng));
        rig_place(r, i, names[i], "nodes", simdisk_os(s->side[i].disk));
        start(s, i);
    }
    s->quiet = true;
    rig_settle(r); /* a copy is a restored folder: they confirm each other */
    s->quiet = false;
    for (int i = 0; i < EVENTS; i++)
        event(s);
    if (s->mode == TWO_FACES)
        other_face(s);
    else
        settle(s);
    for (size_t i = 0; i < 2; i++) {
        rig_stop(r, i);
        simdisk_free(s->side[i].disk);
        simdisk_free(s->side[i].backup);
    }
    t->runs++;
    t->calls += s->calls;
    t->forged += s->forged;
    t->crashes += s->crashes;
    t->restores += s->restores;
    arena_free(a);
}

static void two_nodes(void **state)
{
    const char *n = getenv("ENTENTE_SIM_N");
    size_t runs = n ? (size_t)strtoull(n, NULL, 10) : 1000;
    struct rng seeds = rng_from_env("sim");
    struct tally t = {0};
    struct base b;

    (void)state;
    make_base(&b);
    for (size_t i = 0; i < runs; i++)
        run(&b, i == 0 ? seeds.state : rng_u64(&seeds), &t);
    for (size_t i = 0; i < 2; i++)
        simdisk_free(b.disk[i]);
    print_message("%zu runs, %zu calls, %zu forged, %zu crashes, %zu restores\n", t.runs, t.calls,
                  t.forged, t.crashes, t.restores);
    assert_true(runs < 100 || (t.forged && t.crashes && t.restores));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_nodes)};

    return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
