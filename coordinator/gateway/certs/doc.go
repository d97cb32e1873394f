// Package certs has the three ways by which a gateway comes to a certificate: it
// makes its own, takes one from files that somebody else renews, or fetches one
// by ACME.
//
// All of them are a *tls.Config that asks for the certificate at each handshake,
// so that a renewal needs no restart. TLS is 1.3, and there is no other setting:
// what can be chosen can be chosen badly.
package certs
