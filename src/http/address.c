/* Where a party is: host:port and the URL of a card. */
#include "base/text.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <stdio.h>

#define SHOWN 80 /* of a wrong text, in an error */
#define HTTPS_PORT 443

static bool refuse(struct err *e, struct bytes text, const char *why)
{
    return err_fail(e, ERR_INPUT, "\"%.*s\": %s", BYTES_FMT(bytes_part(text, 0, SHOWN)), why);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

/* RFC 1123 2.1: letters, digits, and hyphens inside. */
static bool label_valid(struct bytes label, bool *numeric)
{
    *numeric = true;
    if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    for (size_t i = 0; i < label.n; i++) {
        if (!is_lower(label.p[i]) && !is_digit(label.p[i]) && label.p[i] != '-')
            return false;
        *numeric = *numeric && is_digit(label.p[i]);
    }
    return true;
}

/* Every label, and the last one not a number: else it would be an IPv4 address, badly spelt. */
static bool name_valid(struct bytes host)
{
    bool numeric = true;

    for (;;) {
        size_t dot = bytes_find_byte(host, '.');
        if (!label_valid(bytes_part(host, 0, dot), &numeric))
            return false;
        if (dot == host.n)
            return !numeric;
        host = bytes_part(host, dot + 1, SIZE_MAX);
    }
}

/* What the system prints for it is what was written. */
static bool number_valid(int family, const char *host)
{
    uint8_t raw[16];
    char again[INET6_ADDRSTRLEN];

    return inet_pton(family, host, raw) == 1 && inet_ntop(family, raw, again, sizeof again) &&
           !strcmp(host, again);
}

static bool host_parse(struct bytes host, bool v6, struct http_address *out)
{
    if (host.n == 0 || host.n > HTTP_HOST_MAX || memchr(host.p, 0, host.n))
        return false;
    memcpy(out->host, host.p, host.n);
    out->host[host.n] = '\0';
    out->is_v6 = v6;
    return v6 ? number_valid(AF_INET6, out->host)
              : name_valid(host) || number_valid(AF_INET, out->host);
}

/* Host and what is behind it: nothing, or ":port". */
static bool authority_parse(struct bytes text, struct http_address *out, struct bytes *port,
                            struct err *e)
{
    bool v6 = text.n && text.p[0] == '[';
    size_t end = bytes_find_byte(text, v6 ? ']' : ':');

    if (v6 && end == text.n)
        return refuse(e, text, "expected a \"]\" behind the IPv6 address");
    if (!host_parse(bytes_part(text, v6, end - v6), v6, out)) {
        refuse(e, text, "expected a host name in lower case, or a numeric address");
        return err_hint(e, "write it as host.example, 192.0.2.1 or [2001:db8::1]");
    }
    *port = bytes_part(text, end + v6, SIZE_MAX);
    return true;
}

static bool port_parse(struct bytes text, struct bytes port, uint16_t *out, struct err *e)
{
    uint64_t v;

    if (port.n < 2 || port.p[0] != ':' || !decimal_parse(bytes_part(port, 1, SIZE_MAX), &v) ||
        v < 1 || v > 65535)
        return refuse(e, text, "expected a colon and a port from 1 to 65535");
    *out = (uint16_t)v;
    return true;
}

bool http_address_parse(struct bytes text, struct http_address *out, struct err *e)
{
    struct http_address at = {0};
    struct bytes port;

    if (!authority_parse(text, &at, &port, e) || !port_parse(text, port, &at.port, e))
        return false;
    *out = at;
    return true;
}

void http_address_print(const struct http_address *at, char out[HTTP_ADDRESS_TEXT_MAX])
{
    snprintf(out, HTTP_ADDRESS_TEXT_MAX, at->is_v6 ? "[%s]:%u" : "%s:%u", at->host, at->port);
}

/* RFC 3986 2.3, which need no escape anywhere. */
static bool is_unreserved(uint8_t c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static bool prefix_valid(struct bytes path)
{
    struct bytes segment;

    if (path.n > HTTP_PATH_MAX)
        return false;
    while (path.n) {
        if (!http_path_next(&path, &segment) || segment.n == 0 || bytes_are(segment, ".") ||
            bytes_are(segment, ".."))
            return false;
        for (size_t i = 0; i < segment.n; i++)
            if (!is_unreserved(segment.p[i]))
                return false;
    }
    return true;
}

bool http_url_parse(struct bytes text, struct http_url *out, struct err *e)
{
    static const char scheme[] = "https://";
    struct http_url url = {0};
    struct bytes rest, path, port;
    size_t slash;

    if (!bytes_start_with(text, scheme))
        return refuse(e, text, "expected https://");
    rest = bytes_part(text, sizeof scheme - 1, SIZE_MAX);
    slash = bytes_find_byte(rest, '/');
    path = bytes_part(rest, slash, SIZE_MAX);
    if (!authority_parse(bytes_part(rest, 0, slash), &url.at, &port, e))
        return false;
    url.at.port = HTTPS_PORT;
    if (port.n && !port_parse(text, port, &url.at.port, e))
        return false;
    if (port.n && url.at.port == HTTPS_PORT)
        return refuse(e, text, "port 443 is what https means: leave it out");
    if (!prefix_valid(path))
        return refuse(e, text, "expected a path of plain segments without a final slash");
    if (path.n)
        memcpy(url.path, path.p, path.n);
    *out = url;
    return true;
}

void http_url_print(const struct http_url *url, char out[HTTP_URL_TEXT_MAX])
{
    char at[HTTP_ADDRESS_TEXT_MAX];

    http_address_print(&url->at, at);
    if (url->at.port == HTTPS_PORT)
        *strrchr(at, ':') = '\0';
    snprintf(out, HTTP_URL_TEXT_MAX, "https://%s%s", at, url->path);
}
