/* bytes: a borrowed view of memory.
 *
 * Passed by value, never freed, never assumed to end in zero. A view lives as long as what it
 * looks at: an arena, a reader's input, a literal.
 */
#ifndef ENTENTE_BYTES_H
#define ENTENTE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *p; /* may be NULL when n is 0 */
    size_t n;
};

/* A string literal as bytes, without its final zero. */
#define BYTES(literal) ((struct bytes){(const uint8_t *)("" literal), sizeof(literal) - 1})
/* For printf("%.*s"): only for bytes already known to be text. */
#define BYTES_FMT(b) (int)(b).n, (const char *)(b).p

static inline struct bytes bytes_of(const void *p, size_t n)
{
    return (struct bytes){p, n};
}

static inline struct bytes bytes_text(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* The same bytes, in time that depends on them: not for secrets (see ct_equal). */
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool bytes_are(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_text(text));
}

/* Order as memcmp does, the shorter first among equals. */
int bytes_compare(struct bytes a, struct bytes b);

bool bytes_start_with(struct bytes a, const char *prefix);
bool bytes_end_with(struct bytes a, const char *suffix);

/* The part from `at` on, at most n bytes; both are cut to what is there. */
struct bytes bytes_part(struct bytes a, size_t at, size_t n);

/* Where c stands first, or a.n. */
size_t bytes_find_byte(struct bytes a, uint8_t c);
/* Where `what` stands first or last, or SIZE_MAX. */
size_t bytes_find(struct bytes a, struct bytes what);
size_t bytes_find_last(struct bytes a, struct bytes what);

/* Without blanks, tabs, CR and LF at both ends. */
struct bytes bytes_trim(struct bytes a);

/* Cut the next line off *rest: without its LF (and CR before it). False when nothing is left. */
bool bytes_next_line(struct bytes *rest, struct bytes *line);

#endif
