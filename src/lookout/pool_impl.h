/* pool_impl: the parts of a large file, and hits that wait for their turn. */
#ifndef ENTENTE_LOOKOUT_POOL_IMPL_H
#define ENTENTE_LOOKOUT_POOL_IMPL_H

#include "lookout/lookout_impl.h"
#include "watch/watch.h"

/* What Zeek's header lines say; the newest of each counts. */
#define HEADER_LINES 7
#define HEADER_MOST 32768
struct header {
    char *line[HEADER_LINES]; /* malloc'd; NULL: not seen */
};
void header_note(struct header *h, struct bytes line);
bool header_equal(const struct header *a, const struct header *b);
void header_free(struct header *h);

/* A file that is cut into parts. It goes when its last part has been given out. */
struct part_file {
    uint64_t size;
    struct bytes first; /* how it begins */
    bool zeek;
    struct header head; /* as far as its parts have been given out; in turn */
    uint64_t lines;     /* the same */
};
/* Neither compressed nor a capture nor UTF-16. */
bool part_is_plain(struct bytes first);
struct part_file *part_file_new(const char *path, uint64_t size, struct bytes first,
                                enum watch_format format);
void part_file_free(struct part_file *f); /* NULL is fine */

struct job {
    uint64_t number;
    const char *path;
    struct part_file *file; /* NULL: the whole path is this job */
    uint64_t from, to;      /* lines that begin in here */
    bool last;              /* part of its file */
    struct header used;     /* the header that was thought to hold at `from`; a copy */
    struct header header;   /* the lines of it that stand in this part */
    uint64_t first_header;  /* where the first of them stands */
    char *head;             /* text of `used` */
    uint64_t lines;
    struct heap hits;
    bool done; /* under the pool's lock */
    struct err e;
};
void job_reset(struct job *j, uint64_t number, const char *path);
/* With a copy of the header that holds where its file has been given out to. */
void job_of_part(struct job *j, struct part_file *f, uint64_t from, uint64_t to);
void job_free(struct job *j);
/* What a scanner has to know of the file's beginning. */
struct bytes part_head(struct job *j);

bool keep_hit(struct heap *h, const struct watch_hit *hit, struct err *e);
bool kept_next(const struct heap *h, size_t *at, struct watch_hit *hit, struct watch_indicator *in);

/* In turn. */
struct giving {
    bool (*hit)(void *self, const char *path, const struct watch_hit *hit);
    void *self;
    struct watch_scanner *again;
    struct job *job;       /* whose line is searched again */
    uint64_t again_offset; /* of the line that was, plus 1 */
    bool refused;
    struct heap text;
    struct err e;
};
/* One hit of a job, with the line number in the whole file; if it stands under a header other than
 * the one its part was read with, its line is searched anew. */
bool part_give(struct giving *g, struct job *j, const struct watch_hit *hit);
bool part_again(void *self, const struct watch_hit *hit);
/* The job is done: what its file's next part begins with. */
void part_done(struct giving *g, struct job *j);
void giving_end(struct giving *g);

#endif
