/* node_rig: a few nodes in one process that talk through http_call_direct. */
#ifndef ENTENTE_NODE_RIG_H
#define ENTENTE_NODE_RIG_H

#include "node/node.h"
#include "support/support.h"

#define RIG_NODES 4

struct rig;

struct rig_node {
    struct rig *rig;
    const char *slug;
    char *dir;
    const struct os *os;
    struct node *node; /* NULL: its process is not running */
    struct transport transport;
    bool away; /* nobody reaches it, and it reaches nobody */
};

/* What lies between two nodes may be changed, lost or repeated on the way. */
struct rig_wire {
    /* False with *e: the call fails. May call `pass` more than once, or not at all. */
    bool (*carry)(void *self, struct rig_node *from, struct rig_node *to,
                  const struct http_call *call, struct http_reply *reply, struct err *e);
    void *self;
};

struct rig {
    struct arena *arena;
    struct rig_node nodes[RIG_NODES];
    size_t n;
    struct rig_wire wire; /* without carry: straight through */
    char id[ACT_AGREEMENT + 1];
};

/* The call as it is, to that node's handler. */
bool rig_pass(struct rig_node *from, struct rig_node *to, const struct http_call *call,
              struct http_reply *reply, struct err *e);

/* Make nodes of these slugs, each in a folder of its own below `dir` on its own machine (NULL: the
 * real one), open them, and enrol everybody with everybody. */
struct rig *rig_new(struct arena *a, const char *dir, const char *const *slugs,
                    const struct os *const *machines, size_t n);
/* A node's place without making it: for folders that are there. */
void rig_place(struct rig *r, size_t i, const char *slug, const char *dir, const struct os *os);
void rig_free(struct rig *r);
struct node *rig_open(struct rig_node *n, struct err *e);
void rig_start(struct rig *r, size_t i); /* opens; must succeed */
void rig_stop(struct rig *r, size_t i);
/* An agreement of all, proposed by the first, signed by all, in force everywhere. */
void rig_agree(struct rig *r);
/* One act with this text in it; refs, kind "case.note"... false: the error. */
bool rig_say(struct rig *r, size_t i, const char *text, struct err *e);
/* Visits of everybody to everybody, in turn, until nothing moves. */
void rig_settle(struct rig *r);
/* One visit. */
bool rig_visit(struct rig *r, size_t from, size_t to, struct node_report *report, struct err *e);
struct record_head rig_head(struct rig *r, size_t at, size_t of);
struct record *rig_record(struct rig *r, size_t at);
struct bytes rig_slug(const struct rig *r, size_t i);
/* A node whose keys are another's: what a liar with two faces has. */
void rig_copy_dir(struct arena *a, const char *from, const char *to);

#endif
