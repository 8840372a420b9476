/* Notices: the outbox on disk, the channels, and the clerk who writes them. Private to node.
 *
 * NODE/outbox/<id>.json is a notice and never changes; beside it <id>.<channel> says how far
 * telling has come, and is replaced as a whole before and after each attempt. So a crash in an
 * attempt leaves "trying", and the next start tries again: whoever gets it may get it twice
 * under one id, and never under two.
 */
#ifndef ENTENTE_NOTICES_IMPL_H
#define ENTENTE_NOTICES_IMPL_H

#include "node/node_impl.h"

enum channel { CHANNEL_HOOK, CHANNEL_MAIL, CHANNEL_WEBHOOK, CHANNELS };
extern const char *const channel_words[CHANNELS];
bool channel_on(const struct node_config *c, enum channel ch);

struct notice {
    char id[NODE_NOTICE_ID + 1];
    enum node_notice_kind kind;
    const char *agreement;
    struct hash matter; /* zero: about no case */
    const char *matter_kind;
    struct bytes from, to; /* slugs; of misbehaviour: from is the party */
    int64_t due;           /* ms; CASES_NEVER: none */
    unsigned rung;
    bool exercise;
};

/* Write it, unless it is there; for the channels that are on now. *fresh: it is new. */
bool outbox_put(struct node *n, const struct notice *x, bool *fresh, struct err *e);
/* The next notice of a channel that is due, as its JSON; *wait_us: until one may be. False: none.
 */
struct outbox_due {
    char id[NODE_NOTICE_ID + 1];
    struct bytes json;
    unsigned tries;
};
bool outbox_next(struct node *n, enum channel ch, struct arena *a, struct outbox_due *out,
                 int64_t *wait_us);
/* Before an attempt, and after it (failure: NULL, it went well). */
bool outbox_trying(struct node *n, enum channel ch, const struct outbox_due *x, struct err *e);
bool outbox_done(struct node *n, enum channel ch, const struct outbox_due *x,
                 const struct err *failure, struct err *e);

/* notify.c: one attempt. */
bool notify(struct node *n, enum channel ch, const struct outbox_due *x, struct arena *a,
            struct err *e);

#endif
