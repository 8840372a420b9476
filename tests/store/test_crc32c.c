#include "base/cpu.h"
#include "store/crc32c.h"
#include "support/support.h"

/* The definition, bit by bit (RFC 3720 appendix B.4). */
static uint32_t by_bits(uint32_t crc, const uint8_t *p, size_t n)
{
    crc = ~crc;
    while (n--) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    }
    return ~crc;
}

static void known_answers(void **state)
{
    /* RFC 3720 B.4, its four data patterns; and the usual check value. */
    uint8_t zeros[32] = {0}, ones[32], up[32], down[32];

    (void)state;
    for (int i = 0; i < 32; i++) {
        ones[i] = 0xff;
        up[i] = (uint8_t)i;
        down[i] = (uint8_t)(31 - i);
    }
    for (const struct crc32c_ops *v = crc32c_variants;; v++) {
        if (!(v->needs & ~cpu_features())) {
            assert_int_equal(v->add(0, zeros, 32), 0x8a9136aa);
            assert_int_equal(v->add(0, ones, 32), 0x62a8ab43);
            assert_int_equal(v->add(0, up, 32), 0x46dd794e);
            assert_int_equal(v->add(0, down, 32), 0x113fdb5c);
            assert_int_equal(v->add(0, (const uint8_t *)"123456789", 9), 0xe3069283);
        }
        if (v->needs == 0)
            break;
    }
}

static void every_variant_is_the_definition(void **state)
{
    struct rng r = rng_from_env("crc32c");
    uint8_t data[200];

    (void)state;
    rng_bytes(&r, data, sizeof data);
    for (const struct crc32c_ops *v = crc32c_variants;; v++) {
        for (size_t at = 0; at < 16 && !(v->needs & ~cpu_features()); at++)
            for (size_t n = 0; n <= 150; n++) {
                uint32_t start = (uint32_t)rng_u64(&r);
                assert_int_equal(v->add(start, data + at, n), by_bits(start, data + at, n));
            }
        if (v->needs == 0)
            break;
    }
}

static void pieces_make_the_whole(void **state)
{
    struct rng r = rng_from_env("crc32c");
    uint8_t data[300];

    (void)state;
    rng_bytes(&r, data, sizeof data);
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        uint32_t c = crc32c_add_portable(0, data, cut);
        assert_int_equal(crc32c_add_portable(c, data + cut, sizeof data - cut),
                         by_bits(0, data, sizeof data));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(every_variant_is_the_definition),
        cmocka_unit_test(pieces_make_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
