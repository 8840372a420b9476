/* Markings by reference: a table of the marking-definitions seen so far. */
#include "base/limits.h"
#include "stix/stix_impl.h"

#include <stdlib.h>

struct seen {
    struct uuid id;
    enum stix_tlp tlp;
    bool used;
};

struct stix_markings {
    struct seen *slots;
    size_t n, room; /* room is a power of two, at most half full */
};

struct stix_markings *stix_markings_new(void)
{
    struct stix_markings *m = calloc(1, sizeof *m);

    if (!m)
        return NULL;
    m->room = 64;
    m->slots = calloc(m->room, sizeof *m->slots);
    if (!m->slots) {
        free(m);
        return NULL;
    }
    return m;
}

void stix_markings_free(struct stix_markings *m)
{
    if (m)
        free(m->slots);
    free(m);
}

/* The id's slot, or the free one where it would go. */
static struct seen *slot(const struct stix_markings *m, const struct uuid *id)
{
    uint64_t h;
    size_t i;

    memcpy(&h, id->b, sizeof h);
    h *= UINT64_C(0x9e3779b97f4a7c15);
    for (i = (size_t)(h >> 32) & (m->room - 1); m->slots[i].used; i = (i + 1) & (m->room - 1))
        if (!memcmp(&m->slots[i].id, id, sizeof *id))
            break;
    return &m->slots[i];
}

static bool grow(struct stix_markings *m, struct err *e)
{
    struct stix_markings more = {.room = m->room * 2, .n = m->n};

    if (m->n >= LIMIT_MARKINGS)
        return err_fail(e, ERR_LIMIT, "more than %d marking-definitions", LIMIT_MARKINGS);
    if (m->n < m->room / 2)
        return true;
    more.slots = calloc(more.room, sizeof *more.slots);
    if (!more.slots)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < m->room; i++)
        if (m->slots[i].used)
            *slot(&more, &m->slots[i].id) = m->slots[i];
    free(m->slots);
    *m = more;
    return true;
}

bool stix_markings_learn(struct stix_markings *m, const struct stix_object *o, struct err *e)
{
    enum stix_tlp tlp;
    struct uuid id;
    struct seen *s;

    if (!bytes_are(o->type, "marking-definition") || !stix_id_parse(o->id, NULL, &id))
        return true;
    tlp = stix_tlp_of_marking(o->json);
    /* A statement restricts nothing; what is neither that nor a TLP we cannot read. */
    if (tlp == STIX_TLP_NONE && !json_is(json_find(o->json, "definition_type"), "statement"))
        return true;
    if (!grow(m, e))
        return false;
    s = slot(m, &id);
    m->n += !s->used;
    if (!s->used || tlp > s->tlp) /* said twice and differently: the stricter holds */
        *s = (struct seen){id, tlp, true};
    return true;
}

enum stix_tlp stix_markings_tlp(const struct stix_markings *m, const struct stix_object *o,
                                unsigned *unknown)
{
    enum stix_tlp tlp = o->tlp;

    *unknown = o->unknown_labels;
    for (unsigned i = 0; o->other_markings && i < o->markings; i++) {
        struct bytes ref = stix_object_marking(o, i);
        const struct seen *s = NULL;
        struct uuid id;
        if (stix_tlp_of_id(ref) != STIX_TLP_NONE)
            continue;
        if (m && stix_id_parse(ref, NULL, &id))
            s = slot(m, &id);
        if (!s || !s->used)
            ++*unknown;
        else if (s->tlp > tlp)
            tlp = s->tlp;
    }
    return tlp;
}
