/* told.c - says which signals come, from whom. Usage: told SIGNAL-NUMBER...
 * Writes "ready", then "told by PID of SIGNAL" each time that one of them comes, until SIGTERM
 * does. PID is 0 when it is the kernel's, as that of a terminal.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	siginfo_t info = { 0 };
	sigset_t signals;

	if (argc < 2)
		return 2;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	for (int i = 1; i < argc; i++)
		sigaddset(&signals, (int)strtol(argv[i], NULL, 10));
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (puts("ready"); info.si_signo != SIGTERM;) {
		fflush(stdout);
		if (sigwaitinfo(&signals, &info) > 0 && info.si_signo != SIGTERM)
			printf("told by %d of %d\n", info.si_code == SI_KERNEL ? 0 : info.si_pid,
			       info.si_signo);
	}
	return 0;
}
