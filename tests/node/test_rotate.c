/* Keys change in every log and in the card, and peers follow; a crash at any moment of it leaves
 * the old key everywhere or, after the next start, the new one everywhere. */
#include "node/node_rig.h"

#include "support/simdisk.h"

static const char *const names[] = {"north", "south"};

struct base {
    struct simdisk *disk[2];
    char id[ACT_AGREEMENT + 1];
};

static void make_base(struct base *b)
{
    struct arena *a = test_arena();
    const struct os *machines[2];
    struct rig *r;

    for (size_t i = 0; i < 2; i++) {
        b->disk[i] = simdisk_new(5 + i);
        machines[i] = simdisk_os(b->disk[i]);
    }
    r = rig_new(a, "nodes", names, machines, 2);
    rig_agree(r);
    memcpy(b->id, r->id, sizeof b->id);
    rig_free(r);
    arena_free(a);
}

/* Two nodes on copies, which have confirmed each other. */
static struct rig *begin(const struct base *b, struct arena *a, struct simdisk *disk[2])
{
    struct rig *r = arena_get(a, sizeof *r, NULL);

    r->arena = a;
    r->n = 2;
    memcpy(r->id, b->id, sizeof r->id);
    for (size_t i = 0; i < 2; i++) {
        disk[i] = simdisk_copy(b->disk[i], 9);
        rig_place(r, i, names[i], "nodes", simdisk_os(disk[i]));
        rig_start(r, i);
    }
    rig_settle(r);
    return r;
}

static void finish(struct rig *r, struct simdisk *disk[2])
{
    rig_free(r);
    simdisk_free(disk[0]);
    simdisk_free(disk[1]);
}

/* Both say something, and each holds and has cosigned all of the other's. */
static void work_together(struct rig *r, const char *what)
{
    struct err e = {0};

    for (size_t i = 0; i < 2; i++)
        if (!rig_say(r, i, what, &e))
            fail_msg("%s: %s says nothing: %s", what, names[i], e.text);
    for (int i = 0; i < 2; i++)
        rig_settle(r);
    for (size_t i = 0; i < 2; i++) {
        struct record_head own = rig_head(r, i, i), there = rig_head(r, 1 - i, i);
        if (own.size != there.size || own.cosigned != own.size || there.stopped)
            fail_msg("%s: %s has %llu acts, %llu there, %llu cosigned", what, names[i],
                     (unsigned long long)own.size, (unsigned long long)there.size,
                     (unsigned long long)own.cosigned);
    }
}

static struct sign_public in_card(struct rig *r, enum key_role role)
{
    return node_card(r->nodes[1].node)->keys[role];
}

static void check_key(struct rig *r, enum key_role role, const char *what)
{
    struct sign_public card = in_card(r, role),
                       mine = sign_key_public(keyring_key(node_keys(r->nodes[1].node), role)),
                       log = *record_key(rig_record(r, 1), BYTES("south"), role, UINT64_MAX),
                       there = *record_key(rig_record(r, 0), BYTES("south"), role, UINT64_MAX);

    if (memcmp(&card, &mine, sizeof card) || memcmp(&card, &log, sizeof card) ||
        memcmp(&card, &there, sizeof card))
        fail_msg("%s: card, keys and logs do not agree", what);
    assert_memory_equal(&node_peer(r->nodes[0].node, BYTES("south"))->card.keys[role], &card,
                        sizeof card);
    assert_int_equal(node_peer(r->nodes[0].node, BYTES("south"))->state, NODE_ENROLLED);
}

static void every_role(void **state)
{
    struct arena *a = test_arena();
    struct simdisk *disk[2];
    struct base b;
    struct rig *r;
    struct err last = {0};

    (void)state;
    make_base(&b);
    r = begin(&b, a, disk);
    for (int role = 0; role < KEY_OPERATING; role++) {
        struct sign_public before = in_card(r, (enum key_role)role), after;
        struct err e = {0};
        if (!node_rotate(r->nodes[1].node, (enum key_role)role, (struct bytes){0}, &e))
            fail_msg("%s: %s", key_role_name((enum key_role)role), e.text);
        after = in_card(r, (enum key_role)role);
        assert_memory_not_equal(&before, &after, sizeof before);
        work_together(r, key_role_name((enum key_role)role));
        check_key(r, (enum key_role)role, key_role_name((enum key_role)role));
    }
    must_fail(node_rotate(r->nodes[1].node, KEY_RECOVERY, (struct bytes){0}, &last), &last,
              ERR_DENIED, "does not change");
    finish(r, disk);
    simdisk_free(b.disk[0]);
    simdisk_free(b.disk[1]);
    arena_free(a);
}

static void revoked(void **state)
{
    struct arena *a = test_arena();
    struct simdisk *disk[2];
    struct base b;
    struct rig *r;
    struct err e = {0};

    (void)state;
    make_base(&b);
    r = begin(&b, a, disk);
    must(node_revoke(r->nodes[1].node, KEY_ACTS, os_now(r->nodes[1].os), (struct bytes){0}, &e),
         &e);
    work_together(r, "after a theft");
    check_key(r, KEY_ACTS, "revoked");
    finish(r, disk);
    simdisk_free(b.disk[0]);
    simdisk_free(b.disk[1]);
    arena_free(a);
}

/* The power goes at the n-th change to the disk, for every n. */
static void crash_anywhere(void **state)
{
    static const enum key_role roles[] = {KEY_ACTS, KEY_CHECKPOINTS, KEY_TLS};
    struct base b;
    bool ended = false;
    uint64_t n;

    (void)state;
    make_base(&b);
    for (n = 1; !ended; n++) {
        struct arena *a = test_arena();
        struct simdisk *disk[2], *after;
        struct rig *r = begin(&b, a, disk);
        enum key_role role = roles[n % 3];
        char what[64];
        struct err e = {0};
        snprintf(what, sizeof what, "power off at change %llu", (unsigned long long)n);
        simdisk_fail(disk[1], n, SIMDISK_POWER);
        node_rotate(r->nodes[1].node, role, (struct bytes){0}, &e);
        ended = !simdisk_failed(disk[1]);
        after = simdisk_crash(disk[1], n);
        rig_stop(r, 1);
        simdisk_free(disk[1]);
        disk[1] = after;
        r->nodes[1].os = simdisk_os(after);
        err_clear(&e);
        if (!rig_open(&r->nodes[1], &e))
            fail_msg("%s: it does not start: %s", what, e.text);
        work_together(r, what);
        check_key(r, role, what);
        finish(r, disk);
        arena_free(a);
    }
    assert_true(n > 10);
    print_message("%llu moments\n", (unsigned long long)n);
    simdisk_free(b.disk[0]);
    simdisk_free(b.disk[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role),
        cmocka_unit_test(revoked),
        cmocka_unit_test(crash_anywhere),
    };

    return cmocka_run_group_tests_name("rotate", tests, NULL, NULL);
}
