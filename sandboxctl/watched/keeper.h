/* keeper.h - who answers when we are gone and the command's daemons are not.
 *
 * What it is: a process that lets every program be executed, without looking. Without it the kernel
 * would refuse them all (ENOSYS).
 * What it must not do: hold anything open that others wait on.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include "record/listener.h"
#include "watched/news.h"

/* Hands both over. It ends, and takes the file of the news away, when nobody is left. */
void keeper_start(struct listener *listener, struct news *news);

#endif
