// Takes the pictures of Studio that the README shows:
//   KORA=../../bin/kora node e2e/shots.mjs ../../docs/images
import { join } from 'node:path'
import { ask, both, openPage, startBrowser, startStudio } from './harness.mjs'

const out = process.argv[2] ?? '../../docs/images'
const [studio, browser] = await Promise.all([startStudio('--no-models'), startBrowser()])
try {
  for (const theme of ['light', 'dark']) {
    const { page, close } = await openPage(browser, studio.base, { width: 1440, height: 860, theme })
    const shot = (name) => page.screenshot({ path: join(out, `studio-${name}-${theme}.png`) })
    if (theme === 'light') {
      await ask(page, 'convert 10 kilograms to pounds')
      await page.getByRole('button', { name: 'New chat' }).first().click()
    }
    await ask(page, both)
    await page.locator('article.kora').getByRole('button', { name: 'Deterministic' }).click()
    await page.getByText('How it was read').waitFor()
    await page.mouse.move(5, 5)
    await shot('why')
    await page.getByRole('tab', { name: 'TaskGraph' }).click()
    await page.locator('[data-unit]').first().waitFor()
    await page.locator('[data-unit="c2.1"]').click()
    await page.getByRole('button', { name: 'Verify signature' }).click()
    await page.getByText('Signature holds').waitFor()
    await shot('graph')
    await close()
  }
  const { page, close } = await openPage(browser, studio.base, { width: 360, height: 720 })
  await page.getByRole('heading', { name: 'Ask, and see why.' }).waitFor()
  await page.screenshot({ path: join(out, 'studio-phone-light.png') })
  await ask(page, both)
  await page.screenshot({ path: join(out, 'studio-phone-chat-light.png') })
  await close()
} finally {
  await browser.close()
  await studio.stop()
}
