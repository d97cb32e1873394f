package client

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

const pinPrefix = "sha256:"

// PinOf returns what WithPin takes to recognise the holder of a certificate's
// key: "sha256:" and the SHA-256 of its subject public key info in hexadecimal
// digits. It outlives the certificate, but not the key.
func PinOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return pinPrefix + hex.EncodeToString(sum[:])
}

// WithPin recognises the gateway by the key of its certificate, which then needs
// neither a name nor an issuer that this machine knows; "" does not. It does not
// go together with WithHTTPClient.
func WithPin(pin string) Option { return func(c *Client) { c.pin = pin } }

func checkPin(pin string) error {
	digits, ok := strings.CutPrefix(pin, pinPrefix)
	if raw, err := hex.DecodeString(digits); !ok || err != nil || len(raw) != sha256.Size || strings.ToLower(digits) != digits {
		return contracts.Errorf(contracts.CodeValidation, pin, "a fingerprint is sha256: and 64 hexadecimal digits in lower case")
	}
	return nil
}

// pinned accepts exactly the certificates with the pinned key.
func pinned(pin string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		// The key is the identity: VerifyConnection below is the whole check, and it
		// is made on resumed sessions too.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return contracts.Errorf(contracts.CodeAuth, s.ServerName, "the gateway shows no certificate")
			}
			if got := PinOf(s.PeerCertificates[0]); got != pin {
				return contracts.Errorf(contracts.CodeAuth, s.ServerName,
					"the gateway's certificate has the fingerprint %s, not the pinned one: this is another coordinator, or somebody in between", got)
			}
			return nil
		},
	}
}
