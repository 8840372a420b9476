/* Checks 1 to 3: the archive, the manifest, and who made it; and what dossier.json says. */
#include "base/catalogue.h"
#include "verify/dossier_impl.h"

#include <stdio.h>

/* ---- 1: the archive ---- */

static void sum_files(struct dz *z, struct arena *a, size_t from, size_t to)
{
    (void)a;
    for (size_t i = from; i < to; i++)
        z->used[i] = !zip_intact(&z->files[i]); /* for a moment: damaged */
}

static void hash_files(struct dz *z, struct arena *a, size_t from, size_t to)
{
    (void)a;
    for (size_t i = from; i < to; i++)
        sha256(z->files[i].bytes, &z->sha[i]);
}

bool dz_open(struct dz *z, struct bytes in, struct err *e)
{
    struct err why = {.words = z->words};

    if (!zip_read(in, z->a, &z->files, &z->n, &why)) {
        if (why.code == ERR_NOMEM || why.code == ERR_LIMIT) {
            *e = why;
            return false;
        }
        dz_say(z, 1, VERIFY_FAILED, BYTES("the dossier"), "%s", why.text);
        z->n = 0;
        return true;
    }
    z->sha = arena_get_array(z->a, z->n, sizeof *z->sha, e);
    z->used = arena_get_array(z->a, z->n, sizeof *z->used, e);
    if (!z->sha || !z->used)
        return false;
    dz_looked(z, 1);
    dz_parallel(z, z->n, 256, sum_files);
    for (size_t i = 0; i < z->n; i++) {
        if (z->used[i])
            dz_say(z, 1, VERIFY_FAILED, z->files[i].name, "its bytes are damaged (CRC-32)");
        z->used[i] = false;
    }
    if (!z->o->stop_early || z->out->verdict[1] != DOSSIER_FAIL)
        dz_parallel(z, z->n, 256, hash_files);
    return true;
}

/* ---- 2: the manifest ---- */

/* What the manifest does not list: itself and its signature, and what time-stamping adds. */
static bool outside(struct bytes name)
{
    return bytes_are(name, "manifest-sha256.txt") || bytes_are(name, "manifest.note") ||
           bytes_are(name, "mimetype") || bytes_start_with(name, "META-INF/");
}

/* Files that are missing or added are named one by one: both lists ascend. */
static void manifest_line(struct dz *z, struct bytes line, size_t *at)
{
    struct bytes name = bytes_part(line, 66, SIZE_MAX);
    struct hash want;

    if (line.n < 67 || !hex_decode(want.b, 32, bytes_part(line, 0, 64)) || line.p[64] != ' ' ||
        line.p[65] != ' ') {
        dz_say(z, 2, VERIFY_FAILED, BYTES("manifest-sha256.txt"), "a line is no digest and name");
        return;
    }
    while (*at < z->n &&
           (outside(z->files[*at].name) || bytes_compare(z->files[*at].name, name) < 0)) {
        if (!outside(z->files[*at].name))
            dz_say(z, 2, VERIFY_FAILED, z->files[*at].name, "the manifest does not name this file");
        ++*at;
    }
    if (*at == z->n || !bytes_equal(z->files[*at].name, name)) {
        dz_say(z, 2, VERIFY_FAILED, name, "the manifest names this file, and it is missing");
        return;
    }
    if (!hash_equal(&z->sha[*at], &want))
        dz_say(z, 2, VERIFY_FAILED, name, "its SHA-256 is not the one in the manifest");
    ++*at;
}

bool dz_manifest(struct dz *z, struct err *e)
{
    size_t file = dz_file(z, "manifest-sha256.txt"), at = 0;
    struct bytes rest, line;

    if (z->n == 0)
        return err_fail(e, ERR_INPUT, "nothing in it can be checked");
    if (file == NOWHERE)
        return err_fail(e, ERR_INPUT, "manifest-sha256.txt is missing");
    dz_looked(z, 2);
    rest = z->files[file].bytes;
    if (rest.n && rest.p[rest.n - 1] != '\n')
        dz_say(z, 2, VERIFY_FAILED, z->files[file].name, "it does not end with a line");
    while (bytes_next_line(&rest, &line))
        manifest_line(z, line, &at);
    for (; at < z->n; at++)
        if (!outside(z->files[at].name))
            dz_say(z, 2, VERIFY_FAILED, z->files[at].name, "the manifest does not name this file");
    return true;
}

/* ---- dossier.json ---- */

static bool read_wanted(struct dz *z, struct err *e)
{
    const struct json *list = json_find(z->about, "cases");

    z->wanted_n = json_count(list);
    if (z->wanted_n > LIMIT_DOSSIER_CASES)
        return err_fail(e, ERR_INPUT, "dossier.json: more than %d cases", LIMIT_DOSSIER_CASES);
    z->wanted = arena_get_array(z->a, z->wanted_n, sizeof *z->wanted, e);
    for (size_t i = 0; z->wanted && i < z->wanted_n; i++) {
        struct bytes hex;
        if (!json_as_string(json_at(list, i), &hex) || !hex_decode(z->wanted[i].b, 32, hex))
            return err_fail(e, ERR_INPUT, "dossier.json: a case that is no hash");
        if (i && memcmp(z->wanted[i - 1].b, z->wanted[i].b, 32) >= 0)
            return err_fail(e, ERR_INPUT, "dossier.json: cases out of order");
    }
    return z->wanted != NULL;
}

bool dz_about(struct dz *z, struct err *e)
{
    static const char *const members[] = {"agreement", "as_of",    "cases",  "ceiling", "exported",
                                          "exporter",  "format",   "hidden", "lang",    "program",
                                          "why",       "withheld", NULL};
    size_t file = dz_file(z, "dossier.json");
    int64_t format, seconds, exported;
    struct bytes as_of;

    if (file == NOWHERE)
        return err_fail(e, ERR_INPUT, "dossier.json is missing");
    if (!(z->about = json_parse_canonical(z->files[file].bytes, z->a, e)) ||
        !json_only(z->about, members, e) || !json_get_integer(z->about, "format", &format, e) ||
        !json_get_string(z->about, "agreement", &z->agreement, e) ||
        !json_get_string(z->about, "exporter", &z->exporter, e) ||
        !json_get_string(z->about, "exported", &z->exported, e) ||
        !json_get_string(z->about, "program", &z->program, e) ||
        !json_get_string(z->about, "ceiling", &z->ceiling, e) ||
        !json_get_string(z->about, "lang", &z->lang, e) ||
        !json_get_string(z->about, "as_of", &as_of, e))
        return err_within(e, "dossier.json");
    if (format != 1)
        return err_fail(e, ERR_INPUT, "dossier.json: format %lld is not known here",
                        (long long)format);
    if (!time_parse(as_of, &seconds) || !time_parse(z->exported, &exported))
        return err_fail(e, ERR_INPUT, "dossier.json: a time that is none");
    if (!bytes_are(z->lang, "en") && !bytes_are(z->lang, "zh") && !bytes_are(z->lang, "both"))
        return err_fail(e, ERR_INPUT, "dossier.json: a language that is none");
    z->as_of_ms = seconds * 1000;
    return read_wanted(z, e);
}

bool dz_withheld(const struct dz *z, const struct hash *sha256, struct bytes *why)
{
    const struct json *list = json_find(z->about, "withheld");
    char hex[64];

    hex_encode(hex, sha256->b, 32);
    return json_as_string(json_find_bytes(list, bytes_of(hex, sizeof hex)), why);
}

/* ---- 3: who made it ---- */

static const struct json *read_note(struct dz *z, size_t file, struct signed_text *s)
{
    struct reader r;
    struct bytes line;

    if (!split_note(z->files[file].bytes, s))
        return NULL;
    r = reader_of(s->text);
    reader_expect_line(&r, "entente/dossier/v1");
    line = reader_line(&r);
    return reader_end(&r, NULL) ? json_parse_canonical(line, z->a, NULL) : NULL;
}

static bool note_fits(struct dz *z, const struct json *o)
{
    size_t manifest = dz_file(z, "manifest-sha256.txt");
    struct hash digest;
    struct bytes hex;

    return json_as_string(json_find(o, "manifest"), &hex) && hex_decode(digest.b, 32, hex) &&
           hash_equal(&digest, &z->sha[manifest]) && json_find(o, "agreement") &&
           json_as_string(json_find(o, "agreement"), &hex) && bytes_equal(hex, z->agreement) &&
           json_as_string(json_find(o, "exporter"), &hex) && bytes_equal(hex, z->exporter) &&
           json_as_string(json_find(o, "exported"), &hex) && bytes_equal(hex, z->exported) &&
           json_count(o) == 4;
}

void dz_note(struct dz *z)
{
    size_t file = dz_file(z, "manifest.note");
    int who = dz_party_of(z, z->exporter);
    struct signed_text s;
    const struct json *o;
    char name[128];

    if (file == NOWHERE || who < 0) {
        dz_say(z, 3, VERIFY_FAILED, BYTES("manifest.note"),
               file == NOWHERE ? N_("it is missing: nobody answers for what is in the dossier")
                               : N_("the exporter is no party of the agreement"));
        return;
    }
    dz_looked(z, 3);
    if (!(o = read_note(z, file, &s)) || !note_fits(z, o)) {
        dz_say(z, 3, VERIFY_FAILED, z->files[file].name, "it is not about this manifest");
        return;
    }
    snprintf(name, sizeof name, "%.*s/acts", BYTES_FMT(z->exporter));
    z->signatures++;
    /* The key of its card now, or any that its log has had: an old dossier stays good. */
    for (size_t i = 0; i < z->party[who].spans[DZ_ACTS]; i++)
        if (signed_by(&s, name, 1, &z->party[who].span[DZ_ACTS][i].key, NULL))
            return;
    dz_say(z, 3, VERIFY_FAILED, z->files[file].name, "it is not signed by the key of %.*s",
           BYTES_FMT(z->exporter));
}
