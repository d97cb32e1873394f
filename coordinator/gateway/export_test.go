package gateway

import "net/http"

// Patterns are those of everything that a gateway serves.
func Patterns() []string {
	rec := &recorder{mux: http.NewServeMux()}
	(&gateway{cfg: DefaultConfig()}).serve(rec)
	return rec.patterns
}

// recorder notes what is added to a mux.
type recorder struct {
	mux      *http.ServeMux
	patterns []string
}

func (r *recorder) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	r.patterns = append(r.patterns, pattern)
	r.mux.HandleFunc(pattern, h)
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) { r.mux.ServeHTTP(w, q) }
