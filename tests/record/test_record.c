/* Whole records of two and three parties, with pieces carried by hand. */
#include "record/evidence.h"
#include "record/record_support.h"
#include "tlog/tlog.h"

/* ---- tests ---- */

static void in_force_when_every_log_begins_with_it(void **state)
{
    struct world *w = new_world((size_t)(uintptr_t)*state);
    struct record_state s;
    struct record_draft d = say("{}");
    struct err e = {0};

    must(record_sign(w->node[0].r, &e), &e);
    must_fail(record_sign(w->node[0].r, &e), &e, ERR_DENIED, "signed already");
    must_fail(record_append(w->node[0].r, &d, 1, NULL, &e), &e, ERR_DENIED, "not in force");
    record_state(w->node[0].r, 0, &s);
    assert_int_equal(s.stage, STAGE_PROPOSED);
    for (size_t i = 1; i < w->n; i++)
        must(record_sign(w->node[i].r, &e), &e);
    exchange(w);
    for (size_t i = 0; i < w->n; i++) {
        record_state(w->node[i].r, 0, &s);
        assert_int_equal(s.stage, STAGE_IN_FORCE);
    }
    must(record_append(w->node[0].r, &d, 1, NULL, &e), &e);
    end_world(w);
}

static void objects_arrive_and_can_be_proved(void **state)
{
    struct world *w = new_world(2);
    struct node *north = &w->node[0], *south = &w->node[1];
    struct bytes file, policy_text, id;
    struct proof_file proof;
    struct policy *policy;
    struct policy_verdict verdict;
    struct act act;
    struct err e = {0};
    size_t hits = 0;
    int64_t after, before;

    (void)state;
    sign_all(w);
    share_many(w, north, 10, NULL);
    exchange(w);
    assert_int_equal(objects_of(south, BYTES("north"), 1), 10);
    indicator(w, 7, &id, 2);
    must(record_object(south->r, id, count_one, &hits, &e), &e);
    assert_int_equal(hits, 1);
    must(record_act(south->r, BYTES("north"), 1, w->a, &act, &e), &e);
    for (int i = 0; i < 2; i++) { /* the sharer and the receiver prove the same */
        must(record_prove(w->node[i].r, BYTES("north"), 1, w->a, &file, &e), &e);
        must(record_policy(w->node[i].r, BYTES("north"), w->a, &policy_text, &e), &e);
        must(policy_parse(policy_text, w->a, &policy, &e), &e);
        must(proof_file_parse(file, w->a, &proof, &e), &e);
        must(proof_file_verify(&proof, hash_bytes(&act.entry), policy, w->a, &verdict, &e), &e);
        assert_true(verdict.n >= 1);
    }
    must(record_bracket(north->r, BYTES("north"), 1, &after, &before, &e), &e);
    assert_true(after > 0 && before >= after && before < INT64_MAX);
    end_world(w);
}

static void long_shares_travel_in_pieces(void **state)
{
    struct world *w = new_world(2);
    struct node *north = &w->node[0], *south = &w->node[1];
    struct record_taken taken = {0};
    struct bytes piece, id;
    struct err e = {0};
    size_t hits = 0, rounds = 0;

    (void)state;
    sign_all(w);
    share_many(w, north, 20000, NULL);
    taken.size = 1;
    while (!taken.complete && rounds++ < 100) {
        must(record_piece_make(north->r, BYTES("north"), BYTES("south"), taken.size, taken.parts,
                               3 << 20, w->a, &piece, &e),
             &e);
        must(record_piece_take(south->r, BYTES("north"), piece, &taken, &e), &e);
        if (rounds == 2) { /* the reader is stopped and starts again half-way */
            record_close(south->r);
            open_node(w, south);
        }
    }
    assert_true(rounds > 2 && taken.complete);
    assert_int_equal(objects_of(south, BYTES("north"), 1), 20000);
    indicator(w, 19999, &id, 2);
    must(record_object(south->r, id, count_one, &hits, &e), &e);
    assert_int_equal(hits, 1);
    end_world(w);
}

static void an_act_for_one_is_an_entry_for_others(void **state)
{
    struct world *w = new_world(3);
    struct bytes south = BYTES("south");
    struct act act;
    struct err e = {0};

    (void)state;
    sign_all(w);
    share_many(w, &w->node[0], 3, &south);
    exchange(w);
    assert_int_equal(objects_of(&w->node[1], BYTES("north"), 1), 3);
    must_fail(record_act(w->node[2].r, BYTES("north"), 1, w->a, &act, &e), &e, ERR_MISSING,
              "not addressed to us");
    assert_int_equal(head_of(w, &w->node[2], BYTES("north")).size, 2);
    share_many(w, &w->node[0], 3, NULL); /* and what follows is taken */
    exchange(w);
    assert_int_equal(objects_of(&w->node[2], BYTES("north"), 2), 3);
    end_world(w);
}

static void no_byte_of_a_piece_may_change(void **state)
{
    struct world *w = new_world(2);
    struct bytes piece;
    struct err e = {0};
    size_t step;

    (void)state;
    sign_all(w);
    share_many(w, &w->node[0], 3, NULL);
    must(record_piece_make(w->node[0].r, BYTES("north"), BYTES("south"), 1, 0, RECORD_PIECE_BYTES,
                           w->a, &piece, &e),
         &e);
    step = piece.n / 500 + 1;
    for (size_t i = 0; i < piece.n; i += step) {
        struct record_taken taken;
        struct bytes copy;
        struct err bad = {0};
        must(arena_copy(w->a, piece, &copy, &e), &e);
        ((uint8_t *)(uintptr_t)copy.p)[i] ^= 0x01;
        if (record_piece_take(w->node[1].r, BYTES("north"), copy, &taken, &bad) && taken.size != 1)
            fail_msg("byte %zu of %zu may be changed", i, piece.n);
        assert_int_equal(head_of(w, &w->node[1], BYTES("north")).size, 1);
    }
    carry(w, &w->node[0], &w->node[1], RECORD_PIECE_BYTES);
    end_world(w);
}

static void everything_is_there_again_after_opening(void **state)
{
    struct world *w = new_world(2);
    struct record_head before, after;
    struct err e = {0};

    (void)state;
    sign_all(w);
    for (int i = 0; i < 300; i++) {
        struct record_draft d = say("{\"a\":1}");
        must(record_append(w->node[0].r, &d, 1, NULL, &e), &e);
    }
    before = head_of(w, &w->node[0], BYTES("north"));
    record_close(w->node[0].r);
    open_node(w, &w->node[0]);
    after = head_of(w, &w->node[0], BYTES("north"));
    assert_int_equal(before.size, after.size);
    assert_true(hash_equal(&before.root, &after.root));
    assert_true(bytes_equal(before.note, after.note));
    must(record_rebuild(w->node[0].r, &e), &e);
    exchange(w);
    assert_int_equal(head_of(w, &w->node[1], BYTES("north")).size, 301);
    end_world(w);
}

static void one_sync_for_each_commit(void **state)
{
    struct world *w = new_world(2);
    struct record_draft drafts[100];
    struct record_counts before, after;
    struct err e = {0};

    (void)state;
    sign_all(w);
    for (size_t i = 0; i < 100; i++)
        drafts[i] = say("{\"a\":1}");
    before = record_counts(w->node[0].r);
    must(record_append(w->node[0].r, drafts, 100, NULL, &e), &e);
    must(record_append(w->node[0].r, drafts, 1, NULL, &e), &e);
    after = record_counts(w->node[0].r);
    assert_int_equal(after.commits - before.commits, 2);
    assert_int_equal(after.syncs - before.syncs, 2);
    end_world(w);
}

/* ---- misbehaviour ---- */

static int copy_tree(struct world *w, const char *from, const char *to)
{
    struct err e = {0};
    char *command = arena_format(w->a, &e, "cp -a '%s/.' '%s/'", from, to);
    return system(command);
}

static void a_restored_backup_does_not_sign(void **state)
{
    struct world *w = new_world(2);
    struct node *north = &w->node[0], *south = &w->node[1];
    struct record_draft d = say("{\"a\":1}");
    struct record_taken taken;
    struct bytes note, piece;
    struct err e = {0};
    char *backup = test_dir(w->a);

    (void)state;
    sign_all(w);
    record_close(south->r);
    assert_int_equal(copy_tree(w, south->dir, backup), 0);
    open_node(w, south);
    must(record_append(south->r, &d, 1, NULL, &e), &e);
    exchange(w);
    record_close(south->r); /* the disk is lost, and the backup put back */
    test_dir_remove(south->dir);
    south->dir = backup;
    open_node(w, south);
    assert_int_equal(record_fence(south->r), FENCE_UNSURE);
    must_fail(record_append(south->r, &d, 1, NULL, &e), &e, ERR_DENIED, "restored backup");
    must(record_cosigned(north->r, BYTES("south"), w->a, &note, &e), &e);
    must(record_fence_confirm(south->r, note, &e), &e);
    assert_int_equal(record_fence(south->r), FENCE_BEHIND);
    must_fail(record_append(south->r, &d, 1, NULL, &e), &e, ERR_DENIED, "holds more of our log");
    /* The counterparty gives back what is missing. */
    must(record_piece_make(north->r, BYTES("south"), BYTES("south"), 1, 0, RECORD_PIECE_BYTES, w->a,
                           &piece, &e),
         &e);
    must(record_piece_take(south->r, BYTES("south"), piece, &taken, &e), &e);
    assert_int_equal(taken.size, 2);
    must(record_fence_confirm(south->r, note, &e), &e);
    assert_int_equal(record_fence(south->r), FENCE_OK);
    must(record_append(south->r, &d, 1, NULL, &e), &e);
    exchange(w);
    end_world(w);
}

static void read_evidence(struct world *w, struct node *n, const char *name, struct bytes *out)
{
    struct err e = {0};
    char *path = arena_format(w->a, &e, "%s/%s/evidence/%s", n->dir, w->g.id, name);

    must(os_read_file(os_system(), path, 1 << 20, w->a, out, &e), &e);
}

static void two_histories_convict(void **state)
{
    bool longer = *state != NULL; /* the second history is longer than the first */
    struct world *w = new_world(2);
    struct node *north = &w->node[0], *south = &w->node[1];
    struct record_draft d = say("{\"a\":1}"), other = say("{\"b\":2}");
    struct record_taken taken;
    struct bytes piece = {0}, file, note;
    struct note_key accused;
    struct err e = {0};
    char *backup = test_dir(w->a), name[256];

    sign_all(w);
    record_close(south->r);
    assert_int_equal(copy_tree(w, south->dir, backup), 0);
    open_node(w, south);
    must(record_append(south->r, &d, 1, NULL, &e), &e);
    exchange(w);
    record_close(south->r);
    test_dir_remove(south->dir);
    south->dir = backup;
    open_node(w, south);
    must(record_fence_force(south->r, &e), &e);
    must(record_append(south->r, &other, 1, NULL, &e), &e);
    if (longer)
        must(record_append(south->r, &other, 1, NULL, &e), &e);
    note = head_of(w, south, BYTES("south")).note;
    if (longer) {
        must(record_piece_make(south->r, BYTES("south"), BYTES("north"), 2, 0, RECORD_PIECE_BYTES,
                               w->a, &piece, &e),
             &e);
        must_fail(record_piece_take(north->r, BYTES("south"), piece, &taken, &e), &e, ERR_PEER,
                  "does not follow");
        must(record_piece_make(south->r, BYTES("south"), BYTES("north"), 1, 0, RECORD_PIECE_BYTES,
                               w->a, &piece, &e),
             &e);
        must(record_convict_piece(north->r, BYTES("south"), piece, name, &e), &e);
        read_evidence(w, north, name, &file);
        must(note_key_make(BYTES("south/acts"), NOTE_ED25519, &south->party.card.keys[KEY_ACTS],
                           &accused, &e),
             &e);
        must(act_evidence_verify(file, &accused, w->a, &(struct act_evidence){0}, &e), &e);
    } else {
        must_fail(record_compare(north->r, BYTES("south"), note, name, &e), &e, ERR_PROOF,
                  "two histories");
        read_evidence(w, north, name, &file);
        must(evidence_verify(file, NULL, w->a, &(struct evidence){0}, &e), &e);
    }
    assert_true(head_of(w, north, BYTES("south")).stopped);
    must_fail(record_piece_take(north->r, BYTES("south"), piece.n ? piece : note, &taken, &e), &e,
              longer ? ERR_DENIED : ERR_INPUT, NULL);
    record_close(north->r); /* and stays so */
    open_node(w, north);
    assert_true(head_of(w, north, BYTES("south")).stopped);
    end_world(w);
}

static void keys_change_hands(void **state)
{
    enum key_role role = (enum key_role)(uintptr_t)*state;
    struct world *w = new_world(2);
    struct node *north = &w->node[0];
    struct record_draft d = say("{\"a\":1}");
    struct err e = {0};
    struct sign_key *fresh = sign_key_new(os_system(), &e), *old;
    struct sign_public now = sign_key_public(fresh);
    uint8_t seed[32];

    sign_all(w);
    must(record_rotate(north->r, role, keyring_key(north->party.keys, role), fresh, &e), &e);
    old = keyring_rotate(north->party.keys, os_system(), role, &e);
    sign_key_seed(fresh, seed);
    sign_key_free(old);
    /* the keyring made its own fresh key; this test puts ours there */
    record_close(north->r);
    {
        char *dir = test_dir(w->a);
        must(keyring_save(north->party.keys, os_system(), dir, (struct bytes){0}, &e), &e);
        char hex[65] = {0};
        hex_encode(hex, seed, 32);
        must(os_write_file(os_system(),
                           arena_format(w->a, &e, "%s/%s.key", dir, key_role_name(role)),
                           bytes_text(arena_format(w->a, &e, "entente-key/1\nrole %s\nseed %s\n",
                                                   key_role_name(role), hex)),
                           OS_PRIVATE, &e),
             &e);
        keyring_free(north->party.keys);
        north->party.keys = keyring_open(os_system(), dir, 0x3f, (struct bytes){0}, &e);
        must(north->party.keys != NULL, &e);
        test_dir_remove(dir);
    }
    open_node(w, north);
    must(record_append(north->r, &d, 1, NULL, &e), &e);
    exchange(w);
    exchange(w);
    assert_int_equal(head_of(w, &w->node[1], BYTES("north")).size, 3);
    assert_memory_equal(record_key(w->node[1].r, BYTES("north"), role, UINT64_MAX)->b, now.b, 32);
    assert_memory_equal(record_key(w->node[1].r, BYTES("north"), role, 1)->b,
                        north->party.card.keys[role].b, 32);
    sign_key_free(fresh);
    end_world(w);
}

static void above_the_ceiling_is_not_kept(void **state)
{
    struct world *w = new_world(2);
    struct err e = {0};
    struct record_draft d = {.kind = BYTES("share"), .tlp = BYTES("red")};
    struct record_share *s;
    struct bytes id, object;

    (void)state;
    sign_all(w);
    /* A sharer whose own gate was switched off: its act is taken, for it was said; its object not.
     */
    s = record_share_open(w->node[0].r, &e);
    must(s != NULL, &e);
    object = indicator(w, 1, &id, 4);
    must(record_share_add(s, object, id, 4, &e), &e);
    object = indicator(w, 2, &id, 2);
    must(record_share_add(s, object, id, 2, &e), &e);
    must_fail(record_share_add(s, object, id, 1, &e), &e, ERR_INPUT, "stricter marking");
    record_share_close(s);
    s = record_share_open(w->node[0].r, &e);
    object = indicator(w, 1, &id, 4);
    must(record_share_add(s, object, id, 4, &e), &e);
    object = indicator(w, 2, &id, 2);
    must(record_share_add(s, object, id, 2, &e), &e);
    must(record_share_commit(s, &d, NULL, &e), &e);
    record_share_close(s);
    exchange(w);
    assert_int_equal(objects_of(&w->node[1], BYTES("north"), 1), 1);
    assert_int_equal(objects_of(&w->node[0], BYTES("north"), 1), 2);
    end_world(w);
}

static void amendments_count_when_all_have_signed(void **state)
{
    struct world *w = new_world(2);
    struct record_state s;
    struct bytes pretty, canonical;
    struct agreement second;
    char digest[65] = {0};
    struct err e = {0};

    (void)state;
    sign_all(w);
    hex_encode(digest, w->g.digest.b, 32);
    must(json_print_pretty(w->g.root, w->a, &pretty, &e), &e);
    pretty = test_edit(w->a, pretty, "\"calendars\":",
                       arena_format(w->a, &e,
                                    "\"amends\": {\"agreement\": \"%s\", \"previous\": \"%s\", "
                                    "\"version\": 2}, \"calendars\":",
                                    w->g.id, digest));
    pretty = test_edit(w->a, pretty, "\"max_act_bytes\": 60000", "\"max_act_bytes\": 50000");
    must(agreement_parse(pretty, w->a, &second, &e), &e);
    canonical = second.bytes;
    must(record_amend(w->node[0].r, canonical, &e), &e);
    exchange(w);
    record_state(w->node[1].r, 0, &s);
    assert_non_null(s.amendment);
    assert_int_equal(s.agreement->version, 1);
    must(record_amend(w->node[1].r, canonical, &e), &e);
    exchange(w);
    for (size_t i = 0; i < 2; i++) {
        record_state(w->node[i].r, 0, &s);
        assert_int_equal(s.agreement->version, 2);
        assert_int_equal(gate_max_act_bytes(record_agreement(w->node[i].r)), 50000);
    }
    must_fail(record_amend(w->node[1].r, canonical, &e), &e, ERR_INPUT, "does not follow");
    end_world(w);
}

static void suspension_and_withdrawal(void **state)
{
    struct world *w = new_world(2);
    struct record_draft d = say("{}"), suspend = {.kind = BYTES("agreement.suspend"),
                                                  .media_type = BYTES(MEDIA_JSON),
                                                  .payload = BYTES("{\"clauses\":[\"share\"]}")};
    struct record_draft withdraw = {.kind = BYTES("agreement.withdraw")};
    struct record_state s;
    struct err e = {0};

    (void)state;
    sign_all(w);
    must(record_append(w->node[0].r, &suspend, 1, NULL, &e), &e);
    exchange(w);
    must_fail(record_append(w->node[1].r, &d, 1, NULL, &e), &e, ERR_DENIED, "suspended");
    suspend.kind = BYTES("agreement.resume");
    must(record_append(w->node[0].r, &suspend, 1, NULL, &e), &e);
    exchange(w);
    must(record_append(w->node[1].r, &d, 1, NULL, &e), &e);
    must(record_append(w->node[1].r, &withdraw, 1, NULL, &e), &e);
    record_state(w->node[1].r, os_now(os_system()), &s);
    assert_true(bytes_are(s.withdrawing, "south"));
    assert_true(s.withdrawn_from == 0); /* nobody has seen it yet */
    exchange(w);
    for (size_t i = 0; i < 2; i++) {
        record_state(w->node[i].r, os_now(os_system()), &s);
        assert_int_equal(s.stage, STAGE_IN_FORCE);
        assert_true(s.withdrawn_from > os_now(os_system()) + 29 * 86400);
        record_state(w->node[i].r, s.withdrawn_from, &s);
        assert_int_equal(s.stage, STAGE_WITHDRAWN);
    }
    end_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"two parties: in force when both logs begin with it",
         in_force_when_every_log_begins_with_it, NULL, NULL, (void *)2},
        {"three parties: in force when all logs begin with it",
         in_force_when_every_log_begins_with_it, NULL, NULL, (void *)3},
        cmocka_unit_test(objects_arrive_and_can_be_proved),
        cmocka_unit_test(long_shares_travel_in_pieces),
        cmocka_unit_test(an_act_for_one_is_an_entry_for_others),
        cmocka_unit_test(no_byte_of_a_piece_may_change),
        cmocka_unit_test(everything_is_there_again_after_opening),
        cmocka_unit_test(one_sync_for_each_commit),
        cmocka_unit_test(a_restored_backup_does_not_sign),
        {"two histories of one size convict", two_histories_convict, NULL, NULL, NULL},
        {"a second, longer history convicts", two_histories_convict, NULL, NULL, (void *)1},
        {"the act key changes hands", keys_change_hands, NULL, NULL, (void *)KEY_ACTS},
        {"the checkpoint key changes hands", keys_change_hands, NULL, NULL,
         (void *)KEY_CHECKPOINTS},
        {"the mirror key changes hands", keys_change_hands, NULL, NULL, (void *)KEY_MIRROR},
        cmocka_unit_test(above_the_ceiling_is_not_kept),
        cmocka_unit_test(amendments_count_when_all_have_signed),
        cmocka_unit_test(suspension_and_withdrawal),
    };
    if (!crypto_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
