/* Exhibits: bodies as foreign bytes, and files that pass between two records. */
#include "desk/exhibit.h"
#include "record_support.h"

#include "stix/json.h"

/* ---- bodies ---- */

#define HASH "1111111111111111111111111111111111111111111111111111111111111111"
#define FILE_OF(more)                                                                              \
    "{\"action\":\"exhibit\",\"availability\":\"withheld\",\"id\":\"entente-exhibit--x\","         \
    "\"media_type\":\"text/plain\",\"name\":\"a\",\"salted\":true,\"sha256\":\"" HASH              \
    "\",\"size\":3,\"type\":\"entente-exhibit\"" more "}"

static const struct row {
    const char *name, *body, *says; /* NULL: it is taken */
} rows[] = {
    {"a file that is withheld", FILE_OF(""), NULL},
    {"with a grade", FILE_OF(",\"information\":\"2\",\"source\":\"B\""), NULL},
    {"a grade beyond the scale", FILE_OF(",\"information\":\"7\",\"source\":\"B\""), "1 to 6"},
    {"half a grade", FILE_OF(",\"source\":\"B\""), "\"information\""},
    {"parts that do not add up", FILE_OF(",\"parts\":[{\"sha256\":\"" HASH "\",\"size\":2}]"),
     "do not add up"},
    {"parts that do", FILE_OF(",\"parts\":[{\"sha256\":\"" HASH "\",\"size\":3}]"), NULL},
    {"no parts in the list of them", FILE_OF(",\"parts\":[]"), "1 to 16"},
    {"a part of a negative size", FILE_OF(",\"parts\":[{\"sha256\":\"" HASH "\",\"size\":-1}]"),
     "parts/0"},
    {"a step of custody without its time", FILE_OF(",\"custody\":[{\"what\":\"b\",\"who\":\"a\"}]"),
     "\"when\""},
    {"a step of custody at no time",
     FILE_OF(",\"custody\":[{\"what\":\"b\",\"when\":\"noon\",\"who\":\"a\"}]"), "custody/0"},
    {"custody that is no list", FILE_OF(",\"custody\":\"a\""), "custody"},
    {"another type", "{\"action\":\"exhibit\",\"type\":\"note\"}", "\"type\""},
    {"provided without parts",
     "{\"action\":\"exhibit.provide\",\"sha256\":\"" HASH
     "\",\"size\":3,\"type\":\"entente-exhibit\"}",
     "\"parts\""},
    {"no JSON", "{\"a\":", "line 1"},
    {"a list", "[]", "\"type\""},
};

static void parses(void **state)
{
    const struct row *r = *state;
    struct arena *a = test_arena();
    struct exhibit *x = arena_get(a, sizeof *x, NULL);
    struct err e = {0};

    if (r->says)
        must_fail(exhibit_parse(bytes_text(r->body), a, x, &e), &e, ERR_INPUT, r->says);
    else
        must(exhibit_parse(bytes_text(r->body), a, x, &e), &e);
    arena_free(a);
}

static void a_step_is_five_fields(void **state)
{
    struct arena *a = test_arena();
    struct exhibit_step s;
    struct err e = {0};

    (void)state;
    must(exhibit_step_parse(BYTES("x | copied | dd | 2026-03-01T10:00:00Z | 1 file | done"),
                            os_system(), a, &s, &e),
         &e);
    assert_true(bytes_are(s.who, "x") && bytes_are(s.how, "dd"));
    assert_true(bytes_are(s.result, "1 file | done"));
    must(exhibit_step_parse(BYTES("x|copied"), os_system(), a, &s, &e), &e);
    assert_int_equal(s.when.n, 20); /* now */
    must_fail(exhibit_step_parse(BYTES("x"), os_system(), a, &s, &e), &e, ERR_INPUT, "who | what");
    arena_free(a);
}

/* ---- two records ---- */

static struct exhibit_making making(struct world *w)
{
    return (struct exhibit_making){.os = os_system(), .g = &w->g};
}

static struct exhibit *file_of(struct world *w, enum exhibit_availability av)
{
    struct exhibit *x = arena_get(w->a, sizeof *x, NULL);

    *x = (struct exhibit){.name = BYTES("capture.pcap"),
                          .media_type = BYTES("application/octet-stream"),
                          .availability = av,
                          .holder = BYTES("a notary"),
                          .tlp = 2,
                          .source = 'B',
                          .information = '2'};
    return x;
}

static struct bytes content_of(struct world *w, size_t n)
{
    uint8_t *p = arena_get(w->a, n, NULL);

    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 2654435761u >> 13);
    return bytes_of(p, n);
}

static struct exhibit_held *only(struct world *w, struct node *n)
{
    struct exhibit_held *list;
    struct err e = {0};
    size_t count;

    must(exhibit_list(n->r, w->a, &list, &count, &e), &e);
    assert_int_equal(count, 1);
    return list;
}

static bool gather(void *self, struct bytes piece, struct err *e)
{
    buf_put(self, piece);
    (void)e;
    return true;
}

static void bytes_come_with_it(void **state)
{
    static const size_t sizes[] = {0, 1, EXHIBIT_PART_BYTES, EXHIBIT_PART_BYTES + 1, 9000000};
    struct arena *scratch = test_arena();
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct world *w = new_world(2);
        struct exhibit_making how = making(w);
        struct exhibit *x = file_of(w, EXHIBIT_ATTACHED);
        struct bytes content = content_of(w, sizes[i]), got;
        struct buf b = buf_in(w->a);
        struct record_draft *d;
        size_t n;
        sign_all(w);
        must(exhibit_make(&how, x, content, w->a, &d, &n, &e), &e);
        assert_int_equal(n,
                         sizes[i] / EXHIBIT_PART_BYTES + (sizes[i] % EXHIBIT_PART_BYTES || !i) + 1);
        must(record_append(w->node[0].r, d, n, NULL, &e), &e);
        exchange(w);
        must(exhibit_read(w->node[1].r, only(w, &w->node[1]), scratch, gather, &b, &e), &e);
        must(buf_end(&b, &got, &e), &e);
        assert_true(bytes_equal(got, content));
        end_world(w);
    }
    arena_free(scratch);
}

/* The digest in the log, and the payload's, say nothing to whoever guesses the file. */
static void no_digest_can_be_guessed(void **state)
{
    struct world *w = new_world(2);
    struct exhibit_making how = making(w);
    struct exhibit *x = file_of(w, EXHIBIT_ON_REQUEST);
    struct record_draft *d;
    struct err e = {0};
    struct hash plain;
    char hex[64];
    size_t n;

    (void)state;
    sign_all(w);
    sha256(BYTES("guess me"), &plain);
    hex_encode(hex, plain.b, 32);
    must(exhibit_make(&how, x, BYTES("guess me"), w->a, &d, &n, &e), &e);
    assert_int_equal(n, 1);
    assert_int_equal(bytes_find(d[0].payload, bytes_of(hex, 64)), SIZE_MAX);
    *x = *file_of(w, EXHIBIT_ATTACHED);
    must(exhibit_make(&how, x, BYTES("guess me"), w->a, &d, &n, &e), &e);
    assert_int_equal(n, 2);
    sha256(d[0].payload, &plain); /* what the act of the part will name */
    hex_encode(hex, x->sha256.b, 32);
    assert_memory_not_equal(plain.b, x->sha256.b, 32);
    end_world(w);
}

static void opened_later_by_the_same_bytes_only(void **state)
{
    struct world *w = new_world(2);
    struct exhibit_making how = making(w);
    struct exhibit *x = file_of(w, EXHIBIT_WITHHELD);
    struct arena *scratch = test_arena();
    struct exhibit_held *held;
    struct record_draft *d;
    struct buf b = buf_in(w->a);
    struct err e = {0};
    size_t n;

    (void)state;
    sign_all(w);
    must(exhibit_make(&how, x, BYTES("the bytes"), w->a, &d, &n, &e), &e);
    must(record_append(w->node[0].r, d, n, NULL, &e), &e);
    exchange(w);
    held = only(w, &w->node[1]);
    must_fail(exhibit_read(w->node[1].r, held, scratch, NULL, NULL, &e), &e, ERR_MISSING,
              "withheld");
    must_fail(exhibit_provide(&how, &held->x, &held->act, BYTES("other bytes"), w->a, &d, &n, &e),
              &e, ERR_PROOF, "not the bytes");
    must(exhibit_provide(&how, &held->x, &held->act, BYTES("the bytes"), w->a, &d, &n, &e), &e);
    must(record_append(w->node[0].r, d, n, NULL, &e), &e);
    exchange(w);
    held = only(w, &w->node[1]);
    assert_true(held->provided);
    must(exhibit_read(w->node[1].r, held, scratch, gather, &b, &e), &e);
    assert_true(bytes_are(buf_view(&b), "the bytes"));
    arena_free(scratch);
    end_world(w);
}

/* Its owner provides other bytes under another salt: the digest that was said first tells. */
static void opened_by_other_bytes_is_told(void **state)
{
    struct world *w = new_world(2);
    struct exhibit_making how = making(w);
    struct exhibit *x = file_of(w, EXHIBIT_WITHHELD), *lie;
    struct arena *scratch = test_arena();
    struct exhibit_held *held;
    struct record_draft *d;
    struct err e = {0};
    size_t n;

    (void)state;
    sign_all(w);
    must(exhibit_make(&how, x, BYTES("the bytes"), w->a, &d, &n, &e), &e);
    must(record_append(w->node[0].r, d, n, NULL, &e), &e);
    held = only(w, &w->node[0]);
    lie = file_of(w, EXHIBIT_WITHHELD);
    must(exhibit_make(&how, lie, BYTES("a lie"), w->a, &d, &n, &e), &e);
    must(exhibit_provide(&how, lie, &held->act, BYTES("a lie"), w->a, &d, &n, &e), &e);
    must(record_append(w->node[0].r, d, n, NULL, &e), &e);
    exchange(w);
    must_fail(exhibit_read(w->node[1].r, only(w, &w->node[1]), scratch, NULL, NULL, &e), &e,
              ERR_PROOF, "salted digest");
    arena_free(scratch);
    end_world(w);
}

/* An exhibit that says it has other bytes than come: nothing of it passes for whole. */
static void another_file_is_told(void **state)
{
    struct world *w = new_world(2);
    struct exhibit_making how = making(w);
    struct exhibit *x = file_of(w, EXHIBIT_ATTACHED);
    struct arena *scratch = test_arena();
    struct record_draft *d;
    struct err e = {0};
    char was[65] = {0}, is[65] = {0};
    struct hash other;
    size_t n;

    (void)state;
    sign_all(w);
    must(exhibit_make(&how, x, BYTES("the bytes"), w->a, &d, &n, &e), &e);
    sha256(BYTES("a better file"), &other);
    hex_encode(was, x->sha256.b, 32);
    hex_encode(is, other.b, 32);
    d[1].payload = test_edit(w->a, d[1].payload, was, is);
    must(record_append(w->node[0].r, d, n, NULL, &e), &e);
    exchange(w);
    must_fail(exhibit_read(w->node[1].r, only(w, &w->node[1]), scratch, NULL, NULL, &e), &e,
              ERR_PROOF, "not what the exhibit's digest says");
    arena_free(scratch);
    end_world(w);
}

static void erased_here_kept_there(void **state)
{
    struct world *w = new_world(2);
    struct exhibit_making how = making(w);
    struct exhibit *x = file_of(w, EXHIBIT_ATTACHED);
    struct arena *scratch = test_arena();
    struct record_draft *d, receipt;
    struct exhibit_held *held;
    struct err e = {0};
    size_t n;

    (void)state;
    sign_all(w);
    must(exhibit_make(&how, x, BYTES("the bytes"), w->a, &d, &n, &e), &e);
    must(record_append(w->node[0].r, d, n, NULL, &e), &e);
    exchange(w);
    held = only(w, &w->node[1]);
    must(exhibit_erase(w->node[1].r, held, &e), &e);
    must_fail(exhibit_erase(w->node[1].r, held, &e), &e, ERR_MISSING, "none of its bytes");
    must_fail(exhibit_read(w->node[1].r, held, scratch, NULL, NULL, &e), &e, ERR_MISSING, NULL);
    must(exhibit_erased(&how, &held->x, &held->act, BYTES("law"), w->a, &receipt, &e), &e);
    must(record_append(w->node[1].r, &receipt, 1, NULL, &e), &e);
    exchange(w);
    held = only(w, &w->node[0]);
    assert_int_equal(held->erased_n, 1);
    assert_true(bytes_are(held->erased_by[0], "south"));
    must(exhibit_read(w->node[0].r, held, scratch, NULL, NULL, &e), &e);
    arena_free(scratch);
    end_world(w);
}

static void what_is_not_agreed_is_not_sent(void **state)
{
    struct world *w = new_world(2);
    struct exhibit_making how = making(w);
    struct exhibit *x = file_of(w, EXHIBIT_ATTACHED);
    struct record_draft *d;
    struct err e = {0};
    size_t n;

    (void)state;
    x->tlp = 4;
    must_fail(exhibit_make(&how, x, BYTES("b"), w->a, &d, &n, &e), &e, ERR_DENIED,
              "clauses.exhibit.max_tlp");
    x->tlp = -1;
    must_fail(exhibit_make(&how, x, BYTES("b"), w->a, &d, &n, &e), &e, ERR_DENIED, "unmarked");
    x->tlp = 1;
    x->name = BYTES("");
    must_fail(exhibit_make(&how, x, BYTES("b"), w->a, &d, &n, &e), &e, ERR_INPUT, "name");
    x = file_of(w, EXHIBIT_ATTACHED);
    must_fail(exhibit_make(&how, x, content_of(w, EXHIBIT_MOST + 1), w->a, &d, &n, &e), &e,
              ERR_DENIED, "clauses.exhibit.max_bytes");
    end_world(w);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows + 16];
    size_t n = 0;

    for (; n < sizeof rows / sizeof *rows; n++)
        tests[n] = (struct CMUnitTest)ROW_TEST(parses, rows[n]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_step_is_five_fields);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(bytes_come_with_it);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(no_digest_can_be_guessed);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(opened_later_by_the_same_bytes_only);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(opened_by_other_bytes_is_told);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(another_file_is_told);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(erased_here_kept_there);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_is_not_agreed_is_not_sent);
    crypto_init();
    return _cmocka_run_group_tests("exhibit", tests, n, NULL, NULL);
}
