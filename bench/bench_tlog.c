/* tlog: the tree and the notes by themselves, against their own bound in the same run: appending
 * against hashing alone, verifying a checkpoint against verifying the bare signature. */
#include "bench.h"

#include "tlog/tlog.h"

#include <stdlib.h>

#define RUNS 5

static size_t leaves_n, notes_n;
static struct arena *arena;

static void entry_of(uint64_t i, uint8_t out[32])
{
    memset(out, 0, 32);
    memcpy(out, &i, sizeof i);
}

/* One leaf hash and, amortised, one node hash for each entry: no tree can do with less. */
static double hash_only(void)
{
    double from = bench_now();
    struct hash leaf, node = {{0}};
    uint8_t entry[32];

    for (size_t i = 0; i < leaves_n; i++) {
        entry_of(i, entry);
        tlog_leaf_hash(bytes_of(entry, sizeof entry), &leaf);
        tlog_node_hash(&leaf, &node, &node);
    }
    return (double)leaves_n / (bench_now() - from);
}

/* Each leaf but the first costs one node hash, however the tree is cut into tiles. */
static double nodes_only(void)
{
    double from = bench_now();
    struct hash node = {{0}};

    for (size_t i = 0; i < leaves_n; i++)
        tlog_node_hash(&node, &node, &node);
    return (double)leaves_n / (bench_now() - from);
}

static double append(void)
{
    double from = bench_now();
    struct tlog_tree t = {0};
    uint8_t entry[32];

    for (size_t i = 0; i < leaves_n; i++) {
        entry_of(i, entry);
        if (!tlog_tree_append(&t, bytes_of(entry, sizeof entry), NULL))
            abort();
    }
    return (double)leaves_n / (bench_now() - from);
}

static bool store(void *self, const struct tlog_tile *t, struct bytes bytes, struct err *e)
{
    (void)t;
    (void)e;
    *(size_t *)self += bytes.n;
    return true;
}

static double build_tiles(void)
{
    struct arena_mark mark = arena_mark(arena);
    struct hash *leaf = arena_get_array(arena, leaves_n, sizeof *leaf, NULL);
    struct tlog_builder *b = tlog_builder_new(arena, NULL);
    size_t written = 0;
    struct tlog_tile_store to = {store, &written};
    double from, took;

    if (!leaf || !b)
        abort();
    for (size_t i = 0; i < leaves_n; i++)
        entry_of(i, leaf[i].b);
    from = bench_now();
    if (!tlog_builder_append(b, leaf, leaves_n, &to, NULL) || !tlog_builder_flush(b, &to, NULL))
        abort();
    took = bench_now() - from;
    arena_reset(arena, mark);
    return (double)leaves_n / took;
}

static struct checkpoint_key key;
static struct bytes note;

static double verify(void)
{
    double from = bench_now();

    for (size_t i = 0; i < notes_n; i++) {
        struct arena_mark mark = arena_mark(arena);
        struct checkpoint c;
        if (!checkpoint_verify(note, &key.public, 1, arena, &c, NULL))
            abort();
        arena_reset(arena, mark);
    }
    return (double)notes_n / (bench_now() - from);
}

static double verify_only(void)
{
    struct note parsed;
    struct signature s;
    double from;

    if (!note_parse(note, arena, &parsed, NULL) || parsed.lines[0].signature.n != sizeof s.b)
        abort();
    memcpy(s.b, parsed.lines[0].signature.p, sizeof s.b);
    from = bench_now();
    for (size_t i = 0; i < notes_n; i++)
        if (!sign_verify(&key.public.public, parsed.text, &s))
            abort();
    return (double)notes_n / (bench_now() - from);
}

static void prepare(void)
{
    static const uint8_t seed[32] = {1};
    struct checkpoint c;
    struct tlog_tree t = {0};

    arena = arena_new((size_t)1 << 30);
    if (!arena || !crypto_init() ||
        !checkpoint_key_init(&key, BYTES("bench.example/log"), sign_key_of_seed(seed, NULL),
                             NULL) ||
        !checkpoint_of_tree(&t, BYTES("bench.example/log"), &c, NULL) ||
        !checkpoint_sign(&key, &c, arena, &note, NULL))
        abort();
}

static void run(const char *name, const char *unit, size_t n, double (*work)(void),
                const char *against, double (*bound)(void))
{
    double samples[RUNS], bounds[RUNS];

    for (size_t i = 0; i < RUNS; i++) {
        samples[i] = work();
        bounds[i] = bound();
    }
    bench_print(&(struct bench_case){.name = name,
                                     .unit = unit,
                                     .n = n,
                                     .samples = samples,
                                     .runs = RUNS,
                                     .against = against,
                                     .against_samples = bounds,
                                     .against_runs = RUNS});
}

int main(int argc, char **argv)
{
    leaves_n = bench_small() ? 100000 : 1000000;
    notes_n = bench_small() ? 1000 : 10000;
    prepare();
    if (bench_wanted(argc, argv, "tlog/append"))
        run("tlog/append", "leaves/s", leaves_n, append, "hashing alone", hash_only);
    if (bench_wanted(argc, argv, "tlog/build-tiles"))
        run("tlog/build-tiles", "leaves/s", leaves_n, build_tiles, "node hashes alone", nodes_only);
    if (bench_wanted(argc, argv, "tlog/verify-checkpoint"))
        run("tlog/verify-checkpoint", "notes/s", notes_n, verify, "sign_verify", verify_only);
    sign_key_free((struct sign_key *)(uintptr_t)key.secret);
    arena_free(arena);
    return 0;
}
