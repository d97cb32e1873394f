/** A frame of a text/event-stream. The event of one without a name is empty. */
export type Raw = { id: string; event: string; data: string }

/** The frames of a text/event-stream, those that came together; one that was cut off is not among them. */
export async function* frames(body: ReadableStream<Uint8Array>): AsyncGenerator<Raw[]> {
  const reader = body.getReader()
  const utf8 = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      const whole = (rest + utf8.decode(value, { stream: true })).split('\n\n')
      rest = whole.pop()!
      const some = whole.map(read).filter((f) => f.data)
      if (some.length) yield some
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

function read(lines: string): Raw {
  const f: Raw = { id: '', event: '', data: '' }
  for (const line of lines.split('\n')) {
    const colon = line.indexOf(': ')
    const field = line.slice(0, colon)
    if (field === 'id' || field === 'event' || field === 'data') f[field] = line.slice(colon + 2)
  }
  return f
}
