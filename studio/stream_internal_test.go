package studio

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sent is what a client was sent, and how often it was woken.
type sent struct {
	header  http.Header
	text    strings.Builder
	fresh   bool
	flushes int
	first   time.Duration // from since until something came
	since   time.Time
}

func (s *sent) Header() http.Header              { return s.header }
func (s *sent) WriteHeader(int)                  {}
func (s *sent) SetWriteDeadline(time.Time) error { return nil }

func (s *sent) Write(b []byte) (int, error) {
	s.fresh = true
	return s.text.Write(b)
}

func (s *sent) Flush() {
	if s.fresh {
		s.flushes++
	}
	if s.fresh && s.flushes == 1 {
		s.first = time.Since(s.since)
	}
	s.fresh = false
}

// heard reads frames as the page does: the id of the last, and what a reader who had
// heard so much already has then.
func heard(t *testing.T, stream, text string) (string, int, bool) {
	t.Helper()
	id, over := 0, false
	for f := range strings.SplitSeq(strings.TrimSpace(stream), "\n\n") {
		var name, data string
		for line := range strings.SplitSeq(f, "\n") {
			_, _ = fmt.Sscanf(line, "id: %d", &id)
			if v, ok := strings.CutPrefix(line, "event: "); ok {
				name = v
			}
			if v, ok := strings.CutPrefix(line, "data: "); ok {
				data = v
			}
		}
		if name == frameDone {
			over = true
		}
		if name != frameText {
			continue
		}
		var p piece
		if err := json.Unmarshal([]byte(data), &p); err != nil {
			t.Fatal(err)
		}
		if p.Restart {
			text = ""
		}
		text += p.Text
	}
	return text, id, over
}

// followed has a client follow a feed from the n-th frame on, to its end.
func followed(f *feed, n int) *sent {
	w := &sent{header: http.Header{}, since: time.Now()}
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	(&Server{}).follow(r, &sse{w: w, control: http.NewResponseController(w)}, f, n)
	return w
}

func newFeed() *feed { return &feed{more: make(chan struct{}), cancel: func() {}} }

func TestAFastTextWakesThePageSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.add(framePlan, Run{})
		go func() {
			time.Sleep(time.Second) // a reader gets the first piece at once
			for i := range 2000 {
				f.say(fmt.Sprintf("%d ", i), false)
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Minute) // nobody says anything
			f.say("the end", false)
			f.add(frameEvent, struct{}{})
			f.add(frameDone, Run{})
		}()
		w := followed(f, 1)
		text, id, over := heard(t, w.text.String(), "")
		if !strings.HasPrefix(text, "0 1 2 ") || !strings.HasSuffix(text, "1999 the end") || id != 2004 || !over {
			t.Errorf("frame %d, %v, %.20q … %q", id, over, text, text[len(text)-20:])
		}
		if w.first != time.Second {
			t.Errorf("the first piece came after %v", w.first)
		}
		// A piece at once and two seconds of text, four signs of life in the minute after,
		// and three frames of the end, which come together or each by itself.
		if most := 1 + int(2*time.Second/textPause) + 4 + 3; w.flushes > most || w.flushes < most/2 {
			t.Errorf("%d times, want at most %d", w.flushes, most)
		}
	})
}

// Whatever comes between pieces of text ends what is sent as one, and whoever comes
// back from there or from anywhere has the same text.
func TestPiecesAreJoined(t *testing.T) {
	f := newFeed()
	f.add(framePlan, Run{})
	f.say("void", false)
	f.say(" too", false)
	f.add(frameEvent, struct{}{})
	f.say("first ", true)
	f.say("second ", false)
	f.say("", true)
	f.say("third", false)
	f.add(frameDone, Run{})
	for n := range f.frames {
		before := ""
		for _, fr := range f.frames[:n] {
			if fr.said == nil {
				continue
			}
			if fr.said.Restart {
				before = ""
			}
			before += fr.said.Text
		}
		text, id, over := heard(t, followed(f, n).text.String(), before)
		if text != "third" || id != len(f.frames) || !over {
			t.Errorf("from %d: %q, frame %d, %v", n, text, id, over)
		}
	}
	stream := followed(f, 0).text.String()
	if got := strings.Count(stream, "event: text"); got != 3 {
		t.Errorf("%d frames of text, want 3:\n%s", got, stream)
	}
}
