package llmpod

import (
	"encoding/json"
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// Status is what a pod does at the moment.
type Status struct {
	Pod      contracts.NodeID `json:"pod"`
	Draining bool             `json:"draining"`
	Running  int              `json:"running"`
	Models   []ModelStatus    `json:"models"`
}

// ModelStatus is what one of its models does.
type ModelStatus struct {
	Model
	Ready   bool   `json:"ready"`
	Reason  string `json:"reason,omitempty"`
	Free    int    `json:"free"`
	Waiting int    `json:"waiting"`
	Totals
}

// Status returns what the pod does. It may be called at any time.
func (a *Agent) Status() Status {
	s := Status{Pod: a.ID(), Draining: a.leaving.Err() != nil, Running: a.hand.running()}
	for _, p := range a.pools {
		m := ModelStatus{Model: p.Model(), Ready: true}
		if err := p.Ready(); err != nil {
			m.Ready, m.Reason = false, err.Error()
		}
		_, m.Free, m.Waiting = p.Usage()
		m.Totals = p.Totals()
		s.Models = append(s.Models, m)
	}
	return s
}

// Handler serves /healthz (the process runs), /readyz (a model can be asked) and
// /status (Status as JSON). It has no access control.
func (a *Agent) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if total, _ := a.usage(); total == 0 || a.leaving.Err() != nil {
			answer(w, http.StatusServiceUnavailable, "no model is ready\n")
			return
		}
		answer(w, http.StatusOK, "ok\n")
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		b, err := json.MarshalIndent(a.Status(), "", "  ")
		if err != nil {
			http.Error(w, "status cannot be encoded", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		answer(w, http.StatusOK, string(b)+"\n")
	})
	return mux
}

// answer writes a response. A client that has gone needs none.
func answer(w http.ResponseWriter, code int, body string) {
	w.WriteHeader(code)
	_, _ = w.Write([]byte(body))
}
