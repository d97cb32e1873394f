package mcp

import (
	"context"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// runs are the runs that were begun by name, the newest of them. Safe for concurrent
// use.
type runs struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu    sync.Mutex
	byID  map[string]*run
	order []string
}

// run is one of them.
type run struct {
	id     string
	over   chan struct{}
	result *contracts.ExecutionResult // when over
	err    error
}

const (
	maxRuns    = 256
	maxRunning = 16
)

func newRuns() *runs {
	ctx, cancel := context.WithCancel(context.Background())
	return &runs{ctx: ctx, cancel: cancel, byID: map[string]*run{}}
}

func (s *runs) close() {
	s.cancel()
	s.wg.Wait()
}

// begin starts a run, or returns the one of that id.
func (s *runs) begin(id string, f func(context.Context) (*contracts.ExecutionResult, error)) (*run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.byID[id]; ok {
		return r, nil
	}
	running := 0
	for _, r := range s.byID {
		select {
		case <-r.over:
		default:
			running++
		}
	}
	if running >= maxRunning {
		return nil, contracts.Errorf(contracts.CodeResourceExhausted, id, "%d runs are under way, the most allowed", running)
	}
	r := &run{id: id, over: make(chan struct{})}
	s.byID[id] = r
	s.order = append(s.order, id)
	if len(s.order) > maxRuns {
		delete(s.byID, s.order[0])
		s.order = s.order[1:]
	}
	s.wg.Go(func() {
		defer close(r.over)
		r.result, r.err = f(s.ctx)
	})
	return r, nil
}

func (s *runs) get(id string) (*run, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.byID[id]
	return r, ok
}

// report says how a run is, once it is over or the wait is.
func (r *run) report(ctx context.Context, wait time.Duration) (any, error) {
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case <-r.over:
		if r.err != nil {
			return nil, r.err
		}
		return map[string]any{"run_id": r.id, "status": "over", "result": r.result}, nil
	case <-patience.C:
	case <-ctx.Done():
	}
	return map[string]any{"run_id": r.id, "status": "running"}, nil
}
