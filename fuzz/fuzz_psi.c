/* psi: a peer that says anything. The first byte chooses:
 *   even, below 128: the rest is the peer's stream, to a receiver and to a sender;
 *   odd, below 128:  the rest is a reply (unary part and tags), read to its end;
 *   128 and more:    an honest run, in which frame number data[1] of side data[2] is changed at
 *                    place data[3..4] by the rest.
 * A run that ends well has no more matches than items; memory is bounded by the sizes. */
#include "psi/session_impl.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct psi *open_side(enum psi_role role, size_t items)
{
    struct psi_options o = {.role = role, .peer_most = 1000};
    struct err e = {0};
    struct psi_set *s = psi_set_new(items, &e);

    for (uint8_t i = 0; i < items; i++)
        psi_set_add(s, bytes_of(&i, 1), &e);
    return psi_open(&o, s, &e);
}

static void stream(const uint8_t *data, size_t n)
{
    for (unsigned role = PSI_RECEIVER; role <= PSI_SENDER; role++) {
        struct psi *p = open_side((enum psi_role)role, 3);
        struct err e = {0};
        size_t at = 0, taken, idle = 0;
        while (p && at < n && idle < 3) {
            if (!psi_feed(p, bytes_of(data + at, n - at), &taken, &e))
                break;
            at += taken;
            idle = taken ? 0 : idle + 1;
            psi_sent(p, psi_output(p).n);
            if (psi_step(p, &e) == PSI_FAILED)
                break;
        }
        if (p)
            psi_feed_end(p, &e);
        assert(!p || psi_step(p, &e) == PSI_FAILED);
        psi_close(p);
    }
}

static void reply(const uint8_t *data, size_t n)
{
    struct psi_plan plan;
    struct tags_reader r;
    struct err e = {0};
    struct gf128 out[64], last = {0, 0};
    uint8_t *high, *low;
    size_t low_n;

    psi_plan_make(&plan, 5, 24, n & 1 ? PSI_MALICIOUS : PSI_SEMI_HONEST, PSI_CODE_7X24, &e);
    low_n = tags_low_bytes(&plan, (size_t)plan.y);
    high = calloc(1, plan.high_bytes + 16);
    low = calloc(1, low_n + 16);
    if (!high || !low)
        abort();
    memcpy(high, data, n < plan.high_bytes ? n : plan.high_bytes);
    if (n > plan.high_bytes)
        memcpy(low, data + plan.high_bytes,
               n - plan.high_bytes < low_n ? n - plan.high_bytes : low_n);
    if (tags_reader_init(&r, &plan, high, &e) && tags_read(&r, low, (size_t)plan.y, out, &e))
        for (uint64_t i = 0; i < plan.y; i++) {
            assert(i == 0 || out[i].hi > last.hi || (out[i].hi == last.hi && out[i].lo > last.lo));
            last = out[i];
        }
    free(high);
    free(low);
}

/* The next frame of one side, changed if it is the one. */
static bool pass(struct psi *from, struct psi *to, bool mine, unsigned *left, const uint8_t *by,
                 size_t n, size_t place, enum psi_next *end)
{
    struct bytes out = psi_output(from);
    size_t size, at = 0, taken = 1;
    struct err e = {0};
    uint8_t *f;

    if (out.n < FRAME_HEADER)
        return false;
    size = FRAME_HEADER + ((size_t)out.p[5] << 16 | (size_t)out.p[6] << 8 | out.p[7]);
    f = malloc(size);
    if (!f)
        abort();
    memcpy(f, out.p, size);
    psi_sent(from, size);
    if (mine && (*left)-- == 0)
        for (size_t i = 0; i < n; i++)
            f[(place + i) % size] ^= by[i];
    for (unsigned tries = 0; at < size && tries < 1000 && *end != PSI_FAILED; tries++) {
        if (!psi_feed(to, bytes_of(f + at, size - at), &taken, &e))
            *end = PSI_FAILED;
        at += taken;
        if (!taken && psi_step(to, &e) == PSI_FAILED)
            *end = PSI_FAILED;
    }
    free(f);
    return true;
}

static void lie(const uint8_t *data, size_t n)
{
    struct psi *p[2] = {open_side(PSI_RECEIVER, 3), open_side(PSI_SENDER, 5)};
    enum psi_next end[2] = {PSI_WORK, PSI_WORK};
    unsigned left = n > 0 ? data[0] : 0, side = n > 1 ? data[1] & 1 : 0;
    size_t place = n > 3 ? (size_t)data[2] << 8 | data[3] : 0, skip = n < 4 ? n : 4;
    struct err e = {0};
    uint64_t found;

    for (unsigned idle = 0; p[0] && p[1] && idle < 3; idle++)
        for (unsigned i = 0; i < 2; i++) {
            if (end[i] != PSI_FAILED && end[i] != PSI_DONE)
                end[i] = psi_step(p[i], &e);
            idle = end[i] == PSI_WORK ? 0 : idle;
            while (
                pass(p[i], p[1 - i], i == side, &left, data + skip, n - skip, place, &end[1 - i]))
                idle = 0;
        }
    if (p[0] && end[0] == PSI_DONE) {
        psi_matches(p[0], &found);
        assert(found <= 3);
    }
    psi_close(p[0]);
    psi_close(p[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    if (data[0] >= 128)
        lie(data + 1, n - 1);
    else if (data[0] & 1)
        reply(data + 1, n - 1);
    else
        stream(data + 1, n - 1);
    return 0;
}
