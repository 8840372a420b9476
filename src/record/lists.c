/* Lists of digests. */
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
