package billing

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// Snapshot returns the book's state. Equal books give equal bytes.
func (b *Book) Snapshot() ([]byte, error) {
	s, err := json.Marshal(&b.state)
	if err != nil {
		return nil, fmt.Errorf("encode billing snapshot: %w", err)
	}
	return s, nil
}

// Restore returns the book of a snapshot.
func Restore(snapshot []byte) (*Book, error) {
	b := New()
	d := json.NewDecoder(bytes.NewReader(snapshot))
	d.DisallowUnknownFields()
	if err := d.Decode(&b.state); err != nil {
		return nil, contracts.Errorf(contracts.CodeInternal, "billing snapshot", "decode: %w", err)
	}
	return b, nil
}

// Wallets is the JSON document of all wallets and accounts, equal for equal
// books.
func (b *Book) Wallets() ([]byte, error) {
	doc := struct {
		Wallets  map[contracts.TenantID]*Wallet `json:"wallets"`
		Earned   map[string]Amount              `json:"earned"`
		Protocol Amount                         `json:"protocol"`
		Issued   Amount                         `json:"issued"`
	}{b.state.Wallets, b.state.Earned, b.state.Protocol, b.state.Issued}
	return json.MarshalIndent(doc, "", "  ")
}
