/* Reading an agreement: what terms.c and annexes.c share. */
#ifndef ENTENTE_CASES_TERMS_IMPL_H
#define ENTENTE_CASES_TERMS_IMPL_H

#include "cases/cases_impl.h"

bool at_member(struct err *e, const char *key);
/* Absent members leave *out as it is. */
bool term_member(const struct json *o, const char *key, struct cases_term *out, struct err *e);
bool span_member(const struct json *o, const char *key, int64_t *out, struct err *e);
bool count_member(const struct json *o, const char *key, uint32_t most, uint32_t *out,
                  struct err *e);
bool words_member(const struct json *o, const char *key, const char *const *words, int n,
                  uint64_t *bits, struct err *e);

/* annexes.c: parties, zones, calendars. */
bool terms_parties(const struct json *doc, struct cases_terms *t, struct arena *a, struct err *e);
bool terms_days_have_calendars(const struct cases_terms *t, struct err *e);

#endif
