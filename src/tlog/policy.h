/* policy: whom one trusts, as a file that people can read (C2SP tlog-policy).
 *
 *     log alpha.example/log+6595380e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4
 *     witness bravo bravo.example/witness+622d0f77+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X
 *     group both all bravo charlie
 *     quorum both
 *
 * A checkpoint is accepted if one of the logs signed it and the cosigners make the quorum.
 */
#ifndef ENTENTE_TLOG_POLICY_H
#define ENTENTE_TLOG_POLICY_H

#include "tlog/checkpoint.h"

/* A member of a group, or the quorum. */
struct policy_ref {
    bool group;
    size_t index; /* into witnesses or groups */
};

struct policy_group {
    struct bytes name;
    size_t least; /* so many members at least */
    struct policy_ref *members;
    size_t n;
};

/* Read-only once parsed; everything lies in the arena. */
struct policy {
    struct note_key *log_keys;
    struct bytes *log_urls; /* empty where there is none */
    size_t n_logs;
    struct note_key *witness_keys;
    struct bytes *witness_names, *witness_urls;
    size_t n_witnesses;
    struct policy_group *groups; /* members come before the groups they are in */
    size_t n_groups;
    bool has_quorum; /* false: `quorum none`, no cosignature is needed */
    struct policy_ref quorum;
};

/* Errors name the line. Keys of type 06 may stand in it; they never count as signers. */
bool policy_parse(struct bytes text, struct arena *a, struct policy **out, struct err *e);

/* Whether the witnesses flagged (n_witnesses of them) make the quorum. */
bool policy_quorum(const struct policy *p, const bool *cosigned);

struct policy_verdict {
    struct checkpoint checkpoint;
    size_t log;                       /* which of the logs signed it */
    struct cosignature *cosignatures; /* .key: which of the witnesses */
    size_t n;
};
/* The whole of it: a log of the policy signed, nothing known is wrong, the quorum is there.
 * ERR_PROOF: the reason in words. */
bool policy_verify(const struct policy *p, struct bytes note, struct arena *a,
                   struct policy_verdict *out, struct err *e);

#endif
