/* event: lines to events. What a field means is looked up in event_map's table; JSON is walked
 * twice, because a line says at any place of itself which log it is of. */
#include "watch/event_impl.h"

#include "base/text.h"

#include <stdlib.h>

/* ---- the table as a hash table ------------------------------------------------------------------
 */

#define SLOTS_OF_TABLE 1024

static size_t row_hash(enum family family, struct bytes field)
{
    uint32_t h = 2166136261U ^ (uint32_t)family;

    for (size_t i = 0; i < field.n; i++)
        h = (h ^ field.p[i]) * 16777619U;
    return (h ^ h >> 15) % SLOTS_OF_TABLE;
}

/* Rows that collide stay in their order: a log's own one is met first. */
static void fill_table(uint16_t *rows)
{
    for (size_t i = 0; i < event_row_count; i++) {
        const struct map_row *r = &event_rows[i];
        size_t at = row_hash((enum family)r->family, bytes_text(r->field));
        while (rows[at])
            at = (at + 1) % SLOTS_OF_TABLE;
        rows[at] = (uint16_t)(i + 1);
    }
}

static const struct map_row *find_row(const struct events *ev, enum family family, struct bytes log,
                                      struct bytes field)
{
    for (size_t at = row_hash(family, field); ev->rows[at]; at = (at + 1) % SLOTS_OF_TABLE) {
        const struct map_row *r = &event_rows[ev->rows[at] - 1];
        if (r->family == family && bytes_are(field, r->field) &&
            (!r->log || log.n == 0 || bytes_are(log, r->log)))
            return r;
    }
    return NULL;
}

/* Agents that read Windows events may also fill in the common schema. */
static const struct map_row *row_of(const struct events *ev, enum family family, struct bytes log,
                                    struct bytes field)
{
    const struct map_row *r = find_row(ev, family, log, field);

    return r || family != FAMILY_WINDOWS ? r : find_row(ev, FAMILY_ANY, log, field);
}

static void put_field(struct events *ev, const struct map_row *r, struct bytes value)
{
    if (r)
        event_put(ev, r, value);
}

/* ---- memory -------------------------------------------------------------------------------------
 */

#define ROOM_MOST (8 * LIMIT_WATCH_LINE) /* each value is copied a few times at most */

struct events *events_new(struct err *e)
{
    struct events *ev = calloc(1, sizeof *ev);

    if (ev)
        ev->rows = calloc(SLOTS_OF_TABLE, sizeof *ev->rows);
    if (!ev || !ev->rows) {
        events_free(ev);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    fill_table(ev->rows);
    return ev;
}

void events_free(struct events *ev)
{
    if (!ev)
        return;
    free(ev->rows);
    free(ev->room);
    free(ev->record);
    free(ev);
}

uint8_t *event_room(struct events *ev, size_t n)
{
    uint8_t *p;

    if (n > ev->cap - ev->used) {
        ev->cut++;
        return NULL;
    }
    p = ev->room + ev->used;
    ev->used += n;
    return p;
}

/* Room for what a line of n bytes can become; it does not move while the line lives. */
static bool begin(struct events *ev, const struct line *line)
{
    size_t want = 8 * line->text.n + 4096;

    if (want > ROOM_MOST)
        return false;
    if (want > ev->cap) {
        uint8_t *more = realloc(ev->room, want);
        if (!more)
            return false;
        ev->room = more;
        ev->cap = want;
    }
    ev->n = ev->objects = ev->used = 0;
    memset(ev->slot, 0, sizeof ev->slot);
    ev->domain = -1;
    ev->host = ev->target = (struct bytes){0};
    ev->port = 0;
    ev->event_us = line->event_us;
    ev->end_us = 0;
    return true;
}

/* ---- Zeek's tab separated lines
 * ------------------------------------------------------------------
 */

/* "\x09" and the like, which Zeek writes for bytes that would break its lines. */
static struct bytes zeek_unescape(struct events *ev, struct bytes t)
{
    uint8_t *to;
    size_t n = 0;

    if (bytes_find(t, BYTES("\\x")) == SIZE_MAX || !(to = event_room(ev, t.n)))
        return t;
    for (size_t i = 0; i < t.n; i++) {
        bool hex = t.n - i >= 4 && t.p[i] == '\\' && t.p[i + 1] == 'x' &&
                   byte_class[t.p[i + 2]] & byte_class[t.p[i + 3]] & IS_HEX;
        to[n++] = hex ? (uint8_t)(hex_value(t.p[i + 2]) << 4 | hex_value(t.p[i + 3])) : t.p[i];
        i += hex ? 3 : 0;
    }
    return bytes_of(to, n);
}

/* Sets and vectors of Zeek: values of these kinds hold no comma. */
static bool has_parts(const struct map_row *r)
{
    return r->as == AS_ADDRESS || r->as == AS_HOST || r->as == AS_ANSWER || r->as == AS_EMAIL ||
           r->as == AS_DIGEST || r->as == AS_LOWER;
}

static void zeek_value(struct events *ev, const struct map_row *r, struct bytes v)
{
    while (has_parts(r) && bytes_find_byte(v, ',') < v.n) {
        size_t end = bytes_find_byte(v, ',');
        event_put(ev, r, zeek_unescape(ev, bytes_part(v, 0, end)));
        v = bytes_part(v, end + 1, SIZE_MAX);
    }
    event_put(ev, r, zeek_unescape(ev, v));
}

static void zeek_line(struct events *ev, const struct columns *c, const struct line *line)
{
    struct bytes rest = line->text;

    for (size_t i = 0; i < c->n && rest.n; i++) {
        size_t end = bytes_find_byte(rest, (uint8_t)c->separator);
        struct bytes v = bytes_part(rest, 0, end);
        const struct map_row *r = NULL;
        if (!bytes_are(v, "-") && !bytes_are(v, "(empty)"))
            r = find_row(ev, FAMILY_ZEEK, line->log, column_name(c, i));
        if (r)
            zeek_value(ev, r, v);
        rest = bytes_part(rest, end + 1, SIZE_MAX);
    }
}

/* ---- JSON ---------------------------------------------------------------------------------------
 */

struct mapping {
    struct events *ev;
    enum family family;
    struct bytes log;
    char id[24]; /* a Windows event's number */
    bool words;  /* nothing is known of it: take what its strings hold */
};

static struct bytes key_of(const struct json_walk *w)
{
    return bytes_part(w->line, w->level[w->depth].key, w->level[w->depth].key_n);
}

/* First pass: which family? */
static void sort_out(struct json_walk *w, struct bytes value)
{
    struct mapping *m = w->self;
    struct bytes key = key_of(w);

    if (w->depth == 1 && (bytes_are(key, "_path") || bytes_are(key, "uid")))
        m->family = FAMILY_ZEEK;
    if (w->depth == 1 && bytes_are(key, "event_type") && m->family == FAMILY_ANY)
        m->family = FAMILY_EVE;
    if ((bytes_are(key, "EventID") || bytes_are(key, "event_id")) && value.n < sizeof m->id &&
        m->family == FAMILY_ANY) {
        m->family = FAMILY_WINDOWS;
        memcpy(m->id, value.p, value.n);
        m->id[value.n] = '\0';
    }
}

static bool first_pass(struct json_walk *w, size_t from, size_t to)
{
    sort_out(w, bytes_part(w->line, from, to - from));
    return true;
}

static struct bytes decoded(struct events *ev, struct bytes raw)
{
    uint8_t *to;

    if (bytes_find_byte(raw, '\\') == raw.n)
        return raw;
    to = event_room(ev, raw.n);
    return to ? bytes_of(to, json_decode(raw, to, true)) : (struct bytes){0};
}

/* The path of keys; of a Windows event's data only what follows its usual wrappers. */
static struct bytes field_of(const struct json_walk *w, const struct mapping *m, char *to,
                             size_t cap)
{
    static const char *const wrappers[] = {"winlog.event_data.", "event_data.", "EventData.",
                                           "Event.EventData.", "Event.System."};
    struct bytes path = bytes_of(to, json_path(w, to, cap));

    for (size_t i = 0; m->family == FAMILY_WINDOWS && i < sizeof wrappers / sizeof *wrappers; i++)
        if (bytes_start_with(path, wrappers[i]))
            return bytes_part(path, strlen(wrappers[i]), SIZE_MAX);
    return path;
}

static bool map_string(struct json_walk *w, size_t from, size_t to)
{
    struct mapping *m = w->self;
    struct bytes raw = bytes_part(w->line, from, to - from), field;
    const struct map_row *r;
    char path[LIMIT_WATCH_FIELD];

    if (m->words) {
        event_words(m->ev, decoded(m->ev, raw));
        return true;
    }
    field = field_of(w, m, path, sizeof path);
    r = row_of(m->ev, m->family, m->log, field);
    if (r)
        event_put(m->ev, r, decoded(m->ev, raw));
    return true;
}

static bool map_other(struct json_walk *w, size_t from, size_t to)
{
    struct mapping *m = w->self;
    char path[LIMIT_WATCH_FIELD];

    if (!m->words)
        put_field(m->ev, row_of(m->ev, m->family, m->log, field_of(w, m, path, sizeof path)),
                  bytes_part(w->line, from, to - from));
    return true;
}

static bool json_event(struct events *ev, struct line *line)
{
    struct mapping m = {.ev = ev};
    struct json_walk w = {
        .line = line->text, .string = first_pass, .other = first_pass, .self = &m};

    if (!json_walk(&w))
        return false;
    line->log = w.facts.log;
    ev->event_us = line->event_us = w.facts.event_us;
    m.log = m.family == FAMILY_WINDOWS ? bytes_text(m.id) : line->log;
    w.string = map_string;
    w.other = map_other;
    json_walk(&w);
    if (ev->n == 0) {
        m.words = true;
        json_walk(&w);
    }
    return true;
}

/* ---- CSV ----------------------------------------------------------------------------------------
 */

/* "Source IP" and source_ip are one. */
static struct bytes plain_name(struct bytes name, char *to, size_t cap)
{
    size_t n = name.n < cap ? name.n : cap;

    for (size_t i = 0; i < n; i++)
        to[i] = (char)(name.p[i] == ' '                       ? '_'
                       : name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] | 0x20
                                                              : name.p[i]);
    return bytes_of(to, n);
}

/* The field at *rest, without its quotes; *rest moves behind its comma. */
static struct bytes csv_next(struct events *ev, struct bytes *rest)
{
    uint8_t *to;
    size_t n = 0, at = 0;
    bool quoted = false;

    if (rest->n && rest->p[0] != '"') {
        struct bytes v = bytes_part(*rest, 0, bytes_find_byte(*rest, ','));
        *rest = bytes_part(*rest, v.n + 1, SIZE_MAX);
        return v;
    }
    to = event_room(ev, rest->n);
    for (; at < rest->n && (quoted || rest->p[at] != ','); at++) {
        bool twice = quoted && rest->n - at > 1 && rest->p[at] == '"' && rest->p[at + 1] == '"';
        if (rest->p[at] == '"' && !twice) {
            quoted = !quoted;
            continue;
        }
        at += twice;
        if (to)
            to[n++] = rest->p[at];
    }
    *rest = bytes_part(*rest, at + 1, SIZE_MAX);
    return bytes_of(to, n);
}

static void csv_event(struct events *ev, const struct columns *c, struct line *line)
{
    struct bytes rest = line->text;
    char name[LIMIT_WATCH_FIELD];

    for (size_t i = 0; i < c->n && rest.n; i++) {
        struct bytes v = csv_next(ev, &rest);
        if (i == c->time)
            ev->event_us = line->event_us = event_time(v);
        put_field(ev,
                  row_of(ev, FAMILY_ANY, (struct bytes){0},
                         plain_name(column_name(c, i), name, sizeof name)),
                  v);
    }
}

/* ---- one line -----------------------------------------------------------------------------------
 */

/* A request's host and path, put together. */
static void compose_url(struct events *ev)
{
    static const struct map_row url = {.as = AS_URL};
    struct bytes host = ev->host, path = ev->target;
    char port[8] = "";
    uint8_t *to;
    size_t n, digits = 0;

    if (!path.n || (path.p[0] != '/' && host.n)) {
        event_put(ev, &url, path); /* a proxy's request names it whole */
        return;
    }
    if (!host.n || path.n > LIMIT_WATCH_URL || host.n > LIMIT_WATCH_NAME + 8)
        return;
    if (ev->port && ev->port != 80 && bytes_find_byte(host, ':') == host.n) {
        port[0] = ':';
        digits = 1 + decimal_print(port + 1, ev->port);
    }
    n = 7 + host.n + digits + path.n;
    if (!(to = event_room(ev, n)))
        return;
    memcpy(to, "http://", 7);
    memcpy(to + 7, host.p, host.n);
    memcpy(to + 7 + host.n, port, digits);
    memcpy(to + 7 + host.n + digits, path.p, path.n);
    event_put(ev, &url, bytes_of(to, n));
}

static void fill(struct watch_scanner *s, struct line *line)
{
    struct events *ev = s->events;

    if (s->format == WATCH_ZEEK) {
        zeek_line(ev, &s->columns, line);
    } else if (s->format == WATCH_CSV) {
        csv_event(ev, &s->columns, line);
    } else if (s->format != WATCH_JSON || !json_event(ev, line)) {
        ev->event_us = line->event_us = text_time(line->text);
        event_words(ev, line->text);
    }
    compose_url(ev);
}

bool events_line(struct watch_scanner *s, const struct line *from)
{
    struct events *ev = s->events;
    struct line line = *from;
    struct watch_event out;

    if (s->format == WATCH_ZEEK) {
        if (line.text.n == 0 || line.text.p[0] == '#')
            return true;
        zeek_field(&s->columns, &line, 0, s->kernel);
    }
    if (line.text.n > LIMIT_WATCH_LINE || !begin(ev, &line)) {
        s->counts.no_event++;
        return true;
    }
    fill(s, &line);
    s->counts.facts_cut += ev->cut;
    ev->cut = 0;
    out = (struct watch_event){.types = ev->types,
                               .objects = ev->objects,
                               .facts = ev->facts,
                               .n = ev->n,
                               .line = line.text,
                               .log = line.log,
                               .line_number = line.number,
                               .line_offset = line.offset,
                               .event_us = line.event_us,
                               .end_us = ev->end_us ? ev->end_us : line.event_us};
    s->stopped = !s->options.event(s->options.self, &out);
    return !s->stopped;
}

/* ---- all lines ----------------------------------------------------------------------------------
 */

static struct bytes without_cr(const uint8_t *p, size_t n)
{
    return bytes_of(p, n && p[n - 1] == '\r' ? n - 1 : n);
}

/* Keep what is there of a record that goes on. */
static void keep_record(struct watch_scanner *s, struct bytes part)
{
    struct events *ev = s->events;
    uint8_t *more;

    if (ev->record_lost || part.n > LIMIT_WATCH_LINE - ev->record_n ||
        !(more = realloc(ev->record, ev->record_n + part.n + 1))) {
        ev->record_lost = true;
        return;
    }
    memcpy(more + ev->record_n, part.p, part.n);
    ev->record = more;
    ev->record_n += part.n;
}

static bool give_record(struct watch_scanner *s, struct line *line, struct bytes part)
{
    struct events *ev = s->events;
    bool lost, ok;

    line->text = part;
    line->number = ev->record_line;
    line->offset = ev->record_offset;
    if (ev->record_n) {
        keep_record(s, part);
        line->text = bytes_of(ev->record, ev->record_n);
    }
    line->text = without_cr(line->text.p, line->text.n);
    lost = ev->record_lost;
    s->counts.no_event += lost;
    ok = lost || line->number == 1 || !line->text.n || events_line(s, line);
    ev->record_n = 0;
    ev->record_lost = false;
    return ok;
}

/* CSV: a record ends at an LF outside quotes. The first one names the columns. */
static bool csv_line(struct watch_scanner *s, struct line *line, const uint8_t *end, bool whole)
{
    struct events *ev = s->events;
    struct bytes part = line->text;

    if (!ev->record_quoted && ev->record_n == 0) {
        ev->record_line = line->number;
        ev->record_offset = line->offset;
    }
    for (size_t at = bytes_find_byte(part, '"'); at < part.n;) {
        ev->record_quoted = !ev->record_quoted;
        at += 1 + bytes_find_byte(bytes_part(part, at + 1, SIZE_MAX), '"');
    }
    if (whole && !ev->record_quoted)
        return give_record(s, line, part);
    keep_record(s, bytes_of(part.p, (size_t)(end - part.p)));
    return true;
}

static bool one_line(struct watch_scanner *s, struct line *line, const uint8_t *end, bool whole)
{
    if (s->format == WATCH_CSV)
        return csv_line(s, line, end, whole);
    if (!whole || line->offset < s->piece_offset) {
        s->counts.no_event += line->offset >= s->piece_offset;
        return true;
    }
    line->text = without_cr(line->text.p, line->text.n);
    if (s->format == WATCH_ZEEK && line->text.n && line->text.p[0] == '#')
        zeek_header(&s->columns, line->text);
    return line->text.n == 0 || events_line(s, line);
}

bool events_piece(struct watch_scanner *s, const uint8_t *p, size_t n)
{
    uint64_t number = s->piece_lines;
    size_t at = 0;

    if (s->format == WATCH_CSV && s->options.every_line)
        csv_advance(s, n);
    if (s->options.every_line)
        s->finder.newlines = 0;
    while (at < n) {
        const uint8_t *lf = memchr(p + at, '\n', n - at);
        size_t to = lf ? (size_t)(lf - p) : n;
        struct line line = {.text = bytes_of(p + at, to - at), .number = ++number};
        line.offset = at || !s->mid_line ? s->piece_offset + at : s->line_offset;
        s->finder.newlines += s->options.every_line && lf;
        if (!one_line(s, &line, lf ? lf + 1 : p + n, lf || !s->cutting))
            return false;
        at = to + 1;
    }
    return true;
}
