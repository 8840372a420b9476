/* normalise: items as both sides spell them. A recipe is named and versioned; it gives an item's
 * canonical bytes or says why there are none. Same recipe, same bytes, on every machine: no
 * locale, no tables that change with the system. doc/formats/psi.md, section 7, has the rules.
 *
 *     domain/1   Example.COM.  examp1e[.]com  bücher.example        -> example.com ...
 *     address/1  192.0.2.1  192[.]0[.]2[.]1/32  2001:DB8::1         -> a family byte and 4 or 16
 *     url/1      hxxp://EXAMPLE.com:80/a/../b#x                     -> http://example.com/b
 *     hash/1     SHA256:9F86...  d41d8cd9...                        -> the raw bytes
 *     email/1    Ana (at) Example [.] com                           -> ana@example.com
 *     free/1     " Ana  Żak ; 1990-01-31 "                          -> ana żak;1990-01-31
 */
#ifndef ENTENTE_PSI_NORMALISE_H
#define ENTENTE_PSI_NORMALISE_H

#include "psi/psi.h"

#define NORMALISE_MOST 2048 /* bytes of a canonical item: the longest URL in wide use */

enum normalise_drop { /* why a line gives no item */
                      NORMALISE_KEPT,
                      NORMALISE_BLANK,    /* an empty line or a comment (#) */
                      NORMALISE_ENCODING, /* not UTF-8, or control characters */
                      NORMALISE_LONG,     /* longer than its kind allows */
                      NORMALISE_FORM,     /* not of the kind at all */
                      NORMALISE_NETWORK,  /* a prefix or wildcard, which stands for many items */
                      NORMALISE_DROPS,
};

struct normalise_recipe {
    const char *name; /* "domain/1" */
    enum normalise_drop (*item)(struct bytes in, uint8_t out[NORMALISE_MOST], size_t *n);
};
extern const struct normalise_recipe normalise_recipes[]; /* ends with a NULL name */

/* NULL: no such recipe. */
const struct normalise_recipe *normalise_find(struct bytes name);
const char *normalise_drop_name(enum normalise_drop why);

/* One line: trimmed, then by the recipe. */
enum normalise_drop normalise_line(const struct normalise_recipe *r, struct bytes line,
                                   uint8_t out[NORMALISE_MOST], size_t *n);

struct normalise_counts {
    uint64_t lines[NORMALISE_DROPS]; /* by outcome; [NORMALISE_KEPT] went into the set */
};
/* All lines of a text into the set; line i of the text is numbers[item] = i if numbers is not
 * NULL (room for all lines). ERR_LIMIT: the set is full. */
bool normalise_list(const struct normalise_recipe *r, struct bytes text, struct psi_set *set,
                    uint32_t *numbers, struct normalise_counts *counts, struct err *e);

#endif
