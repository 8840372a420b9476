/* exhibit: a file as evidence. Its bytes travel beside the log, or stay where they are.
 *
 * An exhibit is said by one act of kind `exhibit`, whose body (a STIX object of our extension)
 * names the file, its digest, size, grade, custody and availability:
 *
 *     attached    the bytes come with it, in acts of kind `exhibit.part`, in the same commit
 *     escrow      the same, but only the holder gets them; or a holder outside has them
 *     on-request  who wants them asks, under the conditions stated
 *     withheld    the digest alone; such evidence counts as nothing
 *
 * Of what is not given to the reader the digest is salted, so that it cannot be guessed. Later acts
 * name the first by their refs: `exhibit.provide` opens it, `exhibit.custody` adds a step,
 * `exhibit.erase` says that bytes were erased. doc/formats/exhibit.md.
 *
 *     struct exhibit x = {.name = ..., .availability = EXHIBIT_ATTACHED};
 *     exhibit_make(&how, &x, content, arena, &drafts, &n, &e);   // drafts for record_append
 *     json_add(&m, evidence, exhibit_cite(&m, &x));              // in a claim's body
 *
 * Received bytes are never run, unpacked or shown, and their name is never a path.
 */
#ifndef ENTENTE_EXHIBIT_H
#define ENTENTE_EXHIBIT_H

#include "record/record.h"
#include "stix/stix.h"

#define EXHIBIT_PART_BYTES ((size_t)4 << 20) /* of a file in one act: two fill a piece */
#define EXHIBIT_PARTS 16                     /* so a file has 64 MiB at most: a commit holds 128 */
#define EXHIBIT_STEPS 64                     /* of custody */
#define EXHIBIT_MOST (EXHIBIT_PART_BYTES * EXHIBIT_PARTS)

enum exhibit_availability { /* in the order of case bodies */
                            EXHIBIT_ATTACHED,
                            EXHIBIT_ESCROW,
                            EXHIBIT_ON_REQUEST,
                            EXHIBIT_WITHHELD,
                            EXHIBIT_AVAILABILITIES
};
extern const char *const exhibit_availability_words[EXHIBIT_AVAILABILITIES];

/* Who did what with it, how, when, and what came of it (cases.md 3.1; ISO/IEC 27037's words). */
struct exhibit_step {
    struct bytes who, what, how, when, result; /* when: RFC 3339 */
    struct bytes by;                           /* the party that says so; set by exhibit_list */
};

struct exhibit {
    struct bytes id;         /* "entente-exhibit--<uuid>"; made */
    struct bytes name;       /* of the file, as its sender says: for people, never a path */
    struct bytes media_type; /* as its sender says */
    struct bytes about;      /* what it is; may be empty */
    struct bytes conditions; /* of what is not attached; may be empty */
    struct bytes holder;     /* of escrow: a party's slug, or a name */
    enum exhibit_availability availability;
    struct hash sha256; /* of the bytes; salted: of label, salt and bytes */
    bool salted;
    uint64_t size;
    char source, information; /* Admiralty code 'A'-'G' and '1'-'6'; 0: not graded */
    int tlp;                  /* a tlp_rank */
    struct exhibit_step steps[EXHIBIT_STEPS];
    size_t steps_n;
    struct exhibit_part {
        struct hash sha256; /* of 16 random bytes and the piece of the file */
        uint64_t size;      /* of the piece */
    } parts[EXHIBIT_PARTS];
    size_t parts_n;
};

/* ---- saying ---- */

#define EXHIBIT_SALT 32
struct exhibit_making {
    const struct os *os;
    const struct agreement *g;
    struct bytes created_by_ref;    /* STIX identity; may be empty */
    struct bytes to[LIMIT_PARTIES]; /* who gets it; none: all */
    size_t to_n;
    uint8_t salt[EXHIBIT_SALT]; /* out: of what is not attached; keep it, or nobody can open it */
};
/* Fill in id, digest, size and parts of *x, and make the acts that say it, parts first. `content`
 * must live as long as the drafts. ERR_DENIED: clauses.exhibit forbids it. */
bool exhibit_make(struct exhibit_making *how, struct exhibit *x, struct bytes content,
                  struct arena *a, struct record_draft **drafts, size_t *n, struct err *e);
/* The element of a body's `evidence` that cites it. */
struct json *exhibit_cite(struct json_maker *m, const struct exhibit *x);
/* A later act of ours about the exhibit whose first act is `act`: a step of custody; ... */
bool exhibit_custody(const struct exhibit_making *how, const struct exhibit *x,
                     const struct hash *act, const struct exhibit_step *step, struct arena *a,
                     struct record_draft *draft, struct err *e);
/* ... the bytes of one that was not attached, with its salt (drafts as of exhibit_make); ERR_PROOF:
 * these are other bytes; ... */
bool exhibit_provide(struct exhibit_making *how, const struct exhibit *x, const struct hash *act,
                     struct bytes content, struct arena *a, struct record_draft **drafts, size_t *n,
                     struct err *e);
/* ... a receipt that its bytes are erased here. */
bool exhibit_erased(const struct exhibit_making *how, const struct exhibit *x,
                    const struct hash *act, struct bytes reason, struct arena *a,
                    struct record_draft *draft, struct err *e);

/* A body of an act `exhibit` or `exhibit.provide`. Views into `body` and the arena. ERR_INPUT. */
bool exhibit_parse(struct bytes body, struct arena *a, struct exhibit *out, struct err *e);
/* "who | what | how | when | result"; `when` may be left empty for now. */
bool exhibit_step_parse(struct bytes text, const struct os *os, struct arena *a,
                        struct exhibit_step *out, struct err *e);
/* "B2": source and information. */
bool exhibit_grade_parse(struct bytes text, char *source, char *information, struct err *e);

/* ---- what is held ---- */

struct exhibit_held {
    struct exhibit x; /* with the steps of all acts, in the order of logs */
    struct bytes from;
    uint64_t index;
    struct hash act;
    struct bytes time;  /* claimed */
    bool provided;      /* opened later; parts are those of that act */
    struct hash opened; /* then: of the bytes without salt */
    uint8_t salt[EXHIBIT_SALT];
    struct bytes erased_by[LIMIT_PARTIES];
    size_t erased_n;
};
/* All exhibits of an agreement: by log, then by index. They live in the arena. */
bool exhibit_list(struct record *r, struct arena *a, struct exhibit_held **out, size_t *n,
                  struct err *e);
/* One by the beginning of its digest or its act's hash (8 digits at least), PARTY/INDEX, or its id.
 * ERR_MISSING, ERR_INPUT (several). */
bool exhibit_find(struct record *r, struct bytes name, struct arena *a, struct exhibit_held *out,
                  struct err *e);
/* Its bytes, part by part, each verified before it is put out, and the whole digest at the end:
 * what was put is worth nothing if this is false. ERR_MISSING: not here; ERR_PROOF: other bytes. */
bool exhibit_read(struct record *r, const struct exhibit_held *x, struct arena *scratch,
                  bool (*put)(void *self, struct bytes piece, struct err *e), void *self,
                  struct err *e);
/* Erase its bytes on this disk; the acts and digests stay. ERR_MISSING: none are here. */
bool exhibit_erase(struct record *r, const struct exhibit_held *x, struct err *e);

/* ---- what we keep of our own and have not given ---- */

/* Below `dir`, which only its owner reads: <digest>.bytes and <digest>.salt. */
bool exhibit_keep(const struct os *os, const char *dir, const struct exhibit *x,
                  const uint8_t salt[EXHIBIT_SALT], struct bytes content, struct arena *a,
                  struct err *e);
bool exhibit_kept(const struct os *os, const char *dir, const struct exhibit *x,
                  uint8_t salt[EXHIBIT_SALT], struct arena *a, struct bytes *content,
                  struct err *e);

#endif
