package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/krako-labs/krako/contracts"
)

// Item is one message of an evaluation set.
type Item struct {
	ID          string       `json:"id"`
	Message     string       `json:"message"`
	Attachments []Attachment `json:"attachments,omitempty"`
	// Expect is the right answer, a text or a number; absent where only a machine
	// that abstains is right, or nobody says.
	Expect *Answer `json:"expect,omitempty"`
	// MustAbstain is set for messages that no computation answers.
	MustAbstain bool `json:"must_abstain,omitempty"`
}

// Attachment is data that comes with a message.
type Attachment struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type,omitempty"`
	Text      string `json:"text"`
}

// Answer is an expected answer as text; numbers keep their spelling.
type Answer string

// UnmarshalJSON reads a string, a number or a boolean.
func (a *Answer) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*a = Answer(s)
		return nil
	}
	if b[0] == '{' || b[0] == '[' {
		return fmt.Errorf("expect must be a text, a number or a boolean, not %.20s", b)
	}
	*a = Answer(b)
	return nil
}

// maxLine bounds one item.
const maxLine = 8 << 20

// Read reads items, one JSON document a line. Errors name the line.
func Read(r io.Reader) ([]Item, error) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	var items []Item
	for n := 1; s.Scan(); n++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		var it Item
		d := json.NewDecoder(bytes.NewReader(s.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&it); err != nil {
			return nil, contracts.Errorf(contracts.CodeValidation, fmt.Sprintf("line %d", n), "%w", err)
		}
		if it.ID == "" {
			it.ID = fmt.Sprintf("line-%d", n)
		}
		items = append(items, it)
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return nil, contracts.Errorf(contracts.CodeValidation, "items", "a line has more than %d bytes", maxLine)
	}
	return items, s.Err()
}
