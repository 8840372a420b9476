/* Patterns in one spelling, and what a plain one looks for. */
#include "base/buf.h"
#include "stix/pattern_impl.h"

static void put_quoted(struct buf *b, struct bytes t)
{
    buf_byte(b, '\'');
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '\'' || t.p[i] == '\\')
            buf_byte(b, '\\');
        buf_byte(b, t.p[i]);
    }
    buf_byte(b, '\'');
}

static void put_constant(struct buf *b, const struct pattern_constant *c)
{
    switch (c->kind) {
    case PATTERN_STRING:
        put_quoted(b, c->text);
        break;
    case PATTERN_INTEGER:
    case PATTERN_FLOAT:
        buf_put(b, c->text);
        break;
    case PATTERN_BOOLEAN:
        buf_puts(b, c->integer ? "true" : "false");
        break;
    case PATTERN_TIME:
        buf_byte(b, 't');
        put_quoted(b, c->text);
        break;
    case PATTERN_HEX:
        buf_puts(b, "h'");
        buf_hex(b, c->text.p, c->text.n);
        buf_byte(b, '\'');
        break;
    case PATTERN_BINARY:
        buf_puts(b, "b'");
        buf_base64(b, c->text.p, c->text.n);
        buf_byte(b, '\'');
        break;
    }
}

/* A name that the lexer reads as one word, and the grammar takes unquoted. */
static bool is_bare(struct bytes key)
{
    size_t at = 0;
    struct token t = pattern_token(key, &at);

    return t.kind == TOKEN_WORD && t.text.n == key.n && bytes_find_byte(key, '-') == key.n &&
           !pattern_is_reserved(key);
}

static void put_path(struct buf *b, const struct pattern *n)
{
    for (size_t i = 0; i < n->steps; i++) {
        const struct pattern_step *s = &n->path[i];
        if (s->kind == PATTERN_ANY_INDEX)
            buf_puts(b, "[*]");
        else if (s->kind == PATTERN_INDEX)
            buf_format(b, "[%lld]", (long long)s->index);
        else if (i)
            buf_byte(b, '.');
        if (s->kind == PATTERN_KEY && is_bare(s->key))
            buf_put(b, s->key);
        else if (s->kind == PATTERN_KEY)
            put_quoted(b, s->key);
    }
}

static const char *const operators[] = {[PATTERN_EQ] = "=",
                                        [PATTERN_NE] = "!=",
                                        [PATTERN_LT] = "<",
                                        [PATTERN_LE] = "<=",
                                        [PATTERN_GT] = ">",
                                        [PATTERN_GE] = ">=",
                                        [PATTERN_IN] = "IN",
                                        [PATTERN_LIKE] = "LIKE",
                                        [PATTERN_MATCHES] = "MATCHES",
                                        [PATTERN_ISSUBSET] = "ISSUBSET",
                                        [PATTERN_ISSUPERSET] = "ISSUPERSET",
                                        [PATTERN_EXISTS] = "EXISTS"};

static void put_compare(struct buf *b, const struct pattern *n)
{
    if (n->op == PATTERN_EXISTS)
        buf_puts(b, n->negated ? "NOT EXISTS " : "EXISTS ");
    buf_put(b, n->object_type);
    buf_byte(b, ':');
    put_path(b, n);
    if (n->op == PATTERN_EXISTS)
        return;
    buf_format(b, "%s %s ", n->negated ? " NOT" : "", operators[n->op]);
    if (n->op == PATTERN_IN)
        buf_byte(b, '(');
    for (size_t i = 0; i < n->constant_count; i++) {
        if (i)
            buf_puts(b, ", ");
        put_constant(b, &n->constants[i]);
    }
    if (n->op == PATTERN_IN)
        buf_byte(b, ')');
}

static void put_qualifier(struct buf *b, const struct pattern *n)
{
    static const char *const before[] = {" WITHIN ", " REPEATS ", " START "};
    static const char *const after[] = {" SECONDS", " TIMES", ""};

    buf_puts(b, before[n->qualifier]);
    put_constant(b, &n->constants[0]);
    if (n->qualifier == PATTERN_START_STOP) {
        buf_puts(b, " STOP ");
        put_constant(b, &n->constants[1]);
    }
    buf_puts(b, after[n->qualifier]);
}

static void put_pattern(struct buf *b, const struct pattern *n, const struct pattern *parent);

static void put_children(struct buf *b, const struct pattern *n, const char *between)
{
    for (const struct pattern *c = n->child; c; c = c->next) {
        if (c != n->child)
            buf_puts(b, between);
        put_pattern(b, c, n);
    }
}

/* Kinds are listed from the loosest to the tightest: what is not tighter needs parentheses. */
static bool needs_parentheses(const struct pattern *n, const struct pattern *parent)
{
    if (!parent || parent->kind == PATTERN_OBSERVED || n->kind == PATTERN_COMPARE)
        return false;
    if (parent->kind == PATTERN_QUALIFIED)
        return n->kind < PATTERN_QUALIFIED;
    return n->kind <= parent->kind;
}

static void put_pattern(struct buf *b, const struct pattern *n, const struct pattern *parent)
{
    bool inside = needs_parentheses(n, parent);

    buf_puts(b, inside ? "(" : "");
    switch (n->kind) {
    case PATTERN_FOLLOWEDBY:
        put_children(b, n, " FOLLOWEDBY ");
        break;
    case PATTERN_ANY_OF:
    case PATTERN_OR:
        put_children(b, n, " OR ");
        break;
    case PATTERN_ALL_OF:
    case PATTERN_AND:
        put_children(b, n, " AND ");
        break;
    case PATTERN_QUALIFIED:
        put_children(b, n, "");
        put_qualifier(b, n);
        break;
    case PATTERN_OBSERVED:
        buf_byte(b, '[');
        put_children(b, n, "");
        buf_byte(b, ']');
        break;
    case PATTERN_COMPARE:
        put_compare(b, n);
        break;
    }
    buf_puts(b, inside ? ")" : "");
}

bool pattern_print(const struct pattern *p, struct arena *a, struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);

    put_pattern(&b, p, NULL);
    return buf_end(&b, out, e);
}

bool pattern_print_path(const struct pattern *compare, struct arena *a, struct bytes *out,
                        struct err *e)
{
    struct buf b = buf_in(a);

    put_path(&b, compare);
    return buf_end(&b, out, e);
}
