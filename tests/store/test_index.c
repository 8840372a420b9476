/* Both kinds of index against each other, and what LMDB's keeps and drops. */
#include "store/store.h"
#include "support/support.h"

#include <pthread.h>
#include <stdlib.h>

static const char *const tables[] = {"by id", "by time", "third"};
static const struct index_options small = {.map_bytes = (uint64_t)1 << 30};

static struct index *open_at(const char *dir, const struct index_options *o)
{
    struct err e = {0};
    struct index *ix = index_open(os_system(), dir, tables, 3, o ? o : &small, &e);

    must(ix != NULL, &e);
    return ix;
}

static void close_it(struct index *ix)
{
    struct err e = {0};
    must(index_close(ix, &e), &e);
}

static struct index_txn *begin(struct index *ix)
{
    struct err e = {0};
    struct index_txn *t = index_begin(ix, &e);

    must(t != NULL, &e);
    return t;
}

static void put(struct index_txn *t, size_t table, const char *key, const char *value)
{
    struct err e = {0};
    must(index_put(t, table, bytes_text(key), bytes_text(value), &e), &e);
}

static void commit(struct index_txn *t)
{
    struct err e = {0};
    must(index_commit(t, &e), &e);
}

static struct index_snapshot *look(struct index *ix)
{
    struct err e = {0};
    struct index_snapshot *v = index_snapshot_open(ix, &e);

    must(v != NULL, &e);
    return v;
}

static void holds(struct index_snapshot *v, size_t table, const char *key, const char *value)
{
    struct bytes is;
    struct err e = {0};

    must(index_find(v, table, bytes_text(key), &is, &e), &e);
    if (value ? !is.p || !bytes_are(is, value) : is.p != NULL)
        fail_msg("%s is %.*s, not %s", key, BYTES_FMT(is), value ? value : "absent");
}

/* ---- the same whichever it is
 * -------------------------------------------------------------------- */

enum { RANGE = 300 };

/* Keys that share prefixes, and some of 0xff, where a prefix has no successor. */
static struct bytes some_key(struct rng *r, uint8_t *buf)
{
    static const uint8_t letters[] = {'a', 'b', 0xff, 0x00};
    size_t n = 1 + (size_t)rng_below(r, 5);

    for (size_t i = 0; i < n; i++)
        buf[i] = letters[rng_below(r, 4)];
    return bytes_of(buf, n);
}

static void same(struct bytes a, struct bytes b, const char *what)
{
    if ((a.p == NULL) != (b.p == NULL) || !bytes_equal(a, b))
        fail_msg("%s differs between the two", what);
}

static void walk_both(struct index_snapshot *a, struct index_snapshot *b, struct rng *r)
{
    uint8_t buf[8], from[8];
    struct bytes prefix = rng_below(r, 4) ? some_key(r, buf) : (struct bytes){NULL, 0};
    size_t table = (size_t)rng_below(r, 3);
    struct err e = {0};
    struct index_cursor *x = index_cursor_open(a, table, prefix, &e);
    struct index_cursor *y = index_cursor_open(b, table, prefix, &e);
    struct bytes k = {0}, v = {0}, l = {0}, w = {0};

    assert_true(x && y);
    for (int i = 0; i < 20; i++) {
        uint64_t how = rng_below(r, 8);
        if (how == 0) {
            struct bytes f = some_key(r, from);
            must(index_cursor_seek(x, f, &k, &v, &e) && index_cursor_seek(y, f, &l, &w, &e), &e);
        } else if (how == 1 || (!k.p && i > 0)) {
            must(index_cursor_last(x, &k, &v, &e) && index_cursor_last(y, &l, &w, &e), &e);
        } else if (how < 5) {
            must(index_cursor_next(x, &k, &v, &e) && index_cursor_next(y, &l, &w, &e), &e);
        } else {
            must(index_cursor_prev(x, &k, &v, &e) && index_cursor_prev(y, &l, &w, &e), &e);
        }
        same(k, l, "a key");
        same(v, w, "a value");
        if (!k.p && how == 1)
            break; /* the prefix is empty */
    }
    index_cursor_close(x);
    index_cursor_close(y);
}

static void change_both(struct index_txn *a, struct index_txn *b, struct rng *r)
{
    size_t table = (size_t)rng_below(r, 3);
    uint8_t key[8], value[3000];
    struct bytes k = some_key(r, key);
    struct bytes v = bytes_of(value, (size_t)rng_below(r, rng_below(r, 10) ? 20 : sizeof value));
    struct err e = {0};

    rng_bytes(r, value, v.n);
    if (rng_below(r, 400) == 0)
        must(index_clear(a, table, &e) && index_clear(b, table, &e), &e);
    else if (rng_below(r, 3) == 0)
        must(index_delete(a, table, k, &e) && index_delete(b, table, k, &e), &e);
    else
        must(index_put(a, table, k, v, &e) && index_put(b, table, k, v, &e), &e);
}

static void compare_finds(struct index_snapshot *a, struct index_snapshot *b, struct rng *r)
{
    for (int i = 0; i < 20; i++) {
        size_t table = (size_t)rng_below(r, 3);
        struct bytes v = {0}, w = {0};
        uint8_t key[8];
        struct bytes k = some_key(r, key);
        struct err e = {0};
        must(index_find(a, table, k, &v, &e) && index_find(b, table, k, &w, &e), &e);
        same(v, w, "what is found");
    }
}

static void memory_and_lmdb_agree(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct rng r = rng_from_env("index");
    struct err e = {0};
    struct index *x = open_at(dir, NULL), *y = index_open_memory(tables, 3, &e);
    struct index_snapshot *old_x = look(x), *old_y = look(y);

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct index_txn *t = begin(x), *u = begin(y);
        for (uint64_t n = rng_below(&r, RANGE); n; n--)
            change_both(t, u, &r);
        compare_finds(index_view(t), index_view(u), &r);
        walk_both(index_view(t), index_view(u), &r);
        if (rng_below(&r, 4) == 0) {
            index_abort(t);
            index_abort(u);
        } else {
            commit(t);
            commit(u);
        }
        compare_finds(old_x, old_y, &r); /* a snapshot does not move */
        walk_both(old_x, old_y, &r);
        if (rng_below(&r, 3) == 0) {
            index_snapshot_close(old_x);
            index_snapshot_close(old_y);
            old_x = look(x);
            old_y = look(y);
        }
    }
    index_snapshot_close(old_x);
    index_snapshot_close(old_y);
    close_it(x);
    close_it(y);
    test_dir_remove(dir);
    arena_free(a);
}

static void limits_are_errors(void **state)
{
    uint8_t long_key[LIMIT_INDEX_KEY_BYTES + 1] = {0};
    struct err e = {0};
    struct index *ix = index_open_memory(tables, 3, &e);
    struct index_txn *t = begin(ix);

    (void)state;
    must_fail(index_put(t, 0, bytes_of(long_key, 0), BYTES("v"), &e), &e, ERR_LIMIT, "key");
    must_fail(index_put(t, 0, bytes_of(long_key, sizeof long_key), BYTES("v"), &e), &e, ERR_LIMIT,
              "512 bytes");
    must(index_put(t, 0, bytes_of(long_key, sizeof long_key - 1), BYTES("v"), &e), &e);
    must_fail(index_put(t, 0, BYTES("k"), bytes_of(long_key, LIMIT_INDEX_VALUE_BYTES + 1), &e), &e,
              ERR_LIMIT, "value");
    index_abort(t);
    close_it(ix);
}

/* ---- what is applied, what is kept
 * ------------------------------------------------------------------ */

static uint64_t applied(struct index *ix, const char *log)
{
    uint64_t position = 99;
    struct err e = {0};

    must(index_applied(ix, log, &position, &e), &e);
    return position;
}

static void fill(struct index *ix, uint64_t position)
{
    struct index_txn *t = begin(ix);
    struct err e = {0};

    put(t, 0, "key", "value");
    put(t, 2, "empty", "");
    must(index_set_applied(t, "log", position, &e), &e);
    commit(t);
}

static void positions_go_with_the_data(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct index *ix = open_at(dir, NULL);
    struct index_snapshot *v;
    struct index_txn *t;
    struct err e = {0};

    (void)state;
    assert_int_equal(applied(ix, "log"), 0);
    fill(ix, UINT64_MAX - 1);
    t = begin(ix);
    put(t, 0, "other", "value");
    must(index_set_applied(t, "log", 7, &e), &e);
    index_abort(t);
    close_it(ix);
    ix = open_at(dir, NULL);
    assert_int_equal(applied(ix, "log"), UINT64_MAX - 1);
    assert_int_equal(applied(ix, "another"), 0);
    v = look(ix);
    holds(v, 0, "key", "value");
    holds(v, 0, "other", NULL);
    holds(v, 1, "key", NULL);
    holds(v, 2, "empty", "");
    index_snapshot_close(v);
    close_it(ix);
    must(index_drop(os_system(), dir, &e), &e);
    ix = open_at(dir, NULL);
    assert_int_equal(applied(ix, "log"), 0);
    close_it(ix);
    test_dir_remove(dir);
    arena_free(a);
}

/* A copy of the files of an index while it is open: a process that died. */
static void copy_index(struct arena *a, const char *from, const char *to)
{
    static const char *const names[] = {"data.mdb", "unsynced"};
    struct err e = {0};

    for (size_t i = 0; i < 2; i++) {
        char *f = arena_format(a, &e, "%s/%s", from, names[i]);
        char *t = arena_format(a, &e, "%s/%s", to, names[i]);
        struct bytes b;
        if (!os_exists(os_system(), f))
            continue;
        must(os_read_file(os_system(), f, 1 << 28, a, &b, &e), &e);
        must(os_write_file(os_system(), t, b, 0, &e), &e);
    }
}

static void a_power_failure_drops_it_and_a_crash_does_not(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *other = test_dir(a), *mark;
    struct index *ix = open_at(dir, NULL);
    bool dropped = true;
    struct index_options o = {.map_bytes = small.map_bytes, .dropped = &dropped};
    struct err e = {0};

    (void)state;
    fill(ix, 5);
    copy_index(a, dir, other);
    close_it(ix);
    ix = open_at(other, &o); /* the same boot: the cache has it all */
    assert_false(dropped);
    assert_int_equal(applied(ix, "log"), 5);
    close_it(ix);

    copy_index(a, dir, other);
    mark = arena_format(a, &e, "%s/unsynced", other);
    must(os_write_file(os_system(), mark, BYTES("4b5b0a3e-another-boot-0000-000000000000"), 0, &e),
         &e);
    ix = open_at(other, &o);
    assert_true(dropped);
    assert_int_equal(applied(ix, "log"), 0);
    close_it(ix);
    assert_false(os_exists(os_system(), mark));
    ix = open_at(other, &o);
    assert_false(dropped);
    close_it(ix);
    test_dir_remove(dir);
    test_dir_remove(other);
    arena_free(a);
}

static void a_synced_index_leaves_no_mark(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *mark;
    struct index_options o = {.map_bytes = small.map_bytes, .synced = true};
    struct err e = {0};
    struct index *ix = open_at(dir, NULL); /* lazy at first, then synced */

    (void)state;
    mark = arena_format(a, &e, "%s/unsynced", dir);
    assert_true(os_exists(os_system(), mark));
    fill(ix, 3);
    close_it(ix);
    ix = open_at(dir, &o);
    assert_false(os_exists(os_system(), mark));
    fill(ix, 4);
    close_it(ix);
    ix = open_at(dir, &o);
    assert_int_equal(applied(ix, "log"), 4);
    close_it(ix);
    test_dir_remove(dir);
    arena_free(a);
}

static void a_broken_index_says_what_to_do(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a), *data;
    struct err e = {0};
    struct index *ix = open_at(dir, NULL);

    (void)state;
    close_it(ix);
    data = arena_format(a, &e, "%s/data.mdb", dir);
    must(os_write_file(os_system(), data, BYTES("this is no LMDB file, but it is there"), 0, &e),
         &e);
    assert_null(index_open(os_system(), dir, tables, 3, &small, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_non_null(strstr(e.hint, "delete the folder"));
    ix = open_at(dir, NULL); /* having failed, it was marked, and is now made anew */
    fill(ix, 1);
    close_it(ix);
    test_dir_remove(dir);
    arena_free(a);
}

static void a_full_map_is_the_end_of_it(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    bool dropped = false;
    struct index_options o = {.map_bytes = 1 << 20, .dropped = &dropped};
    struct index *ix = open_at(dir, &o);
    struct index_txn *t = begin(ix);
    uint8_t value[8192] = {0};
    struct err e = {0};
    bool ok = true;

    (void)state;
    for (uint32_t i = 0; ok && i < 1000; i++)
        ok = index_put(t, 0, bytes_of(&i, 4), bytes_of(value, sizeof value), &e);
    must_fail(ok, &e, ERR_IO, "MAP_FULL");
    index_abort(t);
    assert_null(index_begin(ix, &e));
    assert_null(index_snapshot_open(ix, &e));
    must_fail(index_close(ix, &e), &e, ERR_IO, "failed before");
    ix = open_at(dir, &o);
    assert_true(dropped);
    close_it(ix);
    test_dir_remove(dir);
    arena_free(a);
}

/* ---- size and threads
 * -------------------------------------------------------------------------------- */

static int by_key(const void *x, const void *y)
{
    return memcmp(x, y, 32);
}

static void large_loads_go_in_steps(void **state)
{
    enum { N = 200000, BATCH = 50000 };
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct rng r = rng_from_env("index");
    uint8_t(*keys)[32] = malloc((size_t)N * 32);
    struct index *ix = open_at(dir, NULL);
    struct index_txn *t = begin(ix);
    struct index_snapshot *v;
    struct err e = {0};
    size_t seen = 0;

    (void)state;
    assert_non_null(keys);
    rng_bytes(&r, keys, (size_t)N * 32);
    for (size_t b = 0; b < N; b += BATCH) {
        qsort(keys + b, BATCH, 32, by_key);
        for (size_t i = b; i < b + BATCH; i++) {
            must(index_put(t, 0, bytes_of(keys[i], 32), bytes_of(keys[i], 16), &e), &e);
            must(index_put(t, 1, bytes_of((uint64_t[]){__builtin_bswap64(i)}, 8), BYTES("x"), &e),
                 &e);
            must(index_step(&t, &e), &e);
        }
    }
    commit(t);
    v = look(ix);
    for (size_t i = 0; i < N; i += 97) {
        struct bytes is;
        must(index_find(v, 0, bytes_of(keys[i], 32), &is, &e), &e);
        assert_true(is.n == 16 && !memcmp(is.p, keys[i], 16));
    }
    struct index_cursor *c = index_cursor_open(v, 1, BYTES(""), &e);
    struct bytes k, value;
    while (index_cursor_next(c, &k, &value, &e) && k.p)
        seen++;
    assert_int_equal(seen, N);
    index_cursor_close(c);
    index_snapshot_close(v);
    close_it(ix);
    free(keys);
    test_dir_remove(dir);
    arena_free(a);
}

struct job {
    struct index *ix;
    bool ok;
};

/* Two keys that are always written together are always seen together. */
static void *read_pairs(void *arg)
{
    struct job *job = arg;

    for (int i = 0; i < 400 && job->ok; i++) {
        struct index_snapshot *v = index_snapshot_open(job->ix, NULL);
        struct bytes x = {0}, y = {0};
        job->ok = v && index_find(v, 0, BYTES("x"), &x, NULL) &&
                  index_find(v, 1, BYTES("y"), &y, NULL) && bytes_equal(x, y);
        index_snapshot_close(v);
    }
    return NULL;
}

static void readers_in(struct index *ix)
{
    struct job jobs[4];
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct job){ix, true};
        assert_int_equal(pthread_create(&threads[i], NULL, read_pairs, &jobs[i]), 0);
    }
    for (int i = 0; i < 200; i++) {
        struct index_txn *t = begin(ix);
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        put(t, 0, "x", text);
        put(t, 1, "y", text);
        commit(t);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_true(jobs[i].ok);
    }
}

static void readers_see_whole_transactions(void **state)
{
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct err e = {0};
    struct index *ix = open_at(dir, NULL), *in_memory = index_open_memory(tables, 3, &e);

    (void)state;
    readers_in(ix);
    readers_in(in_memory);
    close_it(ix);
    close_it(in_memory);
    test_dir_remove(dir);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_and_lmdb_agree),
        cmocka_unit_test(limits_are_errors),
        cmocka_unit_test(positions_go_with_the_data),
        cmocka_unit_test(a_power_failure_drops_it_and_a_crash_does_not),
        cmocka_unit_test(a_synced_index_leaves_no_mark),
        cmocka_unit_test(a_broken_index_says_what_to_do),
        cmocka_unit_test(a_full_map_is_the_end_of_it),
        cmocka_unit_test(large_loads_go_in_steps),
        cmocka_unit_test(readers_see_whole_transactions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
