/* root.c - the step `root`: an empty directory, or another one, becomes the root.
 *
 * What it does: mounts the new root over the old one, makes it the root with pivot_root(2), and
 * detaches all that was there before. The calling thread alone is moved; namespaces.c brings the
 * others. Open files stay usable.
 * What it must not do: leave the old root reachable. What fails after the pivot ends the process.
 *
 * An empty root is a tmpfs of one inode, read-only. A directory is bound with all that is mounted
 * beneath it: no set-user-id, no devices, and read-only unless the phase lets something be written
 * by name (Landlock then says what).
 *
 * Contract: hook.
 */
#include "lockdown/root.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "policyc.h"
#include "raw.h"
#include "report/report.h"

#define READING	   (1 | 4 | 8 | 1 << 15)
#define MNT_DETACH 2 /* sys/mount.h, which does not go with linux/mount.h */

long root_isolate(void)
{
	return raw(mount, NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
}

static bool phase_writes(const void *image, const struct policyc_phase *phase)
{
	const struct policyc_path *rules = policyc_at(image, phase->path_rules);

	for (uint32_t i = 0; i < phase->path_rules.count; i++) {
		if (rules[i].rights & ~(uint64_t)READING)
			return true;
	}
	return false;
}

/* Over "/": the one directory that is always there. */
static long mount_new(const void *image, const struct policyc_phase *phase)
{
	const char *path = policyc_string(image, phase->root);

	if (*path)
		return raw(mount, path, "/", NULL, MS_BIND | MS_REC, NULL);
	return raw(mount, "libsandbox", "/", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
		   "mode=0555,nr_inodes=1,nr_blocks=1");
}

static bool same_directory(const char *a, const char *b)
{
	struct statx of_a = { 0 }, of_b = { 0 };

	return !raw(statx, AT_FDCWD, a, 0, STATX_MNT_ID, &of_a) &&
	       !raw(statx, AT_FDCWD, b, 0, STATX_MNT_ID, &of_b) &&
	       (of_a.stx_mask & of_b.stx_mask & STATX_MNT_ID) && of_a.stx_mnt_id == of_b.stx_mnt_id;
}

/* In the new root: "/.." climbs to what is mounted over the root, where "/" does not. */
static long restrict_new(const void *image, const struct policyc_phase *phase)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };

	if (!phase->root)
		return 0; /* it was mounted so */
	if (!phase_writes(image, phase))
		attributes.attr_set |= MOUNT_ATTR_RDONLY;
	return raw(mount_setattr, AT_FDCWD, ".", AT_RECURSIVE, &attributes, sizeof(attributes));
}

static long take_place(const void *image, const struct policyc_phase *phase, const char **why)
{
	long error;

	*why = "mount_setattr(2), Linux 5.12, is refused here";
	error = restrict_new(image, phase);
	if (error)
		return error;
	*why = "pivot_root(2) is refused here; in a chroot(2), or in a root that is a file system "
	       "of the boot (initramfs), it cannot work";
	return raw(pivot_root, ".", ".");
}

static void detach_old(void)
{
	long error = raw(umount2, ".", MNT_DETACH);

	if (!error)
		error = raw(chdir, "/");
	if (error)
		report_fatal_errno(error, "cannot lock: root: cannot detach the old root", NULL);
	if (!same_directory("/", "/.."))
		report_fatal("cannot lock: root: something is still mounted over the new root",
			     NULL);
}

/* Undoes mount_new. */
static void abandon(int old_directory)
{
	raw(umount2, ".", MNT_DETACH);
	raw(fchdir, old_directory);
}

long root_change(const void *image, const struct policyc_phase *phase, const char **why)
{
	long error, old = raw(openat, AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	*why = "the current directory cannot be opened";
	if (old < 0)
		return old;
	*why = phase->root ? policyc_string(image, phase->root) : "mount(2) is refused here";
	error = mount_new(image, phase);
	if (!error) {
		error = raw(chdir, "/..");
		if (error || same_directory("/", "."))
			report_fatal(
				"cannot lock: root: the new root does not lie over the old one",
				NULL);
		error = take_place(image, phase, why);
		if (error)
			abandon((int)old);
		else
			detach_old();
	}
	raw(close, old);
	return error;
}
