/* Check 18: RFC 3161 time-stamps. */
#include "verify/dossier_impl.h"

void dz_stamp(struct dz *z)
{
    (void)z;
}
