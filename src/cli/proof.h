/* What proof.c (the files) and proof_readme.c (how to check them by hand) have in common. */
#ifndef ENTENTE_CLI_PROOF_H
#define ENTENTE_CLI_PROOF_H

#include "cli/cli.h"
#include "tlog/proof.h"

struct proof {
    struct cli *c;
    struct record *record;
    const struct agreement *g;
    const char *dir;
    struct act *act;
    struct bytes object_id; /* empty: the act as a whole */
    struct hash object;     /* its digest */
    struct bytes object_bytes;
    const char *payload; /* file name; NULL: the act has none, or it is not held here */
    const char *list;    /* the file of the list that names the object; NULL: none does */
    struct proof_file tlog;
    struct note head; /* the note of tlog */
    struct checkpoint checkpoint;
    size_t lists;
    unsigned files;
};

/* README.txt: what it is, and the shell commands that check it. */
bool proof_readme(struct proof *p, struct bytes *out, struct err *e);

#endif
