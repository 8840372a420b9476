/* officer: four eyes. An act above the weight that the agreement sets
 * (clauses.signing.two_officers) carries two officers' signatures of the party that says it.
 *
 * A party names its officers in its own log: `officer.add` and `officer.remove`. While it has fewer
 * than two, its node alone can add one; from then on every change needs the signatures of two
 * officers in force, or of the recovery key. So whoever holds the node's keys alone cannot
 * make a second pair of eyes, and everybody sees since when each officer counts (decision 0161).
 *
 * The signatures stand in the act's body, as the member `officers`; each signs the log's name, the
 * kind, what the act answers, and the body without that member. doc/formats/officers.md.
 *
 *     struct officers *o = officers_new(origin, recovery_key, arena, e);
 *     officers_take(o, kind, body);                // each act of kind officer.*, in the log's
 * order n = officers_signed(o, kind, refs, n, body); // how many of those in force now signed this
 */
#ifndef ENTENTE_OFFICER_H
#define ENTENTE_OFFICER_H

#include "record/record.h"

#define OFFICERS_MOST 64    /* in force at a time */
#define OFFICER_NAME_MAX 63 /* slug_valid() */

struct officers; /* of one party's log, as its acts so far leave it */

/* origin: "entente/<agreement>/<slug>". It lives in the arena. NULL: ERR_NOMEM, ERR_LIMIT. */
struct officers *officers_new(const char *origin, const struct sign_public *recovery,
                              struct arena *a, struct err *e);
/* An act of kind officer.add or officer.remove. False: it changes nothing, and *e says why. */
bool officers_take(struct officers *o, struct bytes kind, struct bytes body, struct err *e);

struct officer {
    char name[OFFICER_NAME_MAX + 1];
    struct sign_public key;
};
size_t officers_count(const struct officers *o);
const struct officer *officers_at(const struct officers *o, size_t i);

/* Different officers in force whose signature in the body holds. One who signs twice counts once.
 * names: if not NULL, who they are, as far as there is room. */
unsigned officers_signed(const struct officers *o, struct bytes kind, const struct hash *refs,
                         size_t refs_n, struct bytes body, const struct officer **names,
                         size_t room);
/* The same as a number for the fold (cases_act.signatures): at least 1, the party's own. What was
 * signed once is said once: a draft that is sent again has no officers' signatures left. */
uint8_t officers_weight(const struct officers *o, struct bytes kind, const struct hash *refs,
                        size_t refs_n, struct bytes body);
/* An act that was said: its weight, and its signatures are spent. */
uint8_t officers_spend(struct officers *o, struct bytes kind, const struct hash *refs,
                       size_t refs_n, struct bytes body);
/* The officers of a party in an agreement now, from its log. */
struct officers *officers_of(struct record *r, struct bytes slug, struct arena *a, struct err *e);

/* ---- signing ---- */

/* The text that an officer signs. */
bool officer_statement(const char *origin, struct bytes kind, const struct hash *refs,
                       size_t refs_n, struct bytes body, struct arena *a, struct bytes *out,
                       struct err *e);
/* The body with one more signature. ERR_DENIED: this officer has signed it already. */
bool officer_sign(const char *origin, struct bytes kind, const struct hash *refs, size_t refs_n,
                  struct bytes body, struct bytes name, const struct sign_key *key, struct arena *a,
                  struct bytes *out, struct err *e);
/* The body of officer.add: with the key's own signature, so that nobody adds a key of others. */
bool officer_body_add(struct bytes name, const struct sign_key *key, struct arena *a,
                      struct bytes *out, struct err *e);
bool officer_body_remove(struct bytes name, struct arena *a, struct bytes *out, struct err *e);
/* The body signed by the recovery key, for when two officers cannot. */
bool officer_recover(const char *origin, struct bytes kind, struct bytes body,
                     const struct sign_key *recovery, struct arena *a, struct bytes *out,
                     struct err *e);

#endif
