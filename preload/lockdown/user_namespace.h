/* user_namespace.h - a user namespace in which ids mean what they meant. See user_namespace.c. */
#ifndef USER_NAMESPACE_H
#define USER_NAMESPACE_H

/* load, single-threaded: the process is in a user namespace of its own afterwards, with every
 * capability there and the ids that it had. A negative errno: nothing was changed. Ends the process
 * when it is stuck between. */
long user_namespace_make(void);

#endif
