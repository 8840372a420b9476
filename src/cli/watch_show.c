/* entente watch: hits as they come, and what they add up to. */
#include "base/text.h"
#include "cli/watch.h"

#define SUMMARY_ROWS 20

/* ---- hits
 * ---------------------------------------------------------------------------------------- */

static bool write_out(void *self, struct bytes text, struct err *e)
{
    struct cli *c = self;

    if (fwrite(text.p, 1, text.n, c->out) == text.n)
        return true;
    return err_fail(e, ERR_IO, "nobody reads on");
}

bool watching_begin(struct watching *w, struct err *e)
{
    w->last_line = UINT64_MAX;
    return (w->writer = watch_writer_new(w->as, write_out, w->c, e)) &&
           (w->tally = watch_tally_new(e)) && (w->apart = watch_tally_new(e));
}

void watching_end(struct watching *w)
{
    watch_writer_free(w->writer);
    watch_tally_free(w->tally);
    watch_tally_free(w->apart);
    watch_lists_free(w->allowed);
    watch_lists_free(w->warned);
}

bool watching_flush(struct watching *w, struct err *e)
{
    return watch_writer_end(w->writer, e) &&
           (fflush(w->c->out) == 0 || err_fail(e, ERR_IO, "nobody reads on"));
}

static bool count_source(struct watching *w, const char *path, const struct watch_hit *h)
{
    struct shown_source *s = w->source;

    if (!s || s->path != path) {
        struct shown_source **end = s ? &s->next : &w->sources;
        s = arena_get(w->c->arena, sizeof *s, &w->e);
        if (!s)
            return false;
        s->path = path;
        w->source = *end = s;
        w->last_line = UINT64_MAX;
        watch_writer_source(w->writer, bytes_text(path));
    }
    s->hits++;
    w->hits++;
    if (h->line_offset != w->last_line) {
        s->lines++;
        w->hit_lines++;
    }
    w->last_line = h->line_offset;
    return true;
}

/* The lists of the command line speak of an index that was compiled elsewhere, too. */
static bool is_allowed(const struct watching *w, const struct watch_indicator *in)
{
    struct bytes name;

    return w->check_lists && w->allowed &&
           watch_lists_check(w->allowed, in->kind, in->value, &name);
}

bool watching_hit(void *self, const char *path, const struct watch_hit *hit)
{
    struct watching *w = self;
    struct watch_indicator in = *hit->indicator;
    struct watch_hit h = *hit;
    char origin[CATALOGUE_ORIGIN_MAX];
    size_t n = catalogue_origin(w->force->catalogue, in.ref, origin);
    bool shown_here = w->as == WATCH_AS_TEXT || w->as == WATCH_AS_COLOURED;

    if (n)
        in.origin = bytes_of(origin, n);
    h.indicator = &in;
    if (lookout_hit_expired(&h, os_now(w->c->os))) {
        w->expired++;
        return true;
    }
    if (is_allowed(w, &in)) {
        w->allowed_hits++;
        return true;
    }
    if (!in.warned.n && w->check_lists && w->warned)
        watch_lists_check(w->warned, in.kind, in.value, &in.warned);
    if (in.warned.n && shown_here && !w->doubtful) {
        w->apart_hits++;
        return watch_tally_hit(w->apart, &h);
    }
    return count_source(w, path, &h) && watch_tally_hit(w->tally, &h) &&
           (w->quiet || watch_writer_hit(w->writer, &h));
}

/* ---- the summary
 * ----------------------------------------------------------------------------------- */

static const char *time_of(struct cli *c, int64_t us)
{
    return us > 0 ? shown_time(c, us / US_PER_S) : "";
}

static const char *origin_of(struct cli *c, const struct watch_indicator *in, bool doubtful)
{
    return shown_short(c, doubtful ? in->warned : in->origin, 48);
}

static void print_indicators(struct cli *c, struct watch_tally *t, bool doubtful)
{
    size_t n, most = option_given(c, "summary") ? SIZE_MAX : SUMMARY_ROWS;
    const struct watch_seen *seen = watch_tally_sorted(t, &n);
    struct table table;

    table_start(&table, c,
                doubtful ? N_(">LINES|KIND|INDICATOR|CONTRADICTED BY|FIRST|LAST")
                         : N_(">LINES|KIND|INDICATOR|SHARED BY|FIRST|LAST"));
    for (size_t i = 0; i < n && i < most; i++)
        table_add(&table, shown_count(c, seen[i].lines), watch_kind_name(seen[i].indicator.kind),
                  shown_short(c, seen[i].indicator.value, 60),
                  origin_of(c, &seen[i].indicator, doubtful), time_of(c, seen[i].first_us),
                  time_of(c, seen[i].last_us));
    table_print(&table, "  ");
    if (n > most)
        say(c, "  and %s more; --summary shows all of them\n", shown_count(c, n - most));
}

static void print_sources(struct watching *w)
{
    struct cli *c = w->c;
    struct table table;
    size_t n = 0, most = option_given(c, "summary") ? SIZE_MAX : SUMMARY_ROWS;

    table_start(&table, c, ">LINES|>HITS|FILE");
    for (const struct shown_source *s = w->sources; s; s = s->next)
        if (n++ < most)
            table_add(&table, shown_count(c, s->lines), shown_count(c, s->hits),
                      shown_short(c, bytes_text(s->path), 90));
    table_print(&table, "  ");
    if (n > most)
        say(c, "  and %s more\n", shown_count(c, n - most));
}

static void print_totals(struct watching *w, const struct pool_counts *n)
{
    struct cli *c = w->c;

    fprintf(c->out,
            trn(c, "%s hit on %s of %s lines, %s in all.\n",
                "%s hits on %s of %s lines, %s in all.\n", w->hits),
            shown_count(c, w->hits), shown_count(c, w->hit_lines), shown_count(c, n->scan.lines),
            shown_bytes(c, n->scan.bytes));
}

static void print_notes(struct watching *w, const struct pool_counts *n)
{
    struct cli *c = w->c;

    if (w->expired)
        say(c, "Not counted, because the indicator had expired at the time of the line: %s.\n",
            shown_count(c, w->expired));
    if (w->allowed_hits)
        say(c, "Not counted, because the value is on an allow list: %s.\n",
            shown_count(c, w->allowed_hits));
    if (n->scan.not_json)
        say(c, "Lines of JSON logs that are not JSON, read as text: %s.\n",
            shown_count(c, n->scan.not_json));
    if (n->input.packets)
        say(c,
            "Packets of captures: %s. They were read for addresses and names in clear: no hit "
            "means "
            "no more than that.\n",
            shown_count(c, n->input.packets));
    if (watch_tally_left_out(w->tally))
        say(c, "Hits that found no room in the table: %s.\n",
            shown_count(c, watch_tally_left_out(w->tally)));
}

bool watching_summary(struct watching *w, FILE *to, const struct pool_counts *counts, struct err *e)
{
    struct cli *c = w->c;
    FILE *out = c->out;

    if (fflush(out) != 0)
        return err_fail(e, ERR_IO, "nobody reads on");
    c->out = to;
    print_totals(w, counts);
    if (w->hits) {
        print_indicators(c, w->tally, false);
        say(c, "By file:\n");
        print_sources(w);
    }
    if (w->apart_hits) {
        fprintf(
            to,
            trn(c,
                "Apart from these, %s hit that a warning list contradicts (--doubtful shows the "
                "line):\n",
                "Apart from these, %s hits that a warning list contradicts (--doubtful shows the "
                "lines):\n",
                w->apart_hits),
            shown_count(c, w->apart_hits));
        print_indicators(c, w->apart, true);
    }
    print_notes(w, counts);
    c->out = out;
    return fflush(to) == 0 || err_fail(e, ERR_IO, "nobody reads on");
}
