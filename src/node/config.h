/* config: entente.conf, the one file of a node that people edit.
 *
 *     # comments, and blank lines, anywhere
 *     listen = 0.0.0.0:8443
 *     address = https://north.example:8443
 *     poll_seconds = 60
 *
 *     [contact technical]
 *     name = Duty desk
 *     email = duty@north.example
 *
 * One `key = value` a line; a section holds until the next. Each key may stand once, except
 * `address` and the lists of `watch`; what is not written has the default below. The parser knows
 * every key: a slip of the pen is an error that names the line, never a setting that silently does
 * nothing.
 */
#ifndef ENTENTE_CONFIG_H
#define ENTENTE_CONFIG_H

#include "http/http.h"
#include "record/party.h"

/* A key that may stand several times. */
#define CONFIG_TEXTS 64
struct config_texts {
    struct bytes at[CONFIG_TEXTS];
    size_t n;
};

struct node_config {
    struct bytes name;                      /* of the party: goes into the card */
    struct http_address listen;             /* default 0.0.0.0:8443 */
    struct bytes addresses[CARD_ADDRESSES]; /* where others find us: into the card */
    size_t addresses_n;
    struct contact contacts[CARD_CONTACTS]; /* into the card */
    size_t contacts_n;
    uint32_t poll_seconds;            /* between visits to a peer; default 60 */
    uint32_t clock_tolerance_seconds; /* warn about a peer's clock beyond it; default 60 */
    uint16_t metrics_port;            /* on 127.0.0.1; default 0: none */
    bool witness;                     /* answer add-checkpoint; default on */
    struct bytes witness_prefix;      /* default /witness */
    bool public_tiles;    /* let anybody read checkpoints and tiles (hashes only); default off */
    uint32_t connections; /* at a time; default 64 */
    enum diag_level log;  /* error, warn, info (default), debug */

    /* Notices (notices.c, notify.c): ids, kinds and due instants, and nothing that was shared. */
    struct bytes notify_hook;        /* a program; empty: none */
    struct bytes notify_mail;        /* an address; empty: none */
    struct bytes notify_sendmail;    /* default /usr/sbin/sendmail */
    struct bytes notify_webhook;     /* https://...; empty: none */
    struct bytes notify_secret;      /* file with the key of the webhook's signature */
    struct bytes notify_authorities; /* PEM file instead of the system's; empty: the system's */
    uint32_t notify_seconds;         /* for one attempt; default 20 */
    uint32_t notify_retry_seconds;   /* after the first failure, then doubled; default 10 */
    bool ladder_automatic;           /* enter a rung when it is due; default on */

    /* Watching our own logs (lookout/). */
    struct config_texts watch;             /* "text|json|zeek|csv|auto PATH"; PATH may be a glob */
    struct config_texts watch_allow;       /* files of values that are ours: never a hit */
    struct config_texts watch_warninglist; /* MISP's list.json, or folders of them */
    uint32_t watch_min_score;              /* 0 to 100; default 0: nothing is left out for it */
    struct bytes watch_max_tlp;            /* default amber+strict */
    bool sightings_automatic;              /* released without an officer's yes; default off */
    uint32_t sightings_seconds;            /* between automatic releases; default 3600 */
};

/* ERR_INPUT with the line and what was expected. Views into `text` and the arena. */
bool node_config_parse(struct bytes text, struct arena *a, struct node_config *out, struct err *e);
/* A commented file that parses to *c. */
bool node_config_print(const struct node_config *c, struct arena *a, struct bytes *out,
                       struct err *e);
/* Every default; the name is empty. */
struct node_config node_config_default(void);

#endif
