package contracts

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"

	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/envelope"
)

// Domains and payload types of what a worker signs to be let in, and to change its
// key.
const (
	EnrolmentDomain      = "krako-enrolment"
	EnrolmentPayloadType = "/krako/enrolment/1"
	RotationDomain       = "krako-key-rotation"
	RotationPayloadType  = "/krako/key-rotation/1"
)

// NodeTokenIDBytes is the length of the public part of a NodeToken.
const NodeTokenIDBytes = 8

const nodeTokenPrefix = "kn_"

// nodeTokenSpelling is base32 in lower case, as of API keys.
var nodeTokenSpelling = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NodeToken lets nodes and pods in under an operator. Its holder has it as
// kn_<id>_<secret>; the id is public. The secret is the seed of a signing key, so
// that it never travels: a worker proves that it has the token by a signature over
// its own name and the coordinator's, which is of no use to anybody else.
type NodeToken struct {
	ID  string
	key ed25519.PrivateKey
}

// NewNodeToken makes a token of random bytes.
func NewNodeToken(id [NodeTokenIDBytes]byte, seed [ed25519.SeedSize]byte) NodeToken {
	return NodeToken{nodeTokenSpelling.EncodeToString(id[:]), ed25519.NewKeyFromSeed(seed[:])}
}

// ParseNodeToken reads exactly what Reveal returns. The error is a VALIDATION_ERROR
// that quotes nothing of s, which may be a secret of something else.
func ParseNodeToken(s string) (NodeToken, error) {
	bad := func(why string) (NodeToken, error) {
		return NodeToken{}, Errorf(CodeValidation, "token", "this is no token for nodes: %s", why)
	}
	id, secret, ok := strings.Cut(strings.TrimPrefix(s, nodeTokenPrefix), "_")
	if !ok || !strings.HasPrefix(s, nodeTokenPrefix) {
		return bad("it does not have the form kn_<id>_<secret>")
	}
	if raw, err := nodeTokenSpelling.DecodeString(id); err != nil || len(raw) != NodeTokenIDBytes || nodeTokenSpelling.EncodeToString(raw) != id {
		return bad("its id is mistyped")
	}
	seed, err := nodeTokenSpelling.DecodeString(secret)
	if err != nil || len(seed) != ed25519.SeedSize || nodeTokenSpelling.EncodeToString(seed) != secret {
		return bad("its secret is mistyped or not whole")
	}
	return NodeToken{id, ed25519.NewKeyFromSeed(seed)}, nil
}

// Reveal returns the token with its secret, for the one who is to hold it.
func (t NodeToken) Reveal() string {
	return nodeTokenPrefix + t.ID + "_" + nodeTokenSpelling.EncodeToString(t.key.Seed())
}

// String returns the token without its secret, so that none gets into a log.
func (t NodeToken) String() string { return nodeTokenPrefix + t.ID + "_…" }

// GoString is String, for %#v.
func (t NodeToken) GoString() string { return t.String() }

// Hash is what is kept of a token: nobody who reads it can enrol with it.
func (t NodeToken) Hash() []byte { return hashOfKey(t.key.Public().(ed25519.PublicKey)) }

func hashOfKey(pub ed25519.PublicKey) []byte {
	h := sha256.Sum256(pub)
	return h[:]
}

// Enrolment is what a worker proves with a token: that its holder wants this worker
// in at this coordinator, as a node or as a pod.
type Enrolment struct {
	V           int    `cbor:"v"`
	Token       string `cbor:"token"`
	Node        NodeID `cbor:"node"`
	Coordinator NodeID `cbor:"coordinator"`
	Kind        string `cbor:"kind"`
}

// Enrol proves to a coordinator that a worker holds the token.
func (t NodeToken) Enrol(node, coordinator NodeID, kind string) ([]byte, error) {
	doc, err := dagcbor.Marshal(&Enrolment{1, t.ID, node, coordinator, kind})
	if err != nil {
		return nil, err
	}
	return envelope.Seal(t.key, EnrolmentDomain, EnrolmentPayloadType, doc)
}

// OpenEnrolment reads a proof and returns the hash of the token that it was made
// with. It judges the signature alone. Errors are *Error: AUTH_ERROR for a signature,
// VALIDATION_ERROR for what is malformed.
func OpenEnrolment(proof []byte) (e *Enrolment, hash []byte, err error) {
	pub, kind, doc, err := envelope.Open(proof, EnrolmentDomain)
	if err != nil {
		return nil, nil, Errorf(CodeAuth, "enrolment", "%w", err)
	}
	if kind != EnrolmentPayloadType {
		return nil, nil, Errorf(CodeAuth, "enrolment", "payload type is %q, not %q", kind, EnrolmentPayloadType)
	}
	e = &Enrolment{}
	if err := dagcbor.Unmarshal(doc, e); err != nil {
		return nil, nil, Errorf(CodeValidation, "enrolment", "%w", err)
	}
	if e.V != 1 {
		return nil, nil, Errorf(CodeVersionMismatch, "enrolment", "version %d is not supported", e.V)
	}
	return e, hashOfKey(pub), nil
}

// Rotation says that a worker is known by another key from now on. Its old key
// signs it, so that whoever has the old key's name can check it.
type Rotation struct {
	V   int    `cbor:"v"`
	Old NodeID `cbor:"old"`
	New NodeID `cbor:"new"`
	// At is when it was signed, by the worker's clock.
	At Time `cbor:"at"`
}

// SealRotation has the old key say that its holder is known by another name from
// now on.
func SealRotation(old ed25519.PrivateKey, next NodeID, at Time) ([]byte, error) {
	r := Rotation{1, NodeID(envelope.PeerID(old.Public().(ed25519.PublicKey))), next, at}
	if err := r.check(); err != nil {
		return nil, err
	}
	doc, err := dagcbor.Marshal(&r)
	if err != nil {
		return nil, err
	}
	return envelope.Seal(old, RotationDomain, RotationPayloadType, doc)
}

// OpenRotation verifies a rotation: the old key has signed it, and the new name is
// one. Errors are *Error: AUTH_ERROR for a signature, VALIDATION_ERROR for what is
// malformed.
func OpenRotation(sealed []byte) (*Rotation, error) {
	pub, kind, doc, err := envelope.Open(sealed, RotationDomain)
	if err != nil {
		return nil, Errorf(CodeAuth, "key rotation", "%w", err)
	}
	signer := NodeID(envelope.PeerID(pub))
	if kind != RotationPayloadType {
		return nil, Errorf(CodeAuth, string(signer), "payload type is %q, not %q", kind, RotationPayloadType)
	}
	r := &Rotation{}
	if err := dagcbor.Unmarshal(doc, r); err != nil {
		return nil, Errorf(CodeValidation, string(signer), "key rotation: %w", err)
	}
	if r.Old != signer {
		return nil, Errorf(CodeAuth, string(signer), "key rotation speaks for node %s", r.Old)
	}
	return r, r.check()
}

func (r *Rotation) check() error {
	if r.V != 1 {
		return Errorf(CodeVersionMismatch, string(r.Old), "key rotation version %d is not supported", r.V)
	}
	if _, err := envelope.ParsePeerID(string(r.New)); err != nil {
		return Errorf(CodeValidation, string(r.New), "new key of node %s: %w", r.Old, err)
	}
	if r.Old == r.New {
		return Errorf(CodeValidation, string(r.Old), "key rotation to the same key")
	}
	return nil
}

var operatorName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$`)

// CheckOperator reports what is wrong with the name of somebody who runs nodes: 1 to
// 64 of letters, digits, '.', '_' and '-', and no node's own name, which stands for
// whoever runs that node alone.
func CheckOperator(name string) error {
	if !operatorName.MatchString(name) {
		return Errorf(CodeValidation, "operator", "%.80q is not 1 to 64 letters, digits, '.', '_' or '-'", name)
	}
	if _, err := envelope.ParsePeerID(name); err == nil {
		return Errorf(CodeValidation, "operator", "%s is the name of a node", name)
	}
	return nil
}

// NodeTokenRequest is the body of POST /v1/node-tokens.
type NodeTokenRequest struct {
	// Operator answers for the nodes and pods that are let in with the token, and
	// earns what they earn.
	Operator string `json:"operator"`
	// Uses is how many may be let in with it, 1 if it is 0.
	Uses int `json:"uses,omitempty"`
	// ExpiresAt is when it ends; a day from now if it is absent, at most 90 days.
	ExpiresAt *Time  `json:"expires_at,omitempty"`
	Note      string `json:"note,omitempty"`
}

// NodeTokenView is what there is to know of a token but its secret.
type NodeTokenView struct {
	ID        string `json:"id"`
	Operator  string `json:"operator"`
	Uses      int    `json:"uses"`
	Used      int    `json:"used"`
	Note      string `json:"note,omitempty"`
	CreatedAt Time   `json:"created_at"`
	ExpiresAt Time   `json:"expires_at"`
	RevokedAt *Time  `json:"revoked_at,omitempty"`
}

// NodeTokenCreated is the answer of POST /v1/node-tokens, the only one that tells a
// secret.
type NodeTokenCreated struct {
	NodeTokenView
	// Token is what a node is started with; only a hash is kept.
	Token string `json:"token"`
}

// NodeTokenList is the answer of GET /v1/node-tokens, oldest first.
type NodeTokenList struct {
	Tokens []NodeTokenView `json:"tokens"`
}

// OperatorView is somebody who runs nodes and pods of the fabric.
type OperatorView struct {
	Operator string `json:"operator"`
	// Nodes are all of the operator's, however they stand, by their names.
	Nodes []OperatorNode `json:"nodes"`
}

// OperatorNode is one node or pod of an operator.
type OperatorNode struct {
	NodeID    NodeID `json:"node_id"`
	Kind      string `json:"kind"`
	State     string `json:"state"`
	Connected bool   `json:"connected"`
}

// OperatorList is the answer of GET /v1/operators, by name.
type OperatorList struct {
	Operators []OperatorView `json:"operators"`
}
