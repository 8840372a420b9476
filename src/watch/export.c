/* export: gather, sort, thin out, write. */
#include "watch/export.h"

#include "base/text.h"
#include "watch/watch_impl.h"

#include <stdio.h>
#include <stdlib.h>

struct item {
    struct entry en;
    uint64_t at;
};

struct job {
    const struct watch_index *ix;
    const struct watch_export_options *o;
    struct watch_export_counts *counts;
    struct item *items;
    size_t n;
    size_t n_text;
    char text[1 << 16];
    bool open; /* an nftables set is */
};

static const char *const names[] = {
    "hosts",    "rpz",          "unbound",         "dnsmasq",     "nftables",       "zeek",
    "suricata", "suricata-md5", "suricata-sha256", "suricata-ip", "suricata-rules", "csv",
};

bool watch_export_parse(struct bytes name, enum watch_export *out)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bytes_are(name, names[i])) {
            *out = (enum watch_export)i;
            return true;
        }
    return false;
}

/* ---- text
 * ------------------------------------------------------------------------------------------ */

#define LINE_MOST 20000 /* a URL and what stands around it, escaped */

static bool flush(struct job *j, struct err *e)
{
    size_t n = j->n_text;

    j->n_text = 0;
    return n == 0 || j->o->out(j->o->self, bytes_of(j->text, n), e);
}

static bool room(struct job *j, struct err *e)
{
    return sizeof j->text - j->n_text >= LINE_MOST || flush(j, e);
}

static void put_bytes(struct job *j, struct bytes b)
{
    memcpy(j->text + j->n_text, b.p, b.n);
    j->n_text += b.n;
}

static void put(struct job *j, const char *text)
{
    put_bytes(j, bytes_text(text));
}

static void put_number(struct job *j, uint64_t v)
{
    j->n_text += decimal_print(j->text + j->n_text, v);
}

static void put_value(struct job *j, const struct item *it)
{
    j->n_text += canon_print(it->en.kind, it->en.value, (uint8_t *)j->text + j->n_text);
}

static void put_note(struct job *j, const char *comment)
{
    if (!j->o->note.n)
        return;
    put(j, comment);
    j->n_text += text_escape(j->text + j->n_text, 2000, j->o->note);
    put(j, "\n");
}

/* ---- gathering
 * -------------------------------------------------------------------------------------- */

static bool kind_fits(enum watch_export as, enum watch_kind kind)
{
    switch (as) {
    case WATCH_EXPORT_HOSTS:
    case WATCH_EXPORT_RPZ:
    case WATCH_EXPORT_UNBOUND:
    case WATCH_EXPORT_DNSMASQ:
    case WATCH_EXPORT_SURICATA_STRINGS:
        return kind == WATCH_DOMAIN;
    case WATCH_EXPORT_NFTABLES:
        return kind <= WATCH_CIDR6;
    case WATCH_EXPORT_ZEEK:
        return kind != WATCH_SHA512;
    case WATCH_EXPORT_SURICATA_MD5:
        return kind == WATCH_MD5;
    case WATCH_EXPORT_SURICATA_SHA256:
        return kind == WATCH_SHA256;
    case WATCH_EXPORT_SURICATA_IP:
        return kind == WATCH_IPV4 || kind == WATCH_IPV6;
    case WATCH_EXPORT_SURICATA_RULES:
        return false;
    case WATCH_EXPORT_CSV:
        return true;
    }
    return false;
}

static bool in_force(const struct watch_export_options *o, const struct entry *en)
{
    if (en->flags & ENTRY_WARNED && !o->warned)
        return false;
    return o->now == 0 || ((int64_t)en->from <= o->now &&
                           (en->until == UINT32_MAX || o->now < (int64_t)en->until));
}

static int by_value(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order;

    if (x->en.kind != y->en.kind)
        return x->en.kind < y->en.kind ? -1 : 1;
    order = bytes_compare(x->en.value, y->en.value);
    if (order)
        return order;
    if (x->en.origin != y->en.origin)
        return x->en.origin < y->en.origin ? -1 : 1;
    return x->en.ref < y->en.ref ? -1 : x->en.ref > y->en.ref;
}

static bool gather(struct job *j, struct err *e)
{
    struct bytes all = j->ix->section[SECTION_ENTRIES];
    struct entry en;

    j->items = malloc((size_t)(j->ix->total + 1) * sizeof *j->items);
    if (!j->items)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (uint64_t at = 0, here = 0; entry_decode(all, at, &en, &at); here = at) {
        if (en.flags & ENTRY_HOST)
            continue;
        if (!kind_fits(j->o->as, en.kind))
            j->counts->no_form++;
        else if (!in_force(j->o, &en))
            j->counts->left_out++;
        else
            j->items[j->n++] = (struct item){en, here};
    }
    qsort(j->items, j->n, sizeof *j->items, by_value);
    return true;
}

/* ---- what is covered by another
 * ------------------------------------------------------------------------ */

static bool taken(const struct job *j, const struct entry *en)
{
    return !(en->flags & ENTRY_HOST) && in_force(j->o, en);
}

static bool has(const struct job *j, enum watch_kind kind, struct bytes canon)
{
    struct cursor c = index_seek(j->ix, kind, canon, hash_value(&j->ix->key, kind, canon));
    struct entry en;
    uint64_t id;

    while (index_same(&c, &en, &id))
        if (taken(j, &en))
            return true;
    return false;
}

static bool name_covered(const struct job *j, struct bytes name)
{
    for (;;) {
        size_t dot = bytes_find_byte(name, '.');
        name = bytes_part(name, dot + 1, SIZE_MAX);
        if (bytes_find_byte(name, '.') == name.n)
            return false;
        if (has(j, WATCH_DOMAIN, name))
            return true;
    }
}

static bool net_covered(const struct job *j, const struct entry *en)
{
    size_t size = en->kind <= WATCH_CIDR4 ? 4 : 16;
    bool single = en->value.n == size;
    int n = single ? (int)size * 8 : en->value.p[size] - 1;

    for (; n >= 0; n--) {
        uint8_t net[17] = {0};
        memcpy(net, en->value.p, (size_t)n / 8);
        if (n % 8)
            net[n / 8] = en->value.p[n / 8] & (uint8_t)(0xff00 >> n % 8);
        net[size] = (uint8_t)n;
        if (has(j, size == 4 ? WATCH_CIDR4 : WATCH_CIDR6, bytes_of(net, size + 1)))
            return true;
    }
    return false;
}

static bool covered(const struct job *j, const struct entry *en)
{
    switch (j->o->as) {
    case WATCH_EXPORT_RPZ:
    case WATCH_EXPORT_UNBOUND:
    case WATCH_EXPORT_DNSMASQ:
        return name_covered(j, en->value);
    case WATCH_EXPORT_NFTABLES:
        return net_covered(j, en);
    case WATCH_EXPORT_HOSTS:
    case WATCH_EXPORT_ZEEK:
    case WATCH_EXPORT_SURICATA_STRINGS:
    case WATCH_EXPORT_SURICATA_MD5:
    case WATCH_EXPORT_SURICATA_SHA256:
    case WATCH_EXPORT_SURICATA_IP:
    case WATCH_EXPORT_SURICATA_RULES:
    case WATCH_EXPORT_CSV:
        return false;
    }
    return false;
}

/* ---- the forms
 * ------------------------------------------------------------------------------------------- */

static bool is_v6(const struct item *it)
{
    return it->en.kind == WATCH_IPV6 || it->en.kind == WATCH_CIDR6;
}

/* A tab file: tabs, newlines and '#' at the beginning would break it. */
static void put_cell(struct job *j, struct bytes b)
{
    for (size_t i = 0; i < b.n && i < 1024; i++) {
        char c = b.p[i] < 0x20 || b.p[i] == 0x7f ? '_' : (char)b.p[i];
        put_bytes(j, bytes_of(&c, 1));
    }
    if (!b.n)
        put(j, "-");
}

static void put_csv_cell(struct job *j, struct bytes b)
{
    put(j, "\"");
    if (b.n && memchr("=+-@", b.p[0], 4))
        put(j, "'");
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] == '"')
            put(j, "\"");
        put_bytes(j, bytes_of(b.p[i] < 0x20 ? (const uint8_t *)" " : &b.p[i], 1));
    }
    put(j, "\"");
}

static const char *zeek_type(enum watch_kind kind)
{
    switch (kind) {
    case WATCH_IPV4:
    case WATCH_IPV6:
        return "Intel::ADDR";
    case WATCH_CIDR4:
    case WATCH_CIDR6:
        return "Intel::SUBNET";
    case WATCH_DOMAIN:
        return "Intel::DOMAIN";
    case WATCH_URL:
        return "Intel::URL";
    case WATCH_EMAIL:
        return "Intel::EMAIL";
    case WATCH_MD5:
    case WATCH_SHA1:
    case WATCH_SHA256:
    case WATCH_SHA512:
        break;
    }
    return "Intel::FILE_HASH";
}

static void put_zeek(struct job *j, const struct item *it)
{
    uint8_t text[WATCH_VALUE_MAX];
    struct bytes value = bytes_of(text, canon_print(it->en.kind, it->en.value, text));
    size_t scheme = it->en.kind == WATCH_URL ? bytes_find(value, BYTES("://")) : SIZE_MAX;

    put_cell(j, scheme == SIZE_MAX ? value : bytes_part(value, scheme + 3, SIZE_MAX));
    put(j, "\t");
    put(j, zeek_type(it->en.kind));
    put(j, "\t");
    put_cell(j, index_name(j->ix, it->en.origin));
    put(j, "\n");
}

static void put_csv(struct job *j, const struct item *it)
{
    uint8_t text[WATCH_VALUE_MAX];

    put(j, watch_kind_name(it->en.kind));
    put(j, ",");
    put_csv_cell(j, bytes_of(text, canon_print(it->en.kind, it->en.value, text)));
    put(j, ",");
    put_csv_cell(j, index_name(j->ix, it->en.origin));
    put(j, ",");
    put_number(j, it->en.ref);
    put(j, ",");
    for (int i = 0; i < 2; i++) {
        uint32_t t = i ? it->en.until : it->en.from;
        char when[TIME_TEXT_MAX] = "";
        if (t != 0 && t != UINT32_MAX)
            time_print(when, t);
        put(j, when);
        put(j, i ? "\r\n" : ",");
    }
}

static void put_item(struct job *j, const struct item *it, const struct item *before)
{
    uint8_t text[WATCH_VALUE_MAX];
    char base64[BASE64_LEN(LIMIT_WATCH_NAME)];
    size_t n;

    switch (j->o->as) {
    case WATCH_EXPORT_HOSTS:
        put(j, "0.0.0.0 ");
        put_value(j, it);
        put(j, "\n");
        break;
    case WATCH_EXPORT_RPZ:
        put_value(j, it);
        put(j, " CNAME .\n*.");
        put_value(j, it);
        put(j, " CNAME .\n");
        break;
    case WATCH_EXPORT_UNBOUND:
        put(j, "    local-zone: \"");
        put_value(j, it);
        put(j, ".\" always_nxdomain\n");
        break;
    case WATCH_EXPORT_DNSMASQ:
        put(j, "local=/");
        put_value(j, it);
        put(j, "/\n");
        break;
    case WATCH_EXPORT_NFTABLES:
        if (!j->open || is_v6(it) != (before && is_v6(before))) {
            put(j, j->open ? " }\n" : "");
            put(j, "add element inet ");
            put(j, j->o->name);
            put(j, is_v6(it) ? " ipv6 { " : " ipv4 { ");
            j->open = true;
        } else {
            put(j, ",\n ");
        }
        put_value(j, it);
        break;
    case WATCH_EXPORT_ZEEK:
        put_zeek(j, it);
        break;
    case WATCH_EXPORT_SURICATA_STRINGS:
        n = canon_print(it->en.kind, it->en.value, text);
        base64_encode(base64, text, n);
        put_bytes(j, bytes_of(base64, BASE64_LEN(n)));
        put(j, "\n");
        break;
    case WATCH_EXPORT_SURICATA_MD5:
    case WATCH_EXPORT_SURICATA_SHA256:
    case WATCH_EXPORT_SURICATA_IP:
        put_value(j, it);
        put(j, "\n");
        break;
    case WATCH_EXPORT_CSV:
        put_csv(j, it);
        break;
    case WATCH_EXPORT_SURICATA_RULES:
        break;
    }
}

/* Datasets under `name`-names.lst, -md5.lst, -sha256.lst, -ip.lst beside the rules. */
static void put_rules(struct job *j)
{
    static const struct {
        const char *proto, *what, *buffer, *type, *file;
    } rules[] = {
        {"dns", "name asked for", "dns.query", "string", "names"},
        {"tls", "server name", "tls.sni", "string", "names"},
        {"http", "host", "http.host", "string", "names"},
        {"ip", "address", "ip.dst", "ip", "ip"},
        {"ip", "address", "ip.src", "ip", "ip"},
    };
    uint32_t sid = 9100001;

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        put(j, "alert ");
        put(j, rules[i].proto);
        put(j, " any any -> any any (msg:\"entente shared ");
        put(j, rules[i].what);
        put(j, "\"; ");
        put(j, rules[i].buffer);
        put(j, "; dataset:isset,");
        put(j, j->o->name);
        put(j, "-");
        put(j, rules[i].file);
        put(j, ",type ");
        put(j, rules[i].type);
        put(j, ",load ");
        put(j, j->o->name);
        put(j, "-");
        put(j, rules[i].file);
        put(j, ".lst,memcap 1gb,hashsize 1048576; classtype:trojan-activity; sid:");
        put_number(j, sid++);
        put(j, "; rev:1;)\n");
        j->counts->written++;
    }
    put(j, "alert http any any -> any any (msg:\"entente shared file\"; filemd5:");
    put(j, j->o->name);
    put(j, "-md5.lst; sid:9100006; rev:1;)\nalert http any any -> any any (msg:\"entente shared "
           "file\"; filesha256:");
    put(j, j->o->name);
    put(j, "-sha256.lst; sid:9100007; rev:1;)\n");
    j->counts->written += 2;
}

static void put_head(struct job *j)
{
    switch (j->o->as) {
    case WATCH_EXPORT_RPZ:
        put_note(j, "; ");
        put(j, "$TTL 300\n@ IN SOA localhost. hostmaster.localhost. ");
        put_number(j, j->o->serial);
        put(j, " 3600 600 86400 300\n@ IN NS localhost.\n");
        break;
    case WATCH_EXPORT_NFTABLES:
        put_note(j, "# ");
        for (int i = 0; i < 2; i++) {
            put(j, i ? "delete table inet " : "add table inet ");
            put(j, j->o->name);
            put(j, "\n");
        }
        put(j, "table inet ");
        put(j, j->o->name);
        put(j, " {\n set ipv4 { type ipv4_addr; flags interval; auto-merge; }\n"
               " set ipv6 { type ipv6_addr; flags interval; auto-merge; }\n}\n");
        break;
    case WATCH_EXPORT_UNBOUND:
        put_note(j, "# ");
        put(j, "server:\n");
        break;
    case WATCH_EXPORT_HOSTS:
    case WATCH_EXPORT_DNSMASQ:
        put_note(j, "# ");
        break;
    case WATCH_EXPORT_ZEEK:
        put(j, "#fields\tindicator\tindicator_type\tmeta.source\n");
        break;
    case WATCH_EXPORT_CSV:
        put(j, "kind,value,origin,ref,from,until\r\n");
        break;
    case WATCH_EXPORT_SURICATA_RULES:
        put_note(j, "# ");
        put_rules(j);
        break;
    case WATCH_EXPORT_SURICATA_STRINGS:
    case WATCH_EXPORT_SURICATA_MD5:
    case WATCH_EXPORT_SURICATA_SHA256:
    case WATCH_EXPORT_SURICATA_IP:
        break; /* lists without comments */
    }
}

/* The longest name that a zone of this name can hold, with "*." before it. */
static bool too_long(const struct job *j, const struct entry *en)
{
    if (j->o->as != WATCH_EXPORT_RPZ || en->kind != WATCH_DOMAIN)
        return false;
    return en->value.n + strlen(j->o->name) + 4 > LIMIT_WATCH_NAME;
}

/* No resolver takes a label of more than 63 bytes. */
static bool long_label(const struct entry *en)
{
    size_t run = 0;

    for (size_t i = 0; en->kind == WATCH_DOMAIN && i < en->value.n; i++) {
        run = en->value.p[i] == '.' ? 0 : run + 1;
        if (run > 63)
            return true;
    }
    return false;
}

static bool write_all(struct job *j, struct err *e)
{
    const struct item *before = NULL;

    put_head(j);
    for (size_t i = 0; i < j->n; i++) {
        const struct item *it = &j->items[i];
        bool again = before && before->en.kind == it->en.kind &&
                     bytes_equal(before->en.value, it->en.value) && j->o->as != WATCH_EXPORT_CSV;
        if (again)
            continue;
        if (too_long(j, &it->en) || long_label(&it->en)) {
            j->counts->no_form++;
            continue;
        }
        if (covered(j, &it->en)) {
            j->counts->covered++;
            continue;
        }
        if (!room(j, e))
            return false;
        put_item(j, it, before);
        before = it;
        j->counts->written++;
    }
    if (j->open)
        put(j, " }\n");
    return flush(j, e);
}

bool watch_export(const struct watch_index *ix, const struct watch_export_options *o,
                  struct watch_export_counts *counts, struct err *e)
{
    struct job *j = calloc(1, sizeof *j);
    bool ok;

    if (!j)
        return err_fail(e, ERR_NOMEM, "out of memory");
    *counts = (struct watch_export_counts){0};
    for (const char *c = o->name; *c; c++)
        if (!(byte_class[(uint8_t)*c] & IS_WORD)) {
            free(j);
            return err_fail(e, ERR_INPUT, "a name of letters, digits, '.', '-' and '_' is needed");
        }
    j->ix = ix;
    j->o = o;
    j->counts = counts;
    ok = gather(j, e) && write_all(j, e);
    free(j->items);
    free(j);
    return ok;
}
