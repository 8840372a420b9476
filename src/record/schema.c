/* The JSON schema of an agreement, made from the table that checks it. */
#include "record/agreement.h"
#include "record/rules.h"

#include <stdio.h>

#define TERM_PATTERN "^[1-9][0-9]{0,3} (minutes?|hours?|(working )?days?)$"
#define HOURS_PATTERN "^[1-9][0-9]{0,3} (minutes?|hours?)$"

static bool is_child(const char *parent, const char *path)
{
    size_t n = strlen(parent);

    return !strncmp(parent, path, n) && path[n] == '/' && !strchr(path + n + 1, '/');
}

static struct json *schema_of(struct json_maker *m, const struct rule *r, bool top);

static void put_words(struct json_maker *m, struct json *schema, const char *const *words)
{
    struct json *list = json_set_array(m, schema, "enum");

    for (; *words; words++)
        json_add_string(m, list, bytes_text(*words));
}

static void put_members(struct json_maker *m, struct json *schema, const struct rule *r)
{
    struct json *properties = json_set_object(m, schema, "properties");
    struct json *required = json_new_array(m);

    for (size_t i = 0; i < agreement_rules_n; i++) {
        const struct rule *child = &agreement_rules[i];
        const char *name;
        if (!is_child(r->path, child->path))
            continue;
        name = strrchr(child->path, '/') + 1;
        json_set(m, properties, name, schema_of(m, child, false));
        if (child->required)
            json_add_string(m, required, bytes_text(name));
    }
    if (json_count(required))
        json_set(m, schema, "required", required);
    json_set_bool(m, schema, "additionalProperties", false);
}

static const struct rule *element_of(const struct rule *r)
{
    for (size_t i = 0; i < agreement_rules_n; i++)
        if (is_child(r->path, agreement_rules[i].path) &&
            bytes_end_with(bytes_text(agreement_rules[i].path), "/*"))
            return &agreement_rules[i];
    return NULL;
}

static void put_map(struct json_maker *m, struct json *schema, const struct rule *r)
{
    const struct rule *child = element_of(r);

    if (r->words)
        put_words(m, json_set_object(m, schema, "propertyNames"), r->words);
    if (child)
        json_set(m, schema, "additionalProperties", schema_of(m, child, false));
}

static void put_text(struct json_maker *m, struct json *schema, const char *pattern)
{
    json_set_text(m, schema, "type", "string");
    if (pattern)
        json_set_text(m, schema, "pattern", pattern);
}

static void put_kind(struct json_maker *m, struct json *schema, const struct rule *r)
{
    const struct rule *element;

    switch (r->kind) {
    case RULE_OBJECT:
        json_set_text(m, schema, "type", "object");
        put_members(m, schema, r);
        break;
    case RULE_MAP:
        json_set_text(m, schema, "type", "object");
        put_map(m, schema, r);
        break;
    case RULE_ARRAY:
        json_set_text(m, schema, "type", "array");
        if ((element = element_of(r)))
            json_set(m, schema, "items", schema_of(m, element, false));
        break;
    case RULE_TEXT:
        put_text(m, schema, NULL);
        json_set_integer(m, schema, "minLength", 1);
        break;
    case RULE_SLUG:
        put_text(m, schema, "^[a-z][a-z0-9_-]{0,62}$");
        break;
    case RULE_WORD:
        put_words(m, schema, r->words);
        break;
    case RULE_INTEGER:
        json_set_text(m, schema, "type", "integer");
        json_set_integer(m, schema, "minimum", r->min);
        json_set_integer(m, schema, "maximum", r->max);
        break;
    case RULE_BOOL:
        json_set_text(m, schema, "type", "boolean");
        break;
    case RULE_TERM:
        put_text(m, schema, TERM_PATTERN);
        break;
    case RULE_HOURS_TERM:
        put_text(m, schema, HOURS_PATTERN);
        break;
    case RULE_TIME:
        put_text(m, schema, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$");
        break;
    case RULE_DATE:
        put_text(m, schema, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
        break;
    case RULE_HEX:
        put_text(m, schema, "^[0-9a-f]{64}$");
        break;
    case RULE_ANY:
        break;
    }
}

static struct json *schema_of(struct json_maker *m, const struct rule *r, bool top)
{
    struct json *schema = json_new_object(m);

    if (top) {
        json_set_text(m, schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
        json_set_text(m, schema, "title", "entente agreement");
    }
    json_set_text(m, schema, "description", r->about);
    put_kind(m, schema, r);
    return schema;
}

bool agreement_schema(struct arena *a, struct bytes *out, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *schema = schema_of(&m, &agreement_rules[0], true);

    return json_made(&m, schema, NULL, e) && json_print_pretty(schema, a, out, e);
}
