/* Plain lists: one value a line, comments, and the hosts format. */
#include "base/text.h"
#include "stix/import_impl.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == ',' || c == ';';
}

static bool is_comment(struct bytes line)
{
    return line.n == 0 || line.p[0] == '#' || line.p[0] == ';' || line.p[0] == '!' ||
           bytes_start_with(line, "//");
}

/* The next word, and whether a comment begins there. */
static bool next_word(struct bytes *rest, struct bytes *word)
{
    size_t n = 0;

    while (rest->n && is_blank(rest->p[0]))
        *rest = bytes_part(*rest, 1, SIZE_MAX);
    if (is_comment(*rest))
        return false;
    while (n < rest->n && !is_blank(rest->p[n]))
        n++;
    *word = bytes_part(*rest, 0, n);
    *rest = bytes_part(*rest, n, SIZE_MAX);
    return true;
}

/* Some addresses before a name in a hosts file mean "nowhere". */
static bool is_sink(struct bytes word)
{
    return bytes_are(word, "0.0.0.0") || bytes_are(word, "127.0.0.1") || bytes_are(word, "::") ||
           bytes_are(word, "::1");
}

static struct bytes unquoted(struct bytes word)
{
    if (word.n >= 2 && (word.p[0] == '"' || word.p[0] == '\'' || word.p[0] == '`') &&
        word.p[word.n - 1] == word.p[0])
        return bytes_part(word, 1, word.n - 2);
    return word;
}

static bool pend_hosts(struct stix_import *im, struct bytes rest, struct found *f, struct err *e)
{
    stix_warn(&im->warnings, STIX_W_HOSTS, "line %zu", f->line);
    while (next_word(&rest, &f->value))
        if (!import_pend(im, im->arena, NULL, f, e))
            return false;
    return true;
}

/* All values of a line go behind those pending. */
static bool take_line(struct stix_import *im, struct bytes text, size_t line, struct err *e)
{
    struct found f = {.want = INDICATOR_ANY, .at_us = STIX_NO_TIME, .line = line};
    struct bytes rest = bytes_trim(text), word, after, next;

    if (is_comment(rest))
        return true;
    if (!utf8_valid(rest)) {
        im->counts.refused++;
        stix_warn(&im->warnings, STIX_W_BAD_TEXT, "line %zu", f.line);
        return true;
    }
    if (!next_word(&rest, &word))
        return true;
    after = rest;
    if (is_sink(word) && next_word(&after, &next))
        return pend_hosts(im, rest, &f, e);
    f.value = unquoted(word);
    return import_pend(im, im->arena, NULL, &f, e);
}

/* A line that does not fit is counted once, at its first piece. */
static bool take_piece(struct stix_import *im, struct bytes text, bool cut, bool *was_cut,
                       size_t line, struct err *e)
{
    bool first = !*was_cut;

    *was_cut = cut;
    if (first && !cut)
        return take_line(im, text, line, e);
    if (first) {
        im->counts.refused++;
        stix_warn(&im->warnings, STIX_W_NOT_AN_INDICATOR, "line %zu: far too long", line);
    }
    return true;
}

/* Read on until something is pending or the end is there. */
static bool fill(struct stix_import *im, bool *end, struct err *e)
{
    struct bytes text;
    struct err why = {0};
    bool cut, was_cut = false;
    size_t line = im->in.line;

    arena_reset(im->arena, im->empty);
    for (; !im->pending; line = im->in.line) {
        if (!stream_line(&im->in, &text, &cut, &why)) {
            *end = why.code == ERR_NONE;
            if (!*end)
                err_pass(e, &why);
            return *end;
        }
        if (!take_piece(im, text, cut, &was_cut, line, e))
            return false;
    }
    return true;
}

bool import_list_next(struct stix_import *im, struct stix_item *out, bool *end, struct err *e)
{
    bool made = false;

    while (!made) {
        struct found *f;
        if (!im->pending) {
            im->pending_last = &im->pending;
            if (!fill(im, end, e))
                return false;
            if (*end)
                return true;
        }
        f = im->pending;
        im->pending = f->next;
        if (!import_make(im, f, out, &made, e))
            return false;
    }
    return true;
}
