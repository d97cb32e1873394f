// What a browser has to load before anything is seen, and what the programs carry.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { most, pages, weigh } from './size.mjs'

for (const [name, page] of Object.entries(pages)) {
  test(`the page is small: ${name}`, async () => {
    const { first, all } = await weigh(...page)
    console.log(`${name}: first script ${(first / 1000).toFixed(1)} kB compressed, everything ${(all / 1000).toFixed(1)} kB`)
    assert.ok(first > 0 && first <= most.first, `${first} bytes of first script`)
    assert.ok(all <= most.all, `${all} bytes in all`)
  })
}
