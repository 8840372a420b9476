/* What the files of the dossier's verifier share. */
#ifndef ENTENTE_VERIFY_DOSSIER_IMPL_H
#define ENTENTE_VERIFY_DOSSIER_IMPL_H

#include "cases/cases.h"
#include "verify/verify_dossier.h"
#include "verify/verify_impl.h"
#include "verify/zip.h"

#define NOWHERE SIZE_MAX
#define DZ_SPANS 64 /* keys of one role in one log, one after the other */
#define DZ_WITNESSES 32

/* ---- the model ---- */

struct dz_span {
    uint64_t from;
    struct sign_public key;
};
#define DZ_OFFICERS 64
struct dz_officer {
    char name[64];
    struct sign_public key;
};
enum dz_role { DZ_ACTS, DZ_CHECKPOINTS, DZ_WITNESS, DZ_MIRROR, DZ_ROLES };

struct dz_party {
    struct holder holder;
    struct hash id; /* SHA-256 of the recovery key */
    bool arbiter, has_card, pinned;
    struct bytes card_name; /* as the card writes it */
    struct dz_span span[DZ_ROLES][DZ_SPANS];
    size_t spans[DZ_ROLES];
    struct {
        uint64_t first, at; /* acts from first to at were signed by a key that was revoked */
    } doubt[DZ_SPANS];
    size_t doubts;
    struct dz_officer officer[DZ_OFFICERS]; /* in force, as far as its log has been read */
    size_t officers;
    char origin[160], acts_key[96], recovery_key[96]; /* names of keys */
    size_t acts, acts_n;                              /* its part of the acts */
    size_t heads, heads_n;                            /* its part of the heads */
    size_t groups, groups_n;
    uint64_t size; /* of the largest head here */
};

struct dz_witness {
    char name[256];
    struct sign_public key;
};

enum dz_fault { DZ_FINE, DZ_MALFORMED, DZ_MISPLACED, DZ_SIGNATURE, DZ_LINES };

struct dz_act {
    uint16_t party;
    uint64_t seq;
    size_t file, payload, proof; /* NOWHERE: not here */
    struct said said;            /* without its JSON, of which what follows is kept */
    struct hash *refs;
    struct bytes *to;
    size_t refs_n, to_n;
    bool to_all, refs_wrong;
    enum dz_fault fault;
    const char *why; /* of a fault; may be NULL */
    bool verified, payload_wrong, withheld, included, doubtful, contradicted;
    const char *not_included;
    size_t head;                             /* that its proof is under */
    int64_t claimed_ms, after_ms, before_ms; /* 0, CASES_NEVER: not known */
};

struct dz_head {
    uint16_t party;
    size_t file;
    struct bytes bytes;
    struct signed_text note;
    struct head head;
    size_t sigs, lines; /* its part of the signatures: one for each line */
    bool read, by_owner;
};

/* Somebody's dated signature over a log. */
struct dz_sig {
    uint16_t author, signer; /* signer: a party, then the witnesses */
    bool mirror, wrong;
    uint64_t size;
    int64_t time;
    size_t head;
};
struct dz_group { /* of one author, signer and role, by size */
    uint16_t signer;
    bool mirror;
    size_t first, n;
};

struct dz_case {
    struct hash id;
    struct cases_view view;
    struct bytes show, why, json;
    struct bytes show_zh, why_zh; /* if the summary is in Chinese */
};

struct dz {
    const struct verify_dossier_options *o;
    struct arena *a;
    struct verify_dossier *out;
    size_t lines_cap;
    const struct catalogue *words;  /* of the report; NULL: English */
    bool making;                    /* for verify_derive: no archive and no manifest yet */
    size_t cut[DOSSIER_CHECKS + 1]; /* lines that were too many to keep, by check */
    size_t said[DOSSIER_CHECKS + 1];

    struct zip_file *files;
    size_t n;
    struct hash *sha;
    bool *used;

    const struct json *about; /* dossier.json */
    struct bytes agreement, exporter, exported, program, lang, ceiling;
    int64_t as_of_ms;
    struct hash *wanted; /* the cases */
    size_t wanted_n;

    struct {
        struct bytes bytes;
        struct hash digest, previous;
        uint64_t number;
        int64_t from_ms;
        struct cases_terms *terms;
    } version[LIMIT_CASE_VERSIONS];
    size_t versions;
    const struct json *document; /* the first version */
    struct dz_party party[LIMIT_PARTIES];
    size_t parties;
    struct dz_witness witness[DZ_WITNESSES];
    size_t witnesses;

    struct dz_act *acts;
    size_t acts_n;
    struct dz_act **by_text; /* ordered by text hash */
    struct dz_head *heads;
    size_t heads_n;
    struct dz_sig *sigs;
    size_t sigs_n;
    struct dz_group *groups;
    size_t groups_n, groups_cap;

    struct arena **arenas; /* of the threads */
    size_t arenas_n;

    struct cases *cases;
    struct dz_case *kase;
    size_t cases_n;
    struct verify_file *made; /* computed files and the summary */
    size_t made_n, made_cap;
    uint64_t signatures; /* that were checked */
};

/* ---- saying (dossier.c) ---- */

/* A check has looked at something. */
void dz_looked(struct dz *z, unsigned check);
void dz_say(struct dz *z, unsigned check, enum verify_verdict verdict, struct bytes about,
            const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The file of this name, or NOWHERE; marks it as used. */
size_t dz_file(struct dz *z, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for folder and rest of a name, without any formatting. */
size_t dz_named(struct dz *z, const char *folder, struct bytes rest);
struct bytes dz_name(const struct dz *z, size_t file);
/* "south/41" in the arena. */
struct bytes dz_place(struct dz *z, const struct dz_act *act);
int dz_party_of(const struct dz *z, struct bytes slug);
/* "a/b/rest": the rest if the name begins so; else nothing. */
bool dz_below(struct bytes name, const char *folder, struct bytes *rest);
const struct dz_act *dz_act_of(const struct dz *z, const struct hash *text);
/* Work on several threads, each with its own arena: work(z, arena, from, to). */
void dz_parallel(struct dz *z, size_t n, size_t grain,
                 void (*work)(struct dz *z, struct arena *a, size_t from, size_t to));
void dz_time(char out[TIME_TEXT_MAX], int64_t ms); /* "unknown" for 0 and never */

/* ---- the checks, in their order ---- */
bool dz_open(struct dz *z, struct bytes in, struct err *e); /* 1 */
bool dz_manifest(struct dz *z, struct err *e);              /* 2 */
bool dz_about(struct dz *z, struct err *e);                 /* dossier.json */
void dz_note(struct dz *z);                                 /* 3 */
bool dz_agreement(struct dz *z, struct err *e);             /* 5 */
void dz_policy(struct dz *z);                               /* 4 */
bool dz_acts(struct dz *z, struct err *e);                  /* 6, 7, 8, 19 */
bool dz_heads(struct dz *z, struct err *e);                 /* 10 to 13 */
void dz_inclusion(struct dz *z);                            /* 9 */
void dz_sequence(struct dz *z);                             /* 14, 15 */
void dz_intervals(struct dz *z);                            /* 16, 17 */
void dz_stamp(struct dz *z);                                /* 18 */
void dz_misbehaviour(struct dz *z);                         /* 20 */
bool dz_fold(struct dz *z, struct err *e);                  /* 21 */
bool dz_summary(struct dz *z, struct bytes *html, struct err *e);
void dz_algorithms(struct dz *z); /* 22 */
/* In the log's order: an act officer.add or officer.remove; and how many of those in force then
 * have signed an act, at least 1: the party itself. */
void dz_officer_act(struct dz *z, const struct dz_act *act, struct bytes payload);
uint8_t dz_officers_signed(struct dz *z, const struct dz_act *act, struct bytes payload);
/* The state in a word, if somebody still waits, contests or disagrees; else NULL. */
const char *dz_open_word(const struct cases_view *v);
bool dz_print(struct dz *z, struct err *e);

/* The withheld payload of this digest: why, as the exporter says; or nothing. */
bool dz_withheld(const struct dz *z, const struct hash *sha256, struct bytes *why);
const struct sign_public *dz_key(const struct dz_party *p, enum dz_role role, uint64_t at);

#endif
