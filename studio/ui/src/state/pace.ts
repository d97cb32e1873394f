const often = 60 // milliseconds from one drawing to the next, at least
const rest = 14 // and so many times as long as it took

/**
 * Draws with the next frame whenever it was asked to, then leaves the page alone for many
 * times as long as that took, from the first line of script to the last pixel told. So
 * what comes fast, or is dear to draw, takes a small part of the time.
 */
export class Pace {
  private asked = false
  private next = 0
  private readonly after = new MessageChannel()
  private began = 0

  constructor(private readonly draw: () => void) {
    // A message that is sent while a frame is made arrives when it is complete.
    this.after.port1.onmessage = () => (this.next = Math.max(this.next, performance.now() + (performance.now() - this.began) * rest))
  }

  ask() {
    if (this.asked) return
    this.asked = true
    setTimeout(() => requestAnimationFrame(() => this.now()), this.next - performance.now())
  }

  now() {
    this.asked = false
    this.began = performance.now()
    this.next = this.began + often
    this.draw()
    this.after.port2.postMessage(0)
  }

  end() {
    this.after.port1.close()
  }
}
