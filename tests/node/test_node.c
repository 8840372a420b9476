/* Nodes among themselves: enrolment, agreements, visits, absence, restored folders, lies. */
#include "node/node_rig.h"

#include "tlog/evidence.h"

struct fixture {
    struct arena *arena;
    char *dir;
    struct rig *rig;
};

static const char *const names[] = {"north", "south", "west"};

static struct fixture *setup(size_t n)
{
    struct arena *a = test_arena();
    struct err e = {0};
    struct fixture *f = arena_get(a, sizeof *f, &e);

    f->arena = a;
    f->dir = test_dir(a);
    f->rig = rig_new(a, f->dir, names, NULL, n);
    return f;
}

static void teardown(struct fixture *f)
{
    char *dir = f->dir;

    rig_free(f->rig);
    test_dir_remove(dir);
    arena_free(f->arena);
}

static void visit_ok(struct rig *r, size_t from, size_t to, struct node_report *report)
{
    struct err e = {0};

    must(rig_visit(r, from, to, report, &e), &e);
}

/* ---- together ----------------------------------------------------------------------------------
 */

static void two_agree_and_share(void **state)
{
    struct fixture *f = setup(2);
    struct rig *r = f->rig;
    struct node_report report;
    struct record_head head;
    struct err e = {0};

    (void)state;
    rig_agree(r);
    must(rig_say(r, 0, "one", &e) && rig_say(r, 0, "two", &e), &e);
    visit_ok(r, 1, 0, &report);
    assert_int_equal(report.pulled_acts, 2);
    assert_int_equal(report.cosigned, 1);
    assert_true(report.complete);
    head = rig_head(r, 1, 0);
    assert_int_equal(head.size, 3);
    /* the cosignature was delivered: north knows that south holds it */
    head = rig_head(r, 0, 0);
    assert_int_equal(head.cosigned, 3);
    visit_ok(r, 1, 0, &report);
    assert_int_equal(report.pulled_acts + report.cosigned + report.pushed_bytes, 0);
    teardown(f);
}

static void pushed_to_who_cannot_reach_us(void **state)
{
    struct fixture *f = setup(2);
    struct rig *r = f->rig;
    struct node_report report;
    struct err e = {0};

    (void)state;
    rig_agree(r);
    must(rig_say(r, 0, "pushed", &e), &e);
    visit_ok(r, 0, 1, &report);
    assert_true(report.pushed_bytes > 0);
    assert_int_equal(rig_head(r, 1, 0).size, 2);
    /* and their cosignature came back in the answer */
    assert_int_equal(report.cosignatures, 1);
    assert_int_equal(rig_head(r, 0, 0).cosigned, 2);
    teardown(f);
}

static void three_agree(void **state)
{
    struct fixture *f = setup(3);
    struct rig *r = f->rig;
    struct node_report report;
    struct err e = {0};

    (void)state;
    rig_agree(r);
    must(rig_say(r, 0, "for all", &e), &e);
    visit_ok(r, 1, 0, &report);
    /* north goes away: west gets north's act from south */
    r->nodes[0].away = true;
    visit_ok(r, 2, 1, &report);
    assert_int_equal(rig_head(r, 2, 0).size, 2);
    r->nodes[0].away = false;
    rig_settle(r);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(rig_head(r, i, k).size, k == 0 ? 2 : 1);
    teardown(f);
}

static void away_and_back(void **state)
{
    struct fixture *f = setup(2);
    struct rig *r = f->rig;
    struct node_report report;
    struct node_status status;
    struct err e = {0};
    uint32_t wait;

    (void)state;
    rig_agree(r);
    r->nodes[1].away = true;
    for (int i = 0; i < 100; i++)
        must(rig_say(r, 0, "while you were out", &e), &e);
    for (int i = 0; i < 5; i++)
        must_fail(rig_visit(r, 0, 1, &report, &e), &e, ERR_IO, "no connection");
    must(node_status(r->nodes[0].node, f->arena, &status, &e), &e);
    assert_int_equal(status.agreements_n, 1);
    assert_int_equal(status.agreements[0].logs[0].unacknowledged, 100);
    assert_int_equal(status.agreements[0].logs[1].failures, 5);
    assert_non_null(strstr(status.agreements[0].logs[1].trouble, "no connection"));
    node_sync(r->nodes[0].node, false, &wait); /* backed off: nothing is due for seconds */
    assert_true(wait > 5000 && wait < 25000);
    rig_stop(r, 1);
    rig_start(r, 1);
    r->nodes[1].away = false;
    node_sync(r->nodes[1].node, true, &wait);
    assert_int_equal(rig_head(r, 1, 0).size, 101);
    assert_int_equal(rig_head(r, 0, 0).cosigned, 101);
    /* they were heard: the visit that failed is due at once */
    node_sync(r->nodes[0].node, false, &wait);
    must(node_status(r->nodes[0].node, f->arena, &status, &e), &e);
    assert_int_equal(status.agreements[0].logs[1].failures, 0);
    assert_int_equal(status.agreements[0].logs[0].unacknowledged, 0);
    teardown(f);
}

/* ---- who may what
 * --------------------------------------------------------------------------------- */

static void enrolment(void **state)
{
    struct fixture *f = setup(2);
    struct rig *r = f->rig;
    struct node *north = r->nodes[0].node, *south = r->nodes[1].node;
    struct bytes challenge, answer, note = node_card(south)->note, bad;
    const struct node_peer *p;
    struct err e = {0};

    (void)state;
    p = node_peer(north, BYTES("south"));
    assert_int_equal(p->state, NODE_ENROLLED);
    assert_true(p->online);
    must_fail(node_card_import(north, node_card(north)->note, NULL, &e), &e, ERR_DENIED, "our own");
    must(arena_copy(f->arena, note, &bad, &e), &e);
    ((uint8_t *)(uintptr_t)bad.p)[bad.n / 2] ^= 1;
    assert_false(node_card_import(north, bad, NULL, &e));
    assert_null(node_peer(north, BYTES("east")));
    must_fail(node_enrol(north, BYTES("east"), &e), &e, ERR_MISSING, NULL);
    /* by file */
    must(node_challenge_make(north, BYTES("south"), f->arena, &challenge, &e), &e);
    must_fail(node_challenge_answer(north, challenge, f->arena, &answer, &e), &e, ERR_DENIED,
              "another party");
    must(node_challenge_answer(south, challenge, f->arena, &answer, &e), &e);
    must(node_challenge_accept(north, answer, &p, &e), &e);
    assert_false(p->online);
    must_fail(node_challenge_accept(north, answer, &p, &e), &e, ERR_MISSING, NULL); /* once only */
    must(node_challenge_make(north, BYTES("south"), f->arena, &challenge, &e), &e);
    must_fail(node_challenge_accept(north, answer, &p, &e), &e, ERR_PROOF, "another challenge");
    rig_stop(r, 0);
    rig_start(r, 0);
    assert_int_equal(node_peer(r->nodes[0].node, BYTES("south"))->state, NODE_ENROLLED);
    teardown(f);
}

static void agreement_needs_enrolled_cards(void **state)
{
    struct fixture *f = setup(2);
    struct rig *r = f->rig;
    struct fixture *g = setup(3);
    const struct card *cards[2] = {node_card(r->nodes[0].node), node_card(g->rig->nodes[2].node)};
    struct bytes json;
    struct err e = {0};

    (void)state;
    must(agreement_template("bilateral", cards, 2, os_system(), f->arena, &json, &e), &e);
    must_fail(node_propose(r->nodes[0].node, json, r->id, &e), &e, ERR_DENIED, "not enrolled");
    must(node_card_import(r->nodes[0].node, cards[1]->note, NULL, &e), &e);
    must_fail(node_propose(r->nodes[0].node, json, r->id, &e), &e, ERR_DENIED, "not enrolled");
    teardown(g);
    teardown(f);
}

struct ask {
    const char *name;
    enum http_method method;
    const char *target; /* %s: the agreement */
    const char *body;
    int who;                      /* -1: no certificate; else which node's key */
    unsigned as_member, as_other; /* the status */
};
static const struct ask asks[] = {
    {"the card, by anybody", HTTP_GET, "/entente/v1/card", "", -1, 200, 200},
    {"heads, by a party", HTTP_GET, "/entente/v1/heads/%s", "", 1, 200, 404},
    {"heads, by nobody", HTTP_GET, "/entente/v1/heads/%s", "", -1, 404, 404},
    {"heads of what is not there", HTTP_GET, "/entente/v1/heads/0123", "", 1, 404, 404},
    {"a piece", HTTP_GET, "/entente/v1/sync/%s/north?from=0", "", 1, 200, 404},
    {"a piece of nobody's log", HTTP_GET, "/entente/v1/sync/%s/east", "", 1, 404, 404},
    {"a piece from nowhere", HTTP_GET, "/entente/v1/sync/%s/north?from=x", "", 1, 400, 404},
    {"a piece from twice", HTTP_GET, "/entente/v1/sync/%s/north?from=1&from=1", "", 1, 400, 404},
    {"a piece from beyond", HTTP_GET, "/entente/v1/sync/%s/north?from=99", "", 1, 200, 404},
    {"garbage as a piece", HTTP_POST, "/entente/v1/sync/%s/south", "garbage", 1, 422, 404},
    {"a piece of our own log", HTTP_POST, "/entente/v1/sync/%s/north", "x", 1, 403, 404},
    {"garbage as a cosignature", HTTP_POST, "/entente/v1/cosigned/%s", "garbage", 1, 422, 404},
    {"what is held of a log", HTTP_GET, "/entente/v1/held/%s/south", "", 1, 200, 404},
    {"the checkpoint", HTTP_GET, "/entente/v1/log/%s/north/checkpoint", "", 1, 200, 404},
    {"a tile", HTTP_GET, "/entente/v1/log/%s/north/tile/0/000.p/1", "", 1, 200, 404},
    {"entries", HTTP_GET, "/entente/v1/log/%s/north/tile/entries/000.p/1", "", 1, 200, 404},
    {"a tile that is not", HTTP_GET, "/entente/v1/log/%s/north/tile/0/001", "", 1, 404, 404},
    {"a tile that climbs", HTTP_GET, "/entente/v1/log/%s/north/tile/../../fence", "", 1, 404, 404},
    {"a tile in other digits", HTTP_GET, "/entente/v1/log/%s/north/tile/0/0000", "", 1, 404, 404},
    {"a short challenge", HTTP_POST, "/entente/v1/challenge", "31 bytes", -1, 400, 400},
    {"a proposal by nobody", HTTP_POST, "/entente/v1/agreements", "{}", -1, 403, 403},
    {"a proposal that is none", HTTP_POST, "/entente/v1/agreements", "{}", 1, 422, 403},
    {"a card that is none", HTTP_POST, "/entente/v1/card", "card", -1, 422, 422},
    {"deleting", HTTP_DELETE, "/entente/v1/card", "", 1, 405, 405},
    {"another place", HTTP_GET, "/entente/v1/nothing", "", 1, 404, 404},
    {"the root", HTTP_GET, "/", "", 1, 404, 404},
    {"below a card", HTTP_GET, "/entente/v1/card/x", "", 1, 404, 404},
    {"an unknown witness path", HTTP_GET, "/witness/x", "", -1, 404, 404},
    {"add-checkpoint by GET", HTTP_GET, "/witness/add-checkpoint", "", -1, 405, 405},
};

static unsigned ask_as(struct rig *r, const struct ask *q, const struct sign_public *client)
{
    struct sign_public server = node_card(r->nodes[0].node)->keys[KEY_TLS];
    struct http_direct d = {
        .handler = node_handler(r->nodes[0].node), .server = &server, .client = client};
    char target[256];
    struct http_reply reply;
    struct err e = {0};
    size_t at = bytes_find(bytes_text(q->target), BYTES("%s"));
    struct http_call call = {.method = q->method,
                             .pin = &server,
                             .target = target,
                             .body = bytes_text(q->body),
                             .arena = r->arena,
                             .body_most = 1 << 20};

    if (at == SIZE_MAX)
        snprintf(target, sizeof target, "%s", q->target);
    else
        snprintf(target, sizeof target, "%.*s%s%s", (int)at, q->target, r->id, q->target + at + 2);
    must(http_call_direct(&d, &call, &reply, &e), &e);
    return reply.status;
}

static void who_may_ask(void **state)
{
    struct fixture *f = setup(2);
    struct fixture *g = setup(2); /* other parties of the same names */
    struct sign_public stranger = node_card(g->rig->nodes[1].node)->keys[KEY_TLS];

    (void)state;
    rig_agree(f->rig);
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        const struct ask *q = &asks[i];
        struct sign_public member =
            node_card(f->rig->nodes[q->who < 0 ? 0 : q->who].node)->keys[KEY_TLS];
        unsigned status = ask_as(f->rig, q, q->who < 0 ? NULL : &member);
        if (q->as_member ? status != q->as_member : status < 400)
            fail_msg("%s: %u, not %u", q->name, status, q->as_member);
        status = ask_as(f->rig, q, q->who < 0 ? NULL : &stranger);
        if (status != q->as_other)
            fail_msg("%s, by a stranger: %u, not %u", q->name, status, q->as_other);
    }
    teardown(g);
    teardown(f);
}

static void another_key_answers(void **state)
{
    struct fixture *f = setup(2), *g = setup(2);
    struct rig *r = f->rig;
    struct node *south = r->nodes[1].node;
    struct node_report report;
    struct err e = {0};

    (void)state;
    rig_agree(r);
    r->nodes[1].node = g->rig->nodes[1].node; /* an impostor at south's address */
    must_fail(rig_visit(r, 0, 1, &report, &e), &e, ERR_PROOF, NULL);
    r->nodes[1].node = south;
    visit_ok(r, 0, 1, &report);
    teardown(g);
    teardown(f);
}

/* ---- restored folders
 * ------------------------------------------------------------------------------- */

static void restored_backup(void **state)
{
    struct fixture *f = setup(2);
    struct rig *r = f->rig;
    struct node_report report;
    struct node_status status;
    struct err e = {0};
    char *backup;

    (void)state;
    rig_agree(r);
    must(rig_say(r, 1, "kept", &e), &e);
    rig_settle(r);
    backup = arena_format(f->arena, &e, "%s/backup", f->dir);
    rig_stop(r, 1);
    rig_copy_dir(f->arena, r->nodes[1].dir, backup);
    rig_start(r, 1);
    must(rig_say(r, 1, "lost", &e), &e);
    rig_settle(r);
    rig_stop(r, 1);
    rig_copy_dir(f->arena, backup, r->nodes[1].dir);
    rig_start(r, 1);
    /* nothing may be signed ... */
    must_fail(rig_say(r, 1, "fork", &e), &e, ERR_DENIED, "restored backup");
    must(node_status(r->nodes[1].node, f->arena, &status, &e), &e);
    assert_string_equal(node_fence_word(status.agreements[0].fence), "unsure");
    assert_int_equal(rig_head(r, 1, 1).size, 2);
    /* ... until north has told what it holds, and south has taken it back */
    visit_ok(r, 1, 0, &report);
    assert_false(report.fenced);
    assert_int_equal(rig_head(r, 1, 1).size, 3);
    err_clear(&e);
    must(rig_say(r, 1, "and on", &e), &e);
    rig_settle(r);
    assert_int_equal(rig_head(r, 0, 1).size, 4);
    assert_false(rig_head(r, 0, 1).stopped);
    teardown(f);
}

/* The first to answer may know little: all have to be asked. */
static void restored_among_three(void **state)
{
    struct fixture *f = setup(3);
    struct rig *r = f->rig;
    struct node_report report;
    struct err e = {0};
    char *backup;

    (void)state;
    rig_agree(r);
    backup = arena_format(f->arena, &e, "%s/backup", f->dir);
    rig_stop(r, 0);
    rig_copy_dir(f->arena, r->nodes[0].dir, backup);
    rig_start(r, 0);
    must(rig_say(r, 0, "only south has this", &e), &e);
    visit_ok(r, 1, 0, &report);
    rig_stop(r, 0);
    rig_copy_dir(f->arena, backup, r->nodes[0].dir);
    rig_start(r, 0);
    visit_ok(r, 0, 2, &report); /* west knows nothing of it */
    assert_true(report.fenced);
    must_fail(rig_say(r, 0, "fork", &e), &e, ERR_DENIED, NULL);
    visit_ok(r, 0, 1, &report);
    assert_false(report.fenced);
    assert_int_equal(rig_head(r, 0, 0).size, 2);
    teardown(f);
}

/* ---- lies
 * ------------------------------------------------------------------------------------------- */

/* South with two faces: both folders say what they like with the same keys. */
static void two_faces(struct fixture *f, struct rig *r, bool same_size, char evidence[256])
{
    struct node_report report = {0};
    struct err e = {0};
    char *face = arena_format(f->arena, &e, "%s/face", f->dir);
    struct record *record;

    rig_agree(r);
    must(rig_say(r, 1, "before", &e), &e);
    rig_settle(r);
    rig_stop(r, 1);
    rig_copy_dir(f->arena, r->nodes[1].dir, face);
    rig_start(r, 1);
    must(rig_say(r, 1, "one face", &e), &e);
    rig_settle(r);
    rig_stop(r, 1);
    rig_copy_dir(f->arena, face, r->nodes[1].dir);
    rig_start(r, 1);
    record = node_hold(r->nodes[1].node, r->id, &e);
    must(record && record_fence_force(record, &e), &e); /* south insists */
    node_release(r->nodes[1].node, record);
    must(rig_say(r, 1, "the other face", &e), &e);
    if (!same_size)
        must(rig_say(r, 1, "and more", &e), &e);
    assert_false(rig_visit(r, 0, 1, &report, &e));
    memcpy(evidence, report.evidence, sizeof report.evidence);
    assert_true(rig_head(r, 0, 1).stopped);
}

static void check_evidence(struct fixture *f, struct rig *r, const char *name)
{
    char *path;
    struct bytes file;
    struct evidence v;
    struct err e = {0};

    assert_true(name[0]);
    path = arena_format(f->arena, &e, "%s/agreements/%s/evidence/%s", r->nodes[0].dir, r->id, name);
    must(os_read_file(os_system(), path, LIMIT_EVIDENCE_BYTES, f->arena, &file, &e), &e);
    must(evidence_verify(file, NULL, f->arena, &v, &e), &e);
    assert_memory_equal(v.accused.public.b, node_card(r->nodes[1].node)->keys[KEY_CHECKPOINTS].b,
                        32);
}

static void equivocation_at_one_size(void **state)
{
    struct fixture *f = setup(2);
    struct node_report report;
    struct err e = {0};
    char evidence[256] = "";

    (void)state;
    two_faces(f, f->rig, true, evidence);
    check_evidence(f, f->rig, evidence);
    must_fail(rig_visit(f->rig, 0, 1, &report, &e), &e, ERR_DENIED, "convicted");
    teardown(f);
}

static void equivocation_across_sizes(void **state)
{
    struct fixture *f = setup(2);
    char evidence[256] = "";

    (void)state;
    two_faces(f, f->rig, false, evidence);
    check_evidence(f, f->rig, evidence);
    /* it stays so after a restart */
    rig_stop(f->rig, 0);
    rig_start(f->rig, 0);
    assert_true(rig_head(f->rig, 0, 1).stopped);
    teardown(f);
}

/* North saw one face and west the other: they find out by talking to each other. */
static void gossip_finds_two_faces(void **state)
{
    struct fixture *f = setup(3);
    struct rig *r = f->rig;
    struct node_report report;
    struct record *record;
    struct err e = {0};
    char *face = arena_format(f->arena, &e, "%s/face", f->dir);

    (void)state;
    rig_agree(r);
    rig_stop(r, 1);
    rig_copy_dir(f->arena, r->nodes[1].dir, face);
    rig_start(r, 1);
    must(rig_say(r, 1, "to north", &e), &e);
    visit_ok(r, 0, 1, &report);
    rig_stop(r, 1);
    rig_copy_dir(f->arena, face, r->nodes[1].dir);
    rig_start(r, 1);
    record = node_hold(r->nodes[1].node, r->id, &e);
    must(record && record_fence_force(record, &e), &e);
    node_release(r->nodes[1].node, record);
    must(rig_say(r, 1, "to west", &e) && rig_say(r, 1, "more to west", &e), &e);
    visit_ok(r, 2, 1, &report);
    rig_visit(r, 0, 2, &report, &e);
    assert_true(rig_head(r, 0, 1).stopped);
    check_evidence(f, r, report.evidence);
    assert_false(rig_head(r, 0, 2).stopped); /* the messenger is not blamed */
    teardown(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_agree_and_share),
        cmocka_unit_test(pushed_to_who_cannot_reach_us),
        cmocka_unit_test(three_agree),
        cmocka_unit_test(away_and_back),
        cmocka_unit_test(enrolment),
        cmocka_unit_test(agreement_needs_enrolled_cards),
        cmocka_unit_test(who_may_ask),
        cmocka_unit_test(another_key_answers),
        cmocka_unit_test(restored_backup),
        cmocka_unit_test(restored_among_three),
        cmocka_unit_test(equivocation_at_one_size),
        cmocka_unit_test(equivocation_across_sizes),
        cmocka_unit_test(gossip_finds_two_faces),
    };
    return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
