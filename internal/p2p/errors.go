package p2p

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/krako-labs/krako/contracts"
)

// Why a work stream ended or a message was refused. Each is found with
// errors.Is in the *contracts.Error that the package returns, whose Offender is
// the peer and whose Code is the one beside it here.
var (
	// ErrFrameTooLarge (VALIDATION_ERROR): a length field above the cap. Nothing
	// was allocated for it.
	ErrFrameTooLarge = errors.New("frame exceeds the cap")
	// ErrFrameMalformed (VALIDATION_ERROR): an empty frame, a body that is not the
	// one DAG-CBOR spelling of its message, or a value outside its bounds.
	ErrFrameMalformed = errors.New("frame is malformed")
	// ErrFrameTruncated (NETWORK_ERROR): the stream ended inside a frame.
	ErrFrameTruncated = errors.New("frame is truncated")
	// ErrUnknownType (UNSUPPORTED): a frame of no known type.
	ErrUnknownType = errors.New("frame type is unknown")
	// ErrUnexpected (VALIDATION_ERROR): a known message that this side may not
	// send, or not now.
	ErrUnexpected = errors.New("message is out of place")
	// ErrOverCredit (VALIDATION_ERROR): the coordinator assigned more units than
	// were granted, or the worker granted more than MaxCredit.
	ErrOverCredit = errors.New("credit exceeded")
	// ErrNoCredit (RESOURCE_EXHAUSTED): Send of an Assign of more units than the
	// worker has granted. The stream lives on.
	ErrNoCredit = errors.New("not enough credit")
	// ErrDraining (RESOURCE_EXHAUSTED): Send of a Credit or Assign after a Drain.
	// The stream lives on.
	ErrDraining = errors.New("stream is draining")
	// ErrSilent (TIMEOUT): nothing came for the agreed number of heartbeats.
	ErrSilent = errors.New("peer is silent")
	// ErrStalled (TIMEOUT): the peer read nothing for as long.
	ErrStalled = errors.New("peer does not read")
	// ErrLost (NETWORK_ERROR): the stream was reset or its connection ended.
	ErrLost = errors.New("stream lost")
	// ErrReplaced (CONFLICT): a newer stream of the same peer took this one's place.
	ErrReplaced = errors.New("stream replaced by a newer one")
	// ErrGoodbye (the code that the peer gave): the peer closed the stream.
	ErrGoodbye = errors.New("peer said goodbye")
	// ErrRefused (the code that the coordinator gave): the worker was not admitted.
	ErrRefused = errors.New("refused by the coordinator")
	// ErrClosed (CANCELLED): this side closed the stream or the host.
	ErrClosed = errors.New("closed by this side")
)

// Why a block could not be fetched, found with errors.Is in the
// *contracts.Error that names the CID (Offender) and the peer (Message).
var (
	// ErrBlockTruncated (NETWORK_ERROR): the stream ended inside the block.
	ErrBlockTruncated = errors.New("block is truncated")
	// ErrBlockTampered (BAD_OUTPUT): the bytes do not hash to the CID.
	ErrBlockTampered = errors.New("block does not match its CID")
	// ErrBlockTooLarge (RESOURCE_EXHAUSTED): the block is above the caller's cap.
	// Nothing was allocated for it.
	ErrBlockTooLarge = errors.New("block exceeds the cap")
	// ErrBlockMismatch (VALIDATION_ERROR): the peer answered for another CID.
	ErrBlockMismatch = errors.New("answer is for another block")
	// ErrBlockRefused (the code that the peer gave, NOT_FOUND for one): the peer
	// does not serve the block to this host.
	ErrBlockRefused = errors.New("block refused")
)

// kinds gives the wire code of each error kind, the caller's own included.
var kinds = []struct {
	kind error
	code contracts.Code
}{
	{ErrFrameTooLarge, contracts.CodeValidation},
	{ErrFrameMalformed, contracts.CodeValidation},
	{ErrFrameTruncated, contracts.CodeNetwork},
	{ErrUnknownType, contracts.CodeUnsupported},
	{ErrUnexpected, contracts.CodeValidation},
	{ErrOverCredit, contracts.CodeValidation},
	{ErrNoCredit, contracts.CodeResourceExhausted},
	{ErrDraining, contracts.CodeResourceExhausted},
	{ErrSilent, contracts.CodeTimeout},
	{ErrStalled, contracts.CodeTimeout},
	{ErrLost, contracts.CodeNetwork},
	{ErrReplaced, contracts.CodeConflict},
	{ErrClosed, contracts.CodeCancelled},
	{ErrBlockTruncated, contracts.CodeNetwork},
	{ErrBlockTampered, contracts.CodeBadOutput},
	{ErrBlockTooLarge, contracts.CodeResourceExhausted},
	{ErrBlockMismatch, contracts.CodeValidation},
	{context.Canceled, contracts.CodeCancelled},
	{context.DeadlineExceeded, contracts.CodeTimeout},
}

// peerError gives err the form in which it leaves the package: its code, and
// the peer as the one concerned. An error that already has that form is kept.
func peerError(peer string, err error) *contracts.Error {
	if known, ok := errors.AsType[*contracts.Error](err); ok {
		return known
	}
	return &contracts.Error{Code: codeFor(err), Message: err.Error(), Offender: peer, Cause: err}
}

func codeFor(err error) contracts.Code {
	if known, ok := errors.AsType[*contracts.Error](err); ok {
		return known.Code
	}
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			return k.code
		}
	}
	return contracts.CodeNetwork
}

// isKnown reports whether err already says why in the terms of this package.
func isKnown(err error) bool {
	if _, ok := errors.AsType[*contracts.Error](err); ok {
		return true
	}
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			return true
		}
	}
	return false
}

// isViolation reports whether the peer broke the protocol, as against went away.
func isViolation(err error) bool {
	for _, kind := range []error{ErrFrameTooLarge, ErrFrameMalformed, ErrUnknownType, ErrUnexpected, ErrOverCredit} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
