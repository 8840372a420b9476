/* Saying that there is a file, and giving its bytes. */
#include "desk/exhibit_impl.h"

const char *const exhibit_availability_words[EXHIBIT_AVAILABILITIES] = {"attached", "escrow",
                                                                        "on-request", "withheld"};

void exhibit_salted_start(struct sha256 *h, const uint8_t salt[EXHIBIT_SALT])
{
    sha256_start(h);
    sha256_add(h, BYTES(LABEL_EXHIBIT "\n"));
    sha256_add(h, bytes_of(salt, EXHIBIT_SALT));
}

static void salted_digest(const uint8_t salt[EXHIBIT_SALT], struct bytes content, struct hash *out)
{
    struct sha256 h;

    exhibit_salted_start(&h, salt);
    sha256_add(&h, content);
    sha256_end(&h, out);
}

const char *exhibit_hex(struct json_maker *m, const struct hash *h)
{
    char *hex = arena_get(m->arena, 65, &m->e);

    if (!hex)
        return "";
    hex_encode(hex, h->b, sizeof h->b);
    return hex;
}

/* ---- what the agreement says ---- */

static bool allowed(const struct agreement *g, const struct exhibit *x, struct err *e)
{
    const struct json *clause = json_point(g->root, "/clauses/exhibit");
    struct bytes most_tlp;
    int64_t most = (int64_t)EXHIBIT_MOST;

    if (!clause)
        return err_fail(e, ERR_DENIED, "clauses.exhibit: files are not agreed to be exchanged");
    if (x->tlp < 0)
        return err_fail(e, ERR_DENIED, "clauses.exhibit: unmarked, so not shareable");
    if (json_as_string(json_find(clause, "max_tlp"), &most_tlp) && x->tlp > tlp_rank(most_tlp))
        return err_fail(e, ERR_DENIED, "clauses.exhibit.max_tlp: TLP:%s is above the ceiling %.*s",
                        tlp_word(x->tlp), BYTES_FMT(most_tlp));
    json_as_integer(json_find(clause, "max_bytes"), &most);
    if (most > (int64_t)EXHIBIT_MOST)
        most = (int64_t)EXHIBIT_MOST;
    return x->size <= (uint64_t)most ||
           err_fail(e, ERR_DENIED, "clauses.exhibit.max_bytes: %llu bytes are more than %lld",
                    (unsigned long long)x->size, (long long)most);
}

/* ---- bodies ---- */

static struct json *begin(struct json_maker *m, const struct exhibit_making *how,
                          const struct exhibit *x, const char *action)
{
    struct json *o = json_new_object(m), *list;
    char *id = arena_get(m->arena, STIX_ID_MAX, &m->e);
    char *time = arena_get(m->arena, TIME_TEXT_MAX, &m->e);
    struct uuid u;

    if (!id || !time)
        return o;
    os_random(how->os, u.b, sizeof u.b);
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    stix_id_print(id, EXHIBIT_TYPE, &u);
    stix_time_print(time, os_now_us(how->os) / 1000 * 1000);
    json_set_text(m, o, "type", EXHIBIT_TYPE);
    json_set_text(m, o, "spec_version", "2.1");
    json_set_text(m, o, "id", id);
    json_set_text(m, o, "created", time);
    json_set_text(m, o, "modified", time);
    if (how->created_by_ref.n)
        json_set_string(m, o, "created_by_ref", how->created_by_ref);
    list = json_set_array(m, o, "object_marking_refs");
    json_add_string(m, list, bytes_text(stix_tlp_id((enum stix_tlp)(x->tlp + 1))));
    list = json_set_object(m, o, "extensions");
    list = json_set_object(m, list, EXHIBIT_EXTENSION);
    json_set_text(m, list, "extension_type", "new-sdo");
    json_set_text(m, o, "action", action);
    return o;
}

static void set_said(struct json_maker *m, struct json *o, const char *key, struct bytes text)
{
    if (text.n)
        json_set_string(m, o, key, text);
}

static void put_steps(struct json_maker *m, struct json *o, const struct exhibit_step *s, size_t n)
{
    struct json *list = n ? json_set_array(m, o, "custody") : NULL;

    for (size_t i = 0; i < n; i++) {
        struct json *step = json_new_object(m);
        json_set_string(m, step, "who", s[i].who);
        json_set_string(m, step, "what", s[i].what);
        json_set_string(m, step, "when", s[i].when);
        set_said(m, step, "how", s[i].how);
        set_said(m, step, "result", s[i].result);
        json_add(m, list, step);
    }
}

static void put_grade(struct json_maker *m, struct json *o, const struct exhibit *x)
{
    char *two = arena_get(m->arena, 4, &m->e);

    if (!two || !x->source)
        return;
    two[0] = x->source;
    two[2] = x->information;
    json_set_text(m, o, "source", two);
    json_set_text(m, o, "information", two + 2);
}

static void put_file(struct json_maker *m, struct json *o, const struct exhibit *x)
{
    json_set_string(m, o, "name", x->name);
    json_set_string(m, o, "media_type", x->media_type);
    json_set_integer(m, o, "size", (int64_t)x->size);
    json_set_text(m, o, "sha256", exhibit_hex(m, &x->sha256));
    json_set_bool(m, o, "salted", x->salted);
    json_set_text(m, o, "availability", exhibit_availability_words[x->availability]);
    put_grade(m, o, x);
}

static void put_parts(struct json_maker *m, struct json *o, const struct exhibit *x)
{
    struct json *list = x->parts_n ? json_set_array(m, o, "parts") : NULL;

    for (size_t i = 0; i < x->parts_n; i++) {
        struct json *part = json_new_object(m);
        json_set_text(m, part, "sha256", exhibit_hex(m, &x->parts[i].sha256));
        json_set_integer(m, part, "size", (int64_t)x->parts[i].size);
        json_add(m, list, part);
    }
}

struct json *exhibit_cite(struct json_maker *m, const struct exhibit *x)
{
    struct json *o = json_new_object(m);

    put_file(m, o, x);
    set_said(m, o, "exhibit_ref", x->id);
    put_steps(m, o, x->steps, x->steps_n);
    return o;
}

/* ---- drafts ---- */

static void address(const struct exhibit_making *how, const struct exhibit *x,
                    struct record_draft *d)
{
    d->tlp = bytes_text(tlp_word(x->tlp));
    d->to_n = how->to_n;
    memcpy(d->to, how->to, how->to_n * sizeof how->to[0]);
}

/* One piece of the file, behind random bytes that keep its digest from being guessed. */
static bool make_part(const struct exhibit_making *how, struct exhibit *x, struct bytes piece,
                      struct arena *a, struct record_draft *d, struct err *e)
{
    uint8_t *payload = arena_get_raw(a, PART_SALT + piece.n, e);
    struct exhibit_part *part = &x->parts[x->parts_n++];

    if (!payload)
        return false;
    os_random(how->os, payload, PART_SALT);
    if (piece.n)
        memcpy(payload + PART_SALT, piece.p, piece.n);
    *d = (struct record_draft){.kind = BYTES("exhibit.part"),
                               .media_type = BYTES(MEDIA_PART),
                               .payload = bytes_of(payload, PART_SALT + piece.n)};
    address(how, x, d);
    part->size = piece.n;
    sha256(d->payload, &part->sha256);
    return true;
}

static bool make_parts(const struct exhibit_making *how, struct exhibit *x, struct bytes content,
                       struct arena *a, struct record_draft *drafts, struct err *e)
{
    x->parts_n = 0;
    for (size_t at = 0; at == 0 || at < content.n; at += EXHIBIT_PART_BYTES)
        if (!make_part(how, x, bytes_part(content, at, EXHIBIT_PART_BYTES), a, &drafts[x->parts_n],
                       e))
            return false;
    return true;
}

/* Escrow with a party of the agreement: it alone gets the bytes. */
static bool escrow_party(const struct exhibit_making *how, const struct exhibit *x)
{
    return x->availability == EXHIBIT_ESCROW && agreement_party(how->g, x->holder);
}

static bool drafts_for(size_t bytes, bool parts, struct arena *a, struct record_draft **out,
                       struct err *e)
{
    size_t n = parts ? bytes / EXHIBIT_PART_BYTES + 2 : 1;

    return (*out = arena_get_array(a, n, sizeof **out, e)) != NULL;
}

static bool describe(const struct exhibit_making *how, struct exhibit *x, struct arena *a,
                     struct record_draft *d, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *o = begin(&m, how, x, "exhibit");

    put_file(&m, o, x);
    set_said(&m, o, "about", x->about);
    set_said(&m, o, "conditions", x->conditions);
    set_said(&m, o, "holder", x->holder);
    put_steps(&m, o, x->steps, x->steps_n);
    put_parts(&m, o, x);
    *d = (struct record_draft){.kind = BYTES("exhibit"), .media_type = BYTES(MEDIA_STIX)};
    address(how, x, d);
    return json_get_string(o, "id", &x->id, &m.e) && json_made(&m, o, &d->payload, e);
}

static bool names_fit(const struct exhibit *x, struct err *e)
{
    if (x->name.n == 0 || x->name.n > 255 || !utf8_valid(x->name))
        return err_fail(e, ERR_INPUT, "an exhibit's name is 1 to 255 bytes of UTF-8");
    if (x->media_type.n == 0 || x->media_type.n > 127 || !utf8_valid(x->media_type))
        return err_fail(e, ERR_INPUT, "a media type is 1 to 127 bytes");
    if (x->availability == EXHIBIT_ESCROW && x->holder.n == 0)
        return err_fail(e, ERR_INPUT, "escrow: say with whom");
    return true;
}

bool exhibit_make(struct exhibit_making *how, struct exhibit *x, struct bytes content,
                  struct arena *a, struct record_draft **drafts, size_t *n, struct err *e)
{
    bool attached = x->availability == EXHIBIT_ATTACHED, escrow = escrow_party(how, x);
    struct exhibit_making holder = *how;

    x->size = content.n;
    x->salted = !attached;
    x->parts_n = 0;
    if (!names_fit(x, e) || !allowed(how->g, x, e) ||
        !drafts_for(content.n, attached || escrow, a, drafts, e))
        return false;
    if (attached) {
        sha256(content, &x->sha256);
    } else {
        os_random(how->os, how->salt, sizeof how->salt);
        salted_digest(how->salt, content, &x->sha256);
    }
    if (escrow) {
        holder.to[0] = x->holder;
        holder.to_n = 1;
    }
    if ((attached || escrow) && !make_parts(&holder, x, content, a, *drafts, e))
        return false;
    *n = x->parts_n + 1;
    return describe(how, x, a, &(*drafts)[x->parts_n], e);
}

static bool later(const struct exhibit *x, const struct hash *act, const char *action,
                  const struct exhibit_making *how, struct json_maker *m, struct json *o,
                  struct record_draft *d, struct err *e)
{
    json_set_string(m, o, "exhibit_ref", x->id);
    *d = (struct record_draft){.kind = bytes_text(action), .media_type = BYTES(MEDIA_STIX)};
    address(how, x, d);
    d->refs[0] = *act;
    d->refs_n = 1;
    return json_made(m, o, &d->payload, e);
}

bool exhibit_custody(const struct exhibit_making *how, const struct exhibit *x,
                     const struct hash *act, const struct exhibit_step *step, struct arena *a,
                     struct record_draft *draft, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *o = begin(&m, how, x, "exhibit.custody");

    put_steps(&m, o, step, 1);
    return later(x, act, "exhibit.custody", how, &m, o, draft, e);
}

bool exhibit_erased(const struct exhibit_making *how, const struct exhibit *x,
                    const struct hash *act, struct bytes reason, struct arena *a,
                    struct record_draft *draft, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *o = begin(&m, how, x, "exhibit.erase");

    json_set_text(&m, o, "sha256", exhibit_hex(&m, &x->sha256));
    set_said(&m, o, "reason", reason);
    return later(x, act, "exhibit.erase", how, &m, o, draft, e);
}

bool exhibit_provide(struct exhibit_making *how, const struct exhibit *x, const struct hash *act,
                     struct bytes content, struct arena *a, struct record_draft **drafts, size_t *n,
                     struct err *e)
{
    struct exhibit *open = arena_get(a, sizeof *open, e);
    struct json_maker m = json_maker(a);
    char *salt = arena_get(a, EXHIBIT_SALT * 2 + 1, e);
    struct hash h;
    struct json *o;

    if (!open || !salt || !allowed(how->g, x, e))
        return false;
    salted_digest(how->salt, content, &h);
    if (!x->salted || !hash_equal(&h, &x->sha256))
        return err_fail(e, ERR_PROOF, "these are not the bytes that the exhibit's digest names");
    *open = *x;
    if (!drafts_for(content.n, true, a, drafts, e) ||
        !make_parts(how, open, content, a, *drafts, e))
        return false;
    hex_encode(salt, how->salt, EXHIBIT_SALT);
    sha256(content, &h);
    o = begin(&m, how, x, "exhibit.provide");
    json_set_text(&m, o, "salt", salt);
    json_set_text(&m, o, "sha256", exhibit_hex(&m, &h));
    json_set_integer(&m, o, "size", (int64_t)content.n);
    put_parts(&m, o, open);
    *n = open->parts_n + 1;
    return later(x, act, "exhibit.provide", how, &m, o, &(*drafts)[open->parts_n], e);
}
