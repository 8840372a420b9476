/* Cosignatures given to each other, and states compared: what three honest nodes come to, and what
 * is kept when one comes to something else. */
#include "node/node_rig.h"

#include "node/node_impl.h"
#include "stix/json.h"
#include "support/simdisk.h"

/* A request of `from` to `to`, through the desk. */
static struct hash ask(struct rig *r, size_t from, size_t to)
{
    struct json_maker m = json_maker(r->arena);
    struct err e = {0};
    struct desk *d = node_desk(r->nodes[from].node, r->id, &e);
    struct json *body = desk_body(d, &m, CASES_REQUEST, STIX_TLP_AMBER), *items, *item;
    struct desk_saying s = {.kind = CASES_REQUEST, .tlp = STIX_TLP_AMBER};
    struct record_placed placed;
    struct record *record;

    json_set_text(&m, body, "request_type", "info");
    json_set_text(&m, body, "urgency", "normal");
    json_set_string(&m, body, "addressee", rig_slug(r, to));
    json_set_text(&m, body, "purpose", "incident-response");
    json_set_text(&m, body, "intended_use", "case 1");
    json_set_bool(&m, body, "keep_confidential", false);
    json_set_bool(&m, body, "exercise", false);
    items = json_set_array(&m, body, "items");
    item = json_new_object(&m);
    json_set_text(&m, item, "ask", "what is it?");
    json_add(&m, items, item);
    must(json_made(&m, body, &s.body, &e), &e);
    must((record = node_hold(r->nodes[from].node, r->id, &e)) != NULL, &e);
    must(desk_say(d, &s, &placed, &e), &e);
    node_release(r->nodes[from].node, record);
    return placed.text_hash;
}

static struct desk_state state_of(struct rig *r, size_t i)
{
    struct err e = {0};
    struct desk *d = node_desk(r->nodes[i].node, r->id, &e);
    struct desk_state s;

    must(desk_begin(d, &e) != NULL, &e);
    must(desk_state(d, &s, &e), &e);
    desk_end(d);
    return s;
}

static const struct node_log_status *peer_of(struct rig *r, size_t at, size_t of)
{
    struct node_status *s = arena_get(r->arena, sizeof *s, NULL);
    struct err e = {0};

    must(node_status(r->nodes[at].node, r->arena, s, &e), &e);
    for (size_t i = 0; i < s->agreements[0].logs_n; i++)
        if (bytes_equal(s->agreements[0].logs[i].slug, rig_slug(r, of)))
            return &s->agreements[0].logs[i];
    fail();
    return NULL;
}

static char *dir; /* of the rig of the test that runs */

static void end_rig(struct rig *r)
{
    struct arena *a = r->arena;

    rig_free(r);
    test_dir_remove(dir);
    arena_free(a);
}

static struct rig *new_rig(size_t n)
{
    static const char *const slugs[] = {"north", "south", "west"};
    struct arena *a = test_arena();
    struct rig *r;

    dir = test_dir(a);
    r = rig_new(a, dir, slugs, NULL, n);

    rig_agree(r);
    rig_settle(r);
    return r;
}

static void settle(struct rig *r)
{
    for (int i = 0; i < 4; i++)
        rig_settle(r);
}

static void three_come_to_the_same(void **state)
{
    struct rig *r = new_rig(3);
    struct desk_state north, other;

    (void)state;
    ask(r, 0, 1);
    settle(r);
    ask(r, 2, 0);
    ask(r, 1, 2);
    settle(r);
    north = state_of(r, 0);
    assert_int_equal(north.acts, 3);
    assert_int_equal(north.matters, 3);
    for (size_t i = 1; i < 3; i++) {
        other = state_of(r, i);
        assert_true(hash_equal(&north.inputs, &other.inputs));
        assert_true(hash_equal(&north.root, &other.root));
        assert_int_equal(peer_of(r, 0, i)->compared, NODE_SAME);
        assert_int_equal(peer_of(r, i, 0)->compared, NODE_SAME);
    }
    end_rig(r);
}

static void the_same_after_a_restart(void **state)
{
    struct rig *r = new_rig(2);
    struct desk_state before, after;

    (void)state;
    ask(r, 0, 1);
    settle(r);
    before = state_of(r, 1);
    rig_stop(r, 1);
    rig_start(r, 1);
    after = state_of(r, 1);
    assert_true(hash_equal(&before.inputs, &after.inputs));
    assert_true(hash_equal(&before.root, &after.root));
    settle(r);
    assert_int_equal(peer_of(r, 0, 1)->compared, NODE_SAME);
    end_rig(r);
}

/* ---- a disk that has forgotten when it last cosigned ---- */

#define HOURS(n) ((n)*3600 * US_PER_S)

static void put_disk(struct rig *r, size_t i, struct simdisk **at, struct simdisk *fresh)
{
    struct err e = {0};

    rig_stop(r, i);
    simdisk_free(*at);
    *at = fresh;
    r->nodes[i].os = simdisk_os(fresh);
    must(rig_open(&r->nodes[i], &e) != NULL, &e);
}

static int64_t last_cosign(struct rig *r)
{
    return record_last_cosign(rig_record(r, 0), rig_slug(r, 1));
}

/* What it forgot was the same head cosigned again: no note with the newest head tells, only the
 * cosignatures that its peer keeps. Its clock is behind, too. */
static void times_do_not_go_back_with_a_disk(void **state)
{
    static const char *const slugs[] = {"north", "south"};
    struct simdisk *disk[2] = {simdisk_new(1), simdisk_new(2)}, *backup;
    const struct os *machines[] = {simdisk_os(disk[0]), simdisk_os(disk[1])};
    struct arena *a = test_arena();
    struct rig *r = rig_new(a, "nodes", slugs, machines, 2);
    struct desk_state north, south;
    struct node_report report;
    struct err e = {0};
    int64_t forgotten;

    (void)state;
    rig_agree(r);
    must(rig_say(r, 1, "one", &e), &e);
    rig_settle(r);
    backup = simdisk_copy(disk[0], 3);
    for (size_t i = 0; i < 2; i++)
        simdisk_advance(disk[i], HOURS(25));
    rig_settle(r);
    forgotten = last_cosign(r);
    put_disk(r, 0, &disk[0], backup);
    assert_true(last_cosign(r) < forgotten);
    simdisk_advance(disk[0], HOURS(1));
    must(rig_say(r, 1, "two", &e), &e);
    rig_visit(r, 0, 1, &report, &e);
    assert_int_equal(record_fence(rig_record(r, 0)), FENCE_OK);
    assert_int_equal(rig_head(r, 0, 1).size, rig_head(r, 1, 1).size);
    assert_true(last_cosign(r) == forgotten);
    assert_true(rig_head(r, 1, 1).cosigned < rig_head(r, 1, 1).size);
    /* Nor does a crash forget it, now that the fence is open. */
    put_disk(r, 0, &disk[0], simdisk_crash(disk[0], 4));
    assert_int_equal(record_fence(rig_record(r, 0)), FENCE_OK);
    assert_true(last_cosign(r) == forgotten);
    for (size_t i = 0; i < 2; i++)
        simdisk_advance(disk[i], HOURS(26));
    settle(r);
    assert_true(last_cosign(r) > forgotten);
    assert_int_equal(rig_head(r, 1, 1).cosigned, rig_head(r, 1, 1).size);
    north = state_of(r, 0);
    south = state_of(r, 1);
    assert_true(hash_equal(&north.inputs, &south.inputs));
    assert_true(hash_equal(&north.root, &south.root));
    rig_free(r);
    simdisk_free(disk[0]);
    simdisk_free(disk[1]);
    arena_free(a);
}

/* ---- a program that comes to something else ---- */

struct liar {
    bool lies;
    unsigned bucket; /* in which the lie is */
    unsigned asked;  /* for parts of the state */
};

/* South's root and the digests on the way to one act are other ones; its inputs are the truth. */
static bool other_root(void *self, struct rig_node *from, struct rig_node *to,
                       const struct http_call *call, struct http_reply *reply, struct err *e)
{
    struct liar *l = self;
    struct state_page page;

    if (!rig_pass(from, to, call, reply, e))
        return false;
    if (!l->lies || strcmp(to->slug, "south") || !strstr(call->target, "/state/") ||
        reply->status != 200)
        return true;
    must(state_page_parse(reply->body, call->arena, &page, e), e);
    page.root.b[0] ^= 1;
    if (strchr(call->target, '?')) {
        l->asked++;
        for (size_t i = 0; i < page.n; i++)
            page.pair[i].digest.b[0] ^= page.n < CASES_BUCKETS || i == l->bucket;
    }
    must(state_page_print(&page, call->arena, &reply->body, e), e);
    return true;
}

static bool file_there(struct rig *r, size_t at, struct bytes *text)
{
    struct err e = {0};
    char *path =
        arena_format(r->arena, &e, "%s/agreements/%s/differs-south.txt", r->nodes[at].dir, r->id);

    return os_read_file(r->nodes[at].os, path, 4096, r->arena, text, NULL);
}

static void another_root_is_an_alarm_that_names_the_act(void **state)
{
    struct rig *r = new_rig(2);
    struct liar liar = {0};
    struct hash id;
    char hex[65] = {0};
    struct node_report report;
    struct bytes text;
    struct err e = {0};

    (void)state;
    r->wire = (struct rig_wire){other_root, &liar};
    id = ask(r, 0, 1);
    liar.bucket = (unsigned)id.b[0] << 4 | id.b[1] >> 4;
    settle(r);
    assert_int_equal(peer_of(r, 0, 1)->compared, NODE_SAME);
    assert_false(file_there(r, 0, &text));
    liar.lies = true;
    must(rig_visit(r, 0, 1, &report, &e), &e);
    assert_int_equal(peer_of(r, 0, 1)->compared, NODE_DIFFERS);
    hex_encode(hex, id.b, 32);
    assert_string_equal(peer_of(r, 0, 1)->differs, hex);
    assert_int_equal(liar.asked, 3); /* buckets, one bucket, one matter */
    assert_true(file_there(r, 0, &text));
    assert_true(bytes_find(text, bytes_text(peer_of(r, 0, 1)->differs)) != SIZE_MAX);
    /* Said once; and over once it is the same again, but the file stays. */
    must(rig_visit(r, 0, 1, &report, &e), &e);
    assert_int_equal(liar.asked, 3);
    liar.lies = false;
    must(rig_visit(r, 0, 1, &report, &e), &e);
    assert_int_equal(peer_of(r, 0, 1)->compared, NODE_SAME);
    assert_true(file_there(r, 0, &text));
    end_rig(r);
}

/* ---- pages as foreign bytes ---- */

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
static const struct row {
    const char *name, *text;
    bool state; /* else cosignatures */
    const char *says;
} rows[] = {
    {"a page of nothing", "entente/cosignatures/v1\nnext 0 more 0\nend\n", false, NULL},
    {"a note", "entente/cosignatures/v1\nnext 7 more 1\nnote 2\na\nend\n", false, NULL},
    {"a note that is longer than the page",
     "entente/cosignatures/v1\nnext 7 more 1\nnote 9\na\nend\n", false, "expected"},
    {"a note of nothing", "entente/cosignatures/v1\nnext 7 more 1\nnote 0\nend\n", false,
     "\"note\""},
    {"more that is neither yes nor no", "entente/cosignatures/v1\nnext 7 more 2\nend\n", false,
     "0 or 1"},
    {"bytes behind the end", "entente/cosignatures/v1\nnext 7 more 1\nend\nx", false, "expected"},
    {"no end", "entente/cosignatures/v1\nnext 7 more 1\n", false, "expected"},
    {"a state", "entente/state/v1\ninputs " D64 "\nroot " D64 "\nend\n", true, NULL},
    {"a state with a part",
     "entente/state/v1\ninputs " D64 "\nroot " D64 "\npair " D64 " " D64 "\nend\n", true, NULL},
    {"a short digest", "entente/state/v1\ninputs " D64 "\nroot 01\nend\n", true, "\"root\""},
    {"a part with one digest",
     "entente/state/v1\ninputs " D64 "\nroot " D64 "\npair " D64 "\nend\n", true, "\"pair\""},
    {"roots before inputs", "entente/state/v1\nroot " D64 "\ninputs " D64 "\nend\n", true,
     "\"inputs\""},
};

static void parses(void **state)
{
    const struct row *r = *state;
    struct arena *a = test_arena();
    struct bytes in = bytes_text(r->text), out;
    struct dates_page dates;
    struct state_page page;
    struct err e = {0};
    bool ok = r->state ? state_page_parse(in, a, &page, &e) : dates_parse(in, a, &dates, &e);

    if (r->says) {
        must_fail(ok, &e, ERR_INPUT, r->says);
    } else {
        must(ok, &e);
        must(r->state ? state_page_print(&page, a, &out, &e) : dates_print(&dates, a, &out, &e),
             &e);
        assert_true(bytes_equal(in, out));
    }
    arena_free(a);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows + 8];
    size_t n = 0;

    for (; n < sizeof rows / sizeof *rows; n++)
        tests[n] = (struct CMUnitTest)ROW_TEST(parses, rows[n]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(three_come_to_the_same);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(times_do_not_go_back_with_a_disk);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_same_after_a_restart);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(another_root_is_an_alarm_that_names_the_act);
    crypto_init();
    return _cmocka_run_group_tests("exchange", tests, n, NULL, NULL);
}
