/* compose: where a log has a request's host in one field and its path in another, the URL stands
 * nowhere. The index holds the hosts of its URLs (ENTRY_HOST); a line with such a host is put
 * together and looked up. */
#include "base/text.h"
#include "watch/scan_impl.h"

#include <stdio.h>

struct request {
    struct bytes host, path, port; /* as they stand */
    struct bytes field;
};

bool url_host(struct bytes url, struct bytes *host)
{
    size_t scheme = bytes_find(url, BYTES("://")), end = 0, user;
    struct bytes t = scheme == SIZE_MAX ? url : bytes_part(url, scheme + 3, SIZE_MAX);

    while (end < t.n && t.p[end] != '/' && t.p[end] != '?' && t.p[end] != '#')
        end++;
    t.n = end;
    user = bytes_find_last(t, BYTES("@"));
    if (user != SIZE_MAX)
        t = bytes_part(t, user + 1, SIZE_MAX);
    if (t.n && t.p[0] == '[')
        t = bytes_part(t, 1, bytes_find_byte(t, ']') - 1);
    else
        t = bytes_part(t, 0, bytes_find_byte(t, ':'));
    *host = t;
    return t.n > 0;
}

/* ---- the fields ---------------------------------------------------------------------------------
 */

static bool of_zeek(const struct columns *c, struct bytes line, struct request *r)
{
    if (c->host == SIZE_MAX || c->uri == SIZE_MAX)
        return false;
    r->host = column_value(line, c->separator, c->host);
    r->path = column_value(line, c->separator, c->uri);
    r->field = BYTES("uri");
    for (size_t i = 0; i < c->n; i++)
        if (bytes_are(column_name(c, i), "id.resp_p"))
            r->port = column_value(line, c->separator, i);
    return true;
}

static bool note_field(struct json_walk *w, size_t from, size_t to)
{
    struct request *r = w->self;
    struct bytes value = bytes_part(w->line, from, to - from);
    char path[32];
    struct bytes key = bytes_of(path, json_path(w, path, sizeof path));

    if (bytes_are(key, "host") || bytes_are(key, "http.hostname"))
        r->host = value;
    else if (bytes_are(key, "uri") || bytes_are(key, "http.url"))
        r->path = value;
    else if (bytes_are(key, "id.resp_p") || bytes_are(key, "dest_port"))
        r->port = value;
    return true;
}

static bool of_json(struct bytes line, struct request *r)
{
    struct json_walk w = {.line = line, .string = note_field, .other = note_field, .self = r};

    r->field = BYTES("uri");
    return json_walk(&w);
}

/* ---- the URL ------------------------------------------------------------------------------------
 */

/* A field's bytes without its escapes, behind what is there already; 0: no room. */
static size_t append(struct watch_scanner *s, size_t at, struct bytes part)
{
    bool json = s->format == WATCH_JSON;

    if (at == 0 || part.n > sizeof s->url - at)
        return 0;
    if (json)
        return at + json_decode(part, s->url + at, true);
    memcpy(s->url + at, part.p, part.n);
    return at + part.n;
}

#define SCHEME ((size_t)8) /* "https://": room before the host */

static bool ask(struct watch_scanner *s, const struct line *line, size_t from, size_t end,
                uint64_t offset)
{
    return give_hits(s, line, TOKEN_URL, bytes_of(s->url + from, end - from), false, offset);
}

/* With each scheme and without. */
static bool ask_schemes(struct watch_scanner *s, const struct line *line, size_t end,
                        uint64_t offset)
{
    if (!ask(s, line, SCHEME, end, offset))
        return false;
    memcpy(s->url, "https://", 8);
    if (!ask(s, line, 0, end, offset))
        return false;
    memcpy(s->url, " http://", 8);
    return ask(s, line, 1, end, offset);
}

static bool ask_port(struct watch_scanner *s, const struct line *line, const struct request *r,
                     bool port, uint64_t offset)
{
    size_t end = append(s, SCHEME, r->host);

    for (size_t i = SCHEME; i < end; i++) /* a host has no case, and URLs are listed in lower */
        s->url[i] = s->url[i] >= 'A' && s->url[i] <= 'Z' ? s->url[i] | 0x20 : s->url[i];
    if (port)
        end = append(s, append(s, end, BYTES(":")), r->port);
    end = append(s, end, r->path);
    return end == 0 || ask_schemes(s, line, end, offset);
}

bool compose_urls(struct watch_scanner *s, const struct line *from)
{
    struct request r = {0};
    struct line line = *from;

    if (s->composed_line == line.number || line.text.n > LIMIT_WATCH_LINE ||
        !(s->format == WATCH_ZEEK   ? of_zeek(&s->columns, line.text, &r)
          : s->format == WATCH_JSON ? of_json(line.text, &r)
                                    : false))
        return true;
    s->composed_line = line.number;
    if (!r.host.n || !r.path.n || (r.path.p[0] != '/' && r.path.p[0] != '\\'))
        return true;
    line.field = r.field;
    if (!ask_port(s, &line, &r, false, line.offset + (size_t)(r.path.p - line.text.p)))
        return false;
    if (!r.port.n || r.port.n > 5 || bytes_are(r.port, "80") || bytes_are(r.port, "443") ||
        bytes_find_byte(r.host, ':') < r.host.n)
        return true;
    return ask_port(s, &line, &r, true, line.offset + (size_t)(r.path.p - line.text.p));
}
