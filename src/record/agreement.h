/* agreement: the only permission. One JSON document that a person can read and edit; its
 * canonical bytes are signed by every party as entry 0 of that party's log.
 *
 * The agreement's id is the first 32 hex digits of the SHA-256 of those bytes, and every log under
 * it is named `entente/<id>/<slug>`. An amendment is a new version of the document, signed by an
 * act in every log; the id stays. doc/formats/agreement.md has every clause.
 */
#ifndef ENTENTE_AGREEMENT_H
#define ENTENTE_AGREEMENT_H

#include "base/catalogue.h"
#include "record/act.h"
#include "stix/json.h"
#include "tlog/checkpoint.h"

#define AGREEMENT_WITNESSES 32
#define ORIGIN_MAX (sizeof "entente/" + ACT_AGREEMENT + 1 + 63)

struct agreement_party {
    struct bytes slug, name;
    struct hash id, id_of_key; /* as written, and as computed: they agree */
    struct sign_public keys[KEY_ROLES];
    bool arbiter;
};

struct agreement_witness {
    struct bytes name, vkey, url; /* url may be empty */
    struct note_key key;
    bool has_tls;
    struct sign_public tls; /* its pinned key; else ordinary web certificates */
};

struct agreement {
    char id[ACT_AGREEMENT + 1]; /* of the first version */
    struct hash digest;         /* of this version's bytes */
    struct bytes bytes;         /* canonical JSON */
    const struct json *root;    /* the same, parsed; lives in the arena */
    struct bytes title;
    struct hash previous; /* the version this one amends; all zero for the first */
    uint64_t version;     /* 1, 2, ... */
    struct agreement_party parties[LIMIT_PARTIES];
    size_t parties_n; /* at least 2; sorted by slug */
    struct agreement_witness witnesses[AGREEMENT_WITNESSES];
    size_t witnesses_n;
};

/* A fresh document from a template ("bilateral", "community"): pretty JSON with the parties'
 * keys from their cards, to be edited. ERR_INPUT: unknown template, fewer than two cards. */
bool agreement_template(const char *template, const struct card *const *cards, size_t n,
                        const struct os *os, struct arena *a, struct bytes *json, struct err *e);
const char *const *agreement_templates(void); /* NULL-terminated names */
/* Read and check a document as edited: every error names the clause and the line. Makes the
 * canonical bytes, digest and (for a first version) the id. */
bool agreement_parse(struct bytes json, struct arena *a, struct agreement *out, struct err *e);
/* The same for bytes that must already be canonical (a peer's, the disk's). `id`: NULL for a
 * first version, else the id this version belongs to. */
bool agreement_read(struct bytes canonical, const char *id, struct arena *a, struct agreement *out,
                    struct err *e);
/* NULL if there is no such party. */
const struct agreement_party *agreement_party(const struct agreement *g, struct bytes slug);
/* "entente/<id>/<slug>" */
void agreement_origin(const struct agreement *g, struct bytes slug, char out[ORIGIN_MAX]);
/* What it says, in plain sentences. */
bool agreement_explain(const struct agreement *g, const struct catalogue *words, struct arena *a,
                       struct bytes *text, struct err *e);
/* What changed between two versions: one line per differing clause value. */
bool agreement_diff(const struct agreement *old, const struct agreement *new,
                    const struct catalogue *words, struct arena *a, struct bytes *text,
                    struct err *e);

/* The JSON schema (2020-12) of the document, made from the same table as the checks. */
bool agreement_schema(struct arena *a, struct bytes *out, struct err *e);

/* ---- the policy gate ---- */

#define GATE_CLAUSE_MAX 80

/* TLP 2.0 labels in order: "clear" is 0, "red" is 4; -1 for anything else. */
int tlp_rank(struct bytes label);
const char *tlp_word(int rank); /* "unmarked" for -1 */

/* May an object of this STIX type with this marking (a tlp_rank) be shared? True, and `clause` is
 * what allows it ("share.indicator"); or ERR_DENIED, whose text begins with the clause that does
 * not. Unmarked is never shareable. `object` may be NULL: then its properties are not looked at. */
bool gate_share(const struct agreement *g, struct bytes stix_type, int tlp,
                const struct json *object, char clause[GATE_CLAUSE_MAX], struct err *e);
/* May an act of this kind be made at all: is there a clause for it, and is that not suspended? */
bool gate_act(const struct agreement *g, struct bytes kind, const struct bytes *suspended,
              size_t suspended_n, char clause[GATE_CLAUSE_MAX], struct err *e);
uint64_t gate_max_act_bytes(const struct agreement *g);
uint64_t gate_max_object_bytes(const struct agreement *g);

#endif
