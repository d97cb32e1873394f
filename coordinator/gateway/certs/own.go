package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/krako-labs/krako/contracts/client"
)

// How long a certificate of our own lives, and how long before its end the next
// start makes another. The key, and so the fingerprint, stays.
const (
	ownLifetime = 5 * 365 * 24 * time.Hour
	ownRenewal  = 90 * 24 * time.Hour
)

// Own returns a certificate that it makes itself, for the given names and
// addresses, and the fingerprint by which clients know its key. The key is made
// once and kept at path, private to the user, with the certificate behind it.
func Own(path string, hosts []string, now time.Time) (*tls.Config, string, error) {
	key, err := loadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, "", err
	}
	pair, err := tls.LoadX509KeyPair(path, path)
	if err != nil || now.After(pair.Leaf.NotAfter.Add(-ownRenewal)) || !names(pair.Leaf, hosts) {
		if pair, err = sign(key, hosts, now); err == nil {
			err = keep(path, key, pair)
		}
	}
	if err != nil {
		return nil, "", fmt.Errorf("make certificate: %w", err)
	}
	c := config(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil })
	return c, client.PinOf(pair.Leaf), nil
}

func config(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: get, NextProtos: []string{"h2", "http/1.1"}}
}

const keyBlock = "PRIVATE KEY"

func loadKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read certificate's key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != keyBlock {
		return nil, fmt.Errorf("%s does not begin with a private key; delete it to have another one made, with another fingerprint", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read certificate's key %s: %w", path, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T, not an ECDSA key", path, key)
	}
	return ec, nil
}

// names reports whether a certificate is for all of the hosts.
func names(c *x509.Certificate, hosts []string) bool {
	for _, h := range hosts {
		if c.VerifyHostname(h) != nil {
			return false
		}
	}
	return true
}

func sign(key *ecdsa.PrivateKey, hosts []string, now time.Time) (tls.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Krako coordinator"},
		// Clocks of the machines of a lab differ.
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(ownLifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

// keep writes key and certificate in one step.
func keep(path string, key *ecdsa.PrivateKey, pair tls.Certificate) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})...)
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tls-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once the rename has been done
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
