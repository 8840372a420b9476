/* Lists of digests, and a quick look at an object's top level. */
#include "record/record_impl.h"

static struct bytes word(struct bytes *line)
{
    struct bytes w = bytes_part(*line, 0, bytes_find_byte(*line, ' '));

    *line = bytes_part(*line, w.n + 1, SIZE_MAX);
    return w;
}

bool list_next(struct bytes *rest, bool of_lists, struct list_line *out, struct err *e)
{
    struct bytes line = bytes_part(*rest, 0, bytes_find_byte(*rest, '\n')), hex, size;

    if (rest->n == 0)
        return false;
    if (line.n == rest->n)
        return err_fail(e, ERR_INPUT, "list: the last line does not end in a line feed");
    *rest = bytes_part(*rest, line.n + 1, SIZE_MAX);
    hex = word(&line);
    size = word(&line);
    if (!hex_decode(out->sha256.b, 32, hex) || !decimal_parse(size, &out->size))
        return err_fail(e, ERR_INPUT, "list: a line does not begin with a digest and a size");
    if (of_lists)
        return decimal_parse(line, &out->count) ||
               err_fail(e, ERR_INPUT, "list: a line of lists does not end in a count");
    out->tlp = tlp_rank(word(&line));
    out->id = line;
    if (out->tlp < 0 || line.n == 0 || line.n > 320 || line.p[0] <= ' ')
        return err_fail(e, ERR_INPUT, "list: a line does not end in a marking and an id");
    return true;
}

uint8_t media_segment(struct bytes media_type)
{
    if (bytes_are(media_type, MEDIA_STIX))
        return SEG_OBJECT;
    return bytes_are(media_type, MEDIA_LIST) ? SEG_PART : SEG_PAYLOAD;
}

/* ---- peeking ---- */

/* Behind the string that begins at `at` (on its quote); SIZE_MAX if it does not end. */
static size_t skip_string(struct bytes o, size_t at)
{
    for (at++; at < o.n; at++) {
        if (o.p[at] == '\\')
            at++;
        else if (o.p[at] == '"')
            return at + 1;
    }
    return SIZE_MAX;
}

static size_t skip_value(struct bytes o, size_t at)
{
    size_t depth = 0;

    while (at < o.n) {
        uint8_t c = o.p[at];
        if (c == '"') {
            at = skip_string(o, at);
            if (at == SIZE_MAX)
                return SIZE_MAX;
            if (depth == 0)
                return at;
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth == 0)
            return at;
        else if (c == ',' && depth == 0)
            return at;
        else if ((c == '}' || c == ']') && --depth == 0)
            return at + 1;
        at++;
    }
    return SIZE_MAX;
}

static const struct {
    const char *id;
    int rank;
} tlp_ids[] = {
    {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", 0},
    {"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", 0},
    {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", 1},
    {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", 1},
    {"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", 2},
    {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", 2},
    {"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", 3},
    {"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", 4},
    {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", 4},
};

/* The strictest TLP among the ids in a JSON array of strings. */
static int strictest(struct bytes array)
{
    int tlp = -1;

    for (size_t at = 0; at < array.n; at++) {
        struct bytes id;
        if (array.p[at] != '"')
            continue;
        id = bytes_part(array, at + 1, bytes_find_byte(bytes_part(array, at + 1, SIZE_MAX), '"'));
        for (size_t i = 0; i < sizeof tlp_ids / sizeof *tlp_ids; i++)
            if (tlp_ids[i].rank > tlp && bytes_are(id, tlp_ids[i].id))
                tlp = tlp_ids[i].rank;
        at += id.n + 1;
    }
    return tlp;
}

static struct bytes inner(struct bytes o, size_t from, size_t to)
{
    return bytes_part(o, from + 1, to - from - 2);
}

bool object_peek(struct bytes o, struct bytes *id, struct bytes *type, int *tlp, struct err *e)
{
    struct bytes found_id = {0}, found_type = {0};
    int found_tlp = -1;
    size_t at = 1;

    if (o.n < 2 || o.p[0] != '{' || o.p[o.n - 1] != '}')
        return err_fail(e, ERR_INPUT, "not a canonical JSON object");
    while (at < o.n && o.p[at] == '"') {
        size_t colon = skip_string(o, at), value = colon + 1, end;
        struct bytes key;
        if (colon == SIZE_MAX || colon >= o.n || o.p[colon] != ':')
            return err_fail(e, ERR_INPUT, "not a canonical JSON object");
        key = inner(o, at, colon);
        end = skip_value(o, value);
        if (end == SIZE_MAX || end == value)
            return err_fail(e, ERR_INPUT, "not a canonical JSON object");
        if (bytes_are(key, "id") && o.p[value] == '"')
            found_id = inner(o, value, end);
        else if (bytes_are(key, "type") && o.p[value] == '"')
            found_type = inner(o, value, end);
        else if (bytes_are(key, "object_marking_refs"))
            found_tlp = strictest(bytes_part(o, value, end - value));
        at = end + (end < o.n && o.p[end] == ',');
    }
    if (at + 1 != o.n || found_type.n == 0 || found_id.n < found_type.n + 3 ||
        memcmp(found_id.p, found_type.p, found_type.n) != 0 || found_id.p[found_type.n] != '-')
        return err_fail(e, ERR_INPUT, "not a STIX object: its id does not begin with its type");
    *id = found_id;
    *type = found_type;
    *tlp = found_tlp;
    return true;
}
