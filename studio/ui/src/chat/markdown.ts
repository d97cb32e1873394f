import DOMPurify from 'dompurify'
import { Marked } from 'marked'

const marked = new Marked({ gfm: true, breaks: true })

/** Text as HTML that can do nothing: no scripts, styles, forms or images. */
export function html(text: string): string {
  return DOMPurify.sanitize(marked.parse(text, { async: false }), {
    FORBID_TAGS: ['style', 'form', 'input', 'img', 'picture', 'video', 'audio', 'iframe', 'svg', 'math'],
    FORBID_ATTR: ['style', 'class', 'id'],
  })
}

/**
 * Cuts a text that grows into blocks that will not change any more and the one that
 * may: at empty lines outside of code fences.
 */
export function blocks(text: string): string[] {
  const out: string[] = []
  let block = ''
  let fence = false
  for (const line of text.split('\n')) {
    if (/^\s{0,3}(```|~~~)/.test(line)) fence = !fence
    if (!fence && line.trim() === '' && block.trim() !== '' && !/^\s*([-*+]|\d+[.)])\s/.test(block)) {
      out.push(block)
      block = ''
      continue
    }
    block += (block && '\n') + line
  }
  if (block.trim()) out.push(block)
  return out
}
