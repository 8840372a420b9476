/* json_impl: what the files of json share, and what the streaming importer takes from them. */
#ifndef ENTENTE_JSON_IMPL_H
#define ENTENTE_JSON_IMPL_H

#include "stix/json.h"

/* A member of an object; its name may hold any bytes of valid UTF-8. */
struct json_member {
    const uint8_t *key;
    uint32_t n;  /* bytes of key */
    uint32_t at; /* where it stood in the text */
    const struct json *value;
};

struct json {
    uint8_t type;
    bool flag;     /* JSON_BOOL: its value. JSON_STRING: prints as it is, nothing to escape */
    uint32_t n;    /* bytes, elements or members */
    uint32_t room; /* elements or members there is place for */
    uint32_t at;   /* where it stood in the text */
    union {
        const uint8_t *text;
        double number;
        const struct json **items;
        struct json_member *members; /* sorted, no name twice */
    };
};

/* The order of names: by UTF-16 code units (RFC 8785 section 3.2.3). */
int json_key_order(struct bytes a, struct bytes b);
/* Put members in that order, equal names as they stood. The arena is given back as it was. */
bool json_sort_members(struct json_member *m, size_t n, struct arena *a, struct err *e);

/* Where the member of that name is, or (false) where it would be put. */
bool json_member_index(const struct json *object, struct bytes key, uint32_t *at);

/* Where a text begins in the file it was cut from: errors count from there. */
struct json_origin {
    size_t line, column; /* of its first byte, from 1 */
    const char *where;   /* led before the pointer: "/objects/17", or "" */
};
const struct json *json_parse_part(struct bytes text, const struct json_origin *from,
                                   struct arena *a, struct err *e);

/* The end of a JSON number that begins at text.p[0], by the grammar alone; 0: none does. */
size_t json_number_length(struct bytes text);
enum json_number_fault { NUMBER_FINE, NUMBER_LONG, NUMBER_LARGE, NUMBER_SMALL, NUMBER_INEXACT };
/* The double of a literal that json_number_length has passed. */
enum json_number_fault json_number_of(struct bytes literal, double *out);
/* As ECMAScript prints it (RFC 8785 section 3.2.2.3). Returns the length, no final zero. */
#define JSON_NUMBER_MAX 32
size_t json_number_print(char out[JSON_NUMBER_MAX], double v);

/* The length of the part of text that needs no escape and is plain ASCII. */
size_t json_plain_run(const uint8_t *p, size_t n);

#endif
