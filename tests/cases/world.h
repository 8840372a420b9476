/* A small world for tests of cases: an agreement of two parties, a third and an arbiter, and acts
 * that are said and cosigned by hand. Time is in milliseconds; T() reads an instant. */
#ifndef ENTENTE_TEST_WORLD_H
#define ENTENTE_TEST_WORLD_H

#include "cases/cases.h"
#include "support/support.h"

enum { NORTH, SOUTH, EAST, JUDGE, WITNESS = 4, WORLD_PARTIES = 4 };

#define WORLD_ACTS 4096

struct world_act {
    struct cases_act act;
    struct hash refs[2];
    char kind[32];
};

struct world {
    struct arena *arena;
    struct bytes agreement;
    struct cases_terms *terms;
    struct cases *cases;
    uint64_t size[WORLD_PARTIES];
    /* All that was said and signed, to be told again to another fold. */
    struct world_act *acts;
    size_t acts_n;
    struct cases_cosignature *sigs;
    size_t sigs_n;
};

int64_t T(const char *instant); /* "2026-03-02T10:00:00Z" */
char *instant(struct arena *a, int64_t ms);

struct world *world_new(void);
/* With another agreement; edit is applied to its text: "from=>to" pairs, NULL at the end. */
struct world *world_with(const char *const *edits);
void world_free(struct world *w);
/* Say something: an act of `author` answering `matter` (NULL: it opens one) and `target` (or NULL).
 * The body is JSON members after type and action. Nobody has cosigned it yet. */
struct hash say(struct world *w, unsigned author, const char *kind, const struct hash *matter,
                const struct hash *target, int64_t claimed, const char *members);
/* The signer signs the whole log of the author at that time; parties are mirrors. */
void cosign(struct world *w, unsigned author, unsigned signer, int64_t at);
/* say, and the counterparty (or north, for south's acts) cosigns at once. */
struct hash tell(struct world *w, unsigned author, const char *kind, const struct hash *matter,
                 const struct hash *target, int64_t at, const char *members);
/* As tell, with two officers' signatures. */
struct hash tell2(struct world *w, unsigned author, const char *kind, const struct hash *matter,
                  const struct hash *target, int64_t at, const char *members);
/* A body's usual request: type, urgency, n items, to south. */
const char *request_body(struct world *w, const char *type, const char *urgency, unsigned items,
                         const char *more);
const char *claim_body(struct world *w, const char *more);

struct cases_view look(struct world *w, const struct hash *matter, int64_t now);
const char *state_word(struct world *w, const struct hash *matter, int64_t now);
/* What became of an act. */
struct cases_act_view outcome(struct world *w, const struct hash *matter, const struct hash *act);
/* The same said and signed to a fresh fold, in random order that keeps each log's. */
struct cases *retell(struct world *w, struct rng *r);
bool may(struct world *w, unsigned author, const char *kind, const struct hash *matter, int64_t now,
         const char *members, struct err *e);

#endif
