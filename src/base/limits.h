/* Every limit, with its reason. A parser that needs a new one puts it here. */
#ifndef ENTENTE_LIMITS_H
#define ENTENTE_LIMITS_H

/* Texts in a catalogue: ten times what the program says today. */
#define LIMIT_CATALOGUE_TEXTS 65536

/* JSON: deep enough for any STIX object; a stack that small costs nothing. (tlog.md 4.2) */
#define LIMIT_JSON_DEPTH 64
/* One payload: ATT&CK's largest object is 33 KB, MISP attachments are megabytes. */
#define LIMIT_PAYLOAD_BYTES ((size_t)16 << 20)
/* An act note travels and is hashed whole. (tlog.md 4.2) */
#define LIMIT_ACT_BYTES ((size_t)60000)
/* A signed note with many cosignatures. (C2SP signed-note; tlog.md 1.2) */
#define LIMIT_NOTE_BYTES ((size_t)1 << 20)
#define LIMIT_NOTE_SIGNATURES 100
/* Hashes in an inclusion or consistency proof: the height of a tree of 2^63 leaves. */
#define LIMIT_PROOF_HASHES 63
/* tlog: a key's name or a log's origin (what ML-DSA cosignatures can name; C2SP
 * tlog-cosignature); logs, witnesses and groups of a policy (the standard asks for 32 at least);
 * a policy file of as many lines; two notes and a path that convict; a note, and as much again of
 * extra and hashes; type byte and key of a vkey (the largest we know, ML-DSA-44, has 1,312). */
#define LIMIT_NOTE_NAME 255
#define LIMIT_POLICY_ITEMS 256
#define LIMIT_POLICY_BYTES ((size_t)2 << 20)
#define LIMIT_EVIDENCE_BYTES ((size_t)2 * LIMIT_NOTE_BYTES + 8192)
#define LIMIT_PROOF_FILE_BYTES ((size_t)2 * LIMIT_NOTE_BYTES)
#define LIMIT_KEY_MATERIAL_BYTES 2048
/* Parties of one agreement: a region's CERTs, with room. */
#define LIMIT_PARTIES 64
/* A card or an agreement is read by people. */
#define LIMIT_CARD_BYTES ((size_t)256 << 10)
#define LIMIT_AGREEMENT_BYTES ((size_t)1 << 20)
/* Objects named by one list document: 10 million lines of about 120 bytes would be 1.2 GB;
 * a million keeps one act's list in memory on both sides. */
#define LIMIT_LIST_OBJECTS 1000000

/* record. Acts of one log that the state is a fold of (signatures, amendments, suspensions, changes
 * of keys): folded anew with each, and more than people can have agreed on. Files of evidence about
 * one party: one convicts. */
#define LIMIT_RECORD_CHANGES 4096
#define LIMIT_EVIDENCE_FILES 16

/* Keys sealed under a passphrase: a handful of seeds. */
#define LIMIT_SEALED_BYTES ((size_t)64 << 10)

/* HTTP. A connection costs a thread's stack, TLS state and MHD_POOL: about 200 KB in use. */
#define LIMIT_HTTP_CONNECTIONS 256
#define LIMIT_HTTP_CONNECTIONS_PER_ADDRESS 32 /* a peer's sync, witness and psi, with room */
#define LIMIT_HTTP_STACK_BYTES ((size_t)512 << 10)
/* Request line and headers live in here, and it is the largest piece of a body at a time. */
#define LIMIT_HTTP_POOL_BYTES ((size_t)64 << 10)
#define LIMIT_HTTP_HEADERS 64                       /* in one message */
#define LIMIT_HTTP_HEADER_BYTES ((size_t)32 << 10)  /* all of a reply's */
#define LIMIT_HTTP_TARGET_BYTES ((size_t)8 << 10)   /* path and query (RFC 9110 4.1: 8000) */
#define LIMIT_HTTP_PARAMS 64                        /* in one query */
#define LIMIT_HTTP_ARENA_BYTES ((size_t)16 << 20)   /* a request's own work, body not counted */
#define LIMIT_HTTP_BODIES_BYTES ((size_t)128 << 20) /* eight of the largest payloads at a time */
#define LIMIT_HTTP_HEADER_MS 10000                  /* handshake and headers: a satellite link */
#define LIMIT_HTTP_IDLE_MS 60000                    /* between requests: a peer polls each minute */
#define LIMIT_HTTP_STALL_MS 30000                   /* a commit or a disk under load */
#define LIMIT_HTTP_LEAST_RATE 4096                  /* bytes/s: slower is an attack, or no link */
#define LIMIT_HTTP_CONNECT_MS 10000
#define LIMIT_HTTP_TOTAL_MS 120000
/* store. A record holds at least the largest payload, with room for an import's list document;
 * a batch is gathered in memory, and has to hold one record and what belongs to it. */
#define LIMIT_STORE_RECORD_BYTES ((size_t)64 << 20)
#define LIMIT_STORE_NOTE_BYTES ((size_t)1 << 20)
#define LIMIT_STORE_BATCH_BYTES ((size_t)128 << 20)
/* LMDB's own bound on keys; tables and readers are slots of fixed arrays. */
#define LIMIT_INDEX_KEY_BYTES 511
#define LIMIT_INDEX_TABLES 32
#define LIMIT_INDEX_SNAPSHOTS 256
/* An index value is a place in the log, or a small summary. */
#define LIMIT_INDEX_VALUE_BYTES ((size_t)1 << 20)

/* stix. A number: the longest exact spelling of a double has 1,077 characters. */
#define LIMIT_JSON_NUMBER 1100
/* The longest published patterns list some thousand values; people nest three or four deep. */
#define LIMIT_PATTERN_BYTES ((size_t)1 << 20)
#define LIMIT_PATTERN_DEPTH 64
/* Matching of patterns: observation expressions are bits of a word, and the search recurses once
 * for each observation it binds. The bounds of a regular expression: those of published patterns
 * take some hundred steps on a command line. */
#define LIMIT_MATCH_LEAVES 64
#define LIMIT_MATCH_EVENTS 1024
#define LIMIT_MATCH_BIND_STEPS 100000
#define LIMIT_MATCH_REGEX ((size_t)16 << 10)
#define LIMIT_MATCH_REGEX_STEPS 100000
#define LIMIT_MATCH_REGEX_DEPTH 10000
#define LIMIT_MATCH_REGEX_HEAP_KIB 4096
#define LIMIT_MATCH_LIKE_STEPS ((size_t)1 << 24)
/* Marking-definitions remembered: statements of as many authors; 24 bytes each. */
#define LIMIT_MARKINGS 65536
/* Imports. A line of a list is a URL and a comment; a row of CSV may hold a YARA rule. */
#define LIMIT_IMPORT_LINE ((size_t)64 << 10)
#define LIMIT_IMPORT_ROW ((size_t)1 << 20)
/* Indicators made in one import: the set of their ids is at most 128 MB, for a million 32 MB. */
#define LIMIT_IMPORT_MADE (1 << 22)
/* A tree of the largest payload, as deep and comb-like as real ones are. */
#define LIMIT_IMPORT_ITEM_BYTES ((size_t)192 << 20)
/* Attributes kept until a MISP event ends, because its tags stand behind them. */
#define LIMIT_IMPORT_EVENT_BYTES ((size_t)64 << 20)

/* Cases (src/cases). A term of ten years in days; more is a slip of the pen. */
#define LIMIT_CASE_TERM 3660
/* Numbered items of a request: people answer each of them. */
#define LIMIT_CASE_ITEMS 256
/* Hypotheses and evidence of one claim: the matrix is read by people. */
#define LIMIT_CASE_HYPOTHESES 16
#define LIMIT_CASE_EVIDENCE 512
/* Versions of one agreement, signers (parties and witnesses), rungs, calendars' days. */
#define LIMIT_CASE_VERSIONS 64
#define LIMIT_CASE_SIGNERS 128
#define LIMIT_CASE_RUNGS 16
/* Declared outages of one party that count; the cap of hours is reached long before. */
#define LIMIT_CASE_OUTAGES 1024
#define LIMIT_CASE_CALENDAR_DAYS 4096
/* Times that one signer gives to one head, first and last beside each other: three years of an idle
 * log that is cosigned daily. */
#define LIMIT_RECORD_DATES_OF_ONE 1024
/* The fold of one agreement's cases in memory: about a million acts. */
#define LIMIT_DESK_BYTES ((size_t)1 << 30)

/* psi: items of one run. Numbers of items are 32 bits and bins at most 2^12; at 2^27 a party
 * needs about 7 GB: larger sets are sharded. (doc/formats/psi.md) */
#define LIMIT_PSI_ITEMS ((uint64_t)1 << 27)
/* One canonical item: longer than any URL or e-mail address in use; hashed and forgotten. */
#define LIMIT_PSI_ITEM_BYTES ((size_t)8192)
/* One frame: a bin's masked columns, 2^16 of 16 bytes, or as much of the reply. */
#define LIMIT_PSI_FRAME_BYTES ((size_t)2 << 20)
/* Shards of one comparison: more processes than any machine has cores. */
#define LIMIT_PSI_SHARDS 1024
/* watch. The longest name DNS can carry; a URL or address beyond these is no usable indicator
 * (the longest of 481,006 shared URLs has 1,347 bytes). */
#define LIMIT_WATCH_NAME 253
#define LIMIT_WATCH_EMAIL 320
#define LIMIT_WATCH_URL 8191
/* Offsets of entries are 32 bits; feeds in force today have some millions. */
#define LIMIT_WATCH_INDICATORS 100000000
#define LIMIT_WATCH_ORIGINS 65535
#define LIMIT_WATCH_ORIGIN_BYTES 1024
/* A JSON line is taken apart whole, so it must fit into memory; longer ones are read as text.
 * The largest Windows event is 64 KB. */
#define LIMIT_WATCH_LINE ((size_t)4 << 20)
/* The longest column or key path that is named with a hit. */
#define LIMIT_WATCH_FIELD 512
#define LIMIT_WATCH_COLUMNS 512
/* Properties of one event: a Windows event of 64 KB has about 40 members, a DNS answer 30 names. */
#define LIMIT_WATCH_FACTS 512
/* A compressed stream that grows more than this many times, once it has passed a gigabyte, is an
 * attack: real logs reach 73 (zstd -3 on Windows events). */
#define LIMIT_WATCH_GROWTH 5000
#define LIMIT_WATCH_GROWTH_FREE ((uint64_t)1 << 30)
/* zstd's window: memory that the stream's writer chooses; `zstd --ultra` writes 2^27. */
#define LIMIT_WATCH_ZSTD_WINDOW_LOG 27
/* One packet; what tcpdump takes at most. */
#define LIMIT_WATCH_PACKET ((size_t)256 << 10)
/* Directories within directories. */
#define LIMIT_WATCH_DEPTH 32
/* Indicators counted one by one in a run: what a hostile log can fill, at about 300 bytes. */
#define LIMIT_WATCH_TALLY ((size_t)1 << 20)

/* hunt. Trees of patterns: 26,202 published ones take 20 MB. An event's properties as a tree: ten
 * times its line. What is remembered: lines of up to so many bytes, so many of one pattern, so
 * many bytes in all if the caller does not say. */
#define LIMIT_HUNT_PATTERNS ((size_t)1 << 30)
#define LIMIT_HUNT_EVENT ((size_t)64 << 20)
#define LIMIT_HUNT_LINE 512
#define LIMIT_HUNT_WINDOW 1024
#define LIMIT_HUNT_MEMORY ((size_t)64 << 20)

/* node. A configuration is written by hand; a sync reply's summary has two notes per log. */
#define LIMIT_CONFIG_BYTES ((size_t)256 << 10)
#define LIMIT_HEADS_BYTES ((size_t)4 << 20)
/* One visit: a peer that was away for long is caught up with in several, so others get a turn. */
#define LIMIT_NODE_VISIT_BYTES ((uint64_t)1 << 30)
/* Pieces (up to 48 MiB) that are made or taken for peers at a time: bounds memory. */
#define LIMIT_NODE_PIECES 8
#define LIMIT_NODE_PIECES_OF_ONE 2 /* a slow reader must not hold up the others */
/* Cards that we keep; agreements open at a time (each has files and an index). */
/* What one answer carries of the cosignatures of a log, and of the state of cases: a digest for each
 * of 4096 buckets, or for each matter of one. */
#define LIMIT_DATES_BYTES ((size_t)1 << 20)
#define LIMIT_DATES_NOTES 1024
#define LIMIT_STATE_PAIRS 65536
#define LIMIT_STATE_BYTES ((size_t)10 << 20)
#define LIMIT_NODE_CARDS 1024
#define LIMIT_NODE_AGREEMENTS 256
/* What one call carries of a comparison: a window that keeps 1 Gb/s busy over 16 ms. */
#define LIMIT_MATCH_PIECE_BYTES ((size_t)2 << 20)
/* Logs of strangers that we witness, and suspicious notes kept of each. */
#define LIMIT_WITNESS_KEPT 64
/* Commands that run in the server at a time; one command line. */
#define LIMIT_CONTROL_COMMANDS 16
#define LIMIT_CONTROL_BYTES ((size_t)1 << 20)
#define LIMIT_CONTROL_ARGUMENTS 4096

/* Dossiers (src/verify, src/dossier). What ZIP can say without its 64-bit extension; three files an
 * act and some, so about 20,000 acts. A dossier is read whole into memory. Heads of one log, and
 * cases of one dossier: people read them. */
#define LIMIT_DOSSIER_FILES 65534
#define LIMIT_DOSSIER_BYTES ((size_t)1 << 30)
#define LIMIT_DOSSIER_NAME 200
#define LIMIT_DOSSIER_CASES 20000

/* Notices to people, made of one agreement in a day: whoever floods us with cases that become
 * overdue does not flood our people. */
#define LIMIT_NOTICES_PER_DAY 200

#endif
