/* What two nodes tell each other about where they stand:
 *
 *     entente/heads/v1
 *     time 2026-01-31T12:00:00Z
 *     log north 12 0 312 451          slug, acts held, lists of the next act, bytes of two notes
 *     <312 bytes: the newest head known, as its owner signed it>
 *     <451 bytes: the newest head with cosignatures>
 *     end
 *
 * and in answer to a pushed piece:
 *
 *     entente/taken/v1
 *     12 0 12 451                     acts held, lists, the owner's head, bytes of a note
 *     <451 bytes: our cosignature, or nothing>
 *
 * Nothing here is believed: the notes are checked where they are used, sizes only steer. */
#include "node/node_impl.h"

/* ---- words of a line
 * ------------------------------------------------------------------------------ */

static struct bytes cut_word(struct bytes *rest)
{
    size_t at = bytes_find_byte(*rest, ' ');
    struct bytes word = bytes_part(*rest, 0, at);

    *rest = bytes_part(*rest, at + 1, SIZE_MAX);
    return word;
}

static bool cut_number(struct bytes *rest, uint64_t most, uint64_t *out)
{
    return decimal_parse(cut_word(rest), out) && *out <= most;
}

/* ---- heads
 * ----------------------------------------------------------------------------------------- */

bool heads_print(const struct heads *h, struct arena *a, struct bytes *out, struct err *e)
{
    char when[TIME_TEXT_MAX];
    struct buf b = buf_in(a);

    time_print(when, h->time);
    buf_format(&b, "entente/heads/v1\ntime %s\n", when);
    for (size_t i = 0; i < h->n; i++) {
        const struct head_line *l = &h->line[i];
        buf_format(&b, "log %.*s %llu %u %zu %zu\n", BYTES_FMT(l->slug),
                   (unsigned long long)l->size, l->parts, l->note.n, l->cosigned.n);
        buf_put(&b, l->note);
        buf_put(&b, l->cosigned);
    }
    buf_puts(&b, "end\n");
    return buf_end(&b, out, e);
}

static void parse_log(struct reader *r, struct bytes line, struct heads *h)
{
    struct head_line *l = &h->line[h->n];
    uint64_t parts = 0, note = 0, cosigned = 0;

    line = bytes_part(line, 4, SIZE_MAX);
    l->slug = cut_word(&line);
    if (!slug_valid(l->slug) || heads_of(h, l->slug) ||
        !cut_number(&line, TLOG_SIZE_MAX, &l->size) || !cut_number(&line, UINT32_MAX, &parts) ||
        !cut_number(&line, LIMIT_NOTE_BYTES, &note) ||
        !cut_number(&line, LIMIT_NOTE_BYTES, &cosigned) || line.n) {
        reader_fail(r, "\"log\", a party not named before, and four numbers");
        return;
    }
    l->parts = (uint32_t)parts;
    l->note = reader_bytes(r, (size_t)note);
    l->cosigned = reader_bytes(r, (size_t)cosigned);
    h->n++;
}

bool heads_parse(struct bytes text, struct arena *a, struct heads *out, struct err *e)
{
    struct heads *h = arena_get(a, sizeof *h, e);
    struct reader r = reader_of(text);
    struct bytes line;

    if (!h)
        return false;
    reader_expect_line(&r, "entente/heads/v1");
    line = reader_line(&r);
    if (!reader_failed(&r) &&
        (!bytes_start_with(line, "time ") || !time_parse(bytes_part(line, 5, SIZE_MAX), &h->time)))
        reader_fail(&r, "\"time\" and a time");
    while (!reader_failed(&r)) {
        line = reader_line(&r);
        if (reader_failed(&r) || bytes_are(line, "end"))
            break;
        if (!bytes_start_with(line, "log ") || h->n == LIMIT_PARTIES)
            reader_fail(&r, "\"log\" or \"end\"");
        else
            parse_log(&r, line, h);
    }
    if (!reader_end(&r, e))
        return err_within(e, "heads");
    *out = *h;
    return true;
}

const struct head_line *heads_of(const struct heads *h, struct bytes slug)
{
    for (size_t i = 0; i < h->n; i++)
        if (bytes_equal(h->line[i].slug, slug))
            return &h->line[i];
    return NULL;
}

bool heads_make(struct node *n, struct slot *s, struct arena *a, struct heads *out, struct err *e)
{
    struct bytes slugs[LIMIT_PARTIES];

    out->time = os_now(n->os);
    out->n = slot_parties(s, slugs);
    for (size_t i = 0; i < out->n; i++) {
        struct head_line *l = &out->line[i];
        struct record_head head;
        if (!record_head(s->record, slugs[i], a, &head, e) ||
            !record_cosigned(s->record, slugs[i], a, &l->cosigned, e))
            return false;
        l->slug = slugs[i];
        l->size = head.size;
        l->parts = head.parts;
        l->note = head.note;
    }
    return true;
}

/* ---- taken
 * ------------------------------------------------------------------------------------------ */

bool taken_print(const struct taken_line *t, struct arena *a, struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);

    buf_format(&b, "entente/taken/v1\n%llu %u %llu %zu\n", (unsigned long long)t->size, t->parts,
               (unsigned long long)t->seen, t->cosigned.n);
    buf_put(&b, t->cosigned);
    return buf_end(&b, out, e);
}

bool taken_parse(struct bytes text, struct taken_line *out, struct err *e)
{
    struct reader r = reader_of(text);
    struct taken_line t = {0};
    uint64_t parts = 0, note = 0;
    struct bytes line;

    reader_expect_line(&r, "entente/taken/v1");
    line = reader_line(&r);
    if (!reader_failed(&r) &&
        (!cut_number(&line, TLOG_SIZE_MAX, &t.size) || !cut_number(&line, UINT32_MAX, &parts) ||
         !cut_number(&line, TLOG_SIZE_MAX, &t.seen) ||
         !cut_number(&line, LIMIT_NOTE_BYTES, &note) || line.n))
        reader_fail(&r, "four numbers");
    t.parts = (uint32_t)parts;
    t.cosigned = reader_bytes(&r, reader_failed(&r) ? 0 : (size_t)note);
    if (!reader_end(&r, e))
        return err_within(e, "answer to a piece");
    *out = t;
    return true;
}
