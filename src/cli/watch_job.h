/* watch_job: what a server does for watching (watch_job.c). */
#ifndef ENTENTE_CLI_WATCH_JOB_H
#define ENTENTE_CLI_WATCH_JOB_H

#include "base/diag.h"
#include "node/node.h"

struct watch_job;
/* While the node serves. The settings are read anew when they change. */
struct watch_job *watch_job_open(struct node *n, const struct diag *diag, struct err *e);
void watch_job_close(struct watch_job *j); /* ends the process that follows logs; NULL is fine */

#endif
