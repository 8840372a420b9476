/* Every vector of tests/vectors/tlog-vectors.json that is about logs and notes (its JSON
 * canonicalisation vectors belong to stix). */
#include "tlog_support.h"

static json_t *all;
static struct arena *arena;

static const json_t *get(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    if (!v)
        fail_msg("the vectors have no \"%s\"", name);
    return v;
}

static struct note_key vkey_of(const char *who)
{
    struct note_key k;
    struct err e = {0};

    must(note_key_parse(test_text(get(get(all, "keys"), who), "vkey"), &k, &e), &e);
    return k;
}

/* The bytes of a tile or bundle of the big tree, by path, from its leaves. */
static struct bytes leaf_text(uint64_t i)
{
    struct buf b = buf_in(arena);

    buf_decimal(&b, i);
    return buf_view(&b);
}

/* ---- trees ---------------------------------------------------------------------------------- */

static void check_proofs(const json_t *group, const struct tlog_source *s, const struct hash *leaf,
                         const struct hash *roots)
{
    const json_t *row;
    size_t i;
    struct err e = {0};

    json_array_foreach(get(group, "inclusion"), i, row)
    {
        struct tlog_proof want = test_proof(get(row, "proof")), got;
        uint64_t index = test_number(row, "index"), size = test_number(row, "size");
        must(tlog_prove_inclusion(s, index, size, &got, &e), &e);
        assert_int_equal(got.n, want.n);
        assert_memory_equal(got.hash, want.hash, got.n * sizeof *got.hash);
        must(tlog_verify_inclusion(&leaf[index], index, size, &want, &roots[size], &e), &e);
    }
    json_array_foreach(get(group, "consistency"), i, row)
    {
        struct tlog_proof want = test_proof(get(row, "proof")), got;
        uint64_t old = test_number(row, "old"), size = test_number(row, "new");
        must(tlog_prove_consistency(s, old, size, &got, &e), &e);
        assert_int_equal(got.n, want.n);
        assert_memory_equal(got.hash, want.hash, got.n * sizeof *got.hash);
        must(tlog_verify_consistency(old, &roots[old], size, &roots[size], &want, &e), &e);
    }
}

static void the_small_tree(void **state)
{
    const json_t *small = get(all, "small_tree");
    struct hash leaf[8], roots[9];
    struct tlog_leaves leaves = {leaf, 8};
    struct tlog_source s = tlog_leaves_source(&leaves);
    struct tlog_tree t = {0};
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i <= 8; i++) {
        struct hash want = test_hash(json_array_get(get(small, "roots_by_size"), i));
        tlog_tree_root(&t, &roots[i]);
        assert_memory_equal(roots[i].b, want.b, sizeof want.b);
        if (i == 8)
            break;
        struct bytes entry = test_hex(arena, json_array_get(get(small, "leaves_hex"), i));
        want = test_hash(json_array_get(get(small, "leaf_hashes"), i));
        tlog_leaf_hash(entry, &leaf[i]);
        assert_memory_equal(leaf[i].b, want.b, sizeof want.b);
        must(tlog_tree_append(&t, entry, &e), &e);
    }
    assert_int_equal(json_array_size(get(small, "inclusion")), 36);
    assert_int_equal(json_array_size(get(small, "consistency")), 36);
    check_proofs(small, &s, leaf, roots);
}

#define BIG 70000

/* One tile of the big tree as its path says, against the vector's digest. */
static void check_tile(const json_t *row, const struct tlog_source *s)
{
    struct buf b = buf_in(arena);
    struct tlog_tile t;
    struct hash got, want = test_hash(get(row, "sha256"));
    struct err e = {0};

    must(tlog_tile_parse(test_text(row, "path"), &t, &e), &e);
    assert_int_equal(t.width, test_number(row, "width"));
    assert_int_equal(tlog_tile_width(BIG, t.level, t.number), t.width);
    for (uint64_t i = t.number * 256; i < t.number * 256 + t.width; i++) {
        struct hash h;
        if (t.level == TLOG_LEVEL_ENTRIES) {
            must(tlog_bundle_add(&b, leaf_text(i), &e), &e);
            continue;
        }
        must(s->hash(s->self, 8 * t.level, i, &h, &e), &e);
        buf_put(&b, hash_bytes(&h));
    }
    assert_int_equal(buf_view(&b).n, test_number(row, "bytes"));
    sha256(buf_view(&b), &got);
    assert_memory_equal(got.b, want.b, sizeof got.b);
}

static void the_big_tree(void **state)
{
    const json_t *big = get(all, "big_tree"), *row;
    struct hash *leaf = arena_get_array(arena, BIG, sizeof *leaf, NULL);
    struct hash *roots = arena_get_array(arena, BIG + 1, sizeof *roots, NULL);
    struct tlog_leaves leaves = {leaf, BIG};
    struct tlog_source s = tlog_leaves_source(&leaves);
    struct tlog_tree t = {0};
    const char *size;
    struct err e = {0};
    size_t i;

    (void)state;
    for (uint64_t n = 0; n < BIG; n++) {
        tlog_leaf_hash(leaf_text(n), &leaf[n]);
        must(tlog_tree_append_leaves(&t, &leaf[n], 1, &e), &e);
        tlog_tree_root(&t, &roots[n + 1]);
    }
    json_object_foreach((json_t *)(uintptr_t)get(big, "roots"), size, row)
    {
        struct hash want = test_hash(row);
        uint64_t n;
        assert_true(decimal_parse(bytes_text(size), &n) && n <= BIG);
        assert_memory_equal(roots[n].b, want.b, sizeof want.b);
    }
    check_proofs(big, &s, leaf, roots);
    json_array_foreach(get(big, "tiles"), i, row) check_tile(row, &s);
}

static void tile_paths(void **state)
{
    const json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(get(all, "tile_paths"), i, row)
    {
        const json_t *level = get(row, "level");
        struct tlog_tile got,
            want = {json_is_integer(level) ? (unsigned)json_integer_value(level)
                                           : TLOG_LEVEL_ENTRIES,
                    test_number(row, "index"), (unsigned)test_number(row, "width")};
        char path[TLOG_TILE_PATH_MAX];
        struct err e = {0};
        tlog_tile_print(&want, path);
        assert_string_equal(path, json_string_value(get(row, "path")));
        must(tlog_tile_parse(test_text(row, "path"), &got, &e), &e);
        assert_int_equal(got.level, want.level);
        assert_int_equal(got.number, want.number);
        assert_int_equal(got.width, want.width);
    }
}

/* ---- keys, checkpoints, cosignatures -------------------------------------------------------- */

static void keys_of_seeds(void **state)
{
    const json_t *row;
    const char *who;

    (void)state;
    json_object_foreach((json_t *)(uintptr_t)get(all, "keys"), who, row)
    {
        struct sign_public public =
            sign_key_public(test_key((uint8_t)test_hex(arena, get(row, "seed_hex")).p[0]));
        struct hash want = test_hash(get(row, "public_hex"));
        struct note_key made, parsed = vkey_of(who);
        char vkey[NOTE_VKEY_MAX], id[9];
        struct err e = {0};
        assert_memory_equal(public.b, want.b, sizeof want.b);
        must(note_key_make(test_text(row, "name"), (enum note_type)test_number(row, "type_byte"),
                           &public, &made, &e),
             &e);
        assert_memory_equal(&made, &parsed, sizeof made);
        snprintf(id, sizeof id, "%08x", made.id);
        assert_string_equal(id, json_string_value(get(row, "key_id_hex")));
        note_key_print(&made, vkey);
        assert_string_equal(vkey, json_string_value(get(row, "vkey")));
    }
}

static void checkpoints(void **state)
{
    struct checkpoint_key k = test_log_key("alpha.example/log", 0);
    struct note_key public = vkey_of("log_alpha");
    const json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(get(all, "checkpoints"), i, row)
    {
        struct checkpoint c;
        struct bytes note;
        struct hash h, want = test_hash(get(row, "sha256_of_note"));
        struct err e = {0};
        must(checkpoint_verify(test_text(row, "note"), &public, 1, arena, &c, &e), &e);
        assert_int_equal(c.size, test_number(row, "size"));
        must(checkpoint_sign(&k, &c, arena, &note, &e), &e);
        assert_true(bytes_equal(note, test_text(row, "note")));
        sha256(note, &h);
        assert_memory_equal(h.b, want.b, sizeof h.b);
    }
}

static void cosignatures(void **state)
{
    struct cosign_key keys[] = {test_cosign_key("bravo.example/witness", 0x20),
                                test_cosign_key("charlie.example/witness", 0x40)};
    struct note_key public[] = {vkey_of("witness_bravo"), vkey_of("witness_charlie")};
    const json_t *row, *rows = get(all, "cosignatures");
    struct cosignature *found;
    struct checkpoint c;
    struct bytes whole;
    struct note note;
    struct err e = {0};
    size_t i, n;

    (void)state;
    whole = test_text(json_array_get(get(all, "checkpoints"), 2), "note");
    must(note_parse(whole, arena, &note, &e), &e);
    must(checkpoint_parse(note.text, &c, &e), &e);
    json_array_foreach(rows, i, row)
    {
        struct bytes line;
        must(cosignature_sign(&keys[i], &c, test_number(row, "time"), arena, &line, &e), &e);
        assert_true(bytes_equal(line, test_text(row, "signature_line")));
        must(note_append(whole, line, arena, &whole, &e), &e);
    }
    assert_true(bytes_equal(whole, test_text(all, "cosigned_checkpoint")));
    must(note_parse(whole, arena, &note, &e), &e);
    must(cosignature_find_all(&note, public, 2, arena, &found, &n, &e), &e);
    assert_int_equal(n, 2);
    for (i = 0; i < n; i++) {
        assert_int_equal(found[i].key, i);
        assert_int_equal(found[i].time, test_number(json_array_get(rows, i), "time"));
    }
}

/* ---- the witness, proofs, policies ---------------------------------------------------------- */

static void the_add_checkpoint_exchange(void **state)
{
    const json_t *x = get(all, "add_checkpoint");
    struct note_key log = vkey_of("log_alpha"), bravo = vkey_of("witness_bravo");
    struct witness_log known = {&log, 1, 5, {{0}}};
    struct witness_request q;
    struct witness_decision d;
    struct cosignature *found;
    struct bytes printed;
    char hex[65];
    struct err e = {0};
    uint64_t size;
    size_t n;

    (void)state;
    known.root = test_hash(json_array_get(get(get(all, "small_tree"), "roots_by_size"), 5));
    must(witness_request_parse(test_text(x, "request_body"), arena, &q, &e), &e);
    must(witness_request_print(q.old_size, &q.proof, q.note.whole, arena, &printed, &e), &e);
    assert_true(bytes_equal(printed, test_text(x, "request_body")));
    witness_decide(&known, &q, &d);
    assert_int_equal(d.status, 200);
    known.size = 3;
    witness_decide(&known, &q, &d);
    assert_int_equal(d.status, test_number(x, "conflict_status"));
    assert_true(bytes_are(test_text(x, "conflict_content_type"), d.content_type));
    assert_true(bytes_are(test_text(x, "conflict_body_if_witness_is_at_3"), d.body));
    must(witness_conflict_parse(bytes_text(d.body), &size, &e), &e);
    assert_int_equal(size, 3);
    must(witness_response_parse(test_text(x, "ok_response_body"), &q.note, &bravo, 1, arena, &found,
                                &n, &e),
         &e);
    assert_int_equal(n, 1);
    assert_int_equal(found[0].time, 1700000000);
    checkpoint_origin_hex(bytes_text(q.checkpoint.origin), hex);
    assert_true(bytes_are(test_text(x, "origin_hash_hex"), hex));
}

static void proofs_and_the_policy(void **state)
{
    static const char *const names[] = {"proof", "proof_with_extra"};
    const json_t *x = get(all, "tlog_proof");
    struct bytes entry = test_hex(arena, get(x, "leaf_hex"));
    struct policy *p;
    struct err e = {0};

    (void)state;
    must(policy_parse(test_text(all, "policy_file"), arena, &p, &e), &e);
    for (size_t i = 0; i < 2; i++) {
        struct policy_verdict v;
        struct proof_file f;
        struct bytes printed;
        must(proof_file_parse(test_text(x, names[i]), arena, &f, &e), &e);
        assert_int_equal(f.index, test_number(x, "index"));
        assert_int_equal(f.has_extra, i);
        assert_true(!i || bytes_are(f.extra, "hello"));
        must(proof_file_verify(&f, entry, p, arena, &v, &e), &e);
        assert_int_equal(v.n, 2);
        must_fail(proof_file_verify(&f, BYTES("another"), p, arena, &v, &e), &e, ERR_PROOF,
                  "entry 3");
        must(proof_file_print(&f, arena, &printed, &e), &e);
        assert_true(bytes_equal(printed, test_text(x, names[i])));
    }
}

/* ---- evidence ------------------------------------------------------------------------------- */

static void equivocation(void **state)
{
    const json_t *x = get(all, "equivocation");
    struct note_key log = vkey_of("log_alpha");
    struct evidence found;
    struct bytes file;
    struct err e = {0};

    (void)state;
    must(evidence_make_same_size(&log, test_text(x, "checkpoint_a"), test_text(x, "checkpoint_b"),
                                 arena, &file, &e),
         &e);
    must(evidence_verify(file, &log, arena, &found, &e), &e);
    assert_int_equal(found.kind, EVIDENCE_SAME_SIZE);
    assert_int_equal(found.a.size, 8);
}

static void forks(void **state)
{
    struct note_key log = vkey_of("log_alpha");
    const json_t *row;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(get(all, "fork_proofs")), 2);
    json_array_foreach(get(all, "fork_proofs"), i, row)
    {
        struct tlog_proof path = test_proof(get(row, "path"));
        struct hash prefix = test_hash(get(row, "recomputed_small_root"));
        struct hash root = test_hash(get(row, "signed_small_root"));
        struct evidence found;
        struct err e = {0};
        must(evidence_check_fork(&log, test_text(row, "small"), test_text(row, "large"), &path,
                                 arena, &found, &e),
             &e);
        assert_memory_equal(found.prefix.b, prefix.b, sizeof prefix.b);
        assert_memory_equal(found.a.root.b, root.b, sizeof root.b);
    }
}

/* ---- acts (record makes them) and Ed25519 --------------------------------------------------- */

static void the_act_note(void **state)
{
    const json_t *x = get(all, "act_proposal");
    struct act_key k = test_act_key("alpha.example/acts", 0x60);
    struct hash h, want;
    struct bytes note;
    struct note parsed;
    struct err e = {0};

    (void)state;
    must(note_sign(&k, test_text(x, "signed_text"), arena, &note, &e), &e);
    assert_true(bytes_equal(note, test_text(x, "act_note")));
    must(note_parse(note, arena, &parsed, &e), &e);
    must(note_verify(&parsed, &k.public, 1, NULL, &e), &e);
    sha256(parsed.text, &h);
    want = test_hash(get(x, "act_text_sha256"));
    assert_memory_equal(h.b, want.b, sizeof h.b);
    sha256(test_text(x, "payload_jcs"), &h);
    want = test_hash(get(x, "payload_sha256"));
    assert_memory_equal(h.b, want.b, sizeof h.b);
    tlog_leaf_hash(note, &h);
    want = test_hash(get(x, "leaf_hash_of_whole_act_note"));
    assert_memory_equal(h.b, want.b, sizeof h.b);
    sha256(note, &h);
    want = test_hash(get(x, "recommended_entry_hex"));
    assert_memory_equal(h.b, want.b, sizeof h.b);
    tlog_leaf_hash(hash_bytes(&h), &h);
    want = test_hash(get(x, "recommended_leaf_hash"));
    assert_memory_equal(h.b, want.b, sizeof h.b);
}

/* "accept" and "reject" are about the signature; a key that splits the libraries, or that they
 * accept only by luck, must not be enrolled. */
static void ed25519_edges(void **state)
{
    const json_t *row;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(get(all, "ed25519_edge")), 7);
    json_array_foreach(get(all, "ed25519_edge"), i, row)
    {
        struct bytes verdict = test_text(row, "verdict"), name = test_text(row, "name");
        struct bytes m = test_hex(arena, get(row, "message_hex"));
        struct hash public = test_hash(get(row, "public_hex"));
        struct sign_public k;
        struct signature s;
        struct note_key nk;
        bool point_wrong = bytes_find(name, BYTES("_key")) != SIZE_MAX;
        memcpy(k.b, public.b, sizeof k.b);
        memcpy(s.b, test_hex(arena, get(row, "signature_hex")).p, sizeof s.b);
        assert_int_equal(sign_verify(&k, m, &s), !bytes_are(verdict, "reject"));
        assert_int_equal(sign_public_valid(&k), !point_wrong);
        assert_int_equal(note_key_make(BYTES("x"), NOTE_ED25519, &k, &nk, NULL), !point_wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_small_tree),
        cmocka_unit_test(the_big_tree),
        cmocka_unit_test(tile_paths),
        cmocka_unit_test(keys_of_seeds),
        cmocka_unit_test(checkpoints),
        cmocka_unit_test(cosignatures),
        cmocka_unit_test(the_add_checkpoint_exchange),
        cmocka_unit_test(proofs_and_the_policy),
        cmocka_unit_test(equivocation),
        cmocka_unit_test(forks),
        cmocka_unit_test(the_act_note),
        cmocka_unit_test(ed25519_edges),
    };
    int failed;

    if (!crypto_init())
        return 1;
    all = test_json("tlog-vectors.json");
    arena = test_arena();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    json_decref(all);
    test_keys_free();
    return failed;
}
