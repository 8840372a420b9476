/* desk: the cases of one agreement, as its record tells them.
 *
 * The record keeps logs of signed acts; cases is a pure fold of acts. The desk feeds the one to
 * the other, keeps the fold up to date, and sends acts that the fold would take. It decides
 * nothing of its own: what it shows is a function of the logs, so both nodes show the same.
 *
 *     struct desk *d = desk_open(record, os, LIMIT_DESK_BYTES, e);
 *     struct cases *c = desk_begin(d, e);                // locked, and up to date
 *     desk_find(d, "5f3a", DESK_ANY, &id, e);
 *     cases_show(c, &id, now_ms, words, arena, &text, e);
 *     desk_end(d);
 *     ...
 *     struct json *body = desk_body(d, &maker, CASES_REQUEST_ACK, STIX_TLP_AMBER);
 *     desk_say(d, &saying, &placed, e);                  // ERR_DENIED: the clause; nothing was
 * sent desk_close(d);
 *
 * Threads: any. There is one lock, held from begin to end and inside the other calls; what a call
 * needs of the record it takes under it, never the other way round. desk_say writes in the record:
 * its caller is the record's one writer (node_hold).
 */
#ifndef ENTENTE_DESK_H
#define ENTENTE_DESK_H

#include "cases/cases.h"
#include "record/record.h"

struct desk;

/* Nothing is read before it is asked for. The record must outlive it. NULL: ERR_NOMEM. */
struct desk *desk_open(struct record *r, const struct os *os, size_t cap_bytes, struct err *e);
void desk_close(struct desk *d); /* NULL is fine */

struct record *desk_record(const struct desk *d);
/* Now, in milliseconds: by the clock it was opened with, or the newest time that anybody has signed
 * if that is later, for no right clock is earlier. */
int64_t desk_now(const struct desk *d);

/* Lock it, take in what the record has learned since, and give out the fold, until desk_end. The
 * first time all acts are read; later only new ones. NULL (and not locked): ERR_LIMIT (the cap),
 * ERR_MISSING (a document that sets no clocks), ERR_IO, ERR_NOMEM. */
struct cases *desk_begin(struct desk *d, struct err *e);
void desk_end(struct desk *d);
/* For long looks, between begin and end, every now and then: who waits for the desk goes first, and
 * then it is as if begun again. *anew (may be NULL): the fold was made anew meanwhile, so that
 * matters have other places in it. With nobody waiting it costs next to nothing. NULL: as
 * desk_begin. */
struct cases *desk_yield(struct desk *d, bool *anew, struct err *e);

/* ---- between begin and end ---- */

struct cases *desk_cases(const struct desk *d); /* what desk_begin gave */

/* The version of the agreement that was in force last. */
const struct cases_terms *desk_terms(const struct desk *d);
/* Our place among the parties. */
uint16_t desk_self(const struct desk *d);

/* Bits for desk_find: what kinds of matter are meant. */
enum {
    DESK_LOOSE = 1 << CASES_LOOSE,
    DESK_REQUESTS = 1 << CASES_IS_REQUEST,
    DESK_CLAIMS = 1 << CASES_IS_CLAIM,
    DESK_PINGS = 1 << CASES_IS_PING,
    DESK_REMEDIES = 1 << CASES_IS_REMEDY,
    DESK_ANY = 31
};
/* The matter whose id begins with these (4 or more) hex digits, or that holds such an act; "last":
 * the newest of these kinds. ERR_MISSING, ERR_INPUT (several). */
bool desk_find(struct desk *d, struct bytes name, unsigned kinds, struct hash *out, struct err *e);

/* A locator (struct cases_act_view): whose log, and the act's index there. */
uint16_t desk_locator_party(uint64_t locator);
uint64_t desk_locator_index(uint64_t locator);
/* The act, and its body: canonical JSON; empty if it was withheld or erased. */
bool desk_act(struct desk *d, uint64_t locator, struct arena *a, struct act *out,
              struct bytes *body, struct err *e);

/* The matter as text for people, and as JSON: what cases_show and cases_show_json say, and the
 * words of each act with it. The same bytes at every node for settled acts. */
bool desk_show(struct desk *d, const struct hash *matter, int64_t now_ms,
               const struct catalogue *words, struct arena *a, struct bytes *out, struct err *e);
bool desk_show_json(struct desk *d, const struct hash *matter, int64_t now_ms, struct arena *a,
                    struct bytes *out, struct err *e);

/* A claim's statements, evidence and history as people read them (cases_claim_text). */
bool desk_claim_text(struct desk *d, const struct hash *claim, int64_t now_ms,
                     const struct catalogue *words, struct arena *a, struct bytes *out,
                     struct err *e);

/* What two nodes compare. Equal inputs must give equal roots; unequal inputs are not comparable
 * yet: one of the two has not everything of the other. */
struct desk_state {
    struct hash inputs; /* versions, acts with or without bodies, cosignatures */
    struct hash root;   /* cases_root */
    uint64_t acts, matters;
};
bool desk_state(struct desk *d, struct desk_state *out, struct err *e);

/* ---- saying something (not between begin and end) ---- */

/* A body with what STIX wants of it, for the caller to fill; its marking is `tlp`. */
struct json *desk_body(struct desk *d, struct json_maker *m, enum cases_kind kind,
                       enum stix_tlp tlp);

/* Who may read an act on that matter: whoever may read the one that opened it, but us. 0: all. */
bool desk_audience(struct desk *d, const struct hash *matter, struct arena *a,
                   struct bytes to[LIMIT_PARTIES], size_t *n, struct err *e);

/* The last act on that matter that is not ours: what one of ours would answer. False with ERR_NONE:
 * there is none. */
bool desk_last(struct desk *d, const struct hash *matter, struct hash *out, struct err *e);

struct desk_saying {
    enum cases_kind kind;
    const struct hash *matter;  /* NULL: it opens one */
    const struct hash *answers; /* the act of the matter that it answers; NULL: the last that the
                                 * other side has said there, so that it counts after that */
    bool as_given;              /* a draft that officers signed: NULL is no act then */
    struct bytes body;          /* canonical JSON (json_made) */
    enum stix_tlp tlp;          /* of the act: as the body's marking */
    struct bytes to[LIMIT_PARTIES];
    size_t to_n; /* 0: all, and later acts: whoever may read the act that opened the matter */
    /* Acts that go into the log before it, in the same commit: evidence. */
    const struct record_draft *before;
    size_t before_n;
};
/* Check it against the agreement and the state as it is now, then append and commit. placed: where
 * the act is. ERR_DENIED: the clause, ERR_INPUT: the body; nothing was sent. */
bool desk_say(struct desk *d, const struct desk_saying *s, struct record_placed *placed,
              struct err *e);
/* The check alone. */
bool desk_may(struct desk *d, const struct desk_saying *s, struct err *e);

#endif
