/* Two nodes in one thread compare lists: no processes, no sockets, and a wire that loses and
 * repeats. */
#include "node/match.h"
#include "node_rig.h"

struct input {
    struct bytes in;
    size_t at;
};

static bool some(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct input *i = self;
    struct bytes part = bytes_part(i->in, i->at, n);

    (void)e;
    memcpy(out, part.p, part.n);
    i->at += *got = part.n;
    return true;
}

/* Names k, k + 1, ... in the folder of a session. */
static void prepare(struct rig *r, size_t i, struct match_session *s, enum match_side side,
                    unsigned from, unsigned count)
{
    struct buf b = buf_in(r->arena);
    struct input in = {{0}, 0};
    struct match_source source = {some, &in};
    struct match_counts counts;
    uint64_t twice;
    char dir[4096];
    struct err e = {0};

    for (unsigned k = from; k < from + count; k++)
        buf_format(&b, "c2-%u.example\n", k);
    in.in = buf_view(&b);
    must(node_match_dir(r->nodes[i].node, s->id, dir, &e) &&
             match_store_make(os_system(), dir, s->type, false, &source, &counts, &s->size[side],
                              &twice, &s->root[side], &e),
         &e);
}

static void append(struct rig *r, size_t i, const struct match_session *s, const char *kind,
                   struct bytes object, struct hash *text)
{
    struct record *rec;
    struct record_draft d;
    struct record_placed at;
    struct err e = {0};

    must((rec = node_hold(r->nodes[i].node, r->id, &e)) != NULL, &e);
    match_draft(s, kind, rig_slug(r, i), object, &d);
    must(record_append(rec, &d, 1, &at, &e), &e);
    node_release(r->nodes[i].node, rec);
    *text = at.text_hash;
}

static struct match_session agree(struct rig *r, unsigned shards)
{
    struct match_session s = {.id = "00000000-0000-4000-8000-000000000001",
                              .purpose = BYTES("c2-domains"),
                              .type = match_type_find(BYTES("domain")),
                              .shards = shards};
    struct bytes object;
    struct err e = {0};

    s.party[0] = rig_slug(r, 0);
    s.party[1] = rig_slug(r, 1);
    prepare(r, 0, &s, MATCH_ASKER, 1, 60);
    prepare(r, 1, &s, MATCH_ASKED, 41, 100);
    must(match_say_offer(&s, 1000000, r->arena, &object, &e), &e);
    append(r, 0, &s, "match.offer", object, &s.offer);
    rig_settle(r);
    must(match_say_accept(&s, os_system(), r->arena, &object, &e), &e);
    append(r, 1, &s, "match.accept", object, &s.accept);
    return s;
}

static const char *const slugs[] = {"north", "south"};

static struct rig *begin(struct arena **a, char **dir)
{
    struct rig *r;

    *a = test_arena();
    *dir = test_dir(*a);
    r = rig_new(*a, *dir, slugs, NULL, 2);
    rig_agree(r);
    return r;
}

static void end(struct rig *r, char *dir, struct arena *a)
{
    rig_free(r);
    test_dir_remove(dir);
    arena_free(a);
}

/* Calls are lost on their way there, answers on their way back, and some calls arrive twice. */
static bool bad_wire(void *self, struct rig_node *from, struct rig_node *to,
                     const struct http_call *call, struct http_reply *reply, struct err *e)
{
    bool comparing = strstr(call->target, "/match/") && strstr(call->target, "?at=");
    uint64_t luck = comparing ? rng_below(self, 8) : 7;

    if (luck < 2)
        return err_fail(e, ERR_IO, "lost");
    if (luck == 2 && !rig_pass(from, to, call, reply, e))
        return false;
    if (!rig_pass(from, to, call, reply, e))
        return false;
    return luck != 3 || err_fail(e, ERR_IO, "lost on its way back");
}

static void run(unsigned shards, bool bad)
{
    struct arena *a;
    char *dir;
    struct rig *r = begin(&a, &dir);
    struct match_session s = agree(r, shards);
    struct node_match_result out = {0};
    struct match_sessions all;
    struct rng luck = rng_from_env("a bad wire");
    struct err e = {0};

    rig_settle(r);
    if (bad) {
        r->wire.carry = bad_wire;
        r->wire.self = &luck;
    }
    must(node_match_run(r->nodes[0].node, r->id, s.id, NULL, &out, &e), &e);
    r->wire.carry = NULL;
    assert_true(out.learns);
    assert_int_equal(out.common, 20);
    rig_settle(r);
    for (size_t i = 0; i < 2; i++) {
        must(match_fold(rig_record(r, i), r->arena, &all, &e), &e);
        assert_int_equal(all.n, 1);
        assert_int_equal(all.of[0].state, MATCH_COMPARED);
        assert_int_equal(all.of[0].outcome[0].count, 20);
        assert_int_equal(all.of[0].outcome[1].count, 20);
        assert_false(all.of[0].differ);
    }
    must_fail(node_match_run(r->nodes[1].node, r->id, s.id, NULL, &out, &e), &e, ERR_DENIED,
              "compared, not accepted");
    end(r, dir, a);
}

static void two_nodes_compare(void **state)
{
    (void)state;
    run(1, false);
}

static void in_shards(void **state)
{
    (void)state;
    run(2, false);
}

static void over_a_wire_that_loses_and_repeats(void **state)
{
    (void)state;
    run(1, true);
}

static void not_before_commitments_are_cosigned(void **state)
{
    struct arena *a;
    char *dir;
    struct rig *r = begin(&a, &dir);
    struct match_session s = agree(r, 1);
    struct err e = {0};

    (void)state;
    must_fail(node_match_ready(r->nodes[1].node, r->id, s.id, &e), &e, ERR_DENIED,
              "has not cosigned our commitment");
    err_clear(&e);
    rig_settle(r);
    must(node_match_ready(r->nodes[1].node, r->id, s.id, &e), &e);
    end(r, dir, a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_nodes_compare),
        cmocka_unit_test(in_shards),
        cmocka_unit_test(over_a_wire_that_loses_and_repeats),
        cmocka_unit_test(not_before_commitments_are_cosigned),
    };

    if (!crypto_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
