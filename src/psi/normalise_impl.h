/* The recipes, and what they are made of. */
#ifndef ENTENTE_PSI_NORMALISE_IMPL_H
#define ENTENTE_PSI_NORMALISE_IMPL_H

#include "base/text.h"
#include "psi/normalise.h"

struct item { /* bytes being written */
    uint8_t *p;
    size_t n; /* may pass NORMALISE_MOST: then it does not fit */
};
void item_byte(struct item *i, uint8_t b);
void item_put(struct item *i, struct bytes b);
bool item_fits(const struct item *i);
uint32_t lower_case(uint32_t c);
bool refang(struct bytes in, struct item *out);

enum normalise_drop normalise_domain(struct bytes in, uint8_t *out, size_t *n);
enum normalise_drop normalise_address(struct bytes in, uint8_t *out, size_t *n);
enum normalise_drop normalise_url(struct bytes in, uint8_t *out, size_t *n);
enum normalise_drop normalise_hash(struct bytes in, uint8_t *out, size_t *n);
enum normalise_drop normalise_email(struct bytes in, uint8_t *out, size_t *n);
enum normalise_drop normalise_free(struct bytes in, uint8_t *out, size_t *n);

#endif
