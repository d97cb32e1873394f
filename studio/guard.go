package studio

import (
	"errors"
	"net/http"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/guard"
)

// policy lets a page of Studio load from Studio only, and nothing that is written
// into the page run.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const maxBody = 64 << 20

// guard stands before everything: it says what a page of Studio may do, and lets in who
// may ask.
func (s *Server) guard(next http.Handler) http.Handler {
	rules := guard.Rules{Hosts: s.o.Hosts, Token: s.o.Token, Cookie: "kora_studio", Refuse: func(w http.ResponseWriter, r *http.Request, status int, err *contracts.Error) {
		if status == http.StatusUnauthorized {
			err = contracts.Errorf(contracts.CodeAuth, "token", "open the address that kora studio printed")
		}
		s.problem(w, r, err)
	}}
	admitted := rules.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		admitted.ServeHTTP(w, r)
	})
}

// problem answers with an error, as application/problem+json.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, err error) {
	p := s.asProblem(r.Context(), err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(p.json())
}

// statusOf is the HTTP status of an error's code.
func statusOf(c contracts.Code) int {
	switch c {
	case contracts.CodeNotFound:
		return http.StatusNotFound
	case contracts.CodeConflict:
		return http.StatusConflict
	case contracts.CodeAuth:
		return http.StatusForbidden
	case contracts.CodeValidation, contracts.CodeUnsupported:
		return http.StatusUnprocessableEntity
	case contracts.CodeResourceExhausted, contracts.CodeRateLimited:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}

// tooLong tells a body that was cut off.
func tooLong(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return contracts.Errorf(contracts.CodeValidation, "body", "is longer than %d bytes", maxBody)
	}
	return err
}
