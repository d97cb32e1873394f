import { flushSync } from 'svelte'
import { api, type Attachment, type Event, type Fabric, type Found, type Message, type Question, type Quoted, type Run, type State, type Thread, type Unit } from '../api/client'
import { follow, type Frame, type RawEvent } from '../api/stream'
import { uuid } from '../parts/plain'
import { Pace } from './pace'

export type Tab = 'why' | 'overview' | 'timeline' | 'graph' | 'events'
export type Mode = Question['mode']
/** A question that waits until a person has said whether it may run elsewhere. */
export type Pending = { question: Question; quoted: Quoted; answer: (yes: boolean) => void }
export type Place = '' | 'krako'
type Shown = { run: string; tab: Tab; unit: string; other: string }

const ends: Record<string, string> = {
  'workunit.ready': 'ready', 'workunit.scheduled': 'dispatched', 'workunit.claimed': 'dispatched', 'workunit.started': 'running', 'workunit.completed': 'success',
  'workunit.cached': 'success', 'workunit.failed': 'failed', 'workunit.timeout': 'timeout', 'workunit.cancelled': 'cancelled', 'workunit.skipped': 'skipped', 'workunit.retried': 'ready',
}

/** Everything the page knows, and all that it can do. */
export class Studio {
  state = $state<State>()
  chats = $state<Found[]>([])
  chat = $state('') // the id of the chat that is shown; empty for a new one
  title = $state('')
  opening = $state(location.pathname.startsWith('/c/')) // the chat of the address is on its way
  messages = $state<Message[]>([])
  leaf = $state('')
  runs = $state<Record<string, Run>>({})
  shown = $state<Shown>()
  query = $state('')
  theme = $state<'system' | 'light' | 'dark'>('system')
  advanced = $state(false)
  shortcuts = $state(true)
  place = $state<Place>('') // where the next question of the chat runs
  fabric = $state<Fabric>()
  pending = $state.raw<Pending>()
  mode = $state<Mode>('auto')
  model = $state('')
  system = $state('')
  temperature = $state<number>()
  longest = $state<number>() // an answer of a model, in tokens
  stopping = $state<Record<string, true>>({}) // runs that were asked to stop and have not yet
  announced = $state('') // what a screen reader is told
  trouble = $state('')
  private began = new Map<string, number>() // when the first event of a run was
  private events = $state<Record<string, Event[]>>({}) // of runs that are under way
  private followed = new Map<string, AbortController>()

  /** The branch that is shown, from its first message. */
  branch = $derived.by(() => {
    const by = new Map(this.messages.map((m) => [m.id, m]))
    const path: Message[] = []
    for (let m = by.get(this.leaf); m && path.length <= this.messages.length; m = by.get(m.parent)) path.unshift(m)
    return path
  })
  busy = $derived(this.branch.some((m) => m.run && this.runs[m.run]?.state === 'running'))

  async start() {
    setInterval(() => !document.hidden && !this.state?.can_ask_models && this.look(), 5000)
    await this.load()
  }

  /** Asks for everything that is shown. */
  async load() {
    const at = location.pathname.startsWith('/c/') ? location.pathname.slice(3) : ''
    const thread = at ? api.chat(at) : undefined
    thread?.catch(() => {}) // open says so
    await Promise.all([this.settle(), this.list()])
    await this.open(at, false, thread)
    this.opening = false
  }

  private async settle() {
    await this.attempt(async () => {
      this.state = await api.state()
      const s = this.state.settings as Record<string, never>
      this.advanced = s.advanced ?? false
      this.shortcuts = s.shortcuts ?? true
      this.mode = s.mode ?? 'auto'
      this.model = s.model ?? ''
      this.system = s.system ?? ''
      this.temperature = s.temperature ?? undefined
      this.longest = s.max_tokens ?? undefined
    })
  }

  /** Runs do, and shows what went wrong. */
  async attempt(what: () => Promise<unknown>): Promise<boolean> {
    try {
      await what()
      this.trouble = ''
      return true
    } catch (e) {
      if (e instanceof DOMException && e.name === 'AbortError') return false
      this.trouble = e instanceof TypeError ? 'Studio does not answer. Is kora studio still running?' : String((e as Error).message)
      return false
    }
  }

  /** Looks quietly whether a model has come. */
  private async look() {
    const state = await api.state().catch(() => undefined)
    if (state) this.state = state
  }

  async refresh() {
    await this.attempt(async () => (this.state = await api.state()))
  }

  private searching?: AbortController
  async list() {
    this.searching?.abort()
    this.searching = new AbortController()
    await this.attempt(async () => (this.chats = await api.chats(this.query, this.searching!.signal)))
  }

  private turn = 0 // of choosing a chat: what was chosen last is shown
  /** Shows a chat; without an id, a new one, for which nobody is asked. */
  async open(id: string, push = true, thread?: Promise<Thread>): Promise<void> {
    const turn = ++this.turn
    for (const c of this.followed.values()) c.abort()
    this.followed.clear()
    if (!id) {
      this.chat = this.title = this.leaf = this.place = ''
      this.messages = []
      this.hide()
      if (push) history.pushState(null, '', '/')
      return
    }
    const ok = await this.attempt(async () => {
      const t = await (thread ?? api.chat(id))
      if (turn !== this.turn) return // another was chosen meanwhile
      this.chat = t.id
      this.title = t.title
      this.messages = t.messages
      this.leaf = t.leaf
      this.place = t.place === 'krako' ? 'krako' : ''
      for (const r of t.runs) this.runs[r.id] = r
      for (const r of t.runs) if (r.state === 'running') this.follow(r.id)
    })
    if (turn !== this.turn) return
    if (!ok) return this.open('', push)
    if (push) history.pushState(null, '', `/c/${id}`)
    this.readHash()
  }

  /**
   * Says something: a new message after parent, or the same one again. False if it was
   * not sent, because a person did not agree or nobody answered.
   */
  async say(text: string, attachments: Attachment[], o: { parent?: string; again?: Message; mode?: Mode } = {}): Promise<boolean> {
    const now = Date.now()
    const fresh = !this.chat
    const chat = this.chat || uuid()
    const parent = o.again ? o.again.parent : (o.parent ?? this.leaf)
    const message = o.again?.id ?? uuid()
    const reply = uuid()
    const run = uuid()
    const none: Attachment[] = []
    const q: Question = {
      chat, message, reply, run, parent, text, attachments, mode: o.mode ?? this.mode, model: this.place ? '' : this.model, system: this.system, place: this.place,
      ...(this.temperature === undefined ? {} : { temperature: this.temperature }),
      ...(this.longest === undefined ? {} : { max_tokens: this.longest }),
    }
    if (q.place && !(await this.permit(q))) return false
    if (!o.again) this.messages.push({ id: message, chat, parent, role: 'user', text, created: now, run: '', attachments })
    this.messages.push({ id: reply, chat, parent: message, role: 'assistant', text: '', created: now + 1, run, attachments: none })
    this.leaf = reply
    this.chat = chat
    this.runs[run] = waiting(run)
    this.announced = 'KORA is answering'
    if (fresh) {
      this.title = text.slice(0, 60)
      history.pushState(null, '', `/c/${chat}`)
    }
    const ok = await this.attempt(() => api.ask(q))
    if (!ok) {
      this.runs[run] = { ...waiting(run), state: 'failed', failure: { code: '', message: this.trouble, unit: '' } }
      return false
    }
    this.follow(run)
    this.list()
    return true
  }

  /**
   * Sees to it that a question may run elsewhere: that somebody agreed, and knows what
   * it costs at most. Free ones of a chat that was agreed to run at once.
   */
  private async permit(q: Question): Promise<boolean> {
    let may = false
    await this.attempt(async () => {
      let quoted = await api.quote(q)
      if (!quoted.agreed) {
        if (!(await this.confirm(q, quoted))) return
        q.agreed = quoted.gateway
        quoted = await api.quote(q)
      }
      may = !quoted.priced || quoted.units === 0 || (await this.confirm(q, quoted))
    })
    return may
  }

  private confirm = (question: Question, quoted: Quoted) => new Promise<boolean>((answer) => (this.pending = { question, quoted, answer }))

  decide(p: Pending, yes: boolean) {
    if (this.pending !== p) return // a dialog that closes says no once more
    this.pending = undefined
    p.answer(yes)
  }

  /** Chooses where the next questions of this chat run. */
  setPlace(place: Place) {
    this.place = place
    if (place) this.lookAtFabric()
    if (this.messages.length) this.attempt(() => api.change(this.chat, { place }))
  }

  async lookAtFabric() {
    await this.attempt(async () => (this.fabric = await api.fabric()))
  }

  /** Names another fabric; returns what is wrong with it, empty if nothing is. */
  async useFabric(url: string, key: string, pin: string): Promise<string> {
    try {
      this.fabric = await api.useFabric({ url, ...(key ? { key } : {}), ...(pin ? { pin } : {}) })
      await this.refresh()
      return ''
    } catch (e) {
      return String((e as Error).message)
    }
  }

  async forgetFabric() {
    await this.attempt(async () => {
      await api.forgetFabric()
      this.fabric = await api.fabric()
    })
    if (this.place) this.setPlace('')
    await this.refresh()
  }

  stop() {
    for (const m of this.branch) {
      if (!m.run || this.runs[m.run]?.state !== 'running') continue
      this.stopping[m.run] = true
      this.attempt(() => api.stop(m.run)).then((ok) => ok || delete this.stopping[m.run])
    }
  }

  private follow(run: string) {
    if (this.followed.has(run)) return
    const c = new AbortController()
    this.followed.set(run, c)
    // Pieces of text are put together until they are drawn.
    let text = ''
    const flush = () => {
      const r = this.runs[run]
      if (!r || !text) return
      r.text += text
      text = ''
      flushSync()
    }
    const pace = new Pace(flush)
    follow(
      run,
      (f) => {
        if (f.name === 'text') {
          if (f.restart) {
            text = ''
            if (this.runs[run]) this.runs[run].text = ''
          }
          text += f.text
          pace.ask()
          return
        }
        flush()
        this.take(run, f)
      },
      c.signal,
    ).finally(() => {
      text = '' // whoever follows it anew is told all
      this.followed.delete(run)
      pace.end()
    })
  }

  private take(run: string, f: Frame) {
    if (f.name === 'plan' || f.name === 'done') {
      this.runs[run] = f.run
      if (f.name === 'plan') return
      delete this.events[run]
      delete this.stopping[run]
      const m = this.messages.find((m) => m.run === run && m.role === 'assistant')
      if (m) m.text = f.run.text
      this.announced = f.run.failure ? `No answer: ${f.run.failure.message}` : `KORA answered: ${f.run.text.slice(0, 300)}`
      this.list()
    } else if (f.name === 'event') {
      const at = Date.parse(f.event.time)
      if (!this.began.has(run)) this.began.set(run, at)
      const r = this.runs[run]
      if (!r) return
      r.session ||= f.event.sessionid ?? ''
      ;(this.events[run] ??= []).push({ id: f.event.id, type: f.event.type, unit: f.event.subject ?? '', at_ms: at - this.began.get(run)!, attempt: f.event.attempt ?? 0, data: f.event.data ?? {} })
      mark(r.units, f.event, at - this.began.get(run)!)
    }
  }

  /** The events so far of a run that is under way. */
  heard = (run: string): Event[] => this.events[run] ?? []

  /** The messages that stand where m stands. */
  siblings(m: Message): Message[] {
    return this.messages.filter((x) => x.parent === m.parent && x.role === m.role)
  }

  /** Shows the branch of m, down to what was said last in it. */
  async turnTo(m: Message) {
    let leaf = m
    for (let next: Message | undefined = m; next; next = this.messages.findLast((x) => x.parent === leaf.id)) leaf = next
    this.leaf = leaf.id
    await this.attempt(() => api.change(this.chat, { leaf: leaf.id }))
  }

  async rename(id: string, title: string) {
    if (!title.trim()) return
    await this.attempt(() => api.change(id, { title: title.trim() }))
    if (id === this.chat) this.title = title.trim()
    await this.list()
  }

  async remove(id: string) {
    await this.attempt(() => api.remove(id))
    if (id === this.chat) await this.open('')
    await this.list()
  }

  async import(file: File) {
    await this.attempt(async () => {
      const c = await api.import(JSON.parse(await file.text()))
      await this.list()
      await this.open(c.id)
    })
  }

  /** Opens the inspector. It stands in the address, so that reloading keeps it. */
  inspect(run: string, tab: Tab, unit = '', other = '') {
    this.shown = { run, tab, unit, other }
    history.replaceState(null, '', `#${new URLSearchParams({ ...this.shown })}`)
  }

  hide() {
    this.shown = undefined
    history.replaceState(null, '', location.pathname)
  }

  readHash() {
    const h = new URLSearchParams(location.hash.slice(1))
    const run = h.get('run') ?? ''
    if (this.runs[run]) this.shown = { run, tab: (h.get('tab') as Tab) ?? 'why', unit: h.get('unit') ?? '', other: h.get('other') ?? '' }
    else this.shown = undefined
  }

  set(name: 'advanced' | 'shortcuts' | 'mode' | 'model' | 'system' | 'temperature' | 'max_tokens', value: unknown) {
    ;(this as unknown as Record<string, unknown>)[name === 'max_tokens' ? 'longest' : name] = value
    this.attempt(() => api.set(name, value ?? null))
  }

  setTheme(theme: 'system' | 'light' | 'dark') {
    localStorage.setItem('theme', theme)
    this.readTheme()
  }

  readTheme() {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const kept = localStorage.getItem('theme')
    this.theme = kept === 'light' || kept === 'dark' ? kept : 'system'
    const apply = () => (document.documentElement.dataset.theme = this.theme === 'system' ? (dark.matches ? 'dark' : 'light') : this.theme)
    dark.onchange = apply
    apply()
  }
}

const waiting = (id: string): Run => ({
  id, state: 'running', kind: 'none', text: '', steps: 0, without_model: 0, reason: '', decisions: [], units: [], graph_cid: '', session: '', backend: '', gateway: '', stop_reason: '',
  executors: [], planned_ms: 0, ran_ms: 0, tokens_in: 0, tokens_out: 0, model_calls: 0, fuel: 0, cost_usd: '', checked: 0, signed: false,
})

const over = ['workunit.completed', 'workunit.failed', 'workunit.timeout', 'workunit.cancelled', 'workunit.lease.lost']

/** Takes an event into the unit that it is about, as the server does when all is over. */
function mark(units: Unit[], e: RawEvent, at: number) {
  const u = units.find((u) => u.id === e.subject)
  if (!u) return
  const to = ends[e.type]
  if (to) u.status = to
  const data = (e.data ?? {}) as { target?: string; node?: string; reason?: string; duration_ms?: number; error?: { message: string } }
  if (e.type === 'workunit.scheduled') u.attempts.push({ number: u.attempts.length + 1, node: data.target ?? '', start_ms: at, end_ms: at, outcome: 'running', reason: '' })
  const last = u.attempts.at(-1)
  if (!last || !over.includes(e.type)) return
  last.end_ms = at
  last.outcome = e.type.slice('workunit.'.length)
  last.reason = data.error?.message ?? data.reason ?? ''
  if (data.duration_ms) u.duration_ms = data.duration_ms
}

export const studio = new Studio()
