/* Every message of both roles, changed in every way: the run ends on both sides, nobody has a
 * result, and memory stays within what the sizes need. */
#include "pair.h"

#include <stdlib.h>

#define ITEMS 300

static void flip(struct lie *l, uint8_t *f, size_t *n)
{
    f[FRAME_HEADER + l->at % (*n - FRAME_HEADER)] ^= l->by;
}

static void cut(struct lie *l, uint8_t *f, size_t *n)
{
    size_t body = *n - FRAME_HEADER - 1 - l->at % (*n - FRAME_HEADER);

    for (unsigned i = 0; i < 4; i++)
        f[4 + i] = (uint8_t)(body >> (24 - 8 * i));
    *n = FRAME_HEADER + body;
}

static void lengthen(struct lie *l, uint8_t *f, size_t *n)
{
    size_t body = *n - FRAME_HEADER + 1 + l->at % 63;

    for (unsigned i = 0; i < 4; i++)
        f[4 + i] = (uint8_t)(body >> (24 - 8 * i));
    memset(f + *n, 0x55, body + FRAME_HEADER - *n);
    *n = FRAME_HEADER + body;
}

static void huge(struct lie *l, uint8_t *f, size_t *n)
{
    (void)l;
    (void)n;
    memset(f + 4, 0xff, 4);
}

static void other_type(struct lie *l, uint8_t *f, size_t *n)
{
    (void)n;
    f[0] = (uint8_t)(f[0] + 1 + l->at % 13);
}

static void reserved(struct lie *l, uint8_t *f, size_t *n)
{
    (void)n;
    f[1 + l->at % 3] ^= l->by;
}

static void early_verdict(struct lie *l, uint8_t *f, size_t *n)
{
    (void)l;
    memset(f, 0, FRAME_HEADER + 1);
    f[0] = FRAME_VERDICT;
    f[7] = 1;
    *n = FRAME_HEADER + 1;
}

static void zeros(struct lie *l, uint8_t *f, size_t *n)
{
    (void)l;
    memset(f + FRAME_HEADER, 0, *n - FRAME_HEADER);
}

static void ones(struct lie *l, uint8_t *f, size_t *n)
{
    (void)l;
    memset(f + FRAME_HEADER, 0xff, *n - FRAME_HEADER);
}

/* The same frame once more, as if it were the next one; pair.c gives room for it. */
static void twice(struct lie *l, uint8_t *f, size_t *n)
{
    (void)l;
    memcpy(f + *n, f, *n);
    *n *= 2;
}

/* It comes after the one that follows it. Only where one does follow. */
static void kept_back(struct lie *l, uint8_t *f, size_t *n)
{
    l->kept = malloc(*n);
    assert_non_null(l->kept);
    memcpy(l->kept, f, *n);
    l->kept_n = *n;
    *n = 0;
}

static const struct change {
    const char *name;
    void (*change)(struct lie *l, uint8_t *frame, size_t *n);
    unsigned times;
} changes[] = {
    {"a flipped bit", flip, 4},
    {"a short frame", cut, 1},
    {"a long frame", lengthen, 1},
    {"a huge length", huge, 1},
    {"another type", other_type, 2},
    {"reserved bytes", reserved, 1},
    {"zeros", zeros, 1},
    {"ones", ones, 1},
    {"an early verdict", early_verdict, 1},
    {"the same frame twice", twice, 1},
    {"the next frame before it", kept_back, 1},
};

static const struct row {
    const char *name;
    enum psi_role speaker;
    uint8_t type;
} rows[] = {
    {"the receiver's hello", PSI_RECEIVER, FRAME_HELLO},
    {"the sender's hello", PSI_SENDER, FRAME_HELLO},
    {"the sender's points", PSI_SENDER, FRAME_OFFER},
    {"the receiver's point", PSI_RECEIVER, FRAME_POINT},
    {"the sender's nonce", PSI_SENDER, FRAME_NONCE},
    {"the receiver's trees", PSI_RECEIVER, FRAME_TREES},
    {"the receiver's corrections", PSI_RECEIVER, FRAME_CORRECTIONS},
    {"the receiver's check", PSI_RECEIVER, FRAME_CHECK},
    {"the sender's coin", PSI_SENDER, FRAME_COIN},
    {"the sender's chunk", PSI_SENDER, FRAME_CHUNK},
    {"the receiver's columns", PSI_RECEIVER, FRAME_COLUMNS},
    {"the receiver's share", PSI_RECEIVER, FRAME_SHARE},
    {"the sender's proof", PSI_SENDER, FRAME_PROOF},
    {"the reply's unary part", PSI_SENDER, FRAME_HIGH},
    {"the reply's tags", PSI_SENDER, FRAME_TAGS},
    {"the receiver's verdict", PSI_RECEIVER, FRAME_VERDICT},
};

static struct pair lying_run(struct lie *l)
{
    struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                               options_of(PSI_SENDER, PSI_MALICIOUS)};
    uint64_t x[ITEMS];
    struct pair p;

    for (size_t i = 0; i < ITEMS; i++)
        x[i] = i;
    p = open_pair(o, set_of(x, ITEMS), set_of(x, ITEMS));
    p.lie = l;
    run_pair(&p);
    return p;
}

/* Three frames whose change cannot be told from another honest message: the columns (another
 * set, which has none of the items the change touched), the tags (other tags, if they still
 * ascend), and half of the receiver's trees and the fields of delta's zero bytes, which the
 * sender does not use. All else must end the run. A run that goes on may only lose matches. */
static bool may_go_on(const struct row *r, const struct change *c)
{
    return c->change == flip && (r->type == FRAME_COLUMNS || r->type == FRAME_TAGS ||
                                 r->type == FRAME_TREES || r->type == FRAME_CORRECTIONS);
}

/* The last frames: nobody reads on after a verdict, or after the last tags; and what has no
 * successor cannot come after it. A verdict of zeros is the right one. */
static bool possible(const struct row *r, const struct change *c)
{
    if (r->type == FRAME_VERDICT)
        return c->change != twice && c->change != kept_back && c->change != zeros &&
               c->change != early_verdict;
    return r->type != FRAME_TAGS || (c->change != twice && c->change != kept_back);
}

/* The receiver has all it needs when its verdict leaves, or when its share has arrived whole: what
 * happens to these afterwards is the sender's to notice, and only its. */
static bool only_the_sender_notices(const struct row *r, const struct change *c)
{
    return r->type == FRAME_VERDICT || (r->type == FRAME_SHARE && c->change == twice);
}

static void must_end(const struct row *r, const struct change *c, struct rng *rng)
{
    struct lie l = {.speaker = r->speaker, .type = r->type, .change = c->change};
    struct pair p;
    uint64_t n;
    size_t memory;

    if (!possible(r, c))
        return;
    l.at = rng_below(rng, 1 << 20);
    l.by = (uint8_t)(1u << rng_below(rng, 8));
    p = lying_run(&l);
    assert_true(l.told);
    memory = psi_summary(p.side[0]).memory_peak;
    assert_true(memory < (size_t)32 << 20);
    psi_matches(p.side[0], &n);
    if (p.end[0] == PSI_DONE && may_go_on(r, c)) {
        assert_in_range(n, 0, ITEMS);
    } else {
        for (unsigned i = only_the_sender_notices(r, c); i < 2; i++) {
            /* a side that waits for bytes that never come is ended by its clock or the caller */
            if (p.end[i] != PSI_FAILED)
                psi_feed_end(p.side[i], &p.e[i]);
            p.end[i] = psi_step(p.side[i], &p.e[i]);
            if (p.end[i] != PSI_FAILED)
                fail_msg("%s, %s: side %u went on", r->name, c->name, i);
        }
        assert_int_equal(n, only_the_sender_notices(r, c) ? ITEMS : 0);
    }
    close_pair(&p);
    free(l.kept);
}

static void a_change_ends_the_run(void **state)
{
    const struct row *r = *state;
    struct rng rng = rng_from_env(r->name);
    const char *more = getenv("ENTENTE_PSI_LIES"); /* so many times as often */
    unsigned factor = more ? (unsigned)strtoul(more, NULL, 10) : 1;

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        for (unsigned j = 0; j < changes[i].times * factor; j++)
            must_end(r, &changes[i], &rng);
}

/* A frame kept from one run is worth nothing in the next. */
static struct {
    uint8_t type, bytes[1 << 20];
    size_t n;
} kept;

static void keep(struct lie *l, uint8_t *f, size_t *n)
{
    (void)l;
    assert_true(*n <= sizeof kept.bytes);
    memcpy(kept.bytes, f, *n);
    kept.n = *n;
}

static void replace(struct lie *l, uint8_t *f, size_t *n)
{
    (void)l;
    assert_int_equal(*n, kept.n);
    memcpy(f, kept.bytes, kept.n);
}

static void nothing_can_be_replayed(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < sizeof rows / sizeof *rows; i++) { /* a verdict is like any other */
        struct lie l = {.speaker = rows[i].speaker, .type = rows[i].type, .change = keep};
        struct pair p = lying_run(&l);
        uint64_t n;
        assert_int_equal(p.end[0], PSI_DONE);
        close_pair(&p);
        l.change = replace;
        l.told = false;
        l.skip = 0;
        p = lying_run(&l);
        psi_matches(p.side[0], &n);
        if (p.end[0] == PSI_DONE)
            fail_msg("%s of another run was taken", rows[i].name);
        assert_int_equal(n, 0);
        close_pair(&p);
    }
}

/* Truncation at every frame: the connection closes instead. */
static void a_closed_connection_ends_the_run(void **state)
{
    (void)state;
    for (unsigned frames = 0; frames < 16; frames++)
        for (unsigned side = 0; side < 2; side++) {
            struct lie l = {
                .speaker = side ? PSI_SENDER : PSI_RECEIVER, .skip = frames, .change = huge};
            struct pair p = lying_run(&l);
            uint64_t n;
            if (!l.told) { /* that many frames were never sent */
                close_pair(&p);
                continue;
            }
            for (unsigned i = 0; i < 2; i++)
                psi_feed_end(p.side[i], &p.e[i]);
            psi_matches(p.side[0], &n);
            assert_true(n == 0 || p.end[0] == PSI_DONE);
            close_pair(&p);
        }
}

static int64_t later_us;

static int64_t ticks_later(void *self)
{
    return os_system()->ops->ticks_us(self) + later_us;
}

/* The sender does not wait for ever for the encoding, nor either of them for the other. */
static void late_is_never(void **state)
{
    struct os_ops ops = *os_system()->ops;
    struct os slow = {&ops, os_system()->self};

    (void)state;
    ops.ticks_us = ticks_later;
    for (unsigned side = 0; side < 2; side++) {
        struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                                   options_of(PSI_SENDER, PSI_MALICIOUS)};
        uint64_t x[2] = {1, 2};
        struct pair p;
        o[0].os = o[1].os = &slow;
        p = open_pair(o, set_of(x, 2), set_of(x, 2));
        for (int i = 0; i < 5; i++)
            psi_step(p.side[side], &p.e[side]);
        psi_sent(p.side[side], psi_output(p.side[side]).n);
        assert_int_equal(psi_step(p.side[side], &p.e[side]), PSI_READ);
        later_us += 61 * INT64_C(1000000);
        assert_int_equal(psi_step(p.side[side], &p.e[side]), PSI_FAILED);
        assert_int_equal(psi_reason(p.side[side]), PSI_REASON_TIME);
        close_pair(&p);
    }
}

/* A receiver that keeps the connection alive, a byte at a time, does not get more time to think
 * once the salt is known. */
static void dribbling_does_not_buy_time(void **state)
{
    struct os_ops ops = *os_system()->ops;
    struct os slow = {&ops, os_system()->self};
    struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                               options_of(PSI_SENDER, PSI_MALICIOUS)};
    uint64_t x[2] = {1, 2};
    struct bytes columns = {0};
    struct pair p;
    size_t taken;

    (void)state;
    ops.ticks_us = ticks_later;
    later_us = 0;
    o[1].os = &slow;
    o[1].deadline_s = 30;
    p = open_pair(o, set_of(x, 2), set_of(x, 2));
    for (unsigned i = 0; !columns.n; i ^= 1) {
        struct bytes out;
        psi_step(p.side[i], &p.e[i]);
        out = psi_output(p.side[i]);
        if (i == 0 && out.n && out.p[0] == FRAME_COLUMNS) {
            columns = out;
            continue;
        }
        must(psi_feed(p.side[1 - i], out, &taken, &p.e[1 - i]), &p.e[1 - i]);
        psi_sent(p.side[i], taken);
    }
    while (psi_step(p.side[1], &p.e[1]) == PSI_WORK)
        ;
    for (size_t i = 0; i < 29; i++) {
        later_us += INT64_C(1000000);
        assert_true(psi_feed(p.side[1], bytes_of(columns.p + i, 1), &taken, &p.e[1]));
        assert_int_equal(taken, 1);
        assert_int_equal(psi_step(p.side[1], &p.e[1]), PSI_READ);
    }
    later_us += 2 * INT64_C(1000000);
    assert_int_equal(psi_step(p.side[1], &p.e[1]), PSI_FAILED);
    assert_int_equal(psi_reason(p.side[1]), PSI_REASON_TIME);
    later_us = 0;
    close_pair(&p);
}

/* What a run held is wiped before its memory goes back: no digest, key or value survives in the
 * parts that a test can still see. */
static void secrets_are_wiped(void **state)
{
    struct lie l = {.speaker = PSI_SENDER, .type = FRAME_HIGH, .change = huge};
    struct pair p = lying_run(&l);
    static const uint8_t none[sizeof(struct psi)];

    (void)state;
    assert_memory_not_equal(p.side[1]->secret, none, 32);
    assert_null(p.side[1]->keys); /* transfers, VOLE and delta went with the last bin */
    assert_memory_equal(p.side[1]->delta, none, sizeof p.side[1]->delta);
    assert_memory_equal(&p.side[1]->vole, none, sizeof p.side[1]->vole);
    close_pair(&p);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows + 5];
    size_t n = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(a_change_ends_the_run, rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(nothing_can_be_replayed);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_closed_connection_ends_the_run);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(late_is_never);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(dribbling_does_not_buy_time);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(secrets_are_wiped);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
