/* cases: a body of any kind. The first byte picks the kind, the rest is the body. What is taken
 * goes through a small fold after a request and a claim of our own, and must leave it readable. */
#include "cases/cases.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char agreement[] =
    "{\"parties\":[{\"slug\":\"north\",\"zone\":\"N\",\"calendar\":\"c\"},{\"slug\":\"south\","
    "\"zone\":\"N\","
    "\"calendar\":\"c\"},{\"slug\":\"judge\",\"role\":\"arbiter\",\"zone\":\"N\",\"calendar\":"
    "\"c\"}],\"zones\":{\"N\":"
    "{\"rule\":\"CET-1CEST,M3.5.0,M10.5.0/"
    "3\"}},\"calendars\":{\"c\":{\"weekend\":[\"sunday\"],\"from\":\"2026-01-01\","
    "\"through\":\"2026-12-31\"}},\"clauses\":{\"clock\":{\"grace\":\"1 "
    "hour\",\"clarify_reply\":\"5 days\","
    "\"consult_window\":\"48 hours\",\"silence_accepts\":\"10 "
    "days\",\"lapse_after_terms\":3,\"stops\":{\"clarify\":true,"
    "\"suspend\":true,\"outage\":\"24 hours\",\"cap\":\"30 "
    "days\"},\"urgency\":{\"normal\":{\"ack\":\"2 working days\","
    "\"status\":\"5 days\",\"final\":\"10 "
    "days\",\"extend\":{\"by\":\"right\",\"times\":1,\"up_to\":\"10 days\"}},"
    "\"preserve\":{\"ack\":\"8 hours\",\"final\":\"24 hours\",\"hold\":\"60 "
    "days\",\"extend\":{\"by\":\"consent\",\"times\":1,"
    "\"up_to\":\"30 days\"}},\"complex\":{\"final\":\"45 days\"},\"ping\":{\"final\":\"24 "
    "hours\"}},\"claim\":{\"final\":"
    "\"30 "
    "days\"}},\"request\":{\"info\":{\"urgency\":[\"normal\",\"complex\"],\"per_day\":1},"
    "\"preserve\":{\"urgency\":[\"preserve\"]}},"
    "\"ground\":{\"not-held\":{\"needs\":\"search\",\"review\":true},\"malformed\":{\"consult\":"
    "true}},\"ladder\":[{\"name\":\"a\","
    "\"who\":\"judge\",\"after\":[\"overdue\",\"refused\",\"contested\"],\"time\":\"1 "
    "day\"}],\"remedy\":{\"cure\":\"1 day\",\"suspend\":"
    "[\"request.info\",\"claim\"]},\"claim\":{\"types\":[\"conducted-by\"]}}}";

#define MARK                                                                                       \
    "\"object_marking_refs\":[\"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487\"],"      \
    "\"exercise\":false"

static struct hash act(struct cases *c, unsigned author, uint64_t index, const char *kind,
                       const struct hash *about, struct bytes body, int64_t at)
{
    struct cases_act a = {.author = (uint16_t)author,
                          .index = index,
                          .kind = bytes_text(kind),
                          .refs = about,
                          .refs_n = about ? 1 : 0,
                          .claimed_ms = at,
                          .body = body,
                          .signatures = 2};
    struct cases_cosignature s = {.author = (uint16_t)author,
                                  .signer = (uint16_t)(author == 0),
                                  .mirror = true,
                                  .size = index + 1,
                                  .time_ms = at};

    sha256(bytes_of(&a.index, sizeof a.index), &a.id);
    a.id.b[0] = (uint8_t)author;
    assert(cases_add(c, &a, NULL));
    assert(cases_cosigned(c, &s, NULL));
    return a.id;
}

static void read_all(struct cases *c, struct arena *a)
{
    struct bytes text;
    struct hash root;

    assert(cases_root(c, &root, NULL));
    for (size_t i = 0; i < cases_count(c); i++) {
        struct hash id = cases_id(c, i);
        for (int64_t now = INT64_C(1772438400000); now < INT64_C(1790000000000);
             now += INT64_C(9000000000)) {
            struct err e = {0};
            if (!cases_why(c, &id, now, NULL, a, &text, &e))
                assert(e.code == ERR_MISSING);
            if (!cases_show_json(c, &id, now, a, &text, &e))
                assert(e.code == ERR_MISSING || e.code == ERR_INPUT);
        }
    }
    assert(cases_review(c, 0, INT64_C(1790000000000), NULL, NULL, 0, a, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes body;
    struct arena *a = arena_new((size_t)512 << 20);
    int64_t t = INT64_C(1772438400000);
    struct cases_terms *terms;
    struct cases *c;
    struct hash q, l;

    if (n < 2 || !a) {
        arena_free(a);
        return 0;
    }
    body = bytes_of(data + 1, n - 1);
    terms = cases_terms_parse(bytes_text(agreement), a, NULL);
    c = cases_new((size_t)256 << 20, 1, NULL);
    assert(terms && c && cases_agree(c, terms, 0, NULL));
    q = act(c, 0, 0, "request", NULL,
            BYTES("{\"type\":\"entente-request\",\"action\":\"request\",\"request_type\":\"info\","
                  "\"urgency\":\"normal\","
                  "\"addressee\":\"south\",\"items\":[{\"ask\":\"a\"},{\"ask\":\"b\"}],\"keep_"
                  "confidential\":false," MARK "}"),
            t);
    l = act(c, 0, 1, "claim", NULL,
            BYTES("{\"type\":\"entente-claim\",\"action\":\"claim\",\"addressee\":\"south\","
                  "\"subject\":\"s\",\"predicate\":"
                  "\"conducted-by\",\"object\":\"o\",\"likelihood\":{\"low\":55,\"high\":80},"
                  "\"confidence\":\"low\",\"hypotheses\":"
                  "[{\"text\":\"a\",\"named_party\":true},{\"text\":\"b\",\"named_party\":false}],"
                  "\"disclosure\":\"bilateral\"," MARK "}"),
            t + 1);
    for (unsigned author = 0; author < 3; author++) {
        const char *kind = cases_kind_words[1 + data[0] % (CASES_KINDS - 1)];
        act(c, author, 10, kind, &q, body, t + 86400000);
        act(c, author, 11, kind, &l, body, t + 86400000);
        act(c, author, 12, "request.answer", &q,
            BYTES("{\"type\":\"entente-response\",\"action\":\"request.answer\",\"items\":[{"
                  "\"item\":1,\"status\":\"answered\"}]}"),
            t + 2 * 86400000);
    }
    read_all(c, a);
    cases_twin(body, a, &body, NULL);
    cases_free(c);
    arena_free(a);
    return 0;
}
