/* entente export: what is in force, in the forms that other programs load. */
#include "watch/export.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/watch.h"
#include "lookout/feed.h"

#include <stdlib.h>

#define OUTPUT_MOST ((size_t)4 << 30)

static const struct option_row options[] = {
    {"format", 0, "FORM",
     "suricata-rules, suricata-datasets, zeek, rpz, nftables, unbound, dnsmasq, hosts, csv, misp "
     "or "
     "stix"},
    {"output", 'o', "FILE", "where to; a folder for suricata-rules, suricata-datasets and misp"},
    {"under", 0, "AGREEMENT", "only what was shared under it"},
    {"from", 0, "PARTY", "only what this party shared"},
    {"type", 0, "KIND",
     "only ipv4, cidr4, ipv6, cidr6, domain, url, email, md5, sha1, sha256 or sha512; may be given "
     "again"},
    {"max-tlp", 0, "LABEL", "leave out what is marked higher; else watch_max_tlp"},
    {"min-score", 0, "N", "leave out what scores lower (0 to 100); else watch_min_score"},
    {"allow", 0, "FILE", "leave out the values in it, one a line; may be given again"},
    {"warninglist", 0, "FILE",
     "leave out what a MISP warning list names; a file or a folder; may be given again"},
    {"doubtful", 0, NULL, "do not leave out what a warning list names"},
    {"name", 0, "NAME", "of the zone, table or files; else entente"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

enum form { FORM_ONE, FORM_RULES, FORM_DATASETS, FORM_MISP, FORM_STIX };

/* blocks: the program stops traffic by it, so the clause's pap must permit that. */
static const struct format {
    const char *name;
    enum form form;
    enum watch_export as;
    bool blocks;
} formats[] = {
    {"suricata-rules", FORM_RULES, WATCH_EXPORT_SURICATA_RULES, false},
    {"suricata-datasets", FORM_DATASETS, WATCH_EXPORT_SURICATA_STRINGS, false},
    {"zeek", FORM_ONE, WATCH_EXPORT_ZEEK, false},
    {"rpz", FORM_ONE, WATCH_EXPORT_RPZ, true},
    {"nftables", FORM_ONE, WATCH_EXPORT_NFTABLES, true},
    {"unbound", FORM_ONE, WATCH_EXPORT_UNBOUND, true},
    {"dnsmasq", FORM_ONE, WATCH_EXPORT_DNSMASQ, true},
    {"hosts", FORM_ONE, WATCH_EXPORT_HOSTS, true},
    {"csv", FORM_ONE, WATCH_EXPORT_CSV, false},
    {"misp", FORM_MISP, WATCH_EXPORT_CSV, false},
    {"stix", FORM_STIX, WATCH_EXPORT_CSV, false},
};

struct exporting {
    struct cli *c;
    const struct format *format;
    struct lookout *lookout;
    struct lookout_policy policy;
    struct lookout_report report;
    struct watch_lists *allowed, *warned;
    struct watch_index *index;
    struct arena *arena;
    char agreement[ACT_AGREEMENT + 1];
    const char *name;
    struct bytes note;
    struct watch_export_counts counts;
    uint64_t changed, files;
};

/* ---- options ---- */

static bool find_format(struct cli *c, const struct format **out, struct err *e)
{
    const char *name = option(c, "format");

    for (size_t i = 0; name && i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(name, formats[i].name)) {
            *out = &formats[i];
            return true;
        }
    return misuse(c, e,
                  "--format is suricata-rules, suricata-datasets, zeek, rpz, nftables, unbound, "
                  "dnsmasq, hosts, csv, misp or stix");
}

static bool read_kinds(struct cli *c, uint32_t *out, struct err *e)
{
    enum watch_kind kind;
    size_t n;
    const char *const *at = option_all(c, "type", &n);

    for (size_t i = 0; i < n; i++) {
        if (!watch_kind_parse(bytes_text(at[i]), &kind))
            return misuse(c, e, "there is no kind \"%s\"", shown_short(c, bytes_text(at[i]), 40));
        *out |= UINT32_C(1) << kind;
    }
    return true;
}

static bool read_options(struct exporting *x, struct err *e)
{
    struct cli *c = x->c;

    x->name = option(c, "name") ? option(c, "name") : "entente";
    if (!find_format(c, &x->format, e) || !watch_policy(c, &x->policy, e) ||
        !read_kinds(c, &x->policy.kinds, e))
        return false;
    if (x->format->form != FORM_ONE && x->format->form != FORM_STIX &&
        (!option(c, "output") || !strcmp(option(c, "output"), "-")))
        return misuse(c, e, "%s is a folder: -o DIR", x->format->name);
    if (option(c, "under")) {
        if (!agreement_named(c, option(c, "under"), x->agreement, e))
            return false;
        x->policy.under = x->agreement;
    }
    x->policy.from = option(c, "from");
    x->policy.blocking = x->format->blocks;
    if (!watch_read_lists(c, &x->allowed, &x->warned, e))
        return false;
    x->policy.allowed = x->allowed;
    x->policy.warned = x->warned;
    return true;
}

/* ---- files: written only if they change, replaced as a whole ---- */

static bool same_as_before(struct exporting *x, const char *path, struct bytes text)
{
    struct arena *a = arena_new(text.n + 65536);
    struct bytes old;
    bool same = a && os_exists(x->c->os, path) &&
                os_read_file(x->c->os, path, text.n + 1, a, &old, NULL) && bytes_equal(old, text);

    arena_free(a);
    return same;
}

static bool put_file(struct exporting *x, const char *path, struct bytes text, struct err *e)
{
    if (!path || !strcmp(path, "-"))
        return output_write(x->c, NULL, text, e);
    x->files++;
    if (same_as_before(x, path, text))
        return true;
    x->changed++;
    return os_write_file(x->c->os, path, text, 0, e);
}

static bool put_in_folder(struct exporting *x, const char *name, struct bytes text, struct err *e)
{
    const char *dir = option(x->c, "output");
    const char *path = arena_format(x->c->arena, e, "%s/%s", dir, name);

    return path && os_make_dirs(x->c->os, dir, e) && put_file(x, path, text, e);
}

/* ---- through watch ---- */

static bool append(void *self, struct bytes text, struct err *e)
{
    struct buf *b = self;

    (void)e;
    buf_put(b, text);
    return true;
}

static bool draw(struct exporting *x, enum watch_export as, uint32_t serial, struct bytes *out,
                 struct err *e)
{
    struct buf b = buf_in(x->arena);
    struct watch_export_options o = {.as = as,
                                     .name = x->name,
                                     .note = x->note,
                                     .serial = serial,
                                     .warned = option_given(x->c, "doubtful"),
                                     .out = append,
                                     .self = &b};
    struct watch_export_counts n;

    if (!watch_export(x->index, &o, &n, e))
        return false;
    x->counts.written += n.written;
    x->counts.covered += n.covered;
    x->counts.no_form += n.no_form;
    x->counts.left_out += n.left_out;
    return buf_end(&b, out, e);
}

/* The serial of the zone that is there: it stays as long as nothing else changes. */
static uint32_t old_serial(struct exporting *x, const char *path)
{
    struct arena_mark m = arena_mark(x->arena);
    struct bytes text, line;
    uint64_t serial = 0;

    if (path && os_exists(x->c->os, path) &&
        os_read_file(x->c->os, path, OUTPUT_MOST / 4, x->arena, &text, NULL))
        while (!serial && bytes_next_line(&text, &line)) {
            size_t at = bytes_find(line, BYTES(" SOA localhost. hostmaster.localhost. "));
            struct bytes rest = bytes_part(line, at, SIZE_MAX);
            if (at == SIZE_MAX)
                continue;
            rest = bytes_part(rest, sizeof " SOA localhost. hostmaster.localhost. " - 1, SIZE_MAX);
            if (!decimal_parse(bytes_part(rest, 0, bytes_find_byte(rest, ' ')), &serial))
                break;
        }
    arena_reset(x->arena, m);
    return serial > UINT32_MAX ? 0 : (uint32_t)serial;
}

static bool write_one(struct exporting *x, struct err *e)
{
    const char *path = option(x->c, "output");
    bool zone = x->format->as == WATCH_EXPORT_RPZ;
    uint32_t serial = zone ? old_serial(x, path) : 0;
    uint32_t now = (uint32_t)x->policy.now;
    struct bytes text;

    if (zone && serial) {
        struct watch_export_counts none = x->counts;
        if (!draw(x, x->format->as, serial, &text, e))
            return false;
        if (same_as_before(x, path, text))
            return put_file(x, path, text, e);
        x->counts = none;
    }
    return draw(x, x->format->as, now > serial ? now : serial + 1, &text, e) &&
           put_file(x, path, text, e);
}

static bool write_datasets(struct exporting *x, struct err *e)
{
    static const struct {
        enum watch_export as;
        const char *file;
    } sets[] = {{WATCH_EXPORT_SURICATA_STRINGS, "names"},
                {WATCH_EXPORT_SURICATA_IP, "ip"},
                {WATCH_EXPORT_SURICATA_MD5, "md5"},
                {WATCH_EXPORT_SURICATA_SHA256, "sha256"}};
    struct bytes text;

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        const char *name = arena_format(x->c->arena, e, "%s-%s.lst", x->name, sets[i].file);
        if (!name || !draw(x, sets[i].as, 0, &text, e) || !put_in_folder(x, name, text, e))
            return false;
    }
    /* What no set holds is told once. */
    x->counts.no_form = x->report.built.indicators > x->counts.written + x->counts.left_out
                            ? x->report.built.indicators - x->counts.written - x->counts.left_out
                            : 0;
    return true;
}

static bool write_rules(struct exporting *x, struct err *e)
{
    const char *name = arena_format(x->c->arena, e, "%s.rules", x->name);
    struct watch_export_counts sets;
    struct bytes text;

    if (!name || !write_datasets(x, e))
        return false;
    sets = x->counts;
    if (!draw(x, WATCH_EXPORT_SURICATA_RULES, 0, &text, e) || !put_in_folder(x, name, text, e))
        return false;
    x->counts = sets;
    return true;
}

/* ---- STIX and MISP ---- */

static bool write_misp(struct exporting *x, struct err *e)
{
    struct feed_options o = {.party = node_card(x->c->node)->name};
    struct feed_file *files;

    if (!party_identity(x->c, &o.id, e) ||
        !feed_misp(x->lookout, &x->policy, &o, x->arena, &files, &x->report, e))
        return false;
    x->counts.written = x->report.values;
    for (; files; files = files->next)
        if (!put_in_folder(x, files->name, files->text, e))
            return false;
    return true;
}

/* The objects themselves, as they were shared: which ones is decided first. */
struct wanted {
    const char *slug;
    char agreement[ACT_AGREEMENT + 1];
    uint64_t act;
    uint8_t uuid[16];
};

struct bundle {
    struct exporting *x;
    struct wanted *want;
    size_t n, cap;
    const char *agreement;
    struct buf text;
    bool any;
    bool tlp[6];
};

static bool want(void *self, const struct lookout_indicator *in, struct err *e)
{
    struct bundle *b = self;
    struct wanted *w;

    if (b->n == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 1024;
        w = realloc(b->want, cap * sizeof *w);
        if (!w)
            return err_fail(e, ERR_NOMEM, "out of memory");
        b->want = w;
        b->cap = cap;
    }
    w = &b->want[b->n++];
    *w = (struct wanted){.slug = (const char *)in->slug.p, .act = in->act};
    memcpy(w->agreement, in->agreement.p, in->agreement.n);
    memcpy(w->uuid, in->uuid, sizeof w->uuid);
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    int o = strcmp(x->agreement, y->agreement);

    if (!o)
        o = strcmp(x->slug, y->slug);
    if (!o)
        o = (x->act > y->act) - (x->act < y->act);
    return o ? o : memcmp(x->uuid, y->uuid, sizeof x->uuid);
}

static bool put_object(void *self, const struct record_object *o)
{
    struct bundle *b = self;
    struct wanted key = {.act = o->act};
    struct uuid id;
    char slug[64] = "";

    if (!o->bytes.n || !stix_id_parse(o->id, NULL, &id) || o->slug.n >= sizeof slug ||
        !bytes_start_with(o->id, "indicator--"))
        return true;
    memcpy(slug, o->slug.p, o->slug.n);
    key.slug = slug;
    memcpy(key.agreement, b->agreement, ACT_AGREEMENT);
    memcpy(key.uuid, id.b, sizeof key.uuid);
    if (!bsearch(&key, b->want, b->n, sizeof *b->want, by_place))
        return true;
    buf_puts(&b->text, b->any ? ",\n" : "\n");
    buf_put(&b->text, o->bytes);
    b->any = true;
    if (o->tlp >= 0 && o->tlp < 5)
        b->tlp[o->tlp + 1] = true;
    return true;
}

/* Of each act that holds something wanted, once. */
static bool put_acts(struct bundle *b, struct err *e)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct wanted *w = &b->want[i], *before = i ? w - 1 : NULL;
        struct record *r;
        if (before && before->act == w->act && !strcmp(before->slug, w->slug) &&
            !strcmp(before->agreement, w->agreement))
            continue;
        b->agreement = w->agreement;
        r = node_record(b->x->c->node, w->agreement, e);
        if (!r || !record_objects_of(r, bytes_text(w->slug), w->act, put_object, b, e))
            return false;
    }
    return true;
}

static bool write_stix(struct exporting *x, struct err *e)
{
    struct bundle b = {.x = x, .text = buf_in(x->arena)};
    struct uuid party, id;
    struct buf whole = buf_in(x->arena);
    struct bytes objects, text;
    char shown_id[STIX_ID_MAX];
    bool ok = party_identity(x->c, &party, e) &&
              lookout_each(x->lookout, &x->policy, true, want, &b, &x->report, e);

    if (ok && b.n)
        qsort(b.want, b.n, sizeof *b.want, by_place);
    ok = ok && put_acts(&b, e) && buf_end(&b.text, &objects, e);
    free(b.want);
    if (!ok)
        return false;
    x->counts.written = b.n;
    uuid_v5(&party, objects, &id);
    stix_id_print(shown_id, "bundle", &id);
    buf_format(&whole, "{\"type\":\"bundle\",\"id\":\"%s\",\"objects\":[", shown_id);
    for (int t = 1; t < 6; t++)
        if (b.tlp[t]) {
            buf_puts(&whole, "\n");
            buf_put(&whole, stix_tlp_object((enum stix_tlp)t));
            buf_puts(&whole, ",");
        }
    buf_put(&whole, objects);
    buf_puts(&whole, "\n]}\n");
    return buf_end(&whole, &text, e) && put_file(x, option(x->c, "output"), text, e);
}

/* ---- all of it ---- */

static bool compile(struct exporting *x, struct err *e)
{
    struct bytes index, catalogue;
    const char *marking;

    if (!lookout_compile_here(x->lookout, &x->policy, x->arena, &index, &catalogue, &x->report,
                              e) ||
        !(x->index = watch_index_of(index, e)))
        return false;
    marking = x->report.tlp < 0 ? "TLP:CLEAR" : stix_tlp_name((enum stix_tlp)(x->report.tlp + 1));
    x->note =
        bytes_text(arena_format(x->c->arena, NULL,
                                "%s. Exported by entente for %.*s; not to be passed on beyond "
                                "this marking.",
                                marking, BYTES_FMT(node_card(x->c->node)->name)));
    return true;
}

static bool write_all(struct exporting *x, struct err *e)
{
    switch (x->format->form) {
    case FORM_ONE:
        return compile(x, e) && write_one(x, e);
    case FORM_RULES:
        return compile(x, e) && write_rules(x, e);
    case FORM_DATASETS:
        return compile(x, e) && write_datasets(x, e);
    case FORM_MISP:
        return write_misp(x, e);
    case FORM_STIX:
        return write_stix(x, e);
    }
    return false;
}

static void report(struct exporting *x)
{
    struct cli *c = x->c;

    remark(c, "Indicators shared: %s; written: %s.\n", shown_count(c, x->report.objects),
           shown_count(c, x->counts.written));
    watch_left_out_print(c, &x->report, c->err);
    if (x->counts.left_out)
        remark(c, "  left out    %9s  contradicted by a warning list (--doubtful)\n",
               shown_count(c, x->counts.left_out));
    if (x->counts.covered)
        remark(c, "  left out    %9s  covered by a name above or a network around them\n",
               shown_count(c, x->counts.covered));
    if (x->counts.no_form)
        remark(c, "  left out    %9s  of a kind that this form cannot say\n",
               shown_count(c, x->counts.no_form));
    if (x->files)
        remark(c, "Files: %s; changed: %s.\n", shown_count(c, x->files),
               shown_count(c, x->changed));
}

static bool report_json(struct exporting *x, struct err *e)
{
    struct json_maker m = json_maker(x->c->arena);
    struct json *o = json_new_object(&m), *out = json_set_object(&m, o, "left_out");

    json_set_integer(&m, o, "shared", (int64_t)x->report.objects);
    json_set_integer(&m, o, "written", (int64_t)x->counts.written);
    json_set_integer(&m, o, "files", (int64_t)x->files);
    json_set_integer(&m, o, "changed", (int64_t)x->changed);
    json_set_integer(&m, out, "warned", (int64_t)x->counts.left_out);
    json_set_integer(&m, out, "covered", (int64_t)x->counts.covered);
    json_set_integer(&m, out, "no_form", (int64_t)x->counts.no_form);
    for (int i = 0; i < LOOKOUT_REASONS; i++)
        if (x->report.left_out[i])
            json_set_integer(&m, out, lookout_reason_name((enum lookout_reason)i),
                             (int64_t)x->report.left_out[i]);
    return print_json(x->c, &m, o, e);
}

static bool run(struct cli *c, struct err *e)
{
    struct exporting x = {.c = c, .arena = arena_new(OUTPUT_MOST)};
    bool ok = (x.arena || err_fail(e, ERR_NOMEM, "out of memory")) && read_options(&x, e) &&
              watch_gather(c, &x.lookout, e) && write_all(&x, e);

    if (ok && c->json && option(c, "output"))
        ok = report_json(&x, e);
    else if (ok)
        report(&x);
    watch_index_close(x.index);
    lookout_free(x.lookout);
    watch_lists_free(x.allowed);
    watch_lists_free(x.warned);
    arena_free(x.arena);
    return ok;
}

const struct command cmd_export = {
    .name = "export",
    .synopsis = "--format FORM [-o FILE|DIR] [--under AGREEMENT] [--from PARTY] [--type KIND]... "
                "[--max-tlp LABEL] [--min-score N] [--allow FILE]... [--warninglist FILE]... "
                "[--doubtful] [--name NAME] [--json]",
    .sentence = "Write what is in force in a form that other programs load.",
    .more = "What is in force is decided as for entente watch compile. Forms that block (rpz, "
            "nftables,\n"
            "unbound, dnsmasq, hosts) leave out what the agreement permits only to look for\n"
            "(clauses.share.indicator.pap amber or red). The head names the highest marking in it, "
            "where\n"
            "the form has comments. The order is that of the values; a file that would not change "
            "is not\n"
            "touched, one that does is replaced as a whole, and a zone's serial grows only then.\n",
    .options = options,
    .needs = NEEDS_NODE,
    .run = run,
};
