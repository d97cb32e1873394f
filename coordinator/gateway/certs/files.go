package certs

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Files returns the certificate in a pair of PEM files and, when they change,
// the one that is in them then: what renews them need not tell the coordinator.
// Files that cannot be read any more, or do not fit together yet, leave the last
// good certificate in use; that is logged.
func Files(cert, key string, log *slog.Logger) (*tls.Config, error) {
	f := &files{cert: cert, key: key, log: log, now: time.Now}
	if err := f.load(f.stamp()); err != nil {
		return nil, err
	}
	return config(f.get), nil
}

// lookEvery bounds how often handshakes look at the files.
const lookEvery = time.Second

type files struct {
	cert, key string
	log       *slog.Logger
	now       func() time.Time

	mu     sync.Mutex
	pair   *tls.Certificate
	loaded stamp
	looked time.Time
}

// stamp tells one state of the files from another.
type stamp struct {
	cert, key         time.Time
	certSize, keySize int64
}

func (f *files) stamp() (s stamp) {
	if i, err := os.Stat(f.cert); err == nil {
		s.cert, s.certSize = i.ModTime(), i.Size()
	}
	if i, err := os.Stat(f.key); err == nil {
		s.key, s.keySize = i.ModTime(), i.Size()
	}
	return s
}

func (f *files) load(at stamp) error {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("load certificate %s with key %s: %w", f.cert, f.key, err)
	}
	f.pair, f.loaded = &pair, at
	return nil
}

// get implements tls.Config.GetCertificate.
func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if now.Sub(f.looked) < lookEvery {
		return f.pair, nil
	}
	f.looked = now
	if at := f.stamp(); at != f.loaded {
		if err := f.load(at); err != nil {
			f.log.Error("certificate not renewed, the last one stays in use", "error", err)
		} else {
			f.log.Info("certificate renewed", "file", f.cert, "ends", f.pair.Leaf.NotAfter)
		}
	}
	return f.pair, nil
}
