/* guarded.c - a library whose code is guarded (BTI): an indirect call must find a landing pad. It
 * is linked with nothing, since all of an object must be compiled so.
 */
int guarded_leaf(int n);
int guarded_caller(int n);
int no_pad(int n);

__attribute__((noinline)) int guarded_leaf(int n) /* bti c */
{
	__asm__ volatile("");
	return 2 * n;
}

__attribute__((noinline)) int guarded_caller(int n) /* paciasp */
{
	int twice = guarded_leaf(n);

	__asm__ volatile("");
	return twice + n;
}

__asm__(".text\n.balign 16\n.globl no_pad\n.type no_pad, %function\n"
	"no_pad: nop\n nop\n add w0, w0, #1\n ret\n.size no_pad, .-no_pad\n");
