/* What the files of node share; nobody else includes it.
 *
 * Locks, each held for a moment and never two of them at a time, except that the
 * right to write may be held around the others:
 *     node.lock      lists of peers, agreements, visits, and what is counted about them
 *     node.witnessing the folder witness/
 *     slot.gate      whether somebody has the right to write in this agreement (slot_hold); no
 *                    call to a peer is made while one has it
 */
#ifndef ENTENTE_NODE_IMPL_H
#define ENTENTE_NODE_IMPL_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"
#include "base/workers.h"
#include "node/node.h"
#include "tlog/evidence.h"
#include "tlog/tlog.h"
#include "tlog/witness.h"

#include <pthread.h>

#define PATH_ROOM 4096
#define ROUTE "/entente/v1/"

/* What we know of our contact with one party about one agreement. Guarded by node.lock. */
struct visit {
    struct bytes slug; /* in the node's arena */
    bool busy;         /* somebody is visiting it now */
    bool suspect;      /* it showed us something that does not fit: look for evidence */
    bool stopped;      /* convicted: never visited again */
    bool confirmed; /* it has told, since we opened, what it holds of our log, and we have that */
    uint64_t told;  /* serial of our card that it was told of */
    int64_t due;    /* ticks (microseconds) */
    unsigned failures; /* in a row */
    int64_t contact;   /* seconds; 0: never */
    int64_t skew;
    bool skewed;            /* warned already */
    struct sign_public tls; /* the key that counts now, by their log */
    struct hash delivered;  /* of the last cosigned note that it took from us */
    struct hash cosigned;   /* of the last note about our log that we took from it */
    uint64_t they_hold;
    unsigned pieces; /* that it is getting or giving now */
    size_t address;  /* which of its card's to try first */
    /* By party, as slot_parties gives them: how far we have its cosignatures, and it ours. */
    uint64_t dates_from[LIMIT_PARTIES], dates_told[LIMIT_PARTIES];
    int64_t dates_again; /* ticks: when we may begin from the start again */
    enum node_compared compared;
    char differs[65]; /* the first act that comes out otherwise there */
    char trouble[ERR_TEXT_MAX];
};

/* One outside witness of one agreement. */
struct outside {
    int64_t due;
    unsigned failures;
    bool busy;
    uint64_t size; /* of ours that it has, as far as we know */
    int64_t asked; /* seconds: when it last cosigned */
};

/* One agreement. Never goes before the node does. */
struct slot {
    char id[ACT_AGREEMENT + 1];
    struct bytes title; /* under node.lock */
    struct record *record;
    struct desk *desk;
    pthread_mutex_t gate; /* guards held */
    pthread_cond_t freed;
    bool held;            /* somebody has the right to write */
    struct visit *visits; /* one per other party */
    size_t visits_n;
    struct outside outsides[AGREEMENT_WITNESSES];
    size_t outsides_n;
    int64_t notices_day; /* the clerk's own, with what follows */
    unsigned notices_made;
    size_t looked;     /* at so many matters */
    int64_t look_next; /* when to look at all of them again, in ticks */
};

struct node {
    struct node_options o; /* without the passphrase */
    const struct os *os;
    const struct diag *diag;
    struct diag own_diag; /* the same with the configured level */
    char *dir;
    struct os_file *lock_file;
    struct keyring *keys;
    struct workers *workers;
    struct http_identity *identity;
    struct http_handler handler, metrics;

    pthread_mutex_t lock;
    struct arena *arena; /* of all that lives as long as the node; under lock */
    const struct node_config *config;
    const struct card *card;
    const struct node_peer **peers; /* sorted by slug */
    size_t peers_n;
    struct slot **slots; /* sorted by id */
    size_t slots_n;
    unsigned pieces; /* being made or taken now */
    bool serving;
    int64_t since;
    struct http_server *server;
    uint64_t visits_done, visits_failed, bytes_in, bytes_out;
    uint64_t witness_answers[6]; /* 200 400 403 404 409 422 */

    pthread_mutex_t witnessing;
    struct policy *strangers; /* witness/policy, or NULL; under witnessing */
    struct arena *strangers_arena;

    struct matching *matching; /* comparisons that peers began (match_impl.h) */

    atomic_uint notices;   /* written to the outbox since we opened */
    atomic_bool stopping;  /* long work should end */
    atomic_bool broken;    /* a disk failed: the process must end */
    int wake_fd;           /* eventfd: the server has something to look at; -1: not serving */
    pthread_cond_t due;    /* with lock: a visit has become due */
    pthread_cond_t ending; /* with lock: clerk and heralds shall end */
};

/* ---- paths and small things ------------------------------------------------------------------ */

bool path_print(char out[PATH_ROOM], struct err *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A copy that lives as long as the node. Call with the lock held. */
bool node_keep(struct node *n, struct bytes b, struct bytes *out, struct err *e);
/* Let the server's own thread look at `stopping` and `broken`. */
void node_poke(struct node *n);
/* After a record's writer failed: is it the disk? Then the process must end. */
void node_note_failure(struct node *n, const struct slot *s, const struct err *e);

/* ---- cards.c ------------------------------------------------------------------------------------
 */

bool cards_open(struct node *n, struct err *e);
bool cards_enrolled(struct node *n, const struct node_peer *p, bool online, struct err *e);
/* A view of the peer whose card and enrolment are current. NULL: unknown. */
const struct node_peer *cards_find(const struct node *n, struct bytes slug); /* lock held */
/* An enrolled peer whose TLS key this is. NULL: none. */
const struct node_peer *cards_by_tls(struct node *n, const struct sign_public *key);
/* Do these keys of an agreement's party agree with its enrolled card (or with ours)? */
bool cards_vouch(struct node *n, const struct agreement_party *p, struct err *e);

/* ---- agreements.c
 * -------------------------------------------------------------------------------- */

bool slots_open(struct node *n, struct err *e);
void slots_close(struct node *n);
struct slot *slot_find(struct node *n, struct bytes id); /* NULL: none */
struct slot *slot_at(struct node *n, size_t i);          /* NULL: no more */
bool slot_hold(struct node *n, struct slot *s, struct err *e);
void slot_release(struct node *n, struct slot *s);
/* Keep a proposal. `from`: the slug of the peer who sent it; empty: made here. */
bool slot_create(struct node *n, const struct agreement *g, struct bytes from, struct err *e);
/* Which party of the agreement has proved this key? Empty: none. */
struct bytes slot_party_by_tls(struct node *n, const struct slot *s, const struct sign_public *key);
struct visit *slot_visit(struct slot *s, struct bytes slug); /* NULL: no such party, or us */
/* Something of ours is new: all its peers are due. */
void slot_wake(struct node *n, struct slot *s);
/* Keys of peers may have changed: look again. Call with the writer held. */
void slot_refresh(struct node *n, struct slot *s);
/* Slugs of all parties, ours too; they never change. */
size_t slot_parties(const struct slot *s, struct bytes out[LIMIT_PARTIES]);

/* ---- rotate.c
 * ------------------------------------------------------------------------------------ */

/* Finish or drop a rotation that a crash cut short. */
bool rotation_finish_folder(struct node *n, struct err *e);
bool rotation_resume(struct node *n, struct bytes passphrase, struct err *e);

/* ---- folder.c
 * ------------------------------------------------------------------------------------ */

struct card *folder_card_read(struct node *n, const char *path, struct err *e);
bool folder_config_differs(const struct node_config *c, const struct card *card);
/* A card of this configuration and these keys, serial above the present one's; written nowhere. */
bool folder_card_make(struct node *n, const struct keyring *whole, struct arena *a,
                      struct card *out, struct err *e);

/* Take up keys, card and agreements as they are on disk now; nobody else may use the node. */
bool folder_reopen(struct node *n, struct bytes passphrase, struct err *e);

/* ---- heads.c: what passes in answer to GET heads
 * -------------------------------------------------- */

struct head_line {
    struct bytes slug;
    uint64_t size;         /* acts held */
    uint32_t parts;        /* lists of the next act */
    struct bytes note;     /* newest head known, as its owner signed it; may be empty */
    struct bytes cosigned; /* newest note that carries cosignatures; may be empty */
};
struct heads {
    int64_t time; /* theirs */
    struct head_line line[LIMIT_PARTIES];
    size_t n;
};
bool heads_print(const struct heads *h, struct arena *a, struct bytes *out, struct err *e);
bool heads_parse(struct bytes text, struct arena *a, struct heads *out, struct err *e);
const struct head_line *heads_of(const struct heads *h, struct bytes slug);
/* Ours of one agreement. */
bool heads_make(struct node *n, struct slot *s, struct arena *a, struct heads *out, struct err *e);

/* The answer to a pushed piece: where we stand now, and perhaps our cosignature. */
struct taken_line {
    uint64_t size, seen;
    uint32_t parts;
    struct bytes cosigned;
};
bool taken_print(const struct taken_line *t, struct arena *a, struct bytes *out, struct err *e);
bool taken_parse(struct bytes text, struct taken_line *out, struct err *e);

/* ---- exchange.c, exchange_text.c ---- */

struct dates_page {
    uint64_t next; /* the giver's place behind these */
    bool more;
    struct bytes *note;
    size_t n;
};
bool dates_print(const struct dates_page *d, struct arena *a, struct bytes *out, struct err *e);
bool dates_parse(struct bytes text, struct arena *a, struct dates_page *out, struct err *e);

struct state_page {
    struct hash inputs, root;
    struct cases_digest *pair;
    size_t n;
};
bool state_page_print(const struct state_page *s, struct arena *a, struct bytes *out,
                      struct err *e);
bool state_page_parse(struct bytes text, struct arena *a, struct state_page *out, struct err *e);
const struct cases_digest *state_page_find(const struct state_page *s, const struct hash *id);

/* ---- cosign.c
 * -------------------------------------------------------------------------------------- */

/* A head that was cosigned, as a note of ours says. */
struct cosigned_state {
    uint64_t size;
    struct hash root;
    int64_t time; /* the newest of our cosignatures on it; 0: none */
    struct bytes note;
};
/* An empty note gives size 0. */
bool cosigned_read(struct bytes note, struct bytes self, struct arena *a,
                   struct cosigned_state *out, struct err *e);
/* Cosign what we hold of another's log, unless that is said already or may not be said: then *note
 * is the last one (or empty) and *fresh false. Call with the writer held. */
bool cosign_due(struct node *n, struct slot *s, struct bytes slug, struct arena *a,
                struct bytes *note, bool *fresh, struct err *e);
/* Take a note of our own log's head with others' cosignatures, together with those we have of the
 * same head. Call with the writer held. */
bool cosigned_take(struct node *n, struct slot *s, struct bytes note, bool *news, struct err *e);

/* ---- witness.c
 * ------------------------------------------------------------------------------------- */

bool witness_reload(struct node *n, struct err *e);
void witness_add_checkpoint(struct node *n, struct http_request *q, struct http_response *r);
void witness_serve_latest(struct node *n, struct bytes hex, struct http_request *q,
                          struct http_response *r);
/* What witness/ holds of an origin; size 0 and an empty note: nothing. */
bool witness_stored(struct node *n, struct bytes origin, struct arena *a,
                    struct cosigned_state *out, struct err *e);

/* ---- routes.c
 * --------------------------------------------------------------------------------------- */

void routes_init(struct node *n);
unsigned route_status(enum err_code code);
/* Refuse, saying little; the reason goes to diagnostics. */
void route_refuse(struct node *n, const struct http_request *q, struct http_response *r,
                  const struct err *e);
void metrics_init(struct node *n);

/* A request below /entente/v1/<what>/<agreement>[/<slug>]. */
struct route_call {
    struct node *n;
    struct http_request *q;
    struct http_response *r;
    struct slot *slot;
    struct bytes reader; /* slug of who asks */
    struct bytes slug;   /* of the log, if the path names one: a party's */
    struct bytes rest;   /* path behind, without its slash */
    bool holds_piece;    /* a turn of pieces_take */
};
/* A turn at making or taking a piece, until the answer has been sent; false: too many now. */
bool pieces_take(struct route_call *c);
void route_heads(struct route_call *c);
void route_held(struct route_call *c);
void route_pull(struct route_call *c);
void route_push(struct route_call *c);
void route_cosigned(struct route_call *c);
void route_log(struct route_call *c);
void route_dates(struct route_call *c);
void route_new_dates(struct route_call *c);
void route_state(struct route_call *c);
void route_propose(struct node *n, struct http_request *q, struct http_response *r);
/* Tiles of a log of ours or a mirrored one, from the disk. */
struct tile_files {
    struct node *n;
    const char *dir; /* of the log's C2SP files */
    struct arena *arena;
};
bool tile_files_dir(struct node *n, const struct slot *s, struct bytes slug, struct arena *a,
                    const char **dir, struct err *e);
bool tile_files_fetch(void *self, const struct tlog_tile *t, struct bytes *out, struct err *e);

/* ---- visits: call.c visit.c inspect.c submit.c schedule.c
 * ------------------------------------------- */

/* Whatever carries our calls, for one thread. */
struct carrier {
    struct http_client *client; /* NULL: a simulation's transport */
    struct transport transport;
};
bool carrier_open(struct node *n, struct carrier *c, struct err *e);
void carrier_close(struct carrier *c);

/* One visit under way. */
struct visiting {
    struct node *n;
    struct slot *slot;
    struct visit *visit;
    const struct node_peer *peer;
    struct carrier *carrier;
    struct sign_public pin;
    size_t address;           /* which of the card's */
    struct arena *arena;      /* of the visit */
    struct arena *call_arena; /* of one call: reset before the next */
    struct heads heads;
    struct node_report report;
    uint64_t passed;    /* bytes */
    struct err trouble; /* the first thing that went wrong and did not end the visit */
};
/* A call to the peer: at the address that answered last, or the first that answers. The reply lives
 * until the next call. */
bool peer_call(struct visiting *v, enum http_method method, const char *target, struct bytes body,
               size_t most, struct http_reply *reply, struct err *e);
/* A reply that is not 200 as an error. */
bool peer_refused(const struct http_reply *reply, const char *what, struct err *e);
bool visit_run(struct visiting *v, struct err *e);
/* Before the fence opens: the times of all our own cosignatures that they have. */
bool exchange_times(struct visiting *v, struct err *e);
/* Give each other cosignatures, and compare what came of the same inputs. */
bool exchange_run(struct visiting *v, struct err *e);
/* The agreement's cadence: heads that do not change are cosigned again after so many seconds. Call
 * with the writer held. */
int64_t slot_cadence(const struct slot *s);
/* Our own log against what they hold of it: may we sign? */
void inspect_fence(struct visiting *v);
/* Their notes of others' logs against what we hold. */
void inspect_gossip(struct visiting *v);
/* A log that did not fit, as this peer shows it: is there proof? */
void inspect_fork(struct visiting *v, struct bytes slug);
/* Take what this peer has of a log, piece by piece. */
bool pull_log(struct visiting *v, struct bytes slug, struct err *e);
bool submit_head(struct node *n, struct slot *s, size_t which, struct carrier *c,
                 struct node_report *report, struct err *e);

/* Visit one that is due. False: none is; *next (ticks) says when one will be. */
bool schedule_step(struct node *n, struct carrier *c, bool force, int64_t *next);

/* ---- comparisons: match_*.c ------------------------------------------------------------------ */

struct matching *matching_open(void);
void matching_close(struct node *n, struct matching *m); /* stops them; NULL is fine */
void route_match_post(struct route_call *c);
void route_match_get(struct route_call *c);

/* ---- clerk.c ----------------------------------------------------------------------------------
 */

struct clerks; /* the threads that look at cases and tell notices, while serving */
bool clerks_start(struct node *n, struct arena *a, struct clerks **out, struct err *e);
void clerks_end(struct node *n, struct clerks *c);

/* ---- control.c
 * ---------------------------------------------------------------------------------------- */

struct control; /* the socket, while serving */
struct control *control_open(struct node *n, node_run_command *run, void *self, struct err *e);
void control_close(struct control *c);

#endif
