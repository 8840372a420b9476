/* The node as a C2SP witness: for a stranger's log by its policy file, for logs of its agreements
 * by themselves, and as the log that asks. */
#include "node/node_rig.h"

#include "tlog/evidence.h"
#include "tlog/tiles.h"
#include "tlog/witness.h"

#define ORIGIN "stranger.example/log"
#define LEAVES 32

struct stranger {
    struct arena *arena;
    struct sign_key *secret;
    struct checkpoint_key key;
    struct hash leaf[2][LEAVES]; /* two histories that part at 4 */
    struct tlog_leaves leaves[2];
};

static void make_stranger(struct stranger *s, struct arena *a, uint8_t seed)
{
    uint8_t bytes[32];
    struct err e = {0};

    memset(bytes, seed, sizeof bytes);
    s->arena = a;
    s->secret = sign_key_of_seed(bytes, &e);
    must(s->secret && checkpoint_key_init(&s->key, BYTES(ORIGIN), s->secret, &e), &e);
    for (int h = 0; h < 2; h++) {
        for (size_t i = 0; i < LEAVES; i++) {
            uint8_t entry[2] = {(uint8_t)i, h && i >= 4};
            tlog_leaf_hash(bytes_of(entry, sizeof entry), &s->leaf[h][i]);
        }
        s->leaves[h] = (struct tlog_leaves){s->leaf[h], LEAVES};
    }
}

static struct bytes note_of(struct stranger *s, int history, uint64_t size)
{
    struct tlog_source source = tlog_leaves_source(&s->leaves[history]);
    struct checkpoint c = {.origin = ORIGIN, .size = size};
    struct bytes note = {0};
    struct err e = {0};

    must(tlog_source_root(&source, size, &c.root, &e) &&
             checkpoint_sign(&s->key, &c, s->arena, &note, &e),
         &e);
    return note;
}

static struct bytes request_of(struct stranger *s, int history, uint64_t old, uint64_t size,
                               uint64_t proof_from)
{
    struct tlog_source source = tlog_leaves_source(&s->leaves[history]);
    struct tlog_proof proof = {0};
    struct bytes body;
    struct err e = {0};

    if (proof_from && proof_from < size)
        must(tlog_prove_consistency(&source, proof_from, size, &proof, &e), &e);
    must(witness_request_print(old, &proof, note_of(s, history, size), s->arena, &body, &e), &e);
    return body;
}

/* One after the other, on one witness. */
static const struct step {
    const char *name;
    int history;
    uint64_t old, size, proof_from;
    unsigned status;
    const char *body; /* of a conflict */
    bool restart;     /* the witness, before this step */
} steps[] = {
    {"larger old than new", 0, 6, 5, 0, 400, NULL, false},
    {"an old size, and nothing is known", 0, 3, 5, 3, 409, "0\n", false},
    {"a proof where none may be", 0, 0, 5, 3, 422, NULL, false},
    {"the first", 0, 0, 5, 0, 200, NULL, false},
    {"the first again", 0, 0, 5, 0, 409, "5\n", false},
    {"the same size", 0, 5, 5, 0, 200, NULL, false},
    {"grown", 0, 5, 8, 5, 200, NULL, false},
    {"from an earlier size", 0, 5, 9, 5, 409, "8\n", false},
    {"without its proof", 0, 8, 12, 0, 422, NULL, false},
    {"with the proof of another size", 0, 8, 12, 7, 422, NULL, false},
    {"smaller", 0, 8, 7, 0, 400, NULL, false},
    {"another history of the same size", 1, 8, 8, 0, 422, NULL, false},
    {"another history, larger", 1, 8, 12, 8, 422, NULL, false},
    {"remembered by a new process", 0, 5, 9, 5, 409, "8\n", true},
    {"and going on", 0, 8, 13, 8, 200, NULL, false},
    {"another history behind a conflict", 1, 5, 13, 5, 409, "13\n", false},
};

static void ask(struct rig *r, size_t whom, enum http_method method, const char *target,
                struct bytes body, struct http_reply *reply)
{
    struct sign_public server = node_card(r->nodes[whom].node)->keys[KEY_TLS];
    struct http_direct d = {.handler = node_handler(r->nodes[whom].node), .server = &server};
    struct http_call call = {.method = method,
                             .pin = &server,
                             .target = target,
                             .body = body,
                             .arena = r->arena,
                             .body_most = 1 << 20};
    struct err e = {0};

    must(http_call_direct(&d, &call, reply, &e), &e);
}

static void write_policy(struct rig *r, size_t whom, const struct note_key *key)
{
    char vkey[NOTE_VKEY_MAX];
    struct err e = {0};

    note_key_print(key, vkey);
    must(os_write_file(
             r->nodes[whom].os, arena_format(r->arena, &e, "%s/witness/policy", r->nodes[whom].dir),
             bytes_text(arena_format(r->arena, &e, "log %s\nquorum none\n", vkey)), 0, &e) &&
             node_reload(r->nodes[whom].node, &e),
         &e);
}

static void check_line(struct rig *r, struct stranger *s, const struct step *t, struct bytes body)
{
    char vkey[NOTE_VKEY_MAX];
    struct note_key key;
    struct note note;
    struct cosignature *c;
    size_t n = 0;
    struct err e = {0};

    must(node_witness_vkey(r->nodes[0].node, vkey, &e) &&
             note_key_parse(bytes_text(vkey), &key, &e) &&
             note_parse(note_of(s, t->history, t->size), r->arena, &note, &e) &&
             witness_response_parse(body, &note, &key, 1, r->arena, &c, &n, &e),
         &e);
    assert_int_equal(n, 1);
}

static void all_status_codes(void **state)
{
    static const char *const names[] = {"watcher"};
    struct arena *a = test_arena();
    char *dir = test_dir(a), hex[65], *path;
    struct rig *r = rig_new(a, dir, names, NULL, 1);
    struct stranger s = {0}, impostor = {0};
    struct http_reply reply;
    struct evidence v;
    struct bytes file;
    struct err e = {0};

    (void)state;
    make_stranger(&s, a, 1);
    make_stranger(&impostor, a, 2);
    ask(r, 0, HTTP_POST, "/witness/add-checkpoint", request_of(&s, 0, 0, 5, 0), &reply);
    assert_int_equal(reply.status, 404); /* nobody told it to */
    write_policy(r, 0, &s.key.public);
    ask(r, 0, HTTP_POST, "/witness/add-checkpoint", BYTES("old 0\n\ngarbage\n"), &reply);
    assert_int_equal(reply.status, 400);
    ask(r, 0, HTTP_POST, "/witness/add-checkpoint", request_of(&impostor, 0, 0, 5, 0), &reply);
    assert_int_equal(reply.status, 403);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const struct step *t = &steps[i];
        if (t->restart) {
            rig_stop(r, 0);
            rig_start(r, 0);
        }
        ask(r, 0, HTTP_POST, "/witness/add-checkpoint",
            request_of(&s, t->history, t->old, t->size, t->proof_from), &reply);
        if (reply.status != t->status || (t->body && !bytes_are(reply.body, t->body)))
            fail_msg("%s: %u \"%.*s\"", t->name, reply.status, BYTES_FMT(reply.body));
        if (reply.status == 409)
            assert_true(
                bytes_are(http_header_find(reply.headers, reply.header_count, "Content-Type", NULL),
                          WITNESS_CONFLICT_TYPE));
        if (reply.status == 200)
            check_line(r, &s, t, reply.body);
    }
    /* what monitors see, and what convicts */
    checkpoint_origin_hex(BYTES(ORIGIN), hex);
    ask(r, 0, HTTP_GET, arena_format(a, &e, "/witness/%s/checkpoint", hex), (struct bytes){0},
        &reply);
    assert_int_equal(reply.status, 200);
    assert_true(bytes_start_with(reply.body, ORIGIN "\n13\n"));
    path = arena_format(a, &e, "%s/witness/%s/proof.misbehaviour", r->nodes[0].dir, hex);
    must(os_read_file(os_system(), path, LIMIT_EVIDENCE_BYTES, a, &file, &e) &&
             evidence_verify(file, &s.key.public, a, &v, &e),
         &e);
    assert_true(os_exists(
        os_system(), arena_format(a, &e, "%s/witness/%s/suspect-00.note", r->nodes[0].dir, hex)));
    sign_key_free(s.secret);
    sign_key_free(impostor.secret);
    rig_free(r);
    test_dir_remove(dir);
    arena_free(a);
}

/* North and south, and west as a third whom their agreement names. */
static void outside_witness(void **state)
{
    static const char *const names[] = {"north", "south", "west"};
    struct arena *a = test_arena();
    char *dir = test_dir(a), vkey[NOTE_VKEY_MAX], tls[65] = {0}, origin[256];
    struct rig *r = rig_new(a, dir, names, NULL, 3);
    struct node *north = r->nodes[0].node;
    const struct card *cards[2] = {node_card(north), node_card(r->nodes[1].node)};
    struct node_report report;
    struct note_key key;
    struct bytes json = {0}, note;
    size_t at;
    struct err e = {0};

    (void)state;
    must(node_witness_vkey(r->nodes[2].node, vkey, &e) &&
             agreement_template("bilateral", cards, 2, os_system(), a, &json, &e),
         &e);
    hex_encode(tls, node_card(r->nodes[2].node)->keys[KEY_TLS].b, 32);
    at = bytes_find(json, BYTES("\"witnesses\": []"));
    assert_true(at != SIZE_MAX);
    json = bytes_text(arena_format(
        a, &e,
        "%.*s\"witnesses\": [{\"name\": \"west\", \"vkey\": \"%s\", \"url\": "
        "\"https://west.example:8443/witness\", \"tls\": \"%s\"}]%.*s",
        (int)at, (const char *)json.p, vkey, tls, (int)(json.n - at - 15), json.p + at + 15));
    must(node_propose(north, json, r->id, &e) && node_sign(north, r->id, &e), &e);
    must_fail(node_sync_witnesses(north, r->id, &report, &e), &e, ERR_MISSING, "witness west");
    snprintf(origin, sizeof origin, "entente/%s/north", r->id);
    must(
        note_key_make(bytes_text(origin), NOTE_ED25519, &cards[0]->keys[KEY_CHECKPOINTS], &key, &e),
        &e);
    write_policy(r, 2, &key);
    err_clear(&e);
    must(node_sync_witnesses(north, r->id, &report, &e), &e);
    assert_int_equal(report.witnessed, 1);
    must(node_sync_witnesses(north, r->id, &report, &e), &e);
    assert_int_equal(report.witnessed, 0); /* nothing new to say */
    rig_visit(r, 0, 1, &report, &e);
    err_clear(&e);
    must(node_sign(r->nodes[1].node, r->id, &e), &e);
    rig_settle(r);
    must(rig_say(r, 0, "more", &e), &e);
    rig_stop(r, 0); /* it forgets what west has seen, and is told */
    rig_start(r, 0);
    must(node_sync_witnesses(r->nodes[0].node, r->id, &report, &e), &e);
    assert_int_equal(report.witnessed, 1);
    must(record_cosigned(rig_record(r, 0), BYTES("north"), a, &note, &e), &e);
    assert_true(bytes_find(note, BYTES("west/witness ")) != SIZE_MAX);
    rig_free(r);
    test_dir_remove(dir);
    arena_free(a);
}

/* A party's log of an agreement of ours is witnessed without being asked to by a policy, and what
 * the witness said and the mirror said never contradict each other. */
static void own_agreements(void **state)
{
    static const char *const names[] = {"north", "south"};
    struct arena *a = test_arena();
    char *dir = test_dir(a);
    struct rig *r = rig_new(a, dir, names, NULL, 2);
    struct tlog_proof none = {0};
    struct http_reply reply;
    struct bytes body;
    struct err e = {0};

    (void)state;
    rig_agree(r);
    /* north's first head is cosigned by south's mirror: the witness says so */
    must(rig_say(r, 0, "more", &e), &e);
    must(witness_request_print(0, &none, rig_head(r, 0, 0).note, a, &body, &e), &e);
    ask(r, 1, HTTP_POST, "/witness/add-checkpoint", body, &reply);
    assert_int_equal(reply.status, 409);
    assert_true(bytes_are(reply.body, "1\n"));
    /* our own log is not ours to witness */
    must(witness_request_print(0, &none, rig_head(r, 1, 1).note, a, &body, &e), &e);
    ask(r, 1, HTTP_POST, "/witness/add-checkpoint", body, &reply);
    assert_int_equal(reply.status, 404);
    rig_free(r);
    test_dir_remove(dir);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_status_codes),
        cmocka_unit_test(outside_witness),
        cmocka_unit_test(own_agreements),
    };

    return cmocka_run_group_tests_name("witness", tests, NULL, NULL);
}
