/* What is it? Told by the first bytes; the input is left where its reader begins. */
#include "base/limits.h"
#include "stix/import_impl.h"

static bool may_be(const struct stix_import *im, enum stix_format f)
{
    return im->how.format == STIX_FORMAT_AUTO || im->how.format == f;
}

static void set(struct stix_import *im, enum stix_format format)
{
    static bool (*const nexts[])(struct stix_import *, struct stix_item *, bool *,
                                 struct err *) = {[STIX_FORMAT_STIX] = import_stix_next,
                                                  [STIX_FORMAT_MISP] = import_misp_next,
                                                  [STIX_FORMAT_CSV] = import_csv_next,
                                                  [STIX_FORMAT_LIST] = import_list_next};

    im->format = format;
    im->next = nexts[format];
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

/* The member that tells what an object is, and what stands in it. */
struct sign {
    enum stix_format format; /* AUTO: no member told */
    const char *member;
};

static struct sign sign_of(const struct stix_import *im, struct bytes key, uint8_t c)
{
    static const struct {
        const char *member;
        char first; /* of its value; 0: any */
        enum stix_format format;
    } signs[] = {{"objects", '[', STIX_FORMAT_STIX},
                 {"response", 0, STIX_FORMAT_MISP},
                 {"Event", '{', STIX_FORMAT_MISP},
                 {"Attribute", '[', STIX_FORMAT_MISP},
                 {"Object", '[', STIX_FORMAT_MISP}};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (bytes_are(key, signs[i].member) && (!signs[i].first || c == (uint8_t)signs[i].first) &&
            may_be(im, signs[i].format))
            return (struct sign){signs[i].format, signs[i].member};
    return (struct sign){STIX_FORMAT_AUTO, NULL};
}

/* Look through an object's members for one that tells. */
static bool look_inside(struct stix_import *im, struct sign *out, struct err *e)
{
    bool more = true;
    struct bytes key;
    uint8_t c;

    *out = (struct sign){STIX_FORMAT_AUTO, NULL};
    if (!walk_expect(&im->in, '{', e) || !walk_peek(&im->in, &c, e))
        return false;
    more = c != '}';
    while (more) {
        arena_reset(im->arena, im->empty);
        if (!walk_key(&im->in, im->arena, &key, e) || !walk_peek(&im->in, &c, e))
            return false;
        *out = sign_of(im, key, c);
        if (out->member)
            return true;
        if (!walk_skip(&im->in, im->arena, e) || !walk_next(&im->in, '}', &more, e))
            return false;
    }
    return true;
}

/* The same, and back to where we were. */
static bool look(struct stix_import *im, struct sign *out, struct err *e)
{
    size_t line = im->in.line, column = im->in.column;
    bool ok;

    stream_hold(&im->in);
    ok = look_inside(im, out, e);
    if (ok)
        stream_rewind(&im->in, line, column);
    return ok;
}

/* Go to the value of that member. */
static bool go_to(struct stix_import *im, const char *member, struct err *e)
{
    struct bytes key;
    bool more = true;

    if (!walk_expect(&im->in, '{', e))
        return false;
    while (more) {
        arena_reset(im->arena, im->empty);
        if (!walk_key(&im->in, im->arena, &key, e))
            return false;
        if (bytes_are(key, member))
            return true;
        if (!walk_skip(&im->in, im->arena, e) || !walk_next(&im->in, '}', &more, e))
            return false;
    }
    return walk_fail(&im->in, "a member that was there is gone", e);
}

static bool detect_object(struct stix_import *im, struct err *e)
{
    struct sign sign;
    uint8_t c;

    if (!look(im, &sign, e))
        return false;
    set(im, sign.format != STIX_FORMAT_AUTO      ? sign.format
            : im->how.format == STIX_FORMAT_MISP ? STIX_FORMAT_MISP
                                                 : STIX_FORMAT_STIX);
    im->lone = im->format == STIX_FORMAT_STIX && !sign.member;
    if (!sign.member ||
        (strcmp(sign.member, "objects") != 0 && strcmp(sign.member, "response") != 0))
        return true;
    im->wrapped = true;
    if (!go_to(im, sign.member, e) || !walk_peek(&im->in, &c, e))
        return false;
    im->listed = c == '[';
    if (im->listed)
        stream_take(&im->in, 1);
    return true;
}

/* A list is of what its first element is. */
static bool detect_array(struct stix_import *im, struct err *e)
{
    struct sign sign = {im->how.format, NULL};
    uint8_t c;

    stream_take(&im->in, 1);
    if (!walk_peek(&im->in, &c, e))
        return false;
    if (c == '{' && im->how.format == STIX_FORMAT_AUTO && !look(im, &sign, e))
        return false;
    set(im, sign.format == STIX_FORMAT_MISP ? STIX_FORMAT_MISP : STIX_FORMAT_STIX);
    im->listed = true;
    return true;
}

/* ---- lines
 * ---------------------------------------------------------------------------------------- */

static const char separators[] = {',', ';', '\t'};

static bool is_header(struct stix_import *im, struct bytes line, bool in_comment, struct err *e)
{
    size_t n;

    for (size_t i = 0; i < sizeof separators; i++) {
        if (bytes_find_byte(line, (uint8_t)separators[i]) == line.n)
            continue;
        if (!csv_split(line, separators[i], im->arena, im->cells, IMPORT_COLUMNS_MOST, &n, e))
            return false;
        im->csv.separator = separators[i];
        /* In a comment, words are more often words than names of columns. */
        if (csv_header(&im->csv, im->cells, n) &&
            (!in_comment || (n > 2 && im->csv.value != SIZE_MAX)))
            return true;
    }
    return false;
}

static bool is_row(struct stix_import *im, struct bytes line, struct err *e)
{
    size_t n;

    for (size_t i = 0; i < sizeof separators; i++) {
        if (bytes_find_byte(line, (uint8_t)separators[i]) == line.n)
            continue;
        if (!csv_split(line, separators[i], im->arena, im->cells, IMPORT_COLUMNS_MOST, &n, e))
            return false;
        im->csv.separator = separators[i];
        if (csv_first_row(&im->csv, im->cells, n))
            return true;
    }
    return false;
}

/* A comment that names columns: Zeek's "#fields", and the last comment before many a feed's rows.
 */
static bool comment_names_columns(struct stix_import *im, struct bytes line, struct err *e)
{
    line = bytes_trim(bytes_part(line, 1, SIZE_MAX));
    if (bytes_start_with(line, "fields\t"))
        line = bytes_part(line, 7, SIZE_MAX);
    return is_header(im, line, true, e);
}

/* Look at lines until one tells. A CSV whose header stands in a comment has no header to skip. */
static bool look_at_lines(struct stix_import *im, bool *csv, struct err *e)
{
    struct bytes line;
    bool cut;
    struct err why = {0};

    *csv = false;
    while (stream_line(&im->in, &line, &cut, &why)) {
        arena_reset(im->arena, im->empty);
        line = bytes_trim(line);
        if (line.n && line.p[0] == '#') {
            *csv = im->csv.header_done = comment_names_columns(im, line, e);
        } else if (line.n && *csv) {
            break;
        } else if (line.n) {
            *csv = is_header(im, line, false, e);
            im->csv.header_done = !*csv && is_row(im, line, e);
            *csv |= im->csv.header_done;
            break;
        }
    }
    if (why.code)
        err_pass(e, &why);
    return why.code == ERR_NONE;
}

static bool detect_lines(struct stix_import *im, struct err *e)
{
    size_t line = im->in.line, column = im->in.column;
    bool csv = false;

    if (im->how.format == STIX_FORMAT_LIST) {
        set(im, STIX_FORMAT_LIST);
        return true;
    }
    stream_hold(&im->in);
    if (!look_at_lines(im, &csv, e))
        return false;
    stream_rewind(&im->in, line, column);
    if (!csv && im->how.format == STIX_FORMAT_CSV)
        return err_fail(e, ERR_INPUT,
                        "no column of values: name it \"value\" or \"indicator\" in a first line");
    set(im, csv ? STIX_FORMAT_CSV : STIX_FORMAT_LIST);
    return true;
}

/* ---- together
 * ----------------------------------------------------------------------------------------- */

static bool starts_with(struct stix_import *im, const char *bytes)
{
    return bytes_start_with(stream_view(&im->in), bytes);
}

/* '[' begins a list of objects, or a line such as [2a00::1]:443. */
static bool is_json_list(struct stix_import *im, bool *json, struct err *e)
{
    struct bytes v;
    size_t at = 1;

    if (!stream_need(&im->in, 4096, e))
        return false;
    v = stream_view(&im->in);
    while (at < v.n && (v.p[at] == ' ' || v.p[at] == '\t' || v.p[at] == '\r' || v.p[at] == '\n'))
        at++;
    *json = at == v.n || v.p[at] == '{' || v.p[at] == ']';
    return true;
}

bool import_detect(struct stix_import *im, struct err *e)
{
    bool json;
    uint8_t c;

    if (!stream_need(&im->in, 4, e))
        return false;
    if (starts_with(im, "\xff\xfe") || starts_with(im, "\xfe\xff"))
        return err_fail(e, ERR_INPUT, "line 1: the text is UTF-16: save it as UTF-8");
    if (starts_with(im, "\x28\xb5\x2f\xfd") || starts_with(im, "\x1f\x8b"))
        return err_fail(e, ERR_INPUT, "the file is compressed: unpack it first (zstd -d, gunzip)");
    if (starts_with(im, "\xef\xbb\xbf"))
        im->in.from += 3;
    if (im->how.format == STIX_FORMAT_CSV || im->how.format == STIX_FORMAT_LIST)
        return detect_lines(im, e);
    if (!walk_peek(&im->in, &c, e))
        return false;
    json = c == '{';
    if (c == '[' && !is_json_list(im, &json, e))
        return false;
    if (json)
        return c == '{' ? detect_object(im, e) : detect_array(im, e);
    if (im->how.format == STIX_FORMAT_STIX || im->how.format == STIX_FORMAT_MISP)
        return walk_fail(&im->in, "expected JSON, which begins with { or [", e);
    return detect_lines(im, e);
}
