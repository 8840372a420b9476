/* import: what people share, as a stream of STIX objects.
 *
 *     struct stix_import_options how = {.party_id = id, .now_us = now, .tlp = STIX_TLP_AMBER,
 *                                       .file = "nso.txt"};
 *     struct stix_import *im = stix_import_open(&how, read_some, self, e);
 *     struct stix_item item;
 *     while (stix_import_next(im, &item, e))
 *         use(item.bytes, &item.object);       // good until the next call
 *     if (!stix_import_done(im)) ...            // *e: the file is broken, and where
 *     show(stix_import_warnings(im));
 *     stix_import_close(im);
 *
 * Formats are told apart by their first bytes: JSON (a STIX bundle, a TAXII envelope, a list of
 * objects or one alone; MISP: an event, a list, or a REST response), CSV with or without a header,
 * and plain lists, one value a line with comments. Memory does not grow with the length of a
 * bundle or list but for 16 bytes for each indicator that we make (to make each once), and for
 * the attributes of one MISP event at a time.
 *
 * STIX objects come out as they went in, canonical, and keep their ids, times and markings; each
 * is checked (stix_check), and one that means nothing is left out and counted. From the other
 * formats we make `indicator` objects: same party and same pattern, same id (decision 0042).
 * A file that is broken in the middle ends with an error; what came out before it stands.
 */
#ifndef ENTENTE_IMPORT_H
#define ENTENTE_IMPORT_H

#include "stix/indicator.h"
#include "stix/stix.h"

enum stix_format {
    STIX_FORMAT_AUTO,
    STIX_FORMAT_STIX,
    STIX_FORMAT_MISP,
    STIX_FORMAT_CSV,
    STIX_FORMAT_LIST,
};
const char *stix_format_name(enum stix_format f); /* "STIX 2.1", "a MISP event" ... */

struct stix_import_options {
    struct bytes party_id;          /* identity--UUID of who shares: created_by_ref, and id space */
    int64_t now_us;                 /* created and modified where the source has no time */
    enum stix_tlp tlp;              /* marks indicators we make, unless the source says stricter */
    const char *indicator_type;     /* of indicator_types; NULL: "malicious-activity" */
    const char *file;               /* for errors; NULL: none */
    enum stix_format format;        /* AUTO: find out */
    bool all_attributes;            /* MISP, CSV: also those not meant for detection */
    struct stix_markings *markings; /* learns marking-definitions as they pass; may be NULL */
};

/* Up to n bytes into out; *got 0: the end. False: *e. */
typedef bool stix_import_read(void *self, uint8_t *out, size_t n, size_t *got, struct err *e);

struct stix_import;
/* NULL: ERR_INPUT (a party_id that is none), ERR_NOMEM, or what the first read said. */
struct stix_import *stix_import_open(const struct stix_import_options *how, stix_import_read *read,
                                     void *self, struct err *e);
/* The same over bytes that stay where they are. */
struct stix_import *stix_import_open_bytes(const struct stix_import_options *how, struct bytes all,
                                           struct err *e);
void stix_import_close(struct stix_import *im); /* NULL is fine */

struct stix_item {
    struct bytes bytes;        /* canonical */
    struct stix_object object; /* its summary; of one we made, without the tree (json is NULL) */
    enum stix_tlp tlp;         /* with what its markings stand for, as far as known by now */
    unsigned unknown_markings;
    size_t line;                /* of the source, where it begins */
    bool made;                  /* an indicator of ours, not an object of theirs */
    struct indicator indicator; /* if made: what it looks for */
};

/* The next object, good until the next call. False at the end, and on an error (*e). */
bool stix_import_next(struct stix_import *im, struct stix_item *out, struct err *e);
/* Did the file end where it should? */
bool stix_import_done(const struct stix_import *im);

/* Known after the first call of next. */
enum stix_format stix_import_format(const struct stix_import *im);
const struct stix_warnings *stix_import_warnings(const struct stix_import *im);

struct stix_import_counts {
    uint64_t bytes, lines; /* read so far */
    uint64_t objects;      /* given out */
    uint64_t refused;      /* left out: broken, unknown, or not for detection */
    uint64_t duplicates;   /* indicators that had been there already */
};
struct stix_import_counts stix_import_counts(const struct stix_import *im);

/* What was not carried over or not recognised, by its source's name of the type ("yara", 8), most
 * first; rows live as long as the import. */
struct stix_import_type {
    const char *name;
    uint64_t count;
};
size_t stix_import_not_carried(struct stix_import *im, const struct stix_import_type **rows);

/* The id of the indicator that `party_id` would make of a pattern; false: not an identity id. */
bool stix_indicator_id(struct bytes party_id, struct bytes pattern, char out[STIX_ID_MAX]);

#endif
