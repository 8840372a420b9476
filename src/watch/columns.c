/* columns: in which field of a Zeek or CSV line a token stands, and when the line happened. */
#include "base/text.h"
#include "watch/scan_impl.h"

#include <stdlib.h>

/* ---- times ------------------------------------------------------------------------------------
 */

static bool two(struct bytes t, size_t at, int *out)
{
    if (at + 2 > t.n || !(byte_class[t.p[at]] & byte_class[t.p[at + 1]] & IS_DIGIT))
        return false;
    *out = (t.p[at] - '0') * 10 + (t.p[at + 1] - '0');
    return true;
}

/* "+02:00", "-0500" behind a time; seconds east of UTC. */
static bool zone(struct bytes t, int *east)
{
    int hours, minutes;

    *east = 0;
    if (t.n == 0 || bytes_are(t, "Z"))
        return true;
    if ((t.p[0] != '+' && t.p[0] != '-') || !two(t, 1, &hours) ||
        !two(t, t.n > 3 && t.p[3] == ':' ? 4 : 3, &minutes))
        return false;
    *east = (hours * 60 + minutes) * (t.p[0] == '-' ? -60 : 60);
    return true;
}

/* Seconds since 1970 with a fraction, as Zeek writes them. */
static int64_t epoch_time(struct bytes t)
{
    int64_t us = 0;
    size_t at = 0, digits = 0;

    for (; at < t.n && at < 11 && byte_class[t.p[at]] & IS_DIGIT; at++)
        us = us * 10 + (t.p[at] - '0');
    if (at == 0 || (at < t.n && t.p[at] != '.'))
        return 0;
    for (at++; digits < 6; digits++, at++)
        us = us * 10 + (at < t.n && byte_class[t.p[at]] & IS_DIGIT ? t.p[at] - '0' : 0);
    return us;
}

int64_t event_time(struct bytes t)
{
    char text[TIME_TEXT_MAX];
    size_t n = 19;
    int east;
    int64_t us;

    if (t.n < 19 || t.p[4] != '-')
        return epoch_time(t);
    memcpy(text, t.p, 19);
    text[10] = 'T';
    if (t.n > 19 && t.p[19] == '.') {
        size_t at = 19;
        do {
            if (n < 26)
                text[n++] = (char)t.p[at];
            at++;
        } while (at < t.n && byte_class[t.p[at]] & IS_DIGIT);
        t = bytes_part(t, at, SIZE_MAX);
    } else {
        t = bytes_part(t, 19, SIZE_MAX);
    }
    text[n++] = 'Z';
    if (!zone(t, &east) || !time_parse_us(bytes_of(text, n), &us))
        return 0;
    return us - east * US_PER_S;
}

static int month_of(struct bytes t)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12 && t.n >= 3; i++)
        if (memcmp(t.p, months + 3 * i, 3) == 0)
            return i + 1;
    return 0;
}

/* "18/May/2015:04:05:06 +0000" */
static int64_t web_time(struct bytes t)
{
    int month = t.n >= 26 ? month_of(bytes_part(t, 3, 3)) : 0;
    char text[32];

    if (!month || t.p[2] != '/' || t.p[6] != '/' || t.p[11] != ':')
        return 0;
    memcpy(text, t.p + 7, 4);
    text[4] = text[7] = '-';
    text[5] = (char)('0' + month / 10);
    text[6] = (char)('0' + month % 10);
    memcpy(text + 8, t.p, 2);
    text[10] = 'T';
    memcpy(text + 11, t.p + 12, 8);
    memcpy(text + 19, t.p + 21, 5);
    return event_time(bytes_of(text, 24));
}

int64_t text_time(struct bytes line)
{
    struct bytes head = bytes_part(line, 0, bytes_find_byte(line, ' '));
    size_t bracket;

    if (head.n >= 19 && head.p[4] == '-' && head.p[7] == '-')
        return event_time(head);
    if (head.n == 10 && line.n >= 19 && line.p[4] == '-' && line.p[7] == '-')
        return event_time(bytes_part(line, 0, 11 + bytes_find_byte(bytes_part(line, 11, 32), ' ')));
    bracket = bytes_find_byte(bytes_part(line, 0, 512), '[');
    return bracket < line.n ? web_time(bytes_part(line, bracket + 1, 26)) : 0;
}

/* ---- names of columns ------------------------------------------------------------------------ */

void columns_reset(struct columns *c)
{
    c->n = 0;
    c->time = c->host = c->uri = SIZE_MAX;
    c->separator = '\t';
    c->log_n = 0;
}

/* Take over names that are parted by `separator`. No memory: there are no names, which is all
 * that is lost. */
static void set_names(struct columns *c, struct bytes names, char separator)
{
    size_t at = 0;

    c->n = 0;
    c->time = c->host = c->uri = SIZE_MAX;
    if (c->room < names.n + 1) {
        char *more = realloc(c->text, names.n + 1);
        if (!more)
            return;
        c->text = more;
        c->room = names.n + 1;
    }
    memcpy(c->text, names.p, names.n);
    c->text[names.n] = '\0';
    while (at <= names.n && c->n < LIMIT_WATCH_COLUMNS) {
        size_t end = at + bytes_find_byte(bytes_part(names, at, SIZE_MAX), (uint8_t)separator);
        c->text[end] = '\0';
        c->at[c->n] = (uint32_t)at;
        if (!strcmp(c->text + at, "ts") || !strcmp(c->text + at, "timestamp"))
            c->time = c->n;
        if (!strcmp(c->text + at, "host"))
            c->host = c->n;
        if (!strcmp(c->text + at, "uri"))
            c->uri = c->n;
        c->n++;
        at = end + 1;
    }
}

struct bytes column_name(const struct columns *c, size_t n)
{
    return n < c->n ? bytes_text(c->text + c->at[n]) : (struct bytes){0};
}

/* ---- Zeek -------------------------------------------------------------------------------------
 */

static bool header_value(const struct columns *c, struct bytes line, const char *name,
                         struct bytes *out)
{
    size_t n = strlen(name);

    if (!bytes_start_with(line, name) || line.n <= n || line.p[n] != (uint8_t)c->separator)
        return false;
    *out = bytes_part(line, n + 1, SIZE_MAX);
    if (out->n && out->p[out->n - 1] == '\r')
        out->n--;
    return true;
}

void zeek_header(struct columns *c, struct bytes line)
{
    struct bytes v;
    uint8_t separator;

    if (bytes_start_with(line, "#separator \\x") &&
        hex_decode(&separator, 1, bytes_part(line, 13, 2)) && separator != '\n') {
        columns_reset(c);
        c->separator = (char)separator;
    } else if (header_value(c, line, "#path", &v)) {
        c->log_n = v.n < sizeof c->log ? v.n : sizeof c->log;
        memcpy(c->log, v.p, c->log_n);
    } else if (header_value(c, line, "#fields", &v)) {
        set_names(c, v, c->separator);
    }
}

struct bytes column_value(struct bytes line, char separator, size_t n)
{
    for (; n; n--) {
        size_t end = bytes_find_byte(line, (uint8_t)separator);
        line = bytes_part(line, end + 1, SIZE_MAX);
    }
    return bytes_part(line, 0, bytes_find_byte(line, (uint8_t)separator));
}

void zeek_field(const struct columns *c, struct line *line, size_t at, const struct kernel *k)
{
    line->log = bytes_of(c->log, c->log_n);
    if (line->text.n && line->text.p[0] == '#')
        return;
    line->field = column_name(c, k->count(line->text.p, at, (uint8_t)c->separator));
    if (c->time != SIZE_MAX)
        line->event_us = event_time(column_value(line->text, c->separator, c->time));
}

/* ---- CSV ---------------------------------------------------------------------------------------
 */

#define CSV_HEADER ((size_t)64 << 10)

void csv_begin(struct watch_scanner *s)
{
    free(s->csv.header);
    s->csv = (struct csv){0};
}

/* Unquote the header in place and take its names. */
static void csv_header(struct watch_scanner *s)
{
    char *h = s->csv.header;
    size_t n = 0;
    bool quoted = false;

    for (size_t i = 0; i < s->csv.header_n; i++) {
        if (h[i] == '"')
            quoted = !quoted;
        else if (h[i] != '\r')
            h[n++] = h[i] == ',' && !quoted ? '\x1f' : h[i];
    }
    set_names(&s->columns, bytes_of(h, n), '\x1f');
    free(s->csv.header);
    s->csv.header = NULL;
    s->csv.started = true;
}

static void csv_header_part(struct watch_scanner *s, struct bytes part)
{
    size_t n = part.n < CSV_HEADER - s->csv.header_n ? part.n : CSV_HEADER - s->csv.header_n;

    if (!s->csv.header)
        s->csv.header = malloc(CSV_HEADER);
    if (!s->csv.header || !n)
        return;
    memcpy(s->csv.header + s->csv.header_n, part.p, n);
    s->csv.header_n += n;
}

/* Bytes outside quotes: commas are columns, a newline begins a record. */
static void csv_plain(struct watch_scanner *s, struct bytes part)
{
    const uint8_t *lf;

    while (!s->csv.started && part.n) {
        size_t end = bytes_find_byte(part, '\n');
        csv_header_part(s, bytes_part(part, 0, end));
        if (end == part.n)
            return;
        csv_header(s);
        part = bytes_part(part, end + 1, SIZE_MAX);
        s->csv.column = 0;
    }
    lf = part.n ? memrchr(part.p, '\n', part.n) : NULL;
    if (lf) {
        s->csv.column = 0;
        part = bytes_part(part, (size_t)(lf - part.p) + 1, SIZE_MAX);
    }
    for (size_t i = 0; i < part.n; i++)
        s->csv.column += part.p[i] == ',';
}

void csv_advance(struct watch_scanner *s, size_t at)
{
    while (s->csv.cursor < at) {
        struct bytes part = bytes_of(s->p + s->csv.cursor, at - s->csv.cursor);
        size_t quote = bytes_find_byte(part, '"');
        struct bytes before = bytes_part(part, 0, quote);
        if (!s->csv.quoted)
            csv_plain(s, before);
        else if (!s->csv.started)
            csv_header_part(s, before);
        s->csv.cursor += quote;
        if (quote < part.n) {
            if (!s->csv.started)
                csv_header_part(s, BYTES("\""));
            s->csv.quoted = !s->csv.quoted;
            s->csv.cursor++;
        }
    }
}

void csv_field(const struct watch_scanner *s, struct line *line)
{
    if (s->csv.started)
        line->field = column_name(&s->columns, s->csv.column);
}
