/* entente verify, when what it is given is a dossier. */
#ifndef ENTENTE_CLI_VERIFY_DOSSIER_H
#define ENTENTE_CLI_VERIFY_DOSSIER_H

#include "cli/cli.h"

/* Does the file begin as a dossier does? */
bool names_dossier(struct cli *c, const char *path);
/* Check it with --card, --key, --policy and --ca; print; c->status. */
bool dossier_checked(struct cli *c, const char *path, struct err *e);

#endif
