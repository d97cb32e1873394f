package node

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// PauseRequest is the body of POST /pause.
type PauseRequest struct {
	// Seconds is how long to pause, 0 until resumed.
	Seconds int64 `json:"seconds"`
}

// maxRequest bounds the body of a command.
const maxRequest = 4 << 10

// Control serves what Handler does and the owner's commands: POST /pause with a
// PauseRequest, and POST /resume. Both answer when the order is kept; it is obeyed
// at once. It has no access control: whoever reaches it is the owner.
func (a *Agent) Control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /", a.Handler())
	mux.HandleFunc("POST /pause", func(w http.ResponseWriter, r *http.Request) {
		var p PauseRequest
		d := json.NewDecoder(io.LimitReader(r.Body, maxRequest))
		d.DisallowUnknownFields()
		if err := d.Decode(&p); err != nil {
			a.refuse(w, contracts.Errorf(contracts.CodeValidation, "body", "is no pause: %w", err))
			return
		}
		if p.Seconds < 0 || p.Seconds > int64(maxPause/time.Second) {
			a.refuse(w, contracts.Errorf(contracts.CodeValidation, "for", "%d seconds are not between 0 and %d", p.Seconds, int64(maxPause/time.Second)))
			return
		}
		a.obey(w, a.Pause(time.Duration(p.Seconds)*time.Second))
	})
	mux.HandleFunc("POST /resume", func(w http.ResponseWriter, _ *http.Request) { a.obey(w, a.Resume()) })
	return mux
}

// Pause has the node stop working at once, for so long or, if d is 0, until Resume.
// The order is kept on disk and holds after a restart. Errors are VALIDATION_ERROR for a d out of bounds, or the disk's.
func (a *Agent) Pause(d time.Duration) error { return a.governor.pause(time.Now(), d) }

// Resume withdraws Pause. The other rules of the owner go on to hold.
func (a *Agent) Resume() error { return a.governor.resume() }

func (a *Agent) obey(w http.ResponseWriter, err error) {
	if err != nil {
		a.refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *Agent) refuse(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	if contracts.CodeOf(err) == contracts.CodeValidation {
		code = http.StatusUnprocessableEntity
	}
	http.Error(w, err.Error(), code)
}
