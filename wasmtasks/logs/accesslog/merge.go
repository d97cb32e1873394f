package accesslog

import "container/heap"

// merge reads section s of all partials side by side and calls fn once for
// every distinct key, in key order, with the sum of its counts. The key is
// valid until fn returns. The result is the sum of all counts.
func merge(partials []*puller, s section, fn func(key []byte, count int64)) (total int64, err error) {
	var front frontier
	for _, p := range partials {
		if err := p.begin(s); err != nil {
			return 0, err
		}
		more, err := p.next()
		if err != nil {
			return 0, err
		}
		if more {
			front = append(front, p)
		}
	}
	heap.Init(&front)
	var key []byte
	for len(front) > 0 {
		key = append(key[:0], front[0].key...)
		count := int64(0)
		for len(front) > 0 && string(front[0].key) == string(key) {
			if count, err = plus(count, front[0].count); err != nil {
				return 0, front[0].broken("%s: %w", s, err)
			}
			if err := front.advance(); err != nil {
				return 0, err
			}
		}
		if total, err = plus(total, count); err != nil {
			return 0, err
		}
		fn(key, count)
	}
	return total, nil
}

// frontier is a heap of partials by their current key.
type frontier []*puller

func (f frontier) Len() int           { return len(f) }
func (f frontier) Less(i, j int) bool { return compareKeys(f[i].key, f[j].key) < 0 }
func (f frontier) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }

// Push is part of heap.Interface and unused: a frontier only shrinks.
func (f *frontier) Push(p any) { *f = append(*f, p.(*puller)) }

// Pop implements heap.Interface.
func (f *frontier) Pop() any {
	last := len(*f) - 1
	p := (*f)[last]
	*f = (*f)[:last]
	return p
}

// advance moves the first partial to its next item, or drops it at its end.
func (f *frontier) advance() error {
	more, err := (*f)[0].next()
	if err != nil {
		return err
	}
	if more {
		heap.Fix(f, 0)
	} else {
		heap.Pop(f)
	}
	return nil
}
