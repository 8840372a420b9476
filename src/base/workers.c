#include "base/workers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct workers {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t start, finish;
    unsigned threads, busy;
    unsigned long round;
    bool stop;
    size_t n, grain, next;
    void (*work)(void *job, size_t from, size_t to);
    void *job;
    pthread_t thread[];
};

/* Take pieces until none is left. Called with the lock held; works without it. */
static void take_pieces(struct workers *w)
{
    while (w->next < w->n) {
        size_t from = w->next, left = w->n - from, to = from + (left < w->grain ? left : w->grain);
        w->next = to;
        pthread_mutex_unlock(&w->lock);
        w->work(w->job, from, to);
        pthread_mutex_lock(&w->lock);
    }
}

static void *worker(void *arg)
{
    struct workers *w = arg;
    unsigned long seen = 0;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->stop && w->round == seen)
            pthread_cond_wait(&w->start, &w->lock);
        if (w->stop)
            break;
        seen = w->round;
        take_pieces(w);
        if (--w->busy == 0)
            pthread_cond_signal(&w->finish);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct workers *workers_open(unsigned threads)
{
    unsigned extra = threads > 1 ? threads - 1 : 0;
    struct workers *w = calloc(1, sizeof *w + extra * sizeof w->thread[0]);

    if (!w)
        return NULL;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->start, NULL);
    pthread_cond_init(&w->finish, NULL);
    for (; w->threads < extra; w->threads++)
        if (pthread_create(&w->thread[w->threads], NULL, worker, w) != 0) {
            workers_close(w);
            return NULL;
        }
    return w;
}

void workers_close(struct workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->start);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->threads; i++)
        pthread_join(w->thread[i], NULL);
    pthread_cond_destroy(&w->finish);
    pthread_cond_destroy(&w->start);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void workers_run(struct workers *w, size_t n, size_t grain,
                 void (*work)(void *job, size_t from, size_t to), void *job)
{
    if (!w || w->threads == 0 || n <= grain) {
        if (n)
            work(job, 0, n);
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->n = n;
    w->grain = grain ? grain : 1;
    w->next = 0;
    w->work = work;
    w->job = job;
    w->busy = w->threads;
    w->round++;
    pthread_cond_broadcast(&w->start);
    take_pieces(w);
    while (w->busy)
        pthread_cond_wait(&w->finish, &w->lock);
    pthread_mutex_unlock(&w->lock);
}
