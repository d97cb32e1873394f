package certs

import (
	"crypto/tls"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACME fetches and renews certificates for the given names (RFC 8555), keeping
// them and the account in dir. Whoever calls it accepts the terms of the issuer at
// directory, by default Let's Encrypt. The proof is made in a TLS handshake
// (RFC 8737), for which the issuer connects to port 443 of each name: the gateway
// must be reached there. Handshakes for other names fail.
func ACME(dir string, names []string, directory, email string) *tls.Config {
	m := &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(dir), HostPolicy: autocert.HostWhitelist(names...), Email: email,
	}
	if directory != "" {
		m.Client = &acme.Client{DirectoryURL: directory}
	}
	c := config(m.GetCertificate)
	c.NextProtos = append(c.NextProtos, acme.ALPNProto)
	return c
}
