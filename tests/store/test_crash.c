/* Power failures at any moment of a random history, and again during recovery. */
#include "workload.h"

#include <stdlib.h>

#define CRASHES 20 /* states looked at per history */

static size_t states_wanted(void)
{
    const char *n = getenv("ENTENTE_SIM_N");
    return n ? (size_t)strtoull(n, NULL, 10) : 10000;
}

#define LOST(w, ...)                                                                               \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        fail_msg("replay with ENTENTE_SEED=%llu", (unsigned long long)(w)->seed);                  \
    } while (0)

static bool erase_one(struct work *w, struct segments *s, struct rng *r, struct err *e)
{
    struct work_batch *b = &w->batches[rng_below(r, w->done)];
    size_t i;

    if (b->n == 0)
        return true;
    i = (size_t)rng_below(r, b->n);
    if (b->erased[i] == NOT_ERASED)
        b->erased[i] = MAYBE_ERASED;
    if (!segments_erase(s, b->records[i], e))
        return false;
    b->erased[i] = SURELY_ERASED;
    return true;
}

/* Run until the batches are used up or the power goes. */
static void live(struct work *w, struct simdisk *d, struct rng *r)
{
    size_t batches = 1 + (size_t)rng_below(r, 24);
    struct err e = {0};
    struct segments *s = work_open(w, d, 0, &e);
    bool ok = s != NULL;

    while (ok && w->done < batches) {
        switch (rng_below(r, 12)) {
        case 0:
            segments_close(s);
            s = work_open(w, d, w->done ? w->batches[rng_below(r, w->done)].next : 0, &e);
            ok = s != NULL;
            break;
        case 1:
            ok = segments_prepare(s, &e);
            break;
        case 2:
            ok = w->done == 0 || erase_one(w, s, r, &e);
            break;
        default:
            ok = work_commit(w, s, (size_t)rng_below(r, WORK_RECORDS + 1), &e);
        }
    }
    if (!ok && !simdisk_failed(d))
        LOST(w, "failed by itself: %s\n", e.text);
    segments_close(s);
}

static uint64_t some_hint(const struct work *w, struct rng *r)
{
    return w->done && rng_below(r, 2) ? w->batches[rng_below(r, w->done)].next : 0;
}

/* Recovery itself is cut off a few times, each time leaving another crashed disk. */
static struct simdisk *recover_badly(struct work *w, struct simdisk *d, struct rng *r)
{
    for (size_t times = (size_t)rng_below(r, 3); times; times--) {
        struct err e = {0};
        struct simdisk *after;
        struct segments *s;
        simdisk_fail(d, 1 + rng_below(r, 6), SIMDISK_POWER);
        s = work_open(w, d, some_hint(w, r), &e);
        if (!s && !simdisk_failed(d))
            LOST(w, "recovery refuses: %s\n", e.text);
        segments_close(s);
        after = simdisk_crash(d, rng_u64(r));
        simdisk_free(d);
        d = after;
    }
    return d;
}

static void look(struct work *w, struct simdisk *d, struct rng *r)
{
    struct segments_report report;
    struct work after = *w;
    struct segments *s;
    struct err e = {0};
    const char *says;

    s = work_open(w, d, some_hint(w, r), &e);
    if (!s)
        LOST(w, "recovery refuses: %s\n", e.text);
    says = work_check(w, s, &e);
    if (says)
        LOST(w, "after a crash: %s\n", says);
    if (!segments_check(s, &report, &e))
        LOST(w, "check: %s\n", e.text);
    /* Life goes on: what came back whole is now kept, and what is added stays. */
    if (after.tried > after.done && segments_end(s) > after.batches[after.done].position) {
        after.batches[after.done].next = segments_end(s);
        after.done = after.tried;
    }
    if (!work_commit(&after, s, 3, &e) || !work_commit(&after, s, 0, &e))
        LOST(w, "appending after recovery: %s\n", e.text);
    segments_close(s);
    s = work_open(w, d, after.batches[after.done - 1].next, &e);
    if (!s || segments_dropped(s))
        LOST(w, "the second opening: %s\n", s ? "it dropped something" : e.text);
    says = work_check(&after, s, &e);
    if (says)
        LOST(w, "after going on: %s\n", says);
    segments_close(s);
}

/* The process alone is killed and starts again with a warm cache; what it then takes for
 * committed has to survive the power failure that follows. */
static void start_again(struct work *w, struct simdisk *d)
{
    struct err e = {0};
    struct segments *s;

    simdisk_fail(d, 0, SIMDISK_POWER);
    s = work_open(w, d, 0, &e);
    if (!s)
        LOST(w, "recovery with a warm cache refuses: %s\n", e.text);
    if (w->tried > w->done && segments_end(s) > w->batches[w->done].position) {
        w->batches[w->done].next = segments_end(s);
        w->done = w->tried;
    }
    segments_close(s);
}

static void history(uint64_t seed, size_t crashes)
{
    static const uint64_t segments[] = {1024, 2048, 4096, 8192, 65536};
    struct rng r = rng_of(seed);
    struct simdisk *d = simdisk_new(seed);
    struct work w = {.seed = seed,
                     .segment_bytes = segments[rng_below(&r, 5)],
                     .record_most = (size_t[]){40, 700, 3000}[rng_below(&r, 3)]};

    if (rng_below(&r, 8))
        simdisk_fail(d, 1 + rng_below(&r, 90), SIMDISK_POWER);
    live(&w, d, &r);
    if (rng_below(&r, 3) == 0)
        start_again(&w, d);
    for (size_t i = 0; i < crashes; i++) {
        struct simdisk *after = recover_badly(&w, simdisk_crash(d, rng_u64(&r)), &r);
        look(&w, after, &r);
        simdisk_free(after);
    }
    simdisk_free(d);
}

static void what_was_acknowledged_survives(void **state)
{
    struct rng r = rng_from_env("crash");
    size_t states = states_wanted();
    uint64_t seed = r.state;

    (void)state;
    for (size_t i = 0; i < states; i += CRASHES)
        history(seed++, CRASHES);
    print_message("%zu crash states\n", states);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_acknowledged_survives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
