/*
 * Preloaded into emulated programs: lets them start further programs for the same machine.
 *
 * The kernel does not know how to start these, and only the administrator may teach it (binfmt_misc). So whatever
 * starts a program looks at the file first: one for MACHINE is handed to the emulator, RUNNER; all others, compilers
 * foremost, are started as they are, without this library, which is not for them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_ours(const char *path)
{
    Elf64_Ehdr head;
    int file = strchr(path, '/') ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    ssize_t got = read(file, &head, sizeof head);
    close(file);
    return got == sizeof head && !memcmp(head.e_ident, ELFMAG, SELFMAG) && head.e_machine == MACHINE;
}

static size_t length(char *const *list)
{
    size_t n = 0;
    while (list && list[n]) n++;
    return n;
}

/* What is started instead. On the stack of the caller: between fork and exec nothing may be allocated. */
#define PREPARE(path, argv, envp)                                                     \
    size_t words = length(argv), variables = length(envp), kept = 0;                  \
    char *new_argv[words + 3], *new_envp[variables + 1];                              \
    for (size_t i = 0; i < variables; i++)                                            \
        if (strncmp((envp)[i], "LD_PRELOAD=", 11)) new_envp[kept++] = (envp)[i];      \
    new_envp[kept] = NULL;                                                            \
    if (is_ours(path)) {                                                              \
        new_argv[0] = (char *)RUNNER;                                                 \
        new_argv[1] = (char *)(path);                                                 \
        for (size_t i = 1; i < words; i++) new_argv[i + 1] = (argv)[i];               \
        new_argv[words + 1 + !words] = NULL;                                          \
        (path) = RUNNER;                                                              \
    } else {                                                                          \
        for (size_t i = 0; i <= words; i++) new_argv[i] = i < words ? (argv)[i] : NULL; \
    }

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int execve(const char *path, char *const argv[], char *const envp[])
{
    REAL(execve);
    PREPARE(path, argv, envp);
    return real(path, new_argv, new_envp);
}

int execvpe(const char *path, char *const argv[], char *const envp[])
{
    REAL(execvpe);
    PREPARE(path, argv, envp);
    return real(path, new_argv, new_envp);
}

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

int execvp(const char *path, char *const argv[])
{
    return execvpe(path, argv, environ);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    REAL(posix_spawn);
    PREPARE(path, argv, envp);
    return real(pid, path, actions, attributes, new_argv, new_envp);
}

int posix_spawnp(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    REAL(posix_spawnp);
    PREPARE(path, argv, envp);
    return real(pid, path, actions, attributes, new_argv, new_envp);
}
