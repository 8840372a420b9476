/* stix: STIX 2.1 objects: what one says, whether it holds, who may see it.
 *
 * Four headers, from the bottom up:
 *     stix/json.h       strict JSON in, canonical JSON out
 *     stix/pattern.h    the pattern language
 *     stix/indicator.h  addresses, names and digests as people write them
 *     stix/stix.h       objects, markings, ids, and making our own (this one)
 *     stix/import.h     bundles, MISP events, CSV and lists, as a stream of objects
 *
 *     struct stix_warnings w = {0};
 *     struct stix_object o;
 *     const struct json *v = json_parse(text, arena, e);
 *     if (!v || !stix_check(v, arena, &w, &o, e)) ...      // refused: its meaning is broken
 *     for (int k = 0; k < STIX_WARNINGS; k++)              // taken, but this is odd
 *         if (w.of[k].count) printf("%s (%llu, first: %s)\n", stix_warning_text(k), ...);
 *
 * Strict about what breaks meaning, tolerant of what real feeds do: doc/formats/stix.md has the
 * list, with its reasons. An object is never changed: what was received is what is kept.
 */
#ifndef ENTENTE_STIX_H
#define ENTENTE_STIX_H

#include "base/os.h"
#include "stix/json.h"

/* ---- TLP 2.0 ---------------------------------------------------------------------------- */

/* Ordered: the greater is the stricter. TLP 1's white is clear. */
enum stix_tlp {
    STIX_TLP_NONE, /* unmarked: not shareable until somebody marks it; never "clear" */
    STIX_TLP_CLEAR,
    STIX_TLP_GREEN,
    STIX_TLP_AMBER,
    STIX_TLP_AMBER_STRICT,
    STIX_TLP_RED,
};

/* "TLP:AMBER+STRICT"; "unmarked" for NONE. */
const char *stix_tlp_name(enum stix_tlp tlp);
/* "amber+strict", "TLP:AMBER", "tlp:white", in any case; with or without "TLP:" in front. */
bool stix_tlp_parse(struct bytes word, enum stix_tlp *out);
/* The id of its TLP 2.0 marking-definition; NULL for NONE. */
const char *stix_tlp_id(enum stix_tlp tlp);
/* By id, all nine: five of TLP 2.0, four of TLP 1. NONE: another id. */
enum stix_tlp stix_tlp_of_id(struct bytes marking_id);
/* What a marking-definition object stands for: the strictest of its id, the TLP 2.0 extension,
 * the TLP 1 definition, and a name or statement that is a TLP label. NONE: not a TLP. */
enum stix_tlp stix_tlp_of_marking(const struct json *marking);
/* The standard's own marking-definition object, canonical; empty for NONE. */
struct bytes stix_tlp_object(enum stix_tlp tlp);

/* ---- an object --------------------------------------------------------------------------- */

enum stix_class {
    STIX_SDO,    /* domain objects: indicator, malware, report ... */
    STIX_SRO,    /* relationship, sighting */
    STIX_SCO,    /* cyber observables: ipv4-addr, file ... */
    STIX_META,   /* marking-definition, extension-definition, language-content */
    STIX_CUSTOM, /* a type the standard does not know: kept, never looked into */
};

#define STIX_NO_TIME INT64_MIN

/* A summary. Views live as long as the parsed object. What is absent is empty. */
struct stix_object {
    const struct json *json;
    enum stix_class class;
    struct bytes type, id, spec_version, name, created_by_ref;
    struct bytes created, modified; /* as written: with the id, the key of a version */
    int64_t created_us, modified_us;
    struct bytes version; /* modified, else created, else empty: unversioned */
    struct bytes pattern, pattern_type, valid_from, valid_until; /* of an indicator */
    int64_t valid_from_us, valid_until_us; /* STIX_NO_TIME: from created; for ever */
    int confidence;                        /* 0 to 100; -1: not said */
    bool revoked;
    bool v20;                          /* a STIX 2.0 object: no spec_version, yet no observable */
    enum stix_tlp tlp;                 /* the strictest that the object's own bytes show */
    unsigned markings, other_markings; /* refs to marking-definitions; those that are no TLP id */
    unsigned unknown_labels;           /* labels that begin with "tlp:" and are no TLP */
};

/* Marking i of the object itself and of its parts (granular), i < markings. */
struct bytes stix_object_marking(const struct stix_object *o, unsigned i);

/* Warnings by kind: each with its count and a first example, escaped, fit for a terminal. */
enum stix_warning {
    STIX_W_NAME_STYLE,     /* type or property name outside the standard's alphabet */
    STIX_W_UNKNOWN_TYPE,   /* neither of the standard nor x-...: kept opaque */
    STIX_W_SPEC_20,        /* no spec_version, not an observable: kept as STIX 2.0 */
    STIX_W_SPEC_VERSION,   /* a spec_version that is neither 2.0 nor 2.1 */
    STIX_W_UUID,           /* not a UUID of RFC 4122, or in upper case */
    STIX_W_TIME_ORDER,     /* modified before created */
    STIX_W_VALIDITY,       /* valid_until not after valid_from; or no valid_from */
    STIX_W_MISSING,        /* a property that the standard requires */
    STIX_W_WRONG_TYPE,     /* a property of another JSON type than the standard says */
    STIX_W_BAD_TIME,       /* a timestamp that is none, where nothing hangs on it */
    STIX_W_RANGE,          /* confidence, counts, scores or a first after its last */
    STIX_W_EMPTY_LIST,     /* an empty list, which the standard forbids */
    STIX_W_REF_TYPE,       /* a reference to a type that the standard does not allow there */
    STIX_W_BAD_REF,        /* a reference that is no id */
    STIX_W_SELF_MARKED,    /* a marking-definition that marks itself */
    STIX_W_GRANULAR,       /* granular marking: not exactly one of ref and lang, lost selector */
    STIX_W_EXTENSION,      /* an extension under a key that is none, or without its type */
    STIX_W_EXTERNAL_REF,   /* an external reference without source_name or content */
    STIX_W_MARKING_EMPTY,  /* a marking-definition that says nothing */
    STIX_W_SCO_ID,         /* an observable's deterministic id is not what its content gives */
    STIX_W_HASH,           /* a digest of the wrong length or not hexadecimal */
    STIX_W_PATTERN_TYPE,   /* no pattern_type (2.0): read as stix; or a later pattern_version */
    STIX_W_PATTERN_OPAQUE, /* a pattern of another language: kept, never matched */
    STIX_W_VALUE,          /* an observable whose value is not what its type says */
    /* of imports (stix/import.h) */
    STIX_W_REFUSED,          /* an object whose meaning is broken: left out */
    STIX_W_NOT_CARRIED,      /* a MISP or CSV type that has no plain indicator */
    STIX_W_NOT_FOR_IDS,      /* an attribute not meant for detection (to_ids false) */
    STIX_W_DELETED,          /* a deleted attribute */
    STIX_W_NOT_AN_INDICATOR, /* a line or value that is nothing we know */
    STIX_W_DUPLICATE,        /* the same indicator again in one import */
    STIX_W_PORT,             /* address:port: the address is taken, the port is left out */
    STIX_W_PRIVATE,          /* a private, loopback or documentation address: taken */
    STIX_W_BITS,             /* a prefix with bits behind its length: cleared */
    STIX_W_DEFANGED,         /* written defanged: put back */
    STIX_W_BAD_TEXT,         /* a line or cell that is not UTF-8: left out */
    STIX_W_HOSTS,            /* a hosts file's sink address: the name behind it is taken */
    STIX_W_COLUMNS,          /* a CSV row with fewer columns than its header */
    STIX_W_TLP_TAG,          /* a tlp: tag that is none: the strictest is assumed */
    STIX_WARNINGS,
};
/* A sentence, "a reference to a type that the standard does not allow there". */
const char *stix_warning_text(enum stix_warning kind);

#define STIX_EXAMPLE_MAX 200
struct stix_warnings {
    struct stix_warning_row {
        uint64_t count;
        char first[STIX_EXAMPLE_MAX]; /* "indicator--...: \"pattern\"" or "line 17: ..." */
    } of[STIX_WARNINGS];
};
/* Count one. The example is kept if it is the first. `w` may be NULL. */
void stix_warn(struct stix_warnings *w, enum stix_warning kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void stix_warnings_add(struct stix_warnings *to, const struct stix_warnings *from);
uint64_t stix_warnings_total(const struct stix_warnings *w);

/* The summary alone: type and id must be there and fit each other, times must be times, the
 * markings must be readable; nothing else is looked at. False: ERR_INPUT. */
bool stix_read(const struct json *v, struct stix_object *out, struct err *e);
/* Everything. `scratch` is given back as it was. False: ERR_INPUT, the object means nothing or
 * not what it seems: it must be left out. w may be NULL. */
bool stix_check(const struct json *v, struct arena *scratch, struct stix_warnings *w,
                struct stix_object *out, struct err *e);

/* ---- markings by reference ----------------------------------------------------------------- */

/* The marking-definitions seen so far, with what they stand for. A reference to one that is not
 * among them is unreadable: such an object is shown to nobody but its maker. */
struct stix_markings;
struct stix_markings *stix_markings_new(void); /* NULL: no memory */
void stix_markings_free(struct stix_markings *m);
/* Take in a marking-definition (all else is passed over). False: ERR_LIMIT, ERR_NOMEM. */
bool stix_markings_learn(struct stix_markings *m, const struct stix_object *o, struct err *e);
/* The strictest TLP of the object's own bytes and of what its markings stand for. *unknown: how
 * many of its markings have not been seen. m may be NULL: only the nine TLP ids are known. */
enum stix_tlp stix_markings_tlp(const struct stix_markings *m, const struct stix_object *o,
                                unsigned *unknown);

/* ---- ids ------------------------------------------------------------------------------------ */

#define STIX_ID_MAX 300 /* with its final zero: a type of up to 250, "--", 36 */

struct uuid {
    uint8_t b[16];
};
/* 36 characters in lower case, no final zero. */
void uuid_print(char out[36], const struct uuid *u);
/* 8-4-4-4-12 hexadecimal digits, either case. */
bool uuid_parse(struct bytes text, struct uuid *out);
/* RFC 4122 section 4.3, version 5: SHA-1 of the namespace and the name. */
void uuid_v5(const struct uuid *space, struct bytes name, struct uuid *out);
/* Section 4.4, version 4: random. */
void uuid_v4(const struct os *os, struct uuid *out);

/* "type--UUID". `type` and `uuid` may be NULL. */
bool stix_id_parse(struct bytes id, struct bytes *type, struct uuid *uuid);
void stix_id_print(char out[STIX_ID_MAX], const char *type, const struct uuid *u);
/* The deterministic id of an observable (STIX 2.1 section 2.9); false without error if it has
 * none: a process, an unknown type, or nothing there that contributes. */
bool stix_observable_id(const struct json *v, struct arena *scratch, char out[STIX_ID_MAX]);

/* ---- making ------------------------------------------------------------------------------------
 */

/* Objects of our own, canonical. Times are printed with milliseconds. Empty views are left out;
 * tlp NONE: unmarked. False: ERR_INPUT (text that is not UTF-8, an id that is none), ERR_LIMIT. */
struct stix_making {
    struct bytes id, created_by_ref;
    int64_t created_us, modified_us;
    enum stix_tlp tlp;
};
/* A party as an identity: identity_class is "organization" and such. */
bool stix_make_identity(const struct stix_making *how, struct bytes name,
                        struct bytes identity_class, struct bytes contact, struct arena *a,
                        struct bytes *out, struct err *e);
/* A note on n objects, at least one. */
bool stix_make_note(const struct stix_making *how, struct bytes abstract, struct bytes content,
                    const struct bytes *object_refs, size_t n, struct arena *a, struct bytes *out,
                    struct err *e);
/* A new, revoked version of an object of ours; `modified_us` must be after the old one's. */
bool stix_make_revoked(const struct stix_object *o, int64_t modified_us, struct arena *a,
                       struct bytes *out, struct err *e);
/* "2026-01-31T12:00:00.000Z" into out, no final zero; years 1970 to 9999. */
#define STIX_TIME_MAX 24
void stix_time_print(char out[STIX_TIME_MAX], int64_t us);
/* Any timestamp of STIX: years 0000 to 9999, any number of fraction digits (what is beyond
 * microseconds is cut), second 60 as the second after 59. Microseconds since 1970. */
bool stix_time_parse(struct bytes text, int64_t *us);

#endif
