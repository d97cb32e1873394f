import type { Run } from '../api/client'

export const kinds: Record<Run['kind'], string> = { deterministic: 'Deterministic', hybrid: 'Hybrid', model: 'Model', none: 'No answer' }

/** A duration for people: 0.4 ms, 64 ms, 1.3 s. */
export function took(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  return `${(ms / 1000).toFixed(1)} s`
}

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

export const plural = (n: number, one: string, many = one + 's') => `${n.toLocaleString('en')} ${n === 1 ? one : many}`

/** How long before now something was, both as RFC 3339 has it. */
export function ago(at: string, now: string): string {
  const s = Math.max(0, Math.round((Date.parse(now) - Date.parse(at)) / 1000))
  if (s < 2) return 'just now'
  if (s < 120) return `${s} s ago`
  if (s < 7200) return `${Math.round(s / 60)} min ago`
  return s < 172_800 ? `${Math.round(s / 3600)} h ago` : `${Math.round(s / 86_400)} days ago`
}

/** An address with its middle left out. */
export const short = (cid: string) => (cid.length > 20 ? `${cid.slice(0, 9)}…${cid.slice(-6)}` : cid)

const reasons: Record<string, string> = {
  no_grammar: 'no grammar reads every word of it',
  ambiguous: 'it can be read in more than one way, with different answers',
  too_long: 'it is longer than grammars read',
  empty: 'nothing was asked',
  not_text: 'it is not text',
  needs_clock: 'it needs a clock, and there is none',
  needs_seed: 'a random draw needs a seed',
  no_model: 'it needs a model, and none may be asked',
  model_wanted: 'you asked for a model',
  all_known: 'every step of it was computed before',
  some_known: 'some steps of it were computed before',
  below_threshold: 'the router is not sure enough',
}
export const because = (reason: string) => reasons[reason] ?? reason.replaceAll('_', ' ')

const stages: Record<string, string> = {
  normalise: 'Look at it', reuse: 'Known before', grammar: 'Read it', compose: 'Put parts together', route: 'Rules', model_planned: 'Plan by a model', model: 'Ask a model',
}
export const stageName = (stage: string) => stages[stage] ?? stage
