/* Whole runs against the plain intersection, at the edges and between. */
#include "pair.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool in(const uint64_t *sorted, size_t n, uint64_t x)
{
    return n && bsearch(&x, sorted, n, sizeof x, by_value);
}

static bool seen_before(const uint64_t *x, size_t i)
{
    for (size_t j = i > 64 ? i - 64 : 0; j < i; j++) /* doubles in these tests stand near */
        if (x[j] == x[i])
            return true;
    return false;
}

static void must_match(struct pair *p, const uint64_t *x, size_t n, const uint64_t *y, size_t m)
{
    uint64_t *sorted = malloc((m + 1) * sizeof *sorted), found, at = 0;
    const uint32_t *matches;

    if (p->end[0] != PSI_DONE)
        fail_msg("receiver: %s", p->e[0].text);
    if (p->end[1] != PSI_DONE)
        fail_msg("sender: %s", p->e[1].text);
    if (m)
        memcpy(sorted, y, m * sizeof *sorted);
    qsort(sorted, m, sizeof *sorted, by_value);
    matches = psi_matches(p->side[0], &found);
    for (size_t i = 0; i < n; i++) {
        if (!in(sorted, m, x[i]) || seen_before(x, i))
            continue;
        assert_true(at < found);
        assert_int_equal(matches[at], i);
        at++;
    }
    assert_int_equal(at, found);
    free(sorted);
}

static void run_sets(const uint64_t *x, size_t n, const uint64_t *y, size_t m, enum psi_mode mode,
                     enum psi_code code, size_t largest)
{
    struct psi_options o[2] = {options_of(PSI_RECEIVER, mode), options_of(PSI_SENDER, mode)};
    struct pair p;
    struct psi_summary a, b;

    o[0].code = o[1].code = code;
    p = open_pair(o, set_of(x, n), set_of(y, m));
    p.largest = largest;
    run_pair(&p);
    must_match(&p, x, n, y, m);
    a = psi_summary(p.side[0]);
    b = psi_summary(p.side[1]);
    assert_memory_equal(&a.transcript, &b.transcript, 32);
    assert_int_equal(a.peer_declared, m);
    assert_int_equal(b.peer_declared, n);
    assert_int_equal(a.items, n);
    assert_int_equal(b.items, m);
    close_pair(&p);
}

static uint64_t *numbers(uint64_t from, size_t n)
{
    uint64_t *x = malloc((n + 1) * sizeof *x);

    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (from + i) * 0x9e3779b97f4a7c15;
    return x;
}

static const struct row {
    const char *name;
    size_t n, m, common;
} rows[] = {
    {"two empty lists", 0, 0, 0},
    {"an empty receiver", 0, 10, 0},
    {"an empty sender", 10, 0, 0},
    {"one and the same item", 1, 1, 1},
    {"one item each, not the same", 1, 1, 0},
    {"two, one in common", 2, 2, 1},
    {"all in common", 1000, 1000, 1000},
    {"none in common", 1000, 1000, 0},
    {"half in common", 3000, 3000, 1500},
    {"the receiver's list far longer", 20000, 10, 7},
    {"the sender's list far longer", 10, 20000, 7},
    {"the last that fit one bin of 2^12", 2800, 2800, 100},
    {"around the step from one chunk size to the next", 6000, 6001, 3000},
    {"one bin of 2^16, nearly full", 52000, 100, 50},
    {"several bins", 130000, 120000, 60000},
};

static void finds_what_is_common(void **state)
{
    const struct row *r = *state;
    uint64_t *x = numbers(1, r->n), *y = numbers(1 + r->n - r->common, r->m);

    for (int mode = 0; mode < 2; mode++)
        run_sets(x, r->n, y, r->m, (enum psi_mode)mode, PSI_CODE_7X24, 0);
    free(x);
    free(y);
}

static void the_conservative_code_finds_the_same(void **state)
{
    uint64_t *x = numbers(1, 5000), *y = numbers(2500, 5000);

    (void)state;
    run_sets(x, 5000, y, 5000, PSI_MALICIOUS, PSI_CODE_21X24, 0);
    free(x);
    free(y);
}

static void bytes_may_come_in_any_portions(void **state)
{
    static const size_t portions[] = {1, 7, 8, 9, 4096, 65537};
    uint64_t *x = numbers(1, 500), *y = numbers(100, 500);

    (void)state;
    for (size_t i = 0; i < sizeof portions / sizeof *portions; i++)
        run_sets(x, 500, y, 500, PSI_MALICIOUS, PSI_CODE_7X24, portions[i]);
    free(x);
    free(y);
}

static void doubles_are_found_and_counted(void **state)
{
    struct rng r = rng_from_env("doubles");
    struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                               options_of(PSI_SENDER, PSI_MALICIOUS)};
    uint64_t x[2000], y[2000], doubles[2] = {0, 0};
    struct pair p;

    (void)state;
    for (size_t i = 0; i < 2000; i++) {
        x[i] = i && rng_below(&r, 4) == 0 ? (doubles[0]++, x[i - 1]) : i;
        y[i] = i && rng_below(&r, 3) == 0 ? (doubles[1]++, y[i - 1]) : i + 500;
    }
    p = open_pair(o, set_of(x, 2000), set_of(y, 2000));
    run_pair(&p);
    must_match(&p, x, 2000, y, 2000);
    assert_int_equal(psi_summary(p.side[0]).duplicates, doubles[0]);
    assert_int_equal(psi_summary(p.side[1]).duplicates, doubles[1]);
    close_pair(&p);
}

/* A hundred thousand times the same item would overflow its bin. */
static void a_list_of_one_item_many_times(void **state)
{
    struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                               options_of(PSI_SENDER, PSI_MALICIOUS)};
    uint64_t *x = calloc(100000, sizeof *x), *y = calloc(100000, sizeof *y), n;
    struct pair p;

    (void)state;
    y[99999] = 5;
    p = open_pair(o, set_of(x, 100000), set_of(y, 100000));
    run_pair(&p);
    assert_int_equal(p.end[0], PSI_DONE);
    assert_int_equal(psi_matches(p.side[0], &n)[0], 0);
    assert_int_equal(n, 1);
    assert_int_equal(psi_summary(p.side[0]).duplicates, 99999);
    assert_int_equal(psi_summary(p.side[1]).duplicates, 99998);
    close_pair(&p);
    free(x);
    free(y);
}

/* Long items share their first 64 bytes; numbers that differ in one bit are other items. */
static void items_differ_wherever_they_differ(void **state)
{
    struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                               options_of(PSI_SENDER, PSI_MALICIOUS)};
    struct err e = {0};
    struct psi_set *s[2];
    struct pair p;
    uint64_t n;

    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        s[side] = psi_set_new(300, &e);
        for (unsigned i = 0; i < 300; i++) {
            uint8_t item[300] = {0};
            item[i == 299 ? 298 : i] = (uint8_t)(side + 1); /* all differ but in length */
            must(psi_set_add(s[side], bytes_of(item, i == 299 ? 299 : i), &e), &e);
        }
    }
    p = open_pair(o, s[0], s[1]);
    run_pair(&p);
    assert_int_equal(p.end[0], PSI_DONE);
    psi_matches(p.side[0], &n);
    assert_int_equal(n, 299); /* item i is i zero bytes: its mark lies behind its end */
    close_pair(&p);
}

/* What is said, and in which order, depends on the declared sizes alone. */
static void the_schedule_does_not_depend_on_the_lists(void **state)
{
    static const size_t held[][2] = {{4000, 4000}, {0, 0}, {1, 4000}, {3999, 17}};
    uint32_t schedule = 0;
    uint64_t sent[2] = {0, 0};

    (void)state;
    for (int mode = 0; mode < 2; mode++)
        for (size_t i = 0; i < 4; i++) {
            uint64_t *x = numbers(1, held[i][0]), *y = numbers(i == 3 ? 1 : 2000, held[i][1]);
            struct psi_options o[2] = {options_of(PSI_RECEIVER, (enum psi_mode)mode),
                                       options_of(PSI_SENDER, (enum psi_mode)mode)};
            struct pair p;
            o[0].declared = o[1].declared = 4000;
            p = open_pair(o, set_of(x, held[i][0]), set_of(y, held[i][1]));
            run_pair(&p);
            must_match(&p, x, held[i][0], y, held[i][1]);
            if (i == 0) {
                schedule = p.schedule;
                memcpy(sent, p.sent, sizeof sent);
            }
            assert_int_equal(p.schedule, schedule);
            assert_memory_equal(p.sent, sent, sizeof sent);
            close_pair(&p);
            free(x);
            free(y);
        }
}

static void what_does_not_agree_ends_at_hello(void **state)
{
    uint64_t x[3] = {1, 2, 3};

    (void)state;
    for (int kind = 0; kind < 7; kind++) {
        struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                                   options_of(PSI_SENDER, PSI_MALICIOUS)};
        enum psi_reason want = kind < 4 ? PSI_REASON_MISMATCH : PSI_REASON_SIZE;
        struct pair p;
        if (kind == 0)
            o[1].mode = PSI_SEMI_HONEST;
        if (kind == 1)
            o[1].code = PSI_CODE_21X24;
        if (kind == 2)
            o[1].context.b[31] = 1;
        if (kind == 3)
            o[1].role = PSI_RECEIVER;
        if (kind == 4)
            o[0].peer_most = 2;
        if (kind == 5)
            o[1].peer_least = 4;
        if (kind == 6)
            o[1].memory_most = 1000;
        p = open_pair(o, set_of(x, 3), set_of(x, 3));
        run_pair(&p);
        assert_int_equal(p.end[0], PSI_FAILED);
        assert_int_equal(p.end[1], PSI_FAILED);
        assert_int_equal(psi_reason(p.side[0]), want);
        assert_int_equal(psi_reason(p.side[1]), want);
        close_pair(&p);
    }
}

static void a_cancelled_run_tells_both(void **state)
{
    uint64_t *x = numbers(1, 3000);

    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                                   options_of(PSI_SENDER, PSI_MALICIOUS)};
        struct pair p = open_pair(o, set_of(x, 3000), set_of(x, 3000));
        uint64_t n;
        for (int i = 0; i < 3; i++)
            psi_step(p.side[side], &p.e[side]);
        psi_cancel(p.side[side]);
        run_pair(&p);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(p.end[i], PSI_FAILED);
            assert_int_equal(psi_reason(p.side[i]), PSI_REASON_CANCELLED);
            psi_matches(p.side[i], &n);
            assert_int_equal(n, 0);
        }
        close_pair(&p);
    }
    free(x);
}

/* Fewer tag bits give false matches at the rate n*m / 2^bits: the law that sets their number. */
static void false_matches_scale_with_the_tag(void **state)
{
    uint64_t *x = numbers(1, 4000), *y = numbers(1000000, 4000), found[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_SEMI_HONEST),
                                   options_of(PSI_SENDER, PSI_SEMI_HONEST)};
        struct pair p = open_pair(o, set_of(x, 4000), set_of(y, 4000));
        double want = 4020.0 * 4016.0 / (double)(1u << (20 + i));
        while (!p.side[0]->plan.y || !p.side[1]->plan.y)
            for (unsigned j = 0; j < 2; j++) { /* the hellos, then shorten the tags behind them */
                struct bytes out = psi_output(p.side[j]);
                size_t taken;
                if (out.p && !p.side[1 - j]->plan.y) {
                    psi_feed(p.side[1 - j], out, &taken, &p.e[1 - j]);
                    psi_sent(p.side[j], taken);
                    psi_step(p.side[1 - j], &p.e[1 - j]);
                }
            }
        p.side[0]->plan.tag_bits = p.side[1]->plan.tag_bits = 20 + i;
        run_pair(&p);
        /* some of them hit the receiver's own canaries, and then the run says so */
        if (p.end[0] == PSI_FAILED)
            assert_int_equal(psi_reason(p.side[0]), PSI_REASON_CANARY);
        found[i] = p.side[0]->canaries + p.side[0]->foreign;
        psi_matches(p.side[0], &found[i]);
        if (p.end[0] == PSI_DONE)
            assert_in_range(found[i], (uint64_t)(want / 3), (uint64_t)(want * 3 + 8));
        close_pair(&p);
    }
    free(x);
    free(y);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows + 9];
    size_t n = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tests[n++] = (struct CMUnitTest)ROW_TEST(finds_what_is_common, rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_conservative_code_finds_the_same);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(bytes_may_come_in_any_portions);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(doubles_are_found_and_counted);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_list_of_one_item_many_times);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(items_differ_wherever_they_differ);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_schedule_does_not_depend_on_the_lists);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_does_not_agree_ends_at_hello);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_cancelled_run_tells_both);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(false_matches_scale_with_the_tag);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
