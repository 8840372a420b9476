/* lanes_scalar: the masks of one block at a time, in an integer. */
#ifndef ENTENTE_WATCH_LANES_SCALAR_H
#define ENTENTE_WATCH_LANES_SCALAR_H

#define LANES 1
typedef uint64_t lanes;

static INLINE lanes lanes_of(uint64_t carry)
{
    return carry;
}

static INLINE uint64_t lanes_last(lanes m)
{
    return m;
}

static INLINE lanes later(lanes m, lanes *carry)
{
    lanes r = m << 1 | *carry;

    *carry = m >> 63;
    return r;
}

/* An add that runs through the ones of `run` from each bit of `start`. A run that came in from
 * the last block goes on: its start would be there, so bit 0 of `start` cannot be set as well. */
static INLINE lanes add_carry(lanes start, lanes run, uint64_t *carry)
{
    uint64_t sum;

    *carry = __builtin_add_overflow(start | *carry, run, &sum);
    return sum;
}

#endif
