package llmpod

import (
	"net/http"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/health"
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
	// Server is the llama-server that serves it now.
	Server *ServerStatus `json:"server,omitempty"`
	Totals
}

// ServerStatus says where a llama-server is found on this machine: its process, 0 for
// one that somebody else runs, and what it listens on.
type ServerStatus struct {
	PID    int    `json:"pid,omitempty"`
	Socket string `json:"socket,omitempty"`
	URL    string `json:"url,omitempty"`
}

// Status returns what the pod does. It may be called at any time.
func (a *Agent) Status() Status {
	s := Status{Pod: a.ID(), Draining: a.leaving.Err() != nil, Running: a.hand.running()}
	for _, p := range a.pools {
		m := ModelStatus{Model: p.Model(), Ready: true}
		if err := p.Ready(); err != nil {
			m.Ready, m.Reason = false, err.Error()
		} else {
			m.Server = p.serverStatus()
		}
		_, m.Free, m.Waiting = p.Usage()
		m.Totals = p.Totals()
		s.Models = append(s.Models, m)
	}
	return s
}

func (p *Pool) serverStatus() *ServerStatus {
	st, _ := p.server.Status()
	if st.Client == nil {
		return nil // it ended in this moment
	}
	at := st.Client.Endpoint()
	return &ServerStatus{PID: p.server.PID(), Socket: at.Socket, URL: at.URL}
}

// Handler serves /healthz (the process runs), /readyz (a model can be asked) and
// /status (Status as JSON). It has no access control.
func (a *Agent) Handler() http.Handler {
	return health.Handler(a.unready, func() any { return a.Status() })
}

// unready says why no model can be asked, or "".
func (a *Agent) unready() string {
	if total, _ := a.usage(); total == 0 {
		return "no model is ready"
	}
	if a.leaving.Err() != nil {
		return "draining"
	}
	return ""
}
