#include "record/rules.h"
#include "base/text.h"

#include <stdio.h>

#define W(...) ((const char *const[]){__VA_ARGS__, NULL})
#define O(path, about)                                                                             \
    {                                                                                              \
        path, RULE_OBJECT, true, NULL, 0, 0, about                                                 \
    }
#define O_OPT(path, about)                                                                         \
    {                                                                                              \
        path, RULE_OBJECT, false, NULL, 0, 0, about                                                \
    }
#define REQ(path, kind, about)                                                                     \
    {                                                                                              \
        path, kind, true, NULL, 0, 0, about                                                        \
    }
#define OPT(path, kind, about)                                                                     \
    {                                                                                              \
        path, kind, false, NULL, 0, 0, about                                                       \
    }
#define WORD(path, req, about, ...)                                                                \
    {                                                                                              \
        path, RULE_WORD, req, W(__VA_ARGS__), 0, 0, about                                          \
    }
#define INT(path, req, lo, hi, about)                                                              \
    {                                                                                              \
        path, RULE_INTEGER, req, NULL, lo, hi, about                                               \
    }
#define MAP_OF(path, req, about, ...)                                                              \
    {                                                                                              \
        path, RULE_MAP, req, W(__VA_ARGS__), 0, 0, about                                           \
    }

#define TLPS "clear", "green", "amber", "amber+strict", "red"
#define URGENCIES "emergency", "urgent", "normal", "complex", "preserve", "ping"
#define REQUESTS                                                                                   \
    "info", "verify", "preserve", "disclose-preserved", "sample", "analyse", "trace", "mitigate",  \
        "notify-victim", "match", "consult", "recall", "audit"
#define GROUNDS                                                                                    \
    "sovereignty-security", "public-order", "ongoing-case", "not-held", "no-legal-power",          \
        "authorisation-denied", "privilege-immunity", "fundamental-rights", "third-party-origin",  \
        "disproportionate", "out-of-scope", "malformed", "quota", "conflict-of-law", "duplicate"
#define CLAIMS                                                                                     \
    "conducted-by", "originated-from", "infrastructure-controlled-by", "directed-by",              \
        "benefit-to", "holds-data-of", "breached-clause", "norm-concern"
#define DAYS "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
#define ITEMS                                                                                      \
    "ipv4", "ipv6", "domain", "url", "email", "md5", "sha1", "sha256", "sha512", "identifier"

#define EXTEND(path)                                                                               \
    O_OPT(path, "How the term may be extended."),                                                  \
        WORD(path "/by", true, "Who decides.", "right", "consent"),                                \
        INT(path "/times", true, 1, 100, "How often."),                                            \
        REQ(path "/up_to", RULE_TERM, "The longest single extension.")

const struct rule agreement_rules[] = {
    O("", "An agreement between parties who need not trust each other."),
    WORD("/type", true, "What this document is.", "entente-agreement"),
    INT("/format", true, 1, 1, "The format's version."),
    REQ("/title", RULE_TEXT, "What the parties call it."),
    REQ("/created", RULE_TIME, "When the document was first written."),
    REQ("/nonce", RULE_HEX, "Random: makes the agreement's id its own."),
    OPT("/text", RULE_TEXT, "What the parties wish to say in prose."),
    O_OPT("/languages", "Which text prevails, and the digests of the human texts."),
    REQ("/languages/prevails", RULE_TEXT, "The language that prevails, such as en or zh."),
    OPT("/languages/texts", RULE_MAP, "Language to SHA-256 of the human text."),
    REQ("/languages/texts/*", RULE_HEX, "SHA-256 of that text."),
    O_OPT("/amends", "Set in an amendment only."),
    {"/amends/agreement", RULE_TEXT, true, NULL, 0, 0, "The agreement's id."},
    REQ("/amends/previous", RULE_HEX, "SHA-256 of the version before."),
    INT("/amends/version", true, 2, 1000000, "2 for the first amendment."),

    REQ("/parties", RULE_ARRAY, "Who signs, sorted by slug."),
    O("/parties/*", "A party."),
    REQ("/parties/*/slug", RULE_SLUG, "Short name, part of the log's name."),
    REQ("/parties/*/name", RULE_TEXT, "Full name."),
    REQ("/parties/*/id", RULE_HEX, "SHA-256 of the recovery key."),
    WORD("/parties/*/role", true, "Only a party asks and answers; only an arbiter rules.", "party",
         "arbiter"),
    REQ("/parties/*/zone", RULE_TEXT, "Name of an annex in zones."),
    REQ("/parties/*/calendar", RULE_TEXT, "Name of an annex in calendars."),
    O("/parties/*/keys", "From the party's card."),
    REQ("/parties/*/keys/acts", RULE_HEX, "Signs acts."),
    REQ("/parties/*/keys/checkpoints", RULE_HEX, "Signs log heads."),
    REQ("/parties/*/keys/witness", RULE_HEX, "Cosigns: order and time."),
    REQ("/parties/*/keys/mirror", RULE_HEX, "Cosigns: receipt."),
    REQ("/parties/*/keys/tls", RULE_HEX, "Connections."),
    REQ("/parties/*/keys/recovery", RULE_HEX, "Revokes; offline."),

    OPT("/witnesses", RULE_ARRAY, "Third parties that cosign the logs."),
    O("/witnesses/*", "Any C2SP witness."),
    REQ("/witnesses/*/name", RULE_SLUG, "Short name."),
    REQ("/witnesses/*/vkey", RULE_TEXT, "Its verifier key (C2SP signed-note, type 04)."),
    OPT("/witnesses/*/url", RULE_TEXT, "Where add-checkpoint is, without it."),
    OPT("/witnesses/*/tls", RULE_HEX, "Its pinned TLS key; without it, ordinary web certificates."),

    OPT("/zones", RULE_MAP, "Time zones, as rules in the signed bytes."),
    O("/zones/*", "A zone."),
    REQ("/zones/*/rule", RULE_TEXT, "A POSIX TZ string."),
    OPT("/zones/*/changes", RULE_ANY, "For zones that no rule describes."),
    OPT("/zones/*/source", RULE_TEXT, "Where the rule was taken from."),
    OPT("/calendars", RULE_MAP, "Working days."),
    O("/calendars/*", "A calendar."),
    REQ("/calendars/*/weekend", RULE_ARRAY, "Days of the week without work."),
    WORD("/calendars/*/weekend/*", true, "A day of the week.", DAYS),
    REQ("/calendars/*/holidays", RULE_ARRAY, "Other days without work."),
    REQ("/calendars/*/holidays/*", RULE_DATE, "A day."),
    OPT("/calendars/*/working", RULE_ARRAY, "Weekend days that are worked."),
    REQ("/calendars/*/working/*", RULE_DATE, "A day."),
    REQ("/calendars/*/from", RULE_DATE, "The first day covered."),
    REQ("/calendars/*/through", RULE_DATE, "The last day covered."),

    O("/clauses", "What the parties agreed. What is not written is not agreed."),
    O_OPT("/clauses/scope", "What the cooperation is about."),
    OPT("/clauses/scope/classes", RULE_ARRAY, "Incident classes (RSIT)."),
    REQ("/clauses/scope/classes/*", RULE_TEXT, "A class."),
    OPT("/clauses/scope/exclude", RULE_ARRAY, "What it is not about."),
    REQ("/clauses/scope/exclude/*", RULE_TEXT, "An exclusion."),
    OPT("/clauses/scope/territory", RULE_ARRAY, "Where."),
    REQ("/clauses/scope/territory/*", RULE_TEXT, "A territory."),

    REQ("/clauses/share", RULE_MAP, "Per STIX type (or `other`): what may be shared."),
    O("/clauses/share/*", "Limits for objects of this type."),
    WORD("/clauses/share/*/max_tlp", true, "The highest marking.", TLPS),
    WORD("/clauses/share/*/min_tlp", false, "The lowest marking.", TLPS),
    WORD("/clauses/share/*/pap", false, "What may be done (MISP PAP).", "clear", "green", "amber",
         "red"),
    WORD("/clauses/share/*/actions", false, "FIRST IEP permitted actions.", "none",
         "contact-for-instruction", "internally-visible", "externally-visible-indirect",
         "externally-visible-direct"),
    OPT("/clauses/share/*/detection", RULE_BOOL, "May the receiver match it against its logs?"),
    OPT("/clauses/share/*/onward", RULE_BOOL, "May the receiver share it on?"),
    WORD("/clauses/share/*/release", false,
         "What a node finds by itself (sightings): sent by itself, or after an officer's yes.",
         "automatic", "officer"),
    OPT("/clauses/share/*/without", RULE_ARRAY, "Properties an object must not carry."),
    REQ("/clauses/share/*/without/*", RULE_TEXT, "A property's name."),

    OPT("/clauses/match", RULE_MAP, "Per purpose: private comparison."),
    O("/clauses/match/*", "Limits of one purpose."),
    REQ("/clauses/match/*/items", RULE_ARRAY, "Item types."),
    WORD("/clauses/match/*/items/*", true, "A type.", ITEMS),
    INT("/clauses/match/*/min", true, 1, 1000000000, "The smallest set."),
    INT("/clauses/match/*/max", true, 1, 1000000000, "The largest set."),
    INT("/clauses/match/*/per_day", true, 1, 1000, "Sessions a day."),
    INT("/clauses/match/*/items_per_quarter", true, 1, INT64_C(1000000000000),
        "Distinct items tested in a quarter."),
    WORD("/clauses/match/*/result", true, "What is learnt.", "cardinality", "intersection"),
    WORD("/clauses/match/*/to", true, "Who learns it.", "both", "asker", "asked"),
    INT("/clauses/match/*/reveal_from", false, 1, 1000000000, "Items are shown from so many on."),
    WORD("/clauses/match/*/count", false, "May the number in common stand in the log?", "both",
         "withheld"),
    OPT("/clauses/match/*/guessable", RULE_BOOL,
        "Are types agreed to whose values can all be tried, such as ipv4?"),

    O_OPT("/clauses/clock", "Terms for answers; doc/formats/agreement-clauses.md."),
    OPT("/clauses/clock/grace", RULE_HOURS_TERM, "Deemed delivery."),
    OPT("/clauses/clock/clarify_reply", RULE_TERM, "Time to answer a clarification."),
    OPT("/clauses/clock/consult_window", RULE_TERM, "Consultation after a refusal."),
    OPT("/clauses/clock/silence_accepts", RULE_TERM, "Silence that counts as acceptance."),
    INT("/clauses/clock/lapse_after_terms", false, 1, 100, "Terms after which a request lapses."),
    O_OPT("/clauses/clock/stops", "What stops a clock."),
    OPT("/clauses/clock/stops/clarify", RULE_BOOL, "A clarification does."),
    OPT("/clauses/clock/stops/suspend", RULE_BOOL, "A suspension does."),
    OPT("/clauses/clock/stops/outage", RULE_TERM, "Declared outage, at most, in a quarter."),
    OPT("/clauses/clock/stops/cap", RULE_TERM, "All stops of one matter, at most."),
    MAP_OF("/clauses/clock/urgency", false, "Terms per urgency.", URGENCIES),
    O("/clauses/clock/urgency/*", "Terms from delivery."),
    OPT("/clauses/clock/urgency/*/ack", RULE_TERM, "Acknowledgement by a person."),
    OPT("/clauses/clock/urgency/*/status", RULE_TERM, "First status."),
    OPT("/clauses/clock/urgency/*/status_every", RULE_TERM, "Further statuses."),
    REQ("/clauses/clock/urgency/*/final", RULE_TERM, "Final answer."),
    OPT("/clauses/clock/urgency/*/hold", RULE_TERM, "How long preserved data is kept."),
    OPT("/clauses/clock/urgency/*/facts", RULE_BOOL, "The asker must state facts."),
    EXTEND("/clauses/clock/urgency/*/extend"),
    O_OPT("/clauses/clock/claim", "Terms for the reply to a claim."),
    OPT("/clauses/clock/claim/ack", RULE_TERM, "Acknowledgement."),
    OPT("/clauses/clock/claim/status", RULE_TERM, "First status."),
    REQ("/clauses/clock/claim/final", RULE_TERM, "Reply."),
    EXTEND("/clauses/clock/claim/extend"),

    MAP_OF("/clauses/request", false, "Request types that may be made.", REQUESTS),
    O("/clauses/request/*", "Conditions of one type."),
    REQ("/clauses/request/*/urgency", RULE_ARRAY, "Urgencies allowed."),
    WORD("/clauses/request/*/urgency/*", true, "An urgency.", URGENCIES),
    OPT("/clauses/request/*/fields", RULE_ARRAY, "Mandatory fields beside the common ones."),
    REQ("/clauses/request/*/fields/*", RULE_TEXT, "A field."),
    INT("/clauses/request/*/open", false, 1, 1000000, "Open at once."),
    INT("/clauses/request/*/per_day", false, 1, 1000000, "A day."),
    INT("/clauses/request/*/emergencies_per_month", false, 0, 100000, "More count as urgent."),
    WORD("/clauses/request/*/max_tlp", false, "The highest marking.", TLPS),

    MAP_OF("/clauses/ground", false, "Allowed grounds of refusal.", GROUNDS),
    O("/clauses/ground/*", "Conditions of one ground."),
    WORD("/clauses/ground/*/needs", false, "What the refusal must carry.", "text", "date", "search",
         "provision", "authority", "asked", "counter_offer", "clause", "position", "duplicate_of"),
    OPT("/clauses/ground/*/consult", RULE_BOOL, "Consultation first."),
    OPT("/clauses/ground/*/review", RULE_BOOL, "The arbiter may review it."),

    O_OPT("/clauses/use", "What may be done with what was received."),
    OPT("/clauses/use/purposes", RULE_ARRAY, "Purposes."),
    REQ("/clauses/use/purposes/*", RULE_TEXT, "A purpose."),
    WORD("/clauses/use/onward", false, "Sharing it on.", "consent", "never", "free"),
    OPT("/clauses/use/retention", RULE_MAP, "How long each class is kept."),
    REQ("/clauses/use/retention/*", RULE_TERM, "A term."),
    OPT("/clauses/use/deletion_receipt", RULE_BOOL, "Deletion is confirmed by an act."),
    OPT("/clauses/use/legal_hold", RULE_BOOL, "A court may stop a deletion."),

    O_OPT("/clauses/reciprocity", "Counted in the review; denies nothing by itself."),
    OPT("/clauses/reciprocity/window", RULE_TEXT, "Period looked at."),
    OPT("/clauses/reciprocity/metrics", RULE_ARRAY, "What is counted."),
    REQ("/clauses/reciprocity/metrics/*", RULE_TEXT, "A metric."),
    INT("/clauses/reciprocity/consult_below_percent", false, 0, 100, "Floor for consultation."),

    OPT("/clauses/ladder", RULE_ARRAY, "Rungs of escalation, in order."),
    O("/clauses/ladder/*", "A rung."),
    REQ("/clauses/ladder/*/name", RULE_TEXT, "Its name."),
    REQ("/clauses/ladder/*/who", RULE_TEXT, "A contact role, or an arbiter's slug."),
    REQ("/clauses/ladder/*/after", RULE_ANY, "overdue, refused, contested, rung, or a list."),
    REQ("/clauses/ladder/*/time", RULE_TERM, "How long it has."),

    O_OPT("/clauses/remedy", "What happens if the agreement is not kept."),
    OPT("/clauses/remedy/notice", RULE_BOOL, "Notice first."),
    OPT("/clauses/remedy/cure", RULE_TERM, "Time to put it right."),
    OPT("/clauses/remedy/suspend", RULE_ARRAY, "Clauses that may be suspended."),
    REQ("/clauses/remedy/suspend/*", RULE_TEXT, "A clause."),
    OPT("/clauses/remedy/terminate_after", RULE_TERM, "Then it may be ended."),
    OPT("/clauses/remedy/survive", RULE_ARRAY, "Clauses that outlive it."),
    REQ("/clauses/remedy/survive/*", RULE_TEXT, "A clause."),

    O_OPT("/clauses/claim", "Claims of attribution or breach."),
    OPT("/clauses/claim/types", RULE_ARRAY, "Predicates that may be claimed."),
    WORD("/clauses/claim/types/*", true, "A predicate.", CLAIMS),
    MAP_OF("/clauses/claim/minimum", false, "Evidence per disclosure level.", "bilateral",
           "arbiter", "public"),
    O("/clauses/claim/minimum/*", "Minimum."),
    INT("/clauses/claim/minimum/*/evidence", true, 0, 1000, "Items attached or in escrow."),
    OPT("/clauses/claim/embargo", RULE_TERM, "Between lodging and publication."),

    O_OPT("/clauses/exhibit", "Files as evidence."),
    INT("/clauses/exhibit/max_bytes", true, 1024, 67108864, "The largest file that is attached."),
    WORD("/clauses/exhibit/max_tlp", true, "The highest marking.", TLPS),

    MAP_OF("/clauses/ping", false, "Tests of contact points, by role.", "technical", "legal",
           "diplomatic"),
    WORD("/clauses/ping/*", true, "Who answers: the node by itself, or people.", "node", "people"),

    O_OPT("/clauses/signing", "Four eyes."),
    OPT("/clauses/signing/two_officers", RULE_ARRAY, "Act kinds with two signatures."),
    REQ("/clauses/signing/two_officers/*", RULE_TEXT, "A kind."),

    O("/clauses/log", "How the logs are kept."),
    REQ("/clauses/log/checkpoint_interval", RULE_HOURS_TERM, "An older head is alarmed."),
    REQ("/clauses/log/clock_tolerance", RULE_HOURS_TERM, "Claimed time against the bracket."),
    INT("/clauses/log/max_act_bytes", true, 1024, 60000, "One act note."),
    INT("/clauses/log/max_object_bytes", true, 1024, 16777216, "One payload."),
    INT("/clauses/log/bytes_per_day", true, 1048576, INT64_C(1) << 50, "Taken from a party a day."),
    OPT("/clauses/log/witnesses", RULE_ANY, "How many of the witnesses must cosign."),

    O("/clauses/change", "Amendment and withdrawal."),
    WORD("/clauses/change/amend", true, "Who must sign an amendment.", "all"),
    REQ("/clauses/change/withdraw_notice", RULE_TERM, "Notice of withdrawal."),
    WORD("/clauses/change/open_cases", true, "Open cases at the end.", "finish", "end"),
    OPT("/clauses/change/calendar_notice", RULE_TERM, "Notice of a changed calendar."),
};
const size_t agreement_rules_n = sizeof agreement_rules / sizeof *agreement_rules;

/* ---- finding the rule of a place ---- */

struct place {
    char pointer[512]; /* JSON pointer of the value */
    struct bytes source;
};

/* Do the segments of `path` (with *) fit those of `pattern`? */
static bool fits(const char *pattern, const char *path)
{
    while (*pattern && *path) {
        if (pattern[0] == '/' && pattern[1] == '*' && path[0] == '/') {
            pattern += 2;
            path++;
            while (*path && *path != '/')
                path++;
        } else if (*pattern != *path) {
            return false;
        } else {
            pattern++;
            path++;
        }
    }
    return *pattern == *path;
}

static const struct rule *rule_for(const char *pointer)
{
    for (size_t i = 0; i < agreement_rules_n; i++)
        if (fits(agreement_rules[i].path, pointer))
            return &agreement_rules[i];
    return NULL;
}

/* "/clauses/clock/grace" as people say it: "clauses.clock.grace". */
static void spoken(const char *pointer, char out[512])
{
    size_t n = 0;

    for (const char *p = pointer; *p && n < 511; p++)
        if (p != pointer || *p != '/')
            out[n++] = *p == '/' ? '.' : *p;
    out[n] = '\0';
    if (n == 0)
        memcpy(out, "the document", 13);
}

static bool wrong(const struct place *at, const char *pointer, const char *what, struct err *e)
{
    size_t line = at->source.n ? json_line_of(at->source, pointer) : 0;
    char name[512];

    spoken(pointer, name);
    if (line)
        return err_fail(e, ERR_INPUT, "line %zu: %s %s", line, name, what);
    return err_fail(e, ERR_INPUT, "%s %s", name, what);
}

/* ---- values ---- */

static bool is_word(struct bytes text, const char *const *words)
{
    for (; *words; words++)
        if (bytes_are(text, *words))
            return true;
    return false;
}

static bool is_term(struct bytes text, bool hours_only)
{
    static const char *const units[] = {"minute", "minutes", "hour",        "hours",
                                        "day",    "days",    "working day", "working days"};
    size_t space = bytes_find_byte(text, ' '), units_n = hours_only ? 4 : 8;
    uint64_t n;

    if (!decimal_parse(bytes_part(text, 0, space), &n) || n < 1 || n > 3660)
        return false;
    for (size_t i = 0; i < units_n; i++)
        if (bytes_are(bytes_part(text, space + 1, SIZE_MAX), units[i]))
            return (n == 1) == (i % 2 == 0);
    return false;
}

static bool is_date(struct bytes text)
{
    char full[21];
    int64_t seconds;

    if (text.n != 10)
        return false;
    memcpy(full, text.p, 10);
    memcpy(full + 10, "T00:00:00Z", 11);
    return time_parse(bytes_of(full, 20), &seconds);
}

static bool is_sentence(struct bytes text)
{
    return text.n >= 1 && text.n <= 4000 && utf8_valid(text);
}

static const char *words_joined(const struct rule *r, char out[400])
{
    size_t n = (size_t)snprintf(out, 400, "must be one of:");

    for (const char *const *w = r->words; *w && n < 380; w++)
        n += (size_t)snprintf(out + n, 400 - n, "%s %s", w == r->words ? "" : ",", *w);
    return out;
}

static bool check_text(const struct place *at, const struct rule *r, struct bytes text,
                       struct err *e)
{
    char joined[400];
    int64_t t;
    uint8_t hash[32];

    switch (r->kind) {
    case RULE_TEXT:
        return is_sentence(text) || wrong(at, at->pointer, "must be a text of 1 to 4000 bytes", e);
    case RULE_SLUG:
        return slug_valid(text) ||
               wrong(at, at->pointer, "must be a slug: a letter, then a-z, 0-9, - or _", e);
    case RULE_WORD:
        return is_word(text, r->words) || wrong(at, at->pointer, words_joined(r, joined), e);
    case RULE_TERM:
        return is_term(text, false) ||
               wrong(at, at->pointer, "must be a term such as \"10 days\" or \"2 working days\"",
                     e);
    case RULE_HOURS_TERM:
        return is_term(text, true) ||
               wrong(at, at->pointer, "must be a term in minutes or hours, such as \"1 hour\"", e);
    case RULE_TIME:
        return time_parse(text, &t) ||
               wrong(at, at->pointer, "must be a time such as 2026-01-31T12:00:00Z", e);
    case RULE_DATE:
        return is_date(text) || wrong(at, at->pointer, "must be a date such as 2026-12-24", e);
    case RULE_HEX:
        return hex_decode(hash, 32, text) ||
               wrong(at, at->pointer, "must be 64 lower-case hex digits", e);
    case RULE_OBJECT:
    case RULE_MAP:
    case RULE_ARRAY:
    case RULE_INTEGER:
    case RULE_BOOL:
    case RULE_ANY:
        break;
    }
    return true;
}

static bool check_integer(const struct place *at, const struct rule *r, const struct json *v,
                          struct err *e)
{
    char range[120];
    int64_t n;

    snprintf(range, sizeof range, "must be a whole number from %lld to %lld", (long long)r->min,
             (long long)r->max);
    return (json_as_integer(v, &n) && n >= r->min && n <= r->max) ||
           wrong(at, at->pointer, range, e);
}

static enum json_type type_of(enum rule_kind kind)
{
    switch (kind) {
    case RULE_OBJECT:
    case RULE_MAP:
        return JSON_OBJECT;
    case RULE_ARRAY:
        return JSON_ARRAY;
    case RULE_INTEGER:
        return JSON_NUMBER;
    case RULE_BOOL:
        return JSON_BOOL;
    case RULE_ANY:
        return JSON_NONE;
    case RULE_TEXT:
    case RULE_SLUG:
    case RULE_WORD:
    case RULE_TERM:
    case RULE_HOURS_TERM:
    case RULE_TIME:
    case RULE_DATE:
    case RULE_HEX:
        break;
    }
    return JSON_STRING;
}

/* ---- the walk ---- */

static bool check_value(struct place *at, const struct json *v, struct err *e);

/* Go one step down, check, come back. Names that a pointer cannot carry plainly are refused. */
static bool check_child(struct place *at, struct bytes name, const struct json *v, struct err *e)
{
    size_t n = strlen(at->pointer);
    bool ok;

    if (name.n == 0 || name.n > 64 || n + name.n + 2 > sizeof at->pointer)
        return wrong(at, at->pointer, "has a member with an unusable name", e);
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= 0x20 || name.p[i] == '~' || name.p[i] >= 0x7f ||
            (name.p[i] == '/' && !bytes_start_with(bytes_text(at->pointer), "/zones")))
            return wrong(at, at->pointer, "has a member with an unusable name", e);
    at->pointer[n] = '/';
    size_t k = n + 1;
    for (size_t i = 0; i < name.n && k + 3 < sizeof at->pointer; i++)
        if (name.p[i] == '/') {
            at->pointer[k++] = '~';
            at->pointer[k++] = '1';
        } else {
            at->pointer[k++] = (char)name.p[i];
        }
    at->pointer[k] = '\0';
    ok = check_value(at, v, e);
    at->pointer[n] = '\0';
    return ok;
}

static bool check_required(struct place *at, const struct json *v, struct err *e)
{
    char child[600];

    for (size_t i = 0; i < agreement_rules_n; i++) {
        const struct rule *r = &agreement_rules[i];
        const char *name = strrchr(r->path, '/');
        if (!name || !r->required || name[1] == '*')
            continue;
        snprintf(child, sizeof child, "%s%s", at->pointer, name);
        if (fits(r->path, child) && !json_find(v, name + 1))
            return wrong(at, child, "is missing", e);
    }
    return true;
}

static bool check_members(struct place *at, const struct rule *r, const struct json *v,
                          struct err *e)
{
    char joined[400], text[480];

    for (size_t i = 0; i < json_count(v); i++) {
        struct bytes name;
        const struct json *member = json_member(v, i, &name);
        if (r->kind == RULE_MAP && r->words && !is_word(name, r->words)) {
            snprintf(text, sizeof text, "has the unknown member \"%.*s\"; it %s",
                     BYTES_FMT(bytes_part(name, 0, 40)), words_joined(r, joined));
            return wrong(at, at->pointer, text, e);
        }
        if (!check_child(at, name, member, e))
            return false;
    }
    return r->kind == RULE_MAP || check_required(at, v, e);
}

static bool check_elements(struct place *at, const struct json *v, struct err *e)
{
    for (size_t i = 0; i < json_count(v); i++) {
        char digits[20];
        if (!check_child(at, bytes_of(digits, decimal_print(digits, i)), json_at(v, i), e))
            return false;
    }
    return true;
}

static bool check_value(struct place *at, const struct json *v, struct err *e)
{
    const struct rule *r = rule_for(at->pointer);
    enum json_type want;
    struct bytes text;
    char what[96];

    if (!r)
        return wrong(at, at->pointer,
                     "is not a member we know: an unread clause must not look agreed", e);
    want = type_of(r->kind);
    if (want != JSON_NONE && json_type(v) != want) {
        snprintf(what, sizeof what, "must be %s, not %s", json_type_name(want),
                 json_type_name(json_type(v)));
        return wrong(at, at->pointer, what, e);
    }
    if (r->kind == RULE_OBJECT || r->kind == RULE_MAP)
        return check_members(at, r, v, e);
    if (r->kind == RULE_ARRAY)
        return check_elements(at, v, e);
    if (r->kind == RULE_INTEGER)
        return check_integer(at, r, v, e);
    return !json_as_string(v, &text) || r->kind == RULE_ANY || check_text(at, r, text, e);
}

bool rules_check(const struct json *root, struct bytes source, struct arena *a, struct err *e)
{
    struct place *at = arena_get(a, sizeof *at, e);

    if (!at)
        return false;
    at->source = source;
    return check_value(at, root, e);
}
