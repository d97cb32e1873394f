package studio

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/krako-labs/krako/contracts"
)

// maxLive bounds the runs that are under way at once.
const maxLive = 16

// frame is one thing that happened to a run, as the page is told it. Frames of a
// run count from 1.
type frame struct {
	name string
	data []byte
	said *piece // of a text, which has no data
}

// feed is what has happened to a run so far. One goroutine writes it, any number
// follow it; the writer never waits for a follower.
type feed struct {
	cancel context.CancelFunc

	mu     sync.Mutex
	frames []frame
	more   chan struct{} // closed when there are more, and replaced
	over   bool
	text   strings.Builder // of a model's answer so far
	events []json.RawMessage
}

func (f *feed) add(name string, v any) {
	data := encode(v)
	f.mu.Lock()
	defer f.mu.Unlock()
	if name == frameEvent {
		f.events = append(f.events, data)
	}
	f.push(frame{name: name, data: data}, name == frameDone)
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("studio: frame does not encode: " + err.Error()) // they are all our own types
	}
	return data
}

// piece is part of a model's answer. Restart says that what came before is void.
type piece struct {
	Text    string `json:"text"`
	Restart bool   `json:"restart,omitempty"`
}

// say adds a piece of a model's answer.
func (f *feed) say(text string, restart bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if restart {
		f.text.Reset()
	}
	f.text.WriteString(text)
	f.push(frame{name: frameText, said: &piece{text, restart}}, false)
}

func (f *feed) push(fr frame, last bool) {
	if f.over {
		return // a piece of text that came late
	}
	f.frames, f.over = append(f.frames, fr), last
	close(f.more)
	f.more = make(chan struct{})
}

// after returns the frames from the n-th on, whether they are the last, and what is
// closed when there are more.
func (f *feed) after(n int) ([]frame, bool, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n = min(max(n, 0), len(f.frames))
	return f.frames[n:len(f.frames):len(f.frames)], f.over, f.more
}

// joined puts pieces of text that follow one another together: the first frames as one,
// and of how many it is made.
func joined(frames []frame) (frame, int) {
	first := frames[0]
	if first.said == nil {
		return first, 1
	}
	n := 1
	for n < len(frames) && frames[n].said != nil && !frames[n].said.Restart {
		n++
	}
	var text strings.Builder
	for _, f := range frames[:n] {
		text.WriteString(f.said.Text)
	}
	return frame{name: frameText, data: encode(piece{text.String(), first.said.Restart})}, n
}

func onlyText(frames []frame) bool {
	return !slices.ContainsFunc(frames, func(f frame) bool { return f.said == nil })
}

// said is all that a model has said so far, and all events.
func (f *feed) said() (string, json.RawMessage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	events, err := json.Marshal(f.events)
	if err != nil {
		panic("studio: events do not encode: " + err.Error())
	}
	return f.text.String(), events
}

// session is that of the run, and the id of its last event so far; both are empty
// before the first.
func (f *feed) session() (id contracts.SessionID, last string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.events) == 0 {
		return "", ""
	}
	var e contracts.Event
	if json.Unmarshal(f.events[len(f.events)-1], &e) != nil {
		return "", ""
	}
	return e.SessionID, e.ID
}

// live are the runs that are under way.
type live struct {
	mu    sync.Mutex
	runs  map[string]*feed
	ended bool
	wait  sync.WaitGroup
}

func newLive() *live { return &live{runs: map[string]*feed{}} }

// start runs do on a goroutine of its own, under an id by which it is found until
// it returns. The context ends when the run is stopped.
func (l *live) start(id string, do func(context.Context, *feed)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended:
		return contracts.Errorf(contracts.CodeCancelled, id, "Studio is being stopped")
	case l.runs[id] != nil:
		return nil
	case len(l.runs) >= maxLive:
		return contracts.Errorf(contracts.CodeResourceExhausted, id, "%d runs are under way, which is as many as may", maxLive)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &feed{cancel: cancel, more: make(chan struct{})}
	l.runs[id] = f
	l.wait.Go(func() {
		defer cancel()
		do(ctx, f)
		l.mu.Lock()
		delete(l.runs, id)
		l.mu.Unlock()
	})
	return nil
}

func (l *live) find(id string) (*feed, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.runs[id]
	return f, ok
}

func (l *live) close() {
	l.mu.Lock()
	l.ended = true
	for _, f := range l.runs {
		f.cancel()
	}
	l.mu.Unlock()
	l.wait.Wait()
}
