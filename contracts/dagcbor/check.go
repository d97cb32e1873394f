package dagcbor

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/ipfs/go-cid"
)

// Check reports whether b is exactly one item of strict DAG-CBOR. It allocates
// nothing for sound input (but for links of foreign CID kinds). The error is
// an *Error.
func Check(b []byte) error {
	if len(b) > MaxSize {
		return &Error{Rule: RuleSize, Offset: MaxSize}
	}
	s := scan{b: b}
	if err := s.item(0); err != nil {
		return err
	}
	if s.off != len(b) {
		return s.broken(RuleTrailing, s.off)
	}
	return nil
}

// item checks one item; depth is the number of maps and arrays around it.
func (s *scan) item(depth int) error {
	start := s.off
	major, info, arg, err := s.head()
	if err != nil {
		return err
	}
	switch major {
	case majorUint:
		return nil
	case majorNegative:
		if arg > math.MaxInt64 {
			return s.broken(RuleIntRange, start)
		}
		return nil
	case majorBytes:
		_, err := s.take(start, arg)
		return err
	case majorText:
		_, err := s.text(start, arg)
		return err
	case majorArray, majorMap:
		if depth >= MaxDepth {
			return s.broken(RuleDepth, start)
		}
		if arg > MaxItems {
			return s.broken(RuleItems, start)
		}
		if major == majorArray {
			return s.array(int(arg), depth)
		}
		return s.pairs(int(arg), depth)
	case majorTag:
		return s.link(start, arg)
	default:
		return s.simple(start, info, arg)
	}
}

func (s *scan) array(n, depth int) error {
	for range n {
		if err := s.item(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) pairs(n, depth int) error {
	var last []byte
	for i := range n {
		start := s.off
		key, err := s.key()
		if err != nil {
			return err
		}
		if i > 0 {
			switch order := compareKeys(last, key); {
			case order == 0:
				return s.broken(RuleKeyTwice, start)
			case order > 0:
				return s.broken(RuleKeyOrder, start)
			}
		}
		last = key
		if err := s.item(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) key() ([]byte, error) {
	start := s.off
	major, _, arg, err := s.head()
	if err != nil {
		return nil, err
	}
	if major != majorText {
		return nil, s.broken(RuleKeyType, start)
	}
	return s.text(start, arg)
}

// compareKeys orders map keys: the shorter first, then by bytes (RFC 7049,
// section 3.9, as DAG-CBOR keeps it).
func compareKeys(a, b []byte) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return bytes.Compare(a, b)
}

// link checks a tagged item, which can only be a CID.
func (s *scan) link(start int, tag uint64) error {
	if tag != tagLink {
		return s.broken(RuleTag, start)
	}
	major, _, n, err := s.head()
	if err != nil {
		return err
	}
	if major != majorBytes {
		return s.broken(RuleLink, start)
	}
	raw, err := s.take(start, n)
	if err != nil {
		return err
	}
	if err := checkLink(raw); err != nil {
		return &Error{Rule: RuleLink, Offset: start, Cause: err}
	}
	return nil
}

// checkLink checks the content of a tag 42: the identity multibase prefix
// 0x00, then a CID of any kind.
func checkLink(raw []byte) error {
	if len(raw) == 0 || raw[0] != 0 {
		return errors.New("no 0x00 before the CID")
	}
	if isOurs(raw[1:]) {
		return nil
	}
	if len(raw) > 1+MaxCID {
		return fmt.Errorf("CID of %d bytes, want at most %d", len(raw)-1, MaxCID)
	}
	_, err := cid.Cast(raw[1:])
	return err
}

func (s *scan) simple(start int, info byte, arg uint64) error {
	const falseValue, null, float16, float32, float64 = 20, 22, 25, 26, 27
	switch {
	case info >= falseValue && info <= null:
		return nil
	case info == float16 || info == float32:
		return s.broken(RuleFloatWidth, start)
	case info == float64:
		if f := math.Float64frombits(arg); math.IsNaN(f) || math.IsInf(f, 0) {
			return s.broken(RuleFloatValue, start)
		}
		return nil
	default:
		return s.broken(RuleSimple, start)
	}
}
