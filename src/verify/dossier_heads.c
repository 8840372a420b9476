/* Checks 9 to 13: heads, who cosigned them and when, that each grew from the one before, and that
 * the acts are in them. */
#include "base/catalogue.h"
#include "verify/dossier_impl.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- finding them ---- */

static int by_size(const void *a, const void *b)
{
    const struct dz_head *x = a, *y = b;

    if (x->party != y->party)
        return x->party < y->party ? -1 : 1;
    return x->head.size < y->head.size ? -1 : x->head.size > y->head.size;
}

static size_t lines_in(struct bytes block)
{
    struct bytes line;
    size_t n = 0;

    while (bytes_next_line(&block, &line))
        n++;
    return n;
}

static void take_head(struct dz *z, size_t file, struct bytes rest)
{
    struct dz_head *h = &z->heads[z->heads_n];
    size_t slash = bytes_find_byte(rest, '/');
    int who = dz_party_of(z, bytes_part(rest, 0, slash));
    struct bytes digits = bytes_part(rest, slash + 1, SIZE_MAX);
    uint64_t size;

    if (who < 0 || !bytes_end_with(digits, ".note") ||
        !decimal_parse(bytes_part(digits, 0, digits.n - 5), &size))
        return; /* a file without a place: check 1 names it */
    z->used[file] = true;
    dz_looked(z, 10);
    *h = (struct dz_head){.party = (uint16_t)who, .file = file, .bytes = z->files[file].bytes};
    if (!split_note(h->bytes, &h->note) || !read_head(h->note.text, &h->head) ||
        h->head.size != size || size == 0)
        dz_say(z, 10, VERIFY_FAILED, z->files[file].name, "it is no head of that size");
    else if ((h->lines = lines_in(h->note.block)) > LIMIT_NOTE_SIGNATURES)
        dz_say(z, 10, VERIFY_FAILED, z->files[file].name, "it has more than %d signatures",
               LIMIT_NOTE_SIGNATURES);
    else if (!bytes_are(h->head.origin, z->party[who].origin))
        dz_say(z, 10, VERIFY_FAILED, z->files[file].name,
               "it is the head of another log, not of %s", z->party[who].origin);
    else
        z->heads_n++;
}

static bool find_heads(struct dz *z, struct err *e)
{
    struct bytes rest;
    size_t most = 0;

    for (size_t i = 0; i < z->n; i++)
        most += bytes_start_with(z->files[i].name, "heads/");
    z->heads = arena_get_array(z->a, most + 1, sizeof *z->heads, e);
    if (!z->heads)
        return false;
    for (size_t i = 0; i < z->n; i++)
        if (dz_below(z->files[i].name, "heads/", &rest))
            take_head(z, i, rest);
    if (z->heads_n)
        qsort(z->heads, z->heads_n, sizeof *z->heads, by_size);
    for (size_t i = 0; i < z->heads_n; i++) {
        struct dz_party *p = &z->party[z->heads[i].party];
        if (p->heads_n++ == 0)
            p->heads = i;
        p->size = z->heads[i].head.size;
    }
    return true;
}

/* ---- 10: the owner's signature ---- */

/* A key that was changed at entry s counts for heads from size s + 1 on, which hold the change. */
static void verify_owner(struct dz *z, struct arena *a, size_t from, size_t to)
{
    (void)a;
    for (size_t i = from; i < to; i++) {
        struct dz_head *h = &z->heads[i];
        const struct dz_party *p = &z->party[h->party];
        enum line_state s =
            line_by_valid(&h->note, p->origin, 1, dz_key(p, DZ_CHECKPOINTS, h->head.size), NULL);
        h->by_owner = s == LINE_GOOD;
        h->read = s != LINE_WRONG;
    }
}

static void say_owner(struct dz *z)
{
    for (size_t i = 0; i < z->heads_n; i++) {
        const struct dz_head *h = &z->heads[i];
        const struct dz_party *p = &z->party[h->party];
        z->signatures++;
        if (!h->read)
            dz_say(z, 10, VERIFY_FAILED, z->files[h->file].name,
                   "the signature of the log's owner is wrong");
        if (i == p->heads + p->heads_n - 1 && !h->by_owner)
            dz_say(z, 10, VERIFY_FAILED, z->files[h->file].name,
                   "the newest head of a log must be signed by its owner, and is not");
    }
}

/* ---- 11: cosignatures ---- */

/* The lines of a head that are by somebody we know, as far as they are found. */
struct signer {
    const struct dz *z;
    struct dz_head *head;
    struct dz_sig *out;
    size_t n;
};

/* All lines of that key: a signer who has nothing new to sign dates the same head again, and both
 * times count. */
static void try_signer(struct signer *s, const char *name, const struct sign_public *key,
                       size_t signer, bool mirror)
{
    struct dz_head *h = s->head;
    struct bytes rest = h->note.block;
    enum line_state state;
    uint64_t time = 0;
    uint8_t id[4];

    key_id(name, 4, key, id);
    while ((state = line_next(&h->note, &rest, name, 4, id, key, &time)) != LINE_ABSENT &&
           s->n < h->lines)
        s->out[s->n++] =
            (struct dz_sig){.author = h->party,
                            .signer = (uint16_t)signer,
                            .mirror = mirror,
                            .wrong = state == LINE_WRONG || time > (uint64_t)INT64_MAX / 1000,
                            .size = h->head.size,
                            .time = (int64_t)time,
                            .head = (size_t)(h - s->z->heads)};
}

/* Every key that a party has had for the role counts: a cosignature was good when it was made. */
static void try_party(struct signer *s, size_t i)
{
    const struct dz_party *p = &s->z->party[i];
    char name[128];

    for (int role = DZ_WITNESS; role <= DZ_MIRROR; role++) {
        snprintf(name, sizeof name, "%.*s/%s", BYTES_FMT(p->holder.slug),
                 role == DZ_MIRROR ? "mirror" : "witness");
        for (size_t k = 0; k < p->spans[role]; k++)
            try_signer(s, name, &p->span[role][k].key, i, role == DZ_MIRROR);
    }
}

/* Each head has room for one signature of each line: its own part of the array. */
static void verify_cosigners(struct dz *z, struct arena *a, size_t from, size_t to)
{
    (void)a;
    for (size_t i = from; i < to; i++) {
        struct signer s = {.z = z, .head = &z->heads[i], .out = &z->sigs[z->heads[i].sigs]};
        for (size_t p = 0; p < z->parties; p++)
            if (p != z->heads[i].party)
                try_party(&s, p);
        for (size_t w = 0; w < z->witnesses; w++)
            try_signer(&s, z->witness[w].name, &z->witness[w].key, z->parties + w, false);
    }
}

static int by_group(const void *a, const void *b)
{
    const struct dz_sig *x = a, *y = b;

    if (x->author != y->author)
        return x->author < y->author ? -1 : 1;
    if (x->signer != y->signer)
        return x->signer < y->signer ? -1 : 1;
    if (x->mirror != y->mirror)
        return x->mirror ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->time < y->time ? -1 : x->time > y->time;
}

static void keep_good(struct dz *z, size_t all)
{
    size_t n = 0;

    for (size_t i = 0; i < all; i++) {
        struct dz_sig *s = &z->sigs[i];
        if (s->head == NOWHERE)
            continue;
        z->signatures++;
        dz_looked(z, 11);
        if (s->wrong)
            dz_say(z, 11, VERIFY_FAILED, z->files[z->heads[s->head].file].name,
                   "a cosignature is not by the key that it names");
        else
            z->sigs[n++] = *s;
    }
    z->sigs_n = n;
    if (n)
        qsort(z->sigs, n, sizeof *z->sigs, by_group);
}

static bool same_group(const struct dz_sig *a, const struct dz_sig *b)
{
    return a->author == b->author && a->signer == b->signer && a->mirror == b->mirror;
}

static bool make_groups(struct dz *z, struct err *e)
{
    z->groups = arena_get_array(z->a, z->sigs_n, sizeof *z->groups, e);
    if (!z->groups)
        return false;
    for (size_t i = 0; i < z->sigs_n; i++) {
        struct dz_party *p = &z->party[z->sigs[i].author];
        if (i == 0 || !same_group(&z->sigs[i - 1], &z->sigs[i])) {
            if (p->groups_n++ == 0)
                p->groups = z->groups_n;
            z->groups[z->groups_n++] =
                (struct dz_group){z->sigs[i].signer, z->sigs[i].mirror, i, 0};
        } else if (z->sigs[i - 1].time > z->sigs[i].time) { /* 12 */
            dz_say(z, 12, VERIFY_FAILED, z->files[z->heads[z->sigs[i].head].file].name,
                   "its cosigner gave a smaller head a later time");
        }
        z->groups[z->groups_n - 1].n++;
        dz_looked(z, 12);
    }
    return true;
}

static void say_quorum(struct dz *z)
{
    for (size_t i = 0; i < z->parties; i++) {
        const struct dz_party *p = &z->party[i];
        bool mirror = false;
        for (size_t k = 0; k < p->groups_n; k++)
            mirror |= z->groups[p->groups + k].mirror;
        if (p->heads_n && !mirror)
            dz_say(z, 11, VERIFY_UNKNOWN, p->holder.slug,
                   "whether anybody holds this log: no other party has cosigned a head of it as "
                   "its mirror");
    }
}

/* ---- 13: consistency ---- */

static size_t read_path(struct bytes file, struct hash path[64])
{
    struct bytes line;
    size_t n = 0;

    if (file.n && file.p[file.n - 1] != '\n')
        return NOWHERE;
    while (bytes_next_line(&file, &line)) {
        size_t size = 32;
        if (n == 63 || !base64_decode(path[n].b, &size, line) || size != 32)
            return NOWHERE;
        n++;
    }
    return n;
}

static void check_growth(struct dz *z, const struct dz_head *old, const struct dz_head *head)
{
    const struct dz_party *p = &z->party[head->party];
    struct hash path[64];
    size_t n, file;

    if (old->head.size == head->head.size) {
        if (!hash_equal(&old->head.root, &head->head.root))
            dz_say(z, 13, VERIFY_FAILED, z->files[head->file].name,
                   "two heads of one size have different roots");
        return;
    }
    dz_looked(z, 13);
    file = dz_file(z, "consistency/%.*s/%llu-%llu.txt", BYTES_FMT(p->holder.slug),
                   (unsigned long long)old->head.size, (unsigned long long)head->head.size);
    if (file == NOWHERE) {
        dz_say(z, 13, VERIFY_FAILED, z->files[head->file].name,
               "that it grew from the head of size %llu: the proof is missing",
               (unsigned long long)old->head.size);
        return;
    }
    n = read_path(z->files[file].bytes, path);
    if (n == NOWHERE ||
        !grew(old->head.size, &old->head.root, head->head.size, &head->head.root, path, n))
        dz_say(z, 13, VERIFY_FAILED, z->files[file].name,
               "it does not prove that the log only grew between these heads");
}

static void check_consistency(struct dz *z)
{
    for (size_t i = 1; i < z->heads_n; i++)
        if (z->heads[i - 1].party == z->heads[i].party)
            check_growth(z, &z->heads[i - 1], &z->heads[i]);
}

bool dz_heads(struct dz *z, struct err *e)
{
    size_t all = 0;

    if (!find_heads(z, e))
        return false;
    for (size_t i = 0; i < z->heads_n; i++) {
        z->heads[i].sigs = all;
        all += z->heads[i].lines;
    }
    z->sigs = arena_get_array(z->a, all, sizeof *z->sigs, e);
    if (!z->sigs)
        return false;
    for (size_t i = 0; i < all; i++)
        z->sigs[i].head = NOWHERE;
    dz_parallel(z, z->heads_n, 16, verify_owner);
    dz_parallel(z, z->heads_n, 16, verify_cosigners);
    say_owner(z);
    keep_good(z, all);
    if (!make_groups(z, e))
        return false;
    say_quorum(z);
    check_consistency(z);
    return true;
}

/* ---- 9: inclusion ---- */

static size_t head_of(const struct dz *z, uint16_t party, uint64_t size)
{
    size_t low = z->party[party].heads, high = low + z->party[party].heads_n;

    while (low < high) {
        size_t half = low + (high - low) / 2;
        if (z->heads[half].head.size == size)
            return half;
        if (z->heads[half].head.size < size)
            low = half + 1;
        else
            high = half;
    }
    return NOWHERE;
}

/* The size in a checkpoint: its second line. The note itself has been read as one of the heads. */
static uint64_t size_in(struct bytes note)
{
    struct bytes line;
    uint64_t size = 0;

    if (!bytes_next_line(&note, &line) || !bytes_next_line(&note, &line) ||
        !decimal_parse(line, &size))
        return 0;
    return size;
}

static const char *prove_act(struct dz *z, struct dz_act *act)
{
    const struct dz_head *h;
    struct offered p;
    struct hash leaf;

    if (act->proof == NOWHERE)
        return N_("the proof that it is in the log is missing");
    if (!read_path_of(z->files[act->proof].bytes, &p) || p.index != act->seq)
        return N_("its proof is none");
    act->head = head_of(z, act->party, size_in(p.whole));
    if (act->head == NOWHERE || !bytes_equal(p.whole, z->heads[act->head].bytes))
        return N_("its proof is under a head that is not in the dossier");
    h = &z->heads[act->head];
    leaf_of(hash_bytes(&z->sha[act->file]), &leaf);
    if (!included(&leaf, p.index, h->head.size, p.hash, p.n, &h->head.root))
        return N_("its proof does not lead to the root of the head");
    act->included = true;
    return NULL;
}

static void prove_acts(struct dz *z, struct arena *a, size_t from, size_t to)
{
    (void)a;
    for (size_t i = from; i < to; i++)
        if (!z->acts[i].fault)
            z->acts[i].not_included = prove_act(z, &z->acts[i]);
}

void dz_inclusion(struct dz *z)
{
    for (size_t i = 0; i < z->acts_n; i++) {
        dz_looked(z, 9);
        z->acts[i].not_included = N_("it could not be checked");
    }
    dz_parallel(z, z->acts_n, 64, prove_acts);
    for (size_t i = 0; i < z->acts_n; i++) {
        const struct dz_act *act = &z->acts[i];
        if (act->not_included)
            dz_say(z, 9, VERIFY_FAILED, dz_name(z, act->proof == NOWHERE ? act->file : act->proof),
                   "%s", catalogue_text(z->words, act->not_included));
    }
}
