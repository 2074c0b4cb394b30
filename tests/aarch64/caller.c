/* caller.c - calls the functions of guarded.c, through the PLT (indirectly), and prints what they
 * return. With an argument it calls, last, the one without a landing pad.
 */
#include <stdio.h>

int guarded_leaf(int n);
int guarded_caller(int n);
int no_pad(int n);

int main(int argc, char **argv)
{
	for (int n = 1; n <= 3; n++)
		printf("%d %d\n", guarded_leaf(n), guarded_caller(n));
	fflush(stdout);
	if (argc > 1)
		printf("no_pad %d\n", no_pad(1));
	return 0;
}
