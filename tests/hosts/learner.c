/* learner.c - a small server's life for sandboxctl learn, told by its arguments in order.
 * Each word is done once:
 *   read PATH, write PATH   opens it so
 *   open MODE PATH          with the flags of these letters: r(ead), w(rite), u(pdate: both),
 *                           c(reat), x (O_EXCL), t(runc), a(ppend), n(ameless: O_TMPFILE)
 *   wait                    poll with a time limit: a trigger
 *   listen PORT             a TCP port on loopback
 *   thread, fork, exec      makes one and waits for it; exec starts /bin/true
 *   executable              maps memory to execute
 *   grow SIZE               takes memory, makes it twice as large, and gives it back
 *   sort N                  sorts so many numbers with qsort
 *   signal N                sends itself a signal that it ignores
 *   sockets                 an IPv4 stream, an IPv6 stream, a UNIX datagram
 *   pause                   says "ready" and waits for signals; TERM and INT end it with status 0
 *   exit N, kill            ends
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t told;

static void end(int signal)
{
	told = signal;
}

static void open_it(const char *path, int flags)
{
	int file = open(path, flags, 0644);

	if (file < 0)
		perror(path);
	else
		close(file);
}

static int flags_of(const char *letters)
{
	static const struct {
		char letter;
		int flags;
	} modes[] = {
		{ 'r', O_RDONLY }, { 'w', O_WRONLY }, { 'u', O_RDWR },	 { 'c', O_CREAT },
		{ 'x', O_EXCL },   { 't', O_TRUNC },  { 'a', O_APPEND }, { 'n', O_TMPFILE },
	};
	int flags = 0;

	for (; *letters; letters++)
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			if (modes[i].letter == *letters)
				flags |= modes[i].flags;
	return flags;
}

static void listen_at(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((unsigned short)strtol(port, NULL, 10)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int file = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(file, (struct sockaddr *)&address, sizeof(address)) || listen(file, 1))
		perror("listen");
	close(file);
}

static void *nothing(void *unused)
{
	return unused;
}

static void make_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, nothing, NULL);
	pthread_join(thread, NULL);
}

static void make_process(int executes)
{
	pid_t child = fork();

	if (!child && executes)
		execl("/bin/true", "true", NULL);
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
}

static void grow(size_t size)
{
	char *memory = malloc(size), *larger = realloc(memory, 2 * size);

	if (!larger) {
		perror("realloc");
		free(memory);
		return;
	}
	free(larger);
}

static int compare(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static void sort(size_t count)
{
	int *numbers = malloc(count * sizeof(int));

	if (!numbers)
		return;
	for (size_t i = 0; i < count; i++)
		numbers[i] = (int)(i * 7919 % count);
	qsort(numbers, count, sizeof(int), compare);
	for (size_t i = 1; i < count; i++)
		if (numbers[i - 1] > numbers[i])
			abort();
	free(numbers);
}

static void send_itself(int number)
{
	signal(number, SIG_IGN);
	kill(getpid(), number);
}

static void wait_for_signal(void)
{
	struct sigaction action = { .sa_handler = end };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	puts("ready");
	fflush(stdout);
	while (!told)
		poll(NULL, 0, 50);
	puts("ended as it was told");
	exit(0);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (!strcmp(word, "read"))
			open_it(argv[++i], O_RDONLY);
		else if (!strcmp(word, "write"))
			open_it(argv[++i], O_WRONLY | O_CREAT | O_APPEND);
		else if (!strcmp(word, "open"))
			open_it(argv[i + 2], flags_of(argv[i + 1])), i += 2;
		else if (!strcmp(word, "wait"))
			poll(NULL, 0, 1);
		else if (!strcmp(word, "listen"))
			listen_at(argv[++i]);
		else if (!strcmp(word, "thread"))
			make_thread();
		else if (!strcmp(word, "fork") || !strcmp(word, "exec"))
			make_process(!strcmp(word, "exec"));
		else if (!strcmp(word, "executable"))
			(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);
		else if (!strcmp(word, "grow"))
			grow(strtoul(argv[++i], NULL, 10));
		else if (!strcmp(word, "sort"))
			sort(strtoul(argv[++i], NULL, 10));
		else if (!strcmp(word, "signal"))
			send_itself((int)strtol(argv[++i], NULL, 10));
		else if (!strcmp(word, "sockets"))
			close(socket(AF_INET, SOCK_STREAM, 0)),
				close(socket(AF_INET6, SOCK_STREAM, 0)),
				close(socket(AF_UNIX, SOCK_DGRAM, 0));
		else if (!strcmp(word, "pause"))
			wait_for_signal();
		else if (!strcmp(word, "kill"))
			raise(SIGKILL);
		else if (!strcmp(word, "exit"))
			exit((int)strtol(argv[++i], NULL, 10));
	}
	return 0;
}
