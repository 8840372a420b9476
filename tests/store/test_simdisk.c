/* The simulated disk itself: what it promises to keep, and that it does lose the rest. */
#include "support/simdisk.h"
#include "support/support.h"

static void write_at(const struct os *os, struct os_file *f, uint64_t at, struct bytes b)
{
    struct err e = {0};
    must(os_write(os, f, at, b, &e), &e);
}

static struct os_file *make(const struct os *os, const char *path)
{
    struct os_file *f;
    struct err e = {0};

    must(os_open(os, path, OS_READ | OS_WRITE | OS_CREATE, &f, &e), &e);
    return f;
}

static void what_is_synced_is_kept(void **state)
{
    struct arena *a = test_arena();
    struct simdisk *d = simdisk_new(1);
    const struct os *os = simdisk_os(d);
    struct os_file *f = make(os, "kept");
    struct err e = {0};
    struct bytes is;

    (void)state;
    write_at(os, f, 0, BYTES("kept"));
    must(os_sync(os, f, &e) && os->ops->sync_dir(os->self, "", &e), &e);
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct simdisk *after = simdisk_crash(d, seed);
        must(os_read_file(simdisk_os(after), "kept", 100, a, &is, &e), &e);
        assert_true(bytes_are(is, "kept"));
        simdisk_free(after);
    }
    os_close(os, f);
    simdisk_free(d);
    arena_free(a);
}

static void what_is_not_synced_may_be_anything_it_was(void **state)
{
    struct arena *a = test_arena();
    struct simdisk *d = simdisk_new(1);
    const struct os *os = simdisk_os(d);
    uint8_t one[1024], two[1024];
    size_t old = 0, new = 0, torn = 0, mixed = 0, absent = 0;
    struct os_file *f, *g;
    struct err e = {0};
    struct bytes is;

    (void)state;
    memset(one, '1', sizeof one);
    memset(two, '2', sizeof two);
    f = make(os, "f");
    write_at(os, f, 0, bytes_of(one, sizeof one));
    must(os_sync(os, f, &e) && os->ops->sync_dir(os->self, "", &e), &e);
    write_at(os, f, 0, bytes_of(two, sizeof two));
    g = make(os, "new name");
    must(os_sync(os, g, &e), &e);
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct simdisk *after = simdisk_crash(d, seed);
        bool first, second;
        must(os_read_file(simdisk_os(after), "f", 5000, a, &is, &e), &e);
        assert_int_equal(is.n, 1024);
        first = !memcmp(is.p, two, 512);
        second = !memcmp(is.p + 512, two, 512);
        old += !memcmp(is.p, one, 1024);
        new += first &&second;
        mixed += !first && second;
        torn += is.p[0] != is.p[511];
        absent += !os_exists(simdisk_os(after), "new name");
        simdisk_free(after);
    }
    assert_true(old > 50 && new > 50 && torn > 50 && mixed > 50 && absent > 50 && absent < 950);
    os_close(os, f);
    os_close(os, g);
    simdisk_free(d);
    arena_free(a);
}

static void names_move_whole(void **state)
{
    struct arena *a = test_arena();
    struct simdisk *d = simdisk_new(1);
    const struct os *os = simdisk_os(d);
    size_t olds = 0;
    struct err e = {0};
    struct bytes is;

    (void)state;
    must(os_make_dirs(os, "dir", &e), &e);
    must(os_write_file(os, "dir/f", BYTES("old"), 0, &e), &e);
    simdisk_fail(d, 5, SIMDISK_POWER); /* open, truncate, write, sync, rename: before sync_dir */
    must_fail(os_write_file(os, "dir/f", BYTES("new one"), 0, &e), &e, ERR_IO, NULL);
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct simdisk *after = simdisk_crash(d, seed);
        must(os_read_file(simdisk_os(after), "dir/f", 100, a, &is, &e), &e);
        assert_true(bytes_are(is, "old") || bytes_are(is, "new one"));
        olds += bytes_are(is, "old");
        simdisk_free(after);
    }
    assert_true(olds > 0);
    simdisk_free(d);
    arena_free(a);
}

static void a_failed_sync_deceives_the_cache(void **state)
{
    size_t differ = 0;
    struct err e = {0};

    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct simdisk *d = simdisk_new(seed);
        const struct os *os = simdisk_os(d);
        struct os_file *f = make(os, "f"), *direct;
        uint8_t cached[3], safe[3] = {0};
        size_t got = 0;
        write_at(os, f, 0, BYTES("abc"));
        simdisk_fail(d, 1, SIMDISK_EIO);
        must_fail(os_sync(os, f, &e), &e, ERR_IO, "error");
        must(os_sync(os, f, &e), &e); /* and the next one is content */
        must(os_read_exact(os, f, 0, cached, 3, &e), &e);
        must(os_open(os, "f", OS_READ | OS_DIRECT, &direct, &e), &e);
        must(os->ops->read(os->self, direct, 0, safe, 3, &got, &e), &e);
        assert_memory_equal(cached, "abc", 3);
        differ += got != 3 || memcmp(safe, "abc", 3) != 0;
        os_close(os, direct);
        os_close(os, f);
        simdisk_free(d);
    }
    assert_true(differ > 20 && differ < 100);
}

static void a_seed_gives_the_same_again(void **state)
{
    struct simdisk *d = simdisk_new(9), *x = simdisk_new(9);
    uint64_t a, b;

    (void)state;
    os_random(simdisk_os(d), &a, sizeof a);
    os_random(simdisk_os(x), &b, sizeof b);
    assert_true(a == b);
    simdisk_advance(d, 5);
    assert_int_equal(os_now_us(simdisk_os(d)) - os_now_us(simdisk_os(x)), 5);
    simdisk_set_now(d, 1);
    assert_int_equal(os_now_us(simdisk_os(d)), 1);
    assert_int_equal(os_ticks_us(simdisk_os(d)), 5);
    simdisk_free(d);
    simdisk_free(x);
}

static void a_file_is_itself_after_a_crash_and_not_in_a_backup(void **state)
{
    struct simdisk *d = simdisk_new(1), *after, *backup;
    uint8_t was[OS_IDENTITY_BYTES], other[OS_IDENTITY_BYTES], is[OS_IDENTITY_BYTES];
    struct err e = {0};

    (void)state;
    must(os_write_file(simdisk_os(d), "a", BYTES("a"), 0, &e), &e);
    must(os_write_file(simdisk_os(d), "b", BYTES("b"), 0, &e), &e);
    must(os_identity(simdisk_os(d), "a", was, &e), &e);
    must(os_identity(simdisk_os(d), "b", other, &e), &e);
    assert_memory_not_equal(was, other, sizeof was);
    after = simdisk_crash(d, 2);
    backup = simdisk_copy(d, 3);
    must(os_identity(simdisk_os(after), "a", is, &e), &e);
    assert_memory_equal(is, was, sizeof is);
    must(os_identity(simdisk_os(backup), "a", is, &e), &e);
    assert_memory_not_equal(is, was, sizeof is);
    must_fail(os_identity(simdisk_os(d), "c", is, &e), &e, ERR_MISSING, "c");
    simdisk_free(after);
    simdisk_free(backup);
    simdisk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_synced_is_kept),
        cmocka_unit_test(what_is_not_synced_may_be_anything_it_was),
        cmocka_unit_test(names_move_whole),
        cmocka_unit_test(a_failed_sync_deceives_the_cache),
        cmocka_unit_test(a_seed_gives_the_same_again),
        cmocka_unit_test(a_file_is_itself_after_a_crash_and_not_in_a_backup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
