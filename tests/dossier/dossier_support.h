/* dossier_support: a small world with cases in it, and dossiers made of them. */
#ifndef ENTENTE_DOSSIER_SUPPORT_H
#define ENTENTE_DOSSIER_SUPPORT_H

#include "dossier/dossier.h"
#include "record_support.h"
#include "verify/verify_dossier.h"

struct court {
    struct world *w;
    struct desk *desk[3];
    unsigned said;
};

/* north and south with an agreement in force, each with a desk. */
struct court *new_court(void);
void end_court(struct court *c);
/* Node `who` says something: kind, the matter it belongs to (or NULL), and STIX members of the body
 * after action and the common ones. Its id. */
struct hash tell(struct court *c, unsigned who, const char *kind, const struct hash *matter,
                 const char *type, const char *tlp, const char *members);
/* A request of north's to south, with an acknowledgement and an answer; its id. */
struct hash a_request(struct court *c, const char *tlp);
struct hash a_request_asked(struct court *c, const char *tlp);
void answer(struct court *c, const struct hash *request, const char *tlp);

struct dossier_export export_of(struct court *c, unsigned who, const struct hash *cases, size_t n);
/* Export, and fail the test if that fails. */
struct bytes exported(struct court *c, const struct dossier_export *x, struct dossier_made *made);
struct verify_dossier verified(struct court *c, struct bytes file);
bool dossier_says(const struct verify_dossier *d, unsigned check, enum verify_verdict v,
                  const char *text);

#endif
