// What axe finds on a page, in both themes, and whether the page is too wide.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Checks a page as it is now. What was told to a page is there until it is loaded again. */
export function checker(page) {
  return async (name) => {
    if (!(await page.evaluate('typeof axe'))?.startsWith('o')) await page.evaluate(axe)
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme)
      await page.evaluate(async () => {
        for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame) // changes of colour have begun
        await Promise.allSettled(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished))
      })
      const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
      assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 120)} ${n.failureSummary?.slice(0, 160)}`).join('; ')}`), [], `${name}, ${colorScheme}`)
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    assert.ok(wide <= 0, `${name}: ${wide} px too wide`)
  }
}
