/* What the files of `entente psi` share. */
#ifndef ENTENTE_CLI_PSI_H
#define ENTENTE_CLI_PSI_H

#include "cli/cli.h"
#include "http/channel.h"
#include "match/match.h"
#include "psi/stream.h"

#define PSI_LANES_MOST 64 /* shards on this machine: more processes than its cores gain nothing */

/* What a child tells its parent, in memory that they share. One per leg and shard. */
struct psi_lane {
    atomic_bool taken, done; /* a run of it has begun; has ended well */
    _Atomic unsigned stage;  /* enum psi_stage */
    _Atomic uint64_t at, of, bytes_in, bytes_out;
    enum psi_reason reason;
    bool retry; /* the connection broke: begin again with fresh secrets */
    struct psi_summary summary;
    struct channel_traffic wire;
    struct err e;
};
struct psi_shared {
    struct psi_lane lane[2][PSI_LANES_MOST];
    _Atomic uint64_t bits[]; /* which items of ours are in common */
};

struct standalone {
    struct cli *c;
    enum match_side side;
    struct http_address at;
    uint32_t wait_ms;
    int stop; /* readable once somebody wants us to end */
    uint8_t secret[CHANNEL_SECRET];
    struct http_identity *identity;
    struct sign_public peer;
    struct channel_how how;
    int listener;
    struct channel *control;

    /* the list */
    const char *path;
    struct bytes from_stdin;
    size_t stdin_at;
    struct os_file *file;
    uint64_t file_at;
    struct sha256 reading;
    struct hash content; /* of the file as it was read first */
    struct psi_set *set;
    struct match_counts counts;
    struct match_order order; /* only if a commitment is made */

    struct match_hello ours, theirs;
    struct hash session;
    struct psi_shared *shared;
    size_t shared_bytes;
    int64_t began, connected, ended; /* ticks */

    /* the result */
    uint64_t common;
    struct hash transcript;
    struct psi_summary total;
    struct channel_traffic wire;
    uint64_t bytes_in, bytes_out; /* of the protocol, without TLS */
};

/* ---- psi_list.c ---- */

bool psi_list_read(struct standalone *s, struct err *e);
/* The items in common, as the list spells them, sorted, to --out or stdout. */
bool psi_list_write(struct standalone *s, struct err *e);
void psi_list_close(struct standalone *s);

/* ---- psi_talk.c ---- */

/* Connect, agree on what is compared, run every leg. */
bool psi_talk(struct standalone *s, struct err *e);
bool psi_learns(const struct standalone *s);

/* ---- psi_lane.c ---- */

/* One run, in a process of its own that ends here. */
_Noreturn void psi_lane_child(struct standalone *s, unsigned leg, unsigned shard);

#endif
