/* What the files of `entente match` share. */
#ifndef ENTENTE_CLI_MATCH_H
#define ENTENTE_CLI_MATCH_H

#include "cli/cli.h"
#include "node/match.h"

/* One session, with a copy of the agreement. */
struct matched {
    struct cli *c;
    struct view v;
    char agreement[ACT_AGREEMENT + 1];
    struct match_sessions all;
    struct match_session *session;
    enum match_side side; /* ours */
};
/* By the beginning of its id, or "last", in one agreement (NULL: all). */
bool matched_named(struct cli *c, const char *under, const char *name, struct matched *out,
                   struct err *e);
/* All of one agreement. */
bool matched_fold(struct cli *c, const char *id, struct matched *out, struct err *e);

/* Words for a session. */
const char *matched_who(struct cli *c, const struct match_session *s); /* "both", "north" */
const char *matched_state(struct cli *c, const struct match_session *s);

/* Prepare a list for a session: NODE/match/<session>/. */
struct matched_list {
    struct match_counts counts;
    uint64_t size, duplicates;
    struct hash root;
};
bool matched_prepare(struct cli *c, const char *session, const char *path,
                     const struct match_type *t, bool guessable, struct matched_list *out,
                     struct err *e);
/* It was not used: take it away. */
void matched_forget(struct cli *c, const char *session);
void matched_report(struct cli *c, const char *path, const struct match_type *t,
                    const struct matched_list *l);

/* The items in common, of a session that was compared: the file that the run wrote. ERR_DENIED:
 * the clause shows the number alone. */
bool matched_items(const struct matched *m, struct bytes *text, struct err *e);
/* What follows from them: files, if --items, --stix or --request name some. */
bool matched_files(const struct matched *m, struct err *e);

#endif
