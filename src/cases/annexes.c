/* The parties of an agreement with their zones and calendars. */
#include "cases/terms_impl.h"

#include <stdlib.h>

static bool copy_name(char out[48], struct bytes name, struct err *e)
{
    if (name.n == 0 || name.n > 47 || memchr(name.p, 0, name.n) || !utf8_valid(name))
        return err_fail(e, ERR_INPUT, "a name must have 1 to 47 bytes");
    memcpy(out, name.p, name.n);
    out[name.n] = 0;
    return true;
}

/* "+05:30", "-03:00" */
static bool parse_offset(struct bytes t, int32_t *out)
{
    int v = 0;

    if (t.n != 6 || (t.p[0] != '+' && t.p[0] != '-') || t.p[3] != ':')
        return false;
    for (size_t i = 1; i < 6; i++)
        if (i != 3 && (t.p[i] < '0' || t.p[i] > '9'))
            return false;
    v = ((t.p[1] - '0') * 10 + t.p[2] - '0') * 3600 + ((t.p[4] - '0') * 10 + t.p[5] - '0') * 60;
    *out = t.p[0] == '-' ? -v : v;
    return v <= 24 * 3600;
}

static bool read_change(const struct json *v, struct cases_zone *z, struct err *e)
{
    struct bytes when = {0}, what = {0};
    struct cases_zone_change c = {0};

    if (json_count(v) != 2 || !json_as_string(json_at(v, 0), &when) ||
        !json_as_string(json_at(v, 1), &what) || !time_parse(when, &c.from))
        return err_fail(e, ERR_INPUT, "a change is [instant, \"+01:00\" or \"rule\"]");
    c.rule = bytes_are(what, "rule");
    if (!c.rule && !parse_offset(what, &c.offset))
        return err_fail(e, ERR_INPUT, "a change's offset is written \"+01:00\"");
    if (z->changes_n && z->changes[z->changes_n - 1].from >= c.from)
        return err_fail(e, ERR_INPUT, "changes must ascend");
    if (z->changes_n == CASES_ZONE_CHANGES)
        return err_fail(e, ERR_LIMIT, "more than %d changes", CASES_ZONE_CHANGES);
    z->changes[z->changes_n++] = c;
    return true;
}

static struct cases_zone *read_zone(const struct json *doc, struct bytes name, struct arena *a,
                                    struct err *e)
{
    static const char *const keys[] = {"rule", "changes", "source", NULL};
    const struct json *o = json_find_bytes(json_find(doc, "zones"), name), *list;
    struct cases_zone *z = arena_get(a, sizeof *z, e);
    struct bytes rule;

    if (!z)
        return NULL;
    if (!o) {
        err_fail(e, ERR_INPUT, "there is no such zone");
        return NULL;
    }
    if (!json_only(o, keys, e) || !json_get_string(o, "rule", &rule, e) ||
        !cases_zone_parse(rule, z, e) || !copy_name(z->name, name, e))
        return NULL;
    list = json_find(o, "changes");
    for (size_t i = 0; i < json_count(list); i++)
        if (!read_change(json_at(list, i), z, e))
            return NULL;
    return z;
}

static int by_day(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

static bool read_days(const struct json *o, const char *key, const int32_t **out, uint32_t *n,
                      struct arena *a, struct err *e)
{
    const struct json *list = json_find(o, key);
    size_t count = json_count(list);
    int32_t *days;

    if (list && !json_get_array(o, key, &list, e))
        return false;
    if (count > LIMIT_CASE_CALENDAR_DAYS)
        return err_fail(e, ERR_LIMIT, "%s: more than %d days", key, LIMIT_CASE_CALENDAR_DAYS);
    days = arena_get_array(a, count, sizeof *days, e);
    if (!days)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct bytes text = {0};
        int64_t day;
        if (!json_as_string(json_at(list, i), &text) || !civil_parse(text, &day))
            return err_fail(e, ERR_INPUT, "%s/%zu is not a date", key, i);
        days[i] = (int32_t)day;
    }
    qsort(days, count, sizeof *days, by_day);
    *out = days;
    *n = (uint32_t)count;
    return true;
}

static bool date_member(const struct json *o, const char *key, int32_t *out, struct err *e)
{
    struct bytes text;
    int64_t day;

    if (!json_get_string(o, key, &text, e))
        return false;
    if (!civil_parse(text, &day))
        return err_fail(e, ERR_INPUT, "%s is not a date", key);
    *out = (int32_t)day;
    return true;
}

static struct cases_calendar *read_calendar(const struct json *doc, struct bytes name,
                                            struct arena *a, struct err *e)
{
    static const char *const keys[] = {"weekend", "holidays", "working", "from",
                                       "through", "source",   NULL};
    static const char *const week[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};
    const struct json *o = json_find_bytes(json_find(doc, "calendars"), name);
    struct cases_calendar *c = arena_get(a, sizeof *c, e);
    struct bytes text;
    uint64_t weekend = 0;

    if (!c)
        return NULL;
    if (!o) {
        err_fail(e, ERR_INPUT, "there is no such calendar");
        return NULL;
    }
    if (!json_only(o, keys, e) || !words_member(o, "weekend", week, 7, &weekend, e) ||
        !read_days(o, "holidays", &c->holidays, &c->holidays_n, a, e) ||
        !read_days(o, "working", &c->working, &c->working_n, a, e) ||
        !date_member(o, "from", &c->from, e) || !date_member(o, "through", &c->through, e) ||
        !copy_name(c->name, name, e) || !json_print(o, a, &text, e))
        return NULL;
    c->weekend = (uint8_t)weekend;
    if (c->weekend == 0x7f || c->through < c->from) {
        err_fail(e, ERR_INPUT, "a calendar needs a working weekday, and must end after it begins");
        return NULL;
    }
    sha256(text, &c->hash);
    return c;
}

/* Annexes are few and parties share them: read each once. */
static bool read_annexes(const struct json *doc, const struct json *o, struct cases_terms *t,
                         struct terms_party *p, struct arena *a, struct err *e)
{
    struct bytes zone, calendar;

    if (json_find(o, "zone")) {
        if (!json_get_string(o, "zone", &zone, e))
            return false;
        for (const struct terms_party *q = t->parties; q < p; q++)
            if (q->zone && bytes_are(zone, q->zone->name))
                p->zone = q->zone;
        if (!p->zone && !(p->zone = read_zone(doc, zone, a, e)))
            return err_within(e, "zones.%.*s", (int)(zone.n < 48 ? zone.n : 48),
                              (const char *)zone.p);
    }
    if (json_find(o, "calendar")) {
        if (!json_get_string(o, "calendar", &calendar, e))
            return false;
        for (const struct terms_party *q = t->parties; q < p; q++)
            if (q->calendar && bytes_are(calendar, q->calendar->name))
                p->calendar = q->calendar;
        if (!p->calendar && !(p->calendar = read_calendar(doc, calendar, a, e)))
            return err_within(e, "calendars.%.*s", (int)(calendar.n < 48 ? calendar.n : 48),
                              (const char *)calendar.p);
    }
    return true;
}

static bool read_party(const struct json *doc, const struct json *o, struct cases_terms *t,
                       struct terms_party *p, struct arena *a, struct err *e)
{
    const struct json *role = json_find(o, "role");
    struct bytes slug;

    if (!json_get_string(o, "slug", &slug, e))
        return false;
    if (!slug_valid(slug) || cases_party(t, slug) >= 0)
        return err_fail(e, ERR_INPUT, "slug is not one, or another party has it");
    if (role && !json_is(role, "party") && !json_is(role, "arbiter"))
        return err_fail(e, ERR_INPUT, "role must be \"party\" or \"arbiter\"");
    p->arbiter = json_is(role, "arbiter");
    if (!arena_copy(a, slug, &p->slug, e))
        return false;
    return read_annexes(doc, o, t, p, a, e);
}

bool terms_parties(const struct json *doc, struct cases_terms *t, struct arena *a, struct err *e)
{
    const struct json *list;
    size_t n;

    if (!json_get_array(doc, "parties", &list, e))
        return false;
    n = json_count(list);
    if (n < 2 || n > LIMIT_PARTIES)
        return err_fail(e, ERR_INPUT, "parties must be 2 to %d", LIMIT_PARTIES);
    t->parties = arena_get_array(a, n, sizeof *t->parties, e);
    if (!t->parties)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!read_party(doc, json_at(list, i), t, &t->parties[i], a, e))
            return err_within(e, "parties.%zu", i);
        t->parties_n++;
    }
    return true;
}

static bool in_days(const struct terms_clock *c)
{
    return c->ack.unit > CASES_HOURS || c->status.unit > CASES_HOURS ||
           c->final.unit > CASES_HOURS || c->hold.unit > CASES_HOURS ||
           c->status_every.unit > CASES_HOURS;
}

bool terms_days_have_calendars(const struct cases_terms *t, struct err *e)
{
    bool days = in_days(&t->claim_clock) || t->clarify_reply.unit > CASES_HOURS ||
                t->consult_window.unit > CASES_HOURS || t->silence_accepts.unit > CASES_HOURS ||
                t->cure.unit > CASES_HOURS;

    for (int u = 0; u < CASES_URGENCIES; u++)
        days |= in_days(&t->urgency[u]);
    for (uint32_t i = 0; i < t->rungs_n; i++)
        days |= t->rungs[i].time.unit > CASES_HOURS;
    for (uint32_t i = 0; days && i < t->parties_n; i++)
        if (!t->parties[i].zone || !t->parties[i].calendar)
            return err_fail(
                e, ERR_INPUT,
                "parties.%u: some term counts days, so each party needs a zone and a calendar", i);
    return true;
}
