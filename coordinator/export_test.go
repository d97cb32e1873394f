package coordinator

import "context"

// ChecksWaiting returns how many checks wait for a place.
func (c *Coordinator) ChecksWaiting(ctx context.Context) (n int, err error) {
	err = c.do(ctx, func(st *state) {
		for _, l := range st.vet.lines {
			for _, k := range l.waiting {
				if st.current(k) {
					n++
				}
			}
		}
	})
	return n, err
}
