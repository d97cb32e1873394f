package openai

import "sync"

// shelf keeps the newest of something by id, within a bound. It is safe for
// concurrent use.
type shelf[T any] struct {
	most int

	mu    sync.Mutex
	items map[string]T
	order []string // oldest first; may name what was deleted
}

func newShelf[T any](most int) *shelf[T] { return &shelf[T]{most: most, items: map[string]T{}} }

func (s *shelf[T]) put(id string, v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[id] = v
	s.order = append(s.order, id)
	for len(s.order) > s.most {
		delete(s.items, s.order[0])
		s.order = s.order[1:]
	}
}

func (s *shelf[T]) get(id string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.items[id]
	return v, ok
}

func (s *shelf[T]) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, id)
}
