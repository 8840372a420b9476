/* catalogues: look-ups in good files of both byte orders, and in every broken one. */
#include "base/buf.h"
#include "base/catalogue.h"
#include "base/text.h"
#include "support/support.h"

#include <stdio.h>

struct pair {
    const char *original;
    size_t original_n;
    const char *text;
    size_t text_n;
};
#define PAIR(o, t)                                                                                 \
    {                                                                                              \
        o, sizeof(o) - 1, t, sizeof(t) - 1                                                         \
    }
#define HEADER(plural)                                                                             \
    PAIR("", "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: " plural "\n")
#define ONE_FORM "nplurals=1; plural=0;"
#define TWO_FORMS "nplurals=2; plural=(n != 1);"

static void put32(struct buf *b, bool big, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        buf_byte(b, (uint8_t)(v >> 8 * (big ? 3 - i : i)));
}

/* A .mo file of these, which must be in order. */
static struct catalogue made(struct arena *a, bool big, const struct pair *pairs, uint32_t n)
{
    struct buf b = buf_in(a);
    struct catalogue k;
    uint32_t at = 28 + 16 * n;

    put32(&b, big, 0x950412de);
    put32(&b, big, 0);
    put32(&b, big, n);
    put32(&b, big, 28);
    put32(&b, big, 28 + 8 * n);
    put32(&b, big, 0);
    put32(&b, big, 0);
    for (uint32_t i = 0; i < 2 * n; i++) {
        size_t len = i < n ? pairs[i].original_n : pairs[i - n].text_n;
        put32(&b, big, (uint32_t)len);
        put32(&b, big, at);
        at += (uint32_t)len + 1;
    }
    for (uint32_t i = 0; i < 2 * n; i++) {
        const struct pair *p = &pairs[i % n];
        buf_put(&b, i < n ? bytes_of(p->original, p->original_n) : bytes_of(p->text, p->text_n));
        buf_byte(&b, 0);
    }
    assert_true(buf_end(&b, &k.file, NULL));
    return k;
}

static const struct pair chinese[] = {
    HEADER(ONE_FORM),
    PAIR("%u file\0%u files", "%u 个文件"),
    PAIR("a claim\004open", "主张未结"),
    PAIR("a request\004open", "请求办理中"),
    PAIR("empty", ""),
    PAIR("signed", "已签署"),
};
static const struct pair english[] = {
    HEADER(TWO_FORMS),
    PAIR("%u file\0%u files", "%u document\0%u documents"),
    PAIR("signed", "Signed"),
};

static void texts_are_found(void **state)
{
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (int big = 0; big < 2; big++) {
        struct catalogue k = made(a, big, chinese, 6), k2 = made(a, big, english, 3);
        struct err e = {0};
        must(catalogue_check(&k, &e), &e);
        must(catalogue_check(&k2, &e), &e);
        assert_string_equal(catalogue_text(&k, "signed"), "已签署");
        assert_string_equal(catalogue_text(&k, "unknown"), "unknown");
        assert_string_equal(catalogue_text(&k, "empty"), "empty");
        assert_string_equal(catalogue_text(&k, ""), "");
        assert_string_equal(catalogue_text(&k, "open"), "open");
        assert_string_equal(catalogue_text_in(&k, "a claim", "open"), "主张未结");
        assert_string_equal(catalogue_text_in(&k, "a request", "open"), "请求办理中");
        assert_string_equal(catalogue_text_in(&k, "a", "open"), "open");
        assert_string_equal(catalogue_text_in(&k, "a request", "ope"), "ope");
        assert_string_equal(catalogue_plural(&k, "%u file", "%u files", 1), "%u 个文件");
        assert_string_equal(catalogue_plural(&k, "%u file", "%u files", 0), "%u 个文件");
        assert_string_equal(catalogue_plural(&k2, "%u file", "%u files", 1), "%u document");
        assert_string_equal(catalogue_plural(&k2, "%u file", "%u files", 2), "%u documents");
        assert_string_equal(catalogue_plural(&k, "%u act", "%u acts", 2), "%u acts");
        assert_string_equal(catalogue_plural(NULL, "%u act", "%u acts", 1), "%u act");
        assert_string_equal(catalogue_text(NULL, "signed"), "signed");
    }
    arena_free(a);
}

/* Every cut and every changed byte: some text comes back, and nothing else is touched. */
static void a_broken_file_gives_english_or_a_text(void **state)
{
    struct arena *a = arena_new(1 << 24);
    struct catalogue k = made(a, false, chinese, 6);

    (void)state;
    for (size_t n = 0; n < k.file.n; n++) {
        struct catalogue cut;
        assert_true(arena_copy(a, bytes_part(k.file, 0, n), &cut.file, NULL));
        assert_non_null(catalogue_text(&cut, "signed"));
        assert_false(catalogue_check(&cut, NULL));
        for (int v = 0; v < 256; v += 5) {
            struct catalogue bad;
            uint8_t *p = arena_get(a, k.file.n, NULL);
            size_t len;
            memcpy(p, k.file.p, k.file.n);
            p[n] = (uint8_t)v;
            bad.file = bytes_of(p, k.file.n);
            len = strlen(catalogue_text(&bad, "signed")) +
                  strlen(catalogue_text_in(&bad, "a claim", "open")) +
                  strlen(catalogue_plural(&bad, "%u file", "%u files", 2));
            assert_true(len < 3 * k.file.n);
            catalogue_check(&bad, NULL);
        }
        if (arena_used(a) > (1 << 23)) {
            arena_free(a);
            a = arena_new(1 << 24);
            k = made(a, false, chinese, 6);
        }
    }
    arena_free(a);
}

static void what_is_wrong_is_named(void **state)
{
    static const struct pair unordered[] = {HEADER(ONE_FORM), PAIR("b", "2"), PAIR("a", "1")},
                             rule[] = {HEADER("nplurals=3; plural=(n%10);")},
                             forms[] = {HEADER(ONE_FORM), PAIR("x\0xs", "a\0b")},
                             charset[] = {PAIR("", "Plural-Forms: " ONE_FORM)},
                             bytes[] = {HEADER(ONE_FORM), PAIR("x", "\xff")};
    static const struct {
        const struct pair *pairs;
        uint32_t n;
        const char *says;
    } rows[] = {{unordered, 3, "out of order"},
                {rule, 1, "rule for plurals"},
                {forms, 2, "as many forms"},
                {charset, 1, "not in UTF-8"},
                {bytes, 2, "not UTF-8"}};
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct catalogue k = made(a, false, rows[i].pairs, rows[i].n);
        struct err e = {0};
        must_fail(catalogue_check(&k, &e), &e, ERR_INPUT, rows[i].says);
    }
    arena_free(a);
}

static void the_program_has_a_good_one(void **state)
{
    struct err e = {0};

    (void)state;
    assert_null(language_catalogue(LANGUAGE_EN));
    must(catalogue_check(language_catalogue(LANGUAGE_ZH), &e), &e);
    assert_string_equal(catalogue_text(language_catalogue(LANGUAGE_ZH), "It holds."), "成立。");
}

static void languages_are_named_as_locales_are(void **state)
{
    static const struct {
        const char *name;
        int language; /* -1: none of ours */
    } rows[] = {{"en", LANGUAGE_EN},
                {"zh", LANGUAGE_ZH},
                {"zh_CN.UTF-8", LANGUAGE_ZH},
                {"zh_CN", LANGUAGE_ZH},
                {"zh-Hans", LANGUAGE_ZH},
                {"zh_SG.utf8@x", LANGUAGE_ZH},
                {"en_GB.UTF-8", LANGUAGE_EN},
                {"zh_CN.GB18030", LANGUAGE_EN},
                {"C", LANGUAGE_EN},
                {"C.UTF-8", LANGUAGE_EN},
                {"POSIX", LANGUAGE_EN},
                {"fr_FR.UTF-8", -1},
                {"zhx", -1},
                {"e", -1},
                {"", -1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum language l = LANGUAGE_EN;
        bool ok = language_named(rows[i].name, &l);
        if (ok != (rows[i].language >= 0) || (ok && (int)l != rows[i].language))
            fail_msg("%s", rows[i].name);
    }
}

/* Errors speak the language of whoever made the struct, and copies of them too. */
static void errors_are_in_the_readers_language(void **state)
{
    struct err e = {.words = language_catalogue(LANGUAGE_ZH)}, like = err_like(&e);

    (void)state;
    err_system(&like, 2, "%s: writing at byte %llu", "x", 7ull);
    assert_string_equal(like.text, "x：在第 7 字节写入：没有该文件或目录");
    err_pass(&e, &like);
    assert_true(e.words == like.words);
    err_fail(&e, ERR_MISSING, "%s: no such file", "y");
    assert_string_equal(e.text, "y：没有此文件");
}

static void columns_are_those_of_a_terminal(void **state)
{
    static const struct {
        const char *text;
        size_t width, fit_5;
    } rows[] = {{"", 0, 0},        {"abc", 3, 3},      {"abcdef", 6, 5},
                {"协议", 4, 6},    {"协议生效", 8, 6}, {"e\xcc\x81t", 2, 4},
                {"a协b议", 6, 5},  {"ｱ", 1, 3},        {"\xf0\x9f\x98\x80", 2, 4},
                {"\xff\xff", 2, 2}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes text = bytes_text(rows[i].text);
        if (text_width(text) != rows[i].width || text_fit(text, 5) != rows[i].fit_5)
            fail_msg("\"%s\": %zu, %zu", rows[i].text, text_width(text), text_fit(text, 5));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_found),
        cmocka_unit_test(a_broken_file_gives_english_or_a_text),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(the_program_has_a_good_one),
        cmocka_unit_test(languages_are_named_as_locales_are),
        cmocka_unit_test(errors_are_in_the_readers_language),
        cmocka_unit_test(columns_are_those_of_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
