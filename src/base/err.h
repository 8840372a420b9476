/* err: one error type for everything.
 *
 * A function that can fail returns true or false (or a pointer or NULL) and fills *e on failure.
 *
 *     if (!tlog_head_parse(text, origin, &head, e))
 *         return err_within(e, "checkpoint of %s", origin);
 *
 * The code serves callers that branch; the text serves people: what, where, then what to do.
 * `e` may be NULL where the caller does not care. Outside bytes in the text are escaped.
 *
 * Formats are English in the source, and looked up in e->words before they are filled: whoever
 * makes the struct says in which language its reader reads. An error made to look at another one
 * first is made by err_like(e), so that it speaks the same.
 */
#ifndef ENTENTE_ERR_H
#define ENTENTE_ERR_H

#include <stdbool.h>

enum err_code {
    ERR_NONE = 0,
    ERR_INPUT,   /* what was given is not well formed */
    ERR_LIMIT,   /* a cap of base/limits.h, an arena, or a quota */
    ERR_PROOF,   /* a hash, a signature or a proof does not hold */
    ERR_PEER,    /* a peer broke the protocol or the agreement */
    ERR_DENIED,  /* policy, a clause, or a right that is missing */
    ERR_MISSING, /* not there */
    ERR_IO,      /* disk or network; the outcome of a write is unknown */
    ERR_NOMEM,   /* the system has no memory */
};

#define ERR_TEXT_MAX 512 /* bytes with the final zero; longer texts are cut with "..." */

struct catalogue; /* base/catalogue.h */

struct err {
    enum err_code code;
    char text[ERR_TEXT_MAX];       /* "what", led by ever wider "where: " */
    char hint[ERR_TEXT_MAX];       /* what to do, or empty */
    const struct catalogue *words; /* the reader's language; NULL: English */
};

/* Fill *e and return false. The only maker of failures. */
bool err_fail(struct err *e, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Put "where: " before the text and return false. */
bool err_within(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Say what to do about it and return false. The innermost hint stays. */
bool err_hint(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* ERR_IO with what the system said of errno; `what` names the file or peer. */
bool err_system(struct err *e, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Hand on a failure that was gathered apart: fill *e with it and return false. */
bool err_pass(struct err *e, const struct err *from);
void err_clear(struct err *e);
/* A fresh one in the language of another; of NULL, in English. */
struct err err_like(const struct err *e);
/* "ERR_INPUT" and so on. */
const char *err_name(enum err_code code);

#endif
