/* listener.h - a program of which system calls are put to us before they are made.
 *
 * What it is: seccomp's user notification, from the child's filter to the answers.
 * What it must not do: look at the calls, or let the program run on without an answer.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct listener_news;

struct listener {
	/* Which calls are put to us; NULL: all but rt_sigreturn and exit_group. */
	const struct sock_fprog *filter;
	bool dies_with_us; /* the program is killed when we are */

	int file;  /* the notification descriptor */
	pid_t pid; /* of the program */
	struct listener_news *news;
	/* The kernel may have larger structures than the headers that we know. */
	struct seccomp_notif *notice;
	struct seccomp_notif_resp *answer;
	size_t notice_size, answer_size;
};

/* Starts the program `path` with the signals of `mask` blocked. Its first call, execve, waits for
 * us. False:
 * `*why` says what is wrong, and nothing runs. */
bool listener_start(struct listener *listener, const char *path, char **argv, const sigset_t *mask,
		    const char **why);

/* Why argv[0] could not be executed, or 0. */
int listener_exec_error(const struct listener *listener);

enum received { RECEIVED, INTERRUPTED, ALL_GONE };

/* Waits for the next call, which is then in listener->notice. */
enum received listener_receive(struct listener *listener);

/* The call is made as it is. False: whoever made it is gone. */
bool listener_continue(struct listener *listener);
/* The call is not made, and returns `value`. */
bool listener_return(struct listener *listener, int64_t value);
/* Puts a descriptor of ours into the process that waits, as `number`; false: it cannot be. */
bool listener_give(struct listener *listener, int file, int number);
/* Whether the thread that waits is still the one that made the call. */
bool listener_holds(const struct listener *listener);

/* Nobody is left who could make a call. */
bool listener_over(const struct listener *listener);

/* Whose call is in our hands, for a process that shares our memory mappings; 0: nobody's yet. */
pid_t listener_now(const struct listener *listener);

#endif
