/* What show.c and show_body.c share. */
#ifndef ENTENTE_CASES_SHOW_IMPL_H
#define ENTENTE_CASES_SHOW_IMPL_H

#include "cases/fold_impl.h"

/* The members of a body as indented lines. Their names are looked up; what they say is the
 * parties'.
 */
void put_body(struct buf *b, const struct catalogue *words, const struct json *body);

#endif
