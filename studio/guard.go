package studio

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// policy lets a page of Studio load from Studio only, and nothing that is written
// into the page run.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	cookieName = "kora_studio"
	maxBody    = 64 << 20
)

// guard stands before everything: it knows who may ask. A page of somebody else's
// cannot reach Studio through the browser: neither under another name for this
// machine (DNS rebinding) nor from its own origin.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if err := s.admit(r); err != nil {
			s.problem(w, r, err)
			return
		}
		if s.o.Token != "" && !s.known(w, r) {
			s.problem(w, r, contracts.Errorf(contracts.CodeAuth, "token", "open the address that kora studio printed"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// admit checks the name that was asked for, and where the page came from.
func (s *Server) admit(r *http.Request) error {
	if !slices.Contains(s.o.Hosts, r.Host) {
		return contracts.Errorf(contracts.CodeAuth, "host", "this is not a name of Studio")
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host != r.Host {
			return contracts.Errorf(contracts.CodeAuth, "origin", "pages of other places may not ask Studio")
		}
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return contracts.Errorf(contracts.CodeAuth, "origin", "pages of other places may not ask Studio")
	}
	return nil
}

// known reports whether the request shows the token. Shown once in the address,
// the browser keeps it as a cookie that scripts do not see.
func (s *Server) known(w http.ResponseWriter, r *http.Request) bool {
	same := func(t string) bool { return subtle.ConstantTimeCompare([]byte(t), []byte(s.o.Token)) == 1 }
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return same(bearer)
	}
	if t := r.URL.Query().Get("token"); t != "" && same(t) {
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: t, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		return true
	}
	c, err := r.Cookie(cookieName)
	return err == nil && same(c.Value)
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
