/* Agreements to start from. Every value is written out, because what is not written is not
 * agreed; the numbers are those of the precedents in doc/formats/agreement.md. */
#include "base/buf.h"
#include "base/text.h"
#include "record/agreement.h"

static const char *const names[] = {"bilateral", "community", NULL};

const char *const *agreement_templates(void)
{
    return names;
}

static const char clauses_sharing[] =
    "{\"scope\":{\"classes\":[\"malicious-code\",\"intrusion-attempts\",\"intrusions\","
    "\"information-content-security\",\"fraud\",\"vulnerable\",\"test\"],\"exclude\":[],"
    "\"territory\":[]},"
    "\"share\":{\"indicator\":{\"max_tlp\":\"amber\",\"detection\":true,\"onward\":false},"
    "\"report\":{\"max_tlp\":\"amber\"},\"malware\":{\"max_tlp\":\"amber\"},"
    "\"other\":{\"max_tlp\":\"amber\"}},"
    "\"match\":{\"c2-domains\":{\"items\":[\"domain\"],\"min\":16,\"max\":10000000,\"per_day\":4,"
    "\"items_per_quarter\":50000000,\"result\":\"intersection\",\"to\":\"both\"},"
    "\"malware-hashes\":{\"items\":[\"sha256\"],\"min\":16,\"max\":10000000,\"per_day\":4,"
    "\"items_per_quarter\":50000000,\"result\":\"intersection\",\"to\":\"both\"}},"
    "\"clock\":{\"grace\":\"1 hour\",\"clarify_reply\":\"5 days\",\"consult_window\":\"48 hours\","
    "\"silence_accepts\":\"10 days\",\"lapse_after_terms\":3,"
    "\"stops\":{\"clarify\":true,\"suspend\":true,\"outage\":\"24 hours\",\"cap\":\"30 days\"},"
    "\"urgency\":{"
    "\"emergency\":{\"ack\":\"1 hour\",\"status\":\"4 hours\",\"final\":\"8 hours\","
    "\"extend\":{\"by\":\"consent\",\"times\":1,\"up_to\":\"8 hours\"},\"facts\":true},"
    "\"urgent\":{\"ack\":\"8 hours\",\"status\":\"24 hours\",\"final\":\"72 hours\","
    "\"extend\":{\"by\":\"right\",\"times\":1,\"up_to\":\"72 hours\"},\"facts\":true},"
    "\"normal\":{\"ack\":\"2 working days\",\"status\":\"5 days\",\"final\":\"10 days\","
    "\"extend\":{\"by\":\"right\",\"times\":1,\"up_to\":\"10 days\"}},"
    "\"complex\":{\"ack\":\"2 working days\",\"status\":\"10 days\",\"status_every\":\"10 days\","
    "\"final\":\"45 days\",\"extend\":{\"by\":\"consent\",\"times\":3,\"up_to\":\"45 days\"},"
    "\"facts\":true},"
    "\"preserve\":{\"ack\":\"8 hours\",\"final\":\"24 hours\",\"hold\":\"60 days\","
    "\"extend\":{\"by\":\"right\",\"times\":1,\"up_to\":\"30 days\"}},"
    "\"ping\":{\"final\":\"24 hours\"}},"
    "\"claim\":{\"ack\":\"2 working days\",\"status\":\"10 days\",\"final\":\"30 days\","
    "\"extend\":{\"by\":\"right\",\"times\":1,\"up_to\":\"30 days\"}}}}";

static const char clauses_cases[] =
    "{"
    "\"request\":{"
    "\"info\":{\"urgency\":[\"emergency\",\"urgent\",\"normal\",\"complex\"],"
    "\"fields\":[\"purpose\",\"intended_use\"],\"open\":200,\"per_day\":50,"
    "\"emergencies_per_month\":5,\"max_tlp\":\"amber\"},"
    "\"verify\":{\"urgency\":[\"urgent\",\"normal\"],\"fields\":[\"purpose\"],"
    "\"open\":200,\"per_day\":50,\"max_tlp\":\"amber\"},"
    "\"preserve\":{\"urgency\":[\"preserve\"],\"fields\":[\"purpose\",\"legal_basis\","
    "\"custodian\"],\"per_day\":50,\"max_tlp\":\"amber\"},"
    "\"disclose-preserved\":{\"urgency\":[\"urgent\",\"normal\"],\"fields\":[\"purpose\","
    "\"legal_basis\",\"related_request\"],\"per_day\":50,\"max_tlp\":\"amber\"},"
    "\"sample\":{\"urgency\":[\"urgent\",\"normal\"],\"fields\":[\"purpose\"],"
    "\"per_day\":20,\"max_tlp\":\"amber\"},"
    "\"analyse\":{\"urgency\":[\"normal\",\"complex\"],\"fields\":[\"purpose\"],"
    "\"per_day\":10,\"max_tlp\":\"amber\"},"
    "\"trace\":{\"urgency\":[\"emergency\",\"urgent\",\"normal\"],"
    "\"fields\":[\"purpose\"],\"per_day\":20,\"emergencies_per_month\":5,"
    "\"max_tlp\":\"amber\"},"
    "\"mitigate\":{\"urgency\":[\"emergency\",\"urgent\",\"normal\"],"
    "\"fields\":[\"purpose\"],\"per_day\":20,\"emergencies_per_month\":5,"
    "\"max_tlp\":\"amber\"},"
    "\"notify-victim\":{\"urgency\":[\"urgent\",\"normal\"],\"fields\":[\"purpose\"],"
    "\"per_day\":50,\"max_tlp\":\"amber\"},"
    "\"match\":{\"urgency\":[\"normal\"],\"fields\":[\"purpose\"],\"per_day\":10,"
    "\"max_tlp\":\"amber\"},"
    "\"consult\":{\"urgency\":[\"urgent\",\"normal\"],\"fields\":[\"purpose\"],"
    "\"per_day\":10,\"max_tlp\":\"amber\"},"
    "\"recall\":{\"urgency\":[\"urgent\",\"normal\"],\"fields\":[\"purpose\"],"
    "\"per_day\":50,\"max_tlp\":\"amber\"},"
    "\"audit\":{\"urgency\":[\"normal\"],\"fields\":[\"purpose\"],\"per_day\":10,"
    "\"max_tlp\":\"amber\"}},"
    "\"ground\":{\"sovereignty-security\":{},\"public-order\":{},"
    "\"ongoing-case\":{\"needs\":\"date\",\"consult\":true,\"review\":true},"
    "\"not-held\":{\"needs\":\"search\",\"review\":true},"
    "\"no-legal-power\":{\"needs\":\"provision\",\"review\":true},"
    "\"authorisation-denied\":{\"needs\":\"authority\",\"review\":true},"
    "\"fundamental-rights\":{\"review\":true},"
    "\"third-party-origin\":{\"needs\":\"asked\",\"review\":true},"
    "\"disproportionate\":{\"needs\":\"counter_offer\",\"consult\":true,\"review\":true},"
    "\"out-of-scope\":{\"needs\":\"clause\",\"review\":true},"
    "\"quota\":{\"needs\":\"position\"},\"duplicate\":{\"needs\":\"duplicate_of\"}},"
    "\"use\":{\"purposes\":[\"incident-response\",\"criminal-investigation\"],"
    "\"onward\":\"consent\",\"retention\":{\"answer\":\"365 days\",\"evidence\":\"1825 days\"},"
    "\"deletion_receipt\":true,\"legal_hold\":true},"
    "\"reciprocity\":{\"window\":\"half-year\",\"metrics\":[\"requests\",\"answers_in_time\","
    "\"indicators\",\"sightings\"],\"consult_below_percent\":50},"
    "\"ladder\":[{\"name\":\"point of "
    "contact\",\"who\":\"technical\",\"after\":[\"overdue\",\"refused\",\"contested\"],"
    "\"time\":\"2 working days\"},"
    "{\"name\":\"hotline\",\"who\":\"diplomatic\",\"after\":\"rung\",\"time\":\"3 days\"},"
    "{\"name\":\"senior officials\",\"who\":\"legal\",\"after\":\"rung\",\"time\":\"10 days\"}],"
    "\"remedy\":{\"notice\":true,\"cure\":\"30 days\",\"suspend\":[\"share\",\"match\"],"
    "\"terminate_after\":\"90 days\",\"survive\":[\"use\",\"log\"]},"
    "\"claim\":{\"types\":[\"conducted-by\",\"originated-from\",\"infrastructure-controlled-by\","
    "\"breached-clause\"],\"minimum\":{\"bilateral\":{\"evidence\":1},"
    "\"arbiter\":{\"evidence\":2},\"public\":{\"evidence\":3}},\"embargo\":\"30 days\"},"
    "\"exhibit\":{\"max_bytes\":67108864,\"max_tlp\":\"amber\"},"
    "\"ping\":{\"technical\":\"node\",\"legal\":\"people\",\"diplomatic\":\"people\"},"
    "\"signing\":{\"two_officers\":[]},"
    "\"log\":{\"checkpoint_interval\":\"24 hours\",\"clock_tolerance\":\"5 minutes\","
    "\"max_act_bytes\":60000,\"max_object_bytes\":16777216,\"bytes_per_day\":17179869184},"
    "\"change\":{\"amend\":\"all\",\"withdraw_notice\":\"30 days\",\"open_cases\":\"finish\","
    "\"calendar_notice\":\"30 days\"}}";

/* Lower ceilings: a community's members have not chosen each other one by one. */
static const char share_community[] =
    "{\"indicator\":{\"max_tlp\":\"green\",\"detection\":true,\"onward\":false},"
    "\"report\":{\"max_tlp\":\"green\"},\"other\":{\"max_tlp\":\"green\"}}";

static const char annex_zones[] = "{\"UTC\":{\"rule\":\"UTC0\"}}";

static void put_party(struct json_maker *m, struct json *list, const struct card *c)
{
    struct json *o = json_new_object(m), *keys;
    char *hex;

    json_set_string(m, o, "slug", c->slug);
    json_set_string(m, o, "name", c->name);
    json_set_text(m, o, "role", "party");
    json_set_text(m, o, "zone", "UTC");
    json_set_text(m, o, "calendar", "weekends");
    if (!(hex = arena_get(m->arena, 65, &m->e)))
        return;
    hex_encode(hex, c->id.b, 32);
    json_set_text(m, o, "id", hex);
    keys = json_set_object(m, o, "keys");
    for (int i = 0; i < KEY_ROLES; i++) {
        if (!(hex = arena_get(m->arena, 65, &m->e)))
            return;
        hex_encode(hex, c->keys[i].b, 32);
        json_set_text(m, keys, key_role_name((enum key_role)i), hex);
    }
    json_add(m, list, o);
}

static void put_calendar(struct json_maker *m, struct json *doc, const char *now)
{
    struct json *calendars = json_set_object(m, doc, "calendars");
    struct json *c = json_set_object(m, calendars, "weekends");
    struct json *weekend = json_set_array(m, c, "weekend");
    uint64_t year = 0;
    char *from = arena_format(m->arena, &m->e, "%.4s-01-01", now), *through;

    decimal_parse(bytes_of(now, 4), &year);
    through = arena_format(m->arena, &m->e, "%04llu-12-31", (unsigned long long)year + 3);
    json_add_string(m, weekend, BYTES("saturday"));
    json_add_string(m, weekend, BYTES("sunday"));
    json_set_array(m, c, "holidays");
    if (from && through) {
        json_set_text(m, c, "from", from);
        json_set_text(m, c, "through", through);
    }
}

/* Cards in the order of their slugs, as the document wants them. */
static void sort_cards(const struct card **cards, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j && bytes_compare(cards[j - 1]->slug, cards[j]->slug) > 0; j--) {
            const struct card *c = cards[j];
            cards[j] = cards[j - 1];
            cards[j - 1] = c;
        }
}

static bool known(const char *template)
{
    for (const char *const *t = names; *t; t++)
        if (!strcmp(*t, template))
            return true;
    return false;
}

static bool build(const char *template, const struct card **cards, size_t n, const struct os *os,
                  struct arena *a, struct bytes *json, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *doc = json_new_object(&m), *list, *clauses;
    const struct json *sharing = json_parse(bytes_text(clauses_sharing), a, e),
                      *cases = json_parse(bytes_text(clauses_cases), a, e),
                      *zones = json_parse(bytes_text(annex_zones), a, e);
    char *now = arena_get(a, TIME_TEXT_MAX, e), *nonce = arena_get(a, 65, e);
    uint8_t fresh[32];

    if (!sharing || !cases || !zones || !now || !nonce)
        return false;
    time_print(now, os_now(os));
    os_random(os, fresh, sizeof fresh);
    hex_encode(nonce, fresh, sizeof fresh);
    json_set_text(&m, doc, "type", "entente-agreement");
    json_set_integer(&m, doc, "format", 1);
    json_set_text(&m, doc, "title", "Cooperation on cybersecurity");
    json_set_text(&m, doc, "created", now);
    json_set_text(&m, doc, "nonce", nonce);
    list = json_set_object(&m, doc, "languages");
    json_set_text(&m, list, "prevails", "en");
    list = json_set_array(&m, doc, "parties");
    for (size_t i = 0; i < n; i++)
        put_party(&m, list, cards[i]);
    json_set_array(&m, doc, "witnesses");
    json_set(&m, doc, "zones", zones);
    put_calendar(&m, doc, now);
    clauses = json_clone(&m, sharing);
    for (size_t i = 0; i < json_count(cases); i++) {
        struct bytes name;
        const struct json *clause = json_member(cases, i, &name);
        json_set_bytes(&m, clauses, name, clause);
    }
    if (!strcmp(template, "community"))
        json_set(&m, clauses, "share", json_parse(bytes_text(share_community), a, &m.e));
    json_set(&m, doc, "clauses", clauses);
    return json_made(&m, doc, NULL, e) && json_print_pretty(doc, a, json, e);
}

bool agreement_template(const char *template, const struct card *const *cards, size_t n,
                        const struct os *os, struct arena *a, struct bytes *json, struct err *e)
{
    const struct card **sorted;

    if (!known(template))
        return err_fail(e, ERR_INPUT, "there is no template \"%s\"", template) ||
               err_hint(e, "templates: bilateral, community");
    if (n < 2 || n > LIMIT_PARTIES)
        return err_fail(e, ERR_INPUT, "an agreement needs 2 to %d parties", LIMIT_PARTIES);
    if (!strcmp(template, "bilateral") && n != 2)
        return err_fail(e, ERR_INPUT, "a bilateral agreement has two parties, not %zu", n) ||
               err_hint(e, "use the template community");
    sorted = arena_get_array(a, n, sizeof *sorted, e);
    if (!sorted)
        return false;
    memcpy(sorted, cards, n * sizeof *sorted);
    sort_cards(sorted, n);
    return build(template, sorted, n, os, a, json, e);
}
