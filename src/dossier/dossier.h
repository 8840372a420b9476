/* dossier: cases of one agreement as a file for strangers (doc/formats/dossier.md).
 *
 *     struct dossier_export x = {.record = r, .desk = d, .keys = keys, .cases = &id, .cases_n = 1};
 *     dossier_export(&x, arena, &file, &made, e);
 *     os_write_file(os, "case.dossier", file, 0, e);
 *
 * The same input gives the same bytes. What it writes it first has checked by what will check it
 * (verify/verify_dossier.h), and the states in it are held against those of the node's own desk: a
 * dossier that would not hold, or that would tell another state, is not made.
 *
 * A dossier is an exit of data. TLP is obeyed: what is stricter than `redact` stays behind, proved
 * by its hash; what is TLP:RED or unmarked never leaves.
 */
#ifndef ENTENTE_DOSSIER_H
#define ENTENTE_DOSSIER_H

#include "base/workers.h"
#include "desk/desk.h"
#include "record/record.h"

struct dossier_export {
    const struct os *os;
    struct workers *workers;
    struct desk *desk;          /* of the agreement; not begun */
    const struct keyring *keys; /* the exporter's: the acts key signs the manifest */
    const struct hash *cases;   /* ascending */
    size_t cases_n;
    bool all;                     /* every act of the agreement's cases, not of these alone */
    int redact;                   /* a tlp_rank: withhold what is stricter; -1: refuse instead */
    const struct bytes *withhold; /* acts whose payload stays behind: "south/7" */
    size_t withhold_n;
    const struct bytes *cards; /* of the parties, as far as known */
    size_t cards_n;
    const struct bytes *misbehaviour; /* files of evidence about the parties */
    size_t misbehaviour_n;
    struct bytes lang;    /* "en", "zh", "both" */
    struct bytes why;     /* for the record of custody; may be empty */
    struct bytes program; /* "entente 0.1.0" */
    int64_t at;           /* seconds: as of when, and when it was made */
};

struct dossier_made {
    size_t acts, files, withheld, hidden;
    int tlp;       /* the strictest marking inside */
    bool widened;  /* other requests of the same party are in it, for they bear on the quota */
    bool redacted; /* a body of the cases is withheld: states are those of what is shown */
};

/* ERR_DENIED: the marking and the clause; ERR_LIMIT: too large; ERR_PROOF: it would not hold. */
bool dossier_export(const struct dossier_export *x, struct arena *a, struct bytes *file,
                    struct dossier_made *made, struct err *e);

/* ---- time-stamps (RFC 3161; ETSI EN 319 162-1) ---- */

/* The query to send to a time-stamp authority, which sees a digest and nothing else. */
bool dossier_stamp_request(struct bytes dossier, const uint8_t nonce[8], struct arena *a,
                           struct bytes *query, struct err *e);
struct dossier_stamp {
    int64_t time; /* seconds; what the authority says */
    struct bytes signer;
    bool trusted; /* by the roots given */
};
/* The dossier with the authority's answer in it (in the place of an older one). query: the request,
 * to compare the nonce; roots: trusted certificates (PEM); both may be empty. ERR_PROOF: another
 * digest, another nonce, a wrong signature, or a certificate that had expired or is not trusted. */
bool dossier_stamp_add(struct bytes dossier, struct bytes response, struct bytes query,
                       struct bytes roots, struct arena *a, struct bytes *out,
                       struct dossier_stamp *stamp, struct err *e);

#endif
