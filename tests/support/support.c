#include "support/support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TEST_ARENA ((size_t)1 << 31)

struct arena *test_arena(void)
{
    struct arena *a = arena_new(TEST_ARENA);
    assert_non_null(a);
    return a;
}

void must(bool ok, const struct err *e)
{
    if (!ok)
        fail_msg("%s: %s", err_name(e->code), e->text);
}

void must_fail(bool ok, const struct err *e, enum err_code code, const char *says)
{
    if (ok)
        fail_msg("it succeeded; expected %s (%s)", err_name(code), says ? says : "any text");
    if (e->code != code || (says && !strstr(e->text, says)))
        fail_msg("expected %s (%s), got %s: %s", err_name(code), says ? says : "any text",
                 err_name(e->code), e->text);
}

struct rng rng_of(uint64_t seed)
{
    return (struct rng){seed};
}

struct rng rng_from_env(const char *test)
{
    const char *text = getenv("ENTENTE_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);

    print_message("%s: ENTENTE_SEED=%llu\n", test, (unsigned long long)seed);
    return rng_of(seed);
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    uint64_t least = (0 - n) % n, v; /* reject the uneven rest, so that all are equally likely */

    do
        v = rng_u64(r);
    while (v < least);
    return v % n;
}

void rng_bytes(struct rng *r, void *out, size_t n)
{
    uint8_t *p = out;

    while (n) {
        uint64_t v = rng_u64(r);
        size_t k = n < 8 ? n : 8;
        memcpy(p, &v, k);
        p += k;
        n -= k;
    }
}

char *test_dir(struct arena *a)
{
    const char *tmp = getenv("TMPDIR");
    struct err e = {0};
    char *path = arena_format(a, &e, "%s/entente-test-XXXXXX", tmp ? tmp : "/tmp");

    assert_non_null(path);
    assert_non_null(mkdtemp(path));
    return path;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

void test_dir_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static char *path_in(struct arena *a, const char *variable, const char *name)
{
    const char *dir = getenv(variable);
    struct err e = {0};

    if (!dir)
        return NULL;
    return arena_format(a, &e, "%s/%s", dir, name);
}

struct bytes test_vector(struct arena *a, const char *name)
{
    char *path = path_in(a, "ENTENTE_VECTORS", name);
    struct bytes out = {0};
    struct err e = {0};

    if (!path)
        fail_msg("ENTENTE_VECTORS is not set: run the tests with meson test");
    must(os_read_file(os_system(), path, (size_t)1 << 30, a, &out, &e), &e);
    return out;
}

const char *test_shared_path(struct arena *a, const char *name)
{
    char *path = path_in(a, "ENTENTE_SHARED", name);

    if (path && os_exists(os_system(), path))
        return path;
    print_message("skipped: ../shared/%s is not here\n", name);
    return NULL;
}

bool test_shared(struct arena *a, const char *name, struct bytes *out)
{
    const char *path = test_shared_path(a, name);
    struct err e = {0};

    if (!path)
        return false;
    must(os_read_file(os_system(), path, (size_t)1 << 30, a, out, &e), &e);
    return true;
}
