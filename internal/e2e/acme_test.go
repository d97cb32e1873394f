package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/krako-labs/krako/internal/cluster"
)

// buildModule builds commands of a module that is kept in testdata, apart from the
// project's own, and puts them among the binaries.
func buildModule(t *testing.T, module string, commands ...string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join("testdata", module, name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", append([]string{"build", "-o", bin + string(filepath.Separator)}, commands...)...)
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %v: %v\n%s", commands, err, out)
	}
}

// freePorts returns ports that are free now.
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// selfSigned writes a certificate for 127.0.0.1 and its key, and returns who trusts it.
func selfSigned(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, b := range map[string][]byte{certFile: cert, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	return pool
}

// A coordinator gets its certificate from a real ACME server, which proves by a
// handshake that the name is the coordinator's, shows it to clients that trust that
// server's root, and has it still after a restart.
func TestACMEFromARealServer(t *testing.T) {
	const name = "krako.example"
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	buildModule(t, "acme", "github.com/letsencrypt/pebble/v2/cmd/pebble", "github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv")
	p := freePorts(t, 5)
	api, directory, management, dns := p[0], p[1], p[2], p[3]
	dir := t.TempDir()
	certFile, keyFile, configFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "pebble.json")
	issuer := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: selfSigned(t, certFile, keyFile)}}}
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": fmt.Sprint("127.0.0.1:", directory), "managementListenAddress": fmt.Sprint("127.0.0.1:", management),
		"certificate": certFile, "privateKey": keyFile, "httpPort": p[4], "tlsPort": api, "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "for tests", "validityPeriod": 90 * 24 * 3600}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(configFile, config, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("SSL_CERT_FILE", certFile) // the coordinator trusts the issuer's own certificate
	daemon(t, "pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dnsserver", fmt.Sprint("127.0.0.1:", dns), "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "",
		"-management", fmt.Sprint("127.0.0.1:", p[4]))
	daemon(t, "pebble", "-config", configFile, "-dnsserver", fmt.Sprint("127.0.0.1:", dns))
	rootPEM := fetch(ctx, t, issuer, fmt.Sprintf("https://127.0.0.1:%d/roots/0", management))
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(rootPEM) {
		t.Fatalf("the issuer has no root: %s", rootPEM)
	}

	data := t.TempDir()
	start := func() *child {
		return daemon(t, "krako-coord", "--data-dir", data, "--api", fmt.Sprint("127.0.0.1:", api), "--listen", "/ip4/127.0.0.1/tcp/0", "--mdns=false", "--dht=off",
			"--tls", "acme", "--tls-name", name, "--acme-directory", fmt.Sprintf("https://127.0.0.1:%d/dir", directory), "--acme-email", "ops@"+name)
	}
	there := func() *http.Client {
		dialer := &net.Dialer{}
		return &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, fmt.Sprint("127.0.0.1:", api))
			}}}
	}
	coord := start()
	fetch(ctx, t, there(), "https://"+name+"/healthz")
	serial := shownSerial(t, api, name, roots)
	_ = coord.Process.Kill()
	<-coord.ended
	start()
	fetch(ctx, t, there(), "https://"+name+"/healthz")
	if e, err := cluster.ReadEndpoint(cluster.EndpointFile(data)); err != nil || e.API != fmt.Sprintf("https://%s:%d", name, api) {
		t.Errorf("clients of this machine are sent to %q (%v)", e.API, err)
	}
	if again := shownSerial(t, api, name, roots); again != serial {
		t.Errorf("after a restart the certificate is %s, was %s", again, serial)
	}
	if _, err := tls.Dial("tcp", fmt.Sprint("127.0.0.1:", api), &tls.Config{ServerName: "other.example", InsecureSkipVerify: true}); err == nil {
		t.Error("a handshake for another name is answered")
	}
}

// shownSerial returns the serial number of the certificate that is shown for a name.
func shownSerial(t *testing.T, port int, name string, roots *x509.CertPool) string {
	t.Helper()
	conn, err := tls.Dial("tcp", fmt.Sprint("127.0.0.1:", port), &tls.Config{ServerName: name, RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// fetch gets an address as soon as it is answered with 200.
func fetch(ctx context.Context, t *testing.T, c *http.Client, url string) []byte {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err == nil {
			b, failure := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if failure == nil && resp.StatusCode == http.StatusOK {
				return b
			}
			err = fmt.Errorf("%s: %s (%v)", resp.Status, b, failure)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("get %s: %v", url, err)
		}
	}
}
