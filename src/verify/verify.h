/* verify: what a stranger can check with no node, no network and no trust in who handed it over.
 *
 * A code path of its own: it shares with the rest only bytes, hashes, Ed25519 and the JSON reader,
 * and does everything else again, in as few lines as will do, so that a mistake in the code that
 * writes is not repeated in the code that checks.
 *
 *     const char *paths[] = {"act.note", "act.tlog-proof", "payload.json", "north.card"};
 *     verify_files(os, paths, 4, arena, &report, e);
 *     for (i < report.n) print(report.line[i]);         // proved, failed, unknown
 *     exit(report.holds ? 0 : 1);
 *
 * It takes act notes, `.tlog-proof` files, payloads and lists, proofs of misbehaviour, exported
 * logs, cards (to say whose keys they are) and agreements, in any order; a directory stands for the
 * files in it. What a file is, its first line says.
 */
#ifndef ENTENTE_VERIFY_H
#define ENTENTE_VERIFY_H

#include "base/arena.h"
#include "base/os.h"

enum verify_verdict {
    VERIFY_PROVED,
    VERIFY_FAILED,
    VERIFY_UNKNOWN, /* nothing here says it; never guessed */
};

struct verify_line {
    enum verify_verdict verdict;
    struct bytes about; /* the file or the act, for people; escaped */
    struct bytes text;  /* one sentence; escaped */
};

struct verify_report {
    bool holds; /* something is proved, and nothing failed */
    struct verify_line *line;
    size_t n;
};

#define VERIFY_FILES 4096 /* in one report */

/* False only if a path cannot be read (ERR_MISSING, ERR_IO) or memory ends; what does not hold is a
 * line of the report, in the language of *e. */
bool verify_files(const struct os *os, const char *const *paths, size_t n, struct arena *a,
                  struct verify_report *out, struct err *e);
/* "proved", "FAILED", "unknown"; to be looked up. */
const char *verify_word(enum verify_verdict v);

#endif
