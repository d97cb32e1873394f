import type { Drawing, Unit } from '../api/client'

type Point = { x: number; y: number }

/** An SVG path along points: curves between layers, straight through them. */
export function curve(points: Point[], direction: string): string {
  let d = ''
  points.forEach((p, i) => {
    const q = points[i - 1]
    if (!q) d += `M${p.x} ${p.y}`
    else if (i % 2 === 0) d += `L${p.x} ${p.y}`
    else if (direction === 'tb') d += `C${q.x} ${(p.y + q.y) / 2} ${p.x} ${(p.y + q.y) / 2} ${p.x} ${p.y}`
    else d += `C${(p.x + q.x) / 2} ${q.y} ${(p.x + q.x) / 2} ${p.y} ${p.x} ${p.y}`
  })
  return d
}

/** The units on the chain of dependencies that took longest. */
export function criticalPath(units: Unit[]): Set<string> {
  const by = new Map(units.map((u) => [u.id, u]))
  const cost = new Map<string, number>()
  const before = new Map<string, string>()
  const total = (u: Unit): number => {
    const known = cost.get(u.id)
    if (known !== undefined) return known
    let most = 0
    for (const d of u.dependencies) {
      const dep = by.get(d)
      if (dep && total(dep) >= most) {
        most = total(dep)
        before.set(u.id, d)
      }
    }
    cost.set(u.id, most + u.duration_ms)
    return most + u.duration_ms
  }
  let last: Unit | undefined
  for (const u of units) if (!last || total(u) >= total(last)) last = u
  const path = new Set<string>()
  for (let id = last?.id; id; id = before.get(id)) path.add(id)
  return path.size > 1 ? path : new Set()
}

/** Where an arrow key leads from a unit: along an edge, or to a neighbour in its layer. */
export function neighbour(d: Drawing, from: string, key: string): string | undefined {
  const forward = d.direction === 'tb' ? 'ArrowDown' : 'ArrowRight'
  const back = d.direction === 'tb' ? 'ArrowUp' : 'ArrowLeft'
  if (key === forward) return d.edges?.find((e) => e.from === from)?.to
  if (key === back) return d.edges?.find((e) => e.to === from)?.from
  const here = d.nodes?.find((n) => n.id === from)
  if (!here) return undefined
  const across = (n: Point) => (d.direction === 'tb' ? n.x : n.y)
  const row = d.nodes!.filter((n) => n.layer === here.layer).sort((a, b) => across(a) - across(b))
  const by = key === 'ArrowDown' || key === 'ArrowRight' ? 1 : key === 'ArrowUp' || key === 'ArrowLeft' ? -1 : 0
  return by ? row[row.indexOf(here) + by]?.id : undefined
}

export const bad = (status: string) => ['failed', 'timeout', 'cancelled'].includes(status)

/** How units fared as one, as the layout in Go has it: badly if one did, well if all did that were not skipped. */
export function together(units: Unit[]): string {
  const some = (...s: string[]) => units.some((u) => s.includes(u.status))
  const all = (...s: string[]) => units.every((u) => s.includes(u.status))
  if (units.some((u) => bad(u.status))) return 'failed'
  if (all('skipped')) return 'skipped'
  if (all('success', 'skipped')) return 'success'
  return some('running', 'dispatched', 'success', 'skipped') ? 'running' : 'queued'
}
