package node

// fifo is a queue. Its memory follows its length.
type fifo[T any] struct {
	items []T
	head  int
}

func (q *fifo[T]) len() int { return len(q.items) - q.head }

func (q *fifo[T]) push(v T) { q.items = append(q.items, v) }

// first returns the oldest item; the queue must not be empty.
func (q *fifo[T]) first() T { return q.items[q.head] }

// pop removes the oldest item; the queue must not be empty.
func (q *fifo[T]) pop() T {
	var zero T
	v := q.items[q.head]
	q.items[q.head] = zero
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	} else if q.head >= 1024 && q.head > len(q.items)/2 {
		q.items, q.head = append([]T(nil), q.items[q.head:]...), 0
	}
	return v
}
