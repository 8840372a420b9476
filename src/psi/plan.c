#include "psi/plan.h"

#include "base/limits.h"
#include "psi/cot.h"
#include "psi/vole.h"

#define LOG_K_LEAST 12 /* below, the outputs kept for the next chunk weigh too much */
#define BINS_MOST 4096 /* the union bounds are good for more, the transfers' memory is not */

unsigned psi_log2_up(uint64_t n)
{
    return n <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(n - 1);
}

static uint64_t root_up(uint64_t n)
{
    uint64_t r = 0;

    for (unsigned bit = 32; bit-- > 0;) {
        uint64_t with = r | (uint64_t)1 << bit;
        if (with * with < n)
            r = with;
    }
    return n ? r + 1 : 0;
}

/* Bernstein: P(X >= mean + t) <= exp(-t^2 / 2(mean + t/3)), solved for t with the exponent
 * lambda ln 2, rounded up everywhere. */
uint64_t psi_bin_capacity(uint64_t items, uint64_t bins, unsigned lambda)
{
    uint64_t mean = (items + bins - 1) / bins, l = ((uint64_t)lambda * 710 + 1023) / 1024;

    if (bins == 1)
        return items;
    mean += root_up(2 * mean * l + l * l / 9 + 1) + l / 3 + 2;
    return mean < items ? mean : items;
}

/* With this many bins, does a bin's table fit a chunk? */
static bool fits(struct psi_plan *p, unsigned log_k, uint64_t bins)
{
    unsigned lambda = PSI_LAMBDA + psi_log2_up(bins);
    uint64_t capacity = psi_bin_capacity(p->x, bins, lambda);

    if (capacity > OKVS_ROWS_MOST)
        return false;
    p->log_k = log_k;
    p->bins = bins;
    p->capacity = capacity;
    p->shape = okvs_shape_for(capacity, lambda);
    return okvs_columns(&p->shape) + p->kept <= (size_t)1 << log_k;
}

static uint64_t bin_bytes(const struct psi_plan *p)
{
    return okvs_columns(&p->shape) * p->column_bytes + vole_message_bytes(p->log_k) +
           vole_transfers(p->log_k) / 128 * COT_BLOCK_BYTES;
}

/* The fewest bytes over all sizes of chunks; of equals, the larger chunk. */
static bool choose_bins(struct psi_plan *p)
{
    struct psi_plan best = {0};
    uint64_t least = UINT64_MAX;

    for (unsigned log_k = CODE_LOG_MOST; log_k >= LOG_K_LEAST; log_k--) {
        uint64_t bins = p->x / ((uint64_t)1 << log_k) + 1;
        while (bins <= BINS_MOST && !fits(p, log_k, bins))
            bins++;
        if (bins <= BINS_MOST && bins * bin_bytes(p) < least) {
            least = bins * bin_bytes(p);
            best = *p;
        }
    }
    *p = best;
    return least != UINT64_MAX;
}

/* A table of 64-bit columns gives the value of an item that is not in it with probability 2^-64:
 * enough for 2^24 of the sender's. Not against a cheating receiver, who could search for such
 * items beforehand (decision 0068). */
static void choose_field(struct psi_plan *p, enum psi_mode mode, uint64_t sender)
{
    p->narrow = mode == PSI_SEMI_HONEST && PSI_LAMBDA + psi_log2_up(sender) <= 64;
    p->kept = vole_kept(p->narrow);
    p->first_block = 1 + vole_base_blocks(p->narrow);
    p->column_bytes = p->narrow ? 8 : 16;
}

bool psi_plan_make(struct psi_plan *p, uint64_t receiver, uint64_t sender, enum psi_mode mode,
                   enum psi_code code, struct err *e)
{
    if (receiver > LIMIT_PSI_ITEMS || sender > LIMIT_PSI_ITEMS)
        return err_fail(e, ERR_LIMIT, "more than %llu items: split them into shards",
                        (unsigned long long)LIMIT_PSI_ITEMS);
    memset(p, 0, sizeof *p);
    p->x = receiver + PSI_CANARIES + PSI_CANARIES_OWN;
    p->y = sender + PSI_CANARIES;
    choose_field(p, mode, sender);
    if (!choose_bins(p))
        return err_fail(e, ERR_LIMIT, "no parameters for %llu items", (unsigned long long)receiver);
    p->groups = code == PSI_CODE_21X24 ? 3 : 1;
    p->depth = vole_depth(p->log_k);
    p->tag_bits = 128;
    if (mode == PSI_SEMI_HONEST)
        p->tag_bits = PSI_LAMBDA + psi_log2_up(p->x) + psi_log2_up(p->y);
    p->high_bits = psi_log2_up(p->y);
    p->high_bytes = (size_t)((p->y + ((uint64_t)1 << p->high_bits) + 7) / 8);
    p->transfer_blocks = p->first_block + p->bins * (vole_transfers(p->log_k) / 128);
    p->bytes_r =
        p->transfer_blocks * COT_BLOCK_BYTES + p->bins * okvs_columns(&p->shape) * p->column_bytes;
    p->bytes_s = p->bins * vole_message_bytes(p->log_k) + p->high_bytes +
                 (p->y * (p->tag_bits - p->high_bits) + 7) / 8;
    return true;
}
