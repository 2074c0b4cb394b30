/* stopped.c - a thread that a debugger stops at deaf_and_stopped(), then the trigger. */
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

void deaf_and_stopped(void);

__attribute__((noinline)) void deaf_and_stopped(void)
{
	__asm__ volatile("");
}

static void *stop_here(void *argument)
{
	deaf_and_stopped();
	for (;;)
		sleep(1000);
	return argument;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, stop_here, NULL))
		return 2;
	usleep(300000);
	poll(NULL, 0, 1);
	if (write(1, "returned\n", 9) != 9)
		return 3;
	return 0;
}
