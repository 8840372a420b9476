/* What the files of match share about acts. */
#ifndef ENTENTE_MATCH_ACTS_IMPL_H
#define ENTENTE_MATCH_ACTS_IMPL_H

#include "match/acts.h"
#include "stix/json.h"

#define MATCH_LEAVES_MOST 256 /* that one audit opens: people look at them */

bool match_read_offer(const struct json *v, struct match_session *s, struct err *e);
bool match_read_accept(const struct json *v, struct match_session *s, struct err *e);
bool match_read_reason(const struct json *v, const char *kind, struct bytes *out, struct err *e);
bool match_read_result(const struct json *v, struct match_outcome *o, struct err *e);
bool match_read_audit(const struct json *v, struct match_audit_ask *out, struct err *e);

#endif
