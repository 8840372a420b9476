/* Story 10, the half-yearly review: identical bytes, every number explained, drills apart. */
#include "world.h"

#include <stdlib.h>

#define START "2026-03-02T10:00:00Z"
#define HOUR 3600000LL
#define DAY 86400000LL
#define FROM T("2026-01-01T00:00:00Z")
#define UNTIL T("2026-07-01T00:00:00Z")

static const char *one_answer = "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"}]";

/* One answered in time, one late, one refused, one ignored, one drill, one claim, two pings. */
static struct world *half_a_year(void)
{
    struct world *w = world_new();
    int64_t t = T(START);
    struct hash q[5];

    for (int i = 0; i < 4; i++)
        q[i] = tell(w, NORTH, "request", NULL, NULL, t + i,
                    request_body(w, "info", "urgent", 1, NULL));
    q[4] = tell(w, NORTH, "request", NULL, NULL, t + 5,
                request_body(w, "info", "urgent", 1, "\"exercise\":true"));
    tell(w, SOUTH, "request.ack", &q[0], NULL, t + HOUR, NULL);
    tell(w, SOUTH, "request.answer", &q[0], NULL, t + 24 * HOUR, one_answer);
    tell(w, SOUTH, "request.refuse", &q[2], NULL, t + 25 * HOUR,
         "\"ground\":\"ongoing-case\",\"date\":\"2026-09-01\",\"consult_offer\":true,\"scope\":"
         "\"all\"");
    tell(w, SOUTH, "request.answer", &q[4], NULL, t + 26 * HOUR, one_answer);
    tell(w, SOUTH, "request.nonsense", &q[2], NULL, t + 27 * HOUR, NULL);
    tell(w, SOUTH, "request.answer", &q[1], NULL, t + 80 * HOUR, one_answer);
    tell(w, NORTH, "request.accept", &q[1], NULL, t + 81 * HOUR, "\"rating\":{\"timeliness\":1}");
    tell2(w, NORTH, "claim", NULL, NULL, t + 82 * HOUR, claim_body(w, NULL));
    tell(w, NORTH, "ping", NULL, NULL, t + 83 * HOUR,
         "\"addressee\":\"south\",\"role\":\"legal\",\"exercise\":false");
    return w;
}

static struct bytes text_of(struct world *w, struct cases *c)
{
    struct err e = {0};
    struct bytes out = {0};
    struct cases_review *r = cases_review(c, FROM, UNTIL, NULL, NULL, 0, w->arena, &e);

    must(r && cases_review_text(r, NULL, w->arena, &out, &e), &e);
    return out;
}

/* The page is whole, has no script and nothing foreign, and each of its links leads somewhere. */
static void the_page_stands_by_itself(void **state)
{
    static const char *const never[] = {"<script", "http://",     "https://", "onclick",
                                        "<img",    "javascript:", "<b>bold"};
    struct world *w = half_a_year();
    struct err e = {0};
    struct cases_comment comments[] = {
        {1, UNTIL + 1, {{7}}, BYTES("<b>bold</b> & \"quoted\" \033[31m")}};
    struct cases_review *r = cases_review(w->cases, FROM, UNTIL, NULL, NULL, 0, w->arena, &e);
    struct bytes page = {0}, text = {0};
    size_t links = 0;

    (void)state;
    assert_non_null(r);
    cases_review_comments(r, comments, 1);
    for (enum language l = LANGUAGE_EN; l < LANGUAGES; l++) {
        must(cases_review_html(r, language_catalogue(l), w->arena, &page, &e), &e);
        for (size_t i = 0; i < sizeof never / sizeof *never; i++)
            if (bytes_find(page, bytes_text(never[i])) != SIZE_MAX)
                fail_msg("the page has %s", never[i]);
        assert_true(bytes_find(page, BYTES("&lt;b&gt;bold&lt;/b&gt; &amp; &quot;quoted&quot;")) !=
                    SIZE_MAX);
        for (struct bytes rest = page;
             (links = bytes_find(rest, BYTES("href=\"#w"))) != SIZE_MAX;) {
            struct bytes name;
            rest = bytes_part(rest, links + 7, SIZE_MAX);
            name = bytes_part(rest, 0, bytes_find_byte(rest, '"'));
            assert_true(bytes_find(page, bytes_text(arena_format(w->arena, NULL, "id=\"%.*s\"",
                                                                 BYTES_FMT(name)))) != SIZE_MAX);
        }
        must(cases_review_text(r, language_catalogue(l), w->arena, &text, &e), &e);
        assert_true(bytes_find(text, BYTES("\\x1b")) !=
                    SIZE_MAX); /* no escape reaches a terminal */
    }
    world_free(w);
}

static void both_nodes_print_the_same(void **state)
{
    struct world *w = half_a_year();
    struct rng r = rng_from_env("review");
    struct bytes a = text_of(w, w->cases), j = {0}, want;
    struct err e = {0};
    char *path = arena_format(w->arena, NULL, "%s/cases/review.txt", getenv("ENTENTE_VECTORS"));
    char *json = arena_format(w->arena, NULL, "%s/cases/review.json", getenv("ENTENTE_VECTORS"));

    (void)state;
    must(cases_review_json(cases_review(w->cases, FROM, UNTIL, NULL, NULL, 0, w->arena, &e),
                           w->arena, &j, &e),
         &e);
    if (getenv("ENTENTE_WRITE")) {
        must(os_write_file_lazy(os_system(), path, a, &e), &e);
        must(os_write_file_lazy(os_system(), json, j, &e), &e);
    }
    want = test_vector(w->arena, "cases/review.txt");
    if (!bytes_equal(want, a))
        fail_msg("review.txt differs:\n%.*s", BYTES_FMT(a));
    assert_true(bytes_equal(test_vector(w->arena, "cases/review.json"), j));
    for (int i = 0; i < 10; i++) {
        struct cases *again = retell(w, &r);
        assert_true(bytes_equal(a, text_of(w, again)));
        cases_free(again);
    }
    world_free(w);
}

/* Each number of the JSON is the sum (or the largest, or the count) of what --explain lists. */
static void check_cell(struct world *w, const struct cases_review *r, const struct json *row,
                       const char *name, const struct json *v)
{
    static const char *const heads[] = {"from",    "party",  "to",   "type",
                                        "urgency", "ground", "word", "role"};
    struct buf b = buf_in(w->arena);
    struct cases_reason *why;
    struct bytes word;
    struct err e = {0};
    int64_t want, got = 0;
    bool drill = false;
    size_t n;

    json_get_bool(row, "drill", &drill, NULL);
    buf_puts(&b, drill ? "drill/" : "");
    json_get_string(row, "section", &word, NULL);
    buf_put(&b, word);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (json_as_string(json_find(row, heads[i]), &word)) {
            buf_puts(&b, "/");
            buf_put(&b, word);
        }
    buf_format(&b, "/%s", name);
    must(cases_review_explain(r, buf_view(&b), w->arena, &why, &n, &e), &e);
    if (json_type(v) == JSON_OBJECT) {
        must(json_get_integer(v, "n", &want, &e), &e);
        assert_int_equal(n, want);
        return;
    }
    assert_true(json_as_integer(v, &want));
    for (size_t i = 0; i < n; i++)
        got = strcmp(name, "longest_overdue") ? got + why[i].value
              : why[i].value > got            ? why[i].value
                                              : got;
    if (got != want)
        fail_msg("%.*s: %lld, explained as %lld", BYTES_FMT(buf_view(&b)), (long long)want,
                 (long long)got);
}

static void every_number_explains_itself(void **state)
{
    struct world *w = half_a_year();
    struct err e = {0};
    struct cases_review *r = cases_review(w->cases, FROM, UNTIL, NULL, NULL, 0, w->arena, &e);
    const struct json *doc, *rows;
    struct cases_reason *why;
    struct bytes out = {0};
    size_t cells = 0, n;

    (void)state;
    must(r && cases_review_json(r, w->arena, &out, &e), &e);
    doc = json_parse(out, w->arena, &e);
    rows = json_find(doc, "rows");
    for (size_t i = 0; i < json_count(rows); i++)
        for (size_t k = 0; k < json_count(json_at(rows, i)); k++) {
            struct bytes key;
            const struct json *v = json_member(json_at(rows, i), k, &key);
            if (json_type(v) != JSON_NUMBER && json_type(v) != JSON_OBJECT)
                continue;
            check_cell(w, r, json_at(rows, i), arena_string(w->arena, key, NULL), v);
            cells++;
        }
    assert_true(cells > 80);
    must(cases_review_explain(r, BYTES("timeliness/north/south/info/urgent/received"), w->arena,
                              &why, &n, &e),
         &e);
    assert_int_equal(n, 4);
    must_fail(cases_review_explain(r, BYTES("timeliness/north/received"), w->arena, &why, &n, &e),
              &e, ERR_MISSING, "no such number");
    world_free(w);
}

static void an_empty_period_is_no_error(void **state)
{
    struct world *w = half_a_year();
    struct err e = {0};
    struct cases_review *r = cases_review(w->cases, T("2025-01-01T00:00:00Z"),
                                          T("2025-07-01T00:00:00Z"), NULL, NULL, 0, w->arena, &e);
    struct bytes out = {0};

    (void)state;
    must(r && cases_review_text(r, NULL, w->arena, &out, &e), &e);
    assert_true(bytes_find(out, BYTES("Claims of north against south\n  lodged  ")) != SIZE_MAX);
    world_free(w);
}

static void what_comes_later_changes_no_period(void **state)
{
    struct world *w = half_a_year();
    struct bytes before = text_of(w, w->cases);
    struct hash q =
        tell(w, NORTH, "request", NULL, NULL, UNTIL, request_body(w, "info", "urgent", 1, NULL));

    (void)state;
    tell(w, SOUTH, "request.answer", &q, NULL, UNTIL + HOUR, one_answer);
    /* The ignored request is answered after the period: in the period it was overdue. */
    assert_true(bytes_equal(before, text_of(w, w->cases)));
    world_free(w);
}

static void roots_that_differ_are_refused(void **state)
{
    struct world *w = half_a_year();
    struct hash other = {{1}};
    struct err e = {0};

    (void)state;
    assert_null(cases_review(w->cases, FROM, UNTIL, &other, NULL, 0, w->arena, &e));
    must_fail(false, &e, ERR_PROOF, "state roots differ");
    must(cases_root(w->cases, &other, &e), &e);
    assert_non_null(cases_review(w->cases, FROM, UNTIL, &other, NULL, 0, w->arena, &e));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_nodes_print_the_same),
        cmocka_unit_test(the_page_stands_by_itself),
        cmocka_unit_test(every_number_explains_itself),
        cmocka_unit_test(an_empty_period_is_no_error),
        cmocka_unit_test(what_comes_later_changes_no_period),
        cmocka_unit_test(roots_that_differ_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
