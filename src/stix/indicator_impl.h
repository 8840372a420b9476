/* indicator_impl: what the files of indicators share. */
#ifndef ENTENTE_INDICATOR_IMPL_H
#define ENTENTE_INDICATOR_IMPL_H

#include "stix/indicator.h"

/* raw into the room, at most INDICATOR_VALUE_MAX bytes, with defanged forms put back. NULL, or
 * why not. */
const char *indicator_refang(struct bytes raw, struct indicator_room *r, unsigned *odd);

#endif
