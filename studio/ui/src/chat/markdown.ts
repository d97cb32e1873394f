import DOMPurify from 'dompurify'
import { Lexer, Marked, type Token } from 'marked'
import { copy } from '../parts/plain'

const marked = new Marked({ gfm: true, breaks: true })

// No scripts, styles, forms or images. One object, because DOMPurify reads another anew.
const harmless = {
  FORBID_TAGS: ['style', 'form', 'input', 'img', 'picture', 'video', 'audio', 'iframe', 'svg', 'math'],
  FORBID_ATTR: ['style', 'class', 'id'],
  RETURN_DOM_FRAGMENT: true as const,
}

const lexer = () => new Lexer({ ...marked.defaults })
const solid = (tokens: Token[]) => tokens.filter((t) => t.type !== 'space' && t.type !== 'def')

/**
 * How much of a text that grows is in blocks that no more text can change: all before
 * its last block. A line that is not complete says nothing yet of the one before.
 */
export function settled(text: string): number {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const tokens = lexer().blockTokens(whole)
  let at = whole.length
  for (const t of tokens.reverse()) {
    at -= t.raw.length
    if (t.type !== 'space') return at
  }
  return 0
}

/** The HTML of each block of a text. It may be harmful still. */
export const blocks = (text: string): string[] => solid(lexer().lex(text)).map((t) => marked.parser([t]))

/**
 * Shows Markdown in an element. While the text grows, only its last block is read and
 * changed, and of that only what is new: what is selected stays selected. When it has
 * ended all of it is read once more, so that it does not matter in what pieces it came.
 */
export class Prose {
  private read = '' // what was shown last
  private done = 0 // how much of that is settled
  private before = 0 // blocks of what is settled
  private shown: { html: string; at: HTMLElement }[] = []

  constructor(private readonly at: HTMLElement) {
    at.addEventListener('click', (e) => {
      const button = (e.target as Element).closest('.copy-code')
      const code = button?.closest('pre')?.querySelector('code')?.textContent ?? ''
      if (button) copy(code.replace(/\n$/, '')).then(() => (button.textContent = 'Copied'))
    })
  }

  show(text: string, ended: boolean) {
    text = text.replace(/\r\n?/g, '\n')
    if (ended || !text.startsWith(this.read)) [this.read, this.done, this.before] = ['', 0, 0]
    const tail = text.slice(this.done)
    const more = ended || text.indexOf('\n', this.read.length) < 0 ? 0 : settled(tail)
    const settles = more ? blocks(tail.slice(0, more)) : []
    const open = blocks(tail.slice(more))
    ;[...settles, ...open].forEach((html, i) => this.put(this.before + i, html))
    this.read = text
    this.done += more
    this.before += settles.length
    for (const gone of this.shown.splice(this.before + open.length)) gone.at.remove()
  }

  private put(i: number, html: string) {
    const have = this.shown[i]
    if (have?.html === html) return
    const next = dress(DOMPurify.sanitize(html, harmless))
    if (have) {
      have.html = html
      patch(have.at, next)
      return
    }
    const at = document.createElement('div')
    at.append(next)
    this.at.append(at)
    this.shown.push({ html, at })
  }
}

/** Adds what a model must not be able to make: buttons beside code, where links open. */
function dress(f: DocumentFragment): DocumentFragment {
  for (const pre of f.querySelectorAll('pre')) {
    const b = document.createElement('button')
    b.className = 'copy-code'
    b.textContent = 'Copy'
    b.setAttribute('aria-label', 'Copy code')
    pre.setAttribute('tabindex', '0')
    pre.setAttribute('role', 'region')
    pre.setAttribute('aria-label', 'Code')
    pre.append(b)
  }
  for (const a of f.querySelectorAll('a[href]')) {
    a.setAttribute('target', '_blank')
    a.setAttribute('rel', 'noreferrer noopener')
  }
  return f
}

/** Makes the children of live like those of next, and leaves alone what is so already. */
function patch(live: Node, next: Node) {
  let have = live.firstChild
  for (const want of [...next.childNodes]) {
    const then = have?.nextSibling ?? null
    if (!have) live.appendChild(want)
    else if (have.nodeName !== want.nodeName) live.replaceChild(want, have)
    else if (have instanceof Element) {
      attributes(have, want as Element)
      patch(have, want)
    } else if (have instanceof CharacterData) grow(have, (want as CharacterData).data)
    have = then
  }
  while (have) {
    const then: ChildNode | null = have.nextSibling
    have.remove()
    have = then
  }
}

// Adding to a text is cheaper for the browser than giving it another.
function grow(t: CharacterData, to: string) {
  if (to === t.data) return
  if (to.startsWith(t.data)) t.appendData(to.slice(t.data.length))
  else t.data = to
}

function attributes(live: Element, next: Element) {
  for (const { name } of [...live.attributes]) if (!next.hasAttribute(name)) live.removeAttribute(name)
  for (const { name, value } of next.attributes) if (live.getAttribute(name) !== value) live.setAttribute(name, value)
}
