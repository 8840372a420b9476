#include "support/support.h"

#include <unistd.h>

static const struct os *os;

static void files_are_replaced_whole(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *path;
    struct bytes got, *names;
    size_t n;
    struct err e = {0};

    (void)state;
    path = arena_format(a, &e, "%s/x/y/file", dir);
    must(os_make_dirs(os, arena_format(a, &e, "%s/x/y", dir), &e), &e);
    must_fail(os_read_file(os, path, 10, a, &got, &e), &e, ERR_MISSING, "file");
    must(os_write_file(os, path, BYTES("long one"), OS_PRIVATE, &e), &e);
    must(os_write_file(os, path, BYTES("two"), 0, &e), &e);
    must(os_read_file(os, path, 10, a, &got, &e), &e);
    assert_true(bytes_are(got, "two"));
    must_fail(os_read_file(os, path, 2, a, &got, &e), &e, ERR_LIMIT, "more than");
    must(os_list(os, arena_format(a, &e, "%s/x/y", dir), a, &names, &n, &e), &e);
    assert_int_equal(n, 1);
    test_dir_remove(dir);
    arena_free(a);
}

static void direct_reads_are_reads(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *path;
    struct rng r = rng_from_env("os");
    uint8_t *in = malloc(3000001), *out = malloc(3000001);
    struct os_file *f;
    struct err e = {0};

    (void)state;
    rng_bytes(&r, in, 3000001);
    path = arena_format(a, &e, "%s/file", dir);
    must(os_write_file(os, path, bytes_of(in, 3000001), 0, &e), &e);
    must(os_open(os, path, OS_READ | OS_DIRECT, &f, &e), &e);
    for (int i = 0; i < 50; i++) {
        size_t at = rng_below(&r, 3000001), n = rng_below(&r, 3000001 - at + 1);
        must(os_read_exact(os, f, at, out, n, &e), &e);
        assert_memory_equal(in + at, out, n);
    }
    must_fail(os_read_exact(os, f, 2999999, out, 3, &e), &e, ERR_INPUT, "ends at byte 3000001");
    os_close(os, f);
    free(in);
    free(out);
    test_dir_remove(dir);
    arena_free(a);
}

static void a_lock_is_exclusive(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *path;
    struct os_file *f, *g;
    struct err e = {0};

    (void)state;
    path = arena_format(a, &e, "%s/lock", dir);
    must(os_open(os, path, OS_WRITE | OS_CREATE | OS_LOCK, &f, &e), &e);
    must_fail(os_open(os, path, OS_WRITE | OS_LOCK, &g, &e), &e, ERR_DENIED, "another process");
    os_close(os, f);
    must(os_open(os, path, OS_WRITE | OS_LOCK, &g, &e), &e);
    os_close(os, g);
    test_dir_remove(dir);
    arena_free(a);
}

static void a_restored_copy_has_another_identity(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *path;
    uint8_t first[OS_IDENTITY_BYTES], second[OS_IDENTITY_BYTES];
    struct err e = {0};

    (void)state;
    path = arena_format(a, &e, "%s/file", dir);
    must(os_write_file(os, path, BYTES("x"), 0, &e), &e);
    must(os_identity(os, path, first, &e), &e);
    must(os_identity(os, path, second, &e), &e);
    assert_memory_equal(first, second, sizeof first);
    must(os_remove(os, path, &e), &e);
    must(os_write_file(os, path, BYTES("x"), 0, &e), &e);
    must(os_identity(os, path, second, &e), &e);
    assert_memory_not_equal(first, second, sizeof first);
    must_fail(os_identity(os, dir + strlen(dir), second, &e), &e, ERR_MISSING, NULL);
    test_dir_remove(dir);
    arena_free(a);
}

static void a_map_is_the_file_and_stays_it(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *path;
    struct os_file *f, *g;
    struct bytes m, none;
    uint64_t id[2], other[2];
    struct err e = {0};

    (void)state;
    path = arena_format(a, &e, "%s/file", dir);
    must(os_write_file(os, path, BYTES("the old one"), 0, &e), &e);
    must(os_open(os, path, OS_READ, &f, &e), &e);
    must(os_map(os, f, &m, &e), &e);
    must(os_write_file(os, path, BYTES("the new"), 0, &e), &e);
    assert_true(bytes_are(m, "the old one"));
    must(os_open(os, path, OS_READ, &g, &e), &e);
    must(os_file_id(os, f, id, &e), &e);
    must(os_file_id(os, g, other, &e), &e);
    assert_memory_not_equal(id, other, sizeof id);
    os_unmap(os, m);
    os_close(os, f);
    os_close(os, g);
    must(os_write_file(os, path, (struct bytes){0}, 0, &e), &e);
    must(os_open(os, path, OS_READ, &f, &e), &e);
    must(os_map(os, f, &none, &e), &e);
    assert_int_equal(none.n, 0);
    os_unmap(os, none);
    os_close(os, f);
    test_dir_remove(dir);
    arena_free(a);
}

static void a_pipe_gives_what_is_there(void **state)
{
    int fds[2];
    char path[64], got[100];
    struct os_file *f;
    size_t n;
    struct err e = {0};

    (void)state;
    assert_int_equal(pipe(fds), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
    must(os_open(os, path, OS_READ, &f, &e), &e);
    assert_int_equal(write(fds[1], "some", 4), 4);
    must(os->ops->read(os->self, f, 0, got, sizeof got, &n, &e), &e);
    assert_int_equal(n, 4);
    close(fds[1]);
    must(os->ops->read(os->self, f, 4, got, sizeof got, &n, &e), &e);
    assert_int_equal(n, 0);
    os_close(os, f);
    close(fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(direct_reads_are_reads),
        cmocka_unit_test(a_lock_is_exclusive),
        cmocka_unit_test(a_restored_copy_has_another_identity),
        cmocka_unit_test(a_map_is_the_file_and_stays_it),
        cmocka_unit_test(a_pipe_gives_what_is_there),
    };
    os = os_system();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
