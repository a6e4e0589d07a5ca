/* Synopses as manual pages print them, one after the other. */
#include <sys/types.h>
#include <sys/stat.h>

int stat(const char *restrict pathname,
         struct stat *restrict statbuf);
[[deprecated]] int ftime(struct timeb *tp);
int select(int nfds, fd_set *_Nullable restrict readfds,
           fd_set *_Nullable restrict writefds,
           fd_set *_Nullable restrict exceptfds,
           struct timeval *_Nullable restrict timeout);
int getaddrinfo(const char *restrict node,
                const char *restrict service,
                const struct addrinfo *restrict hints,
                struct addrinfo **restrict res);
int scandir(const char *restrict dirp,
            struct dirent ***restrict namelist,
            typeof(int (const struct dirent *)) *filter,
            typeof(int (const struct dirent **, const struct dirent **))
                *compar);
ssize_t getrandom(void buf[.buflen], size_t buflen, unsigned int flags);
int nftw(const char *dirpath,
        int (*fn)(const char *fpath, const struct stat *sb,
                  int typeflag, struct FTW *ftwbuf),
        int nopenfd, int flags);
void *bsearch(const void key[.size], const void base[.size * .nmemb],
              size_t nmemb, size_t size,
              typeof(int (const void [.size], const void [.size]))
                  *compar);
int vsnprintf(char str[restrict .size], size_t size,
              const char *restrict format, va_list ap);
double complex cpow(double complex x, double complex z);
long double strtold(const char *restrict nptr,
                    char **_Nullable restrict endptr);
extern char **environ;
clock_t times(struct tms *buf);
int sched_setaffinity(pid_t pid, size_t cpusetsize, const cpu_set_t *mask);
