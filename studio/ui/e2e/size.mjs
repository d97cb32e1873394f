// What the pages weigh.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** The bounds, in bytes: of script before anything is seen, compressed; of all that is embedded. */
export const most = { first: 45_000, all: 400_000 }

/** The same of a page that was built into dir, whose addresses begin with base. */
export async function weigh(dir, page, base) {
  const index = await readFile(join(dir, page), 'utf8')
  let first = 0
  for (const [, name] of index.matchAll(/(?:src|href)="([^"]+\.js)"/g)) first += gzipSync(await readFile(join(dir, name.slice(base.length))), { level: 9 }).length
  let all = 0
  for (const name of await readdir(dir, { recursive: true })) {
    const s = await stat(join(dir, name))
    if (s.isFile()) all += s.size
  }
  return { first, all }
}

export const pages = { Studio: ['dist', 'index.html', '/'], console: ['../../coordinator/gateway/console', 'console.html', '/console/'] }
