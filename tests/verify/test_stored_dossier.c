/* A dossier is for decades: one that was made once (a claim, four eyes, exhibits, an officer
 * removed) says today what it said then, and not with any byte changed. Never make claim.dossier
 * anew: if this fails, the program no longer reads what its users have in their safes. */
#include "base/text.h"
#include "crypto/crypto.h"
#include "support/support.h"
#include "verify/verify_dossier.h"

#include <stdlib.h>

static const struct os *os;

static struct bytes vector(struct arena *a, const char *name)
{
    struct err e = {0};
    struct bytes out = {0};
    char *path = arena_format(a, &e, "%s/dossier/%s", getenv("ENTENTE_VECTORS"), name);

    if (!path || !os_read_file(os, path, (size_t)1 << 20, a, &out, &e))
        fail_msg("%s", e.text);
    return out;
}

/* As a later version of the program would read it: its words for people may be other ones. */
static struct verify_dossier check(struct arena *a, struct bytes file, bool stop_early)
{
    struct verify_dossier_options o = {
        .os = os, .json = true, .stop_early = stop_early, .program = BYTES("a later version")};
    struct verify_dossier d;
    struct err e = {0};

    if (!verify_dossier(file, &o, a, &d, &e))
        fail_msg("%s", e.text);
    return d;
}

/* Acts, times and states; not the words in which the checks report. */
static struct bytes facts(struct bytes json)
{
    size_t end = bytes_find(json, BYTES(",\"checks\":"));

    assert_true(end != SIZE_MAX);
    return bytes_part(json, 0, end);
}

static void still_says_what_it_said(void **state)
{
    /* By check: p passes, u leaves something unknown, - has nothing of the kind. */
    static const char want[DOSSIER_CHECKS + 1] = "pppuu-ppppppppppp---pp";
    struct arena *a = arena_new((size_t)64 << 20);
    struct verify_dossier d = check(a, vector(a, "claim.dossier"), false);
    struct bytes then = vector(a, "claim.json");

    (void)state;
    assert_true(d.holds);
    for (unsigned i = 1; i <= DOSSIER_CHECKS; i++) {
        char now = "-puF"[d.verdict[i]];
        if (now != want[i - 1] && !(i == 21 && now == 'u'))
            fail_msg("check %u (%s): %c, and it was %c", i, verify_check_name(i), now, want[i - 1]);
    }
    if (!bytes_equal(facts(d.json), bytes_trim(then)))
        fail_msg("it says something else: %.*s", BYTES_FMT(facts(d.json)));
    arena_free(a);
}

/* ENTENTE_FLIPS: how many bytes; `make dossier-flips` takes many. */
static void no_byte_can_change(void **state)
{
    const char *more = getenv("ENTENTE_FLIPS");
    unsigned long flips = more ? strtoul(more, NULL, 10) : 300;
    struct arena *a = arena_new((size_t)64 << 20), *b;
    struct bytes file = vector(a, "claim.dossier");
    uint8_t *bad = arena_get(a, file.n, NULL);
    uint64_t at = UINT64_C(0x9e3779b97f4a7c15);

    (void)state;
    assert_non_null(bad);
    memcpy(bad, file.p, file.n);
    for (unsigned long i = 0; i < flips; i++) {
        uint8_t *byte, bit;
        at = at * UINT64_C(6364136223846793005) + 1442695040888963407u;
        byte = bad + (at >> 24) % file.n;
        bit = (uint8_t)(1 << (at >> 60 & 7));
        *byte ^= bit;
        b = arena_new((size_t)64 << 20);
        if (check(b, bytes_of(bad, file.n), true).holds)
            fail_msg("it holds with byte %zu changed", (size_t)(byte - bad));
        arena_free(b);
        *byte ^= bit;
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(still_says_what_it_said),
        cmocka_unit_test(no_byte_can_change),
    };

    os = os_system();
    return crypto_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
