/* match: what surrounds a private comparison (psi) where people use it: lists as they keep them,
 * what both sides say to each other first, commitments that can be opened, the agreement's limits,
 * and the acts that put it on the record.
 *
 *     match_read(type, &source, each, self, &counts, e)       // a file's lines, normalised
 *     match_order_make(digests, n, &order, e)                 // sorted, duplicates gone
 *     match_root(&leaves, &root, e)                           // what the log will hold
 *
 * match/acts.h has the acts and the fold over them, match/audit.h what is opened afterwards.
 * doc/formats/match.md describes every format.
 */
#ifndef ENTENTE_MATCH_H
#define ENTENTE_MATCH_H

#include "psi/normalise.h"
#include "tlog/tree.h"

/* ---- types of items ------------------------------------------------------------------------ */

struct match_type {
    const char *name;   /* as clauses.match.*.items says it: "domain", "sha256" */
    const char *many;   /* "domains" */
    const char *recipe; /* of psi/normalise.h: "domain/1" */
    unsigned bits;      /* about so many bits tell all values of it apart; 0: too many to try */
};
/* By its name or its plural. NULL: there is no such type. */
const struct match_type *match_type_find(struct bytes name);
extern const struct match_type match_types[]; /* ends with a NULL name */
/* Could somebody put all values of it on a list, or in some lists? (An identifier: unless it is
 * joined of several, like a name and a date of birth.) */
bool match_type_guessable(const struct match_type *t);

/* ---- lists ----------------------------------------------------------------------------------- */

struct match_source {
    /* Up to n bytes; *got 0: the end. */
    bool (*read)(void *self, uint8_t *out, size_t n, size_t *got, struct err *e);
    void *self;
};

struct match_counts {
    uint64_t lines;                    /* or rows, attributes, patterns */
    uint64_t kept;                     /* went into the set */
    uint64_t dropped[NORMALISE_DROPS]; /* by reason; [NORMALISE_KEPT] is 0 */
    uint64_t other_type;               /* right by the recipe, and of another type */
    uint64_t single;                   /* identifiers that are not joined of several */
    const char *format;                /* "a plain list", "CSV" ... */
};

/* One item: its canonical bytes, and how the source spells it. False: stop. */
typedef bool match_each(void *self, struct bytes canonical, struct bytes original, struct err *e);

/* All items of a source: a plain list (one item a line), CSV, a MISP event, or STIX. `guessable`:
 * identifiers that are not joined of several are taken as well. The same source gives the same
 * items in the same order each time. */
bool match_read(const struct match_type *t, bool guessable, const struct match_source *source,
                match_each *each, void *self, struct match_counts *counts, struct err *e);

/* The numbers of items in ascending order of their digests, the first of equals kept. */
struct match_order {
    uint32_t *number;
    uint64_t n, duplicates;
};
bool match_order_make(const struct psi_digest *d, uint64_t n, struct match_order *out,
                      struct err *e);
void match_order_free(struct match_order *o); /* all zero is fine */

/* ---- commitments -------------------------------------------------------------------------------
 */

/* Leaf i of the tree (RFC 6962) is 16 bytes of salt and the i-th smallest digest: nobody who does
 * not know the salts learns anything from the root, and an item that is not on the list can be
 * shown to be absent by its two neighbours. */
struct match_leaves {
    const struct psi_digest *digest;
    const uint32_t *order; /* of match_order; NULL: they stand in order already */
    uint64_t n;
    uint8_t seed[32]; /* of the salts: secret, and fresh for each list */
};
#define MATCH_SALT 16
void match_leaf_salt(const uint8_t seed[32], uint64_t index, uint8_t out[MATCH_SALT]);
bool match_root(const struct match_leaves *l, struct hash *out, struct err *e);

struct match_opened {
    uint64_t index;
    uint8_t salt[MATCH_SALT];
    struct psi_digest digest;
    struct tlog_proof proof;
};
/* Open leaves; index[] ascending. One pass over the list, however many. */
bool match_open(const struct match_leaves *l, const uint64_t *index, size_t count,
                struct match_opened *out, struct err *e);
/* ERR_PROOF: not as committed. */
bool match_opened_verify(const struct match_opened *o, uint64_t size, const struct hash *root,
                         struct err *e);
/* Where a digest stands, or would stand. */
uint64_t match_find(const struct match_leaves *l, const struct psi_digest *d, bool *found);

/* ---- shards
 * -------------------------------------------------------------------------------------- */

/* The size that each of k shards of n items declares: what is beyond it comes with probability
 * below 2^-40. Both sides compute it, so the true counts are not shown. */
uint64_t match_shard_size(uint64_t n, unsigned shards);

/* ---- who learns
 * ------------------------------------------------------------------------------------ */

/* The side that begins (connects, offers) and the one that is asked (listens, accepts). */
enum match_side { MATCH_ASKER, MATCH_ASKED };
enum match_who { MATCH_BOTH, MATCH_ONLY_ASKER, MATCH_ONLY_ASKED };
const char *match_who_name(enum match_who w); /* "both", "asker", "asked" */
bool match_who_parse(struct bytes text, enum match_who *out);
/* Runs ("legs"): in leg 0 the asker learns, in leg 1 the asked. */
bool match_leg_runs(enum match_who w, unsigned leg);
enum psi_role match_role(enum match_side side, unsigned leg);

/* ---- hello: what two command lines say to each other before a run
 * ---------------------------------- */

/*     entente-match-hello/1
 *     type domain
 *     recipe domain/1
 *     mode malicious
 *     code 7x24
 *     who both
 *     shards 1
 *     size 1438
 *     root <64 hex digits: of the list's commitment; zeros if one side alone learns>
 *     coin <64 hex digits: the SHA-256 of the bytes that this side opens next>
 *     end
 */
struct match_hello {
    const struct match_type *type;
    enum psi_mode mode;
    enum psi_code code;
    enum match_who who;
    unsigned shards;
    uint64_t size;
    struct hash root, coin;
};
#define MATCH_HELLO_MAX 512
bool match_hello_print(const struct match_hello *h, struct arena *a, struct bytes *out,
                       struct err *e);
bool match_hello_parse(struct bytes text, struct match_hello *out, struct err *e);
/* Do they fit together? An error says what differs, in our words first. */
bool match_hello_agree(const struct match_hello *ours, const struct match_hello *theirs,
                       struct err *e);
/* What both hold each other to in every run: the hellos (the asker's first) and the coins. */
void match_hello_context(const struct match_hello *asker, const struct match_hello *asked,
                         const uint8_t asker_coin[32], const uint8_t asked_coin[32],
                         struct hash *out);
/* The context of one run of it. */
void match_run_context(const struct hash *session, unsigned leg, unsigned shard, struct hash *out);
/* The salt that splits lists into shards. */
void match_shard_salt(const struct hash *session, uint8_t out[32]);

#endif
