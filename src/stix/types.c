/* The types of STIX 2.1 and their properties (OASIS Standard, sections 4 to 8). Tables only.
 *
 * NEEDED marks what an object means nothing without; REQUIRED what the standard requires but
 * real feeds leave out, such as is_family of malware that was STIX 2.0 once. */
#include "stix/stix_impl.h"

#define ROW(name, kind)                                                                            \
    {                                                                                              \
        name, sizeof(name) - 1, P_##kind, OPTIONAL, NULL                                           \
    }
#define MUST(name, kind)                                                                           \
    {                                                                                              \
        name, sizeof(name) - 1, P_##kind, REQUIRED, NULL                                           \
    }
#define NEED(name, kind)                                                                           \
    {                                                                                              \
        name, sizeof(name) - 1, P_##kind, NEEDED, NULL                                             \
    }
#define REF(name, targets)                                                                         \
    {                                                                                              \
        name, sizeof(name) - 1, P_REF, OPTIONAL, targets                                           \
    }
#define REFS(name, targets)                                                                        \
    {                                                                                              \
        name, sizeof(name) - 1, P_REFS, OPTIONAL, targets                                          \
    }
#define NEED_REF(name, targets)                                                                    \
    {                                                                                              \
        name, sizeof(name) - 1, P_REF, NEEDED, targets                                             \
    }
#define MUST_REFS(name, targets)                                                                   \
    {                                                                                              \
        name, sizeof(name) - 1, P_REFS, REQUIRED, targets                                          \
    }

#define HOSTS "ipv4-addr ipv6-addr mac-addr domain-name"

/* created, modified, markings and revoked are the business of stix_read. */
const struct stix_property stix_common[] = {
    ROW("confidence", INTEGER),
    REF("created_by_ref", "identity"),
    ROW("defanged", BOOL),
    ROW("extensions", OBJECT),
    ROW("external_references", OBJECTS),
    ROW("granular_markings", OBJECTS),
    ROW("labels", STRINGS),
    ROW("lang", STRING),
    REFS("object_marking_refs", "marking-definition"),
};
const size_t stix_common_count = sizeof stix_common / sizeof *stix_common;

static const struct stix_property attack_pattern[] = {
    ROW("aliases", STRINGS), ROW("description", STRING), ROW("kill_chain_phases", OBJECTS),
    MUST("name", STRING)};
static const struct stix_property campaign[] = {ROW("aliases", STRINGS), ROW("description", STRING),
                                                ROW("first_seen", TIME), ROW("last_seen", TIME),
                                                MUST("name", STRING),    ROW("objective", STRING)};
static const struct stix_property course_of_action[] = {ROW("description", STRING),
                                                        MUST("name", STRING)};
static const struct stix_property grouping[] = {MUST("context", STRING), ROW("description", STRING),
                                                ROW("name", STRING),
                                                MUST_REFS("object_refs", NULL)};
static const struct stix_property identity[] = {ROW("contact_information", STRING),
                                                ROW("description", STRING),
                                                ROW("identity_class", STRING),
                                                MUST("name", STRING),
                                                ROW("roles", STRINGS),
                                                ROW("sectors", STRINGS)};
static const struct stix_property incident[] = {ROW("description", STRING), MUST("name", STRING)};
static const struct stix_property indicator[] = {
    ROW("description", STRING),        ROW("indicator_types", STRINGS),
    ROW("kill_chain_phases", OBJECTS), ROW("name", STRING),
    NEED("pattern", STRING),           ROW("pattern_type", STRING),
    ROW("pattern_version", STRING),    ROW("valid_from", TIME),
    ROW("valid_until", TIME)};
static const struct stix_property infrastructure[] = {ROW("aliases", STRINGS),
                                                      ROW("description", STRING),
                                                      ROW("first_seen", TIME),
                                                      ROW("infrastructure_types", STRINGS),
                                                      ROW("kill_chain_phases", OBJECTS),
                                                      ROW("last_seen", TIME),
                                                      MUST("name", STRING)};
static const struct stix_property intrusion_set[] = {ROW("aliases", STRINGS),
                                                     ROW("description", STRING),
                                                     ROW("first_seen", TIME),
                                                     ROW("goals", STRINGS),
                                                     ROW("last_seen", TIME),
                                                     MUST("name", STRING),
                                                     ROW("primary_motivation", STRING),
                                                     ROW("resource_level", STRING),
                                                     ROW("secondary_motivations", STRINGS)};
static const struct stix_property location[] = {ROW("administrative_area", STRING),
                                                ROW("city", STRING),
                                                ROW("country", STRING),
                                                ROW("description", STRING),
                                                ROW("latitude", NUMBER),
                                                ROW("longitude", NUMBER),
                                                ROW("name", STRING),
                                                ROW("postal_code", STRING),
                                                ROW("precision", NUMBER),
                                                ROW("region", STRING),
                                                ROW("street_address", STRING)};
static const struct stix_property malware[] = {ROW("aliases", STRINGS),
                                               ROW("architecture_execution_envs", STRINGS),
                                               ROW("capabilities", STRINGS),
                                               ROW("description", STRING),
                                               ROW("first_seen", TIME),
                                               ROW("implementation_languages", STRINGS),
                                               MUST("is_family", BOOL),
                                               ROW("kill_chain_phases", OBJECTS),
                                               ROW("last_seen", TIME),
                                               ROW("malware_types", STRINGS),
                                               ROW("name", STRING),
                                               REFS("operating_system_refs", "software"),
                                               REFS("sample_refs", "artifact file")};
static const struct stix_property malware_analysis[] = {ROW("analysis_definition_version", STRING),
                                                        ROW("analysis_ended", TIME),
                                                        ROW("analysis_engine_version", STRING),
                                                        REFS("analysis_sco_refs", "@sco"),
                                                        ROW("analysis_started", TIME),
                                                        ROW("configuration_version", STRING),
                                                        REF("host_vm_ref", "software"),
                                                        REFS("installed_software_refs", "software"),
                                                        ROW("modules", STRINGS),
                                                        REF("operating_system_ref", "software"),
                                                        MUST("product", STRING),
                                                        ROW("result", STRING),
                                                        ROW("result_name", STRING),
                                                        REF("sample_ref", "@sco"),
                                                        ROW("submitted", TIME),
                                                        ROW("version", STRING)};
static const struct stix_property note[] = {ROW("abstract", STRING), ROW("authors", STRINGS),
                                            MUST("content", STRING),
                                            MUST_REFS("object_refs", NULL)};
static const struct stix_property observed_data[] = {
    MUST("first_observed", TIME), MUST("last_observed", TIME), MUST("number_observed", INTEGER),
    REFS("object_refs", "@sco @sro"), ROW("objects", OBJECT)};
static const struct stix_property opinion[] = {ROW("authors", STRINGS), ROW("explanation", STRING),
                                               MUST_REFS("object_refs", NULL),
                                               MUST("opinion", STRING)};
static const struct stix_property report[] = {
    ROW("description", STRING), MUST("name", STRING), MUST_REFS("object_refs", NULL),
    MUST("published", TIME), ROW("report_types", STRINGS)};
static const struct stix_property threat_actor[] = {ROW("aliases", STRINGS),
                                                    ROW("description", STRING),
                                                    ROW("first_seen", TIME),
                                                    ROW("goals", STRINGS),
                                                    ROW("last_seen", TIME),
                                                    MUST("name", STRING),
                                                    ROW("personal_motivations", STRINGS),
                                                    ROW("primary_motivation", STRING),
                                                    ROW("resource_level", STRING),
                                                    ROW("roles", STRINGS),
                                                    ROW("secondary_motivations", STRINGS),
                                                    ROW("sophistication", STRING),
                                                    ROW("threat_actor_types", STRINGS)};
static const struct stix_property tool[] = {
    ROW("aliases", STRINGS), ROW("description", STRING), ROW("kill_chain_phases", OBJECTS),
    MUST("name", STRING),    ROW("tool_types", STRINGS), ROW("tool_version", STRING)};
static const struct stix_property vulnerability[] = {ROW("description", STRING),
                                                     MUST("name", STRING)};

static const struct stix_property relationship[] = {ROW("description", STRING),
                                                    NEED("relationship_type", STRING),
                                                    NEED_REF("source_ref", "@sdo @sco @custom"),
                                                    ROW("start_time", TIME),
                                                    ROW("stop_time", TIME),
                                                    NEED_REF("target_ref", "@sdo @sco @custom")};
static const struct stix_property sighting[] = {ROW("count", INTEGER),
                                                ROW("description", STRING),
                                                ROW("first_seen", TIME),
                                                ROW("last_seen", TIME),
                                                REFS("observed_data_refs", "observed-data"),
                                                NEED_REF("sighting_of_ref", "@sdo @custom"),
                                                ROW("summary", BOOL),
                                                REFS("where_sighted_refs", "identity location")};

static const struct stix_property extension_definition[] = {
    ROW("description", STRING),       ROW("extension_properties", STRINGS),
    MUST("extension_types", STRINGS), MUST("name", STRING),
    MUST("schema", STRING),           MUST("version", STRING)};
static const struct stix_property language_content[] = {
    NEED("contents", OBJECT), ROW("object_modified", TIME), NEED_REF("object_ref", NULL)};
static const struct stix_property marking_definition[] = {
    ROW("definition", OBJECT), ROW("definition_type", STRING), ROW("name", STRING)};

static const struct stix_property artifact[] = {
    ROW("decryption_key", STRING), ROW("encryption_algorithm", STRING), ROW("hashes", HASHES),
    ROW("mime_type", STRING),      ROW("payload_bin", STRING),          ROW("url", STRING)};
static const struct stix_property autonomous_system[] = {
    ROW("name", STRING), NEED("number", INTEGER), ROW("rir", STRING)};
static const struct stix_property directory[] = {
    ROW("atime", TIME),   REFS("contains_refs", "file directory"),
    ROW("ctime", TIME),   ROW("mtime", TIME),
    NEED("path", STRING), ROW("path_enc", STRING)};
static const struct stix_property domain_name[] = {
    REFS("resolves_to_refs", "ipv4-addr ipv6-addr domain-name"), NEED("value", STRING)};
static const struct stix_property email_addr[] = {
    REF("belongs_to_ref", "user-account"), ROW("display_name", STRING), NEED("value", STRING)};
static const struct stix_property email_message[] = {ROW("additional_header_fields", OBJECT),
                                                     REFS("bcc_refs", "email-addr"),
                                                     ROW("body", STRING),
                                                     ROW("body_multipart", OBJECTS),
                                                     REFS("cc_refs", "email-addr"),
                                                     ROW("content_type", STRING),
                                                     ROW("date", TIME),
                                                     REF("from_ref", "email-addr"),
                                                     MUST("is_multipart", BOOL),
                                                     ROW("message_id", STRING),
                                                     REF("raw_email_ref", "artifact"),
                                                     ROW("received_lines", STRINGS),
                                                     REF("sender_ref", "email-addr"),
                                                     ROW("subject", STRING),
                                                     REFS("to_refs", "email-addr")};
static const struct stix_property file[] = {ROW("atime", TIME),
                                            REFS("contains_refs", "@sco @custom"),
                                            REF("content_ref", "artifact"),
                                            ROW("ctime", TIME),
                                            ROW("hashes", HASHES),
                                            ROW("magic_number_hex", STRING),
                                            ROW("mime_type", STRING),
                                            ROW("mtime", TIME),
                                            ROW("name", STRING),
                                            ROW("name_enc", STRING),
                                            REF("parent_directory_ref", "directory"),
                                            ROW("size", INTEGER)};
static const struct stix_property address[] = {REFS("belongs_to_refs", "autonomous-system"),
                                               REFS("resolves_to_refs", "mac-addr"),
                                               NEED("value", STRING)};
static const struct stix_property mac_addr[] = {NEED("value", STRING)};
static const struct stix_property mutex[] = {NEED("name", STRING)};
static const struct stix_property network_traffic[] = {
    ROW("dst_byte_count", INTEGER),
    ROW("dst_packets", INTEGER),
    REF("dst_payload_ref", "artifact"),
    ROW("dst_port", INTEGER),
    REF("dst_ref", HOSTS),
    REF("encapsulated_by_ref", "network-traffic"),
    REFS("encapsulates_refs", "network-traffic"),
    ROW("end", TIME),
    ROW("ipfix", OBJECT),
    ROW("is_active", BOOL),
    MUST("protocols", STRINGS),
    ROW("src_byte_count", INTEGER),
    ROW("src_packets", INTEGER),
    REF("src_payload_ref", "artifact"),
    ROW("src_port", INTEGER),
    REF("src_ref", HOSTS),
    ROW("start", TIME)};
static const struct stix_property process[] = {REFS("child_refs", "process"),
                                               ROW("command_line", STRING),
                                               ROW("created_time", TIME),
                                               REF("creator_user_ref", "user-account"),
                                               ROW("cwd", STRING),
                                               ROW("environment_variables", OBJECT),
                                               REF("image_ref", "file"),
                                               ROW("is_hidden", BOOL),
                                               REFS("opened_connection_refs", "network-traffic"),
                                               REF("parent_ref", "process"),
                                               ROW("pid", INTEGER)};
static const struct stix_property software[] = {ROW("cpe", STRING),    ROW("languages", STRINGS),
                                                NEED("name", STRING),  ROW("swid", STRING),
                                                ROW("vendor", STRING), ROW("version", STRING)};
static const struct stix_property url[] = {NEED("value", STRING)};
static const struct stix_property user_account[] = {ROW("account_created", TIME),
                                                    ROW("account_expires", TIME),
                                                    ROW("account_first_login", TIME),
                                                    ROW("account_last_login", TIME),
                                                    ROW("account_login", STRING),
                                                    ROW("account_type", STRING),
                                                    ROW("can_escalate_privs", BOOL),
                                                    ROW("credential", STRING),
                                                    ROW("credential_last_changed", TIME),
                                                    ROW("display_name", STRING),
                                                    ROW("is_disabled", BOOL),
                                                    ROW("is_privileged", BOOL),
                                                    ROW("is_service_account", BOOL),
                                                    ROW("user_id", STRING)};
static const struct stix_property windows_registry_key[] = {
    REF("creator_user_ref", "user-account"), ROW("key", STRING), ROW("modified_time", TIME),
    ROW("number_of_subkeys", INTEGER), ROW("values", OBJECTS)};
static const struct stix_property x509_certificate[] = {ROW("hashes", HASHES),
                                                        ROW("is_self_signed", BOOL),
                                                        ROW("issuer", STRING),
                                                        ROW("serial_number", STRING),
                                                        ROW("signature_algorithm", STRING),
                                                        ROW("subject", STRING),
                                                        ROW("subject_public_key_algorithm", STRING),
                                                        ROW("subject_public_key_exponent", INTEGER),
                                                        ROW("subject_public_key_modulus", STRING),
                                                        ROW("validity_not_after", TIME),
                                                        ROW("validity_not_before", TIME),
                                                        ROW("version", STRING),
                                                        ROW("x509_v3_extensions", OBJECT)};

/* STIX 2.1 section 2.9 and the "ID contributing properties" of section 6. */
static const char *const by_value[] = {"value", NULL};
static const char *const by_artifact[] = {"hashes", "payload_bin", NULL};
static const char *const by_number[] = {"number", NULL};
static const char *const by_path[] = {"path", NULL};
static const char *const by_message[] = {"body", "from_ref", "subject", NULL};
static const char *const by_file[] = {"extensions", "hashes", "name", "parent_directory_ref", NULL};
static const char *const by_name[] = {"name", NULL};
static const char *const by_traffic[] = {"dst_port", "dst_ref", "end",   "extensions", "protocols",
                                         "src_port", "src_ref", "start", NULL};
static const char *const by_software[] = {"cpe", "name", "swid", "vendor", "version", NULL};
static const char *const by_account[] = {"account_login", "account_type", "user_id", NULL};
static const char *const by_key[] = {"key", "values", NULL};
static const char *const by_certificate[] = {"hashes", "serial_number", NULL};

#define TYPE(name, class, rows)                                                                    \
    {                                                                                              \
        name, class, rows, sizeof(rows) / sizeof *(rows), NULL                                     \
    }
#define SCO(name, rows, from)                                                                      \
    {                                                                                              \
        name, STIX_SCO, rows, sizeof(rows) / sizeof *(rows), from                                  \
    }

const struct stix_type stix_types[] = {
    SCO("artifact", artifact, by_artifact),
    TYPE("attack-pattern", STIX_SDO, attack_pattern),
    SCO("autonomous-system", autonomous_system, by_number),
    TYPE("campaign", STIX_SDO, campaign),
    TYPE("course-of-action", STIX_SDO, course_of_action),
    SCO("directory", directory, by_path),
    SCO("domain-name", domain_name, by_value),
    SCO("email-addr", email_addr, by_value),
    SCO("email-message", email_message, by_message),
    TYPE("extension-definition", STIX_META, extension_definition),
    SCO("file", file, by_file),
    TYPE("grouping", STIX_SDO, grouping),
    TYPE("identity", STIX_SDO, identity),
    TYPE("incident", STIX_SDO, incident),
    TYPE("indicator", STIX_SDO, indicator),
    TYPE("infrastructure", STIX_SDO, infrastructure),
    TYPE("intrusion-set", STIX_SDO, intrusion_set),
    SCO("ipv4-addr", address, by_value),
    SCO("ipv6-addr", address, by_value),
    TYPE("language-content", STIX_META, language_content),
    TYPE("location", STIX_SDO, location),
    SCO("mac-addr", mac_addr, by_value),
    TYPE("malware", STIX_SDO, malware),
    TYPE("malware-analysis", STIX_SDO, malware_analysis),
    TYPE("marking-definition", STIX_META, marking_definition),
    SCO("mutex", mutex, by_name),
    SCO("network-traffic", network_traffic, by_traffic),
    TYPE("note", STIX_SDO, note),
    TYPE("observed-data", STIX_SDO, observed_data),
    TYPE("opinion", STIX_SDO, opinion),
    SCO("process", process, NULL),
    TYPE("relationship", STIX_SRO, relationship),
    TYPE("report", STIX_SDO, report),
    TYPE("sighting", STIX_SRO, sighting),
    SCO("software", software, by_software),
    TYPE("threat-actor", STIX_SDO, threat_actor),
    TYPE("tool", STIX_SDO, tool),
    SCO("url", url, by_value),
    SCO("user-account", user_account, by_account),
    TYPE("vulnerability", STIX_SDO, vulnerability),
    SCO("windows-registry-key", windows_registry_key, by_key),
    SCO("x509-certificate", x509_certificate, by_certificate),
};
const size_t stix_type_count = sizeof stix_types / sizeof *stix_types;

const struct stix_type *stix_type_find(struct bytes name)
{
    size_t lo = 0, hi = stix_type_count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = bytes_compare(bytes_text(stix_types[mid].name), name);
        if (c == 0)
            return &stix_types[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static bool word_fits(struct bytes word, struct bytes type)
{
    static const struct {
        const char *word;
        enum stix_class class;
    } classes[] = {
        {"@sdo", STIX_SDO}, {"@sro", STIX_SRO}, {"@sco", STIX_SCO}, {"@custom", STIX_CUSTOM}};
    const struct stix_type *t;

    if (word.n == 0 || word.p[0] != '@')
        return bytes_equal(word, type);
    t = stix_type_find(type);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (bytes_are(word, classes[i].word))
            return classes[i].class == (t ? t->class : STIX_CUSTOM);
    return false;
}

bool stix_target_fits(const char *targets, struct bytes type)
{
    struct bytes rest = targets ? bytes_text(targets) : bytes_of(NULL, 0);

    while (rest.n) {
        size_t n = bytes_find_byte(rest, ' ');
        if (word_fits(bytes_part(rest, 0, n), type))
            return true;
        rest = bytes_part(rest, n + 1, SIZE_MAX);
    }
    return targets == NULL;
}
