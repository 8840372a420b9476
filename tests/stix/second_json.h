/* A second opinion on JSON: jansson's. In a file of its own, because its names clash with ours. */
#ifndef ENTENTE_SECOND_JSON_H
#define ENTENTE_SECOND_JSON_H

#include <stddef.h>

/* The text as jansson reads and prints it, from malloc; NULL if it refuses it. */
char *second_json(const char *text, size_t n);

#endif
