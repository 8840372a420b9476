#include "support/simdisk_impl.h"

#include <stdlib.h>

char *sim_copy_text(const char *text)
{
    return sim_get(strdup(text));
}

struct name *name_find(const struct names *l, const char *path)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->v[i].path, path))
            return &l->v[i];
    return NULL;
}

void name_put(struct names *l, const char *path, struct inode *inode)
{
    struct name *is = name_find(l, path);

    if (is) {
        is->inode = inode;
        return;
    }
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->v = sim_get(realloc(l->v, l->cap * sizeof *l->v));
    }
    l->v[l->n++] = (struct name){sim_copy_text(path), inode};
}

void name_remove(struct names *l, const char *path)
{
    struct name *is = name_find(l, path);

    if (!is)
        return;
    free(is->path);
    *is = l->v[--l->n];
}

void names_wipe(struct names *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i].path);
    free(l->v);
}

size_t path_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}

bool path_lies_in(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    if (n == 0 || !strcmp(dir, "."))
        return !strchr(path, '/');
    while (n > 1 && dir[n - 1] == '/')
        n--;
    return path_parent(path) == n && !memcmp(path, dir, n) && path[n] == '/';
}

void name_rename(struct names *l, const char *from, const char *to)
{
    struct name *is = name_find(l, from);

    if (is) {
        struct inode *inode = is->inode;
        name_remove(l, from);
        name_put(l, to, inode);
    }
}
