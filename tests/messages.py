"""Prints the messages in sandboxctl's sources that no case of tests/fixtures/messages has.

A message is a string of three words or more in the language's sources, or what a command complains
of. Conversions (%s) are cut out: the longest piece between them must stand in some case.
"""
import pathlib
import re
import sys

# What cannot be brought about from outside, and why.
EXCEPT = [
    "out of memory",
    "no memory for a recording",
    "no memory for a page",
    "no memory for an output",
    "standard output cannot be written",  # a full disk
    "calls of %u process",  # tests/learn.bats
    "no directory can be made in",  # tests/probes.bats
    "no trigger was met",  # tests/triggers.bats
    "the group @dangerous is not found",  # tests/report-html.bats: a sandboxctl without policies
    "please report it",  # would be a bug of ours: learned.c
    "the compiled filter is wrong",  # would be a bug of ours: verify.c
    "libseccomp",  # refuses what it should take
    "no memory for the filter",
    "two ways to read this policy differ",  # would be a bug of ours: outcome.c
    "changes while it is read",  # a race
    "C++ names cannot be shown",  # libstdc++ is everywhere
    "too intricate",  # tests/diff.bats: two million nodes
    "lets the program start under its lock needs",  # tests/run.bats
    "belongs to another user",  # tests/messages.bats: needs root
    "cannot be read",  # a loader that does not say why
    "a signed number",  # of a trigger's slots: every 64-bit number fits
    "sig == SIGSYS and act != 0",  # a condition that show prints
    "phase implied",  # the frame of needs.c's rules
]

# What the library needs: rules, of which each is made and read, as in tests/phases.bats.
RULE = re.compile(r'[a-z0-9_]+ where ')

# Texts that end in a message above.
NOT_SAID = ["bpf.c", "names.c", "harmless.c"]

STRING = r'"(?:[^"\\\n]|\\.)*"'
STRINGS = re.compile(rf'{STRING}(?:\s*{STRING})*')
COMMENT = re.compile(r'/\*.*?\*/', re.S)


def literals(text):
    for match in STRINGS.finditer(COMMENT.sub('', text)):
        yield ''.join(piece[1:-1] for piece in re.findall(STRING, match.group()))


def pieces(literal):
    literal = literal.replace('\\n', '\n').replace('\\"', '"').replace('\\\\', '\\').replace('%%', '%')
    return [piece.strip() for piece in re.split(r'%[-+ 0-9.*]*(?:ll|l|z)?[a-z]|\n', literal)]


def messages(root):
    texts = [*(root / 'sandboxctl' / 'policy').glob('*.c'), root / 'sandboxctl/record/model.c']
    for path in sorted(texts):
        if path.name in NOT_SAID:
            continue
        for literal in literals(path.read_text()):
            if len(literal.split()) >= 3 and not RULE.match(literal):
                yield path, literal
    for path in sorted((root / 'sandboxctl').glob('*.c')):
        if path.name in ('run.c', 'launch.c', 'prepare.c', 'supervise.c'):  # language, learn, run.bats
            continue
        text = path.read_text()
        calls = re.findall(r'complain\((.*?)\);', text, re.S) + re.findall(r'\.arguments = (.*?),\n', text)
        for call in calls:
            for literal in literals(call):
                yield path, literal


def main(root):
    said = '\n'.join(path.read_text() for path in (root / 'tests/fixtures/messages').glob('*.cases'))
    missing = [
        f'{path.relative_to(root)}: {literal}'
        for path, literal in messages(root)
        if max(pieces(literal), key=len) not in said and not any(part in literal for part in EXCEPT)
    ]
    print('\n'.join(missing))
    return bool(missing)


sys.exit(main(pathlib.Path(sys.argv[1])))
