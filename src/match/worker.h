/* worker: one run of psi in a process of its own, spoken to over two pipes. The node that starts
 * it passes on what the peer says; the process knows no keys, no agreement and no network, and
 * may as well run on another machine (ssh other entente match worker).
 *
 * Frames: type (1 byte), length (3 bytes, big endian), body.
 *     to the worker    J job   D digests   G all digests are there   P the peer's bytes
 *                      E the peer has closed   X stop
 *     from the worker  P bytes for the peer   S progress   M matches   R report   F failure
 * A report or a failure is the last frame. doc/formats/match.md.
 */
#ifndef ENTENTE_MATCH_WORKER_H
#define ENTENTE_MATCH_WORKER_H

#include "match/match.h"

#define WORKER_HEAD 4
#define WORKER_BODY ((size_t)64 << 10) /* the longest body: a pipe's buffer */

struct worker_job {
    enum psi_role role;
    enum psi_mode mode;
    enum psi_code code;
    uint64_t items; /* of this shard: digests that follow */
    uint64_t declared, peer;
    struct hash context;
};
#define WORKER_JOB_BYTES 59
void worker_job_encode(const struct worker_job *j, uint8_t out[WORKER_JOB_BYTES]);
bool worker_job_decode(struct bytes in, struct worker_job *out, struct err *e);

struct worker_report {
    uint64_t duplicates, capacity, bytes_in, bytes_out, memory;
    struct hash transcript;
};
#define WORKER_REPORT_BYTES 72
void worker_report_encode(const struct worker_report *r, uint8_t out[WORKER_REPORT_BYTES]);
bool worker_report_decode(struct bytes in, struct worker_report *out, struct err *e);

#define WORKER_PROGRESS_BYTES 17 /* stage, done, of */

void worker_head(uint8_t out[WORKER_HEAD], uint8_t type, size_t n);
/* False: a length that no frame has. */
bool worker_head_read(const uint8_t in[WORKER_HEAD], uint8_t *type, size_t *n);

/* Be the worker: to the end of one job. False: what has been told as a failure already. */
bool worker_serve(int in, int out, struct err *e);

#endif
