/* What two nodes tell each other so that both fold the same. Cosignatures of one log:
 *
 *     entente/cosignatures/v1
 *     next 81920 more 0               the giver's place behind these, and whether there is more
 *     note 342
 *     <342 bytes: a checkpoint with cosignatures>
 *     end
 *
 * and what came of it, with digests of parts:
 *
 *     entente/state/v1
 *     inputs <64 hex digits>
 *     root <64 hex digits>
 *     pair <64 hex digits> <64 hex digits>     a part's id and its digest
 *     end
 *
 * Nothing of it is believed: notes are verified line by line, digests are only compared. */
#include "node/node_impl.h"

static struct bytes cut_word(struct bytes *rest)
{
    size_t at = bytes_find_byte(*rest, ' ');
    struct bytes word = bytes_part(*rest, 0, at);

    *rest = bytes_part(*rest, at + 1, SIZE_MAX);
    return word;
}

/* ---- cosignatures ---- */

bool dates_print(const struct dates_page *d, struct arena *a, struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);

    buf_format(&b, "entente/cosignatures/v1\nnext %llu more %d\n", (unsigned long long)d->next,
               d->more);
    for (size_t i = 0; i < d->n; i++) {
        buf_format(&b, "note %zu\n", d->note[i].n);
        buf_put(&b, d->note[i]);
    }
    buf_puts(&b, "end\n");
    return buf_end(&b, out, e);
}

static bool parse_next(struct bytes line, struct dates_page *d)
{
    struct bytes more;

    if (!bytes_are(cut_word(&line), "next") || !decimal_parse(cut_word(&line), &d->next) ||
        !bytes_are(cut_word(&line), "more"))
        return false;
    more = cut_word(&line);
    d->more = bytes_are(more, "1");
    return line.n == 0 && (d->more || bytes_are(more, "0"));
}

bool dates_parse(struct bytes text, struct arena *a, struct dates_page *out, struct err *e)
{
    struct reader r = reader_of(text);
    struct dates_page d = {.note = arena_get_array(a, LIMIT_DATES_NOTES, sizeof *d.note, e)};

    if (!d.note)
        return false;
    reader_expect_line(&r, "entente/cosignatures/v1");
    if (!parse_next(reader_line(&r), &d))
        reader_fail(&r, "\"next\", a place, \"more\" and 0 or 1");
    while (!reader_failed(&r)) {
        struct bytes line = reader_line(&r);
        uint64_t n;
        if (reader_failed(&r) || bytes_are(line, "end"))
            break;
        if (!bytes_are(cut_word(&line), "note") || !decimal_parse(line, &n) || n == 0 ||
            n > LIMIT_NOTE_BYTES || d.n == LIMIT_DATES_NOTES)
            reader_fail(&r, "\"note\" and its bytes, or \"end\"");
        else
            d.note[d.n++] = reader_bytes(&r, (size_t)n);
    }
    if (!reader_end(&r, e))
        return err_within(e, "cosignatures");
    *out = d;
    return true;
}

/* ---- state ---- */

static void put_digest(struct buf *b, const char *name, const struct hash *h)
{
    buf_format(b, "%s ", name);
    buf_hex(b, h->b, 32);
    buf_puts(b, "\n");
}

bool state_page_print(const struct state_page *s, struct arena *a, struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);

    buf_puts(&b, "entente/state/v1\n");
    put_digest(&b, "inputs", &s->inputs);
    put_digest(&b, "root", &s->root);
    for (size_t i = 0; i < s->n; i++) {
        buf_puts(&b, "pair ");
        buf_hex(&b, s->pair[i].id.b, 32);
        buf_puts(&b, " ");
        buf_hex(&b, s->pair[i].digest.b, 32);
        buf_puts(&b, "\n");
    }
    buf_puts(&b, "end\n");
    return buf_end(&b, out, e);
}

static bool parse_digest(struct bytes line, const char *name, struct hash *out)
{
    return bytes_are(cut_word(&line), name) && hex_decode(out->b, 32, line);
}

bool state_page_parse(struct bytes text, struct arena *a, struct state_page *out, struct err *e)
{
    struct reader r = reader_of(text);
    size_t most = text.n / (5 + 64 + 1 + 64 + 1);
    struct state_page s = {.pair = arena_get_array(a, most, sizeof *s.pair, e)};

    if (!s.pair)
        return false;
    reader_expect_line(&r, "entente/state/v1");
    if (!parse_digest(reader_line(&r), "inputs", &s.inputs))
        reader_fail(&r, "\"inputs\" and a digest");
    if (!parse_digest(reader_line(&r), "root", &s.root))
        reader_fail(&r, "\"root\" and a digest");
    while (!reader_failed(&r)) {
        struct bytes line = reader_line(&r);
        if (reader_failed(&r) || bytes_are(line, "end"))
            break;
        if (!bytes_are(cut_word(&line), "pair") || s.n == most || s.n == LIMIT_STATE_PAIRS ||
            !hex_decode(s.pair[s.n].id.b, 32, cut_word(&line)) ||
            !hex_decode(s.pair[s.n].digest.b, 32, line))
            reader_fail(&r, "\"pair\" and two digests, or \"end\"");
        else
            s.n++;
    }
    if (!reader_end(&r, e))
        return err_within(e, "state of cases");
    *out = s;
    return true;
}

const struct cases_digest *state_page_find(const struct state_page *s, const struct hash *id)
{
    for (size_t i = 0; i < s->n; i++)
        if (hash_equal(&s->pair[i].id, id))
            return &s->pair[i];
    return NULL;
}
