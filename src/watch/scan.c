/* scan: a stream in parts of any size to pieces that the finder can search.
 *
 * A piece is a run of whole lines. Parts are searched in place where they are large, and copied
 * where a line is cut. A line that does not fit is searched in several pieces, cut where no token
 * can be; a token that does not fit either is searched with an overlap that is longer than any
 * indicator, so its end is seen with all of the text that could matter. */
#include "watch/event_impl.h"

#include <stdlib.h>

#define ROOM_FIRST ((size_t)256 << 10)
#define OVERLAP ((size_t)16 << 10)  /* more than the longest value */
#define IN_PLACE ((size_t)64 << 10) /* less than this is copied */
#define PIECE_MOST ((size_t)256 << 20)

static bool stopped(struct err *e)
{
    return err_fail(e, ERR_DENIED, "the scan was stopped");
}

static bool room_grow(struct watch_scanner *s, size_t cap, struct err *e)
{
    uint8_t *more = realloc(s->room, cap + 2 * SLACK);

    if (!more)
        return err_fail(e, ERR_NOMEM, "out of memory");
    memset(more, '\n', SLACK);
    memset(more + SLACK + s->n, '\n', cap - s->n + SLACK);
    s->room = more;
    s->cap = cap;
    return true;
}

static uint8_t *data(struct watch_scanner *s)
{
    return s->room + SLACK;
}

static void stream_reset(struct watch_scanner *s)
{
    s->n = s->overlap = 0;
    s->offset = s->lines = s->line_offset = 0;
    s->begun = s->mid_line = s->open_left = s->url_open = false;
    s->hit_line = s->event_line = s->composed_line = UINT64_MAX;
    s->cutting = false;
    s->format = s->options.format;
    columns_reset(&s->columns);
    csv_begin(s);
}

struct watch_scanner *watch_scanner_new(struct watch_index *ix, const struct watch_options *o,
                                        struct err *e)
{
    struct watch_scanner *s = calloc(1, sizeof *s);

    if (!s) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    s->options = *o;
    s->kernel = o->kernel ? kernel_named(o->kernel, cpu_features()) : kernel_best(cpu_features());
    if (!s->kernel) {
        err_fail(e, ERR_INPUT, "this machine has no kernel \"%s\"", o->kernel);
        free(s);
        return NULL;
    }
    s->ix = ix;
    index_hold(ix);
    stream_reset(s);
    if (o->event && !(s->events = events_new(e))) {
        watch_scanner_free(s);
        return NULL;
    }
    s->memo = memo_new(e);
    if (s->memo && room_grow(s, ROOM_FIRST, e) && finder_init(&s->finder, ix, s->memo, e) &&
        finder_init(&s->inner, ix, s->memo, e))
        return s;
    watch_scanner_free(s);
    return NULL;
}

void watch_scanner_free(struct watch_scanner *s)
{
    if (!s)
        return;
    finder_wipe(&s->finder);
    finder_wipe(&s->inner);
    memo_free(s->memo);
    watch_index_close(s->ix);
    events_free(s->events);
    free(s->columns.text);
    free(s->csv.header);
    free(s->decoded);
    free(s->room);
    free(s);
}

bool watch_scanner_switch(struct watch_scanner *s, struct watch_index *ix, struct err *e)
{
    (void)e;
    index_hold(ix);
    watch_index_close(s->ix);
    s->ix = ix;
    s->finder.ix = s->inner.ix = ix;
    memo_forget(s->memo);
    return true;
}

/* What the stream is, from its first bytes. */
static enum watch_format guess_format(struct bytes first)
{
    struct bytes t = bytes_trim(first);

    if (bytes_start_with(t, "\xef\xbb\xbf"))
        t = bytes_trim(bytes_part(t, 3, SIZE_MAX));
    if (bytes_start_with(t, "#separator") || bytes_start_with(t, "#fields"))
        return WATCH_ZEEK;
    return t.n && t.p[0] == '{' ? WATCH_JSON : WATCH_TEXT;
}

static void begin(struct watch_scanner *s, struct bytes first)
{
    s->begun = true;
    if (s->options.format == WATCH_AUTO)
        s->format = guess_format(first);
    s->finder.json = s->format == WATCH_JSON;
    s->finder.zeek = s->format == WATCH_ZEEK;
    s->finder.hosts =
        !s->options.tokens_only && (s->format == WATCH_ZEEK || s->format == WATCH_JSON);
}

/* The piece that begins inside a URL: nothing begins before that one's end. */
static size_t rest_of_url(const uint8_t *p, size_t n)
{
    size_t i = 0;

    while (i < n && byte_class[p[i]] & IS_URL)
        i++;
    return i;
}

static void begin_piece(struct watch_scanner *s, const uint8_t *p, size_t n)
{
    finder_begin(&s->finder, p, n);
    s->finder.carry.newline = !s->mid_line;
    s->finder.open_left = s->open_left;
    s->finder.fresh = s->overlap;
    s->finder.json = s->format == WATCH_JSON && !s->mid_line;
    if (s->url_open)
        s->finder.url_done = rest_of_url(p, n);
}

/* One piece that ends where a token does. */
static bool closed_piece(struct watch_scanner *s, const uint8_t *p, size_t n, struct err *e)
{
    const uint8_t *last;

    begin_piece(s, p, n);
    s->url_open = false;
    if (!scan_piece(s, p, n))
        return stopped(e);
    s->counts.bytes += n - s->overlap;
    s->counts.lines += s->finder.newlines;
    s->lines += s->finder.newlines;
    s->offset += n;
    s->overlap = 0;
    s->open_left = false;
    if (s->finder.newlines) {
        last = memrchr(p, '\n', n);
        s->line_offset = s->offset - (size_t)(p + n - last - 1);
        s->mid_line = last != p + n - 1;
    }
    return true;
}

/* Whole lines at p: `n` bytes that end in LF or with the stream. What is left of a huge line is
 * a piece of its own, because JSON begins anew behind it. */
static bool whole_lines(struct watch_scanner *s, const uint8_t *p, size_t n, struct err *e)
{
    const uint8_t *first = s->mid_line ? memchr(p, '\n', n) : NULL;
    size_t k = first ? (size_t)(first - p) + 1 : 0;

    if (k && k < n) {
        if (!closed_piece(s, p, k, e))
            return false;
        p += k;
        n -= k;
    }
    return closed_piece(s, p, n, e);
}

static void drop_front(struct watch_scanner *s, size_t n)
{
    memmove(data(s), data(s) + n, s->n - n);
    s->n -= n;
    memset(data(s) + s->n, '\n', SLACK);
}

/* The room is full and holds one token, as far as we can see. */
static bool part_of_token(struct watch_scanner *s, struct err *e)
{
    size_t done = s->n - OVERLAP;

    s->mid_line = s->cutting = true;
    begin_piece(s, data(s), s->n);
    s->finder.open_right = true;
    if (!scan_piece(s, data(s), s->n))
        return stopped(e);
    s->cutting = false;
    s->counts.bytes += s->n - s->overlap;
    /* a URL that begins in the overlap will be seen again */
    s->url_open = s->url_open || (s->finder.url_open && s->finder.url_start < done);
    s->open_left = true;
    s->offset += done;
    s->overlap = OVERLAP;
    drop_front(s, done);
    return true;
}

/* The room is full and holds no end of a line. */
static bool part_of_line(struct watch_scanner *s, struct err *e)
{
    size_t cut = s->n;

    if (s->format == WATCH_JSON && !s->mid_line) {
        if (s->cap < LIMIT_WATCH_LINE)
            return room_grow(s, 2 * s->cap, e);
        s->counts.too_long++;
        s->mid_line = true; /* from here on it is text */
    }
    while (cut > OVERLAP && byte_class[data(s)[cut - 1]] & IS_URL)
        cut--;
    if (cut == OVERLAP)
        return part_of_token(s, e);
    s->cutting = true;
    if (!closed_piece(s, data(s), cut, e))
        return false;
    s->cutting = false;
    s->mid_line = true;
    drop_front(s, cut);
    return true;
}

/* Search all whole lines in the room. */
static bool search_room(struct watch_scanner *s, struct err *e)
{
    const uint8_t *last = memrchr(data(s), '\n', s->n);
    size_t n = last ? (size_t)(last - data(s)) + 1 : 0;

    if (n) {
        memset(data(s) + s->n, '\n', SLACK);
        if (!whole_lines(s, data(s), n, e))
            return false;
        drop_front(s, n);
    }
    if (s->n == s->cap)
        return part_of_line(s, e);
    return true;
}

/* Copy the part's first n bytes, searching whenever the room is full. */
static bool copy_in(struct watch_scanner *s, struct bytes *part, size_t n, struct err *e)
{
    while (n) {
        size_t k = s->cap - s->n < n ? s->cap - s->n : n;
        memcpy(data(s) + s->n, part->p, k);
        s->n += k;
        *part = bytes_of(part->p + k, part->n - k);
        n -= k;
        if (s->n == s->cap && !search_room(s, e))
            return false;
    }
    return true;
}

/* Search the middle of a large part where it lies. The first line goes through the room, and so
 * does the last one: the finder reads SLACK bytes before and behind. */
static bool search_in_place(struct watch_scanner *s, struct bytes *part, struct err *e)
{
    const uint8_t *first = memchr(part->p + SLACK, '\n', IN_PLACE - SLACK), *last;
    size_t most = part->n - SLACK < PIECE_MOST ? part->n - SLACK : PIECE_MOST;

    if (!first)
        return copy_in(s, part, IN_PLACE, e) && search_room(s, e);
    last = memrchr(part->p, '\n', most);
    if (!last || last <= first)
        return copy_in(s, part, IN_PLACE, e) && search_room(s, e);
    if (!copy_in(s, part, (size_t)(first - part->p) + 1, e) || !search_room(s, e))
        return false;
    if (!whole_lines(s, part->p, (size_t)(last - part->p) + 1, e))
        return false;
    *part = bytes_of(last + 1, (size_t)(part->p + part->n - (last + 1)));
    return true;
}

bool watch_scan(struct watch_scanner *s, struct bytes part, struct err *e)
{
    if (s->stopped)
        return stopped(e);
    while (part.n) {
        if (!s->begun && (s->n + part.n >= 64 || bytes_find_byte(part, '\n') < part.n)) {
            size_t k = part.n < 4096 ? part.n : 4096;
            if (!copy_in(s, &part, k, e))
                return false;
            begin(s, bytes_of(data(s), s->n));
            if (!search_room(s, e))
                return false;
            continue;
        }
        if (s->begun && part.n >= IN_PLACE + SLACK) {
            if (!search_in_place(s, &part, e))
                return false;
            continue;
        }
        if (!copy_in(s, &part, part.n, e) || (s->begun && !search_room(s, e)))
            return false;
    }
    return true;
}

bool watch_scan_end(struct watch_scanner *s, struct err *e)
{
    bool ok = !s->stopped || stopped(e);

    if (ok && !s->begun)
        begin(s, bytes_of(data(s), s->n));
    if (ok && s->n) {
        memset(data(s) + s->n, '\n', SLACK);
        s->counts.lines++; /* the last line has no LF */
        ok = whole_lines(s, data(s), s->n, e);
    }
    stream_reset(s);
    return ok;
}

uint64_t watch_scan_done(const struct watch_scanner *s)
{
    return s->line_offset;
}

uint64_t watch_scan_lines(const struct watch_scanner *s)
{
    return s->lines; /* each LF that was searched ends a line that is done */
}

void watch_scan_at(struct watch_scanner *s, uint64_t offset, uint64_t lines, struct bytes head)
{
    struct bytes line;

    s->offset = s->line_offset = offset;
    s->lines = lines;
    if (!head.n)
        return;
    begin(s, head);
    if (s->format == WATCH_CSV) {
        s->p = head.p;
        csv_advance(s, bytes_find_byte(head, '\n') + (bytes_find_byte(head, '\n') < head.n));
    }
    while (s->format == WATCH_ZEEK && bytes_next_line(&head, &line) && line.n && line.p[0] == '#')
        zeek_header(&s->columns, line);
}

void watch_scanner_counts(const struct watch_scanner *s, struct watch_counts *out)
{
    *out = s->counts;
}

const char *watch_scanner_kernel(const struct watch_scanner *s)
{
    return s->kernel->name;
}
