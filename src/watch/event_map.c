/* event_map: which property of which object a log's field is. Rows of one log stand before those
 * of its whole family, and these before rows of any log. */
#include "watch/event_impl.h"

const char *const slot_types[SLOTS] = {
    [SLOT_FLOW] = "network-traffic",
    [SLOT_FILE] = "file",
    [SLOT_PROCESS] = "process",
    [SLOT_PARENT] = "process",
    [SLOT_IMAGE] = "file",
    [SLOT_PARENT_IMAGE] = "file",
    [SLOT_KEY] = "windows-registry-key",
    [SLOT_USER] = "user-account",
    [SLOT_MAIL] = "email-message",
    [SLOT_CERT] = "x509-certificate",
    [SLOT_SOFTWARE] = "software",
};

#define HTTP "extensions/http-request-ext/"
#define HEADER HTTP "request_header/"
#define Z FAMILY_ZEEK
#define E FAMILY_EVE
#define W FAMILY_WINDOWS
#define A FAMILY_ANY

const struct map_row event_rows[] = {
    /* Zeek */
    {Z, "conn", "ts", SLOT_FLOW, AS_TIME, "start"},
    {Z, "conn", "duration", SLOT_FLOW, AS_DURATION, "end"},
    {Z, "conn", "orig_bytes", SLOT_FLOW, AS_INTEGER, "src_byte_count"},
    {Z, "conn", "resp_bytes", SLOT_FLOW, AS_INTEGER, "dst_byte_count"},
    {Z, "conn", "orig_pkts", SLOT_FLOW, AS_INTEGER, "src_packets"},
    {Z, "conn", "resp_pkts", SLOT_FLOW, AS_INTEGER, "dst_packets"},
    {Z, "dns", "query", 0, AS_HOST, NULL},
    {Z, "dns", "answers", 0, AS_ANSWER, NULL},
    {Z, "http", "host", SLOT_FLOW, AS_HOST, HEADER "Host[]"},
    {Z, "http", "uri", SLOT_FLOW, AS_PATH, HTTP "request_value"},
    {Z, "http", "method", SLOT_FLOW, AS_LOWER, HTTP "request_method"},
    {Z, "http", "version", SLOT_FLOW, AS_TEXT, HTTP "request_version"},
    {Z, "http", "user_agent", SLOT_FLOW, AS_TEXT, HEADER "User-Agent[]"},
    {Z, "http", "referrer", SLOT_FLOW, AS_URL, HEADER "Referer[]"},
    {Z, "http", "username", SLOT_USER, AS_TEXT, "user_id"},
    {Z, "http", "orig_filenames", SLOT_FILE, AS_FILE, "name"},
    {Z, "http", "resp_filenames", SLOT_FILE, AS_FILE, "name"},
    {Z, "http", "resp_mime_types", SLOT_FILE, AS_TEXT, "mime_type"},
    {Z, "ssl", "server_name", 0, AS_HOST, NULL},
    {Z, "ssl", "subject", SLOT_CERT, AS_TEXT, "subject"},
    {Z, "ssl", "issuer", SLOT_CERT, AS_TEXT, "issuer"},
    {Z, "ssl", "issuer_subject", SLOT_CERT, AS_TEXT, "issuer"},
    {Z, "ssl", "not_valid_before", SLOT_CERT, AS_TIME, "validity_not_before"},
    {Z, "ssl", "not_valid_after", SLOT_CERT, AS_TIME, "validity_not_after"},
    {Z, "ssl", "cert_hash", SLOT_CERT, AS_DIGEST, "hashes"},
    {Z, "ssl", "cert_chain_fps", SLOT_CERT, AS_DIGEST, "hashes"},
    {Z, "x509", "fingerprint", SLOT_CERT, AS_DIGEST, "hashes"},
    {Z, "x509", "certificate.version", SLOT_CERT, AS_TEXT, "version"},
    {Z, "x509", "certificate.serial", SLOT_CERT, AS_TEXT, "serial_number"},
    {Z, "x509", "certificate.subject", SLOT_CERT, AS_TEXT, "subject"},
    {Z, "x509", "certificate.issuer", SLOT_CERT, AS_TEXT, "issuer"},
    {Z, "x509", "certificate.not_valid_before", SLOT_CERT, AS_TIME, "validity_not_before"},
    {Z, "x509", "certificate.not_valid_after", SLOT_CERT, AS_TIME, "validity_not_after"},
    {Z, "x509", "certificate.sig_alg", SLOT_CERT, AS_TEXT, "signature_algorithm"},
    {Z, "x509", "san.dns", 0, AS_HOST, NULL},
    {Z, "x509", "san.uri", 0, AS_URL, NULL},
    {Z, "x509", "san.email", 0, AS_EMAIL, NULL},
    {Z, "x509", "san.ip", 0, AS_ADDRESS, NULL},
    {Z, "files", "tx_hosts", 0, AS_ADDRESS, NULL},
    {Z, "files", "rx_hosts", 0, AS_ADDRESS, NULL},
    {Z, "files", "filename", SLOT_FILE, AS_FILE, "name"},
    {Z, "files", "mime_type", SLOT_FILE, AS_TEXT, "mime_type"},
    {Z, "files", "total_bytes", SLOT_FILE, AS_INTEGER, "size"},
    {Z, "files", "md5", SLOT_FILE, AS_DIGEST, "hashes"},
    {Z, "files", "sha1", SLOT_FILE, AS_DIGEST, "hashes"},
    {Z, "files", "sha256", SLOT_FILE, AS_DIGEST, "hashes"},
    {Z, "smtp", "helo", 0, AS_HOST, NULL},
    {Z, "smtp", "mailfrom", SLOT_MAIL, AS_EMAIL, "sender_ref"},
    {Z, "smtp", "rcptto", SLOT_MAIL, AS_EMAIL, "to_refs[]"},
    {Z, "smtp", "from", SLOT_MAIL, AS_EMAIL, "from_ref"},
    {Z, "smtp", "to", SLOT_MAIL, AS_EMAIL, "to_refs[]"},
    {Z, "smtp", "cc", SLOT_MAIL, AS_EMAIL, "cc_refs[]"},
    {Z, "smtp", "reply_to", 0, AS_EMAIL, NULL},
    {Z, "smtp", "subject", SLOT_MAIL, AS_TEXT, "subject"},
    {Z, "smtp", "msg_id", SLOT_MAIL, AS_TEXT, "message_id"},
    {Z, "smtp", "x_originating_ip", 0, AS_ADDRESS, NULL},
    {Z, "smtp", "path", 0, AS_ADDRESS, NULL},
    {Z, "smtp", "user_agent", SLOT_SOFTWARE, AS_TEXT, "name"},
    {Z, "notice", "src", 0, AS_ADDRESS, NULL},
    {Z, "notice", "dst", 0, AS_ADDRESS, NULL},
    {Z, "ftp", "user", SLOT_USER, AS_TEXT, "user_id"},
    {Z, "ftp", "arg", 0, AS_URL, NULL},
    {Z, "ssh", "client", SLOT_SOFTWARE, AS_TEXT, "name"},
    {Z, "smb_files", "name", SLOT_FILE, AS_FILE, "name"},
    {Z, "smb_files", "size", SLOT_FILE, AS_INTEGER, "size"},
    {Z, "ntlm", "username", SLOT_USER, AS_TEXT, "user_id"},
    {Z, "kerberos", "client", SLOT_USER, AS_TEXT, "user_id"},
    {Z, "dhcp", "mac", 0, AS_MAC, NULL},
    {Z, "dhcp", "assigned_ip", 0, AS_ADDRESS, NULL},
    {Z, "dhcp", "assigned_addr", 0, AS_ADDRESS, NULL},
    {Z, "software", "host", 0, AS_ADDRESS, NULL},
    {Z, "software", "name", SLOT_SOFTWARE, AS_TEXT, "name"},
    {Z, "software", "unparsed_version", SLOT_SOFTWARE, AS_TEXT, "version"},
    {Z, NULL, "id.orig_h", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {Z, NULL, "id.orig_p", SLOT_FLOW, AS_INTEGER, "src_port"},
    {Z, NULL, "id.resp_h", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {Z, NULL, "id.resp_p", SLOT_FLOW, AS_INTEGER, "dst_port"},
    {Z, NULL, "proto", SLOT_FLOW, AS_LOWER, "protocols[]"},
    {Z, NULL, "service", SLOT_FLOW, AS_LOWER, "protocols[]"},
    /* Suricata's eve */
    {E, NULL, "src_ip", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {E, NULL, "src_port", SLOT_FLOW, AS_INTEGER, "src_port"},
    {E, NULL, "dest_ip", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {E, NULL, "dest_port", SLOT_FLOW, AS_INTEGER, "dst_port"},
    {E, NULL, "proto", SLOT_FLOW, AS_LOWER, "protocols[]"},
    {E, NULL, "app_proto", SLOT_FLOW, AS_LOWER, "protocols[]"},
    {E, NULL, "flow.start", SLOT_FLOW, AS_TIME, "start"},
    {E, NULL, "flow.end", SLOT_FLOW, AS_TIME, "end"},
    {E, NULL, "flow.bytes_toserver", SLOT_FLOW, AS_INTEGER, "src_byte_count"},
    {E, NULL, "flow.bytes_toclient", SLOT_FLOW, AS_INTEGER, "dst_byte_count"},
    {E, NULL, "flow.pkts_toserver", SLOT_FLOW, AS_INTEGER, "src_packets"},
    {E, NULL, "flow.pkts_toclient", SLOT_FLOW, AS_INTEGER, "dst_packets"},
    {E, NULL, "dns.rrname", 0, AS_HOST, NULL},
    {E, NULL, "dns.query.rrname", 0, AS_HOST, NULL},
    {E, NULL, "dns.queries.rrname", 0, AS_HOST, NULL},
    {E, NULL, "dns.rdata", 0, AS_ANSWER, NULL},
    {E, NULL, "dns.answers.rdata", 0, AS_ANSWER, NULL},
    {E, NULL, "dns.grouped.A", 0, AS_ANSWER, NULL},
    {E, NULL, "dns.grouped.AAAA", 0, AS_ANSWER, NULL},
    {E, NULL, "dns.grouped.CNAME", 0, AS_ANSWER, NULL},
    {E, NULL, "http.hostname", SLOT_FLOW, AS_HOST, HEADER "Host[]"},
    {E, NULL, "http.url", SLOT_FLOW, AS_PATH, HTTP "request_value"},
    {E, NULL, "http.http_method", SLOT_FLOW, AS_LOWER, HTTP "request_method"},
    {E, NULL, "http.protocol", SLOT_FLOW, AS_TEXT, HTTP "request_version"},
    {E, NULL, "http.http_user_agent", SLOT_FLOW, AS_TEXT, HEADER "User-Agent[]"},
    {E, NULL, "http.http_refer", SLOT_FLOW, AS_URL, HEADER "Referer[]"},
    {E, NULL, "tls.sni", 0, AS_HOST, NULL},
    {E, NULL, "tls.subject", SLOT_CERT, AS_TEXT, "subject"},
    {E, NULL, "tls.issuerdn", SLOT_CERT, AS_TEXT, "issuer"},
    {E, NULL, "tls.serial", SLOT_CERT, AS_TEXT, "serial_number"},
    {E, NULL, "tls.fingerprint", SLOT_CERT, AS_DIGEST, "hashes"},
    {E, NULL, "tls.notbefore", SLOT_CERT, AS_TIME, "validity_not_before"},
    {E, NULL, "tls.notafter", SLOT_CERT, AS_TIME, "validity_not_after"},
    {E, NULL, "fileinfo.filename", SLOT_FILE, AS_FILE, "name"},
    {E, NULL, "fileinfo.md5", SLOT_FILE, AS_DIGEST, "hashes"},
    {E, NULL, "fileinfo.sha1", SLOT_FILE, AS_DIGEST, "hashes"},
    {E, NULL, "fileinfo.sha256", SLOT_FILE, AS_DIGEST, "hashes"},
    {E, NULL, "fileinfo.size", SLOT_FILE, AS_INTEGER, "size"},
    {E, NULL, "smtp.helo", 0, AS_HOST, NULL},
    {E, NULL, "smtp.mail_from", SLOT_MAIL, AS_EMAIL, "sender_ref"},
    {E, NULL, "smtp.rcpt_to", SLOT_MAIL, AS_EMAIL, "to_refs[]"},
    {E, NULL, "email.from", SLOT_MAIL, AS_EMAIL, "from_ref"},
    {E, NULL, "email.to", SLOT_MAIL, AS_EMAIL, "to_refs[]"},
    {E, NULL, "email.cc", SLOT_MAIL, AS_EMAIL, "cc_refs[]"},
    {E, NULL, "email.subject", SLOT_MAIL, AS_TEXT, "subject"},
    {E, NULL, "email.url", 0, AS_URL, NULL},
    {E, NULL, "ssh.client.software_version", SLOT_SOFTWARE, AS_TEXT, "name"},
    /* Windows events and Sysmon, by the names of their data */
    {W, "6", "Hashes", SLOT_FILE, AS_DIGESTS, "hashes"},
    {W, "7", "Hashes", SLOT_FILE, AS_DIGESTS, "hashes"},
    {W, "15", "Hash", SLOT_FILE, AS_DIGESTS, "hashes"},
    {W, "23", "Hashes", SLOT_FILE, AS_DIGESTS, "hashes"},
    {W, "26", "Hashes", SLOT_FILE, AS_DIGESTS, "hashes"},
    {W, "12", "TargetObject", SLOT_KEY, AS_KEY, "key"},
    {W, NULL, "TargetObject", SLOT_KEY, AS_KEY_VALUE, "key"},
    {W, NULL, "Details", SLOT_KEY, AS_TEXT, "values[]/data"},
    {W, NULL, "Hashes", SLOT_IMAGE, AS_DIGESTS, "hashes"},
    {W, NULL, "Hash", SLOT_IMAGE, AS_DIGESTS, "hashes"},
    {W, NULL, "Image", SLOT_IMAGE, AS_IMAGE, "name"},
    {W, NULL, "NewProcessName", SLOT_IMAGE, AS_IMAGE, "name"},
    {W, NULL, "ProcessName", SLOT_IMAGE, AS_IMAGE, "name"},
    {W, NULL, "CommandLine", SLOT_PROCESS, AS_TEXT, "command_line"},
    {W, NULL, "CurrentDirectory", SLOT_PROCESS, AS_TEXT, "cwd"},
    {W, NULL, "ProcessId", SLOT_PROCESS, AS_INTEGER, "pid"},
    {W, NULL, "ParentImage", SLOT_PARENT_IMAGE, AS_IMAGE, "name"},
    {W, NULL, "ParentProcessName", SLOT_PARENT_IMAGE, AS_IMAGE, "name"},
    {W, NULL, "ParentCommandLine", SLOT_PARENT, AS_TEXT, "command_line"},
    {W, NULL, "ParentProcessId", SLOT_PARENT, AS_INTEGER, "pid"},
    {W, NULL, "TargetFilename", SLOT_FILE, AS_FILE, "name"},
    {W, NULL, "ImageLoaded", SLOT_FILE, AS_FILE, "name"},
    {W, NULL, "ObjectName", SLOT_FILE, AS_FILE, "name"},
    {W, NULL, "SourceIp", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {W, NULL, "SourceAddress", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {W, NULL, "IpAddress", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {W, NULL, "SourcePort", SLOT_FLOW, AS_INTEGER, "src_port"},
    {W, NULL, "IpPort", SLOT_FLOW, AS_INTEGER, "src_port"},
    {W, NULL, "DestinationIp", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {W, NULL, "DestAddress", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {W, NULL, "DestinationPort", SLOT_FLOW, AS_INTEGER, "dst_port"},
    {W, NULL, "DestPort", SLOT_FLOW, AS_INTEGER, "dst_port"},
    {W, NULL, "Protocol", SLOT_FLOW, AS_LOWER, "protocols[]"},
    {W, NULL, "SourceHostname", 0, AS_HOST, NULL},
    {W, NULL, "DestinationHostname", 0, AS_HOST, NULL},
    {W, NULL, "QueryName", 0, AS_HOST, NULL},
    {W, NULL, "TargetUserName", SLOT_USER, AS_TEXT, "user_id"},
    {W, NULL, "User", SLOT_USER, AS_TEXT, "user_id"},
    /* Elastic's common schema, our captures, and what columns are called elsewhere */
    {A, NULL, "source.ip", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {A, NULL, "source.address", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {A, NULL, "source.port", SLOT_FLOW, AS_INTEGER, "src_port"},
    {A, NULL, "source.bytes", SLOT_FLOW, AS_INTEGER, "src_byte_count"},
    {A, NULL, "source.domain", 0, AS_HOST, NULL},
    {A, NULL, "client.ip", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {A, NULL, "destination.ip", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {A, NULL, "destination.address", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {A, NULL, "destination.port", SLOT_FLOW, AS_INTEGER, "dst_port"},
    {A, NULL, "destination.bytes", SLOT_FLOW, AS_INTEGER, "dst_byte_count"},
    {A, NULL, "destination.domain", 0, AS_HOST, NULL},
    {A, NULL, "server.ip", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {A, NULL, "network.transport", SLOT_FLOW, AS_LOWER, "protocols[]"},
    {A, NULL, "network.protocol", SLOT_FLOW, AS_LOWER, "protocols[]"},
    {A, NULL, "dns.question.name", 0, AS_HOST, NULL},
    {A, NULL, "dns.resolved_ip", 0, AS_ANSWER, NULL},
    {A, NULL, "dns.answers.data", 0, AS_ANSWER, NULL},
    {A, NULL, "url.full", 0, AS_URL, NULL},
    {A, NULL, "url.original", 0, AS_URL, NULL},
    {A, NULL, "url.domain", 0, AS_HOST, NULL},
    {A, NULL, "http.request.method", SLOT_FLOW, AS_LOWER, HTTP "request_method"},
    {A, NULL, "http.request.referrer", SLOT_FLOW, AS_URL, HEADER "Referer[]"},
    {A, NULL, "user_agent.original", SLOT_FLOW, AS_TEXT, HEADER "User-Agent[]"},
    {A, NULL, "tls.client.server_name", 0, AS_HOST, NULL},
    {A, NULL, "tls.server.subject", SLOT_CERT, AS_TEXT, "subject"},
    {A, NULL, "tls.server.issuer", SLOT_CERT, AS_TEXT, "issuer"},
    {A, NULL, "tls.server.hash.sha256", SLOT_CERT, AS_DIGEST, "hashes"},
    {A, NULL, "tls.server.hash.sha1", SLOT_CERT, AS_DIGEST, "hashes"},
    {A, NULL, "file.path", SLOT_FILE, AS_FILE, "name"},
    {A, NULL, "file.name", SLOT_FILE, AS_TEXT, "name"},
    {A, NULL, "file.size", SLOT_FILE, AS_INTEGER, "size"},
    {A, NULL, "file.mime_type", SLOT_FILE, AS_TEXT, "mime_type"},
    {A, NULL, "file.hash.md5", SLOT_FILE, AS_DIGEST, "hashes"},
    {A, NULL, "file.hash.sha1", SLOT_FILE, AS_DIGEST, "hashes"},
    {A, NULL, "file.hash.sha256", SLOT_FILE, AS_DIGEST, "hashes"},
    {A, NULL, "file.hash.sha512", SLOT_FILE, AS_DIGEST, "hashes"},
    {A, NULL, "process.executable", SLOT_IMAGE, AS_IMAGE, "name"},
    {A, NULL, "process.command_line", SLOT_PROCESS, AS_TEXT, "command_line"},
    {A, NULL, "process.working_directory", SLOT_PROCESS, AS_TEXT, "cwd"},
    {A, NULL, "process.pid", SLOT_PROCESS, AS_INTEGER, "pid"},
    {A, NULL, "process.name", SLOT_PROCESS, AS_TEXT, "name"},
    {A, NULL, "process.hash.md5", SLOT_IMAGE, AS_DIGEST, "hashes"},
    {A, NULL, "process.hash.sha1", SLOT_IMAGE, AS_DIGEST, "hashes"},
    {A, NULL, "process.hash.sha256", SLOT_IMAGE, AS_DIGEST, "hashes"},
    {A, NULL, "process.parent.executable", SLOT_PARENT_IMAGE, AS_IMAGE, "name"},
    {A, NULL, "process.parent.command_line", SLOT_PARENT, AS_TEXT, "command_line"},
    {A, NULL, "process.parent.pid", SLOT_PARENT, AS_INTEGER, "pid"},
    {A, NULL, "registry.path", SLOT_KEY, AS_KEY_VALUE, "key"},
    {A, NULL, "registry.key", SLOT_KEY, AS_KEY, "key"},
    {A, NULL, "user.name", SLOT_USER, AS_TEXT, "user_id"},
    {A, NULL, "email.from.address", SLOT_MAIL, AS_EMAIL, "from_ref"},
    {A, NULL, "email.sender.address", SLOT_MAIL, AS_EMAIL, "sender_ref"},
    {A, NULL, "email.to.address", SLOT_MAIL, AS_EMAIL, "to_refs[]"},
    {A, NULL, "email.cc.address", SLOT_MAIL, AS_EMAIL, "cc_refs[]"},
    {A, NULL, "email.subject", SLOT_MAIL, AS_TEXT, "subject"},
    {A, NULL, "src", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {A, NULL, "dst", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {A, NULL, "dns.query", 0, AS_HOST, NULL},
    {A, NULL, "dns.answer", 0, AS_ANSWER, NULL},
    {A, NULL, "tls.sni", 0, AS_HOST, NULL},
    {A, NULL, "http.host", SLOT_FLOW, AS_HOST, HEADER "Host[]"},
    {A, NULL, "http.url", 0, AS_URL, NULL},
    {A, NULL, "src_ip", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {A, NULL, "srcip", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {A, NULL, "src_port", SLOT_FLOW, AS_INTEGER, "src_port"},
    {A, NULL, "dst_ip", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {A, NULL, "dest_ip", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {A, NULL, "dstip", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {A, NULL, "dst_port", SLOT_FLOW, AS_INTEGER, "dst_port"},
    {A, NULL, "dest_port", SLOT_FLOW, AS_INTEGER, "dst_port"},
    {A, NULL, "protocol", SLOT_FLOW, AS_LOWER, "protocols[]"},
    {A, NULL, "source_ip", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {A, NULL, "source_port", SLOT_FLOW, AS_INTEGER, "src_port"},
    {A, NULL, "destination_ip", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {A, NULL, "destination_port", SLOT_FLOW, AS_INTEGER, "dst_port"},
    {A, NULL, "source", SLOT_FLOW, AS_ADDRESS, "src_ref"},
    {A, NULL, "destination", SLOT_FLOW, AS_ADDRESS, "dst_ref"},
    {A, NULL, "hostname", 0, AS_HOST, NULL},
    {A, NULL, "ip", 0, AS_ADDRESS, NULL},
    {A, NULL, "domain", 0, AS_HOST, NULL},
    {A, NULL, "fqdn", 0, AS_HOST, NULL},
    {A, NULL, "query", 0, AS_HOST, NULL},
    {A, NULL, "url", 0, AS_URL, NULL},
    {A, NULL, "md5", SLOT_FILE, AS_DIGEST, "hashes"},
    {A, NULL, "sha1", SLOT_FILE, AS_DIGEST, "hashes"},
    {A, NULL, "sha256", SLOT_FILE, AS_DIGEST, "hashes"},
    {A, NULL, "filename", SLOT_FILE, AS_FILE, "name"},
    {A, NULL, "file_name", SLOT_FILE, AS_FILE, "name"},
    {A, NULL, "command_line", SLOT_PROCESS, AS_TEXT, "command_line"},
    {A, NULL, "process_name", SLOT_IMAGE, AS_IMAGE, "name"},
    {A, NULL, "sender", SLOT_MAIL, AS_EMAIL, "from_ref"},
    {A, NULL, "recipient", SLOT_MAIL, AS_EMAIL, "to_refs[]"},
    {A, NULL, "subject", SLOT_MAIL, AS_TEXT, "subject"},
    {A, NULL, "user", SLOT_USER, AS_TEXT, "user_id"},
};
const size_t event_row_count = sizeof event_rows / sizeof *event_rows;

#undef A
#undef E
#undef W
#undef Z

/* What values and slots bring along besides the rows' own paths. */
static const struct {
    const char *type, *path;
} more[] = {
    {"ipv4-addr", "value"},
    {"ipv6-addr", "value"},
    {"domain-name", "value"},
    {"domain-name", "resolves_to_refs"},
    {"url", "value"},
    {"email-addr", "value"},
    {"mac-addr", "value"},
    {"directory", "path"},
    {"file", "path"},
    {"file", "parent_directory_ref"},
    {"file", "name"},
    {"file", "hashes/MD5"},
    {"file", "hashes/SHA-1"},
    {"file", "hashes/SHA-256"},
    {"file", "hashes/SHA-512"},
    {"x509-certificate", "hashes/MD5"},
    {"x509-certificate", "hashes/SHA-1"},
    {"x509-certificate", "hashes/SHA-256"},
    {"process", "image_ref"},
    {"process", "binary_ref"},
    {"process", "parent_ref"},
    {"process", "name"},
    {"windows-registry-key", "values/name"},
};

/* The row's next key, without "[]"; *path moves behind it. */
static struct bytes next_key(const char **path)
{
    size_t n = strcspn(*path, "/");
    struct bytes key = bytes_of(*path, n);

    *path += n + ((*path)[n] == '/');
    return bytes_end_with(key, "[]") ? bytes_part(key, 0, n - 2) : key;
}

/* One is the other, or leads to it. */
static bool same_way(const char *row, struct bytes asked)
{
    while (*row && asked.n) {
        size_t n = bytes_find_byte(asked, '/');
        if (!bytes_equal(next_key(&row), bytes_part(asked, 0, n)))
            return false;
        asked = bytes_part(asked, n + 1, SIZE_MAX);
    }
    return true;
}

bool watch_event_gives(struct bytes type, struct bytes path)
{
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (bytes_are(type, more[i].type) && same_way(more[i].path, path))
            return true;
    for (size_t i = 0; i < event_row_count; i++) {
        const struct map_row *r = &event_rows[i];
        bool hashes = r->as == AS_DIGEST || r->as == AS_DIGESTS; /* in `more`, one by one */
        if (r->slot && r->path && !hashes && bytes_are(type, slot_types[r->slot]) &&
            same_way(r->path, path))
            return true;
    }
    return false;
}

/* What a row's value becomes, as a pattern would name it. */
static const struct {
    const char *type, *path;
} becomes[] = {
    [AS_ADDRESS] = {"ipv4-addr", "value"},
    [AS_HOST] = {"domain-name", "value"},
    [AS_ANSWER] = {"domain-name", "resolves_to_refs[*].value"},
    [AS_URL] = {"url", "value"},
    [AS_PATH] = {"url", "value"},
    [AS_EMAIL] = {"email-addr", "value"},
    [AS_MAC] = {"mac-addr", "value"},
};

bool watch_event_map(size_t *at, struct watch_event_field *out)
{
    static const char *const families[] = {"any", "zeek", "eve", "windows"};
    const struct map_row *r = &event_rows[*at];

    if (*at >= event_row_count)
        return false;
    *out = (struct watch_event_field){families[r->family], r->log ? r->log : "", r->field,
                                      r->slot ? slot_types[r->slot] : becomes[r->as].type,
                                      r->path ? r->path : becomes[r->as].path};
    (*at)++;
    return true;
}
