/* cases: how fast acts fold. The acts lie in a file, as a node would hand them over: author, index,
 * kind, references, body; one cosignature per hundred acts of a log. */
#include "base/os.h"
#include "base/reader.h"
#include "base/text.h"
#include "bench.h"
#include "cases/cases.h"

#include <stdio.h>
#include <stdlib.h>

static const char agreement[] =
    "{\"parties\":[{\"slug\":\"north\",\"zone\":\"N\",\"calendar\":\"c\"},"
    "{\"slug\":\"south\",\"zone\":\"S\",\"calendar\":\"c\"}],"
    "\"zones\":{\"N\":{\"rule\":\"CET-1CEST,M3.5.0,M10.5.0/3\"},\"S\":{\"rule\":\"CST-8\"}},"
    "\"calendars\":{\"c\":{\"weekend\":[\"saturday\",\"sunday\"],\"holidays\":[\"2026-01-01\","
    "\"2026-05-01\",\"2026-12-25\"],\"from\":\"2026-01-01\",\"through\":\"2026-12-31\"}},"
    "\"clauses\":{\"clock\":{\"grace\":\"1 hour\",\"clarify_reply\":\"5 "
    "days\",\"silence_accepts\":\"10 days\","
    "\"lapse_after_terms\":3,\"stops\":{\"clarify\":true,\"suspend\":true,\"cap\":\"30 "
    "days\"},\"urgency\":{"
    "\"normal\":{\"ack\":\"2 working days\",\"status\":\"5 days\",\"final\":\"10 "
    "days\",\"extend\":{\"by\":\"right\","
    "\"times\":1,\"up_to\":\"10 days\"}}}},\"request\":{\"info\":{\"urgency\":[\"normal\"]}},"
    "\"ground\":{\"not-held\":{\"needs\":\"search\"}},\"log\":{\"witnesses\":[\"w\"],\"clock_"
    "tolerance\":\"5 minutes\"}}}";

#define COMMON                                                                                     \
    "\"created\":\"2026-03-02T08:00:00.000Z\",\"created_by_ref\":\"identity--7c54e0f4-5a2e-4d0b-"  \
    "9f0e-"                                                                                        \
    "3f5d8c1b2a10\",\"id\":\"entente-response--0f8fad5b-d9cb-469f-a165-70867728950e\","            \
    "\"modified\":"                                                                                \
    "\"2026-03-02T08:00:00.000Z\",\"spec_version\":\"2.1\""
#define RESPONSE(action, more)                                                                     \
    "{\"action\":\"" action "\"," COMMON ",\"type\":\"entente-response\"" more "}"

/* The life of a case: ten acts, and who speaks. */
static const struct {
    unsigned author;
    const char *kind, *body;
} life[] = {
    {0, "request",
     "{\"action\":\"request\",\"addressee\":\"south\"," COMMON
     ",\"exercise\":false,\"intended_use\":\"case 12\","
     "\"items\":[{\"ask\":\"owner of 203.0.113.7 on 2026-03-01\"},{\"ask\":\"traffic to "
     "198.51.100.4\"}],"
     "\"keep_confidential\":true,\"object_marking_refs\":[\"marking-definition--55d920b0-5e8b-4f79-"
     "9ee9-91f868d9b421\"],"
     "\"point_of_contact\":\"duty "
     "officer\",\"purpose\":\"incident-response\",\"request_type\":\"info\","
     "\"steps_taken\":\"own logs searched\",\"type\":\"entente-request\",\"urgency\":\"normal\"}"},
    {1, "request.ack", RESPONSE("request.ack", "")},
    {1, "request.clarify",
     RESPONSE("request.clarify", ",\"asks\":[{\"item\":2,\"text\":\"which port?\"}]")},
    {0, "request.clarified", RESPONSE("request.clarified", ",\"answers\":[\"443\"]")},
    {1, "request.status", RESPONSE("request.status", ",\"text\":\"asking the provider\"")},
    {1, "request.extend",
     "{\"action\":\"request.extend\"," COMMON
     ",\"extend_by\":\"5 days\",\"reason\":\"provider\",\"type\":\"entente-extension\"}"},
    {1, "request.answer",
     RESPONSE("request.answer",
              ",\"items\":[{\"item\":1,\"status\":\"answered\",\"text\":\"Example Ltd\"}]")},
    {1, "request.answer",
     RESPONSE("request.answer",
              ",\"final\":true,\"items\":[{\"item\":2,\"status\":\"not-held\"}]")},
    {0, "request.contest",
     RESPONSE("request.contest", ",\"items\":[2],\"reason\":\"it was logged\"")},
    {0, "request.accept", RESPONSE("request.accept", ",\"rating\":{\"usefulness\":4}")},
};
#define LIFE (sizeof life / sizeof *life)
#define BATCH 100 /* acts of a log per cosignature */
#define CASES_OPEN_AT_ONCE 1000

static void put_record(FILE *f, const struct cases_act *a, const struct cases_cosignature *s)
{
    uint8_t tag = a ? 'a' : 'c';

    fwrite(&tag, 1, 1, f);
    if (s)
        fwrite(s, sizeof *s, 1, f);
    if (!a)
        return;
    fwrite(a, sizeof *a, 1, f);
    fwrite(a->kind.p, 1, a->kind.n, f);
    fwrite(a->refs, sizeof *a->refs, a->refs_n, f);
    fwrite(a->body.p, 1, a->body.n, f);
}

static struct hash id_of(uint64_t n)
{
    struct hash h;

    sha256(bytes_of(&n, sizeof n), &h);
    return h;
}

/* Cases run interleaved, a thousand at a time, so that memory is visited as in a real year. */
static void generate(const char *path, uint64_t cases)
{
    FILE *f = fopen(path, "wb");
    uint64_t size[2] = {0};
    int64_t now = INT64_C(1772438400000);

    for (uint64_t block = 0; f && block * CASES_OPEN_AT_ONCE < cases; block++)
        for (size_t k = 0; k < LIFE; k++, now += 3600000)
            for (uint64_t i = 0; i < CASES_OPEN_AT_ONCE && block * CASES_OPEN_AT_ONCE + i < cases;
                 i++) {
                uint64_t number = block * CASES_OPEN_AT_ONCE + i;
                unsigned p = life[k].author;
                struct hash refs[1] = {id_of(number * LIFE)};
                struct cases_act a = {.id = id_of(number * LIFE + k),
                                      .author = (uint16_t)p,
                                      .signatures = 1,
                                      .index = size[p]++,
                                      .kind = bytes_text(life[k].kind),
                                      .refs = refs,
                                      .refs_n = k ? 1 : 0,
                                      .claimed_ms = now,
                                      .body = bytes_text(life[k].body),
                                      .locator = number};
                struct cases_cosignature s = {.author = (uint16_t)p,
                                              .signer = (uint16_t)(1 - p),
                                              .mirror = true,
                                              .size = size[p],
                                              .time_ms = now + 1000};
                put_record(f, &a, NULL);
                if (size[p] % BATCH == 0 || i == CASES_OPEN_AT_ONCE - 1)
                    put_record(f, NULL, &s);
            }
    if (!f || fclose(f))
        exit(1);
}

static bool feed_one(struct cases *c, struct reader *r, struct err *e)
{
    if (reader_u8(r) == 'c') {
        struct cases_cosignature s;
        reader_copy(r, &s, sizeof s);
        return cases_cosigned(c, &s, e);
    }
    struct cases_act a;
    struct hash refs[1];
    reader_copy(r, &a, sizeof a);
    a.kind = reader_bytes(r, a.kind.n);
    reader_copy(r, refs, a.refs_n * sizeof *refs);
    a.refs = refs;
    a.body = reader_bytes(r, a.body.n);
    return cases_add(c, &a, e);
}

struct run {
    double seconds, one;
    size_t memory;
    struct cases *cases;
    struct hash root;
};

static struct run fold(const char *path, struct cases_terms *t, struct err *e)
{
    struct arena *file = arena_new((size_t)4 << 30);
    struct run x = {0};
    double start = bench_now();
    struct bytes in;
    struct reader r;

    x.cases = cases_new((size_t)8 << 30, 42, e);
    if (!x.cases || !cases_agree(x.cases, t, 0, e) ||
        !os_read_file(os_system(), path, (size_t)4 << 30, file, &in, e))
        exit(1);
    r = reader_of(in);
    while (reader_left(&r))
        if (!feed_one(x.cases, &r, e))
            exit(1);
    if (!cases_root(x.cases, &x.root, e))
        exit(1);
    x.seconds = bench_now() - start;
    arena_free(file);
    return x;
}

#define ONE_MORE 1000

/* One more act, its cosignature and the state after it, in a fold of a million. */
static double one_more(struct cases *c, uint64_t acts, struct err *e)
{
    double start = bench_now();
    struct arena *a = arena_new(1 << 24);
    int64_t now = INT64_C(1793000000000);

    for (uint64_t i = 0; i < ONE_MORE; i++) {
        struct cases_act act = {.id = id_of(acts + i),
                                .signatures = 1,
                                .index = acts + i,
                                .kind = bytes_text(life[0].kind),
                                .claimed_ms = now,
                                .body = bytes_text(life[0].body)};
        struct cases_cosignature s = {
            .signer = 1, .mirror = true, .size = acts + i + 1, .time_ms = now + (int64_t)i};
        struct arena_mark mark = arena_mark(a);
        struct cases_view v;
        if (!cases_add(c, &act, e) || !cases_cosigned(c, &s, e) ||
            !cases_view(c, &act.id, now + (int64_t)i, a, &v, e) ||
            v.request.state != CASES_DELIVERED)
            exit(1);
        arena_reset(a, mark);
    }
    arena_free(a);
    return (bench_now() - start) / ONE_MORE;
}

/* The review of all that was asked, with its text and page. */
static double review(struct cases *c, struct err *e)
{
    struct arena *a = arena_new((size_t)1 << 30);
    double start = bench_now();
    struct cases_review *r = cases_review(c, 0, INT64_C(1793000000000), NULL, NULL, 0, a, e);
    struct bytes out;

    if (!r || !cases_review_text(r, NULL, a, &out, e) || !cases_review_html(r, NULL, a, &out, e))
        exit(1);
    arena_free(a);
    return bench_now() - start;
}

int main(int argc, char **argv)
{
    uint64_t cases = bench_small() ? 5000 : 100000;
    struct arena *arena = arena_new(1 << 24);
    struct err e = {0};
    struct cases_terms *t = cases_terms_parse(bytes_text(agreement), arena, &e);
    const char *dir = getenv("TMPDIR");
    char path[512];
    double whole[3], one[3], reviews[3];

    if (!t || !crypto_init()) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    snprintf(path, sizeof path, "%s/entente-bench-cases", dir ? dir : "/tmp");
    generate(path, cases);
    for (int i = 0; i < 3; i++) {
        struct run x = fold(path, t, &e);
        whole[i] = x.seconds;
        reviews[i] = review(x.cases, &e);
        one[i] = one_more(x.cases, cases * LIFE, &e);
        cases_free(x.cases);
    }
    remove(path);
    if (bench_wanted(argc, argv, "cases/fold-1m"))
        bench_print(&(struct bench_case){
            .name = "cases/fold-1m", .unit = "s", .n = cases * LIFE, .samples = whole, .runs = 3});
    if (bench_wanted(argc, argv, "cases/fold-one"))
        bench_print(&(struct bench_case){
            .name = "cases/fold-one", .unit = "s", .n = ONE_MORE, .samples = one, .runs = 3});
    if (bench_wanted(argc, argv, "cases/review-100k"))
        bench_print(&(struct bench_case){
            .name = "cases/review-100k", .unit = "s", .n = cases, .samples = reviews, .runs = 3});
    arena_free(arena);
    return 0;
}
