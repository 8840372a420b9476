#include "base/workers.h"
#include "support/support.h"

static void mark(void *job, size_t from, size_t to)
{
    uint8_t *seen = job;
    for (size_t i = from; i < to; i++)
        seen[i]++;
}

static void every_index_once(void **state)
{
    struct workers *w = workers_open(4);
    uint8_t *seen = calloc(10000, 1);

    (void)state;
    assert_non_null(w);
    for (int round = 1; round <= 100; round++) {
        workers_run(w, 10000, 7, mark, seen);
        for (size_t i = 0; i < 10000; i++)
            assert_int_equal(seen[i], round);
    }
    workers_run(w, 0, 7, mark, seen);
    workers_run(NULL, 10, 7, mark, seen);
    workers_close(w);
    free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_index_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
