/* witness: the add-checkpoint exchange (C2SP tlog-witness), both sides, without the HTTP.
 *
 *     old 5                          what the log believes the witness saw last
 *     vBoGQ7Eu...                    consistency proof from there
 *
 *     alpha.example/log              the checkpoint note
 *     8
 *     ...
 *
 * The witness's side:
 *
 *     if (!witness_request_parse(body, arena, &request, &e)) -> answer 400
 *     look up request.checkpoint.origin;
 *     witness_decide(log or NULL, &request, &decision);
 *     200: store the checkpoint durably, if the stored one is still the one decided upon, and
 *          only then answer with cosignature lines. Else: answer decision.status and body.
 */
#ifndef ENTENTE_TLOG_WITNESS_H
#define ENTENTE_TLOG_WITNESS_H

#include "tlog/checkpoint.h"

struct witness_request {
    uint64_t old_size;
    struct tlog_proof proof;
    struct note note;
    struct checkpoint checkpoint; /* what the note says; its signature is not yet checked */
};

/* ERR_INPUT, ERR_LIMIT: answer 400. */
bool witness_request_parse(struct bytes body, struct arena *a, struct witness_request *out,
                           struct err *e);
bool witness_request_print(uint64_t old_size, const struct tlog_proof *proof, struct bytes note,
                           struct arena *a, struct bytes *out, struct err *e);

/* What a witness knows of one log. */
struct witness_log {
    const struct note_key *keys; /* that it trusts for this origin */
    size_t n;
    uint64_t size; /* last cosigned; 0 if never */
    struct hash root;
};

enum witness_keep {
    WITNESS_KEEP_NOTHING,
    WITNESS_KEEP_SUSPECT, /* signed by the log, and not shown to be consistent */
    WITNESS_KEEP_PROOF,   /* signed by the log, of the stored size with another root: with the
                             stored checkpoint it convicts (tlog/evidence.h) */
};

struct witness_decision {
    int status; /* 200, 400, 403, 404, 409, 422, in the standard's order of checks */
    const char *content_type;
    char body[24];          /* 409: the stored size and a line feed; else empty */
    enum witness_keep keep; /* the note must be kept as evidence, whatever the status */
    const char *why;        /* for diagnostics */
};
#define WITNESS_CONFLICT_TYPE "text/x.tlog.size"

/* Pure. `log` is NULL for an origin we do not know. */
void witness_decide(const struct witness_log *log, const struct witness_request *request,
                    struct witness_decision *out);

/* ---- the log's side ------------------------------------------------------------------------- */

/* The body of a 409: the size that the witness has. If there is none, or it is the one that was
 * sent, the answer is a refusal (tlog-witness 1.0.0 answers so to a second root), not a reason to
 * try again. */
bool witness_conflict_parse(struct bytes body, uint64_t *size, struct err *e);
/* The body of a 200: signature lines. Those by the keys given are checked against `note` and
 * returned (see note_append); others are ignored. ERR_PROOF: one is wrong, or none is known. */
bool witness_response_parse(struct bytes body, const struct note *note, const struct note_key *keys,
                            size_t n, struct arena *a, struct cosignature **out, size_t *count,
                            struct err *e);

#endif
