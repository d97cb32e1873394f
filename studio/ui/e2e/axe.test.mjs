// No violation that axe finds, on any page, in either theme, at any width.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { ask, both, openPage, startBrowser, startStudio } from './harness.mjs'

let studio, browser, axe
before(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  ;[studio, browser] = await Promise.all([startStudio(), startBrowser()])
})
after(async () => {
  await browser?.close()
  await studio?.stop()
})

for (const theme of ['light', 'dark']) {
  for (const width of [1440, 360]) {
    test(`${theme}, ${width} px`, async () => {
      const { page, wrong, close } = await openPage(browser, studio.base, { width, height: 800, theme })
      const check = async (name) => {
        if (!(await page.evaluate('typeof axe'))?.startsWith('o')) await page.evaluate(axe)
        const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
        assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 120)} ${n.failureSummary?.slice(0, 160)}`).join('; ')}`), [], name)
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(wide <= 0, `${name}: ${wide} px too wide`)
      }
      await check('welcome')
      await ask(page, both)
      await check('chat')
      await page.locator('article.kora').getByRole('button', { name: 'Deterministic' }).click()
      for (const tab of ['Why', 'Overview', 'Timeline', 'TaskGraph', 'Events']) {
        await page.getByRole('tab', { name: tab }).click()
        if (tab === 'TaskGraph') await page.locator('[data-unit]').first().waitFor()
        if (tab === 'Events') await page.getByRole('cell').first().waitFor()
        await check(tab)
      }
      await page.getByRole('tab', { name: 'TaskGraph' }).click()
      const collapse = page.getByRole('button', { name: 'Collapse by stage' })
      await collapse.click()
      await page.locator('[data-unit="stage 1"]').waitFor()
      await check('stages')
      await collapse.click()
      await page.getByRole('button', { name: 'As a list' }).click()
      await check('list')
      await page.getByRole('listitem').getByRole('button', { name: /num\/eval/ }).click()
      await page.getByRole('button', { name: 'Verify signature' }).click()
      await page.getByText('Signature holds').waitFor()
      await check('step')
      await page.getByRole('button', { name: 'Close the step' }).click()
      await page.getByRole('button', { name: 'Close the inspector' }).click()
      if (width === 360) await page.getByRole('button', { name: 'Chats', exact: true }).click()
      await page.getByRole('button', { name: 'Settings' }).click()
      await page.getByRole('dialog', { name: 'Settings' }).waitFor()
      await check('settings')
      await page.getByRole('button', { name: 'Close', exact: true }).click()
      await page.getByRole('button', { name: 'Keyboard' }).click()
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
      await check('keyboard')
      assert.deepEqual(wrong, [])
      await close()
    })
  }
}
