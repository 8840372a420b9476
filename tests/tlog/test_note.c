#include "tlog_support.h"

#define DASH "\xe2\x80\x94 "
#define ROOT "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"

static struct arena *arena;

/* ---- form ----------------------------------------------------------------------------------- */

static const struct row {
    const char *name, *note;
    const char *says; /* NULL: it is accepted */
} rows[] = {
    {"one line of text, one signature", "text\n\n" DASH "a.example/k AAAAAAE=\n", NULL},
    {"several lines of text", "a\nb\nc\n\n" DASH "k AAAAAAE=\n", NULL},
    {"empty lines inside the text", "a\n\nb\n\n\nc\n\n" DASH "k AAAAAAE=\n", NULL},
    {"text that is one empty line", "\n\n" DASH "k AAAAAAE=\n", NULL},
    {"text that looks like a signature", DASH "k AAAAAAE=\n\n" DASH "k AAAAAAE=\n", NULL},
    {"a name in other letters", "text\n\n" DASH "\xc3\xa9t\xc3\xa9 AAAAAAE=\n", NULL},
    {"DEL, which the standard allows", "te\x7fxt\n\n" DASH "k AAAAAAE=\n", NULL},
    {"two signatures by one name", "t\n\n" DASH "k AAAAAAE=\n" DASH "k AAAAAAI=\n", NULL},
    {"nothing", "", "no empty line"},
    {"no signature block", "text\n", "no empty line"},
    {"an empty signature block", "text\n\n", "expected signature lines"},
    {"no empty line before the signature", "text\n" DASH "k AAAAAAE=\n", "no empty line"},
    {"no line feed at the end", "text\n\n" DASH "k AAAAAAE=", "end in a line feed"},
    {"an empty line at the end", "text\n\n" DASH "k AAAAAAE=\n\n", "expected signature lines"},
    {"a hyphen for the dash", "text\n\n- k AAAAAAE=\n", "line 3: expected an em dash"},
    {"no space behind the dash", "text\n\n\xe2\x80\x94k AAAAAAE=\n", "line 3: expected an em dash"},
    {"no name", "text\n\n" DASH " AAAAAAE=\n", "line 3: expected an em dash"},
    {"a plus in the name", "text\n\n" DASH "a+b AAAAAAE=\n", "line 3: expected an em dash"},
    {"a no-break space in the name",
     "text\n\n" DASH "a\xc2\xa0"
     "b AAAAAAE=\n",
     "line 3: expected an em dash"},
    {"an ideographic space in the name",
     "text\n\n" DASH "a\xe3\x80\x80"
     "b AAAAAAE=\n",
     "line 3: expected an em dash"},
    {"no signature", "text\n\n" DASH "k\n", "line 3: expected the signature"},
    {"two spaces", "text\n\n" DASH "k  AAAAAAE=\n", "line 3: expected the signature"},
    {"a space at the end", "text\n\n" DASH "k AAAAAAE= \n", "line 3: expected the signature"},
    {"only a key id", "text\n\n" DASH "k AAAAAA==\n", "line 3: expected the signature"},
    {"no padding", "text\n\n" DASH "k AAAAAAE\n", "line 3: expected the signature"},
    {"bits behind the end", "text\n\n" DASH "k AAAAAAF=\n", "line 3: expected the signature"},
    {"URL-safe base64", "text\n\n" DASH "k AAAA_-E=\n", "line 3: expected the signature"},
    {"the third signature is bad", "a\nb\n\n" DASH "k AAAAAAE=\n" DASH "k AAAAAAE=\nx\n",
     "line 6: expected an em dash"},
    {"a carriage return", "text\r\n\r\n" DASH "k AAAAAAE=\r\n", "control characters"},
    {"a tab", "te\txt\n\n" DASH "k AAAAAAE=\n", "control characters"},
    {"an escape", "te\x1b[1mxt\n\n" DASH "k AAAAAAE=\n", "control characters"},
    {"broken UTF-8", "te\xffxt\n\n" DASH "k AAAAAAE=\n", "UTF-8"},
    {"overlong UTF-8", "te\xc0\xaext\n\n" DASH "k AAAAAAE=\n", "UTF-8"},
};

static void notes_are_read(void **state)
{
    const struct row *r = *state;
    struct note n;
    struct err e = {0};
    bool ok = note_parse(bytes_text(r->note), arena, &n, &e);

    if (r->says)
        must_fail(ok, &e, ERR_INPUT, r->says);
    else
        must(ok, &e);
}

static void a_zero_byte_is_refused(void **state)
{
    struct note n;
    struct err e = {0};

    (void)state;
    must_fail(note_parse(BYTES("te\0xt\n\n" DASH "k AAAAAAE=\n"), arena, &n, &e), &e, ERR_INPUT,
              "control");
}

static void the_parts_of_a_note(void **state)
{
    struct note n;
    struct err e = {0};

    (void)state;
    must(note_parse(BYTES("a\n\nb\n\n" DASH "k.example ASNFZwE=\n" DASH "l /////wID\n"), arena, &n,
                    &e),
         &e);
    assert_true(bytes_are(n.text, "a\n\nb\n"));
    assert_int_equal(n.n, 2);
    assert_true(bytes_are(n.lines[0].name, "k.example"));
    assert_int_equal(n.lines[0].id, 0x01234567);
    assert_true(bytes_equal(n.lines[0].signature, BYTES("\x01")));
    assert_true(bytes_are(n.lines[1].whole, DASH "l /////wID\n"));
    assert_int_equal(n.lines[1].id, 0xffffffff);
    assert_true(bytes_equal(n.lines[1].signature, BYTES("\x02\x03")));
}

static void limits_of_a_note(void **state)
{
    struct buf b = buf_in(arena);
    struct note n;
    struct err e = {0};
    uint8_t *big = arena_get(arena, LIMIT_NOTE_BYTES + 1, NULL);

    (void)state;
    buf_puts(&b, "text\n\n");
    for (unsigned i = 0; i < LIMIT_NOTE_SIGNATURES; i++)
        buf_puts(&b, DASH "k AAAAAAE=\n");
    must(note_parse(buf_view(&b), arena, &n, &e), &e);
    assert_int_equal(n.n, LIMIT_NOTE_SIGNATURES);
    must_fail(note_append(buf_view(&b), BYTES(DASH "k AAAAAAI=\n"), arena, &n.whole, &e), &e,
              ERR_LIMIT, "100 signatures");
    buf_puts(&b, DASH "k AAAAAAE=\n");
    must_fail(note_parse(buf_view(&b), arena, &n, &e), &e, ERR_LIMIT, "100 signatures");
    memset(big, 'x', LIMIT_NOTE_BYTES + 1);
    must_fail(note_parse(bytes_of(big, LIMIT_NOTE_BYTES + 1), arena, &n, &e), &e, ERR_LIMIT,
              "1048576");
}

/* ---- keys ----------------------------------------------------------------------------------- */

static const struct row vkeys[] = {
    {"a log's key", "alpha.example/log+6595380e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     NULL},
    {"a cosigner's key",
     "bravo.example/witness+622d0f77+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X", NULL},
    {"a type that nobody knows, any id", "x+00000000+/wEC", NULL},
    {"nothing", "", "a key's name"},
    {"a name alone", "x", "written name+id+key"},
    {"no name", "+6595380e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", "a key's name"},
    {"a space in the name", "a b+6595380e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "a key's name"},
    {"a name beyond ASCII", "\xc3\xa9+6595380e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "a key's name"},
    {"an id of 7 digits", "alpha.example/log+595380e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "written name"},
    {"capital hex", "alpha.example/log+6595380E+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "written name"},
    {"another id", "alpha.example/log+6595380f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "the key's id is 6595380e, not 6595380f"},
    {"another name, so another id",
     "alpha.example/lug+6595380e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", "the key's id is"},
    {"another type, so another id",
     "alpha.example/log+6595380e+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", "the key's id is"},
    {"a key too short",
     "x+00000000+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTE=", "type 01 with 31 bytes"},
    {"only a type", "x+00000000+AQ==", "written name"},
    {"the identity, which signs everything",
     "x+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "prime order"},
    {"something behind", "alpha.example/log+6595380e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 ",
     "written name"},
    {"ML-DSA-44 of the wrong length", "x+00000000+BgEC", "type 06 with 2 bytes"},
};

static void keys_are_read(void **state)
{
    const struct row *r = *state;
    struct note_key k;
    struct err e = {0};
    bool ok = note_key_parse(bytes_text(r->note), &k, &e);

    if (r->says) {
        must_fail(ok, &e, ERR_INPUT, r->says);
        return;
    }
    must(ok, &e);
    if (k.type == NOTE_ED25519 || k.type == NOTE_COSIGNATURE) {
        char again[NOTE_VKEY_MAX];
        note_key_print(&k, again);
        assert_string_equal(again, r->note);
    }
}

/* A key of 1,312 bytes, all 7, with the id that the standard gives it. */
static struct bytes mldsa_vkey(const char *name)
{
    uint8_t material[1313];
    struct buf b = buf_in(arena), hashed = buf_in(arena);
    struct hash h;

    memset(material, 7, sizeof material);
    material[0] = NOTE_MLDSA44;
    buf_puts(&hashed, name);
    buf_puts(&hashed, "\n");
    buf_put(&hashed, bytes_of(material, sizeof material));
    sha256(buf_view(&hashed), &h);
    buf_puts(&b, name);
    buf_puts(&b, "+");
    buf_hex(&b, h.b, 4);
    buf_puts(&b, "+");
    buf_base64(&b, material, sizeof material);
    return buf_view(&b);
}

static void keys_of_type_06_are_read_and_never_match(void **state)
{
    struct act_key k = test_act_key("a.example/k", 9);
    struct note_key keys[2];
    struct bytes note, line;
    struct note n;
    struct err e = {0};

    (void)state;
    must(note_key_parse(mldsa_vkey("a.example/pq"), &keys[0], &e), &e);
    assert_int_equal(keys[0].type, NOTE_MLDSA44);
    must(note_sign(&k, BYTES("text\n"), arena, &note, &e), &e);
    {
        struct buf b = buf_in(arena);
        uint8_t raw[6] = {(uint8_t)(keys[0].id >> 24),
                          (uint8_t)(keys[0].id >> 16),
                          (uint8_t)(keys[0].id >> 8),
                          (uint8_t)keys[0].id,
                          1,
                          2};
        buf_puts(&b, DASH "a.example/pq ");
        buf_base64(&b, raw, sizeof raw);
        buf_puts(&b, "\n");
        line = buf_view(&b);
    }
    must(note_append(note, line, arena, &note, &e), &e);
    must(note_parse(note, arena, &n, &e), &e);
    must_fail(note_verify(&n, keys, 1, NULL, &e), &e, ERR_PROOF, "no known key");
    keys[1] = k.public;
    must(note_verify(&n, keys, 2, NULL, &e), &e);
}

static void names_of_all_lengths(void **state)
{
    char name[LIMIT_NOTE_NAME + 2], vkey[NOTE_VKEY_MAX];
    struct sign_public p = sign_key_public(test_key(3));
    struct note_key k, back;
    struct err e = {0};

    (void)state;
    memset(name, 'n', sizeof name);
    for (size_t n = 1; n <= LIMIT_NOTE_NAME; n += 13) {
        must(note_key_make(bytes_of(name, n), NOTE_COSIGNATURE, &p, &k, &e), &e);
        note_key_print(&k, vkey);
        must(note_key_parse(bytes_text(vkey), &back, &e), &e);
        assert_memory_equal(&k, &back, sizeof k);
    }
    must(note_key_make(bytes_of(name, LIMIT_NOTE_NAME), NOTE_ED25519, &p, &k, &e), &e);
    must_fail(note_key_make(bytes_of(name, sizeof name - 1), NOTE_ED25519, &p, &k, &e), &e,
              ERR_INPUT, "1 to 255");
    must_fail(note_key_make(BYTES(""), NOTE_ED25519, &p, &k, &e), &e, ERR_INPUT, "1 to 255");
    must_fail(note_key_make(BYTES("x"), NOTE_MLDSA44, &p, &k, &e), &e, ERR_INPUT, "cannot be made");
}

/* ---- signing and verifying ------------------------------------------------------------------ */

static bool verifies(struct bytes note, const struct note_key *keys, size_t n, bool *by,
                     struct err *e)
{
    struct note parsed;

    must(note_parse(note, arena, &parsed, e), e);
    return note_verify(&parsed, keys, n, by, e);
}

static struct bytes signed_by(const struct act_key *k, struct bytes text)
{
    struct bytes note;
    struct err e = {0};

    must(note_sign(k, text, arena, &note, &e), &e);
    return note;
}

/* The signature line of one note under another. */
static struct bytes graft(struct bytes note, struct bytes from)
{
    struct note parsed;
    struct err e = {0};

    must(note_parse(from, arena, &parsed, &e), &e);
    must(note_append(note, parsed.lines[0].whole, arena, &note, &e), &e);
    return note;
}

/* C2SP signed-note 1.0.0, "Verifier keys": its example. */
static void the_standards_own_example(void **state)
{
    struct note_key k;
    struct err e = {0};

    (void)state;
    must(
        note_key_parse(
            BYTES("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"), &k, &e),
        &e);
    must(verifies(
             BYTES("This is an example message.\n\n" DASH "example.com/foo "
                   "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuw"
                   "HjG1Yu72IneyaQM=\n"),
             &k, 1, NULL, &e),
         &e);
}

static void unknown_ignored_wrong_refused_none_refused(void **state)
{
    struct act_key a = test_act_key("a.example/k", 1), b = test_act_key("b.example/k", 2);
    struct note_key keys[] = {a.public, b.public};
    struct bytes note = signed_by(&a, BYTES("text\n")), both, wrong;
    bool by[2];
    struct err e = {0};

    (void)state;
    must(verifies(note, keys, 1, by, &e), &e);
    assert_true(by[0]);
    must(verifies(note, keys, 2, by, &e), &e);
    assert_true(by[0] && !by[1]);
    must_fail(verifies(note, &keys[1], 1, by, &e), &e, ERR_PROOF, "no known key");
    must_fail(verifies(note, NULL, 0, NULL, &e), &e, ERR_PROOF, "no known key");

    both = graft(note, signed_by(&b, BYTES("text\n")));
    must(verifies(both, keys, 2, by, &e), &e);
    assert_true(by[0] && by[1]);

    wrong = graft(note, signed_by(&b, BYTES("another text\n")));
    must_fail(verifies(wrong, keys, 2, by, &e), &e, ERR_PROOF, "signature by b.example/k");
    must(verifies(wrong, keys, 1, by, &e), &e); /* b is unknown, so its line says nothing */
    must_fail(verifies(wrong, &keys[1], 1, by, &e), &e, ERR_PROOF, "signature by b.example/k");
}

static void same_key_under_another_name_is_unknown(void **state)
{
    struct act_key a = test_act_key("a.example/k", 1), b = test_act_key("b.example/k", 1);
    struct err e = {0};

    (void)state;
    assert_true(note_key_same(&a.public, &b.public));
    assert_int_not_equal(a.public.id, b.public.id);
    must_fail(verifies(signed_by(&a, BYTES("text\n")), &b.public, 1, NULL, &e), &e, ERR_PROOF,
              "no known key");
}

static void of_two_keys_with_one_id_either_may_have_signed(void **state)
{
    struct act_key a = test_act_key("a.example/k", 1), b = test_act_key("a.example/k", 2);
    struct note_key keys[] = {b.public, a.public};
    struct bytes note = signed_by(&a, BYTES("text\n"));
    bool by[2];
    struct err e = {0};

    (void)state;
    keys[0].id = a.public.id; /* as an opponent could make it */
    must(verifies(note, keys, 2, by, &e), &e);
    assert_true(!by[0] && by[1]);
    must_fail(verifies(note, keys, 1, by, &e), &e, ERR_PROOF, "does not verify");
}

static void no_changed_text_and_no_changed_signature_passes(void **state)
{
    struct act_key a = test_act_key("a.example/k", 1);
    struct bytes note = signed_by(&a, BYTES("some text\nof two lines\n"));
    struct arena *scratch = test_arena();

    (void)state;
    for (size_t i = 0; i < note.n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct bytes copy;
            struct note n;
            struct arena_mark m = arena_mark(scratch);
            must(arena_copy(scratch, note, &copy, NULL), NULL);
            ((uint8_t *)(uintptr_t)copy.p)[i] ^= (uint8_t)(1u << bit);
            if (note_parse(copy, scratch, &n, NULL))
                assert_false(note_verify(&n, &a.public, 1, NULL, NULL));
            arena_reset(scratch, m);
        }
    arena_free(scratch);
}

static void append_repeats_nothing(void **state)
{
    struct act_key a = test_act_key("a.example/k", 1), b = test_act_key("b.example/k", 2);
    struct bytes note = signed_by(&a, BYTES("text\n")),
                 two = graft(note, signed_by(&b, BYTES("text\n")));
    struct bytes again = graft(two, note), out;
    struct err e = {0};

    (void)state;
    assert_true(two.n > note.n && bytes_start_with(two, "text\n\n" DASH "a.example/k "));
    assert_true(bytes_equal(again, two));
    must_fail(note_append(note, BYTES("no line"), arena, &out, &e), &e, ERR_INPUT, NULL);
    must_fail(note_append(note, BYTES(""), arena, &out, &e), &e, ERR_INPUT, NULL);
    must_fail(note_append(note, BYTES("x\n\n" DASH "k AAAAAAE=\n"), arena, &out, &e), &e, ERR_INPUT,
              "line 1");
    must_fail(note_append(BYTES("no note"), two, arena, &out, &e), &e, ERR_INPUT, "no empty line");
}

static const struct row texts[] = {
    {"one line", "text\n", NULL},
    {"an empty line at the end", "text\n\n", NULL},
    {"lines that look like a signature block", "text\n\n" DASH "k AAAAAAE=\n", NULL},
    {"nearly a checkpoint", "a.example\n8 \n" ROOT, NULL},
    {"no line feed at the end", "text", "UTF-8 lines"},
    {"nothing", "", "UTF-8 lines"},
    {"a control character", "te\x01xt\n", "UTF-8 lines"},
    {"a checkpoint", "a.example\n8\n" ROOT, "no checkpoints"},
    {"a checkpoint with extension lines", "a.example\n8\n" ROOT "more\n", "no checkpoints"},
    {"the checkpoint of a log with a strange name", "a b+c\n8\n" ROOT, "no checkpoints"},
    {"the message of a cosignature", "cosignature/v1\ntime 1\na.example\n8\n" ROOT,
     "no checkpoints"},
};

static void acts_are_signed(void **state)
{
    const struct row *r = *state;
    struct act_key a = test_act_key("a.example/k", 1);
    struct bytes note;
    struct note n;
    struct err e = {0};
    bool ok = note_sign(&a, bytes_text(r->note), arena, &note, &e);

    if (r->says) {
        must_fail(ok, &e, ERR_INPUT, r->says);
        return;
    }
    must(ok, &e);
    must(note_parse(note, arena, &n, &e), &e);
    assert_true(bytes_are(n.text, r->note));
    must(note_verify(&n, &a.public, 1, NULL, &e), &e);
}

#define N(a) (sizeof(a) / sizeof *(a))

static int run_rows(const struct row *r, size_t n, void (*f)(void **))
{
    struct CMUnitTest tests[64];

    assert_true(n <= N(tests));
    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest)ROW_TEST(f, r[i]);
    return _cmocka_run_group_tests("rows", tests, n, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(the_parts_of_a_note),
        cmocka_unit_test(limits_of_a_note),
        cmocka_unit_test(keys_of_type_06_are_read_and_never_match),
        cmocka_unit_test(names_of_all_lengths),
        cmocka_unit_test(the_standards_own_example),
        cmocka_unit_test(unknown_ignored_wrong_refused_none_refused),
        cmocka_unit_test(same_key_under_another_name_is_unknown),
        cmocka_unit_test(of_two_keys_with_one_id_either_may_have_signed),
        cmocka_unit_test(no_changed_text_and_no_changed_signature_passes),
        cmocka_unit_test(append_repeats_nothing),
    };
    int failed;

    if (!crypto_init())
        return 1;
    arena = test_arena();
    failed = run_rows(rows, N(rows), notes_are_read);
    failed += run_rows(vkeys, N(vkeys), keys_are_read);
    failed += run_rows(texts, N(texts), acts_are_signed);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    test_keys_free();
    return failed;
}
