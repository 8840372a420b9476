/* entente.conf: one table of keys, from which it is read and printed. */
#include "node/config.h"
#include "base/buf.h"
#include "base/text.h"
#include "record/agreement.h"

#include <assert.h>

enum kind {
    KIND_TEXT,
    KIND_OPTIONAL, /* a text that may be absent */
    KIND_LISTEN,
    KIND_ADDRESS,
    KIND_NUMBER,
    KIND_PORT,
    KIND_SWITCH,
    KIND_PREFIX,
    KIND_LEVEL,
    KIND_TEXTS,
    KIND_SOURCES,
    KIND_TLP
};

struct key {
    const char *name;
    enum kind kind;
    size_t offset; /* in struct node_config; in struct contact for those of a section */
    uint32_t min, max;
    const char *about; /* the comment above it in a printed file */
};

#define AT(field) offsetof(struct node_config, field)
static const struct key keys[] = {
    {"name", KIND_TEXT, AT(name), 1, 200, "Who we are: stands in the card."},
    {"listen", KIND_LISTEN, AT(listen), 0, 0,
     "Where the server listens: numeric address and port."},
    {"address", KIND_ADDRESS, AT(addresses), 0, CARD_ADDRESSES,
     "Where other parties find us: stands in the card; may be repeated."},
    {"poll_seconds", KIND_NUMBER, AT(poll_seconds), 1, 86400, "Between two visits to a peer."},
    {"clock_tolerance_seconds", KIND_NUMBER, AT(clock_tolerance_seconds), 1, 86400,
     "Warn when a peer's clock differs from ours by more."},
    {"metrics_port", KIND_PORT, AT(metrics_port), 0, 65535,
     "Prometheus metrics at http://127.0.0.1:PORT/metrics; 0: none."},
    {"witness", KIND_SWITCH, AT(witness), 0, 0,
     "Cosign checkpoints of others' logs on request (C2SP tlog-witness): those of our agreements,\n"
     "# and those in witness/policy."},
    {"witness_prefix", KIND_PREFIX, AT(witness_prefix), 0, 0, "The path before /add-checkpoint."},
    {"public_tiles", KIND_SWITCH, AT(public_tiles), 0, 0,
     "Let anybody read the checkpoints and tiles of our agreements' logs: hashes, no contents."},
    {"connections", KIND_NUMBER, AT(connections), 4, 256, "Connections at a time."},
    {"log", KIND_LEVEL, AT(log), 0, 0, "What is said on stderr: error, warn, info or debug."},
    {"notify_hook", KIND_OPTIONAL, AT(notify_hook), 1, 4000,
     "A program that is told of what is overdue, of the hotline, of misbehaviour: JSON on stdin."},
    {"notify_mail", KIND_OPTIONAL, AT(notify_mail), 3, 254, "An address that is told the same."},
    {"notify_sendmail", KIND_OPTIONAL, AT(notify_sendmail), 1, 4000,
     "The program that sends mail, as sendmail does."},
    {"notify_webhook", KIND_OPTIONAL, AT(notify_webhook), 9, 2000,
     "A web address that gets the same JSON by POST."},
    {"notify_secret", KIND_OPTIONAL, AT(notify_secret), 1, 4000,
     "A file whose bytes key the signature of that JSON (HMAC-SHA256)."},
    {"notify_authorities", KIND_OPTIONAL, AT(notify_authorities), 1, 4000,
     "A PEM file of authorities for it, instead of the system's."},
    {"notify_seconds", KIND_NUMBER, AT(notify_seconds), 1, 300, "For one attempt to tell."},
    {"notify_retry_seconds", KIND_NUMBER, AT(notify_retry_seconds), 1, 86400,
     "After a first failure; then twice as long each time, up to an hour."},
    {"ladder_automatic", KIND_SWITCH, AT(ladder_automatic), 0, 0,
     "When a request or claim of ours is overdue, enter the rungs of the ladder as they are due."},
    {"watch", KIND_SOURCES, AT(watch), 0, 0,
     "Logs to be watched for what was shared: a format (auto, text, zeek, json, csv) and a path, "
     "in\n"
     "# which * and ? stand for several; may be repeated. entente watch status shows how far it "
     "is."},
    {"watch_allow", KIND_TEXTS, AT(watch_allow), 0, 0,
     "Files of values that are never a hit, one a line; may be repeated."},
    {"watch_warninglist", KIND_TEXTS, AT(watch_warninglist), 0, 0,
     "MISP warning lists (list.json), or folders of them: what they name is shown apart."},
    {"watch_min_score", KIND_NUMBER, AT(watch_min_score), 0, 100,
     "Leave out indicators whose confidence, less what age takes of it, is lower; 0: none."},
    {"watch_max_tlp", KIND_TLP, AT(watch_max_tlp), 0, 0,
     "Leave out what is marked higher: clear, green, amber, amber+strict or red."},
    {"sightings_automatic", KIND_SWITCH, AT(sightings_automatic), 0, 0,
     "Release sightings to those who shared without an officer's yes, where the agreement lets "
     "us."},
    {"sightings_seconds", KIND_NUMBER, AT(sightings_seconds), 1, 604800,
     "Between two automatic releases of sightings."},
};
#define KEYS (sizeof keys / sizeof keys[0])

static const struct key contact_keys[] = {
    {"name", KIND_TEXT, offsetof(struct contact, name), 1, 200, NULL},
    {"email", KIND_TEXT, offsetof(struct contact, email), 1, 200, NULL},
    {"phone", KIND_TEXT, offsetof(struct contact, phone), 1, 200, NULL},
    {"hours", KIND_TEXT, offsetof(struct contact, hours), 1, 200, NULL},
    {"languages", KIND_TEXT, offsetof(struct contact, languages), 1, 200, NULL},
};
#define CONTACT_KEYS (sizeof contact_keys / sizeof contact_keys[0])

static const char *const levels[] = {"error", "warn", "info", "debug"};

struct node_config node_config_default(void)
{
    return (struct node_config){.listen = {.host = "0.0.0.0", .port = 8443},
                                .poll_seconds = 60,
                                .clock_tolerance_seconds = 60,
                                .witness = true,
                                .witness_prefix = BYTES("/witness"),
                                .connections = 64,
                                .log = DIAG_INFO,
                                .notify_sendmail = BYTES("/usr/sbin/sendmail"),
                                .notify_seconds = 20,
                                .notify_retry_seconds = 10,
                                .ladder_automatic = true,
                                .watch_max_tlp = BYTES("amber+strict"),
                                .sightings_seconds = 3600};
}

/* ---- reading --------------------------------------------------------------------------------- */

struct parsing {
    struct node_config c;
    struct arena *arena;
    struct contact *contact; /* the section we are in, or NULL */
    size_t line;
    bool seen[KEYS], contact_seen[CONTACT_KEYS];
};

static void *field(void *base, const struct key *k)
{
    return (uint8_t *)base + k->offset;
}

static bool clean(struct bytes value)
{
    if (!utf8_valid(value))
        return false;
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < 0x20 || value.p[i] == 0x7f)
            return false;
    return true;
}

static bool read_text(struct bytes value, const struct key *k, struct bytes *out, struct err *e)
{
    if (value.n < k->min || value.n > k->max)
        return err_fail(e, ERR_INPUT, "%s has %u to %u bytes", k->name, k->min, k->max);
    *out = value;
    return true;
}

static bool read_number(struct bytes value, const struct key *k, uint64_t *out, struct err *e)
{
    if (!decimal_parse(value, out) || *out < k->min || *out > k->max)
        return err_fail(e, ERR_INPUT, "%s is a number from %u to %u", k->name, k->min, k->max);
    return true;
}

static bool read_switch(struct bytes value, const struct key *k, bool *out, struct err *e)
{
    if (!bytes_are(value, "on") && !bytes_are(value, "off"))
        return err_fail(e, ERR_INPUT, "%s is on or off", k->name);
    *out = bytes_are(value, "on");
    return true;
}

static bool read_level(struct bytes value, enum diag_level *out, struct err *e)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (bytes_are(value, levels[i])) {
            *out = (enum diag_level)i;
            return true;
        }
    return err_fail(e, ERR_INPUT, "log is error, warn, info or debug");
}

/* An address of a card in its one spelling: a server may stand under a path. */
static bool read_address(struct bytes value, struct node_config *c, struct err *e)
{
    struct http_url url;

    if (c->addresses_n == CARD_ADDRESSES)
        return err_fail(e, ERR_LIMIT, "at most %d addresses", CARD_ADDRESSES);
    if (!http_url_parse(value, &url, e))
        return err_within(e, "address");
    c->addresses[c->addresses_n++] = value;
    return true;
}

/* "/a/b": letters, digits, '-', '_' and '.', no dot segments, so that it never needs an escape. */
static bool read_prefix(struct bytes value, struct bytes *out, struct err *e)
{
    struct bytes rest = value, segment;

    if (value.n > HTTP_PATH_MAX || bytes_start_with(value, "/entente/"))
        return err_fail(e, ERR_INPUT, "witness_prefix is a short path, not below /entente/");
    while (http_path_next(&rest, &segment)) {
        bool dots = bytes_are(segment, ".") || bytes_are(segment, "..");
        for (size_t i = 0; i < segment.n; i++) {
            uint8_t b = segment.p[i];
            dots |= !((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
                      b == '-' || b == '_' || b == '.');
        }
        if (dots || segment.n == 0)
            break;
    }
    if (rest.n || value.n == 0 || bytes_end_with(value, "/"))
        return err_fail(e, ERR_INPUT, "witness_prefix is a path such as /witness");
    *out = value;
    return true;
}

static bool read_texts(struct bytes value, const struct key *k, struct config_texts *out,
                       struct err *e)
{
    if (value.n == 0 || value.n > 4000)
        return err_fail(e, ERR_INPUT, "%s has 1 to 4000 bytes", k->name);
    if (out->n == CONFIG_TEXTS)
        return err_fail(e, ERR_LIMIT, "%s stands at most %d times", k->name, CONFIG_TEXTS);
    out->at[out->n++] = value;
    return true;
}

/* "zeek /var/log/zeek/conn.log" */
static bool read_source(struct bytes value, const struct key *k, struct config_texts *out,
                        struct err *e)
{
    static const char *const formats[] = {"auto ", "text ", "zeek ", "json ", "csv "};

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (bytes_start_with(value, formats[i]) &&
            bytes_trim(bytes_part(value, strlen(formats[i]), SIZE_MAX)).n)
            return read_texts(value, k, out, e);
    return err_fail(e, ERR_INPUT,
                    "%s is a format (auto, text, zeek, json or csv), a blank and a path", k->name);
}

static bool read_tlp(struct bytes value, const struct key *k, struct bytes *out, struct err *e)
{
    if (tlp_rank(value) < 0)
        return err_fail(e, ERR_INPUT, "%s is clear, green, amber, amber+strict or red", k->name);
    *out = value;
    return true;
}

static bool read_value(struct parsing *p, void *base, const struct key *k, struct bytes value,
                       struct err *e)
{
    uint64_t number = 0;

    switch (k->kind) {
    case KIND_TEXT:
    case KIND_OPTIONAL:
        return read_text(value, k, field(base, k), e);
    case KIND_LISTEN:
        return http_address_parse(value, field(base, k), e) || err_within(e, "listen");
    case KIND_ADDRESS:
        return read_address(value, &p->c, e);
    case KIND_NUMBER:
        if (!read_number(value, k, &number, e))
            return false;
        *(uint32_t *)field(base, k) = (uint32_t)number;
        return true;
    case KIND_PORT:
        if (!read_number(value, k, &number, e))
            return false;
        *(uint16_t *)field(base, k) = (uint16_t)number;
        return true;
    case KIND_SWITCH:
        return read_switch(value, k, field(base, k), e);
    case KIND_PREFIX:
        return read_prefix(value, field(base, k), e);
    case KIND_LEVEL:
        return read_level(value, field(base, k), e);
    case KIND_TEXTS:
        return read_texts(value, k, field(base, k), e);
    case KIND_SOURCES:
        return read_source(value, k, field(base, k), e);
    case KIND_TLP:
        return read_tlp(value, k, field(base, k), e);
    }
    return false;
}

static const struct key *find_key(const struct key *table, size_t n, struct bytes name)
{
    for (size_t i = 0; i < n; i++)
        if (bytes_are(name, table[i].name))
            return &table[i];
    return NULL;
}

static bool unknown(struct bytes name, struct err *e)
{
    char shown[64];

    text_escape(shown, sizeof shown, name);
    return err_fail(e, ERR_INPUT, "there is no key \"%s\" here", shown);
}

static bool parse_pair(struct parsing *p, struct bytes line, struct err *e)
{
    size_t at = bytes_find_byte(line, '=');
    struct bytes name = bytes_trim(bytes_part(line, 0, at));
    struct bytes value = bytes_trim(bytes_part(line, at + (at < line.n), SIZE_MAX));
    const struct key *table = p->contact ? contact_keys : keys;
    const struct key *k = find_key(table, p->contact ? CONTACT_KEYS : KEYS, name);
    bool *seen = p->contact ? p->contact_seen : p->seen;

    if (at == line.n)
        return err_fail(e, ERR_INPUT, "expected \"key = value\" or \"[section]\"");
    if (!k)
        return unknown(name, e);
    if (!clean(value))
        return err_fail(e, ERR_INPUT, "control characters, or not UTF-8");
    if (seen[k - table] && k->kind != KIND_ADDRESS && k->kind != KIND_TEXTS &&
        k->kind != KIND_SOURCES)
        return err_fail(e, ERR_INPUT, "%s stands here twice", k->name);
    seen[k - table] = true;
    return read_value(p, p->contact ? (void *)p->contact : (void *)&p->c, k, value, e);
}

static bool section_done(const struct parsing *p, struct err *e)
{
    if (p->contact && p->contact->name.n == 0)
        return err_fail(e, ERR_INPUT, "the contact above has no name");
    return true;
}

static bool parse_section(struct parsing *p, struct bytes line, struct err *e)
{
    struct bytes inside = bytes_trim(bytes_part(line, 1, line.n - 2));

    if (!bytes_end_with(line, "]") || !bytes_start_with(inside, "contact "))
        return err_fail(e, ERR_INPUT,
                        "expected [contact technical], [contact legal] or "
                        "[contact diplomatic]");
    if (!section_done(p, e))
        return false;
    if (p->c.contacts_n == CARD_CONTACTS)
        return err_fail(e, ERR_LIMIT, "at most %d contacts", CARD_CONTACTS);
    inside = bytes_trim(bytes_part(inside, 8, SIZE_MAX));
    for (int i = 0; i < CONTACT_ROLES; i++)
        if (bytes_are(inside, contact_role_name((enum contact_role)i))) {
            p->contact = &p->c.contacts[p->c.contacts_n++];
            *p->contact = (struct contact){.role = (enum contact_role)i};
            memset(p->contact_seen, 0, sizeof p->contact_seen);
            return true;
        }
    return err_fail(e, ERR_INPUT, "a contact is technical, legal or diplomatic");
}

static bool parse_line(struct parsing *p, struct bytes line, struct err *e)
{
    line = bytes_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return true;
    return line.p[0] == '[' ? parse_section(p, line, e) : parse_pair(p, line, e);
}

bool node_config_parse(struct bytes text, struct arena *a, struct node_config *out, struct err *e)
{
    struct parsing p = {.c = node_config_default(), .arena = a};
    struct bytes line;

    if (text.n > LIMIT_CONFIG_BYTES)
        return err_fail(e, ERR_LIMIT, "a configuration has at most %zu bytes", LIMIT_CONFIG_BYTES);
    if (!arena_copy(a, text, &text, e))
        return false;
    while (bytes_next_line(&text, &line)) {
        p.line++;
        if (!parse_line(&p, line, e))
            return err_within(e, "line %zu", p.line);
    }
    if (!section_done(&p, e))
        return err_within(e, "line %zu", p.line);
    if (p.c.name.n == 0)
        return err_fail(e, ERR_INPUT, "it has no line \"name = ...\"");
    *out = p.c;
    return true;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void print_pair(struct buf *b, const char *name, struct bytes value)
{
    buf_format(b, "%s = ", name);
    buf_put(b, value);
    buf_byte(b, '\n');
}

static void print_addresses(struct buf *b, const struct node_config *c, const char *name)
{
    for (size_t i = 0; i < c->addresses_n; i++)
        print_pair(b, name, c->addresses[i]);
    if (c->addresses_n == 0)
        buf_format(b, "#%s = https://host.example:8443\n", name);
}

static void print_texts(struct buf *b, const struct config_texts *t, const struct key *k)
{
    for (size_t i = 0; i < t->n; i++)
        print_pair(b, k->name, t->at[i]);
    if (t->n == 0)
        buf_format(b, "#%s = %s/path/to/file\n", k->name, k->kind == KIND_SOURCES ? "auto " : "");
}

static void print_key(struct buf *b, const struct node_config *c, const struct key *k)
{
    const void *at = (const uint8_t *)c + k->offset;
    char listen[HTTP_ADDRESS_TEXT_MAX];

    buf_format(b, "\n# %s\n", k->about);
    switch (k->kind) {
    case KIND_TEXTS:
    case KIND_SOURCES:
        print_texts(b, at, k);
        break;
    case KIND_TEXT:
    case KIND_PREFIX:
    case KIND_TLP:
        print_pair(b, k->name, *(const struct bytes *)at);
        break;
    case KIND_OPTIONAL:
        buf_puts(b, ((const struct bytes *)at)->n ? "" : "#");
        print_pair(b, k->name, *(const struct bytes *)at);
        break;
    case KIND_LISTEN:
        http_address_print(at, listen);
        print_pair(b, k->name, bytes_text(listen));
        break;
    case KIND_ADDRESS:
        print_addresses(b, c, k->name);
        break;
    case KIND_NUMBER:
        buf_format(b, "%s = %u\n", k->name, *(const uint32_t *)at);
        break;
    case KIND_PORT:
        buf_format(b, "%s = %u\n", k->name, *(const uint16_t *)at);
        break;
    case KIND_SWITCH:
        print_pair(b, k->name, *(const bool *)at ? BYTES("on") : BYTES("off"));
        break;
    case KIND_LEVEL:
        print_pair(b, k->name, bytes_text(levels[*(const enum diag_level *)at]));
        break;
    }
}

static void print_contact(struct buf *b, const struct contact *c)
{
    buf_format(b, "\n[contact %s]\n", contact_role_name(c->role));
    for (size_t i = 0; i < CONTACT_KEYS; i++) {
        const struct bytes *value = (const void *)((const uint8_t *)c + contact_keys[i].offset);
        if (value->n)
            print_pair(b, contact_keys[i].name, *value);
    }
}

bool node_config_print(const struct node_config *c, struct arena *a, struct bytes *out,
                       struct err *e)
{
    struct buf b = buf_in(a);

    buf_puts(&b, "# The configuration of one entente node; see entente.conf(5).\n"
                 "# `entente serve` reads it at start and on SIGHUP.\n");
    for (size_t i = 0; i < KEYS; i++)
        print_key(&b, c, &keys[i]);
    buf_puts(&b, "\n# People, by role: technical, legal, diplomatic. They stand in the card.\n"
                 "# Keys of a contact: name, email, phone, hours, languages.\n");
    for (size_t i = 0; i < c->contacts_n; i++)
        print_contact(&b, &c->contacts[i]);
    return buf_end(&b, out, e);
}
