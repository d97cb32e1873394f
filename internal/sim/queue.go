package sim

// event is something that happens at a time. Events at one time happen in the
// order in which they were made.
type event struct {
	at   float64
	seq  uint64
	unit uint64
	node int32
	kind eventKind
}

type eventKind uint8

const (
	arrival eventKind = iota
	finished
	recomputed
	rejoin
)

func (a *event) before(b *event) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

// agenda is a binary heap of events.
type agenda struct {
	heap []event
	seq  uint64
}

func (q *agenda) add(e event) {
	q.seq++
	e.seq = q.seq
	q.heap = append(q.heap, e)
	q.rise(len(q.heap)-1, &e)
}

// rise moves the hole at i up to where e belongs, and puts it there.
func (q *agenda) rise(i int, e *event) {
	for i > 0 {
		parent := (i - 1) / 2
		if !e.before(&q.heap[parent]) {
			break
		}
		q.heap[i] = q.heap[parent]
		i = parent
	}
	q.heap[i] = *e
}

func (q *agenda) next() (event, bool) {
	if len(q.heap) == 0 {
		return event{}, false
	}
	first := q.heap[0]
	n := len(q.heap) - 1
	last := q.heap[n]
	if q.heap = q.heap[:n]; n == 0 {
		return first, true
	}
	// The hole sinks to the bottom, where what was last mostly belongs.
	i := 0
	for child := 1; child < n; child = 2*i + 1 {
		if child+1 < n && q.heap[child+1].before(&q.heap[child]) {
			child++
		}
		q.heap[i] = q.heap[child]
		i = child
	}
	q.rise(i, &last)
	return first, true
}

// waitlist holds units in the order in which they wait.
type waitlist struct {
	units []uint64
	head  int
}

func (l *waitlist) len() int         { return len(l.units) - l.head }
func (l *waitlist) at(i int) uint64  { return l.units[l.head+i] }
func (l *waitlist) push(unit uint64) { l.units = append(l.units, unit) }

// take removes the unit at i, which is near the front.
func (l *waitlist) take(i int) uint64 {
	unit := l.at(i)
	copy(l.units[l.head+1:], l.units[l.head:l.head+i])
	if l.head++; l.head > 1024 && l.head > len(l.units)/2 {
		l.units = append(l.units[:0], l.units[l.head:]...)
		l.head = 0
	}
	return unit
}
