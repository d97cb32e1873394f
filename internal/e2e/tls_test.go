package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
)

// A coordinator reached from elsewhere with a certificate from files: clients that
// trust its issuer work over HTTP/1.1 and 2 with a key and no pin, others do not get
// in, and a certificate that is renewed on the disk is shown without a restart.
func TestTLSFromFiles(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dir, data := t.TempDir(), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := selfSigned(t, certFile, keyFile)
	port := freePorts(t, 1)[0]
	url := fmt.Sprint("https://127.0.0.1:", port)
	daemon(t, "krako-coord", "--data-dir", data, "--api", fmt.Sprint("0.0.0.0:", port), "--listen", "/ip4/127.0.0.1/tcp/0", "--mdns=false", "--dht=off",
		"--tls", "files", "--tls-cert", certFile, "--tls-key", keyFile)

	trusting := func(roots *x509.CertPool, protocols *http.Protocols) *http.Client {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, Protocols: protocols, DisableKeepAlives: true}}
	}
	fetch(ctx, t, trusting(first, nil), url+"/healthz")
	key, err := os.ReadFile(filepath.Join(data, "admin.key"))
	if err != nil {
		t.Fatal(err)
	}
	one, two := new(http.Protocols), new(http.Protocols)
	one.SetHTTP1(true)
	two.SetHTTP2(true)
	for want, protocols := range map[string]*http.Protocols{"HTTP/1.1": one, "HTTP/2.0": two} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/sessions", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
		resp, err := trusting(first, protocols).Do(req)
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.Proto != want || resp.TLS.Version != tls.VersionTLS13 ||
			!strings.Contains(resp.Header.Get("Alt-Svc"), fmt.Sprintf(`h3=":%d"`, port)) {
			t.Errorf("%s: %s over %s, TLS %x, Alt-Svc %q", want, resp.Status, resp.Proto, resp.TLS.Version, resp.Header.Get("Alt-Svc"))
		}
	}
	stranger, err := client.New(url, client.WithKey(strings.TrimSpace(string(key))))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Sessions(ctx, "", 1); contracts.CodeOf(err) != contracts.CodeAuth {
		t.Errorf("a client that trusts other issuers: %v", err)
	}
	if resp, err := http.Get(fmt.Sprint("http://127.0.0.1:", port, "/healthz")); err == nil {
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Error("the API is served without TLS")
		}
	}

	// Renewed while it runs: the new one is shown within seconds, the old issuer's
	// clients are told so by their own check.
	second := selfSigned(t, certFile, keyFile)
	fetch(ctx, t, trusting(second, nil), url+"/healthz")
	if _, err := trusting(first, nil).Get(url + "/healthz"); err == nil {
		t.Error("the old certificate is shown still")
	}

	if err := os.WriteFile(keyFile, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Files that were never whole are a start that fails, and says which they are.
	refused := daemon(t, "krako-coord", "--data-dir", t.TempDir(), "--api", "127.0.0.1:0", "--listen", "/ip4/127.0.0.1/tcp/0", "--mdns=false", "--dht=off",
		"--tls", "files", "--tls-cert", certFile, "--tls-key", keyFile)
	<-refused.ended
	if refused.err == nil || !strings.Contains(string(refused.tail()), keyFile) {
		t.Errorf("half a key: %v, %s", refused.err, refused.tail())
	}
}
