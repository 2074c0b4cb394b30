/* startup.c - what the library costs a program's start: PROGRAM is started and waited for, with
 * each environment in turn. Usage: startup ROUNDS PROGRAM LIBRARY POLICY ELSEWHERE
 * (a policy to lock with at main, and one that is for another program).
 */
#include "bench.h"

#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 4, PATH_MAX_HERE = 4096 };

static double start_once(const char *program, char **environment)
{
	char *arguments[] = { strdup(program), NULL };
	double start = now();
	int status;
	pid_t pid;

	if (posix_spawn(&pid, program, NULL, NULL, arguments, environment) ||
	    waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "startup: %s does not end as it should\n", program);
		exit(1);
	}
	free(arguments[0]);
	return now() - start;
}

static char *setting(const char *name, const char *value)
{
	char *text = malloc(strlen(name) + strlen(value) + 2);

	if (!text)
		abort();
	sprintf(text, "%s=%s", name, value);
	return text;
}

int main(int argc, char **argv)
{
	static struct row rows[ROWS] = { { .name = "locked at main (minimal)" },
					 { .name = "not armed: the policy is for another program" },
					 { .name = "loaded, SANDBOX_MODE=off" },
					 { .name = "without the library" } };
	char *environments[ROWS][4] = { { NULL } };

	if (argc != 6)
		return 2;
	for (int i = 0; i < ROWS - 1; i++)
		environments[i][0] = setting("LD_PRELOAD", argv[3]);
	environments[0][1] = setting("SANDBOX_POLICY", argv[4]);
	environments[1][1] = setting("SANDBOX_POLICY", argv[5]);
	environments[2][1] = setting("SANDBOX_MODE", "off");
	for (int round = 0; round < atoi(argv[1]); round++)
		for (int i = 0; i < ROWS; i++)
			add_time(&rows[i], start_once(argv[2], environments[i]));
	printf("start and end of %s (%d rounds, medians)\n", argv[2], rows[0].count);
	print_rows(rows, ROWS, 1e6, "us");
	return 0;
}
