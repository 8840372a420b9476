#include "http/http_impl.h"

void pace_start(struct pace *p, int64_t now, uint32_t grace_ms, uint32_t rate)
{
    *p = (struct pace){
        .start = now, .last = now, .grace = (uint64_t)grace_ms * 1000, .rate = rate ? rate : 1};
}

void pace_moved(struct pace *p, int64_t now, uint64_t bytes)
{
    if (bytes == 0)
        return;
    p->bytes += bytes;
    p->last = now;
}

void pace_was_busy(struct pace *p, int64_t from, int64_t to)
{
    p->busy += to - from;
    p->last = to;
}

int64_t pace_whole(const struct pace *p, uint64_t bytes)
{
    uint64_t whole = bytes / p->rate, rest = bytes % p->rate;

    if (whole > UINT32_MAX) /* a century */
        whole = UINT32_MAX;
    return p->start + p->busy + (int64_t)(p->grace + whole * 1000000 + rest * 1000000 / p->rate);
}

int64_t pace_deadline(const struct pace *p)
{
    int64_t idle = p->last + (int64_t)p->grace, slow = pace_whole(p, p->bytes);
    return slow < idle ? slow : idle;
}
