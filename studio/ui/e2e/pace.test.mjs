// How often the page draws what comes fast.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { modulePage, startBrowser } from './harness.mjs'

let browser, page
before(async () => {
  browser = await startBrowser()
  page = await modulePage(browser, 'src/state/pace.ts', 'pace')
})
after(() => browser?.close())

/** Asks without end for something that takes so long to draw, and says when it was. */
const draw = (takes) =>
  page.evaluate(async (takes) => {
    const drawn = []
    const began = performance.now()
    const p = new pace.Pace(() => {
      drawn.push(performance.now() - began)
      for (const until = performance.now() + takes; performance.now() < until; );
    })
    for (; performance.now() - began < 1500; await new Promise((later) => setTimeout(later, 1))) p.ask()
    p.end()
    return drawn
  }, takes)

test('the first is drawn with the next frame, more not all the time', async () => {
  const drawn = await draw(0)
  assert.ok(drawn.length >= 2 && drawn.length <= 1500 / 60 + 2, `${drawn.length} times`)
})

test('what is dear to draw is drawn more seldom, so that it takes a small part', async () => {
  const drawn = await draw(20)
  assert.ok(drawn.length >= 2 && drawn.length <= 1500 / (20 * 15) + 2, `${drawn.length} times`)
})
