/* psi: two parties on this machine, one core each.
 *
 *     {"bench":"psi/2^20-mal","n":1048576,"median":0.27,"unit":"s",...,"bits_per_item":283.6,
 *      "rss_bytes":...,"cpu_s":[0.25,0.14],"rtt":"tcp"}
 *
 * A case runs as two processes over loopback TCP (psi/2^20-mal) or as one process and thread
 * without any socket (psi/2^20-mal-memory). Ingest, hashing and input and output are counted.
 * psi/2^20-mal-1gbit and -100mbit go over a link shaped to that rate in each direction, between two
 * network namespaces that the bench makes and removes (root only; else it says that it cannot).
 * .../stages prints what each stage costs beside its floor: the AES, field and memory speed of
 * the same run; and when each began and how long it waited. PSI_RUNS sets the number of runs (5).
 */
#include "bench.h"

#include "base/cpu.h"
#include "psi/code.h"
#include "psi/ggm.h"
#include "psi/psi.h"
#include "psi/session_impl.h"
#include "psi/stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS_MOST 64
#define ITEM 16 /* bytes, as in the published tables */

struct result {
    double wall, cpu, stage[PSI_STAGE_OVER + 1];
    double begun[PSI_STAGE_OVER + 1], idle[PSI_STAGE_OVER + 1]; /* wall clock: entered, waited */
    uint64_t out, rss, faults;
    bool ok;
};

static void item_of(uint64_t i, uint8_t out[ITEM])
{
    uint64_t a = i * 0x9e3779b97f4a7c15, b = (i ^ 0x5555) * 0xbf58476d1ce4e5b9;
    memcpy(out, &a, 8);
    memcpy(out + 8, &b, 8);
}

/* Half of the items are in both lists. */
static struct psi_set *ingest(enum psi_role role, uint64_t n)
{
    struct err e = {0};
    struct psi_set *s = psi_set_new(n, &e);
    uint64_t from = role == PSI_SENDER ? n / 2 : 0;

    for (uint64_t i = 0; s && i < n; i++) {
        uint8_t item[ITEM];
        item_of(from + i, item);
        psi_set_add(s, bytes_of(item, ITEM), &e);
    }
    return s;
}

static double cpu_now(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static struct psi *open_party(enum psi_role role, enum psi_mode mode, uint64_t n)
{
    struct psi_options o = {.role = role, .mode = mode};
    struct err e = {0};
    struct psi *p = psi_open(&o, ingest(role, n), &e);

    if (!p) {
        fprintf(stderr, "bench_psi: %s\n", e.text);
        exit(1);
    }
    return p;
}

static bool matches_right(const struct psi *p, uint64_t n)
{
    uint64_t found;
    const uint32_t *m = psi_matches(p, &found);

    return found == n - n / 2 && (found == 0 || (m[0] == n / 2 && m[found - 1] == n - 1));
}

/* CPU time by stage. */
struct meter {
    double last;
    struct result *r;
};

static void charge(struct meter *m, const struct psi *p)
{
    double now = cpu_now();
    enum psi_stage stage = psi_progress(p).stage;

    m->r->stage[stage] += now - m->last;
    m->last = now;
    if (m->r->begun[stage] == 0)
        m->r->begun[stage] = bench_now();
}

struct wired {
    struct psi_fds fds;
    struct psi_stream inner;
    struct meter meter;
    const struct psi *p;
};

static bool w_read(void *self, void *out, size_t n, size_t *got, bool *end, struct err *e)
{
    struct wired *w = self;
    return w->inner.read(&w->fds, out, n, got, end, e);
}

static bool w_write(void *self, const void *b, size_t n, size_t *put, struct err *e)
{
    struct wired *w = self;
    return w->inner.write(&w->fds, b, n, put, e);
}

static bool w_wait(void *self, bool reading, bool writing, unsigned ms, struct err *e)
{
    struct wired *w = self;
    double begun = bench_now();
    bool ok = w->inner.wait(&w->fds, reading, writing, ms, e);

    w->meter.r->idle[psi_progress(w->p).stage] += bench_now() - begun;
    return ok;
}

static bool w_progress(void *self, const struct psi_progress *g)
{
    struct wired *w = self;
    (void)g;
    charge(&w->meter, w->p);
    return true;
}

static void pin(unsigned cpu)
{
    cpu_set_t set, mine;

    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 2)
        return;
    CPU_ZERO(&mine);
    for (unsigned i = 0, seen = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set) && seen++ == cpu)
            CPU_SET(i, &mine);
    sched_setaffinity(0, sizeof mine, &mine);
}

static struct result run_party(enum psi_role role, enum psi_mode mode, uint64_t n, int fd)
{
    struct result r = {0};
    struct wired w = {.fds = {fd, fd}, .meter = {cpu_now(), &r}};
    struct psi_stream s = {w_read, w_write, w_wait, w_progress, &w};
    struct err e = {0};
    double begun = bench_now();
    struct rusage u;

    pin(role == PSI_SENDER);
    w.p = open_party(role, mode, n);
    charge(&w.meter, w.p);
    r.ok = psi_stream_of_fds(&w.fds, &w.inner, &e) && psi_run((struct psi *)(uintptr_t)w.p, &s, &e);
    charge(&w.meter, w.p);
    if (!r.ok)
        fprintf(stderr, "bench_psi: %s\n", e.text);
    if (role == PSI_RECEIVER)
        r.ok = r.ok && matches_right(w.p, n);
    r.wall = bench_now() - begun;
    r.cpu = cpu_now();
    r.out = psi_progress(w.p).bytes_out;
    getrusage(RUSAGE_SELF, &u);
    r.rss = (uint64_t)u.ru_maxrss * 1024;
    r.faults = (uint64_t)u.ru_minflt;
    psi_close((struct psi *)(uintptr_t)w.p);
    return r;
}

/* A connected pair of TCP sockets on loopback. */
static void tcp_pair(int fd[2])
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    if (l < 0 || bind(l, (struct sockaddr *)&a, sizeof a) < 0 || listen(l, 1) < 0 ||
        getsockname(l, (struct sockaddr *)&a, &len) < 0)
        exit(1);
    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd[0], (struct sockaddr *)&a, sizeof a) < 0 || (fd[1] = accept(l, NULL, NULL)) < 0)
        exit(1);
    setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    close(l);
}

/* ---- a shaped link -------------------------------------------------------------------------- */

#define LINK_UP                                                                                    \
    "ip netns add entente-bench-a && ip netns add entente-bench-b && "                             \
    "ip link add va netns entente-bench-a type veth peer name vb netns entente-bench-b && "        \
    "ip -n entente-bench-a addr add 10.99.0.1/30 dev va && "                                       \
    "ip -n entente-bench-b addr add 10.99.0.2/30 dev vb && "                                       \
    "ip -n entente-bench-a link set va up && ip -n entente-bench-b link set vb up && "             \
    "tc -n entente-bench-a qdisc add dev va root tbf rate %s burst 256k latency 50ms && "          \
    "tc -n entente-bench-b qdisc add dev vb root tbf rate %s burst 256k latency 50ms"
#define LINK_DOWN                                                                                  \
    "ip netns del entente-bench-a 2>/dev/null; ip netns del entente-bench-b 2>/dev/null"

static void link_down(void)
{
    if (system(LINK_DOWN) != 0)
        return;
}

static bool link_up(const char *rate)
{
    char command[1024];

    link_down();
    snprintf(command, sizeof command, "( " LINK_UP " ) 2>/dev/null", rate, rate);
    return geteuid() == 0 && system(command) == 0;
}

static bool enter(const char *path)
{
    int ns = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = ns >= 0 && setns(ns, CLONE_NEWNET) == 0;

    if (ns >= 0)
        close(ns);
    return ok;
}

/* A socket stays in the namespace in which it was made. */
static void link_pair(int fd[2])
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), l;

    a.sin_addr.s_addr = htonl(0x0a630001);
    if (home < 0 || !enter("/run/netns/entente-bench-a") ||
        (l = socket(AF_INET, SOCK_STREAM, 0)) < 0 || bind(l, (struct sockaddr *)&a, sizeof a) < 0 ||
        listen(l, 1) < 0 || getsockname(l, (struct sockaddr *)&a, &len) < 0 ||
        !enter("/run/netns/entente-bench-b") || (fd[0] = socket(AF_INET, SOCK_STREAM, 0)) < 0 ||
        connect(fd[0], (struct sockaddr *)&a, sizeof a) < 0 ||
        (fd[1] = accept(l, NULL, NULL)) < 0 || setns(home, CLONE_NEWNET) != 0)
        exit(1);
    close(l);
    close(home);
}

/* Under a hypervisor that takes free pages back, the first touch of memory costs the host's fault,
 * which is 20 times the guest's and would be most of a large run. So the memory that both parties
 * need is touched and given back before each run; what the program pays for it then is the guest's
 * own, as on a machine of its own. PSI_COLD=1 leaves this out. */
static void touch_memory(uint64_t n)
{
    size_t size = (size_t)n * 128 + ((size_t)128 << 20);
    pid_t child = getenv("PSI_COLD") ? -1 : fork(); /* so that our own peak stays ours */
    void *p;

    if (child < 0)
        return;
    if (child > 0) {
        waitpid(child, NULL, 0);
        return;
    }
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED) {
        madvise(p, size, MADV_HUGEPAGE);
        memset(p, 1, size);
    }
    _exit(0);
}

/* Each party in a process of its own, so that memory and time are its own. */
static void run_tcp(enum psi_mode mode, uint64_t n, const char *rate, struct result out[2])
{
    int fd[2], report[2][2];
    pid_t child[2];

    touch_memory(n);
    if (rate)
        link_pair(fd);
    else
        tcp_pair(fd);
    for (unsigned i = 0; i < 2; i++) {
        if (pipe(report[i]) < 0 || (child[i] = fork()) < 0)
            exit(1);
        if (child[i] == 0) {
            struct result r;
            close(fd[1 - i]);
            r = run_party(i == 0 ? PSI_RECEIVER : PSI_SENDER, mode, n, fd[i]);
            _exit(write(report[i][1], &r, sizeof r) == sizeof r ? 0 : 1);
        }
    }
    close(fd[0]);
    close(fd[1]);
    for (unsigned i = 0; i < 2; i++) {
        memset(&out[i], 0, sizeof out[i]);
        close(report[i][1]);
        if (read(report[i][0], &out[i], sizeof out[i]) != sizeof out[i])
            out[i].ok = false;
        close(report[i][0]);
        waitpid(child[i], NULL, 0);
    }
}

static bool step_side(struct psi *p, struct psi *other, struct meter *m, bool *done)
{
    struct err e = {0};
    enum psi_next next = psi_step(p, &e);
    struct bytes out = psi_output(p);
    size_t taken = 0;

    if (next == PSI_FAILED) {
        fprintf(stderr, "bench_psi: %s\n", e.text);
        return false;
    }
    *done = next == PSI_DONE;
    charge(m, p);
    if (out.n && !psi_feed(other, out, &taken, &e))
        return false;
    psi_sent(p, taken);
    m->last = cpu_now();
    return true;
}

static void run_memory(enum psi_mode mode, uint64_t n, struct result out[2])
{
    double begun = bench_now(), cpu = cpu_now();
    struct psi *p[2];
    struct meter m[2] = {{cpu, &out[0]}, {cpu, &out[1]}};
    bool done[2] = {false, false}, ok = true;
    struct rusage u;

    memset(out, 0, 2 * sizeof *out);
    p[0] = open_party(PSI_RECEIVER, mode, n);
    charge(&m[0], p[0]);
    m[1].last = m[0].last;
    p[1] = open_party(PSI_SENDER, mode, n);
    charge(&m[1], p[1]);
    while (ok && !(done[0] && done[1]))
        for (unsigned i = 0; ok && i < 2; i++) {
            m[i].last = cpu_now();
            ok = step_side(p[i], p[1 - i], &m[i], &done[i]);
        }
    out[0].ok = out[1].ok = ok && matches_right(p[0], n);
    getrusage(RUSAGE_SELF, &u);
    for (unsigned i = 0; i < 2; i++) {
        out[i].out = psi_progress(p[i]).bytes_out;
        out[i].rss = (uint64_t)u.ru_maxrss * 1024;
        out[i].wall = bench_now() - begun;
        out[i].cpu = cpu_now() - cpu;
        psi_close(p[i]);
    }
}

/* ---- floors ------------------------------------------------------------------------------- */

struct floors {
    double aes_ns, mul_ns, copy_ns, ghz; /* per block, product, 16 bytes */
};

static struct floors measure_floors(void)
{
    enum { N = 1 << 16, ROUNDS = 20, BIG = 1 << 22 };
    struct psi_kernels k = psi_kernels_best(cpu_features());
    struct gf128 *x = calloc(N, 16), *y = calloc(N, 16);
    struct gf128 *big = calloc(BIG, 16), *to = calloc(BIG, 16);
    struct aes_key key;
    uint8_t raw[16] = {7};
    struct floors f = {0};
    uint64_t chain = 3;
    volatile uint64_t sink;
    double t;

    aes_key_init(&key, raw);
    memset(big, 1, BIG * sizeof *big);
    memset(to, 1, BIG * sizeof *to);
    t = cpu_now();
    for (int i = 0; i < ROUNDS; i++)
        k.aes->mmo(&key, x, y, N);
    f.aes_ns = (cpu_now() - t) * 1e9 / (N * (double)ROUNDS);
    t = cpu_now();
    for (int i = 0; i < ROUNDS; i++)
        k.gf->scale_acc(x, y, x + 1, N - 1);
    f.mul_ns = (cpu_now() - t) * 1e9 / (N * (double)ROUNDS);
    t = cpu_now();
    memcpy(to, big, BIG * sizeof *to);
    f.copy_ns = (cpu_now() - t) * 1e9 / BIG;
    t = cpu_now();
    for (unsigned i = 0; i < 50000000; i++) /* each product waits for the one before: 3 cycles */
        chain = chain * chain + i;
    f.ghz = 4 * 0.05 / (cpu_now() - t); /* and one for the sum */
    sink = chain + to[chain % BIG].lo;
    (void)sink;
    free(x);
    free(y);
    free(big);
    free(to);
    return f;
}

static void print_stages(const char *name, uint64_t n, const struct result r[2])
{
    static const char *const stages[] = {"ingest", "setup", "hash", "bins", "reply", "end"};
    struct floors f = measure_floors();

    printf("{\"bench\":\"%s/stages\",\"n\":%llu,\"unit\":\"ns per item\"", name,
           (unsigned long long)n);
    for (unsigned side = 0; side < 2; side++) {
        printf(",\"%s\":{", side ? "sender" : "receiver");
        for (unsigned i = 0; i < 5; i++) {
            double ns = r[side].stage[i] * 1e9 / (double)n;
            printf("%s\"%s\":[%.1f,%.0f]", i ? "," : "", stages[i], ns, ns * f.ghz);
        }
        printf("}");
    }
    for (unsigned side = 0; side < 2 && r[side].begun[1] > 0; side++) {
        printf(",\"%s\":{", side ? "sender_wall_ms" : "receiver_wall_ms");
        for (unsigned i = 0; i <= PSI_STAGE_OVER; i++)
            printf("%s\"%s\":[%.1f,%.1f]", i ? "," : "", stages[i],
                   (r[side].begun[i] - r[0].begun[0]) * 1e3, r[side].idle[i] * 1e3);
        printf("}");
    }
    /* Blocks, products and 16-byte moves per item of the two sides' bins: the work that no
     * implementation of this protocol avoids (doc/formats/psi.md, section 9). */
    printf(",\"floor\":{\"aes_ns\":%.2f,\"mul_ns\":%.2f,\"copy16_ns\":%.2f,\"ghz_about\":%.1f,"
           "\"hash\":%.1f,\"receiver_bins\":%.1f,\"sender_bins\":%.1f}}\n",
           f.aes_ns, f.mul_ns, f.copy_ns, f.ghz, 4 * f.aes_ns + 2 * f.copy_ns,
           7.2 * f.aes_ns + 8.6 * f.mul_ns + 4 * f.copy_ns,
           7.2 * f.aes_ns + 8.9 * f.mul_ns + 3 * f.copy_ns);
    fflush(stdout);
}

/* ---- cases -------------------------------------------------------------------------------- */

struct size {
    const char *name;
    uint64_t n;
    bool large;
};

static void bench_case(const char *name, const struct size *s, enum psi_mode mode, bool memory,
                       const char *rate)
{
    const char *runs_text = getenv("PSI_RUNS");
    unsigned runs = runs_text ? (unsigned)strtoul(runs_text, NULL, 10) : 5;
    double wall[RUNS_MOST], bits = 0;
    struct result r[2];
    uint64_t rss = 0;
    char more[512];

    if (runs < 1 || runs > RUNS_MOST)
        runs = 5;
    for (unsigned i = 0; i < runs; i++) {
        if (memory)
            run_memory(mode, s->n, r);
        else
            run_tcp(mode, s->n, rate, r);
        if (!r[0].ok || !r[1].ok) {
            fprintf(stderr, "bench_psi: %s: the run failed\n", name);
            exit(1);
        }
        wall[i] = r[0].wall > r[1].wall ? r[0].wall : r[1].wall;
        bits = 8.0 * (double)(r[0].out + r[1].out) / (double)s->n;
        rss = r[0].rss > rss ? r[0].rss : rss;
        rss = r[1].rss > rss ? r[1].rss : rss;
    }
    snprintf(more, sizeof more,
             ",\"bits_per_item\":%.1f,\"rss_bytes\":%llu,\"cpu_s\":[%.3f,%.3f],\"faults\":%llu,"
             "\"memory\":\"%s\",\"link\":\"%s\"",
             bits, (unsigned long long)rss, r[0].cpu, r[1].cpu,
             (unsigned long long)(r[0].faults + r[1].faults),
             getenv("PSI_COLD") ? "cold" : "touched",
             memory ? "memory"
             : rate ? rate
                    : "loopback tcp");
    bench_print(&(struct bench_case){
        .name = name, .unit = "s", .n = s->n, .samples = wall, .runs = runs, .more = more});
    if (!rate)
        print_stages(name, s->n, r);
}

/* Where traffic decides. */
static void bench_links(int argc, char **argv)
{
    static const char *const rates[] = {"1gbit", "100mbit"};
    static const struct size size = {"2^20", 1 << 20, false};

    for (unsigned i = 0; i < 2 && !bench_small(); i++)
        for (int mode = 0; mode < 2; mode++) {
            char name[64];
            snprintf(name, sizeof name, "psi/2^20-%s-%s", mode ? "sh" : "mal", rates[i]);
            if (!bench_wanted(argc, argv, name))
                continue;
            if (link_up(rates[i]))
                bench_case(name, &size, (enum psi_mode)mode, false, rates[i]);
            else
                fprintf(stderr, "bench_psi: %s: no shaped link without root, ip and tc\n", name);
            link_down();
        }
}

int main(int argc, char **argv)
{
    static const struct size sizes[] = {{"2^16", 1 << 16, false},
                                        {"2^20", 1 << 20, false},
                                        {"2^24", 1 << 24, true},
                                        {"21.5m", 21500000, true}};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int memory = 0; memory < 2; memory++)
            for (int mode = 0; mode < 2; mode++) {
                char name[64];
                if (bench_small() && sizes[i].n > 1 << 20)
                    continue;
                snprintf(name, sizeof name, "psi/%s-%s%s", sizes[i].name, mode ? "sh" : "mal",
                         memory ? "-memory" : "");
                if (bench_wanted(argc, argv, name) && (argc > 1 || !(memory && sizes[i].large)))
                    bench_case(name, &sizes[i], (enum psi_mode)mode, memory, NULL);
            }
    bench_links(argc, argv);
    return 0;
}
