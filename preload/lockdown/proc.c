/* proc.c - see proc.h. */
#include "lockdown/proc.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "raw.h"
#include "report/line.h"

enum { NUMBER_MIN = 200 }; /* out of the way of what the program opens */

static struct {
	int number; /* and 1, so that 0 is none */
	dev_t device;
	ino_t inode;
} kept;

/* The program may have closed it, and have something else under its number. */
static bool is_still_it(int fd)
{
	struct stat st = { 0 };

	return !raw(fstat, fd, &st) && st.st_dev == kept.device && st.st_ino == kept.inode;
}

int proc_kept(void)
{
	int fd = __atomic_load_n(&kept.number, __ATOMIC_ACQUIRE) - 1;

	return fd >= 0 && is_still_it(fd) ? fd : -1;
}

void proc_keep(void)
{
	struct stat st = { 0 };
	long fd, high;

	if (proc_kept() >= 0)
		return;
	fd = raw(open_tree, AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return;
	high = raw(fcntl, fd, F_DUPFD_CLOEXEC, NUMBER_MIN);
	if (high >= 0) {
		raw(close, fd);
		fd = high;
	}
	raw(fstat, fd, &st);
	kept.device = st.st_dev;
	kept.inode = st.st_ino;
	__atomic_store_n(&kept.number, (int)fd + 1, __ATOMIC_RELEASE);
}

static bool has(const struct __user_cap_data_struct *data, unsigned capability)
{
	return data[CAP_TO_INDEX(capability)].permitted & CAP_TO_MASK(capability);
}

int64_t proc_is_leaving(const struct __user_cap_header_struct *header,
			const struct __user_cap_data_struct *data)
{
	return readable(header) && readable(data) && readable(data + 1) &&
	       (header->version == _LINUX_CAPABILITY_VERSION_2 ||
		header->version == _LINUX_CAPABILITY_VERSION_3) &&
	       has(data, CAP_SYS_CHROOT) && !has(data, CAP_SYS_ADMIN);
}

long proc_open(const char *path, int flags)
{
	struct line absolute = { 0 };
	int fd = proc_kept();

	if (fd >= 0)
		return raw(openat, fd, path, flags | O_CLOEXEC);
	line_text(&absolute, "/proc/");
	line_text(&absolute, path);
	absolute.text[absolute.length] = '\0';
	return raw(openat, AT_FDCWD, absolute.text, flags | O_CLOEXEC);
}

void proc_forget(void)
{
	int fd = proc_kept();

	if (fd >= 0)
		raw(close, fd);
	kept.number = 0;
}
