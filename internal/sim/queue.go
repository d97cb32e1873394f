package sim

// event is something that happens at a time. Events at one time happen in the
// order in which they were made.
type event struct {
	at   float64
	seq  uint64
	kind eventKind
	unit uint64
	node int32
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
	i := len(q.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !q.heap[i].before(&q.heap[parent]) {
			return
		}
		q.heap[i], q.heap[parent] = q.heap[parent], q.heap[i]
		i = parent
	}
}

func (q *agenda) next() (event, bool) {
	if len(q.heap) == 0 {
		return event{}, false
	}
	first := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap = q.heap[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first, true
		}
		if child+1 < last && q.heap[child+1].before(&q.heap[child]) {
			child++
		}
		if !q.heap[child].before(&q.heap[i]) {
			return first, true
		}
		q.heap[i], q.heap[child] = q.heap[child], q.heap[i]
		i = child
	}
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
