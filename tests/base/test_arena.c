#include "support/support.h"

static void full_is_an_error(void **state)
{
    struct arena *a = arena_new(100);
    struct err e = {0};

    (void)state;
    assert_non_null(arena_get(a, 64, &e));
    assert_null(arena_get(a, 64, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_null(arena_get(a, SIZE_MAX, &e));
    assert_null(arena_get_array(a, SIZE_MAX / 2, 4, &e));
    arena_free(a);
}

static void reset_gives_it_back(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct err e = {0};

    (void)state;
    assert_non_null(arena_get(a, 10, &e));
    for (int i = 0; i < 1000; i++) {
        struct arena_mark m = arena_mark(a);
        assert_non_null(arena_get(a, 100000, &e));
        assert_non_null(arena_get(a, 100000, &e));
        arena_reset(a, m);
    }
    assert_int_equal(arena_used(a), 16);
    arena_free(a);
}

static void buf_grows_and_fails_once(void **state)
{
    struct arena *a = arena_new(10000);
    struct buf b = buf_in(a);
    struct bytes out;
    struct err e = {0};

    (void)state;
    buf_put(&b, bytes_of(NULL, 0)); /* nothing, at the very beginning */
    for (int i = 0; i < 100; i++)
        buf_format(&b, "%d,", i);
    must(buf_end(&b, &out, &e), &e);
    assert_int_equal(out.n, 290);
    for (int i = 0; i < 10000; i++)
        buf_puts(&b, "x");
    must_fail(buf_end(&b, &out, &e), &e, ERR_LIMIT, NULL);
    arena_free(a);
}

static void errors_say_where(void **state)
{
    struct err e = {0}, copy = {0};

    (void)state;
    assert_false(err_fail(&e, ERR_INPUT, "not a time: \"%s\"", "\x1b[31m"));
    assert_false(err_within(&e, "line %d", 7));
    assert_false(err_within(&e, "%s", "a.json"));
    assert_false(err_hint(&e, "write it as %s", "2026-01-31T12:00:00Z"));
    assert_string_equal(e.text, "a.json: line 7: not a time: \"\\x1b[31m\"");
    assert_string_equal(e.hint, "write it as 2026-01-31T12:00:00Z");
    assert_false(err_pass(&copy, &e));
    assert_string_equal(copy.hint, e.hint);
    assert_int_equal(copy.code, ERR_INPUT);
    assert_false(err_pass(NULL, &e));
    for (int i = 0; i < 100; i++)
        err_within(&e, "somewhere quite long");
    assert_true(strlen(e.text) < ERR_TEXT_MAX);
    assert_false(err_fail(NULL, ERR_IO, "nobody cares"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_is_an_error),
        cmocka_unit_test(reset_gives_it_back),
        cmocka_unit_test(buf_grows_and_fails_once),
        cmocka_unit_test(errors_say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
