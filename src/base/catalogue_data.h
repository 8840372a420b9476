/* The catalogues in the program; tools/embed makes their definitions. */
#ifndef ENTENTE_CATALOGUE_DATA_H
#define ENTENTE_CATALOGUE_DATA_H

#include "base/catalogue.h"

extern const struct catalogue catalogue_zh_data;

#endif
