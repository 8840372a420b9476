/* proof: one entry proved offline, as a file (C2SP tlog-proof, `.tlog-proof`).
 *
 *     c2sp.org/tlog-proof@v1
 *     extra aGVsbG8=                 optional; nobody signed it
 *     index 3
 *     ApjRIpBt...                    the inclusion proof, leaf side first
 *
 *     alpha.example/log              the checkpoint note with all its cosignatures
 *     ...
 */
#ifndef ENTENTE_TLOG_PROOF_H
#define ENTENTE_TLOG_PROOF_H

#include "tlog/policy.h"

struct proof_file {
    bool has_extra;
    struct bytes extra; /* decoded; say nothing on its authority */
    uint64_t index;
    struct tlog_proof proof;
    struct bytes note;
};

bool proof_file_parse(struct bytes in, struct arena *a, struct proof_file *out, struct err *e);
bool proof_file_print(const struct proof_file *f, struct arena *a, struct bytes *out,
                      struct err *e);
/* `entry`: the bytes of the log entry (for entente the 32 bytes SHA-256(act note)); the caller
 * knows how its log makes entries of what is to be proved. Checks the log's signature, the
 * cosignatures against the policy, and then the inclusion. */
bool proof_file_verify(const struct proof_file *f, struct bytes entry, const struct policy *p,
                       struct arena *a, struct policy_verdict *out, struct err *e);

#endif
