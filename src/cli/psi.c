/* entente psi: compare two lists without showing them: two command lines, no node, no agreement. */
#include "cli/psi.h"
#include "base/text.h"
#include "cli/commands.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SECRET_HEAD "entente-psi-secret/1 "
#define KEY_HEAD "entente-psi-key/1 "
#define WAIT_S 600

static const struct option_row options[] = {
    {"listen", 'l', "ADDRESS", "wait for the other side here: host:port; port 0: any that is free"},
    {"connect", 'c', "ADDRESS", "go to the other side there"},
    {"set", 's', "FILE", "the list: one item a line, CSV, MISP or STIX; - is stdin"},
    {"type", 't', "TYPE",
     "domain, ipv4, ipv6, url, email, md5, sha1, sha256, sha512 or identifier"},
    {"secret", 0, "FILE", "the secret that both sides have, as --new-secret makes it"},
    {"key", 0, "FILE", "instead of a secret: our key, as --new-key makes it,"},
    {"peer-key", 0, "HEX", "and the public key of the other side"},
    {"who", 0, "SIDE", "who learns what is in common: both (if not given), listener, connector"},
    {"semi-honest", 0, NULL, "shorter replies; holds only against a side that follows the rules"},
    {"conservative", 0, NULL, "the wider code under the correlations (21x24): slower"},
    {"shards", 'k', "K", "split the lists over K processes; both sides say the same"},
    {"out", 'o', "FILE", "where the items in common go; else stdout"},
    {"wait", 0, "SECONDS", "how long to wait for the other side; 600 if not given"},
    {"json", 0, NULL, "a summary for machines on stdout"},
    {"new-secret", 0, NULL, "print a fresh secret, and do nothing else"},
    {"new-key", 0, "FILE", "make a key file and print its public key, and do nothing else"},
    {NULL},
};

/* ---- secrets ---- */

static bool print_secret(struct cli *c)
{
    uint8_t raw[CHANNEL_SECRET];
    char hex[2 * CHANNEL_SECRET];

    os_random(c->os, raw, sizeof raw);
    hex_encode(hex, raw, sizeof raw);
    fprintf(c->out, SECRET_HEAD "%.*s\n", (int)sizeof hex, hex);
    wipe(raw, sizeof raw);
    wipe(hex, sizeof hex);
    remark(c, "Give it to the other side by a way you trust, as a file: whoever has it can pretend "
              "to be either of you.\n");
    return true;
}

static bool make_key(struct cli *c, const char *path, struct err *e)
{
    struct sign_key *k = sign_key_new(c->os, e);
    struct os_file *f = NULL;
    struct sign_public public;
    char text[sizeof KEY_HEAD + 64] = KEY_HEAD, hex[64];
    uint8_t seed[32];
    bool ok;

    if (!k)
        return false;
    sign_key_seed(k, seed);
    hex_encode(text + sizeof KEY_HEAD - 1, seed, 32);
    text[sizeof text - 1] = '\n';
    ok = os_open(c->os, path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE | OS_PRIVATE, &f, e) &&
         os_write(c->os, f, 0, bytes_of(text, sizeof text), e) && os_sync(c->os, f, e);
    os_close(c->os, f);
    public = sign_key_public(k);
    hex_encode(hex, public.b, 32);
    if (ok)
        fprintf(c->out, "%.*s\n", 64, hex);
    sign_key_free(k);
    wipe(seed, sizeof seed);
    wipe(text, sizeof text);
    return ok;
}

/* "head" and 64 hex digits on one line: nothing that people choose. */
static bool read_secret(struct cli *c, const char *path, const char *head, uint8_t out[32],
                        struct err *e)
{
    struct bytes text, line = {0};
    size_t n = strlen(head);

    if (!os_read_file(c->os, path, 4096, c->arena, &text, e))
        return false;
    bytes_next_line(&text, &line);
    if (bytes_start_with(line, head) && hex_decode(out, 32, bytes_part(line, n, SIZE_MAX)))
        return true;
    err_fail(e, ERR_INPUT, "%s does not begin with \"%s\" and 64 hex digits", path, head);
    return err_hint(e,
                    "make one with entente psi %s: what people choose can be guessed from a "
                    "recording of the connection",
                    strcmp(head, KEY_HEAD) ? "--new-secret" : "--new-key FILE");
}

static bool who_we_are(struct standalone *s, struct err *e)
{
    struct cli *c = s->c;
    uint8_t seed[32];
    struct sign_key *k;

    s->how.server = s->side == MATCH_ASKED;
    if (option(c, "secret")) {
        s->how.secret = s->secret;
        return read_secret(c, option(c, "secret"), SECRET_HEAD, s->secret, e);
    }
    if (!hex_decode(s->peer.b, 32, bytes_text(option(c, "peer-key"))) ||
        !sign_public_valid(&s->peer))
        return misuse(c, e, "--peer-key is what --new-key has printed there: 64 hex digits");
    if (!read_secret(c, option(c, "key"), KEY_HEAD, seed, e))
        return false;
    k = sign_key_of_seed(seed, e);
    wipe(seed, sizeof seed);
    if (k)
        s->identity = http_identity_open(k, NULL, 0, e);
    sign_key_free(k);
    s->how.identity = s->identity;
    s->how.peer = &s->peer;
    return s->identity != NULL;
}

/* ---- the command line ---- */

static bool number_option(struct cli *c, const char *name, uint64_t most, uint64_t *out,
                          struct err *e)
{
    const char *text = option(c, name);

    if (!text || (decimal_parse(bytes_text(text), out) && *out >= 1 && *out <= most))
        return true;
    return misuse(c, e, "--%s needs a number from 1 to %llu", name, (unsigned long long)most);
}

static bool who_option(struct standalone *s, struct err *e)
{
    const char *who = option(s->c, "who");

    if (!who || !strcmp(who, "both"))
        s->ours.who = MATCH_BOTH;
    else if (!strcmp(who, "connector"))
        s->ours.who = MATCH_ONLY_ASKER;
    else if (!strcmp(who, "listener"))
        s->ours.who = MATCH_ONLY_ASKED;
    else
        return misuse(s->c, e, "--who is both, listener or connector");
    return true;
}

static bool parse(struct standalone *s, struct err *e)
{
    struct cli *c = s->c;
    const char *listen = option(c, "listen"), *connect = option(c, "connect"), *at;
    uint64_t shards = 1, wait = WAIT_S;

    if (!listen == !connect)
        return misuse(c, e, "give --listen on one side and --connect on the other");
    if (!option(c, "set") || !option(c, "type"))
        return misuse(c, e, "--set says which list, and --type what its items are");
    if (!option(c, "secret") == !(option(c, "key") && option(c, "peer-key")))
        return misuse(c, e, "give --secret FILE, or --key FILE and --peer-key HEX");
    s->side = connect ? MATCH_ASKER : MATCH_ASKED;
    s->path = option(c, "set");
    s->ours.type = match_type_find(bytes_text(option(c, "type")));
    if (!s->ours.type)
        return misuse(c, e, "there is no type \"%s\"",
                      shown_short(c, bytes_text(option(c, "type")), 40));
    at = connect ? connect : listen;
    if (bytes_end_with(bytes_text(at), ":0") && listen) { /* any port: an address has none */
        at = arena_format(c->arena, e, "%.*s1", (int)strlen(at) - 1, at);
        if (!at || !http_address_parse(bytes_text(at), &s->at, e))
            return false;
        s->at.port = 0;
    } else if (!http_address_parse(bytes_text(at), &s->at, e)) {
        return false;
    }
    s->ours.mode = option_given(c, "semi-honest") ? PSI_SEMI_HONEST : PSI_MALICIOUS;
    s->ours.code = option_given(c, "conservative") ? PSI_CODE_21X24 : PSI_CODE_7X24;
    if (!number_option(c, "shards", PSI_LANES_MOST, &shards, e) ||
        !number_option(c, "wait", 86400, &wait, e) || !who_option(s, e))
        return false;
    s->ours.shards = (unsigned)shards;
    s->wait_ms = (uint32_t)wait * 1000;
    return true;
}

/* ---- what it was ---- */

static double seconds(int64_t us)
{
    return (double)us / 1e6;
}

static uint64_t peak_bytes(void)
{
    struct rusage self, children;

    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    return (uint64_t)(self.ru_maxrss > children.ru_maxrss ? self.ru_maxrss : children.ru_maxrss) *
           1024;
}

static double bits_per_item(const struct standalone *s)
{
    uint64_t n = s->ours.size > s->theirs.size ? s->ours.size : s->theirs.size;

    return n ? 8.0 * (double)(s->bytes_in + s->bytes_out) / (double)n : 0;
}

static void report(struct standalone *s)
{
    struct cli *c = s->c;

    if (psi_learns(s))
        remark(c, trn(c, "%s item in common.\n", "%s items in common.\n", s->common),
               shown_count(c, s->common));
    else
        remark(c, "The other side has learnt what is in common; this side has not.\n");
    remark(c, s->ours.mode == PSI_MALICIOUS
                  ? N_("  security  holds against a side that cheats; its canaries were found\n")
                  : N_("  security  semi-honest: only against a side that follows the rules; its "
                       "canaries were found\n"));
    remark(c, "  time      %.2f s, and %.2f s for reading and waiting\n",
           seconds(s->ended - s->connected), seconds(s->connected - s->began));
    remark(c, "  traffic   %s in, %s out, %.1f bits for each item\n", shown_bytes(c, s->wire.in),
           shown_bytes(c, s->wire.out), bits_per_item(s));
    remark(c, "  tested    at most %s items by whoever learns\n",
           shown_count(c, s->total.capacity));
    remark(c, "  transcript %s\n", shown_hash(c, &s->transcript, 64));
}

static bool report_json(struct standalone *s, struct err *e)
{
    struct json_maker m = json_maker(s->c->arena);
    struct json *o = json_new_object(&m), *dropped = json_set_object(&m, o, "left_out");

    json_set_text(&m, o, "type", s->ours.type->name);
    json_set_text(&m, o, "recipe", s->ours.type->recipe);
    json_set_text(&m, o, "mode", s->ours.mode == PSI_MALICIOUS ? "malicious" : "semi-honest");
    json_set_text(&m, o, "who", match_who_name(s->ours.who));
    json_set_integer(&m, o, "lines", (int64_t)s->counts.lines);
    json_set_integer(&m, o, "items", (int64_t)s->ours.size);
    json_set_integer(&m, o, "peer_items", (int64_t)s->theirs.size);
    for (int i = 1; i < NORMALISE_DROPS; i++)
        json_set_integer(&m, dropped, normalise_drop_name((enum normalise_drop)i),
                         (int64_t)s->counts.dropped[i]);
    json_set_integer(&m, dropped, "of another type", (int64_t)s->counts.other_type);
    if (s->order.number)
        json_set_integer(&m, o, "duplicates", (int64_t)s->order.duplicates);
    if (psi_learns(s))
        json_set_integer(&m, o, "common", (int64_t)s->common);
    json_set_bool(&m, o, "canaries", true);
    json_set(&m, o, "seconds", json_new_number(&m, seconds(s->ended - s->connected)));
    json_set(&m, o, "seconds_reading", json_new_number(&m, seconds(s->connected - s->began)));
    json_set(&m, o, "bits_per_item", json_new_number(&m, bits_per_item(s)));
    json_set_integer(&m, o, "bytes_in", (int64_t)s->wire.in);
    json_set_integer(&m, o, "bytes_out", (int64_t)s->wire.out);
    json_set_integer(&m, o, "rss_bytes", (int64_t)peak_bytes());
    json_set_integer(&m, o, "capacity", (int64_t)s->total.capacity);
    json_set_text(&m, o, "transcript", shown_hash(s->c, &s->transcript, 64));
    return print_json(s->c, &m, o, e);
}

/* ---- running ---- */

/* SIGINT and SIGTERM arrive as something to read, so that nothing is interrupted half done. */
static int stop_descriptor(struct err *e)
{
    sigset_t set;
    int fd = -1;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0 && signal(SIGPIPE, SIG_IGN) != SIG_ERR)
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        err_system(e, errno, "signals");
    return fd;
}

static void end(struct standalone *s)
{
    channel_close(s->control, 1000);
    http_identity_close(s->identity);
    psi_list_close(s);
    if (s->shared)
        munmap(s->shared, s->shared_bytes);
    if (s->listener >= 0)
        close(s->listener);
    if (s->stop >= 0)
        close(s->stop);
    wipe(s->secret, sizeof s->secret);
}

static bool compare(struct standalone *s, struct err *e)
{
    if (!who_we_are(s, e) || !psi_list_read(s, e) || !psi_talk(s, e) ||
        (psi_learns(s) && !psi_list_write(s, e)))
        return false;
    report(s);
    if (psi_learns(s) && option(s->c, "out"))
        remark(s->c, "  written   %s\n", option(s->c, "out"));
    return !s->c->json || report_json(s, e);
}

static bool run(struct cli *c, struct err *e)
{
    struct standalone *s = arena_get(c->arena, sizeof *s, e);
    bool ok;

    if (!s)
        return false;
    *s = (struct standalone){.c = c, .listener = -1, .stop = -1, .began = os_ticks_us(c->os)};
    if (option_given(c, "new-secret"))
        return print_secret(c);
    if (option(c, "new-key"))
        return make_key(c, option(c, "new-key"), e);
    ok = parse(s, e) && (s->stop = stop_descriptor(e)) >= 0 && compare(s, e);
    end(s);
    return ok || err_hint(e, "no result was written");
}

const struct command cmd_psi = {
    .name = "psi",
    .synopsis = "(--listen ADDRESS | --connect ADDRESS) --set FILE --type TYPE\n"
                "       (--secret FILE | --key FILE --peer-key HEX) [--who SIDE] [--semi-honest]\n"
                "       [--conservative] [--shards K] [--out FILE] [--wait SECONDS] [--json]",
    .sentence = "Compare two lists without showing them: two command lines, no node.",
    .more =
        "Both sides name the same type of items, the same secret (or each the other's key), and "
        "the same\n--who, --shards and mode. Each learns the size of the other's list, and "
        "whoever is to learn it\nwhich of its items the other has too: nothing else, even if "
        "the other side cheats about the\nprotocol. It may still put guesses on its list: "
        "entente-match(7) says what helps against that.\nExit status 0: compared, also if "
        "nothing is in common.\n",
    .options = options,
    .needs = NEEDS_NOTHING,
    .run = run,
};
