/* What an act says, as lines of text: every member of its body but STIX's own and those that stand
 * above already. The words are the parties'; they are escaped, and never cut. */
#include "base/catalogue.h"
#include "cases/show_impl.h"

#define INDENT "          "
#define DEPTH_MOST 6

static bool passed_over(struct bytes key)
{
    static const char *const keys[] = {
        "type",    "id",           "spec_version", "created",  "modified",    "created_by_ref",
        "action",  "extensions",   "lang",         "exercise", "request_ref", "claim_ref",
        "urgency", "request_type", "addressee",    NULL};

    for (size_t i = 0; keys[i]; i++)
        if (bytes_are(key, keys[i]))
            return true;
    return false;
}

/* "intended_use" is "intended use" to people, or what the catalogue has for that. */
static void put_key(struct buf *b, const struct catalogue *words, struct bytes key)
{
    char text[64];
    size_t n = key.n < sizeof text - 1 ? key.n : sizeof text - 1;

    for (size_t i = 0; i < n; i++)
        text[i] = key.p[i] == '_' ? ' ' : (char)key.p[i];
    text[n] = '\0';
    buf_escaped(b, bytes_text(catalogue_text_in(words, "member", text)));
}

static void new_line(struct buf *b, unsigned depth)
{
    buf_puts(b, "\n" INDENT);
    for (unsigned i = 0; i < depth; i++)
        buf_puts(b, "  ");
}

/* Text of several lines keeps them, below each other. */
static void put_text(struct buf *b, struct bytes text, unsigned depth)
{
    struct bytes label = {0};
    enum stix_tlp tlp = stix_tlp_of_id(text);
    size_t end;

    if (tlp != STIX_TLP_NONE) {
        label = bytes_text(stix_tlp_name(tlp));
        text = label;
    }
    while ((end = bytes_find_byte(text, '\n')) < text.n) {
        buf_escaped(b, bytes_part(text, 0, end));
        text = bytes_part(text, end + 1, SIZE_MAX);
        if (text.n)
            new_line(b, depth);
    }
    buf_escaped(b, text);
}

static void put_value(struct buf *b, const struct catalogue *words, const struct json *v,
                      unsigned depth);

static void put_object(struct buf *b, const struct catalogue *words, const struct json *v,
                       unsigned depth, bool first)
{
    for (size_t i = 0; i < json_count(v); i++) {
        struct bytes key;
        const struct json *x = json_member(v, i, &key);
        if (depth == 0 && passed_over(key))
            continue;
        if (!first || i)
            new_line(b, depth);
        put_key(b, words, key);
        buf_puts(b, ":");
        put_value(b, words, x, depth + 1);
    }
}

/* Words one after the other; objects numbered, for what is asked is numbered. */
static void put_array(struct buf *b, const struct catalogue *words, const struct json *v,
                      unsigned depth)
{
    for (size_t i = 0; i < json_count(v); i++) {
        const struct json *x = json_at(v, i);
        if (json_type(x) == JSON_OBJECT) {
            new_line(b, depth);
            buf_format(b, "%zu. ", i + 1);
            put_object(b, words, x, depth + 1, true);
        } else {
            buf_puts(b, i ? "," : "");
            put_value(b, words, x, depth);
        }
    }
}

static void put_value(struct buf *b, const struct catalogue *words, const struct json *v,
                      unsigned depth)
{
    struct bytes text;
    double number;
    int64_t n;
    bool yes;

    if (depth > DEPTH_MOST)
        buf_puts(b, " ...");
    else if (json_type(v) == JSON_OBJECT)
        put_object(b, words, v, depth, false);
    else if (json_type(v) == JSON_ARRAY)
        put_array(b, words, v, depth);
    else if (json_as_string(v, &text)) {
        buf_puts(b, " ");
        put_text(b, text, depth);
    } else if (json_as_integer(v, &n))
        buf_format(b, " %lld", (long long)n);
    else if (json_as_number(v, &number))
        buf_format(b, " %.17g", number);
    else if (json_as_bool(v, &yes))
        buf_say(b, words, yes ? N_(" yes") : N_(" no"));
    else
        buf_puts(b, " null");
}

void put_body(struct buf *b, const struct catalogue *words, const struct json *body)
{
    struct buf text = buf_in(b->arena);
    struct bytes out;

    put_object(&text, words, body, 0, false);
    if (buf_end(&text, &out, &b->e) && out.n) {
        buf_put(b, bytes_part(out, 1, SIZE_MAX)); /* without the first line feed */
        buf_puts(b, "\n");
    }
}
