/* attach: files as evidence on a command line, for exhibits, claims and requests.
 *
 *     --attach FILE[,grade=B2][,name=..][,type=..][,about=..][,custody=WHO|WHAT|HOW|WHEN|RESULT]
 *                  [,on-request][,withheld][,escrow=HOLDER][,conditions=..]
 *
 *     if (!attach_files(c, &how, option_all(c, "attach", &n), n, &files, e)) ...
 *     json_add(&m, evidence, exhibit_cite(&m, &files.x[i]));
 *     saying.before = files.drafts; saying.before_n = files.drafts_n;
 */
#ifndef ENTENTE_CLI_ATTACH_H
#define ENTENTE_CLI_ATTACH_H

#include "cli/cli.h"
#include "desk/exhibit.h"

#define ATTACH_SPEC                                                                                \
    "a file as evidence: FILE[,grade=B2][,name=TEXT][,type=MEDIA][,about=TEXT]"                    \
    "[,custody=WHO|WHAT|HOW|WHEN|RESULT][,on-request][,withheld][,escrow=HOLDER]"                  \
    "[,conditions=TEXT]; may be given again"

struct attach_how {
    const struct agreement *g; /* a copy (struct view) */
    int tlp;                   /* a tlp_rank */
    const char *const *to;     /* parties who get it; none: all */
    size_t to_n;
};
struct attached {
    struct exhibit *x;
    size_t n;
    struct record_draft *drafts; /* all of them; they live in the command's arena */
    size_t drafts_n;
};
/* Read the files, and make the acts that say them. What is not attached is kept in NODE/exhibits
 * so that it can be provided later. */
bool attach_files(struct cli *c, const struct attach_how *how, const char *const *specs, size_t n,
                  struct attached *out, struct err *e);
/* The STIX id of ourselves (decision 0142). */
const char *own_identity(struct cli *c, struct err *e);
/* An exhibit of any agreement (or the one named by --under). */
bool exhibit_named(struct cli *c, const char *name, struct record **r, struct exhibit_held *out,
                   struct err *e);
/* "B2", or "-". */
const char *grade_word(struct cli *c, const struct exhibit *x);
/* How it is here: "here", "erased", ... */
const char *exhibit_whereabouts(struct cli *c, struct record *r, const struct exhibit_held *h);
/* Where what was not given is kept. */
const char *exhibits_dir(struct cli *c, struct err *e);

#endif
