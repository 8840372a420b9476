/* review: the periodic review of an agreement, with what only the record knows: what was shared,
 * what was seen of it, private comparisons, and what the parties say about the period.
 *
 * All of it is a function of the logs and their cosignatures, so every party's node makes the same
 * report. What is not addressed to all parties is not counted: not all could.
 */
#ifndef ENTENTE_DESK_REVIEW_H
#define ENTENTE_DESK_REVIEW_H

#include "desk/desk.h"

#define REVIEW_PERIOD_MAX 64 /* with the final zero */

struct review_period {
    char name[REVIEW_PERIOD_MAX]; /* as comments cite it: "2026-H1", "2026-01-01..2026-02-01" */
    int64_t from_ms, until_ms;
};
/* "2026", "2026-H1", "2026-Q3", "2026-07", or two dates with ".." between them: from the first day
 * on, and until before the second. Days are of UTC. */
bool review_period_parse(struct bytes text, struct review_period *out, struct err *e);

/* Between desk_begin and desk_end. A period that has not ended is reported as it stood at the newest
 * act that others have signed for, which is the same at every node, and not at its end. *out shows into `a` and the desk. */
bool desk_review(struct desk *d, struct cases *c, const struct review_period *p, struct arena *a,
                 struct cases_review **out, struct err *e);

#endif
