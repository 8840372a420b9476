/* The fold over random acts, legal and illegal: what cases.md 3.8 demands of this module. The order
 * in which a node learns acts and cosignatures changes nothing; the invariants hold in each state.
 * ENTENTE_SIM_N (make sim N=...) asks for more worlds. */
#include "world.h"

#include <stdlib.h>

#define HOUR 3600000LL
#define DAY 86400000LL
#define MATTERS 12

struct play {
    struct world *w;
    struct rng r;
    int64_t now;
    struct hash matter[MATTERS], last[MATTERS];
    char kind[MATTERS];
    unsigned n;
    int64_t signed_at[WORLD_PARTIES][8];
};

static unsigned pick(struct play *p, unsigned n)
{
    return (unsigned)rng_below(&p->r, n);
}

static const char *choose(struct play *p, const char *const *list)
{
    unsigned n = 0;

    while (list[n])
        n++;
    return list[pick(p, n)];
}

static void open_one(struct play *p)
{
    static const char *const types[] = {"info",     "info",     "info",  "sample",
                                        "preserve", "mitigate", "match", NULL};
    static const char *const urgencies[] = {"emergency", "urgent", "normal", "complex", NULL};
    unsigned author = pick(p, 8) ? NORTH : pick(p, 4);
    int64_t claimed = p->now + (int64_t)pick(p, 3) * HOUR - HOUR;
    const char *type = choose(p, types);
    struct hash id;

    switch (pick(p, 6)) {
    case 0:
        id = say(p->w, author, "claim", NULL, NULL, claimed,
                 claim_body(p->w, pick(p, 4)
                                      ? NULL
                                      : "\"hypotheses\":[{\"text\":\"a\",\"named_party\":true}]"));
        p->kind[p->n] = 'c';
        break;
    case 1:
        id = say(p->w, author, "remedy.notice", NULL, NULL, claimed,
                 "\"addressee\":\"south\",\"clauses\":[\"request.sample\"]");
        p->kind[p->n] = 'm';
        break;
    default:
        id = say(p->w, author, "request", NULL, NULL, claimed,
                 request_body(p->w, type,
                              strcmp(type, "preserve") ? choose(p, urgencies) : "preserve",
                              1 + pick(p, 4), pick(p, 6) ? NULL : "\"exercise\":true"));
        p->kind[p->n] = 'r';
    }
    p->matter[p->n] = p->last[p->n] = id;
    p->n++;
}

static const char *const request_kinds[] = {"request.ack",
                                            "request.clarify",
                                            "request.clarified",
                                            "request.status",
                                            "request.extend",
                                            "request.complex",
                                            "request.refuse",
                                            "request.answer",
                                            "request.answer",
                                            "request.answer",
                                            "request.accept",
                                            "request.contest",
                                            "request.escalate",
                                            "request.withdraw",
                                            "request.suspend",
                                            "request.resume",
                                            "request.ruling",
                                            "agree",
                                            "agree",
                                            "comment",
                                            "claim.reply",
                                            "nonsense",
                                            NULL};
static const char *const claim_kinds[] = {
    "claim.ack",      "claim.reply",  "claim.reply",    "claim.extend",   "claim.rebut",
    "claim.evidence", "claim.revise", "claim.finding",  "claim.finding",  "claim.refer",
    "claim.ruling",   "claim.settle", "claim.withdraw", "claim.disagree", "claim.escalate",
    "agree",          "agree",        "agree",          "request.ack",    NULL};
static const char *const remedy_kinds[] = {"remedy.cure", "remedy.suspend",   "remedy.suspend",
                                           "remedy.lift", "remedy.terminate", "comment",
                                           NULL};

static const char *members(struct play *p, const char *kind)
{
    static const char *const answers[] = {
        "\"items\":[{\"item\":1,\"status\":\"answered\"}]",
        "\"items\":[{\"item\":2,\"status\":\"not-held\"}]",
        "\"items\":[{\"item\":1,\"status\":\"later\"},{\"item\":2,\"status\":\"answered\"}]",
        "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"}]",
        "\"final\":true,\"items\":[{\"item\":1,\"status\":\"refused\",\"ground\":\"not-held\"},{"
        "\"item\":2,\"status\":\"answered\"}]",
        "\"items\":[{\"item\":3,\"status\":\"answered\"},{\"item\":4,\"status\":\"answered\"}]",
        "\"items\":[{\"item\":99,\"status\":\"answered\"}]",
        NULL};
    static const char *const refusals[] = {"\"ground\":\"sovereignty-security\",\"scope\":\"all\"",
                                           "\"ground\":\"not-held\",\"search\":\"x\",\"scope\":[1]",
                                           "\"ground\":\"not-held\",\"scope\":\"all\"",
                                           "\"ground\":\"public-order\",\"scope\":\"all\"",
                                           "\"ground\":\"ongoing-case\",\"date\":\"2026-07-01\","
                                           "\"consult_offer\":true,\"scope\":\"all\"",
                                           "\"ground\":\"not-held\",\"search\":\"x\"",
                                           NULL};
    static const char *const extends[] = {"\"extend_by\":\"8 hours\"", "\"extend_by\":\"72 hours\"",
                                          "\"extend_by\":\"10 days\"", "\"extend_by\":\"30 days\"",
                                          "\"extend_by\":\"x\"",       NULL};
    static const char *const asks[] = {
        "\"asks\":[{\"item\":1,\"text\":\"?\"}]", "\"asks\":[{\"field\":\"legal_basis\"}]",
        "\"asks\":[{\"item\":2},{\"field\":\"purpose\"}]", "\"asks\":[]", NULL};
    static const char *const rungs[] = {"\"rung\":1", "\"rung\":2", "\"rung\":3", "\"rung\":4",
                                        NULL};
    static const char *const replies[] = {"\"reply\":\"deny\"", "\"reply\":\"admit\"",
                                          "\"reply\":\"third-party\"", NULL};

    if (!strcmp(kind, "request.answer"))
        return choose(p, answers);
    if (!strcmp(kind, "request.refuse"))
        return choose(p, refusals);
    if (strstr(kind, "extend"))
        return choose(p, extends);
    if (!strcmp(kind, "request.clarify"))
        return choose(p, asks);
    if (strstr(kind, "escalate"))
        return choose(p, rungs);
    if (!strcmp(kind, "claim.reply"))
        return choose(p, replies);
    if (!strcmp(kind, "request.complex"))
        return "\"expected_date\":\"2026-05-01T00:00:00Z\"";
    if (!strcmp(kind, "request.contest"))
        return pick(p, 2) ? "\"reason\":\"no\"" : "\"reason\":\"no\",\"items\":[1]";
    if (!strcmp(kind, "request.ruling"))
        return pick(p, 2) ? "\"question\":\"ground\",\"upheld\":false"
                          : "\"question\":\"completeness\",\"upheld\":true";
    if (!strcmp(kind, "claim.revise"))
        return "\"likelihood\":{\"low\":45,\"high\":55},\"confidence\":\"low\",\"reason\":\"new "
               "evidence\"";
    if (!strcmp(kind, "claim.rebut"))
        return "\"attacks\":\"custody\",\"target\":\"evidence/1\"";
    if (!strcmp(kind, "claim.evidence"))
        return "\"evidence\":[{\"sha256\":"
               "\"00000000000000000000000000000000000000000000000000000000000000aa\","
               "\"availability\":\"attached\"}]";
    if (!strcmp(kind, "claim.finding") || !strcmp(kind, "claim.ruling"))
        return "\"agreed\":[\"the machines were used\"]";
    if (!strcmp(kind, "claim.settle"))
        return "\"obligations\":[\"clean the machines\"]";
    if (!strcmp(kind, "claim.withdraw"))
        return "\"reason\":\"mistaken\"";
    if (!strcmp(kind, "remedy.suspend"))
        return "\"clauses\":[\"request.sample\"]";
    return pick(p, 12) ? NULL : "\"exercise\":true";
}

static void follow_one(struct play *p)
{
    unsigned m = pick(p, p->n), author = pick(p, 6) == 0 ? pick(p, 4) : pick(p, 2);
    const char *kind = choose(p, p->kind[m] == 'r'   ? request_kinds
                                 : p->kind[m] == 'c' ? claim_kinds
                                                     : remedy_kinds);
    const struct hash *target = pick(p, 2) ? &p->last[m] : NULL;

    p->last[m] = say(p->w, author, kind, &p->matter[m], target,
                     p->now + (int64_t)pick(p, 3) * HOUR - HOUR, members(p, kind));
    p->w->acts[p->w->acts_n - 1].act.signatures = 1;
}

/* Somebody signs somebody's log; each signer's clock is a little off, and never goes back. */
static void sign_one(struct play *p)
{
    unsigned author = pick(p, WORLD_PARTIES), signer = pick(p, 5);
    int64_t at = p->now + (int64_t)pick(p, 600000) - 300000;

    if (signer == author)
        return;
    at = at > p->signed_at[author][signer] ? at : p->signed_at[author][signer];
    p->signed_at[author][signer] = at;
    cosign(p->w, author, signer, at);
}

static struct play play_of(uint64_t seed, unsigned steps)
{
    static const char *const edits[] = {
        "\"per_day\": 50",
        "\"per_day\": 2",
        "\"cure\": \"30 days\"",
        "\"cure\": \"2 days\"",
        "[\n    \"claim\",\n    \"claim.revise\",\n    \"claim.finding\",\n    \"claim.settle\",\n "
        "   \"remedy.suspend\"\n   ]",
        "[]",
        NULL};
    struct play p = {.w = world_with(edits), .r = rng_of(seed), .now = T("2026-03-02T08:00:00Z")};

    for (unsigned i = 0; i < steps; i++) {
        p.now += (int64_t)pick(&p, pick(&p, 12) ? 6 * (unsigned)HOUR : 8 * (unsigned)DAY);
        if (p.n == 0 || (p.n < MATTERS && pick(&p, 8) == 0))
            open_one(&p);
        else
            follow_one(&p);
        for (unsigned k = pick(&p, 4); k > 0; k--)
            sign_one(&p);
    }
    return p;
}

/* ---- invariants ------------------------------------------------------------------------------ */

struct seen {
    unsigned finding_by[2], agreed, revised;
};

static void check_acts(struct play *p, const struct cases_view *v)
{
    struct cases_act_view *acts;
    struct err e = {0};
    struct seen s = {{0}};
    int64_t before = 0;
    size_t n;

    must(cases_acts(p->w->cases, &v->id, p->w->arena, &acts, &n, &e), &e);
    assert_int_equal(n, v->acts);
    for (size_t i = 0; i < n; i++) {
        const struct cases_act_view *x = &acts[i];
        bool taken = x->settled && x->verdict <= CASES_NO_STOP;
        if (!x->settled)
            continue;
        assert_true(x->at >= before); /* a total order by time */
        before = x->at;
        assert_true(x->at >= x->seen && x->after <= x->seen);
        if (taken && x->kind != CASES_COMMENT && v->kind != CASES_LOOSE)
            assert_true(x->clause[0] || x->kind == CASES_PONG); /* 1: each act cites a clause */
        s.revised += taken && x->kind == CASES_CLAIM_REVISE;
        s.agreed += taken && x->kind == CASES_AGREE;
        if (taken && x->kind == CASES_CLAIM_FINDING)
            s.finding_by[x->author == v->from]++;
    }
    if (v->kind == CASES_IS_CLAIM) {
        assert_true(v->claim.revisions >= s.revised); /* 19: pending ones are shown as well */
        if (!v->acts_pending)
            assert_int_equal(v->claim.revisions, s.revised);
        if (v->claim.found_at != CASES_NEVER && v->claim.state == CASES_FOUND && !v->acts_pending)
            assert_true(s.agreed && s.finding_by[0] + s.finding_by[1]); /* 20 */
        if (v->verdict == CASES_TAKEN)
            assert_true(v->claim.hypotheses >= 2); /* 18 */
    }
}

static void check_request(struct play *p, const struct cases_view *v, int64_t now)
{
    unsigned sum = 0,
             left = v->request.items[CASES_ITEM_PENDING] + v->request.items[CASES_ITEM_LATER];
    struct cases_act_view *acts;
    struct err e = {0};
    size_t n;

    for (int i = 0; i < CASES_ITEMS; i++)
        sum += v->request.items[i];
    assert_int_equal(sum, v->request.items_n); /* 8 */
    if (v->request.state == CASES_ANSWERED || v->request.state == CASES_REFUSED)
        assert_int_equal(left, 0);
    /* 11 and 25: neither silence nor a quota keeps a clock from starting. */
    if (!v->pending && v->request.state == CASES_DELIVERED)
        assert_true(v->delivered_at <= v->sent_at + HOUR ||
                    v->delivered_at == v->request.queued_until);
    if (v->request.state == CASES_SENT && !v->pending)
        assert_true(now < v->sent_at + HOUR || now < v->request.queued_until);
    /* 7: nothing is taken from the responder after a lapse. */
    must(cases_acts(p->w->cases, &v->id, p->w->arena, &acts, &n, &e), &e);
    for (size_t i = 0; i < n && v->request.state == CASES_LAPSED; i++)
        if (acts[i].settled && acts[i].at > v->ended_at && acts[i].verdict <= CASES_NO_STOP)
            assert_int_equal(acts[i].kind, CASES_COMMENT);
    if (v->request.state == CASES_CLOSED || v->request.state == CASES_VOID ||
        v->request.state == CASES_WITHDRAWN)
        assert_false(v->overdue);
}

static void check_all(struct play *p)
{
    for (unsigned i = 0; i < p->n; i++)
        for (int k = 0; k < 3; k++) {
            int64_t now = p->now + HOUR + k * 40 * DAY;
            struct cases_view v = look(p->w, &p->matter[i], now);
            check_acts(p, &v);
            if (v.kind == CASES_IS_REQUEST && v.verdict == CASES_TAKEN)
                check_request(p, &v, now);
        }
}

static bool why_en(struct cases *c, const struct hash *id, int64_t now, struct arena *a,
                   struct bytes *out, struct err *e)
{
    return cases_why(c, id, now, NULL, a, out, e);
}

static bool show_zh(struct cases *c, const struct hash *id, int64_t now, struct arena *a,
                    struct bytes *out, struct err *e)
{
    return cases_show(c, id, now, language_catalogue(LANGUAGE_ZH), a, out, e);
}

/* Invariant 9, and what people see: the derivation, the page and its JSON. */
static void same_texts(struct play *p, struct cases *other, const struct hash *id, int64_t now)
{
    bool (*const prints[])(struct cases *, const struct hash *, int64_t, struct arena *,
                           struct bytes *, struct err *) = {why_en, show_zh, cases_show_json};
    struct err e = {0};

    for (size_t i = 0; i < 3; i++) {
        struct bytes a, b;
        must(prints[i](p->w->cases, id, now, p->w->arena, &a, &e), &e);
        must(prints[i](other, id, now, p->w->arena, &b, &e), &e);
        assert_true(a.n && bytes_equal(a, b));
    }
}

static void same_views(struct play *p, struct cases *other)
{
    struct err e = {0};

    for (unsigned i = 0; i < p->n; i++) {
        int64_t now = p->now + (int64_t)pick(p, 60) * DAY - 20 * DAY;
        struct cases_view a, b;
        must(cases_view(p->w->cases, &p->matter[i], now, p->w->arena, &a, &e), &e);
        must(cases_view(other, &p->matter[i], now, p->w->arena, &b, &e), &e);
        assert_memory_equal(&a, &b, sizeof a);
        same_texts(p, other, &p->matter[i], now);
    }
}

static void order_changes_nothing(void **state)
{
    struct rng r = rng_from_env("fold");
    const char *more = getenv("ENTENTE_SIM_N");
    unsigned worlds = more ? (unsigned)strtoul(more, NULL, 10) : 400;

    (void)state;
    for (unsigned k = 0; k < worlds; k++) {
        uint64_t seed = rng_u64(&r);
        struct play p = play_of(seed, 20 + k % 80);
        struct cases *again = retell(p.w, &p.r);
        struct hash a, b;
        struct err e = {0};
        must(cases_root(p.w->cases, &a, &e), &e);
        must(cases_root(again, &b, &e), &e);
        if (!hash_equal(&a, &b))
            fail_msg("two roots from one world, seed %llu", (unsigned long long)seed);
        same_views(&p, again);
        check_all(&p);
        cases_free(again);
        world_free(p.w);
    }
}

/* After every single act and cosignature the state equals a fold from scratch. */
static void incremental_is_from_scratch(void **state)
{
    struct rng r = rng_from_env("fold steps");

    (void)state;
    for (unsigned k = 0; k < 6; k++) {
        struct play p = play_of(rng_u64(&r), 50);
        struct cases *c = cases_new((size_t)1 << 28, 1, NULL);
        size_t s = 0;
        must(cases_agree(c, p.w->terms, T("2026-01-01T00:00:00Z"), NULL), NULL);
        for (size_t i = 0; i < p.w->acts_n; i++) {
            struct cases *fresh = cases_new((size_t)1 << 28, 2, NULL);
            struct hash a, b;
            must(cases_add(c, &p.w->acts[i].act, NULL), NULL);
            if (s < p.w->sigs_n && pick(&p, 2))
                must(cases_cosigned(c, &p.w->sigs[s++], NULL), NULL);
            must(cases_agree(fresh, p.w->terms, T("2026-01-01T00:00:00Z"), NULL), NULL);
            for (size_t j = 0; j < s; j++)
                must(cases_cosigned(fresh, &p.w->sigs[j], NULL), NULL);
            for (size_t j = 0; j <= i; j++)
                must(cases_add(fresh, &p.w->acts[j].act, NULL), NULL);
            must(cases_root(c, &a, NULL), NULL);
            must(cases_root(fresh, &b, NULL), NULL);
            assert_true(hash_equal(&a, &b));
            cases_free(fresh);
        }
        cases_free(c);
        world_free(p.w);
    }
}

static void a_difference_names_the_first_act(void **state)
{
    struct world *w = world_new();
    int64_t t = T("2026-03-02T10:00:00Z");
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 2, NULL)),
                x, ra, rb;
    struct cases *other = cases_new((size_t)1 << 28, 7, NULL);
    struct cases_digest *a, *b;
    struct cases_act changed;
    size_t an, bn, where;
    uint32_t bucket = (uint32_t)q.b[0] << 4 | q.b[1] >> 4;

    (void)state;
    tell(w, SOUTH, "request.ack", &q, NULL, t + HOUR, NULL);
    x = tell(w, SOUTH, "request.answer", &q, NULL, t + 2 * HOUR,
             "\"items\":[{\"item\":1,\"status\":\"answered\"}]");
    tell(w, SOUTH, "request.answer", &q, NULL, t + 3 * HOUR,
         "\"items\":[{\"item\":2,\"status\":\"answered\"}]");
    must(cases_agree(other, w->terms, T("2026-01-01T00:00:00Z"), NULL), NULL);
    for (size_t i = 0; i < w->acts_n; i++) {
        changed = w->acts[i].act; /* the other node reads one body differently */
        if (hash_equal(&changed.id, &x))
            changed.body = BYTES("{\"type\":\"entente-response\",\"action\":\"request.answer\","
                                 "\"items\":[{\"item\":1,\"status\":\"not-held\"}]}");
        must(cases_add(other, &changed, NULL), NULL);
    }
    for (size_t i = 0; i < w->sigs_n; i++)
        must(cases_cosigned(other, &w->sigs[i], NULL), NULL);
    must(cases_root(w->cases, &ra, NULL) && cases_root(other, &rb, NULL), NULL);
    assert_false(hash_equal(&ra, &rb));
    for (uint32_t i = 0; i < CASES_BUCKETS; i++) {
        must(cases_bucket(w->cases, i, &ra, NULL) && cases_bucket(other, i, &rb, NULL), NULL);
        assert_int_equal(hash_equal(&ra, &rb), i != bucket);
    }
    must(cases_bucket_matters(w->cases, bucket, w->arena, &a, &an, NULL), NULL);
    must(cases_bucket_matters(other, bucket, w->arena, &b, &bn, NULL), NULL);
    assert_int_equal(cases_differ(a, an, b, bn), 0);
    assert_true(hash_equal(&a[0].id, &q));
    must(cases_trace(w->cases, &q, w->arena, &a, &an, NULL), NULL);
    must(cases_trace(other, &q, w->arena, &b, &bn, NULL), NULL);
    where = cases_differ(a, an, b, bn);
    assert_int_equal(where, 2);
    assert_true(hash_equal(&a[where].id, &x));
    cases_free(other);
    world_free(w);
}

/* The trace ends in the digest that the root holds. */
static void a_trace_ends_where_the_root_begins(void **state)
{
    struct rng r = rng_from_env("trace");
    struct play p = play_of(rng_u64(&r), 80);

    (void)state;
    for (unsigned i = 0; i < p.n; i++) {
        struct cases_digest *t, *m;
        size_t tn, mn, k = 0;
        uint32_t bucket = (uint32_t)p.matter[i].b[0] << 4 | p.matter[i].b[1] >> 4;
        must(cases_trace(p.w->cases, &p.matter[i], p.w->arena, &t, &tn, NULL), NULL);
        must(cases_bucket_matters(p.w->cases, bucket, p.w->arena, &m, &mn, NULL), NULL);
        while (k < mn && !hash_equal(&m[k].id, &p.matter[i]))
            k++;
        assert_int_equal(tn > 0, k < mn);
        if (tn)
            assert_true(hash_equal(&t[tn - 1].digest, &m[k].digest));
    }
    world_free(p.w);
}

static void misbehaviour_is_an_error(void **state)
{
    struct world *w = world_new();
    int64_t t = T("2026-03-02T10:00:00Z");
    struct hash q =
        tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "urgent", 1, NULL));
    struct cases_act twice = w->acts[0].act;
    struct cases_cosignature back = w->sigs[0];
    struct err e = {0};

    (void)state;
    (void)q;
    assert_true(cases_add(w->cases, &twice, &e)); /* the same again is fine */
    twice.id.b[0] ^= 1;
    must_fail(cases_add(w->cases, &twice, &e), &e, ERR_PROOF, "two acts with the number 0");
    tell(w, NORTH, "comment", NULL, NULL, t + HOUR, NULL);
    back.size = 2;
    back.time_ms = t - 1;
    must_fail(cases_cosigned(w->cases, &back, &e), &e, ERR_PEER, "times go back");
    back.signer = NORTH;
    must_fail(cases_cosigned(w->cases, &back, &e), &e, ERR_INPUT, "somebody else");
    world_free(w);
}

static void suspension_of_a_clause_stops_only_that_clause(void **state)
{
    static const char *const edits[] = {"\"cure\": \"30 days\"", "\"cure\": \"48 hours\"", NULL};
    struct world *w = world_with(edits);
    int64_t t = T("2026-03-02T10:00:00Z");
    struct hash before =
        tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "sample", "urgent", 1, NULL));
    struct hash m = tell(w, NORTH, "remedy.notice", NULL, NULL, t,
                         "\"addressee\":\"south\",\"clauses\":[\"request.sample\"]");
    struct hash x = tell2(w, NORTH, "remedy.suspend", &m, NULL, t + 47 * HOUR,
                          "\"clauses\":[\"request.sample\"]");
    struct hash a, b, c;

    (void)state;
    assert_int_equal(outcome(w, &m, &x).verdict, CASES_V_CURE);
    x = tell(w, NORTH, "remedy.suspend", &m, NULL, t + 49 * HOUR,
             "\"clauses\":[\"request.sample\"]");
    assert_int_equal(outcome(w, &m, &x).verdict, CASES_V_TWO_OFFICERS);
    x = tell2(w, NORTH, "remedy.suspend", &m, NULL, t + 50 * HOUR,
              "\"clauses\":[\"request.sample\"]");
    assert_int_equal(outcome(w, &m, &x).verdict, CASES_TAKEN);
    a = tell(w, NORTH, "request", NULL, NULL, t + 51 * HOUR,
             request_body(w, "sample", "urgent", 1, NULL));
    b = tell(w, NORTH, "request", NULL, NULL, t + 51 * HOUR,
             request_body(w, "info", "urgent", 1, NULL));
    assert_int_equal(outcome(w, &a, &a).verdict, CASES_V_SUSPENDED);
    assert_int_equal(outcome(w, &b, &b).verdict, CASES_TAKEN);
    assert_true(cases_suspended(w->cases, BYTES("request.sample"), t + 51 * HOUR));
    assert_false(cases_suspended(w->cases, BYTES("request.info"), t + 51 * HOUR));
    tell(w, NORTH, "remedy.lift", &m, NULL, t + 60 * HOUR, NULL);
    c = tell(w, NORTH, "request", NULL, NULL, t + 61 * HOUR,
             request_body(w, "sample", "urgent", 1, NULL));
    assert_int_equal(outcome(w, &c, &c).verdict, CASES_TAKEN);
    /* The clock of what ran under the clause stood still for ten hours. */
    assert_true(look(w, &before, t + 61 * HOUR).final_due == t + 82 * HOUR);
    world_free(w);
}

/* An act can be here before the one it answers; whose receipt dates it is known only then. */
static void the_order_of_logs_does_not_change_receipts(void **state)
{
    struct world *w = world_new();
    int64_t t = T("2026-03-02T10:00:00Z");
    struct hash q = say(w, NORTH, "request", NULL, NULL, t,
                        request_body(w, "info", "urgent", 1, NULL)),
                a, b;
    struct cases *c = cases_new((size_t)1 << 28, 3, NULL);

    (void)state;
    cosign(w, NORTH, SOUTH, t);
    say(w, SOUTH, "request.clarify", &q, NULL, t, "\"asks\":[{\"item\":1,\"text\":\"?\"}]");
    cosign(w, SOUTH, WITNESS, T("2026-03-02T22:50:00Z"));
    cosign(w, SOUTH, NORTH,
           T("2026-03-02T23:10:00Z")); /* in Berlin the next day, within the grace */
    must(cases_agree(c, w->terms, T("2026-01-01T00:00:00Z"), NULL), NULL);
    for (size_t i = 0; i < w->sigs_n; i++)
        must(cases_cosigned(c, &w->sigs[i], NULL), NULL);
    for (size_t i = w->acts_n; i-- > 0;)
        must(cases_add(c, &w->acts[i].act, NULL), NULL);
    must(cases_root(w->cases, &a, NULL) && cases_root(c, &b, NULL), NULL);
    assert_true(hash_equal(&a, &b));
    assert_string_equal(state_word(w, &q, T("2026-03-09T22:59:59.999Z")), "waiting");
    cases_free(c);
    world_free(w);
}

/* Invariant 11. South's own cosignatures are taken away: it never signs what north says. Nothing
 * that is due from south may be due later than the grace after the witness allows. */
static void silence_never_helps(void **state)
{
    struct rng r = rng_from_env("silence");

    (void)state;
    for (int k = 0; k < 200; k++) {
        struct world *w = world_new();
        int64_t t = T("2026-03-02T10:00:00Z") + (int64_t)rng_below(&r, 30 * DAY);
        int64_t lag = (int64_t)rng_below(&r, 3 * HOUR), late = (int64_t)rng_below(&r, 200 * HOUR);
        struct hash q = say(w, NORTH, "request", NULL, NULL, t,
                            request_body(w, "info", "urgent", 1, NULL)),
                    x;
        int64_t silent, spoken;
        cosign(w, NORTH, WITNESS, t + lag);
        silent = look(w, &q, t + 300 * DAY).final_due;
        cosign(w, NORTH, SOUTH, t + late);
        spoken = look(w, &q, t + 300 * DAY).final_due;
        assert_true(spoken <= silent);
        assert_true(silent == t + lag + HOUR + 72 * HOUR);
        /* And an answer kept from everybody is seen when it is shown. */
        x = say(w, SOUTH, "request.answer", &q, NULL, t + HOUR,
                "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"}]");
        cosign(w, SOUTH, NORTH, spoken + 1 + (int64_t)rng_below(&r, DAY));
        assert_int_equal(outcome(w, &q, &x).timing, CASES_LATE);
        world_free(w);
    }
}

/* Invariant 10: whatever stops a clock, all of it adds up to no more than the cap. */
static void stops_never_exceed_the_cap(void **state)
{
    static const char *const edits[] = {"\"cap\": \"30 days\"", "\"cap\": \"2 days\"", NULL};
    struct rng r = rng_from_env("cap");

    (void)state;
    for (int k = 0; k < 100; k++) {
        struct world *w = world_with(edits);
        int64_t t = T("2026-03-02T10:00:00Z"), now = t;
        struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                             request_body(w, "info", "urgent", 8, NULL)),
                    p;
        for (unsigned i = 1; i <= 8; i++) {
            char asks[64];
            now += (int64_t)rng_below(&r, 6 * HOUR);
            if (rng_below(&r, 2)) {
                snprintf(asks, sizeof asks, "\"asks\":[{\"item\":%u,\"text\":\"?\"}]", i);
                tell(w, SOUTH, "request.clarify", &q, NULL, now, asks);
                now += (int64_t)rng_below(&r, 40 * HOUR);
                tell(w, NORTH, "request.clarified", &q, NULL, now, "\"answers\":[\"x\"]");
            } else {
                p = tell(w, SOUTH, "request.suspend", &q, NULL, now, NULL);
                tell(w, NORTH, "agree", &q, &p, now, NULL);
                now += (int64_t)rng_below(&r, 40 * HOUR);
                p = tell(w, SOUTH, "request.resume", &q, NULL, now, NULL);
                tell(w, NORTH, "agree", &q, &p, now, NULL);
            }
            assert_true(look(w, &q, now).final_due <= t + 72 * HOUR + 2 * DAY);
        }
        assert_true(look(w, &q, t + 72 * HOUR + 2 * DAY + 1).overdue ||
                    !strcmp(state_word(w, &q, t + 72 * HOUR + 2 * DAY + 1), "lapsed"));
        world_free(w);
    }
}

/* Old matters are judged to their end by the version they were opened under. */
static void an_agreement_that_ended_allows_nothing_new(void **state)
{
    struct world *w = world_new();
    int64_t t = T("2026-03-02T10:00:00Z");
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "urgent", 1, NULL)),
                late, x;

    (void)state;
    must(cases_agree(w->cases, NULL, t + HOUR, NULL), NULL);
    late = tell(w, NORTH, "request", NULL, NULL, t + 2 * HOUR,
                request_body(w, "info", "urgent", 1, NULL));
    assert_int_equal(outcome(w, &late, &late).verdict, CASES_V_NO_AGREEMENT);
    x = tell(w, SOUTH, "request.answer", &q, NULL, t + 3 * HOUR,
             "\"final\":true,\"items\":[{\"item\":1,\"status\":\"answered\"}]");
    assert_int_equal(outcome(w, &q, &x).verdict, CASES_TAKEN);
    assert_string_equal(state_word(w, &q, t + 3 * HOUR), "answered");
    world_free(w);
}

/* One case with very many acts: each comes in at the price of any other, and looking is no refold.
 */
static void a_long_case_stays_cheap(void **state)
{
    struct world *w = world_new();
    int64_t t = T("2026-03-02T10:00:00Z");
    struct hash q =
        tell(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "normal", 1, NULL));
    struct cases_act a = {.kind = BYTES("comment"),
                          .refs = &q,
                          .refs_n = 1,
                          .signatures = 1,
                          .body = BYTES("{\"type\":\"entente-notice\",\"action\":\"comment\"}")};

    (void)state;
    for (uint64_t i = 0; i < 50000; i++) {
        struct cases_cosignature s = {
            .author = i % 2, .signer = 1 - i % 2, .mirror = true, .time_ms = t + (int64_t)i};
        a.author = (uint16_t)(i % 2);
        a.index = i + 1;
        s.size = i + 2;
        sha256(bytes_of(&i, sizeof i), &a.id);
        must(cases_add(w->cases, &a, NULL) && cases_cosigned(w->cases, &s, NULL), NULL);
        if (i % 16 == 0)
            assert_int_equal(look(w, &q, t + (int64_t)i).acts_pending, 0);
    }
    assert_int_equal(look(w, &q, t + 50000).acts, 50001);
    world_free(w);
}

/* Everything in one second, by turns, each act naming the one it answers: without that the acts of
 * the first party would all count before those of the second. */
static void nothing_counts_before_what_it_answers(void **state)
{
    static const char *const kinds[] = {"request.ack", "request.answer", "request.contest",
                                        "request.answer", "request.accept"};
    static const char *const with[] = {NULL, "\"items\":[{\"item\":1,\"status\":\"not-held\"}]",
                                       "\"reason\":\"no\"",
                                       "\"items\":[{\"item\":1,\"status\":\"answered\"}]", NULL};
    static const unsigned by[] = {SOUTH, SOUTH, NORTH, SOUTH, NORTH};
    struct rng r = rng_from_env("answers");
    struct world *w = world_new();
    int64_t t = T("2026-03-02T10:00:00Z");
    struct hash q = say(w, NORTH, "request", NULL, NULL, t,
                        request_body(w, "info", "urgent", 1, NULL)),
                x[6] = {q}, a, b;

    (void)state;
    for (int i = 0; i < 5; i++) /* claimed times are no help: each claims to be before the last */
        x[i + 1] = say(w, by[i], kinds[i], &q, &x[i], t - i, with[i]);
    cosign(w, NORTH, SOUTH, t);
    cosign(w, SOUTH, NORTH, t);
    for (int i = 1; i < 6; i++) {
        assert_int_equal(outcome(w, &q, &x[i]).verdict, CASES_TAKEN);
        assert_true(outcome(w, &q, &x[i]).at == t);
    }
    assert_string_equal(state_word(w, &q, t), "closed");
    must(cases_root(w->cases, &a, NULL), NULL);
    for (int i = 0; i < 200; i++) {
        struct cases *again = retell(w, &r);
        must(cases_root(again, &b, NULL), NULL);
        assert_true(hash_equal(&a, &b));
        cases_free(again);
    }
    world_free(w);
}

/* A chain of answers in one second, longer than 16 bits can count. */
static void nor_in_a_chain_of_any_length(void **state)
{
    enum { LENGTH = 70000 };
    struct world *w = world_new();
    int64_t t = T("2026-03-02T10:00:00Z");
    struct hash q = tell(w, NORTH, "request", NULL, NULL, t,
                         request_body(w, "info", "normal", 1, NULL)),
                refs[2] = {q, q};
    struct cases_act a = {.kind = BYTES("comment"),
                          .refs = refs,
                          .refs_n = 2,
                          .signatures = 1,
                          .body = BYTES("{\"type\":\"entente-notice\",\"action\":\"comment\"}")};
    struct cases_act_view *acts;
    size_t n;

    (void)state;
    for (uint64_t i = 0; i < LENGTH; i++) {
        a.author = (uint16_t)(i % 2);
        a.index = i + 1;
        a.locator = i;
        sha256(bytes_of(&i, sizeof i), &a.id);
        must(cases_add(w->cases, &a, NULL), NULL);
        refs[1] = a.id;
    }
    for (uint16_t p = 0; p < 2; p++) {
        struct cases_cosignature s = {
            .author = p, .signer = 1 - p, .mirror = true, .size = LENGTH + 2, .time_ms = t};
        must(cases_cosigned(w->cases, &s, NULL), NULL);
    }
    must(cases_acts(w->cases, &q, w->arena, &acts, &n, NULL), NULL);
    assert_int_equal(n, LENGTH + 1);
    for (size_t i = 1; i < n; i++)
        assert_int_equal(acts[i].locator, i - 1);
    world_free(w);
}

/* Story 8 at library level: a flood is queued, and a real emergency of another party is not. */
static void a_flood_does_not_drown_an_emergency(void **state)
{
    struct world *w = world_new();
    int64_t t = T("2026-03-02T10:00:00Z");
    struct hash last = {{0}}, em;
    struct cases_view v;

    (void)state;
    for (int i = 0; i < 1000; i++)
        last =
            say(w, NORTH, "request", NULL, NULL, t, request_body(w, "info", "emergency", 1, NULL));
    cosign(w, NORTH, SOUTH, t);
    em = say(w, EAST, "request", NULL, NULL, t, request_body(w, "info", "emergency", 1, NULL));
    cosign(w, EAST, SOUTH, t + 1000);
    v = look(w, &last, t + 1000);
    assert_string_equal(instant(w->arena, v.request.queued_until),
                        "2026-03-21T00:00:00.000"); /* 19 days of 50 */
    assert_int_equal(v.request.urgency, CASES_URGENT);
    v = look(w, &em, t + 1000);
    assert_int_equal(v.request.urgency, CASES_EMERGENCY);
    assert_true(v.request.queued_until == 0 && v.final_due == t + 1000 + 8 * HOUR);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_changes_nothing),
        cmocka_unit_test(incremental_is_from_scratch),
        cmocka_unit_test(a_difference_names_the_first_act),
        cmocka_unit_test(a_trace_ends_where_the_root_begins),
        cmocka_unit_test(misbehaviour_is_an_error),
        cmocka_unit_test(suspension_of_a_clause_stops_only_that_clause),
        cmocka_unit_test(the_order_of_logs_does_not_change_receipts),
        cmocka_unit_test(silence_never_helps),
        cmocka_unit_test(stops_never_exceed_the_cap),
        cmocka_unit_test(an_agreement_that_ended_allows_nothing_new),
        cmocka_unit_test(nothing_counts_before_what_it_answers),
        cmocka_unit_test(nor_in_a_chain_of_any_length),
        cmocka_unit_test(a_long_case_stays_cheap),
        cmocka_unit_test(a_flood_does_not_drown_an_emergency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
