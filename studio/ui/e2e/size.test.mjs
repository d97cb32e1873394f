// What a browser has to load before anything is seen, and what the program carries.
import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

test('the page is small', async () => {
  const index = await readFile('dist/index.html', 'utf8')
  let first = 0
  for (const [, name] of index.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)) first += gzipSync(await readFile(join('dist', name)), { level: 9 }).length
  let all = 0
  for (const name of await readdir('dist', { recursive: true })) {
    const s = await stat(join('dist', name))
    if (s.isFile()) all += s.size
  }
  console.log(`first script ${(first / 1000).toFixed(1)} kB compressed, everything ${(all / 1000).toFixed(1)} kB`)
  assert.ok(first > 0 && first <= 45_000, `${first} bytes of first script`)
  assert.ok(all <= 400_000, `${all} bytes in all`)
})
