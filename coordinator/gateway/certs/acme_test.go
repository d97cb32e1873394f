package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// issuer is as much of an ACME server (RFC 8555) as one name needs. It believes
// every signature of an account, but not that somebody holds a name: it makes the
// handshake of RFC 8737 with the gateway.
type issuer struct {
	t       *testing.T
	url     string
	gateway string // where the name's port 443 would lead
	name    string
	key     *ecdsa.PrivateKey

	mu      sync.Mutex
	proved  bool
	chain   []byte
	ordered int
}

func newIssuer(t *testing.T, name, gateway string) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, name: name, gateway: gateway, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /directory", func(w http.ResponseWriter, _ *http.Request) {
		i.answer(w, http.StatusOK, map[string]string{"newNonce": i.url + "/nonce", "newAccount": i.url + "/account", "newOrder": i.url + "/order"})
	})
	mux.HandleFunc("/nonce", func(w http.ResponseWriter, _ *http.Request) { i.answer(w, http.StatusOK, nil) })
	mux.HandleFunc("POST /account", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", i.url+"/account/1")
		i.answer(w, http.StatusCreated, map[string]string{"status": "valid"})
	})
	mux.HandleFunc("POST /order", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		i.ordered++
		i.mu.Unlock()
		w.Header().Set("Location", i.url+"/order/1")
		i.answer(w, http.StatusCreated, i.order())
	})
	mux.HandleFunc("POST /order/1", func(w http.ResponseWriter, _ *http.Request) { i.answer(w, http.StatusOK, i.order()) })
	mux.HandleFunc("POST /authorization", func(w http.ResponseWriter, _ *http.Request) { i.answer(w, http.StatusOK, i.authorization()) })
	mux.HandleFunc("POST /challenge", func(w http.ResponseWriter, _ *http.Request) {
		i.prove()
		i.answer(w, http.StatusOK, i.challenge())
	})
	mux.HandleFunc("POST /finalize", i.finalize)
	mux.HandleFunc("POST /certificate", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.Header().Set("Replay-Nonce", "n")
		_, _ = w.Write(i.chain)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	i.url = srv.URL
	return i
}

func (i *issuer) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Replay-Nonce", "n")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (i *issuer) state(done, open string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.proved {
		return done
	}
	return open
}

func (i *issuer) identifier() map[string]string {
	return map[string]string{"type": "dns", "value": i.name}
}

func (i *issuer) order() map[string]any {
	status := i.state("ready", "pending")
	if i.chain != nil {
		status = "valid"
	}
	return map[string]any{
		"status": status, "identifiers": []any{i.identifier()}, "authorizations": []string{i.url + "/authorization"},
		"finalize": i.url + "/finalize", "certificate": i.url + "/certificate",
	}
}

func (i *issuer) authorization() map[string]any {
	return map[string]any{"status": i.state("valid", "pending"), "identifier": i.identifier(), "challenges": []any{i.challenge()}}
}

func (i *issuer) challenge() map[string]any {
	return map[string]any{"type": "tls-alpn-01", "url": i.url + "/challenge", "status": i.state("valid", "pending"), "token": "t"}
}

// prove calls the gateway as whoever holds the name would be called.
func (i *issuer) prove() {
	conn, err := tls.Dial("tcp", i.gateway, &tls.Config{ServerName: i.name, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
	if err != nil {
		i.t.Errorf("the challenge is not answered: %v", err)
		return
	}
	defer func() { _ = conn.Close() }()
	s := conn.ConnectionState()
	if s.NegotiatedProtocol != "acme-tls/1" || s.PeerCertificates[0].VerifyHostname(i.name) != nil {
		i.t.Errorf("the challenge is answered over %q with %v", s.NegotiatedProtocol, s.PeerCertificates[0].DNSNames)
		return
	}
	i.mu.Lock()
	i.proved = true
	i.mu.Unlock()
}

func (i *issuer) finalize(w http.ResponseWriter, r *http.Request) {
	if err := i.certify(r); err != nil {
		i.t.Error(err)
	}
	i.answer(w, http.StatusOK, i.order())
}

func (i *issuer) certify(r *http.Request) error {
	var jws struct{ Payload string }
	var body struct{ CSR string }
	if err := json.NewDecoder(r.Body).Decode(&jws); err != nil {
		return err
	}
	payload, err := base64.RawURLEncoding.DecodeString(jws.Payload)
	if err == nil {
		err = json.Unmarshal(payload, &body)
	}
	if err != nil {
		return err
	}
	der, err := base64.RawURLEncoding.DecodeString(body.CSR)
	if err != nil {
		return err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	if len(csr.DNSNames) != 1 || csr.DNSNames[0] != i.name {
		return fmt.Errorf("a certificate for %v is asked for", csr.DNSNames)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: csr.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(2), IsCA: true, BasicConstraintsValid: true, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter}
	cert, err := x509.CreateCertificate(rand.Reader, leaf, ca, csr.PublicKey, i.key)
	i.chain = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	return err
}

// A certificate is fetched at the first handshake for a name, kept, and taken
// from where it was kept after a restart.
func TestACMEFetchesACertificate(t *testing.T) {
	const name = "krako.example"
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	i := newIssuer(t, name, ln.Addr().String())
	dir := t.TempDir()
	srv := &http.Server{Handler: http.NotFoundHandler(), TLSConfig: ACME(dir, []string{name}, i.url+"/directory", "ops@krako.example"), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- srv.ServeTLS(ln, "", "") }()
	t.Cleanup(func() {
		_ = srv.Close()
		<-served
	})
	conn, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	leaf := conn.ConnectionState().PeerCertificates[0]
	if leaf.VerifyHostname(name) != nil || leaf.CheckSignatureFrom(&x509.Certificate{PublicKey: i.key.Public(), PublicKeyAlgorithm: x509.ECDSA, Version: 3, IsCA: true, BasicConstraintsValid: true}) != nil {
		t.Errorf("the certificate is for %v by %v", leaf.DNSNames, leaf.Issuer)
	}
	again, err := shown(t, ACME(dir, []string{name}, i.url+"/directory", ""), name)
	if err != nil || !again.Equal(leaf) || i.ordered != 1 {
		t.Errorf("after a restart: %v, %d orders", err, i.ordered)
	}
}
