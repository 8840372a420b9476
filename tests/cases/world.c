#include "world.h"

#include <stdlib.h>

int64_t T(const char *text)
{
    int64_t us = 0;

    if (!time_parse_us(bytes_text(text), &us))
        fail_msg("not an instant: %s", text);
    return us / 1000;
}

char *instant(struct arena *a, int64_t ms)
{
    char out[TIME_TEXT_MAX];

    time_print_us(out, ms == CASES_NEVER ? -1 : ms * 1000);
    return arena_format(a, NULL, "%.23s", out);
}

static struct bytes replace(struct arena *a, struct bytes text, const char *from, const char *to)
{
    size_t at = bytes_find(text, bytes_text(from));
    struct buf b = buf_in(a);

    if (at == SIZE_MAX)
        fail_msg("the agreement does not hold: %s", from);
    buf_put(&b, bytes_part(text, 0, at));
    buf_puts(&b, to);
    buf_put(&b, bytes_part(text, at + strlen(from), text.n));
    return buf_view(&b);
}

struct world *world_with(const char *const *edits)
{
    struct world *w = calloc(1, sizeof *w);
    struct err e = {0};

    assert_non_null(w);
    assert_true(crypto_init());
    w->arena = arena_new((size_t)1 << 30);
    w->agreement = test_vector(w->arena, "cases/agreement.json");
    for (; edits && *edits; edits += 2)
        w->agreement = replace(w->arena, w->agreement, edits[0], edits[1]);
    w->terms = cases_terms_parse(w->agreement, w->arena, &e);
    must(w->terms != NULL, &e);
    w->cases = cases_new((size_t)1 << 30, 12345, &e);
    must(w->cases != NULL, &e);
    must(cases_agree(w->cases, w->terms, T("2026-01-01T00:00:00Z"), &e), &e);
    w->acts = calloc(WORLD_ACTS, sizeof *w->acts);
    w->sigs = calloc(WORLD_ACTS * 2, sizeof *w->sigs);
    return w;
}

struct world *world_new(void)
{
    return world_with(NULL);
}

void world_free(struct world *w)
{
    cases_free(w->cases);
    arena_free(w->arena);
    free(w->acts);
    free(w->sigs);
    free(w);
}

static const char *type_of(const char *kind)
{
    static const char *const pairs[][2] = {
        {"request", "entente-request"},
        {"request.refuse", "entente-refusal"},
        {"request.extend", "entente-extension"},
        {"request.complex", "entente-extension"},
        {"request.ruling", "entente-finding"},
        {"claim", "entente-claim"},
        {"claim.extend", "entente-extension"},
        {"claim.rebut", "entente-rebuttal"},
        {"claim.evidence", "entente-rebuttal"},
        {"claim.grade", "entente-rebuttal"},
        {"claim.revise", "entente-claim"},
        {"claim.finding", "entente-finding"},
        {"claim.ruling", "entente-finding"},
        {"claim.settle", "entente-settlement"},
        {"ping", "entente-notice"},
        {"pong", "entente-notice"},
        {"outage", "entente-notice"},
        {"remedy.notice", "entente-notice"},
        {"remedy.cure", "entente-notice"},
        {"remedy.suspend", "entente-notice"},
        {"remedy.lift", "entente-notice"},
        {"remedy.terminate", "entente-notice"},
        {"comment", "entente-notice"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (!strcmp(kind, pairs[i][0]))
            return pairs[i][1];
    return "entente-response";
}

static struct bytes body_of(struct world *w, const char *kind, const char *members)
{
    return bytes_text(arena_format(w->arena, NULL, "{\"type\":\"%s\",\"action\":\"%s\"%s%s}",
                                   type_of(kind), kind, members && *members ? "," : "",
                                   members ? members : ""));
}

static struct hash say_signed(struct world *w, unsigned author, const char *kind,
                              const struct hash *matter, const struct hash *target, int64_t claimed,
                              const char *members, unsigned officers)
{
    struct world_act *x = &w->acts[w->acts_n];
    struct err e = {0};
    char *name;

    assert_true(w->acts_n < WORLD_ACTS);
    w->acts_n++;
    snprintf(x->kind, sizeof x->kind, "%s", kind);
    x->act = (struct cases_act){.author = (uint16_t)author,
                                .signatures = (uint8_t)officers,
                                .index = w->size[author]++,
                                .kind = bytes_text(x->kind),
                                .claimed_ms = claimed,
                                .body = body_of(w, kind, members),
                                .locator = w->acts_n,
                                .refs = x->refs};
    if (matter)
        x->refs[x->act.refs_n++] = *matter;
    if (target)
        x->refs[x->act.refs_n++] = *target;
    name = arena_format(w->arena, &e, "%u %llu %s", author, (unsigned long long)x->act.index, kind);
    sha256(bytes_text(name), &x->act.id);
    must(cases_add(w->cases, &x->act, &e), &e);
    return x->act.id;
}

struct hash say(struct world *w, unsigned author, const char *kind, const struct hash *matter,
                const struct hash *target, int64_t claimed, const char *members)
{
    return say_signed(w, author, kind, matter, target, claimed, members, 1);
}

void cosign(struct world *w, unsigned author, unsigned signer, int64_t at)
{
    struct cases_cosignature *s = &w->sigs[w->sigs_n++];
    struct err e = {0};

    assert_true(w->sigs_n <= WORLD_ACTS * 2);
    *s = (struct cases_cosignature){.author = (uint16_t)author,
                                    .signer = (uint16_t)signer,
                                    .mirror = signer < WORLD_PARTIES,
                                    .size = w->size[author],
                                    .time_ms = at};
    must(cases_cosigned(w->cases, s, &e), &e);
}

struct hash tell(struct world *w, unsigned author, const char *kind, const struct hash *matter,
                 const struct hash *target, int64_t at, const char *members)
{
    struct hash id = say_signed(w, author, kind, matter, target, at, members, 1);

    cosign(w, author, author == NORTH ? SOUTH : NORTH, at);
    return id;
}

struct hash tell2(struct world *w, unsigned author, const char *kind, const struct hash *matter,
                  const struct hash *target, int64_t at, const char *members)
{
    struct hash id = say_signed(w, author, kind, matter, target, at, members, 2);

    cosign(w, author, author == NORTH ? SOUTH : NORTH, at);
    return id;
}

#define AMBER "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"

const char *request_body(struct world *w, const char *type, const char *urgency, unsigned items,
                         const char *more)
{
    struct buf b = buf_in(w->arena);

    buf_format(&b, "\"request_type\":\"%s\",\"urgency\":\"%s\",\"addressee\":\"south\",\"items\":[",
               type, urgency);
    for (unsigned i = 0; i < items; i++)
        buf_format(&b, "%s{\"ask\":\"question %u\"}", i ? "," : "", i + 1);
    buf_format(&b,
               "],\"purpose\":\"incident-response\",\"intended_use\":\"case 12\",\"urgency_facts\":"
               "\"a hospital is down\",\"legal_basis\":\"law "
               "1\",\"custodian\":\"host\",\"follow_up\":\"yes\",");
    if (!more || !strstr(more, "object_marking_refs"))
        buf_puts(&b, "\"object_marking_refs\":[\"" AMBER "\"],");
    if (!more || !strstr(more, "exercise"))
        buf_puts(&b, "\"exercise\":false,");
    buf_format(&b, "\"keep_confidential\":false%s%s", more ? "," : "", more ? more : "");
    return buf_string(&b, NULL);
}

#define NOTHING64 "0000000000000000000000000000000000000000000000000000000000000000"

const char *claim_body(struct world *w, const char *more)
{
    struct buf b = buf_in(w->arena);

    buf_puts(&b,
             "\"addressee\":\"south\",\"subject\":\"incident "
             "7\",\"predicate\":\"conducted-by\",\"object\":"
             "\"a group in the south\",\"disclosure\":\"bilateral\",\"confidence\":\"moderate\",");
    buf_puts(&b, "\"evidence\":[{\"sha256\":\"" NOTHING64 "\",\"availability\":\"attached\"},"
                 "{\"sha256\":\"" NOTHING64 "\",\"availability\":\"escrow\"},"
                 "{\"sha256\":\"" NOTHING64 "\",\"availability\":\"withheld\"}],");
    if (!more || !strstr(more, "\"likelihood\""))
        buf_puts(&b, "\"likelihood\":{\"low\":55,\"high\":80},");
    if (!more || !strstr(more, "\"hypotheses\""))
        buf_puts(&b, "\"hypotheses\":[{\"text\":\"they did it\",\"named_party\":true},"
                     "{\"text\":\"somebody used their machines\",\"named_party\":false}],");
    buf_format(&b, "\"object_marking_refs\":[\"" AMBER "\"],\"exercise\":false%s%s",
               more ? "," : "", more ? more : "");
    return buf_string(&b, NULL);
}

struct cases_view look(struct world *w, const struct hash *matter, int64_t now)
{
    struct cases_view v;
    struct err e = {0};

    must(cases_view(w->cases, matter, now, w->arena, &v, &e), &e);
    return v;
}

const char *state_word(struct world *w, const struct hash *matter, int64_t now)
{
    struct cases_view v = look(w, matter, now);

    if (v.kind == CASES_IS_REQUEST)
        return cases_state_words[v.request.state];
    return v.kind == CASES_IS_CLAIM ? cases_claim_state_words[v.claim.state] : "";
}

struct cases_act_view outcome(struct world *w, const struct hash *matter, const struct hash *act)
{
    struct cases_act_view *v;
    struct err e = {0};
    size_t n;

    must(cases_acts(w->cases, matter, w->arena, &v, &n, &e), &e);
    for (size_t i = 0; i < n; i++)
        if (hash_equal(&v[i].id, act))
            return v[i];
    fail_msg("the act is not there");
    return v[0];
}

struct cases *retell(struct world *w, struct rng *r)
{
    struct cases *c = cases_new((size_t)1 << 30, rng_u64(r), NULL);
    size_t at[WORLD_PARTIES] = {0}, left = w->acts_n, sigs = 0;
    struct err e = {0};
    uint32_t *order = calloc(w->sigs_n + 1, sizeof *order);

    must(cases_agree(c, w->terms, T("2026-01-01T00:00:00Z"), &e), &e);
    for (size_t i = 0; i < w->sigs_n; i++) { /* a random order of the cosignatures */
        size_t k = (size_t)rng_below(r, i + 1);
        order[i] = order[k];
        order[k] = (uint32_t)i;
    }
    while (left || sigs < w->sigs_n) {
        size_t p = (size_t)rng_below(r, WORLD_PARTIES + 1);
        if (p == WORLD_PARTIES) {
            if (sigs < w->sigs_n)
                must(cases_cosigned(c, &w->sigs[order[sigs++]], &e), &e);
            continue;
        }
        while (at[p] < w->acts_n && w->acts[at[p]].act.author != p)
            at[p]++;
        if (at[p] == w->acts_n)
            continue;
        must(cases_add(c, &w->acts[at[p]++].act, &e), &e);
        left--;
        if (rng_below(r, 8) == 0) { /* looking must change nothing */
            struct hash h;
            must(cases_root(c, &h, &e), &e);
        }
    }
    free(order);
    return c;
}

bool may(struct world *w, unsigned author, const char *kind, const struct hash *matter, int64_t now,
         const char *members, struct err *e)
{
    struct cases_act draft = {.author = (uint16_t)author,
                              .signatures = 1,
                              .kind = bytes_text(kind),
                              .claimed_ms = now,
                              .body = body_of(w, kind, members),
                              .refs = matter,
                              .refs_n = matter ? 1 : 0};

    return cases_check(w->cases, &draft, now, e);
}
