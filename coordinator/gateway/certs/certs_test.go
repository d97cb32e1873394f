package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts/client"
)

var today = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)

// shown returns the certificate of a handshake under a name.
func shown(t *testing.T, server *tls.Config, name string) (*x509.Certificate, error) {
	t.Helper()
	return dial(t, server, &tls.Config{ServerName: name, InsecureSkipVerify: true})
}

func dial(t *testing.T, server, c *tls.Config) (*x509.Certificate, error) {
	t.Helper()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		_ = conn.(*tls.Conn).Handshake() // the client's error is the one that counts
		_ = conn.Close()
	}()
	defer func() { _ = ln.Close(); <-served }()
	conn, err := tls.Dial("tcp", ln.Addr().String(), c)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0], nil
}

func own(t *testing.T, path string, hosts []string, now time.Time) (*x509.Certificate, string) {
	t.Helper()
	c, pin, err := Own(path, hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := shown(t, c, "localhost")
	if err != nil {
		t.Fatal(err)
	}
	if client.PinOf(leaf) != pin {
		t.Errorf("the certificate's fingerprint is %s, not %s", client.PinOf(leaf), pin)
	}
	return leaf, pin
}

// The fingerprint stays while the file does: over restarts, renewals and new
// names.
func TestOwnCertificateKeepsItsFingerprint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tls.pem")
	hosts := []string{"localhost", "127.0.0.1"}
	first, pin := own(t, path, hosts, today)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
	for name, c := range map[string]struct {
		hosts []string
		now   time.Time
		same  bool
	}{
		"the next start": {hosts, today.Add(time.Hour), true},
		"another name":   {append(hosts, "krako.example"), today, false},
		"near its end":   {hosts, first.NotAfter.Add(-24 * time.Hour), false},
	} {
		again, pin2 := own(t, path, c.hosts, c.now)
		if pin2 != pin || again.Equal(first) != c.same {
			t.Errorf("%s: fingerprint %s, same certificate %v", name, pin2, again.Equal(first))
		}
		for _, h := range c.hosts {
			if err := again.VerifyHostname(h); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if c.now.Before(again.NotBefore) || c.now.After(again.NotAfter) {
			t.Errorf("%s: valid from %s to %s", name, again.NotBefore, again.NotAfter)
		}
		if c.same {
			continue
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		first, pin = own(t, path, hosts, today)
	}
	if err := os.WriteFile(path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Own(path, hosts, today); err == nil {
		t.Error("a file that is no key is written over")
	}
}

// pair writes a certificate and key for a name into the files.
func pair(t *testing.T, name, cert, key string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tls.pem")
	if _, _, err := Own(path, []string{name}, time.Now()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	k, rest := pem.Decode(text)
	if err := os.WriteFile(key, pem.EncodeToMemory(k), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cert, rest, 0o644); err != nil {
		t.Fatal(err)
	}
	// What is written within a tick of the file system's clock would look unchanged.
	at := time.Now().Add(time.Duration(pairs.Add(1)) * time.Minute)
	for _, file := range []string{cert, key} {
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// pairs counts what pair has written.
var pairs atomic.Int64

func TestFilesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if _, err := Files(cert, key, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("files that are not there are a certificate")
	}
	pair(t, "one.example", cert, key)
	clock := time.Now()
	f := &files{cert: cert, key: key, log: slog.New(slog.DiscardHandler), now: func() time.Time { return clock }}
	if err := f.load(f.stamp()); err != nil {
		t.Fatal(err)
	}
	want := func(when, name string) {
		t.Helper()
		clock = clock.Add(2 * lookEvery)
		leaf, err := shown(t, config(f.get), "any.example")
		if err != nil {
			t.Fatal(err)
		}
		if err := leaf.VerifyHostname(name); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	want("at first", "one.example")
	pair(t, "two.example", cert, key)
	want("renewed", "two.example")
	if err := os.WriteFile(key, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	want("half written", "two.example")
	pair(t, "three.example", cert, key)
	want("whole again", "three.example")
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	want("gone", "three.example")
	pair(t, "four.example", cert, key)
	leaf, err := shown(t, config(f.get), "any.example") // within a second nobody looks
	if err != nil || leaf.VerifyHostname("three.example") != nil {
		t.Errorf("looked twice within a second: %v", err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	c, _, err := Own(filepath.Join(t.TempDir(), "tls.pem"), []string{"localhost"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, c, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}); err == nil {
		t.Error("TLS 1.2 is spoken")
	}
}

// An issuer is asked only for the names that were given.
func TestACMEIsBoundToItsNames(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	asked := make(chan struct{}, 1)
	go func() {
		if conn, err := ln.Accept(); err == nil {
			asked <- struct{}{}
			_ = conn.Close()
		}
	}()
	c := ACME(t.TempDir(), []string{"krako.example"}, "http://"+ln.Addr().String()+"/directory", "")
	if _, err := shown(t, c, "other.example"); err == nil {
		t.Error("another name has a certificate")
	}
	select {
	case <-asked:
		t.Error("the issuer was asked for another name")
	default:
	}
}
