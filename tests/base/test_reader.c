#include "base/reader.h"
#include "support/support.h"

static void text_lines(void **state)
{
    struct reader r = reader_of(BYTES("name\n12\nAAE=\n"));
    uint8_t two[2];
    struct err e = {0};

    (void)state;
    assert_true(bytes_are(reader_line(&r), "name"));
    assert_int_equal(reader_decimal_line(&r), 12);
    reader_base64_line(&r, two, 2);
    assert_int_equal(two[1], 1);
    must(reader_end(&r, &e), &e);
}

static void failures_name_the_line(void **state)
{
    struct reader r = reader_of(BYTES("name\n012\nrest"));
    struct err e = {0};

    (void)state;
    reader_line(&r);
    assert_int_equal(reader_decimal_line(&r), 0);
    assert_int_equal(reader_line(&r).n, 0);
    must_fail(reader_end(&r, &e), &e, ERR_INPUT, "line 2: expected a decimal");
}

static void leftovers_and_shortages(void **state)
{
    struct reader r = reader_of(BYTES("\x00\x01\x00\x00\x00\x02zz"));
    struct err e = {0};

    (void)state;
    assert_int_equal(reader_u16(&r), 1);
    assert_int_equal(reader_u32(&r), 2);
    must_fail(reader_end(&r, &e), &e, ERR_INPUT, "byte 6: expected the end");
    assert_int_equal(reader_u64(&r), 0);
    must_fail(reader_ok(&r, &e), &e, ERR_INPUT, "byte 6: expected more bytes");
    assert_int_equal(reader_bytes(&r, SIZE_MAX).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_lines),
        cmocka_unit_test(failures_name_the_line),
        cmocka_unit_test(leftovers_and_shortages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
