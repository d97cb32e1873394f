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

/**
 * Asks for something that takes so long to draw, for a while and until it was drawn twice,
 * and says how often it was and how long that took.
 */
const draw = (takes) =>
  page.evaluate(async (takes) => {
    const drawn = []
    const began = performance.now()
    const p = new pace.Pace(() => {
      drawn.push(performance.now() - began)
      for (const until = performance.now() + takes; performance.now() < until; );
    })
    for (; performance.now() - began < 1500 || (drawn.length < 2 && performance.now() - began < 60_000); await new Promise((later) => setTimeout(later, 1))) p.ask()
    const took = performance.now() - began
    p.end()
    return { times: drawn.length, took }
  }, takes)

test('the first is drawn with the next frame, more not all the time', async () => {
  const { times, took } = await draw(0)
  assert.ok(times >= 2 && times <= took / 60 + 2, `${times} times in ${took} ms`)
})

test('what is dear to draw is drawn more seldom, so that it takes a small part', async () => {
  const { times, took } = await draw(20)
  assert.ok(times >= 2 && times <= took / (20 * 15) + 2, `${times} times in ${took} ms`)
})
