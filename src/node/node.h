/* node: one running party. A folder, the cards of others, agreements with their logs, an HTTPS
 * listener, and visits to peers.
 *
 *     NODE/entente.conf          what people edit (node/config.h)
 *     NODE/card.note             our card
 *     NODE/keys/                 six secret keys, 0600
 *     NODE/cards/<slug>.card     cards of others; <slug>.enrolled beside it says since when they
 * count NODE/agreements/<id>/      one agreement each (record/record.h) NODE/witness/policy logs of
 * strangers that we witness (C2SP tlog-policy, `log` lines) NODE/witness/<hex>/        what we last
 * cosigned of each, and evidence NODE/run/                  lock, and the control socket while
 * `entente serve` runs
 *
 * One process owns a folder at a time:
 *
 *     node_init(os, "north", &fresh, e);                     // once
 *     struct node *n = node_open(&options, "north", e);      // takes the lock
 *     struct record *r = node_hold(n, id, e);                // we are its one writer now
 *     record_append(r, ...);
 *     node_release(n, r);
 *     node_sync(n, 0, e);                                    // visit every peer once
 *     node_close(n);
 *
 * While a server owns it, a command asks the server to run it: see node_control_call.
 *
 * Threads: every function may be called from any thread, except open, close and serve. What a
 * function returns as `const struct ... *` lives until node_close.
 */
#ifndef ENTENTE_NODE_H
#define ENTENTE_NODE_H

#include "desk/desk.h"
#include "node/config.h"
#include "record/record.h"

struct node;

/* ---- the folder ----------------------------------------------------------------------- */

struct node_fresh {
    struct bytes name, slug;
    struct bytes passphrase; /* empty: keys are files that only their owner may read */
    struct bytes listen;     /* "host:port"; empty: 0.0.0.0:8443 */
    struct bytes addresses[CARD_ADDRESSES]; /* https://host:port; none: nobody can visit us */
    size_t addresses_n;
    struct contact contacts[CARD_CONTACTS];
    size_t contacts_n;
};
/* Make a node's folder: keys, configuration, card. ERR_DENIED: there is a node here already (also
 * half of one, which a crash left: nothing is ever overwritten). */
bool node_init(const struct os *os, const char *dir, const struct node_fresh *fresh, struct err *e);

struct node_options {
    const struct os *os;
    const struct diag *diag;           /* may be NULL */
    struct bytes passphrase;           /* if the keys are locked; not kept */
    const struct transport *transport; /* NULL: TLS; a simulation brings its own */
    unsigned threads;                  /* that verify and sign; 0: one per processor */
    bool memory_index;                 /* simulations: no LMDB */
    uint64_t segment_bytes;            /* of the logs' files; 0: the default */
};
/* True if `dir` holds a node; its keys ask for a passphrase. */
bool node_is(const struct os *os, const char *dir);
bool node_locked(const struct os *os, const char *dir);
/* Take the lock, read everything, recover every agreement. NULL: ERR_MISSING (no node here),
 * ERR_DENIED (another process owns it; a passphrase is needed), ERR_PROOF (wrong passphrase, or
 * damage: the text names the file), ERR_INPUT (configuration, with the line), ERR_IO. */
struct node *node_open(const struct node_options *o, const char *dir, struct err *e);
void node_close(struct node *n); /* NULL is fine */

const char *node_dir(const struct node *n);
const struct os *node_os(const struct node *n);
const struct diag *node_diag(const struct node *n);
const struct keyring *node_keys(const struct node *n); /* without the recovery key */
struct workers *node_workers(const struct node *n);
struct bytes node_slug(const struct node *n);
const struct card *node_card(const struct node *n);
const struct node_config *node_config(const struct node *n);
/* Read entente.conf again. What the listener needs (listen, metrics_port, connections, witness
 * prefix) counts at the next start. A configuration with an error changes nothing. */
bool node_reload(struct node *n, struct err *e);
/* Sign a new card if name, addresses or contacts differ from ours: serial + 1. Needs the recovery
 * key's file. *changed may be NULL. Peers are told at the next visit. */
bool node_card_update(struct node *n, struct bytes passphrase, bool *changed, struct err *e);
/* A fresh key for an operating role: an act signed by both keys in every agreement's log, then a
 * new card. A crash in between is finished at the next open. The process must not serve meanwhile
 * (the listener keeps its TLS key): ERR_DENIED. Needs the recovery key for the card. */
bool node_rotate(struct node *n, enum key_role role, struct bytes passphrase, struct err *e);
/* The same after a theft: by the recovery key; acts of ours from `when` (seconds) on are in
 * doubt. */
bool node_revoke(struct node *n, enum key_role role, int64_t when, struct bytes passphrase,
                 struct err *e);

/* ---- cards of others ---------------------------------------------------------------------- */

enum node_enrolment {
    NODE_PENDING,  /* imported; its owner has not answered a challenge yet */
    NODE_ENROLLED, /* counts */
};
struct node_peer {
    struct card card;
    enum node_enrolment state;
    bool online;         /* how the challenge was answered */
    int64_t enrolled_at; /* seconds */
};
/* Check a card and keep it: pending, unless it is one we have already. A later card (same id,
 * higher serial) with the same keys keeps its enrolment. ERR_DENIED: the slug is ours or another
 * party's. *out may be NULL. */
bool node_card_import(struct node *n, struct bytes note, const struct node_peer **out,
                      struct err *e);
/* NULL: unknown. */
const struct node_peer *node_peer(struct node *n, struct bytes slug);
/* All, sorted by slug. */
bool node_peers(struct node *n, struct arena *a, const struct node_peer *const **out, size_t *count,
                struct err *e);
/* Challenge it at the addresses of its card, pinned by its TLS key. ERR_IO: nobody answered;
 * ERR_PROOF: somebody else did, or a key did not sign. */
bool node_enrol(struct node *n, struct bytes slug, struct err *e);
/* The same by file: make a challenge (a fresh one each time; the last one counts) ... */
bool node_challenge_make(struct node *n, struct bytes slug, struct arena *a,
                         struct bytes *challenge, struct err *e);
/* ... its owner answers it ... */
bool node_challenge_answer(struct node *n, struct bytes challenge, struct arena *a,
                           struct bytes *answer, struct err *e);
/* ... and we check the answer. */
bool node_challenge_accept(struct node *n, struct bytes answer, const struct node_peer **out,
                           struct err *e);

/* ---- agreements --------------------------------------------------------------------------- */

/* Keep a document that was edited here, proposed and signed by nobody; peers get it at the next
 * visit. Every other party's card must be enrolled with the very keys that stand in it, and so
 * must ours: ERR_DENIED. id: where its id goes. */
bool node_propose(struct node *n, struct bytes json, char id[ACT_AGREEMENT + 1], struct err *e);
/* Ids of all agreements, sorted. */
bool node_agreements(struct node *n, struct arena *a, const char ***ids, size_t *count,
                     struct err *e);
/* The whole id for a unique beginning of it, or for a title's unique beginning, or for the slug of
 * the one party with whom there is one agreement. ERR_MISSING, ERR_INPUT (several). */
bool node_agreement_find(struct node *n, struct bytes name, char id[ACT_AGREEMENT + 1],
                         struct err *e);
/* The record, to read. Any thread. NULL: ERR_MISSING. */
struct record *node_record(struct node *n, const char *id, struct err *e);
/* The record, and the right to write in it, until node_release: hold it for one command, not
 * while waiting for people or peers. NULL: ERR_MISSING; ERR_DENIED (busy for ten seconds). */
struct record *node_hold(struct node *n, const char *id, struct err *e);
/* Peers are visited soon after something was written. */
void node_release(struct node *n, struct record *r);
/* The same after reading alone, for views that a writer would take away: nobody is visited. */
void node_release_unchanged(struct node *n, struct record *r);
/* The cases of an agreement. Any thread; desk_say wants the right to write in its record. NULL:
 * ERR_MISSING. */
struct desk *node_desk(struct node *n, const char *id, struct err *e);
/* Our signature under it: as node_propose, the cards must (still) be enrolled with its keys. */
bool node_sign(struct node *n, const char *id, struct err *e);

/* ---- visits ------------------------------------------------------------------------------- */

/* What one visit did. */
struct node_report {
    uint64_t pulled_acts, pulled_objects, pulled_bytes;
    uint64_t pushed_bytes;
    unsigned cosigned;     /* heads of theirs that we cosigned */
    unsigned cosignatures; /* notes with news about ours that we got */
    unsigned witnessed;    /* outside witnesses that cosigned our head */
    int64_t skew_seconds;  /* their clock minus ours; 0 if not told */
    bool complete;         /* we hold all they have, and they hold all of ours */
    bool fenced;           /* we may not sign: restored, and not confirmed */
    char evidence[256];    /* file of a proof of misbehaviour found now, or empty */
};
/* Visit one peer about one agreement: pull, push, cosign, compare. One step that ends: at most
 * LIMIT_NODE_VISIT_BYTES pass, then `complete` is false. ERR_IO: it is away; ERR_PEER, ERR_PROOF:
 * it misbehaves (once it is convicted: ERR_DENIED). */
bool node_sync_peer(struct node *n, const char *id, struct bytes slug, struct node_report *report,
                    struct err *e);
/* Submit our head of one agreement to its outside witnesses. */
bool node_sync_witnesses(struct node *n, const char *id, struct node_report *report, struct err *e);
/* Visit all peers of all agreements whose time has come (`force`: all), until nothing is left to
 * pass; failures only make it back off. *wait_ms: until the next is due; may be NULL. */
void node_sync(struct node *n, bool force, uint32_t *wait_ms);
/* Visit soon: something is new. */
void node_wake(struct node *n);

/* ---- requests ------------------------------------------------------------------------------ */

/* All routes of this node, for http_server_open or http_call_direct. doc/formats/peer.md. */
const struct http_handler *node_handler(struct node *n);
/* Prometheus text: /metrics. */
const struct http_handler *node_metrics_handler(struct node *n);

/* ---- witness ------------------------------------------------------------------------------- */

/* The verifier key under which we cosign (C2SP vkey, type 04), for others' policies. */
bool node_witness_vkey(struct node *n, char out[NOTE_VKEY_MAX], struct err *e);

/* ---- status -------------------------------------------------------------------------------- */

/* Did the cases come out the same there, from the same acts and cosignatures? */
enum node_compared { NODE_NOT_COMPARED, NODE_SAME, NODE_DIFFERS };

struct node_log_status {
    struct bytes slug;
    bool own;
    bool stopped;      /* convicted */
    bool opened;       /* this party's log begins with the agreement */
    uint64_t size;     /* acts we hold */
    uint64_t seen;     /* acts we know of */
    uint64_t cosigned; /* another party's mirror has cosigned so many */
    int64_t cosigned_at;
    uint64_t unacknowledged; /* own: acts no counterparty has cosigned */
    uint64_t they_hold;      /* own log: n/a; else acts of ours that this peer holds */
    int64_t last_contact;    /* seconds; 0: never since start */
    int64_t next_visit;      /* seconds from now; own: 0 */
    int64_t skew_seconds;
    unsigned failures;          /* in a row */
    char trouble[ERR_TEXT_MAX]; /* why the last visit failed, or empty */
    enum node_compared compared;
    char differs[65]; /* the first act that comes out otherwise there, in hex */
};
struct node_agreement_status {
    char id[ACT_AGREEMENT + 1];
    struct bytes title;
    enum record_stage stage;
    enum record_fence fence;
    struct node_log_status *logs; /* ours first, then by slug */
    size_t logs_n;
};
struct node_status {
    struct node_agreement_status *agreements;
    size_t agreements_n;
    bool serving;
    int64_t since; /* serving since; seconds */
};
bool node_status(struct node *n, struct arena *a, struct node_status *out, struct err *e);
const char *node_fence_word(enum record_fence f); /* "ok", "unsure", "behind" */

/* ---- notices: what people are told outside of the program ------------------------------------
 *
 * Of what is overdue, of the hotline, of emergencies and of misbehaviour; by a program, mail and a web
 * address, as entente.conf says. They carry ids, kinds and due instants, and nothing that was
 * shared. Each is told once on each channel; after a crash in the telling, under the same id again.
 */

enum node_notice_kind {
    NOTICE_OVERDUE,
    NOTICE_HOTLINE, /* the second rung of the ladder, or a higher one */
    NOTICE_EMERGENCY,
    NOTICE_MISBEHAVIOUR,
    NOTICE_MANY, /* more than LIMIT_NOTICES_PER_DAY: look yourself */
    NOTICE_KINDS
};
extern const char *const node_notice_words[NOTICE_KINDS];

#define NODE_NOTICE_ID 32 /* hex digits */
struct node_telling {
    const char *channel; /* "hook", "mail", "webhook" */
    char state[12];      /* "waiting", "trying", "sent", "failed" */
    int64_t at;          /* since when; waiting: until when */
    unsigned tries;
    char why[256]; /* of the last failure */
};
struct node_notice {
    char id[NODE_NOTICE_ID + 1];
    struct bytes kind, agreement, matter, from, to, due, created; /* empty: not said */
    bool exercise;
    struct node_telling told[3];
    size_t told_n;
    struct bytes json; /* as it is told */
};
/* All that were ever made, oldest first. */
bool node_notices(struct node *n, struct arena *a, struct node_notice **out, size_t *count,
                  struct err *e);
/* Look at all cases once: answer pings where the agreement lets the node, enter rungs that are due,
 * write notices. A serving node does it all the time. */
void node_attend(struct node *n);

/* ---- serving -------------------------------------------------------------------------------- */

/* A command that another process asks us to run in its name. */
struct node_command {
    int argc;
    char **argv;                  /* argv[argc] is NULL */
    const char *cwd;              /* theirs; the thread that runs it stands there */
    int in, out, err;             /* theirs; closed by node afterwards */
    const atomic_bool *cancelled; /* they have gone, or the server stops: end soon */
};
/* Returns the exit code. Runs in a thread of its own, several at a time. */
typedef int node_run_command(void *self, struct node *n, const struct node_command *c);

/* Block SIGTERM, SIGINT and SIGHUP in this thread and all it makes, and return a descriptor on
 * which they arrive. Call before node_open. -1: ERR_IO. */
int node_signals(struct err *e);

struct node_serve {
    int signals;           /* of node_signals; -1: only node_stop ends it */
    node_run_command *run; /* for the control socket; NULL: none */
    void *self;            /* of run */
    void (*ready)(void *self, uint16_t port, uint16_t metrics_port); /* it listens; may be NULL */
};
/* Run until SIGTERM or node_stop: listener, visits, metrics, control socket. SIGHUP: node_reload.
 * True: it was asked to stop. False: it could not start, or a disk failed (ERR_IO: end the process,
 * recover at the next start). */
bool node_serve(struct node *n, const struct node_serve *s, struct err *e);
/* From any thread. */
void node_stop(struct node *n);

/* Ask the server that owns `dir` to run a command with our stdin, stdout, stderr and working
 * directory. ERR_MISSING: no server there (open the node yourself); ERR_DENIED: another user's;
 * ERR_IO: it went away, and whether the command took effect is unknown. */
bool node_control_call(const char *dir, int argc, char *const *argv, int *exit_code, struct err *e);

#endif
