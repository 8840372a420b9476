/* dossier: a case as one file that a stranger can check: who said what, when at the latest and at
 * the earliest, what the agreement makes of it, and what is withheld or not known.
 *
 *     struct verify_dossier d;
 *     verify_dossier(bytes, &options, arena, &d, e);
 *     print(d.text);                          // the same text on every machine
 *     exit(d.holds ? 0 : 1);
 *
 * Twenty-two checks, each of which passes, fails, has nothing to check, or leaves something unknown
 * (which is said, and never guessed). It shares with what writes dossiers only the fold of the case
 * itself: signatures, trees, heads and the archive are read by this module alone. No compression
 * anywhere. doc/formats/dossier.md is the format.
 */
#ifndef ENTENTE_VERIFY_DOSSIER_H
#define ENTENTE_VERIFY_DOSSIER_H

#include "base/catalogue.h"
#include "base/workers.h"
#include "verify/verify.h"

#define DOSSIER_CHECKS 22

enum verify_check {
    DOSSIER_NONE /* nothing of the kind is in it */,
    DOSSIER_PASS,
    DOSSIER_UNKNOWN,
    DOSSIER_FAIL
};

struct verify_dossier_line {
    uint8_t check; /* 1 to DOSSIER_CHECKS */
    enum verify_verdict verdict;
    struct bytes about, text; /* the file or act; one sentence; both escaped */
};

/* A party whose key the reader knows by other ways: by its card, or by the fingerprint of its id.
 */
struct verify_pin {
    struct bytes card;        /* the whole card, or empty and: */
    struct bytes slug, print; /* "SHA256:..." of at least 16 hex digits, or more of them */
};

struct verify_dossier_options {
    const struct os *os;     /* for arenas' sake alone: nothing is read but the bytes given */
    struct workers *workers; /* may be NULL */
    const struct verify_pin *pins;
    size_t pins_n;
    const struct catalogue *words; /* of the text; NULL: English, as the JSON always is */
    bool json;                     /* make the report as JSON instead of text */
    bool stop_early;               /* if the archive or the manifest fails, look no further */
    struct bytes policy;           /* the arbiter's own tlog-policy, to be compared; empty: none */
    struct bytes program; /* "entente 0.1.0": whose words the computed files have; empty: any's */
    struct bytes roots;   /* certificates (PEM) trusted for time-stamps; empty: none */
};

struct verify_dossier {
    bool holds; /* nothing failed, and something is proved */
    enum verify_check verdict[DOSSIER_CHECKS + 1];
    struct verify_dossier_line *line;
    size_t n;
    uint64_t signatures; /* checked */
    struct bytes text;   /* for people */
    struct bytes json;   /* one canonical object */
};

/* What a check is called: "container", ... */
const char *verify_check_name(unsigned check);
const char *verify_verdict_word(enum verify_check v); /* "pass", "unknown", "FAIL", "-" */

/* False only if memory ends; what does not hold is a line. */
bool verify_dossier(struct bytes file, const struct verify_dossier_options *o, struct arena *a,
                    struct verify_dossier *out, struct err *e);
/* Does a file begin as a dossier does? */
bool verify_is_dossier(struct bytes head);

/* For what writes dossiers: the files that follow from the others, made by the same code that will
 * hold them to it: computed/..., summary.html. `files` ascend by name. ERR_PROOF: what fails. */
struct verify_file {
    struct bytes name, bytes;
};
bool verify_derive(const struct verify_file *files, size_t n,
                   const struct verify_dossier_options *o, struct arena *a,
                   struct verify_file **derived, size_t *derived_n, struct err *e);

/* The files of a dossier, as views into it; for what adds a time-stamp. ERR_INPUT, ERR_LIMIT. */
bool verify_unpack(struct bytes dossier, struct arena *a, struct verify_file **files, size_t *n,
                   struct err *e);
/* META-INF/ASiCManifest.xml, which a time-stamp signs: a digest of every file but `mimetype` and
 * those below META-INF (ETSI EN 319 162-1, annex A.4). */
bool verify_asic_manifest(const struct verify_file *files, size_t n, struct arena *a,
                          struct bytes *out, struct err *e);
#define ASIC_MIME "application/vnd.etsi.asic-e+zip"

#endif
