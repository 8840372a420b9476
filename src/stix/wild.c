/* Names of types and spellings of dates in feeds. */
#include "base/text.h"
#include "stix/import_impl.h"

#define NONE NOT_CARRIED

/* MISP's types (misp-project.org/datamodels), then those of CSV feeds, Zeek and OTX. */
static const struct wild_type types[] = {
    {"ip-src", INDICATOR_ADDRESS, NONE},
    {"ip-dst", INDICATOR_ADDRESS, NONE},
    {"ip-src|port", INDICATOR_ADDRESS, NONE},
    {"ip-dst|port", INDICATOR_ADDRESS, NONE},
    {"domain", INDICATOR_HOST, NONE},
    {"hostname", INDICATOR_HOST, NONE},
    {"hostname|port", INDICATOR_HOST, NONE},
    {"domain|ip", INDICATOR_HOST, INDICATOR_ADDRESS},
    {"url", INDICATOR_URL, NONE},
    {"uri", INDICATOR_URL, NONE},
    {"email", INDICATOR_EMAIL, NONE},
    {"email-src", INDICATOR_EMAIL, NONE},
    {"email-dst", INDICATOR_EMAIL, NONE},
    {"email-reply-to", INDICATOR_EMAIL, NONE},
    {"md5", INDICATOR_MD5, NONE},
    {"sha1", INDICATOR_SHA1, NONE},
    {"sha256", INDICATOR_SHA256, NONE},
    {"sha512", INDICATOR_SHA512, NONE},
    {"filename|md5", NONE, INDICATOR_MD5},
    {"filename|sha1", NONE, INDICATOR_SHA1},
    {"filename|sha256", NONE, INDICATOR_SHA256},
    {"filename|sha512", NONE, INDICATOR_SHA512},
    {"malware-sample", NONE, INDICATOR_MD5},
    {"ip", INDICATOR_ADDRESS, NONE},
    {"ips", INDICATOR_ADDRESS, NONE},
    {"ipv4", INDICATOR_ADDRESS, NONE},
    {"ipv6", INDICATOR_ADDRESS, NONE},
    {"ip address", INDICATOR_ADDRESS, NONE},
    {"ip-address", INDICATOR_ADDRESS, NONE},
    {"ip_address", INDICATOR_ADDRESS, NONE},
    {"ipaddress", INDICATOR_ADDRESS, NONE},
    {"ipv4-addr", INDICATOR_ADDRESS, NONE},
    {"ipv6-addr", INDICATOR_ADDRESS, NONE},
    {"ip:port", INDICATOR_ADDRESS, NONE},
    {"dst_ip", INDICATOR_ADDRESS, NONE},
    {"dstip", INDICATOR_ADDRESS, NONE},
    {"cidr", INDICATOR_ADDRESS, NONE},
    {"subnet", INDICATOR_ADDRESS, NONE},
    {"netblock", INDICATOR_ADDRESS, NONE},
    {"intel::addr", INDICATOR_ADDRESS, NONE},
    {"intel::subnet", INDICATOR_ADDRESS, NONE},
    {"domains", INDICATOR_HOST, NONE},
    {"domain-name", INDICATOR_HOST, NONE},
    {"domain_name", INDICATOR_HOST, NONE},
    {"domain name", INDICATOR_HOST, NONE},
    {"fqdn", INDICATOR_HOST, NONE},
    {"host", INDICATOR_HOST, NONE},
    {"intel::domain", INDICATOR_HOST, NONE},
    {"urls", INDICATOR_URL, NONE},
    {"intel::url", INDICATOR_URL, NONE},
    {"email-addr", INDICATOR_EMAIL, NONE},
    {"email_address", INDICATOR_EMAIL, NONE},
    {"email address", INDICATOR_EMAIL, NONE},
    {"e-mail", INDICATOR_EMAIL, NONE},
    {"intel::email", INDICATOR_EMAIL, NONE},
    {"hash", INDICATOR_DIGEST, NONE},
    {"file_hash", INDICATOR_DIGEST, NONE},
    {"filehash", INDICATOR_DIGEST, NONE},
    {"intel::file_hash", INDICATOR_DIGEST, NONE},
    {"md5_hash", INDICATOR_MD5, NONE},
    {"filehash-md5", INDICATOR_MD5, NONE},
    {"sha-1", INDICATOR_SHA1, NONE},
    {"sha1_hash", INDICATOR_SHA1, NONE},
    {"filehash-sha1", INDICATOR_SHA1, NONE},
    {"sha-256", INDICATOR_SHA256, NONE},
    {"sha256_hash", INDICATOR_SHA256, NONE},
    {"filehash-sha256", INDICATOR_SHA256, NONE},
    {"sha-512", INDICATOR_SHA512, NONE},
};

static bool same_word(struct bytes a, const char *word)
{
    for (size_t i = 0; i < a.n; i++) {
        uint8_t c = a.p[i] >= 'A' && a.p[i] <= 'Z' ? a.p[i] | 0x20 : a.p[i];
        if (c != (uint8_t)word[i]) /* the final zero is unlike any byte but a zero */
            return false;
        if (!word[i])
            return false;
    }
    return word[a.n] == '\0';
}

const struct wild_type *wild_type_find(struct bytes name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (name.n && same_word(name, types[i].name))
            return &types[i];
    return NULL;
}

/* "20160824", "2016-08-24", "2016-08-24 01:02:03", RFC 3339, or seconds since 1970. */
int64_t wild_time(struct bytes t)
{
    char text[40];
    int64_t us;
    uint64_t seconds;

    t = bytes_trim(t);
    if (t.n == 8 && decimal_parse(t, &seconds))
        snprintf(text, sizeof text, "%.4s-%.2s-%.2sT00:00:00Z", (const char *)t.p,
                 (const char *)t.p + 4, (const char *)t.p + 6);
    else if (t.n == 10 && t.p[4] == '-')
        snprintf(text, sizeof text, "%.10sT00:00:00Z", (const char *)t.p);
    else if (t.n == 19 && t.p[10] == ' ')
        snprintf(text, sizeof text, "%.10sT%.8sZ", (const char *)t.p, (const char *)t.p + 11);
    else if (t.n >= 9 && t.n <= 10 && decimal_parse(t, &seconds))
        return (int64_t)seconds * US_PER_S;
    else
        return stix_time_parse(t, &us) && us >= 0 ? us : STIX_NO_TIME;
    return stix_time_parse(bytes_text(text), &us) && us >= 0 ? us : STIX_NO_TIME;
}
