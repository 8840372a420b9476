/* feed: indicators in force as a MISP feed: a folder with manifest.json and one event for each
 * party and agreement (https://www.misp-project.org/openapi, "feeds"). Ids are made of what they
 * name, so equal input gives equal bytes, and a MISP that has the feed updates its events. */
#ifndef ENTENTE_LOOKOUT_FEED_H
#define ENTENTE_LOOKOUT_FEED_H

#include "lookout/lookout.h"

struct feed_file {
    struct feed_file *next;
    const char *name; /* "manifest.json", "<uuid>.json" */
    struct bytes text;
};
struct feed_options {
    struct bytes party; /* who publishes: our name */
    struct uuid id;     /* our identity */
};
/* All files, manifest.json last. Their memory is the arena's. */
bool feed_misp(struct lookout *l, const struct lookout_policy *p, const struct feed_options *o,
               struct arena *a, struct feed_file **files, struct lookout_report *report,
               struct err *e);

#endif
