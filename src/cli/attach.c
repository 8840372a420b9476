/* Files as evidence: what --attach says, read and made into acts. */
#include "cli/attach.h"

#include <stdio.h>

/* ---- one SPEC ---- */

struct spec {
    const char *path;
    struct exhibit *x;
};

/* By the name's ending, for whoever opens it; nothing here believes it. */
static const char *media_of(const char *path)
{
    static const struct {
        const char *end, *media;
    } known[] = {{".txt", "text/plain"},
                 {".log", "text/plain"},
                 {".csv", "text/csv"},
                 {".json", "application/json"},
                 {".pcap", "application/vnd.tcpdump.pcap"},
                 {".pcapng", "application/vnd.tcpdump.pcap"},
                 {".pdf", "application/pdf"},
                 {".eml", "message/rfc822"},
                 {".png", "image/png"},
                 {".jpg", "image/jpeg"},
                 {".zip", "application/zip"},
                 {".gz", "application/gzip"},
                 {".html", "text/html"}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (bytes_end_with(bytes_text(path), known[i].end))
            return known[i].media;
    return "application/octet-stream";
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Up to the next comma; "\," is a comma. */
static const char *next_part(struct cli *c, const char **rest, struct err *e)
{
    struct buf b = buf_in(c->arena);
    const char *p = *rest;

    for (; *p && *p != ','; p++) {
        if (p[0] == '\\' && p[1] == ',')
            p++;
        buf_byte(&b, (uint8_t)*p);
    }
    *rest = *p ? p + 1 : NULL;
    return buf_string(&b, e);
}

static bool set_grade(struct cli *c, const char *value, struct exhibit *x, struct err *e)
{
    (void)c;
    return exhibit_grade_parse(bytes_text(value), &x->source, &x->information, e);
}

static bool set_custody(struct cli *c, const char *value, struct exhibit *x, struct err *e)
{
    if (x->steps_n == EXHIBIT_STEPS)
        return err_fail(e, ERR_LIMIT, "more than %d steps of custody", EXHIBIT_STEPS);
    return exhibit_step_parse(bytes_text(value), c->os, c->arena, &x->steps[x->steps_n++], e);
}

static bool set_escrow(struct cli *c, const char *value, struct exhibit *x, struct err *e)
{
    (void)c, (void)e;
    x->availability = EXHIBIT_ESCROW;
    x->holder = bytes_text(value);
    return true;
}

static bool set_text(const char *key, const char *value, struct exhibit *x)
{
    struct bytes *to = !strcmp(key, "name")         ? &x->name
                       : !strcmp(key, "type")       ? &x->media_type
                       : !strcmp(key, "about")      ? &x->about
                       : !strcmp(key, "conditions") ? &x->conditions
                                                    : NULL;
    if (to)
        *to = bytes_text(value);
    return to != NULL;
}

static bool set_one(struct cli *c, char *part, struct exhibit *x, struct err *e)
{
    static const struct {
        const char *key;
        bool (*set)(struct cli *c, const char *value, struct exhibit *x, struct err *e);
    } setters[] = {{"grade", set_grade}, {"custody", set_custody}, {"escrow", set_escrow}};
    char *equal = strchr(part, '=');

    if (!strcmp(part, "on-request") || !strcmp(part, "withheld")) {
        x->availability = part[0] == 'o' ? EXHIBIT_ON_REQUEST : EXHIBIT_WITHHELD;
        return true;
    }
    if (equal) {
        *equal = '\0';
        for (size_t i = 0; i < sizeof setters / sizeof *setters; i++)
            if (!strcmp(part, setters[i].key))
                return setters[i].set(c, equal + 1, x, e);
        if (set_text(part, equal + 1, x))
            return true;
    }
    misuse(c, e, "evidence has no \"%s\"", shown_short(c, bytes_text(part), 40));
    return err_hint(e, "FILE[,grade=B2][,name=TEXT][,type=MEDIA][,about=TEXT][,custody=...]"
                       "[,on-request][,withheld][,escrow=HOLDER][,conditions=TEXT]");
}

static bool spec_parse(struct cli *c, const char *text, struct spec *out, struct err *e)
{
    const char *rest = text;

    out->x = arena_get(c->arena, sizeof *out->x, e);
    out->path = out->x ? next_part(c, &rest, e) : NULL;
    if (!out->path)
        return false;
    if (!out->path[0])
        return misuse(c, e, "evidence begins with the name of a file");
    out->x->name = bytes_text(base_name(out->path));
    out->x->media_type = bytes_text(media_of(out->path));
    while (rest) {
        const char *part = next_part(c, &rest, e);
        char *copy = part ? arena_format(c->arena, e, "%s", part) : NULL;
        if (!copy || !set_one(c, copy, out->x, e))
            return false;
    }
    return true;
}

/* ---- files ---- */

const char *own_identity(struct cli *c, struct err *e)
{
    struct uuid nil = {{0}}, party;
    char *id = arena_get(c->arena, STIX_ID_MAX, e);
    const char *name = arena_format(c->arena, e, "entente/v1/party/%s",
                                    shown_hash(c, &node_card(c->node)->id, 64));

    if (!id || !name)
        return NULL;
    uuid_v5(&nil, bytes_text(name), &party);
    stix_id_print(id, "identity", &party);
    return id;
}

const char *exhibits_dir(struct cli *c, struct err *e)
{
    return arena_format(c->arena, e, "%s/exhibits", node_dir(c->node));
}

static bool making(struct cli *c, const struct attach_how *how, struct exhibit_making *m,
                   struct err *e)
{
    const char *self = own_identity(c, e);

    if (!self)
        return false;
    *m = (struct exhibit_making){
        .os = c->os, .g = how->g, .created_by_ref = bytes_text(self), .to_n = how->to_n};
    if (how->to_n > LIMIT_PARTIES)
        return misuse(c, e, "at most %d parties", LIMIT_PARTIES);
    for (size_t i = 0; i < how->to_n; i++)
        m->to[i] = bytes_text(how->to[i]);
    return true;
}

static bool attach_one(struct cli *c, const struct attach_how *how, const char *text,
                       struct attached *out, struct err *e)
{
    struct exhibit_making m;
    struct record_draft *drafts, *all;
    struct bytes content;
    struct spec s;
    const char *dir;
    size_t n;

    if (!spec_parse(c, text, &s, e) || !making(c, how, &m, e) ||
        !input_read(c, s.path, EXHIBIT_MOST, &content, e))
        return false;
    s.x->tlp = how->tlp;
    if (!exhibit_make(&m, s.x, content, c->arena, &drafts, &n, e))
        return err_within(e, "%s", input_name(c, s.path));
    if (s.x->availability != EXHIBIT_ATTACHED &&
        (!(dir = exhibits_dir(c, e)) ||
         !exhibit_keep(c->os, dir, s.x, m.salt, content, c->arena, e)))
        return false;
    if (!(all = arena_get_array(c->arena, out->drafts_n + n, sizeof *all, e)))
        return false;
    if (out->drafts_n)
        memcpy(all, out->drafts, out->drafts_n * sizeof *all);
    memcpy(all + out->drafts_n, drafts, n * sizeof *all);
    out->drafts = all;
    out->drafts_n += n;
    out->x[out->n++] = *s.x;
    return true;
}

bool attach_files(struct cli *c, const struct attach_how *how, const char *const *specs, size_t n,
                  struct attached *out, struct err *e)
{
    *out = (struct attached){.x = arena_get_array(c->arena, n, sizeof *out->x, e)};
    if (!out->x)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!attach_one(c, how, specs[i], out, e))
            return false;
    return true;
}

/* ---- what is held ---- */

bool exhibit_named(struct cli *c, const char *name, struct record **r, struct exhibit_held *out,
                   struct err *e)
{
    const char **ids;
    size_t n;

    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct err missing = {0};
        if ((*r = node_record(c->node, ids[i], &missing)) &&
            exhibit_find(*r, bytes_text(name), c->arena, out, &missing))
            return true;
        if (missing.code != ERR_MISSING)
            return err_pass(e, &missing);
    }
    err_fail(e, ERR_MISSING, "there is no exhibit %s", shown_short(c, bytes_text(name), 70));
    return err_hint(e, "entente exhibit list shows them");
}

const char *grade_word(struct cli *c, const struct exhibit *x)
{
    const char *s =
        x->source ? arena_format(c->arena, NULL, "%c%c", x->source, x->information) : NULL;

    return s ? s : "-";
}

const char *exhibit_whereabouts(struct cli *c, struct record *r, const struct exhibit_held *h)
{
    struct arena_mark m = arena_mark(c->arena);
    struct err why = {0};
    bool here = h->x.parts_n && exhibit_read(r, h, c->arena, NULL, NULL, &why);

    arena_reset(c->arena, m);
    if (here)
        return h->provided ? tr(c, "provided") : tr(c, "here");
    if (why.code == ERR_PROOF)
        return tr(c, "does not match");
    if (h->erased_n)
        return tr(c, "erased");
    return h->x.parts_n ? tr(c, "not here") : tr(c, "digest only");
}
