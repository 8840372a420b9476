/* watch/input: bytes from files to a scanner.
 *
 *     struct watch_input *in = watch_input_new(os, scanner, e);
 *     if (!watch_input_file(in, "conn.log.gz", e)) ...   // said in words; go on with the next one
 *     watch_input_free(in);
 *
 * What a file is, its first bytes say: gzip (any number of members), zstd (any number of frames),
 * UTF-16 with its mark (Windows exports), pcap, pcapng; inside of compression too. All else goes
 * to the scanner as it is. Memory is bounded whatever the file says of itself; a stream that is
 * cut or damaged is searched as far as it goes, and the error says where that was.
 *
 * Captures become JSON lines for the scanner, one per new pair of addresses, DNS message, TLS
 * ClientHello or HTTP request, with the members src, dst, dns.query, dns.answer, tls.sni,
 * http.host and http.url. That is a triage: a clean result means that no listed name or address
 * was seen in clear, nothing more; deeper inspection is Zeek's and Suricata's work. */
#ifndef ENTENTE_WATCH_INPUT_H
#define ENTENTE_WATCH_INPUT_H

#include "watch/watch.h"

struct watch_input;

struct watch_input_counts {
    uint64_t files, bytes;         /* read, as they stand */
    uint64_t packets, not_packets; /* of captures; with a link type or protocol we do not read */
};

/* The scanner is the caller's. NULL: ERR_NOMEM. */
struct watch_input *watch_input_new(const struct os *os, struct watch_scanner *s, struct err *e);
void watch_input_free(struct watch_input *in); /* NULL is fine */
/* Large compressed files are unpacked on a second thread while this one searches: so it is if `os`
 * is the system's; tests that bring their own machine are left alone. */
void watch_input_threads(struct watch_input *in, bool two);
/* A whole file, "-" for standard input, as one stream. False: could not be read to its end
 * (ERR_INPUT: damaged; ERR_LIMIT: a bomb), or the scan was stopped (ERR_DENIED). */
bool watch_input_file(struct watch_input *in, const char *path, struct err *e);
/* The same over bytes that come in parts; `end` closes the stream. */
bool watch_input_bytes(struct watch_input *in, struct bytes part, struct err *e);
bool watch_input_end(struct watch_input *in, struct err *e);
void watch_input_counts(const struct watch_input *in, struct watch_input_counts *out);

/* Every file below a path (or the file itself), sorted; hidden ones are left out, links are not
 * followed upwards: at most LIMIT_WATCH_DEPTH levels. False from `each` ends the walk. */
bool watch_input_walk(const struct os *os, const char *path,
                      bool (*each)(void *self, const char *file, struct err *e), void *self,
                      struct err *e);

/* ---- following a log -------------------------------------------------------------------------
 *
 *     struct watch_follow *f = watch_follow_open(os, "conn.log", "conn.state", scanner, &size, e);
 *     // cut the output back to `size`: what came after the last save will come again
 *     for (;;) {
 *         watch_follow_step(f, &moved, e);
 *         ... write the hits out and sync them ...
 *         watch_follow_save(f, output_size, e);
 *         if (!moved) wait;
 *     }
 *
 * After a crash at any point, cutting the output to the size that was saved with the place in the
 * log gives each line's hits once. A log that was renamed is read to its end before the new one is
 * begun; after a restart it is looked for in its directory. A log that was cut begins anew. */
struct watch_follow;
/* `state` may be absent: then from the log's beginning, and *output is 0. The log may be absent
 * too: it is waited for. NULL: ERR_INPUT (the state is damaged), ERR_NOMEM. */
struct watch_follow *watch_follow_open(const struct os *os, const char *path, const char *state,
                                       struct watch_scanner *s, uint64_t *output, struct err *e);
/* Close without saving. NULL is fine. */
void watch_follow_close(struct watch_follow *f);
/* Search what is there now. *moved: there was something. */
bool watch_follow_step(struct watch_follow *f, bool *moved, struct err *e);
/* All that was searched so far is done, and the output has this size: durably. */
bool watch_follow_save(struct watch_follow *f, uint64_t output, struct err *e);
/* Times that the log was renamed, and cut; files that were gone before they were read to the end.
 */
void watch_follow_counts(const struct watch_follow *f, uint64_t *renamed, uint64_t *cut,
                         uint64_t *lost);

#endif
