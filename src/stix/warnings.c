#include "base/catalogue.h"
#include "base/text.h"
#include "stix/stix.h"

#include <stdarg.h>
#include <stdio.h>

const char *stix_warning_text(enum stix_warning kind)
{
    static const char *const texts[STIX_WARNINGS] = {
        [STIX_W_NAME_STYLE] = N_("a type or property name outside the standard's alphabet"),
        [STIX_W_UNKNOWN_TYPE] = N_("a type that the standard does not know: kept, not looked into"),
        [STIX_W_SPEC_20] = N_("no spec_version: kept as STIX 2.0"),
        [STIX_W_SPEC_VERSION] = N_("a spec_version that is neither 2.0 nor 2.1"),
        [STIX_W_UUID] = N_("an id whose UUID is not of RFC 4122, or in capitals"),
        [STIX_W_TIME_ORDER] = N_("modified before created"),
        [STIX_W_VALIDITY] =
            N_("never valid: valid_until is not after valid_from; or no valid_from"),
        [STIX_W_MISSING] = N_("a property that the standard requires is missing"),
        [STIX_W_WRONG_TYPE] = N_("a property of another type than the standard says"),
        [STIX_W_BAD_TIME] = N_("a timestamp that is none"),
        [STIX_W_RANGE] = N_("a number or an order of times out of its range"),
        [STIX_W_EMPTY_LIST] = N_("an empty list, which the standard forbids"),
        [STIX_W_REF_TYPE] = N_("a reference to a type that the standard does not allow there"),
        [STIX_W_BAD_REF] = N_("a reference that is no id"),
        [STIX_W_SELF_MARKED] = N_("a marking-definition that marks itself"),
        [STIX_W_GRANULAR] =
            N_("a granular marking with a lost selector, or without one of ref and lang"),
        [STIX_W_EXTENSION] = N_("an extension under a key that is none, or without its type"),
        [STIX_W_EXTERNAL_REF] = N_("an external reference without source_name or content"),
        [STIX_W_MARKING_EMPTY] = N_("a marking-definition that defines nothing"),
        [STIX_W_SCO_ID] = N_("an observable whose id is not the one its content gives"),
        [STIX_W_HASH] = N_("a digest of the wrong length or not hexadecimal"),
        [STIX_W_PATTERN_TYPE] =
            N_("no pattern_type, read as stix; or a pattern_version we do not know"),
        [STIX_W_PATTERN_OPAQUE] = N_("a pattern of another language: kept, not matched"),
        [STIX_W_VALUE] = N_("an observable whose value is not what its type says"),
        [STIX_W_REFUSED] = N_("left out: an object whose meaning is broken"),
        [STIX_W_NOT_CARRIED] = N_("not carried over: a type without a plain indicator"),
        [STIX_W_NOT_FOR_IDS] = N_("not carried over: not meant for detection (to_ids)"),
        [STIX_W_DELETED] = N_("not carried over: deleted"),
        [STIX_W_NOT_AN_INDICATOR] = N_("left out: nothing we recognise"),
        [STIX_W_DUPLICATE] = N_("the same indicator again: made once"),
        [STIX_W_PORT] = N_("address and port: the port is left out"),
        [STIX_W_PRIVATE] = N_("a private, loopback, multicast or documentation address"),
        [STIX_W_BITS] = N_("a prefix with bits behind its length: cleared"),
        [STIX_W_DEFANGED] = N_("written defanged: put back"),
        [STIX_W_BAD_TEXT] = N_("left out: not UTF-8"),
        [STIX_W_HOSTS] =
            N_("a line of a hosts file: the names are taken, not the address before them"),
        [STIX_W_COLUMNS] = N_("a row that has not the columns of the header"),
        [STIX_W_TLP_TAG] = N_("a TLP tag we do not know: marked TLP:RED"),
    };
    return (unsigned)kind < STIX_WARNINGS ? texts[kind] : "";
}

void stix_warn(struct stix_warnings *w, enum stix_warning kind, const char *format, ...)
{
    char raw[STIX_EXAMPLE_MAX];
    va_list args;

    if (!w || w->of[kind].count++)
        return;
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    text_escape(w->of[kind].first, sizeof w->of[kind].first, bytes_text(raw));
}

void stix_warnings_add(struct stix_warnings *to, const struct stix_warnings *from)
{
    for (int k = 0; k < STIX_WARNINGS; k++) {
        if (!to->of[k].count)
            memcpy(to->of[k].first, from->of[k].first, sizeof to->of[k].first);
        to->of[k].count += from->of[k].count;
    }
}

uint64_t stix_warnings_total(const struct stix_warnings *w)
{
    uint64_t n = 0;

    for (int k = 0; k < STIX_WARNINGS; k++)
        n += w->of[k].count;
    return n;
}
