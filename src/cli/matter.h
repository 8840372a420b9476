/* matter: requests, claims and the like on a command line: naming one, saying something on it. */
#ifndef ENTENTE_CLI_MATTER_H
#define ENTENTE_CLI_MATTER_H

#include "cli/attach.h"
#include "cli/cli.h"

/* A matter that was named, and how it stood then. */
struct matter {
    char agreement[ACT_AGREEMENT + 1];
    struct desk *desk;
    struct hash id;
    struct cases_view v;
    uint16_t self; /* our place among the parties */
};
/* By the beginning of its id, or "last", in all agreements or the one of --under. */
bool matter_named(struct cli *c, const char *name, unsigned kinds, struct matter *out,
                  struct err *e);
/* The same in one agreement. */
bool matter_in(struct cli *c, const char *agreement, struct bytes name, unsigned kinds,
               struct matter *out, struct err *e);

/* A body under way. */
struct saying {
    struct cli *c;
    const char *agreement;
    struct desk *desk;
    struct json_maker m;
    struct json *body;
    struct desk_saying s;
    struct attached files;
};
/* Begin an act of that kind on a matter (NULL: it opens one), marked by --tlp or as TLP:AMBER. With
 * --body FILE what stands there is taken over, member by member. */
bool saying_start(struct saying *x, struct cli *c, const char *agreement, const struct matter *on,
                  enum cases_kind kind, struct err *e);
/* The option's value as that member, if it was given. */
void saying_text(struct saying *x, const char *option_name, const char *member);
/* Files of --attach, cited in the body's `evidence`. */
bool saying_attach(struct saying *x, struct err *e);
/* Check, and send. ERR_DENIED and ERR_INPUT: exit 2, nothing was sent. With --dry-run it is only
 * checked, and placed stays as it is. */
bool saying_send(struct saying *x, struct record_placed *placed, struct err *e);
/* Misuse by the agreement: exit 2, whatever the error says. */
bool refused(struct cli *c, const struct err *e);

/* "3 d 4 h", never empty; of a magnitude. */
const char *shown_span(struct cli *c, int64_t ms);
/* "2026-11-23 19:20:11Z"; "" for CASES_NEVER. */
const char *shown_instant(struct cli *c, int64_t ms);
/* The same, and in the zones of both sides where they differ from UTC. */
const char *shown_zoned(struct cli *c, const struct cases_terms *t, const struct cases_view *v,
                        int64_t ms);
/* RFC 3339 of any precision, or a date (its last second). */
bool instant_option(struct cli *c, const char *name, struct json_maker *m, struct json *o,
                    const char *member, struct err *e);

#endif
