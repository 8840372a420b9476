/* entente sightings: what was seen of others' indicators, and what others saw of ours. */
#include "lookout/sightings.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/watch.h"

static const struct option_row list_options[] = {
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"for", 0, "PARTY", "only of what this party shared"},
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};
static const struct option_row release_options[] = {
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"for", 0, "PARTY", "only of what this party shared"},
    {"json", 0, NULL, "one JSON line for each agreement"},
    {NULL},
};

/* ---- what is meant ---- */

struct meant {
    struct sightings_filter f;
    char agreement[ACT_AGREEMENT + 1];
    struct uuid uuid;
};

static bool read_meant(struct cli *c, struct meant *m, struct err *e)
{
    struct bytes type;

    *m = (struct meant){{0}};
    if (option(c, "under")) {
        if (!agreement_named(c, option(c, "under"), m->agreement, e))
            return false;
        m->f.agreement = m->agreement;
    }
    m->f.slug = option(c, "for");
    if (c->operands_n == 0)
        return true;
    if (!stix_id_parse(bytes_text(c->operands[0]), &type, &m->uuid) ||
        !bytes_are(type, "indicator"))
        return misuse(c, e, "\"%s\" is no id of an indicator",
                      shown_short(c, bytes_text(c->operands[0]), 60));
    m->f.uuid = m->uuid.b;
    return true;
}

static bool fits(const struct meant *m, const struct sighting *s)
{
    return (!m->f.agreement || !strcmp(m->f.agreement, s->agreement)) &&
           (!m->f.slug || !strcmp(m->f.slug, s->slug)) &&
           (!m->f.uuid || !memcmp(m->f.uuid, s->uuid, sizeof s->uuid));
}

static struct sightings *open_queue(struct cli *c, struct err *e)
{
    const char *dir = watch_path(c, node_dir(c->node), "", e);

    return dir ? sightings_open(c->os, dir, e) : NULL;
}

/* ---- showing ---- */

struct gist {
    struct cli *c;
    const char *text;
};

static bool find_gist(void *self, const struct record_object *o)
{
    struct gist *g = self;
    struct arena *a = o->bytes.n ? arena_new(o->bytes.n * 32 + 65536) : NULL;
    const struct json *v = a ? json_parse_canonical(o->bytes, a, NULL) : NULL;
    struct bytes text = {0};

    if (json_as_string(json_find(v, "name"), &text) ||
        json_as_string(json_find(v, "pattern"), &text))
        g->text = shown_short(g->c, text, 60);
    arena_free(a);
    return true;
}

/* What an indicator is about, as its sharer called it. */
static const char *about(struct cli *c, const char *agreement, const char *id)
{
    struct gist g = {c, ""};
    struct record *r = node_record(c->node, agreement, NULL);

    if (r)
        record_object(r, bytes_text(id), find_gist, &g, NULL);
    return g.text;
}

static const char *id_of(struct cli *c, const uint8_t uuid[16])
{
    char *id = arena_get(c->arena, STIX_ID_MAX, NULL);
    struct uuid u;

    if (!id)
        return "?";
    memcpy(u.b, uuid, sizeof u.b);
    stix_id_print(id, "indicator", &u);
    return id;
}

static const char *time_of(struct cli *c, int64_t seconds)
{
    return seconds ? shown_time(c, seconds) : "";
}

static bool one_json(struct cli *c, const char *agreement, const char *party, const char *key,
                     const char *id, uint64_t count, int64_t first, int64_t last, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);
    char *times = arena_get(c->arena, 2 * TIME_TEXT_MAX, e);

    if (!times)
        return false;
    json_set_text(&m, o, "agreement", agreement);
    json_set_text(&m, o, key, party);
    json_set_text(&m, o, "indicator", id);
    json_set_text(&m, o, "about", about(c, agreement, id));
    json_set_integer(&m, o, "count", (int64_t)count);
    time_print(times, first);
    time_print(times + TIME_TEXT_MAX, last);
    if (first)
        json_set_text(&m, o, "first_seen", times);
    if (last)
        json_set_text(&m, o, "last_seen", times + TIME_TEXT_MAX);
    return print_json(c, &m, o, e);
}

/* ---- list ---- */

static bool show_waiting(struct cli *c, const struct sightings *s, const struct meant *m,
                         uint64_t *n, struct err *e)
{
    struct table t;

    table_start(&t, c, ">LINES|FOR|UNDER|FIRST|LAST|INDICATOR|ABOUT");
    for (size_t i = 0; i < sightings_count(s); i++) {
        const struct sighting *w = sightings_at(s, i);
        const char *id = id_of(c, w->uuid);
        if (!fits(m, w))
            continue;
        ++*n;
        if (c->json && !one_json(c, w->agreement, w->slug, "for", id, w->count,
                                 w->first_us / US_PER_S, w->last_us / US_PER_S, e))
            return false;
        table_add(&t, shown_count(c, w->count), arena_format(c->arena, NULL, "%s", w->slug),
                  arena_format(c->arena, NULL, "%.8s", w->agreement),
                  time_of(c, w->first_us / US_PER_S), time_of(c, w->last_us / US_PER_S), id,
                  about(c, w->agreement, id));
    }
    if (!c->json && *n)
        table_print(&t, "");
    return true;
}

static bool run_list(struct cli *c, struct err *e)
{
    struct meant m;
    struct sightings *s = read_meant(c, &m, e) ? open_queue(c, e) : NULL;
    uint64_t n = 0;
    bool ok = s && show_waiting(c, s, &m, &n, e);

    sightings_close(s);
    if (ok && !c->json)
        fprintf(
            words(c),
            trn(c, "%s indicator waits to be told of.\n", "%s indicators wait to be told of.\n", n),
            shown_count(c, n));
    return ok;
}

const struct command cmd_sightings_list = {
    .name = "sightings list",
    .synopsis = "[INDICATOR] [--under AGREEMENT] [--for PARTY] [--json]",
    .sentence = "List what was seen of others' indicators and waits to be told to them.",
    .more =
        "Counts come from entente watch --sightings and from the logs that the node follows.\n"
        "Hits on what a warning list contradicts, and on what we shared ourselves, do not count.\n",
    .options = list_options,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_list,
};

/* ---- release ---- */

static bool released(struct cli *c, const char *id, const struct sightings_done *d, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o;

    if (!c->json) {
        fprintf(c->out,
                trn(c, "%s sighting told under %.8s.\n", "%s sightings told under %.8s.\n",
                    d->sightings),
                shown_count(c, d->sightings), id);
        return true;
    }
    o = json_new_object(&m);
    json_set_text(&m, o, "agreement", id);
    json_set_integer(&m, o, "sightings", (int64_t)d->sightings);
    json_set_integer(&m, o, "acts", (int64_t)d->acts);
    return print_json(c, &m, o, e);
}

static bool release_under(struct cli *c, struct sightings *s, const char *id,
                          const struct sightings_filter *f, struct sightings_done *done,
                          struct err *e)
{
    struct sightings_how how = {.now_us = os_now_us(c->os) / 1000 * 1000};
    struct record *r = node_hold(c->node, id, e);
    bool ok;

    if (!r)
        return false;
    ok = party_identity(c, &how.party, e) && sightings_release(s, r, f, &how, done, e);
    node_release(c->node, r);
    return ok;
}

/* Does anything wait under it? */
static bool waits(const struct sightings *s, const char *id, const struct meant *m)
{
    for (size_t i = 0; i < sightings_count(s); i++)
        if (!strcmp(sightings_at(s, i)->agreement, id) && fits(m, sightings_at(s, i)))
            return true;
    return false;
}

static bool release_all(struct cli *c, struct sightings *s, const struct meant *m, struct err *e)
{
    const char **ids;
    uint64_t sum = 0;
    size_t n;

    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct sightings_done done = {0};
        if (!waits(s, ids[i], m))
            continue;
        if (!release_under(c, s, ids[i], &m->f, &done, e) || !released(c, ids[i], &done, e))
            return err_within(e, "agreement %.8s", ids[i]);
        sum += done.sightings;
    }
    if (sum == 0) {
        c->status = CLI_NO;
        remark(c, "Nothing waits to be told.\n");
    }
    return true;
}

static bool run_release(struct cli *c, struct err *e)
{
    struct meant m;
    struct sightings *s = read_meant(c, &m, e) ? open_queue(c, e) : NULL;
    bool ok = s && release_all(c, s, &m, e);

    sightings_close(s);
    return ok;
}

const struct command cmd_sightings_release = {
    .name = "sightings release",
    .synopsis = "[INDICATOR] [--under AGREEMENT] [--for PARTY] [--json]",
    .sentence = "Tell those who shared what was seen of it: an officer's yes.",
    .more =
        "Each indicator becomes one STIX sighting: how many lines it was in, first and last, and\n"
        "that it was we who saw it. Of the lines themselves, and so of our own addresses, nothing\n"
        "is told. They go to the party that shared, with one act, marked TLP:AMBER or as the\n"
        "agreement bounds it (clauses.share.sighting, or other).\n",
    .options = release_options,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_release,
};

/* ---- drop ---- */

static bool run_drop(struct cli *c, struct err *e)
{
    struct meant m;
    struct sightings *s = read_meant(c, &m, e) ? open_queue(c, e) : NULL;
    uint64_t n = 0;
    bool ok = s && sightings_drop(s, &m.f, &n, e);

    sightings_close(s);
    if (ok && n == 0)
        c->status = CLI_NO;
    if (ok)
        fprintf(c->out,
                trn(c, "%s indicator will not be told of.\n",
                    "%s indicators will not be told of.\n", n),
                shown_count(c, n));
    return ok;
}

const struct command cmd_sightings_drop = {
    .name = "sightings drop",
    .synopsis = "[INDICATOR] [--under AGREEMENT] [--for PARTY]",
    .sentence = "Forget what was seen: nobody will be told.",
    .options = release_options,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_drop,
};

/* ---- received ---- */

static const struct option_row received_options[] = {
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

struct worth {
    struct worth *next, *alike;
    char agreement[ACT_AGREEMENT + 1];
    char *by;
    uint8_t of[16];
    uint64_t count, sightings;
    uint32_t first, last;
};

struct receiving {
    struct cli *c;
    const char *under; /* an id; NULL: all */
    struct worth *first, **last;
    struct worth *alike[4096]; /* by the indicator's id, which is random or a hash */
    uint64_t n;
};

static struct worth *worth_of(struct receiving *r, const struct lookout_sighting *s)
{
    struct worth **head = &r->alike[(s->of[0] << 4 | s->of[15] >> 4) & 4095], *w = *head;

    while (w && (memcmp(w->of, s->of, 16) || !bytes_are(s->slug, w->by) ||
                 !bytes_are(s->agreement, w->agreement)))
        w = w->alike;
    if (w || !(w = arena_get(r->c->arena, sizeof *w, NULL)) ||
        !(w->by = arena_string(r->c->arena, s->slug, NULL)))
        return w;
    memcpy(w->agreement, s->agreement.p, ACT_AGREEMENT);
    memcpy(w->of, s->of, 16);
    w->alike = *head;
    *head = w;
    *r->last = w;
    r->last = &w->next;
    r->n++;
    return w;
}

static bool take(void *self, const struct lookout_sighting *s)
{
    struct receiving *r = self;
    struct worth *w;

    if (s->own || (r->under && !bytes_are(s->agreement, r->under)))
        return true;
    w = worth_of(r, s);
    if (!w || !w->by)
        return false;
    w->sightings++;
    w->count += s->count;
    if (s->first && (!w->first || s->first < w->first))
        w->first = s->first;
    if (s->last > w->last)
        w->last = s->last;
    return true;
}

static bool show_received(struct receiving *r, struct err *e)
{
    struct cli *c = r->c;
    struct table t;

    table_start(&t, c, ">LINES|>TOLD|BY|UNDER|FIRST|LAST|INDICATOR|ABOUT");
    for (const struct worth *w = r->first; w; w = w->next) {
        const char *id = id_of(c, w->of);
        if (c->json && !one_json(c, w->agreement, w->by, "by", id, w->count, w->first, w->last, e))
            return false;
        table_add(&t, shown_count(c, w->count), shown_count(c, w->sightings), w->by,
                  arena_format(c->arena, NULL, "%.8s", w->agreement), time_of(c, w->first),
                  time_of(c, w->last), id, about(c, w->agreement, id));
    }
    if (!c->json && r->n)
        table_print(&t, "");
    if (!c->json)
        fprintf(words(c),
                trn(c, "Others have seen %s indicator of ours.\n",
                    "Others have seen %s indicators of ours.\n", r->n),
                shown_count(c, r->n));
    return true;
}

static bool run_received(struct cli *c, struct err *e)
{
    struct receiving *r = arena_get(c->arena, sizeof *r, e);
    char id[ACT_AGREEMENT + 1];
    struct lookout *l = NULL;
    bool ok = r != NULL;

    if (!ok)
        return false;
    r->c = c;
    r->last = &r->first;
    if (option(c, "under")) {
        ok = agreement_named(c, option(c, "under"), id, e);
        r->under = id;
    }
    ok = ok && watch_gather(c, &l, e) && lookout_sightings(l, take, r, e) && show_received(r, e);
    lookout_free(l);
    return ok;
}

const struct command cmd_sightings_received = {
    .name = "sightings received",
    .synopsis = "[--under AGREEMENT] [--json]",
    .sentence = "Show what others have seen of the indicators that we shared.",
    .options = received_options,
    .needs = NEEDS_NODE,
    .run = run_received,
};
