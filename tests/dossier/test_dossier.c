/* Dossiers: what is exported holds, says the same at both nodes, and no byte of it can change. */
#include "dossier/dossier_impl.h"
#include "dossier_support.h"
#include "verify/zip.h"

#include <assert.h>
#include <stdlib.h>

static void must_hold(const struct verify_dossier *d)
{
    if (d->holds)
        return;
    for (size_t i = 0; i < d->n; i++)
        if (d->line[i].verdict == VERIFY_FAILED)
            print_message("check %u %.*s: %.*s\n", d->line[i].check, BYTES_FMT(d->line[i].about),
                          BYTES_FMT(d->line[i].text));
    fail_msg("it should hold");
}

static void a_request_as_a_dossier(void **state)
{
    struct court *c = new_court();
    struct hash id = a_request(c, "amber");
    struct dossier_export x = export_of(c, 0, &id, 1);
    struct dossier_made made;
    struct bytes file = exported(c, &x, &made), again = exported(c, &x, &made);
    struct verify_dossier d = verified(c, file);

    (void)state;
    must_hold(&d);
    assert_true(bytes_equal(file, again)); /* the same input, the same bytes */
    assert_int_equal(made.acts, 5);
    assert_int_equal(made.tlp, 2);
    if (getenv("SHOW")) {
        struct err e = {0};
        printf("%.*s", BYTES_FMT(d.text));
        os_write_file(os_system(), "/tmp/x.dossier", file, 0, &e);
    }
    end_court(c);
}

/* ---- the same at both nodes ---- */

static struct bytes file_in(struct court *c, struct bytes dossier, const char *prefix,
                            const char *suffix)
{
    struct zip_file *files;
    size_t n;
    struct err e = {0};

    must(zip_read(dossier, c->w->a, &files, &n, &e), &e);
    for (size_t i = 0; i < n; i++)
        if (bytes_start_with(files[i].name, prefix) && bytes_end_with(files[i].name, suffix))
            return files[i].bytes;
    fail_msg("there is no %s...%s", prefix, suffix);
    return bytes_of(NULL, 0);
}

static void both_nodes_tell_the_same(void **state)
{
    static const char *const suffixes[] = {".txt", ".why.txt"};
    struct court *c = new_court();
    struct hash id = a_request(c, "amber");
    struct dossier_export x = export_of(c, 0, &id, 1), y = export_of(c, 1, &id, 1);
    struct dossier_made made;
    struct bytes north, south;
    struct verify_dossier d;

    (void)state;
    y.at = x.at;
    north = exported(c, &x, &made);
    south = exported(c, &y, &made);
    d = verified(c, south);
    must_hold(&d);
    for (size_t i = 0; i < 2; i++)
        assert_true(bytes_equal(file_in(c, north, "computed/", suffixes[i]),
                                file_in(c, south, "computed/", suffixes[i])));
    end_court(c);
}

/* One court for all of them: making parties and their disks costs more than judging. */
static struct {
    struct court *c;
    struct bytes dossier;
} trial;

static int open_trial(void **state)
{
    struct hash id;
    struct dossier_export x;
    struct dossier_made made;

    (void)state;
    trial.c = new_court();
    id = a_request(trial.c, "amber");
    x = export_of(trial.c, 0, &id, 1);
    trial.dossier = exported(trial.c, &x, &made);
    return 0;
}

static int close_trial(void **state)
{
    (void)state;
    end_court(trial.c);
    return 0;
}

/* ---- changed bytes ---- */

static struct verify_dossier quickly(struct arena *a, struct bytes file)
{
    struct verify_dossier_options o = {.os = os_system(), .stop_early = true};
    struct verify_dossier d;
    struct err e = {0};

    must(verify_dossier(file, &o, a, &d, &e), &e);
    return d;
}

/* Which file a byte of the archive belongs to: its local header, its bytes, or its entry. */
static bool names(const struct verify_dossier *d, struct bytes name)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->line[i].verdict == VERIFY_FAILED && (bytes_find(d->line[i].text, name) != SIZE_MAX ||
                                                    bytes_find(d->line[i].about, name) != SIZE_MAX))
            return true;
    return false;
}

/* Each of some 80,000 bytes; under a sanitizer, which is fifty times slower, some of them. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STEP 61
#endif
#endif
#ifndef STEP
#define STEP 1
#endif

static void no_byte_can_change(void **state)
{
    struct court *c = trial.c;
    struct bytes file;
    struct zip_file *files;
    size_t n, of = 0;
    struct err e = {0};
    struct arena *a = arena_new((size_t)1 << 30);

    (void)state;
    must(arena_copy(a, trial.dossier, &file, &e), &e);
    must(zip_read(file, c->w->a, &files, &n, &e), &e);
    for (size_t i = 0; i < file.n; i += STEP) {
        struct arena_mark m = arena_mark(a);
        struct verify_dossier d;
        while (of + 1 < n && files[of + 1].name.p - 30 <= file.p + i)
            of++;
        ((uint8_t *)(uintptr_t)file.p)[i] ^= (uint8_t)(1u << (i % 8));
        d = quickly(a, file);
        ((uint8_t *)(uintptr_t)file.p)[i] ^= (uint8_t)(1u << (i % 8));
        if (d.holds)
            fail_msg("byte %zu can be changed", i);
        if (file.p + i >= files[of].bytes.p && file.p + i < files[of].bytes.p + files[of].bytes.n &&
            !names(&d, files[of].name))
            fail_msg("a change of byte %zu in %.*s is not named", i, BYTES_FMT(files[of].name));
        arena_reset(a, m);
    }
    arena_free(a);
}

/* The same, but whoever changes it also mends the checksums of the archive. */
static void no_byte_of_a_file_can_change(void **state)
{
    struct court *c = trial.c;
    struct bytes file;
    struct zip_file *files;
    struct verify_file *list;
    size_t n;
    struct err e = {0};
    struct arena *a = arena_new((size_t)1 << 30);
    struct rng r = rng_from_env("no_byte_of_a_file_can_change");

    (void)state;
    must(arena_copy(a, trial.dossier, &file, &e), &e);
    must(zip_read(file, c->w->a, &files, &n, &e), &e);
    list = arena_get_array(c->w->a, n, sizeof *list, &e);
    for (size_t i = 0; i < n; i++)
        list[i] = (struct verify_file){files[i].name, files[i].bytes};
    for (unsigned k = 0; k < 3000 / STEP + 100; k++) {
        struct arena_mark m = arena_mark(a);
        size_t of = rng_below(&r, n), at = rng_below(&r, files[of].bytes.n);
        uint8_t bit = (uint8_t)(1u << rng_below(&r, 8));
        uint8_t *byte = (uint8_t *)(uintptr_t)files[of].bytes.p + at;
        struct verify_dossier d;
        struct bytes again;
        *byte ^= bit;
        must(zip_write(list, n, a, &again, &e), &e);
        d = quickly(a, again);
        *byte ^= bit;
        if (d.holds)
            fail_msg("byte %zu of %.*s can be changed", at, BYTES_FMT(files[of].name));
        /* The manifest's own bytes speak of other files. */
        if (!bytes_start_with(files[of].name, "manifest") && !names(&d, files[of].name))
            fail_msg("a change in %.*s is not named", BYTES_FMT(files[of].name));
        arena_reset(a, m);
    }
    arena_free(a);
}

/* ---- what a dishonest exporter could do ---- */

struct forging {
    struct court *c;
    struct verify_file *files;
    size_t n;
};

static struct forging taken_apart(struct court *c, struct bytes dossier)
{
    struct forging f = {.c = c};
    struct zip_file *files;
    struct err e = {0};

    must(zip_read(dossier, c->w->a, &files, &f.n, &e), &e);
    f.files = arena_get_array(c->w->a, f.n + 4, sizeof *f.files, &e);
    for (size_t i = 0; i < f.n; i++) {
        f.files[i].name = files[i].name;
        must(arena_copy(c->w->a, files[i].bytes, &f.files[i].bytes, &e), &e);
    }
    return f;
}

static struct verify_file *file_of(struct forging *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (bytes_are(f->files[i].name, name) ||
            (name[strlen(name) - 1] == '*' &&
             !strncmp((const char *)f->files[i].name.p, name, strlen(name) - 1)))
            return &f->files[i];
    fail_msg("there is no %s", name);
    return NULL;
}

static void drop(struct forging *f, const char *name)
{
    struct verify_file *x = file_of(f, name);

    memmove(x, x + 1, (size_t)(f->files + f->n - x - 1) * sizeof *x);
    f->n--;
}

static void replace(struct forging *f, const char *name, const char *from, const char *to)
{
    struct verify_file *x = file_of(f, name);

    x->bytes = test_edit(f->c->w->a, x->bytes, from, to);
}

/* With a manifest of what is there now, signed by the exporter. */
static struct verify_dossier put_together(struct forging *f)
{
    struct arena *a = f->c->w->a;
    struct err e = {0};
    struct buf b = buf_in(a), t = buf_in(a);
    struct hash h;
    struct act_key key;
    struct bytes manifest, text, dossier;

    for (size_t i = 0; i < f->n; i++) {
        if (bytes_start_with(f->files[i].name, "manifest"))
            continue;
        sha256(f->files[i].bytes, &h);
        buf_hex(&b, h.b, 32);
        buf_format(&b, "  %.*s\n", BYTES_FMT(f->files[i].name));
    }
    must(buf_end(&b, &manifest, &e), &e);
    sha256(manifest, &h);
    text = file_of(f, "manifest.note")->bytes;
    text = bytes_part(text, 0, bytes_find(text, BYTES("\"manifest\":\"")) + 12);
    buf_put(&t, text);
    buf_hex(&t, h.b, 32);
    buf_puts(&t, "\"}\n");
    must(buf_end(&t, &text, &e), &e);
    must(act_signer(BYTES("north"), KEY_ACTS, keyring_key(f->c->w->node[0].party.keys, KEY_ACTS),
                    &key, &e),
         &e);
    must(note_sign(&key, text, a, &file_of(f, "manifest.note")->bytes, &e), &e);
    file_of(f, "manifest-sha256.txt")->bytes = manifest;
    must(zip_write(f->files, f->n, a, &dossier, &e), &e);
    return verified(f->c, dossier);
}

static const struct forgery {
    const char *name;
    const char *drop;           /* a file; NULL: none */
    const char *in, *from, *to; /* an edit; NULL: none */
    unsigned check;             /* that fails */
    const char *says;
} forgeries[] = {
    {"nothing, and it holds", NULL, NULL, NULL, NULL, 0, NULL},
    {"an act left out", "acts/south/1.note", NULL, NULL, NULL, 14, "gap at south seq 1"},
    {"the last act left out", "acts/south/2.note", NULL, NULL, NULL, 14, "gap at south seq 2"},
    {"an act said to be of other matters, which changes the state", "acts/south/2.note",
     "dossier.json", "\"hidden\":{", "\"hidden\":{\"south\":[[2,2]]", 21, "is not what"},
    {"a payload left out", "payloads/*", NULL, NULL, NULL, 8, "neither here nor said"},
    {"a changed payload", NULL, "payloads/*", "{\"", "{\"x", 8, "is not the payload"},
    {"a changed act", NULL, "acts/south/1.note", "\"kind\":\"request.ack\"",
     "\"kind\":\"request.acx\"", 7, "not by the key in force"},
    {"an act of another number", NULL, "acts/south/1.note", "\"seq\":1", "\"seq\":7", 7,
     "another place"},
    {"a proof left out", "proofs/north/1.tlog-proof", NULL, NULL, NULL, 9, "is missing"},
    {"a proof of another place", NULL, "proofs/north/1.tlog-proof", "index 1", "index 0", 9,
     "none"},
    {"a head left out", "heads/north/2.note", NULL, NULL, NULL, 9, "head that is not in"},
    {"a head of another size", NULL, "heads/north/2.note", "\n2\n", "\n3\n", 10, "no head"},
    {"a head that its owner did not sign", NULL, "heads/north/2.note", "\xe2\x80\x94 entente/",
     "\xe2\x80\x94 entente.", 10, "must be signed by its owner"},
    {"a consistency proof left out", "consistency/north/1-2.txt", NULL, NULL, NULL, 13, "missing"},
    {"an empty consistency proof", NULL, "consistency/north/1-2.txt", "=", "A", 13,
     "does not prove"},
    {"another state", NULL, "computed/*", "answered", "answerez", 21, "is not what follows"},
    {"a summary that says more", NULL, "summary.html", "</body>", "guilty</body>", 21,
     "is not what follows"},
    {"a record of custody that says more", NULL, "custody.jsonl", "exported", "stolen", 21,
     "is not what follows"},
    {"another agreement", NULL, "agreement/1.json", "Cooperation", "Competition", 1,
     "another agreement"},
    {"no agreement", "agreement/1.json", NULL, NULL, NULL, 1, "agreement/1.json is missing"},
    {"a card that is none", NULL, "cards/south.card", "CERT south", "CERT sauth", 5, "not a card"},
    {"a party's signature under the agreement left out", "acts/south/0.note", NULL, NULL, NULL, 7,
     "signature under agreement"},
    {"an exporter who is nobody", NULL, "dossier.json", "\"exporter\":\"north\"",
     "\"exporter\":\"nobody\"", 3, "no party"},
    {"a file without a place", NULL, "README.txt", NULL, NULL, 1, "no place"},
};

static void a_forgery(void **state)
{
    const struct forgery *g = *state;
    struct forging f = taken_apart(trial.c, trial.dossier);
    struct verify_dossier d;

    if (g->drop)
        drop(&f, g->drop);
    if (g->from)
        replace(&f, g->in, g->from, g->to);
    else if (g->in)
        file_of(&f, g->in)->name = BYTES("README.zzz");
    d = put_together(&f);
    if (!g->check) {
        must_hold(&d);
        return;
    }
    assert_false(d.holds);
    if (d.verdict[g->check] != DOSSIER_FAIL || !dossier_says(&d, g->check, VERIFY_FAILED, g->says))
        fail_msg("%.*s", BYTES_FMT(d.text));
}

static void invented_parties(void **state)
{
    struct court *c = new_court(), *other = new_court();
    struct hash id = a_request(c, "amber");
    struct dossier_export x = export_of(c, 0, &id, 1);
    struct dossier_made made;
    struct bytes file = exported(c, &x, &made);
    struct verify_pin pins[2] = {{.card = c->w->node[0].party.card.note},
                                 {.card = c->w->node[1].party.card.note}};
    struct verify_dossier_options o = {.os = os_system(), .pins = pins, .pins_n = 2};
    struct verify_dossier d;
    struct err e = {0};
    char print[CARD_FINGERPRINT_MAX];

    (void)state;
    must(verify_dossier(file, &o, c->w->a, &d, &e), &e);
    must_hold(&d);
    assert_int_equal(d.verdict[5], DOSSIER_PASS);
    card_fingerprint(&c->w->node[1].party.card.id, print);
    pins[1] = (struct verify_pin){.slug = BYTES("south"), .print = bytes_text(print)};
    must(verify_dossier(file, &o, c->w->a, &d, &e), &e);
    assert_int_equal(d.verdict[5], DOSSIER_PASS);
    pins[1] = (struct verify_pin){.card = other->w->node[1].party.card.note};
    must(verify_dossier(file, &o, c->w->a, &d, &e), &e);
    assert_false(d.holds);
    assert_true(dossier_says(&d, 5, VERIFY_FAILED, "another party of this name"));
    end_court(other);
    end_court(c);
}

/* ---- markings ---- */

static void what_is_red_does_not_leave(void **state)
{
    struct court *c = new_court();
    struct hash id = a_request_asked(c, "amber");
    struct dossier_export x = export_of(c, 0, &id, 1);
    struct dossier_made made;
    struct bytes file;
    struct verify_dossier d;
    struct err e = {0};

    (void)state;
    answer(c, &id, "red");
    must_fail(dossier_export(&x, c->w->a, &file, &made, &e), &e, ERR_DENIED,
              "south/1 (request.answer): TLP:red is stricter");
    x.redact = 2;
    file = exported(c, &x, &made);
    assert_int_equal(made.withheld, 1);
    assert_int_equal(made.tlp, 2);
    assert_true(made.redacted);
    d = verified(c, file);
    must_hold(&d);
    assert_true(dossier_says(&d, 8, VERIFY_UNKNOWN, "it is withheld (TLP:red is stricter"));
    assert_true(bytes_find(file, BYTES("Example Ltd")) == SIZE_MAX);
    end_court(c);
}

static void an_item_is_withheld(void **state)
{
    struct court *c = new_court();
    struct hash id = a_request(c, "green");
    struct dossier_export x = export_of(c, 1, &id, 1);
    struct bytes item = BYTES("south/2");
    struct dossier_made made;
    struct verify_dossier d;

    (void)state;
    x.withhold = &item;
    x.withhold_n = 1;
    d = verified(c, exported(c, &x, &made));
    must_hold(&d);
    assert_int_equal(made.tlp, 1);
    assert_true(dossier_says(&d, 8, VERIFY_UNKNOWN, "south/2"));
    end_court(c);
}

/* ---- other matters, other keys ---- */

static void other_matters_are_not_shown(void **state)
{
    struct court *c = new_court();
    struct hash first = a_request(c, "amber"), second = a_request(c, "amber");
    struct dossier_export x = export_of(c, 0, &second, 1);
    struct hash both[2] = {first, second};
    struct dossier_made made;
    struct bytes file;
    struct verify_dossier d;

    (void)state;
    file = exported(c, &x, &made);
    d = verified(c, file);
    must_hold(&d);
    assert_int_equal(made.hidden, 3);
    assert_true(dossier_says(&d, 14, VERIFY_UNKNOWN, "south seq 1 to 2"));
    if (memcmp(both[0].b, both[1].b, 32) > 0) {
        both[0] = second;
        both[1] = first;
    }
    x.cases = both;
    x.cases_n = 2;
    d = verified(c, exported(c, &x, &made));
    must_hold(&d);
    assert_int_equal(made.hidden, 0);
    assert_int_equal(d.verdict[14], DOSSIER_PASS);
    end_court(c);
}

static void keys_that_changed(void **state)
{
    enum key_role role = (enum key_role)(uintptr_t)*state;
    struct court *c = new_court();
    struct hash id = a_request_asked(c, "amber");
    struct node *south = &c->w->node[1];
    struct dossier_export x = export_of(c, 0, &id, 1);
    struct dossier_made made;
    struct verify_dossier d;
    struct err e = {0};
    struct sign_key *old;
    struct keyring *fresh = keyring_new(os_system(), &e);

    old = keyring_rotate(south->party.keys, os_system(), role, &e);
    must(old != NULL && fresh != NULL, &e);
    must(record_rotate(south->r, role, old, keyring_key(south->party.keys, role), &e), &e);
    exchange(c->w);
    answer(c, &id, "amber");
    d = verified(c, exported(c, &x, &made));
    must_hold(&d);
    assert_int_equal(d.verdict[6], DOSSIER_PASS);
    sign_key_free(old);
    keyring_free(fresh);
    end_court(c);
}

static void a_stolen_key(void **state)
{
    struct court *c = new_court();
    struct hash id = a_request(c, "amber");
    struct node *south = &c->w->node[1];
    struct dossier_export x = export_of(c, 0, &id, 1);
    struct dossier_made made;
    struct verify_dossier d;
    struct err e = {0};
    struct sign_key *fresh = sign_key_new(os_system(), &e);

    (void)state;
    must(record_revoke(south->r, KEY_ACTS, 2, keyring_key(south->party.keys, KEY_RECOVERY), fresh,
                       &e),
         &e);
    exchange(c->w);
    d = verified(c, exported(c, &x, &made));
    must_hold(&d);
    assert_int_equal(d.verdict[19], DOSSIER_UNKNOWN);
    assert_true(dossier_says(&d, 19, VERIFY_UNKNOWN, "south/2"));
    assert_false(dossier_says(&d, 19, VERIFY_UNKNOWN, "south/1"));
    sign_key_free(fresh);
    end_court(c);
}

#define FORGERY(i) ROW_TEST(a_forgery, forgeries[i])
#define KEY(name, role)                                                                            \
    {                                                                                              \
        name, keys_that_changed, NULL, NULL, (void *)(uintptr_t)(role)                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_as_a_dossier),
        cmocka_unit_test(both_nodes_tell_the_same),
        cmocka_unit_test(no_byte_can_change),
        cmocka_unit_test(no_byte_of_a_file_can_change),
        FORGERY(0),
        FORGERY(1),
        FORGERY(2),
        FORGERY(3),
        FORGERY(4),
        FORGERY(5),
        FORGERY(6),
        FORGERY(7),
        FORGERY(8),
        FORGERY(9),
        FORGERY(10),
        FORGERY(11),
        FORGERY(12),
        FORGERY(13),
        FORGERY(14),
        FORGERY(15),
        FORGERY(16),
        FORGERY(17),
        FORGERY(18),
        FORGERY(19),
        FORGERY(20),
        FORGERY(21),
        FORGERY(22),
        FORGERY(23),
        cmocka_unit_test(invented_parties),
        cmocka_unit_test(what_is_red_does_not_leave),
        cmocka_unit_test(an_item_is_withheld),
        cmocka_unit_test(other_matters_are_not_shown),
        KEY("a dossier with a changed acts key", KEY_ACTS),
        KEY("a dossier with a changed checkpoints key", KEY_CHECKPOINTS),
        KEY("a dossier with a changed mirror key", KEY_MIRROR),
        KEY("a dossier with a changed witness key", KEY_WITNESS),
        cmocka_unit_test(a_stolen_key),
    };

    assert(crypto_init());
    assert(sizeof forgeries / sizeof *forgeries == 24);
    return cmocka_run_group_tests(tests, open_trial, close_trial);
}
