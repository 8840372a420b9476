#include "pair.h"

#include <stdlib.h>

struct psi_set *set_of(const uint64_t *items, size_t n)
{
    struct err e = {0};
    struct psi_set *s = psi_set_new(n, &e);

    assert_non_null(s);
    for (size_t i = 0; i < n; i++)
        must(psi_set_add(s, bytes_of(&items[i], 8), &e), &e);
    return s;
}

struct psi_options options_of(enum psi_role role, enum psi_mode mode)
{
    return (struct psi_options){.role = role, .mode = mode};
}

struct pair open_pair(const struct psi_options o[2], struct psi_set *r, struct psi_set *s)
{
    struct pair p = {.schedule = 2166136261u};

    p.side[0] = psi_open(&o[0], r, &p.e[0]);
    must(p.side[0] != NULL, &p.e[0]);
    p.side[1] = psi_open(&o[1], s, &p.e[1]);
    must(p.side[1] != NULL, &p.e[1]);
    return p;
}

static void note(struct pair *p, unsigned from, const uint8_t *frame, size_t n)
{
    uint32_t x[3] = {from, frame[0], (uint32_t)n};

    for (unsigned i = 0; i < 3; i++)
        p->schedule = (p->schedule ^ x[i]) * 16777619u;
}

/* The next whole frame of a side leaves it, true or changed. */
static bool depart(struct pair *p, unsigned from)
{
    struct bytes out = psi_output(p->side[from]);
    size_t n;

    if (out.n < FRAME_HEADER)
        return false;
    n = FRAME_HEADER +
        ((size_t)out.p[4] << 24 | (size_t)out.p[5] << 16 | (size_t)out.p[6] << 8 | out.p[7]);
    assert_true(n <= out.n);
    note(p, from, out.p, n);
    p->way[from] = malloc(2 * n + 64 + (p->lie ? p->lie->kept_n : 0));
    assert_non_null(p->way[from]);
    memcpy(p->way[from], out.p, n);
    p->way_at[from] = 0;
    p->way_n[from] = n;
    p->sent[from] += n;
    if (p->watch)
        p->watch(p->watch_self, from, out.p, n);
    psi_sent(p->side[from], n);
    if (p->lie && p->lie->speaker == from + 1 && !p->lie->told &&
        (p->lie->type == p->way[from][0] || !p->lie->type) && p->lie->skip-- == 0) {
        p->lie->told = true;
        p->lie->change(p->lie, p->way[from], &p->way_n[from]);
    } else if (p->lie && p->lie->speaker == from + 1 && p->lie->kept) {
        memcpy(p->way[from] + n, p->lie->kept, p->lie->kept_n);
        p->way_n[from] += p->lie->kept_n;
        free(p->lie->kept);
        p->lie->kept = NULL;
    }
    return true;
}

static bool ended(const struct pair *p, unsigned i)
{
    return p->end[i] == PSI_DONE || p->end[i] == PSI_FAILED;
}

/* Some bytes arrive. True: something moved. */
static bool arrive(struct pair *p, unsigned from)
{
    size_t left, taken = 0;
    unsigned to = 1 - from;

    if (!p->way[from] && !depart(p, from))
        return false;
    left = p->way_n[from] - p->way_at[from];
    if (p->largest && left > p->largest)
        left = p->largest;
    if (ended(p, to))
        taken = left;
    else if (!psi_feed(p->side[to], bytes_of(p->way[from] + p->way_at[from], left), &taken,
                       &p->e[to]))
        p->end[to] = PSI_FAILED;
    p->way_at[from] += taken;
    if (p->way_at[from] == p->way_n[from] || ended(p, to)) {
        free(p->way[from]);
        p->way[from] = NULL;
        return true;
    }
    return taken > 0;
}

/* One step. Who asks for bytes has nothing else to do: a driver that waits then wastes no time. */
static void step(struct pair *p, unsigned i)
{
    size_t out;

    p->end[i] = psi_step(p->side[i], &p->e[i]);
    if (p->end[i] != PSI_READ)
        return;
    out = psi_output(p->side[i]).n;
    assert_int_equal(psi_step(p->side[i], &p->e[i]), PSI_READ);
    assert_int_equal(psi_output(p->side[i]).n, out);
}

void run_pair(struct pair *p)
{
    for (unsigned idle = 0; idle < 3; idle++)
        for (unsigned i = 0; i < 2; i++) {
            struct psi_progress g = psi_progress(p->side[i]);
            assert_true(g.done <= g.of || !g.of);
            if (!ended(p, i))
                step(p, i);
            if (p->end[i] == PSI_WORK)
                idle = 0;
            while (arrive(p, i))
                idle = 0;
        }
}

void close_pair(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        psi_close(p->side[i]);
        free(p->way[i]);
    }
}
