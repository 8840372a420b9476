/* packet: one packet to the lines that say what stands in it. */
#ifndef ENTENTE_WATCH_PACKET_H
#define ENTENTE_WATCH_PACKET_H

#include "watch/input_impl.h"

#define PAIRS 65536 /* address pairs remembered, so that a flow is told once */
#define HELLOS 64   /* ClientHellos that came in several segments */
#define HELLO_MOST 16384
#define SEGMENTS_MOST 4
#define LINES ((size_t)64 << 10)

struct hello {
    uint64_t flow; /* 0: free */
    uint32_t next; /* sequence number */
    uint32_t n;
    unsigned segments;
    uint8_t bytes[HELLO_MOST];
};

struct packets {
    uint64_t packets, others;
    uint64_t pairs[PAIRS];
    struct hello hello[HELLOS];
    size_t n_lines;
    char lines[LINES]; /* on their way to the scanner */
};

bool packet(struct packets *s, uint32_t link, int64_t us, struct bytes frame, const struct flow *to,
            struct err *e);
/* Hand on the lines that are left. */
bool packets_end(struct packets *s, const struct flow *to, struct err *e);

#endif
