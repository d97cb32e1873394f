package studio

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	keepAlive    = 15 * time.Second
	writeTimeout = 30 * time.Second
	retryMillis  = 500
	// textPause is how long a text waits for more of it after some was sent. A model may
	// say a thousand pieces in a second, each of which would wake the page.
	textPause = 50 * time.Millisecond
)

// stream tells the frames of a run as server-sent events (HTML standard, section
// 9.2), from the one after Last-Event-ID on. A run that is over is told in one
// frame, which says all.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	n, _ := strconv.Atoi(r.Header.Get("Last-Event-ID")) // anything else is the beginning
	out := &sse{w: w, control: http.NewResponseController(w)}
	if f, ok := s.live.find(id); ok {
		out.open()
		s.follow(r, out, f, n)
		return
	}
	rec, events, err := s.finished(r.Context(), id)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	data, err := json.Marshal(s.view(id, rec, events))
	if err != nil {
		s.problem(w, r, err)
		return
	}
	out.open()
	_ = out.frame(n+1, frame{name: frameDone, data: data}) // a client that is gone needs nothing
}

// follow writes frames as they come, until the last or until the client is gone.
func (s *Server) follow(r *http.Request, out *sse, f *feed, n int) {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	held := false // until pause is over, text is
	for {
		frames, over, more := f.after(n)
		if held && onlyText(frames) {
			frames = nil
		}
		for len(frames) > 0 {
			fr, of := joined(frames)
			if n += of; out.frame(n, fr) != nil {
				return
			}
			frames = frames[of:]
			if held = fr.name == frameText; held {
				pause.Reset(textPause)
			}
		}
		if out.control.Flush() != nil || over {
			return
		}
		select {
		case <-more:
		case <-pause.C:
			held = false
		case <-r.Context().Done():
			return
		case <-tick.C:
			if out.write(": still here\n\n") != nil {
				return
			}
		}
	}
}

type sse struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (o *sse) open() {
	o.w.Header().Set("Content-Type", "text/event-stream")
	o.w.WriteHeader(http.StatusOK)
	_ = o.write(fmt.Sprintf("retry: %d\n\n", retryMillis))
}

func (o *sse) frame(n int, f frame) error {
	return o.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", n, f.name, f.data))
}

func (o *sse) write(text string) error {
	if err := o.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := o.w.Write([]byte(text))
	return err
}
