/* The review: rows of numbers, and where each comes from. */
#ifndef ENTENTE_CASES_REVIEW_IMPL_H
#define ENTENTE_CASES_REVIEW_IMPL_H

#include "cases/fold_impl.h"

enum section {
    SECTION_TIMELINESS,
    SECTION_QUALITY,
    SECTION_RATINGS,
    SECTION_REFUSALS,
    SECTION_BALANCE,
    SECTION_CLAIMS,
    SECTION_CHANNEL,
    SECTIONS
};

#define METRICS 24

enum metric_kind { METRIC_COUNT, METRIC_MOST, METRIC_SUM_MS, METRIC_SPANS };

struct metric {
    const char *name; /* in JSON and for --explain */
    const char *says; /* for people */
    uint8_t kind;     /* SPANS: median and 90th percentile */
    uint8_t of;       /* a percentage of this metric of the row, if not itself */
};

extern const struct section_form {
    const char *name;
    uint8_t keys; /* 1: one party; 2: from and to */
    const struct metric *metrics;
    unsigned n;
} section_forms[SECTIONS];

/* Metrics that are drawn. */
enum {
    REVIEW_T_KEPT = 6,
    REVIEW_T_LATE = 7,
    REVIEW_T_OVERDUE = 10,
    REVIEW_T_LAPSED = 15,
    REVIEW_Q_ANSWERED = 1,
    REVIEW_Q_NOT_HELD = 2,
    REVIEW_Q_REFUSED = 3,
    REVIEW_Q_OPEN = 4,
};

/* Metrics of SECTION_CHANNEL before this one are of a contact point, the rest of a party. */
#define H_OF_PARTY 4

/* Metrics of SECTION_BALANCE, which the printer looks at for the agreed floor. */
enum {
    B_ASKED,
    B_GOT,
    B_GOT_KEPT,
    B_WAS_ASKED,
    B_GAVE,
    B_GAVE_KEPT,
    B_ITEMS_GOT,
    B_ITEMS_GAVE,
    B_EVIDENCE_GAVE,
    B_HELD,
    B_FEEDBACK,
    B_N
};

/* What heads a row: section, drill, parties, and two words more (type and urgency, a ground, a
 * role). */
struct row_key {
    uint8_t section, drill, from, to, a, b;
};

struct spans {
    int64_t *list;
    uint32_t n, cap;
};

/* The page names the first acts behind a number; --explain names all of them. */
#define REVIEW_SHOWN 50

struct row {
    struct row_key key;
    uint64_t count[METRICS];
    struct spans spans[METRICS];
    struct reasons {
        struct cases_reason *list;
        uint32_t n, cap;
        uint64_t all;
    } why[METRICS];
    struct row *next; /* of the same hash */
};

#define ROW_HASH 1024

struct cases_review {
    struct cases *c;
    struct arena *arena;
    int64_t from, until;
    const struct cases_counter *others;
    size_t others_n;
    const struct cases_comment *comments;
    size_t comments_n;
    struct row *hash[ROW_HASH];
    struct row **rows; /* sorted, when done */
    uint32_t rows_n, rows_cap;
    struct err e;
    /* While explaining: the cell that is wanted, and what has been found. */
    struct {
        bool on;
        struct row_key key; /* of one cell */
        unsigned metric;
        struct cases_reason *list;
        uint32_t n, cap;
    } want;
};

/* Walk everything and count it; or, with want.on, list what one cell counted. */
void review_walk(struct cases_review *v);

/* review_say.c: what text and page have in common */
const struct cases_terms *review_terms(const struct cases_review *v);
void row_words(const struct row_key *k, const char *out[2]);
bool row_is_total(const struct row_key *k);
bool row_is_zero(const struct row *r);
/* Does the row have that number? Contact points answer pings and do nothing else. */
bool row_has(const struct row_key *k, unsigned metric);
/* "Requests of north to south: info, urgent". */
const char *row_title(struct buf *b, const struct catalogue *k, const struct cases_review *v,
                      const struct row *r);
/* "4 (66.7 %)", "median 2 h, 90 % within 3 h", "-". */
const char *cell_value(struct buf *b, const struct catalogue *k, const struct cases_review *v,
                       const struct row *r, unsigned metric);
const char *counter_says(const char *name);
int64_t percentile(const struct spans *s, unsigned q);
/* The balance row of a party; NULL: none. */
const struct row *balance_row(const struct cases_review *v, uint32_t party, bool drill);
/* Is this balance row below the agreed floor? And the sentence about it. */
bool below_floor(const struct cases_review *v, const struct row *r);
void put_consultation(struct buf *b, const struct catalogue *k, const struct cases_review *v,
                      const struct row *r);
/* Giving and taking: a column for each party that is no arbiter. */
struct columns {
    uint16_t party[LIMIT_PARTIES];
    size_t n, width; /* width: of the widest name, for text */
};
struct columns columns_of(const struct cases_review *v, bool drill);
/* Has no counter before the i-th its name? */
bool counter_is_first(const struct cases_review *v, size_t i);
/* "gave-and-got/north/requests_made" */
void cell_name(struct buf *b, const struct cases_review *v, const struct row_key *k,
               const char *metric);
/* The SHA-256 of the JSON. */
bool review_hash(const struct cases_review *v, struct arena *a, struct hash *out, struct err *e);
bool row_same(const struct row_key *a, const struct row_key *b);

#endif
