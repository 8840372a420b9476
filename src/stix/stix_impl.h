/* stix_impl: the standard's types as tables, and what the files of objects and imports share. */
#ifndef ENTENTE_STIX_IMPL_H
#define ENTENTE_STIX_IMPL_H

#include "stix/stix.h"

enum property_kind {
    P_STRING,
    P_BOOL,
    P_INTEGER,
    P_NUMBER,
    P_TIME,
    P_REF,
    P_REFS,
    P_STRINGS,
    P_OBJECT,
    P_OBJECTS,
    P_HASHES,
};
enum property_need {
    OPTIONAL,
    REQUIRED, /* by the standard; we warn if it is missing */
    NEEDED,   /* without it the object means nothing: refused */
};

struct stix_property {
    const char *name;
    uint8_t n; /* its length */
    uint8_t kind, need;
    /* Of references: the types allowed, between blanks; "@sdo" and such name classes. NULL: any. */
    const char *targets;
};

struct stix_type {
    const char *name;
    enum stix_class class;
    const struct stix_property *properties; /* sorted by name */
    size_t count;
    const char *const *contributing; /* of an observable: what makes its id; ends in NULL */
};

/* NULL: the standard does not know it. */
const struct stix_type *stix_type_find(struct bytes name);
/* All of them, sorted by name: for a test. */
extern const struct stix_type stix_types[];
extern const size_t stix_type_count;
/* The properties that all objects may have. */
extern const struct stix_property stix_common[];
extern const size_t stix_common_count;

/* Does a type stand in a list of targets? */
bool stix_target_fits(const char *targets, struct bytes type);

/* A TLP label with "tlp:" in front, in any case. *known: it is one we know. */
bool stix_is_tlp_label(struct bytes label, enum stix_tlp *tlp, bool *known);

#endif
