// Markdown that comes piece by piece, in a real browser.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { modulePage, startBrowser } from './harness.mjs'

let browser, page
before(async () => {
  browser = await startBrowser()
  page = await modulePage(browser, 'src/chat/markdown.ts', 'markdown')
})
after(() => browser?.close())

const tricky = `Setext
===
para
| not | a table
|- at all
but text

| a | b |
|---|---|
| 1 | **2** |

- one

  still one
- two
  1. inner

     \`\`\`go
     # no heading

     x := 1
     \`\`\`
text of the list

~~~
- no list

\`\`\`
~~~
> quoted
lazily

#1 is no heading
# One is
a line, and
#2 is none
---x
a  
b<br>c
<div>

*in HTML*

</div>

1. a
3. b

* other list
+ and another
***
    code by indent

    and more
[link][later] and [shortcut], https://example.com/a_b

[later]: https://example.com/later "A title"
[shortcut]: <https://example.com>
\`\`\`
never closed
`

test('in whatever pieces a text comes, it ends the same', async () => {
  const texts = [tricky, tricky.replaceAll('\n', '\r\n'), await readFile('../../docs/CONTRACTS.md', 'utf8'), await readFile('../../README.md', 'utf8')]
  for (const [i, text] of texts.entries()) {
    const wrong = await page.evaluate(
      ({ text, dense }) => {
        const wrong = []
        const whole = document.createElement('div')
        new markdown.Prose(whole).show(text, true)
        // Every piece of one character of what is tricky; pieces as of a model of the rest.
        for (const step of dense ? [3] : [211]) {
          const at = document.createElement('div')
          const prose = new markdown.Prose(at)
          for (let n = step; n < text.length; n += step) prose.show(text.slice(0, n), false)
          prose.show(text, true)
          if (at.innerHTML !== whole.innerHTML) wrong.push({ step, got: at.innerHTML, want: whole.innerHTML })
        }
        if (!dense) return wrong
        // At the end of a line it looks as if all until there had come at once, also if a
        // line came with the beginning of the next.
        const ends = [...text.matchAll(/\n/g)].map((m) => m.index + 1)
        for (const odd of [0, 1]) {
          const at = document.createElement('div')
          const prose = new markdown.Prose(at)
          for (const [i, n] of ends.entries()) {
            if (i % 2 === odd) {
              for (const more of [1, 2]) prose.show(text.slice(0, n + more), false)
              continue
            }
            prose.show(text.slice(0, n), false)
            if (/\[(later|shortcut)\]:/.test(text.slice(0, n))) break // which mends what was said before
            const once = document.createElement('div')
            new markdown.Prose(once).show(text.slice(0, n), true)
            if (at.innerHTML !== once.innerHTML) wrong.push({ n, got: at.innerHTML, want: once.innerHTML })
          }
        }
        return wrong.slice(0, 1)
      },
      { text, dense: i < 2 },
    )
    assert.deepEqual(wrong, [], `text ${i}`)
  }
})

test('what has settled is left alone, and what is open only grows', async () => {
  const changed = await page.evaluate(async () => {
    const at = document.createElement('div')
    const prose = new markdown.Prose(at)
    let text = '# Title\n\n- a *list*\n\n```\ncode\n```\n\nA paragraph of **some** words'
    prose.show(text, false)
    const all = [...at.querySelectorAll('*')]
    const seen = new MutationObserver(() => {})
    seen.observe(at, { subtree: true, childList: true, attributes: true, characterData: true })
    for (let n = 0; n < 50; n++) prose.show((text += ` more ${n}`), false)
    const records = seen.takeRecords().map((r) => r.type)
    prose.show(text, true)
    return { kinds: [...new Set(records)], times: records.length, kept: all.every((e) => at.contains(e)), left: seen.takeRecords().length }
  })
  assert.deepEqual(changed, { kinds: ['characterData'], times: 50, kept: true, left: 0 })
})

test('only as much is read again as may change', async () => {
  const { longest, growth } = await page.evaluate(() => {
    const paragraph = 'Words that say something, one after the other. '.repeat(10) + '\n\n'
    let longest = 0
    for (let n = 0, text = ''; n < 40; n++) {
      text += paragraph
      longest = Math.max(longest, text.length - markdown.settled(text))
    }
    return { longest, growth: paragraph.length }
  })
  assert.ok(longest <= growth, `${longest} characters stay open, a paragraph has ${growth}`)
})

test('code is copied by its button, also while more comes', async () => {
  const copied = await page.evaluate(async () => {
    const at = document.createElement('div')
    document.body.append(at)
    const prose = new markdown.Prose(at)
    prose.show('```\none\n', false)
    const button = at.querySelector('.copy-code')
    prose.show('```\none\ntwo\n', false)
    let copied
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (t) => void (copied = t) } })
    button.click()
    return { copied, same: button.isConnected, buttons: at.querySelectorAll('button').length }
  })
  assert.deepEqual(copied, { copied: 'one\ntwo', same: true, buttons: 1 })
})
