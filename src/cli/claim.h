/* claim: what the files of `entente claim` and of drafts share. */
#ifndef ENTENTE_CLI_CLAIM_H
#define ENTENTE_CLI_CLAIM_H

#include "cli/matter.h"

/* Rows that every command which says something on a case has. */
#define SAY_ROWS                                                                                   \
    {"under", 0, "AGREEMENT", "which permits it; may be left out where there is only one"},        \
        {"tlp", 0, "LABEL", "clear, green, amber, amber+strict or red; else amber"},               \
        {"body", 0, "FILE", "a JSON object with the members of the body; options go before it"},   \
        {"dry-run", 'n', NULL, "only check whether it may be sent"},                               \
        {"draft", 0, "FILE", "write a draft for two officers to sign, and send nothing"},          \
    {                                                                                              \
        "json", 0, NULL, "say it for machines"                                                     \
    }
#define EVIDENCE_ROWS                                                                              \
    {"attach", 0, "SPEC", ATTACH_SPEC},                                                            \
    {                                                                                              \
        "exhibit", 0, "EXHIBIT", "cite a file in evidence; may be given again"                     \
    }

/* Exhibits of --exhibit and files of --attach, into the body's `evidence`, in that order. */
bool claim_evidence(struct saying *x, struct err *e);
/* Send, or write the draft; then say what was done: "Sent KIND on claim ID." */
bool claim_send(struct saying *x, const struct hash *matter, struct err *e);
/* What is given again and again, as an array of strings. */
void claim_list_option(struct saying *x, const char *name, const char *member);
/* A likelihood's word or range ("likely", "55-80") and a confidence, into the body. */
bool claim_levels(struct saying *x, struct err *e);

/* May it not be sent for want of two officers' signatures, and for nothing else? */
bool needs_officers(struct saying *x);

/* ---- drafts (draft.c): what two officers sign before it is sent ---- */

#define DRAFT_MOST ((size_t)24 << 20)
struct draft {
    char agreement[ACT_AGREEMENT + 1];
    const char *origin; /* "entente/<agreement>/<slug>" */
    struct bytes from, kind, tlp, body;
    struct bytes to[LIMIT_PARTIES];
    size_t to_n;
    struct hash refs[2];
    size_t refs_n;
};
bool draft_write(struct cli *c, const char *path, const struct draft *d, struct err *e);
/* In place of the file that is there: after a signature. */
bool draft_rewrite(struct cli *c, const char *path, const struct draft *d, struct err *e);
bool draft_read(struct cli *c, const char *path, struct draft *out, struct err *e);
/* The draft of what is being said. */
bool draft_of_saying(struct saying *x, struct draft *out, struct err *e);

#endif
