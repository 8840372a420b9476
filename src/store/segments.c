/* The writer's side of the log, and opening it. */
#include "base/text.h"
#include "store/store_impl.h"

#include <stdlib.h>

#define SEGMENT_BYTES ((uint64_t)64 << 20)
#define ZERO_STEP ((size_t)64 << 10)
#define ZERO_AHEAD ((uint64_t)1 << 20) /* a file grows by at most so much beyond a batch */
#define ZERO_PARTS (ZERO_AHEAD / ZERO_STEP)
#define BATCH_KEEP ((size_t)4 << 20) /* a larger gathering buffer is given back */
#define OPEN_TRIES 5                 /* of a reader beside a running writer */

/* ---- opening ----------------------------------------------------------------------------- */

static bool hex16(struct bytes name, uint64_t *out)
{
    uint8_t b[8];

    if (name.n != 20 || !bytes_end_with(name, ".seg") || !hex_decode(b, 8, bytes_part(name, 0, 16)))
        return false;
    *out = 0;
    for (int i = 0; i < 8; i++)
        *out = *out << 8 | b[i];
    return true;
}

/* The files' first positions, ascending, as their names sort. */
static bool list_files(struct segments *s, struct err *e)
{
    struct arena *a = arena_new((size_t)256 << 20);
    struct bytes *names;
    uint64_t base;
    size_t n;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    s->files.n = 0;
    ok = ok && os_list(s->os, s->dir, a, &names, &n, e);
    for (size_t i = 0; ok && i < n; i++)
        if (hex16(names[i], &base))
            ok = files_add(s, base, e);
    arena_free(a);
    return ok;
}

static bool read_id(struct segments *s, struct err *e)
{
    uint8_t header[FILE_HEADER], id[16];
    char *path = file_path(s, 0, e);
    struct os_file *f = NULL;
    uint64_t base;
    bool ok;

    if (!path)
        return false;
    if (s->files.base[0] != 0)
        ok = err_fail(e, ERR_PROOF, "%s: the first file is gone", path);
    else
        ok = os_open(s->os, path, OS_READ | OS_DIRECT, &f, e) &&
             os_read_exact(s->os, f, 0, header, sizeof header, e);
    if (ok && (!file_header_decode(header, id, &base) || base != 0))
        ok = err_fail(e, ERR_PROOF, "%s: damaged at byte 0: no file header", path);
    if (ok)
        store_key_init(&s->key, id);
    else if (e && e->code == ERR_INPUT) /* shorter than a header */
        err_fail(e, ERR_PROOF, "%s: damaged at byte 0: no file header", path);
    os_close(s->os, f);
    free(path);
    return ok;
}

static bool take_lock(struct segments *s, struct err *e)
{
    char *path = file_path_named(s, "lock", e);
    bool ok =
        path && os_open(s->os, path, OS_WRITE | OS_CREATE | OS_PRIVATE | OS_LOCK, &s->lock, e);

    free(path);
    return ok;
}

/* Files that an earlier life was making: of no value. */
static bool remove_named(struct segments *s, const char *name, struct err *e)
{
    char *path = file_path_named(s, name, e);
    bool ok = path && (!os_exists(s->os, path) || os_remove(s->os, path, e));

    free(path);
    return ok;
}

static bool open_once(struct segments *s, uint64_t hint, struct err *e)
{
    if (!list_files(s, e))
        return false;
    if (s->files.n == 0 && s->read_only)
        return err_fail(e, ERR_MISSING, "%s: no store here", s->dir);
    if (s->files.n == 0 && !store_create(s, e))
        return false;
    return read_id(s, e) && store_recover(s, hint, e);
}

static bool open_store(struct segments *s, uint64_t hint, struct err *e)
{
    struct err first = {0};

    if (!s->read_only)
        return os_make_dirs(s->os, s->dir, e) && take_lock(s, e) &&
               remove_named(s, "next.seg", e) && open_once(s, hint, e);
    /* The writer may commit between two of our looks: what is damaged stays so. */
    for (int i = 0; i < OPEN_TRIES; i++) {
        if (open_once(s, hint, &first))
            return true;
        if (first.code != ERR_PROOF)
            break;
    }
    return err_pass(e, &first);
}

static struct segments *segments_new(const struct os *os, const char *dir)
{
    struct segments *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->os = os;
    s->dir = strdup(dir);
    s->zeros = calloc(1, ZERO_STEP);
    files_init(&s->files);
    if (s->dir && s->zeros)
        return s;
    segments_close(s);
    return NULL;
}

struct segments *segments_open(const struct os *os, const char *dir,
                               const struct segments_options *options, struct err *e)
{
    struct segments *s = segments_new(os, dir);
    uint64_t hint = options ? options->hint : 0;

    if (!s) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    s->read_only = options && options->read_only;
    s->segment_bytes = options && options->segment_bytes ? options->segment_bytes : SEGMENT_BYTES;
    if (!open_store(s, hint, e)) {
        segments_close(s);
        return NULL;
    }
    return s;
}

void segments_close(struct segments *s)
{
    if (!s)
        return;
    os_close(s->os, s->file);
    files_wipe(s);
    os_close(s->os, s->lock);
    free(s->batch);
    free(s->zeros);
    free(s->dir);
    free(s);
}

/* ---- what it knows -------------------------------------------------------------------------- */

uint64_t segments_end(const struct segments *s)
{
    return atomic_load_explicit(&s->end, memory_order_acquire);
}

uint64_t segments_dropped(const struct segments *s)
{
    return s->dropped;
}

struct bytes segments_id(const struct segments *s)
{
    return bytes_of(s->key.id, sizeof s->key.id);
}

struct segments_counts segments_counts(const struct segments *s)
{
    return s->counts;
}

size_t segments_pending(const struct segments *s)
{
    return s->batch_n;
}

void segments_discard(struct segments *s)
{
    s->batch_n = 0;
    s->batch_count = 0;
    if (s->batch_cap > BATCH_KEEP) {
        free(s->batch);
        s->batch = NULL;
        s->batch_cap = 0;
    }
}

/* ---- gathering ------------------------------------------------------------------------------ */

static bool usable(const struct segments *s, struct err *e)
{
    if (s->read_only)
        return err_fail(e, ERR_DENIED, "%s: open for reading only", s->dir);
    if (!s->poisoned)
        return true;
    err_fail(e, ERR_IO, "%s: a write failed before, so what is on disk is unknown: %s", s->dir,
             s->poison.text);
    return err_hint(e, "stop and start again: opening the store finds out");
}

/* The outcome of what was begun is unknown. */
static bool poison(struct segments *s, const struct err *why, struct err *e)
{
    s->poisoned = true;
    s->poison = *why;
    err_fail(e, ERR_IO, "%s: %s", s->dir, why->text);
    return err_hint(e, "stop and start again: opening the store finds out what is on disk");
}

static bool batch_room(struct segments *s, size_t n, struct err *e)
{
    size_t cap = s->batch_cap ? s->batch_cap : (size_t)64 << 10;
    uint8_t *more;

    if (n <= s->batch_cap)
        return true;
    while (cap < n)
        cap *= 2;
    more = realloc(s->batch, cap);
    if (!more)
        return err_fail(e, ERR_NOMEM, "out of memory");
    s->batch = more;
    s->batch_cap = cap;
    return true;
}

static bool sizes(const struct bytes *parts, size_t n, size_t most, size_t *total, struct err *e)
{
    *total = 0;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].n > most - *total)
            return err_fail(e, ERR_LIMIT, "a record of more than %zu bytes", most);
        *total += parts[i].n;
    }
    return true;
}

/* The record at the end of the batch; room is there. */
static uint64_t put_record(struct segments *s, uint8_t kind, const struct bytes *parts, size_t n,
                           size_t size)
{
    uint64_t position = s->end + s->batch_n;
    uint8_t *header = s->batch + s->batch_n, *p = header + RECORD_HEADER;
    uint32_t crc;

    for (size_t i = 0; i < n; i++)
        if (parts[i].n) {
            memcpy(p, parts[i].p, parts[i].n);
            p += parts[i].n;
        }
    crc = s->key.crc(0, header + RECORD_HEADER, size);
    record_header_encode(&s->key, position, kind, (uint32_t)size, crc, header);
    s->batch_n += (size_t)record_span((uint32_t)size);
    memset(p, 0, (size_t)(s->batch + s->batch_n - p));
    return position;
}

bool segments_append(struct segments *s, uint8_t kind, const struct bytes *parts, size_t n,
                     uint64_t *position, struct err *e)
{
    size_t from = s->batch_n ? s->batch_n : BATCH_HEADER, size;

    if (!usable(s, e) || !sizes(parts, n, LIMIT_STORE_RECORD_BYTES, &size, e))
        return false;
    if (kind == KIND_NOTE)
        return err_fail(e, ERR_INPUT, "kind 0 is that of a batch's note");
    if (record_span((uint32_t)size) > LIMIT_STORE_BATCH_BYTES - from)
        return err_fail(e, ERR_LIMIT, "a batch of more than %zu bytes", LIMIT_STORE_BATCH_BYTES);
    if (!batch_room(s, from + (size_t)record_span((uint32_t)size), e))
        return false;
    s->batch_n = from;
    s->batch_count++;
    *position = put_record(s, kind, parts, n, size);
    return true;
}

/* ---- committing ------------------------------------------------------------------------------ */

/* Note, padding, header, footer: the batch as it will be on disk. */
static bool finish_batch(struct segments *s, struct bytes note, size_t *size, uint32_t *footer_crc,
                         struct err *e)
{
    size_t records = s->batch_n ? s->batch_n : BATCH_HEADER, at = BATCH_HEADER, n;
    struct batch_header h = {s->end, 0, s->batch_count, s->prev};
    struct batch_footer f = {.start = s->end};
    uint32_t sum;

    if (note.n > LIMIT_STORE_NOTE_BYTES)
        return err_fail(e, ERR_LIMIT, "a note of more than %zu bytes", LIMIT_STORE_NOTE_BYTES);
    n = records + (size_t)record_span((uint32_t)note.n) + BATCH_FOOTER;
    n = (n + SECTOR - 1) & ~(SECTOR - 1);
    if (!batch_room(s, n, e))
        return false;
    s->batch_n = records;
    f.note = put_record(s, KIND_NOTE, &note, 1, note.n);
    memset(s->batch + s->batch_n, 0, n - s->batch_n);
    h.size = n;
    batch_header_encode(&s->key, &h, s->batch);
    sum = s->key.crc(0, s->batch, BATCH_HEADER);
    for (uint32_t i = 0; i <= s->batch_count; i++) {
        const uint8_t *r = s->batch + at;
        sum = s->key.crc(sum, r, RECORD_FIXED);
        at += (size_t)record_span((uint32_t)r[0] << 24 | (uint32_t)r[1] << 16 |
                                  (uint32_t)r[2] << 8 | r[3]);
    }
    f.sum = sum;
    batch_footer_encode(&s->key, &f, s->end + n, s->batch + n - BATCH_FOOTER);
    *size = n;
    *footer_crc = f.crc;
    return true;
}

static bool take_prepared(struct segments *s)
{
    bool ready;

    pthread_mutex_lock(&s->files.lock);
    ready = s->files.prepared;
    s->files.prepared = false;
    pthread_mutex_unlock(&s->files.lock);
    return ready;
}

/* The next file, from the prepared one or fresh. The one before gives back what it did not use. */
static bool next_file(struct segments *s, struct err *e)
{
    uint64_t used = (s->end - s->base + FILE_HEADER + 4095) & ~(uint64_t)4095;
    char *path = file_path(s, s->end, e), *ready = file_path_named(s, "next.seg", e);
    bool ok = path && ready, have = take_prepared(s);

    if (ok && s->written > used)
        ok = s->os->ops->truncate(s->os->self, s->file, used, e);
    os_close(s->os, s->file);
    s->file = NULL;
    ok = ok && (!have || os_rename(s->os, ready, path, e)) &&
         os_open(s->os, path,
                 OS_READ | OS_WRITE | OS_PRIVATE | (have ? 0 : OS_CREATE | OS_EXCLUSIVE), &s->file,
                 e) &&
         os_size(s->os, s->file, &s->written, e);
    s->base = s->end;
    free(path);
    free(ready);
    return ok;
}

/* Zeros that let the file grow ahead of small batches, so that the commits into them change no
 * size and their sync has no metadata to write. A batch that is large itself carries that cost
 * easily, and would pay the zeros in bandwidth. */
static size_t zeros_ahead(const struct segments *s, uint64_t to, size_t batch)
{
    uint64_t room = s->segment_bytes > to ? s->segment_bytes - to : 0;

    if (to <= s->written || batch >= ZERO_STEP)
        return 0;
    return (size_t)(room < ZERO_AHEAD ? room & ~(SECTOR - 1) : ZERO_AHEAD);
}

/* One write, one sync; and one of the directory if the file is new. */
static bool write_batch(struct segments *s, size_t size, bool fresh, struct err *e)
{
    uint64_t at = s->end - s->base + FILE_HEADER, to = at + size;
    struct bytes parts[2 + ZERO_PARTS];
    uint8_t header[FILE_HEADER];
    size_t n = 0, zeros = zeros_ahead(s, to, size);

    if (fresh) {
        file_header_encode(&s->key, s->base, header);
        parts[n++] = bytes_of(header, sizeof header);
        at = 0;
    }
    parts[n++] = bytes_of(s->batch, size);
    for (size_t left = zeros; left; left -= parts[n++].n)
        parts[n] = bytes_of(s->zeros, left < ZERO_STEP ? left : ZERO_STEP);
    s->counts.writes++;
    if (!s->os->ops->write(s->os->self, s->file, at, parts, n, e))
        return false;
    s->written = to + zeros > s->written ? to + zeros : s->written;
    s->counts.syncs++;
    if (!os_sync(s->os, s->file, e))
        return false;
    s->counts.dir_syncs += fresh;
    return !fresh || s->os->ops->sync_dir(s->os->self, s->dir, e);
}

bool segments_commit(struct segments *s, struct bytes note, uint64_t *end, struct err *e)
{
    struct err why = {0};
    size_t size = 0, records = s->batch_n;
    uint32_t footer_crc = 0;
    bool fresh;

    if (!usable(s, e))
        return false;
    if (!finish_batch(s, note, &size, &footer_crc, e)) {
        s->batch_n = records;
        return false;
    }
    fresh = s->end > s->base && s->end - s->base + FILE_HEADER + size > s->segment_bytes;
    if ((fresh && !next_file(s, &why)) || !write_batch(s, size, fresh, &why) ||
        (fresh && !files_add(s, s->base, &why)))
        return poison(s, &why, e);
    s->prev = footer_crc;
    s->counts.commits++;
    s->counts.bytes += size;
    segments_discard(s);
    atomic_store_explicit(&s->end, s->end + size, memory_order_release);
    if (end)
        *end = s->end;
    return true;
}

/* ---- erasing ----------------------------------------------------------------------------------
 */

/* The mark first, by itself: so that no crash leaves a payload that is gone without a mark. */
static bool erase_in(struct segments *s, struct os_file *f, uint64_t at, const uint8_t *mark,
                     size_t size, struct err *e)
{
    if (!os_write(s->os, f, at + RECORD_FIXED, bytes_of(mark, MARK_BYTES), e) ||
        !os_sync(s->os, f, e))
        return false;
    at += RECORD_HEADER;
    while (size) {
        size_t n = size < ZERO_STEP ? size : ZERO_STEP;
        if (!os_write(s->os, f, at, bytes_of(s->zeros, n), e))
            return false;
        at += n;
        size -= n;
    }
    return os_sync(s->os, f, e);
}

static bool erase_at(struct segments *s, uint64_t base, uint64_t position, const uint8_t *mark,
                     size_t size, struct err *e)
{
    char *path = file_path(s, base, e);
    struct os_file *f = NULL;
    bool ok = path && os_open(s->os, path, OS_READ | OS_WRITE, &f, e) &&
              erase_in(s, f, position - base + FILE_HEADER, mark, size, e);

    os_close(s->os, f);
    free(path);
    return ok;
}

bool segments_erase(struct segments *s, uint64_t position, struct err *e)
{
    uint8_t header[RECORD_HEADER], mark[MARK_BYTES];
    uint64_t base, next;
    struct record_header h;
    struct err why = {0};

    if (!usable(s, e))
        return false;
    if (position == 0 || position % 8 || position > s->end || s->end - position < RECORD_HEADER)
        return err_fail(e, ERR_INPUT, "%s: no record at position %llu", s->dir,
                        (unsigned long long)position);
    files_find(s, position, &base, &next);
    if (!files_read(s, base, position, header, sizeof header, e))
        return false;
    if (!record_header_decode(&s->key, header, position, &h) || h.mark == MARK_BAD)
        return store_damaged(s, position, "no record begins here, or its header is damaged", e);
    if (h.kind == KIND_NOTE)
        return err_fail(e, ERR_INPUT, "%s: position %llu is a note", s->dir,
                        (unsigned long long)position);
    record_mark(&s->key, header, position, mark);
    return erase_at(s, base, position, mark, h.size, &why) || poison(s, &why, e);
}

/* ---- preparing --------------------------------------------------------------------------------
 */

static bool fill_zeros(struct segments *s, struct os_file *f, struct err *e)
{
    struct bytes parts[ZERO_PARTS];

    for (size_t i = 0; i < ZERO_PARTS; i++)
        parts[i] = bytes_of(s->zeros, ZERO_STEP);
    for (uint64_t at = 0; at < s->segment_bytes; at += ZERO_AHEAD) {
        uint64_t left = s->segment_bytes - at;
        size_t n = left < ZERO_AHEAD ? (size_t)(left + ZERO_STEP - 1) / ZERO_STEP : ZERO_PARTS;
        if (!s->os->ops->write(s->os->self, f, at, parts, n, e))
            return false;
    }
    return s->os->ops->truncate(s->os->self, f, s->segment_bytes & ~(SECTOR - 1), e) &&
           os_sync(s->os, f, e);
}

bool segments_prepare(struct segments *s, struct err *e)
{
    struct os_file *f = NULL;
    bool ready, ok;
    char *path;

    pthread_mutex_lock(&s->files.lock);
    ready = s->files.prepared;
    pthread_mutex_unlock(&s->files.lock);
    if (ready || s->read_only)
        return ready || err_fail(e, ERR_DENIED, "%s: open for reading only", s->dir);
    path = file_path_named(s, "next.seg", e);
    ok = path && os_open(s->os, path, OS_WRITE | OS_CREATE | OS_PRIVATE, &f, e) &&
         s->os->ops->truncate(s->os->self, f, 0, e) && fill_zeros(s, f, e);
    os_close(s->os, f);
    free(path);
    if (!ok)
        return false;
    pthread_mutex_lock(&s->files.lock);
    s->files.prepared = true;
    pthread_mutex_unlock(&s->files.lock);
    return true;
}
