/* rules: what may stand in an agreement, as one table from which both the checks and the published
 * JSON schema are made. Private to record. */
#ifndef ENTENTE_RULES_H
#define ENTENTE_RULES_H

#include "stix/json.h"

enum rule_kind {
    RULE_OBJECT, /* members have rules of their own */
    RULE_MAP,    /* like an object, but keys are free (or from `words`): their rule is path/[any] */
    RULE_ARRAY,  /* elements have the rule path/[any] */
    RULE_TEXT,   /* 1 to 4,000 bytes of UTF-8 */
    RULE_SLUG,   /* slug_valid() */
    RULE_WORD,   /* one of `words` */
    RULE_INTEGER, /* from min to max */
    RULE_BOOL,
    RULE_TERM,       /* "10 days", "2 working days", "8 hours", "90 minutes" */
    RULE_HOURS_TERM, /* minutes and hours only */
    RULE_TIME,       /* RFC 3339 with Z */
    RULE_DATE,       /* 2026-12-24 */
    RULE_HEX,        /* 64 lower-case hex digits */
    RULE_ANY,        /* checked elsewhere */
};

struct rule {
    const char *path; /* JSON pointer with * for any name or index */
    enum rule_kind kind;
    bool required;
    const char *const *words;
    int64_t min, max;
    const char *about; /* for the schema: one sentence */
};

extern const struct rule agreement_rules[];
extern const size_t agreement_rules_n;

/* Check the document; an error names the clause (as `clauses.clock.grace`) and, through `source`
 * (the text as edited; may be empty), the line. */
bool rules_check(const struct json *root, struct bytes source, struct arena *a, struct err *e);

#endif
