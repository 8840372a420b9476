#include "psi/code.h"

#include "psi/kernels_impl.h"

static bool make_masks(struct code *c, const struct aes_ops *aes, const struct aes_key *key,
                       struct arena *a, struct err *e)
{
    size_t k = (size_t)1 << c->log_k;

    for (unsigned pass = 0; pass < 2; pass++) {
        uint32_t *m = arena_get_array(a, k, sizeof *m, e);
        if (!m)
            return false;
        aes->ctr(key, (struct gf128 *)(void *)m, (uint64_t)(pass + 1) << 32, k / 4);
        for (size_t i = 0; i < k; i++)
            m[i] = (m[i] & 0xffffff) | 1u << (i + 1) % CODE_RING;
        c->mask[pass] = m;
    }
    return true;
}

static bool make_positions(struct code *c, const struct aes_ops *aes, const struct aes_key *key,
                           struct arena *a, struct err *e)
{
    size_t k = (size_t)1 << c->log_k, rows = k * c->groups;
    uint16_t(*p)[8] = arena_get_array(a, rows, sizeof *p, e);

    if (!p)
        return false;
    aes->ctr(key, (struct gf128 *)(void *)p, (uint64_t)3 << 32, rows);
    for (size_t i = 0; i < rows; i++)
        for (unsigned j = 0; j < 8; j++)
            p[i][j] = j < 4 ? (uint16_t)((p[i][j] & (k / 4 - 1)) + j * (k / 4))
                            : (uint16_t)(p[i][j] & (k - 1));
    c->position = (const uint16_t(*)[8])p;
    return true;
}

/* The words are read in the machine's byte order, which is little-endian wherever we build. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "psi reads AES output as words");

bool code_init(struct code *c, unsigned log_k, unsigned groups, const struct aes_ops *aes,
               const uint8_t key[16], struct arena *a, struct err *e)
{
    struct code out = {.log_k = log_k, .groups = groups};
    struct aes_key k;

    if (log_k < CODE_LOG_LEAST || log_k > CODE_LOG_MOST || (groups != 1 && groups != 3))
        return err_fail(e, ERR_INPUT, "no code of 2^%u outputs and %u groups", log_k, groups);
    aes_key_init(&k, key);
    if (!make_masks(&out, aes, &k, a, e) || !make_positions(&out, aes, &k, a, e))
        return false;
    *c = out;
    return true;
}

static struct gf128 step(const struct code *c, struct gf128 x)
{
    if (c->binary)
        return x;
    return c->narrow ? gf128_mul(x, gf64_theta) : gf128_double(x);
}

/* The n-th element taken: from the front in the first pass, from the back in the second. */
static struct gf128 *nth(const struct code *c, unsigned pass, struct gf128 *d, size_t stride,
                         size_t n)
{
    size_t k = (size_t)1 << c->log_k;
    return d + (pass == 0 ? n : k - 1 - n) * stride;
}

void code_convolve_rest(const struct code *c, unsigned pass, struct gf128 *d, size_t stride,
                        struct gf128 ring[CODE_RING], size_t from)
{
    size_t k = (size_t)1 << c->log_k;

    for (size_t n = from; n < k; n++) {
        struct gf128 x = step(c, ring[n % CODE_RING]), next = {0, 0};
        uint32_t mask = c->mask[pass][n];
        *nth(c, pass, d, stride, n) = x;
        if (n + CODE_RING < k)
            next = *nth(c, pass, d, stride, n + CODE_RING);
        ring[n % CODE_RING] = next;
        for (unsigned l = 0; l < CODE_RING; l++)
            ring[l] = gf128_xor(ring[l], gf128_if(x, mask >> l & 1));
    }
}

static void convolve(const struct code *c, unsigned pass, struct gf128 *d, size_t stride)
{
    struct gf128 ring[CODE_RING];

    for (size_t n = 0; n < CODE_RING; n++)
        ring[n] = *nth(c, pass, d, stride, n);
    code_convolve_rest(c, pass, d, stride, ring, 0);
}

static struct gf128 gather(const struct code *c, size_t i, const struct gf128 *d, size_t stride)
{
    struct gf128 sum = {0, 0};

    for (size_t g = 0; g < c->groups; g++)
        for (unsigned j = 0; j < 7; j++)
            sum = gf128_xor(sum, d[c->position[i * c->groups + g][j] * stride]);
    return sum;
}

static void encode_portable(const struct code *c, struct gf128 *x)
{
    size_t k = (size_t)1 << c->log_k;

    convolve(c, 0, x + k, 1);
    convolve(c, 1, x + k, 1);
    for (size_t i = 0; i < k; i++)
        x[i] = gf128_xor(x[i], gather(c, i, x + k, 1));
}

static void encode_pair_portable(const struct code *c, struct gf128 *a, struct gf128 *b,
                                 struct gf128 *d)
{
    size_t k = (size_t)1 << c->log_k;

    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned word = 0; word < 2; word++)
            convolve(c, pass, d + word, 2);
    for (size_t i = 0; i < k; i++) {
        a[i] = gf128_xor(a[i], gather(c, i, d, 2));
        b[i] = gf128_xor(b[i], gather(c, i, d + 1, 2));
    }
}

const struct code_ops code_variants[] = {
#if defined(__x86_64__)
    {"avx512", PSI_NEEDS_AVX512, code_encode_avx512, code_encode_pair_avx512},
    {"avx2", PSI_NEEDS_AVX2, code_encode_avx2, code_encode_pair_avx2},
#endif
    {"portable", 0, encode_portable, encode_pair_portable},
};

const struct code_ops *code_best(uint32_t cpu)
{
    const struct code_ops *v = code_variants;

    while (v->needs & ~cpu)
        v++;
    return v;
}
