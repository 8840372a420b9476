/* The desk over small worlds of records: fed bit by bit it is what it is from scratch, before and
 * after a restart; both sides come to the same; what is not allowed is not said. */
#include "desk/desk.h"
#include "record_support.h"

#include "stix/json.h"
#include "tlog/checkpoint.h"

#include <stdio.h>

struct office {
    struct world *w;
    struct desk *desk[3];
    struct rng rng;
    struct hash matters[256];
    size_t matters_n;
    size_t said, denied, forced;
};

static void open_desks(struct office *o)
{
    struct err e = {0};

    for (size_t i = 0; i < o->w->n; i++) {
        o->desk[i] = desk_open(o->w->node[i].r, os_system(), (size_t)64 << 20, &e);
        must(o->desk[i] != NULL, &e);
    }
}

static void close_desks(struct office *o)
{
    for (size_t i = 0; i < o->w->n; i++)
        desk_close(o->desk[i]);
}

static struct desk_state state_of(struct desk *d)
{
    struct desk_state s;
    struct err e = {0};

    must(desk_begin(d, &e) != NULL, &e);
    must(desk_state(d, &s, &e), &e);
    desk_end(d);
    return s;
}

static bool same(const struct desk_state *a, const struct desk_state *b)
{
    return hash_equal(&a->inputs, &b->inputs) && hash_equal(&a->root, &b->root) &&
           a->acts == b->acts && a->matters == b->matters;
}

/* ---- bodies, some of them good ---- */

static unsigned some(struct office *o, unsigned n)
{
    return (unsigned)rng_below(&o->rng, n);
}

static void items(struct office *o, struct json_maker *m, struct json *body, bool ask)
{
    struct json *list = json_set_array(m, body, "items");
    static const char *const status[] = {"answered", "not-held", "later"};
    unsigned n = 1 + some(o, 2);

    for (unsigned i = 0; i < n; i++) {
        struct json *item = json_new_object(m);
        if (ask) {
            json_set_text(m, item, "ask", "what is it?");
        } else {
            json_set_integer(m, item, "item", i + 1);
            json_set_text(m, item, "status", status[some(o, 3)]);
        }
        json_add(m, list, item);
    }
}

static void fill(struct office *o, struct json_maker *m, struct json *body, enum cases_kind kind,
                 size_t to)
{
    struct json *list, *one;

    if (kind == CASES_REQUEST) {
        json_set_text(m, body, "request_type", "info");
        json_set_text(m, body, "urgency", some(o, 8) ? "normal" : "urgent");
        json_set_string(m, body, "addressee", o->w->node[to].party.card.slug);
        json_set_text(m, body, "purpose", "incident-response");
        json_set_text(m, body, "intended_use", "case 1");
        json_set_bool(m, body, "keep_confidential", false);
        json_set_bool(m, body, "exercise", some(o, 6) == 0);
        items(o, m, body, true);
    } else if (kind == CASES_REQUEST_ANSWER) {
        items(o, m, body, false);
        json_set_bool(m, body, "final", some(o, 2));
    } else if (kind == CASES_REQUEST_REFUSE) {
        json_set_text(m, body, "ground", "not-held");
        json_set_text(m, body, "search", "all of it");
        json_set_text(m, body, "scope", "all");
    } else if (kind == CASES_REQUEST_CONTEST) {
        json_set_text(m, body, "reason", "it is there");
    } else if (kind == CASES_REQUEST_EXTEND) {
        json_set_text(m, body, "extend_by", "2 days");
    } else if (kind == CASES_REQUEST_CLARIFY) {
        list = json_set_array(m, body, "asks");
        one = json_new_object(m);
        json_set_integer(m, one, "item", 1);
        json_add(m, list, one);
    } else if (kind == CASES_REQUEST_ESCALATE) {
        json_set_integer(m, body, "rung", 1);
    }
}

static const enum cases_kind kinds[] = {
    CASES_REQUEST,          CASES_REQUEST,          CASES_REQUEST_ACK,     CASES_REQUEST_STATUS,
    CASES_REQUEST_ANSWER,   CASES_REQUEST_ANSWER,   CASES_REQUEST_REFUSE,  CASES_REQUEST_CONTEST,
    CASES_REQUEST_ACCEPT,   CASES_REQUEST_EXTEND,   CASES_REQUEST_CLARIFY, CASES_REQUEST_CLARIFIED,
    CASES_REQUEST_ESCALATE, CASES_REQUEST_WITHDRAW, CASES_REQUEST_SUSPEND, CASES_AGREE,
};

/* What a program without a desk would do: say it, whatever the agreement says. */
static void force(struct office *o, size_t who, const struct desk_saying *s)
{
    struct record_draft d = {.kind = bytes_text(cases_kind_words[s->kind]),
                             .tlp = BYTES("amber"),
                             .media_type = BYTES(MEDIA_STIX),
                             .payload = s->body};
    struct record_placed placed;
    struct err e = {0};

    if (s->matter)
        d.refs[d.refs_n++] = *s->matter;
    must(record_append(o->w->node[who].r, &d, 1, &placed, &e), &e);
    o->forced++;
    if (!s->matter && o->matters_n < 256)
        o->matters[o->matters_n++] = placed.text_hash;
}

static void say_something(struct office *o)
{
    struct json_maker m = json_maker(o->w->a);
    size_t who = some(o, (unsigned)o->w->n),
           to = (who + 1 + some(o, (unsigned)o->w->n - 1)) % o->w->n;
    struct desk_saying s = {.kind = kinds[some(o, sizeof kinds / sizeof *kinds)],
                            .tlp = STIX_TLP_AMBER};
    struct record_placed placed;
    struct json *body;
    struct err e = {0};

    if (!o->matters_n)
        s.kind = CASES_REQUEST;
    if (s.kind != CASES_REQUEST)
        s.matter = &o->matters[some(o, (unsigned)o->matters_n)];
    body = desk_body(o->desk[who], &m, s.kind, s.tlp);
    fill(o, &m, body, s.kind, to);
    must(json_made(&m, body, &s.body, &e), &e);
    if (desk_say(o->desk[who], &s, &placed, &e)) {
        o->said++;
        if (!s.matter && o->matters_n < 256)
            o->matters[o->matters_n++] = placed.text_hash;
        return;
    }
    if (e.code != ERR_DENIED && e.code != ERR_MISSING)
        must(false, &e);
    o->denied++;
    if (some(o, 4) == 0)
        force(o, who, &s);
}

/* ---- giving each other what dates the acts ---- */

struct given {
    struct record *to;
    struct bytes slug;
};

static bool give(void *self, const struct record_dated *d)
{
    struct given *g = self;
    unsigned news;
    size_t done;
    struct err e = {0};

    must(record_take_dates(g->to, g->slug, &d->note, 1, &done, &news, &e), &e);
    assert_int_equal(done, 1);
    return true;
}

static void give_dates(struct world *w)
{
    for (size_t i = 0; i < w->n; i++)
        for (size_t j = 0; j < w->n; j++)
            for (size_t k = 0; i != j && k < w->n; k++) {
                struct given g = {w->node[j].r, w->node[k].party.card.slug};
                struct err e = {0};
                must(record_cosignatures(w->node[i].r, g.slug, 0, give, &g, &e), &e);
            }
}

static void all_the_same(struct office *o, const char *when)
{
    struct desk_state first = state_of(o->desk[0]);

    for (size_t i = 0; i < o->w->n; i++) {
        struct err e = {0};
        struct desk *fresh = desk_open(o->w->node[i].r, os_system(), (size_t)64 << 20, &e);
        struct desk_state grown = state_of(o->desk[i]), anew;
        must(fresh != NULL, &e);
        anew = state_of(fresh);
        desk_close(fresh);
        if (!same(&grown, &anew))
            fail_msg("%s", "fed bit by bit it is another than from scratch");
        if (!same(&first, &grown)) {
            print_error("%s: node %zu\n", when, i);
            fail_msg("%s", "two nodes with the same inputs differ");
        }
    }
}

static void same_text(struct office *o)
{
    struct bytes text[3];
    struct err e = {0};
    int64_t at = desk_now(o->desk[0]) + 1000;

    for (size_t k = 0; k < o->matters_n; k++)
        for (size_t i = 0; i < o->w->n; i++) {
            must(desk_begin(o->desk[i], &e) != NULL, &e);
            must(desk_show(o->desk[i], &o->matters[k], at, NULL, o->w->a, &text[i], &e), &e);
            desk_end(o->desk[i]);
            if (i && !bytes_equal(text[0], text[i]))
                fail_msg("%s", "two nodes show another text");
        }
}

static void live(size_t nodes, unsigned events)
{
    struct office o = {.w = new_world(nodes), .rng = rng_from_env("desk")};

    sign_all(o.w);
    give_dates(o.w);
    open_desks(&o);
    for (unsigned i = 0; i < events; i++) {
        say_something(&o);
        if (some(&o, 8) == 0) {
            exchange(o.w);
            give_dates(o.w);
            all_the_same(&o, "on the way");
        }
    }
    exchange(o.w);
    give_dates(o.w);
    all_the_same(&o, "at the end");
    same_text(&o);
    assert_true(o.said > events / 8 && o.denied > 0);
    /* A restart, and everything derived made anew. */
    close_desks(&o);
    for (size_t i = 0; i < nodes; i++) {
        struct err e = {0};
        record_close(o.w->node[i].r);
        open_node(o.w, &o.w->node[i]);
        if (i == 0)
            must(record_rebuild(o.w->node[i].r, &e), &e);
    }
    open_desks(&o);
    all_the_same(&o, "after a restart");
    close_desks(&o);
    end_world(o.w);
}

static void two_sides_come_to_the_same(void **state)
{
    (void)state;
    live(2, 120);
}

static void three_sides_come_to_the_same(void **state)
{
    (void)state;
    live(3, 80);
}

/* ---- one by one ---- */

static struct office *new_office(size_t n, bool sign)
{
    struct world *w = new_world(n);
    struct err e = {0};
    struct office *o = arena_get(w->a, sizeof *o, &e);

    o->w = w;
    o->rng = rng_of(1);
    if (sign)
        sign_all(w);
    open_desks(o);
    return o;
}

static void end_office(struct office *o)
{
    close_desks(o);
    end_world(o->w);
}

static bool ask(struct office *o, size_t who, const char *edit, const char *with,
                struct record_placed *placed, struct err *e)
{
    struct json_maker m = json_maker(o->w->a);
    struct json *body = desk_body(o->desk[who], &m, CASES_REQUEST, STIX_TLP_AMBER);
    struct desk_saying s = {.kind = CASES_REQUEST, .tlp = STIX_TLP_AMBER};

    fill(o, &m, body, CASES_REQUEST, 1 - who);
    json_set_text(&m, body, "urgency", "normal");
    if (edit && with)
        json_set_text(&m, body, edit, with);
    else if (edit)
        json_unset(&m, body, edit);
    must(json_made(&m, body, &s.body, e), e);
    return desk_say(o->desk[who], &s, placed, e);
}

static const struct row {
    const char *name, *edit, *with, *says;
} rows[] = {
    {"a member that the clause wants", "intended_use", NULL, "clause request.info.fields"},
    {"no marking", "object_marking_refs", NULL, "above the ceiling, by clause request.info"},
    {"an urgency that is not agreed for the type", "urgency", "preserve", "clause request.info"},
    {"an urgency without its facts", "urgency", "urgent", "clause clock.urgency.urgent"},
    {"a type that is none", "request_type", "gossip", "none of the known words"},
    {"an addressee that is no party", "addressee", "west", "no party of the agreement"},
    {"ourselves", "addressee", "north", "not this party's"},
    {"no item", "items", NULL, "items is missing"},
};

static void is_refused_with_its_clause_and_not_sent(void **state)
{
    const struct row *r = *state;
    struct office *o = new_office(2, true);
    uint64_t before = head_of(o->w, &o->w->node[0], BYTES("north")).size;
    struct record_placed placed;
    struct err e = {0};

    assert_false(ask(o, 0, r->edit, r->with, &placed, &e));
    assert_true(e.code == ERR_DENIED || e.code == ERR_INPUT);
    if (!strstr(e.text, r->says))
        fail_msg("\"%s\" does not say \"%s\"", e.text, r->says);
    assert_int_equal(head_of(o->w, &o->w->node[0], BYTES("north")).size, before);
    end_office(o);
}

static void nothing_is_asked_before_all_have_signed(void **state)
{
    struct office *o = new_office(2, false);
    struct record_placed placed;
    struct err e = {0};

    (void)state;
    assert_false(ask(o, 0, NULL, NULL, &placed, &e));
    assert_int_equal(e.code, ERR_DENIED);
    assert_non_null(strstr(e.text, "not in force"));
    sign_all(o->w);
    err_clear(&e);
    must(ask(o, 0, NULL, NULL, &placed, &e), &e);
    end_office(o);
}

static void is_found_by_the_beginning_of_its_id(void **state)
{
    struct office *o = new_office(2, true);
    struct record_placed a, b;
    struct hash found;
    struct err e = {0};
    char hex[65] = {0};

    (void)state;
    must(ask(o, 0, NULL, NULL, &a, &e), &e);
    exchange(o->w);
    must(ask(o, 0, NULL, NULL, &b, &e), &e);
    must(desk_begin(o->desk[0], &e) != NULL, &e);
    hex_encode(hex, a.text_hash.b, 32);
    must(desk_find(o->desk[0], bytes_of(hex, 12), DESK_ANY, &found, &e), &e);
    assert_true(hash_equal(&found, &a.text_hash));
    must(desk_find(o->desk[0], BYTES("last"), DESK_REQUESTS, &found, &e), &e);
    assert_true(hash_equal(&found, &b.text_hash));
    must_fail(desk_find(o->desk[0], BYTES("last"), DESK_CLAIMS, &found, &e), &e, ERR_MISSING,
              "yet");
    must_fail(desk_find(o->desk[0], bytes_of(hex, 3), DESK_ANY, &found, &e), &e, ERR_INPUT,
              "4 hex");
    must_fail(desk_find(o->desk[0], BYTES("zzzz"), DESK_ANY, &found, &e), &e, ERR_MISSING,
              "no case");
    desk_end(o->desk[0]);
    end_office(o);
}

/* A request to one party alone is no business of the third; nor is what follows on it. */
static void what_is_private_stays_between_the_two(void **state)
{
    struct office *o = new_office(3, true);
    struct json_maker m = json_maker(o->w->a);
    struct json *body = desk_body(o->desk[0], &m, CASES_REQUEST, STIX_TLP_AMBER);
    struct desk_saying s = {
        .kind = CASES_REQUEST, .tlp = STIX_TLP_AMBER, .to = {BYTES("south")}, .to_n = 1};
    struct desk_saying ack = {.kind = CASES_REQUEST_ACK, .tlp = STIX_TLP_AMBER};
    struct record_placed placed, answer;
    struct desk_state west;
    struct err e = {0};

    (void)state;
    fill(o, &m, body, CASES_REQUEST, 1);
    json_set_text(&m, body, "urgency", "normal");
    must(json_made(&m, body, &s.body, &e), &e);
    must(desk_say(o->desk[0], &s, &placed, &e), &e);
    exchange(o->w);
    ack.matter = &placed.text_hash;
    body = desk_body(o->desk[1], &m, CASES_REQUEST_ACK, STIX_TLP_AMBER);
    must(json_made(&m, body, &ack.body, &e), &e);
    must(desk_say(o->desk[1], &ack, &answer, &e), &e);
    exchange(o->w);
    west = state_of(o->desk[2]);
    assert_int_equal(west.acts, 0);
    assert_int_equal(state_of(o->desk[0]).acts, 2);
    assert_int_equal(state_of(o->desk[1]).acts, 2);
    end_office(o);
}

/* ---- cosignatures as foreign bytes ---- */

static struct bytes dated(struct office *o, struct bytes head, enum key_role role, int64_t time,
                          bool forged)
{
    struct cosign_key k;
    struct checkpoint c;
    struct note parsed;
    struct bytes line, out;
    char name[64];
    struct err e = {0};

    must(note_parse(head, o->w->a, &parsed, &e) && checkpoint_parse(parsed.text, &c, &e), &e);
    if (forged)
        c.root.b[0] ^= 1;
    snprintf(name, sizeof name, "south/%s", key_role_name(role));
    must(cosign_key_init(&k, bytes_text(name), keyring_key(o->w->node[1].party.keys, role), &e),
         &e);
    must(cosignature_sign(&k, &c, (uint64_t)time, o->w->a, &line, &e), &e);
    must(note_append(head, line, o->w->a, &out, &e), &e);
    return out;
}

static unsigned takes(struct office *o, struct bytes note)
{
    unsigned news = 9;
    size_t done;
    struct err e = {0};

    must(record_take_dates(o->w->node[0].r, BYTES("north"), &note, 1, &done, &news, &e), &e);
    return news;
}

static void a_date_counts_once_and_never_goes_back(void **state)
{
    struct office *o = new_office(2, true);
    struct record_placed placed;
    struct bytes small = head_of(o->w, &o->w->node[0], BYTES("north")).note, large;
    int64_t now = os_now(os_system()), after, before;
    struct err e = {0};

    (void)state;
    must(arena_copy(o->w->a, small, &small, &e), &e);
    must(ask(o, 0, NULL, NULL, &placed, &e), &e);
    large = head_of(o->w, &o->w->node[0], BYTES("north")).note;
    assert_int_equal(takes(o, dated(o, large, KEY_WITNESS, now + 50, false)), 1);
    assert_int_equal(takes(o, dated(o, large, KEY_WITNESS, now + 50, false)), 0);
    assert_int_equal(takes(o, dated(o, large, KEY_WITNESS, now + 90, false)), 1);
    assert_int_equal(takes(o, dated(o, large, KEY_WITNESS, now + 70, false)), 0); /* between */
    assert_int_equal(takes(o, dated(o, small, KEY_WITNESS, now + 60, false)), 0); /* goes back */
    assert_int_equal(takes(o, dated(o, small, KEY_WITNESS, now + 40, false)), 1);
    assert_int_equal(takes(o, dated(o, large, KEY_MIRROR, now + 55, true)), 0); /* another root */
    must(record_bracket(o->w->node[0].r, BYTES("north"), placed.index, &after, &before, &e), &e);
    assert_int_equal(after, now + 40);
    assert_int_equal(before, now + 50);
    /* And it is so after a restart. */
    desk_close(o->desk[0]);
    record_close(o->w->node[0].r);
    open_node(o->w, &o->w->node[0]);
    o->desk[0] = desk_open(o->w->node[0].r, os_system(), (size_t)64 << 20, &e);
    must(record_bracket(o->w->node[0].r, BYTES("north"), placed.index, &after, &before, &e), &e);
    assert_int_equal(after, now + 40);
    assert_int_equal(before, now + 50);
    end_office(o);
}

static void a_head_that_does_not_change_is_cosigned_again(void **state)
{
    struct office *o = new_office(2, true);
    struct bytes note, kept;
    struct note parsed;
    bool news;
    struct err e = {0};

    (void)state;
    must(record_cosigned(o->w->node[1].r, BYTES("north"), o->w->a, &kept, &e), &e);
    must(record_cosign_again(o->w->node[1].r, BYTES("north"), o->w->a, &note, &e), &e);
    must(note_parse(note, o->w->a, &parsed, &e), &e);
    assert_int_equal(parsed.n, 3); /* its owner, mirror, witness */
    must(record_take_cosigned(o->w->node[0].r, note, &news, &e), &e);
    must_fail(record_cosign_again(o->w->node[0].r, BYTES("north"), o->w->a, &note, &e), &e,
              ERR_DENIED, "of others");
    end_office(o);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows + 8];
    size_t n = 0;

    for (; n < sizeof rows / sizeof *rows; n++)
        tests[n] = (struct CMUnitTest)ROW_TEST(is_refused_with_its_clause_and_not_sent, rows[n]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(two_sides_come_to_the_same);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(three_sides_come_to_the_same);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(nothing_is_asked_before_all_have_signed);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(is_found_by_the_beginning_of_its_id);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(what_is_private_stays_between_the_two);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_date_counts_once_and_never_goes_back);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_head_that_does_not_change_is_cosigned_again);
    crypto_init();
    return _cmocka_run_group_tests("desk", tests, n, NULL, NULL);
}
