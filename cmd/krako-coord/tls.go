package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/krako-labs/krako/coordinator/gateway"
	"github.com/krako-labs/krako/coordinator/gateway/certs"
	"github.com/spf13/pflag"
)

// The choices of --tls.
const (
	tlsAuto  = "auto"
	tlsOff   = "off"
	tlsOwn   = "own"
	tlsFiles = "files"
	tlsACME  = "acme"
)

// tlsSettings say where the certificate of the API comes from.
type tlsSettings struct {
	mode      string
	cert, key string
	names     []string
	directory string
	email     string
}

func (s *tlsSettings) flags(fs *pflag.FlagSet) {
	fs.StringVar(&s.mode, "tls", tlsAuto, "certificate of the API: own (self-made, clients pin its fingerprint), files, acme, off (loopback only), or auto: off on loopback, own elsewhere")
	fs.StringVar(&s.cert, "tls-cert", "", "PEM file with the certificate chain, for --tls files; read again when it changes")
	fs.StringVar(&s.key, "tls-key", "", "PEM file with its key")
	fs.StringSliceVar(&s.names, "tls-name", []string{}, "names under which the API is reached: what an own certificate is for, and --tls acme asks for")
	fs.StringVar(&s.directory, "acme-directory", "", "ACME directory of the issuer (default: Let's Encrypt, whose terms you accept)")
	fs.StringVar(&s.email, "acme-email", "", "where the issuer writes to about certificates")
}

func (s *tlsSettings) validate() error {
	var errs []error
	switch s.mode {
	case tlsAuto, tlsOff, tlsOwn:
	case tlsFiles:
		if s.cert == "" || s.key == "" {
			errs = append(errs, errors.New("--tls files needs --tls-cert and --tls-key"))
		}
	case tlsACME:
		if len(s.names) == 0 {
			errs = append(errs, errors.New("--tls acme needs the --tls-name to ask for"))
		}
	default:
		errs = append(errs, fmt.Errorf("--tls is %q, not auto, off, own, files or acme", s.mode))
	}
	if s.mode != tlsFiles && s.cert+s.key != "" {
		errs = append(errs, errors.New("--tls-cert and --tls-key go with --tls files"))
	}
	return errors.Join(errs...)
}

// config returns the TLS of a gateway at addr, nil for none, and the fingerprint
// that clients pin if the certificate is our own.
func (s *tlsSettings) config(dataDir, addr string, log *slog.Logger) (*tls.Config, string, error) {
	mode := s.mode
	if mode == tlsAuto {
		mode = tlsOwn
		if gateway.Loopback(addr) {
			mode = tlsOff
		}
	}
	switch mode {
	case tlsOwn:
		return certs.Own(filepath.Join(dataDir, "tls.pem"), s.hosts(addr), time.Now())
	case tlsFiles:
		c, err := certs.Files(s.cert, s.key, log)
		return c, "", err
	case tlsACME:
		return certs.ACME(filepath.Join(dataDir, "acme"), s.names, s.directory, s.email), "", nil
	}
	return nil, "", nil
}

// named reports whether the certificate of the API is for a name, under which clients
// come.
func (s *tlsSettings) named() bool { return s.mode == tlsFiles || s.mode == tlsACME }

// url is where the API is reached that listens at the given URL: under the first name
// that its certificate is for, if there is one to tell.
func (s *tlsSettings) url(listens string) string {
	u, err := url.Parse(listens)
	if err != nil || !s.named() || len(s.names) == 0 {
		return listens
	}
	u.Host = net.JoinHostPort(s.names[0], u.Port())
	return u.String()
}

// hosts are what a certificate of our own is for: only clients that do not pin
// its fingerprint look.
func (s *tlsSettings) hosts(addr string) []string {
	hosts := append([]string{"localhost", "127.0.0.1", "::1"}, s.names...)
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, name)
	}
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && host != "" && (ip == nil || !ip.IsUnspecified()) {
		hosts = append(hosts, host)
	}
	return hosts
}
