package reasoner

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Kind is the program that serves models.
type Kind string

// The kinds of servers.
const (
	LlamaCPP Kind = "llama.cpp"
	Ollama   Kind = "ollama"
	LMStudio Kind = "lmstudio"
)

// Endpoint is a server of models.
type Endpoint struct {
	Kind Kind
	// URL is a base such as http://127.0.0.1:11434, without a path, or unix:// and
	// the path of a socket.
	URL string
	// Key is sent as a bearer token if it is not empty.
	Key string
	// Remote allows an address that is not this machine.
	Remote bool
}

// Validate checks an endpoint. The error is *contracts.Error VALIDATION_ERROR, or
// PRIVACY_VIOLATION for an address that is not loopback and was not allowed.
func (e Endpoint) Validate() error {
	if e.Kind != LlamaCPP && e.Kind != Ollama && e.Kind != LMStudio {
		return contracts.Errorf(contracts.CodeValidation, "endpoint", "kind %.40q is not one of %s, %s, %s", e.Kind, LlamaCPP, Ollama, LMStudio)
	}
	if path, ok := e.socket(); ok && filepath.IsAbs(path) {
		return nil
	}
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return contracts.Errorf(contracts.CodeValidation, "endpoint", "%.200q is not an http or https URL without path, query and user", e.URL)
	}
	if !e.Remote && !loopback(u.Hostname()) {
		return contracts.Errorf(contracts.CodePrivacyViolation, u.Host, "is not this machine; models elsewhere must be allowed")
	}
	return nil
}

// socket returns the path of the socket, if it is one.
func (e Endpoint) socket() (string, bool) { return strings.CutPrefix(e.URL, "unix://") }

// loopback reports whether a host is this machine by its name alone: a name that
// has to be looked up may be anybody's.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// ParseEndpoint reads KIND=URL, or a URL alone, whose port then tells the kind.
func ParseEndpoint(s string) (Endpoint, error) {
	kind, base, named := strings.Cut(s, "=")
	if !named {
		base = s
	}
	e := Endpoint{Kind: Kind(kind), URL: strings.TrimSuffix(base, "/")}
	if !named {
		e.Kind = LlamaCPP
		if u, err := url.Parse(base); err == nil {
			switch _, port, _ := net.SplitHostPort(u.Host); port {
			case "11434":
				e.Kind = Ollama
			case "1234":
				e.Kind = LMStudio
			}
		}
	}
	return e, e.Validate()
}
