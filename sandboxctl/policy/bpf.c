/* bpf.c - classic BPF as seccomp runs it; see bpf.h. */
#include "bpf.h"

#include <string.h>

/* What seccomp(2) allows of classic BPF, by the whole code. */
static bool is_legal(const struct sock_filter *code)
{
	switch (code->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return code->k < sizeof(struct seccomp_data) && !(code->k & 3);
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_ALU | BPF_ADD | BPF_K:
	case BPF_ALU | BPF_ADD | BPF_X:
	case BPF_ALU | BPF_SUB | BPF_K:
	case BPF_ALU | BPF_SUB | BPF_X:
	case BPF_ALU | BPF_MUL | BPF_K:
	case BPF_ALU | BPF_MUL | BPF_X:
	case BPF_ALU | BPF_DIV | BPF_X:
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_ALU | BPF_AND | BPF_X:
	case BPF_ALU | BPF_OR | BPF_K:
	case BPF_ALU | BPF_OR | BPF_X:
	case BPF_ALU | BPF_XOR | BPF_K:
	case BPF_ALU | BPF_XOR | BPF_X:
	case BPF_ALU | BPF_LSH | BPF_X:
	case BPF_ALU | BPF_RSH | BPF_X:
	case BPF_ALU | BPF_NEG:
		return true;
	case BPF_ALU | BPF_DIV | BPF_K:
		return code->k != 0;
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return code->k < 32;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return code->k < BPF_MEMWORDS;
	default:
		return false;
	}
}

static bool is_jump(const struct sock_filter *code)
{
	switch (code->code) {
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JEQ | BPF_X:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_X:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_X:
	case BPF_JMP | BPF_JSET | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_X:
		return true;
	default:
		return false;
	}
}

/* Memory may be read only where every way to it has written, as the kernel sees it: in one pass,
 * with what is written at each jump carried to its targets. */
static bool reads_written(const struct sock_filter *code, size_t count)
{
	uint16_t carried[BPF_MAXINSNS], written = 0;

	memset(carried, 0xff, sizeof(carried));
	for (size_t i = 0; i < count; i++) {
		uint16_t bit = (uint16_t)(1u << (code[i].k % BPF_MEMWORDS));

		written &= carried[i];
		if (BPF_CLASS(code[i].code) == BPF_ST || BPF_CLASS(code[i].code) == BPF_STX)
			written |= bit;
		else if (code[i].code == (BPF_LD | BPF_MEM) || code[i].code == (BPF_LDX | BPF_MEM))
			if (!(written & bit))
				return false;
		if (BPF_CLASS(code[i].code) != BPF_JMP)
			continue;
		if (code[i].code == (BPF_JMP | BPF_JA)) {
			carried[i + 1 + code[i].k] &= written;
		} else {
			carried[i + 1 + code[i].jt] &= written;
			carried[i + 1 + code[i].jf] &= written;
		}
		written = UINT16_MAX;
	}
	return true;
}

const char *bpf_check(const struct sock_filter *code, size_t count)
{
	if (!count || count > BPF_MAXINSNS)
		return "the program is empty or too long";
	for (size_t i = 0; i < count; i++) {
		size_t left = count - i - 1;

		if (code[i].code == (BPF_JMP | BPF_JA)) {
			if (code[i].k >= left)
				return "a jump leaves the program";
		} else if (is_jump(&code[i])) {
			if (code[i].jt >= left || code[i].jf >= left)
				return "a jump leaves the program";
		} else if (!is_legal(&code[i])) {
			return "an instruction is not allowed in a filter";
		}
	}
	if (BPF_CLASS(code[count - 1].code) != BPF_RET)
		return "the program does not end with a return";
	return reads_written(code, count) ? NULL : "memory is read that was not written";
}

struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
};

static uint32_t alu(const struct machine *machine, const struct sock_filter *code, bool *fault)
{
	uint32_t operand = BPF_SRC(code->code) == BPF_X ? machine->x : code->k;

	switch (BPF_OP(code->code)) {
	case BPF_ADD:
		return machine->a + operand;
	case BPF_SUB:
		return machine->a - operand;
	case BPF_MUL:
		return machine->a * operand;
	case BPF_DIV:
		*fault = !operand; /* the kernel's program ends with 0 */
		return operand ? machine->a / operand : 0;
	case BPF_AND:
		return machine->a & operand;
	case BPF_OR:
		return machine->a | operand;
	case BPF_XOR:
		return machine->a ^ operand;
	case BPF_LSH: /* the kernel takes the low five bits of a variable shift */
		return machine->a << (operand & 31);
	case BPF_RSH:
		return machine->a >> (operand & 31);
	default: /* BPF_NEG */
		return -machine->a;
	}
}

static bool jumps(const struct machine *machine, const struct sock_filter *code)
{
	uint32_t operand = BPF_SRC(code->code) == BPF_X ? machine->x : code->k;

	switch (BPF_OP(code->code)) {
	case BPF_JEQ:
		return machine->a == operand;
	case BPF_JGE:
		return machine->a >= operand;
	case BPF_JGT:
		return machine->a > operand;
	default: /* BPF_JSET */
		return (machine->a & operand) != 0;
	}
}

static uint32_t load(const struct machine *machine, const struct sock_filter *code,
		     const struct seccomp_data *data)
{
	uint32_t word;

	switch (BPF_MODE(code->code)) {
	case BPF_ABS:
		memcpy(&word, (const char *)data + code->k, sizeof(word));
		return word;
	case BPF_LEN:
		return sizeof(*data);
	case BPF_MEM:
		return machine->memory[code->k];
	default: /* BPF_IMM */
		return code->k;
	}
}

/* Everything but jumps and returns. */
static bool step(struct machine *machine, const struct sock_filter *code,
		 const struct seccomp_data *data)
{
	bool fault = false;

	switch (BPF_CLASS(code->code)) {
	case BPF_LD:
		machine->a = load(machine, code, data);
		break;
	case BPF_LDX:
		machine->x = load(machine, code, data);
		break;
	case BPF_ST:
		machine->memory[code->k] = machine->a;
		break;
	case BPF_STX:
		machine->memory[code->k] = machine->x;
		break;
	case BPF_ALU:
		machine->a = alu(machine, code, &fault);
		break;
	default: /* BPF_MISC */
		if (BPF_MISCOP(code->code) == BPF_TAX)
			machine->x = machine->a;
		else
			machine->a = machine->x;
	}
	return !fault;
}

uint32_t bpf_run(const struct sock_filter *code, size_t count, const struct seccomp_data *data)
{
	struct machine machine = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct sock_filter *at = &code[i];

		if (at->code == (BPF_RET | BPF_K))
			return at->k;
		if (at->code == (BPF_RET | BPF_A))
			return machine.a;
		if (at->code == (BPF_JMP | BPF_JA))
			i += at->k;
		else if (BPF_CLASS(at->code) == BPF_JMP)
			i += jumps(&machine, at) ? at->jt : at->jf;
		else if (!step(&machine, at, data))
			return 0;
	}
	return SECCOMP_RET_KILL_PROCESS;
}
