/* Requests: what request.c and its siblings share. */
#ifndef ENTENTE_CASES_REQUEST_IMPL_H
#define ENTENTE_CASES_REQUEST_IMPL_H

#include "cases/fold_impl.h"

static inline int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* request_items.c: numbered items, each with one final status (invariant 8). */
int64_t heard_at(const struct step *x);
uint8_t item_status_of(const struct request *q, unsigned i);
bool item_settable(const struct request *q, unsigned i);
void item_set(struct request *q, unsigned i, uint8_t status, bool late);
unsigned unsettled(const struct request *q);
uint8_t items_check(const struct step *x);
void items_done(struct step *x, uint8_t timing);
uint8_t open_state(const struct request *q);
void clarify_end(struct step *x);

#endif
