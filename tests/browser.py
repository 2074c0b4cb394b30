"""Opens a page in headless Chromium and prints what it finds there as JSON.

usage: browser.py PAGE [PICTURES]    PICTURES: a directory for screenshots

The browser is driven over --remote-debugging-pipe: NUL-terminated JSON on descriptors 3 and 4. No
port is opened, and nothing but Python is needed.
"""
import base64
import fcntl
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TABS_MAX = 400
FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
         '--disable-background-networking', '--disable-component-update', '--disable-sync',
         '--disable-extensions', '--hide-scrollbars', '--remote-debugging-pipe']

FACTS = r"""(() => {
  const text = node => node.innerText.replace(/\s+/g, ' ').trim();
  const tables = {};
  for (const region of document.querySelectorAll('[role=region]'))
    tables[region.getAttribute('aria-label')] = {
      heads: [...region.querySelectorAll('thead th')].map(text),
      rows: [...region.querySelectorAll('tbody tr')].map(row => [...row.children].map(cell =>
        text(cell.querySelector('summary') || cell).replace(/ (of|in) .*/, ''))),
    };
  return {
    title: document.title,
    text: document.body.innerText,
    scripts: document.scripts.length,
    foreign: document.querySelectorAll('[src], [srcset], object, embed, iframe, link, form, base').length,
    links: [...document.querySelectorAll('[href]')].map(link => link.getAttribute('href')),
    broken: [...document.querySelectorAll('a[href^="#"]')].filter(link =>
      !document.getElementById(link.getAttribute('href').slice(1))).length,
    twice: [...document.querySelectorAll('[id]')].map(node => node.id)
      .filter((id, at, all) => all.indexOf(id) !== at),
    handlers: [...document.querySelectorAll('*')].flatMap(node => [...node.attributes])
      .filter(attribute => attribute.name.startsWith('on')).length,
    headings: [...document.querySelectorAll('h1, h2, h3, h4')].map(node => [+node.tagName[1], text(node)]),
    cards: Object.fromEntries([...document.querySelectorAll('.cards div')].map(card =>
      [text(card.querySelector('dt')), text(card.querySelector('dd'))])),
    chips: [...document.querySelectorAll('.sides > div')].map(side =>
      [...side.querySelectorAll('li code')].map(text)),
    lanes: [...document.querySelectorAll('.lane')].map(lane => text(lane)),
    tables,
  };
})()"""

OPEN_ALL = "document.querySelectorAll('details').forEach(details => details.open = true)"

WIDTHS = r"""(() => ({
  page: [document.documentElement.scrollWidth, document.documentElement.clientWidth],
  scrolling: [...document.querySelectorAll('.scroll')].filter(node => node.scrollWidth > node.clientWidth)
    .map(node => [node.getAttribute('aria-label'), node.tabIndex]),
  outside: [...document.querySelectorAll('main *, header *, nav *, footer *')].filter(node =>
    !node.closest('.scroll, svg') && node.getBoundingClientRect().right > innerWidth + 1).map(node => node.outerHTML.slice(0, 120)),
}))()"""

# The least contrast of any text with what is painted behind it.
CONTRAST = r"""(() => {
  const channels = colour => (colour.match(/[\d.]+/g) || []).map(Number);
  const light = colour => channels(colour).slice(0, 3).map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor, parts = channels(colour);
      if (parts.length === 3 || parts[3] === 1) return colour;
      if (parts[3] !== 0) return 'transparent parts';
    }
    return 'none';
  };
  let least = { ratio: 99 }, count = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest('style, title, svg') || !node.getClientRects().length) continue;
    const colour = getComputedStyle(node).color, behind = ground(node);
    const a = light(colour), b = light(behind);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    count++;
    if (!(ratio >= least.ratio)) least = { ratio, colour, behind, text: walker.currentNode.data.trim().slice(0, 60) };
  }
  return { count, least, ground: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color };
})()"""

NAMED = "(node.getAttribute('aria-label') || node.innerText.trim().slice(0, 40))"

FOCUSED = r"""(() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const box = node.getBoundingClientRect();
  return { tag: node.tagName.toLowerCase(), name: NAMED,
           outline: getComputedStyle(node).outlineStyle, top: box.top + scrollY,
           seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight };
})()""".replace('NAMED', NAMED)

# In the order of the document; what is folded away cannot be reached.
FOCUSABLE = r"""[...document.querySelectorAll('a[href], summary, [tabindex="0"]')]
  .filter(node => node.checkVisibility({contentVisibilityAuto: true})).map(node => NAMED)""".replace('NAMED', NAMED)


class Browser:
    def __init__(self, profile):
        ours, theirs = os.pipe(), os.pipe()
        # Numbers that are not in the way of 3 and 4.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (theirs[0], ours[1])]
        self.process = subprocess.Popen(
            ['bash', '-c', f'exec chromium "$@" 3<&{ends[0]} 4>&{ends[1]}', 'bash', *FLAGS,
             f'--user-data-dir={profile}', 'about:blank'], pass_fds=ends,
            env={**os.environ, 'HOME': profile, 'XDG_CONFIG_HOME': profile, 'XDG_CACHE_HOME': profile},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (*ends, theirs[0], ours[1]):
            os.close(end)
        self.to, self.answers = theirs[1], ours[0]
        self.buffer, self.number, self.events, self.session = b'', 0, [], None

    def read(self):
        while b'\0' not in self.buffer:
            piece = os.read(self.answers, 1 << 16)
            if not piece:
                raise SystemExit('browser.py: the browser is gone')
            self.buffer += piece
        line, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(line)

    def ask(self, method, **parameters):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': parameters}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.to, json.dumps(message).encode() + b'\0')
        while True:
            answer = self.read()
            if answer.get('id') == self.number:
                if 'error' in answer:
                    raise SystemExit(f'browser.py: {method}: {answer["error"]}')
                return answer['result']
            self.events.append(answer)

    def wait(self, method):
        while not any(event.get('method') == method for event in self.events):
            self.events.append(self.read())

    def value(self, script):
        result = self.ask('Runtime.evaluate', expression=script, returnByValue=True)
        if 'exceptionDetails' in result:
            raise SystemExit(f'browser.py: {result["exceptionDetails"]}')
        return result['result'].get('value')

    def open(self, address):
        target = self.ask('Target.createTarget', url='about:blank')['targetId']
        self.session = self.ask('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Network', 'Log', 'Runtime'):
            self.ask(f'{domain}.enable')
        self.ask('Page.navigate', url=address)
        self.wait('Page.loadEventFired')

    def size(self, width, height):
        self.ask('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1,
                 mobile=width < 600)

    def theme(self, name):
        self.ask('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': name}])

    def tab(self):
        for kind in ('rawKeyDown', 'keyUp'):
            self.ask('Input.dispatchKeyEvent', type=kind, key='Tab', code='Tab', windowsVirtualKeyCode=9)

    def picture(self, path, whole=False):
        data = self.ask('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data']
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def end(self):
        self.session = None
        self.ask('Browser.close')
        self.process.wait(20)


def tabs(browser):
    """What the Tab key reaches, in order."""
    reached = []
    for _ in range(TABS_MAX):
        browser.tab()
        focused = browser.value(FOCUSED)
        if not focused or (reached and focused == reached[0]):
            break
        reached.append(focused)
    return reached


def pictures(browser, place):
    for width, height in ((360, 800), (1280, 900)):
        browser.size(width, height)
        for theme in ('light', 'dark'):
            browser.theme(theme)
            browser.value('scrollTo(0, 0)')
            browser.picture(f'{place}/{width}-{theme}.png')
            tall = browser.value('document.documentElement.scrollHeight')
            browser.size(width, min(tall, 12000))
            browser.picture(f'{place}/{width}-{theme}-whole.png')
            browser.size(width, height)


def look(browser, page, place):
    address = pathlib.Path(page).resolve().as_uri()
    browser.open(address)
    browser.size(1280, 900)
    facts = browser.value(FACTS)
    if place:
        pictures(browser, place)
    browser.size(1280, 900)
    facts['focusable'] = browser.value(FOCUSABLE)
    facts['tabs'] = tabs(browser)
    browser.value(OPEN_ALL)
    for theme in ('light', 'dark'):
        browser.theme(theme)
        facts[theme] = browser.value(CONTRAST)
    for width in (360, 1280):
        browser.size(width, 800)
        facts[f'at{width}'] = browser.value(WIDTHS)
    requests = [event['params']['request']['url'] for event in browser.events
                if event.get('method') == 'Network.requestWillBeSent']
    facts['requests'] = [url for url in requests if url.split('#')[0] != address]
    facts['loaded'] = len(requests)
    facts['console'] = [event['params'] for event in browser.events
                        if event.get('method') in ('Log.entryAdded', 'Runtime.consoleAPICalled',
                                                   'Runtime.exceptionThrown')]
    return facts


def main(page, place=None):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            facts = look(browser, page, place)
            browser.end()
        finally:
            if browser.process.poll() is None:
                browser.process.kill()
                browser.process.wait()
    json.dump(facts, sys.stdout, indent=1)


if __name__ == '__main__':
    main(*sys.argv[1:])
