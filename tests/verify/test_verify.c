/* What record writes, verify checks: whole, and with anything changed. */
#include "record/evidence.h"
#include "record/record_support.h"
#include "tlog/tlog.h"
#include "verify/verify.h"

static const struct os *os;

static char *put(struct world *w, const char *dir, const char *name, struct bytes what)
{
    struct err e = {0};
    char *path = arena_format(w->a, &e, "%s/%s", dir, name);

    must(os_write_file_lazy(os, path, what, &e), &e);
    return path;
}

static struct verify_report check(struct world *w, const char *path)
{
    struct verify_report report;
    struct err e = {0};

    must(verify_files(os, &path, 1, w->a, &report, &e), &e);
    return report;
}

static bool says(const struct verify_report *r, enum verify_verdict v, const char *text)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->line[i].verdict == v && bytes_find(r->line[i].text, bytes_text(text)) != SIZE_MAX)
            return true;
    return false;
}

static size_t proved(const struct verify_report *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++)
        n += r->line[i].verdict == VERIFY_PROVED;
    return n;
}

static void print_report(const struct verify_report *r)
{
    for (size_t i = 0; i < r->n; i++)
        print_message("%s %.*s: %.*s\n", verify_word(r->line[i].verdict),
                      BYTES_FMT(r->line[i].about), BYTES_FMT(r->line[i].text));
}

static void holds(const struct verify_report *r)
{
    if (!r->holds) {
        print_report(r);
        fail_msg("it should hold");
    }
}

/* A folder with everything about one shared act. */
static char *export_act(struct world *w)
{
    char *dir = test_dir(w->a);
    struct record *r = w->node[1].r;
    struct bytes list, proof, id;
    struct act act;
    struct err e = {0};

    must(record_act(r, BYTES("north"), 1, w->a, &act, &e), &e);
    must(record_payload(r, &act, w->a, &list, &e), &e);
    must(record_prove(r, BYTES("north"), 1, w->a, &proof, &e), &e);
    put(w, dir, "act.note", act.note);
    put(w, dir, "act.tlog-proof", proof);
    put(w, dir, "list.txt", list);
    put(w, dir, "object.json", indicator(w, 2, &id, 1));
    put(w, dir, "north.card", w->node[0].party.card.note);
    put(w, dir, "south.card", w->node[1].party.card.note);
    return dir;
}

static struct world *shared_world(unsigned objects)
{
    struct world *w = new_world(2);

    sign_all(w);
    share_many(w, &w->node[0], objects, NULL);
    exchange(w);
    return w;
}

static void an_act_with_its_proof(void **state)
{
    struct world *w = shared_world(5);
    char *dir = export_act(w);
    struct verify_report r = check(w, dir);

    (void)state;
    holds(&r);
    assert_true(says(&r, VERIFY_PROVED, "signed it: \"share\", number 1"));
    assert_true(says(&r, VERIFY_PROVED, "is entry 1 of the log entente/"));
    assert_true(says(&r, VERIFY_PROVED, "south signed, giving the time"));
    assert_true(says(&r, VERIFY_PROVED, "is an object named in the list"));
    assert_true(says(&r, VERIFY_UNKNOWN, "whether what it says is true"));
    test_dir_remove(dir);
    end_world(w);
}

static void any_changed_byte_is_noticed(void **state)
{
    static const char *const files[] = {"act.note", "act.tlog-proof", "list.txt", "object.json",
                                        "north.card"};
    struct world *w = shared_world(5);
    char *dir = export_act(w);
    struct verify_report first = check(w, dir);
    size_t whole = proved(&first);

    (void)state;
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        struct err e = {0};
        struct bytes was;
        size_t step;
        must(os_read_file(os, arena_format(w->a, &e, "%s/%s", dir, files[f]), 1 << 20, w->a, &was,
                          &e),
             &e);
        step = was.n / 60 + 1;
        for (size_t i = 0; i < was.n; i += step) {
            struct verify_report r;
            struct bytes copy;
            must(arena_copy(w->a, was, &copy, &e), &e);
            ((uint8_t *)(uintptr_t)copy.p)[i] ^= 1;
            put(w, dir, files[f], copy);
            r = check(w, dir);
            /* A cosignature may lose its force, and then less is proved. */
            if (r.holds && proved(&r) == whole)
                fail_msg("%s: byte %zu may be changed", files[f], i);
        }
        put(w, dir, files[f], was);
    }
    test_dir_remove(dir);
    end_world(w);
}

static void a_whole_log(void **state)
{
    unsigned objects = (unsigned)(uintptr_t)*state;
    struct world *w = shared_world(objects);
    char *dir = test_dir(w->a), *path;
    struct verify_report r;
    struct bytes log;
    size_t whole;
    struct err e = {0};

    path = arena_format(w->a, &e, "%s/north.entente-log", dir);
    must(record_export(w->node[1].r, BYTES("north"), path, &e), &e);
    put(w, dir, "north.card", w->node[0].party.card.note);
    r = check(w, dir);
    holds(&r);
    assert_true(says(&r, VERIFY_PROVED, "signed each of 2 acts"));
    assert_true(says(&r, VERIFY_PROVED, arena_format(w->a, &e, "%u objects", objects)));
    assert_true(says(&r, VERIFY_PROVED, "that it held every act addressed to it"));
    assert_true(says(&r, VERIFY_UNKNOWN, "no card of it here"));
    whole = proved(&r);
    must(os_read_file(os, path, 1 << 28, w->a, &log, &e), &e);
    for (size_t i = 0; i < log.n; i += log.n / 200 + 1) {
        ((uint8_t *)(uintptr_t)log.p)[i] ^= 1;
        put(w, dir, "north.entente-log", log);
        r = check(w, dir);
        if (r.holds && proved(&r) == whole)
            fail_msg("byte %zu may be changed", i);
        ((uint8_t *)(uintptr_t)log.p)[i] ^= 1;
    }
    log.n -= 20;
    put(w, dir, "north.entente-log", log);
    r = check(w, dir);
    assert_false(r.holds);
    test_dir_remove(dir);
    end_world(w);
}

static void a_log_whose_keys_changed(void **state)
{
    enum key_role role = (enum key_role)(uintptr_t)*state;
    struct world *w = new_world(2);
    struct record *r = w->node[0].r;
    struct record_draft d = say("{}");
    struct err e = {0};
    struct sign_key *fresh = sign_key_new(os, &e), *old = NULL;
    char *dir = test_dir(w->a), *path = arena_format(w->a, &e, "%s/log", dir);
    struct verify_report report;

    sign_all(w);
    must(record_rotate(r, role, keyring_key(w->node[0].party.keys, role), fresh, &e), &e);
    exchange(w);
    must(record_export(w->node[1].r, BYTES("north"), path, &e), &e);
    report = check(w, path);
    holds(&report);
    (void)d;
    sign_key_free(fresh);
    sign_key_free(old);
    test_dir_remove(dir);
    end_world(w);
}

static void evidence_convinces(void **state)
{
    struct world *w = new_world(2);
    struct test_party *north = &w->node[0].party;
    struct act acts[2];
    struct checkpoint_key key;
    struct act_key signer;
    struct checkpoint c = {.size = 3};
    struct note_key accused;
    struct bytes file, notes[2];
    struct verify_report r;
    char *dir = test_dir(w->a);
    struct err e = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        acts[i] = (struct act){.agreement = bytes_of(w->g.id, 32),
                               .from = BYTES("north"),
                               .kind = i ? BYTES("share") : BYTES("revoke"),
                               .time = BYTES("2026-01-31T12:00:00Z"),
                               .seq = 4};
        must(act_print(&acts[i], w->a, &e), &e);
        must(act_signer(BYTES("north"), KEY_ACTS, keyring_key(north->keys, KEY_ACTS), &signer, &e),
             &e);
        must(act_sign(&acts[i], &signer, w->a, &e), &e);
    }
    must(
        note_key_make(BYTES("north/acts"), NOTE_ED25519, &north->card.keys[KEY_ACTS], &accused, &e),
        &e);
    must(act_evidence_make(&accused, acts[0].note, acts[1].note, w->a, &file, &e), &e);
    put(w, dir, "proof.misbehaviour", file);
    put(w, dir, "north.card", north->card.note);
    r = check(w, dir);
    holds(&r);
    assert_true(says(&r, VERIFY_PROVED, "north signed two different acts as number 4"));
    assert_true(says(&r, VERIFY_PROVED, "the key is that of north"));
    assert_false(act_evidence_make(&accused, acts[0].note, acts[0].note, w->a, &file, &e));

    agreement_origin(&w->g, BYTES("north"), c.origin);
    must(checkpoint_key_init(&key, bytes_text(c.origin), keyring_key(north->keys, KEY_CHECKPOINTS),
                             &e),
         &e);
    for (int i = 0; i < 2; i++) {
        c.root.b[0] = (uint8_t)i;
        must(checkpoint_sign(&key, &c, w->a, &notes[i], &e), &e);
    }
    must(evidence_make_same_size(&key.public, notes[0], notes[1], w->a, &file, &e), &e);
    put(w, dir, "proof.misbehaviour", file);
    r = check(w, dir);
    holds(&r);
    assert_true(says(&r, VERIFY_PROVED, "at the same size, 3"));
    ((uint8_t *)(uintptr_t)file.p)[file.n - 10] ^= 1;
    put(w, dir, "proof.misbehaviour", file);
    r = check(w, dir);
    assert_false(r.holds);
    assert_true(says(&r, VERIFY_FAILED, "it proves nothing"));
    test_dir_remove(dir);
    end_world(w);
}

static void forks_of_the_vectors(void **state)
{
    struct arena *a = test_arena();
    struct world w = {.a = a};
    struct bytes vectors = test_vector(a, "tlog-vectors.json");
    struct err e = {0};
    const struct json *v = json_parse(vectors, a, &e), *forks = json_find(v, "fork_proofs");
    char *dir = test_dir(a);

    (void)state;
    must(v != NULL, &e);
    assert_true(json_count(forks) >= 2);
    for (size_t i = 0; i < json_count(forks); i++) {
        const struct json *f = json_at(forks, i), *path = json_find(f, "path");
        struct bytes small, large, hex, file;
        struct buf b = buf_in(a);
        struct verify_report r;
        must(json_get_string(f, "small", &small, &e), &e);
        must(json_get_string(f, "large", &large, &e), &e);
        buf_puts(&b, "entente/tlog-evidence/v1\nfork\naccused ");
        must(json_get_string(json_point(v, "/keys/log_alpha"), "vkey", &hex, &e), &e);
        buf_put(&b, hex);
        buf_format(&b, "\nnote %zu\n", small.n);
        buf_put(&b, small);
        buf_format(&b, "note %zu\n", large.n);
        buf_put(&b, large);
        buf_format(&b, "path %zu\n", json_count(path));
        for (size_t j = 0; j < json_count(path); j++) {
            uint8_t hash[32];
            assert_true(json_as_string(json_at(path, j), &hex) && hex_decode(hash, 32, hex));
            buf_base64(&b, hash, sizeof hash);
            buf_puts(&b, "\n");
        }
        must(buf_end(&b, &file, &e), &e);
        put(&w, dir, "fork", file);
        r = check(&w, dir);
        holds(&r);
    }
    test_dir_remove(dir);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_act_with_its_proof),
        cmocka_unit_test(any_changed_byte_is_noticed),
        {"a whole log with one list", a_whole_log, NULL, NULL, (void *)20},
        {"a whole log with many lists", a_whole_log, NULL, NULL, (void *)9000},
        {"a log whose act key changed", a_log_whose_keys_changed, NULL, NULL, (void *)KEY_ACTS},
        {"a log whose checkpoint key changed", a_log_whose_keys_changed, NULL, NULL,
         (void *)KEY_CHECKPOINTS},
        cmocka_unit_test(evidence_convinces),
        cmocka_unit_test(forks_of_the_vectors),
    };
    os = os_system();
    if (!crypto_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
