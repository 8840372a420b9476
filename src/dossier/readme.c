/* README.txt of a dossier, and verify.py. */
#include "dossier/dossier_impl.h"

bool put_readme(struct making *k, struct err *e)
{
    return put_file(k, BYTES("A dossier.\n"), e, "README.txt");
}
