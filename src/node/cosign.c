/* Cosigning others' heads, without ever contradicting what we cosigned before: the record keeps
 * what we mirrored, the witness folder what we were asked about, and the same key signs both. */
#include "node/node_impl.h"

/* The newest time that a line by `self` says; C2SP tlog-cosignature: u64 time, then a signature. */
static int64_t own_time(const struct note *note, struct bytes self)
{
    int64_t newest = 0;

    for (size_t i = 0; i < note->n; i++) {
        const struct note_line *l = &note->lines[i];
        struct reader r = reader_of(l->signature);
        uint64_t t = reader_u64(&r);
        bool ours = l->signature.n == 8 + 64 && l->name.n > self.n && l->name.p[self.n] == '/' &&
                    bytes_equal(bytes_part(l->name, 0, self.n), self);
        if (ours && t <= INT64_MAX && (int64_t)t > newest)
            newest = (int64_t)t;
    }
    return newest;
}

bool cosigned_read(struct bytes note, struct bytes self, struct arena *a,
                   struct cosigned_state *out, struct err *e)
{
    struct checkpoint c;
    struct note parsed;

    *out = (struct cosigned_state){0};
    if (note.n == 0)
        return true;
    if (!note_parse(note, a, &parsed, e) || !checkpoint_parse(parsed.text, &c, e))
        return false;
    *out = (struct cosigned_state){c.size, c.root, own_time(&parsed, self), note};
    return true;
}

/* Does what the witness folder has allow to cosign this head now? */
static bool agrees(struct node *n, struct slot *s, struct bytes slug,
                   const struct record_head *head, struct arena *a, bool *may, struct err *e)
{
    char origin[PATH_ROOM], evidence[256];
    struct cosigned_state stored;

    *may = false;
    if (!path_print(origin, NULL, "entente/%s/%.*s", s->id, BYTES_FMT(slug)) ||
        !witness_stored(n, bytes_text(origin), a, &stored, e))
        return false;
    if (stored.size > head->size || stored.time > os_now(n->os))
        return true; /* a smaller tree at a later time would convict us */
    if (stored.size && !record_compare(s->record, slug, stored.note, evidence, e))
        return false;
    *may = true;
    return true;
}

int64_t slot_cadence(const struct slot *s)
{
    const struct agreement *g = record_agreement(s->record);
    struct bytes text;
    struct cases_term t;

    if (!json_as_string(json_point(g->root, "/clauses/log/checkpoint_interval"), &text) ||
        !cases_term_parse(text, &t, NULL) || t.unit > CASES_HOURS)
        return INT64_MAX;
    return (int64_t)t.n * (t.unit == CASES_HOURS ? 3600 : 60);
}

/* A head that does not change is cosigned again at the agreement's cadence, so that time passes for
 * what is in it: an act is dated by the last cosignature that does not cover it, too. */
static bool again_due(struct node *n, struct slot *s, struct bytes slug)
{
    int64_t last = record_last_cosign(s->record, slug), now = os_now(n->os);

    return last > 0 && now > last && now - last >= slot_cadence(s);
}

bool cosign_due(struct node *n, struct slot *s, struct bytes slug, struct arena *a,
                struct bytes *note, bool *fresh, struct err *e)
{
    struct cosigned_state last;
    struct record_head head;
    struct bytes kept;
    bool may, again;

    *note = (struct bytes){0};
    *fresh = false;
    if (!record_head(s->record, slug, a, &head, e) ||
        !record_cosigned(s->record, slug, a, &kept, e) ||
        !cosigned_read(kept, node_slug(n), a, &last, e))
        return false;
    *note = kept;
    again = last.size == head.size && again_due(n, s, slug);
    if (head.stopped || head.size == 0 || head.size != head.seen ||
        (last.size == head.size && !again) || record_fence(s->record) != FENCE_OK)
        return true;
    if (!agrees(n, s, slug, &head, a, &may, e))
        return false;
    if (!may)
        return true;
    if (!(again ? record_cosign_again : record_cosign)(s->record, slug, a, note, e)) {
        node_note_failure(n, s, e);
        return false;
    }
    *fresh = true;
    return true;
}

/* Lines of `from` that `to` has not, appended to it. */
static bool merge_lines(struct bytes to, const struct note *from, struct arena *a,
                        struct bytes *out, struct err *e)
{
    *out = to;
    for (size_t i = 0; i < from->n; i++)
        if (!note_append(*out, from->lines[i].whole, a, out, e))
            return false;
    return true;
}

bool cosigned_take(struct node *n, struct slot *s, struct bytes note, bool *news, struct err *e)
{
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 8);
    struct note theirs, ours;
    struct bytes kept = {0}, merged = note;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    *news = false;
    ok = ok && note_parse(note, a, &theirs, e) &&
         record_cosigned(s->record, node_slug(n), a, &kept, e);
    if (ok && kept.n) {
        ok = note_parse(kept, a, &ours, e);
        /* If the union is too long, what came is taken by itself. */
        if (ok && bytes_equal(ours.text, theirs.text) &&
            !merge_lines(kept, &theirs, a, &merged, NULL))
            merged = note;
    }
    if (ok && !bytes_equal(merged, kept)) {
        ok = record_take_cosigned(s->record, merged, news, e);
        if (!ok)
            node_note_failure(n, s, e);
    }
    arena_free(a);
    return ok;
}
