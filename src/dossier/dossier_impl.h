#ifndef ENTENTE_DOSSIER_IMPL_H
#define ENTENTE_DOSSIER_IMPL_H

#include "base/buf.h"
#include "base/text.h"
#include "desk/exhibit.h"
#include "dossier/dossier.h"
#include "stix/stix.h"
#include "tlog/tlog.h"
#include "verify/verify_dossier.h"

/* An act that goes in. */
struct pick {
    uint64_t index;
    bool of_case; /* its payload bears on a state */
};

/* Signature lines of the heads of one size, gathered from wherever they stood. */
struct gathered {
    uint64_t size;
    struct bytes text, owner; /* owner: its line; empty: not known */
    struct bytes lines[LIMIT_NOTE_SIGNATURES];
    size_t n;
    struct bytes note; /* the whole, once it is made */
};

struct part { /* of the dossier: one party's log */
    struct bytes slug;
    struct pick *picks;
    size_t n, cap;
    struct gathered **heads; /* by size */
    size_t heads_n, heads_cap;
    uint64_t size; /* of the newest head */
};

struct making {
    const struct dossier_export *x;
    struct arena *a;
    struct record *r;
    struct dossier_made *made;
    struct verify_file *files;
    size_t n, cap;
    struct part part[LIMIT_PARTIES];
    size_t parts;
    const struct record_version *versions;
    size_t versions_n;
    struct json_maker m;
    struct json *withheld;
    int widen;
    struct err e; /* of callbacks */
};

/* files.c */
bool put_file(struct making *k, struct bytes what, struct err *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool sort_files(struct making *k, struct err *e);
bool zip_write(const struct verify_file *files, size_t n, struct arena *a, struct bytes *out,
               struct err *e);
/* select.c */
bool select_acts(struct making *k, struct err *e);
bool pick(struct making *k, size_t part, uint64_t index, bool of_case, struct err *e);
int part_of(const struct making *k, struct bytes slug);
/* acts.c */
bool put_acts(struct making *k, struct err *e);
/* heads.c */
bool put_heads(struct making *k, struct err *e);
/* readme.c, and the files that are built in */
extern const struct bytes dossier_readme_sh, dossier_verify_py;
bool put_readme(struct making *k, struct err *e);

#endif
