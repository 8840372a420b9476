/* record_support: parties, agreements, and small worlds of nodes without a network. */
#ifndef ENTENTE_RECORD_SUPPORT_H
#define ENTENTE_RECORD_SUPPORT_H

#include "record/record.h"
#include "support/support.h"

struct test_party {
    struct keyring *keys;
    struct card card;
};

/* A party of this slug with fresh keys and one contact. */
struct test_party test_party(struct arena *a, const char *slug);
/* An agreement of the parties from a template, as canonical bytes and parsed. */
struct agreement test_agreement(struct arena *a, const struct test_party *parties, size_t n);
/* The text with the first `from` replaced by `to`; fails the test if it is not there. */
struct bytes test_edit(struct arena *a, struct bytes text, const char *from, const char *to);

struct node {
    struct test_party party;
    char *dir;
    struct record *r;
};

struct world {
    struct arena *a;
    struct node node[3];
    size_t n;
    struct agreement g;
};

/* Nodes north, south (and west), each with its own record of one agreement, signed by nobody. */
struct world *new_world(size_t n);
void end_world(struct world *w);
void open_node(struct world *w, struct node *n);
struct record_head head_of(struct world *w, struct node *n, struct bytes slug);
/* Carry all that `to` lacks of `from`'s own log, in pieces of about `most` bytes. */
struct record_taken carry(struct world *w, struct node *from, struct node *to, size_t most);
/* Everybody gets everything, cosigns it, and learns of the others' cosignatures. */
void exchange(struct world *w);
/* All sign, and exchange: the agreement is in force. */
void sign_all(struct world *w);
/* A share of this JSON, which stands for anything said. */
struct record_draft say(const char *text);
/* A canonical indicator as an importer makes it; tlp is a rank. */
struct bytes indicator(struct world *w, unsigned i, struct bytes *id, int tlp);
/* Share indicators 0 to count - 1, TLP:GREEN, with one act; to: one party only, or NULL. */
void share_many(struct world *w, struct node *n, unsigned count, const struct bytes *to);
bool count_one(void *self, const struct record_object *o); /* self: size_t, counts those here */
size_t objects_of(struct node *n, struct bytes slug, uint64_t act);

#endif
