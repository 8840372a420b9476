/* An agreement's clauses (doc/formats/agreement-clauses.md). What is not written stays not agreed;
 * a member nobody reads is an error, because it must not look agreed. */
#include "cases/terms_impl.h"

const char *const field_words[FIELDS] = {
    "purpose",           "legal_basis",     "intended_use",    "steps_taken",   "point_of_contact",
    "keep_confidential", "subject_refs",    "related_request", "urgency_facts", "custodian",
    "follow_up",         "wished_deadline", "wished_reason",   "expected_date", "offence",
    "location",          "time_range",      "authority",       "necessity",     "match_session",
};

const char *const need_words[NEEDS] = {
    "",      "text",          "date",   "search",   "provision",    "authority",
    "asked", "counter_offer", "clause", "position", "duplicate_of",
};

const char *const tlp_words[TLPS] = {"", "clear", "green", "amber", "amber+strict", "red"};

static const char *const more_clauses[] = {"claim", "match", "share", "scope"};

int clause_of_word(struct bytes word)
{
    if (bytes_start_with(word, "request."))
        return cases_word(cases_type_words, CASES_TYPES, bytes_part(word, 8, word.n));
    for (int i = 0; i < 4; i++)
        if (bytes_are(word, more_clauses[i]))
            return CASES_TYPES + i;
    return -1;
}

/* ---- reading members ----------------------------------------------------------------------- */

bool at_member(struct err *e, const char *key)
{
    return err_within(e, "%s", key);
}

bool term_member(const struct json *o, const char *key, struct cases_term *out, struct err *e)
{
    const struct json *v = json_find(o, key);
    struct bytes text;

    if (!v)
        return true;
    if (!json_get_string(o, key, &text, e))
        return false;
    return cases_term_parse(text, out, e) || at_member(e, key);
}

/* Minutes, hours or days of 24 hours, as milliseconds. */
bool span_member(const struct json *o, const char *key, int64_t *out, struct err *e)
{
    static const int64_t ms[] = {0, 60000, 3600000, MS_PER_DAY, 0};
    struct cases_term t = {0};

    if (!term_member(o, key, &t, e))
        return false;
    if (t.unit == CASES_WORKING_DAYS)
        return err_fail(e, ERR_INPUT, "%s can't be in working days", key);
    if (t.unit != CASES_NOT_AGREED)
        *out = t.n * ms[t.unit];
    return true;
}

static bool flag_member(const struct json *o, const char *key, bool *out, struct err *e)
{
    return !json_find(o, key) || json_get_bool(o, key, out, e);
}

bool count_member(const struct json *o, const char *key, uint32_t most, uint32_t *out,
                  struct err *e)
{
    int64_t v;

    if (!json_find(o, key))
        return true;
    if (!json_get_integer(o, key, &v, e))
        return false;
    if (v < 0 || v > most)
        return err_fail(e, ERR_INPUT, "%s must be from 0 to %u", key, most);
    *out = (uint32_t)v;
    return true;
}

/* An array of words of a table, as bits. */
bool words_member(const struct json *o, const char *key, const char *const *words, int n,
                  uint64_t *bits, struct err *e)
{
    const struct json *list = json_find(o, key);
    uint64_t out = 0;

    if (!list)
        return true;
    if (!json_get_array(o, key, &list, e))
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        struct bytes w = {0};
        int k = json_as_string(json_at(list, i), &w) ? cases_word(words, n, w) : -1;
        if (k < 0)
            return err_fail(e, ERR_INPUT, "%s/%zu is none of the known words", key, i);
        out |= UINT64_C(1) << k;
    }
    *bits = out;
    return true;
}

static bool word_member(const struct json *o, const char *key, const char *const *words, int n,
                        uint8_t *out, struct err *e)
{
    struct bytes w;
    int k;

    if (!json_find(o, key))
        return true;
    if (!json_get_string(o, key, &w, e))
        return false;
    k = cases_word(words, n, w);
    if (k < 0)
        return err_fail(e, ERR_INPUT, "%s is none of the known words", key);
    *out = (uint8_t)k;
    return true;
}

/* ---- clauses ------------------------------------------------------------------------------- */

static bool read_extend(const struct json *o, struct terms_clock *c, struct err *e)
{
    static const char *const by[] = {"never", "right", "consent"};
    static const char *const keys[] = {"by", "times", "up_to", NULL};
    const struct json *x = json_find(o, "extend");
    struct cases_term like;
    uint32_t times = 0;

    if (!x)
        return true;
    if (!json_get_object(o, "extend", &x, e))
        return false;
    if (!json_only(x, keys, e) || !word_member(x, "by", by, 3, &c->extend_by, e) ||
        !count_member(x, "times", 100, &times, e) || !term_member(x, "up_to", &c->extend_up_to, e))
        return at_member(e, "extend");
    c->extend_times = (uint8_t)times;
    like = c->hold.unit != CASES_NOT_AGREED ? c->hold : c->final;
    if ((c->extend_up_to.unit > CASES_HOURS) != (like.unit > CASES_HOURS))
        return err_fail(e, ERR_INPUT,
                        "extend.up_to must be counted like what it extends: in days or in hours");
    return true;
}

static bool no_days(struct cases_term t)
{
    return t.unit <= CASES_HOURS;
}

static bool read_clock(const struct json *o, struct terms_clock *c, struct err *e)
{
    static const char *const keys[] = {"ack",  "status", "status_every", "final",
                                       "hold", "extend", "facts",        NULL};

    c->agreed = true;
    return json_only(o, keys, e) && term_member(o, "ack", &c->ack, e) &&
           term_member(o, "status", &c->status, e) &&
           term_member(o, "status_every", &c->status_every, e) &&
           term_member(o, "final", &c->final, e) && term_member(o, "hold", &c->hold, e) &&
           flag_member(o, "facts", &c->facts, e) && read_extend(o, c, e);
}

static bool read_urgencies(const struct json *o, struct cases_terms *t, struct err *e)
{
    for (size_t i = 0; i < json_count(o); i++) {
        struct bytes key;
        const struct json *v = json_member(o, i, &key);
        int u = cases_word(cases_urgency_words, CASES_URGENCIES, key);
        struct terms_clock *c;
        if (u < 0)
            return err_fail(e, ERR_INPUT, "%.*s is no urgency", (int)key.n, (const char *)key.p);
        c = &t->urgency[u];
        if (!read_clock(v, c, e))
            return at_member(e, cases_urgency_words[u]);
        if ((u <= CASES_URGENT || u == CASES_PING_URGENCY) &&
            !(no_days(c->ack) && no_days(c->status) && no_days(c->status_every) &&
              no_days(c->final)))
            return err_fail(e, ERR_INPUT, "%s runs in hours: days are never counted for it",
                            cases_urgency_words[u]);
    }
    return true;
}

static bool read_stops(const struct json *clock, struct cases_terms *t, struct err *e)
{
    static const char *const keys[] = {"clarify", "suspend", "outage", "cap", NULL};
    const struct json *o = json_find(clock, "stops");

    if (!o)
        return true;
    if (!json_get_object(clock, "stops", &o, e))
        return false;
    return (json_only(o, keys, e) && flag_member(o, "clarify", &t->stop_clarify, e) &&
            flag_member(o, "suspend", &t->stop_suspend, e) &&
            span_member(o, "outage", &t->outage_ms, e) && span_member(o, "cap", &t->cap_ms, e)) ||
           at_member(e, "stops");
}

static bool clause_clock(const struct json *o, struct cases_terms *t, struct err *e)
{
    static const char *const keys[] = {"grace",
                                       "clarify_reply",
                                       "consult_window",
                                       "silence_accepts",
                                       "lapse_after_terms",
                                       "stops",
                                       "urgency",
                                       "claim",
                                       NULL};
    const struct json *u = json_find(o, "urgency"), *claim = json_find(o, "claim");

    if (!json_only(o, keys, e) || !span_member(o, "grace", &t->grace_ms, e) ||
        !term_member(o, "clarify_reply", &t->clarify_reply, e) ||
        !term_member(o, "consult_window", &t->consult_window, e) ||
        !term_member(o, "silence_accepts", &t->silence_accepts, e) ||
        !count_member(o, "lapse_after_terms", 100, &t->lapse_after_terms, e) ||
        !read_stops(o, t, e))
        return false;
    if (u && (!json_get_object(o, "urgency", &u, e) || !read_urgencies(u, t, e)))
        return at_member(e, "urgency");
    return !claim || read_clock(claim, &t->claim_clock, e) || at_member(e, "claim");
}

static bool read_request(const struct json *o, struct terms_request *r, struct err *e)
{
    static const char *const keys[] = {
        "urgency", "fields", "open", "per_day", "emergencies_per_month", "max_tlp", NULL};
    uint64_t urgencies = 0;

    *r = (struct terms_request){.agreed = true,
                                .open = UINT32_MAX,
                                .per_day = UINT32_MAX,
                                .emergencies = UINT32_MAX,
                                .max_tlp = STIX_TLP_RED};
    if (!json_only(o, keys, e) ||
        !words_member(o, "urgency", cases_urgency_words, CASES_PING_URGENCY, &urgencies, e) ||
        !words_member(o, "fields", field_words, FIELDS, &r->fields, e) ||
        !count_member(o, "open", 1000000000, &r->open, e) ||
        !count_member(o, "per_day", 1000000000, &r->per_day, e) ||
        !count_member(o, "emergencies_per_month", 1000000000, &r->emergencies, e) ||
        !word_member(o, "max_tlp", tlp_words, TLPS, &r->max_tlp, e))
        return false;
    if (!urgencies)
        return err_fail(e, ERR_INPUT, "urgency is missing: nothing could be asked");
    if (r->per_day == 0)
        return err_fail(e, ERR_INPUT, "per_day of 0: leave the type out instead");
    r->urgencies = (uint8_t)urgencies;
    return true;
}

static bool clause_request(const struct json *o, struct cases_terms *t, struct err *e)
{
    for (size_t i = 0; i < json_count(o); i++) {
        struct bytes key;
        const struct json *v = json_member(o, i, &key);
        int k = cases_word(cases_type_words, CASES_TYPES, key);
        if (k < 0)
            return err_fail(e, ERR_INPUT, "%.*s is no type of request", (int)key.n,
                            (const char *)key.p);
        if (!read_request(v, &t->request[k], e))
            return at_member(e, cases_type_words[k]);
        for (int u = 0; u < CASES_PING_URGENCY; u++)
            if (t->request[k].urgencies >> u & 1 && !t->urgency[u].agreed)
                return err_fail(e, ERR_INPUT, "%s allows the urgency %s, which has no clock",
                                cases_type_words[k], cases_urgency_words[u]);
    }
    return true;
}

static bool clause_ground(const struct json *o, struct cases_terms *t, struct err *e)
{
    static const char *const keys[] = {"needs", "consult", "review", NULL};

    for (size_t i = 0; i < json_count(o); i++) {
        struct bytes key;
        const struct json *v = json_member(o, i, &key);
        int k = cases_word(cases_ground_words, CASES_GROUNDS, key);
        struct terms_ground *g;
        if (k < 0)
            return err_fail(e, ERR_INPUT, "%.*s is no ground", (int)key.n, (const char *)key.p);
        g = &t->ground[k];
        g->agreed = true;
        if (!json_only(v, keys, e) || !word_member(v, "needs", need_words, NEEDS, &g->needs, e) ||
            !flag_member(v, "consult", &g->consult, e) || !flag_member(v, "review", &g->review, e))
            return at_member(e, cases_ground_words[k]);
    }
    return true;
}

static bool read_after(const struct json *o, struct terms_rung *r, struct err *e)
{
    static const char *const words[] = {"overdue", "refused", "contested", "rung"};
    struct bytes one;
    uint64_t bits = 0;
    int k;

    if (json_as_string(json_find(o, "after"), &one)) {
        k = cases_word(words, 4, one);
        if (k < 0)
            return err_fail(e, ERR_INPUT, "after is none of the known words");
        r->after = (uint8_t)(1u << k);
        return true;
    }
    if (!words_member(o, "after", words, 4, &bits, e))
        return false;
    r->after = (uint8_t)bits;
    return true;
}

static bool read_rung(const struct json *o, struct cases_terms *t, struct arena *a, struct err *e)
{
    static const char *const keys[] = {"name", "who", "after", "time", NULL};
    struct terms_rung r = {.arbiter = -1};
    struct bytes name, who;

    if (!json_only(o, keys, e) || !json_get_string(o, "name", &name, e) ||
        !json_get_string(o, "who", &who, e) || !read_after(o, &r, e) ||
        !term_member(o, "time", &r.time, e) || !arena_copy(a, name, &r.name, e) ||
        !arena_copy(a, who, &r.who, e))
        return false;
    for (uint32_t p = 0; p < t->parties_n; p++)
        if (t->parties[p].arbiter && bytes_equal(t->parties[p].slug, who))
            r.arbiter = (int)p;
    t->rungs[t->rungs_n++] = r;
    return true;
}

static bool clause_ladder(const struct json *list, struct cases_terms *t, struct arena *a,
                          struct err *e)
{
    if (json_type(list) != JSON_ARRAY)
        return err_fail(e, ERR_INPUT, "must be an array");
    for (size_t i = 0; i < json_count(list); i++) {
        if (t->rungs_n == LIMIT_CASE_RUNGS)
            return err_fail(e, ERR_LIMIT, "more than %d rungs", LIMIT_CASE_RUNGS);
        if (!read_rung(json_at(list, i), t, a, e))
            return err_within(e, "%zu", i);
    }
    return true;
}

static bool clause_remedy(const struct json *o, struct cases_terms *t, struct err *e)
{
    static const char *const keys[] = {"notice",          "cure",    "suspend",
                                       "terminate_after", "survive", NULL};
    const struct json *list = json_find(o, "suspend");

    t->remedy = true;
    if (!json_only(o, keys, e) || !flag_member(o, "notice", &t->remedy_notice, e) ||
        !term_member(o, "cure", &t->cure, e) ||
        !term_member(o, "terminate_after", &t->terminate_after, e))
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        struct bytes w = {0};
        int k = json_as_string(json_at(list, i), &w) ? clause_of_word(w) : -1;
        if (k < 0)
            return err_fail(e, ERR_INPUT, "suspend/%zu is no clause that can be suspended", i);
        t->suspendable |= 1u << k;
    }
    return true;
}

static bool clause_claim(const struct json *o, struct cases_terms *t, struct err *e)
{
    static const char *const keys[] = {"types", "minimum", "embargo", NULL};
    static const char *const level[] = {"bilateral", "arbiter", "public"}, *const one[] = {
                                                                               "evidence", NULL};
    const struct json *min = json_find(o, "minimum");
    uint64_t bits = 0;

    t->claim = true;
    if (!json_only(o, keys, e) || !term_member(o, "embargo", &t->embargo, e) ||
        !words_member(o, "types", cases_predicate_words, CASES_PREDICATES, &bits, e))
        return false;
    t->predicates = (uint8_t)bits;
    for (int i = 0; i < 3; i++) {
        const struct json *m = json_find(min, level[i]);
        uint32_t n = 0;
        if (m &&
            (!json_only(m, one, e) || !count_member(m, "evidence", LIMIT_CASE_EVIDENCE, &n, e)))
            return err_within(e, "minimum.%s", level[i]);
        t->minimum[i] = (uint16_t)n;
    }
    return true;
}

/* Each clause and who reads it, in the order they need each other. */
static bool read_clauses(const struct json *clauses, struct cases_terms *t, struct arena *a,
                         struct err *e)
{
    const struct json *o, *log = json_find(clauses, "log"),
                          *rec = json_find(clauses, "reciprocity");
    uint32_t percent = 0;

    if ((o = json_find(clauses, "clock")) && !clause_clock(o, t, e))
        return err_within(e, "clauses.clock");
    if ((o = json_find(clauses, "request")) && !clause_request(o, t, e))
        return err_within(e, "clauses.request");
    if ((o = json_find(clauses, "ground")) && !clause_ground(o, t, e))
        return err_within(e, "clauses.ground");
    if ((o = json_find(clauses, "ladder")) && !clause_ladder(o, t, a, e))
        return err_within(e, "clauses.ladder");
    if ((o = json_find(clauses, "remedy")) && !clause_remedy(o, t, e))
        return err_within(e, "clauses.remedy");
    if ((o = json_find(clauses, "claim")) && !clause_claim(o, t, e))
        return err_within(e, "clauses.claim");
    if ((o = json_find(clauses, "signing")) &&
        !words_member(o, "two_officers", cases_kind_words, CASES_KINDS, &t->two_officers, e))
        return err_within(e, "clauses.signing");
    if (rec && !count_member(rec, "consult_below_percent", 100, &percent, e))
        return err_within(e, "clauses.reciprocity");
    t->consult_below_percent = (uint8_t)percent;
    t->witnesses_n = (uint32_t)json_count(json_find(log, "witnesses"));
    return span_member(log, "clock_tolerance", &t->tolerance_ms, e) || err_within(e, "clauses.log");
}

struct cases_terms *cases_terms_parse(struct bytes agreement, struct arena *a, struct err *e)
{
    struct cases_terms *t = arena_get(a, sizeof *t, e);
    const struct json *doc = t ? json_parse(agreement, a, e) : NULL;

    if (!doc)
        return NULL;
    if (json_type(doc) != JSON_OBJECT) {
        err_fail(e, ERR_INPUT, "an agreement must be an object, not %s",
                 json_type_name(json_type(doc)));
        return NULL;
    }
    sha256(agreement, &t->id);
    for (int i = 0; i < CASES_TYPES; i++)
        t->request[i].max_tlp = STIX_TLP_RED;
    if (!terms_parties(doc, t, a, e) || !read_clauses(json_find(doc, "clauses"), t, a, e) ||
        !terms_days_have_calendars(t, e)) {
        err_within(e, "agreement");
        return NULL;
    }
    return t;
}

int cases_party(const struct cases_terms *t, struct bytes slug)
{
    for (uint32_t i = 0; i < t->parties_n; i++)
        if (bytes_equal(t->parties[i].slug, slug))
            return (int)i;
    return -1;
}

struct bytes cases_party_slug(const struct cases_terms *t, uint32_t i)
{
    return i < t->parties_n ? t->parties[i].slug : BYTES("?");
}

const struct cases_zone *cases_party_zone(const struct cases_terms *t, uint32_t i)
{
    return i < t->parties_n ? t->parties[i].zone : NULL;
}

uint32_t cases_parties(const struct cases_terms *t)
{
    return t->parties_n;
}

bool cases_is_arbiter(const struct cases_terms *t, uint32_t i)
{
    return i < t->parties_n && t->parties[i].arbiter;
}
