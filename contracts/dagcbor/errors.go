package dagcbor

import "fmt"

// Rule names the rule of strict DAG-CBOR that bytes or a value broke. The set
// is closed; the conformance vectors name each case by it.
type Rule string

const (
	RuleTruncated  Rule = "truncated"   // the item ends after the bytes do
	RuleTrailing   Rule = "trailing"    // bytes follow the item
	RuleReserved   Rule = "reserved"    // head with additional information 28 to 30
	RuleIndefinite Rule = "indefinite"  // indefinite length or break
	RuleShortest   Rule = "shortest"    // an integer or length not in its shortest form
	RuleIntRange   Rule = "int-range"   // an integer below the range of int64
	RuleUTF8       Rule = "utf-8"       // text that is not UTF-8
	RuleKeyType    Rule = "key-type"    // a map key that is not text
	RuleKeyOrder   Rule = "key-order"   // keys not sorted by length, then bytes
	RuleKeyTwice   Rule = "key-twice"   // a key repeated
	RuleTag        Rule = "tag"         // a tag other than 42
	RuleLink       Rule = "link"        // tag 42 not over 0x00 and a valid CID
	RuleSimple     Rule = "simple"      // a simple value other than false, true, null
	RuleFloatWidth Rule = "float-width" // a float of 16 or 32 bits
	RuleFloatValue Rule = "float-value" // NaN or an infinity
	RuleDepth      Rule = "depth"       // nesting beyond MaxDepth
	RuleItems      Rule = "items"       // more than MaxItems elements or pairs
	RuleSize       Rule = "size"        // more than MaxSize bytes
	RuleType       Rule = "type"        // does not fit the Go type: wrong kind, unknown field
	RuleSpelling   Rule = "spelling"    // sound DAG-CBOR, but not how the Go type spells this value
)

// Error says which rule was broken and where.
type Error struct {
	Rule Rule
	// Offset is the position in bytes of the offending item (of the first
	// differing byte for RuleSpelling). It is 0 for RuleType.
	Offset int
	// Cause is the decoder's own error for RuleType and RuleLink, else nil.
	Cause error
}

func (e *Error) Error() string {
	if e.Rule == RuleType {
		return fmt.Sprintf("dag-cbor: rule %q broken: %v", e.Rule, e.Cause)
	}
	if e.Cause != nil {
		return fmt.Sprintf("dag-cbor: rule %q broken at byte %d: %v", e.Rule, e.Offset, e.Cause)
	}
	return fmt.Sprintf("dag-cbor: rule %q broken at byte %d", e.Rule, e.Offset)
}

func (e *Error) Unwrap() error { return e.Cause }
