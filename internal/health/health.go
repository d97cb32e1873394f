// Package health says over HTTP how a program is, for whoever watches it.
package health

import (
	"encoding/json"
	"net/http"
)

// Handler serves /healthz (the process runs), /readyz (it can be given work) and
// /status (what status returns, as JSON). unready says why there is no use in giving it
// work, or "". Both functions may be called at any time, by several at once. It has no
// access control.
func Handler(unready func() string, status func() any) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if why := unready(); why != "" {
			answer(w, http.StatusServiceUnavailable, why)
			return
		}
		answer(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		b, err := json.MarshalIndent(status(), "", "  ")
		if err != nil {
			http.Error(w, "status cannot be encoded", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		answer(w, http.StatusOK, string(b))
	})
	return mux
}

// answer writes a response. A client that has gone needs none.
func answer(w http.ResponseWriter, code int, line string) {
	w.WriteHeader(code)
	_, _ = w.Write([]byte(line + "\n"))
}
