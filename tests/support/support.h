/* support: what every test needs. cmocka's own includes first, in its order. */
#ifndef ENTENTE_SUPPORT_H
#define ENTENTE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/os.h"
#include "base/text.h"

/* A row of a table as a test with its own name. */
#define ROW_TEST(function, row)                                                                    \
    {                                                                                              \
        (row).name, function, NULL, NULL, (void *)(uintptr_t) & (row)                              \
    }

/* An arena that ends the test when full; freed by test_end (or leak-checked away). */
struct arena *test_arena(void);
/* Fail the running test with the error's text unless ok. */
void must(bool ok, const struct err *e);
/* The error is there, has this code, and its text holds `says` (NULL: any). */
void must_fail(bool ok, const struct err *e, enum err_code code, const char *says);

/* A seeded random stream (SplitMix64); the seed is ENTENTE_SEED or the clock, and is printed. */
struct rng {
    uint64_t state;
};
struct rng rng_from_env(const char *test);
struct rng rng_of(uint64_t seed);
uint64_t rng_u64(struct rng *r);
/* Uniform in [0, n); n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);
void rng_bytes(struct rng *r, void *out, size_t n);

/* A fresh empty directory under TMPDIR, and its removal with all in it. */
char *test_dir(struct arena *a);
void test_dir_remove(const char *path);

/* A file below tests/vectors. Fails the test if it is not there. */
struct bytes test_vector(struct arena *a, const char *name);
/* A file below ../shared, or NULL bytes after printing why the test is skipped: then return. */
bool test_shared(struct arena *a, const char *name, struct bytes *out);
/* Its path, or NULL (said in words). */
const char *test_shared_path(struct arena *a, const char *name);

#endif
