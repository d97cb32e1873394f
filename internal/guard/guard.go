// Package guard keeps a local HTTP server to those it is for.
//
// A server on loopback can be reached by every web page that this machine shows: a
// page may send requests to it, and by rebinding its own name to 127.0.0.1 also read
// the answers. So a request must name the server as its Host, and come from no page
// or from one of its own; a server that listens elsewhere wants a token too. A server of
// pages may be linked to, and learns its token from the browser. The package limits
// nothing else.
package guard

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Rules say who may ask.
type Rules struct {
	// Hosts are names that the server goes by beside loopback ones, without ports.
	Hosts []string
	// Token must come as a bearer token, if it is not empty.
	Token string
	// Cookie is set for a server of pages. A link may lead to it from anywhere, and its
	// address may show the token, once: the browser keeps it as the cookie of this name,
	// which scripts do not see.
	Cookie string
	// Refuse answers a request that is not let in; nil answers with plain text.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, err *contracts.Error)
}

// Check returns nil if an address may be listened on under the rules: off loopback
// only with a token. The error is AUTH_ERROR.
func (g Rules) Check(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return contracts.Errorf(contracts.CodeValidation, "address", "%q is not HOST:PORT", address)
	}
	if g.Token == "" && !loopback(host) {
		return contracts.Errorf(contracts.CodeAuth, address, "whoever reaches this address could use it: give it a token")
	}
	return nil
}

// Wrap lets only requests through that follow the rules.
func (g Rules) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, err := g.admit(r)
		switch {
		case err == nil:
			if g.Token != "" && g.inAddress(r) {
				http.SetCookie(w, &http.Cookie{Name: g.Cookie, Value: g.Token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
			}
			next.ServeHTTP(w, r)
		case g.Refuse != nil:
			g.Refuse(w, r, status, err)
		default:
			http.Error(w, err.Error(), status)
		}
	})
}

func (g Rules) admit(r *http.Request) (int, *contracts.Error) {
	if !g.ours(hostOf(r.Host)) {
		return http.StatusForbidden, contracts.Errorf(contracts.CodeAuth, "host", "this server does not go by the name %.100q", r.Host)
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		// A page of this very server; another port is another server.
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return http.StatusForbidden, contracts.Errorf(contracts.CodeAuth, "origin", "pages of %.100q may not use this server", origin)
		}
	}
	if site := r.Header.Get("Sec-Fetch-Site"); (site == "cross-site" || site == "same-site") && (g.Cookie == "" || r.Header.Get("Sec-Fetch-Mode") != "navigate") {
		return http.StatusForbidden, contracts.Errorf(contracts.CodeAuth, "origin", "another site's page may not use this server")
	}
	if g.Token != "" && !g.shown(r) {
		return http.StatusUnauthorized, contracts.Errorf(contracts.CodeAuth, "token", "the token is missing or wrong")
	}
	return 0, nil
}

// shown reports whether a request shows the token.
func (g Rules) shown(r *http.Request) bool {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return g.is(bearer)
	}
	if g.inAddress(r) {
		return true
	}
	c, err := r.Cookie(g.Cookie)
	return g.Cookie != "" && err == nil && g.is(c.Value)
}

func (g Rules) inAddress(r *http.Request) bool {
	return g.Cookie != "" && g.is(r.URL.Query().Get("token"))
}

func (g Rules) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(g.Token)) == 1
}

func (g Rules) ours(host string) bool {
	if loopback(host) {
		return true
	}
	for _, h := range g.Hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

// hostOf returns a Host header without its port.
func hostOf(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
