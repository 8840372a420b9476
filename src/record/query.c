/* Reading: acts, payloads, objects. */
#include "base/catalogue.h"
#include "record/record_impl.h"

bool record_act(struct record *r, struct bytes slug, uint64_t index, struct arena *a,
                struct act *out, struct err *e)
{
    struct log *l = log_of(r, slug);
    bool ok;

    if (!l)
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    record_lock(r);
    ok = read_act(r, l, index, a, out, e);
    record_unlock(r);
    return ok;
}

/* ---- by text hash ---- */

/* Hex digits, at least 8 of them, as bytes with a last half byte cut off. */
static bool prefix_bytes(struct bytes hex, uint8_t out[16], size_t *n, struct err *e)
{
    *n = hex.n / 2 < 16 ? hex.n / 2 : 16;
    if (hex.n < 8 || hex.n > 64 || !hex_decode(out, *n, bytes_part(hex, 0, *n * 2)))
        return err_fail(e, ERR_INPUT, "an act is named by at least 8 hex digits of its hash");
    return true;
}

static struct log *log_of_tag(struct record *r, const uint8_t *tag)
{
    for (size_t i = 0; i < r->logs_n; i++)
        if (!memcmp(r->logs[i].tag, tag, 4))
            return &r->logs[i];
    return NULL;
}

/* Acts whose hash begins so: exactly one must. */
static bool find_text(struct record *r, struct bytes hex, struct arena *a, struct act *out,
                      struct err *e)
{
    struct index_snapshot *v = NULL;
    struct index_cursor *c = NULL;
    struct bytes key, value;
    char text[65] = {0};
    uint8_t prefix[16];
    size_t n, hits = 0;
    bool ok = prefix_bytes(hex, prefix, &n, e) && index_fresh(r, e) &&
              (v = index_snapshot_open(r->index, e)) &&
              (c = index_cursor_open(v, T_TEXT, bytes_of(prefix, n), e));

    while (ok && (ok = index_cursor_next(c, &key, &value, e)) && key.p) {
        struct log *l = value.n == 12 ? log_of_tag(r, value.p) : NULL;
        struct act act;
        if (!l || !read_act(r, l, get_be64(value.p + 4), a, &act, e)) {
            ok = l == NULL;
            continue;
        }
        hex_encode(text, act.text_hash.b, 32);
        if (memcmp(text, hex.p, hex.n))
            continue;
        *out = act;
        hits++;
    }
    index_cursor_close(c);
    index_snapshot_close(v);
    if (!ok || hits == 1)
        return ok;
    return err_fail(e, hits ? ERR_INPUT : ERR_MISSING,
                    hits ? N_("several acts begin with %.*s") : N_("there is no act %.*s"),
                    BYTES_FMT(hex));
}

bool record_find(struct record *r, struct bytes hex_prefix, struct arena *a, struct act *out,
                 struct err *e)
{
    bool ok;

    record_lock(r);
    ok = find_text(r, hex_prefix, a, out, e);
    record_unlock(r);
    return ok;
}

/* ---- payloads ---- */

bool record_payload(struct record *r, const struct act *act, struct arena *a, struct bytes *out,
                    struct err *e)
{
    struct log *l = log_of(r, act->from);
    struct payload_place place;
    bool ok;

    if (!l || act->body.media_type.n == 0)
        return err_fail(e, ERR_MISSING, "the act has no payload");
    record_lock(r);
    ok = find_payload(r, l, &act->body.sha256, a, &place, e) &&
         read_at(l, place.position, 0, a, out, e);
    record_unlock(r);
    return ok;
}

/* ---- objects ---- */

struct walk {
    struct record *r;
    struct log *l;
    struct arena *a;
    bool (*each)(void *self, const struct record_object *o);
    void *self;
    uint64_t act;
    bool stop;
};

/* Withdrawn by its sharer, with an act after the one that shared it. */
static bool is_revoked(struct record *r, struct log *l, struct bytes id, uint64_t act)
{
    struct index_snapshot *v = index_snapshot_open(r->index, NULL);
    struct index_cursor *c = NULL;
    struct bytes key, value;
    uint8_t prefix[12];
    struct hash h;
    bool revoked = false;

    sha256(id, &h);
    memcpy(prefix, h.b, 8);
    memcpy(prefix + 8, l->tag, 4);
    if (v && (c = index_cursor_open(v, T_REVOKED, bytes_of(prefix, sizeof prefix), NULL)))
        while (!revoked && index_cursor_next(c, &key, &value, NULL) && key.p)
            revoked = get_be64(key.p + 12) > act;
    index_cursor_close(c);
    index_snapshot_close(v);
    return revoked;
}

/* One object at a place; `line` is what its list says, or NULL. */
static bool visit(struct walk *w, uint64_t position, const struct list_line *line, struct err *e)
{
    struct arena_mark m = arena_mark(w->a);
    struct record_object o = {.slug = w->l->slug, .act = w->act, .tlp = -1};
    struct segments_record rec;
    struct bytes type;
    int own = -1;

    if (!segments_read(w->l->seg, position, w->a, &rec, e))
        return err_within(e, "log %s", w->l->origin);
    if (line) {
        o.id = line->id;
        o.sha256 = line->sha256;
        o.tlp = line->tlp;
    }
    if (rec.kind == SEG_OBJECT && !rec.erased) {
        o.bytes = rec.payload;
        sha256(o.bytes, &o.sha256);
        if (!object_peek(o.bytes, &o.id, &type, &own, e))
            return err_within(e, "log %s", w->l->origin);
        o.tlp = own > o.tlp ? own : o.tlp;
    }
    o.revoked = o.id.n && is_revoked(w->r, w->l, o.id, w->act);
    w->stop = !w->each(w->self, &o);
    arena_reset(w->a, m);
    return true;
}

static bool visit_list(struct walk *w, const struct hash *sha256, struct err *e)
{
    struct payload_place place;
    struct list_line line;
    struct bytes list;
    struct err missing = {0};

    if (!find_payload(w->r, w->l, sha256, w->a, &place, &missing) ||
        !read_at(w->l, place.position, SEG_PART, w->a, &list, &missing))
        return missing.code == ERR_MISSING || err_pass(e, &missing);
    for (size_t i = 0; i < place.objects && !w->stop && list_next(&list, false, &line, NULL); i++)
        if (!visit(w, place.object[i], &line, e))
            return false;
    return true;
}

static bool visit_act(struct walk *w, const struct act *act, struct err *e)
{
    struct payload_place place;
    struct list_line line;
    struct bytes lists;
    struct err missing = {0};

    w->act = act->seq;
    if (bytes_are(act->body.media_type, MEDIA_LIST))
        return visit_list(w, &act->body.sha256, e);
    if (!bytes_are(act->body.media_type, MEDIA_LISTS) &&
        !bytes_are(act->body.media_type, MEDIA_STIX))
        return true;
    if (!find_payload(w->r, w->l, &act->body.sha256, w->a, &place, &missing))
        return missing.code == ERR_MISSING || err_pass(e, &missing);
    if (place.kind == SEG_OBJECT) {
        struct list_line single = {.sha256 = act->body.sha256, .tlp = tlp_rank(act->tlp)};
        return visit(w, place.position, &single, e);
    }
    if (!read_at(w->l, place.position, SEG_PAYLOAD, w->a, &lists, e))
        return false;
    while (!w->stop && list_next(&lists, true, &line, NULL)) {
        struct arena_mark m = arena_mark(w->a);
        if (!visit_list(w, &line.sha256, e))
            return false;
        arena_reset(w->a, m);
    }
    return true;
}

bool record_objects_of(struct record *r, struct bytes slug, uint64_t act,
                       bool (*each)(void *self, const struct record_object *o), void *self,
                       struct err *e)
{
    struct walk w = {.r = r, .l = log_of(r, slug), .each = each, .self = self};
    struct act *found;
    bool ok;

    if (!w.l)
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    w.a = arena_new(LIMIT_PAYLOAD_BYTES * 16);
    found = w.a ? arena_get(w.a, sizeof *found, e) : NULL;
    record_lock(r);
    ok = found && read_act(r, w.l, act, w.a, found, e) && visit_act(&w, found, e);
    record_unlock(r);
    arena_free(w.a);
    return ok;
}

/* The act that names the list or object at a position: the first that stands behind it. */
static bool act_behind(struct record *r, struct log *l, uint64_t position, uint64_t *index,
                       struct err *e)
{
    uint64_t lo = 0, hi = l->tree.size, at;

    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (!find_act(r, l, mid, &at, e))
            return false;
        if (at > position)
            hi = mid;
        else
            lo = mid + 1;
    }
    *index = lo;
    return true;
}

/* Does the act name the list at this position? Lists whose act never came are nobody's word. */
static bool names_list(struct walk *w, uint64_t position)
{
    struct arena_mark m = arena_mark(w->a);
    struct act *act = arena_get(w->a, sizeof *act, NULL);
    struct payload_place place;
    struct list_line line;
    struct bytes list, lists;
    struct hash h;
    bool named = false;

    if (act && read_act(w->r, w->l, w->act, w->a, act, NULL) &&
        read_at(w->l, position, SEG_PART, w->a, &list, NULL)) {
        sha256(list, &h);
        named = hash_equal(&h, &act->body.sha256);
        if (!named && bytes_are(act->body.media_type, MEDIA_LISTS) &&
            find_payload(w->r, w->l, &act->body.sha256, w->a, &place, NULL) &&
            read_at(w->l, place.position, SEG_PAYLOAD, w->a, &lists, NULL))
            while (!named && list_next(&lists, true, &line, NULL))
                named = hash_equal(&h, &line.sha256);
    }
    arena_reset(w->a, m);
    return named;
}

/* The marking that the list gives to the object at a place: they stand directly before it, in its
 * order, and the index knows their places. */
static int tlp_in_list(struct walk *w, uint64_t list, uint64_t position)
{
    struct arena_mark m = arena_mark(w->a);
    struct payload_place place;
    struct list_line line;
    struct bytes text;
    struct hash h;
    int tlp = -1;

    if (read_at(w->l, list, SEG_PART, w->a, &text, NULL)) {
        sha256(text, &h);
        if (find_payload(w->r, w->l, &h, w->a, &place, NULL))
            for (size_t i = 0; i < place.objects && list_next(&text, false, &line, NULL); i++)
                if (place.object[i] == position)
                    tlp = line.tlp;
    }
    arena_reset(w->a, m);
    return tlp;
}

static bool visit_id(struct walk *w, struct bytes id, struct index_cursor *c, struct err *e)
{
    struct bytes key, value;

    while (!w->stop) {
        struct list_line line = {.tlp = -1, .id = id};
        uint64_t position, list;
        if (!index_cursor_next(c, &key, &value, e))
            return false;
        if (!key.p)
            return true;
        w->l = log_of_tag(w->r, key.p + 8);
        position = get_be64(key.p + 12);
        list = value.n == 8 ? get_be64(value.p) : 0;
        if (!w->l)
            continue;
        if (!act_behind(w->r, w->l, position, &w->act, e))
            return false;
        if (list)
            line.tlp = tlp_in_list(w, list, position);
        if (w->act < w->l->tree.size && (list == 0 || names_list(w, list)) &&
            !visit(w, position, &line, e))
            return false;
    }
    return true;
}

bool record_object(struct record *r, struct bytes id,
                   bool (*each)(void *self, const struct record_object *o), void *self,
                   struct err *e)
{
    struct walk w = {.r = r, .each = each, .self = self, .a = arena_new(LIMIT_PAYLOAD_BYTES * 4)};
    struct index_snapshot *v = NULL;
    struct index_cursor *c = NULL;
    struct hash h;
    bool ok;

    sha256(id, &h);
    record_lock(r);
    ok = (w.a || err_fail(e, ERR_NOMEM, "out of memory")) && index_fresh(r, e) &&
         (v = index_snapshot_open(r->index, e)) &&
         (c = index_cursor_open(v, T_OBJECT, bytes_of(h.b, 8), e)) && visit_id(&w, id, c, e);
    index_cursor_close(c);
    index_snapshot_close(v);
    record_unlock(r);
    arena_free(w.a);
    return ok;
}

/* ---- erasing
 * -----------------------------------------------------------------------------------------------
 */

bool record_erase(struct record *r, const struct hash *sha256, struct err *e)
{
    struct arena *a = arena_new(LIMIT_PAYLOAD_BYTES * 4);
    struct payload_place place;
    bool ok = a != NULL, any = false;

    record_lock(r);
    for (size_t i = 0; ok && i < r->logs_n; i++) {
        struct err missing = {0};
        if (!find_payload(r, &r->logs[i], sha256, a, &place, &missing))
            continue;
        ok = segments_erase(r->logs[i].seg, place.position, e);
        any = any || ok;
    }
    record_unlock(r);
    arena_free(a);
    return ok && (any || err_fail(e, ERR_MISSING, "there is no payload of that digest"));
}
