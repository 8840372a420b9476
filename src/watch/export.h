/* watch/export: indicators in the forms that other programs load.
 *
 *     watch_export(index, &(struct watch_export_options){.as = WATCH_EXPORT_RPZ, ...}, &counts, e);
 *
 * The output is in order (kind, then value), each value once, the same for the same set, whatever
 * the order they were compiled in. A line of comment at its head, where the form has comments,
 * says `note` (the agreement's marking, the build). What a form cannot say is counted, not bent.
 * Names below a name that is there are left out where the program blocks them anyway, and so are
 * addresses inside a prefix. Indicators that a warning list contradicts are left out unless asked
 * for. */
#ifndef ENTENTE_WATCH_EXPORT_H
#define ENTENTE_WATCH_EXPORT_H

#include "watch/watch.h"

enum watch_export {
    WATCH_EXPORT_HOSTS,            /* 0.0.0.0 name */
    WATCH_EXPORT_RPZ,              /* a response policy zone: name and *.name CNAME . */
    WATCH_EXPORT_UNBOUND,          /* local-zone: "name." always_nxdomain */
    WATCH_EXPORT_DNSMASQ,          /* local=/name/ */
    WATCH_EXPORT_NFTABLES,         /* two sets with intervals in a table, replaced as a whole */
    WATCH_EXPORT_ZEEK,             /* Intel framework, tab separated */
    WATCH_EXPORT_SURICATA_STRINGS, /* dataset of type string: names, base64 */
    WATCH_EXPORT_SURICATA_MD5,
    WATCH_EXPORT_SURICATA_SHA256,
    WATCH_EXPORT_SURICATA_IP,    /* dataset of type ip */
    WATCH_EXPORT_SURICATA_RULES, /* rules that look the datasets up */
    WATCH_EXPORT_CSV,            /* kind,value,origin,ref,from,until */
};

struct watch_export_options {
    enum watch_export as;
    const char *name;  /* of the zone, table, file stem: letters, digits, '-', '_', '.' */
    struct bytes note; /* one line; escaped */
    uint32_t serial;   /* of the zone; grows with each build */
    bool warned;       /* take those too that a warning list contradicts */
    int64_t now;       /* leave out what is not in force then; 0: take all */
    bool (*out)(void *self, struct bytes text, struct err *e);
    void *self;
};

struct watch_export_counts {
    uint64_t written;
    uint64_t covered;  /* by a name above or a prefix around */
    uint64_t no_form;  /* kinds that the form cannot say */
    uint64_t left_out; /* contradicted, or not in force */
};

bool watch_export(const struct watch_index *ix, const struct watch_export_options *o,
                  struct watch_export_counts *counts, struct err *e);
/* "rpz", "nftables", ... */
bool watch_export_parse(struct bytes name, enum watch_export *out);

#endif
