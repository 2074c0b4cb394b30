/* insn-x86_64.c - a length decoder for x86-64 code.
 *
 * What it does: prefixes, opcode maps, ModRM, SIB, displacement and immediate, by tables: what the
 * processor's manual calls the instruction format. 64-bit mode only.
 * What it must not do: guess. What the tables do not have is not known; and an instruction whose
 * length processors disagree about (a branch with an operand-size prefix) is not known either.
 *
 * Contract: any; it computes, and reads the given bytes only.
 */
#include "trigger/insn-x86_64.h"

/* What follows an opcode:
 *   -  not an instruction, or not known
 *   .  nothing
 *   b  8 bits            w  16 bits            z  16 or 32 bits, by the operand size
 *   v  16, 32 or 64 bits, by the operand size  o  an address of 64 bits (32 with prefix 67)
 *   e  16 bits and 8     j  a branch of 8 bits J  a branch of 32 bits
 *   m  ModRM             M  ModRM and b        Z  ModRM and z
 *   g  ModRM, and b for the first two of its eight operations    G  the same, and z
 */
static const char one_byte[] = "mmmmbz--mmmmbz--" /* 00 */
			       "mmmmbz--mmmmbz--" /* 10 */
			       "mmmmbz--mmmmbz--" /* 20 */
			       "mmmmbz--mmmmbz--" /* 30 */
			       "----------------" /* 40: REX */
			       "................" /* 50 */
			       "---m----zZbM...." /* 60 */
			       "jjjjjjjjjjjjjjjj" /* 70 */
			       "MZ-Mmmmmmmmmmmmm" /* 80 */
			       "..........-....." /* 90 */
			       "oooo....bz......" /* a0 */
			       "bbbbbbbbvvvvvvvv" /* b0 */
			       "MMw.--MZe.w..b-." /* c0 */
			       "mmmm---.mmmmmmmm" /* d0 */
			       "jjjjbbbbJJ-j...." /* e0 */
			       "-.--..gG......mm" /* f0 */;

static const char two_byte[] = "mmmm-.....-.-m--" /* 0f 00 */
			       "mmmmmmmmmmmmmmmm" /* 0f 10 */
			       "--------mmmmmmmm" /* 0f 20: 20..23 name control registers */
			       "......-.--------" /* 0f 30 */
			       "mmmmmmmmmmmmmmmm" /* 0f 40 */
			       "mmmmmmmmmmmmmmmm" /* 0f 50 */
			       "mmmmmmmmmmmmmmmm" /* 0f 60 */
			       "MMMMmmm.mm--mmmm" /* 0f 70 */
			       "JJJJJJJJJJJJJJJJ" /* 0f 80 */
			       "mmmmmmmmmmmmmmmm" /* 0f 90 */
			       "...mMm--...mMmmm" /* 0f a0 */
			       "mmmmmmmmmmMmmmmm" /* 0f b0 */
			       "mmMmMMMm........" /* 0f c0 */
			       "mmmmmmmmmmmmmmmm" /* 0f d0 */
			       "mmmmmmmmmmmmmmmm" /* 0f e0 */
			       "mmmmmmmmmmmmmmm-" /* 0f f0 */;

enum prefix {
	PREFIX_OPERAND = 1u << 0, /* 66 */
	PREFIX_ADDRESS = 1u << 1, /* 67 */
	PREFIX_OTHER = 1u << 2,	  /* f0 f2 f3: not allowed before VEX and EVEX, nor is 66 */
	PREFIX_REX = 1u << 3,
	PREFIX_REX_W = 1u << 4,
};

enum map { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A };

struct decoder {
	const unsigned char *code;
	size_t size; /* not beyond this */
	size_t at;
	unsigned prefixes;
	enum map map;
	bool vector; /* VEX or EVEX */
	bool good;
};

/* The next byte, 0 and not good when there is none. */
static unsigned next(struct decoder *decoder)
{
	if (decoder->at >= decoder->size) {
		decoder->good = false;
		return 0;
	}
	return decoder->code[decoder->at++];
}

static unsigned prefix_of(unsigned byte)
{
	switch (byte) {
	case 0x66:
		return PREFIX_OPERAND;
	case 0x67:
		return PREFIX_ADDRESS;
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return PREFIX_OTHER;
	default:
		return 0;
	}
}

static bool is_segment(unsigned byte)
{
	return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x64 ||
	       byte == 0x65;
}

/* Returns the byte behind the prefixes. A REX that is not the last of them would be ignored: such
 * code is not known. */
static unsigned read_prefixes(struct decoder *decoder)
{
	unsigned byte = next(decoder);

	while (decoder->good && (prefix_of(byte) || is_segment(byte))) {
		decoder->prefixes |= prefix_of(byte);
		byte = next(decoder);
	}
	if ((byte & 0xf0) == 0x40) {
		decoder->prefixes |= PREFIX_REX | (byte & 8 ? PREFIX_REX_W : 0u);
		byte = next(decoder);
		if (prefix_of(byte) || is_segment(byte))
			decoder->good = false;
	}
	return byte;
}

/* c5, c4 or 62 begin instructions of vectors and masks, which name their map in a field. */
static unsigned read_vector(struct decoder *decoder, unsigned first)
{
	unsigned map = MAP_0F, payload = next(decoder);

	decoder->vector = true;
	if (decoder->prefixes & ~(unsigned)PREFIX_ADDRESS)
		decoder->good = false;
	if (first == 0xc4) {
		map = payload & 0x1f;
		next(decoder);
	}
	if (first == 0x62) {
		map = payload & 0x0f;
		if (!(next(decoder) & 4)) /* a bit that is always set */
			decoder->good = false;
		next(decoder);
		if (map == 5 || map == 6) /* half floats: as 0f and 0f38 */
			map -= 4;
	}
	if (map < MAP_0F || map > MAP_0F3A)
		decoder->good = false;
	decoder->map = (enum map)map;
	return next(decoder);
}

/* Returns the last byte of the opcode. */
static unsigned read_opcode(struct decoder *decoder)
{
	unsigned byte = read_prefixes(decoder);

	if (byte == 0xc4 || byte == 0xc5 || byte == 0x62)
		return read_vector(decoder, byte);
	if (byte != 0x0f)
		return byte;
	byte = next(decoder);
	decoder->map = MAP_0F;
	if (byte != 0x38 && byte != 0x3a)
		return byte;
	decoder->map = byte == 0x38 ? MAP_0F38 : MAP_0F3A;
	return next(decoder);
}

static char layout_of(const struct decoder *decoder, unsigned opcode)
{
	char layout;

	switch (decoder->map) {
	case MAP_ONE:
		return one_byte[opcode];
	case MAP_0F38:
		return 'm';
	case MAP_0F3A:
		return 'M';
	default:
		break;
	}
	layout = two_byte[opcode];
	if (decoder->vector && opcode == 0x77)
		return '.'; /* vzeroupper */
	if (decoder->vector && (opcode == 0x7a || opcode == 0x7b))
		return 'm';
	if (decoder->vector && layout != 'M')
		return layout == 'm' ? 'm' : '-';
	if ((opcode == 0x78 || opcode == 0x79) && decoder->prefixes && !decoder->vector)
		return '-'; /* SSE4a */
	return layout;
}

static void read_modrm(struct decoder *decoder, struct insn *insn)
{
	unsigned modrm, mod, rm, base = 0, size = 0;

	insn->modrm_at = (uint8_t)decoder->at;
	modrm = next(decoder);
	mod = modrm >> 6;
	rm = modrm & 7;
	if (mod == 3)
		return;
	if (rm == 4)
		base = next(decoder) & 7;
	if (mod == 1)
		size = 1;
	else if (mod == 2 || (mod == 0 && (rm == 5 || base == 5)))
		size = 4;
	if (mod == 0 && rm == 5)
		insn->rip_at = (uint8_t)decoder->at;
	decoder->at += size;
}

static unsigned immediate_size(const struct decoder *decoder, char layout, unsigned operation)
{
	bool wide = decoder->prefixes & PREFIX_REX_W;
	unsigned natural = !wide && (decoder->prefixes & PREFIX_OPERAND) ? 2 : 4;

	switch (layout) {
	case 'b':
	case 'M':
		return 1;
	case 'w':
		return 2;
	case 'e':
		return 3;
	case 'z':
	case 'Z':
		return natural;
	case 'v':
		return wide ? 8 : natural;
	case 'o':
		return decoder->prefixes & PREFIX_ADDRESS ? 4 : 8;
	case 'g':
		return operation < 2 ? 1 : 0;
	case 'G':
		return operation < 2 ? natural : 0;
	default:
		return 0;
	}
}

/* Opcodes that the ModRM byte divides into several instructions, not all of which are known. */
static bool operation_is_known(const struct decoder *decoder, unsigned opcode, unsigned modrm)
{
	unsigned operation = modrm >> 3 & 7;

	if (decoder->map == MAP_0F && opcode == 0xba)
		return decoder->vector || operation >= 4;
	if (decoder->map != MAP_ONE)
		return true;
	switch (opcode) {
	case 0x8f: /* else AMD's XOP */
	case 0xc7: /* else xbegin, a branch */
		return operation == 0;
	case 0xc6:
		return operation == 0 || modrm == 0xf8;
	case 0xfe:
		return operation < 2;
	case 0xff:
		return operation < 7;
	default:
		return true;
	}
}

/* Opcodes of the one-byte map that mean more than "go on behind me". */
static const struct {
	unsigned char first, last;
	unsigned char kind;
} special[] = {
	{ 0x70, 0x7f, INSN_CONDITION }, { 0x90, 0x90, INSN_NOP },  { 0xc2, 0xc3, INSN_END },
	{ 0xca, 0xcb, INSN_FAR },	{ 0xcc, 0xcc, INSN_END },  { 0xcf, 0xcf, INSN_FAR },
	{ 0xe0, 0xe3, INSN_LOOP },	{ 0xe8, 0xe8, INSN_CALL }, { 0xe9, 0xe9, INSN_JUMP },
	{ 0xeb, 0xeb, INSN_JUMP },	{ 0xf4, 0xf4, INSN_END },
};

static enum insn_kind kind_of_ff(unsigned operation)
{
	switch (operation) {
	case 2:
		return INSN_CALL_INDIRECT;
	case 4:
		return INSN_END;
	case 3:
	case 5:
		return INSN_FAR;
	default:
		return INSN_PLAIN;
	}
}

static enum insn_kind kind_of(const struct decoder *decoder, unsigned opcode, unsigned modrm)
{
	if (decoder->vector)
		return INSN_PLAIN;
	if (decoder->map == MAP_0F) {
		if (opcode == 0x1f)
			return INSN_NOP;
		if (opcode == 0x0b || opcode == 0xb9)
			return INSN_END;
		if (opcode == 0x07 || opcode == 0x35)
			return INSN_FAR;
		return (opcode & 0xf0) == 0x80 ? INSN_CONDITION : INSN_PLAIN;
	}
	if (decoder->map != MAP_ONE)
		return INSN_PLAIN;
	if (opcode == 0xff)
		return kind_of_ff(modrm >> 3 & 7);
	if (opcode == 0x90 && (decoder->prefixes & ~(unsigned)PREFIX_OPERAND))
		return INSN_PLAIN; /* pause, or an exchange with r8 */
	for (unsigned i = 0; i < sizeof(special) / sizeof(*special); i++) {
		if (opcode >= special[i].first && opcode <= special[i].last)
			return (enum insn_kind)special[i].kind;
	}
	return INSN_PLAIN;
}

static void read_branch(struct decoder *decoder, struct insn *insn, char layout)
{
	if ((decoder->prefixes & PREFIX_OPERAND) && !(decoder->prefixes & PREFIX_REX_W))
		decoder->good = false; /* Intel's ignore it, AMD's take 16 bits */
	insn->branch_at = (uint8_t)decoder->at;
	insn->branch_size = layout == 'j' ? 1 : 4;
	decoder->at += insn->branch_size;
}

bool insn_decode(struct insn *insn, const unsigned char *code, size_t size)
{
	struct decoder decoder = {
		.code = code,
		.size = size < INSN_MAX ? size : INSN_MAX,
		.good = true,
	};
	unsigned opcode, modrm = 0;
	char layout;

	*insn = (struct insn){ 0 };
	opcode = read_opcode(&decoder);
	layout = layout_of(&decoder, opcode);
	if (!decoder.good || layout == '-')
		return false;
	if (layout == 'm' || layout == 'M' || layout == 'Z' || layout == 'g' || layout == 'G') {
		read_modrm(&decoder, insn);
		if (!decoder.good || decoder.at > decoder.size)
			return false;
		modrm = code[insn->modrm_at];
		if (!operation_is_known(&decoder, opcode, modrm))
			return false;
	}
	if (layout == 'j' || layout == 'J')
		read_branch(&decoder, insn, layout);
	decoder.at += immediate_size(&decoder, layout, modrm >> 3 & 7);
	insn->length = (uint8_t)decoder.at;
	insn->opcode = (uint8_t)opcode;
	insn->kind = (uint8_t)kind_of(&decoder, opcode, modrm);
	insn->address32 = decoder.prefixes & PREFIX_ADDRESS;
	return decoder.good && decoder.at <= decoder.size;
}

int64_t insn_target(const struct insn *insn, const unsigned char *code)
{
	const unsigned char *at = code + insn->branch_at;
	uint32_t displacement = 0;

	if (insn->branch_size == 1)
		return insn->length + (int64_t)(int8_t)*at;
	for (unsigned i = 0; i < 4; i++)
		displacement |= (uint32_t)at[i] << 8 * i;
	return insn->length + (int64_t)(int32_t)displacement;
}
