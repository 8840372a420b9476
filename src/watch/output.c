/* output: hits written out. Lines are put together in one buffer and handed on when it is full. */
#include "watch/output.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdlib.h>

#define ROOM ((size_t)128 << 10)
#define LINE_MOST ((size_t)48 << 10) /* room that one hit is sure to find */
#define SHOWN 1024                   /* of one value, escaped */
#define AROUND 160                   /* of the line, for people */

struct watch_writer {
    enum watch_as as;
    bool (*out)(void *self, struct bytes text, struct err *e);
    void *self;
    struct err e;
    bool failed, begun;
    int64_t second;
    char second_text[TIME_TEXT_MAX];
    char source[SHOWN];
    size_t source_n;
    size_t n;
    char text[ROOM];
};

struct watch_writer *watch_writer_new(enum watch_as as,
                                      bool (*out)(void *self, struct bytes text, struct err *e),
                                      void *self, struct err *e)
{
    struct watch_writer *w = calloc(1, sizeof *w);

    if (!w) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    w->as = as;
    w->out = out;
    w->self = self;
    return w;
}

void watch_writer_free(struct watch_writer *w)
{
    free(w);
}

void watch_writer_source(struct watch_writer *w, struct bytes name)
{
    w->source_n = name.n < sizeof w->source ? name.n : sizeof w->source;
    if (w->source_n)
        memcpy(w->source, name.p, w->source_n);
}

static bool flush(struct watch_writer *w)
{
    if (w->n && !w->failed)
        w->failed = !w->out(w->self, bytes_of(w->text, w->n), &w->e);
    w->n = 0;
    return !w->failed;
}

bool watch_writer_end(struct watch_writer *w, struct err *e)
{
    if (flush(w))
        return true;
    return err_pass(e, &w->e);
}

/* ---- pieces of text; there is always room for one line ------------------------------------- */

static void put(struct watch_writer *w, const char *text, size_t n)
{
    memcpy(w->text + w->n, text, n);
    w->n += n;
}

#define PUT(w, literal) put(w, literal, sizeof(literal) - 1)

static void put_text(struct watch_writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void put_number(struct watch_writer *w, uint64_t v)
{
    w->n += decimal_print(w->text + w->n, v);
}

static bool plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static struct bytes cut(struct bytes b)
{
    return bytes_part(b, 0, SHOWN);
}

/* One character that is not plain: as JSON writes it. */
static size_t put_json_char(struct watch_writer *w, struct bytes b, size_t at)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t c = b.p[at], utf8[4];
    size_t next = at;
    int32_t code;

    if (c == '"' || c == '\\') {
        put_text(w, c == '"' ? "\\\"" : "\\\\");
        return at + 1;
    }
    if (c < 0x20 || c == 0x7f) {
        char six[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        put(w, six, 6);
        return at + 1;
    }
    code = c < 0x80 ? c : utf8_next(b, &next);
    if (code < 0) {
        PUT(w, "\\ufffd");
        return at + 1;
    }
    put(w, (const char *)utf8, utf8_put(utf8, (uint32_t)code));
    return next;
}

static void put_json(struct watch_writer *w, struct bytes b)
{
    size_t at = 0;

    b = cut(b);
    PUT(w, "\"");
    while (at < b.n) {
        size_t from = at;
        while (at < b.n && plain(b.p[at]))
            at++;
        put(w, (const char *)b.p + from, at - from);
        if (at < b.n)
            at = put_json_char(w, b, at);
    }
    PUT(w, "\"");
}

static void put_escaped(struct watch_writer *w, struct bytes b)
{
    w->n += text_escape(w->text + w->n, 4 * SHOWN, cut(b));
}

/* A field of RFC 4180. What begins like a formula gets a quote before it. */
static void put_csv(struct watch_writer *w, struct bytes b)
{
    b = cut(b);
    PUT(w, "\"");
    if (b.n && memchr("=+-@\t\r", b.p[0], 6))
        PUT(w, "'");
    for (size_t i = 0; i < b.n; i++) {
        char c = (char)b.p[i];
        if (c == '"')
            PUT(w, "\"");
        put(w, b.p[i] < 0x20 || b.p[i] == 0x7f ? " " : &c, 1);
    }
    PUT(w, "\"");
}

/* Neighbours in a log share their second: its text is kept. */
static void put_time(struct watch_writer *w, int64_t us)
{
    char fraction[8] = ".000000";
    int64_t second = us / US_PER_S, rest = us % US_PER_S;

    if (us <= 0)
        return;
    if (second != w->second)
        time_print(w->second_text, second);
    w->second = second;
    for (int i = 6; i > 0; i--, rest /= 10)
        fraction[i] = (char)('0' + rest % 10);
    put(w, w->second_text, strlen(w->second_text) - 1);
    put(w, fraction, 7);
    PUT(w, "Z");
}

static const char *how_name(enum watch_how how)
{
    return how == WATCH_EXACT ? "exact" : how == WATCH_PARENT ? "parent" : "prefix";
}

static struct bytes source(const struct watch_writer *w)
{
    return bytes_of(w->source, w->source_n);
}

/* ---- the forms --------------------------------------------------------------------------------
 */

/* Of a line: a tab as a blank, or Zeek's logs could not be read. */
static void put_line(struct watch_writer *w, struct bytes b)
{
    while (b.n) {
        size_t tab = bytes_find_byte(b, '\t');
        put_escaped(w, bytes_part(b, 0, tab));
        if (tab < b.n)
            PUT(w, " ");
        b = bytes_part(b, tab + 1, SIZE_MAX);
    }
}

/* Some of the line on both sides of the token. */
static void put_around(struct watch_writer *w, const struct watch_hit *h)
{
    bool inside = h->seen.p >= h->line.p && h->seen.p + h->seen.n <= h->line.p + h->line.n;
    size_t at = inside ? (size_t)(h->seen.p - h->line.p) : 0;
    size_t from = at > AROUND / 2 ? at - AROUND / 2 : 0;
    struct bytes after;

    if (!inside) {
        put_line(w, bytes_part(h->line, 0, AROUND));
        return;
    }
    after = bytes_part(h->line, at + h->seen.n, AROUND / 2);
    if (from)
        PUT(w, "...");
    put_line(w, bytes_part(h->line, from, at - from));
    if (w->as == WATCH_AS_COLOURED)
        PUT(w, "\033[1;31m");
    put_escaped(w, h->seen);
    if (w->as == WATCH_AS_COLOURED)
        PUT(w, "\033[0m");
    put_line(w, after);
}

/* Colours as grep has them. */
static void colour(struct watch_writer *w, const char *code)
{
    if (w->as == WATCH_AS_COLOURED)
        put_text(w, code);
}

#define PURPLE "\033[35m"
#define GREEN "\033[32m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

/* file:line:column, so that editors can go there. */
static void put_place(struct watch_writer *w, const struct watch_hit *h)
{
    if (w->source_n) {
        colour(w, PURPLE);
        put_escaped(w, source(w));
        colour(w, PLAIN);
        PUT(w, ":");
    }
    colour(w, GREEN);
    put_number(w, h->line_number);
    PUT(w, ":");
    put_number(w, h->offset - h->line_offset + 1);
    colour(w, PLAIN);
    PUT(w, ": ");
}

static void put_people(struct watch_writer *w, const struct watch_hit *h)
{
    const struct watch_indicator *in = h->indicator;

    put_place(w, h);
    put_text(w, watch_kind_name(in->kind));
    PUT(w, " ");
    colour(w, BOLD);
    put_escaped(w, in->value);
    colour(w, PLAIN);
    if (in->origin.n) {
        PUT(w, " (");
        put_escaped(w, in->origin);
        PUT(w, ")");
    }
    if (h->field.n) {
        PUT(w, " in ");
        put_escaped(w, h->log);
        put_text(w, h->log.n ? " " : "");
        put_escaped(w, h->field);
    }
    if (in->warned.n) {
        PUT(w, " [doubtful: on ");
        put_escaped(w, in->warned);
        PUT(w, "]");
    }
    PUT(w, ": ");
    put_around(w, h);
}

static void put_json_hit(struct watch_writer *w, const struct watch_hit *h)
{
    const struct watch_indicator *in = h->indicator;

    PUT(w, "{\"source\":");
    put_json(w, source(w));
    PUT(w, ",\"line\":");
    put_number(w, h->line_number);
    PUT(w, ",\"offset\":");
    put_number(w, h->offset);
    if (h->event_us > 0) {
        PUT(w, ",\"time\":\"");
        put_time(w, h->event_us);
        PUT(w, "\"");
    }
    PUT(w, ",\"log\":");
    put_json(w, h->log);
    PUT(w, ",\"field\":");
    put_json(w, h->field);
    PUT(w, ",\"seen\":");
    put_json(w, h->seen);
    PUT(w, ",\"how\":\"");
    put_text(w, how_name(h->how));
    PUT(w, "\",\"kind\":\"");
    put_text(w, watch_kind_name(in->kind));
    PUT(w, "\",\"value\":");
    put_json(w, in->value);
    PUT(w, ",\"origin\":");
    put_json(w, in->origin);
    PUT(w, ",\"ref\":");
    put_number(w, in->ref);
    if (in->warned.n) {
        PUT(w, ",\"warned\":");
        put_json(w, in->warned);
    }
    PUT(w, "}");
}

#define CSV_HEADER "source,line,offset,time,log,field,seen,how,kind,value,origin,ref,warned\r\n"

static void put_csv_hit(struct watch_writer *w, const struct watch_hit *h)
{
    const struct watch_indicator *in = h->indicator;

    put_csv(w, source(w));
    PUT(w, ",");
    put_number(w, h->line_number);
    PUT(w, ",");
    put_number(w, h->offset);
    PUT(w, ",");
    put_time(w, h->event_us);
    PUT(w, ",");
    put_csv(w, h->log);
    PUT(w, ",");
    put_csv(w, h->field);
    PUT(w, ",");
    put_csv(w, h->seen);
    PUT(w, ",");
    put_text(w, how_name(h->how));
    PUT(w, ",");
    put_text(w, watch_kind_name(in->kind));
    PUT(w, ",");
    put_csv(w, in->value);
    PUT(w, ",");
    put_csv(w, in->origin);
    PUT(w, ",");
    put_number(w, in->ref);
    PUT(w, ",");
    put_csv(w, in->warned);
    PUT(w, "\r");
}

/* The members that readers of eve.json look for; what is ours stands under "entente". */
static void put_eve(struct watch_writer *w, const struct watch_hit *h)
{
    PUT(w, "{");
    if (h->event_us > 0) {
        PUT(w, "\"timestamp\":\"");
        put_time(w, h->event_us);
        w->n--; /* eve writes the zone as digits */
        PUT(w, "+0000\",");
    }
    PUT(w,
        "\"event_type\":\"alert\",\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":0,"
        "\"rev\":1,\"signature\":\"entente watch: ");
    put_text(w, watch_kind_name(h->indicator->kind));
    PUT(w, "\",\"category\":\"shared indicator\",\"severity\":");
    put_number(w, h->indicator->warned.n ? 3 : 2);
    PUT(w, "},\"entente\":");
    put_json_hit(w, h);
    PUT(w, "}");
}

bool watch_writer_hit(void *self, const struct watch_hit *h)
{
    struct watch_writer *w = self;

    if (sizeof w->text - w->n < LINE_MOST && !flush(w))
        return false;
    if (w->as == WATCH_AS_CSV && !w->begun)
        put_text(w, CSV_HEADER);
    w->begun = true;
    switch (w->as) {
    case WATCH_AS_TEXT:
    case WATCH_AS_COLOURED:
        put_people(w, h);
        break;
    case WATCH_AS_JSON:
        put_json_hit(w, h);
        break;
    case WATCH_AS_CSV:
        put_csv_hit(w, h);
        break;
    case WATCH_AS_EVE:
        put_eve(w, h);
        break;
    }
    PUT(w, "\n");
    return !w->failed;
}
