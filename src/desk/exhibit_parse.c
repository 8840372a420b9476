/* Reading the bodies of exhibits: foreign bytes, all of them. */
#include "desk/exhibit_impl.h"

static bool optional(const struct json *o, const char *key, struct bytes *out, struct err *e)
{
    return !json_find(o, key) || json_get_string(o, key, out, e);
}

static bool get_hash(const struct json *o, const char *key, struct hash *out, struct err *e)
{
    struct bytes hex;

    if (!json_get_string(o, key, &hex, e))
        return false;
    return hex_decode(out->b, sizeof out->b, hex) ||
           err_fail(e, ERR_INPUT, "\"%s\" must be 64 lower-case hex digits", key);
}

static bool get_grade(const struct json *o, struct exhibit *x, struct err *e)
{
    struct bytes source, information;

    if (!json_find(o, "source") && !json_find(o, "information"))
        return true;
    if (!json_get_string(o, "source", &source, e) ||
        !json_get_string(o, "information", &information, e))
        return false;
    if (source.n != 1 || source.p[0] < 'A' || source.p[0] > 'G' || information.n != 1 ||
        information.p[0] < '1' || information.p[0] > '6')
        return err_fail(e, ERR_INPUT, "\"source\" is A to G and \"information\" 1 to 6");
    x->source = (char)source.p[0];
    x->information = (char)information.p[0];
    return true;
}

static bool get_availability(const struct json *o, struct exhibit *x, struct err *e)
{
    struct bytes word;

    if (!json_get_string(o, "availability", &word, e))
        return false;
    for (int i = 0; i < EXHIBIT_AVAILABILITIES; i++)
        if (bytes_are(word, exhibit_availability_words[i])) {
            x->availability = (enum exhibit_availability)i;
            return true;
        }
    return err_fail(e, ERR_INPUT, "\"availability\" is none of the four words");
}

static bool get_size(const struct json *o, uint64_t most, uint64_t *out, struct err *e)
{
    int64_t n;

    if (!json_get_integer(o, "size", &n, e))
        return false;
    if (n < 0 || (uint64_t)n > most)
        return err_fail(e, ERR_INPUT, "\"size\" must be 0 to %llu", (unsigned long long)most);
    *out = (uint64_t)n;
    return true;
}

static bool get_parts(const struct json *o, struct exhibit *x, struct err *e)
{
    const struct json *list = json_find(o, "parts");
    uint64_t sum = 0;

    if (!list)
        return true;
    if (!json_get_array(o, "parts", &list, e))
        return false;
    if (json_count(list) == 0 || json_count(list) > EXHIBIT_PARTS)
        return err_fail(e, ERR_INPUT, "\"parts\" has 1 to %d elements", EXHIBIT_PARTS);
    for (size_t i = 0; i < json_count(list); i++) {
        struct exhibit_part *p = &x->parts[x->parts_n++];
        if (!get_hash(json_at(list, i), "sha256", &p->sha256, e) ||
            !get_size(json_at(list, i), EXHIBIT_PART_BYTES, &p->size, e))
            return err_within(e, "parts/%zu", i);
        sum += p->size;
    }
    return sum == x->size || err_fail(e, ERR_INPUT, "the parts do not add up to \"size\"");
}

static bool get_step(const struct json *o, struct exhibit_step *s, struct err *e)
{
    int64_t us;

    if (!json_get_string(o, "who", &s->who, e) || !json_get_string(o, "what", &s->what, e) ||
        !json_get_string(o, "when", &s->when, e) || !optional(o, "how", &s->how, e) ||
        !optional(o, "result", &s->result, e))
        return false;
    return stix_time_parse(s->when, &us) ||
           err_fail(e, ERR_INPUT, "\"when\" must be a time such as 2026-01-31T12:00:00Z");
}

bool exhibit_parse_steps(const struct json *body, struct bytes by, struct exhibit *x, struct err *e)
{
    const struct json *list = json_find(body, "custody");

    if (!list)
        return true;
    if (!json_get_array(body, "custody", &list, e))
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        if (x->steps_n == EXHIBIT_STEPS)
            return err_fail(e, ERR_LIMIT, "more than %d steps of custody", EXHIBIT_STEPS);
        if (!get_step(json_at(list, i), &x->steps[x->steps_n], e))
            return err_within(e, "custody/%zu", i);
        x->steps[x->steps_n++].by = by;
    }
    return true;
}

static void get_marking(const struct json *o, struct exhibit *x)
{
    const struct json *list = json_find(o, "object_marking_refs");
    struct bytes id;

    x->tlp = -1;
    for (size_t i = 0; i < json_count(list); i++)
        if (json_as_string(json_at(list, i), &id) && (int)stix_tlp_of_id(id) - 1 > x->tlp)
            x->tlp = (int)stix_tlp_of_id(id) - 1;
}

static bool get_all(const struct json *o, struct exhibit *x, struct err *e)
{
    if (!json_is(json_find(o, "type"), EXHIBIT_TYPE))
        return err_fail(e, ERR_INPUT, "\"type\" must be \"" EXHIBIT_TYPE "\"");
    get_marking(o, x);
    if (json_is(json_find(o, "action"), "exhibit.provide"))
        return get_hash(o, "sha256", &x->sha256, e) && get_size(o, EXHIBIT_MOST, &x->size, e) &&
               get_parts(o, x, e) && (x->parts_n || err_fail(e, ERR_INPUT, "\"parts\" is missing"));
    return json_get_string(o, "id", &x->id, e) && json_get_string(o, "name", &x->name, e) &&
           json_get_string(o, "media_type", &x->media_type, e) &&
           get_hash(o, "sha256", &x->sha256, e) && json_get_bool(o, "salted", &x->salted, e) &&
           get_size(o, INT64_C(1) << 53, &x->size, e) && get_availability(o, x, e) &&
           get_grade(o, x, e) && optional(o, "about", &x->about, e) &&
           optional(o, "conditions", &x->conditions, e) && optional(o, "holder", &x->holder, e) &&
           get_parts(o, x, e) && exhibit_parse_steps(o, bytes_of(NULL, 0), x, e) &&
           (x->availability != EXHIBIT_ATTACHED || x->parts_n ||
            err_fail(e, ERR_INPUT, "attached, and \"parts\" is missing"));
}

bool exhibit_parse(struct bytes body, struct arena *a, struct exhibit *out, struct err *e)
{
    const struct json *o = json_parse(body, a, e);
    struct exhibit *x = o ? arena_get(a, sizeof *x, e) : NULL;

    if (!x)
        return err_within(e, "exhibit");
    if (!get_all(o, x, e))
        return err_within(e, "exhibit");
    *out = *x;
    return true;
}

/* ---- what people type ---- */

bool exhibit_grade_parse(struct bytes text, char *source, char *information, struct err *e)
{
    if (text.n != 2 || text.p[0] < 'A' || text.p[0] > 'G' || text.p[1] < '1' || text.p[1] > '6')
        return err_fail(e, ERR_INPUT,
                        "a grade is a letter A to G (the source) and a digit 1 to 6 (the "
                        "information), such as B2");
    *source = (char)text.p[0];
    *information = (char)text.p[1];
    return true;
}

static struct bytes next_field(struct bytes *rest)
{
    size_t end = bytes_find_byte(*rest, '|');
    struct bytes field = bytes_trim(bytes_part(*rest, 0, end));

    *rest = bytes_part(*rest, end + 1, SIZE_MAX);
    return field;
}

bool exhibit_step_parse(struct bytes text, const struct os *os, struct arena *a,
                        struct exhibit_step *out, struct err *e)
{
    struct exhibit_step s;
    char *now = arena_get(a, TIME_TEXT_MAX, e);
    int64_t us;

    if (!now)
        return false;
    s = (struct exhibit_step){.who = next_field(&text)};
    s.what = next_field(&text);
    s.how = next_field(&text);
    s.when = next_field(&text);
    s.result = bytes_trim(text);
    if (s.when.n == 0) {
        time_print(now, os_now(os));
        s.when = bytes_text(now);
    }
    if (s.who.n == 0 || s.what.n == 0)
        return err_fail(e, ERR_INPUT, "a step of custody is \"who | what | how | when | result\"");
    if (!stix_time_parse(s.when, &us))
        return err_fail(e, ERR_INPUT, "custody: when is a time such as 2026-01-31T12:00:00Z");
    *out = s;
    return true;
}
