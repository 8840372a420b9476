/* Naming matters, and saying something on them. */
#include "cli/matter.h"
#include "base/text.h"

/* ---- naming ---- */

bool matter_in(struct cli *c, const char *agreement, struct bytes name, unsigned kinds,
               struct matter *out, struct err *e)
{
    struct cases *cases;
    bool ok;

    *out = (struct matter){.desk = node_desk(c->node, agreement, e)};
    memcpy(out->agreement, agreement, ACT_AGREEMENT);
    if (!out->desk || !(cases = desk_begin(out->desk, e)))
        return false;
    ok = desk_find(out->desk, name, kinds, &out->id, e) &&
         cases_view(cases, &out->id, desk_now(out->desk), c->arena, &out->v, e);
    out->self = desk_self(out->desk);
    desk_end(out->desk);
    return ok;
}

bool matter_named(struct cli *c, const char *name, unsigned kinds, struct matter *out,
                  struct err *e)
{
    struct bytes text = bytes_text(name);
    struct matter one;
    size_t n, found = 0;
    const char **ids;

    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct err why = err_like(e);
        if (matter_in(c, ids[i], text, kinds, &one, &why)) {
            /* "last": the newest of all agreements. */
            if (!found++ || (bytes_are(text, "last") && one.v.sent_at >= out->v.sent_at))
                *out = one;
        } else if (why.code != ERR_MISSING || n == 1) {
            return err_pass(e, &why);
        }
    }
    if (found == 1 || (found && bytes_are(text, "last")))
        return true;
    if (found)
        return err_fail(e, ERR_INPUT, "several agreements have a case %s",
                        shown_short(c, text, 64)) ||
               err_hint(e, "say which with --under AGREEMENT");
    return err_fail(e, ERR_MISSING, "there is no case %s", shown_short(c, text, 64));
}

/* ---- saying ---- */

bool refused(struct cli *c, const struct err *e)
{
    if (e->code == ERR_DENIED || e->code == ERR_INPUT || e->code == ERR_LIMIT)
        c->status = CLI_MISUSE;
    return false;
}

static bool marking(struct cli *c, enum stix_tlp *out, struct err *e)
{
    const char *label = option(c, "tlp");

    *out = STIX_TLP_AMBER;
    if (label && !stix_tlp_parse(bytes_text(label), out))
        return misuse(c, e, "--tlp is clear, green, amber, amber+strict or red, not \"%s\"",
                      shown_short(c, bytes_text(label), 40));
    return true;
}

/* What STIX and we set ourselves is not taken from a file. */
static bool is_ours(struct bytes key)
{
    static const char *const keys[] = {
        "id",         "type",   "spec_version",        "created", "modified", "created_by_ref",
        "extensions", "action", "object_marking_refs", NULL};

    for (size_t i = 0; keys[i]; i++)
        if (bytes_are(key, keys[i]))
            return true;
    return false;
}

static bool body_file(struct saying *x, const char *path, struct err *e)
{
    const struct json *v;
    struct bytes text, key;

    if (!input_read(x->c, path, LIMIT_PAYLOAD_BYTES, &text, e))
        return false;
    v = json_parse(text, x->c->arena, e);
    if (v && json_type(v) != JSON_OBJECT)
        err_fail(e, ERR_INPUT, "a body is an object");
    if (!v || json_type(v) != JSON_OBJECT)
        return err_within(e, "%s", input_name(x->c, path));
    for (size_t i = 0; i < json_count(v); i++) {
        const struct json *member = json_member(v, i, &key);
        if (!is_ours(key))
            json_set_bytes(&x->m, x->body, key, member);
    }
    return true;
}

bool saying_start(struct saying *x, struct cli *c, const char *agreement, const struct matter *on,
                  enum cases_kind kind, struct err *e)
{
    enum stix_tlp tlp;

    *x = (struct saying){.c = c, .agreement = agreement, .m = json_maker(c->arena)};
    if (!marking(c, &tlp, e) || !(x->desk = node_desk(c->node, agreement, e)))
        return false;
    x->s = (struct desk_saying){.kind = kind, .matter = on ? &on->id : NULL, .tlp = tlp};
    if (on && !desk_audience(x->desk, &on->id, c->arena, x->s.to, &x->s.to_n, e))
        return false;
    x->body = desk_body(x->desk, &x->m, kind, tlp);
    if (x->m.e.code != ERR_NONE)
        return err_pass(e, &x->m.e);
    if (option(c, "body") && !body_file(x, option(c, "body"), e))
        return refused(c, e);
    return true;
}

void saying_text(struct saying *x, const char *name, const char *member)
{
    const char *value = option(x->c, name);

    if (value)
        json_set_text(&x->m, x->body, member, value);
}

bool instant_option(struct cli *c, const char *name, struct json_maker *m, struct json *o,
                    const char *member, struct err *e)
{
    const char *text = option(c, name);
    int64_t us;

    if (!text)
        return true;
    if (strlen(text) == 10)
        text = arena_format(c->arena, e, "%sT23:59:59Z", text);
    if (!text)
        return false;
    if (!time_parse_us(bytes_text(text), &us))
        return misuse(c, e, "--%s is a date, 2026-01-31, or an instant, 2026-01-31T12:00:00Z",
                      name);
    json_set_text(m, o, member, text);
    return true;
}

bool saying_attach(struct saying *x, struct err *e)
{
    const char *to[LIMIT_PARTIES];
    struct attach_how how = {.tlp = (int)x->s.tlp - 1, .to = to};
    struct json *list;
    struct view v;
    size_t n;
    const char *const *specs = option_all(x->c, "attach", &n);

    if (n == 0)
        return true;
    if (!view_open(x->c, x->agreement, &v, e))
        return false;
    how.g = v.g;
    for (size_t i = 0; i < x->s.to_n; i++)
        if (!(to[how.to_n++] = arena_string(x->c->arena, x->s.to[i], e)))
            return false;
    if (!attach_files(x->c, &how, specs, n, &x->files, e))
        return refused(x->c, e);
    list = json_set_array(&x->m, x->body, "evidence");
    for (size_t i = 0; i < x->files.n; i++)
        json_add(&x->m, list, exhibit_cite(&x->m, &x->files.x[i]));
    x->s.before = x->files.drafts;
    x->s.before_n = x->files.drafts_n;
    return true;
}

bool saying_send(struct saying *x, struct record_placed *placed, struct err *e)
{
    struct record *r;
    bool ok;

    if (!json_made(&x->m, x->body, &x->s.body, e))
        return refused(x->c, e);
    if (option_given(x->c, "dry-run"))
        return desk_may(x->desk, &x->s, e) || refused(x->c, e);
    if (!(r = node_hold(x->c->node, x->agreement, e)))
        return false;
    ok = desk_say(x->desk, &x->s, placed, e);
    if (ok)
        node_release(x->c->node, r);
    else
        node_release_unchanged(x->c->node, r);
    return ok || refused(x->c, e);
}

/* ---- showing ---- */

const char *shown_span(struct cli *c, int64_t ms)
{
    unsigned long long s = (unsigned long long)(ms < 0 ? -ms : ms) / 1000, d = s / 86400,
                       h = s / 3600 % 24, min = s / 60 % 60;
    const char *text;

    if (d)
        text = h ? arena_format(c->arena, NULL, tr(c, "%llu d %llu h"), d, h)
                 : arena_format(c->arena, NULL, tr(c, "%llu d"), d);
    else if (h)
        text = min ? arena_format(c->arena, NULL, tr(c, "%llu h %llu min"), h, min)
                   : arena_format(c->arena, NULL, tr(c, "%llu h"), h);
    else if (min)
        text = arena_format(c->arena, NULL, tr(c, "%llu min"), min);
    else
        text = arena_format(c->arena, NULL, tr(c, "%llu s"), s);
    return text ? text : "?";
}

const char *shown_instant(struct cli *c, int64_t ms)
{
    return ms == CASES_NEVER || ms == 0 ? "" : shown_time(c, ms / 1000);
}

const char *shown_zoned(struct cli *c, const struct cases_terms *t, const struct cases_view *v,
                        int64_t ms)
{
    struct buf b = buf_in(c->arena);
    const uint16_t side[2] = {v->from, v->to};
    const struct cases_zone *before = NULL;
    const char *text;

    if (ms == CASES_NEVER)
        return tr(c, "not yet known");
    buf_puts(&b, shown_instant(c, ms));
    for (int i = 0; i < 2; i++) {
        const struct cases_zone *z = side[i] == UINT16_MAX ? NULL : cases_party_zone(t, side[i]);
        char local[40];
        if (!z || z == before || !strcmp(z->name, "UTC"))
            continue;
        cases_zone_print(local, z, ms); /* 2026-03-29T12:00:00.000+02:00 */
        if (strlen(local) < 29)
            continue;
        buf_format(&b, " = %.10s %.8s%s %s", local, local + 11, local + 23, z->name);
        before = z;
    }
    text = buf_string(&b, NULL);
    return text ? text : "?";
}
