/* json: strict I-JSON in (RFC 7493), canonical JSON out (RFC 8785, "JCS").
 *
 *     const struct json *v = json_parse(text, arena, e);          // NULL: *e says where and what
 *     struct bytes id, canon;
 *     if (!v || !json_get_string(v, "id", &id, e)) ...
 *     if (!json_print(v, arena, &canon, e)) ...                   // the bytes we hash and keep
 *
 *     struct json_maker m = json_maker(arena);                    // fails once, stays failed
 *     struct json *o = json_new_object(&m);
 *     json_set_text(&m, o, "type", "note");
 *     json_set_integer(&m, o, "size", 7);
 *     if (!json_made(&m, o, &canon, e)) ...
 *
 * Refused: anything RFC 8259 refuses, a byte order mark, bytes after the value, invalid UTF-8,
 * escapes of lone surrogates, a key twice in one object, depth over LIMIT_JSON_DEPTH, more than
 * LIMIT_PAYLOAD_BYTES, and numbers that a double would change: an integer literal that is neither
 * the exact value nor the canonical spelling of its double, and any literal that overflows or
 * vanishes to zero. Fractions are taken to the nearest double (decision 0041).
 * Every error names line, column (in characters, from 1) and the place as a JSON pointer.
 *
 * Objects are held sorted in the order RFC 8785 prints them (UTF-16 code units), so that members
 * come in that order, finding is a binary search, and printing is one walk.
 *
 * A value lives in its arena. Strings without escapes are views into the parsed text, which must
 * live as long. Values are read-only once parsed and may be read by several threads.
 */
#ifndef ENTENTE_JSON_H
#define ENTENTE_JSON_H

#include "base/arena.h"

struct json;

enum json_type {
    JSON_NONE, /* of a NULL pointer: there is no value */
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* ---- in and out ---------------------------------------------------------------------- */

/* NULL: ERR_INPUT, ERR_LIMIT (depth, size, arena), ERR_NOMEM. */
const struct json *json_parse(struct bytes text, struct arena *a, struct err *e);
/* The same, and the text must already be canonical, byte for byte; else ERR_INPUT. */
const struct json *json_parse_canonical(struct bytes text, struct arena *a, struct err *e);
/* The canonical bytes. False: ERR_LIMIT, ERR_NOMEM. */
bool json_print(const struct json *v, struct arena *a, struct bytes *out, struct err *e);
/* For people to read and edit: the same order of keys, two blanks a level, LF at the end. */
bool json_print_pretty(const struct json *v, struct arena *a, struct bytes *out, struct err *e);
/* json_parse and json_print in one. */
bool json_canonical(struct bytes text, struct arena *a, struct bytes *out, struct err *e);

/* ---- reading: every function takes NULL for "no value" -------------------------------- */

enum json_type json_type(const struct json *v);
/* "an object", "a string": for errors. */
const char *json_type_name(enum json_type t);

/* The member of that name, or NULL if it is absent or v is not an object. */
const struct json *json_find(const struct json *v, const char *key);
const struct json *json_find_bytes(const struct json *v, struct bytes key);
/* Members of an object, elements of an array; 0 for all else. */
size_t json_count(const struct json *v);
/* Element i of an array; NULL if there is none. */
const struct json *json_at(const struct json *v, size_t i);
/* Member i of an object, in canonical order; NULL if there is none. `key` may be NULL. */
const struct json *json_member(const struct json *v, size_t i, struct bytes *key);

/* True, and the value, if v is of that type. */
bool json_as_string(const struct json *v, struct bytes *out);
bool json_as_number(const struct json *v, double *out);
bool json_as_bool(const struct json *v, bool *out);
/* A number that is a whole one of magnitude at most 2^53. */
bool json_as_integer(const struct json *v, int64_t *out);
/* v is a string of exactly this text. */
bool json_is(const struct json *v, const char *text);

/* The member must be there and of that type; else ERR_INPUT: `"key" is missing`,
 * `"key" must be a string, not a number`. */
bool json_get_string(const struct json *v, const char *key, struct bytes *out, struct err *e);
bool json_get_number(const struct json *v, const char *key, double *out, struct err *e);
bool json_get_integer(const struct json *v, const char *key, int64_t *out, struct err *e);
bool json_get_bool(const struct json *v, const char *key, bool *out, struct err *e);
bool json_get_array(const struct json *v, const char *key, const struct json **out, struct err *e);
bool json_get_object(const struct json *v, const char *key, const struct json **out, struct err *e);
/* No members but these (a list that ends in NULL); else ERR_INPUT naming the first other. */
bool json_only(const struct json *v, const char *const *keys, struct err *e);

/* The value at a JSON pointer (RFC 6901: "" is the whole, "/clauses/0/max"); NULL if absent. */
const struct json *json_point(const struct json *v, const char *pointer);
/* The 1-based line of `text` on which the value at that pointer begins (of a member: on which
 * its key does); the line of the nearest one above it that is there; 0 if the text does not
 * parse. For errors that name a clause and its line. */
size_t json_line_of(struct bytes text, const char *pointer);

/* ---- making --------------------------------------------------------------------------- */

struct json_maker {
    struct arena *arena;
    struct err e; /* why it failed; ERR_NONE while it has not */
};

struct json_maker json_maker(struct arena *a);
/* After a failure these give NULL, and the others do nothing. Text must be valid UTF-8 (else
 * ERR_INPUT) and is not copied: it must live as long as the value. Numbers must be finite. */
struct json *json_new_object(struct json_maker *m);
struct json *json_new_array(struct json_maker *m);
struct json *json_new_string(struct json_maker *m, struct bytes text);
struct json *json_new_number(struct json_maker *m, double value);
struct json *json_new_integer(struct json_maker *m, int64_t value); /* magnitude at most 2^53 */
struct json *json_new_bool(struct json_maker *m, bool value);
struct json *json_new_null(struct json_maker *m);
/* A copy of the top level that can be changed; what is inside is shared. */
struct json *json_clone(struct json_maker *m, const struct json *v);

/* Put or replace a member. `value` may be any value that lives as long; `key` is not copied. */
void json_set(struct json_maker *m, struct json *object, const char *key, const struct json *value);
void json_set_bytes(struct json_maker *m, struct json *object, struct bytes key,
                    const struct json *value);
void json_set_string(struct json_maker *m, struct json *object, const char *key, struct bytes text);
void json_set_text(struct json_maker *m, struct json *object, const char *key, const char *text);
void json_set_integer(struct json_maker *m, struct json *object, const char *key, int64_t value);
void json_set_bool(struct json_maker *m, struct json *object, const char *key, bool value);
/* A new object or array as that member, to be filled. */
struct json *json_set_object(struct json_maker *m, struct json *object, const char *key);
struct json *json_set_array(struct json_maker *m, struct json *object, const char *key);
/* Take a member away, if it is there. */
void json_unset(struct json_maker *m, struct json *object, const char *key);
/* Add an element at the end. */
void json_add(struct json_maker *m, struct json *array, const struct json *value);
void json_add_string(struct json_maker *m, struct json *array, struct bytes text);
/* Did all go well? Then also the canonical bytes of v, if out is not NULL. */
bool json_made(struct json_maker *m, const struct json *v, struct bytes *out, struct err *e);

#endif
