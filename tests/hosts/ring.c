/* ring.c - makes an io_uring whose submissions a thread of the kernel's takes
 * (IORING_SETUP_SQPOLL), then waits once, which fires a trigger. Prints "no io_uring" where there
 * is none, else "alive".
 *
 * ring PATH: before the wait it wakes that thread, behind it it asks it to make a file, without a
 * system call: "made", or "not made ERRNO".
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRIES = 4, STAYS_AWAKE_MS = 60000 };

static struct io_uring_params params = {
	.flags = IORING_SETUP_SQPOLL,
	.sq_thread_idle = STAYS_AWAKE_MS,
};

static struct {
	int fd;
	char *submissions, *completions;
	struct io_uring_sqe *entries;
} ring;

static void *map(size_t size, off_t what)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, what);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	return memory;
}

static void map_ring(void)
{
	ring.submissions =
		map(params.sq_off.array + params.sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
	ring.completions = map(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
			       IORING_OFF_CQ_RING);
	ring.entries = map(params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
}

static uint32_t *word(char *memory, uint32_t offset)
{
	return (uint32_t *)(void *)(memory + offset);
}

/* The `number`th request of this ring. */
static void submit(uint32_t number, const struct io_uring_sqe *request)
{
	ring.entries[number] = *request;
	word(ring.submissions, params.sq_off.array)[number] = number;
	__atomic_store_n(word(ring.submissions, params.sq_off.tail), number + 1, __ATOMIC_RELEASE);
}

static int result_of(uint32_t number)
{
	const uint32_t *tail = word(ring.completions, params.cq_off.tail);
	const struct io_uring_cqe *results = (const void *)(ring.completions + params.cq_off.cqes);

	while (__atomic_load_n(tail, __ATOMIC_ACQUIRE) <= number)
		usleep(1000);
	return results[number].res;
}

static void wake(void)
{
	const struct io_uring_sqe nothing = { .opcode = IORING_OP_NOP };

	map_ring();
	submit(0, &nothing);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0) < 0)
		err(1, "io_uring_enter");
	result_of(0);
}

static void make(const char *path)
{
	const struct io_uring_sqe request = {
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)path,
		.open_flags = O_CREAT | O_RDWR,
		.len = 0600,
	};
	int result;

	submit(1, &request);
	result = result_of(1);
	if (result < 0)
		printf("not made %s\n", strerrorname_np(-result));
	else
		puts("made");
}

int main(int argc, char *argv[])
{
	ring.fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &params);
	if (ring.fd < 0) {
		puts("no io_uring");
		return 0;
	}
	if (argc > 1)
		wake();
	poll(NULL, 0, 1);
	if (argc > 1)
		make(argv[1]);
	else
		puts("alive");
	return 0;
}
