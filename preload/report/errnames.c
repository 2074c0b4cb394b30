/* errnames.c - errno names, for messages that must not call strerror (it allocates, translates,
 * and under a filter it has killed programs: newer libcs call getrandom and brk in it).
 *
 * Contract: any.
 */
#include "errnames.h"

#include <errno.h>
#include <stddef.h>

static const char *const names[] = {
#define NAME(e) [e] = #e
	NAME(EPERM),	  NAME(ENOENT),	      NAME(ESRCH),	  NAME(EINTR),
	NAME(EIO),	  NAME(ENXIO),	      NAME(E2BIG),	  NAME(ENOEXEC),
	NAME(EBADF),	  NAME(ECHILD),	      NAME(EAGAIN),	  NAME(ENOMEM),
	NAME(EACCES),	  NAME(EFAULT),	      NAME(ENOTBLK),	  NAME(EBUSY),
	NAME(EEXIST),	  NAME(EXDEV),	      NAME(ENODEV),	  NAME(ENOTDIR),
	NAME(EISDIR),	  NAME(EINVAL),	      NAME(ENFILE),	  NAME(EMFILE),
	NAME(ENOTTY),	  NAME(ETXTBSY),      NAME(EFBIG),	  NAME(ENOSPC),
	NAME(ESPIPE),	  NAME(EROFS),	      NAME(EMLINK),	  NAME(EPIPE),
	NAME(EDOM),	  NAME(ERANGE),	      NAME(EDEADLK),	  NAME(ENAMETOOLONG),
	NAME(ENOLCK),	  NAME(ENOSYS),	      NAME(ENOTEMPTY),	  NAME(ELOOP),
	NAME(ENODATA),	  NAME(EPROTO),	      NAME(EOVERFLOW),	  NAME(EUSERS),
	NAME(ENOTSOCK),	  NAME(EPROTOTYPE),   NAME(ENOPROTOOPT),  NAME(EPROTONOSUPPORT),
	NAME(EOPNOTSUPP), NAME(EAFNOSUPPORT), NAME(EADDRINUSE),	  NAME(EADDRNOTAVAIL),
	NAME(ENETDOWN),	  NAME(ENETUNREACH),  NAME(ECONNRESET),	  NAME(ENOBUFS),
	NAME(ENOTCONN),	  NAME(ETIMEDOUT),    NAME(ECONNREFUSED), NAME(ECANCELED),
	NAME(EDQUOT),	  NAME(EBADFD),
#undef NAME
};

const char *errno_name(unsigned error)
{
	return error < sizeof(names) / sizeof(*names) ? names[error] : NULL;
}
