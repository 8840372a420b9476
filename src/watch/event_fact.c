/* event_fact: one value to objects and properties. */
#include "base/text.h"
#include "watch/event_impl.h"

#include <arpa/inet.h>
#include <stdio.h>

struct watch_fact *event_fact(struct events *ev, size_t object, const char *path,
                              enum watch_fact_kind kind)
{
    if (object >= ev->objects)
        return NULL;
    if (ev->n == LIMIT_WATCH_FACTS) {
        ev->cut++;
        return NULL;
    }
    ev->facts[ev->n] = (struct watch_fact){.kind = kind, .object = (uint16_t)object, .path = path};
    return &ev->facts[ev->n++];
}

size_t event_object(struct events *ev, const char *type)
{
    if (ev->objects == EVENT_OBJECTS) {
        ev->cut++;
        return SIZE_MAX;
    }
    ev->types[ev->objects] = type;
    return ev->objects++;
}

static void put_text(struct events *ev, size_t object, const char *path, enum watch_fact_kind kind,
                     struct bytes text)
{
    struct watch_fact *f = event_fact(ev, object, path, kind);

    if (f)
        f->text = text;
}

static void put_integer(struct events *ev, size_t object, const char *path,
                        enum watch_fact_kind kind, int64_t v)
{
    struct watch_fact *f = event_fact(ev, object, path, kind);

    if (f)
        f->integer = v;
}

static void put_ref(struct events *ev, size_t object, const char *path, size_t to)
{
    if (path && to != SIZE_MAX)
        put_integer(ev, object, path, WATCH_FACT_REF, (int64_t)to);
}

/* ---- slots -------------------------------------------------------------------------------------
 */

size_t event_slot(struct events *ev, enum slot slot)
{
    size_t object;

    if (ev->slot[slot])
        return ev->slot[slot] - 1U;
    object = event_object(ev, slot_types[slot]);
    if (object == SIZE_MAX)
        return object;
    ev->slot[slot] = (uint16_t)(object + 1);
    if (slot == SLOT_IMAGE || slot == SLOT_PARENT_IMAGE) {
        size_t process = event_slot(ev, slot == SLOT_IMAGE ? SLOT_PROCESS : SLOT_PARENT);
        put_ref(ev, process, "image_ref", object);
        put_ref(ev, process, "binary_ref", object); /* its name in STIX 2.0 */
    } else if (slot == SLOT_PARENT) {
        put_ref(ev, event_slot(ev, SLOT_PROCESS), "parent_ref", object);
    }
    return object;
}

/* ---- texts -------------------------------------------------------------------------------------
 */

static struct bytes lower(struct events *ev, struct bytes t)
{
    uint8_t *to = event_room(ev, t.n);

    for (size_t i = 0; to && i < t.n; i++)
        to[i] = t.p[i] >= 'A' && t.p[i] <= 'Z' ? t.p[i] | 0x20 : t.p[i];
    return bytes_of(to, to ? t.n : 0);
}

static struct bytes format(struct events *ev, const char *a, struct bytes b, const char *c,
                           struct bytes d)
{
    size_t an = strlen(a), cn = strlen(c), n = an + b.n + cn + d.n;
    uint8_t *to = event_room(ev, n);

    if (!to)
        return (struct bytes){0};
    memcpy(to, a, an);
    memcpy(to + an, b.p ? b.p : to, b.n);
    memcpy(to + an + b.n, c, cn);
    memcpy(to + an + b.n + cn, d.p ? d.p : to, d.n);
    return bytes_of(to, n);
}

/* ---- values that are objects --------------------------------------------------------------------
 */

static size_t put_value(struct events *ev, const char *type, enum watch_fact_kind kind,
                        struct bytes text)
{
    size_t object = text.n ? event_object(ev, type) : SIZE_MAX;

    put_text(ev, object, "value", kind, text);
    return object;
}

static size_t put_address(struct events *ev, struct bytes t)
{
    uint8_t b[16];
    char text[INET6_ADDRSTRLEN];
    uint8_t *to;
    size_t n;

    if (parse_ipv4(t, b))
        return put_value(ev, "ipv4-addr", WATCH_FACT_ADDRESS, t);
    if (!parse_ipv6(t, b) || !inet_ntop(AF_INET6, b, text, sizeof text))
        return SIZE_MAX;
    n = strlen(text);
    to = event_room(ev, n);
    if (to)
        memcpy(to, text, n);
    return put_value(ev, "ipv6-addr", WATCH_FACT_ADDRESS, bytes_of(to, to ? n : 0));
}

/* "[2001:db8::1]:443", "198.51.100.1:80", "name.example." */
static struct bytes host_part(struct bytes t)
{
    size_t colon = bytes_find_byte(t, ':');

    if (t.n && t.p[0] == '[')
        return bytes_part(t, 1, bytes_find_byte(t, ']') - 1);
    if (colon < t.n && bytes_find_byte(bytes_part(t, colon + 1, SIZE_MAX), ':') == t.n - colon - 1)
        t.n = colon;
    while (t.n && t.p[t.n - 1] == '.')
        t.n--;
    return t;
}

static bool is_name(struct bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!(byte_class[t.p[i]] & IS_WORD) && t.p[i] < 0x80)
            return false;
    return t.n > 0 && t.n <= LIMIT_WATCH_NAME;
}

static size_t put_host(struct events *ev, struct bytes t)
{
    struct bytes host = host_part(t);
    size_t object = put_address(ev, host);

    if (object != SIZE_MAX || !is_name(host))
        return object;
    object = put_value(ev, "domain-name", WATCH_FACT_NAME, lower(ev, host));
    if (ev->domain < 0 && object != SIZE_MAX)
        ev->domain = (int)object;
    return object;
}

static size_t put_email(struct events *ev, struct bytes t)
{
    size_t open = bytes_find_byte(t, '<'), close = bytes_find_byte(t, '>');
    size_t object;

    if (open < close && close < t.n)
        t = bytes_part(t, open + 1, close - open - 1);
    t = bytes_trim(t);
    if (bytes_find_byte(t, '@') == t.n || t.n > LIMIT_WATCH_EMAIL)
        return SIZE_MAX;
    object = put_value(ev, "email-addr", WATCH_FACT_NAME, lower(ev, t));
    return object;
}

/* The scheme and host of a URL have no case; the rest of it does. */
static size_t put_url(struct events *ev, struct bytes t)
{
    struct bytes sep = BYTES("://");
    size_t at = bytes_find(t, sep), end;
    struct bytes head;

    if (at == SIZE_MAX || t.n > LIMIT_WATCH_URL)
        return SIZE_MAX;
    for (end = at + 3; end < t.n && t.p[end] != '/' && t.p[end] != '?' && t.p[end] != '#';)
        end++;
    head = lower(ev, bytes_part(t, 0, end));
    return head.n ? put_value(ev, "url", WATCH_FACT_TEXT,
                              format(ev, "", head, "", bytes_part(t, end, SIZE_MAX)))
                  : SIZE_MAX;
}

/* ---- digests ------------------------------------------------------------------------------------
 */

static struct bytes without_colons(struct events *ev, struct bytes t)
{
    uint8_t *to = event_room(ev, t.n);
    size_t n = 0;

    for (size_t i = 0; to && i < t.n; i++)
        if (t.p[i] != ':')
            to[n++] = t.p[i];
    return bytes_of(to, n);
}

static void put_digest(struct events *ev, size_t object, struct bytes t)
{
    static const struct {
        size_t n;
        const char *path;
    } kinds[] = {
        {32, "hashes/MD5"}, {40, "hashes/SHA-1"}, {64, "hashes/SHA-256"}, {128, "hashes/SHA-512"}};

    if (bytes_find_byte(t, ':') < t.n)
        t = without_colons(ev, t);
    for (size_t i = 0; i < t.n; i++)
        if (!(byte_class[t.p[i]] & IS_HEX))
            return;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].n == t.n)
            put_text(ev, object, kinds[i].path, WATCH_FACT_NAME, lower(ev, t));
}

/* "SHA1=..,MD5=..,IMPHASH=..": an import hash is no hash of the file. */
static void put_digests(struct events *ev, size_t object, struct bytes t)
{
    while (t.n) {
        size_t end = bytes_find_byte(t, ',');
        struct bytes one = bytes_part(t, 0, end);
        size_t equal = bytes_find_byte(one, '=');
        if (!bytes_start_with(one, "IMPHASH="))
            put_digest(ev, object,
                       equal < one.n ? bytes_trim(bytes_part(one, equal + 1, SIZE_MAX)) : one);
        t = bytes_part(t, end + 1, SIZE_MAX);
    }
}

/* ---- files, processes, keys
 * ----------------------------------------------------------------------
 */

static size_t last_separator(struct bytes t)
{
    size_t at = t.n;

    while (at > 0 && t.p[at - 1] != '\\' && t.p[at - 1] != '/')
        at--;
    return at;
}

static struct bytes put_file(struct events *ev, size_t object, struct bytes t)
{
    size_t at = last_separator(t), directory;
    struct bytes name = bytes_part(t, at, SIZE_MAX);

    put_text(ev, object, "name", WATCH_FACT_TEXT, name);
    if (at == 0)
        return name;
    put_text(ev, object, "path", WATCH_FACT_TEXT, t); /* in use, though not in the standard */
    directory = event_object(ev, "directory");
    put_text(ev, directory, "path", WATCH_FACT_TEXT, bytes_part(t, 0, at > 1 ? at - 1 : at));
    put_ref(ev, object, "parent_directory_ref", directory);
    return name;
}

static void put_image(struct events *ev, enum slot slot, struct bytes t)
{
    struct bytes name = put_file(ev, event_slot(ev, slot), t);

    put_text(ev, event_slot(ev, slot == SLOT_IMAGE ? SLOT_PROCESS : SLOT_PARENT), "name",
             WATCH_FACT_TEXT, name); /* STIX 2.0 */
}

static struct bytes full_key(struct events *ev, struct bytes t)
{
    static const struct {
        const char *name, *full;
    } hives[] = {{"HKLM\\", "hkey_local_machine\\"},
                 {"HKU\\", "hkey_users\\"},
                 {"HKCR\\", "hkey_classes_root\\"},
                 {"HKCU\\", "hkey_current_user\\"},
                 {"\\REGISTRY\\MACHINE\\", "hkey_local_machine\\"},
                 {"\\REGISTRY\\USER\\", "hkey_users\\"}};

    for (size_t i = 0; i < sizeof hives / sizeof *hives; i++)
        if (bytes_start_with(t, hives[i].name))
            return format(ev, hives[i].full,
                          lower(ev, bytes_part(t, strlen(hives[i].name), SIZE_MAX)), "",
                          (struct bytes){0});
    return lower(ev, t);
}

static void put_key(struct events *ev, size_t object, struct bytes t, bool with_value)
{
    size_t at = last_separator(t);

    if (with_value && at > 1) {
        put_text(ev, object, "values[]/name", WATCH_FACT_NAME,
                 lower(ev, bytes_part(t, at, SIZE_MAX)));
        t.n = at - 1;
    }
    put_text(ev, object, "key", WATCH_FACT_NAME, full_key(ev, t));
}

/* ---- numbers ------------------------------------------------------------------------------------
 */

static void put_whole(struct events *ev, size_t object, const char *path, struct bytes t)
{
    uint64_t v = 0;
    size_t at = bytes_start_with(t, "0x") ? 2 : 0;

    if (at)
        for (; at < t.n && at < 18 && byte_class[t.p[at]] & IS_HEX; at++)
            v = v << 4 | hex_value(t.p[at]);
    else
        at = decimal_parse(t, &v) ? t.n : 0;
    if (at == t.n && t.n && v <= INT64_MAX)
        put_integer(ev, object, path, WATCH_FACT_INTEGER, (int64_t)v);
    if (!strcmp(path, "dst_port"))
        ev->port = (uint16_t)v;
}

static void put_duration(struct events *ev, size_t object, const char *path, struct bytes t)
{
    int64_t us = 0, unit = US_PER_S;
    bool point = false;

    for (size_t i = 0; i < t.n && us < INT64_MAX / 100; i++) {
        if (t.p[i] == '.') {
            point = true;
        } else if (byte_class[t.p[i]] & IS_DIGIT) {
            if (point && unit == 1)
                break;
            unit = point ? unit / 10 : unit;
            us = point ? us + unit * (t.p[i] - '0') : us * 10 + US_PER_S * (t.p[i] - '0');
        } else {
            return;
        }
    }
    if (!ev->event_us || __builtin_add_overflow(ev->event_us, us, &ev->end_us))
        return;
    put_integer(ev, object, path, WATCH_FACT_TIME, ev->end_us);
}

static void put_time(struct events *ev, size_t object, const char *path, struct bytes t)
{
    int64_t us = event_time(t);

    if (us)
        put_integer(ev, object, path, WATCH_FACT_TIME, us);
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

static void put_object(struct events *ev, const struct map_row *row, size_t slot, struct bytes v)
{
    enum as as = (enum as)row->as;

    if (as == AS_ANSWER) {
        size_t answer = put_host(ev, v);
        if (ev->domain >= 0)
            put_ref(ev, (size_t)ev->domain, "resolves_to_refs[]", answer);
    } else if (as == AS_HOST || as == AS_URL) {
        if (as == AS_HOST)
            put_host(ev, v);
        else
            put_url(ev, v);
        if (as == AS_HOST && row->path)
            ev->host = v;
        if (row->path)
            put_text(ev, slot, row->path, WATCH_FACT_TEXT, v);
    } else {
        put_ref(ev, slot, row->path,
                as == AS_ADDRESS ? put_address(ev, host_part(v))
                : as == AS_EMAIL ? put_email(ev, v)
                                 : put_value(ev, "mac-addr", WATCH_FACT_NAME, lower(ev, v)));
    }
}

void event_put(struct events *ev, const struct map_row *row, struct bytes v)
{
    size_t slot;

    if (v.n == 0 || v.n > LIMIT_WATCH_LINE)
        return;
    slot = row->slot ? event_slot(ev, (enum slot)row->slot) : SIZE_MAX;
    switch ((enum as)row->as) {
    case AS_TEXT:
        put_text(ev, slot, row->path, WATCH_FACT_TEXT, v);
        break;
    case AS_LOWER:
        put_text(ev, slot, row->path, WATCH_FACT_TEXT, lower(ev, v));
        break;
    case AS_NAME:
        put_text(ev, slot, row->path, WATCH_FACT_NAME, lower(ev, v));
        break;
    case AS_INTEGER:
        put_whole(ev, slot, row->path, v);
        break;
    case AS_TIME:
        put_time(ev, slot, row->path, v);
        break;
    case AS_DURATION:
        put_duration(ev, slot, row->path, v);
        break;
    case AS_PATH:
        ev->target = v;
        put_text(ev, slot, row->path, WATCH_FACT_TEXT, v);
        break;
    case AS_DIGEST:
        put_digest(ev, slot, v);
        break;
    case AS_DIGESTS:
        put_digests(ev, slot, v);
        break;
    case AS_FILE:
        put_file(ev, slot, v);
        break;
    case AS_IMAGE:
        put_image(ev, (enum slot)row->slot, v);
        break;
    case AS_KEY:
    case AS_KEY_VALUE:
        put_key(ev, slot, v, row->as == AS_KEY_VALUE);
        break;
    case AS_ADDRESS:
    case AS_HOST:
    case AS_ANSWER:
    case AS_URL:
    case AS_EMAIL:
    case AS_MAC:
        put_object(ev, row, slot, v);
        break;
    }
}

/* ---- free text ----------------------------------------------------------------------------------
 */

static size_t run(struct bytes t, size_t at, uint8_t which)
{
    while (at < t.n && byte_class[t.p[at]] & which)
        at++;
    return at;
}

static void word(struct events *ev, struct bytes t)
{
    size_t dot;

    while (t.n && t.p[t.n - 1] == '.')
        t.n--;
    while (t.n && t.p[0] == '.')
        t = bytes_of(t.p + 1, t.n - 1);
    dot = bytes_find_last(t, BYTES("."));
    if (dot == SIZE_MAX && (t.n == 32 || t.n == 40 || t.n == 64 || t.n == 128)) {
        size_t object = ev->slot[SLOT_FILE] ? ev->slot[SLOT_FILE] - 1U : SIZE_MAX, n = ev->n;
        if (object == SIZE_MAX && run(t, 0, IS_HEX) == t.n)
            object = event_slot(ev, SLOT_FILE);
        if (n < LIMIT_WATCH_FACTS)
            put_digest(ev, object, t);
    } else if (dot != SIZE_MAX && put_address(ev, t) == SIZE_MAX &&
               !(byte_class[t.p[dot + 1]] & IS_DIGIT)) {
        put_host(ev, t);
    }
}

/* At "://": the URL around it; its end. */
static size_t url_around(struct events *ev, struct bytes t, size_t at)
{
    size_t from = at, to = run(t, at, IS_URL);

    while (from > 0 && (t.p[from - 1] | 0x20) >= 'a' && (t.p[from - 1] | 0x20) <= 'z')
        from--;
    if (from < at)
        put_url(ev, bytes_part(t, from, to - from));
    return to;
}

void event_words(struct events *ev, struct bytes t)
{
    size_t at = 0, url_end = 0;

    while (at < t.n && ev->n < LIMIT_WATCH_FACTS) {
        size_t end = run(t, at, IS_WORD), end6;
        if (at >= url_end && t.p[at] == ':' && t.n - at > 2 && t.p[at + 1] == '/' &&
            t.p[at + 2] == '/')
            url_end = url_around(ev, t, at);
        end6 = at + run(bytes_part(t, at, 48), 0, IS_V6); /* an address has 45 at most */
        if (end6 > end || (end6 > at && t.p[at] == ':'))
            if (put_address(ev, bytes_part(t, at, end6 - at)) != SIZE_MAX)
                end = end6;
        if (end == at) {
            at++;
            continue;
        }
        if (end < t.n && t.p[end] == '@' && run(t, end + 1, IS_WORD) > end + 1)
            put_email(ev, bytes_part(t, at, run(t, end + 1, IS_WORD) - at));
        word(ev, bytes_part(t, at, end - at));
        at = end;
    }
}
